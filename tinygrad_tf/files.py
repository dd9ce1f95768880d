"""Writing files as a whole: whoever reads one sees the old content or the new, never a part."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .errors import error


def write_whole(path: Path, write: Callable[[Path], Any]) -> None:
    """Let ``write`` make a file beside ``path``, which takes its place only when all of it is on the disk.

    Where ``path`` is a link, it stays one, and the file that it leads to is replaced.
    """
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")  # of this call alone
    try:
        write(beside)
        with open(beside, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


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


def bfloat16_of(content: bytes) -> np.ndarray[Any, Any]:
    """Numbers of bfloat16, little end first, as float32, which is exact: they are the upper halves of float32.

    >>> bfloat16_of(bytes([0x80, 0x3F, 0x00, 0xC0])).tolist()
    [1.0, -2.0]
    """
    upper = np.frombuffer(content, "<u2").astype(np.uint32)
    upper <<= np.uint32(16)
    return upper.view(np.float32)


def digest(arrays: Mapping[str, np.ndarray[Any, Any]], state: Any) -> str:
    """SHA-256 over the state as JSON, and over every array's name, dtype, shape and bytes."""
    found = hashlib.sha256(json.dumps(state).encode())
    for name in sorted(arrays):
        found.update(f"{name} {arrays[name].dtype} {arrays[name].shape}\n".encode())
        found.update(np.ascontiguousarray(arrays[name]).data)
    return found.hexdigest()
