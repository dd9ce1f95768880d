"""Which published GPT-2 chapter 12 looks at: the folder that was asked for, or one that was fetched earlier."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from generate import folder_with

FILES = ("config.json", "model.safetensors", "tokenizer.json")


def published() -> Path | None:
    """The folder of ``--model`` or ``GPT2_PATH``, or that of a GPT-2 in the hub's cache, or None.

    Raises SystemExit if a folder was asked for and its files are not there.
    """
    parser = argparse.ArgumentParser(description="Chapter 12 of the guide, on weights that were published.")
    parser.add_argument("--model", default=os.environ.get("GPT2_PATH"), metavar="FOLDER",
                        help="a folder in Hugging Face's format (default: GPT2_PATH, if it is set)")  # fmt: skip
    if asked := parser.parse_known_args()[0].model:
        return folder_with(asked, *FILES)
    try:
        from huggingface_hub import try_to_load_from_cache
    except ImportError:
        return None
    files = [try_to_load_from_cache("openai-community/gpt2", name) for name in FILES]
    return Path(files[0]).parent if all(isinstance(file, str) for file in files) else None
