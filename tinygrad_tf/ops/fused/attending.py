"""Scaled dot-product attention: softmax(Q · Kᵀ / √d_k) · V with mask and dropout."""

from __future__ import annotations

import contextlib
import math

import numpy as np

from ...autograd.operation import op
from ...autograd.tensor import Tensor, to_array
from ...errors import error
from ...kernels import KERNELS
from ...kernels.keep import Keep
from ...random import generator
from ..composed import function
from ..shape import expand_dims
from .rows import softmax


def attention_weights(Q, K, mask=None, causal: int | None = None):
    """P = softmax(Q · Kᵀ / √d_k). Weights that the mask forbids are 0; a row with nothing to attend to is all 0.

    A boolean mask is true where attention is allowed; a float mask is added to the scores (−inf forbids). With
    ``causal`` c, query i attends to the keys 0 … i + c only. Shapes: Q (..., L, d_k), K (..., S, d_k), P (..., L, S).
    """
    S = Q @ K.mT / math.sqrt(Q.shape[-1])  # (..., L, S)
    if mask is None and causal is None:
        return softmax(S)
    if mask is not None and mask.dtype.kind == "f":
        S = S + np.where(mask > -np.inf, mask, 0)
        mask = mask > -np.inf
    allowed = _both(mask, None if causal is None else np.tri(Q.shape[-2], K.shape[-2], causal, dtype=bool))
    low = -3e4 if Q.dtype == np.float16 else -1e30  # finite in each type: an empty row of −inf would become NaN
    return softmax(np.where(allowed, S, low)) * allowed


def _both(mask, other):
    return mask if other is None else other if mask is None else mask & other


@op(kernel=KERNELS["attention"])
def _attention(Q, K, V, mask=None, *, causal: int | None, keep, p: float):
    """Y = softmax(Q · Kᵀ / √d_k) · V."""
    return _dropped(attention_weights(Q, K, mask, causal), keep, p) @ V


@_attention.rule
def d_attention(dY, Y, Q, K, V, mask=None, *, causal, keep, p):
    d_k = Q.shape[-1]
    P = attention_weights(Q, K, mask, causal)
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
def attention(Q, K, V, mask=None, causal: int | None = None, p: float = 0.0):
    """Y = softmax(Q · Kᵀ / √d_k) · V ("Attention Is All You Need", section 3.2.1), for every head of every batch entry.

    Shapes: Q (..., L, d_k), K (..., S, d_k), V (..., S, d_v), Y (..., L, d_v). A boolean ``mask`` is true where a query
    may attend to a key, a float one is added to the scores; it broadcasts to (..., L, S). With ``causal`` c, query i
    attends to the keys 0 … i + c only: c is 0 for a sequence that attends to itself, S − L where earlier keys come from
    a cache. ``p`` is the probability to drop a weight. Long sequences cost memory for L + S tokens, not for L · S
    pairs, unless a mask of that size is given. Raises ValueError for shapes that do not fit each other, TypeError for a
    mask of integers.

    >>> one = Tensor([[1.0]])
    >>> attention(one, one, Tensor([[5.0]])).tolist()
    [[5.0]]
    """
    mask = mask if mask is None or isinstance(mask, Tensor) else to_array(mask)
    scores = _scores_shape(Q, K, V, mask)
    if not 0 <= p <= 1:
        raise error(ValueError, "attention", got={"p": p}, rule="p is a probability, 0 … 1", cure="write e.g. p=0.1")
    keep = Keep(scores, p, int(generator().integers(2**63))) if p > 0 else None
    return _attention(Q, K, V, mask, causal=causal, keep=keep, p=p)


def grouped_attention(Q, K, V, mask=None, causal: int | None = None, p: float = 0.0):
    """:func:`attention` in which H/G neighbouring heads of Q share one head of K and V (Ainslie et al. 2023).

    Shapes: Q and Y (..., H, L, d), K and V (..., G, S, d); a mask broadcasts to (..., H, L, S).

    >>> Q, K = Tensor(np.zeros((4, 3, 2), "float32")), Tensor(np.zeros((2, 5, 2), "float32"))
    >>> grouped_attention(Q, K, K).shape
    (4, 3, 2)
    """
    (*B, H, L, d), G = Q.shape, K.shape[-3]
    if H % G:
        return attention(Q, K, V, mask, causal, p)  # which raises: the heads do not fit
    if mask is not None:
        mask = mask if isinstance(mask, Tensor) else to_array(mask)
        mask = mask.reshape((1,) * (3 - mask.ndim) + mask.shape)  # (..., 1 or H, L, S)
        heads = (G, H // G) if mask.shape[-3] == H else (mask.shape[-3], 1)
        mask = mask.reshape((*mask.shape[:-3], *heads, *mask.shape[-2:]))
    Q = Q.reshape((*B, G, H // G, L, d))
    return attention(Q, expand_dims(K, -3), expand_dims(V, -3), mask, causal, p).reshape((*B, H, L, V.shape[-1]))


def _scores_shape(Q, K, V, mask) -> tuple[int, ...]:
    """(..., L, S), the shape of Q · Kᵀ. Raises if one of the four inputs does not fit the others."""
    got = {"Q": Q, "K": K, "V": V, **({} if mask is None else {"mask": mask})}
    if mask is not None and mask.dtype.kind not in "bf":
        raise error(
            TypeError,
            "attention",
            got=got,
            rule="a mask is boolean (true: may attend) or float (added to the scores)",
            cure="write mask.astype(bool)",
        )
    scores: tuple[int, ...] = ()
    if min(Q.ndim, K.ndim, V.ndim) > 1 and Q.shape[-1] == K.shape[-1] and K.shape[-2] == V.shape[-2]:
        with contextlib.suppress(ValueError):  # raised for batches that do not broadcast
            scores = (*np.broadcast_shapes(Q.shape[:-2], K.shape[:-2]), Q.shape[-2], K.shape[-2])
            np.broadcast_shapes(scores[:-2], V.shape[:-2])
            if mask is None or np.broadcast_shapes(mask.shape, scores) == scores:
                return scores
    raise error(
        ValueError,
        "attention",
        got=got,
        rule=(
            "Q is (..., L, d_k), K (..., S, d_k), V (..., S, d_v), with batch and heads in front that broadcast; a "
            "mask broadcasts to (..., L, S)"
        ),
        cure=(
            "give Q and K the same last axis, K and V the same length S, and a mask the shape (L, S); write x[None] "
            "for an axis in front"
        ),
    )


@function
def scaled_dot_product_attention(
    query, key, value, attn_mask=None, dropout_p: float = 0.0, is_causal: bool = False, scale: float | None = None,
    enable_gqa: bool = False,
):  # fmt: skip
    """:func:`attention` under PyTorch's name and with PyTorch's arguments.

    ``scale`` replaces 1/√d_k. A boolean mask is true where a query may attend. With ``enable_gqa`` heads of the query
    share those of key and value, as in :func:`grouped_attention`.

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
    attend = grouped_attention if enable_gqa else attention
    return attend(query, key, value, attn_mask, 0 if is_causal else None, dropout_p)
