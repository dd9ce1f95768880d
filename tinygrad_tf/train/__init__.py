"""Training a model: the loop, checkpoints to go on from, and figures of what was learnt."""

from .figures import cross_attention, save_attention, save_curves
from .saving import Checkpoint, load_checkpoint, save_checkpoint
from .trainer import History, TrainConfig, Trainer, batch_loss, interruptible, load_model, translate

__all__ = [
    "Checkpoint", "History", "TrainConfig", "Trainer", "batch_loss", "cross_attention", "interruptible",
    "load_checkpoint", "load_model", "save_attention", "save_checkpoint", "save_curves", "translate",
]  # fmt: skip
