"""Locks on files that end with the process that holds them, however it ends: a killed one keeps nobody out.

They are the operating system's: ``flock`` on Unix, which Linux's NFS carries to its server, ``locking`` on Windows.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import platform
import stat
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from .errors import error, shown
from .wording.languages import either

_SAYS = b"process "  # what a lock's file begins with
_held: set[int] = set()  # descriptors: a forked child would keep them locked when its parent has died


def _forget() -> None:
    for descriptor in _held:
        with contextlib.suppress(OSError):
            os.close(descriptor)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def try_lock(descriptor: int) -> bool | None:
    """Lock an open file if nobody else has it locked; returns whether. None: this file system knows no locks."""
    try:
        if os.name == "nt":
            import msvcrt

            os.lseek(descriptor, 1 << 30, os.SEEK_SET)  # far from the text, which others may then read
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as problem:
        return False if problem.errno in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK) else None
    return True


@contextlib.contextmanager
def alone_with(path: Path, op: str) -> Iterator[Callable[[], bool]]:
    """A context manager in which no other process, and no other call in this one, is within it for the same file.

    A small file beside it, ``.NAME.lock``, is locked meanwhile; it says who has it. Raises BlockingIOError if somebody
    else is within, in the name of ``op``. Where the file system knows no locks, it warns and goes on. What it gives is
    called without arguments and says whether this is still so: another folder may have come in the place of the file's.
    """
    path = Path(os.path.realpath(path))
    name = os.fsencode(path.name)
    short = path.name if len(name) < 250 else hashlib.sha256(name).hexdigest()  # most file systems take 255 bytes
    beside = path.with_name(f".{short}.lock")
    descriptor = _open_locked(path, beside, op)
    try:
        yield lambda: descriptor not in _held or _is_still(beside, descriptor)
    finally:
        if descriptor in _held:  # not in a child that was forked meanwhile: its parent has the lock
            ours = _is_still(beside, descriptor)  # if the folder was replaced, it may be another's
            if ours and os.name != "nt":  # there a file that is open cannot be removed
                _remove(beside)
            _held.discard(descriptor)
            with contextlib.suppress(OSError):  # a full disk of a network says so only now: a lock's text is no loss
                os.close(descriptor)
            if ours and os.name == "nt":
                _remove(beside)


def _remove(beside: Path) -> None:
    with contextlib.suppress(OSError):  # what stays there is locked by nobody
        beside.unlink(missing_ok=True)


def _open_locked(path: Path, beside: Path, op: str) -> int | None:
    """The locked file's descriptor; None where there are no locks."""
    while True:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            descriptor = os.open(beside, flags, 0o666)
        except OSError as problem:
            if not os.path.lexists(beside) or (beside.is_file() and not beside.is_symlink()):
                raise
            raise error(
                type(problem),
                op,
                got=f"{shown(str(beside), 300)}, which is a folder or a link and no file",
                rule=f"it is locked while {shown(str(path), 300)} is written to, so that nobody else does",
                cure="move it away, or choose another path",
            ) from None
        _held.add(descriptor)
        try:
            ours = try_lock(descriptor) if _is_lock(descriptor) else None
            if ours is False:
                raise _taken(path, beside, op)
            if ours is None:
                place, of = shown(str(beside), 300), shown(str(path), 300)
                warnings.warn(
                    either(
                        f"{place} cannot be locked: see to it that nothing else writes to {of}",
                        f"无法给 {place} 加锁：请确保没有别的程序同时写 {of}",
                    ),
                    stacklevel=5,
                )
            elif _is_still(beside, descriptor):
                os.lseek(descriptor, 0, os.SEEK_SET)
                os.truncate(descriptor, 0)
                os.write(descriptor, _SAYS + f"{os.getpid()} on {platform.node()}".encode())
                return descriptor
        except BaseException:
            _held.discard(descriptor)
            os.close(descriptor)
            raise
        _held.discard(descriptor)
        os.close(descriptor)
        if ours is None:
            return None


def _is_lock(descriptor: int) -> bool:
    """Whether a file is a lock of ours, or new: what somebody else wrote into it stays."""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        return False
    written = os.read(descriptor, 100)
    return not written or written.startswith(_SAYS)


def _is_still(beside: Path, descriptor: int) -> bool:
    """Whether the name still leads to the file that was opened: who held it before may have removed it since."""
    try:
        return os.path.samestat(os.stat(beside), os.fstat(descriptor))
    except OSError:  # it is gone, or a file stands in place of the folder
        return False


def _taken(path: Path, beside: Path, op: str) -> BlockingIOError:
    try:
        who = "".join(filter(str.isprintable, beside.read_text("utf-8", "replace")[:200])) or "another process"
    except OSError:
        who = "another process"
    return error(
        BlockingIOError,
        op,
        got=f"{shown(str(path), 300)}, to which {who} writes",
        rule="one training at a time writes to a file",
        cure="wait for the other, end it, or choose another path",
    )
