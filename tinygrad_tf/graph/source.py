"""program(): the forward and the backward pass of a recorded step, as a module of plain NumPy."""

from __future__ import annotations

import ast
import builtins
import html
import importlib
import json
import keyword
import os
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..autograd.operation import fit
from ..autograd.rule import source_tree
from ..autograd.tensor import Tensor
from ..autograd.walk import AGAIN
from ..errors import error
from ..program import Plain, Unwritable, literal
from .calls import Call
from .capture import Graph, Losses, Node, capture, variables_of
from .flow import checked_number
from .given import checked_end, checked_losses
from .suffixes import destination

Array = np.ndarray[Any, Any]
_WIDTH = 120
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


class Program:
    """A module of plain NumPy that computes a loss and its gradients, as :func:`program` writes it.

    ``str()`` is its text, ``data`` the arrays of the recorded step by the names of the arguments of ``step``.
    """

    def __init__(self, text: str, data: dict[str, Array]) -> None:
        self.text, self.data = text, data

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<program of {len(self.text.splitlines())} lines: step({', '.join(self.data)})>"

    def _repr_html_(self) -> str:
        try:
            pygments = importlib.import_module("pygments")  # comes with every notebook
        except ImportError:
            return f"<pre>{html.escape(self.text)}</pre>"
        lexers, formatters = (importlib.import_module(f"pygments.{part}") for part in ("lexers", "formatters"))
        made: str = pygments.highlight(self.text, lexers.PythonLexer(), formatters.HtmlFormatter(noclasses=True))
        return made

    def run(self, **changed: Any) -> tuple[Any, dict[str, Array]]:
        """The loss and the gradients by the names of their Tensors, with other arrays for the arguments ``changed``.

        They have the recorded shapes, which the program's numbers follow from. Raises TypeError for an argument that
        ``step`` does not have, ValueError for another shape.
        """
        unknown = [name for name in changed if name not in self.data]
        if unknown:
            raise error(
                TypeError,
                "run",
                got={name: changed[name] for name in unknown},
                rule=f"step takes {', '.join(self.data)}",
                cure="give arrays by these names",
            )
        space: dict[str, Any] = {"__name__": "program"}
        exec(compile(self.text, "<program>", "exec"), space)
        given = {name: np.asarray(getattr(x, "array", x), self.data[name].dtype) for name, x in changed.items()}
        for name, array in given.items():
            if array.shape != self.data[name].shape:
                raise error(
                    ValueError,
                    "run",
                    got={name: array},
                    rule=f"{name} has the shape {self.data[name].shape} of the recorded step: numbers in the program "
                    "follow from it",
                    cure="record a step with arrays of that shape, and write its program",
                )
        loss, gradients = space["step"](**{**self.data, **given})
        return loss, gradients

    def save(self, filename: str | os.PathLike[str]) -> Path:
        """Write a script that runs by itself, and beside it its data as ``.npz``; the script's path is returned."""
        path, _ = destination("save", filename, None, ("py",), "draw() and explore() write pictures and pages")
        path.write_text(self.text + _MAIN, encoding="utf-8")
        np.savez(path.with_suffix(".npz"), **self.data)  # type: ignore[arg-type]
        return path


_MAIN = """

if __name__ == "__main__":
    from pathlib import Path

    with np.load(Path(__file__).with_suffix(".npz")) as data:
        loss, gradients = step(**data)
    print(f"loss {loss.item():.6g}")
    for name, gradient in gradients.items():
        print(f"|d {name}| = {np.linalg.norm(gradient):.6g}")
"""


