"""The workloads on JAX (jit), HIPS autograd and micrograd: those that each of them is meant for."""

from __future__ import annotations

from typing import Any

import numpy as np

from .functional import Network, training
from .ours import Step
from .workloads import Sizes

CHAIN = (1.0, 0.9, 0.3, 0.1)  # x, w, b, c


def jax_chain(s: Sizes) -> Step:
    import jax
    import jax.numpy as jnp

    def loss(x: Any, w: Any, b: Any, c: Any) -> Any:
        y = x
        for _ in range(s["ops"] // 4):
            y = jnp.maximum(y * w + b, 0) - c
        return y.sum()

    run = jax.jit(jax.value_and_grad(loss, argnums=(0, 1, 2, 3)))
    leaves = [jnp.full(s["numbers"], value) for value in CHAIN]

    def step() -> float:
        y, gradients = run(*leaves)
        return float(y) + float(gradients[1][0])

    return step


def jax_training(kind: str, s: Sizes) -> Step:
    import jax
    import jax.numpy as jnp

    weights, loss, update = training(kind, s, Network(jnp, jax.scipy.special.erf, s["heads"]))

    def whole(p: Any, m: Any, v: Any, t: Any) -> Any:
        y, g = jax.value_and_grad(loss)(p)
        return y, *update(p, g, m, v, t)

    run = jax.jit(whole, donate_argnums=(0, 1, 2))
    p = {k: jnp.asarray(w) for k, w in weights.items()}
    state = [p, {k: jnp.zeros_like(w) for k, w in p.items()}, {k: jnp.zeros_like(w) for k, w in p.items()}]
    steps = 0

    def step() -> float:
        nonlocal steps
        steps += 1
        y, *state[:] = run(*state, jnp.float32(steps))
        jax.block_until_ready(state)
        return float(y)

    return step


def autograd_chain(s: Sizes) -> Step:
    import autograd
    import autograd.numpy as anp

    def loss(leaves: Any) -> Any:
        x, w, b, c = leaves
        y = x
        for _ in range(s["ops"] // 4):
            y = anp.maximum(y * w + b, 0) - c
        return anp.sum(y)

    run = autograd.value_and_grad(loss)
    leaves = [np.full(s["numbers"], value, np.float32) for value in CHAIN]

    def step() -> float:
        y, gradients = run(leaves)
        return float(y) + float(gradients[1][0])

    return step


def autograd_training(kind: str, s: Sizes) -> Step:
    import autograd
    import autograd.numpy as anp
    from autograd.scipy.special import erf

    p, loss, update = training(kind, s, Network(anp, erf, s["heads"]))
    run = autograd.value_and_grad(loss)
    state = [p, {k: np.zeros_like(w) for k, w in p.items()}, {k: np.zeros_like(w) for k, w in p.items()}]
    steps = 0

    def step() -> float:
        nonlocal steps
        steps += 1
        y, g = run(state[0])
        state[:] = update(state[0], g, *state[1:], steps)
        return float(y)

    return step


def micrograd_chain(s: Sizes) -> Step:
    from micrograd.engine import Value

    def step() -> float:
        x, w, b, c = ([Value(value) for _ in range(s["numbers"])] for value in CHAIN)
        y = x
        for _ in range(s["ops"] // 4):
            y = [(yi * wi + bi).relu() - ci for yi, wi, bi, ci in zip(y, w, b, c, strict=True)]
        loss = sum(y[1:], y[0])
        loss.backward()
        return loss.data + w[0].grad

    return step
