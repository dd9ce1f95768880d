"""A fused node opened: the primitives of its definition, with their values and gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd.recording import enable_grad
from ..autograd.tensor import Tensor
from .capture import capture
from .flow import Flow, Watch, record

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Inside:
    """The definition of a fused op as a graph of its own, and the gradient on its way through it.

    The inputs are leaves of that graph, its output is the last node; ``inputs`` says which input each leaf is.
    """

    flow: Flow
    inputs: dict[str, int]


def inside(Y: Tensor, dY: Array, *watches: Watch) -> Inside | None:
    """What the definition of the op that made ``Y`` computes, and how ``dY`` flows back through it.

    None for an op that is a primitive itself, and where there is no entry to compute with. ``watches`` are shown
    every gradient, as :func:`.flow.record` says.

    >>> from tinygrad_tf.ops.fused import softmax
    >>> opened = inside(softmax(Tensor([1.0, 2.0], requires_grad=True)), np.array([1.0, 0.0], np.float32))
    >>> [f"{node.title} {node.op}" for node in opened.flow.graph.nodes if node.op]
    ['A₁ max', 'A₂ subtract', 'A₃ exp', 'A₄ sum', 'Y divide']
    """
    op = Y.op
    if op is None or op.kernel is None or op.backward is None or not Y.size:
        return None
    leaves = [Tensor.wrap(x.array, letter) for x, letter in zip(Y.inputs, op.letters, strict=False)]
    for leaf, x in zip(leaves, Y.inputs, strict=True):
        leaf.requires_grad = x.requires_grad
    with enable_grad():
        made = op.forward(*leaves, **Y.params)
    if not isinstance(made, Tensor) or made.op is None:
        return None
    made.name = made.name or op.backward.function.__code__.co_varnames[1]
    flow = record(capture(made), *watches, seed=dY)
    numbers = {leaf.number: i for i, leaf in enumerate(leaves)}
    inputs = {node.id: numbers[t.number] for node, t in zip(flow.graph.nodes, flow.graph.tensors, strict=True)
              if t.number in numbers}  # fmt: skip
    return Inside(flow, inputs)
