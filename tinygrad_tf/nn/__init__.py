"""Modules under PyTorch's names."""

from ..ops.heads import join_heads, split_heads
from . import functional, init
from .attention import MultiheadAttention, attend
from .cache import Cache
from .containers import ModuleDict, ModuleList, ParameterList, Sequential
from .costs import summary
from .layers import (
    GELU,
    CrossEntropyLoss,
    Dropout,
    Embedding,
    Identity,
    LayerNorm,
    Linear,
    ReLU,
    RMSNorm,
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
    "Module", "ModuleDict", "ModuleList", "MultiheadAttention", "Parameter", "ParameterList", "RMSNorm", "ReLU",
    "RotaryPositions", "Sequential", "SiLU", "Sigmoid", "SinusoidalPositions", "Softmax", "Summary", "Tanh",
    "Transformer", "TransformerDecoder", "TransformerDecoderLayer", "TransformerEncoder", "TransformerEncoderLayer",
    "attend", "functional", "init", "join_heads", "scoped", "sinusoids", "split_heads", "summary",
]  # fmt: skip
