"""generate(): the tokens of a slow loop with and without the cache, endings, batches, drawing, and what it leaves."""

import numpy as np
import pytest

from tinygrad_tf import Tensor, manual_seed, nn
from tinygrad_tf.autograd.recording import thread
from tinygrad_tf.models import (
    BERT,
    GPT2,
    BERTConfig,
    GenerationConfig,
    GPT2Config,
    Llama,
    LlamaConfig,
    Transformer,
    TransformerConfig,
)
from tinygrad_tf.models.choosing import draw, filtered, probabilities
from tinygrad_tf.ops.fused import attending

START, END = 1, 2
SOURCE = np.array([[3, 4, 5, 6], [5, 4, 0, 0], [6, 0, 0, 0], [7, 8, 3, 0]])
PROMPT = np.array([[3, 4, 5, 6], [0, 0, 5, 4], [0, 0, 0, 6], [0, 7, 8, 3]])
REAL = PROMPT != 0


def random_weights(model, seed=75):
    """Large weights, so that rows differ in what they say and when they end; dropout would change it."""
    rng = np.random.default_rng(seed)
    for p in model.parameters():
        p.array[...] = rng.standard_normal(p.shape)
    return model


def paper():
    return random_weights(Transformer(TransformerConfig(
        12, d_model=8, n_heads=2, n_layers=1, d_ff=12, dropout=0.5, norm_first=True, tie_output=False)))  # fmt: skip


DECODERS = {
    "GPT-2": lambda: GPT2(GPT2Config(12, 40, 8, 2, 2, resid_pdrop=0.5, eos_token_id=None)),
    "Llama": lambda: Llama(LlamaConfig(12, 8, 12, 2, 4, 2, attention_dropout=0.5, eos_token_id=None)),
    "BERT": lambda: BERT(BERTConfig(12, 8, 2, 2, 12, max_position_embeddings=40, is_decoder=True)),
}
every_decoder = pytest.mark.parametrize("name", DECODERS)
OPTIONS = {
    "greedy": {},
    "penalty": {"repetition_penalty": 1.5},
    "beams": {"num_beams": 3},
    "drawn": {"do_sample": True, "temperature": 2.0, "top_k": 8, "top_p": 0.9},
}
every_option = pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)


@pytest.fixture
def model():
    return paper()


def translate(model, max_new_tokens, source=SOURCE, **options):
    return model.generate(source, decoder_start_token_id=START, eos_token_id=END, pad_token_id=END,
                          max_new_tokens=max_new_tokens, **options)  # fmt: skip


# ---- an encoder and a decoder ---------------------------------------------------------------------------------------


def slowly(model, source, max_length):
    """One source at a time, everything anew for each token."""
    model.eval()
    rows = []
    for row in source:
        row = row[row != 0][None]
        tokens = [START]
        while len(tokens) <= max_length and (len(tokens) == 1 or tokens[-1] != END):
            tokens.append(int(model(row, [tokens]).array[0, -1].argmax()))
        rows.append(tokens)
    model.train()
    return rows


@pytest.mark.parametrize("use_cache", [True, False])
@pytest.mark.parametrize("max_length", [1, 2, 9])
def test_tokens_are_those_of_a_slow_loop(model, max_length, use_cache):
    got = translate(model, max_length, use_cache=use_cache)
    expected = slowly(model, SOURCE, max_length)
    longest = max(map(len, expected))
    assert got.tolist() == [row + [END] * (longest - len(row)) for row in expected]
    assert max_length < 9 or len({len(row) for row in expected}) == 3


@every_option
def test_an_encoder_decoder_says_the_same_without_the_cache(model, options):
    manual_seed(1)
    cached = translate(model, 9, **options)
    manual_seed(1)
    np.testing.assert_array_equal(translate(model, 9, use_cache=False, **options), cached)


