"""What the fields of a configuration or of a file may be: their types, their ranges, and how a wrong one is refused.

Data from files is believed only after it went through here: nothing is computed with a text where a number is meant,
with NaN, or with a size below 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from .errors import error, shown


class Kind(NamedTuple):
    """What a field may be: a test, the rule in words (after "it is"), and an example of how to write it."""

    holds: Callable[[Any], bool]
    rule: str
    example: str


def is_whole(value: Any) -> bool:
    """Whether it is an integer, Python's or NumPy's. True and False are none.

    >>> is_whole(3), is_whole(3.0), is_whole(True)
    (True, False, False)
    """
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def is_finite(value: Any) -> bool:
    """Whether it is a number, and neither NaN nor infinite, also as a float.

    >>> is_finite(3), is_finite(float("nan")), is_finite(10**400), is_finite("3")
    (True, False, False, False)
    """
    if not (is_whole(value) or isinstance(value, (float, np.floating))):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def whole(least: int, most: int = 2**53, example: int | None = None) -> Kind:
    """An integer within bounds."""
    shown = f"at least {least}" if most == 2**53 else f"{least} … {most}"
    example = max(least, 1) if example is None else example
    return Kind(lambda x: is_whole(x) and least <= x <= most, f"a whole number, {shown}", str(example))


def number(least: float = -math.inf, most: float = math.inf, example: float = 1.0) -> Kind:
    """A finite number within bounds."""
    rule = f"a finite number within {least:g} … {most:g}"
    if most == math.inf:
        rule = "a finite number" if least == -math.inf else f"a finite number of at least {least:g}"
    return Kind(lambda x: is_finite(x) and least <= x <= most, rule, f"{example:g}")


def text(example: str) -> Kind:
    """A text that is not empty."""
    return Kind(lambda x: isinstance(x, str) and x != "", "a text", repr(example))


def several(kind: Kind) -> Kind:
    """One value of a kind, or several in a list."""
    return Kind(
        lambda x: (
            all(map(kind.holds, x))
            if isinstance(x, (list, tuple)) or (isinstance(x, np.ndarray) and x.ndim)
            else kind.holds(x)
        ),
        f"{kind.rule}, or a list of such",
        kind.example,
    )


def optional(kind: Kind) -> Kind:
    """A kind, or None."""
    return Kind(lambda x: x is None or kind.holds(x), f"{kind.rule}, or None", kind.example)


TRUTH = Kind(lambda x: isinstance(x, (bool, np.bool_)), "True or False", "True")
PROBABILITY = Kind(lambda x: is_finite(x) and 0 <= x <= 1, "a probability, 0 … 1", "0.1")
MAPPING = Kind(lambda x: isinstance(x, Mapping) and all(isinstance(name, str) for name in x),
               "a dict with names as keys", "{}")  # fmt: skip


def check(op: str, values: Mapping[str, Any], kinds: Mapping[str, Kind], within: str = "") -> None:
    """Raise ValueError for the first of the ``values`` that is not of its kind. ``within`` is what holds the fields.

    >>> check("Config", {"n_head": -1}, {"n_head": whole(1, example=12)})
    Traceback (most recent call last):
    ValueError: Config got n_head -1
      rule: n_head is a whole number, at least 1
      cure: write for example n_head=12
    """
    for name, kind in kinds.items():
        if name in values and not kind.holds(values[name]):
            raise error(
                ValueError,
                op,
                got=f"{within}{name} {shown(values[name])}",
                rule=f"{name} is {kind.rule}",
                cure=f"write for example {name}={kind.example}",
            )


def wrong_sizes(op: str, sizes: Iterable[Any]) -> Exception | None:
    """The error for the first of the sizes that none can be, None if all can.

    >>> print(wrong_sizes("zeros", (2, -1)))
    zeros got size -1
      rule: a size is a whole number of at least 0
      cure: write whole numbers, for example 3
    """
    for size in sizes:
        if not is_whole(size) or size < 0:
            return error(
                ValueError if is_whole(size) else TypeError,
                op,
                got=f"size {shown(size)}",
                rule="a size is a whole number of at least 0",
                cure="write whole numbers, for example 3",
            )
    return None


def check_number(op: str, name: str, value: Any) -> None:
    """Raise TypeError unless a setting is a number, NaN and infinity too, as far as its type goes.

    >>> check_number("SGD", "lr", "a")
    Traceback (most recent call last):
    TypeError: SGD got lr 'a'
      rule: lr is a number
      cure: write for example lr=0.1
    """
    if not isinstance(value, (int, float, np.number)):
        raise error(
            TypeError,
            op,
            got=f"{name} {shown(value)}",
            rule=f"{name} is a number",
            cure=f"write for example {name}=0.1",
        )
