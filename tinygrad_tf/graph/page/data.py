"""The backward pass as plain data with a versioned schema: what the page draws, and others can.

Ids are n0, n1, … and e0, e1, … as in :class:`.capture.Graph`. What does not apply is left out. Formulas stand once in
``formulas`` and are referred to by their place there.
"""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ...autograd.tensor import Tensor
from ...errors import error
from ...formula import Formula, gradient_formula
from ...formula.mathml import Tree as Math
from ...formula.mathml import mathml
from ...wording.texts import encodable
from ..arrays import LEVELS, Summary, norm, rounded, summary
from ..capture import Graph, Node, capture
from ..flow import Arrays, Flow, record, shares
from ..inside import inside
from ..joins import Join, Joins, counts, strongest
from ..labels import headline, routes_text
from ..lines import line_of
from ..modules import Module, tree_of
from ..progress import progress
from ..replay import Nudge, can_be_replayed
from ..source import Code, code_of
from ..worked import Equation, worked_step
from .weights import nudged, weights_of

SCHEMA = 1


#: Of a fused node: its definition, then norms of values, of gradients and along edges, and the equations of each step.
Insides: TypeAlias = tuple[
    int, list[float], list[float | None], list[float | None], list[list[Equation] | None]
]  # fmt: skip


@dataclass
class NodeData:
    """One Tensor. ``text`` stands on its box, ``module`` is the box that it lies in, ``whole`` the name if it was cut.

    ``routes`` is the number of ways from the loss, rounded if huge, ``via`` the edge over which the strongest comes.
    ``worked`` has the equations of its step, ``inside`` what a fused node consists of. ``weight`` marks what is made of
    parameters alone. ``shares`` are the norms of what each of several losses brings.
    """

    id: str
    kind: str
    op: str
    title: str
    shape: tuple[int, ...]
    dtype: str
    name: str | None = None
    whole: str | None = None
    text: str | None = None
    label: str | None = None
    path: str = ""
    module: str | None = None
    number: float | None = None
    line: str | None = None
    forward: int | None = None
    value: Summary | None = None
    gradient: Summary | None = None
    norm: float | None = None
    routes: str | None = None
    via: str | None = None
    join: Join | None = None
    weight: bool = False
    inside: Insides | None = None
    nudges: list[Nudge] | None = None
    shares: list[tuple[str, float]] | None = None
    worked: list[Equation] | None = None


@dataclass
class EdgeData:
    """``sent`` is the norm of the gradient that went along, ``rule`` the formula it was computed by."""

    id: str
    source: str
    target: str
    position: int
    sent: float | None = None
    rule: int | None = None


@dataclass
class Definition:
    """A fused op in primitives, once for all nodes that are built alike."""

    nodes: list[dict[str, Any]]
    edges: list[dict[str, Any]]


