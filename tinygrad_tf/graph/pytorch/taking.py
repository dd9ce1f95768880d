"""from_torch(): a module of PyTorch, run and differentiated here, and held to what PyTorch computes."""

from __future__ import annotations

import copy
import importlib
import inspect
import itertools
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...autograd.recording import enable_grad
from ...autograd.tensor import Tensor
from ...autograd.walk import grad
from ...errors import error
from ..capture import capture
from .comparing import Rounding, difference, differs, size_of
from .lockstep import Lockstep, Unknown
from .reading import observed
from .recording import Recorded, decomposed, record
from .structure import Place, mapped


class Weight(Tensor):
    """A copied parameter or buffer of a module of PyTorch. ``names`` are its names: tied weights have several."""

    __slots__ = ("names",)

    names: tuple[str, ...]


def from_torch(module: Any, *inputs: Any, loss: Callable[[Any], Any] | None = None, **named_inputs: Any) -> Any:
    """Run a module of PyTorch on this engine, with its weights, to draw, explain and explore how its gradients flow.

    ``module`` is called with the inputs, tensors of PyTorch or NumPy arrays, and everything else that it takes, and
    recorded by torch.export. Then the recorded graph runs here, op by op (:data:`.aten.ATEN`), on copies: the module,
    its gradients and PyTorch's random numbers stay as they were.

    ``loss`` is a function in PyTorch of what the module returns, and gives one number, whose Tensor is returned.
    Without it, what the module returns is returned with Tensors in it: a tuple or a list as it is, a dict, a dataclass
    and a ModelOutput of transformers as a dict. What is neither a tensor nor a number there, such as a cache, is left
    out.

    The leaves of the graph bear the names of the state dict (:func:`leaves` finds them), the other values those that
    the module's own code has for them; modules are boxes under their paths. What no gradient flows through, such as a
    mask, is PyTorch's own value, a constant.

    Every value is compared with PyTorch's as it is made, and then the outputs and the gradients of all parameters and
    inputs with those of the module itself. Where it draws random numbers (dropout, in training mode) PyTorch cannot
    repeat it: masks are drawn here, and compared is PyTorch's run of the recorded graph with these masks. Weights in
    bfloat16, which NumPy does not have, are computed in float32, with a warning.

    An op that the table lacks is taken apart by PyTorch's own decompositions. Raises RuntimeError where a value or a
    gradient differs, naming it, and where torch.export cannot record the module; NotImplementedError for an op that is
    not known here even so (a convolution), with the line that calls it; ImportError without PyTorch (``.[torch]``).

    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.GELU(), torch.nn.Linear(4, 2))
    >>> L = from_torch(model, torch.ones(5, 3), loss=lambda y: y.square().mean())
    >>> sorted(leaves(L))
    ['0.bias', '0.weight', '2.bias', '2.weight', 'input']
    """
    torch = _torch()
    _check_is_module(torch, module, loss)
    given, tensors, names = _inputs(torch, module, inputs, named_inputs)
    with torch.random.fork_rng(devices=[]), torch.enable_grad(), enable_grad():
        own = _copy(torch, module)
        twin, again = copy.deepcopy(own), [t.detach().clone().requires_grad_(t.requires_grad) for t in tensors]
        reference, readings = observed(torch, twin, loss, given, again, module)
        recorded = record(torch, own, loss, given, tensors, readings)
        steps, theirs, ours, outputs = _run(torch, recorded, own, tensors, names, loss)
        _check_has_gradient(module, outputs)
        twins = dict(zip(map(id, [*own.parameters(), *tensors]), [*twin.parameters(), *again], strict=True))
        pairs = {id(t): (t if steps.drew else twins[id(t)], ours[key]) for key, t in theirs.items() if t.requires_grad}
        _compare(torch, outputs, [t for t, _ in outputs] if steps.drew else reference, [*pairs.values()], steps)
    return mapped(recorded.structure, Place, lambda place: outputs[place][1], lambda x: x)


def _run(torch: Any, recorded: Recorded, *inputs: Any) -> tuple[Lockstep, dict[str, Any], dict[str, Tensor], list[Any]]:
    """Run what was recorded; an op that the table lacks is taken apart by PyTorch, and all runs again."""
    missing: list[Any] = []
    said: dict[int | None, Exception] = {}  # by the call: of an op's parts, what is said of the op itself
    while True:
        apart = decomposed(torch, recorded, missing) if missing else recorded
        steps = Lockstep(torch, apart)
        theirs, ours = _leaves(apart, *inputs)
        try:
            return steps, theirs, ours, steps.run(theirs, ours)
        except Unknown as unknown:
            first = said.setdefault(unknown.call, unknown.said)
            if unknown.op in missing or not isinstance(unknown.op, torch._ops.OpOverload):
                raise first from None
            missing.append(unknown.op)


