"""Calling an op: arrays or Tensors, arguments by place or name, and whose name it may bear."""

import inspect

import numpy as np
import pytest
from cases import as_list, functions

import tinygrad_tf
from tinygrad_tf import Function, Tensor, gradcheck, no_grad
from tinygrad_tf.autograd.operation import op
from tinygrad_tf.autograd.tensor import NUMPY, implements
from tinygrad_tf.ops import arithmetic, exponential, fused, reduction


def leaf(*values):
    return Tensor(np.array(values), requires_grad=True)


# ---- calling an op ---------------------------------------------------------------------------------------------------


def test_arrays_in_an_array_out():
    assert type(exponential.exp(np.zeros(2))) is np.ndarray
    assert type(fused.softmax(np.zeros((2, 2)))) is np.ndarray


@op(types="float")
def doubled(X):
    return 2 * X


class Doubled(Function):
    def forward(X):
        return 2 * X

    def backward(dY, Y, X):
        return 2 * dY


#: What Python's own operators would do something else with, or nothing.
OF_LISTS = {
    "add": (tinygrad_tf.add, [1.0, 2.0], [3.0, 4.0]),
    "multiply": (tinygrad_tf.multiply, [1.0, 2.0], 2),
    "subtract": (tinygrad_tf.subtract, [1.0, 2.0], [3.0, 4.0]),
    "sigmoid": (tinygrad_tf.sigmoid, [1.0, 2.0]),
    "bitwise_and": (tinygrad_tf.bitwise_and, [1, 3], [2, 2]),
    "an op of one's own": (doubled, [1.0, 2.0]),
    "a Function": (Doubled.apply, [1.0, 2.0]),
}


@pytest.mark.parametrize("call, inputs", [(f, xs) for f, *xs in OF_LISTS.values()], ids=OF_LISTS)
def test_lists_are_taken_for_arrays(call, inputs):
    made = call(*inputs)
    expected = call(*[tinygrad_tf.tensor(x) if isinstance(x, list) else x for x in inputs])
    np.testing.assert_array_equal(np.asarray(made), expected.array, strict=True)


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
    assert leaf(1.0, 2.0).sum(0).params == {"axis": 0, "keepdims": False, "dtype": None}


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
    **dict.fromkeys(["count_nonzero", "cummin", "diff", "unbind", "unique", "var_mean", "std_mean"], ()),
    **dict.fromkeys(["gradient", "logcumsumexp"], ()), "array_split": (2,), "partition": (1,),
    "append": (np.ones((2, 1)),), "cross": ([[1.0, 0.0, 2.0]],),
    "chunk": (2,), "split": (1,), "roll": (1,), "repeat_interleave": (2,), "take": ([0],), "topk": (1,),
    "take_along_axis": (np.array([[0], [1]]),),
}  # fmt: skip
JOIN = ["concatenate", "stack"]
#: Their axis comes first, then more.
NAMED_DIM = {
    "narrow": {"start": 0, "length": 1},
    "gather": {"index": [[0], [0]]}, "index_select": {"index": [0]}, "unflatten": {"sizes": (1, -1)},
    "scatter": {"index": [[0], [0]], "src": 5.0}, "scatter_add": {"index": [[0], [0]], "src": 5.0},
    "scatter_reduce": {"index": [[0], [0]], "src": 5.0, "reduce": "mean"}, "rollaxis": {},
    "index_fill": {"index": [0], "value": 5.0},
    **{name: {"index": [0, 1], "source": np.ones((2, 2))} for name in ("index_add", "index_copy")},
}  # fmt: skip


def same(a, b):
    for x, y in zip(as_list(a), as_list(b), strict=True):
        np.testing.assert_array_equal(x.array if isinstance(x, Tensor) else x, y.array if isinstance(y, Tensor) else y)


@pytest.mark.parametrize("name", AXIS)
def test_dim_is_axis_everywhere(name):
    special = {"squeeze": [[3.0], [1.0]], "cross": [[3.0, 0.0, 1.0], [1.0, 2.0, 4.0]]}
    x = Tensor(np.array(special.get(name, [[3.0, 0.0], [1.0, 2.0]])))
    by_dim = getattr(tinygrad_tf, name)(x, *AXIS[name], dim=1)
    by_axis = getattr(tinygrad_tf, name)(x, *AXIS[name], axis=1)
    same(by_dim.values if name in ("max", "min") else by_dim, by_axis)


@pytest.mark.parametrize("name", NAMED_DIM)
def test_axis_is_dim_everywhere(name):
    x = Tensor(np.array([[3.0, 0.0], [1.0, 2.0]]))
    same(
        getattr(tinygrad_tf, name)(x, axis=1, **NAMED_DIM[name]),
        getattr(tinygrad_tf, name)(x, dim=1, **NAMED_DIM[name]),
    )


@pytest.mark.parametrize("name", JOIN)
def test_dim_is_axis_for_joining(name):
    x = Tensor([[1.0, 2.0]])
    same(getattr(tinygrad_tf, name)([x, x], dim=1), getattr(tinygrad_tf, name)([x, x], axis=1))


@pytest.mark.parametrize("name", ["sum", "mean", "var", "std", "prod", "amax", "amin", "max", "argmax", "all", "any",
                                  "logsumexp", "norm"])  # fmt: skip
def test_keepdim_is_keepdims_everywhere(name):
    x = Tensor(np.ones((2, 3)))
    by_dim, by_axis = (
        getattr(tinygrad_tf, name)(x, dim=0, keepdim=True),
        getattr(tinygrad_tf, name)(x, axis=0, keepdims=True),
    )
    assert as_list(by_dim)[0].shape == by_axis.shape == (1, 3)


def test_an_axis_given_twice_is_refused():
    x = Tensor(np.ones((2, 3)))
    with pytest.raises(TypeError):
        tinygrad_tf.std(x, axis=0, dim=0)


def test_every_function_with_an_axis_is_in_these_tests():
    named = {n: set(inspect.signature(f).parameters) for n, f in functions().items()}
    with_axis = {n for n, names in named.items() if {"axis", "dim"} & names}
    assert with_axis == {*AXIS, *JOIN, *NAMED_DIM}


# ---- names -----------------------------------------------------------------------------------------------------------


def test_an_op_of_ones_own_does_not_replace_the_engines():
    @op
    def exp(X):
        return X * 100

    assert tinygrad_tf.exp is exponential.exp
    assert Tensor(0.0).exp().item() == 1.0
    assert exp(Tensor(1.0)).item() == 100.0


def test_an_op_of_ones_own_is_found_by_numpy_and_checked():
    @implements(np.cbrt)
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
        del NUMPY[np.cbrt]


def test_a_result_that_is_no_float_records_nothing():
    x = leaf(1.5)
    assert not x.long().requires_grad
    assert not (x > 1).requires_grad
    assert not x.argmax().requires_grad


def test_nothing_is_recorded_under_no_grad():
    with no_grad():
        y = fused.softmax(leaf(1.0, 2.0))
    assert (y.op, y.inputs, y.saved) == (None, (), None)
