"""Functions that move entries: flips, triangles, diagonals and windows. All of them index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import error
from .choice import where
from .composed import function
from .indexing import add_at, along, closed, plain
from .shape import broadcast_to, check_axes, check_axis, flatten, ints, moveaxis, reshape, swapaxes


@function
def flip(X, *axes, axis=None):
    """X with its entries in reverse order along the given axes; without any, along all.

    >>> flip(Tensor([1.0, 2.0, 3.0])).tolist()
    [3.0, 2.0, 1.0]
    """
    named = ints(axes or (axis,))
    turned = range(X.ndim) if named == (None,) else check_axes("flip", X, named)
    return X[tuple(slice(None, None, -1) if i in turned else slice(None) for i in range(X.ndim))]


@function
def flipud(X):
    """X with its rows, along axis 0, in reverse order.

    >>> flipud(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[3.0, 4.0], [1.0, 2.0]]
    """
    return flip(X, 0)


@function
def fliplr(X):
    """X with its columns, along axis 1, in reverse order.

    >>> fliplr(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[2.0, 1.0], [4.0, 3.0]]
    """
    return flip(X, 1)


@function
def rot90(X, k: int = 1, dims: Sequence[int] = (0, 1), axes: Sequence[int] | None = None):
    """X turned ``k`` times by 90°, from the first of two axes, ``dims`` or ``axes``, towards the second.

    >>> rot90(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[2.0, 4.0], [1.0, 3.0]]
    """
    plane = check_axes("rot90", X, dims if axes is None else axes)
    if len(plane) != 2:
        raise error(
            ValueError,
            "rot90",
            got={"X": X, "axes": plane},
            rule="it turns in the plane of two axes",
            cure="write axes=(-2, -1) for the last two",
        )
    if k % 2 == 0:
        return flip(X, plane) if k % 4 else X
    return flip(swapaxes(X, *plane), plane[0 if k % 4 == 1 else 1])


@function
def roll(X, shifts, axis=None):
    """X with its entries moved by ``shifts`` along ``axis``; what leaves at the end comes in at the start.

    Without ``axis`` the flattened X is rolled. Several axes take as many shifts; ``np.roll(t, …)`` takes one for all of
    them, too. Raises TypeError for shifts that are no integers, ValueError for another number of them.

    >>> roll(Tensor([1.0, 2.0, 3.0]), 1).tolist()
    [3.0, 1.0, 2.0]
    """
    if axis is None:
        return reshape(roll(flatten(X), shifts, 0), X.shape)
    axes = [check_axis("roll", X, a) for a in (axis if isinstance(axis, (tuple, list)) else (axis,))]
    steps = np.atleast_1d(np.asarray(plain(shifts), None if np.size(shifts) else np.int64))
    if X.ndim == 0:
        raise error(
            IndexError, "roll", got={"X": X, "axis": axis}, rule="there is an axis to roll along", cure="leave axis out"
        )
    if steps.dtype.kind not in "iu":
        raise error(
            TypeError,
            "roll",
            got={"X": X, "shifts": shifts},
            rule="entries move by whole numbers of places",
            cure="write int(shifts)",
        )
    if steps.shape != (len(axes),):
        raise error(
            ValueError,
            "roll",
            got={"X": X, "shifts": shifts, "axis": axis},
            rule="there is a shift for each axis",
            cure="give both the same length, e.g. shifts=(1, 2), axis=(0, 1)",
        )
    for step, a in zip(steps.tolist(), axes, strict=True):
        n = X.shape[a]
        X = along(X, a, (np.arange(n) - step) % max(n, 1))
    return X


# ---- matrices -------------------------------------------------------------------------------------------------------


def _below(name: str, X, k: int) -> np.ndarray[Any, Any]:
    """Booleans (rows, columns) that are true on and below diagonal ``k`` of the matrices X."""
    if X.ndim < 2:
        raise error(
            RuntimeError,
            name,
            got={"X": X},
            rule="X is a matrix, or a batch of them",
            cure="write x[None] for a matrix of one row",
        )
    return np.tri(X.shape[-2], X.shape[-1], k, dtype=bool)


@function
def tril(X, diagonal: int = 0, k: int | None = None):
    """The lower triangle of each matrix X (..., n, m); entries above diagonal ``diagonal`` (``k``) are 0.

    >>> tril(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[1.0, 0.0], [3.0, 4.0]]
    """
    return where(_below("tril", X, diagonal if k is None else k), X, np.zeros((), X.dtype))


@function
def triu(X, diagonal: int = 0, k: int | None = None):
    """The upper triangle of each matrix X (..., n, m); entries below diagonal ``diagonal`` (``k``) are 0.

    >>> triu(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[1.0, 2.0], [0.0, 4.0]]
    """
    return where(_below("triu", X, (diagonal if k is None else k) - 1), np.zeros((), X.dtype), X)


@function
def diagonal(X, offset: int = 0, dim1: int = 0, dim2: int = 1):
    """The entries X[i, i + offset] over two axes, as a last axis.

    >>> diagonal(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [1.0, 4.0]
    """
    return closed(_on_diagonal(X, offset, dim1, dim2))


def _on_diagonal(X, offset: int, dim1: int = 0, dim2: int = 1):
    X = moveaxis(X, (dim1, dim2), (-2, -1))
    rows, columns = X.shape[-2:]
    n = max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
    return X[..., np.arange(n) - min(offset, 0), np.arange(n) + max(offset, 0)]


@function
def diag(X, diagonal: int = 0, k: int | None = None):
    """A vector as the diagonal of a matrix that is 0 elsewhere; of a matrix, its diagonal.

    >>> diag(Tensor([1.0, 2.0])).tolist()
    [[1.0, 0.0], [0.0, 2.0]]
    """
    offset = diagonal if k is None else k
    if X.ndim == 2:
        return _on_diagonal(X, offset)
    if X.ndim != 1:
        raise error(
            ValueError,
            "diag",
            got={"X": X},
            rule="X is a vector or a matrix",
            cure="write x.diagonal(0, -2, -1) for a batch of matrices",
        )
    n = X.shape[0] + abs(offset)
    place = np.arange(X.shape[0])
    return add_at(X, (place - min(offset, 0), place + max(offset, 0)), (n, n))


@function
def trace(X, offset: int = 0, axis1: int = 0, axis2: int = 1):
    """Σ X[i, i + offset] over two axes: the sum of the diagonal of a matrix.

    >>> trace(Tensor([[1.0, 2.0], [3.0, 4.0]])).item()
    5.0
    """
    return diagonal(X, offset, axis1, axis2).sum(-1)


@function
def unfold(X, dimension: int, size: int, step: int):
    """All windows of ``size`` entries along ``dimension``, ``step`` apart. Their entries become a last axis.

    >>> unfold(Tensor([1.0, 2.0, 3.0]), 0, 2, 1).tolist()
    [[1.0, 2.0], [2.0, 3.0]]
    """
    axis = check_axis("unfold", X, dimension)
    if X.ndim == 0:
        return unfold(reshape(X, 1), 0, size, step)[0]
    if not 0 <= size <= X.shape[axis] or step < 1:
        raise error(
            RuntimeError,
            "unfold",
            got={"X": X, "size": size, "step": step},
            rule="a window fits into the axis, and the step is at least 1",
            cure=f"write a size of at most {X.shape[axis]} and a step of at least 1",
        )
    starts = np.arange(0, X.shape[axis] - size + 1, step)
    windows = along(X, axis, starts[:, None] + np.arange(size))  # the axis becomes (windows, size)
    return closed(moveaxis(windows, axis + 1, -1))


@function
def narrow(X, dim: int, start: int, length: int):
    """The ``length`` entries along ``dim`` that begin at ``start``.

    >>> narrow(Tensor([1.0, 2.0, 3.0]), 0, 1, 2).tolist()
    [2.0, 3.0]
    """
    axis = check_axis("narrow", X, dim)
    n = X.shape[axis] if X.ndim else 0
    first = start + n if start < 0 else start
    if not 0 <= first <= first + length <= n:
        raise error(
            RuntimeError,
            "narrow",
            got={"X": X, "start": start, "length": length},
            rule=f"start and start + length lie in 0 … {n}, the size of the axis",
            cure=f"write start=0, length={n}, or less",
        )
    return along(X, axis, slice(first, first + length))


@function
def diff(X, n: int = 1, dim: int = -1):
    """X[i + 1] − X[i] along ``dim``; with ``n`` the differences are taken that many times.

    >>> diff(Tensor([1.0, 4.0, 9.0])).tolist()
    [3.0, 5.0]
    """
    axis = check_axis("diff", X, dim)
    for _ in range(n):
        X = along(X, axis, slice(1, None)) - along(X, axis, slice(None, -1))
    return X


@function
def meshgrid(*Xs, indexing: str = "ij") -> tuple[Any, ...]:
    """Vectors of n, m, … entries as Tensors of shape (n, m, …): the first varies along axis 0, the second along axis 1.

    With ``indexing="xy"`` these two axes are exchanged, as in NumPy's ``meshgrid``.

    >>> [t.tolist() for t in meshgrid(tensor([1, 2]), tensor([3, 4, 5]))]
    [[[1, 1, 1], [2, 2, 2]], [[3, 4, 5], [3, 4, 5]]]
    """
    Xs = ints(Xs)
    if indexing not in ("ij", "xy"):
        raise error(
            RuntimeError,
            "meshgrid",
            got={"indexing": repr(indexing)},
            rule='indexing is "ij" or "xy"',
            cure='write indexing="ij"',
        )
    swapped = indexing == "xy" and len(Xs) > 1
    Xs = (Xs[1], Xs[0], *Xs[2:]) if swapped else Xs
    shape = tuple(int(X.size) for X in Xs)
    places = [tuple(-1 if i == k else 1 for i in range(len(Xs))) for k in range(len(Xs))]
    made = [broadcast_to(reshape(X, place), shape) for X, place in zip(Xs, places, strict=True)]
    return (made[1], made[0], *made[2:]) if swapped else tuple(made)
