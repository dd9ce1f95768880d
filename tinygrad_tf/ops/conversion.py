"""Conversions: the same numbers in another type, or in an array of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.operation import op
from ..autograd.tensor import Tensor
from ..errors import error
from .composed import function


@op
def astype(X, *, dtype):
    """X in another dtype. The gradient comes back in the dtype of X; only floats pass it on.

    Raises TypeError for a dtype that is neither boolean, integer nor float.

    >>> astype(Tensor([1.5]), dtype="float64").dtype
    dtype('float64')
    """
    if as_dtype("astype", dtype).kind not in "biuf":
        raise error(
            TypeError,
            "astype",
            got={"X": X, "dtype": np.dtype(dtype)},
            rule="entries are booleans, integers or floats",
            cure="write x.astype('float32') or x.astype('int64')",
        )
    return X.astype(dtype)


@astype.rule
def d_astype(dY, Y, X, *, dtype):
    dX = dY
    return dX


def whole(X):
    """X with booleans and small integers as int64, in which they are summed and multiplied."""
    return X.astype(np.int64) if X.dtype.kind in "biu" and X.dtype.itemsize < 8 else X


def as_float(X):
    """X with integers and booleans as float32: −X and X − 1 of unsigned integers would wrap around."""
    dtype = np.asarray(X).dtype if not isinstance(X, Tensor) else X.dtype
    return X if dtype.kind == "f" else X.astype(np.float32) if isinstance(X, Tensor) else np.asarray(X, np.float32)


@function
def copy(X):
    """X in an array of its own; PyTorch's ``clone``. The gradient passes through.

    >>> copy(Tensor([1.0])).tolist()
    [1.0]
    """
    return astype(X, dtype=X.dtype)


def check_device(name: str, device) -> None:
    """Raise unless ``device`` is PyTorch's name for where NumPy computes."""
    if device is not None and str(device).partition(":")[0] != "cpu":
        raise error(
            ValueError,
            name,
            got={"device": repr(device)},
            rule="NumPy computes on the CPU",
            cure='leave the device out, or write device="cpu"',
        )


def as_dtype(name: str, dtype) -> np.dtype[Any]:
    """``dtype`` as NumPy has it. Raises TypeError for a type that no array can have, and says what to take instead."""
    try:
        return np.dtype(dtype)
    except TypeError:
        raise error(
            TypeError,
            name,
            got={"dtype": dtype},
            rule="the types of arrays are NumPy's: bool, int8 … int64, uint8 …, float16, float32, float64",
            cure=getattr(dtype, "cure", "write dtype='float32' or dtype='int64'"),
        ) from None


def type_asked_for(name: str, args: tuple[Any, ...], dtype, device):
    """The dtype among the arguments of PyTorch's ``to``, or None. A device must be the CPU."""
    for a in args:
        if isinstance(a, (Tensor, np.ndarray)):
            dtype = a.dtype
        elif str(a).partition(":")[0] in ("cpu", "cuda", "mps", "xpu", "meta"):
            device = a
        elif a is not None:
            dtype = a
    check_device(name, device)
    return dtype


@function
def to(X, *args, dtype=None, device="cpu", **hints: bool):
    """X in another type, as PyTorch writes it: ``x.to(float64)`` or ``x.to(other)``. The only device is the CPU.

    >>> to(tensor([1]), "float64").dtype
    dtype('float64')
    """
    dtype = type_asked_for("to", args, dtype, device)
    return X if dtype is None or as_dtype("to", dtype) == X.dtype else astype(X, dtype=dtype)


@function
def is_floating_point(X) -> bool:
    """Whether the entries are floats.

    >>> is_floating_point(tensor([1, 2]))
    False
    """
    return bool(X.dtype.kind == "f")
