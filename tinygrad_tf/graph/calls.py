"""The calls of modules in a graph, as they ran: a module that is called twice makes two of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ..autograd.places import Scope
from ..autograd.tensor import Tensor
from ..wording.texts import clean, isolated, named
from .naming import LONGEST, LONGEST_PATH, levels, root_of


@dataclass(frozen=True)
class Call:
    """One call of the module at ``path``, of class ``kind``, in the call number ``parent``; None at the top.

    ``whole`` is the path as long as it is, where it is cut.
    """

    number: int
    title: str
    path: str
    kind: str
    parent: int | None
    whole: str | None = None


class Calls:
    """The calls that made ``tensors``: ``found`` has them in the order in which their first Tensor was made.

    What was called from outside of all modules is the whole, and no box of it; where several such calls made more than
    one Tensor each, each is a call like the others, and called as the variable that holds the module.
    """

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self.found: list[Call] = []
        self._ways: list[tuple[str, ...]] = []  # the modules around each, as they are called
        self._numbers: dict[int, int] = {}  # by the id of a scope, which the Tensors keep alive
        made = Counter(id(root) for t in tensors if t.op is not None and (root := _root(t.scope)) is not None)
        several = {id for id, n in made.items() if n > 1}
        self._roots = several if len(several) > 1 else set()
        self._lists = _lists(tensors)

    def of(self, t: Tensor) -> tuple[int, ...]:
        """The numbers of the calls in which ``t`` was made, from the outside in."""
        chain: list[Scope] = []
        scope = t.scope
        while isinstance(scope, Scope) and scope.site is not None:
            if id(scope) not in self._lists and self._is_shown(scope):
                chain.append(scope)
            scope = scope.outer
        inside: tuple[int, ...] = ()
        for scope in reversed(chain):
            inside += (self._number(scope, inside[-1] if inside else None),)
        return inside

    def path(self, inside: tuple[int, ...]) -> str:
        """Where the module lies whose call is the innermost."""
        return self.found[inside[-1]].path if inside else ""

    def around(self, tensors: Sequence[Tensor]) -> dict[int, tuple[int, ...]]:
        """The calls around each Tensor, by its number; a leaf lies in those that are around all its uses."""
        places = {t.number: self.of(t) for t in tensors if t.op is not None}
        leaves: dict[int, tuple[int, ...]] = {}
        for Y in tensors:
            for x in Y.inputs:
                if x.op is None:
                    leaves[x.number] = _shared(leaves.get(x.number, places[Y.number]), places[Y.number])
        return {**places, **leaves}

    def _is_shown(self, scope: Scope) -> bool:
        return scope != "" or id(scope) in self._roots

    def _number(self, scope: Scope, parent: int | None) -> int:
        number = self._numbers.get(id(scope))
        if number is None:
            number = self._numbers[id(scope)] = len(self.found)
            root = _root(scope)
            way = levels(scope)
            if root is not None and id(root) in self._roots:
                way = (root_of(root), *way)
            above = self._ways[parent] if parent is not None else ()
            inner = way[len(above) :] if way[: len(above)] == above else way
            self._ways.append(way)
            title, whole = (clean(".".join(part)).strip() for part in (inner or way[-1:], way))
            path, kind = named(whole, LONGEST_PATH, "module"), named(scope.kind, LONGEST, "module")
            cut = whole if len(whole) > LONGEST_PATH else None
            title = isolated(named(title, LONGEST, "module"))
            self.found.append(Call(number, title, path, kind, parent, cut))
        return number


def starts(tensors: Sequence[Tensor]) -> set[int]:
    """The leaves that something is computed from with weights alone: the inputs of the whole, no part of a module."""
    found: set[int] = set()
    weights: set[int] = set()  # and what is made of them alone, such as a slice that holds those of the queries
    for Y in tensors:
        if Y.op is None:
            if Y.requires_grad or type(Y) is not Tensor or Y.ndim == 0:
                weights.add(Y.number)
        elif all(x.number in weights for x in Y.inputs):
            weights.add(Y.number)
        elif all(x.op is None or x.number in weights for x in Y.inputs):
            found.update(x.number for x in Y.inputs if x.number not in weights)
    return found


def _lists(tensors: Sequence[Tensor]) -> set[int]:
    """The ids of the scopes that are no boxes: lists of layers that run them in order.

    They are in the names of the layers, net.0 and net.1, already, if those are boxes. A scope is a box for all that was
    made in it or for nothing: else boxes would depend on one another in a circle.
    """
    inner: dict[int, dict[int, Scope]] = {}  # by the id of a scope: what was called in it
    depths: dict[int, tuple[int, Scope]] = {}
    busy: set[int] = set()  # those that made a Tensor themselves
    for t in tensors:
        chain: list[Scope] = []
        scope = t.scope if t.op is not None else None
        while isinstance(scope, Scope) and scope.site is not None and id(scope) not in depths:
            chain.append(scope)
            scope = scope.outer
        if t.op is not None and isinstance(t.scope, Scope):
            busy.add(id(t.scope))
        depth = depths[id(scope)][0] + 1 if id(scope) in depths else 0
        for number, each in enumerate(reversed(chain)):
            depths[id(each)] = depth + number, each
            if isinstance(each.outer, Scope):
                inner.setdefault(id(each.outer), {})[id(each)] = each
    found: set[int] = set()
    for _, scope in sorted(depths.values(), key=lambda entry: -entry[0]):
        calls = inner.get(id(scope), {}).values()
        named = all(call.removeprefix(f"{scope}.").isdigit() and id(call) not in found for call in calls)
        if scope and calls and named and id(scope) not in busy:
            found.add(id(scope))
    return found


def _root(scope: object) -> Scope | None:
    """The call from outside of all modules that ``scope`` is part of; None outside."""
    found = None
    while isinstance(scope, Scope) and scope.site is not None:
        found, scope = scope, scope.outer
    return found


def _shared(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    same = [x == y for x, y in zip(a, b, strict=False)]
    return a[: same.index(False) if False in same else len(same)]
