"""cross_entropy over rows of logits. Neither a one-hot target nor the probabilities are kept for the way back."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import sums
from ..errors import error

Floats = np.ndarray[Any, Any]
Needs = tuple[bool, ...]
#: What is kept for the way back: the top and ln Σ e^(x − top) of each row, apart, because their sum would round away a
#: small loss; which rows count; how much each counts; what a mean is divided by.
Saved = tuple[Floats, Floats, Floats, Any]


def cross_entropy(
    X: Floats, t: Floats, w: Floats | None = None, *, ignore_index: int, label_smoothing: float, reduction: str
) -> tuple[Floats, Saved]:
    check_classes("cross_entropy", t, X.shape[-1], ignore_index)
    rows = X.reshape(-1, X.shape[-1])
    top = rows.max(axis=1, keepdims=True)
    P = rows - top  # exp overflows float32 above 88
    np.exp(P, out=P)
    tops = np.concatenate((top, np.log(P.sum(axis=1, keepdims=True))), axis=1)
    return reduced(rows, tops, t, w, ignore_index, label_smoothing, reduction)


def check_classes(name: str, t: Floats, n: int, ignore_index: int) -> None:
    """Raise if a target is no class, and not ``ignore_index``."""
    wrong = (t != ignore_index) & ((t < 0) | (t >= n))
    if wrong.any():
        bad = int(t[wrong][0])
        raise error(
            IndexError,
            name,
            got={"target": t, "the class": bad},
            rule=f"classes lie in 0 … {n - 1}, or are ignore_index ({ignore_index})",
            cure=f"make one logit for each class, or write ignore_index={bad} to skip such rows",
        )


def reduced(
    rows: Floats, tops: Floats, t: Floats, w: Floats | None, ignore_index: int, label_smoothing: float,
    reduction: str,
) -> tuple[Floats, Saved]:  # fmt: skip
    """The loss, from the logits and each row's top and ln Σ e^(x − top)."""
    top, log_total = tops[:, 0], tops[:, 1]
    n_classes, dtype = rows.shape[1], rows.dtype
    ids = t.reshape(-1)
    valid = ids != ignore_index
    ids = np.where(valid, ids, 0)
    with np.errstate(invalid="ignore"):  # −inf − −inf in a row that does not count
        chosen = rows[np.arange(len(ids)), ids] - top
    if not valid.all():  # a row that does not count may hold anything, even NaN
        chosen, log_total, rows = (
            np.where(valid, chosen, 0),
            np.where(valid, log_total, 0),
            np.where(valid[:, None], rows, 0),
        )
    weight = valid.astype(dtype) if w is None else np.where(valid, w[ids], 0)
    L = weight * (log_total - chosen) * (1 - label_smoothing)
    if label_smoothing:
        Z = rows - np.where(valid, top, 0)[:, None]
        spread = Z.sum(axis=1) if w is None else Z @ w
        mass = n_classes if w is None else w.sum()
        L += valid * (mass * log_total - spread) * (label_smoothing / n_classes)
    divisor = sums.sum(weight) if reduction == "mean" else dtype.type(1)
    saved = tops, valid, weight, divisor
    if reduction == "none":
        return L.reshape(t.shape), saved
    with np.errstate(invalid="ignore"):  # no valid row: 0/0 is NaN, as in PyTorch
        return sums.sum(L) / divisor, saved


def d_cross_entropy(
    dY: Floats, Y: Floats, saved: Saved, needs: Needs, X: Floats, t: Floats, w: Floats | None = None, *,
    ignore_index: int, label_smoothing: float, reduction: str,
) -> tuple[Floats | None, ...]:  # fmt: skip
    tops, valid, weight, divisor = saved
    n_classes = X.shape[-1]
    smooth = label_smoothing / n_classes
    ids = np.where(valid, t.reshape(-1), 0)
    mass = weight * (1 - label_smoothing) + valid * (smooth * (n_classes if w is None else w.sum()))
    dX = X.reshape(-1, n_classes) - tops[:, :1]
    dX -= tops[:, 1:]
    np.exp(dX, out=dX)
    dX *= mass[:, None].astype(dX.dtype)
    if label_smoothing:
        dX -= valid[:, None] * ((smooth if w is None else smooth * w) * np.ones(n_classes, dX.dtype))
    dX[np.arange(len(ids)), ids] -= weight * (1 - label_smoothing)
    if reduction == "none":
        dX *= dY.reshape(-1, 1)
    else:
        dX *= dY / (divisor or 1)  # 0 if no row counts; then dX is 0, as in PyTorch
    if not valid.all():
        dX[~valid] = 0  # whatever the row holds, and whatever arrives
    return dX.reshape(X.shape), None, None
