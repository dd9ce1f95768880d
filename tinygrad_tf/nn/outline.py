"""Modules without values: what a model is made of, before any memory is taken for it."""

from __future__ import annotations

import threading
from collections.abc import Generator

from ..signals import Held


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


def outlined() -> bool:
    """Whether this thread builds outlines now."""
    return _thread.outlined
