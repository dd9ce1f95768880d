"""Arrays in, arrays out: the fast way through the fused ops. Nothing here knows Tensors; NumPy is all it imports.

Each op has ``name(*inputs, **params) -> (Y, saved)`` and ``d_name(dY, Y, saved, needs, *inputs, **params)``, which
returns a gradient per input, or None where ``needs`` is false. The rules in ``ops.fused`` say what they compute; tests
hold them to it.
"""

from .attention import attention, d_attention
from .dense import d_embedding, d_linear, embedding, linear
from .erf import erf
from .loss import cross_entropy, d_cross_entropy
from .pointwise import d_dropout, d_gelu, d_gelu_tanh, d_silu, dropout, gelu, gelu_tanh, silu
from .rows import (
    d_layer_norm,
    d_log_softmax,
    d_rms_norm,
    d_softmax,
    layer_norm,
    log_softmax,
    rms_norm,
    softmax,
)

__all__ = [
    "attention", "cross_entropy", "d_attention", "d_cross_entropy", "d_dropout", "d_embedding", "d_gelu", "d_gelu_tanh",
    "d_layer_norm", "d_linear", "d_log_softmax", "d_rms_norm", "d_silu", "d_softmax", "dropout", "embedding", "erf",
    "gelu", "gelu_tanh", "layer_norm", "linear", "log_softmax", "rms_norm", "silu", "softmax",
]  # fmt: skip
