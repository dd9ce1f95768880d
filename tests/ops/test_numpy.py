"""NumPy's functions on Tensors mean what they mean on arrays, and differentiate."""

import functools

import numpy as np
import pytest
from cases import as_list, functions
from cases.case import Case, away, bools, distinct, given, ints, normal, positive

from tinygrad_tf import Tensor, gradcheck
from tinygrad_tf.autograd.tensor import NUMPY

X, D, ROW = normal(2, 3, 2), distinct(2, 3, 2), normal(3, 4)


def row(op, note, call, *inputs, order=2):
    """A row of this table; ``op`` is the function's name. The oracle is the same call on arrays."""
    return Case(op, note, call, inputs, order=order)


MEANT_OTHERWISE_THAN_IN_PYTORCH = [
    row("numpy.split", "equal parts", lambda x: np.split(x, 3, axis=1), X),
    row("numpy.split", "places", lambda x: np.split(x, [1, 3]), normal(4, 2)),
    row("numpy.split", "places beyond the end", lambda x: np.split(x, [1, 9])[0], normal(4, 2)),
    row("numpy.split", "places from the back", lambda x: np.split(x, [1, -1]), normal(4, 2)),
    *[
        row(
            f"numpy.{name}", "dtype", lambda x, name=name: getattr(np, name)([x, x * x], dtype=np.float64), normal(2, 3)
        )
        for name in ("concatenate", "stack", "vstack", "hstack")
    ],
    row("numpy.roll", "two shifts", lambda x: np.roll(x, shift=(1, -1), axis=(0, 2)), X),
    row("numpy.roll", "one shift, two axes", lambda x: np.roll(x, 1, axis=(0, 1)), X),
    row("numpy.roll", "two shifts, no axis", lambda x: np.roll(x, (1, 3)), X),
    row("numpy.roll", "two shifts, one axis", lambda x: np.roll(x, (1, 3), -1), X),
    row("numpy.gradient", "all axes", lambda x: np.gradient(x), normal(3, 4)),
    row("numpy.gradient", "a vector", lambda x: np.gradient(x, 0.5), normal(4)),
    row("numpy.gradient", "places", lambda x: np.gradient(x, [0.0, 1.0, 3.0, 3.5], edge_order=2), normal(4)),
    row("numpy.gradient", "axis", lambda x: np.gradient(x, axis=-1, edge_order=2), normal(2, 3)),
    row(
        "numpy.gradient",
        "one for each axis",
        lambda x: np.gradient(x, 0.5, np.array([0.0, 1.0, 3.0]), axis=(1, 0)),
        normal(3, 2),
    ),
    row("numpy.cross", "last axis", lambda x, w: np.cross(x, w), normal(2, 3), normal(3)),
    row("numpy.cross", "axis", lambda x, w: np.cross(x, w, axis=0), normal(3, 2), normal(3, 2)),
    row(
        "numpy.cross",
        "an axis each",
        lambda x, w: np.cross(x, w, axisa=0, axisb=1, axisc=0),
        normal(3, 2),
        normal(2, 3),
    ),
    row("numpy.linalg.cross", "last axis", lambda x, w: np.linalg.cross(x, w), normal(2, 3), normal(3)),
    row("numpy.radians", "function", lambda x: np.radians(x), normal(2, 3)),
    row("numpy.degrees", "function", lambda x: np.degrees(x) / 50, normal(2, 3)),
    row("numpy.sort", "last axis", lambda x: np.sort(x), D),
    row("numpy.sort", "axis", lambda x: np.sort(x, axis=0) * x, D),
    row("numpy.sort", "flattened", lambda x: np.sort(x, axis=None), D),
    row("numpy.argsort", "last axis", lambda x: np.argsort(x), D, order=0),
    row("numpy.argsort", "axis", lambda x: np.argsort(x, axis=1, kind="stable"), D, order=0),
    row("numpy.argsort", "flattened", lambda x: np.argsort(x, axis=None), D, order=0),
    row("numpy.var", "all", lambda x: np.var(x), X),
    row("numpy.var", "axis", lambda x: np.var(x, axis=1, keepdims=True), X),
    row("numpy.var", "ddof", lambda x: np.var(x, axis=(0, 1), ddof=1), X),
    row("numpy.var", "correction", lambda x: np.var(x, 1, correction=1), X),
    row("numpy.std", "all", lambda x: np.std(x), X),
    row("numpy.std", "ddof", lambda x: np.std(x, -1, ddof=1), X),
    row("numpy.max", "all", lambda x: np.max(x), D),
    row("numpy.max", "positional", lambda x: np.max(x, 1), D),
    row("numpy.max", "kept", lambda x: np.max(x, axis=(0, 2), keepdims=True), D),
    row("numpy.min", "positional", lambda x: np.min(x, -1), D),
    row("numpy.nonzero", "matrix", lambda k: np.nonzero(k), ints(2, 3, 4), order=0),
    row("numpy.repeat", "number", lambda x: np.repeat(x, 2), X),
    row("numpy.repeat", "axis", lambda x: np.repeat(x, 3, axis=1), X),
    row("numpy.repeat", "each its own", lambda x: np.repeat(x, [2, 0, 1], axis=1), X),
    row("numpy.pad", "one width", lambda x: np.pad(x, 1), normal(2, 3)),
    row("numpy.pad", "before and after", lambda x: np.pad(x, (1, 2)), normal(2, 3)),
    row("numpy.pad", "pairs", lambda x: np.pad(x, ((1, 0), (2, 1)), constant_values=3.5), normal(2, 3)),
    row("numpy.pad", "mode", lambda x: np.pad(x, [(1, 1)], mode="constant"), normal(3)),
    row("numpy.pad", "by reflection", lambda x: np.pad(x, ((0, 1), (1, 2)), mode="reflect"), normal(2, 3)),
    row(
        "numpy.pad",
        "by reflection of the edges, too",
        lambda x: np.pad(x, ((1, 0), (4, 2)), mode="symmetric"),
        normal(2, 3),
    ),
    row("numpy.pad", "edges", lambda x: np.pad(x, 1, mode="edge"), normal(2, 3)),
    row("numpy.pad", "mirrored again and again", lambda x: np.pad(x, 5, mode="reflect"), normal(2, 3)),
    row("numpy.pad", "round and round", lambda x: np.pad(x, ((0, 0), (7, 4)), mode="wrap"), normal(2, 3)),
    row("numpy.meshgrid", "xy", lambda x, y: np.meshgrid(x, y), normal(2), normal(3)),
    row("numpy.squeeze", "all", lambda x: np.squeeze(x), normal(1, 2, 1)),
    row("numpy.squeeze", "axis", lambda x: np.squeeze(x, axis=(0, 2)), normal(1, 2, 1)),
    row("numpy.around", "decimals", lambda x: np.around(x, 1), normal(2, 3)),
    row("numpy.ravel", "all", lambda x: np.ravel(x), X),
    row("numpy.diagonal", "of a batch", lambda x: np.diagonal(x, 1, axis1=1, axis2=2), normal(2, 3, 3)),
    row("numpy.diagonal", "first axes", lambda x: np.diagonal(x), normal(3, 3, 2)),
    row("numpy.take_along_axis", "last axis", lambda x: np.take_along_axis(x, np.argsort(x, -1), -1), D),
    row("numpy.take_along_axis", "an axis", lambda x, i: np.take_along_axis(x, i, axis=0), ROW, ints(3, 2, 4)),
    row("numpy.linalg.diagonal", "last axes", lambda x: np.linalg.diagonal(x), normal(2, 3, 3)),
    row("numpy.linalg.diagonal", "offset", lambda x: np.linalg.diagonal(x, offset=-1), normal(2, 3, 3)),
    row("numpy.linalg.trace", "last axes", lambda x: np.linalg.trace(x), normal(2, 3, 3)),
    row("numpy.linalg.norm", "all", lambda x: np.linalg.norm(x), X),
    row("numpy.linalg.norm", "axis", lambda x: np.linalg.norm(x, axis=-1), X),
    row("numpy.linalg.norm", "order", lambda x: np.linalg.norm(x, 3, 1, True), away(2, 3)),
    row("numpy.linalg.norm", "largest", lambda x: np.linalg.norm(x, ord=np.inf, axis=0), D),
    row("numpy.linalg.norm", "matrix", lambda x: np.linalg.norm(x, "fro", axis=(0, 1)), ROW),
    row("numpy.linalg.matmul", "matrices", lambda x, w: np.linalg.matmul(x, w), normal(2, 3), normal(3, 2)),
    row("numpy.linalg.outer", "vectors", lambda x, w: np.linalg.outer(x, w), normal(2), normal(3)),
]


