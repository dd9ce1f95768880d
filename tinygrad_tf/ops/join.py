"""Joining arrays, cutting one into several, and repeating entries."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autograd.operation import op
from ..autograd.tensor import Array, Tensor, holds_tensors, to_array
from ..errors import error
from .composed import function
from .indexing import along, plain
from .shape import broadcast_to, check_axis, expand_dims, flatten, ints, reshape


@op(types="same", expects=(
    "all have the same shape, except along the axis on which they are joined, and at least one axis",
    "make them agree, e.g. x.reshape(…) or x[None], or write stack(tensors) for a new axis",
))  # fmt: skip
def _concatenate(*Xs, axis: int):
    """The Xs one after the other along an axis."""
    return np.concatenate(Xs, axis)


@_concatenate.rule
def d_concatenate(dY, Y, *Xs, axis):
    dXs = pieces(dY, [X.shape[axis] for X in Xs], axis)
    return dXs


def pieces(X, sizes: Sequence[int], axis: int) -> list[Array]:
    """X cut along ``axis`` into pieces of the given sizes."""
    edges = itertools.pairwise([0, *itertools.accumulate(sizes)])
    return [along(X, axis % X.ndim, slice(start, end)) for start, end in edges]


@function
def concatenate(tensors: Sequence[Any], axis: int | None = 0):
    """The Tensors one after the other along ``axis``; with ``axis=None`` each is flattened. One of shape (0,) fits any.

    >>> concatenate([Tensor([1.0]), Tensor([2.0, 3.0])]).tolist()
    [1.0, 2.0, 3.0]
    """
    Xs = [of_list(X) for X in tensors]
    if not Xs:
        raise error(
            ValueError,
            "concatenate",
            got="no Tensors",
            rule="it joins at least one",
            cure="give a list with a Tensor in it",
        )
    if axis is None:
        return _concatenate(*[flatten(X) for X in Xs], axis=0)
    Xs = [X for X in Xs if X.shape != (0,)] or Xs  # as in PyTorch: what begins as tensor([]) can be added to
    return _concatenate(*Xs, axis=check_axis("concatenate", Xs[0], axis))


@function
def stack(tensors: Sequence[Any], axis: int = 0):
    """The Tensors side by side along a new ``axis``.

    >>> stack([Tensor([1.0, 2.0]), Tensor([3.0, 4.0])], axis=1).tolist()
    [[1.0, 3.0], [2.0, 4.0]]
    """
    Xs = [of_list(X) for X in tensors]
    if len({X.shape for X in Xs}) != 1:
        raise error(
            ValueError,
            "stack",
            got=f"Tensors of shapes {', '.join(str(X.shape) for X in Xs) or 'none'}",
            rule="all have the same shape, and there is at least one",
            cure="write x.reshape(…) or F.pad(x, …) first, or concatenate(tensors) for different sizes",
        )
    return _concatenate(*[expand_dims(X, axis) for X in Xs], axis=check_axis("stack", Xs[0], axis, Xs[0].ndim + 1))


@function
def vstack(tensors: Sequence[Any]):
    """The Tensors one below the other; a vector counts as a row.

    >>> vstack([Tensor([1.0, 2.0]), Tensor([3.0, 4.0])]).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    return concatenate([reshape(X, (1, -1)) if X.ndim < 2 else X for X in map(of_list, tensors)], 0)


@function
def hstack(tensors: Sequence[Any]):
    """The Tensors side by side: along axis 1, vectors one after the other.

    >>> hstack([Tensor([1.0]), Tensor([2.0, 3.0])]).tolist()
    [1.0, 2.0, 3.0]
    """
    Xs = [reshape(X, (1,)) if X.ndim == 0 else X for X in map(of_list, tensors)]
    return concatenate(Xs, 0 if Xs and Xs[0].ndim == 1 else 1)


@function
def column_stack(tensors: Sequence[Any]):
    """The Tensors side by side, as :func:`hstack`; a vector counts as a column.

    >>> column_stack([Tensor([1.0, 2.0]), Tensor([3.0, 4.0])]).tolist()
    [[1.0, 3.0], [2.0, 4.0]]
    """
    return concatenate([reshape(X, (-1, 1)) if X.ndim < 2 else X for X in map(of_list, tensors)], 1)


@function
def append(X, values, axis: int | None = None):
    """X with ``values`` after it along ``axis``; without ``axis`` both are flattened.

    >>> append(Tensor([1.0, 2.0]), 3.0).tolist()
    [1.0, 2.0, 3.0]
    """
    return concatenate([of_list(X), of_list(values)], axis)


def of_list(X):
    """What a list means as an input: an array, or with Tensors in it, at any depth, these stacked with their gradient.

    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> of_list([[x[0], 3.0], [4.0, x[1]]])
    Tensor([[1., 3.],
            [4., 2.]], dtype=float32, op=concatenate)
    """
    if not holds_tensors(X):
        return X if isinstance(X, Tensor) else to_array(X)
    return stack([of_list(x) for x in X])


@function
def atleast_1d(*tensors):
    """X with one axis at least: a number becomes a vector. Of several Tensors, a tuple.

    >>> atleast_1d(Tensor(5.0)).tolist()
    [5.0]
    """
    return _each(tensors, lambda X: reshape(X, (1,)) if X.ndim == 0 else X)


@function
def atleast_2d(*tensors):
    """X with two axes at least: a vector becomes a row. Of several Tensors, a tuple.

    >>> atleast_2d(Tensor([1.0, 2.0])).tolist()
    [[1.0, 2.0]]
    """
    return _each(tensors, lambda X: reshape(X, (1, -1)) if X.ndim < 2 else X)


