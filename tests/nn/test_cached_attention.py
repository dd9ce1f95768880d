"""Attention token by token over a cache, by the word "causal", and with keys that several heads share."""

import numpy as np
import pytest

from tinygrad_tf import Tensor, attention, nn, no_grad
from tinygrad_tf.autograd.recording import thread


def normal(*shape, seed=0):
    return Tensor(np.random.default_rng(seed).standard_normal(shape))


KINDS = {"plain": {}, "bias_kv": {"add_bias_kv": True}, "zero": {"add_zero_attn": True}, "both": {"add_bias_kv": True,
         "add_zero_attn": True}}  # fmt: skip
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def module(**options):
    return nn.MultiheadAttention(8, 2, batch_first=True, **options).double().eval()


@every_kind
@pytest.mark.parametrize("need_weights", [True, False])
def test_the_word_causal_is_the_causal_mask(kind, need_weights):
    attend, x = module(**kind), normal(2, 5, 8)
    future = ~np.tri(5, dtype=bool)
    by_word, by_mask = (attend(x, x, x, attn_mask=m, need_weights=need_weights) for m in ("causal", future))
    np.testing.assert_allclose(by_word[0].array, by_mask[0].array, rtol=1e-12)
    if need_weights:
        np.testing.assert_allclose(by_word[1].array, by_mask[1].array, atol=1e-15)


@every_kind
@pytest.mark.parametrize("steps", [[1] * 6, [4, 1, 1], [2, 3, 1]], ids=str)
def test_token_by_token_is_all_at_once(kind, steps):
    attend, x, cache = module(**kind), normal(2, 6, 8), nn.Cache()
    padding = np.array([[True] + [False] * 5, [False] * 6])
    whole = attend(x, x, x, padding, need_weights=False, attn_mask="causal")[0].array
    parts, start = [], 0
    with no_grad():
        for n in steps:
            new = x[:, start : start + n]
            start += n
            parts.append(attend(new, new, new, padding[:, :start], False, "causal", cache=cache)[0].array)
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, rtol=1e-10, atol=1e-12)
    assert cache.length == cache.length_of(attend) == 6


def test_a_memory_is_projected_once(monkeypatch):
    attend, memory, cache = module(), normal(2, 7, 8), nn.Cache()
    seen, linear = [], nn.attention.linear
    monkeypatch.setattr(nn.attention, "linear", lambda x, *a: seen.append(x.shape[1]) or linear(x, *a))
    with no_grad():
        for seed in range(3):
            query = normal(2, 1, 8, seed=seed)
            cached = attend(query, memory, memory, need_weights=False, cache=cache)[0]
            np.testing.assert_array_equal(cached.array, attend(query, memory, memory, need_weights=False)[0].array)
    assert seen.count(7) == 2 + 3 * 2  # K and V once with the cache, each time without


def test_rows_of_a_cache_are_chosen():
    cache, owner, memory = nn.Cache(), module(), module()
    x = normal(3, 2, 4)
    cache.extend(owner, x, x * 2)
    cache.keep(memory, lambda: (x * 3, x * 4))
    cache.select(np.array([2, 0, 0, 1]))
    more = normal(4, 1, 4, seed=1)
    K, V = cache.extend(owner, more, more)
    np.testing.assert_array_equal(K.array, np.concatenate([x.array[[2, 0, 0, 1]], more.array], axis=1))
    np.testing.assert_array_equal(V.array[:, :2], 2 * x.array[[2, 0, 0, 1]])
    np.testing.assert_array_equal(cache.keep(memory, lambda: 1 / 0)[0].array, 3 * x.array[[2, 0, 0, 1]])


def test_what_was_remembered_is_not_written_to_again():
    cache, owner, one = nn.Cache(), module(), normal(1, 1, 2)
    first, _ = cache.extend(owner, one, one)
    before = first.array.copy()
    for _ in range(100):
        cache.extend(owner, one * 5, one)
    np.testing.assert_array_equal(first.array, before)


def test_a_mask_of_the_wrong_length_changes_nothing():
    attend, x, cache = module(), normal(1, 3, 8), nn.Cache()
    with no_grad():
        attend(x, x, x, need_weights=False, attn_mask="causal", cache=cache)
        with pytest.raises(ValueError, match="key_padding_mask"):
            attend(x, x, x, np.zeros((1, 3), bool), False, "causal", cache=cache)
    assert cache.length == 3
    assert thread.state.recording


