"""vjp, jvp, jacobian, hessian and hvp: equal to PyTorch's, of any function, nested, and through every fused op."""

import math
import sys

import numpy as np
import pytest
from parity import torch

import tinygrad_tf
from tinygrad_tf import Tensor, grad, hessian, hvp, jacobian, jvp, nn, no_grad, std_mean, vjp
from tinygrad_tf.autograd.operation import Op
from tinygrad_tf.nn.functional import cosine_similarity, normalize, pairwise_distance
from tinygrad_tf.ops import fused

theirs = torch.autograd.functional
F = torch.nn.functional
TOLERANCE = {"float64": 1e-12, "float32": 2e-5}


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def assert_close(ours, other, dtype="float64"):
    """The same structure of tuples, the same shapes and dtypes, entries equal to rounding."""
    if isinstance(other, tuple):
        assert isinstance(ours, tuple)
        assert len(ours) == len(other)
        for a, b in zip(ours, other, strict=True):
            assert_close(a, b, dtype)
        return
    assert ours.shape == tuple(other.shape)
    assert str(ours.dtype) == str(other.dtype).removeprefix("torch.") == dtype
    scale = max(1.0, float(other.abs().max())) if other.numel() else 1.0
    np.testing.assert_allclose(ours.array, other.detach().numpy(), rtol=0, atol=TOLERANCE[dtype] * scale)


# Each row: a function, written for both, and the shapes of its inputs. The last axis of the first is that of W.
FUNCTIONS = {
    "one input": (lambda x: x.tanh() * x, [(3,)]),
    "a matrix": (lambda x: (x @ x.mT).exp(), [(2, 3)]),
    "a number": (lambda x: x * x * x, [()]),
    "several inputs": (lambda x, w, b: (x @ w + b).tanh(), [(2, 3), (3, 2), (2,)]),
    "to a number": (lambda x, w: ((x @ w) ** 2).sum(), [(2, 3), (3, 2)]),
    "to one entry": (lambda x: (x * x).sum().reshape(1), [(3,)]),
    "an input not used": (lambda x, w: x.exp(), [(2,), (3,)]),
    "linear": (lambda x: 3 * x, [(2,)]),
    "an entry twice": (lambda x: x[[0, 0, 1]] * x[[1, 2, 2]], [(3,)]),
    "nothing in": (lambda x: x * x, [(0, 2)]),
    "nothing in, a number out": (lambda x: (x * x).sum(), [(0,)]),
    "nothing out": (lambda x: x[:0] * 2, [(3,)]),
}
SCALAR = {
    name: row for name, row in FUNCTIONS.items() if name in ("a number", "to a number", "nothing in, a number out")
}
SCALAR["a sum of squares and products"] = lambda x, w: (x * x * w).sum() + w.exp().sum(), [(3,), (3,)]
SCALAR["an input not used"] = lambda x, w: (x**3).sum(), [(2,), (3,)]
SCALAR["linear in one"] = lambda x, w: (x * w * w).sum(), [(3,), (3,)]
SCALAR["one entry"] = lambda x: (x.tanh() ** 2).sum().reshape(1, 1), [(2, 2)]

every_dtype = pytest.mark.parametrize("dtype", TOLERANCE)
every_function = pytest.mark.parametrize("f, shapes", FUNCTIONS.values(), ids=FUNCTIONS)
every_scalar = pytest.mark.parametrize("f, shapes", SCALAR.values(), ids=SCALAR)


def given(shapes, dtype, seed=0):
    """The inputs here and in PyTorch: a Tensor if there is one, otherwise a tuple."""
    arrays = [normal(*shape, seed=seed + i).astype(dtype) for i, shape in enumerate(shapes)]
    ours, other = tuple(map(Tensor, arrays)), tuple(torch.from_numpy(a.copy()) for a in arrays)
    return (ours, other) if len(shapes) > 1 else (ours[0], other[0])


def as_tuple(x):
    return x if isinstance(x, tuple) else (x,)


# ---- equal to PyTorch's ---------------------------------------------------------------------------------------------


