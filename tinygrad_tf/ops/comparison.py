"""True or false, and bits: comparisons and logic. Their results have no gradient."""

from __future__ import annotations

import numpy as np

from ..autograd.operation import OpFunction, op
from .arithmetic import BROADCAST
from .composed import function

_BITS = ("both are booleans or integers, and their shapes broadcast", "compare first: (x > 0) & (y > 0)")


def _comparison(ufunc, sign: str) -> OpFunction:
    """The op of a NumPy function of two arrays that are brought to one type first."""

    def compare(X, W):
        return ufunc(X, W)

    compare.__name__ = compare.__qualname__ = ufunc.__name__
    compare.__doc__ = f"X {sign} W, entry by entry: booleans, so without a gradient."
    return op(types="same", expects=BROADCAST)(compare)


equal = _comparison(np.equal, "==")
not_equal = _comparison(np.not_equal, "!=")
less = _comparison(np.less, "<")
less_equal = _comparison(np.less_equal, "<=")
greater = _comparison(np.greater, ">")
greater_equal = _comparison(np.greater_equal, ">=")


@op(types="same", expects=_BITS)
def bitwise_and(X, W):
    """X & W, bit by bit.

    >>> bitwise_and(Tensor([True, True]), Tensor([True, False])).tolist()
    [True, False]
    """
    return X & W


@op(types="same", expects=_BITS)
def bitwise_or(X, W):
    """X | W, bit by bit.

    >>> bitwise_or(Tensor([6]), 3).tolist()
    [7]
    """
    return X | W


@op(types="same", expects=_BITS)
def bitwise_xor(X, W):
    """X ^ W, bit by bit.

    >>> bitwise_xor(Tensor([6]), 3).tolist()
    [5]
    """
    return X ^ W


@op(types="same", expects=_BITS)
def left_shift(X, W):
    """X << W: times 2 to the W.

    >>> left_shift(Tensor([3]), 1).tolist()
    [6]
    """
    return X << W


@op(types="same", expects=_BITS)
def right_shift(X, W):
    """X >> W: divided by 2 to the W, rounded down.

    >>> right_shift(Tensor([6]), 1).tolist()
    [3]
    """
    return X >> W


@op(expects=(_BITS[0], "write ~(x > 0)"))
def invert(X):
    """~X: every bit turned, booleans negated.

    >>> invert(Tensor([True, False])).tolist()
    [False, True]
    """
    return ~X


@op(expects=BROADCAST)
def logical_and(X, W):
    """Both are true (not zero).

    >>> logical_and(Tensor([1.0, 0.0]), Tensor([2.0, 2.0])).tolist()
    [True, False]
    """
    return np.logical_and(X, W)


@op(expects=BROADCAST)
def logical_or(X, W):
    """One of them is true (not zero).

    >>> logical_or(Tensor([1.0, 0.0]), Tensor([0.0, 0.0])).tolist()
    [True, False]
    """
    return np.logical_or(X, W)


@op(expects=BROADCAST)
def logical_xor(X, W):
    """Exactly one of them is true (not zero).

    >>> logical_xor(Tensor([1.0, 1.0]), Tensor([0.0, 1.0])).tolist()
    [True, False]
    """
    return np.logical_xor(X, W)


@op
def logical_not(X):
    """Is false (zero).

    >>> logical_not(Tensor([1.0, 0.0])).tolist()
    [False, True]
    """
    return np.logical_not(X)


@op
def isnan(X):
    """Is not a number.

    >>> isnan(Tensor([float("nan"), 1.0])).tolist()
    [True, False]
    """
    return np.isnan(X)


@op
def isinf(X):
    """Is ∞ or −∞.

    >>> isinf(Tensor([float("inf"), 1.0])).tolist()
    [True, False]
    """
    return np.isinf(X)


@op
def isfinite(X):
    """Is an ordinary number.

    >>> isfinite(Tensor([float("inf"), 1.0])).tolist()
    [False, True]
    """
    return np.isfinite(X)


@op(types="same", expects=BROADCAST)
def isclose(X, W, *, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False):
    """|X − W| ≤ atol + rtol · |W|.

    >>> isclose(Tensor([1.0, 2.0]), Tensor([1.0 + 1e-7, 2.1])).tolist()
    [True, False]
    """
    return np.isclose(X, W, rtol, atol, equal_nan)


@function
def allclose(X, W, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether :func:`isclose` holds everywhere.

    >>> allclose(Tensor([1.0]), Tensor([1.0 + 1e-7]))
    True
    """
    return bool(np.all(np.asarray(isclose(X, W, rtol=rtol, atol=atol, equal_nan=equal_nan))))
