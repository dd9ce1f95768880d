"""Layers, losses, containers and the Transformer's parts, under PyTorch's names."""

from ..ops.heads import join_heads, split_heads
from . import functional, init, utils
from .activations import (
    CELU,
    ELU,
    GELU,
    GLU,
    SELU,
    Flatten,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    Mish,
    PReLU,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Softmin,
    Softplus,
    Softsign,
    Tanh,
    Tanhshrink,
    Unflatten,
)
from .attention import MultiheadAttention
from .cache import Cache
from .containers import ModuleDict, ModuleList, ParameterList, Sequential
from .costs import summary
from .layers import Dropout, Embedding, Identity, LayerNorm, Linear, RMSNorm
from .losses import (
    BCELoss,
    BCEWithLogitsLoss,
    CosineSimilarity,
    CrossEntropyLoss,
    HuberLoss,
    KLDivLoss,
    L1Loss,
    MSELoss,
    NLLLoss,
    PairwiseDistance,
    SmoothL1Loss,
)
from .module import Module, scoped
from .parts import Parameter
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
    "CELU", "ELU", "GELU", "GLU", "SELU", "BCELoss", "BCEWithLogitsLoss", "Cache", "CosineSimilarity",
    "CrossEntropyLoss", "Dropout", "Embedding", "Flatten", "Hardsigmoid", "Hardswish", "Hardtanh", "HuberLoss",
    "Identity", "KLDivLoss", "L1Loss", "LayerNorm", "LeakyReLU", "LearnedPositions", "Linear", "LogSigmoid",
    "LogSoftmax", "MSELoss", "Mish", "Module", "ModuleDict", "ModuleList", "MultiheadAttention", "NLLLoss", "PReLU",
    "PairwiseDistance", "Parameter", "ParameterList", "RMSNorm", "ReLU", "ReLU6", "RotaryPositions", "Sequential",
    "SiLU", "Sigmoid", "SinusoidalPositions", "SmoothL1Loss", "Softmax", "Softmin", "Softplus", "Softsign", "Summary",
    "Tanh", "Tanhshrink", "Transformer", "TransformerDecoder", "TransformerDecoderLayer", "TransformerEncoder",
    "TransformerEncoderLayer", "Unflatten", "functional", "init", "join_heads", "scoped", "sinusoids",
    "split_heads", "summary", "utils",
]  # fmt: skip