@function
def atleast_3d(*tensors):
    """X with three axes at least: of shape (n,) it gets (1, n, 1), of shape (n, m) (n, m, 1). Of several, a tuple.

    >>> atleast_3d(Tensor([1.0, 2.0])).tolist()
    [[[1.0], [2.0]]]
    """
    return _each(tensors, lambda X: expand_dims(atleast_2d(X), -1) if X.ndim < 3 else X)


def _each(tensors: tuple[Any, ...], change: Callable[[Any], Any]):
    """``change`` of the only Tensor, or of each; PyTorch also takes them in a list."""
    inner = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else ()
    if any(isinstance(X, (Tensor, np.ndarray)) for X in inner):
        return tuple(change(of_list(X)) for X in inner)
    made = tuple(change(of_list(X)) for X in tensors)
    return made[0] if len(made) == 1 else made


@function
def unbind(X, dim: int = 0) -> tuple[Any, ...]:
    """X[0], X[1], … along ``dim``; that axis is gone from the results.

    >>> [t.tolist() for t in unbind(Tensor([[1.0, 2.0], [3.0, 4.0]]), dim=1)]
    [[1.0, 3.0], [2.0, 4.0]]
    """
    axis = check_axis("unbind", X, dim)
    return tuple(along(X, axis, i) for i in range(length("unbind", X, dim)))


def length(name: str, X, axis: int) -> int:
    """The size of the axis that is to be cut."""
    i = check_axis(name, X, axis)
    if X.ndim == 0:
        raise error(IndexError, name, got={"X": X}, rule="there is an axis to cut", cure="write x.reshape(1) first")
    return int(X.shape[i])


@function
def split(X, split_size_or_sections=None, axis: int = 0, *, split_size=None) -> list[Any]:
    """X cut along ``axis`` into pieces of the given size, of which the last may be shorter, or of the sizes in a list.

    PyTorch's method calls that argument ``split_size``. ``np.split(t, …)`` cuts as NumPy does, into that many equal
    parts or at the listed places. Raises ValueError if the sizes do not add up to the axis.

    >>> [piece.tolist() for piece in split(Tensor([1.0, 2.0, 3.0]), 2)]
    [[1.0, 2.0], [3.0]]
    """
    sizes = given = split_size_or_sections if split_size is None else split_size
    n = length("split", X, axis)
    if isinstance(sizes, int):
        sizes = [min(sizes, n - start) for start in range(0, n, sizes)] or [0] if sizes > 0 else [sizes]
    if sum(sizes) != n or any(size < 0 for size in sizes):
        raise error(
            ValueError,
            "split",
            got={"X": X, "sections": given, "axis": axis},
            rule=f"the sizes of the pieces add up to the axis, {n}",
            cure=f"give the size of one piece, at least 1, or a list of sizes whose sum is {n}",
        )
    return pieces(X, sizes, axis)


@function
def chunk(X, chunks: int, axis: int = 0) -> list[Any]:
    """X cut along an axis into at most ``chunks`` pieces of equal size (the last may be shorter).

    >>> [piece.tolist() for piece in chunk(Tensor([1.0, 2.0, 3.0]), 2)]
    [[1.0, 2.0], [3.0]]
    """
    n = length("chunk", X, axis)
    if chunks < 1:
        raise error(
            RuntimeError,
            "chunk",
            got={"X": X, "chunks": chunks},
            rule="there is at least one piece",
            cure="write chunks=1 or more",
        )
    return split(X, -(-n // chunks), axis) if n else pieces(X, [0] * chunks, axis)


@function
def tile(X, *counts, reps=None, dims=None):
    """X repeated as a whole, as often along each axis as ``counts`` says; ``reps`` in NumPy, ``dims`` in PyTorch.

    >>> tile(Tensor([1.0, 2.0]), 2).tolist()
    [1.0, 2.0, 1.0, 2.0]
    """
    named = dims if reps is None else reps
    counts = ints(counts if named is None else (named,))
    if any(n < 0 for n in counts):
        raise error(
            ValueError,
            "tile",
            got={"X": X, "reps": counts},
            rule="nothing is repeated fewer than 0 times",
            cure="write reps of 0 or more",
        )
    ndim = max(len(counts), X.ndim)
    counts = (1,) * (ndim - len(counts)) + tuple(counts)
    shape = (1,) * (ndim - X.ndim) + tuple(X.shape)
    paired = reshape(X, tuple(n for size in shape for n in (1, size)))  # (1, n0, 1, n1, …)
    wide = broadcast_to(paired, tuple(n for pair in zip(counts, shape, strict=True) for n in pair))
    return reshape(wide, tuple(c * n for c, n in zip(counts, shape, strict=True)))


@function
def repeat_interleave(X, repeats, axis: int | None = None):
    """Each entry along ``axis`` repeated in its place, as often as ``repeats`` says; NumPy's ``repeat``.

    ``repeats`` is one number, or one for each entry. Without ``axis`` X is flattened first.

    >>> repeat_interleave(Tensor([1.0, 2.0]), 2).tolist()
    [1.0, 1.0, 2.0, 2.0]
    """
    if axis is None:
        X, axis = flatten(X), 0
    n = length("repeat_interleave", X, axis)
    repeats = np.asarray(plain(repeats))
    if repeats.ndim and repeats.shape not in ((n,), (1,)):
        raise error(
            ValueError,
            "repeat_interleave",
            got={"X": X, "repeats": repeats, "axis": axis},
            rule=f"repeats is one number, or one for each of the {n} entries along the axis",
            cure=f"write one number for all, or a list of {n}",
        )
    return along(X, check_axis("repeat_interleave", X, axis), np.repeat(np.arange(n), repeats))