def leaves(loss: Tensor) -> dict[str, Tensor]:
    """The named Tensors that a graph begins with, weights and inputs, by name; tied weights under each of their names.

    >>> W = Tensor([[1.0], [2.0]], requires_grad=True, name="W")
    >>> list(leaves((Tensor([[3.0, 4.0]], name="X") @ W).sum()))
    ['W', 'X']
    """
    found: dict[str, Tensor] = {}
    for t in capture(loss).tensors:
        if t.op is None:
            found.update(dict.fromkeys(getattr(t, "names", (t.name,) if t.name else ()), t))
    return found


def _torch() -> Any:
    try:
        return importlib.import_module("torch")
    except ImportError:
        raise error(
            ImportError,
            "from_torch",
            got="a module, but no PyTorch is installed",
            rule="it runs PyTorch to record the module and to compare with it",
            cure='pip install "tinygrad_tf[torch]"',
        ) from None


def _check_is_module(torch: Any, module: Any, loss: Any) -> None:
    if not isinstance(module, torch.nn.Module):
        ours = hasattr(module, "named_parameters")
        raise error(
            TypeError,
            "from_torch",
            got={"module": f"a {type(module).__name__}"},
            rule="it takes a torch.nn.Module",
            cure="a module of this package is drawn as it is: graph.draw(module(x).sum())" if ours else
            "wrap a function in a module that calls it in forward()",
        )  # fmt: skip
    if loss is not None and not callable(loss):
        raise error(
            TypeError,
            "from_torch",
            got={"loss": type(loss).__name__},
            rule="loss is a function of what the module returns",
            cure="write e.g. loss=lambda y: y.square().mean()",
        )


def _copy(torch: Any, module: Any) -> Any:
    """A copy on the CPU that shares nothing with the module."""
    try:
        own = copy.deepcopy(module).cpu()
    except Exception as problem:
        raise error(
            RuntimeError,
            "from_torch",
            got=f"a {type(module).__name__} that copy.deepcopy cannot copy: {problem}",
            rule="it runs on a copy, so that the module stays as it is",
            cure="keep no results of a computation as attributes of the module",
        ) from problem
    brief = [t for t in itertools.chain(own.parameters(), own.buffers()) if t.dtype == torch.bfloat16]
    if brief:
        warnings.warn("from_torch: bfloat16 is computed in float32, as NumPy has no bfloat16", stacklevel=3)
    for t in brief:
        t.data = t.data.float()
    return own


def _inputs(torch: Any, module: Any, inputs: Any, named: Any) -> tuple[Any, list[Any], list[str]]:
    """The call with a place for each tensor, the tensors, each once and copied, and what they are called."""
    try:
        bound = inspect.signature(module.forward).bind(*inputs, **named)
    except TypeError as problem:
        raise error(
            TypeError,
            "from_torch",
            got=f"inputs that {type(module).__name__} does not take: {problem}",
            rule=f"its forward is {inspect.signature(module.forward)}",
            cure="give the inputs as you would call the module",
        ) from None
    found: dict[int, int] = {}  # by the id of a tensor: module(x, x) is one input
    tensors: list[Any] = []
    names: list[str] = []

    def place(x: Any, name: str) -> Place:
        if id(x) not in found:
            found[id(x)] = len(tensors)
            t = (
                x.detach().clone().cpu()
                if isinstance(x, torch.Tensor)
                else torch.from_numpy(np.array(getattr(x, "array", x)))
            )
            t = t.float() if t.dtype == torch.bfloat16 else t
            tensors.append(t.requires_grad_(bool(getattr(x, "requires_grad", False))))
            names.append(name)
        return Place(found[id(x)])

    kinds = (torch.Tensor, np.ndarray, Tensor)

    def placed(value: Any, name: str) -> Any:
        count = itertools.count()
        inside = isinstance(value, (tuple, list, dict))
        return mapped(value, kinds, lambda x: place(x, f"{name}_{next(count)}" if inside else name), lambda x: x)

    kept = {name: placed(value, name) for name, value in _flat(bound)}
    args = tuple([kept[name] for name in [*kept][: len(inputs)]])
    return (args, {name: kept[name] for name in named}), tensors, names


def _flat(bound: inspect.BoundArguments) -> Iterator[tuple[str, Any]]:
    """The arguments with their names, those of *args numbered, in the order in which they were given by place."""
    for name, value in bound.arguments.items():
        kind = bound.signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            yield from ((f"{name}_{i}", x) for i, x in enumerate(value))
        elif kind is inspect.Parameter.VAR_KEYWORD:
            yield from value.items()
        else:
            yield name, value


