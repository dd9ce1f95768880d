"""The pages of the guide: the chapters' texts, their code, and what it showed, in one HTML file per language."""

from __future__ import annotations

import html
import itertools
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from command_line import write

from .chapters import Cell, cells, paragraphs, title
from .code import in_language, joined, pieces, spoken
from .copy import program
from .frame import WORDS, filled, part
from .text import Term, glossary, inline, linked, markdown

try:
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer
except ImportError as problem:
    from tinygrad_tf.errors import error

    raise error(ImportError, "the guide", f"no package {problem.name}", "it makes the page",
                'pip install -e ".[demos]"') from None  # fmt: skip

from tinygrad_tf.graph.pictures.render import DARK

SMALLEST = 11  # pixels: no word in a figure is smaller


def write_pages(files: Sequence[Path], out: Path, name: str = "index") -> list[Path]:
    """Write ``<name>.html`` and ``<name>.zh.html`` into ``out``, from what the chapters have left there."""
    paths = {"en": out / f"{name}.html", "zh": out / f"{name}.zh.html"}
    for lang, path in paths.items():
        other = paths["zh" if lang == "en" else "en"].name
        write(path, page(files, out, lang, other))
    return list(paths.values())


def page(files: Sequence[Path], out: Path, lang: str, other: str) -> str:
    """The page in one language; ``other`` is the file of the other one."""
    say = WORDS[lang]
    titles = {path: title(path, lang) for path in files}
    terms = glossary()
    entries = [(anchor(p), number(p), inline(t)) for p, t in titles.items()]
    entries += [("glossary", "", say["glossary"])] if terms else []
    contents = "".join(f'<li><a href="#{at}"><span class="n">{n}</span><span>{t}</span></a></li>'
                       for at, n, t in entries)  # fmt: skip
    main = "\n".join([*(chapter(p, out, lang, titles, terms) for p in files), *terms_section(terms, files, lang)])
    return filled("guide.html", lang, OTHER=other, STYLE=part("style.css") + colours(), THEME=part("theme.js"),
                  SCRIPT=part("guide.js"), CONTENTS=contents, MAIN=main)  # fmt: skip


def chapter(path: Path, out: Path, lang: str, titles: dict[Path, str], terms: Sequence[Term]) -> str:
    """One chapter: its cells in order, and below each cell of code what it said, found and showed."""
    notes = json.loads((out / path.stem / "items.json").read_text(encoding="utf-8"))
    source = path.read_text(encoding="utf-8")
    code = programs(source, lang)
    found, items = [], notes["items"]
    for cell in cells(source):
        if cell.kind == "text":
            found.append(linked(text_cell(cell, lang, number(path)), terms))
            continue
        found.append(next(code))
        found += [
            shown(item, out / path.stem, lang, terms) for item in items if cell.first <= item["line"] <= cell.last
        ]
    say = WORDS[lang]
    ran = html.escape(say["ran"]).format(file=f"<code>demos/{path.name}</code>", seconds=f"{notes['seconds']:.1f}")
    order = list(titles)
    at = order.index(path)
    links = [f'<a class="{way}" href="#{anchor(order[i])}">{inline(titles[order[i]])}</a>'
             for way, i in (("previous", at - 1), ("next", at + 1)) if 0 <= i < len(order)]  # fmt: skip
    places = itertools.count(1)  # each section has a place, the same in both languages, that search can lead to
    text = re.sub("<h3>", lambda _: f'<h3 id="{anchor(path)}-{next(places)}">', "".join(found))
    return f'<section id="{anchor(path)}">{text}<p class="ran">{ran}</p><nav>{"".join(links)}</nav></section>'


def anchor(path: Path) -> str:
    return path.stem[3:]


def number(path: Path) -> str:
    return str(int(path.stem[:2]))


# ---- text ------------------------------------------------------------------------------------------------------------


def text_cell(cell: Cell, lang: str, number: str) -> str:
    """The paragraphs of one language; the chapter's heading gets its number, an exercise a frame."""
    made = []
    for paragraph in paragraphs(cell.text):
        if paragraph.lang not in (lang, None):
            continue
        text = markdown(paragraph.text)
        if text.startswith("<h1>"):
            text = f'<h2><span class="number">{number}</span>{text[4:-5]}</h2>'
        elif text.startswith("<h2>"):
            text = f"<h3>{text[4:-5]}</h3>"
        elif re.match(r"\*\*(Exercise|练习)", paragraph.text):
            text = f'<aside class="exercise">{text}</aside>'
        elif re.match(r"\*\*(Answer|答案)[.。]?\*\*", paragraph.text):
            text = re.sub(r"^<p><strong>.*?</strong>\s*", "<p>", text)
            text = f'<details class="answer"><summary>{WORDS[lang]["answer"]}</summary>{text}</details>'
        made.append(text)
    return "\n".join(made)


