"""A call of a function, noted: the ops that ran and what they ran on, and what else it did.

While a function is traced, the Tensors that ops make, and those that it was given, are of a class whose ``array`` is a
property. So whoever reads a value outside of an op is noticed: what follows from it in Python would be the same in
every later call, however the value changes.
"""

from __future__ import annotations

import functools
import inspect
import random as pythons_random
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

import numpy as np

from .. import random
from ..autograd import changes, dtypes, operation, recompute, tensor, walk
from ..autograd.debugging import Watcher
from ..autograd.operation import Op
from ..autograd.places import is_ours
from ..autograd.recording import thread
from ..autograd.tensor import Tensor
from ..autograd.walk import AGAIN
from ..ops import indexing, losses, methods, reduction
from ..ops.conversion import astype

Array = np.ndarray[Any, Any]
_SLOT: Any = Tensor.__dict__["array"]
_GRAD: Any = Tensor.__dict__["grad"]


@dataclass(eq=False)
class Value:
    """A value in a program. ``kind`` says where it comes from.

    argument: number ``index`` of those of the function. outside: the array of a Tensor that was there before.
    constant: an array that is the same in every call. made: by a call. drawn: by the package's generator.
    grad: what is in ``.grad`` of a Tensor at that moment. told: a number that an act gave.
    cut: the value ``of``, without its graph.
    """

    kind: str
    array: Any
    index: int = 0
    tensor: Tensor | None = None
    requires_grad: bool = False
    of: Value | None = None


@dataclass(eq=False)
class Call:
    """A call of an op: what it ran on, what it made and what its kernel kept."""

    op: Op
    inputs: tuple[Value | None, ...]
    params: dict[str, Any]  # in which Values stand for arrays
    made: Value
    saved: Any
    scope: Any


@dataclass(eq=False)
class Draw:
    draw: Callable[[], Any]
    made: Value


