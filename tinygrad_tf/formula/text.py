"""Writes an Expr on one line. A further way of writing is a further class with one method for each kind of Expr."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from .expr import Expr

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
        return f"d{name}", _ATOM

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
        if isinstance(n, (int, float)) and n == int(n):
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


def _named(name: str, a: Expr) -> list[Expr]:
    return [] if a.kind == "value" and a.parts[0] is None else [Expr("named", (name, a))]


def _index(at: Expr) -> str:
    index = at.parts[0] if at.kind == "value" else str(at)
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
    if hasattr(x, "shape") and hasattr(x, "dtype"):  # an array or a Tensor among the params
        name = getattr(x, "name", None)
        return name or (shown(x.tolist()) if x.size <= 8 else f"{x.dtype}{shown(tuple(x.shape))}")
    return x.__name__ if isinstance(x, type) else str(x)
