"""A program of a compiled function: its code, what it is run on, and the way back through one run."""

from __future__ import annotations

import copy
import dataclasses
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import random
from ..autograd import mistakes
from ..autograd.changes import is_newer, last_write, last_write_to, owner_of
from ..autograd.operation import Op
from ..autograd.recording import thread
from ..autograd.tensor import NO_PARAMS, Tensor, made_by, numbers
from ..autograd.walk import FREED
from ..errors import error
from ..kernels import Kernel
from .calls import Unwritable
from .guards import Guard
from .noticing import Told
from .straight import BEGUN, Straight
from .trace import Act, Backward, Call, Draw, Value
from .tracing import Tracer

Array = np.ndarray[Any, Any]


class Program:
    """One program of a function: for arguments of certain shapes and types, and settings that its guard looks at."""

    def __init__(self, name: str, tracer: Tracer, result: Any, tensors: list[Tensor], guard: Guard,
                 containers: set[int]) -> None:  # fmt: skip
        self.guard = guard
        self.containers = containers  # the ids of lists and the like that others have
        trace = tracer.trace
        straight = Straight(trace)
        for value in tracer.values.values():
            if value.kind == "argument":
                straight.names[value] = f"a{value.index}"
        straight.n = len(tensors)
        self.outputs: list[Value] = []
        self.rebuild = self._result(result, tracer, tensors)
        straight.write()
        made = ", ".join([straight.name(value) for value in self.outputs])  # which may look some up
        self.over = any(isinstance(e, Backward) for e in trace.events)  # whether the graph has gone its way
        forward, straight.lines = straight.lines, []
        self.draws = any(isinstance(e, Draw) for e in trace.events)
        self.acts = any(isinstance(e, (Act, Backward)) for e in trace.events)
        texts, kept = [], []
        self.wanted: list[tuple[list[Value], dict[Value, Array]] | None] = []
        bodies: list[Any] = []
        ends = [v for v in self.outputs if v.requires_grad and v.kind == "made"]
        ended = [e.of for e in trace.events if isinstance(e, Backward)]
        if any(not any(v is e for e in ended) for v in ends) and ended:
            raise Unwritable("a result with a graph, after a backward()")
        for value in self.outputs:
            if value not in ends or self.over:
                self.wanted.append(None)
                bodies.append(None)
                continue
            straight.lines = []
            others = {v for v in ends if v is not value}  # a result that this one is made of passes its gradient on
            found = straight.backward(value, "d0", np.ones_like(value.array), len(trace.events), others)
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
        returned = f"({made + ', ' if made else ''}), [{', '.join(kept)}]"
        texts.insert(0, straight.function("forward", arguments, forward, returned))
        space = straight.compiled(texts)
        self.text: str = space.pop("__text__")
        self.forward: Callable[..., Any] = space["forward"]
        owners = {id(owner_of(v.array)) for v in straight.values_read if isinstance(v.array, np.ndarray)}
        self.results = [k for k, v in enumerate(self.outputs) if v.kind != "told" and id(owner_of(v.array)) in owners]
        known = [v for v in dict.fromkeys(tracer.values.values()) if v.kind in ("argument", "outside")]
        self.read = [v for v in known if id(owner_of(v.array)) in owners]  # by the way back, or a view of them
        self.ops = [None if w is None else _op_of(name, space[f"backward_{k}"]) for k, w in enumerate(self.wanted)]
        self.inputs = [() if w is None else tuple(map(self._source, w[0])) for w in self.wanted]
        made_at = {e.made: i for i, e in enumerate(trace.events) if isinstance(e, Call)}
        self.order = sorted(range(len(self.outputs)), key=lambda k: made_at.get(self.outputs[k], -1))
        self.several, self.keeps = several, any(self.ops)
        held = [x for x in straight.space.values() if isinstance(x, np.ndarray)]  # whose parts nobody else may write to
        arrays = {k: v.array for k, v in enumerate(self.outputs) if isinstance(v.array, np.ndarray)}
        self.constants = {k for k, array in arrays.items() if any(np.may_share_memory(array, x) for x in held)}
        if any(self.outputs[k].kind != "constant" for k in self.constants):
            raise Unwritable("it returns a view of what is made here and does not change")

    def _source(self, value: Value) -> Callable[[list[Any], list[Any]], Tensor]:
        """The Tensor that a gradient goes to, of the arguments and the outputs of a run."""
        if value.kind == "argument":
            return lambda given, made: given[value.index]
        if value.kind == "outside":
            t = value.tensor
            assert t is not None
            return lambda given, made: t
        k = self.outputs.index(value)
        return lambda given, made: made[k]

    def _result(self, result: Any, tracer: Tracer, tensors: list[Tensor]) -> Callable[[list[Any], list[Any]], Any]:
        """A function that puts together what the function returns, of the arguments and the outputs."""
        if isinstance(result, Tensor):
            value = tracer.value_of(result)
            if value.kind == "argument" and result is tensors[value.index]:
                return lambda given, made: given[value.index]
            if value.kind == "outside" and result is value.tensor:
                return lambda given, made: result
            if "grad" in (value.kind, value.of and value.of.kind):
                raise Unwritable("it returns the gradient of a parameter")
            if value.kind == "constant":
                value.array = value.array.copy()  # who has the first result may write to it
            return self._output(value)
        if isinstance(result, Told):
            return self._output(tracer.others[id(result)])
        if result is None or isinstance(result, (bool, int, float, str, np.generic, np.dtype, type)):
            return lambda given, made: result
        if not isinstance(result, tuple):
            if id(result) in self.guard.constants or id(result) in self.containers:
                raise Unwritable(f"it returns a {type(result).__name__} that others have, too")
            self.containers.add(id(result))
        if type(result) in (list, tuple) or (isinstance(result, tuple) and hasattr(result, "_make")):
            parts = [self._result(x, tracer, tensors) for x in result]
            kind: Any = result._make if hasattr(result, "_make") else type(result)
            return lambda given, made: kind([part(given, made) for part in parts])
        if type(result) is dict:
            named = {name: self._result(x, tracer, tensors) for name, x in result.items()}
            return lambda given, made: {name: part(given, made) for name, part in named.items()}
        if dataclasses.is_dataclass(result) and not isinstance(result, (type, tuple, list, dict)):
            fields = {name: self._result(x, tracer, tensors) for name, x in vars(result).items()}
            pattern = copy.copy(result)

            def rebuilt(given: list[Any], made: list[Any]) -> Any:
                new = copy.copy(pattern)
                for name, part in fields.items():
                    object.__setattr__(new, name, part(given, made))
                return new

            return rebuilt
        raise Unwritable(f"it returns a {type(result).__name__}, which is neither a Tensor nor a list, tuple or dict")

    def _output(self, value: Value) -> Callable[[list[Any], list[Any]], Any]:
        if value not in self.outputs:
            self.outputs.append(value)
        i = self.outputs.index(value)
        return lambda given, made: made[i]

    def run(self, given: list[Any]) -> Any:
        """What the function returns for these arguments."""
        arrays = [x.array if isinstance(x, Tensor) else np.array(x) for x in given]  # nobody else's
        state = random.get_state() if self.draws else None
        try:
            outputs, kept = self.forward(*arrays)
        except Exception:
            if state is not None:
                random.set_state(state)
            raise
        run = Run(self, arrays, given, kept, state)
        given = [x if isinstance(x, Tensor) else Tensor.wrap(x) for x in given]
        made: list[Any] = [None] * len(outputs)
        for k in self.order:
            value, array, op = self.outputs[k], outputs[k], self.ops[k]
            if value.kind == "told":
                made[k] = array
            elif op is not None:
                Xs = tuple([source(given, made) for source in self.inputs[k]])
                made[k] = made_by(op, array, Xs, NO_PARAMS, run, thread.state.scope, True)
            elif value.requires_grad and self.over:
                made[k] = made_by(FREED, array, (), NO_PARAMS, None, thread.state.scope, True)
            else:
                made[k] = Tensor.wrap(array.copy() if k in self.constants else array)
        run.number = next(numbers)
        run.results = [weakref.ref(Y) for Y, op in zip(made, self.ops, strict=True) if op is not None]
        run.own = [outputs[k] for k in self.results]
        return self.rebuild(given, made)

    def is_named(self, given: list[Any]) -> bool:
        """Whether an argument is also reached by name, where the program takes them for two."""
        return any(isinstance(x, Tensor) and x.number in self.guard.reached for x in given)

    def has_changed_something(self, problem: Exception) -> bool:
        """Whether a run had changed more than gradients that are taken away, when it ended with this error."""
        at = problem.__traceback__
        while at is not None and at.tb_frame.f_code is not self.forward.__code__:
            at = at.tb_next
        return at is not None and BEGUN in at.tb_frame.f_locals

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

    __slots__ = ("arrays", "given", "kept", "number", "own", "program", "results", "state")

    def __init__(self, program: Program, arrays: list[Array], given: list[Any], kept: list[Any], state: Any) -> None:
        self.program, self.arrays, self.given, self.kept, self.state = program, arrays, given, kept, state
        self.results: list[weakref.ref[Tensor]] = []
        self.own: list[Array] = []  # arrays of results that the way back reads, or of which it reads a part
        self.number = -1  # when it ended, by the clock of Tensors

    def check(self) -> None:
        """Raise if a Tensor that the way back reads was written to since this run."""
        Y = next((t for ref in self.results if (t := ref()) is not None), None)
        if Y is not None and self.number < last_write[0]:
            name = next(filter(None, self.program.ops)).name  # that of Y may be that of a change
            read = [self.given[v.index] if v.kind == "argument" else v.tensor for v in self.program.read]
            for x in read:
                if isinstance(x, Tensor) and is_newer(x, self.number):
                    at = next((str(i) for i, t in enumerate(Y.inputs, 1) if t is x), "")
                    raise mistakes.changed_value(name, f"X{at}", x)
            if any((last_write_to(array) or 0) > self.number for array in self.own):
                raise mistakes.changed_value(name, "Y", Y)

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


def numbers_of(result: Any) -> Any:
    """A result of a traced call with the numbers that acts returned."""
    if isinstance(result, Told):
        return result.number
    if type(result) in (list, tuple):
        return type(result)(map(numbers_of, result))
    if isinstance(result, tuple) and hasattr(result, "_make"):
        return result._make(map(numbers_of, result))
    if type(result) is dict:
        return {name: numbers_of(x) for name, x in result.items()}
    return result
