"""backward() and grad(): sums where routes meet, what is freed and kept, and derivatives of derivatives."""

import numpy as np
import pytest

from tinygrad_tf import Tensor, grad
from tinygrad_tf.autograd import backward
from tinygrad_tf.autograd.walk import steps


def leaf(*values, **traits):
    return Tensor(np.array(values), requires_grad=True, **traits)


def scalar(value):
    return Tensor(np.float64(value), requires_grad=True)


# ---- .grad -----------------------------------------------------------------------------------------------------------


def test_grad_accumulates_over_calls():
    x = leaf(1.0, 2.0)
    (x * x).sum().backward()
    (3 * x).sum().backward()
    assert x.grad.tolist() == [5.0, 7.0]


def test_routes_that_meet_are_summed():
    x = leaf(2.0)
    y = x * x
    (y * x + y).sum().backward()  # x³ + x²
    assert x.grad.tolist() == [3 * 4 + 2 * 2]


def test_one_input_twice_in_one_op():
    x = leaf(3.0)
    (x * x).backward()
    assert x.grad.tolist() == [6.0]


def test_only_leaves_that_require_it_get_a_grad():
    x, c = leaf(1.0), Tensor([2.0])
    y = x * c
    (y * y).sum().backward()
    assert y.grad is None
    assert c.grad is None


def test_gradient_has_the_dtype_of_its_leaf():
    x, w = Tensor([1.0, 2.0], requires_grad=True), leaf(3.0, 4.0)
    (x * w).sum().backward()
    assert (x.grad.dtype, w.grad.dtype) == (np.float32, np.float64)


def test_backward_of_a_leaf_is_the_seed():
    x = scalar(3.0)
    x.backward()
    assert x.grad.item() == 1.0


def test_backward_of_several_entries_takes_their_weights():
    x = leaf(1.0, 2.0)
    (x * x).backward([10.0, 100.0])
    assert x.grad.tolist() == [20.0, 400.0]


def test_backward_of_one_entry_needs_no_weight_whatever_its_axes():
    x = Tensor([[3.0]], requires_grad=True)
    (x * x).backward()
    assert x.grad.tolist() == [[6.0]]


def test_detach_cuts():
    x = leaf(2.0)
    (x * x.detach()).backward()
    assert x.grad.tolist() == [2.0]


@pytest.mark.parametrize("create_graph", [False, True])
def test_backward_of_several_tensors_adds_up_their_gradients(create_graph):
    x = leaf(1.0, 2.0)
    backward([(x**3).sum(), x * x, x], [None, [10.0, 100.0], Tensor([1.0, 1.0])], create_graph=create_graph)
    assert x.grad.tolist() == [24.0, 413.0]


def test_backward_of_several_tensors_ends_at_the_inputs():
    x, w = leaf(2.0), leaf(3.0)
    backward((x * w, w), inputs=w)
    assert x.grad is None
    assert w.grad.tolist() == [3.0]


@pytest.mark.parametrize("outputs", [lambda x: [x.sum(), x.detach().sum()], lambda x: [x.sum(), 3.0], lambda x: 3.0])
def test_backward_of_what_has_no_graph_changes_nothing(outputs):
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match="backward got"):
        backward(outputs(x))
    assert x.grad is None


# ---- freeing ---------------------------------------------------------------------------------------------------------


def test_graph_is_freed_and_a_second_backward_says_so():
    x = leaf(1.0)
    y = x * x
    y.backward()
    with pytest.raises(RuntimeError, match=r"freed by an earlier backward.*\n.*retain_graph=True"):
        y.backward()
    assert x.grad.tolist() == [2.0]


def test_a_part_of_the_graph_that_is_freed_is_told_from_above():
    x = leaf(1.0)
    y = x * x
    y.backward()
    with pytest.raises(RuntimeError, match="freed"):
        (y * 2).backward()


def test_retain_graph_keeps_it():
    x = leaf(1.0)
    y = x * x
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [4.0]


def test_freed_tensors_keep_their_values():
    x = leaf(2.0)
    y = x * x
    y.backward()
    assert y.tolist() == [4.0]
    assert y.inputs == ()


def test_grad_frees_only_what_it_walked():
    x = leaf(2.0)
    y = x * x
    dy = grad((y * y).sum(), y)
    assert dy.tolist() == [8.0]
    assert grad(y, x).tolist() == [4.0]  # y's own graph is still there


# ---- grad() ----------------------------------------------------------------------------------------------------------


def test_grad_touches_no_grad():
    x = leaf(2.0)
    assert grad(x * x, x).tolist() == [4.0]
    assert x.grad is None


def test_grad_of_an_intermediate():
    x = leaf(2.0)
    y = x * x
    z = y * y
    dy, dx = grad(z, (y, x))
    assert (dy.tolist(), dx.tolist()) == ([8.0], [32.0])


def test_grad_of_an_independent_input_is_zeros():
    x, other = leaf(2.0), Tensor([[1.0, 2.0]], requires_grad=True)
    dx, dother = grad(x * x, [x, other])
    assert dx.tolist() == [4.0]
    np.testing.assert_array_equal(dother.array, np.zeros((1, 2), np.float32), strict=True)


def test_grad_of_an_output_by_itself_is_one():
    x = leaf(2.0)
    y = x * x
    assert grad(y, y).tolist() == [1.0]


def test_grad_sums_over_outputs():
    x = leaf(2.0)
    assert grad([x * x, 3 * x], x).tolist() == [7.0]
    assert grad([x * x, 3 * x], x, grad_outputs=[np.array([1.0]), np.array([10.0])]).tolist() == [34.0]


def test_grad_of_the_same_output_twice_counts_twice():
    x = leaf(2.0)
    y = x * x
    assert grad([y, y], x).tolist() == [8.0]


def test_grad_visits_only_what_lies_between():
    x, w = leaf(2.0), leaf(3.0)
    y = (w.exp() * x).sum()
    visited = [s.Y.op.name for s in steps([y], [np.ones(())], [x]) if s.Y.op]
    assert visited == ["sum", "multiply"]


# ---- derivatives of derivatives --------------------------------------------------------------------------------------


def test_third_derivative():
    x = scalar(2.0)
    y = x**4
    for expected in (32.0, 48.0, 48.0):
        y = grad(y, x, create_graph=True)
        assert y.item() == pytest.approx(expected)


def test_third_derivative_of_a_fused_op():
    x = scalar(0.3)
    y = x.reshape(1).softmax(0).sum() + (x * 2).sigmoid()
    for _ in range(3):
        y = grad(y, x, create_graph=True)
    s = 1 / (1 + np.exp(-0.6))
    assert y.item() == pytest.approx(8 * s * (1 - s) * (1 - 6 * s + 6 * s * s))


def test_create_graph_leaves_a_grad_that_can_be_differentiated():
    x = leaf(3.0)
    (x**3).sum().backward(create_graph=True)
    assert grad(x.grad.sum(), x).tolist() == [18.0]


def test_gradient_is_differentiable_in_the_seed():
    x, seed = leaf(3.0), leaf(1.0)
    dx = grad(x * x, x, grad_outputs=seed, create_graph=True)
    assert grad(dx, seed).tolist() == [6.0]


def test_penalty_on_the_gradient_trains():
    w, x = leaf(2.0), leaf(3.0)
    dx = grad((w * x * x).sum(), x, create_graph=True)  # 2wx
    (dx * dx).sum().backward()  # 4w²x²
    assert w.grad.tolist() == [8 * 2 * 9]
