"""Op: a forward, a gradient rule, and a name. Calling one records a node.

An op is written as two functions, one above the other::

    @op
    def matmul(X, W):
        return X @ W

    @matmul.rule
    def d_matmul(dY, Y, X, W):
        dX = dY @ W.mT
        dW = X.mT @ dY
        return dX, dW

The rule is given the gradient ``dY`` of the loss to the output, the output, the inputs and the params, and returns one
gradient per input (``None`` for one that has none). It is handed arrays, or Tensors when its own gradient is wanted,
so it is written in operators, methods and NumPy functions, which work on both. Summing over broadcast axes and keeping
an input's dtype is the engine's business (:func:`fit`), not the rule's. Only the lines that a wanted gradient needs are
run (:meth:`Rule.slice`).
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Sequence
from operator import attrgetter, is_
from sys import _getframe
from typing import Any, Protocol, TypeAlias, TypeVar, overload

import numpy as np
from numpy import ndarray

from .. import sums
from ..errors import error, is_explained, wrong_arguments
from ..wording.texts import named
from . import mistakes
from .changes import check_unchanged, last_write
from .dtypes import halved, is_half, promote, widened
from .places import is_ours, site_of
from .recording import thread
from .rule import Rule, keep_source
from .tensor import NO_PARAMS, Array, Tensor, holds_tensors, made_by, to_array

Inputs: TypeAlias = tuple[Any, ...]
F = TypeVar("F", bound=Callable[..., Any])
_WIDE = np.dtype("float32"), np.dtype("float64")


class Op:
    """What :func:`op` makes: what a function computes, its gradient rule, and the ``function`` that one calls.

    Arrays in, an array out; with a Tensor among the inputs, a Tensor out that knows its op and inputs. Positional
    arguments of the forward are inputs (Tensors), keyword-only ones are params (axes, shapes, rates). PyTorch's names
    are taken besides, here and for every op: ``input`` for the first input, ``dim`` for ``axis`` …
    """

    repeats = True  # whether calling the forward again with the same inputs does all that the first call did

    def __init__(
        self,
        forward: Callable[..., Array],
        kernel: Any = None,
        types: str | None = None,
        keeps: int = 0,
        expects: tuple[str, str] | None = None,
        wide: bool | None = None,
        name: str | None = None,
    ) -> None:
        if problem := mistakes.no_op(forward, types):
            raise problem
        keep_source(forward)
        code = forward.__code__
        if any(default is not None for default in forward.__defaults__ or ()):
            raise mistakes.input_with_default(forward)
        own = name or forward.__name__.lstrip("_")  # _reshape: beneath the function reshape
        self.name = named(own, 40, "op")
        self.forward = forward
        self.backward: Rule | None = None
        self.kernel, self.types, self.keeps, self.expects = kernel, types, keeps, expects
        self.wide = kernel is not None or types is not None if wide is None else wide
        self.letters = code.co_varnames[: code.co_argcount]
        self.n_inputs = None if code.co_flags & inspect.CO_VARARGS else code.co_argcount
        keywords = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        given = forward.__kwdefaults__ or {}
        self.defaults = {name: given.get(name, ...) for name in keywords}
        self.aliases = aliases([*self.letters, *keywords])
        self.complete = None if "axis" in keywords else self.defaults.keys()  # params that need no work: all are named
        self.function: OpFunction = self._dispatcher()

    def rule(self, function: F) -> F:
        """Decorator: ``function(dY, Y, *inputs, **params)`` returns the gradient of each input."""
        self.backward = Rule(function)
        return function

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def __reduce__(self) -> Any:  # there is one of each: what is copied or unpickled holds the op itself
        return attrgetter("op"), (self.function,)

    def _dispatcher(self) -> Any:
        """The function that one calls, the same as a function, as a method and in rules that run on Tensors."""
        op, forward = self, self.forward
        n_plain = self.n_inputs if self.kernel is None and not self.defaults and self.n_inputs in (1, 2) else None
        beneath = forward.__name__[0] == "_" and is_ours(forward.__code__)  # the function above it notes the place

        @functools.wraps(forward)
        def call(*inputs: Any, **params: Any) -> Any:
            made, state = None, thread.state
            if len(inputs) == n_plain and not params and state.watch is None:
                # The fast path needs Tensors of one float dtype, or one and a Python number, and no watcher.
                X, W, Xs = inputs[0], inputs[-1], inputs
                if not (isinstance(X, Tensor) and isinstance(W, Tensor)):
                    X, W = Xs = _side_by_side(X, W)
                if X is not None:
                    x, w = X.array, W.array
                    dtype = x.dtype
                    if dtype is w.dtype and dtype in _WIDE:
                        try:
                            y = forward(x, w) if n_plain == 2 else forward(x)
                        except (IndexError, TypeError, ValueError):
                            return op.call(inputs, params)  # which says what is wrong
                        needs = X.requires_grad or W.requires_grad
                        if type(y) is ndarray and y.dtype is dtype and needs and state.recording:
                            Y = made_by(op, y, Xs, NO_PARAMS, None, state.scope, True)
                            f = _getframe(1)
                            g = f.f_back or f
                            Y.site = f.f_code, f.f_lasti, g.f_code, g.f_lasti  # site_of(f), written out
                            return Y
                        made = op.made(y, Xs, NO_PARAMS, None, needs)
            if made is None:
                made = op.call(inputs, params)
            if not beneath and isinstance(made, Tensor) and made.requires_grad:
                made.site = site_of(_getframe(1))
            return made

        call.__name__ = self.name
        call.__dict__.update(op=self, rule=self.rule)
        if self.defaults and self.n_inputs is not None:
            call.__dict__["__signature__"] = _signature(forward, self.defaults)
        return call

    def call(self, inputs: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Any other call: inputs brought to one type, params by their names, mistakes explained."""
        if len(inputs) != self.n_inputs or params.keys() != self.complete or inputs[-1] is None:
            inputs, params = self._bind(inputs, params)
        arrays: list[Any] = []
        needs = others = mixed = False
        dtype: Any = None  # of the Tensors
        for x in inputs:
            if isinstance(x, Tensor):
                needs, x = needs or x.requires_grad, x.array
                if x.dtype is not dtype:
                    mixed, dtype = mixed or dtype is not None, x.dtype
            else:
                others = True
            arrays.append(x)
        alike = not others and not mixed and dtype is not None
        if others:
            taken = [_taken(self.name, x, dtype is None) for x in inputs]
            if not all(map(is_, taken, inputs)):
                return self.call(tuple(taken), params)
        saved = None
        try:
            if self.wide and not (alike and dtype.char in "fd") and is_half(arrays):
                return halved(self.call(tuple(map(widened, inputs)), params))
            if dtype is None:
                return self.forward(*inputs, **params)
            if self.types is not None and not (alike and dtype.kind == "f"):
                given = arrays[self.keeps :]
                common = promote(given, self.types)
                if common is not given:
                    others, arrays[self.keeps :] = True, common
            if others and (self.types is None or self.keeps):
                arrays = [x if isinstance(x, np.ndarray) else to_array(x) for x in arrays]
            if self.kernel is None:
                array = self.forward(*arrays, **params)
            else:
                array, saved = self.kernel.forward(*arrays, **params)
        except (IndexError, TypeError, ValueError) as problem:
            if is_explained(problem) or (self.expects is None and not isinstance(problem, TypeError)):
                raise
            raise self._explain(problem, inputs, params) from None
        if others and needs:
            inputs = tuple(map(_as_input, inputs, arrays))
        return self.made(array, inputs, params, saved, needs)

    def made(self, array: Any, inputs: Inputs, params: dict[str, Any], saved: Any, needs: bool) -> Tensor:
        """The result as a Tensor, which remembers what made it if a gradient will flow back to there."""
        if type(array) is not np.ndarray:
            if isinstance(array, (tuple, list)):
                raise mistakes.several_results(self.name, array)
            array = np.asarray(array)  # NumPy returns scalars, not arrays, for results without axes
        state = thread.state
        if needs and state.recording and array.dtype.kind == "f":
            Y = made_by(self, array, inputs, params, saved, state.scope, True)
        else:
            Y = made_by(None, array, (), NO_PARAMS, None, "", False)
        if state.watch is not None:
            state.watch.made(self, inputs, params, Y)
        return Y

    def gradients(self, Y: Tensor, dY: Array, needs: tuple[bool, ...], create_graph: bool = False) -> Sequence[Array]:
        """What ``dY`` sends to each input of ``Y``: by the kernel, or by the rule if that is to be differentiated."""
        if self.backward is None:
            raise mistakes.no_rule(self.name, Y)
        watch, Xs = thread.state.watch, Y.inputs
        if watch is not None:
            watch.step(Y)
        if Y.number < last_write[0]:
            check_unchanged(self.backward, Y, needs)
        try:
            if self.kernel is not None and not create_graph:
                sent: Any = self.kernel.backward(dY, Y.array, Y.saved, needs, *[X.array for X in Xs], **Y.params)
            else:
                rule = self.backward.slice(needs)
                if create_graph:
                    sent = rule(dY, Y, *Xs, **Y.params)
                elif Y.params or len(Xs) > 2:
                    sent = rule(dY, Y.array, *[X.array for X in Xs], **Y.params)
                elif len(Xs) == 2:  # the same, written out: half the time
                    sent = rule(dY, Y.array, Xs[0].array, Xs[1].array)
                else:
                    sent = rule(dY, Y.array, Xs[0].array)
        except BaseException:
            if watch is not None:
                watch.stopped(Y)
            raise
        if watch is not None:
            watch.sent(Y, sent)
        if (type(sent) is not tuple and not isinstance(sent, list)) or len(sent) < len(Xs):
            raise mistakes.too_few_gradients(self.name, Y, sent)
        return sent

    def _bind(self, inputs: Inputs, params: dict[str, Any]) -> tuple[Inputs, dict[str, Any]]:
        """Inputs without trailing ``None``, and all params: positional ones by their names, ``dim`` as ``axis``."""
        given, named = inputs, renamed(params, self.aliases)
        params = dict(named)
        if self.n_inputs is not None and len(inputs) > self.n_inputs:
            inputs, more = inputs[: self.n_inputs], inputs[self.n_inputs :]
            by_place = dict(zip(self.defaults, more, strict=False))
            if len(more) > len(self.defaults) or by_place.keys() & params.keys():
                raise wrong_arguments(self.name, inspect.signature(self.function), given, named)
            params.update(by_place)
        if isinstance(params.get("axis"), list):
            params["axis"] = tuple(params["axis"])
        for letter in self.letters[len(inputs) :]:
            if letter not in params:
                break
            inputs = (*inputs, params.pop(letter))
        while inputs and inputs[-1] is None:
            inputs = inputs[:-1]
        missing = [name for name, value in self.defaults.items() if value is ... and name not in params]
        missing += self.letters[len(inputs) : len(self.letters) - len(self.forward.__defaults__ or ())]
        if missing or not params.keys() <= self.defaults.keys():
            raise wrong_arguments(self.name, inspect.signature(self.function), given, named)
        return inputs, {**self.defaults, **params}

    def _explain(self, problem: Exception, inputs: Inputs, params: dict[str, Any]) -> Exception:
        rule, cure = self.expects or ("", "")
        kind = next(k for k in (IndexError, TypeError, ValueError) if isinstance(problem, k))
        if kind is TypeError:
            rule, cure = "the types of the inputs suit the op", "convert them first, e.g. with .astype('float32')"
        letters = self.letters or [f"X{i}" for i in range(len(inputs))]
        got = {**dict(zip(letters, inputs, strict=False)), **params}
        return error(kind, self.name, got=got, rule=f"{rule} (NumPy: {str(problem).strip()})", cure=cure)


