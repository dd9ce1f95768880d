"""What a module is given and returns: tensors, in tuples, lists, dicts and dataclasses."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any


class Place(int):
    """Where a tensor of a structure lies in the list of its tensors."""


LEFT_OUT = object()


def mapped(value: Any, kind: Any, change: Callable[[Any], Any], rest: Callable[[Any], Any]) -> Any:
    """``value`` with each part of class ``kind`` changed; what is no tuple, list or dict goes through ``rest``.

    Named tuples keep their class. What ``rest`` says LEFT_OUT of is missing in a dict, and None in a tuple or a list.
    """
    if isinstance(value, kind):
        return change(value)
    if type(value) is dict:
        parts = {key: mapped(x, kind, change, rest) for key, x in value.items()}
        return {key: x for key, x in parts.items() if x is not LEFT_OUT}
    if isinstance(value, (tuple, list)):
        found: list[Any] = [None if (x := mapped(part, kind, change, rest)) is LEFT_OUT else x for part in value]
        if isinstance(value, list):
            return found
        kind_of: Any = type(value)
        return kind_of(*found) if hasattr(value, "_fields") else tuple(found)
    other = rest(value)
    return mapped(other, kind, change, rest) if type(other) is dict and other is not value else other


def plain(value: Any) -> Any:
    """Numbers, texts and None as they are, a dataclass or a mapping as a dict; anything else is left out."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return dict(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    return LEFT_OUT
