"""What a program relies on besides its arguments: is it still what it was when the function was traced?

It is one expression of Python, made once, which compares what the function can reach by name: numbers and texts by
their value, Tensors and other objects by identity, and of Tensors the shape, the type and whether they want a gradient.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..autograd.places import is_ours
from ..autograd.tensor import Tensor

_PLAIN = (type(None), bool, int, float, complex, str, bytes, np.generic, np.dtype, type, types.ModuleType)
_GONE = "(KeyError, IndexError, AttributeError, ValueError)"
_MOST = 20_000  # conditions


class Guard:
    """``holds()`` says whether all is as it was. ``reached`` are the numbers of the Tensors that it looks at."""

    def __init__(self, functions: Iterable[Any], modules: Iterable[Any], objects: Iterable[Any]) -> None:
        self.names: set[str] = set()  # by which the functions may reach attributes
        for _ in range(2):  # the second time all names are known
            self.space: dict[str, Any] = {}
            self.conditions: list[str] = []
            self.reached: set[int] = set()
            self.tensors: list[Tensor] = []  # parameters of modules, too, that were not yet called
            self.seen: set[int] = set()
            for function in functions:
                self._function(function)
            done: list[Any] = []
            for module in modules:
                if module not in done:
                    done.append(module)
                    self._attributes(self._constant(module), module, None)
                    self._function(type(module).forward)
            for x in objects:
                self._value(self._constant(x), x)
        body = "\n".join(f"    if not ({c}): return False" for c in self.conditions)
        text = f"def holds():\n  try:\n{body}\n    return True\n  except {_GONE}:\n    return False"
        exec(compile(text, "<guard>", "exec"), self.space)
        self.holds: Callable[[], bool] = self.space["holds"]

    def _constant(self, x: Any) -> str:
        name = f"k{len(self.space)}"
        self.space[name] = x
        return name

    def _function(self, function: Any) -> None:
        method = getattr(function, "__self__", None)
        function = getattr(function, "__func__", function)
        if hasattr(function, "named_parameters"):  # a module
            function = type(function).forward
        if not isinstance(function, types.FunctionType) or id(function) in self.seen or is_ours(function.__code__):
            return
        self.seen.add(id(function))
        codes = list(_codes(function.__code__))
        used = {name for code in codes for name in code.co_names}
        self.names |= used
        if method is not None and not isinstance(method, types.ModuleType):
            self._value(self._constant(method), method)
        for cell in function.__closure__ or ():
            path = f"{self._constant(cell)}.cell_contents"
            try:
                self._value(path, cell.cell_contents)
            except ValueError:  # not yet given
                continue
        space = self._constant(function.__globals__)
        for name in sorted(used & function.__globals__.keys()):
            self._value(f"{space}[{name!r}]", function.__globals__[name])
        for i, default in enumerate(function.__defaults__ or ()):
            self._value(f"{self._constant(function)}.__defaults__[{i}]", default)

    def _value(self, path: str, x: Any, depth: int = 0) -> None:
        if len(self.conditions) > _MOST:
            return
        if isinstance(x, _PLAIN):
            if isinstance(x, types.ModuleType):
                self.conditions.append(f"{path} is {self._constant(x)}")
            elif x is None or isinstance(x, bool):
                self.conditions.append(f"{path} is {x}")
            else:
                self.conditions.append(f"type({path}) is {self._constant(type(x))} and {path} == {self._constant(x)}")
            return
        self.conditions.append(f"{path} is {self._constant(x)}")
        if isinstance(x, Tensor):
            self._tensor(path, x)
        elif id(x) in self.seen or depth > 6:
            return
        elif isinstance(x, (list, tuple)):
            self.seen.add(id(x))
            self.conditions.append(f"len({path}) == {len(x)}")
            for i, part in enumerate(x):
                self._value(f"{path}[{i}]", part, depth + 1)
        elif isinstance(x, dict):
            self.seen.add(id(x))
            self.conditions.append(f"len({path}) == {len(x)}")
            for key, part in list(x.items()):
                if isinstance(key, (str, int)):
                    self._value(f"{path}[{key!r}]", part, depth + 1)
        elif isinstance(x, (types.FunctionType, types.MethodType)):
            code = getattr(x, "__func__", x).__code__
            if not is_ours(code) and not _is_installed(x):
                self._function(x)
        elif hasattr(x, "named_parameters"):
            self.seen.add(id(x))
            self.tensors += x.parameters()
        elif hasattr(x, "__dict__") and not isinstance(x, np.ndarray) and not _is_package(type(x)):
            self.seen.add(id(x))
            self._attributes(path, x, self.names, depth)

    def _attributes(self, path: str, x: Any, names: set[str] | None, depth: int = 0) -> None:
        """The attributes of an object; of a module all, of others those that the functions name."""
        own = vars(x)
        if names is None:
            self.conditions.append(f"len({path}.__dict__) == {len(own)} and {path}.training is {x.training}")
            hooks = f"{path}._hooks"
            self.conditions.append(f"{hooks} is None or not ({hooks}.before or {hooks}.after or {hooks}.backward)")
        for name, part in list(own.items()):
            if name in names if names is not None else name != "_paths":
                self._value(f"{path}.__dict__[{name!r}]", part, depth + 1)
        for name in sorted(self.names - own.keys()):
            part = getattr(type(x), name, self)
            if isinstance(part, _PLAIN):
                self._value(f"{path}.{name}", part, depth + 1)

    def _tensor(self, path: str, x: Tensor) -> None:
        if x.number in self.reached:
            return
        self.reached.add(x.number)
        self.tensors.append(x)
        shape, dtype = self._constant(x.shape), self._constant(x.dtype)
        self.conditions.append(f"{path}.array.shape == {shape} and {path}.array.dtype == {dtype}"
                               f" and {path}.array.strides == {x.array.strides}"
                               f" and {path}.requires_grad is {x.requires_grad} and {path}.hooks is None")  # fmt: skip


def _codes(code: types.CodeType) -> Iterable[types.CodeType]:
    yield code
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from _codes(inner)


def _is_package(kind: type) -> bool:
    return (kind.__module__ or "").split(".")[0] in ("tinygrad_tf", "numpy", "builtins")


def _is_installed(function: Any) -> bool:
    file = getattr(function, "__func__", function).__code__.co_filename
    return "site-packages" in file or file.startswith("<frozen")
