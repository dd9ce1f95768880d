"""Rows of what is done over axes: sums, means, variances, extremes, norms, and what runs along one axis."""

import math

import tinygrad_tf as t

from .case import Case, bools, distinct, form, given, ints, normal, positive, row

X = normal(2, 3, 2)
D = distinct(2, 3, 2)


def reductions(name: str, x=X, tuples: bool = True) -> list[Case]:
    """Every way to name axes that PyTorch has, as a function and as a method."""
    rows = [
        form(name, "all, function", lambda t, x: getattr(t, name)(x), x),
        form(name, "all, method", lambda t, x: getattr(x, name)(), x),
        form(name, "no axes", lambda t, x: getattr(x.sum(), name)(), x) if name not in ("var", "std") else None,
        form(name, "dim, function", lambda t, x: getattr(t, name)(x, dim=1), x),
        form(name, "dim from the back", lambda t, x: getattr(x, name)(dim=-1), x),
        form(name, "positional, kept", lambda t, x: getattr(x, name)(1, keepdim=True), x),
        form(name, "function, kept", lambda t, x: getattr(t, name)(x, 0, keepdim=True), x),
        form(name, "axis and keepdims", lambda t, x: getattr(t, name)(x, axis=1, keepdims=True), x),
    ]
    if tuples:
        rows += [
            form(name, "two axes", lambda t, x: getattr(x, name)((0, -1)), x),
            form(name, "two axes in a list, kept", lambda t, x: getattr(x, name)(dim=[2, 1], keepdim=True), x),
        ]
    return [row for row in rows if row is not None]


SUMS = [
    *reductions("sum"),
    *reductions("mean"),
    *reductions("var"),
    *reductions("std"),
    form("std_mean", "all", lambda t, x: t.std_mean(x), X),
    form("std_mean", "dim", lambda t, x: t.std_mean(x, dim=1), X),
    form("std_mean", "biased", lambda t, x: t.std_mean(x, (0, 1), False, True) + t.std_mean(x, False), X),
    form("var_mean", "biased", lambda t, x: t.var_mean(x, 1, False, True) + t.var_mean(x, unbiased=False), X),
    form("std_mean", "kept", lambda t, x: t.std_mean(x, dim=(0, 2), correction=0, keepdim=True), X),
    *reductions("amax", D),
    *reductions("amin", D),
    *reductions("prod", tuples=False)[:2],
    *reductions("argmax", D, tuples=False),
    *reductions("argmin", D, tuples=False),
    *reductions("all", bools(2, 3, 2)),
    *reductions("any", bools(2, 3, 2)),
    form("sum", "booleans", lambda t, m: m.sum(0), bools(4, 2)),
    form("sum", "integers", lambda t, k: k.sum(dim=1), ints(9, 2, 3)),
    form("mean", "of a product", lambda t, x: (x * x).mean((0, 1)), X),
    form("var", "biased", lambda t, x: t.var(x, dim=1, unbiased=False), X),
    form("var", "positional", lambda t, x: x.var(1, False, True), X),
    form("var", "of all, biased", lambda t, x: x.var(False), X),
    form("var", "correction", lambda t, x: x.var(dim=(0, 1), correction=2), X),
    form("std", "biased", lambda t, x: x.std(dim=-2, unbiased=False, keepdim=True), X),
    form("std", "correction", lambda t, x: t.std(x, dim=0, correction=0), X),
    form("std", "at 0", lambda t, x: x.std(1), given([[2.0, 2.0, 2.0], [1.0, 3.0, 2.0]]), order=0),
    form("amax", "ties", lambda t, x: x.amax(1), given([[3.0, 1.0, 3.0], [2.0, 2.0, 2.0]]), order=0),
    form("amin", "ties", lambda t, x: x.amin((0, 1)), given([[3.0, 1.0, 1.0], [2.0, 1.0, 2.0]]), order=0),
    form("argmin", "first of ties", lambda t, k: k.argmin(0), given([[1, 2], [1, 1], [5, 1]])),
    form("all", "of numbers", lambda t, k: t.all(k, dim=0), ints(2, 2, 3)),
    form("any", "of numbers", lambda t, k: t.any(k), ints(2, 2, 3)),
]

EXTREMES = [
    form("max", "function", lambda t, x: t.max(x), D),
    form("max", "along dim", lambda t, x: t.max(x, dim=1), D),
    form("max", "along dim, values", lambda t, x: x.max(dim=1).values * x.max(0)[0].sum(), D),
    form("max", "positional", lambda t, x: t.max(x, 1), D),
    form("max", "positional, kept", lambda t, x: x.max(1, True), D),
    form("max", "method, kept", lambda t, x: x.max(-1, keepdim=True), D),
    form("max", "along dim, ties", lambda t, x: x.max(dim=1), given([[3.0, 1.0, 3.0], [2.0, 2.0, 2.0]]), order=0),
    form("max", "integers", lambda t, k: k.max(1), ints(9, 2, 3)),
    form("min", "function", lambda t, x: t.min(x), D),
    form("min", "along dim", lambda t, x: x.min(dim=0), D),
    form("min", "positional, kept", lambda t, x: t.min(x, -1, True), D),
    form("min", "along dim, ties", lambda t, x: x.min(dim=0), given([[3.0, 1.0], [2.0, 1.0]]), order=0),
]


