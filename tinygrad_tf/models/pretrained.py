"""Reading and writing models in Hugging Face's format: a folder with config.json and safetensors files.

Nothing in such a folder is executed. Names, shapes and types of all tensors are checked against the model that
config.json describes, before anything is changed.
"""

from __future__ import annotations

import functools
import os
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np

from .. import nn
from ..autograd.changes import wrote
from ..errors import error
from ..files import safetensors_package, write_whole
from ..nn.loading import stripped, unwrapped
from .configs import family
from .folders import CONFIG, INDEX, WEIGHTS, Entry, entries, folder_of, read, read_json, write_json

P = TypeVar("P", bound="Pretrained")


class Pretrained(nn.Module):
    """A model whose parameters have the names of Hugging Face's, so that weights go both ways.

    A subclass says which ``config`` class it is built from, which of its matrices are the other way round in files
    (``transposed``), which tensors of files it has no use for (``unused``), how older files name things (``renamed``:
    pattern and replacement, in order), and which of its parameters are those of the output layer (``head``).
    """

    config: Any
    config_class: ClassVar[type[Any]]
    architecture: str  # the class of transformers that the written folder is for
    base: ClassVar[str]  # and that for the model without its output layer
    head: ClassVar[str] = r"^lm_head\."
    headless = False  # whether it has lost its output layer
    transposed: ClassVar[str] = r"(?!)"  # matches nothing
    unused: ClassVar[str] = r"(?!)"
    renamed: ClassVar[tuple[tuple[str, str], ...]] = ()

    @classmethod
    def from_pretrained(cls: type[P], folder: str | os.PathLike[str]) -> P:
        """The model that a folder holds: config.json, and model.safetensors or its shards with their index.

        A name such as "openai-community/gpt2" in place of a folder is fetched by the package huggingface_hub (an
        extra). A folder of the bare model, as transformers' BertModel or LlamaModel saves it, gives one that has no
        output layer: ``hidden`` is what it computes. Where config.json ties two parameters of which the files hold
        different values, both are kept, with a warning. Raises FileNotFoundError where something is missing, ValueError
        for files that are damaged or of another kind of model, RuntimeError for tensors that are missing, unexpected or
        of another shape.
        """
        path = folder_of(folder)
        settings = read_json(path / CONFIG)
        kind, found = cls.config_class.model_type, family(settings)
        if found not in (None, kind):  # files of before 2019 do not name it
            raise error(
                ValueError,
                f"{cls.__name__}.from_pretrained",
                got=f"{str(path / CONFIG)!r} with model_type {found!r}",
                rule=f"{cls.__name__} reads models of type {kind!r}",
                cure="use the class for that type, BERT, GPT2 or Llama",
            )
        model: P = cls(cls.config_class.from_dict(settings))  # type: ignore[call-arg]
        model._load(entries(path), bare=settings.get("architectures") in (None, [], [cls.base]))
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
        files = [WEIGHTS] if one else [f"model-{i:05}-of-{n:05}.safetensors" for i in range(1, n + 1)]
        save = safetensors_package().numpy.save_file
        for file, shard in zip(files, shards, strict=True):
            write_whole(path / file, functools.partial(save, shard, metadata={"format": "pt"}))
        if not one:
            total = sum(a.nbytes for shard in shards for a in shard.values())
            places = {name: file for file, shard in zip(files, shards, strict=True) for name in shard}
            write_json(path / INDEX, {"metadata": {"total_size": total}, "weight_map": places})
        (path / (INDEX if one else WEIGHTS)).unlink(missing_ok=True)  # of an earlier save into the same folder
        kind = self.base if self.headless else self.architecture
        head = {"architectures": [kind], "model_type": self.config.model_type, "dtype": "float32"}
        write_json(path / CONFIG, {**head, **self.config.to_dict()})

    def drop_head(self) -> None:
        """Go on without the output layer, as the model of a folder that has none. A subclass takes it out."""
        self.headless = True

    def _load(self, found: Mapping[str, Entry], bare: bool = False) -> None:
        """Check all tensors of a folder against the parameters, then copy them in. A ``bare`` model has no head."""
        own = dict(self._entries())
        there: dict[str, Entry] = {}
        unexpected: list[str] = []
        for name in sorted(found, key=lambda name: name not in own):  # a name without a prefix counts first
            mine = self._own_name(name, own)
            if mine in own and mine not in there:
                there[mine] = found[name]
            elif not re.search(self.unused, stripped(name)):
                unexpected.append(name)
        if bare and not any(re.search(self.head, name) for name in there):
            others = {p.number for name, p in own.items() if not re.search(self.head, name)}
            if any(p.number not in others for p in own.values()):  # a head of tied weights alone is whole without files
                self.drop_head()
                own = dict(self._entries())
        given = {own[name].number for name in there}  # a tied parameter needs one of its names
        missing = [name for name, p in own.items() if p.number not in given]
        flipped = {name: e.shape[::-1] if re.search(self.transposed, name) else e.shape for name, e in there.items()}
        wrong = [f"{name} {flipped[name]} for {own[name].shape}" for name in there if flipped[name] != own[name].shape]
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
        first: dict[int, str] = {}  # of each parameter: the name under which it has got its values
        for name, p in own.items():
            if name in there:
                array = read(there[name]).astype(p.dtype)
                array = array.T if re.search(self.transposed, name) else array
                if first.setdefault(p.number, name) == name:
                    p.array[...] = array
                elif not np.array_equal(p.array, array, equal_nan=True):
                    self._untie(name, first[p.number], array)
        wrote(*own.values())

    def _untie(self, name: str, first: str, array: np.ndarray[Any, Any]) -> None:
        """Give the second of two tied names a parameter of its own, since the files hold two."""
        warnings.warn(
            f"{type(self).__name__}.from_pretrained: config.json ties {name} to {first}, but the files hold different "
            "values for both; both are kept, untied, as transformers does. Write tie_word_embeddings: false into "
            "config.json, or leave one of them out of the files.",
            stacklevel=5,
        )
        path, _, last = name.rpartition(".")
        setattr(self.get_submodule(path), last, nn.Parameter(array))
        self.config.tie_word_embeddings = False

    def _own_name(self, name: str, own: Mapping[str, Any]) -> str:
        for pattern, replacement in self.renamed:
            name = re.sub(pattern, replacement, name)
        name = unwrapped(name, own)
        prefix = next(iter(own)).split(".")[0]  # which files of the bare model lack
        return unwrapped(f"{prefix}.{name}", own) if name not in own else name
