"""Writing files as a whole: whoever reads one sees the old content or the new, never a part."""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import re
import reprlib
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .errors import error, is_explained
from .locks import try_lock
from .signals import whole
from .wording.texts import capped


def write_whole(path: Path, write: Callable[[Path], Any], check: Callable[[], Any] | None = None) -> None:
    """Let ``write`` make a file beside ``path``, which takes its place only when all of it is on the disk.

    Right before, ``check`` may raise: writing takes its time, and somebody may have put another file there.

    Where ``path`` is a link, it stays one, and the file that it leads to is replaced. Who may read and write the file
    stays as it was. What a killed process left half-written for the same ``path`` is removed. Raises OSError, in the
    class of the cause, where that is not possible: a full disk, a folder without rights, a file that is read-only, what
    is no file. Then the old content is still there.
    """
    with explained("write", path):
        real, old = place_of(path)
        _make_folders(path, real)
        _remove_strays(real)
        with _beside(real, old) as (new, descriptor):
            write(new)
            with open(new, "rb+") as file:
                os.fsync(file.fileno())
            if old is not None:
                as_before(new, real, old)
            if os.name == "nt":  # there what is open cannot be moved
                os.close(descriptor.pop())
            _take_place(new, real, check)
        _to_disk(real.parent)


@whole
def _take_place(new: Path, real: Path, check: Callable[[], Any] | None) -> None:
    """Let a new file take its place, but not that of one that comes when ``check`` has looked, where that can be told.

    Linux lets two files change places: what was there is then seen, and goes back if it is another.
    """
    while check is not None:
        before = _identity(real)
        check()
        try:
            _renameat2(new, real, _NOREPLACE if before is None else _EXCHANGE)
            if before in (None, _identity(new)):
                return
            _renameat2(new, real, _EXCHANGE)
        except (FileExistsError, FileNotFoundError):  # it came, or went, meanwhile
            if not new.exists():
                raise
        except OSError:  # no such call, a disk without it, or a container that forbids it
            break
    os.replace(new, real)


_NOREPLACE, _EXCHANGE = 1, 2


def _renameat2(one: Path, other: Path, flags: int) -> None:
    """Linux's call of that name. Raises OSError, with ENOSYS where there is none, and EINVAL on disks without it."""
    here = -100  # AT_FDCWD: from the working directory on
    number = _call_of_renameat2()(here, os.fsencode(one), here, os.fsencode(other), flags)
    if number:
        raise OSError(number, os.strerror(number))


@functools.cache
def _call_of_renameat2() -> Callable[..., int]:
    """The system's call; it returns the number of what went wrong, 0 for nothing."""
    import ctypes

    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, TypeError, AttributeError):
        return lambda *_: errno.ENOSYS
    return lambda *given: ctypes.get_errno() if call(*given) else 0


def _identity(path: Path) -> Any:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def check_writable(path: Path, size: int = 0) -> None:
    """Raise what :func:`write_whole` would raise for a file of ``size`` bytes. Nothing is left but the folders."""
    with explained("write", path):
        real, old = place_of(path)
        _make_folders(path, real)
        with _beside(real, old) as (new, descriptor):
            new.write_bytes(b"\0")
            try:
                os.posix_fallocate(descriptor[0], 0, max(size, 1))  # takes the room, and the user's share of it
            except AttributeError:
                pass  # neither macOS nor Windows has it
            except OSError as problem:
                if problem.errno not in (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS):
                    raise
            os.fsync(descriptor[0])


def check_readable(op: str, path: str | os.PathLike[str], cure: str) -> None:
    """Raise FileNotFoundError where there is no file, and what the system says of a file that may not be read."""
    with explained(op, path, "the file can be read"):
        if not Path(path).is_file():
            raise error(
                FileNotFoundError,
                op,
                got=f"{shown(path)}, where there is no file",
                rule="it reads a file",
                cure=cure,
            )
        with open(path, "rb") as file:
            file.read(1)


def check_temporary(op: str) -> None:
    """Raise FileNotFoundError, in the name of ``op``, where there is no folder for temporary files."""
    import tempfile

    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        raise error(
            FileNotFoundError,
            op,
            got="no folder for temporary files",
            rule="it writes into one",
            cure="set TMPDIR to a folder that can be written to",
        ) from None


