"""What exists only because PyTorch spells it so. Readers of the engine can leave it out."""

from .devices import device
from .recording import inference_mode, set_grad_enabled

__all__ = ["device", "inference_mode", "set_grad_enabled"]
