"""How the gradient flows: the backward steps in order, what went along each edge, and the routes to one Tensor."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd.tensor import Tensor
from ..autograd.walk import AGAIN, steps
from ..autograd.walk import Step as Walked
from ..errors import error
from ..formula import Formula, gradient_formula
from .capture import Graph, Node

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Step:
    """The gradient of ``node`` is whole; its rule sends a part of the loss's gradient along the edges ``sent``."""

    node: str
    sent: tuple[str, ...]


@dataclass(frozen=True)
class Flow:
    """One backward walk over ``graph``: norms are Euclidean, over all entries.

    ``norms`` has each node's whole gradient, ``sent`` what each edge added to it, ``rules`` the formula of each edge.
    """

    graph: Graph
    steps: tuple[Step, ...]
    norms: dict[str, float]
    sent: dict[str, float]
    rules: dict[str, Formula]


#: Is told of each step of the walk: the node, its whole gradient, and what goes along which edge.
Watch = Callable[[str, Array, Mapping[str, Array]], None]


class Arrays(dict[str, Array]):
    """Watches a walk and keeps all gradients, by the ids of nodes and edges."""

    def __call__(self, node: str, dY: Array, along: Mapping[str, Array]) -> None:
        self.update({node: dY, **along})


class Sums:
    """Watches a walk and adds up what the edges out of one box bring to a node: norms do not add, arrays do.

    ``boxes`` is the box of each node.
    """

    def __init__(self, graph: Graph, boxes: Mapping[str, str]) -> None:
        self.graph, self.boxes = graph, boxes
        self.found: dict[tuple[str, str], Array] = {}

    def __call__(self, node: str, dY: Array, along: Mapping[str, Array]) -> None:
        for id, dX in along.items():
            key = self.graph.edge(id).source, self.boxes[node]
            self.found[key] = self.found[key] + dX if key in self.found else dX

    def norm(self, key: tuple[str, str]) -> float:
        """The norm of what came to a node, the first of ``key``, out of a box, the second."""
        return norm(self.found[key])


def checked_number(loss: Tensor) -> None:
    """Raises RuntimeError for a loss that is not a single number."""
    if loss.size != 1:
        raise error(
            RuntimeError,
            "graph",
            got={"self": loss},
            rule="the gradient starts at one number, the loss",
            cure="reduce it first, e.g. with .sum() or .mean()",
        )


def record(graph: Graph, *watches: Watch, seed: Array | None = None) -> Flow:
    """Run the backward walk over ``graph``, which it keeps; no Tensor's ``.grad`` is touched.

    Each of ``watches`` is shown every array as it comes, so that a large graph's need not all be kept. ``seed`` is the
    gradient to start from. Raises RuntimeError for a loss that is not a single number, without it.
    """
    loss = graph.tensors[-1]
    if seed is None:
        checked_number(loss)
    ids = {t.number: node.id for t, node in zip(graph.tensors, graph.nodes, strict=True)}
    into: dict[str, list[str]] = {node.id: [] for node in graph.nodes}  # the edges that end in a node, by position
    for edge in graph.edges:
        into[edge.target].append(edge.id)
    found, norms, sent = [], {}, {}
    for Y, dY, parts in _folded(steps([loss], [np.ones_like(loss.array) if seed is None else seed])):
        target = ids[Y.number]
        along = _edges_of(Y, into[target], parts)
        norms[target] = norm(dY)
        sent.update({id: norm(dX) for id, dX in along.items()})
        for watch in watches:
            watch(target, dY, along)
        found.append(Step(target, tuple(along)))
    rules = {
        e.id: gradient_formula(graph.tensor(e.target), e.position, graph.names) for e in graph.edges if e.id in sent
    }
    return Flow(graph, tuple(found), norms, sent, rules)


