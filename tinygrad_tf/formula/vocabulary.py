"""How functions are written: √x for np.sqrt(x), Xᵀ for a swap of the last two axes, {a if c, else b} for np.where."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from .expr import Expr, call, matmul, power, reduced, stretched, times, total, transpose, value

Function = Callable[..., Any]

NONE = value(None)


def _reduction(name: str) -> Function:
    def write(a: Expr, axis: Expr = NONE, keepdims: Expr = NONE, dtype: Expr = NONE, **params: Expr) -> Expr:
        keep = keepdims.parts[0] is True
        if name == "Σ":
            return total(a, axis, keep)
        return call(name, a, axis=axis, **params, shape=reduced(a.shape, axis, keep))

    return write


def _reshape(name: str) -> Function:
    def write(a: Expr, *sizes: Expr, shape: Expr = NONE) -> Expr:
        to = sizes[0] if len(sizes) == 1 else value(tuple(s.parts[0] for s in sizes)) if sizes else shape
        known = to.parts[0] if to.kind == "value" and isinstance(to.parts[0], tuple) else None
        return a if known is not None and known == a.shape else call(name, a, to, shape=known)

    return write


def _ordered(a: Expr, axes: Expr = NONE) -> Expr:
    order = axes.parts[0] if axes.kind == "value" else None
    n = len(order) if isinstance(order, tuple) else len(a.shape or ())
    if n >= 2 and (n == 2 if order is None else order == (*range(n - 2), n - 1, n - 2)):
        return transpose(a)
    shape = tuple(a.shape[i] for i in order) if a.shape is not None and isinstance(order, tuple) else None
    return call("permute", a, axes, shape=shape)


def _swapped(a: Expr, i: Expr, j: Expr) -> Expr:
    ends = {x.parts[0] % len(a.shape) if a.shape and x.kind == "value" else x.parts[0] for x in (i, j)}
    last = {len(a.shape) - 1, len(a.shape) - 2} if a.shape else {-1, -2}
    return transpose(a) if ends == last else call("swapaxes", a, i, j)


def _kept(a: Expr, X: Expr, axis: Expr) -> Expr:
    return Expr(a.kind, a.parts, reduced(X.shape, axis, True), a.dtype)


def _expanded(a: Expr, axis: Expr) -> Expr:
    if a.shape is None or axis.kind != "value":
        return Expr(a.kind, a.parts, None, a.dtype)
    at = axis.parts[0] % (len(a.shape) + 1)
    return Expr(a.kind, a.parts, (*a.shape[:at], 1, *a.shape[at:]), a.dtype)


def _pieces(a: Expr, sizes: Expr, axis: Expr) -> Expr:
    ends = np.cumsum([0, *sizes.parts[0]]).tolist()
    lead = (slice(None),) * (axis.parts[0] % len(a.shape) if a.shape else axis.parts[0])
    cuts = [value((*lead, slice(i, j))) for i, j in itertools.pairwise(ends)]
    return Expr("sequence", tuple(Expr("index", (a, cut)) for cut in cuts))


def _named_product(Xs: Expr, lefts: Expr, right: Expr) -> Expr:
    return call("einsum", value(f"{','.join(lefts.parts[0])}->{right.parts[0]}"), *Xs.parts)


def _products_of_others(dY: Expr, Xs: Expr, lefts: Expr, right: Expr) -> Expr:
    made = []
    for i, own in enumerate(lefts.parts[0]):
        others = Expr("sequence", (dY, *Xs.parts[:i], *Xs.parts[i + 1 :]))
        letters = value((right.parts[0], *lefts.parts[0][:i], *lefts.parts[0][i + 1 :]))
        made.append(_named_product(others, letters, value(own)))
    return Expr("sequence", tuple(made))


def _only(a: Expr, c: Expr) -> Expr:
    if c.kind == "negation":
        return Expr("cases", (c.parts[0], value(0), a), stretched(c, a))
    return Expr("cases", (c, a, value(0)), stretched(c, a))


def _shape_at(shape: Any, index: Expr) -> Any:
    """The shape of what an index reads of an array, where both are known."""
    if shape is None or index.kind != "value":
        return None
    parts = index.parts[0] if isinstance(index.parts[0], tuple) else (index.parts[0],)
    try:
        return np.broadcast_to(0, shape)[tuple([getattr(p, "array", p) for p in parts])].shape
    except (IndexError, TypeError):  # a name stands for the index
        return None


_REDUCTIONS = {"sum": "Σ", "mean": "mean", "max": "max", "min": "min", "var": "var"}

#: How functions are written, by name, whether NumPy's, the engine's or a method: on Exprs as the code calls them.
VOCABULARY: dict[str, Function] = {
    **{name: _reduction(sign) for name, sign in _REDUCTIONS.items()},
    "sqrt": lambda a: Expr("root", (a,), a.shape),
    "square": lambda a: power(a, value(2)),
    "abs": lambda a: Expr("bars", (a,), a.shape),
    "absolute": lambda a: Expr("bars", (a,), a.shape),
    "maximum": lambda a, b: call("max", a, b, shape=stretched(a, b)),
    "minimum": lambda a, b: call("min", a, b, shape=stretched(a, b)),
    "where": lambda c, a, b: Expr("cases", (c, a, b), stretched(c, a, b)),
    "only": _only,
    "matmul": matmul,
    "multiply": times,
    "transpose": _ordered,
    "swapaxes": _swapped,
    "matrix_transpose": transpose,
    "reshape": _reshape("reshape"),
    "broadcast_to": _reshape("broadcast"),
    "logical_and": lambda a, b: Expr("logic", (a, "∧", b), stretched(a, b)),
    "logical_or": lambda a, b: Expr("logic", (a, "∨", b), stretched(a, b)),
    "logical_not": lambda a: Expr("negation", (a,), a.shape),
    "copy": lambda a: a,
    "concatenate": lambda Xs, axis: call("concatenate", *Xs.parts, axis=axis),
    "counted": lambda a, *others: a,  # these four differ from it only where it would make NaN
    "calm": lambda a, *others: a,
    "or_infinite": lambda a: a,
    "apart": lambda a, b: Expr("minus", (a, b), stretched(a, b)),
    "kept": _kept,  # broadcasting needs the axes of size 1 that these two put in; a formula does not
    "expand_dims": _expanded,
    "add_at": lambda X, *, index, shape: Expr("scatter", (X, index), shape.parts[0]),
    "setitem": lambda X, V, *, index: Expr("put", (X, index, V), X.shape),
    "cleared": lambda dY, index: Expr("put", (dY, index, value(0)), dY.shape),
    "last_written": lambda dY, index: Expr("index", (dY, index), _shape_at(dY.shape, index)),
    "tri": lambda L, S, c, dtype: call("tri", L, S, c, shape=(L.parts[0], S.parts[0])),  # ones on and below a diagonal
    "pieces": _pieces,
    "named_product": _named_product,
    "products_of_others": _products_of_others,
    "plain": lambda index: index,
    "within": lambda index: index,
    "own_if_turned": lambda a: a,
}

#: Functions that keep the shape of what they are called on.
KEEP_SHAPE = {"softmax", "log_softmax", "erf", "astype", "sigmoid", "relu", "gelu", "clip"}
