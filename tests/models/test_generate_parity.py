"""generate() held to transformers' on the same random weights: greedy and beam search, token by token."""

import numpy as np
import pytest
from hugging_face import MODELS, tokens, torch, transformers, twins

from tinygrad_tf.models.generation import GenerationConfig, filtered

DECODERS = [name for name in MODELS if not name.startswith("BERT") or "decoder" in name]
every_decoder = pytest.mark.parametrize("name", DECODERS)
PADDED = np.array([[1] * 6, [0] * 4 + [1] * 2, [0] + [1] * 5])

SETTINGS = {
    "greedy": {},
    "greedy, penalty": {"repetition_penalty": 1.7},
    "beams": {"num_beams": 4},
    "two beams, long": {"num_beams": 2, "length_penalty": 2.0},
    "beams, short": {"num_beams": 3, "length_penalty": -1.0},
    "beams, no length": {"num_beams": 5, "length_penalty": 0.0, "early_stopping": "never"},
    "beams, early": {"num_beams": 3, "early_stopping": True},
    "beams, never, long": {"num_beams": 3, "early_stopping": "never", "length_penalty": 1.5},
    "beams, penalty": {"num_beams": 3, "repetition_penalty": 1.3},
}  # fmt: skip


def both(ours, theirs, ids, mask=None, **settings):
    """Our tokens, and transformers', cut or filled to the same length."""
    settings = {"max_new_tokens": 12, "pad_token_id": 1, "eos_token_id": None, **settings}
    got = ours.generate(ids, attention_mask=mask, **settings)
    theirs.generation_config.eos_token_id = None  # it would stand in for None
    config = transformers.GenerationConfig(do_sample=False, bos_token_id=1, **settings)
    given = {} if mask is None else {"attention_mask": torch.tensor(mask)}
    expected = theirs.generate(torch.tensor(ids), generation_config=config, **given)
    return got.tolist(), expected.numpy().tolist()


def endings(ours, ids, n):
    """Ids that the model is likely to say, so that sequences end at different lengths."""
    said = ours.generate(ids, max_new_tokens=8, eos_token_id=None)[:, ids.shape[1] :]
    return [int(i) for i in np.unique(said[:, 3:])[:n]]


@every_decoder
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("n_endings", [0, 1, 3])
def test_tokens_are_those_of_transformers(name, settings, n_endings):
    ours, theirs = twins(name, scale=0.4)
    ids = tokens(ours, (3, 6))
    got, expected = both(ours, theirs, ids, eos_token_id=endings(ours, ids, n_endings) or None, **settings)
    assert got == expected


@every_decoder
@pytest.mark.parametrize("settings", [{}, {"num_beams": 3}], ids=["greedy", "beams"])
@pytest.mark.parametrize("mask", [PADDED, None], ids=["a mask", "by pad_token_id"])
def test_prompts_of_different_length(name, settings, mask):
    ours, theirs = twins(name, scale=0.4)
    ids = np.where(PADDED, tokens(ours, (3, 6)), 1)
    got, expected = both(ours, theirs, ids, mask, eos_token_id=endings(ours, ids[:1], 1), **settings)
    assert got == expected


@pytest.mark.parametrize("top_k", [0, 1, 5, 100])
@pytest.mark.parametrize("top_p", [0.1, 0.5, 0.95, 1.0])
@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.0])
def test_what_may_be_drawn_is_what_transformers_leaves(top_k, top_p, temperature):
    logits = np.random.default_rng(0).standard_normal((4, 20)) * 3
    expected = torch.tensor(logits) / temperature
    if top_k:
        expected = transformers.TopKLogitsWarper(top_k)(None, expected)
    if top_p < 1:
        expected = transformers.TopPLogitsWarper(top_p)(None, expected)
    ours = filtered(logits, GenerationConfig(temperature=temperature, top_k=top_k, top_p=top_p))
    np.testing.assert_allclose(ours, expected.numpy(), rtol=1e-12)
