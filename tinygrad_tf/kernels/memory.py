"""Memory that was freed is used again, instead of going back to the system and coming anew, page by page.

A training step allocates the same arrays each time. By default the C library returns large ones to the system when they
are freed; the next array then costs a page fault for every 4 KB, more than the arithmetic on it: a third of the time
of a small Transformer's step.
"""

from __future__ import annotations

import ctypes
import os
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # the names of these settings in <malloc.h>


def reuse_freed() -> bool:
    """Tell the C library's allocator, for the whole process, to keep up to 1 GB of what is freed; True if it does.

    Only glibc (Linux) is told, and not where the environment says something else (``MALLOC_TRIM_THRESHOLD_`` …). The
    peak of the memory stays what it was; what is freed after it stays with the process, for its next arrays.
    """
    if sys.platform != "linux" or any(name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in os.environ):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    settings = {_MMAP_THRESHOLD: 32 << 20, _TRIM_THRESHOLD: 1 << 30, _TOP_PAD: 16 << 20}  # 32 MB is glibc's largest
    taken = [mallopt(name, value) == 1 for name, value in settings.items()]  # each is asked, whatever the others say
    return all(taken)
