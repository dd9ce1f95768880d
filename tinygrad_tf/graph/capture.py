"""From a Tensor to plain data: what went into it, in order of making. Everything that draws starts here."""

from __future__ import annotations

import functools
import operator
import types
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..autograd.changes import is_newer
from ..autograd.recording import enable_grad
from ..autograd.tensor import Tensor
from ..autograd.versions import settle
from ..autograd.walk import FREED
from ..errors import error
from ..formula import Formula, Names, forward_formula
from ..formula.expr import shown
from .calls import Call, Calls, starts
from .naming import names_for


@dataclass(frozen=True)
class Node:
    """A Tensor of the graph.

    ``kind`` is operation, parameter (a leaf that gets a gradient), frozen (a parameter of a module that gets none),
    input, constant or loss. ``name`` is its only one in the graph (:mod:`.naming`); a plain number has none, but its
    value as ``number``. ``calls`` are the calls of modules that made it, from the outside in, and ``path`` is where the
    last of these modules lies (``encoder.layers.0``; ``""`` at the top); a leaf belongs where it is used. ``forward``
    is the formula of its op, ``whole`` the name as long as it is, where it is cut.
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
    calls: tuple[int, ...] = ()
    whole: str | None = None

    @property
    def title(self) -> str:
        """What it is called: its name, or its value."""
        return self.name or (shown(self.number) if self.number is not None else self.kind)


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

    ``calls`` are those of modules, ``losses`` what the user gave: the loss, or several whose sum it is. ``tensors`` and
    ``names`` (by ``Tensor.number``) are what the data was taken from.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    calls: tuple[Call, ...]
    losses: tuple[str, ...]
    tensors: tuple[Tensor, ...] = field(repr=False, compare=False)
    names: Names = field(repr=False, compare=False)

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


#: A loss, several, or several by their names.
Losses = Tensor | Sequence[Tensor] | Mapping[str, Tensor]


def capture(loss: Losses, variables: Mapping[int, str] | None = None) -> Graph:
    """The graph that ``loss`` was made by, as plain data; of several losses, that of their sum.

    A Tensor is called as :mod:`.naming` says; ``variables`` are those where the graph is drawn (``id(tensor)`` → name,
    :func:`variables_of`).
    Raises RuntimeError for a Tensor without a graph, or one that ``backward()`` has freed.

    >>> x = Tensor([1.0, 2.0], requires_grad=True, name="x")
    >>> [(node.id, node.kind, node.title) for node in capture((x * x).sum()).nodes]
    [('n0', 'parameter', 'x'), ('n1', 'operation', 'A₁'), ('n2', 'loss', 'L')]
    """
    losses = _listed(loss)
    called = {t.number: str(name) for name, t in loss.items()} if isinstance(loss, Mapping) else {}
    variables = variables or {}
    for t in losses:
        if t.op is None:
            raise error(
                RuntimeError,
                "graph",
                got={"self": t},
                rule="only what was computed from a Tensor that requires a gradient has a graph",
                cure="make a leaf with requires_grad=True, and do not compute under no_grad()",
            )
    loss = losses[0] if len(losses) == 1 else _sum(losses)
    tensors = _ancestors(loss)
    _tell_of_writes(tensors)
    calls = Calls(tensors)
    places = calls.around(tensors)
    named = {t.number for t in tensors if t.op is None and not t.requires_grad and (t.name or id(t) in variables)}
    named -= {t.number for t in tensors if type(t) is not Tensor}
    places.update(dict.fromkeys(starts(tensors) | named, ()))  # what comes from outside of all modules
    names = names_for(tensors, loss, variables, {n: calls.path(inside) for n, inside in places.items()}, called)
    ids = {t.number: f"n{i}" for i, t in enumerate(tensors)}
    edges = [(ids[x.number], ids[t.number], i) for t in tensors for i, x in enumerate(t.inputs)]
    nodes = [_node(t, ids[t.number], t is loss, names, places[t.number], calls) for t in tensors]
    parts = tuple(ids[t.number] for t in losses)
    return Graph(tuple(nodes), tuple(Edge(f"e{k}", *e) for k, e in enumerate(edges)), tuple(calls.found), parts,
                 tuple(tensors), names)  # fmt: skip


def _tell_of_writes(tensors: list[Tensor]) -> None:
    """Warn where a value that went into the graph has been written to since: what is shown of it is what it is now."""
    written = {x.number: x for t in tensors for x in t.inputs if x.op is None and is_newer(x, t.number)}
    if written:
        problem = error(
            RuntimeWarning,
            "graph",
            got={f"input {i}": x for i, x in enumerate(written.values())},
            rule="they were written to after they were used: what is shown of them, and run again, is as they are now",
            cure="draw before the write (t[i] = v, add_() …, optimizer.step()), or write to a copy: t.clone()",
        )
        warnings.warn(problem, stacklevel=4)


def _listed(loss: Losses) -> list[Tensor]:
    return [loss] if isinstance(loss, Tensor) else [*loss.values()] if isinstance(loss, Mapping) else [*loss]


def _sum(losses: Sequence[Tensor]) -> Tensor:
    """What backward() of several losses is the gradient of."""
    with enable_grad():
        numbers = [t if t.shape == () else t.reshape(()) for t in losses]
        return functools.reduce(operator.add, numbers)


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
    settle([loss])
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
    return [found[number] for number in sorted(found)]


def _node(t: Tensor, id: str, is_loss: bool, names: Names, inside: tuple[int, ...], calls: Calls) -> Node:
    name = names.get(t.number)
    number = None
    if is_loss:
        kind = "loss"
    elif t.op is not None:
        kind = "operation"
    elif t.requires_grad:
        kind = "parameter"
    elif type(t) is not Tensor:
        kind = "frozen"
    elif t.number in names.unnamed and t.dtype == np.bool_:  # a mask that the engine wrapped
        kind = "constant"
    elif name is None:
        kind, number = "constant", t.array.item()
    else:
        kind = "input"
    forward = forward_formula(t, names) if t.op else None
    path = calls.path(inside)
    op = t.op.name if t.op else ""
    whole = names.whole.get(t.number)
    return Node(id, kind, op, name, path, t.shape, str(t.dtype), forward, number, inside, whole)
