"""Layers and losses that are one function each: a row says which, and the settings with PyTorch's defaults.

``inplace`` is accepted and changes nothing: a Tensor is never written to.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from ..ops import fused, losses
from ..ops.shape import flatten, unflatten
from ..tensor import Tensor
from . import functional as F
from .module import Module, Parameter

_INPLACE = {"inplace": False}
_MUST = inspect.Parameter.empty  # a setting without a default


class FunctionLayer(Module):
    """The base of these: ``function`` of the inputs, then of the settings, which are the constructor's arguments.

    >>> LeakyReLU(0.5)(Tensor([-2.0, 2.0])).tolist()
    [-1.0, 2.0]
    """

    function: ClassVar[Callable[..., Any]]
    settings: ClassVar[Mapping[str, Any]] = {}
    __signature__: ClassVar[inspect.Signature] = inspect.Signature()

    def __init_subclass__(cls) -> None:
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        cls.__signature__ = inspect.Signature(
            [inspect.Parameter(name, kind, default=value) for name, value in cls.settings.items()]
        )

    def __init__(self, *args: Any, **settings: Any) -> None:
        given = self.__signature__.bind(*args, **settings)
        given.apply_defaults()
        for name, value in given.arguments.items():
            if name in ("weight", "pos_weight"):
                self.register_buffer(name, value if value is None or isinstance(value, Tensor) else Tensor(value))
            else:
                setattr(self, name, value)

    def forward(self, *inputs: Any) -> Any:
        settings = [getattr(self, name) for name in self.settings if name != "inplace"]
        return type(self).function(*inputs, *settings)

    def extra_repr(self) -> str:
        shown = [name for name in self.settings if name != "inplace" or getattr(self, name)]
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)


class QuietLayer(FunctionLayer):
    """One that prints without its settings, as PyTorch's losses and distances do."""

    def extra_repr(self) -> str:
        return ""


# ---- activations ----------------------------------------------------------------------------------------------------


class ReLU(FunctionLayer):
    """Y = max(X, 0)."""

    function, settings = F.relu, _INPLACE


class ReLU6(FunctionLayer):
    """Y = min(max(X, 0), 6)."""

    function, settings = F.relu6, _INPLACE


class LeakyReLU(FunctionLayer):
    """Y = X above 0, negative_slope · X below."""

    function, settings = F.leaky_relu, {"negative_slope": 0.01, **_INPLACE}


class ELU(FunctionLayer):
    """Y = X above 0, alpha · (e^X − 1) below."""

    function, settings = F.elu, {"alpha": 1.0, **_INPLACE}


class CELU(FunctionLayer):
    """Y = X above 0, alpha · (e^(X/alpha) − 1) below."""

    function, settings = F.celu, {"alpha": 1.0, **_INPLACE}


class SELU(FunctionLayer):
    """ELU with the scale and slope that keep mean 0 and variance 1 from layer to layer."""

    function, settings = F.selu, _INPLACE


class SiLU(FunctionLayer):
    """Y = X · σ(X)."""

    function, settings = F.silu, _INPLACE


class Mish(FunctionLayer):
    """Y = X · tanh(ln(1 + e^X))."""

    function, settings = F.mish, _INPLACE


class Hardtanh(FunctionLayer):
    """Y = X cut to min_val … max_val."""

    function, settings = F.hardtanh, {"min_val": -1.0, "max_val": 1.0, **_INPLACE}


class Tanh(FunctionLayer):
    """Y = tanh X."""

    function = F.tanh


class Sigmoid(FunctionLayer):
    """Y = 1 / (1 + e^−X)."""

    function = F.sigmoid


class Softplus(FunctionLayer):
    """Y = ln(1 + e^(beta · X)) / beta."""

    function, settings = F.softplus, {"beta": 1.0, "threshold": 20.0}


class Softsign(FunctionLayer):
    """Y = X / (1 + |X|)."""

    function = F.softsign


class Tanhshrink(FunctionLayer):
    """Y = X − tanh X."""

    function = F.tanhshrink


class LogSigmoid(FunctionLayer):
    """Y = ln σ(X)."""

    function = F.logsigmoid


