"""compile(): a function that is recorded once and then runs as a program."""

from __future__ import annotations

import functools
import sys
import types
import warnings
from collections.abc import Callable
from typing import Any, TypeVar, overload

from .. import random
from ..autograd.places import is_ours
from ..autograd.recording import thread
from ..autograd.tensor import Tensor
from ..errors import error
from ..kernels import chosen
from ..wording.languages import either, translated
from .arguments import Handed, containers_of, is_object, key_of, own
from .guards import Guard
from .programs import Program, numbers_of
from .straight import OtherWay
from .trace import Act, Backward, Call
from .tracing import Tracer

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
    They give the same bits; where a Tensor's gradient comes from several results, or from elsewhere too, the order of
    that sum may be another. ``backward()`` of what a compiled function returns runs the way back in the same manner. A
    whole training step may be compiled, with ``backward()`` and ``optimizer.step()`` in it. Arrays among the arguments
    reach the function as Tensors. Dropout draws anew in each call.

    Where the function reads a value in Python (``item()``, an array), changes what it reaches by name (a counter, a
    list), or draws other random numbers than those of dropout, it cannot be a program: it then runs as usual, and a
    warning says which line it was; with ``fullgraph`` an error does. Conditions (``if loss > 1:``) and shapes that
    follow from masks have a program for each outcome. What the function reaches by name is looked at before each call:
    numbers, texts, small arrays, attributes, containers, modules with their modes and settings, other functions. If it
    has changed, another program is made, up to eight; what cannot be looked at, as a weak reference, ``globals()`` or a
    function of ``os`` or ``sys``, makes it run as usual, too. Names of Tensors, functions within NumPy and this package
    that are replaced, and files behind a path's methods are not looked at: give them as an argument. Printing is done
    in the first call only. Ctrl-C while a program runs ends the call; an ``except KeyboardInterrupt`` of the function
    does not see it. Of two results, the second ``backward()`` works where without compile the graph that they share was
    freed. ``disable`` gives the function back as it is. The other arguments are PyTorch's, and change nothing here.

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
    if not callable(function) or isinstance(function, type):
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
        own.update(_by_key={}, _refused={}, _changes={}, _fullgraph=fullgraph, _warned=set(), _held=[],
                   _is_module=hasattr(type(function), "named_parameters"))  # fmt: skip
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

    def __bool__(self) -> bool:
        return bool(self.__wrapped__)

    def __len__(self) -> int:
        return len(self.__wrapped__)

    def __getitem__(self, index: Any) -> Any:
        return self.__wrapped__[index]

    def __reduce__(self) -> Any:  # a copy is a compiled function without programs: those are of this one's parameters
        return Compiled, (self.__wrapped__, self._fullgraph)

    def __get__(self, owner: Any, kind: Any = None) -> Any:
        return self if owner is None else types.MethodType(self, owner)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        state = thread.state
        if state.watch is not None:  # debug mode looks at each op; a function that is traced notes them
            return self._as_it_is(args, kwargs)
        key, given = self._key(args, kwargs)
        some = self._by_key.get(key)
        if some is not None:
            for program in some:
                if program.guard.holds() and not program.is_named(given):
                    try:
                        return program.run(given)
                    except OtherWay:
                        continue
                    except Exception as problem:
                        if program.has_changed_something(problem):
                            raise
                        return self._as_it_is(args, kwargs)  # which raises it as well, unless the function catches it
            if key in self._refused:
                return self._as_it_is(args, kwargs)
        return self._first_call(key, given, args, kwargs)

    @staticmethod
    def _key(args: Any, kwargs: Any) -> tuple[Any, list[Any]]:
        given: list[Any] = []
        recording = thread.state.recording
        others = key_of(kwargs, given, recording) if kwargs else None
        return (recording, chosen(), key_of(args, given, recording), others), given

    def _as_it_is(self, args: Any, kwargs: Any) -> Any:
        handed = Handed(args, kwargs, {})
        try:
            return self.__wrapped__(*handed.args, **handed.kwargs)
        finally:
            handed.give_back(lambda x: x)

    def _first_call(self, key: Any, given: list[Any], args: Any, kwargs: Any) -> Any:
        if sum(map(len, self._by_key.values())) >= MOST:
            self._tell(f"{MOST} programs were made, for as many shapes, types, settings or other arguments that are no "
                       "arrays; it now runs as it is", "bring batches to one size, and give numbers that change as "
                       "Tensors")  # fmt: skip
            return self._as_it_is(args, kwargs)
        start, recording = random.get_state(), thread.state.recording
        objects = [x for x in (*args, *kwargs.values()) if is_object(x)]
        watched = [*objects, *{type(x) for x in given}]
        before = Guard([self.__wrapped__], [], watched)
        if before.classes:  # a Tensor that is traced has another class
            self._by_key.setdefault(key, [])
            self._refused[key] = "it asks for the class of what may be a Tensor"
            self._tell(
                f"{self._refused[key]}; it runs as it is", "write isinstance(x, Tensor), or x.__class__ for the class"
            )
            return self._as_it_is(args, kwargs)
        tracer = Tracer(before)
        with tracer:
            tracer.look_at(before.tensors)
            tensors = [x if isinstance(x, Tensor) else own(x) for x in given]
            for i, t in enumerate(tensors):
                tracer.argument(t, i)
            by_id = {id(x): t for x, t in zip(given, tensors, strict=True)}
            handed = Handed(args, kwargs, by_id)
            try:
                result = self.__wrapped__(*handed.args, **handed.kwargs)
            finally:
                changes = handed.give_back(numbers_of)
        tracer.check_draws()
        trace = tracer.trace
        programs = self._by_key.setdefault(key, [])
        self._held.append((args, kwargs) if objects else None)
        if recording != thread.state.recording:
            tracer.refuse("it switches the recording of gradients")
        if trace.refused is None and (changes or not (before.holds() and key[2:] == self._key(args, kwargs)[0][2:])):
            trace.refused = "it changes what it reaches by name or is given"
            self._changes[key] = self._changes.get(key, 0) + 1  # perhaps something that is made once
        elif trace.refused is None:
            trace.refused = self._program(
                programs, tracer, result, tensors, watched, start, (handed.args, handed.kwargs)
            )
        if trace.refused is not None and self._changes.get(key, 3) > 2:
            self._refused[key] = trace.refused
            cure = "leave that out of the function, or give it as an argument"
            self._tell(f"{trace.refused}; it runs as it is", cure)
        return numbers_of(result) if any(isinstance(e, Act) for e in trace.events) else result

    def _program(self, programs: list[Program], tracer: Tracer, result: Any, tensors: list[Tensor],
                 watched: list[Any], start: Any, given: Any) -> str | None:  # fmt: skip
        """Make a program of a trace, or say why there is none."""
        trace = tracer.trace
        ops = {e.op for e in trace.events if isinstance(e, Call)}
        own = [f for op in ops for f in (op.forward, op.backward and op.backward.function)]  # of the user's ops
        guard = Guard([self.__wrapped__, *own], trace.modules, watched)
        if guard.unknown is not None:
            return guard.unknown
        lost = [
            v.tensor for v in trace.outside.values() if v.tensor is not None and v.tensor.number not in guard.reached
        ]
        if lost:
            return f"the Tensor {lost[0].name or lost[0].shape} is found in a place that may change"
        if any(t.number in guard.reached for t in tensors):  # Program.is_named asks for it later on
            return "an argument is also reached by name"
        if any(isinstance(e, Backward) for e in trace.events) and any(t.requires_grad for t in tensors):
            return "backward() gives an argument its gradient"
        try:
            name = getattr(self, "__name__", "compiled")
            program = Program(name, tracer, result, tensors, guard, containers_of(given))
            program.check(tensors, start)
        except Exception as problem:  # whatever it is, the function itself has done its work
            return f"no program could be made ({type(problem).__name__}: {problem})"
        programs.append(program)
        return None

    def _tell(self, what: str, cure: str) -> None:
        name = getattr(self.__wrapped__, "__name__", type(self.__wrapped__).__name__)
        if self._fullgraph:
            raise error(
                RuntimeError, "compile", got=f"{name}: {what}",
                rule="a program does the same with other numbers", cure=cure,
            )  # fmt: skip
        if what not in self._warned:
            self._warned.add(what)
            text = f"compile: {name}: {translated(what)}\n  {either('cure: ', '改法：')}{translated(cure)}"
            warnings.warn(text, RuntimeWarning, stacklevel=_level())


def _level() -> int:
    """How many calls up the user's code is."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and is_ours(frame.f_code):
        frame, level = frame.f_back, level + 1
    return level
