"""Functions between layers and other everyday formulas, composed of the primitives: their gradients follow."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..op import function
from .elementwise import clip, exp, expm1, log, logaddexp, power, sigmoid, tanh, where


@function
def square(X: Any) -> Any:
    """X².

    >>> square(Tensor([3.0])).tolist()
    [9.0]
    """
    return X * X


@function
def reciprocal(X: Any) -> Any:
    """1 / X.

    >>> reciprocal(Tensor([4.0])).tolist()
    [0.25]
    """
    return 1 / X


@function
def rsqrt(X: Any) -> Any:
    """1 / √X.

    >>> rsqrt(Tensor([4.0])).tolist()
    [0.5]
    """
    return 1 / np.sqrt(X)


@function
def exp2(X: Any) -> Any:
    """2^X.

    >>> exp2(Tensor([3.0])).tolist()
    [8.0]
    """
    return power(2.0, X)


@function
def log2(X: Any) -> Any:
    """The logarithm to base 2.

    >>> log2(Tensor([8.0])).tolist()
    [3.0]
    """
    return log(X) / math.log(2)


@function
def log10(X: Any) -> Any:
    """The logarithm to base 10.

    >>> log10(Tensor([1000.0])).data.round(5).tolist()
    [3.0]
    """
    return log(X) / math.log(10)


@function
def lerp(start: Any, end: Any, weight: Any) -> Any:
    """Start + weight · (end − start).

    >>> lerp(Tensor([0.0]), Tensor([10.0]), 0.25).tolist()
    [2.5]
    """
    return start + weight * (end - start)


@function
def clamp(X: Any, min: Any = None, max: Any = None) -> Any:
    """PyTorch's name for ``clip``; the bounds may be Tensors, which then get the gradient where they bind.

    >>> clamp(Tensor([-3.0, 0.5]), min=0.0).tolist()
    [0.0, 0.5]
    """
    if np.ndim(min if min is not None else 0) == 0 and np.ndim(max if max is not None else 0) == 0:
        return clip(X, min, max)
    X = X if min is None else where(min > X, min, X)
    return X if max is None else where(max < X, max, X)


@function
def softplus(X: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """ln(1 + e^(beta · X)) / beta: a smooth ReLU. It does not overflow, so ``threshold`` is accepted and not needed.

    >>> softplus(Tensor([0.0])).data.round(4).tolist()
    [0.6930999755859375]
    """
    return logaddexp(X * beta, 0.0) / beta


@function
def logsigmoid(X: Any) -> Any:
    """ln(1 / (1 + e^−X)), without rounding small probabilities to 0 first.

    >>> logsigmoid(Tensor([-100.0])).tolist()
    [-100.0]
    """
    return -logaddexp(-X, 0.0)


@function
def leaky_relu(X: Any, negative_slope: float = 0.01) -> Any:
    """X above 0, negative_slope · X below.

    >>> leaky_relu(Tensor([2.0, -2.0]), 0.5).tolist()
    [2.0, -1.0]
    """
    return where(X > 0, X, X * negative_slope)


@function
def elu(X: Any, alpha: float = 1.0) -> Any:
    """X above 0, alpha · (e^X − 1) below (Clevert et al. 2016).

    >>> elu(Tensor([2.0, 0.0])).tolist()
    [2.0, 0.0]
    """
    return where(X > 0, X, expm1(where(X > 0, 0.0, X)) * alpha)  # the inner where: e^X overflows where it is not used


@function
def selu(X: Any) -> Any:
    """1.0507 · elu(X, 1.6733): keeps mean 0 and variance 1 through layers (Klambauer et al. 2017).

    >>> selu(Tensor([1.0])).data.round(4).tolist()
    [1.0506999492645264]
    """
    return elu(X, 1.6732632423543772848170429916717) * 1.0507009873554804934193349852946


@function
def silu(X: Any) -> Any:
    """X · sigmoid(X), also called swish (Hendrycks, Gimpel 2016).

    >>> silu(Tensor([0.0])).tolist()
    [0.0]
    """
    return X * sigmoid(X)


@function
def mish(X: Any) -> Any:
    """X · tanh(softplus(X)) (Misra 2020).

    >>> mish(Tensor([0.0])).tolist()
    [0.0]
    """
    return X * tanh(softplus(X))


@function
def hardtanh(X: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """X cut to min_val … max_val; the gradient is 0 at the bounds, as in PyTorch.

    >>> hardtanh(Tensor([-3.0, 0.5, 3.0])).tolist()
    [-1.0, 0.5, 1.0]
    """
    return where(min_val >= X, min_val, where(max_val <= X, max_val, X))


@function
def relu6(X: Any) -> Any:
    """X cut to 0 … 6.

    >>> relu6(Tensor([-1.0, 3.0, 8.0])).tolist()
    [0.0, 3.0, 6.0]
    """
    return hardtanh(X, 0.0, 6.0)


@function
def hardsigmoid(X: Any) -> Any:
    """X / 6 + 1/2 cut to 0 … 1: a sigmoid of straight lines.

    >>> hardsigmoid(Tensor([-9.0, 0.0, 9.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    return relu6(X + 3.0) / 6


@function
def hardswish(X: Any) -> Any:
    """X · hardsigmoid(X) (Howard et al. 2019).

    >>> hardswish(Tensor([-9.0, 0.0, 9.0])).tolist()
    [-0.0, 0.0, 9.0]
    """
    return X * hardsigmoid(X)


@function
def logsumexp(X: Any, axis: Any = None, keepdims: bool = False, dim: Any = None, keepdim: bool = False) -> Any:
    """Ln Σ e^X over ``axis``, without overflow: the largest entry is taken off first and added again.

    >>> logsumexp(Tensor([1000.0, 1000.0])).data.round(3).item()
    1000.6929931640625
    """
    axis = dim if axis is None else axis
    axis = tuple(axis) if isinstance(axis, list) else axis
    values = X.detach().data if hasattr(X, "detach") else X
    top = np.max(values, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)  # −∞ − (−∞) would be NaN
    total = log(np.sum(exp(X - top), axis=axis, keepdims=True)) + top
    if keepdims or keepdim:
        return total
    kept = np.sum(values, axis=axis)
    return total.reshape(kept.shape)
