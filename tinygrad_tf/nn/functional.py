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
from ..ops.exponential import sigmoid, tanh
from ..ops.fused import (
    cross_entropy,
    dropout,
    embedding,
    gelu,
    layer_norm,
    linear,
    rms_norm,
    scaled_dot_product_attention,
    silu,
)
from ..ops.fused import log_softmax as _log_softmax
from ..ops.fused import softmax as _softmax
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
from ..ops.reduction import norm, sum
from ..ops.shape import size

__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "celu", "cosine_similarity", "cross_entropy", "dropout",
    "elu", "embedding", "gelu", "glu", "hardsigmoid", "hardswish", "hardtanh", "huber_loss", "kl_div", "l1_loss",
    "layer_norm", "leaky_relu", "linear", "log_softmax", "logsigmoid", "mish", "mse_loss", "nll_loss", "normalize",
    "one_hot", "pad", "pairwise_distance", "prelu", "relu", "relu6", "rms_norm", "scaled_dot_product_attention", "selu",
    "sigmoid", "silu", "smooth_l1_loss", "softmax", "softmin", "softplus", "softsign", "tanh", "tanhshrink",
]  # fmt: skip


def softmax(input: Any, dim: int = -1, dtype: Any = None) -> Any:
    """Y = e^X / Σ e^X along ``dim``. With ``dtype`` the input is converted first.

    >>> softmax(Tensor([0.0, 0.0]), dim=-1).tolist()
    [0.5, 0.5]
    """
    return _softmax(input if dtype is None else input.to(dtype), axis=dim)


def log_softmax(input: Any, dim: int = -1, dtype: Any = None) -> Any:
    """The logarithm of :func:`softmax`. Small probabilities are not rounded to 0 first.

    >>> log_softmax(Tensor([5.0, -1000.0]), dim=-1).tolist()
    [0.0, -1005.0]
    """
    return _log_softmax(input if dtype is None else input.to(dtype), axis=dim)


def softmin(input: Any, dim: int = -1, dtype: Any = None) -> Any:
    """Y = softmax(−X) along ``dim``.

    >>> softmin(Tensor([0.0, 0.0])).tolist()
    [0.5, 0.5]
    """
    return softmax(-input, dim, dtype)


def softsign(input: Any) -> Any:
    """Y = X / (1 + |X|).

    >>> softsign(Tensor([-3.0, 1.0])).tolist()
    [-0.75, 0.5]
    """
    return input / (1 + absolute(input))


def tanhshrink(input: Any) -> Any:
    """Y = X − tanh X.

    >>> tanhshrink(Tensor([0.0])).tolist()
    [0.0]
    """
    return input - tanh(input)


def celu(input: Any, alpha: float = 1.0) -> Any:
    """Y = X above 0, alpha · (e^(X/alpha) − 1) below (Barron 2017).

    >>> celu(Tensor([2.0, 0.0])).tolist()
    [2.0, 0.0]
    """
    return elu(input / alpha) * alpha


def prelu(input: Any, weight: Any) -> Any:
    """Y = X above 0, weight · X below (He et al. 2015). The weight is one for all, or one for each channel, axis 1.

    >>> prelu(Tensor([[2.0, -2.0]]), Tensor([0.5])).tolist()
    [[2.0, -1.0]]
    """
    if weight.size > 1:
        weight = weight.reshape((-1,) + (1,) * (input.ndim - 2))
    return where(input > 0, input, input * weight)


def glu(input: Any, dim: int = -1) -> Any:
    """Y = a · σ(b), where a and b are the halves of the input along ``dim`` (Dauphin et al. 2016).

    >>> glu(Tensor([6.0, 0.0])).tolist()
    [3.0]
    """
    if size(input, dim) % 2:
        raise error(
            RuntimeError,
            "glu",
            got={"input": input, "dim": dim},
            rule="the axis is cut in half, so its size is even",
            cure="give the axis twice the size that is to come out, e.g. by nn.Linear(d, 2 * d)",
        )
    a, b = chunk(input, 2, dim)
    return a * sigmoid(b)


def normalize(input: Any, p: float = 2.0, dim: Any = 1, eps: float = 1e-12) -> Any:
    """Y = X / max(‖X‖, eps), with the p-norm along ``dim``.

    >>> normalize(Tensor([3.0, 4.0]), dim=0).array.round(3).tolist()
    [0.6000000238418579, 0.800000011920929]
    """
    return input / clip(norm(input, p, axis=dim, keepdims=True), eps)


def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    """x1 · x2 / (‖x1‖ ‖x2‖) along ``dim``. Norms below ``eps`` count as ``eps``.

    >>> cosine_similarity(Tensor([1.0, 0.0]), Tensor([5.0, 0.0]), dim=0).item()
    1.0
    """
    return sum(normalize(x1, 2, dim, eps) * normalize(x2, 2, dim, eps), axis=dim)


def pairwise_distance(x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Any:
    """‖x1 − x2 + eps‖, the p-norm over the last axis.

    >>> f"{pairwise_distance(Tensor([0.0, 0.0]), Tensor([3.0, 4.0])):.3f}"
    '5.000'
    """
    return norm(x1 - x2 + eps, p, axis=-1, keepdims=keepdim)
