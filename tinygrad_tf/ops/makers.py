"""Tensors from nothing: constants, ranges and random numbers, under the names that NumPy and PyTorch share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ..autograd.tensor import Tensor, to_array
from ..random import generator
from .conversion import check_device

_FLOAT = np.dtype(np.float32)
F = TypeVar("F", bound=Callable[..., Tensor])


def _maker(make: F) -> F:
    """Decorator: take PyTorch's ``device`` as well, which is the CPU, and the sizes also as ``size=``."""
    many = bool(make.__code__.co_flags & 0x04)  # takes any number (*size)

    @functools.wraps(make)
    def call(*args, device=None, **params) -> Tensor:
        check_device(make.__name__, device)
        return make(params.pop("size"), **params) if many and "size" in params else make(*args, **params)

    return call  # type: ignore[return-value]


def _shape(sizes: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else sizes


def _make(array, requires_grad: bool, dtype=None) -> Tensor:
    return Tensor.wrap(np.asarray(array, dtype)).requires_grad_(requires_grad)


@_maker
def tensor(data, dtype=None, requires_grad: bool = False) -> Tensor:
    """PyTorch's spelling of ``Tensor(data)``.

    >>> tensor([1, 2]).dtype
    dtype('int64')
    """
    return Tensor(data, requires_grad, dtype)


@_maker
def as_tensor(data, dtype=None) -> Tensor:
    """``data`` itself if it is a Tensor of that dtype, otherwise a Tensor of it.

    >>> t = tensor([1.0])
    >>> as_tensor(t) is t
    True
    """
    if isinstance(data, Tensor) and (dtype is None or data.dtype == dtype):
        return data
    return data.astype(dtype) if isinstance(data, Tensor) else Tensor(data, dtype=dtype)


def from_numpy(array: np.ndarray[Any, Any]) -> Tensor:
    """A Tensor around ``array`` itself: what is written to the one is seen in the other."""
    return Tensor.wrap(to_array(array))


@_maker
def zeros(*size, dtype=_FLOAT, requires_grad: bool = False) -> Tensor:
    """All 0.

    >>> zeros(2).tolist()
    [0.0, 0.0]
    """
    return _make(np.zeros(_shape(size), dtype), requires_grad)


@_maker
def ones(*size, dtype=_FLOAT, requires_grad: bool = False) -> Tensor:
    """All 1.

    >>> ones(2).tolist()
    [1.0, 1.0]
    """
    return _make(np.ones(_shape(size), dtype), requires_grad)


@_maker
def empty(*size, dtype=_FLOAT, requires_grad: bool = False) -> Tensor:
    """Room to be filled; zeros here, so that nobody reads what was there before."""
    return zeros(*size, dtype=dtype, requires_grad=requires_grad)


@_maker
def full(size, fill_value, dtype=None, requires_grad: bool = False) -> Tensor:
    """All ``fill_value``, in its type.

    >>> full((2,), 7).tolist()
    [7, 7]
    """
    value = to_array(fill_value, dtype)
    return _make(np.full(size, value, value.dtype), requires_grad)


@_maker
def eye(n: int, m: int | None = None, dtype=_FLOAT, requires_grad: bool = False) -> Tensor:
    """1 on the diagonal, 0 elsewhere.

    >>> eye(2).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    return _make(np.eye(n, m, dtype=dtype), requires_grad)


@_maker
def arange(start=0, end=None, step=1, dtype=None, requires_grad: bool = False) -> Tensor:
    """start, start + step, … up to but without end: integers for integers, float32 for floats.

    >>> arange(1, 4).tolist()
    [1, 2, 3]
    >>> arange(3).tolist()
    [0, 1, 2]
    """
    values: Any = np.arange(start, step=step) if end is None else np.arange(start, end, step)
    return _make(values, requires_grad, _FLOAT if dtype is None and values.dtype.kind == "f" else dtype)


@_maker
def linspace(start: float, end: float, steps: int = 50, dtype=_FLOAT, requires_grad: bool = False) -> Tensor:
    """``steps`` numbers from start to end, both included.

    >>> linspace(0, 1, 3).tolist()
    [0.0, 0.5, 1.0]
    """
    return _make(np.linspace(start, end, steps), requires_grad, dtype)


@_maker
def zeros_like(t, dtype=None, requires_grad: bool = False) -> Tensor:
    """All 0, in the shape and type of ``t``."""
    return _make(np.zeros(t.shape, t.dtype if dtype is None else dtype), requires_grad)


@_maker
def ones_like(t, dtype=None, requires_grad: bool = False) -> Tensor:
    """All 1, in the shape and type of ``t``."""
    return _make(np.ones(t.shape, t.dtype if dtype is None else dtype), requires_grad)


@_maker
def full_like(t, fill_value, dtype=None, requires_grad: bool = False) -> Tensor:
    """All ``fill_value``, in the shape and type of ``t``."""
    return _make(np.full(t.shape, fill_value, t.dtype if dtype is None else dtype), requires_grad)


@_maker
def empty_like(t, dtype=None, requires_grad: bool = False) -> Tensor:
    """Room to be filled, in the shape and type of ``t``; zeros here."""
    return zeros_like(t, dtype, requires_grad)


@_maker
def rand(*size, dtype=_FLOAT, requires_grad: bool = False) -> Tensor:
    """Uniform on [0, 1), from the package's generator (see ``manual_seed``)."""
    return _make(generator().random(_shape(size), np.float64), requires_grad, dtype)


@_maker
def randn(*size, dtype=_FLOAT, requires_grad: bool = False) -> Tensor:
    """Normal with mean 0 and variance 1."""
    return _make(generator().standard_normal(_shape(size)), requires_grad, dtype)


@_maker
def uniform(low: float = 0.0, high: float = 1.0, size=(), dtype=_FLOAT) -> Tensor:
    """Uniform on [low, high)."""
    return _make(generator().uniform(low, high, size), False, dtype)


@_maker
def normal(mean: float = 0.0, std: float = 1.0, size=(), dtype=_FLOAT) -> Tensor:
    """Normal with the given mean and standard deviation."""
    return _make(generator().normal(mean, std, size), False, dtype)


@_maker
def randint(low: int, high=None, size=None, dtype=np.int64) -> Tensor:
    """Integers in low … high − 1; with one bound, in 0 … bound − 1.

    >>> bool((randint(3, size=(5,)) < 3).all())
    True
    """
    if size is None and isinstance(high, (tuple, list)):  # randint(bound, size)
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    return _make(generator().integers(low, high, () if size is None else size), False, dtype)


@_maker
def randperm(n: int) -> Tensor:
    """The integers 0 … n − 1 in a random order."""
    return _make(generator().permutation(n), False)


@_maker
def rand_like(t, dtype=None, requires_grad: bool = False) -> Tensor:
    """Uniform on [0, 1), in the shape and type of ``t``."""
    return rand(tuple(t.shape), dtype=t.dtype if dtype is None else dtype, requires_grad=requires_grad)


@_maker
def randn_like(t, dtype=None, requires_grad: bool = False) -> Tensor:
    """Normal with mean 0 and variance 1, in the shape and type of ``t``."""
    return randn(tuple(t.shape), dtype=t.dtype if dtype is None else dtype, requires_grad=requires_grad)


def is_tensor(thing) -> bool:
    """Whether it is a Tensor.

    >>> is_tensor([1.0]), is_tensor(tensor([1.0]))
    (False, True)
    """
    return isinstance(thing, Tensor)


@_maker
def tril_indices(row: int, col: int, offset: int = 0) -> Tensor:
    """The places (2, n) of a matrix on or below its diagonal ``offset``: rows, then columns.

    >>> tril_indices(2, 2).tolist()
    [[0, 1, 1], [0, 0, 1]]
    """
    return _make(np.stack(np.tril_indices(row, offset, col)), False)


@_maker
def triu_indices(row: int, col: int, offset: int = 0) -> Tensor:
    """The places (2, n) of a matrix on or above its diagonal ``offset``: rows, then columns.

    >>> triu_indices(2, 2).tolist()
    [[0, 0, 1], [0, 1, 1]]
    """
    return _make(np.stack(np.triu_indices(row, offset, col)), False)