def _norms(p) -> list[Case]:
    return [
        form("norm", f"p={p}", lambda t, x: t.norm(x, p), D),
        form("norm", f"p={p}, an axis", lambda t, x: x.norm(p=p, dim=1), D),
        form("norm", f"p={p}, kept", lambda t, x: x.norm(p, -1, True), D),
        form("norm", f"p={p}, two axes", lambda t, x: x.norm(p, (0, 1)), D),
    ]


NORMS = [
    *[row for p in (1, 2, 3, 0.5, math.inf, -math.inf, -1.5) for row in _norms(p)],
    form("norm", "of all", lambda t, x: x.norm(), X),
    form("norm", "dim alone", lambda t, x: x.norm(dim=-1, keepdim=True), X),
    form("norm", "Frobenius", lambda t, x: t.norm(x, p="fro"), normal(2, 3)),
    form("norm", "at 0", lambda t, x: x.norm(), given([0.0, 0.0]), order=0),
    form("norm", "rows at 0", lambda t, x: x.norm(dim=1), given([[0.0, 0.0], [3.0, 4.0]]), order=0),
    form("norm", "p=1 at 0", lambda t, x: x.norm(1), given([0.0, 2.0]), order=0),
    form("norm", "p=3 at 0", lambda t, x: x.norm(3), given([0.0, 0.0]), order=0),
    form("norm", "p=3 with a 0", lambda t, x: x.norm(3), given([0.0, 2.0]), order=0),
    form("norm", "p=½ with a 0", lambda t, x: x.norm(0.5), given([0.0, 2.0]), order=0),
    form("norm", "largest, ties", lambda t, x: x.norm(math.inf), given([2.0, -2.0, 1.0]), order=0),
    form("logsumexp", "dim", lambda t, x: t.logsumexp(x, dim=1), X),
    form("logsumexp", "positional, kept", lambda t, x: x.logsumexp(-1, True), X),
    form("logsumexp", "two axes", lambda t, x: x.logsumexp((0, 2)), X),
    form("logsumexp", "function, kept", lambda t, x: t.logsumexp(x, [0, 1], keepdim=True), X),
    form("logsumexp", "far out", lambda t, x: x.logsumexp(0), given([89.0, 90.0, -1000.0])),
    form(
        "logsumexp", "with nothing", lambda t, x: x.masked_fill(x > 1, -math.inf).logsumexp(0), given([1.5, 0.2, 0.5])
    ),
]

TYPED = [
    form("sum", "a type", lambda t, x: x.sum(1, dtype=t.float64) + t.sum(x, dtype=t.float64), X),
    form("sum", "bytes", lambda t, k: t.sum(k) - k.sum(0), given([200, 100, 7], "uint8")),
    form("mean", "a type", lambda t, x: t.mean(x, 0, dtype=t.float64) * x.mean(dtype=t.float64), X),
    form("mean", "integers in a type", lambda t, k: k.mean(dtype=t.float64), given([2**53 - 1, 2**53 - 3])),
    form("prod", "a type", lambda t, x: t.prod(x, 1, dtype=t.float64), X),
    form("prod", "bytes", lambda t, k: k.prod(), given([200, 100, 7], "uint8")),
    form("cumsum", "a type", lambda t, x: x.cumsum(1, dtype=t.float64), X),
    form("cumsum", "bytes", lambda t, k: k.cumsum(0), given([200, 100, 7], "uint8")),
    form("cumprod", "a type", lambda t, x: t.cumprod(x, 0, dtype=t.float64), X),
    form("softmax", "a type", lambda t, x: x.softmax(1, dtype=t.float64) + t.softmax(x, -1, t.float64), X),
    form("log_softmax", "a type", lambda t, x: t.log_softmax(x, dim=0, dtype=t.float64) + x.log_softmax(0), X),
]

