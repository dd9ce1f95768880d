"""softmax, log_softmax, layer_norm and rms_norm, a row at a time, which stays in the nearest cache.

A norm's sums are added up in the vector's lanes, which is closer to the truth than one by one, and ten times as fast.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import prange

from ...sums import BLOCK, column_sums
from .. import rows as plain
from . import team
from .numbers import WIDE, dot, exp, sum_of, top_of
from .team import fits, inner, kernel, reordering

Floats = np.ndarray[Any, Any]
Needs = tuple[bool, ...]


@inner()
def softmax_row(x: Any, y: Any) -> None:
    top = top_of(x)
    for j in range(x.size):
        y[j] = exp(x[j] - top)  # exp overflows float32 above 88
    scale = x.dtype.type(1) / sum_of(y)
    for j in range(x.size):
        y[j] *= scale


@kernel
def _softmax(n: Any, X: Any, Y: Any) -> None:
    for w in prange(n):
        for i in range(w * len(X) // n, (w + 1) * len(X) // n):
            softmax_row(X[i], Y[i])


@inner()
def _d_softmax_row(dy: Any, y: Any, dx: Any) -> None:
    total = dot(dy, y)
    for j in range(dy.size):
        dx[j] = (dy[j] - total) * y[j]


@kernel
def _d_softmax(n: Any, dY: Any, Y: Any, dX: Any) -> None:
    for w in prange(n):
        for i in range(w * len(Y) // n, (w + 1) * len(Y) // n):
            _d_softmax_row(dY[i], Y[i], dX[i])


@inner()
def _log_softmax_row(x: Any, y: Any) -> None:
    top = top_of(x)
    for j in range(x.size):
        y[j] = exp(x[j] - top)
    log_total = x.dtype.type(math.log(sum_of(y)))
    for j in range(x.size):
        y[j] = (x[j] - top) - log_total


@kernel
def _log_softmax(n: Any, X: Any, Y: Any) -> None:
    for w in prange(n):
        for i in range(w * len(X) // n, (w + 1) * len(X) // n):
            _log_softmax_row(X[i], Y[i])


@inner()
def _d_log_softmax_row(dy: Any, y: Any, dx: Any) -> None:
    total = sum_of(dy)
    for j in range(dy.size):
        dx[j] = dy[j] - exp(y[j]) * total


@kernel
def _d_log_softmax(n: Any, dY: Any, Y: Any, dX: Any) -> None:
    for w in prange(n):
        for i in range(w * len(Y) // n, (w + 1) * len(Y) // n):
            _d_log_softmax_row(dY[i], Y[i], dX[i])


@inner()
def _left(row: Any, middle: Any) -> Any:
    """The mean of what is left of a row after the subtraction of its mean, which was rounded.

    It counts in a row that lies far from 0, beside its spread. Nothing is reordered here: total + x − middle would lose
    it.
    """
    total = row.dtype.type(0)
    for j in range(row.size):
        total += row[j] - middle
    return total / row.dtype.type(row.size)


@reordering
def _norm(n: Any, centred: Any, X: Any, W: Any, b: Any, eps: Any, Y: Any, mean: Any, rstd: Any) -> None:
    count, size = X.shape
    one, zero, far = X.dtype.type(1), X.dtype.type(0), X.dtype.type(plain.FAR)
    part = one / X.dtype.type(size)
    for w in prange(n):
        for i in range(w * count // n, (w + 1) * count // n):
            middle = zero
            if centred:
                for j in range(size):
                    middle += X[i, j]
                middle *= part
                mean[i, 0] = middle
            squares = zero
            for j in range(size):
                squares += (X[i, j] - middle) * (X[i, j] - middle)
            scale = one / X.dtype.type(math.sqrt(squares * part + eps))
            shift = zero
            if abs(middle) * scale > far:
                left = _left(X[i], middle)
                scale = one / X.dtype.type(math.sqrt(squares * part - left * left + eps))
                shift = -left * scale
            rstd[i, 0] = scale
            if W.size and b.size:
                for j in range(size):
                    Y[i, j] = ((X[i, j] - middle) * scale + shift) * W[j] + b[j]
            elif W.size:
                for j in range(size):
                    Y[i, j] = ((X[i, j] - middle) * scale + shift) * W[j]
            else:
                for j in range(size):
                    Y[i, j] = (X[i, j] - middle) * scale + shift


@inner()
def _add_up(rows: Any) -> None:
    """Add the other rows to the first, in float64."""
    for j in range(rows.shape[1]):
        total = 0.0
        for i in range(len(rows)):
            total += rows[i, j]
        rows[0, j] = total


@reordering
def _d_norm(n: Any, centred: Any, dY: Any, X: Any, mean: Any, rstd: Any, W: Any, dX: Any, dW: Any, db: Any) -> None:
    """dX, dW and db. Each piece has rows of dW and db of its own, one for each BLOCK rows; both begin as zeros. In the
    end the first row is the sum of all.
    """
    count, size = X.shape
    one, zero, far = X.dtype.type(1), X.dtype.type(0), X.dtype.type(plain.FAR)
    part = one / X.dtype.type(size)
    for w in prange(n):
        first = w * count // n
        for i in range(first, (w + 1) * count // n):
            middle, scale = mean[i, 0] if centred else zero, rstd[i, 0]
            shift = -_left(X[i], middle) * scale if abs(middle) * scale > far else zero
            if dX.size:
                total, along = zero, zero
                if W.size:
                    for j in range(size):
                        d = dY[i, j] * W[j]
                        total += d
                        along += d * ((X[i, j] - middle) * scale + shift)
                else:
                    for j in range(size):
                        total += dY[i, j]
                        along += dY[i, j] * ((X[i, j] - middle) * scale + shift)
                total = total * part if centred else zero
                along *= part
                if W.size:
                    for j in range(size):
                        dX[i, j] = (dY[i, j] * W[j] - total - ((X[i, j] - middle) * scale + shift) * along) * scale
                else:
                    for j in range(size):
                        dX[i, j] = (dY[i, j] - total - ((X[i, j] - middle) * scale + shift) * along) * scale
            block = (i - first) // BLOCK
            if dW.size:
                for j in range(size):
                    dW[w, block, j] += dY[i, j] * ((X[i, j] - middle) * scale + shift)
            if db.size:
                for j in range(size):
                    db[w, block, j] += dY[i, j]
        if dW.size:
            _add_up(dW[w])
        if db.size:
            _add_up(db[w])


def _last(X: Floats, axis: int) -> bool:
    return X.ndim > 0 and axis in (-1, X.ndim - 1) and X.shape[-1] <= WIDE


def _rows(X: Floats, width: int) -> Floats:
    return X.reshape(X.size // width, width)


def softmax(X: Floats, *, axis: int) -> tuple[Floats, None]:
    if not (_last(X, axis) and fits(X)):
        return plain.softmax(X, axis=axis)
    Y, width = np.empty_like(X), X.shape[-1]
    _softmax(X.size, _rows(X, width), _rows(Y, width))
    return Y, None


def d_softmax(dY: Floats, Y: Floats, saved: None, needs: Needs, X: Floats, *, axis: int) -> tuple[Floats]:
    if not (_last(Y, axis) and fits(Y, dY)):
        return plain.d_softmax(dY, Y, saved, needs, X, axis=axis)
    dX, width = np.empty_like(Y), Y.shape[-1]
    _d_softmax(Y.size / 2, _rows(dY, width), _rows(Y, width), _rows(dX, width))
    return (dX,)


def log_softmax(X: Floats, *, axis: int) -> tuple[Floats, None]:
    if not (_last(X, axis) and fits(X)):
        return plain.log_softmax(X, axis=axis)
    Y, width = np.empty_like(X), X.shape[-1]
    _log_softmax(X.size, _rows(X, width), _rows(Y, width))
    return Y, None


def d_log_softmax(dY: Floats, Y: Floats, saved: None, needs: Needs, X: Floats, *, axis: int) -> tuple[Floats]:
    if not (_last(Y, axis) and fits(Y, dY)):
        return plain.d_log_softmax(dY, Y, saved, needs, X, axis=axis)
    dX, width = np.empty_like(Y), Y.shape[-1]
    _d_log_softmax(Y.size, _rows(dY, width), _rows(Y, width), _rows(dX, width))
    return (dX,)


def layer_norm(
    X: Floats, W: Floats | None = None, b: Floats | None = None, *, n_axes: int, eps: float
) -> tuple[Floats, tuple[Floats, Floats]]:
    width = math.prod(X.shape[X.ndim - n_axes :])
    if width > WIDE or not fits(X, W, b):
        return plain.layer_norm(X, W, b, n_axes=n_axes, eps=eps)
    each = X.size // width, 1
    Y, mean, rstd = np.empty_like(X), np.empty(each, X.dtype), np.empty(each, X.dtype)
    _norm(X.size, True, _rows(X, width), _flat(W, X), _flat(b, X), eps, _rows(Y, width), mean, rstd)
    return Y, (mean, rstd)


def d_layer_norm(
    dY: Floats, Y: Floats, saved: tuple[Floats, Floats], needs: Needs,
    X: Floats, W: Floats | None = None, b: Floats | None = None, *, n_axes: int, eps: float,
) -> tuple[Floats | None, ...]:  # fmt: skip
    wide = math.prod(X.shape[X.ndim - n_axes :]) > WIDE
    if wide or not fits(X, dY, *saved, W, b):
        return plain.d_layer_norm(dY, Y, saved, needs, X, W, b, n_axes=n_axes, eps=eps)
    return _gradients(True, dY, *saved, needs, X, W, n_axes)


def rms_norm(X: Floats, W: Floats | None = None, *, n_axes: int, eps: float) -> tuple[Floats, Floats]:
    width = math.prod(X.shape[X.ndim - n_axes :])
    if width > WIDE or not fits(X, W):
        return plain.rms_norm(X, W, n_axes=n_axes, eps=eps)
    Y, rrms = np.empty_like(X), np.empty((X.size // width, 1), X.dtype)
    _norm(X.size, False, _rows(X, width), _flat(W, X), _flat(None, X), eps, _rows(Y, width), rrms, rrms)
    return Y, rrms


def d_rms_norm(
    dY: Floats, Y: Floats, rrms: Floats, needs: Needs, X: Floats, W: Floats | None = None, *, n_axes: int, eps: float
) -> tuple[Floats | None, ...]:
    wide = math.prod(X.shape[X.ndim - n_axes :]) > WIDE
    if wide or not fits(X, dY, rrms, W):
        return plain.d_rms_norm(dY, Y, rrms, needs, X, W, n_axes=n_axes, eps=eps)
    return _gradients(False, dY, rrms, rrms, needs, X, W, n_axes)[:2]


def _flat(W: Floats | None, X: Floats) -> Floats:
    return np.empty(0, X.dtype) if W is None else W.reshape(-1)


def _gradients(
    centred: bool, dY: Floats, mean: Floats, rstd: Floats, needs: Needs, X: Floats, W: Floats | None, n_axes: int
) -> tuple[Floats | None, ...]:
    shape = X.shape[X.ndim - n_axes :]
    width = math.prod(shape)
    dX = np.empty(X.shape if needs[0] else (0,) * X.ndim, X.dtype)
    pieces = team.pieces(X.size)
    blocks = pieces, X.size // width // pieces // BLOCK + 1, width
    dW, db = (np.zeros(blocks if need == (True,) else (0, 0, 0), X.dtype) for need in (needs[1:2], needs[2:]))
    _d_norm(X.size, centred, _rows(dY, width), _rows(X, width), mean, rstd, _flat(W, X), _rows(dX, width), dW, db)
    return dX if needs[0] else None, _whole(dW, shape), _whole(db, shape)


def _whole(parts: Floats, shape: tuple[int, ...]) -> Floats | None:
    """The sum of what the pieces have added up."""
    if not parts.size:
        return None
    rows = parts[:, 0]
    return (column_sums(rows) if len(rows) > 1 else rows[0].copy()).reshape(shape)
