"""What a kernel is: a function for the way forward, and one for the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any, TypeAlias

Forward: TypeAlias = Callable[..., tuple[Any, Any]]
Backward: TypeAlias = Callable[..., Iterable[Any]]


class Kernel:
    """The fast way through a fused op: arrays in, arrays out.

    ``forward(*inputs, **params)`` returns (Y, saved). ``backward(dY, Y, saved, needs, *inputs, **params)`` returns a
    gradient for each input, or None where ``needs`` is false.
    """

    __slots__ = ("backward", "forward")

    def __init__(self, forward: Forward, backward: Backward) -> None:
        self.forward, self.backward = forward, backward


def pairs(module: ModuleType, *names: str) -> dict[str, tuple[Forward, Backward]]:
    """The functions ``name`` and ``d_name`` of a module, by name."""
    return {name: (getattr(module, name), getattr(module, f"d_{name}")) for name in names}
