"""nn.MultiheadAttention beside PyTorch's: every constructor argument, every form of mask, outputs and all gradients."""

import numpy as np
import pytest
from parity import assert_equal, every_dtype, normal, of_ours, of_theirs, torch, twins

from tinygrad_tf import Tensor, nn

B, H, L, S, E = 3, 2, 4, 5, 6

CONSTRUCTORS = {
    "default": {},
    "batch_first": {"batch_first": True},
    "without bias": {"bias": False},
    "bias_kv": {"add_bias_kv": True},
    "zero_attn": {"add_zero_attn": True},
    "bias_kv and zero_attn": {"add_bias_kv": True, "add_zero_attn": True, "batch_first": True},
    "kdim": {"kdim": 3},
    "vdim": {"vdim": 7},
    "kdim, vdim, bias_kv": {"kdim": 3, "vdim": 7, "add_bias_kv": True},
    "kdim, vdim, no bias": {"kdim": 3, "vdim": 7, "bias": False, "batch_first": True},
}

rng = np.random.default_rng(2)
FORBIDDEN = rng.random((L, S)) < 0.3  # true where attention is not allowed; no row is without a key
FORBIDDEN[:, 0] = False
EVERY_HEAD = rng.random((B * H, L, S)) < 0.3
EVERY_HEAD[:, :, 0] = False
PADDING = np.arange(S) >= np.array([[5], [3], [2]])  # (B, S)


def added(mask):
    """The float mask that forbids the same, and shifts the other scores."""
    return np.where(mask, -np.inf, rng.standard_normal(mask.shape))


MASKS = {
    "none": {},
    "boolean": {"attn_mask": FORBIDDEN},
    "float": {"attn_mask": added(FORBIDDEN)},
    "boolean of every head": {"attn_mask": EVERY_HEAD},
    "float of every head": {"attn_mask": added(EVERY_HEAD)},
    "padding": {"key_padding_mask": PADDING},
    "float padding": {"key_padding_mask": added(PADDING)},
    "boolean and padding": {"attn_mask": FORBIDDEN, "key_padding_mask": PADDING},
    "float and float padding": {"attn_mask": added(FORBIDDEN), "key_padding_mask": added(PADDING)},
    "every head and padding": {"attn_mask": EVERY_HEAD, "key_padding_mask": PADDING},
}
UNBATCHED = {
    "none": {},
    "boolean": {"attn_mask": FORBIDDEN},
    "float of every head": {"attn_mask": added(EVERY_HEAD[:H])},
    "padding": {"key_padding_mask": PADDING[1]},
    "both": {"attn_mask": FORBIDDEN, "key_padding_mask": added(PADDING[1])},
}
WEIGHTS = {
    "no weights": {"need_weights": False},
    "average weights": {},
    "weights of heads": {"average_attn_weights": False},
}

pytestmark = pytest.mark.filterwarnings("ignore:Support for mismatched key_padding_mask")  # PyTorch's, on mixed masks
every_constructor = pytest.mark.parametrize("constructor", CONSTRUCTORS)
every_weights = pytest.mark.parametrize("weights", WEIGHTS)


def both(constructor, dtype):
    settings = CONSTRUCTORS[constructor]
    return twins(nn.MultiheadAttention(E, H, **settings), torch.nn.MultiheadAttention(E, H, **settings), dtype)


def inputs(settings, dtype, batched=True):
    """Query, key and value for a module built with ``settings``."""
    shapes = [(L, E), (S, settings.get("kdim", E)), (S, settings.get("vdim", E))]
    if batched:
        first = settings.get("batch_first", False)
        shapes = [(B, n, width) if first else (n, B, width) for n, width in shapes]
    return [normal(*shape, seed=i).astype(dtype) for i, shape in enumerate(shapes)]


def in_dtype(masks, dtype):
    return {name: mask.astype(dtype) if mask.dtype.kind == "f" else mask for name, mask in masks.items()}


@every_dtype
@every_constructor
@every_weights
@pytest.mark.parametrize("masks", MASKS)
def test_batch_equals_pytorch(constructor, masks, weights, dtype):
    ours, theirs = both(constructor, dtype)
    xs = inputs(CONSTRUCTORS[constructor], dtype)
    call = {**in_dtype(MASKS[masks], dtype), **WEIGHTS[weights]}
    assert_equal(of_ours(ours, *xs, **call), of_theirs(theirs, *xs, **call), dtype)


@every_dtype
@every_constructor
@every_weights
@pytest.mark.parametrize("masks", UNBATCHED)
def test_unbatched_equals_pytorch(constructor, masks, weights, dtype):
    ours, theirs = both(constructor, dtype)
    xs = inputs(CONSTRUCTORS[constructor], dtype, batched=False)
    call = {**in_dtype(UNBATCHED[masks], dtype), **WEIGHTS[weights]}
    assert_equal(of_ours(ours, *xs, **call), of_theirs(theirs, *xs, **call), dtype)


