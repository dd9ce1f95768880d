"""Tensors for einops, as ``einops.rearrange(t, "b n (h d) -> b h n d")``: a backend of the kind that it looks for.

It is loaded when einops is, by :class:`.names.Afterwards`; nobody who does not use einops pays for it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from einops._backends import AbstractBackend

from ..autograd.tensor import Tensor
from ..ops import einsum, join, makers, reduction, shape
from ..ops.order import prod


class Backend(AbstractBackend):  # type: ignore[misc,unused-ignore]
    """What einops does with a Tensor, in the package's ops: gradients of any order, pictures and compile() follow."""

    framework_name = __name__.partition(".")[0]

    def is_appropriate_type(self, tensor: Any) -> bool:
        """Whether it is a Tensor of this package."""
        return isinstance(tensor, Tensor)

    def from_numpy(self, x: Any) -> Tensor:
        """A Tensor around an array."""
        return makers.from_numpy(x)

    def to_numpy(self, x: Tensor) -> Any:
        """The array of a Tensor."""
        return x.detach().numpy()

    def arange(self, start: int, stop: int) -> Tensor:
        """The integers from start to below stop."""
        return makers.arange(start, stop)

    def reshape(self, x: Tensor, shape_: Any) -> Any:
        """The Tensor in another shape."""
        return shape.reshape(x, tuple(shape_))

    def transpose(self, x: Tensor, axes: Any) -> Any:
        """The axes in another order."""
        return shape.permute(x, tuple(axes))

    def reduce(self, x: Tensor, operation: str, axes: Any) -> Any:
        """One of einops' reductions over some axes."""
        at_once: dict[str, Any] = {
            "min": reduction.amin,
            "max": reduction.amax,
            "sum": reduction.sum,
            "mean": reduction.mean,
        }
        if operation in at_once:
            return at_once[operation](x, axis=tuple(axes))
        one_by_one: dict[str, Any] = {"prod": prod, "any": reduction.any, "all": reduction.all}
        for axis in sorted(axes, reverse=True):
            x = one_by_one[operation](x, axis=axis)
        return x

    def stack_on_zeroth_dimension(self, tensors: list[Tensor]) -> Any:
        """The Tensors of a list along a new first axis."""
        return join.stack(tensors)

    def concat(self, tensors: list[Tensor], axis: int) -> Any:
        """The Tensors of a list one after the other."""
        return join.concatenate(tensors, axis=axis)

    def add_axis(self, x: Tensor, new_position: int) -> Any:
        """A new axis of size 1."""
        return shape.expand_dims(x, new_position)

    def add_axes(self, x: Tensor, n_axes: int, pos2len: dict[int, int]) -> Any:
        """New axes along which the entries repeat."""
        for position in pos2len:
            x = shape.expand_dims(x, position)
        return shape.broadcast_to(x, tuple([pos2len.get(i, n) for i, n in enumerate(x.shape)]))

    def tile(self, x: Tensor, repeats: Any) -> Any:
        """The Tensor as a whole, so often along each axis."""
        return join.tile(x, *repeats)

    def is_float_type(self, x: Tensor) -> bool:
        """Whether a mean may be taken: of floats only."""
        return bool(np.dtype(x.dtype).kind == "f")

    def einsum(self, pattern: str, *x: Tensor) -> Any:
        """Einstein's sum."""
        return einsum.einsum(pattern, *x)
