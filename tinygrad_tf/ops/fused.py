"""Whole formulas as one node: a definition in primitives, a readable rule, and a kernel for speed.

The definition (the op's forward) is the truth and runs on Tensors as on arrays: it is what a picture shows when it
opens the node. On arrays the kernel stands in for both. Derivatives of derivatives go through the rule, never the
kernel, whose saved arrays would be constants to them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import kernels
from ..errors import error
from ..op import Array, Kernel, function, op
from ..random import generator
from ..tensor import Tensor, to_array
from .exponential import erf
from .indexing import add_at
from .shape import expand_dims, squeeze

_AXIS = ("the axis lies in -ndim … ndim - 1", "look at .shape; the last axis is -1")


@op(types="float", kernel=Kernel(kernels.softmax, kernels.d_softmax), expects=_AXIS)
def softmax(X: Array, *, axis: int = -1) -> Array:
    """Y = e^X / Σ e^X along ``axis``: positive, and 1 in sum.

    >>> softmax(Tensor([0.0, 0.0])).tolist()
    [0.5, 0.5]
    """
    E = np.exp(X - np.max(X, axis=axis, keepdims=True))  # exp overflows float32 above 88
    return E / np.sum(E, axis=axis, keepdims=True)


@softmax.rule
def d_softmax(dY: Array, Y: Array, X: Array, *, axis: int) -> Any:
    dX = Y * (dY - np.sum(dY * Y, axis=axis, keepdims=True))
    return dX


@op(types="float", kernel=Kernel(kernels.log_softmax, kernels.d_log_softmax), expects=_AXIS)
def log_softmax(X: Array, *, axis: int = -1) -> Array:
    """Y = X − log Σ e^X along ``axis``: the logarithm of softmax, without rounding small probabilities to 0 first.

    >>> log_softmax(Tensor([0.0, 0.0])).exp().tolist()
    [0.5, 0.5]
    """
    Z = X - np.max(X, axis=axis, keepdims=True)  # exp overflows float32 above 88
    return Z - np.log(np.sum(np.exp(Z), axis=axis, keepdims=True))


@log_softmax.rule
def d_log_softmax(dY: Array, Y: Array, X: Array, *, axis: int) -> Any:
    dX = dY - np.exp(Y) * np.sum(dY, axis=axis, keepdims=True)
    return dX


@op(types="float", kernel=Kernel(kernels.layer_norm, kernels.d_layer_norm),
    expects=("W and b have the shape of the last axes of X", "build LayerNorm with that size"))  # fmt: skip
def _layer_norm(X: Array, W: Array = None, b: Array = None, *, n_axes: int, eps: float) -> Array:
    """Y = (X − mean) / √(var + eps) ⊙ W + b over the last ``n_axes`` axes, with the biased variance."""
    axes = tuple(range(-n_axes, 0))
    Z = X - np.mean(X, axis=axes, keepdims=True)
    Y = Z / np.sqrt(np.mean(Z * Z, axis=axes, keepdims=True) + eps)
    Y = Y if W is None else Y * W
    return Y if b is None else Y + b


@_layer_norm.rule
def d_layer_norm(dY: Array, Y: Array, X: Array, W: Array = None, b: Array = None, *, n_axes: int, eps: float) -> Any:
    axes = tuple(range(-n_axes, 0))
    Z = X - np.mean(X, axis=axes, keepdims=True)
    std = np.sqrt(np.mean(Z * Z, axis=axes, keepdims=True) + eps)
    Xhat = Z / std
    dXhat = dY if W is None else dY * W
    along = Xhat * np.mean(dXhat * Xhat, axis=axes, keepdims=True)
    dX = (dXhat - np.mean(dXhat, axis=axes, keepdims=True) - along) / std
    dW = dY * Xhat
    db = dY
    return dX, dW, db


@function
def layer_norm(X: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """Layer normalisation (Ba, Kiros, Hinton 2016): each row to mean 0 and variance 1, then scaled and shifted.

    >>> layer_norm(Tensor([1.0, 3.0]), 2).tolist()
    [-0.9999950528144836, 0.9999950528144836]
    """
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if not shape or tuple(X.shape[-len(shape) :]) != shape:
        raise error(ValueError, "layer_norm", {"X": X, "normalized_shape": shape},
                    "the last axes of X have the normalised shape", "build LayerNorm with the size of the last "
                    "axis")  # fmt: skip
    if weight is None and bias is not None:
        return _layer_norm(X, n_axes=len(shape), eps=eps) + bias
    return _layer_norm(X, weight, bias, n_axes=len(shape), eps=eps)


@op(types="float", kernel=Kernel(kernels.gelu, kernels.d_gelu))
def _gelu(X: Array) -> Array:
    """Y = X · Φ(X), Φ the distribution function of the normal distribution."""
    return X * (1 + erf(X / math.sqrt(2))) / 2


@_gelu.rule
def d_gelu(dY: Array, Y: Array, X: Array) -> Any:
    Phi = (1 + erf(X / math.sqrt(2))) / 2
    phi = np.exp(-X * X / 2) / math.sqrt(2 * math.pi)
    dX = dY * (Phi + X * phi)
    return dX


@op(types="float", kernel=Kernel(kernels.gelu_tanh, kernels.d_gelu_tanh))
def gelu_tanh(X: Array) -> Array:
    """Y = X/2 · (1 + tanh(√(2/π) · (X + 0.044715 · X³))): the form of GELU that GPT-2 was trained with."""
    return X / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (X + 0.044715 * X**3)))


@gelu_tanh.rule
def d_gelu_tanh(dY: Array, Y: Array, X: Array) -> Any:
    T = np.tanh(math.sqrt(2 / math.pi) * (X + 0.044715 * X**3))
    dT = (1 - T * T) * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * X * X)
    dX = dY * (1 + T + X * dT) / 2
    return dX


@function
def gelu(X: Any, approximate: str = "none") -> Any:
    """The Gaussian error linear unit (Hendrycks, Gimpel 2016): exact, or with ``approximate="tanh"`` GPT-2's form.

    >>> round(gelu(Tensor(1.0)).item(), 4), round(gelu(Tensor(1.0), approximate="tanh").item(), 4)
    (0.8413, 0.8412)
    """
    if approximate not in ("none", "tanh"):
        raise error(ValueError, "gelu", {"approximate": repr(approximate)}, 'approximate is "none" or "tanh"',
                    'write gelu(x, approximate="tanh")')  # fmt: skip
    return gelu_tanh(X) if approximate == "tanh" else _gelu(X)


@op(types="same", kernel=Kernel(kernels.linear, kernels.d_linear), expects=(
    "the last axis of X equals the last of W (out, in), and b has the first of W",
    "compare X.shape[-1] with in_features; weights are stored (out_features, in_features) as in PyTorch",
))  # fmt: skip
def _linear(X: Array, W: Array, b: Array = None) -> Array:
    """Y = X · Wᵀ + b, with W of shape (out, in)."""
    Y = X @ W.mT
    return Y if b is None else Y + b


@_linear.rule
def d_linear(dY: Array, Y: Array, X: Array, W: Array, b: Array = None) -> Any:
    dX = dY @ W
    dW = dY.mT @ X
    db = dY
    return dX, dW, db


@function
def linear(X: Any, weight: Any, bias: Any = None) -> Any:
    """Y = X · Wᵀ + b over the last axis of X. Shapes: X (..., in), weight (out, in), bias (out,), Y (..., out).

    >>> linear(Tensor([[1.0, 2.0]]), Tensor([[3.0, 4.0]]), Tensor([0.5])).tolist()
    [[11.5]]
    """
    if X.ndim == 1:
        return squeeze(_linear(expand_dims(X, 0), weight, bias), 0)
    return _linear(X, weight, bias)


@op(kernel=Kernel(kernels.embedding, kernels.d_embedding))
def _embedding(ids: Array, W: Array, *, padding_idx: int | None) -> Array:
    """Y = W[ids]: row ``id`` of W for each id."""
    return W[ids]


@_embedding.rule
def d_embedding(dY: Array, Y: Array, ids: Array, W: Array, *, padding_idx: int | None) -> Any:
    used = dY if padding_idx is None else dY * expand_dims(ids != padding_idx, -1)
    dW = add_at(used, index=ids, shape=W.shape)
    return None, dW


@function
def embedding(ids: Any, weight: Any, padding_idx: int | None = None) -> Any:
    """The row of ``weight`` (n, d) for each id. Shapes: ids (...), result (..., d).

    The row ``padding_idx`` gets no gradient. Raises IndexError for an id outside 0 … n − 1, TypeError for floats.

    >>> embedding(Tensor([1, 0]), Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[3.0, 4.0], [1.0, 2.0]]
    """
    ids = ids if isinstance(ids, Tensor) else Tensor.wrap(to_array(ids))
    n = weight.shape[0]
    if ids.dtype.kind not in "iu":
        raise error(TypeError, "embedding", {"ids": ids}, "ids are integers", "write ids.astype('int64')")
    if ids.size and (ids.data.min() < 0 or ids.data.max() >= n):
        bad = ids.data[(ids.data < 0) | (ids.data >= n)][0]
        raise error(IndexError, "embedding", {"ids": ids, "W": weight, "the id": int(bad)}, f"ids lie in 0 … {n - 1}",
                    "check the vocabulary that made the ids, or make num_embeddings larger")  # fmt: skip
    return _embedding(ids, weight, padding_idx=None if padding_idx is None else padding_idx % n)


@op(kernel=Kernel(kernels.dropout, kernels.d_dropout))
def _dropout(X: Array, *, keep: Array, p: float) -> Array:
    """Y = X / (1 − p) where ``keep`` is true, 0 elsewhere."""
    return np.where(keep, X / (1 - p), 0)


@_dropout.rule
def d_dropout(dY: Array, Y: Array, X: Array, *, keep: Array, p: float) -> Any:
    dX = np.where(keep, dY / (1 - p), 0)
    return dX


@function
def dropout(X: Any, p: float = 0.5, training: bool = True) -> Any:
    """In training each entry is 0 with probability p and 1/(1 − p) times itself otherwise (Srivastava et al. 2014).

    >>> dropout(Tensor([1.0, 2.0]), p=0.5, training=False).tolist()
    [1.0, 2.0]
    """
    if not 0 <= p <= 1:
        raise error(ValueError, "dropout", {"p": p}, "p is a probability, 0 … 1", "write for example p=0.1")
    if not training or p == 0:
        return X
    return X * 0.0 if p == 1 else _dropout(X, keep=keep_mask(X.shape, p), p=p)


def keep_mask(shape: tuple[int, ...], p: float) -> np.ndarray[Any, Any]:
    """Booleans that are true with probability 1 − p, from the package's generator."""
    return np.asarray(generator().random(shape, np.float32) >= p)


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
def scaled_dot_product_attention(Q: Any, K: Any, V: Any, attn_mask: Any = None, dropout_p: float = 0.0,
                                 is_causal: bool = False) -> Any:  # fmt: skip
    """PyTorch's name for :func:`attention`. A boolean ``attn_mask`` is true where attention is allowed.

    >>> scaled_dot_product_attention(Tensor([[1.0]]), Tensor([[1.0]]), Tensor([[5.0]]), is_causal=True).tolist()
    [[5.0]]
    """
    if is_causal:
        if attn_mask is not None:
            raise error(ValueError, "scaled_dot_product_attention", {"attn_mask": attn_mask, "is_causal": True},
                        "a mask is given or is causal", "combine both into attn_mask")  # fmt: skip
        attn_mask = np.tri(Q.shape[-2], K.shape[-2], dtype=bool)
    scores_shape = (*np.broadcast_shapes(Q.shape[:-2], K.shape[:-2]), Q.shape[-2], K.shape[-2])
    keep = keep_mask(scores_shape, dropout_p) if dropout_p > 0 else None
    return attention(Q, K, V, attn_mask, keep=keep, p=dropout_p)


