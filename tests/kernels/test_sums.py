"""Sums of very many numbers: n equal ones add up to n times one of them, whatever adds them up."""

import numpy as np
import pytest
from test_kernels import kernel_set  # noqa: F401 — a fixture

import tinygrad_tf as t
from tinygrad_tf import Tensor, grad, sums
from tinygrad_tf.nn.functional import cross_entropy, embedding, layer_norm, linear, mse_loss, rms_norm
from tinygrad_tf.optim import clip_grad_norm_

N = 10**6
ONE = np.float32(0.1)


def ones(*shape):
    return Tensor(np.full(shape, ONE), requires_grad=True)


def gradient(make, *xs, of=-1):
    """The gradient, to one of the xs, of what is made of them, where each entry counts 0.1."""
    Y = make(*xs)
    return grad(Y, xs[of], np.full(Y.shape, ONE, Y.dtype))


def grown():
    """The norm that clip_grad_norm_ finds of gradients that are all 0.1."""
    p = ones(N)
    p.grad = Tensor(np.full(N, ONE, np.float32))
    return clip_grad_norm_([p], 1e9)


#: What adds up n numbers 0.1, and how much of n · 0.1 it gives.
SUMS = {
    "all": lambda: ones(N).sum(),
    "first axis": lambda: ones(N, 3).sum(0),
    "first axis, kept": lambda: ones(N, 3).sum(0, keepdims=True),
    "columns of a transpose": lambda: ones(N, 3).T.sum(1),
    "every other": lambda: ones(2 * N, 2)[::2, :1].sum(0),
    "two axes": lambda: ones(1000, 1000, 3).sum((0, 1)),
    "axes apart": lambda: ones(1000, 3, 1000).sum((0, 2)),
    "an axis within": lambda: ones(2, N, 2).sum(1),
    "from the back": lambda: ones(N, 2).flip(0).sum(0),
    "float64": lambda: Tensor(np.full((N, 3), float(ONE))).sum(0),
    "mean": lambda: ones(N, 3).mean(0) * N,
    "mean squares": lambda: mse_loss(Tensor(np.zeros((N, 2), np.float32)), ones(N, 2) ** 0.5) * N,
    "var": lambda: ((Tensor(np.resize([0.0, 2.0], (2 * N, 1)).repeat(2, 1).astype("float32"))).var(0, False)) * N * ONE,
    "norm": lambda: (ones(N, 2) ** 0.5).norm(dim=0) ** 2,
    "clipped norm": lambda: grown() ** 2 / ONE,
    "logsumexp": lambda: (ones(N, 2) * 0).logsumexp(0).exp() * ONE,
    "cumsum": lambda: ones(N, 2).cumsum(0)[-1],
    "einsum, one": lambda: t.einsum("ij->j", ones(N, 3)),
    "einsum, two": lambda: t.einsum("ij,ij->j", ones(N, 3), ones(N, 3) * 0 + 1),
    "einsum, rows": lambda: t.einsum("ij,ij->i", ones(3, N), ones(3, N) * 0 + 1),
    "einsum, a batch": lambda: t.einsum("ibj,ib->bj", ones(N + 7, 2, 3), ones(N + 7, 2) * 0 + 1) * N / (N + 7),
    "scatter_add": lambda: Tensor(np.zeros(2, np.float32)).scatter_add(0, np.zeros(N, int), ones(N))[:1],
    "a stretched axis": lambda: gradient(lambda x, w: x + w, ones(N, 3), ones(3)),
    "a stretched axis within": lambda: gradient(lambda x, w: x + w, ones(2, N, 2), ones(2, 1, 2)),
    "a stretched number": lambda: gradient(lambda x, w: x * w, ones(N, 3) * 0 + 1, ones()) / 3,
    "linear": lambda: gradient(linear, ones(N, 2), ones(5, 2), ones(5)),
    "linear, bias alone": lambda: gradient(linear, Tensor(np.ones((N, 2), "f")), Tensor(np.ones((5, 2), "f")), ones(5)),
    "layer_norm, bias": lambda: gradient(lambda *a: layer_norm(a[0], 2, *a[1:]), ones(N, 2), ones(2), ones(2)),
    "layer_norm, weight": lambda: gradient(
        lambda x, w: layer_norm(x, 2, w, eps=0.0), Tensor(np.array([[-1.0, 1.0]], "f").repeat(N, 0)), ones(2)
    ).abs(),
    "rms_norm": lambda: gradient(lambda x, w: rms_norm(x, 2, w, eps=0.0), ones(N, 2), ones(2)),
    "embedding": lambda: gradient(embedding, Tensor(np.zeros(N, int)), ones(2, 3))[:1],
    "rows read again": lambda: gradient(lambda w: w[np.zeros(N, int)], ones(2, 3))[:1],
    "cross_entropy": lambda: cross_entropy(Tensor(np.zeros((N, 2), "f")), np.zeros(N, int)) / np.log(2) * N * ONE,
    "softmax, columns": lambda: (ones(N, 2).softmax(0) * N).sum(0) * ONE,
    "softmax, a long row": lambda: ones(2, N).softmax(-1)[:, 0] * N * N * ONE,
    "log_softmax, columns": lambda: ones(N, 2).log_softmax(0)[0].exp() * N * N * ONE,
    "layer_norm, a long row": lambda: layer_norm(Tensor(np.resize([1.0, -1.0], (2, N)).astype("f")), N, eps=0.0)[
        0, 0] * N * ONE,
    "rms_norm, a long row": lambda: rms_norm(ones(2, N), N, eps=0.0)[:, 0] * N * ONE,
}  # fmt: skip


