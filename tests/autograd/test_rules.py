"""Rules: which of their lines run, and how they may be written."""

import inspect

import numpy as np
import pytest

from tinygrad_tf import Tensor, grad
from tinygrad_tf.autograd.operation import op

ran: list[str] = []


def spy(name, value):
    """``value``; and it is noted that this line of a rule has run."""
    ran.append(name)
    return value


@pytest.fixture(autouse=True)
def nothing_ran():
    ran.clear()


def leaf(*values):
    return Tensor(np.array(values), requires_grad=True)


# ---- which lines run -------------------------------------------------------------------------------------------------


@op
def product(X, W, b=None):
    Y = X * W
    return Y if b is None else Y + b


@product.rule
def d_product(dY, Y, X, W, b=None):
    """A docstring does not disturb."""
    shared = spy("shared", dY * 1)
    dX = spy("dX", shared * W)
    dW = spy("dW", shared * X)
    db = spy("db", dY)
    return dX, dW, db


@pytest.mark.parametrize(
    "wanted, lines",
    [("X", ["shared", "dX"]), ("W", ["shared", "dW"]), ("b", ["db"]), ("XW", ["shared", "dX", "dW"]),
     ("Xb", ["shared", "dX", "db"])],
)  # fmt: skip
@pytest.mark.parametrize("create_graph", [False, True], ids=["arrays", "Tensors"])
def test_only_the_lines_that_a_wanted_gradient_needs_are_run(wanted, lines, create_graph):
    inputs = {name: Tensor([float(i + 2)], requires_grad=name in wanted) for i, name in enumerate("XWb")}
    y = product(*inputs.values())
    grad(y, [inputs[name] for name in wanted], create_graph=create_graph)
    assert ran == lines


def test_an_input_that_is_not_asked_for_costs_nothing():
    X, W = leaf(2.0), leaf(3.0)
    grad(product(X, W), W)  # X requires a gradient, but grad() was not asked for it
    assert ran == ["shared", "dW"]


class Counted(np.ndarray):
    """An array that notes its matrix products."""

    def __matmul__(self, other):
        return np.asarray(self) @ spy("@", np.asarray(other))


def test_matmul_does_not_compute_what_nobody_wants():
    W = leaf([1.0, 0.0], [0.0, 1.0])
    matmul = (np.eye(2) @ W).op
    X, dY = np.eye(2).view(Counted), np.eye(2).view(Counted)
    dX, dW = matmul.backward.slice((False, True))(dY, None, X, W.array)
    assert dX is None
    np.testing.assert_array_equal(dW, np.eye(2))
    assert ran == ["@"]


def test_sliced_rule_keeps_its_place_in_the_source():
    sliced = product.op.backward.slice((False, True, False))
    whole = d_product.__code__
    assert sliced.__code__.co_filename == whole.co_filename
    assert whole.co_firstlineno <= sliced.__code__.co_firstlineno <= whole.co_firstlineno + 1
    lines = {number for *_, number in sliced.__code__.co_lines() if number}
    source = inspect.getsource(d_product).splitlines()
    assert any("dW = spy" in source[number - whole.co_firstlineno] for number in lines)


# ---- what a rule may look like ---------------------------------------------------------------------------------------


def twice_and_thrice(rule):
    """The gradients (2, 3) of Y = 2X + 3W, by this rule."""
    made = op(lambda X, W: 2 * X + 3 * W)
    made.rule(rule)
    X, W = leaf(1.0), leaf(1.0)
    return [d.item() for d in grad(made(X, W), (X, W))], [d.item() for d in (grad(made(X, W), X), grad(made(X, W), W))]


def by_return(dY, Y, X, W):
    return 2 * dY, 3 * dY


def by_list(dY, Y, X, W):
    return [2 * dY, 3 * dY]


def by_name(dY, Y, X, W):
    both = (2 * dY, 3 * dY)
    return both


def by_unpacking(dY, Y, X, W):
    dX, dW = 2 * dY, 3 * dY
    return dX, dW


def by_writing_into(dY, Y, X, W):
    dX = np.zeros_like(X)
    dX[...] = 2 * dY
    dW = np.zeros_like(W)
    np.add.at(dW, [0], 3 * dY)
    return dX, dW


