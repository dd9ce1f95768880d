"""Scaled dot-product attention: softmax(Q · Kᵀ / √d_k) · V with mask, causal limit and dropout.

Short sequences keep the weights P (..., L, S) for the way back. Long ones are done in blocks of queries, so that memory
grows with L + S, not with L · S: of each row only its largest score and ln Σ e^(S − largest) are kept, and P is
computed anew from them on the way back (FlashAttention; Dao et al. 2022, algorithms 1 and 4).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ..products import threads_for
from ..sums import row_products, row_sums
from .keep import Keep, kept

Floats = np.ndarray[Any, Any]
Needs = tuple[bool, ...]

#: How many scores are held at once; a head that has fewer is done in one piece. In float32 that is half a megabyte,
#: which stays in the cache, so that blocks are faster from about 512 tokens on.
BLOCK = 2**17


def attention(
    Q: Floats, K: Floats, V: Floats, mask: Floats | None = None, *, offset: int | None, keep: Keep | None, p: float
) -> tuple[Floats, Floats]:
    if Q.shape[-2] * K.shape[-2] > BLOCK:
        return _in_blocks(Q, K, V, mask, offset, keep, p)
    with threads_for(Q.shape[-2], K.shape[-2], Q.shape[-1]):
        P, top = _scores(Q, K, mask, offset)  # (..., L, S)
        total = _exp(P, top)[1]
        P /= np.where(total == 0, 1, total)
        return _product(_dropped(P, None if keep is None else np.asarray(keep), p), V), P


def d_attention(
    dY: Floats, Y: Floats, saved: Floats, needs: Needs, Q: Floats, K: Floats, V: Floats, mask: Floats | None = None,
    *, offset: int | None, keep: Keep | None, p: float,
) -> tuple[Floats | None, ...]:  # fmt: skip
    if Q.shape[-2] * K.shape[-2] > BLOCK:
        return _d_in_blocks(dY, Y, saved, needs, Q, K, V, mask, offset, keep, p)
    P, left = saved, None if keep is None else np.asarray(keep)
    dQ = dK = dS = None
    with threads_for(Q.shape[-2], K.shape[-2], Q.shape[-1]):
        dV = _product(_dropped(P, left, p).mT, dY) if needs[2] else None
        if needs[0] or needs[1] or needs[3:] == (True,):
            dS = _dropped(dY @ V.mT, left, p)
            dS -= row_products(dS, P)
            dS *= P
            scale = 1 / math.sqrt(Q.shape[-1])
            dQ = _product(dS, K, scale) if needs[0] else None
            dK = _product(dS.mT, Q, scale) if needs[1] else None
    return dQ, dK, dV, dS if needs[3:] == (True,) else None


def new(heads: tuple[int, ...], length: int, width: int, dtype: Any, make: Any = np.empty) -> Floats:
    """An array (*heads, length, width) that lies in memory as (..., length, last axis of heads, width).

    Joining heads then copies nothing.
    """
    if not heads:
        return make((length, width), dtype)
    return make((*heads[:-1], length, heads[-1], width), dtype).swapaxes(-3, -2)


def _product(A: Floats, B: Floats, scale: float = 1.0) -> Floats:
    """A · B · scale, with heads that are joined without a copy."""
    heads = A.shape[:-2] if A.shape[:-2] == B.shape[:-2] else np.broadcast_shapes(A.shape[:-2], B.shape[:-2])
    Y = np.matmul(A, B, out=new(heads, A.shape[-2], B.shape[-1], A.dtype))
    if scale != 1.0:
        Y *= scale
    return Y


def _scores(Q: Floats, K: Floats, mask: Floats | None, offset: int | None) -> tuple[Floats, Any]:
    """S = Q · Kᵀ / √d_k plus the mask, −inf where attention is not allowed; and the largest score of all rows.

    The largest is None where rows lie too far apart for one number. One for all is faster than one for each row,
    because NumPy's maxima of short rows are slow.
    """
    S = np.asarray(Q @ K.mT)
    S *= 1 / math.sqrt(Q.shape[-1])
    top = S.max(initial=-np.inf)
    near = S.min(initial=np.inf) > top + np.finfo(S.dtype).minexp / 8  # no e^(S − top) is rounded to 0; false for NaN
    if not near or (mask is not None and mask.dtype.kind == "f"):
        top = None
    if mask is not None and mask.dtype == np.bool_:
        np.copyto(S, -np.inf, where=~mask)
    elif mask is not None:
        S += mask
    if offset is not None:
        np.copyto(S, -np.inf, where=~np.tri(S.shape[-2], S.shape[-1], offset, dtype=bool))
    return S, top


def _exp(S: Floats, top: Any) -> tuple[Any, Floats]:
    """Turn S into e^(S − top), in place. Returns the top, or that of each row if it was None, and the sum of each row.

    The sum is 0 where a row may attend to nothing.
    """
    if top is None:
        top = S.max(axis=-1, keepdims=True, initial=-np.inf)
        top[top == -np.inf] = 0  # −inf − −inf would be NaN
    S -= top  # exp overflows float32 above 88
    np.exp(S, out=S)
    rows = S.reshape(math.prod(S.shape[:-1]), S.shape[-1])
    return top, row_sums(rows).reshape(*S.shape[:-1], 1)


def _dropped(P: Floats, keep: Floats | None, p: float) -> Floats:
    return P if keep is None else kept(P * (1 / (1 - p or 1)), keep)  # p = 1 keeps nothing


class _Block(NamedTuple):
    """Some queries of one head, the keys that they may see, and the weights that a dropout keeps."""

    head: tuple[int, ...]
    rows: slice
    keys: slice
    offset: int | None
    keep: Floats | None

    def of(self, X: Floats, *places: slice) -> Floats:
        """The part of X (..., rows or keys, ·) for this head, and of that the part at ``places``."""
        at: Any = (*_within(self.head, X.shape[:-2]), *places)
        return X[at]

    def scores(self, Q: Floats, K: Floats, mask: Floats | None) -> tuple[Floats, Any]:
        if mask is not None:
            mask = np.broadcast_to(mask, (*mask.shape[:-2], Q.shape[-2], K.shape[-2]))  # a view
            mask = self.of(mask, self.rows, self.keys)
        return _scores(self.of(Q, self.rows), self.of(K, self.keys), mask, self.offset)


def _within(head: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The index of a head in fewer axes, some of size 1, that broadcast over the heads."""
    return tuple(i if n > 1 else 0 for i, n in zip(head[len(head) - len(shape) :], shape, strict=True))


