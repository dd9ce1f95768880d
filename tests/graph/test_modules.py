"""Calls of modules as boxes: one for each call, equal neighbours folded, what is open and what stands outside."""

import html
import re
import sys
import time

import numpy as np
import pytest

from tinygrad_tf import Tensor, nn
from tinygrad_tf.graph import draw
from tinygrad_tf.graph.capture import capture
from tinygrad_tf.graph.modules import tree_of


def batch(name=None):
    return Tensor(np.ones((2, 3), np.float32), name=name)


def frames(picture):
    """The open modules of a picture: how deep, and the path."""
    found = re.findall(r"(\t+)subgraph cluster_\w+ \{\n.*?tooltip=\"?([\w.]+)\"?", picture.source)
    return [(len(tabs), path) for tabs, path in found]


def boxes(picture):
    """The lines of the label of each box: id → lines."""
    found = re.findall(r"^\t+(\w+) \[label=<(<TABLE.*?</TABLE>)>", picture.source, re.MULTILINE | re.DOTALL)
    clean = {id: [re.sub("<[^>]*>", "", row) for row in re.findall("<TR>(.*?)</TR>", label)] for id, label in found}
    return {id: [html.unescape(line).replace("\xa0", " ") for line in lines] for id, lines in clean.items()}


def closed(picture):
    """The labels of what is closed."""
    return [lines for id, lines in boxes(picture).items() if id[0] == "m" and id[1:].isdigit()]


def calls(loss):
    return [(call.path, call.kind, call.parent) for call in capture(loss).calls]


class Shared(nn.Module):
    """One ReLU that is called twice."""

    def __init__(self):
        self.fc1, self.fc2, self.act = nn.Linear(3, 3), nn.Linear(3, 3), nn.ReLU()

    def forward(self, x):
        return self.act(self.fc2(self.act(self.fc1(x))))


class Recurrent(nn.Module):
    """A cell in a loop, around which the module itself computes."""

    def __init__(self):
        self.cell, self.out = nn.Linear(3, 3, bias=False), nn.Linear(3, 1)

    def forward(self, xs):
        h = Tensor(np.zeros((2, 3), np.float32))
        for x in xs:
            h = (self.cell(h) + x).tanh()
        return self.out(h)


class Block(nn.Module):
    """A layer with a skip connection."""

    def __init__(self):
        self.fc = nn.Linear(3, 3)

    def forward(self, x):
        return self.fc(x).tanh() + x


class Repeated(nn.Module):
    """One block three times."""

    def __init__(self):
        self.block = Block()

    def forward(self, x):
        for _ in range(3):
            x = self.block(x)
        return x


class Stack(nn.Module):
    """Five blocks that are alike, and a head."""

    def __init__(self):
        self.layers, self.head = [Block() for _ in range(5)], nn.Linear(3, 1)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.head(x)


class Numbered(nn.Module):
    """A layer that is called 0, as in a list, and what the module itself computes around it."""

    def __init__(self):
        self.add_module("0", Block())

    def forward(self, x):
        return self.get_submodule("0")(x.tanh()) + x


def lists_in_lists(depth=3):
    net = nn.Linear(3, 3)
    for _ in range(depth):
        net = nn.Sequential(net, nn.Tanh())
    return net(batch()).sum()


def siamese():
    net = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 2))
    left, right = net(batch("x1")), net(batch("x2"))
    return ((left - right) ** 2).sum()


LINEAR = "Linear (2, 3) → (2, 3)"
BLOCK = "Block (2, 3) → (2, 3)"

CALLS = {
    "a shared activation": (
        lambda: Shared()(batch()).sum(),
        [("fc1", "Linear", None), ("act", "ReLU", None), ("fc2", "Linear", None), ("act", "ReLU", None)]),
    "a loop over time": (
        lambda: Recurrent()([batch("a"), batch("b"), batch("c")]).sum(),
        [*[("cell", "Linear", None)] * 3, ("out", "Linear", None)]),
    "one net for two inputs": (
        siamese,
        [("net", "Sequential", None), *[(f"net.{i}", kind, 0) for i, kind in enumerate(("Linear", "Tanh", "Linear"))],
         ("net", "Sequential", None), *[(f"net.{i}", kind, 4) for i, kind in enumerate(("Linear", "Tanh", "Linear"))]]),
    "one block three times": (
        lambda: Repeated()(batch()).sum(),
        [part for i in range(3) for part in (("block", "Block", None), ("block.fc", "Linear", 2 * i))]),
    "a layer called 0": (
        lambda: nn.Sequential(Numbered(), nn.Tanh())(batch()).sum(),
        [("0", "Numbered", None), ("0.0", "Block", 0), ("0.0.fc", "Linear", 1), ("1", "Tanh", None)]),
    "lists in lists": (
        lists_in_lists,
        [("0", "Sequential", None), ("0.0.0", "Linear", 0), ("0.0.1", "Tanh", 0), ("0.1", "Tanh", 0),
         ("1", "Tanh", None)]),
    "many lists in lists": (
        lambda: lists_in_lists(7),
        [*[("0" + ".0.0" * i, "Sequential", None if i == 0 else i - 1) for i in range(3)],
         ("0.0.0.0.0.0.0", "Linear", 2), ("0.0.0.0.0.0.1", "Tanh", 2), ("0.0.0.0.0.1", "Tanh", 2),
         ("0.0.0.0.1", "Tanh", 1), ("0.0.0.1", "Tanh", 1), ("0.0.1", "Tanh", 0), ("0.1", "Tanh", 0),
         ("1", "Tanh", None)]),
}  # fmt: skip


