"""The progress bar of a training, which goes on when nobody can see it any more."""

from __future__ import annotations

import contextlib
import sys
from typing import Any, TextIO

from ..errors import error


class Progress:
    """A progress bar on standard error: a context manager.

    Where there is no standard error, when the terminal was closed, or the program that read from a pipe has ended, it
    falls silent. That is no reason to lose a training.
    """

    bar: Any = None

    def __init__(self, done: int, total: int) -> None:
        check_package()
        with _unseen():
            self.bar = bar(done, total)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *problem: Any) -> None:
        with _unseen():
            self.bar.close()

    def step(self, status: dict[str, str]) -> None:
        """One step more, with its numbers."""
        with _unseen():
            self.bar.set_postfix(status, refresh=False)
            self.bar.update()

    def say(self, text: str, to: TextIO | None = None) -> None:
        """A line of text above the bar, on standard error or ``to`` another stream."""
        with _unseen():
            self.bar.write(text, file=to or sys.stderr)


def _unseen() -> contextlib.suppress:
    """Whatever a window, a log or None raises that stands in place of a terminal."""
    return contextlib.suppress(Exception)


def bar(done: int, total: int) -> Any:
    """tqdm's bar."""
    from tqdm import tqdm

    # A terminal or a notebook rewrites the line; in a log file every update would be a line of its own.
    live = sys.stderr.isatty() or "ipykernel" in sys.modules
    seconds = 0.1 if live else 10
    return tqdm(total=total, initial=done, unit="step", dynamic_ncols=True, mininterval=seconds)


def check_package() -> None:
    """Raise ImportError without the package that draws it."""
    try:
        import tqdm  # noqa: F401
    except ImportError:
        raise error(
            ImportError,
            "Trainer.fit",
            got="no package tqdm",
            rule="it draws the progress bar",
            cure='pip install "tinygrad_tf[train]", or write fit(progress=False)',
        ) from None
