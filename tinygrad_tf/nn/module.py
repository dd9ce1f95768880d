"""Module: parameters, and the forward that uses them. Modules nest through attributes, lists, tuples and dicts."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ..errors import error
from ..op import state
from ..ops.conversion import type_asked_for
from ..tensor import Handle, Tensor, to_array
from .hooks import Hooks

M = TypeVar("M", bound="Module")
F = TypeVar("F", bound=Callable[..., Any])


class Parameter(Tensor):
    """A Tensor that a module learns: it requires a gradient, and its module finds it.

    >>> Parameter([1.0, 2.0]).requires_grad
    True
    """

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True, dtype: Any = None, name: str | None = None) -> None:
        super().__init__(data, requires_grad, dtype, name)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value.data if name == "data" and isinstance(value, Tensor) else value)


class LoadResult(NamedTuple):
    """What :meth:`Module.load_state_dict` did not find, and what it had no place for."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def scoped(method: F) -> F:
    """Decorator for a method that people call besides ``forward``: its nodes, too, know the module that made them."""

    @functools.wraps(method)
    def run(self: Module, *args: Any, **kwargs: Any) -> Any:
        root, outer = state.root, state.scope
        if root is None:
            if "_paths" not in vars(self):
                self._survey()
            state.root, state.scope = self, ""
        elif root is not self:
            state.scope = root._path_of(self, outer)
        try:
            return method(self, *args, **kwargs)
        finally:
            state.root, state.scope = root, outer

    return run  # type: ignore[return-value]


