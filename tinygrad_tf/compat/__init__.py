"""What exists only because PyTorch spells it so. Readers of the engine can leave it out."""

from . import in_place
from .devices import device
from .recording import inference_mode, set_grad_enabled

__all__ = ["device", "in_place", "inference_mode", "set_grad_enabled"]
