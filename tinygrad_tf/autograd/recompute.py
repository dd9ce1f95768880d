"""checkpoint(): less memory, for activations that are computed again instead of kept."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..arguments import explains
from ..errors import error
from ..random import get_state, replayed, set_state
from .recording import enable_grad, thread
from .tensor import Tensor, made_by
from .versions import Before, last_version
from .walk import AGAIN, reachable


@explains
def checkpoint(function: Callable[..., Tensor], *inputs: Any) -> Tensor:
    """``function(*inputs)``, keeping nothing of what it computes: backward computes it again (Chen et al. 2016).

    Cut a stack of n layers into about √n such pieces, and the memory of its activations falls from n to about 2·√n
    layers, for one more forward. ``backward()`` leaves the same gradients to the bit, dropout included: the same random
    numbers are drawn again, whatever other threads draw meanwhile. Parameters and other Tensors that ``function`` uses
    get their gradients as well.

    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> checkpoint(lambda x: x * x * x, x).sum().backward()
    >>> x.grad.tolist()
    [3.0, 12.0]
    """
    start = get_state()
    params = {"run": functools.partial(_run_again, function, inputs, start, thread.state.root)}
    first = Tensor.wrap(np.zeros(())).number  # every Tensor that the function makes has a higher one
    with replayed(start):  # not from the common generator: another thread's draws would come between this one's
        output = _checked(function(*inputs))
        end = get_state()
    if get_state() == start:  # nobody else has drawn: the common generator goes on as if it had been used
        set_state(end)
    if last_version[0] > first and any(isinstance(x, Before) and x.number < first for x in reachable([output])):
        raise error(
            RuntimeError,
            "checkpoint",
            got=f"{function.__name__ if hasattr(function, '__name__') else function}, which writes to what it is given",
            rule="the function is run again by backward(), and would write a second time",
            cure="let it change a copy: h = h.clone()",
        )
    if not output.requires_grad or output.number < first:
        return output
    used = tuple([x for x in reachable([output], first) if x.number < first])
    made = made_by(AGAIN, output.array, used, params, None, thread.state.scope, True, output.name)
    if thread.state.watch is not None:
        thread.state.watch.made(AGAIN, used, params, made)
    return made


def _run_again(function: Callable[..., Tensor], inputs: Any, start: Any, root: Any, Y: Tensor) -> Tensor:
    """What made ``Y``, in the same modules and with the same random numbers: those from the state ``start`` on."""
    if thread.state.watch is not None:
        thread.state.watch.step(Y)
    state = thread.state
    place = state.root, state.scope
    try:
        try:
            state.root, state.scope = root, Y.scope
            with enable_grad(), replayed(start):
                again = _checked(function(*inputs))
        finally:
            state.root, state.scope = place
    finally:  # twice: Ctrl-C may hit the first
        state.root, state.scope = place
    if (again.shape, again.dtype, again.requires_grad) != (Y.shape, Y.dtype, True):
        raise error(
            RuntimeError,
            "checkpoint",
            got={"the first result": Y, "the second result": again},
            rule="the function gives the same result when backward() runs it again",
            cure=(
                "let it depend on its inputs and on the package's generator alone, and switch requires_grad only "
                "after backward()"
            ),
        )
    return again


def _checked(output: Any) -> Tensor:
    if not isinstance(output, Tensor):
        raise error(
            TypeError,
            "checkpoint",
            got={"result": output},
            rule="the function returns one Tensor",
            cure="stack several results, or checkpoint them apart",
        )
    return output
