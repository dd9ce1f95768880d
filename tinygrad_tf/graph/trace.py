"""Which line of the user's code made each Tensor: looked up only where somebody asks for it."""

from __future__ import annotations

import linecache
import sys
import weakref
from pathlib import Path
from typing import Any

from ..op import state
from ..tensor import Tensor

_PACKAGE = str(Path(__file__).parents[1])
_lines: dict[int, str] = {}  # by Tensor.number; == of Tensors compares entries, so they are no keys


class record:
    """Within it each result remembers the line of your code that made it, for :func:`explore` to show.

    A context manager around the forward. Without it nothing is remembered, and nothing is paid.

    >>> x = Tensor([2.0], requires_grad=True)
    >>> with record():
    ...     y = x * x
    >>> line_of(y) is not None and line_of(x) is None
    True
    """

    def __enter__(self) -> record:
        self.before = state.make
        state.make = self.make  # type: ignore[assignment]
        return self

    def __exit__(self, *problem: Any) -> None:
        state.make = self.before

    def make(self, *args: Any) -> Tensor:
        """Stand in for what builds the results, and note the line beside each."""
        made = self.before(*args)
        _lines[made.number] = _users_line()
        weakref.finalize(made, _lines.pop, made.number, None)
        return made


def line_of(t: Tensor) -> str | None:
    """The file, number and text of the line that made ``t``, None unless it was recorded."""
    return _lines.get(t.number)


def _users_line() -> str:
    """The innermost line outside this package that is running."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    name, number = frame.f_code.co_filename, frame.f_lineno
    text = linecache.getline(name, number, frame.f_globals).strip()
    return f"{Path(name).name}:{number}  {text}".rstrip()
