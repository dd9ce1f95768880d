"""linear and embedding: a product with a matrix W, and a look-up of its rows."""

from __future__ import annotations

import numpy as np

from ...autograd.operation import op
from ...autograd.tensor import Tensor, to_array
from ...errors import error
from ...kernels import KERNELS
from ..composed import function
from ..indexing import _add_at
from ..shape import expand_dims, squeeze


@op(types="same", kernel=KERNELS["linear"])
def _linear(X, W, b=None):
    """Y = X · Wᵀ + b, with W of shape (out, in)."""
    Y = X @ W.mT
    return Y if b is None else Y + b


@_linear.rule
def d_linear(dY, Y, X, W, b=None):
    dX = dY @ W
    dW = dY.mT @ X
    db = dY
    return dX, dW, db


@function
def linear(X, weight, bias=None):
    """Y = X · Wᵀ + b over the last axis of X. Shapes: X (..., in), weight (out, in), bias (out,), Y (..., out).

    Raises ValueError for shapes that do not fit each other.

    >>> linear(Tensor([[1.0, 2.0]]), Tensor([[3.0, 4.0]]), Tensor([0.5])).tolist()
    [[11.5]]
    """
    fits = X.ndim > 0 and weight.ndim == 2 and X.shape[-1] == weight.shape[1]
    if not fits or (bias is not None and tuple(bias.shape) != (weight.shape[0],)):
        raise error(
            ValueError,
            "linear",
            got={"X": X, "W": weight, **({} if bias is None else {"b": bias})},
            rule="X is (..., in), W (out, in), b (out,)",
            cure=_linear_cure(X, weight),
        )
    if X.ndim == 1:
        return squeeze(_linear(expand_dims(X, 0), weight, bias), 0)
    return _linear(X, weight, bias)


def _linear_cure(X, weight) -> str:
    if X.ndim > 0 and weight.ndim == 2 and X.shape[-1] not in weight.shape:
        return f"give X a last axis of {weight.shape[1]}, or make the layer with in_features={X.shape[-1]}"
    return "give W the shape (out_features, in_features), as in PyTorch: write W.T for the opposite order"


@op(kernel=KERNELS["embedding"])
def _embedding(ids, W, *, padding_idx: int | None):
    """Y = W[ids]: for each id the row of W with that number."""
    return W[ids]


@_embedding.rule
def d_embedding(dY, Y, ids, W, *, padding_idx):
    used = dY if padding_idx is None else np.where(expand_dims(ids != padding_idx, -1), dY, 0)
    dW = _add_at(used, index=ids, shape=W.shape)
    return None, dW


@function
def embedding(ids, weight, padding_idx: int | None = None):
    """The row of ``weight`` (n, d) for each id. Shapes: ids (...), result (..., d).

    The row ``padding_idx`` gets no gradient. Raises IndexError for an id outside 0 … n − 1, TypeError for floats.

    >>> embedding(tensor([1, 0]), Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[3.0, 4.0], [1.0, 2.0]]
    """
    ids = ids if isinstance(ids, Tensor) else Tensor(to_array(ids))  # a copy, which nobody writes to
    if weight.ndim != 2 or not (padding_idx is None or -weight.shape[0] <= padding_idx < weight.shape[0]):
        raise error(
            ValueError,
            "embedding",
            got={"W": weight, "padding_idx": padding_idx},
            rule="W has a row for each id, and padding_idx is one of them",
            cure="give W the shape (num_embeddings, embedding_dim), and a padding_idx below num_embeddings",
        )
    if ids.dtype.kind not in "iu":
        raise error(TypeError, "embedding", got={"ids": ids}, rule="ids are integers", cure="write ids.astype('int64')")
    return _embedding(ids, weight, padding_idx=None if padding_idx is None else padding_idx % weight.shape[0])
