"""Rows of what is done entry by entry: arithmetic, powers, exponentials, angles, rounding, choices, types."""

import numpy as np

from .case import Case, Input, away, bools, constant, distinct, form, given, ints, normal, positive, row, torch


def between(low: float, high: float, *shape: int) -> Input:
    return Input(lambda rng: rng.uniform(low, high, shape))


FLOATS = normal(2, 3)
BROAD = normal(2, 1, 3), normal(4, 1)  # stretches to (2, 4, 3)

ARITHMETIC = [
    form("add", "function", lambda t, x, y: t.add(x, y), *BROAD),
    form("add", "a 0-d float64", lambda t, x: x + t.tensor(2.5, dtype=t.float64), FLOATS),
    form("subtract", "functions", lambda t, x, y: t.sub(x, y) + t.subtract(y, x), *BROAD),
    form("subtract", "method", lambda t, x, y: x.sub(y), *BROAD),
    form("multiply", "functions", lambda t, x, y: t.mul(x, y) + t.multiply(x, 2), *BROAD),
    form("multiply", "method", lambda t, x, y: x.mul(y), *BROAD),
    form("divide", "functions", lambda t, x, y: t.div(x, y) + t.divide(x, y) + t.true_divide(x, 2), normal(2, 1, 3),
         away(4, 1)),
    form("divide", "method", lambda t, x, y: x.div(y), normal(2, 3), away(3)),
    form("divide", "an integer by a float", lambda t, k, x: k / x, ints(9, 2, 3), away(2, 3)),
    form("power", "functions", lambda t, x, y: t.pow(x, y) + t.pow(2, y) + t.pow(x, 3), positive(2, 1, 3),
         normal(4, 1)),
    form("power", "an integer Tensor as exponent", lambda t, x, k: x**k, away(2, 3), ints(4, 3)),
    form("power", "0 to a positive power", lambda t, x: x**1.5, given([0.0, 4.0]), order=0),
    form("power", "a base of 0", lambda t, x, y: x**y, given([0.0, 0.0]), given([1.0, 2.5]), order=0),
    form("power", "a negative base", lambda t, x: (-x) ** 3 + (-x) ** -2, positive(3)),
    form("negative", "functions", lambda t, x: t.neg(x) + t.negative(x), FLOATS),
    form("negative", "method", lambda t, x: x.neg(), FLOATS),
    form("absolute", "functions", lambda t, x: t.abs(x) + t.absolute(x), away(2, 3)),
    form("absolute", "twice", lambda t, x: t.abs(x * t.abs(x)), away(2, 3)),
    form("square", "function", lambda t, x: t.square(x), FLOATS),
    form("square", "method", lambda t, x: x.square(), normal()),
    form("square", "booleans", lambda t, m: m.square(), bools(4)),
    form("div", "function", lambda t, x, y: t.div(x, y) + x.div(y), normal(2, 3), away(2, 3)),
    form("div", "floor", lambda t, x, y: t.div(x, y, rounding_mode="floor") * y, normal(2, 3), away(2, 3), order=0),
    form("div", "trunc", lambda t, x, y: x.div(y, rounding_mode="trunc") * y, normal(2, 3), away(2, 3), order=0),
    form("div", "integers", lambda t, k: [t.div(k - 4, d, rounding_mode=m) for d in (2, -3)
                                          for m in ("trunc", "floor", None)], ints(9, 12)),
    form("reciprocal", "function", lambda t, x: t.reciprocal(x), away(2, 3)),
    form("reciprocal", "method", lambda t, x: x.reciprocal(), away(2, 3)),
    form("lerp", "function", lambda t, a, b, w: t.lerp(a, b, w), normal(2, 3), normal(2, 3), normal(2, 3)),
    form("lerp", "a number", lambda t, a, b: t.lerp(a, b, 0.3), normal(2, 3), normal(3)),
    form("lerp", "method", lambda t, a, b: a.lerp(b, 0.7), normal(2, 3), normal(2, 3)),
]  # fmt: skip

