"""What a row of the table is, and the makers of its inputs."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import inspect
import pkgutil
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_tf
from tinygrad_tf import Tensor, ops
from tinygrad_tf.autograd.operation import Op

try:
    import torch
    import torch.nn.functional as F
except ImportError:  # the tests that need the oracle are skipped then, and say so
    torch = F = None


@dataclasses.dataclass(frozen=True)
class Input:
    """One input of a row: how its array is made, and whether it is a constant (integers and booleans always are)."""

    make: Callable[[np.random.Generator], np.ndarray]
    constant: bool = False


def normal(*shape: int) -> Input:
    return Input(lambda rng: rng.standard_normal(shape))


def positive(*shape: int) -> Input:
    return Input(lambda rng: rng.uniform(0.5, 2, shape))


def away(*shape: int) -> Input:
    """Of both signs, away from 0, where relu and abs have their kink."""
    return Input(lambda rng: rng.choice([-1.0, 1.0], shape) * rng.uniform(0.3, 1.5, shape))


def distinct(*shape: int) -> Input:
    """No two entries near each other: away from the kinks of max, min and sorting."""
    return Input(lambda rng: 0.3 * rng.permutation(int(np.prod(shape))).reshape(shape) - 0.5)


def ints(high: int, *shape: int) -> Input:
    return Input(lambda rng: rng.integers(0, high, shape))


def bools(*shape: int) -> Input:
    return Input(lambda rng: rng.random(shape) < 0.5)


def given(values: Any, dtype: Any = None) -> Input:
    return Input(lambda rng: np.array(values, dtype))


def constant(made: Input) -> Input:
    return dataclasses.replace(made, constant=True)


#: Ops whose results are true or false, indices, or flat between jumps.
NO_GRADIENT = {
    "equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_and", "logical_or", "logical_not",
    "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift", "invert", "isnan", "isinf",
    "isposinf", "isneginf", "isfinite", "isclose", "argmax", "argmin", "argsort", "nonzero", "one_hot", "all", "any",
    "floor_divide", "count_nonzero", "bincount", "histogram", "unique", "isin", "multinomial", "bernoulli",
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Case:
    """A row: the op, a call of it, the inputs, and what PyTorch writes for the call (None: the same expression).

    ``order`` is how many derivatives are held to difference quotients: 0 at a kink, where there is no such quotient.
    """

    op: str
    note: str
    ours: Callable[..., Any]
    inputs: tuple[Input, ...]
    theirs: Callable[..., Any] | None = None
    order: int = 2

    @property
    def id(self) -> str:
        return f"{self.op}: {self.note}"

    @property
    def differentiable(self) -> bool:
        return self.op not in NO_GRADIENT and any(x.requires_grad for x in self.tensors())

    def arrays(self, dtype: Any = np.float64) -> list[np.ndarray]:
        """The inputs' arrays, the same each time; floats in ``dtype``."""
        rng = np.random.default_rng(zlib.crc32(self.id.encode()))
        arrays = [np.asarray(i.make(rng)) for i in self.inputs]
        return [a.astype(dtype) if a.dtype.kind == "f" else a for a in arrays]

    def tensors(self, dtype: Any = np.float64) -> list[Tensor]:
        """The inputs; floats that are not constant require a gradient."""
        pairs = zip(self.arrays(dtype), self.inputs, strict=True)
        return [Tensor(a, requires_grad=a.dtype.kind == "f" and not i.constant) for a, i in pairs]

    def run(self, dtype: Any = np.float64) -> tuple[list[Tensor], list[Tensor]]:
        """The inputs, and what the call makes of them, as a list."""
        inputs = self.tensors(dtype)
        return inputs, as_list(self.ours(*inputs))

    def run_theirs(self, dtype: Any = np.float64) -> tuple[list[Any], list[Any]]:
        """The same in PyTorch."""
        ours = self.tensors(dtype)
        inputs = [torch.from_numpy(t.array.copy()).requires_grad_(t.requires_grad) for t in ours]
        return inputs, as_list((self.theirs or self.ours)(*inputs))


def engine_ops() -> set[Op]:
    """Every op that a file of the engine's ops defines."""
    modules = [importlib.import_module(m.name) for m in pkgutil.walk_packages(ops.__path__, ops.__name__ + ".")]
    found = {getattr(f, "op", None) for module in modules for f in vars(module).values()}
    return {o for o in found if isinstance(o, Op)}


def functions() -> dict[str, Callable[..., Any]]:
    """Every function on Tensors at the package's top level, once, under its own name."""
    made = {name: f for name, f in vars(tinygrad_tf).items() if inspect.isfunction(f) and f.__name__ == name}
    return {name: f for name, f in made.items() if f.__module__.startswith(ops.__name__)}


def as_list(result: Any) -> list[Any]:
    return list(result) if isinstance(result, (list, tuple)) else [result]


def form(op: str, note: str, call: Callable[..., Any], *inputs: Input, theirs: Any = None, **traits: Any) -> Case:
    """A row whose call is given the library, then the inputs; ``theirs``, if PyTorch writes another, the inputs."""
    theirs = theirs or functools.partial(call, torch)
    return Case(op, note, functools.partial(call, tinygrad_tf), inputs, theirs, **traits)


def row(op: str, note: str, ours: Callable[..., Any], *inputs: Input, theirs: Any = None, **traits: Any) -> Case:
    return Case(op, note, ours, inputs, theirs, **traits)


def failures(rows: list[Case], check: Callable[[Case], Any]) -> dict[str, str]:
    """What ``check`` raises, by row: for a test of all rows at once, whose failure names each that does not pass."""
    found = {}
    for case in rows:
        try:
            check(case)
        except Exception as problem:
            found[case.id] = f"{type(problem).__name__}: {problem}"
    return found
