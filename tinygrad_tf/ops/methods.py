"""Which function is which method of Tensor: one table, attached when the ops are loaded.

Type checkers and editors read ``methods.pyi`` beside this file, made from the table by ``python tests/stubs.py``.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from sys import _getframe
from typing import Any

import numpy as np

from ..arguments import explains
from ..autograd import mistakes
from ..autograd.changes import wrote
from ..autograd.places import site_of
from ..autograd.tensor import Tensor, attach, to_array
from ..errors import error
from . import (
    arithmetic,
    arrange,
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
    sampling,
    scattering,
    shape,
    trigonometry,
)
from .activation import relu
from .fused import log_softmax, softmax
from .writing import in_place, setitem

# ---- how a function becomes a method --------------------------------------------------------------------------------


def reflected(function: Callable[..., Any]) -> Callable[..., Any]:
    """What ``other + self`` calls, where ``other`` is no Tensor."""

    @functools.wraps(function)
    def call(self: Tensor, other):
        return function(other, self)

    return call


def comparing(function: Callable[..., Any]) -> Callable[..., Any]:
    """What ``self == other`` calls: it compares entry by entry, but no Tensor equals None."""

    @functools.wraps(function)
    def call(self: Tensor, other):
        return NotImplemented if other is None else function(self, other)

    return call


def cast(dtype: str) -> Callable[[Tensor], Tensor]:
    """A method that PyTorch names after a type: ``t.double()``."""

    def call(X: Tensor):
        return X if X.dtype == dtype else conversion.astype(X, dtype=np.dtype(dtype))

    call.__doc__ = f"X in {dtype}. The gradient comes back in the type of X; only floats pass it on."
    call.__name__ = call.__qualname__ = dtype  # what help() and the reference call it
    return call


# ---- functions that are methods only --------------------------------------------------------------------------------


def getitem(self: Tensor, index):
    """``self[index]``, for every form of index that NumPy has."""
    Y = indexing._getitem.op.call((self,), {"index": indexing.kept(index)})
    if Y.op is not None:
        Y.site = site_of(_getframe(1))  # not this line, but that which has the brackets
    elif not self.requires_grad and indexing.is_basic(places := indexing.plain(index)):
        indexing.note_view(Y, self, places)
    return Y


def where(self: Tensor, condition, other):
    """The Tensor where the condition is true, ``other`` elsewhere."""
    return choice.where(condition, self, other)


@explains
def expand_as(self: Tensor, other):
    """The Tensor broadcast to the shape of ``other``."""
    return shape.broadcast_to(self, tuple(other.shape))


def repeat(self: Tensor, *sizes):
    """The Tensor as a whole, as often along each axis as ``sizes`` says: one number for each axis, or more in front."""
    if len(shape.ints(sizes)) < self.ndim:
        raise error(
            RuntimeError,
            "repeat",
            got={"X": self, "sizes": sizes},
            rule="there is a number for each axis",
            cure="write tile(x, …), which takes them to be for the last axes, or x.repeat(1, 2)",
        )
    return join.tile(self, *sizes)


@explains
def view_as(self: Tensor, other):
    """The Tensor in the shape of ``other``."""
    return shape.reshape(self, tuple(other.shape))


@explains
def type_as(self: Tensor, other):
    """The Tensor in the dtype of ``other``."""
    return conversion.to(self, other.dtype)


def new_zeros(self: Tensor, *size, dtype=None, device=None, requires_grad: bool = False):
    """Zeros of the given size, in the dtype of this Tensor unless another is given."""
    return makers.zeros(*size, dtype=_own(self, dtype), device=device, requires_grad=requires_grad)


def new_ones(self: Tensor, *size, dtype=None, device=None, requires_grad: bool = False):
    """Ones of the given size, in the dtype of this Tensor unless another is given."""
    return makers.ones(*size, dtype=_own(self, dtype), device=device, requires_grad=requires_grad)


def new_full(self: Tensor, size, fill_value, dtype=None, device=None, requires_grad: bool = False):
    """Entries that are all ``fill_value``, of the given size, in the dtype of this Tensor unless another is given."""
    return makers.full(size, fill_value, dtype=_own(self, dtype), device=device, requires_grad=requires_grad)


def new_tensor(self: Tensor, data, dtype=None, device=None, requires_grad: bool = False):
    """A Tensor of ``data``, in the dtype of this one unless another is given."""
    return makers.tensor(data, dtype=_own(self, dtype), device=device, requires_grad=requires_grad)


def _own(t: Tensor, dtype):
    return t.dtype if dtype is None else dtype


def dim(self: Tensor) -> int:
    """The number of axes; PyTorch's name for ``ndim``."""
    return self.array.ndim


