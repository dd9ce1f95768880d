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
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np

from .. import nn
from ..autograd.changes import wrote
from ..contents import digest, safetensors_package, write_safetensors
from ..errors import error, found_in, shown
from ..fields import check, whole
from ..files import check_path
from ..nn.loading import stripped, unwrapped
from ..nn.outline import outlined_by
from ..wording.languages import translated
from ..wording.texts import named
from .configs import family
from .folders import OF_CONFIG, OF_MODEL, WEIGHTS, Digests, Entry, Folder, check_type, digest_of, read
from .hub import folder_of
from .placing import CONFIG, INDEX, write_folder

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
    def from_pretrained(cls: type[P], folder: str | os.PathLike[str], *, sha256: Digests = None) -> P:
        """The model that a folder holds: config.json, and model.safetensors or its shards with their index.

        A name such as "openai-community/gpt2" in place of a folder is fetched by the package huggingface_hub (an
        extra). A folder of the bare model, as transformers' BertModel or LlamaModel saves it, gives one that has no
        output layer: ``hidden`` is what it computes. Where config.json ties two parameters of which the files hold
        different values, both are kept, with a warning.

        No memory is taken before all names and shapes in the files are those that config.json describes. A changed
        number, though, shows only by a digest, which such folders do not have by themselves: ``sha256`` is that of
        model.safetensors, or a dict from files to digests; a file SHA256SUMS in the folder counts as well, as
        ``sha256sum *`` and ``save_pretrained(…, sha256=True)`` write it. Files that ``save_pretrained`` wrote say what
        they are parts of: shards of two saves are refused, and it warns where a JSON file is not the weights' own.

        Raises FileNotFoundError where something is missing, ValueError for files that are damaged, of another digest or
        of another kind of model, RuntimeError for tensors that are missing, unexpected or of another shape.
        """
        files = Folder(folder_of(folder), sha256)
        with files.unchanged():
            return cls._of_folder(files)

    @classmethod
    def _of_folder(cls: type[P], files: Folder) -> P:
        settings, place = files.json(CONFIG), files.path / CONFIG
        with found_in(place):
            kind, found = cls.config_class.model_type, family(settings)
        if found not in (None, kind):  # files of before 2019 do not name it
            raise error(
                ValueError,
                f"{cls.__name__}.from_pretrained",
                got=f"{str(place)!r} with model_type {shown(found)}",
                rule=f"{cls.__name__} reads models of type {kind!r}",
                cure="use the class for that type, BERT, GPT2 or Llama",
            )
        bare = settings.get("architectures") in (None, [], [cls.base])
        with found_in(place):
            config = cls.config_class.from_dict(settings)
            thin = dataclasses.replace(config, **{config.depth: min(1, getattr(config, config.depth))})
            first: P = outlined_by(lambda: cls(thin))  # type: ignore[call-arg]
        entries = files.entries()
        first._check_layers(entries, getattr(config, config.depth), bare)
        model: P = outlined_by(lambda: cls(config))  # type: ignore[call-arg]
        model._load(entries, bare)
        return model.eval()

    def save_pretrained(
        self, folder: str | os.PathLike[str], max_shard_size: int = 5 * 10**9, *, sha256: bool = False
    ) -> None:
        """Write config.json and the weights as float32, in files of at most ``max_shard_size`` bytes, for transformers.

        What config.json ties is written once, as transformers does. The folder is written as a whole: a save over an
        older model that is stopped anywhere leaves the old one or the new one. With ``sha256``, or where there is one,
        a file SHA256SUMS has the digests of all files, which ``from_pretrained`` and ``sha256sum -c`` compare.
        Raises OSError, or one of its kinds, where the folder cannot be written to; RuntimeError for a model that was
        altered, of which the config no longer gives the tensors: it could not be read again.
        """
        check_path("save_pretrained", folder)
        check("save_pretrained", {"max_shard_size": max_shard_size}, {"max_shard_size": whole(1, example=5 * 10**9)})
        shards: list[dict[str, np.ndarray[Any, Any]]] = [{}]
        for name, p in self._written():
            array = p.array.astype(np.float32, copy=False)
            array = np.ascontiguousarray(array.T if re.search(self.transposed, name) else array)
            if shards[-1] and sum(a.nbytes for a in shards[-1].values()) + array.nbytes > max_shard_size:
                shards.append({})
            shards[-1][name] = array
        self._check_described({name: array for shard in shards for name, array in shard.items()})
        one, n = len(shards) == 1, len(shards)
        names = [WEIGHTS] if one else [f"model-{i:05}-of-{n:05}.safetensors" for i in range(1, n + 1)]
        safetensors_package()  # without it nobody could read here what is written
        weight_map = {name: file for file, shard in zip(names, shards, strict=True) for name in shard}
        of_model = digest({name: array for shard in shards for name, array in shard.items()}, weight_map)
        descriptions = self._descriptions()
        belongs = {OF_CONFIG: str(digest_of(json.loads(_text(descriptions[CONFIG])))), OF_MODEL: of_model}
        for name in descriptions.keys() - {CONFIG}:
            descriptions[name][OF_MODEL] = of_model
        if not one:
            total = sum(a.nbytes for shard in shards for a in shard.values())
            descriptions[INDEX] = {"metadata": {"total_size": total, OF_MODEL: of_model}, "weight_map": weight_map}
        files: dict[str, Callable[[Path], Any]] = {
            name: functools.partial(write_safetensors, shard, metadata={"format": "pt", **belongs})
            for name, shard in zip(names, shards, strict=True)
        }
        for name, content in descriptions.items():
            files[name] = functools.partial(Path.write_text, data=_text(content), encoding="utf-8")
        write_folder(Path(folder), files, [INDEX if one else WEIGHTS], sha256)  # one of them is of an earlier save

    def _check_described(self, written: Mapping[str, np.ndarray[Any, Any]]) -> None:
        """Raise unless a model of this config would be read from these arrays."""
        model = outlined_by(lambda: type(self)(dataclasses.replace(self.config)))  # type: ignore[call-arg]
        entries = {name: Entry(Path(), name, array.shape, "F32", 0) for name, array in written.items()}
        _, unexpected, missing, wrong = model._match(entries, self.headless)
        problems = _listed({"missing": missing, "unexpected": unexpected, "mis-shaped": wrong})
        if problems:
            raise error(
                RuntimeError,
                f"{type(self).__name__}.save_pretrained",
                got=problems,
                rule="what is written can be read: names and shapes are those of a new model of its config",
                cure="write a subclass that makes these parts, or keep the values alone: "
                "save(model.state_dict(), path)",
            )

    def _written(self) -> Iterator[tuple[str, nn.Parameter]]:
        """The parameters under all names that loading asks for: not those that config.json ties."""
        seen: set[int] = set()
        for name, p in self._entries():
            tied = p.number in seen and self.config.tie_word_embeddings and re.search(self.head, name)
            if isinstance(p, nn.Parameter) and not tied:
                seen.add(p.number)
                yield name, p

    def _descriptions(self) -> dict[str, Any]:
        """The JSON files of the folder."""
        kind = self.base if self.headless else self.architecture
        head = {"architectures": [kind], "model_type": self.config.model_type, "dtype": "float32"}
        return {CONFIG: {**head, **self.config.to_dict()}}

    def drop_head(self) -> None:
        """Go on without the output layer, as the model of a folder that has none. A subclass takes it out."""
        self.headless = True

    def _check_layers(self, found: Mapping[str, Entry], n_layers: int, bare: bool) -> None:
        """Raise unless the files can hold so many layers as this outline has one of, and the shapes of that one."""
        _, _, missing, wrong = self._match(found, bare)
        own = dict(self._entries())
        of_layers = [name for name in own if ".0." in name]
        if len(of_layers) * n_layers > len(found):
            numbers = [re.search(r"(?:^|\.)([0-9]{1,7})\.", name) for name in found]
            one = [re.sub(r"(^|\.)[0-9]+\.", r"\g<1>0.", name, count=1) for name in found]
            there = {int(i[1]) for i, name in zip(numbers, one, strict=True) if i and self._own_name(name, own) in own}
            lost = next((i for i in range(n_layers) if i not in there), n_layers - 1)
            missing.append(of_layers[0].replace(".0.", f".{lost}.", 1))
        self._refuse({"missing": missing, "mis-shaped": wrong})

    def _match(
        self, found: Mapping[str, Entry], bare: bool
    ) -> tuple[dict[str, Entry], list[str], list[str], list[str]]:
        """The tensors for the parameters, and the names of those that are unexpected, missing and mis-shaped."""
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
        return there, unexpected, missing, wrong

    def _refuse(self, lists: Mapping[str, list[str]]) -> None:
        """Raise if one of the lists of problems is not empty."""
        problems = _listed(lists)
        if problems:
            raise error(
                RuntimeError,
                f"{type(self).__name__}.from_pretrained",
                got=problems,
                rule="the files hold the tensors of the model that config.json describes",
                cure="download all files of one model anew, or use the class that its config.json names",
            )

    def _load(self, found: Mapping[str, Entry], bare: bool = False) -> None:
        """Check all tensors of a folder against the parameters, then read them. A ``bare`` model has no head."""
        there, unexpected, missing, wrong = self._match(found, bare)
        self._refuse({"missing": missing, "unexpected": unexpected, "mis-shaped": wrong})
        for entry in there.values():
            check_type(entry)
        first: dict[int, str] = {}  # of each parameter: the name under which it has got its values
        own = dict(self._entries())
        for name, p in own.items():
            if name in there:
                array = read(there[name], re.search(self.transposed, name) is not None, p.dtype)
                if first.setdefault(p.number, name) == name:
                    p.array = array
                elif not np.array_equal(p.array, array, equal_nan=True):
                    self._untie(name, first[p.number], array)
        wrote(*own.values())

    def _untie(self, name: str, first: str, array: np.ndarray[Any, Any]) -> None:
        """Give the second of two tied names a parameter of its own, since the files hold two."""
        warnings.warn(
            translated(
                f"{type(self).__name__}.from_pretrained: config.json ties {name} to {first}, but the files hold "
                "different values for both; both are kept, untied, as transformers does; write tie_word_embeddings: "
                "false into config.json, or leave one of them out of the files"
            ),
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


def _listed(lists: Mapping[str, list[str]]) -> str:
    """The first names of each list of problems that is not empty, with what they are."""
    problems = [
        f"{kind}: {', '.join(named(name, 120) for name in names[:5])}{', …' if len(names) > 5 else ''}"
        for kind, names in lists.items()
        if names
    ]
    return "; ".join(map(translated, problems))


def _text(content: Any) -> str:
    return json.dumps(content, indent=2, default=_plain) + "\n"


def _plain(value: Any) -> Any:
    """A number of NumPy as JSON can hold it."""
    return value.tolist()
