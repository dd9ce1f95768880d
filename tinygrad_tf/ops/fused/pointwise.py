"""gelu, silu and dropout, entry by entry."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...autograd.debugging import drawn
from ...autograd.operation import op
from ...errors import error
from ...kernels import KERNELS
from ...random import generator
from ..choice import where
from ..composed import function
from ..exponential import erf, sigmoid


@op(types="float", kernel=KERNELS["gelu"])
def _gelu(X):
    """Y = X · Φ(X), where Φ is the distribution function of the normal distribution."""
    return X * (1 + erf(X / math.sqrt(2))) / 2


@_gelu.rule
def d_gelu(dY, Y, X):
    Phi = (1 + erf(X / math.sqrt(2))) / 2
    phi = np.exp(-X * X / 2) / math.sqrt(2 * math.pi)
    dX = dY * (Phi + X * phi)
    return dX


@op(types="float", kernel=KERNELS["gelu_tanh"])
def gelu_tanh(X):
    """Y = X/2 · (1 + tanh(√(2/π) · (X + 0.044715 · X³))): the form of GELU that GPT-2 was trained with."""
    return X / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (X + 0.044715 * X**3)))


@gelu_tanh.rule
def d_gelu_tanh(dY, Y, X):
    T = np.tanh(math.sqrt(2 / math.pi) * (X + 0.044715 * X**3))
    dT = (1 - T * T) * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * X * X)
    dX = dY * (1 + T + X * dT) / 2
    return dX


@function
def gelu(X, approximate: str = "none"):
    """Y = X · Φ(X), the Gaussian error linear unit (Hendrycks, Gimpel 2016). ``approximate="tanh"`` is GPT-2's form.

    >>> round(gelu(Tensor(1.0)).item(), 4), round(gelu(Tensor(1.0), approximate="tanh").item(), 4)
    (0.8413, 0.8412)
    """
    if approximate not in ("none", "tanh"):
        raise error(
            ValueError,
            "gelu",
            got={"approximate": repr(approximate)},
            rule='approximate is "none" or "tanh"',
            cure='write gelu(x, approximate="tanh")',
        )
    return gelu_tanh(X) if approximate == "tanh" else _gelu(X)


@op(types="float", kernel=KERNELS["silu"])
def silu(X):
    """Y = X · σ(X), where σ is the sigmoid (Hendrycks, Gimpel 2016; also called Swish).

    >>> round(silu(Tensor(1.0)).item(), 4)
    0.7311
    """
    return X * sigmoid(X)


@silu.rule
def d_silu(dY, Y, X):
    G = sigmoid(X)
    dX = dY * G * (1 + (X - Y))  # X − Y = X · (1 − σ(X))
    return dX


@op(types="float", kernel=KERNELS["dropout"])
def _dropout(X, *, keep, p: float):
    """Y = X / (1 − p) where ``keep`` is true, 0 elsewhere."""
    return np.where(keep, X / (1 - p), 0)


@_dropout.rule
def d_dropout(dY, Y, X, *, keep, p):
    dX = np.where(keep, dY / (1 - p), 0)
    return dX


@function
def dropout(X, p: float = 0.5, training: bool = True):
    """In training each entry becomes 0 with probability p; the others are divided by 1 − p (Srivastava et al. 2014).

    >>> dropout(Tensor([1.0, 2.0]), p=0.5, training=False).tolist()
    [1.0, 2.0]
    """
    if not 0 <= p <= 1:
        raise error(ValueError, "dropout", got={"p": p}, rule="p is a probability, 0 … 1", cure="write e.g. p=0.1")
    if not training or p == 0:
        return X
    return where(True, 0.0, X) if p == 1 else _dropout(X, keep=keep_mask(X.shape, p), p=p)


def keep_mask(shape: tuple[int, ...], p: float) -> np.ndarray[Any, Any]:
    """Booleans of the given shape, true with probability 1 − p, drawn from the package's generator."""
    return drawn(lambda: np.asarray(generator().random(shape, np.float32) >= p))
