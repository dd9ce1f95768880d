"""Every row of the table: values and gradients as PyTorch's, derivatives as nudges say, inputs untouched."""

import numpy as np
import pytest
from cases import CASES, Case, as_list, failures, functions

import tinygrad_tf
from tinygrad_tf import Tensor, attention, copysign, cross_entropy, grad, gradcheck, logaddexp, logcumsumexp, no_grad
from tinygrad_tf.nn import functional
from tinygrad_tf.ops import fused
from tinygrad_tf.ops.join import concatenate, stack

TOLERANCE = {np.float32: {"rtol": 2e-5, "atol": 2e-6}, np.float64: {"rtol": 1e-10, "atol": 1e-12}}
every_case = pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
every_float = pytest.mark.parametrize("dtype", TOLERANCE, ids=lambda d: d.__name__)
every_curve = pytest.mark.parametrize("case", [c for c in CASES if c.differentiable and c.order], ids=lambda c: c.id)


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="PyTorch is the oracle")


def gradients(case: Case, dtype: type) -> list[Tensor]:
    """Of the row's outputs, each entry counted by a random number, to its inputs."""
    inputs, outputs = case.run(dtype)
    xs, ys = ([x for x in some if x.requires_grad] for some in (inputs, outputs))
    return list(grad(ys, xs, [weights(y) for y in ys]))


def their_gradients(case: Case, dtype: type, torch) -> list:
    inputs, outputs = case.run_theirs(dtype)
    xs, ys = ([x for x in some if x.requires_grad] for some in (inputs, outputs))
    return torch.autograd.grad(ys, xs, [torch.from_numpy(weights(y)) for y in ys])


def weights(y) -> np.ndarray:
    dtype = np.float32 if "32" in str(y.dtype) else np.float64
    return np.asarray(np.random.default_rng(1).standard_normal(tuple(y.shape)), dtype)


METHODS_ONLY = {"where", "expand_as", "view_as", "type_as"}
MAKERS = {"tinygrad_tf.ops.makers", "tinygrad_tf.ops.devices"}
#: Their results are no Tensors; see test_numpy.
PLAIN = {"allclose", "shape", "ndim", "size", "is_floating_point"}


def test_no_function_is_without_a_row():
    ours = {name for name, f in functions().items() if f.__module__ not in MAKERS}
    ours |= {f"Tensor.{name}" for name in METHODS_ONLY} | {
        "setitem",
        "equal",
    }  # x[index] = v; PyTorch's equal is another
    composed = {f"nn.functional.{name}" for name, f in vars(functional).items()
                if getattr(f, "__module__", "") == functional.__name__}  # fmt: skip
    assert (ours - PLAIN) | composed == {c.op for c in CASES}


def test_every_row_has_a_name_of_its_own():
    assert len({c.id for c in CASES}) == len(CASES)


@every_case
@every_float
def test_value_shape_and_dtype_are_those_of_pytorch(case, dtype, torch):
    _, outputs = case.run(dtype)
    _, theirs = case.run_theirs(dtype)
    for y, their_y in zip(outputs, theirs, strict=True):
        expected = their_y.detach().numpy()
        assert (y.shape, y.dtype, y.requires_grad) == (expected.shape, expected.dtype, their_y.requires_grad)
        np.testing.assert_allclose(y.array, expected, **TOLERANCE[dtype])


@pytest.mark.parametrize("case", [c for c in CASES if c.differentiable], ids=lambda c: c.id)
@every_float
def test_gradient_is_that_of_pytorch(case, dtype, torch):
    pairs = zip(gradients(case, dtype), their_gradients(case, dtype, torch), strict=True)
    for dx, their_dx in pairs:
        assert dx.dtype == dtype
        np.testing.assert_allclose(dx.array, their_dx.numpy(), **TOLERANCE[dtype], strict=True)


@every_curve
def test_derivatives_are_what_nudges_say(case):
    assert gradcheck(case.ours, *case.tensors(), order=case.order)


def test_no_array_that_was_given_is_written_to():
    assert failures(CASES, run_on_what_is_closed_to_writing) == {}


def run_on_what_is_closed_to_writing(case):
    inputs = case.tensors()
    for x in inputs:
        x.array.flags.writeable = False
    outputs = [y for y in as_list(case.ours(*inputs)) if y.requires_grad]
    if case.differentiable:
        seeds = [weights(y) for y in outputs]
        for seed in seeds:
            seed.flags.writeable = False
        grad(outputs, [x for x in inputs if x.requires_grad], seeds)


def test_gradients_that_pytorch_makes_nan():
    """Where it subtracts ∞ from ∞, or divides by 0: a gradient that is there is not lost."""
    inf = np.inf
    x, w = (Tensor(np.array([-inf, inf, -inf, 1.0]), requires_grad=True) for _ in range(2))
    dx, dw = grad(logaddexp(x, w), [x, w], np.ones(4))
    assert dx.tolist() == dw.tolist() == [0.5] * 4
    x = Tensor(np.array([-inf, -inf, 1.0, 1.0]), requires_grad=True)
    np.testing.assert_allclose(grad(logcumsumexp(x, 0)[2:].sum(), x).array, [0.0, 0.0, 1.5, 0.5])
    x = Tensor(np.array([inf, -inf, 0.0]), requires_grad=True)
    assert grad(copysign(x, -1.0), x, np.ones(3)).tolist() == [-1.0, 1.0, 0.0]


