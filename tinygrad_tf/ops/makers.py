"""New Tensors: constants, ranges and random numbers, under the names that NumPy and PyTorch share."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ..arguments import FAILURES, misfit
from ..autograd.tensor import Tensor, to_array
from ..fields import check_number, wrong_sizes
from ..random import generator_of
from .conversion import as_dtype, check_device

_FLOAT = np.dtype(np.float32)
F = TypeVar("F", bound=Callable[..., Tensor])


def _maker(make: F) -> F:
    """Decorator: the function takes PyTorch's ``device``, which is the CPU, and its sizes also as ``size=``."""
    many = bool(make.__code__.co_flags & 0x04)  # whether it takes *size

    @functools.wraps(make)
    def call(*args, device=None, **params) -> Tensor:
        check_device(make.__name__, device)
        if "dtype" in params and params["dtype"] is not None:
            params["dtype"] = as_dtype(make.__name__, params["dtype"])
        args = (params.pop("size"),) if many and "size" in params else args
        try:
            return make(*args, **params)
        except FAILURES as problem:
            wrong = (
                wrong_sizes(make.__name__, _shape(args)) if many and type(problem) in (TypeError, ValueError) else None
            )
            wrong = wrong or misfit(problem, make.__name__, inspect.signature(make), args, params)
            if wrong is None:
                raise
        raise wrong

    return call  # type: ignore[return-value]


def _shape(sizes: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)) else sizes


def _make(array, requires_grad: bool, dtype=None) -> Tensor:
    return Tensor.wrap(np.asarray(array, dtype)).requires_grad_(requires_grad)


@_maker
def tensor(data, dtype=None, requires_grad: bool = False) -> Tensor:
    """A Tensor of ``data``, in which integers stay integers. A Tensor of one entry in a list counts as a number.

    >>> tensor([1, 2]).dtype
    dtype('int64')
    >>> tensor([tensor([0.5]), 2.0]).shape
    (2,)
    """
    return Tensor(to_array(_numbers(data), dtype), requires_grad)


def _numbers(data):
    if isinstance(data, (list, tuple)):
        return [x.reshape(()) if isinstance(x, Tensor) and x.size == 1 else _numbers(x) for x in data]
    return data


@_maker
def as_tensor(data, dtype=None) -> Tensor:
    """``data`` itself if it is a Tensor of that dtype, otherwise a Tensor made of it.

    >>> t = tensor([1.0])
    >>> as_tensor(t) is t
    True
    """
    if isinstance(data, Tensor) and (dtype is None or data.dtype == dtype):
        return data
    return data.astype(dtype) if isinstance(data, Tensor) else Tensor(to_array(data, dtype))


def from_numpy(array: np.ndarray[Any, Any]) -> Tensor:
    """A Tensor around ``array`` itself: what is written to the one is seen in the other.

    >>> array = np.zeros(2)
    >>> t = from_numpy(array)
    >>> array[0] = 5
    >>> t.tolist()
    [5.0, 0.0]
    """
    return Tensor.wrap(to_array(array))


@_maker
def zeros(*size, dtype=_FLOAT, requires_grad: bool = False) -> Tensor:
    """Zeros of the given size, ``zeros(2, 3)`` or ``zeros((2, 3))``.

    >>> zeros(2).tolist()
    [0.0, 0.0]
    """
    return _make(np.zeros(_shape(size), dtype), requires_grad)


@_maker
def ones(*size, dtype=_FLOAT, requires_grad: bool = False) -> Tensor:
    """Ones of the given size, ``ones(2, 3)`` or ``ones((2, 3))``.

    >>> ones(2).tolist()
    [1.0, 1.0]
    """
    return _make(np.ones(_shape(size), dtype), requires_grad)


@_maker
def empty(*size, dtype=_FLOAT, requires_grad: bool = False) -> Tensor:
    """Zeros, under the name of PyTorch's Tensor that is not yet filled: nobody reads what was there before.

    >>> empty(2).tolist()
    [0.0, 0.0]
    """
    return zeros(*size, dtype=dtype, requires_grad=requires_grad)


