"""Methods and properties of Tensor that exist only because PyTorch has them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.tensor import Tensor
from ..ops.conversion import check_device
from .devices import CPU, device


def where_it_is(self: Tensor) -> device:
    """Where the Tensor is: always ``device("cpu")``, which equals ``"cpu"``."""
    return CPU


def is_cuda(self: Tensor) -> bool:
    """Whether the Tensor is on a GPU: it never is."""
    return False


def cuda(self: Tensor, device: Any = None, non_blocking: bool = False) -> Tensor:
    """Raises ValueError: NumPy computes on the CPU."""
    check_device("cuda", "cuda")
    return self


def get_device(self: Tensor) -> int:
    """The number of the GPU that the Tensor is on: −1, for it is on none."""
    return -1


def in_type(self: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The Tensor in another type: a dtype, ``LongTensor`` or ``"torch.LongTensor"``; without one, its type's name.

    >>> tensor([1, 2]).type()
    'torch.LongTensor'
    >>> tensor([1, 2]).type("torch.FloatTensor").dtype
    dtype('float32')
    """
    from .types import converted  # loaded when it is used

    return converted(self, dtype)


def is_sparse(self: Tensor) -> bool:
    """Whether only some entries are stored: all are."""
    return False


def is_cpu(self: Tensor) -> bool:
    """Whether the Tensor is on the CPU: it always is."""
    return True


def is_contiguous(self: Tensor, memory_format: Any = None) -> bool:
    """Whether ``view`` takes the Tensor: it takes any layout."""
    return True


def pin_memory(self: Tensor) -> Tensor:
    """The Tensor itself: there is no GPU to copy to."""
    return self


def element_size(self: Tensor) -> int:
    """The bytes of one entry."""
    return int(self.array.itemsize)


def axes(self: Tensor) -> int:
    """The number of axes."""
    return self.array.ndim


def nbytes(self: Tensor) -> int:
    """The bytes of all entries."""
    return int(self.array.nbytes)


class Absent:
    """A method of PyTorch's Tensors that ours lack, in the class in place of the method.

    A ``__getattr__`` would say the same, and make every other attribute six times slower to read in Python 3.11.
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, t: Any, kind: Any = None) -> Any:
        from .missing import method  # the texts are loaded when they are needed

        raise method(self.name)


def names_of(self: Tensor) -> list[str]:
    """What ``dir(t)`` lists: what is there."""
    return [name for name in object.__dir__(self) if not isinstance(vars(Tensor).get(name), Absent)]


def equal(input: Any, other: Any) -> bool:
    """Whether both have the same shape and the same entries: one answer. ``==``, ``eq`` and ``np.equal`` compare each.

    >>> equal(tensor([1, 2]), tensor([1, 2])), equal(tensor([1, 2]), tensor([1]))
    (True, False)
    """
    a, b = (np.asarray(x.array if isinstance(x, Tensor) else x) for x in (input, other))
    return a.shape == b.shape and bool((a == b).all())


METHODS: dict[str, Any] = {
    "equal": equal,
    "type": in_type, "cuda": cuda, "get_device": get_device, "is_contiguous": is_contiguous, "pin_memory": pin_memory,
    "element_size": element_size, "ndimension": axes, "__dir__": names_of,
}  # fmt: skip
PROPERTIES = {
    "device": property(where_it_is), "is_cuda": property(is_cuda), "is_cpu": property(is_cpu),
    "is_sparse": property(is_sparse), "nbytes": property(nbytes), "itemsize": property(element_size),
}  # fmt: skip

#: The methods that ours lack. What they are and what to write stands in :mod:`.missing_methods`.
MISSING = (
    "H", "absolute", "addbmm", "addmv", "addr", "adjoint", "aminmax", "angle", "apply_", "arccos", "arccosh",
    "arcsin", "arcsinh", "arctan", "arctanh", "argwhere", "as_strided", "bfloat16", "bitwise_and", "bitwise_and_",
    "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_or_", "bitwise_right_shift", "bitwise_xor",
    "bitwise_xor_", "byte", "cdouble", "cfloat", "chalf", "char", "cholesky", "clamp_max", "clamp_min", "coalesce",
    "conj", "corrcoef", "cov", "data_ptr", "det", "diag_embed", "diagflat", "diagonal_scatter", "digamma", "dist",
    "divide", "erfc", "erfinv", "fix", "float_power", "frac", "frexp", "gcd", "ger", "grad_fn", "greater",
    "greater_equal", "hardshrink", "heaviside", "histc", "i0", "igamma", "igammac", "imag", "index",
    "index_put", "index_reduce", "inverse", "is_complex", "is_conj", "is_nonzero", "is_same_size", "is_signed",
    "istft", "kthvalue", "layout", "lcm", "ldexp", "less", "less_equal", "lgamma", "logdet", "logit", "lu", "mH",
    "map_", "masked_scatter", "matrix_exp", "matrix_power", "median", "mode", "msort", "multiply", "mv", "mvlgamma",
    "nanmean", "nanmedian", "nanquantile", "nansum", "negative", "new", "nextafter", "not_equal", "pinverse",
    "polygamma", "positive", "prelu", "put", "qr", "quantile", "real", "register_post_accumulate_grad_hook", "renorm",
    "reshape_as", "resize_", "resolve_conj", "select", "select_scatter", "set_", "sgn", "share_memory_", "short",
    "signbit", "slice_scatter", "slogdet", "split_with_sizes", "stft", "storage", "storage_offset", "stride",
    "subtract", "sum_to_size", "svd", "swapdims", "to_dense", "to_sparse", "trapz", "true_divide",
    "unique_consecutive", "unsafe_chunk", "unsafe_split", "untyped_storage", "vdot", "xlogy", "xpu",
)  # fmt: skip
