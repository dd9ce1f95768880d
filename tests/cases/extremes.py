"""Every row of the table again, with numbers at the ends of a type; and when a result counts as right there.

An entry is right if it is PyTorch's within some units in the last place, or at least as near to the truth as PyTorch's.
The truth of float16 and float32 is what PyTorch computes in float64 for the same numbers, that of float64 is what the
ops here compute in a longer type (``np.longdouble``), where all inputs are finite.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinygrad_tf import Tensor, grad
from tinygrad_tf.ops import fused

from . import CASES
from .case import Case, F, Input, as_list, form, given, ints, normal, positive, row, torch

#: Units in the last place: of an entry itself, and of the largest entry beside it, where it is a sum that cancels.
OWN, LARGEST = 8, 32


def _with(a: np.ndarray, value: float, place: int) -> np.ndarray:
    if a.size:
        a = a.copy()
        a.reshape(-1)[place % a.size] = value
    return a


#: From a row's own numbers (of size 1) and a type's limits to the extremes that the row is run with.
EXTREMES: dict[str, Callable[[np.ndarray, Any], np.ndarray]] = {
    "0 and −0": lambda a, type: np.where(np.arange(a.size).reshape(a.shape) % 2, -0.0, 0.0),
    "subnormal": lambda a, type: a * type.smallest_subnormal * 16,
    "tiny": lambda a, type: a * type.tiny * 4,
    "squares are tiny": lambda a, type: a * np.sqrt(type.tiny),
    "squares are huge": lambda a, type: a * np.sqrt(type.max) / 8,
    "huge": lambda a, type: np.clip(a, -2, 2) * (type.max / 2.5),
    "∞": lambda a, type: _with(a, np.inf, 0),
    "−∞": lambda a, type: _with(a, -np.inf, 1),
    "NaN": lambda a, type: _with(a, np.nan, -1),
    "far from 0": lambda a, type: a + 1 / np.sqrt(type.eps) * 4,
    "all equal": lambda a, type: a * 0 + 1.5,
    "one is huge": lambda a, type: _with(a, type.max / 16, 1),
}

# ---- rows of more numbers, which the compiled kernels and the sums in blocks work on ---------------------------------

_MASK = np.array([[True] * 40, [False] * 40, [True] * 7 + [False] * 33, *[[i % 3 > 0 for i in range(40)]] * 29])


def _attended(note: str, mask: Any = None, **params: Any) -> Case:
    inputs = normal(2, 32, 16), normal(2, 40, 16), normal(2, 40, 8)
    ours = functools.partial(fused.scaled_dot_product_attention, attn_mask=mask, **params)
    theirs = None if mask is None else torch and torch.from_numpy(mask)
    return row("attention", note, ours, *inputs,
               theirs=lambda q, k, v: F.scaled_dot_product_attention(q, k, v, attn_mask=theirs, **params))  # fmt: skip


def _both(op: str, note: str, call: Callable[..., Any], *inputs: Input) -> Case:
    return form(op, note, call, *inputs)


MANY = [
    _both("softmax", "many", lambda t, x: x.softmax(-1), normal(4, 200)),
    _both("softmax", "a row of thousands", lambda t, x: x.softmax(-1), normal(1, 5000)),
    _both("softmax", "many columns", lambda t, x: x.softmax(0), normal(200, 5)),
    _both("log_softmax", "many", lambda t, x: x.log_softmax(-1), normal(4, 200)),
    _both("layer_norm", "many", lambda t, x, w, b: t.nn.functional.layer_norm(x, (64,), w, b), normal(16, 64),
          positive(64), normal(64)),
    _both("layer_norm", "many, plain", lambda t, x: t.nn.functional.layer_norm(x, (300,)), normal(8, 300)),
    _both("layer_norm", "many, eps 0", lambda t, x: t.nn.functional.layer_norm(x, (64,), eps=0.0), normal(16, 64)),
    _both("layer_norm", "a row of thousands", lambda t, x: t.nn.functional.layer_norm(x, (5000,)), normal(1, 5000)),
    _both("rms_norm", "many", lambda t, x, w: t.nn.functional.rms_norm(x, (64,), w, 1e-6), normal(16, 64),
          positive(64)),
    *[_both(name, "many", lambda t, x, name=name: getattr(t.nn.functional, name)(x), normal(500))
      for name in ("gelu", "silu", "relu", "softplus", "elu")],
    _both("gelu_tanh", "many", lambda t, x: t.nn.functional.gelu(x, approximate="tanh"), normal(500)),
    _both("cross_entropy", "many", lambda t, x, k: t.nn.functional.cross_entropy(x, k), normal(16, 50), ints(50, 16)),
    _both("cross_entropy", "many, smoothing, ignored rows",
          lambda t, x, k: t.nn.functional.cross_entropy(x, k, ignore_index=3, label_smoothing=0.1), normal(16, 50),
          ints(5, 16)),
    _both("cross_entropy", "no row counts", lambda t, x, k: t.nn.functional.cross_entropy(x, k), normal(2, 5),
          given([-100, -100])),
    _attended("many"),
    _attended("many, causal", is_causal=True),
    _attended("many, some rows masked", _MASK),
    _both("linear", "many", lambda t, x, w, b: t.nn.functional.linear(x, w, b), normal(70, 33), normal(20, 33),
          normal(20)),
    _both("matmul", "many", lambda t, x, w: x @ w, normal(40, 300), normal(300, 7)),
    _both("sum", "very long", lambda t, x: x.sum(), normal(60_000)),
    _both("sum", "very long columns", lambda t, x: x.sum(0), normal(20_000, 3)),
    _both("mean", "very long", lambda t, x: x.mean(), normal(60_000)),
    _both("mean", "very long columns", lambda t, x: x.mean(0), normal(20_000, 3)),
    _both("var", "very long", lambda t, x: x.var(), normal(20_000)),
    _both("cumsum", "very long", lambda t, x: x.cumsum(0), normal(5_000)),
    _both("logsumexp", "long", lambda t, x: x.logsumexp(0), normal(3_000)),
    _both("norm", "long", lambda t, x: x.norm(), normal(3_000)),
    _both("mse_loss", "long", lambda t, x, y: t.nn.functional.mse_loss(x, y), normal(3_000), normal(3_000)),
]  # fmt: skip

#: Ops that draw random numbers, which are not PyTorch's.
RANDOM = {"multinomial", "bernoulli"}
ROWS = [c for c in (*CASES, *MANY) if c.op not in RANDOM and any(a.dtype.kind == "f" for a in c.arrays())]


# ---- running them ----------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Trial:
    """A row with its floats in one type, all of them at one extreme."""

    case: Case
    extreme: str
    dtype: Any

    @property
    def id(self) -> str:
        return f"{self.case.id} · {self.extreme} · {np.dtype(self.dtype)}"

    def arrays(self, wide: Any = None) -> list[np.ndarray]:
        """The inputs; in the type ``wide``, if one is given, the same numbers."""
        make, limits = EXTREMES[self.extreme], np.finfo(self.dtype)

        def moved(a: np.ndarray) -> np.ndarray:
            return np.asarray(make(a, limits)).astype(self.dtype).astype(wide or self.dtype)

        return [moved(a) if a.dtype.kind == "f" else a for a in self.case.arrays()]

    def ours(self, wide: Any = None) -> list[np.ndarray]:
        """Values and gradients."""
        pairs = zip(self.arrays(wide), self.case.inputs, strict=True)
        xs = [Tensor(a, requires_grad=a.dtype.kind == "f" and not i.constant) for a, i in pairs]
        ys = [y for y in as_list(self.case.ours(*xs)) if isinstance(y, Tensor)]
        wanted, made = ([x for x in some if x.requires_grad] for some in (xs, ys))
        if not (wanted and made and self.case.differentiable):
            return [y.array for y in ys]
        seeds = [np.asarray(_seed(y.shape), y.dtype) for y in made]
        return [t.array for t in (*ys, *as_list(grad(made, wanted, seeds)))]

    def theirs(self, wide: Any = None) -> list[np.ndarray]:
        """PyTorch's."""
        pairs = zip(self.arrays(wide), self.case.inputs, strict=True)
        xs = [torch.from_numpy(a.copy()).requires_grad_(a.dtype.kind == "f" and not i.constant) for a, i in pairs]
        ys = [y for y in as_list((self.case.theirs or self.case.ours)(*xs)) if isinstance(y, torch.Tensor)]
        wanted, made = ([x for x in some if x.requires_grad] for some in (xs, ys))
        if not (wanted and made and self.case.differentiable):
            return [y.detach().numpy() for y in ys]
        seeds = [torch.from_numpy(np.asarray(_seed(tuple(y.shape)), str(y.dtype)[6:])) for y in made]
        return [t.detach().numpy() for t in (*ys, *torch.autograd.grad(made, wanted, seeds))]

    def truth(self) -> list[np.ndarray] | None:
        if self.dtype != np.float64:
            return self.theirs(np.float64)
        finite = all(np.isfinite(a).all() for a in self.arrays())
        return self.ours(np.longdouble) if finite else None

    def is_right(self) -> bool:
        """Whether values and gradients are PyTorch's, or nearer to the truth. What PyTorch refuses is not compared."""
        try:
            theirs = self.theirs()
        except (RuntimeError, NotImplementedError, IndexError):
            return True
        ours, truth = self.ours(), None
        for i, (x, y) in enumerate(zip(ours, theirs, strict=True)):
            if _near(x, y, _units(y, OWN)).all():
                continue
            truth = truth or self.truth() or theirs
            if not _is_right(np.asarray(x), np.asarray(y), np.asarray(truth[i])):
                return False
        return True

    def is_near_to_itself(self, wide: Any) -> bool:
        """Whether what comes out is 1e-5 of its largest entry near to what comes out in a longer type."""
        try:
            both = zip(self.ours(), self.ours(wide), strict=True)
            pairs = [(x, _within(y, self.dtype)) for x, y in both if x.dtype.kind == "f"]
        except (RuntimeError, ValueError):  # refused in both
            return True
        largest = [np.abs(y[np.isfinite(y)]).max(initial=0) for _, y in pairs]
        return all((_gap(x, y) <= 1e-5 * most + 1e-44).all() for (x, y), most in zip(pairs, largest, strict=True))


