"""What the state in a checkpoint may be, and putting it in as a whole: all of it, or nothing."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..errors import is_explained
from ..fields import MAPPING, Kind, check, optional, several, text, whole
from ..optim import LRScheduler, Optimizer, ReduceLROnPlateau
from ..optim.loaded import no_state

_NUMBERED = Kind(
    lambda x: isinstance(x, dict) and all(re.fullmatch("[0-9]{1,9}", n) and MAPPING.holds(s) for n, s in x.items()),
    "a dict from the numbers of parameters to their states",
    "{}",
)
_LIST = Kind(lambda x: isinstance(x, list) and all(map(MAPPING.holds, x)), "a list of dicts", "[]")
_OF_STATE = {
    "step": whole(0), "random": MAPPING, "notes": MAPPING, "optimizer": optional(MAPPING), "schedule": optional(MAPPING)
}  # fmt: skip
_NAMES = Kind(
    lambda x: isinstance(x, list) and all(n is None or isinstance(n, str) for n in x), "a list of names", '["weight"]'
)
_OF_OPTIMIZER = {"kind": text("AdamW"), "state": _NUMBERED, "groups": _LIST, "names": optional(_NAMES)}
_OF_GROUP = {"params": Kind(lambda x: isinstance(x, list) and several(whole(0)).holds(x), "a list of numbers", "[0]")}


def check_state(state: Any, op: str = "load_checkpoint") -> None:
    """Raise ValueError unless the state of a checkpoint has all that it needs, each of its type."""
    check(op, {"state": state}, {"state": MAPPING})
    needed = dict.fromkeys(("step", "random", "notes"))
    check(op, {**needed, **state}, _OF_STATE)
    if state.get("optimizer") is not None:
        check(op, {**dict.fromkeys(_OF_OPTIMIZER), **state["optimizer"]}, _OF_OPTIMIZER, "optimizer.")
        for group in state["optimizer"]["groups"]:
            check(op, {"params": None, **group}, _OF_GROUP, "optimizer.groups.")
    if state.get("schedule") is not None:
        check(op, {"kind": None, **state["schedule"]}, {"kind": text("NoamLR")}, "schedule.")
    check(op, {"random": state["random"]}, {"random": _RANDOM})


def _is_random(state: Any) -> bool:
    trial = np.random.default_rng().bit_generator
    try:
        trial.state = state
    except Exception:  # of NumPy, which checks it itself, each part in another way
        return False
    return bool(trial.state == state)


_RANDOM = Kind(_is_random, "the state of a generator of NumPy's default kind", "tinygrad_tf.random.get_state()")


def parameter_of(name: str) -> tuple[int, str]:
    """The number of the parameter and the name of its state that the name of an array says: ``3.exp_avg``."""
    number, dot, key = name.partition(".")
    check("load_checkpoint", {"array": name}, {
        "array": Kind(lambda _: bool(re.fullmatch("[0-9]{1,9}", number) and dot and key), "NUMBER.NAME", "0.exp_avg")
    })  # fmt: skip
    return int(number), key


# ---- putting it in --------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def whole_or_not_at_all(*parts: Any) -> Iterator[None]:
    """A context manager that puts optimisers and schedules back as they were if what is done in it fails.

    They hold plain data, which is kept, and arrays, which loading replaces and does not write to. What fails in a class
    of its own, as a subclass of the user's may, becomes a ValueError that says so.
    """
    kept: list[tuple[Any, Any]] = []
    for part in parts:
        _keep(part, kept, set())
    try:
        yield
    except BaseException as problem:
        for container, content in kept:
            if isinstance(container, list):
                container[:] = content
            else:
                dict.clear(container)
                dict.update(container, content)
        if not isinstance(problem, Exception) or (is_explained(problem) and not isinstance(problem, TypeError)):
            raise
        raise no_state("Checkpoint.restore", problem) from None


def _keep(part: Any, kept: list[tuple[Any, Any]], seen: set[int]) -> None:
    """Note the content of what ``part`` holds, to any depth."""
    if id(part) in seen:
        return
    seen.add(id(part))
    if isinstance(part, (Optimizer, LRScheduler, ReduceLROnPlateau)) or (callable(part) and not isinstance(part, type)):
        part = getattr(part, "__dict__", None)
    if isinstance(part, (list, tuple, dict)):
        if not isinstance(part, tuple):
            kept.append((part, list(part) if isinstance(part, list) else dict(part)))
        for value in part.values() if isinstance(part, dict) else part:
            _keep(value, kept, seen)
