"""How many threads multiply: small products are not shared.

OpenBLAS shares out a product of some 2^18 multiplications, and its threads wait for each other at full speed. For a
small product that saves a few microseconds on a quiet machine. Where other programs keep the cores busy each one waits
until the scheduler gives all its threads a turn: 5 ms for what takes 50 µs alone.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np

#: A product of fewer multiplications is not shared: two threads would save less than 40 µs.
SMALL = 2**22
#: A multiplication by a vector waits for memory, as long as one by so many vectors.
MEMORY = 8

_NAMES = {"s": "cblas_sgemm", "d": "cblas_dgemm", "get": "openblas_get_num_threads", "set": "openblas_set_num_threads"}


def _functions() -> tuple[dict[str, Any], str]:
    """The functions of NumPy's OpenBLAS, and what their names end with: "64_" where sizes have 64 bits.

    There are none where NumPy multiplies by another library, or does not say by which.
    """
    try:
        library = ctypes.PyDLL(np._core._multiarray_umath.__file__)  # type: ignore[attr-defined]
    except (AttributeError, OSError):
        return {}, ""
    for before, after in (("scipy_", "64_"), ("", "64_"), ("scipy_", ""), ("", "")):
        found = {ours: getattr(library, before + name + after, None) for ours, name in _NAMES.items()}
        if None not in found.values():
            return found, after
    return {}, ""


#: By their short names: the products of float32 ("s") and float64 ("d"), how many threads there are ("get", "set").
OPENBLAS, SUFFIX = _functions()
_threads: Callable[[], int] = OPENBLAS.get("get", lambda: 1)
_share_between: Callable[[int], Any] = OPENBLAS.get("set", lambda n: None)


class threads_for:
    """Within it, a product has as many threads as it is worth: one, or all. The sizes of m × k by k × n are m, k and n.

    >>> A = np.ones((20, 30), np.float32)
    >>> with threads_for(20, 30, 20):
    ...     (A @ A.T).shape
    (20, 20)
    """

    __slots__ = ("before",)

    def __init__(self, *sizes: int) -> None:
        work = 1
        for size in sizes:
            work *= size if size > MEMORY else MEMORY
        self.before = _threads() if work < SMALL else 1

    def __enter__(self) -> None:
        if self.before > 1:
            _share_between(1)

    def __exit__(self, *problem: object) -> None:
        if self.before > 1:
            _share_between(self.before)