def numel(self: Tensor) -> int:
    """The number of entries."""
    return self.array.size


def contiguous(self: Tensor) -> Tensor:
    """The Tensor itself, or a copy of one that is laid out otherwise and needs no gradient; ``view`` takes either."""
    return self if self.requires_grad or self.array.flags.c_contiguous else conversion.copy(self)


def same(self: Tensor) -> Tensor:
    """The Tensor itself: the only device is the CPU."""
    return self


# ---- properties -----------------------------------------------------------------------------------------------------


class Size(int):
    """What ``t.size`` is: the number of entries, as in NumPy, which can be called, as in PyTorch."""

    shape: tuple[int, ...]

    def __new__(cls, shape: tuple[int, ...]) -> Size:
        n = super().__new__(cls, math.prod(shape))
        n.shape = shape
        return n

    def __call__(self, dim: int | None = None):
        return self.shape if dim is None else self.shape[dim]


def size(self: Tensor) -> Size:
    """The number of entries, as in NumPy; ``t.size()`` is the shape and ``t.size(0)`` one axis, as in PyTorch."""
    return Size(self.array.shape)


def data(self: Tensor) -> Tensor:
    """A Tensor without a graph that shares the array: what is written to one is written to the other."""
    return self.detach()


def set_data(self: Tensor, value) -> None:
    """Put another array in place of this one, of any shape: that of a Tensor, or an array itself, not copied."""
    array = value.array if isinstance(value, Tensor) else to_array(value)
    if self.requires_grad and array.dtype.kind != "f":
        raise mistakes.no_float(array)
    self.array = array
    wrote(self)


def transposed(self: Tensor):
    """All axes in reverse order."""
    return shape.permute(self)


def matrix_transposed(self: Tensor):
    """The last two axes swapped: the transpose of each matrix of a batch."""
    return shape.swapaxes(self, -1, -2)


# ---- the table ------------------------------------------------------------------------------------------------------

#: Python's operators: the name of the method, that of the reflected one if there is one, and the function.
OPERATORS = [
    ("add", "radd", arithmetic.add), ("sub", "rsub", arithmetic.subtract), ("mul", "rmul", arithmetic.multiply),
    ("truediv", "rtruediv", arithmetic.divide), ("floordiv", "rfloordiv", rounding.floor_divide),
    ("mod", "rmod", rounding.remainder), ("pow", "rpow", arithmetic.power), ("matmul", "rmatmul", linalg.matmul),
    ("and", "rand", comparison.bitwise_and), ("or", "ror", comparison.bitwise_or),
    ("xor", "rxor", comparison.bitwise_xor), ("lshift", "rlshift", comparison.left_shift),
    ("rshift", "rrshift", comparison.right_shift), ("lt", "", comparison.less), ("le", "", comparison.less_equal),
    ("gt", "", comparison.greater), ("ge", "", comparison.greater_equal),
]  # fmt: skip

