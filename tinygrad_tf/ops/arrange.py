"""More ways to move entries about, composed of reshape, transpose, indexing, concatenate and where."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import error
from ..op import function
from ..tensor import FUNCTIONS, Tensor
from .elementwise import where
from .indexing import add_at, plain
from .shape import broadcast_to, check_axis, concatenate, expand_dims, pieces, reshape, split, transpose

FUNCTIONS["cat"] = FUNCTIONS["concat"] = concatenate
FUNCTIONS["permute"] = FUNCTIONS["permute_dims"] = transpose
FUNCTIONS["unsqueeze"] = expand_dims
FUNCTIONS["view"] = reshape


def _sizes(sizes: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else sizes


def _along(X: Any, axis: int, index: Any) -> Any:
    """X indexed on one axis only."""
    return X[(slice(None),) * axis + (index,)]


@function
def unflatten(X: Any, dim: int, sizes: Sequence[int]) -> Any:
    """One axis split into several of the given sizes.

    >>> unflatten(Tensor([1.0, 2.0, 3.0, 4.0]), 0, (2, 2)).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    axis = check_axis("unflatten", X, dim)
    return reshape(X, (*X.shape[:axis], *sizes, *X.shape[axis + 1 :]))


@function
def moveaxis(X: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Any:
    """Axes moved to other places; the rest keep their order.

    >>> moveaxis(Tensor([[[1.0, 2.0]]]), 2, 0).shape
    (2, 1, 1)
    """
    source = (source,) if isinstance(source, int) else source
    destination = (destination,) if isinstance(destination, int) else destination
    ends = zip(source, destination, strict=True)
    moved = {check_axis("moveaxis", X, d): check_axis("moveaxis", X, s) for s, d in ends}
    rest = iter(axis for axis in range(X.ndim) if axis not in moved.values())
    return transpose(X, tuple(moved[i] if i in moved else next(rest) for i in range(X.ndim)))


@function
def tile(X: Any, *reps: Any, dims: Any = None) -> Any:
    """X laid side by side ``reps`` times along each axis; PyTorch's ``repeat`` method and NumPy's ``tile``.

    >>> tile(Tensor([1.0, 2.0]), 2).tolist()
    [1.0, 2.0, 1.0, 2.0]
    """
    counts = _sizes(reps if dims is None else tuple(dims))
    ndim = max(len(counts), X.ndim)
    counts = (1,) * (ndim - len(counts)) + tuple(counts)
    shape = (1,) * (ndim - X.ndim) + tuple(X.shape)
    paired = reshape(X, tuple(n for size in shape for n in (1, size)))  # (1, n0, 1, n1, …)
    wide = broadcast_to(paired, tuple(n for pair in zip(counts, shape, strict=True) for n in pair))
    return reshape(wide, tuple(c * n for c, n in zip(counts, shape, strict=True)))


@function
def repeat_interleave(X: Any, repeats: Any, axis: int | None = None, dim: int | None = None) -> Any:
    """Each entry along ``axis`` repeated in place, as often as ``repeats`` says; NumPy's ``repeat``.

    >>> repeat_interleave(Tensor([1.0, 2.0]), 2).tolist()
    [1.0, 1.0, 2.0, 2.0]
    """
    axis = dim if axis is None else axis
    if axis is None:
        X, axis = reshape(X, -1), 0
    axis = check_axis("repeat_interleave", X, axis)
    return _along(X, axis, np.repeat(np.arange(X.shape[axis]), plain(repeats)))


FUNCTIONS["numpy.repeat"] = repeat_interleave


@function
def flip(X: Any, axis: Any = None, dims: Any = None) -> Any:
    """X with the entries along the given axes (all without any) in reverse.

    >>> flip(Tensor([1.0, 2.0, 3.0])).tolist()
    [3.0, 2.0, 1.0]
    """
    axes = dims if axis is None else axis
    axes = range(X.ndim) if axes is None else (axes,) if isinstance(axes, int) else axes
    turned = {check_axis("flip", X, a) for a in axes}
    return X[tuple(slice(None, None, -1) if i in turned else slice(None) for i in range(X.ndim))]


@function
def roll(X: Any, shifts: Any, axis: Any = None, dims: Any = None) -> Any:
    """Entries moved along an axis; what leaves at the end comes in at the start.

    >>> roll(Tensor([1.0, 2.0, 3.0]), 1).tolist()
    [3.0, 1.0, 2.0]
    """
    axes = dims if axis is None else axis
    if axes is None:
        return reshape(roll(reshape(X, -1), shifts, 0), X.shape)
    pairs = [(shifts, axes)] if isinstance(axes, int) else list(zip(shifts, axes, strict=True))
    for shift, a in pairs:
        a = check_axis("roll", X, a)
        n = X.shape[a]
        X = _along(X, a, (np.arange(n) - shift) % n) if n else X
    return X


@function
def pad(X: Any, pad: Sequence[int] | Any, mode: str = "constant", value: float | None = None, **numpy: Any) -> Any:
    """X with a constant border. ``pad`` is PyTorch's (left, right, top, bottom, …), last axis first, or NumPy's pairs
    ((before, after), …), first axis first.

    >>> pad(Tensor([1.0]), (1, 2)).tolist()
    [0.0, 1.0, 0.0, 0.0]
    """
    if mode != "constant":
        raise error(NotImplementedError, "pad", {"mode": repr(mode)}, "only a constant border has a rule here",
                    "build other borders by indexing, e.g. x[..., [0, 0, 1, 2]]")  # fmt: skip
    pad = ((pad, pad),) if isinstance(pad, int) else pad
    if all(isinstance(n, int) for n in pad):
        pairs: list[Any] = [(pad[i], pad[i + 1]) for i in range(0, len(pad), 2)][::-1]
        pairs = [(0, 0)] * (X.ndim - len(pairs)) + pairs
    else:
        pairs = list(pad) * (X.ndim if len(pad) == 1 else 1)
    if len(pairs) != X.ndim:
        raise error(ValueError, "pad", {"X": X, "pad": pad}, "there is at most one pair of widths for each axis",
                    "give two numbers for each axis, last axis first")  # fmt: skip
    cut = tuple(slice(max(-a, 0), n - max(-b, 0)) for n, (a, b) in zip(X.shape, pairs, strict=True))
    X = X[cut] if any(a < 0 or b < 0 for a, b in pairs) else X  # a negative width cuts off
    pairs = [(max(a, 0), max(b, 0)) for a, b in pairs]
    shape = tuple(n + a + b for n, (a, b) in zip(X.shape, pairs, strict=True))
    inner = tuple(slice(a, a + n) for n, (a, _) in zip(X.shape, pairs, strict=True))
    Y = add_at(X, index=inner, shape=shape)
    value = numpy.get("constant_values", value)
    if not value:
        return Y
    border = np.ones(shape, bool)
    border[inner] = False
    return where(border, value, Y)


@function
def chunk(X: Any, chunks: int, axis: int = 0, dim: int | None = None) -> list[Any]:
    """X cut along an axis into at most ``chunks`` pieces of equal size (the last may be shorter).

    >>> [piece.tolist() for piece in chunk(Tensor([1.0, 2.0, 3.0]), 2)]
    [[1.0, 2.0], [3.0]]
    """
    axis = axis if dim is None else dim
    n = X.shape[check_axis("chunk", X, axis)]
    return list(split(X, max(1, -(-n // chunks)), axis)) if n else [X]


def array_split(X: Any, sections: Any, axis: int = 0) -> list[Any]:
    """NumPy's ``split``: into that many parts, or at the listed places.

    >>> [piece.tolist() for piece in array_split(Tensor([1.0, 2.0, 3.0]), [1])]
    [[1.0], [2.0, 3.0]]
    """
    n = X.shape[check_axis("split", X, axis)]
    places = list(sections) if np.ndim(sections) else [n * (i + 1) // sections for i in range(sections - 1)]
    edges = [0, *places, n]
    return pieces(X, [b - a for a, b in itertools.pairwise(edges)], axis)


FUNCTIONS["numpy.split"] = FUNCTIONS["numpy.array_split"] = array_split  # type: ignore[assignment]


@function
def tril(X: Any, diagonal: int = 0, k: int | None = None) -> Any:
    """The lower triangle of each matrix, zeros above the diagonal.

    >>> tril(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[1.0, 0.0], [3.0, 4.0]]
    """
    return where(np.tri(X.shape[-2], X.shape[-1], diagonal if k is None else k, dtype=bool), X, 0)


@function
def triu(X: Any, diagonal: int = 0, k: int | None = None) -> Any:
    """The upper triangle of each matrix, zeros below the diagonal.

    >>> triu(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[1.0, 2.0], [0.0, 4.0]]
    """
    return where(np.tri(X.shape[-2], X.shape[-1], (diagonal if k is None else k) - 1, dtype=bool), 0, X)


@function
def diagonal(X: Any, offset: int = 0, dim1: int = 0, dim2: int = 1, **numpy: int) -> Any:
    """The diagonal over two axes, as a last axis.

    >>> diagonal(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [1.0, 4.0]
    """
    X = moveaxis(X, (numpy.get("axis1", dim1), numpy.get("axis2", dim2)), (-2, -1))
    rows, columns = X.shape[-2:]
    n = max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
    return X[..., np.arange(n) - min(offset, 0), np.arange(n) + max(offset, 0)]


@function
def diag(X: Any, diagonal: int = 0, k: int | None = None) -> Any:
    """A vector as a diagonal matrix; of a matrix, its diagonal.

    >>> diag(Tensor([1.0, 2.0])).tolist()
    [[1.0, 0.0], [0.0, 2.0]]
    """
    offset = diagonal if k is None else k
    if X.ndim == 2:
        return FUNCTIONS["diagonal"](X, offset)
    if X.ndim != 1:
        raise error(ValueError, "diag", {"X": X}, "X is a vector or a matrix", "see diagonal() for batches")
    n = X.shape[0] + abs(offset)
    place = np.arange(X.shape[0])
    return add_at(X, index=(place - min(offset, 0), place + max(offset, 0)), shape=(n, n))


@function
def trace(X: Any) -> Any:
    """The sum of the diagonal of a matrix.

    >>> trace(Tensor([[1.0, 2.0], [3.0, 4.0]])).item()
    5.0
    """
    return diagonal(X).sum(-1)


@function
def unfold(X: Any, dimension: int, size: int, step: int) -> Any:
    """All windows of ``size`` entries along an axis, ``step`` apart, as a last axis.

    >>> unfold(Tensor([1.0, 2.0, 3.0]), 0, 2, 1).tolist()
    [[1.0, 2.0], [2.0, 3.0]]
    """
    axis = check_axis("unfold", X, dimension)
    if size > X.shape[axis] or step < 1:
        raise error(RuntimeError, "unfold", {"X": X, "size": size, "step": step}, "a window fits into the axis, "
                    "and the step is at least 1", "choose a smaller size")  # fmt: skip
    starts = np.arange(0, X.shape[axis] - size + 1, step)
    windows = _along(X, axis, starts[:, None] + np.arange(size))  # the axis becomes (windows, size)
    return moveaxis(windows, axis + 1, -1)


# ---- entries by an index along one axis -----------------------------------------------------------------------------


def _grid(index: np.ndarray[Any, Any], axis: int) -> tuple[Any, ...]:
    """The places that ``index`` names along ``axis``, its own place on every other axis."""
    places = list(np.ogrid[tuple(slice(n) for n in index.shape)])
    places[axis] = index
    return tuple(places)


@function
def gather(X: Any, dim: int, index: Any) -> Any:
    """Y[i, j, …] = X[index[i, j, …], j, …] for dim = 0, and likewise for other axes; the shape is that of ``index``.

    >>> gather(Tensor([[1.0, 2.0], [3.0, 4.0]]), 1, [[1], [0]]).tolist()
    [[2.0], [3.0]]
    """
    return X[_grid(np.asarray(plain(index)), check_axis("gather", X, dim))]


@function
def take_along_axis(X: Any, indices: Any, axis: int | None = -1) -> Any:
    """NumPy's ``gather``: sizes of 1 in ``indices`` stretch to those of X.

    >>> take_along_axis(Tensor([[1.0, 2.0], [3.0, 4.0]]), np.array([[1], [0]]), 1).tolist()
    [[2.0], [3.0]]
    """
    if axis is None:
        return gather(reshape(X, -1), 0, indices)
    a = check_axis("take_along_axis", X, axis)
    indices = np.asarray(plain(indices))
    shape = tuple(indices.shape[a] if i == a else n for i, n in enumerate(X.shape))
    return X[_grid(np.broadcast_to(indices, shape), a)]


@function
def scatter_add(X: Any, dim: int, index: Any, src: Any) -> Any:
    """X with ``src`` added in at the places that ``index`` names along ``dim``; places named twice get the sum.

    >>> scatter_add(Tensor([0.0, 0.0]), 0, [1, 1], Tensor([1.0, 2.0])).tolist()
    [0.0, 3.0]
    """
    index = np.asarray(plain(index))
    source = src[tuple(slice(n) for n in index.shape)] if isinstance(src, (Tensor, np.ndarray)) else src
    source = source if isinstance(source, (Tensor, np.ndarray)) else np.full(index.shape, source, X.dtype)
    return X + add_at(source, index=_grid(index, check_axis("scatter_add", X, dim)), shape=tuple(X.shape))


@function
def scatter(X: Any, dim: int, index: Any, src: Any) -> Any:
    """X with the entries that ``index`` names along ``dim`` replaced by those of ``src`` (or by a number).

    >>> scatter(Tensor([1.0, 2.0]), 0, [1], 9.0).tolist()
    [1.0, 9.0]
    """
    index = np.asarray(plain(index))
    named = np.zeros(X.shape, bool)
    named[_grid(index, check_axis("scatter", X, dim))] = True
    return scatter_add(where(named, 0, X), dim, index, src)


@function
def index_select(X: Any, dim: int, index: Any) -> Any:
    """The slices of X along ``dim`` that ``index`` names.

    >>> index_select(Tensor([[1.0, 2.0], [3.0, 4.0]]), 1, [1]).tolist()
    [[2.0], [4.0]]
    """
    return _along(X, check_axis("index_select", X, dim), np.asarray(plain(index)))


@function
def take(X: Any, indices: Any, axis: int | None = None) -> Any:
    """Entries by index along ``axis``; without one from the flattened X.

    >>> take(Tensor([[1.0, 2.0], [3.0, 4.0]]), [3, 0]).tolist()
    [4.0, 1.0]
    """
    index = np.asarray(plain(indices))
    return reshape(X, -1)[index] if axis is None else _along(X, check_axis("take", X, axis), index)


@function
def masked_select(X: Any, mask: Any) -> Any:
    """The entries of X where ``mask`` (broadcast to its shape) is true, as a vector.

    >>> masked_select(Tensor([1.0, 2.0]), [False, True]).tolist()
    [2.0]
    """
    mask = np.asarray(plain(mask))
    shape = np.broadcast_shapes(X.shape, mask.shape)
    return broadcast_to(X, shape)[np.broadcast_to(mask, shape)]
