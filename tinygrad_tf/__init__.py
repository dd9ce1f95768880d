"""tinygrad_tf: a reverse-mode autograd engine on NumPy, a real Transformer on it, and pictures of how dW flows.

From its import on, a terminal or a pipe that is not in UTF-8 gets substitutes for the signs that it has not, ``^T`` for
ᵀ, where Python would raise UnicodeEncodeError; ``wording.terminal.print_in_any_encoding`` says which, and how not.
"""

import importlib
import math
from types import ModuleType

import numpy as np

from . import autograd, nn, ops, optim
from .autograd import (
    Function,
    Tensor,
    checkpoint,
    debug,
    enable_grad,
    grad,
    is_grad_enabled,
    no_grad,
    op,
)
from .autograd.tensor import attach as _attach
from .compat import device, in_place, inference_mode, names, set_grad_enabled
from .compat import methods as _methods
from .compat.methods import equal
from .kernels.memory import reuse_freed as _reuse_freed
from .ops.activation import (
    elu,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    logsigmoid,
    mish,
    relu,
    relu6,
    selu,
    softplus,
)
from .ops.arithmetic import (
    absolute,
    add,
    addcdiv,
    addcmul,
    divide,
    lerp,
    multiply,
    negative,
    power,
    reciprocal,
    square,
    subtract,
)
from .ops.arrange import (
    diag,
    diagonal,
    diff,
    flip,
    fliplr,
    flipud,
    meshgrid,
    narrow,
    roll,
    rot90,
    trace,
    tril,
    triu,
    unfold,
)
from .ops.borders import pad
from .ops.choice import clip, fmax, fmin, masked_fill, maximum, minimum, nan_to_num, where
from .ops.comparison import (
    allclose,
    bitwise_and,
    bitwise_or,
    bitwise_xor,
    greater,
    greater_equal,
    invert,
    isclose,
    isfinite,
    isinf,
    isnan,
    isneginf,
    isposinf,
    left_shift,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    not_equal,
    right_shift,
)
from .ops.comparison import equal as eq
from .ops.conversion import astype, copy, is_floating_point, to
from .ops.counting import bincount, count_nonzero, histogram, isin, unique
from .ops.cutting import array_split, dsplit, hsplit, vsplit
from .ops.einsum import einsum
from .ops.exponential import (
    erf,
    exp,
    exp2,
    expm1,
    hypot,
    log,
    log1p,
    log2,
    log10,
    logaddexp,
    logaddexp2,
    rsqrt,
    sigmoid,
    sqrt,
    tanh,
)
from .ops.fused import (
    attention,
    cross_entropy,
    dropout,
    embedding,
    gelu,
    gelu_tanh,
    layer_norm,
    linear,
    log_softmax,
    rms_norm,
    scaled_dot_product_attention,
    silu,
    softmax,
)
from .ops.heads import join_heads, split_heads
from .ops.indexing import (
    add_at,
    gather,
    getitem,
    index_select,
    masked_select,
    nonzero,
    one_hot,
    take,
    take_along_axis,
)
from .ops.join import (
    append,
    atleast_1d,
    atleast_2d,
    atleast_3d,
    chunk,
    column_stack,
    concatenate,
    hstack,
    repeat_interleave,
    split,
    stack,
    tile,
    unbind,
    vstack,
)
from .ops.linalg import addmm, baddbmm, cross, dot, inner, kron, matmul, outer, tensordot
from .ops.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    huber_loss,
    kl_div,
    l1_loss,
    mse_loss,
    nll_loss,
    smooth_l1_loss,
)
from .ops.makers import (
    arange,
    as_tensor,
    empty,
    empty_like,
    eye,
    from_numpy,
    full,
    full_like,
    is_tensor,
    linspace,
    normal,
    ones,
    ones_like,
    rand,
    rand_like,
    randint,
    randn,
    randn_like,
    randperm,
    tensor,
    tril_indices,
    triu_indices,
    uniform,
    zeros,
    zeros_like,
)
from .ops.order import argsort, cummax, cummin, cumprod, cumsum, logcumsumexp, partition, prod, sort, topk
from .ops.reduction import (
    all,
    amax,
    amin,
    any,
    argmax,
    argmin,
    logsumexp,
    max,
    mean,
    min,
    norm,
    std,
    std_mean,
    sum,
    var,
    var_mean,
)
from .ops.rounding import ceil, copysign, div, floor, floor_divide, fmod, remainder, round, sign, trunc
from .ops.sampling import bernoulli, multinomial
from .ops.scattering import index_add, index_copy, index_fill, scatter, scatter_add, scatter_reduce
from .ops.shape import (
    broadcast_to,
    expand_dims,
    flatten,
    moveaxis,
    ndim,
    permute,
    reshape,
    rollaxis,
    shape,
    size,
    squeeze,
    swapaxes,
    t,
    transpose,
    unflatten,
)
from .ops.slopes import gradient
from .ops.trigonometry import (
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctan2,
    arctanh,
    cos,
    cosh,
    deg2rad,
    rad2deg,
    sin,
    sinc,
    sinh,
    tan,
)
from .random import manual_seed
from .transforms import gradcheck, hessian, hvp, jacobian, jvp, vjp
from .wording.languages import language
from .wording.terminal import print_in_any_encoding as _print_in_any_encoding