def test_the_larger_passes_over_nan(torch):
    x, y = (np.array(values) for values in ([1.0, np.nan, np.nan, np.inf], [np.nan, 2.0, np.nan, np.inf]))
    for name in ("fmax", "fmin"):
        ours, theirs = ([make(v, requires_grad=True) for v in (x, y)] for make in (Tensor, torch.tensor))
        ours.append(getattr(tinygrad_tf, name)(*ours))
        theirs.append(getattr(torch, name)(*theirs))
        np.testing.assert_array_equal(ours[2].array, theirs[2].detach().numpy())
        for dx, expected in zip(
            grad(ours[2].sum(), ours[:2]), torch.autograd.grad(theirs[2].sum(), theirs[:2]), strict=True
        ):
            np.testing.assert_array_equal(dx.array, expected.numpy())


def test_gradients_where_there_is_no_value(torch):
    """Below 1 nothing has a cosh of X; the slope that PyTorch writes goes on."""
    x = np.array([0.5, -1.5, -300.0])
    ours, theirs = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    with np.errstate(invalid="ignore"):
        dx = grad(ours.acosh().sum(), ours)
    np.testing.assert_allclose(dx.array, torch.autograd.grad(theirs.acosh().sum(), theirs)[0].numpy(), rtol=1e-12)


def test_class_weights_may_want_a_gradient_where_none_is_recorded():
    logits, weight = Tensor(np.eye(2, 3)), Tensor(np.array([1.0, 2.0, 3.0]), requires_grad=True)
    with no_grad():
        for loss in (functional.cross_entropy, functional.nll_loss):
            np.testing.assert_array_equal(loss(logits, [0, 2], weight).array, loss(logits, [0, 2], weight.array).array)


def test_kl_div_of_what_cannot_be_is_that_of_pytorch(torch):
    """A log-probability of −∞ for a target of 0: PyTorch's value is NaN, its gradient is not."""
    x, target = np.array([-np.inf, -1.0, -0.5]), np.array([0.0, 0.5, 0.5])
    ours, theirs = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    y = functional.kl_div(ours, target, reduction="none")
    their_y = torch.nn.functional.kl_div(theirs, torch.tensor(target), reduction="none")
    np.testing.assert_allclose(y.array, their_y.detach().numpy(), rtol=1e-12)
    their_dx = torch.autograd.grad(their_y.sum(), theirs)[0].numpy()
    np.testing.assert_allclose(grad(y, ours, np.ones(3)).array, their_dx)


# ---- stretching -----------------------------------------------------------------------------------------------------

BINARY = ["add", "subtract", "multiply", "divide", "power", "maximum", "minimum"]
SHAPES = [
    ((2, 3), (3,)), ((3,), (2, 3)), ((2, 3), (2, 1)), ((2, 1), (1, 3)), ((2, 3), ()), ((), (2, 3)), ((1,), (2, 2)),
    ((2, 2), (1, 1)), ((4, 1, 3), (2, 1)), ((1, 2), (3, 1, 1)), ((), ()), ((0, 3), (3,)), ((2, 1), (2, 0)), ((0,), ()),
]  # fmt: skip


@pytest.mark.parametrize("op", BINARY)
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_stretched_inputs_get_the_sum(op, shapes, torch):
    rng = np.random.default_rng(2)
    arrays = [rng.uniform(0.5, 2, shape) for shape in shapes]
    xs = [Tensor(a, requires_grad=True) for a in arrays]
    their_xs = [torch.tensor(a, requires_grad=True) for a in arrays]
    y = getattr(tinygrad_tf, op)(*xs)
    their_y = getattr(torch, {"power": "pow"}.get(op, op))(*their_xs)
    np.testing.assert_allclose(y.array, their_y.detach().numpy(), rtol=1e-12, strict=True)
    dxs = grad(y, xs, weights(y))
    for dx, their_dx in zip(dxs, torch.autograd.grad(their_y, their_xs, torch.tensor(weights(y))), strict=True):
        np.testing.assert_allclose(dx.array, their_dx.numpy(), rtol=1e-12, strict=True)


# ---- arrays without entries -----------------------------------------------------------------------------------------

