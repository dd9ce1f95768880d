"""Running a captured graph again with one entry nudged: what a gradient says, tried out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd.recording import no_grad
from ..autograd.tensor import Tensor
from ..autograd.walk import AGAIN
from ..errors import error
from .capture import Graph

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Nudge:
    """One entry moved up and down by ``epsilon``, in float64: the slope beside the gradient that backward found."""

    index: tuple[int, ...]
    entry: float
    epsilon: float
    plus: float
    minus: float
    gradient: float

    @property
    def slope(self) -> float:
        """(L(W + ε) − L(W − ε)) / 2ε."""
        return (self.plus - self.minus) / (2 * self.epsilon)

    @property
    def least(self) -> float:
        """The least slope that two losses of 53 bits can show: each is rounded a few times on its way."""
        return 8 * max(abs(self.plus), abs(self.minus)) * 2.0**-53 / self.epsilon


class Replay:
    """The forward of a graph in float64, ready to be run again from any node on.

    Masks of dropouts and the like are params of their nodes, so the second run is the first one. Raises RuntimeError
    for a graph with a ``checkpoint()``, which does not know what it is made of.
    """

    def __init__(self, graph: Graph) -> None:
        if not can_be_replayed(graph):
            raise error(
                RuntimeError,
                "nudge",
                got="a graph with a checkpoint()",
                rule="what a checkpoint() holds is not kept",
                cure="nudge without checkpoint()",
            )
        self.graph = graph
        self.values: dict[int, Array] = {}
        for t in graph.tensors:
            self.values[t.number] = _wide(t.array) if t.op is None else self._run(t, self.values)

    @property
    def loss(self) -> float:
        return float(self.values[self.graph.tensors[-1].number].item())

    def loss_with(self, start: Tensor, value: Array) -> float:
        """The loss if ``start`` had this value: only what depends on it is computed again."""
        changed: dict[int, Array] = {start.number: value}
        for t in self.graph.tensors:
            if t.op is not None and t.number not in changed and any(x.number in changed for x in t.inputs):
                changed[t.number] = self._run(t, _Over(changed, self.values))
        found = changed.get(self.graph.tensors[-1].number)
        return self.loss if found is None else float(found.item())

    def _run(self, t: Tensor, values: Any) -> Array:
        assert t.op is not None
        params = {k: _wide_type(v) if k == "dtype" else v for k, v in t.params.items()}
        with no_grad(), np.errstate(all="ignore"):
            return t.op.function(*[Tensor.wrap(values[x.number]) for x in t.inputs], **params).array

    def nudges(self, t: Tensor, gradient: Array, n: int = 3, epsilon: float = 1e-6) -> list[Nudge]:
        """``n`` entries of ``t`` moved up and down: that with the largest gradient, then some at equal distances."""
        flat = np.asarray(gradient).ravel()
        if not flat.size:
            return []
        picked = [int(np.argmax(np.abs(flat))), *(np.arange(1, n) * flat.size // n).tolist()]
        found = []
        value = self.values[t.number]
        moved = value.copy()
        for k in list(dict.fromkeys(picked))[:n]:
            at = tuple(int(i) for i in np.unravel_index(k, t.shape))
            ends = []
            for step in (epsilon, -epsilon):
                moved[at] = value[at] + step
                ends.append(self.loss_with(t, moved))
            moved[at] = value[at]
            found.append(Nudge(at, float(value[at]), epsilon, ends[0], ends[1], float(flat[k])))
        return found


_PER_OP = 60_000  # what a call costs, in entries
_PER_PRODUCT = 20  # products that are added up in the time in which an entry is read or written
_PRODUCTS = ("matmul", "linear", "attention", "einsum")


def work(graph: Graph) -> int:
    """What one forward costs, in entries that are read or written: an estimate, the same on every machine."""
    found = 0
    for t in graph.tensors:
        if t.op is None:
            continue
        found += t.size + sum(x.size for x in t.inputs) + _PER_OP
        if t.op.name in _PRODUCTS and t.inputs[0].ndim:
            found += t.size * t.inputs[0].shape[-1] // _PER_PRODUCT
    return found


def can_be_replayed(graph: Graph) -> bool:
    return not any(t.op is AGAIN for t in graph.tensors)


class _Over:
    """Two dictionaries, looked up in order; copying the larger one for each node would take longer than the ops."""

    __slots__ = ("first", "second")

    def __init__(self, first: dict[int, Array], second: dict[int, Array]) -> None:
        self.first, self.second = first, second

    def __getitem__(self, key: int) -> Array:
        return self.first[key] if key in self.first else self.second[key]


def _wide(x: Array) -> Array:
    return x.astype(np.float64) if x.dtype.kind == "f" else x


def _wide_type(dtype: Any) -> Any:
    return np.float64 if dtype is not None and np.dtype(dtype).kind == "f" else dtype


def numeric(graph: Graph, t: Tensor, gradient: Array, n: int = 3) -> Sequence[Nudge]:
    """Nudges of one Tensor of ``graph``.

    >>> from tinygrad_tf.graph.capture import capture
    >>> W = Tensor([3.0], requires_grad=True)
    >>> [nudge] = numeric(capture((W * W).sum()), W, np.array([6.0]), 1)
    >>> round(nudge.slope, 6)
    6.0
    """
    return Replay(graph).nudges(t, gradient, n)
