"""GPT-2 (Radford et al. 2019), from token ids to logits, with the names of its published weights.

    ids → embedding + learned positions → n_layer × (attention, feed-forward) → LayerNorm → logits by the same embedding

Each sublayer reads through a LayerNorm and adds to the stream: x = x + attn(ln_1(x)); x = x + mlp(ln_2(x)). B is the
batch, L the length, D = n_embd, H = n_head, V the vocabulary's size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from .. import nn
from ..autograd.tensor import Tensor
from ..errors import error
from ..ops.fused import attention
from .causal import CausalLM, tokens_of
from .configs import Config, activation


@dataclass
class GPT2Config(Config):
    """What the shape of the model depends on, under transformers' names. The defaults are the smallest GPT-2.

    By default ``n_inner`` is 4 · n_embd. ``activation_function`` is "gelu_new" (the form with tanh), "gelu" (exact) or
    another of transformers' names. ``bias=False`` leaves out all biases, as nanoGPT does; transformers' GPT-2 always
    has them.
    """

    model_type: ClassVar[str] = "gpt2"
    depth: ClassVar[str] = "n_layer"
    fixed: ClassVar[dict[str, Any]] = {
        "scale_attn_weights": True, "scale_attn_by_inverse_layer_idx": False, "add_cross_attention": False,
    }  # fmt: skip
    aliases: ClassVar[dict[str, str]] = {
        "hidden_size": "n_embd", "max_position_embeddings": "n_positions", "num_hidden_layers": "n_layer",
        "num_attention_heads": "n_head",
    }  # fmt: skip

    vocab_size: int = 50257
    n_positions: int = 1024
    n_embd: int = 768
    n_layer: int = 12
    n_head: int = 12
    n_inner: int | None = None
    activation_function: str = "gelu_new"
    resid_pdrop: float = 0.1
    embd_pdrop: float = 0.1
    attn_pdrop: float = 0.1
    layer_norm_epsilon: float = 1e-5
    initializer_range: float = 0.02
    bos_token_id: int | None = 50256
    eos_token_id: int | list[int] | None = 50256
    pad_token_id: int | None = None
    tie_word_embeddings: bool = True
    bias: bool = True


class Attention(nn.Module):
    """Causal self-attention; one matrix makes Q, K and V."""

    def __init__(self, c: GPT2Config) -> None:
        if c.n_embd % c.n_head:
            raise error(
                ValueError,
                "GPT2Config",
                got={"n_embd": c.n_embd, "n_head": c.n_head},
                rule="n_embd is a multiple of n_head: every head gets an equal share",
                cure="write e.g. n_embd=768, n_head=12",
            )
        self.n_head, self.p = c.n_head, c.attn_pdrop
        self.c_attn = nn.Linear(c.n_embd, 3 * c.n_embd, c.bias)
        self.c_proj = nn.Linear(c.n_embd, c.n_embd, c.bias)
        self.dropout = nn.Dropout(c.resid_pdrop)

    def forward(self, x: Tensor, mask: Any, cache: nn.Cache | None) -> Tensor:
        parts = self.c_attn(x).split(x.shape[-1], axis=-1)  # 3 × (B, L, D)
        Q, K, V = (nn.split_heads(part, n_heads=self.n_head) for part in parts)  # (B, H, L, D/H)
        if cache is not None:
            K, V = cache.extend(self, K, V)  # (B, H, S, D/H), S with all that came before
        Y = attention(Q, K, V, mask, causal=True, p=self.p if self.training else 0.0)
        return self.dropout(self.c_proj(nn.join_heads(Y)))  # (B, L, D)


class MLP(nn.Module):
    """Feed-forward: widen, apply the activation, narrow."""

    def __init__(self, c: GPT2Config) -> None:
        inner = c.n_inner or 4 * c.n_embd
        self.c_fc = nn.Linear(c.n_embd, inner, c.bias)
        self.c_proj = nn.Linear(inner, c.n_embd, c.bias)
        self.dropout = nn.Dropout(c.resid_pdrop)
        self.activation = activation(c, "activation_function")

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(self.c_proj(self.activation(self.c_fc(x))))  # (B, L, D)


class Block(nn.Module):
    """x + attn(ln_1(x)), then x + mlp(ln_2(x))."""

    def __init__(self, c: GPT2Config) -> None:
        self.ln_1 = nn.LayerNorm(c.n_embd, c.layer_norm_epsilon, bias=c.bias)
        self.attn = Attention(c)
        self.ln_2 = nn.LayerNorm(c.n_embd, c.layer_norm_epsilon, bias=c.bias)
        self.mlp = MLP(c)

    def forward(self, x: Tensor, mask: Any, cache: nn.Cache | None) -> Tensor:
        x = x + self.attn(self.ln_1(x), mask, cache)
        return x + self.mlp(self.ln_2(x))


class GPT2(CausalLM):
    """GPT-2 with its output layer. Called with ids (B, L) it gives logits (B, L, V).

    >>> model = GPT2(GPT2Config(vocab_size=20, n_positions=16, n_embd=8, n_layer=1, n_head=2))
    >>> model(np.array([[3, 4, 5]])).shape, model.generate(np.array([[3, 4]]), max_new_tokens=3).shape
    ((1, 3, 20), (1, 5))
    """

    config: GPT2Config
    config_class = GPT2Config
    architecture = "GPT2LMHeadModel"
    base = "GPT2Model"
    transposed = r"(attn\.c_attn|attn\.c_proj|mlp\.c_fc|mlp\.c_proj)\.weight$"  # files hold (in, out)
    unused = r"\.attn\.(bias|masked_bias)$"  # the causal mask, which older files carry along

    def __init__(self, config: GPT2Config) -> None:
        c = config
        self.transformer: dict[str, Any] = {
            "wte": nn.Embedding(c.vocab_size, c.n_embd),
            "wpe": nn.Embedding(c.n_positions, c.n_embd),
            "h": [Block(c) for _ in range(c.n_layer)],
            "ln_f": nn.LayerNorm(c.n_embd, c.layer_norm_epsilon, bias=c.bias),
        }
        self.dropout = nn.Dropout(c.embd_pdrop)
        self.lm_head = nn.Linear(c.n_embd, c.vocab_size, bias=False)
        if c.tie_word_embeddings:
            self.lm_head.weight = self.transformer["wte"].weight
        self.configure(c, c.n_positions)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Normal with the deviation ``initializer_range``; √(2 · n_layer) times less for what adds to the stream."""
        std = self.config.initializer_range
        for name, parameter in self.named_parameters():
            if parameter.ndim > 1:
                narrow = math.sqrt(2 * len(self.transformer["h"])) if name.endswith("c_proj.weight") else 1
                nn.init.normal_(parameter, std=std / narrow)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def hidden(
        self, input_ids: Any, attention_mask: Any = None, position_ids: Any = None, cache: nn.Cache | None = None
    ) -> Tensor:
        """Ids (B, L) → what the output layer reads (B, L, D)."""
        ids, positions, mask = tokens_of(input_ids, attention_mask, position_ids, cache, self.max_positions)
        t = self.transformer
        x = self.dropout(t["wte"](ids) + t["wpe"](positions))  # (B, L, D)
        for block in t["h"]:
            x = block(x, mask, cache)
        return t["ln_f"](x)
