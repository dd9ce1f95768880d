"""save and load: state dicts and other plain data in files that hold no code.

A file is in the format safetensors: the arrays by name, and, in its header, a description of the object in JSON with a
digest of the whole. A state dict has its arrays under its own names, so other programs read it, too.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import pickle
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from ..autograd import Tensor
from ..contents import (
    LARGEST_HEADER,
    Stored,
    bfloat16_of,
    digest,
    is_marked,
    raw_header,
    safetensors_header,
    safetensors_package,
    stored_in,
    write_safetensors,
)
from ..errors import error
from ..files import check_path, errno_of, explained, write_whole
from ..ops.conversion import check_device
from .packing import Arrays, pack, unpack
from .pickles import UnknownName
from .pytorch_files import OtherType, TorchScript, read_pytorch

FORMAT = 1
METADATA = "tinygrad_tf.save"
_CHECKPOINT = "tinygrad_tf"  # of train.save_checkpoint
_LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."  # what PyTorch's files began with before they were archives
_TYPES = {
    "F64": "f8", "F32": "f4", "F16": "f2", "I64": "i8", "I32": "i4", "I16": "i2", "I8": "i1", "U64": "u8", "U32": "u4",
    "U16": "u2", "U8": "u1", "BOOL": "?", "BF16": "",
}  # fmt: skip


def save(obj: Any, f: str | os.PathLike[str] | Any) -> None:
    """Write Tensors and plain data to a file, whole or not at all: ``save(model.state_dict(), "model.pt")``.

    ``obj`` is a Tensor, an array, a number, a text, bytes, None, a dtype, or a dict, list, tuple or set of such things,
    at any depth. Parameters stay Parameters, Tensors that share memory share it when they are loaded, and whole numbers
    stay keys. ``f`` is a path, whose folders are made as needed, or a file open for writing in binary.

    The file is safetensors under any name, so PyTorch reads it by the package safetensors, not by ``torch.load``. One
    that is there is replaced if it is empty, or if this function or PyTorch's wrote it; any other raises
    FileExistsError. TypeError names what cannot be saved, and its place, before anything is written. Needs the package
    safetensors.

    >>> import tempfile
    >>> path = tempfile.mkdtemp() + "/state.pt"
    >>> save({"w": Tensor([1.0, 2.0]), "epoch": 3}, path)
    >>> load(path)["epoch"]
    3
    """
    if hasattr(f, "write"):
        _check_stream("save", f, "writable")
    else:
        check_path("save", f)
    description, arrays = pack(obj)
    arrays = {name: array.copy() for name, array in arrays.items()}  # another thread may train on meanwhile
    state = {"format": FORMAT, **description}
    text = json.dumps({**state, "sha256": digest(arrays, state)})
    if len(text) > 0.9 * LARGEST_HEADER:  # the names and places of the arrays stand there, too
        raise error(
            ValueError,
            "save",
            got=f"numbers and texts that take {len(text) // 10**6} MB beside the arrays",
            rule="what is no array takes at most 90 MB",
            cure="save long lists of numbers as Tensors or arrays",
        )
    write = safetensors_package("save").numpy
    if hasattr(f, "write"):
        f.write(write.save(arrays, {METADATA: text}))
        return

    def check() -> None:
        with explained("write", f):
            _check_replaceable(Path(os.path.realpath(f)))

    check()
    write_whole(Path(f), lambda beside: write_safetensors(arrays, beside, {METADATA: text}), check)


def load(
    f: str | os.PathLike[str] | Any, map_location: Any = None, *, weights_only: bool = True, mmap: Any = None
) -> Any:
    """Read what :func:`save` wrote, what PyTorch wrote (``.pt``, ``.pth``, ``.bin``), or safetensors of others.

    Nothing in a file is executed, also with ``weights_only=False``: of PyTorch's, Tensors and plain containers are
    read, and NumPy's arrays and numbers; any other class raises UnpicklingError, which names it. There Tensors of
    bfloat16 become float32, a size becomes a tuple, a device other than the CPU a text, and attributes that were set on
    Tensors and dicts are left out. Safetensors of others give a dict of Tensors.

    ``f`` is a path, or a file open for reading in binary, which is read from where it stands. ``map_location`` may be
    "cpu", a function or a dict: Tensors come to the CPU. ``mmap`` changes nothing.

    Raises FileNotFoundError, RuntimeError for a file that was cut off or altered or is of another kind, and OSError or
    MemoryError where it cannot be read here.
    """
    places = map_location.values() if isinstance(map_location, dict) else [map_location]
    for place in places:
        check_device("load", None if callable(place) else place)
    with explained("load", _called(f), "the file can be read"), _opened(f) as (file, path):
        head = file.read(265)
        file.seek(0)
        if head[:4] == b"PK\x03\x04":
            return _of_pytorch(file, path)
        if head[8:9] == b"{":
            return _of_safetensors(file, path, not hasattr(f, "read"))
        raise _of_no_kind(head, path)


def _check_stream(op: str, f: Any, able: str) -> None:
    """Raise TypeError for a file that is open as text, UnsupportedOperation for one that is open the other way."""
    as_text, mode = isinstance(f, io.TextIOBase), "wb" if op == "save" else "rb"
    if not as_text and (not isinstance(f, io.IOBase) or f.closed or getattr(f, able)()):
        return
    raise error(
        TypeError if as_text else io.UnsupportedOperation,
        op,
        got="a file that is open as text" if as_text else f"a file that is not {able}",
        rule="it writes bytes" if op == "save" else "it reads bytes",
        cure=f'write open(path, "{mode}"), or give the path itself',
    )


@contextlib.contextmanager
def _opened(f: Any) -> Iterator[tuple[BinaryIO, str]]:
    """A file that begins at 0 and can be read anywhere, and what to call it."""
    if not hasattr(f, "read"):
        check_path("load", f)
        if not os.path.isfile(f):
            raise error(
                FileNotFoundError,
                "load",
                got=f"{str(f)!r}, where there is no file",
                rule="it reads a file that save, PyTorch or safetensors wrote",
                cure="give the path that it was saved to",
            )
        with open(f, "rb") as file:
            yield file, _called(f)
        return
    _check_stream("load", f, "readable")
    at_start = hasattr(f, "seek") and f.tell() == 0
    yield (f if at_start else io.BytesIO(f.read())), _called(f)


def _called(f: Any) -> str:
    """What a file is called in messages."""
    return str(getattr(f, "name", "the file")) if hasattr(f, "read") else str(f)


# ---- PyTorch's ------------------------------------------------------------------------------------------------------


def _of_pytorch(file: BinaryIO, path: str) -> Any:
    """What an archive of torch.save holds."""
    kind: type[Exception] = RuntimeError
    try:
        return read_pytorch(file)
    except UnknownName as unknown:
        got = f"{path!r}, which holds {str(unknown)[:200]}"
        rule, kind = "Tensors and plain data are read; an object of a class could run code", pickle.UnpicklingError
        cure = "in PyTorch, save the state alone: torch.save(model.state_dict(), path); vars(args) for arguments"
    except OtherType as other:
        got = f"{path!r}, which holds Tensors of {other}"
        rule = "Tensors are of booleans, whole numbers and floats that NumPy has, or bfloat16"
        cure = "in PyTorch, convert them before they are saved: t.float()"
    except TorchScript:
        got = f"{path!r}, which is a program of TorchScript"
        rule = "files of torch.save are read, which hold data alone"
        cure = "in PyTorch: torch.save(torch.jit.load(path).state_dict(), path)"
    except Exception as problem:  # of zipfile, pickletools, NumPy: whatever an altered file brings about
        _check_system(problem)
        raise _damaged(path, problem) from None
    raise error(kind, "load", got=got, rule=rule, cure=cure) from None


def _of_no_kind(head: bytes, path: str) -> Exception:
    """The error for a file that is of none of the kinds that are read."""
    old = head.startswith(_LEGACY) or head[257:262] == b"ustar"
    if old or head[:1] == b"\x80":
        return error(
            RuntimeError,
            "load",
            got=f"{path!r}, " + ("a file of PyTorch before 1.6" if old else "a pickle"),
            rule="pickles could run code and are not opened; later files of PyTorch are archives, which can be read",
            cure="in PyTorch: torch.save(torch.load(path), path)" if old else "save it by save(obj, path)",
        )
    return error(
        RuntimeError,
        "load",
        got=f"{path!r}, which begins with {head[:8]!r}",
        rule="it reads files that save, PyTorch or safetensors wrote",
        cure="give the path of such a file; one that was cut off must be saved or downloaded again",
    )


def _check_system(problem: Exception) -> None:
    """Raise it again if the system refused what it would have of a whole file, too: memory, a disk that is gone."""
    if isinstance(problem, MemoryError) or errno_of(problem) not in (None, 0, errno.EINVAL):
        raise problem


def _damaged(path: str, problem: Exception) -> Exception:
    why = " ".join(str(problem).split())[:200] or type(problem).__name__
    return error(
        RuntimeError,
        "load",
        got=f"{path!r}, which is damaged",
        rule=f"a file is as it was written; here {why}",
        cure="save or download it again, or use an older copy",
    )


# ---- safetensors ----------------------------------------------------------------------------------------------------


def _of_safetensors(file: BinaryIO, path: str, is_path: bool) -> Any:
    """What save wrote, or the Tensors by name that another program did."""
    package = safetensors_package("load")
    before = _stamp(file) if is_path else None
    try:
        types, arrays = _arrays(package, file, path if is_path else None)
        changed = is_path and _stamp(file) != before
        file.seek(0)
        metadata = raw_header(file).get("__metadata__") or {}
        other = next((kind for kind in types.values() if kind not in _TYPES), None)
        if other is None and METADATA in metadata:
            state = json.loads(metadata[METADATA])
            sum_of_all = state.pop("sha256")
            if state["format"] != FORMAT:
                raise ValueError(f"its format is {state['format']}; this version of the package reads {FORMAT}")
            if sum_of_all != digest(arrays, state):
                raise ValueError("its content does not fit the digest that was saved with it")
            return unpack(state, arrays)
        if _CHECKPOINT not in metadata and any(text.startswith('{"format": ') for text in metadata.values()):
            raise ValueError("the name of its description is another")
    except Exception as problem:  # of safetensors, json, NumPy: whatever an altered file brings about
        _check_system(problem)
        raise _damaged(path, problem) from None
    if other is not None:
        raise error(
            RuntimeError,
            "load",
            got=f"{path!r}, which holds Tensors of {other}",
            rule="Tensors are of booleans, whole numbers and floats that NumPy has, or bfloat16",
            cure="convert them to float32 before they are saved",
        )
    if _CHECKPOINT in metadata:
        raise error(
            ValueError,
            "load",
            got=f"{path!r}, a checkpoint of save_checkpoint",
            rule="a checkpoint holds a model, an optimiser and a schedule, not one object",
            cure="write train.load_checkpoint(path).restore(model, optimizer)",
        )
    if changed:  # others give no digest, by which half of two files would show
        raise error(
            RuntimeError,
            "load",
            got=f"{path!r}, which was changed while it was read",
            rule="a file is read as one save left it",
            cure="read it again when the other process has ended",
        )
    return {name: Tensor.wrap(array) for name, array in arrays.items()}


def _stamp(file: BinaryIO) -> tuple[int, int]:
    """What changes where somebody writes into a file that is open."""
    found = os.fstat(file.fileno())
    return found.st_size, found.st_mtime_ns


def _arrays(package: Any, file: BinaryIO, path: str | None) -> tuple[dict[str, str], Arrays]:
    """The types and the arrays of a safetensors file by name; what NumPy does not have is missing among the arrays."""
    types: dict[str, str] = {}
    arrays: Arrays = {}
    for name, kind, shape, content in _contents(package, file, path):
        types[name] = kind
        if kind == "BF16":
            arrays[name] = bfloat16_of(content).reshape(shape)
        elif kind == "BOOL":
            arrays[name] = (np.frombuffer(content, np.uint8) != 0).reshape(shape)  # any other byte would be neither
        elif kind in _TYPES:
            arrays[name] = np.frombuffer(content, f"<{_TYPES[kind]}").astype(_TYPES[kind], copy=False).reshape(shape)
    return types, arrays


def _contents(package: Any, file: BinaryIO, path: str | None) -> Iterator[Stored]:
    """The arrays of a safetensors file, after its header was checked."""
    if path is None:
        for name, entry in package.deserialize(file.read()):
            yield Stored(name, entry["dtype"], entry["shape"], entry["data"])
        return
    yield from stored_in(file, safetensors_header(file))


# ---- what may be replaced -------------------------------------------------------------------------------------------


def _check_replaceable(path: Path) -> None:
    """Raise if something is there that neither save nor PyTorch wrote."""
    if not os.path.lexists(path):
        return
    if not path.is_file() or not _is_ours(path):
        what = "a folder" if path.is_dir() else "a file of another kind"
        raise error(
            FileExistsError,
            "save",
            got=f"{str(path)!r}, where there is {what}",
            rule="it replaces only files that it or PyTorch's save wrote, so that nothing else is lost",
            cure="give another path, or remove what is there first",
        )


def _is_ours(path: Path) -> bool:
    """Whether save or torch.save wrote a file, or it is empty."""
    with open(path, "rb") as file:
        head = file.read(len(_LEGACY))
        file.seek(0)
        try:
            if head[:4] == b"PK\x03\x04":
                return any(name.endswith("/data.pkl") for name in zipfile.ZipFile(file).namelist())
            known = not head or head == _LEGACY
            return known or (head[8:9] == b"{" and is_marked(file, METADATA))
        except Exception:  # whatever a file that is not of these kinds brings about
            return False