def program(loss: Losses, path_to: Tensor | None = None) -> Program:
    """The step that computed ``loss``, forward and backward, as a module of plain NumPy.

    One statement stands on each line, first forward in the order in which it ran, then backward, in the names of the
    pictures. Elementary ops are written in their place, all others as calls of functions above, which are the ops'
    own definitions and rules. With ``path_to`` only the gradient of this Tensor is computed. It holds for arrays of the
    recorded shapes and types. What kernels compute in one pass is written as its definition, so that the last digits
    may differ there; everything else gives the same bits.
    Raises RuntimeError for a graph that ``backward()`` has freed, ValueError if no gradient reaches ``path_to``.

    >>> X = Tensor([[1.0, 2.0]], name="X")
    >>> W = Tensor([[3.0], [4.0]], requires_grad=True, name="W")
    >>> step = program((X @ W).sum())
    >>> step.run()[1]["W"].tolist()
    [[1.0], [2.0]]
    """
    graph = capture(checked_losses("program", loss), variables_of(sys._getframe(1)))
    checked_number(graph.tensors[-1])
    end = None if path_to is None else checked_end("program", graph, path_to)
    try:
        return _Writer(graph, end).program()
    except (Unwritable, OSError) as problem:
        raise error(
            RuntimeError,
            "program",
            got=str(problem),
            rule="it is written from the definitions and the rules of the ops, in operators, methods and functions of "
            "NumPy",
            cure="write the op as two functions in a file, of Tensors and settings alone",
        ) from None


