"""The ops by kind: forwards, their gradient rules, and the functions that are composed of them.

``methods`` says which function is which method of Tensor, ``numpy_protocol`` which function of NumPy it stands for.
"""

from . import (
    activation,
    arithmetic,
    arrange,
    borders,
    choice,
    comparison,
    conversion,
    counting,
    cutting,
    einsum,
    exponential,
    fused,
    heads,
    indexing,
    join,
    linalg,
    losses,
    makers,
    methods,
    numpy_protocol,
    order,
    reduction,
    rounding,
    sampling,
    scattering,
    shape,
    slopes,
    trigonometry,
)

__all__ = [
    "activation", "arithmetic", "arrange", "borders", "choice", "comparison", "conversion", "counting", "cutting",
    "einsum", "exponential", "fused", "heads", "indexing", "join", "linalg", "losses", "makers", "methods",
    "numpy_protocol", "order", "reduction", "rounding", "sampling", "scattering", "shape", "slopes", "trigonometry",
]  # fmt: skip