def test_beams_of_an_encoder_decoder_find_what_is_likeliest(model):
    """With as many beams as there are sequences, the best of all sequences of three tokens."""
    model.eval()
    got = translate(model, 3, SOURCE[:1], num_beams=12**2, length_penalty=1.0, early_stopping="never")[0]

    def score(tokens):
        logits = model(SOURCE[:1], [[START, *tokens[:-1]]]).array[0].astype(np.float64)
        log_probs = np.log(probabilities(logits))
        return log_probs[np.arange(len(tokens)), tokens].sum() / len(tokens)

    inner = [i for i in range(12) if i != END]
    whole = [[END], *[[i, END] for i in inner], *[[i, j, k] for i in inner for j in inner for k in range(12)]]
    best = max(whole, key=score)
    assert got[1 : 1 + len(best)].tolist() == best


def test_the_source_is_encoded_once_and_projected_once(model, monkeypatch):
    calls, keys = [], []
    encode, linear = model.encode, nn.attention.linear
    monkeypatch.setattr(model, "encode", lambda source: calls.append(1) or encode(source))
    monkeypatch.setattr(nn.attention, "linear", lambda x, *a: keys.append(x.shape[1]) or linear(x, *a))
    tokens = translate(model, 5, SOURCE[:1])
    assert len(calls) == 1
    assert keys.count(4) == 5  # Q, K and V in the encoder, K and V of what it made
    assert keys.count(1) == 4 * (tokens.shape[1] - 1) == len(keys) - 5  # Q, K, V of a new token, Q for the memory


def test_a_mask_of_the_source_is_padding(model):
    other = np.where(SOURCE == 0, 9, SOURCE)
    np.testing.assert_array_equal(translate(model, 6, other, attention_mask=SOURCE != 0), translate(model, 6))


def test_a_source_of_padding_alone_gives_tokens(model):
    assert translate(model, 3, [[0, 0]]).shape[0] == 1


# ---- decoders alone -------------------------------------------------------------------------------------------------


def decoder(name):
    return random_weights(DECODERS[name]())


@every_decoder
@every_option
def test_a_decoder_says_the_same_without_the_cache(name, options):
    model = decoder(name)
    runs = []
    for use_cache in (True, False):
        manual_seed(3)
        runs.append(model.generate(PROMPT, REAL, max_new_tokens=10, use_cache=use_cache, eos_token_id=4, **options))
    np.testing.assert_array_equal(*runs)


@every_decoder
@pytest.mark.parametrize("options", [OPTIONS[k] for k in ("greedy", "penalty", "beams")])
def test_a_prompt_says_the_same_alone_and_beside_longer_ones(name, options):
    model = decoder(name)
    together = model.generate(PROMPT, REAL, max_new_tokens=8, eos_token_id=[4, 9], pad_token_id=0, **options)
    for row, prompt in zip(together, PROMPT, strict=True):
        alone = model.generate(prompt[prompt != 0][None], max_new_tokens=8, eos_token_id=[4, 9], **options)[0]
        n = (prompt == 0).sum()
        assert row[n : n + len(alone)].tolist() == alone.tolist()
        assert not row[n + len(alone) :].any()


@every_decoder
def test_a_stream_is_what_generate_returns(name):
    model, options = decoder(name), {"max_new_tokens": 7, "do_sample": True, "eos_token_id": 4}
    manual_seed(5)
    whole = model.generate(PROMPT, REAL, **options)
    manual_seed(5)
    steps = list(model.stream(PROMPT, REAL, **options))
    np.testing.assert_array_equal(np.stack(steps, axis=1), whole[:, PROMPT.shape[1] :])


def test_a_stream_gives_a_token_before_the_next_is_computed(monkeypatch):
    model, calls = decoder("GPT-2"), []
    hidden = model.hidden
    monkeypatch.setattr(model, "hidden", lambda *a, **k: calls.append(1) or hidden(*a, **k))
    stream = model.stream(PROMPT[:1], max_new_tokens=5)
    assert calls == []
    for n in (1, 2, 3):
        next(stream)
        assert len(calls) == n


def test_between_the_steps_of_a_stream_the_model_is_as_it_was():
    model = decoder("GPT-2").train()
    for _ in model.stream(PROMPT[:1], max_new_tokens=3):
        assert model.training
        assert thread.state.recording


