"""Op and Rule: what is called how, which lines of a rule run, and what a rule may look like."""

import inspect

import numpy as np
import pytest
from cases import as_list

from tinygrad_tf import Tensor, grad, gradcheck, no_grad
from tinygrad_tf.op import Op, op
from tinygrad_tf.ops import arithmetic, exponential, fused, reduction
from tinygrad_tf.tensor import FUNCTIONS

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


# ---- which lines run ------------------------------------------------------------------------------------------------


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
    dX, dW = matmul.backward.slice((False, True))(dY, None, X, W.data)
    assert dX is None
    np.testing.assert_array_equal(dW, np.eye(2))
    assert ran == ["@"]


def test_sliced_rule_keeps_its_place_in_the_source():
    sliced = product.backward.slice((False, True, False))
    whole = d_product.__code__
    assert sliced.__code__.co_filename == whole.co_filename
    assert whole.co_firstlineno <= sliced.__code__.co_firstlineno <= whole.co_firstlineno + 1
    lines = {number for *_, number in sliced.__code__.co_lines() if number}
    source = inspect.getsource(d_product).splitlines()
    assert any("dW = spy" in source[number - whole.co_firstlineno] for number in lines)


# ---- what a rule may look like --------------------------------------------------------------------------------------


def twice_and_thrice(rule):
    """The gradients (2, 3) of Y = 2X + 3W, by this rule."""
    made = Op(lambda X, W: 2 * X + 3 * W)
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
        double = Op(lambda X: 2 * X)
        double.rule(rule)
        x = leaf(1.0)
        assert grad(double(x), x).tolist() == [2.0]


def test_a_rule_gives_too_few_gradients():
    def rule(dY, Y, X, W):
        dX = dY
        return dX

    with pytest.raises(ValueError, match=r"gradient rule of <lambda> got 2 inputs and returned 1\n"):
        twice_and_thrice(rule)


def test_a_rule_gives_a_gradient_of_another_shape():
    wrong = Op(lambda X: X * 2)
    wrong.rule(lambda dY, Y, X: np.ones(3))
    x = leaf(1.0, 2.0)
    with pytest.raises(ValueError, match="a gradient has its input's shape"):
        wrong(x).backward([1.0, 1.0])
    assert x.grad is None


def test_none_sends_nothing():
    x, w = leaf(2.0), leaf(3.0)
    first = Op(lambda X, W: X * W)
    first.rule(lambda dY, Y, X, W: (dY * W, None))
    first(x, w).backward()
    assert (x.grad.tolist(), w.grad) == ([3.0], None)


def test_the_engine_sums_over_stretched_axes_and_keeps_the_dtype():
    stretch = Op(lambda X, W: X + W)
    stretch.rule(lambda dY, Y, X, W: (dY, dY))
    x, w = Tensor(np.ones((2, 1), np.float32), requires_grad=True), Tensor(np.ones((3, 2, 4)), requires_grad=True)
    stretch(x, w).backward(np.ones((3, 2, 4)))
    np.testing.assert_array_equal(x.grad.data, np.full((2, 1), 12, np.float32), strict=True)


# ---- calling an op --------------------------------------------------------------------------------------------------


def test_arrays_in_an_array_out():
    assert type(exponential.exp(np.zeros(2))) is np.ndarray
    assert type(fused.softmax(np.zeros((2, 2)))) is np.ndarray


def test_a_tensor_among_the_inputs_gives_a_tensor():
    y = arithmetic.add(np.ones(2), Tensor([1.0, 2.0]))
    assert isinstance(y, Tensor)
    assert not y.requires_grad


def test_the_tensor_is_the_graph():
    x, w = leaf(1.0, 2.0), leaf(3.0)
    y = x * w
    assert (y.op.name, [t is s for t, s in zip(y.inputs, (x, w), strict=True)]) == ("multiply", [True, True])
    assert [t is x for t in (x * x).inputs] == [True, True]
    assert y.number > w.number > x.number


def test_params_are_recorded_with_their_defaults():
    assert leaf(1.0, 2.0).sum(0).params == {"axis": 0, "keepdims": False}


@pytest.mark.parametrize(
    "call",
    [lambda x: reduction.sum(x, 1, True), lambda x: reduction.sum(x, axis=1, keepdims=True),
     lambda x: reduction.sum(x, dim=1, keepdim=True), lambda x: reduction.sum(x, 1, keepdim=True),
     lambda x: reduction.sum(X=x, axis=[1], keepdims=True), lambda x: x.sum(-1, keepdim=True)],
    ids=["positional", "NumPy", "PyTorch", "mixed", "all by name", "method"],
)  # fmt: skip
def test_arguments_may_be_given_in_many_ways(call):
    assert call(Tensor([[1.0, 2.0], [3.0, 4.0]])).tolist() == [[3.0], [7.0]]


