"""compile(): a function that is recorded once and then runs as a program."""

from __future__ import annotations

import copy
import dataclasses
import functools
import sys
import types
import warnings
import weakref
from collections.abc import Callable
from typing import Any, TypeVar, overload

import numpy as np

from .. import random
from ..autograd import mistakes
from ..autograd.changes import is_newer, last_write
from ..autograd.operation import Op
from ..autograd.places import is_ours
from ..autograd.recording import thread
from ..autograd.tensor import NO_PARAMS, Tensor, made_by
from ..autograd.walk import FREED
from ..errors import error
from ..kernels import Kernel, chosen
from .calls import Unwritable
from .guards import Guard
from .straight import OtherWay, Straight
from .tracing import Backward, Told, Trace, Tracer, Value

Array = np.ndarray[Any, Any]
F = TypeVar("F", bound=Callable[..., Any])

MOST = 8  # programs of one function


@overload
def compile(function: F, /, *, fullgraph: bool = False, dynamic: Any = None, backend: Any = None, mode: Any = None,
            options: Any = None, disable: bool = False) -> F: ...  # fmt: skip
@overload
def compile(*, fullgraph: bool = False, dynamic: Any = None, backend: Any = None, mode: Any = None,
            options: Any = None, disable: bool = False) -> Callable[[F], F]: ...  # fmt: skip
def compile(function: Any = None, /, *, fullgraph: bool = False, dynamic: Any = None, backend: Any = None,
            mode: Any = None, options: Any = None, disable: bool = False) -> Any:  # fmt: skip
    """The function, or module, as a program that is made when it is first called. A decorator as well.

    The first call with arrays of new shapes and types runs as usual, and what runs is noted. Later calls run that
    alone: the kernels and the elementary rules in one piece of straight-line code, without Tensors and without a graph.
    They give the same bits. ``backward()`` of what a compiled function returns runs the way back in the same manner. A
    whole training step may be compiled, with ``backward()`` and ``optimizer.step()`` in it. Arrays among the arguments
    reach the function as Tensors. Dropout draws anew in each call.

    What the function does besides, such as printing, is done in the first call only. Where it reads a value in Python
    (``item()``, ``if loss > 1``) it cannot be a program: it then runs as usual, and a warning says which line it was;
    with ``fullgraph`` an error does. Numbers that the function reaches by name, modes of modules, and parameters are
    looked at before each call. If they have changed, another program is made, up to eight. ``disable`` gives the
    function back as it is. The other arguments are PyTorch's, and change nothing here.

    >>> @compile
    ... def loss(x, w):
    ...     return ((x @ w) ** 2).mean()
    >>> x, w = np.ones((2, 3), np.float32), Tensor(np.ones(3), requires_grad=True)
    >>> for _ in range(2):
    ...     w.grad = None
    ...     loss(x, w).backward()
    >>> w.grad.tolist()
    [6.0, 6.0, 6.0]
    """
    if function is None:
        return functools.partial(compile, fullgraph=fullgraph, disable=disable)
    if not callable(function):
        raise error(
            TypeError,
            "compile",
            got={"function": function},
            rule="it takes a function or a module",
            cure="write compile(model) or put @compile above a def",
        )
    return function if disable else Compiled(function, fullgraph)


