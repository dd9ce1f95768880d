"""Code as a person writes it: slices in brackets, no setting that is the default, lines that are not too long."""

from __future__ import annotations

import ast
import json
import re
import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..autograd.rule import located
from ..program import literal

WIDTH = 120  # characters of a line

_REDUCTIONS = ("np.sum", "np.mean", "np.max", "np.min", "np.prod", "np.any", "np.all")


class _Tidy(ast.NodeTransformer):
    """An expression as a person writes it: ``X[0:8]`` for a slice, ``np.sum`` for its ufunc's reduction."""

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        node.slice = _bare(node.slice)
        if isinstance(node.slice, ast.Tuple) and len(node.slice.elts) == 1:
            node.slice = node.slice.elts[0]
        if isinstance(node.value, (ast.Tuple, ast.List)) and isinstance(node.slice, ast.Constant):
            return node.value.elts[int(str(node.slice.value))]
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Pow):
            node.left, node.right = _first_power(node.left), _first_power(node.right)
        elif isinstance(node.right, ast.UnaryOp) and isinstance(node.right.operand, ast.Constant):
            node.right = ast.Constant(ast.literal_eval(node.right))  # -1, without the brackets of an expression
        return node

    def visit_Tuple(self, node: ast.Tuple) -> ast.expr:
        self.generic_visit(node)
        bare = [_bare(e) for e in node.elts]
        return node if bare == node.elts else _S(ast.Tuple(bare, ast.Load()))

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if ast.unparse(node.func) == "slice" and len(node.args) == 3:
            return _S(ast.Slice(*[None if _is(a, None) else a for a in node.args]))
        starred = [a.value.elts if isinstance(a, ast.Starred) and isinstance(a.value, (ast.Tuple, ast.List)) else [a]
                   for a in node.args]  # fmt: skip
        node.args = [part for parts in starred for part in parts]
        if ast.unparse(node.func) in _REDUCTIONS:
            node.keywords = [*[ast.keyword("axis", a) for a in node.args[1:2]], *node.keywords]
            node.args = node.args[:1]
            node.keywords = [k for k in node.keywords if not (_is(k.value, None) or _is(k.value, False))]
            for k in node.keywords:
                k.value = _alone(k.value)
        return node


def _is(e: ast.expr, value: Any) -> bool:
    return isinstance(e, ast.Constant) and e.value is value


def _first_power(e: ast.expr) -> ast.expr:
    """``X`` for ``X ** 1``, which has the same bits."""
    is_one = isinstance(e, ast.BinOp) and isinstance(e.op, ast.Pow) and ast.unparse(e.right) == "1"
    return e.left if is_one else e  # type: ignore[attr-defined]


def _alone(axis: ast.expr) -> ast.expr:
    """An axis without the brackets of a tuple with one entry."""
    return axis.elts[0] if isinstance(axis, ast.Tuple) and len(axis.elts) == 1 else axis


def _S(index: ast.expr) -> ast.expr:
    """An index that stands for itself: ``np.s_[:, 0:8]``."""
    return ast.Subscript(ast.parse("np.s_", mode="eval").body, index, ast.Load())


def _bare(e: ast.expr) -> ast.expr:
    """An index in brackets: without the ``np.s_`` of one that stands for itself."""
    return e.slice if isinstance(e, ast.Subscript) and ast.unparse(e.value) == "np.s_" else e


def tidied(e: ast.expr) -> ast.expr:
    made: ast.expr = _Tidy().visit(e)
    return made


_STRING = re.compile(r"""(?i)[rbuf]{0,2}("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')""")
_MASK = "\ue000"


def wrapped(line: str) -> list[str]:
    """A line of code in several, if it is too long, within the bracket that ends it, or else within one of its own."""
    if len(line) + 4 <= WIDTH:
        return [line]
    strings = (found[0] for found in _STRING.finditer(line))
    masked = _STRING.sub(lambda found: _MASK * len(found[0]), line)  # no blank and no bracket in them counts
    return [re.sub(f"{_MASK}+", lambda _: next(strings), part) for part in _broken(masked)]


