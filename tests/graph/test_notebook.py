"""What a Tensor shows of itself in a notebook: facts, numbers, its gradient, a map of each."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from tinygrad_tf import Tensor, nn
from tinygrad_tf.graph.notebook import view
from tinygrad_tf.graph.pictures.engine import command

SVG = "{http://www.w3.org/2000/svg}"


def shown(t):
    """The view's text, as a reader sees it; that it is well-formed is checked on the way."""
    return " ".join(ElementTree.fromstring(t._repr_html_()).itertext())


def cells(t):
    """The coloured cells of each map: (x, y, colour, opacity)."""
    found = []
    for svg in re.findall("<svg.*?</svg>", t._repr_html_(), re.DOTALL):
        rects = [e.attrib for e in ElementTree.fromstring(svg).iter("rect") if e.get("fill") != "none"]
        found.append([(int(r["x"]), int(r["y"]), r["fill"], float(r["fill-opacity"])) for r in rects])
    return found


W = Tensor([[1.0, -4.0], [0.0, 0.25]], requires_grad=True, name="W")
(W * W).sum().backward()

SHOWS = [
    ("a small one", Tensor([[1.5, 2.0]], name="X"), ["X 1×2 · float32", "value", "[[1.5, 2. ]]"]),
    ("a weight", W, ["W 2×2 · float32 · requires a gradient", "gradient dW", "[[ 2. , -8. ]"]),
    ("a result", W @ W, ["Tensor 2×2 · float32 · made by matmul"]),
    ("a number", Tensor(3.0), ["a number · float32", "3."]),
    ("a large one", Tensor(np.arange(-50.0, 50.0)), ["100 · float64", "−50 … 49 · mean −0.5 · norm 288.7",
                                                    "1 × 24 of its entries"]),
    ("of three axes", Tensor(np.ones((2, 3, 4))), ["2×3×4", "1 … 1 · mean 1 · norm 4.899"]),
    ("booleans", Tensor(np.arange(60).reshape(5, 12) % 7 == 0), ["5×12 · bool", "9 of 60 true"]),
    ("integers", Tensor(np.arange(100)), ["int64", "0 … 99 · mean 49.5"]),
    ("empty", Tensor(np.zeros((0, 3, 1))), ["0×3×1", "no entries"]),
    ("not finite", Tensor(np.array([np.nan, 1.0, np.inf] * 20)), ["1 … 1", "40 NaN or infinite"]),
    ("nothing finite", Tensor(np.full((1, 1, 40), np.nan)), ["40 NaN or infinite"]),
    ("in a module", nn.Linear(2, 2)(Tensor([[1.0, 2.0]])), ["made by linear"]),
    ("a name of markup", Tensor([1.0], name="<script>"), ["<script>"]),
]  # fmt: skip


@pytest.mark.parametrize(("t", "parts"), [row[1:] for row in SHOWS], ids=[row[0] for row in SHOWS])
def test_shows(t, parts):
    text = " ".join(shown(t).split())
    for part in parts:
        assert part in text


def test_one_cell_for_each_entry_below_or_above_zero():
    value, gradient = cells(W)
    assert value == [
        (0, 0, "#d95f02", 0.5), (10, 0, "#2166ac", 1.0), (10, 10, "#d95f02", 0.25),
    ]  # fmt: skip
    assert [cell[:2] for cell in gradient] == [(0, 0), (10, 0), (10, 10)]


CHINESE = {
    "a parameter": (lambda: Tensor([[1.0, -2.0]], requires_grad=True, name="W"), ["W", "需要梯度", "数值"]),
    "a result": (lambda: Tensor([1.0, 2.0], requires_grad=True).exp(), ["由 exp 得到"]),
    "a number": (lambda: Tensor(1.0), ["一个数"]),
    "many": (lambda: Tensor(np.ones(50)), ["1 … 1 · 均值 1 · 范数 7.071"]),
    "truths": (lambda: Tensor(np.arange(50) > 9), ["40 / 50 为真"]),
}


@pytest.mark.parametrize("make, words", CHINESE.values(), ids=CHINESE)
def test_a_tensor_shows_itself_in_chinese(make, words):
    text = " ".join(ElementTree.fromstring(view(make(), "zh")).itertext())
    assert [word for word in words if word not in text] == []


def test_entries_that_are_no_numbers_are_crossed_out():
    html = Tensor([[1.0, np.nan], [np.inf, -1.0]])._repr_html_()
    assert html.count("<path") == 2


def test_a_large_tensor_is_still_a_small_map():
    t = Tensor(np.ones((500, 700), np.float32))
    assert len(cells(t)[0]) == 12 * 24
    assert len(t._repr_html_()) < 40_000


def test_only_maps_have_colours_so_that_it_is_read_on_light_and_on_dark():
    for _, t, _ in SHOWS:
        assert {*re.findall("#[0-9a-f]{6}", t._repr_html_())} <= {"#d95f02", "#2166ac"}


def test_a_gradient_of_a_parameter_with_a_path_has_no_name():
    layer = nn.Sequential(nn.Linear(2, 1))
    layer(Tensor([[1.0, 2.0]])).sum().backward()
    assert " gradient [[1., 2.]]" in " ".join(shown(layer[0].weight).split())


# ---- in a notebook that runs ----------------------------------------------------------------------------------------

CELLS = {
    "text/html": ["W", "nn.Linear(2, 3)", "nn.summary(nn.Linear(2, 3), X)", "graph.explore(L)"],
    "image/svg+xml": ["graph.draw(L)"],
    "text/markdown": ["graph.explain(L, W)", 'graph.op_card("softmax")'],
}
SETUP = """
from tinygrad_tf import Tensor, graph, nn
X = Tensor([[1.0, 2.0]])
W = Tensor([[1.0], [2.0]], requires_grad=True)
L = (X @ W).sum()
"""


def test_everything_shows_itself_in_a_notebook():
    nbformat = pytest.importorskip("nbformat", reason="notebooks are an extra")
    nbclient = pytest.importorskip("nbclient", reason="notebooks are an extra")
    pytest.importorskip("ipykernel", reason="notebooks are an extra")
    if command("svg") is None:
        pytest.skip("no Graphviz")
    calls = [(kind, call) for kind, rows in CELLS.items() for call in rows]
    book = nbformat.v4.new_notebook()
    book.cells = [nbformat.v4.new_code_cell(text) for text in (SETUP, *[call for _, call in calls])]
    root = str(Path(__file__).parents[2])
    nbclient.NotebookClient(book, timeout=60, kernel_name="python3", resources={"metadata": {"path": root}}).execute()
    for (kind, call), cell in zip(calls, book.cells[1:], strict=True):
        assert kind in cell.outputs[0].data, call
