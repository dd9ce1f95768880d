"""Debug mode: stop where the first wrong number is made, and say which op, module and line of yours made it."""

from __future__ import annotations

import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from .errors import error
from .op import Array, Op, state
from .tensor import Tensor, made_by

_PACKAGE = str(Path(__file__).parent)


class debug:
    """Within it every result and every gradient is looked at, in this thread: a context manager.

    It raises at the first NaN or Inf, forward or backward (FloatingPointError); at an array that was written to between
    forward and backward (RuntimeError); at a rule that returns something else than arrays of floats (TypeError). The
    message names the op, the module it ran in and the line that called it. It costs about two more readings of every
    array.

    >>> x = Tensor([0.0, 1.0], requires_grad=True)
    >>> with debug():
    ...     x.log()  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    FloatingPointError: forward of log in no module, called at …
    """

    def __enter__(self) -> debug:
        self.before = state.make, state.debug
        self.numpy = np.errstate(all="ignore")  # what NumPy would warn of is reported here, with its place
        self.numpy.__enter__()
        self.lines: dict[int, str] = {}  # of each Tensor made here, by number: the user's line
        self.sums: dict[int, list[int]] = {}  # checksums of its value and inputs
        state.make, state.debug = self.make, self
        return self

    def __exit__(self, *problem: Any) -> None:
        self.numpy.__exit__(*problem)
        state.make, state.debug = self.before

    def make(
        self, op: Op | None, data: Any, inputs: tuple[Tensor, ...], params: dict[str, Any], saved: Any, scope: str,
        requires_grad: bool, name: str | None = None,
    ) -> Tensor:  # fmt: skip
        """Stand in for ``made_by``: look at the result first."""
        made = made_by(op, data, inputs, params, saved, scope, requires_grad, name)
        line = self.lines[made.number] = users_line()
        caller = op or sys._getframe(1).f_locals.get("self")  # without a graph nobody says which op it was
        self._stop_at_nonfinite(data, "forward", getattr(caller, "name", "an op"), scope or state.scope, line)
        if op is not None:
            self.sums[made.number] = [checksum(t.data) for t in (made, *inputs)]
        return made

    def step(self, Y: Tensor) -> None:
        """Before the rule of ``Y`` runs: are its value and its inputs what they were?"""
        for t, before in zip((Y, *Y.inputs), self.sums.get(Y.number, []), strict=False):
            if checksum(t.data) != before:
                raise error(RuntimeError, f"the gradient rule of {self._where(Y)}", {"array": t}, "an array that the "
                            "rule needs was modified by an inplace operation between forward and backward",
                            "write to a copy, or change parameters only after backward()")  # fmt: skip

    def sent(self, Y: Tensor, gradients: list[Array]) -> None:
        """After the rule of ``Y`` ran: did it return arrays of finite floats?"""
        assert Y.op is not None
        for X, dX in zip(Y.inputs, gradients, strict=False):
            if dX is None:
                continue
            if not isinstance(dX, (np.ndarray, np.generic, Tensor)) or dX.dtype.kind != "f":
                raise error(TypeError, f"the gradient rule of {self._where(Y)}", {"input": X, "its gradient": dX},
                            "a gradient is an array of floats", "mend the rule")  # fmt: skip
            array = dX.data if isinstance(dX, Tensor) else dX
            self._stop_at_nonfinite(array, "backward", Y.op.name, Y.scope, self.lines.get(Y.number, "?"), X)

    def _where(self, Y: Tensor) -> str:
        place = f" in {Y.scope}" if Y.scope else ""
        return f"{Y.op.name if Y.op else Y.name}{place}, called at {self.lines.get(Y.number, 'a line before debug()')}"

    def _stop_at_nonfinite(self, array: Any, way: str, op: str, scope: str, line: str, X: Tensor | None = None) -> None:
        if array.dtype.kind != "f" or np.isfinite(array).all():
            return
        nans, infs = int(np.isnan(array).sum()), int(np.isinf(array).sum())
        what = f"{nans} NaN and {infs} Inf among {array.size} entries"
        made = f"gradient of {X.name or 'an input'} {X.shape}" if X is not None else f"result {array.shape}"
        raise error(FloatingPointError, f"{way} of {op} in {scope or 'no module'}, called at {line},",
                    f"a {made} with {what}", "every number is finite; this is the first that is not",
                    "look at the inputs of this op: a log or a division by 0, an exp above 88, a learning rate that is "
                    "too large")  # fmt: skip


def users_line() -> str:
    """The innermost line outside this package that is running: file and line number."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def checksum(array: np.ndarray[Any, Any]) -> int:
    """A number that changes when the array does."""
    return zlib.crc32(np.ascontiguousarray(array).view(np.uint8).data) if array.size else 0
