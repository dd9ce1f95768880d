"""A call of a function, noted: the ops that ran and what they ran on, and what else it did."""

from __future__ import annotations

import random as pythons_random
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from types import FrameType
from typing import Any

import numpy as np

from .. import random
from ..autograd import dtypes, tensor
from ..autograd.debugging import Watcher
from ..autograd.operation import Op
from ..autograd.places import is_ours
from ..autograd.tensor import Tensor
from ..autograd.walk import AGAIN
from ..ops.conversion import astype
from ..ops.indexing import _getitem as getitem
from .guards import Guard
from .noticing import GRAD, SLOT, Told, release, seize
from .reached import catches
from .readers import MAY_READ
from .trace import Act, Backward, Call, Choice, Draw, Trace, Value

Array = np.ndarray[Any, Any]


class Tracer(Watcher):
    """Notes what happens within it."""

    holds_arrays = True

    def __init__(self, guard: Guard) -> None:
        self.guard = guard  # of what the function reaches by name, before the call
        self.trace = Trace()
        self.values: dict[int, Value] = {}  # by the number of a Tensor
        self.arrays: dict[int, Value] = {}  # by the id of an array
        self.others: dict[int, Value] = {}  # what else is a value, by its id: masks, numbers that acts return
        self.held: list[Any] = []  # whatever an id was taken of
        self.trusted = 0
        self.changed = False  # whether what was done so far cannot be done again
        self.leaves: dict[int, Tensor] = {}
        self.first = Tensor.wrap(np.zeros(())).number

    def __enter__(self) -> Tracer:
        self.generator, self.source = random.get_state(), random.generator()
        self.elsewhere = _others_states()
        self.boundary = sys._getframe(1)
        super().__enter__()
        return self

    def within(self) -> Generator[None]:
        try:
            try:
                yield from super().within()
            finally:
                self._release()
        finally:  # twice, as in Held
            self._release()

    def _release(self) -> None:
        for t in self.held:
            if isinstance(t, Tensor):
                release(t)

    def look_at(self, tensors: Iterable[Tensor]) -> None:
        """Notice whoever reads these, or takes their gradients away, before an op has run on them."""
        for t in tensors:
            seize(t)
            self.held.append(t)

    def refuse(self, why: str) -> None:
        """Note why the trace is no program; the call goes on."""
        if self.trace.refused is None:
            self.trace.refused = f"{why}, at {_place()}"

    def check_draws(self) -> None:
        """Refuse unless all that was drawn is noted: drawn again, it leaves the generators as they are."""
        if _others_states() != self.elsewhere or random.generator() is not self.source:
            self.refuse("random numbers of NumPy's, Python's or somebody's own generator")
        with random.replayed(self.generator):
            for event in self.trace.events:
                if isinstance(event, Draw):
                    event.draw()
            end = random.get_state()
        if random.get_state() != end:
            self.refuse("random numbers other than those of dropout")

    # ---- values ------------------------------------------------------------------------------------------------------

    def argument(self, t: Tensor, index: int) -> None:
        """``t`` is an argument of the function."""
        self._know(t, Value("argument", SLOT.__get__(t), index, t, t.requires_grad))

    def _know(self, t: Tensor, value: Value) -> Value:
        self.values[t.number] = value
        if value.kind != "constant":
            if value.kind != "cut":
                self.arrays[id(value.array)] = value
            seize(t)
        self.held += [t, value.array]
        return value

    def value_of(self, x: Any, array: Any = None) -> Value:
        """The value that an input of a call is. ``array`` is what the op was given of it."""
        if isinstance(x, Tensor):
            known = self.values.get(x.number)
            root = known and (known.of or known)
            if root and root.kind == "grad" and root.array is not _array(GRAD.__get__(root.tensor)):
                self.refuse("the gradient of an earlier moment")
            if known is None and x.number < self.first and id(SLOT.__get__(x)) in self.arrays:
                self.refuse("two Tensors have one array")
            if known is None and (of := self.arrays.get(id(SLOT.__get__(x)))) is not None:
                known = self._know(x, Value("cut", of.array, of=of)) if of.requires_grad else of
            if x.requires_grad and (known is None or not known.requires_grad) and x.number > self.first:
                self.refuse("a leaf that requires a gradient, and was made here")
            return known or self._new(x)
        known = self.arrays.get(id(x)) or self.others.get(id(x))
        if known is not None:
            return known
        self.held.append(x)
        return Value("constant", np.asarray(x if array is None else array))

    def _new(self, x: Tensor) -> Value:
        """A Tensor that no call made: from outside, a gradient, or a constant that was made here."""
        array = SLOT.__get__(x)
        for leaf in self.leaves.values():
            if GRAD.__get__(leaf) is x:
                return self._know(x, Value("grad", array, tensor=leaf))
        if x.number > self.first:
            return self._know(x, Value("constant", array))
        if not x.is_leaf:
            self.refuse("a Tensor that was computed outside, and is no argument")
        value = self._know(x, Value("outside", array, tensor=x, requires_grad=x.requires_grad))
        self.trace.outside[x.number] = value
        if x.requires_grad:
            self.leaves[x.number] = x
        return value

    # ---- what happens ------------------------------------------------------------------------------------------------

    def made(self, op: Op, inputs: tuple[Any, ...], params: dict[str, Any], Y: Tensor) -> None:
        super().made(op, inputs, params, Y)
        if self.trusted:
            return
        self._look_for_handlers()
        if op is AGAIN or not op.repeats:
            self.refuse("checkpoint()" if op is AGAIN else f"{op.name}, whose forward leaves things in a ctx")
            return
        arrays = [SLOT.__get__(x) if isinstance(x, Tensor) else x for x in inputs]
        if op.types is not None:
            arrays[op.keeps :] = dtypes.promote(arrays[op.keeps :], op.types)
        arrays = [x if x is None or isinstance(x, np.ndarray) else tensor.to_array(x) for x in arrays]
        values: list[Value | None] = []
        for x, array in zip(inputs, arrays, strict=True):
            value = None if x is None else self.value_of(x, array)
            if value is not None and isinstance(x, Tensor) and array is not SLOT.__get__(x):
                value = self._cast(value, array)
            values.append(value)
        made = Value("made", SLOT.__get__(Y), tensor=Y, requires_grad=Y.requires_grad)
        written = {name: self._setting(value) for name, value in params.items()}
        self.trace.events.append(Call(op, tuple(values), written, made, Y.saved, Y.scope))
        self._know(Y, made)
        if op is getitem.op and _is_mask(written["index"]):
            self._shape_depends_on_values(made)

    def _shape_depends_on_values(self, made: Value) -> None:
        if self.changed:
            self.refuse("a shape that follows from values, after something was changed")
        self.trace.events.append(Choice(made, made.array.shape))

    def _cast(self, value: Value, array: Array) -> Value:
        """A value in the type that its op takes it in."""
        made = Value("made", array)
        self.held.append(array)
        self.arrays[id(array)] = made
        op: Op = astype.op
        self.trace.events.append(Call(op, (value,), {"dtype": array.dtype}, made, None, ""))
        return made

    def _setting(self, x: Any) -> Any:
        """A param with Values in place of arrays."""
        if isinstance(x, list):  # an index
            if tensor.holds_tensors(x):
                self.refuse("an index that is a list with Tensors in it")
            return Value("constant", np.asarray(x, None if x else np.int64))
        if isinstance(x, tuple):
            return tuple(map(self._setting, x))
        if isinstance(x, (Tensor, np.ndarray)) or id(x) in self.others:
            return self.value_of(x)
        return x

    def wrote(self, t: Tensor) -> None:
        super().wrote(t)
        if not self.trusted:
            self.refuse("a Tensor is written to")

    def entered(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        super().entered(module, args, kwargs)
        hooks = module._hooks
        if hooks and (hooks.before or hooks.after or hooks.backward):
            self.refuse("a module with hooks")
        self.trace.modules.append(module)
        for x in vars(module).values():
            if isinstance(x, Tensor) and x.number < self.first and x.number not in self.values:
                self._new(x)

    def drew(self, draw: Callable[[], Any], drawn: Any) -> None:
        super().drew(draw, drawn)
        made = self.others[id(drawn)] = Value("drawn", drawn)
        self.held.append(drawn)
        self.trace.events.append(Draw(draw, made))

    def act(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self.trusted:  # a part of another act
            return super().act(function, args, kwargs)
        args = tuple([list(a) if isinstance(a, Iterator) else a for a in args])
        if any(callable(a) for a in (*args[1:], *kwargs.values())):
            self.refuse(f"{function.__name__} with a function")
        given = [x for a in (*args, *kwargs.values()) for x in (a if isinstance(a, (list, tuple)) else [a])]
        for x in given:
            if isinstance(x, Tensor) and x.number > self.first and self.values[x.number].kind != "argument":
                self.refuse(f"{function.__name__} of a Tensor that was made here")
        if not isinstance(args[0], (Tensor, list)) and id(args[0]) not in self.guard.constants:
            self.refuse(f"{function.__name__} of an object that is made here, or found in a place that may change")
        self.trusted += 1
        try:
            if not self.guard.holds():
                self.refuse(f"before {function.__name__} it changes what it reaches by name or is given")
            result = super().act(function, args, kwargs)
        finally:
            self.trusted -= 1
        if isinstance(result, np.floating):
            result = Told(result, self)
        elif result is not None:
            self.refuse(f"{function.__name__} gives what may change")
        made = Value("told", result)
        if isinstance(result, Told):
            self.others[id(result)] = made
            self.held.append(result)
        self._did(Act(function, args, kwargs, made))
        return result

    def backward(
        self, Y: Tensor, gradient: Any, retain_graph: bool | None, create_graph: bool, inputs: Any = None
    ) -> None:
        """``Y.backward(…)`` in the function."""
        other = (
            create_graph or retain_graph or inputs is not None or not (gradient is None or isinstance(gradient, Tensor))
        )
        if other or not Y.requires_grad:
            if Y.requires_grad:
                self.refuse("backward() with create_graph, retain_graph, inputs or an array")
            return Tensor.backward(Y, gradient, retain_graph, create_graph, inputs)
        array = SLOT.__get__(Y)
        seed = Value("constant", np.ones_like(array)) if gradient is None else self.value_of(gradient)
        event = Backward(self.value_of(Y), seed)
        self.trusted += 1
        try:
            Tensor.backward(Y, gradient, retain_graph)
        finally:
            self.trusted -= 1
        self._did(event)
        return None

    def _did(self, event: Act | Backward) -> None:
        self.trace.events.append(event)
        self.changed |= event.changes
        self._look_for_handlers()
        self._look_at_gradients()

    def _look_for_handlers(self) -> None:
        """An error of a program, when something was changed, is raised at once: the function is not run again."""
        frame = sys._getframe(1) if self.changed else None
        while frame is not None and frame is not self.boundary:
            if not is_ours(frame.f_code) and catches(frame.f_code):
                self.refuse("an error after a change would be caught")
            frame = frame.f_back

    def _look_at_gradients(self) -> None:
        """The gradients of leaves are Tensors that nobody has seen; whoever reads them is noticed."""
        for leaf in [*self.leaves.values(), *[v.tensor for v in self.values.values() if v.kind == "argument"]]:
            gradient = None if leaf is None else GRAD.__get__(leaf)
            if gradient is not None and gradient.number not in self.values:
                self._know(gradient, Value("grad", SLOT.__get__(gradient), tensor=leaf))

    def choose(self, t: Tensor) -> bool:
        """``bool(t)`` in the function."""
        if self.changed:
            self.refuse("a condition on a value, after something was changed")
        self.trusted += 1
        try:
            outcome = Tensor.__bool__(t)
        finally:
            self.trusted -= 1
        self.trace.events.append(Choice(self.value_of(t), outcome))
        return outcome

    def read(self, frame: FrameType | None) -> None:
        """A value is read by the code of a frame."""
        if self.trusted:
            return
        while frame is not None and frame is not self.boundary:
            if frame.f_code in MAY_READ:
                return
            frame = frame.f_back
        self.refuse("the value of a Tensor is read outside of an op")


def _array(t: Tensor | None) -> Array | None:
    return None if t is None else SLOT.__get__(t)


def _is_mask(setting: Any) -> bool:
    """Whether a setting is an index with booleans that are no constants: how many are true changes."""
    if isinstance(setting, tuple):
        return any(map(_is_mask, setting))
    return isinstance(setting, Value) and setting.kind != "constant" and setting.array.dtype == np.bool_


def _others_states() -> Any:
    """The states of the generators that are not the package's."""
    _, key, *rest = np.random.get_state()
    return np.asarray(key).tobytes(), rest, pythons_random.getstate(), random.others_used()


def _place() -> str:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_back is not None and is_ours(frame.f_code):
        frame = frame.f_back
    assert frame is not None
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
