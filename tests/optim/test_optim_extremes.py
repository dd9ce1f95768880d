"""Steps with gradients and settings at the ends of the types are PyTorch's, or nearer to the truth, in both sets."""

import itertools
import warnings

import numpy as np
import pytest

from tinygrad_tf import Tensor, kernels, optim

SETTINGS = {
    "Adam": [{}, {"eps": 0.0}, {"lr": 0.0}, {"lr": 1e30}, {"weight_decay": 1e3}, {"amsgrad": True, "eps": 0.0},
             {"betas": (0.0, 0.0)}, {"maximize": True}],
    "AdamW": [{}, {"eps": 0.0}, {"lr": 0.0}, {"lr": 1e30}, {"weight_decay": 1e3}],
    "SGD": [{"lr": 0.1}, {"lr": 0.0}, {"lr": 1e30}, {"lr": 0.1, "momentum": 0.9, "nesterov": True},
            {"lr": 0.1, "weight_decay": 1e3}],
    "RMSprop": [{}, {"eps": 0.0}, {"centered": True}, {"momentum": 0.9}],
    "Adagrad": [{}, {"eps": 0.0}, {"initial_accumulator_value": 1e3}],
}  # fmt: skip
GRADIENTS = [0.0, 1e-44, 1e-30, 1e-20, 1e-4, 1.0, 1e20, 1e30, 3e38, np.inf, np.nan]
START = [1.5, 0.0, 1e-30, 1e30]
CASES = [(name, settings) for name, several in SETTINGS.items() for settings in several]
ROUNDING = 16


def ours(name, start, g, settings, dtype):
    p = Tensor(np.full(3, start, dtype), requires_grad=True)
    optimizer = getattr(optim, name)([p], **settings)
    for _ in range(3):
        p.grad = Tensor(np.array([g, -g, g / 2], dtype))
        optimizer.step()
    return p.array


def theirs(torch, name, start, g, settings, dtype):
    p = torch.from_numpy(np.full(3, start, dtype)).requires_grad_()
    optimizer = getattr(torch.optim, name)([p], foreach=False, **settings)
    for _ in range(3):
        p.grad = torch.from_numpy(np.array([g, -g, g / 2], dtype))
        optimizer.step()
    return p.detach().numpy()


def is_right(x, y, truth):
    """Whether each entry of x is y's within rounding, at least as near to the truth, or both lost it."""
    eps, (x, y, truth) = np.finfo(x.dtype).eps, (a.astype(np.longdouble) for a in (x, y, truth))
    room = ROUNDING * eps * max(np.abs(y[np.isfinite(y)]).max(initial=0), 1.5)
    same = (x == y) | (np.isnan(x) & np.isnan(y)) | (np.abs(x - y) <= room)
    nearer = np.abs(x - truth) <= np.where(np.isfinite(y), np.abs(y - truth), np.inf)
    lost = ~np.isfinite(x) & ~np.isfinite(y)
    return (same | nearer | lost).all()


@pytest.mark.parametrize("set_of_kernels", ["numpy", "compiled"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16], ids=lambda d: d.__name__)
def test_steps_are_those_of_pytorch_or_nearer_to_the_truth(dtype, set_of_kernels):
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle")
    if set_of_kernels == "compiled":
        pytest.importorskip("numba", reason='the compiled kernels need Numba: pip install "tinygrad_tf[fast]"')
    wrong = []
    with warnings.catch_warnings(), np.errstate(all="ignore"), kernels.use(set_of_kernels):
        warnings.simplefilter("ignore")
        for (name, settings), g, start in itertools.product(CASES, GRADIENTS, START):
            g, start = dtype(g), dtype(start)
            try:
                y = theirs(torch, name, start, g, settings, dtype)
            except RuntimeError:  # PyTorch refuses a setting that float16 cannot hold
                continue
            truth = theirs(torch, name, float(start), float(g), settings, np.float64)
            if not is_right(x := ours(name, start, g, settings, dtype), y, truth):
                wrong.append((name, settings, float(g), float(start), x, y, truth))
    assert wrong == []


def test_a_gradient_whose_square_is_0_and_no_eps():
    """m / 0 is ∞ with the gradient's sign in both sets; 0 · ∞ of a weight decay of 0 would make it NaN."""
    pytest.importorskip("numba", reason='the compiled kernels need Numba: pip install "tinygrad_tf[fast]"')
    with np.errstate(all="ignore"):
        by_numpy = ours("Adam", 1.5, 1e-30, {"eps": 0.0}, np.float32)
        with kernels.use("compiled"):
            compiled = ours("Adam", 1.5, 1e-30, {"eps": 0.0}, np.float32)
    assert by_numpy.tolist() == compiled.tolist() == [-np.inf, np.inf, -np.inf]
