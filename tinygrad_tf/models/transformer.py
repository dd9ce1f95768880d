"""The model of "Attention Is All You Need" (Vaswani et al. 2017), from token ids to logits, read from top to bottom.

    source ids → embedding · √d_model + positions → N × (self-attention, feed-forward)                  → memory
    target ids → embedding · √d_model + positions → N × (self-attention, attention to memory, feed-forward) → logits

B is the batch, S the source's length, T the target's; D = d_model, V a vocabulary's size.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import nn
from ..autograd.recording import no_grad
from ..autograd.tensor import Tensor, to_array
from ..errors import error, shown
from ..fields import PROBABILITY, TRUTH, check, optional, text, whole
from ..ops.fused import linear
from .generation import Generates, prompt
from .settings import GenerationConfig

_SIZE = whole(1, 10**6, 512)
_FIELDS = {
    **dict.fromkeys(("d_model", "n_heads", "d_ff"), _SIZE), "n_layers": whole(0, 10**6, 6),
    "vocab_size": whole(1, 10**9), "target_vocab_size": optional(whole(0, 10**9)),
    "max_length": whole(1, 10**7, 1024), "pad_id": whole(0, 10**9, 1),
    "dropout": PROBABILITY, "positions": text("sinusoidal"), "norm_first": TRUTH, "tie_output": TRUTH,
}  # fmt: skip


@dataclass
class TransformerConfig:
    """Everything that the shape of the model depends on. The defaults are the paper's base model (table 3).

    Without ``target_vocab_size`` source and target share one vocabulary and one embedding, as in the paper (section
    3.4). With ``tie_output`` the output projection is the target's embedding. With ``norm_first`` a LayerNorm stands
    before each sublayer (Xiong et al. 2020), not after it. ``positions`` are "sinusoidal" or "learned".
    """

    vocab_size: int
    target_vocab_size: int | None = None
    d_model: int = 512
    n_heads: int = 8
    n_layers: int = 6
    d_ff: int = 2048
    dropout: float = 0.1
    max_length: int = 1024
    pad_id: int = 0
    positions: str = "sinusoidal"
    norm_first: bool = False
    tie_output: bool = True

    def __post_init__(self) -> None:
        check("TransformerConfig", vars(self), _FIELDS)

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> TransformerConfig:
        """The configuration of which ``dataclasses.asdict`` gave the ``settings``.

        Raises ValueError for a name that is missing or unknown.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        odd = sorted(({"vocab_size"} - settings.keys()) | (settings.keys() - known))
        if odd:
            raise error(
                ValueError,
                "TransformerConfig",
                got=f"no {shown(odd[0])}" if odd[0] == "vocab_size" else f"an unknown {shown(odd[0])}",
                rule=f"its fields are {', '.join(sorted(known))}",
                cure="write TransformerConfig.from_dict(dataclasses.asdict(config))",
            )
        return cls(**settings)


class Decoding:
    """One generation: the encoded source, and the logits of what comes next."""

    def __init__(self, model: Transformer, source: Tensor, use_cache: bool) -> None:
        self.model, self.source, self.memory = model, source, model.encode(source)  # once: only the target grows
        self.cache = nn.Cache() if use_cache else None

    def logits(self, tokens: Any) -> Any:
        """Logits (N, V) of the token after ``tokens`` (N, T), of which the cache has seen all but the newest."""
        return self.model.decode(tokens, self.memory, self.source, self.cache).array[:, -1]

    def seen(self, tokens: Any) -> Any:
        """Which entries of ``tokens`` are real, (N, T): all, since a target begins without padding."""
        return np.ones(tokens.shape, bool)

    def select(self, rows: Any) -> None:
        """Go on with these rows, in this order."""
        self.source, self.memory = Tensor.wrap(self.source.array[rows]), Tensor.wrap(self.memory.array[rows])
        if self.cache is not None:
            self.cache.select(rows)


