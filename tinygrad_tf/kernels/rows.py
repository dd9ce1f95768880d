"""softmax, log_softmax, layer_norm and rms_norm. Each row is computed on its own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import sums
from ..sums import column_products, column_sums, row_products, row_sums

Floats = np.ndarray[Any, Any]
Needs = tuple[bool, ...]

#: How many times its spread a row's mean may be, before its last digit counts.
FAR = 8.0


def softmax(X: Floats, *, axis: int) -> tuple[Floats, None]:
    top = X.max(axis=axis, keepdims=True, initial=-np.inf)  # rows without entries have no maximum
    Y = np.asarray(X - top)  # exp overflows float32 above 88
    np.exp(Y, out=Y)
    Y /= sums.sum(Y, axis, keepdims=True)
    return Y, None


def d_softmax(dY: Floats, Y: Floats, saved: None, needs: Needs, X: Floats, *, axis: int) -> tuple[Floats]:
    dX = np.asarray(dY * Y)  # asarray: without axes the product is a scalar, which out= below cannot fill
    np.subtract(dY, sums.sum(dX, axis, keepdims=True), out=dX)
    dX *= Y
    return (dX,)


def log_softmax(X: Floats, *, axis: int) -> tuple[Floats, None]:
    top = X.max(axis=axis, keepdims=True, initial=-np.inf)  # rows without entries have no maximum
    if X.size == 0:
        return X.copy(), None
    Y = X - top  # exp overflows float32 above 88
    Y -= np.log(sums.sum(np.exp(Y), axis, keepdims=True))
    return Y, None


def d_log_softmax(dY: Floats, Y: Floats, saved: None, needs: Needs, X: Floats, *, axis: int) -> tuple[Floats]:
    dX = np.asarray(np.exp(Y))
    dX *= sums.sum(dY, axis, keepdims=True)
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
    rstd = 1 / np.sqrt(row_products(Y, Y) / n + eps)
    if is_far(mean, rstd):
        Y -= row_sums(Y) / n
        rstd = 1 / np.sqrt(row_products(Y, Y) / n + eps)
    Y *= rstd
    Y = Y.reshape(X.shape)
    if W is not None:
        Y *= W
    if b is not None:
        Y += b
    return Y, (mean, rstd)


def is_far(mean: Floats, rstd: Floats) -> bool:
    """Whether some row lies so far from 0, beside its spread, that the rounding of its mean counts.

    What is left after the subtraction then has a mean of its own, which is subtracted, too.
    """
    far = mean * rstd
    far *= far
    return bool(np.maximum.reduce(far, axis=None, initial=0) > FAR * FAR)  # false for NaN, which stays NaN


def d_layer_norm(
    dY: Floats, Y: Floats, saved: tuple[Floats, Floats], needs: Needs,
    X: Floats, W: Floats | None = None, b: Floats | None = None, *, n_axes: int, eps: float,
) -> tuple[Floats | None, ...]:  # fmt: skip
    mean, rstd = saved
    Xhat = X.reshape(len(rstd), math.prod(X.shape[X.ndim - n_axes :])) - mean
    if is_far(mean, rstd):
        Xhat -= row_sums(Xhat) / Xhat.shape[1]
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
        dW = column_products(dY.reshape(Xhat.shape), Xhat).reshape(shape)
    dXhat = (dY if W is None else dY * W).reshape(Xhat.shape)
    if not needs[0]:
        return None, dW, dXhat
    Xhat *= row_products(dXhat, Xhat) / (Xhat.shape[1] or 1)
    return np.subtract(dXhat, Xhat, out=Xhat), dW, dXhat


def rms_norm(X: Floats, W: Floats | None = None, *, n_axes: int, eps: float) -> tuple[Floats, Floats]:
    rows = X.reshape(math.prod(X.shape[: X.ndim - n_axes]), math.prod(X.shape[X.ndim - n_axes :]))
    rrms = 1 / np.sqrt(row_products(rows, rows) / (rows.shape[1] or 1) + eps)
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
