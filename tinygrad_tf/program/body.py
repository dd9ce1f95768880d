"""A function run on the values of one call, and of its source what ran."""

from __future__ import annotations

import ast
import builtins
import contextlib
import copy
import inspect
import math
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.rule import located, names, source_tree
from ..autograd.tensor import Tensor
from ..ops import indexing
from .calls import SAME, Unwritable, bind, is_ours, letters_of, own_name
from .expressions import copied, first, has_arrays, literal, one_by_one

if TYPE_CHECKING:
    from .plain import Plain

#: What is looked at only, not computed with: it has one value in all calls with arguments of these shapes and types.
_FACTS = ("shape", "ndim", "size", "dtype", "itemsize", "kind", "char", "type", "flags", "c_contiguous", "isnative",
          "strides", "eps", "minexp")  # fmt: skip
_LOOKS = (isinstance, len, range, slice, tuple, list, set, sorted, min, max, abs, sum, enumerate, zip, reversed, type,
          getattr, hasattr, any, all, int, float, bool, dict, map, np.dtype, np.finfo, np.prod, np.any,
          np.all)  # fmt: skip


class Body(ast.NodeTransformer):
    """Runs a function on the values of one call, and keeps of its source what ran."""

    def __init__(self, plain: Plain, function: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
        closed = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        self.plain = plain
        self.globals = {**function.__globals__, **{name: cell.cell_contents for name, cell in closed}}
        self.values: dict[str, Any] = dict(arguments)
        self.inner: set[str] = set()  # variables of loops and comprehensions, which have several values
        self.own: set[str] = set()  # of these, those of a comprehension over facts that is looked at

    # ---- statements --------------------------------------------------------------------------------------------------

    def run(self, body: Sequence[ast.stmt]) -> list[ast.stmt]:
        """What of ``body`` ran, up to its return."""
        kept: list[ast.stmt] = []
        for statement in body:
            kept += self._statement(copied(statement))
            if kept and isinstance(kept[-1], ast.Return):
                break
        return kept

    def _statement(self, s: ast.stmt) -> list[ast.stmt]:
        write = getattr(self, f"_{type(s).__name__.lower()}", None)
        if write is None:
            raise Unwritable(f"a statement: {ast.unparse(s).splitlines()[0]}")
        written: list[ast.stmt] = write(s)
        return written

    def _pass(self, s: ast.Pass) -> list[ast.stmt]:
        return []

    def _if(self, s: ast.If) -> list[ast.stmt]:
        if all(isinstance(inner, ast.Raise) for inner in s.body) and not s.orelse:
            return []  # a check, which passed
        if self.is_fact(s.test):
            return self.run(s.body if self.value(s.test) else s.orelse)
        test = self.visit(copied(s.test))
        taken = bool(self.value(s.test))
        before = dict(self.values)
        other = self.run(s.orelse if taken else s.body)
        self.values = before
        ran = self.run(s.body if taken else s.orelse)
        body, orelse = (ran, other) if taken else (other, ran)
        return [ast.If(test, body or [ast.Pass()], orelse)]

    def _try(self, s: ast.Try) -> list[ast.stmt]:
        return self.run(s.body)  # it went through

    def _for(self, s: ast.For) -> list[ast.stmt]:
        original = copied(s)
        s.iter = self.visit(s.iter)
        self._execute(ast.Assign([original.target], first(original.iter)))
        values, inner = dict(self.values), self.inner
        self.inner = self.inner | names(original, ast.Store)
        s.body = self.run(s.body)
        self.values, self.inner = values, inner
        self._execute(original)
        return [s]

    def _with(self, s: ast.With) -> list[ast.stmt]:
        s.body = self.run(s.body)
        s.items = [ast.withitem(self.visit(i.context_expr), None) for i in s.items]
        return [s] if s.body else []

    def _assign(self, s: ast.Assign) -> list[ast.stmt]:
        original = copied(s)
        s.value = self.visit(s.value)
        s.targets = [self.visit(t) if isinstance(t, ast.Subscript) else t for t in s.targets]
        self._execute(original)
        return one_by_one(s)

    def _annassign(self, s: ast.AnnAssign) -> list[ast.stmt]:
        return [] if s.value is None else self._assign(ast.Assign([s.target], s.value))

    def _augassign(self, s: ast.AugAssign) -> list[ast.stmt]:
        original = copied(s)
        s.value = self.visit(s.value)
        self._execute(original)
        return [s]

    def _expr(self, s: ast.Expr) -> list[ast.stmt]:
        if isinstance(s.value, ast.Constant):
            return []  # a docstring
        original = copied(s)
        s.value = self.visit(s.value)
        self._execute(original)
        return [s]

    def _return(self, s: ast.Return) -> list[ast.stmt]:
        s.value = self.visit(s.value) if s.value is not None else ast.Constant(None)
        return [s]

    def _execute(self, s: ast.stmt) -> None:
        module = located(ast.Module([s], []))
        space = self._space()
        try:
            with np.errstate(all="ignore"):
                exec(compile(module, "<call>", "exec"), space)
        except Exception as problem:  # a kernel may take what the definition does not, such as rows without an entry
            raise Unwritable(f"a line that does not run here: {ast.unparse(s).splitlines()[0]} ({problem})") from None
        for name in names(s, ast.Store):
            if name in space:
                self.values[name] = space[name]

    # ---- expressions -------------------------------------------------------------------------------------------------

    def value(self, e: ast.expr) -> Any:
        """What an expression of the source has for a value in this call."""
        expression = located(ast.Expression(copied(e)))
        with np.errstate(all="ignore"):
            return eval(compile(expression, "<call>", "eval"), self._space())

    def _space(self) -> dict[str, Any]:
        """All names and their values; iterators are read anew each time."""
        for name, value in self.values.items():
            if isinstance(value, Iterator) and not type(value).__name__.endswith("_iterator"):
                self.values[name] = list(value)
        again = {n: copy.copy(v) if isinstance(v, Iterator) else v for n, v in self.values.items()}
        return {**self.globals, **again}

    def is_fact(self, e: ast.AST) -> bool:
        """Whether the value of an expression follows from shapes, types and settings alone."""
        if isinstance(e, ast.Constant):
            return True
        if isinstance(e, ast.Name):
            if e.id in self.own:
                return True
            if e.id in self.values and e.id not in self.inner:
                return not has_arrays(self.values[e.id])
            found = self.globals.get(e.id, getattr(builtins, e.id, None))
            return e.id not in self.inner and not isinstance(found, np.ndarray)
        if isinstance(e, ast.Attribute):
            if e.attr in _FACTS and not isinstance(e.value, ast.Attribute):
                return self.is_known(e.value)
            return self.is_fact(e.value)
        if isinstance(e, ast.Compare) and all(isinstance(o, (ast.Is, ast.IsNot)) for o in e.ops):
            return all(self.is_known(x) for x in (e.left, *e.comparators))
        if isinstance(e, ast.Call):
            function = self._called(e.func)
            if function is isinstance and self._asks_for_tensors(e):
                return True
            if function in (isinstance, type, len, indexing.is_basic):
                return all(self.is_known(a) for a in e.args)
            looks = function in _LOOKS or getattr(function, "__module__", "") == "math" or is_ours(function)
            return looks and all(map(self.is_fact, [*e.args, *[k.value for k in e.keywords]]))
        if isinstance(e, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
            before, self.own = self.own, self.own | {n for g in e.generators for n in names(g.target, ast.Store)}
            try:
                return all(map(self.is_fact, ast.iter_child_nodes(e)))
            finally:
                self.own = before
        if isinstance(e, ast.Lambda):
            before, self.own = self.own, self.own | {a.arg for a in e.args.args}
            try:
                return self.is_fact(e.body)
            finally:
                self.own = before
        return all(self.is_fact(child) for child in ast.iter_child_nodes(e))

    def is_known(self, e: ast.AST) -> bool:
        """Whether at least the shape and the type of an expression's value follow from those of the arguments."""
        return not names(e, ast.Load) & self.inner

    def _is_constant(self, e: ast.AST) -> bool:
        """Whether it is a constant of the formula, ``math.sqrt(2 / math.pi)``, or a size, ``Q.shape[-1]``, or its √."""
        if isinstance(e, ast.Call):
            return self._called(e.func) is math.sqrt
        if isinstance(e, ast.Subscript):
            x = e.value.value if isinstance(e.value, ast.Attribute) and e.value.attr == "shape" else None
            return (
                isinstance(x, ast.Name)
                and isinstance(self.values.get(x.id), np.ndarray)
                and not names(e.slice, ast.Load)
            )
        return isinstance(e, (ast.BinOp, ast.Attribute)) and all(
            self.globals.get(name) is math for name in names(e, ast.Load)
        )

    def _asks_for_tensors(self, e: ast.Call) -> bool:
        return len(e.args) == 2 and isinstance(e.args[1], ast.Name) and self.globals.get(e.args[1].id) is Tensor

    def visit(self, node: Any) -> Any:
        if isinstance(node, ast.Call) and self._called(node.func) is isinstance and self._asks_for_tensors(node):
            return ast.Constant(False)
        as_it_is = (ast.Constant, ast.Name, ast.Slice, ast.Starred)
        says_itself = isinstance(node, ast.Attribute) and node.attr in ("shape", "dtype")
        says_itself = says_itself or (self.plain.keeps_constants and self._is_constant(node))
        if isinstance(node, ast.expr) and not isinstance(node, as_it_is) and not says_itself and self.is_fact(node):
            found = literal(self.value(node))
            if found is not None:
                return found
        return super().visit(node)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self.inner or not isinstance(node.ctx, ast.Load):
            return node
        if node.id in self.values:
            value = self.values[node.id]
            return (None if has_arrays(value) else literal(value)) or node
        found = self.globals.get(node.id, node)
        if isinstance(found, np.ndarray):
            raise Unwritable(f"the array {node.id}, which is no input")
        if isinstance(found, types.ModuleType) and found.__name__ in ("numpy", "math"):
            self.plain.uses_math |= found is math
            return ast.Name("np" if found is np else "math", ast.Load())
        name = getattr(found, "__name__", "")
        if callable(found) and getattr(np, name, None) is found:
            return ast.Attribute(ast.Name("np", ast.Load()), name, ast.Load())
        return node if found is node else literal(found) or node

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        return node

    def visit_IfExp(self, node: ast.IfExp) -> Any:
        if not self.is_fact(node.test):
            return self.generic_visit(node)
        test = self.visit(copied(node.test))
        holds = test.value if isinstance(test, ast.Constant) else self.value(node.test)
        return self.visit(node.body if holds else node.orelse)

    def _comprehension(self, node: Any) -> Any:
        own = {n for g in node.generators for n in names(g.target, ast.Store)}
        before, values = self.inner, dict(self.values)
        if not isinstance(node, ast.DictComp):
            node.elt = self._folded(node.elt)
        simple = len(node.generators) == 1 and not node.generators[0].ifs
        if simple and names(getattr(node, "elt", node), ast.Load) == own and isinstance(node.elt, ast.Name):
            return self.visit(node.generators[0].iter)  # each as it is
        loop = node.generators[0]
        if simple and isinstance(node, (ast.ListComp, ast.GeneratorExp)) and self._is_list_of_facts(loop.iter):
            parts = []
            for item in ast.literal_eval(ast.unparse(ast.Tuple(self._items(loop.iter), ast.Load()))):
                self._execute(ast.Assign([copied(loop.target)], ast.Constant(item)))
                parts.append(self.visit(copied(node.elt)))
            self.values = values
            return ast.List(parts, ast.Load())
        self.inner = self.inner | own
        try:
            if simple:
                with contextlib.suppress(Exception):
                    self._execute(ast.Assign([copied(loop.target)], first(copied(loop.iter))))
            return self.generic_visit(node)
        finally:
            self.inner, self.values = before, values

    def _folded(self, e: ast.expr) -> ast.expr:
        """``a.array if isinstance(a, Tensor) else a`` is a."""
        if isinstance(e, ast.IfExp) and isinstance(e.test, ast.Call) and self._asks_for_tensors(e.test):
            return e.orelse
        return e

    def _is_list_of_facts(self, e: ast.expr) -> bool:
        return self.is_fact(e) and literal(list(self.value(e))) is not None

    def _items(self, e: ast.expr) -> list[ast.expr]:
        return [item for value in self.value(e) if (item := literal(value)) is not None]

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _comprehension

    def visit_Call(self, node: ast.Call) -> Any:
        node.args = [part for a in node.args for part in self._spread(a)]
        function = self._called(node.func)
        if isinstance(function, types.ModuleType) or function is None:
            return self.generic_visit(node)
        if not is_ours(function):
            node.func = self.visit(node.func)
            node.args = [self.visit(a) for a in node.args]
            node.keywords = [ast.keyword(k.arg, self.visit(k.value)) for k in node.keywords]
            return node
        return self._ours(node, function)

    def _spread(self, e: ast.expr) -> list[ast.expr]:
        """An argument; ``*Xs[1:]`` as the arguments that it stands for."""
        if not isinstance(e, ast.Starred):
            return [e]
        lists = [n for n in names(e, ast.Load) if has_arrays(self.values.get(n))]
        if len(lists) != 1 or isinstance(self.values[lists[0]], np.ndarray):
            return [e]
        places = list(range(len(self.values[lists[0]])))
        expression = located(ast.Expression(copied(e.value)))
        space = {**self._space(), lists[0]: places}
        try:
            found = eval(compile(expression, "<call>", "eval"), space)
        except TypeError:
            return [e]
        return [ast.Subscript(ast.Name(lists[0], ast.Load()), ast.Constant(i), ast.Load()) for i in found]

    def _called(self, e: ast.expr) -> Any:
        """The function that is called, None for a method of a value."""
        if isinstance(e, ast.Name):
            if e.id in self.values:
                return self.values[e.id] if callable(self.values[e.id]) else None
            return self.globals.get(e.id, getattr(builtins, e.id, None))
        if isinstance(e, ast.Attribute):
            base = self._called(e.value) if isinstance(e.value, (ast.Name, ast.Attribute)) else None
            if isinstance(base, (types.ModuleType, np.ufunc)):
                return getattr(base, e.attr)
        return None

    def _ours(self, node: ast.Call, function: Any) -> ast.expr:
        """The call of a function of the package."""
        if any(isinstance(a, ast.Starred) for a in node.args):
            raise Unwritable(f"a call with a list of arguments: {ast.unparse(node)}")
        if (name := self.plain.name_of(function)) is not None:
            args = [self.visit(copied(a)) for a in node.args]
            keywords = [ast.keyword(k.arg, self.visit(copied(k.value))) for k in node.keywords]
            return ast.Call(ast.Name(name, ast.Load()), args, keywords)
        function = SAME.get(function, function)
        target, bound = bind(function, [self.value(a) for a in node.args],
                             {k.arg: self.value(k.value) for k in node.keywords if k.arg})  # fmt: skip
        written: dict[str, ast.expr] = {}
        given = [self.visit(copied(a)) for a in node.args]
        for letter, kind in letters_of(target).items():
            if kind is inspect.Parameter.VAR_POSITIONAL:
                written[letter], given = ast.Tuple(given, ast.Load()), []
            elif given:
                written[letter] = given.pop(0)
        for k in node.keywords:
            written[own_name(target, str(k.arg))] = self.visit(copied(k.value))
        for name, value in bound.items():
            if name not in written:
                found = literal(value)
                if found is None:
                    raise Unwritable(f"an argument {name} of {target.__name__}")
                written[name] = found
        call = self.plain.write(target, source_tree(target), bound, written, target.__name__.lstrip("_"))
        if call.whole is not None:
            return call.whole
        if len(call.results) == 1:
            return call.results[0] or ast.Constant(None)
        return ast.Tuple([r or ast.Constant(None) for r in call.results], ast.Load())
