"""What is kept and what becomes 0, such as the attention weights that a dropout leaves."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Bools = np.ndarray[Any, np.dtype[np.bool_]]
Floats = np.ndarray[Any, Any]

_BITS = {size: np.dtype(f"i{size}") for size in (2, 4, 8)}
_FEW = 128
_SHARES = 2**16  # probabilities are rounded to 1/2^16, so that one number of 64 bits makes four draws


def kept(X: Floats, keep: Bools) -> Floats:
    """X where ``keep`` is true, 0 elsewhere, even for ∞ and NaN: the bits of X, taken as integers, times 1 or 0.

    What branches at each entry takes ten times as long where the booleans follow no pattern, and is quicker for a few.

    >>> kept(np.array([1.5, -np.inf]), np.array([True, False])).tolist()
    [1.5, 0.0]
    """
    if X.size <= _FEW and X.shape == keep.shape:
        Y = np.zeros(X.shape, X.dtype)
        np.copyto(Y, X, where=keep)
        return Y
    if X.dtype.itemsize not in _BITS:
        return np.where(keep, X, X.dtype.type(0))
    bits = _BITS[X.itemsize]
    return (X.view(bits) * keep).view(X.dtype)


class Keep:
    """Booleans of ``shape`` (..., L, S), each true with probability 1 − p, which are never stored as a whole.

    They are made from a seed when asked for: all at once would cost memory for every pair of tokens.
    Each row begins at a fixed place of the generator's stream, so it is the same in any block of rows. ``np.asarray``
    gives all rows.

    >>> keep = Keep((2, 3, 4), 0.5, seed=0)
    >>> bool((np.asarray(keep).reshape(6, 4)[2:5] == keep.rows(2, 5)).all())
    True
    """

    def __init__(self, shape: tuple[int, ...], p: float, seed: int) -> None:
        self.shape, self.p, self.seed = shape, p, seed
        self.ndim, self.dtype = len(shape), np.dtype(np.bool_)

    def rows(self, start: int, stop: int) -> Bools:
        """Rows ``start`` … ``stop`` − 1, counted over all axes but the last. Shape (stop − start, S)."""
        share = round(self.p * _SHARES)
        if share == _SHARES:  # nothing is kept; NumPy 2.0 does not compare a uint16 with so large a number
            return np.zeros((stop - start, self.shape[-1]), np.bool_)
        words = -(-self.shape[-1] // 4)  # numbers of 64 bits in a row
        stream = np.random.PCG64(self.seed)
        stream.advance(start * words)
        drawn = stream.random_raw((stop - start) * words).view(np.uint16).reshape(stop - start, 4 * words)
        return np.asarray(drawn[:, : self.shape[-1]] >= share)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return self.rows(0, math.prod(self.shape[:-1])).reshape(self.shape).astype(dtype or np.bool_, copy=False)

    def __repr__(self) -> str:
        return f"Keep({self.shape}, p={self.p}, seed={self.seed})"