class Transformer(Generates):
    """Encoder and decoder with embeddings and output projection.

    Called with source ids (B, S) and target ids (B, T) it returns logits (B, T, V): at each position those of the token
    that follows. Positions that hold ``pad_id`` are never attended to.

    >>> model = Transformer(TransformerConfig(vocab_size=10, d_model=16, n_heads=2, n_layers=1, d_ff=32))
    >>> model(np.array([[3, 4, 5]]), np.array([[1, 5, 4]])).shape
    (1, 3, 10)
    """

    def __init__(self, config: TransformerConfig) -> None:
        c = self.config = config
        target_vocab_size = c.target_vocab_size or c.vocab_size
        self.source_embedding = embedding(c.vocab_size, c.d_model)
        self.target_embedding = (
            embedding(target_vocab_size, c.d_model) if c.target_vocab_size else self.source_embedding
        )
        self.positions = positions(c)
        self.dropout = nn.Dropout(c.dropout)
        stacks = nn.Transformer(
            c.d_model, c.n_heads, c.n_layers, c.n_layers, c.d_ff, c.dropout, batch_first=True, norm_first=c.norm_first
        )
        self.encoder, self.decoder = stacks.encoder, stacks.decoder
        if not c.norm_first:  # each layer ends with a norm already, and the paper has no other
            self.encoder.norm = self.decoder.norm = None
        self.output = None if c.tie_output else nn.Linear(c.d_model, target_vocab_size, bias=False)
        self.max_positions = c.max_length
        self.generation = GenerationConfig(pad_token_id=c.pad_id)

    def forward(self, source: Any, target: Any) -> Tensor:
        source = ids(source, "source")
        return self.decode(target, self.encode(source), source)

    @nn.scoped
    def encode(self, source: Any) -> Tensor:
        """Source ids (B, S) → memory (B, S, D)."""
        source = ids(source, "source")
        x = self.embed(source, self.source_embedding)  # (B, S, D)
        return self.encoder(x, src_key_padding_mask=self.is_padding(source))

    @nn.scoped
    def decode(self, target: Any, memory: Tensor, source: Any, cache: nn.Cache | None = None) -> Tensor:
        """Target ids (B, T), memory (B, S, D) and the source ids it came from → logits (B, T, V).

        With a ``cache`` there are logits only for the target ids that come after those it holds.
        """
        target, source = ids(target, "target"), ids(source, "source")
        if memory.shape[:2] != source.shape or target.shape[0] != source.shape[0]:
            raise error(
                ValueError,
                "Transformer",
                got={"source": source, "target": target, "memory": memory},
                rule="memory has a vector for each source id, and each source has a target",
                cure="pass as many targets as sources, and the source that memory was made of",
            )
        start = 0 if cache is None else cache.length
        x = self.embed(target[:, start:] if start else target, self.target_embedding, start)  # (B, T, D)
        x = self.decoder(
            x,
            memory,
            tgt_mask="causal",
            tgt_key_padding_mask=self.is_padding(target),
            memory_key_padding_mask=self.is_padding(source),
            cache=cache,
        )
        if self.output is None:
            return linear(x, self.target_embedding.weight)
        return self.output(x)  # (B, T, V)

    def begin(self, input_ids: Any, attention_mask: Any, settings: GenerationConfig) -> Any:
        """What :meth:`generate` starts from: ``decoder_start_token_id`` for each source (B, S)."""
        source, start = prompt(input_ids), settings.decoder_start_token_id
        vocabulary = self.config.target_vocab_size or self.config.vocab_size
        for name, id in [("decoder_start_token_id", start), *[("eos_token_id", id) for id in settings.eos]]:
            if id is None or not 0 <= id < vocabulary:
                raise error(
                    ValueError,
                    "generate",
                    got={name: id},
                    rule=f"it is a target id, 0 … {vocabulary - 1}",
                    cure=f"write {name}=…, with the id that the model was trained with",
                )
        if attention_mask is not None:
            source = np.where(to_array(attention_mask).astype(bool), source, self.config.pad_id)
        with no_grad():
            run = Decoding(self, ids(source, "source"), settings.use_cache)
        return np.full((len(source), 1), start, np.int64), run

    def embed(self, tokens: Tensor, table: nn.Embedding, start: int = 0) -> Tensor:
        """Ids (B, L) → vectors (B, L, D), scaled by √d_model so that the positions do not drown them (section 3.4)."""
        return self.dropout(self.positions(table(tokens) * math.sqrt(self.config.d_model), start))

    def is_padding(self, tokens: Tensor) -> Tensor | None:
        """True where a token is padding, (B, L); None if there is none."""
        padding: Tensor = tokens == self.config.pad_id
        return padding if padding.any() else None


def embedding(vocab_size: int, d_model: int) -> nn.Embedding:
    """An embedding with rows of length about 1: times √d_model they have variance 1, and tied logits start small."""
    table = nn.Embedding(vocab_size, d_model)
    nn.init.normal_(table.weight, std=d_model**-0.5)
    return table


def positions(c: TransformerConfig) -> nn.Module:
    """The module that adds positions of the kind that the configuration names."""
    kinds = {"sinusoidal": nn.SinusoidalPositions, "learned": nn.LearnedPositions}
    if c.positions not in kinds:
        raise error(
            ValueError,
            "TransformerConfig",
            got={"positions": repr(c.positions)},
            rule=f"positions is one of {', '.join(kinds)}",
            cure='write positions="sinusoidal"',
        )
    return kinds[c.positions](c.d_model, c.max_length)


def ids(tokens: Any, name: str) -> Tensor:
    """Token ids (B, L) as a Tensor that pictures show under ``name``."""
    tensor = tokens if isinstance(tokens, Tensor) else Tensor.wrap(to_array(tokens), name)
    if tensor.ndim != 2:
        raise error(
            ValueError,
            "Transformer",
            got={name: tensor},
            rule="token ids come as (batch, length)",
            cure="for one sequence write ids[None, :]",
        )
    return tensor
