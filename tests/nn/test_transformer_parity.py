"""The layers and stacks of the Transformer beside PyTorch's: outputs and all gradients over settings × masks."""

import itertools

import numpy as np
import pytest
from parity import assert_equal, every_dtype, normal, of_ours, of_theirs, torch, twins

from tinygrad_tf import Tensor, nn

B, S, T, E, H, FF = 3, 5, 4, 8, 2, 12


def settings(norm_first, activation, bias, batch_first):
    return {"norm_first": norm_first, "activation": activation, "bias": bias, "batch_first": batch_first,
            "dim_feedforward": FF, "dropout": 0.0}  # fmt: skip


GRID = {
    f"{'pre' if norm_first else 'post'}-norm {activation}{'' if bias else ' no bias'}{' batch first' if first else ''}":
    settings(norm_first, activation, bias, first)
    for norm_first, activation, bias, first in itertools.product([False, True], ["relu", "gelu"], [True, False],
                                                                 [False, True])
}  # fmt: skip
pytestmark = pytest.mark.filterwarnings("ignore:enable_nested_tensor is True")  # PyTorch's, when it cannot be faster
every_setting = pytest.mark.parametrize("setting", GRID)

FUTURE = {n: ~np.tri(n, dtype=bool) for n in (S, T)}  # true where the key comes after the query
SOURCE_PADDING = np.arange(S) >= np.array([[5], [3], [2]])  # (B, S)
TARGET_PADDING = np.arange(T) >= np.array([[2], [4], [3]])  # (B, T)
MEMORY = np.random.default_rng(3).random((T, S)) < 0.3  # which source positions a target position may not attend to
MEMORY[:, 0] = False


def added(mask):
    return np.where(mask, -np.inf, np.random.default_rng(4).standard_normal(mask.shape))


#: Masks of nn.Transformer; an encoder layer takes those of the source, a decoder layer the others.
MASKS = {
    "none": {},
    "causal float": {"src_mask": added(FUTURE[S]), "tgt_mask": added(FUTURE[T])},
    "causal boolean": {"src_mask": FUTURE[S], "tgt_mask": FUTURE[T]},
    "padding": {"src_key_padding_mask": SOURCE_PADDING, "tgt_key_padding_mask": TARGET_PADDING,
                "memory_key_padding_mask": SOURCE_PADDING},
    "padding float": {"src_key_padding_mask": added(SOURCE_PADDING), "tgt_key_padding_mask": added(TARGET_PADDING),
                      "memory_key_padding_mask": added(SOURCE_PADDING)},
    "both": {"src_mask": FUTURE[S], "tgt_mask": FUTURE[T], "memory_mask": MEMORY,
             "src_key_padding_mask": SOURCE_PADDING, "tgt_key_padding_mask": TARGET_PADDING,
             "memory_key_padding_mask": SOURCE_PADDING},
    "both float": {"src_mask": added(FUTURE[S]), "tgt_mask": added(FUTURE[T]), "memory_mask": added(MEMORY),
                   "src_key_padding_mask": added(SOURCE_PADDING), "tgt_key_padding_mask": added(TARGET_PADDING),
                   "memory_key_padding_mask": added(SOURCE_PADDING)},
}  # fmt: skip
every_mask = pytest.mark.parametrize("masks", MASKS)


def chosen(masks, dtype, of=("src", "tgt", "memory")):
    """The masks that begin with one of ``of``, floats in ``dtype``."""
    return {name: mask.astype(dtype) if mask.dtype.kind == "f" else mask
            for name, mask in MASKS[masks].items() if name.startswith(of)}  # fmt: skip


def sequence(length, setting, dtype, seed):
    shape = (B, length, E) if setting["batch_first"] else (length, B, E)
    return normal(*shape, seed=seed).astype(dtype)


def source_and_target(setting, dtype):
    return sequence(S, setting, dtype, 0), sequence(T, setting, dtype, 1)


@every_setting
@every_mask
@every_dtype
def test_encoder_layer_equals_pytorch(setting, masks, dtype):
    args = GRID[setting]
    ours, theirs = twins(
        nn.TransformerEncoderLayer(E, H, **args), torch.nn.TransformerEncoderLayer(E, H, **args), dtype
    )
    source, call = sequence(S, args, dtype, 0), chosen(masks, dtype, ("src",))
    assert_equal(of_ours(ours, source, **call), of_theirs(theirs, source, **call), dtype)


@every_setting
@every_mask
@every_dtype
def test_decoder_layer_equals_pytorch(setting, masks, dtype):
    args = GRID[setting]
    ours, theirs = twins(
        nn.TransformerDecoderLayer(E, H, **args), torch.nn.TransformerDecoderLayer(E, H, **args), dtype
    )
    memory, target = source_and_target(args, dtype)
    call = chosen(masks, dtype, ("tgt", "memory"))
    assert_equal(of_ours(ours, target, memory, **call), of_theirs(theirs, target, memory, **call), dtype)


