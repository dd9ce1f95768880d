"""``np.exp(t)``: what NumPy's functions do when they are given a Tensor.

Most of them are functions of this package with the same name and the same arguments; one table lists these. Those for
which PyTorch has another name or other arguments stand below it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.tensor import Tensor, implements
from ..errors import error
from . import (
    arithmetic,
    arrange,
    borders,
    choice,
    comparison,
    conversion,
    counting,
    cutting,
    exponential,
    indexing,
    join,
    linalg,
    makers,
    order,
    reduction,
    rounding,
    shape,
    slopes,
    trigonometry,
)
from .einsum import einsum

_SAME: dict[Any, str] = {
    arithmetic: "add subtract multiply divide power negative absolute square reciprocal",
    choice: "maximum minimum fmax fmin where clip nan_to_num",
    conversion: "copy",
    exponential: "exp expm1 log log1p logaddexp logaddexp2 sqrt hypot tanh exp2 log2 log10",
    shape: "reshape expand_dims transpose swapaxes moveaxis rollaxis broadcast_to shape ndim size",
    indexing: "take",
    arrange: "flip fliplr flipud rot90 tril triu diag trace diff",
    comparison: "equal not_equal less less_equal greater greater_equal bitwise_and bitwise_or bitwise_xor left_shift "
                "right_shift invert logical_and logical_or logical_xor logical_not isnan isinf isposinf isneginf "
                "isfinite isclose allclose",
    reduction: "sum mean amax amin argmax argmin all any",
    counting: "count_nonzero bincount unique isin",
    join: "column_stack append tile atleast_1d atleast_2d atleast_3d",
    cutting: "array_split hsplit vsplit dsplit",
    linalg: "matmul dot inner outer kron tensordot",
    order: "cumsum cumprod prod partition",
    rounding: "sign copysign floor ceil trunc round floor_divide fmod remainder",
    trigonometry: "sin cos tan arcsin arccos arctan arctan2 sinh cosh arcsinh arccosh arctanh sinc deg2rad rad2deg",
    makers: "zeros_like ones_like full_like empty_like",
}  # fmt: skip

for _module, _names in _SAME.items():
    for _name in _names.split():
        implements(getattr(np, _name))(getattr(_module, _name))

implements(np.max)(reduction.amax)
implements(np.min)(reduction.amin)
implements(np.around)(rounding.round)
implements(np.radians)(trigonometry.deg2rad)
implements(np.degrees)(trigonometry.rad2deg)
implements(np.ravel)(shape.flatten)
implements(np.repeat)(join.repeat_interleave)
implements(np.einsum)(einsum)
implements(np.linalg.matmul)(linalg.matmul)
implements(np.linalg.outer)(linalg.outer)
implements(np.linalg.cross)(linalg.cross)
if hasattr(np, "astype"):  # from NumPy 2.1 on
    implements(np.astype)(conversion.astype)

# ---- what has another name or other arguments in PyTorch ------------------------------------------------------------


def _with_dtype(join):
    """A function that joins, with NumPy's argument ``dtype``: the result is converted."""

    def _joined(tensors, *axis, dtype=None, casting: str = "same_kind", **params):
        Y = join(tensors, *axis, **params)
        return Y if dtype is None else conversion.to(Y, dtype)

    return _joined


for _name in ("concatenate", "stack", "vstack", "hstack"):
    implements(getattr(np, _name))(_with_dtype(getattr(join, _name)))


@implements(np.real, np.conjugate)
def _real(X):
    return X


@implements(np.fabs)
def _fabs(X):
    return arithmetic.absolute(conversion.as_float(X))


@implements(np.linspace)
def _linspace(start, stop, num: int = 50, endpoint: bool = True):
    ends = [conversion.as_float(end) for end in (start, stop) if isinstance(end, Tensor)]
    W = np.linspace(0, 1, num, endpoint).astype(np.result_type(*[end.dtype for end in ends]))
    W = W.reshape(-1, *[1] * max(np.ndim(start), np.ndim(stop)))  # (num, 1, …)
    return start * (1 - W) + stop * W


@implements(np.select)
def _select(condlist, choicelist, default=0):
    if len(condlist) != len(choicelist):
        raise error(
            ValueError,
            "np.select",
            got={"number of conditions": len(condlist), "number of choices": len(choicelist)},
            rule="each condition has its choice",
            cure="write default=… for what is taken where no condition holds",
        )
    Y = default
    for condition, X in reversed(list(zip(condlist, choicelist, strict=True))):
        Y = choice.where(condition, X, Y)
    return Y


@implements(np.var)
def _var(X, axis=None, ddof: float = 0, **params):
    return reduction.var(X, axis, **{"correction": ddof, **params})