@_maker
def full(size, fill_value, dtype=None, requires_grad: bool = False) -> Tensor:
    """A Tensor whose entries are all ``fill_value``, in the type of that.

    >>> full((2,), 7).tolist()
    [7, 7]
    """
    value = to_array(fill_value, dtype)
    return _make(np.full(size, value, value.dtype), requires_grad)


@_maker
def eye(n: int, m: int | None = None, dtype=_FLOAT, requires_grad: bool = False) -> Tensor:
    """1 on the diagonal, 0 elsewhere. The shape is (n, m), or (n, n) without m.

    >>> eye(2).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    return _make(np.eye(n, m, dtype=dtype), requires_grad)


def _check_numbers(op: str, **given: Any) -> None:
    for name, x in given.items():
        check_number(op, name, x.item() if getattr(x, "size", None) == 1 else x)


@_maker
def arange(start=0, end=None, step=1, dtype=None, requires_grad: bool = False) -> Tensor:
    """The numbers start, start + step, … below end. Integers give integers, floats give float32.

    >>> arange(1, 4).tolist()
    [1, 2, 3]
    >>> arange(3).tolist()
    [0, 1, 2]
    """
    _check_numbers("arange", start=start, end=0 if end is None else end, step=step)
    values: Any = np.arange(start, step=step) if end is None else np.arange(start, end, step)
    return _make(values, requires_grad, _FLOAT if dtype is None and values.dtype.kind == "f" else dtype)


@_maker
def linspace(start: float, end: float, steps: int = 50, dtype=_FLOAT, requires_grad: bool = False) -> Tensor:
    """``steps`` numbers at equal distances from start to end, both included.

    >>> linspace(0, 1, 3).tolist()
    [0.0, 0.5, 1.0]
    """
    _check_numbers("linspace", start=start, end=end)
    return _make(np.linspace(start, end, steps), requires_grad, dtype)


@_maker
def zeros_like(t, dtype=None, requires_grad: bool = False) -> Tensor:
    """Zeros in the shape and type of ``t``.

    >>> zeros_like(tensor([1, 2])).tolist()
    [0, 0]
    """
    return _make(np.zeros(t.shape, t.dtype if dtype is None else dtype), requires_grad)


@_maker
def ones_like(t, dtype=None, requires_grad: bool = False) -> Tensor:
    """Ones in the shape and type of ``t``.

    >>> ones_like(tensor([3, 4])).tolist()
    [1, 1]
    """
    return _make(np.ones(t.shape, t.dtype if dtype is None else dtype), requires_grad)


@_maker
def full_like(t, fill_value, dtype=None, requires_grad: bool = False) -> Tensor:
    """A Tensor in the shape and type of ``t`` whose entries are all ``fill_value``.

    >>> full_like(tensor([1, 2]), 7).tolist()
    [7, 7]
    """
    return _make(np.full(t.shape, fill_value, t.dtype if dtype is None else dtype), requires_grad)


@_maker
def empty_like(t, dtype=None, requires_grad: bool = False) -> Tensor:
    """Zeros in the shape and type of ``t``, as :func:`empty` gives them.

    >>> empty_like(tensor([1, 2])).tolist()
    [0, 0]
    """
    return zeros_like(t, dtype, requires_grad)


@_maker
def rand(*size, dtype=_FLOAT, requires_grad: bool = False, generator=None) -> Tensor:
    """Numbers uniform on [0, 1), drawn from the package's generator (see ``manual_seed``).

    >>> rand(2, 3).shape
    (2, 3)
    """
    return _make(generator_of(generator).random(_shape(size), np.float64), requires_grad, dtype)


@_maker
def randn(*size, dtype=_FLOAT, requires_grad: bool = False, generator=None) -> Tensor:
    """Numbers from the normal distribution with mean 0 and variance 1.

    >>> randn(2, 3).shape
    (2, 3)
    """
    return _make(generator_of(generator).standard_normal(_shape(size)), requires_grad, dtype)


@_maker
def uniform(low: float = 0.0, high: float = 1.0, size=(), dtype=_FLOAT, generator=None) -> Tensor:
    """Numbers uniform on [low, high), of the shape ``size``.

    >>> uniform(2, 3, (4,)).shape
    (4,)
    """
    return _make(generator_of(generator).uniform(low, high, size), False, dtype)


@_maker
def normal(mean=0.0, std=1.0, size=None, dtype=None, generator=None) -> Tensor:
    """Numbers from the normal distribution with the given mean and standard deviation, of the shape ``size``.

    Mean and deviation may be Tensors that broadcast: then each entry has its own, and there is no size.

    >>> normal(0.0, 2.0, (4,)).shape
    (4,)
    """
    given = [x.dtype for x in (mean, std) if isinstance(x, Tensor)]
    mean, std = (x.array if isinstance(x, Tensor) else x for x in (mean, std))
    dtype = dtype or (np.result_type(*given) if given else _FLOAT)
    return _make(generator_of(generator).normal(mean, std, size), False, dtype)


@_maker
def randint(low: int, high=None, size=None, dtype=np.int64, generator=None) -> Tensor:
    """Integers drawn from low … high − 1; with one bound, from 0 … bound − 1. The shape is ``size``.

    >>> bool((randint(3, size=(5,)) < 3).all())
    True
    """
    if size is None and isinstance(high, (tuple, list)):  # randint(bound, size)
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    return _make(generator_of(generator).integers(low, high, () if size is None else size), False, dtype)


@_maker
def randperm(n: int, dtype=np.int64, generator=None) -> Tensor:
    """The integers 0 … n − 1 in a random order.

    >>> sorted(randperm(3).tolist())
    [0, 1, 2]
    """
    return _make(generator_of(generator).permutation(n), False, dtype)


@_maker
def rand_like(t, dtype=None, requires_grad: bool = False, generator=None) -> Tensor:
    """Numbers uniform on [0, 1), in the shape and type of ``t``.

    >>> rand_like(tensor([[1.0, 2.0]])).shape
    (1, 2)
    """
    dtype = t.dtype if dtype is None else dtype
    return rand(tuple(t.shape), dtype=dtype, requires_grad=requires_grad, generator=generator)


@_maker
def randn_like(t, dtype=None, requires_grad: bool = False, generator=None) -> Tensor:
    """Numbers from the normal distribution with mean 0 and variance 1, in the shape and type of ``t``.

    >>> randn_like(tensor([[1.0, 2.0]])).shape
    (1, 2)
    """
    dtype = t.dtype if dtype is None else dtype
    return randn(tuple(t.shape), dtype=dtype, requires_grad=requires_grad, generator=generator)


def is_tensor(thing) -> bool:
    """Whether ``thing`` is a Tensor.

    >>> is_tensor([1.0]), is_tensor(tensor([1.0]))
    (False, True)
    """
    return isinstance(thing, Tensor)


@_maker
def tril_indices(row: int, col: int, offset: int = 0) -> Tensor:
    """The row and the column indices (2, n) of what lies on or below diagonal ``offset`` of a matrix (row, col).

    >>> tril_indices(2, 2).tolist()
    [[0, 1, 1], [0, 0, 1]]
    """
    return _make(np.stack(np.tril_indices(row, offset, col)), False)


@_maker
def triu_indices(row: int, col: int, offset: int = 0) -> Tensor:
    """The row and the column indices (2, n) of what lies on or above diagonal ``offset`` of a matrix (row, col).

    >>> triu_indices(2, 2).tolist()
    [[0, 0, 1], [0, 1, 1]]
    """
    return _make(np.stack(np.triu_indices(row, offset, col)), False)
