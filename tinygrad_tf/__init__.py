"""tinygrad_tf: a reverse-mode autograd engine on NumPy, a real Transformer on it, and pictures of how dW flows."""

from . import nn, ops, optim
from .autograd import enable_grad, grad, no_grad
from .random import manual_seed
from .tensor import Tensor
from .transforms import gradcheck

__all__ = ["Tensor", "enable_grad", "grad", "gradcheck", "manual_seed", "nn", "no_grad", "ops", "optim"]

__version__ = "0.1.0"