def unary(name, x):
    return row(name, "function", getattr(np, name), x)


EVERYWHERE = normal(2, 3)
SMALL = given([-0.7, 0.1, 0.6])
UFUNCS = [
    *[unary(name, EVERYWHERE) for name in ("negative", "square", "exp", "exp2", "expm1", "sin", "cos", "tan", "sinh",
                                           "cosh", "tanh", "arctan", "arcsinh", "sinc", "deg2rad", "rad2deg")],
    *[unary(name, positive(2, 3)) for name in ("log", "log2", "log10", "log1p", "sqrt", "reciprocal")],
    *[unary(name, SMALL) for name in ("arcsin", "arccos", "arctanh")],
    unary("arccosh", given([1.5, 2.0])),
    *[unary(name, away(2, 3)) for name in ("absolute", "sign", "floor", "ceil", "trunc")],
    *[row(name, "function", getattr(np, name), EVERYWHERE, order=0)
      for name in ("isnan", "isinf", "isposinf", "isneginf", "isfinite")],
    *[row(name, "function", getattr(np, name), normal(2, 1, 3), normal(4, 1))
      for name in ("add", "subtract", "multiply", "maximum", "minimum", "logaddexp", "logaddexp2", "hypot")],
    *[row(name, "function", getattr(np, name), away(2, 3), away(3))
      for name in ("divide", "fmod", "remainder", "copysign")],
    *[row(name, "function", getattr(np, name), distinct(2, 3), normal(3)) for name in ("fmax", "fmin")],
    row("numpy.fabs", "function", np.fabs, away(2, 3)),
    row("numpy.conjugate", "function", lambda x: np.conjugate(x) * x, EVERYWHERE),
    row("power", "function", np.power, positive(2, 3), normal(3)),
    *[row(name, "function", getattr(np, name), normal(2, 3), normal(3), order=0)
      for name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "floor_divide")],
    *[row(name, "function", getattr(np, name), bools(2, 3), bools(3), order=0)
      for name in ("logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor")],
    *[row(name, "function", getattr(np, name), ints(9, 2, 3), ints(5, 3), order=0)
      for name in ("left_shift", "right_shift")],
    row("logical_not", "function", np.logical_not, bools(3), order=0),
    row("invert", "function", np.invert, bools(3), order=0),
    row("add", "an array on the left", lambda x: np.ones((2, 3)) + x, EVERYWHERE),
    row("subtract", "an array on the left", lambda x: np.ones((2, 3)) - x, EVERYWHERE),
    row("matmul", "an array on the left", lambda x: np.ones((2, 2)) @ x, EVERYWHERE),
    row("multiply", "NumPy's own numbers", lambda x: np.float64(2) * x * np.float32(0.5), EVERYWHERE),
]  # fmt: skip

