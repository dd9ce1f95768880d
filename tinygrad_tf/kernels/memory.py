"""Freed memory is kept for the next array. A training step makes the same arrays again and again, and fresh pages from
the system cost more than the arithmetic on them: a quarter of a small step's time was spent on page faults.

glibc, the C library of most Linux systems, by itself takes every array above 128 kB from the system and gives it back
when it is freed. Three settings, made once on import, change that; what they keep is bounded. Elsewhere (musl, macOS,
Windows) nothing is done. ``MALLOC_TRIM_THRESHOLD_`` in the environment means that somebody has chosen: then neither.
"""

from __future__ import annotations

import ctypes
import os
import sys

#: What ``mallopt`` is told (glibc, malloc.h). Arrays below 32 MiB, the most it takes, come from memory that is kept;
#: up to 256 MiB of free memory stay; the heap grows by 16 MiB at a time.
_SETTINGS = {"M_MMAP_THRESHOLD": (-3, 32 << 20), "M_TRIM_THRESHOLD": (-1, 256 << 20), "M_TOP_PAD": (-2, 16 << 20)}


def keep_freed() -> bool:
    """Whether the C library was told to keep freed memory for later arrays."""
    if not sys.platform.startswith("linux") or "MALLOC_TRIM_THRESHOLD_" in os.environ:
        return False
    try:
        libc = ctypes.CDLL(None)
        libc.gnu_get_libc_version  # noqa: B018 — glibc alone has it
        return sum(libc.mallopt(*setting) for setting in _SETTINGS.values()) == len(_SETTINGS)
    except (AttributeError, OSError):
        return False
