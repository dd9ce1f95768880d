"""One clear error per mistake: the class that NumPy or PyTorch raises; the op, what it got, the rule and the cure."""

import copy

import numpy as np
import pytest
from cases.mistakes import MISTAKES, x
from cases.surface_mistakes import SURFACE_MISTAKES

from tinygrad_tf import Tensor, grad
from tinygrad_tf.errors import describe, error, is_explained

ALL = [*MISTAKES, *SURFACE_MISTAKES]


@pytest.mark.parametrize("call, kind, got, rule, cure", [m[1:] for m in ALL], ids=[m[0] for m in ALL])
def test_a_mistake_is_explained(call, kind, got, rule, cure):
    with pytest.raises(kind) as problem:
        call()
    first, second, third = str(problem.value).split("\n")
    assert got in first
    assert second.startswith("  rule: ")
    assert rule in second
    assert third.startswith("  cure: ")
    assert cure in third
    assert is_explained(problem.value)
    assert problem.value.__cause__ is None  # one error, not a chain of them
    assert problem.value.__suppress_context__ or problem.value.__context__ is None


# ---- nothing was changed --------------------------------------------------------------------------------------------

A, W = x(2, 3), x(3, 2)
FAILS = {
    "an op": lambda y: y @ x(5),
    "backward of several entries": lambda y: y.backward(),
    "backward with another shape": lambda y: y.backward(np.ones(3)),
    "grad of another input": lambda y: grad(y.sum(), [A, Tensor([1.0])]),
    "writing": lambda y: y.__setitem__(0, 1.0),
    "a copy": copy.deepcopy,
}


@pytest.mark.parametrize("fail", FAILS.values(), ids=FAILS)
def test_a_failed_call_changes_nothing(fail):
    A.grad = W.grad = None
    y = A @ W
    before = [t.data.copy() for t in (A, W, y)]
    with pytest.raises((ValueError, RuntimeError, TypeError)):
        fail(y)
    for t, data in zip((A, W, y), before, strict=True):
        np.testing.assert_array_equal(t.data, data)
        assert t.grad is None
    y.sum().backward()  # the graph is still there
    np.testing.assert_array_equal(W.grad.data, A.data.T @ np.ones((2, 2)))


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
    problem = error(KeyError, "op", {"X": Tensor([1.0], name="X0")}, "the rule", "the cure")
    assert type(problem) is KeyError
    assert problem.args[0] == "op got X X0 (1,) float32\n  rule: the rule\n  cure: the cure"


@pytest.mark.parametrize(
    "value, text",
    [(np.ones((2, 3)), "(2, 3) float64"), (Tensor([1], name="ids"), "ids (1,) int64"), ("as it is", "as it is"), (3,
     "3"),
     (list(range(100)), repr(list(range(100)))[:57] + "...")],
    ids=["array", "Tensor", "text", "number", "long"],
)  # fmt: skip
def test_describe(value, text):
    assert describe(value) == text


def test_other_errors_are_not_called_explained():
    assert not is_explained(ValueError("no"))
