"""What the chapters of the guide import: ``show``, ``say``, ``finding``, ``short``, and figures that fit the page.

Each chapter runs alone, as a program or as a notebook. It prints what it says and finds, in the chosen language
(TINYGRAD_TF_LANG), saves its figures in both under out/tour/<chapter>/, and notes there (items.json) what demos/tour.py
puts into the page. With ``--help`` it says what it is about, and does not run.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import sys
import time
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# Before NumPy is imported: matrices this small gain little from threads, which wait for each other at full speed.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from command_line import OUT, chapter_arguments, write

if "ipykernel" not in sys.modules:
    chapter_arguments()  # before what takes long is imported: --help ends here

try:
    from cycler import cycler
    from figures import svgs
    from matplotlib import rcParams
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure
except ImportError as problem:
    from tinygrad_tf.errors import error

    missing = error(
        ImportError,
        "the guide",
        got=f"no package {problem.name}",
        rule="its chapters draw figures",
        cure='pip install -e ".[demos]"',
    )
    raise (missing if "ipykernel" in sys.modules else SystemExit(str(missing))) from None

from tinygrad_tf import Tensor, manual_seed
from tinygrad_tf.graph import Page
from tinygrad_tf.graph.notebook import view
from tinygrad_tf.graph.source import Program
from tinygrad_tf.wording import fonts
from tinygrad_tf.wording.languages import either, language
from tinygrad_tf.wording.texts import clean

Array = np.ndarray[Any, Any]

#: Whether this is the short run, that of the tests: train less, and assert what holds by then.
short = bool(os.environ.get("TOUR_SHORT"))
IN_NOTEBOOK = "ipykernel" in sys.modules
CHAPTER = "notebook" if IN_NOTEBOOK else Path(getattr(sys.modules["__main__"], "__file__", None) or "python").stem

# Told apart with any colour vision, by light and dark in print, and at least 3:1 on white and on the dark page.
BLUE, ORANGE, GREEN, PURPLE, GREY = COLOURS = ("#0072b2", "#d55e00", "#009e73", "#b5599b", "#7f8a94")
INK = "#1b2734"  #: the colour of the page's text, whichever theme it has
rcParams.update({
    "font.family": ["DejaVu Sans", *filter(None, [fonts.chinese()])], "font.size": 11,
    "axes.titlesize": 12, "svg.fonttype": "none",
    "axes.prop_cycle": cycler(color=COLOURS, linestyle=["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1))]),
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": INK, "xtick.color": INK, "ytick.color": INK,
    "axes.spines.top": False, "axes.spines.right": False, "grid.color": INK, "grid.alpha": 0.15, "axes.grid": True,
    "axes.axisbelow": True, "legend.frameon": False, "lines.linewidth": 1.8, "savefig.transparent": True,
    "axes.facecolor": "none", "figure.facecolor": "none",
})  # fmt: skip

_SIGNED = LinearSegmentedColormap.from_list("signed", ["#084a7c", "#4a9fd4", "#ffffff", "#e88a45", "#8a3c00"])

_started = time.perf_counter()
_items: list[dict[str, Any]] = []


def say(en: str, zh: str) -> None:
    """A paragraph with numbers that were computed, in both languages; Markdown and $formulas$ as in the text."""
    _note("text", {"en": en, "zh": zh})
    _tell(en, zh)


def finding(holds: bool, en: str, zh: str) -> None:
    """What the chapter found. Raises AssertionError if it does not hold here."""
    if not holds:
        raise AssertionError(f"{CHAPTER} did not find: {en}")
    _note("finding", {"en": en, "zh": zh})
    _tell(f"✓ {en}", f"✓ {zh}")


def show(what: Any, en: str, zh: str) -> None:
    """Show a figure, or whatever else shows itself, with a caption.

    ``what`` is a matplotlib Figure, a drawing of ``graph.draw``, a page of ``graph.explore``, :func:`table`, a Tensor,
    a Module or anything that notebooks can show; else its ``str``. Where the two pages are to differ, pass a function
    of the language: ``lambda lang: graph.draw(loss, lang=lang)``.
    """
    made = in_both(what) if isinstance(what, types.FunctionType) else [what, what]
    bodies = [_body(x, lang) for x, lang in zip(made, ("en", "zh"), strict=True)]
    form = bodies[0][0]
    number = 1 + sum(item["kind"] == "figure" for item in _items)
    names = [f"{number}{zh}{_SUFFIX[form]}" for zh in ("", ".zh")]
    narrow = [f"narrow.{name}" for name in names] if all(body[2] for body in bodies) else []
    folder = OUT / CHAPTER
    for file, text in zip([*names, *narrow], [body[i] for i in (1, 2) for body in bodies], strict=False):
        write(folder / file, text or "")
    _note("figure", {"form": form, "en": en, "zh": zh, "files": [*names, *narrow]})
    if IN_NOTEBOOK:
        from IPython.display import SVG, display

        display(SVG(either(*bodies)[1]) if form == "svg" else either(*made))
    _tell(f"▸ {en}  ({folder / names[0]})", f"▸ {zh}（{folder / names[1]}）")


def in_both(function: Callable[[str], Any]) -> list[Any]:
    """What a function of the language makes in English and in Chinese, each while that language is spoken."""
    made = []
    for lang in ("en", "zh"):
        with language(lang):
            made.append(function(lang))
    return made


_SUFFIX = {"svg": ".svg", "page": ".html", "html": ".part.html", "markdown": ".md", "text": ".txt"}


def _body(x: Any, lang: str) -> tuple[str, str, str | None]:
    """What ``x`` shows itself as: the form, a key of ``_SUFFIX``, the text, and another for a narrow screen."""
    if isinstance(x, Figure):
        return "svg", *svgs(x, lang, f"{CHAPTER}-{len(_items)}", INK, half)
    form, text = _shown(x, lang)
    return form, text, None


def _shown(x: Any, lang: str) -> tuple[str, str]:
    if isinstance(x, Page):
        return "page", x.html()
    if hasattr(x, "_repr_mimebundle_"):
        bundle = x._repr_mimebundle_()
        if "image/svg+xml" in bundle:
            return "svg", bundle["image/svg+xml"]
        return "text", bundle["text/plain"]
    if isinstance(x, Tensor):
        return "html", view(x, lang)
    if isinstance(x, Program):  # in the colours of the page's theme
        x = Listing(str(x))
    if hasattr(x, "_repr_html_"):
        with language(lang):
            return "html", x._repr_html_()
    if hasattr(x, "_repr_markdown_"):
        return "markdown", x._repr_markdown_(lang) if isinstance(x, Table) else x._repr_markdown_()
    return "text", str(x)


class Table:
    """Rows under a header; floats are written in ``form``, texts "English | 中文" keep the page's half."""

    def __init__(self, header: Sequence[str], rows: Sequence[Sequence[Any]], form: str = ".3g") -> None:
        self.header, self.rows, self.form = header, rows, form

    def _repr_markdown_(self, lang: str = "en") -> str:
        cells = [[half(x if isinstance(x, str) else self._number(x), lang)
                  for x in row] for row in (self.header, *self.rows)]  # fmt: skip
        numbers = [all(not isinstance(x, str) for x in column) for column in zip(*self.rows, strict=True)]
        lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in cells]
        return "\n".join([lines[0], "|" + "|".join("--:" if n else ":--" for n in numbers) + "|", *lines[1:]])

    def _number(self, x: Any) -> str:
        return f"{x:{self.form}}" if isinstance(x, float) else f"{x:,}" if type(x) is int else str(x)


