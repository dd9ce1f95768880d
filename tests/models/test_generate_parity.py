"""generate() held to transformers' on the same random weights: greedy and beam search, token by token."""

import re

import numpy as np
import pytest
from hugging_face import MODELS, tokens, torch, transformers, twins

from tinygrad_tf import manual_seed
from tinygrad_tf.models import GPT2, GenerationConfig, GPT2Config
from tinygrad_tf.models.choosing import Ends, filtered

DECODERS = [name for name in MODELS if not name.startswith("BERT") or "decoder" in name]
every_decoder = pytest.mark.parametrize("name", DECODERS)
one_of_each = pytest.mark.parametrize("name", ["GPT-2: two layers", "Llama: grouped queries, tied", "BERT: decoder"])
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


#: Settings that speak of tokens, given those (T,) that the model would say.
OF_TOKENS = {
    "no token twice": lambda said: {"no_repeat_ngram_size": 1},
    "no pair twice": lambda said: {"no_repeat_ngram_size": 2},
    "no pair twice, beams": lambda said: {"no_repeat_ngram_size": 2, "num_beams": 3},
    "bad words": lambda said: {"bad_words_ids": [[said[0]], [said[2], said[3]], [3, 4]]},
    "bad words, beams": lambda said: {"bad_words_ids": [[said[0]], [said[2], said[3]]], "num_beams": 4},
    "long enough": lambda said: {"min_new_tokens": 9},
    "long enough, in all": lambda said: {"min_length": 13, "num_beams": 2},
    "new tokens before the whole": lambda said: {"min_length": 13, "min_new_tokens": 1},
    "a length in all": lambda said: {"max_length": 10, "max_new_tokens": None},
    "a length in all, beams": lambda said: {"max_length": 10, "max_new_tokens": None, "num_beams": 3},
    "suppressed": lambda said: {"suppress_tokens": [said[0], said[1], said[4]]},
    "suppressed as the first": lambda said: {"begin_suppress_tokens": [said[0], said[1]], "num_beams": 2},
    "a last token": lambda said: {"forced_eos_token_id": 5},
    "a last token, beams": lambda said: {"forced_eos_token_id": 5, "num_beams": 3},
    "one of two last tokens": lambda said: {"forced_eos_token_id": [6, 4]},
    "all together": lambda said: {
        "no_repeat_ngram_size": 2, "bad_words_ids": [[said[1]]], "min_new_tokens": 5, "suppress_tokens": [said[2]],
        "begin_suppress_tokens": [said[0]], "forced_eos_token_id": 7, "repetition_penalty": 1.3},
}  # fmt: skip


def both(ours, theirs, ids, mask=None, **settings):
    """Our tokens, and transformers', cut or filled to the same length."""
    settings = {"max_new_tokens": 12, "pad_token_id": 1, "eos_token_id": None, **settings}
    got = ours.generate(ids, attention_mask=mask, **settings)
    theirs.generation_config.eos_token_id = None  # it would stand in for None
    config = transformers.GenerationConfig(**{"do_sample": False, "bos_token_id": 1, **settings})
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


@one_of_each
@pytest.mark.parametrize("settings", OF_TOKENS.values(), ids=OF_TOKENS)
@pytest.mark.parametrize("n_endings", [0, 2])
def test_what_is_ruled_out_is_ruled_out_as_in_transformers(name, settings, n_endings):
    ours, theirs = twins(name, scale=0.4)
    ids = tokens(ours, (3, 6))
    said = ours.generate(ids[:1], max_new_tokens=8, eos_token_id=None)[0, 6:].tolist()
    ends = endings(ours, ids, n_endings) or None
    got, expected = both(ours, theirs, ids, eos_token_id=ends, **settings(said))
    assert got == expected


@pytest.mark.parametrize("n", [1, 2, 4])
@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}, {"no_repeat_ngram_size": 2}])
def test_several_sequences_of_each_prompt(n, settings):
    ours, theirs = twins("Llama: grouped queries, tied", scale=0.4)
    ids = tokens(ours, (2, 6))
    got, expected = both(ours, theirs, ids, num_beams=4, num_return_sequences=n,
                         eos_token_id=endings(ours, ids, 2), **settings)  # fmt: skip
    assert len(got) == 2 * n
    assert got == expected


@pytest.mark.parametrize("settings", [{}, {"num_beams": 3}], ids=["one", "beams"])
def test_a_temperature_of_nearly_0_draws_the_likeliest(settings):
    """Transformers' tokens where its arithmetic holds, and the same ones at any smaller temperature."""
    ours, theirs = twins("GPT-2: two layers", scale=0.4)
    ids = tokens(ours, (3, 6))
    _, expected = both(ours, theirs, ids, **settings)
    if not settings:
        assert both(ours, theirs, ids, do_sample=True, temperature=1e-6)[1] == expected
    for temperature in (1e-6, 1e-20, 1e-37, 1e-310, 0.0, 0):
        if temperature >= 1e-30 and settings:
            continue  # there scores that were divided by the temperature are added to others
        got = ours.generate(ids, max_new_tokens=12, pad_token_id=1, eos_token_id=None, do_sample=True,
                            temperature=temperature, **settings)  # fmt: skip
        assert got.tolist() == expected


class Words:
    """A tokenizer of bytes for both, whose tokens are letters and pairs of letters, as GPT-2's are."""

    def __init__(self):
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers

        letters = sorted(pre_tokenizers.ByteLevel.alphabet())
        pairs = [("a", "b"), ("b", "a"), ("Ġ", "a"), ("Ã", "©")]
        vocabulary = {token: i for i, token in enumerate([*letters, *map("".join, pairs)])}
        self.ours = Tokenizer(models.BPE(vocabulary, pairs))
        self.ours.pre_tokenizer, self.ours.decoder = pre_tokenizers.ByteLevel(False), decoders.ByteLevel()
        self.theirs = transformers.PreTrainedTokenizerFast(tokenizer_object=self.ours)


