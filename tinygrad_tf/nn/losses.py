"""Losses and distances as modules: one function each, with PyTorch's names and defaults.

Losses are averaged by default. ``reduction`` "sum" adds them up, "none" leaves them apart. The functions in ``ops`` and
``functional`` say more, and have an example each.
"""

from __future__ import annotations

from typing import Any

from ..ops import fused, losses
from . import functional as F
from .activations import FunctionLayer


class Loss(FunctionLayer):
    """A layer that prints without its arguments, as PyTorch's losses and distances do."""

    reductions: tuple[str, ...] = ()  # beside those that all losses have

    def takes(self, **settings: Any) -> None:
        losses.check_reduction(type(self).__name__, settings.get("reduction", "mean"), *self.reductions)
        super().takes(**settings)

    def extra_repr(self) -> str:
        return ""


class CrossEntropyLoss(Loss):
    """−log softmax(logits)[target]. Shapes: logits (N, C), target (N,); :func:`ops.fused.cross_entropy` has more."""

    function = fused.cross_entropy

    def __init__(
        self, weight: Any = None, ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0
    ) -> None:
        self.takes(weight=weight, ignore_index=ignore_index, reduction=reduction, label_smoothing=label_smoothing)


class NLLLoss(Loss):
    """−input[target] for log-probabilities. Shapes: input (N, C), target (N,)."""

    function = losses.nll_loss

    def __init__(self, weight: Any = None, ignore_index: int = -100, reduction: str = "mean") -> None:
        self.takes(weight=weight, ignore_index=ignore_index, reduction=reduction)


class MSELoss(Loss):
    """(input − target)². Input and target have one shape.

    >>> MSELoss()(Tensor([1.0, 3.0]), Tensor([1.0, 1.0])).item()
    2.0
    """

    function = losses.mse_loss

    def __init__(self, reduction: str = "mean") -> None:
        self.takes(reduction=reduction)


class L1Loss(Loss):
    """|input − target|. Input and target have one shape."""

    function = losses.l1_loss

    def __init__(self, reduction: str = "mean") -> None:
        self.takes(reduction=reduction)


class SmoothL1Loss(Loss):
    """:class:`HuberLoss` with delta = ``beta``, divided by ``beta``."""

    function = losses.smooth_l1_loss

    def __init__(self, reduction: str = "mean", beta: float = 1.0) -> None:
        self.takes(reduction=reduction, beta=beta)


class HuberLoss(Loss):
    """e²/2 where |e| ≤ delta, delta · (|e| − delta/2) beyond, with e = input − target (Huber 1964)."""

    function = losses.huber_loss

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        self.takes(reduction=reduction, delta=delta)


class BCELoss(Loss):
    """−target · ln p − (1 − target) · ln(1 − p) for probabilities p. Input and target have one shape."""

    function = losses.binary_cross_entropy

    def __init__(self, weight: Any = None, reduction: str = "mean") -> None:
        self.takes(weight=weight, reduction=reduction)


class BCEWithLogitsLoss(Loss):
    """:class:`BCELoss` for logits: p = σ(input)."""

    function = losses.binary_cross_entropy_with_logits

    def __init__(self, weight: Any = None, reduction: str = "mean", pos_weight: Any = None) -> None:
        self.takes(weight=weight, reduction=reduction, pos_weight=pos_weight)


class KLDivLoss(Loss):
    """target · (ln target − input) for log-probabilities ``input``. The reduction "batchmean" divides by the batch."""

    function = losses.kl_div
    reductions = ("batchmean",)

    def __init__(self, reduction: str = "mean", log_target: bool = False) -> None:
        self.takes(reduction=reduction, log_target=log_target)


class CosineSimilarity(Loss):
    """x1 · x2 / (‖x1‖ ‖x2‖) along ``dim``, which is gone from the result."""

    function = F.cosine_similarity

    def __init__(self, dim: int = 1, eps: float = 1e-08) -> None:
        self.takes(dim=dim, eps=eps)


class PairwiseDistance(Loss):
    """‖x1 − x2 + eps‖, the p-norm over the last axis, which is gone from the result."""

    function = F.pairwise_distance

    def __init__(self, p: float = 2.0, eps: float = 1e-06, keepdim: bool = False) -> None:
        self.takes(p=p, eps=eps, keepdim=keepdim)
