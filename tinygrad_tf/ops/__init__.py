"""The rules: every op of the engine, by kind. Importing this fills ``tensor.FUNCTIONS``."""

from . import (
    activation,
    arrange,
    comparison,
    einsum,
    elementwise,
    fused,
    indexing,
    linalg,
    losses,
    order,
    reduction,
    shape,
    trigonometry,
)

__all__ = [
    "activation", "arrange", "comparison", "einsum", "elementwise", "fused", "indexing", "linalg", "losses", "order",
    "reduction", "shape", "trigonometry",
]  # fmt: skip