@every_dtype
@every_function
def test_vjp(f, shapes, dtype):
    x, their_x = given(shapes, dtype)
    y, pull = vjp(f, *as_tuple(x))
    v, their_v = given([y.shape], dtype, seed=7)
    their_y, pulled = theirs.vjp(f, their_x, their_v)
    assert_close(y, their_y, dtype)
    assert_close(pull(v), pulled, dtype)
    assert_close(pull(2 * v), 2 * pulled if not isinstance(pulled, tuple) else tuple(2 * p for p in pulled), dtype)


@every_dtype
@every_function
def test_jvp(f, shapes, dtype):
    x, their_x = given(shapes, dtype)
    t, their_t = given(shapes, dtype, seed=7)
    y, pushed = jvp(f, x, t)
    assert_close((y, pushed), theirs.jvp(f, their_x, their_t), dtype)


@every_dtype
@every_function
def test_jacobian(f, shapes, dtype):
    x, their_x = given(shapes, dtype)
    several = tuple(range(len(shapes))) if len(shapes) > 1 else 0
    assert_close(jacobian(f, x), torch.func.jacrev(f, several)(*as_tuple(their_x)), dtype)


@every_dtype
@every_scalar
def test_hessian(f, shapes, dtype):
    x, their_x = given(shapes, dtype)
    several = tuple(range(len(shapes))) if len(shapes) > 1 else 0
    assert_close(hessian(f, x), torch.func.hessian(lambda *xs: f(*xs).sum(), several)(*as_tuple(their_x)), dtype)


@every_dtype
@every_scalar
def test_hvp(f, shapes, dtype):
    x, their_x = given(shapes, dtype)
    v, their_v = given(shapes, dtype, seed=7)
    y, Hv = hvp(f, x, v)
    assert_close((y, Hv), theirs.hvp(f, their_x, their_v), dtype)


def test_products_are_those_of_the_matrices():
    f, shapes = FUNCTIONS["several inputs"]
    x, t = given(shapes, "float64")[0], given(shapes, "float64", seed=3)[0]
    J = [j.array.reshape(4, -1) for j in jacobian(f, x)]
    _, pushed = jvp(f, x, t)
    np.testing.assert_allclose(pushed.array.reshape(4), sum(j @ d.array.ravel() for j, d in zip(J, t, strict=True)))
    y, pull = vjp(f, *x)
    v = Tensor(normal(*y.shape))
    for part, j in zip(pull(v), J, strict=True):
        np.testing.assert_allclose(part.array.ravel(), v.array.ravel() @ j, rtol=1e-12, atol=1e-14)


# ---- functions that do not depend on their inputs -------------------------------------------------------------------


@pytest.mark.parametrize(
    "constant", [lambda x: Tensor(np.ones((2, 1))), lambda x: Tensor(np.ones((2, 1)), requires_grad=True) * 1,
                 lambda x: x.detach()[:2, None] * 0 + 1],
    ids=["no graph", "a graph elsewhere", "cut off"],
)  # fmt: skip
def test_a_constant_has_derivatives_of_zero(constant):
    x = Tensor(normal(3))
    y, pull = vjp(constant, x)
    assert y.tolist() == [[1.0], [1.0]]
    np.testing.assert_array_equal(pull(np.ones((2, 1))).array, np.zeros(3), strict=True)
    np.testing.assert_array_equal(jvp(constant, x, normal(3))[1].array, np.zeros((2, 1)), strict=True)
    np.testing.assert_array_equal(jacobian(constant, x).array, np.zeros((2, 1, 3)), strict=True)
    total = lambda x: constant(x).sum()
    np.testing.assert_array_equal(hessian(total, x).array, np.zeros((3, 3)), strict=True)
    np.testing.assert_array_equal(hvp(total, x, normal(3))[1].array, np.zeros(3), strict=True)


