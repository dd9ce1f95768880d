"""What augmented assignment does: it changes the Tensor itself; a leaf that learns only where nothing is recorded."""

import operator

import numpy as np
import pytest

from tinygrad_tf import Tensor, nn, no_grad

SIGNS = {"+=": operator.iadd, "-=": operator.isub, "*=": operator.imul, "/=": operator.itruediv}
every_sign = pytest.mark.parametrize("change", SIGNS.values(), ids=SIGNS)


def leaf():
    return Tensor([1.0, 2.0], requires_grad=True)


@every_sign
def test_a_leaf_that_learns_is_changed_in_place(change):
    w = leaf()
    before, memory = w, w.array
    expected = change(w.array.copy(), 0.5)
    with no_grad():
        w = change(w, 0.5)
    assert w is before
    assert w.array is memory
    assert w.requires_grad
    np.testing.assert_array_equal(w.array, expected)


def test_descent_written_out_trains_a_module():
    layer = nn.Linear(2, 1)
    before = layer.weight.array.copy()
    layer(Tensor([[1.0, 2.0]])).sum().backward()
    with no_grad():
        for p in layer.parameters():
            p -= 0.1 * p.grad
    np.testing.assert_allclose(layer.weight.array, before - [[0.1, 0.2]], rtol=1e-6)


@every_sign
def test_a_leaf_that_learns_is_not_changed_while_operations_are_recorded(change):
    w = leaf()
    with pytest.raises(RuntimeError, match="no_grad"):
        change(w, 1.0)
    np.testing.assert_array_equal(w.array, [1, 2])


@every_sign
@pytest.mark.parametrize("make", [lambda: Tensor([1.0, 2.0]), lambda: leaf() * 1], ids=["constant", "result"])
def test_other_tensors_are_changed_and_so_is_their_second_name(make, change):
    y = alias = make()
    y = change(y, 2.0)
    assert y is alias
    np.testing.assert_array_equal(alias.array, change(np.array([1.0, 2.0]), 2.0))


def test_gradients_go_through_a_sum_that_is_built_up():
    w, total = leaf(), Tensor([0.0, 0.0])
    for _ in range(3):
        total += w * w
    total.sum().backward()
    np.testing.assert_array_equal(w.grad.array, [6, 12])


@pytest.mark.parametrize("other", [np.ones((3, 2), np.float32), np.ones((1, 2), np.float32)], ids=["more", "an axis"])
def test_what_is_changed_in_place_keeps_its_shape(other):
    w = leaf()
    with no_grad(), pytest.raises(RuntimeError, match="keeps its shape"):
        w += other
    np.testing.assert_array_equal(w.array, [1, 2])


def test_an_array_takes_a_tensor_in_place():
    w = leaf()
    w.sum().backward()
    w.array -= 0.5 * w.grad
    np.testing.assert_array_equal(w.array, [0.5, 1.5])


def test_an_array_does_not_take_what_learns():
    array = np.ones(2)
    with pytest.raises(RuntimeError, match="detach"):
        array += leaf()


def test_a_parameter_takes_the_values_of_a_tensor():
    layer = nn.Linear(2, 2, bias=False)
    layer.weight.data = Tensor(np.eye(2, dtype=np.float32))
    np.testing.assert_array_equal(layer(Tensor([[3.0, 4.0]])).array, [[3, 4]])
    assert type(layer.weight.array) is np.ndarray


def test_a_tensor_is_not_none():
    t = leaf()
    assert (t == None) is False  # noqa: E711 — what people write
    assert (t != None) is True  # noqa: E711


def test_plus_a_tensor_is_the_tensor():
    t = leaf()
    assert +t is t


@pytest.mark.parametrize("number", [float("inf"), float("nan"), 300.5, -1.5], ids=str)
@pytest.mark.parametrize("dtype", ["uint8", "int8", "int64"])
def test_integers_meet_floats_of_any_size(dtype, number):
    found = Tensor(np.array([1, 2], dtype)) * number
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found.array, np.array([1, 2], np.float32) * np.float32(number))
