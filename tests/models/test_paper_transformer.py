"""models.Transformer: what it promises of logits, masks and sizes."""

import copy
import dataclasses

import numpy as np
import pytest

from tinygrad_tf import Tensor, gradcheck, nn
from tinygrad_tf.models import Transformer, TransformerConfig
from tinygrad_tf.ops.fused import cross_entropy

SMALL = TransformerConfig(vocab_size=11, d_model=8, n_heads=2, n_layers=2, d_ff=12, dropout=0.0, max_length=16)
VARIANTS = {
    "paper": {},
    "pre-norm": {"norm_first": True},
    "learned positions": {"positions": "learned"},
    "output apart": {"tie_output": False},
    "two vocabularies": {"target_vocab_size": 7},
    "two vocabularies, output apart": {"target_vocab_size": 7, "tie_output": False, "norm_first": True},
}
SOURCE = np.array([[3, 4, 5, 6], [5, 4, 0, 0], [6, 0, 0, 0]])  # 0 is padding
TARGET = np.array([[1, 3, 4], [1, 2, 0], [1, 6, 6]])
every_variant = pytest.mark.parametrize("variant", VARIANTS)


def model(variant="paper", **changes):
    return Transformer(dataclasses.replace(SMALL, **VARIANTS[variant], **changes)).double()


@every_variant
def test_logits_have_a_row_of_the_target_vocabulary_for_each_target_token(variant):
    net = model(variant)
    assert net(SOURCE, TARGET).shape == (3, 3, net.config.target_vocab_size or 11)


@every_variant
@pytest.mark.parametrize("at", [1, 2])
def test_a_later_target_token_does_not_change_earlier_logits(variant, at):
    net = model(variant)
    changed = TARGET.copy()
    changed[:, at] = 5
    before, after = net(SOURCE, TARGET).array, net(SOURCE, changed).array
    np.testing.assert_allclose(after[:, :at], before[:, :at], rtol=0, atol=1e-12)
    assert (np.abs(after[:, at] - before[:, at]).max(axis=-1) > 1e-3).all()


@every_variant
def test_every_source_token_counts(variant):
    net = model(variant)
    changed = SOURCE.copy()
    changed[0, 3] = 7
    assert np.abs(net(changed, TARGET).array[0] - net(SOURCE, TARGET).array[0]).max() > 1e-3


@every_variant
def test_more_padding_changes_nothing(variant):
    net = model(variant)
    source, target = (np.pad(ids, ((0, 0), (0, 2))) for ids in (SOURCE, TARGET))
    np.testing.assert_allclose(net(source, target).array[:, :3], net(SOURCE, TARGET).array, rtol=0, atol=1e-12)


@every_variant
def test_a_batch_is_its_rows_one_by_one(variant):
    net = model(variant)
    together = net(SOURCE, TARGET).array
    for i, length in enumerate([4, 2, 1]):
        alone = net(SOURCE[i : i + 1, :length], TARGET[i : i + 1]).array
        np.testing.assert_allclose(together[i], alone[0], rtol=0, atol=1e-12)


@every_variant
def test_encode_then_decode_is_the_forward(variant):
    net = model(variant)
    memory = net.encode(SOURCE)
    assert memory.shape == (3, 4, 8)
    np.testing.assert_array_equal(net.decode(TARGET, memory, SOURCE).array, net(SOURCE, TARGET).array)


def test_a_source_of_padding_alone_gives_numbers():
    net = model()
    source = np.array([[3, 4], [0, 0]])
    logits = net(source, TARGET[:2])
    logits.sum().backward()
    assert np.isfinite(logits.array).all()
    assert all(np.isfinite(p.grad.array).all() for p in net.parameters())


def test_the_pad_id_is_that_of_the_config():
    net, other = model(), model(pad_id=9)
    other.load_state_dict(net.state_dict())
    source = np.array([[3, 9], [3, 4]])
    np.testing.assert_allclose(other(source, TARGET[:2, :2]).array[0], net(source[:1, :1], TARGET[:1, :2]).array[0],
                               rtol=0, atol=1e-12)  # fmt: skip


