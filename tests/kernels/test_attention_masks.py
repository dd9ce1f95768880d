"""Every spelling of who may attend to whom gives PyTorch's numbers: short and long, with heads that share keys."""

import importlib
import itertools
from typing import Any

import numpy as np
import pytest
from test_kernels import kernel_set  # noqa: F401 — a fixture

from tinygrad_tf import Tensor, attention, grad
from tinygrad_tf.ops.fused import attention_weights

torch = pytest.importorskip("torch", reason="PyTorch is the oracle")
F = torch.nn.functional
kernel = importlib.import_module("tinygrad_tf.kernels.attention")  # the file; kernels.attention is its function

B, H, L, S = 2, 4, 5, 7
#: Who may attend to whom, (B, 1 or H, L, S) up to broadcasting.
ALLOWED = {
    "all": np.ones((L, S), bool),
    "a band": np.tri(L, S, 2, dtype=bool) & ~np.tri(L, S, -2, dtype=bool),
    "padding": (np.arange(S) < np.array([[5], [3]]))[:, None, None],
    "padding of each head": (np.random.default_rng(1).random((B, H, 1, S)) < 0.6),
    "a padded row": np.arange(L)[:, None] + 0 * np.arange(S) != 2,
    "padding of all": (np.arange(S) < np.array([[4], [0]]))[:, None, None],
    "both": np.tri(L, S, 1, dtype=bool) & (np.arange(S) < np.array([[5], [2]]))[:, None, None],
}
LOWEST = np.finfo(np.float32).min
#: How it is written.
SPELLINGS: dict[str, Any] = {
    "booleans": lambda may: may,
    "a Tensor": Tensor,
    "−inf": lambda may: np.where(may, 0.0, -np.inf).astype(np.float32),
    "−1e9": lambda may: np.where(may, 0.0, -1e9).astype(np.float32),
    "the lowest number": lambda may: np.where(may, 0.0, LOWEST).astype(np.float32),
    "the lowest number for one key, −inf for others": lambda may: np.where(
        may, 0.0, np.where(np.arange(S) == 1, LOWEST, -np.inf)
    ).astype(np.float32),
}
#: The params, and the offset that they stand for.
CAUSAL = {
    "not causal": ({}, None),
    "causal": ({"causal": True}, S - L),
    "causal from the first key": ({"causal": True, "offset": 0}, 0),
    "causal, a query for each": ({"causal": True, "offset": 1}, 1),
}
HEADS = {"a head each": H, "shared by two": 2, "one for all": 1}


#: How many scores are done at once, and the columns of Q and K, and of V; compiled, multiples of eight go by vectors.
@pytest.fixture(params=[(2**17, 4, 3), (11, 4, 3), (2**17, 8, 16)], ids=["in one piece", "in blocks", "in vectors"])
def columns(request, monkeypatch):
    block, *columns = request.param
    monkeypatch.setattr(kernel, "BLOCK", block)
    return columns


def inputs(n_heads, d_k, d_v):
    rng = np.random.default_rng(5)
    shapes = (B, H, L, d_k), (B, n_heads, S, d_k), (B, n_heads, S, d_v)
    return [rng.standard_normal(shape).astype(np.float32) for shape in shapes]


def theirs(arrays, mask, offset, dY):
    """PyTorch's output, weights and gradients."""
    q, k, v = (torch.from_numpy(a).requires_grad_() for a in arrays)
    mask = torch.from_numpy(mask.array if isinstance(mask, Tensor) else mask)
    before = torch.ones(L, S, dtype=torch.bool).tril(S if offset is None else offset)
    mask = mask & before if mask.dtype == torch.bool else mask.masked_fill(~before, -np.inf)
    shared = (x.repeat_interleave(H // x.shape[1], 1) for x in (k, v))
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        y = F.scaled_dot_product_attention(q, *shared, attn_mask=mask)
    scores = q @ k.repeat_interleave(H // k.shape[1], 1).mT / q.shape[-1] ** 0.5
    weights = scores.masked_fill(~mask, -np.inf) if mask.dtype == torch.bool else scores + mask
    weights = weights.softmax(-1).nan_to_num(0.0)
    return [t.detach().numpy() for t in (y, weights, *torch.autograd.grad(y, (q, k, v), torch.from_numpy(dY)))]


def assert_theirs(arrays, mask, params, offset):
    dY = np.random.default_rng(6).standard_normal((B, H, L, arrays[2].shape[-1])).astype(np.float32)
    Q, K, V = (Tensor(a, requires_grad=True) for a in arrays)
    Y = attention(Q, K, V, mask, **params)
    ours = [Y, attention_weights(Q, K, mask, **params), *grad(Y, [Q, K, V], dY)]
    for mine, other in zip(ours, theirs(arrays, mask, offset, dY), strict=True):
        np.testing.assert_allclose(mine.array, other, rtol=2e-5, atol=2e-6, strict=True)


CASES = list(itertools.product(ALLOWED, SPELLINGS))


@pytest.mark.parametrize("params, offset", CAUSAL.values(), ids=CAUSAL)
@pytest.mark.parametrize("n_heads", HEADS.values(), ids=HEADS)
def test_every_spelling_of_a_mask_is_that_of_pytorch(n_heads, params, offset, columns, kernel_set):  # noqa: F811
    for allowed, spelling in CASES:
        assert_theirs(inputs(n_heads, *columns), SPELLINGS[spelling](ALLOWED[allowed]), params, offset)


@pytest.mark.parametrize("L, S", [(3, 3), (1, 4), (2, 4), (4, 2)])
def test_the_last_query_stands_at_the_last_key(L, S):
    rng = np.random.default_rng(2)
    Q, K, V = (Tensor(rng.standard_normal(shape)) for shape in ((L, 3), (S, 3), (S, 2)))
    expected = attention(Q, K, V, np.tri(L, S, S - L, dtype=bool))
    for Y in (attention(Q, K, V, causal=True), attention(Q, K, V, None, np.True_, 0.0, S - L)):
        np.testing.assert_allclose(Y.array, expected.array, rtol=1e-12)
    np.testing.assert_array_equal(attention_weights(Q, K, causal=True).array != 0, np.tri(L, S, S - L, dtype=bool))


@pytest.mark.parametrize("low", [-1e9, LOWEST])
def test_gradients_of_a_long_row_that_sees_padding_alone_are_those_of_the_formula(low, kernel_set):  # noqa: F811
    """ln Σ of 363 keys is lost beside −1e9: each weight would be 1, and not 1/363."""
    rng = np.random.default_rng(3)
    arrays = [rng.standard_normal((1, 1, n, 8)).astype(np.float32) for n in (363, 363, 363)]
    mask = np.where(np.arange(363)[:, None] < 3, low, 0.0).astype(np.float32) + np.zeros((363, 363), np.float32)
    Q, K, V = (Tensor(a, requires_grad=True) for a in arrays)
    q, k, v = (torch.from_numpy(a).requires_grad_() for a in arrays)
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):  # its flash kernel loses ln Σ, too
        y = F.scaled_dot_product_attention(q, k, v, torch.from_numpy(mask))
    expected = torch.autograd.grad(y.sum(), (q, k, v))
    for mine, other in zip(grad(attention(Q, K, V, mask).sum(), [Q, K, V]), expected, strict=True):
        np.testing.assert_allclose(mine.array, other.numpy(), rtol=1e-4, atol=1e-5)
