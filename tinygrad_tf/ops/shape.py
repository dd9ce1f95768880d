"""The same entries, arranged otherwise: three primitives (reshape, transpose, broadcast_to), the rest made of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import error
from ..op import Array, function, op
from ..tensor import Tensor, to_array


def _ints(shape: tuple[Any, ...]) -> tuple[int, ...]:
    """``f(2, 3)`` and ``f((2, 3))`` alike."""
    return tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape


@op(expects=("both shapes hold the same number of entries; one size may be -1, which is then computed",
             "multiply the sizes on both sides and compare"))  # fmt: skip
def _reshape(X: Array, *, shape: tuple[int, ...]) -> Array:
    """X in another shape, in the same order of entries."""
    return np.reshape(X, shape)


@_reshape.rule
def d_reshape(dY: Array, Y: Array, X: Array, *, shape: tuple[int, ...]) -> Any:
    dX = dY.reshape(X.shape)
    return dX


@function
def reshape(X: Any, *shape: Any) -> Any:
    """X in another shape, in the same order of entries; one size may be -1.

    >>> reshape(Tensor([[1.0, 2.0], [3.0, 4.0]]), 4).tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    return _reshape(X, shape=_ints(shape))


@op(expects=("the axes are a reordering of 0 … ndim - 1", "look at .ndim; to swap two axes write .swapaxes(i, j)"))
def _transpose(X: Array, *, axes: tuple[int, ...]) -> Array:
    """X with its axes in another order."""
    return np.transpose(X, axes)


@_transpose.rule
def d_transpose(dY: Array, Y: Array, X: Array, *, axes: tuple[int, ...]) -> Any:
    dX = np.transpose(dY, inverse(axes))
    return dX


def inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    """The order of axes that undoes ``axes``."""
    return tuple(int(i) for i in np.argsort([a % len(axes) for a in axes]))


@function
def transpose(X: Any, *axes: Any) -> Any:
    """X with its axes in the given order, without one in reverse.

    >>> transpose(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[1.0, 3.0], [2.0, 4.0]]
    """
    order = _ints(axes) if axes and axes != (None,) else tuple(range(X.ndim))[::-1]
    return _transpose(X, axes=order)


@function
def swapaxes(X: Any, axis1: int, axis2: int) -> Any:
    """X with two of its axes exchanged.

    >>> swapaxes(Tensor([[1.0, 2.0], [3.0, 4.0]]), 0, 1).tolist()
    [[1.0, 3.0], [2.0, 4.0]]
    """
    order = list(range(X.ndim))
    for axis in (axis1, axis2):
        check_axis("swapaxes", X, axis)
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return _transpose(X, axes=tuple(order))


def check_axis(name: str, X: Any, axis: int, ndim: int | None = None) -> int:
    """``axis`` counted from the front; an IndexError if X has no such axis."""
    n = X.ndim if ndim is None else ndim
    if not -n <= axis < n:
        raise error(IndexError, name, {"X": X, "axis": axis}, f"an axis lies in {-n} … {n - 1}",
                    "look at .shape; the last axis is -1")  # fmt: skip
    return axis % n


@op(expects=("aligned at the right, each size of X is the new size or 1", "insert axes with .unsqueeze() first"))
def _broadcast_to(X: Array, *, shape: tuple[int, ...]) -> Array:
    """X repeated along axes of size 1, without copying."""
    return np.broadcast_to(X, shape)


@_broadcast_to.rule
def d_broadcast_to(dY: Array, Y: Array, X: Array, *, shape: tuple[int, ...]) -> Any:
    dX = dY  # the engine sums it over the axes that were stretched
    return dX


@function
def broadcast_to(X: Any, *shape: Any) -> Any:
    """X repeated along its axes of size 1 until it has ``shape``.

    >>> broadcast_to(Tensor([1.0, 2.0]), (2, 2)).tolist()
    [[1.0, 2.0], [1.0, 2.0]]
    """
    return _broadcast_to(X, shape=_ints(shape))


@function
def expand(X: Any, *shape: Any) -> Any:
    """``broadcast_to`` in PyTorch's spelling: a size of -1 keeps the axis as it is.

    >>> expand(Tensor([[1.0], [2.0]]), -1, 2).tolist()
    [[1.0, 1.0], [2.0, 2.0]]
    """
    sizes = _ints(shape)
    own = (1,) * (len(sizes) - X.ndim) + tuple(X.shape)
    return _broadcast_to(X, shape=tuple(m if n == -1 else n for n, m in zip(sizes, own, strict=False)))


