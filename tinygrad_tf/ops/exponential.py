"""Exponentials, logarithms, roots and the curves that are made of them, entry by entry."""

from __future__ import annotations

import math

import numpy as np

from ..autograd.operation import op
from ..kernels.erf import erf as erf_of_array
from .arithmetic import BROADCAST, power
from .composed import function, in_float32


@op(types="float")
def exp(X):
    """Y = e^X. float32 overflows to inf above X = 88.

    >>> exp(Tensor([0.0])).tolist()
    [1.0]
    """
    return np.exp(X)


@exp.rule
def d_exp(dY, Y, X):
    dX = dY * Y
    return dX


@op(types="float")
def expm1(X):
    """Y = e^X − 1, exact for small X, where e^X would round to 1.

    >>> expm1(Tensor([0.0])).tolist()
    [0.0]
    """
    return np.expm1(X)


@expm1.rule
def d_expm1(dY, Y, X):
    dX = dY * (Y + 1)
    return dX


@op(types="float")
def log(X):
    """Y = ln X.

    >>> log(Tensor([1.0])).tolist()
    [0.0]
    """
    return np.log(X)


@log.rule
def d_log(dY, Y, X):
    dX = dY / X
    return dX


@op(types="float")
def log1p(X):
    """Y = ln(1 + X), exact for small X, where 1 + X would round to 1.

    >>> log1p(Tensor([0.0])).tolist()
    [0.0]
    """
    return np.log1p(X)


@log1p.rule
def d_log1p(dY, Y, X):
    dX = dY / (1 + X)
    return dX


@op(types="float", expects=BROADCAST)
def logaddexp(X, W):
    """Y = ln(e^X + e^W), without overflow.

    >>> f"{logaddexp(Tensor(1000.0), 1000.0):.3f}"
    '1000.693'
    """
    return np.logaddexp(X, W)


@logaddexp.rule
def d_logaddexp(dY, Y, X, W):
    dX = dY * sigmoid(apart(X, W))
    dW = dY * sigmoid(apart(W, X))
    return dX, dW


@op(types="float", expects=BROADCAST)
def logaddexp2(X, W):
    """Y = log₂(2^X + 2^W), without overflow.

    >>> logaddexp2(Tensor(1000.0), 1000.0).item()
    1001.0
    """
    return np.logaddexp2(X, W)


@logaddexp2.rule
def d_logaddexp2(dY, Y, X, W):
    dX = dY * sigmoid(apart(X, W) * np.log(2))
    dW = dY * sigmoid(apart(W, X) * np.log(2))
    return dX, dW


def apart(X, W):
    """X − W, but 0 for the same ∞ or −∞ in both, which would be NaN: there each has half of the gradient."""
    same = (X == W) & np.isinf(X)
    return np.where(same, 0, X) - np.where(same, 0, W)


@op(types="float")
def sqrt(X):
    """Y = √X.

    >>> sqrt(Tensor([4.0])).tolist()
    [2.0]
    """
    return np.sqrt(X)


@sqrt.rule
def d_sqrt(dY, Y, X):
    dX = dY / (2 * Y)
    return dX


@op(types="float", expects=BROADCAST)
def hypot(X, W):
    """Y = √(X² + W²), the longest side of a right triangle. Its squares do not overflow.

    >>> hypot(Tensor([3.0]), 4.0).tolist()
    [5.0]
    """
    return np.hypot(X, W)


@hypot.rule
def d_hypot(dY, Y, X, W):
    dX = dY * (X / Y)
    dW = dY * (W / Y)
    return dX, dW


@op(types="float")
def tanh(X):
    """Y = tanh X.

    >>> tanh(Tensor([0.0])).tolist()
    [0.0]
    """
    return np.tanh(X)


@tanh.rule
def d_tanh(dY, Y, X):
    dX = dY * (1 - Y * Y)
    return dX


@op(types="float")
def sigmoid(X):
    """Y = 1 / (1 + e^−X).

    >>> sigmoid(Tensor([0.0])).tolist()
    [0.5]
    """
    E = np.exp(-np.abs(X))  # e^−X overflows float32 below X = −88
    return np.where(X >= 0, 1, E) / (1 + E)


@sigmoid.rule
def d_sigmoid(dY, Y, X):
    dX = dY * Y * (1 - Y)
    return dX


@op(types="float")
def erf(X):
    """Y = 2/√π ∫₀ˣ e^−t² dt, the error function.

    >>> f"{erf(Tensor(1.0)):.4f}"
    '0.8427'
    """
    return erf_of_array(X)


@erf.rule
def d_erf(dY, Y, X):
    dX = dY * np.exp(-X * X) * (2 / np.pi**0.5)
    return dX


@function
@in_float32
def exp2(X):
    """Y = 2^X.

    >>> exp2(Tensor([3.0])).tolist()
    [8.0]
    """
    return power(2.0, X)


@function
@in_float32
def log2(X):
    """Y = log₂ X.

    >>> log2(Tensor([8.0])).tolist()
    [3.0]
    """
    return log(X) / math.log(2)


@function
@in_float32
def log10(X):
    """Y = log₁₀ X.

    >>> log10(Tensor([1000.0])).array.round(5).tolist()
    [3.0]
    """
    return log(X) / math.log(10)


@function
@in_float32
def rsqrt(X):
    """Y = 1 / √X.

    >>> rsqrt(Tensor([4.0])).tolist()
    [0.5]
    """
    return 1 / np.sqrt(X)