def by_parts(dY, Y, X, W):
    dX = dY
    dX = dX + dY
    dW = dY
    dW = dW + 2 * dY
    return dX, dW


def by_branches(dY, Y, X, W):
    if dY.ndim == 1:
        dX = 2 * dY
        dW = 3 * dY
    else:
        dX = dW = None
    return dX, dW


def by_two_returns(dY, Y, X, W):
    if dY.ndim == 1:
        return 2 * dY, 3 * dY
    return None, None


def by_a_loop(dY, Y, X, W):
    dX, dW = 0 * dY, dY
    for _ in range(2):
        dX = dX + dY
        dW = dW + dY
    return dX, dW


def by_helper(dY, Y, X, W):
    def times(k):
        return k * dY

    dX = times(2)
    dW = times(3)
    return dX, dW


def by_import(dY, Y, X, W):
    import operator

    dX = operator.mul(2, dY)
    dW = operator.mul(3, dY)
    return dX, dW


def by_walrus(dY, Y, X, W):
    dX = 2 * (same := dY)
    dW = 3 * same
    return dX, dW


def by_with(dY, Y, X, W):
    with np.errstate(all="ignore"):
        dX = 2 * dY
        dW = 3 * dY
    return dX, dW


def by_augmenting(dY, Y, X, W):
    dX = dY * 1
    dX += dY
    dW = dY * 2
    dW += dY
    return dX, dW


def by_spreading(dY, Y, X, W):
    dXs = [2 * dY, 3 * dY]
    return (*dXs,)


def made_without_source():
    made: dict = {}
    exec("def rule(dY, Y, X, W):\n    dX = 2 * dY\n    dW = 3 * dY\n    return dX, dW", made)
    return made["rule"]


def made_as_a_closure():
    k = 2

    def rule(dY, Y, X, W):
        dX = k * dY
        dW = (k + 1) * dY
        return dX, dW

    return rule


RULES = [
    by_return, by_list, by_name, by_unpacking, by_writing_into, by_parts, by_branches, by_two_returns, by_a_loop,
    by_helper, by_import, by_walrus, by_with, by_augmenting, by_spreading, made_without_source(), made_as_a_closure(),
    lambda dY, Y, X, W: (2 * dY, 3 * dY),
]  # fmt: skip
NAMES = [*[rule.__name__ for rule in RULES[:-3]], "without source", "a closure", "a lambda"]


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_a_rule_may_be_written_in_any_way(rule):
    assert twice_and_thrice(rule) == ([2.0, 3.0], [2.0, 3.0])


def test_a_rule_of_one_input_may_return_its_gradient_alone_or_in_a_tuple():
    for rule in (lambda dY, Y, X: 2 * dY, lambda dY, Y, X: (2 * dY,)):
        double = op(lambda X: 2 * X)
        double.rule(rule)
        x = leaf(1.0)
        assert grad(double(x), x).tolist() == [2.0]


def test_a_rule_gives_too_few_gradients():
    def rule(dY, Y, X, W):
        dX = dY
        return dX

    with pytest.raises(RuntimeError, match=r"gradient rule of <lambda> got 2 inputs and returned 1\n"):
        twice_and_thrice(rule)


def test_a_rule_gives_a_gradient_of_another_shape():
    wrong = op(lambda X: X * 2)
    wrong.rule(lambda dY, Y, X: np.ones(3))
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match="in its input's shape"):
        wrong(x).backward([1.0, 1.0])
    assert x.grad is None


def test_none_sends_nothing():
    x, w = leaf(2.0), leaf(3.0)
    first = op(lambda X, W: X * W)
    first.rule(lambda dY, Y, X, W: (dY * W, None))
    first(x, w).backward()
    assert (x.grad.tolist(), w.grad) == ([3.0], None)


def test_the_engine_sums_over_stretched_axes_and_keeps_the_dtype():
    stretch = op(lambda X, W: X + W)
    stretch.rule(lambda dY, Y, X, W: (dY, dY))
    x, w = Tensor(np.ones((2, 1), np.float32), requires_grad=True), Tensor(np.ones((3, 2, 4)), requires_grad=True)
    stretch(x, w).backward(np.ones((3, 2, 4)))
    np.testing.assert_array_equal(x.grad.array, np.full((2, 1), 12, np.float32), strict=True)