def _taken(name: str, x: Any, alone: bool) -> Any:
    """An input of an op: a list is a Tensor if it holds some, and an array where no other input is a Tensor."""
    if isinstance(x, (list, tuple)):
        return Tensor._of_list(x) if holds_tensors(x) else to_array(x) if alone else x
    if x is not None and not isinstance(x, (np.ndarray, int, float)) and not hasattr(x, "__array__"):
        raise mistakes.no_input(name, x)
    return x


def _as_input(x: Any, array: np.ndarray[Any, Any]) -> Tensor:
    """What the graph keeps of an input whose value was ``array``: a rule is given what the forward was given."""
    if not isinstance(x, Tensor):
        return Tensor.wrap(array.copy() if array is x else array)  # his own array a user may write to
    if x.array is array:
        return x
    return x.astype(array.dtype) if x.requires_grad or thread.state.watch else Tensor.wrap(array, x.name)


def _side_by_side(X: Any, W: Any) -> tuple[Any, Any]:
    """Both as Tensors, if one is a Tensor of floats and the other a Python number; otherwise None and None."""
    t, number = (X, W) if isinstance(X, Tensor) else (W, X)
    if not isinstance(t, Tensor) or t.array.dtype.kind != "f" or type(number) not in (float, int):
        return None, None
    other = made_by(None, np.array(number, t.array.dtype), (), NO_PARAMS, None, "", False)
    return (t, other) if t is X else (other, t)


