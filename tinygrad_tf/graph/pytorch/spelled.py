"""What ATen spells in another way than the ops here, for the table: indices, axes, types, writes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...autograd.tensor import Tensor
from ...ops.choice import where
from ...ops.conversion import astype
from ...ops.fused import dropout, layer_norm, rms_norm, scaled_dot_product_attention
from ...ops.indexing import add_at, getitem
from ...ops.reduction import norm
from ...ops.shape import broadcast_to, reshape


def same(X: Any, *_: Any, **__: Any) -> Any:
    """X itself."""
    return X


def converted(X: Any, dtype: Any) -> Any:
    """X in another type, or as it is."""
    return X if dtype is None or X.dtype == dtype else astype(X, dtype)


def to_type(X: Any, dtype: Any = None, *_: Any, **__: Any) -> Any:
    """X in the type that ``Tensor.to`` was given, if it was."""
    return converted(X, dtype)


def taken(X: Any, times: float) -> Any:
    """X as often as ``alpha`` and ``beta`` say, without a product for once."""
    return X if times == 1 else X * times


def shaped(X: Any, shape: Sequence[int]) -> Any:
    """X in another shape; X itself where that is the one it has."""
    return X if tuple(shape) == X.shape else reshape(X, tuple(shape))


def expanded(X: Any, shape: Sequence[int], **_: Any) -> Any:
    """X stretched; −1 keeps an axis as it is."""
    before = len(shape) - X.ndim
    wanted = tuple([X.shape[i - before] if n == -1 else n for i, n in enumerate(shape)])
    return X if wanted == X.shape else broadcast_to(X, wanted)


def normed(ndim: int, source: int, destination: int) -> list[int]:
    """The order of the axes when one of them is moved."""
    order = [i for i in range(ndim) if i != source % ndim]
    order.insert(destination % ndim, source % ndim)
    return order


def put_along(X: Any, dim: int, part: Any) -> tuple[Any, ...]:
    """The index that takes ``part`` of one axis and all of the others."""
    return (*[slice(None)] * (dim % X.ndim), part)


def put_at(index: Sequence[Any]) -> tuple[Any, ...]:
    """An index as it is written between brackets: None stands for a whole axis there."""
    return tuple([slice(None) if i is None else np.asarray(i.array) for i in index])


def selected(X: Any, dim: int, i: int) -> Any:
    """The part at one place of an axis, which goes."""
    return getitem(X, put_along(X, dim, i))


def sliced(X: Any, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1) -> Any:
    """A piece of one axis; X itself where that is all of it."""
    part = slice(start, end, step)
    n = X.shape[dim]
    return X if range(*part.indices(n)) == range(n) else getitem(X, put_along(X, dim, part))


def put(X: Any, index: Any, values: Any, accumulate: bool = False) -> Any:
    """X with ``values`` at the places of ``index``; of several for one place the last stays, or their sum is added."""
    here = np.arange(X.size).reshape(X.shape)[index]
    values = values if isinstance(values, Tensor) else Tensor(values, dtype=X.dtype)
    values = broadcast_to(converted(values, X.dtype), here.shape)
    if accumulate:
        return X + add_at(values, index=index, shape=tuple(X.shape))
    if here.size == X.size and (here.ravel() == np.arange(X.size)).all():
        return values
    last = np.full(X.size, -1)
    last[here.ravel()] = np.arange(here.size)
    last = last.reshape(X.shape)
    return where(last >= 0, getitem(reshape(values, (-1,)), np.maximum(last, 0)), X)


def reduced(function: Callable[..., Any], X: Any, dim: Any, keepdims: bool) -> Any:
    """A reduction over some axes, or over all where none is given."""
    axes = None if dim is None or (isinstance(dim, (list, tuple)) and not dim) else dim
    return function(X, axis=tuple(axes) if isinstance(axes, list) else axes, keepdims=keepdims)


def var_over(function: Callable[..., Any], X: Any, dim: Any, correction: float | None, keepdims: bool) -> Any:
    """A variance; without a ``correction`` it is divided by n − 1."""
    axes = None if not dim and dim != 0 else tuple(dim) if isinstance(dim, list) else dim
    return function(X, axis=axes, correction=1 if correction is None else correction, keepdims=keepdims)


def vector_norm(X: Any, p: float, dim: Any, keepdims: bool) -> Any:
    """The p-norm over some axes, or over all."""
    axes = None if not dim and dim != 0 else tuple(dim) if isinstance(dim, list) else dim
    return norm(X, p, axis=axes, keepdims=keepdims)


def row_norm(X: Any, shape: Sequence[int], weight: Any = None, eps: float | None = None) -> Any:
    """rms_norm; without an ``eps`` it is the smallest step of the type, as in PyTorch."""
    return rms_norm(X, shape, weight, eps)


def row_norm_parts(X: Any, shape: Sequence[int], weight: Any, bias: Any, eps: float) -> tuple[Any, ...]:
    """layer_norm with what its kernel keeps, which no gradient flows through."""
    return layer_norm(X, shape, weight, bias, eps), None, None


def dropped(X: Any, p: float, train: bool | None) -> tuple[Any, ...]:
    """dropout, and the place of the mask, which nobody computes with."""
    return dropout(X, p, train is not False), None


def attention(
    query: Any, key: Any, value: Any, attn_mask: Any = None, dropout_p: float = 0.0, is_causal: bool = False, *,
    scale: float | None = None, enable_gqa: bool = False,
) -> Any:  # fmt: skip
    """Attention; a ``scale`` of 1/√d_k is the one that it has without."""
    if scale is not None and math.isclose(scale * math.sqrt(query.shape[-1]), 1):
        scale = None
    return scaled_dot_product_attention(query, key, value, attn_mask, dropout_p, is_causal, scale, enable_gqa)
