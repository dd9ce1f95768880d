"""Modules without values: what a model is made of, before any memory is taken for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from typing import TypeVar

from ..signals import Held, whole

T = TypeVar("T")


class _Thread(threading.local):
    outlined = False


_thread = _Thread()


class outline(Held):
    """A context manager in which modules are built with the shapes of their parameters, and without their values.

    No memory is taken and no random number is drawn. Whoever builds so gives each parameter its ``array`` afterwards.

    >>> with outline():
    ...     layer = Linear(10**6, 10**6)
    >>> layer.weight.shape, layer.weight.array.strides
    ((1000000, 1000000), (0, 0))
    """

    def within(self) -> Generator[None]:
        return _outlined()


def _outlined() -> Generator[None]:
    before = _thread.outlined
    try:
        try:
            _thread.outlined = True
            yield
        finally:
            _thread.outlined = before
    finally:  # twice: Ctrl-C may hit the first
        _thread.outlined = before


@whole
def outlined_by(make: Callable[[], T]) -> T:
    """What ``make`` builds, as an outline. A handler of a signal waits: what it built would be one, too.

    >>> outlined_by(lambda: Linear(2, 3)).weight.shape
    (3, 2)
    """
    with outline():
        return make()


def outlined() -> bool:
    """Whether this thread builds outlines now."""
    return _thread.outlined
