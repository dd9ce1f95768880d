"""The one generator that all randomness comes from: initial weights, dropout, shuffling, sampling."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from .errors import error, shown

_generator = np.random.default_rng()
_others = 0


class _Replay(threading.local):
    """The generator of a thread that draws numbers a second time, None in all others."""

    generator: np.random.Generator | None = None
    switch: object = None  # what set it last


_replay = _Replay()


def manual_seed(seed: int) -> None:
    """Start the generator anew. The same seed gives the same bits on the same machine.

    >>> manual_seed(0)
    >>> a = generator().random()
    >>> manual_seed(0)
    >>> a == generator().random()
    True

    Raises ValueError or TypeError for what is no whole number from 0 on.
    """
    global _generator
    try:
        new = np.random.default_rng(seed)
    except (ValueError, TypeError) as problem:
        raise error(
            type(problem),
            "manual_seed",
            got={"seed": shown(seed)},
            rule="a seed is a whole number from 0 on",
            cure="write manual_seed(0)",
        ) from None
    if _replay.generator is None:
        _generator = new
    else:
        _replay.generator = new


def generator() -> np.random.Generator:
    """The generator in use."""
    return _replay.generator or _generator


def generator_of(given: Any) -> np.random.Generator:
    """The generator to draw from: the one in use for None, ``given.rng`` of PyTorch's kind, or NumPy's own, as it is.

    Raises TypeError for anything else.

    >>> generator_of(None) is generator()
    True
    """
    global _others
    if given is None:
        return generator()
    found = given if isinstance(given, np.random.Generator) else getattr(given, "rng", None)
    if not isinstance(found, np.random.Generator):
        raise error(
            TypeError,
            "generator",
            got={"generator": given},
            rule="it is a Generator, of this package or of NumPy",
            cure="write generator=tinygrad_tf.Generator().manual_seed(0), or leave it out",
        )
    _others += 1
    return found


def others_used() -> int:
    """How often somebody's own generator was drawn from: what is compiled would not draw from it again."""
    return _others


def get_state() -> dict[str, Any]:
    """The generator's state, as plain data, to be saved with a checkpoint."""
    return dict(generator().bit_generator.state)


def set_state(state: dict[str, Any]) -> None:
    """Go on from a state that :func:`get_state` returned. Raises ValueError for any other, and goes on as before."""
    set_state_of(generator(), state, "set_state")


def set_state_of(changed: np.random.Generator, state: Any, op: str) -> None:
    """Let a generator go on from a state: all of it, or, where NumPy finds a part to be wrong, nothing."""
    trial = type(changed.bit_generator)(0)
    try:
        trial.state = state
    except Exception as problem:  # each part is checked by NumPy in another way
        raise error(
            ValueError,
            op,
            got=f"a state that NumPy does not take ({type(problem).__name__}: {shown(str(problem), 200)})",
            rule=f"it is the state of a generator {type(trial).__name__}, as get_state() returns it",
            cure="give what get_state() returned, or begin anew with manual_seed(0)",
        ) from None
    changed.bit_generator.state = trial.state


@contextlib.contextmanager
def replayed(state: dict[str, Any]) -> Iterator[None]:
    """A context manager in which this thread draws again what it drew from ``state`` on. Other threads are not touched.

    >>> start = get_state()
    >>> a = generator().random()
    >>> with replayed(start):
    ...     generator().random() == a
    True
    """
    before, own = (_replay.generator, _replay.switch), object()
    made = np.random.default_rng()
    made.bit_generator.state = state
    try:
        try:
            _replay.generator, _replay.switch = made, own
            yield
        finally:
            if _replay.switch is own:
                _replay.generator, _replay.switch = before
    finally:  # twice: Ctrl-C may hit the first; not if this comes late, from the collector of garbage
        if _replay.switch is own:
            _replay.generator, _replay.switch = before
