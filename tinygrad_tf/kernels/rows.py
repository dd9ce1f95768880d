"""softmax, log_softmax and layer_norm: each row on its own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Floats = np.ndarray[Any, Any]
Needs = tuple[bool, ...]


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
    shape = X.shape[X.ndim - n_axes :]
    rows = X.reshape(math.prod(X.shape[: X.ndim - n_axes]), math.prod(shape))
    n = rows.shape[1] or 1  # rows without entries
    Xhat = rows - rows.sum(axis=1, keepdims=True) / n
    variance = np.einsum("ij,ij->i", Xhat, Xhat)[:, None] / n
    rstd = 1 / np.sqrt(variance + eps)
    Xhat *= rstd
    Xhat = Xhat.reshape(X.shape)
    Y = Xhat.copy() if W is None else Xhat * W
    if b is not None:
        Y += b
    return Y, (Xhat, rstd)


def d_layer_norm(
    dY: Floats, Y: Floats, saved: tuple[Floats, Floats], needs: Needs,
    X: Floats, W: Floats | None = None, b: Floats | None = None, *, n_axes: int, eps: float,
) -> tuple[Floats | None, ...]:  # fmt: skip
    Xhat, rstd = saved
    dX = dW = db = None
    if needs[0]:
        rows = rstd.shape[0], math.prod(X.shape[X.ndim - n_axes :])
        dXhat = (dY if W is None else dY * W).reshape(rows)
        flat = Xhat.reshape(rows)
        n = rows[1] or 1
        along = np.einsum("ij,ij->i", dXhat, flat)[:, None] / n
        dX = dXhat - dXhat.sum(axis=1, keepdims=True) / n
        dX -= flat * along
        dX *= rstd
        dX = dX.reshape(X.shape)
    batch = tuple(range(X.ndim - n_axes))
    if needs[1:2] == (True,):
        dW = (dY * Xhat).sum(axis=batch)
    if needs[2:] == (True,):
        db = dY.sum(axis=batch)
    return dX, dW, db


def rms_norm(X: Floats, W: Floats | None = None, *, n_axes: int, eps: float) -> tuple[Floats, tuple[Floats, Floats]]:
    rows = X.reshape(math.prod(X.shape[: X.ndim - n_axes]), math.prod(X.shape[X.ndim - n_axes :]))
    rrms = 1 / np.sqrt(np.einsum("ij,ij->i", rows, rows)[:, None] / (rows.shape[1] or 1) + eps)
    Xhat = (rows * rrms).reshape(X.shape)
    return Xhat.copy() if W is None else Xhat * W, (Xhat, rrms)


def d_rms_norm(
    dY: Floats, Y: Floats, saved: tuple[Floats, Floats], needs: Needs, X: Floats, W: Floats | None = None, *,
    n_axes: int, eps: float,
) -> tuple[Floats | None, ...]:  # fmt: skip
    Xhat, rrms = saved
    dX = dW = None
    if needs[0]:
        rows = rrms.shape[0], math.prod(X.shape[X.ndim - n_axes :])
        dXhat = (dY if W is None else dY * W).reshape(rows)
        flat = Xhat.reshape(rows)
        dX = dXhat - flat * (np.einsum("ij,ij->i", dXhat, flat)[:, None] / (rows[1] or 1))
        dX *= rrms
        dX = dX.reshape(X.shape)
    if needs[1:] == (True,):
        dW = (dY * Xhat).sum(axis=tuple(range(X.ndim - n_axes)))
    return dX, dW
