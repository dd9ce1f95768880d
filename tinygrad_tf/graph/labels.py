"""What stands on boxes and arrows: short words, three digits, formulas in short lines, escaped for DOT."""

from __future__ import annotations

import html
import math
import re
import textwrap
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from ..formula import Expr, Formula, gradient_name
from ..wording.terminal import columns
from .capture import Node
from .words import Words

_BELOW = 58  # columns of what stands below a picture: 340 pixels where its words are 11 pixels high


def three(x: float) -> str:
    """Three significant digits."""
    if not math.isfinite(x):
        return "NaN" if math.isnan(x) else "∞" if x > 0 else "−∞"
    return f"{x:.3g}".replace("-", "−", 1) if x < 0 else f"{x:.3g}"


def routes_text(n: int) -> str:
    """A number of routes, in pictures, derivations and on the page alike: whole up to a million, then three digits.

    >>> [routes_text(n) for n in (12, 3264, 2**100)]
    ['12', '3,264', '1.27e30']
    """
    return f"{n:,}" if n < 10**6 else f"{Decimal(n):.2e}".replace("e+", "e")


def wrapped(text: str, width: int = 38, most: int = 3) -> list[str]:
    """A formula in short lines, broken before its operators; what is cut off stands in the tooltip."""
    tied = re.sub(r" ([·⊙+−/=∧∨≤≥<>]) ", " \\1\u00a0", text).replace(", axis", ",\u00a0axis")
    tied = re.sub(r"(\d), (\d)", "\\1,\u00a0\\2", tied)  # a shape stays on one line
    tied = re.sub(r"(?:at )?\[[^\]]{,24}\]", lambda index: index[0].replace(" ", "\u00a0"), tied)
    tied = re.sub(r"(?<![\w.])d (?=\w)", "d\u00a0", tied)  # d h.0.Q is one name
    lines = textwrap.wrap(tied, width, break_long_words=False, break_on_hyphens=False, max_lines=most, placeholder=" …")
    return [line.replace("\u00a0", " ") for line in lines]


def headline(node: Node) -> str:
    """Its name and, where that is short, its formula; else the operation and what it is called on."""
    f = node.forward
    if f is None:
        return node.title
    text = f"{node.title} = {f.right}"
    is_short = len(text) <= max(30, 16 + len(node.title)) or _is_one_sign(f.right)
    return text if not f.where and is_short else f"{node.title} = {f.called}"


def _is_one_sign(e: Expr) -> bool:
    """X · W, A + B: what is written with one sign between names is shorter than with the name of the sign."""
    signs = ("matmul", "plus", "minus", "times", "quotient")
    return e.kind in signs and all(part.kind in ("symbol", "transpose", "value") for part in e.parts)


def in_markdown(text: str) -> str:
    """The text as it is: no letter of a name begins emphasis, code, a formula, a link or a letter by its number."""
    text = re.sub(r"([\\`*$\[<>&~|])", r"\\\1", text)
    return re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", text)  # within a word it is no emphasis


def as_code(text: str) -> str:
    """The text as code in Markdown, between more backticks than it has in a row."""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    room = " " if text.startswith("`") or text.endswith("`") or text != text.strip() else ""
    return f"{fence}{room}{text}{room}{fence}"


