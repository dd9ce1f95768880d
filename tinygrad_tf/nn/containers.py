"""Modules and parameters in lists and dicts, under PyTorch's names; plain lists and dicts do as well."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any, TypeVar

from ..autograd.tensor import Tensor
from .module import Module
from .parts import Parameter

L = TypeVar("L", bound="ModuleList")


class ModuleList(Module):
    """Modules in a list, under PyTorch's name; a plain Python list of modules does as well.

    >>> layers = ModuleList([Linear(1, 1)])
    >>> layers += [Linear(1, 2)]
    >>> len(layers), layers[-1]
    (2, Linear(in_features=1, out_features=2, bias=True))
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        self.extend(modules or ())

    def append(self: L, module: Module) -> L:
        self.add_module(str(len(self)), module)
        return self

    def extend(self: L, modules: Iterable[Module]) -> L:
        for module in list(modules):
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> None:
        parts = list(self)
        parts.insert(index, module)
        self._renumber(parts)

    def pop(self, index: int = -1) -> Module:
        module: Module = self[index]
        del self[index]
        return module

    def _renumber(self, parts: list[Module]) -> None:
        """Hold these modules, under the numbers from 0."""
        for name in self._names():
            delattr(self, name)
        self.extend(parts)

    def _names(self) -> list[str]:
        return [name for name, _ in self.named_children()]

    def __len__(self) -> int:
        return sum(1 for _ in self.named_children())

    def __iter__(self) -> Iterator[Module]:
        return self.children()

    def __getitem__(self, index: Any) -> Any:
        """The module at this place; of a slice, a list of the same class."""
        parts = list(self)[index]
        return type(self)(parts) if isinstance(index, slice) else parts

    def __setitem__(self, index: int, module: Module) -> None:
        self.add_module(self._names()[index], module)

    def __delitem__(self, index: int | slice) -> None:
        parts = list(self)
        del parts[index]
        self._renumber(parts)

    __iadd__ = extend


class Sequential(ModuleList):
    """Modules run one after the other; a dict gives them names.

    >>> Sequential(Linear(2, 3), ReLU(), Linear(3, 1))(Tensor([[1.0, 2.0]])).shape
    (1, 1)
    >>> list(Sequential({"a": Linear(2, 3), "b": ReLU()}).state_dict())
    ['a.weight', 'a.bias']
    """

    def __init__(self, *modules: Any) -> None:
        if len(modules) == 1 and isinstance(modules[0], Mapping):
            for name, module in modules[0].items():
                self.add_module(name, module)
        else:
            self.extend(modules)

    def forward(self, x: Any) -> Any:
        for module in self:
            x = module(x)
        return x

    def __getitem__(self, index: Any) -> Any:
        """The module at this place; of a slice, a Sequential in which each keeps its name."""
        if isinstance(index, slice):
            return type(self)(dict(list(self.named_children())[index]))
        return super().__getitem__(index)


class ModuleDict(Module, MutableMapping[str, Module]):
    """Modules by name, with the methods of a dict.

    >>> heads = ModuleDict({"a": Linear(2, 3)})
    >>> heads["b"] = ReLU()
    >>> list(heads.keys()), "b" in heads, heads["b"]
    (['a', 'b'], True, ReLU())
    """

    __eq__, __hash__ = object.__eq__, object.__hash__  # a dict is compared by what it holds, a module is itself

    def __init__(self, modules: Any = None) -> None:
        self.update(modules or {})

    def __getitem__(self, name: str) -> Module:
        return dict(self.named_children())[name]

    def __setitem__(self, name: str, module: Module) -> None:
        self.add_module(name, module)

    def __delitem__(self, name: str) -> None:
        self[name]  # KeyError where there is none
        delattr(self, name)

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self.named_children())

    def __len__(self) -> int:
        return sum(1 for _ in self.named_children())


class ParameterList(Module):
    """Parameters in a list; Tensors become parameters.

    >>> scales = ParameterList([Parameter([1.0]), Tensor([2.0])])
    >>> [name for name, _ in scales.named_parameters()], scales[1].requires_grad
    (['0', '1'], True)
    """

    def __init__(self, values: Iterable[Tensor] | None = None) -> None:
        self.extend(values or ())

    def append(self, value: Tensor) -> ParameterList:
        self.register_parameter(str(len(self)), _parameter(value))
        return self

    def extend(self, values: Iterable[Tensor]) -> ParameterList:
        for value in list(values):
            self.append(value)
        return self

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[Parameter]:
        return (parameter for _, parameter in self._members(Parameter))

    def __getitem__(self, index: Any) -> Any:
        parts = list(self)[index]
        return ParameterList(parts) if isinstance(index, slice) else parts

    def __setitem__(self, index: int, value: Tensor) -> None:
        names = [name for name, _ in self._members(Parameter)]
        self.register_parameter(names[index], _parameter(value))

    __iadd__ = extend

    def extra_repr(self) -> str:
        return "\n".join(f"({i}): Parameter of shape {p.shape}, {p.dtype}" for i, p in enumerate(self))


def _parameter(value: Tensor) -> Parameter:
    return Parameter(value) if isinstance(value, Tensor) and not isinstance(value, Parameter) else value