@pytest.mark.parametrize("name", SUMS)
def test_n_equal_numbers_are_n_times_one(name, kernel_set):  # noqa: F811
    made = SUMS[name]()
    total = np.asarray(made.detach() if isinstance(made, Tensor) else made, np.float64)
    np.testing.assert_allclose(total, np.full(total.shape, N * float(ONE)), rtol=1e-6, atol=0.0)


WIDE = np.resize(np.array([0.1, 0.7, 0.3], "f"), (2, 60_000))
#: What is computed of rows that are wide, but not very wide.
OF_WIDE = {
    "softmax": lambda x: x.softmax(-1) * x.shape[-1],
    "log_softmax": lambda x: x.log_softmax(-1),
    "layer_norm": lambda x: layer_norm(x, x.shape[-1]),
    "rms_norm": lambda x: rms_norm(x, x.shape[-1]),
    "cross_entropy": lambda x: cross_entropy(x, [1, 2]),
}


@pytest.mark.parametrize("name", OF_WIDE)
def test_wide_rows_are_off_by_no_more_than_a_millionth(name, kernel_set):  # noqa: F811
    made = []
    for dtype in (np.float32, np.float64):
        x = Tensor(WIDE.astype(dtype), requires_grad=True)
        y = OF_WIDE[name](x)
        dY = np.linspace(0.1, 1, y.array.size).reshape(y.shape).astype(dtype)
        made.append((y.array, grad(y, x, dY).array))
    for single, double in zip(*made, strict=True):
        np.testing.assert_allclose(single, double, rtol=0, atol=2e-6 * np.abs(double).max())


SHAPES = [(), (0,), (7,), (0, 3), (3, 0), (130,), (700, 3), (3, 700), (65, 2, 70), (2, 130, 3), (5, 1, 200)]
LAYOUTS = {
    "in order": lambda a: a,
    "transposed": lambda a: a.T,
    "strided": lambda a: a[tuple(slice(None, None, -2) for _ in a.shape)],
    "stretched": lambda a: np.broadcast_to(a[..., :1], a.shape) if a.ndim else a,
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_sum_over_any_axes_of_any_layout_is_that_of_numpy(shape, layout):
    X = layout(np.random.default_rng(0).standard_normal(shape))
    n = X.ndim
    for axis in [None, (), *range(-n, n), *[(i, j) for i in range(n) for j in range(-n, n) if i != j % n]]:
        for keepdims in (False, True):
            ours, theirs = sums.sum(X, axis, keepdims), np.sum(X, axis, keepdims=keepdims)
            np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12, strict=True)


@pytest.mark.parametrize("n", [1, 64, 65, 511, 512, 513, 1024, 1025, 4097])
@pytest.mark.parametrize("m", [1, 3, 16, 33])
def test_products_and_runs_are_those_of_numpy(n, m):
    A, B = np.random.default_rng(1).standard_normal((2, n, m))
    close = {"rtol": 1e-10, "atol": 1e-10}
    np.testing.assert_allclose(sums.column_products(A, B), (A * B).sum(0), **close, strict=True)
    np.testing.assert_allclose(sums.row_products(A.T, B.T), (A * B).T.sum(1, keepdims=True), **close, strict=True)
    np.testing.assert_allclose(sums.squares(A), (A * A).sum(), **close)
    starts = np.array([0, *sorted({n // 3, n - 1} - {0})])
    np.testing.assert_allclose(sums.run_sums(A, starts), np.add.reduceat(A, starts, axis=0), **close, strict=True)


@pytest.mark.parametrize("axis", [2, (0, 0), (0, -2)], ids=str)
def test_axes_that_are_wrong_are_refused(axis):
    for op in (t.sum, t.mean):
        with pytest.raises((IndexError, ValueError)):
            op(ones(100, 3), axis=axis)
