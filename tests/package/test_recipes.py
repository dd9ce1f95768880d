"""CONTRIBUTING.md, followed in a copy: an op, a layer and a chapter go through the tests that it names."""

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
if os.environ.get("TINYGRAD_TF_RECIPE"):
    pytest.skip("this is the copy in which a recipe is tried", allow_module_level=True)
if not (ROOT / "tinygrad_tf").exists():
    pytest.skip("the package is installed: there is no source to add to", allow_module_level=True)

NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", ".*cache", "out", "build", "dist", "*.egg-info", "__pycache__", "node_modules"
)
CHAPTER = """\
# %% [markdown]
# # What is the gradient of a square?
# # 平方的梯度是什么？
#
# Twice the number.
#
# 是该数的两倍。
# %%
from guide import figure, finding, show

from tinygrad_tf import Tensor

x = Tensor([-1.0, 0.0, 3.0], requires_grad=True)
(x * x).sum().backward()
fig, axis = figure()
axis.plot(x.array, x.grad.array)
show(fig, "The gradient against the number.", "梯度随该数的变化。")
finding(x.grad.tolist() == [-2.0, 0.0, 6.0], "The gradient of x² is 2x.", "x² 的梯度是 2x。")
# %% [markdown]
# **Exercise.** What is it for x³?
#
# **练习。** x³ 的梯度又是什么？
"""


def section(title):
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", CONTRIBUTING, re.MULTILINE | re.DOTALL)[1]


def row(title):
    """The row for a table that a recipe shows."""
    return re.search(r"```\n(.*?)```", section(title), re.DOTALL)[1]


def example(begins):
    """The README's block of code in which a line begins so."""
    found = [b for b in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if f"\n{begins}" in f"\n{b}"]
    assert len(found) == 1, begins
    return found[0]


def named(title):
    """The tests that a recipe names."""
    return re.search(r"`python -m pytest (.*?)`", section(title), re.DOTALL)[1].split()


def insert(path, after, text):
    before = path.read_text(encoding="utf-8")
    assert before.count(after) == 1, (path, after)
    path.write_text(before.replace(after, after + text), encoding="utf-8")


def add_op(copy):
    code = example("def bell(")
    ours = code[code.index("@op") : code.index("gradcheck(")].rstrip()
    with (copy / "tinygrad_tf/ops/exponential.py").open("a", encoding="utf-8") as file:
        file.write(f"\n\n{ours}\n")
    insert(copy / "tinygrad_tf/__init__.py", "from .ops.exponential import (\n", "    bell,\n")
    insert(copy / "tests/cases/curves.py", "EXPONENTIALS = [\n", f"    {row('An op')}")
    subprocess.run([sys.executable, "tests/stubs.py"], cwd=copy, check=True, env=environment(copy))


def add_layer(copy):
    code = example("class Scale(")
    ours = code[: code.index("print(")].replace("nn.Module", "Module").replace("nn.Parameter", "Parameter").rstrip()
    layers = copy / "tinygrad_tf/nn/layers.py"
    layers.write_text(f"{layers.read_text(encoding='utf-8')}\n\n{ours}\n", encoding="utf-8")
    insert(copy / "tinygrad_tf/nn/__init__.py", "from .layers import ", "Scale, ")
    insert(copy / "tests/nn/test_layers_parity.py", "OWN = {\n", f"    {row('A layer')}")


def add_chapter(copy):
    numbers = [int(path.name[:2]) for path in (copy / "demos").glob("[0-9][0-9]_*.py")]
    (copy / "demos" / f"{max(numbers) + 1}_square.py").write_text(CHAPTER, encoding="utf-8")


def environment(copy):
    return {**os.environ, "PYTHONPATH": str(copy), "TINYGRAD_TF_RECIPE": "1"}


@pytest.mark.parametrize(
    ("title", "add", "words"),
    [
        ("An op", add_op, "bell or card or structure or names or stubs or lines or no_function"),
        ("A layer", add_layer, "Scale"),
        ("A chapter of the guide", add_chapter, "square"),
    ],
    ids=["op", "layer", "chapter"],
)
@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["in part", "whole"])
def test_recipe(title, add, words, whole, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(ROOT, copy, ignore=NOT_COPIED)
    add(copy)
    tests = named(title) if whole else [*named(title), "-k", words]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *tests]
    ran = subprocess.run(command, cwd=copy, env=environment(copy), capture_output=True, text=True, check=False)
    skipped = ran.returncode == 5 and find_spec("torch") is None  # a layer's row is compared with PyTorch's
    assert ran.returncode == 0 or skipped, ran.stdout[-3000:] + ran.stderr[-3000:]
