"""PyTorch's other ways to switch recording: by a flag, and under the name of its inference mode."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeVar

from ..autograd.recording import enable_grad, no_grad, thread

F = TypeVar("F", bound=Callable[..., Any])


class set_grad_enabled(no_grad):
    """Switch recording on or off from here on. As a context manager or a decorator it holds only within.

    >>> with set_grad_enabled(False):
    ...     is_grad_enabled()
    False
    >>> is_grad_enabled()
    True
    """

    def __init__(self, mode: bool) -> None:
        self.before, self.recording = thread.state.recording, bool(mode)
        thread.state.recording = self.recording

    def within(self) -> Generator[None]:
        state = thread.state
        try:
            try:
                state.recording = self.recording
                yield
            finally:
                state.recording = self.before  # what was before __init__
        finally:
            state.recording = self.before

    def __call__(self, function: F) -> F:
        thread.state.recording = self.before
        return super().__call__(function)

    def again(self) -> no_grad:
        return set_grad_enabled(self.recording)


def inference_mode(mode: Any = True) -> Any:
    """``no_grad()``; with ``mode=False`` ``enable_grad()``. What is computed within may be used outside.

    A decorator with or without brackets, as ``no_grad``.

    >>> with inference_mode():
    ...     is_grad_enabled()
    False
    """
    if callable(mode):
        return no_grad()(mode)
    return no_grad() if mode else enable_grad()
