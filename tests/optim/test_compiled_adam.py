"""Adam's compiled kernel: NumPy's formula in ``optim`` is what it is held to."""

import importlib

import numpy as np
import pytest
from test_optim import RANDOM, many

from tinygrad_tf import Tensor, kernels, optim


@pytest.fixture(params=[1, 2], ids=["one piece", "two pieces"])
def adam_calls(request, monkeypatch):
    """The sizes that the compiled kernel took, with its work left whole or cut."""
    pytest.importorskip("numba", reason='the compiled kernels need Numba: pip install "tinygrad_tf[fast]"')
    team, module = (importlib.import_module(f"tinygrad_tf.kernels.compiled.{name}") for name in ("team", "adam"))
    monkeypatch.setattr(team, "pieces", lambda work: request.param)
    sizes, adam = [], module.adam

    def counted(p, *rest):
        took = adam(p, *rest)
        sizes.extend([p.size] * took)
        return took

    monkeypatch.setattr(module, "adam", counted)
    return sizes


def trained(kind, settings, chosen):
    """Parameters, and what the optimiser keeps of them, after four steps; one has no gradient in the third."""
    params = many()
    optimizer = kind(params, **settings)
    with kernels.use(chosen):
        for step in range(4):
            for i, p in enumerate(params):
                g = np.random.default_rng((step, i)).standard_normal(p.shape).astype(p.dtype)
                p.grad = None if step == 2 and i == 4 else Tensor(g)
            optimizer.step()
    return params, [optimizer.state[p] for p in params]


@pytest.mark.parametrize(
    ("name", "settings"), [(n, s) for n, s in RANDOM if "Adam" in n and not {"amsgrad", "maximize"} & set(s)]
)
def test_adam_compiled_is_adam(name, settings, adam_calls):
    kind = getattr(optim, name)
    for ours, theirs in zip(trained(kind, settings, "compiled"), trained(kind, settings, "numpy"), strict=True):
        for a, b in zip(ours, theirs, strict=True):
            pairs = [(a.array, b.array)] if isinstance(a, Tensor) else [(a[key], b[key]) for key in b]
            for mine, other in pairs:
                close = 1e-6 if np.asarray(mine).dtype != np.float64 else 1e-13
                np.testing.assert_allclose(mine, other, rtol=close, atol=close, strict=True)
    assert {140_000, 21_000} <= set(adam_calls)  # whole parameters, not blocks of them


def test_adam_leaves_numbers_with_their_bytes_the_other_way_round_to_numpy(adam_calls):
    p = Tensor(np.ones(10_000).astype(np.dtype(float).newbyteorder()), requires_grad=True)
    p.grad = Tensor(np.ones(10_000).astype(p.dtype))
    optimizer = optim.Adam([p], lr=0.1)
    with kernels.use("compiled"):
        optimizer.step()
        optimizer.step()  # the first step makes the state, NumPy's
    assert adam_calls == []


class Halved(optim.Adam):
    """A formula of its own."""

    def _update(self, p, g, state, group):
        super()._update(p, g / 2, state, group)


@pytest.mark.parametrize(("kind", "settings"), [(optim.Adam, {"amsgrad": True}), (Halved, {})])
def test_formulas_that_are_not_adam_s_own_stay_with_numpy(kind, settings, adam_calls):
    for a, b in zip(trained(kind, settings, "compiled")[0], trained(kind, settings, "numpy")[0], strict=True):
        np.testing.assert_array_equal(a.array, b.array)
    assert adam_calls == []
