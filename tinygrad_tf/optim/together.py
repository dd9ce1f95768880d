"""One formula over many parameters: small ones side by side in one array, large ones in blocks that stay in the cache.

A NumPy call on a few numbers costs as much as one on a thousand, and a call on millions waits for the memory. A formula
that treats each entry alone may be cut anywhere and gives the same bits.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from ..autograd.tensor import Tensor

State = dict[str, Any]
Update = Callable[[Any, Any, State], None]

SMALL = 1 << 13  # entries; to copy more costs more than the calls that it saves
BLOCK = 1 << 16  # entries; a block and its state fit into a core's second cache


def in_blocks(update: Update, p: Any, g: Any, state: State) -> None:
    """``update(p, g, state)`` on flat arrays, piece by piece. New entries of the state are put together from pieces."""
    arrays = {key: value for key, value in state.items() if isinstance(value, np.ndarray)}
    numbers = {key: value for key, value in state.items() if key not in arrays}
    for start in range(0, max(p.size, 1), BLOCK):
        part = slice(start, start + BLOCK)
        piece = {**numbers, **{key: value[part] for key, value in arrays.items()}}
        update(p[part], g[part], piece)
        for key, value in piece.items():
            if not isinstance(value, np.ndarray):
                state[key] = value
            elif key not in arrays:
                state.setdefault(key, np.empty(p.shape, value.dtype))[part] = value


def share_memory(params: list[Tensor]) -> bool:
    """Whether some lie in the same memory: then each changes what the next one finds, and they are no pack."""
    bounds = sorted(byte_bounds(p.array) for p in params if p.array.size)
    return any(start < end for (_, end), (start, _) in itertools.pairwise(bounds))


def alone(flat: Update, p: Any, g: Any, state: State) -> bool:
    """``flat(p, g, state)`` on one parameter's arrays, made flat. False if one of them has gaps or another shape."""
    arrays = [p, *[value for value in state.values() if isinstance(value, np.ndarray)]]
    if g.shape != p.shape or not all(a.flags.c_contiguous and a.shape == p.shape for a in arrays):
        return False
    lines = {key: value.reshape(-1) if isinstance(value, np.ndarray) else value for key, value in state.items()}
    flat(p.reshape(-1), g.reshape(-1), lines)
    for key, value in lines.items():
        if key not in state or not isinstance(value, np.ndarray):
            state[key] = value.reshape(p.shape) if isinstance(value, np.ndarray) else value
    return True


class Pack:
    """Small parameters of one dtype side by side, with states of equal keys and numbers.

    The arrays of their states become views of those of the pack. Later somebody may have put others in their place, or
    in that of the parameters' own, or fewer parameters may have a gradient: :meth:`fits` says whether the pack can
    still be used.
    """

    def __init__(self, params: list[Tensor], states: list[State]) -> None:
        self.params, self.arrays, self.states = params, [p.array for p in params], states
        self.ids = {*map(id, params)}
        self.p = np.concatenate(self.arrays, axis=None)
        self.g = np.empty_like(self.p)
        self.state: State = {
            key: np.concatenate([state[key] for state in states], axis=None) if isinstance(value, np.ndarray) else value
            for key, value in states[0].items()
        }
        self.values = self._cut(self.p)
        self.views: dict[str, list[Any]] = {}
        self._share()

    def fits(self, params: list[Tensor], state: dict[Tensor, State]) -> bool:
        """Whether all its parameters are among these and have a gradient of their dtype, and all else is as it was."""
        if not self.ids.issubset(map(id, params)):
            return False
        if not all(map(operator.is_, map(state.get, self.params), self.states)):
            return False
        if not all(map(operator.is_, [p.array for p in self.params], self.arrays)):
            return False
        dtypes = [p.grad.array.dtype if p.grad is not None else None for p in self.params]
        if not all(map(operator.is_, dtypes, itertools.repeat(self.p.dtype))):
            return False
        if {*map(len, self.states)} != {len(self.state)}:
            return False
        for key, value in self.state.items():
            there = [each.get(key) for each in self.states]
            if key in self.views:
                if not all(map(operator.is_, there, self.views[key])):
                    return False
            elif there != [value] * len(there):
                return False
        return True

    def run(self, flat: Update) -> None:
        """``flat(p, g, state)`` on all of them at once."""
        np.concatenate(self.arrays, axis=None, out=self.p)  # a user may have written to them
        np.concatenate([p.grad.array for p in self.params if p.grad is not None], axis=None, out=self.g)
        flat(self.p, self.g, self.state)
        for array, value in zip(self.arrays, self.values, strict=True):
            np.copyto(array, value)
        self._share()

    def _share(self) -> None:
        for key, value in self.state.items():
            if not isinstance(value, np.ndarray):
                for state in self.states:
                    state[key] = value
            elif key not in self.views:
                self.views[key] = self._cut(value)
                for state, view in zip(self.states, self.views[key], strict=True):
                    state[key] = view

    def _cut(self, flat: Any) -> list[Any]:
        """Views of ``flat`` in the parameters' shapes."""
        ends = np.cumsum([p.array.size for p in self.params]).tolist()
        return [flat[end - p.array.size : end].reshape(p.array.shape) for end, p in zip(ends, self.params, strict=True)]
