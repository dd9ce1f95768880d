"""Let GPT-2, Llama or BERT write: text streams from the weights of a folder, or of a name on the hub.

    python demos/generate.py --model FOLDER --prompt "Once upon a time"
    python demos/generate.py --model openai-community/gpt2 --prompt "Once upon a time" --sample --seed 1
    python demos/generate.py --model google-bert/bert-base-uncased --prompt "Paris is the [MASK] of France."

The folder is in Hugging Face's format: config.json, safetensors files, tokenizer.json. A BERT that reads in both
directions fills in what is masked; the others go on. The folder's generation_config.json says how tokens are chosen;
what is given here counts before it.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from command_line import Parser, as_program, not_negative, positive, share, whole

from tinygrad_tf import manual_seed, no_grad
from tinygrad_tf.models import BERT, GPT2, Llama
from tinygrad_tf.models.configs import family
from tinygrad_tf.models.folders import Folder
from tinygrad_tf.models.hub import folder_of
from tinygrad_tf.wording.languages import either
from tinygrad_tf.wording.texts import encodable

ZH = """\
让 GPT-2、Llama 或 BERT 写文本：权重来自一个文件夹，或 hub 上的一个名字，文本边生成边显示。

    python demos/generate.py --model 文件夹 --prompt "Once upon a time"
    python demos/generate.py --model openai-community/gpt2 --prompt "Once upon a time" --sample --seed 1
    python demos/generate.py --model google-bert/bert-base-uncased --prompt "Paris is the [MASK] of France."

