"""Initial values: each function fills a Tensor's array in place and returns the Tensor. Names as in PyTorch."""

from __future__ import annotations

import math
from typing import Any

from ..errors import error
from ..random import generator
from ..tensor import Tensor


def _fans(t: Tensor) -> tuple[int, int]:
    """Inputs and outputs of a weight (out, in, …)."""
    if t.ndim < 2:
        raise error(ValueError, "init", {"tensor": t}, "fan-in and fan-out need at least two axes",
                    "initialise vectors with zeros_, ones_, uniform_ or normal_")  # fmt: skip
    field = math.prod(t.shape[2:])
    return t.shape[1] * field, t.shape[0] * field


def uniform_(t: Tensor, a: float = 0.0, b: float = 1.0) -> Tensor:
    """Uniform on [a, b).

    >>> bool((uniform_(Tensor([0.0] * 100), 2, 3).data >= 2).all())
    True
    """
    t.data[...] = generator().uniform(a, b, t.shape)
    return t


def normal_(t: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """Normal with the given mean and standard deviation."""
    t.data[...] = generator().normal(mean, std, t.shape)
    return t


def constant_(t: Tensor, value: float) -> Tensor:
    """The same number everywhere."""
    t.data[...] = value
    return t


def zeros_(t: Tensor) -> Tensor:
    return constant_(t, 0.0)


def ones_(t: Tensor) -> Tensor:
    return constant_(t, 1.0)


def xavier_uniform_(t: Tensor, gain: float = 1.0) -> Tensor:
    """Uniform within ±gain·√(6 / (fan_in + fan_out)) (Glorot, Bengio 2010)."""
    bound = gain * math.sqrt(6 / sum(_fans(t)))
    return uniform_(t, -bound, bound)


def xavier_normal_(t: Tensor, gain: float = 1.0) -> Tensor:
    """Normal with standard deviation gain·√(2 / (fan_in + fan_out)) (Glorot, Bengio 2010)."""
    return normal_(t, 0.0, gain * math.sqrt(2 / sum(_fans(t))))


def kaiming_uniform_(t: Tensor, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu") -> Tensor:
    """Uniform within ±√(6 / ((1 + a²) · fan)) (He et al. 2015); ``a`` is the negative slope of the leaky ReLU.

    ``mode`` says which fan: "fan_in" or "fan_out". ``nonlinearity`` is "leaky_relu", "relu", "linear" or "tanh".
    """
    gains = {"leaky_relu": math.sqrt(2 / (1 + a * a)), "relu": math.sqrt(2), "linear": 1.0, "tanh": 5 / 3}
    for name, value, known in (("mode", mode, ("fan_in", "fan_out")), ("nonlinearity", nonlinearity, gains)):
        if value not in known:
            raise error(ValueError, "init", {name: repr(value)}, f"{name} is one of {', '.join(known)}",
                        f'write {name}="{next(iter(known))}"')  # fmt: skip
    bound = gains[nonlinearity] * math.sqrt(3 / _fans(t)[mode == "fan_out"])
    return uniform_(t, -bound, bound)


def trunc_normal_(t: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0) -> Tensor:
    """Normal, drawn again wherever it falls outside [a, b]."""
    values: Any = generator().normal(mean, std, t.shape)
    while (outside := (values < a) | (values > b)).any():
        values[outside] = generator().normal(mean, std, int(outside.sum()))
    t.data[...] = values
    return t