class Compiled:
    """A compiled function: call it as the function itself, which is its ``__wrapped__``.

    Of a module it has the attributes, too. ``programs`` lists the texts of the programs that were made.
    """

    __wrapped__: Any

    def __init__(self, function: Callable[..., Any], fullgraph: bool) -> None:
        own = vars(self)
        own.update(_by_key={}, _refused={}, _fullgraph=fullgraph, _warned=set(), _held=[],
                   _is_module=hasattr(function, "named_parameters"))  # fmt: skip
        if isinstance(function, types.FunctionType):
            functools.update_wrapper(self, function)
        own["__wrapped__"] = function

    @property
    def programs(self) -> list[str]:
        """The texts of the programs."""
        return [p.text for some in self._by_key.values() for p in some]

    def __repr__(self) -> str:
        return f"compile({self.__wrapped__!r})"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or not vars(self).get("_is_module"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.__wrapped__, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if self._is_module:
            setattr(self.__wrapped__, name, value)
        else:
            vars(self)[name] = value

    def __get__(self, owner: Any, kind: Any = None) -> Any:
        return self if owner is None else types.MethodType(self, owner)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        state = thread.state
        if state.watch is not None:  # debug mode looks at each op; a function that is traced notes them
            return self._as_it_is(args, kwargs)
        given: list[Any] = []
        key = (state.recording, chosen(), _key(args, given, state.recording),
               _key(kwargs, given, state.recording) if kwargs else None)  # fmt: skip
        some = self._by_key.get(key)
        if some is not None:
            for program in some:
                if program.guard.holds():
                    try:
                        return program.run(given)
                    except OtherWay:
                        continue
            if key in self._refused:
                return self._as_it_is(args, kwargs)
        return self._first_call(key, given, args, kwargs)

    def _as_it_is(self, args: Any, kwargs: Any) -> Any:
        return self.__wrapped__(*_with(args, {}), **_with(kwargs, {}))

    def _first_call(self, key: Any, given: list[Any], args: Any, kwargs: Any) -> Any:
        if sum(map(len, self._by_key.values())) >= MOST:
            self._tell(f"{MOST} programs were made, for as many shapes, types, settings or other arguments that are no "
                       "arrays; it now runs as it is", "bring batches to one size, and give numbers that change as "
                       "Tensors")  # fmt: skip
            return self._as_it_is(args, kwargs)
        state = thread.state
        tracer, start = Tracer(), random.get_state()
        objects = [x for x in (*args, *kwargs.values()) if _is_object(x)]
        with tracer:
            tracer.look_at(Guard([self.__wrapped__], [], objects).tensors)
            tensors = [x if isinstance(x, Tensor) else Tensor.wrap(x.copy()) for x in given]
            for i, t in enumerate(tensors):
                tracer.argument(t, i)
            by_id = {id(x): t for x, t in zip(given, tensors, strict=True)}
            result = self.__wrapped__(*_with(args, by_id), **_with(kwargs, by_id))
        trace = tracer.trace
        programs = self._by_key.setdefault(key, [])
        self._held.append((args, kwargs) if any(map(_is_object, (*args, *kwargs.values()))) else None)
        program = None
        if trace.refused is None:
            guard = Guard([self.__wrapped__], trace.modules, objects)
            lost = [v.tensor for v in trace.outside.values() if v.tensor.number not in guard.reached]  # type: ignore[union-attr]
            if lost:
                trace.refused = (f"the Tensor {lost[0].name or lost[0].shape} is found in a place that may change; "  # type: ignore[union-attr]
                                 "give it as an argument")  # fmt: skip
            else:
                try:
                    program = Program(getattr(self, "__name__", "compiled"), tracer, result, tensors, guard)
                    program.check(tensors, start)
                except Exception as problem:  # whatever it is, the function itself has done its work
                    trace.refused, program = f"no program could be made ({type(problem).__name__}: {problem})", None
        if program is None:
            self._refused[key] = trace.refused
            self._tell(f"{trace.refused}; it runs as it is", "leave that out of the function, or do not compile it")
        else:
            programs.append(program)
        assert state is thread.state
        return result

    def _tell(self, what: str, cure: str) -> None:
        name = getattr(self.__wrapped__, "__name__", type(self.__wrapped__).__name__)
        if self._fullgraph:
            raise error(
                RuntimeError, "compile", got=f"{name}: {what}",
                rule="a program does the same with other numbers", cure=cure,
            )  # fmt: skip
        if what not in self._warned:
            self._warned.add(what)
            warnings.warn(f"compile: {name}: {what}\n  cure: {cure}", RuntimeWarning, stacklevel=_level())


class Program:
    """One program of a function: for arguments of certain shapes and types, and settings that its guard looks at."""

    def __init__(self, name: str, tracer: Tracer, result: Any, tensors: list[Tensor], guard: Guard) -> None:
        self.guard, self.name = guard, name
        trace = tracer.trace
        straight = Straight(trace)
        for value in tracer.values.values():
            if value.kind == "argument":
                straight.names[value] = f"a{value.index}"
        straight.n = len(tensors)
        self.outputs: list[Value] = []
        self.rebuild = self._result(result, tracer)
        straight.write()
        self.over = any(isinstance(e, Backward) for e in trace.events)  # whether the graph has gone its way
        forward, straight.lines = straight.lines, []
        self.draws = any(e.__class__.__name__ == "Draw" for e in trace.events)
        self.acts = any(e.__class__.__name__ in ("Act", "Backward") for e in trace.events)
        texts, kept = [], []
        self.wanted: list[tuple[list[Value], dict[Value, Array]] | None] = []
        bodies: list[Any] = []
        for value in self.outputs:
            if not value.requires_grad or self.over or value.kind != "made":
                self.wanted.append(None)
                bodies.append(None)
                continue
            straight.lines = []
            found = straight.backward(value, "d0", np.ones_like(value.array), len(trace.events))
            self.wanted.append(([leaf for leaf, _, _ in found], straight.found))
            bodies.append((straight.lines, f"({''.join(f'{name}, ' for _, name, _ in found)})"))
        for k, body in enumerate(bodies):
            if body is not None:
                lines, back = body
                straight.function(f"backward_{k}", "d0, kept", lines, back)
                inner = {g for line in lines for g in line.gives}
                kept += [name for name in sorted(straight.reads - inner - {"d0"}) if name not in kept]
        several = sum(b is not None for b in bodies) > 1
        for k, body in enumerate(bodies):
            if body is not None:
                first = [f"{', '.join(kept)}, = kept", *([] if several else ["kept.clear()"])] if kept else []
                texts.append(straight.function(f"backward_{k}", "d0, kept", body[0], body[1], first))
        arguments = ", ".join([f"a{i}" for i in range(len(tensors))])
        made = ", ".join([straight.name(value) for value in self.outputs])
        returned = f"({made + ', ' if made else ''}), [{', '.join(kept)}]"
        texts.insert(0, straight.function("forward", arguments, forward + straight.lines[:0], returned))
        space = straight.compiled(texts)
        self.text: str = space.pop("__text__")
        self.forward: Callable[..., Any] = space["forward"]
        self.ops = [None if w is None else _op_of(name, space[f"backward_{k}"]) for k, w in enumerate(self.wanted)]
        self.inputs = [() if w is None else tuple([(v.index, v.tensor if v.kind == "outside" else None) for v in w[0]])
                       for w in self.wanted]  # fmt: skip
        self.several, self.keeps = several, any(self.ops)
        self.read = [v for v, name in straight.names.items() if name in kept and v.kind in ("argument", "outside")]

    def _result(self, result: Any, tracer: Tracer) -> Callable[[list[Any], list[Any]], Any]:
        """A function that puts together what the function returns, of the arguments and the outputs."""
        if isinstance(result, Tensor):
            value = tracer.value_of(result)
            if value.kind == "argument":
                return lambda given, made: given[value.index]
            if value.kind == "outside":
                return lambda given, made: value.tensor
            if value.kind not in ("made", "cut", "constant"):
                raise Unwritable(f"a result that is no value: {value.kind}")
            return self._output(value)
        if isinstance(result, Told):
            return self._output(tracer.others[id(result)])
        if result is None or isinstance(result, (bool, int, float, str, np.generic)):
            return lambda given, made: result
        if isinstance(result, (list, tuple)):
            parts = [self._result(x, tracer) for x in result]
            kind: Any = result._make if hasattr(result, "_make") else type(result)
            return lambda given, made: kind([part(given, made) for part in parts])
        if isinstance(result, dict):
            named = {name: self._result(x, tracer) for name, x in result.items()}
            return lambda given, made: {name: part(given, made) for name, part in named.items()}
        if dataclasses.is_dataclass(result):
            fields = {name: self._result(x, tracer) for name, x in vars(result).items()}
            pattern = copy.copy(result)

            def rebuilt(given: list[Any], made: list[Any]) -> Any:
                new = copy.copy(pattern)
                for name, part in fields.items():
                    object.__setattr__(new, name, part(given, made))
                return new

            return rebuilt
        raise Unwritable(f"it returns a {type(result).__name__}, which is neither a Tensor nor a list, tuple or dict")

    def _output(self, value: Value) -> Callable[[list[Any], list[Any]], Any]:
        self.outputs.append(value)
        i = len(self.outputs) - 1
        return lambda given, made: made[i]

    def run(self, given: list[Any]) -> Any:
        """What the function returns for these arguments."""
        arrays = [x.array if isinstance(x, Tensor) else self._own(x) for x in given]
        state = random.get_state() if self.draws else None
        try:
            outputs, kept = self.forward(*arrays)
        except OtherWay:
            if state is not None:
                random.set_state(state)
            raise
        run = Run(self, arrays, given, kept, state)
        made: list[Any] = []
        for value, array, op, inputs in zip(self.outputs, outputs, self.ops, self.inputs, strict=True):
            if value.kind == "told":
                made.append(array)
            elif op is not None:
                Xs = tuple([given[i] if t is None else t for i, t in inputs])
                Y = made_by(op, array, Xs, NO_PARAMS, run, thread.state.scope, True)
                run.result = weakref.ref(Y)
                made.append(Y)
            elif value.requires_grad and self.over:
                made.append(made_by(FREED, array, (), NO_PARAMS, None, thread.state.scope, True))
            else:
                made.append(Tensor.wrap(array.copy() if value.kind == "constant" else array))
        return self.rebuild(given, made)

    def _own(self, x: Array) -> Array:
        """An argument, in the layout of the traced call; its user may write to it before the way back."""
        return x.copy() if self.keeps or not x.flags.c_contiguous else x

    def check(self, tensors: list[Tensor], start: dict[str, Any]) -> None:
        """Run once, and raise Unwritable if other bits come out than those of the call that was traced."""
        if not self.acts:
            arrays = [t.array for t in tensors]
            with random.replayed(start), np.errstate(all="ignore"):
                outputs, kept = self.forward(*arrays)
                for value, array in zip(self.outputs, outputs, strict=True):
                    _same(value.array, array, f"a result {value.array.shape}")
                for k, (op, wanted) in enumerate(zip(self.ops, self.wanted, strict=True)):
                    if op is not None and wanted is not None:
                        seed = np.ones_like(self.outputs[k].array)
                        for leaf, gradient in zip(wanted[0], op.program_backward(seed, list(kept)), strict=True):
                            _same(wanted[1][leaf], gradient, f"a gradient {gradient.shape}")
        self.wanted = []
        for value in self.outputs:  # what was made in that call is not held
            value.array = value.array if value.kind == "constant" else None
            value.of = None
            if value.kind != "outside":
                value.tensor = None


class Run:
    """One run of a program, whose arrays wait for the way back."""

    __slots__ = ("arrays", "given", "kept", "program", "result", "state")
    result: weakref.ref[Tensor]

    def __init__(self, program: Program, arrays: list[Array], given: list[Any], kept: list[Any], state: Any) -> None:
        self.program, self.arrays, self.given, self.kept, self.state = program, arrays, given, kept, state

    def check(self) -> None:
        """Raise if a Tensor that the way back reads was written to since this run."""
        Y = self.result()
        if Y is not None and Y.number < last_write[0]:
            read = [self.given[v.index] if v.kind == "argument" else v.tensor for v in self.program.read]
            for x in read:
                if isinstance(x, Tensor) and is_newer(x, Y.number):
                    raise mistakes.changed(Y, next((i for i, t in enumerate(Y.inputs, 1) if t is x), 1))

    def take(self) -> list[Any]:
        """The arrays that were kept; for a second way back they are computed again, with the same random numbers."""
        if self.program.several:
            return self.kept
        kept = self.kept
        if not kept:
            if self.state is None:
                kept = self.program.forward(*self.arrays)[1]
            else:
                with random.replayed(self.state):
                    kept = self.program.forward(*self.arrays)[1]
        self.kept = []
        return kept


class _Result(Op):
    """The op of what a compiled function returns: its gradients are those of the whole program."""

    program_backward: Callable[..., Any]


def _op_of(name: str, backward: Callable[..., Any]) -> _Result:
    def run(dY: Array, Y: Array, saved: Run, needs: Any, *Xs: Array) -> Any:
        saved.check()
        return backward(dY, saved.take())

    op = _Result(_not_run, kernel=Kernel(_not_run, run), name=name)
    op.rule(_d_result)
    op.program_backward = backward
    return op


def _not_run(*Xs: Any) -> Any:
    raise RuntimeError("the op of a program's result is not run")


def _d_result(dY: Any, Y: Any, *Xs: Any) -> Any:
    gradients = _no_second_derivative()  # it reads no value: Run.check looks at those that the program reads
    return gradients


def _no_second_derivative() -> Any:
    raise error(
        RuntimeError,
        "a compiled function",
        got="create_graph=True",
        rule="a program's gradients are arrays, which are not differentiated again",
        cure="call the function itself: f.__wrapped__(…)",
    )


def _same(expected: Array, found: Array, what: str) -> None:
    if (
        expected.shape != np.shape(found)
        or expected.dtype != found.dtype
        or not np.array_equal(expected, found, equal_nan=expected.dtype.kind == "f")
    ):
        raise Unwritable(f"its program gives other numbers for {what}")


def _is_object(x: Any) -> bool:
    """Whether an argument is neither an array nor something that is compared by its value."""
    if isinstance(x, (list, tuple)):
        return any(map(_is_object, x))
    if isinstance(x, dict):
        return any(map(_is_object, x.values()))
    return not (x is None or isinstance(x, (Tensor, np.ndarray, bool, int, float, complex, str, bytes, np.generic)))


def _key(x: Any, given: list[Any], recording: bool) -> Any:
    """What of an argument decides which program runs. Arrays are put into ``given``."""
    kind = type(x)
    if kind is np.ndarray or isinstance(x, Tensor):
        array = x if kind is np.ndarray else x.array
        for i, other in enumerate(given):
            if (other if isinstance(other, np.ndarray) else other.array) is array:
                if other is x:
                    return i
                given.append(x)
                wants = kind is not np.ndarray and x.requires_grad and recording
                return i, array.shape, array.dtype.str, array.strides, kind, wants
        given.append(x)
        if kind is np.ndarray:
            return array.shape, array.dtype.str
        return array.shape, array.dtype.str, array.strides, x.requires_grad and recording
    if kind is tuple or kind is list:
        return (kind, *[_key(part, given, recording) for part in x])
    if kind is dict:
        return (kind, *[(name, _key(part, given, recording)) for name, part in x.items()])
    if x is None or kind in (bool, int, float, complex, str, bytes) or isinstance(x, np.generic):
        return kind, x
    if isinstance(x, tuple):  # with names
        return (kind, *[_key(part, given, recording) for part in x])
    return id(x)


def _with(x: Any, by_id: dict[int, Tensor]) -> Any:
    """Arguments with Tensors in place of arrays: those of ``by_id``, or new ones."""
    if isinstance(x, np.ndarray):
        return by_id[id(x)] if id(x) in by_id else Tensor.wrap(x.copy())
    if type(x) in (list, tuple):
        return type(x)([_with(part, by_id) for part in x])
    if isinstance(x, tuple) and hasattr(x, "_make"):
        return x._make([_with(part, by_id) for part in x])
    if type(x) is dict:
        return {name: _with(part, by_id) for name, part in x.items()}
    return x


def _level() -> int:
    """How many calls up the user's code is."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and is_ours(frame.f_code):
        frame, level = frame.f_back, level + 1
    return level


__all__ = ["Compiled", "Trace", "compile"]
