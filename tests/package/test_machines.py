"""The same program on odd machines: without a home, without a terminal's encoding, with warnings as errors, with -O."""

import compileall
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tinygrad_tf

PROGRAM = """
import tinygrad_tf as torch
from tinygrad_tf import Tensor, graph, nn, optim

torch.manual_seed(0)
model = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
optimizer = optim.AdamW(model.parameters(), lr=1e-2)
x = torch.randn(2, 3, 8)
losses = []
for _ in range(3):
    optimizer.zero_grad()
    loss = (model(x) ** 2).mean()
    loss.backward(retain_graph=True)
    optimizer.step()
    losses.append(loss.item())
assert losses[2] < losses[0] or not __debug__, losses
W = Tensor([[1.0]], requires_grad=True, name="W")
L = (Tensor([[2.0]], name="X") @ W).tanh().sum()
print(graph.explain(L, W))
print(graph.explain(L, W, lang="zh"))
print(nn.summary(model, x))
print(model, W, L)
graph.draw(L, path_to=W).render("dw.svg")
graph.explore(L, path_to=W).save("dw.html")
print(graph.program(L))
print(graph.op_card("softmax"))
"""

#: What is different on each machine: options of Python, the environment (None: the variable is not there).
MACHINES = {
    "as it is": ([], {}),
    "warnings are errors": (["-W", "error", "-X", "dev"], {}),
    "without asserts": (["-O"], {}),
    "without docstrings": (["-OO"], {}),
    "LC_ALL=C": ([], {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    "a terminal that writes GBK": ([], {"PYTHONIOENCODING": "gbk"}),
    "a terminal that writes ASCII": ([], {"PYTHONIOENCODING": "ascii"}),
    "no home and no user": ([], {"HOME": None, "USER": None, "LOGNAME": None, "XDG_CACHE_HOME": None}),
    "a home that is not there": ([], {"HOME": "/nowhere"}),
    "nothing on the path": ([], {"PATH": "/nowhere"}),
    "another hash seed": (["-R"], {"PYTHONHASHSEED": "12345"}),
}


@pytest.mark.parametrize("machine", MACHINES)
def test_a_program_runs_on(machine, tmp_path):
    options, changes = MACHINES[machine]
    if machine == "LC_ALL=C" and not sys.prefix.isascii():
        pytest.skip("there Python does not find NumPy in a folder with Chinese letters")
    folder = tmp_path / "a place 地方"
    folder.mkdir()
    (folder / "program.py").write_text(PROGRAM, encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **changes}
    command = [sys.executable, *options, "program.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, env={k: v for k, v in env.items() if v is not None})
    said = done.stderr.decode("utf-8", "replace")
    assert done.returncode == 0, said
    if machine != "nothing on the path":  # there, a warning says that no Graphviz is installed
        assert said == ""
    assert {"dw.html"} <= {path.name for path in Path(folder).iterdir()}


def test_where_no_sources_are_installed_pictures_and_pages_have_no_rules_and_programs_say_why(tmp_path):
    ours = Path(tinygrad_tf.__file__).parent
    shutil.copytree(ours, tmp_path / "tinygrad_tf", ignore=shutil.ignore_patterns("__pycache__"))
    compileall.compile_dir(tmp_path / "tinygrad_tf", legacy=True, quiet=1)
    for source in (tmp_path / "tinygrad_tf").rglob("*.py"):
        source.unlink()
    lines = PROGRAM.replace("print(graph.program(L))", "try:\n    graph.program(L)\nexcept RuntimeError as e: print(e)")
    (tmp_path / "program.py").write_text(lines, encoding="utf-8")
    others = [path for path in sys.path if path and not Path(path, "tinygrad_tf").exists()]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *others]), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-W", "ignore::RuntimeWarning", "program.py"]  # uncut rules compute what nobody needs
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, env=env)
    assert (done.returncode, done.stderr) == (0, b"")
    said = done.stdout.decode()
    assert said.count("installed without its .py files") > 3
    assert "program got an op whose source cannot be read" in said
    assert (tmp_path / "dw.html").exists()
