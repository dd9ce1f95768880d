"""Hooks: functions that are called before and after a module's forward, and in the backward pass through it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.operation import op
from ..autograd.recording import thread
from ..autograd.tensor import Array, Tensor
from ..errors import error
from ..ops.join import concatenate, split

if TYPE_CHECKING:
    from .module import Module

Gradients = tuple[Tensor | None, ...]


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
        passage = Passage(module, self.backward) if self.backward and thread.state.recording else None
        if passage is not None:
            args = passage.enter(args)
        output = module.forward(*args, **kwargs)
        for hook in list(self.after):
            changed = hook(module, args, output)
            output = output if changed is None else changed
        return output if passage is None else passage.leave(output)


class Passage:
    """One call of a module with backward hooks. The gradients of its outputs come by, then those of its inputs."""

    def __init__(self, module: Module, hooks: list[Callable[..., Any]]) -> None:
        self.module, self.hooks = module, hooks
        self.dYs: Gradients = ()

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        self.n_inputs = len(args)
        self.wants_dX = any(isinstance(x, Tensor) and x.requires_grad for x in args)
        return joined(args, self._at_inputs)

    def leave(self, output: Any) -> Any:
        if isinstance(output, Tensor):
            return joined((output,), self._at_outputs)[0]
        if isinstance(output, (tuple, list)):
            left = joined(tuple(output), self._at_outputs)
            return type(output)(*left) if hasattr(output, "_fields") else type(output)(left)
        raise error(
            TypeError,
            f"a backward hook of {type(self.module).__name__}",
            got={"output": output},
            rule="it looks at the gradient of a Tensor, or of a tuple of them",
            cure="register it on a module inside that returns one",
        )

    def _at_outputs(self, dYs: Gradients) -> None:
        self.dYs = dYs
        if not self.wants_dX:  # no gradient of an input will come by
            self._at_inputs((None,) * self.n_inputs)

    def _at_inputs(self, dXs: Gradients) -> Gradients | None:
        dYs, self.dYs = self.dYs, ()  # not kept: a gradient may lead back to this graph
        replaced = None
        for hook in list(self.hooks):
            changed = hook(self.module, dXs, dYs)
            if changed is not None:
                replaced = changed if isinstance(changed, tuple) else (changed,)
                self._check(replaced, dXs)
                dXs = replaced
        return replaced

    def _check(self, changed: Gradients, dXs: Gradients) -> None:
        """Raise unless there is one gradient for each input, of its shape; None stands for none, or for zeros."""
        fits = len(changed) == len(dXs) and all(
            new is None or (dX is not None and new.shape == dX.shape) for new, dX in zip(changed, dXs, strict=True)
        )
        if not fits:
            shapes = [None if d is None else d.shape for d in changed], [None if d is None else d.shape for d in dXs]
            raise error(
                RuntimeError,
                f"a backward hook of {type(self.module).__name__}",
                got=f"gradients {shapes[0]} to put in place of {shapes[1]}",
                rule="there is one for each input, of its shape; an input that requires no gradient has None",
                cure="return such a tuple, or None to leave all as they are",
            )


def joined(values: tuple[Any, ...], watch: Callable[[Gradients], Gradients | None]) -> tuple[Any, ...]:
    """The same values, led through one Tensor: there the gradients of all are known at once.

    ``watch`` is called with them, with None for values that have none. It may return others in their place.
    """
    places = [i for i, x in enumerate(values) if isinstance(x, Tensor) and x.requires_grad]
    if not places:
        return values
    likes = [(values[i].shape, values[i].dtype, values[i].size) for i in places]
    joint = _flat([values[i] for i in places])

    def hook(d: Tensor) -> Tensor | None:
        changed = watch(_at(places, _cut(d, likes), (None,) * len(values)))
        if changed is None:
            return None
        whole = [changed[i] for i in places]
        return _flat([Tensor.wrap(np.zeros(n[0], n[1])) if d is None else d for d, n in zip(whole, likes, strict=True)])

    joint.register_hook(hook)
    return _at(places, _cut(joint, likes), values)


def _flat(tensors: Sequence[Tensor]) -> Tensor:
    """All of them in one vector; a single one in its own shape."""
    return _watched(tensors[0]) if len(tensors) == 1 else concatenate([t.reshape(-1) for t in tensors])


def _cut(whole: Tensor, likes: list[Any]) -> list[Tensor]:
    """``whole`` in pieces of these shapes and dtypes."""
    if len(likes) == 1:
        return [whole]
    parts = split(whole, [size for _, _, size in likes])
    return [part.reshape(shape).astype(dtype) for part, (shape, dtype, _) in zip(parts, likes, strict=True)]


def _at(places: list[int], new: list[Any], values: tuple[Any, ...]) -> tuple[Any, ...]:
    """``values`` with ``new`` ones in some places."""
    replaced = dict(zip(places, new, strict=True))
    return tuple([replaced.get(i, value) for i, value in enumerate(values)])


@op
def _watched(X: Array) -> Array:
    """Y = X, a node whose gradient can be looked at."""
    return X


@_watched.rule
def d_watched(dY: Array, Y: Array, X: Array) -> Any:
    dX = dY
    return dX
