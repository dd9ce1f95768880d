"""Losses, with PyTorch's names, defaults and reductions."""

from __future__ import annotations

import numpy as np

from ..autograd.operation import op
from ..autograd.tensor import Array, Tensor, to_array
from ..errors import error
from ..kernels.loss import check_classes
from .activation import logsigmoid
from .choice import where
from .composed import function, in_float32
from .fused.loss import check_target, class_weights
from .indexing import plain


def check_reduction(name: str, reduction: str, *also: str) -> None:
    """Raise ValueError for a reduction that does not exist; this loss may have others than all have."""
    if reduction not in ("mean", "sum", "none", *also):
        raise error(
            ValueError,
            name,
            got={"reduction": repr(reduction)},
            rule='reduction is "mean", "sum" or "none"',
            cure='write reduction="mean"',
        )


def reduced(L, reduction: str):
    """The mean or the sum of the losses L; with "none" L itself."""
    return L if reduction == "none" else L.mean() if reduction == "mean" else L.sum()


def _check(name: str, input, target, reduction: str) -> None:
    check_reduction(name, reduction)
    if tuple(np.shape(input)) != tuple(np.shape(target)):
        raise error(
            ValueError,
            name,
            got={"input": input, "target": target},
            rule=(
                "input and target have the same shape: broadcasting would average over pairs that do not belong "
                "together"
            ),
            cure="reshape the target, e.g. target.reshape(input.shape)",
        )


@function
@in_float32
def mse_loss(input, target, reduction: str = "mean"):
    """(input − target)², reduced to the mean, the sum or, with "none", not at all. Input and target have one shape.

    >>> mse_loss(Tensor([1.0, 3.0]), Tensor([1.0, 1.0])).item()
    2.0
    """
    _check("mse_loss", input, target, reduction)
    return reduced((input - target) ** 2, reduction)


@function
@in_float32
def l1_loss(input, target, reduction: str = "mean"):
    """|input − target|, reduced to the mean, the sum or, with "none", not at all. Input and target have one shape.

    >>> l1_loss(Tensor([1.0, 3.0]), Tensor([1.0, 1.0])).item()
    1.0
    """
    _check("l1_loss", input, target, reduction)
    return reduced(np.abs(input - target), reduction)


@function
@in_float32
def huber_loss(input, target, reduction: str = "mean", delta: float = 1.0):
    """e²/2 where |e| ≤ delta, delta · (|e| − delta/2) beyond, with e = input − target (Huber 1964).

    The slope is at most ``delta``, so that outliers pull no harder.

    >>> huber_loss(Tensor([0.5, 3.0]), Tensor([0.0, 0.0]), reduction="none").tolist()
    [0.125, 2.5]
    """
    _check("huber_loss", input, target, reduction)
    e = np.abs(input - target)
    near = where(e <= delta, e, 0.0)  # an infinite error would make 0 · ∞ of the gradient
    return reduced(where(e <= delta, near * near / 2, (e - delta / 2) * delta), reduction)


@function
@in_float32
def smooth_l1_loss(input, target, reduction: str = "mean", beta: float = 1.0):
    """:func:`huber_loss` with delta = ``beta``, divided by ``beta``.

    >>> smooth_l1_loss(Tensor([0.5, 3.0]), Tensor([0.0, 0.0]), reduction="none").tolist()
    [0.125, 2.5]
    """
    _check("smooth_l1_loss", input, target, reduction)
    return l1_loss(input, target, reduction) if beta == 0 else huber_loss(input, target, reduction, beta) / beta


@function
@in_float32
def nll_loss(input, target, weight=None, ignore_index: int = -100, reduction: str = "mean"):
    """−input[target] for log-probabilities ``input``: the part of ``cross_entropy`` that follows on ``log_softmax``.

    Shapes, weights and reductions are those of ``cross_entropy``; the target holds class indices.

    >>> nll_loss(Tensor([[-1.0, -2.0]]), tensor([1])).item()
    2.0
    """
    check_reduction("nll_loss", reduction)
    t = to_array(target)
    if t.dtype.kind == "f":
        raise error(
            TypeError,
            "nll_loss",
            got={"input": input, "target": target},
            rule="targets are class indices, integers",
            cure="write target.long(), or use cross_entropy for probabilities",
        )
    axis = check_target("nll_loss", input, Tensor.wrap(t))
    check_classes("nll_loss", t, input.shape[axis], ignore_index)
    valid = t != ignore_index
    ids = np.where(valid, t, 0)
    places = list(np.ogrid[tuple(slice(m) for m in t.shape)])
    places.insert(axis, ids)
    w = valid.astype(input.dtype)
    if weight is not None:
        w = np.where(valid, class_weights("nll_loss", weight, input, axis)[ids], 0)
    L = -np.where(valid, input[tuple(places)], 0) * w
    if reduction != "mean":
        return reduced(L, reduction)
    with np.errstate(invalid="ignore"):  # no valid row: 0/0 is NaN, as in PyTorch
        return L.sum() / w.sum()


