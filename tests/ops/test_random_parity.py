"""A hundred thousand random calls beside PyTorch's: types, reductions, indexing and views, values and gradients."""

from __future__ import annotations

import random

import numpy as np
import pytest
from parity import torch

import tinygrad_tf as tg
from tinygrad_tf import Tensor

FLOATS = ["float16", "float32", "float64"]
ANY = [*FLOATS, "int32", "int64", "bool"]
#: How far apart two results of a type may be: PyTorch adds up in another order.
CLOSE = {"float16": 2e-3, "float32": 2e-5, "float64": 1e-11}


def array(rng: random.Random, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    values = np.random.default_rng(rng.getrandbits(32)).normal(size=shape)
    return (values > 0) if dtype == "bool" else (values * 3).astype(dtype)


def shaped(rng: random.Random, most: int = 3) -> tuple[int, ...]:
    return tuple(rng.choice([1, 2, 3, 5]) for _ in range(rng.randint(1, most)))


def axes(rng: random.Random, ndim: int):
    n = rng.randint(1, ndim)
    some = tuple(a - rng.choice([0, ndim]) for a in rng.sample(range(ndim), n))
    return rng.choice([some, some[0]])


def reduction(rng: random.Random):
    shape, dtype = shaped(rng), rng.choice(FLOATS)
    name = rng.choice(["sum", "mean", "var", "std", "amax", "amin", "logsumexp", "prod", "norm", "cumsum", "softmax"])
    axis = axes(rng, len(shape))
    if name in ("prod", "cumsum", "softmax", "norm"):
        axis = axis if isinstance(axis, int) else axis[0]
        return [(shape, dtype)], lambda x: getattr(x, name)(dim=axis)
    keep = rng.random() < 0.5
    if name in ("var", "std"):  # PyTorch rounds the mean to float16 in their gradient; in float64 it is the truth
        exact = lambda x: x if isinstance(x, Tensor) else x.double()
        return [(shape, dtype)], lambda x: getattr(exact(x), name)(dim=axis, correction=0, keepdim=keep).to(x.dtype)
    return [(shape, dtype)], lambda x: getattr(x, name)(dim=axis, keepdim=keep)


def mixture(rng: random.Random):
    """Two operands of any types and of shapes that stretch."""
    shape = shaped(rng)
    other = tuple(rng.choice([1, n]) for n in shape)[rng.randint(0, len(shape)) :]
    name = rng.choice(["add", "sub", "mul", "truediv", "maximum", "minimum", "lt", "eq", "where"])
    types = [rng.choice(ANY), rng.choice(ANY)]
    if name == "sub" and "bool" in types:
        name = "add"  # which PyTorch has for booleans
    operator = {
        "add": lambda x, y: x + y, "sub": lambda x, y: x - y, "mul": lambda x, y: x * y,
        "truediv": lambda x, y: x / (y * y + 1), "lt": lambda x, y: x < y, "eq": lambda x, y: x == y,
    }  # fmt: skip
    if name in operator:
        return [(shape, types[0]), (other, types[1])], operator[name]
    if name == "where":
        return [(shape, types[0]), (other, types[1])], lambda x, y: module(x).where(x > 0, x, y)
    return [(shape, types[0]), (other, types[1])], lambda x, y: getattr(module(x), name)(x, y)


def module(x):
    return tg if isinstance(x, Tensor) else torch


def indexing(rng: random.Random):
    shape, dtype = shaped(rng, 4), rng.choice(FLOATS)
    index: list = []
    for n in shape[: rng.randint(1, len(shape))]:
        forms = [rng.randrange(-n, n), slice(None), slice(rng.randint(-n, n), None),
                 slice(None, None, rng.randint(1, 3)),
                 [rng.randrange(-n, n) for _ in range(2)]]  # fmt: skip
        if rng.random() < 0.2:
            index.append(None)
        index.append(rng.choice(forms))
    if rng.random() < 0.3:
        index.append(...)
    lists = [i for i in index if isinstance(i, list)]
    if lists:  # ints and several lists: NumPy and PyTorch put the axes in different places
        index = [slice(None) if isinstance(i, int) or (isinstance(i, list) and i is not lists[0]) else i for i in index]
    return [(shape, dtype)], lambda x: x[tuple(index)]


def view(rng: random.Random):
    shape, dtype = shaped(rng, 4), rng.choice(FLOATS)
    order = rng.sample(range(len(shape)), len(shape))
    i, j = rng.randrange(len(shape)), rng.randrange(len(shape))
    forms = [
        lambda x: x.permute(order), lambda x: x.transpose(i, j), lambda x: x.reshape(-1), lambda x: x.flatten(),
        lambda x: x.unsqueeze(i).expand(*shape[:i], 2, *shape[i:]), lambda x: x.squeeze(), lambda x: x.flip((i,)),
        lambda x: x.roll(2, i), lambda x: x.repeat(2, *[1] * len(shape)), lambda x: x.narrow(i, 0, 1),
        lambda x: x.permute(order).reshape(-1), lambda x: x.tril() if len(shape) > 1 else x * 1,
    ]  # fmt: skip
    return [(shape, dtype)], rng.choice(forms)


KINDS = [reduction, mixture, indexing, view]


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 100_000, 2_000))
def test_a_random_call_is_that_of_pytorch(first):
    for seed in range(first, first + 2_000):
        rng = random.Random(seed)
        kind = KINDS[seed % len(KINDS)]
        inputs, call = kind(rng)
        arrays = [array(rng, shape, dtype) for shape, dtype in inputs]
        ours = [Tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
        theirs = [torch.tensor(a).requires_grad_(a.dtype.kind == "f") for a in arrays]
        with np.errstate(all="ignore"):
            y, z = call(*ours), call(*theirs)
            told = f"seed {seed}: {kind.__name__} of {inputs}"
            assert tuple(y.shape) == tuple(z.shape), told
            assert str(y.dtype) == str(z.dtype).removeprefix("torch."), told
            close = max(CLOSE.get(str(t.dtype), 0) for t in (y, *ours))
            bound = {"rtol": close, "atol": 10 * close, "err_msg": told}
            np.testing.assert_allclose(y.detach().numpy(), z.detach().numpy(), **bound)
            if y.requires_grad:
                seeds = array(rng, tuple(y.shape), str(y.dtype))
                y.backward(Tensor(seeds))
                z.backward(torch.tensor(seeds))
                for t, u in zip(ours, theirs, strict=True):
                    if t.requires_grad:
                        np.testing.assert_allclose(t.grad.numpy(), u.grad.numpy(), **{**bound, "atol": 30 * close})
