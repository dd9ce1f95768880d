"""Optimisers, learning-rate schedules and gradient clipping, with PyTorch's names, defaults and formulas."""

from ..nn.utils import clip_grad_norm_, clip_grad_value_
from . import lr_scheduler
from .base import Optimizer
from .cycles import CosineAnnealingWarmRestarts, CyclicLR, OneCycleLR
from .optimizers import SGD, Adagrad, Adam, AdamW, Muon, RMSprop
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

__all__ = [
    "SGD", "Adagrad", "Adam", "AdamW", "ConstantLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "CyclicLR",
    "ExponentialLR", "LRScheduler", "LambdaLR", "LinearLR", "MultiStepLR", "Muon", "NoamLR", "OneCycleLR", "Optimizer",
    "PolynomialLR", "RMSprop", "ReduceLROnPlateau", "SequentialLR", "StepLR", "WarmupCosineLR", "clip_grad_norm_",
    "clip_grad_value_", "lr_scheduler",
]  # fmt: skip
