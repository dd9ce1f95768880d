"""Sorting, and sums and products that run along an axis."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..errors import error
from ..op import Array, function, op
from ..tensor import FUNCTIONS, Tensor
from .arrange import gather, pad, take_along_axis
from .elementwise import maximum, minimum
from .indexing import plain
from .reduction import _max, _min
from .shape import check_axis, reshape, squeeze


class Extremes(NamedTuple):
    """Entries and where they stood, as PyTorch returns them from ``sort``, ``topk``, ``max(dim=…)`` and ``cummax``."""

    values: Any
    indices: Any


def _tensor(array: Any) -> Tensor:
    return Tensor.wrap(np.ascontiguousarray(array))


@op
def cumsum(X: Array, *, axis: int | None = None) -> Array:
    """Y[i] = X[0] + … + X[i] along ``axis``; without one of the flattened X.

    >>> cumsum(Tensor([1.0, 2.0, 3.0]), 0).tolist()
    [1.0, 3.0, 6.0]
    """
    return np.cumsum(X, axis)


@cumsum.rule
def d_cumsum(dY: Array, Y: Array, X: Array, *, axis: int | None) -> Any:
    dX = np.flip(np.cumsum(np.flip(dY, axis), axis), axis).reshape(X.shape)
    return dX


def _halves(X: Any, axis: int) -> tuple[Any, Any]:
    even, odd = [slice(None)] * X.ndim, [slice(None)] * X.ndim
    even[axis], odd[axis] = slice(0, None, 2), slice(1, None, 2)
    return X[tuple(even)], X[tuple(odd)]


@function
def prod(X: Any, axis: Any = None, keepdims: bool = False, dim: Any = None, keepdim: bool = False) -> Any:
    """The product over ``axis``, pair by pair: log₂ n multiplications deep, and right gradients where entries are 0.

    >>> prod(Tensor([2.0, 3.0, 4.0])).item()
    24.0
    """
    axis = dim if axis is None else axis
    axes = range(X.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    gone = [check_axis("prod", X, a) for a in axes if X.ndim]
    X = X.astype(np.int64) if X.dtype.kind == "b" else X
    shape = tuple(X.shape)
    for a in gone:
        while X.shape[a] > 1:
            if X.shape[a] % 2:
                X = _one_more(X, a)
            X = np.multiply(*_halves(X, a))
        if X.shape[a] == 0:
            X = _one_more(X, a)
    keep = keepdims or keepdim
    return reshape(X, tuple(1 if i in gone else n for i, n in enumerate(shape) if keep or i not in gone))


def _one_more(X: Any, axis: int) -> Any:
    """X with a 1 added at the end of an axis."""
    return pad(X, [(0, 1 if i == axis else 0) for i in range(X.ndim)], value=1)


@function
def cumprod(X: Any, axis: int | None = None, dim: int | None = None) -> Any:
    """Y[i] = X[0] · … · X[i] along an axis, in log₂ n steps that each multiply by what stands 1, 2, 4, … before.

    >>> cumprod(Tensor([2.0, 3.0, 4.0]), 0).tolist()
    [2.0, 6.0, 24.0]
    """
    axis = dim if axis is None else axis
    if axis is None:
        X, axis = reshape(X, -1), 0
    axis = check_axis("cumprod", X, axis)
    n, far = X.shape[axis], 1
    while far < n:
        X = X * pad(X, [(far, -far) if i == axis else (0, 0) for i in range(X.ndim)], value=1)
        far *= 2
    return X


@function
def cummax(X: Any, dim: int) -> Extremes:
    """The largest entry so far along an axis, and where it stood (the last place if several tie).

    >>> cummax(Tensor([1.0, 3.0, 2.0]), 0).values.tolist()
    [1.0, 3.0, 3.0]
    """
    axis = check_axis("cummax", X, dim)
    values = plain(X)
    here = values == np.maximum.accumulate(values, axis)
    places = np.arange(values.shape[axis]).reshape([-1 if i == axis else 1 for i in range(values.ndim)])
    indices = np.maximum.accumulate(np.where(here, places, 0), axis)
    return Extremes(gather(X, axis, indices), _tensor(indices))


@function
def sort(X: Any, dim: int = -1, descending: bool = False, stable: bool = False, axis: int | None = None) -> Any:
    """PyTorch's sort: (values, indices) along an axis. ``np.sort(t)`` and ``sort(t, axis=…)`` give the values alone.

    >>> sort(Tensor([3.0, 1.0, 2.0])).values.tolist()
    [1.0, 2.0, 3.0]
    """
    where = dim if axis is None else axis
    indices = plain(argsort(X, where, descending, stable))
    values = take_along_axis(X, indices, where) if X.ndim else X
    return Extremes(values, _tensor(indices)) if axis is None else values


@function
def argsort(X: Any, dim: int = -1, descending: bool = False, stable: bool = False, axis: int | None = None) -> Tensor:
    """The indices that sort X along an axis.

    >>> argsort(Tensor([3.0, 1.0, 2.0])).tolist()
    [1, 2, 0]
    """
    where = dim if axis is None else axis
    values = plain(X)
    if values.ndim == 0:
        return _tensor(np.zeros((), np.int64))
    check_axis("argsort", X, where)
    if descending:  # from the back, so that entries that tie keep their order
        back = np.flip(np.argsort(np.flip(values, where), where, kind="stable"), where)
        return _tensor(values.shape[where] - 1 - back)
    return _tensor(np.argsort(values, where, kind="stable"))


@function
def topk(X: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Extremes:
    """The k largest (or smallest) entries along an axis, in order, and where they stood.

    >>> topk(Tensor([3.0, 1.0, 2.0]), 2).values.tolist()
    [3.0, 2.0]
    """
    axis = check_axis("topk", X, dim)
    if not 0 <= k <= X.shape[axis]:
        raise error(RuntimeError, "topk", {"X": X, "k": k}, f"k lies in 0 … {X.shape[axis]}, the size of the axis",
                    "choose a smaller k")  # fmt: skip
    indices = plain(argsort(X, axis, descending=largest))[(slice(None),) * axis + (slice(k),)]
    return Extremes(gather(X, axis, indices), _tensor(indices))


@function
def nonzero(X: Any, as_tuple: bool = False) -> Any:
    """The places of the entries that are not 0, one row each, or with ``as_tuple`` one array per axis.

    >>> nonzero(Tensor([0.0, 5.0])).tolist()
    [[1]]
    """
    places = np.nonzero(plain(X))
    return tuple(_tensor(p) for p in places) if as_tuple else _tensor(np.stack(places, 1))


@function
def one_hot(ids: Any, num_classes: int = -1) -> Tensor:
    """Integers (...) → rows (..., num_classes) that are 1 at the integer and 0 elsewhere.

    >>> one_hot(Tensor([0, 2])).tolist()
    [[1, 0, 0], [0, 0, 1]]
    """
    ids = np.asarray(plain(ids))
    n = int(ids.max()) + 1 if num_classes == -1 else num_classes
    if ids.dtype.kind not in "iu" or (ids.size and (ids.min() < 0 or ids.max() >= n)):
        raise error(RuntimeError, "one_hot", {"ids": ids, "num_classes": num_classes}, f"ids are integers in 0 … "
                    f"{n - 1}",
                    "make num_classes larger")  # fmt: skip
    return _tensor(np.eye(n, dtype=np.int64)[ids])


def _torch_extreme(reduce: Any, arg: Any, X: Any, axis: int, keepdim: bool) -> Extremes:
    """PyTorch's ``max(dim=…)``: the gradient goes to the one entry whose index is returned."""
    axis = check_axis(reduce.name, X, axis)
    indices = np.expand_dims(arg(plain(X), axis), axis)
    values = gather(X, axis, indices)
    if keepdim:
        return Extremes(values, _tensor(indices))
    return Extremes(squeeze(values, axis), _tensor(indices.squeeze(axis)))


