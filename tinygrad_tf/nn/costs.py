"""summary(): what a model is made of and costs, call by call: shapes, parameters, FLOPs, activation memory."""

from __future__ import annotations

import gc
import itertools
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..autograd.recording import enable_grad
from ..autograd.tensor import Tensor
from ..autograd.walk import reachable
from ..errors import error
from ..random import get_state, set_state
from ..wording.texts import named
from .module import Module
from .table import Call, Summary


def summary(model: Module, *inputs: Any, **params: Any) -> Summary:
    """A table of the modules that ``model(*inputs, **params)`` calls: what each returns, has, computes and keeps.

    The model is run once, in the mode that it is in; the generator, the gradients and what is frozen are left as they
    were. Each row includes the rows below it. Neighbours that are alike share a row, which has the sum of all.

    FLOPs are those of matrix products, which are most of a Transformer's: 2·m·k·n for (m, k) · (k, n), and twice as
    many in the backward pass. They are counted in the graph that the run records. Fused operations count by their
    definition, so causal attention counts in full. Memory is what the graph keeps for the backward pass if all
    parameters learn, without parameters and inputs. What ``checkpoint()`` recomputes is in neither number.

    >>> print(summary(Sequential(Linear(4, 8), ReLU(), Linear(8, 2)), Tensor(np.ones((3, 4), "float32"))))
    Layer       Output  Parameters  FLOPs  Memory
    ─────────────────────────────────────────────
    Sequential  (3, 2)          58    288   216 B
      0 Linear  (3, 8)          40    192    96 B
      1 ReLU    (3, 8)                       96 B
      2 Linear  (3, 2)          18     96    24 B
    ─────────────────────────────────────────────
    58 parameters (232 B), all trainable
    288 FLOPs forward, about 864 with backward: matrix products alone, an addition and a multiplication count as two
    216 B of activations, kept from forward to backward

    Raises TypeError for what is no module.
    """
    if not isinstance(model, Module):
        raise error(
            TypeError,
            "summary",
            got={"model": model},
            rule="it runs a module on its inputs",
            cure="write summary(model, x), or give a function as a module with a forward",
        )
    random, learn = get_state(), [(p, p.requires_grad) for p in model.parameters()]
    watch = _Watch(model)

    def put_back() -> None:
        watch.remove()
        set_state(random)
        for p, requires_grad in learn:
            p.requires_grad = requires_grad

    try:
        try:
            watch.register()
            for p, _ in learn:
                p.requires_grad = True
            with enable_grad():
                seen = {id(x): _watched(x) for x in (*inputs, *params.values())}  # the same one twice stays the same
                output = model(*[seen[id(x)] for x in inputs], **{name: seen[id(x)] for name, x in params.items()})
                costs = _Costs(reachable(list(_tensors(output))), [p for p, _ in learn], [*inputs, *params.values()])
        finally:
            put_back()
    finally:  # twice: Ctrl-C may hit the first
        put_back()
    return Summary(
        watch.finished(costs),
        sum(int(p.size) for p, _ in learn),
        sum(int(p.size) for p, learns in learn if learns),
        sum(p.array.nbytes for p, _ in learn),
        sum(costs.flops),
        sum(costs.memory),
    )


def _watched(x: Any) -> Any:
    """An input as a leaf that requires a gradient, so that all that is made of it is recorded."""
    if isinstance(x, Tensor) and x.dtype.kind == "f":
        x = Tensor.wrap(x.array, x.name)
        x.requires_grad = True
    return x


def _tensors(x: Any) -> Iterator[Tensor]:
    if isinstance(x, Tensor):
        yield x
    elif isinstance(x, (list, tuple, dict)):
        for part in x.values() if isinstance(x, dict) else x:
            yield from _tensors(part)


class _Watch:
    """Notes each call of a module: what was called from it, and the first and last number of the Tensors it made."""

    def __init__(self, model: Module) -> None:
        self.paths = {module: path for path, module in model.named_modules()}
        self.top = Call("", "")
        self.open: list[tuple[Call, str]] = [(self.top, "")]
        self.made: list[tuple[Call, int, int]] = []  # with the numbers of the Tensors between which it lies
        self.counted: set[int] = set()

    def register(self) -> None:
        for module in self.paths:
            module.register_forward_pre_hook(self.enter)
            module.register_forward_hook(self.leave)

    def remove(self) -> None:
        """Take the hooks off, as many as are there: registering may not have come to its end."""
        for module in self.paths:
            if module._hooks:
                for hooks, hook in ((module._hooks.before, self.enter), (module._hooks.after, self.leave)):
                    if hook in hooks:
                        hooks.remove(hook)

    def enter(self, module: Module, inputs: Any) -> None:
        outer, above = self.open[-1]
        path = self.paths[module]
        name = path.removeprefix(f"{above}.") if above else path
        call = Call(named(name, unnamed=name and "?"), named(type(module).__name__, unnamed="Module"))
        own = {p.number: int(p.size) for p in module.parameters() if p.number not in self.counted}
        call.parameters = sum(own.values())
        outer.parts.append(call)
        self.open.append((call, path))
        self.made.append((call, _now(), 0))

    def leave(self, module: Module, inputs: Any, output: Any) -> None:
        call, _ = self.open.pop()
        self.counted |= {p.number for p in module.parameters()}
        call.output = next((t.shape for t in _tensors(output)), None)
        i = next(i for i in reversed(range(len(self.made))) if self.made[i][0] is call)
        self.made[i] = call, self.made[i][1], _now()

    def finished(self, costs: _Costs) -> Call:
        """The call of the model, with what each call cost and neighbours that are alike in one."""
        for call, first, last in self.made:
            call.flops, call.memory = costs.between(first, last)
        return _folded(self.top.parts)[0]