ALIKE = [
    row("sum", "axis", lambda x: np.sum(x, axis=0), X),
    row("sum", "positional, kept", lambda x: np.sum(x, (0, 1), keepdims=True), X),
    row("mean", "axis", lambda x: np.mean(x, axis=(0, -1)), X),
    row("prod", "axis", lambda x: np.prod(x, axis=1), X),
    row("prod", "two axes, kept", lambda x: np.prod(x, (0, 2), keepdims=True), X),
    row("prod", "all", lambda x: np.prod(x), X),
    row("amax", "axis", lambda x: np.amax(x, axis=1), D),
    row("amin", "axis", lambda x: np.amin(x, 1, keepdims=True), D),
    row("argmax", "axis", lambda x: np.argmax(x, axis=1), D, order=0),
    row("argmin", "all", lambda x: np.argmin(x), D, order=0),
    row("all", "axis", lambda m: np.all(m, axis=0), bools(4, 2), order=0),
    row("any", "all", lambda m: np.any(m), bools(4, 2), order=0),
    row("cumsum", "axis", lambda x: np.cumsum(x, axis=1), X),
    row("cumsum", "flattened", lambda x: np.cumsum(x), X),
    row("cumprod", "axis", lambda x: np.cumprod(x, axis=-1), X),
    row("cumprod", "flattened", lambda x: np.cumprod(x), normal(2, 2)),
    row("round", "decimals", lambda x: np.round(x, 1), EVERYWHERE),
    row("clip", "both", lambda x: np.clip(x, -0.5, 0.5), EVERYWHERE),
    row("clip", "by keywords", lambda x: np.clip(x, a_min=0.1, a_max=None), away(2, 3)),
    row("clip", "an array", lambda x: np.clip(x, 0.05, np.array([0.3, 0.6, 0.9])), distinct(2, 3)),
    row("where", "function", lambda c, x, y: np.where(c, x, y), bools(2, 3), normal(3), normal(2, 1)),
    row("where", "a number", lambda c, x: np.where(c, 0.0, x), bools(2, 3), normal(2, 3)),
    row("where", "places", lambda c: np.where(c), bools(2, 3), order=0),
    row("reshape", "function", lambda x: np.reshape(x, (3, -1)), X),
    row("reshape", "a number", lambda x: np.reshape(x, -1), X),
    row("transpose", "reversed", lambda x: np.transpose(x), X),
    row("transpose", "ordered", lambda x: np.transpose(x, (0, 2, 1)), X),
    row("transpose", "ordered, two axes", lambda x: np.transpose(x, (0, 1)), normal(2, 3)),
    row("transpose", "by keyword", lambda x: np.transpose(x, axes=[1, 2, 0]), X),
    row("transpose", "T", lambda x: x.T, X),
    row("swapaxes", "function", lambda x: np.swapaxes(x, 0, -1), X),
    row("moveaxis", "function", lambda x: np.moveaxis(x, [0, 1], [-1, 0]), X),
    row("broadcast_to", "function", lambda x: np.broadcast_to(x, (4, 2, 3)), normal(2, 1)),
    row("expand_dims", "function", lambda x: np.expand_dims(x, 1), X),
    row("expand_dims", "several", lambda x: np.expand_dims(x, (0, -1)), normal(3)),
    row("concatenate", "axis", lambda x, y: np.concatenate([x, y], axis=1), normal(2, 3), normal(2, 1)),
    row("concatenate", "first axis", lambda x, y: np.concatenate((x, y)), normal(2, 3), normal(1, 3)),
    row("concatenate", "flattened", lambda x, y: np.concatenate([x, y], axis=None), normal(2, 3), normal(2)),
    row("concatenate", "an array first", lambda x: np.concatenate([np.zeros((1, 3)), x]), normal(2, 3)),
    row("stack", "axis", lambda x, y: np.stack([x, y], axis=-1), normal(2, 3), normal(2, 3)),
    row("tile", "function", lambda x: np.tile(x, (2, 1, 2)), normal(2, 3)),
    row("tile", "by keyword", lambda x: np.tile(x, reps=2), normal(2, 3)),
    row("append", "a list of Tensors", lambda x, y: np.append([x[0], [1.0, 2.0], x[1]], y), normal(2, 2), normal()),
    row("numpy.linspace", "between Tensors", lambda x, y: np.linspace(x, y, 5), normal(2), normal(3, 1)),
    row("numpy.linspace", "to a number, without it", lambda x: np.linspace(x, 2, 3, endpoint=False), normal()),
    row("vstack", "a list in it", lambda x: np.vstack([x, [1.0, 2.0, 3.0]]), normal(2, 3)),
    row("hstack", "a list in it", lambda x: np.hstack([[1.0, 2.0], x]), normal(3)),
    row("numpy.real", "function", lambda x: np.real(x) * x, normal(2, 3)),
    row("numpy.select", "a default", lambda x, y: np.select([np.eye(3) > 0, np.ones((3, 3)) < 0], [x, y], 2.5) * y,
        normal(3, 3), normal(3)),
    row("numpy.select", "the first that holds", lambda x: np.select([np.eye(3) > 0, np.tri(3) > 0], [x, -2 * x]),
        normal(3, 3)),
    row("array_split", "uneven parts", lambda x: np.array_split(x, 3), normal(5, 2)),
    row("array_split", "axis", lambda x: np.array_split(x, 2, axis=-1), normal(2, 5)),
    row("array_split", "places", lambda x: np.array_split(x, [1, 3], axis=1), normal(2, 5)),
    row("hsplit", "equal parts", lambda x: np.hsplit(x, 2), normal(2, 4)),
    row("vsplit", "places", lambda x: np.vsplit(x, [1]), normal(3, 2)),
    row("dsplit", "equal parts", lambda x: np.dsplit(x, 2), X),
    row("column_stack", "vectors", lambda x, y: np.column_stack([x, y]), normal(3), normal(3)),
    row("column_stack", "rows of a matrix", lambda x: np.column_stack(x), normal(2, 3)),
    row("append", "flattened", lambda x, y: np.append(x, y), normal(2, 2), normal(3)),
    row("append", "a list, axis", lambda x: np.append(x, [[7.0, 8.0]], axis=0), normal(2, 2)),
    row("atleast_1d", "a number", lambda x: np.atleast_1d(x), normal()),
    row("atleast_2d", "several", lambda x, y: np.atleast_2d(x, y), normal(), normal(3)),
    row("atleast_3d", "several", lambda x, y, z: np.atleast_3d(x, y, z), normal(), normal(3), normal(2, 3)),
    row("rollaxis", "start", lambda x: np.rollaxis(x, 2, 1), X),
    row("fliplr", "function", lambda x: np.fliplr(x), X),
    row("flipud", "function", lambda x: np.flipud(x), X),
    row("rot90", "function", lambda x: np.rot90(x), X),
    row("rot90", "axes", lambda x: np.rot90(x, k=3, axes=(1, 2)), X),
    row("inner", "function", lambda x, w: np.inner(x, w), normal(2, 3), normal(4, 3)),
    row("kron", "function", lambda x, w: np.kron(x, w), normal(2, 3), normal(2)),
    row("tensordot", "an axis each", lambda x, w: np.tensordot(x, w, axes=[-1, 0]), normal(2, 3), normal(3, 2)),
    row("partition", "its entry", lambda x: np.partition(x, 2)[..., 2], distinct(2, 5)),
    row("partition", "the smaller ones", lambda x: np.partition(x, 2, axis=0)[:2].sum(0), distinct(5, 2)),
    row("flip", "all", lambda x: np.flip(x), X),
    row("flip", "axis", lambda x: np.flip(x, axis=(0, 1)), X),
    row("flip", "positional", lambda x: np.flip(x, 1), X),
    row("numpy.roll", "flattened", lambda x: np.roll(x, 2), X),
    row("numpy.roll", "axis", lambda x: np.roll(x, -1, axis=1), X),
    row("tril", "k", lambda x: np.tril(x, k=1), normal(3, 4)),
    row("triu", "k", lambda x: np.triu(x, -1), normal(3, 4)),
    row("diag", "k", lambda x: np.diag(x, k=1), normal(3)),
    row("diag", "of a matrix", lambda x: np.diag(x), normal(3, 3)),
    row("trace", "offset", lambda x: np.trace(x, offset=1, axis1=1, axis2=2), normal(2, 3, 3)),
    row("take", "flat", lambda x: np.take(x, [5, 0, 0]), X),
    row("take", "axis", lambda x: np.take(x, [[2, 0]], axis=1), X),
    row("matmul", "function", lambda x, w: np.matmul(x, w), normal(2, 2, 3), normal(3, 2)),
    row("dot", "vectors", lambda x, w: np.dot(x, w), normal(3), normal(3)),
    row("dot", "many axes", lambda x, w: np.dot(x, w), normal(2, 2, 3), normal(2, 3, 2)),
    row("dot", "numbers", lambda x: np.dot(x, 2.0), normal(2, 3)),
    row("dot", "a list on the left", lambda x: np.dot([1.0, 2.0], x), normal(2, 3)),
    row("outer", "flattened", lambda x, w: np.outer(x, w), normal(2, 2), normal(3)),
    row("outer", "a list on the left", lambda x: np.outer([1.0, 2.0], x), normal(3)),
    row("einsum", "function", lambda x, w: np.einsum("ij,jk->ik", x, w), normal(2, 3), normal(3, 2)),
    row("einsum", "optimize", lambda x, w: np.einsum("...i,i->...", x, w, optimize=True), normal(2, 2, 3), normal(3)),
    row("copy", "function", lambda x: np.copy(x) * x, X),
    row("isclose", "function", lambda x: np.isclose(x, x + 1e-9), X, order=0),
]  # fmt: skip

