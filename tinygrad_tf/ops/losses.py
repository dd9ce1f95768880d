"""Losses, with PyTorch's names, defaults and reductions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import error
from ..op import function
from .activation import logsigmoid
from .choice import where
from .fused import cross_entropy
from .indexing import plain

__all__ = ["binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "huber_loss", "kl_div",
           "l1_loss", "mse_loss", "nll_loss", "smooth_l1_loss"]  # fmt: skip


def reduced(L: Any, reduction: str, name: str) -> Any:
    """The losses of all entries as one: their mean, their sum, or as they are."""
    if reduction not in ("mean", "sum", "none"):
        raise error(ValueError, name, {"reduction": repr(reduction)}, 'reduction is "mean", "sum" or "none"',
                    "choose one of the three")  # fmt: skip
    return L if reduction == "none" else L.mean() if reduction == "mean" else L.sum()


def _same_shape(name: str, input: Any, target: Any) -> None:
    if tuple(np.shape(plain(input))) != tuple(np.shape(plain(target))):
        raise error(ValueError, name, {"input": input, "target": target}, "input and target have the same shape: "
                    "broadcasting would average over pairs that do not belong together",
                    "reshape the target, e.g. target.reshape(input.shape)")  # fmt: skip


@function
def mse_loss(input: Any, target: Any, reduction: str = "mean") -> Any:
    """(input − target)².

    >>> mse_loss(Tensor([1.0, 3.0]), Tensor([1.0, 1.0])).item()
    2.0
    """
    _same_shape("mse_loss", input, target)
    return reduced((input - target) ** 2, reduction, "mse_loss")


@function
def l1_loss(input: Any, target: Any, reduction: str = "mean") -> Any:
    """|input − target|.

    >>> l1_loss(Tensor([1.0, 3.0]), Tensor([1.0, 1.0])).item()
    1.0
    """
    _same_shape("l1_loss", input, target)
    return reduced(np.abs(input - target), reduction, "l1_loss")


@function
def huber_loss(input: Any, target: Any, reduction: str = "mean", delta: float = 1.0) -> Any:
    """e²/2 for errors |e| ≤ delta, delta · (|e| − delta/2) beyond: large errors pull no harder (Huber 1964).

    >>> huber_loss(Tensor([0.5, 3.0]), Tensor([0.0, 0.0]), reduction="none").tolist()
    [0.125, 2.5]
    """
    _same_shape("huber_loss", input, target)
    e = np.abs(input - target)
    return reduced(where(e <= delta, e * e / 2, (e - delta / 2) * delta), reduction, "huber_loss")


@function
def smooth_l1_loss(input: Any, target: Any, reduction: str = "mean", beta: float = 1.0) -> Any:
    """The Huber loss divided by ``beta``.

    >>> smooth_l1_loss(Tensor([0.5, 3.0]), Tensor([0.0, 0.0]), reduction="none").tolist()
    [0.125, 2.5]
    """
    return l1_loss(input, target, reduction) if beta == 0 else huber_loss(input, target, reduction, beta) / beta


@function
def nll_loss(input: Any, target: Any, weight: Any = None, ignore_index: int = -100, reduction: str = "mean") -> Any:
    """−input[target] for log-probabilities: what is left of ``cross_entropy`` after ``log_softmax``.

    Shapes as in ``cross_entropy``. Since the logarithm of softmax leaves log-probabilities as they are only when they
    sum to one, the entries are picked directly.

    >>> nll_loss(Tensor([[-1.0, -2.0]]), Tensor([1])).item()
    2.0
    """
    target = plain(target)
    axis = 1 if input.ndim > 1 else 0
    n = input.shape[axis]
    valid = target != ignore_index
    if ((target < 0) | (target >= n))[valid].any():
        raise error(IndexError, "nll_loss", {"input": input, "target": target},
                    f"classes lie in 0 … {n - 1}, or are ignore_index ({ignore_index})", "mend the labels")  # fmt: skip
    ids = np.where(valid, target, 0)
    places = list(np.ogrid[tuple(slice(m) for m in target.shape)])
    places.insert(axis, ids)
    w = valid.astype(input.dtype) if weight is None else np.where(valid, plain(weight)[ids], 0)
    L = -input[tuple(places)] * w
    return L.sum() / w.sum() if reduction == "mean" else reduced(L, reduction, "nll_loss")


@function
def binary_cross_entropy_with_logits(
    input: Any, target: Any, weight: Any = None, reduction: str = "mean", pos_weight: Any = None
) -> Any:
    """−target · ln σ(input) − (1 − target) · ln(1 − σ(input)), from logits, so that nothing rounds to ln 0.

    >>> f"{binary_cross_entropy_with_logits(Tensor([0.0]), Tensor([1.0])):.4f}"
    '0.6931'
    """
    _same_shape("binary_cross_entropy_with_logits", input, target)
    yes = target * logsigmoid(input)
    L = -(yes if pos_weight is None else yes * pos_weight) - (1 - target) * logsigmoid(-input)
    return reduced(L if weight is None else L * weight, reduction, "binary_cross_entropy_with_logits")


@function
def binary_cross_entropy(input: Any, target: Any, weight: Any = None, reduction: str = "mean") -> Any:
    """−target · ln p − (1 − target) · ln(1 − p) for probabilities p; logarithms are cut at −100, as in PyTorch.

    >>> f"{binary_cross_entropy(Tensor([0.5]), Tensor([1.0])):.4f}"
    '0.6931'
    """
    _same_shape("binary_cross_entropy", input, target)
    p = plain(input)
    if p.size and (p.min() < 0 or p.max() > 1):
        raise error(RuntimeError, "binary_cross_entropy", {"input": input}, "probabilities lie in 0 … 1",
                    "pass logits to binary_cross_entropy_with_logits")  # fmt: skip
    tiny = float(np.exp(np.float64(-100)))
    L = -target * np.log(np.maximum(input, tiny)) - (1 - target) * np.log(np.maximum(1 - input, tiny))
    return reduced(L if weight is None else L * weight, reduction, "binary_cross_entropy")


@function
def kl_div(input: Any, target: Any, reduction: str = "mean", log_target: bool = False) -> Any:
    """Target · (ln target − input), for log-probabilities ``input``; "batchmean" divides by the batch.

    >>> f"{kl_div(Tensor([[-1.0, -1.0]]), Tensor([[0.5, 0.5]]), reduction='sum'):.4f}"
    '0.3069'
    """
    if log_target:
        L = np.exp(target) * (target - input)
    else:
        empty = target == 0  # 0 · ln 0 counts as 0
        L = where(empty, 0, target * (np.log(where(empty, 1, target)) - input))
    return L.sum() / input.shape[0] if reduction == "batchmean" else reduced(L, reduction, "kl_div")