@every_decoder
def test_the_same_seed_draws_the_same_tokens_and_another_others(name):
    model, drawn = decoder(name), []
    for seed in (0, 0, 1):
        manual_seed(seed)
        drawn.append(model.generate(PROMPT, REAL, max_new_tokens=10, do_sample=True, temperature=5.0).tolist())
    assert drawn[0] == drawn[1] != drawn[2]


def work(model, monkeypatch, run):
    """The shapes (L, S) of every attention, and how many rows went through linear layers, step by step."""
    shapes, rows = [], []
    linear = nn.layers.fused.linear
    attend = attending._attention
    monkeypatch.setattr(
        attending, "_attention",
        lambda Q, K, *a, **k: shapes.append((Q.shape[-2], K.shape[-2])) or attend(Q, K, *a, **k),
    )  # fmt: skip
    monkeypatch.setattr(nn.layers.fused, "linear", lambda x, *a: rows.append(x.shape[-2]) or linear(x, *a))
    run()
    monkeypatch.undo()
    return shapes, rows


@every_decoder
def test_a_token_costs_the_same_however_many_came_before(name, monkeypatch):
    model = decoder(name)
    run = lambda **k: model.generate(PROMPT[:1], max_new_tokens=20, **k)
    shapes, rows = work(model, monkeypatch, run)
    assert shapes[:2] == [(4, 4)] * 2  # the prompt, in both layers
    assert shapes[2:] == [(1, length) for length in range(5, 24) for _ in range(2)]  # then a query against what is kept
    per_step = len(rows) // 20
    assert set(rows[per_step:]) == {1}
    slow, _ = work(model, monkeypatch, lambda: run(use_cache=False))
    assert slow[-1] == (23, 23)


def test_the_room_of_a_cache_doubles(monkeypatch):
    made, empty = [], np.empty
    monkeypatch.setattr(nn.cache.np, "empty", lambda *a: made.append(a[0]) or empty(*a))
    cache, owner, token = nn.Cache(), nn.Module(), Tensor(np.ones((1, 2, 1, 3), np.float32))
    for _ in range(1000):
        K, _ = cache.extend(owner, token, token)
    assert K.shape == (1, 2, 1000, 3)
    assert len(made) < 2 * 9


def test_a_cache_refuses_what_wants_a_gradient():
    model = decoder("GPT-2")
    with pytest.raises(RuntimeError, match="no_grad"):
        model(PROMPT, cache=nn.Cache())


# ---- endings --------------------------------------------------------------------------------------------------------


def ends_after(model, *lengths):
    """A model whose row i says token 5 until it says END as token number ``lengths[i]``."""

    def decode(target, memory, source, cache=None):
        logits = np.zeros((len(lengths), target.shape[1], 12))
        for row, length in zip(logits, lengths, strict=True):
            row[:, 5] = 1
            row[length - 1 : length, END] = 2  # once only: later it would say 5 again
        return type("Logits", (), {"array": logits})

    model.decode = decode
    return model


def test_it_stops_when_every_row_has_ended(model):
    assert translate(ends_after(model, 2, 4, 1, 3), 50)[:, 1:].tolist() == [
        [5, END, END, END], [5, 5, 5, END], [END, END, END, END], [5, 5, END, END]
    ]  # fmt: skip


def test_it_stops_at_the_length_asked_for(model):
    assert translate(ends_after(model, 2, 9, 1, 9), 3)[:, 1:].tolist() == [
        [5, END, END], [5, 5, 5], [END, END, END], [5, 5, 5]
    ]  # fmt: skip


def test_after_its_end_a_row_is_padding(model):
    rows = ends_after(model, 2, 4, 1, 3).generate(
        SOURCE, decoder_start_token_id=START, eos_token_id=[9, END], pad_token_id=7, max_new_tokens=9
    )
    assert rows[:, 1:].tolist() == [[5, END, 7, 7], [5, 5, 5, END], [END, 7, 7, 7], [5, 5, END, 7]]


# ---- drawing --------------------------------------------------------------------------------------------------------


