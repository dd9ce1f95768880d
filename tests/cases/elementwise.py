"""Rows of the ops that work entry by entry."""

import tinygrad_tf as e

from .case import Case, away, bools, distinct, given, ints, normal, positive, row, torch

ARITHMETIC = [
    row("add", "operator", lambda x, y: x + y, normal(2, 3), normal(2, 3)),
    row("add", "a number", lambda x: x + 2.5, normal(2, 3)),
    row("add", "reflected", lambda x: 0.1 + x, normal(2, 3)),
    row("add", "to itself", lambda x: x + x, normal(3)),
    row("add", "a list", lambda x: x + [1.0, 2.0], normal(3, 2), theirs=lambda x: x + torch.tensor([1.0, 2.0]).to(x)),
    row("add", "integers", lambda x, k: x + k, normal(2, 3), ints(9, 2, 3)),
    row("subtract", "operator", lambda x, y: x - y, normal(2, 3), normal(2, 3)),
    row("subtract", "reflected", lambda x: 1 - x, normal(2, 3)),
    row("multiply", "operator", lambda x, y: x * y, normal(2, 3), normal(2, 3)),
    row("multiply", "a square", lambda x: x * x, normal(2, 3)),
    row("multiply", "booleans", lambda x, m: x * m, normal(2, 3), bools(2, 3)),
    row("multiply", "reflected", lambda x: 0.1 * x, normal()),
    row("divide", "operator", lambda x, y: x / y, normal(2, 3), away(2, 3)),
    row("divide", "reflected", lambda x: 1 / x, away(2, 3)),
    row("power", "both", lambda x, y: x**y, positive(2, 3), normal(2, 3)),
    row("power", "square", lambda x: x**2, normal(2, 3)),
    row("power", "cube of negatives", lambda x: x**3, away(2, 3)),
    row("power", "root", lambda x: x**0.5, positive(2, 3)),
    row("power", "inverse", lambda x: x**-1, away(2, 3)),
    row("power", "zeroth", lambda x: x**0 * x, normal(2, 3)),
    row("power", "reflected", lambda x: 2.0**x, normal(2, 3)),
    row("power", "method", lambda x: x.pow(1.5), positive(2, 3)),
    row("power", "of 0", lambda x: x**2, given([0.0, 1.0])),
    row("power", "0 ** 0", lambda x, y: x**y, given([0.0, 0.0, 2.0]), given([0.0, 2.0, 0.0]), order=0),
    row("negative", "operator", lambda x: -x, normal(2, 3)),
    row("absolute", "builtin", lambda x: abs(x), away(2, 3)),
    row("absolute", "method", lambda x: x.abs(), away(2, 3)),
    row("absolute", "at 0", lambda x: x.abs(), given([0.0, -1.0]), order=0),
    row("sign", "function", e.sign, away(2, 3), theirs=lambda x: torch.sign(x), order=0),
]

FUNCTIONS = [
    row("exp", "method", lambda x: x.exp(), normal(2, 3)),
    row("log", "method", lambda x: x.log(), positive(2, 3)),
    row("sqrt", "method", lambda x: x.sqrt(), positive(2, 3)),
    row("tanh", "method", lambda x: x.tanh(), normal(2, 3)),
    row("tanh", "no axes", lambda x: x.tanh(), normal()),
    row("sigmoid", "method", lambda x: x.sigmoid(), normal(2, 3)),
    row("sigmoid", "far out", lambda x: x.sigmoid(), given([-1000.0, -20.0, 20.0, 1000.0])),
    row("relu", "method", lambda x: x.relu(), away(2, 3)),
    row("relu", "at 0", lambda x: x.relu(), given([0.0, -1.0, 1.0]), order=0),
    row("erf", "function", e.erf, normal(2, 3), theirs=lambda x: torch.erf(x)),
    row("erf", "far out", e.erf, given([-30.0, -5.9, 0.0, 3.9, 7.0]), theirs=lambda x: torch.erf(x)),
    row("erf", "no axes", e.erf, normal(), theirs=lambda x: torch.erf(x)),
]

