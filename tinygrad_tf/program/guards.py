"""What a program relies on besides its arguments: is it still what it was when the function was traced?

It is one function of Python, made once, which compares what the traced function can reach by name: numbers and texts by
their value, small arrays by their entries, Tensors and other objects by identity, and of Tensors the shape, the type
and whether they want a gradient.
"""

from __future__ import annotations

import builtins
import functools
import inspect
import math
import random
import sys
import types
from collections.abc import Callable, Iterable, Iterator, KeysView, Mapping, Set
from typing import Any

import numpy as np

from ..autograd.places import is_ours
from ..autograd.tensor import Tensor
from .reached import (
    LOOKS_UP,
    Code,
    carried_by,
    fingerprint,
    is_empty,
    is_fixed,
    is_installed,
    is_library,
    moves,
    sampled,
)

_PLAIN = (type(None), bool, int, float, complex, str, bytes, np.generic, np.dtype)
_MOST = 20_000  # conditions
_LARGE = 1 << 20  # bytes of an array
_DEEPEST = 8
#: Bytes of an object that holds nothing but its attributes.
_BARE = type("Bare", (), {}).__basicsize__
#: Methods that a program does not come by, or that make texts; those that make an object belong to calls of its class.
_ASIDE = {"__repr__", "__str__", "__format__", "__del__", "__reduce__", "__getstate__", "__setstate__", "__setattr__",
          "__delattr__", "__hash__", "__dict__", "__weakref__"}  # fmt: skip
_MAKING = {"__init__", "__new__", "__post_init__", "__init_subclass__", "__set_name__"}
_GONE = "(KeyError, IndexError, AttributeError, ValueError, TypeError)"