_SEEDS = np.random.default_rng(1).standard_normal(4096)


def _seed(shape: tuple[int, ...]) -> np.ndarray:
    """How much each entry of an output counts."""
    return np.resize(_SEEDS, shape)


def trials(rows: list[Case], dtype: Any) -> Iterator[Trial]:
    return (Trial(case, extreme, dtype) for case in rows for extreme in EXTREMES)


# ---- comparing -------------------------------------------------------------------------------------------------------


def _gap(x: Any, y: Any) -> np.ndarray:
    """How far apart: 0 for the same number, the same infinity and two NaNs, ∞ where only one of them is finite."""
    x, y = np.asarray(x, np.longdouble), np.asarray(y, np.longdouble)
    apart = np.abs(x - y)
    return np.where((x == y) | (np.isnan(x) & np.isnan(y)), 0, np.where(np.isnan(apart), np.inf, apart))


def _units(y: np.ndarray, number: int) -> Any:
    if y.dtype.kind != "f":
        return 0
    limits = np.finfo(y.dtype)
    size = np.abs(y.astype(np.longdouble)) * limits.eps
    return number * np.where(np.isfinite(size), np.maximum(size, limits.smallest_subnormal), 0)


def _near(x: Any, y: Any, units: Any) -> np.ndarray:
    return _gap(x, y) <= units


def _within(y: np.ndarray, dtype: Any) -> np.ndarray:
    """y, with ∞ for what is beyond the type."""
    y = y.astype(np.longdouble)
    return np.where(np.abs(y) > np.finfo(dtype).max, np.copysign(np.inf, y), y)


def _is_right(ours: np.ndarray, theirs: np.ndarray, truth: np.ndarray) -> bool:
    if ours.dtype.kind != "f" or ours.shape != truth.shape:
        return False
    beyond = np.abs(truth) > np.finfo(ours.dtype).max
    lost = beyond & ~np.isfinite(ours) & ~np.isfinite(theirs)  # no number of the type: ∞ in one, NaN in the other
    truth = _within(truth, ours.dtype)
    ours_off, theirs_off = _gap(ours, truth), _gap(theirs, truth)
    ours_off = np.where(np.isnan(ours) & ~np.isnan(theirs), np.inf, ours_off)
    right = lost | (ours_off <= theirs_off) | _near(ours, theirs, _units(theirs, OWN))
    finite = np.isfinite(ours) & np.isfinite(theirs)
    room = max(_units(theirs[finite], LARGEST).max(initial=0), 1.5 * theirs_off[finite].max(initial=0))
    return bool((right | (finite & (ours_off <= room))).all())
