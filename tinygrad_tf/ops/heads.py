"""The heads of attention: the columns of a matrix in equal shares, and put back side by side."""

from __future__ import annotations

import numpy as np

from ..autograd.operation import op


@op(expects=("X is (..., L, n_heads · d)", "choose n_heads so that it divides the last axis of X"))
def split_heads(X, *, n_heads: int):
    """Give each head its share of the columns: X (..., L, H·d) → Y (..., H, L, d), where H is ``n_heads``.

    >>> split_heads(Tensor(np.zeros((1, 3, 8))), 2).shape
    (1, 2, 3, 4)
    """
    return np.swapaxes(np.reshape(X, (*X.shape[:-1], n_heads, X.shape[-1] // n_heads)), -3, -2)


@split_heads.rule
def d_split_heads(dY, Y, X, *, n_heads):
    dX = np.reshape(np.swapaxes(dY, -3, -2), X.shape)
    return dX


@op(expects=("X is (..., H, L, d)", "write x[None] for a single head (L, d)"))
def join_heads(X):
    """Put the heads' columns side by side: X (..., H, L, d) → Y (..., L, H·d). It undoes :func:`split_heads`.

    >>> join_heads(Tensor(np.zeros((1, 2, 3, 4)))).shape
    (1, 3, 8)
    """
    return np.reshape(np.swapaxes(X, -3, -2), (*X.shape[:-3], X.shape[-2], X.shape[-3] * X.shape[-1]))


@join_heads.rule
def d_join_heads(dY, Y, X):
    dX = np.swapaxes(np.reshape(dY, (*dY.shape[:-1], X.shape[-3], X.shape[-1])), -3, -2)
    return dX
