"""softmax, log_softmax, layer_norm and rms_norm. Each row is computed on its own."""

from __future__ import annotations

import numpy as np

from ...autograd.operation import op
from ...errors import error
from ...kernels import KERNELS
from ..composed import function, in_float32
from ..conversion import to

_AXIS = ("the axis lies in -ndim … ndim - 1", "write axis=-1 for the last axis, axis=0 for the first")


@op(types="float", kernel=KERNELS["softmax"], expects=_AXIS)
def _softmax(X, *, axis: int = -1):
    """Y = e^X / Σ e^X along ``axis``: positive, and 1 in sum."""
    E = np.exp(X - np.max(X, axis=axis, keepdims=True))  # exp overflows float32 above 88
    return E / np.sum(E, axis=axis, keepdims=True)


@_softmax.rule
def d_softmax(dY, Y, X, *, axis):
    dX = Y * (dY - np.sum(dY * Y, axis=axis, keepdims=True))
    return dX


@function
def softmax(X, axis: int = -1, dtype=None):
    """Y = e^X / Σ e^X along ``axis``: entries are positive and add up to 1. With ``dtype`` X is converted first.

    >>> softmax(Tensor([0.0, 0.0])).tolist()
    [0.5, 0.5]
    """
    return _softmax(X if dtype is None else to(X, dtype), axis=axis)


@op(types="float", kernel=KERNELS["log_softmax"], expects=_AXIS)
def _log_softmax(X, *, axis: int = -1):
    """Y = X − ln Σ e^X along ``axis``: the logarithm of softmax. Small probabilities are not rounded to 0 first."""
    Z = X - np.max(X, axis=axis, keepdims=True)  # exp overflows float32 above 88
    return Z - np.log(np.sum(np.exp(Z), axis=axis, keepdims=True))


@_log_softmax.rule
def d_log_softmax(dY, Y, X, *, axis):
    dX = dY - np.exp(Y) * np.sum(dY, axis=axis, keepdims=True)
    return dX


@function
def log_softmax(X, axis: int = -1, dtype=None):
    """Y = X − ln Σ e^X along ``axis``: the logarithm of softmax. Small probabilities are not rounded to 0 first.

    With ``dtype`` X is converted first.

    >>> log_softmax(Tensor([0.0, 0.0])).exp().tolist()
    [0.5, 0.5]
    """
    return _log_softmax(X if dtype is None else to(X, dtype), axis=axis)


@op(types="float", kernel=KERNELS["layer_norm"])
def _layer_norm(X, W=None, b=None, *, n_axes: int, eps: float):
    """Y = (X − mean) / √(var + eps) ⊙ W + b over the last ``n_axes`` axes, with the biased variance."""
    axes = tuple(range(-n_axes, 0))
    Z = X - np.mean(X, axis=axes, keepdims=True)
    Y = Z / np.sqrt(np.mean(Z * Z, axis=axes, keepdims=True) + eps)
    Y = Y if W is None else Y * W
    return Y if b is None else Y + b


@_layer_norm.rule
def d_layer_norm(dY, Y, X, W=None, b=None, *, n_axes, eps):
    axes = tuple(range(-n_axes, 0))
    Z = X - np.mean(X, axis=axes, keepdims=True)
    std = np.sqrt(np.mean(Z * Z, axis=axes, keepdims=True) + eps)
    Xhat = Z / std
    dXhat = dY if W is None else dY * W
    along = Xhat * np.mean(dXhat * Xhat, axis=axes, keepdims=True)
    dX = (dXhat - np.mean(dXhat, axis=axes, keepdims=True) - along) / std
    dW = dY * Xhat
    db = dY
    return dX, dW, db


@function
def layer_norm(X, normalized_shape, weight=None, bias=None, eps: float = 1e-5):
    """Y = (X − mean) / √(var + eps) ⊙ weight + bias, each row on its own (Ba, Kiros, Hinton 2016).

    A row extends over the last axes of X, whose shape is ``normalized_shape``; weight and bias have that shape. The
    variance is the biased one. Raises ValueError for shapes that do not fit.

    >>> layer_norm(Tensor([1.0, 3.0]), 2, eps=0.0).tolist()
    [-1.0, 1.0]
    """
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if not shape or tuple(X.shape[-len(shape) :]) != shape:
        raise error(
            ValueError,
            "layer_norm",
            got={"X": X, "normalized_shape": shape},
            rule="the last axes of X have the normalised shape",
            cure=f"build LayerNorm with normalized_shape={tuple(X.shape[-1:])}, the last axis of X",
        )
    for W in (weight, bias):
        if W is not None and tuple(W.shape) != shape:
            raise error(
                ValueError,
                "layer_norm",
                got={"X": X, "W": weight, "b": bias},
                rule=f"W and b have the normalised shape, {shape}",
                cure=f"give both this shape, or build LayerNorm({shape})",
            )
    if weight is None and bias is not None:
        return _layer_norm(X, n_axes=len(shape), eps=eps) + bias
    return _layer_norm(X, weight, bias, n_axes=len(shape), eps=eps)


@op(types="float", kernel=KERNELS["rms_norm"])
def _rms_norm(X, W=None, *, n_axes: int, eps: float):
    """Y = X / √(mean X² + eps) ⊙ W over the last ``n_axes`` axes."""
    Y = X / np.sqrt(np.mean(X * X, axis=tuple(range(-n_axes, 0)), keepdims=True) + eps)
    return Y if W is None else Y * W


@_rms_norm.rule
def d_rms_norm(dY, Y, X, W=None, *, n_axes, eps):
    axes = tuple(range(-n_axes, 0))
    rms = np.sqrt(np.mean(X * X, axis=axes, keepdims=True) + eps)
    Xhat = X / rms
    dXhat = dY if W is None else dY * W
    dX = (dXhat - Xhat * np.mean(dXhat * Xhat, axis=axes, keepdims=True)) / rms
    dW = dY * Xhat
    return dX, dW


@function
@in_float32
def rms_norm(X, normalized_shape, weight=None, eps: float | None = None):
    """Y = X / √(mean X² + eps) ⊙ weight, each row on its own (Zhang, Sennrich 2019).

    A row extends over the last axes of X, whose shape is ``normalized_shape``. By default ``eps`` is that of the float
    type that is computed in, as in PyTorch: float32 for float16. Raises ValueError for shapes that do not fit.

    >>> [round(y, 4) for y in rms_norm(Tensor([3.0, 4.0]), 2).tolist()]
    [0.8485, 1.1314]
    """
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if not shape or tuple(X.shape[-len(shape) :]) != shape:
        raise error(
            ValueError,
            "rms_norm",
            got={"X": X, "normalized_shape": shape},
            rule="the last axes of X have the normalised shape",
            cure=f"build RMSNorm with normalized_shape={tuple(X.shape[-1:])}, the last axis of X",
        )
    eps = float(np.finfo(X.dtype if X.dtype.kind == "f" else np.float32).eps) if eps is None else eps
    return _rms_norm(X, weight, n_axes=len(shape), eps=eps)
