"""What stands around the pages of the guide and of the site: HTML with {{places}}, and the words in both languages."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

PARTS = Path(__file__).parent / "parts"


def part(name: str) -> str:
    """The text of a file of parts/."""
    return (PARTS / name).read_text(encoding="utf-8")


#: What the pages themselves say: language → key → words.
WORDS = {lang: {key: both[i] for key, both in json.loads(part("words.json")).items()}
         for i, lang in enumerate(("en", "zh"))}  # fmt: skip


def filled(name: str, lang: str, **places: str) -> str:
    """A page: a file of parts/ with those that it includes; in its places the words of the language, and ``places``."""
    text = re.sub(r"\{\{(\w+\.html)\}\}\n", lambda m: part(m[1]), part(name))
    known = {**{key: html.escape(said) for key, said in WORDS[lang].items()}, **places}
    return re.sub(r"\{\{(\w+)\}\}", lambda m: known[m[1]], text)
