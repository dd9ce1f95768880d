"""The same entries in another shape. Of three ops (reshape, transpose, broadcast_to) all others are composed."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.operation import op
from ..errors import error
from .composed import function


def ints(sizes: tuple[Any, ...]) -> tuple[Any, ...]:
    """The sizes of ``f(2, 3)`` or of ``f((2, 3))``, as a tuple."""
    return tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else sizes


def check_axis(name: str, X, axis, ndim: int | None = None) -> int:
    """``axis`` counted from the front. Raises IndexError beyond X; an X without axes has 0 and -1, as in PyTorch."""
    n = max(X.ndim if ndim is None else ndim, 1)
    try:
        i = operator.index(axis)
    except TypeError:
        raise error(
            TypeError,
            name,
            got={"X": X, "axis": axis},
            rule="an axis is an integer",
            cure="write axis=-1 for the last axis, axis=0 for the first",
        ) from None
    if not -n <= i < n:
        raise error(
            IndexError,
            name,
            got={"X": X, "axis": i},
            rule=f"an axis lies in {-n} … {n - 1}",
            cure="write axis=-1 for the last axis, axis=0 for the first",
        )
    return i % n


def check_axes(name: str, X, axes, ndim: int | None = None) -> tuple[int, ...]:
    """:func:`check_axis` for one axis or several. Raises ValueError if one is named twice."""
    axes = axes if isinstance(axes, (tuple, list)) else (axes,)
    found = tuple(check_axis(name, X, a, ndim) for a in axes)
    if len(set(found)) != len(found):
        raise error(
            ValueError, name, got={"X": X, "axes": axes}, rule="no axis is named twice", cure="name each axis once"
        )
    return found


def common_shape(kind: type[Exception], name: str, got: dict[str, Any], *shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that all of ``shapes`` broadcast to. Raises ``kind`` if there is none."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise error(
            kind,
            name,
            got=got,
            rule="shapes are aligned at the right; each pair of sizes is equal, or one of them is 1",
            cure="write x.unsqueeze(axis) for an axis of size 1, or reshape one of them",
        ) from None


# ---- reshape --------------------------------------------------------------------------------------------------------


@op(expects=("both shapes hold the same number of entries; one size may be -1, which is then computed",
             "write -1 for one of the sizes, or x.reshape(-1) for a vector"))  # fmt: skip
def _reshape(X, *, shape: tuple[int, ...]):
    """X in another shape, in the same order of entries."""
    return np.reshape(X, shape)


@_reshape.rule
def d_reshape(dY, Y, X, *, shape):
    dX = dY.reshape(X.shape)
    return dX


@function
def reshape(X, *sizes, shape=None):
    """X in another shape, in the same order of entries. One size may be -1: it follows from the others.

    >>> reshape(Tensor([[1.0, 2.0], [3.0, 4.0]]), 4).tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    return _reshape(X, shape=ints(sizes if shape is None else (shape,)))


