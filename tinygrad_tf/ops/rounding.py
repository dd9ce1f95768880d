"""Rounding to whole numbers, divisions that give them, and what these leave over."""

from __future__ import annotations

import numpy as np

from ..autograd.operation import op
from ..errors import error
from .arithmetic import BROADCAST, divide
from .choice import where
from .composed import function, in_float32


@op
def sign(X):
    """Y = −1, 0 or 1, the sign of X.

    >>> sign(Tensor([3.0, 0.0, -2.0])).tolist()
    [1.0, 0.0, -1.0]
    """
    return np.sign(X)


@op(types="float", expects=BROADCAST)
def copysign(X, W):
    """Y = |X| with the sign of W, which −0 has, too. The gradient is 0 where X is 0, and that of W is 0 everywhere.

    >>> copysign(Tensor([3.0, -2.0]), Tensor([-1.0, 0.0])).tolist()
    [-3.0, 2.0]
    """
    return np.copysign(X, W)


@copysign.rule
def d_copysign(dY, Y, X, W):
    dX = dY * (np.sign(X) * np.sign(Y))
    dW = np.zeros_like(W)  # Y is constant between its jumps
    return dX, dW


@op
def floor(X):
    """Y = ⌊X⌋, the largest whole number that is not above X.

    >>> floor(Tensor([1.7, -1.2])).tolist()
    [1.0, -2.0]
    """
    return np.floor(X)


@op
def ceil(X):
    """Y = ⌈X⌉, the smallest whole number that is not below X.

    >>> ceil(Tensor([1.2, -1.7])).tolist()
    [2.0, -1.0]
    """
    return np.ceil(X)


@op
def trunc(X):
    """Y = X without its fraction.

    >>> trunc(Tensor([1.7, -1.7])).tolist()
    [1.0, -1.0]
    """
    return np.trunc(X)


@op
def round(X, *, decimals: int = 0):
    """Y = X rounded to the nearest multiple of 10^−decimals. Halves go to the even one.

    >>> round(Tensor([0.5, 1.5])).tolist()
    [0.0, 2.0]
    """
    return np.round(X, decimals)


@sign.rule
@floor.rule
@ceil.rule
@trunc.rule
@round.rule
def d_step(dY, Y, X, **params):
    dX = np.zeros_like(dY)  # Y is constant between its jumps
    return dX


@op(types="same", expects=BROADCAST)
def floor_divide(X, W):
    """Y = ⌊X / W⌋, as Python's ``//``. It has no gradient, as in PyTorch; ``floor(X / W)`` has one that is 0.

    >>> floor_divide(tensor([7, -7]), 2).tolist()
    [3, -4]
    """
    return np.floor_divide(X, W)


@function
def div(X, W, rounding_mode: str | None = None):
    """Y = X / W; with ``rounding_mode`` "floor" ⌊X / W⌋, with "trunc" rounded toward 0.

    Integers that are rounded stay integers. The gradient of a rounded result is 0; ``floor_divide`` has none at all.

    >>> div(tensor([7, -7]), 2, rounding_mode="trunc").tolist()
    [3, -3]
    """
    if rounding_mode is None:
        return divide(X, W)
    if rounding_mode not in ("floor", "trunc"):
        raise error(
            RuntimeError,
            "div",
            got={"X": X, "W": W, "rounding_mode": repr(rounding_mode)},
            rule="rounding_mode is None, 'trunc' or 'floor'",
            cure="write rounding_mode='floor'",
        )
    whole = floor_divide(X, W)
    if whole.dtype.kind == "f":
        return (floor if rounding_mode == "floor" else trunc)(divide(X, W))
    if rounding_mode == "floor":
        return whole
    return whole + ((whole < 0) & (whole * W != X)).astype(whole.dtype)


@op(types="same", expects=BROADCAST)
def fmod(X, W):
    """Y = X − W · trunc(X / W): what a division leaves, with the sign of X, as in C.

    >>> fmod(Tensor([5.0, -5.0]), 3.0).tolist()
    [2.0, -2.0]
    """
    return np.fmod(X, W)


@fmod.rule
def d_fmod(dY, Y, X, W):
    dX = dY
    dW = -dY * np.trunc(X / W)
    return dX, dW


@function
@in_float32
def remainder(X, W):
    """Y = X − W · ⌊X / W⌋: what a division leaves, with the sign of W, as Python's ``%``.

    >>> remainder(Tensor([5.0, -5.0]), 3.0).tolist()
    [2.0, 1.0]
    """
    R = fmod(X, W)
    return where((R != 0) & ((R < 0) != (W < 0)), R + W, R)
