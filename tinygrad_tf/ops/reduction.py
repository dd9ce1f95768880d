"""Reductions: sums, means, variances, extremes, norms. ``axis`` is None (all), one axis or several, as in NumPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import sums
from ..autograd.operation import OpFunction, op
from ..autograd.tensor import Tensor
from ..errors import error
from .arithmetic import absolute
from .choice import maximum, minimum, where
from .composed import function, in_float32
from .conversion import as_float, to
from .exponential import exp, log, sqrt
from .indexing import Extremes, gather, without_axes
from .rounding import sign
from .shape import check_axes, check_axis, reshape, squeeze

_AXIS = (
    "each axis lies in -ndim … ndim - 1, and none is named twice",
    "write axis=-1 for the last axis, axis=(0, 1) for the first two",
)
_NOT_EMPTY = (
    _AXIS[0] + "; of no entries there is no largest or smallest",
    _AXIS[1] + "; leave out what is empty, e.g. if x.size",
)


def kept(dY, X, axis):
    """``dY`` with axes of size 1 in place of those that a reduction of ``X`` over ``axis`` took away."""
    if axis is None:
        return dY.reshape((1,) * X.ndim)
    gone = {a % X.ndim for a in (axis if isinstance(axis, tuple) else (axis,))} if X.ndim else set()
    return dY.reshape(tuple(1 if i in gone else n for i, n in enumerate(X.shape)))


def count(X, axis) -> int:
    """The number of entries that go into each result of a reduction over ``axis``."""
    if axis is None:
        return math.prod(X.shape)
    return math.prod(X.shape[a] for a in (axis if isinstance(axis, (tuple, list)) else (axis,))) if X.ndim else 1


def _or_none(X, axis):
    """``axis``, but None in place of 0 or -1 where X has no axes: NumPy's sum allows these, its mean does not."""
    return None if X.ndim == 0 and axis in (0, -1, (0,), (-1,)) else axis


def _added_in(X, dtype):
    """The dtype to add up in. Small unsigned integers are added up in int64; NumPy would take uint64."""
    own = np.asarray(X).dtype
    return np.int64 if dtype is None and own.kind == "u" and own.itemsize < 8 else dtype


@op(expects=_AXIS)
def sum(X, *, axis=None, keepdims: bool = False, dtype=None):
    """Y = Σ X over ``axis``, added up in ``dtype``. Small integers are added up in int64.

    >>> sum(Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0).tolist()
    [4.0, 6.0]
    """
    return sums.sum(X, axis, keepdims=keepdims, dtype=_added_in(X, dtype))


@sum.rule
def d_sum(dY, Y, X, *, axis, keepdims, dtype):
    dX = np.broadcast_to(kept(dY, X, axis), X.shape)
    return dX


@op(types="float", expects=_AXIS)
def _mean(X, *, axis=None, keepdims: bool = False):
    """Y = Σ X / n over ``axis``."""
    return sums.mean(X, _or_none(X, axis), keepdims=keepdims)


@_mean.rule
def d_mean(dY, Y, X, *, axis, keepdims):
    dX = np.broadcast_to(kept(dY, X, axis) / count(X, axis), X.shape)
    return dX


@function
def mean(X, axis=None, keepdims: bool = False, dtype=None):
    """Y = Σ X / n over ``axis``. Integers give float32. With ``dtype`` X is converted first.

    >>> mean(Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0).tolist()
    [2.0, 3.0]
    """
    return _mean(X if dtype is None else to(X, dtype), axis=axis, keepdims=keepdims)


def _free(X, axis, correction: float) -> float:
    """The degrees of freedom: what a sum of squares is divided by."""
    n = count(X, axis) - correction
    return n if n > 0 else 0


@op(types="float", expects=_AXIS)
def _var(X, *, axis=None, keepdims: bool = False, correction: float = 1, dtype=None):
    """Y = Σ (X − mean X)² / (n − correction) over ``axis``, added up in float64."""
    axis = _or_none(X, axis)
    Z = X - np.mean(X, axis, dtype=np.float64, keepdims=True)
    Y = np.sum(Z * Z, axis, keepdims=keepdims) / _free(X, axis, correction)
    return Y.astype(dtype or X.dtype)


