"""Positions of tokens. Attention itself does not see the order, so positions are added or turned in."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arguments import explains
from ..autograd.tensor import Tensor
from ..errors import error
from ..ops.join import concatenate
from . import init
from .layers import empty
from .module import Module
from .outline import outlined

_FIRST = 1 << 20  # entries of the table that are computed at once


@explains
def sinusoids(length: int, d_model: int) -> np.ndarray[Any, Any]:
    """The table (length, d_model) of "Attention Is All You Need", section 3.5.

    PE(pos, 2i) = sin(pos / 10000^(2i / d_model)), and PE(pos, 2i + 1) is the cosine of the same. Each pair of columns
    turns at a speed of its own, so that a shift by k positions is the same rotation everywhere.

    >>> sinusoids(2, 4).round(3).tolist()
    [[0.0, 1.0, 0.0, 1.0], [0.8410000205039978, 0.5400000214576721, 0.009999999776482582, 1.0]]
    """
    pair = np.arange(0, d_model, 2)
    angle = np.arange(length)[:, None] / 10000 ** (pair / d_model)
    table = np.zeros((length, d_model), np.float32)
    table[:, 0::2] = np.sin(angle)
    table[:, 1::2] = np.cos(angle[:, : d_model // 2])
    return table


class SinusoidalPositions(Module):
    """Y = X + PE, with the table of :func:`sinusoids`, for lengths up to ``max_length``. Shapes: X, Y (B, L, d_model).

    >>> SinusoidalPositions(4)(Tensor(np.zeros((1, 3, 4), "float32"))).shape
    (1, 3, 4)
    """

    def __init__(self, d_model: int, max_length: int = 5000) -> None:
        self.max_length = max_length
        rows = min(max_length, 1 + _FIRST // d_model)  # a large max_length takes no memory before a text needs it
        zeros = np.broadcast_to(np.float32(0), (rows, d_model))
        self.table = zeros if outlined() else sinusoids(rows, d_model)  # computed, so neither learnt nor saved

    def forward(self, x: Tensor, start: int = 0) -> Tensor:
        _check_length(x, start, self.max_length)
        if start + x.shape[1] > len(self.table):
            self.table = sinusoids(self.max_length, self.table.shape[1])
        table = self.table[start : start + x.shape[1]].astype(x.dtype, copy=False)
        return x + Tensor.wrap(table, name="PE")

    def extra_repr(self) -> str:
        return f"d_model={self.table.shape[1]}, max_length={self.max_length}"


class LearnedPositions(Module):
    """Y = X + W[0 … L − 1], with a learned vector for each position. Shapes: X, Y (B, L, d_model).

    >>> LearnedPositions(4, max_length=8)(Tensor(np.zeros((1, 3, 4), "float32"))).shape
    (1, 3, 4)
    """

    def __init__(self, d_model: int, max_length: int = 5000) -> None:
        self.max_length = max_length
        self.weight = init.normal_(empty(max_length, d_model), std=0.02)

    def forward(self, x: Tensor, start: int = 0) -> Tensor:
        _check_length(x, start, self.max_length)
        return x + self.weight[start : start + x.shape[1]]

    def extra_repr(self) -> str:
        return f"d_model={self.weight.shape[1]}, max_length={self.max_length}"


class RotaryPositions(Module):
    """Turns pairs of entries by an angle that grows with the position: Q · Kᵀ then sees distances (Su et al. 2021).

    Pair i is (a, b) = (x_i, x_{i + d/2}). It becomes (a cos θ − b sin θ, b cos θ + a sin θ) · scale with θ = position ·
    frequencies[i], by default base^(−2i/d). ``frequencies`` (d/2,) may be a function of the length, which is the
    largest position + 1. Shapes: X and result (B, H, L, d), positions (L,) or (B, L).

    >>> turn = RotaryPositions(2)
    >>> turn(Tensor([[[[1.0, 0.0], [1.0, 0.0]]]]), np.arange(2)).array.round(2).tolist()
    [[[[1.0, 0.0], [0.5400000214576721, 0.8399999737739563]]]]
    """

    def __init__(self, head_dim: int, base: float = 10000.0, frequencies: Any = None, scale: float = 1.0) -> None:
        if head_dim % 2:
            raise error(
                ValueError,
                "RotaryPositions",
                got={"head_dim": head_dim},
                rule="entries turn in pairs, so their number is even",
                cure=f"write an even number, head_dim={head_dim + 1}",
            )
        steps = np.arange(0, head_dim, 2, dtype=np.float32) / np.float32(head_dim)  # in float32, as in Llama's own code
        default = 1 / np.float32(base) ** steps
        given = default if frequencies is None else frequencies
        self.frequencies = given if callable(given) else np.asarray(given, np.float32)
        self.head_dim, self.scale = head_dim, scale

    def forward(self, x: Tensor, positions: Any) -> Tensor:
        positions, speed = np.asarray(positions), self.frequencies
        speed = speed(int(positions.max(initial=-1)) + 1) if callable(speed) else speed
        angle = positions[..., None].astype(np.float32) * speed  # (L, d/2) or (B, L, d/2)
        angle = angle[:, None] if angle.ndim == 3 else angle  # the same for all heads
        cos, sin = (
            Tensor.wrap((f(angle) * self.scale).astype(x.dtype), name) for f, name in ((np.cos, "cos"), (np.sin, "sin"))
        )
        a, b = x.split(x.shape[-1] // 2, axis=-1)
        return concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)

    def extra_repr(self) -> str:
        return f"head_dim={self.head_dim}" + ("" if self.scale == 1 else f", scale={self.scale:g}")


def _check_length(x: Tensor, start: int, max_length: int) -> None:
    if start + x.shape[1] > max_length:
        raise error(
            ValueError,
            "positions",
            got={"x": x, "start": start},
            rule=f"positions lie in 0 … {max_length - 1}",
            cure="cut the sequence, or build the module with a larger max_length",
        )
