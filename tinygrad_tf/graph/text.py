"""explain(): how the gradient reaches one Tensor, as a derivation in words and formulas."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from ..tensor import Tensor
from .capture import Edge, Node, capture, variables_of
from .flow import Flow, Routes, record, routes
from .labels import counted, gradient_of, headline, three


@dataclass(frozen=True)
class Explanation:
    """The derivation: ``str()`` or ``print()`` it. ``flow`` and ``routes`` are the numbers behind it."""

    flow: Flow
    routes: Routes

    def __str__(self) -> str:
        return "\n".join(_Derivation(self.flow, self.routes).lines())

    __repr__ = __str__


def explain(loss: Tensor, W: Tensor) -> Explanation:
    """How the gradient of ``loss`` reaches ``W``, step by step from dL = 1 to dW.

    Each step names the operation, the rule that ran, the shape and the norm of the gradient that it sent on; where
    routes join it says what is summed. Norms are Euclidean; those of the parts do not add up to that of the sum.
    Raises RuntimeError for a graph that ``backward()`` has freed, ValueError if no gradient reaches ``W``.

    >>> X = Tensor([[1.0, 2.0]], name="X")
    >>> W = Tensor([[3.0], [4.0]], requires_grad=True, name="W")
    >>> Y = X @ W
    >>> L = (Y * 3.0).sum()
    >>> print(explain(L, W))
    How dL reaches dW: 3 steps along 1 route.
    <BLANKLINE>
        dL = 1
     1. L = Σ(X′)      ()
        dX′ = dL       (1, 1)   norm 1
     2. multiply       (1, 1)
        dY = 3 · dY′   (1, 1)   norm 3
     3. Y = X · W      (1, 1)
        dW = Xᵀ · dY   (2, 1)   norm 6.71
    """
    flow = record(capture(loss, variables_of(sys._getframe(1))))
    return Explanation(flow, routes(flow, W))


class _Derivation:
    def __init__(self, flow: Flow, to: Routes) -> None:
        self.flow, self.to, self.graph = flow, to, flow.graph
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
        width = min(max((len(row[0]) for row in rows if len(row) > 1), default=0), 64)
        shapes = max((len(row[1]) for row in rows if len(row) > 1), default=0)
        way = f"{counted(len(self.number), 'step')} along {counted(self.to.count, 'route')}"
        title = f"How {gradient_of(self.graph.loss)} reaches {gradient_of(self.to.to)}: {way}."
        body = [
            f"{row[0]:<{width}}   {(row[1:] or ('',))[0]:<{shapes}}   {'   '.join(row[2:])}".rstrip() for row in rows
        ]
        return [title, "", *body]

    def _step(self, node: Node) -> list[tuple[str, ...]]:
        step = self.number[node.id]
        place = (f"in {node.path}",) if node.path else ()
        rows = [*self._sum(node), (f"{step:>2}. {headline(node)}", str(node.shape), *place)]
        helpers: dict[str, None] = {}  # each line of where once, although several inputs may read it
        for e in self.sends[node.id]:
            rule, x = self.flow.rules[e.id], self.graph.node(e.source)
            later = self.number.get(x.id, len(self.number) + 1)
            goes = () if later == step + 1 else (f"→ step {later}" if x.id in self.number else f"→ {x.title}",)
            rows.append((f"    {rule}", str(x.shape), f"norm {three(self.flow.sent[e.id])}", *goes))
            helpers.update(dict.fromkeys(rule.where_lines()))
        return rows + [(f"      where {line}",) for lines in helpers for line in lines.splitlines()]

    def _sum(self, node: Node) -> list[tuple[str, ...]]:
        """What is summed where routes join; a Tensor's gradient is the sum over all that it was used for."""
        if node.id not in self.to.joins:
            return []
        parts = self.gets[node.id]
        whole = (
            f"    {gradient_of(node)} = sum of {len(parts)}",
            str(node.shape),
            f"norm {three(self.flow.norms[node.id])}",
        )
        return [
            whole,
            *[(f"      from step {self.number[e.target]}: norm {three(self.flow.sent[e.id])}",) for e in parts],
        ]
