"""What the pickles in PyTorch's files may name: how plain data is put together there, and the names of types.

Each function checks what it is given, since the file may have been altered; none can do anything but make its value.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..autograd import Tensor
from ..nn import Parameter
from .devices import device
from .plain import checked_key

_STORAGES = {
    "Float": "float32", "Double": "float64", "Half": "float16", "BFloat16": "bfloat16", "Long": "int64", "Int": "int32",
    "Short": "int16", "Char": "int8", "Byte": "uint8", "Bool": "bool", "ComplexFloat": "complex64",
    "ComplexDouble": "complex128", "QInt8": "qint8", "QUInt8": "quint8", "QInt32": "qint32",
}  # fmt: skip
NUMPYS = {
    "float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool",
    "complex64", "complex128",
}  # fmt: skip
_OTHERS = {"bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu"}


class Kind(NamedTuple):
    """The class of a storage: the type of its numbers; None where each Tensor says it."""

    dtype: str | None


_NDARRAY = Kind("ndarray")


def _items(values: Any) -> Any:
    """A list or a tuple. Anything else may be endless: an expanded Tensor has as many entries as it says."""
    if type(values) not in (list, tuple):
        raise ValueError("its pickle takes entries of what is no list")
    return values


def _encoded(text: Any, code: Any) -> bytes:
    if type(text) is not str or code not in ("latin1", "latin-1"):
        raise ValueError("its pickle encodes what is no text")
    return text.encode("latin-1")


def _ordered(pairs: Any = ()) -> OrderedDict[Any, Any]:
    made: OrderedDict[Any, Any] = OrderedDict()
    for key, value in _items(pairs):
        made[checked_key(key)] = value
    return made


def _bytes(content: Any = b"", code: Any = None) -> bytes:
    if type(content) not in (bytes, bytearray, str):
        raise ValueError("its pickle makes bytes of what is none")
    return _encoded(content, code) if type(content) is str else bytes(content)


def _counter(counts: Any = ()) -> Counter[Any]:
    if type(counts) is not dict and counts != ():
        raise ValueError("its pickle counts what is no dict")
    return Counter(counts)


def _size(entries: Any = ()) -> tuple[int, ...]:
    if not all(type(n) is int for n in _items(entries)):
        raise ValueError("a size is of whole numbers")
    return tuple(entries)


def _complex(real: Any, imag: Any) -> complex:
    if type(real) is not float or type(imag) is not float:
        raise ValueError("its pickle makes a complex number of what is none")
    return complex(real, imag)


def _device(kind: Any, index: Any = None) -> str:
    """The CPU as a device, any other as its name: here it is where the Tensors were, nothing more."""
    if type(kind) is not str or type(index) not in (int, type(None)):
        raise ValueError("a device is not named by a text")
    return device(kind) if kind == "cpu" else kind if index is None else f"{kind}:{index}"


def _dtype(name: Any, *_: Any) -> np.dtype[Any]:
    made = np.dtype(name) if type(name) is str and len(name) < 8 else None
    if made is None or made.kind not in "biufc":
        raise ValueError("it holds an array that is not of numbers")
    return made


def _scalar(dtype: Any, content: Any) -> Any:
    if not isinstance(dtype, np.dtype) or dtype.kind not in "biufc" or type(content) is not bytes:
        raise ValueError("it holds a number of NumPy's that is none")
    if len(content) != dtype.itemsize:
        raise ValueError("it holds a number of NumPy's of another size")
    return np.frombuffer(content, dtype)[0]


def _array(kind: Any, shape: Any, code: Any) -> np.ndarray[Any, Any]:
    if kind is not _NDARRAY:
        raise ValueError("its pickle makes an array of another class")
    return np.empty(0, np.int8)  # its state comes next


#: Functions of Python and NumPy that put plain data together.
PLAIN: dict[str, Callable[..., Any]] = {
    "collections.OrderedDict": _ordered,
    "collections.Counter": _counter,
    "_codecs.encode": _encoded,
    "builtins.bytes": _bytes,
    "builtins.bytearray": lambda *args: bytearray(_bytes(*args)),
    "builtins.set": lambda entries=(): {checked_key(entry) for entry in _items(entries)},
    "builtins.complex": _complex,
    "torch.Size": _size,
    "torch.device": _device,
    "numpy.dtype": _dtype,
    **{
        f"numpy.{core}.multiarray.{name}": function
        for core in ("core", "_core")
        for name, function in (("scalar", _scalar), ("_reconstruct", _array))
    },
}
#: What is named without being called.
DATA: dict[str, Any] = {
    **{f"torch.{name}Storage": Kind(dtype) for name, dtype in _STORAGES.items()},
    "torch.storage.UntypedStorage": Kind(None),
    **{f"torch.{name}": np.dtype(name) for name in NUMPYS},
    **{f"torch.{name}": name for name in _OTHERS},
    "torch.Tensor": Tensor,
    "torch._tensor.Tensor": Tensor,
    "torch.nn.parameter.Parameter": Parameter,
    "numpy.ndarray": _NDARRAY,
}