AT_ZERO = {
    "norm": lambda x: x.norm(), "norm²": lambda x: x.norm() ** 2, "norm 3": lambda x: x.norm(3) ** 3,
    "by rows": lambda x: (x[None, :].norm(dim=1) ** 2).sum(), "std²": lambda x: x.std() ** 2,
    "std_mean": lambda x: sum(std_mean(x)) ** 2, "a distance": lambda x: pairwise_distance(x, x.detach(), eps=0.0) ** 2,
}  # fmt: skip


@pytest.mark.parametrize("name", AT_ZERO)
def test_a_second_derivative_of_a_norm_at_0_is_refused(name):
    zero = Tensor(np.zeros(2))
    assert jacobian(AT_ZERO[name], zero).tolist() == [0.0, 0.0]  # the first is 0, as in PyTorch
    for second in (hessian, lambda f, x: hvp(f, x, [1.0, 0.0])):
        with pytest.raises(ValueError, match=r"second derivative there is asked for[\s\S]*write \(x \* x\)\.sum\(\)"):
            second(AT_ZERO[name], zero)


def test_a_second_derivative_at_0_of_what_has_one():
    zero, rows = Tensor(np.zeros(2)), Tensor(np.array([[0.0, 0.0], [3.0, 4.0]]))
    assert hessian(lambda x: (x * x).sum(), zero).tolist() == [[2.0, 0.0], [0.0, 2.0]]
    for p in (1, 2, 3, math.inf):
        H = hessian(lambda x, p=p: (normalize(x, p, eps=0.5) ** 2).sum(), rows).array
        np.testing.assert_allclose(H[0, :, 0], np.diag([8.0, 8.0]), rtol=0)  # near 0 it is x / 0.5
    assert np.isfinite(hessian(lambda x: cosine_similarity(x, rows.detach()).sum(), rows).array).all()
    assert jacobian(lambda x: x.norm(), zero).tolist() == [0.0, 0.0]  # without a word: PyTorch's choice


def test_a_jacobian_of_zeros_has_the_type_of_the_input():
    x = Tensor(np.ones(2, np.float32))
    assert jacobian(lambda x: x.double(), x).dtype == np.float32
    assert jacobian(lambda x: x.double()[:0], x).dtype == np.float32


# ---- what counts as an input ----------------------------------------------------------------------------------------


def test_a_tensor_given_twice_is_two_inputs():
    x = Tensor([3.0], requires_grad=True)
    _, pull = vjp(lambda a, b: a * a * b, x, x)
    assert [d.tolist() for d in pull([1.0])] == [[18.0], [9.0]]
    assert [j.tolist() for j in jacobian(lambda a, b: a * a * b, (x, x))] == [[[18.0]], [[9.0]]]


def test_what_is_reached_otherwise_than_as_an_argument_is_a_constant():
    x = Tensor([3.0], requires_grad=True)
    assert jacobian(lambda a: a * x, x).tolist() == [[3.0]]
    assert hvp(lambda a: (a * a * x).sum(), x, [1.0])[1].tolist() == [6.0]


@pytest.mark.parametrize("transform", [
    lambda f, x: vjp(f, x)[1]([1.0]), lambda f, x: jvp(f, x, [1.0])[1], lambda f, x: jacobian(f, x),
    lambda f, x: hessian(lambda x: f(x).sum(), x), lambda f, x: hvp(lambda x: f(x).sum(), x, [1.0])[1],
], ids=["vjp", "jvp", "jacobian", "hessian", "hvp"])  # fmt: skip
def test_nobodys_gradient_or_graph_is_touched(transform):
    W = Tensor([5.0], requires_grad=True)
    h = W * 2  # made outside, used inside
    x = Tensor([3.0], requires_grad=True)
    found = transform(lambda x: x * x * h, x)
    assert not found.requires_grad
    assert (W.grad, x.grad) == (None, None)
    h.backward()  # its graph is still there
    assert W.grad.tolist() == [2.0]


