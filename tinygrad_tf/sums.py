"""Sums of many numbers without the rounding of many additions.

NumPy adds in pairs along an axis whose entries lie side by side, and one by one along any other. A million equal
float32 added one by one are off by a hundredth. Here they are added in blocks of at most ``BLOCK``, then the sums of
the blocks, and so on: what is off stays below a millionth. float16 is added up in float32 and rounded once.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from .products import threads_for

Floats = np.ndarray[Any, Any]

#: How many blocks are added one by one, and how many numbers where there are no more of them.
BLOCK, FEW = 32, 64
#: A product adds four side by side, but not for the last columns, where their number is not a multiple of 16.
PRODUCT = 512
#: Up to so many rows a column of products is off by less than a millionth, and blocks cost more than they bring.
PRODUCTS = 384
#: So many side by side are added in pairs by every NumPy, and longer rows in pieces.
LONG, PIECE = 65_536, 4_096
#: Two rows are multiplied and added up by NumPy in lanes of eight.
ROW = 1024


def sum(X: Any, axis: int | tuple[int, ...] | None = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """``np.sum`` of these arguments.

    >>> sum(np.full((10**6, 2), 0.5, np.float32), 0).tolist()
    [500000.0, 500000.0]
    """
    if dtype is not None or not isinstance(X, np.ndarray) or X.dtype.kind != "f":
        return np.sum(X, axis, dtype=dtype, keepdims=keepdims)
    if X.dtype.char == "e":
        with np.errstate(over="ignore"):  # beyond 65504 a float16 is inf
            return sum(X.astype(np.float32), axis, keepdims).astype(np.float16)
    if X.size > FEW:
        gone = _places(X.ndim, axis)
        n = math.prod([X.shape[a] for a in gone])
        together = n > FEW and _are_side_by_side(X, gone)
        if n > (LONG if together else FEW):
            Y = _long_rows(X, gone, n) if together else _over(X, gone)
            return Y if keepdims else Y.reshape([n for i, n in enumerate(X.shape) if i not in gone])
    reduce: Any = np.add.reduce  # np.sum takes twice as long to call it
    return reduce(X, axis, keepdims=keepdims)


def _long_rows(X: Floats, gone: list[int], n: int) -> Floats:
    """The sums over the last axes, with the axes kept; NumPy before 2.3 adds the sums of 8,192 numbers one by one."""
    rows = X.reshape(-1, n)
    whole = n - n % PIECE
    pieces = np.add.reduce(rows[:, :whole].reshape(len(rows), -1, PIECE), axis=2)
    total = sum(pieces, 1) + np.add.reduce(rows[:, whole:], axis=1)
    return total.reshape([1 if i in gone else m for i, m in enumerate(X.shape)])


def mean(X: Any, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Any:
    """``np.mean`` of these arguments."""
    if not isinstance(X, np.ndarray) or X.dtype.kind != "f" or X.size <= FEW:
        return np.mean(X, axis, keepdims=keepdims)
    total = np.asarray(sum(X, axis, keepdims))
    return total / X.dtype.type(X.size // total.size) if total.size else total


def _are_side_by_side(X: Floats, gone: list[int]) -> bool:
    """Whether what is added up lies side by side in memory: there NumPy adds in pairs."""
    return X.flags.c_contiguous and gone[0] == X.ndim - len(gone)


def _places(n_axes: int, axis: int | tuple[int, ...] | None) -> list[int]:
    """The axes in order, counted from the front; none if NumPy has something to say about them."""
    axes = range(n_axes) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    found = {a % n_axes for a in axes if -n_axes <= a < n_axes}
    return sorted(found) if len(found) == len(axes) else []


def _over(X: Floats, gone: list[int]) -> Floats:
    """The sum over the axes ``gone``, which stay with size 1. Neighbours among them are one axis, if it is free."""
    order = sorted(range(X.ndim), key=lambda i: -abs(X.strides[i]))
    if not X.flags.c_contiguous and X.transpose(order).flags.c_contiguous:  # a transpose of what lies in order
        turned = _over(X.transpose(order), sorted(order.index(a) for a in gone))
        return turned.transpose(np.argsort(order))
    while gone:
        *gone, last = gone
        first = last
        while X.flags.c_contiguous and gone and gone[-1] == first - 1:
            first = gone.pop()
        n, shape = math.prod(X.shape[first : last + 1]), X.shape
        X = _middle(X.reshape(*shape[:first], n, *shape[last + 1 :]), first)
        X = X.reshape(*shape[:first], *(1,) * (last + 1 - first), *shape[last + 1 :])
    return X


def _middle(X: Floats, axis: int) -> Floats:
    """The sum over one axis, which is gone."""
    n, inner = X.shape[axis], math.prod(X.shape[axis + 1 :])
    if n <= FEW or (inner == 1 and X.strides[axis] == X.itemsize):
        return np.asarray(X.sum(axis))
    if axis == 0 and X.flags.c_contiguous:
        return column_sums(X.reshape(n, inner)).reshape(X.shape[1:])
    each = n // BLOCK
    before, after = X.shape[:axis], X.shape[axis + 1 :]
    cut = (slice(None),) * axis
    blocks = X[(*cut, slice(BLOCK * each))].reshape(*before, BLOCK, each, *after)  # a view, wherever X lies
    Y = _middle(np.asarray(blocks.sum(axis)), axis)
    return Y if n == BLOCK * each else Y + X[(*cut, slice(BLOCK * each, None))].sum(axis)


@functools.lru_cache(maxsize=64)
def ones(n: int, dtype: np.dtype[Any]) -> Floats:
    """A row of ones that is made once: there are few lengths, and making it takes as long as the product with it."""
    row = np.ones(n, dtype)
    row.flags.writeable = False
    return row


def column_sums(X: Floats) -> Floats:
    """The sum of each column, (n, m) → (m,), as products with rows of ones: a third of the time of NumPy's sums.

    Warnings of invalid values are off, as in :func:`row_sums`.
    """
    n, m = X.shape
    with np.errstate(invalid="ignore"), threads_for(1, *X.shape):
        if n <= (FEW if m % 16 else PRODUCT):
            return ones(n, X.dtype).dot(X)
        if not X.flags.c_contiguous:
            return np.asarray(sum(X, 0))
        each = n // BLOCK
        blocks = X[: BLOCK * each].reshape(BLOCK, each * m)  # row i of a block stands beside row i of the others
        Y = column_sums(ones(BLOCK, X.dtype).dot(blocks).reshape(each, m))
        return Y if n == BLOCK * each else Y + ones(n - BLOCK * each, X.dtype).dot(X[BLOCK * each :])


def row_sums(X: Floats) -> Floats:
    """The sum of each row, (n, m) → (n, 1), as a matrix product: NumPy's sums of short rows take four times as long.

    Warnings of invalid values are off. For rows of five float32, OpenBLAS 0.3.31 also multiplies what happens to lie on
    its stack. The result is right, but a NaN there would give a warning.
    """
    n, m = X.shape
    if m > PRODUCT and m % PRODUCT == 0 and X.flags.c_contiguous:
        return np.asarray(sum(row_sums(X.reshape(-1, PRODUCT)).reshape(n, m // PRODUCT), 1, keepdims=True))
    if m > PRODUCT:
        return np.asarray(sum(X, 1, keepdims=True))
    with np.errstate(invalid="ignore"), threads_for(1, *X.shape):
        return X.dot(ones(m, X.dtype))[:, None]


def row_products(A: Floats, B: Floats) -> Floats:
    """Σ A ⊙ B along the last axis, (..., m) → (..., 1)."""
    m = A.shape[-1]
    if m <= ROW:
        return np.einsum("...i,...i->...", A, B)[..., None]
    each = m // ROW
    A_, B_ = (X[..., : ROW * each].reshape(*X.shape[:-1], each, ROW) for X in (A, B))
    Y = sum(np.einsum("...i,...i->...", A_, B_), -1, keepdims=True)
    return Y if m == ROW * each else Y + row_products(A[..., ROW * each :], B[..., ROW * each :])


def column_products(A: Floats, B: Floats) -> Floats:
    """Σ A ⊙ B down the columns, (n, m) → (m,)."""
    n, m = A.shape
    if n <= PRODUCTS:
        return np.einsum("ij,ij->j", A, B)
    if not (A.flags.c_contiguous and B.flags.c_contiguous):
        return np.asarray(sum(A * B, 0))
    each = n // BLOCK
    A_, B_ = (X[: BLOCK * each].reshape(BLOCK, each * m) for X in (A, B))
    Y = column_sums(np.einsum("ij,ij->j", A_, B_).reshape(each, m))
    return Y if n == BLOCK * each else Y + np.einsum("ij,ij->j", A[BLOCK * each :], B[BLOCK * each :])


def run_sums(X: Floats, starts: np.ndarray[Any, Any]) -> Floats:
    """The sum of each run of rows, which begin at ``starts`` and go on to the next: (n, m) → (len(starts), m)."""
    if len(X) <= FEW:
        return np.add.reduceat(X, starts, axis=0)
    lengths = np.append(starts[1:], len(X)) - starts
    if lengths.max() <= FEW:
        return np.add.reduceat(X, starts, axis=0)
    blocks = -(-lengths // BLOCK)
    ends = np.cumsum(blocks)
    within = np.arange(ends[-1]) - np.repeat(ends - blocks, blocks)
    return run_sums(np.add.reduceat(X, np.repeat(starts, blocks) + BLOCK * within, axis=0), ends - blocks)


def cumsum(X: Floats, axis: int) -> Floats:
    """``np.cumsum(X, axis)``. float32 is added up in float64, for a sum so far has no blocks."""
    if X.dtype.char in "ef":
        return np.cumsum(X, axis, dtype=np.float64).astype(X.dtype)
    return np.cumsum(X, axis)


def squares(X: Floats) -> float:
    """Σ X², as a Python float."""
    flat = X.astype(np.float32).reshape(-1) if X.dtype.char == "e" else X.reshape(-1)
    if len(flat) <= ROW:
        return float(np.vdot(flat, flat))
    n = len(flat) // ROW * ROW
    rows, rest = flat[:n].reshape(-1, ROW), flat[n:]
    return float(np.einsum("ij,ij->i", rows, rows).sum(dtype=np.float64)) + float(np.vdot(rest, rest))