@op(kernel=Kernel(kernels.cross_entropy, kernels.d_cross_entropy))
def _cross_entropy(
    X: Array, t: Array, w: Array = None, *, ignore_index: int, label_smoothing: float, reduction: str
) -> Array:
    """Y = −Σ q ⊙ log softmax(X) over the last axis, q the target distribution; then the mean or sum over rows."""
    q, n = target_distribution(X, t, w, ignore_index, label_smoothing, reduction)
    L = -np.sum(q * log_softmax(X), axis=-1)
    return L if reduction == "none" else np.sum(L) / n


@_cross_entropy.rule
def d_cross_entropy(
    dY: Array,
    Y: Array,
    X: Array,
    t: Array,
    w: Array = None,
    *,
    ignore_index: int,
    label_smoothing: float,
    reduction: str,
) -> Any:
    q, n = target_distribution(X, t, w, ignore_index, label_smoothing, reduction)
    dL = expand_dims(dY, -1) if reduction == "none" else dY / (n or 1)  # n = 0: no row counts, q is 0 everywhere
    dX = dL * (softmax(X) * np.sum(q, axis=-1, keepdims=True) - q)
    return dX, None, None


def target_distribution(
    X: Array, t: Array, w: Array, ignore_index: int, label_smoothing: float, reduction: str
) -> tuple[np.ndarray[Any, Any], Any]:
    """The weighted, smoothed distribution q that each row of logits is compared with, and what the sum is divided by.

    q = w ⊙ ((1 − ε) · onehot(t) + ε / C), zero in ignored rows. The divisor of a mean is Σ w[t] over the rows that
    count, otherwise 1.
    """
    X, t, w = (a.data if isinstance(a, Tensor) else a for a in (X, t, w))
    n_classes = X.shape[-1]
    w = np.ones(n_classes, X.dtype) if w is None else w
    valid = t != ignore_index
    q = np.zeros(X.shape, X.dtype)
    np.put_along_axis(q, np.where(valid, t, 0)[..., None], 1 - label_smoothing, -1)
    q = (q + X.dtype.type(label_smoothing / n_classes)) * w * valid[..., None]
    if reduction != "mean":
        return q, X.dtype.type(1)
    return q, np.sum(np.where(valid, w[np.where(valid, t, 0)], 0), dtype=X.dtype)


