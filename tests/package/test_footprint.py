"""The package stays light: little time to import beside NumPy's, little room on the disk, as the README says."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
from footprint import installed_bytes, lines

import tinygrad_tf

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


#: Prints what importing the package loads beyond NumPy: the names of its modules, and the others' first names.
LOADED = """
import sys, numpy
before = set(sys.modules)
import tinygrad_tf
new = set(sys.modules) - before
print(*sorted(name for name in new if name.partition(".")[0] == "tinygrad_tf"))
print(*sorted({name.partition(".")[0] for name in new} - {"tinygrad_tf"}))
"""
#: What programs do without at first, and what takes long to import.
LATER = ("graph", "kernels.compiled", "program", "train", "models", "tasks", "parallel", "compat.missing_names")
SLOW = {"asyncio", "ast", "concurrent", "difflib", "html", "http", "json", "logging", "multiprocessing"}
SLOW |= {"socket", "ssl", "subprocess", "tempfile", "unittest", "xml", "zipfile"}


@pytest.fixture(scope="module")
def loaded():
    run = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    ours, others = map(str.split, run.stdout.splitlines())
    return set(ours), set(others)


def test_importing_it_reads_less_than_half_of_it(loaded):
    files = [tinygrad_tf.__path__[0] + "/" + "/".join(name.split(".")[1:]) for name in loaded[0]]
    read = [path for file in files for path in (Path(file + ".py"), Path(file, "__init__.py")) if path.is_file()]
    assert len(read) == len(files)
    assert sum(len(file.read_text(encoding="utf-8").splitlines()) for file in read) < 0.5 * lines()


@pytest.mark.parametrize("part", LATER)
def test_importing_it_leaves_for_later_what_not_every_program_needs(part, loaded):
    assert importlib.util.find_spec(f"tinygrad_tf.{part}")
    assert [name for name in loaded[0] if f"{name}.".startswith(f"tinygrad_tf.{part}.")] == []


def test_importing_it_loads_nothing_that_takes_long(loaded):
    assert loaded[1] & SLOW == set()


def test_importing_it_needs_numpy_alone(loaded):
    public = {name for name in loaded[1] if not name.startswith("_")}
    assert public - sys.stdlib_module_names <= {"numpy", "cython_runtime"}


def test_the_size_is_what_the_readme_says():
    said = float(re.search(r"fills ([\d.]+) MB", README)[1]) * 1e6
    assert abs(installed_bytes() - said) < 0.15 * said


def test_the_lines_are_what_the_readme_says():
    said = int(re.search(r"all of it about ([\d,]+)", README)[1].replace(",", ""))
    assert abs(lines() - said) < 0.15 * said
