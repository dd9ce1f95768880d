"""Small products are made in one thread, and then there are as many again as before."""

import numpy as np
import pytest

from tinygrad_tf import products, sums
from tinygrad_tf.kernels import attention, dense

NO_OPENBLAS = "NumPy multiplies by another library here"


def zeros(*shape):
    return np.zeros(shape, np.float32)


def heads(length, width):
    return [zeros(2, 3, length, width) for _ in "QKV"]


def attend(length, width):
    Y, saved = attention.attention(*heads(length, width), offset=None, keep=None, p=0.0)
    return attention.d_attention(Y, Y, saved, (True,) * 3, *heads(length, width), offset=None, keep=None, p=0.0)


#: What multiplies, and the sizes at which it does so alone and with all threads.
CALLS = {
    "linear": (lambda n, m: dense.linear(zeros(n, m), zeros(2 * m, m)), (384, 32), (2048, 256)),
    "d_linear": (
        lambda n, m: dense.d_linear(zeros(n, m), zeros(n, m), None, (True,) * 2, zeros(n, m), zeros(m, m)),
        (384, 32),
        (2048, 256),
    ),
    "linear of one row": (lambda n, m: dense.linear(zeros(n, m), zeros(m, m)), (1, 512), (1, 768)),
    "attention": (attend, (20, 8), (300, 64)),
    "sums of columns": (lambda n, m: sums.column_sums(zeros(n, m)), (384, 128), (512, 2048)),
    "sums of rows": (lambda n, m: sums.row_sums(zeros(n, m)), (384, 128), (4096, 512)),
}  # fmt: skip
calls = pytest.mark.parametrize(("call", "small", "large"), CALLS.values(), ids=CALLS)


@pytest.fixture
def told(monkeypatch):
    """How many threads there were to be, one after the other, beginning with four."""
    numbers = [4]
    monkeypatch.setattr(products, "_threads", lambda: numbers[-1])
    monkeypatch.setattr(products, "_share_between", numbers.append)
    return numbers


@calls
def test_a_small_product_is_made_in_one_thread(call, small, large, told):
    call(*small)
    assert set(told[1::2]) == {1}
    assert set(told[::2]) == {4}
    assert len(told) % 2 == 1


@calls
def test_a_large_product_is_shared(call, small, large, told):
    call(*large)
    assert told == [4]


def test_an_error_gives_the_threads_back(told):
    with pytest.raises(ValueError, match="matmul"):
        dense.linear(zeros(3, 4), zeros(5, 6))
    assert told == [4, 1, 4]


def test_within_a_small_product_nothing_is_changed(told):
    with products.threads_for(10), products.threads_for(10):
        assert told == [4, 1]
    assert told == [4, 1, 4]


@pytest.mark.skipif(not products.OPENBLAS, reason=NO_OPENBLAS)
def test_openblas_does_what_it_is_told():
    get, share = products.OPENBLAS["get"], products.OPENBLAS["set"]
    before = get()
    share(2)
    try:
        with products.threads_for(10):
            assert get() == 1
        with products.threads_for(products.SMALL):
            assert get() == 2
        assert get() == 2
    finally:
        share(before)


def test_it_works_where_numpy_multiplies_by_another_library(monkeypatch):
    monkeypatch.setattr(np._core._multiarray_umath, "__file__", "no such file")
    functions, suffix = products._functions()
    assert (functions, suffix) == ({}, "")
