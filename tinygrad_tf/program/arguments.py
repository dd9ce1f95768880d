"""Arguments of a compiled function: which program they ask for, and the arrays among them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.tensor import Tensor


def is_object(x: Any) -> bool:
    """Whether an argument is neither an array nor something that is compared by its value."""
    if isinstance(x, (list, tuple)):
        return any(map(is_object, x))
    if isinstance(x, dict):
        return any(map(is_object, x.values()))
    return not (x is None or isinstance(x, (Tensor, np.ndarray, bool, int, float, complex, str, bytes, np.generic)))


def key_of(x: Any, given: list[Any], recording: bool) -> Any:
    """What of an argument decides which program runs. Arrays are put into ``given``."""
    kind = type(x)
    if kind is np.ndarray or isinstance(x, Tensor):
        array = x if kind is np.ndarray else x.array
        for i, other in enumerate(given):
            if (other if isinstance(other, np.ndarray) else other.array) is array:
                if other is x:
                    return i
                given.append(x)
                wants = kind is not np.ndarray and x.requires_grad and recording and (x.op is None) + 1
                return i, array.shape, array.dtype.str, array.strides, kind, wants
        given.append(x)
        if kind is np.ndarray:
            return array.shape, array.dtype.str
        return array.shape, array.dtype.str, array.strides, x.requires_grad and recording and (x.op is None) + 1
    if kind is tuple or kind is list:
        return (kind, *[key_of(part, given, recording) for part in x])
    if kind is dict:
        return (kind, *[(name, key_of(part, given, recording)) for name, part in x.items()])
    if kind is float or isinstance(x, np.floating):
        return kind, float(x).hex()  # tells −0.0 from 0.0, and one NaN is as another
    if x is None or kind in (bool, int, complex, str, bytes) or isinstance(x, np.generic):
        return kind, x
    if isinstance(x, tuple):  # with names
        return (kind, *[key_of(part, given, recording) for part in x])
    return id(x)


def with_tensors(x: Any, by_id: dict[int, Tensor]) -> Any:
    """Arguments with Tensors in place of arrays: those of ``by_id``, or new ones."""
    if isinstance(x, np.ndarray):
        return by_id[id(x)] if id(x) in by_id else Tensor.wrap(x.copy())
    if not _holds_arrays(x):
        return x  # the list itself, which the function may fill
    if type(x) in (list, tuple):
        return type(x)([with_tensors(part, by_id) for part in x])
    if isinstance(x, tuple) and hasattr(x, "_make"):
        return x._make([with_tensors(part, by_id) for part in x])
    if type(x) is dict:
        return {name: with_tensors(part, by_id) for name, part in x.items()}
    return x


def _holds_arrays(x: Any) -> bool:
    if isinstance(x, (list, tuple)):
        return any(map(_holds_arrays, x))
    if isinstance(x, dict):
        return any(map(_holds_arrays, x.values()))
    return isinstance(x, np.ndarray)
