"""Choices between two values, entry by entry: the larger, the smaller, or what a condition says."""

from __future__ import annotations

import numpy as np

from ..autograd.operation import op
from ..autograd.tensor import Tensor
from ..errors import error
from ..kernels.keep import kept
from .arithmetic import BROADCAST
from .composed import function
from .conversion import copy


@op(types="same", expects=BROADCAST)
def maximum(X, W):
    """Y = the larger of X and W. Where they are equal, each gets half of the gradient.

    >>> maximum(Tensor([1.0, 5.0]), 3.0).tolist()
    [3.0, 5.0]
    """
    return np.maximum(X, W)


@maximum.rule
def d_maximum(dY, Y, X, W):
    shared = np.where(X == W, dY / 2, dY)
    dX = np.where(X < W, 0, shared)
    dW = np.where(W < X, 0, shared)
    return dX, dW


@op(types="same", expects=BROADCAST)
def minimum(X, W):
    """Y = the smaller of X and W. Where they are equal, each gets half of the gradient.

    >>> minimum(Tensor([1.0, 5.0]), 3.0).tolist()
    [1.0, 3.0]
    """
    return np.minimum(X, W)


@minimum.rule
def d_minimum(dY, Y, X, W):
    shared = np.where(X == W, dY / 2, dY)
    dX = np.where(X > W, 0, shared)
    dW = np.where(W > X, 0, shared)
    return dX, dW


@function
def fmax(X, W):
    """Y = the larger of X and W, and where one of them is NaN, the other. Where they are equal X has the gradient.

    >>> fmax(Tensor([1.0, float("nan")]), 3.0).tolist()
    [3.0, 3.0]
    """
    return _where((X >= W) | (W != W), X, W)


@function
def fmin(X, W):
    """Y = the smaller of X and W, and where one of them is NaN, the other. Where they are equal X has the gradient.

    >>> fmin(Tensor([5.0, float("nan")]), 3.0).tolist()
    [3.0, 3.0]
    """
    return _where((X <= W) | (W != W), X, W)


@op(types="same", keeps=1, expects=BROADCAST)
def _where(C, X, W):
    """Y = X where the condition C is true, W elsewhere.

    >>> _where(Tensor([True, False]), Tensor([1.0, 2.0]), 0.0).tolist()
    [1.0, 0.0]
    """
    return np.where(C, X, W)


@_where.rule
def d_where(dY, Y, C, X, W):
    dX = only(dY, C)
    dW = only(dY, np.logical_not(C))
    return None, dX, dW


def only(X, C):
    """X where the condition C is true, 0 elsewhere."""
    if type(X) is np.ndarray and type(C) is np.ndarray and C.dtype.kind == "b":
        return kept(X, C)
    return np.where(C, X, 0)


def places(condition) -> tuple[Tensor, ...]:
    """The places where a condition is true: their indices along each axis."""
    return tuple(Tensor.wrap(place) for place in np.nonzero(np.atleast_1d(np.asarray(condition))))


@function
def where(condition, X=None, W=None):
    """X where ``condition`` is true, W elsewhere. Without X and W: the indices along each axis where it is true.

    >>> where(Tensor([True, False]), Tensor([1.0, 2.0]), 0.0).tolist()
    [1.0, 0.0]
    """
    if X is None and W is None:
        return places(condition)
    return _where(condition, X, W)


@function
def clip(X, min=None, max=None):
    """X cut to ``min`` … ``max``, which are numbers or arrays; PyTorch's ``clamp``.

    The gradient passes where X lies within the bounds. A bound that is a Tensor gets the gradient where it is taken.
    Raises RuntimeError without any bound.

    >>> clip(Tensor([-3.0, 0.5, 3.0]), -1.0, 1.0).tolist()
    [-1.0, 0.5, 1.0]
    """
    if min is None and max is None:
        raise error(
            RuntimeError,
            "clip",
            got={"X": X, "min": None, "max": None},
            rule="there is at least one bound",
            cure="write clip(x, min=0) or clip(x, 0, 1)",
        )
    X = X if min is None else _where(min > X, min, X)
    return X if max is None else _where(max < X, max, X)


@function
def masked_fill(X, mask, value):
    """X with ``value`` in every entry where ``mask`` is true.

    >>> masked_fill(Tensor([1.0, 2.0]), [True, False], 0.0).tolist()
    [0.0, 2.0]
    """
    return _where(mask, value, X)


@function
def nan_to_num(X, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None):
    """X with ``nan`` in place of NaN, ``posinf`` in place of ∞ and ``neginf`` in place of −∞.

    By default ∞ and −∞ become the largest and the smallest float of X's type.

    >>> nan_to_num(Tensor([float("nan"), float("inf"), 1.0]), posinf=9.0).tolist()
    [0.0, 9.0, 1.0]
    """
    if X.dtype.kind != "f":
        return copy(X)
    most = float(np.finfo(X.dtype).max)
    X = _where(np.isinf(X) & (X > 0), most if posinf is None else posinf, _where(np.isnan(X), nan, X))
    return _where(np.isinf(X) & (X < 0), -most if neginf is None else neginf, X)
