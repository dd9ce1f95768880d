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
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_tf import manual_seed, no_grad
from tinygrad_tf.models import BERT, GPT2, Llama
from tinygrad_tf.models.configs import family
from tinygrad_tf.models.folders import Folder
from tinygrad_tf.models.hub import folder_of

FAMILIES: dict[str, Any] = {"gpt2": GPT2, "llama": Llama, "bert": BERT}


def load(name: str) -> tuple[Any, Any]:
    """The model and the tokenizer of a folder or a name."""
    folder = folder_of(name)
    kind = family(Folder(folder).json("config.json"))
    if kind not in FAMILIES:
        raise SystemExit(f"{folder} holds a model of type {kind!r}; this reads {', '.join(FAMILIES)}")
    return FAMILIES[kind].from_pretrained(folder), load_tokenizer(folder)


def load_tokenizer(folder: Path) -> Any:
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise SystemExit('text needs the package tokenizers: pip install "tinygrad_tf[tokenizers]"') from None
    if not (folder / "tokenizer.json").is_file():
        raise SystemExit(f"no file {folder / 'tokenizer.json'}: download it, or save it with transformers")
    with tokenizing(f"{folder / 'tokenizer.json'}"):
        return Tokenizer.from_file(str(folder / "tokenizer.json"))


@contextlib.contextmanager
def tokenizing(what: str) -> Iterator[None]:
    """A context manager for the package tokenizers, which raises bare exceptions, and panics, for what is damaged."""
    try:
        yield
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException as problem:
        why = " ".join(str(problem).split())[:200]
        raise SystemExit(f"{what} is damaged, or of another model ({why}): download it again") from None


def stream_text(model: Any, tokenizer: Any, prompt: str, **settings: Any) -> Iterator[str]:
    """The text that follows the prompt, piece by piece; in one piece from a model that searches with beams."""
    with tokenizing("tokenizer.json"):
        ids = tokenizer.encode(prompt).ids
    if not ids:
        raise SystemExit("the prompt is empty: there is nothing to go on from")
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
    with tokenizing("tokenizer.json"):
        ids = np.array([tokenizer.encode(prompt).ids])
    places = np.flatnonzero(ids[0] == mask)
    if not len(places):
        raise SystemExit("a BERT that reads in both directions fills in [MASK]: put one into the prompt")
    for place in places:
        with no_grad():
            ids[0, place] = model(ids).array[0, place].argmax()
        yield tokenizer.decode([int(ids[0, place])]) + " "
    yield f"\n{tokenizer.decode(ids[0].tolist())}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="a folder in Hugging Face's format, or a name on the hub")
    parser.add_argument("--prompt", required=True)
    parser.add_argument("--seed", type=int, default=0)
    settings = parser.add_argument_group("how tokens are chosen", "by default as generation_config.json says")
    add = functools.partial(settings.add_argument, default=argparse.SUPPRESS)  # what is not given is not there
    add("--max-new-tokens", type=int, help="by default 100, or as many as the model has room for")
    add("--sample", dest="do_sample", action=argparse.BooleanOptionalAction, help="draw tokens, or take the likeliest")
    add("--temperature", type=float, help="0: the likeliest token")
    add("--top-k", type=int)
    add("--top-p", type=float)
    add("--min-p", type=float)
    add("--repetition-penalty", type=float)
    add("--no-repeat-ngram-size", type=int)
    add("--stop-strings", nargs="+", metavar="TEXT", help="the text ends with one of them")
    given = vars(parser.parse_args())
    name, prompt, seed = (given.pop(key) for key in ("model", "prompt", "seed"))

    try:
        model, tokenizer = load(name)
    except (OSError, ValueError, RuntimeError, ImportError) as problem:
        raise SystemExit(str(problem)) from None
    manual_seed(seed)
    if isinstance(model, BERT) and not model.config.is_decoder:
        pieces = fill_masks(model, tokenizer, prompt)
    else:
        sys.stdout.write(prompt)
        pieces = stream_text(model, tokenizer, prompt, **given)
    try:
        for piece in pieces:
            sys.stdout.write(piece)
            sys.stdout.flush()
    except (ValueError, TypeError, IndexError) as problem:  # a prompt that is too long, ids of another model's
        raise SystemExit(f"\n{problem}") from None
    print()


if __name__ == "__main__":
    main()