def _leaves(
    recorded: Recorded, own: Any, tensors: list[Any], names: list[str], loss: Any
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """What goes into the graph, by the names of its placeholders: PyTorch's tensors, and our Tensors."""
    parts = {**dict(own.named_parameters(remove_duplicate=False)), **dict(own.named_buffers(remove_duplicate=False))}
    called: dict[int, list[str]] = {}
    for name, t in parts.items():
        called.setdefault(id(t), []).append(name)
    theirs: dict[str, Any] = {}
    ours: dict[str, Tensor] = {}
    weights: dict[int, Weight] = {}
    given = iter(zip(tensors, names, strict=True))
    for spec in recorded.program.graph_signature.input_specs:
        kind, key = spec.kind.name, spec.arg.name
        if kind == "USER_INPUT":
            theirs[key], name = next(given)
            ours[key] = _wrapped(Tensor, theirs[key], name)
            continue
        if spec.target is None:
            theirs[key] = None  # PyTorch's own marks
            continue
        target = spec.target.removeprefix("module.")
        if kind in ("PARAMETER", "BUFFER") and target in parts:
            t = theirs[key] = parts[target]
            if id(t) not in weights:
                weights[id(t)] = _wrapped(Weight, t, called[id(t)][0])
                weights[id(t)].names = tuple(called[id(t)])
            ours[key] = weights[id(t)]
        else:
            t = theirs[key] = recorded.program.constants[spec.target]
            ours[key] = _wrapped(Tensor, t, _closed_over(loss, t))
    return theirs, ours


def _wrapped(kind: type[Any], t: Any, name: str | None) -> Any:
    made = kind(t.detach().numpy(), name=name)
    made.requires_grad = t.requires_grad
    return made


def _closed_over(loss: Any, t: Any) -> str | None:
    """What the loss function calls a tensor that it uses from around it, such as the labels."""
    if not inspect.isfunction(loss):
        return None
    around = inspect.getclosurevars(loss)
    return next((name for name, x in [*around.nonlocals.items(), *around.globals.items()] if x is t), None)


def _check_has_gradient(module: Any, outputs: list[Any]) -> None:
    if not any(t.requires_grad for t, _ in outputs):
        raise error(
            ValueError,
            "from_torch",
            got=f"a {type(module).__name__} whose outputs depend on nothing that requires a gradient",
            rule="a graph leads to parameters or inputs that require a gradient",
            cure="call module.requires_grad_(), or an input's requires_grad_(), and compute without torch.no_grad()",
        )


# ---- outputs and gradients against the module itself ----------------------------------------------------------------


def _compare(torch: Any, outputs: list[Any], reference: list[Any], pairs: list[Any], steps: Lockstep) -> None:
    """The outputs of the module as it runs in PyTorch, and the gradients of all leaves, against ours."""
    rng = np.random.default_rng(0)
    ys, weights, ts, cotangents = [], [], [], []
    for i, ((_, y), t) in enumerate(zip(outputs, reference, strict=True)):
        how = difference(y.array, t.detach().numpy(), steps.rounding.get(y.number, Rounding()))
        if how:
            raise differs(f"output {i}", how, "the module does something else each time it is called, or when recorded")
        if t.requires_grad and y.requires_grad:
            weight = np.ones_like(y.array) if y.size == 1 else rng.standard_normal(y.shape).astype(y.dtype)
            ys.append(y)
            weights.append(weight)
            ts.append(t)
            cotangents.append(torch.from_numpy(weight))
    between = list(
        {id(y): y for y in steps.ours.values() if isinstance(y, Tensor) and y.op and y.requires_grad}.values()
    )
    here = grad(ys, [*[y for _, y in pairs], *between], weights, retain_graph=True)
    there = torch.autograd.grad(ts, [t for t, _ in pairs], cotangents, allow_unused=True)
    found = [np.zeros(t.shape, y.dtype) if dt is None else dt.numpy() for dt, (t, y) in zip(there, pairs, strict=True)]
    # a gradient that is 0 but for rounding has the rounding of the others, and of what flowed on the way to it
    flowed = size_of(*[dy.array for dy, y in zip(here[len(pairs) :], between, strict=True) if y is not ys[0]])
    largest = Rounding(size_of(*found) / 100, flowed * float(np.finfo(ys[0].dtype).eps))
    for dy, dt, (_, y) in zip(here, found, pairs, strict=False):
        how = difference(dy.array, dt, largest)
        if how:
            raise differs(f"the gradient of {y.name}", how, "draw the loss, and look at the ops that it flows through")
