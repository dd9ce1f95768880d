"""Compiling a kernel, and the threads that share its work.

A kernel is a function ``f(n, ...)`` whose outer loop is ``for w in prange(n)``: piece w of n. It is compiled when it
is first called, for one thread and for all of them apart, and kept on disk (beside the source, or in NUMBA_CACHE_DIR).
"""

from __future__ import annotations

import contextlib
import importlib
import os
import threading
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: How often Numba's threads look for work before they sleep. By GNU OpenMP's default they look for some milliseconds;
#: then a program that keeps one core busy makes each call wait for the scheduler, 8 ms instead of 0.3. With this number
#: they look for a few microseconds, and a call that finds them asleep takes 50 µs more.
_SPIN = "2000"
_ours = "GOMP_SPINCOUNT" not in os.environ
if _ours:
    os.environ["GOMP_SPINCOUNT"] = _SPIN
import numba  # noqa: E402 — reads the environment

#: Work of more nanoseconds than this is shared between threads.
WORTH = 100_000

_free = threading.Lock()


def _threads() -> int:
    """How many threads share the work: Numba's number with OpenMP, else 1, since other pools take 0.1 ms a call."""
    try:
        importlib.import_module("numba.np.ufunc.omppool")  # reads GOMP_SPINCOUNT
    except ImportError:
        return 1
    settings: Any = numba.config
    if settings.THREADING_LAYER not in ("default", "threadsafe", "omp"):
        return 1
    settings.THREADING_LAYER = "omp"
    return int(numba.get_num_threads())


TEAM = _threads()
if _ours:
    del os.environ["GOMP_SPINCOUNT"]  # it has been read, and child processes shall not inherit it


def shared(work: float) -> bool:
    """Whether this many nanoseconds of work are shared between threads."""
    return work > WORTH and TEAM > 1 and numba.get_num_threads() > 1


def pieces(work: float) -> int:
    """The largest number of pieces that work is cut into."""
    return int(numba.get_num_threads()) if shared(work) else 1


def is_compiled_for(dtype: Any) -> bool:
    """Whether the kernels take this type: float32 or float64 in the processor's order of bytes."""
    return dtype.char in "fd" and dtype.isnative


def fits(X: Any, *others: Any) -> bool:
    """Whether kernels take these arrays: all of one type, contiguous and not empty. One that is None is not there."""
    dtype = X.dtype
    if not is_compiled_for(dtype):
        return False
    for a in (X, *others):
        if a is not None and (a.dtype is not dtype or not a.flags.c_contiguous or not a.size):
            return False
    return True


def _sources() -> list[tuple[str, int, int]]:
    """When each file was written that a kernel may have something of, a function or a constant, and its size."""
    here = Path(__file__).parent
    files = [*here.glob("*.py"), *here.parent.glob("*.py"), *here.parents[1].glob("*.py")]
    return [(str(f.relative_to(here.parents[1])), s.st_mtime_ns, s.st_size) for f in sorted(files) for s in [f.stat()]]


_SOURCES = _sources()


class _Kept:
    """Numba's files of a kernel on disk, which may fail: a full disk or a damaged file is no end of a training.

    What cannot be read is compiled anew, and what cannot be written is compiled again by the next process. So is a
    kernel when any of the sources was changed; Numba looks at the one file that it stands in.
    """

    def __init__(self, files: Any) -> None:
        self.files = files
        files._cache_file._source_stamp = _SOURCES

    def load_overload(self, *given: Any) -> Any:
        try:
            return self.files.load_overload(*given)
        except Exception:  # whatever it is that Python's pickle meets
            with contextlib.suppress(Exception):
                self.files.flush()  # or they would stay damaged
            return None

    def save_overload(self, *given: Any) -> None:
        with contextlib.suppress(Exception):
            self.files.save_overload(*given)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.files, name)


def _compiler(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """``numba.njit`` with what all kernels have in common."""

    def compiled(function: Callable[..., Any]) -> Any:
        made: Any = numba.njit(nogil=True, error_model="numpy", **options)(function)
        with contextlib.suppress(RuntimeError):  # no folder takes files
            made.enable_caching()
            made._cache = _Kept(made._cache)
        return made

    return compiled


class Compiled:
    """A kernel that is compiled on first use. A call takes its nanoseconds of work, then its arguments after n."""

    def __init__(self, function: Callable[..., None], **options: Any) -> None:
        options = {"fastmath": {"contract"}, **options}
        self.alone = _compiler(**options)(function)
        # Another name, because Numba's files on disk would not tell the two apart.
        other = types.FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__)
        other.__module__, other.__qualname__ = function.__module__, function.__qualname__ + "_team"
        self.team = _compiler(parallel=True, **options)(other)

    def __call__(self, work: float, *args: Any) -> None:
        n = pieces(work)
        if n > 1 and _free.acquire(blocking=False):  # one call at a time; another Python thread's works alone
            try:
                self.team(n, *args)
            finally:
                _free.release()
        else:
            self.alone(1, *args)


def kernel(function: Callable[..., None]) -> Compiled:
    """Decorator: a function ``f(n, ...)`` as a :class:`Compiled`. Multiply-adds may be fused; nothing is reordered."""
    return Compiled(function)


def reordering(function: Callable[..., None]) -> Compiled:
    """Decorator: a :class:`Compiled` that may add up in any order, so that its sums fill the processor's vectors.

    None of these flags assumes that there is no NaN and no ∞.
    """
    return Compiled(function, fastmath={"reassoc", "contract", "nsz", "arcp"})


def inner(*flags: str) -> Callable[[Callable[..., Any]], Any]:
    """Decorator for what kernels call. ``flags`` are LLVM's for floats; by default multiply-adds may be fused."""
    return _compiler(fastmath=set(flags) or {"contract"})