@_var.rule
def d_var(dY, Y, X, *, axis, keepdims, correction, dtype):
    Z = X - np.mean(X, _or_none(X, axis), dtype=np.float64, keepdims=True)
    dX = kept(dY, X, axis) * 2 / _free(X, axis, correction) * Z
    return dX


@function
@in_float32
def var(X, axis=None, unbiased: bool | None = None, keepdims: bool = False, correction: float = 1):
    """Y = Σ (X − mean X)² / (n − correction) over ``axis``. The default is PyTorch's, 1; ``np.var(t)`` has 0.

    ``unbiased`` is PyTorch's older name: True stands for ``correction=1``, False for 0. As in PyTorch, float32 is
    added up in float64 and rounded once.

    >>> var(Tensor([1.0, 2.0, 3.0])).item()
    1.0
    """
    return _var_of(X, axis, unbiased, keepdims, correction)


def _var_of(X, axis, unbiased, keepdims, correction, dtype=None):
    if isinstance(axis, bool):  # PyTorch's var(unbiased)
        axis, unbiased = None, axis
    correction = correction if unbiased is None else int(unbiased)
    return _var(X, axis=axis, keepdims=keepdims, correction=correction, dtype=dtype)


@function
@in_float32
def std(X, axis=None, unbiased: bool | None = None, keepdims: bool = False, correction: float = 1):
    """The square root of :func:`var`, with the same arguments. Its gradient at 0 is 0, as in PyTorch.

    >>> std(Tensor([1.0, 2.0, 3.0])).item()
    1.0
    """
    own = as_float(X).dtype
    Y = _root(_var_of(X, axis, unbiased, keepdims, correction, "float64"), 2)
    return Y if own == np.float64 else to(Y, own)


@function
@in_float32
def var_mean(
    X, axis=None, unbiased: bool | None = None, keepdims: bool = False, correction: float = 1
) -> tuple[Any, Any]:
    """:func:`var` and :func:`mean` over ``axis``, in this order, with the arguments of :func:`var`.

    >>> [t.item() for t in var_mean(Tensor([1.0, 2.0, 3.0]))]
    [1.0, 2.0]
    """
    mean_axis = None if isinstance(axis, bool) else axis
    return var(X, axis, unbiased, keepdims, correction), mean(X, axis=mean_axis, keepdims=keepdims)


@function
@in_float32
def std_mean(
    X, axis=None, unbiased: bool | None = None, keepdims: bool = False, correction: float = 1
) -> tuple[Any, Any]:
    """:func:`std` and :func:`mean` over ``axis``, in this order, with the arguments of :func:`std`.

    >>> [t.item() for t in std_mean(Tensor([1.0, 2.0, 3.0]))]
    [1.0, 2.0]
    """
    mean_axis = None if isinstance(axis, bool) else axis
    return std(X, axis, unbiased, keepdims, correction), mean(X, axis=mean_axis, keepdims=keepdims)


def _root(X, p: float, at_zero: float | None = None):
    """X^(1/p). Its gradient at X = 0, where the slope is infinite, is 0, and a second one is refused.

    Who sees to it that the root of 0 does not count gives the number that stands in for it, ``at_zero``.
    """
    zero = X == 0
    if at_zero is None and isinstance(X, Tensor) and X.op is not None and zero.array.any():
        X.register_hook(_once)
    safe = where(zero, 1, X)
    return where(zero, at_zero or 0, sqrt(safe) if p == 2 else safe ** (1 / p))


def _once(dX: Tensor) -> None:
    """Refuse to differentiate the gradient at 0, which counts as 0."""
    if dX.requires_grad:
        dX.register_hook(_refused)


