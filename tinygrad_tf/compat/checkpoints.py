"""PyTorch's ``utils.checkpoint``, whose function takes a few settings more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd import recompute
from ..errors import error


def checkpoint(function: Callable[..., Any], *args: Any, use_reentrant: bool | None = None,
               preserve_rng_state: bool = True, **kwargs: Any) -> Any:  # fmt: skip
    """``function(*args, **kwargs)``, computed again in the backward: :func:`tinygrad_tf.checkpoint`.

    ``use_reentrant`` chooses between two ways that PyTorch has; there is one here. Random numbers are always drawn
    again as they were. Raises NotImplementedError for ``preserve_rng_state=False``.

    >>> x = Tensor([2.0], requires_grad=True)
    >>> checkpoint(lambda x: x * x, x, use_reentrant=False).tolist()
    [4.0]
    """
    if not preserve_rng_state:
        raise error(
            NotImplementedError,
            "checkpoint",
            got={"preserve_rng_state": False},
            rule="what is drawn in the forward is drawn again in the backward",
            cure="leave preserve_rng_state out",
        )
    return recompute.checkpoint(lambda *args: function(*args, **kwargs), *args)
