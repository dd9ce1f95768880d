"""BERT (Devlin et al. 2019), from token ids to logits, with the names of its published weights.

    ids → embeddings → LayerNorm → num_hidden_layers × (attention, feed-forward) → transform → logits

Each sublayer adds to what it read, and a LayerNorm follows: x = norm(x + sublayer(x)). B is the batch, L the length,
D = hidden_size, H = num_attention_heads, V the vocabulary's size. As published, BERT reads in both directions and fills
in masked tokens. With ``is_decoder`` it looks back only, and generates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .. import nn
from ..autograd.tensor import Tensor, to_array
from ..errors import error
from ..nn.layers import empty
from ..ops import fused
from .causal import CausalLM, tokens_of
from .configs import Config, activation


@dataclass
class BERTConfig(Config):
    """What the shape of the model depends on, under transformers' names; the defaults are BERT base, uncased."""

    model_type: ClassVar[str] = "bert"
    fixed: ClassVar[dict[str, Any]] = {"position_embedding_type": "absolute", "add_cross_attention": False}

    vocab_size: int = 30522
    hidden_size: int = 768
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    intermediate_size: int = 3072
    hidden_act: str = "gelu"
    hidden_dropout_prob: float = 0.1
    attention_probs_dropout_prob: float = 0.1
    max_position_embeddings: int = 512
    type_vocab_size: int = 2
    initializer_range: float = 0.02
    layer_norm_eps: float = 1e-12
    pad_token_id: int | None = 0
    bos_token_id: int | None = None
    eos_token_id: int | list[int] | None = None
    tie_word_embeddings: bool = True
    is_decoder: bool = False


class Embeddings(nn.Module):
    """The sum of three vectors, for the token, its position and its text, the first or the second; then LayerNorm."""

    def __init__(self, c: BERTConfig) -> None:
        self.word_embeddings = nn.Embedding(c.vocab_size, c.hidden_size, padding_idx=c.pad_token_id)
        self.position_embeddings = nn.Embedding(c.max_position_embeddings, c.hidden_size)
        self.token_type_embeddings = nn.Embedding(c.type_vocab_size, c.hidden_size)
        self.LayerNorm = nn.LayerNorm(c.hidden_size, c.layer_norm_eps)
        self.dropout = nn.Dropout(c.hidden_dropout_prob)

    def forward(self, ids: Tensor, positions: Any, types: Any) -> Tensor:
        x = self.word_embeddings(ids) + self.token_type_embeddings(types) + self.position_embeddings(positions)
        return self.dropout(self.LayerNorm(x))  # (B, L, D)


class SelfAttention(nn.Module):
    """Every token attends to all that the mask allows; as a decoder only to earlier ones."""

    def __init__(self, c: BERTConfig) -> None:
        if c.hidden_size % c.num_attention_heads:
            raise error(
                ValueError,
                "BERTConfig",
                got={"hidden_size": c.hidden_size, "num_attention_heads": c.num_attention_heads},
                rule="hidden_size is a multiple of num_attention_heads",
                cure="write e.g. hidden_size=768, num_attention_heads=12",
            )
        self.n_heads, self.p, self.causal = c.num_attention_heads, c.attention_probs_dropout_prob, c.is_decoder
        self.query = nn.Linear(c.hidden_size, c.hidden_size)
        self.key = nn.Linear(c.hidden_size, c.hidden_size)
        self.value = nn.Linear(c.hidden_size, c.hidden_size)

    def forward(self, x: Tensor, mask: Any, cache: nn.Cache | None) -> Tensor:
        Q, K, V = (nn.split_heads(f(x), self.n_heads) for f in (self.query, self.key, self.value))  # (B, H, L, D/H)
        if cache is not None:
            K, V = cache.extend(self, K, V)  # (B, H, S, D/H), S with all that came before
        return nn.join_heads(fused.attention(Q, K, V, mask, self.causal, self.p if self.training else 0.0))  # (B, L, D)


class Output(nn.Module):
    """norm(x + dropout(dense(y))): how a sublayer's result y joins what it read."""

    def __init__(self, c: BERTConfig, width: int) -> None:
        self.dense = nn.Linear(width, c.hidden_size)
        self.LayerNorm = nn.LayerNorm(c.hidden_size, c.layer_norm_eps)
        self.dropout = nn.Dropout(c.hidden_dropout_prob)

    def forward(self, y: Tensor, x: Tensor) -> Tensor:
        return self.LayerNorm(x + self.dropout(self.dense(y)))


class Layer(nn.Module):
    """Attention, then feed-forward."""

    def __init__(self, c: BERTConfig) -> None:
        self.attention: dict[str, Any] = {"self": SelfAttention(c), "output": Output(c, c.hidden_size)}
        self.intermediate = {"dense": nn.Linear(c.hidden_size, c.intermediate_size)}
        self.output = Output(c, c.intermediate_size)
        self.activation = activation(c, "hidden_act")

    def forward(self, x: Tensor, mask: Any, cache: nn.Cache | None) -> Tensor:
        x = self.attention["output"](self.attention["self"](x, mask, cache), x)
        return self.output(self.activation(self.intermediate["dense"](x)), x)


