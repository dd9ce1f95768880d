"""The kernels that Numba compiles: the same functions, and the same saved arrays, as NumPy's beside them.

What they do not handle (float16, bytes in the other order, arrays with gaps, no entries) they pass on to those.
``adam`` is for ``optim``.
"""

from __future__ import annotations

from ..pair import pairs
from . import attention, dense, loss, pointwise, rows
from .gemm import FOUND

PAIRS = {
    **pairs(rows, "softmax", "log_softmax", "layer_norm", "rms_norm"),
    **pairs(pointwise, "gelu", "gelu_tanh", "silu"),
    **pairs(loss, "cross_entropy"),
}
if FOUND:  # without a BLAS that can be called, NumPy's kernels do the products
    PAIRS.update(pairs(dense, "linear"), **pairs(attention, "attention"))
