"""Counting entries. The results are integers or booleans, which have no gradient."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..errors import error
from .composed import function
from .indexing import like, plain
from .reduction import sum


class Histogram(NamedTuple):
    """Counts, or densities, and the limits of the ranges that they are of: one more."""

    hist: Any
    bin_edges: Any


@function
def count_nonzero(X, axis=None):
    """The number of entries over ``axis`` that are not 0.

    >>> count_nonzero(Tensor([[0.0, 5.0], [1.0, 2.0]]), axis=1).tolist()
    [1, 2]
    """
    return sum(X != 0, axis=axis)


@function
def bincount(X, weights=None, minlength: int = 0):
    """How often each of 0, 1, 2, … occurs in a vector of integers. The result has at least ``minlength`` entries.

    With ``weights`` (n,) each occurrence counts as its weight. Raises RuntimeError for floats and negative numbers.

    >>> bincount(tensor([1, 3, 1])).tolist()
    [0, 2, 0, 1]
    """
    ids = np.asarray(plain(X))
    if ids.ndim != 1 or ids.dtype.kind not in "iu" or (ids.size and ids.min() < 0):
        raise error(
            RuntimeError,
            "bincount",
            got={"X": ids},
            rule="X is a vector of integers from 0 on",
            cure="write ids.flatten().long()",
        )
    weights = None if weights is None else np.asarray(plain(weights))
    made = np.bincount(ids.astype(np.int64), weights, minlength)
    return like(X, made.astype(np.float32) if weights is not None and weights.dtype == np.float32 else made)


@function
def histogram(X, bins=100, *, range: tuple[float, float] | None = None, weight=None, density: bool = False):
    """How many entries of X lie in each of ``bins`` equal parts of ``range``, or between the limits in ``bins``.

    Without a range it is that of X. With ``weight`` an entry counts as its weight; with ``density`` the counts are
    divided so that the area is 1. Returns ``hist`` and ``bin_edges``, in the type of X. Raises RuntimeError for
    integers and for bins that are not in order.

    >>> hist, edges = histogram(Tensor([0.0, 1.0, 1.0, 4.0]), bins=2)
    >>> hist.tolist(), edges.tolist()
    ([3.0, 1.0], [0.0, 2.0, 4.0])
    """
    x, limits = np.asarray(plain(X)), bins if isinstance(bins, int) else np.asarray(plain(bins))
    weights = None if weight is None else np.asarray(plain(weight)).ravel()
    in_order = limits > 0 if isinstance(limits, int) else limits.ndim == 1 and bool((np.diff(limits) >= 0).all())
    if x.dtype.kind != "f" or not in_order:
        raise error(
            RuntimeError,
            "histogram",
            got={"X": x, "bins": bins},
            rule="X has floats, and bins is a number from 1 on or a vector of limits in order",
            cure="write x.float(), and bins.sort().values",
        )
    hist, edges = np.histogram(x.ravel(), limits, range, density=density, weights=weights)
    return Histogram(like(X, hist.astype(x.dtype)), like(X, edges.astype(x.dtype)))


@function
def unique(X, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None):
    """The different entries of X in ascending order, or its different slices along ``dim``.

    ``return_inverse`` adds where each entry of X stands among them, ``return_counts`` how often each occurs.

    >>> unique(tensor([3, 1, 3])).tolist()
    [1, 3]
    >>> [t.tolist() for t in unique(tensor([3, 1, 3]), return_inverse=True, return_counts=True)]
    [[1, 3], [1, 0, 1], [1, 2]]
    """
    values = np.asarray(plain(X))
    found, inverse, counts = np.unique(values, return_inverse=True, return_counts=True, axis=dim, equal_nan=False)
    inverse = inverse.reshape(values.shape if dim is None else -1)
    wanted = (found, *[inverse] * return_inverse, *[counts] * return_counts)
    made = tuple(like(X, array) for array in wanted)
    return made if len(made) > 1 else made[0]


@function
def isin(elements, test_elements, invert: bool = False):
    """Whether each entry occurs in ``test_elements``; with ``invert`` whether it does not.

    >>> isin(tensor([1, 2, 3]), tensor([3, 1])).tolist()
    [True, False, True]
    """
    return like(elements, np.isin(plain(elements), plain(test_elements), invert=invert))
