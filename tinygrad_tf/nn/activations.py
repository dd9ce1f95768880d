"""Layers that are one function each, with PyTorch's names and defaults.

X and Y have one shape, unless the layer says otherwise. ``inplace`` is accepted and changes nothing: a Tensor is never
written to. The functions in ``functional`` have an example each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from ..autograd.tensor import Tensor
from ..ops.shape import flatten, unflatten
from . import functional as F
from .module import Module
from .parts import Parameter


class FunctionLayer(Module):
    """The base of these layers. It calls ``function`` with the inputs, then with the constructor's arguments.

    >>> LeakyReLU(0.5)(Tensor([-2.0, 2.0])).tolist()
    [-1.0, 2.0]
    """

    function: ClassVar[Callable[..., Any]]
    settings: Sequence[str] = ()

    def __init__(self) -> None:
        pass

    def takes(self, **settings: Any) -> None:
        """Keep the constructor's arguments as attributes; weights become buffers."""
        self.settings = tuple(settings)
        for name, value in settings.items():
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


class InplaceLayer(FunctionLayer):
    """A layer whose only argument is ``inplace``."""

    def __init__(self, inplace: bool = False) -> None:
        self.takes(inplace=inplace)


class QuietInplaceLayer(InplaceLayer):
    """A layer that prints without ``inplace``, as PyTorch's does."""

    def extra_repr(self) -> str:
        return ""


class ReLU(InplaceLayer):
    """Y = max(X, 0)."""

    function = F.relu


class ReLU6(InplaceLayer):
    """Y = min(max(X, 0), 6)."""

    function = F.relu6


class LeakyReLU(FunctionLayer):
    """Y = X above 0, negative_slope · X below (Maas et al. 2013)."""

    function = F.leaky_relu

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        self.takes(negative_slope=negative_slope, inplace=inplace)


class ELU(FunctionLayer):
    """Y = X above 0, alpha · (e^X − 1) below (Clevert et al. 2016)."""

    function = F.elu

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        self.takes(alpha=alpha, inplace=inplace)


class CELU(FunctionLayer):
    """Y = X above 0, alpha · (e^(X/alpha) − 1) below (Barron 2017)."""

    function = F.celu

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        self.takes(alpha=alpha, inplace=inplace)


class SELU(InplaceLayer):
    """Y = 1.0507 · elu(X, 1.6733), which keeps mean 0 and variance 1 from layer to layer (Klambauer et al. 2017)."""

    function = F.selu


class SiLU(InplaceLayer):
    """Y = X · σ(X) (Hendrycks, Gimpel 2016)."""

    function = F.silu


class Mish(InplaceLayer):
    """Y = X · tanh(ln(1 + e^X)) (Misra 2020)."""

    function = F.mish


class Hardtanh(FunctionLayer):
    """Y = X cut to min_val … max_val."""

    function = F.hardtanh

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        self.takes(min_val=min_val, max_val=max_val, inplace=inplace)


class Tanh(FunctionLayer):
    """Y = tanh X."""

    function = F.tanh


class Sigmoid(FunctionLayer):
    """Y = 1 / (1 + e^−X)."""

    function = F.sigmoid


class Softplus(FunctionLayer):
    """Y = ln(1 + e^(beta · X)) / beta."""

    function = F.softplus

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        self.takes(beta=beta, threshold=threshold)


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

    function = F.log_softmax

    def __init__(self, dim: int = -1) -> None:
        self.takes(dim=dim)


class Softmin(FunctionLayer):
    """Y = softmax(−X) along ``dim``."""

    function = F.softmin

    def __init__(self, dim: int = -1) -> None:
        self.takes(dim=dim)


class GLU(FunctionLayer):
    """Y = a · σ(b), where a and b are the halves of X along ``dim`` (Dauphin et al. 2016). Y has half of X's size."""

    function = F.glu

    def __init__(self, dim: int = -1) -> None:
        self.takes(dim=dim)


class Hardsigmoid(QuietInplaceLayer):
    """Y = X / 6 + 1/2, cut to 0 … 1."""

    function = F.hardsigmoid


class Hardswish(QuietInplaceLayer):
    """Y = X · hardsigmoid(X) (Howard et al. 2019)."""

    function = F.hardswish


class PReLU(Module):
    """Y = X above 0, weight · X below (He et al. 2015).

    The weight (num_parameters,) is learnt; it is one number, or one for each channel, axis 1.

    >>> PReLU()(Tensor([-2.0, 2.0])).tolist()
    [-0.5, 2.0]
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25) -> None:
        self.num_parameters = num_parameters
        self.weight = Parameter(np.full(num_parameters, init, np.float32))

    def forward(self, x: Tensor) -> Any:
        return F.prelu(x, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class GELU(FunctionLayer):
    """Y = X · Φ(X) (Hendrycks, Gimpel 2016). With ``approximate="tanh"`` it is the form that GPT-2 uses."""

    function = F.gelu

    def __init__(self, approximate: str = "none") -> None:
        self.takes(approximate=approximate)


class Softmax(FunctionLayer):
    """Y = e^X / Σ e^X along ``dim``."""

    function = F.softmax

    def __init__(self, dim: int = -1) -> None:
        self.takes(dim=dim)


# ---- shapes ---------------------------------------------------------------------------------------------------------


class Flatten(FunctionLayer):
    """X with the axes start_dim … end_dim joined into one. By default the batch, axis 0, stays.

    >>> Flatten()(Tensor(np.zeros((2, 3, 4)))).shape
    (2, 12)
    """

    function = flatten

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.takes(start_dim=start_dim, end_dim=end_dim)


class Unflatten(FunctionLayer):
    """X with the axis ``dim`` split into several.

    >>> Unflatten(1, (2, 3))(Tensor(np.zeros((4, 6)))).shape
    (4, 2, 3)
    """

    function = unflatten

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        self.takes(dim=dim, unflattened_size=unflattened_size)