TEXTS = ["ab", "xab a", "a", "é", "aé", "bab", " a", "x", "baba", " é"]


@pytest.mark.parametrize("stop", ["a", "b", "ab", "ba", " a", "é", "aé", "b é", ["xx", "bab"], "abab", "x"])
def test_a_stop_string_ends_a_text_where_it_does_in_transformers(stop):
    words = Words()
    criterion = transformers.StopStringCriteria(words.theirs, stop)
    ends = Ends(GenerationConfig(stop_strings=stop), words.ours)
    seen = set()
    for first in TEXTS:
        for second in TEXTS:
            ids = np.array([[*words.ours.encode(first).ids, *words.ours.encode(second).ids]])
            for length in range(1, ids.shape[1] + 1):
                expected = criterion(torch.tensor(ids[:, :length]), None).tolist()
                assert ends(ids[:, :length]).tolist() == expected, (first, second, length)
                seen.update(expected)
    assert seen == {False, True}


@pytest.mark.parametrize("settings", [{}, {"num_beams": 3}], ids=["greedy", "beams"])
def test_stop_strings_end_generation_as_in_transformers(settings):
    words = Words()
    ours = GPT2(GPT2Config(len(words.theirs), 40, 16, 1, 2, eos_token_id=None))
    theirs = transformers.GPT2LMHeadModel(transformers.GPT2Config(
        vocab_size=len(words.theirs), n_positions=40, n_embd=16, n_layer=1, n_head=2)).eval()  # fmt: skip
    rng = np.random.default_rng(5)
    for name, p in ours.named_parameters():
        p.array[...] = rng.standard_normal(p.shape)
        flipped = re.search(ours.transposed, name)
        theirs.state_dict()[name].copy_(torch.tensor(p.array.T if flipped else p.array))
    ids = np.array([[65, 70, 75], [80, 81, 82]])
    said = ours.generate(ids, max_new_tokens=12, **settings)
    letters = [words.ours.decode([int(said[row, 7 + row])]) for row in (0, 1)]
    settings = {**settings, "max_new_tokens": 12, "pad_token_id": 1, "eos_token_id": 2, "stop_strings": letters}
    got = ours.generate(ids, tokenizer=words.ours, **settings)
    theirs.generation_config.eos_token_id = None
    config = transformers.GenerationConfig(do_sample=False, bos_token_id=1, **settings)
    expected = theirs.generate(torch.tensor(ids), generation_config=config, tokenizer=words.theirs)
    assert got.tolist() == expected.tolist()
    assert got.shape[1] < said.shape[1]


@every_decoder
@pytest.mark.parametrize("settings", [{}, {"num_beams": 3}], ids=["greedy", "beams"])
@pytest.mark.parametrize("mask", [PADDED, None], ids=["a mask", "by pad_token_id"])
def test_prompts_of_different_length(name, settings, mask):
    ours, theirs = twins(name, scale=0.4)
    ids = np.where(PADDED, tokens(ours, (3, 6)), 1)
    got, expected = both(ours, theirs, ids, mask, eos_token_id=endings(ours, ids[:1], 1), **settings)
    assert got == expected


@pytest.mark.parametrize("top_k", [0, 1, 5, 100])
@pytest.mark.parametrize("top_p", [0.0, 0.1, 0.5, 0.95, 1.0])
@pytest.mark.parametrize("min_p", [None, 0.0, 0.02, 0.3, 1.0])
@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.0])
@pytest.mark.parametrize("least", [1, 3])
def test_what_may_be_drawn_is_what_transformers_leaves(top_k, top_p, min_p, temperature, least):
    logits = np.random.default_rng(0).standard_normal((4, 20)) * 3
    expected = torch.tensor(logits) / temperature
    if top_k:
        expected = transformers.TopKLogitsWarper(top_k, min_tokens_to_keep=least)(None, expected)
    if top_p < 1:
        expected = transformers.TopPLogitsWarper(top_p, min_tokens_to_keep=least)(None, expected)
    if min_p is not None:
        expected = transformers.MinPLogitsWarper(min_p, min_tokens_to_keep=least)(None, expected)
    config = GenerationConfig(do_sample=True, temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p)
    np.testing.assert_allclose(filtered(logits, config, least), expected.numpy(), rtol=1e-12)


def test_drawn_beams_fall_as_in_transformers():
    """How often each pair of tokens is found, in as many runs; beams are drawn without replacement."""
    ours, theirs = twins("GPT-2: one head, own width, exact gelu", scale=0.4)
    ids = np.repeat(tokens(ours, (1, 3)), 800, axis=0)
    settings = {"do_sample": True, "num_beams": 2, "num_return_sequences": 2, "top_k": 3, "temperature": 1.5,
                "max_new_tokens": 2}  # fmt: skip
    torch.manual_seed(0)
    manual_seed(0)
    counts = []
    for rows in both(ours, theirs, ids, **settings):
        pairs, n = np.unique(np.array(rows)[:, 3:], axis=0, return_counts=True)
        counts.append({tuple(pair): count for pair, count in zip(pairs.tolist(), n.tolist(), strict=True)})
    assert counts[0].keys() == counts[1].keys()
    for pair, count in counts[0].items():
        assert abs(count - counts[1][pair]) < 5 * np.sqrt(count + counts[1][pair])
