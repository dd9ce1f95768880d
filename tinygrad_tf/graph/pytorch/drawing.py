"""Ops that draw random numbers: PyTorch cannot repeat our draws, so its own result is computed with our masks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

#: Whether a call draws, by the op.
DRAWING: dict[str, Callable[..., bool]] = {
    "aten.dropout.default": lambda x, p=0.5, train=True: bool(train) and p > 0,
    "aten.native_dropout.default": lambda x, p, train=True: train is not False and p > 0,
    "aten.scaled_dot_product_attention.default": lambda q, k, v, mask=None, dropout_p=0.0, *_, **__: dropout_p > 0,
}


def with_mask(torch: Any, name: str, args: Any, kwargs: Any, ours: Any) -> Any:
    """PyTorch's own result of an op that draws, with the mask that was drawn here."""
    Y = ours[0] if isinstance(ours, tuple) else ours
    while "keep" not in Y.params and Y.op is not None and Y.op.name != "where":
        Y = Y.inputs[0]  # a dropout inside attention lies under a change of shape
    keep = Y.params.get("keep")
    if name == "aten.scaled_dot_product_attention.default":
        return _attended(torch, keep, *args, **kwargs)
    p = args[1] if len(args) > 1 else kwargs["p"]
    made = args[0] * 0 if keep is None else args[0] * torch.from_numpy(keep) / (1 - p)
    return (made, None) if isinstance(ours, tuple) else made


def _attended(torch: Any, keep: Any, Q: Any, K: Any, V: Any, attn_mask: Any = None, dropout_p: float = 0.0,
              is_causal: bool = False, *, scale: float | None = None, enable_gqa: bool = False) -> Any:  # fmt: skip
    """Attention in PyTorch's functions, with the weights that ``keep`` leaves."""
    if enable_gqa:
        K, V = (X.repeat_interleave(Q.shape[-3] // X.shape[-3], -3) for X in (K, V))
    S = Q @ K.mT * (Q.shape[-1] ** -0.5 if scale is None else scale)
    allowed = torch.ones(S.shape, dtype=torch.bool)
    if is_causal:
        allowed = allowed.tril()
    elif attn_mask is not None and attn_mask.dtype == torch.bool:
        allowed = allowed & attn_mask
    elif attn_mask is not None:
        S = S + attn_mask
        allowed = -torch.inf < S
    some = allowed.any(-1, keepdim=True)  # a row with nothing to attend to gives zeros
    P = torch.where(allowed, torch.softmax(torch.where(some, S.masked_fill(~allowed, -torch.inf), 0), -1), 0)
    kept = torch.from_numpy(np.asarray(keep).reshape(S.shape))
    return torch.where(kept, P / (1 - dropout_p or 1), 0) @ V
