"""The statements of a recorded step: one for each result, and one for each gradient, in the names of the graph."""

from __future__ import annotations

import ast
import builtins
import contextlib
import functools
import keyword
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..autograd.operation import fit
from ..autograd.rule import source_tree
from ..autograd.tensor import Tensor
from ..autograd.walk import AGAIN
from ..errors import error
from ..ops.indexing import is_piece
from ..program import Plain, Unwritable, literal
from ..wording.languages import either
from ..wording.texts import identifier
from .calls import Call
from .capture import Graph, Node, capture
from .pieces import axis_of
from .spelling import WIDTH, number, of_function, returned, tidied, with_type, wrapped

Array = np.ndarray[Any, Any]


class Writer:
    """Writes a graph's program. ``self.names`` are the Python names of values by ``Tensor.number``."""

    def __init__(self, graph: Graph, end: Tensor | None) -> None:
        self.graph = graph
        self.taken = {*dir(builtins), *keyword.kwlist, "np", "math", "step", "l", "I", "O"}
        self.plain = Plain(self.taken)
        self.again: dict[int, Tensor] = {}  # what a checkpoint() is made of, by its number
        self.places = list(self._places(graph, set()))  # all Tensors in order, each with its node and the graph of that
        self.names: dict[int, str] = {}
        self.data: dict[str, Array] = {}
        self.written: dict[int, ast.expr] = {}
        self.settings: dict[tuple[int, str], tuple[Any, ast.expr]] = {}
        self.lines: list[str] = []
        #: By a Tensor's number: from where to where the lines go that compute it, and those that pass its gradient on.
        self.steps: dict[int, list[int]] = {}
        #: Of the walk: what gradients are so far, what they are called, and those of pieces that wait for one another.
        self.whole: dict[int, Array] = {}
        self.gradients: dict[int, str] = {}
        self.pieces: dict[int, list[tuple[Tensor, Array, Node, Graph]]] = {}
        self.before = 0  # lines of the text above them
        self.calls: tuple[Call, ...] = ()
        self.end = end
        self.useful = self._useful(end)

    def module(self) -> tuple[str, dict[str, Array]]:
        """The text of the module, and the arrays that its step takes."""
        for t, node, _ in self.places:
            if t.op is AGAIN:
                continue
            if node.number is not None and t.ndim == 0 and t.dtype.kind == "f":
                self.written[t.number] = _literal(number(t.array))
                continue
            name = self.names[t.number] = self._free(node.name or node.kind)
            self.written[t.number] = ast.Name(name, ast.Load())
            if t.op is None:
                self.data[name] = t.array
        for t, node, graph in self.places:
            if t.op is AGAIN:
                made = self.again[t.number]
                self.names[t.number], self.written[t.number] = self.names[made.number], self.written[made.number]
            elif t.op is not None:
                self._heading(node, graph)
                start = len(self.lines)
                self._forward(t)
                self.steps[t.number] = [start, len(self.lines)]
        loss = self.places[-1][0]
        self.lines += ["", f"# ---- {either('backward', '反向')} " + "-" * 40]
        self.calls = ()
        found = self._backward(loss)
        body = "\n".join([*self.lines, *returned(self.names[loss.number], found)])
        about = either("A step and its gradients, as plain NumPy.", "一步计算和它的梯度，只用 NumPy。")
        head = [f'"""{about}"""', ""]
        head += (["import math", ""] if self.plain.uses_math else []) + ["import numpy as np", "", ""]
        defined = [line for text in self.plain.functions.values() for line in [*of_function(text), "", ""]]
        signature = wrapped(f"def step({', '.join(self.data)}):")
        about = either(
            "The loss, and its gradient to each parameter, by name.", "损失，以及对各个参数的梯度（按名字）。"
        )
        doc = f'    """{about}"""'
        above = [*head, *defined, *signature, doc]
        self.before = len(above)
        text = "\n".join([*above, textwrap.indent(body, "    ")]) + "\n"
        return text, self.data

    # ---- names and settings ------------------------------------------------------------------------------------------

    def _places(self, graph: Graph, known: set[int]) -> Iterator[tuple[Tensor, Node, Graph]]:
        """The Tensors of a graph that are not yet ``known``, and before each checkpoint() what it is made of."""
        for t, node in zip(graph.tensors, graph.nodes, strict=True):
            if t.number in known:
                continue
            known.add(t.number)
            if t.op is AGAIN:
                made = self.again[t.number] = t.params["run"](t)
                yield from self._places(capture(made), known)
            yield t, node, graph

    def _free(self, name: str) -> str:
        """A Python name that nothing else has."""
        word = identifier(name)
        for k in range(1, 10**6):
            found = word if k == 1 else f"{word}_{k}"
            if found not in self.taken:
                self.taken.add(found)
                return found
        raise AssertionError

    def _gradient(self, name: str) -> str:
        return self._free(self._gradient_word(name))

    @staticmethod
    def _gradient_word(name: str) -> str:
        """dW_q; d_loss, where a word would run into the d."""
        return f"d{name}" if len(name.split("_")[0]) == 1 or name[0].isupper() else f"d_{name}"

    def _setting(self, t: Tensor, name: str, value: Any) -> tuple[Any, ast.expr]:
        """A param as plain arrays and numbers, and how it is written; arrays become arguments of the step."""
        if (t.number, name) not in self.settings:
            self.settings[t.number, name] = self._written_setting(f"{name}_of_{self.names[t.number]}", value)
        return self.settings[t.number, name]

    def _written_setting(self, name: str, value: Any) -> tuple[Any, ast.expr]:
        if isinstance(value, Tensor):
            value = value.array
        if isinstance(value, list):  # an index
            value = np.asarray(value, None if value else np.int64)
        if isinstance(value, tuple) and literal(value) is None:
            parts = [self._written_setting(name, v) for v in value]
            return tuple([p[0] for p in parts]), ast.Tuple([p[1] for p in parts], ast.Load())
        found = literal(value)
        if found is not None:
            return value, found
        array = np.asarray(value)
        if array.dtype == object:
            raise Unwritable(f"the setting {name}")
        word = self._free(name)
        self.data[word] = array
        return array, ast.Name(word, ast.Load())

    def _useful(self, end: Tensor | None) -> set[int]:
        """The Tensors whose gradient is wanted on the way."""
        tensors = [t for t, _, _ in self.places]
        if end is None:
            return {t.number for t in tensors if t.requires_grad}
        found = {end.number} if end.requires_grad else set()
        for t in tensors:
            inputs = (self.again[t.number],) if t.op is AGAIN else t.inputs
            if any(x.number in found for x in inputs):
                found.add(t.number)
        if tensors[-1].number not in found:
            raise error(
                ValueError,
                "program",
                got={"path_to": end, "loss": tensors[-1]},
                rule="no gradient flows from the loss to a Tensor that it was not computed from, or that requires none",
                cure="choose a parameter that the loss depends on",
            )
        return found

    # ---- lines -------------------------------------------------------------------------------------------------------

    def _line(self, target: str, e: ast.expr, shape: tuple[int, ...] | None) -> None:
        text = ast.unparse(tidied(e))
        said = "" if shape is None else f"  # {shape}"
        whole = f"{target} = {text}"
        if len(whole) + len(said) + 4 <= WIDTH:
            self.lines.append(whole + said)
        else:
            self.lines += ([f"#{said[3:]}"] if said else []) + wrapped(whole)

    def _heading(self, node: Node, graph: Graph) -> None:
        """Where another call of a module begins, its path and its class."""
        inside = tuple([graph.calls[i] for i in node.calls])
        if inside != self.calls:
            self.calls = inside
            self.lines += ["", *[f"# {call.path}: {call.kind}" for call in inside[-1:]]]

    def _inputs(self, t: Tensor, run: Callable[..., Sequence[Any]], made: Sequence[Any]) -> list[tuple[Any, ast.expr]]:
        """The values of a call's inputs, and how they are written. ``run`` is the call, by which arrays are ``made``.

        A number is Python's, which has no type. Where ``run`` would then give other bits, it is written with its type.
        """
        said = [self.written[x.number] for x in t.inputs]
        found: list[tuple[Any, ast.expr]] = [(x.array if isinstance(e, ast.Name) else number(x.array), e)
                                             for x, e in zip(t.inputs, said, strict=True)]  # fmt: skip
        if all(isinstance(e, ast.Name) for e in said):
            return found
        with np.errstate(all="ignore"), contextlib.suppress(Exception):  # of a call that takes no number
            if all(map(_same, run(*[value for value, _ in found]), made)):
                return found
        return [(value, e) if isinstance(e, ast.Name) else (x.array[()], with_type(x.array))
                for x, (value, e) in zip(t.inputs, found, strict=True)]  # fmt: skip

    def _arguments(self, t: Tensor, tree: Any, first: Mapping[str, Any], run: Callable[..., Sequence[Any]],
                   made: Sequence[Any]) -> tuple[dict[str, Any], dict[str, ast.expr]]:  # fmt: skip
        """The values of a function's arguments, and how they are written: ``first``, then inputs, then params."""
        spec = tree.args
        values, written = {}, {}
        for name, (value, e) in first.items():
            values[name], written[name] = value, e
        letters = [a.arg for a in spec.args][len(first) :]
        inputs = self._inputs(t, run, made)
        arrays, said = [value for value, _ in inputs], [e for _, e in inputs]
        for i, letter in enumerate(letters):
            values[letter] = arrays[i] if i < len(arrays) else None
            written[letter] = said[i] if i < len(arrays) else ast.Constant(None)
        if spec.vararg is not None:
            values[spec.vararg.arg] = tuple(arrays[len(letters) :])
            written[spec.vararg.arg] = ast.Tuple(said[len(letters) :], ast.Load())
        for name in [a.arg for a in spec.kwonlyargs]:
            values[name], written[name] = self._setting(t, name, t.params[name])
        return values, written

    def _params(self, t: Tensor) -> dict[str, Any]:
        return {name: self._setting(t, name, value)[0] for name, value in t.params.items()}

    def _forward(self, t: Tensor) -> None:
        op = t.op
        assert op is not None
        if not op.repeats:
            raise Unwritable(f"{op.name}, whose forward leaves things in a ctx")
        tree = source_tree(op.forward)
        params = self._params(t)
        values, written = self._arguments(t, tree, {}, lambda *Xs: [op.forward(*Xs, **params)], [t.array])
        call = self.plain.write(op.forward, tree, values, written, op.name)
        made = call.results[0]
        assert made is not None
        self._line(self.names[t.number], made, t.shape)

    def _backward(self, loss: Tensor) -> dict[str, str]:
        """The lines of the walk; the names of the gradients, by those of what they are of."""
        self.whole = {loss.number: np.ones_like(loss.array)}
        self.gradients = {loss.number: self._gradient(self.names[loss.number])}
        ones = ast.parse(f"np.ones_like({self.names[loss.number]})", mode="eval").body
        self._line(self.gradients[loss.number], ones, None)
        found: dict[str, str] = {}
        for t, node, graph in reversed(self.places):
            self._put_together(t)
            dY = self.whole.pop(t.number, None)
            if dY is None:
                continue
            if t.op is AGAIN:
                made = self.again[t.number]
                self.whole[made.number], self.gradients[made.number] = dY, self.gradients[t.number]
                continue
            if t.op is None if self.end is None else t is self.end:
                found[re.sub("[\u2068\u2069]", "", node.title)] = self.gradients[t.number]
            needs = tuple([x.number in self.useful and x.requires_grad for x in t.inputs])
            if t.op is None or True not in needs:
                continue
            x = t.inputs[0]
            if is_piece(t.op, t.params) and x.number not in self.whole:
                self.pieces.setdefault(x.number, []).append((t, dY, node, graph))
            else:
                self._send(t, dY, node, graph, needs)
        return found

    def _put_together(self, x: Tensor) -> None:
        """The gradient of what was cut into pieces, which have waited for one another."""
        waiting = self.pieces.pop(x.number, [])
        side_by_side = axis_of([t.params["index"] for t, *_ in waiting], x.shape) if len(waiting) > 1 else None
        if side_by_side is None:
            for t, dY, node, graph in waiting:
                self._send(t, dY, node, graph, (True,))
            return
        axis, order = side_by_side
        self._heading(*waiting[0][2:])
        start = len(self.lines)
        self.whole[x.number] = np.concatenate([waiting[i][1] for i in order], axis)
        self.gradients[x.number] = self._gradient(self.names[x.number])
        parts = ", ".join([self.gradients[waiting[i][0].number] for i in order])
        e = ast.parse(f"np.concatenate([{parts}], axis={-1 if axis == x.ndim - 1 else axis})", mode="eval").body
        self._line(self.gradients[x.number], e, x.shape)
        for t, *_ in waiting:
            self.steps[t.number] += [start, len(self.lines)]

    def _send(self, t: Tensor, dY: Array, node: Node, graph: Graph, needs: tuple[bool, ...]) -> None:
        """The lines of one backward step: what its rule sends to each input, and the sums where routes join."""
        for x in t.inputs:
            self._put_together(x)
        self._heading(node, graph)
        start = len(self.lines)
        self._sent(t, dY, needs)
        self.steps[t.number] += [start, len(self.lines)]

    def _sent(self, t: Tensor, dY: Array, needs: tuple[bool, ...]) -> None:
        op, whole, names = t.op, self.whole, self.gradients
        assert op is not None
        rule = op.backward
        if rule is None:
            raise Unwritable(f"{op.name}, which has no gradient rule")
        tree = rule.lines(needs)
        dY_name, Y_name = [a.arg for a in tree.args.args][:2]
        first = {dY_name: (dY, ast.Name(names[t.number], ast.Load())), Y_name: (t.array, self.written[t.number])}
        run = functools.partial(rule.slice(needs), dY, t.array, **self._params(t))
        with np.errstate(all="ignore"):
            sent = run(*[x.array for x in t.inputs])
        values, written = self._arguments(t, tree, first, run, sent)
        call = self.plain.write(rule.function, tree, values, written, f"d_{op.name}")
        wanted = [i for i, need in enumerate(needs) if need and sent[i] is not None]
        parts: dict[int, ast.expr] = {}
        done: set[int] = set()  # what the call itself has given its last name
        if call.whole is not None:
            targets = []
            for i in call.places:
                x = t.inputs[i]
                alone = [y.number for y in t.inputs].count(x.number) == 1 and x.number not in whole
                if alone and np.shape(sent[i]) == x.shape and sent[i].dtype == x.dtype:
                    names[x.number] = self._gradient(self.names[x.number])
                    targets.append(names[x.number])
                    done.add(i)
                else:
                    what = "part" if np.shape(sent[i]) == x.shape else "unsummed"
                    targets.append(self._free(f"{self._gradient_word(self.names[x.number])}_{what}"))
                parts[i] = ast.Name(targets[-1], ast.Load())
            self._line(", ".join(targets), call.whole, None)
        else:
            for i in wanted:
                e = call.results[i]
                assert e is not None
                parts[i] = e
        for i in wanted:
            x, dX = t.inputs[i], np.asarray(sent[i])
            e = self._fitted(parts[i], dX, x)
            dX = np.asarray(fit(dX, x, op))
            if i in done:
                whole[x.number] = dX
                continue
            if x.number in whole:
                e = ast.BinOp(ast.Name(names[x.number], ast.Load()), ast.Add(), e)
                whole[x.number] = whole[x.number] + dX
            else:
                names[x.number] = self._gradient(self.names[x.number])
                whole[x.number] = dX
            self._line(names[x.number], e, x.shape)

    def _fitted(self, e: ast.expr, dX: Array, x: Tensor) -> ast.expr:
        """A gradient as the engine takes it: summed over the axes that broadcasting stretched, in the input's type."""
        if dX.shape != x.shape:
            lead = dX.ndim - x.ndim
            axes = (*range(lead), *[i + lead for i, n in enumerate(x.shape) if n == 1 and dX.shape[i + lead] != 1])
            settings = [ast.keyword("axis", _literal(axes))]
            if not lead:
                settings.append(ast.keyword("keepdims", ast.Constant(True)))
            e = ast.Call(ast.parse("np.sum", mode="eval").body, [e], settings)
            if lead and np.sum(dX, axis=axes).shape != x.shape:
                e = ast.Call(ast.Attribute(e, "reshape", ast.Load()), [_literal(x.shape)], [])
        if dX.dtype != x.dtype:
            e = ast.Call(ast.Attribute(e, "astype", ast.Load()), [_literal(x.dtype)], [])
        return e


def _same(a: Any, b: Any) -> bool:
    """Whether two results have one type and the same numbers; None is no result."""
    if a is None or b is None:
        return a is b
    a, b = np.asarray(a), np.asarray(b)
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def _literal(value: Any) -> ast.expr:
    found = literal(value)
    assert found is not None
    return found
