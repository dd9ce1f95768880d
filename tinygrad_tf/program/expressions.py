"""Expressions and statements: settings as source, names put in for letters, what nobody reads left out."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..autograd.rule import names


def copied(node: Any) -> Any:
    """A syntax tree of its own, in a third of the time of ``copy.deepcopy``."""
    if isinstance(node, list):
        return [copied(part) for part in node]
    if not isinstance(node, ast.AST):
        return node
    made = type(node).__new__(type(node))  # Python 3.13 warns of a node that is made without its fields
    vars(made).update({name: copied(part) for name, part in vars(node).items()})
    return made


def literal(value: Any) -> ast.expr | None:
    """The source of a setting; None for what has none."""
    if value is None or isinstance(value, bool) or value is ...:
        return ast.Constant(value)
    if isinstance(value, str):
        return ast.Constant(str.__str__(value))  # an Enum as what it stands for
    if isinstance(value, (int, float)):
        return _number(value)
    if isinstance(value, (tuple, list)):
        parts = [literal(v) for v in value]
        if None in parts:
            return None
        kind = ast.Tuple if isinstance(value, tuple) else ast.List
        return kind([p for p in parts if p is not None], ast.Load())
    if isinstance(value, slice):
        parts = [literal(v) for v in (value.start, value.stop, value.step)]
        return None if None in parts else ast.Call(ast.Name("slice", ast.Load()), parts, [])  # type: ignore[arg-type]
    if isinstance(value, np.dtype):
        return ast.Constant(value.str) if not value.isnative else ast.parse(f"np.{value.name.replace('bool', 'bool_')}",
                                                                            mode="eval").body  # fmt: skip
    if isinstance(value, type) and issubclass(value, np.generic):
        return literal(np.dtype(value))
    return None


def _number(x: int | float) -> ast.expr:
    """A number as one writes it; a type of its own, as IntEnum, may have a ``repr`` that is no code."""
    if isinstance(x, float) and not math.isfinite(x):
        return ast.parse("np.nan" if x != x else "np.inf" if x > 0 else "-np.inf", mode="eval").body
    if not isinstance(x, np.generic):  # beside float32 a float64 of NumPy's counts, and a number does not
        x = float.__float__(x) if isinstance(x, float) else int.__int__(x)
    if x > 0 or (x == 0 and math.copysign(1, x) > 0):
        return ast.Constant(x)
    return ast.UnaryOp(ast.USub(), ast.Constant(-x))  # a constant −2 to the power of X would be written -2 ** X


def has_arrays(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return any(map(has_arrays, value))
    return isinstance(value, (np.ndarray, np.generic))


def first(e: ast.expr) -> ast.expr:
    """The first of what an expression iterates over."""
    call: ast.expr = ast.parse("next(iter(x))", mode="eval").body
    call.args[0].args[0] = e  # type: ignore[attr-defined]
    return call


def gives_several(s: ast.stmt, name: str) -> bool:
    return (isinstance(s, ast.Assign) and isinstance(s.value, (ast.List, ast.Tuple)) and len(s.targets) == 1
            and isinstance(s.targets[0], ast.Name) and s.targets[0].id == name)  # fmt: skip


def one_by_one(s: ast.stmt) -> list[ast.stmt]:
    """``a, b = a, c`` as ``b = c``, where nothing that is given is read after it."""
    if not isinstance(s, ast.Assign) or len(s.targets) != 1:
        return [s]
    target, value = s.targets[0], s.value
    if isinstance(target, ast.Name) and isinstance(value, ast.Name) and target.id == value.id:
        return []
    if not isinstance(target, ast.Tuple) or not isinstance(value, (ast.Tuple, ast.List)):
        return [s]
    if len(target.elts) != len(value.elts) or not all(isinstance(t, ast.Name) for t in target.elts):
        return [s]
    pairs = [(t.id, v) for t, v in zip(target.elts, value.elts, strict=True)  # type: ignore[attr-defined]
             if not (isinstance(v, ast.Name) and v.id == t.id)]  # type: ignore[attr-defined]  # fmt: skip
    given = {name for name, _ in pairs}
    if any(names(v, ast.Load) & given for _, v in pairs):
        return [s]
    return [ast.Assign([ast.Name(name, ast.Store())], v) for name, v in pairs]


def read(statements: list[ast.stmt]) -> set[str]:
    """The names that are read before they are given."""
    read: set[str] = set()
    given: set[str] = set()
    for s in statements:
        stored = names(s, ast.Store)
        read |= (names(s, ast.Load) | (stored if isinstance(s, ast.AugAssign) else set())) - given
        given |= stored
    return read


def needed(statements: list[ast.stmt]) -> list[ast.stmt]:
    """The statements without those that give names which nothing below reads."""
    kept: list[ast.stmt] = []
    wanted: set[str] = set()
    for s in reversed(statements):
        stored = names(s, ast.Store)
        gives = isinstance(s, ast.Assign) and not any(isinstance(t, (ast.Subscript, ast.Attribute)) for t in s.targets)
        if gives and not stored & wanted:
            continue
        if gives:
            wanted -= stored
        wanted |= names(s, ast.Load)
        if isinstance(s, ast.AugAssign):
            wanted |= stored
        kept.insert(0, s)
    return kept


def operations(e: ast.AST) -> int:
    """How many operations an expression takes; the sign of a number is none, and no slice of an index."""
    kinds = (ast.BinOp, ast.UnaryOp, ast.Call, ast.Compare, ast.Subscript)
    found = [n for n in ast.walk(e) if isinstance(n, kinds)]
    return sum(not isinstance(getattr(n, "operand", None), ast.Constant) and not _is_slice(n) for n in found)


def _is_slice(e: ast.AST) -> bool:
    return isinstance(e, ast.Call) and isinstance(e.func, ast.Name) and e.func.id == "slice"


def put_in(before: list[ast.stmt], results: list[ast.expr]) -> list[ast.expr] | None:
    """The results with what the statements before compute put in its place; None where it is read twice."""
    found = list(results)
    for s in reversed(before):
        if not isinstance(s, ast.Assign) or len(s.targets) != 1 or not isinstance(s.targets[0], ast.Name):
            return None
        name = s.targets[0].id
        reads = sum(isinstance(n, ast.Name) and n.id == name for e in found for n in ast.walk(e))
        if reads > 1 and operations(s.value) > 0:
            return None
        found = [with_written(e, {name: s.value}) for e in found]
    return found


def may_stand(e: ast.expr, written: Mapping[str, ast.expr]) -> bool:
    """Whether what is written for each letter may be written as often as the letter is read."""
    for letter, given in written.items():
        reads = sum(isinstance(n, ast.Name) and n.id == letter for n in ast.walk(e))
        if reads > 1 and operations(given) > 0:
            return False
    return True


def with_written(e: ast.expr, written: Mapping[str, ast.expr]) -> ast.expr:
    """An expression with others in the place of names."""
    made: ast.expr = _Put(written).visit(copied(e))
    return made


class _Put(ast.NodeTransformer):
    def __init__(self, written: Mapping[str, ast.expr]) -> None:
        self.written = written

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return copied(self.written[node.id]) if node.id in self.written else node