@function
def max(X: Any, axis: Any = None, keepdims: bool = False, dim: int | None = None, keepdim: bool = False) -> Any:
    """The largest entry over ``axis``, as in NumPy; entries that tie share the gradient evenly.

    As in PyTorch ``max(dim=1)`` returns (values, indices), and ``max(a, b)`` of two Tensors is ``maximum``.

    >>> max(Tensor([[1.0, 5.0], [3.0, 4.0]]), axis=1).tolist()
    [5.0, 4.0]
    >>> max(Tensor([[1.0, 5.0], [3.0, 4.0]]), dim=1).indices.tolist()
    [1, 1]
    """
    if isinstance(axis, (Tensor, np.ndarray)):
        return maximum(X, axis)
    if dim is not None:
        return _torch_extreme(_max, np.argmax, X, dim, keepdim)
    return _max(X, axis=axis, keepdims=keepdims or keepdim)


@function
def min(X: Any, axis: Any = None, keepdims: bool = False, dim: int | None = None, keepdim: bool = False) -> Any:
    """The smallest entry over ``axis``; see :func:`max`.

    >>> min(Tensor([[1.0, 5.0], [3.0, 4.0]]), axis=1).tolist()
    [1.0, 3.0]
    """
    if isinstance(axis, (Tensor, np.ndarray)):
        return minimum(X, axis)
    if dim is not None:
        return _torch_extreme(_min, np.argmin, X, dim, keepdim)
    return _min(X, axis=axis, keepdims=keepdims or keepdim)


@function
def norm(X: Any, ord: Any = None, axis: Any = None, keepdims: bool = False, **torch: Any) -> Any:
    """The p-norm (Σ |X|^p)^(1/p) over ``axis``; p is 2 unless given as ``ord`` or ``p``. Its gradient at 0 is 0.

    >>> norm(Tensor([3.0, 4.0])).item()
    5.0
    """
    p = torch.get("p", ord)
    p = 2 if p in (None, "fro") else p
    axis = torch.get("dim", axis)
    keepdims = torch.get("keepdim", keepdims)
    size = np.abs(X)
    if p in (math.inf, -math.inf):
        return (_max if p > 0 else _min)(size, axis=axis, keepdims=keepdims)
    if p == 0:
        return np.sum((X != 0).astype(X.dtype), axis=axis, keepdims=keepdims)
    total = np.sum(X * X if p == 2 else size**p, axis=axis, keepdims=keepdims)
    empty = total == 0  # the root's slope at 0 is infinite
    root = np.where(empty, 1, total) ** (1 / p)
    return np.where(empty, 0, root)


FUNCTIONS["numpy.sort"] = lambda X, axis=-1, **kind: sort(X, axis=axis)
FUNCTIONS["numpy.nonzero"] = lambda X: nonzero(X, as_tuple=True)
