"""Writes an Expr as MathML: a tree of [tag, child, …] whose leaves are text, so that no name is ever markup."""

from __future__ import annotations

import itertools
import re
from typing import Any

from .expr import _ATOM, _LOGIC, _POWER, _PRODUCT, _SIGN, _SUM, Expr, _index, gradient_name, shown
from .rules import Formula

#: A MathML element: its tag, then elements or one text.
Tree = list[Any]


def mathml(f: Formula) -> list[Tree]:
    """``left = right``, then the lines that the right side reads.

    >>> from tinygrad_tf.formula import gradient_formula
    >>> X, W = Tensor([[1.0]], name="X"), Tensor([[2.0]], requires_grad=True, name="W")
    >>> mathml(gradient_formula(X @ W, 1))[0][1:3]
    [['mrow', ['mi', 'd'], ['mi', 'W']], ['mo', '=']]
    """
    write = MathML().write
    lines = [["mrow", write(left), ["mo", "="], write(right)] for left, right in ((f.left, f.right), *f.where)]
    return lines + ([["mtext", f.note]] if f.note else [])


def _row(*parts: Tree) -> Tree:
    return ["mrow", *parts]


def _mo(sign: str) -> Tree:
    return ["mo", sign]


class MathML:
    """One method for each kind of Expr, as in :class:`.text.Text`; fractions, roots and powers carry no brackets."""

    def write(self, e: Expr, least: int = _LOGIC) -> Tree:
        tree, binds = getattr(self, e.kind)(*e.parts)
        return tree if binds >= least else _row(_mo("("), tree, _mo(")"))

    def symbol(self, name: str) -> tuple[Tree, int]:
        return _name(name), _ATOM

    def gradient(self, name: str) -> tuple[Tree, int]:
        space = [["mtext", " "]] if gradient_name(name)[1] == " " else []
        return _row(["mi", "d"], *space, _name(name)), _POWER if space else _ATOM

    def value(self, x: Any) -> tuple[Tree, int]:
        text = shown(x)
        if text.startswith("−"):
            return _row(_mo("−"), ["mn", text[1:]]), _SIGN
        return ["mn" if text[:1].isdigit() else "mtext", text], _ATOM

    def plus(self, a: Expr, b: Expr) -> tuple[Tree, int]:
        return _row(self.write(a, _SUM), _mo("+"), self.write(b, _SUM)), _SUM

    def minus(self, a: Expr, b: Expr) -> tuple[Tree, int]:
        return _row(self.write(a, _SUM), _mo("−"), self.write(b, _PRODUCT)), _SUM

    def negative(self, a: Expr) -> tuple[Tree, int]:
        return _row(_mo("−"), self.write(a, _PRODUCT)), _SIGN

    def times(self, *factors: Expr) -> tuple[Tree, int]:
        parts = [self.write(factors[0], _SIGN)]
        for left, right in itertools.pairwise(factors):
            scaled = left.is_number and right.kind == "matmul"
            parts += [_mo("·" if left.is_number else "⊙"), self.write(right, _PRODUCT if scaled else _SIGN)]
        return _row(*parts), _PRODUCT

    def matmul(self, *factors: Expr) -> tuple[Tree, int]:
        parts = [self.write(factors[0], _SIGN)]
        for f in factors[1:]:
            parts += [_mo("·"), self.write(f, _SIGN)]
        return _row(*parts), _PRODUCT

    def quotient(self, a: Expr, b: Expr) -> tuple[Tree, int]:
        return ["mfrac", self.write(a), self.write(b)], _ATOM

    def power(self, a: Expr, b: Expr) -> tuple[Tree, int]:
        return ["msup", self.write(a, _ATOM), self.write(b)], _POWER

    def root(self, a: Expr) -> tuple[Tree, int]:
        return ["msqrt", self.write(a)], _ATOM

    def bars(self, a: Expr) -> tuple[Tree, int]:
        return _row(_mo("|"), self.write(a), _mo("|")), _ATOM

    def transpose(self, a: Expr) -> tuple[Tree, int]:
        return ["msup", self.write(a, _ATOM), ["mi", "⊤"]], _POWER

    def compare(self, a: Expr, sign: str, b: Expr) -> tuple[Tree, int]:
        return _row(_mo("["), self.condition(a, sign, b), _mo("]")), _ATOM

    logic = compare

    def either(self, a: Expr, word: str, b: Expr) -> tuple[Tree, int]:
        return _row(self.write(a, _SUM), ["mtext", f" {word} "], self.write(b, _SUM)), _LOGIC

    def negation(self, a: Expr) -> tuple[Tree, int]:
        return _row(_mo("¬"), self.write(a, _ATOM)), _SIGN

    def condition(self, a: Expr, sign: str, b: Expr) -> Tree:
        sides = [self.condition(*e.parts) if e.kind == "compare" else self.write(e, _SUM) for e in (a, b)]
        return _row(sides[0], _mo(sign), sides[1])

    def cases(self, condition: Expr, a: Expr, b: Expr) -> tuple[Tree, int]:
        holds = self.condition(*condition.parts) if condition.kind in ("compare", "logic") else self.write(condition)
        rows = [["mtr", ["mtd", self.write(x)], ["mtd", ["mtext", word], *rest]]
                for x, word, rest in ((a, "if ", [holds]), (b, "else", []))]  # fmt: skip
        return _row(_mo("{"), ["mtable", *rows]), _ATOM

    def total(self, a: Expr, axis: Expr) -> tuple[Tree, int]:
        axes = axis.parts[0] if axis.kind == "value" else self.write(axis)
        if axes is None:
            sign = _mo("∑")
        else:
            axes = axes[0] if isinstance(axes, tuple) and len(axes) == 1 else axes
            sign = ["munder", _mo("∑"), ["mtext", f"axis={shown(axes)}"]]
        return _row(sign, self.write(a, _PRODUCT)), _PRODUCT

    def call(self, name: str, *inputs: Expr) -> tuple[Tree, int]:
        if name == "exp" and len(inputs) == 1:
            return ["msup", ["mi", "e"], self.write(inputs[0])], _POWER
        parts: Tree = []
        for i, x in enumerate(inputs):
            parts += [_mo(",")] * (i > 0) + [self.write(x)]
        return _row(["mi", name], _mo("("), *parts, _mo(")")), _ATOM

    def named(self, name: str, a: Expr) -> tuple[Tree, int]:
        x = a.parts[0]
        x = x[0] if isinstance(x, tuple) and len(x) == 1 else x
        return _row(["mtext", name], _mo("="), ["mtext", shown(x)] if a.kind == "value" else self.write(a)), _LOGIC

    def sequence(self, *items: Expr) -> tuple[Tree, int]:
        parts: Tree = []
        for i, x in enumerate(items):
            parts += [_mo(",")] * (i > 0) + [self.write(x)]
        return _row(*parts), _LOGIC

    def index(self, a: Expr, at: Expr) -> tuple[Tree, int]:
        return _row(self.write(a, _ATOM), _mo("["), ["mtext", _index(at)], _mo("]")), _ATOM

    def scatter(self, a: Expr, at: Expr) -> tuple[Tree, int]:
        return _row(["mtext", "scatter"], _mo("("), self.write(a), *_place(at), _mo(")")), _ATOM

    def put(self, a: Expr, at: Expr, b: Expr) -> tuple[Tree, int]:
        return _row(self.write(a, _ATOM), ["mtext", " with "], self.write(b), *_place(at)), _LOGIC


def _place(at: Expr) -> list[Tree]:
    """Words stand alone, so that a page can say them in its language."""
    return [["mtext", " at "], ["mtext", f"[{_index(at)}]"]]


_DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


def _name(name: str) -> Tree:
    """W_q and A₁ with their index below, Xhat with its hat on; any other name as it is."""
    number = re.fullmatch("(.*?[^₀-₉])([₀-₉]+)", name)
    if number:
        return ["msub", _name(number[1]), ["mn", number[2].translate(_DIGITS)]]
    if re.fullmatch(r"d?[A-Z]hat", name):
        hat: Tree = ["mover", ["mi", name[-4]], _mo("^")]
        return _row(["mi", "d"], hat) if name[0] == "d" else hat
    if re.fullmatch(r"d[A-Z]", name):
        return _row(["mi", "d"], ["mi", name[1:]])
    found = re.fullmatch(r"([^\W_]+)_(\w+)", name)
    return ["msub", ["mi", found[1]], ["mi", found[2]]] if found else ["mi", name]