class Module:
    """The base of all layers and models, with PyTorch's names.

    Assign parameters, other modules, and lists, tuples or dicts of them as attributes, and write ``forward``. Calling
    the module runs it. The order of parameters is that of assignment, a module's own before those of its parts.

    >>> class Net(Module):
    ...     def __init__(self):
    ...         self.layers = [Linear(2, 3), Linear(3, 1)]
    ...     def forward(self, x):
    ...         for layer in self.layers:
    ...             x = layer(x)
    ...         return x
    >>> [name for name, _ in Net().named_parameters()]
    ['layers.0.weight', 'layers.0.bias', 'layers.1.weight', 'layers.1.bias']
    """

    training = True
    _paths: weakref.WeakKeyDictionary[Module, str]  # weak: modules made for one call are not kept alive

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        raise error(NotImplementedError, type(self).__name__, "a call", "a module says in forward() what it computes",
                    "write def forward(self, x): …")  # fmt: skip

    @scoped
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._hooks:
            return self._hooks.call(self, args, kwargs)
        return self.forward(*args, **kwargs)

    # ---- hooks ------------------------------------------------------------------------------------------------------

    _hooks: Hooks | None = None

    def register_forward_pre_hook(self, hook: Callable[[Module, Any], Any]) -> Handle:
        """Call ``hook(module, inputs)`` before each forward; what it returns, if anything, replaces the inputs.

        ``remove()`` of what is returned takes the hook off again, here and below.
        """
        return self._hook("before", hook)

    def register_forward_hook(self, hook: Callable[[Module, Any, Any], Any]) -> Handle:
        """Call ``hook(module, inputs, output)`` after each forward; what it returns, if anything, replaces the output.

        >>> layer = Linear(2, 3)
        >>> handle = layer.register_forward_hook(lambda module, inputs, output: print(output.shape))
        >>> _ = layer(Tensor([[1.0, 2.0]]))
        (1, 3)
        """
        return self._hook("after", hook)

    def register_full_backward_hook(self, hook: Callable[[Module, Any, Any], Any]) -> Handle:
        """Call ``hook(module, grad_inputs, grad_outputs)`` when the gradients of the inputs of a call are known.

        Both are tuples, with None for what is no Tensor or gets no gradient; those of the inputs are what this call
        alone sends back. What the hook returns, if anything, replaces the gradients of the inputs. Keyword arguments
        are not looked at.
        """
        return self._hook("backward", hook)

    def _hook(self, kind: str, hook: Callable[..., Any]) -> Handle:
        self._hooks = self._hooks or Hooks()
        return Handle(getattr(self._hooks, kind), hook)

    # ---- putting parts in -------------------------------------------------------------------------------------------

    _buffers: Mapping[str, bool] = {}  # the names of this module's own, and whether they are saved

    def __setattr__(self, name: str, value: Any) -> None:
        """As in PyTorch, a parameter's place takes a parameter or None: anything else would no longer be learnt."""
        old = vars(self).get(name)
        if isinstance(old, Parameter):
            _check_takes(f"{type(self).__name__}.{name} = …", name, value, Parameter, "wrap it: nn.Parameter(…); to "
                         "change the numbers only, write into them: p.data[...] = …")  # fmt: skip
        elif isinstance(old, Module) and not isinstance(value, Parameter):
            _check_takes(f"{type(self).__name__}.{name} = …", name, value, Module, "choose another name")
        elif name in self._buffers and not isinstance(value, Module):
            _check_takes(f"{type(self).__name__}.{name} = …", name, value, Tensor, "make it a Tensor, or choose "
                         "another name")  # fmt: skip
        object.__setattr__(self, name, value)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Hold a Tensor that is not learnt but belongs to the module: it is saved, if ``persistent``, and converted.

        >>> net = Module()
        >>> net.register_buffer("mask", Tensor([1.0, 0.0]))
        >>> list(net.parameters()), list(net.state_dict())
        ([], ['mask'])
        """
        if name not in self._buffers:
            self._check_is_new("register_buffer", name, Tensor)
        _check_takes("register_buffer", name, tensor, Tensor, "make it a Tensor")
        self._buffers = {**self._buffers, name: persistent}
        setattr(self, name, tensor)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """``self.<name> = param``, for names that are made at run time."""
        self._check_is_new("register_parameter", name, Parameter)
        _check_takes("register_parameter", name, param, Parameter, "wrap it: nn.Parameter(…)")
        setattr(self, name, param)

    def add_module(self, name: str, module: Module | None) -> None:
        """``self.<name> = module``, for names that are made at run time.

        >>> net = Module()
        >>> net.add_module("layer1", Linear(2, 1))
        >>> [name for name, _ in net.named_parameters()]
        ['layer1.weight', 'layer1.bias']
        """
        self._check_is_new("add_module", name, Module)
        _check_takes("add_module", name, module, Module, "make an object of the class first, as in Linear(2, 3)")
        setattr(self, name, module)

    register_module = add_module

    def _check_is_new(self, method: str, name: str, kind: type[Any]) -> None:
        """Raise unless ``name`` is free, or holds a part of this kind, which may be replaced."""
        if not isinstance(name, str) or not name or "." in name:
            raise error(ValueError, method, {"name": repr(name)}, "a part's name is a text without dots: they lead "
                        "from a module to its parts", "choose another name")  # fmt: skip
        if hasattr(self, name) and not isinstance(getattr(self, name), (kind, type(None))):
            raise error(ValueError, method, {"name": repr(name)}, f"a {type(self).__name__} already has something else "
                        "under this name", "choose another name")  # fmt: skip

    # ---- what it is made of -----------------------------------------------------------------------------------------

    def _members(self, kind: type[Any]) -> Iterator[tuple[str, Any]]:
        for name, value in vars(self).items():
            yield from _unfold(name, value, kind)

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly inside, with their names."""
        yield from self._members(Module)

    def children(self) -> Iterator[Module]:
        return (child for _, child in self.named_children())

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """The module itself (path ``prefix``) and all inside it, each once, with dotted paths."""
        seen: set[Module] = set()
        stack: list[tuple[str, Module]] = [(prefix, self)]
        while stack:
            path, module = stack.pop()
            if module not in seen:
                seen.add(module)
                yield path, module
                parts = [(f"{path}.{name}" if path else name, child) for name, child in module.named_children()]
                stack.extend(reversed(parts))

    def modules(self) -> Iterator[Module]:
        return (module for _, module in self.named_modules())

    def _entries(self, prefix: str = "", above: tuple[Module, ...] = ()) -> Iterator[tuple[str, Tensor]]:
        """Every parameter and saved buffer under every name that it has: tied ones appear more than once.

        A part may hold one of the modules ``above`` it; there the names end, or there would be no end of them.
        """
        above = (*above, self)
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
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def get_submodule(self, target: str) -> Module:
        """The part with this dotted path; AttributeError if there is none.

        >>> Sequential(Linear(2, 3), ReLU()).get_submodule("1")
        ReLU()
        """
        module, rest = self, target
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

    # ---- saving and loading -----------------------------------------------------------------------------------------

    def state_dict(self, *, prefix: str = "") -> dict[str, Tensor]:
        """All parameters and saved buffers by name, detached; the arrays are the module's own, not copies."""
        return {name: value.detach() for name, value in self._entries(prefix)}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> LoadResult:
        """Copy values into the parameters and buffers of the same names; Tensors, arrays and PyTorch's tensors alike.

        Raises RuntimeError, before anything is changed, for shapes that differ and, if ``strict``, for names that are
        missing or unexpected.
        """
        own = dict(self._entries())
        missing = [name for name in own if name not in state_dict]
        unexpected = [name for name in state_dict if name not in own]
        values = {name: to_array(_array_of(state_dict[name])) for name in own if name in state_dict}
        wrong = [f"{name} {v.shape} for {own[name].shape}" for name, v in values.items() if v.shape != own[name].shape]
        problems = [f"mis-shaped: {', '.join(wrong)}"] if wrong else []
        if strict:
            problems += [f"missing: {', '.join(missing)}"] if missing else []
            problems += [f"unexpected: {', '.join(unexpected)}"] if unexpected else []
        if problems:
            raise error(RuntimeError, f"load_state_dict of {type(self).__name__}", "; ".join(problems),
                        "names and shapes are those of the module's own state_dict()", "build the module with the same "
                        "sizes; strict=False passes over missing and unexpected names")  # fmt: skip
        for name, value in values.items():
            own[name].data[...] = value
        return LoadResult(missing, unexpected)

    # ---- settings for all parts at once -----------------------------------------------------------------------------

    def train(self: M, mode: bool = True) -> M:
        """Switch this module and its parts to training (dropout on) or, with False, to evaluation."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self: M) -> M:
        return self.train(False)

    def zero_grad(self, set_to_none: bool = True) -> None:
        for parameter in self.parameters():
            parameter.grad = None if set_to_none else Tensor.wrap(np.zeros_like(parameter.data))

    def requires_grad_(self: M, requires_grad: bool = True) -> M:
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def to(self: M, *args: Any, dtype: Any = None, device: Any = None, non_blocking: bool = False) -> M:
        """Convert all parameters and float buffers to another float dtype; the only device is the CPU.

        >>> Linear(2, 1).to("cpu", "float64").weight.dtype
        dtype('float64')
        """
        dtype = type_asked_for("to", args, dtype, device)
        if dtype is None:
            return self
        if np.dtype(dtype).kind != "f":
            raise error(TypeError, type(self).__name__, {"dtype": dtype}, "parameters are floats",
                        'write .to("float32") or .to("float64")')  # fmt: skip
        for parameter in self.parameters():
            parameter.data, parameter.grad = parameter.data.astype(dtype), None
        for module in self.modules():
            for name, buffer in module._own_buffers():
                if buffer.dtype.kind == "f":
                    vars(module)[name] = Tensor.wrap(buffer.data.astype(dtype), buffer.name)
        return self

    def cpu(self: M) -> M:
        """The module itself: it is there already."""
        return self

    def double(self: M) -> M:
        return self.to(np.float64)

    def float(self: M) -> M:
        return self.to(np.float32)

    def apply(self: M, function: Callable[[Module], Any]) -> M:
        """Call ``function`` on every part, then on the module itself."""
        for module in reversed(list(self.modules())):
            function(module)
        return self

    # ---- names for pictures and messages ----------------------------------------------------------------------------

    def _path_of(self, module: Module, outer: str) -> str:
        """Where ``module`` sits inside this one; a stranger is named after its class, below its caller."""
        path = self._paths.get(module)
        if path is not None:
            return path
        self._survey()  # it was put in since
        if module not in self._paths:
            for path, part in module.named_modules(f"{outer}.{type(module).__name__}".lstrip(".")):
                self._paths.setdefault(part, path)
        return self._paths[module]

    def _survey(self) -> None:
        """Note where each part sits, and name each parameter after its place, unless its user has named it.

        A name that ends as its attribute does came from a survey: of a smaller module, or of what this is a copy of.
        """
        self._paths = weakref.WeakKeyDictionary({m: path for path, m in self.named_modules() if m is not self})
        for name, parameter in self.named_parameters():
            old = (parameter.name or name).split(".")
            if old[-1] == name.split(".")[-1] and len(old) <= len(name.split(".")):
                parameter.name = name

    def __getstate__(self) -> dict[str, Any]:  # a copy has other parts, and makes its own survey
        return {name: value for name, value in vars(self).items() if name != "_paths"}

    def extra_repr(self) -> str:
        """What stands between the brackets when the module prints itself."""
        return ""

    def __repr__(self) -> str:
        from .printing import text  # which knows the layers

        return text(self)

    def _repr_html_(self) -> str:
        from .printing import tree

        return tree(self)


def _check_takes(where: str, name: str, value: Any, kind: type[Any], cure: str) -> None:
    """Raise unless ``value`` is of this kind, or None."""
    if value is not None and not isinstance(value, kind):
        raise error(TypeError, where, {name: value} if hasattr(value, "dtype") else {name: type(value).__name__},
                    f"the place of a {kind.__name__} takes a {kind.__name__} or None", cure)  # fmt: skip


def _not_there(method: str, target: str, names: str) -> AttributeError:
    return error(AttributeError, method, {"target": repr(target)}, f"it is one of those that {names}() gives",
                 f"look at dict(module.{names}())")  # fmt: skip


def _unfold(name: str, value: Any, kind: type[Any]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, kind):
        yield name, value
    elif isinstance(value, (list, tuple)):
        for i, part in enumerate(value):
            yield from _unfold(f"{name}.{i}", part, kind)
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _unfold(f"{name}.{key}", part, kind)


def _array_of(value: Any) -> Any:
    """A value as a checkpoint gives it: our Tensors and other packages' tensors as arrays."""
    value = value.data if isinstance(value, Tensor) else value
    return np.asarray(value.detach()) if hasattr(value, "detach") else np.asarray(value)
