"""What a call of a function did: the values in it, and the events in their order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..autograd.operation import Op
from ..autograd.tensor import Tensor


@dataclass(eq=False)
class Value:
    """A value in a program. ``kind`` says where it comes from.

    argument: number ``index`` of those of the function. outside: the array of a Tensor that was there before.
    constant: an array that is the same in every call. made: by a call. drawn: by the package's generator.
    grad: what is in ``.grad`` of a Tensor at that moment. told: a number that an act gave.
    cut: the value ``of``, without its graph.
    """

    kind: str
    array: Any
    index: int = 0
    tensor: Tensor | None = None
    requires_grad: bool = False
    of: Value | None = None


@dataclass(eq=False)
class Call:
    """A call of an op: what it ran on, what it made and what its kernel kept."""

    op: Op
    inputs: tuple[Value | None, ...]
    params: dict[str, Any]  # in which Values stand for arrays
    made: Value
    saved: Any
    scope: Any


@dataclass(eq=False)
class Draw:
    draw: Callable[[], Any]
    made: Value


@dataclass(eq=False)
class Act:
    """A call of a function that changes something else, such as ``optimizer.step()``; ``made`` is what it returned."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    made: Value

    @property
    def changes(self) -> bool:
        """Whether it does more than take gradients away, which may be done again."""
        return self.function.__name__ not in ("zero_grad", "__set__")


@dataclass(eq=False)
class Backward:
    """``backward()`` of a value, with a gradient to start from or 1."""

    of: Value
    gradient: Value
    changes = True


@dataclass(eq=False)
class Choice:
    """What a trace rests on: the truth of a value that Python asked for, or the shape that a mask's count gives."""

    of: Value
    outcome: bool | tuple[int, ...]


Event = Call | Draw | Act | Backward | Choice


@dataclass
class Trace:
    """What a call did, in order; ``refused`` is why it cannot be done again as a program, and where."""

    events: list[Event] = field(default_factory=list)
    modules: list[Any] = field(default_factory=list)
    outside: dict[int, Value] = field(default_factory=dict)
    refused: str | None = None
