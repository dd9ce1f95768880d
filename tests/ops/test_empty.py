"""Tensors without entries and without axes work where they do in PyTorch, and are refused where they are there."""

import itertools

import numpy as np
import pytest
from cases import as_list
from cases.case import torch

import tinygrad_tf
from tinygrad_tf import Tensor, grad

pytest.importorskip("torch", reason="PyTorch is the oracle")

SHAPES = [(), (0,), (1,), (0, 3), (3, 0), (2, 0, 3), (0, 0)]

ELEMENTWISE = [
    "neg", "abs", "square", "reciprocal", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "rsqrt",
    "tanh", "sigmoid", "erf", "sin", "cos", "tan", "sinh", "cosh", "asin", "acos", "atan", "asinh", "acosh", "atanh",
    "sign", "floor", "ceil", "trunc", "round", "relu", "isnan", "isinf", "isfinite", "logical_not",
]  # fmt: skip
OF_ALL = [
    "sum", "mean", "prod", "var", "std", "amax", "amin", "max", "min", "argmax", "argmin", "all", "any", "norm", "tril",
    "triu", "flatten", "ravel", "sort", "argsort", "nonzero", "diag", "diagonal", "squeeze",
]  # fmt: skip
ALONG = [
    "sum", "mean", "prod", "var", "std", "amax", "amin", "max", "min", "argmax", "argmin", "all", "any", "norm",
    "logsumexp", "cumsum", "cumprod", "cummax", "softmax", "log_softmax", "sort", "argsort", "squeeze", "unsqueeze",
]  # fmt: skip
KEPT = ["sum", "mean", "prod", "var", "std", "amax", "amin", "max", "min", "argmax", "all", "norm", "logsumexp"]
OVER_TWO = ["sum", "mean", "var", "std", "amax", "amin", "norm", "logsumexp", "all", "any", "squeeze"]
ACTIVATIONS = [
    "relu", "relu6", "gelu", "silu", "elu", "selu", "leaky_relu", "mish", "softplus", "logsigmoid", "hardtanh",
    "hardswish", "softsign", "celu", "tanhshrink",
]  # fmt: skip


def _zeros(t, *shape):
    return t.zeros(shape, dtype=t.int64)


