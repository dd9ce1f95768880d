"""cross_entropy as one node, for class indices; for probabilities, and nll_loss, composed."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels
from ..errors import error
from ..op import Array, Kernel, function, op
from ..tensor import Tensor, to_array
from .fused import log_softmax, softmax
from .indexing import plain
from .losses import check_reduction, reduced
from .shape import expand_dims, moveaxis


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
    dY: Array, Y: Array, X: Array, t: Array, w: Array = None, *, ignore_index: int, label_smoothing: float,
    reduction: str,
) -> Any:  # fmt: skip
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
    input: Any, target: Any, weight: Any = None, ignore_index: int = -100, reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    """−log softmax(input)[target], averaged: how many nats the model is off. PyTorch's formula and defaults.

    Shapes: input, the logits, (C,), (N, C) or (N, C, d1, …); target (), (N,) or (N, d1, …) of class indices, or
    probabilities in the shape of the input. ``reduction`` is "mean", "sum" or "none"; rows whose target is
    ``ignore_index`` do not count; ``label_smoothing`` ε mixes ε/C of every class into the target (Szegedy et al. 2016);
    ``weight`` (C,) counts classes differently.

    >>> f"{cross_entropy(Tensor([[0.0, 0.0]]), Tensor([1])):.4f}"
    '0.6931'
    """
    target = target if isinstance(target, Tensor) else Tensor.wrap(to_array(target))
    check_reduction("cross_entropy", reduction)
    if input.ndim == 0:
        raise error(ValueError, "cross_entropy", {"input": input}, "there is an axis of classes", "give logits (N, C)")
    axis = 1 if input.ndim > 1 else 0
    if weight is not None and tuple(weight.shape) != (input.shape[axis],):
        raise error(ValueError, "cross_entropy", {"weight": weight}, "weight has one entry per class, "
                    f"({input.shape[axis]},)", "give a weight for each class")  # fmt: skip
    if target.dtype.kind == "f":
        return _of_probabilities(input, target, weight, reduction, label_smoothing)
    check_classes("cross_entropy", input, target, ignore_index)
    return _cross_entropy(
        moveaxis(input, axis, -1) if input.ndim > 2 else input, target, weight,
        ignore_index=ignore_index, label_smoothing=label_smoothing, reduction=reduction,
    )  # fmt: skip


def _of_probabilities(X: Any, q: Any, weight: Any, reduction: str, label_smoothing: float) -> Any:
    """−Σ w ⊙ q ⊙ log softmax(X) over the classes; the mean is over rows, whatever their weight."""
    if q.shape != X.shape:
        raise error(ValueError, "cross_entropy", {"input": X, "target": q}, "a target of floats holds probabilities, "
                    "in the shape of the input", "for class indices write target.long()")  # fmt: skip
    axis = 1 if X.ndim > 1 else 0
    if label_smoothing:
        q = q * (1 - label_smoothing) + label_smoothing / X.shape[axis]
    if weight is not None:
        q = q * weight.reshape((-1, *(1,) * (X.ndim - axis - 1)))
    L = -(q * log_softmax(X, axis=axis)).sum(axis=axis)
    return reduced(L, reduction)


def check_classes(name: str, X: Any, t: Any, ignore_index: int) -> None:
    """Raise unless ``t`` holds a class of ``X`` for each of its rows; the classes are axis 1, or 0 without a batch."""
    axis = 1 if X.ndim > 1 else 0
    if t.dtype.kind not in "iu":
        raise error(TypeError, name, {"input": X, "target": t}, "targets are class indices, integers",
                    "write target.long()")  # fmt: skip
    if X.ndim == 0 or t.shape != X.shape[:axis] + X.shape[axis + 1 :]:
        raise error(ValueError, name, {"input": X, "target": t}, "the target has the shape of the input without its "
                    "class axis, which is axis 1 (0 without a batch)",
                    "flatten both: input.reshape(-1, C), target.reshape(-1)")  # fmt: skip
    n, ids = X.shape[axis], plain(t)
    wrong = (ids != ignore_index) & ((ids < 0) | (ids >= n))
    if wrong.any():
        raise error(IndexError, name, {"target": t, "the class": int(ids[wrong][0])},
                    f"classes lie in 0 … {n - 1}, or are ignore_index ({ignore_index})", "mend the labels")  # fmt: skip


@function
def nll_loss(input: Any, target: Any, weight: Any = None, ignore_index: int = -100, reduction: str = "mean") -> Any:
    """−input[target], for log-probabilities: what is left of ``cross_entropy`` after ``log_softmax``.

    Shapes, weights and reductions as in ``cross_entropy``.

    >>> nll_loss(Tensor([[-1.0, -2.0]]), Tensor([1])).item()
    2.0
    """
    target = np.asarray(plain(target))
    check_reduction("nll_loss", reduction)
    check_classes("nll_loss", input, target, ignore_index)
    valid = target != ignore_index
    ids = np.where(valid, target, 0)
    places = list(np.ogrid[tuple(slice(m) for m in target.shape)])
    places.insert(1 if input.ndim > 1 else 0, ids)
    w = valid.astype(input.dtype) if weight is None else np.where(valid, plain(weight)[ids], 0)
    L = -input[tuple(places)] * w
    if reduction != "mean":
        return reduced(L, reduction)
    with np.errstate(invalid="ignore"):  # no valid row: 0/0 is NaN, as in PyTorch
        return L.sum() / w.sum()
