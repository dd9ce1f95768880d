"""Initial values. Each function fills a Tensor, or an array, in place and returns it. The names are PyTorch's.

Those that draw take a ``generator`` of their own; without one it is the package's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, TypeVar

import numpy as np

from ..arguments import explains
from ..autograd.changes import wrote
from ..autograd.tensor import Tensor
from ..errors import error
from ..random import generator_of
from .outline import outlined

T = TypeVar("T", Tensor, np.ndarray[Any, Any])


def _fill(t: T, values: Any) -> T:
    """Write the values, or what the function ``values`` gives; in an outline there is nothing to write to."""
    if outlined():
        return t
    array = t.array if isinstance(t, Tensor) else t
    array[...] = values() if callable(values) else values
    if isinstance(t, Tensor):
        wrote(t)
    return t


def _fans(t: Any) -> tuple[int, int]:
    """The numbers of inputs and of outputs of a weight (out, in, …)."""
    if t.ndim < 2:
        raise error(
            ValueError,
            "init",
            got={"tensor": t},
            rule="fan-in and fan-out need at least two axes",
            cure="initialise vectors with zeros_, ones_, uniform_ or normal_",
        )
    field = math.prod(t.shape[2:])
    return t.shape[1] * field, t.shape[0] * field


def _fan(t: Any, mode: str) -> int:
    _check_is_one_of("mode", mode, ("fan_in", "fan_out"))
    return _fans(t)[mode == "fan_out"]


def _check_is_one_of(name: str, value: str, known: Iterable[str]) -> None:
    if value not in known:
        raise error(
            ValueError,
            "init",
            got={name: repr(value)},
            rule=f"{name} is one of {', '.join(known)}",
            cure=f'write {name}="{next(iter(known))}"',
        )


@explains
def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor for weights in front of this function that keeps the variance of what goes through (He et al. 2015).

    ``param`` is the negative slope of the leaky ReLU. Raises ValueError for a function that is not known.

    >>> calculate_gain("relu") == 2**0.5
    True
    """
    slope = 0.01 if param is None else param
    gains = {"leaky_relu": math.sqrt(2 / (1 + slope * slope)), "relu": math.sqrt(2), "linear": 1.0, "tanh": 5 / 3,
             "sigmoid": 1.0, "selu": 3 / 4}  # fmt: skip
    _check_is_one_of("nonlinearity", nonlinearity, gains)
    return gains[nonlinearity]


@explains
def uniform_(t: T, a: float = 0.0, b: float = 1.0, generator: Any = None) -> T:
    """Fill with numbers uniform on [a, b).

    >>> bool((uniform_(Tensor([0.0] * 100), 2, 3).array >= 2).all())
    True
    """
    return _fill(t, lambda: generator_of(generator).uniform(a, b, t.shape))


@explains
def normal_(t: T, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> T:
    """Fill with numbers from the normal distribution with this mean and standard deviation."""
    return _fill(t, lambda: generator_of(generator).normal(mean, std, t.shape))


@explains
def constant_(t: T, value: float) -> T:
    """Fill with the same number everywhere.

    >>> layer = Linear(2, 1)
    >>> _ = constant_(layer.weight.array, 0.5)
    >>> layer.weight.tolist()
    [[0.5, 0.5]]
    """
    return _fill(t, value)


@explains
def zeros_(t: T) -> T:
    """Fill with 0."""
    return constant_(t, 0.0)


@explains
def ones_(t: T) -> T:
    """Fill with 1."""
    return constant_(t, 1.0)


@explains
def xavier_uniform_(t: T, gain: float = 1.0, generator: Any = None) -> T:
    """Fill with numbers uniform within ±gain · √(6 / (fan_in + fan_out)) (Glorot, Bengio 2010)."""
    bound = gain * math.sqrt(6 / sum(_fans(t)))
    return uniform_(t, -bound, bound, generator)


@explains
def xavier_normal_(t: T, gain: float = 1.0, generator: Any = None) -> T:
    """Fill with normal numbers of standard deviation gain · √(2 / (fan_in + fan_out)) (Glorot, Bengio 2010)."""
    return normal_(t, 0.0, gain * math.sqrt(2 / sum(_fans(t))), generator)


@explains
def kaiming_uniform_(
    t: T, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> T:
    """Fill with numbers uniform within ±√(6 / ((1 + a²) · fan)) (He et al. 2015).

    ``a`` is the negative slope of the leaky ReLU, ``mode`` the fan, "fan_in" or "fan_out". ``nonlinearity`` is one
    that :func:`calculate_gain` knows.
    """
    bound = calculate_gain(nonlinearity, a) * math.sqrt(3 / _fan(t, mode))
    return uniform_(t, -bound, bound, generator)


@explains
def kaiming_normal_(
    t: T, a: float = 0.0, mode: str = "fan_in", nonlinearity: str = "leaky_relu", generator: Any = None
) -> T:
    """Fill with normal numbers of standard deviation √(2 / ((1 + a²) · fan)) (He et al. 2015)."""
    return normal_(t, 0.0, calculate_gain(nonlinearity, a) / math.sqrt(_fan(t, mode)), generator)


@explains
def trunc_normal_(
    t: T, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Any = None
) -> T:
    """Fill with normal numbers; those outside of [a, b] are drawn again."""
    values: Any = generator_of(generator).normal(mean, std, t.shape)
    while (outside := (values < a) | (values > b)).any():
        values[outside] = generator_of(generator).normal(mean, std, int(outside.sum()))
    return _fill(t, values)


@explains
def orthogonal_(t: T, gain: float = 1.0, generator: Any = None) -> T:
    """Fill with rows at right angles, or columns where these are fewer, all of length ``gain`` (Saxe et al. 2013).

    >>> W = orthogonal_(Tensor(np.zeros((2, 3))))
    >>> (W @ W.mT).array.round(6).tolist() == [[1.0, 0.0], [0.0, 1.0]]
    True
    """
    _fans(t)  # at least two axes
    n, m = t.shape[0], math.prod(t.shape[1:])
    Q, R = np.linalg.qr(generator_of(generator).normal(size=(max(n, m), min(n, m))))
    Q = Q * np.sign(np.diag(R))  # makes all directions equally likely
    return _fill(t, gain * (Q.T if n < m else Q).reshape(t.shape))
