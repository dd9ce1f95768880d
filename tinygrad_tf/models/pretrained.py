"""Reading and writing models in Hugging Face's format: a folder with config.json and safetensors files.

Nothing in such a folder is executed. Names, shapes and types of all tensors are checked against the model that
config.json describes, before anything is changed.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, TypeVar

import numpy as np

from .. import nn
from ..autograd.changes import wrote
from ..errors import error
from ..files import safetensors_package, write_whole

P = TypeVar("P", bound="Pretrained")

_WEIGHTS, _INDEX, CONFIG = "model.safetensors", "model.safetensors.index.json", "config.json"
_FLOATS = {"F64": np.float64, "F32": np.float32, "F16": np.float16, "BF16": None}  # NumPy has no bfloat16


class Entry(NamedTuple):
    """One tensor of a folder: what it is called in its file, its shape there, and its type."""

    file: Path
    name: str
    shape: tuple[int, ...]
    dtype: str


class Pretrained(nn.Module):
    """A model whose parameters have the names of Hugging Face's, so that weights go both ways.

    A subclass says which ``config`` class it is built from, which of its matrices are the other way round in files
    (``transposed``), which tensors of files it has no use for (``unused``), and how older files name things
    (``renamed``: pattern and replacement, in order).
    """

    config: Any
    config_class: ClassVar[type[Any]]
    architecture: str  # the class of transformers that the written folder is for
    transposed: ClassVar[str] = r"(?!)"  # matches nothing
    unused: ClassVar[str] = r"(?!)"
    renamed: ClassVar[tuple[tuple[str, str], ...]] = ()

    @classmethod
    def from_pretrained(cls: type[P], folder: str | os.PathLike[str]) -> P:
        """The model that a folder holds: config.json, and model.safetensors or its shards with their index.

        A name such as "openai-community/gpt2" in place of a folder is fetched by the package huggingface_hub (an
        extra). Raises FileNotFoundError where something is missing, ValueError for files that are damaged or of another
        kind of model, RuntimeError for tensors that are missing, unexpected or of another shape.
        """
        path = folder_of(folder)
        settings = read_json(path / CONFIG)
        kind = cls.config_class.model_type
        if settings.get("model_type") != kind:
            raise error(
                ValueError,
                f"{cls.__name__}.from_pretrained",
                got=f"{str(path / CONFIG)!r} with model_type {settings.get('model_type')!r}",
                rule=f"{cls.__name__} reads models of type {kind!r}",
                cure="use the class for that type, BERT, GPT2 or Llama",
            )
        model: P = cls(cls.config_class.from_dict(settings))  # type: ignore[call-arg]
        model._load(entries(path))
        return model.eval()

    def save_pretrained(self, folder: str | os.PathLike[str], max_shard_size: int = 5 * 10**9) -> None:
        """Write config.json and the weights as float32, in files of at most ``max_shard_size`` bytes, for transformers.

        Tied parameters are written once, as transformers does.
        """
        path = Path(folder)
        shards: list[dict[str, np.ndarray[Any, Any]]] = [{}]
        for name, p in self.named_parameters():
            array = p.array.astype(np.float32)
            array = np.ascontiguousarray(array.T if re.search(self.transposed, name) else array)
            if shards[-1] and sum(a.nbytes for a in shards[-1].values()) + array.nbytes > max_shard_size:
                shards.append({})
            shards[-1][name] = array
        one, n = len(shards) == 1, len(shards)
        files = [_WEIGHTS] if one else [f"model-{i:05}-of-{n:05}.safetensors" for i in range(1, n + 1)]
        save = safetensors_package().numpy.save_file
        for file, shard in zip(files, shards, strict=True):
            write_whole(path / file, functools.partial(save, shard, metadata={"format": "pt"}))
        if not one:
            total = sum(a.nbytes for shard in shards for a in shard.values())
            places = {name: file for file, shard in zip(files, shards, strict=True) for name in shard}
            write_json(path / _INDEX, {"metadata": {"total_size": total}, "weight_map": places})
        (path / (_INDEX if one else _WEIGHTS)).unlink(missing_ok=True)  # of an earlier save into the same folder
        head = {"architectures": [self.architecture], "model_type": self.config.model_type, "dtype": "float32"}
        write_json(path / CONFIG, {**head, **self.config.to_dict()})

    def _load(self, found: Mapping[str, Entry]) -> None:
        """Check all tensors of a folder against the parameters, then copy them in."""
        own = dict(self._entries())
        there = {self._own_name(name, own): e for name, e in found.items() if not re.search(self.unused, name)}
        given = {own[name].number for name in there if name in own}  # a tied parameter needs one of its names
        missing = [name for name, p in own.items() if p.number not in given]
        unexpected = [name for name in there if name not in own]
        flipped = {name: e.shape[::-1] if re.search(self.transposed, name) else e.shape for name, e in there.items()}
        wrong = [f"{name} {flipped[name]} for {p.shape}" for name, p in own.items()
                 if name in there and flipped[name] != p.shape]  # fmt: skip
        lists = {"missing": missing, "unexpected": unexpected, "mis-shaped": wrong}
        problems = [f"{kind}: {', '.join(names[:5])}{', …' if len(names) > 5 else ''}" for kind, names in lists.items()
                    if names]  # fmt: skip
        if problems:
            raise error(
                RuntimeError,
                f"{type(self).__name__}.from_pretrained",
                got="; ".join(problems),
                rule="the files hold the tensors of the model that config.json describes",
                cure="download all files of one model anew, or use the class that its config.json names",
            )
        done: set[int] = set()
        for name, p in own.items():
            if name in there and p.number not in done:  # of tied ones the first, as transformers does
                done.add(p.number)
                array = _read(there[name])
                p.array[...] = array.T if re.search(self.transposed, name) else array
        wrote(*own.values())

    def _own_name(self, name: str, own: Mapping[str, Any]) -> str:
        for pattern, replacement in self.renamed:
            name = re.sub(pattern, replacement, name)
        prefixed = f"{next(iter(own)).split('.')[0]}.{name}"  # files of the bare model lack the first part
        return prefixed if name not in own and prefixed in own else name


def folder_of(name: str | os.PathLike[str]) -> Path:
    """The folder itself, or the one into which a model's name on the hub is fetched."""
    path = Path(name)
    return path if path.is_dir() else _fetch(str(name))


