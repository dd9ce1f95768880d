"""The walk backward: from the loss to the leaves, one rule a node. It knows no op by name.

Every Tensor was made after its inputs, so "newest first" is an order in which each node's gradient is whole before it
is passed on. That order, and sums where routes join, is all there is to back-propagation.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy import ndarray

from ..arguments import explains
from . import mistakes
from .operation import Op, fit
from .recording import enable_grad
from .tensor import NO_PARAMS, Array, Tensor
from .versions import last_version, settle


class Step(NamedTuple):
    """One step of the walk: ``dY`` is the whole gradient of ``Y``; ``sent`` pairs its inputs with what they get."""

    Y: Tensor
    dY: Array
    sent: list[tuple[Tensor, Array]]


def _not_run(*Xs: Array) -> Array:
    raise RuntimeError("this op says what the walk is to do at a Tensor; it is not run")


FREED = Op(_not_run, name="freed")  # backward() has freed what the Tensor was made of
AGAIN = Op(_not_run, name="checkpoint")  # nothing is kept of what made the Tensor: params["run"] makes it once more


def reachable(outputs: Sequence[Tensor], since: int = 0) -> list[Tensor]:
    """All Tensors that require a gradient and that ``outputs`` depend on, oldest first.

    The search does not go beyond Tensors that are older than the number ``since``.
    """
    order = _search(outputs, since)
    if last_version[0] > since and last_version[0] > next((t.number for t in order if t.op is not None), sys.maxsize):
        settle(outputs)  # something was written to since the first of them was made
        order = _search(outputs, since)
    return order


def _search(outputs: Sequence[Tensor], since: int) -> list[Tensor]:
    found = {t.number: t for t in outputs if t.requires_grad}
    stack = list(found.values())
    while stack:
        for x in stack.pop().inputs:
            if x.requires_grad and x.number not in found:
                found[x.number] = x
                if x.number >= since:
                    stack.append(x)
    return [found[number] for number in sorted(found)]


def steps(
    outputs: Sequence[Tensor],
    gradients: Sequence[Array],
    inputs: Sequence[Tensor] | None = None,
    create_graph: bool = False,
    free: bool = False,
    at: Collection[int] | None = None,
) -> Iterator[Step]:
    """Walk back from ``outputs``, given their ``gradients``, and yield each :class:`Step`, newest Tensor first.

    With ``inputs`` only what lies between them and the outputs is visited. ``create_graph`` runs the rules on Tensors,
    so that what they compute can be differentiated again. ``free`` cuts each node off once its step is done. With
    ``at`` only leaves, Tensors with hooks and those of these numbers are yielded, without what they send. The gradient
    of a leaf is nobody else's array. A Tensor of ``checkpoint()`` sends its gradient to the same Tensor, made again,
    and the walk goes on through what is new.
    """
    order = reachable(outputs)
    if FREED in [t.op for t in order]:
        raise mistakes.freed(outputs[0])
    useful = None if inputs is None else {t.number for t in inputs}  # None: all that require a gradient
    if useful is not None:
        _spread(useful, order)
    whole: dict[int, Array] = {}
    for t, dt in zip(outputs, gradients, strict=True):
        whole[t.number] = whole[t.number] + dt if t.number in whole else dt
    return _walk(order, whole, useful, create_graph, free, at)


def _walk(
    order: list[Tensor], whole: dict[int, Array], useful: set[int] | None, create_graph: bool, free: bool,
    at: Collection[int] | None,
) -> Iterator[Step]:  # fmt: skip
    """The loop of :func:`steps`; ``whole`` has the gradients that are known so far, by number. What it elaborates is::

    for Y in reversed(order):                             # newest first
        dY = whole.pop(Y.number)                          # all that was made of Y has sent its part
        for X, dX in zip(Y.inputs, Y.op.gradients(Y, dY)):
            if X.number in whole:
                whole[X.number] += dX                     # routes join: the gradient is their sum
            else:
                whole[X.number] = dX
    """
    lent = set(whole)  # whose gradient is an array that somebody else holds as well
    while order:
        Y = order.pop()
        dY = whole.pop(Y.number, None)
        if dY is None:
            continue
        if Y.hooks:
            dY = _through_hooks(Y, dY, create_graph)
        op, sent = Y.op, None
        if op is None:
            if Y.hooks or Y.number in lent:  # a hook may have kept what it saw or returned
                dY = dY.clone() if create_graph else np.array(dY)
        elif True not in (needs := _needs(Y, useful)):
            op = None  # where the walk ends: nothing is sent, nothing is freed
        elif op is AGAIN:
            again = Y.params["run"](Y)
            order += _made_again(again, Y, useful)  # newer than all that is left, and so the next to be visited
            whole[again.number], sent = dY, [(again, dY)]
            del again
        else:
            sent = [] if at is None else None
            _send(Y, dY, op.gradients(Y, dY, needs, create_graph), needs, whole, lent, sent)
        if at is None or Y.op is None or Y.hooks or Y.number in at:
            yield Step(Y, dY, sent or [])
        if free and op is not None:
            Y.op, Y.inputs = FREED, ()
            Y.params, Y.saved = NO_PARAMS, None


def _needs(Y: Tensor, useful: set[int] | None) -> tuple[bool, ...]:
    """Which inputs of ``Y`` want a gradient."""
    Xs = Y.inputs
    if useful is not None:
        return tuple([X.number in useful for X in Xs])
    if len(Xs) == 2:  # the same as below, in a third of the time
        return Xs[0].requires_grad, Xs[1].requires_grad
    if len(Xs) == 1:
        return (Xs[0].requires_grad,)
    return tuple([X.requires_grad for X in Xs])


def _send(
    Y: Tensor, dY: Array, gradients: Sequence[Array], needs: tuple[bool, ...], whole: dict[int, Array], lent: set[int],
    sent: list[tuple[Tensor, Array]] | None,
) -> None:  # fmt: skip
    """Add what the rule of ``Y`` sends to what its inputs have received, in their shapes and types; tell ``sent``."""
    for X, dX, need in zip(Y.inputs, gradients, needs):  # noqa: B905 (a rule also names inputs that were left out)
        if dX is None or not need:
            continue
        array = X.array
        if dX.shape != array.shape or dX.dtype is not array.dtype:
            assert Y.op is not None
            dX = fit(dX, X, Y.op)
        if sent is not None:
            sent.append((X, dX))
        n = X.number
        if n in whole:
            whole[n] = whole[n] + dX  # never +=: the array may be somebody else's
            lent.discard(n)
        else:
            whole[n] = dX
            if X.op is None and _is_shared(dX, Y, dY, gradients):
                lent.add(n)


def _made_again(again: Tensor, Y: Tensor, useful: set[int] | None) -> list[Tensor]:
    """What ``checkpoint()`` has just computed once more on the way to ``Y``, oldest first."""
    inside = [t for t in reachable([again], Y.number) if t.number > Y.number]
    if useful is not None:
        _spread(useful, inside)
    return inside


def _spread(useful: set[int], order: list[Tensor]) -> None:
    """A Tensor is useful if anything it was made of is; ``order`` is oldest first."""
    for t in order:
        if t.number not in useful and any(x.number in useful for x in t.inputs):
            useful.add(t.number)


@explains
def backward(
    tensors: Tensor | Iterable[Tensor], grad_tensors: Any = None, retain_graph: bool | None = None,
    create_graph: bool = False, inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:  # fmt: skip
    """Add d tensors / d leaf into ``.grad`` of every leaf that requires a gradient and that ``tensors`` depend on.

    Args:
        tensors: where to start: a scalar, or several, whose gradients are added up.
        grad_tensors: how each entry counts, in the shape of its Tensor; None for a scalar.
        retain_graph: keep the graph for a second call; by default it is freed, unless ``create_graph``.
        create_graph: record the walk itself, so that ``.grad`` can be differentiated.
        inputs: the only Tensors whose ``.grad`` is added to, leaves or not; by default all leaves.

    Raises RuntimeError for a Tensor without a graph, one that is no scalar, or a graph that was freed.

    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> backward([(x ** 3).sum(), x[0]])
    >>> x.grad.tolist()
    [4.0, 12.0]
    """
    ys, seeds = _starts("backward", tensors, grad_tensors, create_graph)
    arrived: list[tuple[Tensor, Array]] = []
    xs = None if inputs is None else _inputs("backward", inputs)
    wanted = {x.number for x in xs or ()}
    free = not (retain_graph or create_graph)
    with enable_grad() if create_graph else contextlib.nullcontext():
        for Y, dY, _ in steps(ys, seeds, xs, create_graph, free, wanted):
            if Y.op is None and (xs is None or Y.number in wanted):
                arrived.append((Y, dY))
            elif Y.retains_grad or Y.number in wanted:
                arrived.append((Y, dY.clone() if create_graph else np.array(dY)))
        for leaf, dleaf in arrived:
            new = dleaf if create_graph else Tensor.wrap(np.asarray(dleaf))
            leaf.grad = new if leaf.grad is None else leaf.grad + new


def _is_shared(dX: Array, Y: Tensor, dY: Array, gradients: Sequence[Array]) -> bool:
    """Whether the array that the step of ``Y`` sends to an input is also somebody else's."""
    array, arrays = _array(dX), [_array(x) for x in (dY, Y, *Y.inputs, *gradients)]  # dX is one of the gradients
    return array.base is not None or len([x for x in arrays if x is array]) > 1


