"""The data behind the page: it adds up, it agrees with nudging, it is ordered, strict and always the same."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from graphs import GRAPHS, encoder, leaf, residual

from tinygrad_tf import Tensor, checkpoint, grad, nn, no_grad
from tinygrad_tf.graph import explore, record
from tinygrad_tf.graph.arrays import LEVELS, norm, summary
from tinygrad_tf.graph.capture import capture
from tinygrad_tf.graph.flow import record as walk
from tinygrad_tf.graph.flow import routes
from tinygrad_tf.graph.inside import inside
from tinygrad_tf.graph.modules import tree_of
from tinygrad_tf.graph.page.data import SCHEMA, explored
from tinygrad_tf.graph.replay import Replay, work
from tinygrad_tf.ops import fused

ROOT = Path(__file__).parents[2]


def data_of(make):
    loss, _ = make()
    return explored(capture(loss))


@pytest.fixture(params=GRAPHS, scope="module")
def data(request):
    return data_of(GRAPHS[request.param])


def by_id(things):
    return {x.id: x for x in things}


# ---- identities -----------------------------------------------------------------------------------------------------


def test_steps_are_a_reverse_topological_order(data):
    place = {node: i for i, (node, _) in enumerate(data.steps)}
    nodes = by_id(data.nodes)
    for e in data.edges:
        if e.sent is not None and nodes[e.source].op:
            assert place[e.target] < place[e.source]


def test_each_edge_is_served_once(data):
    served = [e for _, edges in data.steps for e in edges]
    assert sorted(served) == sorted(e.id for e in data.edges if e.sent is not None)


def test_partial_sums_end_at_the_whole_gradient(data):
    for n in data.nodes:
        if n.join:
            assert n.join.partial[-1] == pytest.approx(n.norm, rel=2e-3)
            assert len(n.join.partial) == len(n.join.edges)


def test_one_contribution_is_the_gradient(data):
    for n in data.nodes:
        sent = [e.sent for e in data.edges if e.source == n.id and e.sent is not None]
        if len(sent) == 1:
            assert n.norm == pytest.approx(sent[0], rel=1e-3)


def test_skip_and_branch_make_up_the_whole(data):
    """|a + b|² = |a|² + |b|² + 2 |a| |b| cos."""
    for n in data.nodes:
        if n.join and n.join.angle is not None:
            a, b = n.join.skip, n.join.branch
            whole = a * a + b * b + 2 * a * b * math.cos(math.radians(n.join.angle))
            assert math.sqrt(max(whole, 0)) == pytest.approx(n.norm, rel=1e-2, abs=1e-6)


@pytest.mark.parametrize("name", [name for name in GRAPHS if name != "random"])
def test_gradients_equal_nudges(name):
    loss, _ = GRAPHS[name]()
    graph = capture(loss)
    data = explored(graph, nudge=4)
    tried = [q for n in data.nodes for q in n.nudges or []]
    assert tried
    for q in tried:
        assert q.slope == pytest.approx(q.gradient, rel=2e-3, abs=2e-5)


def test_a_nudged_forward_is_the_forward_with_the_other_weight():
    loss, W = GRAPHS["chain"]()
    replay = Replay(capture(loss))
    assert replay.loss == pytest.approx(loss.item())
    moved = W.array.astype(np.float64).copy()
    moved[0, 0] += 0.5
    with no_grad():
        expected = (Tensor(np.ones((3, 2))) @ Tensor(moved)).tanh().sum().item()
    assert replay.loss_with(W, moved) == pytest.approx(expected, rel=1e-9)


def test_a_nudged_dropout_drops_the_same():
    layer = nn.Dropout(0.5)
    x = leaf(40, name="x")
    loss = (layer(x) * 2).sum()
    assert Replay(capture(loss)).loss == pytest.approx(loss.item(), rel=1e-6)


@pytest.mark.parametrize("shape", [(1,), (1, 1)])
def test_a_loss_of_one_entry_with_axes_is_nudged_like_a_number(shape):
    x = Tensor(np.full(shape, 3.0), requires_grad=True, name="x")
    assert Replay(capture(x * x)).loss == 9.0
    explore(x * x, path_to=x)


def test_path_to_is_nudged_however_large_the_graph_is(monkeypatch):
    monkeypatch.setattr("tinygrad_tf.graph.page.weights._MOST_WORK", 0)
    loss, W = encoder()
    data = explored(capture(loss), W)
    assert [n.id for n in data.nodes if n.nudges] == [data.path_to]


def test_a_checkpoint_is_one_node_and_is_not_nudged():
    x = leaf(3, name="x")
    loss = (checkpoint(lambda h: h.exp() * 2, x) + x).sum()
    nodes = explored(capture(loss)).nodes
    assert not any(n.nudges for n in nodes)
    [n] = [n for n in nodes if n.name == "x"]
    assert n.norm == pytest.approx(np.linalg.norm(2 * np.exp(x.array) + 1), rel=1e-3)
    with pytest.raises(RuntimeError, match="nudge without checkpoint"):
        Replay(capture(loss))


# ---- routes ---------------------------------------------------------------------------------------------------------


def test_the_number_of_routes_is_that_of_the_routes_themselves():
    loss, x = residual(5)
    graph = capture(loss)
    data = explored(graph)
    assert by_id(data.nodes)[graph.node_of(x).id].routes == str(routes(walk(graph), x).count) == "32"


def test_a_huge_number_of_routes_is_rounded():
    loss, x = residual(60)
    graph = capture(loss)
    assert by_id(explored(graph).nodes)[graph.node_of(x).id].routes == "1.15e18"


def test_the_strongest_route_takes_the_larger_share():
    x = leaf(3, name="x")
    data = explored(capture((x * 10 + x * 0.1).sum()))
    [n] = [n for n in data.nodes if n.name == "x"]
    e = by_id(data.edges)
    assert e[n.via].sent == max(e[id].sent for id in n.join.edges)


def test_strongest_routes_end_at_the_loss(data):
    nodes, edges = by_id(data.nodes), by_id(data.edges)
    for n in data.nodes:
        if n.norm is None:
            continue
        seen = 0
        while n.via:
            n = nodes[edges[n.via].target]
            seen += 1
            assert seen <= len(nodes)
        assert n.id == data.loss


def test_skips_are_told_from_branches():
    data = data_of(lambda: residual(2))  # of these two the first reads the weight x itself, the second what it made
    [join] = [n.join for n in data.nodes if n.join and n.op]
    assert len(join.skips) == 1
    assert join.skip == pytest.approx(math.sqrt(3), rel=1e-3)


def long_way_round():
    h = leaf(3, name="x").exp()
    return (h + ((h * 2).tanh() - 1)).sum(), None


@pytest.mark.parametrize(
    ("make", "op"), [(long_way_round, "add"), (lambda: residual(2), "add"), (GRAPHS["encoder"], "add")]
)
def test_a_skip_ends_in_a_sum(make, op):
    data = data_of(make)
    target = {e.id: e.target for e in data.edges}
    ends = [target[id] for n in data.nodes if n.join for id in n.join.skips]
    assert ends
    assert {n.op for n in data.nodes if n.id in ends} == {op}


def reused_weight():
    W = leaf(3, name="W")
    return (W + (W * 2).tanh()).sum(), None


def product_of_both_ways():
    h = leaf(3, name="x").exp()
    return (h * h.tanh()).sum(), None


WITHOUT_SKIP = {**{name: GRAPHS[name] for name in ("diamond", "square", "chain")},
                "reused weight": reused_weight, "product": product_of_both_ways}  # fmt: skip


@pytest.mark.parametrize("make", WITHOUT_SKIP.values(), ids=WITHOUT_SKIP)
def test_what_is_no_skip_is_not_called_one(make):
    assert not [n for n in data_of(make).nodes if n.join and n.join.skips]


# ---- fused nodes ----------------------------------------------------------------------------------------------------

_r = np.random.default_rng(0)
FUSED = {
    "softmax": lambda: fused.softmax(leaf(2, 3)),
    "log_softmax": lambda: fused.log_softmax(leaf(2, 3)),
    "layer_norm": lambda: fused.layer_norm(leaf(2, 3), 3, leaf(3, seed=1), leaf(3, seed=2)),
    "gelu": lambda: fused.gelu(leaf(2, 3)),
    "gelu_tanh": lambda: fused.gelu(leaf(2, 3), approximate="tanh"),
    "linear": lambda: fused.linear(leaf(2, 3), leaf(4, 3, seed=1), leaf(4, seed=2)),
    "attention": lambda: fused.attention(leaf(2, 3), leaf(4, 3, seed=1), leaf(4, 5, seed=2), np.ones((2, 4), bool)),
    "cross_entropy": lambda: fused.cross_entropy(leaf(2, 3), Tensor(np.array([0, 2]))),
}


@pytest.mark.parametrize("name", FUSED)
def test_a_fused_node_opens_into_primitives_with_the_same_value_and_gradients(name):
    Y = FUSED[name]()
    dY = np.asarray(_r.standard_normal(Y.shape))
    opened = inside(Y, dY)
    flow = opened.flow
    np.testing.assert_allclose(flow.graph.tensors[-1].array, Y.array, rtol=1e-6, atol=1e-9)
    wanted = [x for x in Y.inputs if x.requires_grad]
    outside = dict(zip([x.number for x in wanted], grad(Y, wanted, dY, retain_graph=True), strict=True))
    for id, i in opened.inputs.items():
        x = Y.inputs[i]
        if x.requires_grad:
            assert flow.norms[id] == pytest.approx(np.linalg.norm(outside[x.number].array), rel=1e-5)


def test_a_primitive_does_not_open():
    assert inside(leaf(3).exp(), np.ones(3)) is None


def test_equal_fused_nodes_share_a_definition():
    x = leaf(2, 3, name="x")
    data = explored(capture(x.softmax().softmax().sum()))
    assert len(data.definitions) == 1
    assert len([n for n in data.nodes if n.inside]) == 2


# ---- modules --------------------------------------------------------------------------------------------------------


class Stack(nn.Module):
    def __init__(self, n):
        self.layers = [nn.TransformerEncoderLayer(4, 1, 8, dropout=0.0, batch_first=True) for _ in range(n)]
        self.once = nn.Linear(4, 4)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.once(self.once(x).tanh())


@pytest.fixture(scope="module")
def stack():
    return capture(Stack(4)(Tensor(np.ones((1, 2, 4), np.float32), name="x")).sum())


def test_equal_layers_are_folded_behind_the_first(stack):
    tree = tree_of(stack)
    [fold] = [m for m in tree.modules if m.count > 1]
    assert (fold.title, fold.count) == ("layers.1 … layers.3", 3)
    assert {m.title for m in tree.modules if m.parent == fold.id} == {"layers.1", "layers.2", "layers.3"}
    assert fold.like == next(m.id for m in tree.modules if m.title == "layers.0")


def test_a_module_of_one_operation_is_that_operation(stack):
    tree = tree_of(stack)
    assert "linear1" in tree.label.values()
    assert not [m for m in tree.modules if m.title == "linear1"]


def test_a_module_called_twice_is_two(stack):
    assert list(tree_of(stack).label.values()).count("once") == 2


def test_modules_never_depend_on_one_another_in_a_circle(stack):
    """What one call made lies side by side in the order of making."""
    tree = tree_of(stack)
    parents = {m.id: m.parent for m in tree.modules}
    inside_of = {m.id: [] for m in tree.modules}
    operations = [n.id for n in stack.nodes if n.op]
    for i, id in enumerate(operations):
        at = tree.place[id]
        while at is not None:
            inside_of[at].append(i)
            at = parents[at]
    assert all(found == list(range(found[0], found[-1] + 1)) for found in inside_of.values())


# ---- summaries ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (5,), (1000,), (40, 3), (3, 40, 50), (0,), (2, 0)])
def test_thumbnails_are_small(shape):
    s = summary(np.arange(math.prod(shape), dtype=np.float64).reshape(shape))
    if s.thumbnail:
        assert s.thumbnail.rows <= 12
        assert s.thumbnail.columns <= 24


def test_a_thumbnail_of_a_small_array_has_all_its_entries():
    import base64

    t = summary(np.array([[-2.0, 0.0], [1.0, np.nan], [np.inf, -np.inf]])).thumbnail
    assert (t.rows, t.columns, t.scale) == (3, 2, 2.0)
    assert list(base64.b64decode(t.bits)) == [2, 128, 191, 0, 255, 1]


def test_broken_numbers_are_counted_and_left_out_of_the_rest():
    s = summary(np.array([1.0, np.nan, np.inf, 3.0]), "stats")
    assert (s.min, s.max, s.mean, s.nans, s.infs) == (1, 3, 2, 1, 1)
    assert math.isnan(s.norm)


def test_numbers_of_three_digits_are_rounded_once():
    """0.17651 is 0.177; by way of 0.1765 it would be 0.176."""
    s = summary(np.array([0.17651]))
    assert [f"{x:.3g}" for x in (s.norm, s.min, s.mean)] == ["0.177"] * 3


@pytest.mark.parametrize("level", LEVELS)
def test_levels_of_detail(level):
    loss, _ = GRAPHS["chain"]()
    [n] = [n for n in explored(capture(loss), values=level).nodes if n.name == "W"]
    kept = n.value is not None, bool(n.value and n.value.thumbnail), bool(n.value and n.value.full)
    assert sum(kept) == ["none", "stats", "thumbnails", "full"].index(level)


def test_an_unknown_level_is_refused():
    loss, _ = GRAPHS["chain"]()
    with pytest.raises(ValueError, match="values is one of none, stats, thumbnails, full"):
        explore(loss, values="all")


# ---- the file -------------------------------------------------------------------------------------------------------


def fail(text):
    raise AssertionError(f"{text} is no JSON")


def test_json_is_strict_and_complete(data):
    plain = json.loads(data.json(), parse_constant=fail)
    assert plain["schema"] == SCHEMA
    ids = {n["id"] for n in plain["nodes"]}
    modules = {m["id"] for m in plain["modules"]}
    assert plain["loss"] in ids
    for n in plain["nodes"]:
        assert {"id", "kind", "op", "title", "shape", "dtype"} <= n.keys()
        assert n["kind"] in ("operation", "parameter", "input", "constant", "loss")
        assert n.get("module") is None or n["module"] in modules
        assert n.get("forward", 0) < max(len(plain["formulas"]), 1)
    for e in plain["edges"]:
        assert {e["source"], e["target"]} <= ids
        assert ("sent" in e) == ("rule" in e)


def test_broken_gradients_are_named_in_the_json():
    x = Tensor([0.0, 1.0], requires_grad=True, name="x")
    with np.errstate(all="ignore"):
        plain = json.loads(explored(capture(x.log().sum())).json(), parse_constant=fail)
    [n] = [n for n in plain["nodes"] if n.get("name") == "x"]
    assert n["norm"] == "Infinity"
    assert n["gradient"]["infs"] == 1


def test_the_same_under_any_hash_seed():
    code = (
        "import sys; sys.path.insert(0, 'tests/graph'); from graphs import encoder; import tinygrad_tf as t; "
        "t.manual_seed(0); from tinygrad_tf.graph import explore; import hashlib; "
        "print(hashlib.sha256(explore(encoder()[0]).html().encode()).hexdigest())"
    )
    ran = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                       cwd=ROOT, env={"PYTHONHASHSEED": seed, "PYTHONPATH": ".", "PATH": ""}).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert ran[0] == ran[1]


def test_names_are_never_markup():
    evil = "</script><img src=x onerror=alert(1)>"
    W = leaf(3, name=evil)
    page = explore((W * 2).sum()).html()
    assert "onerror" not in page
    assert evil in explored(capture((W * 2).sum())).json()


def test_saved_as_page_and_as_data(tmp_path):
    loss, W = GRAPHS["chain"]()
    page = explore(loss, path_to=W)
    assert (tmp_path / "a" / "dw.html").read_text("utf-8") if page.save(tmp_path / "a" / "dw.html") else None
    page.save(tmp_path / "dw.json")
    assert json.loads((tmp_path / "dw.json").read_text("utf-8"))["path_to"] == "n1"
    assert 'srcdoc="&lt;!DOCTYPE html&gt;' in page._repr_html_()


def test_a_failed_save_leaves_the_old_page(tmp_path, monkeypatch):
    page = explore(GRAPHS["chain"]()[0])
    (tmp_path / "dw.html").write_text("old")
    monkeypatch.setattr(os, "fsync", out_of_space)
    with pytest.raises(OSError, match="No space left"):
        page.save(tmp_path / "dw.html")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("dw.html", "old")]


def out_of_space(*_):
    raise OSError("No space left on device")


def test_the_page_asks_for_nothing():
    loss, _ = GRAPHS["chain"]()
    page = explore(loss).html()
    assert "default-src 'none'" in page
    for word in ('src="', "<link", "@import", "fetch(", "XMLHttpRequest", "innerHTML", "outerHTML", "document.write"):
        assert word not in page.split('<script type="text/plain"')[0] + page.split("</script>", 1)[1], word


def test_what_gets_no_gradient_is_refused():
    loss, _ = GRAPHS["chain"]()
    with pytest.raises(ValueError, match="no gradient flows"):
        explore(loss, path_to=leaf(3))


def test_backward_is_not_run():
    loss, W = GRAPHS["chain"]()
    explore(loss)
    assert W.grad is None
    loss.backward()
    assert W.grad is not None


def test_lines_of_code_only_when_asked():
    x = leaf(3, name="x")
    plain = (x * 2).sum()
    with record():
        recorded = (x * 2).sum()
    assert not [n for n in explored(capture(plain)).nodes if n.line]
    lines = [n.line for n in explored(capture(recorded)).nodes if n.op]
    assert all(line.startswith("test_explore.py:") and line.endswith("recorded = (x * 2).sum()") for line in lines)


def test_nudging_a_large_model_is_kept_to_some_seconds():
    """What a product costs is counted by its sums, not by the entries that it reads."""
    X, W = leaf(300, 400), leaf(400, 500)
    assert work(capture((W * W).sum())) < 5 * W.size + 120_001
    assert work(capture((X @ W).sum())) > 300 * 400 * 500 // 20


@pytest.mark.parametrize("x", [np.ones((3, 40000), np.float32), np.ones((300, 300)).T, np.arange(70_000), np.ones(0)])
def test_norms_of_blocks_are_those_of_the_whole(x):
    assert norm(x) == pytest.approx(np.linalg.norm(x.astype(np.float64).ravel()), rel=1e-12)
