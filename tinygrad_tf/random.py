"""The one generator that all randomness comes from: initial weights, dropout, shuffling, sampling."""

from __future__ import annotations

from typing import Any

import numpy as np

_generator = np.random.default_rng()


def manual_seed(seed: int) -> None:
    """Start the generator anew. Same seed, same machine: same bits.

    >>> manual_seed(0)
    >>> a = generator().random()
    >>> manual_seed(0)
    >>> a == generator().random()
    True
    """
    global _generator
    _generator = np.random.default_rng(seed)


def generator() -> np.random.Generator:
    """The generator in use."""
    return _generator


def get_state() -> dict[str, Any]:
    """The generator's state, as plain data, to be saved with a checkpoint."""
    return dict(_generator.bit_generator.state)


def set_state(state: dict[str, Any]) -> None:
    """Go on from a state that :func:`get_state` returned."""
    _generator.bit_generator.state = state
