"""cross_entropy over rows of logits: a row at a time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import prange

from .. import loss as plain
from .numbers import exp, long_sum_of, top_of
from .team import fits, inner, kernel

Floats = np.ndarray[Any, Any]
Needs = tuple[bool, ...]


@inner()
def _exp_row(x: Any, top: Any, y: Any) -> None:
    for j in range(x.size):
        y[j] = exp(x[j] - top)  # exp overflows float32 above 88


@kernel
def _tops(n: Any, X: Any, out: Any) -> None:
    for w in prange(n):
        buffer = np.empty(X.shape[1], X.dtype)
        for i in range(w * len(X) // n, (w + 1) * len(X) // n):
            top = top_of(X[i])
            _exp_row(X[i], top, buffer)
            out[i, 0], out[i, 1] = top, math.log(long_sum_of(buffer))


@inner()
def _d_row(x: Any, top: Any, log_total: Any, mass: Any, less: Any, dx: Any) -> None:
    for j in range(x.size):
        dx[j] = mass * exp((x[j] - top) - log_total) - less


@kernel
def _d_rows(n: Any, X: Any, tops: Any, ids: Any, weight: Any, mass: Any, less: Any, dY: Any, dX: Any) -> None:
    for w in prange(n):
        for i in range(w * len(X) // n, (w + 1) * len(X) // n):
            _d_row(X[i], tops[i, 0], tops[i, 1], mass[i] * dY[i], less[i] * dY[i], dX[i])
            dX[i, ids[i]] -= weight[i] * dY[i]


def cross_entropy(
    X: Floats, t: Floats, w: Floats | None = None, *, ignore_index: int, label_smoothing: float, reduction: str
) -> tuple[Floats, tuple[Floats, Floats, Floats, Any]]:
    if not fits(X):
        return plain.cross_entropy(
            X, t, w, ignore_index=ignore_index, label_smoothing=label_smoothing, reduction=reduction
        )
    plain.check_classes("cross_entropy", t, X.shape[-1], ignore_index)
    rows = X.reshape(-1, X.shape[-1])
    tops = np.empty((len(rows), 2), X.dtype)
    _tops(X.size, rows, tops)
    return plain.reduced(rows, tops, t, w, ignore_index, label_smoothing, reduction)


def d_cross_entropy(
    dY: Floats, Y: Floats, saved: tuple[Floats, Floats, Floats, Any], needs: Needs, X: Floats, t: Floats,
    w: Floats | None = None, *, ignore_index: int, label_smoothing: float, reduction: str,
) -> tuple[Floats | None, ...]:  # fmt: skip
    if not fits(X) or (w is not None and label_smoothing):
        return plain.d_cross_entropy(dY, Y, saved, needs, X, t, w, ignore_index=ignore_index,
                                     label_smoothing=label_smoothing, reduction=reduction)  # fmt: skip
    tops, valid, weight, divisor = saved
    rows, dtype = X.reshape(-1, X.shape[-1]), X.dtype
    smooth = label_smoothing / rows.shape[1]
    hard = weight * dtype.type(1 - label_smoothing)
    less = valid * dtype.type(smooth)
    mass = hard + valid * dtype.type(label_smoothing if w is None else 0)
    each = dY.reshape(-1) if reduction == "none" else np.full(len(rows), dY / (divisor or 1), dtype)
    dX = np.empty_like(X)
    ids = np.where(valid, t.reshape(-1), 0)
    _d_rows(X.size, rows, tops, ids, hard, mass, less, each, dX.reshape(rows.shape))
    if not valid.all():
        dX.reshape(rows.shape)[~valid] = 0  # whatever the row holds, and whatever arrives
    return dX, None, None
