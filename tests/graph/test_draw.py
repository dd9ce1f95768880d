"""Pictures: their structure, never their bytes."""

import html
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from graphs import GRAPHS, classifier, encoder, half_blind, head, leaf, residual, square

from tinygrad_tf import Tensor, checkpoint, nn
from tinygrad_tf.graph import draw, modules
from tinygrad_tf.graph.capture import capture
from tinygrad_tf.graph.card import EXAMPLES
from tinygrad_tf.graph.flow import Arrays, norm, record, routes
from tinygrad_tf.graph.labels import three
from tinygrad_tf.graph.naming import levels
from tinygrad_tf.graph.pictures import drawing as dot
from tinygrad_tf.ops.choice import where

ROOT = Path(__file__).parents[2]
GRADIENT = {"dir": "back", "color": "#8e2a6b"}


def parts(picture):
    """The nodes and the arrows of a picture: id → attributes, [(from, to, attributes)]."""
    attributes = r'(\w+)=("(?:[^"\\]|\\.)*"|<<TABLE.*?</TABLE>>|[\w.,+-]+)'
    nodes, arrows = {}, []
    for line in re.sub(r'"[^"]*"', lambda m: m[0].replace("\n", " "), picture.source).splitlines():
        found = re.match(r"\t+(\w+)(?: -> (\w+))? \[(.*)\]$", line)
        if found and found[1] not in ("graph", "node", "edge"):
            attrs = {k: v.strip('"') for k, v in re.findall(attributes, found[3])}
            if found[2]:
                arrows.append((found[1], found[2], attrs))
            else:
                nodes[found[1]] = attrs
    return nodes, arrows


def text(attrs):
    """The lines of a label."""
    lines = re.findall(r"<TR>(.*?)</TR>", attrs.get("label", ""))
    return [html.unescape(re.sub("<[^>]*>", "", line)).replace("\xa0", " ").strip() for line in lines]


@pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS)
def test_every_node_and_every_edge_is_drawn(make):
    loss, _ = make()
    graph = capture(loss)
    nodes, arrows = parts(draw(loss))
    assert nodes.keys() == {node.id for node in graph.nodes}
    assert sorted(a[:2] for a in arrows) == sorted((e.source, e.target) for e in graph.edges)


@pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS)
def test_arrows_that_carry_a_gradient_say_by_which_rule_and_how_much(make):
    loss, _ = make()
    flow = record(capture(loss, {id(loss): "loss"}))
    _, arrows = parts(draw(loss))
    assert sum(GRADIENT.items() <= attrs.items() for *_, attrs in arrows) == len(flow.sent)
    for e, (source, target, attrs) in zip(flow.graph.edges, arrows, strict=True):
        assert (e.source, e.target) == (source, target)
        if e.id in flow.sent:
            *rule, last = text(attrs)
            assert last.endswith(three(flow.sent[e.id]))
            whole = " ".join([str(flow.rules[e.id]), *[f"where {line}" for line in flow.rules[e.id].where_lines()]])
            assert " ".join(rule) == whole or rule[-1].endswith(("…", f"{flow.graph.node(e.target).op} rule"))


@pytest.mark.parametrize(
    ("op", "lang", "said"),
    [
        ("silu", "en", [["dA₁ = dA₂ ⊙ G ⊙ (1 + A₁ − A₂)", "where G = sigmoid(A₁)"]]),
        ("silu", "zh", [["dA₁ = dA₂ ⊙ G ⊙ (1 + A₁ − A₂)", "其中 G = sigmoid(A₁)"]]),
        ("cross_entropy", "en", [["dA₁ = cross_entropy rule"]]),
        ("layer_norm", "zh", [["dA₁ = layer_norm 的规则"], ["dA₃ = Σ(dA₄, axis=0)"], [
            "dA₂ = Σ(dA₄ ⊙ Xhat, axis=0)", "其中 Z = A₁ − mean(A₁, axis=-1)",
            "其中 std = √(mean(Z ⊙ Z, axis=-1) + 1e-05)", "其中 Xhat = Z / std"]]),
    ],
)  # fmt: skip
def test_an_arrow_defines_the_words_of_its_rule_or_says_whose_rule_it_is(op, lang, said):
    _, arrows = parts(draw(EXAMPLES[op]().sum(), lang=lang))
    told = [text(attrs)[:-1] for _, target, attrs in arrows if target != arrows[-1][1] and attrs.get("dir")]
    assert sorted(told) == sorted(said)