def test_tokens_are_drawn_with_their_probabilities():
    logits = np.log(np.array([[0.5, 0.3, 0.15, 0.05]]))
    drawn = draw(np.repeat(logits, 40_000, axis=0), GenerationConfig(top_k=0))
    shares = np.bincount(drawn, minlength=4) / len(drawn)
    np.testing.assert_allclose(shares, [0.5, 0.3, 0.15, 0.05], atol=0.01)


def test_what_is_cut_off_is_never_drawn():
    logits = np.random.default_rng(0).standard_normal((5000, 9))
    config = GenerationConfig(top_k=6, top_p=0.8, temperature=1.5)
    drawn = draw(logits, config)
    assert np.isfinite(np.take_along_axis(filtered(logits, config), drawn[:, None], 1)).all()


class Numbers:
    """A model of 4 tokens whose logits are the same in every row, but for one new token of one row."""

    def __init__(self, row, step, logits):
        self.row, self.step, self.odd = row, step, np.float32(logits)

    def __call__(self, ids, cache=None, logits_to_keep=1):
        logits = np.tile(np.float32([0, 3, 2, 1]), (len(ids), 1, 1))
        if ids.shape[1] == 2 + self.step:
            logits[self.row] = self.odd
        return type("Logits", (), {"array": logits})


BROKEN = {"NaN": [0, np.nan, 1, 2], "all −inf": [-np.inf] * 4, "inf": [0, 1, np.inf, 2]}


