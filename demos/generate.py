"""Let GPT-2, Llama or BERT write: text streams from the weights of a folder, or of a name on the hub.

    python demos/generate.py --model FOLDER --prompt "Once upon a time"
    python demos/generate.py --model openai-community/gpt2 --prompt "Once upon a time" --sample --seed 1
    python demos/generate.py --model google-bert/bert-base-uncased --prompt "Paris is the [MASK] of France."

The folder is in Hugging Face's format: config.json, safetensors files, tokenizer.json. A BERT that reads in both
directions fills in what is masked; the others go on.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_tf import manual_seed, no_grad
from tinygrad_tf.models import BERT, GPT2, Llama
from tinygrad_tf.models.pretrained import folder_of, read_json

FAMILIES: dict[str, Any] = {"gpt2": GPT2, "llama": Llama, "bert": BERT}


def load(name: str) -> tuple[Any, Any]:
    """The model and the tokenizer of a folder or a name."""
    folder = folder_of(name)
    kind = read_json(folder / "config.json").get("model_type")
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
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def stream_text(model: Any, tokenizer: Any, prompt: str, **settings: Any) -> Iterator[str]:
    """The text that follows the prompt, piece by piece."""
    ids = tokenizer.encode(prompt).ids
    if not ids:
        raise SystemExit("the prompt is empty: there is nothing to go on from")
    if settings.get("max_new_tokens", 100) is None:
        room = 100 if model.max_positions is None else model.max_positions - len(ids) + 1
        settings["max_new_tokens"] = max(1, min(100, room))
    new: list[int] = []
    shown = ""
    for step in model.stream(np.array([ids]), **settings):
        new.append(int(step[0]))
        text = tokenizer.decode(ids + new)[len(tokenizer.decode(ids)) :]
        if not text.endswith("\ufffd"):  # a letter of several tokens that is not whole yet
            yield text[len(shown) :]
            shown = text


def fill_masks(model: BERT, tokenizer: Any, prompt: str) -> Iterator[str]:
    """The likeliest word for each mask, from left to right, each seen by those after it."""
    mask = tokenizer.token_to_id("[MASK]")
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
    parser.add_argument("--max-new-tokens", type=int, help="default: 100, or as many as the model has room for")
    parser.add_argument("--sample", action="store_true", help="draw tokens instead of taking the likeliest")
    parser.add_argument("--temperature", type=float, default=0.8)
    parser.add_argument("--top-k", type=int, default=50)
    parser.add_argument("--top-p", type=float, default=1.0)
    parser.add_argument("--repetition-penalty", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()

    try:
        model, tokenizer = load(args.model)
    except (OSError, ValueError, RuntimeError, ImportError) as problem:
        raise SystemExit(str(problem)) from None
    manual_seed(args.seed)
    if isinstance(model, BERT) and not model.config.is_decoder:
        pieces = fill_masks(model, tokenizer, args.prompt)
    else:
        sys.stdout.write(args.prompt)
        pieces = stream_text(
            model, tokenizer, args.prompt, max_new_tokens=args.max_new_tokens, do_sample=args.sample,
            temperature=args.temperature, top_k=args.top_k, top_p=args.top_p,
            repetition_penalty=args.repetition_penalty,
        )  # fmt: skip
    try:
        for piece in pieces:
            sys.stdout.write(piece)
            sys.stdout.flush()
    except (ValueError, TypeError) as problem:  # a prompt that is too long, settings that exclude each other
        raise SystemExit(f"\n{problem}") from None
    print()


if __name__ == "__main__":
    main()
