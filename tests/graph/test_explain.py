"""The derivation as text."""

import re

import numpy as np
import pytest
from graphs import GRAPHS, encoder, head, leaf, residual

from tinygrad_tf import Tensor
from tinygrad_tf.graph import explain


def test_a_derivation_from_dL_to_dW():
    X = Tensor([[1.0, 2.0]], name="X")
    W = Tensor([[3.0], [4.0]], requires_grad=True)
    Y = X @ W
    L = (Y * Y).sum()
    assert str(explain(L, W)).splitlines() == [
        "How dL reaches dW: 3 steps along 2 routes.",
        "",
        "    dL = 1",
        " 1. L = Σ(A₁)       ()",
        "    dA₁ = dL        (1, 1)   norm 1",
        " 2. A₁ = Y ⊙ Y      (1, 1)",
        "    dY = dA₁ ⊙ Y    (1, 1)   norm 11",
        "    dY = dA₁ ⊙ Y    (1, 1)   norm 11",
        "    dY = sum of 2   (1, 1)   norm 22",
        "      from step 2: norm 11",
        "      from step 2: norm 11",
        " 3. Y = X · W       (1, 1)",
        "    dW = Xᵀ · dY    (2, 1)   norm 49.2",
    ]


@pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS)
def test_every_step_on_the_routes_is_told_once_in_order(make):
    loss, W = make()
    told = explain(loss, W)
    steps = [int(n) for n in re.findall(r"^ ?(\d+)\. ", str(told), re.MULTILINE)]
    assert steps == list(range(1, len(told.routes.nodes)))


@pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS)
def test_every_rule_on_the_routes_is_told(make):
    loss, W = make()
    told = explain(loss, W)
    rules = sorted(str(told.flow.rules[id]) for id in told.routes.edges)
    lines = [line.strip() for line in str(told).splitlines()]
    assert sorted(re.split(r" {3,}", line)[0] for line in lines if re.match(r"d ?\S+ = (?!sum of|1$)", line)) == rules


def test_where_routes_join_the_sum_is_told():
    loss, x = residual(layers=1)
    told = str(explain(loss, x))
    assert re.search(r"dx = sum of 2 .*\n +from step 2: norm \S+\n +from step 3: norm \S+$", told)


def test_modules_and_helper_lines_are_told():
    loss, W = encoder()
    told = str(explain(loss, W))
    assert re.search(r"Y = softmax\(Q · Kᵀ / √4\) · V +\(2, 2, 3, 4\) +in self_attn\n", told)
    assert told.count("where P = softmax(Q · Kᵀ / √4)") == 1
    assert "reaches d self_attn.in_proj_weight:" in told.splitlines()[0]


def test_the_next_step_is_named_where_it_is_not_the_one_below():
    loss, x = residual(layers=1)
    assert "→ x" in str(explain(loss, x))


def test_it_shows_itself_where_it_is_evaluated():
    loss, W = head()
    assert repr(explain(loss, W)) == str(explain(loss, W))


def test_the_loss_itself_needs_no_step():
    loss = leaf(2).sum()
    assert "0 steps along 1 route." in str(explain(loss, loss))


def test_gradients_that_are_not_numbers_are_named():
    with np.errstate(all="ignore"):
        x = Tensor([0.0], requires_grad=True)
        assert "norm NaN" in str(explain((x.log() * 0.0).sum(), x))


def test_nudged_entries_stand_beside_the_gradient():
    loss, W = GRAPHS["head"]()
    told = explain(loss, W, nudge=5)
    assert len(told.nudges) == 5
    for q in told.nudges:
        assert q.slope == pytest.approx(q.gradient, rel=1e-4, abs=1e-7)
    last = str(told).splitlines()[-1]
    assert last.startswith("    [")
    assert last.count("=") == 2


def test_a_nudge_is_told_in_the_names_of_loss_and_weight():
    gate = leaf(2, name="gate")
    loss = (gate**2).sum()
    loss.name = "mse"
    assert "(mse(gate + ε) − mse(gate − ε)) / 2ε = " in str(explain(loss, gate, nudge=1))


def test_the_first_nudged_entry_has_the_largest_gradient():
    loss, W = GRAPHS["head"]()
    told = explain(loss, W, nudge=1)
    loss.backward()
    assert abs(told.nudges[0].gradient) == pytest.approx(np.abs(W.grad.array).max())


@pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS)
def test_markdown_has_every_step_and_balanced_formulas(make):
    loss, W = make()
    told = explain(loss, W)
    text = told._repr_markdown_()
    assert [int(n) for n in re.findall(r"^(\d+)\. ", text, re.MULTILINE)] == list(range(1, len(told.routes.nodes)))
    formulas = re.findall(r"\$([^$]*)\$", text)
    assert len(formulas) >= len(told.routes.edges)
    for formula in formulas:
        assert formula.count("{") - formula.count(r"\{") == formula.count("}") - formula.count(r"\}")
        assert not re.search("[·⊙−∑ᵀ√]", formula)


def test_markdown_of_a_product():
    X, W = Tensor([[1.0, 2.0]], name="X"), Tensor([[3.0], [4.0]], requires_grad=True, name="W_q")
    assert r"   - $dW_{q} = X^{\top} \cdot dA_{1}$ (2, 1), norm 2.24" in explain((X @ W).sum(), W)._repr_markdown_()
    assert "(2, 1)，范数 2.24" in explain((X @ W).sum(), W, lang="zh")._repr_markdown_()


def test_markdown_has_the_forward_and_the_axis_of_each_sum():
    """The names in a rule are those of the forward above it."""
    S = leaf(2, 3, name="S")
    P = S.softmax()
    L = (P.log() * 2).sum()
    text = explain(L, S)._repr_markdown_()
    assert r"1. $L = \sum A_{2}$ ()" in text
    assert r"4. $P = \mathrm{softmax} ( S )$ (2, 3)" in text
    assert r"$dS = P \odot ( dP - \sum_{\text{axis=-1}} dP \odot P )$" in text


@pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS)
def test_in_chinese_no_english_word_stands_beside_the_formulas(make):
    loss, W = make()
    english, told = explain(loss, W, nudge=2), explain(loss, W, nudge=2, lang="zh")
    assert len(str(told).splitlines()) == len(str(english).splitlines())
    for text in (str(told), told._repr_markdown_()):
        assert re.findall(r"\b(?:norm|step|steps|route|routes|sum of|where|from|reaches|Nudged)\b", text) == []


def test_another_language_is_refused():
    x = leaf(2, name="x")
    with pytest.raises(ValueError, match='lang is "en" or "zh"'):
        explain(x.sum(), x, lang="fr")


@pytest.mark.parametrize(("lang", "said"), [("en", "lost in the rounding of 64 bits"), ("zh", "64 位的舍入误差")])
def test_a_slope_that_64_bits_do_not_resolve_says_so(lang, said):
    W = Tensor(np.array([1.0, 2.0]), requires_grad=True, name="W")
    assert said in str(explain((W * 1e-12).sum() + 1000.0, W, nudge=2, lang=lang))
    assert said not in str(explain((W * 3.0).sum(), W, nudge=2, lang=lang))
