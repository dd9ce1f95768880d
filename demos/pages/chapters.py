"""A chapter as a list of cells: jupytext's percent format, with English and Chinese paragraphs in turn."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from guide import is_chinese

FOLDER = Path(__file__).parents[1]


@dataclass(frozen=True)
class Cell:
    """A cell of a chapter; ``first`` and ``last`` are its lines in the file, counted from 1."""

    kind: str  # "code" or "text"
    text: str
    first: int
    last: int


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of Markdown; ``lang`` is "en", "zh", or None for a formula that stands for both."""

    lang: str | None
    text: str


def files(only: str = "") -> list[Path]:
    """The chapters in order; those whose name begins with ``only``."""
    return [path for path in sorted(FOLDER.glob("[0-9][0-9]_*.py")) if path.name.startswith(only)]


def cells(source: str) -> list[Cell]:
    """The cells of a chapter. What stands before the first ``# %%`` belongs to none."""
    found, lines = [], source.splitlines()
    starts = [i for i, line in enumerate(lines) if re.match(r"# %%( \[markdown\])?$", line)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        kind = "text" if lines[start].endswith("[markdown]") else "code"
        body = lines[start + 1 : end]
        if kind == "text":
            body = [re.sub("^# ?", "", line) for line in body]
        found.append(Cell(kind, "\n".join(body).strip("\n"), start + 1, end))
    return found


def paragraphs(text: str) -> list[Paragraph]:
    """The paragraphs of a text cell; each heading is one of its own."""
    spaced = re.sub("^(#+ .*)$", r"\n\1\n", text, flags=re.MULTILINE)
    return [Paragraph(language(block), block.strip("\n")) for block in re.split(r"\n\s*\n", spaced) if block.strip()]


def language(block: str) -> str | None:
    """What a paragraph is written in; examples in ``code`` and formulas do not count."""
    if block.strip().startswith("$$"):
        return None
    return "zh" if is_chinese(re.sub(r"`[^`]*`|\$[^$]*\$", "", block)) else "en"


def title(path: Path, lang: str) -> str:
    """The heading of a chapter in one language."""
    for paragraph in paragraphs(cells(path.read_text(encoding="utf-8"))[0].text):
        if paragraph.lang == lang and paragraph.text.startswith("# "):
            return paragraph.text[2:]
    raise ValueError(f"{path.name} does not begin with a text cell whose first lines are '# # …', one per language")
