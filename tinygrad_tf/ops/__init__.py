"""The rules: every op of the engine, by kind. Importing this fills ``tensor.FUNCTIONS``."""

from ..quick import bind_methods
from . import (
    activation,
    arithmetic,
    arrange,
    choice,
    comparison,
    conversion,
    counting,
    einsum,
    exponential,
    fused,
    heads,
    indexing,
    join,
    linalg,
    losses,
    order,
    reduction,
    rounding,
    sampling,
    shape,
    trigonometry,
    update,
)

bind_methods()

__all__ = [
    "activation", "arithmetic", "arrange", "choice", "comparison", "conversion", "counting", "einsum", "exponential",
    "fused", "heads", "indexing", "join", "linalg", "losses", "order", "reduction", "rounding", "sampling", "shape",
    "trigonometry", "update",
]  # fmt: skip