@pytest.mark.parametrize("constructor", ["default", "bias_kv and zero_attn"])
@every_weights
def test_a_float_mask_gets_its_gradient(constructor, weights):
    ours, theirs = both(constructor, "float64")
    xs = inputs(CONSTRUCTORS[constructor], "float64")
    mask = normal(B * H, L, S)
    our_mask, their_mask = Tensor(mask, requires_grad=True), torch.tensor(mask, requires_grad=True)
    y, _ = ours(*map(Tensor, xs), attn_mask=our_mask, **WEIGHTS[weights])
    (y * y).sum().backward()
    z, _ = theirs(*map(torch.from_numpy, xs), attn_mask=their_mask, **WEIGHTS[weights])
    (z * z).sum().backward()
    np.testing.assert_allclose(
        our_mask.grad.array, their_mask.grad.numpy(), rtol=0, atol=1e-12 * abs(y.array).max() ** 2
    )


@pytest.mark.parametrize("mask", [FORBIDDEN.tolist(), Tensor(FORBIDDEN), FORBIDDEN], ids=["list", "Tensor", "array"])
def test_a_mask_may_be_a_list_a_tensor_or_an_array(mask):
    ours, theirs = both("default", "float64")
    xs = inputs({}, "float64")
    expected = of_theirs(theirs, *xs, attn_mask=FORBIDDEN)
    assert_equal(of_ours(ours, *xs, attn_mask=mask), expected, "float64")


@pytest.mark.parametrize("mask_dtype", ["float32", "float64"])
@every_dtype
@every_weights
def test_a_float_mask_does_not_change_the_dtype(mask_dtype, dtype, weights):
    ours = nn.MultiheadAttention(E, H).to(dtype)
    xs = [Tensor(x) for x in inputs({}, dtype)]
    y, w = ours(*xs, attn_mask=np.where(FORBIDDEN, -np.inf, 0).astype(mask_dtype), **WEIGHTS[weights])
    assert y.dtype == dtype
    assert w is None or w.dtype == dtype


@pytest.mark.parametrize("constructor", CONSTRUCTORS)
def test_masks_of_two_kinds_act_as_two_of_one_kind(constructor):
    ours, theirs = both(constructor, "float64")
    xs = inputs(CONSTRUCTORS[constructor], "float64")
    padding = np.where(PADDING, -np.inf, 0.0)
    expected = of_theirs(theirs, *xs, attn_mask=np.where(FORBIDDEN, -np.inf, 0.0), key_padding_mask=padding)
    assert_equal(of_ours(ours, *xs, attn_mask=FORBIDDEN, key_padding_mask=padding), expected, "float64")


# ---- rows with no key to attend to ----------------------------------------------------------------------------------

EMPTY_ROW = np.zeros((L, S), bool)
EMPTY_ROW[1] = True  # query 1 may attend to nothing
ALL_PADDING = np.zeros((B, S), bool)
ALL_PADDING[2] = True  # nobody may attend to anything in batch entry 2
EMPTY = {
    "boolean": {"attn_mask": EMPTY_ROW},
    "float": {"attn_mask": np.where(EMPTY_ROW, -np.inf, 0.0)},
    "padding": {"key_padding_mask": ALL_PADDING},
    "float padding": {"key_padding_mask": np.where(ALL_PADDING, -np.inf, 0.0)},
    "both": {"attn_mask": EMPTY_ROW, "key_padding_mask": ALL_PADDING},
}
every_empty = pytest.mark.parametrize("masks", EMPTY)


@every_dtype
@every_empty
@pytest.mark.parametrize("constructor", ["default", "batch_first", "without bias", "kdim, vdim, no bias"])
def test_a_row_without_keys_equals_pytorch_without_weights(constructor, masks, dtype):
    ours, theirs = both(constructor, dtype)
    xs = inputs(CONSTRUCTORS[constructor], dtype)
    call = {**in_dtype(EMPTY[masks], dtype), "need_weights": False}
    assert_equal(of_ours(ours, *xs, **call), of_theirs(theirs, *xs, **call), dtype)


@every_empty
@every_weights
def test_a_row_without_keys_gives_zeros_and_gets_zero_gradient(masks, weights):
    ours = nn.MultiheadAttention(E, H, bias=False, batch_first=True)
    rows = np.zeros((B, L), bool)
    rows[:, 1] = "attn_mask" in EMPTY[masks]
    rows[2] |= "key_padding_mask" in EMPTY[masks]
    found = of_ours(ours, *inputs({"batch_first": True}, "float32"), **EMPTY[masks], **WEIGHTS[weights])
    assert all(np.isfinite(x).all() for x in found.values())
    assert np.abs(found["output 0"][rows]).max() == 0
    assert np.abs(found["gradient of input 0"][rows]).max() == 0
    assert (np.abs(found["gradient of input 0"][~rows]).max(axis=-1) > 0).all()
    if "key_padding_mask" in EMPTY[masks]:
        assert np.abs(found["gradient of input 1"][2]).max() == np.abs(found["gradient of input 2"][2]).max() == 0
    if weights == "average weights":
        assert np.abs(found["output 1"][rows]).max() == 0
        np.testing.assert_allclose(found["output 1"][~rows].sum(axis=-1), 1, rtol=1e-6)


