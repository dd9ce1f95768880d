"""The walk backward: sums where routes meet, what it frees and keeps, how long it takes, and what it never touches."""

import gc
import sys
import threading
import time
import weakref

import numpy as np
import pytest

from tinygrad_tf import Tensor, enable_grad, grad, no_grad
from tinygrad_tf.autograd import reachable, steps
from tinygrad_tf.op import op


def leaf(*values, **traits):
    return Tensor(np.array(values), requires_grad=True, **traits)


def scalar(value):
    return Tensor(np.float64(value), requires_grad=True)


# ---- .grad ----------------------------------------------------------------------------------------------------------


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


# ---- freeing --------------------------------------------------------------------------------------------------------


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


# ---- grad() ---------------------------------------------------------------------------------------------------------


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
    np.testing.assert_array_equal(dother.data, np.zeros((1, 2), np.float32), strict=True)


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


# ---- derivatives of derivatives -------------------------------------------------------------------------------------


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


# ---- size and time --------------------------------------------------------------------------------------------------

N = 100_000


def chain(n):
    x = leaf(1.0)
    y = x
    for _ in range(n):
        y = y + 1.0
    return x, y


def fan(n):
    x = leaf(1.0)
    y = x * 0.0
    for _ in range(n):
        y = y + x
    return x, y


def counted_steps(y):
    return sum(1 for _ in steps([y], [np.ones(y.shape)], free=True))


def test_chain_of_100_000_ops():
    x, y = chain(N)
    y.backward()
    assert x.grad.tolist() == [1.0]


def test_chain_of_100_000_ops_is_deleted_without_recursion():
    x, y = chain(N)
    gone = weakref.ref(y.inputs[0])
    del x, y
    assert gone() is None


def test_one_node_used_10_000_times():
    x, y = fan(10_000)
    y.backward()
    assert x.grad.tolist() == [10_000.0]


@pytest.mark.parametrize("build", [chain, fan])
def test_each_node_is_one_step(build):
    for n in (10, 1000):
        _, y = build(n)
        n_tensors = len(reachable([y]))
        assert counted_steps(y) == n_tensors <= n + 2


@pytest.mark.parametrize("build", [chain, fan])
def test_time_is_linear(build):
    def seconds(n):
        best = np.inf
        for _ in range(3):
            _, y = build(n)
            start = time.process_time()
            y.backward()
            best = min(best, time.process_time() - start)
        return best

    assert seconds(20_000) < 10 * seconds(5_000)  # 4 if linear, 16 if quadratic


def test_no_recursion():
    _, y = chain(5000)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(_stack()) + 60)
    try:
        y.backward()
    finally:
        sys.setrecursionlimit(limit)


def _stack():
    frame, frames = sys._getframe(), []
    while frame:
        frames.append(frame)
        frame = frame.f_back
    return frames


# ---- memory ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", ["forward", "backward", "retained backward", "grad"])
def test_no_reference_cycles(after):
    gc.collect()
    gc.disable()
    try:
        x = leaf(1.0, 2.0)
        hidden = (x * x).softmax(-1)
        y = hidden.sum()
        gone = [weakref.ref(t) for t in (hidden, y)]
        if after == "backward":
            y.backward()
        elif after == "retained backward":
            y.backward(retain_graph=True)
        elif after == "grad":
            grad(y, x, create_graph=True)
        del hidden, y
        assert [ref() for ref in gone] == [None, None]
    finally:
        gc.enable()


def test_backward_returns_the_memory_of_the_graph():
    x = leaf(1.0)
    y = (x * x) * x
    inner = weakref.ref(y.inputs[0])
    y.backward()
    assert inner() is None


# ---- nobody's array is anybody else's -------------------------------------------------------------------------------


@op
def both(X, W):
    return X + W


@both.rule
def d_both(dY, Y, X, W):
    G = 2 * dY
    return G, G


@op
def half_square(X):
    return X * X / 2


@half_square.rule
def d_half_square(dY, Y, X):
    dX = X
    return dX


@op
def identity(X):
    return X + 0


