"""explore(): the page on which one steps through the backward pass."""

from __future__ import annotations

import dataclasses
import html
import os
import sys
from collections.abc import Mapping

from ...autograd.tensor import Tensor
from ...files import write_whole
from .. import page
from ..capture import Losses, capture, variables_of
from ..colors import light
from ..given import checked_about, checked_end, checked_language, checked_losses, checked_whole
from ..suffixes import destination
from .data import Exploration, explored


class Page:
    """A page in one file: it shows itself in Jupyter, ``save`` or ``render`` write it. ``data`` is what it shows."""

    def __init__(self, data: Exploration) -> None:
        self.data = data

    def save(self, path: str | os.PathLike[str], format: str | None = None) -> str:
        """Write the page (``dw.html``) or only its data (``dw.json``), by the suffix; returns the path.

        ``format`` is added as a suffix. Raises ValueError for a suffix that no page is written as.
        """
        known = ("html", "htm", "json")
        to, format = destination("save", path, format, known, "a picture, .svg, .png or .pdf, is what graph.draw makes")
        text = self.data.json() if format == "json" else self.html()
        write_whole(to, lambda beside: beside.write_text(text, encoding="utf-8"))
        return str(to)

    render = save

    def html(self) -> str:
        return page.html(self.data.json())

    def _repr_html_(self) -> str:
        inner = html.escape(self.html(), quote=True)
        return f'<iframe srcdoc="{inner}" style="width:100%;height:720px;border:1px solid {light("line")}"></iframe>'

    def __repr__(self) -> str:
        d = self.data
        return f"Page of {len(d.nodes)} nodes, {len(d.steps)} steps: .save('dw.html') and open it"


def explore(
    loss: Losses, path_to: Tensor | None = None, values: str = "thumbnails", nudge: int = 3, depth: int | None = None,
    about: str | Mapping[str, str] = "", lang: str | None = None,
) -> Page:  # fmt: skip
    """A page on which one steps through the backward pass of ``loss``: a file that needs nothing else.

    Each step shows the rule that ran, with its numbers; choose a weight, and only the routes to it remain, with the
    derivation beside them. Modules open and close. English and Chinese, light and dark.

    Args:
        loss: a Tensor with one entry, before ``backward()`` has freed its graph; or a list of several, or a dict of
            them by their names: then the gradient is that of their sum, and a weight says what came from which.
        path_to: the weight to begin with.
        values: what is kept of each array: "none", "stats", "thumbnails" (12 × 24 entries) or "full".
        nudge: how many entries of each weight are moved up and down, the forward run again each time; 0: none.
            In a large model only those that are done in seconds, and ``path_to``.
        depth: how many levels of modules are open at first, beside those around ``path_to``. With both the page begins
            with the main route alone: a closed module is one step, and what only moves entries is none. None: as many
            as fit, and every step.
        about: a sentence that stands above the first step, or {"en": …, "zh": …}.
        lang: the language that the page begins with, "en" or "zh". By default it is that of the reader's browser, and
            Chinese if that was chosen by :class:`tinygrad_tf.language`.

    Raises RuntimeError for a Tensor without a graph or one that ``backward()`` has freed, ValueError for another
    language, TypeError for an ``about`` that is no text.

    >>> X = Tensor([[1.0, 2.0]], name="X")
    >>> W = Tensor([[3.0], [4.0]], requires_grad=True)
    >>> explore((X @ W).sum(), path_to=W)
    Page of 4 nodes, 2 steps: .save('dw.html') and open it
    """
    checked_whole("explore", "nudge", nudge)
    spoken = checked_language("explore", lang)
    said = checked_about("explore", about)
    graph = capture(checked_losses("explore", loss), variables_of(sys._getframe(1)))
    if path_to is not None:
        checked_end("explore", graph, path_to)
    if depth is not None:
        checked_whole("explore", "depth", depth)
    data = explored(graph, path_to, values, nudge)
    begins = None if lang is None and spoken == "en" else spoken
    return Page(dataclasses.replace(data, depth=depth, about=said, lang=begins))
