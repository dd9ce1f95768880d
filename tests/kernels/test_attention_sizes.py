"""Attention of every size has NumPy's numbers, compiled: by vectors, by BLAS, and beside a causal limit in pieces."""

import importlib
import itertools

import numpy as np
import pytest
from test_kernels import CLOSE, kernel_set  # noqa: F401 — kernel_set is a fixture

from tinygrad_tf.kernels import KERNELS
from tinygrad_tf.kernels.keep import Keep

plain = importlib.import_module("tinygrad_tf.kernels.attention")  # the file; kernels.attention is its function

#: (L, S, d_k, d_v): in vectors, by NumPy because of few queries or of the columns, and by BLAS.
SIZES = [(12, 12, 8, 8), (5, 31, 16, 8), (31, 4, 8, 24), (3, 9, 8, 8), (9, 9, 6, 8), (40, 40, 8, 8), (33, 70, 6, 3),
         (70, 33, 4, 8)]  # fmt: skip
#: The last key that the first query sees: none is forbidden, and before, at and behind the keys' middle.
OFFSETS = [None, -3, 0, 7, 60]


def heads(rng, n_heads, length, width, dtype):
    """(2, n_heads, length, width), laid out as a layer splits it."""
    return rng.standard_normal((2, length, n_heads, width)).astype(dtype).swapaxes(1, 2)


def masks(rng, L, S, dtype):
    allowed = rng.random((2, 1, L, S)) < 0.7
    return {
        "none": None,
        "booleans": allowed,
        "numbers": np.where(allowed[0, 0], rng.random((L, S)), -np.inf).astype(dtype),
    }


@pytest.mark.parametrize("dtype", CLOSE, ids=lambda d: d.__name__)
@pytest.mark.parametrize("L, S, d_k, d_v", SIZES)
def test_attention_of_every_size_has_the_numbers_of_numpy(L, S, d_k, d_v, dtype, kernel_set):  # noqa: F811
    rng = np.random.default_rng(1)
    kernel = KERNELS["attention"]
    for (name, mask), offset, n_keys, p in itertools.product(
        masks(rng, L, S, dtype).items(), OFFSETS, (3, 1), (0.0, 0.4)
    ):
        if p and n_keys == 1:
            continue  # the weights that are kept are those of each head
        Q, K, V = heads(rng, 3, L, d_k, dtype), heads(rng, n_keys, S, d_k, dtype), heads(rng, n_keys, S, d_v, dtype)
        dY = heads(rng, 3, L, d_v, dtype)
        params = {"offset": offset, "keep": Keep((2, 3, L, S), p, 5) if p else None, "p": p}
        needs = (True, True, True, False)
        expected = plain.attention(Q, K, V, mask, **params)
        ours = kernel.forward(Q, K, V, mask, **params)
        d_expected = plain.d_attention(dY, *expected, needs, Q, K, V, mask, **params)
        d_ours = kernel.backward(dY, *ours, needs, Q, K, V, mask, **params)
        of_theirs = kernel.backward(
            dY, *expected, needs, Q, K, V, mask, **params
        )  # each goes on from what the other kept
        of_ours = plain.d_attention(dY, *ours, needs, Q, K, V, mask, **params)
        for mine, other in zip(
            [*ours, *d_ours[:3], *of_theirs[:3], *of_ours[:3]], [*expected, *d_expected[:3] * 3], strict=True
        ):
            close = {**CLOSE[dtype], "atol": 20 * CLOSE[dtype]["atol"]}
            np.testing.assert_allclose(
                mine, other, **close, strict=True, err_msg=f"{name}, {params}, {n_keys} heads of keys"
            )