class Predictions(nn.Module):
    """From a token's vector to logits over the vocabulary."""

    def __init__(self, c: BERTConfig) -> None:
        self.bias = empty(c.vocab_size)  # also the decoder's, if both are tied
        self.transform: dict[str, Any] = {
            "dense": nn.Linear(c.hidden_size, c.hidden_size),
            "LayerNorm": nn.LayerNorm(c.hidden_size, c.layer_norm_eps),
        }
        self.decoder = nn.Linear(c.hidden_size, c.vocab_size)
        self.activation = activation(c, "hidden_act")

    def forward(self, x: Tensor) -> Tensor:
        return self.decoder(self.transform["LayerNorm"](self.activation(self.transform["dense"](x))))  # (B, L, V)


class BERT(CausalLM):
    """BERT with the output layer that fills in masked tokens. Called with ids (B, L) it gives logits (B, L, V).

    >>> model = BERT(BERTConfig(vocab_size=20, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
    ...                         intermediate_size=16))
    >>> model(np.array([[3, 4, 5]]), attention_mask=np.array([[1, 1, 0]])).shape
    (1, 3, 20)
    """

    config: BERTConfig
    config_class = BERTConfig
    base = "BertModel"
    head = r"^cls\."
    unused = r"^cls\.seq_relationship\.|^bert\.pooler\.|^pooler\.|embeddings\.position_ids$"  # for other tasks
    renamed = ((r"LayerNorm\.gamma$", "LayerNorm.weight"), (r"LayerNorm\.beta$", "LayerNorm.bias"))  # of 2018

    def __init__(self, config: BERTConfig) -> None:
        c = config
        self.bert: dict[str, Any] = {
            "embeddings": Embeddings(c),
            "encoder": {"layer": [Layer(c) for _ in range(c.num_hidden_layers)]},
        }
        predictions = Predictions(c)
        if c.tie_word_embeddings:
            predictions.decoder.weight = self.bert["embeddings"].word_embeddings.weight
            predictions.decoder.bias = predictions.bias
        self.cls: dict[str, Any] = {"predictions": predictions}
        self.architecture = "BertLMHeadModel" if c.is_decoder else "BertForMaskedLM"
        self.configure(c, c.max_position_embeddings)
        self.reset_parameters()

    @property
    def output_layer(self) -> nn.Module | None:
        return self.cls.get("predictions")

    def drop_head(self) -> None:
        self.headless, self.cls = True, {}

    def reset_parameters(self) -> None:
        for name, parameter in self.named_parameters():
            if parameter.ndim > 1:
                nn.init.normal_(parameter, std=self.config.initializer_range)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)
        if self.config.pad_token_id is not None:
            nn.init.zeros_(self.bert["embeddings"].word_embeddings.weight.array[self.config.pad_token_id])

    def hidden(
        self, input_ids: Any, attention_mask: Any = None, position_ids: Any = None, cache: nn.Cache | None = None,
        token_type_ids: Any = None,
    ) -> Tensor:  # fmt: skip
        """Ids (B, L) → a vector for each token (B, L, D)."""
        ids, positions, mask = tokens_of(input_ids, attention_mask, position_ids, cache, self.max_positions)
        types = np.zeros(ids.shape, np.int64) if token_type_ids is None else to_array(token_type_ids)
        x = self.bert["embeddings"](ids, positions, types)
        for layer in self.bert["encoder"]["layer"]:
            x = layer(x, mask, cache)
        return x

    def forward(
        self, input_ids: Any, attention_mask: Any = None, position_ids: Any = None, cache: nn.Cache | None = None,
        logits_to_keep: int = 0, token_type_ids: Any = None,
    ) -> Tensor:  # fmt: skip
        """Ids (B, L) → logits (B, L, V); ``token_type_ids`` (B, L) is 1 in the second of two texts."""
        x = self.hidden(input_ids, attention_mask, position_ids, cache, token_type_ids)
        return self.logits(x[:, -logits_to_keep:] if logits_to_keep else x)

    @nn.scoped
    def loss(
        self, input_ids: Any, labels: Any = None, attention_mask: Any = None, token_type_ids: Any = None
    ) -> Tensor:
        """The mean of −log p(label) over all positions whose label (B, L) is not −100; for a decoder see CausalLM."""
        if self.config.is_decoder:
            return super().loss(input_ids, labels, attention_mask)
        if labels is None:
            raise error(
                ValueError,
                "BERT.loss",
                got="no labels",
                rule="what is masked is known to the caller alone",
                cure="pass labels: the ids where input_ids hold the mask token, −100 elsewhere",
            )
        logits = self(input_ids, attention_mask, token_type_ids=token_type_ids)
        return fused.cross_entropy(logits.reshape(-1, logits.shape[-1]), to_array(labels).reshape(-1))

    def begin(self, input_ids: Any, attention_mask: Any, settings: Any) -> Any:
        """What generation starts from. Raises ValueError unless the model is a decoder."""
        if not self.config.is_decoder:
            raise error(
                ValueError,
                "BERT.generate",
                got={"is_decoder": False},
                rule="what reads in both directions fills in masked tokens and does not go on",
                cure="read the logits, model(input_ids), or write BERTConfig(is_decoder=True)",
            )
        return super().begin(input_ids, attention_mask, settings)
