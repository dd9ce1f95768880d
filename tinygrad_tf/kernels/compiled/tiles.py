"""Attention over long sequences, tile by tile, with a running maximum and sum for each row of scores.

A row of scores is never held as a whole (FlashAttention; Dao et al. 2022, algorithms 1 and 4).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import prange

from .gemm import PLAIN, TURNED, gemm, one_thread, threads_as
from .numbers import exp, sum_of, top_of
from .team import inner, kernel

#: Queries and keys of a tile.
_ROWS, _KEYS = 128, 512


@inner()
def allow(S: Any, row: Any, mask: Any, masked: Any) -> Any:
    """Add the mask to the scores of the first ``S.size`` keys. Where it is −inf, they become −inf."""
    if masked:
        for j in range(S.size):
            S[j] = mask[row, j] if mask[row, j] == -np.inf else S[j] + mask[row, j]


@inner()
def exp_row(S: Any, top: Any) -> None:
    for j in range(S.size):
        S[j] = exp(S[j] - top)  # exp overflows float32 above 88


@inner()
def scale_by(S: Any, by: Any) -> None:
    for j in range(S.size):
        S[j] *= by


@kernel
def long_forward(n: Any, at: Any, ld: Any, scale: Any, offset: Any, mask: Any, width: Any, out: Any) -> None:
    """``at`` has the addresses of Q, K, V and Y. Pieces take tiles in turn, because later queries see more keys."""
    heads, L = out.shape[:2]
    S, d, dv, size = width[2], width[0], width[1], out.itemsize
    one, zero, inf = out.dtype.type(1), out.dtype.type(0), out.dtype.type(np.inf)
    tiles = (L + _ROWS - 1) // _ROWS
    before = one_thread()
    for w in prange(n):
        T, Y = np.empty(_ROWS * _KEYS, out.dtype), np.empty((_ROWS, dv), out.dtype)
        tops, totals = np.empty(_ROWS, out.dtype), np.empty(_ROWS, out.dtype)
        for task in range(w, heads * tiles, n):
            h, q0 = task // tiles, task % tiles * _ROWS
            rows = min(_ROWS, L - q0)
            tops[:], totals[:], Y[:] = -inf, zero, zero
            for k0 in range(0, min(S, max(0, q0 + rows + offset)), _KEYS):
                keys = min(_KEYS, min(S, q0 + rows + offset) - k0)
                P = T[: rows * keys].reshape(rows, keys)
                gemm(
                    PLAIN,
                    TURNED,
                    rows,
                    keys,
                    d,
                    scale,
                    at[0, h] + q0 * ld[0] * size,
                    ld[0],
                    at[1, h] + k0 * ld[1] * size,
                    ld[1],
                    zero,
                    P.ctypes.data,
                    keys,
                )
                for i in range(rows):
                    stop = min(keys, max(0, q0 + i + offset + 1 - k0))
                    p = P[i, :stop]
                    P[i, stop:] = zero
                    if stop == 0:
                        continue
                    if mask.size:
                        allow(p, q0 + i, mask[h if len(mask) > 1 else 0][:, k0 : k0 + keys], True)
                    top = max(tops[i], top_of(p))
                    if top == -inf:  # nothing is allowed, or a NaN: add 0, or NaN
                        exp_row(p, zero)
                        totals[i] += sum_of(p)
                        continue
                    exp_row(p, top)
                    less = exp(tops[i] - top)
                    totals[i] = totals[i] * less + sum_of(p)
                    if less != one:
                        scale_by(Y[i], less)
                    tops[i] = top
                gemm(
                    PLAIN,
                    PLAIN,
                    rows,
                    dv,
                    keys,
                    one,
                    P.ctypes.data,
                    keys,
                    at[2, h] + k0 * ld[2] * size,
                    ld[2],
                    one,
                    Y.ctypes.data,
                    dv,
                )
            for i in range(rows):
                out[h, q0 + i, 0] = zero if tops[i] == -inf else tops[i]
                out[h, q0 + i, 1] = inf if totals[i] == zero else out.dtype.type(math.log(totals[i]))
                scale_by(Y[i], one / (one if totals[i] == zero else totals[i]))
            _copy_to(Y, rows, at[3, h] + q0 * ld[3] * size, ld[3])
    threads_as(before)


@inner()
def _copy_to(Y: Any, rows: Any, at: Any, ld: Any) -> None:
    """Copy the rows of Y to an address, as a product with the number 1: Numba itself writes to arrays only."""
    unit = np.ones((1, 1), Y.dtype)
    for i in range(rows):
        gemm(PLAIN, PLAIN, 1, Y.shape[1], 1, Y.dtype.type(1), unit.ctypes.data, 1, Y[i].ctypes.data, Y.shape[1],
             Y.dtype.type(0), at + i * ld * Y.itemsize, ld)  # fmt: skip


@inner()
def _weights_row(S: Any, top: Any, log_total: Any) -> None:
    for j in range(S.size):
        S[j] = exp((S[j] - top) - log_total)  # beside a mask of −1e9 log_total would be rounded away


@inner()
def _d_scores_row(dP: Any, P: Any, total: Any) -> None:
    for j in range(P.size):
        dP[j] = (dP[j] - total) * P[j]


@kernel
def d_long(n: Any, at: Any, ld: Any, scale: Any, offset: Any, mask: Any, width: Any, parts: Any, kept: Any,
            along: Any) -> None:  # fmt: skip
    """The gradients, added up tile by tile. Of each row ``kept`` has what the forward kept, ``along`` Σ dY ⊙ Y.

    ``at`` has the addresses of Q, K, V, dY, dQ, and of dK and dV for each part.
    """
    heads, L = kept.shape[:2]
    S, d, dv, size = width[2], width[0], width[1], kept.itemsize
    one, zero = kept.dtype.type(1), kept.dtype.type(0)
    before = one_thread()
    for w in prange(n):
        T, U = np.empty(_ROWS * _KEYS, kept.dtype), np.empty(_ROWS * _KEYS, kept.dtype)
        for task in range(w, heads * parts, n):
            h, part = task // parts, task % parts
            for q0 in range(part * _ROWS, L, parts * _ROWS):
                rows = min(_ROWS, L - q0)
                q, dy, dq = at[0, h] + q0 * ld[0] * size, at[3, h] + q0 * ld[3] * size, at[4, h] + q0 * ld[4] * size
                for k0 in range(0, min(S, max(0, q0 + rows + offset)), _KEYS):
                    keys = min(_KEYS, min(S, q0 + rows + offset) - k0)
                    P, dP = T[: rows * keys].reshape(rows, keys), U[: rows * keys].reshape(rows, keys)
                    k, v = at[1, h] + k0 * ld[1] * size, at[2, h] + k0 * ld[2] * size
                    gemm(PLAIN, TURNED, rows, keys, d, scale, q, ld[0], k, ld[1], zero, P.ctypes.data, keys)
                    gemm(PLAIN, TURNED, rows, keys, dv, one, dy, ld[3], v, ld[2], zero, dP.ctypes.data, keys)
                    for i in range(rows):
                        stop = min(keys, max(0, q0 + i + offset + 1 - k0))
                        P[i, stop:] = zero
                        dP[i, stop:] = zero
                        if mask.size:
                            allow(P[i, :stop], q0 + i, mask[h if len(mask) > 1 else 0][:, k0 : k0 + keys], True)
                        _weights_row(P[i, :stop], kept[h, q0 + i, 0], kept[h, q0 + i, 1])
                        _d_scores_row(dP[i, :stop], P[i, :stop], along[h, q0 + i])
                    gemm(
                        TURNED,
                        PLAIN,
                        keys,
                        dv,
                        rows,
                        one,
                        P.ctypes.data,
                        keys,
                        dy,
                        ld[3],
                        one,
                        at[6 + 2 * part, h] + k0 * ld[6] * size,
                        ld[6],
                    )
                    gemm(PLAIN, PLAIN, rows, d, keys, scale, dP.ctypes.data, keys, k, ld[1], one, dq, ld[4])
                    gemm(
                        TURNED,
                        PLAIN,
                        keys,
                        d,
                        rows,
                        scale,
                        dP.ctypes.data,
                        keys,
                        q,
                        ld[0],
                        one,
                        at[5 + 2 * part, h] + k0 * ld[5] * size,
                        ld[5],
                    )
    threads_as(before)
