"""The site: guide, gallery of explorers, API, every error, benchmarks, in a folder that needs no server.

    python demos/website.py out/site

Its first page is index.html in that folder.
"""

from __future__ import annotations

import html
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import gallery
from command_line import Parser, as_program, copy, folder, stops_as_by_ctrl_c, whole, write
from markdown_it import MarkdownIt
from pages.chapters import files as chapters
from pages.code import in_language
from pages.frame import PARTS, WORDS, filled, part
from pages.index import broken_links, without_dead_places, write_index
from pages.page import colours
from pages.text import BETWEEN_CHINESE, unbroken
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

from tinygrad_tf.wording.languages import either

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))  # where the page of errors is made

ZH = """\
网站：教程、画廊、API、每个错误、基准测试，放在一个不需要服务器的文件夹里。

    python demos/website.py out/site

首页是那个文件夹里的 index.html。
"""
LANGS = ("en", "zh")

#: The modules whose public names make the API, in the order in which they are listed.
API = ["tinygrad_tf", *(f"tinygrad_tf.{name}" for name in (
    "nn", "nn.functional", "nn.init", "nn.utils", "optim", "optim.lr_scheduler", "graph", "models", "train", "tasks",
    "parallel", "kernels", "random"))]  # fmt: skip


@dataclass(frozen=True)
class Document:
    """A page made from Markdown: its file on the site without suffix, its title, where its text comes from."""

    name: str
    title: dict[str, str]
    source: dict[str, Path | None]  # None: what ``make`` gives
    make: Callable[[str], str] | None = None

    def text(self, lang: str) -> str:
        path = self.source.get(lang, self.source["en"])
        return self.make(lang) if path is None and self.make else (path or ROOT).read_text(encoding="utf-8")

    def only(self, lang: str) -> str:
        """What its link says where the page is in English alone."""
        return self.title[lang] + "（英文）" * (lang == "zh" and "zh" not in self.source)

    def file(self, lang: str) -> str:
        return f"{self.name}.zh.html" if lang == "zh" and "zh" in self.source else f"{self.name}.html"


def both(folder: str) -> dict[str, Path | None]:
    return {"en": ROOT / folder / "README.md", "zh": ROOT / folder / "README.zh.md"}


def errors(lang: str) -> str:
    import errors_page

    return errors_page.page(lang)


DOCUMENTS = [
    Document("index", {"en": "tinygrad_tf", "zh": "tinygrad_tf"}, both(".")),
    Document("pytorch", {"en": "From PyTorch", "zh": "来自 PyTorch"}, both("tinygrad_tf/compat")),
    Document("benchmarks", {"en": "Benchmarks", "zh": "速度"}, both("tests/benchmarks")),
    Document("errors", {"en": "Errors", "zh": "报错"}, {"en": None, "zh": None}, errors),
    Document(
        "contributing",
        {"en": "Contributing", "zh": "参与贡献"},
        {"en": ROOT / "CONTRIBUTING.md", "zh": ROOT / "CONTRIBUTING.zh.md"},
    ),
    Document("changes", {"en": "Changes", "zh": "变更"}, {"en": ROOT / "CHANGELOG.md"}),
]
GUIDE = {"en": "guide/index.html", "zh": "guide/index.zh.html"}
GALLERY = {"en": "gallery.html", "zh": "gallery.zh.html"}


def links(lang: str) -> dict[str, str]:
    """What the head of each page leads to: file → words."""
    return {
        GUIDE[lang]: {"en": "Guide", "zh": "教程"}[lang],
        GALLERY[lang]: {"en": "Gallery", "zh": "画廊"}[lang],
        "api/tinygrad_tf.html": WORDS[lang]["api"],
        **{d.file(lang): d.only(lang) for d in DOCUMENTS if d.name not in ("index", "contributing")},
    }


def framed(main: str, title: str, lang: str, file: str, other_file: str) -> str:
    """A page of the site around ``main``."""
    heads = "".join(f'<a href="{to}"{" aria-current=page" * (to == file)}>{html.escape(said)}</a>'
                    for to, said in links(lang).items())  # fmt: skip
    return filled("site.html", lang, title=html.escape(title), home=DOCUMENTS[0].file(lang), OTHER=other_file,
                  LINKS=heads, MAIN=main)  # fmt: skip


# ---- documents -------------------------------------------------------------------------------------------------------


def coloured(code: str, language: str, more: str) -> str:
    if not language:
        return f'<pre class="code"><code>{html.escape(code)}</code></pre>'
    made = highlight(code, get_lexer_by_name(language), HtmlFormatter(nowrap=True))
    return f'<pre class="code {html.escape(f"{language} {more}".strip())}"><code>{made}</code></pre>'


_MARKDOWN = MarkdownIt("commonmark", {"html": False, "highlight": coloured}).enable("table")


# Chinese has no spaces: where its lines end within a paragraph, they are joined without one.
_NO_SPACE = re.compile(BETWEEN_CHINESE + r"|(?<=[\u3000-\u303f\uff00-\uffef])\n *+(?!\n|([-*+]|\d+\.) |[|#>]|```)")


