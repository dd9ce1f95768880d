"""Words and numbers on boxes and arrows."""

import math

import numpy as np
import pytest
from graphs import leaf

from tinygrad_tf import Tensor
from tinygrad_tf.graph.capture import capture
from tinygrad_tf.graph.labels import entries, headline, in_markdown, routes_text, three, wrapped
from tinygrad_tf.graph.naming import levels, shortened


@pytest.mark.parametrize(
    ("path", "expected"),
    [("", ()), ("encoder", ("encoder",)), ("a.layers.0.b", ("a", "layers.0", "b")), ("0.1.x", ("0.1", "x"))],
)
def test_levels(path, expected):
    assert levels(path) == expected


@pytest.mark.parametrize(
    ("array", "shown"),
    [
        ([[1, 20], [-3, 4]], [" 1  20", "−3   4"]),
        ([True, False], ["1  0"]),
        (0.001234, ["0.00123"]),
        ([1e9, -1.0], [" 1.0e+09  −1.0e+00"]),
        ([0.0, 0.0], ["0  0"]),
        ([np.nan, 1.0], ["nan    1"]),
        (np.arange(8.0), ["0 … 7, mean 3.5"]),
        (np.zeros((0, 2)), []),
    ],
)
def test_entries(array, shown):
    assert [line.replace("\xa0", " ") for line in entries(np.array(array))] == shown


@pytest.mark.parametrize(
    ("x", "shown"),
    [(0.12345, "0.123"), (0.0, "0"), (1234.5, "1.23e+03"), (-2.0, "−2"), (math.nan, "NaN"), (math.inf, "∞")],
)
def test_three(x, shown):
    assert three(x) == shown


def test_long_formulas_are_broken_before_operators_and_cut():
    lines = wrapped("dX = (softmax(X) ⊙ Σ(q, axis=-1) − q) ⊙ dL / n + something(X, (2, 3)) ⊙ " + "a ⊙ " * 30)
    assert lines[0] == "dX = (softmax(X) ⊙ Σ(q, axis=-1) − q)"
    assert lines[1].startswith("⊙ dL")
    assert len(lines) == 3
    assert lines[-1].endswith("…")


def test_an_index_stays_on_one_line():
    assert wrapped("d h.0.parts₂ = reshape(swapaxes(d h.0.K, −3, −2))")[1] == "d h.0.K, −3, −2))"
    assert wrapped("dweights = scatter(dshare₂ at [:, 1:2])") == ["dweights = scatter(dshare₂", "at [:, 1:2])"]


def test_a_long_formula_gives_way_to_the_name_of_the_operation():
    X = Tensor(np.ones((2, 3)), name="X")
    loss = (X + leaf(2, 3, name="W")).softmax().sum()
    assert [headline(n) for n in capture(loss).nodes if n.op] == ["A₁ = X + W", "A₂ = softmax(A₁)", "loss = Σ(A₂)"]


def test_one_sign_between_long_names_does_not():
    low, high = leaf(2, 3, name="projection.low"), leaf(4, 3, name="projection.high")
    assert [headline(n) for n in capture((low @ high.mT).sum()).nodes if n.op][1:] == [
        "A₂ = projection.low · projection.highᵀ", "L = Σ(A₂)",
    ]  # fmt: skip


@pytest.mark.parametrize("x", [-0.5, 1e-9, 12345678.0, 0.12345, float("inf"), 3.0])
def test_a_number_is_in_its_box_what_it_is_in_formulas(x):
    W = leaf(2, name="W")
    graph = capture((W + x).sum())
    assert str(graph.nodes[2].forward) == f"A₁ = W + {graph.nodes[1].title}"


@pytest.mark.parametrize(
    ("n", "shown"),
    [(1, "1"), (3264, "3,264"), (999_999, "999,999"), (10**7, "1.00e7"), (2**100, "1.27e30"), (2**2000, "1.15e602")],
)
def test_numbers_of_routes(n, shown):
    assert routes_text(n) == shown


def test_a_name_is_one_line_and_keeps_its_direction_to_itself():
    assert shortened("a\n\tb") == "a b"
    assert shortened("שלום") == "\u2068שלום\u2069"
    assert in_markdown("a*b $c [d] `e`") == r"a\*b \$c \[d] \`e\`"
