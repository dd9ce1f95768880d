"""The basic layers. Constructors, defaults, names and initial values are PyTorch's."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd.changes import wrote
from ..autograd.tensor import Tensor
from ..errors import error
from ..fields import check_number, wrong_sizes
from ..ops import fused
from ..ops.conversion import as_dtype, check_device
from . import init
from .module import Module
from .outline import outlined
from .parts import Parameter


def empty(*shape: int, device: Any = None, dtype: Any = None) -> Parameter:
    """A parameter of zeros for an initialiser to fill, float32 by default; in an outline it takes no memory."""
    check_device("Parameter", device)
    wrong = wrong_sizes("a layer", shape)
    if wrong is not None:
        raise wrong
    dtype = np.dtype(np.float32) if dtype is None else as_dtype("Parameter", dtype)
    made = Parameter(np.zeros(() if outlined() else shape, dtype))
    if outlined():
        made.array = np.broadcast_to(made.array, shape)
    return made


def probability(name: str, setting: str, p: float) -> float:
    """``p``, if it is a probability. Raises ValueError otherwise."""
    check_number(name, setting, p)
    if not 0 <= p <= 1:
        raise error(
            ValueError,
            name,
            got={setting: p},
            rule="the probability to drop an entry lies in 0 … 1",
            cure="write for example 0.1",
        )
    return p


class Linear(Module):
    """Y = X · Wᵀ + b. Shapes: X (..., in_features), Y (..., out_features), weight (out_features, in_features).

    Weight and bias start uniform within ±1/√in_features.

    >>> Linear(2, 3)(Tensor([[1.0, 2.0]])).shape
    (1, 3)
    """

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        self.in_features, self.out_features = in_features, out_features
        self.weight = empty(out_features, in_features, device=device, dtype=dtype)
        self.bias = empty(out_features, dtype=dtype) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        bound = 1 / math.sqrt(self.in_features) if self.in_features else 0.0
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        return fused.linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Embedding(Module):
    """A vector for each id: row ``id`` of the weight (num_embeddings, embedding_dim), which starts as N(0, 1).

    The row ``padding_idx`` starts at zero and gets no gradient. With ``max_norm`` a row that is looked up is first
    scaled down, in the weight itself, to this ``norm_type``-norm. ``scale_grad_by_freq`` divides the gradient of a row
    by how often its id stands among the ids. ``sparse`` is accepted; the gradient is dense and has the same values.
    Shapes: ids (...), result (..., embedding_dim). Raises IndexError for an id beyond the rows, TypeError for floats,
    ValueError for a ``padding_idx`` beyond the rows.

    >>> Embedding(10, 4)([[1, 2, 3]]).shape
    (1, 3, 4)
    """

    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None, max_norm: float | None = None,
        norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False, _weight: Any = None,
        _freeze: bool = False, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise error(
                ValueError,
                "Embedding",
                got={"padding_idx": padding_idx, "num_embeddings": num_embeddings},
                rule="padding_idx is one of the rows",
                cure=f"write a number from 0 to {num_embeddings - 1}, or num_embeddings={padding_idx + 1} or more",
            )
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        self.max_norm, self.norm_type = max_norm, norm_type
        self.scale_grad_by_freq, self.sparse = scale_grad_by_freq, sparse
        if _weight is None:
            self.weight = empty(num_embeddings, embedding_dim, device=device, dtype=dtype)
            self.reset_parameters()
        else:
            self.weight = Parameter(_weight)
        self.weight.requires_grad_(not _freeze)

    @classmethod
    def from_pretrained(
        cls, embeddings: Any, freeze: bool = True, padding_idx: int | None = None, max_norm: float | None = None,
        norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False,
    ) -> Embedding:  # fmt: skip
        """A layer with these rows (num_embeddings, embedding_dim), copied; they learn only with ``freeze=False``.

        >>> Embedding.from_pretrained(Tensor([[1.0, 2.0], [3.0, 4.0]]))([1]).tolist()
        [[3.0, 4.0]]
        """
        if getattr(embeddings, "ndim", None) != 2:
            raise error(
                ValueError,
                "Embedding.from_pretrained",
                got={"embeddings": embeddings},
                rule="the rows are a Tensor or an array of two axes",
                cure="give shape (num_embeddings, embedding_dim)",
            )
        n, d = embeddings.shape
        return cls(n, d, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse, embeddings, freeze)

    def reset_parameters(self) -> None:
        init.normal_(self.weight)
        if self.padding_idx is not None:
            init.zeros_(self.weight.array[self.padding_idx])

    def forward(self, ids: Any) -> Tensor:
        if self.max_norm is not None:
            self._scale_down(ids)
        Y = fused.embedding(ids, self.weight, self.padding_idx)
        if self.scale_grad_by_freq and Y.requires_grad:
            counts = np.bincount(_ids(ids).ravel(), minlength=self.num_embeddings)[_ids(ids)]
            share = Tensor.wrap((1 / counts[..., None]).astype(Y.dtype))
            Y.register_hook(lambda dY: dY * share)
        return Y

    def _scale_down(self, ids: Any) -> None:
        """Bring the rows that are about to be looked up to ``max_norm``, those that are longer."""
        rows = np.unique(_ids(ids))
        if rows.dtype.kind not in "iu" or not rows.size or rows[0] < 0 or rows[-1] >= self.num_embeddings:
            return  # the lookup says what is wrong
        W = self.weight.array[rows]
        norms = np.linalg.norm(W, self.norm_type, axis=-1, keepdims=True)
        longer = norms[:, 0] > self.max_norm
        if longer.any():
            self.weight.array[rows[longer]] = W[longer] * (self.max_norm / (norms[longer] + 1e-7))  # PyTorch's 1e-7
            wrote(self.weight)

    def extra_repr(self) -> str:
        said = {
            "padding_idx": self.padding_idx, "max_norm": self.max_norm,
            "norm_type": None if self.norm_type == 2 else self.norm_type,
            "scale_grad_by_freq": self.scale_grad_by_freq or None, "sparse": self.sparse or None,
        }  # fmt: skip
        more = "".join(f", {name}={value}" for name, value in said.items() if value is not None)
        return f"{self.num_embeddings}, {self.embedding_dim}{more}"


def _ids(ids: Any) -> Any:
    return np.asarray(ids.array if isinstance(ids, Tensor) else ids)


class LayerNorm(Module):
    """Y = (X − mean) / √(var + eps) ⊙ weight + bias, each row on its own (Ba, Kiros, Hinton 2016).

    A row extends over the last axes of X, whose shape is ``normalized_shape``. Weight and bias have that shape.

    >>> LayerNorm(2)(Tensor([[1.0, 3.0]])).array.round(3).tolist()
    [[-1.0, 1.0]]
    """

    def __init__(
        self, normalized_shape: int | Iterable[int], eps: float = 1e-5, elementwise_affine: bool = True,
        bias: bool = True, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        shape = tuple(normalized_shape) if isinstance(normalized_shape, Iterable) else (normalized_shape,)
        self.normalized_shape, self.eps = shape, eps
        self.weight = empty(*shape, device=device, dtype=dtype) if elementwise_affine else None
        self.bias = empty(*shape, dtype=dtype) if elementwise_affine and bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        return fused.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        affine = f"elementwise_affine={self.weight is not None}, bias={self.bias is not None}"
        return f"{self.normalized_shape}, eps={self.eps}, {affine}"


class RMSNorm(Module):
    """Y = X / √(mean X² + eps) ⊙ weight, each row on its own (Zhang, Sennrich 2019).

    A row extends over the last axes of X, whose shape is ``normalized_shape``. By default ``eps`` is that of the float
    type, as in PyTorch.

    >>> [round(y, 3) for y in RMSNorm(2)(Tensor([3.0, 4.0])).tolist()]
    [0.849, 1.131]
    """

    def __init__(
        self, normalized_shape: int | Iterable[int], eps: float | None = None, elementwise_affine: bool = True,
        device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        shape = tuple(normalized_shape) if isinstance(normalized_shape, Iterable) else (normalized_shape,)
        self.normalized_shape, self.eps = shape, eps
        self.weight = empty(*shape, device=device, dtype=dtype) if elementwise_affine else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        return fused.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.weight is not None}"


class Dropout(Module):
    """In training each entry becomes 0 with probability p; the others are divided by 1 − p (Srivastava et al. 2014).

    In evaluation nothing happens. ``inplace`` is accepted and changes nothing: a Tensor is never written to.

    >>> Dropout(0.5).eval()(Tensor([1.0, 2.0])).tolist()
    [1.0, 2.0]
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        self.p, self.inplace = probability("Dropout", "p", p), inplace

    def forward(self, x: Tensor) -> Tensor:
        return fused.dropout(x, self.p, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Identity(Module):
    """Y = X. The constructor takes any arguments."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def forward(self, x: Tensor) -> Tensor:
        return x
