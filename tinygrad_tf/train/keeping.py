"""The file of a training: nobody else's is overwritten, nobody else writes to it, and no save ends a training."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
import shutil
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from ..arguments import explained_constructor
from ..contents import safetensors_package
from ..errors import error
from ..fields import check
from ..fields import whole as whole_number
from ..files import check_writable, explained, short, shown, write_whole
from ..locks import alone_with
from ..nn import Module
from ..optim import LRScheduler, Optimizer
from ..signals import whole
from ..wording.languages import either
from .saving import FORMAT, Checkpoint, header_of, load_checkpoint, write_checkpoint
from .turns import one_by_one

T = TypeVar("T")


class _Displaced(Exception):
    """The file in whose place a checkpoint was to come is somebody else's now."""


class CheckpointFile:
    """The checkpoint of one training. Enter it for as long as the training runs.

    On entering it is checked that the training may write there: that no other training does, that the file is new or
    was read or written by this object, and that the folder takes files. Then :meth:`try_save` warns of what fails.

    Args:
        path: where the newest checkpoint is.
        overwrite: whether what is there when it is first entered may be replaced, whatever it is.
        keep: how many checkpoints are kept. Older ones lie beside, as ``NAME.step200.safetensors``; of those that are
            saved with one ``step`` there is the last. The oldest goes when the newest is whole, so a save needs room
            for one more.

    >>> import tempfile
    >>> line, folder = nn.Linear(2, 1), tempfile.mkdtemp()
    >>> with CheckpointFile(f"{folder}/line.safetensors") as file:
    ...     file.save(line, step=1)
    >>> with CheckpointFile(f"{folder}/line.safetensors") as file:  # doctest: +IGNORE_EXCEPTION_DETAIL
    ...     pass
    Traceback (most recent call last):
    FileExistsError: CheckpointFile got …, where the checkpoint of step 1 is
    """

    @explained_constructor
    def __init__(self, path: str | os.PathLike[str], overwrite: bool = False, keep: int = 1) -> None:
        check("CheckpointFile", {"keep": keep}, {"keep": whole_number(1)})
        with explained("write", path):
            self.path = Path(os.path.realpath(path))  # wherever the program goes, and links lead, it stays there
        self.overwrite, self.keep = overwrite, keep
        self.step: int | None = None  # that of the file, where it is ours
        self._ours: Any = None  # what the file looked like when we last read or wrote it
        self._digest: str | None = None  # and what it held
        self._loaded: Any = (None, None)  # on the ranks that read nothing
        self._older: dict[Path, Any] | None = None  # the kept checkpoints that are ours, oldest first, and their looks
        self._saving = False
        self._entered: list[contextlib.ExitStack] = []
        self._alone: Any = None  # says, once entered, whether the lock is still there

    def load(self) -> Checkpoint:
        """What is in the file. It may be replaced once :meth:`adopt` has said that the training goes on from it."""
        with explained("load_checkpoint", self.path, "the file can be read"):
            self._loaded = _state(self.path), _digest_of(self.path)
        return load_checkpoint(self.path)

    def adopt(self, saved: Checkpoint) -> None:
        """The training goes on from what :meth:`load` gave: the file is its own."""
        (self._ours, self._digest), self.step = self._loaded, saved.step

    def __enter__(self) -> CheckpointFile:
        with one_by_one:
            stack = contextlib.ExitStack()
            self._entered.append(stack)  # first: a handler of a signal may save while this is at it
            try:
                if len(self._entered) == 1:
                    self._begin(stack)
            except BaseException:
                self.__exit__()
                raise
        return self

    def _begin(self, stack: contextlib.ExitStack) -> None:
        safetensors_package("CheckpointFile")
        with explained("write", self.path):
            check_writable(self.path)
            self._alone = stack.enter_context(alone_with(self.path, "CheckpointFile"))
            self._check_ours()
            self._older = self._kept_before() if self._older is None else self._older

    def __exit__(self, *problem: Any) -> None:
        with one_by_one:
            self._entered[-1].close()
            self._entered.pop()

    def check_room(self, size: int) -> None:
        """Warn if there is no room for a file of about ``size`` bytes."""
        try:
            check_writable(self.path, size)
        except OSError as problem:
            _warn(
                f"there is no room for a checkpoint, of about {size:,} bytes: {problem}",
                f"没有空间存放检查点（约 {size:,} 字节）：{problem}",
            )

    def save(
        self,
        model: Module,
        optimizer: Optimizer | None = None,
        schedule: LRScheduler | None = None,
        step: int = 0,
        notes: Mapping[str, Any] | None = None,
    ) -> None:
        """Write the checkpoint, as :func:`save_checkpoint` does. What this object did not write stays as it is.

        If somebody put another there meanwhile, ``path`` is a new one from then on, as ``NAME.step200.safetensors``.
        """
        with one_by_one, explained("write", self.path):  # two threads would take each other's files for somebody's
            outer = self._saving  # whether a handler of a signal saves while it is saved
            try:
                while True:
                    if not outer:
                        self._make_way(step)
                    kept = [_digest_of(old) for old in self._older or () if self._is_ours(old)] if self.keep > 1 else []
                    check = None if outer else self._check_place
                    try:
                        write_checkpoint(self.path, model, optimizer, schedule, step, notes, kept, check)
                        break
                    except _Displaced:
                        continue
                self._ours, self._digest, self.step = _state(self.path), _digest_of(self.path), step
                self._remove_old()
            finally:
                self._saving = outer

    @whole
    def _make_way(self, step: int) -> None:
        now = _state(self.path)
        if not self._is_alone() if now is None else not self._is_mine(now):
            theirs, self.path, self._ours, now = self.path, self._free(step), None, None
            _warn(
                f"{shown(theirs)} is now somebody else's file: from step {step} on it is {shown(self.path)}",
                f"{shown(theirs)} 已经是别人的文件：从第 {step} 步起，检查点写到 {shown(self.path)}",
            )
        if now is not None and self.keep > 1 and self.step is not None and self.step != step:
            self._keep_old(self.step)
        self._saving = True

    def _is_alone(self) -> bool:
        """Whether nobody else trains where no file is: another folder may have come, with a lock of its own."""
        try:
            if self._entered and self._alone is not None and not self._alone():  # None: it is being entered
                self._alone = self._entered[0].enter_context(alone_with(self.path, "CheckpointFile"))
        except BlockingIOError:
            return False
        except OSError:  # there is no folder now, or none that takes files, as the save will say
            pass
        return True

    def _check_place(self) -> None:
        """Raise if somebody put a file there while it was saved."""
        now = _state(self.path)
        if now is not None and not self._is_mine(now):
            raise _Displaced

    def try_save(self, *args: Any) -> bool:
        """:meth:`save`, or a warning that says why not; returns whether it is saved. The old file stays."""
        try:
            self.save(*args)
        except (OSError, MemoryError) as problem:
            have = "nothing is saved yet" if self.step is None else f"the checkpoint of step {self.step} is still there"
            kept = "至今还没有存过" if self.step is None else f"第 {self.step} 步的检查点还在"
            _warn(
                f"not saved, and the training goes on; {have}; the next save tries again: {problem}",
                f"没有存成，训练继续；{kept}；下次保存时再试：{problem}",
            )
            return False
        return True

    # ---- whose file is it -------------------------------------------------------------------------------------------

    def _is_mine(self, now: Any) -> bool:
        """Whether the file is the one that we read or wrote, or holds the same: it was copied, or put back."""
        if now == self._ours:
            return True
        there = os.path.realpath(self.path) == str(self.path)  # and no link to somebody's copy
        return there and self._digest is not None and self._digest == _digest_of(self.path)

    def _check_ours(self) -> None:
        now = _state(self.path)
        if now is not None and not self.overwrite and not self._is_mine(now):
            step = step_of(self.path)
            what, go_on = "a file that no training wrote", "choose another path"
            if step is not None:
                what = f"the checkpoint of step {step}"
                go_on = "go on from it, by Trainer.resume() or by load() and adopt()"
            raise error(
                FileExistsError,
                "CheckpointFile",
                got=f"{shown(self.path)}, where {what} is",
                rule="a training overwrites only what it wrote or resumed",
                cure=f"{go_on}, or write overwrite=True to begin anew in its place",
            )
        others = {} if self.overwrite or self.keep == 1 or self._ours is not None else self._kept()
        if others:
            raise error(
                FileExistsError,
                "CheckpointFile",
                got=f"{shown(next(iter(others)))}, a checkpoint that another training kept",
                rule="a training overwrites only what it wrote or resumed",
                cure="move it away, or write overwrite=True to begin anew in its place",
            )
        if self.overwrite:
            self._ours = now
        self.overwrite = False  # what comes from now on is somebody's

    # ---- older ones -------------------------------------------------------------------------------------------------

    def _of(self, step: int | str) -> Path:
        suffix = self.path.suffix if len(self.path.suffix) <= 20 else ""
        return self.path.with_name(f"{short(self.path.name.removesuffix(suffix))}.step{step}{suffix}")

    def _free(self, step: int) -> Path:
        """A name that nobody has, beside the last one."""
        first = self._of(step)
        names = (first if i == 1 else first.with_name(f"{first.stem}-{i}{first.suffix}") for i in itertools.count(1))
        return next(to for to in names if not os.path.lexists(to))

    def _kept(self) -> dict[Path, int]:
        """The files that are called like older checkpoints of this one, and the steps that they are called after."""
        like = self._of("\0")
        pattern = re.compile(re.escape(like.name).replace("\0", "([0-9]+)"))
        there = like.parent.iterdir() if like.parent.is_dir() else ()
        found = {p: match[1] for p in there if (match := pattern.fullmatch(p.name)) and p.is_file()}
        return {p: int(found[p]) for p in sorted(found, key=lambda p: int(found[p]))}

    def _kept_before(self) -> dict[Path, Any]:
        """The older checkpoints that the training kept from which this one goes on, as its file says.

        Others that are called so are copies that somebody made, or of other trainings. A second name of the file itself
        was given by a save that was stopped.
        """
        now, kept = _look(self.path), _said(self.path, lambda header: list(header.get("kept", []))) or []
        found = {p: _look(p) for p, step in self._kept().items() if step_of(p) == step}
        return {p: look for p, look in found.items() if look == now or _digest_of(p) in kept}

    def _is_ours(self, old: Path) -> bool:
        """Whether it is the file that we kept, and not another that came in its place."""
        with contextlib.suppress(OSError):
            return self._older is not None and self._older.get(old, ()) == _look(old)
        return False

    def _keep_old(self, step: int) -> None:
        """Give the file a second name before the first one goes to a newer one."""
        old = self._of(step)
        self._older = self._older or {}
        try:
            self._check_free(old)
            old.unlink(missing_ok=True)
            try:
                os.link(self.path, old)
            except OSError:  # a disk without links
                write_whole(old, lambda beside: shutil.copy2(self.path, beside), lambda: self._check_free(old))
            self._older.pop(old, None)
            self._older[old] = _look(old)  # the newest is the last: clocks may go backwards
        except OSError as problem:
            _warn(
                f"the checkpoint of step {step} is not kept beside the newer one: {problem}",
                f"第 {step} 步的检查点没能与新的一起留下：{problem}",
            )

    def _check_free(self, old: Path) -> None:
        if os.path.lexists(old) and not self._is_ours(old):
            raise FileExistsError(
                errno.EEXIST, either(f"{shown(old)} is somebody else's file", f"{shown(old)} 是别人的文件")
            )

    def _remove_old(self) -> None:
        if self.keep > 1:
            ours = [old for old in self._older or () if self._is_ours(old)]
            for old in ours[: -(self.keep - 1)]:
                with contextlib.suppress(OSError):
                    old.unlink()


