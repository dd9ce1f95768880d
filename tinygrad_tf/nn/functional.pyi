"""The functions behind the layers, and the losses; see functional.py."""

# Made by tests/stubs.py from the functions themselves; a test holds them equal.

import builtins
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias, TypeVar, overload

import numpy as np


from .. import binary_cross_entropy as binary_cross_entropy
from .. import binary_cross_entropy_with_logits as binary_cross_entropy_with_logits
from .. import cross_entropy as cross_entropy
from .. import dropout as dropout
from .. import elu as elu
from .. import embedding as embedding
from .. import gelu as gelu
from .. import hardsigmoid as hardsigmoid
from .. import hardswish as hardswish
from .. import hardtanh as hardtanh
from .. import huber_loss as huber_loss
from .. import kl_div as kl_div
from .. import l1_loss as l1_loss
from .. import layer_norm as layer_norm
from .. import leaky_relu as leaky_relu
from .. import linear as linear
from .. import log_softmax as log_softmax
from .. import logsigmoid as logsigmoid
from .. import mish as mish
from .. import mse_loss as mse_loss
from .. import nll_loss as nll_loss
from .. import one_hot as one_hot
from .. import pad as pad
from .. import relu as relu
from .. import relu6 as relu6
from .. import rms_norm as rms_norm
from .. import scaled_dot_product_attention as scaled_dot_product_attention
from .. import selu as selu
from .. import sigmoid as sigmoid
from .. import silu as silu
from .. import smooth_l1_loss as smooth_l1_loss
from .. import softmax as softmax
from .. import softplus as softplus
from .. import tanh as tanh
from ..autograd.tensor import Tensor


Like: TypeAlias = Tensor | np.ndarray[Any, Any] | np.generic | builtins.float | Sequence[Any]
Axes: TypeAlias = builtins.int | Sequence[builtins.int] | None
Plain: TypeAlias = np.ndarray[Any, Any] | np.generic | builtins.float | Sequence[builtins.float]
Either = TypeVar("Either", Tensor, np.ndarray[Any, Any], builtins.float)

@overload
def celu(X: Either, alpha: builtins.float = 1.0) -> Either: ...
@overload
def celu(*, input: Tensor, alpha: builtins.float = 1.0) -> Tensor: ...
@overload
def cosine_similarity(
    x1: Tensor,
    x2: Like,
    axis: builtins.int = 1,
    eps: builtins.float = 1e-08,
    *,
    dim: builtins.int = 1,
) -> Tensor: ...
@overload
def cosine_similarity(
    x1: Like,
    x2: Tensor,
    axis: builtins.int = 1,
    eps: builtins.float = 1e-08,
    *,
    dim: builtins.int = 1,
) -> Tensor: ...
@overload
def cosine_similarity(
    x1: Plain,
    x2: Plain,
    axis: builtins.int = 1,
    eps: builtins.float = 1e-08,
    *,
    dim: builtins.int = 1,
) -> np.ndarray[Any, Any]: ...
@overload
def cosine_similarity(
    *,
    input: Tensor,
    x2: Like,
    axis: builtins.int = 1,
    eps: builtins.float = 1e-08,
    dim: builtins.int = 1,
) -> Tensor: ...
@overload
def glu(X: Either, axis: builtins.int = -1, *, dim: builtins.int = -1) -> Either: ...
@overload
def glu(*, input: Tensor, axis: builtins.int = -1, dim: builtins.int = -1) -> Tensor: ...
@overload
def normalize(
    X: Either,
    p: builtins.float = 2.0,
    axis: Axes = 1,
    eps: builtins.float = 1e-12,
    *,
    dim: Axes = 1,
) -> Either: ...
@overload
def normalize(
    *,
    input: Tensor,
    p: builtins.float = 2.0,
    axis: Axes = 1,
    eps: builtins.float = 1e-12,
    dim: Axes = 1,
) -> Tensor: ...
@overload
def pairwise_distance(
    x1: Tensor,
    x2: Like,
    p: builtins.float = 2.0,
    eps: builtins.float = 1e-06,
    keepdims: builtins.bool = False,
    *,
    keepdim: builtins.bool = False,
) -> Tensor: ...
@overload
def pairwise_distance(
    x1: Like,
    x2: Tensor,
    p: builtins.float = 2.0,
    eps: builtins.float = 1e-06,
    keepdims: builtins.bool = False,
    *,
    keepdim: builtins.bool = False,
) -> Tensor: ...
@overload
def pairwise_distance(
    x1: Plain,
    x2: Plain,
    p: builtins.float = 2.0,
    eps: builtins.float = 1e-06,
    keepdims: builtins.bool = False,
    *,
    keepdim: builtins.bool = False,
) -> np.ndarray[Any, Any]: ...
@overload
def pairwise_distance(
    *,
    input: Tensor,
    x2: Like,
    p: builtins.float = 2.0,
    eps: builtins.float = 1e-06,
    keepdims: builtins.bool = False,
    keepdim: builtins.bool = False,
) -> Tensor: ...
@overload
def prelu(X: Tensor, weight: Like) -> Tensor: ...
@overload
def prelu(X: Like, weight: Tensor) -> Tensor: ...
@overload
def prelu(X: Plain, weight: Plain) -> np.ndarray[Any, Any]: ...
@overload
def prelu(*, input: Tensor, weight: Like) -> Tensor: ...
@overload
def softmin(X: Either, axis: builtins.int = -1, dtype: Any = None, *, dim: builtins.int = -1) -> Either: ...
@overload
def softmin(*, input: Tensor, axis: builtins.int = -1, dtype: Any = None, dim: builtins.int = -1) -> Tensor: ...
@overload
def softsign(X: Either) -> Either: ...
@overload
def softsign(*, input: Tensor) -> Tensor: ...
@overload
def tanhshrink(X: Either) -> Either: ...
@overload
def tanhshrink(*, input: Tensor) -> Tensor: ...
