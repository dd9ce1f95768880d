"""Modules under PyTorch's names."""

from . import functional, init
from .attention import MultiheadAttention
from .layers import (
    GELU,
    CrossEntropyLoss,
    Dropout,
    Embedding,
    Identity,
    LayerNorm,
    Linear,
    ModuleList,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
)
from .module import Module, Parameter, scoped
from .positional import LearnedPositions, SinusoidalPositions, sinusoids
from .transformer import (
    Transformer,
    TransformerDecoder,
    TransformerDecoderLayer,
    TransformerEncoder,
    TransformerEncoderLayer,
)

__all__ = [
    "GELU", "CrossEntropyLoss", "Dropout", "Embedding", "Identity", "LayerNorm", "LearnedPositions", "Linear", "Module",
    "ModuleList", "MultiheadAttention", "Parameter", "ReLU", "Sequential", "Sigmoid", "SinusoidalPositions", "Softmax",
    "Tanh", "Transformer", "TransformerDecoder", "TransformerDecoderLayer", "TransformerEncoder",
    "TransformerEncoderLayer", "functional", "init", "scoped", "sinusoids",
]  # fmt: skip
