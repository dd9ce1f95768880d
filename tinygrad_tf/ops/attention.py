"""Scaled dot-product attention as one node ("Attention Is All You Need", section 3.2.1)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import kernels
from ..errors import error
from ..op import Array, Kernel, function, op
from .fused import keep_mask, softmax


def attention_weights(Q: Array, K: Array, mask: Array = None) -> Array:
    """P = softmax(Q · Kᵀ / √d_k), 0 where the mask forbids; a row with nothing to attend to is all zeros.

    Boolean masks are true where attention is allowed; float masks are added to the scores (−inf forbids).
    """
    S = Q @ K.mT / math.sqrt(Q.shape[-1])  # (..., L, S)
    if mask is None:
        return softmax(S)
    allowed = mask
    if mask.dtype.kind == "f":
        allowed = mask > -np.inf
        S = S + np.where(allowed, mask, 0)
    return softmax(np.where(allowed, S, -1e30)) * allowed  # not −inf: an empty row would be NaN


@op(kernel=Kernel(kernels.attention, kernels.d_attention), expects=(
    "Q is (..., L, d_k), K (..., S, d_k), V (..., S, d_v); the mask broadcasts to (..., L, S)",
    "compare the shapes; heads and batch come before the last two axes",
))  # fmt: skip
def attention(Q: Array, K: Array, V: Array, mask: Array = None, *, keep: Array = None, p: float = 0.0) -> Array:
    """Y = softmax(Q · Kᵀ / √d_k) · V ("Attention Is All You Need", section 3.2.1), for every head of every batch entry.

    Shapes: Q (..., L, d_k), K (..., S, d_k), V (..., S, d_v), Y (..., L, d_v). A boolean ``mask`` is true where a query
    may attend to a key, a float one is added to the scores; it broadcasts to (..., L, S). ``keep`` is the mask of a
    dropout with probability ``p`` on the weights.

    >>> one = Tensor([[1.0]])
    >>> attention(one, one, Tensor([[5.0]])).tolist()
    [[5.0]]
    """
    return _dropped(attention_weights(Q, K, mask), keep, p) @ V


@attention.rule
def d_attention(dY: Array, Y: Array, Q: Array, K: Array, V: Array, mask: Array = None, *, keep: Array, p: float) -> Any:
    d_k = Q.shape[-1]
    P = attention_weights(Q, K, mask)
    dV = _dropped(P, keep, p).mT @ dY
    dP = _dropped(dY @ V.mT, keep, p)
    dS = P * (dP - np.sum(dP * P, axis=-1, keepdims=True))
    dQ = dS @ K / math.sqrt(d_k)
    dK = dS.mT @ Q / math.sqrt(d_k)
    dmask = dS
    return dQ, dK, dV, dmask


def _dropped(P: Array, keep: Array, p: float) -> Array:
    return P if keep is None else np.where(keep, P / (1 - p or 1), 0)  # p = 1 keeps nothing


@function
def scaled_dot_product_attention(
    query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0, is_causal: bool = False,
    scale: float | None = None,
) -> Any:  # fmt: skip
    """PyTorch's name for :func:`attention`; ``scale`` stands for 1/√d_k. A boolean mask is true where it may attend.

    >>> scaled_dot_product_attention(Tensor([[1.0]]), Tensor([[1.0]]), Tensor([[5.0]]), is_causal=True).tolist()
    [[5.0]]
    """
    if is_causal:
        if attn_mask is not None:
            raise error(ValueError, "scaled_dot_product_attention", {"attn_mask": attn_mask, "is_causal": True},
                        "a mask is given or is causal", "combine both into attn_mask")  # fmt: skip
        attn_mask = np.tri(query.shape[-2], key.shape[-2], dtype=bool)
    if scale is not None:
        query = query * (scale * math.sqrt(query.shape[-1]))
    scores_shape = (*np.broadcast_shapes(query.shape[:-2], key.shape[:-2]), query.shape[-2], key.shape[-2])
    keep = keep_mask(scores_shape, dropout_p) if dropout_p > 0 else None
    return attention(query, key, value, attn_mask, keep=keep, p=dropout_p)
