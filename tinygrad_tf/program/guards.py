"""What a program relies on besides its arguments: is it still what it was when the function was traced?

It is one function of Python, made once, which compares what the traced function can reach by name: numbers and texts by
their value, small arrays by their entries, Tensors and other objects by identity, and of Tensors the shape, the type
and whether they want a gradient.
"""

from __future__ import annotations

import abc
import builtins
import functools
import inspect
import math
import os
import random
import sys
import types
from collections.abc import Callable, Iterable, Iterator, KeysView, Mapping, Set
from typing import Any

import numpy as np

from ..autograd.places import is_ours
from ..autograd.tensor import Tensor
from . import reached

_MOST = 20_000  # conditions
_DEEPEST = 8
_GONE = "(KeyError, IndexError, AttributeError, ValueError, TypeError)"


class Guard:
    """``holds()`` says whether all is as it was.

    ``reached`` are the numbers of the Tensors that it looks at; ``tensors`` are these and the parameters of modules
    that it came by. ``unknown`` says what it cannot watch, if there is anything.
    """

    def __init__(self, functions: Iterable[Any], modules: Iterable[Any], objects: Iterable[Any]) -> None:
        self.names: set[str] = set()  # by which the functions may reach attributes
        self.every = False  # whether they may reach them by names that are computed
        self.makes_text = False
        self.classes = False  # whether they ask for the class of something, which may be a Tensor that is traced
        self.making = reached.MAKING  # methods that are not called by them
        before: Any = None
        while before != (before := (len(self.names), self.every, self.makes_text, len(self.making))):  # with all found
            self.unknown: str | None = None
            self.space: dict[str, Any] = reached.CONDITIONS.copy()
            self.constants: dict[int, str] = {}
            self.conditions: dict[str, None] = {}  # in their order, each once
            self.reached: set[int] = set()
            self.tensors: list[Tensor] = []
            self.seen: set[int] = set()
            self.kinds: set[type] = set()  # the package's, and installed ones
            self._of_others(Tensor)
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
        if isinstance(function, functools.partial) or not (
            function is None or isinstance(function, (types.FunctionType, type)) or reached.is_library(type(function))
        ):
            self._value(self._constant(function), function)
        known = getattr(function, "__module__", None) in reached.KNOWN
        if known or not isinstance(function, types.FunctionType) or not self._is_new(function):
            return
        if is_ours(function.__code__):  # or what a decorator of ours, such as no_grad, has made of the user's
            self._function(getattr(function, "__wrapped__", None))
            return
        code = reached.named_in(function.__code__)
        self.names |= code.names
        self._uses(code.globals, code.names)
        if "__class__" in code.names and function.__code__.co_filename != "<string>":  # a dataclass's comparison
            self.making = set()
        self.makes_text |= code.makes_text
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

    def _uses(self, functions: Set[str], attributes: Set[str] = frozenset()) -> None:
        """What follows from the names of Python's own functions, and of attributes."""
        self.every |= not reached.LOOKS_UP.isdisjoint(functions | attributes)
        self.classes |= "type" in functions
        self.makes_text |= not functions.isdisjoint(("str", "repr", "format"))
        self.unknown = reached.leads_anywhere(functions, attributes) or self.unknown

    def _globals(self, code: reached.Code, space: str, own: dict[str, Any], givens: dict[str, Any]) -> None:
        for name in sorted(code.globals):
            if name in own:
                self._value(f"{space}[{name!r}]", own[name])
                continue
            self._ask(f"{name!r} not in {space}")
            if name in givens:
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
        if isinstance(x, reached.PLAIN) and reached.is_library(type(x)):
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
        elif getattr(builtins, str(getattr(x, "__name__", "")), None) is x:  # one of Python's own functions or classes
            self._uses({str(x.__name__)})  # type: ignore[union-attr]
        elif (what := reached.moves(x, self.names)) is not None:
            self.unknown = what
        elif x is os.environ or x is os.getenv:  # of which all is compared, in bytes
            self._ask(f"{self._constant(os.environ)}._data == {self._constant(dict(vars(os.environ)['_data']))}")
        elif isinstance(x, (types.FunctionType, types.MethodType)):
            if reached.is_installed(x):
                for part in reached.carried_by(x) if self._is_new(x) else ():
                    self._value(self._constant(part), part)
            else:
                self._function(x)
                own = {} if is_ours(x.__code__) else vars(getattr(x, "__func__", x))
                self._named(path, x, {n: v for n, v in own.items() if n != "__wrapped__"}, depth)
        elif isinstance(vars(type(x)).get("programs"), property):  # another compiled function
            self._value(f"{path}.__wrapped__", x.__wrapped__, depth + 1)
            self._named(path, x, {n: v for n, v in vars(x).items() if n[0] != "_"}, depth)
        elif isinstance(x, functools._lru_cache_wrapper):
            self.unknown = "what a cache holds cannot be watched"
        elif isinstance(x, Iterator):
            self.unknown = "an iterator moves on with each call"
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
            self._named(path, x, vars(x), depth)
        elif self._is_new(x):
            self._container(path, x, depth)

    def _container(self, path: str, x: Any, depth: int) -> None:
        if hasattr(type(x), "named_parameters"):
            self._module(path, x)
        elif isinstance(x, types.ModuleType):
            if not reached.is_library(x):
                self.names |= {"__getattr__"} & vars(x).keys()
                self._named(path, x, vars(x), depth)
                return
            for name in sorted(self.names & vars(x).keys()):
                self._ask(f"{path}.{name} is {self._constant(vars(x)[name])}")
                if isinstance(vars(x)[name], reached.IN_LIBRARIES):
                    self._value(f"{path}.{name}", vars(x)[name], depth + 1)
        elif isinstance(x, type):
            self._kinds(x)
            if not reached.is_library(x):
                kinds = [kind for kind in reversed(x.__mro__) if not reached.is_library(kind)]
                self._named(path, x, {name: part for kind in kinds for name, part in vars(kind).items()}, depth)
                self._methods(x, set())
                self._methods(type(x))
                if isinstance(x, abc.ABCMeta):  # of which others may become heirs
                    self._ask(f"{self._constant(abc.get_cache_token)}() == {abc.get_cache_token()!r}")
        else:
            self._kinds(type(x))
            self._items(path, x, depth)
            if not reached.is_library(type(x)):
                self._ask(f"{path}.__class__ is {self._constant(type(x))}")
                if reached.hides(x):
                    self.unknown = f"a {type(x).__name__} that it reaches by name cannot be watched"
                slots = {n for kind in type(x).__mro__ for n in reached.as_tuple(vars(kind).get("__slots__", ()))}
                held = {name: getattr(x, name) for name in slots if hasattr(x, name)} | getattr(x, "__dict__", {})
                if any(reached.is_library(kind) and kind.__module__ != "builtins" for kind in type(x).__mro__):
                    self.names |= held.keys()  # an installed ancestor's methods are not read: they may read all
                self._named(path, x, held, depth)
                self._methods(type(x))
            elif type(x) is not object and not reached.is_fixed(x):
                own = getattr(x, "__dict__", None)
                if own is not None and not reached.hides(x):
                    self._items(f"{path}.__dict__", own, depth)
                elif not isinstance(x, (Mapping, KeysView)) and not type(x).__module__.startswith("tinygrad_tf."):
                    self.unknown = f"a {type(x).__name__} that it reaches by name cannot be watched"
            elif hasattr(x, "__dict__"):  # such as a logger, to which the user has given something
                for name in sorted(self.names & vars(x).keys()):
                    self._value(f"{path}.{name}", vars(x)[name], depth + 1)
                self._no_others(path, vars(x))

    def _items(self, path: str, x: Any, depth: int) -> None:
        if isinstance(x, (list, tuple)):
            self._ask(f"len({path}) == {len(x)}")
            for i, part in enumerate(x):
                self._value(f"{path}[{i}]", part, depth + 1)
        elif isinstance(x, Mapping):
            self._ask(f"[*{path}] == {self._constant([*x])}")  # in this order
            for key, part in list(x.items()):
                self._value(f"{path}[{self._constant(key)}]", part, depth + 1)
        elif isinstance(x, Set):
            self._ask(f"{path} == {self._constant(frozenset(x))}")
        if isinstance(x, (Mapping, Set)):  # keys may be objects with attributes
            for key in x:
                if not isinstance(key, reached.PLAIN):
                    self._value(self._constant(key), key, depth + 1)

    def _named(self, path: str, x: Any, own: Any, depth: int) -> None:
        """Those attributes that the functions name, and those of the class, unless they are methods."""
        if self.every:
            self.names |= {name for name in own if not str(name).startswith("__")}
        for name in sorted(self.names & (own.keys() | _of_classes(x))):
            if name in own:
                part = own[name]
                if isinstance(part, (staticmethod, classmethod, property)):
                    self._function(getattr(part, "__func__", None) or getattr(part, "fget", None))
                elif not isinstance(x, type) or not hasattr(type(part), "__set__"):  # and no place of __slots__
                    self._value(f"{path}.{name}", part, depth + 1)
            elif not name.startswith("__"):
                self._of_class(path, x, name, depth)
        if hasattr(x, "__dict__"):
            self._no_others(path, vars(x))

    def _of_class(self, path: str, x: Any, name: str, depth: int) -> None:
        part = inspect.getattr_static(x, name, self)
        own = part is not self and not hasattr(type(part), "__get__") and not reached.is_library(type(x))
        if own or isinstance(part, reached.PLAIN):
            self._value(f"{path}.{name}", part, depth + 1)

    def _methods(self, kind: type, aside: set[str] | None = None) -> None:
        """The methods of a user's class that the functions name, and those that Python calls."""
        self._kinds(kind)
        for owner in kind.__mro__:
            if reached.is_library(owner):
                continue
            for name, method in list(vars(owner).items()):
                called = (
                    name.startswith("__")
                    and name not in reached.ASIDE | (self.making if aside is None else aside)
                    and (self.makes_text or name not in reached.TEXTS)
                    and not owner.__module__.startswith("tinygrad_tf.")
                )
                if hasattr(type(method), "__get__") and (called or name in self.names):
                    self._ask(f"{self._constant(owner)}.__dict__.get({name!r}) is {self._constant(method)}")
                    function = getattr(method, "fget", None) or getattr(method, "__func__", None)
                    if not reached.is_library(type(method)):  # a descriptor of the user's
                        self._value(self._constant(method), method)
                    self._function(function or getattr(method, "func", None) or method)  # func: cached_property
            self.every |= "__getattr__" in vars(owner) or "__getattribute__" in vars(owner)
            self._no_others(self._constant(owner), vars(owner))

    def _kinds(self, kind: type) -> None:
        for owner in kind.__mro__:
            if reached.is_library(owner):
                self._of_others(owner)

    def _of_others(self, kind: type) -> None:
        """A class of the package's or an installed one: what a user has put upon it, or may put upon it later."""
        if not reached.may_change(kind) or kind in self.kinds:
            return
        self.kinds.add(kind)
        path, own = self._constant(kind), dict(vars(kind))
        named = own if self.every else {name: own[name] for name in self.names | reached.CALLED if name in own}
        self._ask(f"{path}.__dict__ == {self._constant(own)}" if self.every else f"len({path}.__dict__) == {len(own)}")
        for name, part in named.items():
            if not self.every:
                self._ask(f"{path}.__dict__.get({name!r}) is {self._constant(part)}")
            for function in (part, *[getattr(part, way, None) for way in ("fget", "__func__")]):
                if isinstance(function, types.FunctionType):
                    self._value(self._constant(function), function)
            if not name.startswith("__") and not hasattr(type(part), "__get__"):
                self._value(self._constant(part), part)

    def _no_others(self, path: str, own: Any) -> None:
        """That nothing comes to hide, or to be, what the functions name."""
        names = frozenset(own) if self.every else frozenset(self.names - own.keys())
        said = "{}.__dict__.keys() == {}" if self.every else "{1}.isdisjoint({0}.__dict__)"
        self._ask(said.format(path, self._constant(names)))

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
            if isinstance(part, np.ndarray) and part.nbytes > reached.LARGE and part.dtype != object:
                # a table of positions
                self._ask(f"{own}[{name!r}] is {self._constant(part)}")
                self._ask(f"sampled({self._constant(part)}) == {self._constant(reached.sampled(part))}")
            elif name not in beside:
                self._value(f"{path}.__dict__[{name!r}]", part, 1)
        for name in sorted(self.names & _of_classes(x) - vars(x).keys()):
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
        self._value(self._constant(type(x)), type(x))
        own, dtype, wants = getattr(x, "__dict__", None), self._constant(x.dtype), x.requires_grad
        more = "" if own is None else f" and len({path}.__dict__) == {len(own)}"
        self._ask(f"(a := {path}.array).shape == {x.shape} and a.dtype is {dtype} and a.strides == {x.array.strides}"
                  f" and {path}.requires_grad is {wants} and {path}.hooks is None{more}")  # fmt: skip
        for name, value in (own or {}).items():
            self._value(f"{path}.{name}", value, 1)

    def _array(self, path: str, x: np.ndarray[Any, Any]) -> None:
        """An array's entries: what the function computes from them in NumPy is a constant of its program."""
        what = reached.cannot_be_watched(x)
        if what is not None:
            self.unknown = what
        elif self._is_new(x):
            self._ask(f"fingerprint({path}) == {self._constant(reached.fingerprint(x))}")


def _of_classes(x: Any) -> set[str]:
    """The names that the classes of an object have, and a class itself."""
    kinds = (type(x), x) if isinstance(x, type) else (type(x),)
    return set().union(*[vars(owner) for kind in kinds for owner in kind.__mro__])
