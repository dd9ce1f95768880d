"""cross_entropy: how far a prediction is from its target."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import kernels
from ...errors import error
from ...op import Array, Kernel, function, op
from ...tensor import Tensor, to_array
from ..shape import expand_dims
from .rows import log_softmax, softmax


@op(kernel=Kernel(kernels.cross_entropy, kernels.d_cross_entropy))
def _cross_entropy(
    X: Array, t: Array, w: Array = None, *, ignore_index: int, label_smoothing: float, reduction: str
) -> Array:
    """Y = −Σ q ⊙ log softmax(X) over the last axis, q the target distribution; then the mean or sum over rows."""
    q, n = target_distribution(X, t, w, ignore_index, label_smoothing, reduction)
    L = -np.sum(q * log_softmax(X), axis=-1)
    return L if reduction == "none" else np.sum(L) / n


@_cross_entropy.rule
def d_cross_entropy(
    dY: Array,
    Y: Array,
    X: Array,
    t: Array,
    w: Array = None,
    *,
    ignore_index: int,
    label_smoothing: float,
    reduction: str,
) -> Any:
    q, n = target_distribution(X, t, w, ignore_index, label_smoothing, reduction)
    dL = expand_dims(dY, -1) if reduction == "none" else dY / (n or 1)  # n = 0: no row counts, q is 0 everywhere
    dX = dL * (softmax(X) * np.sum(q, axis=-1, keepdims=True) - q)
    return dX, None, None


def target_distribution(
    X: Array, t: Array, w: Array, ignore_index: int, label_smoothing: float, reduction: str
) -> tuple[np.ndarray[Any, Any], Any]:
    """The weighted, smoothed distribution q that each row of logits is compared with, and what the sum is divided by.

    q = w ⊙ ((1 − ε) · onehot(t) + ε / C), zero in ignored rows. The divisor of a mean is Σ w[t] over the rows that
    count, otherwise 1.
    """
    X, t, w = (a.data if isinstance(a, Tensor) else a for a in (X, t, w))
    n_classes = X.shape[-1]
    w = np.ones(n_classes, X.dtype) if w is None else w
    valid = t != ignore_index
    q = np.zeros(X.shape, X.dtype)
    np.put_along_axis(q, np.where(valid, t, 0)[..., None], 1 - label_smoothing, -1)
    q = (q + X.dtype.type(label_smoothing / n_classes)) * w * valid[..., None]
    if reduction != "mean":
        return q, X.dtype.type(1)
    return q, np.sum(np.where(valid, w[np.where(valid, t, 0)], 0), dtype=X.dtype)


@function
def cross_entropy(
    logits: Any,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """−log softmax(logits)[target], averaged: how many nats the model is off. PyTorch's formula and defaults.

    Shapes: logits (C,), (N, C) or (N, C, d1, …) with target (), (N,) or (N, d1, …) of class indices. ``reduction`` is
    "mean", "sum" or "none"; rows whose target is ``ignore_index`` do not count; ``label_smoothing`` ε mixes ε/C of
    every class into the target (Szegedy et al. 2016); ``weight`` (C,) counts classes differently.

    >>> round(cross_entropy(Tensor([[0.0, 0.0]]), Tensor([1])).item(), 4)
    0.6931
    """
    target = target if isinstance(target, Tensor) else Tensor.wrap(to_array(target))
    if reduction not in ("mean", "sum", "none") or not 0 <= label_smoothing <= 1:
        raise error(ValueError, "cross_entropy", {"reduction": repr(reduction), "label_smoothing": label_smoothing},
                    'reduction is "mean", "sum" or "none"; label_smoothing lies in 0 … 1',
                    'write reduction="mean", label_smoothing=0.1')  # fmt: skip
    n = _check_target(logits, target, ignore_index)
    if weight is not None:
        weight = _class_weights(weight, n, logits.dtype)
    if logits.ndim > 2:
        logits = logits.transpose((0, *range(2, logits.ndim), 1))  # (N, d1, …, C)
    return _cross_entropy(
        logits, target, weight, ignore_index=ignore_index, label_smoothing=label_smoothing, reduction=reduction
    )


def _check_target(logits: Any, target: Tensor, ignore_index: int) -> int:
    """The number of classes; an error if the target does not fit the logits."""
    got = {"logits": logits, "target": target}
    if logits.dtype.kind != "f" or target.dtype.kind not in "iu":
        raise error(TypeError, "cross_entropy", got, "logits are floats, targets are class indices, integers",
                    "write logits.astype('float32') or target.astype('int64')")  # fmt: skip
    axis = 1 if logits.ndim > 1 else 0
    if logits.ndim == 0 or target.shape != logits.shape[:axis] + logits.shape[axis + 1 :]:
        raise error(ValueError, "cross_entropy", got, "the target has the shape of the logits without their class "
                    "axis, which is axis 1 (0 without a batch)",
                    "flatten both: logits.reshape(-1, C), target.reshape(-1)")  # fmt: skip
    n = int(logits.shape[axis])
    wrong = (target.data != ignore_index) & ((target.data < 0) | (target.data >= n))
    if wrong.any():
        raise error(IndexError, "cross_entropy", {"target": target, "the class": int(target.data[wrong][0])},
                    f"classes lie in 0 … {n - 1}, or are ignore_index ({ignore_index})", "mend the labels")  # fmt: skip
    return n


def _class_weights(weight: Any, n: int, dtype: Any) -> Array:
    if isinstance(weight, Tensor) and weight.requires_grad:
        raise error(RuntimeError, "cross_entropy", {"weight": weight}, "the loss is not differentiated with respect to "
                    "the class weights", "give weight.detach()")  # fmt: skip
    weight = to_array(weight)
    if weight.shape != (n,):
        raise error(ValueError, "cross_entropy", {"weight": weight}, f"weight has one entry per class, ({n},)",
                    "give a weight for each class")  # fmt: skip
    return weight.astype(dtype)
