"""What exists only because PyTorch spells it so: nobody who reads the engine needs it."""

from .devices import cuda, device
from .recording import inference_mode, set_grad_enabled

__all__ = ["cuda", "device", "inference_mode", "set_grad_enabled"]
