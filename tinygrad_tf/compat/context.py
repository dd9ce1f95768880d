"""PyTorch's form of an op of one's own: ``forward(ctx, x, …)`` and ``backward(ctx, dY, …)``, which share a context.

The form of this package, ``forward(X)`` and ``backward(dY, Y, X)``, needs none: what the rule reads is given to it, so
that its lines can be cut, drawn and compiled. Here the code is run as it stands.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from sys import _getframe
from typing import Any

import numpy as np

from ..autograd.changes import is_newer
from ..autograd.function import Function
from ..autograd.operation import Op
from ..autograd.places import site_of
from ..autograd.recording import no_grad, thread
from ..autograd.rule import Rule
from ..autograd.tensor import NO_PARAMS, Array, Tensor, made_by
from ..errors import error

__all__ = ["Context", "Function", "InplaceFunction", "Variable", "once_differentiable"]


_ARRAY: Any = Tensor.__dict__["array"]  # the slot itself: to keep an array is not to read its values


class Context:
    """What ``forward`` leaves for ``backward``: saved Tensors, and whatever attributes one gives it.

    Attributes:
        needs_input_grad: for each argument of ``apply`` whether a gradient is wanted.
    """

    needs_input_grad: tuple[bool, ...] = ()
    _args: tuple[Any, ...] = ()  # of the forward, None in the place of each Tensor
    _inputs: tuple[bool, ...] = ()  # which of them are Tensors
    _saved: tuple[Any, ...] = ()
    _constant: tuple[int, ...] = ()  # ids of the outputs that are marked
    _layout: tuple[tuple[int, int, Any], ...] = ()  # of several outputs: where each lies in their common array
    _returned: tuple[Any, ...] = ()  # in the forward what it returned, in the backward the same with their graph
    _made: Tensor | None = None  # in the backward: whose gradient is asked for
    _materializes = True

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep these inputs, outputs or other Tensors; the backward finds them as ``saved_tensors``."""
        self._saved = tuple([None if t is None else (t, t.number, _ARRAY.__get__(t)) for t in tensors])

    save_for_forward = save_for_backward

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What was saved. Raises RuntimeError for a Tensor that was written to since."""
        return tuple([None if kept is None else self._found(*kept) for kept in self._saved])

    def _found(self, t: Any, number: Any, array: Array) -> Any:
        made: Any = self._made
        saved = made if isinstance(t, int) else t  # an output is saved by its place
        known = isinstance(t, int) or (t.number == number and _ARRAY.__get__(t) is array)
        if made is not None and not (known and not is_newer(saved, made.number)):
            raise error(
                RuntimeError,
                f"saved_tensors of {made.op.name}",
                got={"saved": saved},
                rule="a saved Tensor has been modified by an inplace operation since the forward",
                cure="call backward() before the change, or save a copy: ctx.save_for_backward(x.clone())",
            )
        return self._returned[t] if isinstance(t, int) else t

    def mark_non_differentiable(self, *outputs: Tensor) -> None:
        """No gradient comes back to these outputs: in the backward theirs is zeros."""
        self._constant = tuple(map(id, outputs))

    def mark_dirty(self, *inputs: Tensor) -> None:
        """Raises NotImplementedError: an op returns new Tensors."""
        raise error(
            NotImplementedError,
            "mark_dirty",
            got=f"{len(inputs)} Tensors",
            rule="a Function returns new Tensors and leaves its inputs as they are",
            cure="write to x.clone() and return that",
        )

    def set_materialize_grads(self, value: bool) -> None:
        """Whether a gradient that does not arrive is zeros, or None; of several outputs it is zeros in either case."""
        self._materializes = bool(value)

    def _close(self, returned: Sequence[Any], kept: Sequence[int]) -> None:
        """After the forward: outputs are saved by their place, and found with their graph in the backward."""
        places = {id(y): i for i, y in enumerate(returned) if i in kept}
        saved = [None if s is None else s if id(s[0]) not in places else (places[id(s[0])], 0, None)
                 for s in self._saved]  # fmt: skip
        self._saved, self._constant = tuple(saved), ()


class ContextOp(Op):
    """The op of a Function with a context. It cannot be compiled: its code may do more than compute."""

    repeats = False

    def gradients(self, Y: Tensor, dY: Array, needs: tuple[bool, ...], create_graph: bool = False) -> Sequence[Array]:
        """What the user's backward returns for the Tensors among the arguments."""
        assert self.backward is not None
        watch = thread.state.watch
        if watch is not None:
            watch.step(Y)
        ctx = Y.params["ctx"]
        ctx._made = Y
        try:
            sent = self.backward.function(dY, Y if create_graph else Y.array, ctx=ctx)
        except BaseException:
            if watch is not None:
                watch.stopped(Y)
            raise
        finally:
            ctx._made, ctx._returned = None, ()  # a circle otherwise: Y holds its ctx
        if watch is not None:
            watch.sent(Y, sent)
        return sent


