"""Debug mode: stop where the first wrong number is made, and say which op, module and line of yours made it."""

from __future__ import annotations

import os
import sys
import weakref
import zlib
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

from .errors import error
from .op import Array, Op, state
from .tensor import Tensor, made_by

_PACKAGE = str(Path(__file__).parent) + os.sep


class Place(NamedTuple):
    """Where a rule ran, said in place of the op's name alone."""

    name: str


class debug:
    """Within it every result and every gradient is looked at, in this thread: a context manager.

    It raises at the first NaN or Inf, forward or backward (FloatingPointError); at an array that was written to between
    forward and backward, and at a rule that returns something else than a float array for each input (RuntimeError).
    The message names the op, the module it ran in and the line that called it. The −inf of a mask that went into an op
    may come out of it again. It costs about two more readings of every array.

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
        outer = state.debug  # one inside another knows what that has seen
        self.lines: dict[int, str] = outer.lines if outer else {}  # of each Tensor made here, by number: the user's
        self.sums: dict[int, list[int]] = outer.sums if outer else {}  # checksums of its value and inputs
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
        weakref.finalize(made, _forget, made.number, self.lines, self.sums)
        if not _all_finite(data):
            call = sys._getframe(1).f_locals  # of Op.__call__: without a graph nobody else says what was called
            called, given = op or call["self"], inputs or call["inputs"]
            if np.isnan(data).any() or (data == np.inf).any() or not any(map(_is_masked, given)):
                rule = _running_rule()
                where = rule or _place(called, scope or state.scope, line)
                what = f"a result {data.shape}" + (f" of {called.name}" if rule else "")
                raise _stopped("backward" if rule else "forward", where, what, data)
        if op is not None:
            self.sums[made.number] = [checksum(t.data) for t in (made, *inputs)]
        return made

    def step(self, Y: Tensor) -> Place:
        """Before the rule of ``Y`` runs: are its value and its inputs what they were? Where it is."""
        place = self.place(Y)
        for t, before in zip((Y, *Y.inputs), self.sums.get(Y.number, []), strict=False):
            if checksum(t.data) != before:
                raise error(RuntimeError, f"the gradient rule of {place.name}", {"array": t}, "an array that the rule "
                            "needs was modified by an inplace operation between forward and backward",
                            "write to a copy, or change parameters only after backward()")  # fmt: skip
        return place

    def place(self, Y: Tensor) -> Place:
        assert Y.op is not None
        return _place(Y.op, Y.scope, self.lines.get(Y.number, "a line before debug()"))

    def sent(self, Y: Tensor, gradients: list[Array], place: Place) -> None:
        """After the rule of ``Y`` ran: did it return arrays of finite floats?"""
        for X, dX in zip(Y.inputs, gradients, strict=False):
            if dX is None:
                continue
            if not isinstance(dX, (np.ndarray, np.generic, Tensor)) or dX.dtype.kind != "f":
                raise error(RuntimeError, f"the gradient rule of {place.name}", {"input": X, "its gradient": dX},
                            "a gradient is an array of floats", "mend the rule")  # fmt: skip
            array = dX.data if isinstance(dX, Tensor) else dX
            if not _all_finite(array):
                raise _stopped("backward", place, f"a gradient of {X.name or 'an input'} {X.shape}", array)


def _forget(number: int, *notes: dict[int, Any]) -> None:
    """What was noted of a Tensor goes with it."""
    for noted in notes:
        noted.pop(number, None)


def _place(op: Op, scope: str, line: str) -> Place:
    return Place(f"{op.name} in {scope or 'no module'}, called at {line},")


def _is_masked(X: Any) -> bool:
    """Whether an input holds the −inf of a mask. A parameter with −inf is a mistake."""
    array = X.data if isinstance(X, Tensor) else np.asarray(X)
    is_parameter = isinstance(X, Tensor) and X.requires_grad and X.is_leaf
    return not is_parameter and array.dtype.kind == "f" and bool((array == -np.inf).any())


def _all_finite(array: Any) -> bool:
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def _stopped(way: str, place: Place, made: str, array: Any) -> FloatingPointError:
    nans, infs = int(np.isnan(array).sum()), int(np.isinf(array).sum())
    return error(FloatingPointError, f"{way} of {place.name}", f"{made} with {nans} NaN and {infs} Inf among "
                 f"{array.size} entries", "every number is finite; this is the first that is not",
                 "look at the inputs of this op: a log or a division by 0, an exp above 88, a learning rate that is "
                 "too large")  # fmt: skip


def users_line() -> str:
    """The innermost line outside this package that is running: file and line number."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _running_rule() -> Place | None:
    """Where the rule is that made this call, if one did: those of ``create_graph`` call ops."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code is not Op.gradients.__code__:
        frame = frame.f_back
    return None if frame is None else frame.f_locals["by"]


def checksum(array: np.ndarray[Any, Any]) -> int:
    """A number that changes when the array does."""
    return zlib.crc32(np.ascontiguousarray(array).view(np.uint8).data) if array.size else 0
