"""What is printed lines up with Chinese names in it, and is shown in whatever encoding the output has."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_tf
from tinygrad_tf import Tensor, graph, language, nn
from tinygrad_tf.wording import terminal

#: Prints what has signs of every kind: a derivation, a table, a card, a program, a Tensor, an error.
PRINTS = """
from tinygrad_tf import Tensor, graph, nn, language
import numpy as np
language("{}")
权重 = Tensor(np.ones((2, 2), "float32"), requires_grad=True, name="权重")
h = (Tensor(np.ones((2, 2), "float32"), name="σ") @ 权重).softmax(-1).tanh() ** 0.5
L = h.mean()
print(graph.explain(L, 权重, nudge=1), graph.op_card("layer_norm"), graph.program(L), 权重, nn.Linear(2, 3))
print(nn.summary(nn.Linear(2, 2), 权重))
权重.item()
"""


def run(encoding, lang="en"):
    env = {**os.environ, "PYTHONPATH": str(Path(tinygrad_tf.__file__).parents[1]), "PYTHONIOENCODING": encoding,
           "PYTHONUTF8": "0"}  # fmt: skip
    return subprocess.run([sys.executable, "-c", PRINTS.format(lang)], capture_output=True, env=env)


@pytest.mark.parametrize("encoding", ["gbk", "ascii", "latin-1", "cp1252"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_output_in_another_encoding_gets_substitutes(encoding, lang):
    done = run(encoding, lang)
    said = done.stdout.decode(encoding) + done.stderr.decode(encoding)
    assert "UnicodeEncodeError" not in said
    assert "ValueError: item " in said  # it ran to the end
    assert "^T" in said
    assert "?" not in said


def test_gbk_keeps_its_chinese_letters():
    assert "范数" in run("gbk", "zh").stdout.decode("gbk")


@pytest.mark.parametrize("setting, shown", [("utf-8", "ᵀ"), ("ascii:backslashreplace", r"\u1d40")])
def test_an_output_that_needs_none_or_says_what_it_does_stays_as_it_is(setting, shown):
    assert shown in run(setting).stdout.decode("utf-8")


@pytest.mark.parametrize(
    "before",
    ["sys.stdout = None", "sys.stdout.close()", "kept = sys.stdout.detach()", "sys.stdout = io.StringIO()"],
)
def test_an_output_that_is_none_is_left_alone(before):
    env = {**os.environ, "PYTHONPATH": str(Path(tinygrad_tf.__file__).parents[1]), "PYTHONIOENCODING": "ascii"}
    code = f"import io, sys\n{before}\nimport tinygrad_tf\nsys.stderr.write('imported')\nsys.stdout = None"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=env)
    assert done.stderr == b"imported"


@pytest.mark.parametrize(
    "letters, text",
    [("ᵀ⊙√∂≤→…", "^T*sqrtd<=->..."), ("x²y₁⁻", "x^2y_1^-"), ("σΣé", "sigmaSigmae"), ("权\ud800", r"\u6743\ud800")],
)
def test_substitutes(letters, text):
    assert "".join(map(terminal.instead, letters)) == text


@pytest.mark.parametrize(
    "text, width", [("", 0), ("dW_q", 4), ("权重", 4), ("dＷ", 3), ("e\u0301", 1), ("√Ω·", 3), ("a\u200b", 1)]
)
def test_how_wide_a_text_is(text, width):
    assert terminal.columns(text) == width


def starts_of(lines, what):
    """At which columns a text stands in the lines that have it."""
    return {terminal.columns(line[: line.index(what)]) for line in lines if what in line}


def test_a_derivation_with_chinese_names_lines_up():
    权重 = Tensor(np.ones((2, 1)), requires_grad=True)
    x = Tensor(np.ones((1, 2)))
    隐藏的 = x @ 权重
    y = 隐藏的 * 2.0
    with language("zh"):
        lines = str(graph.explain(y.sum(), 权重)).splitlines()[3:]
    assert len(starts_of(lines, "(1, 1)")) == 1
    assert len(starts_of(lines, "范数")) == 1


def test_a_summary_with_chinese_names_lines_up():
    class 网络(nn.Module):
        def __init__(self):
            self.第一层 = nn.Linear(2, 3)
            self.b = nn.Linear(3, 1)

        def forward(self, x):
            return self.b(self.第一层(x))

    with language("zh"):
        lines = str(nn.summary(网络(), Tensor(np.ones((1, 2), "float32")))).splitlines()
    assert len({terminal.columns(line) for line in lines[:6]}) == 1
    assert len(starts_of(lines[:6], "(1, ")) == 1
