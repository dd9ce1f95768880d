"""Whole formulas as one node: a definition in primitives, a readable rule, and a kernel for speed.

The definition (the op's forward) is the truth. It runs on Tensors as on arrays, and a picture that opens the node shows
it. On arrays the kernel stands in for definition and rule. Second derivatives go through the rule, never through the
kernel, whose saved arrays would be constants to them. The files have the names of those in ``kernels``.
"""

from .attending import attention, attention_weights, scaled_dot_product_attention
from .dense import embedding, linear
from .loss import cross_entropy
from .pointwise import dropout, gelu, gelu_tanh, keep_mask, silu
from .rows import layer_norm, log_softmax, rms_norm, softmax

__all__ = [
    "attention", "attention_weights", "cross_entropy", "dropout", "embedding", "gelu", "gelu_tanh", "keep_mask",
    "layer_norm", "linear", "log_softmax", "rms_norm", "scaled_dot_product_attention", "silu", "softmax",
]  # fmt: skip