class LogSoftmax(FunctionLayer):
    """Y = ln softmax(X) along ``dim``."""

    function, settings = F.log_softmax, {"dim": -1}


class Softmin(FunctionLayer):
    """Y = softmax(−X) along ``dim``."""

    function, settings = F.softmin, {"dim": -1}


class GLU(FunctionLayer):
    """Y = a · σ(b), where a and b are the halves of X along ``dim``."""

    function, settings = F.glu, {"dim": -1}


class Hardsigmoid(QuietLayer):
    """Y = X / 6 + 1/2, cut to 0 … 1."""

    function, settings = F.hardsigmoid, _INPLACE


class Hardswish(QuietLayer):
    """Y = X · hardsigmoid(X)."""

    function, settings = F.hardswish, _INPLACE


class PReLU(Module):
    """Y = X above 0, weight · X below; the weight, one or one for each channel, is learnt."""

    def __init__(self, num_parameters: int = 1, init: float = 0.25) -> None:
        self.num_parameters = num_parameters
        self.weight = Parameter(np.full(num_parameters, init, np.float32))

    def forward(self, x: Tensor) -> Any:
        return F.prelu(x, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


# ---- shapes ---------------------------------------------------------------------------------------------------------


class Flatten(FunctionLayer):
    """The axes start_dim … end_dim as one; the batch, axis 0, stays.

    >>> Flatten()(Tensor(np.zeros((2, 3, 4)))).shape
    (2, 12)
    """

    function, settings = flatten, {"start_dim": 1, "end_dim": -1}


class Unflatten(FunctionLayer):
    """The axis ``dim`` as several."""

    function, settings = unflatten, {"dim": _MUST, "unflattened_size": _MUST}


# ---- losses and distances -------------------------------------------------------------------------------------------

_WEIGHT, _MEAN = {"weight": None}, {"reduction": "mean"}


class CrossEntropyLoss(QuietLayer):
    """−log softmax(logits)[target], averaged; see :func:`tinygrad_tf.ops.fused.cross_entropy`."""

    function, settings = fused.cross_entropy, {**_WEIGHT, "ignore_index": -100, **_MEAN, "label_smoothing": 0.0}


class NLLLoss(QuietLayer):
    """−input[target] for log-probabilities, averaged."""

    function, settings = losses.nll_loss, {**_WEIGHT, "ignore_index": -100, **_MEAN}


class MSELoss(QuietLayer):
    """(input − target)², averaged.

    >>> MSELoss()(Tensor([1.0, 3.0]), Tensor([1.0, 1.0])).item()
    2.0
    """

    function, settings = losses.mse_loss, _MEAN


class L1Loss(QuietLayer):
    """|input − target|, averaged."""

    function, settings = losses.l1_loss, _MEAN


class SmoothL1Loss(QuietLayer):
    """The Huber loss divided by ``beta``."""

    function, settings = losses.smooth_l1_loss, {**_MEAN, "beta": 1.0}


class HuberLoss(QuietLayer):
    """e²/2 for errors |e| ≤ delta, delta · (|e| − delta/2) beyond, averaged."""

    function, settings = losses.huber_loss, {**_MEAN, "delta": 1.0}


class BCELoss(QuietLayer):
    """−target · ln p − (1 − target) · ln(1 − p) for probabilities p, averaged."""

    function, settings = losses.binary_cross_entropy, {**_WEIGHT, **_MEAN}


class BCEWithLogitsLoss(QuietLayer):
    """The same for logits: p = σ(input)."""

    function, settings = losses.binary_cross_entropy_with_logits, {**_WEIGHT, **_MEAN, "pos_weight": None}


class KLDivLoss(QuietLayer):
    """Target · (ln target − input) for log-probabilities ``input``, averaged."""

    function, settings = losses.kl_div, {**_MEAN, "log_target": False}


class CosineSimilarity(QuietLayer):
    """x1 · x2 / (‖x1‖ ‖x2‖) along ``dim``."""

    function, settings = F.cosine_similarity, {"dim": 1, "eps": 1e-8}


class PairwiseDistance(QuietLayer):
    """‖x1 − x2 + eps‖ over the last axis."""

    function, settings = F.pairwise_distance, {"p": 2.0, "eps": 1e-6, "keepdim": False}
