"""The graph as plain data."""

import sys

import numpy as np
import pytest
from graphs import GRAPHS, head, leaf, square

from tinygrad_tf import Tensor, nn, no_grad, zeros
from tinygrad_tf.graph.capture import capture, variables_of
from tinygrad_tf.ops.choice import where


@pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS)
def test_nodes_are_numbered_in_order_of_making(make):
    graph = capture(make()[0])
    assert [node.id for node in graph.nodes] == [f"n{i}" for i in range(len(graph.nodes))]
    numbers = [t.number for t in graph.tensors]
    assert numbers == sorted(numbers)


@pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS)
def test_edges_are_the_inputs_of_each_tensor_in_order(make):
    graph = capture(make()[0])
    for node, t in zip(graph.nodes, graph.tensors, strict=True):
        into = sorted((e.position, e.source) for e in graph.edges if e.target == node.id)
        assert [graph.tensor(source) is x for (_, source), x in zip(into, t.inputs, strict=True)] == [True] * len(into)


def test_the_same_input_twice_is_two_edges():
    edges = [e for e in capture(square()[0]).edges if e.source == "n0"]
    assert [(e.target, e.position) for e in edges] == [("n1", 0), ("n1", 1)]


def test_what_is_recorded_of_a_node():
    graph = capture(head()[0])
    node = next(node for node in graph.nodes if node.op == "softmax")
    assert (node.kind, node.shape, node.dtype, node.path) == ("operation", (4, 4), "float64", "")
    assert str(node.forward.called) == "softmax(A₃)"


def test_kinds():
    X, W = Tensor(np.ones((2, 2)), name="X"), leaf(2, 2)
    h = where(np.array([True, False]), X @ W, 0.5) + Tensor(np.ones(2))
    kinds = {(n.kind, n.op or n.shape) for n in capture(h.sum()).nodes}
    assert kinds == {
        ("input", (2, 2)), ("parameter", (2, 2)), ("operation", "matmul"), ("constant", (2,)), ("constant", ()),
        ("operation", "where"), ("input", (2,)), ("operation", "add"), ("loss", "sum"),
    }  # fmt: skip


def test_the_number_of_a_constant_is_its_title():
    node = next(n for n in capture((leaf(2) / 8**0.5).sum()).nodes if n.kind == "constant")
    assert (node.number, node.title) == (pytest.approx(8**0.5), "2.828")


def test_a_tensor_goes_by_its_name_before_its_variable():
    weights, other = leaf(2, name="W"), leaf(2)
    graph = capture((weights * other).sum(), variables_of(sys._getframe()))
    assert [n.name for n in graph.nodes] == ["W", "other", "A₁", "L"]


def test_locals_come_before_globals_and_hidden_names_do_not_count():
    _x = y = leaf(2)
    assert variables_of(sys._getframe()) == {id(y): "y"}


def test_the_loss_is_called_L_unless_that_is_taken():
    assert capture(leaf(2).sum()).loss.name == "L"
    assert capture(leaf(2, name="L").sum()).loss.name == "A₁"


class Net(nn.Module):
    def __init__(self):
        self.layers = [nn.Linear(2, 2), nn.Linear(2, 2)]

    def forward(self, x):
        return self.layers[1](self.layers[0](x) * 2)


def test_nodes_know_their_module_and_leaves_belong_where_they_are_used():
    net, x = Net(), Tensor(np.ones((1, 2), np.float32), name="x")
    found = {(n.title, n.path) for n in capture(net(x).sum()).nodes}
    assert found == {
        ("x", ""), ("layers.0.weight", "layers.0"), ("layers.0.bias", "layers.0"), ("A₁", "layers.0"), ("2", ""),
        ("A₂", ""), ("layers.1.weight", "layers.1"), ("layers.1.bias", "layers.1"), ("A₃", "layers.1"), ("L", ""),
    }  # fmt: skip


def test_a_weight_used_in_two_modules_belongs_to_what_holds_both():
    net = Net()
    net.layers[1].weight = net.layers[0].weight
    weight = capture(net(Tensor(np.ones((1, 2), np.float32))).sum()).node_of(net.layers[0].weight)
    assert (weight.name, weight.path) == ("layers.0.weight", "")


def test_a_freed_graph_is_refused():
    loss, _ = square()
    loss.backward()
    with pytest.raises(RuntimeError, match=r"draw before backward\(\).*retain_graph=True"):
        capture(loss)


def test_a_graph_that_is_freed_in_part_is_refused():
    h = leaf(2).exp()
    loss = (h * 2).sum()
    h.sum().backward()
    with pytest.raises(RuntimeError, match=r"draw before backward\(\)"):
        capture(loss)


def test_a_kept_graph_is_drawn_after_backward():
    loss, _ = square()
    loss.backward(retain_graph=True)
    assert len(capture(loss).nodes) == 3


def test_a_tensor_without_a_graph_is_refused():
    with no_grad():
        loss = leaf(2).sum()
    with pytest.raises(RuntimeError, match="requires_grad=True"):
        capture(loss)


def test_a_chain_of_many_operations_is_captured_without_recursion():
    x = leaf(1)
    for _ in range(5000):
        x = -x
    assert len(capture(x.sum()).nodes) == 5002


def test_what_was_written_to_since_is_told():
    x = Tensor([1.0, 2.0], requires_grad=True)
    c = zeros(2)
    loss = ((x + c) ** 2).sum()
    capture(loss)
    c.add_(1)
    with pytest.warns(RuntimeWarning, match="written to after they were used"):
        capture(loss)
