"""Where routes join: what each adds, how much came through skip connections, and which route carries the most."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .arrays import norm, rounded
from .capture import Graph
from .flow import Flow

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Join:
    """The sum of a node's gradient as it builds up.

    ``edges`` in order of arrival, ``partial`` the norm of the sum so far after each. If some of them are skip
    connections and some are not: the norms of the two sums, and the ``angle`` between them in degrees, since norms of
    parts do not add up to the norm of the whole.
    """

    edges: tuple[str, ...]
    partial: tuple[float, ...]
    skips: tuple[str, ...] = ()
    skip: float | None = None
    branch: float | None = None
    angle: float | None = None


class Joins:
    """Watches a backward walk (:func:`.flow.record`) and keeps the arrays of a node until its gradient is whole."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.found: dict[str, Join] = {}
        self.waiting: dict[str, dict[str, Array]] = {}
        self.after: dict[str, list[str]] = {}
        for e in graph.edges:
            self.after.setdefault(e.source, []).append(e.target)

    def __call__(self, node: str, dY: Array, along: Mapping[str, Array]) -> None:
        parts = self.waiting.pop(node, {})
        if len(parts) > 1:
            self.found[node] = self._join(node, parts)
        for id, dX in along.items():
            source = self.graph.edge(id).source
            if len(self.after[source]) > 1:
                self.waiting.setdefault(source, {})[id] = dX

    def _join(self, node: str, parts: Mapping[str, Array]) -> Join:
        sums: list[float] = []
        total: Any = 0.0
        for dX in parts.values():
            total = total + np.asarray(dX, np.float64)
            sums.append(rounded(norm(total)))
        skips = [id for id in parts if self._is_skip(node, id)]
        if not skips or len(skips) == len(parts):
            return Join(tuple(parts), tuple(sums))
        wide = {id: np.asarray(dX, np.float64) for id, dX in parts.items()}
        sides: list[Any] = [sum(dX for id, dX in wide.items() if (id in skips) == skip) for skip in (True, False)]
        across = norm(sides[0]) * norm(sides[1])
        cosine = float(np.sum(sides[0] * sides[1])) / across if across else math.nan
        angle = math.degrees(math.acos(min(1.0, max(-1.0, cosine)))) if math.isfinite(cosine) else None
        a, b = (rounded(norm(side)) for side in sides)
        return Join(tuple(parts), tuple(sums), tuple(skips), a, b, None if angle is None else rounded(angle))

    def _is_skip(self, node: str, id: str) -> bool:
        """Whether the edge ends in a sum, X + f(X), and a longer way leads there, too. Weights used again are none."""
        end = self.graph.edge(id).target
        if self.graph.node(end).op != "add" or self.graph.node(node).kind in ("parameter", "frozen"):
            return False
        last = int(end[1:])
        stack = [n for n in self.after[node] if n != end]
        seen = set(stack)
        while stack:
            for n in self.after.get(stack.pop(), ()):
                if n == end:
                    return True
                if n not in seen and int(n[1:]) < last:
                    seen.add(n)
                    stack.append(n)
        return False


def counts(flow: Flow) -> dict[str, int]:
    """How many routes lead from the loss to each node: as many as to all that it gets its gradient from."""
    found = {flow.graph.loss.id: 1}
    for step in flow.steps:
        for id in step.sent:
            e = flow.graph.edge(id)
            found[e.source] = found.get(e.source, 0) + found[e.target]
    return found


def strongest(flow: Flow) -> dict[str, str]:
    """For each node the edge over which the strongest route from the loss comes to it.

    At a join each edge has a share, its norm over the sum of the norms; a route is as strong as the product of its
    shares. Following these edges from any node leads back to the loss along its strongest route.
    """
    arriving: dict[str, list[str]] = {}
    order: list[str] = []
    for step in flow.steps:
        order.append(step.node)
        for id in step.sent:
            arriving.setdefault(flow.graph.edge(id).source, []).append(id)
    best = {flow.graph.loss.id: 0.0}
    via: dict[str, str] = {}
    for node in order:  # each after all that it gets its gradient from
        edges = arriving.get(node, [])
        whole = sum(flow.sent[id] for id in edges)
        for id in edges:
            share = flow.sent[id] / whole if 0 < whole < math.inf else 1 / len(edges)
            strength = best[flow.graph.edge(id).target] + (math.log(share) if share > 0 else -math.inf)
            if node not in best or strength > best[node]:
                best[node], via[node] = strength, id
    return via