@identity.rule
def d_identity(dY, Y, X):
    dX = dY[...]
    return dX


ALIASES = [
    ("add", lambda a, b: a + b),
    ("add, twice", lambda a, b: (a + b) + (a + b)),
    ("one array for both", both),
    ("an input as gradient", lambda a, b: half_square(a) + half_square(b)),
    ("a view of the seed", lambda a, b: identity(a) + identity(b)),
    ("reshape", lambda a, b: a.reshape(2, 1).reshape(2) + b.T),
    ("concatenate", lambda a, b: np.concatenate([a, b])),
    ("broadcast", lambda a, b: (a.sum() + b.mean()).expand(2)),
    ("getitem", lambda a, b: a[:] + b[...]),
    ("a node between", lambda a, b: (lambda h: h + a)(a + b)),
]


@pytest.mark.parametrize("create_graph", [False, True], ids=["arrays", "Tensors"])
@pytest.mark.parametrize("call", [c for _, c in ALIASES], ids=[name for name, _ in ALIASES])
def test_leaf_gradients_are_arrays_of_their_own(call, create_graph):
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    y = call(a, b)
    seed = Tensor(np.ones(y.shape))
    y.backward(seed, create_graph=create_graph)
    arrays = {"a": a.data, "b": b.data, "y": y.data, "seed": seed.data, "a.grad": a.grad.data, "b.grad": b.grad.data}
    before = {name: array.copy() for name, array in arrays.items()}
    for written in ("a.grad", "b.grad"):
        arrays[written] += 7  # into the array itself
        for name, array in arrays.items():
            if name != written:
                np.testing.assert_array_equal(array, before[name], err_msg=f"{name} changed with {written}")
        before[written] = arrays[written].copy()


def test_a_second_backward_does_not_write_into_the_first_gradient():
    x = leaf(1.0)
    (x * 2).backward()
    first = x.grad
    (x * 2).backward()
    assert first.tolist() == [2.0]
    assert x.grad.tolist() == [4.0]


def test_grad_returns_arrays_of_its_own():
    a, b = leaf(1.0), leaf(2.0)
    seed = np.ones(1)
    da, db = grad(a + b, (a, b), seed)
    da.data += 5
    assert (db.tolist(), seed.tolist()) == ([1.0], [1.0])


# ---- recording on and off -------------------------------------------------------------------------------------------


def test_no_grad_and_enable_grad_nest():
    x = leaf(1.0)
    with no_grad():
        with enable_grad():
            assert (x * x).requires_grad
            with no_grad():
                assert not (x * x).requires_grad
            assert (x * x).requires_grad
        assert not (x * x).requires_grad
    assert (x * x).requires_grad


def test_no_grad_ends_with_an_exception():
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    assert (leaf(1.0) * 2).requires_grad


@pytest.mark.parametrize("decorator, recorded", [(no_grad, False), (enable_grad, True)])
def test_as_a_decorator(decorator, recorded):
    @decorator()
    def square(x, *, times=1):
        """Squares."""
        return x * x * times

    with no_grad() if recorded else enable_grad():
        y = square(leaf(3.0), times=2)
    assert y.requires_grad is recorded
    assert y.tolist() == [18.0]
    assert square.__doc__ == "Squares."


def test_what_is_made_under_no_grad_is_a_leaf():
    with no_grad():
        y = leaf(2.0) * 2
    assert y.is_leaf
    assert y.inputs == ()


def test_recording_is_per_thread():
    x, found = leaf(1.0), []
    with no_grad():
        thread = threading.Thread(target=lambda: found.append((x * x).requires_grad))
        thread.start()
        thread.join()
        assert not (x * x).requires_grad
    assert found == [True]


def test_threads_differentiate_side_by_side():
    def work(k, results):
        x = scalar(float(k))
        for _ in range(50):
            y = x
            for _ in range(20):
                y = y * 1.0 + x
            results[k] = grad(y, x).item()

    results: dict = {}
    threads = [threading.Thread(target=work, args=(k, results)) for k in range(1, 5)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert results == dict.fromkeys(range(1, 5), 21.0)
