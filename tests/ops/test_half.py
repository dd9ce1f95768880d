"""float16 is computed with in float32 and rounded once: the result of each row is that of float32, rounded."""

import numpy as np
import pytest
from cases import CASES, as_list

import tinygrad_tf
from tinygrad_tf import Tensor, attention, grad, nn
from tinygrad_tf.ops.fused import attention_weights
from tinygrad_tf.optim import clip_grad_norm_

#: Here several float16 meet: routes that join, or results of one op that another one takes.
SEVERAL = {
    "pad: reflect on two axes", "pad: replicate on two axes", "pad: pairs, reflected", "getitem: unpacked",
    "softmax: torch.softmax", "scatter_add: all to one place",
}  # fmt: skip
#: Rows that name a type, or whose value hangs on it.
TYPED = {
    "astype", "to", "Tensor.type_as", "append", "concatenate", "matmul: a list on the left",
    "scatter: a 1 at the class", "sum: a type", "mean: a type", "prod: a type", "cumsum: a type", "cumprod: a type",
    "softmax: a type", "log_softmax: a type", "softmax: functional, dtype", "log_softmax: functional, dtype",
    "bincount: weights", "histogram: limits and weights", "nan_to_num: function",
}  # fmt: skip
ROWS = [
    c for c in CASES
    if any(a.dtype.kind == "f" for a in c.arrays()) and not {c.id, c.op} & (SEVERAL | TYPED)
]  # fmt: skip


def results(case, dtype):
    """What the row gives for inputs that float16 can hold, computed in a type, and its gradients."""
    arrays = [a.astype(np.float16).astype(dtype) if a.dtype.kind == "f" else a for a in case.arrays()]
    pairs = zip(arrays, case.inputs, strict=True)
    xs = [Tensor(a, requires_grad=a.dtype.kind == "f" and not i.constant) for a, i in pairs]
    ys = [y for y in as_list(case.ours(*xs)) if isinstance(y, Tensor)]
    wanted, made = ([x for x in some if x.requires_grad] for some in (xs, ys))
    if not (wanted and made and case.differentiable):
        return [y.array for y in ys]
    rng = np.random.default_rng(1)
    seeds = [rng.standard_normal(y.shape).astype(np.float16).astype(dtype) for y in made]
    return [t.array for t in (*ys, *grad(made, wanted, seeds))]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", ROWS, ids=lambda c: c.id)
def test_float16_is_float32_rounded(case):
    for half, single in zip(results(case, np.float16), results(case, np.float32), strict=True):
        if single.dtype.kind == "f":
            assert half.dtype == np.float16
            rounded = single.astype(np.float16)
            ulp = np.spacing(np.maximum(np.abs(rounded), np.float16(6.1e-5))).astype(np.float64)
            near = np.abs(half.astype(np.float64) - rounded) <= np.where(np.isfinite(ulp), ulp, 0)
            assert (near | (half == rounded) | (np.isnan(half) & np.isnan(rounded))).all()


HALF = np.float16
NUMBERS = {
    "a mean of more than 65,504": (lambda t, x: x.mean(), np.ones(65520, HALF)),
    "a long mean down an axis": (lambda t, x: x.mean(0), np.ones((70000, 2), HALF)),
    "a sum that needs its digits": (lambda t, x: x.sum(0), np.full((4096, 2), 0.1, HALF)),
    "sums so far": (lambda t, x: x.cumsum(0), np.full(4096, 0.1, HALF)),
    "a variance of hundreds": (lambda t, x: x.var(0), np.linspace(-400, 400, 300).astype(HALF)[:, None]),
    "a norm of hundreds": (lambda t, x: x.norm(), np.full(100, 300, HALF)),
    "layer_norm of zeros": (lambda t, x: t.nn.functional.layer_norm(x, (4,)), np.zeros((2, 4), HALF)),
    "rms_norm of small numbers": (lambda t, x: t.nn.functional.rms_norm(x, (4,)), np.full((2, 4), 1e-3, HALF)),
    "gelu_tanh far out": (
        lambda t, x: t.nn.functional.gelu(x, approximate="tanh"), np.array([-300, -40, -3, 0, 3, 40, 300], HALF)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NUMBERS)
def test_float16_is_that_of_pytorch(name):
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle")
    call, array = NUMBERS[name]
    x, their_x = Tensor(array, requires_grad=True), torch.from_numpy(array.copy()).requires_grad_()
    y, their_y = call(tinygrad_tf, x), call(torch, their_x)
    np.testing.assert_allclose(y.array, their_y.detach().numpy(), rtol=2e-3, atol=1e-4, strict=True)
    seed = np.ones(y.shape, HALF)
    theirs = torch.autograd.grad(their_y, their_x, torch.from_numpy(seed))[0].numpy()
    np.testing.assert_allclose(grad(y, x, seed).array, theirs, rtol=2e-3, atol=1e-6, strict=True)


def test_attention_to_large_numbers_and_their_gradients():
    Q = Tensor(np.full((3, 64), 40, HALF), requires_grad=True)  # 40 · 40 · 64 is beyond float16
    assert attention(Q, Q, Q).array.tolist() == Q.array.tolist()
    np.testing.assert_allclose(attention_weights(Q, Q).array, 1 / 3, rtol=1e-3)
    by_module = nn.functional.scaled_dot_product_attention(Q, Q, Q, scale=4.0)
    assert np.isfinite(grad(by_module, Q, np.ones((3, 64))).array).all()


def test_the_norm_of_gradients_in_float16():
    p = Tensor(np.zeros(100, HALF), requires_grad=True)
    for norm_type, expected in ((2.0, 2000.0), (1.0, 20000.0), (3.0, 200 * 100 ** (1 / 3))):
        p.grad = Tensor(np.full(100, 200, HALF))
        np.testing.assert_allclose(clip_grad_norm_([p], 1.0, norm_type), expected, rtol=1e-3)
        assert p.grad.dtype == HALF
        np.testing.assert_allclose(p.grad.array, 200 / expected, rtol=1e-3)