EXPONENTIALS = [
    form("exp", "function", lambda t, x: t.exp(x), FLOATS),
    form("exp", "no axes", lambda t, x: t.exp(x), normal()),
    form("exp2", "function", lambda t, x: t.exp2(x), FLOATS),
    form("exp2", "method", lambda t, x: x.exp2(), FLOATS),
    form("expm1", "function", lambda t, x: t.expm1(x), FLOATS),
    form("expm1", "near 0", lambda t, x: x.expm1(), given([1e-8, -1e-8, 0.0])),
    form("log", "function", lambda t, x: t.log(x), positive(2, 3)),
    form("log2", "function", lambda t, x: t.log2(x), positive(2, 3)),
    form("log2", "method", lambda t, x: x.log2(), positive(3)),
    form("log10", "function", lambda t, x: t.log10(x), positive(2, 3)),
    form("log10", "method", lambda t, x: x.log10(), positive(3)),
    form("log1p", "function", lambda t, x: t.log1p(x), positive(2, 3)),
    form("log1p", "near 0", lambda t, x: x.log1p(), given([1e-8, -1e-8, 0.0])),
    form("logaddexp", "function", lambda t, x, y: t.logaddexp(x, y), *BROAD),
    form("logaddexp", "method", lambda t, x, y: x.logaddexp(y), FLOATS, FLOATS),
    form("logaddexp", "ties", lambda t, x, y: t.logaddexp(x, y), given([1.0, -2.0]), given([1.0, -2.0])),
    form("logaddexp", "far out", lambda t, x, y: t.logaddexp(x, y), given([1000.0, -1000.0]), given([999.0, 0.0])),
    form("logaddexp", "with nothing", lambda t, x, y: t.logaddexp(x, y), given([1.0, 2.0]),
         constant(given([-np.inf, -np.inf])), order=0),
    form("sqrt", "function", lambda t, x: t.sqrt(x), positive(2, 3)),
    form("rsqrt", "function", lambda t, x: t.rsqrt(x), positive(2, 3)),
    form("rsqrt", "method", lambda t, x: x.rsqrt(), positive(2, 3)),
    form("tanh", "function", lambda t, x: t.tanh(x), FLOATS),
    form("tanh", "far out", lambda t, x: t.tanh(x), given([-1000.0, 30.0])),
    form("sigmoid", "function", lambda t, x: t.sigmoid(x), FLOATS),
    form("erf", "method", lambda t, x: x.erf(), FLOATS),
]  # fmt: skip

ANGLES = [
    form("sin", "function", lambda t, x: t.sin(x), FLOATS),
    form("sin", "method", lambda t, x: x.sin(), normal()),
    form("cos", "function", lambda t, x: t.cos(x), FLOATS),
    form("cos", "method", lambda t, x: x.cos(), FLOATS),
    form("tan", "function", lambda t, x: t.tan(x), between(-1.2, 1.2, 2, 3)),
    form("tan", "method", lambda t, x: x.tan(), between(-1.2, 1.2, 3)),
    form("sinh", "function", lambda t, x: t.sinh(x), FLOATS),
    form(
        "sinh",
        "bytes and booleans",
        lambda t, k: [(x.sinh() * 100).round() for x in (k, k.bool())],
        given([0, 1, 5], "uint8"),
    ),
    form(
        "cosh",
        "bytes and booleans",
        lambda t, k: [(x.cosh() * 100).round() for x in (k, k.bool())],
        given([0, 1, 5], "uint8"),
    ),
    form(
        "arccosh",
        "bytes and booleans",
        lambda t, k: [(x.acosh() * 100).round() for x in (k, k.bool())],
        given([1, 5], "uint8"),
    ),
    form("arctanh", "bytes", lambda t, k: k.atanh(), given([0, 0], "uint8")),
    form("sinh", "near 0", lambda t, x: x.sinh(), given([1e-8, -1e-4, 0.0])),
    form("sinh", "far out", lambda t, x: x.sinh(), given([80.0, -80.0])),
    form("cosh", "function", lambda t, x: t.cosh(x), FLOATS),
    form("cosh", "method", lambda t, x: x.cosh(), given([0.0, 80.0])),
    form("arcsin", "functions", lambda t, x: t.asin(x) + t.arcsin(x), between(-0.9, 0.9, 2, 3)),
    form("arcsin", "method", lambda t, x: x.asin(), between(-0.9, 0.9, 3)),
    form("arccos", "functions", lambda t, x: t.acos(x) + t.arccos(x), between(-0.9, 0.9, 2, 3)),
    form("arccos", "method", lambda t, x: x.acos(), between(-0.9, 0.9, 3)),
    form("arctan", "functions", lambda t, x: t.atan(x) + t.arctan(x), FLOATS),
    form("arctan", "method", lambda t, x: x.atan(), given([-1000.0, 0.0, 1000.0])),
    form("arcsinh", "functions", lambda t, x: t.asinh(x) + t.arcsinh(x), FLOATS),
    form("arcsinh", "method", lambda t, x: x.asinh(), given([-1e6, -1e-4, 0.0, 1e-8])),
    form("arccosh", "functions", lambda t, x: t.acosh(x) + t.arccosh(x), between(1.2, 3, 2, 3)),
    form("arccosh", "far out", lambda t, x: x.acosh(), given([1.5, 1e6])),
    form("arccosh", "near 1", lambda t, x: x.acosh(), given([1 + 2.0**-20, 1 + 2.0**-10]), order=0),
    form("arctanh", "functions", lambda t, x: t.atanh(x) + t.arctanh(x), between(-0.9, 0.9, 2, 3)),
    form("arctanh", "method", lambda t, x: x.atanh(), given([1e-8, 0.0, 0.9])),
]

