"""What a decoder remembers while it generates: for every attention the keys and values of the tokens so far."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd.tensor import Tensor
from ..errors import error
from .module import Module

Arrays = np.ndarray[Any, Any]


class Cache:
    """The keys and values of each attention so far, so that each token is projected only once.

    A model that is called with a cache takes only the tokens that are new. Keys and values are (B, ..., S, d), with the
    S tokens in the second axis from the end. Their room doubles when it is full, so that a new token costs the same
    however many came before. No gradient flows back through a cache: use it under ``no_grad()``.

    >>> cache, attend = Cache(), Module()
    >>> for token in range(3):
    ...     K, V = cache.extend(attend, Tensor([[[1.0, 2.0]]]), Tensor([[[3.0]]]))
    >>> K.shape, V.shape, cache.length
    ((1, 3, 2), (1, 3, 1), 3)
    """

    def __init__(self) -> None:
        self._grown: dict[Module, list[Arrays]] = {}  # room for keys and values
        self._lengths: dict[Module, int] = {}
        self._fixed: dict[Module, list[Arrays]] = {}

    @property
    def length(self) -> int:
        """The number of tokens that it holds for every attention."""
        return min(self._lengths.values(), default=0)

    def length_of(self, owner: Module) -> int:
        """The number of tokens that it holds for one attention."""
        return self._lengths.get(owner, 0)

    def extend(self, owner: Module, K: Tensor, V: Tensor) -> tuple[Tensor, Tensor]:
        """Add keys and values of ``owner``, and return all that it has so far."""
        self._refuse_gradients(K, V)
        old, new = self._lengths.get(owner, 0), K.shape[-2]
        room = self._grown.get(owner)
        if room is None or old + new > room[0].shape[-2]:
            size = max(16, 2 * (old + new))
            grown = [np.empty((*X.shape[:-2], size, X.shape[-1]), X.dtype) for X in (K, V)]
            for X, before in zip(grown, room or [], strict=False):
                X[..., :old, :] = before[..., :old, :]
            room = self._grown[owner] = grown
        for X, more in zip(room, (K, V), strict=True):
            X[..., old : old + new, :] = more.array
        self._lengths[owner] = old + new
        K, V = (Tensor.wrap(X[..., : old + new, :]) for X in room)
        return K, V

    def keep(self, owner: Module, make: Callable[[], tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        """Keys and values that stay the same, such as those of an encoder's output. They are made at the first call."""
        if owner not in self._fixed:
            K, V = make()
            self._refuse_gradients(K, V)
            self._fixed[owner] = [K.array, V.array]
        K, V = (Tensor.wrap(X) for X in self._fixed[owner])
        return K, V

    def select(self, rows: Arrays) -> None:
        """Go on with these rows of the batch, in this order. A beam search names some several times."""
        for owner, room in self._grown.items():
            n = self._lengths[owner]
            self._grown[owner] = [_with_room(X[rows, ..., :n, :], X.shape[-2]) for X in room]
        for owner, arrays in self._fixed.items():
            self._fixed[owner] = [X[rows] for X in arrays]

    def _refuse_gradients(self, K: Tensor, V: Tensor) -> None:
        if K.requires_grad or V.requires_grad:
            raise error(
                RuntimeError,
                "Cache",
                got={"K": K, "V": V},
                rule="no gradient flows back through remembered keys and values",
                cure="generate under no_grad(); train without a cache",
            )


def _with_room(X: Arrays, size: int) -> Arrays:
    grown = np.empty((*X.shape[:-2], size, X.shape[-1]), X.dtype)
    grown[..., : X.shape[-2], :] = X
    return grown
