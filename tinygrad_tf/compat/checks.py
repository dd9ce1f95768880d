"""PyTorch's way to call the check of gradients: the inputs as one tuple."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .. import transforms
from ..autograd.tensor import Tensor


def gradcheck(
    func: Callable[..., Any], inputs: Tensor | Sequence[Any], *, eps: float = 1e-6, atol: float = 1e-5,
    rtol: float = 1e-3, raise_exception: bool = True,
) -> bool:  # fmt: skip
    """Whether the gradients of ``func(*inputs)`` are what nudging says: :func:`tinygrad_tf.gradcheck`, first order.

    >>> gradcheck(lambda x: x * x, (Tensor([3.0], dtype="float64", requires_grad=True),))
    True
    """
    given = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    try:
        return transforms.gradcheck(func, *given, eps=eps, atol=atol, rtol=rtol, order=1)
    except AssertionError:
        if raise_exception:
            raise
        return False
