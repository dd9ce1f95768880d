"""Ask the model of demos/train_dates.py for dates.

    python demos/translate_date.py "三月三日 2026" "3rd of Mar. '26"

Without dates it asks for them, one a line. Numbers are read day first, and years lie in 1950 … 2049.
"""

import argparse
import datetime
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

from command_line import Parser, as_program

from tinygrad_tf.models import Transformer
from tinygrad_tf.tasks import Vocabulary
from tinygrad_tf.tasks.date_forms import FIRST, LAST
from tinygrad_tf.train.figures import save_attention
from tinygrad_tf.train.trainer import load_model, translate
from tinygrad_tf.wording.languages import either

ZH = """\
让 demos/train_dates.py 训练出的模型读日期。

    python demos/translate_date.py "三月三日 2026" "3rd of Mar. '26"

不写日期时，它会逐行询问。用斜线、句点或短横隔开的数字，日在前，月在后；年份在 1950 … 2049 之内。
"""


def main() -> int:
    args = arguments()
    if not Path(args.checkpoint).exists():
        print(either(
            f"there is no model at {args.checkpoint} yet; train it first: python demos/train_dates.py",
            f"{args.checkpoint} 还没有模型；请先训练：python demos/train_dates.py",
        ), file=sys.stderr)  # fmt: skip
        return 1
    try:
        model, vocabulary = load_model(args.checkpoint)
    except (ValueError, OSError) as problem:
        print(problem, file=sys.stderr)
        return 1
    failed = False
    for text in args.dates or typed():
        try:
            print(f"{text} → {answer(model, vocabulary, usual(text))}")
            if args.attention:
                save_attention(model, vocabulary, usual(text), args.attention)
        except BrokenPipeError:
            raise
        except (ValueError, OSError) as problem:  # an unknown character, a text that is too long or no date
            print(problem, file=sys.stderr)
            failed = True
    return int(failed)


def answer(model: Transformer, vocabulary: Vocabulary, text: str) -> str:
    """What the model says. Raises ValueError for what it cannot know: it would say some date all the same."""
    written = translate(model, vocabulary, [text])[0]
    if missing := unreadable(text):
        raise ValueError(f"{text}: {missing}")
    try:
        datetime.date.fromisoformat(written)
    except ValueError:
        return either(
            f"{written} (not a date; the model was not trained on texts like this)",
            f"{written}（不是日期；模型没有学过这样的写法）",
        )
    return written


# ---- what people type ------------------------------------------------------------------------------------------------

_ALIKE = str.maketrans({"○": "〇", "◯": "〇", **dict.fromkeys("‐‑‒–—―−", "-"), **dict.fromkeys("‘´`", "'")})
_CHINESE = str.maketrans({"(": "（", ")": "）", ",": "，"})
_MONTH = re.compile("(?i)jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec")
_WEEKDAY = re.compile("(星期|周|週|礼拜)[一二三四五六日天]")
_DIGITS = {c: i % 10 for i, c in enumerate("〇一二三四五六七八九零壹贰叁肆伍陆柒捌玖0123456789")}
_NUMBER = re.compile(r"[0-9]+|[〇零一二三四五六七八九十廿卅壹贰叁肆伍陆柒捌玖拾]+")


def usual(text: str) -> str:
    """The text with the letters that the model has learnt: digits and spaces of half width, - for every dash.

    >>> usual("２０２６－０３－０３"), usual("2026年3月3日(星期二)")
    ('2026-03-03', '2026年3月3日（星期二）')
    """
    text = " ".join(unicodedata.normalize("NFKC", text).translate(_ALIKE).split())
    return text.translate(_CHINESE) if any("\u4e00" <= c <= "\u9fff" for c in text) else text


def unreadable(text: str) -> str:
    """Why no date is meant that the model could know: a part is missing, or its year was not learnt; "" if it could.

    >>> unreadable("3 March 2026"), unreadable("三月三日")
    ('', 'the year is missing; a date has a day, a month and a year')
    """
    text = _WEEKDAY.sub("", text)
    numbers = [number[0] for number in _NUMBER.finditer(text)]
    of_digits = [n for n in numbers if len(n) in (4, 8) and set(n) <= _DIGITS.keys()]
    years = [int("".join(str(_DIGITS[c]) for c in n[:4])) for n in of_digits]
    outside = [year for year in years if not FIRST.year <= year <= LAST.year]
    if outside:
        return either(
            f"the year {outside[0]} is not one of {FIRST.year} … {LAST.year}, which the model has learnt",
            f"{outside[0]} 年不在模型学过的 {FIRST.year} … {LAST.year} 之内",
        )
    has_month = bool(_MONTH.search(text)) or "月" in text
    count = len(numbers) + bool(_MONTH.search(text)) + 2 * any(len(n) == 8 for n in numbers)
    if count >= 3:
        return ""
    has_year = bool(years) or bool(re.search("[年'’]", text))
    has_day = bool(re.search("[日号號]", text)) or (has_month and count > 1 + has_year)
    parts = {("year", "年"): has_year, ("month", "月"): has_month, ("day", "日"): has_day}
    missing = [names for names, there in parts.items() if not there]
    if len(missing) != 3 - count:  # 3/2026: is it a day or a month?
        return either("a part is missing; a date has a day, a month and a year", "缺少一部分；日期要有年、月、日")
    en, zh = zip(*missing, strict=True)
    return either(
        f"the {' and the '.join(en)} {'are' if len(en) > 1 else 'is'} missing; a date has a day, a month and a year",
        f"缺少{'、'.join(zh)}；日期要有年、月、日",
    )


def typed() -> Iterator[str]:
    """What the user types, line by line, until an empty line or the end."""
    lines: Iterable[str] = iter(lambda: input(either("date: ", "日期：")).strip(), "")
    try:
        yield from lines
    except (EOFError, KeyboardInterrupt):
        print()


def arguments() -> argparse.Namespace:
    parser = Parser(__doc__ or "", ZH)
    add = parser.add_argument
    add("dates", nargs="*", metavar="DATE", help=either("dates as people write them", "日期，平常怎么写就怎么写"))
    add("--checkpoint", default="out/dates/model.safetensors", metavar="FILE",
        help=either("the trained model", "训练好的模型"))  # fmt: skip
    add("--attention", metavar="FILE", help=either("draw where the model looked, as PNG, SVG or PDF",
                                                   "画出模型看了哪里，写成 PNG、SVG 或 PDF"))  # fmt: skip
    args = parser.parse_args()
    if args.attention and len(args.dates) != 1:
        parser.error(either("--attention draws one date: give exactly one", "--attention 只画一个日期：请正好给一个"))
    if args.attention and Path(args.attention).suffix.lower() not in (".png", ".svg", ".pdf"):
        parser.error(either(f"--attention {args.attention}: write a name that ends with .png, .svg or .pdf",
                            f"--attention {args.attention}：请写以 .png、.svg 或 .pdf 结尾的名字"))  # fmt: skip
    return args


if __name__ == "__main__":
    as_program(main)