#: Methods by name. Where two names stand for one function, NumPy's comes first and PyTorch's after it.
METHODS: dict[str, Callable[..., Any]] = {
    # entry by entry
    "add": arithmetic.add, "sub": arithmetic.subtract, "mul": arithmetic.multiply, "div": rounding.div,
    "neg": arithmetic.negative, "abs": arithmetic.absolute, "square": arithmetic.square, "pow": arithmetic.power,
    "reciprocal": arithmetic.reciprocal, "lerp": arithmetic.lerp,
    "addcmul": arithmetic.addcmul, "addcdiv": arithmetic.addcdiv,
    "exp": exponential.exp, "exp2": exponential.exp2, "expm1": exponential.expm1, "log": exponential.log,
    "log2": exponential.log2, "log10": exponential.log10, "log1p": exponential.log1p, "erf": exponential.erf,
    "sqrt": exponential.sqrt, "rsqrt": exponential.rsqrt, "hypot": exponential.hypot,
    "logaddexp": exponential.logaddexp, "logaddexp2": exponential.logaddexp2,
    "sigmoid": exponential.sigmoid, "tanh": exponential.tanh, "relu": relu,
    "sin": trigonometry.sin, "cos": trigonometry.cos, "tan": trigonometry.tan, "sinh": trigonometry.sinh,
    "cosh": trigonometry.cosh, "asin": trigonometry.arcsin, "acos": trigonometry.arccos, "atan": trigonometry.arctan,
    "asinh": trigonometry.arcsinh, "acosh": trigonometry.arccosh, "atanh": trigonometry.arctanh,
    "arctan2": trigonometry.arctan2, "atan2": trigonometry.arctan2, "sinc": trigonometry.sinc,
    "deg2rad": trigonometry.deg2rad, "rad2deg": trigonometry.rad2deg,
    "sign": rounding.sign, "floor": rounding.floor, "ceil": rounding.ceil, "trunc": rounding.trunc,
    "round": rounding.round, "fmod": rounding.fmod, "remainder": rounding.remainder,
    "floor_divide": rounding.floor_divide, "copysign": rounding.copysign,
    # one or the other
    "maximum": choice.maximum, "minimum": choice.minimum, "fmax": choice.fmax, "fmin": choice.fmin,
    "clip": choice.clip, "clamp": choice.clip,
    "masked_fill": choice.masked_fill, "nan_to_num": choice.nan_to_num, "where": where,
    "eq": comparison.equal, "ne": comparison.not_equal, "lt": comparison.less, "le": comparison.less_equal,
    "gt": comparison.greater, "ge": comparison.greater_equal, "isnan": comparison.isnan, "isinf": comparison.isinf,
    "isposinf": comparison.isposinf, "isneginf": comparison.isneginf, "isfinite": comparison.isfinite,
    "isclose": comparison.isclose, "allclose": comparison.allclose,
    "logical_and": comparison.logical_and, "logical_or": comparison.logical_or,
    "logical_not": comparison.logical_not, "logical_xor": comparison.logical_xor,
    # over axes and along one
    "sum": reduction.sum, "mean": reduction.mean, "prod": order.prod, "var": reduction.var, "std": reduction.std,
    "max": reduction.max, "min": reduction.min, "amax": reduction.amax, "amin": reduction.amin,
    "argmax": reduction.argmax, "argmin": reduction.argmin, "all": reduction.all, "any": reduction.any,
    "logsumexp": reduction.logsumexp, "norm": reduction.norm, "softmax": softmax, "log_softmax": log_softmax,
    "cumsum": order.cumsum, "cumprod": order.cumprod, "cummax": order.cummax, "cummin": order.cummin,
    "logcumsumexp": order.logcumsumexp,
    "sort": order.sort, "argsort": order.argsort, "topk": order.topk, "diff": arrange.diff,
    "count_nonzero": counting.count_nonzero, "bincount": counting.bincount, "unique": counting.unique,
    "isin": counting.isin, "histogram": counting.histogram, "multinomial": sampling.multinomial,
     "bernoulli": sampling.bernoulli,
    # products
    "matmul": linalg.matmul, "dot": linalg.dot, "mm": linalg.matmul, "bmm": linalg.matmul, "outer": linalg.outer,
    "addmm": linalg.addmm, "baddbmm": linalg.baddbmm,
    "inner": linalg.inner, "kron": linalg.kron, "cross": linalg.cross,
    "trace": arrange.trace, "diag": arrange.diag, "diagonal": arrange.diagonal,
    # another shape, other places
    "reshape": shape.reshape, "view": shape.reshape, "view_as": view_as, "flatten": shape.flatten,
    "ravel": shape.flatten, "unflatten": shape.unflatten, "squeeze": shape.squeeze, "unsqueeze": shape.expand_dims,
    "permute": shape.permute, "transpose": shape.transpose, "t": shape.t, "swapaxes": shape.swapaxes,
    "moveaxis": shape.moveaxis, "movedim": shape.moveaxis, "broadcast_to": shape.broadcast_to,
    "expand": shape.broadcast_to, "expand_as": expand_as, "tile": join.tile, "repeat": repeat,
    "repeat_interleave": join.repeat_interleave, "split": join.split, "chunk": join.chunk, "unbind": join.unbind,
    "tensor_split": cutting.array_split, "hsplit": cutting.hsplit, "vsplit": cutting.vsplit, "dsplit": cutting.dsplit,
    "flip": arrange.flip, "fliplr": arrange.fliplr, "flipud": arrange.flipud, "rot90": arrange.rot90,
    "roll": arrange.roll, "unfold": arrange.unfold, "narrow": arrange.narrow,
    "tril": arrange.tril, "triu": arrange.triu, "gather": indexing.gather, "scatter": scattering.scatter,
    "scatter_add": scattering.scatter_add, "scatter_reduce": scattering.scatter_reduce,
    "index_add": scattering.index_add, "index_copy": scattering.index_copy, "index_fill": scattering.index_fill,
    "index_select": indexing.index_select, "take": indexing.take,
    "take_along_axis": indexing.take_along_axis, "take_along_dim": indexing.take_along_axis,
    "masked_select": indexing.masked_select, "nonzero": indexing.nonzero,
    # another type, or a new array
    "clone": conversion.copy, "astype": conversion.astype, "to": conversion.to,
    "type_as": type_as, "is_floating_point": conversion.is_floating_point, "half": cast("float16"),
    "float": cast("float32"), "double": cast("float64"), "long": cast("int64"), "int": cast("int32"),
    "bool": cast("bool"), "new_zeros": new_zeros, "new_empty": new_zeros, "new_ones": new_ones,
    "new_full": new_full, "new_tensor": new_tensor, "contiguous": contiguous, "cpu": same,
    # what it is
    "dim": dim, "numel": numel, "nelement": numel,
}  # fmt: skip

