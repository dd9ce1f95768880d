"""The demo of the attention head: its numbers are PyTorch's, and it runs."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinygrad_tf.graph.pictures.engine import command

SCRIPT = Path(__file__).parents[2] / "demos" / "attention_dw.py"


@pytest.fixture
def demo(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    yield importlib.import_module("attention_dw")
    sys.modules.pop("attention_dw")


def test_values_and_gradients_are_those_of_pytorch(demo):
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle")
    leaves = demo.make_leaves()
    theirs = {name: torch.tensor(t.array, requires_grad=t.requires_grad) for name, t in leaves.items()}
    Q, K, V = (theirs["X"] @ theirs[f"W_{letter}"] for letter in "qkv")
    Y = torch.nn.functional.scaled_dot_product_attention(Q, K, V)
    loss = torch.nn.functional.mse_loss(Y, theirs["T"])
    loss.backward()

    ours = demo.head(**leaves)
    ours["L"].backward()
    np.testing.assert_allclose(ours["Y"].array, Y.detach(), rtol=1e-12)
    np.testing.assert_allclose(ours["L"].array, loss.detach(), rtol=1e-12)
    for name in ("W_q", "W_k", "W_v"):
        np.testing.assert_allclose(leaves[name].grad.array, theirs[name].grad, rtol=1e-10)


@pytest.mark.parametrize("name", ["W_q", "W_k", "W_v"])
def test_nudging_agrees_with_the_rules(demo, name):
    leaves = demo.make_leaves(seed=1)
    demo.head(**leaves)["L"].backward()
    np.testing.assert_allclose(demo.nudged(leaves, name), leaves[name].grad.array, rtol=1e-6, atol=1e-9)


def test_it_runs_and_leaves_its_pictures(tmp_path):
    env = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[1]), "PYTHONUTF8": "1"}
    done = subprocess.run([sys.executable, SCRIPT, "--out", tmp_path], capture_output=True, text=True, encoding="utf-8",
                          cwd=tmp_path, env=env)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "dW_q = Xᵀ · dQ" in done.stdout
    suffixes = {".svg", ".png"} if command("svg") else {".gv"}
    stems = {"attention_dw", "attention_dw_path"}
    assert {path.name for path in tmp_path.iterdir()} == {stem + suffix for stem in stems for suffix in suffixes}
