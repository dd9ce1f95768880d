"""Attention of heads with few scores, as in a toy: queries are the lanes of vectors.

Scores lie as (keys, queries), so that the largest and the sum of each query's scores are those of whole vectors. So do
they in what is kept for the way back; behind the L queries it has columns that nobody reads, up to a whole vector.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange

from .gemm import PLAIN, TURNED, places
from .lanes import LANES, every, larger, load, minus, number, over, plus, small_gemm, store, times
from .numbers import exp
from .team import inner, kernel


@inner()
def _turn(at: Any, ld: Any, X: Any, length: Any) -> None:
    """Copy the ``length`` rows of the matrix at an address to the first columns of X."""
    one, size = X.dtype.type(1), X.itemsize
    for i in range(length):
        for c in range(len(X)):
            X[c, i] = number(at + (i * ld + c) * size, one)


@inner()
def _allow(S: Any, queries: Any, offset: Any, mask: Any, masked: Any) -> None:
    """Add the mask to the scores. Where it is −inf, and behind the causal limit, they become −inf."""
    for j in range(len(S)):
        S[j, : min(queries, max(0, j - offset))] = -np.inf
        if masked:
            for i in range(queries):
                S[j, i] = mask[i, j] if mask[i, j] == -np.inf else S[j, i] + mask[i, j]


@inner()
def _exp(S: Any) -> None:
    for t in range(S.size):
        S[t] = exp(S[t])


@inner()
def _softmax(S: Any) -> None:
    """The softmax of each column, in place. It is 0 in a column of −inf."""
    one, row = S.dtype.type(1), S.shape[1] * S.itemsize
    first, stop = S.ctypes.data, S.ctypes.data + S.nbytes
    for i in range(0, row, LANES * S.itemsize):
        top = every(np.finfo(S.dtype).min, one)  # not −inf, since −inf − −inf would be NaN
        for at in range(first + i, stop, row):
            top = larger(top, load(at, one))
        for at in range(first + i, stop, row):
            store(minus(load(at, one), top), at)  # exp overflows float32 above 88
    _exp(S.reshape(-1))
    for i in range(0, row, LANES * S.itemsize):
        total = every(0, one)
        for at in range(first + i, stop, row):
            total = plus(total, load(at, one), one)
        share = over(every(1, one), larger(every(1, one), total))  # the largest score adds 1; without any the sum is 0
        for at in range(first + i, stop, row):
            store(times(load(at, one), share), at)


@inner()
def _d_softmax(dS: Any, S: Any) -> None:
    """The gradient of the scores, in place of that of their softmax S, in each column."""
    one, row = S.dtype.type(1), S.shape[1] * S.itemsize
    first, stop, apart = S.ctypes.data, S.ctypes.data + S.nbytes, dS.ctypes.data - S.ctypes.data
    for i in range(0, row, LANES * S.itemsize):
        total = every(0, one)
        for at in range(first + i, stop, row):
            total = plus(total, times(load(at, one), load(at + apart, one)), one)
        for at in range(first + i, stop, row):
            store(times(minus(load(at + apart, one), total), load(at, one)), at + apart)


@inner()
def _drop(S: Any, kept: Any, factor: Any, out: Any) -> None:
    for i in range(kept.shape[0]):
        for j in range(kept.shape[1]):
            out[j, i] = S[j, i] * factor if kept[i, j] else S.dtype.type(0)


@kernel
def few_forward(n: Any, Q: Any, K: Any, V: Any, Y: Any, begins: Any, ld: Any, scale: Any, offset: Any, mask: Any,
                kept: Any, factor: Any, width: Any, P: Any) -> None:  # fmt: skip
    """Of Q, K, V and Y the first rows are given: they say where the arrays lie."""
    heads, keys, queries = P.shape
    at = places(begins, (Q.ctypes.data, K.ctypes.data, V.ctypes.data, Y.ctypes.data))
    one, size, L, limited = P.dtype.type(1), P.itemsize, width[3], mask.size > 0 or offset < keys - 1
    for w in prange(n):
        T, left = np.zeros((width[0], queries), P.dtype), np.empty((keys, queries), P.dtype)
        t = T.ctypes.data
        for h in range(w * heads // n, (w + 1) * heads // n):
            S = P[h]
            s = S.ctypes.data
            _turn(at[0, h], ld[0], T, L)
            small_gemm(PLAIN, keys, queries, width[0], scale, at[1, h], ld[1], t, queries, s, queries, size)
            if limited:
                _allow(S, L, offset, mask[h if len(mask) > 1 else 0], mask.size > 0)
            _softmax(S)
            if kept.size:
                _drop(S, kept[h], factor, left)
                s = left.ctypes.data
            small_gemm(TURNED, L, width[1], keys, one, s, queries, at[2, h], ld[2], at[3, h], ld[3], size)


@kernel
def d_few(n: Any, Q: Any, K: Any, V: Any, dY: Any, dQ: Any, dK: Any, dV: Any, begins: Any, ld: Any, scale: Any,
          offset: Any, kept: Any, factor: Any, width: Any, P: Any) -> None:  # fmt: skip
    """The gradients of :func:`few_forward`, given likewise. What ``offset`` forbids, P says: there it is 0."""
    heads, keys, queries = P.shape
    at = places(begins, (Q.ctypes.data, K.ctypes.data, V.ctypes.data, dY.ctypes.data,
                         dQ.ctypes.data, dK.ctypes.data, dV.ctypes.data))  # fmt: skip
    one, size, L = P.dtype.type(1), P.itemsize, width[3]
    for w in prange(n):
        T, left = np.zeros((width[1], queries), P.dtype), np.empty((keys, queries), P.dtype)
        dS = np.empty((keys, queries), P.dtype)
        t, ds = T.ctypes.data, dS.ctypes.data
        for h in range(w * heads // n, (w + 1) * heads // n):
            S = P[h]
            s = S.ctypes.data
            _turn(at[3, h], ld[3], T, L)
            small_gemm(PLAIN, keys, queries, width[1], one, at[2, h], ld[2], t, queries, ds, queries, size)
            if kept.size:
                _drop(dS, kept[h], factor, dS)
            _d_softmax(dS, S)
            small_gemm(TURNED, L, width[0], keys, scale, ds, queries, at[1, h], ld[1], at[4, h], ld[4], size)
            small_gemm(PLAIN, keys, width[0], L, scale, ds, queries, at[0, h], ld[0], at[5, h], ld[5], size)
            if kept.size:
                _drop(S, kept[h], factor, left)
                s = left.ctypes.data
            small_gemm(PLAIN, keys, width[1], L, one, s, queries, at[3, h], ld[3], at[6, h], ld[6], size)
