"""Every percent script of demos/ opens as a notebook and runs as one, in the short run of the guide."""

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(p for p in (ROOT / "demos").glob("*.py") if "\n# %%" in f"\n{p.read_text(encoding='utf-8')}")

jupytext = pytest.importorskip("jupytext", reason="notebooks are an extra")
nbclient = pytest.importorskip("nbclient", reason="notebooks are an extra")
pytest.importorskip("ipykernel", reason="notebooks are an extra")
pytest.importorskip("matplotlib", reason="the demos draw with it")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.stem)
def test_opens_as_a_notebook_and_goes_back_to_the_same_script(script):
    text = script.read_text(encoding="utf-8")
    notebook = jupytext.reads(text, fmt="py:percent")
    assert {cell.cell_type for cell in notebook.cells} >= {"markdown", "code"}
    again = jupytext.reads(jupytext.writes(notebook, fmt="py:percent"), fmt="py:percent")
    assert [cell.source for cell in again.cells] == [cell.source for cell in notebook.cells]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A copy of demos/ to work in, so that nothing is written into the checkout."""
    return shutil.copytree(ROOT / "demos", tmp_path_factory.mktemp("notebooks") / "demos")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.stem)
def test_runs_as_a_notebook(script, folder, monkeypatch):
    monkeypatch.setenv("TOUR_SHORT", "1")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    notebook = jupytext.read(folder / script.name)
    nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()  # raises CellExecutionError, with the traceback, for a cell that fails
    run = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in run if cell.source.strip())
    assert any(cell.outputs for cell in run)
