"""Multi-head attention with PyTorch's constructor, names and mask convention."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.tensor import Tensor, to_array
from ..errors import error
from ..fields import check_number
from ..ops.fused import attention, attention_weights, dropout, linear
from ..ops.heads import join_heads, split_heads
from ..ops.join import concatenate
from ..ops.shape import broadcast_to
from . import init
from .cache import Cache
from .layers import Linear, empty, probability
from .module import Module
from .parts import Parameter


def allowed_mask(attn_mask: Any, key_padding_mask: Any, batch: int, n_heads: int, dtype: Any) -> Any:
    """PyTorch's two masks as the one that ``attention`` takes, which broadcasts to (B, H, L, S). None without masks.

    PyTorch's boolean masks are true where attention is NOT allowed, the opposite of ours; its float masks are added to
    the scores, as ours are. ``attn_mask`` is (L, S) or (B·H, L, S), ``key_padding_mask`` (B, S).
    """
    masks = []
    if attn_mask is not None:
        split = (batch, n_heads, *attn_mask.shape[1:])  # (B·H, L, S) → (B, H, L, S)
        masks.append(attn_mask.reshape(split) if attn_mask.ndim == 3 else attn_mask)
    if key_padding_mask is not None:
        masks.append(key_padding_mask[:, None, None, :])  # (B, 1, 1, S)
    if all(mask.dtype == np.bool_ for mask in masks):
        return ~(masks[0] | masks[1]) if len(masks) == 2 else ~masks[0] if masks else None
    added = [
        np.where(mask, -np.inf, 0).astype(dtype) if mask.dtype == np.bool_ else mask.astype(dtype) for mask in masks
    ]
    return added[0] + added[1] if len(added) == 2 else added[0]


def as_mask(mask: Any) -> Any:
    """A mask as an array or a Tensor."""
    return mask if mask is None or isinstance(mask, Tensor) else to_array(mask)


class MultiheadAttention(Module):
    """Several attentions side by side ("Attention Is All You Need", section 3.2.2), as ``torch.nn.MultiheadAttention``.

    Q = X · W_qᵀ + b_q, and likewise K and V. Head h takes the columns h·d_k … (h+1)·d_k, where d_k = embed_dim /
    num_heads, and computes softmax(Q · Kᵀ / √d_k) · V. The heads are joined and go through ``out_proj``.
    ``in_proj_weight`` (3·embed_dim, embed_dim) holds W_q, W_k and W_v, one below the other; with ``kdim`` or ``vdim``
    they are three parameters.

    Shapes: query (L, B, E), key and value (S, B, E); with ``batch_first`` (B, L, E) and (B, S, E); without a batch
    (L, E) and (S, E). Returns the output in the query's shape and the weights (B, L, S), or None without
    ``need_weights``. Masks are PyTorch's; ``attn_mask`` may also be the word "causal", which costs no memory. With a
    ``cache``, self-attention (query and key are the same object) takes the new tokens only and remembers their keys
    and values; attention to a memory projects it once.

    >>> attend = MultiheadAttention(8, 2, batch_first=True)
    >>> x = Tensor(np.zeros((1, 3, 8), "float32"))
    >>> y, weights = attend(x, x, x)
    >>> y.shape, weights.shape
    ((1, 3, 8), (1, 3, 3))
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
    ) -> None:
        check_number("MultiheadAttention", "embed_dim", embed_dim)
        check_number("MultiheadAttention", "num_heads", num_heads)
        if num_heads < 1 or embed_dim % num_heads:
            raise error(
                ValueError,
                "MultiheadAttention",
                got={"embed_dim": embed_dim, "num_heads": num_heads},
                rule="embed_dim is a multiple of num_heads: every head gets an equal share",
                cure="choose for example embed_dim=512, num_heads=8",
            )
        self.embed_dim, self.num_heads, self.head_dim = embed_dim, num_heads, embed_dim // num_heads
        self.dropout = probability("MultiheadAttention", "dropout", dropout)
        self.batch_first, self.add_zero_attn = batch_first, add_zero_attn
        self.kdim, self.vdim = kdim or embed_dim, vdim or embed_dim
        self.in_proj_weight: Parameter | None = None
        if self.kdim == self.vdim == embed_dim:
            self.in_proj_weight = empty(3 * embed_dim, embed_dim)
        else:
            self.q_proj_weight = empty(embed_dim, embed_dim)
            self.k_proj_weight = empty(embed_dim, self.kdim)
            self.v_proj_weight = empty(embed_dim, self.vdim)
        self.in_proj_bias = empty(3 * embed_dim) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias)
        self.bias_k = empty(1, 1, embed_dim) if add_bias_kv else None
        self.bias_v = empty(1, 1, embed_dim) if add_bias_kv else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        for name, parameter in self._members(Parameter):
            if name.endswith("proj_weight"):
                init.xavier_uniform_(parameter)
            elif name in ("bias_k", "bias_v"):
                init.xavier_normal_(parameter)
        for bias in (self.in_proj_bias, self.out_proj.bias):
            if bias is not None:
                init.zeros_(bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
        *,
        cache: Cache | None = None,
    ) -> tuple[Tensor, Tensor | None]:
        causal, itself = isinstance(attn_mask, str), key is query
        if causal and attn_mask != "causal":
            raise error(
                ValueError,
                "MultiheadAttention",
                got={"attn_mask": repr(attn_mask)},
                rule='the only mask with a name is "causal"',
                cure='write attn_mask="causal"',
            )
        self._check_inputs(query, key, value)
        L, S = (x.shape[-2 if self.batch_first or query.ndim == 2 else 0] for x in (query, key))
        S += 0 if cache is None or not itself else cache.length_of(self)
        if causal and (self.bias_k is not None or self.add_zero_attn):  # keys that are added may always be seen
            causal, attn_mask = False, ~np.tri(L, S, S - L, dtype=bool)
        attn_mask, key_padding_mask = None if causal else as_mask(attn_mask), as_mask(key_padding_mask)
        self._check_masks(query, key, (L, S), attn_mask, key_padding_mask, is_causal and not causal)
        batched = query.ndim == 3
        if not batched:
            query, key, value = query.unsqueeze(0), key.unsqueeze(0), value.unsqueeze(0)
            key_padding_mask = None if key_padding_mask is None else key_padding_mask[None]
        elif not self.batch_first:
            query, key, value = query.swapaxes(0, 1), key.swapaxes(0, 1), value.swapaxes(0, 1)  # (B, L, E)
        Q, K, V = self._remembered(query, key, value, itself, cache)
        K, V, extra = self._extend(K, V)
        attn_mask, key_padding_mask = _padded(attn_mask, extra), _padded(key_padding_mask, extra)
        mask = allowed_mask(attn_mask, key_padding_mask, query.shape[0], self.num_heads, Q.dtype)
        Q, K, V = (split_heads(X, n_heads=self.num_heads) for X in (Q, K, V))  # (B, H, L, d_k), (B, H, S, d_k)
        Q.name, K.name, V.name = "Q", "K", "V"  # for formulas and pictures
        p = self.dropout if self.training else 0.0
        weights = None
        if need_weights:
            weights = attention_weights(Q, K, mask, causal)
            weights = dropout(weights, p)
            Y = weights @ V
            weights = weights.mean(axis=1) if average_attn_weights else weights
        else:
            Y = attention(Q, K, V, mask, causal, p)
        Y = self.out_proj(join_heads(Y))  # (B, L, E)
        if not batched:
            return Y.squeeze(0), None if weights is None else weights.squeeze(0)
        return Y if self.batch_first else Y.swapaxes(0, 1), weights

    def _remembered(
        self, query: Tensor, key: Tensor, value: Tensor, itself: bool, cache: Cache | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Q (B, L, E), and K and V (B, S, E) with those that the cache holds."""
        Q = self._project(query, "q")
        if cache is None or itself:
            K, V = self._project(key, "k"), self._project(value, "v")
            return Q, *((K, V) if cache is None else cache.extend(self, K, V))
        return Q, *cache.keep(self, lambda: (self._project(key, "k"), self._project(value, "v")))

    def _project(self, x: Tensor, letter: str) -> Tensor:
        """X · Wᵀ + b with the part of the weights that makes Q, K or V."""
        E, i = self.embed_dim, "qkv".index(letter)
        part = slice(i * E, (i + 1) * E)
        b = None if self.in_proj_bias is None else self.in_proj_bias[part]
        if self.in_proj_weight is None:
            W: Tensor = getattr(self, f"{letter}_proj_weight")
        else:
            W = self.in_proj_weight[part]
            W.name = f"W_{letter}"
        if b is not None:
            b.name = f"b_{letter}"
        return linear(x, W, b)

    def _extend(self, K: Tensor, V: Tensor) -> tuple[Tensor, Tensor, int]:
        """K and V (B, S, E) with the further positions that ``add_bias_kv`` and ``add_zero_attn`` ask for."""
        extra = 0
        one = (K.shape[0], 1, self.embed_dim)
        if self.bias_k is not None and self.bias_v is not None:
            K = concatenate([K, broadcast_to(self.bias_k, one)], axis=1)
            V = concatenate([V, broadcast_to(self.bias_v, one)], axis=1)
            extra += 1
        if self.add_zero_attn:
            zero = np.zeros(one, K.dtype)
            K, V = concatenate([K, zero], axis=1), concatenate([V, zero], axis=1)
            extra += 1
        return K, V, extra

    def _check_inputs(self, query: Tensor, key: Tensor, value: Tensor) -> None:
        got = {"query": query, "key": key, "value": value}
        widths = (self.embed_dim, self.kdim, self.vdim)
        if query.ndim not in (2, 3) or not query.ndim == key.ndim == value.ndim:
            raise error(
                ValueError,
                "MultiheadAttention",
                got=got,
                rule="query, key and value have three axes, or all two without a batch",
                cure="write x.unsqueeze(1) for a batch of one, x.unsqueeze(0) with batch_first=True",
            )
        if tuple(x.shape[-1] for x in (query, key, value)) != widths:
            raise error(
                ValueError,
                "MultiheadAttention",
                got=got,
                rule=f"their last axes are {widths}: embed_dim, kdim, vdim",
                cure="give the constructor the widths of the inputs, as embed_dim, kdim and vdim",
            )
        if key.shape[:-1] != value.shape[:-1]:
            raise error(
                ValueError,
                "MultiheadAttention",
                got=got,
                rule="key and value have equal lengths",
                cure="pass the same sequence as key and as value",
            )
        axis = 0 if self.batch_first else 1
        if query.ndim == 3 and query.shape[axis] != key.shape[axis]:
            raise error(
                ValueError,
                "MultiheadAttention",
                got=got,
                rule=f"the batch, axis {axis}, is as large in all three",
                cure="write batch_first=True in the constructor if the batch comes first",
            )

    def _check_masks(
        self, query: Tensor, key: Tensor, lengths: tuple[int, int], attn_mask: Any, key_padding_mask: Any,
        is_causal: bool,
    ) -> None:  # fmt: skip
        if is_causal and attn_mask is None:
            raise error(
                RuntimeError,
                "MultiheadAttention",
                got={"is_causal": True},
                rule="is_causal only says what attn_mask is; the mask itself is needed too",
                cure="pass attn_mask=Transformer.generate_square_subsequent_mask(L)",
            )
        batch = () if query.ndim == 2 else (query.shape[0 if self.batch_first else 1],)
        L, S = lengths
        shapes = {"attn_mask": [(L, S), (*[n * self.num_heads for n in batch or (1,)], L, S)],
                  "key_padding_mask": [(*batch, S)]}  # fmt: skip
        for (name, fitting), mask in zip(shapes.items(), (attn_mask, key_padding_mask), strict=True):
            got = {name: mask, "query": query, "key": key}
            if mask is not None and mask.dtype.kind not in "bf":
                raise error(
                    TypeError,
                    "MultiheadAttention",
                    got=got,
                    rule=f"{name} is boolean, true where attention is NOT allowed, or float, added to the scores",
                    cure=f"write {name}.astype(bool)",
                )
            if mask is not None and mask.shape not in fitting:
                raise error(
                    ValueError,
                    "MultiheadAttention",
                    got=got,
                    rule=(
                        f"{name} has shape {' or '.join(map(str, fitting))}: attn_mask is (L, S) or (B·num_heads, L, "
                        "S), key_padding_mask (B, S)"
                    ),
                    cure=f"give it the shape {fitting[0]}; B comes first in masks, with batch_first or without",
                )


def _padded(mask: Any, extra: int) -> Any:
    """The mask with ``extra`` more keys, which every query may attend to: False if boolean, 0 if float."""
    if mask is None or extra == 0:
        return mask
    return concatenate([mask, np.zeros((*mask.shape[:-1], extra), mask.dtype)], axis=-1)
