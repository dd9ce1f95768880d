"""Ask the model of demos/train_dates.py for dates.

    python demos/translate_date.py "三月三日 2026" "3rd of Mar. '26"

Without dates it asks for them, one a line. Numbers are read day first, and years lie in 1950 … 2049.
"""

import argparse
import datetime
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tinygrad_tf.models import Transformer
from tinygrad_tf.tasks import Vocabulary
from tinygrad_tf.train.figures import save_attention
from tinygrad_tf.train.trainer import load_model, translate


def main() -> int:
    args = arguments()
    if not Path(args.checkpoint).exists():
        print(
            f"there is no model at {args.checkpoint} yet; train it first: python demos/train_dates.py", file=sys.stderr
        )
        return 1
    try:
        model, vocabulary = load_model(args.checkpoint)
    except ValueError as problem:
        print(problem, file=sys.stderr)
        return 1
    failed = False
    for text in args.dates or typed():
        try:
            print(f"{text} → {answer(model, vocabulary, text)}")
            if args.attention:
                save_attention(model, vocabulary, text, args.attention)
        except ValueError as problem:  # an unknown character, or a text that is too long
            print(problem, file=sys.stderr)
            failed = True
    return int(failed)


def answer(model: Transformer, vocabulary: Vocabulary, text: str) -> str:
    written = translate(model, vocabulary, [text])[0]
    try:
        datetime.date.fromisoformat(written)
    except ValueError:
        return f"{written} (not a date; the model was not trained on texts like this)"
    return written


def typed() -> Iterator[str]:
    """What the user types, line by line, until an empty line or the end."""
    lines: Iterable[str] = iter(lambda: input("date: ").strip(), "")
    try:
        yield from lines
    except (EOFError, KeyboardInterrupt):
        print()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dates", nargs="*", metavar="DATE", help="dates as people write them")
    parser.add_argument("--checkpoint", default="out/dates/model.safetensors", metavar="FILE", help="the trained model")
    parser.add_argument("--attention", metavar="FILE", help="draw where the model looked, as PNG, SVG or PDF")
    args = parser.parse_args()
    if args.attention and len(args.dates) != 1:
        parser.error("--attention draws one date: give exactly one")
    return args


if __name__ == "__main__":
    sys.exit(main())
