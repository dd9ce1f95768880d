"""Sine, cosine and tangent, their hyperbolic counterparts, and the inverses. Angles are in radians, or made so."""

from __future__ import annotations

import math

import numpy as np

from ..autograd.operation import op
from .arithmetic import BROADCAST, multiply
from .choice import where
from .composed import function, in_float32
from .conversion import as_float
from .exponential import log1p


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


@op(types="float")
def arccosh(X):
    """Y = ln(X + √(X² − 1)), the number whose cosh is X.

    >>> arccosh(Tensor([1.0])).tolist()
    [0.0]
    """
    return np.arccosh(X)


@arccosh.rule
def d_arccosh(dY, Y, X):
    dX = dY / np.sqrt((X - 1) * (X + 1))  # X² − 1 would lose digits near X = 1
    return dX


@function
def arctanh(X):
    """Y = ln((1 + X) / (1 − X)) / 2, the number whose tanh is X.

    >>> arctanh(Tensor([0.0])).tolist()
    [0.0]
    """
    X = as_float(X)
    return (log1p(X) - log1p(-X)) / 2


@function
@in_float32
def sinc(X):
    """Y = sin(π X) / (π X), and 1 at X = 0.

    Near 0 it is the sum 1 − Z/6 + Z²/120 − … with Z = (π X)²: the derivatives of the quotient would lose their digits.

    >>> sinc(Tensor([0.0, 0.5])).array.round(4).tolist()
    [1.0, 0.6366000175476074]
    """
    U = multiply(X, math.pi)
    near = (U < 0.5) & (U > -0.5)
    Z, Y = where(near, U * U, 0.0), 1.0
    for n in (156, 110, 72, 42, 20, 6):  # (2k + 1) · 2k
        Y = 1 - Z / n * Y
    far = where(near, 1.0, U)
    return where(near, Y, sin(far) / far)


@function
def deg2rad(X):
    """Y = X · π / 180: an angle in degrees, in radians.

    >>> deg2rad(Tensor([180.0])).array.round(4).tolist()
    [3.1415998935699463]
    """
    return multiply(X, math.pi / 180)


@function
def rad2deg(X):
    """Y = X · 180 / π: an angle in radians, in degrees.

    >>> rad2deg(Tensor([math.pi])).array.round(3).tolist()
    [180.0]
    """
    return multiply(X, 180 / math.pi)