def _refused(_: Tensor) -> None:
    raise error(
        ValueError,
        "norm",
        got={"X": "0 in every entry, and a second derivative there is asked for (of a standard deviation, too)"},
        rule="the slope of a norm jumps at 0: its gradient there counts as 0, and has no derivative",
        cure="write (x * x).sum() for the square of a norm, x.var() for that of std, F.normalize(x) for x / ‖x‖, or "
        "add an eps under the root: ((x * x).sum() + eps).sqrt()",
    )


# ---- extremes -------------------------------------------------------------------------------------------------------


@op(expects=_NOT_EMPTY)
def _max(X, *, axis=None, keepdims: bool = False):
    """Y = the largest entry over ``axis``. Entries that tie share the gradient evenly."""
    return np.max(X, axis, keepdims=keepdims)


@op(expects=_NOT_EMPTY)
def _min(X, *, axis=None, keepdims: bool = False):
    """Y = the smallest entry over ``axis``. Entries that tie share the gradient evenly."""
    return np.min(X, axis, keepdims=keepdims)


@_max.rule
@_min.rule
def d_extreme(dY, Y, X, *, axis, keepdims):
    top = kept(Y, X, axis)
    ties = (top == X) | (np.isnan(X) & np.isnan(top))
    dX = np.where(ties, kept(dY, X, axis) / np.sum(ties, axis, keepdims=True), 0)
    return dX


@function
def amax(X, axis=None, keepdims: bool = False):
    """The largest entry over ``axis``. Entries that tie share the gradient evenly.

    >>> amax(Tensor([[1.0, 5.0], [3.0, 4.0]]), axis=1).tolist()
    [5.0, 4.0]
    """
    return _max(X, axis=axis, keepdims=keepdims)


@function
def amin(X, axis=None, keepdims: bool = False):
    """The smallest entry over ``axis``. Entries that tie share the gradient evenly.

    >>> amin(Tensor([[1.0, 5.0], [3.0, 4.0]]), axis=1).tolist()
    [1.0, 3.0]
    """
    return _min(X, axis=axis, keepdims=keepdims)


@function
def max(X, dim=None, keepdim: bool = False, *, axis=None, keepdims: bool = False):
    """The largest entry of all, or along an axis.

    ``max(t, 1)`` and ``max(t, dim=1)`` return (values, indices), as in PyTorch; the gradient goes to the entry that was
    picked. ``max(t, axis=1)`` and ``np.max(t, 1)`` return the values, as in NumPy; entries that tie share the gradient.
    ``max(a, b)`` of two Tensors is ``maximum``.

    >>> max(Tensor([[1.0, 5.0], [3.0, 4.0]]), axis=1).tolist()
    [5.0, 4.0]
    >>> max(Tensor([[1.0, 5.0], [3.0, 4.0]]), 1).indices.tolist()
    [1, 1]
    """
    return _extreme(_max, argmax, maximum, X, dim, keepdim or keepdims, axis)


@function
def min(X, dim=None, keepdim: bool = False, *, axis=None, keepdims: bool = False):
    """The smallest entry of all, or along an axis, with the arguments and the results of :func:`max`.

    >>> min(Tensor([[1.0, 5.0], [3.0, 4.0]]), axis=1).tolist()
    [1.0, 3.0]
    """
    return _extreme(_min, argmin, minimum, X, dim, keepdim or keepdims, axis)


def _extreme(reduce: OpFunction, arg: OpFunction, choose: OpFunction, X, dim, keep: bool, axis):
    if isinstance(dim, (Tensor, np.ndarray)):
        return choose(X, dim)
    if dim is None or isinstance(dim, (tuple, list)):
        return reduce(X, axis=axis if dim is None else dim, keepdims=keep)
    return _picked(X, check_axis(reduce.__name__, X, dim), arg, keep)


@without_axes
def _picked(X, axis: int, arg: OpFunction, keep: bool) -> Extremes:
    indices = arg(X.detach() if isinstance(X, Tensor) else X, axis=axis, keepdims=True)
    picked = Extremes(gather(X, axis, indices), indices)
    return picked if keep else Extremes(*[squeeze(t, axis) for t in picked])


