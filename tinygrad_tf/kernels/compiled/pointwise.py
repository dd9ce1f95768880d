"""gelu, gelu_tanh and silu, entry by entry, in one pass."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import prange

from .. import pointwise
from .numbers import exp, normal
from .team import Compiled, fits, inner, kernel

Floats = np.ndarray[Any, Any]
Needs = tuple[bool, ...]

_A, _B = math.sqrt(2 / math.pi), 0.044715
_PHI = 1 / math.sqrt(2 * math.pi)


@inner()
def _gelu_piece(x: Any, y: Any, P: Any) -> None:
    for i in range(x.size):
        P[i] = normal(x[i])
        y[i] = x[i] * P[i]


@kernel
def _gelu(n: Any, X: Any, Y: Any, P: Any) -> None:
    for w in prange(n):
        a, z = w * X.size // n, (w + 1) * X.size // n
        _gelu_piece(X[a:z], Y[a:z], P[a:z])


@inner()
def _d_gelu_piece(dy: Any, P: Any, x: Any, dx: Any) -> None:
    half, phi = x.dtype.type(-0.5), x.dtype.type(_PHI)
    for i in range(x.size):
        dx[i] = dy[i] * (P[i] + x[i] * phi * exp(half * x[i] * x[i]))


@kernel
def _d_gelu(n: Any, dY: Any, P: Any, X: Any, dX: Any) -> None:
    for w in prange(n):
        a, z = w * X.size // n, (w + 1) * X.size // n
        _d_gelu_piece(dY[a:z], P[a:z], X[a:z], dX[a:z])


@inner()
def _gelu_tanh_piece(x: Any, y: Any, T: Any) -> None:
    one, half, two = x.dtype.type(1), x.dtype.type(0.5), x.dtype.type(2)
    a, b = x.dtype.type(_A), x.dtype.type(_A * _B)
    for i in range(x.size):
        u = x[i] * (a + b * x[i] * x[i])
        t = one - two / (exp(two * u) + one)  # tanh u, for small u inexact, but it is added to 1
        T[i] = t
        y[i] = half * x[i] * (one + t)


@kernel
def _gelu_tanh(n: Any, X: Any, Y: Any, T: Any) -> None:
    for w in prange(n):
        a, z = w * X.size // n, (w + 1) * X.size // n
        _gelu_tanh_piece(X[a:z], Y[a:z], T[a:z])


@inner()
def _d_gelu_tanh_piece(dy: Any, T: Any, x: Any, dx: Any) -> None:
    one, half, flat = x.dtype.type(1), x.dtype.type(0.5), x.dtype.type(pointwise.FLAT)
    a, b = x.dtype.type(0.5 * _A), x.dtype.type(1.5 * _A * _B)
    for i in range(x.size):
        slope = x[i] * (a + b * min(x[i] * x[i], flat))
        dx[i] = dy[i] * ((one + T[i]) * (half + (one - T[i]) * slope))


@kernel
def _d_gelu_tanh(n: Any, dY: Any, T: Any, X: Any, dX: Any) -> None:
    for w in prange(n):
        a, z = w * X.size // n, (w + 1) * X.size // n
        _d_gelu_tanh_piece(dY[a:z], T[a:z], X[a:z], dX[a:z])


@inner()
def _silu_piece(x: Any, y: Any, G: Any) -> None:
    one = x.dtype.type(1)
    for i in range(x.size):
        e = exp(-abs(x[i]))  # e^−|x|, because e^x overflows float32 above 88
        g = (one if x[i] >= 0 else e) / (one + e)
        G[i] = g
        y[i] = x[i] * g


@kernel
def _silu(n: Any, X: Any, Y: Any, G: Any) -> None:
    for w in prange(n):
        a, z = w * X.size // n, (w + 1) * X.size // n
        _silu_piece(X[a:z], Y[a:z], G[a:z])


@inner()
def _d_silu_piece(dy: Any, y: Any, G: Any, x: Any, dx: Any) -> None:
    one = x.dtype.type(1)
    for i in range(x.size):
        dx[i] = dy[i] * G[i] * (one + (x[i] - y[i]))  # x − y first: both may be large


@kernel
def _d_silu(n: Any, dY: Any, Y: Any, G: Any, X: Any, dX: Any) -> None:
    for w in prange(n):
        a, z = w * X.size // n, (w + 1) * X.size // n
        _d_silu_piece(dY[a:z], Y[a:z], G[a:z], X[a:z], dX[a:z])


def _forward(compiled: Compiled, plain: Callable[..., Any], X: Floats) -> Any:
    if not fits(X):
        return plain(X)
    Y, saved = np.empty_like(X), np.empty_like(X)
    compiled(X.size, X.reshape(-1), Y.reshape(-1), saved.reshape(-1))
    return Y, saved


def gelu(X: Floats) -> tuple[Floats, Floats]:
    return _forward(_gelu, pointwise.gelu, X)


def gelu_tanh(X: Floats) -> tuple[Floats, Floats]:
    return _forward(_gelu_tanh, pointwise.gelu_tanh, X)


def silu(X: Floats) -> tuple[Floats, Floats]:
    return _forward(_silu, pointwise.silu, X)


def d_gelu(dY: Floats, Y: Floats, Phi: Floats, needs: Needs, X: Floats) -> tuple[Floats]:
    if not fits(X, dY, Phi):
        return pointwise.d_gelu(dY, Y, Phi, needs, X)
    dX = np.empty_like(X)
    _d_gelu(X.size, dY.reshape(-1), Phi.reshape(-1), X.reshape(-1), dX.reshape(-1))
    return (dX,)


def d_gelu_tanh(dY: Floats, Y: Floats, T: Floats, needs: Needs, X: Floats) -> tuple[Floats]:
    if not fits(X, dY, T):
        return pointwise.d_gelu_tanh(dY, Y, T, needs, X)
    dX = np.empty_like(X)
    _d_gelu_tanh(X.size, dY.reshape(-1), T.reshape(-1), X.reshape(-1), dX.reshape(-1))
    return (dX,)


def d_silu(dY: Floats, Y: Floats, G: Floats, needs: Needs, X: Floats) -> tuple[Floats]:
    if not fits(X, dY, Y, G):
        return pointwise.d_silu(dY, Y, G, needs, X)
    dX = np.empty_like(X)
    _d_silu(X.size, dY.reshape(-1), Y.reshape(-1), G.reshape(-1), X.reshape(-1), dX.reshape(-1))
    return (dX,)
