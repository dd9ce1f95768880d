"""Op: a forward, a gradient rule, and the name under which Tensor and NumPy find it. Calling one records a node.

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

import ast
import copy
import functools
import inspect
import threading
import types
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar, overload

import numpy as np

from .errors import error, is_explained
from .kernels import Kernel
from .source import compiled, source_tree
from .tensor import FUNCTIONS, Tensor, made_by, to_array

#: What forwards and rules work on: an ndarray or a Tensor.
Array: TypeAlias = Any

Inputs: TypeAlias = tuple[Any, ...]
F = TypeVar("F", bound=Callable[..., Any])


class State(threading.local):
    """What a thread works under: whether calls are recorded; the module that was called, the path of the one inside.

    ``make`` builds the result of every call on Tensors and ``debug`` is told of every step backward; debug mode puts
    its own in their place, so that nothing is paid for it otherwise.
    """

    recording = True
    make = staticmethod(made_by)
    debug: Any = None
    root: Any = None
    scope = ""


state = State()


class Op:
    """A differentiable function; made by :func:`op`, called like a function.

    Arrays in, an array out; with a Tensor among the inputs, a Tensor out that knows its op and inputs. Positional
    arguments of the forward are inputs (Tensors), keyword-only ones are params (axes, shapes, rates). ``dim`` and
    ``keepdim`` are accepted for ``axis`` and ``keepdims``, here and for every op.
    """

    def __init__(
        self,
        forward: Callable[..., Array],
        kernel: Kernel | None = None,
        types: str | None = None,
        keeps: int = 0,
        expects: tuple[str, str] | None = None,
        name: str | None = None,
    ) -> None:
        code = forward.__code__
        self.name = self.__name__ = name or forward.__name__.lstrip("_")  # _reshape: beneath the function reshape
        self.forward = self.__wrapped__ = forward  # __wrapped__: inspect.signature() looks there
        self.backward: Rule | None = None
        self.kernel, self.types, self.keeps, self.expects = kernel, types, keeps, expects
        self.letters = code.co_varnames[: code.co_argcount]
        self.n_inputs = None if code.co_flags & 0x04 else code.co_argcount  # 0x04: takes any number (*Xs)
        keywords = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        given = forward.__kwdefaults__ or {}
        self.defaults = {name: given.get(name, ...) for name in keywords}
        self.complete = None if "axis" in keywords else self.defaults.keys()  # params that need no work: all are named
        self.__doc__ = forward.__doc__
        self.__module__, self.__qualname__ = forward.__module__, forward.__qualname__

    def rule(self, function: F) -> F:
        """Decorator: ``function(dY, Y, *inputs, **params)`` returns the gradient of each input."""
        self.backward = Rule(function)
        return function

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def __reduce__(self) -> str:  # there is one of each: a copied or unpickled module holds the op itself
        return self.__qualname__

    def __call__(self, *inputs: Any, **params: Any) -> Any:
        if len(inputs) != self.n_inputs or params.keys() != self.complete or inputs[-1] is None:
            inputs, params = self._bind(inputs, params)
        arrays: list[Any] = []
        tensors = others = needs = False
        for x in inputs:
            if isinstance(x, Tensor):
                tensors, needs, x = True, needs or x.requires_grad, x.data
            else:
                others = True
            arrays.append(x)
        saved = None
        try:
            if not tensors:
                return self.forward(*inputs, **params)
            if self.types is not None:
                arrays[self.keeps :] = promote(arrays[self.keeps :], self.types)
            if others and (self.types is None or self.keeps):
                arrays = [x if isinstance(x, np.ndarray) else to_array(x) for x in arrays]
            if self.kernel is None:
                data = self.forward(*arrays, **params)
            else:
                data, saved = self.kernel.forward(*arrays, **params)
        except (IndexError, TypeError, ValueError) as problem:
            if is_explained(problem) or (self.expects is None and not isinstance(problem, TypeError)):
                raise
            raise self._explain(problem, inputs, params) from None
        if type(data) is not np.ndarray:
            data = np.asarray(data)  # NumPy returns scalars, not arrays, for results without axes
        if not (needs and state.recording and self.backward is not None and data.dtype.kind == "f"):
            return state.make(None, data, (), {}, None, "", False)
        if others:
            inputs = tuple(x if isinstance(x, Tensor) else Tensor.wrap(a) for x, a in zip(inputs, arrays, strict=True))
        return state.make(self, data, inputs, params, saved, state.scope, True)

    def gradients(self, Y: Tensor, dY: Array, needs: tuple[bool, ...], create_graph: bool = False) -> Sequence[Array]:
        """What ``dY`` sends to each input of ``Y``: by the kernel, or by the rule if that is to be differentiated."""
        assert self.backward is not None
        debug, Xs = state.debug, Y.inputs
        by = self if debug is None else debug.step(Y)
        if create_graph:
            sent: Any = self.backward.slice(needs)(dY, Y, *Xs, **Y.params)
        elif self.kernel is not None:
            sent = self.kernel.backward(dY, Y.data, Y.saved, needs, *[X.data for X in Xs], **Y.params)
        elif Y.params or len(Xs) > 2:
            sent = self.backward.slice(needs)(dY, Y.data, *[X.data for X in Xs], **Y.params)
        elif len(Xs) == 2:  # the same, written out: half the time
            sent = self.backward.slice(needs)(dY, Y.data, Xs[0].data, Xs[1].data)
        else:
            sent = self.backward.slice(needs)(dY, Y.data, Xs[0].data)
        if not isinstance(sent, (tuple, list)) or len(sent) < len(Xs):
            n = len(sent) if isinstance(sent, (tuple, list)) else 1
            raise error(RuntimeError, f"the gradient rule of {by.name}", f"{len(Xs)} inputs and returned {n}",
                        "it returns a gradient for each input", "return None for an input that has none")  # fmt: skip
        if debug is not None:
            debug.sent(Y, sent, by)
        return sent

    def _bind(self, inputs: Inputs, params: dict[str, Any]) -> tuple[Inputs, dict[str, Any]]:
        """Inputs without trailing ``None``, and all params: positional ones by their names, ``dim`` as ``axis``."""
        for theirs, ours in _ALIASES:
            if theirs in params and ours in self.defaults and ours not in params:
                params[ours] = params.pop(theirs)
        if self.n_inputs is not None and len(inputs) > self.n_inputs:
            inputs, more = inputs[: self.n_inputs], inputs[self.n_inputs :]
            twice = [name for name in list(self.defaults)[: len(more)] if name in params]
            if twice or len(more) > len(self.defaults):
                raise error(TypeError, self.name, f"{twice[0]!r} twice" if twice else "too many arguments",
                            self._signature(), "see help() of the op")  # fmt: skip
            params.update(zip(self.defaults, more, strict=False))
        if isinstance(params.get("axis"), list):
            params["axis"] = tuple(params["axis"])
        for letter in self.letters[len(inputs) :]:
            if letter not in params:
                break
            inputs = (*inputs, params.pop(letter))
        while inputs and inputs[-1] is None:
            inputs = inputs[:-1]
        unknown = [name for name in params if name not in self.defaults]
        missing = [name for name, value in self.defaults.items() if value is ... and name not in params]
        missing += self.letters[len(inputs) : len(self.letters) - len(self.forward.__defaults__ or ())]
        if unknown or missing:
            raise error(TypeError, self.name, f"an unknown {unknown[0]!r}" if unknown else f"no {missing[0]!r}",
                        self._signature(), "see help() of the op")  # fmt: skip
        return inputs, {**self.defaults, **params}

    def _signature(self) -> str:
        return f"its arguments are {', '.join([*self.letters, *self.defaults])}"

    def _explain(self, problem: Exception, inputs: Inputs, params: dict[str, Any]) -> Exception:
        rule, cure = self.expects or ("", "")
        kind = next(k for k in (IndexError, TypeError, ValueError) if isinstance(problem, k))
        if kind is TypeError:
            rule, cure = "the types of the inputs suit the op", "convert them first, e.g. with .astype('float32')"
        letters = self.letters or [f"X{i}" for i in range(len(inputs))]
        got = {**dict(zip(letters, inputs, strict=False)), **params}
        return error(kind, self.name, got, f"{rule} (NumPy: {problem})", cure)


@overload
def op(forward: Callable[..., Array], /) -> Op: ...
@overload
def op(
    *, kernel: Kernel | None = None, types: str | None = None, keeps: int = 0, expects: tuple[str, str] | None = None
) -> Callable[[Callable[..., Array]], Op]: ...
def op(forward: Callable[..., Array] | None = None, /, **traits: Any) -> Any:
    """Make an :class:`Op` of a forward function.

    It is entered in ``FUNCTIONS`` under its name, unless that is taken or begins with an underscore (which marks the op
    beneath a function of the same name): nobody's ``exp`` takes the place of the engine's.

    ``types`` says how inputs of different types meet: ``"same"`` (the common type, :func:`promote`), ``"float"`` (the
    same, integers as float32) or None (each keeps its own); the first ``keeps`` inputs stand aside. ``expects`` is
    (rule, cure) for the message when NumPy refuses the inputs. ``kernel`` is the fast pair that stands in for forward
    and rule on arrays.
    """

    def make(forward: Callable[..., Array]) -> Op:
        made = Op(forward, **traits)
        if not forward.__name__.startswith("_"):
            FUNCTIONS.setdefault(made.name, made)
        return made

    return make if forward is None else make(forward)


def function(compose: F) -> F:
    """Decorator: enter a function that is composed of ops in ``FUNCTIONS``, and let it take ``dim`` as ops do."""
    code = inspect.unwrap(compose).__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    aliases = {theirs: ours for theirs, ours in _ALIASES if ours in names and theirs not in names}

    @functools.wraps(compose)
    def call(*inputs: Any, **params: Any) -> Any:
        for theirs in aliases.keys() & params.keys():
            if aliases[theirs] not in params:  # otherwise Python complains about theirs
                params[aliases[theirs]] = params.pop(theirs)
        return compose(*inputs, **params)

    made = call if aliases else compose
    FUNCTIONS.setdefault(compose.__name__, made)
    return made  # type: ignore[return-value]


class Rule:
    """A gradient rule and, for each choice of inputs that want a gradient, only those of its lines that they need."""

    __slots__ = ("_slices", "function")

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self._slices: dict[tuple[bool, ...], Callable[..., tuple[Any, ...]]] = {}

    def slice(self, needs: tuple[bool, ...]) -> Callable[..., tuple[Any, ...]]:
        """A function like the rule that returns a tuple with ``None`` where ``needs`` is false."""
        if needs not in self._slices:
            self._slices[needs] = self._compile(needs)
        return self._slices[needs]

    def lines(self, needs: tuple[bool, ...]) -> Any:
        """The rule's syntax tree, cut down to the statements that the wanted gradients depend on.

        Walks backward from the ``return`` and leaves out each assignment to names that nothing below it reads.
        Raises OSError where :func:`source_tree` does, and for a rule that returns in several places.
        """
        tree = copy.deepcopy(source_tree(self.function))
        *body, last = tree.body
        returns = [node for node in ast.walk(tree) if isinstance(node, ast.Return)]
        if returns != [last] or not isinstance(last, ast.Return) or last.value is None:
            raise OSError(f"{self.function.__name__} does not return its gradients in the last line, and only there")
        if isinstance(last.value, ast.Tuple) and not any(isinstance(e, ast.Starred) for e in last.value.elts):
            pairs = zip(last.value.elts, (*needs, *[False] * len(last.value.elts)), strict=False)
            last.value.elts = [e if need else ast.Constant(None) for e, need in pairs]
        elif len(needs) == 1 and not self.function.__code__.co_flags & 0x04:  # dY, Y and one X, not *inputs
            last.value = ast.Tuple([last.value], ast.Load())

        def names(node: ast.AST, context: type) -> set[str]:
            return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, context)}

        wanted = names(last, ast.Load)
        kept: list[ast.stmt] = [last]
        for statement in reversed(body):
            if not _only_assigns(statement) or names(statement, ast.Store) & wanted:
                wanted |= names(statement, ast.Load)
                kept.insert(0, statement)
        tree.body, tree.args.defaults, tree.args.kw_defaults = kept, [], [None] * len(tree.args.kwonlyargs)
        ast.increment_lineno(tree, self.function.__code__.co_firstlineno - 1)
        return ast.fix_missing_locations(tree)

    def _compile(self, needs: tuple[bool, ...]) -> Callable[..., tuple[Any, ...]]:
        rule = self.function
        try:
            if rule.__closure__:
                raise OSError("a rule that closes over local names runs as it is")
            code = compiled(self.lines(needs), rule.__code__.co_filename, rule.__name__)
        except (OSError, SyntaxError):
            code = None
        if code is None:
            return lambda *args, **params: _as_tuple(rule(*args, **params))
        made = types.FunctionType(code, rule.__globals__, rule.__name__, rule.__defaults__)
        made.__kwdefaults__ = rule.__kwdefaults__
        return made


def _only_assigns(statement: ast.stmt) -> bool:
    """Whether it does nothing else than give names to values; ``dW[ids] = 0`` and calls change what has a name."""
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)  # a docstring
    if not isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        return False
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    parts = [part for target in targets for part in ast.walk(target)]
    return not any(isinstance(part, (ast.Subscript, ast.Attribute)) for part in parts)


def _as_tuple(gradients: Any) -> tuple[Any, ...]:
    return tuple(gradients) if isinstance(gradients, (tuple, list)) else (gradients,)


def fit(dX: Array, X: Tensor, by: Any) -> Array:
    """``dX`` as the gradient of ``X``: summed over the axes that broadcasting stretched, in the dtype of ``X``.

    ``by`` is the op whose rule made it, or what debug mode knows of its place.
    """
    if dX.shape != X.data.shape:
        shape = X.data.shape
        lead = dX.ndim - len(shape)
        stretched = [i + lead for i, n in enumerate(shape) if n == 1]
        axes = (*range(lead), *[i for i in stretched if 0 <= i < dX.ndim and dX.shape[i] != 1])
        if lead < 0 or any(n not in (1, m) for n, m in zip(shape, dX.shape[lead:], strict=True)):
            raise error(RuntimeError, f"the gradient rule of {by.name}", {"input": X, "its gradient": dX},
                        "a gradient has its input's shape, up to broadcasting", "mend the rule")  # fmt: skip
        dX = dX.sum(axis=axes).reshape(shape)
    return dX if dX.dtype == X.data.dtype else dX.astype(X.data.dtype)


#: PyTorch's and NumPy's other names for a param.
_ALIASES = (("dim", "axis"), ("dims", "axis"), ("axis", "dim"), ("keepdim", "keepdims"), ("ddof", "correction"),
            ("ord", "p"), ("a_min", "min"), ("a_max", "max"))  # fmt: skip

_KINDS = {"b": 0, "i": 1, "u": 1, "f": 2}


def promote(arrays: list[Any], types: str) -> list[np.ndarray[Any, Any]]:
    """The inputs in their common type, by PyTorch's rule.

    The kind (boolean < integer < float) is the highest of all inputs. Within the kind, arrays with axes decide, then
    those without, then Python's and NumPy's numbers: ``float32 array * 2.0`` and ``* np.float64(2)`` stay float32, an
    integer array with a float32 one gives float32, with a Python float it gives float32.
    """
    like: Any = getattr(arrays[0], "dtype", None)
    alike = [a for a in arrays if type(a) is np.ndarray and a.dtype is like]
    if len(alike) == len(arrays) and (types == "same" or like.kind == "f"):
        return arrays  # the common case
    ranks: list[np.dtype[Any] | None] = [None, None, None]  # with axes, without, plain numbers
    for i, a in enumerate(arrays):
        plain = not isinstance(a, np.ndarray) and not isinstance(a, (list, tuple))
        number = isinstance(a, np.generic) or plain
        a = arrays[i] = to_array(a, np.float64 if type(a) is float else None)  # not yet rounded to float32
        dtype = np.dtype(np.float32) if number and a.dtype.kind == "f" else a.dtype
        rank = 2 if number else 1 if a.ndim == 0 else 0
        ranks[rank] = dtype if ranks[rank] is None else _meet(ranks[rank], dtype, np.promote_types)
    common = None
    for dtype_ in ranks:
        if dtype_ is not None:
            common = dtype_ if common is None else _meet(common, dtype_, lambda a, b: a)
    assert common is not None
    if types == "float" and common.kind != "f":
        common = np.dtype(np.float32)
    return [a if a.dtype == common else a.astype(common) for a in arrays]


def _meet(a: Any, b: Any, same_kind: Callable[[Any, Any], Any]) -> Any:
    if _KINDS[a.kind] == _KINDS[b.kind]:
        return same_kind(a, b)
    return a if _KINDS[a.kind] > _KINDS[b.kind] else b
