"""Over axes: sums, means, variances, extremes, norms. ``axis`` is None (all), one axis or several, as in NumPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.operation import OpFunction, op
from ..autograd.tensor import Tensor
from .arithmetic import absolute
from .choice import maximum, minimum, where
from .composed import function
from .conversion import to
from .exponential import exp, log, sqrt
from .indexing import Extremes, gather, like, plain, without_axes
from .shape import check_axes, check_axis, reshape, squeeze

_AXIS = (
    "each axis lies in -ndim … ndim - 1, and none is named twice",
    "look at .shape; the last axis is -1",
)
_NOT_EMPTY = (_AXIS[0] + "; of no entries there is no largest or smallest", _AXIS[1])


def kept(dY, X, axis):
    """``dY`` with the axes that a reduction of ``X`` took away put back as axes of size 1."""
    if axis is None:
        return dY.reshape((1,) * X.ndim)
    gone = {a % X.ndim for a in (axis if isinstance(axis, tuple) else (axis,))} if X.ndim else set()
    return dY.reshape(tuple(1 if i in gone else n for i, n in enumerate(X.shape)))


def count(X, axis) -> int:
    """How many entries go into each result of a reduction over ``axis``."""
    if axis is None:
        return math.prod(X.shape)
    return math.prod(X.shape[a] for a in (axis if isinstance(axis, (tuple, list)) else (axis,))) if X.ndim else 1


def _or_none(X, axis):
    """``axis``, but None where X has no axes and it is 0 or -1, which NumPy's sum allows and its mean does not."""
    return None if X.ndim == 0 and axis in (0, -1, (0,), (-1,)) else axis


def _added_in(X, dtype):
    """The dtype of a sum: int64 for small unsigned integers, of which NumPy makes uint64."""
    own = np.asarray(X).dtype
    return np.int64 if dtype is None and own.kind == "u" and own.itemsize < 8 else dtype


@op(expects=_AXIS)
def sum(X, *, axis=None, keepdims: bool = False, dtype=None):
    """Y = Σ X over ``axis``, added up in ``dtype``; small integers in int64.

    >>> sum(Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0).tolist()
    [4.0, 6.0]
    """
    return np.sum(X, axis, keepdims=keepdims, dtype=_added_in(X, dtype))


@sum.rule
def d_sum(dY, Y, X, *, axis, keepdims, dtype):
    dX = np.broadcast_to(kept(dY, X, axis), X.shape)
    return dX


@op(types="float", expects=_AXIS)
def _mean(X, *, axis=None, keepdims: bool = False):
    """Y = Σ X / n over ``axis``."""
    return np.mean(X, _or_none(X, axis), keepdims=keepdims)


@_mean.rule
def d_mean(dY, Y, X, *, axis, keepdims):
    dX = np.broadcast_to(kept(dY, X, axis) / count(X, axis), X.shape)
    return dX


@function
def mean(X, axis=None, keepdims: bool = False, dtype=None):
    """Σ X / n over ``axis``; integers give float32. With ``dtype`` X is brought to it first.

    >>> mean(Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0).tolist()
    [2.0, 3.0]
    """
    return _mean(X if dtype is None else to(X, dtype), axis=axis, keepdims=keepdims)


@function
def var(X, axis=None, unbiased: bool | None = None, keepdims: bool = False, correction: float = 1):
    """Σ (X − mean X)² / (n − correction) over ``axis``. As in PyTorch ``correction=1``; ``np.var(t)`` has 0.

    >>> var(Tensor([1.0, 2.0, 3.0])).item()
    1.0
    """
    if isinstance(axis, bool):  # PyTorch's var(unbiased)
        axis, unbiased = None, axis
    Z = X - mean(X, axis=axis, keepdims=True)
    n = count(X, axis) - (correction if unbiased is None else int(unbiased))
    return sum(Z * Z, axis=axis, keepdims=keepdims) / (n if n > 0 else 0)


@function
def std(X, axis=None, unbiased: bool | None = None, keepdims: bool = False, correction: float = 1):
    """The square root of ``var``, with the same arguments. Where it is 0 its gradient counts as 0, as in PyTorch.

    >>> std(Tensor([1.0, 2.0, 3.0])).item()
    1.0
    """
    return _root(var(X, axis, unbiased, keepdims, correction), 2)


@function
def var_mean(X, axis=None, keepdims: bool = False, correction: float = 1) -> tuple[Any, Any]:
    """``var`` and ``mean`` over ``axis``.

    >>> [t.item() for t in var_mean(Tensor([1.0, 2.0, 3.0]))]
    [1.0, 2.0]
    """
    return var(X, axis, None, keepdims, correction), mean(X, axis=axis, keepdims=keepdims)


def _root(X, p: float):
    """X^(1/p) with gradient 0 at X = 0, where the slope is infinite."""
    zero = X == 0
    safe = where(zero, 1, X)
    return where(zero, 0, sqrt(safe) if p == 2 else safe ** (1 / p))


# ---- extremes -------------------------------------------------------------------------------------------------------


@op(expects=_NOT_EMPTY)
def _max(X, *, axis=None, keepdims: bool = False):
    """Y = the largest entry over ``axis``; entries that tie share the gradient evenly."""
    return np.max(X, axis, keepdims=keepdims)


@op(expects=_NOT_EMPTY)
def _min(X, *, axis=None, keepdims: bool = False):
    """Y = the smallest entry over ``axis``; entries that tie share the gradient evenly."""
    return np.min(X, axis, keepdims=keepdims)