@dataclass(eq=False)
class Act:
    """A call of a function that changes something else, such as ``optimizer.step()``; ``made`` is what it returned."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    made: Value


@dataclass(eq=False)
class Backward:
    """``backward()`` of a value, with a gradient to start from or 1."""

    of: Value
    gradient: Value


@dataclass(eq=False)
class Choice:
    """What Python was told of a value that it asked for the truth of: ``if (ids == 0).any():``."""

    of: Value
    outcome: bool


Event = Call | Draw | Act | Backward | Choice


@dataclass
class Trace:
    """What a call did, in order; ``refused`` is why it cannot be done again as a program, and where."""

    events: list[Event] = field(default_factory=list)
    modules: list[Any] = field(default_factory=list)
    outside: dict[int, Value] = field(default_factory=dict)
    refused: str | None = None


class Tracer(Watcher):
    """Notes what happens within it."""

    def __init__(self) -> None:
        self.trace = Trace()
        self.values: dict[int, Value] = {}  # by the number of a Tensor
        self.arrays: dict[int, Value] = {}  # by the id of an array
        self.others: dict[int, Value] = {}  # what else is a value, by its id: masks, numbers that acts return
        self.held: list[Any] = []  # whatever an id was taken of
        self.trusted = 0
        self.leaves: dict[int, Tensor] = {}
        self.first = Tensor.wrap(np.zeros(())).number

    def __enter__(self) -> Tracer:
        super().__enter__()
        self.generator = random.get_state()
        self.elsewhere = _others_states()
        self.boundary = sys._getframe(1)
        return self

    def __exit__(self, *problem: Any) -> None:
        super().__exit__(*problem)
        for t in self.held:
            if isinstance(t, Tensor):
                _release(t)
        if problem[0] is None:
            self._check_draws()

    def look_at(self, tensors: Iterable[Tensor]) -> None:
        """Notice whoever reads these, or takes their gradients away, before an op has run on them."""
        for t in tensors:
            _seize(t)
            self.held.append(t)

    def refuse(self, why: str) -> None:
        """Note why the trace is no program; the call goes on."""
        if self.trace.refused is None:
            self.trace.refused = f"{why}, at {_place()}"

    def _check_draws(self) -> None:
        """Whether all that was drawn is noted: drawn again, it leaves the generators as they are."""
        if _others_states() != self.elsewhere:
            self.refuse("random numbers of NumPy's or Python's own generator")
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
        self._know(t, Value("argument", _SLOT.__get__(t), index, t, t.requires_grad))

    def _know(self, t: Tensor, value: Value) -> Value:
        self.values[t.number] = value
        if value.kind != "constant":
            if value.kind != "cut":
                self.arrays[id(value.array)] = value
            _seize(t)
        self.held += [t, value.array]
        return value

    def value_of(self, x: Any, array: Any = None) -> Value:
        """The value that an input of a call is. ``array`` is what the op was given of it."""
        if isinstance(x, Tensor):
            known = self.values.get(x.number)
            if known is None and (of := self.arrays.get(id(_SLOT.__get__(x)))) is not None:
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
        array = _SLOT.__get__(x)
        for leaf in self.leaves.values():
            if leaf.grad is x:
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
        if op is AGAIN:
            self.refuse("checkpoint()")
            return
        arrays = [_SLOT.__get__(x) if isinstance(x, Tensor) else x for x in inputs]
        if op.types is not None:
            arrays[op.keeps :] = dtypes.promote(arrays[op.keeps :], op.types)
        arrays = [x if x is None or isinstance(x, np.ndarray) else tensor.to_array(x) for x in arrays]
        values: list[Value | None] = []
        for x, array in zip(inputs, arrays, strict=True):
            value = None if x is None else self.value_of(x, array)
            if value is not None and isinstance(x, Tensor) and array is not _SLOT.__get__(x):
                value = self._cast(value, array)
            values.append(value)
        made = Value("made", _SLOT.__get__(Y), tensor=Y, requires_grad=Y.requires_grad)
        written = {name: self._setting(value) for name, value in params.items()}
        self.trace.events.append(Call(op, tuple(values), written, made, Y.saved, Y.scope))
        self._know(Y, made)

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

    def entered(self, module: Any) -> None:
        super().entered(module)
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
        args = tuple([list(a) if isinstance(a, Iterable) and iter(a) is a else a for a in args])
        if any(callable(a) for a in (*args[1:], *kwargs.values())):
            self.refuse(f"{function.__name__} with a function")
        given = [x for a in (*args, *kwargs.values()) for x in (a if isinstance(a, (list, tuple)) else [a])]
        for x in given:
            if isinstance(x, Tensor) and x.number > self.first and self.values[x.number].kind != "argument":
                self.refuse(f"{function.__name__} of a Tensor that was made here")
        self.trusted += 1
        try:
            result = super().act(function, args, kwargs)
        finally:
            self.trusted -= 1
        if isinstance(result, np.float64):
            result = Told(result)
            result.tracer = self
        made = self.others[id(result)] = Value("told", result)
        self.held.append(result)
        self.trace.events.append(Act(function, args, kwargs, made))
        self._look_at_gradients()
        return result

    def backward(self, Y: Tensor, gradient: Any, retain_graph: bool | None, create_graph: bool) -> None:
        """``Y.backward(…)`` in the function."""
        other = create_graph or retain_graph or not (gradient is None or isinstance(gradient, Tensor))
        if other or not Y.requires_grad:
            if Y.requires_grad:
                self.refuse("backward() with create_graph, retain_graph or an array")
            return Tensor.backward(Y, gradient, retain_graph, create_graph)
        array = _SLOT.__get__(Y)
        seed = Value("constant", np.ones_like(array)) if gradient is None else self.value_of(gradient)
        self.trace.events.append(Backward(self.value_of(Y), seed))
        self.trusted += 1
        try:
            Tensor.backward(Y, gradient, retain_graph)
        finally:
            self.trusted -= 1
        self._look_at_gradients()
        return None

    def _look_at_gradients(self) -> None:
        """The gradients of leaves are Tensors that nobody has seen; whoever reads them is noticed."""
        for leaf in [*self.leaves.values(), *[v.tensor for v in self.values.values() if v.kind == "argument"]]:
            if leaf is not None and leaf.grad is not None and leaf.grad.number not in self.values:
                self._know(leaf.grad, Value("grad", _SLOT.__get__(leaf.grad), tensor=leaf))

    def choose(self, t: Tensor) -> bool:
        """``bool(t)`` in the function."""
        if any(isinstance(e, (Act, Backward)) for e in self.trace.events):
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
            if frame.f_code in _MAY_READ:
                return
            frame = frame.f_back
        self.refuse("the value of a Tensor is read outside of an op")


# ---- Tensors that notice ---------------------------------------------------------------------------------------------


def _tracer() -> Tracer | None:
    watch: Any = thread.state.watch
    while watch is not None and not isinstance(watch, Tracer):
        watch = watch.outer
    return watch


class _Noticing:
    """What a Tensor of a trace has instead of Tensor's own."""

    __slots__ = ()

    @property
    def array(self) -> Array:
        tracer = _tracer()
        if tracer is not None:
            tracer.read(sys._getframe(1))
        found: Array = _SLOT.__get__(self)
        return found

    @array.setter
    def array(self, array: Array) -> None:
        tracer = _tracer()
        if tracer is not None and not tracer.trusted:
            tracer.refuse("a Tensor is given another array")
        _SLOT.__set__(self, array)

    @property
    def grad(self) -> Any:
        return _GRAD.__get__(self)

    @grad.setter
    def grad(self, gradient: Any) -> None:
        tracer = _tracer()
        if tracer is not None and not tracer.trusted:
            if gradient is None:
                return tracer.act(_GRAD.__set__, (self, None), {})
            tracer.refuse("a gradient is assigned")
        return _GRAD.__set__(self, gradient)

    def detach(self) -> Tensor:
        tracer, t = _tracer(), self
        assert isinstance(t, Tensor)
        made = Tensor.wrap(_SLOT.__get__(t), t.name)
        if tracer is not None:
            tracer.value_of(t)
            tracer.value_of(made)
            _seize(made)
            tracer.held.append(made)
        return made

    def backward(self, gradient: Any = None, retain_graph: bool | None = None, create_graph: bool = False) -> None:
        tracer, t = _tracer(), self
        assert isinstance(t, Tensor)
        if tracer is None:
            return Tensor.backward(t, gradient, retain_graph, create_graph)
        return tracer.backward(t, gradient, retain_graph, create_graph)

    def __bool__(self) -> bool:
        tracer, t = _tracer(), self
        assert isinstance(t, Tensor)
        return Tensor.__bool__(t) if tracer is None or tracer.trusted else tracer.choose(t)

    def register_hook(self, hook: Callable[[Tensor], Any]) -> Any:
        tracer, t = _tracer(), self
        assert isinstance(t, Tensor)
        if tracer is not None and not is_ours(hook.__code__):
            tracer.refuse("a hook")
        return Tensor.register_hook(t, hook)