@contextlib.contextmanager
def explained(
    op: str, path: str | os.PathLike[str], rule: str = "the file can be written", thing: str = ""
) -> Iterator[None]:
    """A context manager that says what the operating system refused: which path, why, and what helps.

    ``thing`` stands before the path.
    """
    try:
        yield
    except Exception as problem:
        number = errno_of(problem)
        if is_explained(problem) or number is None:
            raise
        kind = type(OSError(number, "")) if number else OSError
        why = os.strerror(number) if number else str(problem)
        new = error(kind, op, got=f"{thing}{shown(path)}: {why}", rule=rule, cure=_cure(number))
        new.errno = number or None
        raise new from None


def errno_of(problem: Exception) -> int | None:
    """The system's number of what went wrong, 0 if it is not known; None for what is no matter of files."""
    found = re.search(r"os error (\d+)", str(problem))  # safetensors says so in words alone
    if isinstance(problem, OSError):
        return problem.errno or int(found[1] if found else 0)
    if type(problem).__name__ in ("SafetensorError", "MemoryError"):
        return int(found[1]) if found else None
    if isinstance(problem, UnicodeEncodeError) or (isinstance(problem, ValueError) and "embedded null" in str(problem)):
        return errno.EINVAL
    return None


def _cure(number: int) -> str:
    if number in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return "make room on that disk, or choose a path on another"
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "choose another path, or change the rights with chmod"
    if number in (errno.ENOENT, getattr(errno, "ESTALE", errno.ENOENT)):
        return "see whether the folder is there and stays there, or choose another path"
    if number == errno.ENOMEM:
        return "end other programs, or raise the limit for memory (ulimit -v)"
    if number == errno.EFBIG:
        return "raise the limit for the size of files (ulimit -f), or choose another disk"
    if number in (errno.ENOTDIR, errno.EEXIST):
        return "a file stands where a folder is needed: choose another path"
    if number in (errno.EMFILE, errno.ENFILE):
        return "close files that are open, or raise the limit for their number (ulimit -n)"
    if number in (errno.ENAMETOOLONG, errno.EINVAL):
        return "choose a shorter, plainer name"
    return "see whether the disk is there and in order, or choose another path"


def check_path(op: str, path: Any) -> None:
    """Raise TypeError for what is no path: bytes, files that are open, and numbers, which Python takes for such."""
    if not isinstance(path, (str, os.PathLike)) or not isinstance(os.fspath(path), str):
        raise error(
            TypeError,
            op,
            got=reprlib.repr(path),
            rule="a path is a text or a Path",
            cure="write os.fsdecode(path) of bytes, and the name of a file that is open",
        )


def shown(path: str | os.PathLike[str]) -> str:
    """A path as a message shows it: in quotes, without control characters, and not too long."""
    return capped(repr(os.fspath(path)), 300)


def place_of(path: Path, op: str = "write") -> tuple[Path, os.stat_result | None]:
    """Where a file that is to be written really lies, and what it is now; None if it is new.

    Raises OSError, in the name of ``op``, for what is no file, and for a file that is read-only.
    """
    real = Path(os.path.realpath(path))
    kind: type[OSError] = OSError
    cure = "choose another path"
    try:
        old = os.stat(real)
    except FileNotFoundError:
        return real, None
    if stat.S_ISDIR(old.st_mode):
        kind, what = IsADirectoryError, "a folder"
    elif not stat.S_ISREG(old.st_mode):
        what = "a device, a pipe or a socket"
    elif _is_mounted(real):
        what, cure = "a file that is mounted by itself", "choose another path, or mount the folder that it lies in"
    elif not old.st_mode & 0o222 or not os.access(real, os.W_OK) or _only_grows(real):
        kind, what = PermissionError, "a file that is read-only"
        cure = "choose another path, or allow it: chmod u+w"
    elif _is_stuck(real, old):
        kind, what = PermissionError, "somebody else's file in a folder where each may replace only his own"
    else:
        return real, old
    raise error(
        kind,
        op,
        got=f"{shown(path)}, which is {what}",
        rule="a file is put in its place, as a whole",
        cure=cure,
    )


