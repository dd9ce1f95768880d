"""Writing files as a whole: whoever reads one sees the old content or the new, never a part."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

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


def safetensors_package() -> Any:
    """The package safetensors, or an error that says how to install it."""
    try:
        import safetensors.numpy
    except ImportError:
        raise error(
            ImportError,
            "checkpoint",
            got="no package safetensors",
            rule="checkpoints are safetensors files",
            cure='pip install "tinygrad_tf[train]"',
        ) from None
    return safetensors
