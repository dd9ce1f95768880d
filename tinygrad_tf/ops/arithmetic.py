"""The four operations and powers, entry by entry. Axes of size 1 are broadcast.

In every rule ``dY`` is the gradient of the loss with respect to ``Y``; the engine sums it over broadcast axes.
"""

from __future__ import annotations

import numpy as np

from ..autograd.operation import op
from .composed import function, in_float32

BROADCAST = (
    "shapes are aligned at the right; each pair of sizes is equal, or one of them is 1",
    "write x[:, None] or x.unsqueeze(axis) for an axis of size 1, or reshape one of them",
)


@op(types="same", expects=BROADCAST)
def add(X, Z):
    """Y = X + Z.

    >>> add(Tensor([1.0, 2.0]), 10.0).tolist()
    [11.0, 12.0]
    """
    return X + Z


@add.rule
def d_add(dY, Y, X, Z):
    dX = dY
    dZ = dY
    return dX, dZ


@op(types="same", expects=BROADCAST)
def subtract(X, Z):
    """Y = X − Z.

    >>> subtract(Tensor([1.0, 2.0]), 10.0).tolist()
    [-9.0, -8.0]
    """
    return X - Z


@subtract.rule
def d_subtract(dY, Y, X, Z):
    dX = dY
    dZ = -dY
    return dX, dZ


@op(types="same", expects=BROADCAST)
def multiply(X, W):
    """Y = X ⊙ W, entry by entry.

    >>> multiply(Tensor([1.0, 2.0]), 10.0).tolist()
    [10.0, 20.0]
    """
    return X * W


@multiply.rule
def d_multiply(dY, Y, X, W):
    dX = dY * W
    dW = dY * X
    return dX, dW


@op(types="float", expects=BROADCAST)
def divide(X, W):
    """Y = X / W; integers give float32.

    >>> divide(tensor([1, 2]), 4).tolist()
    [0.25, 0.5]
    """
    return X / W


@divide.rule
def d_divide(dY, Y, X, W):
    dX = dY / W
    dW = -dY * (Y / W)
    return dX, dW


def calm(A, W, instead: float):
    """A, with ``instead`` where W is 0 and A is 0, nearly 0, infinite or NaN: there W · A or W / A would be NaN."""
    if not np.any(W == 0):
        return A
    nearly = np.abs(A) < np.finfo(A.dtype).tiny  # 1 / A may be infinite
    return np.where((W == 0) & (nearly | ~np.isfinite(A)), instead, A)


@op(types="same", expects=(
    BROADCAST[0] + "; integers have no negative powers",
    BROADCAST[1] + "; write x.float() for negative powers",
))  # fmt: skip
def power(X, W):
    """Y = X ** W. The gradient of 0 ** 0 is 0, as in PyTorch.

    >>> power(Tensor([1.0, 2.0]), 3).tolist()
    [1.0, 8.0]
    """
    return X**W


@power.rule
def d_power(dY, Y, X, W):
    dX = calm(dY, W, 0) * W * calm(X, W, 1) ** (W - 1)
    dW = dY * Y * np.log(np.where((X == 0) & (W >= 0), 1, X))  # 0 · log 0 would be NaN
    return dX, dW


@op
def negative(X):
    """Y = −X.

    >>> negative(Tensor([1.0, -2.0])).tolist()
    [-1.0, 2.0]
    """
    return -X


@negative.rule
def d_negative(dY, Y, X):
    dX = -dY
    return dX


@op
def absolute(X):
    """Y = |X|; the gradient at 0 is 0.

    >>> absolute(Tensor([1.0, -2.0])).tolist()
    [1.0, 2.0]
    """
    return np.abs(X)


@absolute.rule
def d_absolute(dY, Y, X):
    dX = calm(dY, X, 0) * np.sign(X)
    return dX


@function
def square(X):
    """Y = X². Booleans give integers, as in PyTorch.

    >>> square(Tensor([3.0])).tolist()
    [9.0]
    """
    return X * X if getattr(X, "dtype", None) != np.bool_ else X.astype(np.int64)


@function
def reciprocal(X):
    """Y = 1 / X. Integers give float32.

    >>> reciprocal(Tensor([4.0])).tolist()
    [0.25]
    """
    return 1 / X


@function
@in_float32
def lerp(start, end, weight):
    """start + weight · (end − start), the linear interpolation between two values.

    >>> lerp(Tensor([0.0]), Tensor([10.0]), 0.25).tolist()
    [2.5]
    """
    return start + weight * (end - start)


@function
@in_float32
def addcmul(X, tensor1, tensor2, value: float = 1):
    """X + value · tensor1 · tensor2.

    >>> addcmul(Tensor([1.0]), Tensor([2.0]), Tensor([3.0]), value=0.5).tolist()
    [4.0]
    """
    return X + value * tensor1 * tensor2


@function
@in_float32
def addcdiv(X, tensor1, tensor2, value: float = 1):
    """X + value · tensor1 / tensor2.

    >>> addcdiv(Tensor([1.0]), Tensor([3.0]), Tensor([2.0]), value=2).tolist()
    [4.0]
    """
    return X + value * tensor1 / tensor2
