"""Where a model's folder is: on this machine, or on the hub of Hugging Face, from where it is fetched."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ..errors import error, shown
from ..files import check_path


def folder_of(name: str | os.PathLike[str]) -> Path:
    """The folder itself, or the one into which a model's name on the hub is fetched."""
    check_path("from_pretrained", name)
    path = Path(name)
    return path if os.path.isdir(path) else _fetch(str(name))


def _fetch(name: str) -> Path:
    """The folder into which huggingface_hub downloads a model."""
    if os.path.exists(name):
        raise error(
            NotADirectoryError,
            "from_pretrained",
            got=f"{shown(name, 200)}, which is a file",
            rule="it is a folder, or a model's name on the hub",
            cure="give the path of the folder that holds config.json",
        )
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name) or name.startswith("."):
        raise error(
            FileNotFoundError,
            "from_pretrained",
            got=shown(name, 200),
            rule="it is a folder, or a model's name on the hub",
            cure='give the path of a folder, or a name such as "openai-community/gpt2"',
        )
    try:
        import huggingface_hub
    except ImportError:
        raise error(
            ImportError,
            "from_pretrained",
            got=f"{shown(name, 200)}, which is no folder here, and no package huggingface_hub",
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
                f"{shown(name, 200)}, which is no folder here and could not be fetched ({type(problem).__name__}: "
                f"{str(problem).splitlines()[0] if str(problem) else ''})"
            ),
            rule="a name is fetched from the hub, which needs a network",
            cure='give a name such as "openai-community/gpt2", or the folder of a model that you have',
        ) from None
