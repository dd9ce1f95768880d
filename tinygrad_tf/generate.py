"""Decoding: from a model's logits to tokens, one at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from .autograd import no_grad
from .errors import error
from .models.transformer import Transformer, ids


@no_grad()
def greedy(model: Transformer, source: Any, start_id: int, end_id: int, max_length: int) -> np.ndarray[Any, Any]:
    """Always the most likely next token, for a batch of sources, until every row has ended or is ``max_length`` long.

    Shapes: source ids (B, S), result (B, ≤ max_length) without the start token; after its end token a row holds
    ``end_id``. The model is put into evaluation and back.

    >>> from tinygrad_tf.models import Transformer, TransformerConfig
    >>> model = Transformer(TransformerConfig(vocab_size=10, d_model=16, n_heads=2, n_layers=1, d_ff=32))
    >>> greedy(model, np.array([[3, 4, 5]]), start_id=1, end_id=2, max_length=4).shape[0]
    1
    """
    c = model.config
    n_tokens = c.target_vocab_size or c.vocab_size
    if not 1 <= max_length <= c.max_length:
        raise error(ValueError, "greedy", {"max_length": max_length}, "at least one token is generated, and at most "
                    f"{c.max_length}, the positions that the model has",
                    "pass the longest answer you expect")  # fmt: skip
    if not (0 <= start_id < n_tokens and 0 <= end_id < n_tokens):
        raise error(ValueError, "greedy", {"start_id": start_id, "end_id": end_id}, f"both are target ids, 0 … "
                    f"{n_tokens - 1}", "pass the ids that the model was trained with")  # fmt: skip
    before = [(module, module.training) for module in model.modules()]  # parts may have been put apart
    model.eval()
    try:
        source = ids(source, "source")
        memory = model.encode(source)  # once: only the target grows
        tokens = np.full((source.shape[0], 1), start_id)  # (B, 1)
        ended = np.zeros(source.shape[0], bool)
        for _ in range(max_length):
            logits = model.decode(tokens, memory, source).data[:, -1]  # (B, V)
            chosen = np.where(ended, end_id, logits.argmax(axis=-1))
            tokens = np.concatenate([tokens, chosen[:, None]], axis=1)
            ended |= chosen == end_id
            if ended.all():
                break
        return tokens[:, 1:]
    finally:
        for module, training in before:
            module.training = training
