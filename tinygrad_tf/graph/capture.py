"""From a Tensor to plain data: what went into it, in order of making. Everything that draws starts here."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..autograd.tensor import Tensor
from ..autograd.walk import FREED
from ..errors import error
from ..formula import Formula, forward_formula


@dataclass(frozen=True)
class Node:
    """A Tensor of the graph.

    ``kind`` is operation, parameter (a leaf that gets a gradient), input, constant or loss. ``path`` is the module that
    made it (``encoder.layers.0``; ``""`` at the top); a leaf belongs where it is used. ``forward`` is the formula of
    its op, ``number`` the value of a constant without axes.
    """

    id: str
    kind: str
    op: str
    name: str | None
    path: str
    shape: tuple[int, ...]
    dtype: str
    forward: Formula | None = None
    number: float | None = None

    @property
    def title(self) -> str:
        """What it is called: its name, relative to its module, or its value, or its operation."""
        if self.name:
            return self.name.removeprefix(f"{self.path}.") if self.path else self.name
        return f"{self.number:.4g}" if self.number is not None else self.op or self.kind


@dataclass(frozen=True)
class Edge:
    """``source`` is input number ``position`` of ``target``; x · x has two edges."""

    id: str
    source: str
    target: str
    position: int


@dataclass(frozen=True)
class Graph:
    """Nodes n0, n1, … in order of making, so that inputs come before what is made of them; the loss is the last.

    ``tensors`` and ``names`` (by ``Tensor.number``) are what the data was taken from.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    tensors: tuple[Tensor, ...] = field(repr=False, compare=False)
    names: dict[int, str] = field(repr=False, compare=False)

    @property
    def loss(self) -> Node:
        return self.nodes[-1]

    def node(self, id: str) -> Node:
        return self.nodes[int(id[1:])]

    def edge(self, id: str) -> Edge:
        return self.edges[int(id[1:])]

    def tensor(self, id: str) -> Tensor:
        return self.tensors[int(id[1:])]

    def node_of(self, t: Tensor) -> Node | None:
        """The node of a Tensor, None if the loss does not depend on it."""
        return next((node for node, own in zip(self.nodes, self.tensors, strict=True) if own is t), None)


def capture(loss: Tensor, variables: Mapping[int, str] | None = None) -> Graph:
    """The graph that ``loss`` was made by, as plain data.

    A Tensor is called by its own name, else by that in ``variables`` (``id(tensor)`` → name, :func:`variables_of`).
    Raises RuntimeError for a Tensor without a graph, or one that ``backward()`` has freed.

    >>> x = Tensor([1.0, 2.0], requires_grad=True, name="x")
    >>> [(node.id, node.kind, node.title) for node in capture((x * x).sum()).nodes]
    [('n0', 'parameter', 'x'), ('n1', 'operation', 'multiply'), ('n2', 'loss', 'L')]
    """
    tensors = _ancestors(loss)
    names = {t.number: t.name or (variables or {}).get(id(t), "") for t in tensors}
    if not names[loss.number] and "L" not in names.values():
        names[loss.number] = "L"
    names = {number: name for number, name in names.items() if name}
    ids = {t.number: f"n{i}" for i, t in enumerate(tensors)}
    edges = [(ids[x.number], ids[t.number], i) for t in tensors for i, x in enumerate(t.inputs)]
    paths = _paths(tensors, names)
    nodes = [_node(t, ids[t.number], t is loss, names, paths[t.number]) for t in tensors]
    return Graph(tuple(nodes), tuple(Edge(f"e{k}", *edge) for k, edge in enumerate(edges)), tuple(tensors), names)


def variables_of(frame: types.FrameType | None) -> dict[int, str]:
    """What the variables of a frame that hold Tensors are called, by ``id``; locals come before globals."""
    found: dict[int, str] = {}
    if frame is not None:
        for name, x in [*frame.f_locals.items(), *frame.f_globals.items()]:
            if isinstance(x, Tensor) and name.isidentifier() and not name.startswith("_"):
                found.setdefault(id(x), name)
    return found


def _ancestors(loss: Tensor) -> list[Tensor]:
    """The loss and all that went into it, oldest first."""
    found = {loss.number: loss}
    stack = [loss]
    while stack:
        t = stack.pop()
        if t.op is FREED:
            raise error(
                RuntimeError,
                "graph",
                got={"self": loss},
                rule="backward() frees the graph, to return its memory, and then there is nothing left to draw",
                cure="draw before backward(), or call backward(retain_graph=True)",
            )
        for x in t.inputs:
            if x.number not in found:
                found[x.number] = x
                stack.append(x)
    if loss.op is None:
        raise error(
            RuntimeError,
            "graph",
            got={"self": loss},
            rule="only what was computed from a Tensor that requires a gradient has a graph",
            cure="make a leaf with requires_grad=True, and do not compute under no_grad()",
        )
    return [found[number] for number in sorted(found)]


def _node(t: Tensor, id: str, is_loss: bool, names: Mapping[int, str], path: str) -> Node:
    name = names.get(t.number)
    number = None
    if is_loss:
        kind = "loss"
    elif t.op is not None:
        kind = "operation"
    elif t.requires_grad:
        kind = "parameter"
    elif name is None and (t.ndim == 0 or t.dtype == np.bool_):  # a number or a mask that the engine wrapped
        kind, number = "constant", t.array.item() if t.ndim == 0 else None
    else:
        kind = "input"
    forward = forward_formula(t, names) if t.op else None
    return Node(id, kind, t.op.name if t.op else "", name, path, t.shape, str(t.dtype), forward, number)


def _paths(tensors: list[Tensor], names: Mapping[int, str]) -> dict[int, str]:
    """The module of each Tensor: that which made it; for a leaf the innermost that holds all its uses.

    What the user has a name for and gets no gradient is an input: it comes from outside of all modules.
    """
    paths = {t.number: t.scope for t in tensors if t.op is not None}
    used: dict[int, list[str]] = {}
    for t in tensors:
        for x in t.inputs:
            if x.op is None:
                parts = t.scope.split(".")
                before = used.setdefault(x.number, parts)
                same = [a == b for a, b in zip(before, parts, strict=False)]
                used[x.number] = before[: same.index(False) if False in same else len(same)]
    outside = {t.number: "" for t in tensors if t.op is None and t.number in names and not t.requires_grad}
    return paths | {number: ".".join(parts) for number, parts in used.items()} | outside
