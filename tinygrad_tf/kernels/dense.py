"""linear and embedding: one matrix product, or one gather, over all positions of a batch at once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import error
from ..products import threads_for
from ..sums import column_sums, run_sums

Floats = np.ndarray[Any, Any]
Needs = tuple[bool, ...]


def linear(X: Floats, W: Floats, b: Floats | None = None) -> tuple[Floats, None]:
    rows = _rows(X)  # one product over all rows; NumPy would run one per batch entry
    with threads_for(len(rows), *W.shape):
        Y = rows @ W.T
    if b is not None:
        Y += b
    return Y.reshape(*X.shape[:-1], W.shape[0]), None


def d_linear(
    dY: Floats, Y: Floats, saved: None, needs: Needs, X: Floats, W: Floats, b: Floats | None = None
) -> tuple[Floats | None, ...]:
    drows = _rows(dY)
    with threads_for(len(drows), *W.shape):
        dX = (drows @ W).reshape(X.shape) if needs[0] else None
        dW = drows.T @ _rows(X) if needs[1] else None
    db = column_sums(drows) if needs[2:] == (True,) else None
    return dX, dW, db


def _rows(X: Floats) -> Floats:
    return X.reshape(math.prod(X.shape[:-1]), X.shape[-1])  # not -1, which cannot be computed if X has no entries


def embedding(ids: Floats, W: Floats, *, padding_idx: int | None) -> tuple[Floats, None]:
    n = len(W)
    if ids.size and (ids.min() < 0 or ids.max() >= n):
        raise error(
            IndexError,
            "embedding",
            got={"ids": ids, "W": W, "the id": int(ids[(ids < 0) | (ids >= n)][0])},
            rule=f"ids lie in 0 … {n - 1}",
            cure="make num_embeddings larger, or encode with the vocabulary that the table was made for",
        )
    return W[ids], None


def d_embedding(
    dY: Floats, Y: Floats, saved: None, needs: Needs, ids: Floats, W: Floats, *, padding_idx: int | None
) -> tuple[Floats | None, ...]:
    dW = np.zeros(W.shape, dY.dtype)
    flat = ids.reshape(-1)
    if flat.size:  # rows of equal ids side by side, then one sum per run; np.add.at would add entry by entry
        order = np.argsort(flat, kind="stable")
        ordered = flat[order]
        starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
        dW[ordered[starts]] = run_sums(dY.reshape(-1, W.shape[1])[order], starts)
    if padding_idx is not None:
        dW[padding_idx] = 0
    return None, dW
