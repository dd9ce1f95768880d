"""What files hold: arrays in the format safetensors, JSON, and the digest of both."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from .errors import error

#: What the format calls NumPy's types, in the order in which the package writes them.
_KINDS = {
    "u8": "U64", "i8": "I64", "f8": "F64", "f4": "F32", "u4": "U32", "i4": "I32",
    "f2": "F16", "u2": "U16", "i2": "I16", "i1": "I8", "u1": "U8", "b1": "BOOL",
}  # fmt: skip
LARGEST_HEADER = 100_000_000  # bytes, which safetensors reads


def safetensors_package(op: str = "checkpoint") -> Any:
    """The package safetensors, or an error that says how to install it."""
    try:
        import safetensors.numpy
    except ImportError:
        raise error(
            ImportError,
            op,
            got="no package safetensors",
            rule="what is saved is a safetensors file",
            cure='pip install "tinygrad_tf[train]"',
        ) from None
    return safetensors


def bfloat16_of(content: bytes | bytearray) -> np.ndarray[Any, Any]:
    """Numbers of bfloat16, little end first, as float32, which is exact: they are the upper halves of float32.

    >>> bfloat16_of(bytes([0x80, 0x3F, 0x00, 0xC0])).tolist()
    [1.0, -2.0]
    """
    upper = np.frombuffer(content, "<u2").astype(np.uint32)
    upper <<= np.uint32(16)
    return upper.view(np.float32)


def safetensors_header(file: BinaryIO, path: str | os.PathLike[str], most: int | None = None) -> dict[str, Any]:
    """The header of a safetensors file that is open for reading, after the package has checked it and all places.

    Numbers begin where the file stands then. They are read from there by whoever needs them: the package cannot say
    that there is no memory for them, it ends the process. Raises ValueError, or what the package raises.
    """
    length = int.from_bytes(file.read(8), "little")
    if length > (os.fstat(file.fileno()).st_size if most is None else most):
        raise ValueError(f"a header of {length} bytes")
    with safetensors_package().safe_open(os.fspath(path), framework="numpy"):
        return dict(json_of(file.read(length)))


def raw_header(file: BinaryIO) -> Any:
    """The header of what may be a safetensors file, unchecked: a damaged one says whose it is, too."""
    return json.loads(file.read(min(int.from_bytes(file.read(8), "little"), LARGEST_HEADER)))


def write_safetensors(arrays: Mapping[str, np.ndarray[Any, Any]], path: Path, metadata: Mapping[str, str]) -> None:
    """Write arrays as the package would, byte by byte, into the file that is there.

    The package puts another file in its place, which stays where it is if the program is killed, and which no lock of
    ours is on. Raises ValueError for types that the format does not have.
    """
    kinds = {name: _KINDS.get(f"{a.dtype.kind}{a.dtype.itemsize}", "") for name, a in arrays.items()}
    odd = next((name for name, kind in kinds.items() if not kind), None)
    if odd is not None:
        raise ValueError(f"{odd!r} is of {arrays[odd].dtype}, which the format has not")
    order = [*_KINDS.values()]
    names = sorted(arrays, key=lambda name: (order.index(kinds[name]), name))
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    place = 0
    for name in names:
        array = arrays[name]
        header[name] = {"dtype": kinds[name], "shape": array.shape, "data_offsets": [place, place + array.nbytes]}
        place += array.nbytes
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in names:
            rows = np.ascontiguousarray(arrays[name], arrays[name].dtype.newbyteorder("<"))
            file.write(rows.reshape(-1).view(np.uint8).data)


class Stored(NamedTuple):
    """An array of a safetensors file: its name, its type in the words of the format, its shape and its bytes."""

    name: str
    kind: str
    shape: list[int]
    content: bytearray


def stored_in(file: BinaryIO, header: Mapping[str, Any]) -> Iterator[Stored]:
    """The arrays of a safetensors file that stands where :func:`safetensors_header` left it."""
    start = file.tell()
    for name, entry in header.items():
        if name != "__metadata__":
            low, high = entry["data_offsets"]
            content = bytearray(high - low)
            file.seek(start + low)
            if file.readinto(content) != len(content):  # type: ignore[attr-defined]
                raise ValueError("it ends early")
            yield Stored(name, entry["dtype"], entry["shape"], content)


def json_of(text: str | bytes) -> Any:
    """What JSON says. Raises ValueError for a name that an object has twice: of two values, one would be passed over.

    >>> json_of('{"n_head": 2, "n_head": 4}')
    Traceback (most recent call last):
    ValueError: 'n_head' stands twice in one object
    """
    return json.loads(text, parse_constant=_no_number, object_pairs_hook=_without_doubles)


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} stands in it")


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        name = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ValueError(f"{name!r} stands twice in one object")
    return found


def digest(arrays: Mapping[str, np.ndarray[Any, Any]], state: Any) -> str:
    """SHA-256 over the state as JSON, and over every array's name, dtype, shape and bytes."""
    found = hashlib.sha256(json.dumps(state).encode())
    for name in sorted(arrays):
        found.update(f"{name} {arrays[name].dtype} {arrays[name].shape}\n".encode())
        found.update(np.ascontiguousarray(arrays[name]).data)
    return found.hexdigest()
