"""models.Transformer beside the same model written in PyTorch: logits, loss and the gradient of every weight."""

import dataclasses
import math

import numpy as np
import pytest
from parity import assert_equal, every_dtype, of_ours, of_theirs, torch, twins

from tinygrad_tf import nn
from tinygrad_tf.models import Transformer, TransformerConfig
from tinygrad_tf.ops.fused import cross_entropy

SMALL = TransformerConfig(vocab_size=11, d_model=8, n_heads=2, n_layers=2, d_ff=12, dropout=0.0, max_length=16)
VARIANTS = {
    "paper": {},
    "pre-norm": {"norm_first": True},
    "learned positions": {"positions": "learned"},
    "output apart": {"tie_output": False},
    "two vocabularies": {"target_vocab_size": 7},
    "everything": {"target_vocab_size": 7, "tie_output": False, "norm_first": True, "positions": "learned"},
}
pytestmark = pytest.mark.filterwarnings("ignore:enable_nested_tensor is True")


class Positions(torch.nn.Module):
    def __init__(self, c):
        super().__init__()
        if c.positions == "learned":
            self.weight = torch.nn.Parameter(torch.zeros(c.max_length, c.d_model))
        else:  # section 3.5 of the paper, entry by entry

            def wave(pos, i):
                return (math.cos if i % 2 else math.sin)(pos / 10000 ** ((i - i % 2) / c.d_model))

            table = [[wave(pos, i) for i in range(c.d_model)] for pos in range(c.max_length)]
            self.register_buffer("weight", torch.tensor(table), persistent=False)

    def forward(self, x):
        return x + self.weight[: x.shape[1]]


class Theirs(torch.nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        self.source_embedding = torch.nn.Embedding(c.vocab_size, c.d_model)
        target_size = c.target_vocab_size or c.vocab_size
        apart = c.target_vocab_size is not None
        self.target_embedding = torch.nn.Embedding(target_size, c.d_model) if apart else self.source_embedding
        self.positions = Positions(c)
        stacks = torch.nn.Transformer(c.d_model, c.n_heads, c.n_layers, c.n_layers, c.d_ff, c.dropout, batch_first=True,
                                      norm_first=c.norm_first)  # fmt: skip
        self.encoder, self.decoder = stacks.encoder, stacks.decoder
        if not c.norm_first:
            self.encoder.norm = self.decoder.norm = None
        self.output = None if c.tie_output else torch.nn.Linear(c.d_model, target_size, bias=False)

    def forward(self, source, target):
        x = self.positions(self.source_embedding(source) * math.sqrt(self.c.d_model))
        memory = self.encoder(x, src_key_padding_mask=source == 0)
        y = self.positions(self.target_embedding(target) * math.sqrt(self.c.d_model))
        y = self.decoder(y, memory, tgt_mask=torch.ones(y.shape[1], y.shape[1]).triu(1).bool(),
                         tgt_key_padding_mask=target == 0, memory_key_padding_mask=source == 0)  # fmt: skip
        return y @ self.target_embedding.weight.T if self.output is None else self.output(y)


def training_step(base, model, cross_entropy):
    """A module of the package that ``base`` is from, which returns logits and loss as a training step has them."""

    class Step(base):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, source, target, labels):
            logits = self.model(source, target)
            rows = logits.reshape(-1, logits.shape[-1])
            return logits, cross_entropy(rows, labels.reshape(-1), ignore_index=0, label_smoothing=0.1)

    return Step()


def batch(vocab_size):
    """Source, target and labels of different lengths, padded with 0."""
    rng = np.random.default_rng(0)
    source, target = rng.integers(1, 11, (4, 6)), rng.integers(1, vocab_size, (4, 6))
    for ids, lengths in ((source, [6, 4, 1, 3]), (target, [3, 6, 5, 2])):
        ids[np.arange(6) >= np.array(lengths)[:, None]] = 0
    return source, target[:, :-1], target[:, 1:]


@pytest.mark.parametrize("variant", VARIANTS)
@every_dtype
def test_logits_loss_and_gradients_equal_pytorch(variant, dtype):
    config = dataclasses.replace(SMALL, **VARIANTS[variant])
    ours = training_step(nn.Module, Transformer(config), cross_entropy)
    theirs = training_step(torch.nn.Module, Theirs(config), torch.nn.functional.cross_entropy)
    ours, theirs = twins(ours, theirs, dtype)
    ids = batch(config.target_vocab_size or config.vocab_size)
    assert_equal(of_ours(ours, *ids), of_theirs(theirs, *ids), dtype)


@pytest.mark.parametrize("variant", VARIANTS)
def test_state_dict_has_the_names_of_the_parts_in_pytorch(variant):
    config = dataclasses.replace(SMALL, **VARIANTS[variant])
    ours, theirs = (model.state_dict() for model in (Transformer(config), Theirs(config)))
    assert {name: t.shape for name, t in ours.items()} == {name: tuple(t.shape) for name, t in theirs.items()}