# ---- dropout, and calls that cannot be right ------------------------------------------------------------------------


@every_weights
def test_dropout_acts_on_the_weights_in_training_alone(weights):
    drops = nn.MultiheadAttention(E, H, dropout=0.5)
    xs = [Tensor(x) for x in inputs({}, "float32")]
    once, again = drops(*xs, **WEIGHTS[weights])[0], drops(*xs, **WEIGHTS[weights])[0]
    assert np.abs(once.array - again.array).max() > 0
    drops.eval()
    np.testing.assert_array_equal(drops(*xs, **WEIGHTS[weights])[0].array, drops(*xs, **WEIGHTS[weights])[0].array)


@every_weights
def test_dropout_keeps_the_expected_output(weights):
    module = nn.MultiheadAttention(E, H, dropout=0.3).double()
    q, k, v = inputs({}, "float64")
    many = [Tensor(np.repeat(x[:, :1], 20_000, axis=1)) for x in (q, k, v)]  # the same entry 20,000 times
    dropped = module(*many, **WEIGHTS[weights])[0].array.mean(axis=1)
    expected = module.eval()(*many, **WEIGHTS[weights])[0].array[:, 0]
    np.testing.assert_allclose(dropped, expected, atol=4 * 0.7 / 20_000**0.5)


def test_all_weights_dropped_gives_the_bias():
    module = nn.MultiheadAttention(E, H, dropout=1.0)
    xs = [Tensor(x) for x in inputs({}, "float32")]
    assert np.abs(module(*xs)[0].array).max() == np.abs(module(*xs, need_weights=False)[0].array).max() == 0


def call(settings=None, **changes):
    """A call of a good module with some arguments changed."""
    q, k, v = (Tensor(x) for x in inputs(settings or {}, "float32"))
    args = {"query": q, "key": k, "value": v, **changes}
    return nn.MultiheadAttention(E, H, **(settings or {}))(**args)


WRONG_CALLS = {
    "width of the query": (ValueError, {"query": Tensor(np.zeros((L, B, 7)))}, ["(4, 3, 7)", "(6, 6, 6)", "embed_dim"]),
    "width of the value": (ValueError, {"value": Tensor(np.zeros((S, B, 7)))}, ["(5, 3, 7)", "vdim"]),
    "lengths of key and value": (ValueError, {"value": Tensor(np.zeros((9, B, E)))}, ["(9, 3, 6)", "equal lengths"]),
    "batch": (ValueError, {"query": Tensor(np.zeros((L, 1, E)))}, ["(4, 1, 6)", "batch", "axis 1", "batch_first"]),
    "axes": (ValueError, {"query": Tensor(np.zeros((L, E)))}, ["(4, 6)", "three axes", "unsqueeze"]),
    "attn_mask for too few keys": (ValueError, {"attn_mask": FORBIDDEN[:, :-1]},
                                     ["attn_mask (4, 4) bool", "(4, 5)", "(6, 4, 5)"]),
    "attn_mask for one head": (ValueError, {"attn_mask": EVERY_HEAD[:B]},
                               ["(3, 4, 5) bool", "(6, 4, 5)", "B·num_heads"]),
    "padding of the wrong length": (ValueError, {"key_padding_mask": PADDING[:, :-1]}, ["(3, 4) bool", "(3, 5)"]),
    "padding of the wrong batch": (ValueError, {"key_padding_mask": PADDING.T},
                                   ["(5, 3) bool", "(3, 5)", "B comes first"]),
    "integer mask": (TypeError, {"attn_mask": FORBIDDEN.astype(int)}, ["int64", "boolean", "astype(bool)"]),
    "is_causal without a mask": (RuntimeError, {"is_causal": True}, ["is_causal", "generate_square_subsequent_mask"]),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG_CALLS)
def test_a_wrong_call_says_what_is_wrong(case):
    kind, changes, words = WRONG_CALLS[case]
    with pytest.raises(kind) as caught:
        call(**changes)
    for word in ["MultiheadAttention got", "rule:", "cure:", *words]:
        assert word in str(caught.value)


@pytest.mark.parametrize(("args", "settings", "words"), [
    ((10, 3), {}, ["embed_dim 10", "num_heads 3", "multiple"]),
    ((8, 0), {}, ["num_heads 0"]),
    ((8, 2), {"dropout": 1.5}, ["1.5", "probability"]),
], ids=["not divisible", "no heads", "dropout"])  # fmt: skip
def test_a_module_that_cannot_be_is_not_built(args, settings, words):
    with pytest.raises(ValueError, match="rule:") as caught:
        nn.MultiheadAttention(*args, **settings)
    assert all(word in str(caught.value) for word in words)


@every_weights
def test_is_causal_is_a_hint_beside_the_mask(weights):
    ours, theirs = both("default", "float64")
    x = normal(L, B, E)
    masks = {"attn_mask": np.triu(np.full((L, L), -np.inf), 1), "is_causal": True}
    call = {**masks, **WEIGHTS[weights]}
    assert_equal(of_ours(ours, x, x, x, **call), of_theirs(theirs, x, x, x, **call), "float64")