def _warn(en: str, zh: str) -> None:
    warnings.warn(either(en, zh), stacklevel=4)


def _look(path: Path) -> Any:
    """What tells a file from another that is put in its place; None where there is none."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    except OSError as problem:
        if problem.errno != errno.ELOOP:
            raise
        found = os.lstat(path)  # a link to itself is somebody's, too
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _state(path: Path) -> Any:
    """How it looks, and when it was last changed in any way: what is written into it may set its time back."""
    look = _look(path)
    with contextlib.suppress(OSError):
        return look and (*look, os.stat(path).st_ctime_ns)
    return look


def step_of(path: str | os.PathLike[str]) -> int | None:
    """The step of a checkpoint, as its header says it; None for other files. The rest is not read."""
    return _said(path, lambda header: int(header["state"]["step"]))


def _digest_of(path: str | os.PathLike[str]) -> str | None:
    return _said(path, lambda header: str(header["sha256"]))


def _said(path: str | os.PathLike[str], part: Callable[[Any], T]) -> T | None:
    safetensors_package()
    if not os.path.isfile(path):  # to open a pipe would not end
        return None
    try:
        with open(path, "rb") as file:
            header, _ = header_of(file)
        return part(header) if header["format"] in (1, FORMAT) else None
    except Exception:  # whatever it is: no checkpoint of ours
        return None
