"""tinygrad_tf: a reverse-mode autograd engine on NumPy, a real Transformer on it, and pictures of how dW flows."""

from . import checkpoint as _files  # noqa: F401 (loaded first: later it would hide the function of that name)
from . import nn, ops, optim
from .autograd import enable_grad, grad, no_grad
from .debug import debug
from .function import Function
from .random import manual_seed
from .recompute import checkpoint
from .tensor import Tensor
from .transforms import gradcheck, hessian, hvp, jacobian, jvp, vjp

__all__ = [
    "Function", "Tensor", "checkpoint", "debug", "enable_grad", "grad", "gradcheck", "hessian", "hvp", "jacobian",
    "jvp", "manual_seed", "nn", "no_grad", "ops", "optim", "vjp",
]  # fmt: skip

__version__ = "0.1.0"
