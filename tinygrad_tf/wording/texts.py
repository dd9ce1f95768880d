"""Texts that somebody else wrote, names above all, made such that they break nothing that they are put into.

A name is cleaned and cut once, where it enters what is shown; whoever writes it into HTML, DOT, LaTeX, Markdown or
Python escapes there what means something there.
"""

from __future__ import annotations

import re
import unicodedata

#: Characters of a name that are shown; the page has the whole of a longer one.
MOST = 200

# All that str.splitlines() takes for the end of a line, and tabs: with the spaces around them they are one space.
_BREAKS = re.compile("[ \t]*[\t\n\x0b\x0c\r\x1c-\x1e\x85\u2028\u2029]+\\s*")
# What no XML file or terminal should get: control characters, halves of surrogate pairs, what is no character.
_BROKEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufff9-\ufffb\ufffe\uffff]")
# What is not seen, but turns around or hides what stands beside it. Joiners stay: emoji and Persian need them.
_UNSEEN = re.compile("[\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_TOWER = re.compile(f"([{_MARKS}]{{4}})[{_MARKS}]+")  # more accents than four on a letter reach into other lines
_TIED = "\u200d\ufe0e\ufe0f"  # joins emoji, and says how they look


def clean(text: str) -> str:
    r"""``text`` in one line, which can be encoded and turns nothing around it.

    What cannot be shown becomes U+FFFD; what is not seen goes, so that names that look alike are alike.

    >>> clean("a\n\tb"), clean("a\x00b\ud800"), clean("a\u202eb")
    ('a b', 'a�b�', 'ab')
    """
    if text.isascii() and text.isprintable():
        return text
    text = _BROKEN.sub("\ufffd", _BREAKS.sub(" ", text))
    text = _TOWER.sub(r"\1", unicodedata.normalize("NFC", _UNSEEN.sub("", text)))
    return f"◌{text}" if text and unicodedata.combining(text[0]) else text


def capped(text: str, most: int = MOST) -> str:
    """``text`` cut in the middle, where paths differ least, if it has more than ``most`` characters.

    >>> capped("encoder.layers.0.weight", 11)
    'enco…eight'
    """
    if len(text) <= most:
        return text
    head, tail = text[: most // 2 - 1].rstrip(_TIED), text[-(most // 2) :]
    while tail and (tail[0] in _TIED or unicodedata.combining(tail[0])):  # it belongs to what was cut off
        tail = tail[1:]
    return f"{head}…{tail}"


def named(text: object, most: int = MOST, unnamed: str = "") -> str:
    """What a name is called wherever it is shown: clean and capped; ``unnamed`` where nothing of it can be seen.

    >>> named("  W "), named("\u200b", unnamed="?")
    ('W', '?')
    """
    found = clean(str(text)).strip()
    seen = any(unicodedata.category(c)[0] not in "CZ" for c in found[:MOST])
    return capped(found, most) if seen else unnamed


def isolated(text: str) -> str:
    """``text`` with each part of a path that is written from right to left kept apart from what is around it."""
    return text if text.isascii() else ".".join([f"\u2068{p}\u2069" if _turns(p) else p for p in text.split(".")])


def _turns(text: str) -> bool:
    return any(unicodedata.bidirectional(c) in ("R", "AL", "AN") for c in text)


def identifier(text: str) -> str:
    """A Python name that says what ``text`` says: as Python reads it, with one underscore for all that no name holds.

    >>> identifier("encoder.0 x²"), identifier("2x"), identifier("<>")
    ('encoder_0_x2', '_2x', 'A')
    """
    letters = [c if f"a{c}".isidentifier() and c not in _TIED else " " for c in unicodedata.normalize("NFKC", text)]
    word = re.sub("[ _]* [ _]*", "_", "".join(letters)).strip("_") or "A"
    return word if word.isidentifier() else f"_{word}"


def encodable(text: str) -> str:
    """``text`` with U+FFFD for what no file in UTF-8 can hold, halves of surrogate pairs."""
    return text if text.isascii() else re.sub("[\ud800-\udfff]", "\ufffd", text)
