"""Modules under PyTorch's names."""

from ..ops.heads import join_heads, split_heads
from . import functional, init, utils
from .attention import MultiheadAttention, attend
from .cache import Cache
from .containers import ModuleDict, ModuleList, ParameterList, Sequential
from .costs import summary
from .layers import (
    GELU,
    Dropout,
    Embedding,
    Identity,
    LayerNorm,
    Linear,
    RMSNorm,
    Softmax,
)
from .module import Module, Parameter, scoped
from .of_functions import (
    CELU,
    ELU,
    GLU,
    SELU,
    BCELoss,
    BCEWithLogitsLoss,
    CosineSimilarity,
    CrossEntropyLoss,
    Flatten,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    HuberLoss,
    KLDivLoss,
    L1Loss,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    Mish,
    MSELoss,
    NLLLoss,
    PairwiseDistance,
    PReLU,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    SmoothL1Loss,
    Softmin,
    Softplus,
    Softsign,
    Tanh,
    Tanhshrink,
    Unflatten,
)
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
    "TransformerEncoderLayer", "Unflatten", "attend", "functional", "init", "join_heads", "scoped", "sinusoids",
    "split_heads", "summary", "utils",
]  # fmt: skip
