"""Memory that was freed stays with the process for its next arrays.

A training step allocates the same arrays each time. By default the C library returns large ones to the system when they
are freed. The next array then costs a page fault for every 4 KB, which takes longer than the arithmetic on it: a third
of the time of a small Transformer's step.
"""

from __future__ import annotations

import ctypes
import os
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # the names of these settings in <malloc.h>


def reuse_freed() -> bool:
    """Tell the C library's allocator, for the whole process, to keep up to 1 GB of what is freed; True if it does.

    Only glibc (Linux) is told, and only where the environment says nothing else (``MALLOC_TRIM_THRESHOLD_`` …). The
    peak of the memory stays what it was; what is freed after the peak stays with the process.
    """
    if sys.platform != "linux" or any(name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in os.environ):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    settings = {_MMAP_THRESHOLD: 32 << 20, _TRIM_THRESHOLD: 1 << 30, _TOP_PAD: 16 << 20}  # 32 MB is glibc's largest
    taken = [mallopt(name, value) == 1 for name, value in settings.items()]  # all of them, even if one is refused
    return all(taken)
