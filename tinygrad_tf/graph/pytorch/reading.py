"""The module's own run in PyTorch: what outputs and gradients are compared with, and what decisions it takes.

torch.export follows tensors without values, so it stops at ``if mask.all():``. Here the module has run before, and each
value that it read is noted by the line that read it; the recording is given it there.
"""

from __future__ import annotations

import sys
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...errors import error
from .structure import Place, mapped, plain

#: The methods of a tensor, and the functions, that make a value of Python of its entries.
READS = ("__bool__", "__int__", "__float__", "__index__", "item", "tolist", "is_nonzero", "equal", "allclose")


@dataclass(eq=False)
class Readings:
    """The values that were read on each line, in order; not by each instruction, as Python merges some later."""

    values: dict[Any, deque[Any]] = field(default_factory=lambda: defaultdict(deque))

    def note(self, frame: Any, value: Any) -> None:
        self.values[frame.f_code, frame.f_lineno].append(value)

    def next(self, frame: Any) -> list[Any]:
        """The next value on a line, in a list; empty where nothing was read."""
        found = self.values.get((frame.f_code, frame.f_lineno))
        return [found.popleft()] if found else []


def call(torch: Any, module: Any, loss: Callable[..., Any] | None, given: Any, tensors: Sequence[Any]) -> Any:
    """The tensors that the module, or the loss of what it returns, gives, and how they lie in it."""
    args, kwargs = mapped(given, Place, lambda place: tensors[place], lambda x: x)
    made = module(*args, **kwargs)
    if loss is not None:
        made = loss(made)
        if not isinstance(made, torch.Tensor) or made.numel() != 1:
            raise error(
                ValueError if isinstance(made, torch.Tensor) else TypeError,
                "from_torch",
                got={"loss(…)": str(tuple(made.shape)) if isinstance(made, torch.Tensor) else type(made).__name__},
                rule="loss takes what the module returns, and gives one number, a tensor of PyTorch with one entry",
                cure="write e.g. loss=lambda y: y.square().mean()",
            )
    outputs: list[Any] = []

    def placed(t: Any) -> Place:
        outputs.append(t)
        return Place(len(outputs) - 1)

    return outputs, mapped(made, torch.Tensor, placed, plain)


def observed(
    torch: Any, module: Any, loss: Callable[..., Any] | None, given: Any, tensors: Sequence[Any], user: Any
) -> tuple[list[Any], Readings]:
    """Run ``module``, a copy of the ``user``'s, in PyTorch: its outputs, and what it read.

    Raises ValueError where a weight is used that is none of the module's: its gradient would be missing.
    """
    readings = Readings()
    known = {id(t) for t in (*module.parameters(), *tensors)}
    names = {id(p): name for name, p in user.named_parameters()}

    class Mode(torch.overrides.TorchFunctionMode):  # type: ignore[misc]  # torch is imported where it is used
        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            for t in args:
                if isinstance(t, torch.Tensor) and t.requires_grad and t.is_leaf and id(t) not in known:
                    raise _outside(names.get(id(t), "a tensor that requires a gradient"))
            made = function(*args, **(kwargs or {}))
            if getattr(function, "__name__", "") in READS:
                readings.note(sys._getframe(1), made)
            return made

    with Mode():
        outputs, _ = call(torch, module, loss, given, tensors)
    return outputs, readings


def _outside(name: str) -> Exception:
    return error(
        ValueError,
        "from_torch",
        got=f"a loss or a module that uses {name} from outside of the module",
        rule="gradients flow to the parameters of the module that is called, and to its inputs",
        cure="make one module of all: its forward() calls the others and computes the loss",
    )
