"""The engine: a Tensor that remembers how it was made, and the walk that takes its gradient back.

Read it in this order:

1. ``tensor``: an array, its gradient, and the operation and inputs that made it;
2. ``recording``: what a thread works under: whether calls are recorded, and who watches;
3. ``dtypes``: how inputs of different types meet;
4. ``operation``: a forward and a gradient rule, and the call that makes a node of the graph;
5. ``rule``: a rule's source, cut down to the lines that the wanted gradients need;
6. ``walk``: from the loss back to the leaves, newest Tensor first.

Beside it stand ``mistakes`` (what the engine says of them), ``changes`` (values that were written to between forward
and backward), ``places`` (which module and which of your lines computed something), ``function`` (ops of your own as a
class), ``recompute`` (``checkpoint()``, less memory for more time) and ``debugging`` (``debug()``, where the first
wrong number comes from).
"""

from .debugging import debug
from .function import Function
from .operation import Op, op
from .recompute import checkpoint
from .recording import enable_grad, is_grad_enabled, no_grad
from .tensor import Tensor, implements
from .walk import backward, grad

__all__ = [
    "Function", "Op", "Tensor", "backward", "checkpoint", "debug", "enable_grad", "grad", "implements",
    "is_grad_enabled", "no_grad", "op",
]  # fmt: skip
