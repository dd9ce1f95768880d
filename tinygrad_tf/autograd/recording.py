"""What a thread works under: whether calls are recorded, in which module, and who watches."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from . import mistakes
from .places import Scope

if TYPE_CHECKING:
    from .debugging import Watcher

F = TypeVar("F", bound=Callable[..., Any])


class State:
    """The state of one thread, ``thread.state``.

    Attributes:
        recording: whether calls on Tensors that require a gradient make a graph.
        watch: who is told of each call and of each step backward; None, as usual, costs nothing.
        root: the module that was called from outside of all modules, None outside.
        scope: the module that runs now.
    """

    __slots__ = ("recording", "root", "scope", "watch")

    def __init__(self) -> None:
        self.recording = True
        self.watch: Watcher | None = None
        self.root: Any = None
        self.scope = Scope("")
        self.scope.outer = self.scope.site = None
        self.scope.kind = self.scope.method = ""


class Thread(threading.local):
    """The thread that asks."""

    def __init__(self) -> None:
        self.state = State()


thread = Thread()


class no_grad:
    """Within it nothing is recorded: a context manager, and a decorator (not of functions that yield).

    >>> W = Tensor([1.0], requires_grad=True)
    >>> with no_grad():
    ...     (W * 2).requires_grad
    False
    """

    recording = False

    def __enter__(self) -> None:
        self.before = thread.state.recording
        thread.state.recording = self.recording

    def __exit__(self, *problem: Any) -> None:
        thread.state.recording = self.before

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
    return thread.state.recording