def _blocks(Q: Floats, K: Floats, V: Floats, offset: int | None, keep: Keep | None) -> Iterator[_Block]:
    L, S = Q.shape[-2], K.shape[-2]
    heads = np.broadcast_shapes(Q.shape[:-2], K.shape[:-2], V.shape[:-2])
    size = max(1, BLOCK // max(1, S))
    for head in np.ndindex(heads):
        for start in range(0, L, size):
            stop = min(start + size, L)
            n_keys = S if offset is None else min(S, max(0, stop + offset))
            of_block = None
            if keep is not None:
                of_all = np.arange(math.prod(keep.shape[:-2])).reshape(keep.shape[:-2])
                first = int(of_all[_within(head, of_all.shape)]) * L
                of_block = keep.rows(first + start, first + stop)[:, :n_keys]
            yield _Block(head, slice(start, stop), slice(n_keys), None if offset is None else offset + start, of_block)


def _in_blocks(
    Q: Floats, K: Floats, V: Floats, mask: Floats | None, offset: int | None, keep: Keep | None, p: float
) -> tuple[Floats, Floats]:
    heads = np.broadcast_shapes(Q.shape[:-2], K.shape[:-2], V.shape[:-2])
    Y = np.empty((*heads, Q.shape[-2], V.shape[-1]), np.result_type(Q, K, V))
    tops = np.empty((*heads, Q.shape[-2], 2), Y.dtype)  # of each row; ln Σ is +inf where there is nothing to attend to
    for block in _blocks(Q, K, V, offset, keep):
        P, top = block.scores(Q, K, mask)
        top, total = _exp(P, top)
        empty = total == 0
        total[empty] = 1
        block.of(Y, block.rows)[...] = _dropped(P, block.keep, p) @ block.of(V, block.keys) / total
        of_rows = block.of(tops, block.rows)  # apart: beside a mask of −1e9 ln Σ would be rounded away
        of_rows[:, :1], of_rows[:, 1:] = np.where(empty, 0, top), np.where(empty, np.inf, np.log(total))
    return Y, tops


def _d_in_blocks(
    dY: Floats, Y: Floats, tops: Floats, needs: Needs, Q: Floats, K: Floats, V: Floats, mask: Floats | None,
    offset: int | None, keep: Keep | None, p: float,
) -> tuple[Floats | None, ...]:  # fmt: skip
    dQ, dK, dV = (np.zeros(X.shape, dY.dtype) if need else None for X, need in zip((Q, K, V), needs, strict=False))
    dmask = np.zeros((*Y.shape[:-1], K.shape[-2]), dY.dtype) if needs[3:] == (True,) else None
    scale = 1 / math.sqrt(Q.shape[-1])
    for block in _blocks(Q, K, V, offset, keep):
        rows, keys = block.rows, block.keys
        dy = block.of(dY, rows)
        P = block.scores(Q, K, mask)[0]
        top, log_total = np.split(block.of(tops, rows), 2, axis=1)
        if mask is None or mask.dtype == np.bool_:
            P -= top + log_total
        else:
            P -= top
            P -= log_total
        np.exp(P, out=P)
        if dV is not None:
            block.of(dV, keys)[...] += _dropped(P, block.keep, p).mT @ dy
        if dQ is None and dK is None and dmask is None:
            continue
        dS = _dropped(dy @ block.of(V, keys).mT, block.keep, p)
        dS -= row_products(dy, block.of(Y, rows))  # Σ dP ⊙ P along the keys, which is Σ dY ⊙ Y
        dS *= P
        if dmask is not None:
            block.of(dmask, rows, keys)[...] = dS
        dS *= scale
        if dQ is not None:
            block.of(dQ, rows)[...] += dS @ block.of(K, keys)
        if dK is not None:
            block.of(dK, keys)[...] += dS.mT @ block.of(Q, rows)
    return dQ, dK, dV, dmask
