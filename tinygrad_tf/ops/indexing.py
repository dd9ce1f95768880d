"""Indexing: entries by their place.

Reading gathers, so its gradient scatters: an entry that is read twice gets the sum.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..autograd.operation import op
from ..autograd.recording import thread
from ..autograd.tensor import Tensor
from ..errors import error
from ..sums import FEW
from .choice import places
from .composed import function
from .shape import broadcast_to, check_axis, common_shape, flatten, reshape

_INDEX = (
    "an index is an int, slice, None, Ellipsis, or an array of ints or booleans; ints lie in -n … n - 1 of their "
    "axis, boolean arrays have the shape of the axes they select from",
    "write x[i] with i from 0 to len(x) - 1, x[-1] for the last, x[..., i] for the last axis",
)


class Extremes(NamedTuple):
    """Entries and their indices, as PyTorch returns them from ``sort``, ``topk``, ``max(dim)`` and ``cummax``."""

    values: Any
    indices: Any


class View(NamedTuple):
    """What a constant keeps: its views; if it is one, of which Tensor and at which index. All are told of writes."""

    base: Tensor | None
    index: Any
    views: weakref.WeakSet[Tensor]


def note_view(Y: Tensor, base: Tensor, index) -> None:
    """Let the constant ``Y`` and the constant ``base``, of which it is a part, know of each other."""
    if base.saved is None:
        base.saved = View(None, None, weakref.WeakSet())
    if isinstance(base.saved, View):
        Y.saved = View(base, index, base.saved.views)
        Y.saved.views.add(Y)


def plain(index):
    """An index with arrays in place of Tensors."""
    if isinstance(index, tuple):
        return tuple(plain(i) for i in index)
    if isinstance(index, list):
        return np.asarray(plain(tuple(index))) if index else np.zeros(0, np.int64)
    if not isinstance(index, Tensor):
        return index
    array = index.array
    return int(array) if array.ndim == 0 and array.dtype.kind in "iu" else array  # a view of X, as with a number


def within(index):
    """:func:`plain`, such that NumPy gives a view of an entry, too, and no number: what is written to it is in X."""
    index = plain(index)
    if type(index) is int:
        return index, ...
    if isinstance(index, tuple) and all(isinstance(i, (int, np.integer)) and type(i) is not bool for i in index):
        return *index, ...
    return (index, ...) if isinstance(index, np.integer) else index


def kept(index):
    """The index with copies of the arrays in it: backward reads them again, and who gave them may write to them."""
    if is_basic(index):
        return index
    if isinstance(index, (tuple, list)):
        return type(index)([kept(i) for i in index])
    if isinstance(index, Tensor):
        copied = index.astype(index.dtype)
        copied.name = index.name
        return copied
    return index.copy() if isinstance(index, np.ndarray) else index


def like(X, array: np.ndarray[Any, Any]):
    """``array``, as a Tensor if X is one."""
    return Tensor.wrap(array) if isinstance(X, Tensor) else array


def is_basic(index) -> bool:
    """Whether the index reads no entry twice: ints, slices, None and Ellipsis only."""
    if type(index) is slice or type(index) is int:
        return True
    parts = index if isinstance(index, tuple) else (index,)
    return all(i is None or i is Ellipsis or isinstance(i, (int, np.integer, slice)) for i in parts)


def own_if_turned(Y):
    """Y, copied if it is a view that runs backward: in PyTorch ``flip`` copies, and nothing else runs backward."""
    return Y.copy() if Y.ndim and min(Y.strides) < 0 else Y


@op(expects=_INDEX)
def _getitem(X, *, index):
    """Y = X[index], for every form of index that NumPy has."""
    return own_if_turned(X[within(index)])


@_getitem.rule
def d_getitem(dY, Y, X, *, index):
    dX = _add_at(dY, index=index, shape=X.shape)
    return dX


def is_piece(op, params) -> bool:
    """Whether a call of ``op`` cuts a piece out of its input, no entry twice."""
    return op is _getitem.op and is_basic(params["index"])


def closed(Y):
    """Y, a copy of what is a view in PyTorch, closed to writes: they would not reach what it was copied from."""
    if isinstance(Y, Tensor) and thread.state.watch is None:
        Y.array.flags.writeable = False
    return Y


@function
def getitem(X, index):
    """Y = X[index], for every form of index that NumPy has.

    >>> getitem(Tensor([1.0, 2.0, 3.0]), index=[2, 0, 0]).tolist()
    [3.0, 1.0, 1.0]
    """
    return _getitem(X, index=kept(index))


@op(expects=(
    _INDEX[0] + "; what is read there has the shape of X, up to broadcasting",
    "give X the shape of np.zeros(shape)[index], and indices within shape",
))  # fmt: skip
def _add_at(X, *, index, shape: tuple[int, ...]):
    """Y = zeros of ``shape`` with X added at ``index``. A place that is named twice gets the sum."""
    index = plain(index)
    if X.dtype.kind == "f" and (X.size > FEW or X.itemsize < 4) and not is_basic(index):
        Y = np.zeros(shape, np.float64)  # they are added one by one
        np.add.at(Y, index, X.astype(np.float64))
        return Y.astype(X.dtype)
    Y = np.zeros(shape, X.dtype)
    if is_basic(index):
        Y[index] = X
    else:
        np.add.at(Y, index, X)
    return Y


@_add_at.rule
def d_add_at(dY, Y, X, *, index, shape):
    dX = dY[plain(index)]
    return dX


@function
def add_at(X, index, shape: tuple[int, ...]):
    """Y = zeros of ``shape`` with X added at ``index``. A place that is named twice gets the sum.

    >>> add_at(Tensor([1.0, 2.0, 5.0]), index=([0, 0, 2],), shape=(3,)).tolist()
    [3.0, 0.0, 5.0]
    """
    return _add_at(X, index=kept(index), shape=shape)


# ---- along one axis -------------------------------------------------------------------------------------------------


def along(X, axis: int, index):
    """X indexed on one axis only, which is counted from the front."""
    return X[(slice(None),) * axis + (index,)]


def grid(index, axis: int) -> tuple[Any, ...]:
    """The index that reads the places of ``index`` along ``axis``, and on every other axis each entry's own place."""
    places = list(np.ogrid[tuple(slice(n) for n in index.shape)])
    places[axis] = index
    return tuple(places)


