"""softmax, log_softmax, layer_norm and rms_norm. Each row is computed on its own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Floats = np.ndarray[Any, Any]
Needs = tuple[bool, ...]


def row_sums(X: Floats) -> Floats:
    """The sum of each row, (n, m) → (n, 1), as a matrix product: NumPy's sums of short rows take four times as long.

    Warnings of invalid values are off. For rows of five float32, OpenBLAS 0.3.31 also multiplies what happens to lie on
    its stack. The result is right, but a NaN there would give a warning.
    """
    with np.errstate(invalid="ignore"):
        return (X @ np.ones(X.shape[1], X.dtype))[:, None]


def column_sums(X: Floats) -> Floats:
    """The sum of each column, (n, m) → (m,), in the same way."""
    with np.errstate(invalid="ignore"):
        return np.ones(X.shape[0], X.dtype) @ X


def softmax(X: Floats, *, axis: int) -> tuple[Floats, None]:
    top = X.max(axis=axis, keepdims=True, initial=-np.inf)  # rows without entries have no maximum
    Y = np.asarray(X - top)  # exp overflows float32 above 88
    np.exp(Y, out=Y)
    Y /= Y.sum(axis=axis, keepdims=True)
    return Y, None


def d_softmax(dY: Floats, Y: Floats, saved: None, needs: Needs, X: Floats, *, axis: int) -> tuple[Floats]:
    dX = np.asarray(dY * Y)  # asarray: without axes the product is a scalar, which out= below cannot fill
    total = dX.sum(axis=axis, keepdims=True)
    np.subtract(dY, total, out=dX)
    dX *= Y
    return (dX,)


def log_softmax(X: Floats, *, axis: int) -> tuple[Floats, None]:
    top = X.max(axis=axis, keepdims=True, initial=-np.inf)  # rows without entries have no maximum
    if X.size == 0:
        return X.copy(), None
    Y = X - top  # exp overflows float32 above 88
    Y -= np.log(np.exp(Y).sum(axis=axis, keepdims=True))
    return Y, None


def d_log_softmax(dY: Floats, Y: Floats, saved: None, needs: Needs, X: Floats, *, axis: int) -> tuple[Floats]:
    dX = np.asarray(np.exp(Y))
    dX *= dY.sum(axis=axis, keepdims=True)
    np.subtract(dY, dX, out=dX)
    return (dX,)


def layer_norm(
    X: Floats, W: Floats | None = None, b: Floats | None = None, *, n_axes: int, eps: float
) -> tuple[Floats, tuple[Floats, Floats]]:
    rows = X.reshape(math.prod(X.shape[: X.ndim - n_axes]), math.prod(X.shape[X.ndim - n_axes :]))
    n = rows.shape[1] or 1  # rows without entries
    mean = row_sums(rows)
    mean /= n
    Y = rows - mean
    rstd = 1 / np.sqrt(np.einsum("ij,ij->i", Y, Y)[:, None] / n + eps)
    Y *= rstd
    Y = Y.reshape(X.shape)
    if W is not None:
        Y *= W
    if b is not None:
        Y += b
    return Y, (mean, rstd)


def d_layer_norm(
    dY: Floats, Y: Floats, saved: tuple[Floats, Floats], needs: Needs,
    X: Floats, W: Floats | None = None, b: Floats | None = None, *, n_axes: int, eps: float,
) -> tuple[Floats | None, ...]:  # fmt: skip
    mean, rstd = saved
    Xhat = X.reshape(len(rstd), math.prod(X.shape[X.ndim - n_axes :])) - mean
    Xhat *= rstd
    dX, dW, dXhat = _d_normalised(dY, Xhat, rstd, needs, X, W, n_axes)
    if dX is not None:
        dX -= row_sums(dXhat) / (dXhat.shape[1] or 1)
        dX *= rstd
        dX = dX.reshape(X.shape)
    db = column_sums(dY.reshape(Xhat.shape)).reshape(X.shape[X.ndim - n_axes :]) if needs[2:] == (True,) else None
    return dX, dW, db


def _d_normalised(
    dY: Floats, Xhat: Floats, rstd: Floats, needs: Needs, X: Floats, W: Floats | None, n_axes: int
) -> tuple[Floats | None, Floats | None, Floats]:
    """dX̂ − X̂ · mean(dX̂ ⊙ X̂) in rows, dW, and dX̂ in rows. X̂ is overwritten."""
    dW = None
    if needs[1:2] == (True,):
        shape = X.shape[X.ndim - n_axes :]
        dW = np.einsum("ij,ij->j", dY.reshape(Xhat.shape), Xhat).reshape(shape)
    dXhat = (dY if W is None else dY * W).reshape(Xhat.shape)
    if not needs[0]:
        return None, dW, dXhat
    Xhat *= np.einsum("ij,ij->i", dXhat, Xhat)[:, None] / (Xhat.shape[1] or 1)
    return np.subtract(dXhat, Xhat, out=Xhat), dW, dXhat


def rms_norm(X: Floats, W: Floats | None = None, *, n_axes: int, eps: float) -> tuple[Floats, Floats]:
    rows = X.reshape(math.prod(X.shape[: X.ndim - n_axes]), math.prod(X.shape[X.ndim - n_axes :]))
    rrms = 1 / np.sqrt(np.einsum("ij,ij->i", rows, rows)[:, None] / (rows.shape[1] or 1) + eps)
    Y = (rows * rrms).reshape(X.shape)
    if W is not None:
        Y *= W
    return Y, rrms


def d_rms_norm(
    dY: Floats, Y: Floats, rrms: Floats, needs: Needs, X: Floats, W: Floats | None = None, *, n_axes: int, eps: float
) -> tuple[Floats | None, ...]:
    Xhat = X.reshape(len(rrms), math.prod(X.shape[X.ndim - n_axes :])) * rrms
    dX, dW, _ = _d_normalised(dY, Xhat, rrms, needs, X, W, n_axes)
    if dX is not None:
        dX *= rrms
        dX = dX.reshape(X.shape)
    return dX, dW
