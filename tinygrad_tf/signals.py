"""Ctrl-C and the other signals that ask a program to stop: heard when nothing is half done, or what was begun put back.

Python runs handlers in the main thread only, so elsewhere nothing needs to be done, and nothing is.
"""

from __future__ import annotations

import contextlib
import functools
import signal
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

#: Ctrl-C; a batch system's or a shutdown's request; a closed terminal; the limit of processor time (ulimit -t);
#: Ctrl-Break and a closed console on Windows.
STOPS: tuple[int, ...] = tuple(
    int(getattr(signal, name))
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGXCPU", "SIGBREAK")
    if hasattr(signal, name)
)

#: Those, and what a program asks the system for: time limits, and messages of a batch system.
_HEARD: tuple[int, ...] = STOPS + tuple(
    int(getattr(signal, name)) for name in ("SIGALRM", "SIGUSR1", "SIGUSR2") if hasattr(signal, name)
)

try:  # the same without turning numbers into enumerations and back, which takes ten times as long at every step
    import _signal as _direct  # type: ignore[import-not-found]
except ImportError:  # another Python than CPython
    _direct = signal
_get, _set = _direct.getsignal, _direct.signal


class _Handlers:
    """One handler in place of those of several signals, for a while.

    Where an exception keeps it from being taken away, it hands on what comes to the one that was there before.
    """

    def __init__(self, note: Callable[[int, Any], None]) -> None:
        self.note, self.over = note, False
        self.before: dict[int, Any] = {}

    def put(self, wanted: Callable[[int, Any], bool], signals: tuple[int, ...] = STOPS) -> None:
        """Take the place of those handlers of the ``signals`` that are ``wanted(number, handler)``."""
        for number in signals:
            handler = _get(number)
            if wanted(number, handler):
                self.before[number] = handler
                _set(number, self)

    def __call__(self, number: int, frame: Any) -> None:
        if not self.over:
            return self.note(number, frame)
        before = self.before[number]
        _set(number, before)
        if callable(before):
            before(number, frame)
        elif before == signal.SIG_DFL:
            signal.raise_signal(number)
        return None

    def take_away(self) -> None:
        self.over = True
        for number, handler in self.before.items():
            if _get(number) is self:  # else one of the user's handlers has put another there
                _set(number, handler)


def _is_function(number: int, handler: Any) -> bool:
    return callable(handler)


def whole(function: F) -> F:
    """Decorator of a function that Ctrl-C does not stop half-way: it strikes before or after.

    So do the other stop signals, alarms and SIGUSR1 and 2, where a program of the user's has handlers for them.
    """

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        if threading.current_thread() is not threading.main_thread():
            return function(*args, **kwargs)
        came: list[tuple[int, Any]] = []
        handlers = _Handlers(lambda number, frame: came.append((number, frame)))
        try:
            try:
                handlers.put(_is_function, _HEARD)
                return function(*args, **kwargs)
            finally:
                handlers.take_away()
                for number, frame in came:
                    handlers.before[number](number, frame)
        finally:  # twice: an exception may hit the first
            handlers.take_away()

    return run  # type: ignore[return-value]


@contextlib.contextmanager
def interruptible() -> Iterator[Callable[[], int]]:
    """A context manager in which a request to stop is only noted, for a loop to ask about between two steps.

    What it gives is called without arguments and returns the number of the signal that came first, 0 if none has:
    Ctrl-C (SIGINT), SIGTERM, SIGHUP unless it is ignored as ``nohup`` does it, SIGXCPU (a limit of processor time),
    and Ctrl-Break on Windows. A second Ctrl-C stops at once. Otherwise Ctrl-C could strike between two parts of a step,
    when the weights have moved on and the schedule has not. In another thread than the main one there are no signals,
    and it always returns 0.

    >>> with interruptible() as interrupted:
    ...     for step in range(3):
    ...         if interrupted():
    ...             break
    >>> step
    2
    """
    noted: list[int] = []

    def note(number: int, frame: Any) -> None:
        if number == signal.SIGINT and signal.SIGINT in noted:
            signal.default_int_handler(number, frame)
        noted.append(number)

    if threading.current_thread() is not threading.main_thread():
        yield lambda: 0
        return
    handlers = _Handlers(note)
    try:
        try:
            ignored = (None, signal.SIG_IGN)  # None: a handler that is not Python's
            handlers.put(lambda number, handler: number == signal.SIGINT or handler not in ignored)
            yield lambda: noted[0] if noted else 0
        finally:
            handlers.take_away()
    finally:  # twice: an exception may hit the first
        handlers.take_away()


class Held(contextlib.closing[Any]):
    """A context manager that puts back what it changed whatever line an exception hits, also when it nests in itself.

    A subclass says what it changes in :meth:`within`, a generator. There each ``finally`` stands twice, one around the
    other: Ctrl-C may hit the first. A method ``__exit__`` could be hit before its first line; a generator that waits
    inside of its ``try`` cannot. One that does not know ``self`` ends at the latest when the ``with`` statement does.
    """

    thing: Any = None  # what closing() closes: the innermost of the generators that have changed something

    def __init__(self, *given: Any) -> None:
        pass

    def __enter__(self) -> Any:
        outer = self.thing
        inner = self.within() if outer is None or outer.gi_frame is None else self._stacked(outer)
        try:
            self.thing = inner
            next(inner)
            return self
        except BaseException:
            inner.close()
            self.thing = outer
            raise

    def _stacked(self, outer: Any) -> Generator[None]:
        try:
            try:
                yield from self.within()
            finally:
                self.thing = outer
        finally:
            self.thing = outer

    def within(self) -> Generator[None]:
        """Change the state, ``yield``, and put it back."""
        raise NotImplementedError