def without_axes(compose: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator: a Tensor without axes counts as one with a single entry along axis 0, as in PyTorch."""

    def row(x):
        return reshape(x, 1) if isinstance(x, (Tensor, np.ndarray)) and x.ndim == 0 else x

    @functools.wraps(compose)
    def call(X, *inputs, **params):
        if X.ndim:
            return compose(X, *inputs, **params)
        Y = compose(row(X), *[row(x) for x in inputs], **{name: row(x) for name, x in params.items()})
        return Extremes(reshape(Y[0], ()), reshape(Y[1], ())) if isinstance(Y, Extremes) else reshape(Y, ())

    return call


def along_index(name: str, X, axis: int, index) -> np.ndarray[Any, Any]:
    """An index along one axis as an array. Raises if it has not as many axes as X, or points beyond X."""
    array = np.asarray(plain(index))
    if array.ndim != X.ndim or array.dtype.kind not in "iu":
        raise error(
            RuntimeError,
            name,
            got={"X": X, "index": array},
            rule="the index has integers, and as many axes as X",
            cure="write index.long(), index.unsqueeze(axis) for a missing axis, x.index_select(dim, index) for slices",
        )
    wide = [n > m for i, (n, m) in enumerate(zip(array.shape, X.shape, strict=True)) if i != axis]
    n = X.shape[axis]
    if array.size and (any(wide) or array.min() < -n or array.max() >= n):
        raise error(
            IndexError if not any(wide) else RuntimeError,
            name,
            got={"X": X, "index": array, "dim": axis},
            rule=f"the index lies in 0 … {n - 1}, and is no larger than X along the other axes",
            cure=f"write index.clip(0, {n - 1}) for what lies beyond, index[:n] where it is larger than the n of X",
        )
    return array


@function
@without_axes
def gather(X, dim: int, index):
    """Y[i, j, …] = X[index[i, j, …], j, …] for dim = 0, and likewise for other axes. Y has the shape of ``index``.

    >>> gather(Tensor([[1.0, 2.0], [3.0, 4.0]]), 1, [[1], [0]]).tolist()
    [[2.0], [3.0]]
    """
    axis = check_axis("gather", X, dim)
    checked = along_index("gather", X, axis, index)
    return X[grid(index if isinstance(index, Tensor) else checked, axis)]


@function
def take_along_axis(X, indices, axis: int | None = None):
    """NumPy's :func:`gather`: axes of size 1 are broadcast. Without ``axis`` X is flattened first.

    >>> take_along_axis(Tensor([[1.0, 2.0], [3.0, 4.0]]), np.array([[1], [0]]), 1).tolist()
    [[2.0], [3.0]]
    """
    if axis is None:
        X, axis = flatten(X), 0
    a = check_axis("take_along_axis", X, axis)
    index = np.asarray(plain(indices))
    if index.ndim != X.ndim or X.ndim == 0:
        raise error(
            ValueError,
            "take_along_axis",
            got={"X": X, "indices": index},
            rule="both have the same axes, at least one",
            cure="write indices[:, None] or indices.unsqueeze(axis) for a missing axis",
        )
    others = [s[:a] + (1,) + s[a + 1 :] for s in (X.shape, index.shape)]
    rest = common_shape(IndexError, "take_along_axis", {"X": X, "indices": index}, *others)
    X = broadcast_to(X, (*rest[:a], X.shape[a], *rest[a + 1 :]))
    return gather(X, a, np.broadcast_to(index, (*rest[:a], index.shape[a], *rest[a + 1 :])))


@function
@without_axes
def index_select(X, dim: int, index):
    """The slices of X along ``dim`` that ``index`` names.

    >>> index_select(Tensor([[1.0, 2.0], [3.0, 4.0]]), 1, [1]).tolist()
    [[2.0], [4.0]]
    """
    return along(X, check_axis("index_select", X, dim), np.atleast_1d(plain(index)))


@function
def take(X, indices, axis: int | None = None):
    """The entries of X that ``indices`` names along ``axis``; without ``axis``, those of the flattened X.

    >>> take(Tensor([[1.0, 2.0], [3.0, 4.0]]), [3, 0]).tolist()
    [4.0, 1.0]
    """
    index = np.asarray(plain(indices))
    return flatten(X)[index] if axis is None else along(X, check_axis("take", X, axis), index)


# ---- by a condition -------------------------------------------------------------------------------------------------


@function
def masked_select(X, mask):
    """The entries of X where ``mask`` (broadcast to its shape) is true, as a vector.

    >>> masked_select(Tensor([1.0, 2.0]), [False, True]).tolist()
    [2.0]
    """
    mask = np.asarray(plain(mask))
    if mask.dtype != np.bool_:
        raise error(
            RuntimeError,
            "masked_select",
            got={"X": X, "mask": mask},
            rule="a mask is made of booleans",
            cure="write mask.bool()",
        )
    shape = common_shape(RuntimeError, "masked_select", {"X": X, "mask": mask}, X.shape, mask.shape)
    return broadcast_to(X, shape)[np.broadcast_to(mask, shape)]


@function
def nonzero(X, as_tuple: bool = False):
    """The places of the entries that are not 0: a row for each place, or with ``as_tuple`` a Tensor for each axis.

    >>> nonzero(Tensor([0.0, 5.0])).tolist()
    [[1]]
    """
    values = np.asarray(plain(X))
    return places(values) if as_tuple else Tensor.wrap(np.argwhere(values))


@function
def one_hot(ids, num_classes: int = -1) -> Tensor:
    """Integers (...) → rows (..., num_classes) that are 1 at the place of the integer and 0 elsewhere.

    >>> one_hot(tensor([0, 2])).tolist()
    [[1, 0, 0], [0, 0, 1]]
    """
    ids = np.asarray(plain(ids))
    n = int(ids.max(initial=-1)) + 1 if num_classes == -1 else num_classes
    if ids.dtype.kind not in "iu" or n < 1 or (ids.size and not 0 <= ids.min() <= ids.max() < n):
        raise error(
            RuntimeError,
            "one_hot",
            got={"ids": ids, "num_classes": num_classes},
            rule="ids are integers in 0 … num_classes - 1; without num_classes there is at least one id",
            cure="make num_classes larger, or write ids.long()",
        )
    return Tensor.wrap(np.eye(n, dtype=np.int64)[ids])
