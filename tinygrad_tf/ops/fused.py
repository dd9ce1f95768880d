"""Whole formulas as one node: a definition in primitives, a readable rule, and a kernel for speed. Attention and
cross_entropy, in files of their own, are made alike.

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
