"""What a state that is loaded may hold: nothing that the constructor would not take, each value of its kind."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..arguments import FAILURES
from ..errors import error, is_explained, shown
from ..fields import TRUTH, is_finite, is_whole

#: RuntimeErrors are PyTorch's, of tensors without numbers.
_FAILURES: tuple[type[Exception], ...] = (*FAILURES, RuntimeError)


def check_alike(op: str, what: str, live: Any, saved: Any) -> None:
    """Raise ValueError where a saved setting is of another type than the living one."""
    if isinstance(live, Mapping):
        good = isinstance(saved, Mapping)
        for name in live.keys() & saved.keys() if good else ():
            check_alike(op, f"{what}.{name}", live[name], saved[name])
    elif isinstance(live, (list, tuple)):
        good = isinstance(saved, (list, tuple)) and (len(saved) == len(live) or isinstance(live, list))
        for i, value in enumerate(saved if good and live else ()):
            check_alike(op, f"{what}[{i}]", live[min(i, len(live) - 1)], value)
    elif live is None:  # it is not known what it would be
        good = saved is None or (isinstance(saved, (bool, str, int, float, list, tuple, dict)) and saved == saved)
    elif TRUTH.holds(live):
        good = saved is None or TRUTH.holds(saved)
    elif isinstance(live, str):
        good = saved is None or isinstance(saved, str)
    else:
        unbounded = what.endswith("best") or (_is_number(live) and not is_finite(live))  # infinite: nothing came yet
        good = is_finite(saved) or (unbounded and _is_number(saved)) or not _is_number(live)
        if what.endswith("last_epoch"):
            good = is_whole(saved) and -1 <= saved <= 2**53
    if not good:
        raise error(
            ValueError,
            op,
            got=f"{what} {shown(saved)} in the saved state",
            rule=f"it is of the kind of this training's, {shown(live)}, and finite",
            cure="use an older copy, or train again",
        )


def _is_number(x: Any) -> bool:
    return is_finite(x) or (isinstance(x, (float, np.floating)) and bool(x == x))


@contextlib.contextmanager
def explained_state(op: str) -> Iterator[None]:
    """A context manager in which what Python cannot do with the values of a state becomes a ValueError that says so."""
    try:
        yield
    except _FAILURES as problem:
        if is_explained(problem) and not isinstance(problem, TypeError):
            raise
        raise no_state(op, problem) from None


def no_state(op: str, problem: Exception) -> Exception:
    """The error for a state whose loading failed with another one."""
    return error(
        ValueError,
        op,
        got=f"a state that cannot be loaded ({type(problem).__name__}: {shown(str(problem), 200)})",
        rule="optimiser and schedule load what they saved; nothing was changed",
        cure="use an older copy, or train again",
    )