_PARTS = given([-2.7, -1.5, -0.5, -0.2, 0.3, 0.5, 1.5, 2.5, 2.8])
_PAIRS = given([5.3, -5.3, 5.3, -5.3, 0.2]), given([3.1, 3.1, -3.1, -3.1, 0.7])

WHOLE_NUMBERS = [
    form("sign", "method", lambda t, x: x.sign() * x, given([-2.0, 0.0, 3.0]), order=0),
    form("floor", "function", lambda t, x: t.floor(x) * x, FLOATS),
    form("floor", "method", lambda t, x: x.floor(), _PARTS, order=0),
    form("ceil", "function", lambda t, x: t.ceil(x) * x, FLOATS),
    form("ceil", "method", lambda t, x: x.ceil(), _PARTS, order=0),
    form("trunc", "function", lambda t, x: t.trunc(x) * x, FLOATS),
    form("trunc", "method", lambda t, x: x.trunc(), _PARTS, order=0),
    form("round", "function", lambda t, x: t.round(x) * x, FLOATS),
    form("round", "method", lambda t, x: x.round(), _PARTS, order=0),
    form("round", "decimals", lambda t, x: t.round(x, decimals=1), given([1.24, -0.37]), order=0),
    form("floor", "integers", lambda t, k: t.floor(k - 4), ints(9, 2, 3)),
    form("floor_divide", "operator", lambda t, x, y: x // y, *map(constant, _PAIRS)),
    form("floor_divide", "functions", lambda t, x: t.floor_divide(x, 2) + x.floor_divide(3), constant(FLOATS)),
    form("floor_divide", "integers", lambda t, k: (k - 4) // 3, ints(9, 2, 3)),
    form("floor_divide", "reflected", lambda t, k: 7 // (k + 1), ints(5, 3)),
    form("fmod", "function", lambda t, x, y: t.fmod(x, y), *_PAIRS),
    form("fmod", "method", lambda t, x: x.fmod(0.7), FLOATS),
    form("fmod", "stretched", lambda t, x, y: t.fmod(x, y), normal(2, 1, 3), away(4, 1)),
    form("fmod", "integers", lambda t, k: t.fmod(k - 4, 3), ints(9, 2, 3)),
    form("remainder", "operator", lambda t, x, y: x % y, *_PAIRS),
    form("remainder", "function", lambda t, x: t.remainder(x, -0.7), FLOATS),
    form("remainder", "method", lambda t, x: x.remainder(0.7), FLOATS),
    row("remainder", "reflected", lambda x: 5.5 % x, positive(3),  # which PyTorch cannot differentiate
        theirs=lambda x: torch.remainder(torch.full_like(x, 5.5), x)),
    form("remainder", "stretched", lambda t, x, y: x % y, normal(2, 1, 3), away(4, 1)),
    form("remainder", "integers", lambda t, k: (k - 4) % 3 + (k - 4) % -3, ints(9, 2, 3)),
]  # fmt: skip

_INSIDE = given([0.0, 1.0, 0.5, 2.0, -1.0])

CHOICES = [
    form("maximum", "method", lambda t, x, y: x.maximum(y), distinct(2, 3), normal(2, 3)),
    form("maximum", "stretched", lambda t, x, y: t.maximum(x, y), *BROAD),
    form("maximum", "max of two", lambda t, x, y: t.max(x, y), distinct(2, 3), normal(2, 3)),
    form("minimum", "method", lambda t, x, y: x.minimum(y), distinct(2, 3), normal(2, 3)),
    form("minimum", "stretched", lambda t, x, y: t.minimum(x, y), *BROAD),
    form("minimum", "min of two", lambda t, x, y: t.min(x, y), distinct(2, 3), normal(2, 3)),
    form("maximum", "integers and floats", lambda t, x, k: t.maximum(x, k.to(x.dtype)), normal(2, 3), ints(2, 3)),
    form("clip", "both", lambda t, x: t.clip(x, -0.5, 0.5), FLOATS),
    form("clip", "clamp", lambda t, x: t.clamp(x, min=-0.5, max=0.5), FLOATS),
    form("clip", "methods", lambda t, x: x.clamp(-0.5, 0.5) + x.clip(0.1), FLOATS),
    form("clip", "at least", lambda t, x: x.clamp(min=0.1), away(2, 3)),
    form("clip", "at most", lambda t, x: t.clamp(x, max=0.1), away(2, 3)),
    form("clip", "at the bounds", lambda t, x: x.clamp(0.0, 1.0), _INSIDE, order=0),
    form("clip", "bounds with a gradient", lambda t, x, a, b: t.clamp(x, a, b), distinct(2, 3),
         given([-0.41, 0.2, 0.6]), given([[0.33], [0.75]])),
    form("clip", "one bound with a gradient", lambda t, x, a: x.clamp(min=a), normal(2, 3), normal(3)),
    form("clip", "bounds that cross", lambda t, x, a, b: t.clamp(x, a, b), given([0.0, 1.0, 0.5, 2.0]),
         given([0.0, 0.0, 1.0, 3.0]), given([1.0, 1.0, 0.0, 1.0]), order=0),
    form("clip", "integers", lambda t, k: k.clamp(2, 5), ints(9, 2, 3)),
    form("where", "function", lambda t, c, x, y: t.where(c, x, y), bools(2, 1), normal(3), normal(4, 1, 1)),
    form("where", "two numbers", lambda t, c: t.where(c, 1.5, 0.0), bools(2, 3)),
    form("where", "two integers", lambda t, c: t.where(c, 1, 0), bools(2, 3)),
    form("where", "places", lambda t, c: t.where(c), bools(2, 3)),
    form("where", "a choice that would overflow", lambda t, x: t.where(x > 0, t.exp(-x.abs()), x), away(3)),
    form("masked_fill", "function", lambda t, x, m: t.masked_fill(x, m, -7.0), FLOATS, bools(3)),
    form("masked_fill", "minus infinity", lambda t, x, m: x.masked_fill(m, float("-inf")).softmax(-1), FLOATS,
         given([True, False, False])),
    form("masked_fill", "a 0-d Tensor", lambda t, x, m, v: x.masked_fill(m, v), FLOATS, bools(2, 3), normal()),
    form("masked_fill", "integers", lambda t, k, m: k.masked_fill(m, 7), ints(5, 3), bools(3)),
]  # fmt: skip

TYPES = [
    form("copy", "function", lambda t, x: x.clone() * x, FLOATS),
    form("astype", "float", lambda t, x: x.float() * 2, FLOATS, order=0),
    form("astype", "type", lambda t, x: x.type(t.float64), FLOATS),
    form("astype", "long", lambda t, x: x.long(), constant(FLOATS)),
    form("astype", "int", lambda t, x: x.int(), constant(FLOATS)),
    form("astype", "bool", lambda t, x: x.bool(), constant(given([0.0, -2.0, 0.5]))),
    form("astype", "of booleans", lambda t, m: m.float(), bools(2, 3)),
    form("to", "a type", lambda t, x: x.to(t.float64) * x, FLOATS),
    form("to", "by keyword", lambda t, x: x.to(dtype=t.float64) * x, FLOATS),
    form("to", "as another", lambda t, x, y: x.to(y) * y, FLOATS, FLOATS),
    form("to", "a device", lambda t, x: x.to("cpu") * 2, FLOATS),
    form("to", "a device and a type", lambda t, x: x.to("cpu", t.float64) * 2, FLOATS),
    form("to", "cpu() and contiguous()", lambda t, x: x.cpu().mT.contiguous().view(-1), FLOATS),
]

CASES: list[Case] = [*ARITHMETIC, *EXPONENTIALS, *ANGLES, *WHOLE_NUMBERS, *CHOICES, *TYPES]
