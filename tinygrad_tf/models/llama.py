"""Llama (Touvron et al. 2023), from token ids to logits, with the names of its published weights.

    ids → embedding → num_hidden_layers × (attention with rotary positions, gated feed-forward) → RMSNorm → logits

Each sublayer reads through an RMSNorm and adds to the stream. Several heads of queries may share one of keys and values
(num_key_value_heads). B is the batch, L the length, D = hidden_size, H heads of queries, G of keys, d = head_dim.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar

from .. import nn
from ..autograd.tensor import Tensor
from ..errors import error
from ..fields import MAPPING, check, optional
from ..ops.fused import attention
from ..wording.languages import translated
from .causal import CausalLM, tokens_of
from .configs import Config, activation
from .rotary import frequencies, rope


@dataclass
class LlamaConfig(Config):
    """What the shape of the model depends on, under transformers' names. The defaults are Llama 2 with 7 · 10⁹ weights.

    By default there are as many heads of keys as of queries, and ``head_dim`` is hidden_size / num_attention_heads.
    ``rope_parameters`` holds "rope_type" ("default", "linear", "dynamic", "llama3" or "yarn") with its factors, and
    "rope_theta"; see :mod:`tinygrad_tf.models.rotary`.
    """

    model_type: ClassVar[str] = "llama"

    vocab_size: int = 32000
    hidden_size: int = 4096
    intermediate_size: int = 11008
    num_hidden_layers: int = 32
    num_attention_heads: int = 32
    num_key_value_heads: int | None = None
    head_dim: int | None = None
    max_position_embeddings: int = 2048
    initializer_range: float = 0.02
    rms_norm_eps: float = 1e-6
    bos_token_id: int | None = 1
    eos_token_id: int | list[int] | None = 2
    pad_token_id: int | None = None
    tie_word_embeddings: bool = False
    rope_parameters: dict[str, Any] | None = None
    attention_bias: bool = False
    attention_dropout: float = 0.0
    mlp_bias: bool = False
    hidden_act: str = "silu"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.num_key_value_heads = self.num_key_value_heads or self.num_attention_heads
        self.head_dim = self.head_dim or self.hidden_size // self.num_attention_heads
        self.rope_parameters = rope(self.rope_parameters or {}, self.max_position_embeddings)
        if self.num_attention_heads % self.num_key_value_heads:
            raise error(
                ValueError,
                "LlamaConfig",
                got={"num_attention_heads": self.num_attention_heads, "num_key_value_heads": self.num_key_value_heads},
                rule="each head of keys is shared by the same number of query heads",
                cure="write e.g. num_attention_heads=32, num_key_value_heads=8",
            )

    @classmethod
    def from_dict(cls, settings: Any) -> Any:
        """As :meth:`Config.from_dict`, also for older files, which have ``rope_theta`` and ``rope_scaling``.

        Where a file has both, ``rope_scaling`` counts and not ``rope_parameters``, as in transformers.
        """
        check("LlamaConfig", settings, dict.fromkeys(("rope_parameters", "rope_scaling"), optional(MAPPING)))
        newer, older = (dict(settings.get(name) or {}) for name in ("rope_parameters", "rope_scaling"))
        found = older or newer
        kind = found.pop("type", None)
        found.setdefault("rope_type", kind)
        for name in ("rope_theta", "partial_rotary_factor"):
            found.setdefault(name, settings.get(name))
        if settings.get("original_max_position_embeddings") is not None and found["rope_type"] in ("llama3", "yarn"):
            found["original_max_position_embeddings"] = settings["original_max_position_embeddings"]
        if older and any(newer.get(name, value) != value for name, value in found.items()):
            warnings.warn(
                translated(
                    f"LlamaConfig: rope_scaling {older} counts, and not rope_parameters {newer}, as in transformers; "
                    "take one of them out of config.json"
                ),
                stacklevel=3,
            )
        return super().from_dict({**settings, "rope_parameters": found})


class Attention(nn.Module):
    """Causal self-attention whose queries and keys turn with their position."""

    def __init__(self, c: LlamaConfig) -> None:
        self.n_heads, self.n_kv_heads, d = c.num_attention_heads, c.num_key_value_heads or 1, c.head_dim or 1
        self.p = c.attention_dropout
        self.q_proj = nn.Linear(c.hidden_size, self.n_heads * d, c.attention_bias)
        self.k_proj = nn.Linear(c.hidden_size, self.n_kv_heads * d, c.attention_bias)
        self.v_proj = nn.Linear(c.hidden_size, self.n_kv_heads * d, c.attention_bias)
        self.o_proj = nn.Linear(self.n_heads * d, c.hidden_size, c.attention_bias)
        turns, scale = frequencies(c.rope_parameters or {}, d, c.max_position_embeddings)
        self.rotate = nn.RotaryPositions(d, frequencies=turns, scale=scale)

    def forward(self, x: Tensor, positions: Any, mask: Any, cache: nn.Cache | None) -> Tensor:
        Q = self.rotate(nn.split_heads(self.q_proj(x), self.n_heads), positions)  # (B, H, L, d)
        K = self.rotate(nn.split_heads(self.k_proj(x), self.n_kv_heads), positions)  # (B, G, L, d)
        V = nn.split_heads(self.v_proj(x), self.n_kv_heads)  # (B, G, L, d)
        if cache is not None:
            K, V = cache.extend(self, K, V)  # (B, G, S, d), S with all that came before
        Y = attention(Q, K, V, mask, causal=True, p=self.p if self.training else 0.0)  # (B, H, L, d)
        return self.o_proj(nn.join_heads(Y))  # (B, L, D)


class MLP(nn.Module):
    """SwiGLU (Shazeer 2020): down(silu(gate(x)) ⊙ up(x)), where gate and up widen and down narrows.

    silu is ``hidden_act``, by its default.
    """

    def __init__(self, c: LlamaConfig) -> None:
        self.gate_proj = nn.Linear(c.hidden_size, c.intermediate_size, c.mlp_bias)
        self.up_proj = nn.Linear(c.hidden_size, c.intermediate_size, c.mlp_bias)
        self.down_proj = nn.Linear(c.intermediate_size, c.hidden_size, c.mlp_bias)
        self.activation = activation(c, "hidden_act")

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(self.activation(self.gate_proj(x)) * self.up_proj(x))  # (B, L, D)


class Layer(nn.Module):
    """x + self_attn(input_layernorm(x)), then x + mlp(post_attention_layernorm(x))."""

    def __init__(self, c: LlamaConfig) -> None:
        self.self_attn = Attention(c)
        self.mlp = MLP(c)
        self.input_layernorm = nn.RMSNorm(c.hidden_size, c.rms_norm_eps)
        self.post_attention_layernorm = nn.RMSNorm(c.hidden_size, c.rms_norm_eps)

    def forward(self, x: Tensor, positions: Any, mask: Any, cache: nn.Cache | None) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), positions, mask, cache)
        return x + self.mlp(self.post_attention_layernorm(x))


class Llama(CausalLM):
    """Llama with its output layer. Called with ids (B, L) it gives logits (B, L, V).

    >>> model = Llama(LlamaConfig(vocab_size=20, hidden_size=8, intermediate_size=16, num_hidden_layers=1,
    ...                           num_attention_heads=4, num_key_value_heads=2))
    >>> model(np.array([[3, 4, 5]])).shape, model.generate(np.array([[3, 4]]), max_new_tokens=3).shape
    ((1, 3, 20), (1, 5))
    """

    config: LlamaConfig
    config_class = LlamaConfig
    architecture = "LlamaForCausalLM"
    base = "LlamaModel"
    unused = r"rotary_emb\.inv_freq$"  # computed, but kept in older files

    def __init__(self, config: LlamaConfig) -> None:
        c = config
        self.model: dict[str, Any] = {
            "embed_tokens": nn.Embedding(c.vocab_size, c.hidden_size),
            "layers": [Layer(c) for _ in range(c.num_hidden_layers)],
            "norm": nn.RMSNorm(c.hidden_size, c.rms_norm_eps),
        }
        self.lm_head = nn.Linear(c.hidden_size, c.vocab_size, bias=False)
        if c.tie_word_embeddings:
            self.lm_head.weight = self.model["embed_tokens"].weight
        self.configure(c, None)  # rotary positions have no end
        self.reset_parameters()

    def reset_parameters(self) -> None:
        for name, parameter in self.named_parameters():
            if parameter.ndim > 1:
                nn.init.normal_(parameter, std=self.config.initializer_range)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)

    def hidden(
        self, input_ids: Any, attention_mask: Any = None, position_ids: Any = None, cache: nn.Cache | None = None
    ) -> Tensor:
        """Ids (B, L) → what the output layer reads (B, L, D)."""
        ids, positions, mask = tokens_of(input_ids, attention_mask, position_ids, cache, self.max_positions)
        x = self.model["embed_tokens"](ids)  # (B, L, D)
        for layer in self.model["layers"]:
            x = layer(x, positions, mask, cache)
        return self.model["norm"](x)