class _Writer:
    """Writes a graph's program. ``self.names`` are the Python names of values by ``Tensor.number``."""

    def __init__(self, graph: Graph, end: Tensor | None) -> None:
        self.graph = graph
        self.taken = {*dir(builtins), *keyword.kwlist, "np", "math", "step", "l", "I", "O"}
        self.plain = Plain(self.taken)
        self.again: dict[int, Tensor] = {}  # what a checkpoint() is made of, by its number
        self.places = list(self._places(graph))  # all Tensors in order, each with its node and the graph of that
        self.names: dict[int, str] = {}
        self.data: dict[str, Array] = {}
        self.written: dict[int, ast.expr] = {}
        self.settings: dict[tuple[int, str], tuple[Any, ast.expr]] = {}
        self.lines: list[str] = []
        self.calls: tuple[Call, ...] = ()
        self.end = end
        self.useful = self._useful(end)

    def program(self) -> Program:
        for t, node, _ in self.places:
            if t.op is AGAIN:
                continue
            if node.number is not None and t.ndim == 0 and t.dtype.kind == "f":
                self.written[t.number] = _literal(t.array.item())
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
                self._forward(t)
        loss = self.places[-1][0]
        self.lines += ["", "# ---- backward " + "-" * 40]
        self.calls = ()
        found = self._backward(loss)
        pairs = ", ".join([f"{json.dumps(name, ensure_ascii=False)}: {gradient}" for name, gradient in found.items()])
        returned = f"return {self.names[loss.number]}, {{{pairs}}}"
        body = "\n".join([*self.lines, *_wrapped(returned)])
        head = ['"""A step and its gradients, as plain NumPy."""', ""]
        head += (["import math", ""] if self.plain.uses_math else []) + ["import numpy as np", "", ""]
        defined = [line for text in self.plain.functions.values() for line in [*_long(text), "", ""]]
        signature = _wrapped(f"def step({', '.join(self.data)}):")
        doc = '    """The loss, and its gradients by the names of what they are of."""'
        text = "\n".join([*head, *defined, *signature, doc, textwrap.indent(body, "    ")]) + "\n"
        return Program(text, self.data)

    # ---- names and settings ------------------------------------------------------------------------------------------

    def _places(self, graph: Graph) -> Iterator[tuple[Tensor, Node, Graph]]:
        """The Tensors of a graph, and before each checkpoint() what it is made of."""
        for t, node in zip(graph.tensors, graph.nodes, strict=True):
            if t.op is AGAIN:
                made = self.again[t.number] = t.params["run"](t)
                yield from (place for place in self._places(capture(made)) if place[0].number > t.number)
            yield t, node, graph

    def _free(self, name: str) -> str:
        """A Python name that nothing else has."""
        word = re.sub(r"\W+", "_", name.translate(_SUBSCRIPTS)).strip("_") or "A"
        word = f"_{word}" if word[0].isdigit() else word
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
        text = ast.unparse(ast.fix_missing_locations(_tidied(e)))
        said = "" if shape is None else f"  # {shape}"
        whole = f"{target} = {text}"
        if len(whole) + len(said) + 4 <= _WIDTH:
            self.lines.append(whole + said)
        else:
            self.lines += ([f"#{said[3:]}"] if said else []) + _wrapped(whole)

    def _heading(self, node: Node, graph: Graph) -> None:
        """Where another call of a module begins, its path and its class."""
        inside = tuple([graph.calls[i] for i in node.calls])
        if inside != self.calls:
            self.calls = inside
            self.lines += ["", *[f"# {call.path}: {call.kind}" for call in inside[-1:]]]

    def _arguments(self, t: Tensor, tree: Any, first: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, ast.expr]]:
        """The values of a function's arguments, and how they are written: ``first``, then inputs, then params."""
        spec = tree.args
        values, written = {}, {}
        for name, (value, e) in first.items():
            values[name], written[name] = value, e
        letters = [a.arg for a in spec.args][len(first) :]
        said = [self.written[x.number] for x in t.inputs]
        arrays = [x.array if isinstance(e, ast.Name) else x.array.item() for x, e in zip(t.inputs, said, strict=True)]
        for i, letter in enumerate(letters):
            values[letter] = arrays[i] if i < len(arrays) else None
            written[letter] = said[i] if i < len(arrays) else ast.Constant(None)
        if spec.vararg is not None:
            values[spec.vararg.arg] = tuple(arrays[len(letters) :])
            written[spec.vararg.arg] = ast.Tuple(said[len(letters) :], ast.Load())
        for name in [a.arg for a in spec.kwonlyargs]:
            values[name], written[name] = self._setting(t, name, t.params[name])
        return values, written

    def _forward(self, t: Tensor) -> None:
        op = t.op
        assert op is not None
        tree = source_tree(op.forward)
        values, written = self._arguments(t, tree, {})
        call = self.plain.write(op.forward, tree, values, written, op.name)
        made = call.results[0]
        assert made is not None
        self._line(self.names[t.number], made, t.shape)

    def _backward(self, loss: Tensor) -> dict[str, str]:
        whole: dict[int, Array] = {loss.number: np.ones_like(loss.array)}
        names: dict[int, str] = {loss.number: self._gradient(self.names[loss.number])}
        self._line(names[loss.number], ast.parse(f"np.ones_like({self.names[loss.number]})", mode="eval").body, None)
        found: dict[str, str] = {}
        for t, node, graph in reversed(self.places):
            dY = whole.pop(t.number, None)
            if dY is None:
                continue
            if t.op is AGAIN:
                made = self.again[t.number]
                whole[made.number], names[made.number] = dY, names[t.number]
                continue
            if t.op is None if self.end is None else t is self.end:
                found[node.title] = names[t.number]
            needs = tuple([x.number in self.useful and x.requires_grad for x in t.inputs])
            if t.op is None or True not in needs:
                continue
            self._heading(node, graph)
            self._sent(t, dY, needs, whole, names)
        return found

    def _sent(
        self, t: Tensor, dY: Array, needs: tuple[bool, ...], whole: dict[int, Array], names: dict[int, str]
    ) -> None:
        """The lines of one backward step: what its rule sends to each input, and the sums where routes join."""
        op = t.op
        assert op is not None
        rule = op.backward
        assert rule is not None
        tree = rule.lines(needs)
        dY_name, Y_name = [a.arg for a in tree.args.args][:2]
        first = {dY_name: (dY, ast.Name(names[t.number], ast.Load())), Y_name: (t.array, self.written[t.number])}
        values, written = self._arguments(t, tree, first)
        call = self.plain.write(rule.function, tree, values, written, f"d_{op.name}")
        with np.errstate(all="ignore"):
            sent = rule.slice(needs)(dY, t.array, *[x.array for x in t.inputs], **{
                name: self._setting(t, name, value)[0] for name, value in t.params.items()})  # fmt: skip
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
                    targets.append(self._free(f"{self._gradient_word(self.names[x.number])}_part"))
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
            summed = ast.keyword("axis", _literal(axes))
            e = ast.Call(ast.parse("np.sum", mode="eval").body, [e], [summed])
            if np.sum(dX, axis=axes).shape != x.shape:
                e = ast.Call(ast.Attribute(e, "reshape", ast.Load()), [_literal(x.shape)], [])
        if dX.dtype != x.dtype:
            e = ast.Call(ast.Attribute(e, "astype", ast.Load()), [_literal(x.dtype)], [])
        return e


