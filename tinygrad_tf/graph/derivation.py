"""explain(): how the gradient reaches one Tensor, as a derivation in words and formulas."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import Any

from ..autograd.tensor import Tensor
from ..formula.latex import latex
from ..wording.terminal import columns, left
from ..wording.texts import isolated
from .capture import Edge, Losses, Node, capture, variables_of
from .flow import Flow, Routes, record, routes
from .given import checked_end, checked_language, checked_losses, checked_whole
from .labels import as_code, fenced, gradient_of, headline, in_markdown, routes_text, three
from .replay import Nudge, Replay
from .words import Words


@dataclass(frozen=True)
class Explanation:
    """The derivation: ``str()`` or ``print()`` it; a notebook shows it as Markdown with formulas.

    ``flow``, ``routes`` and ``nudges`` are the numbers behind it.
    """

    flow: Flow
    routes: Routes
    nudges: tuple[Nudge, ...] = ()
    lang: str = "en"

    def __str__(self) -> str:
        return "\n".join(self._derivation().lines() + self._tried())

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        tried = self._tried()[1:]
        return "\n".join(self._derivation().markdown() + (["", *fenced(tried)] if tried else []))

    def _derivation(self) -> _Derivation:
        return _Derivation(self.flow, self.routes, Words(self.lang))

    def _tried(self) -> list[str]:
        return _tried(self.flow.graph.loss, self.routes.to, self.nudges, Words(self.lang))


def explain(loss: Losses, W: Tensor, nudge: int = 0, lang: str | None = None) -> Explanation:
    """How the gradient of ``loss`` reaches ``W``, step by step from dL = 1 to dW.

    Each step names the operation, the rule that ran, the shape and the norm of the gradient that it sent on; where
    routes join it says what is summed. Norms are Euclidean; those of the parts do not add up to that of the sum.
    ``nudge=5`` moves five entries of ``W`` up and down, runs the forward again in float64 and sets the slope beside dW.
    ``lang`` is "en" or "zh", by default that of :class:`tinygrad_tf.language`.

    Raises RuntimeError for a graph that ``backward()`` has freed, ValueError for another language and if no gradient
    reaches ``W``.

    >>> X = Tensor([[1.0, 2.0]], name="X")
    >>> W = Tensor([[3.0], [4.0]], requires_grad=True, name="W")
    >>> Y = X @ W
    >>> L = (Y * 3.0).sum()
    >>> print(explain(L, W))
    How dL reaches dW: 3 steps along 1 route.
    <BLANKLINE>
        dL = 1
     1. L = Σ(A₁)      ()
        dA₁ = dL       (1, 1)   norm 1
     2. A₁ = 3 · Y     (1, 1)
        dY = 3 · dA₁   (1, 1)   norm 3
     3. Y = X · W      (1, 1)
        dW = Xᵀ · dY   (2, 1)   norm 6.71
    """
    lang = checked_language("explain", lang)
    checked_whole("explain", "nudge", nudge)
    graph = capture(checked_losses("explain", loss), variables_of(sys._getframe(1)))
    end = graph.node_of(checked_end("explain", graph, W, "W"))
    found: dict[str, Any] = {}

    def watch(node: str, dY: Any, along: Any) -> None:
        if end is not None and node == end.id:
            found[node] = dY

    flow = record(graph, watch)
    to = routes(flow, W)
    nudges = tuple(Replay(graph).nudges(W, found[to.to.id], nudge)) if nudge > 0 else ()
    return Explanation(flow, to, nudges, lang)


def _tried(loss: Node, node: Node, nudges: tuple[Nudge, ...], words: Words) -> list[str]:
    """A line for each entry that was moved: the slope of the loss, and what backward says it is."""
    if not nudges:
        return []
    lines = ["", words.line("nudged", f"{nudges[0].epsilon:g}")]
    slope = f"({loss.title}({node.title} + ε) − {loss.title}({node.title} − ε)) / 2ε = "
    for q in nudges:
        at = f"[{', '.join(map(str, q.index))}]"
        found = f"{slope}{three(q.slope)}"
        lines.append(f"    {at:<12} {left(found, columns(slope) + 10)} {gradient_of(node)}{at} = {three(q.gradient)}")
    if any(abs(q.gradient) < q.least for q in nudges):
        lines.append("    " + words.line("unresolved", three(nudges[0].least)))
    return lines


def _forward(node: Node) -> str:
    """The headline in Markdown: a formula where it is one, else code."""
    text = headline(node)
    if node.forward is None or str(node.forward.left) != text.split(" = ")[0]:
        return as_code(text)
    whole = text == str(node.forward)
    return f"${latex(node.forward if whole else replace(node.forward, right=node.forward.called))[0]}$"


class _Derivation:
    def __init__(self, flow: Flow, to: Routes, words: Words) -> None:
        self.flow, self.to, self.graph, self.word = flow, to, flow.graph, words.line
        self.formula, self.latex = words.formula, words.latex
        steps = [id for id in to.nodes if id != to.to.id]
        self.number = {id: i + 1 for i, id in enumerate(steps)}
        self.sends: dict[str, list[Edge]] = {id: [] for id in to.nodes}
        self.gets: dict[str, list[Edge]] = {id: [] for id in to.nodes}
        for e in map(self.graph.edge, to.edges):
            self.sends[e.target].append(e)
            self.gets[e.source].append(e)

    def lines(self) -> list[str]:
        rows: list[tuple[str, ...]] = [(f"    {gradient_of(self.graph.loss)} = 1",)]
        for id in self.number:
            rows += self._step(self.graph.node(id))
        rows += self._sum(self.to.to)
        width = min(max((columns(row[0]) for row in rows if len(row) > 1), default=0), 64)
        shapes = max((columns(row[1]) for row in rows if len(row) > 1), default=0)
        ends = gradient_of(self.graph.loss), gradient_of(self.to.to)
        title = self.word("reaches", *ends, len(self.number), routes_text(self.to.count))
        body = [
            f"{left(row[0], width)}   {left((row[1:] or ('',))[0], shapes)}   {'   '.join(row[2:])}".rstrip()
            for row in rows
        ]
        return [title, "", *body]

    def markdown(self) -> list[str]:
        """The same as a list, with formulas in LaTeX."""
        lines = [f"**{in_markdown(self.lines()[0])}**", ""]
        for id, step in self.number.items():
            node = self.graph.node(id)
            place = " " + self.word("within", as_code(isolated(node.path))) if node.path else ""
            lines.append(f"{step}. {self.latex(_forward(node))} {node.shape}{place}{self._joined(node)}")
            for e in self.sends[id]:
                rule = self.flow.rules[e.id]
                formula, *where = map(self.latex, latex(replace(rule, note="")))
                norm = f"{self.word('comma')}{self._norm(self.flow.sent[e.id])}"
                lines.append(f"   - ${formula}$ {self.graph.node(e.source).shape}{norm}")
                lines += ["     - " + self.word("where", f"${line}$") for line in where]
                lines += ["     - " + self.word("where", as_code(line.strip())) for line in rule.note.splitlines()]
        end = self.to.to
        norm = self._norm(self.flow.norms[end.id])
        return [*lines, "", f"{in_markdown(gradient_of(end))}{self.word('colon')}{norm}{self._joined(end)}"]

    def _norm(self, norm: float) -> str:
        return self.word("norm", three(norm))

    def _joined(self, node: Node) -> str:
        if node.id not in self.to.joins:
            return ""
        parts = [self.word("part", three(self.flow.sent[e.id]), self.number[e.target]) for e in self.gets[node.id]]
        return self.word("joined", parts, three(self.flow.norms[node.id]))

    def _step(self, node: Node) -> list[tuple[str, ...]]:
        step = self.number[node.id]
        place = (self.word("within", isolated(node.path)),) if node.path else ()
        rows = [*self._sum(node), (f"{step:>2}. {self.formula(headline(node))}", str(node.shape), *place)]
        helpers: dict[str, None] = {}  # each line of where once, although several inputs may read it
        for e in self.sends[node.id]:
            rule, x = self.flow.rules[e.id], self.graph.node(e.source)
            later = self.number.get(x.id, len(self.number) + 1)
            goes = () if later == step + 1 else (self.word("to", later) if x.id in self.number else f"→ {x.title}",)
            rows.append((f"    {self.formula(str(rule))}", str(x.shape), self._norm(self.flow.sent[e.id]), *goes))
            helpers.update(dict.fromkeys(rule.where_lines()))
        where = [line for lines in helpers for line in self.formula(lines).splitlines()]
        return rows + [("      " + self.word("where", line),) for line in where]

    def _sum(self, node: Node) -> list[tuple[str, ...]]:
        """What is summed where routes join; a Tensor's gradient is the sum over all that it was used for."""
        if node.id not in self.to.joins:
            return []
        parts = self.gets[node.id]
        whole = (
            f"    {gradient_of(node)} = {self.word('sum', len(parts))}",
            str(node.shape),
            self._norm(self.flow.norms[node.id]),
        )
        came = [self.word("from", self.number[e.target]) for e in parts]
        norms = [self._norm(self.flow.sent[e.id]) for e in parts]
        return [whole, *[(f"      {f}{self.word('colon')}{norm}",) for f, norm in zip(came, norms, strict=True)]]