def _others_states() -> Any:
    """The states of the generators that are not the package's."""
    _, key, *rest = np.random.get_state()
    return np.asarray(key).tobytes(), rest, pythons_random.getstate()


@functools.cache
def _noticing(kind: Any) -> type:
    return type(kind.__name__, (_Noticing, kind), {"__slots__": (), "__module__": kind.__module__, "noticing": kind})


def _seize(t: Tensor) -> None:
    if not hasattr(type(t), "noticing"):
        kind: Any = type(t)
        t.__class__ = _noticing(kind)


def _release(t: Tensor) -> None:
    kind = getattr(type(t), "noticing", None)
    if kind is not None:
        t.__class__ = kind


class Told(np.float64):
    """A number that an act returned: it may be returned in turn, and printed, but what follows from it is not."""

    tracer: Any = None


def _noting(name: str) -> Any:
    method = getattr(np.float64, name)

    def call(self: Any, *args: Any) -> Any:
        if self.tracer is not None:
            self.tracer.refuse("a number that changes is computed with")
        return method(self, *args)

    return call


for _name in ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "pow", "lt", "le", "gt", "ge", "eq",
              "ne", "float", "int", "bool", "round", "format", "repr", "str", "neg", "abs", "array"):  # fmt: skip
    if hasattr(np.float64, f"__{_name}__"):
        setattr(Told, f"__{_name}__", _noting(f"__{_name}__"))
Told.__hash__ = np.float64.__hash__  # type: ignore[method-assign]


def _codes(*functions: Any) -> set[CodeType]:
    return {f.__code__ for f in functions}


def _code_of_module(module: Any) -> set[CodeType]:
    return {f.__code__ for f in vars(module).values() if hasattr(f, "__code__") and f.__module__ == module.__name__}


#: What reads arrays as a part of an op, or looks at shapes and types only.
_MAY_READ: set[CodeType] = {
    *_codes(Op.call, Op.made, Op.gradients, Tensor.__len__, Tensor.requires_grad_, recompute.checkpoint),
    *_codes(*[getattr(Tensor, name).fget for name in ("shape", "dtype", "ndim")]),
    *_code_of_module(dtypes), *_codes(operation.fit, operation._as_input, operation._side_by_side, walk._send,
                                      walk._is_shared, walk._array, changes.is_newer, changes.wrote),
    *[c for c in Op._dispatcher.__code__.co_consts if isinstance(c, CodeType)],
}  # fmt: skip


_methods: Any = methods
#: Functions that look at shapes and types only, or check what NumPy would refuse or make NaN in a program, too.
_CHECKS = {
    _methods.size,
    _methods.dim,
    _methods.numel,
    indexing.along_index,
    losses.binary_cross_entropy,
    reduction._root,
}
_MAY_READ |= {inspect.unwrap(f).__code__ for f in _CHECKS}


def _place() -> str:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_back is not None and is_ours(frame.f_code):
        frame = frame.f_back
    assert frame is not None
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
