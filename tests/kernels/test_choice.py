"""Choosing the kernels: by name, by the environment, and what is said where that cannot be."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tinygrad_tf import kernels


def test_a_set_that_does_not_exist_is_refused_and_changes_nothing():
    before = kernels.chosen(), kernels.KERNELS["softmax"].forward
    with pytest.raises(ValueError, match=r"kernels\.use got name 'fast'\n  rule: there are \"numpy\" and"):
        kernels.use("fast")
    assert (kernels.chosen(), kernels.KERNELS["softmax"].forward) == before


@pytest.mark.parametrize(("chosen", "words"), [
    ("compiled", "ImportError: kernels.use got 'compiled' (Python: import of numba halted; None in sys.modules)\n"
                 "  rule: these kernels are compiled by Numba\n  cure: pip install \"tinygrad_tf[fast]\"\n"),
    ("fast", "ValueError: kernels.use got name 'fast'\n"),
])  # fmt: skip
def test_the_environment_s_choice_is_refused_with_the_same_words(chosen, words):
    code = "import sys; sys.modules['numba'] = None; import tinygrad_tf"
    root = str(Path(kernels.__file__).parents[2])
    environment = {**os.environ, "TINYGRAD_TF_KERNELS": chosen, "PYTHONPATH": root}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert ran.returncode == 1
    assert words in ran.stderr


def test_an_empty_choice_in_the_environment_is_none(monkeypatch):
    monkeypatch.setenv("TINYGRAD_TF_KERNELS", "")
    with kernels.use("numpy"):
        importlib.reload(kernels)
        assert kernels.chosen() == "numpy"
