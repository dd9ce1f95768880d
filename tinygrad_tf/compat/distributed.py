"""PyTorch's ``distributed``: not here. One batch over several processes is :mod:`tinygrad_tf.parallel`.

Code that asks first, as ``if distributed.is_available() and distributed.is_initialized()``, goes on in one process.
"""

from __future__ import annotations

import sys

from .names import open_to

open_to(sys.modules[__name__], "distributed")  # what is asked for besides, says what takes its place


def is_available() -> bool:
    """Whether processes can work together in PyTorch's way: they cannot.

    >>> is_available()
    False
    """
    return False


def is_initialized() -> bool:
    """Whether processes work together now: they do not."""
    return False


def is_nccl_available() -> bool:
    """Whether NVIDIA's library is there: it is not used."""
    return False


def is_torchelastic_launched() -> bool:
    """Whether ``torchrun`` has started the process: it is not asked."""
    return False