def rendered(text: str, lang: str) -> str:
    """Markdown as HTML: each heading has an anchor, as on a forge; comments and the link to the other language go."""
    text = re.sub(r"<!--.*?-->\n?|^\[(中文|English)\]\(\S*\)\n", "", text, flags=re.MULTILINE)
    parts = re.split(r"(^```.*?^```)", text.replace("≤ ", "≤\u00a0"), flags=re.DOTALL | re.MULTILINE)
    made = _MARKDOWN.render("".join(part if part.startswith("```") else _NO_SPACE.sub("", part) for part in parts))
    taken: dict[str, int] = {}

    def heading(m: re.Match[str]) -> str:
        words = re.sub(r"[^\w\s-]", "", html.unescape(re.sub("<.*?>", "", m[2])).lower()).strip()
        name = re.sub(r"\s", "-", words) or "section"
        taken[name] = taken.get(name, -1) + 1
        name += f"-{taken[name]}" * bool(taken[name])
        return f'<h{m[1]} id="{name}">{m[2]}</h{m[1]}>'

    made = unbroken(re.sub(r"<h([1-4])>(.*?)</h\1>", heading, made, flags=re.DOTALL))
    made = re.sub(r"(?<=\d) (?=(?:µs|ms|s|MiB)(?:（| \(|</td>))", "\u00a0", made)
    made = re.sub(
        r"（[^（）<]{1,12}）(?=</td>)|\([^()<]{1,12}\)(?=</td>)", r'<span class="whole">\g<0></span>', made
    )  # 857 ms（2 线程）
    wider = f'<p class="wider">{WORDS[lang]["wider"]}</p>'
    made = re.sub(r"<p>(<img .*?>)</p>", rf'<div class="picture">\g<1></div>{wider}', made)
    return re.sub(r"<table>.*?</table>", r'<div class="box">\g<0></div>', made, flags=re.DOTALL)


def write_documents(out: Path) -> None:
    """The Markdown pages of the repository, with links among them and copies of whatever else they point at."""
    pages = {str(path): (d, lang) for d in DOCUMENTS for lang, path in d.source.items() if path}

    for d in DOCUMENTS:
        for lang in d.source:
            source = d.source[lang] or ROOT / "README.md"

            def moved(m: re.Match[str], source: Path = source) -> str:
                if re.match(r"https?:|#|mailto:", m[2]):
                    return m[0]
                path, _, fragment = m[2].partition("#")
                target = (source.parent / unquote(path)).resolve()
                if str(target) in pages:
                    document, of = pages[str(target)]
                    return f'{m[1]}="{document.file(of)}{"#" * bool(fragment)}{fragment}"'
                beside = Path("files") / target.relative_to(ROOT)
                copy(target, out / beside)
                return f'{m[1]}="{beside.as_posix()}"'

            text = re.sub(r'\b(href|src)="([^"]*)"', moved, rendered(d.text(lang), lang))
            other = d.file("zh" if lang == "en" else "en")
            if len(d.source) == 1:
                other = DOCUMENTS[0].file("zh")
            write(out / d.file(lang), framed(text, d.title[lang], lang, d.file(lang), other))


# ---- gallery, guide, API ---------------------------------------------------------------------------------------------


def write_gallery(out: Path) -> None:
    gallery.write(out / "gallery")
    for lang in LANGS:
        pieces = []
        for piece in gallery.PIECES:
            size = (out / "gallery" / f"{piece.name}.html").stat().st_size / 1e6
            link = f"gallery/{piece.name}.html#lang={lang}"
            pieces.append(
                f'<li><h2 id="{piece.name}"><a href="{link}">{html.escape(piece.title[lang])}</a></h2>'
                f"<p>{html.escape(piece.about[lang])}</p>"
                f'<p><a href="{link}">{WORDS[lang]["open"]}</a> · {size:.1f} MB</p>'
                f"{coloured(in_language(piece.code, lang), 'python', '')}</li>"
            )  # fmt: skip
        title = links(lang)[GALLERY[lang]]
        main = f'<h1>{title}</h1><ul class="pieces">{"".join(pieces)}</ul>'
        other = GALLERY["zh" if lang == "en" else "en"]
        write(out / GALLERY[lang], framed(main, title, lang, GALLERY[lang], other))


def write_guide(out: Path, short: bool, jobs: int, only: str) -> None:
    """The guide's two pages; the tour computes what is not there yet."""
    results = ROOT / "out" / ("tour/short" if short else "tour")
    command = [sys.executable, str(Path(__file__).with_name("tour.py")), "--out", str(results), "--jobs", str(jobs)]
    with subprocess.Popen([*command, *["--short"] * short, "--only", only]) as tour:
        try:
            code = tour.wait()
        except KeyboardInterrupt:
            tour.terminate()  # it ends its chapters
            raise
    if code:
        raise SystemExit(code)  # it has said why
    made = chapters(only)[0].stem if only else "index"
    (out / "guide").mkdir(exist_ok=True)
    for lang, file in GUIDE.items():
        text = (results / f"{made}{'.zh' * (lang == 'zh')}.html").read_text(encoding="utf-8")
        text = text.replace(f'href="{made}.', 'href="index.')  # the other language
        home = f'<a class="up" href="../{DOCUMENTS[0].file(lang)}">tinygrad_tf</a>'
        write(out / file, text.replace("<header>", f"<header>{home}", 1))