def _broken(line: str) -> list[str]:
    if len(line) + 4 <= WIDTH:
        return [line]
    targets, _, call = line.partition(" = ")
    if call and ", " in targets and len(targets) > WIDTH - 40:
        filled = textwrap.wrap(targets + ",", WIDTH - 8, break_long_words=False)
        return ["(", *[f"    {f}" for f in filled], *_broken(f") = {call}")]
    start = next((i for i, c in enumerate(line) if c in "([{" and _closes(line, i) > len(line) - 3), None)
    if start is None:
        head, between, rest = line.partition(" = ") if " = " in line else line.partition("return ")
        head, inner, end = f"{head}{between}(", rest, ")"
    else:
        closes = _closes(line, start)
        head, inner, end = line[: start + 1], line[start + 1 : closes], line[closes:]
        inner += "," if _is_list(inner) and not inner.endswith(",") and not _is_comprehension(inner) else ""
    filled = textwrap.wrap(inner, WIDTH - 8, break_long_words=False, break_on_hyphens=False)
    return [head, *[f"    {f}" for f in filled], end]


def _is_list(inner: str) -> bool:
    """Whether a comma stands in it that is in no bracket: after an expression alone one more would make a tuple."""
    depth = 0
    for c in inner:
        depth += (c in "([{") - (c in ")]}")
        if c == "," and depth == 0:
            return True
    return False


def _is_comprehension(inner: str) -> bool:
    return " for " in inner


def _closes(line: str, start: int) -> int:
    depth = 0
    for i, c in enumerate(line[start:], start):
        depth += (c in "([{") - (c in ")]}")
        if depth == 0:
            return i
    return len(line)


def of_function(text: str) -> list[str]:
    """A function's text, tidied, with long lines broken."""
    tree = _Tidy().visit(ast.parse(text))
    found = []
    for line in ast.unparse(located(tree)).splitlines():
        indent = len(line) - len(line.lstrip())
        bare = _STRING.sub(lambda found: _MASK * len(found[0]), line)
        inner = re.fullmatch(r"(\s*return )\((.*)\)", bare)
        if inner and _closes(f"({inner[2]})", 0) == len(inner[2]) + 1:
            line = line[: inner.end(1)] + line[inner.start(2) : inner.end(2)]
        found += [line] if len(line) <= WIDTH else [" " * indent + part for part in wrapped(line.strip())]
    return found


def returned(loss: str, gradients: Mapping[str, str]) -> list[str]:
    """The last statement: the loss, and a dict of gradients, of which each has a line where they are many."""
    pairs = [(json.dumps(name, ensure_ascii=False), gradient) for name, gradient in gradients.items()]
    whole = f"return {loss}, {{{', '.join(map(': '.join, pairs))}}}"
    if len(whole) + 4 <= WIDTH:
        return [whole]
    lines = [f"return {loss}, {{"]
    for name, gradient in pairs:
        fits = len(name) + len(gradient) + 11 <= WIDTH
        lines += [f"    {name}: {gradient},"] if fits else [f"    {name}:", f"        {gradient},"]
    return [*lines, "}"]


def number(array: np.ndarray[Any, Any]) -> Any:
    """The only entry as Python's number, without a point if it is a whole one of a few digits."""
    found = array.item()
    whole = isinstance(found, float) and found.is_integer() and abs(found) < 10**6
    return int(found) if whole and str(found) != "-0.0" else found


def with_type(array: np.ndarray[Any, Any]) -> ast.expr:
    """A number with its type, by the fewest digits that give it."""
    e: ast.expr = ast.parse(f"np.{array.dtype.name}(0)", mode="eval").body
    e.args = [literal(float(str(array)))]  # type: ignore[attr-defined]
    return e
