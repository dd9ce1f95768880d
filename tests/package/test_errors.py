"""One clear error per mistake: the class that NumPy or PyTorch raises; the op, what it got, the rule and the cure."""

import ast
import copy
import re
import sys
from pathlib import Path

import errors_page
import numpy as np
import pytest
from cases import (  # fmt: skip
    mistakes,
    mistakes_autograd_nn,
    mistakes_compat,
    mistakes_data,
    mistakes_functions,
    mistakes_graph,
    mistakes_models,
    mistakes_types,
)
from cases.mistakes import x
from cases.mistakes_in_numpy_and_pytorch import CALLS

import tinygrad_tf
from tinygrad_tf import Tensor, grad
from tinygrad_tf.autograd.operation import Op
from tinygrad_tf.errors import describe, error, is_explained

TABLES = {
    **mistakes.TABLES, **mistakes_autograd_nn.TABLES, **mistakes_models.TABLES, **mistakes_functions.TABLES,
    **mistakes_graph.TABLES, **mistakes_data.TABLES, **mistakes_compat.TABLES,
    **mistakes_types.TABLES,
}  # fmt: skip
MISTAKES = [(f"{kind}: {name}", *rest) for kind, rows in TABLES.items() for name, *rest in rows]


@pytest.mark.parametrize("call, kind, got, rule, cure", [m[1:] for m in MISTAKES], ids=[m[0] for m in MISTAKES])
def test_a_mistake_is_explained(call, kind, got, rule, cure):
    with pytest.raises(kind) as problem:
        call()
    assert type(problem.value) is kind
    first, second, third = str(problem.value).split("\n")
    assert got in first
    assert second.startswith("  rule: ")
    assert rule in second
    assert third.startswith("  cure: ")
    assert cure in third
    assert is_explained(problem.value)
    assert problem.value.__cause__ is None  # one error, not a chain of them
    assert problem.value.__suppress_context__ or problem.value.__context__ is None


@pytest.mark.filterwarnings("ignore")  # PyTorch's, about other things
@pytest.mark.parametrize("name", CALLS)
def test_the_class_is_that_of_numpy_or_pytorch(name):
    """The same mistake made there raises the same class, or one that is caught with it."""
    kind = next(m[2] for m in MISTAKES if m[0] == name)
    with pytest.raises(kind):
        CALLS[name]()


# ---- the table is whole, and so is the page that is made of it ------------------------------------------------------

#: Their errors need files, programs or much time; they are tested with what they belong to.
ELSEWHERE = {
    "graph", "program", "train", "tasks", "files", "files.py", "contents", "locks", "packing.py",
    "pretrained.py", "folders.py", "hub.py", "placing.py", "parallel",
}  # fmt: skip
ROOT = Path(tinygrad_tf.__file__).parent


def sites():
    """Where the package calls ``error()``."""
    for path in sorted(ROOT.rglob("*.py")):
        part = path.relative_to(ROOT).parts[0].removesuffix(".py")
        if not {part, path.name} & (ELSEWHERE | {"errors"}):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "error":
                    yield str(path), node.lineno


def test_every_message_of_the_package_is_in_the_table(monkeypatch):
    seen = set()

    def noted(*args, **said):
        caller = sys._getframe(1)
        seen.add((caller.f_code.co_filename, caller.f_lineno))
        return error(*args, **said)

    for name, module in list(sys.modules.items()):
        if name.startswith("tinygrad_tf.") and getattr(module, "error", None) is error:
            monkeypatch.setattr(module, "error", noted)
    for _, call, kind, *_ in MISTAKES:
        with pytest.raises(kind):
            call()
    assert [site for site in sites() if site not in seen] == []


def test_every_rule_of_an_op_about_its_inputs_is_in_the_table():
    """What an op expects is said when NumPy refuses its inputs: each such rule is read in some message."""
    modules = [m for name, m in sys.modules.items() if name.startswith("tinygrad_tf.ops")]
    ops = {getattr(f, "op", None) for m in modules for f in vars(m).values()}
    rules = {o.expects[0] for o in ops if isinstance(o, Op) and o.expects}
    said = [errors_page.message(mistake) for mistake in errors_page.all_mistakes()]
    assert {rule for rule in rules if not any(rule in text for text in said)} == set()


