"""Putting entries at places that an index names along an axis: one for the other, added, or reduced."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.tensor import Tensor
from ..errors import error
from .choice import where
from .composed import function, in_float32
from .indexing import add_at, along_index, grid, kept, plain, without_axes
from .join import concatenate
from .order import prod
from .reduction import amax, amin
from .shape import broadcast_to, check_axis, flatten, reshape
from .writing import _setitem


def _source(name: str, X, index: np.ndarray[Any, Any], src):
    """What is put at each place of ``index``: the entries of ``src`` at the same places, or a number."""
    if not isinstance(src, (Tensor, np.ndarray)) or src.ndim == 0:
        return broadcast_to(src, index.shape) if isinstance(src, Tensor) else np.full(index.shape, src, X.dtype)
    if src.ndim != index.ndim or any(n < m for n, m in zip(src.shape, index.shape, strict=True)):
        raise error(
            RuntimeError,
            name,
            got={"index": index, "src": src},
            rule="src has an entry for each of the index",
            cure=f"give a src of shape {index.shape}, or a number",
        )
    if src.dtype != X.dtype:
        raise error(
            RuntimeError,
            name,
            got={"X": X, "src": src},
            rule="src has the type of X",
            cure=f"write src.astype('{X.dtype}')",
        )
    return src[tuple(slice(n) for n in index.shape)]


@function
@without_axes
def scatter_add(X, dim: int, index, src):
    """X with ``src`` added at the places that ``index`` names along ``dim``. A place that is named twice gets the sum.

    >>> scatter_add(Tensor([0.0, 0.0]), 0, [1, 1], Tensor([1.0, 2.0])).tolist()
    [0.0, 3.0]
    """
    axis = check_axis("scatter_add", X, dim)
    index = along_index("scatter_add", X, axis, index)
    return X + add_at(_source("scatter_add", X, index, src), index=grid(index, axis), shape=tuple(X.shape))


@function
@without_axes
def scatter(X, dim: int, index, src=None, value=None, reduce: str | None = None):
    """X in which ``src``, or the number ``value``, replaces the entries that ``index`` names along ``dim``.

    Of several entries for one place the last is taken; it gets the gradient. With ``reduce`` "add" or "multiply" the
    entries of X are added to or multiplied instead, by all that are for one place.

    >>> scatter(Tensor([1.0, 2.0]), 0, [1], 9.0).tolist()
    [1.0, 9.0]
    """
    src = value if src is None else src
    if reduce is not None:
        if reduce not in ("add", "multiply"):
            raise error(
                RuntimeError,
                "scatter",
                got={"reduce": repr(reduce)},
                rule='reduce is "add" or "multiply"',
                cure="write scatter_reduce for other reductions",
            )
        return scatter_reduce(X, dim, index, src, "sum" if reduce == "add" else "prod")
    axis = check_axis("scatter", X, dim)
    index = along_index("scatter", X, axis, index)
    taken = np.full(X.shape, -1)
    taken[grid(index, axis)] = np.arange(index.size).reshape(index.shape)  # NumPy leaves the last one standing
    source = flatten(_source("scatter", X, index, src))
    return where(taken < 0, X, source[np.maximum(taken, 0)]) if index.size else X


@function
@without_axes
def scatter_reduce(X, dim: int, index, src, reduce: str, include_self: bool = True):
    """X in which the entries that ``index`` names along ``dim`` are reduced with those of ``src`` that are for them.

    ``reduce`` is "sum", "prod", "mean", "amax" or "amin". Without ``include_self`` the entry of X itself does not count
    where there is another. Raises RuntimeError for other reductions and for a ``src`` of another type.

    >>> scatter_reduce(Tensor([1.0, 2.0]), 0, [1, 1], Tensor([3.0, 4.0]), "mean").tolist()
    [1.0, 3.0]
    """
    axis = check_axis("scatter_reduce", X, dim)
    index = along_index("scatter_reduce", X, axis, index)
    if reduce not in ("sum", "prod", "mean", "amax", "amin") or (reduce == "mean" and X.dtype.kind == "b"):
        raise error(
            RuntimeError,
            "scatter_reduce",
            got={"X": X, "reduce": repr(reduce)},
            rule='reduce is "sum", "prod", "mean", "amax" or "amin"; booleans have no mean',
            cure='write reduce="sum"',
        )
    source, places = _source("scatter_reduce", X, index, src), grid(index, axis)
    counts = np.zeros(X.shape, np.int64)
    np.add.at(counts, places, 1)
    if reduce in ("sum", "mean"):
        kept = include_self | (counts == 0)  # whether the entry of X counts
        total = where(kept, X, np.zeros((), X.dtype)) + add_at(source, index=places, shape=tuple(X.shape))
        n = counts + kept
        return total if reduce == "sum" else total / n if X.dtype.kind == "f" else total // n.astype(X.dtype)
    if index.size == 0:
        return X
    rows, groups = _grouped(np.arange(X.size).reshape(X.shape)[places].ravel())
    nothing = _nothing(reduce, np.asarray(plain(source)))
    entries = where(groups < 0, nothing, flatten(source)[np.maximum(groups, 0)])  # (rows, the largest group)
    if include_self:
        entries = concatenate([flatten(X)[rows][:, None], entries], 1)
    if reduce == "prod":
        Y = prod(entries, 1, dtype=X.dtype)
    else:
        Y = (amax if reduce == "amax" else amin)(entries, 1)
    return where(counts == 0, X, reshape(add_at(Y, index=(rows,), shape=(X.size,)), X.shape))


@function
@without_axes
@in_float32
def index_add(X, dim: int, index, source, alpha: float = 1):
    """X with alpha · ``source`` added to the slices along ``dim`` that ``index`` names; one named twice gets the sum.

    Shapes: index (n,), source that of X with n along ``dim``.

    >>> index_add(Tensor([[1.0], [2.0]]), 0, [1, 1], Tensor([[3.0], [4.0]])).tolist()
    [[1.0], [9.0]]
    """
    axis, index = _slices("index_add", X, dim, index, source)
    added = source if alpha == 1 else source * alpha
    return X + add_at(added, index=(slice(None),) * axis + (index,), shape=tuple(X.shape))


@function
@without_axes
def index_copy(X, dim: int, index, source):
    """X in which the slices of ``source`` replace those along ``dim`` that ``index`` names.

    Shapes: index (n,), source that of X with n along ``dim``.

    >>> index_copy(Tensor([[1.0], [2.0]]), 0, [1], Tensor([[3.0]])).tolist()
    [[1.0], [3.0]]
    """
    axis, index = _slices("index_copy", X, dim, index, source)
    return _setitem(X, source, index=kept((slice(None),) * axis + (index,)))


@function
@without_axes
def index_fill(X, dim: int, index, value):
    """X in which ``value``, a number, stands in the slices along ``dim`` that ``index`` names.

    >>> index_fill(Tensor([[1.0], [2.0]]), 0, [1], 7.0).tolist()
    [[1.0], [7.0]]
    """
    axis, index = _slices("index_fill", X, dim, index, None)
    named = np.zeros((X.shape[axis],) + (1,) * (X.ndim - 1 - axis), np.bool_)
    named[index] = True
    return where(named, value, X)


def _slices(name: str, X, dim: int, index, source) -> tuple[int, np.ndarray[Any, Any]]:
    """The axis, counted from the front, and the index of slices; raises if they do not fit X and ``source``."""
    axis, index = check_axis(name, X, dim), np.atleast_1d(np.asarray(plain(index)))
    shape = X.shape[:axis] + index.shape + X.shape[axis + 1 :]
    if index.dtype.kind not in "iu" or index.ndim != 1 or (source is not None and tuple(source.shape) != tuple(shape)):
        got = {"X": X, "index": index} if source is None else {"X": X, "index": index, "source": source}
        raise error(
            IndexError,
            name,
            got=got,
            rule="the index is a vector of integers, and source has the shape of X[…, index, …]",
            cure=f"give a source of shape {tuple(shape)}" if index.ndim == 1 else "write index.flatten().long()",
        )
    n = X.shape[axis]
    if index.size and (index.min() < -n or index.max() >= n):
        raise error(
            IndexError,
            name,
            got={"X": X, "index": index, "dim": dim},
            rule=f"the index lies in 0 … {n - 1}",
            cure=f"write index.clip(0, {n - 1})",
        )
    return axis, index


def _grouped(numbers: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The different numbers, and for each a row of the places where it stands, filled up with −1."""
    order = np.argsort(numbers, kind="stable")
    different, sizes = np.unique(numbers, return_counts=True)
    groups = np.full((len(different), sizes.max()), -1)
    groups[np.arange(sizes.max()) < sizes[:, None]] = order
    return different, groups


def _nothing(reduce: str, values: np.ndarray[Any, Any]):
    """What changes no product, or is beyond all values at the end that does not count."""
    if reduce == "prod":
        return 1
    end, beyond = (np.fmin, -math.inf) if reduce == "amax" else (np.fmax, math.inf)
    last = end.reduce(values, axis=None)
    return np.nextafter(last, beyond) if values.dtype.kind == "f" else last  # a tie would share the gradient