@_max.rule
@_min.rule
def d_extreme(dY, Y, X, *, axis, keepdims):
    ties = kept(Y, X, axis) == X
    dX = ties * kept(dY, X, axis) / np.sum(ties, axis, keepdims=True)
    return dX


@function
def amax(X, axis=None, keepdims: bool = False):
    """The largest entry over ``axis``; entries that tie share the gradient evenly.

    >>> amax(Tensor([[1.0, 5.0], [3.0, 4.0]]), axis=1).tolist()
    [5.0, 4.0]
    """
    return _max(X, axis=axis, keepdims=keepdims)


@function
def amin(X, axis=None, keepdims: bool = False):
    """The smallest entry over ``axis``; entries that tie share the gradient evenly.

    >>> amin(Tensor([[1.0, 5.0], [3.0, 4.0]]), axis=1).tolist()
    [1.0, 3.0]
    """
    return _min(X, axis=axis, keepdims=keepdims)


@function
def max(X, dim=None, keepdim: bool = False, *, axis=None, keepdims: bool = False):
    """The largest entry: of all, or along ``dim`` with its index, as in PyTorch; over ``axis`` as in NumPy (``amax``).

    ``max(t, 1)`` and ``max(t, dim=1)`` return (values, indices), and the gradient goes to the entry that was picked;
    ``max(t, axis=1)`` and ``np.max(t, 1)`` return the values, and entries that tie share the gradient. ``max(a, b)`` of
    two Tensors is ``maximum``.

    >>> max(Tensor([[1.0, 5.0], [3.0, 4.0]]), axis=1).tolist()
    [5.0, 4.0]
    >>> max(Tensor([[1.0, 5.0], [3.0, 4.0]]), 1).indices.tolist()
    [1, 1]
    """
    return _extreme(_max, argmax, maximum, X, dim, keepdim or keepdims, axis)


@function
def min(X, dim=None, keepdim: bool = False, *, axis=None, keepdims: bool = False):
    """The smallest entry; see :func:`max`.

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
    indices = arg(plain(X), axis=axis, keepdims=True)
    picked = Extremes(gather(X, axis, indices), like(X, indices))
    return picked if keep else Extremes(*[squeeze(t, axis) for t in picked])


@op(expects=_NOT_EMPTY)
def argmax(X, *, axis: int | None = None, keepdims: bool = False):
    """The index of the first largest entry; integers, so without a gradient.

    >>> argmax(Tensor([[1.0, 5.0], [4.0, 3.0]]), axis=1).tolist()
    [1, 0]
    """
    return np.argmax(X, axis, keepdims=keepdims)


@op(expects=_NOT_EMPTY)
def argmin(X, *, axis: int | None = None, keepdims: bool = False):
    """The index of the first smallest entry; integers, so without a gradient.

    >>> argmin(Tensor([[1.0, 5.0], [3.0, 4.0]]), axis=1).tolist()
    [0, 0]
    """
    return np.argmin(X, axis, keepdims=keepdims)


@op(expects=_AXIS)
def all(X, *, axis=None, keepdims: bool = False):
    """Whether every entry is true (not zero).

    >>> all(Tensor([1.0, 0.0])).item()
    False
    """
    return np.all(X, axis, keepdims=keepdims)


@op(expects=_AXIS)
def any(X, *, axis=None, keepdims: bool = False):
    """Whether some entry is true (not zero).

    >>> any(Tensor([1.0, 0.0])).item()
    True
    """
    return np.any(X, axis, keepdims=keepdims)


# ---- through exponentials and powers --------------------------------------------------------------------------------


@function
def logsumexp(X, axis=None, keepdims: bool = False):
    """Ln Σ e^X over ``axis``, without overflow: the largest entry is taken off first and added again.

    >>> logsumexp(Tensor([1000.0, 1000.0])).array.round(3).item()
    1000.6929931640625
    """
    gone = range(X.ndim) if axis is None else check_axes("logsumexp", X, axis)
    axes = tuple(gone) if X.ndim else None
    values = plain(X).astype(X.dtype if X.dtype.kind == "f" else np.float32)
    top = np.max(values, axes, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, 0)  # −∞ − (−∞) would be NaN
    with np.errstate(divide="ignore"):  # the logarithm of nothing is −∞, as in PyTorch
        Y = log(sum(exp(X - top), axis=axes, keepdims=True)) + top
    return Y if keepdims else reshape(Y, tuple(n for i, n in enumerate(X.shape) if i not in gone))


@function
def norm(X, p=None, axis=None, keepdims: bool = False):
    """The p-norm (Σ |X|^p)^(1/p) over ``axis``; p is 2 unless given. Its gradient at 0 is 0, as in PyTorch.

    >>> norm(Tensor([3.0, 4.0])).item()
    5.0
    """
    p = 2 if p is None or p == "fro" else p
    size = absolute(X)
    if p in (math.inf, -math.inf):
        return (_max if p > 0 else _min)(size, axis=axis, keepdims=keepdims)
    if p == 0:
        return sum((X != 0).astype(X.dtype), axis=axis, keepdims=keepdims)
    if p == 1:
        return sum(size, axis=axis, keepdims=keepdims)
    if p == 2:
        return _root(sum(X * X, axis=axis, keepdims=keepdims), 2)
    zero = size == 0
    powers = where(zero, 0 if p > 0 else math.inf, where(zero, 1, size) ** p)  # the slope of 0^½ is infinite
    return _root(sum(powers, axis=axis, keepdims=keepdims), p)
