"""Attention in blocks: the same numbers as in one piece, and memory that grows with the length, not with its square."""

import importlib
import tracemalloc

import numpy as np
import pytest
from cases.case import normal, row
from cases.fused import ATTENTION
from test_kernels import (
    IN_ANY_LAYOUT,
    assert_any_layout,
    assert_only_what_is_needed,
    assert_same,
    by_definition,
    every_set,
    fused_nodes,
    kernel_set,  # noqa: F401 — a fixture
)

from tinygrad_tf import Tensor, manual_seed
from tinygrad_tf.kernels.keep import Keep
from tinygrad_tf.ops import fused as f

kernel = importlib.import_module("tinygrad_tf.kernels.attention")  # the file; kernels.attention is its function


def _with_dropout(*tensors, **params):
    manual_seed(1)
    return f.attention(*tensors, p=0.3, **params)


_LONG = normal(2, 1, 7, 4), normal(2, 3, 5, 4), normal(1, 3, 5, 2)  # queries for all heads, values for all of a batch
ANEW = [
    row("attention", "heads that stretch, causal", lambda *a: f.attention(*a, causal=True), *_LONG),
    row("attention", "heads that stretch, dropout", _with_dropout, *_LONG),
    row("attention", "grouped queries, causal, dropout", lambda *a: _with_dropout(*a, causal=True, offset=1),
        normal(2, 2, 3, 4, 2), normal(2, 2, 1, 5, 2), normal(2, 2, 1, 5, 3)),
    row("attention", "values with a batch of their own", _with_dropout, normal(3, 2), normal(4, 2), normal(2, 4, 3)),
    row("attention", "more rows than a block, mask for each head", f.attention, *_LONG, normal(2, 3, 7, 5)),
]  # fmt: skip
ROWS = [*[case for case in ATTENTION if "everything dropped" not in case.note], *ANEW]
FEW_ROWS = [c for c in ROWS if c in ANEW or c.note in IN_ANY_LAYOUT["attention"]]
every_row = pytest.mark.parametrize("case", ROWS, ids=lambda c: c.id)
few_rows = pytest.mark.parametrize("case", FEW_ROWS, ids=lambda c: c.id)


@pytest.fixture(params=[4, 11], ids=["a query at a time", "some queries at a time"])
def in_blocks(request, monkeypatch):
    monkeypatch.setattr(kernel, "BLOCK", request.param)


@every_row
@every_set
def test_blocks_have_value_and_gradient_of_definition_and_rule(case, dtype, in_blocks, kernel_set):  # noqa: F811
    for node in fused_nodes(case, dtype):
        assert_same([node.Y], [by_definition(node)], dtype)
        if node.op.name == "attention":  # what is saved is two numbers for each row
            assert node.saved.shape[-1] == 2 or node.arrays[0].shape[-2] * node.arrays[1].shape[-2] <= kernel.BLOCK
        assert_same(node.by_kernel(), node.by_rule(), dtype)


@few_rows
@every_set
def test_blocks_take_arrays_in_any_layout(case, dtype, in_blocks, kernel_set):  # noqa: F811
    assert_any_layout(case, dtype)


@few_rows
def test_blocks_compute_only_what_is_needed(case, in_blocks, kernel_set):  # noqa: F811
    assert_only_what_is_needed(case, kernel_set, {"rtol": 1e-11, "atol": 1e-14})


def test_a_block_of_kept_weights_is_part_of_the_whole():
    keep = Keep((3, 5, 7), 0.4, seed=9)
    rows = np.asarray(keep).reshape(15, 7)
    for start, stop in [(0, 15), (4, 5), (3, 11)]:
        np.testing.assert_array_equal(keep.rows(start, stop), rows[start:stop])


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 1.0])
def test_weights_are_kept_with_their_probability(p):
    kept = np.asarray(Keep((100, 1003), p, seed=3))
    assert abs(kept.mean() - (1 - p)) < 4 * np.sqrt(p * (1 - p) / kept.size) + 1e-5


def test_neighbours_are_kept_independently():
    kept = np.asarray(Keep((500, 1001), 0.5, seed=4)) - 0.5
    for shift in (kept[:, 1:] * kept[:, :-1], kept[1:] * kept[:-1], kept[:, 4:] * kept[:, :-4]):
        assert abs(shift.mean()) < 0.25 * 4 / np.sqrt(shift.size)


def peak(length, p=0.0):
    """Bytes that a forward and backward of causal attention, with padding, need at most at once."""
    rng = np.random.default_rng(0)
    Q, K, V = (Tensor(rng.standard_normal((1, 2, length, 8), np.float32), requires_grad=True) for _ in range(3))
    mask = np.ones((1, 1, 1, length), bool)
    tracemalloc.start()
    f.attention(Q, K, V, mask, causal=True, p=p).sum().backward()
    size = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return size


@pytest.mark.parametrize("p", [0.0, 0.1], ids=["plain", "dropout"])
def test_memory_grows_with_the_length_not_with_its_square(p, kernel_set, monkeypatch):  # noqa: F811
    if kernel_set == "compiled and shared":
        pytest.skip("each thread has a block of its own, and how many have one at once differs from run to run")
    monkeypatch.setattr(kernel, "BLOCK", 2**14)
    lengths = (512, 1024, 2048)
    for length in lengths:
        peak(length, p)  # what is made once: sliced rules, compiled kernels
    times = 3 if kernel_set == "compiled" else 1  # beside NumPy alone nobody allocates meanwhile
    sizes = [min(peak(length, p) for _ in range(times)) for length in lengths]
    assert sizes[2] - sizes[1] < 2.3 * (sizes[1] - sizes[0])  # a square would give 4
    assert sizes[2] < 2048 * 2048 * 2  # two heads of booleans; P alone would be four times that


def test_a_query_of_nan_gives_a_row_of_nan_and_no_other(in_blocks, kernel_set):  # noqa: F811
    Q, K, V = (np.random.default_rng(0).standard_normal((2, 7, 4)).astype(np.float32) for _ in range(3))
    Q[1, 3] = np.nan
    with np.errstate(invalid="ignore"):
        Y = f.attention(Tensor(Q), Tensor(K), Tensor(V), causal=True).array
    np.testing.assert_array_equal(np.isnan(Y).all(-1), np.arange(14).reshape(2, 7) == 10)
    assert np.isnan(Y).any(-1).sum() == 1


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_weights_of_a_row_that_may_attend_to_nothing_are_zeros(dtype, kernel_set):  # noqa: F811
    one = Tensor(np.ones((2, 2), dtype))
    assert f.attention_weights(one, one, Tensor([[False, False], [True, False]])).tolist() == [[0, 0], [1, 0]]


def test_short_sequences_are_done_in_one_piece():
    one = np.ones((4, 2), np.float32)
    assert kernel.attention(one, one, one, offset=0, keep=None, p=0.0)[1].shape == (4, 4)
