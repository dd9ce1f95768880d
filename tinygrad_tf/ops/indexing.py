"""Entries by their place. Reading gathers, so the gradient scatters: entries read twice get the sum."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import Array, op
from ..tensor import Tensor

_INDEX = (
    "an index is an int, slice, None, Ellipsis, or an array of ints or booleans; ints lie in -n … n - 1 of their "
    "axis, boolean arrays have the shape of the axes they select from",
    "look at .shape; axes that are not indexed are taken whole",
)


def plain(index: Any) -> Any:
    """An index with arrays in place of Tensors."""
    if isinstance(index, tuple):
        return tuple(plain(i) for i in index)
    if isinstance(index, list):
        return np.asarray(plain(tuple(index))) if index else np.zeros(0, np.int64)
    return index.data if isinstance(index, Tensor) else index


def _is_basic(index: Any) -> bool:
    """Whether the index reads no entry twice: ints, slices, None and Ellipsis only."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(i is None or i is Ellipsis or isinstance(i, (int, np.integer, slice)) for i in parts)


@op(expects=_INDEX)
def getitem(X: Array, *, index: Any) -> Array:
    """Y = X[index], for every form of index that NumPy has.

    >>> getitem(Tensor([1.0, 2.0, 3.0]), index=[2, 0, 0]).tolist()
    [3.0, 1.0, 1.0]
    """
    return X[plain(index)]


@getitem.rule
def d_getitem(dY: Array, Y: Array, X: Array, *, index: Any) -> Any:
    dX = add_at(dY, index=index, shape=X.shape)
    return dX


@op
def add_at(X: Array, *, index: Any, shape: tuple[int, ...]) -> Array:
    """Zeros of ``shape`` with X added in at ``index``; entries that are named twice get the sum.

    >>> add_at(Tensor([1.0, 2.0, 5.0]), index=([0, 0, 2],), shape=(3,)).tolist()
    [3.0, 0.0, 5.0]
    """
    Y = np.zeros(shape, X.dtype)
    index = plain(index)
    if _is_basic(index):
        Y[index] = X
    else:
        np.add.at(Y, index, X)
    return Y


@add_at.rule
def d_add_at(dY: Array, Y: Array, X: Array, *, index: Any, shape: tuple[int, ...]) -> Any:
    dX = dY[plain(index)]
    return dX