PROPERTIES = {
    "T": property(transposed), "mT": property(matrix_transposed), "size": property(size),
    "data": property(data, set_data),
}  # fmt: skip

attach(METHODS)
attach(PROPERTIES)
attach({"_of_list": staticmethod(join.of_list)})
attach({f"__{name}__": function for name, _, function in OPERATORS})
attach({f"__{name}__": reflected(function) for _, name, function in OPERATORS if name})
attach({
    "__eq__": comparing(comparison.equal), "__ne__": comparing(comparison.not_equal), "__getitem__": getitem,
    "__neg__": arithmetic.negative, "__abs__": arithmetic.absolute,
    "__invert__": comparison.invert,
    "__setitem__": setitem,
})  # fmt: skip
attach({
    f"__i{name}__": in_place(f"t {sign}= x", function) for sign, name, function in [
        ("+", "add", arithmetic.add), ("-", "sub", arithmetic.subtract), ("*", "mul", arithmetic.multiply),
        ("/", "truediv", arithmetic.divide), ("//", "floordiv", rounding.floor_divide),
        ("%", "mod", rounding.remainder), ("**", "pow", arithmetic.power), ("&", "and", comparison.bitwise_and),
        ("|", "or", comparison.bitwise_or),
        ("^", "xor", comparison.bitwise_xor), ("<<", "lshift", comparison.left_shift),
        (">>", "rshift", comparison.right_shift),
    ]
})  # fmt: skip