def _now() -> int:
    return Tensor.wrap(np.empty(0)).number


def _folded(calls: list[Call]) -> list[Call]:
    for call in calls:
        call.parts = _folded(call.parts)
    groups = [list(group) for _, group in itertools.groupby(calls, Call.alike)]
    return [_together(group) for group in groups]


def _together(calls: list[Call]) -> Call:
    """Calls that are alike as one call, part by part."""
    first, last = calls[0], calls[-1]
    if first is last:
        return first
    ends = [re.search(r"\d+$", call.name) for call in (first, last)]
    name = f"{first.name}-{ends[1][0]}" if ends[1] and first.name != last.name else first.name
    parts = [_together(list(parts)) for parts in zip(*[call.parts for call in calls], strict=True)]
    return Call(
        name, first.kind, first.output, sum(c.parameters for c in calls), sum(c.flops for c in calls),
        sum(c.memory for c in calls), len(calls), parts,
    )  # fmt: skip


class _Costs:
    """FLOPs and bytes of each node of a graph, oldest first."""

    def __init__(self, nodes: list[Tensor], parameters: list[Tensor], given: list[Any]) -> None:
        made = [t for t in nodes if t.op is not None]
        apart = [*parameters, *_tensors(given)]
        held = {id(_owner(t.array)) for t in apart} | {id(_owner(x)) for x in given if isinstance(x, np.ndarray)}
        known: dict[Any, int] = {}
        self.numbers = [t.number for t in made]
        self.flops = [_flops(t, known) for t in made]
        self.memory = [_kept(t, held) for t in made]

    def between(self, first: int, last: int) -> tuple[int, int]:
        """The sums over the Tensors that were made between two others."""
        inside = slice(*np.searchsorted(self.numbers, [first, last]).tolist())
        return sum(self.flops[inside]), sum(self.memory[inside])


def _matmul(Y: Tensor, X: Tensor, W: Tensor) -> int:
    return 2 * int(Y.size) * X.shape[-1]


def _einsum(Y: Tensor, *Xs: Tensor) -> int:
    """The FLOPs of an einsum: each term of its sum is a product of all Xs."""
    sizes = {c: n for s, X in zip(Y.params["lefts"], Xs, strict=True) for c, n in zip(s, X.shape, strict=True)}
    summed = len(sizes) > len(Y.params["right"])
    return (len(Xs) - 1 + summed) * math.prod(sizes.values())


#: The primitives that multiply matrices. Everything else that does is composed of them.
_PRODUCTS: dict[str, Callable[..., int]] = {"matmul": _matmul, "einsum": _einsum}


def _flops(Y: Tensor, known: dict[Any, int]) -> int:
    """The FLOPs of the matrix products in a node. A fused node counts by its definition in primitives."""
    op = Y.op
    assert op is not None
    if op.kernel is None:
        return _PRODUCTS[op.name](Y, *Y.inputs) if op.name in _PRODUCTS else 0
    key = op.name, *[x.shape for x in Y.inputs]
    if key not in known:
        leaves = [Tensor.wrap(x.array) for x in Y.inputs]
        for leaf, x in zip(leaves, Y.inputs, strict=True):
            leaf.requires_grad = x.requires_grad
        inner = reachable(list(_tensors(op.forward(*leaves, **Y.params))))
        known[key] = sum(_flops(t, known) for t in inner if t.op is not None)
    return known[key]


def _kept(Y: Tensor, held: set[int]) -> int:
    """The bytes of the arrays that the node keeps alive and that were not ``held`` before; then they are."""
    kept = 0
    stack = [Y.array, Y.saved, *[x.array for x in Y.inputs if x.op is None]]
    while stack:
        x = stack.pop()
        if isinstance(x, np.ndarray):
            array = _owner(x)
            if id(array) not in held:
                held.add(id(array))
                kept += array.nbytes
        elif x is not None and not isinstance(x, (type, Tensor)):
            stack += [y for y in gc.get_referents(x) if isinstance(y, (np.ndarray, tuple, list, dict))]
    return kept


def _owner(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array that a view belongs to, which the view keeps alive as a whole."""
    while isinstance(x.base, np.ndarray):
        x = x.base
    return x
