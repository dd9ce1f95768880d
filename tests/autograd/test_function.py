"""Function: an op of the user's own, with value, gradients of any order, formula and errors as the engine's."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_tf
from tinygrad_tf import Function, Tensor, grad, gradcheck, no_grad
from tinygrad_tf.autograd.operation import Op
from tinygrad_tf.autograd.tensor import NUMPY
from tinygrad_tf.formula import forward_formula, gradient_formula
from tinygrad_tf.graph import explain
from tinygrad_tf.ops import exponential


def leaf(*values, **traits):
    return Tensor(np.array(values), requires_grad=True, **traits)


class Cube(Function):
    def forward(X):
        """Y = X³."""
        return X**3

    def backward(dY, Y, X):
        dX = dY * 3 * X**2
        return dX


class Swish(Function):
    """Several inputs and params, in staticmethods."""

    @staticmethod
    def forward(X, W, b=None, *, beta=1.0, axis=None):
        Y = X * W / (1 + np.exp(-beta * X))
        Y = Y if b is None else Y + b
        return Y if axis is None else np.sum(Y, axis=axis)

    @staticmethod
    def backward(dY, Y, X, W, b=None, *, beta, axis):
        dY = dY if axis is None else np.expand_dims(dY, axis)
        s = 1 / (1 + np.exp(-beta * X))
        dX = dY * W * (s + beta * X * s * (1 - s))
        dW = dY * X * s
        db = dY
        return dX, dW, db


class Total(Function):
    """Any number of inputs."""

    def forward(*Xs):
        return sum(X * X for X in Xs)

    def backward(dY, Y, *Xs):
        dXs = [2 * dY * X for X in Xs]
        return dXs


class Halved(Cube):
    """A forward of its own, the rule of another."""

    def forward(X):
        return X**3 + 1


def test_value_and_gradient():
    x = leaf(1.0, 2.0)
    y = Cube.apply(x)
    assert y.tolist() == [1.0, 8.0]
    y.sum().backward()
    assert x.grad.tolist() == [3.0, 12.0]


def test_arrays_in_an_array_out():
    assert type(Cube.apply(np.array([2.0]))) is np.ndarray
    with no_grad():
        assert Cube.apply(leaf(2.0)).is_leaf


CALLS = [
    ("one input", Cube.apply, (2, 3)),
    ("two inputs", lambda x, w: Swish.apply(x, w), (2, 3), (2, 3)),
    ("broadcast", lambda x, w, b: Swish.apply(x, w, b, beta=0.5), (2, 3), (3,), (2, 1)),
    ("a number for an input", lambda x: Swish.apply(x, 2.0), (3,)),
    ("an axis", lambda x, w: Swish.apply(x, w, axis=0), (2, 3), (2, 3)),
    ("any number of inputs", lambda *xs: Total.apply(*xs), (2,), (2,), (2,)),
    ("a rule that is inherited", Halved.apply, (3,)),
    ("among the engine's ops", lambda x, w: (Cube.apply(x.tanh()) @ w).exp(), (2, 3), (3, 2)),
    ("nothing in", Cube.apply, (0, 3)),
    ("a number", Cube.apply, ()),
]


@pytest.mark.parametrize("call, shapes", [(c, s) for _, c, *s in CALLS], ids=[name for name, *_ in CALLS])
def test_gradcheck_to_second_order(call, shapes):
    rng = np.random.default_rng(0)
    assert gradcheck(call, *[Tensor(rng.standard_normal(s), requires_grad=True) for s in shapes])


def test_third_derivative():
    x = leaf(2.0)
    y = Cube.apply(x)
    for expected in (12.0, 12.0, 6.0):
        y = grad(y, x, create_graph=True)
        assert y.tolist() == [expected]


def test_a_rule_that_is_wrong_by_a_thousandth_is_caught():
    class Wrong(Function):
        def forward(X):
            return X**3

        def backward(dY, Y, X):
            return dY * 3.003 * X**2

    with pytest.raises(AssertionError, match=r"in entry \(0,\)"):
        gradcheck(Wrong.apply, leaf(1.0))


def test_params_are_checked_and_called_as_those_of_any_op():
    x = leaf([1.0, 2.0], [3.0, 4.0])
    assert Swish.apply(x, x, dim=1).tolist() == Swish.apply(x, x, axis=1).tolist()
    with pytest.raises(
        TypeError, match=r"Swish got an unknown 'alpha'\n  rule: its arguments are X, W, b=None, beta=1.0, axis=None"
    ):
        Swish.apply(x, x, alpha=1)
    with pytest.raises(TypeError, match=r"Cube got no 'X'"):
        Cube.apply()


ran: list[str] = []


def spy(name, value):
    """``value``; and it is noted that this line of a rule has run."""
    ran.append(name)
    return value


class Noted(Function):
    def forward(X, W):
        return X * W

    def backward(dY, Y, X, W):
        dX = spy("dX", dY * W)
        dW = spy("dW", dY * X)
        return dX, dW


def test_only_the_lines_of_a_wanted_gradient_are_run():
    ran.clear()
    x, w = leaf(2.0), leaf(3.0)
    assert grad(Noted.apply(x, w), w).tolist() == [2.0]
    assert ran == ["dW"]


# ---- in pictures ----------------------------------------------------------------------------------------------------


def test_its_rule_is_its_formula():
    X, W = leaf(1.0, 2.0, name="X"), leaf(3.0, 4.0, name="W")
    assert str(gradient_formula(Cube.apply(X), 0)) == "dX = 3 · dY ⊙ X²"
    assert str(forward_formula(Cube.apply(X))) == "Y = X³"
    assert str(gradient_formula(Swish.apply(X, W, beta=2.0), 1)) == "dW = dY ⊙ X ⊙ s"
    told = explain(Cube.apply(X).sum(), X)
    assert "dX = 3 · dA₁ ⊙ X²" in str(told)


@pytest.mark.parametrize("made, needs, kept", [
    (Cube, (True,), ["dX"]),
    (Swish, (False, True, False), ["dY", "s", "dW"]),
    (Swish, (False, False, True), ["dY", "db"]),
])  # fmt: skip
def test_its_lines_can_be_read(made, needs, kept):
    tree = made.apply.op.backward.lines(needs)
    assert [s.targets[0].id for s in tree.body[:-1]] == kept
    assert tree.decorator_list == []


# ---- its name -------------------------------------------------------------------------------------------------------


def test_it_may_be_called_as_one_of_the_engines_ops():
    engines = tinygrad_tf.exp

    class exp(Function):
        def forward(X):
            return X * 0

        def backward(dY, Y, X):
            return dY * 0

    x = leaf(0.0)
    assert exp.apply(x).op.name == "exp"
    assert exp.apply(x).tolist() == [0.0]
    assert tinygrad_tf.exp is engines is exponential.exp
    assert x.exp().tolist() == np.exp(x).tolist() == [1.0]


def test_it_is_not_entered_among_the_engines_functions():
    assert not {"Cube", "Swish", "Total", "apply", "forward"} & {f.__name__ for f in NUMPY.values()}


def test_it_is_an_op_and_prints_as_one():
    assert isinstance(Cube.apply.op, Op)
    assert repr(Cube.apply.op) == "<op Cube>"
    assert Cube.apply.__doc__ == "Y = X³."


def test_what_holds_it_can_be_copied_and_pickled():
    held = {"activation": Cube.apply}
    assert copy.deepcopy(held)["activation"] is Cube.apply
    assert pickle.loads(pickle.dumps(held))["activation"] is Cube.apply
    assert pickle.loads(pickle.dumps(Halved.apply)) is Halved.apply
    assert pickle.loads(pickle.dumps(exponential.exp)) is exponential.exp
