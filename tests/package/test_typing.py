"""A user's program passes a strict type check, a wrong one does not, and the package says that it has types."""

import importlib.resources
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
import stubs

from tinygrad_tf import Tensor
from tinygrad_tf.ops.methods import METHODS

TYPED = Path(__file__).parents[1] / "typed"


def check(name, folder):
    pytest.importorskip("mypy", reason="the type checker")
    options = ["--strict", "--follow-imports=silent", "--config-file=", f"--cache-dir={folder}", "--no-error-summary"]
    return subprocess.run([sys.executable, "-m", "mypy", *options, TYPED / name], capture_output=True, text=True,
                          cwd=TYPED.parents[1])  # fmt: skip


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("mypy")


def test_a_users_program_passes_a_strict_check(cache):
    ran = check("program.py", cache)
    assert (ran.stdout, ran.returncode) == ("", 0)


def test_a_users_program_runs():
    ran = subprocess.run([sys.executable, TYPED / "program.py"], capture_output=True, text=True, cwd=TYPED.parents[1],
                         env={"PYTHONPATH": str(TYPED.parents[1]), "PYTHONIOENCODING": "utf-8"})  # fmt: skip
    assert ran.returncode == 0, ran.stderr


def test_each_wrong_line_is_refused_for_its_reason(cache):
    source = (TYPED / "mistakes.py").read_text(encoding="utf-8").splitlines()
    expected = {i: line.rsplit("# ", 1)[1] for i, line in enumerate(source, 1) if "  # " in line}
    found = re.findall(r"mistakes\.py:(\d+): error: .*\[(.*)\]", check("mistakes.py", cache).stdout)
    assert {int(i): kind for i, kind in found} == expected
    assert len(expected) > 5


def test_the_package_says_that_it_has_types():
    assert importlib.resources.files("tinygrad_tf").joinpath("py.typed").is_file()


def test_the_stubs_are_what_the_functions_say():
    old = [path.name for path, text in stubs.stubs().items() if path.read_text(encoding="utf-8") != text]
    assert old == [], "run python tests/stubs.py"


def test_every_method_shows_the_signature_and_the_docstring_of_its_function():
    methods = {name: getattr(Tensor, name) for name in METHODS}
    assert [name for name, method in methods.items() if not method.__doc__] == []
    shown = {name: inspect.signature(method) for name, method in methods.items()}
    assert shown == {name: inspect.signature(function) for name, function in METHODS.items()}
