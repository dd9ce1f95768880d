"""What a thread works under: whether calls are recorded, in which module, and who watches."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from . import mistakes
from .places import Scope

if TYPE_CHECKING:
    from .operation import Op
    from .tensor import Array, Tensor

F = TypeVar("F", bound=Callable[..., Any])


class State(threading.local):
    """The state of one thread.

    Attributes:
        recording: whether calls on Tensors that require a gradient make a graph.
        watch: who is told of each call and of each step backward; None, as usual, costs nothing.
        root: the module that was called from outside of all modules, None outside.
        scope: the module that runs now.
    """

    recording = True
    watch: Watcher | None = None
    root: Any = None
    scope = Scope("")


state = State()


class Watcher:
    """Is told what happens in its thread while it is entered; whoever was told before is still told, first.

    A subclass overrides what it wants to hear of, and calls ``super()``.
    """

    outer: Watcher | None = None

    def __enter__(self) -> Any:
        self.outer, state.watch = state.watch, self
        return self

    def __exit__(self, *problem: Any) -> None:
        state.watch = self.outer

    def made(self, op: Op, inputs: tuple[Any, ...], Y: Tensor) -> None:
        """``op`` was called on ``inputs`` and made ``Y``, which knows nothing of that where no gradient is needed."""
        if self.outer is not None:
            self.outer.made(op, inputs, Y)

    def step(self, Y: Tensor) -> None:
        """The walk backward is about to run the rule of ``Y``."""
        if self.outer is not None:
            self.outer.step(Y)

    def sent(self, Y: Tensor, gradients: Sequence[Array]) -> None:
        """The rule of ``Y`` returned ``gradients``, one for each input or None."""
        if self.outer is not None:
            self.outer.sent(Y, gradients)

    def stopped(self, Y: Tensor) -> None:
        """The rule of ``Y`` raised an exception."""
        if self.outer is not None:
            self.outer.stopped(Y)


class no_grad:
    """Within it nothing is recorded: a context manager, and a decorator (not of functions that yield).

    >>> W = Tensor([1.0], requires_grad=True)
    >>> with no_grad():
    ...     (W * 2).requires_grad
    False
    """

    recording = False

    def __enter__(self) -> None:
        self.before = state.recording
        state.recording = self.recording

    def __exit__(self, *problem: Any) -> None:
        state.recording = self.before

    def __call__(self, function: F) -> F:
        if inspect.isgeneratorfunction(function):
            raise mistakes.yields(type(self).__name__, function.__name__)

        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            with type(self)():
                return function(*args, **kwargs)

        return run  # type: ignore[return-value]


class enable_grad(no_grad):
    """Within it calls are recorded again, inside a ``no_grad()``."""

    recording = True


def is_grad_enabled() -> bool:
    """Whether calls are recorded now, in this thread.

    >>> with no_grad():
    ...     is_grad_enabled()
    False
    """
    return state.recording
