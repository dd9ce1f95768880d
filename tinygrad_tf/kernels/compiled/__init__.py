"""The kernels that Numba compiles. They are the same functions as NumPy's and save the same arrays.

What they do not handle (float16, a foreign order of bytes, arrays with gaps, no entries) they pass on to NumPy's.
``adam`` is for ``optim``.
"""

from __future__ import annotations

from .. import dense as plain
from ..pair import pairs
from . import attention, dense, loss, pointwise, rows
from .gemm import FOUND

PAIRS = {
    **pairs(rows, "softmax", "log_softmax", "layer_norm", "rms_norm"),
    **pairs(pointwise, "gelu", "gelu_tanh", "silu"),
    **pairs(loss, "cross_entropy"),
    "embedding": (plain.embedding, dense.d_embedding),
}
if FOUND:  # without a BLAS that can be called, NumPy's kernels do the products
    PAIRS.update(pairs(dense, "linear"), **pairs(attention, "attention"))
