"""What the state in a checkpoint may be, and putting it in as a whole: all of it, or nothing."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..errors import error, is_explained, shown
from ..fields import MAPPING, TRUTH, Kind, check, is_finite, is_whole, optional, several, text, whole
from ..optim import LRScheduler, Optimizer, ReduceLROnPlateau

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


def check_alike(what: str, live: Any, saved: Any) -> None:
    """Raise ValueError where a saved setting is of another type than the living one."""
    if isinstance(live, Mapping):
        good = isinstance(saved, Mapping)
        for name in live.keys() & saved.keys() if good else ():
            check_alike(f"{what}.{name}", live[name], saved[name])
    elif isinstance(live, (list, tuple)):
        good = isinstance(saved, (list, tuple)) and (len(saved) == len(live) or isinstance(live, list))
        for i, value in enumerate(saved if good and live else ()):
            check_alike(f"{what}[{i}]", live[min(i, len(live) - 1)], value)
    elif live is None:  # it is not known what it would be
        good = saved is None or (isinstance(saved, (bool, str, int, float, list, tuple, dict)) and saved == saved)
    elif TRUTH.holds(live):
        good = saved is None or TRUTH.holds(saved)
    elif isinstance(live, str):
        good = saved is None or isinstance(saved, str)
    else:
        counts = what.endswith("last_epoch")
        good = (is_whole(saved) if counts else _is_number(saved)) or not _is_number(live)
    if not good:
        raise error(
            ValueError,
            "Checkpoint.restore",
            got=f"{what} {shown(saved)} in the file",
            rule=f"it is of the kind of this training's, {shown(live)}, and not NaN",
            cure="use an older copy, or train again",
        )


def _is_number(x: Any) -> bool:
    return is_finite(x) or (isinstance(x, (float, np.floating)) and bool(x == x))  # an infinite bound is a number


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
        raise error(
            ValueError,
            "Checkpoint.restore",
            got=f"a state that cannot be loaded ({type(problem).__name__}: {shown(str(problem), 200)})",
            rule="optimiser and schedule load what they saved; nothing was changed",
            cure="use an older copy, or train again",
        ) from None


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
