"""from_torch(): a module of PyTorch, run and differentiated here, and held to what PyTorch computes."""

from __future__ import annotations

import copy
import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from ...autograd.recording import enable_grad
from ...autograd.tensor import Tensor
from ...autograd.walk import grad
from ...errors import error
from ..capture import capture
from ..given import checked_losses
from .comparing import Different, Rounding, difference, differs, size_of
from .given import copied, inputs_of, leaves_of
from .lockstep import Lockstep, Unknown
from .reading import observed
from .recording import Recorded, decomposed, record
from .structure import Place, mapped


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
    inputs with those of the module itself; where float32 rounds too much to tell, in float64. Where it draws random
    numbers (dropout, in training mode) PyTorch cannot repeat it: masks are drawn here, and compared is PyTorch's run of
    the recorded graph with these masks. Weights in bfloat16, which NumPy does not have, are computed in float32, with a
    warning.

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
    given, tensors, names = inputs_of(torch, module, inputs, named_inputs)
    with torch.random.fork_rng(devices=[]), torch.enable_grad(), enable_grad():
        own = copied(torch, module)

        def taken(own: Any, tensors: list[Any], compared: bool = True) -> Any:
            return _taken(torch, (own, module), loss, given, tensors, names, compared)

        try:
            return taken(copy.deepcopy(own), tensors)
        except Different as problem:  # by an op, or by rounding alone? In float64 rounding is no excuse
            wide = [_like(t, t.double() if t.is_floating_point() else t) for t in tensors]
            try:
                taken(copy.deepcopy(own).double(), wide)
            except Different:
                raise problem from None
            except Exception:  # what it computes with is float32 alone
                raise problem from None
            return taken(own, tensors, False)


def leaves(loss: Tensor) -> dict[str, Tensor]:
    """The named Tensors that a graph begins with, weights and inputs, by name; tied weights under each of their names.

    >>> W = Tensor([[1.0], [2.0]], requires_grad=True, name="W")
    >>> list(leaves((Tensor([[3.0, 4.0]], name="X") @ W).sum()))
    ['W', 'X']
    """
    found: dict[str, Tensor] = {}
    for t in capture(checked_losses("leaves", loss)).tensors:
        if t.op is None:
            found.update(dict.fromkeys(getattr(t, "names", (t.name,) if t.name else ()), t))
    return found


def _like(t: Any, value: Any) -> Any:
    return value.detach().clone().requires_grad_(t.requires_grad)


def _taken(
    torch: Any, modules: tuple[Any, Any], loss: Any, given: Any, tensors: list[Any], names: list[str], compared: bool
) -> Any:
    """One run of ``modules``, a copy and the user's own: what it returns, in our Tensors, ``compared`` or not."""
    own, user = modules
    twin, again = copy.deepcopy(own), [_like(t, t) for t in tensors]
    reference, readings = observed(torch, twin, loss, given, again, user)
    recorded = record(torch, own, loss, given, tensors, readings)
    steps, theirs, ours, outputs = _run(torch, recorded, compared, own, tensors, names, loss)
    _check_has_gradient(user, outputs)
    if compared:
        twins = dict(zip(map(id, [*own.parameters(), *tensors]), [*twin.parameters(), *again], strict=True))
        pairs = {id(t): (t if steps.drew else twins[id(t)], ours[key])
                 for key, t in theirs.items() if t is not None and t.requires_grad}  # fmt: skip
        _compare(torch, outputs, [t for t, _ in outputs] if steps.drew else reference, [*pairs.values()], steps)
    return mapped(recorded.structure, Place, lambda place: outputs[place][1], lambda x: x)


def _run(
    torch: Any, recorded: Recorded, compared: bool, *inputs: Any
) -> tuple[Lockstep, dict[str, Any], dict[str, Tensor], list[Any]]:
    """Run what was recorded; an op that the table lacks is taken apart by PyTorch, and all runs again."""
    missing: list[Any] = []
    said: dict[int | None, Exception] = {}  # by the call: of an op's parts, what is said of the op itself
    part = recorded
    while True:
        steps = Lockstep(torch, part, compared)
        theirs, ours = leaves_of(part, *inputs)
        try:
            return steps, theirs, ours, steps.run(theirs, ours)
        except Unknown as unknown:
            first = said.setdefault(unknown.call, unknown.said)
            if unknown.op in missing or not isinstance(unknown.op, torch._ops.OpOverload):
                raise first from None
            missing.append(unknown.op)
        try:
            part = decomposed(torch, recorded, missing)
        except Exception:
            raise first from None


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