@op(expects=_NOT_EMPTY)
def argmax(X, *, axis: int | None = None, keepdims: bool = False):
    """The index of the largest entry over ``axis``, the first one where several tie. Integers have no gradient.

    >>> argmax(Tensor([[1.0, 5.0], [4.0, 3.0]]), axis=1).tolist()
    [1, 0]
    """
    return np.argmax(X, axis, keepdims=keepdims)


@op(expects=_NOT_EMPTY)
def argmin(X, *, axis: int | None = None, keepdims: bool = False):
    """The index of the smallest entry over ``axis``, the first one where several tie. Integers have no gradient.

    >>> argmin(Tensor([[1.0, 5.0], [3.0, 4.0]]), axis=1).tolist()
    [0, 0]
    """
    return np.argmin(X, axis, keepdims=keepdims)


@op(expects=_AXIS)
def all(X, *, axis=None, keepdims: bool = False):
    """Whether every entry over ``axis`` is true (not zero).

    >>> all(Tensor([1.0, 0.0])).item()
    False
    """
    return np.all(X, axis, keepdims=keepdims)


@op(expects=_AXIS)
def any(X, *, axis=None, keepdims: bool = False):
    """Whether some entry over ``axis`` is true (not zero).

    >>> any(Tensor([1.0, 0.0])).item()
    True
    """
    return np.any(X, axis, keepdims=keepdims)


# ---- through exponentials and powers --------------------------------------------------------------------------------


@function
@in_float32
def logsumexp(X, axis=None, keepdims: bool = False):
    """Y = ln Σ e^X over ``axis``. The largest entry is subtracted first and added again, so that nothing overflows.

    >>> logsumexp(Tensor([1000.0, 1000.0])).array.round(3).item()
    1000.6929931640625
    """
    gone = range(X.ndim) if axis is None else check_axes("logsumexp", X, axis)
    axes = tuple(gone) if X.ndim else None
    top: Any = 0  # for no entries
    if X.size:
        top = _max(as_float(X.detach() if isinstance(X, Tensor) else X), axis=axes, keepdims=True)
        top = where(top - top == 0, top, 0)  # −∞ − (−∞) would be NaN
    with np.errstate(divide="ignore"):  # of no entries it is ln 0 = −∞, as in PyTorch
        Y = log(sum(exp(X - top), axis=axes, keepdims=True)) + top
    return Y if keepdims else reshape(Y, tuple(n for i, n in enumerate(X.shape) if i not in gone))


@function
@in_float32
def norm(X, p=None, axis=None, keepdims: bool = False):
    """Y = (Σ |X|^p)^(1/p) over ``axis``, the p-norm; p is 2 by default. Its gradient at 0 is 0, as in PyTorch.

    There it has no second derivative, so an error says what to write instead, e.g. (x * x).sum() for Y².

    >>> norm(Tensor([3.0, 4.0])).item()
    5.0
    """
    return norm_over("fro" if p is None else p, X, axis, keepdims)


def norm_over(p, X, axis, keepdims: bool, at_zero: float | None = None):
    """:func:`norm`, where a norm of 0 may have another number in its place, which has derivatives of 0."""
    p = 2 if p == "fro" else p
    size = absolute(X)
    if p in (math.inf, -math.inf):
        return (_max if p > 0 else _min)(size, axis=axis, keepdims=keepdims)
    if p == 0:
        return sum(where(X != 0, 1, sign(X)), axis=axis, keepdims=keepdims)
    if p == 1:
        return sum(size, axis=axis, keepdims=keepdims)
    if p == 2:
        return _root(sum(X * X, axis=axis, keepdims=keepdims), 2, at_zero)
    zero = size == 0
    powers = where(zero, 0 if p > 0 else math.inf, where(zero, 1, size) ** p)  # the slope of 0^½ is infinite
    return _root(sum(powers, axis=axis, keepdims=keepdims), p, at_zero)
