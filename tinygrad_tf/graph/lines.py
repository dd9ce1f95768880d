"""Which line of the user's code made each Tensor: looked up only where somebody asks for it."""

from __future__ import annotations

import linecache
import weakref
from pathlib import Path
from typing import Any

from ..autograd.debugging import Watcher, users_line
from ..autograd.operation import Op
from ..autograd.tensor import Tensor
from ..wording.texts import named

_lines: dict[int, str] = {}  # by Tensor.number; == of Tensors compares entries, so they are no keys


class record(Watcher):
    """Within it each result remembers the line of your code that made it, for :func:`explore` to show.

    A context manager around the forward. Without it nothing is remembered, and nothing is paid.

    >>> x = Tensor([2.0], requires_grad=True)
    >>> with record():
    ...     y = x * x
    >>> line_of(y) is not None and line_of(x) is None
    True
    """

    def made(self, op: Op, inputs: tuple[Any, ...], params: dict[str, Any], Y: Tensor) -> None:
        super().made(op, inputs, params, Y)
        _lines[Y.number] = users_line()
        weakref.finalize(Y, _lines.pop, Y.number, None)


def line_of(t: Tensor) -> str | None:
    """The file, number and text of the line that made ``t``, None unless it was recorded."""
    line = _lines.get(t.number)
    return None if line is None else _shown(line)


def _shown(line: str) -> str:
    """The file's name without its folders, the number and the text of a line."""
    path, number = line.rsplit(":", 1)
    return named(f"{Path(path).name}:{number}  {linecache.getline(path, int(number)).strip()}".rstrip())
