"""How inputs of different types meet: the common type of all, and float16 computed in float32."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .tensor import to_array

_KINDS = {"b": 0, "i": 1, "u": 1, "f": 2}


def promote(arrays: list[Any], types: str) -> list[np.ndarray[Any, Any]]:
    """The inputs in their common type, by PyTorch's rule.

    The kind (boolean < integer < float) is the highest of all inputs. Within the kind, arrays with axes decide, then
    those without, then Python's and NumPy's numbers: ``float32 array * 2.0`` and ``* np.float64(2)`` stay float32, an
    integer array with a float32 one gives float32, with a Python float it gives float32.
    """
    like: Any = getattr(arrays[0], "dtype", None)
    alike = [a for a in arrays if type(a) is np.ndarray and a.dtype is like]
    if len(alike) == len(arrays) and (types == "same" or like.kind == "f"):
        return arrays  # the common case
    ranks: list[np.dtype[Any] | None] = [None, None, None]  # with axes, without, plain numbers
    for i, a in enumerate(arrays):
        plain = not isinstance(a, np.ndarray) and not isinstance(a, (list, tuple))
        number = isinstance(a, np.generic) or plain
        a = arrays[i] = to_array(a, np.float64 if type(a) is float else None)  # not yet rounded to float32
        dtype = np.dtype(np.float32) if number and a.dtype.kind == "f" else a.dtype
        rank = 2 if number else 1 if a.ndim == 0 else 0
        ranks[rank] = dtype if ranks[rank] is None else _meet(ranks[rank], dtype, np.promote_types)
    common = None
    for dtype_ in ranks:
        if dtype_ is not None:
            common = dtype_ if common is None else _meet(common, dtype_, lambda a, b: a)
    assert common is not None
    if types == "float" and common.kind != "f":
        common = np.dtype(np.float32)
    return [a if a.dtype == common else a.astype(common) for a in arrays]


def _meet(a: Any, b: Any, same_kind: Callable[[Any, Any], Any]) -> Any:
    if _KINDS[a.kind] == _KINDS[b.kind]:
        return same_kind(a, b)
    return a if _KINDS[a.kind] > _KINDS[b.kind] else b


# ---- float16: computed with in float32, and rounded once ------------------------------------------------------------


def is_half(arrays: list[Any]) -> bool:
    """Whether the floats among the arrays are float16, all of them."""
    kinds = {getattr(getattr(a, "dtype", None), "char", "") for a in arrays}
    return "e" in kinds and not kinds & {"f", "d"}


def widened(x: Any) -> Any:
    """``x``, an array or a Tensor, in float32 if it is float16."""
    return x.astype(np.float32) if getattr(getattr(x, "dtype", None), "char", "") == "e" else x


def halved(Y: Any) -> Any:
    """``Y``, which was computed in float32, in float16."""
    return Y.astype(np.float16) if Y.dtype.char == "f" else Y
