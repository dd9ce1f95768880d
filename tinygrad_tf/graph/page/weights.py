"""The weights of a graph, and how the loss changes when some of their entries are moved."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..capture import Graph, Node
from ..progress import progress
from ..replay import Nudge, Replay, work

Array = np.ndarray[Any, Any]

_MOST_WORK = 2_000_000_000  # entries that nudging may read and write: some seconds


def nudged(
    graph: Graph, weights: list[str], gradients: dict[str, Array], end: Node | None, nudge: int
) -> dict[str, list[Nudge]]:
    """As many weights as the work allows, by an estimate, so that the same graph always gives the same page."""
    room = _MOST_WORK // (2 * work(graph))
    wanted = [id for id in weights if id in gradients and (end is None or id != end.id)]
    each = max(1, min(nudge, room // max(len(wanted), 1)))
    todo = [(id, each) for id in wanted[: room // each]]
    if end is not None:
        todo.insert(0, (end.id, max(1, min(max(nudge, 5), room))))
    if not todo:
        return {}
    replay = Replay(graph)
    tried = {}
    with progress("nudging", len(todo)) as done:
        for id, n in todo:
            tried[id] = replay.nudges(graph.tensor(id), gradients[id], n)
            done()
    return tried


def weights_of(graph: Graph) -> list[str]:
    """The parameters, each followed by the named Tensors that are made of parameters alone (W_q of in_proj_weight)."""
    alone = {n.id for n in graph.nodes if n.kind in ("parameter", "constant")}
    above: dict[str, str] = {}
    into: dict[str, list[str]] = {}
    for e in graph.edges:
        into.setdefault(e.target, []).append(e.source)
    for n in graph.nodes:
        if n.op and n.kind != "loss" and all(s in alone for s in into[n.id]):
            alone.add(n.id)
            above[n.id] = next((above.get(s, s) for s in into[n.id] if graph.node(s).kind != "constant"), "")
    below: dict[str, list[str]] = {}
    for id, root in above.items():
        if graph.node(id).name:
            below.setdefault(root, []).append(id)
    parameters = [n.id for n in graph.nodes if n.kind == "parameter"]
    return [id for p in parameters for id in (p, *below.get(p, []))]
