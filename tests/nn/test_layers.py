"""Positions, dropout, and layers that get what they cannot take."""

import math

import numpy as np
import pytest

from tinygrad_tf import Tensor, manual_seed, nn


@pytest.mark.parametrize("d_model", [2, 5, 16])
def test_sinusoids_are_the_paper_s_formula(d_model):
    table = nn.sinusoids(50, d_model)
    for pos in (0, 1, 7, 49):
        for i in range(d_model):
            wave = math.cos if i % 2 else math.sin
            assert table[pos, i] == pytest.approx(wave(pos / 10000 ** ((i - i % 2) / d_model)), abs=1e-6)


def test_a_shift_of_sinusoids_is_the_same_rotation_everywhere():
    table = nn.sinusoids(40, 6)
    shift = np.linalg.lstsq(table[:20], table[5:25], rcond=None)[0]
    np.testing.assert_allclose(table[10:30] @ shift, table[15:35], atol=1e-3)


@pytest.mark.parametrize("kind", [nn.SinusoidalPositions, nn.LearnedPositions])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_positions_are_added_from_the_start_asked_for(kind, dtype):
    module = kind(4, max_length=8).to(dtype)
    x = Tensor(np.zeros((2, 8, 4), dtype))
    whole = module(x)
    assert whole.dtype == dtype
    np.testing.assert_array_equal(module(x[:, :3], start=2).array, whole.array[:, 2:5])
    np.testing.assert_array_equal(whole.array[0], whole.array[1])
    assert len({tuple(row) for row in whole.array[0]}) == 8


def test_sinusoids_are_neither_learnt_nor_saved():
    assert list(nn.SinusoidalPositions(4).parameters()) == []
    assert nn.SinusoidalPositions(4).state_dict() == {}


def test_learned_positions_learn_where_they_were_used():
    module = nn.LearnedPositions(4, max_length=8)
    module(Tensor(np.zeros((2, 3, 4), "float32"))).sum().backward()
    assert module.weight.grad.tolist() == [[2.0] * 4] * 3 + [[0.0] * 4] * 5


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_drops_a_share_p_and_keeps_the_mean(p):
    y = nn.Dropout(p)(Tensor(np.ones(100_000))).array
    assert abs((y == 0).mean() - p) < 4 * math.sqrt(p * (1 - p) / 100_000)
    np.testing.assert_allclose(y[y != 0], 1 / (1 - p))


def test_dropout_drops_the_gradient_with_the_entry():
    x = Tensor(np.ones(100), requires_grad=True)
    y = nn.Dropout(0.5)(x)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.array, y.array)


def test_dropout_repeats_itself_from_the_same_seed():
    x = Tensor(np.ones(100))
    drawn = []
    for _ in range(2):
        manual_seed(1)
        drawn.append(nn.Dropout(0.5)(x).array)
    np.testing.assert_array_equal(*drawn)
    assert (nn.Dropout(0.5)(x).array != drawn[0]).any()


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_dropout_of_nothing_and_of_all(p):
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = nn.Dropout(p)(x)
    y.sum().backward()
    np.testing.assert_array_equal(y.array, (1 - p) * x.array)
    np.testing.assert_array_equal(x.grad.array, [1 - p] * 2)


WRONG = {
    "Linear": (ValueError, lambda: nn.Linear(4, 3)(Tensor([[1.0, 2.0]])),
               ["linear", "(1, 2)", "(3, 4)", "in_features"]),
    "LayerNorm": (ValueError, lambda: nn.LayerNorm(4)(Tensor([[1.0, 2.0]])), ["layer_norm", "(1, 2)", "(4,)"]),
    "Embedding": (IndexError, lambda: nn.Embedding(4, 3)([4]), ["embedding", "4", "0 … 3"]),
    "Embedding of floats": (TypeError, lambda: nn.Embedding(4, 3)([1.0]), ["integers"]),
    "Dropout": (ValueError, lambda: nn.Dropout(1.5), ["1.5", "probability"]),
    "positions": (ValueError, lambda: nn.SinusoidalPositions(4, 2)(Tensor(np.zeros((1, 3, 4)))),
                  ["(1, 3, 4)", "0 … 1"]),
    "positions from a start": (ValueError, lambda: nn.LearnedPositions(4, 8)(Tensor(np.zeros((1, 3, 4))), start=6),
                               ["start 6", "0 … 7"]),
    "class": (IndexError, lambda: nn.CrossEntropyLoss()(Tensor([[1.0, 2.0]]), [2]), ["cross_entropy", "2", "0 … 1"]),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_explained(case):
    kind, call, words = WRONG[case]
    with pytest.raises(kind) as caught:
        call()
    for word in ["rule:", "cure:", *words]:
        assert word in str(caught.value)


def test_sinusoids_are_the_same_however_many_are_computed_first():
    positions = nn.SinusoidalPositions(512, max_length=5000)
    x = np.zeros((1, 5, 512), "float32")
    assert len(positions.table) < 5000
    late = positions(Tensor(x), start=4990).array
    assert np.array_equal(late[0], nn.sinusoids(5000, 512)[4990:4995])
    assert np.array_equal(positions(Tensor(x)).array[0], nn.sinusoids(5, 512))
