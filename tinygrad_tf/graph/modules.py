"""Modules as boxes: in a picture, what is drawn as one box; on a page, the calls of modules as boxes in boxes.

Each call of a module is a box of its own (:mod:`.calls`). All that one call made lies side by side in the order of
making. So a call is an interval of that order, and boxes never depend on one another in a circle. Of equal neighbours,
such as the layers of a stack, only the first is shown; the others are one box. A picture shows a box that is closed as
one node (:func:`boxes_of`); a page opens and closes them itself (:func:`tree_of`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..autograd.tensor import Tensor
from ..errors import error
from ..wording.texts import capped, clean
from .calls import Call
from .capture import Graph, Node

_FOLD = 3  # from so many equal neighbours on, all but the first are one box


@dataclass(eq=False)
class Part:
    """A call while the boxes are made: ``parts`` are the nodes and calls in it, in order of making."""

    call: Call | None
    parts: list[Any] = field(default_factory=list)

    @cached_property  # each once: modules may lie a hundred deep in each other
    def operations(self) -> int:
        return sum(p.operations if isinstance(p, Part) else 1 for p in self.parts)

    @cached_property
    def numbers(self) -> frozenset[int]:
        """The numbers of this call and of those in it."""
        own = () if self.call is None else (self.call.number,)
        return frozenset(own).union(*[p.numbers for p in self.parts if isinstance(p, Part)])

    @cached_property
    def signature(self) -> tuple[Any, ...]:
        """What makes two calls look equal: their operations, shapes and the modules inside, in order."""
        found: list[Any] = []
        stack: list[Any] = list(self.parts[::-1])
        while stack:
            p = stack.pop()
            if isinstance(p, Part):
                found.append(p.call.title if p.call else "")
                stack.extend(p.parts[::-1])
            else:
                found.append((p.op, p.shape))
        return (self.call.kind if self.call else "", *found)


def parts_of(graph: Graph) -> Part:
    """The whole, as the calls that ran."""
    top = Part(None)
    found: dict[int, Part] = {}
    for node in graph.nodes:
        at = top
        for number in node.calls if node.op else ():
            if number not in found:
                found[number] = Part(graph.calls[number])
                at.parts.append(found[number])
            at = found[number]
        if node.op:
            at.parts.append(node)
    return top


def _groups(parts: Sequence[Any], alone: Callable[[Part], bool] = lambda _: False) -> list[list[Any]]:
    """Neighbours that are built alike, together; but each that is to stay ``alone`` by itself."""
    groups: list[list[Any]] = []
    before = None
    for part in parts:
        single = not isinstance(part, Part) or part.operations < 2 or alone(part)
        alike = None if single else part.signature
        if alike is not None and alike == before:
            groups[-1].append(part)
        else:
            groups.append([part])
        before = alike
    return groups


def _title(rest: Sequence[Part]) -> str:
    """What equal neighbours are called together: layers.1 … layers.11."""
    ends = [part.call.title for part in (rest[0], rest[-1]) if part.call]
    return " … ".join(dict.fromkeys(ends))


def about(graph: Graph, nodes: Sequence[Node]) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]], int]:
    """The shapes that go into a box and come out of it, and how many entries the parameters in it have."""
    own = {node.id for node in nodes}
    into: dict[str, tuple[int, ...]] = {}
    out: dict[str, tuple[int, ...]] = {}
    weights: dict[str, int] = {}
    for e in graph.edges:
        source = graph.node(e.source)
        if e.target in own and source.kind in ("parameter", "frozen"):
            weights[source.id] = graph.tensor(source.id).size
        elif e.target in own and e.source not in own and source.kind != "constant":
            into[source.id] = source.shape
        elif e.source in own and e.target not in own and source.op:
            out[source.id] = source.shape
    return list(into.values()), list(out.values()), sum(weights.values())


# ---- in a picture ---------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class Box:
    """What is drawn as one: a node, or a module that is closed, or ``count`` equal ones.

    ``inside`` are the numbers of the open calls around it.
    """

    id: str
    inside: tuple[int, ...]
    module: str = ""
    kind: str = ""
    count: int = 1
    nodes: list[Node] = field(default_factory=list)


#: So many boxes can be read on a page or a slide; with more of them modules stay closed, unless a depth is given.
FITS = 60


def boxes_of(
    graph: Graph, depth: int | None, path_to: Tensor | None, opened: Sequence[str] | None = None
) -> dict[str, Box]:
    """The box of each node. Modules below ``depth`` are closed, except those around ``path_to`` and the loss.

    Without a ``depth`` as many levels are open as fit; but where ``opened`` names modules, only those and what is
    around them.
    """
    end = graph.node_of(path_to) if path_to is not None else None
    around = [node.calls for node in (graph.loss, end) if node]
    kept = {number for calls in around for number in calls} | _named(graph, opened or ())
    top = parts_of(graph)
    if depth is not None or opened is not None:
        return _boxes(graph, top, depth or 0, kept)
    shown = _between(graph, end)
    most = FITS if end is None else FITS // 2  # the steps to one weight stand one above the other
    for d in range(max(len(node.calls) for node in graph.nodes), -1, -1):
        boxes = _boxes(graph, top, d, kept)
        if len({boxes[id].id for id in shown}) <= most:
            break
    return boxes


def _named(graph: Graph, paths: Sequence[str]) -> set[int]:
    """The calls of the modules at ``paths`` and those around them."""
    if not isinstance(paths, (list, tuple, set, frozenset)):
        raise error(
            TypeError,
            "draw",
            got={"open": repr(paths)},
            rule="open is a list of the paths of modules",
            cure=f"write open=[{paths!r}]" if isinstance(paths, str) else "write them as named_modules() has them",
        )
    known = {call.path for call in graph.calls}
    wanted = {clean(str(path)).strip() for path in paths}
    found = [call for call in graph.calls if (call.whole or call.path) in wanted]
    for path in paths:
        if clean(str(path)).strip() not in {call.whole or call.path for call in found}:
            raise error(
                ValueError,
                "draw",
                got={"open": capped(repr(path))},
                rule=f"open lists paths of modules that ran, such as {', '.join(sorted(known)[:4])}"
                if known
                else "open lists paths of modules that ran, and here none ran",
                cure="write the path as named_modules() has it",
            )
    around: set[int] = set()
    for call in found:
        at: Call | None = call
        while at is not None:
            around.add(at.number)
            at = None if at.parent is None else graph.calls[at.parent]
    return around


def _between(graph: Graph, end: Node | None) -> set[str]:
    """What lies between the loss and ``end``; all nodes without one."""
    if end is None:
        return {node.id for node in graph.nodes}
    found = {end.id}
    for e in graph.edges:  # oldest first
        if e.source in found:
            found.add(e.target)
    return found


def _boxes(graph: Graph, top: Part, depth: int, kept: set[int]) -> dict[str, Box]:
    closed: dict[int, Box] = {}  # by the number of a call

    def close(parts: Sequence[Part], inside: tuple[int, ...]) -> None:
        kind = parts[0].call.kind if parts[0].call else ""
        box = Box(f"m{len({id(box) for box in closed.values()})}", inside, _title(parts), kind, len(parts))
        closed.update({number: box for part in parts for number in part.numbers})

    stack: list[tuple[Part, tuple[int, ...]]] = [(top, ())]
    while stack:
        whole, inside = stack.pop()
        for first, *rest in _groups(whole.parts, lambda part: not kept.isdisjoint(part.numbers)):
            folded = len(rest) >= _FOLD - 1
            if folded:
                close(rest, inside)
            for part in [first] if folded else [first, *rest]:
                if isinstance(part, Part) and part.call:
                    if len(inside) < depth or part.call.number in kept:
                        stack.append((part, (*inside, part.call.number)))
                    else:
                        close([part], inside)
    found: dict[str, Box] = {}
    for node in graph.nodes:
        box = next((closed[number] for number in node.calls if number in closed), None)
        if box is None:
            box = Box(node.id, node.calls)
        box.nodes.append(node)
        found[node.id] = box
    return found


# ---- on a page ------------------------------------------------------------------------------------------------------


@dataclass
class Module:
    """One call of a module of class ``kind``, or several equal ones folded (``count`` > 1).

    ``parent`` is None at the top. ``like`` is the first of equal neighbours, for all but the first of them. ``into``
    and ``out`` are the shapes that go in and come out, ``entries`` those of all its parameters. ``whole`` is the path
    as long as it is, where it is cut.
    """

    id: str
    title: str
    path: str
    parent: str | None
    count: int = 1
    like: str | None = None
    kind: str = ""
    into: list[tuple[int, ...]] = field(default_factory=list)
    out: list[tuple[int, ...]] = field(default_factory=list)
    entries: int = 0
    whole: str | None = None


@dataclass
class Tree:
    """``place`` has the module of each node (None: the top), ``label`` how a module of one operation is called."""

    modules: list[Module] = field(default_factory=list)
    place: dict[str, str | None] = field(default_factory=dict)
    label: dict[str, str] = field(default_factory=dict)


def tree_of(graph: Graph) -> Tree:
    """The calls of ``graph``; equal neighbours folded, modules of one operation dissolved into it."""
    tree = Tree()
    boxes: dict[int, str | None] = {}  # by the number of a call
    _enter(tree, parts_of(graph), None, boxes)
    parents = {m.id: m.parent for m in tree.modules}
    inside: dict[str, list[Node]] = {m.id: [] for m in tree.modules}
    for node in graph.nodes:
        at = boxes[node.calls[-1]] if node.calls else None
        tree.place[node.id] = at
        while at is not None:
            inside[at].append(node)
            at = parents[at]
    for m in tree.modules:
        m.into, m.out, m.entries = about(graph, inside[m.id])
    return tree


def _enter(tree: Tree, whole: Part, parent: str | None, boxes: dict[int, str | None]) -> None:
    for first, *rest in _groups(whole.parts):
        like = _enter_part(tree, first, parent, boxes)
        inside = parent
        if len(rest) >= _FOLD - 1:
            inside = f"m{len(tree.modules)}"
            call = rest[0].call
            folded = Module(inside, _title(rest), call.path, parent, len(rest), like, call.kind, whole=call.whole)
            tree.modules.append(folded)
        for part in rest:
            _enter_part(tree, part, inside, boxes, like)


def _enter_part(
    tree: Tree, part: Any, parent: str | None, boxes: dict[int, str | None], like: str | None = None
) -> str | None:
    """Give a call its place; the id of the module that it became."""
    if isinstance(part, Node):
        return None
    call = part.call
    if part.operations > 1:
        module = Module(f"m{len(tree.modules)}", call.title, call.path, parent, 1, like, call.kind, whole=call.whole)
        tree.modules.append(module)
        boxes[call.number] = module.id
        _enter(tree, part, module.id, boxes)
        return module.id
    label = []
    inner: Any = part
    while isinstance(inner, Part) and inner.call is not None:
        boxes[inner.call.number] = parent
        label.append(inner.call.title)
        inner = inner.parts[0]
    tree.label[inner.id] = ".".join(label)
    return None