@pytest.mark.parametrize("logits", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("step", [0, 2])
def test_logits_that_choose_no_token_are_refused_at_their_step(logits, options, step, monkeypatch):
    model, broken = decoder("GPT-2"), Numbers(1, step, logits)
    monkeypatch.setattr(type(model), "__call__", lambda self, *a, **k: broken(*a, **k))
    with pytest.raises(ValueError, match=f"for new token {step + 1} logits of row") as caught:
        model.generate([[1, 2], [2, 1]], max_new_tokens=5, use_cache=False, **options)
    assert "cure:" in str(caught.value)


@pytest.mark.parametrize("options", [OPTIONS["greedy"], OPTIONS["drawn"]], ids=["greedy", "drawn"])
def test_logits_of_what_has_ended_may_be_anything(options, monkeypatch):
    model, broken = decoder("GPT-2"), Numbers(0, 1, BROKEN["NaN"])
    monkeypatch.setattr(type(model), "__call__", lambda self, *a, **k: broken(*a, **k))
    ends = iter([[True, False], [True, False], [True, True]])
    monkeypatch.setattr("tinygrad_tf.models.generation.Ends", lambda *a: lambda tokens: np.array(next(ends)))
    assert model.generate([[1, 2], [2, 1]], max_new_tokens=5, use_cache=False, **options).shape == (2, 5)


def test_some_impossible_tokens_are_no_mistake(monkeypatch):
    model, some = decoder("GPT-2"), Numbers(0, 0, [-np.inf, -np.inf, 0, -np.inf])
    monkeypatch.setattr(type(model), "__call__", lambda self, *a, **k: some(*a, **k))
    for options in OPTIONS.values():
        assert model.generate([[1, 2]], max_new_tokens=1, use_cache=False, **options)[0, 2] == 2


def test_the_coldest_draw_is_the_likeliest_token_of_large_and_small_logits():
    logits = np.float32([[3e38, -3e38, 2.9e38], [1e-30, 2e-30, 0]])
    for temperature in (1e-29, 1e-20, 1e-3):
        config = GenerationConfig(do_sample=True, temperature=temperature)
        P = probabilities(filtered(logits, config))
        assert np.isfinite(P).all()
        assert P[0].tolist() == [1, 0, 0]
    assert draw(np.float32([[0, 1e-3]] * 99), GenerationConfig(do_sample=True, temperature=1e-6)).all()


@every_decoder
@pytest.mark.parametrize("options", [OPTIONS["drawn"], {"num_beams": 3, "do_sample": True}], ids=["one", "beams"])
def test_several_sequences_are_drawn_of_each_prompt(name, options):
    model = decoder(name)
    manual_seed(0)
    rows = model.generate(PROMPT, REAL, max_new_tokens=8, num_return_sequences=3, **options)
    assert rows[:, :4].tolist() == np.repeat(PROMPT, 3, axis=0).tolist()
    assert len({tuple(row) for row in rows.tolist()}) > 4
    if "num_beams" not in options:
        steps = model.stream(PROMPT, REAL, max_new_tokens=2, num_return_sequences=3, **options)
        assert [step.shape for step in steps] == [(12,), (12,)]


# ---- how long -------------------------------------------------------------------------------------------------------


def test_by_default_20_are_generated_and_no_more_than_there_are_positions():
    assert decoder("GPT-2").generate([[5]]).shape == (1, 21)
    assert decoder("GPT-2").generate([[5] * 30]).shape == (1, 40)
    assert decoder("Llama").generate([[5] * 30]).shape == (1, 50)


def test_a_length_of_the_call_that_does_not_count_is_said():
    model = decoder("Llama")
    model.generation = GenerationConfig(max_new_tokens=3)
    with pytest.warns(UserWarning, match="max_new_tokens=3 counts, and not max_length=9"):
        assert model.generate([[5, 6]], max_length=9).shape == (1, 5)
    assert model.generate([[5, 6]], max_length=9, max_new_tokens=None).shape == (1, 9)


# ---- what it leaves, and refuses ------------------------------------------------------------------------------------


def modes(model):
    return [module.training for module in model.modules()]


@pytest.mark.parametrize("options", [OPTIONS["greedy"], OPTIONS["beams"]], ids=["greedy", "beams"])
@pytest.mark.parametrize("fails", [False, True], ids=["done", "exception"])
def test_every_part_is_as_it_was_before(model, monkeypatch, fails, options):
    model.train()
    model.encoder.eval()  # a part that was put apart stays so
    before = modes(model)
    if fails:
        monkeypatch.setattr(model, "decode", lambda *args: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            translate(model, 3, **options)
    else:
        translate(model, 3, **options)
    assert modes(model) == before
    assert thread.state.recording


def test_dropout_is_off_while_it_decodes(model):
    np.testing.assert_array_equal(*(translate(model, 8) for _ in range(2)))


@every_option
def test_the_type_of_the_prompt_does_not_bound_the_new_tokens(options):
    """Ids up to 299 after a prompt that fits into bytes."""
    model = random_weights(GPT2(GPT2Config(300, 40, 8, 2, 2, eos_token_id=None)))
    found = []
    for dtype in (np.uint8, np.int64):
        manual_seed(0)
        found.append(model.generate(PROMPT.astype(dtype), max_new_tokens=6, **options))
    assert found[1].max() > 255
    np.testing.assert_array_equal(*found, strict=True)


WRONG = {
    "length": (ValueError, {"max_new_tokens": 0}, ["max_new_tokens 0", "at least one"]),
    "no batch": (ValueError, {"input_ids": [3, 4]}, ["input_ids (2,)", "ids[None, :]"]),
    "no tokens": (ValueError, {"input_ids": np.zeros((2, 0), int)}, ["at least one token"]),
    "id outside the vocabulary": (IndexError, {"input_ids": [[3, 12]]}, ["12", "0 … 11"]),
    "start outside the vocabulary": (ValueError, {"decoder_start_token_id": 12}, ["decoder_start_token_id 12"]),
    "no start": (ValueError, {"decoder_start_token_id": None}, ["decoder_start_token_id None", "0 … 11"]),
    "end outside the vocabulary": (ValueError, {"eos_token_id": -1}, ["eos_token_id -1", "0 … 11"]),
    "longer than there are positions": (ValueError, {"max_new_tokens": 1025}, ["max_new_tokens 1025", "1024"]),
    "a misspelt setting": (TypeError, {"max_token": 3}, ["'max_token'", "max_new_tokens"]),
    "colder than cold": (ValueError, {"temperature": -1.0, "do_sample": True}, ["temperature -1.0"]),
    "a temperature that is no number": (ValueError, {"temperature": np.nan, "do_sample": True}, ["temperature nan"]),
    "a temperature in words": (ValueError, {"temperature": "cold", "do_sample": True}, ["temperature 'cold'"]),
    "no probability": (ValueError, {"top_p": 1.5, "do_sample": True}, ["top_p 1.5"]),
    "a number of tokens below 0": (ValueError, {"top_k": -1, "do_sample": True}, ["top_k -1", "0 for all"]),
    "no share": (ValueError, {"min_p": 2, "do_sample": True}, ["min_p 2", "0 … 1"]),
    "no penalty": (ValueError, {"repetition_penalty": 0.0}, ["repetition_penalty 0.0", "1.0 for none"]),
    "an end that is no rule": (ValueError, {"early_stopping": "soon", "num_beams": 2}, ["soon", "never"]),
    "several of the likeliest": (ValueError, {"num_return_sequences": 2}, ["num_return_sequences 2", "are drawn"]),
    "more than there are beams": (ValueError, {"num_return_sequences": 4, "num_beams": 3}, ["at most 3 sequences"]),
    "words that are no lists": (ValueError, {"bad_words_ids": [3, 4]}, ["bad_words_ids [3, 4]", "list of lists"]),
    "words of nothing": (ValueError, {"bad_words_ids": [[]]}, ["bad_words_ids [[]]"]),
    "a token that is no list": (ValueError, {"suppress_tokens": 3}, ["suppress_tokens 3", "a list of token ids"]),
    "a token outside the vocabulary": (ValueError, {"suppress_tokens": [12]}, ["the id 12", "0 … 11"]),
    "a stop of nothing": (ValueError, {"stop_strings": ""}, ["stop_strings ''"]),
    "stops without a tokenizer": (ValueError, {"stop_strings": "a"}, ["no tokenizer", "tokenizer=tokenizer"]),
    "longer than the longest": (ValueError, {"min_new_tokens": 9}, ["at least 10", "max_new_tokens=9 or more"]),
    "no longer than the prompt": (ValueError, {"max_new_tokens": None, "max_length": 1}, ["max_length=2 or more"]),
    "what transformers alone computes": (ValueError, {"guidance_scale": 2.0}, ["guidance_scale=2.0", "leave"]),
    "all tokens suppressed": (ValueError, {"suppress_tokens": list(range(12))}, ["new token 1 of row 0", "loosen"]),
    "all suppressed in beams": (ValueError, {"suppress_tokens": list(range(12)), "num_beams": 2}, ["0 sequences of 1"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_explained_and_the_model_still_trains(case, model):
    kind, change, words = WRONG[case]
    call = {"input_ids": SOURCE, "decoder_start_token_id": START, "eos_token_id": END, "max_new_tokens": 4, **change}
    with pytest.raises(kind) as caught:
        model.generate(**call)
    for word in ["rule:", "cure:", *words]:
        assert word in str(caught.value)
    assert all(modes(model))


@pytest.mark.parametrize("mask", [REAL[:, ::-1], REAL[:, 1:], REAL & False], ids=["right", "short", "nothing"])
def test_padding_stands_on_the_left(mask):
    with pytest.raises(ValueError, match="padding stands on the left"):
        decoder("Llama").generate(PROMPT, mask)


def test_a_stream_of_beams_is_refused_at_once():
    with pytest.raises(ValueError, match="only at the end"):
        decoder("GPT-2").stream(PROMPT, num_beams=2)


def test_a_model_of_positions_ends_with_them_and_rotary_ones_do_not():
    assert decoder("GPT-2").generate(PROMPT, REAL, max_new_tokens=37).shape == (4, 41)
    with pytest.raises(ValueError, match="max_new_tokens=37 or less"):
        decoder("GPT-2").generate(PROMPT, REAL, max_new_tokens=38)
    assert decoder("Llama").generate(PROMPT, REAL, max_new_tokens=60).shape == (4, 64)


def test_what_reads_in_both_directions_does_not_generate():
    with pytest.raises(ValueError, match="both directions"):
        BERT(BERTConfig(12, 8, 1, 2, 12)).generate(PROMPT)