#: What each function that takes an axis needs besides.
AXIS = {
    **dict.fromkeys(["all", "amax", "amin", "any", "argmax", "argmin", "argsort", "cummax", "cumprod", "cumsum"], ()),
    **dict.fromkeys(["expand_dims", "flip", "log_softmax", "logsumexp", "max", "mean", "min", "norm", "prod"], ()),
    **dict.fromkeys(["size", "softmax", "sort", "squeeze", "std", "sum", "var"], ()),
    "chunk": (2,), "split": (1,), "roll": (1,), "repeat_interleave": (2,), "take": ([0],), "topk": (1,),
    "take_along_axis": (np.array([[0], [1]]),),
}  # fmt: skip
JOIN = ["concatenate", "stack"]
#: Their axis comes first, then more.
NAMED_DIM = {
    "gather": {"index": [[0], [0]]}, "index_select": {"index": [0]}, "unflatten": {"sizes": (1, -1)},
    "scatter": {"index": [[0], [0]], "src": 5.0}, "scatter_add": {"index": [[0], [0]], "src": 5.0},
}  # fmt: skip


def same(a, b):
    for x, y in zip(as_list(a), as_list(b), strict=True):
        np.testing.assert_array_equal(x.data if isinstance(x, Tensor) else x, y.data if isinstance(y, Tensor) else y)


@pytest.mark.parametrize("name", AXIS)
def test_dim_is_axis_everywhere(name):
    x = Tensor(np.array([[3.0], [1.0]] if name == "squeeze" else [[3.0, 0.0], [1.0, 2.0]]))
    by_dim = FUNCTIONS[name](x, *AXIS[name], dim=1)
    by_axis = FUNCTIONS[name](x, *AXIS[name], axis=1)
    same(by_dim.values if name in ("max", "min") else by_dim, by_axis)


@pytest.mark.parametrize("name", NAMED_DIM)
def test_axis_is_dim_everywhere(name):
    x = Tensor(np.array([[3.0, 0.0], [1.0, 2.0]]))
    same(FUNCTIONS[name](x, axis=1, **NAMED_DIM[name]), FUNCTIONS[name](x, dim=1, **NAMED_DIM[name]))


@pytest.mark.parametrize("name", JOIN)
def test_dim_is_axis_for_joining(name):
    x = Tensor([[1.0, 2.0]])
    same(FUNCTIONS[name]([x, x], dim=1), FUNCTIONS[name]([x, x], axis=1))


@pytest.mark.parametrize("name", ["sum", "mean", "var", "std", "prod", "amax", "amin", "max", "argmax", "all", "any",
                                  "logsumexp", "norm"])  # fmt: skip
def test_keepdim_is_keepdims_everywhere(name):
    x = Tensor(np.ones((2, 3)))
    by_dim, by_axis = FUNCTIONS[name](x, dim=0, keepdim=True), FUNCTIONS[name](x, axis=0, keepdims=True)
    assert as_list(by_dim)[0].shape == by_axis.shape == (1, 3)


def test_an_axis_given_twice_is_refused():
    x = Tensor(np.ones((2, 3)))
    with pytest.raises(TypeError):
        FUNCTIONS["std"](x, axis=0, dim=0)


def test_every_function_with_an_axis_is_in_these_tests():
    named = {n: set(inspect.signature(f).parameters) for n, f in FUNCTIONS.items() if "." not in n}
    with_axis = {n for n, names in named.items() if {"axis", "dim"} & names}
    assert with_axis == {*AXIS, *JOIN, *NAMED_DIM}


# ---- names ----------------------------------------------------------------------------------------------------------


def test_an_op_of_ones_own_does_not_replace_the_engines():
    @op
    def exp(X):
        return X * 100

    assert FUNCTIONS["exp"] is exponential.exp
    assert Tensor(0.0).exp().item() == 1.0
    assert exp(Tensor(1.0)).item() == 100.0


def test_an_op_of_ones_own_is_found_by_numpy_and_checked():
    @op
    def cbrt(X):
        return np.cbrt(X)

    @cbrt.rule
    def d_cbrt(dY, Y, X):
        dX = dY / (3 * Y * Y)
        return dX

    try:
        assert np.cbrt(Tensor(8.0)).item() == pytest.approx(2.0)
        assert gradcheck(cbrt, leaf(1.0, 2.0, 8.0))
    finally:
        del FUNCTIONS["cbrt"]


def test_a_result_that_is_no_float_records_nothing():
    x = leaf(1.5)
    assert not x.long().requires_grad
    assert not (x > 1).requires_grad
    assert not x.argmax().requires_grad


def test_nothing_is_recorded_under_no_grad():
    with no_grad():
        y = fused.softmax(leaf(1.0, 2.0))
    assert (y.op, y.inputs, y.saved) == (None, (), None)