class OpFunction(Protocol):
    """The function of an op: call it, or write its rule below it."""

    __name__: str
    __qualname__: str
    op: Op
    rule: Callable[[F], F]

    def __call__(self, *inputs: Any, **params: Any) -> Any: ...


def _signature(forward: Callable[..., Any], params: Any) -> inspect.Signature:
    """The arguments of a forward; after the inputs, params may be given by position, too."""
    own = inspect.signature(forward)
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    by_place = [p.replace(kind=kind) if p.name in params else p for p in own.parameters.values()]
    with contextlib.suppress(ValueError):  # Python allows none without a default after one with a default
        return own.replace(parameters=by_place)
    return own


@overload
def op(forward: Callable[..., Array], /) -> OpFunction: ...
@overload
def op(
    *,
    kernel: Any = None,
    types: str | None = None,
    keeps: int = 0,
    expects: tuple[str, str] | None = None,
    wide: bool | None = None,
) -> Callable[[Callable[..., Array]], OpFunction]: ...
def op(forward: Callable[..., Array] | None = None, /, **traits: Any) -> Any:
    """Make a differentiable function of a forward: an :class:`Op`, which it bears as ``.op``, and which records calls.

    A name with an underscore marks the op beneath a function of that name.

    ``types`` says how inputs of different types meet: ``"same"`` (the common type, :func:`promote`), ``"float"`` (the
    same, integers as float32) or None (each keeps its own); the first ``keeps`` inputs stand aside. ``expects`` is
    (rule, cure) for the message when NumPy refuses the inputs. ``wide`` ops compute on float16 in float32: those with
    ``types`` or a kernel, unless it says otherwise. ``kernel`` is the fast pair that stands in for forward
    and rule on arrays, as :class:`tinygrad_tf.kernels.Kernel` says.
    """
    return functools.partial(_function, **traits) if forward is None else _function(forward)