def _array(dX: Array) -> Any:
    return dX.array if isinstance(dX, Tensor) else dX


def _through_hooks(Y: Tensor, dY: Array, create_graph: bool) -> Array:
    """The gradient of ``Y`` after its hooks have seen it, and perhaps put another in its place."""
    for hook in list(Y.hooks or ()):
        changed = hook(dY if create_graph else Tensor.wrap(np.asarray(dY)))
        if changed is None:
            continue
        is_array = isinstance(changed, (Tensor, ndarray, np.generic)) and changed.dtype.kind == "f"
        if not is_array or changed.shape != Y.shape:
            raise mistakes.hook_returned(Y, changed)
        changed = (changed if isinstance(changed, Tensor) else Tensor.wrap(np.asarray(changed))).astype(Y.dtype)
        dY = changed if create_graph else changed.array
    return dY


@explains
def grad(outputs: Tensor | Sequence[Tensor], inputs: Tensor | Sequence[Tensor], grad_outputs: Any = None,
         retain_graph: bool | None = None, create_graph: bool = False, allow_unused: bool | None = None,
         materialize_grads: bool = False) -> Any:  # fmt: skip
    """The gradients of ``outputs`` (summed, weighted by ``grad_outputs``) with respect to ``inputs``, as Tensors.

    Inputs may be any Tensors of the graph; one that the outputs do not depend on gives zeros, None with
    ``allow_unused=True``, and a RuntimeError with ``allow_unused=False``. ``.grad`` is not touched.
    For a single Tensor as ``inputs`` a single Tensor is returned, otherwise a tuple.

    >>> x = Tensor(3.0, requires_grad=True)
    >>> dx = grad(x ** 2, x, create_graph=True)
    >>> dx.item(), grad(dx, x).item()
    (6.0, 2.0)
    """
    ys, seeds = _starts("grad", outputs, grad_outputs, create_graph)
    xs = _inputs("grad", inputs)
    wanted = {x.number for x in xs}
    found: dict[int, Array] = {}
    with enable_grad() if create_graph else contextlib.nullcontext():
        for Y, dY, _ in steps(ys, seeds, xs, create_graph, not (retain_graph or create_graph), wanted):
            if Y.number in wanted:
                found[Y.number] = dY if create_graph or Y.op is None else np.array(dY)
    missing = [x for x in xs if x.number not in found]
    if missing and allow_unused is False and not materialize_grads:
        raise mistakes.unused(missing[0])
    if allow_unused is None or materialize_grads:
        found.update({x.number: np.zeros_like(x.array) for x in missing})
    dxs = [found.get(x.number) for x in xs]
    results = [dx if dx is None or isinstance(dx, Tensor) else Tensor.wrap(np.asarray(dx)) for dx in dxs]
    return results[0] if isinstance(inputs, Tensor) else tuple(results)