class Guard:
    """``holds()`` says whether all is as it was.

    ``reached`` are the numbers of the Tensors that it looks at; ``tensors`` are these and the parameters of modules
    that it came by. ``unknown`` says what it cannot watch, if there is anything.
    """

    def __init__(self, functions: Iterable[Any], modules: Iterable[Any], objects: Iterable[Any]) -> None:
        self.names: set[str] = set()  # by which the functions may reach attributes
        self.every = False  # whether they may reach them by names that are computed
        before = -1
        while len(self.names) > before:  # again with all names that were found
            before = len(self.names)
            self.unknown: str | None = None
            self.space: dict[str, Any] = {"fingerprint": fingerprint, "sampled": sampled, "is_empty": is_empty}
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
            and not is_library(type(function))
        ):
            self._value(self._constant(function), function)
        if not isinstance(function, types.FunctionType) or not self._is_new(function):
            return
        if is_ours(function.__code__):  # or what a decorator of ours, such as no_grad, has made of the user's
            self._function(getattr(function, "__wrapped__", None))
            return
        code = Code(function.__code__)
        self.names |= code.names
        self.every |= not LOOKS_UP.isdisjoint(code.globals | code.names)
        self._ask(f"{self._constant(function)}.__code__ is {self._constant(function.__code__)}")
        for cell in function.__closure__ or ():
            try:
                self._value(f"{self._constant(cell)}.cell_contents", cell.cell_contents)
            except ValueError:  # not yet given
                self._ask(f"is_empty({self._constant(cell)})")
        self._globals(code, self._constant(function.__globals__), function.__globals__, vars(builtins))
        for name, module in code.modules(function.__globals__.get("__package__")):
            self._value(f"{self._constant(sys.modules)}[{name!r}]", module)
        for part in ("__defaults__", "__kwdefaults__"):
            if getattr(function, part):
                self._value(f"{self._constant(function)}.{part}", getattr(function, part))

    def _globals(self, code: Code, space: str, own: dict[str, Any], givens: dict[str, Any]) -> None:
        for name in sorted(code.globals):
            if name in own:
                self._value(f"{space}[{name!r}]", own[name])
                continue
            self._ask(f"{name!r} not in {space}")
            if name in ("eval", "exec", "globals", "__import__"):
                self.unknown = f"what {name}() reaches cannot be watched"
            elif name in givens:
                self._ask(f"{self._constant(givens)}[{name!r}] is {self._constant(givens[name])}")

    def _value(self, path: str, x: Any, depth: int = 0) -> None:
        if len(self.conditions) > _MOST or depth > _DEEPEST:
            self.unknown = "it reaches more by name than can be watched"
            return
        if x is None or isinstance(x, bool):
            self._ask(f"{path} is {x}")
            return
        if isinstance(x, (complex, np.inexact)) or (isinstance(x, float) and (x == 0 or x != x)):
            # −0.0 equals 0.0, NaN not even itself
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
            if is_installed(x):
                for part in carried_by(x) if self._is_new(x) else ():
                    self._value(self._constant(part), part)
            else:
                self._function(x)
                own = {} if is_ours(x.__code__) else vars(getattr(x, "__func__", x))
                self._named(path, x, {n: v for n, v in own.items() if n != "__wrapped__"}, depth)
        elif isinstance(vars(type(x)).get("programs"), property) or isinstance(x, functools._lru_cache_wrapper):
            self._value(
                f"{path}.__wrapped__", x.__wrapped__, depth + 1
            )  # another compiled function, or one with a cache
        elif isinstance(x, Iterator):
            self.unknown = "an iterator moves on with each call"
        elif (what := moves(x, self.names)) is not None:
            self.unknown = what
        elif isinstance(x, (types.BuiltinFunctionType, types.MethodWrapperType)):
            if not isinstance(x.__self__, (types.ModuleType, type(None))):
                self._value(self._constant(x.__self__), x.__self__, depth + 1)
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
        if hasattr(type(x), "named_parameters"):
            self._module(path, x)
        elif isinstance(x, types.ModuleType):
            if not is_library(x):
                self._named(path, x, vars(x), depth)
                return
            for name in sorted(self.names & vars(x).keys()):
                self._ask(f"{path}.{name} is {self._constant(vars(x)[name])}")
        elif isinstance(x, type):
            if not is_library(x):
                kinds = [kind for kind in reversed(x.__mro__) if not is_library(kind)]
                self._named(path, x, {name: part for kind in kinds for name, part in vars(kind).items()}, depth)
                self._methods(x, set())
                self._methods(type(x))
        else:
            self._items(path, x, depth)
            if not is_library(type(x)):
                self._ask(f"{path}.__class__ is {self._constant(type(x))}")
                slots = {n for kind in type(x).__mro__ for n in _as_tuple(vars(kind).get("__slots__", ()))}
                held = {name: getattr(x, name) for name in slots if hasattr(x, name)} | getattr(x, "__dict__", {})
                if any(is_library(kind) and kind.__module__ != "builtins" for kind in type(x).__mro__):
                    self.names |= held.keys()  # an installed ancestor's methods are not read: they may read all
                self._named(path, x, held, depth)
                self._methods(type(x))
            elif type(x) is not object and not is_fixed(x):
                own = getattr(x, "__dict__", None)
                if own is not None and type(x).__basicsize__ <= _BARE:  # a mark, as dataclasses.MISSING is one
                    self._items(f"{path}.__dict__", own, depth)
                elif (
                    not own
                    and not isinstance(x, (Mapping, KeysView))
                    and not type(x).__module__.startswith("tinygrad_tf.")
                ):
                    self.unknown = f"a {type(x).__name__} that it reaches by name cannot be watched"
                elif own:
                    self._items(f"{path}.__dict__", own, depth)

    def _items(self, path: str, x: Any, depth: int) -> None:
        if isinstance(x, (list, tuple)):
            self._ask(f"len({path}) == {len(x)}")
            for i, part in enumerate(x):
                self._value(f"{path}[{i}]", part, depth + 1)
        elif isinstance(x, Mapping):
            self._ask(f"len({path}) == {len(x)}")
            for key, part in list(x.items()):
                self._value(f"{path}[{self._constant(key)}]", part, depth + 1)
        elif isinstance(x, Set):
            self._ask(f"{path} == {self._constant(frozenset(x))}")

    def _named(self, path: str, x: Any, own: Any, depth: int) -> None:
        """Those attributes that the functions name, and those of the class, unless they are methods."""
        if self.every:
            self.names |= {name for name in own if not str(name).startswith("__")}
        for name in sorted(self.names):
            if name in own:
                part = own[name]
                if isinstance(part, (staticmethod, classmethod, property)):
                    self._function(getattr(part, "__func__", None) or getattr(part, "fget", None))
                elif not isinstance(x, type) or not hasattr(type(part), "__set__"):  # and no place of __slots__
                    self._value(f"{path}.{name}", part, depth + 1)
            elif not name.startswith("__"):
                self._of_class(path, x, name, depth)
        if hasattr(x, "__dict__"):
            absent = frozenset(name for name in self.names if name not in vars(x))
            self._ask(f"{self._constant(absent)}.isdisjoint({path}.__dict__)")

    def _of_class(self, path: str, x: Any, name: str, depth: int) -> None:
        part = inspect.getattr_static(x, name, self)
        if isinstance(part, _PLAIN) or not (part is self or hasattr(type(part), "__get__") or is_library(type(x))):
            self._value(f"{path}.{name}", part, depth + 1)

    def _methods(self, kind: type, aside: set[str] = _MAKING) -> None:
        """The methods of a user's class that the functions name, and those that Python calls."""
        for owner in kind.__mro__:
            if is_library(owner):
                continue
            for name, method in list(vars(owner).items()):
                called = (
                    name.startswith("__")
                    and name not in _ASIDE | aside
                    and not owner.__module__.startswith("tinygrad_tf.")
                )
                if hasattr(type(method), "__get__") and (called or name in self.names):
                    self._ask(f"{self._constant(owner)}.__dict__.get({name!r}) is {self._constant(method)}")
                    function = getattr(method, "fget", None) or getattr(method, "__func__", None)
                    if not is_library(type(method)):  # a descriptor of the user's
                        self._value(self._constant(method), method)
                    self._function(function or getattr(method, "func", None) or method)  # func: cached_property
            self.every |= "__getattr__" in vars(owner) or "__getattribute__" in vars(owner)
            absent = frozenset(self.names - vars(owner).keys())
            self._ask(f"{self._constant(absent)}.isdisjoint({self._constant(owner)}.__dict__)")

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
            if not name.startswith("__"):
                self._of_class(path, x, name, 1)
        kind = self._constant(type(x))
        self._ask(f"{path}.__class__ is {kind}")
        self._ask(f"{kind}.forward is {self._constant(type(x).forward)}")
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
        if type(x) not in (np.ndarray, np.memmap, np.matrix):
            self.unknown = f"a {type(x).__name__} that it reaches by name cannot be watched"
        elif x.nbytes > _LARGE or x.dtype == object:
            self.unknown = (
                f"an array {x.shape} that it reaches by name is too large to be watched; give it as an argument"
            )
        elif self._is_new(x):
            self._ask(f"fingerprint({path}) == {self._constant(fingerprint(x))}")


def _as_tuple(slots: Any) -> tuple[str, ...]:
    return (slots,) if isinstance(slots, str) else tuple(slots)