@every_setting
@every_mask
@every_dtype
def test_transformer_equals_pytorch(setting, masks, dtype):
    ours, theirs = (package.Transformer(E, H, 2, 2, **GRID[setting]) for package in (nn, torch.nn))
    ours, theirs = twins(ours, theirs, dtype)
    source, target = source_and_target(GRID[setting], dtype)
    call = chosen(masks, dtype)
    assert_equal(of_ours(ours, source, target, **call), of_theirs(theirs, source, target, **call), dtype)


@pytest.mark.parametrize("norm", [True, False], ids=["norm", "no norm"])
@every_dtype
def test_encoder_equals_pytorch(norm, dtype):
    args = GRID["pre-norm gelu"]
    ours, theirs = (
        package.TransformerEncoder(
            package.TransformerEncoderLayer(E, H, **args), 3, package.LayerNorm(E) if norm else None
        )
        for package in (nn, torch.nn)
    )
    ours, theirs = twins(ours, theirs, dtype)
    source = sequence(S, args, dtype, 0)
    call = {"mask": FUTURE[S], "src_key_padding_mask": SOURCE_PADDING}
    assert_equal(of_ours(ours, source, **call), of_theirs(theirs, source, **call), dtype)


@pytest.mark.parametrize("norm", [True, False], ids=["norm", "no norm"])
@every_dtype
def test_decoder_equals_pytorch(norm, dtype):
    args = GRID["post-norm relu batch first"]
    ours, theirs = (
        package.TransformerDecoder(
            package.TransformerDecoderLayer(E, H, **args), 3, package.LayerNorm(E) if norm else None
        )
        for package in (nn, torch.nn)
    )
    ours, theirs = twins(ours, theirs, dtype)
    memory, target = source_and_target(args, dtype)
    call = chosen("both", dtype, ("tgt", "memory"))
    assert_equal(of_ours(ours, target, memory, **call), of_theirs(theirs, target, memory, **call), dtype)


@pytest.mark.parametrize("masks", ["none", "causal float", "causal boolean", "padding", "both"])
@every_dtype
def test_unbatched_equals_pytorch(masks, dtype):
    ours, theirs = (package.Transformer(E, H, 1, 1, FF, 0.0) for package in (nn, torch.nn))
    ours, theirs = twins(ours, theirs, dtype)
    source, target = normal(S, E).astype(dtype), normal(T, E, seed=1).astype(dtype)
    call = {name: mask[2] if "padding" in name else mask for name, mask in chosen(masks, dtype).items()}
    assert_equal(of_ours(ours, source, target, **call), of_theirs(theirs, source, target, **call), dtype)


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_activation_may_be_a_function(name):
    args = {**GRID["post-norm relu"]}
    ours = nn.TransformerEncoderLayer(E, H, **{**args, "activation": getattr(Tensor, name)})
    theirs = torch.nn.TransformerEncoderLayer(E, H, **{**args, "activation": getattr(torch, name)})
    ours, theirs = twins(ours, theirs, "float64")
    source = sequence(S, args, "float64", 0)
    assert_equal(of_ours(ours, source), of_theirs(theirs, source), "float64")


def test_layer_norm_eps_is_that_of_the_argument():
    args = {**GRID["pre-norm relu"], "layer_norm_eps": 0.1}
    ours, theirs = (package.Transformer(E, H, 1, 1, **args) for package in (nn, torch.nn))
    ours, theirs = twins(ours, theirs, "float64")
    source, target = source_and_target(args, "float64")
    assert_equal(of_ours(ours, source, target), of_theirs(theirs, source, target), "float64")


def test_custom_encoder_and_decoder_are_used():
    made = {}
    for package in (nn, torch.nn):
        layers = package.TransformerEncoderLayer(E, H, FF, 0.0), package.TransformerDecoderLayer(E, H, FF, 0.0)
        made[package] = package.Transformer(
            E,
            H,
            custom_encoder=package.TransformerEncoder(layers[0], 1),
            custom_decoder=package.TransformerDecoder(layers[1], 1),
        )
    ours, theirs = twins(made[nn], made[torch.nn], "float64")
    source, target = source_and_target(GRID["post-norm relu"], "float64")
    assert_equal(of_ours(ours, source, target), of_theirs(theirs, source, target), "float64")


@pytest.mark.parametrize("size", [1, 2, 5])
def test_square_subsequent_mask_equals_pytorch(size):
    ours = nn.Transformer.generate_square_subsequent_mask(size)
    theirs = torch.nn.Transformer.generate_square_subsequent_mask(size).numpy()
    np.testing.assert_array_equal(ours.array, theirs, strict=True)


# ---- rows with no key to attend to ----------------------------------------------------------------------------------


