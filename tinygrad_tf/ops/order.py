"""Sums, products and extremes so far along an axis, products over axes, and sorting."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import sums
from ..autograd.operation import op
from ..errors import error
from .arithmetic import multiply
from .borders import bordered
from .composed import function, in_float32
from .conversion import as_float, copy, to, whole
from .exponential import logaddexp
from .indexing import Extremes, along, gather, like, plain, without_axes
from .join import concatenate
from .shape import check_axes, check_axis, flatten, reshape


@op
def _cumsum(X, *, axis: int):
    """Y[i] = X[0] + … + X[i] along ``axis``."""
    return sums.cumsum(X, axis)


@_cumsum.rule
def d_cumsum(dY, Y, X, *, axis):
    dX = np.flip(cumsum(np.flip(dY, axis), axis), axis)
    return dX


def one_axis(name: str, X, axis) -> tuple[Any, int]:
    """X and the axis to go along. Without an axis X is flattened, as in NumPy."""
    return (flatten(X), 0) if axis is None else (X, check_axis(name, X, axis))


@function
@without_axes
def cumsum(X, axis: int | None = None, dtype=None):
    """Y[i] = X[0] + … + X[i] along ``axis``; without ``axis``, of the flattened X. With ``dtype`` X is converted first.

    >>> cumsum(Tensor([1.0, 2.0, 3.0]), 0).tolist()
    [1.0, 3.0, 6.0]
    """
    X, axis = one_axis("cumsum", whole(X) if dtype is None else to(X, dtype), axis)
    return _cumsum(X, axis=axis)


@function
@without_axes
def cumprod(X, axis: int | None = None, dtype=None):
    """Y[i] = X[0] · … · X[i] along ``axis``; without ``axis``, of the flattened X. With ``dtype`` X is converted first.

    It takes log₂ n steps. They multiply each entry by the one that stands 1, 2, 4, … places before it.

    >>> cumprod(Tensor([2.0, 3.0, 4.0]), 0).tolist()
    [2.0, 6.0, 24.0]
    """
    X, axis = one_axis("cumprod", whole(X) if dtype is None else to(X, dtype), axis)
    return _running_product(X, axis)


@in_float32
def _running_product(X, axis: int):
    n, far = X.shape[axis], 1
    while far < n:
        X = X * bordered(X, [(far, -far) if i == axis else (0, 0) for i in range(X.ndim)], np.ones((), X.dtype))
        far *= 2
    return X


@function
@without_axes
@in_float32
def logcumsumexp(X, dim: int):
    """Y[i] = ln(e^X[0] + … + e^X[i]) along ``dim``, without overflow.

    It takes log₂ n steps, as :func:`cumprod` does.

    >>> logcumsumexp(Tensor([1000.0, 1000.0]), 0).array.round(3).tolist()
    [1000.0, 1000.6929931640625]
    """
    axis, far = check_axis("logcumsumexp", X, dim), 1
    X = as_float(X)
    while far < X.shape[axis]:
        later = logaddexp(along(X, axis, slice(far, None)), along(X, axis, slice(None, -far)))
        X = concatenate([along(X, axis, slice(far)), later], axis)
        far *= 2
    return X


@function
def prod(X, axis=None, keepdims: bool = False, dtype=None):
    """The product over ``axis``. With ``dtype`` X is converted first.

    Entries are multiplied in pairs, log₂ n times over, so that gradients are right where entries are 0.

    >>> prod(Tensor([2.0, 3.0, 4.0])).item()
    24.0
    """
    gone = tuple(range(X.ndim)) if axis is None else check_axes("prod", X, axis)
    shape = tuple(1 if i in gone else n for i, n in enumerate(X.shape) if keepdims or i not in gone)
    Y = _product(whole(X) if dtype is None else to(X, dtype), gone if X.ndim else ())
    Y = copy(Y) if Y is X else Y
    return reshape(Y, shape)


@in_float32
def _product(Y, gone: tuple[int, ...]):
    """The product over the axes ``gone``, which stay with size 1."""
    for a in gone:
        while Y.shape[a] != 1:
            if Y.shape[a] % 2 or Y.shape[a] == 0:  # a factor 1 makes the pairs complete
                Y = bordered(Y, [(0, int(i == a)) for i in range(Y.ndim)], np.ones((), Y.dtype))
            if Y.shape[a] > 1:
                Y = multiply(along(Y, a, slice(0, None, 2)), along(Y, a, slice(1, None, 2)))
    return Y


@function
@without_axes
def cummax(X, dim: int) -> Extremes:
    """The largest entry so far along ``dim``, and its index: the last one where several tie. From a NaN on it is NaN.

    >>> cummax(Tensor([1.0, 3.0, 2.0]), 0).values.tolist()
    [1.0, 3.0, 3.0]
    """
    axis = check_axis("cummax", X, dim)
    values = plain(X)
    if values.size == 0:
        return Extremes(X * 1, like(X, np.zeros(values.shape, np.int64)))
    here = (values == np.maximum.accumulate(values, axis)) | np.isnan(values)
    places = np.arange(values.shape[axis]).reshape([-1 if i == axis else 1 for i in range(values.ndim)])
    indices = np.maximum.accumulate(np.where(here, places, 0), axis)
    return Extremes(gather(X, axis, indices), like(X, indices))


@function
@without_axes
def cummin(X, dim: int) -> Extremes:
    """The smallest entry so far along ``dim``, and its index: the last one where several tie.

    >>> cummin(Tensor([3.0, 1.0, 2.0]), 0).values.tolist()
    [3.0, 1.0, 1.0]
    """
    axis = check_axis("cummin", X, dim)
    indices = plain(cummax(-whole(plain(X)), axis).indices)
    return Extremes(gather(X, axis, indices), like(X, indices))


# ---- sorting --------------------------------------------------------------------------------------------------------


def _sorting(X, axis: int, descending: bool) -> np.ndarray[Any, Any]:
    """The indices that sort X along an axis. Entries that tie keep their order."""
    values = plain(X)
    if not descending:
        return np.argsort(values, axis, kind="stable")
    from_the_back = np.argsort(np.flip(values, axis), axis, kind="stable")
    return values.shape[axis] - 1 - np.flip(from_the_back, axis)


@function
@without_axes
def sort(X, dim: int = -1, descending: bool = False, stable: bool = True) -> Extremes:
    """The entries of X in order along ``dim``, and their indices, as in PyTorch. ``np.sort(t)`` gives the values alone.

    Entries that tie keep their order, whatever ``stable`` says.

    >>> sort(Tensor([3.0, 1.0, 2.0])).values.tolist()
    [1.0, 2.0, 3.0]
    """
    axis = check_axis("sort", X, dim)
    indices = _sorting(X, axis, descending)
    return Extremes(gather(X, axis, indices), like(X, indices))


@function
@without_axes
def argsort(X, dim: int = -1, descending: bool = False, stable: bool = True):
    """The indices that sort X along ``dim``. Entries that tie keep their order.

    >>> argsort(Tensor([3.0, 1.0, 2.0])).tolist()
    [1, 2, 0]
    """
    return like(X, _sorting(X, check_axis("argsort", X, dim), descending))


@function
@without_axes
def topk(X, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Extremes:
    """The k largest entries along ``dim``, or the smallest ones, in order, and their indices.

    >>> topk(Tensor([3.0, 1.0, 2.0]), 2).values.tolist()
    [3.0, 2.0]
    """
    axis = check_axis("topk", X, dim)
    if not 0 <= k <= X.shape[axis]:
        raise error(
            RuntimeError,
            "topk",
            got={"X": X, "k": k},
            rule=f"k lies in 0 … {X.shape[axis]}, the size of the axis",
            cure=f"write k={X.shape[axis]} or less",
        )
    indices = along(_sorting(X, axis, largest), axis, slice(k))
    return Extremes(gather(X, axis, indices), like(X, indices))


@function
def partition(X, kth, axis: int | None = -1):
    """X with its entry number ``kth`` in the place that sorting gives it: none before it is larger, none after it less.

    ``kth`` is one number or several. Without ``axis`` X is flattened first. Raises ValueError for a ``kth`` beyond it.

    >>> partition(Tensor([3.0, 1.0, 2.0, 0.0]), 1)[1].item()
    1.0
    """
    X, axis = one_axis("partition", X, axis)
    places = np.asarray(plain(kth))
    n = X.shape[axis] if X.ndim else 1
    if places.dtype.kind not in "iu" or (X.size and np.any((places < -n) | (places >= n))):
        raise error(
            ValueError,
            "partition",
            got={"X": X, "kth": kth, "axis": axis},
            rule=f"kth is an integer, or several, in {-n} … {n - 1}, the size of the axis",
            cure="write kth=0 for the smallest, kth=-1 for the largest",
        )
    if X.size == 0:
        return X
    return gather(X, axis, np.argpartition(np.atleast_1d(plain(X)), places, axis).reshape(X.shape))
