"""The layers and stacks of the Transformer. Names, defaults, masks and initial values are those of ``torch.nn``."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ..autograd.tensor import Tensor
from ..errors import error
from ..fields import wrong_sizes
from ..ops import fused
from ..ops.activation import relu
from . import init
from .attention import MultiheadAttention
from .cache import Cache
from .layers import Dropout, LayerNorm, Linear
from .module import Module

Activation = str | Callable[[Tensor], Tensor]
Layer = TypeVar("Layer", bound=Module)


def activation_function(activation: Activation) -> Callable[[Tensor], Tensor]:
    """The function that PyTorch calls by this name, or the function itself that was given."""
    named: dict[str, Callable[[Tensor], Tensor]] = {"relu": relu, "gelu": fused.gelu}
    if callable(activation):
        return activation
    if activation not in named:
        raise error(
            RuntimeError,
            "Transformer",
            got={"activation": repr(activation)},
            rule='activation is "relu", "gelu" or a function',
            cure='write activation="gelu"',
        )
    return named[activation]


class TransformerEncoderLayer(Module):
    """Self-attention, then a feed-forward network, each with a residual connection and a LayerNorm.

    As in the paper: x = norm1(x + SA(x)); x = norm2(x + FF(x)). With ``norm_first`` (Xiong et al. 2020):
    x = x + SA(norm1(x)); x = x + FF(norm2(x)). FF(x) is linear2(dropout(activation(linear1(x)))). Shapes: (L, B, E), or
    (B, L, E) with ``batch_first``. Boolean masks are true where attention is NOT allowed, as in PyTorch.

    >>> layer = TransformerEncoderLayer(8, 2, dim_feedforward=16, batch_first=True)
    >>> layer(Tensor(np.zeros((1, 3, 8), "float32"))).shape
    (1, 3, 8)
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
    ) -> None:
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first)
        self.linear1 = Linear(d_model, dim_feedforward, bias)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias)
        self.dropout1, self.dropout2 = Dropout(dropout), Dropout(dropout)
        self.activation = activation_function(activation)

    def forward(
        self, src: Tensor, src_mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool = False
    ) -> Tensor:
        x = src
        if self.norm_first:
            x = x + self._self_attention(self.norm1(x), src_mask, src_key_padding_mask, is_causal)
            return x + self._feed_forward(self.norm2(x))
        x = self.norm1(x + self._self_attention(x, src_mask, src_key_padding_mask, is_causal))
        return self.norm2(x + self._feed_forward(x))

    def _self_attention(self, x: Tensor, mask: Any, padding: Any, is_causal: bool) -> Tensor:
        x, _ = self.self_attn(x, x, x, padding, need_weights=False, attn_mask=mask, is_causal=is_causal)
        return self.dropout1(x)

    def _feed_forward(self, x: Tensor) -> Tensor:
        return self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(x)))))


