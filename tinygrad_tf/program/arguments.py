"""Arguments of a compiled function: which program they ask for, and the arrays among them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import mistakes
from ..autograd.tensor import Tensor

_VALUES = (type(None), bool, int, float, complex, str, bytes)


def is_object(x: Any) -> bool:
    """Whether an argument is neither an array nor something that is compared by its value."""
    if _is_sequence(x):
        return any(map(is_object, x))
    if type(x) is dict:
        return any(map(is_object, x.values()))
    if isinstance(x, Tensor):  # with attributes of its own
        return not type(x).__module__.startswith("tinygrad_tf.") or bool(getattr(x, "__dict__", None))
    return type(x) is np.void or not (type(x) in _VALUES or isinstance(x, (np.ndarray, np.generic)))


def _is_sequence(x: Any) -> bool:
    """Whether it is a list or a tuple, also one with names, and not of a class that may do something else."""
    return type(x) in (list, tuple) or (isinstance(x, tuple) and hasattr(x, "_make"))


def key_of(x: Any, given: list[Any], recording: bool) -> Any:
    """What of an argument decides which program runs. Arrays are put into ``given``."""
    kind = type(x)
    if isinstance(x, (np.ndarray, Tensor)):
        t = x if isinstance(x, Tensor) else None
        array: Any = x if t is None else t.array
        wants = t is not None and t.requires_grad and recording and (t.op is None) + 1
        for i, other in enumerate(given):
            if (other if isinstance(other, np.ndarray) else other.array) is array:
                if other is x:
                    return i
                given.append(x)
                return i, array.shape, array.dtype.str, array.strides, kind, wants
        given.append(x)
        if t is None:
            return kind, array.shape, array.dtype.str
        return kind, array.shape, array.dtype.str, array.strides, wants, is_object(x)
    if _is_sequence(x):
        return (kind, *[key_of(part, given, recording) for part in x])
    if kind is dict:
        return (kind, *[(type(name), name, key_of(part, given, recording)) for name, part in x.items()])
    if kind in (float, complex) or isinstance(x, np.inexact):
        return kind, repr(x)  # tells −0.0 from 0.0, and one NaN is as another
    if kind in _VALUES or (isinstance(x, np.generic) and kind is not np.void):
        return kind, x
    return id(x)


def own(x: np.ndarray[Any, Any]) -> Tensor:
    """An array as a Tensor of its own. Raises TypeError for one with a mask."""
    if hasattr(x, "mask"):
        raise mistakes.masked(x)
    return Tensor.wrap(np.array(x))


def with_tensors(x: Any, by_id: dict[int, Tensor]) -> Any:
    """Arguments with Tensors in place of arrays: those of ``by_id``, or new ones."""
    if isinstance(x, np.ndarray):
        return by_id[id(x)] if id(x) in by_id else own(x)
    if not _holds_arrays(x):
        return x  # the list itself, which the function may fill
    if type(x) is dict:
        return {name: with_tensors(part, by_id) for name, part in x.items()}
    parts = [with_tensors(part, by_id) for part in x]
    return x._make(parts) if hasattr(x, "_make") else type(x)(parts)


def containers_of(x: Any) -> set[int]:
    """The ids of the lists, tuples and dicts among arguments."""
    if type(x) is not dict and not _is_sequence(x):
        return set()
    return {id(x), *[i for part in (x.values() if type(x) is dict else x) for i in containers_of(part)]}


def _holds_arrays(x: Any) -> bool:
    if _is_sequence(x):
        return any(map(_holds_arrays, x))
    if type(x) is dict:
        return any(map(_holds_arrays, x.values()))
    return isinstance(x, np.ndarray)
