"""Writing a folder as a whole: a save that is stopped anywhere leaves the old model or the new one, never a mixture.

The new files are written beside their places, as ``.NAME.ID.new``. When all are on the disk, a note takes its place in
the folder, ``.save_pretrained.json``: from then on they count, and whoever reads the folder by this package looks at
them first. Then each moves to its place, config.json last, so that other programs, which do not know the note, find no
model rather than half of one; and the note goes. A save that finds a note finishes what it says.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from ..contents import raw_header
from ..errors import error
from ..files import as_before, explained, place_of, shown
from ..locks import try_lock

CONFIG, INDEX = "config.json", "model.safetensors.index.json"
NOTE, SUMS = ".save_pretrained.json", "SHA256SUMS"
_OURS = "tinygrad_tf"  # how that begins which checkpoints and save() put into a header's metadata
_OF_CONFIGS = {"model_type", "architectures", "hidden_size", "n_embd"}  # one of which each config.json of a model has
_NOTE = 1_000_000  # bytes of a note, at most
_STRAY = re.compile(r"\.(.+\.(safetensors|json)|SHA256SUMS)\.[0-9a-f]{16}\.new|\.\.save_pretrained\.json\..+\.tmp")


def write_folder(path: Path, files: Mapping[str, Callable[[Path], Any]], gone: list[str], sums: bool) -> None:
    """Write ``files``, by their names, and take those away that are ``gone``: all of it, or nothing.

    The shards of the model that is there go, too, as its index names them.

    Each is a function that writes to the path it is given, in this order. With ``sums``, or where there is one, a file
    SHA256SUMS has their digests. Raises OSError, or one of its kinds, where the folder cannot be written to; what was
    there before is there then.
    """
    with explained("save_pretrained", path, "the folder can be written to", "the folder "):
        path = Path(os.path.realpath(path))  # a link may lead elsewhere before this ends
        path.mkdir(parents=True, exist_ok=True)
        with _alone(path) as folder:
            finish(folder)
            for stray in [file for file in path.iterdir() if _STRAY.fullmatch(file.name)]:
                stray.unlink()  # of a save that was stopped before its files counted
            number, files = secrets.token_hex(8), dict(files)
            gone = [*gone, *(name for name in _shards(path) if name not in files)]
            if sums or (path / SUMS).exists():
                files[SUMS] = lambda beside: beside.write_bytes(_sums(path, number, list(files)[:-1], gone))
            for name in (*files, *gone):
                place_of(path / name, "save_pretrained")
                _check_ours(path / name)
            note = {"id": number, "files": list(files), "gone": gone, "before": _digest(path / CONFIG)}
            if len(json.dumps(note)) > _NOTE:
                raise error(
                    ValueError,
                    "save_pretrained",
                    got=f"{len(files)} files",
                    rule=f"their names fit a note of {_NOTE} bytes, by which a save is finished that was stopped",
                    cure="write a larger max_shard_size, so that there are fewer",
                )
            _place(folder, number, files, note)


def _check_ours(file: Path) -> None:
    """Raise FileExistsError for a file that is no part of a model: a training's checkpoint, another program's file."""
    if not os.path.isfile(file) or os.path.getsize(file) == 0 or file.suffix not in (".json", ".safetensors"):
        return
    what = "no part of a model"
    if file.suffix == ".json":
        good = file.name != CONFIG or bool((_object(file, json.load) or {}).keys() & _OF_CONFIGS)
    else:
        header = _object(file, raw_header)
        good, metadata = header is not None, (header or {}).get("__metadata__")
        if isinstance(metadata, dict) and any(name.startswith(_OURS) for name in metadata):
            good, what = False, "what a training, or save(), wrote"
    if not good:
        raise error(
            FileExistsError,
            "save_pretrained",
            got=f"{shown(file)}, which is {what}",
            rule="it replaces only models, so that nothing else is lost",
            cure="choose another folder, or move that file away",
        )


def _object(file: Path, read: Callable[[BinaryIO], Any]) -> dict[str, Any] | None:
    """The object that is read from a file; None for anything else."""
    with open(file, "rb") as opened:
        try:
            found = read(opened)
        except (ValueError, RecursionError):
            return None
    return found if isinstance(found, dict) else None


def _shards(path: Path) -> list[str]:
    """The shards of the model that is in the folder."""
    if not os.path.isfile(path / INDEX):
        return []
    try:
        names = set(json.loads((path / INDEX).read_bytes())["weight_map"].values())
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):  # another program's, or damaged
        return []
    ours = [name for name in names if re.fullmatch(r"model-[0-9]{5}-of-[0-9]{5}\.safetensors", str(name))]
    return sorted(name for name in ours if os.path.isfile(path / name))


def _place(folder: OpenFolder, number: str, files: Mapping[str, Callable[[Path], Any]], note: dict[str, Any]) -> None:
    """Write the files beside their places, then the note, then bring them to their places."""
    path = folder.path
    noted: dict[str, Callable[[Path], Any]] = {NOTE: lambda beside: beside.write_text(json.dumps(note), "utf-8")}
    try:
        for name, write in {**files, **noted}.items():
            beside = path / _beside(name, number)
            write(beside)
            with open(beside, "rb+") as file:
                os.fsync(file.fileno())
            if (path / name).exists():
                as_before(beside, path / name, os.stat(path / name))
        for name in files:
            folder.check(_beside(name, number))  # another folder may have stood at the path for a while
        for name in (*files, *note["gone"]):
            _check_ours(path / name)  # again: writing takes its time, and a training may have saved here
        folder.move(_beside(NOTE, number), NOTE)
    except BaseException:
        if not folder.has(NOTE):
            for name in (*files, NOTE):
                (path / _beside(name, number)).unlink(missing_ok=True)
        raise
    finish(folder, note)


class OpenFolder(NamedTuple):
    """A folder that is open: what is done here is done in it, wherever its path leads meanwhile."""

    path: Path
    opened: int | None = None  # its descriptor, where there are such

    def _of(self, name: str) -> Any:
        return self.path / name if self.opened is None else name

    def check(self, name: str) -> None:
        """Raise FileNotFoundError if there is no such file."""
        os.stat(self._of(name), dir_fd=self.opened)

    def has(self, name: str) -> bool:
        try:
            return stat.S_ISREG(os.stat(self._of(name), dir_fd=self.opened).st_mode)
        except OSError as problem:
            if problem.errno not in (errno.ENOENT, errno.ENAMETOOLONG):  # what cannot be seen is not taken for moved
                raise
            return False

    def move(self, name: str, to: str) -> None:
        os.replace(self._of(name), self._of(to), src_dir_fd=self.opened, dst_dir_fd=self.opened)

    def remove(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._of(name), dir_fd=self.opened)

    def to_disk(self) -> None:
        """Let what has moved outlast a power cut, where folders can be written out."""
        if self.opened is not None:
            with contextlib.suppress(OSError):
                os.fsync(self.opened)


def _sums(path: Path, number: str, names: list[str], gone: list[str]) -> bytes:
    """The lines of SHA256SUMS for the new files, and those for files of others as they were."""
    others: list[str] = []
    if (path / SUMS).is_file():
        lines = lines_of((path / SUMS).read_bytes().decode("utf-8", "surrogateescape"))  # others' names: any bytes
        others = [line for line in lines if line[66:].removeprefix("./") not in {*names, *gone}]
    lines = [*others, *(f"{sha256(path / _beside(name, number))}  {name}" for name in names)]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")


def lines_of(sums: str) -> list[str]:
    """The lines of a file SHA256SUMS: names may have what Python takes for the end of a line, but for that of Unix."""
    return [line.removesuffix("\r") for line in sums.removesuffix("\n").split("\n")] if sums else []


def sha256(file: Path) -> str:
    """The digest of a file, as the program sha256sum prints it."""
    with open(file, "rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _digest(file: Path) -> str | None:
    """The digest of a file, None where there is none."""
    try:
        return sha256(file) if os.path.isfile(file) else None
    except OSError:  # it is gone meanwhile, or may not be read
        return None


def finish(folder: OpenFolder, note: dict[str, Any] | None = None) -> None:
    """Bring the files of a save whose note is there to their places."""
    note = note or read_note(folder.path)
    if note is None or not folder.has(NOTE):
        return
    waiting = {name: _beside(name, note["id"]) for name in note["files"]}
    if CONFIG in waiting and folder.has(waiting[CONFIG]):
        folder.to_disk()
        folder.remove(CONFIG)
    for name in note["gone"]:
        folder.remove(name)
    for name, beside in sorted(waiting.items(), key=lambda item: item[0] == CONFIG):  # it is the last
        if folder.has(beside):
            folder.move(beside, name)
    folder.remove(NOTE)
    folder.to_disk()


def read_note(path: Path) -> dict[str, Any] | None:
    """The note of a save that was not finished, None if there is none."""
    if not os.path.isfile(path / NOTE):
        if os.path.lexists(path / NOTE):
            raise no_file(path / NOTE)
        return None
    try:
        with open(path / NOTE, "rb") as file:
            note = json.loads(file.read(_NOTE + 1))
        names = [*note["files"], *note["gone"]]
        good = re.fullmatch("[0-9a-f]{16}", note["id"]) and all(is_name(name) for name in names)
    except FileNotFoundError:  # the save has come to its end meanwhile
        return None
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        good = None
    if not good:
        raise error(
            ValueError,
            "from_pretrained",
            got=f"{str(path / NOTE)!r}, which is damaged",
            rule="it is the note of a save that was stopped, with the names of its files",
            cure="save the model again into a new folder, or download it again",
        )
    return _as_it_stands(path, note)


def _as_it_stands(path: Path, note: dict[str, Any]) -> dict[str, Any]:
    """A note with what is still to be done. Raises ValueError where somebody put another config.json there since.

    Once a file has moved, there is none until its own comes, the last; before, it is the old one. A save may be at it
    while this looks: what waits is looked at first, and that config.json still waits, last.
    """
    waiting = [name for name in note["files"] if os.path.isfile(path / _beside(name, note["id"]))]
    there = _digest(path / CONFIG)
    others = there is not None and (len(waiting) < len(note["files"]) or there != note.get("before", there))
    if others and CONFIG in note["files"] and os.path.isfile(path / _beside(CONFIG, note["id"])):
        raise error(
            ValueError,
            "from_pretrained",
            got=f"{str(path)!r}, into which another program wrote after a save that was stopped",
            rule="all files of a folder are of one model, and some of the stopped save's are still to come",
            cure=f"to keep what the other program wrote, remove {NOTE} and .*.new; else save into a new folder",
        )
    return {**note, "gone": note["gone"] if waiting else []}  # at the end they are gone, and what is there is another's


def places(path: Path) -> Callable[[str], Path | None]:
    """A function from the name of a file to where it lies now, None if there is no such file."""
    note = read_note(path) or {"id": "", "files": [], "gone": []}

    def place(name: str) -> Path | None:
        found = path / name
        if name in note["files"]:
            beside = path / _beside(name, note["id"])
            found = beside if os.path.isfile(beside) else found
        elif name in note["gone"]:
            return None
        if os.path.isfile(found):
            return found
        if os.path.lexists(found):  # a fifo, a device, a loop of links: reading it would not end
            raise no_file(found)
        return None

    return place


def no_file(path: Path) -> FileNotFoundError:
    return error(
        FileNotFoundError,
        "from_pretrained",
        got=f"{str(path)!r}, which is no file",
        rule="a folder holds files, or links that lead to files",
        cure="take away what is there, and download or save the file again",
    )


def is_name(name: Any) -> bool:
    """Whether it names a file in a folder itself, not in another one."""
    return isinstance(name, str) and name not in ("", ".", "..") and not re.search(r"[/\\\0]", name)


def _beside(name: str, number: str) -> str:
    return f".{name}.{number}.new"


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[OpenFolder]:
    """A context manager in which no other process, or thread, writes to the folder, and which opens it.

    A dead one holds nobody up.
    """
    if os.name == "nt":  # there a folder cannot be opened
        yield OpenFolder(path)
        return
    opened = os.open(path, os.O_RDONLY)
    try:
        if try_lock(opened) is False:
            raise error(
                BlockingIOError,
                "save_pretrained",
                got=f"{shown(path)}: another process saves into it now",
                rule="one save at a time writes to a folder",
                cure="wait until the other has ended, or choose another folder",
            )
        yield OpenFolder(path, opened)
    finally:
        os.close(opened)
