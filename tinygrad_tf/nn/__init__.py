"""Modules under PyTorch's names."""

from ..ops.heads import join_heads, split_heads
from . import functional, init
from .attention import MultiheadAttention, attend
from .cache import Cache
from .costs import summary
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
    RMSNorm,
    Sequential,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from .module import Module, Parameter, scoped
from .positional import LearnedPositions, RotaryPositions, SinusoidalPositions, sinusoids
from .table import Summary
from .transformer import (
    Transformer,
    TransformerDecoder,
    TransformerDecoderLayer,
    TransformerEncoder,
    TransformerEncoderLayer,
)

__all__ = [
    "GELU", "Cache", "CrossEntropyLoss", "Dropout", "Embedding", "Identity", "LayerNorm", "LearnedPositions", "Linear",
    "Module", "ModuleList", "MultiheadAttention", "Parameter", "RMSNorm", "ReLU", "RotaryPositions", "Sequential",
    "SiLU", "Sigmoid", "SinusoidalPositions", "Softmax", "Summary", "Tanh", "Transformer", "TransformerDecoder",
    "TransformerDecoderLayer", "TransformerEncoder", "TransformerEncoderLayer", "attend", "functional", "init",
    "join_heads", "scoped", "sinusoids", "split_heads",
    "summary",
]  # fmt: skip
