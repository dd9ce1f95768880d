"""What is built on the walk backward: for now :func:`gradcheck`, which holds derivatives to nudges of the inputs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .autograd import grad
from .errors import error
from .tensor import Tensor

Floats = np.ndarray[Any, Any]
Outputs = Callable[[], list[Tensor]]


def gradcheck(
    function: Callable[..., Any],
    *inputs: Any,
    order: int = 2,
    eps: float = 1e-5,
    atol: float = 1e-7,
    rtol: float = 1e-5,
) -> bool:
    """Hold the engine's derivatives of ``function`` to central differences, (f(x + ε) − f(x − ε)) / 2ε, in float64.

    Every entry of every input that requires a gradient is nudged; the other inputs are passed on. An output of several
    entries, or several outputs, count through their products with fixed random vectors. Each derivative is computed
    twice: on arrays, with kernels, as ``backward()`` does, and by the rules alone, as ``create_graph=True`` does.

    Args:
        function: takes the inputs, returns a Tensor or a sequence of them; the same inputs give the same result.
        inputs: Tensors of any shape, at least one of which requires a gradient, and whatever else the function takes.
            Floats are copied to float64; nothing given is changed.
        order: the highest derivative to check; the second is the derivative of the first, and so on.
        eps: the nudge ε. The quotient is off by about ε² for the function's curvature and 1e-16/ε for rounding.
        atol: with ``rtol``, how far apart the two may be: ``atol + rtol · |quotient|``.
        rtol: see ``atol``.

    Raises AssertionError, which names the function, the input, the entry and both values, where they do not agree;
    ValueError if no input requires a gradient. Stay away from kinks (relu at 0), where the quotient means nothing.

    >>> W = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> gradcheck(lambda W: (W @ W).tanh(), W)
    True
    """
    args = [_in_float64(x) for x in inputs]
    places = [i for i, x in enumerate(args) if isinstance(x, Tensor) and x.requires_grad]
    xs = [args[i] for i in places]
    if not xs:
        raise error(ValueError, "gradcheck", f"{len(inputs)} inputs, none of which requires a gradient",
                    "it nudges the entries of Tensors that require one",
                    "write gradcheck(f, Tensor(x, requires_grad=True))")  # fmt: skip

    derivative: Outputs = lambda: _floats(function(*args))
    for n in range(1, order + 1):
        quotients = [_difference_quotients(derivative, x, n, eps) for x in xs]
        for create_graph, how in ((False, "with kernels"), (True, "by the rules alone")):
            for i, x, dx, dq in zip(places, xs, _gradients(derivative, xs, n, create_graph), quotients, strict=True):
                wrong = ~(np.abs(dx.data - dq) <= atol + rtol * np.abs(dq))  # not (>): NaN is wrong, too
                if wrong.any():
                    k = tuple(int(j) for j in np.argwhere(wrong)[0])
                    got = (
                        f"input {i} ({x.name + ', ' if x.name else ''}shape {x.shape}), derivative {n} {how}: "
                        f"in entry {k} {dx.data[k]:.9g}, but nudging it by ±{eps:g} gives {dq[k]:.9g}"
                    )
                    raise error(AssertionError, f"gradcheck({_name(function)})", got,
                                f"both agree to {atol:g} + {rtol:g} · |quotient|; {wrong.sum()} of {x.size} entries do "
                                "not", "mend the rule of an op that made it; stay away from kinks, and fix whatever "
                                "is drawn at random")  # fmt: skip
        derivative = functools.partial(_gradients, derivative, xs, n, True)
    return True


def _floats(result: Any) -> list[Tensor]:
    """What a function returned, one Tensor or several, as a list of those that hold floats."""
    outputs = [result] if isinstance(result, Tensor) else list(result)
    found = [y for y in outputs if isinstance(y, Tensor) and y.dtype.kind == "f"]
    if not found:
        raise error(TypeError, "gradcheck", {"result": result}, "the function returns a Tensor of floats, or several",
                    "check a function that is made of ops")  # fmt: skip
    return found


def _in_float64(x: Any) -> Any:
    """``x``, if it holds floats a copy of it in float64."""
    if not isinstance(x, (Tensor, np.ndarray)) or x.dtype.kind != "f":
        return x
    return Tensor(x, x.requires_grad, np.float64, x.name) if isinstance(x, Tensor) else x.astype(np.float64)


def _name(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


def _weights(outputs: list[Tensor], n: int) -> list[Floats]:
    """How much each entry of the outputs counts: random, and the same in each evaluation of the derivative ``n``."""
    rng = np.random.default_rng(n)
    return [rng.standard_normal(y.shape) for y in outputs]


def _gradients(derivative: Outputs, xs: list[Tensor], n: int, create_graph: bool) -> list[Tensor]:
    """The gradients of the weighted sum of what ``derivative`` returns, as the engine computes them."""
    ys = derivative()
    return list(grad(ys, xs, [Tensor.wrap(w) for w in _weights(ys, n)], create_graph=create_graph))


def _difference_quotients(derivative: Outputs, x: Tensor, n: int, eps: float) -> Floats:
    """The same, entry by entry of ``x``, from two evaluations each."""
    quotients = np.empty(x.shape)
    for entry in np.ndindex(x.shape):
        before = x.data[entry]
        x.data[entry] = before + eps
        above = [y.data.copy() for y in derivative()]  # copied: an output may be a view of x
        x.data[entry] = before - eps
        below = derivative()
        weights = _weights(below, n)
        quotients[entry] = sum(np.sum((a - b.data) * w) for a, b, w in zip(above, below, weights, strict=True))
        x.data[entry] = before
    return quotients / (2 * eps)
