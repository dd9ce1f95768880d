"""Angles: sine and cosine, their hyperbolic kin, and the inverses. Radians throughout."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import Array, op
from ..tensor import FUNCTIONS


@op(types="float")
def sin(X: Array) -> Array:
    """Y = sin X.

    >>> sin(Tensor([0.0])).tolist()
    [0.0]
    """
    return np.sin(X)


@sin.rule
def d_sin(dY: Array, Y: Array, X: Array) -> Any:
    dX = dY * np.cos(X)
    return dX


@op(types="float")
def cos(X: Array) -> Array:
    """Y = cos X.

    >>> cos(Tensor([0.0])).tolist()
    [1.0]
    """
    return np.cos(X)


@cos.rule
def d_cos(dY: Array, Y: Array, X: Array) -> Any:
    dX = -dY * np.sin(X)
    return dX


@op(types="float")
def tan(X: Array) -> Array:
    """Y = tan X.

    >>> tan(Tensor([0.0])).tolist()
    [0.0]
    """
    return np.tan(X)


@tan.rule
def d_tan(dY: Array, Y: Array, X: Array) -> Any:
    dX = dY * (1 + Y * Y)
    return dX


@op(types="float")
def sinh(X: Array) -> Array:
    """Y = (e^X − e^−X) / 2.

    >>> sinh(Tensor([0.0])).tolist()
    [0.0]
    """
    return np.sinh(X)


@sinh.rule
def d_sinh(dY: Array, Y: Array, X: Array) -> Any:
    dX = dY * np.cosh(X)
    return dX


@op(types="float")
def cosh(X: Array) -> Array:
    """Y = (e^X + e^−X) / 2.

    >>> cosh(Tensor([0.0])).tolist()
    [1.0]
    """
    return np.cosh(X)


@cosh.rule
def d_cosh(dY: Array, Y: Array, X: Array) -> Any:
    dX = dY * np.sinh(X)
    return dX


@op(types="float")
def arcsin(X: Array) -> Array:
    """Y = the angle in −π/2 … π/2 whose sine is X.

    >>> arcsin(Tensor([0.0])).tolist()
    [0.0]
    """
    return np.arcsin(X)


@arcsin.rule
def d_arcsin(dY: Array, Y: Array, X: Array) -> Any:
    dX = dY / np.sqrt(1 - X * X)
    return dX


@op(types="float")
def arccos(X: Array) -> Array:
    """Y = the angle in 0 … π whose cosine is X.

    >>> arccos(Tensor([1.0])).tolist()
    [0.0]
    """
    return np.arccos(X)


@arccos.rule
def d_arccos(dY: Array, Y: Array, X: Array) -> Any:
    dX = -dY / np.sqrt(1 - X * X)
    return dX


@op(types="float")
def arctan(X: Array) -> Array:
    """Y = the angle in −π/2 … π/2 whose tangent is X.

    >>> arctan(Tensor([0.0])).tolist()
    [0.0]
    """
    return np.arctan(X)


@arctan.rule
def d_arctan(dY: Array, Y: Array, X: Array) -> Any:
    dX = dY / (1 + X * X)
    return dX


@op(types="float")
def arcsinh(X: Array) -> Array:
    """Y = ln(X + √(X² + 1)).

    >>> arcsinh(Tensor([0.0])).tolist()
    [0.0]
    """
    return np.arcsinh(X)


@arcsinh.rule
def d_arcsinh(dY: Array, Y: Array, X: Array) -> Any:
    dX = dY / np.sqrt(X * X + 1)
    return dX


@op(types="float")
def arccosh(X: Array) -> Array:
    """Y = ln(X + √(X² − 1)).

    >>> arccosh(Tensor([1.0])).tolist()
    [0.0]
    """
    return np.arccosh(X)


@arccosh.rule
def d_arccosh(dY: Array, Y: Array, X: Array) -> Any:
    dX = dY / np.sqrt(X * X - 1)
    return dX


@op(types="float")
def arctanh(X: Array) -> Array:
    """Y = ln((1 + X) / (1 − X)) / 2.

    >>> arctanh(Tensor([0.0])).tolist()
    [0.0]
    """
    return np.arctanh(X)


@arctanh.rule
def d_arctanh(dY: Array, Y: Array, X: Array) -> Any:
    dX = dY / (1 - X * X)
    return dX


for _torch, _numpy in (("asin", arcsin), ("acos", arccos), ("atan", arctan), ("asinh", arcsinh), ("acosh", arccosh),
                       ("atanh", arctanh)):  # fmt: skip
    FUNCTIONS[_torch] = _numpy