class _Unread(Rule):
    """A rule that runs as it is: its lines stand in another form than those of the engine's rules."""

    __slots__ = ()

    def lines(self, needs: tuple[bool, ...]) -> Any:
        raise OSError("a backward with a ctx is run as it is")


def applied(cls: type[Any]) -> Callable[..., Any]:
    """The ``apply`` of a subclass of Function in PyTorch's form."""
    forward, backward = cls.forward, cls.backward
    apart = _is_apart(cls)

    def rule(dY: Array, Y: Array, *Xs: Array, ctx: Context) -> Any:
        return _gradients(cls.__name__, backward, ctx, dY, Y)

    def definition(*Xs: Array, ctx: Context) -> Any:
        rest = iter(Xs)  # run once more, by a picture that nudges a weight
        args = [Tensor.wrap(np.asarray(next(rest))) if is_input else x
                for x, is_input in zip(ctx._args, ctx._inputs, strict=True)]  # fmt: skip
        with no_grad():
            result = forward(*args) if apart else forward(Context(), *args)
        outputs = result if isinstance(result, (tuple, list)) else [result]
        arrays = [y.array for y, place in zip(outputs, ctx._layout, strict=True) if place is not None]
        return _whole(arrays, len(outputs))

    for wrapper, users in ((rule, backward), (definition, forward)):
        wrapper.__name__, wrapper.__doc__, wrapper.__dict__["__wrapped__"] = users.__name__, users.__doc__, users
    op = ContextOp(definition, name=cls.__name__)
    op.backward = _Unread(rule)

    def apply(*args: Any) -> Any:
        ctx = Context()
        ctx._inputs = tuple([isinstance(x, Tensor) for x in args])
        ctx._args = tuple([None if isinstance(x, Tensor) else x for x in args])
        ctx.needs_input_grad = tuple([isinstance(x, Tensor) and x.requires_grad for x in args])
        with no_grad():
            if apart:
                result = forward(*args)
                cls.setup_context(ctx, args, result)
            else:
                result = forward(ctx, *args)
        made = _recorded(op, ctx, args, result)
        _note_site(made, site_of(_getframe(1)))
        return made

    apply.__dict__["op"] = op
    return apply


def _is_apart(cls: type[Any]) -> bool:
    """Whether the context is filled by ``setup_context`` and not by the forward."""
    return hasattr(cls, "setup_context")


def _note_site(made: Any, site: Any) -> None:
    """Where the user called, so that results bear the names that he gives them."""
    if isinstance(made, Tensor) and made.op is not None:
        made.site = site
    elif isinstance(made, (tuple, list)):
        for i, y in enumerate(made):
            if isinstance(y, Tensor) and y.op is not None:
                y.site = (*site, i)


# ---- forward --------------------------------------------------------------------------------------------------------


def _recorded(op: Op, ctx: Context, args: tuple[Any, ...], result: Any) -> Any:
    """What the forward returned, as part of the graph."""
    outputs = list(result) if isinstance(result, (tuple, list)) else [result]
    inputs = tuple([x for x in args if isinstance(x, Tensor)])
    wanted = thread.state.recording and True in ctx.needs_input_grad
    kept = [i for i, y in enumerate(outputs)
            if isinstance(y, Tensor) and y.dtype.kind == "f" and id(y) not in ctx._constant]  # fmt: skip
    state = thread.state
    if state.watch is not None:
        for i in kept:
            state.watch.made(op, inputs, {"ctx": ctx}, outputs[i])
    ctx._layout = _layout([outputs[i] for i in kept], len(outputs), kept)
    ctx._close(outputs, kept if wanted else ())
    given = {id(x) for x in inputs}
    made = [y.detach() if isinstance(y, Tensor) and (id(y) in given or y.requires_grad) else y for y in outputs]
    if wanted and kept:
        whole = _whole([outputs[i].array for i in kept], len(outputs))
        Y = made_by(op, whole, inputs, {"ctx": ctx}, None, state.scope, True)
        for i in kept:
            made[i] = _part(ctx, i, Y)
    if isinstance(result, (tuple, list)):
        return type(result)(made) if type(result) in (tuple, list) else tuple(made)
    return made[0]


def _whole(arrays: list[Any], n: int) -> Any:
    """One output as it is; several in one array, because a node of the graph has one value."""
    return arrays[0] if n == 1 else np.concatenate([a.ravel() for a in arrays])


def _layout(kept: list[Tensor], n: int, places: list[int]) -> Any:
    ends = np.cumsum([0, *[y.array.size for y in kept]]).tolist()
    found: list[Any] = [None] * n
    for i, y, start in zip(places, kept, ends, strict=False):
        found[i] = (start, y.shape, y.dtype)
    return tuple(found)