def _make_folders(path: Path, real: Path) -> None:
    """Make what is missing on the way to a file: also what ``..`` follows, or the path would not lead to the file."""
    for place in (real, path):
        place.parent.mkdir(parents=True, exist_ok=True)


def _only_grows(real: Path) -> bool:
    """Whether the file takes only what is written behind its end, as ``chattr +a`` makes it: it stays where it is."""
    try:
        os.close(os.open(real, os.O_WRONLY))
    except OSError as problem:
        return problem.errno == errno.EPERM
    return False


def _is_mounted(real: Path) -> bool:
    """Whether a file is a mount of its own, as containers bind single files: no other can take its place."""
    try:
        lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
    except OSError:  # only Linux has it
        return False
    name = re.sub(rb"[\\ \t\n]", lambda found: b"\\%03o" % found[0][0], os.fsencode(real))
    return any(line.split(b" ")[4:5] == [name] for line in lines)


def _is_stuck(real: Path, old: os.stat_result) -> bool:
    """Whether the file is somebody else's and its folder, as /tmp is, one in which only owners remove files."""
    if not hasattr(os, "geteuid"):
        return False
    folder = os.stat(real.parent)
    return bool(folder.st_mode & stat.S_ISVTX) and os.geteuid() not in (0, old.st_uid, folder.st_uid)


# ---- the file beside ------------------------------------------------------------------------------------------------


def _start(real: Path) -> str:
    """What the names of files beside begin with."""
    return f".{short(real.name)}."


def short(name: str) -> str:
    """A name with room for what is put beside it: in most file systems one has at most 255 bytes."""
    written = name.encode("utf-8", "surrogateescape")
    return name if len(written) <= 200 else written[:200].decode("utf-8", "ignore")


@contextlib.contextmanager
def _beside(real: Path, old: os.stat_result | None) -> Iterator[tuple[Path, list[int]]]:
    """A new file beside another, of this call alone, and its descriptor; it is removed if it is still there.

    It is locked (on Windows: open), by which others see that somebody is at it.
    """
    if len(os.fsencode(real.name)) > 255:
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    while True:
        new = real.with_name(f"{_start(real)}{secrets.token_hex(8)}.tmp")
        descriptor = [os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666 if old is None else 0o600)]
        try:
            if try_lock(descriptor[0]) is None or os.name == "nt" or os.fstat(descriptor[0]).st_nlink:
                yield new, descriptor
                return
        finally:
            new.unlink(missing_ok=True)
            for number in descriptor:
                os.close(number)


def _remove_strays(real: Path) -> None:
    """Remove what processes left beside that were killed while they wrote the same file."""
    pattern = re.compile(re.escape(_start(real)) + r"[0-9a-f]{16}\.tmp")
    with contextlib.suppress(OSError), os.scandir(real.parent) as entries:
        strays = [e.path for e in entries if pattern.fullmatch(e.name) and e.is_file(follow_symlinks=False)]
        for stray in strays:
            with contextlib.suppress(OSError):
                _remove_if_left(stray)


def _remove_if_left(stray: str) -> None:
    if os.name == "nt":  # who writes to it has it open, and so it cannot be removed
        return os.unlink(stray)
    descriptor = os.open(stray, os.O_RDWR)
    try:
        if try_lock(descriptor):
            os.unlink(stray)
    finally:
        os.close(descriptor)
    return None


def as_before(new: Path, place: Path, old: os.stat_result) -> None:
    """Give a new file the owner, the rights and the attributes of the one at ``place``, which it is to replace."""
    if hasattr(os, "chown") and (now := os.stat(new)) and (now.st_uid, now.st_gid) != (old.st_uid, old.st_gid):
        with contextlib.suppress(OSError):  # only root gives files away
            os.chown(new, old.st_uid, old.st_gid)
    with contextlib.suppress(FileNotFoundError):  # it was removed meanwhile
        shutil.copystat(place, new)  # who else may read it is such an attribute
    os.utime(new)
    os.chmod(new, stat.S_IMODE(old.st_mode))


def _to_disk(folder: Path) -> None:
    """Let the new name outlast a power cut, where folders can be written out."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
