"""Tensors that notice who reads them, while a function is traced.

What follows in Python from a value that was read would be the same in every later call, however the value changes.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any, cast

import numpy as np

from ..autograd.recording import thread
from ..autograd.tensor import Tensor
from ..ops import reduction

Array = np.ndarray[Any, Any]
SLOT: Any = Tensor.__dict__["array"]
GRAD: Any = Tensor.__dict__["grad"]
CLASS: Any = object.__dict__["__class__"]
WANTS: Any = Tensor.__dict__["requires_grad"]


def tracer_at_work() -> Any:
    """The tracer among those who watch this thread, if there is one."""
    watch: Any = thread.state.watch
    while watch is not None and not hasattr(watch, "trace"):
        watch = watch.outer
    return watch


class _Noticing:
    """What a Tensor of a trace has instead of Tensor's own."""

    __slots__ = ()

    @property
    def array(self) -> Array:
        tracer = tracer_at_work()
        if tracer is not None:
            tracer.read(sys._getframe(1))
        found: Array = SLOT.__get__(self)
        return found

    @array.setter
    def array(self, array: Array) -> None:
        tracer = tracer_at_work()
        if tracer is not None and not tracer.trusted:
            tracer.refuse("a Tensor is given another array")
        SLOT.__set__(self, array)

    @property
    def grad(self) -> Any:
        tracer, gradient = tracer_at_work(), GRAD.__get__(self)
        if tracer is not None and not tracer.trusted and gradient is None:
            tracer.refuse("a gradient that is not there yet is looked at")
        elif tracer is not None and not tracer.trusted:
            tracer.look_at([gradient])
        return gradient

    @grad.setter
    def grad(self, gradient: Any) -> None:
        tracer = tracer_at_work()
        if tracer is not None and not tracer.trusted:
            if gradient is None:
                return tracer.act(GRAD.__set__, (self, None), {})
            tracer.refuse("a gradient is assigned")
        return GRAD.__set__(self, gradient)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return type(self).noticing  # type: ignore[attr-defined]

    @property
    def requires_grad(self) -> bool:
        return bool(WANTS.__get__(self))

    @requires_grad.setter
    def requires_grad(self, wants: bool) -> None:
        tracer = tracer_at_work()
        if tracer is not None and not tracer.trusted:
            tracer.refuse("requires_grad is switched")
        WANTS.__set__(self, wants)

    def __reduce__(self) -> Any:
        made = Tensor.__reduce__(cast(Tensor, self))  # which reads the array
        return made[0], (type(self).noticing, *made[1][1:])  # type: ignore[attr-defined]

    def detach(self) -> Tensor:
        tracer, t = tracer_at_work(), self
        assert isinstance(t, Tensor)
        made = Tensor.wrap(SLOT.__get__(t), t.name)
        if tracer is not None:
            tracer.value_of(t)
            tracer.value_of(made)
            seize(made)
            tracer.held.append(made)
        return made

    def backward(
        self, gradient: Any = None, retain_graph: bool | None = None, create_graph: bool = False, inputs: Any = None
    ) -> None:
        tracer, t = tracer_at_work(), self
        assert isinstance(t, Tensor)
        if tracer is None:
            return Tensor.backward(t, gradient, retain_graph, create_graph, inputs)
        return tracer.backward(t, gradient, retain_graph, create_graph, inputs)

    def __bool__(self) -> bool:
        tracer, t = tracer_at_work(), self
        assert isinstance(t, Tensor)
        return Tensor.__bool__(t) if tracer is None or tracer.trusted else tracer.choose(t)

    def register_hook(self, hook: Callable[[Tensor], Any]) -> Any:
        tracer, t = tracer_at_work(), self
        assert isinstance(t, Tensor)
        if tracer is not None and hook is not reduction._once:  # which acts in second derivatives alone
            tracer.refuse("a hook")
        return Tensor.register_hook(t, hook)


def _reading(name: str) -> Any:
    """A method that gives Python's numbers, which every later call would repeat."""
    method = getattr(Tensor, name)

    def call(self: Any) -> Any:
        tracer = tracer_at_work()
        if tracer is not None and not tracer.trusted:
            tracer.refuse("the value of a Tensor is read outside of an op")
        return method(self)

    return call


for _name in ("item", "tolist", "__int__", "__float__", "__index__"):
    setattr(_Noticing, _name, _reading(_name))


@functools.cache
def _noticing(kind: Any) -> type:
    return type(kind.__name__, (_Noticing, kind), {"__slots__": (), "__module__": kind.__module__, "noticing": kind})


def seize(t: Tensor) -> None:
    if not hasattr(type(t), "noticing"):
        kind: Any = type(t)
        t.__class__ = _noticing(kind)


def release(t: Tensor) -> None:
    kind = getattr(type(t), "noticing", None)
    if kind is not None:
        CLASS.__set__(t, kind)


class Told:
    """A number that an act returned, while a function is traced: it may be returned in turn. All else is noted."""

    __slots__ = ("number", "tracer")

    def __init__(self, number: np.floating[Any], tracer: Any) -> None:
        self.number, self.tracer = number, tracer

    def __getattr__(self, name: str) -> Any:
        self.tracer.refuse("a number that changes is computed with")
        return getattr(self.number, name)


def _noting(name: str) -> Any:
    def call(self: Any, *args: Any, **settings: Any) -> Any:
        self.tracer.refuse("a number that changes is computed with")
        args = tuple([x.number if isinstance(x, Told) else x for x in args])
        return getattr(self.number, name)(*args, **settings)

    return call


for _name in ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "floordiv", "rfloordiv", "mod",
              "rmod",
              "divmod", "rdivmod", "pow", "rpow", "lt", "le", "gt", "ge", "eq", "ne", "float", "int", "bool", "round",
              "format", "repr", "str", "neg", "pos", "abs", "array", "hash"):  # fmt: skip
    setattr(Told, f"__{_name}__", _noting(f"__{_name}__"))