@function
def cross_entropy(
    logits: Any,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """−log softmax(logits)[target], averaged: how many nats the model is off. PyTorch's formula and defaults.

    Shapes: logits (C,), (N, C) or (N, C, d1, …) with target (), (N,) or (N, d1, …) of class indices. ``reduction`` is
    "mean", "sum" or "none"; rows whose target is ``ignore_index`` do not count; ``label_smoothing`` ε mixes ε/C of
    every class into the target (Szegedy et al. 2016); ``weight`` (C,) counts classes differently.

    >>> round(cross_entropy(Tensor([[0.0, 0.0]]), Tensor([1])).item(), 4)
    0.6931
    """
    target = target if isinstance(target, Tensor) else Tensor.wrap(to_array(target))
    if reduction not in ("mean", "sum", "none"):
        raise error(ValueError, "cross_entropy", {"reduction": repr(reduction)}, 'reduction is "mean", "sum" or "none"',
                    "choose one of the three")  # fmt: skip
    if target.dtype.kind not in "iu":
        raise error(TypeError, "cross_entropy", {"logits": logits, "target": target}, "targets are class indices, "
                    "integers", "write target.astype('int64')")  # fmt: skip
    axis = 1 if logits.ndim > 1 else 0
    if logits.ndim == 0 or target.shape != logits.shape[:axis] + logits.shape[axis + 1 :]:
        raise error(ValueError, "cross_entropy", {"logits": logits, "target": target}, "the target has the shape of "
                    "the logits without their class axis, which is axis 1 (0 without a batch)",
                    "flatten both: logits.reshape(-1, C), target.reshape(-1)")  # fmt: skip
    n = logits.shape[axis]
    wrong = (target.data != ignore_index) & ((target.data < 0) | (target.data >= n))
    if wrong.any():
        raise error(IndexError, "cross_entropy", {"target": target, "the class": int(target.data[wrong][0])},
                    f"classes lie in 0 … {n - 1}, or are ignore_index ({ignore_index})", "mend the labels")  # fmt: skip
    if weight is not None and tuple(weight.shape) != (n,):
        raise error(ValueError, "cross_entropy", {"weight": weight}, f"weight has one entry per class, ({n},)",
                    "give a weight for each class")  # fmt: skip
    if logits.ndim > 2:
        logits = logits.transpose((0, *range(2, logits.ndim), 1))  # (N, d1, …, C)
    return _cross_entropy(
        logits, target, weight, ignore_index=ignore_index, label_smoothing=label_smoothing, reduction=reduction
    )
