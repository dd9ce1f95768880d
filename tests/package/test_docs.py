"""Every example in a docstring and every Python block of a README runs, and prints what it says."""

import contextlib
import doctest
import importlib
import importlib.util
import inspect
import io
import pkgutil
import re
from pathlib import Path

import numpy as np
import pytest

import tinygrad_tf
from tinygrad_tf.graph.pictures.engine import command
from tinygrad_tf.wording.languages import chosen

ROOT = Path(__file__).parents[2]
READMES = [ROOT / "README.md", ROOT / "README.zh.md"]
SOURCE = ROOT / "tinygrad_tf"  # not there where the installed package is tested
#: Every page in two languages.
PAGES = [ROOT / name for name in ("README", "CONTRIBUTING", "tests/benchmarks/README", "tinygrad_tf/compat/README")]
PAGES = [page for page in PAGES if page.with_suffix(".md").exists()]
EXTRAS = ("matplotlib", "safetensors", "tqdm", "torch")  # what the examples of some modules need beside NumPy
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
PUBLIC = {"np": np, **{name: getattr(tinygrad_tf, name) for name in tinygrad_tf.__all__}}


def documented(module):
    """The functions, classes, methods and ops that a module defines, and the module; with their names."""
    yield module.__name__, module
    for name, thing in vars(module).items():
        if getattr(thing, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(thing):
            yield f"{module.__name__}.{name}", thing
        elif inspect.isclass(thing):
            yield f"{module.__name__}.{name}", thing
            for member, value in vars(thing).items():
                function = value.__func__ if isinstance(value, (staticmethod, classmethod)) else value
                is_own = getattr(function, "__module__", module.__name__) == module.__name__  # not a function of ops
                if (inspect.isfunction(function) and is_own) or isinstance(function, property):
                    yield f"{module.__name__}.{name}.{member}", function


def examples():
    """Each docstring with examples once, among the names of its module and the public ones of the packages around."""
    parser, seen = doctest.DocTestParser(), set()
    names = [m.name for m in pkgutil.walk_packages(tinygrad_tf.__path__, "tinygrad_tf.", onerror=lambda name: None)]
    for folder, package in (("kernels.compiled", "numba"), ("compat.einops", "einops")):
        if importlib.util.find_spec(package) is None:  # what needs it cannot be imported
            names = [name for name in names if not name.startswith(f"tinygrad_tf.{folder}")]
    for module in map(importlib.import_module, ["tinygrad_tf", *names]):
        for name, thing in documented(module):
            text = thing.__doc__ or ""
            if ">>>" in text and text not in seen:
                seen.add(text)
                around = importlib.import_module(module.__package__)
                public = {n: getattr(around, n) for n in getattr(around, "__all__", [])}
                yield parser.get_doctest(text, {**PUBLIC, **public, **vars(module)}, name, inspect.getfile(module), 0)


EXAMPLES = list(examples())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.name.removeprefix("tinygrad_tf."))
def test_docstring_example(example, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said: list[str] = []
    doctest.DocTestRunner(optionflags=FLAGS).run(example, out=said.append)
    if re.search("ImportError|ModuleNotFoundError", "".join(said)) and not all(map(importlib.util.find_spec, EXTRAS)):
        pytest.skip("an extra that the example needs is not installed")
    assert not said, "".join(said)


def test_examples_of_ops_are_among_them():
    found = {e.name for e in EXAMPLES}
    assert {
        "tinygrad_tf.ops.exponential.exp",
        "tinygrad_tf.ops.fused.rows.softmax",
        "tinygrad_tf.autograd.tensor.Tensor",
    } <= found


# ---- the READMEs ----------------------------------------------------------------------------------------------------


def blocks(readme):
    """The blocks of code: the marker in the line before, the language, the text."""
    text = readme.read_text(encoding="utf-8")
    return re.findall(r"^(?:<!-- ([^\n]*) -->\n)?```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("readme", READMES, ids=lambda p: p.name)
def test_the_loop_asks_once_in_a_step_whether_to_stop(readme):
    """Else a signal that comes between two answers ends it without a save."""
    loop = next(code for _, _, code in blocks(readme) if "as interrupted" in code)
    assert loop.count("interrupted()") == 1


def lacks(marker):
    """Whether a block needs a package that is not installed: ``<!-- needs: torch -->``."""
    name = marker.removeprefix("needs: ")
    return name != marker and importlib.util.find_spec(name) is None


@pytest.mark.parametrize("readme", READMES, ids=lambda p: p.name)
@pytest.mark.filterwarnings("ignore:.*no Graphviz")
def test_readme_blocks(readme, tmp_path, monkeypatch):
    """The blocks of a README run one after the other, as a reader would, and print what stands below them."""
    monkeypatch.chdir(tmp_path)
    names: dict = {"__name__": "readme"}
    ran, printed, lang = 0, io.StringIO(), "en"
    for marker, language, block in blocks(readme):
        if language == "python" and not lacks(marker):
            ran += 1
            with contextlib.redirect_stdout(printed), tinygrad_tf.language(lang):
                file = tmp_path / f"block_{ran}.py"  # an op's rule is read from its file
                file.write_text(block, encoding="utf-8")
                exec(compile(block, str(file), "exec"), names)
                lang = chosen()  # which a block may choose for those after it
        elif language == "text":
            assert marker == "prints"
            assert block in printed.getvalue()
    assert ran > 3
    suffix = "svg" if command("svg") else "gv"  # where no Graphviz is installed the DOT text is saved
    saved = {"m.safetensors"} if importlib.util.find_spec("safetensors") else set()
    assert {path.name for path in Path("out").iterdir()} == {f"dw.{suffix}", f"dual.{suffix}", "dw.html"} | saved


@pytest.mark.parametrize("readme", READMES, ids=lambda p: p.name)
def test_every_command_of_a_readme_is_run_by_the_gate(readme):
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    markers = [marker for marker, language, _ in blocks(readme) if language == "bash"]
    assert len(markers) > 3
    for marker in markers:
        assert f"command_of {marker.removeprefix('command: ')})" in gate


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_both_languages_have_the_same_code_and_the_same_outline(page):
    english, chinese = page.with_suffix(".md"), page.with_suffix(".zh.md")
    assert list(code(chinese)) == list(code(english))
    assert outline(chinese) == outline(english)
    assert outline(english)


def code(readme):
    """The blocks without what is said in the page's language: its choice, comments, docstrings, and what is printed."""
    for marker, language, text in blocks(readme):
        text = re.sub(r'  # .*|""".*"""|^language\(.*\n\n|, language$', "", text, flags=re.MULTILINE)
        yield marker, language, "" if marker == "prints" else text


def outline(readme):
    """Levels of the headings, sizes of the tables, pictures; what the benchmarks write stands apart."""
    text = re.sub(r"<!-- benchmarks -->.*<!-- /benchmarks -->", "", readme.read_text(encoding="utf-8"), flags=re.DOTALL)
    text = re.sub(r"^```.*?^```", "```", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^(#+|```|\|(?=.*\|$)|- |!)", text, re.MULTILINE)


@pytest.mark.parametrize("lang", [".md", ".zh.md"])
@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_what_a_page_points_at_exists(page, lang):
    readme = page.with_suffix(lang)
    text = re.sub(r"^```.*?^```", "", readme.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for path, name in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text):
        source = (ROOT / path).read_text(encoding="utf-8")
        assert not name or f"def {name}(" in source
    for link in re.findall(r"\]\((?!http)(.*?)\)", text):
        target = (readme.parent / link).resolve()
        assert target.exists() or (not SOURCE.exists() and target.is_relative_to(SOURCE))


def test_no_paragraph_of_the_chinese_readme_is_english():
    text = READMES[1].read_text(encoding="utf-8")
    text = re.sub(r"^(```.*?^```|<!--.*?-->)", "", text, flags=re.MULTILINE | re.DOTALL)
    paragraphs = [p for p in text.split("\n\n") if re.search(r"\w", p)][2:]  # after the title and the link to English
    assert [p for p in paragraphs if not re.search("[\u4e00-\u9fff]", p)] == []
