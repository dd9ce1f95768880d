"""Which line of the user's code made each Tensor: looked up only where somebody asks for it."""

from __future__ import annotations

import linecache
import weakref
from pathlib import Path
from typing import Any

from ..debug import users_line
from ..op import state
from ..tensor import Tensor

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
        _lines[made.number] = users_line()
        weakref.finalize(made, _lines.pop, made.number, None)
        return made


def line_of(t: Tensor) -> str | None:
    """The file, number and text of the line that made ``t``, None unless it was recorded."""
    line = _lines.get(t.number)
    return None if line is None else _shown(line)


def _shown(line: str) -> str:
    """The file's name without its folders, the number and the text of a line."""
    path, number = line.rsplit(":", 1)
    return f"{Path(path).name}:{number}  {linecache.getline(path, int(number)).strip()}".rstrip()
