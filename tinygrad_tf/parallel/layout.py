"""Where each parameter lies in the flat arrays, in which bucket its gradient travels, and who owns which part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd.tensor import Tensor

_ALIGN = 16  # entries; a parameter begins on a cache line of its own, as NumPy's kernels like it


@dataclass
class Place:
    """One parameter's stretch ``start … stop`` of the flat arrays; ``index`` is its number in the optimiser."""

    p: Tensor
    index: int
    group: dict[str, Any]
    start: int
    stop: int
    bucket: int


@dataclass
class Piece:
    """The stretch of a parameter that one owner updates, and the optimiser's state of that stretch."""

    place: Place
    start: int
    stop: int
    state: dict[str, Any]


class Layout:
    """Parameters one after the other, the last first, which is about the order in which a backward pass reaches them.

    Args:
        params: each parameter with its number in the optimiser and its group there.
        owners: the number of owners that each bucket is cut up for.
        n_bucket: the size at which a bucket is full, in entries.
        whole: whether parameters are not cut, so that an owner has all of one or nothing.
    """

    def __init__(
        self, params: Sequence[tuple[int, Tensor, dict[str, Any]]], owners: int, n_bucket: int, whole: bool
    ) -> None:
        self.places: list[Place] = []
        self.buckets: list[tuple[int, int]] = []
        start = end = 0
        for index, p, group in sorted(params, key=lambda item: -item[1].number):  # newest first
            self.places.append(Place(p, index, group, end, end + p.array.size, len(self.buckets)))
            end += -(-p.array.size // _ALIGN) * _ALIGN
            if end - start >= n_bucket:
                self.buckets.append((start, end))
                start = end
        if end > start:
            self.buckets.append((start, end))
        self.size = end
        edges = np.array([place.start for place in self.places] + [end])
        self.cuts = [self._cut(a, b, owners, edges if whole else None) for a, b in self.buckets]

    @staticmethod
    def _cut(start: int, stop: int, owners: int, edges: Any) -> list[int]:
        """Where one owner's part of a bucket ends and the next one's begins, only at ``edges`` if these are given."""
        cuts = [start + (stop - start) * i // owners // _ALIGN * _ALIGN for i in range(owners)] + [stop]
        if edges is not None:
            inside = edges[(edges >= start) & (edges <= stop)]
            cuts = [start, *[int(inside[np.abs(inside - cut).argmin()]) for cut in cuts[1:-1]], stop]
        return cuts

    def pieces(self, owner: int) -> list[list[Piece]]:
        """For each bucket, what ``owner`` updates."""
        found = []
        for b, cuts in enumerate(self.cuts):
            start, stop = cuts[owner], cuts[owner + 1]
            mine = [place for place in self.places if place.bucket == b and place.start < stop and place.stop > start]
            found.append([Piece(p, max(p.start, start), min(p.stop, stop), {}) for p in mine])
        return found
