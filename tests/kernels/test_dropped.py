"""What an op leaves out stays out: an infinite or NaN gradient that arrives for it does not come back."""

import numpy as np
import pytest
from test_kernels import kernel_set  # noqa: F401 — a fixture

import tinygrad_tf as t
from tinygrad_tf import Tensor, grad, manual_seed
from tinygrad_tf.kernels.keep import kept
from tinygrad_tf.nn import functional as F
from tinygrad_tf.ops.fused import dropout

X = np.array([[-4.0, -0.5, 2.0], [5.0, -7.0, 0.25]], np.float32)
_NONE = np.array([[True, False, False], [False, True, True]])


def dropped(p):
    def call(x):
        manual_seed(3)
        return dropout(x, p)

    return call


#: An op, and which entries of what it makes are not taken from X (for a reduced one: which of X are not taken).
OPS = {
    "relu": (t.relu, X < 0),
    "relu6": (F.relu6, (X < 0) | (X > 6)),
    "hardtanh": (F.hardtanh, abs(X) > 1),
    "hardswish": (F.hardswish, X < -3),
    "hardsigmoid": (F.hardsigmoid, abs(X) > 3),
    "clip": (lambda x: t.clip(x, -1, 1), abs(X) > 1),
    "where": (lambda x: t.where(_NONE, 0.0, x), _NONE),
    "masked_fill": (lambda x: x.masked_fill(_NONE, 0.0), _NONE),
    "maximum": (lambda x: t.maximum(x, 0.0), X < 0),
    "minimum": (lambda x: t.minimum(x, 0.0), X > 0),
    "tril": (t.tril, ~np.tri(2, 3, dtype=bool)),
    "triu": (lambda x: t.triu(x, 1), np.tri(2, 3, 0, dtype=bool)),
    "scatter": (lambda x: x.scatter(1, np.array([[0], [1]]), 9.0), np.array([[1, 0, 0], [0, 1, 0]], bool)),
    "dropout": (dropped(0.5), None),
    "dropout of everything": (dropped(1.0), np.ones((2, 3), bool)),
}
EXTREMES = {"max": lambda x: x.amax(1), "min": lambda x: x.amin(1), "max along dim": lambda x: x.max(1).values}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("name", OPS)
def test_what_arrives_for_what_was_left_out_stays_out(name, create_graph, value, kernel_set):  # noqa: F811
    call, out = OPS[name]
    x = Tensor(X, requires_grad=True)
    y = call(x)
    out = y.array == 0 if out is None else out
    assert out.any()
    dx = grad(y, x, np.where(out, np.float32(value), 1), create_graph=create_graph)
    assert np.isfinite(dx.array).all()
    assert (dx.array[out] == 0).all()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", EXTREMES)
def test_an_extreme_sends_nothing_to_the_others(name):
    x = Tensor(X, requires_grad=True)
    y = EXTREMES[name](x)
    dx = grad(y, x, np.array([np.inf, np.nan], np.float32)).array
    assert (dx[y.array[:, None] != X] == 0).all()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_a_dropped_infinite_entry_is_0(value, kernel_set):  # noqa: F811
    for p in (0.5, 1.0):
        y = dropped(p)(Tensor(np.full((4, 5), value, np.float32))).array
        assert (y == 0).any()
        assert np.isnan(y).any() == (p < 1 and np.isnan(value))


@pytest.mark.filterwarnings("ignore")
def test_rows_of_padding_send_nothing(kernel_set):  # noqa: F811
    W = Tensor(np.ones((3, 2), np.float32), requires_grad=True)
    dY = np.array([[np.inf, np.nan], [1, 2]], np.float32)
    for create_graph in (False, True):
        dW = grad(F.embedding([1, 2], W, padding_idx=1), W, dY, create_graph=create_graph)
        assert dW.tolist() == [[0, 0], [0, 0], [1, 2]]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("loss", [F.cross_entropy, F.nll_loss])
def test_a_target_that_does_not_count_sends_nothing(loss, kernel_set):  # noqa: F811
    logits = np.array([[np.nan, np.inf, 1.0], [1.0, 2.0, 3.0]], np.float32)
    x = Tensor(logits, requires_grad=True)
    for reduction, dY in (("none", np.array([np.inf, 1], np.float32)), ("mean", np.float32(1))):
        for create_graph in (False, True):
            dx = grad(loss(x, [-100, 1], reduction=reduction), x, dY, create_graph=create_graph)
            assert (dx.array[0] == 0).all()
            assert np.isfinite(dx.array).all()
        if loss is F.cross_entropy:  # it is not known that nll_loss is linear where it is not finite
            assert np.isfinite(grad((dx * dx).sum(), x).array).all()


#: Of an array and of the booleans: none, few and many entries.
SHAPES = [((), ()), ((0,), (0,)), ((3, 5), (3, 5)), ((2, 3, 5), (1, 5)), ((50, 60), (50, 60)), ((3, 40, 50), (40, 1))]


@pytest.mark.parametrize("shape, of_mask", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", ["e", "f", "d", "g", ">f4", ">f8"])
def test_kept_is_where_to_the_bit(dtype, shape, of_mask):
    """Whatever the bits are: NaN with its sign, infinities, -0.0; what goes is +0.0."""
    rng = np.random.default_rng(0)
    array = rng.choice([1.5, -2.25, 0.0, -0.0, np.inf, -np.inf, np.nan, -np.nan, 6e-8], size=shape)
    X, keep = np.asarray(array).astype(dtype), np.asarray(rng.random(of_mask) < 0.5)
    for layout in (X, np.asfortranarray(X), X[..., ::-1] if shape else X):
        found, right = np.asarray(kept(layout, keep)), np.where(keep, layout, layout.dtype.type(0))
        assert (found.shape, found.dtype) == (right.shape, X.dtype)
        np.testing.assert_array_equal(found, right)
        np.testing.assert_array_equal(np.signbit(found), np.signbit(right))
