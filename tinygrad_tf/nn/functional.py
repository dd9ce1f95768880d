"""The functions behind the layers, and the losses, where PyTorch's users look for them.

Most of them are functions of ``ops``; those that are composed here are short. There is no argument ``inplace``, because
a Tensor is never written to.
"""

from __future__ import annotations

from typing import Any

from ..errors import error
from ..ops.activation import (
    elu,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    logsigmoid,
    mish,
    relu,
    relu6,
    selu,
    softplus,
)
from ..ops.arithmetic import absolute
from ..ops.borders import pad
from ..ops.choice import clip, where
from ..ops.composed import function, in_float32
from ..ops.exponential import sigmoid, tanh
from ..ops.fused import (
    cross_entropy,
    dropout,
    embedding,
    gelu,
    layer_norm,
    linear,
    log_softmax,
    rms_norm,
    scaled_dot_product_attention,
    silu,
    softmax,
)
from ..ops.indexing import one_hot
from ..ops.join import chunk
from ..ops.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    huber_loss,
    kl_div,
    l1_loss,
    mse_loss,
    nll_loss,
    smooth_l1_loss,
)
from ..ops.reduction import norm, norm_over, sum
from ..ops.shape import size

__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "celu", "cosine_similarity", "cross_entropy", "dropout",
    "elu", "embedding", "gelu", "glu", "hardsigmoid", "hardswish", "hardtanh", "huber_loss", "kl_div", "l1_loss",
    "layer_norm", "leaky_relu", "linear", "log_softmax", "logsigmoid", "mish", "mse_loss", "nll_loss", "normalize",
    "one_hot", "pad", "pairwise_distance", "prelu", "relu", "relu6", "rms_norm", "scaled_dot_product_attention", "selu",
    "sigmoid", "silu", "smooth_l1_loss", "softmax", "softmin", "softplus", "softsign", "tanh", "tanhshrink",
]  # fmt: skip


@function
def softmin(X: Any, axis: int = -1, dtype: Any = None) -> Any:
    """Y = softmax(−X) along ``axis``.

    >>> softmin(Tensor([0.0, 0.0])).tolist()
    [0.5, 0.5]
    """
    return softmax(-X, axis, dtype)


@function
@in_float32
def softsign(X: Any) -> Any:
    """Y = X / (1 + |X|).

    >>> softsign(Tensor([-3.0, 1.0])).tolist()
    [-0.75, 0.5]
    """
    return X / (1 + absolute(X))


@function
@in_float32
def tanhshrink(X: Any) -> Any:
    """Y = X − tanh X.

    >>> tanhshrink(Tensor([0.0])).tolist()
    [0.0]
    """
    return X - tanh(X)


@function
@in_float32
def celu(X: Any, alpha: float = 1.0) -> Any:
    """Y = X above 0, alpha · (e^(X/alpha) − 1) below (Barron 2017).

    >>> celu(Tensor([2.0, 0.0])).tolist()
    [2.0, 0.0]
    """
    return where(X > 0, X, elu(where(X > 0, 0.0, X) / alpha) * alpha)  # the inner where: X / alpha would overflow


@function
def prelu(X: Any, weight: Any) -> Any:
    """Y = X above 0, weight · X below (He et al. 2015). The weight is one for all, or one for each channel, axis 1.

    >>> prelu(Tensor([[2.0, -2.0]]), Tensor([0.5])).tolist()
    [[2.0, -1.0]]
    """
    if weight.size > 1:
        weight = weight.reshape((-1,) + (1,) * (X.ndim - 2))
    return where(X > 0, X, where(X > 0, 0.0, X) * weight)


@function
@in_float32
def glu(X: Any, axis: int = -1) -> Any:
    """Y = a · σ(b), where a and b are the halves of X along ``axis`` (Dauphin et al. 2016).

    >>> glu(Tensor([6.0, 0.0])).tolist()
    [3.0]
    """
    if size(X, axis) % 2:
        raise error(
            RuntimeError,
            "glu",
            got={"X": X, "axis": axis},
            rule="the axis is cut in half, so its size is even",
            cure="give the axis twice the size that is to come out, e.g. by nn.Linear(d, 2 * d)",
        )
    a, b = chunk(X, 2, axis)
    return a * sigmoid(b)


@function
@in_float32
def normalize(X: Any, p: float = 2.0, axis: Any = 1, eps: float = 1e-12) -> Any:
    """Y = X / max(‖X‖, eps), with the p-norm along ``axis``.

    >>> normalize(Tensor([3.0, 4.0]), dim=0).array.round(3).tolist()
    [0.6000000238418579, 0.800000011920929]
    """
    return X / clip(norm_over(p, X, axis, keepdims=True, at_zero=eps or None), eps)


@function
@in_float32
def cosine_similarity(x1: Any, x2: Any, axis: int = 1, eps: float = 1e-8) -> Any:
    """x1 · x2 / (‖x1‖ ‖x2‖) along ``axis``. Norms below ``eps`` count as ``eps``.

    >>> cosine_similarity(Tensor([1.0, 0.0]), Tensor([5.0, 0.0]), dim=0).item()
    1.0
    """
    return sum(normalize(x1, 2, axis, eps) * normalize(x2, 2, axis, eps), axis=axis)


@function
@in_float32
def pairwise_distance(x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdims: bool = False) -> Any:
    """‖x1 − x2 + eps‖, the p-norm over the last axis.

    >>> f"{pairwise_distance(Tensor([0.0, 0.0]), Tensor([3.0, 4.0])):.3f}"
    '5.000'
    """
    return norm(x1 - x2 + eps, p, axis=-1, keepdims=keepdims)
