"""PyTorch's ``cuda``: NumPy computes on the CPU, so there is no such device to ask for, to wait for or to empty.

>>> is_available(), device_count()
(False, 0)
"""

from __future__ import annotations

import sys
from typing import Any

from .. import amp
from ..amp import GradScaler, autocast
from ..names import open_to

open_to(sys.modules[__name__], "cuda")  # what is asked for besides, says what takes its place

__all__ = [
    "GradScaler", "amp", "autocast", "device_count", "empty_cache", "is_available", "is_bf16_supported",
    "is_initialized", "manual_seed", "manual_seed_all", "max_memory_allocated", "memory_allocated",
    "reset_peak_memory_stats", "synchronize",
]  # fmt: skip


def is_available() -> bool:
    """Whether there is a GPU to compute on: there is none."""
    return False


def is_initialized() -> bool:
    """Whether a GPU is in use: none is."""
    return False


def device_count() -> int:
    """The number of GPUs: 0."""
    return 0


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Whether there are arrays of bfloat16: NumPy has none."""
    return False


def manual_seed(seed: int) -> None:
    """Nothing: the generators of GPUs are meant. ``tinygrad_tf.manual_seed`` starts the one that is used."""


def manual_seed_all(seed: int) -> None:
    """Nothing, as :func:`manual_seed`."""


def empty_cache() -> None:
    """Nothing: there is no memory of a GPU."""


def synchronize(device: Any = None) -> None:
    """Nothing: what was called is done when the call returns."""


def memory_allocated(device: Any = None) -> int:
    """The bytes of a GPU that are in use: 0."""
    return 0


def max_memory_allocated(device: Any = None) -> int:
    """The most bytes of a GPU that were in use: 0."""
    return 0


def reset_peak_memory_stats(device: Any = None) -> None:
    """Nothing: there is no memory of a GPU."""