文件夹用 Hugging Face 的格式：config.json、safetensors 文件、tokenizer.json。双向阅读的 BERT 填空，其余的续写。
怎样选词元，由文件夹里的 generation_config.json 决定；命令行里写出的选项优先。
"""
FAMILIES: dict[str, Any] = {"gpt2": GPT2, "llama": Llama, "bert": BERT}


def load(name: str) -> tuple[Any, Any]:
    """The model and the tokenizer of a folder or a name."""
    folder = folder_of(name)
    files = Folder(folder)
    kind = family(files.json("config.json"))
    if kind not in FAMILIES:
        raise SystemExit(either(
            f"{folder} holds a model of type {kind!r}; this reads {', '.join(FAMILIES)}",
            f"{folder} 里的模型类型是 {kind!r}；这里读 {'、'.join(FAMILIES)}",
        ))  # fmt: skip
    with files.unchanged():  # a training may come to its end here: the letters of one are not another's
        return FAMILIES[kind].from_pretrained(files.path), load_tokenizer(files.path)


def load_tokenizer(folder: Path) -> Any:
    try:
        from tokenizers import Tokenizer
    except ImportError:
        install = 'pip install "tinygrad_tf[tokenizers]"'
        raise SystemExit(either(
            f"text needs the package tokenizers: {install}", f"处理文本要用 tokenizers 包：{install}"
        )) from None  # fmt: skip
    files = Folder(folder)
    if not files.has("tokenizer.json"):
        raise SystemExit(either(
            f"no file {folder / 'tokenizer.json'}: download it, or save it with transformers",
            f"没有文件 {folder / 'tokenizer.json'}：请下载，或用 transformers 保存",
        ))  # fmt: skip
    place = files.file("tokenizer.json", "download it again")  # which its digest in SHA256SUMS tells from others
    with tokenizing(str(place)):
        return Tokenizer.from_file(str(place))


@contextlib.contextmanager
def tokenizing(what: str) -> Iterator[None]:
    """A context manager for the package tokenizers, which raises bare exceptions, and panics, for what is damaged."""
    try:
        yield
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException as problem:
        why = " ".join(str(problem).split())[:200]
        if "Missing [UNK]" in why:  # of letters, say: it has none for what the text of the training had not
            raise SystemExit(either(
                "the prompt has a letter or a word that the model does not know, and its tokenizer.json names no token "
                "for such",
                "提示里有模型不认识的字或词，它的 tokenizer.json 也没有为这种情况指定词元",
            )) from None  # fmt: skip
        raise SystemExit(either(
            f"{what} is damaged, or of another model ({why})",
            f"{what} 已损坏，或属于别的模型（{why}）",
        )) from None  # fmt: skip


def encoded(tokenizer: Any, prompt: str) -> list[int]:
    """The ids of a prompt."""
    if prompt != encodable(prompt):  # bytes of the command line that are no UTF-8
        raise SystemExit(either("the prompt is no text in UTF-8", "提示不是 UTF-8 文本"))
    with tokenizing("tokenizer.json"):
        return list(tokenizer.encode(prompt).ids)


def folder_with(name: str, *files: str) -> Path:
    """The folder of a name or a path; SystemExit with one sentence if one of the files is not in it."""
    try:
        folder = folder_of(name)
    except (OSError, ValueError, ImportError) as problem:
        raise SystemExit(with_flags(problem)) from None
    for file in files:
        if not (folder / file).is_file():
            raise SystemExit(either(f"{folder} holds no {file}: give the folder of a whole model",
                                    f"{folder} 里没有 {file}：请给出完整模型的文件夹"))  # fmt: skip
    return folder


def stream_text(model: Any, tokenizer: Any, prompt: str, **settings: Any) -> Iterator[str]:
    """The text that follows the prompt, piece by piece; in one piece from a model that searches with beams."""
    ids = encoded(tokenizer, prompt)
    if not ids:
        raise SystemExit(
            either("the prompt is empty: there is nothing to go on from", "提示是空的：没有可以续写的开头")
        )
    own = model.generation
    if "max_new_tokens" not in settings and own.max_new_tokens is own.max_length is None:
        room = 100 if model.max_positions is None else model.max_positions - len(ids) + 1
        settings["max_new_tokens"] = max(1, min(100, room))
    if own.but(**settings).num_beams > 1:
        steps = iter(model.generate(np.array([ids]), tokenizer=tokenizer, **settings)[:1, len(ids) :].T)
    else:
        steps = model.stream(np.array([ids]), tokenizer=tokenizer, **settings)
    new: list[int] = []
    shown = ""
    for step in steps:
        new.append(int(step[0]))
        text = tokenizer.decode(ids + new)[len(tokenizer.decode(ids)) :]
        if not text.endswith("\ufffd"):  # a letter of several tokens that is not whole yet
            yield text[len(shown) :]
            shown = text


def fill_masks(model: BERT, tokenizer: Any, prompt: str) -> Iterator[str]:
    """The likeliest word for each mask, from left to right, each seen by those after it."""
    mask = tokenizer.token_to_id("[MASK]")
    ids = np.array([encoded(tokenizer, prompt)])
    places = np.flatnonzero(ids[0] == mask)
    if not len(places):
        raise SystemExit(either(
            "a BERT that reads in both directions fills in [MASK]: put one into the prompt",
            "双向阅读的 BERT 只填 [MASK]：请在提示里写一个",
        ))  # fmt: skip
    for place in places:
        with no_grad():
            ids[0, place] = model(ids).array[0, place].argmax()
        yield tokenizer.decode([int(ids[0, place])]) + " "
    yield f"\n{tokenizer.decode(ids[0].tolist())}"


# fmt: off
def arguments() -> dict[str, Any]:
    """What was given; of the settings only those."""
    parser = Parser(__doc__ or "", ZH)
    parser.add_argument("--model", required=True, help=either(
        "a folder in Hugging Face's format, or a name on the hub", "Hugging Face 格式的文件夹，或 hub 上的名字"))
    parser.add_argument("--prompt", required=True, help=either(
        "what it goes on from, or fills in", "要续写或填空的文本"))
    parser.add_argument("--seed", type=whole(0), default=0, help=either("of what is drawn at random", "随机数的种子"))
    settings = parser.add_argument_group(
        either("how tokens are chosen", "怎样选词元"),
        either("by default as generation_config.json says", "默认由 generation_config.json 决定"))
    add = functools.partial(settings.add_argument, default=argparse.SUPPRESS)  # what is not given is not there
    add("--max-new-tokens", type=whole(1), metavar="N", help=either(
        "by default 100, or as many as the model has room for", "默认 100，或模型容得下的个数"))
    add("--sample", dest="do_sample", action=argparse.BooleanOptionalAction, help=either(
        "draw tokens, or take the likeliest", "随机抽取词元，或取最可能的"))
    add("--temperature", type=not_negative, metavar="T", help=either(
        "logits are divided by it; 0: the likeliest token", "logits 除以它；0：取最可能的词元"))
    add("--top-k", type=whole(0), metavar="K", help=either(
        "draw among the K likeliest; 0: among all", "只在最可能的 K 个里抽；0：不限"))
    add("--top-p", type=share, metavar="P", help=either(
        "draw among the likeliest that together have this probability", "只在合计概率达到 P 的那些最可能的词元里抽"))
    add("--min-p", type=share, metavar="P", help=either(
        "draw among those with this share of the largest probability", "只在概率不低于最大概率 P 倍的词元里抽"))
    add("--repetition-penalty", type=positive, metavar="X", help=either(
        "above 1: what is there already becomes less likely", "大于 1：已出现的词元变得不太可能"))
    add("--no-repeat-ngram-size", type=whole(0), metavar="N", help=either(
        "no N tokens in a row occur twice; 0: they may", "任何连续 N 个词元都不出现两次；0：不限"))
    add("--stop-strings", nargs="+", metavar="TEXT", help=either(
        "the text ends with one of them", "遇到其中之一就停"))
    return vars(parser.parse_args())


# fmt: on
def with_flags(problem: Exception) -> str:
    """What is wrong, in the words of the command line: --top-k 5 for top_k=5, and no names of classes."""
    text = re.sub(r"^\S+ ", "generate.py ", str(problem))
    text = re.sub(_SETTINGS, lambda name: "--" + name[0].replace("_", "-"), text)
    return re.sub("(--[a-z-]+)=", r"\1 ", text)


_SETTINGS = r"\b(max_new_tokens|temperature|top_k|top_p|min_p|repetition_penalty|no_repeat_ngram_size|stop_strings)\b"


def main() -> None:
    given = arguments()
    name, prompt, seed = (given.pop(key) for key in ("model", "prompt", "seed"))

    try:
        model, tokenizer = load(name)
    except (OSError, ValueError, RuntimeError, ImportError) as problem:
        raise SystemExit(with_flags(problem)) from None
    manual_seed(seed)
    if isinstance(model, BERT) and not model.config.is_decoder:
        pieces = fill_masks(model, tokenizer, prompt)
    else:
        encoded(tokenizer, prompt)  # which says what is wrong before anything is written
        sys.stdout.write(prompt)
        pieces = stream_text(model, tokenizer, prompt, **given)
    try:
        for piece in pieces:
            sys.stdout.write(piece)
            sys.stdout.flush()
    except (ValueError, TypeError, IndexError) as problem:  # a prompt that is too long, ids of another model's
        raise SystemExit(f"\n{with_flags(problem)}") from None
    print()


if __name__ == "__main__":
    as_program(main)
