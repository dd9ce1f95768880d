"""What a module is made of: parameters, buffers and other modules, found by the names of its attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from ..autograd.tensor import Tensor
from ..errors import error

if TYPE_CHECKING:
    from .module import Module


class Parameter(Tensor):
    """A Tensor that a module learns: it requires a gradient, and its module finds it.

    It takes attributes of any name, ``p.is_lora = True``, and copies keep them. Other Tensors take none: room for them
    would cost each one 32 bytes.

    >>> Parameter([1.0, 2.0]).requires_grad
    True
    """

    __slots__ = ("__dict__",)

    def __init__(self, data: Any, requires_grad: bool = True, dtype: Any = None, name: str | None = None) -> None:
        super().__init__(data, requires_grad, dtype, name)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value.array if name == "data" and isinstance(value, Tensor) else value)

    def __reduce__(self) -> Any:
        return (*super().__reduce__(), vars(self) or None)


class Parts:
    """The base of :class:`Module`, which finds its parts, in the order in which they were assigned.

    Parts are attributes, and the entries of lists, tuples and dicts that are attributes.
    """

    _buffers: Mapping[str, bool] = {}  # the names of this module's own, and whether they are saved

    def _members(self, kind: type[Any]) -> Iterator[tuple[str, Any]]:
        for name, value in vars(self).items():
            if isinstance(value, kind):
                yield name, value
            elif isinstance(value, (list, tuple, dict)):
                yield from _unfold(name, value, kind)

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly inside, with their names."""
        yield from self._members(Parts)

    def children(self) -> Iterator[Module]:
        """The modules directly inside."""
        return (child for _, child in self.named_children())

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """The module itself (path ``prefix``) and all inside it, each once, with dotted paths."""
        seen: set[Module] = set()
        stack: list[tuple[str, Any]] = [(prefix, self)]
        while stack:
            path, module = stack.pop()
            if module not in seen:
                seen.add(module)
                yield path, module
                parts = [(f"{path}.{name}" if path else name, child) for name, child in module.named_children()]
                stack.extend(reversed(parts))

    def modules(self) -> Iterator[Module]:
        """The module itself and all inside it, each once."""
        return (module for _, module in self.named_modules())

    def _entries(self, prefix: str = "", above: tuple[Module, ...] = ()) -> Iterator[tuple[str, Tensor]]:
        """Every parameter and saved buffer under every name that it has: tied ones appear more than once.

        A part may hold one of the modules ``above`` it. That one is left out; otherwise the names would never end.
        """
        above = (*above, cast("Module", self))
        for name, parameter in self._members(Parameter):
            yield prefix + name, parameter
        yield from ((prefix + name, buffer) for name, buffer in self._own_buffers() if self._buffers[name])
        for name, child in self.named_children():
            if child not in above:
                yield from child._entries(f"{prefix}{name}.", above)

    def named_parameters(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Parameter]]:
        """Every parameter once, with its dotted path below ``prefix``; only the module's own unless ``recurse``."""
        seen: set[int] = set()
        before = f"{prefix}." if prefix else ""
        for name, parameter in self._entries(before) if recurse else self._members(Parameter):
            if isinstance(parameter, Parameter) and parameter.number not in seen:
                seen.add(parameter.number)
                yield name if recurse else before + name, parameter

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Every parameter once; only the module's own unless ``recurse``."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def _own_buffers(self) -> list[tuple[str, Tensor]]:
        held = [(name, vars(self).get(name)) for name in self._buffers]
        return [(name, value) for name, value in held if isinstance(value, Tensor) and not isinstance(value, Parameter)]

    def named_buffers(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Tensor]]:
        """Every buffer once, saved or not, as :meth:`named_parameters` gives the parameters."""
        seen: set[int] = set()
        for path, module in self.named_modules(prefix) if recurse else [(prefix, self)]:
            for name, buffer in module._own_buffers():
                if buffer.number not in seen:
                    seen.add(buffer.number)
                    yield f"{path}.{name}" if path else name, buffer

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Every buffer once; only the module's own unless ``recurse``."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def get_submodule(self, target: str) -> Module:
        """The part with this dotted path; AttributeError if there is none.

        >>> Sequential(Linear(2, 3), ReLU()).get_submodule("1")
        ReLU()
        """
        module, rest = cast("Module", self), target
        while rest:
            found = [(name, child) for name, child in module.named_children() if f"{rest}.".startswith(f"{name}.")]
            if not found:
                raise _not_there("get_submodule", target, "named_modules")
            name, module = found[0]
            rest = rest[len(name) + 1 :]
        return module

    def get_parameter(self, target: str) -> Parameter:
        """The parameter with this dotted path, one of those that ``state_dict`` has; AttributeError if there is none.

        >>> Linear(2, 3).get_parameter("bias").shape
        (3,)
        """
        found = dict(self._entries()).get(target)
        if not isinstance(found, Parameter):
            raise _not_there("get_parameter", target, "named_parameters")
        return found

    def get_buffer(self, target: str) -> Tensor:
        """The buffer with this dotted path; AttributeError if there is none."""
        path, _, name = target.rpartition(".")
        found = dict(self.get_submodule(path)._own_buffers()).get(name)
        if found is None:
            raise _not_there("get_buffer", target, "named_buffers")
        return found


def _not_there(method: str, target: str, names: str) -> AttributeError:
    return error(
        AttributeError,
        method,
        got={"target": repr(target)},
        rule=f"it is one of those that {names}() gives",
        cure=f"write one of the names in [name for name, _ in module.{names}()]",
    )


def _unfold(name: str, value: Any, kind: type[Any]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, kind):
        yield name, value
    elif isinstance(value, (list, tuple)):
        for i, part in enumerate(value):
            yield from _unfold(f"{name}.{i}", part, kind)
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _unfold(f"{name}.{key}", part, kind)