def test_numbers_and_lists_may_be_given():
    assert jacobian(lambda x: x * x, 3.0).tolist() == 6.0
    assert vjp(lambda x: x * x, np.array([3.0]))[1](1.0 * np.ones(1)).tolist() == [6.0]
    assert jvp(lambda x, w: x * w, [Tensor([3.0]), np.array([4.0])], [[1.0], [10.0]])[1].tolist() == [34.0]
    assert hvp(lambda x: (x**3).sum(), [[1.0, 2.0]][0:1], [[1.0, 1.0]])[1][0].tolist() == [6.0, 12.0]


def test_under_no_grad_as_outside():
    x, t = Tensor([1.0, 2.0], requires_grad=True), [1.0, 1.0]
    f = lambda x: x**3
    with no_grad():
        assert vjp(f, x)[1](t).tolist() == jvp(f, x, t)[1].tolist() == [3.0, 12.0]
        assert jacobian(f, x).tolist() == [[3.0, 0.0], [0.0, 12.0]]
        assert hessian(lambda x: f(x).sum(), x).tolist() == [[6.0, 0.0], [0.0, 12.0]]
        assert hvp(lambda x: f(x).sum(), x, t)[1].tolist() == [6.0, 12.0]


# ---- differentiated again -------------------------------------------------------------------------------------------


def test_create_graph_leads_back_to_the_inputs():
    x, t = Tensor([1.0, 2.0], requires_grad=True), [1.0, 10.0]
    f = lambda x: x**3
    found = {
        "vjp": vjp(f, x)[1](t, create_graph=True),
        "jvp": jvp(f, x, t, create_graph=True)[1],
        "jacobian": jacobian(f, x, create_graph=True).sum(1) * np.array([1.0, 10.0]),
    }
    for name, first in found.items():
        assert grad(first.sum(), x).tolist() == [6.0, 120.0], name  # 6x · t
    second = {
        "hessian": hessian(lambda x: f(x).sum(), x, create_graph=True).sum(1) * np.array([1.0, 10.0]),
        "hvp": hvp(lambda x: f(x).sum(), x, t, create_graph=True)[1],
    }
    for name, first in second.items():
        assert grad(first.sum(), x).tolist() == [6.0, 60.0], name  # 6t


def test_create_graph_leads_to_the_direction_as_well():
    x, v = Tensor([1.0, 2.0]), Tensor([1.0, 10.0], requires_grad=True)
    pulled = vjp(lambda x: x**3, x)[1](v, create_graph=True)
    assert grad(pulled.sum(), v).tolist() == [3.0, 12.0]
    pushed = jvp(lambda x: x**3, x, v, create_graph=True)[1]
    assert grad(pushed.sum(), v).tolist() == [3.0, 12.0]


def test_jacobian_of_a_jacobian():
    f, their_f = (lambda x: (x @ x.mT).tanh() @ x,) * 2
    x, their_x = given([(2, 2)], "float64")
    ours = jacobian(lambda x: jacobian(f, x, create_graph=True), x)
    other = theirs.jacobian(lambda x: theirs.jacobian(their_f, x, create_graph=True), their_x)
    assert_close(ours, other)


def test_transforms_of_transforms():
    x, t = Tensor([0.3, -0.5]), Tensor([1.0, 2.0])
    f = lambda x: x.tanh() * x.exp()
    second = jvp(lambda x: jvp(f, x, t, create_graph=True)[1], x, t)[1]  # forward over forward
    mixed = jvp(lambda x: vjp(f, x)[1](t, create_graph=True), x, t)[1]  # forward over reverse
    their_x, their_t = torch.tensor([0.3, -0.5]), torch.tensor([1.0, 2.0])
    g = lambda x: torch.tanh(x) * torch.exp(x)
    push = lambda x: torch.func.jvp(g, (x,), (their_t,))[1]
    assert_close(second, torch.func.jvp(push, (their_x,), (their_t,))[1], "float32")
    pull = lambda x: torch.func.vjp(g, x)[1](their_t)[0]
    assert_close(mixed, torch.func.jvp(pull, (their_x,), (their_t,))[1], "float32")


def test_third_derivatives_by_hessian_and_jacobian():
    f = lambda x: (x.exp() * x).sum()
    x, their_x = given([(2,)], "float64")
    ours = jacobian(lambda x: hessian(f, x, create_graph=True), x)
    assert_close(ours, theirs.jacobian(lambda x: theirs.hessian(f, x, create_graph=True), their_x))


