"""Reads the source of a forward or a rule as a formula: syntax trees in, :class:`.expr.Expr` out.

Reading is running with shapes in place of arrays. What hangs on shapes, axes and rates alone is computed; choices that
hang on it are made; helper functions are read as well. What remains is the formula.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
import itertools
import types
from collections.abc import Callable, Container, Iterator, Mapping
from typing import Any

import numpy as np

from ..autograd.rule import located, source_tree
from .expr import Expr, call, matmul, power, stretched, symbol, times, transpose, value
from .vocabulary import KEEP_SHAPE, VOCABULARY

Function = Callable[..., Any]


class Unreadable(Exception):
    """A formula cannot say this: a loop, a choice that hangs on the entries of an array, a write."""


class Ghost:
    """Stands in for an array whose shape is known and whose entries are not."""

    __slots__ = ("_e",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, e: Expr) -> None:
        self._e = e

    @property
    def shape(self) -> tuple[int, ...]:
        if self._e.shape is None:
            raise Unreadable
        return self._e.shape

    @property
    def dtype(self) -> Any:
        if self._e.dtype is None:
            raise Unreadable
        return self._e.dtype

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def _unknown(self, *other: Any) -> bool:
        raise Unreadable

    __eq__ = __ne__ = __bool__ = __array__ = _unknown
    __array_ufunc__ = None


_OPERATORS: dict[type, str] = {
    ast.Lt: "<", ast.Gt: ">", ast.LtE: "≤", ast.GtE: "≥", ast.Eq: "=", ast.NotEq: "≠", ast.BitAnd: "∧", ast.BitOr: "∨",
    ast.Is: "is", ast.IsNot: "is not", ast.In: "in",
}  # fmt: skip


def stores(*nodes: ast.AST) -> list[str]:
    return [n.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]


_NONE: Mapping[str, Any] = {}


def _variants(word: str) -> Iterator[str]:
    """The word, and then the word with a number, for where it means something else already."""
    yield word
    for k in itertools.count(2):
        yield f"{word}{k}"


class Reader:
    """Reads the statements of one function.

    ``names`` gives each parameter of the function its Expr. ``taken`` are the words that the formula uses already, and
    ``elsewhere`` those that mean something in the graph around it: a
    local name that is among them, or that is assigned twice, is written out; any other becomes a line of ``where``.
    """

    def __init__(
        self, function: Function, names: Mapping[str, Expr], taken: set[str], elsewhere: Container[str] = (),
        depth: int = 0,
    ) -> None:  # fmt: skip
        cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=False)
        self.globals = {**function.__globals__, **{k: c.cell_contents for k, c in cells}}
        self.names = dict(names)
        self.taken, self.elsewhere = taken, elsewhere
        self.depth = depth
        self.where: list[tuple[Expr, Expr]] = []

    def run(self, body: list[ast.stmt]) -> Expr:
        """What the statements return."""
        assigned = stores(*body)
        self.twice = {name for name in assigned if assigned.count(name) > 1}
        returned = self._run(body)
        if returned is None:
            raise Unreadable("nothing is returned")
        return returned

    def _run(self, body: list[ast.stmt]) -> Expr | None:
        for s in body:
            if isinstance(s, ast.Return) and s.value is not None:
                return self.read(s.value)
            if isinstance(s, ast.Assign) and len(s.targets) == 1:
                self._assign(s.targets[0], self.read(s.value))
            elif isinstance(s, ast.AnnAssign) and s.value is not None:
                self._assign(s.target, self.read(s.value))
            elif isinstance(s, ast.AugAssign) and isinstance(s.target, ast.Name):
                now = ast.BinOp(ast.Name(s.target.id, ast.Load()), s.op, s.value)
                self._assign(s.target, self.read(located(ast.copy_location(now, s))))
            elif isinstance(s, ast.If):
                known, holds = self._known(s.test)
                if not known:
                    raise Unreadable(ast.unparse(s.test))
                returned = self._run(s.body if holds else s.orelse)
                if returned is not None:
                    return returned
            elif not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant)):  # a docstring
                raise Unreadable(ast.unparse(s))
        return None

    def _assign(self, target: ast.expr, e: Expr) -> None:
        if isinstance(target, ast.Tuple) and all(isinstance(t, ast.Name) for t in target.elts):
            if e.kind == "sequence" and len(e.parts) == len(target.elts):
                for t, part in zip(target.elts, e.parts, strict=True):
                    self._assign(t, part)
                return
            words = [str(symbol(t.id)) for t in target.elts if isinstance(t, ast.Name)]
            parts = [symbol(next(w for w in _variants(word) if not self._is_taken(w))) for word in words]
            self.taken.update(map(str, parts))
            self.names.update(zip(stores(target), parts, strict=True))
            self.where.append((Expr("sequence", tuple(parts)), e))
            return
        if not isinstance(target, ast.Name):
            raise Unreadable(ast.unparse(target))
        name = symbol(target.id, e.shape, e.dtype)
        if (
            e.kind in ("value", "symbol", "gradient", "sequence")
            or target.id in self.twice
            or self._is_taken(str(name))
        ):
            self.names[target.id] = e
        else:
            self.names[target.id] = name
            self.taken.add(str(name))
            self.where.append((name, e))

    def _is_taken(self, word: str) -> bool:
        return word in self.taken or word in self.elsewhere

    # ---- expressions ------------------------------------------------------------------------------------------------

    def read(self, node: ast.expr) -> Expr:
        if not self._is_formula(node):
            known, x = self._known(node)
            if known:
                return value(x)
        method = getattr(self, "_" + type(node).__name__.lower(), None)
        if method is None:
            raise Unreadable(ast.unparse(node))
        e: Expr = method(node)
        return e

    def _is_formula(self, node: ast.expr) -> bool:
        """Whether it says more unevaluated: √8 rather than 2.83."""
        return isinstance(node, ast.Call) and _last_name(node.func) in ("sqrt", "exp", "log")

    def _known(self, node: ast.expr, helpers: Mapping[str, Any] = _NONE) -> tuple[bool, Any]:
        """Whether shapes and params determine the value of ``node``, and the value."""
        used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} - set(stores(node))
        local = used & self.names.keys()
        if not local and not helpers:
            return False, None  # written in numbers alone: it stays as it is
        space = {**helpers, **{name: _as_argument(self.names[name]) for name in local}}
        try:
            code = compile(ast.Expression(node), "<formula>", "eval")
            with np.errstate(all="ignore"):
                x = eval(code, {**self.globals, **space})  # the rule's own source, on its own names
        except Exception:  # whatever the code needs beyond shapes and params, it is not known
            return False, None
        return _is_plain(x), x

    def _name(self, node: ast.Name) -> Expr:
        if node.id in self.names:
            return self.names[node.id]
        x = self.globals.get(node.id)
        return value(x) if isinstance(x, (int, float)) or x is None else symbol(node.id)

    def _constant(self, node: ast.Constant) -> Expr:
        return value(node.value)

    def _tuple(self, node: ast.Tuple | ast.List) -> Expr:
        return Expr("sequence", tuple(self.read(e) for e in node.elts))

    _list = _tuple

    def _unaryop(self, node: ast.UnaryOp) -> Expr:
        a = self.read(node.operand)
        if isinstance(node.op, (ast.Not, ast.Invert)):
            return Expr("negation", (a,), a.shape)
        if a.kind == "value" and a.is_number:
            return value(-a.parts[0])
        return Expr("negative", (a,), a.shape) if isinstance(node.op, ast.USub) else a

    def _binop(self, node: ast.BinOp) -> Expr:
        a, b = self.read(node.left), self.read(node.right)
        match node.op:
            case ast.Mult():
                return times(a, b)
            case ast.MatMult():
                return matmul(a, b)
            case ast.Pow():
                return power(a, b)
            case ast.Add():
                return Expr("plus", (a, b), stretched(a, b))
            case ast.Sub():
                return Expr("minus", (a, b), stretched(a, b))
            case ast.Div():
                return a if b.kind == "value" and b.parts[0] == 1 else Expr("quotient", (a, b), stretched(a, b))
            case ast.BitAnd() | ast.BitOr():
                return Expr("logic", (a, _OPERATORS[type(node.op)], b), stretched(a, b))
        return call(type(node.op).__name__.lower(), a, b)

    def _compare(self, node: ast.Compare) -> Expr:
        if len(node.ops) > 1 or type(node.ops[0]) not in _OPERATORS:
            raise Unreadable(ast.unparse(node))
        a, b = self.read(node.left), self.read(node.comparators[0])
        return Expr("compare", (a, _OPERATORS[type(node.ops[0])], b), stretched(a, b))

    def _boolop(self, node: ast.BoolOp) -> Expr:
        sign = "or" if isinstance(node.op, ast.Or) else "and"
        return functools.reduce(lambda a, b: Expr("either", (a, sign, b)), [self.read(v) for v in node.values])

    def _ifexp(self, node: ast.IfExp) -> Expr:
        known, holds = self._known(node.test)
        if known:
            return self.read(node.body if holds else node.orelse)
        return Expr("cases", (self.read(node.test), self.read(node.body), self.read(node.orelse)))

    def _attribute(self, node: ast.Attribute) -> Expr:
        base = self.globals.get(node.value.id) if isinstance(node.value, ast.Name) else None
        if isinstance(base, types.ModuleType):  # np.pi keeps its letter, np.inf and the like are values
            x = getattr(base, node.attr, None)
            return value(x) if isinstance(x, float) and node.attr != "pi" else symbol(node.attr, ())
        a = self.read(node.value)
        if node.attr in ("mT", "T"):
            return transpose(a) if node.attr == "mT" or a.shape is None or len(a.shape) == 2 else call("transpose", a)
        return a if node.attr == "data" else call(node.attr, a)

    def _subscript(self, node: ast.Subscript) -> Expr:
        a, at = self.read(node.value), self._index(node.slice)
        if a.kind == "sequence" and at.kind == "value" and isinstance(at.parts[0], int):
            part: Expr = a.parts[at.parts[0]]
            return part
        return Expr("index", (a, at))

    def _index(self, node: ast.expr) -> Expr:
        picked = located(ast.Subscript(ast.Name("_at", ast.Load()), node, ast.Load()))
        known, at = self._known(picked, {"_at": np.s_})
        return value(at) if known else symbol(ast.unparse(node)) if isinstance(node, ast.Slice) else self.read(node)

    def _call(self, node: ast.Call) -> Expr:
        function, inputs = node.func, [self.read(a) for a in node.args]
        params = {k.arg: self.read(k.value) for k in node.keywords if k.arg}
        called: Any = None
        if isinstance(function, ast.Name):
            called = self.globals.get(function.id)
        elif isinstance(function, ast.Attribute):
            base = self.globals.get(function.value.id) if isinstance(function.value, ast.Name) else None
            if isinstance(base, types.ModuleType):
                called = getattr(base, function.attr, None)
            else:
                inputs.insert(0, self.read(function.value))  # a method
        name = (getattr(called, "__name__", None) or _last_name(function)).lstrip("_")
        if name in VOCABULARY:
            with contextlib.suppress(TypeError, AttributeError, IndexError):  # called in a way that it does not know
                e: Expr = VOCABULARY[name](*inputs, **params)
                return e
        if isinstance(called, types.FunctionType) and not hasattr(
            called, "__wrapped__"
        ):  # a helper, none of the engine's
            with contextlib.suppress(Unreadable, OSError, TypeError):
                return self._helper(called, inputs, params)
            inputs, params = _spelt_out(called, inputs, params)
        shape = stretched(*inputs) if isinstance(called, np.ufunc) else inputs[0].shape if name in KEEP_SHAPE else None
        return call(name, *inputs, shape=shape, **params)

    def _helper(self, function: types.FunctionType, inputs: list[Expr], params: dict[str, Expr]) -> Expr:
        """A helper function written out, if it is short and hangs on shapes and params alone."""
        if self.depth == 3:
            raise Unreadable(function.__name__)
        bound = inspect.signature(function).bind(*inputs, **params)
        names = {k: value(p.default) for k, p in bound.signature.parameters.items() if p.default is not p.empty}
        inner = Reader(function, {**names, **bound.arguments}, set(self.taken), self.elsewhere, self.depth + 1)
        e = inner.run(source_tree(function).body)
        self.where += inner.where
        self.taken |= inner.taken
        return e


def _last_name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _spelt_out(function: Function, inputs: list[Expr], params: dict[str, Expr]) -> tuple[list[Expr], dict[str, Expr]]:
    """What a helper is called with: numbers and choices by the names of its parameters."""
    names = list(inspect.signature(function).parameters)
    known = {name: e for name, e in zip(names, inputs, strict=False) if e.kind == "value"}
    return [e for e in inputs if e.kind != "value"], {**known, **params}


def _as_argument(e: Expr) -> Any:
    if e.kind == "sequence":
        return [_as_argument(part) for part in e.parts]
    return e.parts[0] if e.kind == "value" else Ghost(e)


def _is_plain(x: Any) -> bool:
    if isinstance(x, np.ndarray):
        return x.ndim == 0 and x.dtype.kind in "biuf"
    if isinstance(x, (tuple, list)):
        return all(_is_plain(i) for i in x)
    return x is None or x is Ellipsis or isinstance(x, (bool, int, float, str, slice, np.generic, np.dtype, type))
