"""Flat: the parameters of one dtype, one after the other, in memory that the ranks of a machine share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.tensor import Tensor
from .layout import Layout, Piece, Place
from .memory import Array, Node

#: A bucket's least size in bytes, and the number of buckets that a large model is cut into at most.
BUCKET, MOST_BUCKETS = 1 << 20, 32


class Flat:
    """One array of parameters for all ranks of a machine, and one of gradients for each.

    Attributes:
        layout: which parameter lies where.
        parameters: the values, one array for the machine.
        gradients: each rank's gradients, this rank's in ``own``. Those of float16 are float32: a sum over many tokens
            would exceed 65,504, and MPI does not know float16.
        sums: the gradients' sums over this machine; only the parts of this lane are ever written.
        total: their sums over all ranks; only this rank's pieces are.
        pieces: for each bucket, what this rank updates.
    """

    def __init__(
        self, node: Node, params: Sequence[tuple[int, Tensor, dict[str, Any]]], dtype: np.dtype[Any], whole: bool
    ) -> None:
        n_bytes = sum(p.array.nbytes for _, p, _ in params)
        n_bucket = max(BUCKET, n_bytes // MOST_BUCKETS) // dtype.itemsize
        self.layout = Layout(params, node.lanes * node.n_nodes, n_bucket, whole)
        n, summed = self.layout.size, np.promote_types(dtype, np.float32)
        self.parameters: Array = node.arrays(n, dtype, only_first=True)[0]
        self.gradients: list[Array] = node.arrays(n, summed)
        self.own = self.gradients[node.rank]
        self.sums: Array = np.empty(n, summed)
        self.total: Array = self.sums if node.n_nodes == 1 else np.empty_like(self.sums)
        self.own[:] = 0
        self.pieces: list[list[Piece]] = [[] for _ in self.layout.buckets]
        if node.owner is not None:
            self.pieces = self.layout.pieces(node.owner)

    def value(self, piece: Piece) -> Array:
        """The entries of a piece, to be changed."""
        return _shaped(piece, self.parameters[piece.start : piece.stop])

    def gradient(self, piece: Piece, factor: float) -> Array:
        """A piece's gradient times ``factor``, which stays multiplied, in the parameter's own type."""
        g = self.total[piece.start : piece.stop]
        g *= g.dtype.type(factor)
        return _shaped(piece, g.astype(self.parameters.dtype, copy=False))

    def state(self, piece: Piece, whole: Array) -> Array:
        """A piece's part of an array of the optimiser's state that has the parameter's shape."""
        part = slice(piece.start - piece.place.start, piece.stop - piece.place.start)
        return _shaped(piece, whole.reshape(-1)[part].copy())

    def view(self, place: Place, array: Array) -> Array:
        """One parameter's stretch of ``array``, in its shape."""
        return array[place.start : place.stop].reshape(place.p.shape)


def _shaped(piece: Piece, flat: Array) -> Array:
    """A whole parameter in its shape, a part of one as a line."""
    return flat.reshape(piece.place.p.shape) if flat.size == piece.place.p.array.size else flat
