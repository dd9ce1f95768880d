"""Sine, cosine and tangent, their hyperbolic counterparts, and the inverses. Angles are in radians."""

from __future__ import annotations

import numpy as np

from ..autograd.operation import op
from .arithmetic import BROADCAST
from .composed import function
from .conversion import as_float
from .exponential import log1p, sqrt


@op(types="float")
def sin(X):
    """Y = sin X.

    >>> sin(Tensor([0.0])).tolist()
    [0.0]
    """
    return np.sin(X)


@sin.rule
def d_sin(dY, Y, X):
    dX = dY * np.cos(X)
    return dX


@op(types="float")
def cos(X):
    """Y = cos X.

    >>> cos(Tensor([0.0])).tolist()
    [1.0]
    """
    return np.cos(X)


@cos.rule
def d_cos(dY, Y, X):
    dX = -dY * np.sin(X)
    return dX


@function
def tan(X):
    """Y = sin X / cos X.

    >>> tan(Tensor([0.0])).tolist()
    [0.0]
    """
    return sin(X) / cos(X)


@op(types="float")
def arcsin(X):
    """Y = the angle in −π/2 … π/2 whose sine is X.

    >>> arcsin(Tensor([0.0])).tolist()
    [0.0]
    """
    return np.arcsin(X)


@arcsin.rule
def d_arcsin(dY, Y, X):
    dX = dY / np.sqrt(1 - X * X)
    return dX


@op(types="float")
def arccos(X):
    """Y = the angle in 0 … π whose cosine is X.

    >>> arccos(Tensor([1.0])).tolist()
    [0.0]
    """
    return np.arccos(X)


@arccos.rule
def d_arccos(dY, Y, X):
    dX = -dY / np.sqrt(1 - X * X)
    return dX


@op(types="float")
def arctan(X):
    """Y = the angle in −π/2 … π/2 whose tangent is X.

    >>> arctan(Tensor([0.0])).tolist()
    [0.0]
    """
    return np.arctan(X)


@arctan.rule
def d_arctan(dY, Y, X):
    dX = dY / (1 + X * X)
    return dX


def or_infinite(R2):
    """R2, but ∞ where it is 0: the origin has no angle, and its gradient counts as 0."""
    return np.where(R2 == 0, np.inf, R2)


@op(types="float", expects=BROADCAST)
def arctan2(X, W):
    """Y = the angle in −π … π of the point whose height is X and whose width is W.

    >>> arctan2(Tensor([0.0, 0.0]), Tensor([1.0, 2.0])).tolist()
    [0.0, 0.0]
    """
    return np.arctan2(X, W)


@arctan2.rule
def d_arctan2(dY, Y, X, W):
    R2 = X * X + W * W
    dX = dY * (W / or_infinite(R2))
    dW = -dY * (X / or_infinite(R2))
    return dX, dW


@op(types="float")
def sinh(X):
    """Y = (e^X − e^−X) / 2.

    >>> sinh(Tensor([0.0])).tolist()
    [0.0]
    """
    return np.sinh(X)


@sinh.rule
def d_sinh(dY, Y, X):
    dX = dY * np.cosh(X)
    return dX


@op(types="float")
def cosh(X):
    """Y = (e^X + e^−X) / 2.

    >>> cosh(Tensor([0.0])).tolist()
    [1.0]
    """
    return np.cosh(X)


@cosh.rule
def d_cosh(dY, Y, X):
    dX = dY * np.sinh(X)
    return dX


@op(types="float")
def arcsinh(X):
    """Y = ln(X + √(X² + 1)).

    >>> arcsinh(Tensor([0.0])).tolist()
    [0.0]
    """
    return np.arcsinh(X)


@arcsinh.rule
def d_arcsinh(dY, Y, X):
    dX = dY / np.sqrt(X * X + 1)
    return dX


@function
def arccosh(X):
    """Y = ln(X + √(X² − 1)), the number whose cosh is X. It is computed in a form that is exact near X = 1.

    >>> arccosh(Tensor([1.0])).tolist()
    [0.0]
    """
    T = as_float(X) - 1
    return log1p(T + sqrt(T) * sqrt(T + 2))


@function
def arctanh(X):
    """Y = ln((1 + X) / (1 − X)) / 2, the number whose tanh is X.

    >>> arctanh(Tensor([0.0])).tolist()
    [0.0]
    """
    X = as_float(X)
    return (log1p(X) - log1p(-X)) / 2
