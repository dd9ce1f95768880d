"""Arrays in, arrays out: the fast way through the fused ops. Nothing here knows Tensors.

Each op has ``name(*inputs, **params) -> (Y, saved)`` and ``d_name(dY, Y, saved, needs, *inputs, **params)``, which
returns a gradient for each input, or None where ``needs`` is false. The rules in ``ops.fused`` say what is computed;
tests hold the kernels to them.

There are two sets. NumPy's is always there. The other one is compiled by Numba (``pip install "tinygrad_tf[fast]"``);
``kernels.use("compiled")`` chooses it, and so does TINYGRAD_TF_KERNELS=compiled in the environment. A compiled kernel
makes one pass where NumPy makes ten, and OpenMP shares the work between all cores (NUMBA_NUM_THREADS says how many).
Adam and AdamW have such a kernel, too. The results of the two sets differ in the last digits, and so do those of the
compiled set with another number of threads.

Choosing the compiled set imports Numba, which takes 0.2 s. A kernel is compiled when it is first called: 0.3 to 2 s on
four cores at 2.8 GHz, 8 s for all that a training step of GPT-2 needs. What is compiled is kept on disk. The next
process reads it in 5 ms for each kernel, and 0.3 s more for the first.
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
