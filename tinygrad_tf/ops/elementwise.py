"""Entry by entry: each op and its rule. ``dY`` is the gradient of the loss to ``Y``; sizes of 1 stretch as in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels.erf import erf as erf_of_array
from ..op import Array, function, op

BROADCAST = (
    "shapes are aligned at the right; each pair of sizes is equal, or one of them is 1",
    "insert axes of size 1 with x[:, None] or .unsqueeze(), or reshape one of them",
)


@op(types="same", expects=BROADCAST)
def add(X: Array, W: Array) -> Array:
    """Y = X + W.

    >>> add(Tensor([1.0, 2.0]), 10.0).tolist()
    [11.0, 12.0]
    """
    return X + W


@add.rule
def d_add(dY: Array, Y: Array, X: Array, W: Array) -> Any:
    dX = dY
    dW = dY
    return dX, dW


@op(types="same", expects=BROADCAST)
def subtract(X: Array, W: Array) -> Array:
    """Y = X − W.

    >>> subtract(Tensor([1.0, 2.0]), 10.0).tolist()
    [-9.0, -8.0]
    """
    return X - W


@subtract.rule
def d_subtract(dY: Array, Y: Array, X: Array, W: Array) -> Any:
    dX = dY
    dW = -dY
    return dX, dW


@op(types="same", expects=BROADCAST)
def multiply(X: Array, W: Array) -> Array:
    """Y = X ⊙ W, entry by entry.

    >>> multiply(Tensor([1.0, 2.0]), 10.0).tolist()
    [10.0, 20.0]
    """
    return X * W


@multiply.rule
def d_multiply(dY: Array, Y: Array, X: Array, W: Array) -> Any:
    dX = dY * W
    dW = dY * X
    return dX, dW


@op(types="float", expects=BROADCAST)
def divide(X: Array, W: Array) -> Array:
    """Y = X / W; integers give float32.

    >>> divide(Tensor([1, 2]), 4).tolist()
    [0.25, 0.5]
    """
    return X / W


@divide.rule
def d_divide(dY: Array, Y: Array, X: Array, W: Array) -> Any:
    dX = dY / W
    dW = -dY * Y / W
    return dX, dW


@op(types="same", expects=BROADCAST)
def power(X: Array, W: Array) -> Array:
    """Y = X ** W. As in PyTorch 0 ** 0 has gradient 0.

    >>> power(Tensor([1.0, 2.0]), 3).tolist()
    [1.0, 8.0]
    """
    return X**W


@power.rule
def d_power(dY: Array, Y: Array, X: Array, W: Array) -> Any:
    dX = dY * W * X ** np.where(W == 0, 1, W - 1)  # at W = 0 the factor W is 0; X ** -1 would make it 0 · ∞ at X = 0
    dW = dY * Y * np.log(np.where((X == 0) & (W >= 0), 1, X))  # log 0 = −∞ would meet Y = 0
    return dX, dW


@op
def negative(X: Array) -> Array:
    """Y = −X.

    >>> negative(Tensor([1.0, -2.0])).tolist()
    [-1.0, 2.0]
    """
    return -X


@negative.rule
def d_negative(dY: Array, Y: Array, X: Array) -> Any:
    dX = -dY
    return dX


@op
def absolute(X: Array) -> Array:
    """Y = |X|; the gradient at 0 is 0.

    >>> absolute(Tensor([1.0, -2.0])).tolist()
    [1.0, 2.0]
    """
    return np.abs(X)


@absolute.rule
def d_absolute(dY: Array, Y: Array, X: Array) -> Any:
    dX = dY * np.sign(X)
    return dX


# ---- steps: constant between their jumps, so their gradient is 0 -----------------------------------------------------


@op
def sign(X: Array) -> Array:
    """Y = −1, 0 or 1.

    >>> sign(Tensor([3.0, 0.0, -2.0])).tolist()
    [1.0, 0.0, -1.0]
    """
    return np.sign(X)


@op
def floor(X: Array) -> Array:
    """Y = the largest whole number that is not above X.

    >>> floor(Tensor([1.7, -1.2])).tolist()
    [1.0, -2.0]
    """
    return np.floor(X)


@op
def ceil(X: Array) -> Array:
    """Y = the smallest whole number that is not below X.

    >>> ceil(Tensor([1.2, -1.7])).tolist()
    [2.0, -1.0]
    """
    return np.ceil(X)


@op
def trunc(X: Array) -> Array:
    """Y = X without its fraction.

    >>> trunc(Tensor([1.7, -1.7])).tolist()
    [1.0, -1.0]
    """
    return np.trunc(X)


@op
def round(X: Array, *, decimals: int = 0) -> Array:
    """Y = the nearest whole number (or multiple of 10^−decimals), halves to the even one.

    >>> round(Tensor([0.5, 1.5])).tolist()
    [0.0, 2.0]
    """
    return np.round(X, decimals)


@op(types="same", expects=BROADCAST)
def floor_divide(X: Array, W: Array) -> Array:
    """Y = ⌊X / W⌋, as Python's ``//``.

    >>> floor_divide(Tensor([7, -7]), 2).tolist()
    [3, -4]
    """
    return np.floor_divide(X, W)


@sign.rule
@floor.rule
@ceil.rule
@trunc.rule
def d_step(dY: Array, Y: Array, X: Array) -> Any:
    dX = np.zeros_like(dY)
    return dX


@round.rule
def d_round(dY: Array, Y: Array, X: Array, *, decimals: int) -> Any:
    dX = np.zeros_like(dY)
    return dX


@floor_divide.rule
def d_floor_divide(dY: Array, Y: Array, X: Array, W: Array) -> Any:
    dX = np.zeros_like(dY)
    dW = np.zeros_like(dY)
    return dX, dW


# ---- smooth functions ------------------------------------------------------------------------------------------------


@op(types="float")
def exp(X: Array) -> Array:
    """Y = e^X. float32 overflows to inf above X = 88.

    >>> exp(Tensor([0.0])).tolist()
    [1.0]
    """
    return np.exp(X)


@exp.rule
def d_exp(dY: Array, Y: Array, X: Array) -> Any:
    dX = dY * Y
    return dX


@op(types="float")
def log(X: Array) -> Array:
    """Y = ln X.

    >>> log(Tensor([1.0])).tolist()
    [0.0]
    """
    return np.log(X)


@log.rule
def d_log(dY: Array, Y: Array, X: Array) -> Any:
    dX = dY / X
    return dX


@op(types="float")
def sqrt(X: Array) -> Array:
    """Y = √X.

    >>> sqrt(Tensor([4.0])).tolist()
    [2.0]
    """
    return np.sqrt(X)


@sqrt.rule
def d_sqrt(dY: Array, Y: Array, X: Array) -> Any:
    dX = dY / (2 * Y)
    return dX


@op(types="float")
def tanh(X: Array) -> Array:
    """Y = tanh X.

    >>> tanh(Tensor([0.0])).tolist()
    [0.0]
    """
    return np.tanh(X)


@tanh.rule
def d_tanh(dY: Array, Y: Array, X: Array) -> Any:
    dX = dY * (1 - Y * Y)
    return dX


@op(types="float")
def expm1(X: Array) -> Array:
    """Y = e^X − 1, exact for small X, where e^X would round to 1.

    >>> expm1(Tensor([0.0])).tolist()
    [0.0]
    """
    return np.expm1(X)


@expm1.rule
def d_expm1(dY: Array, Y: Array, X: Array) -> Any:
    dX = dY * (Y + 1)
    return dX


@op(types="float")
def log1p(X: Array) -> Array:
    """Y = ln(1 + X), exact for small X, where 1 + X would round to 1.

    >>> log1p(Tensor([0.0])).tolist()
    [0.0]
    """
    return np.log1p(X)


@log1p.rule
def d_log1p(dY: Array, Y: Array, X: Array) -> Any:
    dX = dY / (1 + X)
    return dX


@op(types="float")
def sigmoid(X: Array) -> Array:
    """Y = 1 / (1 + e^−X).

    >>> sigmoid(Tensor([0.0])).tolist()
    [0.5]
    """
    E = np.exp(-np.abs(X))  # e^−X overflows float32 below X = −88
    return np.where(X >= 0, 1, E) / (1 + E)


@sigmoid.rule
def d_sigmoid(dY: Array, Y: Array, X: Array) -> Any:
    dX = dY * Y * (1 - Y)
    return dX


@op
def relu(X: Array) -> Array:
    """Y = max(X, 0); the gradient at 0 is 0.

    >>> relu(Tensor([1.0, -2.0])).tolist()
    [1.0, 0.0]
    """
    return np.maximum(X, 0)


@relu.rule
def d_relu(dY: Array, Y: Array, X: Array) -> Any:
    dX = dY * (X > 0)
    return dX


@op(types="float")
def erf(X: Array) -> Array:
    """Y = 2/√π ∫₀ˣ e^−t² dt, the error function.

    >>> f"{erf(Tensor(1.0)):.4f}"
    '0.8427'
    """
    return erf_of_array(X)


@erf.rule
def d_erf(dY: Array, Y: Array, X: Array) -> Any:
    dX = dY * np.exp(-X * X) * (2 / np.pi**0.5)
    return dX


@op(types="same", expects=BROADCAST)
def maximum(X: Array, W: Array) -> Array:
    """Y = the larger of both; where they tie each gets half of the gradient.

    >>> maximum(Tensor([1.0, 5.0]), 3.0).tolist()
    [3.0, 5.0]
    """
    return np.maximum(X, W)


@maximum.rule
def d_maximum(dY: Array, Y: Array, X: Array, W: Array) -> Any:
    half = dY * (X == W) / 2
    dX = dY * (X > W) + half
    dW = dY * (W > X) + half
    return dX, dW


@op(types="same", expects=BROADCAST)
def minimum(X: Array, W: Array) -> Array:
    """Y = the smaller of both; where they tie each gets half of the gradient.

    >>> minimum(Tensor([1.0, 5.0]), 3.0).tolist()
    [1.0, 3.0]
    """
    return np.minimum(X, W)


@minimum.rule
def d_minimum(dY: Array, Y: Array, X: Array, W: Array) -> Any:
    half = dY * (X == W) / 2
    dX = dY * (X < W) + half
    dW = dY * (W < X) + half
    return dX, dW


@op(types="float", expects=BROADCAST)
def logaddexp(X: Array, W: Array) -> Array:
    """Y = ln(e^X + e^W), without overflow.

    >>> f"{logaddexp(Tensor(1000.0), 1000.0):.3f}"
    '1000.693'
    """
    return np.logaddexp(X, W)


@logaddexp.rule
def d_logaddexp(dY: Array, Y: Array, X: Array, W: Array) -> Any:
    dX = dY * np.exp(X - Y)
    dW = dY * np.exp(W - Y)
    return dX, dW


@op(types="same", expects=BROADCAST)
def remainder(X: Array, W: Array) -> Array:
    """Y = X − W · ⌊X / W⌋: what is left of X, with the sign of W, as Python's ``%``.

    >>> remainder(Tensor([5.0, -5.0]), 3.0).tolist()
    [2.0, 1.0]
    """
    return np.remainder(X, W)


@remainder.rule
def d_remainder(dY: Array, Y: Array, X: Array, W: Array) -> Any:
    dX = dY
    dW = -dY * np.floor(X / W)
    return dX, dW


@op(types="same", expects=BROADCAST)
def fmod(X: Array, W: Array) -> Array:
    """Y = X − W · trunc(X / W): what is left of X, with the sign of X, as in C.

    >>> fmod(Tensor([5.0, -5.0]), 3.0).tolist()
    [2.0, -2.0]
    """
    return np.fmod(X, W)


@fmod.rule
def d_fmod(dY: Array, Y: Array, X: Array, W: Array) -> Any:
    dX = dY
    dW = -dY * np.trunc(X / W)
    return dX, dW


@op
def clip(X: Array, *, min: Any = None, max: Any = None) -> Array:
    """Y = X, but at least ``min`` and at most ``max``, two numbers; the gradient passes where X lies within.

    >>> clip(Tensor([-3.0, 0.5, 3.0]), -1.0, 1.0).tolist()
    [-1.0, 0.5, 1.0]
    """
    return np.clip(X, min, max)


@clip.rule
def d_clip(dY: Array, Y: Array, X: Array, *, min: Any, max: Any) -> Any:
    dX = dY * (Y == X)
    return dX


@op(types="same", keeps=1, expects=BROADCAST)
def where(C: Array, X: Array, W: Array) -> Array:
    """Y = X where the condition C is true, W elsewhere.

    >>> where(Tensor([True, False]), Tensor([1.0, 2.0]), 0.0).tolist()
    [1.0, 0.0]
    """
    return np.where(C, X, W)


@where.rule
def d_where(dY: Array, Y: Array, C: Array, X: Array, W: Array) -> Any:
    dX = np.where(C, dY, 0)
    dW = np.where(C, 0, dY)
    return None, dX, dW


@function
def masked_fill(X: Any, mask: Any, value: Any) -> Any:
    """X with ``value`` in every entry where ``mask`` is true.

    >>> masked_fill(Tensor([1.0, 2.0]), [True, False], 0.0).tolist()
    [0.0, 2.0]
    """
    return where(mask, value, X)


@op
def copy(X: Array) -> Array:
    """Y = X, in an array of its own.

    >>> copy(Tensor([1.0])).tolist()
    [1.0]
    """
    return X.copy()


@copy.rule
def d_copy(dY: Array, Y: Array, X: Array) -> Any:
    dX = dY
    return dX


@op
def astype(X: Array, *, dtype: Any) -> Array:
    """X in another dtype; the gradient comes back in the dtype of X, and passes through floats only.

    >>> astype(Tensor([1.5]), dtype="float64").dtype
    dtype('float64')
    """
    return X.astype(dtype)


@astype.rule
def d_astype(dY: Array, Y: Array, X: Array, *, dtype: Any) -> Any:
    dX = dY
    return dX
