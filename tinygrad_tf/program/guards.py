"""What a program relies on besides its arguments: is it still what it was when the function was traced?

It is one function of Python, made once, which compares what the traced function can reach by name: numbers and texts by
their value, small arrays by their entries, Tensors and other objects by identity, and of Tensors the shape, the type
and whether they want a gradient.
"""

from __future__ import annotations

import functools
import inspect
import math
import random
import sys
import time
import types
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ..autograd.places import is_ours
from ..autograd.tensor import Tensor

_PLAIN = (type(None), bool, int, float, complex, str, bytes, np.generic, np.dtype)
_MOST = 20_000  # conditions
_LARGE = 1 << 20  # bytes of an array
_DEEPEST = 8
_CLOCKS = {"time", "perf_counter", "monotonic", "process_time", "time_ns", "perf_counter_ns"}
_GONE = "(KeyError, IndexError, AttributeError, ValueError, TypeError)"


class Guard:
    """``holds()`` says whether all is as it was.

    ``reached`` are the numbers of the Tensors that it looks at; ``tensors`` are these and the parameters of modules
    that it came by. ``unknown`` says what it cannot watch, if there is anything.
    """

    def __init__(self, functions: Iterable[Any], modules: Iterable[Any], objects: Iterable[Any]) -> None:
        self.names: set[str] = set()  # by which the functions may reach attributes
        before = -1
        while len(self.names) > before:  # again with all names that were found
            before = len(self.names)
            self.unknown: str | None = None
            self.space: dict[str, Any] = {"fingerprint": fingerprint, "sampled": sampled}
            self.constants: dict[int, str] = {}
            self.conditions: dict[str, None] = {}  # in their order, each once
            self.reached: set[int] = set()
            self.tensors: list[Tensor] = []
            self.seen: set[int] = set()
            for function in functions:
                self._function(function)
            for module in modules:
                self._value(self._constant(module), module)
            for x in objects:
                self._value(self._constant(x), x)
        body = "\n".join(f"    if not ({c}): return False" for c in self.conditions)
        text = f"def holds():\n  try:\n{body}\n    return True\n  except {_GONE}:\n    return False"
        exec(compile(text, "<guard>", "exec"), self.space)
        self.holds: Callable[[], bool] = self.space["holds"]

    def _constant(self, x: Any) -> str:
        name = self.constants.get(id(x))
        if name is None:
            name = self.constants[id(x)] = f"k{len(self.space)}"
            self.space[name] = x
        return name

    def _ask(self, condition: str) -> None:
        self.conditions[condition] = None

    def _is_new(self, x: Any) -> bool:
        new = id(x) not in self.seen
        self.seen.add(id(x))
        return new

    def _function(self, function: Any) -> None:
        """What a function reaches: names of its module, what it closes over, its defaults, and what it belongs to."""
        if hasattr(type(function), "named_parameters"):
            self._value(self._constant(function), function)
            function = type(function).forward
        owner = getattr(function, "__self__", None)
        function = getattr(function, "__func__", function)
        if owner is not None and not isinstance(owner, types.ModuleType):
            self._value(self._constant(owner), owner)
        if isinstance(vars(type(function)).get("programs"), property):  # a compiled one, as a method
            self._function(function.__wrapped__)
            return
        if (
            callable(function)
            and not isinstance(function, (types.FunctionType, type))
            and not _is_library(type(function))
        ):
            self._value(self._constant(function), function)
        if not isinstance(function, types.FunctionType) or is_ours(function.__code__) or not self._is_new(function):
            return
        codes = list(_codes(function.__code__))
        used = {name for code in codes for name in code.co_names}
        self.names |= used | {c for code in codes for c in code.co_consts if isinstance(c, str) and c.isidentifier()}
        self._ask(f"{self._constant(function)}.__code__ is {self._constant(function.__code__)}")
        for cell in function.__closure__ or ():
            try:
                self._value(f"{self._constant(cell)}.cell_contents", cell.cell_contents)
            except ValueError:  # not yet given
                continue
        space = self._constant(function.__globals__)
        for name in sorted(used & function.__globals__.keys()):
            self._value(f"{space}[{name!r}]", function.__globals__[name])
        for part in ("__defaults__", "__kwdefaults__"):
            if getattr(function, part):
                self._value(f"{self._constant(function)}.{part}", getattr(function, part))

    def _value(self, path: str, x: Any, depth: int = 0) -> None:
        if len(self.conditions) > _MOST or depth > _DEEPEST:
            self.unknown = "it reaches more by name than can be watched"
            return
        if x is None or isinstance(x, bool):
            self._ask(f"{path} is {x}")
            return
        if isinstance(x, (float, np.floating)) and (x == 0 or x != x):  # −0.0 equals 0.0, NaN not even itself
            self._ask(f"type({path}) is {self._constant(type(x))} and repr({path}) == {repr(x)!r}")
            return
        if isinstance(x, _PLAIN):
            short = type(x) in (int, float, str) and len(repr(x)) < 99 and x not in (math.inf, -math.inf)
            said = repr(x) if short else self._constant(x)
            self._ask(f"type({path}) is {self._constant(type(x))} and {path} == {said}")
            return
        if not isinstance(x, types.MethodType):  # which is another each time
            same = self._constant(x)
            if path != same:
                self._ask(f"{path} is {same}")
            path = same  # from here on it is the object itself that is looked at
        if isinstance(x, Tensor):
            self._tensor(path, x)
        elif isinstance(x, np.ndarray):
            self._array(path, x)
        elif isinstance(x, (types.FunctionType, types.MethodType)):
            if not _is_installed(x):
                self._function(x)
                own = vars(getattr(x, "__func__", x))
                self._named(path, x, {n: v for n, v in own.items() if n != "__wrapped__"}, depth)
        elif isinstance(vars(type(x)).get("programs"), property):  # another compiled function
            self._value(f"{path}.__wrapped__", x.__wrapped__, depth + 1)
        elif isinstance(x, Iterator):
            self.unknown = "an iterator moves on with each call"
        elif x is time and self.names & _CLOCKS:
            self.unknown = "the clock is looked at"
        elif isinstance(x, np.random.Generator):
            state = f"{path}.bit_generator.state"
            self._ask(f"{state} == {self._constant(x.bit_generator.state)}")
        elif isinstance(x, random.Random):
            self._ask(f"{path}.getstate() == {self._constant(x.getstate())}")
        elif isinstance(x, functools.partial):
            for part in ("func", "args", "keywords"):
                self._value(f"{path}.{part}", getattr(x, part), depth + 1)
        elif self._is_new(x):
            self._container(path, x, depth)

    def _container(self, path: str, x: Any, depth: int) -> None:
        if isinstance(x, (list, tuple)):
            self._ask(f"len({path}) == {len(x)}")
            for i, part in enumerate(x):
                self._value(f"{path}[{i}]", part, depth + 1)
        elif isinstance(x, dict):
            self._ask(f"len({path}) == {len(x)}")
            for key, part in list(x.items()):
                self._value(f"{path}[{self._constant(key)}]", part, depth + 1)
        elif isinstance(x, (set, frozenset)):
            self._ask(f"{path} == {self._constant(frozenset(x))}")
        elif hasattr(type(x), "named_parameters"):
            self._module(path, x)
        elif isinstance(x, (type, types.ModuleType)):
            if not _is_library(x):
                self._named(path, x, vars(x), depth)
        elif not _is_library(type(x)):
            slots = {n for kind in type(x).__mro__ for n in _as_tuple(vars(kind).get("__slots__", ()))}
            held = {name: getattr(x, name) for name in slots if hasattr(x, name)}
            self._named(path, x, {**held, **getattr(x, "__dict__", {})}, depth)
            self._methods(type(x))

    def _named(self, path: str, x: Any, own: Any, depth: int) -> None:
        """Those attributes that the functions name, and plain ones of the class."""
        for name in sorted(self.names):
            if name in own:
                part = own[name]
                if isinstance(part, (staticmethod, classmethod, property)):
                    self._function(getattr(part, "__func__", None) or getattr(part, "fget", None))
                else:
                    self._value(f"{path}.{name}", part, depth + 1)
            elif not name.startswith("__") and isinstance(part := inspect.getattr_static(x, name, self), _PLAIN):
                self._value(f"{path}.{name}", part, depth + 1)  # of its class

    def _methods(self, kind: type) -> None:
        """The methods of a user's class that the functions name."""
        for name in sorted({*self.names, "__call__"}):
            owner = next((k for k in kind.__mro__ if name in vars(k)), object)
            method = vars(owner).get(name)
            if method is not None and not isinstance(method, _PLAIN) and not _is_library(owner):
                self._ask(f"{self._constant(owner)}.__dict__.get({name!r}) is {self._constant(method)}")
                self._function(getattr(method, "fget", None) or getattr(method, "__func__", method))

    def _module(self, path: str, x: Any) -> None:
        """All attributes of a module that was called, its mode, and that it has no hooks."""
        self.names.add("forward")
        hooks = f"{path}._hooks"
        own = f"{path}.__dict__"
        beside = {"_paths", "training"}  # which come and go
        self._ask(f"len({own}) - ('_paths' in {own}) - ('training' in {own}) == {len(vars(x).keys() - beside)}")
        self._ask(f"{path}.training is {x.training}")
        self._ask(f"{hooks} is None or not ({hooks}.before or {hooks}.after or {hooks}.backward)")
        for name, part in list(vars(x).items()):
            if isinstance(part, np.ndarray) and part.nbytes > _LARGE and part.dtype != object:  # a table of positions
                self._ask(f"{own}[{name!r}] is {self._constant(part)}")
                self._ask(f"sampled({self._constant(part)}) == {self._constant(sampled(part))}")
            elif name not in beside:
                self._value(f"{path}.__dict__[{name!r}]", part, 1)
        for name in sorted(self.names - vars(x).keys()):
            part = inspect.getattr_static(x, name, self)
            if isinstance(part, _PLAIN) and not name.startswith("__"):
                self._value(f"{path}.{name}", part, 1)
        self._function(type(x).forward)
        self._methods(type(x))

    def _tensor(self, path: str, x: Tensor) -> None:
        if x.number in self.reached:
            return
        self.reached.add(x.number)
        self.tensors.append(x)
        dtype, wants = self._constant(x.dtype), x.requires_grad
        own = getattr(x, "__dict__", None)  # a Parameter's attributes
        more = "" if own is None else f" and len({path}.__dict__) == {len(own)}"
        self._ask(f"(a := {path}.array).shape == {x.shape} and a.dtype is {dtype} and a.strides == {x.array.strides}"
                  f" and {path}.requires_grad is {wants} and {path}.hooks is None{more}")  # fmt: skip
        for name, value in (own or {}).items():
            self._value(f"{path}.{name}", value, 1)

    def _array(self, path: str, x: np.ndarray[Any, Any]) -> None:
        """An array's entries: what the function computes from them in NumPy is a constant of its program."""
        if x.nbytes > _LARGE or x.dtype == object:
            self.unknown = (
                f"an array {x.shape} that it reaches by name is too large to be watched; give it as an argument"
            )
        elif self._is_new(x):
            self._ask(f"fingerprint({path}) == {self._constant(fingerprint(x))}")


