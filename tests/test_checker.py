"""The checker is checked: a rule or a kernel that is wrong by a thousandth does not get past gradcheck."""

import re

import numpy as np
import pytest
from cases import CASES, engine_ops
from cases.fused import CASES as FUSED

from tinygrad_tf import Tensor, grad, gradcheck, language, ops
from tinygrad_tf.autograd.operation import Op, op
from tinygrad_tf.autograd.rule import Rule
from tinygrad_tf.autograd.walk import reachable
from tinygrad_tf.kernels import Kernel

ROWS = [c for c in CASES if c.differentiable and c.order]


def ops_of(case) -> list[Op]:
    return sorted({t.op for t in reachable(case.run()[1]) if t.op is not None}, key=lambda o: o.name)


def scaled(function):
    """``function``, its gradients a thousandth too large."""

    def wrong(*args, **params):
        gradients = function(*args, **params)
        if not isinstance(gradients, (tuple, list)):
            return gradients * 1.001
        return [None if dX is None else dX * 1.001 for dX in gradients]

    return wrong


class Wrong(Rule):
    """A rule whose gradients are a thousandth too large."""

    __slots__ = ()

    def slice(self, needs):
        return scaled(super().slice(needs))


def gradients(case, by_rule):
    """Of the row's outputs, weighted as gradcheck weights them; by the rules alone or with kernels."""
    inputs, outputs = case.run()
    xs, ys = [x for x in inputs if x.requires_grad], [y for y in outputs if y.dtype.kind == "f"]
    rng = np.random.default_rng(1)
    return grad(ys, xs, [rng.standard_normal(y.shape) for y in ys], create_graph=by_rule)


def shows(case, o, attribute, wrong, monkeypatch):
    """Whether a wrong rule changes the gradients of the row at all, by more than gradcheck lets pass.

    Some do not: what floor sends is 0, and so is, for a variance, what the mean inside it sends.
    """
    by_rule = attribute == "backward"
    right = gradients(case, by_rule)
    with monkeypatch.context() as patch:
        patch.setattr(o, attribute, wrong)
        changed = gradients(case, by_rule)
    pairs = [(a.array, b.array) for a, b in zip(changed, right, strict=True)]
    return any((np.abs(a - b) > 1e-6 + 1e-4 * np.abs(b)).any() for a, b in pairs)


def first_that_shows(o, rows, attribute, wrong, monkeypatch):
    """The first row of the table in which the wrong rule changes much; those of the op's own name come first."""
    for case in sorted(rows, key=lambda c: c.op != o.name):
        if o in ops_of(case) and shows(case, o, attribute, wrong, monkeypatch):
            return case
    raise AssertionError(f"no row of the table shows that {o.name} is wrong")


#: Their rule sends zeros, of which a thousandth more is nothing.
STEPS = {"sign", "floor", "ceil", "trunc", "round"}
RULES = sorted((o for o in engine_ops() if o.backward is not None and o.name not in STEPS), key=lambda o: o.name)


@pytest.mark.parametrize("o", RULES, ids=lambda o: o.name)
def test_a_rule_wrong_by_a_thousandth_is_caught(o, monkeypatch):
    wrong = Wrong(o.backward.function)
    case = first_that_shows(o, ROWS, "backward", wrong, monkeypatch)
    monkeypatch.setattr(o, "backward", wrong)
    with pytest.raises(AssertionError, match=r"gradcheck.*derivative 1"):
        gradcheck(case.ours, *case.tensors(), order=1)


@pytest.mark.parametrize("o", [o for o in RULES if o.kernel is not None], ids=lambda o: o.name)
def test_a_kernel_wrong_by_a_thousandth_is_caught(o, monkeypatch):
    wrong = Kernel(o.kernel.forward, scaled(o.kernel.backward))
    case = first_that_shows(o, [c for c in FUSED if c in ROWS], "kernel", wrong, monkeypatch)
    monkeypatch.setattr(o, "kernel", wrong)
    with pytest.raises(AssertionError, match="derivative 1, with kernels"):
        gradcheck(case.ours, *case.tensors(), order=1)


# ---- what else it must see, and say ---------------------------------------------------------------------------------


def with_rule(forward, rule) -> Op:
    made = op(forward)
    made.rule(rule)
    return made


def leaf(*values, **traits):
    return Tensor(np.array(values), requires_grad=True, **traits)


def test_a_right_rule_passes():
    square = with_rule(lambda X: X * X, lambda dY, Y, X: 2 * dY * X)
    assert gradcheck(square, leaf(1.0, -2.0), order=4) is True


def test_a_rule_that_treats_its_input_as_a_constant_is_caught_in_the_second_derivative():
    constant = lambda X: X.array if isinstance(X, Tensor) else X
    square = with_rule(lambda X: X * X, lambda dY, Y, X: 2 * dY * constant(X))
    assert gradcheck(square, leaf(1.0, -2.0), order=1)
    with pytest.raises(AssertionError, match="derivative 2"):
        gradcheck(square, leaf(1.0, -2.0))