ROWS = [*MEANT_OTHERWISE_THAN_IN_PYTORCH, *UFUNCS, *ALIKE]
every_row = pytest.mark.parametrize("case", ROWS, ids=lambda c: c.id)


def test_every_meaning_of_numpys_has_a_row():
    module = {n: getattr(n, "__module__", "numpy") for n in NUMPY}  # a ufunc of NumPy 2.0 says none
    named = {n for n, f in NUMPY.items() if f.__name__ != n.__name__ or module[n] != "numpy"}
    there = {functools.reduce(getattr, c.op.split(".")[1:], np) for c in ROWS if "." in c.op}
    assert named == there


def test_every_row_is_about_a_function():
    assert {c.op for c in ROWS if "." not in c.op} <= functions().keys() | {"equal"}
    assert len({c.id for c in ROWS}) == len(ROWS)


@every_row
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
def test_value_and_type_are_numpys(case, dtype):
    ours, expected = as_list(case.ours(*case.tensors(dtype))), as_list(case.ours(*case.arrays(dtype)))
    for y, value in zip(ours, expected, strict=True):
        value = np.asarray(value)
        assert isinstance(y, Tensor)
        assert (y.shape, y.dtype.kind) == (value.shape, value.dtype.kind)
        if dtype == np.float32 and value.dtype.kind == "f" and "array" not in case.note:  # np.zeros() is float64
            assert y.dtype == value.dtype or "numbers" in case.note or "list" in case.note
        close = {"rtol": 1e-5, "atol": 1e-6} if dtype == np.float32 else {"rtol": 1e-12, "atol": 1e-14}
        np.testing.assert_allclose(y.array, value, **close)


