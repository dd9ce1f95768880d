"""Which language the package speaks, English or Chinese, and the Chinese of what errors say.

Messages are written in English where they arise; ``chinese.json`` has the Chinese of each, with numbered places for
what a message puts in: ``"an axis lies in {0} … {1}"``. English costs nothing; the file is read when the first message
is to be Chinese. What it has no Chinese for stays English.
"""

from __future__ import annotations

import functools
import os
import re
from types import TracebackType
from typing import TypeVar

LANGUAGES = ("en", "zh")
Text = TypeVar("Text")
_chosen = ["en"]
_CHINESE = re.compile("[\u3400-\u9fff]")
_PLACE = re.compile(r"\{(\d+)\}")
_DEEPEST = 4  # so many messages lie within each other
_QUOTED = re.compile(r"""(?<!\w)(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")(?!\w)""")
_QUOTE = re.compile(r"""(?<!\w)['"]|['"](?!\w)""")
_PROSE = re.compile(r"(?<![\w.])[a-z]{2,} [a-z]{2,}(?![\w.(=])")


class language:
    """Choose the language: ``language("zh")`` or ``language("en")``, for good or for a ``with`` block.

    It holds, in all threads, for what explain, draw, explore, op_card and notebooks show where they are given no
    ``lang`` of their own, for the rules and cures of errors, for the figures of a training and for the demos. A process
    begins with TINYGRAD_TF_LANG of the environment, or English: it belongs to the reader, who is one, and threads that
    the program starts speak to him, too. Blocks of several threads at once leave what the last of them goes back to.
    Raises ValueError for another language.

    >>> with language("zh"):
    ...     chosen()
    'zh'
    """

    def __init__(self, name: str) -> None:
        if name not in LANGUAGES:
            raise ValueError(  # errors.py stands upon this file
                either(
                    f'language got {name!r}; there are "en" and "zh"; write language("zh")',
                    f'language 收到：{name!r}；可选 "en" 和 "zh"，请写 language("zh")',
                )
            )
        self.name, self.before = name, _chosen[0]
        _chosen[0] = name

    def __enter__(self) -> None:
        _chosen[0] = self.name  # which another may have changed since

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, where: TracebackType | None
    ) -> None:
        _chosen[0] = self.before


def chosen() -> str:
    """The language that is spoken, "en" or "zh"."""
    return _chosen[0]


def either(en: Text, zh: Text) -> Text:
    """The one of two texts, or two rows of them, that is in the chosen language."""
    return zh if _chosen[0] == "zh" else en


def translated(text: str) -> str:
    """What a message says, in the chosen language; English where there is no Chinese for the whole of it.

    What stands in quotes is somebody's own and stays as it is. A text of more than 5,000 characters is no message.

    >>> with language("zh"):
    ...     translated("an axis lies in -2 … 1")
    '轴在 -2 … 1 之内'
    """
    return text if _chosen[0] == "en" or len(text) > 5000 else _in_chinese(text, _DEEPEST) or text


@functools.lru_cache(200)
def _in_chinese(text: str, deep: int) -> str | None:
    """The Chinese of a message, whose parts are messages in their turn; None where some of it would stay English."""
    whole, forms = _catalogue()
    if text in whole:
        return whole[text]
    for literals, places, chinese in forms if deep else ():
        parts = _between(literals, text)
        if parts is not None:
            said: dict[str, str] = {}
            for before, place, part in zip(literals[:-1], places, parts, strict=True):
                found = (
                    part if before.endswith(("NumPy: ", "Python: ")) else _in_chinese(part, deep - 1) or _as_it_is(part)
                )
                if found is None:
                    break
                said[place] = found
            else:
                found = filled(chinese, said)
                return found if _CHINESE.search(found) or "：" not in found else text  # def f(x): … is code
    return None


def _between(literals: list[str], text: str) -> list[str] | None:
    """What a text has in the places between the literals, if it has them in this order. The first part is the longest.

    A search from the end takes time in proportion to the text; a regular expression may take its third power.
    """
    first, *inner, last = literals
    if not (text.startswith(first) and text.endswith(last)):
        return None
    parts, end = [], len(text) - len(last)
    for literal in reversed(inner):
        at = text.rfind(literal, len(first), end - 1)
        if at < 0:
            return None
        parts.append(text[at + len(literal) : end])
        end = at
    parts.append(text[len(first) : end])
    return parts[::-1] if parts[-1] else None


def _as_it_is(part: str) -> str | None:
    """A name, a number, code or a quotation is the same in Chinese; None for a sentence and for half a quotation."""
    bare = _QUOTED.sub("", part)
    return None if _PROSE.search(bare) or _QUOTE.search(bare) else part


def filled(chinese: str, parts: dict[str, str]) -> str:
    """The Chinese with its places filled; a space stands between Chinese and Latin, and only there.

    >>> filled("{0} 收到：{1}", {"0": "钩子", "1": "X (2,)"})
    '钩子收到：X (2,)'
    """
    text = ""
    for i, piece in enumerate(_PLACE.split(chinese)):  # texts and numbers in turn
        text = _joined(text, parts[piece] if i % 2 else piece)
    return text


def _joined(text: str, more: str) -> str:
    if re.search("[\u3400-\u9fff）] ?$", text) and re.match(" ?[\u3400-\u9fff]", more):
        return text.removesuffix(" ") + more.removeprefix(" ")
    return f"{text} {more}" if re.search("[\u3400-\u9fff]$", text) and re.match("[A-Za-z0-9]", more) else text + more


@functools.cache
def _catalogue() -> tuple[dict[str, str], list[tuple[list[str], list[str], str]]]:
    """The messages without places; and those with, as the texts between them, their numbers and the Chinese.

    First come those that say most themselves, so that a message is taken for what fits it closest.
    """
    import json  # only a Chinese message needs them
    from importlib import resources

    whole: dict[str, str] = json.loads(resources.files(__package__).joinpath("chinese.json").read_text("utf-8"))
    forms = []
    for english in [text for text in whole if _PLACE.search(text)]:
        parts = _PLACE.split(english)  # texts and numbers in turn
        forms.append((parts[::2], parts[1::2], whole.pop(english)))
    return whole, sorted(forms, key=lambda form: -len("".join(form[0])))


language(os.environ.get("TINYGRAD_TF_LANG") or "en")
