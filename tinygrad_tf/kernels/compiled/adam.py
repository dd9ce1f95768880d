"""The step of Adam and AdamW in one pass: NumPy's formula, in ``optim``, reads and writes the same memory ten times."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import prange

from .team import fits, inner, kernel

Floats = np.ndarray[Any, Any]


@inner()
def _piece(p: Any, g: Any, m: Any, v: Any, numbers: Any) -> None:
    shrink, decay, beta1, rest1, beta2, rest2, root, eps, lr = numbers
    for i in range(p.size):
        x = p[i] * shrink
        d = g[i] + decay * p[i] if decay else g[i]  # 0 · ∞ would be NaN
        m[i] = beta1 * m[i] + rest1 * d
        v[i] = beta2 * v[i] + rest2 * d * d
        p[i] = x - m[i] / (np.sqrt(v[i]) / root + eps) * lr  # lr · m may overflow before the division


@kernel
def _step(n: Any, p: Any, g: Any, m: Any, v: Any, numbers: Any) -> None:
    for w in prange(n):
        a, z = w * p.size // n, (w + 1) * p.size // n
        _piece(p[a:z], g[a:z], m[a:z], v[a:z], numbers)


def adam(p: Floats, g: Floats, m: Floats, v: Floats, step: int, lr: float, betas: tuple[float, float], eps: float,
         weight_decay: float, decoupled: bool) -> bool:  # fmt: skip
    """Change the flat arrays p, m and v in place by step number ``step``. False if the kernel does not take them."""
    if not fits(p, g, m, v):
        return False
    (beta1, beta2), shrink = betas, 1 - lr * weight_decay if decoupled else 1.0
    decay = 0.0 if decoupled else weight_decay
    numbers = (shrink, decay, beta1, 1 - beta1, beta2, 1 - beta2, (1 - beta2**step) ** 0.5, eps, lr / (1 - beta1**step))
    _step(p.size, p, g, m, v, tuple(p.dtype.type(number) for number in numbers))
    return True
