"""Scaled dot-product attention, a head at a time, so that its scores stay in the cache.

Q, K and V are read where they lie, as (B, L, H, d) or as (B, H, L, d). The results are laid out as (B, L, H, d).
Splitting and joining heads therefore copies nothing. Long sequences are in ``tiles``, heads with few scores in ``few``.
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
from .few import d_few, few_forward
from .gemm import PLAIN, TURNED, gemm, one_thread, places, threads_as
from .lanes import LANES
from .numbers import WIDE, dot, sum_of, top_of
from .team import inner, is_compiled_for, kernel
from .tiles import allow, d_long, exp_row, long_forward, scale_by

Floats = np.ndarray[Any, Any]
Needs = tuple[bool, ...]
Layout = tuple[tuple[int, ...], tuple[int, ...]]  # an array's shape and strides

#: Heads with fewer scores are done in vectors of queries, or by NumPy: BLAS takes longer to begin than to multiply.
FEW = 1024
#: Beside a causal limit so many queries, or keys, are multiplied at once.
SOME = 16


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


@inner()
def _at_once(P: Any, offset: Any) -> Any:
    """How many rows or columns of P are multiplied at once: few beside a causal limit, which forbids the rest."""
    return SOME if offset < P.shape[1] else max(P.shape)


@inner()
def _scores(P: Any, width: Any, alpha: Any, a: Any, lda: Any, b: Any, ldb: Any, offset: Any) -> None:
    """P ← alpha · A · Bᵀ, with A (L, width) and B (S, width), but for most of what the limit forbids."""
    (L, S), some, size = P.shape, _at_once(P, offset), P.itemsize
    for i in range(0, L, some):
        rows = min(some, L - i)
        seen = min(S, max(0, i + rows + offset))
        gemm(PLAIN, TURNED, rows, seen, width, alpha, a + i * lda * size, lda, b, ldb, P.dtype.type(0),
             P.ctypes.data + i * S * size, S)  # fmt: skip


@inner()
def _over_keys(P: Any, width: Any, alpha: Any, b: Any, ldb: Any, c: Any, ldc: Any, offset: Any) -> None:
    """C ← alpha · P · B, with B (S, width) and C (L, width)."""
    (L, S), some, size = P.shape, _at_once(P, offset), P.itemsize
    for i in range(0, L, some):
        rows = min(some, L - i)
        seen = min(S, max(0, i + rows + offset))
        gemm(PLAIN, PLAIN, rows, width, seen, alpha, P.ctypes.data + i * S * size, S, b, ldb, P.dtype.type(0),
             c + i * ldc * size, ldc)  # fmt: skip


@inner()
def _over_queries(P: Any, width: Any, alpha: Any, b: Any, ldb: Any, c: Any, ldc: Any, offset: Any) -> None:
    """C ← alpha · Pᵀ · B, with B (L, width) and C (S, width)."""
    (L, S), some, size = P.shape, _at_once(P, offset), P.itemsize
    for j in range(0, S, some):
        first = min(L, max(0, j - offset))
        gemm(TURNED, PLAIN, min(some, S - j), width, L - first, alpha, P.ctypes.data + (first * S + j) * size, S,
             b + first * ldb * size, ldb, P.dtype.type(0), c + j * ldc * size, ldc)  # fmt: skip


@kernel
def _short(n: Any, Q: Any, K: Any, V: Any, Y: Any, begins: Any, ld: Any, scale: Any, offset: Any, mask: Any, kept: Any,
           factor: Any, width: Any, P: Any) -> None:  # fmt: skip
    """Of Q, K, V and Y the first rows are given: they say where the arrays lie."""
    heads, L, S = P.shape
    at = places(begins, (Q.ctypes.data, K.ctypes.data, V.ctypes.data, Y.ctypes.data))
    one = P.dtype.type(1)
    before = one_thread()
    for w in prange(n):
        dropped = np.empty((L if kept.size else 0, S), P.dtype)
        for h in range(w * heads // n, (w + 1) * heads // n):
            p = P[h]
            _scores(p, width[0], scale, at[0, h], ld[0], at[1, h], ld[1], offset)
            for i in range(L):
                stop = min(S, max(0, i + offset + 1))
                allow(p[i, :stop], i, mask[h if len(mask) > 1 else 0], mask.size > 0)
                _softmax_row(p[i], stop)
            if kept.size:
                _drop(p, kept[h], factor, dropped)
                p = dropped
            _over_keys(p, width[1], one, at[2, h], ld[2], at[3, h], ld[3], offset)
    threads_as(before)


@inner()
def _d_softmax_row(dP: Any, P: Any, stop: Any) -> None:
    """The gradient of the first ``stop`` scores, in place. That of those behind becomes 0."""
    if stop > 0:
        total = dot(dP[:stop], P[:stop])
        for j in range(stop):
            dP[j] = (dP[j] - total) * P[j]
    dP[stop:] = 0


@kernel
def _d_short(n: Any, Q: Any, K: Any, V: Any, dY: Any, dQ: Any, dK: Any, dV: Any, begins: Any, ld: Any, scale: Any,
             offset: Any, kept: Any, factor: Any, width: Any, P: Any) -> None:  # fmt: skip
    """The gradients of :func:`_short`, whose arrays are given likewise."""
    heads, L, S = P.shape
    at = places(begins, (Q.ctypes.data, K.ctypes.data, V.ctypes.data, dY.ctypes.data,
                         dQ.ctypes.data, dK.ctypes.data, dV.ctypes.data))  # fmt: skip
    one = P.dtype.type(1)
    before = one_thread()
    for w in prange(n):
        dS, dropped = np.empty((L, S), P.dtype), np.empty((L if kept.size else 0, S), P.dtype)
        for h in range(w * heads // n, (w + 1) * heads // n):
            p = P[h]
            _scores(dS, width[1], one, at[3, h], ld[3], at[2, h], ld[2], offset)
            if kept.size:
                _drop(dS, kept[h], factor, dS)
            for i in range(L):
                _d_softmax_row(dS[i], p[i], min(S, max(0, i + offset + 1)))
            _over_keys(dS, width[0], scale, at[1, h], ld[1], at[4, h], ld[4], offset)
            _over_queries(dS, width[0], scale, at[0, h], ld[0], at[5, h], ld[5], offset)
            if kept.size:
                _drop(p, kept[h], factor, dropped)
                p = dropped
            _over_queries(p, width[1], one, at[3, h], ld[3], at[6, h], ld[6], offset)
    threads_as(before)


class _Heads:
    """What all calls with arrays of one type and these layouts share: those of Q, K, V and, on the way back, of dY.

    The heads lie in one axis. ``begins`` has, for each array and each result, the byte at which each head begins;
    ``apart`` the entries from row to row.
    """

    def __init__(self, dtype: Any, block: int, *given: Layout) -> None:
        (Q, _), (K, _), (V, _) = given[:3]
        self.shape = np.broadcast_shapes(*[shape[:-2] for shape, _ in given])
        self.count, self.L, self.S, self.dtype = math.prod(self.shape), Q[-2], K[-2], dtype
        scores = self.L * self.S
        self.long, self.few = scores > block, scores < FEW
        scored = self.long or self.shape in (Q[:-2], K[:-2])  # else V has more heads than P, which has those of Q and K
        takes = self.long or self.S <= WIDE
        if self.few:
            takes = self.L >= LANES // 2 and Q[-1] % LANES == V[-1] % LANES == 0
        laid_out = all(_is_laid_out(shape, strides, dtype.itemsize) for shape, strides in given)
        self.fits = is_compiled_for(dtype) and laid_out and scored and takes
        if not self.fits:
            return
        self.width = np.array([Q[-1], V[-1], self.S, self.L])
        self.saved = *self.shape, self.L, self.S
        if self.few:
            self.saved = *self.shape, self.S, -(-self.L // LANES) * LANES
        self.scale = dtype.type(1 / math.sqrt(Q[-1]))
        self.work = self.count * self.L * self.S * (Q[-1] + V[-1] + 60) / 50
        self.none = np.empty((0, 0, 0), dtype), np.empty((0, 0, 0), np.bool_)
        results = [(self.L, V[-1])] if len(given) == 3 else [(self.L, Q[-1]), (self.S, Q[-1]), (self.S, V[-1])]
        made = [self.new(*size) for size in results]
        self.begins, self.apart = self.layout(*given, *[(X.shape, X.strides) for X in made])

    def new(self, length: int, width: int, make: Any = np.empty) -> Floats:
        return plain.new(self.shape, length, width, self.dtype, make)

    def layout(self, *arrays: Layout) -> tuple[Floats, Floats]:
        begins = np.stack([_offsets(self.shape, shape[:-2], strides[:-2]) for shape, strides in arrays])
        return begins, np.array([max(strides[-2] // self.dtype.itemsize, shape[-1]) for shape, strides in arrays])

    def by_keys(self, P: Floats) -> Floats:
        """P as the kernels for few scores leave it: with a row for each key, and its queries in whole vectors."""
        whole = P.base
        if whole is not None and whole.shape == self.saved and P.strides == whole.mT.strides:
            return whole  # it is what they made
        whole = np.zeros(self.saved, P.dtype)
        whole[..., : self.L] = P.mT
        return whole

    def mask(self, mask: Floats | None) -> Floats:
        """The mask as numbers to add, for each head or for all alike. Without a mask it has no entries."""
        if mask is None:
            return self.none[0]
        if mask.dtype == np.bool_:
            mask = np.where(mask, self.dtype.type(0), self.dtype.type(-np.inf))
        alike = math.prod(mask.shape[:-2]) == 1  # for all heads
        heads = (1,) if alike else self.shape
        mask = mask.reshape(mask.shape[-2:] if mask.ndim > 1 else (1, -1)) if alike else mask
        stretched = np.broadcast_to(mask, (*heads, self.L, self.S))
        return stretched if alike or len(self.shape) == 1 else stretched.reshape(-1, self.L, self.S)

    def kept(self, keep: Keep | None) -> Floats:
        return self.none[1] if keep is None else np.asarray(keep).reshape(-1, self.L, self.S)


_heads = functools.lru_cache(256)(_Heads)


def _offsets(heads: tuple[int, ...], shape: tuple[int, ...], strides: tuple[int, ...]) -> Floats:
    """The byte of an array at which each head begins. Axes that are missing or of size 1 broadcast over the heads."""
    total = np.zeros(heads, np.int64)
    for i in range(-1, -len(shape) - 1, -1):
        if shape[i] > 1:
            total += (np.arange(shape[i]) * strides[i]).reshape(-1, *(1,) * (-1 - i))
    return total.reshape(-1)


def _is_laid_out(shape: tuple[int, ...], strides: tuple[int, ...], size: int) -> bool:
    """Whether BLAS can read the rows of an array where they lie."""
    along, across = strides[-2:]
    return bool(math.prod(shape) and across == size and along >= shape[-1] * size and along % size == 0)


def _heads_of(mask: Floats | None, keep: Keep | None, *arrays: Floats) -> _Heads | None:
    """The heads of Q, K, V and perhaps dY, or None where the kernels do not take these arrays."""
    dtype = arrays[0].dtype
    if mask is not None and mask.dtype != np.bool_ and mask.dtype != dtype:
        return None
    if keep is not None and any(X.shape[:-2] != keep.shape[:-2] for X in arrays):
        return None
    if any(X.dtype != dtype for X in arrays):
        return None
    h = _heads(dtype, plain.BLOCK, *[(X.shape, X.strides) for X in arrays])
    return h if h.fits and not (h.long and keep is not None) else None


def _first(X: Floats) -> Floats:
    """The first row of the first head. It cannot be written to: for Numba that is a type, and so there is but one."""
    row = X[(0,) * (X.ndim - 1)]
    row.flags.writeable = False
    return row


def attention(
    Q: Floats, K: Floats, V: Floats, mask: Floats | None = None, *, offset: int | None, keep: Keep | None, p: float
) -> tuple[Floats, Floats]:
    h = _heads_of(mask, keep, Q, K, V)
    if h is None:
        return plain.attention(Q, K, V, mask, offset=offset, keep=keep, p=p)
    Y, last = h.new(h.L, V.shape[-1]), h.S if offset is None else offset
    if h.long:
        tops = np.empty((*h.shape, h.L, 2), h.dtype)
        at = _addresses(h.begins, Q, K, V, Y)
        long_forward(h.work, at, h.apart, h.scale, last, h.mask(mask), h.width, tops.reshape(h.count, h.L, 2))
        return Y, tops
    P = np.empty(h.saved, h.dtype)
    factor, of_heads = h.dtype.type(1 / (1 - p or 1)), P.reshape(h.count, *h.saved[-2:])
    forward = few_forward if h.few else _short
    forward(h.work, _first(Q), _first(K), _first(V), _first(Y), h.begins, h.apart, h.scale, last, h.mask(mask),
            h.kept(keep), factor, h.width, of_heads)  # fmt: skip
    return Y, P[..., : h.L].mT if h.few else P


def d_attention(
    dY: Floats, Y: Floats, saved: Floats, needs: Needs, Q: Floats, K: Floats, V: Floats, mask: Floats | None = None,
    *, offset: int | None, keep: Keep | None, p: float,
) -> tuple[Floats | None, ...]:  # fmt: skip
    if dY.size and not _is_laid_out(dY.shape, dY.strides, dY.itemsize):
        dY = np.ascontiguousarray(dY)
    h = None if needs[3:] == (True,) else _heads_of(mask, keep, Q, K, V, dY)
    if h is None or not (h.few or saved.flags.c_contiguous) or (not h.long and saved.shape[:-2] != h.shape):
        return plain.d_attention(dY, Y, saved, needs, Q, K, V, mask, offset=offset, keep=keep, p=p)
    last = h.S if offset is None else offset
    if h.long:
        dQ, dK, dV = _d_of_long(h, dY, Y, saved, Q, K, V, last, h.mask(mask))
    else:
        dQ, dK, dV = h.new(h.L, Q.shape[-1]), h.new(h.S, Q.shape[-1]), h.new(h.S, V.shape[-1])
        factor, P = h.dtype.type(1 / (1 - p or 1)), h.by_keys(saved) if h.few else saved
        P = P.reshape(h.count, *h.saved[-2:])
        backward = d_few if h.few else _d_short
        backward(2 * h.work, _first(Q), _first(K), _first(V), _first(dY), _first(dQ), _first(dK), _first(dV),
                 h.begins, h.apart, h.scale, last, h.kept(keep), factor, h.width, P)  # fmt: skip
    return dQ if needs[0] else None, dK if needs[1] else None, dV if needs[2] else None, None


def _addresses(begins: Floats, *arrays: Floats) -> Floats:
    return begins + np.array([[X.__array_interface__["data"][0]] for X in arrays])


def _d_of_long(h: _Heads, dY: Floats, Y: Floats, tops: Floats, Q: Floats, K: Floats, V: Floats, offset: int,
               mask: Floats) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    """dQ, dK and dV. Threads that share a head add up their parts of dK and dV apart, and these are summed here."""
    parts = -(-team.pieces(h.work) // h.count)
    dQ = h.new(h.L, Q.shape[-1], np.zeros)
    dKs = [h.new(h.S, K.shape[-1], np.zeros) for _ in range(parts)]
    dVs = [h.new(h.S, V.shape[-1], np.zeros) for _ in range(parts)]
    arrays = [Q, K, V, dY, dQ, *[X for pair in zip(dKs, dVs, strict=True) for X in pair]]
    begins, ld = h.layout(*[(X.shape, X.strides) for X in arrays])
    along = row_products(dY, Y).reshape(h.count, h.L)
    d_long(2 * h.work, _addresses(begins, *arrays), ld, h.scale, offset, mask, h.width, parts,
           tops.reshape(h.count, h.L, 2), along)  # fmt: skip
    dK, dV = dKs[0], dVs[0]
    for more, total in [*((X, dK) for X in dKs[1:]), *((X, dV) for X in dVs[1:])]:
        total += more
    return dQ, dK, dV
