"""Gradients along edges, and routes: identities that hold for every graph."""

import itertools

import numpy as np
import pytest
from graphs import GRAPHS, encoder, half_blind, head, leaf, residual, square

from tinygrad_tf import Tensor, grad
from tinygrad_tf.graph.capture import capture
from tinygrad_tf.graph.flow import Arrays, Sums, norm, record, routes

every_graph = pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS)


@every_graph
def test_what_arrives_at_a_node_adds_up_to_its_gradient(make):
    graph = capture(make()[0])
    arrays = Arrays()
    flow = record(graph, arrays)
    for node in graph.nodes[:-1]:
        arriving = [arrays[e.id] for e in graph.edges if e.source == node.id and e.id in flow.sent]
        assert bool(arriving) == (node.id in flow.norms)
        if arriving:
            np.testing.assert_allclose(sum(arriving), arrays[node.id], rtol=1e-5, atol=1e-7)


@every_graph
def test_gradients_are_those_of_grad(make):
    loss, _ = make()
    graph = capture(loss)
    arrays = Arrays()
    flow = record(graph, arrays)
    for node, t in zip(graph.nodes, graph.tensors, strict=True):
        if node.id in flow.norms:
            np.testing.assert_array_equal(arrays[node.id], grad(loss, t, retain_graph=True).array)


@every_graph
def test_norms_are_those_of_the_gradients(make):
    arrays = Arrays()
    flow = record(capture(make()[0]), arrays)
    recorded = {**flow.norms, **flow.sent}
    assert recorded == {id: pytest.approx(np.sqrt((a.astype(float) ** 2).sum())) for id, a in arrays.items()}


@every_graph
def test_steps_are_in_reverse_topological_order(make):
    graph = capture(make()[0])
    flow = record(graph)
    at = {step.node: i for i, step in enumerate(flow.steps)}
    assert len(at) == len(flow.steps)
    assert flow.steps[0].node == graph.loss.id
    assert all(at[graph.edge(id).target] < at[graph.edge(id).source] for id in flow.sent)


@every_graph
def test_every_edge_that_carries_a_gradient_has_a_rule(make):
    flow = record(capture(make()[0]))
    assert flow.rules.keys() == flow.sent.keys()


def test_the_walk_leaves_no_trace():
    loss, x = square()
    record(capture(loss))
    assert x.grad is None
    loss.backward()
    np.testing.assert_array_equal(x.grad.array, 2 * x.array)


@every_graph
def test_routes_are_counted_as_walking_all_of_them_does(make):
    loss, W = make()
    flow = record(capture(loss))
    graph, found = flow.graph, routes(flow, W)

    def walk(id):
        """Every route from ``id`` to W, as the edges on it."""
        if id == found.to.id:
            return [[]]
        edges = [e for e in graph.edges if e.target == id and e.id in flow.sent]
        return [[e, *rest] for e in edges for rest in walk(e.source)]

    every = walk(graph.loss.id)
    assert found.count == len(every)
    assert set(found.edges) == {e.id for way in every for e in way}
    assert set(found.nodes) == {graph.loss.id} | {e.source for way in every for e in way}
    arriving = [graph.edge(id).source for id in found.edges]
    assert set(found.joins) == {id for id in found.nodes if arriving.count(id) > 1}


def test_routes_are_in_the_order_of_the_steps():
    loss, W = head()
    flow = record(capture(loss))
    found = routes(flow, W)
    assert found.nodes == tuple(step.node for step in flow.steps if step.node in found.nodes)
    assert found.nodes[-1] == flow.graph.node_of(W).id


def test_routes_through_a_deep_residual_stack_are_counted_at_once():
    loss, x = residual(layers=200)
    assert routes(record(capture(loss)), x).count == 2**200


def test_a_tensor_on_the_way_can_be_the_end():
    h = leaf(3).exp()
    found = routes(record(capture((h * h).sum())), h)
    assert (found.count, len(found.nodes), found.joins) == (2, 3, (found.to.id,))


@pytest.mark.parametrize("stranger", [leaf(3), Tensor(np.ones(3))], ids=["not used", "no gradient"])
def test_a_tensor_that_gets_no_gradient_is_refused(stranger):
    with pytest.raises(ValueError, match="no gradient flows"):
        routes(record(capture(square()[0])), stranger)


def test_an_input_whose_rule_gives_no_gradient_is_on_no_route():
    w = leaf(4)
    flow = record(capture(half_blind(leaf(4), w).sum()))
    with pytest.raises(ValueError, match="no gradient flows"):
        routes(flow, w)


def test_a_loss_of_several_numbers_is_refused():
    with pytest.raises(RuntimeError, match=r"\.sum\(\) or \.mean\(\)"):
        record(capture(leaf(3).exp()))


def test_what_leaves_a_box_is_summed_as_arrays():
    loss, _ = encoder()
    graph = capture(loss)
    boxes = {node.id: node.path for node in graph.nodes}
    arrays, sums = Arrays(), Sums(graph, boxes)
    flow = record(graph, arrays, sums)
    keys = {(graph.edge(id).source, boxes[graph.edge(id).target]) for id in flow.sent}
    assert sums.found.keys() == keys
    for source, box in keys:
        edges = [e.id for e in graph.edges if e.source == source and boxes[e.target] == box and e.id in flow.sent]
        assert sums.norm((source, box)) == pytest.approx(norm(sum(arrays[id] for id in edges)), rel=1e-5)


def test_norms_do_not_overflow():
    assert norm(np.full(4, 1e30, np.float32)) == pytest.approx(2e30)


def test_every_edge_has_one_place_in_the_steps():
    loss, _ = encoder()
    flow = record(capture(loss))
    sent = list(itertools.chain.from_iterable(step.sent for step in flow.steps))
    assert sorted(sent) == sorted(flow.sent)