@implements(np.std)
def _std(X, axis=None, ddof: float = 0, **params):
    return reduction.std(X, axis, **{"correction": ddof, **params})


@implements(np.linalg.norm)
def _norm(X, ord=None, axis=None, keepdims: bool = False):
    axes = X.ndim if axis is None else len(axis) if isinstance(axis, (tuple, list)) else 1
    if axes > 1 and ord not in (None, "fro"):
        raise error(
            NotImplementedError,
            "np.linalg.norm",
            got={"X": X, "ord": ord},
            rule="of a matrix only the Frobenius norm is computed here",
            cure="leave ord out, or write norm(x, p), which takes all entries as one vector",
        )
    return reduction.norm(X, ord, axis, keepdims)


@implements(np.squeeze)
def _squeeze(X, axis=None):
    if axis is not None and any(X.shape[a] != 1 for a in shape.check_axes("squeeze", X, axis)):
        raise error(
            ValueError,
            "np.squeeze",
            got={"X": X, "axis": axis},
            rule="NumPy takes away axes of size 1 only",
            cure="index the axis or reduce over it, or write x.squeeze(axis), which leaves it",
        )
    return shape.squeeze(X, axis)


@implements(np.split)
def _split(X, indices_or_sections, axis: int = 0) -> list[Any]:
    return cutting.equal_parts("np.split", X, indices_or_sections, axis)


@implements(np.roll)
def _roll(X, shift, axis=None):
    shifts = list(shift) if np.ndim(shift) else [shift]
    if axis is None:
        return arrange.roll(X, sum(shifts))
    axes = list(axis) if np.ndim(axis) else [axis]
    if len(axes) == 1:
        return arrange.roll(X, shifts, axes * len(shifts))
    return arrange.roll(X, shifts * len(axes) if len(shifts) == 1 else shifts, axes)


#: NumPy's borders that repeat what is inside, and their names in :mod:`.borders`, where there is one.
_REPEATING = {"symmetric": "symmetric", **{numpys: name for name, numpys in borders.BORDERS.items()}}


@implements(np.pad)
def _pad(X, pad_width, mode: str = "constant", constant_values=0):
    try:
        widths = np.broadcast_to(pad_width, (X.ndim, 2))
    except ValueError:
        raise borders.no_pairs(X, pad_width) from None
    pairs = [(int(a), int(b)) for a, b in widths]
    if mode not in _REPEATING:  # pad() names the modes that exist
        return borders.pad(X, pairs, "several constants" if np.ndim(constant_values) else mode, constant_values)
    borders.check_cuts(X, pairs)
    for axis, ends in enumerate(pairs):
        X = borders.continued(X, axis, ends, _REPEATING[mode])
    return X


@implements(np.gradient)
def _gradient(X, *varargs, axis=None, edge_order: int = 1):
    spacing = varargs[0] if len(varargs) == 1 and not np.ndim(varargs[0]) else varargs or 1
    made = slopes.gradient(X, spacing, axis, edge_order)
    return made[0] if len(made) == 1 else made


@implements(np.cross)
def _cross(X, W, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None):
    here, other, there = (axisa, axisb, axisc) if axis is None else (axis, axis, axis)
    X, W = (shape.moveaxis(M, a, -1) for M, a in ((X, here), (W, other)))
    return shape.moveaxis(linalg.cross(X, W), -1, there)


@implements(np.diagonal)
def _diagonal(X, offset: int = 0, axis1: int = 0, axis2: int = 1):
    return arrange.diagonal(X, offset, axis1, axis2)


@implements(np.linalg.diagonal)
def _last_diagonal(X, offset: int = 0):
    return arrange.diagonal(X, offset, -2, -1)


@implements(np.linalg.trace)
def _last_trace(X, offset: int = 0):
    return arrange.trace(X, offset, -2, -1)


@implements(np.meshgrid)
def _meshgrid(*Xs, indexing: str = "xy") -> tuple[Any, ...]:
    return arrange.meshgrid(*Xs, indexing=indexing)


@implements(np.nonzero)
def _nonzero(X):
    return indexing.nonzero(X, as_tuple=True)


@implements(np.take_along_axis)
def _take_along_axis(X, indices, axis: int | None = -1):
    return indexing.take_along_axis(X, indices, axis)


@implements(np.sort)
def _sort(X, axis: int | None = -1, kind=None, stable=None):
    X, axis = order.one_axis("sort", X, axis)
    return order.sort(X, axis).values


@implements(np.argsort)
def _argsort(X, axis: int | None = -1, kind=None, stable=None):
    X, axis = order.one_axis("argsort", X, axis)
    return order.argsort(X, axis)
