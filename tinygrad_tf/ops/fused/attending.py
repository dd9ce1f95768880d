"""Scaled dot-product attention: softmax(Q · Kᵀ / √d_k) · V with mask and dropout."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import numpy as np

from ...autograd.debugging import drawn
from ...autograd.operation import op
from ...autograd.tensor import Tensor, to_array
from ...errors import error
from ...kernels import KERNELS
from ...kernels.keep import Keep
from ...random import generator
from ..composed import function, in_float32
from ..shape import expand_dims
from .rows import softmax


def _attention_weights(Q, K, mask, offset: int | None):
    """P = softmax(Q · Kᵀ / √d_k) under a mask; with ``offset`` query i attends to the keys 0 … i + offset only."""
    S = Q @ K.mT / math.sqrt(Q.shape[-1])  # (..., L, S)
    causal: Any = None if offset is None else np.tri(Q.shape[-2], K.shape[-2], offset, dtype=bool)
    if mask is None and causal is None:
        return softmax(S)
    if mask is None and offset is not None and offset >= 0:
        return softmax(np.where(causal, S, -np.inf))
    if mask is not None and mask.dtype.kind == "f":
        S = S + np.where(mask > -np.inf, mask, 0)
        mask = mask > -np.inf
    if causal is not None:
        mask = causal if mask is None else mask & causal
    some = np.sum(mask, axis=-1, keepdims=True) > 0  # a row of −inf alone would become NaN
    P = softmax(np.where(some, np.where(mask, S, -np.inf), 0))
    return np.where(mask, P, 0)


@op(kernel=KERNELS["attention"])
def _attention(Q, K, V, mask=None, *, offset: int | None, keep, p: float):
    """Y = softmax(Q · Kᵀ / √d_k) · V. With ``offset`` query i attends to the keys 0 … i + offset only."""
    return _dropped(_attention_weights(Q, K, mask, offset), keep, p) @ V


@_attention.rule
def d_attention(dY, Y, Q, K, V, mask=None, *, offset, keep, p):
    d_k = Q.shape[-1]
    P = _attention_weights(Q, K, mask, offset)
    dV = _dropped(P, keep, p).mT @ dY
    dP = _dropped(dY @ V.mT, keep, p)
    dS = P * (dP - np.sum(dP * P, axis=-1, keepdims=True))
    dQ = dS @ K / math.sqrt(d_k)
    dK = dS.mT @ Q / math.sqrt(d_k)
    dmask = dS
    return dQ, dK, dV, dmask


def _dropped(P, keep, p: float):
    return P if keep is None else np.where(keep, P / (1 - p or 1), 0)  # p = 1 keeps nothing


@function
def attention(Q, K, V, mask=None, causal: bool = False, p: float = 0.0, offset: int | None = None):
    """Y = softmax(Q · Kᵀ / √d_k) · V ("Attention Is All You Need", section 3.2.1), for every head of every batch entry.

    Shapes: Q (..., H, L, d_k), K (..., G, S, d_k), V (..., G, S, d_v), Y (..., H, L, d_v). If H is a multiple of G, H/G
    neighbouring heads of Q share one of K and V (Ainslie et al. 2023). Without heads they are matrices.

    A boolean ``mask`` is true where a query may attend to a key, a float one is added to the scores; it broadcasts to
    (..., H, L, S). With ``causal`` no query attends to the keys behind it. Query i stands at the key i + ``offset``. By
    default that is S − L: the last query stands at the last key, whether or not earlier keys come from a cache. ``p``
    is the probability to drop a weight. Long sequences cost memory for L + S tokens, not for L · S pairs, unless a mask
    of that size is given. Raises ValueError for shapes that do not fit each other, TypeError for a mask of integers.

    >>> Q, K = Tensor([[1.0], [1.0]]), Tensor([[1.0], [1.0]])
    >>> attention(Q, K, Tensor([[2.0], [4.0]]), causal=True).tolist()
    [[2.0], [3.0]]
    """
    return _attended("attention", Q, K, V, mask, _offset("attention", Q, K, causal, offset), p)


def _attended(name: str, Q, K, V, mask, offset: int | None, p: float, shared: bool = True):
    """:func:`attention` with the offset alone, which is None where every query may attend to every key."""
    Q, K, V, mask, n_heads = _by_groups(name, Q, K, V, mask, shared)
    scores = _scores_shape(name, Q, K, V, mask)
    if not 0 <= p <= 1:
        raise error(ValueError, name, got={"p": p}, rule="p is a probability, 0 … 1", cure="write e.g. p=0.1")
    keep = drawn(lambda: Keep(scores, p, int(generator().integers(2**63)))) if p > 0 else None
    Y = _attention(Q, K, V, mask, offset=offset, keep=keep, p=p)
    return _joined(Y, n_heads)


@function
@in_float32
def attention_weights(Q, K, mask=None, causal: bool = False, offset: int | None = None):
    """P = softmax(Q · Kᵀ / √d_k), the weights of :func:`attention`, whose arguments these are.

    Weights that the mask forbids are 0; a row with nothing to attend to is all 0. Shapes: Q (..., H, L, d_k), K
    (..., G, S, d_k), P (..., H, L, S).

    >>> one = Tensor([[1.0], [1.0]])
    >>> attention_weights(one, one, causal=True).tolist()
    [[1.0, 0.0], [0.5, 0.5]]
    """
    offset = _offset("attention_weights", Q, K, causal, offset)
    Q, K, _, mask, n_heads = _by_groups("attention_weights", Q, K, K, mask, True)
    _scores_shape("attention_weights", Q, K, None, mask)
    return _joined(_attention_weights(Q, K, mask, offset), n_heads)


def _offset(name: str, Q, K, causal: bool, offset: int | None) -> int | None:
    """The key at which the first query stands, or None if every query may attend to every key."""
    known = offset is None or (causal and isinstance(offset, (int, np.integer)))
    if not isinstance(causal, (bool, np.bool_)) or not known:
        raise error(
            TypeError,
            name,
            got={"causal": causal, "offset": offset},
            rule="causal is True or False; where the first query stands among the keys, an integer, is said beside it",
            cure="write causal=True, or causal=True, offset=0 if the first query stands at the first key",
        )
    if not causal or min(Q.ndim, K.ndim) < 2:
        return None
    offset = K.shape[-2] - Q.shape[-2] if offset is None else offset
    return None if offset >= K.shape[-2] - 1 else offset  # a single query at the end: nothing to compare


def _by_groups(name: str, Q, K, V, mask, shared: bool) -> tuple[Any, Any, Any, Any, int | None]:
    """The inputs with the heads that share one of K and V in an axis of their own, and the number of heads.

    Q (..., H, L, d) becomes (..., G, H/G, L, d), and K and V (..., G, 1, S, d). Where each head has its own, or one
    serves all, nothing changes, and the number is None.
    """
    mask = mask if mask is None or isinstance(mask, Tensor) else to_array(mask)
    H, G, G_v = (X.shape[-3] if X.ndim > 2 else 1 for X in (Q, K, V))
    if not shared or G in (1, H) or H % G or G_v not in (1, G):
        return Q, K, V, mask, None
    if mask is not None and mask.ndim > 2:
        if mask.shape[-3] not in (1, H):
            raise _misfit(name, {"Q": Q, "K": K, "V": V, "mask": mask})
        heads = (1, 1) if mask.shape[-3] == 1 else (G, H // G)
        mask = mask.reshape((*mask.shape[:-3], *heads, *mask.shape[-2:]))
    Q = Q.reshape((*Q.shape[:-3], G, H // G, *Q.shape[-2:]))
    return Q, expand_dims(K, -3), expand_dims(V, -3) if V.ndim > 2 else V, mask, H


def _joined(Y, n_heads: int | None):
    """Y (..., G, H/G, L, d) as (..., H, L, d)."""
    return Y if n_heads is None else Y.reshape((*Y.shape[:-4], n_heads, *Y.shape[-2:]))


def _scores_shape(name: str, Q, K, V, mask) -> tuple[int, ...]:
    """(..., L, S), the shape of Q · Kᵀ. Raises if an input, of which V may be None, does not fit the others."""
    got = {"Q": Q, "K": K, **({} if V is None else {"V": V}), **({} if mask is None else {"mask": mask})}
    if mask is not None and mask.dtype.kind not in "bf":
        raise error(
            TypeError,
            name,
            got=got,
            rule="a mask is boolean (true: may attend) or float (added to the scores)",
            cure="write mask.astype(bool)",
        )
    V = K if V is None else V
    if min(Q.ndim, K.ndim, V.ndim) > 1 and Q.shape[-1] == K.shape[-1] and K.shape[-2] == V.shape[-2]:
        with contextlib.suppress(ValueError):  # raised for batches that do not broadcast
            scores = (*np.broadcast_shapes(Q.shape[:-2], K.shape[:-2]), Q.shape[-2], K.shape[-2])
            np.broadcast_shapes(scores[:-2], V.shape[:-2])
            if mask is None or np.broadcast_shapes(mask.shape, scores) == scores:
                return scores
    raise _misfit(name, got)


def _misfit(name: str, got: dict[str, Any]) -> Exception:
    return error(
        ValueError,
        name,
        got=got,
        rule=(
            "Q is (..., H, L, d_k), K (..., G, S, d_k), V (..., G, S, d_v), where H is a multiple of G and what is in "
            "front broadcasts; a mask broadcasts to (..., H, L, S)"
        ),
        cure=(
            "give Q and K the same last axis, K and V the same length S, and a mask the shape (L, S); write x[None] "
            "for an axis in front"
        ),
    )


@function
@in_float32
def scaled_dot_product_attention(
    query, key, value, attn_mask=None, dropout_p: float = 0.0, is_causal: bool = False, scale: float | None = None,
    enable_gqa: bool = False,
):  # fmt: skip
    """:func:`attention` under PyTorch's name and with PyTorch's arguments.

    ``scale`` replaces 1/√d_k. A boolean mask is true where a query may attend. With ``enable_gqa`` heads of the query
    share those of key and value. With ``is_causal`` the first query stands at the first key, as in PyTorch.

    >>> scaled_dot_product_attention(Tensor([[1.0]]), Tensor([[1.0]]), Tensor([[5.0]]), is_causal=True).tolist()
    [[5.0]]
    """
    if is_causal and attn_mask is not None:
        raise error(
            ValueError,
            "scaled_dot_product_attention",
            got={"attn_mask": attn_mask, "is_causal": True},
            rule="either a mask is given or it is causal",
            cure="combine both: attn_mask=mask & np.tri(L, S, dtype=bool), is_causal=False",
        )
    if scale is not None:
        query = query * (scale * math.sqrt(query.shape[-1]))
    offset = _offset("attention", query, key, is_causal, 0 if is_causal else None)
    return _attended("attention", query, key, value, attn_mask, offset, dropout_p, enable_gqa)
