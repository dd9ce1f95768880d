"""The words of the guide as HTML: Markdown, formulas as MathML, terms that lead to the glossary."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .chapters import FOLDER

try:
    from latex2mathml.converter import convert
    from markdown_it import MarkdownIt
except ImportError as problem:
    from tinygrad_tf.errors import error

    raise error(ImportError, "the guide", f"no package {problem.name}", "it makes the page",
                'pip install -e ".[demos]"') from None  # fmt: skip

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
# What Markdown must not touch: code, formulas, and numbers like 7e-11, which are written as 7 × 10⁻¹¹.
_KEPT = re.compile(r"```.*?```|`[^`]*`|\$\$.+?\$\$|\$[^$\n]+\$|\b(?P<number>\d[\d.]*)e(?P<power>[+-]\d+)\b", re.DOTALL)
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# Chinese has no spaces, so its lines are joined without one, but for the beginnings of a list's item, a table's row and
# a block of code.
BETWEEN_CHINESE = (
    r"(?<=[\u3400-\u9fff])\n *(?=[\u3000-\u9fff\uff00-\uffef])|(?<=[\u3400-\u9fff]\*\*)\n *(?=[\u3400-\u9fff])"
    r"|(?<=\S)\n *(?=[\uff08\u201c])"
)
_NO_SPACE = re.compile(BETWEEN_CHINESE + r"|(?<=[\u3000-\u303f\uff00-\uffef”’])\n(?!([-*+]|\d+\.) |\||```)")

# A formula's place, with the punctuation that may not be parted from it.
_FORMULA = re.compile("([（“(]*)\ue000(\\d+)\ue001([，。；：、！？）”,.;:!?)]*)")
# The name of a function whose argument stands without brackets: ln p, not lnp.
_FUNCTION = re.compile(r"\\(?:ln|tanh|sin|cos)(?:\^\d)?(?=\s*(?:[A-Za-z]|\\frac))")
# GPT-2, post-norm, 2026-03-03: a line does not end within them.
_HYPHENATED = re.compile(r"(?<![\w-])[A-Za-z0-9.]+(?:-[A-Za-z0-9]+)+(?![\w-])")
_CODE_WORD = re.compile(r"(?<![^\s>])[^\s<>]+(?![^\s<])")
_MARKUP = re.compile(r"(<pre.*?</pre>|<code.*?</code>|<[^>]*>)", re.DOTALL)


def markdown(text: str) -> str:
    """Markdown with $formulas$ as HTML with MathML."""
    formulas: list[str] = []
    text = _NO_SPACE.sub("", text)

    def keep(m: re.Match[str]) -> str:
        if m[0].startswith("`"):
            return m[0]
        if m["power"]:
            return f"{m['number']}\u00a0×\u00a010{str(int(m['power'])).translate(_SUPERSCRIPT)}"
        block = m[0].startswith("$$")
        formulas.append(mathml(m[0].strip("$").strip(), block))
        return f"\ue000{len(formulas) - 1}\ue001"

    made = _MARKDOWN.render(_KEPT.sub(keep, text))
    made = re.sub(r"<table>.*?</table>", r'<div class="box">\g<0></div>', made, flags=re.DOTALL)
    made = re.sub("<em>([^<\u3400-\u9fff]*)</em>", r'<em class="latin">\1</em>', made)
    return _FORMULA.sub(lambda m: whole(m[1], formulas[int(m[2])], m[3]), unbroken(made)).strip()


def whole(before: str, formula: str, after: str) -> str:
    """A formula with the brackets and stops that touch it: no line begins with a stop, or ends with an opening one."""
    made = before + formula + after
    return f'<span class="whole">{made}</span>' if made != formula else made


def mathml(latex: str, block: bool) -> str:
    r"""A formula; one that stands alone may be broken at a \quad, or at \;\; within an equation, and nowhere else."""
    latex = _FUNCTION.sub(r"\g<0>\\,", latex)
    if not block:
        return convert(latex, display="inline")
    made, parts = "", ["", *re.split(r"(\\q?quad|\\;\\;)", latex)]
    for gap, part in zip(parts[::2], parts[1::2], strict=True):
        piece = convert(part.strip(), display="block")
        made += piece.replace("<math", '<wbr><math class="on"', 1) if ";" in gap else f" {piece}"
    return f'<span class="formula">{made.strip()}</span>'


def inline(text: str) -> str:
    """Markdown of one line, without the paragraph around it."""
    return markdown(text).removeprefix("<p>").removesuffix("</p>")


def unbroken(made: str) -> str:
    """HTML in which short words with hyphens are kept in one line, and code ends a line where a reader would."""
    whole = lambda m: f'<span class="whole">{m[0]}</span>' if len(m[0]) < 22 else m[0]
    parts = [part if part.startswith("<") else _HYPHENATED.sub(whole, part) for part in _MARKUP.split(made)]
    return "".join(_unbroken_code(part) if part.startswith("<code>") else part for part in parts)


def _unbroken_code(made: str) -> str:
    """Inline code: what is short stays whole, an option too; a long path breaks at its marks."""
    if len(made) < 31:  # 18 letters with the tags
        return f'<code class="whole">{made[6:]}' if re.search(r"[-/\[ ]", made[6:-7]) else made

    def word(m: re.Match[str]) -> str:
        if len(m[0]) > (23 if "/" in m[0] else 28):
            return re.sub(r"(::|[/_])(?=\w)", r"\1<wbr>", m[0])
        return f'<span class="whole">{m[0]}</span>' if re.search(r"[-/\[]", m[0]) else m[0]

    return _CODE_WORD.sub(word, made)


# ---- the glossary ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Term:
    """An entry of demos/glossary.json."""

    en: str
    zh: str
    symbol: str
    chapter: int
    meaning_en: str
    meaning_zh: str

    @property
    def anchor(self) -> str:
        return "term-" + re.sub(r"[^a-z0-9]+", "-", self.en.lower()).strip("-")

    def in_language(self, lang: str) -> tuple[str, str, str]:
        """The term, the same in the other language, and what it means."""
        return (self.zh, self.en, self.meaning_zh) if lang == "zh" else (self.en, self.zh, self.meaning_en)


def glossary(path: Path = FOLDER / "glossary.json") -> list[Term]:
    """The guide's terms, none if there is no such file."""
    return [Term(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))] if path.exists() else []


def linked(made: str, terms: Sequence[Term]) -> str:
    """HTML in which a bold word that the glossary has leads there."""
    found = {plain(name): term for term in terms for name in _names(term)}

    def link(m: re.Match[str]) -> str:
        term = found.get(plain(m[1])) or found.get(plain(m[1]).removesuffix("s"))
        return f'<strong><a class="term" href="#{term.anchor}">{m[1]}</a></strong>' if term else m[0]

    return re.sub(r"<strong>(.*?)</strong>", link, made, flags=re.DOTALL)


def _names(term: Term) -> list[str]:
    """A term in both languages, and what it is called as well: ``key (K)`` is ``key``, ``a / b`` is both."""
    texts = [re.sub(r"[(（].*?[)）]", "", text) for text in (term.en, term.zh)]
    return [term.en, term.zh, *[name for text in texts for name in re.split(r"[/、，,;；]", text) if name.strip()]]


def plain(text: str) -> str:
    """A word as it is looked up."""
    return re.sub(r"\s+", " ", html.unescape(re.sub("<[^>]*>", "", text))).strip(" .。:：,，").casefold()
