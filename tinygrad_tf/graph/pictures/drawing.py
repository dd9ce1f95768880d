"""A graph with its gradients in DOT: boxes for Tensors and closed modules, arrows with the rules that ran on them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import graphviz

from ...errors import error
from ...wording.texts import capped, isolated
from ..capture import Edge, Node
from ..colors import light
from ..flow import Arrays, Flow, Routes, Sums, shares
from ..labels import (
    Line,
    below,
    beside,
    centred,
    entries,
    formula_lines,
    gradient_of,
    headline,
    routes_text,
    rule_lines,
    three,
    tooltip,
)
from ..modules import Box, about
from ..naming import shortened
from ..words import Words
from .render import Picture

TEXT, QUIET, GRADIENT, PAPER = (light(role) for role in ("text", "quiet", "gradient", "paper"))


def _kind(role: str, shape: str, **style: str) -> dict[str, str]:
    look = {"shape": shape, "style": "filled", "fillcolor": light(f"{role}-fill"), "color": light(role)}
    return {**look, **style}


#: Shape, dash and width carry what the colours carry.
STYLE = {
    "operation": _kind("operation", "box", style="rounded,filled"),
    "parameter": _kind("parameter", "box"),
    "frozen": _kind("parameter", "box", style="filled,dashed"),
    "input": _kind("input", "ellipse"),
    "constant": _kind("constant", "ellipse", style="filled,dashed"),
    "loss": _kind("loss", "ellipse", penwidth="2.5"),
    "module": {"shape": "box", "style": "filled", "fillcolor": light("ground"), "color": QUIET, "margin": "0.05,0.05"},
}
FRAME = {"style": "rounded,filled", "fillcolor": light("ground"), "color": light("line"), "margin": "10",
         "labeljust": "l", "labelloc": "t"}  # fmt: skip
_FONT = {"fontname": "Helvetica,Arial,sans-serif", "fontcolor": TEXT}
_MOST_TOLD = 1000  # characters of a name in a tooltip
_MOST = 6000  # visible nodes that Graphviz lays out in a minute or two


def limits_of(n: int) -> dict[str, str]:
    """How hard Graphviz may try with ``n`` boxes."""
    if n <= 400:
        return {}
    if n <= 1500:
        return {"nslimit": "2", "nslimit1": "2"}
    return {"nslimit": "0.1", "nslimit1": "0.1", "splines": "line"}


@dataclass(frozen=True)
class Look:
    """How a picture looks: with values or not, which arrows, in which language."""

    values: bool = False
    view: str = "both"
    words: Words = Words("en")  # noqa: RUF009 (it is never written to)


class Drawing:
    """Boxes and arrows in DOT."""

    per_node = 1  # boxes

    def __init__(
        self, flow: Flow, boxes: Mapping[str, Box], sums: Sums, arrays: Arrays, to: Routes | None, look: Look
    ) -> None:
        graph = self.graph = flow.graph
        self.flow, self.boxes, self.sums, self.arrays, self.to, self.look = flow, boxes, sums, arrays, to, look
        on = set(to.nodes) if to else set(flow.norms) if look.view == "backward" else {n.id for n in graph.nodes}
        self.shown = {box.id: box for id, box in boxes.items() if id in on}
        if len(self.shown) * self.per_node > _MOST:
            raise error(
                ValueError,
                "draw",
                got=f"a graph of {len(self.shown) * self.per_node} boxes",
                rule=f"Graphviz lays out {_MOST}, and more than 150 teach nobody",
                cure="close modules with depth=1, or keep one weight with path_to=W",
            )
        self.arrows: dict[tuple[str, ...], list[Edge]] = {}
        for e in graph.edges if to is None else map(graph.edge, to.edges):
            a, b = boxes[e.source].id, boxes[e.target].id
            if (
                a in self.shown and b in self.shown and a != b
            ):  # between two nodes each edge has an arrow of its own; those of a closed module are one
                self.arrows.setdefault((a, b, e.id) if (a, b) == (e.source, e.target) else (a, b), []).append(e)
        back = look.view != "forward"
        self.strength = {key: self._strength(edges) if back else None for key, edges in self.arrows.items()}
        self.largest = max((s for s in self.strength.values() if s is not None and math.isfinite(s)), default=0.0)
        shown = [e for edges in self.arrows.values() for e in edges]
        self.arriving = Counter(e.source for e in shown if e.id in flow.sent and back)
        self.shares = shares(graph)
        order = [id for id in to.nodes if id != to.to.id] if to else []
        self.step = {id: i + 1 for i, id in enumerate(order)}

    def _strength(self, edges: Sequence[Edge]) -> float | None:
        """The norm of all that the edges carry, None if they carry no gradient."""
        carrying = [e for e in edges if e.id in self.flow.sent]
        if not carrying:
            return None
        if len(carrying) == 1:
            return self.flow.sent[carrying[0].id]
        sums = {(e.source, self.boxes[e.target].id) for e in carrying}
        return math.hypot(*[self.sums.norm(key) for key in sorted(sums)])  # of different Tensors: as one long vector

    def picture(self) -> Picture:
        limits = limits_of(len(self.shown))
        summary = self._summary()
        dot = Picture(
            "dW",
            graph_attr={
                **_FONT, "rankdir": "TB", "bgcolor": PAPER, "nodesep": "0.3", "ranksep": "0.35", "fontsize": "10",
                "label": centred([(line, QUIET, 10) for line in below(summary)]), "labelloc": "b",
                "tooltip": " ", **limits,
            },
            node_attr={**_FONT, "fontsize": "12", "margin": "0.1,0.03", "height": "0.3"},
            edge_attr={**_FONT, "fontsize": "10", "arrowsize": "0.7"},
        )  # fmt: skip
        dot.summary = "\n".join(summary)
        self._modules(dot, (), list(self.shown.values()))
        for key, edges in self.arrows.items():
            dot.edge(key[0], key[1], **self._arrow(edges, self.strength[key]))
        return dot

    def _modules(self, dot: graphviz.Digraph, calls: tuple[int, ...], boxes: Iterable[Box]) -> None:
        """The boxes directly in the last of ``calls``, then the calls in it, each in a frame of its own."""
        inner: dict[int, list[Box]] = {}
        for box in boxes:
            if box.inside == calls:
                dot.node(box.id, **self._box(box))
            else:
                inner.setdefault(box.inside[len(calls)], []).append(box)
        for number, inside in inner.items():
            call = self.graph.calls[number]
            frame = {**FRAME, "label": centred([(call.title, QUIET, 11)]), "tooltip": tooltip(isolated(call.path))}
            with dot.subgraph(name=f"cluster_{number}", graph_attr=frame) as sub:
                self._modules(sub, (*calls, number), inside)

    # ---- boxes ------------------------------------------------------------------------------------------------------

    def _box(self, box: Box) -> dict[str, str]:
        if box.module:
            return self._closed(box)
        node = box.nodes[0]
        lines = [(self.look.words.formula(headline(node)) + self.look.words.operation(node.op), TEXT, 12)]
        if node.kind == "frozen":
            lines.append((self.look.words.line("frozen"), QUIET, 10))
        if node.kind == "loss" or node.id in self.graph.losses:
            lines.append((f"{node.title} = {three(self.graph.tensor(node.id).item())}", QUIET, 10))
        elif node.number is None and not (self.look.values and node.shape == ()):
            lines.append((str(node.shape), QUIET, 10))
        lines += [(line, GRADIENT, 10) for line in self._gradient_lines(node)]
        about = [capped(node.whole or node.name or "", _MOST_TOLD), f"{node.kind} {node.op} {node.shape} {node.dtype}",
                 *formula_lines(node.forward, self.look.words)]  # fmt: skip
        style = STYLE[node.kind]
        if style["shape"] == "ellipse":
            style = {**style, "margin": "0.02,0"}
        if self.to and node.id == self.to.to.id:
            style = {**style, "penwidth": "2.5"}
        text = tooltip("\n".join(filter(None, about)))
        return {**style, "label": centred(lines, self._table(node) if self.look.values else []), "tooltip": text}

    def _closed(self, box: Box) -> dict[str, str]:
        """A closed module: its class, the shapes that go in and come out, how much is in it."""
        into, out, entries = about(self.graph, box.nodes)
        title = box.module + (f"  × {box.count}" if box.count > 1 else "")
        through = " → ".join([", ".join(map(str, dict.fromkeys(shapes))) for shapes in (into, out) if shapes])
        operations = sum(1 for node in box.nodes if node.op)
        lines = [(title, TEXT, 12), (f"{box.kind}  {shortened(through, 60)}", QUIET, 10),
                 (self.look.words.line("inside", operations, entries), QUIET, 10)]  # fmt: skip
        path = self.graph.calls[box.nodes[-1].calls[len(box.inside)]].path
        return {
            **STYLE["module"],
            "label": centred(lines, frame=QUIET),
            "tooltip": tooltip(f"{isolated(path)} {box.kind}"),
        }

    def _gradient_lines(self, node: Node) -> list[str]:
        """The norm of the whole gradient, wherever several are summed; with one arrow, that says it already."""
        name = gradient_of(node)
        n = self.arriving[node.id]
        if node.kind == "loss":
            return [f"{name} = 1"] if self.look.view != "forward" else []
        summed = self.look.words.line("sum", n)
        whole = (
            [f"‖{name}‖ {three(self.flow.norms[node.id])}{self.look.words.lines('comma')[0]}{summed}"] if n > 1 else []
        )
        parts = [f"{loss} {three(part)}" for loss, part in self.shares.get(node.id, ())]
        return [*whole, self.look.words.line("shares", parts)] if parts and self.look.view != "forward" else whole

    def _table(self, node: Node) -> list[tuple[Line, ...]]:
        """Values, and beside them the gradient."""
        if node.kind in ("constant", "loss"):
            return []
        columns = [[(line, TEXT, 9) for line in entries(self.graph.tensor(node.id).array)]]
        if node.id in self.arrays:
            columns.append([(f"\u00a0\u00a0\u00a0{line}", GRADIENT, 9) for line in entries(self.arrays[node.id])])
        return list(zip(*columns, strict=True))

    # ---- arrows -----------------------------------------------------------------------------------------------------

    def _arrow(self, edges: list[Edge], strength: float | None) -> dict[str, str]:
        if strength is None:
            return {"color": QUIET, "penwidth": "0.8"}
        carrying = [e for e in edges if e.id in self.flow.sent]
        e = carrying[0]
        rule = self.flow.rules[e.id]
        lines = []
        if len(carrying) == 1 and self.boxes[e.target].id == e.target:
            lines = rule_lines(self._number(e), rule, self.graph.node(e.target).op, self.look.words)
        named = rule.left if len({e.source for e in carrying}) == 1 else None
        lines.append(f"‖{named or '·'}‖ {three(strength)}")
        about = [line for e in carrying for line in formula_lines(self.flow.rules[e.id], self.look.words)]
        style = {} if math.isfinite(strength) else {"style": "dashed"}
        return {
            "dir": "back", "color": GRADIENT, "penwidth": f"{self._width(strength):.2f}",
            "label": beside([(line, GRADIENT, 10) for line in lines]), "tooltip": tooltip("\n".join(about)),
            "labeltooltip": tooltip("\n".join(about)), **style,
        }  # fmt: skip

    def _number(self, e: Edge) -> str:
        i = self.step.get(e.target)
        if i is None:
            return ""
        return f"{chr(0x245F + i)} " if len(self.step) <= 20 else f"{i}. "

    def _width(self, strength: float) -> float:
        """Three decades below the largest norm, from 4 points down to 0.8."""
        if not (self.largest > 0 and math.isfinite(strength) and strength > 0):
            return 0.8
        return 0.8 + 3.2 * max(0.0, 1 + math.log10(strength / self.largest) / 3)

    def _summary(self) -> list[str]:
        say = self.look.words.lines
        how = say({"forward": "forward", "dual": "dual"}.get(self.look.view, "how"))
        how += say("values") if self.look.values else []
        if self.to is None:
            closed = say("closed") if any(box.module for box in self.shown.values()) else [""] * 2
            return [*how, *[kinds + more for kinds, more in zip(say("kinds"), closed, strict=False)]]
        steps, count = routes_text(len(self.step)), routes_text(self.to.count)
        return [*say("way", gradient_of(self.to.to), steps, count, self.graph.loss.title), *how]
