"""What happens around a module's forward and backward, for those who asked to be called."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import error
from ..op import Array, Op
from ..tensor import Tensor

if TYPE_CHECKING:
    from .module import Module


class Hooks:
    """The hooks of one module, by kind, in the order in which they were registered."""

    def __init__(self) -> None:
        self.before: list[Callable[..., Any]] = []
        self.after: list[Callable[..., Any]] = []
        self.backward: list[Callable[..., Any]] = []

    def call(self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The module's forward with its hooks around it."""
        for hook in list(self.before):
            changed = hook(module, args)
            if changed is not None:
                args = changed if isinstance(changed, tuple) else (changed,)
        output = self._with_backward(module, args, kwargs) if self.backward else module.forward(*args, **kwargs)
        for hook in list(self.after):
            changed = hook(module, args, output)
            output = output if changed is None else changed
        return output

    def _with_backward(self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The forward between two marks: what arrives at them is what this call alone is given and sends back."""
        entries = [_enter(x) if isinstance(x, Tensor) and x.requires_grad else x for x in args]
        wanted = [i for i, x in enumerate(entries) if isinstance(x, Tensor) and x.requires_grad]
        output = module.forward(*entries, **kwargs)
        if not wanted or not isinstance(output, Tensor) or not output.requires_grad:
            return output
        output = _leave(output, *[entries[i] for i in wanted])
        arrived: dict[int, Tensor] = {}

        def note(i: int, gradient: Tensor) -> Tensor | None:
            arrived[i] = gradient
            return self._call_backward(module, arrived, len(args)) if i == wanted[0] else None  # the last to arrive

        output.register_hook(lambda dY: note(-1, dY))
        for i in wanted:
            entries[i].register_hook(lambda dX, i=i: note(i, dX))
        return output

    def _call_backward(self, module: Module, arrived: dict[int, Tensor], n: int) -> Tensor | None:
        changed = None
        for hook in list(self.backward):
            result = hook(module, tuple(arrived.get(i) for i in range(n)), (arrived[-1],))
            changed = changed if result is None else result
        if changed is None:
            return None
        if len(arrived) > 2:
            raise error(NotImplementedError, "register_full_backward_hook", f"a hook on {type(module).__name__} that "
                        "returned gradients", "they can be replaced for a module with one input; with several, the "
                        "others have passed by then", "change them with register_hook on the inputs")  # fmt: skip
        return changed[0] if isinstance(changed, tuple) else changed


def _same(X: Array) -> Array:
    """Y = X: marks where a module begins."""
    return X


_enter = Op(_same, name="enter")


@_enter.rule
def d_same(dY: Array, Y: Array, X: Array) -> Any:
    dX = dY
    return dX


def _first(X: Array, *Xs: Array) -> Array:
    """Y = X: marks where a module ends, and ties it to its inputs, so that each of them is reached."""
    return X


_leave = Op(_first, name="leave")


@_leave.rule
def d_first(dY: Array, Y: Array, X: Array, *Xs: Array) -> Any:
    dXs = [dY, *[np.zeros_like(other) for other in Xs]]
    return dXs
