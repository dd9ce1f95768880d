"""PyTorch's names of types: classes such as ``LongTensor``, the types that NumPy has not, and the default type."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.tensor import Tensor
from ..errors import error
from ..ops.conversion import as_dtype, check_device

__all__ = [
    "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "HalfTensor", "IntTensor", "LongTensor",
    "ShortTensor", "Size", "bfloat16", "complex64", "complex128", "dtype", "finfo", "float8_e4m3fn", "float8_e5m2",
    "get_default_dtype", "iinfo", "numel", "set_default_dtype", "set_default_tensor_type",
]  # fmt: skip


class _OfType(type):
    """The class of ``LongTensor`` and its kin: each makes Tensors of one type, and they count as its instances."""

    dtype: np.dtype[Any]

    def __instancecheck__(cls, thing: Any) -> bool:
        return isinstance(thing, Tensor) and thing.dtype == cls.dtype

    def __call__(cls, *data: Any, device: Any = None) -> Tensor:
        check_device(cls.__name__, device)
        sizes = data[0] if len(data) == 1 and isinstance(data[0], Size) else data
        if all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in sizes):
            return Tensor.wrap(np.zeros(sizes or (0,), cls.dtype))
        if len(data) == 1 and isinstance(data[0], Tensor):
            return cls._itself(data[0])
        if len(data) != 1 or isinstance(data[0], (str, float, bool)):
            raise error(
                TypeError,
                cls.__name__,
                got=", ".join(map(repr, data))[:80],
                rule="it takes sizes, all integers, or the entries as one list, array or Tensor",
                cure="write tinygrad_tf.tensor(data, dtype=…)",
            )
        entries = list(data[0]) if isinstance(data[0], range) else data[0]
        return Tensor(np.asarray(Tensor(entries, dtype=np.asarray(_plain(entries)).dtype).array, cls.dtype))

    def _itself(cls, t: Tensor) -> Tensor:
        if t.dtype != cls.dtype:
            raise error(
                TypeError,
                cls.__name__,
                got={"data": t},
                rule=f"a Tensor is taken as it is, and this one is not of {cls.dtype}",
                cure=f'write t.type("{cls.__name__}")',
            )
        return t.detach()


def _plain(entries: Any) -> Any:
    """Lists of Tensors as lists of numbers."""
    if isinstance(entries, (list, tuple)):
        return [_plain(x) for x in entries]
    return entries.array if isinstance(entries, Tensor) else entries


def _of(name: str, dtype: str) -> Any:
    doc = f"""Tensors of {dtype}: zeros of some sizes, ``{name}(2, 3)``, or given entries, ``{name}([1, 2])``.

    PyTorch leaves the entries of sizes as they were in memory. ``isinstance(t, {name})`` asks for the type of t.

    >>> {name}([1, 0]).dtype, isinstance({name}(2, 3), {name})
    (dtype('{dtype}'), True)
    """
    return _OfType(name, (), {"dtype": np.dtype(dtype), "__doc__": doc, "__module__": __name__})


BoolTensor, ByteTensor = _of("BoolTensor", "bool"), _of("ByteTensor", "uint8")
CharTensor, ShortTensor = _of("CharTensor", "int8"), _of("ShortTensor", "int16")
IntTensor, LongTensor = _of("IntTensor", "int32"), _of("LongTensor", "int64")
HalfTensor, FloatTensor = _of("HalfTensor", "float16"), _of("FloatTensor", "float32")
DoubleTensor = _of("DoubleTensor", "float64")
_KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (BoolTensor, ByteTensor, CharTensor, ShortTensor, IntTensor, LongTensor, HalfTensor, FloatTensor,
                 DoubleTensor)
}  # fmt: skip


def converted(self: Tensor, dtype: Any) -> Any:
    """What ``t.type(dtype)`` is."""
    if dtype is None:
        found = [name for name, kind in _KINDS.items() if kind.dtype == self.dtype]
        return f"torch.{found[0]}" if found else str(self.dtype)
    if isinstance(dtype, str):
        if ".cuda." in dtype:
            check_device("type", "cuda")
        dtype = _KINDS.get(dtype.rpartition(".")[2], dtype)
    wanted = as_dtype("type", getattr(dtype, "dtype", dtype) if isinstance(dtype, _OfType) else dtype)
    return self if wanted == self.dtype else self.astype(wanted)


class absent:
    """A type that PyTorch has and NumPy has not: a name to compare and to look up, which no array can have.

    >>> {"float32": float32, "bfloat16": bfloat16}["bfloat16"] == float32
    False
    """

    def __init__(self, name: str, cure: str) -> None:
        self.name, self.cure = name, cure

    def __repr__(self) -> str:
        return self.name


_FLOAT = "write float32, which is as exact or more so; float16 takes as little memory"
bfloat16 = absent("bfloat16", _FLOAT)
float8_e4m3fn, float8_e5m2 = absent("float8_e4m3fn", _FLOAT), absent("float8_e5m2", _FLOAT)
complex64 = absent("complex64", "keep the real and the imaginary parts in a last axis of size 2, or as cos and sin")
complex128 = absent("complex128", complex64.cure)


dtype = np.dtype


class Size(tuple[int, ...]):
    """A shape that counts its entries. The shapes of Tensors are plain tuples, which equal it.

    >>> Size([2, 3]).numel(), Size([2, 3]) == ones(2, 3).shape
    (6, True)
    """

    def numel(self) -> int:
        """How many entries a Tensor of this shape has."""
        return math.prod(self)


def numel(input: Tensor) -> int:
    """The number of entries.

    >>> numel(ones(2, 3))
    6
    """
    return int(input.array.size)


def get_default_dtype() -> np.dtype[Any]:
    """The type of Python's floats: float32.

    >>> get_default_dtype()
    dtype('float32')
    """
    return np.dtype(np.float32)


def set_default_dtype(d: Any) -> None:
    """Accept float32, which is the default. Another type raises NotImplementedError, one that is no float TypeError."""
    dtype = as_dtype("set_default_dtype", d)
    if dtype.kind != "f":
        raise error(
            TypeError,
            "set_default_dtype",
            got={"d": str(dtype)},
            rule="the default is the type of floats",
            cure="leave it out",
        )
    if dtype != np.float32:
        raise error(
            NotImplementedError,
            "set_default_dtype",
            got={"d": str(dtype)},
            rule="Python's floats become float32; who wants another type says so where a Tensor is made",
            cure=f"write dtype='{dtype}' in tensor(), zeros(), randn() …, and model.to('{dtype}')",
        )


def set_default_tensor_type(t: Any) -> None:
    """:func:`set_default_dtype` by a class or its name, ``"torch.FloatTensor"``."""
    kind = _KINDS.get(t.rpartition(".")[2]) if isinstance(t, str) else t
    set_default_dtype(getattr(kind, "dtype", t))


class finfo:
    """The limits of a float type, as Python's numbers. Raises TypeError for a type that is no float.

    >>> finfo(float32).min < -3.4e38
    True
    """

    def __init__(self, type: Any = np.float32) -> None:
        self.dtype = as_dtype("finfo", type)
        if self.dtype.kind != "f":
            raise _other_limits("finfo", "the type is one of floats", "iinfo", self.dtype)
        found: Any = np.finfo(self.dtype)
        self.bits = int(found.bits)
        self.min, self.max, self.eps = float(found.min), float(found.max), float(found.eps)
        self.tiny = self.smallest_normal = float(found.smallest_normal)
        self.resolution = float(f"1e-{found.precision}")

    def __repr__(self) -> str:
        return f"finfo(min={self.min:g}, max={self.max:g}, eps={self.eps:g}, tiny={self.tiny:g}, dtype={self.dtype})"


class iinfo:
    """The limits of an integer type. Raises TypeError for a type that is none.

    >>> iinfo(int64).max == 2**63 - 1
    True
    """

    def __init__(self, type: Any) -> None:
        self.dtype = as_dtype("iinfo", type)
        if self.dtype.kind not in "iu":
            raise _other_limits("iinfo", "the type is one of integers", "finfo", self.dtype)
        found: Any = np.iinfo(self.dtype)
        self.bits, self.min, self.max = int(found.bits), int(found.min), int(found.max)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"


def _other_limits(name: str, rule: str, other: str, dtype: Any) -> TypeError:
    return error(TypeError, name, got={"type": str(dtype)}, rule=rule, cure=f"write {other}({dtype})")
