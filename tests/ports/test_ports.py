"""Programs in the manner of what people learn Transformers from run here by the import alone, with PyTorch's numbers.

Each file of ``programs/`` is a script for PyTorch, written for this folder: ``import torch`` and so on, a few printed
lines, and at its end ``RESULT``, a dict of what it found (losses of the steps, outputs, gradients by name). It takes
its data and first weights from formulas, for the two packages' random numbers are not the same; what is drawn at
random is told by its shape or its properties.

- ``test_here_as_in_pytorch`` runs it in a process of its own in which ``torch`` is mapped to ``tinygrad_tf``, and
  compares with ``golden.json``: shape, dtype, sum, norm and first entries of PyTorch's results. It needs no PyTorch.
- ``test_every_entry`` compares every entry with PyTorch's, where PyTorch is installed.
- ``test_golden_is_pytorch`` holds the golden numbers to the PyTorch that is installed.

Two arrays are equal when the norm of their difference is within 5e-6 of the norm of PyTorch's, and what a training has
gone through (names that begin with ``losses`` or ``trained``) within 1e-4, for rounding is carried from step to step.
Shapes and types are equal, and so are whole numbers, truth values and strings.

``python tests/ports/test_ports.py`` writes golden.json anew, with PyTorch; a program's name behind it writes only that.
"""

import json
import runpy
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from plain import arrays

HERE = Path(__file__).parent
GOLDEN = HERE / "golden.json"
PROGRAMS = sorted(p.stem for p in (HERE / "programs").glob("*.py"))
ENTRIES = 3  # of each array, the first ones, stand in golden.json
every_program = pytest.mark.parametrize("program", PROGRAMS)


def tolerance(name):
    """How far apart two arrays of this name may be, of the norm of PyTorch's."""
    return 1e-4 if name.startswith(("losses", "trained")) else 5e-6


#: What a program needs here besides NumPy.
NEEDS = {"27_checkpoints": "safetensors"}


@cache
def in_pytorch(program):
    """RESULT of the program run in PyTorch, in this process."""
    return arrays(runpy.run_path(str(HERE / "programs" / f"{program}.py"))["RESULT"])


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """RESULT of a program run here, each in a process of its own, once."""
    folder = tmp_path_factory.mktemp("ports")

    @cache
    def run(program):
        if program in NEEDS:
            pytest.importorskip(NEEDS[program])
        found = folder / f"{program}.npz"
        file = HERE / "programs" / f"{program}.py"
        done = subprocess.run(
            [sys.executable, HERE / "plain.py", file, found], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        with np.load(found) as stored:
            return dict(stored)

    return run


def brief(x):
    """What golden.json keeps of an array."""
    kept = {"shape": list(x.shape), "dtype": x.dtype.name if x.dtype.kind != "U" else "str"}
    if x.dtype.kind == "f":
        numbers = x.astype("float64")
        assert np.isfinite(numbers).all(), "what is compared is finite"
        kept["norm"] = float(f"{np.linalg.norm(numbers):.8g}")
        kept["sum"] = float(f"{numbers.sum():.8g}")
        kept["first"] = [float(f"{v:.8g}") for v in numbers.ravel()[:ENTRIES]]
    elif x.dtype.kind == "U":
        kept["first"] = x.ravel()[:ENTRIES].tolist()
    else:
        kept["sum"] = int(x.sum())
        kept["first"] = x.ravel()[:ENTRIES].tolist()
    return kept


def differences(found, golden):
    """Lines that tell where an array is not what golden.json keeps of PyTorch's."""
    lines = [f"golden has, RESULT has not: {name}" for name in golden.keys() - found.keys()]
    lines += [f"RESULT has, golden has not: {name}" for name in found.keys() - golden.keys()]
    for name in golden.keys() & found.keys():
        ours, theirs = brief(found[name]), golden[name]
        for key in theirs:
            if key not in ("norm", "sum", "first") or "norm" not in theirs:
                if ours.get(key) != theirs[key]:
                    lines.append(f"{name}: {key} {ours.get(key)}, in PyTorch {theirs[key]}")
                continue
            if ours.get("shape") != theirs["shape"] or "norm" not in ours:
                continue
            # a sum of n entries that are each off by so much is off by at most √n times it
            wide = tolerance(name) * theirs["norm"] * (found[name].size ** 0.5 if key == "sum" else 1)
            off = np.abs(np.subtract(ours[key], theirs[key])).max(initial=0.0)
            if off > wide + 1e-9 * theirs["norm"]:
                lines.append(f"{name}: {key} {ours[key]}, in PyTorch {theirs[key]}")
    return lines


@every_program
def test_here_as_in_pytorch(program, here):
    lines = differences(here(program), json.loads(GOLDEN.read_text())[program])
    assert not lines, "\n".join(lines)


@every_program
def test_every_entry(program, here):
    pytest.importorskip("torch", reason="the programs are written for PyTorch")
    ours, theirs = here(program), in_pytorch(program)
    assert ours.keys() == theirs.keys()
    lines = []
    for name, y in theirs.items():
        x = ours[name]
        if x.shape != y.shape or x.dtype.kind != y.dtype.kind or (y.dtype.kind != "U" and x.dtype != y.dtype):
            lines.append(f"{name}: {x.dtype} {x.shape}, in PyTorch {y.dtype} {y.shape}")
        elif y.dtype.kind != "f":
            if not np.array_equal(x, y):
                lines.append(f"{name}: {x}, in PyTorch {y}")
        else:
            off, size = np.linalg.norm(x.astype("float64") - y), np.linalg.norm(y.astype("float64"))
            if not off <= tolerance(name) * size:
                lines.append(f"{name}: off by {off:.2e} of {size:.2e}")
    assert not lines, "\n".join(lines)


@every_program
def test_golden_is_pytorch(program):
    pytest.importorskip("torch", reason="the golden numbers are PyTorch's")
    lines = differences(in_pytorch(program), json.loads(GOLDEN.read_text())[program])
    assert not lines, "\n".join(lines)


def test_each_program_has_golden_numbers():
    assert sorted(json.loads(GOLDEN.read_text())) == PROGRAMS


def write(programs):
    """golden.json with PyTorch's numbers of these programs."""
    golden = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    for program in programs:
        golden[program] = {name: brief(x) for name, x in in_pytorch(program).items()}
    rows = (
        f"{json.dumps(program)}: {{\n"
        + ",\n".join(f"  {json.dumps(name)}: {json.dumps(kept)}" for name, kept in golden[program].items())
        + "\n}"
        for program in PROGRAMS
        if program in golden
    )
    GOLDEN.write_text("{\n" + ",\n".join(rows) + "\n}\n")


if __name__ == "__main__":
    write(sys.argv[1:] or PROGRAMS)