CALLS = {
    **{name: lambda t, x, name=name: getattr(t, name)(x) for name in ELEMENTWISE + OF_ALL},
    **{f"{name}, dim={d}": lambda t, x, name=name, d=d: getattr(t, name)(x, dim=d) for name in ALONG
       for d in (0, -1, 1, 5)},
    **{f"{name}, dim={d}, kept": lambda t, x, name=name, d=d: getattr(t, name)(x, dim=d, keepdim=True) for name in KEPT
       for d in (0, -1, 5)},
    **{f"{name}, two axes": lambda t, x, name=name: getattr(t, name)(x, dim=(0, 1)) for name in OVER_TWO},
    **{f"F.{name}": lambda t, x, name=name: getattr(t.nn.functional, name)(x) for name in ACTIVATIONS},
    "x + x": lambda t, x: x + x,
    "x - 1": lambda t, x: x - 1,
    "2 * x": lambda t, x: 2 * x,
    "x / x": lambda t, x: x / x,
    "x ** 2": lambda t, x: x**2,
    "x % 2": lambda t, x: x % 2.0,
    "x // 2": lambda t, x: x.detach() // 2.0,
    "x == x": lambda t, x: x == x,
    "x > 0": lambda t, x: x > 0,
    "fmod": lambda t, x: t.fmod(x, 2.0),
    "maximum": lambda t, x: t.maximum(x, x * 2),
    "logaddexp": lambda t, x: t.logaddexp(x, x),
    "isclose": lambda t, x: t.isclose(x, x),
    "lerp": lambda t, x: t.lerp(x, x * 2, 0.5),
    "clamp": lambda t, x: x.clamp(0, 1),
    "where": lambda t, x: t.where(x > 0, x, 0.0),
    "where, places": lambda t, x: t.where(x > 0),
    "masked_fill": lambda t, x: x.masked_fill(x == x, 2.0),
    "masked_select": lambda t, x: x.masked_select(x == x),
    "nonzero, as a tuple": lambda t, x: t.nonzero(x, as_tuple=True),
    "clone": lambda t, x: x.clone(),
    "double": lambda t, x: x.double(),
    "reshape to a row": lambda t, x: x.reshape(-1),
    "reshape to nothing": lambda t, x: x.reshape(0),
    "reshape, one computed": lambda t, x: x.reshape(-1, 3),
    "flatten from 1": lambda t, x: x.flatten(1),
    "flatten two": lambda t, x: x.flatten(0, 1),
    "unflatten": lambda t, x: x.unflatten(0, (x.shape[0], 1)),
    "transpose": lambda t, x: x.transpose(0, -1),
    "swapaxes": lambda t, x: x.swapaxes(0, -1),
    "movedim": lambda t, x: t.movedim(x, 0, -1),
    "permute": lambda t, x: x.permute(tuple(range(x.ndim))[::-1]),
    "expand": lambda t, x: x.expand(2, *x.shape),
    "broadcast_to": lambda t, x: t.broadcast_to(x, (2, *x.shape)),
    "cat": lambda t, x: t.cat([x, x]),
    "stack": lambda t, x: t.stack([x, x]),
    "stack at the end": lambda t, x: t.stack([x, x], -1),
    "split": lambda t, x: t.split(x, 2),
    "split along 1": lambda t, x: t.split(x, 1, 1),
    "chunk": lambda t, x: t.chunk(x, 2),
    "chunk along 1": lambda t, x: t.chunk(x, 2, 1),
    "repeat": lambda t, x: x.repeat(2, 2, 2),
    "repeat no times": lambda t, x: x.repeat(0, 1, 1),
    "tile": lambda t, x: t.tile(x, (2,)),
    "repeat_interleave": lambda t, x: x.repeat_interleave(2),
    "repeat_interleave along 0": lambda t, x: x.repeat_interleave(2, 0),
    "repeat_interleave no times": lambda t, x: x.repeat_interleave(0, 0),
    "flip": lambda t, x: t.flip(x, (0,)),
    "roll": lambda t, x: t.roll(x, 1),
    "roll along 0": lambda t, x: t.roll(x, 1, 0),
    "pad": lambda t, x: t.nn.functional.pad(x, (1, 1)),
    "pad two": lambda t, x: t.nn.functional.pad(x, (1, 1, 0, 1)),
    "unfold": lambda t, x: x.unfold(0, 1, 1),
    "unfold, windows of nothing": lambda t, x: x.unfold(-1, 0, 1),
    "tril, diagonal": lambda t, x: t.tril(x, 1),
    "diag, offset": lambda t, x: t.diag(x, 1),
    "gather": lambda t, x: x.gather(0, _zeros(t, *x.shape)),
    "scatter": lambda t, x: x.scatter(0, _zeros(t, *x.shape), 5.0),
    "scatter nowhere": lambda t, x: x.scatter(0, _zeros(t, *(0,) * x.ndim), 5.0),
    "scatter_add": lambda t, x: x.scatter_add(0, _zeros(t, *x.shape), x),
    "index_select": lambda t, x: x.index_select(0, _zeros(t, 2)),
    "index_select none": lambda t, x: x.index_select(0, _zeros(t, 0)),
    "take none": lambda t, x: x.take(_zeros(t, 0)),
    "take_along_dim": lambda t, x: t.take_along_dim(x, _zeros(t, *x.shape), 0),
    "topk": lambda t, x: t.topk(x, 1),
    "x[None]": lambda t, x: x[None],
    "x[...]": lambda t, x: x[...],
    "x[0]": lambda t, x: x[0],
    "x[:0]": lambda t, x: x[:0],
    "x[[]]": lambda t, x: x[[]],
    "x[x == x]": lambda t, x: x[x == x],
    "x @ x.mT": lambda t, x: x @ (x.mT if x.ndim > 1 else x),
    "einsum": lambda t, x: t.einsum("...,...->...", x, x),
    "einsum, a sum": lambda t, x: t.einsum("...i->...", x),
    "mse_loss": lambda t, x: t.nn.functional.mse_loss(x, x * 2),
    "mse_loss, none": lambda t, x: t.nn.functional.mse_loss(x, x * 2, reduction="none"),
    "l1_loss, sum": lambda t, x: t.nn.functional.l1_loss(x, x * 2, reduction="sum"),
    "huber_loss": lambda t, x: t.nn.functional.huber_loss(x, x * 2),
    "smooth_l1_loss": lambda t, x: t.nn.functional.smooth_l1_loss(x, x * 2),
    "kl_div": lambda t, x: t.nn.functional.kl_div(x, x.detach().exp()),
    "kl_div, batchmean": lambda t, x: t.nn.functional.kl_div(x, x.detach().exp(), reduction="batchmean"),
    "binary_cross_entropy": lambda t, x: t.nn.functional.binary_cross_entropy(x.sigmoid(), x.detach().sigmoid()),
    "bce_with_logits": lambda t, x: t.nn.functional.binary_cross_entropy_with_logits(x, x.detach().sigmoid()),
    "cross_entropy, sum": lambda t, x: t.nn.functional.cross_entropy(x, _zeros(t, *x.shape[:1]), reduction="sum"),
    "cross_entropy, probabilities": lambda t, x: t.nn.functional.cross_entropy(x, x.detach()),
    "nll_loss": lambda t, x: t.nn.functional.nll_loss(x, _zeros(t, *x.shape[:1])),
    "normalize": lambda t, x: t.nn.functional.normalize(x, dim=0),
    "cosine_similarity": lambda t, x: t.nn.functional.cosine_similarity(x, x, dim=0),
    "pairwise_distance": lambda t, x: t.nn.functional.pairwise_distance(x, x),
    "rms_norm": lambda t, x: t.nn.functional.rms_norm(x, tuple(x.shape[-1:])),
    "layer_norm": lambda t, x: t.nn.functional.layer_norm(x, tuple(x.shape[-1:])),
    "glu": lambda t, x: t.nn.functional.glu(x, 0),
}  # fmt: skip