def test_the_same_input_twice_has_two_arrows():
    assert [arrow[:2] for arrow in parts(draw(square()[0]))[1]] == [("n0", "n1"), ("n0", "n1"), ("n1", "n2")]


def test_kinds_differ_in_more_than_colour():
    X, mask = Tensor(np.ones(2), name="X"), Tensor(np.array([True, False]))
    loss = where(mask, leaf(2) * X, 0.5).sum()
    graph, (nodes, _) = capture(loss), parts(draw(loss))
    looks = {}
    for node in graph.nodes:
        attrs = nodes[node.id]
        looks.setdefault(node.kind, set()).add((attrs["shape"], attrs["style"], attrs.get("penwidth")))
    assert looks.keys() == {"operation", "parameter", "input", "constant", "loss"}
    assert len(set().union(*looks.values())) == 5


def test_a_box_says_its_name_formula_and_shape():
    nodes, _ = parts(draw(head()[0]))
    labels = [text(attrs) for attrs in nodes.values()]
    assert ["W_q", "(6, 3)"] in labels
    assert ["Q = X · W_q", "(4, 3)"] in labels
    assert ["A₂ = Q · Kᵀ", "(4, 4)"] in labels
    assert any(label[1:] == [f"L = {three(head()[0].item())}", "dL = 1"] for label in labels)


def test_variables_of_the_caller_name_what_has_no_name():
    X, W = Tensor(np.ones((2, 3))), leaf(3, 3)
    Q = X @ W
    S = Q.softmax()
    loss = S.sum()
    nodes, arrows = parts(draw(loss))
    labels = [text(attrs)[0] for attrs in nodes.values()]
    assert labels == ["X", "W", "Q = X · W", "S = softmax(Q)", "loss = Σ(S)"]
    assert ["dW = Xᵀ · dQ"] in [text(attrs)[:1] for *_, attrs in arrows]


@pytest.mark.parametrize("call", [lambda a, b: [a, b], lambda a, b: {"fit": a, "decay": b}], ids=["list", "dict"])
def test_of_several_losses_each_weight_says_what_came_from_which(call):
    W = leaf(3, name="W")
    a, b = (W * 2).sum(), (W**2).sum()
    losses = call(a, b)
    first, second = losses if isinstance(losses, dict) else ("a", "b")
    labels = [text(attrs) for attrs in parts(draw(losses))[0].values()]
    whole, shares = norm(2 + 2 * W.array), (norm(np.full(3, 2.0)), norm(2 * W.array))
    assert labels[0][2:] == [
        f"‖dW‖ {three(whole)}, sum of 2", f"of that: {first} {three(shares[0])}, {second} {three(shares[1])}",
    ]  # fmt: skip
    assert [f"{first} = Σ(A₁)", f"{first} = {three(a.item())}"] in labels
    assert labels[-1] == [f"L = {first} + {second}", f"L = {three(a.item() + b.item())}", "dL = 1"]


def test_in_chinese_its_commas_are_chinese():
    W = leaf(3, name="W")
    losses = {"fit": (W * 2).sum(), "decay": (W**2).sum()}
    whole, of_that = text(parts(draw(losses, lang="zh"))[0]["n0"])[2:]
    assert re.fullmatch(r"‖dW‖ \S+，2 项之和", whole)
    assert re.fullmatch(r"其中：fit \S+、decay \S+", of_that)


def test_where_arrows_join_the_sum_is_told():
    loss, _ = residual(layers=1)
    x = text(parts(draw(loss))[0]["n0"])
    assert re.fullmatch(r"‖dx‖ \S+, sum of 2", x[-1])


def test_width_is_three_decades_of_the_norm():
    x = leaf(1, name="x")
    loss = (x * 1e-3 * 1e-3 * 1e2).sum()  # on its way the gradient is 1, 1e2, 1e-1, 1e-4
    widths = [float(attrs["penwidth"]) for *_, attrs in parts(draw(loss))[1] if attrs.get("dir")]
    assert widths == [0.8, 0.8, 4.0, pytest.approx(0.8 + 3.2 / 3, abs=0.01)]