def test_a_mistake_in_the_third_derivative_is_caught_there():
    constant = lambda X: X.array if isinstance(X, Tensor) else X
    slope = with_rule(lambda X: 3 * X * X, lambda dY, Y, X: 6 * dY * constant(X))
    cube = with_rule(lambda X: X * X * X, lambda dY, Y, X: dY * slope(X))
    assert gradcheck(cube, leaf(1.0, -2.0), order=2)
    with pytest.raises(AssertionError, match="derivative 3"):
        gradcheck(cube, leaf(1.0, -2.0), order=3)


def test_one_wrong_entry_is_named_with_both_values():
    factors = np.ones((2, 3))
    factors[1, 2] = 1.001
    double = with_rule(lambda X: 2 * X, lambda dY, Y, X: 2 * dY * factors)

    def my_function(k, W):
        return double(W).sum()

    W = Tensor(np.ones((2, 3)), requires_grad=True, name="W")
    w = np.random.default_rng(1).standard_normal()  # the weight of the only output
    with pytest.raises(AssertionError) as problem:
        gradcheck(my_function, 3, W)
    said = re.fullmatch(
        r"gradcheck\(my_function\) got input 1 \(W\) of shape \(2, 3\), derivative 1, with kernels: in entry \(1, 2\) "
        r"(\S+), but nudging it by ±1e-05 gives (\S+)\n  rule: .*; 1 of 6 entries do not\n  cure: .*",
        str(problem.value),
    )
    assert [float(value) for value in said.groups()] == pytest.approx([2.002 * w, 2 * w])


def test_what_it_says_is_all_chinese_where_that_is_chosen():
    wrong = with_rule(lambda X: 2 * X, lambda dY, Y, X: 3 * dY)
    with language("zh"), pytest.raises(AssertionError) as problem:
        gradcheck(wrong, Tensor([1.0], requires_grad=True, name="W"))
    assert "输入 0 (W)，形状 (1,)，1 阶导数（用内核计算）：元素 (0,) 处是" in str(problem.value)


def test_the_second_input_is_looked_at_too():
    product = with_rule(lambda X, W: X * W, lambda dY, Y, X, W: (dY * W, dY * X * 1.001))
    with pytest.raises(AssertionError, match="input 1"):
        gradcheck(product, leaf(1.0), leaf(2.0))


def test_a_missing_gradient_is_caught():
    product = with_rule(lambda X, W: X * W, lambda dY, Y, X, W: (dY * W, None))
    with pytest.raises(AssertionError, match=r"input 1 .* in entry \(0,\) 0, but"):
        gradcheck(product, leaf(1.0), leaf(2.0))


def test_a_gradient_that_was_cut_off_is_caught():
    with pytest.raises(AssertionError, match="derivative 1"):
        gradcheck(lambda x: x * x.detach(), leaf(1.0))


def test_nan_is_caught():
    broken = with_rule(lambda X: 2 * X, lambda dY, Y, X: dY * np.nan)
    with pytest.raises(AssertionError, match="nan, but"):
        gradcheck(broken, leaf(1.0))


def test_several_outputs_of_any_shape_all_count():
    double = with_rule(lambda X: 2 * X, lambda dY, Y, X: 2.002 * dY)
    with pytest.raises(AssertionError):
        gradcheck(lambda x: [x * 3, double(x)[0]], leaf(1.0, 2.0))
    assert gradcheck(lambda x: (x * 3, x.argmax(), x[0]), leaf(1.0, 2.0))


def test_what_has_no_gradient_is_passed_on():
    ids, mask, x = Tensor(np.array([0, 0, 1])), np.array([True, False, True]), leaf(1.0, 2.0)
    assert gradcheck(lambda x, ids, mask, k: (x[ids] * k)[mask], x, ids, mask, 3)
    assert gradcheck(lambda x, c: (x * c).tanh(), x, Tensor([0.3, 0.4]))


@pytest.mark.parametrize("shape", [(), (1,), (2, 1, 2), (0, 3)], ids=str)
def test_inputs_of_any_shape(shape):
    assert gradcheck(lambda x: (x * x).exp(), Tensor(np.full(shape, 0.5), requires_grad=True))


def test_nothing_given_is_changed():
    x = Tensor(np.array([1.0, 2.0], np.float32), requires_grad=True)
    gradcheck(lambda x: x * x, x)
    np.testing.assert_array_equal(x.array, np.array([1.0, 2.0], np.float32), strict=True)
    assert x.grad is None


def test_a_function_that_draws_random_numbers_is_caught():
    with pytest.raises(AssertionError, match="drawn at random"):
        gradcheck(lambda x: ops.fused.dropout(x, 0.5), Tensor(np.ones(20), requires_grad=True))


def test_without_an_input_that_requires_a_gradient_there_is_nothing_to_check():
    with pytest.raises(ValueError, match=r"gradcheck got 1 inputs.*\n.*\n.*requires_grad=True"):
        gradcheck(lambda x: x, Tensor([1.0]))


def test_a_function_must_return_tensors():
    with pytest.raises(TypeError, match="the function returns a Tensor of floats"):
        gradcheck(lambda x: [x.argmax()], leaf(1.0))
