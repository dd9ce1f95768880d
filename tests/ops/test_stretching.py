"""Functions of several inputs over shapes that stretch, drawn by hypothesis: values, first and second derivatives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import mutually_broadcastable_shapes

import tinygrad_tf as t
from tinygrad_tf import Tensor, gradcheck

# The function on Tensors, the same in NumPy, and how many inputs it has.
FUNCTIONS = {
    "add": (lambda x, y: x + y, np.add, 2),
    "subtract": (lambda x, y: x - y, np.subtract, 2),
    "multiply": (lambda x, y: x * y, np.multiply, 2),
    "divide": (lambda x, y: x / (2 + y), lambda x, y: x / (2 + y), 2),
    "power": (lambda x, y: (2 + x) ** y, lambda x, y: (2 + x) ** y, 2),
    "maximum": (lambda x, y: t.maximum(x, y), np.maximum, 2),
    "minimum": (lambda x, y: t.minimum(x, y), np.minimum, 2),
    "logaddexp": (lambda x, y: t.logaddexp(x, y), np.logaddexp, 2),
    "fmod": (lambda x, y: t.fmod(x, 2 + y), lambda x, y: np.fmod(x, 2 + y), 2),
    "remainder": (lambda x, y: x % (2 + y), lambda x, y: x % (2 + y), 2),
    "a product with itself": (lambda x, y: x * x * y, lambda x, y: x * x * y, 2),
    "lerp": (lambda x, y, w: t.lerp(x, y, w), lambda x, y, w: x + w * (y - x), 3),
    "where": (lambda x, y, w: t.where(w > 0, x, y), lambda x, y, w: np.where(w > 0, x, y), 3),
    "clip": (lambda x, y, w: t.clip(x, y, y + 0.5 + w * w),
             lambda x, y, w: np.minimum(np.maximum(x, y), y + 0.5 + w * w), 3),
    "masked_fill": (lambda x, y: t.masked_fill(x * y, np.asarray(y.array > 0), 0.5),
                    lambda x, y: np.where(y > 0, 0.5, x * y), 2),
    "einsum": (lambda x, y: t.einsum("...,...->...", x, y), np.multiply, 2),
    "mean of squares": (lambda x, y: ((x - y) ** 2).mean(), lambda x, y: np.mean((x - y) ** 2), 2),
    "softmax of a sum": (lambda x, y: t.softmax((x + y).flatten(), 0), lambda x, y: _softmax((x + y).reshape(-1)), 2),
}  # fmt: skip


def _softmax(x):
    return np.exp(x) / np.exp(x).sum()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_over_drawn_shapes(name):
    function, by_numpy, n = FUNCTIONS[name]

    @settings(max_examples=12, derandomize=True, deadline=None, database=None)
    @given(mutually_broadcastable_shapes(num_shapes=n, max_dims=3, max_side=2))
    def check(shapes):
        rng = np.random.default_rng(0)
        arrays = [np.asarray(rng.uniform(-1, 1, shape)) for shape in shapes.input_shapes]
        with np.errstate(all="ignore"):
            y = function(*[Tensor(a) for a in arrays])
            np.testing.assert_allclose(y.array, by_numpy(*arrays), rtol=1e-12, strict=True)
            assert gradcheck(function, *[Tensor(a, requires_grad=True) for a in arrays])

    check()


@settings(max_examples=25, derandomize=True, deadline=None, database=None)
@given(mutually_broadcastable_shapes(signature="(m?,n),(n,p?)->(m?,p?)", max_dims=2, max_side=2))
def test_matmul_over_drawn_batches(shapes):
    rng = np.random.default_rng(0)
    x, w = (rng.standard_normal(shape) for shape in shapes.input_shapes)
    np.testing.assert_allclose((Tensor(x) @ Tensor(w)).array, x @ w, rtol=1e-12, strict=True)
    assert gradcheck(t.matmul, Tensor(x, requires_grad=True), Tensor(w, requires_grad=True))
