"""einops works on Tensors, with gradients, whichever of the two is imported first."""

import subprocess
import sys

import numpy as np
import pytest

import tinygrad_tf
from tinygrad_tf import Tensor, compile, gradcheck

einops = pytest.importorskip("einops")

FORMS = {
    "rearrange": lambda x: einops.rearrange(x, "b n (h d) -> b h n d", h=2),
    "of a list": lambda x: einops.rearrange([x, 2 * x], "k b n d -> b (n k) d"),
    "repeat": lambda x: einops.repeat(x, "b n d -> b n (r d)", r=3),
    "a new axis": lambda x: einops.repeat(x, "b n d -> k b n d", k=2),
    "sum": lambda x: einops.reduce(x, "b n d -> b d", "sum"),
    "mean": lambda x: einops.reduce(x, "b (n k) d -> b n", "mean", k=3),
    "max": lambda x: einops.reduce(x, "b n d -> n", "max"),
    "min": lambda x: einops.reduce(x, "b n d -> ()", "min"),
    "prod": lambda x: einops.reduce(x, "b n d -> b", "prod"),
    "einsum": lambda x: einops.einsum(x, x, "b n d, b m d -> b n m"),
    "pack": lambda x: einops.pack([x, x[:, 0]], "b * d")[0],
    "unpack": lambda x: einops.unpack(x, [[2], [1]], "b * d")[1],
}


def values():
    return np.random.default_rng(0).standard_normal((2, 3, 4))


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_values_are_those_on_arrays_and_gradients_what_nudges_say(form):
    x = Tensor(values(), requires_grad=True)
    made = form(x)
    assert isinstance(made, Tensor)
    np.testing.assert_allclose(made.array, form(values()))
    gradcheck(form, x)


def test_conditions_and_shapes():
    x = tinygrad_tf.tensor([[True, False], [True, True]])
    assert einops.reduce(x, "a b -> a", "all").tolist() == [False, True]
    assert einops.reduce(x, "a b -> a", "any").tolist() == [True, True]
    assert einops.parse_shape(x, "a b") == {"a": 2, "b": 2}
    assert isinstance(einops.asnumpy(tinygrad_tf.ones(2)), np.ndarray)


def test_it_is_compiled():
    @compile
    def f(x):
        return einops.rearrange(x, "a b -> b a") * 2

    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for k in (1.0, 2.0):
            assert f(Tensor([[k, 3.0]])).tolist() == [[2 * k], [6.0]]


@pytest.mark.parametrize("order", ["import tinygrad_tf, einops", "import einops, tinygrad_tf"])
def test_either_may_be_imported_first(order):
    code = f"{order}, sys; print(einops.rearrange(tinygrad_tf.ones(2, 3), 'a b -> b a').shape, 'torch' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.stdout.strip() == "(3, 2) False", ran.stderr


def test_nobody_else_imports_it():
    code = "import sys, tinygrad_tf; print([m for m in ('einops', 'tinygrad_tf.compat.einops') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
