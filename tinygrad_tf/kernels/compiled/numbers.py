"""exp and the normal distribution of one number, in a form that the compiler turns into vector instructions.

float32 is computed by polynomials. float64 is left to the C library, which is exact to the last digit, but takes one
number at a time.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from ..erf import ERFC
from .team import inner

_LOG2E, _LN2_HIGH, _LN2_LOW = np.float32(1.4426950408889634), np.float32(0.693359375), np.float32(-2.12194440e-4)
_MAGIC = np.float32(12582912.0)  # 1.5 · 2²³: adding it rounds to an integer, which then stands in the lowest bits
_MAGIC_BITS = np.int32(0x4B400000)
_LOW, _HIGH = np.float32(-105.0), np.float32(89.0)  # e^x is 0 below, inf above
_C2, _C3, _C4 = np.float32(0.49999999), np.float32(0.16666553), np.float32(0.041668121)
_C5, _C6 = np.float32(0.0083690446), np.float32(0.0013632214)
_ZERO, _ONE, _HALF, _TWO = np.float32(0), np.float32(1), np.float32(0.5), np.float32(2)


def exp(x: Any) -> Any:
    """e^x; float32 to 2e-7 of its value, with 0, inf, NaN and the smallest numbers where they belong."""
    raise NotImplementedError


@overload(exp, jit_options={"fastmath": {"contract"}})
def _exp(x):  # type: ignore[no-untyped-def]
    if x != types.float32:
        return lambda x: np.exp(x)

    def exp32(x):  # type: ignore[no-untyped-def]
        none = x < _LOW
        x = _ZERO if none else _HIGH if x > _HIGH else x  # a NaN passes both; to make a 0 by underflow takes long
        shifted = x * _LOG2E + _MAGIC
        whole = shifted - _MAGIC
        r = (x - whole * _LN2_HIGH) - whole * _LN2_LOW  # e^x = 2^whole · e^r, |r| ≤ ½ ln 2
        p = _ONE + r * (_ONE + r * (_C2 + r * (_C3 + r * (_C4 + r * (_C5 + r * _C6)))))
        n = np.int32(np.float32(shifted).view(np.int32) - _MAGIC_BITS)
        half = np.int32(n >> np.int32(1))  # 2^n in two factors, for 2^−149 and 2^128 are no single exponent
        first = np.int32((half + np.int32(127)) << np.int32(23)).view(np.float32)
        second = np.int32((n - half + np.int32(127)) << np.int32(23)).view(np.float32)
        return _ZERO if none else p * first * second

    return exp32


def normal(x: Any) -> Any:
    """Φ(x) = ½ erfc(−x/√2), the distribution function of the normal distribution; float32 to 4e-7."""
    raise NotImplementedError


_SQRT_HALF = np.float32(math.sqrt(0.5))
_E0, _E1, _E2, _E3, _E4, _E5, _E6, _E7, _E8, _E9 = [np.float32(c) for c in ERFC]


@overload(normal, jit_options={"fastmath": {"contract"}})
def _normal(x):  # type: ignore[no-untyped-def]
    if x != types.float32:
        return lambda x: 0.5 * math.erfc(-x * math.sqrt(0.5))

    def normal32(x):  # type: ignore[no-untyped-def]
        z = abs(x) * _SQRT_HALF
        t = _ONE / (_ONE + _HALF * z)
        p = _E4 + t * (_E5 + t * (_E6 + t * (_E7 + t * (_E8 + t * _E9))))
        p = _E0 + t * (_E1 + t * (_E2 + t * (_E3 + t * p)))
        tail = _HALF * t * exp(p - z * z)  # erfc of z ≥ 0 (Chebyshev's approximation to 1.2e-7, all z)
        return _ONE - tail if x > 0 else tail

    return normal32


@inner("nnan", "nsz", "reassoc")
def top_of(row: Any) -> Any:
    """The largest entry. In a row with a NaN it may be any: e^(NaN − top) is NaN all the same."""
    top = row[0]
    for j in range(1, row.size):
        top = max(top, row[j])
    return top


#: A row of more entries than these is added up in parts, and their sums in float64, or left to NumPy, which adds in
#: pairs: in the vector's lanes the numbers are added one by one.
WIDE = 4096


@inner("reassoc", "nsz", "contract")
def sum_of(row: Any) -> Any:
    total = row[0]
    for j in range(1, row.size):
        total += row[j]
    return total


@inner("reassoc", "nsz", "contract")
def dot(a: Any, b: Any) -> Any:
    total = a[0] * b[0]
    for j in range(1, a.size):
        total += a[j] * b[j]
    return total


@inner()
def long_sum_of(row: Any) -> Any:
    """:func:`sum_of` for rows of any length. The compiler does not write it out, which takes time in short rows."""
    total = 0.0
    for start in range(0, row.size, WIDE):
        total += sum_of(row[start : start + WIDE])
    return row.dtype.type(total)
