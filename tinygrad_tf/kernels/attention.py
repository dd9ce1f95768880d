"""Scaled dot-product attention: softmax(Q · Kᵀ / √d_k) · V with mask and dropout."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Floats = np.ndarray[Any, Any]
Needs = tuple[bool, ...]


def attention(
    Q: Floats, K: Floats, V: Floats, mask: Floats | None = None, *, keep: Floats | None, p: float
) -> tuple[Floats, Floats]:
    P = Q @ K.mT  # (..., L, S)
    P *= 1 / math.sqrt(Q.shape[-1])
    if mask is not None:
        if mask.dtype == np.bool_:
            np.copyto(P, -np.inf, where=~mask)
        else:
            P += mask
    top = P.max(axis=-1, keepdims=True) if P.shape[-1] else np.zeros((*P.shape[:-1], 1), P.dtype)
    if mask is not None:
        top[top == -np.inf] = 0  # a row with no key to attend to: -inf − -inf would be NaN
    P -= top
    np.exp(P, out=P)
    total = P.sum(axis=-1, keepdims=True)
    if mask is not None:
        total[total == 0] = 1
    P /= total
    return _dropped(P, keep, p) @ V, P


def d_attention(
    dY: Floats, Y: Floats, P: Floats, needs: Needs,
    Q: Floats, K: Floats, V: Floats, mask: Floats | None = None, *, keep: Floats | None, p: float,
) -> tuple[Floats | None, ...]:  # fmt: skip
    dQ = dK = dS = None
    dV = _dropped(P, keep, p).mT @ dY if needs[2] else None
    if needs[0] or needs[1] or needs[3:] == (True,):
        dS = _dropped(dY @ V.mT, keep, p)
        dS -= np.einsum("...ij,...ij->...i", dS, P)[..., None]
        dS *= P
        scale = 1 / math.sqrt(Q.shape[-1])
        dQ = dS @ K * scale if needs[0] else None
        dK = dS.mT @ Q * scale if needs[1] else None
    return dQ, dK, dV, dS if needs[3:] == (True,) else None


def _dropped(P: Floats, keep: Floats | None, p: float) -> Floats:
    return P if keep is None else P * keep * (1 / (1 - p or 1))  # p = 1 keeps nothing
