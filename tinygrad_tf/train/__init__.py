"""Training a model: the loop, checkpoints to go on from, and figures of what was learnt."""

from ..signals import interruptible
from .figures import cross_attention, save_attention, save_curves
from .keeping import CheckpointFile
from .saving import Checkpoint, load_checkpoint, save_checkpoint
from .settings import History, TrainConfig
from .trainer import Trainer, batch_loss, load_model, translate

__all__ = [
    "Checkpoint", "CheckpointFile", "History", "TrainConfig", "Trainer", "batch_loss", "cross_attention",
    "interruptible", "load_checkpoint", "load_model", "save_attention", "save_checkpoint", "save_curves", "translate",
]  # fmt: skip
