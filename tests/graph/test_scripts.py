"""The page's scripts without a browser: they fit together, and what they compute is right (page/*.test.js, by Node)."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from graphs import GRAPHS, dates

from tinygrad_tf.graph import explore, page
from tinygrad_tf.graph.page import script

TESTS = Path(__file__).parent / "page"
SOURCES = TESTS.parents[2] / "tinygrad_tf" / "graph" / "page"

# ---- put together ---------------------------------------------------------------------------------------------------

A = 'import { two } from "./b.js";\nexport function four() {\n  return 2 * two;\n}\n'
B = "// why\nexport const two = 2;\n"


def test_modules_are_one_script_in_the_order_of_their_imports():
    files = {"js/a.js": A, "js/b.js": B}
    assert script.put_together("js/a.js", files.__getitem__).split("\n") == [
        '"use strict";', "const two = 2;", "function four() {", "return 2 * two;", "}",
    ]  # fmt: skip


def test_a_json_is_a_constant():
    files = {"js/a.js": 'import T from "../t.json" with { type: "json" };\nT.x;', "t.json": '{"x": 1}'}
    assert script.put_together("js/a.js", files.__getitem__) == '"use strict";\nconst T = {"x": 1};\nT.x;'


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"b.js": 'import { four } from "./a.js";\nexport const two = four;'}, "a.js → b.js → a.js"),
        ({}, "a.js got an import of two from b.js\n  rule: the file must be there"),
        ({"b.js": "export const three = 3;"}, "an import of two from b.js\n  rule: that exports three"),
        ({"b.js": "const two = 2;"}, "an import of two from b.js\n  rule: that exports nothing"),
        ({"b.js": B + "function four() {}"}, "a second four"),
        ({"b.js": B + "export default two;"}, "b.js got export default two;"),
        ({"b.js": B + 'export { two } from "./c.js";'}, "b.js got export { two }"),
        ({"b.js": 'import * as c from "./c.js";\n' + B}, "b.js got import * as c"),
        ({"b.js": 'import { c as d } from "left-pad";\n' + B}, "b.js got import { c as d }"),
    ],
    ids=["circle", "no file", "no export", "no exports", "twice", "default", "passed on", "star", "package"],
)
def test_what_does_not_fit_together_is_refused(files, message):
    files = {"a.js": A, **files}
    with pytest.raises(ImportError) as problem:
        script.put_together("a.js", files.__getitem__)
    assert message in str(problem.value)


def test_all_scripts_fit_together_and_all_are_in_the_page():
    modules = script.in_order(page.START, page.read)
    script.check(modules)
    folder = Path(page.__file__).parent
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*.js")}
    assert {m.path for m in modules if m.path.endswith(".js")} == written


# ---- what they compute ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def node():
    """Node, which runs the scripts; where ``CI`` is set its absence is a failure."""
    if not SOURCES.is_dir():
        pytest.skip("the package is installed elsewhere, and these tests import the scripts that lie beside them")
    program = shutil.which("node")
    if program is None:
        assert not os.environ.get("CI"), "there is no node, and in CI the page's scripts must be tested"
        pytest.skip("there is no node here: apt install nodejs")
    return program


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder with the data of a page of each graph."""
    folder = tmp_path_factory.mktemp("data")
    for name, make in {**GRAPHS, "dates": dates}.items():
        explore(make()[0], nudge=0).save(folder / f"{name}.json")
    return folder


@pytest.mark.parametrize("file", sorted(TESTS.glob("*.test.js")), ids=lambda path: path.name)
def test_scripts(node, data, file):
    command = [node, "--no-warnings", "--test", "--test-reporter=tap", file]
    ran = subprocess.run(command, env={**os.environ, "PAGE_DATA": str(data)}, capture_output=True, encoding="utf-8")
    assert ran.returncode == 0, failures(ran.stdout)


def failures(report):
    """What Node reports, less what passed."""
    blocks = report.split("# Subtest: ")
    return "\n".join([block for block in blocks if "\nnot ok" in block or "\n    not ok" in block] or [report])