def test_the_page_shows_each_call_with_its_message():
    page = errors_page.page()
    mistakes = list(errors_page.all_mistakes())
    assert [f"{m.table}: {m.name}" for m in mistakes] == [m[0] for m in MISTAKES]
    assert page.count("\n### ") == len(mistakes)
    assert (
        "### matmul\n\n```python\nx(2, 3) @ x(2, 3)\n```\n\n```text message\nValueError: matmul got X x (2, 3) "
        "float64, W x (2, 3) float64\n  rule: the last axis of X must equal the second to last of W"
    ) in page
    assert str(Path.cwd()) not in page
    tables = dict.fromkeys(errors_page.title(m.table, "en") for m in mistakes)
    assert page.count("](#") == len(tables)
    assert "[Types by PyTorch's names](#types-by-pytorchs-names)" in page
    assert " )" not in "".join(re.findall(r"shapes (.*)", page))  # where NumPy ends with a space


@pytest.mark.parametrize(
    "name, heading",
    [("a string", "A string"), ("mT of a row", "mT of a row"), ("astype to text", "astype to text"),
     ("more functions: shapes", "More functions: shapes"), ("moveaxis of two", "moveaxis of two")],
)  # fmt: skip
def test_a_heading_begins_with_a_capital_unless_that_is_code(name, heading):
    assert errors_page.title(name, "en") == heading


def test_the_page_tells_of_no_address():
    """Where an object lay in memory is different each time, and says nothing."""
    assert " at 0x" not in errors_page.page().lower()


def test_the_page_is_there_in_chinese():
    """Each title that is no name of a function, and each message."""
    page = errors_page.page("zh")
    titles = [line.split(" ", 1)[1] for line in page.splitlines() if line.startswith(("## ", "### "))]
    assert [t for t in titles if not re.search("[\u3400-\u9fff]", t) and not re.fullmatch(r"[\w.]+", t)] == []
    assert page.count("\n  规则：") == page.count("\n  改法：") == len(MISTAKES)
    names = {m.table for m in errors_page.all_mistakes()} | {m.name for m in errors_page.all_mistakes()}
    assert errors_page.TITLES.keys() - names == set()


def test_the_code_on_the_page_is_what_is_run():
    for mistake in errors_page.all_mistakes():
        names = dict(mistake.call.__globals__)
        with pytest.raises(mistake.kind):
            exec(compile(mistake.code, "page", "exec"), names)


# ---- nothing was changed --------------------------------------------------------------------------------------------

A, W = x(2, 3), x(3, 2)
FAILS = {
    "an op": lambda y: y @ x(5),
    "backward of several entries": lambda y: y.backward(),
    "backward with another shape": lambda y: y.backward(np.ones(3)),
    "grad of another input": lambda y: grad(y.sum(), [A, Tensor([1.0])]),
    "writing": lambda y: y.__setitem__(0, np.ones(5)),
    "a copy": copy.deepcopy,
}


@pytest.mark.parametrize("fail", FAILS.values(), ids=FAILS)
def test_a_failed_call_changes_nothing(fail):
    A.grad = W.grad = None
    y = A @ W
    before = [t.array.copy() for t in (A, W, y)]
    with pytest.raises((ValueError, RuntimeError, TypeError)):
        fail(y)
    for t, data in zip((A, W, y), before, strict=True):
        np.testing.assert_array_equal(t.array, data)
        assert t.grad is None
    y.sum().backward()  # the graph is still there
    np.testing.assert_array_equal(W.grad.array, A.array.T @ np.ones((2, 2)))


def test_a_second_backward_leaves_the_gradients_of_other_parts_alone():
    a = x(2)
    y = a.sum()
    y.backward()
    before = a.grad.tolist()
    with pytest.raises(RuntimeError, match="freed"):
        (y + (a * 2).sum()).backward()
    assert a.grad.tolist() == before


# ---- the formatter --------------------------------------------------------------------------------------------------


def test_error_is_the_class_asked_for_with_op_got_rule_and_cure():
    problem = error(KeyError, "op", got={"X": Tensor([1.0], name="X0")}, rule="the rule", cure="the cure")
    assert type(problem) is KeyError
    assert problem.args[0] == "op got X X0 (1,) float32\n  rule: the rule\n  cure: the cure"


@pytest.mark.parametrize(
    "value, text",
    [(np.ones((2, 3)), "(2, 3) float64"), (Tensor(np.array([1]), name="ids"), "ids (1,) int64"),
     ("as it is", "as it is"), (3, "3"),
     (list(range(100)), repr(list(range(100)))[:57] + "..."), (10**5000, "of type int")],
    ids=["array", "Tensor", "text", "number", "long", "a number too long for Python"],
)  # fmt: skip
def test_describe(value, text):
    assert describe(value) == text


def test_other_errors_are_not_called_explained():
    assert not is_explained(ValueError("no"))
