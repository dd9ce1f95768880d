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
    if max_length < 1:
        raise error(ValueError, "greedy", {"max_length": max_length}, "at least one token is generated",
                    "pass the longest answer you expect")  # fmt: skip
    was_training = model.training
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
        model.train(was_training)
