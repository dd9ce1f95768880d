"""Arrays in, arrays out: the fast way through the fused ops. Nothing here knows Tensors.

Each op has ``name(*inputs, **params) -> (Y, saved)`` and ``d_name(dY, Y, saved, needs, *inputs, **params)``, which
returns a gradient per input, or None where ``needs`` is false. The rules in ``ops.fused`` say what they compute; tests
hold them to it.

There are two sets of them. NumPy's is always there. The other one Numba compiles (``pip install "tinygrad_tf[fast]"``);
``kernels.use("compiled")``, or TINYGRAD_TF_KERNELS=compiled in the environment, chooses it. It makes one pass where
NumPy makes ten, and shares matrix products and everything else between all cores by OpenMP (NUMBA_NUM_THREADS says
how many). Adam and AdamW take their step so as well. Choosing it imports Numba, 0.2 s. A kernel is compiled when it is
first called, which takes 0.3 to 2 s on four cores at 2.8 GHz, 8 s for all that a GPT-2's training step needs. That is
kept on disk: the next process reads it in 5 ms a kernel, 0.3 s more for the first. Results differ in the last digits,
with the number of threads too.
"""

import os

from . import attention, dense, loss, pointwise, rows
from .choice import KERNELS, chosen, offer, use
from .pair import Kernel, pairs

__all__ = ["KERNELS", "Kernel", "chosen", "use"]

offer("numpy", {
    **pairs(rows, "softmax", "log_softmax", "layer_norm", "rms_norm"),
    **pairs(pointwise, "gelu", "gelu_tanh", "silu", "dropout"),
    **pairs(dense, "linear", "embedding"),
    **pairs(attention, "attention"),
    **pairs(loss, "cross_entropy"),
})  # fmt: skip
use(os.environ.get("TINYGRAD_TF_KERNELS") or "numpy")
