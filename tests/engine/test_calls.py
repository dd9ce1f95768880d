"""Calling an op: arrays or Tensors, arguments by place or name, and whose name it may bear."""

import inspect

import numpy as np
import pytest

from tinygrad_tf import Tensor, gradcheck, no_grad
from tinygrad_tf.op import op
from tinygrad_tf.ops import elementwise, fused, reduction
from tinygrad_tf.tensor import FUNCTIONS


def leaf(*values):
    return Tensor(np.array(values), requires_grad=True)


# ---- calling an op ---------------------------------------------------------------------------------------------------


def test_arrays_in_an_array_out():
    assert type(elementwise.exp(np.zeros(2))) is np.ndarray
    assert type(fused.softmax(np.zeros((2, 2)))) is np.ndarray


def test_a_tensor_among_the_inputs_gives_a_tensor():
    y = elementwise.add(np.ones(2), Tensor([1.0, 2.0]))
    assert isinstance(y, Tensor)
    assert not y.requires_grad


def test_the_tensor_is_the_graph():
    x, w = leaf(1.0, 2.0), leaf(3.0)
    y = x * w
    assert (y.op.name, [t is s for t, s in zip(y.inputs, (x, w), strict=True)]) == ("multiply", [True, True])
    assert [t is x for t in (x * x).inputs] == [True, True]
    assert y.number > w.number > x.number


def test_params_are_recorded_with_their_defaults():
    assert leaf(1.0, 2.0).sum(0).params == {"axis": 0, "keepdims": False}


@pytest.mark.parametrize(
    "call",
    [lambda x: reduction.sum(x, 1, True), lambda x: reduction.sum(x, axis=1, keepdims=True),
     lambda x: reduction.sum(x, dim=1, keepdim=True), lambda x: reduction.sum(x, 1, keepdim=True),
     lambda x: reduction.sum(X=x, axis=[1], keepdims=True), lambda x: x.sum(-1, keepdim=True)],
    ids=["positional", "NumPy", "PyTorch", "mixed", "all by name", "method"],
)  # fmt: skip
def test_arguments_may_be_given_in_many_ways(call):
    assert call(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist() == [[3.0], [7.0]]


AXIS = ["sum", "mean", "var", "max", "min", "argmax", "all", "any", "softmax", "log_softmax", "squeeze", "expand_dims"]


@pytest.mark.parametrize("name", AXIS)
def test_dim_is_axis_everywhere(name):
    x = Tensor(np.array([[3.0], [1.0]] if name == "squeeze" else [[3.0, 0.0], [1.0, 2.0]]))
    np.testing.assert_array_equal(FUNCTIONS[name](x, dim=1).data, FUNCTIONS[name](x, axis=1).data)


@pytest.mark.parametrize("name", ["concatenate", "stack"])
def test_dim_is_axis_for_joining(name):
    x = Tensor([[1.0, 2.0]])
    np.testing.assert_array_equal(FUNCTIONS[name]([x, x], dim=1).data, FUNCTIONS[name]([x, x], axis=1).data)


@pytest.mark.parametrize("name", ["sum", "mean", "var", "max", "min", "argmax", "all", "any"])
def test_keepdim_is_keepdims_everywhere(name):
    x = Tensor(np.ones((2, 3)))
    assert FUNCTIONS[name](x, dim=0, keepdim=True).shape == FUNCTIONS[name](x, axis=0, keepdims=True).shape == (1, 3)


def test_every_op_with_an_axis_is_in_these_tests():
    with_axis = {n for n, f in FUNCTIONS.items() if {"axis", "dim"} & set(inspect.signature(f).parameters)}
    assert with_axis == {*AXIS, "concatenate", "stack", "split"}


# ---- names -----------------------------------------------------------------------------------------------------------


def test_an_op_of_ones_own_does_not_replace_the_engines():
    @op
    def exp(X):
        return X * 100

    assert FUNCTIONS["exp"] is elementwise.exp
    assert Tensor(0.0).exp().item() == 1.0
    assert exp(Tensor(1.0)).item() == 100.0


def test_an_op_of_ones_own_is_found_by_numpy_and_checked():
    @op
    def cbrt(X):
        return np.cbrt(X)

    @cbrt.rule
    def d_cbrt(dY, Y, X):
        dX = dY / (3 * Y * Y)
        return dX

    try:
        assert np.cbrt(Tensor(8.0)).item() == pytest.approx(2.0)
        assert gradcheck(cbrt, leaf(1.0, 2.0, 8.0))
    finally:
        del FUNCTIONS["cbrt"]


def test_a_result_that_is_no_float_records_nothing():
    x = leaf(1.5)
    assert not x.long().requires_grad
    assert not (x > 1).requires_grad
    assert not x.argmax().requires_grad


def test_nothing_is_recorded_under_no_grad():
    with no_grad():
        y = fused.softmax(leaf(1.0, 2.0))
    assert (y.op, y.inputs, y.saved) == (None, (), None)
