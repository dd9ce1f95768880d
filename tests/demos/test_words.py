"""The words of the guide: its glossary, its answers, and Chinese lines that end where a reader may pause."""

import json
import re
from itertools import chain, pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEMOS = ROOT / "demos"
FILES = sorted(DEMOS.glob("[0-9][0-9]_*.py"))
PAGES = [*ROOT.glob("*.zh.md"), *ROOT.glob("tests/*/*.zh.md"), *ROOT.glob("tinygrad_tf/*/*.zh.md")]
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
    assert len({term["en"].lower() for term in TERMS}) == len(TERMS)
    meanings = chain.from_iterable((term["meaning_en"], term["meaning_zh"]) for term in TERMS)
    assert all(meaning.endswith((".", "。", ".)")) for meaning in meanings)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_exercise_has_its_answer_in_both_languages(path):
    text = path.read_text(encoding="utf-8")
    marks = re.findall(r"^# \*\*(Exercise|练习|Answer|答案)[.。]\*\*", text, flags=re.MULTILINE)
    assert marks == ["Exercise", "练习", "Answer", "答案"]


@pytest.mark.parametrize("path", [*FILES, *PAGES], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_chinese_line_ends_inside_a_word(path):
    """Between two Chinese characters a line may be broken only after a stop."""
    lines = path.read_text(encoding="utf-8").splitlines()
    mark = "# " if path.suffix == ".py" else ""
    broken = [a for a, b in pairwise(lines) if re.match(rf"{mark}(?!#).*[\u3400-\u9fff]$", a)
              and re.match(rf"{mark}[\u3400-\u9fff]", b)]  # fmt: skip
    assert broken == []
