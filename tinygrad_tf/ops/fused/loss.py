"""cross_entropy: how far a prediction is from its target. For class indices it is one node; else it is composed."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...autograd.operation import op
from ...autograd.recording import is_grad_enabled
from ...autograd.tensor import Tensor, to_array
from ...errors import error
from ...kernels import KERNELS
from ..composed import function, in_float32
from ..shape import expand_dims, moveaxis
from .rows import log_softmax, softmax


@op(kernel=KERNELS["cross_entropy"])
def _cross_entropy(X, t, w=None, *, ignore_index: int, label_smoothing: float, reduction: str):
    """Y = −Σ q ⊙ log softmax(X) over the last axis, then the mean or the sum over rows. q is the target distribution.

    Where q is 0 the product counts as 0, even if the logarithm is −∞.
    """
    q, n = target_distribution(X, t, w, ignore_index, label_smoothing, reduction)
    L = -np.sum(q * np.where(q == 0, 0, log_softmax(X)), axis=-1)
    return L if reduction == "none" else np.sum(L) / n


@_cross_entropy.rule
def d_cross_entropy(dY, Y, X, t, w=None, *, ignore_index, label_smoothing, reduction):
    q, n = target_distribution(X, t, w, ignore_index, label_smoothing, reduction)
    dL = expand_dims(dY, -1) if reduction == "none" else dY / (n or 1)  # n = 0: no row counts, and q is 0
    P = softmax(counted(X, t, ignore_index))
    dX = counted(dL * (P * np.sum(q, axis=-1, keepdims=True) - q), t, ignore_index)
    return dX, None, None


def counted(X, t, ignore_index: int):
    """X, but 0 in the rows that do not count: they may hold anything, even NaN."""
    return np.where(expand_dims(t != ignore_index, -1), X, 0)


def target_distribution(
    X, t, w, ignore_index: int, label_smoothing: float, reduction: str
) -> tuple[np.ndarray[Any, Any], Any]:
    """The distribution q that each row of logits is compared with, and the number that the sum over rows is divided by.

    q = w ⊙ ((1 − ε) · onehot(t) + ε / C), zero in ignored rows. A mean is divided by Σ w[t] over the rows that count,
    a sum by 1.
    """
    X, t, w = (a.array if isinstance(a, Tensor) else a for a in (X, t, w))
    valid = t != ignore_index
    index, others = np.where(valid, t, 0), label_smoothing / X.shape[-1]
    q = np.full(X.shape, others, X.dtype)
    np.put_along_axis(q, index[..., None], 1 - label_smoothing + others, -1)
    q = q * valid[..., None] if w is None else q * w * valid[..., None]
    if reduction != "mean":
        return q, X.dtype.type(1)
    if w is None:
        return q, np.sum(valid, dtype=X.dtype.type)  # in native byte order
    return q, np.sum(np.where(valid, w[index], 0), dtype=X.dtype.type)


@function
@in_float32
def cross_entropy(
    input, target, weight=None, ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0
):
    """−log softmax(input)[target], averaged: by how many nats the model is off. PyTorch's formula and defaults.

    Shapes: input, the logits, (C,), (N, C) or (N, C, d1, …); target (), (N,) or (N, d1, …) of class indices, or
    probabilities in the shape of the input. ``reduction`` is "mean", "sum" or "none". Rows whose target is
    ``ignore_index`` do not count. ``label_smoothing`` ε mixes ε/C of every class into the target (Szegedy et al. 2016).
    ``weight`` (C,) says how much each class counts. Raises ValueError for shapes that do not fit, IndexError for a
    class that does not exist, TypeError for targets of the wrong kind.

    >>> f"{cross_entropy(Tensor([[0.0, 0.0]]), tensor([1])):.4f}"
    '0.6931'
    """
    target = target if isinstance(target, Tensor) else Tensor(to_array(target))  # a copy, which nobody writes to
    if reduction not in ("mean", "sum", "none") or not 0 <= label_smoothing <= 1:
        raise error(
            ValueError,
            "cross_entropy",
            got={"reduction": repr(reduction), "label_smoothing": label_smoothing},
            rule='reduction is "mean", "sum" or "none"; label_smoothing lies in 0 … 1',
            cure='write reduction="mean", label_smoothing=0.1',
        )
    axis = check_target("cross_entropy", input, target)
    if weight is not None:
        weight = class_weights("cross_entropy", weight, input, axis)
    if target.dtype.kind == "f":
        return _of_probabilities(input, target, weight, reduction, label_smoothing)
    return _cross_entropy(
        moveaxis(input, axis, -1) if input.ndim > 2 else input, target, weight,
        ignore_index=ignore_index, label_smoothing=label_smoothing, reduction=reduction,
    )  # fmt: skip


def _of_probabilities(X, q, w, reduction: str, label_smoothing: float):
    """−Σ w ⊙ q ⊙ log softmax(X) over the classes; the mean is over rows, whatever their weight."""
    axis = 1 if X.ndim > 1 else 0
    if label_smoothing:
        q = q * (1 - label_smoothing) + label_smoothing / X.shape[axis]
    if w is not None:
        q = q * w.reshape((-1, *(1,) * (X.ndim - axis - 1)))
    L = -(q * log_softmax(X, axis=axis)).sum(axis=axis)
    return L if reduction == "none" else L.mean() if reduction == "mean" else L.sum()


def check_target(name: str, X, target: Tensor) -> int:
    """The axis of the classes: 1, or 0 without a batch. Raises if the target does not fit the input ``X``.

    Class indices have the shape of X without that axis, probabilities (floats) the shape of X.
    """
    got = {"input": X, "target": target}
    if X.dtype.kind != "f" or target.dtype.kind == "b":
        raise error(
            TypeError,
            name,
            got=got,
            rule="logits are floats, targets are class indices, integers, or probabilities",
            cure="write input.astype('float32') or target.astype('int64')",
        )
    axis = 1 if X.ndim > 1 else 0
    if X.ndim == 0 or target.shape not in (X.shape, X.shape[:axis] + X.shape[axis + 1 :]):
        raise error(
            ValueError,
            name,
            got=got,
            rule=(
                "class indices have the shape of the input without its class axis, which is axis 1 (0 without a "
                "batch); probabilities have the shape of the input"
            ),
            cure="flatten both: input.reshape(-1, C), target.reshape(-1)",
        )
    if (target.dtype.kind == "f") != (target.shape == X.shape):
        raise error(
            TypeError,
            name,
            got=got,
            rule="targets are class indices, integers, or probabilities, floats in the shape of the input",
            cure="write target.astype('int64')",
        )
    if X.shape[axis] == 0:
        raise error(
            IndexError, name, got=got, rule="there is at least one class", cure="give logits (N, C) with C from 1 on"
        )
    return axis


def class_weights(name: str, weight, X, axis: int):
    """The weights of the classes of ``X`` in its type."""
    if isinstance(weight, Tensor) and weight.requires_grad and is_grad_enabled():
        raise error(
            RuntimeError,
            name,
            got={"weight": weight},
            rule="the loss is not differentiated with respect to the class weights",
            cure="give weight.detach()",
        )
    weight = weight.detach() if isinstance(weight, Tensor) else to_array(weight)
    if weight.shape != (X.shape[axis],):
        raise error(
            ValueError,
            name,
            got={"weight": weight},
            rule=f"weight has one entry per class, ({X.shape[axis]},)",
            cure=f"give one number for each class, e.g. np.ones({X.shape[axis]})",
        )
    return weight.astype(X.dtype)
