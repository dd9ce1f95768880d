"""A progress bar for what takes more than two seconds: tqdm's, where that is installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_AFTER = 2.0  # seconds


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[], None]]:
    """Within it, call what is given after each of ``total`` pieces of work.

    >>> with progress("squares", 3) as done:
    ...     for i in range(3):
    ...         done()
    """
    if importlib.util.find_spec("tqdm") is None:
        yield lambda: None
        return
    from tqdm import tqdm

    with tqdm(total=total, desc=what, delay=_AFTER, leave=False, dynamic_ncols=True) as bar:
        yield lambda: bar.update() and None
