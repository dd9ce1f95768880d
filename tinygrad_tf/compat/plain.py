"""What a file may hold when it is read: Tensors, arrays and plain containers, not too deep, with harmless keys."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd import Tensor
from ..nn import Parameter
from .devices import device

#: Deeper nesting is refused: what is nested a thousandfold can be neither printed nor copied.
DEEPEST = 200
_NUMBERS = (bool, int, float, complex)
_SINGLE = (type(None), *_NUMBERS, str, bytes, bytearray, device, Tensor, Parameter, np.ndarray)
_SEQUENCES, _MAPPINGS = (list, tuple, set), (dict, OrderedDict, Counter)


def checked_key(key: Any) -> Any:
    """The key. Raises ValueError for one whose hash would take long: a tuple can be nested so that it never ends."""
    parts = key if type(key) is tuple else (key,)
    if len(parts) > 64:
        raise ValueError("a key is a tuple of more than 64 entries")
    for part in parts:
        if not isinstance(part, np.generic) and type(part) not in (type(None), *_NUMBERS, str, bytes, device):
            raise ValueError(f"a key is, or holds, a {type(part).__name__}")
        if type(part) is int and part.bit_length() > 64:  # multiples of 2⁶¹ − 1 have the same hash
            raise ValueError("a key is a whole number of more than 64 bits")
    return key


def check_plain(top: Any) -> None:
    """Raise ValueError unless ``top`` is plain all through, no deeper than DEEPEST, and holds itself nowhere.

    >>> check_plain({"a": [1, (2.0, None)]})
    >>> check_plain([print])
    Traceback (most recent call last):
    ...
    ValueError: it holds a builtin_function_or_method
    """
    heights: dict[int, int] = {}  # of each container by its id: how many levels lie in it; 0 while it is looked through
    stack = _containers([top])
    while stack:
        thing = stack[-1]
        height = heights.get(id(thing))
        if height is None:
            heights[id(thing)] = 0
            parts = _containers(_inside(thing))
            if any(heights.get(id(part)) == 0 for part in parts):
                raise ValueError("a container holds itself")
            stack.extend(part for part in parts if id(part) not in heights)
            continue
        stack.pop()
        if height == 0:
            levels = 1 + max((heights[id(part)] for part in _containers(_inside(thing))), default=0)
            heights[id(thing)] = levels
            if levels > DEEPEST:
                raise ValueError(f"it is nested more than {DEEPEST} deep")


def _inside(container: Any) -> Any:
    return container.values() if type(container) in _MAPPINGS else container


def _containers(parts: Iterable[Any]) -> list[Any]:
    """Those of the parts that are containers; the others must be plain data."""
    found = []
    for part in parts:
        if type(part) in _SEQUENCES or type(part) in _MAPPINGS:
            found.append(part)
        elif type(part) not in _SINGLE and not isinstance(part, (np.generic, np.dtype)):
            raise ValueError(f"it holds a {type(part).__name__}")
    return found