def _part(ctx: Context, i: int, whole: Any) -> Any:
    """The output ``i`` of the common array, or its gradient; None for one that has none."""
    if len(ctx._layout) == 1:
        return whole
    if ctx._layout[i] is None:
        return None
    start, shape, dtype = ctx._layout[i]
    piece = whole[start : start + int(np.prod(shape))].reshape(shape)
    return piece if piece.dtype == dtype else piece.astype(dtype)


# ---- backward -------------------------------------------------------------------------------------------------------


def _gradients(name: str, backward: Callable[..., Any], ctx: Context, dY: Array, Y: Array) -> Any:
    """Call the user's backward on Tensors. On arrays nothing is recorded; on Tensors its ops are, to go further."""
    recording = isinstance(dY, Tensor)
    if not recording:
        dY, Y = Tensor.wrap(np.asarray(dY)), Tensor.wrap(np.asarray(Y))
    with contextlib.nullcontext() if recording else no_grad():
        places = range(len(ctx._layout))
        ctx._returned = tuple([_part(ctx, i, Y) for i in places])
        parts = [_part(ctx, i, dY) for i in places]
        returned = backward(ctx, *parts)
    sent = list(returned) if isinstance(returned, (tuple, list)) else [returned]
    while len(sent) > len(ctx.needs_input_grad) and sent[-1] is None:
        sent.pop()
    if len(sent) != len(ctx.needs_input_grad):
        raise error(
            RuntimeError,
            f"backward of {name}",
            got=f"{len(sent)} gradients",
            rule=f"it returns one for each argument of forward, of which there are {len(ctx.needs_input_grad)}",
            cure="return None for an argument that has none",
        )
    return tuple([_checked(name, i, dX, recording) for i, dX in enumerate(sent) if _is_input(ctx, i, dX, name)])


def _is_input(ctx: Context, i: int, dX: Any, name: str) -> bool:
    """Whether the argument ``i`` of the forward was a Tensor. Another has no gradient."""
    if ctx._inputs[i]:
        return True
    if dX is not None:
        raise error(
            RuntimeError,
            f"backward of {name}",
            got={f"a gradient in place {i}": dX},
            rule="the argument in this place was no Tensor",
            cure="return None there",
        )
    return False


def _checked(name: str, i: int, dX: Any, recording: bool) -> Any:
    if dX is None or (isinstance(dX, Tensor) and dX.dtype.kind == "f"):
        return dX if recording or dX is None else dX.array
    raise error(
        RuntimeError,
        f"backward of {name}",
        got={f"a gradient in place {i}": dX},
        rule="a gradient is a Tensor of floats, or None",
        cure="compute it with Tensors, as the forward does",
    )


# ---- what stands beside Function in PyTorch -------------------------------------------------------------------------


class _Once(Op):
    """What made the gradients of a backward that is not to be differentiated."""

    def gradients(self, Y: Tensor, dY: Array, needs: tuple[bool, ...], create_graph: bool = False) -> Sequence[Array]:
        raise error(
            RuntimeError,
            "backward",
            got={"a gradient": Y},
            rule="it was computed by a backward that is marked once_differentiable: trying to differentiate twice",
            cure="take the mark off, and write the backward in operations of Tensors",
        )


def _not_run(*Xs: Array) -> Array:
    raise RuntimeError("once_differentiable marks what was computed; it is not run")


_ONCE = _Once(_not_run, name="once_differentiable")


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator of a backward whose own derivative would be wrong: whoever asks for it gets an error."""

    @functools.wraps(backward)
    def run(ctx: Context, *gradients: Any) -> Any:
        with no_grad():
            returned = backward(ctx, *gradients)
        used = [t for t in (*gradients, *ctx.saved_tensors) if isinstance(t, Tensor) and t.requires_grad]
        if not thread.state.recording or not used:
            return returned
        sent = returned if isinstance(returned, (tuple, list)) else (returned,)
        return tuple([
            made_by(_ONCE, dX.array, tuple(used), NO_PARAMS, None, thread.state.scope, True)
            if isinstance(dX, Tensor) else dX
            for dX in sent
        ])  # fmt: skip

    return run


InplaceFunction = Function


def Variable(data: Any, requires_grad: bool = False, volatile: bool = False) -> Tensor:
    """A Tensor around the same array, as PyTorch's code of 2017 writes it. ``volatile`` meant: without a gradient.

    >>> Variable(Tensor([1.0]), requires_grad=True).requires_grad
    True
    """
    t = data.detach() if isinstance(data, Tensor) else Tensor(data)
    return t.requires_grad_(bool(requires_grad) and not volatile)