def _starts(name: str, outputs: Any, gradients: Any, create_graph: bool) -> tuple[list[Tensor], list[Array]]:
    """The outputs that a walk starts from, checked, and the gradient of each."""
    ys = _tensors(name, outputs)
    if name == "backward" and (without := [y for y in ys if not y.requires_grad]):
        raise mistakes.no_graph(without[0])
    seeds = [gradients] * len(ys) if gradients is None or isinstance(outputs, Tensor) else list(gradients)
    if len(seeds) != len(ys):
        raise mistakes.not_as_many(name, len(ys), len(seeds))
    return ys, [_seed(name, y, dy, create_graph) for y, dy in zip(ys, seeds, strict=True)]


def _inputs(name: str, inputs: Any) -> list[Tensor]:
    """Tensors whose gradient is asked for, checked."""
    xs = _tensors(name, inputs)
    if not xs and name == "backward":
        raise mistakes.no_inputs()
    if without := [x for x in xs if not x.requires_grad]:
        raise mistakes.input_without_gradient(name, without[0])
    return xs


def _tensors(name: str, given: Any) -> list[Tensor]:
    """One Tensor or several as a list, checked."""
    tensors = list(given) if isinstance(given, Iterable) and not isinstance(given, (Tensor, ndarray)) else [given]
    if others := [t for t in tensors if not isinstance(t, Tensor)]:
        raise mistakes.no_tensor(name, others[0])
    return tensors


def _seed(name: str, output: Tensor, gradient: Any, create_graph: bool) -> Array:
    """The gradient to start from: ``gradient`` in the output's shape and dtype, or 1 for a scalar."""
    if gradient is None:
        if output.array.size != 1:
            raise mistakes.several_outputs(name, output)
        gradient = np.ones_like(output.array)
    elif not (create_graph and isinstance(gradient, Tensor)):
        gradient = np.asarray(gradient.array if isinstance(gradient, Tensor) else gradient, output.dtype)
    if gradient.shape != output.shape:
        raise mistakes.gradient_of_another_shape(name, output, gradient)
    return Tensor.wrap(gradient) if create_graph and not isinstance(gradient, Tensor) else gradient
