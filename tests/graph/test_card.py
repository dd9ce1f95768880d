"""Cards of ops: one for each op that has a rule, true to what ran."""

import importlib
import pkgutil
import re

import numpy as np
import pytest

import tinygrad_tf.ops
from tinygrad_tf import Tensor, manual_seed
from tinygrad_tf.autograd.operation import Op, op
from tinygrad_tf.graph import op_card
from tinygrad_tf.graph.card import _OPS, EXAMPLES, _worked
from tinygrad_tf.graph.page import chinese
from tinygrad_tf.graph.words import Words
from tinygrad_tf.random import generator


def ops():
    """The names of all ops of the package that have a rule."""
    found = set()
    for module in pkgutil.walk_packages(tinygrad_tf.ops.__path__, "tinygrad_tf.ops."):
        defined = vars(importlib.import_module(module.name)).values()
        found |= {f.op.name for f in defined if isinstance(getattr(f, "op", None), Op) and f.op.backward}
    return found


def worked(name):
    return _worked(_OPS[name], EXAMPLES.get(name))


def test_there_is_a_card_for_every_op_of_the_package():
    assert len(ops()) > 30
    for name in ops():
        assert op_card(name).name == name


def test_an_op_of_ones_own_has_a_card_too():
    @op
    def bell(X):
        """Y = e^−X²."""
        return np.exp(-X * X)

    @bell.rule
    def d_bell(dY, Y, X):
        dX = -2 * dY * X * Y
        return dX

    x = Tensor([0.0, 1.0], requires_grad=True)
    assert "rule     dX = −2 · dY ⊙ X ⊙ Y" in str(op_card(bell))
    assert "example  X  = 0 1\n" in str(op_card(bell, example=lambda: bell(x)))
    assert str(op_card(bell, "zh")).splitlines()[1].strip() == "Y = e^−X²."  # it has no Chinese name


def test_an_op_that_cannot_be_called_on_matrices_asks_for_an_example():
    @op
    def picked(X, *, at):
        return X[at]

    @picked.rule
    def d_picked(dY, Y, X, *, at):
        dX = np.zeros_like(X) + dY
        return dX

    with pytest.raises(ValueError, match=r"no example of picked: picked got no 'at'\n.*\n.*op_card\(picked, example="):
        op_card(picked)


def test_chinese_names_are_names_of_ops():
    assert chinese().keys() <= ops()


@pytest.mark.parametrize("name", sorted(ops()))
def test_the_numbers_on_a_card_are_those_of_backward(name):
    made = []
    numbers = op_card(name, example=lambda: made.append(worked(name)) or made[0]).numbers
    Y = made[0]
    inputs = [x for x in Y.inputs if x.requires_grad]
    n = len(Y.inputs)
    Y.backward(Tensor(numbers[n + 1][1]))  # after the inputs stand Y and dY
    for x, (_, dX) in zip(inputs, numbers[n + 2 :], strict=True):
        np.testing.assert_allclose(dX, x.grad.array, rtol=1e-6)


@pytest.mark.parametrize("name", sorted(ops()))
def test_cards_are_readable(name):
    text = str(op_card(name))
    assert text.startswith(name + "\n")
    assert "as code" not in text
    assert "rule " in text
    assert max(map(len, text.splitlines())) <= 130


def test_a_card_draws_no_random_numbers():
    manual_seed(3)
    before = generator().bit_generator.state
    op_card("dropout")
    assert generator().bit_generator.state == before


def test_an_unknown_op_is_refused():
    with pytest.raises(ValueError, match="choose one of absolute, add"):
        op_card("nothing")


def test_an_unknown_language_is_refused():
    with pytest.raises(ValueError, match='lang is "en" or "zh"'):
        op_card("softmax", "fr")


@pytest.mark.parametrize("name", sorted(ops()))
def test_a_chinese_card_has_the_same_formulas_and_numbers_under_chinese_words(name):
    english, chinese_ = (str(op_card(name, lang)).splitlines() for lang in ("en", "zh"))
    said = chinese().get(name, english[1].strip())
    if said == name:  # the title says it already
        assert chinese_[1].strip() != said
        chinese_.insert(1, said)
    assert chinese_[1].strip() == said
    assert re.findall(r"(?m)^  (\w\w) ", "\n".join(chinese_)) == [
        {"forward": "前向", "rule": "规则", "shapes": "形状", "inside": "内部", "example": "示例"}[word]
        for word in re.findall(r"(?m)^  ([a-z]+) ", "\n".join(english[2:]))
    ]
    assert [line[7:].replace("其中", "where").strip() for line in chinese_[2:]] == [
        Words("zh").formula(line[11:].strip()) for line in english[2:]
    ]


def test_lines_below_a_chinese_word_are_indented_by_chinese_spaces():
    """A Chinese letter is two columns wide in a terminal and less in a browser; so is a Chinese space."""
    *_, example, below, _, _ = str(op_card("softmax", "zh")).splitlines()
    assert [example[:9], below[:9]] == ["  示例     ", "  \u3000\u3000     "]


def test_what_goes_by_its_latin_name_in_chinese_is_not_named_twice():
    assert [Words("zh").operation(op) for op in ("softmax", "silu", "exp")] == ["", "", " 指数"]


def test_cards_show_themselves_as_markdown():
    assert op_card("softmax")._repr_markdown_().startswith("**softmax** — Y = e^X")