@pytest.mark.parametrize(("make", "expected"), CALLS.values(), ids=CALLS)
def test_each_call_of_a_module_is_a_call_of_the_graph(make, expected):
    assert calls(make()) == expected


@pytest.mark.parametrize("make", [make for make, _ in CALLS.values()], ids=CALLS)
def test_what_one_call_made_lies_side_by_side(make):
    """So boxes never depend on one another in a circle."""
    graph = capture(make())
    made = [node for node in graph.nodes if node.op]
    for call in graph.calls:
        inside = [i for i, node in enumerate(made) if call.number in node.calls]
        assert inside == list(range(inside[0], inside[-1] + 1))


CLOSED = {
    "a shared activation": (
        CALLS["a shared activation"][0],
        [["act", "ReLU (2, 3) → (2, 3)", "1 operation"]] * 2
        + [[fc, LINEAR, "1 operation, 12 entries in parameters"] for fc in ("fc1", "fc2")]),
    "a loop over time": (
        CALLS["a loop over time"][0],
        [["cell", LINEAR, "1 operation, 9 entries in parameters"]] * 3
        + [["out", "Linear (2, 3) → (2, 1)", "1 operation, 4 entries in parameters"]]),
    "one net for two inputs": (
        siamese, [["net", "Sequential (2, 3) → (2, 2)", "3 operations, 20 entries in parameters"]] * 2),
    "one block three times": (
        CALLS["one block three times"][0],
        [["block", BLOCK, "3 operations, 12 entries in parameters"],
         ["block × 2", BLOCK, "6 operations, 12 entries in parameters"]]),
    "a stack of layers": (
        lambda: Stack()(batch()).sum(),
        [["head", "Linear (2, 3) → (2, 1)", "1 operation, 4 entries in parameters"],
         ["layers.0", BLOCK, "3 operations, 12 entries in parameters"],
         ["layers.1 … layers.4 × 4", BLOCK, "12 operations, 48 entries in parameters"]]),
}  # fmt: skip


@pytest.mark.parametrize(("make", "labels"), CLOSED.values(), ids=CLOSED)
def test_a_closed_module_says_its_title_class_shapes_and_content(make, labels):
    assert sorted(lines[:3] for lines in closed(draw(make(), depth=0))) == sorted(labels)


def test_a_closed_module_has_a_double_line_and_nothing_else_has():
    """The legend says so; the second line is that of the table within the box."""
    model = nn.Sequential(nn.Linear(3, 3))
    lines = [re.findall(r'<TABLE BORDER="1"', draw(model(batch()).sum(), depth=d).source) for d in (0, 9)]
    assert [len(found) for found in lines] == [1, 0]


@pytest.mark.parametrize("make", [make for make, _ in CLOSED.values()], ids=CLOSED)
def test_closed_boxes_are_in_no_circle(make):
    """Every arrow leads from what was made before: a picture of boxes can be read from top to bottom."""
    picture = draw(make(), depth=0, view="forward")
    arrows = set(re.findall(r"^\t(\w+) -> (\w+) ", picture.source, re.MULTILINE))
    assert arrows
    while arrows:
        ends = {a for a, b in arrows if b not in {a for a, _ in arrows}}
        left = {(a, b) for a, b in arrows if b in {a for a, _ in arrows}}
        assert left != arrows
        assert ends
        arrows = left


# ---- what is folded, and what is open -------------------------------------------------------------------------------


def test_of_equal_layers_only_the_first_is_shown_open():
    picture = draw(Stack()(batch()).sum())
    assert frames(picture) == [(1, "layers.0"), (2, "layers.0.fc"), (1, "head")]
    assert [lines[0].split() for lines in closed(picture)] == [["layers.1", "…", "layers.4", "×", "4"]]


def test_a_weight_inside_of_equal_layers_opens_its_own_layer_alone():
    model = Stack()
    picture = draw(model(batch()).sum(), path_to=model.layers[2].fc.weight, depth=0)
    assert frames(picture) == [(1, "layers.2"), (2, "layers.2.fc")]
    assert ["layers.2.fc.weight", "(3, 3)"] in [lines[:2] for lines in boxes(picture).values()]
    assert sorted(lines[0] for lines in closed(picture)) == ["head", "layers.3", "layers.4"]


