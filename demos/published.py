"""Which published GPT-2 chapter 12 looks at: the folder that was asked for, or one that was fetched earlier."""

from __future__ import annotations

import os
from pathlib import Path

from command_line import chapter_arguments

from tinygrad_tf.wording.languages import either

FILES = ("config.json", "model.safetensors", "tokenizer.json")


def published() -> Path | None:
    """The folder of ``--model`` or ``GPT2_PATH``, or that of a GPT-2 in the hub's cache, or None.

    Raises SystemExit if a folder was asked for and its files are not there.
    """
    if asked := chapter_arguments().model or os.environ.get("GPT2_PATH"):
        missing = ", ".join(name for name in FILES if not (Path(asked) / name).is_file())
        if missing:
            raise SystemExit(either(
                f"--model {asked}: {missing} not found there; give a folder of a GPT-2, or leave --model and GPT2_PATH "
                "away, and a small model is trained",
                f"--model {asked}：那里没有 {missing}；请给一个 GPT-2 的文件夹，"
                "或去掉 --model 和 GPT2_PATH，改为训练一个小模型",
            ))  # fmt: skip
        return Path(asked)
    try:
        from huggingface_hub import try_to_load_from_cache
    except ImportError:
        return None
    files = [try_to_load_from_cache("openai-community/gpt2", name) for name in FILES]
    return Path(files[0]).parent if all(isinstance(file, str) for file in files) else None
