"""Nobody's gradient is an array that somebody else holds: write into one, and the others stay."""

import numpy as np
import pytest

from tinygrad_tf import Tensor, grad
from tinygrad_tf.autograd.operation import op


def leaf(*values, **traits):
    return Tensor(np.array(values), requires_grad=True, **traits)


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
    arrays = {
        "a": a.array,
        "b": b.array,
        "y": y.array,
        "seed": seed.array,
        "a.grad": a.grad.array,
        "b.grad": b.grad.array,
    }
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
    da.array += 5
    assert (db.tolist(), seed.tolist()) == ([1.0], [1.0])