def _function(forward: Callable[..., Array], **traits: Any) -> OpFunction:
    return Op(forward, **traits).function


#: What PyTorch or NumPy calls an argument, and what it is called here.
_ALIASES = (("dim", "axis"), ("dims", "axis"), ("axis", "dim"), ("keepdim", "keepdims"), ("ddof", "correction"),
            ("ord", "p"), ("a_min", "min"), ("a_max", "max"))  # fmt: skip


def aliases(names: Sequence[str]) -> dict[str, str]:
    """Other names for the arguments of a function: ``dim`` for its ``axis``, ``input`` and ``other`` for X and W."""
    first = "X" if "X" in names else names[0] if names else ""
    second = next((name for name in ("W", "Z") if name in names), "")
    pairs = [*_ALIASES, ("input", first), ("other", second)]
    return {theirs: ours for theirs, ours in pairs if ours in names and theirs not in names}


def renamed(params: dict[str, Any], other_names: dict[str, str]) -> dict[str, Any]:
    """Arguments under the names that the function has for them; one that is given under both stays as it is."""
    if not params.keys() & other_names.keys():
        return params
    ours = {name: other_names.get(name, name) for name in params}
    return {name if name != our and our in params else our: params[name] for name, our in ours.items()}


def fit(dX: Array, X: Tensor, op: Op) -> Array:
    """``dX`` as the gradient of ``X``: summed over the axes that broadcasting stretched, in the dtype of ``X``."""
    if dX.shape != X.shape:
        shape = X.shape
        lead = dX.ndim - len(shape)
        stretched = [i + lead for i, n in enumerate(shape) if n == 1]
        axes = (*range(lead), *[i for i in stretched if 0 <= i < dX.ndim and dX.shape[i] != 1])
        if lead < 0 or any(n not in (1, m) for n, m in zip(shape, dX.shape[lead:], strict=True)):
            raise mistakes.wrong_gradient(op.name, X, dX)
        dX = (sums.sum(dX, axes) if isinstance(dX, ndarray) else dX.sum(axis=axes)).reshape(shape)
    return dX if dX.dtype == X.dtype else dX.astype(X.dtype)
