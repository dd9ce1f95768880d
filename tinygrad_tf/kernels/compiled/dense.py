"""linear and embedding. A product is shared between threads, and so are the columns of an embedding's gradient."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import prange

from ...products import SMALL
from .. import dense
from .gemm import PLAIN, TURNED, gemm, one_thread, threads_as
from .team import fits, inner, kernel, shared

Floats = np.ndarray[Any, Any]
Needs = tuple[bool, ...]

#: So much work, in nanoseconds, is a product that NumPy's kernels would not share between threads either.
ALONE = SMALL / 50


@inner()
def _piece(w: Any, n: Any, rows: Any, columns: Any) -> Any:
    """Piece w of n, cut along the longer side: the first row, the row after the last, and likewise the columns."""
    if rows >= columns:
        return w * rows // n, (w + 1) * rows // n, 0, columns
    return 0, rows, w * columns // n, (w + 1) * columns // n


@inner()
def _product(w: Any, n: Any, turn_a: Any, turn_b: Any, A: Any, B: Any, C: Any) -> None:
    """Piece w of n of C = A · B, where each of A and B is taken as it is or transposed."""
    size, (rows, columns) = C.itemsize, C.shape
    r0, r1, c0, c1 = _piece(w, n, rows, columns)
    down, count = (1, A.shape[0]) if turn_a == TURNED else (A.shape[1], A.shape[1])  # entries of A from row to row of C
    along = B.shape[1] if turn_b == TURNED else 1  # and of B from column to column
    gemm(
        turn_a,
        turn_b,
        r1 - r0,
        c1 - c0,
        count,
        C.dtype.type(1),
        A.ctypes.data + r0 * down * size,
        A.shape[1],
        B.ctypes.data + c0 * along * size,
        B.shape[1],
        C.dtype.type(0),
        C.ctypes.data + (r0 * columns + c0) * size,
        columns,
    )


@kernel
def _forward(n: Any, X: Any, W: Any, b: Any, Y: Any) -> None:
    """Y = X · Wᵀ, plus b if it has entries; cut along the longer side of Y."""
    before = one_thread()
    for w in prange(n):
        _product(w, n, PLAIN, TURNED, X, W, Y)
        if b.size:
            r0, r1, c0, c1 = _piece(w, n, len(Y), len(W))
            for i in range(r0, r1):
                y, add = Y[i, c0:c1], b[c0:c1]
                for j in range(c1 - c0):
                    y[j] += add[j]
    threads_as(before)


@kernel
def _back(n: Any, dY: Any, X: Any, W: Any, dX: Any, dW: Any, db: Any) -> None:
    """The gradients dX = dY · W, dW = dYᵀ · X and db, the sums of dY's columns in float64: those that have entries."""
    before = one_thread()
    for w in prange(n):
        if dX.size:
            _product(w, n, PLAIN, PLAIN, dY, W, dX)
        if dW.size:
            _product(w, n, TURNED, PLAIN, dY, X, dW)
        if db.size:
            start, end = w * db.size // n, (w + 1) * db.size // n
            totals = np.zeros(end - start, np.float64)
            for i in range(len(dY)):
                dy = dY[i, start:end]
                for j in range(end - start):
                    totals[j] += dy[j]
            db[start:end] = totals
    threads_as(before)


def linear(X: Floats, W: Floats, b: Floats | None = None) -> tuple[Floats, None]:
    work = X.size * W.shape[0] / 50
    few = X.size < 16 * X.shape[-1]  # a product of few rows would copy all of W; NumPy's reads it in place
    alone = b is not None and work < ALONE
    if few or not (alone or shared(work)) or not fits(X, W, b):
        return dense.linear(X, W, b)
    Y = np.empty((*X.shape[:-1], W.shape[0]), X.dtype)
    none = np.empty(0, X.dtype)
    _forward(work, _rows(X), W, none if b is None else b, _rows(Y))
    return Y, None


def d_linear(
    dY: Floats, Y: Floats, saved: None, needs: Needs, X: Floats, W: Floats, b: Floats | None = None
) -> tuple[Floats | None, ...]:
    work = X.size * W.shape[0] / 50
    if dY.size and not dY.flags.c_contiguous:
        dY = np.ascontiguousarray(dY)
    if not (work < ALONE or shared(work)) or not fits(X, W, dY):
        return dense.d_linear(dY, Y, saved, needs, X, W, b)
    rows = _rows(X)
    dX = np.empty(rows.shape if needs[0] else (0, 0), X.dtype)
    dW = np.empty(W.shape if needs[1] else (0, 0), X.dtype)
    db = np.empty(len(W) if needs[2:] == (True,) else 0, X.dtype)
    _back(2 * work, _rows(dY), rows, W, dX, dW, db)
    return dX.reshape(X.shape) if needs[0] else None, dW if needs[1] else None, db if db.size else None


def _rows(X: Floats) -> Floats:
    return X.reshape(math.prod(X.shape[:-1]), X.shape[-1])


@inner()
def _places(ids: Any, place: Any) -> Any:
    """Number the ids that occur, in the order in which they come: ``place[id]`` is the number, else −1."""
    count = 0
    place[:] = -1
    for id in ids:
        if place[id] < 0:
            place[id] = count
            count += 1
    return count


@kernel
def _add_rows(n: Any, ids: Any, place: Any, count: Any, dY: Any, dW: Any) -> None:
    """Rows of dY that have the same id, added up in float64, as the row of dW with this id; cut along the columns."""
    columns = dY.shape[1]
    for w in prange(n):
        a, z = w * columns // n, (w + 1) * columns // n
        totals = np.zeros((count, z - a), np.float64)
        for i in range(len(ids)):
            total, dy = totals[place[ids[i]]], dY[i, a:z]
            for j in range(z - a):
                total[j] += dy[j]
        for id in range(len(dW)):
            if place[id] >= 0:
                dW[id, a:z] = totals[place[id]]


def d_embedding(
    dY: Floats, Y: Floats, saved: None, needs: Needs, ids: Floats, W: Floats, *, padding_idx: int | None
) -> tuple[Floats | None, ...]:
    flat = np.ascontiguousarray(ids.reshape(-1), np.int64)
    n = len(W)
    # NumPy says what is wrong with an id that has become none since; here it would be written to somewhere.
    if not (W.size and flat.size and fits(dY)) or flat.min() < 0 or flat.max() >= n:
        return dense.d_embedding(dY, Y, saved, needs, ids, W, padding_idx=padding_idx)
    dW, place = np.zeros(W.shape, dY.dtype), np.empty(n, np.int64)
    _add_rows(dY.size, flat, place, _places(flat, place), _rows(dY), dW)
    if padding_idx is not None:
        dW[padding_idx] = 0
    return None, dW