@pytest.mark.parametrize("case", [c for c in ROWS if c.order], ids=lambda c: c.id)
def test_derivatives_are_what_nudges_say(case):
    assert gradcheck(case.ours, *case.tensors())


@pytest.mark.parametrize("name", ["zeros_like", "ones_like", "empty_like"])
def test_makers_of_the_same_shape(name):
    t = Tensor(np.ones((2, 3), np.float32), requires_grad=True)
    made = getattr(np, name)(t)
    assert isinstance(made, Tensor)
    assert (made.shape, made.dtype, made.requires_grad) == ((2, 3), np.float32, False)
    assert np.full_like(t, 7).tolist() == [[7.0] * 3] * 2


def test_what_is_no_tensor_stays_plain():
    t = Tensor(np.ones((2, 3)))
    assert (np.shape(t), np.ndim(t), np.size(t), np.size(t, 1)) == ((2, 3), 2, 6, 3)
    assert np.allclose(t, t + 1e-9) is True
    assert np.allclose(t, t + 1e-9, rtol=0, atol=1e-10) is False


@pytest.mark.parametrize("call", [lambda t: np.median(t), lambda t: np.linalg.svd(t), lambda t: np.fft.fft(t),
                                  lambda t: np.cbrt(t), lambda t: np.add.reduce(t),
                                  lambda t: np.add(t, t, out=t)])  # fmt: skip
def test_what_has_no_rule_is_refused(call):
    with pytest.raises(TypeError):
        call(Tensor([1.0, 2.0]))


def test_a_rule_of_the_users_own_reaches_numpy_code():
    """A function written for arrays, run on Tensors, differentiates."""

    def softmax_by_hand(x):
        e = np.exp(x - np.max(x, axis=-1, keepdims=True))
        return e / np.sum(e, axis=-1, keepdims=True)

    x = np.random.default_rng(0).standard_normal((2, 3))
    np.testing.assert_allclose(softmax_by_hand(Tensor(x)).array, softmax_by_hand(x), rtol=1e-15)
    assert gradcheck(softmax_by_hand, Tensor(x, requires_grad=True))