@function
def flatten(X, start_dim: int = 0, end_dim: int = -1):
    """X with the axes ``start_dim`` … ``end_dim`` joined into one.

    >>> flatten(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    first, last = check_axis("flatten", X, start_dim), check_axis("flatten", X, end_dim)
    if first > last:
        raise error(
            RuntimeError,
            "flatten",
            got={"X": X, "start_dim": start_dim, "end_dim": end_dim},
            rule="start_dim does not come after end_dim",
            cure=f"write start_dim={end_dim}, end_dim={start_dim}",
        )
    return _reshape(X, shape=(*X.shape[:first], math.prod(X.shape[first : last + 1]), *X.shape[last + 1 :]))


@function
def unflatten(X, dim: int, sizes: Sequence[int]):
    """X with the axis ``dim`` split into several of the given sizes. One size may be -1: it follows from the others.

    >>> unflatten(Tensor([1.0, 2.0, 3.0, 4.0]), 0, (2, 2)).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    axis = check_axis("unflatten", X, dim)
    known = math.prod(n for n in sizes if n != -1)
    sizes = [X.shape[axis] // known if n == -1 and known and X.ndim else n for n in sizes]
    return _reshape(X, shape=(*X.shape[:axis], *sizes, *X.shape[axis + 1 :]))


@function
def squeeze(X, axis=None):
    """X without its axes of size 1, or without those among ``axis``. Larger axes stay as they are, as in PyTorch.

    >>> squeeze(Tensor([[1.0, 2.0]])).tolist()
    [1.0, 2.0]
    """
    named = range(X.ndim) if axis is None else check_axes("squeeze", X, axis)
    return _reshape(X, shape=tuple(n for i, n in enumerate(X.shape) if n != 1 or i not in named))


@function
def expand_dims(X, axis):
    """X with a new axis of size 1 at ``axis``, or at each of several; PyTorch's ``unsqueeze``.

    >>> expand_dims(Tensor([1.0, 2.0]), 1).tolist()
    [[1.0], [2.0]]
    """
    ndim = X.ndim + (len(axis) if isinstance(axis, (tuple, list)) else 1)
    new = check_axes("unsqueeze", X, axis, ndim)
    sizes = iter(X.shape)
    return _reshape(X, shape=tuple(1 if i in new else next(sizes) for i in range(ndim)))


# ---- transpose ------------------------------------------------------------------------------------------------------


@op(expects=("the axes are a reordering of 0 … ndim - 1", "name each axis once, or write x.swapaxes(i, j) for two"))
def _transpose(X, *, axes: tuple[int, ...]):
    """X with its axes in another order."""
    return np.transpose(X, axes)


@_transpose.rule
def d_transpose(dY, Y, X, *, axes):
    dX = np.transpose(dY, inverse(axes))
    return dX


def inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    """The order of axes that undoes ``axes``."""
    where = {a % len(axes): i for i, a in enumerate(axes)}
    return tuple([where[i] for i in range(len(axes))])


@function
def permute(X, *axes, dims=None):
    """X with its axes in the given order; without an order, in reverse.

    >>> permute(Tensor([[1.0, 2.0], [3.0, 4.0]]), 1, 0).tolist()
    [[1.0, 3.0], [2.0, 4.0]]
    """
    order = ints(axes or (dims,))
    return _transpose(X, axes=tuple(range(X.ndim))[::-1] if order == (None,) else order)


@function
def transpose(X, *order, axes=None, dim0=None, dim1=None):
    """X with its axes in another order.

    ``transpose(x)`` reverses them, ``transpose(x, i, j)`` exchanges two, as in PyTorch, and a tuple says the whole
    order, as in NumPy.

    >>> transpose(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[1.0, 3.0], [2.0, 4.0]]
    """
    order = order if dim0 is None else (dim0, dim1)
    return swapaxes(X, *order) if len(order) == 2 else permute(X, *(order or (axes,)))


@function
def t(X):
    """The transpose of a matrix; a vector or a number stays as it is.

    >>> t(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[1.0, 3.0], [2.0, 4.0]]
    """
    if X.ndim > 2:
        raise error(
            RuntimeError, "t", got={"X": X}, rule="X has at most two axes", cure="write x.mT for a batch of matrices"
        )
    return permute(X)


@function
def swapaxes(X, axis1: int, axis2: int):
    """X with two of its axes exchanged.

    >>> swapaxes(Tensor([[1.0, 2.0], [3.0, 4.0]]), 0, 1).tolist()
    [[1.0, 3.0], [2.0, 4.0]]
    """
    i, j = check_axis("swapaxes", X, axis1), check_axis("swapaxes", X, axis2)
    order = list(range(X.ndim))
    if order:
        order[i], order[j] = j, i
    return _transpose(X, axes=tuple(order))


@function
def moveaxis(X, source: int | Sequence[int], destination: int | Sequence[int]):
    """X with the axes ``source`` moved to ``destination``; the others keep their order.

    >>> moveaxis(Tensor([[[1.0, 2.0]]]), 2, 0).shape
    (2, 1, 1)
    """
    here, there = check_axes("moveaxis", X, source), check_axes("moveaxis", X, destination)
    if len(here) != len(there):
        raise error(
            ValueError,
            "moveaxis",
            got={"X": X, "source": source, "destination": destination},
            rule="each axis that is moved has a destination",
            cure="name as many in both, e.g. source=(0, 1), destination=(1, 2)",
        )
    moved = dict(zip(there, here, strict=True))
    rest = iter(axis for axis in range(X.ndim) if axis not in here)
    return _transpose(X, axes=tuple(moved[i] if i in moved else next(rest) for i in range(X.ndim)))


@function
def rollaxis(X, axis: int, start: int = 0):
    """X with ``axis`` moved to before the axis ``start``, or to the end if ``start`` is the number of axes.

    >>> rollaxis(Tensor([[[1.0, 2.0]]]), 2).shape
    (2, 1, 1)
    """
    here = check_axis("rollaxis", X, axis)
    there = X.ndim if start == X.ndim else check_axis("rollaxis", X, start)
    return moveaxis(X, here, there - (here < there))


# ---- broadcast ------------------------------------------------------------------------------------------------------


@op(expects=("aligned at the right, each size of X is the new size or 1", "write x.unsqueeze(axis) for a size of 1"))
def _broadcast_to(X, *, shape: tuple[int, ...]):
    """X repeated along axes of size 1, without copying."""
    return np.broadcast_to(X, shape)


@_broadcast_to.rule
def d_broadcast_to(dY, Y, X, *, shape):
    dX = dY  # the engine sums it over the axes that were stretched
    return dX


@function
def broadcast_to(X, *sizes, shape=None):
    """X repeated along its axes of size 1 until it has the shape; PyTorch's ``expand``. A size of -1 keeps the axis.

    >>> broadcast_to(Tensor([[1.0], [2.0]]), (-1, 2)).tolist()
    [[1.0, 1.0], [2.0, 2.0]]
    """
    wanted = ints(sizes if shape is None else (shape,))
    own = (-1,) * (len(wanted) - X.ndim) + tuple(X.shape)
    if len(wanted) == len(own):
        wanted = tuple(m if n == -1 else n for n, m in zip(wanted, own, strict=True))
    return _broadcast_to(X, shape=wanted)


# ---- what the shape is ----------------------------------------------------------------------------------------------


@function
def shape(X) -> tuple[int, ...]:
    """The size of each axis.

    >>> shape(Tensor([[1.0, 2.0]]))
    (1, 2)
    """
    return tuple(X.shape)


@function
def ndim(X) -> int:
    """The number of axes.

    >>> ndim(Tensor([[1.0, 2.0]]))
    2
    """
    return int(X.ndim)


@function
def size(X, axis: int | None = None) -> int:
    """The number of entries, or the size of one axis.

    >>> size(Tensor([[1.0, 2.0]])), size(Tensor([[1.0, 2.0]]), 0)
    (2, 1)
    """
    return int(X.size if axis is None or X.ndim == 0 else X.shape[check_axis("size", X, axis)])