@dataclass
class Exploration:
    """All of it. ``steps`` lists the operations in the order in which backward visits them, with the edges served.

    ``code`` is the step as a program. ``depth`` is how many levels of modules are open at first, ``about`` a sentence
    above the first step, by language, ``lang`` the language that it begins with; without it the reader's browser says.
    """

    schema: int
    loss: str
    value: float
    nodes: list[NodeData]
    edges: list[EdgeData]
    steps: list[tuple[str, list[str]]]
    modules: list[Module]
    weights: list[str]
    formulas: list[tuple[str, list[Math]]]
    definitions: list[Definition]
    path_to: str | None = None
    code: Code | None = None
    depth: int | None = None
    about: dict[str, str] | None = None
    lang: str | None = None

    def json(self) -> str:
        """Strict JSON; NaN and infinities as text."""
        return json.dumps(plain(self), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def plain(x: Any) -> Any:
    """Dataclasses, tuples, floats and texts as JSON has them; fields that do not apply are left out."""
    if dataclasses.is_dataclass(x) and not isinstance(x, type):
        pairs = ((f, getattr(x, f.name)) for f in dataclasses.fields(x))
        return {f.name: plain(v) for f, v in pairs if not (v is None or v == f.default)}
    if isinstance(x, (list, tuple)):
        return [plain(v) for v in x]
    if isinstance(x, dict):
        return {plain(k): plain(v) for k, v in x.items() if v is not None}
    if isinstance(x, str):
        return encodable(x)
    if isinstance(x, float):
        if not math.isfinite(x):
            return "NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"
        return int(x) if x == int(x) and abs(x) < 1e15 else x
    return x


class Collector:
    """Walks once over a graph, backward, and collects what the page needs."""

    def __init__(self, graph: Graph, values: str, end: Node | None = None) -> None:
        if values not in LEVELS:
            raise error(
                ValueError,
                "explore",
                got={"values": repr(values)},
                rule=f"values is one of {', '.join(LEVELS)}",
                cure='write values="stats" for a smaller file',
            )
        self.graph, self.values = graph, values
        n = len(graph.nodes)
        self.most = max(96 if n <= 1500 else 24, min(288, _MOST_ENTRIES // (2 * n)))
        self.joins = Joins(graph)
        self.gradients: dict[str, Summary | None] = {}
        self.side = 6 if n <= 400 else 5 if n <= 1500 else 3  # rows and columns of the matrices that are printed
        self.worked: dict[str, list[Equation]] = {}
        self.insides: dict[str, Insides] = {}
        self.formulas: dict[str, int] = {}
        self.maths: list[tuple[str, list[Math]]] = []
        self.definitions: dict[str, int] = {}
        self.defined: list[Definition] = []
        n_fused = sum(1 for t in graph.tensors if t.op is not None and t.op.kernel)
        self.open_fused, self.work_fused = n_fused <= _MOST_FUSED, n_fused <= _MOST_WORKED and values != "stats"
        self.weights = weights_of(graph)
        self.kept = {*self.weights, *([end.id] if end else [])}
        self.weight_gradients: dict[str, np.ndarray[Any, Any]] = {}
        with progress("backward", sum(1 for n in graph.nodes if n.op)) as self.done:
            self.flow = record(graph, self.joins, self.watch)

    def watch(self, node: str, dY: Any, along: Any) -> None:
        self.gradients[node] = summary(np.asarray(dY), self.values, self.most)
        if node in self.kept:
            self.weight_gradients[node] = np.asarray(dY)
        if self.open_fused:
            self._open(node, np.asarray(dY))
        if self.values in ("thumbnails", "full") and self.graph.node(node).op:
            self.worked[node] = self._worked(self.graph, node, np.asarray(dY), along)
        if self.graph.node(node).op:
            self.done()

    def _open(self, node: str, dY: Any) -> None:
        arrays = Arrays()
        opened = inside(self.graph.tensor(node), dY, arrays)
        if opened is None:
            return
        flow = opened.flow
        if len([n for n in flow.graph.nodes if n.op]) < 2:
            return
        nodes = [{"kind": n.kind if n.op else "parameter" if n.id in flow.norms else "constant", "op": n.op,
                  "title": n.title, "text": headline(n), "shape": n.shape, "number": n.number,
                  "input": opened.inputs.get(n.id), "forward": self.formula(n.forward)}
                 for n in flow.graph.nodes]  # fmt: skip
        edges = [{"source": int(e.source[1:]), "target": int(e.target[1:]), "position": e.position,
                  "rule": self.formula(flow.rules.get(e.id))} for e in flow.graph.edges]  # fmt: skip
        key = json.dumps(plain([nodes, edges]))
        if key not in self.definitions:
            self.definitions[key] = len(self.defined)
            self.defined.append(Definition(nodes, edges))
        values = [rounded(norm(t.array), 3) for t in flow.graph.tensors]
        norms = [short(flow.norms.get(n.id)) for n in flow.graph.nodes]
        sent = [short(flow.sent.get(e.id)) for e in flow.graph.edges]
        worked: list[list[Equation] | None] = [None] * len(nodes)
        for step in flow.steps if self.work_fused else ():
            along = {e: arrays[e] for e in step.sent}
            worked[int(step.node[1:])] = self._worked(flow.graph, step.node, np.asarray(arrays[step.node]), along)
        self.insides[node] = self.definitions[key], values, norms, sent, worked

    def _worked(self, graph: Graph, node: str, dY: Any, along: Any) -> list[Equation]:
        Y = graph.tensor(node)
        edges = ((e, graph.edge(e).position, np.asarray(dX)) for e, dX in along.items())
        rules = {e: (gradient_formula(Y, position, graph.names), dX) for e, position, dX in edges}
        return worked_step(Y, dY, rules, self.side)

    def formula(self, f: Formula | None) -> int | None:
        """Its place among the formulas."""
        if f is None:
            return None
        text = "\n".join([str(f), *f.where_lines()])
        if text not in self.formulas:
            self.formulas[text] = len(self.maths)
            self.maths.append((text, mathml(f)))
        return self.formulas[text]

    def exploration(self, path_to: str | None, nudges: dict[str, list[Nudge]]) -> Exploration:
        graph, flow = self.graph, self.flow
        tree = tree_of(graph)
        count, via, parts = counts(flow), strongest(flow), shares(graph)
        nodes = []
        level, most = self.values, self.most
        for n, t in zip(graph.nodes, graph.tensors, strict=True):
            routes = count.get(n.id) if n.id in flow.norms else None
            nodes.append(
                NodeData(
                    id=n.id,
                    kind=n.kind,
                    op=n.op,
                    title=n.title,
                    shape=n.shape,
                    dtype=n.dtype,
                    name=n.name,
                    whole=n.whole,
                    text=headline(n),
                    label=tree.label.get(n.id),
                    path=n.path,
                    module=tree.place[n.id],
                    number=n.number,
                    line=line_of(t),
                    forward=self.formula(n.forward),
                    value=summary(t.array, level, most),
                    gradient=self.gradients.get(n.id),
                    norm=_norm(flow, n.id),
                    routes=None if routes is None else routes_text(routes),
                    via=via.get(n.id),
                    join=self.joins.found.get(n.id),
                    weight=n.id in self.weights and n.op != "",
                    inside=self.insides.get(n.id),
                    nudges=nudges.get(n.id),
                    shares=parts.get(n.id),
                    worked=self.worked.get(n.id) or None,
                )
            )
        edges = [EdgeData(e.id, e.source, e.target, e.position,
                          rounded(flow.sent[e.id]) if e.id in flow.sent else None, self.formula(flow.rules.get(e.id)))
                 for e in graph.edges]  # fmt: skip
        steps = [(step.node, list(step.sent)) for step in flow.steps if step.sent]
        value = float(graph.tensors[-1].array.item())
        return Exploration(SCHEMA, graph.loss.id, value, nodes, edges, steps, tree.modules, self.weights, self.maths,
                           self.defined, path_to, code_of(graph) if self.values != "none" else None)  # fmt: skip


_MOST_FUSED = 600
_MOST_WORKED = 40  # fused nodes whose insides have figures, too
_MOST_ENTRIES = 48_000  # of all thumbnails together


def explored(graph: Graph, path_to: Tensor | None = None, values: str = "thumbnails", nudge: int = 3) -> Exploration:
    """The data of ``graph``. ``nudge`` entries of each weight are tried out, of ``path_to`` in any case."""
    end = graph.node_of(path_to) if path_to is not None else None
    found = Collector(graph, values, end)
    if path_to is not None and (end is None or end.id not in found.flow.norms):
        raise error(
            ValueError,
            "explore",
            got={"path_to": path_to, "loss": graph.tensors[-1]},
            rule="no gradient flows from the loss to a Tensor that it was not computed from, or that requires none",
            cure="choose a parameter that the loss depends on",
        )
    nudges = (
        nudged(graph, found.weights, found.weight_gradients, end, nudge) if nudge > 0 and can_be_replayed(graph) else {}
    )
    return found.exploration(None if end is None else end.id, nudges)


def _norm(flow: Flow, id: str) -> float | None:
    return rounded(flow.norms[id]) if id in flow.norms else None


def short(x: float | None) -> float | None:
    return None if x is None else rounded(x, 3)


def data_of(loss: Tensor) -> Exploration:
    """The data of the graph that ``loss`` was made by.

    >>> W = Tensor([[3.0], [4.0]], requires_grad=True, name="W")
    >>> data_of((Tensor([[1.0, 2.0]], name="X") @ W).sum()).steps
    [('n3', ['e2']), ('n2', ['e1'])]
    """
    return explored(capture(loss))
