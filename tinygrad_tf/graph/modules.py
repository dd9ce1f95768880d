"""Modules as boxes: in a picture, what is drawn as one box; on a page, the calls of modules as boxes in boxes.

A picture shows a module that is closed as one node (:func:`boxes_of`). On a page each call of a module is a box of its
own (:func:`tree_of`). All that one call made lies side by side in the order of making. So a call is an interval of that
order, and boxes never depend on one another in a circle.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

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


# ---- the calls of modules, as a page shows them ---------------------------------------------------------------------

_FOLD = 3  # from so many equal neighbours on, all but the first are one box


@dataclass
class Module:
    """One call of a module, or several equal ones folded (``count`` > 1). ``parent`` is None at the top.

    ``like`` is the first of equal neighbours, for all but the first of them.
    """

    id: str
    title: str
    path: str
    parent: str | None
    count: int = 1
    like: str | None = None


@dataclass
class Tree:
    """``place`` has the module of each node (None: the top), ``label`` how a module of one operation is called."""

    modules: list[Module] = field(default_factory=list)
    place: dict[str, str | None] = field(default_factory=dict)
    label: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False)
class _Call:
    """A call while the tree is built: ``parts`` are the nodes and calls in it, in order of making."""

    levels: tuple[str, ...]
    parts: list[Any] = field(default_factory=list)

    def operations(self) -> int:
        return sum(p.operations() if isinstance(p, _Call) else 1 for p in self.parts)


def tree_of(graph: Graph) -> Tree:
    """The calls of ``graph``; equal neighbours folded, modules of one operation dissolved into it."""
    top = _Call(())
    stack = [top]
    for node in graph.nodes:
        if not node.op:
            continue
        path = levels(node.path)
        while stack[-1].levels != path[: len(stack) - 1]:
            stack.pop()
        while len(stack) <= len(path):
            call = _Call(path[: len(stack)])
            stack[-1].parts.append(call)
            stack.append(call)
        stack[-1].parts.append(node)
    tree = Tree()
    _enter(tree, top, None)
    _place_leaves(graph, tree)
    return tree


def _enter(tree: Tree, call: _Call, parent: str | None) -> None:
    for first, *rest in _groups(call.parts):
        like = _enter_part(tree, call, first, parent)
        inside = parent
        if len(rest) >= _FOLD - 1:
            ends = rest[0].levels, rest[-1].levels
            inside = f"m{len(tree.modules)}"
            title = f"{ends[0][-1]} … {ends[1][-1]}"
            tree.modules.append(Module(inside, title, ".".join(ends[0]), parent, len(rest), like))
        for part in rest:
            _enter_part(tree, call, part, inside, like)


def _enter_part(tree: Tree, call: _Call, part: Any, parent: str | None, like: str | None = None) -> str | None:
    """Give a node or a call its place; the id of the module that a call became."""
    if isinstance(part, Node):
        tree.place[part.id] = parent
        return None
    if part.operations() > 1:
        module = Module(f"m{len(tree.modules)}", part.levels[-1], ".".join(part.levels), parent, 1, like)
        tree.modules.append(module)
        _enter(tree, part, module.id)
        return module.id
    inner: Any = part
    while isinstance(inner, _Call):
        label = ".".join(inner.levels[len(call.levels) :])
        inner = inner.parts[0]
    tree.place[inner.id], tree.label[inner.id] = parent, label
    return None


def _groups(parts: list[Any]) -> list[list[Any]]:
    """Neighbours that are built alike, together."""
    groups: list[list[Any]] = []
    before = None
    for part in parts:
        alike = _signature(part) if isinstance(part, _Call) and part.operations() > 1 else None
        if alike is not None and alike == before:
            groups[-1].append(part)
        else:
            groups.append([part])
        before = alike
    return groups


def _signature(call: _Call) -> tuple[Any, ...]:
    """What makes two calls look equal: their operations, names, shapes and the modules inside, in order."""
    own = len(call.levels)
    found: list[Any] = []
    stack: list[Any] = [call]
    while stack:
        part = stack.pop()
        if isinstance(part, _Call):
            found.append(part.levels[own:])
            stack.extend(part.parts[::-1])
        else:
            found.append((part.op, part.name, part.shape))
    return tuple(found)


def _place_leaves(graph: Graph, tree: Tree) -> None:
    """A leaf lies in the innermost box around all its uses; what starts a computation comes from outside."""
    parents = {m.id: m.parent for m in tree.modules}

    def chain(at: str | None) -> list[str]:
        found: list[str] = []
        while at is not None:
            found.append(at)
            at = parents[at]
        return found[::-1]

    fed: dict[str, bool] = {}  # operations that are also fed by another operation
    uses: dict[str, list[str]] = {}
    for e in graph.edges:
        source = graph.node(e.source)
        if source.op:
            fed[e.target] = True
        else:
            uses.setdefault(e.source, []).append(e.target)
    for id, targets in uses.items():
        way = chain(tree.place[targets[0]])
        for target in targets[1:]:
            other = chain(tree.place[target])
            n = next((i for i, (a, b) in enumerate(zip(way, other, strict=False)) if a != b), min(len(way), len(other)))
            way = way[:n]
        starts = graph.node(id).kind == "input" and not all(fed.get(t) for t in targets)
        tree.place[id] = way[-1] if way and not starts else None
