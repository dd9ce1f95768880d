"""A matplotlib figure as SVG for the page, once as it is and once for a narrow screen, in one language."""

from __future__ import annotations

import io
import math
import pickle
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter, FuncFormatter, LogFormatterMathtext

NARROW = 3.64  # inches: what a phone 390 pixels wide has beside the page's margins

Half = Callable[[str, str], str]


def svgs(made: Figure, lang: str, salt: str, ink: str, half: Half) -> tuple[str, str | None]:
    """The figure in one language: as it is, and with its panels below each other, None if they do not fit.

    ``ink`` is the colour that becomes that of the page's text; ``half`` picks a language's half of a text.
    """
    with rc_context({"svg.hashsalt": salt}), _halved(made, lang, half):
        wide = _svg(made, ink)
        copy = _stacked(made)
        with rc_context({"svg.hashsalt": f"{salt}-narrow"}):
            return wide, _svg(copy, ink) if copy else None


def _svg(made: Figure, ink: str) -> str:
    buffer = io.StringIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # the reader's browser has the font, if nobody here has
        made.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue().replace(ink, "currentColor")
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font-family: [^;\"]*;?|(?<=px) '[^;\"]*", "", svg)  # the page's own
    return svg[svg.index("<svg") :]


def _stacked(made: Figure) -> Figure | None:
    """A copy as wide as a phone, or None where that cannot hold what the figure shows."""
    try:
        copy: Figure = pickle.loads(pickle.dumps(made))
    except (pickle.PicklingError, AttributeError, TypeError):  # a function in it that has no name
        return None
    panels = [axes for axes in copy.axes if axes.get_subplotspec() and not _is_empty(axes)]
    if not panels:
        return None
    width, height = made.get_size_inches()
    grid = panels[0].get_gridspec()
    columns = max(1, min(grid.ncols, int(NARROW / (width / grid.ncols) + 0.1)))
    rows = -(-len(panels) // columns)
    new = GridSpec(rows, columns, figure=copy)
    for empty in [axes for axes in copy.axes if axes.get_subplotspec() and axes not in panels]:
        empty.remove()
    for i, axes in enumerate(panels):
        axes.set_subplotspec(new[i // columns, i % columns])
        _own_labels(axes, made.axes)
    copy.get_layout_engine().set(h_pad=0.1)  # so that a title is nearer to its own panel than to the one above it
    copy.set_size_inches(NARROW, min(height / grid.nrows, 3.4) * rows + 0.1 * (rows - 1))
    return copy if _fits(copy) else None


def _is_empty(axes: Any) -> bool:
    return not axes.axison and not axes.has_data()


def _own_labels(axes: Any, others: list[Any]) -> None:
    """What a panel leaves to its neighbour on the left or below, it says itself when they stand in one column."""
    for axis, side, shared in (
        ("y", "left", axes.get_shared_y_axes()),
        ("x", "bottom", axes.get_shared_x_axes()),
    ):
        said = getattr(axes, f"{axis}axis").get_tick_params().get(side, True) is not False
        axes.tick_params(**{f"label{side}": said})
        labels = {getattr(other, f"get_{axis}label")() for other in others if other.get_subplotspec()} - {""}
        if not getattr(axes, f"get_{axis}label")() and len(labels) == 1 and shared.get_siblings(axes)[1:]:
            axes.set(**{f"{axis}label": labels.pop()})


def _fits(made: Figure) -> bool:
    """Whether everything lies within the figure and no words touch.

    To that end labels may be turned, numbers lose their 0 before the point, and legends become narrower.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made.draw_without_rendering()
        for axes in made.axes:
            labels = axes.get_xticklabels()
            if _touching(labels) and any(len(label.get_text()) > 1 for label in labels):  # a letter has no need of it
                axes.tick_params(axis="x", rotation=60)
            if _touching(_first_row(axes.texts)):
                for text in axes.texts:
                    text.set_text(re.sub(r"^(-?)0(?=\.)", r"\1", text.get_text()))
        made.draw_without_rendering()
        while not (wide := _is_within(made)) and (beside := [a for a in made.axes if _columns(a.legend_) > 1]):
            for axes in beside:
                _narrow_legend(axes)
            made.draw_without_rendering()
        crowded = any(_touching(axes.get_yticklabels(), 1) or _touching(_first_row(axes.texts)) for axes in made.axes)
        return wide and not crowded


def _is_within(made: Figure) -> bool:
    box = made.get_tightbbox()
    return bool(box.x0 > -0.05 and box.x1 < NARROW + 0.05)


def _columns(legend: Any) -> int:
    return legend._ncols if legend else 0


def _narrow_legend(axes: Any) -> None:
    """The legend anew, with one column less."""
    old = axes.legend_
    place = old.get_bbox_to_anchor().transformed(axes.transAxes.inverted())
    texts = old.get_texts()
    axes.legend(old.legend_handles, [text.get_text() for text in texts], ncols=old._ncols - 1, loc=old._loc,
                bbox_to_anchor=place.bounds, fontsize=texts[0].get_fontsize(), columnspacing=1)  # fmt: skip


def _first_row(texts: list[Text]) -> list[Text]:
    """The numbers in the first row of a heatmap."""
    return [text for text in texts if text.get_position()[1] == 0]


def _touching(labels: list[Text], way: int = 0) -> bool:
    """Whether two level labels are in each other's way, along x (0) or y (1), where letters fill half of their box."""
    boxes = [t.get_window_extent() for t in labels if t.get_text() and t.get_visible() and not t.get_rotation()]
    spans = sorted((box.x0, box.x1) if way == 0 else (box.y0, box.y1) for box in boxes)
    spare = max((b - a for a, b in spans), default=0) * 0.45 if way else -3  # between numbers there is a space
    return any(a[1] > b[0] + spare for a, b in pairwise(spans))


def _power(value: float, _: int | None = None) -> str:
    """A power of ten in letters of one size each: matplotlib's exponents are smaller than the page's smallest words."""
    power = math.floor(math.log10(value) + 1e-9) if value > 0 else 0
    digits = str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    factor = value / 10**power
    return f"10{digits}" if abs(factor - 1) < 1e-6 else f"{factor:g}×10{digits}"


def _half_of(formatter: FuncFormatter, half: Half, lang: str, value: float, place: int | None = None) -> str:
    """The label that ``set_ticks`` was given, in one language. (A function with a name, so that it can be copied.)"""
    return half(formatter(value, place), lang)


@contextmanager
def _halved(made: Figure, lang: str, half: Half) -> Iterator[None]:
    """All texts of a figure in one language, for as long as it is being drawn."""
    texts = [(t, t.get_text()) for t in made.findobj(Text) if " | " in t.get_text()]
    ticks = [(f, list(f.seq)) for axes in made.axes for axis in (axes.xaxis, axes.yaxis)
             if isinstance(f := axis.get_major_formatter(), FixedFormatter)]  # fmt: skip
    logs = [(axis, f) for axes in made.axes for axis in (axes.xaxis, axes.yaxis)
            if isinstance(f := axis.get_major_formatter(), LogFormatterMathtext)]  # fmt: skip
    named = [(axis, f) for axes in made.axes for axis in (axes.xaxis, axes.yaxis)
             if isinstance(f := axis.get_major_formatter(), FuncFormatter)]  # fmt: skip
    for axis, f in named:
        axis.set_major_formatter(FuncFormatter(partial(_half_of, f, half, lang)))
    for axis, _ in logs:
        axis.set_major_formatter(FuncFormatter(_power))
    for text, words in texts:
        text.set_text(half(words, lang))
    for formatter, words in ticks:
        formatter.seq = [half(word, lang) for word in words]
    yield
    for axis, log in [*logs, *named]:
        axis.set_major_formatter(log)
    for text, words in texts:
        text.set_text(words)
    for formatter, words in ticks:
        formatter.seq = words