# ---- fused ops: what a kernel has kept is a constant, so the second derivative goes by the rule ----------------------

_TARGETS = np.array([1, 3, 0])
_MASK = np.array([[True, False, True], [True, True, False]])
FUSED = {
    "softmax": (lambda x: (x.softmax(-1) ** 2).sum(), lambda x: (x.softmax(-1) ** 2).sum(), [(2, 3)]),
    "log_softmax": (lambda x: (x.log_softmax(-1) ** 2).sum(), lambda x: (x.log_softmax(-1) ** 2).sum(), [(2, 3)]),
    "layer_norm": (
        lambda x, w, b: (fused.layer_norm(x, 3, w, b) ** 3).sum(),
        lambda x, w, b: (F.layer_norm(x, (3,), w, b) ** 3).sum(),
        [(2, 3), (3,), (3,)],
    ),
    "rms_norm": (
        lambda x, w: (fused.rms_norm(x, 3, w) ** 3).sum(),
        lambda x, w: (F.rms_norm(x, (3,), w) ** 3).sum(),
        [(2, 3), (3,)],
    ),
    "silu": (lambda x: fused.silu(x).sum(), lambda x: F.silu(x).sum(), [(2, 3)]),
    "gelu": (lambda x: fused.gelu(x).sum(), lambda x: F.gelu(x).sum(), [(2, 3)]),
    "gelu_tanh": (
        lambda x: fused.gelu(x, "tanh").sum(), lambda x: F.gelu(x, approximate="tanh").sum(), [(2, 3)],
    ),
    "linear": (
        lambda x, w, b: (fused.linear(x, w, b) ** 2).sum(), lambda x, w, b: (F.linear(x, w, b) ** 2).sum(),
        [(2, 3), (2, 3), (2,)],
    ),
    "embedding": (
        lambda w: (fused.embedding([1, 0, 1], w) ** 3).sum(),
        lambda w: (F.embedding(torch.tensor([1, 0, 1]), w) ** 3).sum(),
        [(3, 2)],
    ),
    "attention": (
        lambda q, k, v: (fused.attention(q, k, v) ** 2).sum(),
        lambda q, k, v: (F.scaled_dot_product_attention(q[None], k[None], v[None]) ** 2).sum(),
        [(2, 2), (3, 2), (3, 2)],
    ),
    "attention with a mask": (
        lambda q, k, v: (fused.attention(q, k, v, _MASK) ** 2).sum(),
        lambda q, k, v: (
            F.scaled_dot_product_attention(q[None], k[None], v[None], torch.from_numpy(_MASK)[None]) ** 2
        ).sum(),
        [(2, 2), (3, 2), (3, 2)],
    ),
    "attention, causal": (
        lambda q, k, v: (fused.attention(q, k, v, causal=True) ** 2).sum(),
        lambda q, k, v: (
            F.scaled_dot_product_attention(q[None], k[None], v[None], torch.ones(1, 2, 3).tril(1).bool()) ** 2
        ).sum(),
        [(2, 2), (3, 2), (3, 2)],
    ),
    "attention with a float mask that has a gradient": (
        lambda q, k, v, m: (fused.attention(q, k, v, m) ** 2).sum(),
        lambda q, k, v, m: (((q @ k.mT / 2**0.5 + m).softmax(-1) @ v) ** 2).sum(),
        [(2, 2), (3, 2), (3, 2), (2, 3)],
    ),
    "cross_entropy": (
        lambda x: fused.cross_entropy(x, _TARGETS), lambda x: F.cross_entropy(x, torch.from_numpy(_TARGETS)), [(3, 4)],
    ),
    "cross_entropy, smooth": (
        lambda x: fused.cross_entropy(x, _TARGETS, label_smoothing=0.2, ignore_index=3),
        lambda x: F.cross_entropy(x, torch.from_numpy(_TARGETS), label_smoothing=0.2, ignore_index=3),
        [(3, 4)],
    ),
}  # fmt: skip


