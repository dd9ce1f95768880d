"""What goes into a run: a copy of the module, the inputs, and the Tensors that stand for both."""

from __future__ import annotations

import copy
import inspect
import itertools
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...autograd.tensor import Tensor
from ...errors import error
from ...wording.languages import translated
from .recording import Recorded
from .structure import Place, mapped


class Weight(Tensor):
    """A copied parameter or buffer of a module of PyTorch. ``names`` are its names: tied weights have several."""

    __slots__ = ("names",)

    names: tuple[str, ...]


def copied(torch: Any, module: Any) -> Any:
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
        text = "from_torch: bfloat16 is computed in float32, as NumPy has no bfloat16"
        warnings.warn(translated(text), stacklevel=3)
    for t in brief:
        t.data = t.data.float()
    return own


def inputs_of(torch: Any, module: Any, inputs: Any, named: Any) -> tuple[Any, list[Any], list[str]]:
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


def leaves_of(
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
