"""The learning-rate schedules where PyTorch keeps them, as in ``optim.lr_scheduler.CosineAnnealingLR``."""

from .cycles import CosineAnnealingWarmRestarts, CyclicLR, OneCycleLR
from .schedules import (
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    MultiStepLR,
    PolynomialLR,
    ReduceLROnPlateau,
    StepLR,
)
from .scheduling import LRScheduler
from .warmups import ConstantLR, LinearLR, NoamLR, SequentialLR, WarmupCosineLR

_LRScheduler = LRScheduler  # PyTorch's name of old, which subclasses still use

__all__ = [
    "ConstantLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "CyclicLR", "ExponentialLR", "LRScheduler",
    "LambdaLR", "LinearLR", "MultiStepLR", "NoamLR", "OneCycleLR", "PolynomialLR", "ReduceLROnPlateau", "SequentialLR",
    "StepLR", "WarmupCosineLR",
]  # fmt: skip