def entries(path: Path) -> dict[str, Entry]:
    """All tensors of a folder by name, without reading their values."""
    index = path / _INDEX
    if (path / _WEIGHTS).is_file():
        files, places = [_WEIGHTS], None
    elif index.is_file():
        places = read_json(index).get("weight_map")
        if not isinstance(places, dict) or not all(isinstance(f, str) and Path(f).name == f for f in places.values()):
            raise damaged(index, "weight_map gives, for each tensor, a file in the same folder")
        files = sorted(set(places.values()))
    else:
        raise error(
            FileNotFoundError,
            "from_pretrained",
            got=f"{str(path)!r} without {_WEIGHTS} and {_INDEX}",
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


def _read(entry: Entry) -> np.ndarray[Any, Any]:
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
            upper = np.frombuffer(file.read(stop - start), "<u2").astype(np.uint32) << 16
        return upper.view(np.float32).reshape(entry.shape)  # bfloat16 is the upper half of a float32
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


@dataclasses.dataclass
class Config:
    """What config dataclasses share: from the settings of a config.json, and back."""

    model_type: ClassVar[str]
    #: Settings of transformers that change what a model computes, with the only value that is computed here.
    fixed: ClassVar[dict[str, Any]] = {}

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> Any:
        """Fields by their names; others are passed over, unless they would change what the model computes."""
        for name, value in cls.fixed.items():
            if settings.get(name, value) != value:
                raise error(
                    ValueError,
                    cls.__name__,
                    got=f"{name}={settings[name]!r}",
                    rule=f"{name} is {value!r}: nothing else is computed here",
                    cure=f"use a model with {name}={value!r}",
                )
        known = {f.name for f in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in settings.items() if name in known})

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)