def test_gradients_that_are_no_numbers_are_named():
    with np.errstate(all="ignore"):
        x = Tensor([0.0], requires_grad=True)
        _, arrows = parts(draw((x.log() * 0.0).sum()))
    assert text(arrows[0][2])[-1] == "‖dx‖ NaN"
    assert arrows[0][2]["style"] == "dashed"


def test_what_gets_no_gradient_has_no_purple_arrow():
    _, arrows = parts(draw(half_blind(leaf(4), leaf(4, name="w")).sum(), values=True))
    assert [bool(attrs.get("dir")) for *_, attrs in arrows] == [True, False, True]


# ---- values ---------------------------------------------------------------------------------------------------------


def test_values_and_gradients_of_small_tensors_are_shown():
    x = Tensor([[1.0, -2.5]], requires_grad=True)
    nodes, _ = parts(draw((x * x).sum(), values=True))
    assert text(nodes["n0"])[-1].split() == ["1.00", "−2.50", "2.00", "−5.00"]


# ---- modules --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def transformer():
    model = nn.Transformer(8, 2, 2, 1, 16, dropout=0.0, batch_first=True)
    src, tgt = (Tensor(np.random.default_rng(i).standard_normal((1, 3, 8)).astype("f")) for i in (0, 1))
    return model, model(src, tgt)[:, 0].tanh().sum()