def fenced(lines: Sequence[str]) -> list[str]:
    """Lines as a block of text in Markdown, between more backticks than stand in a row in it."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", "\n".join(lines))), default=0))
    return [f"{fence}text", *lines, fence]


def gradient_of(node: Node) -> str:
    """What the gradient of a node is called."""
    return gradient_name(node.title)


def formula_lines(f: Formula | None, words: Words) -> list[str]:
    if f is None:
        return []
    where = [f"  {words.lines('where', words.formula(line))[0]}" for line in f.where_lines()]
    return [words.formula(str(f)), *where]


def rule_lines(number: str, rule: Formula, op: str, words: Words) -> list[str]:
    """A rule on its arrow with the lines that it reads, if these are few and short; else only whose rule it is."""
    where = [words.lines("where", words.formula(line))[0] for line in rule.where_lines()] if rule.where else []
    if len(where) > 3 or any(len(line) > 46 for line in where):
        return [f"{number}{rule.left} = {words.lines('rule', op)[0]}"]
    return wrapped(number + words.formula(str(rule))) + where


def entries(x: np.ndarray[Any, Any]) -> list[str]:
    """The entries of a small array row by row, mean and range of a large one."""
    if x.ndim > 2 or x.size == 0 or max(x.shape, default=1) > 6:
        return [f"{three(float(x.min()))} … {three(float(x.max()))}, mean {three(float(x.mean()))}"] if x.size else []
    largest = float(np.abs(x).max())
    places = 2 - math.floor(math.log10(largest)) if 0 < largest < math.inf else 0
    pattern = "d" if x.dtype.kind != "f" else f".{max(places, 0)}f" if -3 <= places <= 5 else ".1e"
    rows = [[f"{v:{pattern}}".replace("-", "−", 1) for v in row] for row in np.atleast_2d(x).tolist()]
    width = max(len(v) for row in rows for v in row)
    return ["\u00a0\u00a0".join([v.rjust(width, "\u00a0") for v in row]) for row in rows]


Line = tuple[str, str, int]  # text, colour, size
_MONO = ' FACE="Courier New,monospace"'
_GAP = "\u00a0\u00a0"


def centred(lines: Sequence[Line], table: Sequence[tuple[Line, ...]] = (), frame: str = "") -> str:
    """An HTML-like label: centred lines, then rows of numbers. Whatever a user called a Tensor is text in it.

    ``frame`` is the colour of a line around them: with that of its box it is the double line of a closed module.
    """
    rows = [f'<TR><TD COLSPAN="2">{_font(line)}</TD></TR>' for line in lines]
    rows += [f"<TR>{''.join([f'<TD>{_font(cell, _MONO)}</TD>' for cell in row])}</TR>" for row in table]
    border, padding = (f'"1" COLOR="{frame}"', 6) if frame else ('"0"', 1)
    return f'<<TABLE BORDER={border} CELLBORDER="0" CELLSPACING="0" CELLPADDING="{padding}">{"".join(rows)}</TABLE>>'


def below(texts: Sequence[str]) -> list[str]:
    """What stands below a picture, in lines that do not widen a small one: broken after a stop, or at a space.

    >>> below(["In boxes: values.", "Purple arrows carry the gradient backward, each by the rule beside it."])
    ['In boxes: values.', 'Purple arrows carry the gradient backward, each by the', 'rule beside it.']
    """
    lines: list[str] = []
    for text in texts:
        lines.append("")
        for piece in re.findall(r"[^ ，；。]*[，；。]+ ?|[^ ，；。]+ ?| +", text):
            if lines[-1] and columns(lines[-1] + piece.rstrip()) > _BELOW:
                lines.append("")
            lines[-1] += piece
    return [line.rstrip() for line in lines]


def beside(lines: Sequence[Line]) -> str:
    """The label of an arrow: lines flush left, with room on both sides."""
    rows = [f'<TR><TD ALIGN="LEFT">{_font((_GAP + t + _GAP, color, size))}</TD></TR>' for t, color, size in lines]
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{"".join(rows)}</TABLE>>'


def _font(line: Line, face: str = "") -> str:
    text, color, size = line
    words = re.sub(r"[ \t\r\n]+", " ", _clean(text)).strip(" ") or " "  # Graphviz takes an empty FONT for an error
    words = html.escape(words).replace("\\", "\\\\")  # \N and the like mean something to Graphviz
    return f'<FONT COLOR="{color}" POINT-SIZE="{size}"{face}>{words}</FONT>'


def tooltip(text: str) -> str:
    """A tooltip. Graphviz expands backslashes in it twice, and entities before that, so none is left in."""
    return html.escape(_clean(text)).replace("\\", "∖")


def _clean(text: str) -> str:
    """Without the characters that no XML file may hold."""
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]", "\ufffd", text)
