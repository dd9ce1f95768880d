"""A rule runs, and is shown, as it was loaded, whatever has become of its file since."""

import importlib.util
import linecache

import pytest

from tinygrad_tf import Tensor
from tinygrad_tf.autograd.rule import source_tree
from tinygrad_tf.formula import gradient_formula

MODULE = """
from tinygrad_tf import op


@op
def cube(X):
    return X * X * X


@cube.rule
def d_cube(dY, Y, X):
    return 3 * dY * X * X


def threefold(X):
    return 3 * X


@op
def twice(X):
    return X + X


@twice.rule
def d_twice(dY, Y, X, by=(lambda v: v * 2)):
    dX = by(dY)
    return dX
"""

EDITS = {
    "lines above": lambda text: "# one\n# two\n# three\n" + text,
    "an op above is gone": lambda text: text.replace(text[text.index("@op\ndef cube") : text.index("@op\ndef tw")], ""),
    "another number": lambda text: text.replace("3 * dY", "4 * dY"),
    "another operator": lambda text: text.replace("3 * dY", "3 + dY"),
    "another name": lambda text: text.replace("X", "W"),
    "no Python any more": lambda text: "def (" + text,
    "empty": lambda text: "",
}


@pytest.fixture
def loaded(tmp_path):
    """The module above and its file, imported and not yet used."""
    path = tmp_path / "edited.py"
    path.write_text(MODULE)
    spec = importlib.util.spec_from_file_location("edited", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module, path


def slope(f):
    x = Tensor(2.0, requires_grad=True)
    f(x).backward()
    return x.grad.item()


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_the_rule_that_was_loaded_runs(edit, loaded):
    module, path = loaded
    path.write_text(edit(MODULE))
    assert slope(module.cube) == 12
    assert slope(module.twice) == 2


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_a_formula_is_that_of_the_rule_that_was_loaded_or_none(edit, loaded):
    module, path = loaded
    before = str(gradient_formula(module.cube(Tensor([2.0], requires_grad=True)), 0))
    path.write_text(edit(MODULE))
    source_tree.cache_clear()
    after = gradient_formula(module.cube(Tensor([2.0], requires_grad=True)), 0)
    assert str(after) == before or "has changed" in after.note


@pytest.mark.parametrize("change", [("3 * X", "4 * X"), ("3 * X", "3 + X"), ("def twice", "def (")])
def test_a_function_that_a_rule_calls_is_read_only_as_it_was_loaded(change, loaded):
    module, path = loaded
    path.write_text(MODULE.replace(*change))
    linecache.checkcache(str(path))  # as every traceback that is printed does
    with pytest.raises(OSError, match="has changed"):
        source_tree(module.threefold)


def test_an_unchanged_file_is_read(loaded):
    module, path = loaded
    path.write_text(MODULE)  # touched, and the same
    assert str(gradient_formula(module.cube(Tensor([2.0], requires_grad=True)), 0)) == "dX = 3 · dY ⊙ X ⊙ X"


def test_a_function_with_a_lambda_as_default_is_not_taken_for_it(loaded):
    assert slope(loaded[0].twice) == 2


def test_every_rule_of_the_package_is_read():
    from cases import engine_ops

    rules = [o.backward.function for o in engine_ops() if o.backward is not None]
    assert len(rules) > 30
    for rule in rules:
        assert source_tree(rule).name == rule.__name__


def test_a_function_within_a_function_is_read():
    factor = 3

    def inner(X):
        return X * factor

    assert source_tree(inner).name == "inner"


def test_a_function_whose_file_is_no_python_has_no_source(tmp_path):
    file, names = tmp_path / "notes.md", {}
    file.write_text("a folder, .venv\\Scripts\n" * 3, encoding="utf-8")
    exec(compile("\n\ndef f(x):\n    return x\n", str(file), "exec"), names)
    with pytest.raises(OSError, match="Python keeps none"):
        source_tree(names["f"])