@pytest.mark.parametrize("path", [False, True], ids=["all of it", "one weight"])
def test_without_a_depth_as_many_levels_are_open_as_fit(transformer, monkeypatch, path):
    model, loss = transformer
    to = model.encoder.layers[0].linear1.weight if path else None
    deeper, opened = [parts(draw(loss, path_to=to, depth=d))[0] for d in range(6)], []
    for fits in (5, 20, 60, 1000):
        monkeypatch.setattr(modules, "FITS", fits)
        shown = parts(draw(loss, path_to=to))[0]
        fitting = [nodes for nodes in deeper if len(nodes) <= (fits // 2 if path else fits)] or deeper[:1]
        assert len(shown) == max(map(len, fitting))
        opened.append(len(shown))
    assert opened == sorted(opened)
    assert opened[0] < opened[-1]


def test_modules_are_nested_boxes(transformer):
    source = draw(transformer[1], depth=9).source
    frames = re.findall(r"(\t+)subgraph cluster_\w+ \{\n.*?tooltip=\"?([\w.]+)\"?", source)
    paths = [path for _, path in frames]
    assert {"encoder", "encoder.layers.0", "encoder.layers.0.self_attn", "decoder.layers.0.multihead_attn"} <= set(
        paths
    )
    assert len(paths) == len(set(paths))
    assert all(len(tabs) == len(levels(path)) for tabs, path in frames)


@pytest.mark.parametrize(
    ("depth", "modules"),
    [(0, ["encoder", "decoder"]), (1, ["layers.0", "layers.1", "norm", "layers.0", "norm"])],
)
def test_modules_below_depth_are_closed(transformer, depth, modules):
    nodes, _ = parts(draw(transformer[1], depth=depth))
    assert sorted(text(nodes[id])[0] for id in nodes if id[0] == "m") == sorted(modules)


def test_a_closed_module_says_what_is_in_it(transformer):
    model, loss = transformer
    nodes, _ = parts(draw(loss, depth=0))
    encoder = next(label for label in map(text, nodes.values()) if label[0] == "encoder")
    n = sum(node.path.startswith("encoder") and node.kind == "operation" for node in capture(loss).nodes)
    entries = sum(W.size for W in model.encoder.parameters())
    assert encoder[1:3] == [
        "TransformerEncoder (1, 3, 8) → (1, 3, 8)",
        f"{n} operations, {entries:,} entries in parameters",
    ]


def test_an_arrow_into_a_closed_module_has_the_norm_of_all_that_passes(transformer):
    _, loss = transformer
    graph = capture(loss)
    arrays = Arrays()
    flow = record(graph, arrays)
    between = [e for e in graph.edges if e.id in flow.sent and "decoder" in graph.node(e.target).path
               and "encoder" in graph.node(e.source).path]  # fmt: skip
    assert len({e.source for e in between}) == 1
    _, arrows = parts(draw(loss, depth=0))
    (label,) = [text(attrs) for *ends, attrs in arrows if set(ends) == {"m0", "m1"}]
    assert label[-1].endswith(three(norm(sum(arrays[e.id] for e in between))))


# ---- one weight -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS)
def test_path_to_keeps_what_lies_between_and_numbers_the_steps(make):
    loss, W = make()
    found = routes(record(capture(loss)), W)
    nodes, arrows = parts(draw(loss, path_to=W))
    assert nodes.keys() == set(found.nodes)
    assert len(arrows) == len(found.edges)
    order = {id: i + 1 for i, id in enumerate(found.nodes)}
    for _, target, attrs in arrows:
        n = order[target]
        assert text(attrs)[0].startswith(f"{chr(0x245F + n)} d" if len(order) <= 21 else f"{n}. d")


def test_path_to_opens_the_modules_around_the_weight(transformer):
    model, loss = transformer
    weight = model.encoder.layers[1].linear1.weight
    nodes, _ = parts(draw(loss, path_to=weight, depth=0))
    labels = [text(attrs) for attrs in nodes.values()]
    assert ["encoder.layers.1.linear1.weight", "(16, 8)"] in labels
    assert {"decoder", "norm2"} <= {label[0] for label in labels}


def test_the_caption_counts_steps_and_routes():
    loss, x = residual(layers=3)
    assert draw(loss, path_to=x).summary.splitlines()[0] == "dx: 7 steps along 8 routes from loss"


# ---- names are text -------------------------------------------------------------------------------------------------

NAMES = ['<b>&"x', "a\\N\\lb", "&lt;", "权重", "it's", "<>", "]]>", "x" * 60, "tab\tline\nend"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_text_whatever_it_contains(name, svg_of):
    W = leaf(2, 2, name=name)
    svg = svg_of(draw((Tensor(np.ones((2, 2)), name="X") @ W).sum()))
    shown = " ".join(name.split())
    assert (shown if len(shown) <= 30 else shown[:14] + "…" + shown[-15:]) in svg
    assert f"A₁ = X · {shown}" in svg or len(shown) > 30


def test_characters_that_no_xml_holds_are_replaced(svg_of):
    assert "a\ufffdb" in svg_of(draw(leaf(2, name="a\x00b").sum()))


# ---- files ----------------------------------------------------------------------------------------------------------


def test_every_label_is_in_the_svg(svg_of):
    for make in (head, encoder, classifier):
        picture = draw(make()[0], values=True)
        svg = svg_of(picture)
        nodes, arrows = parts(picture)
        for attrs in [*nodes.values(), *[attrs for *_, attrs in arrows]]:
            for line in text(attrs):
                assert "".join(line.split()) in "".join(svg.split()), line


def test_dot_is_the_same_whatever_the_hash_seed():
    code = (
        f"import sys; sys.path[:0] = ['{Path(__file__).parent.as_posix()}', '{ROOT.as_posix()}']; "
        "from graphs import encoder; "
        "from tinygrad_tf import manual_seed; manual_seed(0); from tinygrad_tf.graph import draw; "
        "loss, W = encoder(); print(draw(loss).source, draw(loss, path_to=W, depth=0).source)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True,
                       text=True, check=True, encoding="utf-8").stdout
        for seed in ("0", "1")
    ]  # fmt: skip
    assert runs[0] == runs[1]
    assert "digraph" in runs[0]


GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", ["chain", "diamond", "square"])
def test_dot_is_that_of_the_golden_file(name):
    """Structure and words, not pixels. To accept a change: python tests/graph/golden.py"""
    assert draw(GRAPHS[name]()[0]).source == (GOLDEN / f"{name}.dot").read_text(encoding="utf-8")


def test_a_graph_of_thousands_of_boxes_is_refused(monkeypatch):
    monkeypatch.setattr(dot, "_MOST", 5)
    with pytest.raises(ValueError, match=r"depth=1"):
        draw(head()[0])


@pytest.mark.parametrize(("n", "attribute"), [(10, None), (500, "nslimit=2"), (2000, "splines=line")])
def test_large_graphs_put_limits_on_graphviz(n, attribute):
    x = leaf(1)
    for _ in range(n):
        x = -x
    source = draw(x.sum()).source
    assert attribute in source if attribute else "nslimit" not in source


# ---- views and languages --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS)
def test_forward_alone_has_no_gradient(make):
    nodes, arrows = parts(draw(make()[0], view="forward"))
    assert not [a for *_, a in arrows if a.get("color") == GRADIENT["color"]]
    assert "sum of" not in str(nodes)


@pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS)
def test_backward_alone_has_what_gets_a_gradient(make):
    loss, _ = make()
    flow = record(capture(loss))
    nodes, arrows = parts(draw(loss, view="backward"))
    assert nodes.keys() == set(flow.norms)
    assert len(arrows) == len(flow.sent)


@pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS)
def test_dual_has_a_gradient_beside_each_tensor_that_gets_one(make):
    loss, _ = make()
    flow = record(capture(loss))
    nodes, arrows = parts(draw(loss, view="dual"))
    assert {id for id in nodes if id.startswith("d")} == {f"d{id}" for id in flow.norms}
    assert len([1 for *_, a in arrows if a.get("dir") == "back"]) == len(flow.sent)