# ---- code ------------------------------------------------------------------------------------------------------------


def programs(source: str, lang: str) -> Iterator[str]:
    """The code of each cell in turn: the lesson, with a button to copy it, and what makes the page, folded."""
    say = WORDS[lang]
    found = [cell for cell in cells(source) if cell.kind == "code"]
    statements = pieces(found, source)
    for i in range(len(found)):
        here = [piece for piece in statements if piece.cell == i]
        lesson = in_language(joined((min(p.gap, 1), p.lesson) for p in here if p.lesson), lang)
        rest = in_language(joined((min(p.gap, 1), spoken(p.text)) for p in here if p.drawing), lang)
        made = ""
        if lesson:
            button = (f'<button class="copy" type="button" title="{say["how_to_copy"]}" data-done="{say["copied"]}" '
                      f'data-program="{html.escape(program(statements, i, lang))}">{say["copy"]}</button>')  # fmt: skip
            made += f'<pre class="code"><code>{coloured(lesson)}</code></pre>{button}'
        if rest:
            n = rest.count("\n") + 1
            lines = say["lines"].format(n=n) if n > 1 else say["a_line"]
            made += (f'<details class="fold"><summary>{say["fold"]} <span>{lines}</span></summary>'
                     f'<pre class="code"><code>{coloured(rest)}</code></pre></details>')  # fmt: skip
        yield f'<div class="program">{made}</div>'


def coloured(text: str) -> str:
    return highlight(text, PythonLexer(), HtmlFormatter(nowrap=True)).rstrip("\n")


# ---- the glossary ----------------------------------------------------------------------------------------------------


def terms_section(terms: Sequence[Term], files: Sequence[Path], lang: str) -> list[str]:
    """The last section: each term with its name in the other language, its symbol, its meaning and its chapter."""
    if not terms:
        return []
    say, chapters = WORDS[lang], {int(number(path)): path for path in files}
    rows = []
    for term in sorted(terms, key=lambda t: t.chapter if lang == "zh" else t.en.casefold()):
        name, other, meaning = term.in_language(lang)
        symbol = f'<span class="symbol">{inline(term.symbol)}</span>' if term.symbol else ""
        where = say["about"].format(n=term.chapter)
        if term.chapter in chapters:
            where = f'<a href="#{anchor(chapters[term.chapter])}">{where}</a>'
        other = "" if other == name else f'<span lang="{say["other_lang"]}">{inline(other)}</span>'
        rows.append(f'<dt id="{term.anchor}"><b>{inline(name)}</b> {other}{symbol}</dt>'
                    f'<dd>{inline(meaning)} <span class="where">{where}</span></dd>')  # fmt: skip
    head = f"<h2>{say['glossary']}</h2><p>{say['about_glossary']}</p>"
    return [f'<section id="glossary">{head}<dl>{"".join(rows)}</dl></section>']


# ---- what was shown --------------------------------------------------------------------------------------------------


def shown(item: dict[str, Any], folder: Path, lang: str, terms: Sequence[Term] = ()) -> str:
    """What one call of say, finding or show left behind."""
    words = linked(markdown(item[lang]), terms)
    if item["kind"] == "text":
        return f'<div class="said">{words}</div>'
    if item["kind"] == "finding":
        return f'<aside class="finding"><b>{WORDS[lang]["finding"]}</b>{words}</aside>'
    files = [folder / file for file in item["files"][lang == "zh" :: 2]]  # the one for a narrow screen comes second
    text = files[0].read_text(encoding="utf-8")
    form = kind = item["form"]
    boxes = []
    if form == "svg" and 'class="tinygrad_tf"' in text[:2000]:
        kind = "drawing"
        boxes = [fitted(svg(text, f"{folder.name}-{files[0].stem}-"))]
    elif form == "svg":
        kind = "figure"
        said = html.escape(html.unescape(re.sub("<[^>]*>", "", words)))
        for file in files:
            text = svg(file.read_text(encoding="utf-8"), f"{folder.name}-{file.stem}-")
            boxes.append(legible(text.replace("<svg", f'<svg role="img" aria-label="{said}"', 1)))
    elif form == "page":
        kind = "explorer"
        frame = f'<iframe title="{WORDS[lang]["explorer"]}" data-page="{html.escape(text)}" loading="lazy"></iframe>'
        boxes = [f"<noscript>{WORDS[lang]['noscript']}</noscript>{frame}"]
    elif form == "html":
        boxes = [text]
    else:
        shapes = re.sub(r"(?<=\d), (?=[\d, ]+[)\]])", ",\u00a0", text)  # (3, 2) and [1, 1] stay in one line
        boxes = [cells_that_wrap(markdown(shapes)) if form == "markdown" else f"<pre>{html.escape(text)}</pre>"]
    sizes = ("wide", "narrow") if len(boxes) > 1 else ("",)
    words = sides(words) if len(boxes) > 1 else words
    wider = WORDS[lang]["wider"]
    made = "".join(f'<div class="box {size}">{box}</div>' for size, box in zip(sizes, boxes, strict=True))
    return f'<figure class="{kind}">{made}<figcaption data-wider="{wider}">{words}</figcaption></figure>'


