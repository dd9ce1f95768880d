"""Gradient clipping: one exploding step must not undo a thousand good ones."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from ..arguments import explains
from ..autograd.debugging import acts
from ..autograd.dtypes import widened
from ..autograd.tensor import Tensor
from ..errors import error, no_parameters
from ..sums import squares


@acts
@explains
def clip_grad_norm_(parameters: Tensor | Iterable[Tensor], max_norm: float, norm_type: float = 2.0,
                    error_if_nonfinite: bool = False, foreach: bool | None = None) -> float:  # fmt: skip
    """Scale all gradients together so that their norm is at most ``max_norm`` (Pascanu et al. 2013).

    Returns the norm before, a NumPy number of the gradients' type, at least float32, which has ``item()``. The
    factor is min(1, max_norm / (norm + 1e-6)), as in PyTorch. If the norm is NaN, all gradients become NaN.
    ``foreach`` changes nothing.

    >>> p = Tensor([3.0, 4.0], requires_grad=True)
    >>> (p * p / 2).sum().backward()
    >>> clip_grad_norm_([p], 1.0), [round(g, 4) for g in p.grad.tolist()]
    (np.float32(5.0), [0.6, 0.8])
    """
    with_gradient = _with_gradient(parameters)
    grads = [p.grad.array for p in with_gradient if p.grad is not None]
    norm_type = float(norm_type)  # "inf", too
    if norm_type == math.inf:
        total = float(np.max([np.abs(g).max() for g in grads if g.size], initial=0.0))
    elif norm_type == 2:
        total = math.sqrt(sum(squares(g) for g in grads))
    elif norm_type == 0:  # as in PyTorch: how many gradients are not all 0
        total = float(sum(g.any() for g in grads))
    else:
        total = sum(float((np.abs(widened(g)) ** norm_type).sum()) for g in grads) ** (1 / norm_type)
    if error_if_nonfinite and not math.isfinite(total):
        raise error(
            RuntimeError,
            "clip_grad_norm_",
            got={"norm": total},
            rule="the norm of the gradients is finite",
            cure="write with debug(): around the step to find the first NaN or Inf, or lower the learning rate lr",
        )
    factor = max_norm / (total + 1e-6)
    if not factor >= 1:
        for p, g in zip(with_gradient, grads, strict=True):
            p.grad = Tensor.wrap((g * np.dtype(np.result_type(g, np.float32)).type(factor)).astype(g.dtype, copy=False))
    return np.result_type(np.float32, *grads[:1]).type(total)


@acts
@explains
def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None) -> None:
    """Cut every entry of every gradient to −clip_value … clip_value. ``foreach`` changes nothing.

    >>> p = Tensor([3.0, 4.0], requires_grad=True)
    >>> (p * p / 2).sum().backward()
    >>> clip_grad_value_([p], 3.5)
    >>> p.grad.tolist()
    [3.0, 3.5]
    """
    bound = float(clip_value)  # one of NumPy's would change the type of the gradients
    for p in _with_gradient(parameters):
        if p.grad is not None:
            p.grad = Tensor.wrap(np.clip(p.grad.array, -bound, bound))


def _with_gradient(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    """One parameter or several, but for those that have no gradient."""
    if callable(getattr(parameters, "parameters", None)):
        raise no_parameters("clip_grad", parameters)
    return [p for p in ([parameters] if isinstance(parameters, Tensor) else parameters) if p.grad is not None]