@pytest.mark.parametrize(
    ("paths", "opened", "still_closed"),
    [
        ([], [], ["head", "layers.0", "layers.1 … layers.4 × 4"]),
        (["layers.0"], [(1, "layers.0")], ["fc", "head", "layers.1", "layers.2 … layers.4 × 3"]),
        (["layers.3"], [(1, "layers.3")], ["fc", "head", "layers.0", "layers.1 … layers.2 × 2", "layers.4"]),
        (["layers.3.fc"], [(1, "layers.3"), (2, "layers.3.fc")],
         ["head", "layers.0", "layers.1 … layers.2 × 2", "layers.4"]),
        (["layers.4", "head"], [(1, "layers.4"), (1, "head")], ["fc", "layers.0", "layers.1 … layers.3 × 3"]),
    ],
)  # fmt: skip
def test_open_lists_the_modules_that_are_open_and_with_them_those_around(paths, opened, still_closed):
    picture = draw(Stack()(batch()).sum(), open=paths)
    assert frames(picture) == opened
    assert sorted(" ".join(lines[0].split()) for lines in closed(picture)) == still_closed


def test_a_path_that_is_called_several_times_is_open_in_each():
    assert frames(draw(Shared()(batch()).sum(), open=["act"])) == [(1, "act"), (1, "act")]


def test_on_a_page_equal_layers_are_folded_too():
    tree = tree_of(capture(Stack()(batch()).sum()))
    assert [(m.title, m.parent, m.count, m.like) for m in tree.modules] == [
        ("layers.0", None, 1, None), ("layers.1 … layers.4", None, 4, "m0"),
        *[(f"layers.{i}", "m1", 1, "m0") for i in range(1, 5)],
    ]  # fmt: skip
    assert [(m.kind, m.into, m.out, m.entries) for m in tree.modules][:2] == [
        ("Block", [(2, 3)], [(2, 3)], 12), ("Block", [(2, 3)], [(2, 3)], 48),
    ]  # fmt: skip


# ---- weights and inputs ---------------------------------------------------------------------------------------------


def test_frozen_weights_are_visible_and_marked():
    model = Stack()
    model.layers[0].fc.weight.requires_grad = False
    loss = model(batch("x")).sum()
    graph = capture(loss)
    node = graph.node_of(model.layers[0].fc.weight)
    assert (node.kind, node.name, node.path) == ("frozen", "layers.0.fc.weight", "layers.0.fc")
    picture = draw(loss)
    assert boxes(picture)[node.id] == ["layers.0.fc.weight", "frozen: no gradient", "(3, 3)"]
    line = re.search(rf'{node.id} \[label=.*?tooltip="', picture.source, re.DOTALL)[0]
    assert "shape=box" in line
    assert 'style="filled,dashed"' in line


def test_frozen_weights_count_among_the_entries_of_a_closed_module():
    model = Shared()
    model.fc2.weight.requires_grad = False
    labels = {lines[0]: lines[2] for lines in closed(draw(model(batch()).sum(), depth=0))}
    assert labels["fc2"] == labels["fc1"] == "1 operation, 12 entries in parameters"


def attention():
    layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True)
    return layer(Tensor(np.ones((2, 3, 4), np.float32))).sum()


INPUTS = {
    "of a stack": (lambda: Stack()(batch()).sum(), ["x"]),
    "of a loop": (lambda: Recurrent()([batch("a"), batch("b")]).sum(), ["a", "b", "h₁"]),
    "of a net that is called twice": (siamese, ["x1", "x2"]),
    "of attention, where weights are sliced first": (attention, ["x"]),
    "of an embedding": (
        lambda: nn.Sequential(nn.Embedding(5, 4), nn.Linear(4, 2))(Tensor(np.array([0, 3]))).sum(),
        ["A₁"],
    ),
}


@pytest.mark.parametrize(("make", "names"), INPUTS.values(), ids=INPUTS)
def test_inputs_of_the_whole_stand_outside_of_modules(make, names):
    inputs = [node for node in capture(make()).nodes if node.kind == "input"]
    assert {(node.path, node.calls) for node in inputs} == {("", ())}
    assert [node.name for node in inputs] == names


def test_what_a_module_makes_for_itself_stays_inside():
    class Shift(nn.Module):
        def forward(self, x):
            return x + Tensor(np.arange(3, dtype=np.float32))

    loss = nn.Sequential(nn.Linear(3, 3), nn.Sequential(nn.Linear(3, 3), Shift()))(batch("x")).sum()
    places = {node.path: node.name for node in capture(loss).nodes if node.kind == "input"}
    assert places == {"": "x", "1.1": "A₁"}


class Around(nn.Module):
    """A layer, and then another module."""

    def __init__(self, inner):
        super().__init__()
        self.layer, self.inner = nn.Linear(3, 3), inner

    def forward(self, x):
        return self.inner(self.layer(x))


def test_modules_that_lie_deep_in_each_other_are_drawn_in_seconds():
    """What is counted of a module is counted once, not once for each module around it and each depth that is tried."""
    model, limit = nn.Identity(), sys.getrecursionlimit()
    for _ in range(200):
        model = Around(model)
    sys.setrecursionlimit(10_000)
    try:
        loss = model(batch()).sum()
        start = time.process_time()
        assert "graph" in draw(loss).source
        assert time.process_time() - start < 6  # it was 15
    finally:
        sys.setrecursionlimit(limit)
