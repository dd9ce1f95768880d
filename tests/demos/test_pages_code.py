"""The code of the guide's chapters: what the page shows of it, what it folds away, and what is copied."""

import ast
import builtins
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

for package in ("matplotlib", "tqdm", "safetensors", "markdown_it", "pygments", "latex2mathml"):
    pytest.importorskip(package, reason='pip install "tinygrad_tf[demos]"')

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "demos").glob("[0-9][0-9]_*.py"))

pytestmark = pytest.mark.usefixtures("tools")  # the guide's own modules, from demos/


def parts(source):
    """The cells of code of a chapter, and its statements."""
    from pages.chapters import cells
    from pages.code import pieces

    code = [cell for cell in cells(source) if cell.kind == "code"]
    return code, pieces(code, source)


def chapter(*cells):
    return "# %% [markdown]\n# # A\n" + "".join(f"# %%\n{textwrap.dedent(cell).strip()}\n" for cell in cells)


LESSONS = {
    "a figure is folded": ("fig, axes = figure()\nx = 1\naxes.plot(x)\nshow(fig, 'a', '一')", "x = 1"),
    "a loop over panels": ("_, axes = figure(1, 2)\nfor a in axes:\n    b = 2\n    a.plot(b)\nc = 3", "c = 3"),
    "what it fills is folded": ("_, axes = figure(1, 2)\nends = {}\nfor a in axes:\n    ends[a] = 1\nn = ends[0]",
                                "ends = {}"),
    "a name made anew is the lesson's": ("_, axes = figure(1, 2)\nfor a in axes:\n    p = a\np = 3", "p = 3"),
    "what shows itself is the lesson": ("show(lambda lang: graph.draw(L, lang=lang), 'a', '一')", "graph.draw(L)"),
    "labels are folded": ("names = ['a | 一']\nn = 2\nshow(table(names, [[n]]), 'a', '一')", "n = 2"),
    "words in a branch are left out": ("if x:\n    say('a', '一')\n    y = 2\nelse:\n    y = 3",
                                       "if x:\n    y = 2\nelse:\n    y = 3"),
    "a branch of words is folded": ("if x:\n    say('a', '一')\nelse:\n    finding(y, 'b', '二')\nz = 1", "z = 1"),
    "the long run is shown": ("steps = train(60 if short else 600, (1 if short else 2))", "steps = train(600, 2)"),
    "a branch of the long run is shown": ("if short:\n    n = 1\nelse:\n    n = 2\n    m = 3", "n = 2\nm = 3"),
    "letters of more than a byte": ("y = 'ü' * (1 if short else 2)", "y = 'ü' * 2"),
}  # fmt: skip


@pytest.mark.parametrize(("code", "shown"), LESSONS.values(), ids=LESSONS)
def test_the_lesson_is_told_from_what_makes_the_page(code, shown, monkeypatch):
    from pages.code import joined

    monkeypatch.delenv("TOUR_SHORT", raising=False)
    _, found = parts(chapter("from guide import figure, finding, say, short, show, table\n" + code))
    assert joined((piece.gap, piece.lesson) for piece in found if piece.lesson) == shown


HALVES = {
    "a comment": ("x = 1  # one | 一", "x = 1  # one", "x = 1  # 一"),
    "a label": ("f(label='loss | 损失')", "f(label='loss')", "f(label='损失')"),
    "a label with a value": ("f(f'× {n} | 乘 {n}')", "f(f'× {n}')", "f(f'乘 {n}')"),
    "a label with labels in it": (
        """f(f'“{n:{k}}” {d["a"]} | “{n}” 量') + 1  # 量""",
        """f(f'“{n:{k}}” {d["a"]}') + 1  # 量""",
        """f(f'“{n}” 量') + 1  # 量""",
    ),
    "no label": ("a = b | c  # d | e", "a = b | c  # d | e", "a = b | c  # d | e"),
    "docstring": ('def f():\n    """A\n    b. | 一。"""', 'def f():\n    """A\n    b."""', 'def f():\n    """一。"""'),
}  # fmt: skip


@pytest.mark.parametrize(("code", "en", "zh"), HALVES.values(), ids=HALVES)
def test_texts_are_in_one_language(code, en, zh):
    from pages.code import in_language

    assert (in_language(code, "en"), in_language(code, "zh")) == (en, zh)


def copied(*cells):
    from pages.copy import program

    code, found = parts(chapter(*cells))
    return program(found, len(code) - 1, "zh")


def test_a_copied_cell_brings_what_it_needs_and_no_more():
    text = copied(
        "import json\nimport math\nA = 2\n\n\ndef f(x):\n    return math.sqrt(x) + A\n\n\nunused = 3",
        "from guide import say\ny = f(4)\nsay(f'It is {y}.', f'是 {y}。')",
    )
    assert "unused" not in text
    assert "json" not in text
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, encoding="utf-8",
                          cwd=ROOT, env={**os.environ, "PYTHONIOENCODING": "utf-8"}, check=True)  # fmt: skip
    assert done.stdout == "是 4.0。\n"


def test_a_copied_cell_brings_what_changed_its_values():
    text = copied("W = leaf()\nE = W * W\nL = E.mean()\nL.backward()\nV = leaf()\nV.fill()", "print(W.grad)")
    assert "L.backward()" in text
    assert "V" not in text


def test_a_copied_cell_brings_what_filled_its_values():
    text = copied("best, other = {}, []\nfor n in (1, 2):\n    best[n] = n\nother.append(3)", "print(best[1])")
    assert "best[n] = n" in text


def test_a_copied_cell_brings_a_seed_and_leaves_out_what_was_only_shown():
    text = copied("from x import seed, card\nfrom guide import show\nseed(str)\nshow(card('a'), 'a', '一')", "print(2)")
    assert "seed(str)" in text
    assert "card(" not in text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_copied_cell_knows_all_its_names(path):
    from pages.copy import program
    from pages.names import bound, free

    code, found = parts(path.read_text(encoding="utf-8"))
    for cell in range(len(code)):
        known = set(dir(builtins))
        later = set()
        for node in ast.parse(program(found, cell, "en")).body:
            reads = free(node)
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                later |= reads  # when it is called
            else:
                assert reads <= known | bound(node), f"cell {cell + 1}: {reads - known}"
            known |= bound(node)
        assert later <= known, f"cell {cell + 1}: {later - known}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_copied_cell_runs_in_any_folder_but_where_it_shows_a_demo(path):
    from pages.copy import NOTE, program

    code, found = parts(path.read_text(encoding="utf-8"))
    bound = any(NOTE["en"] in program(found, cell, "en") for cell in range(len(code)))
    assert bound == (path.name[:2] in {"09", "10", "12", "13", "14"})


@pytest.mark.parametrize("name", ["01_tensor", "02_softmax", "09_dw_through_attention", "13_program"])
def test_the_last_cell_of_a_chapter_runs_as_it_is_copied(name, tmp_path):
    from pages.copy import program

    code, found = parts((ROOT / "demos" / f"{name}.py").read_text(encoding="utf-8"))
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "demos")]), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-c", program(found, len(code) - 1, "en")], capture_output=True, text=True,
                          encoding="utf-8", cwd=tmp_path, env=env, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
