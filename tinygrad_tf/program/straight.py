"""A trace as straight-line code: one statement for each call of a kernel, elementary rules written out.

The functions that run are those that run without a program, so that the numbers are the same to the bit. What goes is
what stands around them: Tensors, the graph, looking at types, the walk. Arrays are given back at their last use, and
what routes join is added in place where nobody else has the array.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from ..autograd import changes
from ..autograd.operation import fit
from ..autograd.places import is_ours
from ..autograd.rule import Rule, source_tree
from ..autograd.tensor import Tensor
from ..autograd.walk import _is_shared
from ..ops import indexing
from .calls import Unwritable
from .exact import Quick
from .expressions import literal, with_written
from .lines import Lines, Statement
from .plain import Call as Written
from .trace import Act, Backward, Call, Choice, Draw, Trace, Value

Array = np.ndarray[Any, Any]
BEGUN = "begun"  # what a program names before its first change
#: By its value, a gradient's name and array, and whether nobody else has that array.
Whole: TypeAlias = dict[Value, tuple[str, Array, bool]]


class Straight(Lines):
    """Writes a trace."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        super().__init__()
        self.names: dict[Value, str] = {}
        self.saved: dict[Call, str] = {}
        self.loaded: set[str] = set()
        self.begun = False  # whether something was changed that a second run would change again
        self.templates: dict[Any, Written] = {}
        self.values_read: set[Value] = set()  # on the way back

    # ---- names -------------------------------------------------------------------------------------------------------

    def name(self, value: Value) -> str:
        """The name of a value; arrays from outside are looked up where they are first read."""
        if value.of is not None:
            return self.name(value.of)
        if value.kind == "grad":
            return f"{self.refer(value.tensor, 'P')}.grad.array"
        if value in self.names:
            name = self.names[value]
        elif value.kind == "constant":
            name = self.names[value] = self.refer(value.array, "c")
        else:
            name = self.names[value] = self._next({"argument": "a", "outside": "p"}.get(value.kind, "v"))
        if value.kind == "outside" and name not in self.loaded:
            self.loaded.add(name)
            self._line(f"{name} = {self.refer(value.tensor, 'P')}.array", name)
        return name

    # ---- forward -----------------------------------------------------------------------------------------------------

    def write(self) -> None:
        """Write all events."""
        for i, event in enumerate(self.trace.events):
            if isinstance(event, Call):
                self._forward(event)
            elif isinstance(event, Draw):
                name = self.names[event.made] = self._next("m")
                self._line(f"{name} = {self.refer(event.draw)}()", name, acts=True)
            elif isinstance(event, Choice):
                name, outcome = self.name(event.of), event.outcome
                other = f"bool({name}) is not {outcome}" if isinstance(outcome, bool) else f"{name}.shape != {outcome}"
                said = f"if {other}: raise {self.refer(OtherWay)}"
                self.lines.append(Statement(said, (), True))
            elif isinstance(event, Act):
                name = self.names[event.made] = self._next("t")
                function, args, kwargs = event.function, event.args, event.kwargs
                self._begin(event)
                self._line(f"{name} = {self.refer(_bound(function, args, kwargs))}()", name, acts=True)
                self.loaded.clear()
            elif isinstance(event, Backward):
                name = self._next("d")
                self._line(f"{name} = {self.name(event.gradient)}", name)
                for leaf, gradient, lent in self.backward(event.of, name, event.gradient.array, i):
                    assert leaf.tensor is not None
                    own = f"array({gradient})" if lent else gradient
                    self._begin(event)
                    self._line(f"{self.refer(accumulate)}({self.refer(leaf.tensor, 'P')}, {own})", acts=True)

    def _begin(self, event: Act | Backward) -> None:
        if not self.begun and event.changes:
            self.begun = True
            self._line(f"{BEGUN} = True", acts=True)

    def _forward(self, call: Call) -> None:
        op, made = call.op, self.names.setdefault(call.made, self._next("v"))
        inputs = [self._input(x) for x in call.inputs]
        if op.kernel is not None:
            said = self._call(op.kernel.forward, inputs, call.params)
            if call.saved is None:
                self._line(f"{made} = {said}[0]", made)
            else:
                kept = self.saved[call] = self._next("s")
                self._line(f"{made}, {kept} = {said}", made, kept)
        else:
            try:
                if not is_ours(op.forward.__code__):
                    raise Unwritable("a user's op")  # it may do more than compute, and is run once a call
                e = self._written(op.forward, source_tree(op.forward), [], call, (), op.name).results[0]
                assert e is not None
                said = _text(e)
            except Exception:  # whatever has no form of its own is called as it is
                said = self._call(op.forward, inputs, call.params)
            self._line(f"{made} = {said}", made)
        if call.made.array.ndim == 0:
            self._line(f"{made} = asarray({made})", made)

    def _input(self, x: Value | None) -> str:
        return "None" if x is None else self.name(x)

    def _call(self, function: Callable[..., Any], inputs: Sequence[str], params: Mapping[str, Any]) -> str:
        named = [f"{name}={self._setting(value)}" for name, value in params.items()]
        return f"{self.refer(function)}({', '.join([*inputs, *named])})"

    def _setting(self, value: Any) -> str:
        if isinstance(value, Value):
            return self.name(value)
        if isinstance(value, (list, tuple)) and literal(value) is None:
            inner = ", ".join(map(self._setting, value))
            return f"[{inner}]" if isinstance(value, list) else f"({inner},)"
        e = literal(value)
        return self.refer(value, "c") if e is None or isinstance(value, float) else ast.unparse(e)

    def _written(self, function: Any, tree: Any, first: Sequence[tuple[str, Array]], call: Call,
                 needs: tuple[bool, ...], name: str) -> Written:  # fmt: skip
        """A call written out, with the names of this one put in."""
        spec = tree.args
        arrays = [*[a for _, a in first], *[None if x is None else x.array for x in call.inputs]]
        given = [*[n for n, _ in first], *[self._input(x) for x in call.inputs]]
        settings = {n: self._placed(call.params[n], f"_{n}") for n in (a.arg for a in spec.kwonlyargs)}
        kinds = tuple(map(_kind, arrays)), tuple([repr(_kind(value)) for value, *_ in settings.values()])
        key = function, needs, kinds
        if key not in self.templates:
            letters = [a.arg for a in spec.args]
            values: dict[str, Any] = {}
            written: dict[str, ast.expr] = {}
            for i, letter in enumerate(letters):
                there = i < len(arrays) and arrays[i] is not None
                values[letter] = arrays[i] if there else None
                written[letter] = ast.Name(f"_{i}", ast.Load()) if there else ast.Constant(None)
            if spec.vararg is not None:
                rest = range(len(letters), len(arrays))
                values[spec.vararg.arg] = tuple([arrays[i] for i in rest])
                written[spec.vararg.arg] = ast.Tuple([ast.Name(f"_{i}", ast.Load()) for i in rest], ast.Load())
            for n, (value, e, _) in settings.items():
                values[n], written[n] = value, e
            made = self.plain.write(function, tree, values, written, name)
            quick = Quick({f"_{i}": a for i, a in enumerate(arrays) if a is not None}, self)
            results = tuple([None if e is None else quick.visit(e) for e in made.results])
            self.templates[key] = Written(results, made.whole, made.places)
        found = self.templates[key]
        put: dict[str, ast.expr] = {f"_{i}": _name(n) for i, n in enumerate(given)}
        for _, _, places in settings.values():
            put |= {place: _name(n) for place, n in places.items()}
        whole = None if found.whole is None else with_written(found.whole, put)
        return Written(tuple([None if e is None else with_written(e, put) for e in found.results]), whole, found.places)

    def _placed(self, value: Any, place: str) -> tuple[Any, ast.expr, dict[str, str]]:
        """A setting as arrays and numbers, how it is written with places in it, and the names that belong there."""
        if isinstance(value, Value):
            return value.array, ast.Name(place, ast.Load()), {place: self.name(value)}
        if isinstance(value, (tuple, list)) and literal(value) is None:
            parts = [self._placed(v, f"{place}_{i}") for i, v in enumerate(value)]
            kind = ast.Tuple if isinstance(value, tuple) else ast.List
            places = {k: n for p in parts for k, n in p[2].items()}
            return type(value)([p[0] for p in parts]), kind([p[1] for p in parts], ast.Load()), places
        e = literal(value)
        if e is None:
            raise Unwritable(f"the setting {place[1:]}")
        return value, e, {}

    # ---- backward ----------------------------------------------------------------------------------------------------

    def backward(self, of: Value, seed: str, gradient: Array, before: int, ends: Collection[Value] = ()
                 ) -> list[tuple[Value, str, bool]]:  # fmt: skip
        """The way back from a value through the calls before an event, as far as to the values ``ends``.

        Returns each leaf, the name of its gradient, and whether somebody else has that array, too.
        """
        whole: Whole = {of: (seed, gradient, False)}
        self.cut: dict[Value, list[tuple[Call, str, Array]]] = {}  # gradients of slices that wait for one another
        for event in reversed(self.trace.events[:before]):
            if isinstance(event, Call) and (event.made in whole or event.made in self.cut):
                self._put_together(event.made, whole)
                if event.made in ends:
                    continue
                name, dY, _ = whole.pop(event.made)
                x = event.inputs[0]
                if indexing.is_piece(event.op, event.params) and x is not None and x.requires_grad and x not in whole:
                    self.cut.setdefault(x, []).append((event, name, dY))
                else:
                    self._backward(event, name, dY, whole)
        for value in list(self.cut):
            self._put_together(value, whole)
        self.found = {leaf: array for leaf, (_, array, _) in whole.items()}
        return [(leaf, name, not own) for leaf, (name, _, own) in whole.items() if leaf.tensor is not None]

    def _put_together(self, value: Value, whole: Whole) -> None:
        """The gradient of what was cut into slices: they are written side by side, if together they are the whole."""
        slices = self.cut.pop(value, [])
        times = np.zeros(value.array.shape, np.int8)
        for call, _, _ in slices:
            times[call.params["index"]] += 1
        if len(slices) < 2 or (times != 1).any() or value in whole:
            for call, name, dY in slices:
                self._backward(call, name, dY, whole)
            return
        new, array = self._next("d"), np.empty_like(value.array)
        self._line(f"{new} = {self.refer(np.empty)}({array.shape}, {self.refer(array.dtype, 'c')})", new)
        for call, name, dY in slices:
            array[call.params["index"]] = dY
            self._line(f"{new}[{self.refer(call.params['index'], 'c')}] = {name}", new)
        whole[value] = new, array, True

    def _backward(self, call: Call, dY_name: str, dY: Array, whole: Whole) -> None:
        op, Y, inputs = call.op, call.made, call.inputs
        needs = tuple([x is not None and x.requires_grad for x in inputs])
        if True not in needs:
            return
        rule = op.backward
        if rule is None:
            raise Unwritable(f"{op.name} has no rule")
        read = [(Y, *inputs)[i] for i in changes.reads(rule, needs)]
        self.values_read |= {value.of or value for value in read if value is not None}
        arrays = [None if x is None else x.array for x in inputs]
        params = {name: _arrays(value) for name, value in call.params.items()}
        parts: list[str | None]
        if op.kernel is not None:
            with np.errstate(all="ignore"):
                sent = list(op.kernel.backward(dY, Y.array, call.saved, needs, *arrays, **params))
            given = [dY_name, self.name(Y), self.saved.get(call, "None"), repr(needs), *map(self._input, inputs)]
            said = self._call(op.kernel.backward, given, call.params)
            parts = self._unpacked(said, [i for i, need in enumerate(needs) if need and sent[i] is not None], len(sent))
        else:
            with np.errstate(all="ignore"):
                sent = list(rule.slice(needs)(dY, Y.array, *arrays, **params))
            parts = self._by_rule(rule, call, needs, dY_name, dY, sent)
        known = {id(a) for a in (dY, Y.array, *arrays)}
        t = Tensor.wrap(Y.array)
        t.inputs = tuple([Tensor.wrap(a) for a in arrays if a is not None])
        for i, (x, part) in enumerate(zip(inputs, parts, strict=False)):
            if x is None or part is None:
                continue
            dX = sent[i]
            like = Tensor.wrap(x.array)
            fitted = np.asarray(fit(dX, like, op))
            own = not _is_shared(np.asarray(dX), t, dY, sent) and id(dX) not in known
            if np.shape(dX) != x.array.shape:
                part, own = f"{self.refer(fit)}({part}, {self.refer(like, 'c')}, {self.refer(op, 'c')})", True
            elif dX.dtype != x.array.dtype:
                part, own = f"{part}.astype({self.refer(x.array.dtype, 'c')})", True
            if x.array.ndim == 0:
                part = f"asarray({part})"
            if x in self.cut:
                self._put_together(x, whole)
            if x in whole:
                name, before, mine = whole[x]
                if mine and before.flags.writeable and before.ndim:
                    added = f"{name} -= {part[1:]}" if _is_negated(part) else f"{name} += {part}"
                    self._line(added, name)
                else:
                    new = self._next("d")
                    self._line(f"{new} = {name} + {part}", new)
                    name = new
                whole[x] = name, np.asarray(before + fitted), True
            elif part.isidentifier():
                whole[x] = part, fitted, own
            else:
                name = self._next("d")
                self._line(f"{name} = {part}", name)
                whole[x] = name, fitted, own

    def _by_rule(self, rule: Rule, call: Call, needs: tuple[bool, ...], dY_name: str, dY: Array,
                 sent: Sequence[Any]) -> list[str | None]:  # fmt: skip
        """What a rule sends, written out, or as a call of the rule where it has no form of its own."""
        wanted = [i for i, need in enumerate(needs) if need and sent[i] is not None]
        try:
            if not is_ours(rule.function.__code__):
                raise Unwritable("a user's rule")
            first = [(dY_name, dY), (self.name(call.made), call.made.array)]
            written = self._written(rule.function, rule.lines(needs), first, call, needs, f"d_{call.op.name}")
        except Exception:
            given = [dY_name, self.name(call.made), *map(self._input, call.inputs)]
            said = self._call(rule.slice(needs), given, call.params)
            return self._unpacked(said, wanted, len(sent))
        if written.whole is None:
            return [_text(e) if i in wanted and e is not None else None for i, e in enumerate(written.results)]
        targets = [self._next("d") for _ in written.places]
        self._line(f"{', '.join(targets)} = {_text(written.whole)}", *targets)
        by_place = dict(zip(written.places, targets, strict=True))
        return [by_place.get(i) if i in wanted else None for i in range(len(needs))]

    def _unpacked(self, said: str, wanted: Sequence[int], n: int) -> list[str | None]:
        """A line that gives names to those of ``n`` results that are wanted."""
        parts = [self._next("d") if i in wanted else None for i in range(n)]
        self._line(f"{', '.join([p or '_' for p in parts])}, = {said}", *filter(None, parts))
        return parts


class OtherWay(Exception):
    """A value that the function asked for the truth of has another one than in the call that was traced."""


def accumulate(leaf: Tensor, gradient: Array) -> None:
    """What ``backward()`` does at a leaf."""
    new = Tensor.wrap(gradient)
    leaf.grad = new if leaf.grad is None else leaf.grad + new


def _bound(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Callable[[], Any]:
    return lambda: function(*args, **kwargs)


def _is_negated(text: str) -> bool:
    e = _name(text)
    return isinstance(e, ast.UnaryOp) and isinstance(e.op, ast.USub)


def _name(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _text(e: ast.expr) -> str:
    return ast.unparse(e)


def _arrays(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(map(_arrays, value))
    return value.array if isinstance(value, Value) else value


def _kind(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.strides, value.flags.c_contiguous
    if isinstance(value, (list, tuple)):
        return tuple(map(_kind, value))
    return value
