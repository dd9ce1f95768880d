"""Reading a folder in Hugging Face's format: its JSON files, and the tensors of its safetensors files.

Nothing in such a folder is executed, and nothing of it is believed: before memory is taken, names, shapes and sizes are
held against each other. What describes the numbers may not take much more room than they do.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..contents import bfloat16_of, json_of, safetensors_header
from ..errors import error, shown
from ..files import explained
from ..wording.languages import either
from .placing import CONFIG, INDEX, NOTE, SUMS, is_name, lines_of, places, sha256

WEIGHTS = "model.safetensors"
_FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}  # NumPy has no bfloat16
_DESCRIPTION = 500_000  # bytes of JSON that are read in any case; more of it must describe as many numbers
_PIECE = 1 << 18  # so many numbers are read at once

#: What save_pretrained writes into the header of each file of weights, by which halves of two models are told apart:
#: the digests of config.json, and of all numbers together. The other JSON files have that as well.
OF_CONFIG, OF_MODEL = "config_sha256", "model_sha256"

Digests = str | Mapping[str, str] | None


class Entry(NamedTuple):
    """One tensor of a folder: what it is called in its file, its shape there, its type, and where it begins."""

    file: Path
    name: str
    shape: tuple[int, ...]
    dtype: str
    start: int


class Folder:
    """The files of a folder, each held against its SHA-256 digest where there is one.

    ``digests`` is a dict from files to digests, or the digest of the weights where they are one file. A file SHA256SUMS
    in the folder, as the program sha256sum writes it, counts as well.
    """

    def __init__(self, path: Path, digests: Digests = None) -> None:
        path = Path(os.path.realpath(path))  # a link may lead elsewhere before all is read
        with contextlib.suppress(FileNotFoundError, NotADirectoryError), reading(path):
            os.stat(os.path.join(path, "."))  # in a folder that may not be entered there seem to be no files
        self.path, self.place = path, places(path)
        self.digests = self._digests(digests)
        self.stamps: dict[str, Any] = {NOTE: _stamp(path / NOTE)}
        self.described: str | None = None  # the digest of what config.json says
        self.belongs: dict[str, dict[str, Any]] = {}  # what the files say of what they are parts of
        self.of_model: dict[str, Any] = {}  # and the JSON files of settings, which one may have changed
        for name in digests if isinstance(digests, Mapping) else ():  # those that are not read below, too
            self.file(name, "give digests of files that are there")

    def has(self, name: str) -> bool:
        return self.place(name) is not None

    def file(self, name: str, cure: str) -> Path:
        """Where a file lies. Raises FileNotFoundError if it is missing, ValueError if its digest is another."""
        found = self.place(name)
        if found is None:
            raise error(
                FileNotFoundError,
                "from_pretrained",
                got=f"no file {shown(str(self.path / name), 200)}",
                rule="a model's folder has config.json beside the weights, and all files that an index names",
                cure=cure,
            )
        if name not in self.stamps:
            self.stamps[name] = _stamp(found)
            with reading(found):
                good = name not in self.digests or sha256(found) == self.digests[name]
            if not good:
                raise error(
                    ValueError,
                    "from_pretrained",
                    got=f"{str(found)!r}, which is damaged, or another file",
                    rule=f"its SHA-256 digest is {self.digests[name]}",
                    cure=f"download or save it again; if the change is meant, correct the digest or take {SUMS} away",
                )
        return found

    def json(self, name: str, described: int = 0) -> dict[str, Any]:
        """A JSON file that holds an object, and describes so many bytes of numbers."""
        file = self.file(name, "give the path of the folder that holds config.json")
        with reading(file):
            if file.stat().st_size > _DESCRIPTION + described // 10:
                raise damaged(file, "its size is that of a description, not of numbers")
            written = file.read_bytes()
        try:
            content = json_of(written.decode("utf-8"))
        except (ValueError, RecursionError) as problem:
            raise damaged(file, f"it is JSON; here {shown(str(problem), 200)}") from None
        if not isinstance(content, dict):
            raise damaged(file, "it holds an object {…}")
        if name == CONFIG:
            self.described = digest_of(content)
        else:
            self.of_model[name] = content.pop(OF_MODEL, None)
        return content

    def entries(self) -> dict[str, Entry]:
        """All tensors by name, without their values."""
        files, places = [WEIGHTS], None
        if self.has(INDEX):
            places = self._weight_map()
            shards = sorted(set(places.values()))
            if self.has(WEIGHTS) and any(map(self.has, {*shards} - {WEIGHTS})):
                raise error(
                    ValueError,
                    "from_pretrained",
                    got=f"{str(self.path)!r} with {WEIGHTS}, and with the shards that {INDEX} names",
                    rule="a folder holds the weights of one model, and of two none says which config.json is of",
                    cure="take away what is of the other: that file, or the index with its shards",
                )
            files, places = ([WEIGHTS], None) if self.has(WEIGHTS) else (shards, places)
        elif not self.has(WEIGHTS):
            raise error(
                FileNotFoundError,
                "from_pretrained",
                got=f"{str(self.path)!r} without {WEIGHTS} and {INDEX}",
                rule="weights are read from safetensors files; pickles (.bin, .pt) could run code and are not opened",
                cure="download model.safetensors, or write model.save_pretrained(folder) in transformers",
            )
        found: dict[str, Entry] = {}
        for name in files:
            if self.has(SUMS) and name not in self.digests:
                raise error(
                    ValueError,
                    "from_pretrained",
                    got=f"{str(self.path / SUMS)!r}, without {shown(name)}",
                    rule="digests are compared for all weights, which it names without their folder",
                    cure=f"write it inside the folder, sha256sum * > {SUMS}, or take it away",
                )
            header, self.belongs[name] = _header(
                self.file(name, "download all files that the index names into this folder")
            )
            for entry in header:
                if places is None or places.get(entry.name) == name:
                    found[entry.name] = entry
        absent = [name for name in places or () if name not in found]
        if absent:
            raise damaged(
                self.path / INDEX, f"it names {shown(absent[0])} and {len(absent) - 1} more that the files do not hold"
            )
        self._check_of_one_save([*files, INDEX] if places is not None else files)
        return found

    def _check_of_one_save(self, names: list[str]) -> None:
        of = {name: self.belongs[name].get(OF_MODEL) for name in names}
        other = next((name for name in names if of[name] != of[names[0]]), None)
        if other is not None:
            raise error(
                ValueError,
                "from_pretrained",
                got=f"{str(self.path)!r}, in which {shown(names[0])} and {shown(other)} are of two saves",
                rule="all files of a folder are of one model",
                cure="copy all files of one model into an empty folder, or save it again",
            )

    def _check_config(self) -> None:
        """Warn if config.json, or another file of settings, is not the one that was saved with the weights."""
        said = {CONFIG: (OF_CONFIG, self.described)}
        said |= {name: (OF_MODEL, of) for name, of in self.of_model.items() if of is not None}
        weights = [each for name, each in self.belongs.items() if name != INDEX]  # which may lead nowhere
        for name, (kind, of) in said.items():
            if all(each.get(kind) in (None, of) for each in weights):
                continue
            place = shown(str(self.path / name))
            warnings.warn(
                either(
                    f"{place} is not the one that was saved with the weights: it was changed since, or is of another "
                    "model; if the change is meant, save the model again",
                    f"{place} 不是和权重一起保存的那个：它后来被改过，或属于别的模型；若有意修改，请把模型重新保存",
                ),
                stacklevel=5,
            )

    def _weight_map(self) -> dict[str, str]:
        """The file of each tensor, as the index says."""
        with reading(self.path):
            stamps = [_stamp(f) for f in self.path.iterdir() if f.suffix in (".safetensors", ".new")]
        sizes = [stamp[2] for stamp in stamps if stamp]  # some may go meanwhile, and links lead nowhere
        index = self.json(INDEX, sum(sizes))
        found, about = index.get("weight_map"), index.get("metadata")
        self.belongs[INDEX] = about if isinstance(about, dict) else {}
        if not isinstance(found, dict) or not all(map(is_name, found.values())):
            raise damaged(self.path / INDEX, "weight_map gives, for each tensor, a file in the same folder")
        return found

    @contextlib.contextmanager
    def unchanged(self) -> Iterator[None]:
        """A context manager that raises RuntimeError if a file was replaced in it: what was read may be of two models.

        That is then the reason for whatever else went wrong, as a file that was gone.
        """
        try:
            yield
        except Exception:
            self._check_unchanged()
            raise
        self._check_unchanged()
        self._check_config()

    def _check_unchanged(self) -> None:
        for name, stamp in self.stamps.items():
            if _stamp(self.path / name if name == NOTE else self.place(name)) != stamp:
                raise error(
                    RuntimeError,
                    "from_pretrained",
                    got=f"{str(self.path / name)!r}, which was changed while it was read",
                    rule="all files of a folder are read as one save left them",
                    cure="read it again when the other process has ended",
                )

    def _digests(self, given: Digests) -> dict[str, str]:
        found: dict[str, str] = {}
        sums = self.place(SUMS)
        if sums is not None:
            with reading(sums), open(sums, "rb") as file:
                content = file.read(_DESCRIPTION + 1)
            lines = lines_of(content.decode("utf-8", "replace"))
            matches = [re.fullmatch(r"\\?([0-9a-fA-F]{64}) [ *](.+)", line, re.DOTALL) for line in lines]
            pairs = {(match[2].removeprefix("./"), match[1].lower()) for match in matches if match}
            found = dict(pairs)
            if not all(matches) or len(found) < len(pairs) or len(content) > _DESCRIPTION:
                raise damaged(sums, "each line has a digest, two spaces, and the name of a file, which has one digest")
        own = {WEIGHTS: given} if given is not None and not isinstance(given, Mapping) else dict(given or {})
        for name, said in own.items():
            if (
                not isinstance(said, str)
                or not re.fullmatch("[0-9a-fA-F]{64}", said)
                or not (is_name(name) and self.has(name))
            ):
                raise error(
                    ValueError,
                    "from_pretrained",
                    got=f"sha256 {shown(said, 80)} for {shown(name)}",
                    rule="it is a digest of 64 hexadecimal digits, or a dict of them, for files that are in the folder",
                    cure="write sha256={…} with what `sha256sum *` says of the files",
                )
        return found | {name: said.lower() for name, said in own.items()}


def _stamp(file: Path | None) -> Any:
    try:
        found = os.stat(file)  # type: ignore[arg-type]
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns  # mtime may be set
    except (OSError, TypeError):
        return None


def digest_of(settings: Mapping[str, Any]) -> str | None:
    """The digest of what config.json says, however it is written there; None for what is nested too deep."""
    try:
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
    except RecursionError:
        return None


def _header(file: Path) -> tuple[list[Entry], dict[str, Any]]:
    """The tensors of a file, and what else its header says."""
    with reading(file), open(file, "rb") as opened:
        try:  # most: what describes the numbers
            header = safetensors_header(opened, _DESCRIPTION + os.fstat(opened.fileno()).st_size // 10)
        except (ValueError, RecursionError) as problem:
            raise damaged(file, f"it is a safetensors file; here {shown(str(problem), 200)}") from None
        start = opened.tell()
    metadata = header.pop("__metadata__", None) or {}
    entries = [
        Entry(file, name, tuple(entry["shape"]), entry["dtype"], start + entry["data_offsets"][0])
        for name, entry in header.items()
    ]
    return entries, metadata


def check_type(entry: Entry) -> None:
    """Raise unless the numbers of a tensor can be read."""
    if entry.dtype not in _FLOATS:
        raise error(
            ValueError,
            "from_pretrained",
            got=f"{shown(entry.name)} of type {entry.dtype}",
            rule=f"weights are floats: {', '.join(_FLOATS)}",
            cure="download weights that are not quantised, as float32, float16 or bfloat16",
        )


def read(entry: Entry, transposed: bool = False, dtype: Any = np.float32) -> np.ndarray[Any, Any]:
    """The values of a tensor, read piece by piece, so that memory is taken once."""
    made = np.empty(entry.shape[::-1] if transposed else entry.shape, dtype)
    rows = made.T if transposed else made.reshape(-1, 1)
    step, stored = max(1, _PIECE // max(1, rows.shape[1])), np.dtype(_FLOATS[entry.dtype])
    with reading(entry.file), open(entry.file, "rb") as file:
        file.seek(entry.start)
        for at in range(0, len(rows), step):
            piece = rows[at : at + step]
            content = file.read(piece.size * stored.itemsize)
            if len(content) != piece.size * stored.itemsize:
                raise damaged(entry.file, "it is whole; here it ends early")
            numbers = bfloat16_of(content) if entry.dtype == "BF16" else np.frombuffer(content, stored)
            piece[...] = numbers.reshape(piece.shape)
    return made


def reading(file: Path) -> contextlib.AbstractContextManager[None]:
    """A context manager in which what the system refuses is explained, and not taken for damage."""
    return explained("from_pretrained", file, "the files of the folder can be read")


def damaged(file: Path, why: str) -> ValueError:
    return error(
        ValueError,
        "from_pretrained",
        got=f"{str(file)!r}, which is damaged",
        rule=why,
        cure="download or save it again",
    )