RUNNING = [
    form("cumsum", "dim", lambda t, x: t.cumsum(x, dim=1), X),
    form("cumsum", "positional", lambda t, x: x.cumsum(0), X),
    form("cumsum", "from the back", lambda t, x: x.cumsum(dim=-1), X),
    form("cumsum", "axis", lambda t, x: t.cumsum(x, axis=1), X),
    form("cumsum", "integers", lambda t, k: k.cumsum(0), ints(9, 4)),
    form("cumsum", "booleans", lambda t, m: m.cumsum(0), bools(4)),
    form("cumprod", "dim", lambda t, x: t.cumprod(x, dim=1), X),
    form("cumprod", "positional", lambda t, x: x.cumprod(-1), X),
    form("cumprod", "one entry", lambda t, x: x.cumprod(0) * x, normal(1, 2)),
    form("cumprod", "of five", lambda t, x: x.cumprod(0), normal(5)),
    form("cumprod", "a 0", lambda t, x: x.cumprod(0), given([1.5, 0.0, 3.0, 2.0])),
    form("cumprod", "two 0s", lambda t, x: x.cumprod(0), given([1.5, 0.0, 3.0, 0.0])),
    form("cumprod", "integers", lambda t, k: k.cumprod(0), ints(4, 4)),
    form("cummax", "dim", lambda t, x: t.cummax(x, dim=1), D),
    form("cummax", "values", lambda t, x: x.cummax(0).values * x, D),
    form("cummax", "ties", lambda t, x: x.cummax(0), given([1.0, 1.0, 0.0, 2.0, 2.0]), order=0),
    form("cummax", "NaN", lambda t, x: x.cummax(0), given([1.0, math.nan, 2.0, math.nan]), order=0),
    form("logcumsumexp", "dim", lambda t, x: t.logcumsumexp(x, dim=1), X),
    form("logcumsumexp", "positional", lambda t, x: x.logcumsumexp(0), normal(5)),
    form("logcumsumexp", "from the back", lambda t, x: x.logcumsumexp(-1), X),
    form("logcumsumexp", "no axes", lambda t, x: x.logcumsumexp(0) * x, normal()),
    form("logcumsumexp", "far out", lambda t, x: x.logcumsumexp(0), given([0.0, 100.0, -1000.0, 1000.0])),
    form("logcumsumexp", "no entries", lambda t, x: x[:0].logcumsumexp(0).sum() + x.sum(), normal(3)),
    form("prod", "dim", lambda t, x: t.prod(x, dim=1), X),
    form("prod", "positional, kept", lambda t, x: x.prod(1, True), X),
    form("prod", "from the back, kept", lambda t, x: x.prod(dim=-1, keepdim=True), X),
    form("prod", "of five", lambda t, x: x.prod(), normal(5)),
    form("prod", "no axes", lambda t, x: x.prod(), normal()),
    form("prod", "a 0", lambda t, x: x.prod(), given([2.0, 0.0, 3.0])),
    form("prod", "two 0s", lambda t, x: x.prod(1), given([[2.0, 0.0, 0.0], [1.0, 4.0, 0.0]])),
    form("prod", "integers", lambda t, k: k.prod(0), ints(4, 3, 2)),
    form("prod", "booleans", lambda t, m: m.prod(0), bools(3, 2)),
    form("prod", "booleans, as a type", lambda t, k: k.prod(0, dtype=t.bool), ints(2, 3, 4)),
    row(
        "cumprod",
        "booleans, as a type",
        lambda k: k.cumprod(0, dtype=bool),
        ints(2, 3, 4),
        theirs=lambda k: k.cumprod(0) != 0,
    ),
]

SORTED = [
    form("sort", "method", lambda t, x: x.sort(), D),
    form("sort", "dim", lambda t, x: t.sort(x, dim=1), D),
    form("sort", "descending", lambda t, x: t.sort(x, 0, descending=True), D),
    form("sort", "positional", lambda t, x: x.sort(1, True), D),
    form("sort", "values", lambda t, x: t.sort(x)[0] * x, D),
    form("sort", "integers, ties", lambda t, k: t.sort(k, stable=True), given([3, 1, 3, 0, 1])),
    form("sort", "ties, descending", lambda t, k: t.sort(k, descending=True, stable=True), given([3, 1, 3, 0, 1])),
    form("argsort", "function", lambda t, x: t.argsort(x), D),
    form("argsort", "dim, descending", lambda t, x: x.argsort(dim=1, descending=True), D),
    form("argsort", "positional", lambda t, x: t.argsort(x, 0), D),
    form("argsort", "ties", lambda t, k: t.argsort(k, stable=True), given([3, 1, 3, 0, 1])),
    row("partition", "its entry", lambda x: t.partition(x, 2, axis=1)[:, 2], D,
        theirs=lambda x: x.sort(1).values[:, 2]),
    row("partition", "several, from the back", lambda x: t.partition(x, [0, -1])[..., [0, -1]], D,
        theirs=lambda x: x.sort().values[..., [0, -1]]),
    row("partition", "flattened", lambda x: t.partition(x, 3, None)[:3].sum(), D,
        theirs=lambda x: x.flatten().sort().values[:3].sum()),
    form("topk", "method", lambda t, x: x.topk(2, dim=1), D),
    form("topk", "last axis", lambda t, x: t.topk(x, 1), D),
    form("topk", "smallest", lambda t, x: t.topk(x, 2, 0, largest=False), D),
    form("topk", "values", lambda t, x: x.topk(2, 1)[0].square(), D),
    form("topk", "none", lambda t, x: x.topk(0, 1)[0].sum() + x.sum(), D),
    form("topk", "sorted given", lambda t, x: x.topk(2, 1, True, True).values, positive(2, 4)),
]  # fmt: skip

CASES: list[Case] = [*SUMS, *EXTREMES, *NORMS, *TYPED, *RUNNING, *SORTED]