EMPTY = [
    ("exp", (0,), lambda x: x.exp()),
    ("sum of nothing", (0, 3), lambda x: x.sum()),
    ("sum over an axis of size 0", (0, 3), lambda x: x.sum(dim=0)),
    ("sum beside an axis of size 0", (0, 3), lambda x: x.sum(dim=1)),
    ("max beside an axis of size 0", (0, 3), lambda x: x.amax(1) if hasattr(x, "amax") else x.max(1)),
    ("mean beside an axis of size 0", (0, 3), lambda x: x.mean(dim=1)),
    ("reshape", (0, 3), lambda x: x.reshape(3, 0)),
    ("transpose", (0, 3), lambda x: x.mT),
    ("flatten", (2, 0, 3), lambda x: x.flatten(1)),
    ("getitem", (2, 3), lambda x: x[:0]),
    ("getitem of an empty list", (2, 3), lambda x: x[[]]),
    ("split", (0, 2), lambda x: x.split([0, 0])[0]),
    ("matmul of no rows", (0, 3), lambda x: x @ x.mT),
    ("matmul over an axis of size 0", (3, 0), lambda x: x @ x.mT),
    ("softmax of no rows", (0, 3), lambda x: x.softmax(-1)),
    ("softmax of empty rows", (2, 0), lambda x: x.softmax(-1)),
    ("log_softmax of no rows", (0, 3), lambda x: x.log_softmax(-1)),
    ("log_softmax of empty rows", (2, 0), lambda x: x.log_softmax(-1)),
    ("squeeze", (0, 1), lambda x: x.squeeze()),
]
EMPTY_FUNCTIONS = [
    ("layer_norm of no rows", [(0, 3), (3,), (3,)], lambda x, w, b: fused.layer_norm(x, 3, w, b),
     lambda F, x, w, b: F.layer_norm(x, (3,), w, b)),
    ("linear of no rows", [(0, 3), (2, 3), (2,)], fused.linear, lambda F, *a: F.linear(*a)),
    ("linear of no rows of a batch", [(2, 0, 3), (2, 3), (2,)], fused.linear, lambda F, *a: F.linear(*a)),
    ("linear of rows without entries", [(2, 0), (3, 0), (3,)], fused.linear, lambda F, *a: F.linear(*a)),
    ("linear to nothing", [(2, 3), (0, 3), (0,)], fused.linear, lambda F, *a: F.linear(*a)),
    ("gelu", [(0, 2)], fused.gelu, lambda F, x: F.gelu(x)),
    ("concatenate", [(0, 2), (3, 2)], lambda *a: concatenate(a), lambda F, x, y: F.torch.cat([x, y])),
    ("stack", [(0, 2), (0, 2)], lambda *a: stack(a), lambda F, x, y: F.torch.stack([x, y])),
    ("embedding of no ids", [(4, 2)], lambda w: fused.embedding(np.zeros((2, 0), int), w),
     lambda F, w: F.embedding(F.torch.zeros((2, 0), dtype=int), w)),
    ("attention of no queries", [(2, 0, 3), (2, 4, 3), (2, 4, 5)], attention,
     lambda F, *a: F.scaled_dot_product_attention(*a)),
    ("attention to no keys", [(2, 4, 3), (2, 0, 3), (2, 0, 5)], attention,
     lambda F, *a: F.scaled_dot_product_attention(*a)),
    ("attention of no batch", [(0, 4, 3), (0, 5, 3), (0, 5, 2)], attention,
     lambda F, *a: F.scaled_dot_product_attention(*a)),
    ("cross_entropy of no rows, sum", [(0, 3)], lambda x: cross_entropy(x, np.zeros(0, int), reduction="sum"),
     lambda F, x: F.cross_entropy(x, F.torch.zeros(0, dtype=int), reduction="sum")),
    ("cross_entropy of no rows, mean", [(0, 3)], lambda x: cross_entropy(x, np.zeros(0, int)),
     lambda F, x: F.cross_entropy(x, F.torch.zeros(0, dtype=int))),
    ("cross_entropy of ignored rows, mean", [(2, 3)], lambda x: cross_entropy(x, [-100, -100]),
     lambda F, x: F.cross_entropy(x, F.torch.tensor([-100, -100]))),
    ("cross_entropy of ignored rows, sum", [(2, 3)], lambda x: cross_entropy(x, [-100, -100], reduction="sum"),
     lambda F, x: F.cross_entropy(x, F.torch.tensor([-100, -100]), reduction="sum")),
]  # fmt: skip
EMPTY_ROWS = [(name, [shape], call, lambda F, x, call=call: call(x)) for name, shape, call in EMPTY] + EMPTY_FUNCTIONS


@pytest.mark.parametrize("name, shapes, ours, theirs", EMPTY_ROWS, ids=[r[0] for r in EMPTY_ROWS])
def test_nothing_in_is_as_in_pytorch(name, shapes, ours, theirs, torch):
    arrays = [np.random.default_rng(3).standard_normal(shape) for shape in shapes]
    xs = [Tensor(a, requires_grad=True) for a in arrays]
    their_xs = [torch.tensor(a, requires_grad=True) for a in arrays]
    y, their_y = ours(*xs), theirs(torch.nn.functional, *their_xs)
    np.testing.assert_allclose(y.array, their_y.detach().numpy(), rtol=1e-12, strict=True)
    y.backward(np.ones(y.shape))
    their_y.backward(torch.ones_like(their_y))
    for x, their_x in zip(xs, their_xs, strict=True):
        np.testing.assert_allclose(x.grad.array, their_x.grad.numpy(), rtol=1e-10, strict=True)