@every_dtype
@pytest.mark.parametrize("f, their_f, shapes", FUSED.values(), ids=FUSED)
def test_second_derivatives_of_fused_ops(f, their_f, shapes, dtype):
    x, their_x = given(shapes, dtype)
    ours, other = hessian(f, x), theirs.hessian(their_f, their_x)
    assert_close(ours, other, dtype)
    curved = max(float(h.abs().max()) for row in as_tuple(other) for h in as_tuple(row))
    assert curved > 0.05  # zeros would be equal to zeros


def test_every_kernel_is_among_the_fused_ops():
    named = {name.split()[0].rstrip(",") for name in FUSED} | {"dropout"}  # which has a test of its own
    files = [module for name, module in sys.modules.items() if name.startswith("tinygrad_tf.ops.fused")]
    ops = {getattr(f, "op", None) for m in files for f in vars(m).values()}
    assert {o.name for o in ops if isinstance(o, Op) and o.kernel} == named


def test_dropout_inside_a_second_derivative():
    x = Tensor(normal(4), requires_grad=True)

    def f(x):
        tinygrad_tf.manual_seed(1)
        return (fused.dropout(x, 0.5) ** 3).sum()

    tinygrad_tf.manual_seed(1)
    kept = fused.keep_mask((4,), 0.5)
    np.testing.assert_allclose(hessian(f, x).array, np.diag(6 * x.array * kept * 8), rtol=1e-12)


@every_dtype
@pytest.mark.parametrize("norm_first", [False, True], ids=["post-norm", "pre-norm"])
def test_hessian_of_the_loss_of_a_transformer_layer(dtype, norm_first):
    """Every second derivative of a whole layer's loss, with respect to its input: attention, norm, GELU, losses."""
    sizes = {"dim_feedforward": 4, "dropout": 0.0, "activation": "gelu", "batch_first": True, "norm_first": norm_first}
    other = torch.nn.TransformerEncoderLayer(4, 2, **sizes).to(getattr(torch, dtype)).train()
    ours = nn.TransformerEncoderLayer(4, 2, **sizes).to(dtype)
    ours.load_state_dict(other.state_dict())
    x, their_x = given([(1, 2, 4)], dtype)
    loss = lambda x: fused.cross_entropy(ours(x).reshape(2, 4), [1, 3])
    their_loss = lambda x: F.cross_entropy(other(x).reshape(2, 4), torch.tensor([1, 3]))
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        expected = theirs.hessian(their_loss, their_x)
    assert expected.abs().max() > 0.01
    assert_close(hessian(loss, x), expected, dtype)


def test_second_derivative_of_a_parameter_through_a_whole_layer():
    """With respect to a weight, by a penalty on the gradient: ∂/∂W of |∂L/∂x|²."""
    sizes = {"dim_feedforward": 4, "dropout": 0.0, "batch_first": True}
    other = torch.nn.TransformerDecoderLayer(4, 2, **sizes).double()
    ours = nn.TransformerDecoderLayer(4, 2, **sizes).double()
    ours.load_state_dict(other.state_dict())
    x, memory = normal(1, 3, 4), normal(1, 2, 4, seed=1)
    X, their_X = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    (grad((ours(X, Tensor(memory)) ** 3).sum(), X, create_graph=True) ** 2).sum().backward()
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        y = (other(their_X, torch.tensor(memory)) ** 3).sum()
        (torch.autograd.grad(y, their_X, create_graph=True)[0] ** 2).sum().backward()
    for p, q in zip(ours.parameters(), other.parameters(), strict=True):
        assert_close(p.grad, q.grad)
    assert any(float(q.grad.abs().max()) > 0.1 for q in other.parameters())


def test_the_transforms_leave_the_thread_as_it_was():
    with pytest.raises(ZeroDivisionError):
        jacobian(lambda x: 1 / 0, Tensor([1.0]))
    assert (Tensor([1.0], requires_grad=True) * 2).requires_grad