def write_api(out: Path) -> None:
    """The reference: pdoc's pages of the public modules, in the site's colours."""
    import pdoc

    dark = HtmlFormatter(style="github-dark").get_style_defs('[data-theme="dark"] .pdoc-code')
    with tempfile.TemporaryDirectory() as folder:
        templates = Path(shutil.copytree(PARTS / "api", Path(folder) / "api"))
        with open(templates / "custom.css", "a", encoding="utf-8") as style:
            style.write("\n".join(line for line in dark.splitlines() if re.match(r"\[.*?\.pdoc-code \.", line)))
        pdoc.render.configure(docformat="google", template_directory=templates, show_source=True)
        pdoc.render.env.globals["shown"] = API
        _write_api(Path(folder), out)


#: A type that a method of Tensor hides, as pdoc shows the method: with tags between its words, or without.
_HIDDEN = re.compile(r"(<[^>]*>)?&lt;(?:<[^>]*>|\s)*function(?:<[^>]*>|\s)*(bool|int\d*|float\d*)(?:<[^>]*>|\s)*"
                     r"(?:at(?:<[^>]*>|\s)*0x[0-9a-f]+(?:<[^>]*>)*)?&gt;(?(1)</span>)")  # fmt: skip


#: How pdoc shows a type, and how it is written.
_WRITTEN = {
    r'<span class="n">typing</span><span class="o">\.</span>(?=<span class="n">Any<)': "",
    r"\btyping\.(?=Any\b)": "",
    r"""<span class="n">ForwardRef</span><span class="p">\(</span><span class="s1">'(\w+)'</span>"""
    r"""<span class="p">\)</span>""": r'<span class="n">\1</span>',
    r'(<span class="annotation">: )&#39;([^<&]*)&#39;(?=</span>)': r"\1\2",
    r"(?<=\w)::(?=</p>)": ":",  # before code; one colon would make a heading of the line
    r'<div class="docstring"><p>(?:Alias for field number|Create new instance of) .*?</p>\n</div>': "",
}  # fmt: skip


def _write_api(beside: Path, out: Path) -> None:
    import pdoc

    own = [
        name for name in API if not name.startswith(("tinygrad_tf.nn", "tinygrad_tf.optim"))
    ]  # it finds those itself
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # annotations that only the stubs resolve
        pdoc.pdoc(*own, "!tinygrad_tf.ops", output_directory=beside / "made")
    for path in filter(Path.is_file, (beside / "made").rglob("*")):
        place = out / "api" / path.relative_to(beside / "made")
        if path.suffix != ".html":
            copy(path, place)
            continue
        text = path.read_text(encoding="utf-8")
        for shown, written in _WRITTEN.items():
            text = re.sub(shown, written, text)
        text = re.sub(r": &lt;property object at 0x[0-9a-f]+&gt;", "", text)
        text = _HIDDEN.sub(lambda m: re.sub(r"\d+$", "", m[2]), text)
        text = re.sub(r'tuple\[<a href="[^"]*">int32</a>', "tuple[int", text)  # hidden by Tensor.int
        write(place, without_dead_places(text))


def build(out: Path, short: bool = False, jobs: int = 2, only: str = "") -> list[str]:
    """Write the whole site into ``out``; returns the links that lead nowhere."""
    import pdoc  # noqa: F401 - so that a missing one is known before the guide is computed

    out = out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    style = part("style.css") + part("site.css") + colours()
    write(out / "style.css", style)
    for name in ("theme.js", "search.js"):
        copy(PARTS / name, out / name)
    write_documents(out)
    write_gallery(out)
    write_guide(out, short, jobs, only)
    write_api(out)
    print(f"{out / 'index.html'}: {write_index(out)} sections can be found by search")
    return broken_links(out)


def main() -> int:
    parser = Parser(__doc__ or "", ZH)
    add = parser.add_argument
    add("out", type=folder, nargs="?", default=Path("out/site"), metavar="FOLDER",
        help=either("the folder (default: out/site)", "结果放在哪里（默认 out/site）"))  # fmt: skip
    add("--short", action="store_true", help=either("let the chapters of the guide train little", "教程各章少训练"))
    add("--jobs", type=whole(1), default=2, metavar="N", help=either("chapters at a time", "同时运行几章"))
    add("--only", default="", metavar="05", help=either("of the guide only the chapters whose names begin so",
                                                        "教程只要名字这样开头的章"))  # fmt: skip
    args = parser.parse_args()
    stops_as_by_ctrl_c()
    broken = build(args.out, args.short, args.jobs, args.only)
    for link in broken:
        print(f"a link that leads nowhere: {link}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    as_program(main)
