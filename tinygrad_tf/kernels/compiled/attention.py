"""Scaled dot-product attention, a head at a time, so that its scores stay in the cache.

Q, K and V are read where they lie, as (B, L, H, d) or as (B, H, L, d). The results are laid out as (B, L, H, d).
Splitting and joining heads therefore copies nothing. Long sequences are in ``tiles``.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from numba import prange

from ...sums import row_products
from .. import attention as plain
from ..keep import Keep
from . import team
from .gemm import PLAIN, TURNED, gemm, one_thread, threads_as
from .numbers import WIDE, dot, sum_of, top_of
from .team import inner, is_compiled_for, kernel
from .tiles import allow, d_long, exp_row, long_forward, scale_by

Floats = np.ndarray[Any, Any]
Needs = tuple[bool, ...]

#: Heads with fewer scores are left to NumPy, which multiplies many small matrices in half the time.
FEW = 1024


@inner()
def _softmax_row(S: Any, stop: Any) -> None:
    """The softmax of the first ``stop`` entries, in place. Those behind become 0; all do if nothing is allowed."""
    zero = S.dtype.type(0)
    S[stop:] = zero
    if stop > 0:
        top = top_of(S[:stop])
        if top == -np.inf:
            top = zero  # −inf − −inf would be NaN
        exp_row(S[:stop], top)
        total = sum_of(S[:stop])
        scale_by(S[:stop], S.dtype.type(1) / (total if total != zero else S.dtype.type(1)))


@inner()
def _drop(P: Any, kept: Any, factor: Any, out: Any) -> None:
    for i in range(P.shape[0]):
        for j in range(P.shape[1]):
            out[i, j] = P[i, j] * factor if kept[i, j] else P.dtype.type(0)


@kernel
def _short(n: Any, at: Any, ld: Any, scale: Any, offset: Any, mask: Any, kept: Any, factor: Any, width: Any, P: Any
           ) -> None:  # fmt: skip
    heads, L, S = P.shape
    one, zero = P.dtype.type(1), P.dtype.type(0)
    before = one_thread()
    for w in prange(n):
        for h in range(w * heads // n, (w + 1) * heads // n):
            p = P[h]
            gemm(PLAIN, TURNED, L, S, width[0], scale, at[0, h], ld[0], at[1, h], ld[1], zero, p.ctypes.data, S)
            for i in range(L):
                stop = min(S, max(0, i + offset + 1))
                allow(p[i, :stop], i, mask[h if len(mask) > 1 else 0], mask.size > 0)
                _softmax_row(p[i], stop)
            if kept.size:
                dropped = np.empty((L, S), P.dtype)
                _drop(p, kept[h], factor, dropped)
                gemm(PLAIN, PLAIN, L, width[1], S, one, dropped.ctypes.data, S, at[2, h], ld[2], zero, at[3, h], ld[3])
            else:
                gemm(PLAIN, PLAIN, L, width[1], S, one, p.ctypes.data, S, at[2, h], ld[2], zero, at[3, h], ld[3])
    threads_as(before)


@inner()
def _d_softmax_row(dP: Any, P: Any) -> None:
    total = dot(dP, P)
    for j in range(P.size):
        dP[j] = (dP[j] - total) * P[j]


@kernel
def _d_short(n: Any, at: Any, ld: Any, scale: Any, kept: Any, factor: Any, width: Any, P: Any) -> None:
    """The gradients of :func:`_short`. ``at`` has the addresses of Q, K, V, dY, dQ, dK and dV."""
    heads, L, S = P.shape
    one, zero = P.dtype.type(1), P.dtype.type(0)
    d, dv = width[0], width[1]
    before = one_thread()
    for w in prange(n):
        T, D = np.empty((L, S), P.dtype), np.empty((L, S), P.dtype)
        t, q, k = T.ctypes.data, ld[0], ld[1]
        for h in range(w * heads // n, (w + 1) * heads // n):
            p = P[h]
            if kept.size:
                _drop(p, kept[h], factor, D)
                gemm(TURNED, PLAIN, S, dv, L, one, D.ctypes.data, S, at[3, h], ld[3], zero, at[6, h], ld[6])
            else:
                gemm(TURNED, PLAIN, S, dv, L, one, p.ctypes.data, S, at[3, h], ld[3], zero, at[6, h], ld[6])
            gemm(PLAIN, TURNED, L, S, dv, one, at[3, h], ld[3], at[2, h], ld[2], zero, t, S)
            if kept.size:
                _drop(T, kept[h], factor, T)
            for i in range(L):
                _d_softmax_row(T[i], p[i])
            gemm(PLAIN, PLAIN, L, d, S, scale, t, S, at[1, h], k, zero, at[4, h], ld[4])
            gemm(TURNED, PLAIN, S, d, L, scale, t, S, at[0, h], q, zero, at[5, h], ld[5])
    threads_as(before)


class _Heads:
    """The arrays of one call, all heads in one axis: their addresses, and how far apart their rows lie."""

    def __init__(self, Q: Floats, K: Floats, V: Floats, mask: Floats | None, offset: int | None, keep: Keep | None,
                 p: float) -> None:  # fmt: skip
        self.shape = _together(Q.shape[:-2], K.shape[:-2], V.shape[:-2])
        self.count, self.L, self.S = math.prod(self.shape), Q.shape[-2], K.shape[-2]
        self.dtype, self.given = Q.dtype, (Q, K, V)
        self.width = np.array([Q.shape[-1], V.shape[-1], self.S])
        self.scale = Q.dtype.type(1 / math.sqrt(Q.shape[-1]))
        self.offset = self.S if offset is None else offset
        self.factor = Q.dtype.type(1 / (1 - p or 1))
        self.kept = np.empty((0, 0, 0), np.bool_) if keep is None else np.asarray(keep).reshape(-1, self.L, self.S)
        self.mask = np.empty((0, 0, 0), Q.dtype)
        if mask is not None:
            if mask.dtype == np.bool_:
                mask = np.where(mask, Q.dtype.type(0), Q.dtype.type(-np.inf))
            alike = math.prod(mask.shape[:-2]) == 1  # for all heads
            heads = (1,) if alike else self.shape
            mask = mask.reshape(mask.shape[-2:] if mask.ndim > 1 else (1, -1)) if alike else mask
            stretched = np.broadcast_to(mask, (*heads, self.L, self.S))
            self.mask = stretched if alike or len(self.shape) == 1 else stretched.reshape(-1, self.L, self.S)
        self.work = self.count * self.L * self.S * (int(self.width.sum()) - self.S + 60) / 50

    def new(self, length: int, width: int, make: Any = np.empty) -> Floats:
        return plain.new(self.shape, length, width, self.dtype, make)

    def places(self, *arrays: Floats) -> tuple[Floats, Floats]:
        """Each head's address in each array, and each array's entries from row to row."""
        offsets, apart = _layout(self.shape, self.dtype.itemsize, *[(X.shape, X.strides) for X in arrays])
        return offsets + np.array([[X.__array_interface__["data"][0]] for X in arrays]), apart


_together = functools.lru_cache(256)(np.broadcast_shapes)


@functools.lru_cache(256)
def _layout(heads: tuple[int, ...], size: int, *arrays: tuple[tuple[int, ...], tuple[int, ...]]
            ) -> tuple[Floats, Floats]:  # fmt: skip
    """For arrays of these shapes and strides: where each head begins, in bytes, and the entries from row to row."""
    begins = np.stack([_offsets(heads, shape[:-2], strides[:-2]) for shape, strides in arrays])
    return begins, np.array([max(strides[-2] // size, shape[-1]) for shape, strides in arrays])


def _offsets(heads: tuple[int, ...], shape: tuple[int, ...], strides: tuple[int, ...]) -> Floats:
    """The byte of an array at which each head begins. Axes that are missing or of size 1 broadcast over the heads."""
    total = np.zeros(heads, np.int64)
    for i in range(-1, -len(shape) - 1, -1):
        if shape[i] > 1:
            total += (np.arange(shape[i]) * strides[i]).reshape(-1, *(1,) * (-1 - i))
    return total.reshape(-1)


def _fits(mask: Floats | None, keep: Keep | None, *arrays: Floats) -> bool:
    """Whether the kernel takes these arrays: all of one float type, with rows that BLAS can read where they lie."""
    dtype = arrays[0].dtype
    if arrays[0].shape[-2] * arrays[1].shape[-2] < FEW:
        return False
    if not is_compiled_for(dtype) or (mask is not None and mask.dtype != np.bool_ and mask.dtype != dtype):
        return False
    if keep is not None and any(X.shape[:-2] != keep.shape[:-2] for X in arrays):
        return False
    return all(X.dtype == dtype and _is_laid_out(X) for X in arrays)


def _is_laid_out(X: Floats) -> bool:
    """Whether BLAS can read the rows of an array where they lie."""
    size, (along, across) = X.itemsize, X.strides[-2:]
    return bool(X.size and across == size and along >= X.shape[-1] * size and along % size == 0)


def attention(
    Q: Floats, K: Floats, V: Floats, mask: Floats | None = None, *, offset: int | None, keep: Keep | None, p: float
) -> tuple[Floats, Floats]:
    long = Q.shape[-2] * K.shape[-2] > plain.BLOCK
    if not _fits(mask, keep, Q, K, V) or (long and keep is not None) or (K.shape[-2] > WIDE and not long):
        return plain.attention(Q, K, V, mask, offset=offset, keep=keep, p=p)
    h = _Heads(Q, K, V, mask, offset, keep, p)
    Y = h.new(h.L, V.shape[-1])
    at, ld = h.places(Q, K, V, Y)
    if long:
        tops = np.empty((*h.shape, h.L, 2), h.dtype)
        long_forward(h.work, at, ld, h.scale, h.offset, h.mask, h.width, tops.reshape(h.count, h.L, 2))
        return Y, tops
    if Q.shape[:-2] != h.shape and K.shape[:-2] != h.shape:  # P has the heads of Q and K, and here V has more
        return plain.attention(Q, K, V, mask, offset=offset, keep=keep, p=p)
    P = np.empty((*h.shape, h.L, h.S), h.dtype)
    _short(h.work, at, ld, h.scale, h.offset, h.mask, h.kept, h.factor, h.width, P.reshape(h.count, h.L, h.S))
    return Y, P


def d_attention(
    dY: Floats, Y: Floats, saved: Floats, needs: Needs, Q: Floats, K: Floats, V: Floats, mask: Floats | None = None,
    *, offset: int | None, keep: Keep | None, p: float,
) -> tuple[Floats | None, ...]:  # fmt: skip
    long = Q.shape[-2] * K.shape[-2] > plain.BLOCK
    if not _fits(mask, keep, Q, K, V) or (K.shape[-2] > WIDE and not long):
        return plain.d_attention(dY, Y, saved, needs, Q, K, V, mask, offset=offset, keep=keep, p=p)
    if not _is_laid_out(dY):
        dY = np.ascontiguousarray(dY)
    if needs[3:] == (True,) or (long and keep is not None) or dY.dtype != Q.dtype or not saved.flags.c_contiguous:
        return plain.d_attention(dY, Y, saved, needs, Q, K, V, mask, offset=offset, keep=keep, p=p)
    h = _Heads(Q, K, V, mask, offset, keep, p)
    if not long and saved.shape[:-2] != h.shape:
        return plain.d_attention(dY, Y, saved, needs, Q, K, V, mask, offset=offset, keep=keep, p=p)
    if long:
        dQ, dK, dV = _d_of_long(h, dY, Y, saved)
    else:
        dQ, dK, dV = h.new(h.L, Q.shape[-1]), h.new(h.S, Q.shape[-1]), h.new(h.S, V.shape[-1])
        at, ld = h.places(Q, K, V, dY, dQ, dK, dV)
        _d_short(2 * h.work, at, ld, h.scale, h.kept, h.factor, h.width, saved.reshape(h.count, h.L, h.S))
    return dQ if needs[0] else None, dK if needs[1] else None, dV if needs[2] else None, None


def _d_of_long(h: _Heads, dY: Floats, Y: Floats, tops: Floats) -> tuple[Floats, Floats, Floats]:
    """dQ, dK and dV. Threads that share a head add up their parts of dK and dV apart, and these are summed here."""
    Q, K, V = h.given
    parts = -(-team.pieces(h.work) // h.count)
    dQ = h.new(h.L, Q.shape[-1], np.zeros)
    dKs = [h.new(h.S, K.shape[-1], np.zeros) for _ in range(parts)]
    dVs = [h.new(h.S, V.shape[-1], np.zeros) for _ in range(parts)]
    at, ld = h.places(Q, K, V, dY, dQ, *[X for pair in zip(dKs, dVs, strict=True) for X in pair])
    along = row_products(dY, Y).reshape(h.count, h.L)
    d_long(2 * h.work, at, ld, h.scale, h.offset, h.mask, h.width, parts, tops.reshape(h.count, h.L, 2), along)
    dK, dV = dKs[0], dVs[0]
    for more, total in [*((X, dK) for X in dKs[1:]), *((X, dV) for X in dVs[1:])]:
        total += more
    return dQ, dK, dV
