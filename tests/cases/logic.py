"""Rows of comparisons, logic and bits."""

import operator

from .case import Case, bools, form, given, ints, normal

K, M, N = ints(9, 2, 3), bools(2, 3), bools(3)
ODD = given([1.0, float("nan"), float("inf"), -float("inf"), 0.0])


def compared(name: str, short: str) -> list[Case]:
    return [
        form(name, "function", lambda t, x, y: getattr(t, short)(x, y), normal(2, 1, 3), normal(4, 1)),
        form(name, "method", lambda t, x: getattr(x, short)(0.3), normal(2, 3)),
        form(name, "ties", lambda t, k: getattr(k, short)(4), K),
        form(name, "reflected", lambda t, k: getattr(operator, short)(4, k), K),
        form(name, "an integer and a float", lambda t, k, x: getattr(t, short)(k, x), ints(2, 2, 3), normal(3)),
        form(name, "NaN and infinity", lambda t, x: getattr(t, short)(x, x), ODD),
    ]


COMPARED = [
    row
    for name, short in (("equal", "eq"), ("not_equal", "ne"), ("less", "lt"), ("less_equal", "le"), ("greater", "gt"),
                        ("greater_equal", "ge"))
    for row in compared(name, short)
]  # fmt: skip

LOGIC = [
    form("greater", "by NumPy's name", lambda t, x, y: t.greater(x, y), normal(2, 3), normal(3)),
    form("logical_and", "method", lambda t, a, b: a.logical_and(b), M, N),
    form("logical_or", "method", lambda t, a, b: a.logical_or(b), M, N),
    form("logical_xor", "function", lambda t, a, b: t.logical_xor(a, b), M, ints(2, 3)),
    form("logical_xor", "method", lambda t, a, b: a.logical_xor(b), M, N),
    form("logical_not", "method", lambda t, a: a.logical_not(), M),
    form("logical_not", "of floats", lambda t, x: t.logical_not(x), given([0.0, -0.0, 0.5])),
    form("bitwise_and", "function", lambda t, a, b: t.bitwise_and(a, b), K, ints(9, 3)),
    form("bitwise_or", "function", lambda t, a, b: t.bitwise_or(a, b), K, ints(9, 3)),
    form("bitwise_or", "a number", lambda t, a: a | 8, K),
    form("bitwise_xor", "operator", lambda t, a, b: a ^ b, K, ints(9, 3)),
    form("bitwise_xor", "function", lambda t, a: t.bitwise_xor(a, 5), K),
    form("bitwise_xor", "booleans", lambda t, a, b: a ^ b, M, N),
    form("invert", "bitwise_not", lambda t, a: t.bitwise_not(a), K),
    form("left_shift", "operator", lambda t, a: a << 2, K),
    form("left_shift", "reflected", lambda t, a: 2 << a, K),
    form("right_shift", "operator", lambda t, a: a >> 1, K),
    form("right_shift", "reflected", lambda t, a: 64 >> a, K),
    form("isnan", "function", lambda t, x: t.isnan(x), ODD),
    form("isnan", "method", lambda t, x: x.isnan(), ODD),
    form("isnan", "integers", lambda t, k: t.isnan(k), K),
    form("isinf", "function", lambda t, x: t.isinf(x), ODD),
    form("isinf", "method", lambda t, x: x.isinf(), ODD),
    form("isposinf", "function", lambda t, x: t.isposinf(x), ODD),
    form("isposinf", "method", lambda t, k: k.isposinf(), K),
    form("isneginf", "function", lambda t, x: t.isneginf(x), ODD),
    form("isneginf", "method", lambda t, k: k.isneginf(), M),
    form("isfinite", "function", lambda t, x: t.isfinite(x), ODD),
    form("isfinite", "method", lambda t, x: x.isfinite(), ODD),
    form("isclose", "function", lambda t, x: t.isclose(x, x + 1e-7), normal(2, 3)),
    form("isclose", "tolerances", lambda t, x: t.isclose(x, x + 0.01, rtol=0.0, atol=0.02), normal(2, 3)),
    form("isclose", "NaN", lambda t, x: t.isclose(x, x), ODD),
    form("isclose", "equal_nan", lambda t, x: x.isclose(x, equal_nan=True), ODD),
]

CASES: list[Case] = [*COMPARED, *LOGIC]
