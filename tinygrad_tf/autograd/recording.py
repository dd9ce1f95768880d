"""What a thread works under: whether calls are recorded, in which module, and who watches."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

from ..signals import Held
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
        switch: what set ``recording`` last, in a context manager; None outside of all.
    """

    __slots__ = ("recording", "root", "scope", "switch", "watch")

    def __init__(self) -> None:
        self.recording = True
        self.switch: object = None
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


class no_grad(Held):
    """Within it nothing is recorded: a context manager, and a decorator, ``@no_grad()`` or ``@no_grad``.

    Of a function that yields, each piece between two yields runs within it; who iterates is not touched.

    >>> W = Tensor([1.0], requires_grad=True)
    >>> with no_grad():
    ...     (W * 2).requires_grad
    False
    """

    recording = False

    @overload
    def __new__(cls, function: F) -> F: ...  # type: ignore[misc]
    @overload
    def __new__(cls, function: bool | None = None) -> Self: ...
    def __new__(cls, function: Any = None) -> Any:
        made = super().__new__(cls)
        return made(function) if callable(function) else made

    def again(self) -> no_grad:
        """Another one like this, to be entered."""
        return type(self)()

    def within(self) -> Generator[None]:
        return _switched(self.recording)

    def __call__(self, function: F) -> F:
        yields = inspect.isgeneratorfunction(function)

        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            if yields:
                return _resumed(function(*args, **kwargs), self.again)
            with self.again():
                return function(*args, **kwargs)

        return run  # type: ignore[return-value]


def _switched(recording: bool) -> Generator[None]:
    state, own = thread.state, object()
    before = state.recording, state.switch
    try:
        try:
            state.recording, state.switch = recording, own
            yield
        finally:
            if state.switch is own:
                state.recording, state.switch = before
    finally:
        if state.switch is own:  # not if this comes late, when others have been entered
            state.recording, state.switch = before


def _resumed(pieces: Generator[Any, Any, Any], within: Callable[[], no_grad]) -> Generator[Any, Any, Any]:
    """What a generator yields, each of its pieces run ``within()``."""
    step, given = pieces.send, None
    while True:
        try:
            with within():
                made = step(given)
        except StopIteration as end:
            return end.value
        try:
            step, given = pieces.send, (yield made)
        except GeneratorExit:
            with within():
                pieces.close()
            raise
        except BaseException as problem:
            step, given = pieces.throw, problem


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
