"""Derivatives that are built on the walk backward: products with Jacobians and Hessians, or the whole of these.

:func:`gradcheck` compares derivatives with nudges of the inputs.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .arguments import explains
from .autograd.recording import enable_grad, thread
from .autograd.tensor import Tensor
from .autograd.walk import grad
from .errors import error
from .wording.texts import named

Floats = np.ndarray[Any, Any]
Outputs = Callable[[], list[Tensor]]


@explains
def vjp(function: Callable[..., Tensor], *inputs: Any) -> tuple[Tensor, Callable[..., Any]]:
    """The output, and the function v ↦ vᵀ · J: what a gradient ``v`` of the output sends to each input.

    J is the Jacobian of ``function`` at ``inputs``. For one input the result is a Tensor, otherwise a tuple.

    >>> y, pull = vjp(lambda x: x * x, Tensor([1.0, 2.0]))
    >>> y.tolist(), pull([1.0, 10.0]).tolist()
    ([1.0, 4.0], [2.0, 40.0])
    """
    xs = _variables(inputs)
    y = _called("vjp", function, xs)

    def pull(v: Any, create_graph: bool = False) -> Any:
        return _one_or_all(_pull(y, xs, _vector("vjp", y, v), create_graph), len(xs) > 1)

    return y, pull


@explains
def jvp(function: Callable[..., Tensor], inputs: Any, tangents: Any, create_graph: bool = False) -> tuple[Tensor, Any]:
    """The output, and J · t: how the output moves when the inputs move along ``tangents``.

    Several inputs are a tuple, and so are their tangents. It walks backward twice: vᵀ · J is linear in v, so its
    gradient with respect to v, weighted by t, is J · t, whatever v is (Townsend 2017).

    >>> y, dy = jvp(lambda x: x * x, Tensor([1.0, 2.0]), Tensor([1.0, 10.0]))
    >>> dy.tolist()
    [2.0, 40.0]
    """
    xs, several = _inputs(inputs)
    ts = _directions("jvp", xs, tangents if several else (tangents,))
    y = _called("jvp", function, xs)
    v = Tensor(np.zeros_like(y.array), requires_grad=True)
    return y, grad(_pull(y, xs, v, create_graph=True), v, ts, create_graph=create_graph)


@explains
def jacobian(function: Callable[..., Tensor], inputs: Any, create_graph: bool = False) -> Any:
    """d output / d input for every pair of entries: a Tensor of the output's shape followed by the input's.

    It takes one walk backward for each entry of the output. Several inputs are a tuple, and so are their Jacobians.

    >>> jacobian(lambda x: x * x, Tensor([1.0, 2.0])).tolist()
    [[2.0, 0.0], [0.0, 4.0]]
    """
    xs, several = _inputs(inputs)
    y = _called("jacobian", function, xs)
    rows: list[tuple[Tensor, ...]] = []
    for i in range(y.size):
        v = np.zeros(y.size, y.dtype)
        v[i] = 1
        rows.append(_pull(y, xs, v.reshape(y.shape), create_graph))
    stack: Any = np.stack  # which dispatches to that of Tensors
    whole = [
        stack([row[k] for row in rows]).reshape(y.shape + x.shape)
        if rows
        else Tensor.wrap(np.zeros(y.shape + x.shape, x.dtype))
        for k, x in enumerate(xs)
    ]
    return _one_or_all(whole, several)


@explains
def hessian(function: Callable[..., Tensor], inputs: Any, create_graph: bool = False) -> Any:
    """The second derivatives of a scalar function: for an input x a Tensor of shape (*x.shape, *x.shape).

    For several inputs, a tuple, it is a tuple of tuples whose entry [i][j] is d²y / dxᵢ dxⱼ.

    >>> hessian(lambda x: (x**3).sum(), Tensor([1.0, 2.0])).tolist()
    [[6.0, 0.0], [0.0, 12.0]]
    """

    def slope(i: int) -> Callable[..., Tensor]:
        return lambda *xs: grad(_scalar("hessian", _called("hessian", function, xs)), xs[i], create_graph=True)

    if not isinstance(inputs, (tuple, list)):
        return jacobian(slope(0), inputs, create_graph)
    return tuple([jacobian(slope(i), inputs, create_graph) for i in range(len(inputs))])


@explains
def hvp(function: Callable[..., Tensor], inputs: Any, v: Any, create_graph: bool = False) -> tuple[Tensor, Any]:
    """The output of a scalar function f, and H · v, computed as the gradient of vᵀ · ∇f. The Hessian H is never built.

    Several inputs are a tuple, and so are v and H · v.

    >>> y, Hv = hvp(lambda x: (x**3).sum(), Tensor([1.0, 2.0]), [1.0, 1.0])
    >>> Hv.tolist()
    [6.0, 12.0]
    """
    xs, several = _inputs(inputs)
    vs = _directions("hvp", xs, v if several else (v,))
    y = _scalar("hvp", _called("hvp", function, xs))
    Hv = grad(grad(y, xs, create_graph=True), xs, vs, create_graph=create_graph)
    return y, _one_or_all(Hv, several)


def _inputs(inputs: Any) -> tuple[list[Tensor], bool]:
    """The variables, and whether they were given as several."""
    several = isinstance(inputs, (tuple, list))
    return _variables(inputs if several else (inputs,)), several


def _variables(inputs: Any) -> list[Tensor]:
    """A Tensor of its own for each input, still in its graph if it requires a gradient.

    An input that is given twice then counts as two, and what the function reaches in another way is a constant.
    """
    xs = [x if isinstance(x, Tensor) else Tensor(x) for x in inputs]
    return [x.clone() if x.requires_grad and thread.state.recording else x.detach().requires_grad_() for x in xs]


def _called(name: str, function: Callable[..., Tensor], xs: Sequence[Tensor]) -> Tensor:
    _check_function(name, function)
    with enable_grad():
        y = function(*xs)
    if not isinstance(y, Tensor) or y.dtype.kind != "f":
        raise error(
            TypeError,
            name,
            got={"result": y},
            rule="the function returns one Tensor of floats",
            cure="return stack(results) for several results, or take each on its own",
        )
    return y


def _check_function(name: str, function: Any) -> None:
    if not callable(function):
        raise error(
            TypeError,
            name,
            got={"function": function},
            rule="its first argument is a function of the inputs",
            cure=f"write {name}(lambda x: …, x)",
        )


def _directions(name: str, xs: list[Tensor], given: Any) -> list[Tensor]:
    """One direction for each input, in its shape and dtype."""
    if not isinstance(given, (tuple, list)) or len(given) != len(xs):
        raise error(
            RuntimeError,
            name,
            got={"inputs": len(xs), "directions": given},
            rule="each input has a direction, in a tuple as the inputs are",
            cure="write for example (x, w), (v_x, v_w)",
        )
    return [_vector(name, x, v) for x, v in zip(xs, given, strict=True)]


def _vector(name: str, x: Tensor, v: Any) -> Tensor:
    """``v`` as a Tensor in the shape and dtype of ``x``."""
    t = v.astype(x.dtype) if isinstance(v, Tensor) else Tensor(v, dtype=x.dtype)
    if t.shape != x.shape:
        raise error(
            RuntimeError,
            name,
            got={"self": x, "v": t},
            rule="vᵀ · J takes a v of the shape of the output, J · v one of the shape of the input",
            cure=f"give v the shape {x.shape}",
        )
    return t


def _pull(y: Tensor, xs: list[Tensor], v: Any, create_graph: bool) -> tuple[Tensor, ...]:
    """vᵀ · J for each input; zeros where the output does not depend on it."""
    return grad(y, xs, v, retain_graph=True, create_graph=create_graph)


def _one_or_all(results: Sequence[Tensor], several: bool) -> Any:
    return tuple(results) if several else results[0]


def _scalar(name: str, y: Tensor) -> Tensor:
    if y.size != 1:
        raise error(
            RuntimeError,
            name,
            got={"result": y},
            rule="second derivatives are those of a scalar function",
            cure="sum the result, y.sum(), or take jacobian() twice, the inner one with create_graph=True",
        )
    return y


@explains
def gradcheck(
    function: Callable[..., Any],
    *inputs: Any,
    order: int = 2,
    eps: float = 1e-5,
    atol: float = 1e-7,
    rtol: float = 1e-5,
) -> bool:
    """Compare the derivatives of ``function`` with central differences, (f(x + ε) − f(x − ε)) / 2ε, in float64.

    Every entry of every input that requires a gradient is nudged; the other inputs are passed on. An output of several
    entries, or several outputs, count through their products with fixed random vectors. Each derivative is computed
    twice: on arrays, with kernels, as ``backward()`` does, and by the rules alone, as ``create_graph=True`` does.

    Args:
        function: takes the inputs and returns a Tensor or a sequence of them; the same inputs give the same result.
        inputs: Tensors of any shape, at least one of which requires a gradient, and whatever else the function takes.
            Floats are copied to float64; nothing that is given is changed.
        order: the highest derivative to check; the second is the derivative of the first, and so on.
        eps: the nudge ε. The quotient is off by about ε² for the function's curvature and 1e-16/ε for rounding.
        atol: with ``rtol``, how far apart the two may be: ``atol + rtol · |quotient|``.
        rtol: the part of the quotient in it.

    Raises AssertionError where they do not agree; it names the function, the input, the entry and both values. Raises
    ValueError if no input requires a gradient. Stay away from kinks (relu at 0), where the quotient means nothing.

    >>> W = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> gradcheck(lambda W: (W @ W).tanh(), W)
    True
    """
    _check_function("gradcheck", function)
    args = [_in_float64(x) for x in inputs]
    places = [i for i, x in enumerate(args) if isinstance(x, Tensor) and x.requires_grad]
    xs = [args[i] for i in places]
    if not xs:
        raise error(
            ValueError,
            "gradcheck",
            got=f"{len(inputs)} inputs, none of which requires a gradient",
            rule="it nudges the entries of Tensors that require one",
            cure="write gradcheck(f, Tensor(x, requires_grad=True))",
        )

    derivative: Outputs = lambda: _floats(function(*args))
    for n in range(1, order + 1):
        quotients = [_difference_quotients(derivative, x, n, eps) for x in xs]
        for create_graph, how in ((False, "with kernels"), (True, "by the rules alone")):
            for i, x, dx, dq in zip(places, xs, _gradients(derivative, xs, n, create_graph), quotients, strict=True):
                wrong = ~(np.abs(dx.array - dq) <= atol + rtol * np.abs(dq))  # not (>): NaN is wrong, too
                if wrong.any():
                    k = tuple(int(j) for j in np.argwhere(wrong)[0])
                    which = f"{i} ({named(x.name)})" if x.name else str(i)
                    got = (
                        f"input {which} of shape {x.shape}, derivative {n}, {how}: "
                        f"in entry {k} {dx.array[k]:.9g}, but nudging it by ±{eps:g} gives {dq[k]:.9g}"
                    )
                    raise error(
                        AssertionError,
                        f"gradcheck({_name(function)})",
                        got=got,
                        rule=(
                            f"both agree to {atol:g} + {rtol:g} · |quotient|; {wrong.sum()} of {x.size} entries do not"
                        ),
                        cure=(
                            "write gradcheck(op, x) for each op in it, and correct the rule that fails; keep x away "
                            "from kinks, and call manual_seed(0) before what is drawn at random"
                        ),
                    )
        derivative = functools.partial(_gradients, derivative, xs, n, True)
    return True


def _floats(result: Any) -> list[Tensor]:
    """What a function returned, one Tensor or several, as a list of those that hold floats."""
    outputs = [result] if isinstance(result, Tensor) else list(result)
    found = [y for y in outputs if isinstance(y, Tensor) and y.dtype.kind == "f"]
    if not found:
        raise error(
            TypeError,
            "gradcheck",
            got={"result": result},
            rule="the function returns a Tensor of floats, or several",
            cure="let the function return a Tensor of floats that ops made of the inputs",
        )
    return found


def _in_float64(x: Any) -> Any:
    """A copy of ``x`` in float64 if it holds floats, else ``x`` itself."""
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
    """The gradient of ``x`` as difference quotients, each from two evaluations of ``derivative``."""
    quotients = np.empty(x.shape)
    for entry in np.ndindex(x.shape):
        before = x.array[entry]
        x.array[entry] = before + eps
        above = [y.array.copy() for y in derivative()]  # copied: an output may be a view of x
        x.array[entry] = before - eps
        below = derivative()
        weights = _weights(below, n)
        quotients[entry] = sum(np.sum((a - b.array) * w) for a, b, w in zip(above, below, weights, strict=True))
        x.array[entry] = before
    return quotients / (2 * eps)