CHOICES = [
    row("maximum", "function", e.maximum, distinct(2, 3), normal(2, 3), theirs=lambda x, y: torch.maximum(x, y)),
    row("maximum", "ties", e.maximum, given([1.0, 2.0]), given([1.0, 3.0]), theirs=lambda x, y: torch.maximum(x, y),
        order=0),
    row("maximum", "a number", lambda x: e.maximum(x, 0.1), away(2, 3), theirs=lambda x: x.clamp(min=0.1)),
    row("minimum", "function", e.minimum, distinct(2, 3), normal(2, 3), theirs=lambda x, y: torch.minimum(x, y)),
    row("minimum", "ties", e.minimum, given([1.0, 2.0]), given([1.0, 3.0]), theirs=lambda x, y: torch.minimum(x, y),
        order=0),
    row("where", "Tensors", e.where, bools(2, 3), normal(2, 3), normal(2, 3),
        theirs=lambda c, x, y: torch.where(c, x, y)),
    row("where", "stretched", e.where, bools(2, 1), normal(3), normal(4, 1, 1),
        theirs=lambda c, x, y: torch.where(c, x, y)),
    row("where", "a number", lambda c, x: e.where(c, x, 0.5), bools(2, 3), normal(2, 3),
        theirs=lambda c, x: torch.where(c, x, 0.5)),
    row("where", "a number first", lambda c, x: e.where(c, 0.1, x), bools(2, 3), normal(2, 3),
        theirs=lambda c, x: torch.where(c, 0.1, x)),
    row("where", "on a comparison", lambda x: e.where(x > 0, x * x, -x), away(2, 3),
        theirs=lambda x: torch.where(x > 0, x * x, -x)),
    row("masked_fill", "method", lambda x, m: x.masked_fill(m, -7.0), normal(2, 3), bools(2, 3)),
    row("masked_fill", "stretched mask", lambda x, m: x.masked_fill(m, -7.0), normal(2, 3), bools(3)),
    row("copy", "clone", lambda x: x.clone(), normal(2, 3)),
    row("astype", "double", lambda x: x.double() * x.double(), normal(2, 3)),
    row("astype", "by name", lambda x: x.astype("float64"), normal(2, 3), theirs=lambda x: x.double()),
]  # fmt: skip

TRUE_OR_FALSE = [
    row("equal", "operator", lambda x, y: x == y, ints(3, 2, 3), ints(3, 2, 3)),
    row("not_equal", "operator", lambda x, y: x != y, ints(3, 2, 3), ints(3, 2, 3)),
    row("less", "operator", lambda x, y: x < y, normal(2, 3), normal(3)),
    row("less_equal", "operator", lambda x: x <= 0, normal(2, 3)),
    row("greater", "operator", lambda x, y: x > y, normal(2, 3), normal(3)),
    row("greater_equal", "operator", lambda x: x >= 0.5, normal(2, 3)),
    row("logical_and", "function", e.logical_and, bools(2, 3), ints(2, 3), theirs=lambda a, b: torch.logical_and(a, b)),
    row("logical_or", "function", e.logical_or, bools(2, 3), ints(2, 3), theirs=lambda a, b: torch.logical_or(a, b)),
    row("logical_not", "function", e.logical_not, ints(2, 3), theirs=lambda a: torch.logical_not(a)),
    row("bitwise_and", "booleans", lambda a, b: a & b, bools(2, 3), bools(3)),
    row("bitwise_and", "integers", lambda a: a & 3, ints(9, 2, 3)),
    row("bitwise_or", "booleans", lambda a, b: a | b, bools(2, 3), bools(3)),
    row("bitwise_or", "integers", lambda a: a | 3, ints(9, 2, 3)),
    row("invert", "booleans", lambda a: ~a, bools(2, 3)),
    row("invert", "integers", lambda a: ~a, ints(9, 2, 3)),
]

CASES: list[Case] = [*ARITHMETIC, *FUNCTIONS, *CHOICES, *TRUE_OR_FALSE]
