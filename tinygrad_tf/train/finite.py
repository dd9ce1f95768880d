"""Where a number that is no number came from: a training stops at the first one, before it reaches the weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..autograd.debugging import debug
from ..autograd.recording import enable_grad
from ..autograd.tensor import Tensor
from ..errors import error
from ..nn import Module


def bad_parameter(model: Module) -> str | None:
    """The first parameter with a NaN or an infinity, and how many it has; None if there is none."""
    for name, p in model.named_parameters():
        if p.dtype.kind == "f" and not np.isfinite(p.array).all():
            bad = int(p.array.size - np.isfinite(p.array).sum())
            return f"the parameter {name} {p.shape}, in which {bad} of {p.array.size} entries are NaN or infinite"
    return None


def first_bad(model: Module, loss: Callable[[], Tensor | None]) -> str | None:
    """The first NaN or infinity of a step: in a parameter, or the op, the module and the line that made it.

    ``loss()`` is run once more under :class:`~tinygrad_tf.autograd.debugging.debug`, backward as well. Gradients are
    left as they were. None if no such number comes up again.
    """
    found = bad_parameter(model)
    if found is not None:
        return found
    before = [(p, p.grad) for p in model.parameters()]
    try:
        for p, _ in before:
            p.grad = None
        with enable_grad(), debug():
            made = loss()
            if made is not None:
                made.backward()
    except FloatingPointError as problem:
        return str(problem).split("\n")[0]
    finally:
        for p, gradient in before:
            p.grad = gradient
    return None


def not_finite(got: str, where: str | None, cure: str) -> FloatingPointError:
    """The error that ends a training, with what it ``got``: a loss, a gradient or a parameter, and at which step."""
    first = where or "it did not come up again when the batch was run a second time"
    return error(
        FloatingPointError,
        "fit",
        got=got,
        rule=f"loss, gradients and parameters are finite; the first that is not: {first}",
        cure=f"{cure}; look for too large a learning rate, a log or a division by 0",
    )
