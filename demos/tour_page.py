"""The pages of the guide: the chapters' texts, their code, and what it showed, in one HTML file per language."""

from __future__ import annotations

import ast
import html
import itertools
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chapters import Cell, cells, paragraphs, title

try:
    from latex2mathml.converter import convert
    from markdown_it import MarkdownIt
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer
except ImportError as problem:
    from tinygrad_tf.errors import error

    raise error(ImportError, "the guide", f"no package {problem.name}", "it makes the page",
                'pip install -e ".[demos]"') from None  # fmt: skip

from tinygrad_tf.graph.pictures.render import DARK

_PARTS = Path(__file__).parent / "page"  # the page's frame, style and script
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
# What Markdown must not touch: code, formulas, and numbers like 7e-11, which are written as 7 × 10⁻¹¹.
_KEPT = re.compile(r"```.*?```|`[^`]*`|\$\$.+?\$\$|\$[^$\n]+\$|\b(?P<number>\d[\d.]*)e(?P<power>[+-]\d+)\b", re.DOTALL)
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# Chinese has no spaces, so its lines are joined without one, but for the beginnings of a list's item, a table's row and
# a block of code.
_NO_SPACE = re.compile(
    r"(?<=[\u3400-\u9fff])\n(?=[\u3000-\u9fff\uff00-\uffef])"
    r"|(?<=[\u3000-\u303f\uff00-\uffef”’])\n(?!([-*+]|\d+\.) |\||```)"
)

# A formula's place, with the punctuation that may not be parted from it.
_FORMULA = re.compile("([（“(]*)\ue000(\\d+)\ue001([，。；：、！？）”,.;:!?)]*)")
# The name of a function whose argument stands without brackets: ln p, not lnp.
_FUNCTION = re.compile(r"\\(?:ln|tanh|sin|cos)(?:\^\d)?(?=\s*(?:[A-Za-z]|\\frac))")

#: What the page itself says.
WORDS = {
    "en": {
        "lang": "en", "title": "The Transformer, by running it", "other": "中文", "other_lang": "zh-CN",
        "contents": "Contents", "theme": "Light or dark", "finding": "Finding", "exercise": "Exercise",
        "intro": "Questions about the Transformer, each answered by a short program. The text explains, the "
                 "code is the code that ran, and every figure and number below was computed by it on this machine. "
                 "What a chapter claims in a green box it has measured: had it not held, this page would not exist. "
                 "In the code, ... stands for words that are printed below it.",
        "ran": "{file} ran in {seconds} s.", "explorer": "The page to step through",
    },
    "zh": {
        "lang": "zh-CN", "title": "跑出来的 Transformer", "other": "English", "other_lang": "en",
        "contents": "目录", "theme": "浅色或深色", "finding": "结论", "exercise": "练习",
        "intro": "关于 Transformer 的一个个问题，每个都用一段短程序来回答。正文负责讲解，代码就是实际运行的代码，"
                 "下面的每张图、每个数都是它在这台机器上算出来的。绿框里的结论都经过测量：只要有一条不成立，就不会有这个页面。"
                 "代码中的 ... 代表紧接着印在下面的文字。",
        "ran": "{file} 运行了 {seconds} 秒。", "explorer": "逐步查看的页面",
    },
}  # fmt: skip


def write_pages(files: Sequence[Path], out: Path, name: str = "index") -> list[Path]:
    """Write ``<name>.html`` and ``<name>.zh.html`` into ``out``, from what the chapters have left there."""
    paths = {"en": out / f"{name}.html", "zh": out / f"{name}.zh.html"}
    for lang, path in paths.items():
        other = paths["zh" if lang == "en" else "en"].name
        path.write_text(page(files, out, lang, other), encoding="utf-8")
    return list(paths.values())


