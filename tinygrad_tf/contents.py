"""What files hold: arrays in the format safetensors, JSON, and the digest of both."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeGuard

import numpy as np

from .errors import error

#: What the format calls NumPy's types, in the order in which the package writes them.
_KINDS = {
    "u8": "U64", "i8": "I64", "f8": "F64", "f4": "F32", "u4": "U32", "i4": "I32",
    "f2": "F16", "u2": "U16", "i2": "I16", "i1": "I8", "u1": "U8", "b1": "BOOL",
}  # fmt: skip
#: How many bits a number takes, of all types that the format has.
_BITS = {
    **{kind: 8 * int(code[1:]) for code, kind in _KINDS.items()}, "BF16": 16, "C64": 64, "F4": 4, "F6_E2M3": 6,
    "F6_E3M2": 6, **dict.fromkeys(("F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8),
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


def safetensors_header(file: BinaryIO, most: int = LARGEST_HEADER) -> dict[str, Any]:
    """The header of a safetensors file that is open for reading, after it and all places were checked.

    Numbers begin where the file stands then. The package reads none of it: it maps the file into memory, which ends the
    process where another one cuts it off meanwhile, or where there is no memory. Raises ValueError.
    """
    safetensors_package()  # what is read can be written again
    length, size = int.from_bytes(file.read(8), "little"), os.fstat(file.fileno()).st_size
    if length > min(most, size, LARGEST_HEADER):
        raise ValueError(f"a header of {length} bytes")
    header = json_of(file.read(length).decode())
    if not isinstance(header, dict):
        raise ValueError("its header is no object {…}")
    arrays = {name: entry for name, entry in header.items() if name != "__metadata__"}
    _check_texts([*arrays, *_metadata_texts(header.get("__metadata__"))])
    _check_places(arrays, size - 8 - length)
    return header


def _metadata_texts(metadata: Any) -> list[str]:
    if metadata is not None and not (isinstance(metadata, dict) and all(isinstance(x, str) for x in metadata.values())):
        raise ValueError("its metadata are no texts by name")
    return [*metadata, *metadata.values()] if metadata else []


def _check_texts(texts: list[str]) -> None:
    for text in texts:
        if not text.isascii():
            text.encode()  # half of a letter raises UnicodeEncodeError, which is a ValueError


def _check_places(arrays: Mapping[str, Any], size: int) -> None:
    """Raise ValueError unless the arrays of a header follow one another, as large as they are, and fill ``size``."""
    places: list[tuple[int, int, str, int]] = []
    for name, entry in arrays.items():
        if not isinstance(entry, dict) or not isinstance(entry.get("dtype"), str) or entry["dtype"] not in _BITS:
            raise ValueError(f"{name!r} is of no type of the format")
        shape, offsets = entry.get("shape"), entry.get("data_offsets")
        if not (_are_sizes(shape) and _are_sizes(offsets) and len(offsets) == 2):
            raise ValueError(f"{name!r} has no shape and place in whole numbers")
        places.append((offsets[0], offsets[1], name, math.prod(shape) * _BITS[entry["dtype"]]))
    end = 0
    for low, high, name, bits in sorted(places):
        if low != end or bits != 8 * (high - low):
            raise ValueError(f"{name!r} lies at {low} to {high}, which is not its size, or not behind the one before")
        end = high
    if end != size:
        raise ValueError(f"its arrays end at {end}, and there are {size} bytes")


def _are_sizes(found: Any) -> TypeGuard[list[int]]:
    return isinstance(found, list) and all(type(n) is int and 0 <= n < 2**62 for n in found)


def raw_header(file: BinaryIO) -> Any:
    """The header of what may be a safetensors file, unchecked: a damaged one says whose it is, too."""
    return json.loads(file.read(min(int.from_bytes(file.read(8), "little"), LARGEST_HEADER)))


def is_marked(file: BinaryIO, mark: str) -> bool:
    """Whether a safetensors file that is open says ``mark`` in its metadata; False for files of any other kind."""
    try:
        return mark in raw_header(file)["__metadata__"]
    except Exception:  # whatever a file that is not of this kind brings about
        return False


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
    content: Any


def stored_in(file: BinaryIO, header: Mapping[str, Any]) -> Iterator[Stored]:
    """The arrays of a safetensors file that stands where :func:`safetensors_header` left it."""
    start = file.tell()
    for name, entry in header.items():
        if name != "__metadata__":
            low, high = entry["data_offsets"]
            content = np.empty(high - low, np.uint8)  # where there is no memory, NumPy says for how much
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