def shares(graph: Graph) -> dict[str, list[tuple[str, float]]]:
    """Of several losses, the norm of what each brings to each parameter; nothing for a single one.

    The norms do not add up to that of the sum: the parts may point in different directions.
    """
    found: dict[str, list[tuple[str, float]]] = {}
    if len(graph.losses) > 1:
        ids = {
            t.number: node.id for t, node in zip(graph.tensors, graph.nodes, strict=True) if node.kind == "parameter"
        }
        for loss in graph.losses:
            t, sums = graph.tensor(loss), dict[str, Array]()
            for _, _, sent in steps([t], [np.ones_like(t.array)]):
                for x, dX in sent:
                    if x.number in ids:
                        id = ids[x.number]
                        sums[id] = sums[id] + dX if id in sums else dX
            for id, dX in sums.items():
                found.setdefault(id, []).append((graph.node(loss).title, norm(dX)))
    return found


def _folded(walked: Iterable[Walked]) -> Iterator[Walked]:
    """The steps, those inside a checkpoint() taken for one: all that they send out of it, its Tensor sends."""
    outer: Walked | None = None
    sums: dict[int, Array] = {}
    for step in itertools.chain(walked, [None]):
        if outer is not None and step is not None and step.Y.number > outer.Y.number:  # made again, so it is inside
            for X, dX in step.sent:
                if X.number < outer.Y.number:
                    sums[X.number] = sums[X.number] + dX if X.number in sums else dX
            continue
        if outer is not None:
            yield outer._replace(sent=[(x, sums.pop(x.number)) for x in outer.Y.inputs if x.number in sums])
        outer = step if step is not None and step.Y.op is AGAIN else None
        if outer is None and step is not None:
            yield step


def _edges_of(Y: Tensor, edges: list[str], sent: list[tuple[Tensor, Array]]) -> dict[str, Array]:
    """What each edge into Y carries; ``sent`` is in the order of the inputs and leaves out those that get nothing."""
    found, rest = {}, list(sent)
    for x, edge in zip(Y.inputs, edges, strict=True):
        if rest and rest[0][0] is x:
            found[edge] = rest.pop(0)[1]
    return found


def norm(a: Array) -> float:
    """√Σa², in float64: squares overflow float32 above 1e19."""
    return float(np.linalg.norm(np.asarray(a, np.float64)))


@dataclass(frozen=True)
class Routes:
    """All ways on which the gradient of the loss comes to one node.

    ``nodes`` and ``edges`` lie on them, in the order of the steps; ``count`` is the number of different routes;
    ``joins`` are the nodes at which several edges arrive, whose gradients are summed there.
    """

    to: Node
    nodes: tuple[str, ...]
    edges: tuple[str, ...]
    count: int
    joins: tuple[str, ...]


def routes(flow: Flow, to: Tensor) -> Routes:
    """The routes from the loss to the Tensor ``to``, found and counted without walking any twice.

    A residual stack has exponentially many, so they are counted node by node: as many routes lead to a node as to all
    that it sends its gradient from. Raises ValueError if no gradient reaches ``to``.
    """
    graph = flow.graph
    end = graph.node_of(to)
    if end is None or end.id not in flow.norms:
        raise error(
            ValueError,
            "graph",
            got={"path_to": to, "loss": graph.tensors[-1]},
            rule="no gradient flows from the loss to a Tensor that it was not computed from, or that requires none",
            cure="choose a parameter that the loss depends on",
        )
    leads = {end.id}  # oldest first: what was made of a node that leads to the end leads to it as well
    for e in graph.edges:
        if e.source in leads and e.id in flow.sent:
            leads.add(e.target)
    count = dict.fromkeys(leads, 0)
    count[graph.loss.id] = 1
    arriving = dict.fromkeys(leads, 0)
    nodes = [step.node for step in flow.steps if step.node in leads]
    along = [graph.edge(id) for step in flow.steps if step.node in leads for id in step.sent]
    along = [e for e in along if e.source in leads]
    for e in along:
        count[e.source] += count[e.target]
        arriving[e.source] += 1
    return Routes(
        end, tuple(nodes), tuple(e.id for e in along), count[end.id], tuple(id for id in nodes if arriving[id] > 1)
    )