#: More is allowed here than in PyTorch: (the call, the shape).
ALLOWED = {
    *[(f"cummax, dim={d}", s) for d in (0, 1, -1) for s in SHAPES if 0 in s],  # PyTorch forgets that they have a graph
    *[("rms_norm", s) for s in SHAPES if s[-1:] == (0,)],
}
#: PyTorch allows more: a target of one class with an axis for a single row; inputs without a class.
LOSSES = ["cross_entropy, sum", "cross_entropy, probabilities", "nll_loss"]
REFUSED = {("nll_loss", (1,)), *[(name, s) for name in LOSSES for s in ((0,), (3, 0), (2, 0, 3), (0, 0))]}


def run(library, call, x):
    """Values and the gradient to x, or the exception."""
    try:
        with np.errstate(all="ignore"):
            ys = as_list(call(library, x))
            floats = [y for y in ys if y.requires_grad]
            seeds = [np.asarray(np.random.default_rng(1).standard_normal(tuple(y.shape))) for y in floats]
            if library is torch:
                dxs = torch.autograd.grad(floats, x, [torch.from_numpy(s) for s in seeds]) if floats else []
                return [y.detach().numpy() for y in ys], [dx.numpy() for dx in dxs]
            return [y.array for y in ys], [dx.array for dx in grad(floats, [x], seeds)] if floats else []
    except (ValueError, RuntimeError, IndexError, TypeError, NotImplementedError) as problem:
        return problem, None


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CALLS)
def test_the_same_comes_out_as_in_pytorch(name):
    for shape in SHAPES:
        array = np.asarray(np.random.default_rng(0).standard_normal(shape))
        expected, their_gradient = run(torch, CALLS[name], torch.tensor(array, requires_grad=True))
        values, gradient = run(tinygrad_tf, CALLS[name], Tensor(array, requires_grad=True))
        if isinstance(expected, Exception):
            assert isinstance(values, Exception) or (name, shape) in ALLOWED, f"{shape}: PyTorch says {expected}"
            continue
        if (name, shape) in REFUSED:
            continue
        assert not isinstance(values, Exception), f"{shape}: {values}"
        for y, value in zip(values, expected, strict=True):
            np.testing.assert_allclose(y, value, rtol=1e-10, atol=1e-15, strict=True, err_msg=f"{name} of {shape}")
        for dx, their_dx in zip(gradient, their_gradient, strict=True):
            np.testing.assert_allclose(
                dx, their_dx, rtol=1e-10, atol=1e-15, strict=True, err_msg=f"gradient of {name}, {shape}"
            )


@pytest.mark.filterwarnings("ignore")
def test_what_is_refused_is_explained():
    """The message has three lines."""
    refused, unexplained = 0, []
    for name, shape in itertools.product(CALLS, SHAPES):
        array = np.asarray(np.random.default_rng(0).standard_normal(shape))
        values, _ = run(tinygrad_tf, CALLS[name], Tensor(array, requires_grad=True))
        if isinstance(values, Exception) and "tuple index" not in str(values):  # the test's own x.shape[0]
            refused += 1
            if not all(line in str(values) for line in ("\n  rule: ", "\n  cure: ")):
                unexplained.append((name, shape, str(values)))
    assert unexplained == []
    assert refused > 100
