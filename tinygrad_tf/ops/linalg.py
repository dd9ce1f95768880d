"""Products of matrices and vectors."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.operation import op
from ..errors import error
from .arithmetic import multiply
from .composed import function, in_float32
from .join import of_list
from .shape import check_axes, check_axis, expand_dims, moveaxis, permute, reshape, squeeze


@op(types="same", expects=(
    "the last axis of X must equal the second to last of W, and the axes before them must broadcast",
    "transpose one of them, e.g. X @ W.mT",
))  # fmt: skip
def _matmul(X, W):
    """Y = X · W over the last two axes; the axes before them are a batch."""
    return X @ W


@_matmul.rule
def d_matmul(dY, Y, X, W):
    dX = dY @ W.mT
    dW = X.mT @ dY
    return dX, dW


def _both(X, W) -> list[Any]:
    return [of_list(X), of_list(W)]


@function
def matmul(X, W):
    """Y = X · W, rows of X times columns of W. Shapes: X (..., n, k), W (..., k, m), Y (..., n, m).

    The axes before the last two are a batch, and broadcast. A Tensor with one axis counts as a row on the left and as a
    column on the right, and that axis is dropped again. Raises ValueError if the two k differ.

    >>> matmul(Tensor([[1.0, 2.0]]), Tensor([[3.0], [4.0]])).tolist()
    [[11.0]]
    """
    X, W = _both(X, W)
    x_ndim, w_ndim = X.ndim, W.ndim
    if x_ndim > 1 and w_ndim > 1:
        return _matmul(X, W)
    if x_ndim == 0 or w_ndim == 0:
        raise error(
            ValueError,
            "matmul",
            got={"X": X, "W": W},
            rule="both have at least one axis",
            cure="write X * W to scale by a number",
        )
    if X.shape[-1] != W.shape[-2 if w_ndim > 1 else 0]:
        raise error(
            ValueError,
            "matmul",
            got={"X": X, "W": W},
            rule="the last axis of X must equal the second to last of W, or the only one",
            cure="give a vector as long as that axis, or write X[:, None] * W for all products of two vectors",
        )
    Y = _matmul(expand_dims(X, 0) if x_ndim == 1 else X, expand_dims(W, 1) if w_ndim == 1 else W)
    return squeeze(Y, tuple([-2] * (x_ndim == 1) + [-1] * (w_ndim == 1)))


@function
def dot(X, W):
    """The sum of products over the last axis of X and the second to last (or only) axis of W, as in NumPy.

    >>> dot(Tensor([1.0, 2.0]), Tensor([3.0, 4.0])).item()
    11.0
    """
    X, W = _both(X, W)
    if X.ndim == 0 or W.ndim == 0:
        return multiply(X, W)
    if W.ndim < 3:
        return matmul(X, W)
    columns = moveaxis(W, -2, 0)
    rest = columns.shape[1:]
    return reshape(matmul(X, reshape(columns, (columns.shape[0], -1))), (*X.shape[:-1], *rest))


@function
def inner(X, W):
    """The sum of products over the last axis of both. Shapes: X (..., k), W (..., k), Y (those of X, those of W).

    >>> inner(Tensor([[1.0, 2.0]]), Tensor([[3.0, 4.0], [5.0, 6.0]])).tolist()
    [[11.0, 17.0]]
    """
    X, W = _both(X, W)
    return multiply(X, W) if X.ndim == 0 or W.ndim == 0 else tensordot(X, W, axes=(-1, -1))


@function
def outer(X, W):
    """Y[i, j] = X[i] · W[j]. X and W are flattened first.

    >>> outer(Tensor([1.0, 2.0]), Tensor([3.0, 4.0])).tolist()
    [[3.0, 4.0], [6.0, 8.0]]
    """
    X, W = _both(X, W)
    return multiply(reshape(X, (-1, 1)), reshape(W, (1, -1)))


@function
def tensordot(X, W, dims=2, axes=None):
    """The sum of products over the last ``dims`` axes of X and the first ``dims`` of W.

    Two lists in place of the number, also as ``axes``, name the axes of X and those of W; two numbers, one of each.

    >>> tensordot(Tensor([[1.0, 2.0]]), Tensor([[3.0], [4.0]]), dims=1).tolist()
    [[11.0]]
    """
    X, W = _both(X, W)
    dims = dims if axes is None else axes
    x_axes, w_axes = (range(X.ndim - dims, X.ndim), range(dims)) if isinstance(dims, int) else dims
    x_axes, w_axes = check_axes("tensordot", X, _listed(x_axes)), check_axes("tensordot", W, _listed(w_axes))
    x_rest = [i for i in range(X.ndim) if i not in x_axes]
    w_rest = [i for i in range(W.ndim) if i not in w_axes]
    (x_left, x_summed), (w_summed, w_left) = [
        [tuple(M.shape[i] for i in axes) for axes in both] for M, *both in ((X, x_rest, x_axes), (W, w_axes, w_rest))
    ]
    rows = reshape(permute(X, (*x_rest, *x_axes)), (math.prod(x_left), math.prod(x_summed)))
    columns = reshape(permute(W, (*w_axes, *w_rest)), (math.prod(w_summed), math.prod(w_left)))
    return reshape(matmul(rows, columns), x_left + w_left)


def _listed(axes) -> list[int]:
    return [axes] if isinstance(axes, int) else list(axes)


@function
def kron(X, W):
    """The Kronecker product: each entry of X, multiplied by the whole of W.

    Shapes: X (n, …), W (m, …), Y (n · m, …); of fewer axes the first are of size 1.

    >>> kron(Tensor([1.0, 10.0]), Tensor([1.0, 2.0, 3.0])).tolist()
    [1.0, 2.0, 3.0, 10.0, 20.0, 30.0]
    """
    X, W = _both(X, W)
    ndim = max(X.ndim, W.ndim)
    rows, columns = ((1,) * (ndim - M.ndim) + tuple(M.shape) for M in (X, W))
    spread = reshape(X, tuple(size for n in rows for size in (n, 1)))  # (n0, 1, n1, 1, …)
    within = reshape(W, tuple(size for n in columns for size in (1, n)))  # (1, m0, 1, m1, …)
    return reshape(spread * within, tuple(n * m for n, m in zip(rows, columns, strict=True)))


@function
@in_float32
def cross(X, W, axis: int = -1):
    """The cross product of vectors of three entries along ``axis``: orthogonal to both. The other axes broadcast.

    Y[i] = X[i + 1] · W[i + 2] − X[i + 2] · W[i + 1], counted modulo 3. Raises ValueError for another number of entries.

    >>> cross(Tensor([1.0, 0.0, 0.0]), Tensor([0.0, 1.0, 0.0])).tolist()
    [0.0, 0.0, 1.0]
    """
    X, W = _both(X, W)
    vectors = [moveaxis(M, check_axis("cross", M, axis), -1) if M.ndim else M for M in (X, W)]
    if any(M.shape[-1:] != (3,) for M in vectors):
        raise error(
            ValueError,
            "cross",
            got={"X": X, "W": W, "axis": axis},
            rule="along the axis both have three entries",
            cure="name the axis of size 3, or write x0 * w1 - x1 * w0 for vectors of two entries",
        )
    (x1, x2), (w1, w2) = ([M[..., [1, 2, 0]], M[..., [2, 0, 1]]] for M in vectors)
    return moveaxis(x1 * w2 - x2 * w1, -1, axis)


@function
@in_float32
def addmm(X, mat1, mat2, beta: float = 1, alpha: float = 1):
    """beta · X + alpha · mat1 · mat2. Shapes: mat1 (n, k), mat2 (k, m); X is broadcast to (n, m).

    >>> addmm(Tensor([1.0]), Tensor([[2.0]]), Tensor([[3.0]])).tolist()
    [[7.0]]
    """
    product = matmul(mat1, mat2)
    return (X if beta == 1 else beta * X) + (product if alpha == 1 else alpha * product)


@function
@in_float32
def baddbmm(X, batch1, batch2, beta: float = 1, alpha: float = 1):
    """:func:`addmm` for each matrix of a batch. Shapes: batch1 (b, n, k), batch2 (b, k, m).

    >>> baddbmm(Tensor([1.0]), Tensor([[[2.0]]]), Tensor([[[3.0]]]), alpha=2).tolist()
    [[[13.0]]]
    """
    return addmm(X, batch1, batch2, beta=beta, alpha=alpha)