@function
@in_float32
def binary_cross_entropy_with_logits(input, target, weight=None, reduction: str = "mean", pos_weight=None):
    """−target · ln σ(input) − (1 − target) · ln(1 − σ(input)) for logits ``input``, so that nothing is rounded to ln 0.

    ``weight`` multiplies each loss, ``pos_weight`` the part of the target. Both broadcast to the shape of the input.

    >>> f"{binary_cross_entropy_with_logits(Tensor([0.0]), Tensor([1.0])):.4f}"
    '0.6931'
    """
    _check("binary_cross_entropy_with_logits", input, target, reduction)
    yes = target * logsigmoid(input)
    L = -(yes if pos_weight is None else yes * pos_weight) - (1 - target) * logsigmoid(-input)
    return reduced(L if weight is None else L * weight, reduction)


@op(types="float")
def _binary_cross_entropy(P, T):
    """Y = −T · ln P − (1 − T) · ln(1 − P). Logarithms are cut at −100, as in PyTorch."""
    yes, no = _log_odds(P)
    return -T * yes - (1 - T) * no


@_binary_cross_entropy.rule
def d_binary_cross_entropy(dY, Y, P, T):
    yes, no = _log_odds(P)
    dP = dY * ((P - T) / np.maximum(P * (1 - P), 1e-12))  # at P = 0 and P = 1 it would be 0/0
    dT = dY * (no - yes)
    return dP, dT


def _log_odds(P) -> tuple[Array, Array]:
    """ln P and ln(1 − P), cut at −100."""
    yes = np.maximum(np.log(np.maximum(P, 1e-45)), -100)  # 1e-45 is float32's smallest number
    no = np.where(P < 1, np.log1p(-np.where(P < 1, P, 0)), -100)
    return yes, no


@function
@in_float32
def binary_cross_entropy(input, target, weight=None, reduction: str = "mean"):
    """−target · ln input − (1 − target) · ln(1 − input) for probabilities ``input``. Logarithms are cut at −100.

    ``weight`` multiplies each loss. Raises RuntimeError for numbers outside 0 … 1.

    >>> f"{binary_cross_entropy(Tensor([0.5]), Tensor([1.0])):.4f}"
    '0.6931'
    """
    _check("binary_cross_entropy", input, target, reduction)
    p = plain(input)
    if p.size and (p.min() < 0 or p.max() > 1):
        raise error(
            RuntimeError,
            "binary_cross_entropy",
            got={"input": input},
            rule="probabilities lie in 0 … 1",
            cure="pass logits to binary_cross_entropy_with_logits",
        )
    L = _binary_cross_entropy(input, target)
    return reduced(L if weight is None else L * weight, reduction)


@function
@in_float32
def kl_div(input, target, reduction: str = "mean", log_target: bool = False):
    """target · (ln target − input) for log-probabilities ``input``. The reduction "batchmean" divides by the batch.

    With ``log_target`` the target holds log-probabilities, too.

    >>> f"{kl_div(Tensor([[-1.0, -1.0]]), Tensor([[0.5, 0.5]]), reduction='sum'):.4f}"
    '0.3069'
    """
    check_reduction("kl_div", reduction, "batchmean")
    if log_target:
        L = np.exp(target) * (target - input)
    else:
        empty = target == 0  # 0 · ln 0 counts as 0
        with np.errstate(invalid="ignore"):  # 0 · −∞ is NaN, as in PyTorch
            L = where(empty, 0, target * np.log(where(empty, 1, target))) - target * input
    if reduction == "batchmean":
        return L.sum() / (input.shape[0] if input.ndim else 1)
    return reduced(L, reduction)
