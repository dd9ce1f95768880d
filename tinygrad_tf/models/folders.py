"""Reading and writing a folder in Hugging Face's format: its JSON files, and the tensors of its safetensors files.

Nothing in such a folder is executed.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..errors import error
from ..files import bfloat16_of, safetensors_package, write_whole

CONFIG, WEIGHTS, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"
_FLOATS = {"F64": np.float64, "F32": np.float32, "F16": np.float16, "BF16": None}  # NumPy has no bfloat16


class Entry(NamedTuple):
    """One tensor of a folder: what it is called in its file, its shape there, and its type."""

    file: Path
    name: str
    shape: tuple[int, ...]
    dtype: str


def folder_of(name: str | os.PathLike[str]) -> Path:
    """The folder itself, or the one into which a model's name on the hub is fetched."""
    path = Path(name)
    return path if path.is_dir() else _fetch(str(name))


def entries(path: Path) -> dict[str, Entry]:
    """All tensors of a folder by name, without reading their values."""
    index = path / INDEX
    if (path / WEIGHTS).is_file():
        files, places = [WEIGHTS], None
    elif index.is_file():
        places = read_json(index).get("weight_map")
        if not isinstance(places, dict) or not all(isinstance(f, str) and Path(f).name == f for f in places.values()):
            raise damaged(index, "weight_map gives, for each tensor, a file in the same folder")
        files = sorted(set(places.values()))
    else:
        raise error(
            FileNotFoundError,
            "from_pretrained",
            got=f"{str(path)!r} without {WEIGHTS} and {INDEX}",
            rule="weights are read from safetensors files; pickles (.bin, .pt) could run code and are not opened",
            cure="download model.safetensors, or write model.save_pretrained(folder) in transformers",
        )
    found: dict[str, Entry] = {}
    for file in files:
        for entry in _header(path / file):
            if places is None or places.get(entry.name) == file:
                found[entry.name] = entry
    absent = [name for name in places or () if name not in found]
    if absent:
        raise damaged(index, f"it names {absent[0]!r} and {len(absent) - 1} more that the files do not hold")
    return found


def _header(file: Path) -> Iterator[Entry]:
    package = safetensors_package()
    if not file.is_file():
        raise error(
            FileNotFoundError,
            "from_pretrained",
            got=f"no file {str(file)!r}",
            rule="all files that the index names are in the folder",
            cure=f"download {file.name} into this folder",
        )
    try:
        with package.safe_open(str(file), framework="numpy") as opened:
            for name in opened.keys():  # noqa: SIM118 (it is no dict)
                part = opened.get_slice(name)
                yield Entry(file, name, tuple(part.get_shape()), part.get_dtype())
    except (package.SafetensorError, OSError, ValueError) as problem:
        raise damaged(file, f"it cannot be read as safetensors: {problem}") from None


def read(entry: Entry) -> np.ndarray[Any, Any]:
    """The values of a tensor, in a float type that NumPy has."""
    package = safetensors_package()
    if entry.dtype not in _FLOATS:
        raise error(
            ValueError,
            "from_pretrained",
            got=f"{entry.name!r} of type {entry.dtype}",
            rule=f"weights are floats: {', '.join(_FLOATS)}",
            cure="download weights that are not quantised, as float32, float16 or bfloat16",
        )
    try:
        if entry.dtype != "BF16":
            with package.safe_open(str(entry.file), framework="numpy") as opened:
                return np.asarray(opened.get_tensor(entry.name))
        with open(entry.file, "rb") as file:  # safe_open has checked the header and all offsets
            size = int.from_bytes(file.read(8), "little")
            start, stop = json.loads(file.read(size))[entry.name]["data_offsets"]
            file.seek(8 + size + start)
            return bfloat16_of(file.read(stop - start)).reshape(entry.shape)
    except (package.SafetensorError, OSError, ValueError) as problem:
        raise damaged(entry.file, f"{entry.name!r} cannot be read: {problem}") from None


def read_json(file: Path) -> dict[str, Any]:
    """A JSON file that holds an object."""
    try:
        content = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise error(
            FileNotFoundError,
            "from_pretrained",
            got=f"no file {str(file)!r}",
            rule="a model's folder has config.json beside the weights",
            cure="give the path of the folder that holds config.json",
        ) from None
    except (ValueError, OSError, RecursionError) as problem:
        raise damaged(file, f"it is not JSON: {problem}") from None
    if not isinstance(content, dict):
        raise damaged(file, "it holds an object {…}")
    return content


def write_json(file: Path, content: dict[str, Any]) -> None:
    """A JSON file, written whole or not at all."""
    text = json.dumps(content, indent=2) + "\n"
    write_whole(file, lambda beside: beside.write_text(text, "utf-8"))


def damaged(file: Path, why: str) -> ValueError:
    return error(
        ValueError,
        "from_pretrained",
        got=f"{str(file)!r}, which is damaged",
        rule=why,
        cure="download or save it again",
    )


def _fetch(name: str) -> Path:
    """The folder into which huggingface_hub downloads a model."""
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name) or name.startswith("."):
        raise error(
            FileNotFoundError,
            "from_pretrained",
            got=f"{name!r}",
            rule="it is a folder, or a model's name on the hub",
            cure='give the path of a folder, or a name such as "openai-community/gpt2"',
        )
    try:
        import huggingface_hub
    except ImportError:
        raise error(
            ImportError,
            "from_pretrained",
            got=f"{name!r}, which is no folder here, and no package huggingface_hub",
            rule="models by name are fetched by that package",
            cure='give the path of a folder, or pip install "tinygrad_tf[hub]"',
        ) from None
    try:
        return Path(huggingface_hub.snapshot_download(name, allow_patterns=["*.json", "*.safetensors"]))
    except Exception as problem:  # of its many classes, for no network, no such name, no right to read it
        raise error(
            FileNotFoundError,
            "from_pretrained",
            got=(
                f"{name!r}, which is no folder here and could not be fetched ({type(problem).__name__}: "
                f"{str(problem).splitlines()[0] if str(problem) else ''})"
            ),
            rule="a name is fetched from the hub, which needs a network",
            cure='give a name such as "openai-community/gpt2", or the folder of a model that you have',
        ) from None
