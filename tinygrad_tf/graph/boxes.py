"""What is drawn as one box: a node, or a module that is closed, inside the modules that are open."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..autograd.tensor import Tensor
from .capture import Graph, Node


@dataclass(eq=False)
class Box:
    """What is drawn as one: a node, or a module that is closed. ``inside`` are the open modules around it."""

    id: str
    inside: tuple[str, ...]
    module: str = ""
    nodes: list[Node] = field(default_factory=list)


def levels(path: str) -> tuple[str, ...]:
    """The modules of a path, from the outside in; the number of a layer belongs to its list: encoder, layers.0."""
    found: list[str] = []
    for part in path.split(".") if path else ():
        if part.isdigit() and found:
            found[-1] += f".{part}"
        else:
            found.append(part)
    return tuple(found)


#: So many boxes can be read on a page or a slide; with more of them modules stay closed, unless a depth is given.
FITS = 60


def boxes_of(graph: Graph, depth: int | None, path_to: Tensor | None) -> dict[str, Box]:
    """The box of each node. Modules below ``depth`` are closed, except those around ``path_to`` and the loss.

    Without a ``depth`` as many levels are open as fit.
    """
    end = graph.node_of(path_to) if path_to is not None else None
    if depth is not None:
        return _closed_below(graph, depth, end)
    shown = _between(graph, end)
    most = FITS if end is None else FITS // 2  # the steps to one weight stand one above the other
    for d in range(max(len(levels(node.path)) for node in graph.nodes), -1, -1):
        boxes = _closed_below(graph, d, end)
        if len({boxes[id].id for id in shown}) <= most:
            break
    return boxes


def _between(graph: Graph, end: Node | None) -> set[str]:
    """What lies between the loss and ``end``; all nodes without one."""
    if end is None:
        return {node.id for node in graph.nodes}
    found = {end.id}
    for e in graph.edges:  # oldest first
        if e.source in found:
            found.add(e.target)
    return found


def _closed_below(graph: Graph, depth: int, end: Node | None) -> dict[str, Box]:
    ways = [levels(node.path) for node in (graph.loss, end) if node]
    opened = {way[: i + 1] for way in ways for i in range(len(way))}
    closed: dict[tuple[str, ...], Box] = {}
    found: dict[str, Box] = {}
    for node in graph.nodes:
        path = levels(node.path)
        n = next((i for i in range(depth, len(path)) if path[: i + 1] not in opened), None)
        if n is None:
            found[node.id] = Box(node.id, path, "", [node])
        else:
            box = closed.setdefault(path[: n + 1], Box(f"m{len(closed)}", path[:n], path[n]))
            box.nodes.append(node)
            found[node.id] = box
    return found