def test_dual_of_a_checkpoint_needs_what_it_is_run_again_on():
    x = leaf(3, name="x")
    nodes, arrows = parts(draw(checkpoint(lambda h: h.exp() * 2, x).sum(), view="dual"))
    dotted = [(text(nodes[a])[0], text(nodes[b])[0]) for a, b, attrs in arrows if attrs.get("style") == "dotted"]
    assert dotted == [("x", "dx")]


@pytest.mark.parametrize(("lang", "said"), [("en", "(3,), norm 3.46"), ("zh", "(3,)，范数 3.46")])
def test_dual_tells_norms_in_its_language(lang, said):
    W = Tensor(np.ones(3), requires_grad=True, name="W")
    assert text(parts(draw((W**2).sum(), view="dual", lang=lang))[0]["dn0"]) == ["dW", said]


def test_dotted_lines_say_what_a_rule_needs():
    X = Tensor(np.ones((2, 2)), name="X")
    W = leaf(2, 2, name="W")
    picture = draw((X @ W).sum(), view="dual")
    nodes, arrows = parts(picture)
    by_name = {text(a)[0]: id for id, a in nodes.items()}
    dotted = {(a, b) for a, b, attrs in arrows if attrs.get("style") == "dotted"}
    assert dotted == {(by_name["X"], by_name["dW"])}  # dW = Xᵀ · dY; the sum's rule needs nothing


@pytest.mark.parametrize("lang", ["en", "zh", "both"])
def test_languages(lang):
    loss, _ = GRAPHS["chain"]()
    picture = draw(loss, lang=lang)
    assert ("A₂ = tanh(A₁) 双曲正切" in picture.source) == (lang != "en")
    assert ("Purple arrows" in picture.summary) == (lang != "zh")
    assert ("紫色箭头" in picture.summary) == (lang != "en")


@pytest.mark.parametrize("wrong", [{"view": "side"}, {"lang": "fr"}])
def test_unknown_views_and_languages_are_refused(wrong):
    [(name, value)] = wrong.items()
    with pytest.raises(ValueError, match=rf"draw got {name} '{value}'\n  rule: {name} is one of"):
        draw(GRAPHS["chain"]()[0], **wrong)


def test_the_dual_view_keeps_the_limits_of_the_others():
    x = leaf(2, name="x")
    y = x
    for _ in range(500):
        y = y.tanh()
    assert "nslimit=2" in draw(y.sum(), view="dual", depth=0).source
    for _ in range(2600):
        y = y.tanh()
    draw(y.sum(), view="both", depth=0)
    with pytest.raises(ValueError, match=r"draw got a graph of 6\d\d\d boxes"):
        draw(y.sum(), view="dual", depth=0)