def table(header: Sequence[str], rows: Sequence[Sequence[Any]], form: str = ".3g") -> Table:
    """A table for :func:`show`: ``show(table(["heads | 头数", "right | 答对"], [[4, 0.91]], ".1%"), "…", "…")``."""
    return Table(header, rows, form)


class Listing:
    """A file of Python as it is, in colours."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        from pygments import highlight
        from pygments.formatters import HtmlFormatter
        from pygments.lexers import PythonLexer

        code = highlight(self.text, PythonLexer(), HtmlFormatter(nowrap=True))
        return f'<pre class="code"><code>{code.rstrip()}</code></pre>'


# ---- figures ---------------------------------------------------------------------------------------------------------


def figure(rows: int = 1, columns: int = 1, *, width: float = 7.5, height: float = 3.2, **subplots: Any) -> Any:
    """A matplotlib figure for the page, sizes in inches, and its axes.

    ``fig, axes = figure(1, 2)``. Write texts in it as "English | 中文". What is drawn in ``INK`` has the colour of the
    page's text. Give lines different styles or markers too: colour alone is not seen by everybody.
    """
    made = Figure(figsize=(width, height), layout="constrained")
    return made, made.subplots(rows, columns, **subplots)


def heatmap(axes: Any, values: Any, rows: Any = None, columns: Any = None, *, numbers: bool = False, digits: int = 2,
            signed: bool = False, largest: float | None = None, bar: str = "") -> Any:  # fmt: skip
    """A matrix as coloured cells, with labels of rows and columns, and its numbers if asked; returns the image.

    From white at 0 to blue; with ``signed`` blue is below 0 and orange above, as where Tensors show themselves. ``bar``
    stands above a bar of the colours on the right.
    """
    values = np.asarray(getattr(values, "data", values))
    top = largest or float(np.abs(values).max()) or 1.0
    image = axes.imshow(values, cmap=_SIGNED if signed else "Blues", vmin=-top if signed else 0, vmax=top,
                        interpolation="none", aspect="equal" if max(values.shape) < 40 else "auto")  # fmt: skip
    axes.grid(False)
    axes.tick_params(which="both", length=0)
    if max(values.shape) < 24:  # a line between the cells
        axes.set_xticks(np.arange(0.5, values.shape[1] - 1), minor=True)
        axes.set_yticks(np.arange(0.5, values.shape[0] - 1), minor=True)
        axes.grid(which="minor", color="#c3ccd4", alpha=0.6, linewidth=0.6)
        axes.set_axisbelow(False)
    for axis, labels in ((axes.yaxis, rows), (axes.xaxis, columns)):
        if labels is not None:
            shown = ["␣" if label == " " else clean(str(label)) for label in labels]
            axis.set_ticks(range(len(labels)), shown, parse_math=False)  # a $ is a letter here
    for at in np.ndindex(*values.shape) if numbers else ():
        colour = _readable_on(image.cmap(image.norm(values[at])))
        text = f"{round(float(values[at]), digits) + 0.0:.{digits}f}"  # + 0.0: never "-0.00"
        axes.text(at[1], at[0], text, ha="center", va="center", fontsize=9, color=colour)
    if bar:
        axes.figure.colorbar(image, ax=axes).ax.set_title(bar, fontsize=10, loc="right")
    return image


def _readable_on(colour: tuple[float, ...]) -> str:
    """White or black, whichever stands out more from a colour: 4.58 to 1 at the least, by WCAG's luminance."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    return "#ffffff" if float(np.dot(linear, [0.2126, 0.7152, 0.0722])) < 0.179 else "#000000"