@pytest.mark.parametrize("given", [np.ndarray.tolist, Tensor, np.uint8], ids=["list", "Tensor", "uint8"])
def test_ids_may_be_lists_tensors_or_small_integers(given):
    net = model()
    np.testing.assert_array_equal(net(given(SOURCE), TARGET).array, net(SOURCE, TARGET).array)


def test_dropout_acts_in_training_alone():
    net = model(dropout=0.5)
    assert np.abs(net(SOURCE, TARGET).array - net(SOURCE, TARGET).array).max() > 0
    net.eval()
    np.testing.assert_array_equal(net(SOURCE, TARGET).array, net(SOURCE, TARGET).array)


# ---- weights --------------------------------------------------------------------------------------------------------


def count(config):
    return sum(p.size for p in Transformer(config).parameters())


def test_one_vocabulary_is_one_embedding_and_the_output():
    net = model()
    assert net.target_embedding is net.source_embedding
    assert net.output is None
    assert not any(name.startswith(("target", "output")) for name, _ in net.named_parameters())


@pytest.mark.parametrize(("variant", "more"), [
    ("pre-norm", 4 * 8),  # a last LayerNorm for each stack
    ("learned positions", 16 * 8), ("output apart", 11 * 8), ("two vocabularies", 7 * 8),
    ("two vocabularies, output apart", 2 * 7 * 8 + 4 * 8),
])  # fmt: skip
def test_variants_add_these_weights_to_the_paper_s(variant, more):
    assert sum(p.size for p in model(variant).parameters()) - sum(p.size for p in model().parameters()) == more


BASE = TransformerConfig(vocab_size=37_000)
#: Table 3 of "Attention Is All You Need", rows whose heads share d_model evenly; attention with biases.
TABLE_3 = {
    "base": (BASE, 63_082_496),
    "(C) N=2": (dataclasses.replace(BASE, n_layers=2), 33_656_832),
    "(C) N=4": (dataclasses.replace(BASE, n_layers=4), 48_369_664),
    "(C) N=8": (dataclasses.replace(BASE, n_layers=8), 77_795_328),
    "(C) d_model=256": (dataclasses.replace(BASE, d_model=256), 26_834_944),
    "(C) d_model=1024": (dataclasses.replace(BASE, d_model=1024), 163_889_152),
    "(C) d_ff=1024": (dataclasses.replace(BASE, d_ff=1024), 50_487_296),
    "(C) d_ff=4096": (dataclasses.replace(BASE, d_ff=4096), 88_272_896),
    "big": (dataclasses.replace(BASE, d_model=1024, d_ff=4096, n_heads=16), 214_245_376),
}
#: What the paper prints, in millions: with 41,000 subwords each row but the big one rounds to it.
PRINTED = {"base": 65, "(C) N=2": 36, "(C) N=4": 50, "(C) N=8": 80, "(C) d_model=256": 28, "(C) d_model=1024": 168,
           "(C) d_ff=1024": 53, "(C) d_ff=4096": 90}  # fmt: skip


def counted(config):
    """Parameters of the model, built with one layer; the further layers are copies of it, and built once for all."""
    sizes = (config.d_model, config.n_heads, config.d_ff)
    layers = nn.TransformerEncoderLayer(*sizes), nn.TransformerDecoderLayer(*sizes)
    per_layer = sum(p.size for layer in layers for p in layer.parameters())
    return count(dataclasses.replace(config, n_layers=1)) + (config.n_layers - 1) * per_layer


@pytest.mark.parametrize("row", TABLE_3)
def test_parameters_of_table_3(row, unfilled):
    config, expected = TABLE_3[row]
    assert counted(config) == expected


@pytest.mark.parametrize("row", PRINTED)
def test_with_41000_subwords_table_3_is_what_the_paper_prints(row, unfilled):
    config = dataclasses.replace(TABLE_3[row][0], vocab_size=41_000)
    assert round(counted(config) / 1e6) == PRINTED[row]