@pytest.mark.parametrize("setting", ["post-norm relu batch first", "pre-norm gelu batch first"])
@every_dtype
def test_a_source_of_padding_alone_equals_pytorch(setting, dtype):
    """The layers ask for no weights, and then PyTorch, too, makes such a row's attention 0."""
    ours, theirs = (package.Transformer(E, H, 2, 2, **GRID[setting]) for package in (nn, torch.nn))
    ours, theirs = twins(ours, theirs, dtype)
    source, target = source_and_target(GRID[setting], dtype)
    padding = np.arange(S) >= np.array([[5], [0], [2]])
    call = {"src_key_padding_mask": padding, "memory_key_padding_mask": padding, "tgt_mask": FUTURE[T]}
    found = of_ours(ours, source, target, **call)
    assert all(np.isfinite(x).all() for x in found.values())
    assert_equal(found, of_theirs(theirs, source, target, **call), dtype)


def test_a_source_of_padding_alone_does_not_reach_the_target():
    model = nn.Transformer(E, H, 1, 1, FF, 0.0, batch_first=True)
    source, target = source_and_target({"batch_first": True}, "float32")
    padding = np.arange(S) >= np.array([[5], [0], [2]])
    found = of_ours(model, source, target, src_key_padding_mask=padding, memory_key_padding_mask=padding)
    gradient = found["gradient of input 0"]
    assert np.abs(gradient[1]).max() == 0
    assert np.abs(gradient[0]).max() > 0


# ---- is_causal, and calls that cannot be right ----------------------------------------------------------------------

SMALL = {"d_model": E, "nhead": H, "dim_feedforward": FF, "dropout": 0.0, "batch_first": True}
x, y = Tensor(np.zeros((B, S, E), "float32")), Tensor(np.zeros((B, T, E), "float32"))


def layer(kind):
    return getattr(nn, f"Transformer{kind}Layer")(**SMALL)


HINTS = {
    "encoder layer": lambda: layer("Encoder")(x, is_causal=True),
    "encoder": lambda: nn.TransformerEncoder(layer("Encoder"), 1)(x, is_causal=True),
    "decoder layer": lambda: layer("Decoder")(y, x, tgt_is_causal=True),
    "decoder layer, memory": lambda: layer("Decoder")(y, x, memory_is_causal=True),
    "decoder": lambda: nn.TransformerDecoder(layer("Decoder"), 1)(y, x, tgt_is_causal=True),
    "transformer, source": lambda: nn.Transformer(**SMALL)(x, y, src_is_causal=True),
    "transformer, target": lambda: nn.Transformer(**SMALL)(x, y, tgt_is_causal=True),
    "transformer, memory": lambda: nn.Transformer(**SMALL)(x, y, memory_is_causal=True),
}


@pytest.mark.parametrize("call", HINTS)
def test_is_causal_without_the_mask_is_refused(call):
    with pytest.raises(RuntimeError, match="generate_square_subsequent_mask"):
        HINTS[call]()


@pytest.mark.parametrize("call", [{}, {"src_is_causal": True, "tgt_is_causal": True}], ids=["detected", "hinted"])
def test_is_causal_changes_nothing_beside_the_mask(call):
    model = nn.Transformer(num_encoder_layers=1, num_decoder_layers=1, **SMALL)
    source, target = (Tensor(normal(B, n, E)) for n in (S, T))
    masks = {"src_mask": FUTURE[S], "tgt_mask": FUTURE[T]}
    expected = model.double()(source, target, **masks)
    np.testing.assert_array_equal(model(source, target, **masks, **call).array, expected.array)


WRONG_CALLS = {
    "batch": (lambda: nn.Transformer(**SMALL)(x, y[:2]), ["(3, 5, 8)", "(2, 4, 8)", "batch size", "axis 0"]),
    "width": (lambda: nn.Transformer(**SMALL)(x[..., :4], y), ["(3, 5, 4)", "d_model, 8"]),
    "axes": (lambda: nn.Transformer(**SMALL)(x[0], y), ["(5, 8)", "(3, 4, 8)"]),
    "activation": (lambda: layer("Encoder") and nn.Transformer(activation="swish"), ["'swish'", '"gelu"']),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG_CALLS)
def test_a_wrong_call_says_what_is_wrong(case):
    call, words = WRONG_CALLS[case]
    with pytest.raises(RuntimeError) as caught:
        call()
    for word in ["Transformer got", "rule:", "cure:", *words]:
        assert word in str(caught.value)


def test_width_not_divisible_by_heads_is_refused():
    with pytest.raises(ValueError, match="embed_dim 10, num_heads 3"):
        nn.TransformerEncoderLayer(10, 3)


@pytest.mark.parametrize("mask", [{"src_mask": FUTURE[T]}, {"tgt_mask": FUTURE[S]}, {"memory_mask": MEMORY.T},
                                  {"src_key_padding_mask": TARGET_PADDING}], ids=lambda m: next(iter(m)))  # fmt: skip
def test_a_mask_that_does_not_fit_is_refused(mask):
    with pytest.raises(ValueError, match=r"mask .* bool"):
        nn.Transformer(num_encoder_layers=1, num_decoder_layers=1, **SMALL)(x, y, **mask)
