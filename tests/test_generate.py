"""generate.greedy: the tokens of a slow loop, endings, and what it leaves behind."""

import numpy as np
import pytest

from tinygrad_tf.generate import greedy
from tinygrad_tf.models import Transformer, TransformerConfig
from tinygrad_tf.op import state

START, END = 1, 2
SOURCE = np.array([[3, 4, 5, 6], [5, 4, 0, 0], [6, 0, 0, 0], [7, 8, 3, 0]])


@pytest.fixture
def model():
    """Large weights, from a seed whose rows differ in what they say and when they end; dropout would change it."""
    config = TransformerConfig(12, d_model=8, n_heads=2, n_layers=1, d_ff=12, dropout=0.5, norm_first=True,
                               tie_output=False)  # fmt: skip
    net = Transformer(config)
    rng = np.random.default_rng(75)
    for parameter in net.parameters():
        parameter.data[...] = rng.standard_normal(parameter.shape)
    return net


def slowly(model, source, max_length):
    """One source at a time, everything anew for each token."""
    model.eval()
    rows = []
    for row in source:
        row = row[row != 0][None]
        tokens = [START]
        while len(tokens) <= max_length and (len(tokens) == 1 or tokens[-1] != END):
            tokens.append(int(model(row, [tokens]).data[0, -1].argmax()))
        rows.append(tokens[1:])
    model.train()
    return rows


def ends_after(model, *lengths):
    """A model whose row i says token 5 until it says END as token number ``lengths[i]``."""

    def decode(target, memory, source):
        logits = np.zeros((len(lengths), target.shape[1], 12))
        for row, length in zip(logits, lengths, strict=True):
            row[:, 5] = 1
            row[length - 1 : length, END] = 2  # once only: later it would say 5 again
        return type("Logits", (), {"data": logits})

    model.decode = decode
    return model


@pytest.mark.parametrize("max_length", [1, 2, 9])
def test_tokens_are_those_of_a_slow_loop(model, max_length):
    got = greedy(model, SOURCE, START, END, max_length)
    expected = slowly(model, SOURCE, max_length)
    longest = max(map(len, expected))
    assert got.tolist() == [row + [END] * (longest - len(row)) for row in expected]
    assert max_length < 9 or len({len(row) for row in expected}) == 3


def test_it_stops_when_every_row_has_ended(model):
    assert greedy(ends_after(model, 2, 4, 1, 3), SOURCE, START, END, 50).tolist() == [
        [5, END, END, END], [5, 5, 5, END], [END, END, END, END], [5, 5, END, END]
    ]  # fmt: skip


def test_it_stops_at_the_length_asked_for(model):
    assert greedy(ends_after(model, 2, 9, 1, 9), SOURCE, START, END, 3).tolist() == [
        [5, END, END], [5, 5, 5], [END, END, END], [5, 5, 5]
    ]  # fmt: skip


def test_the_source_is_encoded_once(model, monkeypatch):
    calls = []
    encode = model.encode
    monkeypatch.setattr(model, "encode", lambda source: calls.append(1) or encode(source))
    greedy(model, SOURCE, START, END, 5)
    assert len(calls) == 1


def test_no_graph_is_recorded_and_recording_goes_on(model, monkeypatch):
    made, decode = [], model.decode
    monkeypatch.setattr(model, "decode", lambda *args: made.append(decode(*args)) or made[-1])
    greedy(model, SOURCE, START, END, 2)
    assert not any(logits.requires_grad for logits in made)
    assert state.recording
    assert model(SOURCE, SOURCE).requires_grad


def modes(model):
    return [module.training for module in model.modules()]


@pytest.mark.parametrize("fails", [False, True], ids=["done", "exception"])
def test_every_part_is_as_it_was_before(model, monkeypatch, fails):
    model.train()
    model.encoder.eval()  # a part that was put apart stays so
    before = modes(model)
    if fails:
        monkeypatch.setattr(model, "decode", lambda *args: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            greedy(model, SOURCE, START, END, 3)
    else:
        greedy(model, SOURCE, START, END, 3)
    assert modes(model) == before


def test_dropout_is_off_while_it_decodes(model):
    np.testing.assert_array_equal(*(greedy(model, SOURCE, START, END, 8) for _ in range(2)))


def test_a_source_of_padding_alone_gives_tokens(model):
    assert greedy(model, [[0, 0]], START, END, 3).shape[0] == 1


WRONG = {
    "length": (ValueError, {"max_length": 0}, ["max_length 0", "at least one"]),
    "no batch": (ValueError, {"source": [3, 4]}, ["source (2,)", "ids[None, :]"]),
    "id outside the vocabulary": (IndexError, {"source": [[3, 12]]}, ["12", "0 … 11"]),
    "start outside the vocabulary": (ValueError, {"start_id": 12}, ["start_id 12", "0 … 11"]),
    "end outside the vocabulary": (ValueError, {"end_id": -1}, ["end_id -1", "0 … 11"]),
    "longer than there are positions": (ValueError, {"max_length": 1025}, ["max_length 1025", "1024"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_explained_and_the_model_still_trains(case, model):
    kind, change, words = WRONG[case]
    call = {"source": SOURCE, "start_id": START, "end_id": END, "max_length": 4, **change}
    with pytest.raises(kind) as caught:
        greedy(model, **call)
    for word in ["rule:", "cure:", *words]:
        assert word in str(caught.value)
    assert all(modes(model))
