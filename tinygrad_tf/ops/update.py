"""``w -= η * w.grad``: what augmented assignment does to a Tensor.

A Tensor is not written to, for its gradient rule may need the old values: ``y += x`` makes a new one called ``y``. A
leaf that learns is the exception, where nothing is recorded: a step of gradient descent, in place, as in PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import error
from ..op import state
from ..tensor import FUNCTIONS, Tensor


def _augmented(sign: str, name: str) -> Callable[[Tensor, Any], Any]:
    def method(self: Tensor, other: Any) -> Any:
        if self.op is not None or not self.requires_grad:
            return NotImplemented  # Python goes on with self + other
        if state.recording:
            raise error(RuntimeError, f"{sign}=", {"self": self}, "a leaf that learns is not changed while calls are "
                        "recorded", "write it within `with no_grad():`, or give the result another name")  # fmt: skip
        new = FUNCTIONS[name](self, other)
        if new.shape != self.shape or not np.can_cast(new.dtype, self.dtype, "same_kind"):
            raise error(RuntimeError, f"{sign}=", {"self": self, "the result": new}, "what is changed in place keeps "
                        "its shape and kind", "sum or cast the other operand first")  # fmt: skip
        self.data[...] = new.data
        return self

    return method


for _attribute, _sign, _name in (("__iadd__", "+", "add"), ("__isub__", "-", "subtract"), ("__imul__", "*", "multiply"),
                                 ("__itruediv__", "/", "divide")):  # fmt: skip
    setattr(Tensor, _attribute, _augmented(_sign, _name))
