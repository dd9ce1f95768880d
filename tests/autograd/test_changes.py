"""What was written to between forward and backward is noticed where a rule reads it, and only there."""

import numpy as np
import pytest

import tinygrad_tf
from tinygrad_tf import Tensor, grad, nn, optim, softmax
from tinygrad_tf.autograd.changes import wrote


def leaf(*values):
    return Tensor(np.array(values), requires_grad=True)


def write(t):
    t.array[...] = 7
    wrote(t)


#: A call of x and w, and which of (x, w, the result) its rule reads.
READS = {
    "add": (lambda x, w: x + w, ""),
    "multiply": (lambda x, w: x * w, "xw"),
    "multiply, one gradient": (lambda x, w: x.detach() * w, "x"),
    "exp": (lambda x, w: x.exp(), "y"),
    "log": (lambda x, w: x.log(), "x"),
    "sum": (lambda x, w: x.sum(), ""),
    "mean over an axis": (lambda x, w: x.reshape(1, 2).mean(axis=1), ""),
    "max": (lambda x, w: x.amax(), "xy"),
    "softmax": (lambda x, w: softmax(x), "y"),
    "reshape": (lambda x, w: x.reshape(2, 1), ""),
    "concatenate": (lambda x, w: np.concatenate([x, w]), ""),
    "getitem": (lambda x, w: x[:1], ""),
}


@pytest.mark.parametrize("written", ["x", "w", "y"])
@pytest.mark.parametrize("call, reads", READS.values(), ids=READS)
def test_a_change_is_refused_exactly_where_the_rule_reads_the_value(call, reads, written):
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    y = call(x, w)
    write({"x": x, "w": w, "y": y}[written])
    if written in reads:
        with pytest.raises(RuntimeError, match="modified by an inplace operation since the forward"):
            y.backward(np.ones(y.shape))
        assert (x.grad, w.grad) == (None, None)
    else:
        y.backward(np.ones(y.shape))


def test_a_step_between_two_backward_passes():
    layer, x = nn.Linear(2, 2), Tensor([[1.0, 2.0]], requires_grad=True)
    optimizer = optim.SGD(layer.parameters(), lr=0.1)
    a, b = ((layer(x) ** 2).sum() for _ in range(2))
    a.backward()
    optimizer.step()
    with pytest.raises(RuntimeError, match=r"gradient rule of linear got W .*\n.*reads the value of W"):
        b.backward()


def test_an_embedding_may_learn_between_forward_and_backward():
    table = leaf([1.0, 2.0], [3.0, 4.0])
    a, b = (nn.functional.embedding(np.array([0, 1]), table).sum() for _ in range(2))
    a.backward()
    write(table)
    b.backward()
    assert table.grad.tolist() == [[2.0, 2.0], [2.0, 2.0]]


@pytest.mark.parametrize("alias", [lambda x: x.detach(), lambda x: x[1:].detach(), lambda x: x.T.detach()],
                         ids=["detached", "a view", "transposed"])  # fmt: skip
def test_a_write_through_another_tensor_of_the_array_is_noticed(alias):
    x = leaf(1.0, 2.0)
    y = (x * x).sum()
    write(alias(x))
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_a_write_before_the_forward_is_none_of_its_business():
    x = leaf(1.0, 2.0)
    write(x)
    assert grad((x * x).sum(), x).tolist() == [14.0, 14.0]


@pytest.mark.parametrize("given", [np.array([1.0, 2.0]), np.array([True, False])], ids=["numbers", "a mask"])
def test_arrays_that_a_user_gives_are_kept_as_they_were(given):
    x = leaf(3.0, 4.0)
    y = np.where(given, x, 0.0) if given.dtype == bool else x * given
    expected = given.astype(float).tolist()
    given[...] = 0
    assert grad(y.sum(), x).tolist() == expected


#: What reads or writes at indices that a user gives.
AT = {
    "x[i]": lambda x, i: x[i],
    "x[i, i]": lambda x, i: x.reshape(1, 3)[..., i],
    "take": lambda x, i: x.take(i),
    "gather": lambda x, i: x.gather(0, i),
    "index_select": lambda x, i: x.index_select(0, i),
    "scatter": lambda x, i: (x * x).scatter(0, i, 5.0),
    "scatter_add": lambda x, i: Tensor(np.zeros(3)).scatter_add(0, i, x),
    "add_at": lambda x, i: tinygrad_tf.add_at(x, i, (3,)),
    "embedding": lambda x, i: nn.functional.embedding(i, x.reshape(3, 1)),
    "cross_entropy": lambda x, i: nn.functional.cross_entropy(x * np.ones((3, 1)), i),
    "nll_loss": lambda x, i: nn.functional.nll_loss(x * np.ones((3, 1)), i),
    "take_along_axis": lambda x, i: np.take_along_axis(x, i, 0),
}


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("call", AT.values(), ids=AT)
def test_indices_that_a_user_gives_are_kept_as_they_were(call, create_graph):
    x, found = leaf(3.0, 4.0, 6.0), []
    for later in ([2, 0, 0], [1, 1, 1]):
        given = np.array([2, 0, 0])
        y = call(x, given)
        given[...] = later
        dY = np.linspace(1, 2, y.array.size).reshape(y.shape)
        found.append(grad(y, x, dY, create_graph=create_graph).tolist())
    assert found[0] == found[1]
