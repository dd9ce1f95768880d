"""cross_entropy over rows of logits, without ever storing a one-hot target."""

from __future__ import annotations

from typing import Any

import numpy as np

Floats = np.ndarray[Any, Any]
Needs = tuple[bool, ...]


def cross_entropy(
    X: Floats, t: Floats, w: Floats | None = None, *, ignore_index: int, label_smoothing: float, reduction: str
) -> tuple[Floats, tuple[Floats, Floats, Floats, Any]]:
    n_classes = X.shape[-1]
    rows, ids = X.reshape(-1, n_classes), t.reshape(-1)
    valid = ids != ignore_index
    ids = np.where(valid, ids, 0)
    P = rows - rows.max(axis=1, keepdims=True)  # exp overflows float32 above 88
    chosen = np.take_along_axis(P, ids[:, None], 1)[:, 0]
    spread = (P.sum(axis=1) if w is None else P @ w) if label_smoothing else None
    np.exp(P, out=P)
    total = P.sum(axis=1)
    log_total = np.log(total)
    P /= total[:, None]
    weight = valid.astype(X.dtype) if w is None else np.where(valid, w[ids], 0)
    L = weight * (log_total - chosen) * (1 - label_smoothing)
    if spread is not None:
        mass = n_classes if w is None else w.sum()
        L += valid * (mass * log_total - spread) * (label_smoothing / n_classes)
    divisor = weight.sum() if reduction == "mean" else X.dtype.type(1)
    if reduction == "none":
        return L.reshape(t.shape), (P, valid, weight, divisor)
    with np.errstate(invalid="ignore"):  # no valid row: 0/0 is NaN, as in PyTorch
        return L.sum() / divisor, (P, valid, weight, divisor)


def d_cross_entropy(
    dY: Floats, Y: Floats, saved: tuple[Floats, Floats, Floats, Any], needs: Needs, X: Floats, t: Floats,
    w: Floats | None = None, *, ignore_index: int, label_smoothing: float, reduction: str,
) -> tuple[Floats | None, ...]:  # fmt: skip
    P, valid, weight, divisor = saved
    n_rows, n_classes = P.shape
    smooth = label_smoothing / n_classes
    ids = np.where(valid, t.reshape(-1), 0)
    mass = weight * (1 - label_smoothing) + valid * (smooth * (n_classes if w is None else w.sum()))
    dX = P * mass[:, None].astype(P.dtype)
    if label_smoothing:
        dX -= valid[:, None] * ((smooth if w is None else smooth * w) * np.ones(n_classes, P.dtype))
    dX[np.arange(n_rows), ids] -= weight * (1 - label_smoothing)
    if reduction == "none":
        dX *= dY.reshape(-1, 1)
    else:
        dX *= dY / (divisor or 1)  # 0 if no row counts; then dX is 0, as in PyTorch
    return dX.reshape(X.shape), None, None