def test_the_base_model_built_whole_counts_the_same(unfilled):
    assert count(BASE) == 63_082_496


def test_logits_of_a_new_model_are_small():
    """Tied logits are inner products of rows of variance 1/d_model with normed vectors: the loss starts near log V."""
    net = Transformer(dataclasses.replace(SMALL, vocab_size=500, d_model=64))
    ids = np.random.default_rng(0).integers(1, 500, (8, 10))
    loss = cross_entropy(net(ids, ids).reshape(-1, 500), np.random.default_rng(1).integers(0, 500, 80)).item()
    assert np.log(500) - 0.1 < loss < np.log(500) + 1.5


# ---- gradients ------------------------------------------------------------------------------------------------------


def with_weights(net, values):
    """The model, which computes with the given Tensors from now on."""
    for path, value in values.items():
        owner, _, name = path.rpartition(".")
        vars(dict(net.named_modules())[owner])[name] = value  # a plain Tensor, which has no place of its own there
    return net


@pytest.mark.parametrize(("order", "chosen"), [
    (1, ""), (2, "encoder.layers.0.self_attn.in_proj_bias"), (2, "decoder.layers.0.norm2"),
], ids=["all weights", "second of attention", "second of a norm"])  # fmt: skip
def test_gradients_are_those_of_nudges(order, chosen):
    net = Transformer(dataclasses.replace(SMALL, vocab_size=5, d_model=4, d_ff=3, n_layers=1)).double()
    weights = {name: p for name, p in net.named_parameters() if name.startswith(chosen)}
    nudged = copy.deepcopy(net)

    def loss(*values):
        logits = with_weights(nudged, dict(zip(weights, values, strict=True)))([[3, 4, 0]], [[1, 3]])
        return cross_entropy(logits.reshape(-1, 5), [3, 2])

    assert weights
    assert gradcheck(loss, *weights.values(), order=order, rtol=1e-4)


# ---- input that cannot be right -------------------------------------------------------------------------------------

WRONG = {
    "id too large": (IndexError, lambda: model()([[3, 11]], TARGET[:1]), ["embedding", "11", "0 … 10", "vocabulary"]),
    "id negative": (IndexError, lambda: model()(SOURCE[:1], [[1, -1]]), ["embedding", "-1", "0 … 10"]),
    "target id too large": (IndexError, lambda: model("two vocabularies")(SOURCE[:1], [[1, 7]]), ["7", "0 … 6"]),
    "floats": (TypeError, lambda: model()(SOURCE * 1.0, TARGET), ["embedding", "float64", "integers"]),
    "no batch": (ValueError, lambda: model()([3, 4], TARGET), ["source (2,)", "(batch, length)", "ids[None, :]"]),
    "a Tensor alone": (ValueError, lambda: model()(SOURCE, Tensor(TARGET[0, :2])), ["target (2,)", "ids[None, :]"]),
    "batches differ": (ValueError, lambda: model()(SOURCE, TARGET[:2]), ["source (3, 4)", "target (2, 3)", "as many"]),
    "memory of another source": (ValueError, lambda: model().decode(TARGET, model().encode(SOURCE[:, :2]), SOURCE),
                                 ["memory (3, 2, 8)", "source (3, 4)"]),
    "too long": (ValueError, lambda: model()(np.ones((1, 17), int), TARGET[:1]), ["0 … 15", "max_length"]),
    "heads": (ValueError, lambda: model(n_heads=3), ["embed_dim 8", "num_heads 3"]),
    "positions": (ValueError, lambda: model(positions="rotary"), ["'rotary'", "sinusoidal, learned"]),
    "dropout": (ValueError, lambda: model(dropout=-0.1), ["-0.1", "probability"]),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_explained(case):
    kind, call, words = WRONG[case]
    with pytest.raises(kind) as caught:
        call()
    for word in ["rule:", "cure:", *words]:
        assert word in str(caught.value)