@function
def squeeze(X: Any, axis: Any = None, dim: Any = None) -> Any:
    """X without its axes of size 1: all of them, or those named by ``axis``.

    >>> squeeze(Tensor([[1.0, 2.0]])).tolist()
    [1.0, 2.0]
    """
    axis = dim if axis is None else axis
    axes = range(X.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    gone = {check_axis("squeeze", X, a) for a in axes if X.ndim}
    return _reshape(X, shape=tuple(n for i, n in enumerate(X.shape) if n != 1 or i not in gone))


@function
def expand_dims(X: Any, axis: int | None = None, dim: int | None = None) -> Any:
    """X with a new axis of size 1 at ``axis``; PyTorch's ``unsqueeze``.

    >>> expand_dims(Tensor([1.0, 2.0]), 1).tolist()
    [[1.0], [2.0]]
    """
    where = check_axis("unsqueeze", X, (dim or 0) if axis is None else axis, X.ndim + 1)
    return _reshape(X, shape=(*X.shape[:where], 1, *X.shape[where:]))


@function
def flatten(X: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """X with the axes from ``start_dim`` to ``end_dim`` made one.

    >>> flatten(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    if X.ndim == 0:
        return _reshape(X, shape=(1,))
    first, last = check_axis("flatten", X, start_dim), check_axis("flatten", X, end_dim)
    return _reshape(X, shape=(*X.shape[:first], math.prod(X.shape[first : last + 1]), *X.shape[last + 1 :]))


@function
def shape(X: Any) -> tuple[int, ...]:
    """The size of each axis."""
    return tuple(X.shape)


@function
def ndim(X: Any) -> int:
    """The number of axes."""
    return int(X.ndim)


@function
def size(X: Any) -> int:
    """The number of entries."""
    return int(X.size)


@op(types="same", expects=("all have the same shape, except along the axis on which they are joined",
                           "compare the shapes, or .stack() along a new axis"))  # fmt: skip
def _concatenate(*Xs: Array, axis: int) -> Array:
    """The Xs one after the other along an axis."""
    return np.concatenate(Xs, axis)


@_concatenate.rule
def d_concatenate(dY: Array, Y: Array, *Xs: Array, axis: int) -> Any:
    dXs = pieces(dY, [X.shape[axis] for X in Xs], axis)
    return dXs


def pieces(X: Array, sizes: Sequence[int], axis: int) -> list[Array]:
    """X cut along ``axis`` into pieces of the given sizes."""
    cuts, start = [], 0
    for size in sizes:
        cuts.append(X[(slice(None),) * (axis % X.ndim) + (slice(start, start + size),)])
        start += size
    return cuts


@function
def concatenate(Xs: Sequence[Any], axis: int | None = None, dim: int | None = None) -> Any:
    """The Xs one after the other along ``axis``.

    >>> concatenate([Tensor([1.0]), Tensor([2.0, 3.0])]).tolist()
    [1.0, 2.0, 3.0]
    """
    if len(Xs) == 0:
        raise error(ValueError, "concatenate", "no Tensors", "it joins at least one", "give a list that is not empty")
    return _concatenate(*Xs, axis=(dim or 0) if axis is None else axis)


@function
def stack(Xs: Sequence[Any], axis: int | None = None, dim: int | None = None) -> Any:
    """The Xs side by side along a new ``axis``.

    >>> stack([Tensor([1.0, 2.0]), Tensor([3.0, 4.0])], axis=1).tolist()
    [[1.0, 3.0], [2.0, 4.0]]
    """
    where = (dim or 0) if axis is None else axis
    Xs = [X if isinstance(X, Tensor) else to_array(X) for X in Xs]
    if len({X.shape for X in Xs}) != 1:
        raise error(ValueError, "stack", f"Tensors of shapes {', '.join(str(X.shape) for X in Xs) or 'none'}",
                    "all have the same shape, and there is at least one", "reshape or pad them first")  # fmt: skip
    return concatenate([expand_dims(X, where) for X in Xs], where)


@function
def split(X: Any, sections: int | Sequence[int], axis: int | None = None, dim: int | None = None) -> list[Any]:
    """X cut along ``axis``: into pieces of ``sections`` entries each (the last may be shorter), or of the sizes listed.

    >>> [piece.tolist() for piece in split(Tensor([1.0, 2.0, 3.0]), 2)]
    [[1.0, 2.0], [3.0]]
    """
    axis = (dim or 0) if axis is None else axis
    n = X.shape[check_axis("split", X, axis)]
    if isinstance(sections, int):
        sections = [min(sections, n - start) for start in range(0, n, sections)] if sections > 0 else []
    if sum(sections) != n or any(size < 0 for size in sections):
        raise error(ValueError, "split", {"X": X, "sections": sections, "axis": axis},
                    f"the sizes of the pieces add up to the axis, {n}", "give the size of one piece, or a list whose "
                    "sum is the axis")  # fmt: skip
    return pieces(X, sections, axis)