def page(files: Sequence[Path], out: Path, lang: str, other: str) -> str:
    """The page in one language; ``other`` is the file of the other one."""
    say = WORDS[lang]
    titles = {path: title(path, lang) for path in files}
    contents = "".join(f'<li><a href="#{anchor(p)}"><span>{number(p)}</span>{inline(t)}</a></li>'
                       for p, t in titles.items())  # fmt: skip
    parts = {
        **{key: html.escape(text) for key, text in say.items()},
        "OTHER": other,
        "STYLE": (_PARTS / "style.css").read_text(encoding="utf-8") + colours(),
        "SCRIPT": (_PARTS / "page.js").read_text(encoding="utf-8"),
        "CONTENTS": contents,
        "MAIN": "\n".join(chapter(path, out, lang, titles) for path in files),
    }
    frame = (_PARTS / "index.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda m: parts[m[1]], frame)


def chapter(path: Path, out: Path, lang: str, titles: dict[Path, str]) -> str:
    """One chapter: its cells in order, and below each cell of code what it said, found and showed."""
    notes = json.loads((out / path.stem / "items.json").read_text(encoding="utf-8"))
    found, items = [], notes["items"]
    for cell in cells(path.read_text(encoding="utf-8")):
        if cell.kind == "text":
            found.append(text_cell(cell, lang, number(path)))
            continue
        found.append(f'<pre class="code"><code>{code(cell.text)}</code></pre>')
        found += [shown(item, out / path.stem, lang) for item in items if cell.first <= item["line"] <= cell.last]
    say = WORDS[lang]
    ran = html.escape(say["ran"]).format(file=f"<code>demos/{path.name}</code>", seconds=f"{notes['seconds']:.1f}")
    order = list(titles)
    at = order.index(path)
    links = [f'<a class="{way}" href="#{anchor(order[i])}">{inline(titles[order[i]])}</a>'
             for way, i in (("previous", at - 1), ("next", at + 1)) if 0 <= i < len(order)]  # fmt: skip
    return f'<section id="{anchor(path)}">{"".join(found)}<p class="ran">{ran}</p><nav>{"".join(links)}</nav></section>'


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
        made.append(text)
    return "\n".join(made)


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
    return _FORMULA.sub(lambda m: whole(m[1], formulas[int(m[2])], m[3]), made).strip()


def whole(before: str, formula: str, after: str) -> str:
    """A formula with the brackets and stops that touch it: no line begins with a stop, or ends with an opening one."""
    made = before + formula + after
    return f'<span class="whole">{made}</span>' if made != formula else made


def mathml(latex: str, block: bool) -> str:
    latex = _FUNCTION.sub(r"\g<0>\\,", latex)
    made = convert(latex, display="block" if block else "inline")
    return f'<span class="formula">{made}</span>' if block else made


def inline(text: str) -> str:
    """Markdown of one line, without the paragraph around it."""
    return markdown(text).removeprefix("<p>").removesuffix("</p>")


def code(text: str) -> str:
    return highlight(spoken(text), PythonLexer(), HtmlFormatter(nowrap=True)).rstrip("\n")


def spoken(text: str) -> str:
    """The code with ... for the words of say, show and finding, which stand below it."""
    lines = text.replace("  # fmt: skip", "").split("\n")
    calls = [node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Expr)]
    calls = [c for c in calls if isinstance(c, ast.Call) and getattr(c.func, "id", "") in ("say", "show", "finding")]
    for call in sorted(calls, key=lambda c: -c.lineno):
        name = call.func.id  # type: ignore[attr-defined]
        first = "" if name == "say" else f"{ast.get_source_segment(text, call.args[0])}, "
        lines[call.lineno - 1 : call.end_lineno] = [f"{' ' * call.col_offset}{name}({first}...)"]
    return "\n".join(lines)


# ---- what was shown --------------------------------------------------------------------------------------------------


def shown(item: dict[str, Any], folder: Path, lang: str) -> str:
    """What one call of say, finding or show left behind."""
    words = markdown(item[lang])
    if item["kind"] == "text":
        return f'<div class="said">{words}</div>'
    if item["kind"] == "finding":
        return f'<aside class="finding"><b>{WORDS[lang]["finding"]}</b>{words}</aside>'
    file = item["files"][lang == "zh"]
    text = (folder / file).read_text(encoding="utf-8")
    form = item["form"]
    if form == "svg":
        text = svg(text, f"{folder.name}-{file.split('.')[0]}-")
        kind = "drawing" if 'class="tinygrad_tf"' in text[:200] else "figure"
        said = html.escape(html.unescape(re.sub("<[^>]*>", "", words)))
        text = fitted(text) if kind == "drawing" else text.replace("<svg", f'<svg role="img" aria-label="{said}"', 1)
    elif form == "page":
        text = f'<iframe title="{WORDS[lang]["explorer"]}" data-page="{html.escape(text)}" loading="lazy"></iframe>'
        kind = "explorer"
    else:
        kind = form
        text = markdown(text) if form == "markdown" else text if form == "html" else f"<pre>{html.escape(text)}</pre>"
    return f'<figure class="{kind}"><div class="box">{text}</div><figcaption>{words}</figcaption></figure>'


def svg(text: str, prefix: str) -> str:
    """An SVG to stand in the page: ids of its own, and the page's colours instead of its own style."""
    text = re.sub(r"<style.*?</style>|<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->", "", text, flags=re.DOTALL)
    return re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{prefix}", text)


def fitted(text: str) -> str:
    """A drawing on the page's own paper, made a little smaller if it is higher than a page of the guide should be."""
    width, height = (float(size) * 4 / 3 for size in re.findall(r'\b(?:width|height)="([\d.]+)pt"', text)[:2])
    scale = max(0.83, min(1.0, 1500 / height))
    size = f'width="{scale * width:.0f}" height="{scale * height:.0f}"'
    text = re.sub(r'<polygon fill="#ffffff"', '<polygon fill="none"', text, count=1)
    return re.sub(r'width="[\d.]+pt"\s+height="[\d.]+pt"', size, text, count=1)


def colours() -> str:
    """The style of code in both themes, and of the drawings in the dark one."""
    light = HtmlFormatter(style="default").get_style_defs(".code")
    dark = HtmlFormatter(style="github-dark").get_style_defs(".code")
    drawing = "\n".join(f".tinygrad_tf [{what}='{a}']{{{what}:{b}}}" for (a, b), what in
                        itertools.product(DARK.items(), ("fill", "stroke")))  # fmt: skip
    return "\n".join([bare(light), under('[data-theme="dark"]', f"{bare(dark)}\n{drawing}")])


def bare(style: str) -> str:
    """The rules for pieces of code alone: the background is the page's."""
    return "\n".join(line for line in style.splitlines() if re.match(r"\.code \.\w+ ", line))


def under(where: str, style: str) -> str:
    return "\n".join(f"{where} {line}" for line in style.splitlines())