class TransformerDecoderLayer(Module):
    """Self-attention, attention to the encoder's ``memory``, then a feed-forward network, each with residual and norm.

    x = norm1(x + SA(x)); x = norm2(x + CA(x, memory)); x = norm3(x + FF(x)). With ``norm_first`` the norms are applied
    to what goes into SA, CA and FF instead; ``memory`` is not normed again. Shapes: tgt (T, B, E), memory (S, B, E), or
    batch first. With a ``cache`` only the new tokens are passed (see :class:`MultiheadAttention`).

    >>> layer = TransformerDecoderLayer(8, 2, dim_feedforward=16, batch_first=True)
    >>> layer(Tensor(np.zeros((1, 3, 8), "float32")), Tensor(np.zeros((1, 5, 8), "float32"))).shape
    (1, 3, 8)
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
    ) -> None:
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first)
        self.multihead_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first)
        self.linear1 = Linear(d_model, dim_feedforward, bias)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias)
        self.norm3 = LayerNorm(d_model, layer_norm_eps, bias=bias)
        self.dropout1, self.dropout2, self.dropout3 = Dropout(dropout), Dropout(dropout), Dropout(dropout)
        self.activation = activation_function(activation)

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
        *,
        cache: Cache | None = None,
    ) -> Tensor:
        x = tgt
        own = (tgt_mask, tgt_key_padding_mask, tgt_is_causal, cache)
        others = (memory_mask, memory_key_padding_mask, memory_is_causal, cache)
        if self.norm_first:
            x = x + self._self_attention(self.norm1(x), *own)
            x = x + self._cross_attention(self.norm2(x), memory, *others)
            return x + self._feed_forward(self.norm3(x))
        x = self.norm1(x + self._self_attention(x, *own))
        x = self.norm2(x + self._cross_attention(x, memory, *others))
        return self.norm3(x + self._feed_forward(x))

    def _self_attention(self, x: Tensor, mask: Any, padding: Any, is_causal: bool, cache: Cache | None) -> Tensor:
        x, _ = self.self_attn(x, x, x, padding, need_weights=False, attn_mask=mask, is_causal=is_causal, cache=cache)
        return self.dropout1(x)

    def _cross_attention(
        self, x: Tensor, memory: Tensor, mask: Any, padding: Any, is_causal: bool, cache: Cache | None
    ) -> Tensor:
        x, _ = self.multihead_attn(
            x, memory, memory, padding, need_weights=False, attn_mask=mask, is_causal=is_causal, cache=cache
        )
        return self.dropout2(x)

    def _feed_forward(self, x: Tensor) -> Tensor:
        return self.dropout3(self.linear2(self.dropout(self.activation(self.linear1(x)))))


def _copies(layer: Layer, n: int) -> list[Layer]:
    wrong = wrong_sizes("a stack of layers", [n])
    if wrong is not None:
        raise wrong
    return [copy.deepcopy(layer) for _ in range(n)]


class TransformerEncoder(Module):
    """``num_layers`` deep copies of an encoder layer, one after the other, then ``norm`` if there is one.

    As in PyTorch the copies start with identical weights; :class:`Transformer` initialises them anew.
    ``enable_nested_tensor`` and ``mask_check``, which speed PyTorch up, are accepted and change nothing.

    >>> encoder = TransformerEncoder(TransformerEncoderLayer(8, 2, dim_feedforward=16), num_layers=2)
    >>> encoder(Tensor(np.zeros((3, 1, 8), "float32"))).shape
    (3, 1, 8)
    """

    def __init__(
        self, encoder_layer: TransformerEncoderLayer, num_layers: int, norm: Module | None = None,
        enable_nested_tensor: bool = True, mask_check: bool = True,
    ) -> None:  # fmt: skip
        self.layers = _copies(encoder_layer, num_layers)
        self.norm = norm

    def forward(
        self, src: Tensor, mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool | None = None
    ) -> Tensor:
        for layer in self.layers:
            src = layer(src, mask, src_key_padding_mask, bool(is_causal))
        return src if self.norm is None else self.norm(src)


class TransformerDecoder(Module):
    """``num_layers`` deep copies of a decoder layer, each attending to the same ``memory``, then ``norm``."""

    def __init__(self, decoder_layer: TransformerDecoderLayer, num_layers: int, norm: Module | None = None) -> None:
        self.layers = _copies(decoder_layer, num_layers)
        self.norm = norm

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
        *,
        cache: Cache | None = None,
    ) -> Tensor:
        masks = (tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask)
        for layer in self.layers:
            tgt = layer(tgt, memory, *masks, bool(tgt_is_causal), memory_is_causal, cache=cache)
        return tgt if self.norm is None else self.norm(tgt)


class Transformer(Module):
    """``torch.nn.Transformer``: encoder and decoder stacks with a final LayerNorm each, and no embeddings.

    All weights with more than one axis start Xavier-uniform. Shapes: src (S, B, E), tgt and result (T, B, E), or batch
    first. See :class:`tinygrad_tf.models.Transformer` for the whole model of the paper.

    >>> model = Transformer(8, 2, 1, 1, 16, batch_first=True)
    >>> model(Tensor(np.zeros((1, 5, 8), "float32")), Tensor(np.zeros((1, 3, 8), "float32"))).shape
    (1, 3, 8)
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = "relu",
        custom_encoder: Any = None,
        custom_decoder: Any = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
    ) -> None:
        sizes = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias)
        self.encoder = custom_encoder or TransformerEncoder(
            TransformerEncoderLayer(*sizes), num_encoder_layers, LayerNorm(d_model, layer_norm_eps, bias=bias)
        )
        self.decoder = custom_decoder or TransformerDecoder(
            TransformerDecoderLayer(*sizes), num_decoder_layers, LayerNorm(d_model, layer_norm_eps, bias=bias)
        )
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first
        self.reset_parameters()

    def reset_parameters(self) -> None:
        for parameter in self.parameters():
            if parameter.ndim > 1:
                init.xavier_uniform_(parameter)

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Any = None,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        src_key_padding_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        batch_axis = 0 if self.batch_first else 1
        if src.ndim != tgt.ndim or (src.ndim == 3 and src.shape[batch_axis] != tgt.shape[batch_axis]):
            raise error(
                RuntimeError,
                "Transformer",
                got={"src": src, "tgt": tgt},
                rule=f"src and tgt have the same batch size, in axis {batch_axis}",
                cure="write Transformer(…, batch_first=True) if the batch comes first",
            )
        if src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model:
            raise error(
                RuntimeError,
                "Transformer",
                got={"src": src, "tgt": tgt},
                rule=f"the last axis is d_model, {self.d_model}",
                cure=f"embed the tokens first, or write Transformer(d_model={src.shape[-1]}, …)",
            )
        memory = self.encoder(src, src_mask, src_key_padding_mask, src_is_causal)
        masks = (tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask)
        return self.decoder(tgt, memory, *masks, tgt_is_causal, memory_is_causal)

    @staticmethod
    def generate_square_subsequent_mask(size: int) -> Tensor:
        """The causal mask as floats: 0 on and below the diagonal, −inf above.

        >>> Transformer.generate_square_subsequent_mask(2).tolist()
        [[0.0, -inf], [0.0, 0.0]]
        """
        return Tensor(np.triu(np.full((size, size), -np.inf, np.float32), 1))
