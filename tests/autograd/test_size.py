"""Long chains and wide fans: how many steps, how long they take, how deep, and what memory they leave."""

import gc
import sys
import time
import weakref

import numpy as np
import pytest

from tinygrad_tf import Tensor, grad
from tinygrad_tf.autograd.walk import reachable, steps


def leaf(*values, **traits):
    return Tensor(np.array(values), requires_grad=True, **traits)


# ---- size and time ---------------------------------------------------------------------------------------------------

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


# ---- memory ----------------------------------------------------------------------------------------------------------


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