_reuse_freed()
_print_in_any_encoding()


def _view(t: Tensor) -> str:
    """How a notebook shows a Tensor; drawing is loaded when it is first asked for."""
    from .graph.notebook import view

    return view(t)


_attach({"_repr_html_": _view, **_methods.METHODS, **_methods.PROPERTIES, **in_place.METHODS})
_attach({name: _methods.Absent(name) for name in _methods.MISSING if not hasattr(Tensor, name)})
names.install()
Function.with_context = staticmethod(names.with_context)
for _path, _module in {
    "nn": nn, "nn.functional": nn.functional, "nn.init": nn.init, "nn.utils": nn.utils, "autograd": autograd,
    "autograd.function": autograd.function, "optim": optim, "optim.lr_scheduler": optim.lr_scheduler,
}.items():  # fmt: skip
    names.open_to(_module, _path)
del in_place

#: PyTorch's names where NumPy's differ.
abs, neg, sub, mul, true_divide, pow = absolute, negative, subtract, multiply, divide, power
asin, acos, atan, asinh, acosh, atanh = arcsin, arccos, arctan, arcsinh, arccosh, arctanh
ne, lt, le, gt, ge = not_equal, less, less_equal, greater, greater_equal
atan2, bitwise_not, clamp, mm, bmm, mv = arctan2, invert, clip, matmul, matmul, matmul
cat, concat, unsqueeze, ravel, take_along_dim = concatenate, concatenate, expand_dims, flatten, take_along_axis
movedim, swapdims, permute_dims, tensor_split = moveaxis, swapaxes, permute, array_split
radians, degrees = deg2rad, rad2deg

#: Types, under NumPy's names and PyTorch's.
float16, float32, float64 = np.dtype("float16"), np.dtype("float32"), np.dtype("float64")
int8, int16, int32, int64, uint8 = (np.dtype(name) for name in ("int8", "int16", "int32", "int64", "uint8"))
half, float, double, short, int, long, bool = float16, float32, float64, int16, int32, int64, np.dtype("bool")
e, inf, nan, pi = math.e, math.inf, math.nan, math.pi

__version__ = "0.1.0"

#: The parts of the package that are loaded when they are first used.
_LATER = ("graph", "kernels", "models", "parallel", "tasks", "train", "transforms")
#: PyTorch's names that are found in ``compat`` when they are first used.
_PYTORCHS = (*[name for name in names.MODULES if "." not in name], *names.NAMES[""])
#: Names of Python's builtins, which ``import *`` must not hide, the device, and those that many scripts use.
_BY_NAME_ONLY = (
    "abs", "all", "any", "bool", "compile", "device", "float", "int", "load", "max", "min", "pow", "round", "save",
    "sum",
)  # fmt: skip


def _is_for_users(name: str) -> bool:
    """Whether ``import *`` brings it: what is imported above; of modules, those that one writes with."""
    value = globals()[name]
    meant = value in (nn, ops, optim) if isinstance(value, ModuleType) else value is not ModuleType
    return meant and not name.startswith("_") and name not in _BY_NAME_ONLY


__all__ = sorted(filter(_is_for_users, globals()))


def __getattr__(name: str) -> object:
    if name in _LATER:
        return importlib.import_module(f"{__name__}.{name}")
    if name == "compile":
        return importlib.import_module(f"{__name__}.program").compile
    return names.find("", name)


def __dir__() -> list[str]:
    """What users use."""
    return sorted({*__all__, *_LATER, *_PYTORCHS, *_BY_NAME_ONLY, "__version__"})
