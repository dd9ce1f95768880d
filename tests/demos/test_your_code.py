"""Somebody's PyTorch script, run by demos/your_code.py as a user runs it: what it prints, writes and refuses."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / "tests" / "ports" / "programs"


def run(tmp_path, *args, own=()):
    command = [sys.executable, str(ROOT / "demos" / "your_code.py"), "--out", str(tmp_path / "out"), *map(str, args)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([*command, *own], cwd=tmp_path, capture_output=True, text=True, timeout=120, env=env)


def script(tmp_path, text):
    path = tmp_path / "theirs.py"
    path.write_text(text, encoding="utf-8")
    return path


def names_on(page):
    return set(re.findall(r'"label": ?"([^"]+)"', page.read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", ["07_gpt_of_a_lecture", "10_encoder_decoder", "22_bert", "17_rnn_with_attention"])
def test_a_script_is_run_to_its_first_step_and_looked_at(tmp_path, name):
    file = PROGRAMS / f"{name}.py"
    before = file.read_bytes()
    ran = run(tmp_path, file)
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert ran.stdout.count("backward() ") == 1
    assert "parameters (" in ran.stdout  # the table of costs
    assert (tmp_path / "out" / "step.html").stat().st_size > 50_000
    assert file.read_bytes() == before


def test_the_step_that_is_asked_for_is_looked_at(tmp_path):
    ran = run(tmp_path, ROOT / "demos" / "torch_style.py", "--steps", 3, "--set", "steps=5", "--set", "d_model=8")
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert [line[:12] for line in ran.stdout.splitlines() if line.startswith("backward()")] == [
        "backward() 1", "backward() 2", "backward() 3"
    ]  # fmt: skip
    assert "embed Embedding" in ran.stdout
    assert "(1, 6, 8)" in ran.stdout or "(64, 6, 8)" in ran.stdout


def test_a_file_that_only_defines_a_model_is_told_what_to_run(tmp_path):
    file = script(tmp_path, "import torch.nn as nn\nmodel = nn.Linear(2, 1)\nif __name__ == '__main__':\n    1 / 0\n")
    ran = run(tmp_path, file, "--then", "import torch; loss = model(torch.ones(1, 2)).sum(); loss.backward()")
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert (tmp_path / "out" / "step.html").exists()


def test_the_script_has_its_own_arguments_and_its_own_folder(tmp_path):
    (tmp_path / "part.py").write_text("size = 2\n", encoding="utf-8")
    text = (
        "import sys, torch, part\nw = torch.ones(part.size, requires_grad=True)\n(w * len(sys.argv)).sum().backward()\n"
    )
    ran = run(tmp_path, script(tmp_path, text), "--steps", 1)
    assert "loss 2" in ran.stdout
    ran = run(tmp_path, "theirs.py", own=["--", "--a", "3"])
    assert "loss 6" in ran.stdout, ran.stderr


ITS_OWN_WAY = {
    "keeps every exception": "try:\n    x.sum().backward()\nexcept:\n    pass\n",
    "steps in a thread": "import threading\nt = threading.Thread(target=x.sum().backward)\nt.start()\nt.join()\n",
    "changes its folder": "import os\nos.mkdir('else')\nos.chdir('else')\nx.sum().backward()\n",
}


@pytest.mark.parametrize("text", ITS_OWN_WAY.values(), ids=ITS_OWN_WAY)
def test_the_page_is_where_it_is_said_to_be_whatever_the_script_does(tmp_path, text):
    file = script(tmp_path, f"import torch\nx = torch.ones(1, requires_grad=True)\n{text}")
    ran = run(tmp_path, file, "--out", "here")
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert f"this step is in {tmp_path / 'here' / 'step.html'}:" in ran.stdout
    assert (tmp_path / "here" / "step.html").exists()


REFUSED = {
    "no file": (["missing.py"], "there is no file missing.py"),
    "no such step": (["theirs.py", "--steps", "0"], "write a whole number from 1 on"),
    "too few steps": (["theirs.py", "--steps", "9"], "backward() was called 1 times: write fewer --steps"),
    "no such name": (["theirs.py", "--set", "y=3"], "gives no such name a value"),
    "too deep": (["deep.py"], "deep.py: maximum recursion depth"),
    "no value": (["theirs.py", "--set", "x"], "write a name and a value"),
    "no backward": (["quiet.py"], "backward() was never called: say what to run"),
    "no Python": (["broken.py"], "broken.py"),
}


@pytest.mark.parametrize("args, said", REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_is_said_in_one_sentence(tmp_path, args, said):
    text = "import torch\nx = torch.ones(1, requires_grad=True)\nx.sum().backward()\n"
    script(tmp_path, text)
    (tmp_path / "quiet.py").write_text("import torch\n", encoding="utf-8")
    (tmp_path / "deep.py").write_text(f"x = {'-' * 3000}1\n", encoding="utf-8")
    (tmp_path / "broken.py").write_text("import\n", encoding="utf-8")
    ran = run(tmp_path, *args)
    assert ran.returncode == 2
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_page_that_cannot_be_written_is_told_in_a_sentence(tmp_path):
    (tmp_path / "out/step.html").mkdir(parents=True)
    done = run(tmp_path, script(tmp_path, "import torch\ntorch.ones(1, requires_grad=True).sum().backward()\n"))
    assert done.returncode == 1
    assert "which is a folder" in done.stderr
    assert "Traceback" not in done.stderr
