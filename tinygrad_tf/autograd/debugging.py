"""Watchers. One of them is debug mode: it stops where the first wrong number is made, and says which op made it."""

from __future__ import annotations

import functools
import sys
import weakref
import zlib
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

from ..errors import error
from ..signals import Held
from ..wording.texts import named
from . import mistakes
from .operation import Op
from .places import is_ours
from .recording import thread
from .tensor import Array, Tensor

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


class Watcher(Held):
    """Is told what happens in its thread while it is entered; whoever was told before is still told, first.

    A subclass overrides what it wants to hear of, and calls ``super()``.
    """

    outer: Watcher | None = None
    holds_arrays = False

    def within(self) -> Generator[None]:
        state, outer = thread.state, thread.state.watch
        if self in _chain(outer):  # nested in itself: it is told already, and once
            yield
            return
        try:
            try:
                self.outer = outer
                state.watch = self
                yield
            finally:
                if self in _chain(state.watch):
                    state.watch = outer
        finally:
            if self in _chain(state.watch):
                state.watch = outer

    def made(self, op: Op, inputs: tuple[Any, ...], params: dict[str, Any], Y: Tensor) -> None:
        """``op`` was called on ``inputs`` and made ``Y``, which knows nothing of that where no gradient is needed."""
        if self.outer is not None:
            self.outer.made(op, inputs, params, Y)

    def wrote(self, t: Tensor) -> None:
        """The array of ``t`` was written to, by no op."""
        if self.outer is not None:
            self.outer.wrote(t)

    def entered(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """A module is called with these arguments."""
        if self.outer is not None:
            self.outer.entered(module, args, kwargs)

    def drew(self, draw: Callable[[], Any], drawn: Any) -> None:
        """``draw()`` gave ``drawn``, from the package's generator."""
        if self.outer is not None:
            self.outer.drew(draw, drawn)

    def act(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call a function that changes something else than its result: gradients, parameters, a schedule."""
        return function(*args, **kwargs) if self.outer is None else self.outer.act(function, args, kwargs)

    def step(self, Y: Tensor) -> None:
        """The walk backward is about to run the rule of ``Y``."""
        if self.outer is not None:
            self.outer.step(Y)

    def sent(self, Y: Tensor, gradients: Sequence[Array]) -> None:
        """The rule of ``Y`` returned ``gradients``, one for each input or None."""
        if self.outer is not None:
            self.outer.sent(Y, gradients)

    def stopped(self, Y: Tensor) -> None:
        """The rule of ``Y`` raised an exception."""
        if self.outer is not None:
            self.outer.stopped(Y)


def _chain(watch: Watcher | None) -> Iterator[Watcher]:
    """Who is told, from the innermost on."""
    while watch is not None:
        yield watch
        watch = watch.outer


def acts(function: F) -> F:
    """Decorator of a function that changes something else than its result: watchers are told of each call."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        watch = thread.state.watch
        return function(*args, **kwargs) if watch is None else watch.act(function, args, kwargs)

    return call  # type: ignore[return-value]


def drawn(draw: Callable[[], T]) -> T:
    """What ``draw()`` gives from the package's generator; watchers are told, so that they can draw again."""
    made = draw()
    if thread.state.watch is not None:
        thread.state.watch.drew(draw, made)
    return made


class debug(Watcher):
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

    lines: dict[int, str]  # of each Tensor made here, by number: the user's
    sums: dict[int, list[int]]  # checksums of its value and inputs
    running: list[Tensor]  # whose rules run now, one inside the other where gradients are recorded

    def within(self) -> Generator[None]:
        outer = [watch for watch in _chain(thread.state.watch) if isinstance(watch, debug)]
        if self not in outer:
            self.lines, self.sums, self.running = ({}, {}, []) if not outer else (outer[0].lines, outer[0].sums, [])
        with np.errstate(all="ignore"):  # what NumPy would warn of is reported here, with its place
            yield from super().within()

    def made(self, op: Op, inputs: tuple[Any, ...], params: dict[str, Any], Y: Tensor) -> None:
        """Look at a result, and note the line that it comes from and what it was made of."""
        super().made(op, inputs, params, Y)
        line = self.lines[Y.number] = users_line()
        weakref.finalize(Y, _forget, Y.number, self.lines, self.sums)
        array = Y.array
        if not _all_finite(array) and (
            np.isnan(array).any() or (array == np.inf).any() or not any(map(_is_masked, inputs))
        ):
            if self.running:
                raise _stopped("backward", self.place(self.running[-1]), f"a result {Y.shape} of {op.name}", array)
            raise _stopped("forward", _place(op, Y.scope or thread.state.scope, line), f"a result {Y.shape}", array)
        if Y.op is not None:
            self.sums[Y.number] = [checksum(t.array) for t in (Y, *Y.inputs)]

    def step(self, Y: Tensor) -> None:
        """Before the rule of ``Y`` runs: are its value and its inputs what they were?"""
        super().step(Y)
        for t, before in zip((Y, *Y.inputs), self.sums.get(Y.number, []), strict=False):
            if checksum(t.array) != before:
                raise error(
                    RuntimeError,
                    f"the gradient rule of {self.place(Y)}",
                    got={"array": t},
                    rule=(
                        "an array that the rule needs was modified by an inplace operation between forward and backward"
                    ),
                    cure="write to a copy, or change parameters only after backward()",
                )
        if Y.op is not None and Y.op.backward is not None:  # not what checkpoint() made: that is a forward, run again
            self.running.append(Y)

    def stopped(self, Y: Tensor) -> None:
        super().stopped(Y)
        self.running.pop()

    def sent(self, Y: Tensor, gradients: Sequence[Array]) -> None:
        """After the rule of ``Y`` ran: did it return arrays of finite floats?"""
        super().sent(Y, gradients)
        self.running.pop()
        if not isinstance(gradients, (tuple, list)) or len(gradients) < len(Y.inputs):
            raise mistakes.too_few_gradients(self.place(Y), Y, gradients)
        for X, dX in zip(Y.inputs, gradients, strict=False):
            if dX is None:
                continue
            if not isinstance(dX, (np.ndarray, np.generic, Tensor)) or dX.dtype.kind != "f" or not _fits(dX, X):
                raise mistakes.wrong_gradient(self.place(Y), X, dX)
            array = dX.array if isinstance(dX, Tensor) else dX
            if not _all_finite(array):
                called = named(X.name or "", unnamed="an input")
                raise _stopped("backward", self.place(Y), f"a gradient of {called} {X.shape}", array)

    def place(self, Y: Tensor) -> str:
        """The op that made ``Y``, its module and the line that called it."""
        assert Y.op is not None
        return _place(Y.op, Y.scope, self.lines.get(Y.number, "a line before debug()"))


def _forget(number: int, *notes: dict[int, Any]) -> None:
    """What was noted of a Tensor goes with it."""
    for noted in notes:
        noted.pop(number, None)


def _place(op: Op, scope: str, line: str) -> str:
    return f"{op.name} in {named(scope) or 'no module'}, called at {named(line)},"


def _fits(dX: Array, X: Tensor) -> bool:
    """Whether a gradient has the shape of its input, up to broadcasting."""
    lead = dX.ndim - X.ndim
    return lead >= 0 and all(n in (1, m) for n, m in zip(X.shape, dX.shape[lead:], strict=True))


def _is_masked(X: Any) -> bool:
    """Whether an input holds the −inf of a mask. A parameter with −inf is a mistake."""
    array = X.array if isinstance(X, Tensor) else np.asarray(X)
    is_parameter = isinstance(X, Tensor) and X.requires_grad and X.is_leaf
    return not is_parameter and array.dtype.kind == "f" and bool((array == -np.inf).any())


def _all_finite(array: Any) -> bool:
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())


def _stopped(way: str, place: str, made: str, array: Any) -> FloatingPointError:
    nans, infs = int(np.isnan(array).sum()), int(np.isinf(array).sum())
    return error(
        FloatingPointError,
        f"{way} of {place}",
        got=f"{made} with {nans} NaN and {infs} Inf among {array.size} entries",
        rule="every number is finite; this is the first that is not",
        cure="look at the inputs of this op: a log or a division by 0, an exp above 88, too large a learning rate",
    )


def users_line() -> str:
    """The innermost line outside this package that is running: file and line number."""
    frame = sys._getframe(1)
    while frame.f_back is not None and is_ours(frame.f_code):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def checksum(array: np.ndarray[Any, Any]) -> int:
    """A number that changes when the array does."""
    return zlib.crc32(np.ascontiguousarray(array).view(np.uint8).data) if array.size else 0
