"""Over axes: sums, means, variances, extremes. ``axis`` is None (all), one axis or several, as in NumPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..op import Array, function, op
from ..tensor import FUNCTIONS

_AXIS = (
    "each axis lies in -ndim … ndim - 1, and none is named twice",
    "look at .shape; the last axis is -1",
)


def kept(dY: Array, X: Array, axis: Any) -> Array:
    """``dY`` with the axes that a reduction of ``X`` took away put back as axes of size 1."""
    if axis is None:
        return dY.reshape((1,) * X.ndim)
    gone = {a % X.ndim for a in (axis if isinstance(axis, tuple) else (axis,))} if X.ndim else set()
    return dY.reshape(tuple(1 if i in gone else n for i, n in enumerate(X.shape)))


def count(X: Array, axis: Any) -> int:
    """How many entries go into each result of a reduction over ``axis``."""
    if axis is None:
        return math.prod(X.shape)
    return math.prod(X.shape[a] for a in (axis if isinstance(axis, tuple) else (axis,))) if X.ndim else 1


@op(expects=_AXIS)
def sum(X: Array, *, axis: Any = None, keepdims: bool = False) -> Array:
    """Y = Σ X over ``axis``.

    >>> sum(Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0).tolist()
    [4.0, 6.0]
    """
    return np.sum(X, axis, keepdims=keepdims)


@sum.rule
def d_sum(dY: Array, Y: Array, X: Array, *, axis: Any, keepdims: bool) -> Any:
    dX = np.broadcast_to(kept(dY, X, axis), X.shape)
    return dX


@op(types="float", expects=_AXIS)
def mean(X: Array, *, axis: Any = None, keepdims: bool = False) -> Array:
    """Y = Σ X / n over ``axis``; integers give float32.

    >>> mean(Tensor([[1.0, 2.0], [3.0, 4.0]]), axis=0).tolist()
    [2.0, 3.0]
    """
    return np.mean(X, axis, keepdims=keepdims)


@mean.rule
def d_mean(dY: Array, Y: Array, X: Array, *, axis: Any, keepdims: bool) -> Any:
    dX = np.broadcast_to(kept(dY, X, axis) / count(X, axis), X.shape)
    return dX


@op(types="float", expects=_AXIS)
def var(X: Array, *, axis: Any = None, keepdims: bool = False, correction: float = 1) -> Array:
    """Y = Σ (X − mean X)² / (n − correction) over ``axis``. As in PyTorch ``correction=1``; LayerNorm's is 0.

    >>> var(Tensor([1.0, 2.0, 3.0])).item()
    1.0
    """
    return np.var(X, axis, ddof=correction, keepdims=keepdims)


@var.rule
def d_var(dY: Array, Y: Array, X: Array, *, axis: Any, keepdims: bool, correction: float) -> Any:
    dX = kept(dY, X, axis) * 2 * (X - np.mean(X, axis, keepdims=True)) / (count(X, axis) - correction)
    return dX


@function
def std(X: Any, axis: Any = None, **params: Any) -> Any:
    """The square root of ``var``, with the same arguments.

    >>> std(Tensor([1.0, 2.0, 3.0])).item()
    1.0
    """
    return np.sqrt(var(X, axis, **params))


FUNCTIONS["numpy.var"] = lambda X, axis=None, ddof=0, **params: var(X, axis, correction=ddof, **params)
FUNCTIONS["numpy.std"] = lambda X, axis=None, ddof=0, **params: std(X, axis, correction=ddof, **params)

_NOT_EMPTY = (_AXIS[0] + "; of no entries there is no largest or smallest", _AXIS[1])


@op(expects=_NOT_EMPTY)
def _max(X: Array, *, axis: Any = None, keepdims: bool = False) -> Array:
    """Y = the largest entry over ``axis``; entries that tie share the gradient evenly.

    >>> _max(Tensor([[1.0, 5.0], [3.0, 4.0]]), axis=1).tolist()
    [5.0, 4.0]
    """
    return np.max(X, axis, keepdims=keepdims)


@op(expects=_NOT_EMPTY)
def _min(X: Array, *, axis: Any = None, keepdims: bool = False) -> Array:
    """Y = the smallest entry over ``axis``; entries that tie share the gradient evenly.

    >>> _min(Tensor([[1.0, 5.0], [3.0, 4.0]]), axis=1).tolist()
    [1.0, 3.0]
    """
    return np.min(X, axis, keepdims=keepdims)


@_max.rule
@_min.rule
def d_extreme(dY: Array, Y: Array, X: Array, *, axis: Any, keepdims: bool) -> Any:
    ties = kept(Y, X, axis) == X
    dX = ties * kept(dY, X, axis) / np.sum(ties, axis, keepdims=True)
    return dX


@op(expects=_NOT_EMPTY)
def argmax(X: Array, *, axis: int | None = None, keepdims: bool = False) -> Array:
    """The index of the first largest entry; integers, so without a gradient.

    >>> argmax(Tensor([[1.0, 5.0], [3.0, 4.0]]), axis=1).tolist()
    [1, 1]
    """
    return np.argmax(X, axis, keepdims=keepdims)


@op(expects=_NOT_EMPTY)
def argmin(X: Array, *, axis: int | None = None, keepdims: bool = False) -> Array:
    """The index of the first smallest entry; integers, so without a gradient.

    >>> argmin(Tensor([[1.0, 5.0], [3.0, 4.0]]), axis=1).tolist()
    [0, 0]
    """
    return np.argmin(X, axis, keepdims=keepdims)


@op(expects=_AXIS)
def all(X: Array, *, axis: Any = None, keepdims: bool = False) -> Array:
    """Whether every entry is true (not zero).

    >>> all(Tensor([1.0, 0.0])).item()
    False
    """
    return np.all(X, axis, keepdims=keepdims)


@op(expects=_AXIS)
def any(X: Array, *, axis: Any = None, keepdims: bool = False) -> Array:
    """Whether some entry is true (not zero).

    >>> any(Tensor([1.0, 0.0])).item()
    True
    """
    return np.any(X, axis, keepdims=keepdims)


FUNCTIONS["amax"], FUNCTIONS["amin"] = _max, _min
