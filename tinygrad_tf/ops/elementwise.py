"""Entry by entry: each op and its rule. ``dY`` is the gradient of the loss to ``Y``; sizes of 1 stretch as in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import error
from ..kernels.erf import erf as erf_of_array
from ..op import Array, function, op

_BROADCAST = (
    "shapes are aligned at the right; each pair of sizes is equal, or one of them is 1",
    "insert axes of size 1 with x[:, None] or .unsqueeze(), or reshape one of them",
)


@op(types="same", expects=_BROADCAST)
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


@op(types="same", expects=_BROADCAST)
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


@op(types="same", expects=_BROADCAST)
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


@op(types="float", expects=_BROADCAST)
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


@op(types="same", expects=(_BROADCAST[0] + "; integers have no negative powers", _BROADCAST[1] + ", or use floats"))
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


@op
def sign(X: Array) -> Array:
    """Y = −1, 0 or 1; constant between its jumps.

    >>> sign(Tensor([3.0, 0.0, -2.0])).tolist()
    [1.0, 0.0, -1.0]
    """
    return np.sign(X)


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

    >>> round(erf(Tensor(1.0)).item(), 4)
    0.8427
    """
    return erf_of_array(X)


@erf.rule
def d_erf(dY: Array, Y: Array, X: Array) -> Any:
    dX = dY * np.exp(-X * X) * (2 / np.pi**0.5)
    return dX


@op(types="same", expects=_BROADCAST)
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


@op(types="same", expects=_BROADCAST)
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


@op(types="same", keeps=1, expects=_BROADCAST)
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
    if np.dtype(dtype).kind not in "biuf":
        raise error(TypeError, "astype", {"X": X, "dtype": np.dtype(dtype)}, "entries are booleans, integers or floats",
                    "choose for example 'float32' or 'int64'")  # fmt: skip
    return X.astype(dtype)


@astype.rule
def d_astype(dY: Array, Y: Array, X: Array, *, dtype: Any) -> Any:
    dX = dY
    return dX


# ---- comparisons: true or false, so without a gradient --------------------------------------------------------------


@op(types="same", expects=_BROADCAST)
def equal(X: Array, W: Array) -> Array:
    """X == W."""
    return X == W


@op(types="same", expects=_BROADCAST)
def not_equal(X: Array, W: Array) -> Array:
    """X != W."""
    return X != W


@op(types="same", expects=_BROADCAST)
def less(X: Array, W: Array) -> Array:
    """X < W."""
    return X < W


@op(types="same", expects=_BROADCAST)
def less_equal(X: Array, W: Array) -> Array:
    """X <= W."""
    return X <= W


@op(types="same", expects=_BROADCAST)
def greater(X: Array, W: Array) -> Array:
    """X > W."""
    return X > W


@op(types="same", expects=_BROADCAST)
def greater_equal(X: Array, W: Array) -> Array:
    """X >= W."""
    return X >= W


@op(expects=_BROADCAST)
def logical_and(X: Array, W: Array) -> Array:
    """Both are true (not zero)."""
    return np.logical_and(X, W)


@op(expects=_BROADCAST)
def logical_or(X: Array, W: Array) -> Array:
    """One of them is true (not zero)."""
    return np.logical_or(X, W)


@op
def logical_not(X: Array) -> Array:
    """Is false (zero)."""
    return np.logical_not(X)


@op(types="same", expects=_BROADCAST)
def bitwise_and(X: Array, W: Array) -> Array:
    """X & W: of booleans whether both are true, of integers bit by bit."""
    return X & W


@op(types="same", expects=_BROADCAST)
def bitwise_or(X: Array, W: Array) -> Array:
    """X | W: of booleans whether one of them is true, of integers bit by bit."""
    return X | W


@op
def invert(X: Array) -> Array:
    """~X: of booleans whether it is false, of integers bit by bit."""
    return ~X
