"""The glossary of the guide: each term is bold where its chapter first explains it, in both languages."""

import json
import re
from pathlib import Path

import pytest

DEMOS = Path(__file__).parents[2] / "demos"
TERMS = json.loads((DEMOS / "glossary.json").read_text(encoding="utf-8"))


def bold(chapter):
    """The bold words of a chapter's text, in lower case."""
    (path,) = DEMOS.glob(f"{chapter:02}_*.py")
    text = re.sub(r"\n# ", " ", path.read_text(encoding="utf-8"))  # a term may go over the end of a line
    return {word.lower().rstrip("。：，.") for word in re.findall(r"\*\*([^*\n]+?)\*\*", text)}


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term["en"])
def test_a_term_is_bold_in_its_chapter_in_both_languages(term):
    found = bold(term["chapter"])
    for name in (term["en"], term["zh"]):
        assert {name.lower(), f"{name.lower()}s"} & found, (name, sorted(found))


def test_a_term_stands_once_and_says_what_it_means():
    from itertools import chain

    assert len({term["en"].lower() for term in TERMS}) == len(TERMS)
    meanings = chain.from_iterable((term["meaning_en"], term["meaning_zh"]) for term in TERMS)
    assert all(meaning.endswith((".", "。", ".)")) for meaning in meanings)
