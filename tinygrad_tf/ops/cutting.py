"""Cutting an array into a number of parts, or at places, as NumPy does. ``join`` has PyTorch's split, by sizes."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ..errors import error
from .composed import function
from .indexing import along, plain
from .join import length, pieces
from .shape import check_axis


@function
def array_split(X, indices_or_sections, axis: int = 0) -> list[Any]:
    """X cut along ``axis`` into that many parts, the first of which may be larger by one, or at the listed places.

    It is PyTorch's ``tensor_split``. Raises ValueError for less than one part, TypeError for one and a half.

    >>> [part.tolist() for part in array_split(Tensor([1.0, 2.0, 3.0]), 2)]
    [[1.0, 2.0], [3.0]]
    >>> [part.tolist() for part in array_split(Tensor([1.0, 2.0, 3.0]), [1])]
    [[1.0], [2.0, 3.0]]
    """
    n, places = length("array_split", X, axis), np.asarray(plain(indices_or_sections))
    if places.ndim == 0:
        k = _number_of_parts("array_split", X, places)
        return pieces(X, [n // k + (i < n % k) for i in range(k)], axis)
    edges = itertools.pairwise([0, *places.tolist(), n])
    return [along(X, check_axis("array_split", X, axis), slice(start, end)) for start, end in edges]


def _number_of_parts(name: str, X, sections: np.ndarray[Any, Any]) -> int:
    number = sections.dtype.kind in "iu"
    if not number or sections < 1:
        raise error(
            ValueError if number else TypeError,
            name,
            got={"X": X, "sections": sections.item()},
            rule="there is at least one part, and their number is an integer",
            cure="write sections=1 or more, or a list of places",
        )
    return int(sections)


def equal_parts(name: str, X, indices_or_sections, axis: int) -> list[Any]:
    """:func:`array_split` into parts of one size. Raises ValueError where their number does not divide the axis."""
    n, places = length(name, X, axis), np.asarray(plain(indices_or_sections))
    if places.ndim == 0 and n % _number_of_parts(name, X, places):
        raise error(
            ValueError,
            name,
            got={"X": X, "sections": int(places)},
            rule=f"the parts are equal: their number divides the axis, {n}",
            cure="write array_split for parts that differ by one",
        )
    return array_split(X, places, axis)


def _along(name: str, X, indices_or_sections, axis: int, ndim: int) -> list[Any]:
    if X.ndim < ndim:
        raise error(
            ValueError,
            name,
            got={"X": X},
            rule=f"X has {ndim} or more axes",
            cure="write array_split(x, …, axis=-1) to cut along the last axis",
        )
    return equal_parts(name, X, indices_or_sections, axis)


@function
def vsplit(X, indices_or_sections) -> list[Any]:
    """X cut along axis 0 into that many equal parts, or at the listed places: what ``vstack`` puts together.

    Raises ValueError for a vector and for a number of parts that does not divide the axis.

    >>> [part.tolist() for part in vsplit(Tensor([[1.0, 2.0], [3.0, 4.0]]), 2)]
    [[[1.0, 2.0]], [[3.0, 4.0]]]
    """
    return _along("vsplit", X, indices_or_sections, 0, 2)


@function
def hsplit(X, indices_or_sections) -> list[Any]:
    """X cut along axis 1, a vector along its only axis, into that many equal parts, or at the listed places.

    Raises ValueError for a number of parts that does not divide the axis.

    >>> [part.tolist() for part in hsplit(Tensor([[1.0, 2.0], [3.0, 4.0]]), 2)]
    [[[1.0], [3.0]], [[2.0], [4.0]]]
    """
    return _along("hsplit", X, indices_or_sections, 0 if X.ndim == 1 else 1, 1)


@function
def dsplit(X, indices_or_sections) -> list[Any]:
    """X cut along axis 2 into that many equal parts, or at the listed places.

    Raises ValueError for fewer than three axes and for a number of parts that does not divide the axis.

    >>> [part.tolist() for part in dsplit(Tensor([[[1.0, 2.0]]]), 2)]
    [[[[1.0]]], [[[2.0]]]]
    """
    return _along("dsplit", X, indices_or_sections, 2, 3)
