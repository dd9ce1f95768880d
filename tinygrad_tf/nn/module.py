"""Module: parameters, and the forward that uses them. Modules nest through attributes, lists, tuples and dicts."""

from __future__ import annotations

import functools
import inspect
import weakref
from collections.abc import Callable
from sys import _getframe
from typing import Any, TypeVar

import numpy as np

from ..arguments import FAILURES, explained_constructor, misfit
from ..autograd.changes import wrote
from ..autograd.debugging import acts
from ..autograd.places import Scope, Site, is_ours, site_of
from ..autograd.recording import thread
from ..autograd.tensor import Handle, Tensor
from ..errors import error
from ..ops.conversion import as_dtype, check_device, type_asked_for
from ..signals import whole
from .hooks import Hooks
from .loading import Loads
from .parts import Parameter

M = TypeVar("M", bound="Module")
F = TypeVar("F", bound=Callable[..., Any])


def scoped(method: F) -> F:
    """Decorator for a method that is called in place of ``forward``: the nodes that it makes know their module, too."""

    @functools.wraps(method)
    def run(self: Module, *args: Any, **kwargs: Any) -> Any:
        state = thread.state
        root, outer = state.root, state.scope
        if root is None and "_paths" not in vars(self):
            self._survey()
        site = site_of(_getframe(1))
        try:
            try:
                if root is not self:  # one of its own methods called another
                    scope = Scope("" if root is None else root._path_of(self, outer))
                    scope.outer, scope.site = outer, site
                    scope.kind, scope.method = type(self).__name__, method.__name__
                    state.root, state.scope = root or self, scope
                    if state.watch is not None:
                        state.watch.entered(self, args, kwargs)
                made = method(self, *args, **kwargs)
                if isinstance(made, tuple):
                    for i, t in enumerate(made):
                        _returned(t, state.scope, (*site, i))
                else:
                    _returned(made, state.scope, site)
                return made
            finally:
                state.root, state.scope = root, outer
        finally:  # twice: Ctrl-C may hit the first
            state.root, state.scope = root, outer

    return run  # type: ignore[return-value]


def _returned(t: Any, scope: Scope, site: Site) -> None:
    """What a module made and returns is called as its own code calls it, or else as its caller does, at ``site``.

    A user's name comes before one that the package's code has.
    """
    if not isinstance(t, Tensor) or t.op is None:
        return
    within = t.scope
    while within is not scope:
        if not isinstance(within, Scope):
            return  # it was made before, and has only been passed on
        within = within.outer
    own = t.site
    if own is None or (is_ours(own[0]) and not is_ours(site[0])):
        t.site = site
    elif is_ours(own[2]):
        t.site = (*own[:2], *site[:2], *own[4:])