def test_there_is_no_other_word():
    x = normal(1, 3, 8)
    with pytest.raises(ValueError, match='"causal"'):
        module()(x, x, x, attn_mask="casual")


@pytest.mark.parametrize("shared", [1, 2, 4])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("causal", [False, True])
def test_heads_that_share_keys_are_heads_with_copies(shared, masked, causal):
    Q, K, V = normal(2, 4, 5, 3), normal(2, 4 // shared, 5, 3, seed=1), normal(2, 4 // shared, 5, 2, seed=2)
    for x in (Q, K, V):
        x.requires_grad_()
    mask = np.array([[True] * 5, [True, False, True, True, False]])[:, None, None] if masked else None
    copies = [Tensor(np.repeat(x.array, shared, axis=1), requires_grad=True) for x in (K, V)]
    Q2 = Tensor(Q.array, requires_grad=True)
    Y, expected = attention(Q, K, V, mask, causal), attention(Q2, *copies, mask, causal)
    np.testing.assert_allclose(Y.array, expected.array, rtol=1e-12)
    (Y * Y).sum().backward()
    (expected * expected).sum().backward()
    np.testing.assert_allclose(Q.grad.array, Q2.grad.array, rtol=1e-10, atol=1e-14)
    for x, copy in zip((K, V), copies, strict=True):
        summed = copy.grad.array.reshape(2, 4 // shared, shared, *copy.shape[2:]).sum(axis=2)
        np.testing.assert_allclose(x.grad.array, summed, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize(
    "shape", [(3, 5), (5,), (1, 3, 5), (4, 3, 5), (2, 1, 3, 5), (2, 4, 1, 5), (1, 4, 3, 5)], ids=str
)
def test_a_mask_of_any_number_of_axes_fits_shared_heads(shape):
    Q, K = normal(2, 4, 3, 6), normal(2, 2, 5, 6, seed=1)
    mask = np.random.default_rng(2).random(shape) < 0.7
    copied = K.repeat_interleave(2, 1)
    np.testing.assert_allclose(attention(Q, K, K, mask).array, attention(Q, copied, copied, mask).array, rtol=1e-12)


@pytest.mark.parametrize("settings", [{}, {"is_causal": True}, {"attn_mask": np.tri(3, 5, 1, dtype=bool)}], ids=list)
def test_enable_gqa_is_that_of_pytorch(settings):
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle")
    Q, K = normal(2, 4, 3, 6), normal(2, 2, 5, 6, seed=1)
    ours = nn.functional.scaled_dot_product_attention(Q, K, K, enable_gqa=True, **settings)
    theirs = {name: torch.from_numpy(v) if isinstance(v, np.ndarray) else v for name, v in settings.items()}
    q, k = torch.from_numpy(Q.array), torch.from_numpy(K.array)
    expected = torch.nn.functional.scaled_dot_product_attention(q, k, k, enable_gqa=True, **theirs)
    np.testing.assert_allclose(ours.array, expected.numpy(), rtol=1e-12)


def test_rotary_positions_see_distances_alone():
    """Scores stay the same when query and key move together, and lengths always."""
    turn = nn.RotaryPositions(6, base=100.0)
    turn.frequencies = turn.frequencies.astype(np.float64)
    q, k = normal(1, 1, 1, 6), normal(1, 1, 1, 6, seed=1)
    scores = [(turn(q, [i + 3]) @ turn(k, [i]).mT).item() for i in (0, 1, 7)]
    np.testing.assert_allclose(scores, scores[0], rtol=1e-5)
    assert abs(scores[0] - (q @ k.mT).item()) > 0.01
    np.testing.assert_allclose((turn(q, [9]) ** 2).sum().item(), (q**2).sum().item(), rtol=1e-6)


def test_rotary_positions_may_differ_by_row():
    turn, x = nn.RotaryPositions(4), normal(2, 3, 2, 4)
    both = turn(x, np.array([[0, 1], [5, 6]]))
    np.testing.assert_array_equal(both.array[1], turn(x[1:], np.array([5, 6])).array[0])


def test_rotary_positions_turn_pairs():
    with pytest.raises(ValueError, match="even"):
        nn.RotaryPositions(5)
