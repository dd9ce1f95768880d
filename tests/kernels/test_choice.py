"""Choosing the kernels: by name, by the environment, and what is said where that cannot be."""

import importlib
import os
import shutil
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


SOFTMAX = """
import sys
if "full" in sys.argv:
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
from tinygrad_tf import Tensor
print(Tensor([0.0, 0.0]).softmax(-1).tolist())
"""


@pytest.mark.skipif(os.name == "nt", reason="limits are Unix's")
def test_compiled_files_that_cannot_be_read_or_written_are_no_end(tmp_path):
    """As after a power cut, on a full disk, or where neither the package's folder nor a home can be written to."""
    pytest.importorskip("numba", reason='the compiled kernels need Numba: pip install "tinygrad_tf[fast]"')
    root = str(Path(kernels.__file__).parents[2])
    nowhere = dict.fromkeys(("HOME", "XDG_CACHE_HOME"), "/dev/null")

    def run(*how, **more):
        environment = {**os.environ, "TINYGRAD_TF_KERNELS": "compiled", "PYTHONPATH": root,
                       "NUMBA_CACHE_DIR": str(tmp_path), **more}  # fmt: skip
        ran = subprocess.run([sys.executable, "-c", SOFTMAX, *how], env=environment, capture_output=True, text=True)
        assert ran.stdout == "[0.5, 0.5]\n", ran.stderr

    run("full")
    run()
    for file in tmp_path.rglob("*.nb*"):
        file.write_bytes(file.read_bytes()[:40])
    run()
    assert any(file.stat().st_size > 40 for file in tmp_path.rglob("*.nbi"))  # for the next time
    run(**nowhere, NUMBA_CACHE_LOCATOR_CLASSES="UserWideCacheLocator")


def test_a_kernel_is_compiled_anew_where_something_that_it_calls_was_changed(tmp_path):
    """As after an update of some files: softmax, in rows.py, calls exp, in numbers.py."""
    pytest.importorskip("numba", reason='the compiled kernels need Numba: pip install "tinygrad_tf[fast]"')
    package = Path(shutil.copytree(Path(kernels.__file__).parents[1], tmp_path / "tinygrad_tf",
                                   ignore=shutil.ignore_patterns("__pycache__")))  # fmt: skip
    environment = {**os.environ, "TINYGRAD_TF_KERNELS": "compiled", "PYTHONPATH": str(tmp_path)}
    code = "from tinygrad_tf import Tensor; print(Tensor([0.0, 1.0]).softmax(-1).tolist())"

    def run():
        ran = subprocess.run(
            [sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True
        )
        assert not ran.stderr
        return ran.stdout

    before = run()
    file = package / "kernels" / "compiled" / "numbers.py"
    file.write_text(file.read_text("utf-8").replace("np.float32(0.49999999)", "np.float32(0.25)"), "utf-8")
    assert run() != before


def test_an_empty_choice_in_the_environment_is_none(monkeypatch):
    monkeypatch.setenv("TINYGRAD_TF_KERNELS", "")
    with kernels.use("numpy"):
        importlib.reload(kernels)
        assert kernels.chosen() == "numpy"