def half(text: str, lang: str) -> str:
    """The page's half of "English | 中文"; a text without a Chinese half is for both."""
    halves = re.fullmatch(r"(.*\S)\s+\|\s+(.*)", text, re.DOTALL)
    return text if not halves or not is_chinese(halves[2]) else halves[2 if lang == "zh" else 1]


def is_chinese(text: str) -> bool:
    """Whether there is a Chinese character in ``text``."""
    return any("\u3400" <= c <= "\u9fff" for c in text)


# ---- notes for the page ----------------------------------------------------------------------------------------------


def _note(kind: str, fields: dict[str, Any]) -> None:
    """Remember an item, with the line of the chapter on which it came about: that says which cell it belongs to."""
    frame, line = sys._getframe(2), 0
    while frame is not None:
        if frame.f_code.co_name == "<module>":
            line = frame.f_lineno
            break
        frame = frame.f_back  # type: ignore[assignment]
    _items.append({"kind": kind, "line": line, **fields})


def _tell(en: str, zh: str) -> None:
    if IN_NOTEBOOK:
        from IPython.display import Markdown, display

        display(Markdown(either(en, zh)))
    else:
        print(either(en, zh), end="\n\n")


def _write() -> None:
    if _items and not IN_NOTEBOOK:
        notes = {"seconds": time.perf_counter() - _started, "items": _items}
        write(OUT / CHAPTER / "items.json", json.dumps(notes, ensure_ascii=False))


for kept in ("key", "items.json"):  # by which tour.py knows the chapter's results: now others are made
    (OUT / CHAPTER / kept).unlink(missing_ok=True)
atexit.register(_write)
manual_seed(0)
