"""The methods that PyTorch marks with an underscore: they change the Tensor itself and return it.

Those that leave what another method returns are made from it. How a Tensor is changed in a graph is said in
:mod:`tinygrad_tf.ops.writing`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..arguments import explains
from ..autograd.tensor import Tensor
from ..autograd.versions import become, before, check_may_become, cut_off
from ..errors import error
from ..ops.indexing import add_at
from ..ops.methods import METHODS as OF_A_NEW_TENSOR
from ..ops.rounding import div
from ..ops.shape import broadcast_to
from ..ops.writing import in_place, setitem
from ..random import generator_of

# ---- values ----------------------------------------------------------------------------------------------------------


def added(X, other, *, alpha: float = 1):
    """X + alpha · other."""
    return X + (other if alpha == 1 else other * alpha)


def subtracted(X, other, *, alpha: float = 1):
    """X − alpha · other."""
    return X - (other if alpha == 1 else other * alpha)


@explains
def fill_(self: Tensor, value) -> Tensor:
    """Set every entry to ``value``, a number or a Tensor without axes.

    >>> Tensor([1.0, 2.0]).fill_(3.0).tolist()
    [3.0, 3.0]
    """
    if np.ndim(value.array if isinstance(value, Tensor) else value):
        raise error(
            RuntimeError,
            "fill_",
            got={"self": self, "value": value},
            rule="the value is one number",
            cure="write t.copy_(value)",
        )
    return _written(self, ..., value)


def zero_(self: Tensor) -> Tensor:
    """Set every entry to 0.

    >>> Tensor([1.0, 2.0]).zero_().tolist()
    [0.0, 0.0]
    """
    return _written(self, ..., 0)


@explains
def copy_(self: Tensor, src, non_blocking: bool = False) -> Tensor:
    """Set the entries to those of ``src``, which is broadcast and brought to the type of this Tensor.

    >>> Tensor([[1.0, 2.0], [3.0, 4.0]]).copy_(Tensor([5.0, 6.0])).tolist()
    [[5.0, 6.0], [5.0, 6.0]]
    """
    return _written(self, ..., src)


@explains
def index_put_(self: Tensor, indices, values, accumulate: bool = False) -> Tensor:
    """Set ``self[indices]`` to ``values``; with ``accumulate`` add them, as often as a place is named.

    >>> zeros(2).index_put_([tensor([1, 1])], Tensor([2.0, 3.0]), accumulate=True).tolist()
    [0.0, 5.0]
    """
    return (put_added if accumulate else _written)(self, tuple(indices), values)


def _with_added(X, index, values):
    """X with ``values`` added at ``index``, as often as a place is named."""
    added = broadcast_to(values, X.detach()[index].shape)
    return X + add_at(added, index=index, shape=tuple(X.shape))


put_added = in_place("index_put_", _with_added)


@explains
def fill_diagonal_(self: Tensor, fill_value, wrap: bool = False) -> Tensor:
    """Set the entries of the diagonal of a matrix to ``fill_value``. ``wrap`` begins anew below a tall matrix.

    >>> zeros(2, 2).fill_diagonal_(1).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    rows, columns = self.shape if self.ndim == 2 else (0, 0)
    if self.ndim != 2:
        raise error(
            RuntimeError,
            "fill_diagonal_",
            got={"self": self},
            rule="a matrix has a diagonal",
            cure="write to t[range(n), range(n), …]",
        )
    places = np.arange(0, rows * columns if wrap else min(rows, columns) * (columns + 1), columns + 1)
    places = places[places < rows * columns]
    return _written(self, (places // columns, places % columns), fill_value) if columns else self


def _written(t: Tensor, index, value) -> Tensor:
    setitem(t, index, value)
    return t


# ---- random values ---------------------------------------------------------------------------------------------------


@explains
def normal_(self: Tensor, mean: float = 0, std: float = 1, *, generator=None) -> Tensor:
    """Draw the entries from the normal distribution.

    >>> zeros(2, 3).normal_(std=0.02).shape
    (2, 3)
    """
    return _drawn(self, "normal_", std >= 0, {"std": std}, "std is not negative",
                  generator_of(generator).normal, mean, max(std, 0))  # fmt: skip


@explains
def uniform_(self: Tensor, from_: float = 0, to: float = 1, *, generator=None, **named) -> Tensor:
    """Draw the entries evenly from ``from_`` up to ``to``; PyTorch calls the first ``from``, which Python reserves.

    >>> 0 <= zeros(1).uniform_().item() < 1
    True
    """
    low = named.pop("from", from_)
    if named:
        raise error(
            TypeError,
            "uniform_",
            got=f"an unknown {next(iter(named))!r}",
            rule="its arguments are from, to and generator",
            cure="write t.uniform_(0, 1)",
        )
    return _drawn(self, "uniform_", low <= to, {"from": low, "to": to}, "from is not above to",
                  generator_of(generator).uniform, low, max(to, low))  # fmt: skip


@explains
def bernoulli_(self: Tensor, p=0.5, *, generator=None) -> Tensor:
    """Set each entry to 1 with probability ``p``, a number or a Tensor of probabilities, and else to 0.

    >>> zeros(2).bernoulli_(1.0).tolist()
    [1.0, 1.0]
    """
    p = np.asarray(p.array if isinstance(p, Tensor) else p)
    fits = bool(np.all((p >= 0) & (p <= 1)))
    return _drawn(self, "bernoulli_", fits, {"p": p}, "probabilities lie in 0 … 1",
                  generator_of(generator).binomial, 1, np.clip(p, 0, 1))  # fmt: skip


@explains
def exponential_(self: Tensor, lambd: float = 1, *, generator=None) -> Tensor:
    """Draw the entries from the exponential distribution with the mean 1 / lambd.

    >>> zeros(1).exponential_().item() >= 0
    True
    """
    return _drawn(self, "exponential_", lambd > 0, {"lambd": lambd}, "lambd is positive",
                  generator_of(generator).exponential, 1 / lambd if lambd > 0 else 1)  # fmt: skip


@explains
def random_(self: Tensor, low: int = 0, to: int | None = None, *, generator=None) -> Tensor:
    """Draw whole numbers from ``low`` to ``to`` − 1; a single number is the end, and without one the type's range.

    >>> zeros(1).random_(3, 4).item()
    3.0
    """
    if to is None:
        low, to = (0, low) if low else (0, 2 ** (np.finfo(self.dtype).nmant + 1) if self.dtype.kind == "f"
                                        else np.iinfo(self.dtype).max)  # fmt: skip
    return _drawn(self, "random_", low < to, {"from": low, "to": to}, "from is below to",
                  generator_of(generator).integers, low, max(to, low + 1))  # fmt: skip


def _drawn(
    t: Tensor, name: str, fits: bool, got: dict[str, Any], rule: str, draw: Callable[..., Any], *args: Any
) -> Tensor:
    if not fits:
        raise error(RuntimeError, name, got=got, rule=rule, cure="look at the arguments")
    return _written(t, ..., np.asarray(draw(*args, t.shape)))


# ---- another shape of the same memory --------------------------------------------------------------------------------


def turned(name: str) -> Callable[..., Any]:
    """The method ``name`` that lets the Tensor itself look at its memory as the method without the underscore does."""
    function = OF_A_NEW_TENSOR[name[:-1]]

    @functools.wraps(function)
    def call(self: Tensor, *args: Any, **params: Any) -> Tensor:
        check_may_become(name, [self], False)
        old = before(self)
        Y = function(old, *args, **params)
        if Y.requires_grad:
            become(self, old, Y, Y.array)
        else:
            self.array = Y.array
        return self

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"Let the Tensor itself be what :func:`{function.__name__}` makes of it, of the same memory."
    return call


def detach_(self: Tensor) -> Tensor:
    """Cut the Tensor itself from the graph: it is a leaf from now on, which requires no gradient."""
    if self.op is None:
        self.requires_grad = False
    else:
        cut_off(self)
    return self


#: Methods whose result is what the one without the underscore returns.
_SAME = [
    "abs", "acos", "acosh", "arctan2", "asin", "asinh", "atan", "atan2", "atanh", "ceil", "clamp", "clip", "copysign",
    "cos", "cosh", "cumprod", "cumsum", "deg2rad", "div", "eq", "erf", "exp", "exp2", "expm1", "floor", "floor_divide",
    "fmod", "ge", "gt", "hypot", "le", "lerp", "log", "log10", "log1p", "log2", "logical_and", "logical_not",
    "logical_or", "logical_xor", "lt", "masked_fill", "mul", "nan_to_num", "ne", "neg", "pow", "rad2deg", "reciprocal",
    "relu", "remainder", "round", "rsqrt", "scatter", "scatter_add", "scatter_reduce", "sigmoid", "sign", "sin", "sinc",
    "sinh", "sqrt", "square", "tan", "tanh", "tril", "triu", "trunc", "addcdiv", "addcmul", "addmm", "baddbmm",
    "index_add", "index_copy", "index_fill",
]  # fmt: skip

METHODS: dict[str, Callable[..., Any]] = {
    **{f"{name}_": in_place(f"{name}_", OF_A_NEW_TENSOR[name]) for name in _SAME},
    "add_": in_place("add_", added), "sub_": in_place("sub_", subtracted),
    "subtract_": in_place("subtract_", subtracted),
    "multiply_": in_place("multiply_", OF_A_NEW_TENSOR["mul"]), "divide_": in_place("divide_", div),
    "fill_": fill_, "zero_": zero_, "copy_": copy_, "index_put_": index_put_, "fill_diagonal_": fill_diagonal_,
    "normal_": normal_, "uniform_": uniform_, "bernoulli_": bernoulli_, "exponential_": exponential_,
    "random_": random_, "detach_": detach_,
    **{name: turned(name) for name in ("t_", "transpose_", "swapaxes_", "squeeze_", "unsqueeze_")},
}  # fmt: skip
