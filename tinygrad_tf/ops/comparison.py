"""Comparisons, logic and bits. Their results are booleans or integers, which have no gradient."""

from __future__ import annotations

import numpy as np

from ..autograd.operation import OpFunction, op
from .arithmetic import BROADCAST
from .composed import function

_BITS = ("both are booleans or integers, and their shapes broadcast", "compare first: (x > 0) & (y > 0)")


def _comparison(ufunc, sign: str) -> OpFunction:
    """An op that compares by a function of NumPy, after both inputs were brought to one type."""

    def compare(X, W):
        return ufunc(X, W)

    compare.__name__ = compare.__qualname__ = ufunc.__name__
    compare.__doc__ = f"Y = (X {sign} W), entry by entry. Booleans have no gradient."
    return op(types="same", expects=BROADCAST)(compare)


equal = _comparison(np.equal, "==")
not_equal = _comparison(np.not_equal, "!=")
less = _comparison(np.less, "<")
less_equal = _comparison(np.less_equal, "<=")
greater = _comparison(np.greater, ">")
greater_equal = _comparison(np.greater_equal, ">=")


@op(types="same", expects=_BITS)
def bitwise_and(X, W):
    """Y = X & W, bit by bit.

    >>> bitwise_and(Tensor([True, True]), Tensor([True, False])).tolist()
    [True, False]
    """
    return X & W


@op(types="same", expects=_BITS)
def bitwise_or(X, W):
    """Y = X | W, bit by bit.

    >>> bitwise_or(tensor([6]), 3).tolist()
    [7]
    """
    return X | W


@op(types="same", expects=_BITS)
def bitwise_xor(X, W):
    """Y = X ^ W, bit by bit.

    >>> bitwise_xor(tensor([6]), 3).tolist()
    [5]
    """
    return X ^ W


@op(types="same", expects=_BITS)
def left_shift(X, W):
    """Y = X << W, which is X · 2^W.

    >>> left_shift(tensor([3]), 1).tolist()
    [6]
    """
    return X << W


@op(types="same", expects=_BITS)
def right_shift(X, W):
    """Y = X >> W, which is ⌊X / 2^W⌋.

    >>> right_shift(tensor([6]), 1).tolist()
    [3]
    """
    return X >> W


@op(expects=(_BITS[0], "write ~(x > 0)"))
def invert(X):
    """Y = ~X: every bit is flipped, and booleans are negated.

    >>> invert(Tensor([True, False])).tolist()
    [False, True]
    """
    return ~X


@op(expects=BROADCAST)
def logical_and(X, W):
    """Whether X and W are both true (not zero).

    >>> logical_and(Tensor([1.0, 0.0]), Tensor([2.0, 2.0])).tolist()
    [True, False]
    """
    return np.logical_and(X, W)


@op(expects=BROADCAST)
def logical_or(X, W):
    """Whether X, W or both are true (not zero).

    >>> logical_or(Tensor([1.0, 0.0]), Tensor([0.0, 0.0])).tolist()
    [True, False]
    """
    return np.logical_or(X, W)


@op(expects=BROADCAST)
def logical_xor(X, W):
    """Whether exactly one of X and W is true (not zero).

    >>> logical_xor(Tensor([1.0, 1.0]), Tensor([0.0, 1.0])).tolist()
    [True, False]
    """
    return np.logical_xor(X, W)


@op
def logical_not(X):
    """Whether X is false (zero).

    >>> logical_not(Tensor([1.0, 0.0])).tolist()
    [False, True]
    """
    return np.logical_not(X)


@op
def isnan(X):
    """Whether an entry is NaN.

    >>> isnan(Tensor([float("nan"), 1.0])).tolist()
    [True, False]
    """
    return np.isnan(X)


@op
def isinf(X):
    """Whether an entry is ∞ or −∞.

    >>> isinf(Tensor([float("inf"), 1.0])).tolist()
    [True, False]
    """
    return np.isinf(X)


@op
def isposinf(X):
    """Whether an entry is ∞.

    >>> isposinf(Tensor([float("inf"), -float("inf")])).tolist()
    [True, False]
    """
    return np.equal(X, np.inf)


@op
def isneginf(X):
    """Whether an entry is −∞.

    >>> isneginf(Tensor([float("inf"), -float("inf")])).tolist()
    [False, True]
    """
    return np.equal(X, -np.inf)


@op
def isfinite(X):
    """Whether an entry is neither NaN nor ±∞.

    >>> isfinite(Tensor([float("inf"), 1.0])).tolist()
    [False, True]
    """
    return np.isfinite(X)


@op(types="same", expects=BROADCAST)
def isclose(X, W, *, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False):
    """Whether |X − W| ≤ atol + rtol · |W|, entry by entry.

    >>> isclose(Tensor([1.0, 2.0]), Tensor([1.0 + 1e-7, 2.1])).tolist()
    [True, False]
    """
    return np.isclose(X, W, rtol, atol, equal_nan)


@function
def allclose(X, W, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether :func:`isclose` holds for every entry.

    >>> allclose(Tensor([1.0]), Tensor([1.0 + 1e-7]))
    True
    """
    return bool(np.all(np.asarray(isclose(X, W, rtol=rtol, atol=atol, equal_nan=equal_nan))))
