"""Formulas as small trees, and how they are written on one line.

What a formula says is one thing (:class:`Expr`), how it is written down another: a further way of writing is a further
class like :class:`Text`, with one method for each kind of Expr.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..wording.texts import capped, clean, named

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
    put                           what is written into, the index (a value), what stands there then
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
    if a.kind == "transpose":
        inner: Expr = a.parts[0]
        return inner
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


def gradient_name(name: str) -> str:
    """What the gradient of a value is called: dW_q; d linear1.weight, where a path would run into the d."""
    return f"d {name}" if "." in name or " " in name else f"d{name}"


def symbol(name: str, shape: Shape = None, dtype: Any = None) -> Expr:
    return Expr("symbol", (_GREEK.get(name, name),), shape, dtype)


# ---- on one line ----------------------------------------------------------------------------------------------------

# From loose to tight: a part is bracketed where it binds looser than its place allows.
_LOGIC, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(6)

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Text:
    """An Expr on one line of Unicode: ``dX = Y ⊙ (dY − Σ(dY ⊙ Y, axis=-1))``."""

    def write(self, e: Expr, least: int = _LOGIC) -> str:
        """The text of ``e``, in brackets if it binds looser than ``least``."""
        text, binds = getattr(self, e.kind)(*e.parts)
        return text if binds >= least else f"({text})"

    def symbol(self, name: str) -> tuple[str, int]:
        return name, _ATOM

    def gradient(self, name: str) -> tuple[str, int]:
        text = gradient_name(name)
        return text, _POWER if " " in text else _ATOM  # (d layers.0.K)ᵀ

    def value(self, x: Any) -> tuple[str, int]:
        text = shown(x)
        return text, _SIGN if text.startswith("−") else _ATOM

    def plus(self, a: Expr, b: Expr) -> tuple[str, int]:
        return f"{self.write(a, _SUM)} + {self.write(b, _SUM)}", _SUM

    def minus(self, a: Expr, b: Expr) -> tuple[str, int]:
        return f"{self.write(a, _SUM)} − {self.write(b, _PRODUCT)}", _SUM

    def negative(self, a: Expr) -> tuple[str, int]:
        return f"−{self.write(a, _PRODUCT)}", _SIGN

    def times(self, *factors: Expr) -> tuple[str, int]:
        """Numbers with ·, arrays entry by entry with ⊙."""
        text = self.write(factors[0], _SIGN)
        for left, right in itertools.pairwise(factors):
            scaled = left.is_number and right.kind == "matmul"
            text += f" {'·' if left.is_number else '⊙'} {self.write(right, _PRODUCT if scaled else _SIGN)}"
        return text, _PRODUCT

    def matmul(self, *factors: Expr) -> tuple[str, int]:
        return " · ".join([self.write(f, _SIGN) for f in factors]), _PRODUCT

    def quotient(self, a: Expr, b: Expr) -> tuple[str, int]:
        return f"{self.write(a, _PRODUCT)} / {self.write(b, _SIGN)}", _PRODUCT

    def power(self, a: Expr, b: Expr) -> tuple[str, int]:
        n = b.parts[0] if b.kind == "value" else None
        if isinstance(n, (int, float)) and abs(n) < 1e6 and n == int(n):
            return self.write(a, _ATOM) + str(int(n)).translate(_SUPERSCRIPT), _POWER
        return f"{self.write(a, _ATOM)}^{self.write(b, _ATOM)}", _POWER

    def root(self, a: Expr) -> tuple[str, int]:
        return f"√{self.write(a, _ATOM)}", _POWER

    def bars(self, a: Expr) -> tuple[str, int]:
        return f"|{self.write(a)}|", _ATOM

    def transpose(self, a: Expr) -> tuple[str, int]:
        return f"{self.write(a, _ATOM)}ᵀ", _POWER

    def compare(self, a: Expr, sign: str, b: Expr) -> tuple[str, int]:
        return f"[{self.condition(a, sign, b)}]", _ATOM

    logic = compare

    def either(self, a: Expr, word: str, b: Expr) -> tuple[str, int]:
        return f"{self.write(a, _SUM)} {word} {self.write(b, _SUM)}", _LOGIC

    def negation(self, a: Expr) -> tuple[str, int]:
        return f"¬{self.write(a, _ATOM)}", _SIGN

    def condition(self, a: Expr, sign: str, b: Expr) -> str:
        sides = [self.condition(*e.parts) if e.kind == "compare" else self.write(e, _SUM) for e in (a, b)]
        return f"{sides[0]} {sign} {sides[1]}"

    def cases(self, condition: Expr, a: Expr, b: Expr) -> tuple[str, int]:
        holds = self.condition(*condition.parts) if condition.kind in ("compare", "logic") else self.write(condition)
        return f"{{{self.write(a)} if {holds}, else {self.write(b)}}}", _ATOM

    def total(self, a: Expr, axis: Expr) -> tuple[str, int]:
        return self.call("Σ", a, *_named("axis", axis))

    def call(self, name: str, *inputs: Expr) -> tuple[str, int]:
        return f"{name}({', '.join([self.write(x) for x in inputs])})", _ATOM

    def named(self, name: str, a: Expr) -> tuple[str, int]:
        x = a.parts[0]
        x = x[0] if isinstance(x, tuple) and len(x) == 1 else x
        return f"{name}={x if a.kind == 'value' else self.write(a)}", _LOGIC

    def sequence(self, *items: Expr) -> tuple[str, int]:
        return ", ".join([self.write(i) for i in items]), _LOGIC

    def index(self, a: Expr, at: Expr) -> tuple[str, int]:
        return f"{self.write(a, _ATOM)}[{_index(at)}]", _ATOM

    def scatter(self, a: Expr, at: Expr) -> tuple[str, int]:
        return f"scatter({self.write(a)} at [{_index(at)}])", _ATOM

    def put(self, a: Expr, at: Expr, b: Expr) -> tuple[str, int]:
        return f"{self.write(a, _ATOM)} with {self.write(b)} at [{_index(at)}]", _LOGIC


def _named(name: str, a: Expr) -> list[Expr]:
    return [] if a.kind == "value" and a.parts[0] is None else [Expr("named", (name, a))]


def _index(at: Expr) -> str:
    index = at.parts[0] if at.kind == "value" else str(at)
    if (
        isinstance(index, tuple)
        and len(index) > 1
        and index[-1] is Ellipsis
        and all(type(i) is int for i in index[:-1])
    ):
        index = index[:-1]  # x[0, ...] is x[0]
    return ", ".join([shown(i) for i in index]) if isinstance(index, tuple) else shown(index)


def shown(x: Any) -> str:
    """A value as a formula shows it: short numbers whole, long ones to four digits, slices and shapes as in NumPy."""
    if isinstance(x, bool) or x is None:
        return str(x)
    if isinstance(x, float) and math.isinf(x):
        return "∞" if x > 0 else "−∞"
    if isinstance(x, (int, float)):
        text = str(int(x)) if abs(x) < 1e6 and x == int(x) else repr(x) if len(repr(x)) <= 8 else f"{x:.4g}"
        return text.replace("-", "−", 1) if text.startswith("-") else text
    if isinstance(x, slice):
        ends = ["" if end is None else str(end) for end in (x.start, x.stop, x.step)]
        return ":".join(ends if x.step is not None else ends[:2])
    if x is Ellipsis:
        return "..."
    if isinstance(x, (tuple, list)):
        inner = ", ".join([str(int(i)) if isinstance(i, (int, np.integer)) else shown(i) for i in x])
        return f"[{inner}]" if isinstance(x, list) else f"({inner},)" if len(x) == 1 else f"({inner})"
    if isinstance(x, type):  # a dtype, as np.float64
        return capped(clean(x.__name__), 40)
    if hasattr(x, "shape") and hasattr(x, "dtype"):  # an array or a Tensor among the params
        name = getattr(x, "name", None)
        small = shown(x.tolist()) if x.size <= 8 else f"{x.dtype}{shown(tuple(x.shape))}"
        return named(name or "", 40) or small
    return capped(clean(str(x)), 40)
