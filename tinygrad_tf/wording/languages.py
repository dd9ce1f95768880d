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
_PLACE = re.compile(r"\{(\d+)\}")


class language:
    """Choose the language: ``language("zh")`` or ``language("en")``, for good or for a ``with`` block.

    It holds, in all threads, for what explain, draw, explore, op_card and notebooks show where they are given no
    ``lang`` of their own, for the rules and cures of errors, for the figures of a training and for the demos. A process
    begins with TINYGRAD_TF_LANG of the environment, or English. Raises ValueError for another language.

    >>> with language("zh"):
    ...     chosen()
    'zh'
    """

    def __init__(self, name: str) -> None:
        if name not in LANGUAGES:
            raise ValueError(f'language got {name!r}; there are "en" and "zh"; write language("zh")')
        self.before = _chosen[0]
        _chosen[0] = name

    def __enter__(self) -> None:
        pass

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
    """What a message says, in the chosen language; English where there is no Chinese for it.

    >>> with language("zh"):
    ...     translated("an axis lies in -2 … 1")
    '轴在 -2 … 1 之内'
    """
    if _chosen[0] == "en":
        return text
    whole, forms = _catalogue()
    if text in whole:
        return whole[text]
    for literals, places, chinese in forms:
        if text.startswith(literals[0]) and text.endswith(literals[-1]):
            found = re.fullmatch("(.+)".join(map(re.escape, literals)), text, re.DOTALL)
            if found:
                parts = zip(literals[:-1], found.groups(), strict=True)
                said = [part if before.endswith("NumPy: ") else translated(part) for before, part in parts]
                return _filled(chinese, dict(zip(places, said, strict=True)))
    return text


def _filled(chinese: str, parts: dict[str, str]) -> str:
    """The Chinese with its places filled; a space stands between a Chinese character and a Latin one."""

    def filled(place: re.Match[str]) -> str:
        part, before = parts[place[1]], chinese[: place.start()]
        return f" {part}" if re.match("[A-Za-z0-9]", part) and re.search("[\u3400-\u9fff]$", before) else part

    return _PLACE.sub(filled, chinese)


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