def fingerprint(x: np.ndarray[Any, Any]) -> Any:
    """Changes when an array's shape, type or entries do."""
    return x.shape, x.strides, x.dtype, zlib.crc32(np.ascontiguousarray(x).view(np.uint8).data) if x.size else 0


def sampled(x: np.ndarray[Any, Any]) -> Any:
    """The fingerprint of some entries of a large array."""
    return fingerprint(x.reshape(-1)[:: max(1, x.size // 16_384)])


def _codes(code: types.CodeType) -> Iterable[types.CodeType]:
    yield code
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from _codes(inner)


def _as_tuple(slots: Any) -> tuple[str, ...]:
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _is_library(x: Any) -> bool:
    """Whether a class or a module is Python's, this package's, or was installed."""
    name = str(x.__name__ if isinstance(x, types.ModuleType) else x.__module__).split(".")[0]
    if name == "tinygrad_tf":  # of an optimiser or a schedule what is named is looked at
        return isinstance(x, types.ModuleType) or ".optim" not in str(x.__module__)
    if name in ("numpy", "builtins") or (name in sys.stdlib_module_names and name != "__main__"):
        return True
    return "site-packages" in str(getattr(sys.modules.get(name), "__file__", None))


def _is_installed(function: Any) -> bool:
    file = getattr(function, "__func__", function).__code__.co_filename
    return "site-packages" in file or file.startswith("<frozen")
