"""PyTorch's ``nn.parallel``: names to import and to compare with. What does the work is tinygrad_tf.parallel."""

from __future__ import annotations

from typing import Any

from ..errors import error
from ..nn.module import Module

__all__ = ["DataParallel", "DistributedDataParallel"]


class DataParallel(Module):
    """A module on several GPUs. There are none here: to make one raises RuntimeError.

    >>> isinstance(nn.Linear(1, 1), DataParallel)
    False
    """

    def __init__(self, module: Any, *args: Any, **kwargs: Any) -> None:
        raise error(
            RuntimeError,
            type(self).__name__,
            got=f"the module {type(module).__name__}",
            rule="NumPy computes on the CPU, in one process unless several are started",
            cure="use the module itself, or share each batch between processes: see tinygrad_tf.parallel",
        )


class DistributedDataParallel(DataParallel):
    """A module in several processes. To make one raises RuntimeError, which names :mod:`tinygrad_tf.parallel`."""
