"""Activations. relu is an op; the others are composed of ops, so their gradients follow."""

from __future__ import annotations

import numpy as np

from ..autograd.operation import op
from .choice import only, where
from .composed import function, in_float32
from .conversion import as_float
from .exponential import expm1, logaddexp, tanh


@op
def relu(X):
    """Y = max(X, 0); the gradient at 0 is 0.

    >>> relu(Tensor([1.0, -2.0])).tolist()
    [1.0, 0.0]
    """
    return np.maximum(X, 0)


@relu.rule
def d_relu(dY, Y, X):
    dX = only(dY, X > 0)
    return dX


@function
def leaky_relu(X, negative_slope: float = 0.01):
    """Y = X above 0, negative_slope · X below (Maas et al. 2013).

    >>> leaky_relu(Tensor([2.0, -2.0]), 0.5).tolist()
    [2.0, -1.0]
    """
    return where(X > 0, X, X * negative_slope)


@function
def relu6(X):
    """Y = min(max(X, 0), 6).

    >>> relu6(Tensor([-1.0, 3.0, 8.0])).tolist()
    [0.0, 3.0, 6.0]
    """
    return hardtanh(X, 0.0, 6.0)


@function
def hardtanh(X, min_val: float = -1.0, max_val: float = 1.0):
    """Y = X cut to min_val … max_val. The gradient is 0 at the bounds, as in PyTorch.

    >>> hardtanh(Tensor([-3.0, 0.5, 3.0])).tolist()
    [-1.0, 0.5, 1.0]
    """
    return where(min_val >= X, min_val, where(max_val <= X, max_val, X))


@function
@in_float32
def hardsigmoid(X):
    """Y = X / 6 + 1/2, cut to 0 … 1: a sigmoid made of straight lines.

    >>> hardsigmoid(Tensor([-9.0, 0.0, 9.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    return relu6(X + 3.0) / 6


@function
@in_float32
def hardswish(X):
    """Y = X · hardsigmoid(X) (Howard et al. 2019).

    >>> hardswish(Tensor([-9.0, 0.0, 9.0])).tolist()
    [0.0, 0.0, 9.0]
    """
    X = as_float(X)
    bend = where((X <= -3.0) | (X >= 3.0), 0.0, X)  # beyond, an infinite X would make 0 · ∞ of the gradient
    return where(X >= 3.0, X, bend * (bend + 3.0) / 6)


@function
@in_float32
def elu(X, alpha: float = 1.0):
    """Y = X above 0, alpha · (e^X − 1) below (Clevert et al. 2016).

    >>> elu(Tensor([2.0, 0.0])).tolist()
    [2.0, 0.0]
    """
    return where(X > 0, X, expm1(where(X > 0, 0.0, X)) * alpha)  # the inner where: e^X would overflow above 88


@function
@in_float32
def selu(X):
    """Y = 1.0507 · elu(X, 1.6733), which keeps mean 0 and variance 1 from layer to layer (Klambauer et al. 2017).

    >>> selu(Tensor([1.0])).array.round(4).tolist()
    [1.0506999492645264]
    """
    return elu(X, 1.6732632423543772848170429916717) * 1.0507009873554804934193349852946


@function
@in_float32
def mish(X):
    """Y = X · tanh(softplus(X)) (Misra 2020).

    >>> mish(Tensor([0.0])).tolist()
    [0.0]
    """
    return X * tanh(logaddexp(X, 0.0))


@function
@in_float32
def softplus(X, beta: float = 1.0, threshold: float = 20.0):
    """Y = ln(1 + e^(beta · X)) / beta, a smooth ReLU. Where beta · X is above ``threshold`` Y is X, as in PyTorch.

    >>> softplus(Tensor([0.0])).array.round(4).tolist()
    [0.6930999755859375]
    """
    return where(X * beta > threshold, X, logaddexp(X * beta, 0.0) / beta)


@function
@in_float32
def logsigmoid(X):
    """Y = ln(1 / (1 + e^−X)). Small probabilities are not rounded to 0 first.

    >>> logsigmoid(Tensor([-100.0])).tolist()
    [-100.0]
    """
    return -logaddexp(-as_float(X), 0.0)