class Module(Loads):
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

    def __init_subclass__(cls) -> None:
        """Let the constructor explain a call with wrong arguments, as an op does."""
        if "__init__" in vars(cls):
            cls.__init__ = explained_constructor(cls.__init__)  # type: ignore[method-assign]

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        raise error(
            NotImplementedError,
            type(self).__name__,
            got="a call",
            rule="a module says in forward() what it computes",
            cure="write def forward(self, x): …",
        )

    @scoped
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._hooks:
            return self._hooks.call(self, args, kwargs)
        try:
            return self.forward(*args, **kwargs)
        except FAILURES as problem:
            explained = misfit(problem, type(self).__name__, inspect.signature(self.forward), args, kwargs)
            if explained is None:
                raise
        raise explained

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

    def __setattr__(self, name: str, value: Any) -> None:
        """As in PyTorch, a parameter's place takes a parameter or None: anything else would no longer be learnt."""
        old = vars(self).get(name)
        if isinstance(old, Parameter):
            _check_takes(f"{type(self).__name__}.{name} = …", name, value, Parameter, "wrap it: nn.Parameter(…); to "
                         "change the numbers only, write into them: p.array[...] = …")  # fmt: skip
        elif isinstance(old, Module) and not isinstance(value, Parameter):
            _check_takes(f"{type(self).__name__}.{name} = …", name, value, Module, f"write self.{name}_ = …, or "
                         "assign a module")  # fmt: skip
        elif name in self._buffers and not isinstance(value, Module):
            _check_takes(f"{type(self).__name__}.{name} = …", name, value, Tensor, f"write self.{name}_ = …, or "
                         "assign Tensor(…)")  # fmt: skip
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
        _check_takes("register_buffer", name, tensor, Tensor, "write register_buffer(name, Tensor(…))")
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
            raise error(
                ValueError,
                method,
                got={"name": repr(name)},
                rule="a part's name is a text without dots: they lead from a module to its parts",
                cure='write a name such as "layer1"',
            )
        if hasattr(self, name) and not isinstance(getattr(self, name), (kind, type(None))):
            raise error(
                ValueError,
                method,
                got={"name": repr(name)},
                rule=f"a {type(self).__name__} already has something else under this name",
                cure=f"write another name, such as {name + '_'!r}",
            )

    # ---- settings for all parts at once -----------------------------------------------------------------------------

    @whole
    def train(self: M, mode: bool = True) -> M:
        """Switch this module and its parts to training (dropout on) or, with False, to evaluation."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self: M) -> M:
        """Switch this module and its parts to evaluation (dropout off)."""
        return self.train(False)

    @acts
    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or set them to zeros."""
        for parameter in self.parameters():
            parameter.grad = None if set_to_none else Tensor.wrap(np.zeros_like(parameter.array))

    @whole
    def requires_grad_(self: M, requires_grad: bool = True) -> M:
        """Let all parameters get a gradient or, with False, none."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    @whole
    def to(self: M, *args: Any, dtype: Any = None, device: Any = None, non_blocking: bool = False) -> M:
        """Convert all parameters and float buffers to another float dtype; the only device is the CPU.

        >>> Linear(2, 1).to("cpu", "float64").weight.dtype
        dtype('float64')
        """
        dtype = type_asked_for("to", args, dtype, device)
        if dtype is None:
            return self
        if as_dtype(type(self).__name__, dtype).kind != "f":
            raise error(
                TypeError,
                type(self).__name__,
                got={"dtype": dtype},
                rule="parameters are floats",
                cure='write .to("float32") or .to("float64")',
            )
        for parameter in self.parameters():
            parameter.array, parameter.grad = parameter.array.astype(dtype), None
        wrote(*self.parameters())
        for module in self.modules():
            for name, buffer in module._own_buffers():
                if buffer.dtype.kind == "f":
                    vars(module)[name] = Tensor.wrap(buffer.array.astype(dtype), buffer.name)
        return self

    def cpu(self: M) -> M:
        """The module itself: the only device is the CPU."""
        return self

    def cuda(self: M, device: Any = None) -> M:
        """Raises ValueError: NumPy computes on the CPU."""
        check_device("cuda", "cuda")
        return self

    def double(self: M) -> M:
        """Convert to float64."""
        return self.to(np.float64)

    def float(self: M) -> M:
        """Convert to float32."""
        return self.to(np.float32)

    def apply(self: M, function: Callable[[Module], Any]) -> M:
        """Call ``function`` on every part, then on the module itself."""
        for module in reversed(list(self.modules())):
            function(module)
        return self

    # ---- names for pictures and messages ----------------------------------------------------------------------------

    def _path_of(self, module: Module, outer: str) -> str:
        """Where ``module`` sits inside this one. A module that is no part of it is named after its class and caller."""
        path = self._paths.get(module)
        if path is not None:
            return path
        self._survey()  # it may have been put in since the last one
        if module not in self._paths:
            for path, part in module.named_modules(f"{outer}.{type(module).__name__}".lstrip(".")):
                self._paths.setdefault(part, path)
        return self._paths[module]

    def _survey(self) -> None:
        """Note where each part sits, and name each parameter after its place, unless its user has named it.

        A name that ends as its attribute does was given by a survey, of a part or of what this is a copy of.
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
        from .printing import text  # which imports this module

        return text(self)

    def _repr_html_(self) -> str:
        from .printing import tree

        return tree(self)


def _check_takes(where: str, name: str, value: Any, kind: type[Any], cure: str) -> None:
    """Raise unless ``value`` is of this kind, or None."""
    if value is not None and not isinstance(value, kind):
        raise error(
            TypeError,
            where,
            got={name: value} if hasattr(value, "dtype") else {name: type(value).__name__},
            rule=f"the place of a {kind.__name__} takes a {kind.__name__} or None",
            cure=cure,
        )