def cells_that_wrap(made: str) -> str:
    """A table whose cells of many words, as products written out, may have several lines, and those of few only one."""

    def cell(m: re.Match[str]) -> str:
        n = len(html.unescape(re.sub("<[^>]*>", "", m[2])))
        kind = ' class="long"' if n > 40 else ' class="whole"' if n < 11 else ""
        return f"<td{kind}{m[1]}>{m[2]}</td>"

    return re.sub(r"<td([^>]*)>(.*?)</td>", cell, made, flags=re.DOTALL)


def sides(words: str) -> str:
    """A caption whose "Left:" reads "Top:" where the panels stand below each other."""
    other = {"Left": "Top", "Right": "Bottom", "左": "上", "右": "下"}
    return re.sub(r"\b(Left|Right)(?=:)|(?<!到)([左右])(?=[：:])", lambda m: f'<span class="beside">{m[0]}</span>'
                  f'<span class="below">{other[m[0]]}</span>', words)  # fmt: skip


def svg(text: str, prefix: str) -> str:
    """An SVG to stand in the page: ids of its own, and the page's colours instead of its own style."""
    text = re.sub(r"<style.*?</style>|<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->", "", text, flags=re.DOTALL)
    return re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{prefix}", text)


def fitted(text: str) -> str:
    """A drawing on the page's own paper, smaller if it is high or the page narrow, as far as it can be read."""
    width, height = (float(size) * 4 / 3 for size in re.findall(r'\b(?:width|height)="([\d.]+)pt"', text)[:2])
    scale = max(least(text), min(1.0, 1500 / height))
    size = f'width="{scale * width:.0f}" height="{scale * height:.0f}" style="min-width:{least(text) * width:.0f}px"'
    text = re.sub(r'<polygon fill="#ffffff"', '<polygon fill="none"', text, count=1)
    return re.sub(r'width="[\d.]+pt"\s+height="[\d.]+pt"', size, text, count=1)


def legible(text: str) -> str:
    """A figure that becomes smaller with the page, as far as it can be read."""
    width = float(re.findall(r'\bwidth="([\d.]+)pt"', text)[0]) * 4 / 3
    return text.replace("<svg", f'<svg style="min-width:{least(text) * width:.0f}px"', 1)


def least(text: str) -> float:
    """The scale at which the smallest words of an SVG are SMALLEST pixels high."""
    sizes = [float(size) for size in re.findall(r'font-size(?::\s*|=")([\d.]+)', text)]
    return SMALLEST * 3 / 4 / min(sizes, default=SMALLEST)


def colours() -> str:
    """The style of code in both themes, and of the drawings in the dark one."""
    light = HtmlFormatter(style="default").get_style_defs(".code")
    dark = HtmlFormatter(style="github-dark").get_style_defs(".code")
    drawing = "\n".join(f".tinygrad_tf [{what}='{a}']{{{what}:{b}}}" for (a, b), what in
                        itertools.product(DARK.items(), ("fill", "stroke")))  # fmt: skip
    dark = under('[data-theme="dark"]', f"{bare(dark)}\n{drawing}")
    return f"{bare(light)}\n@media screen {{\n{dark}\n}}\n"


def bare(style: str) -> str:
    """The rules for pieces of code alone: the background is the page's."""
    return "\n".join(line for line in style.splitlines() if re.match(r"\.code \.\w+ ", line))


def under(where: str, style: str) -> str:
    return "\n".join(f"{where} {line}" for line in style.splitlines())
