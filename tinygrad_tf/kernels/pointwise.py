"""gelu, silu and dropout, entry by entry, with few temporary arrays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .erf import normal
from .keep import kept

Floats = np.ndarray[Any, Any]
Needs = tuple[bool, ...]

_A, _B = math.sqrt(2 / math.pi), 0.044715
#: The square of an X at which tanh has long been 1: of larger ones the slope overflows, and 0 · ∞ would be NaN.
FLAT = 64.0


def gelu(X: Floats) -> tuple[Floats, Floats]:
    Phi = normal(X)
    return X * Phi, Phi


def d_gelu(dY: Floats, Y: Floats, Phi: Floats, needs: Needs, X: Floats) -> tuple[Floats]:
    dX = np.asarray(X * X)  # asarray: without axes the product is a scalar, which out= below cannot fill
    dX *= -0.5
    np.exp(dX, out=dX)
    dX *= X
    dX *= 1 / math.sqrt(2 * math.pi)
    dX += Phi
    dX *= dY
    return (dX,)


def gelu_tanh(X: Floats) -> tuple[Floats, Floats]:
    T = np.asarray(X * X)  # asarray: without axes the product is a scalar, which out= below cannot fill
    T *= _A * _B
    T += _A
    T *= X
    np.tanh(T, out=T)
    Y = T + 1
    Y *= 0.5  # first, for the largest X would overflow
    Y *= X
    return Y, T


def d_gelu_tanh(dY: Floats, Y: Floats, T: Floats, needs: Needs, X: Floats) -> tuple[Floats]:
    slope = np.asarray(X * X)  # half of what tanh is taken of, differentiated, times X
    np.minimum(slope, FLAT, out=slope)
    slope *= 1.5 * _A * _B
    slope += 0.5 * _A
    slope *= X
    dX = np.subtract(1, T)
    dX *= slope
    dX += 0.5
    T = T + 1
    dX *= T
    dX *= dY
    return (dX,)


def silu(X: Floats) -> tuple[Floats, Floats]:
    G = np.asarray(np.abs(X))  # asarray: without axes the result is a scalar, which out= below cannot fill
    np.negative(G, out=G)
    np.exp(G, out=G)  # e^−|X|, because e^X overflows float32 above 88
    G = np.where(X >= 0, 1, G) / (1 + G)
    return X * G, G


def d_silu(dY: Floats, Y: Floats, G: Floats, needs: Needs, X: Floats) -> tuple[Floats]:
    dX = np.asarray(X - Y)  # X · (1 − G)
    dX += 1
    dX *= G
    dX *= dY
    return (dX,)


def dropout(X: Floats, *, keep: Floats, p: float) -> tuple[Floats, None]:
    return kept(X * (1 / (1 - p)), keep), None


def d_dropout(dY: Floats, Y: Floats, saved: None, needs: Needs, X: Floats, *, keep: Floats, p: float) -> tuple[Floats]:
    return (kept(dY * (1 / (1 - p)), keep),)
