"""Formulas as small trees. What a formula says is one thing, how it is written down another (:mod:`.text`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

Shape = tuple[int, ...] | None


@dataclass(frozen=True, eq=False)
class Expr:
    """A part of a formula. ``parts`` holds further Exprs, or what ``kind`` says:

    ============================  ======================================================================
    symbol, gradient              the name: ``X``, and ``dX`` for the gradient of the loss to X
    value                         a number, shape, index or word, known when the formula was read
    plus, minus, quotient, power  two
    times, matmul                 two or more: entry by entry or by a number; products of matrices
    negative, root, bars,         one
    transpose, negation
    compare, logic                left, sign, right: 1 where true, 0 where false
    either                        left, "or" or "and", right: one of the two numbers
    cases                         condition, value where it holds, value elsewhere
    total                         what is summed, over which axes (a value; None: all)
    call                          the function's name, then what it is called on
    index                         what is indexed, the index (a value)
    scatter                       what is added into zeros, the index (a value)
    named                         a param's name, its value
    sequence                      any number
    ============================  ======================================================================

    ``shape`` is None where it is not known; ``()`` marks a number.
    """

    kind: str
    parts: tuple[Any, ...]
    shape: Shape = None
    dtype: Any = None

    @property
    def is_number(self) -> bool:
        return self.shape == ()

    def walk(self) -> Iterator[Expr]:
        """Yield this Expr and all inside it."""
        yield self
        for part in self.parts:
            if isinstance(part, Expr):
                yield from part.walk()

    def __str__(self) -> str:
        from .text import Text  # text writes Exprs; that an Expr can be printed is a convenience

        return Text().write(self)


def value(x: Any) -> Expr:
    """What is known: a number, a shape, an index."""
    if isinstance(x, np.generic) or (isinstance(x, np.ndarray) and x.ndim == 0):
        x = x.item()
    number = isinstance(x, (int, float)) and not isinstance(x, bool)
    return Expr("value", (x,), () if number else None)


def stretched(*parts: Expr) -> Shape:
    """The common shape of what is combined entry by entry."""
    shapes = [p.shape for p in parts]
    try:
        return np.broadcast_shapes(*shapes) if None not in shapes else None  # type: ignore[arg-type]
    except ValueError:
        return None


def times(a: Expr, b: Expr) -> Expr:
    """The product a · b; numbers go first, and a factor 1 goes without saying."""
    factors: list[Expr] = []
    minus = False
    for e in (a, b):
        if e.kind == "negative":
            minus, e = not minus, e.parts[0]
        factors += e.parts if e.kind == "times" else (e,)
    minus ^= sum(_is(-1, f) for f in factors) % 2 == 1
    factors = sorted((f for f in factors if not _is(1, f) and not _is(-1, f)), key=_numbers_first) or [value(1)]
    e = factors[0] if len(factors) == 1 else Expr("times", tuple(factors), stretched(a, b))
    return Expr("negative", (e,), e.shape) if minus else e


def _is(n: int, e: Expr) -> bool:
    return e.kind == "value" and e.is_number and bool(e.parts[0] == n)


def _numbers_first(e: Expr) -> tuple[bool, bool]:
    return not e.is_number, e.kind != "value"


def matmul(a: Expr, b: Expr) -> Expr:
    shape: Shape = None
    if a.shape is not None and b.shape is not None and len(a.shape) > 1 and len(b.shape) > 1:
        shape = (*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1])
    return Expr("matmul", (*(a.parts if a.kind == "matmul" else (a,)), b), shape)


def power(a: Expr, b: Expr) -> Expr:
    n = b.parts[0] if b.kind == "value" else None
    if isinstance(n, (int, float)) and n in (0.5, 1):
        return a if n == 1 else Expr("root", (a,), a.shape)
    return Expr("power", (a, b), stretched(a, b))


def transpose(a: Expr) -> Expr:
    shape = None if a.shape is None or len(a.shape) < 2 else (*a.shape[:-2], a.shape[-1], a.shape[-2])
    return Expr("transpose", (a,), shape)


def total(a: Expr, axis: Expr, keepdims: bool = False) -> Expr:
    return Expr("total", (a, axis), reduced(a.shape, axis, keepdims))


def reduced(shape: Shape, axis: Expr, keepdims: bool) -> Shape:
    if shape is None or axis.kind != "value":
        return None
    axes = axis.parts[0]
    axes = range(len(shape)) if axes is None else axes if isinstance(axes, tuple) else (axes,)
    gone = {a % len(shape) for a in axes if shape}
    return tuple(1 if i in gone else n for i, n in enumerate(shape) if keepdims or i not in gone)


def call(name: str, *inputs: Expr, shape: Shape = None, **params: Expr) -> Expr:
    """A function as it is written in code; params that are None are left out."""
    named = [Expr("named", (k, v)) for k, v in params.items() if not (v.kind == "value" and v.parts[0] is None)]
    return Expr("call", (name, *inputs, *named), shape)


_GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "eps": "ε", "epsilon": "ε", "eta": "η", "theta": "θ",
    "mu": "μ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "Phi": "Φ", "psi": "ψ", "omega": "ω",
}  # fmt: skip


def symbol(name: str, shape: Shape = None, dtype: Any = None) -> Expr:
    return Expr("symbol", (_GREEK.get(name, name),), shape, dtype)
