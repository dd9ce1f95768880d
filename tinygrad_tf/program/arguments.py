"""Arguments of a compiled function: which program they ask for, and the arrays among them."""

from __future__ import annotations

from collections.abc import Callable
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


class Handed:
    """Arguments as a function gets them: with Tensors in place of arrays, those of ``by_id`` or new ones.

    A list or dict that holds arrays is a copy. ``give_back()`` puts what the function changed in it into the caller's.
    """

    def __init__(self, args: Any, kwargs: Any, by_id: dict[int, Tensor]) -> None:
        self.by_id = by_id
        self.origins: dict[int, Any] = {}  # by the id of what stands in their place
        self.copies: list[tuple[Any, Any, Any]] = []  # the caller's, ours, and what that held at first
        self.args = [self._with_tensors(x) for x in args]
        self.kwargs = {name: self._with_tensors(x) for name, x in kwargs.items()}

    def _with_tensors(self, x: Any) -> Any:
        if isinstance(x, np.ndarray):
            made: Any = self.by_id[id(x)] if id(x) in self.by_id else own(x)
        elif not _holds_arrays(x):
            return x  # the list itself, which the function may fill
        elif type(x) is dict:
            made = {name: self._with_tensors(part) for name, part in x.items()}
        else:
            parts = [self._with_tensors(part) for part in x]
            made = x._make(parts) if hasattr(x, "_make") else type(x)(parts)
        self.origins[id(made)] = x
        if not isinstance(made, Tensor):
            self.copies.append((x, made, made.copy() if isinstance(made, (list, dict)) else made))
        return made

    def give_back(self, convert: Callable[[Any], Any]) -> bool:
        """Whether the function changed what it was given; the caller's lists and dicts then hold the same."""
        changed = [(theirs, ours) for theirs, ours, before in self.copies if _held(ours) != _held(before)]
        for theirs, ours in changed:
            if isinstance(ours, dict):
                entries = {name: self.origins.get(id(x), convert(x)) for name, x in ours.items()}
                theirs.clear()
                theirs.update(entries)
            else:
                theirs[:] = [self.origins.get(id(x), convert(x)) for x in ours]
        return bool(changed)


def _held(x: Any) -> Any:
    return [(name, id(part)) for name, part in x.items()] if type(x) is dict else list(map(id, x))


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