def _literal(value: Any) -> ast.expr:
    found = literal(value)
    assert found is not None
    return found


# ---- text -----------------------------------------------------------------------------------------------------------


_REDUCTIONS = ("np.sum", "np.mean", "np.max", "np.min", "np.prod", "np.any", "np.all")


class _Tidy(ast.NodeTransformer):
    """An expression as a person writes it: ``X[0:8]`` for a slice, ``np.sum`` for its ufunc's reduction."""

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        node.slice = _as_slice(node.slice)
        if isinstance(node.value, (ast.Tuple, ast.List)) and isinstance(node.slice, ast.Constant):
            return node.value.elts[int(str(node.slice.value))]
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
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


def _alone(axis: ast.expr) -> ast.expr:
    """An axis without the brackets of a tuple with one entry."""
    return axis.elts[0] if isinstance(axis, ast.Tuple) and len(axis.elts) == 1 else axis


def _as_slice(e: ast.expr) -> ast.expr:
    if isinstance(e, ast.Call) and ast.unparse(e.func) == "slice" and len(e.args) == 3:
        ends = [None if _is(a, None) else a for a in e.args]
        return ast.Slice(*ends)
    if isinstance(e, ast.Tuple):
        e.elts = [_as_slice(part) for part in e.elts]
    return e


def _tidied(e: ast.expr) -> ast.expr:
    made: ast.expr = _Tidy().visit(e)
    return made


def _wrapped(line: str) -> list[str]:
    """A line of code in several, if it is too long, within the bracket that ends it, or else within one of its own."""
    if len(line) + 4 <= _WIDTH:
        return [line]
    targets, _, call = line.partition(" = ")
    if call and len(targets) > _WIDTH - 40:
        filled = textwrap.wrap(targets + ",", _WIDTH - 8, break_long_words=False)
        return ["(", *[f"    {f}" for f in filled], *_wrapped(f") = {call}")]
    start = next((i for i, c in enumerate(line) if c in "([{" and _closes(line, i) > len(line) - 3), None)
    if start is None:
        head, between, rest = line.partition(" = ") if " = " in line else line.partition("return ")
        head, inner, end = f"{head}{between}(", rest, ")"
    else:
        closes = _closes(line, start)
        head, inner, end = line[: start + 1], line[start + 1 : closes], line[closes:]
        inner += "," if ", " in inner and not inner.endswith(",") and not _is_comprehension(inner) else ""
    filled = textwrap.wrap(inner, _WIDTH - 8, break_long_words=False, break_on_hyphens=False)
    return [head, *[f"    {f}" for f in filled], end]


def _is_comprehension(inner: str) -> bool:
    return " for " in inner


def _closes(line: str, start: int) -> int:
    depth = 0
    for i, c in enumerate(line[start:], start):
        depth += (c in "([{") - (c in ")]}")
        if depth == 0:
            return i
    return len(line)


def _long(text: str) -> list[str]:
    """A function's text, tidied, with long lines broken."""
    tree = _Tidy().visit(ast.parse(text))
    found = []
    for line in ast.unparse(ast.fix_missing_locations(tree)).splitlines():
        indent = len(line) - len(line.lstrip())
        line = re.sub(r"^(\s*return )\((.*)\)$", lambda m: m[1] + m[2] if _closes(f"({m[2]})", 0) == len(m[2]) + 1
                      else m[0], line)  # fmt: skip
        found += [line] if len(line) <= _WIDTH else [" " * indent + part for part in _wrapped(line.strip())]
    return found
