"""Picture: DOT that turns into SVG, PNG or PDF with whatever Graphviz there is, and shows itself in a notebook."""

from __future__ import annotations

import os
import re
import subprocess
import warnings
from pathlib import Path
from typing import Any

import graphviz

from ...errors import error
from ...files import check_temporary, write_whole
from ...wording.languages import either
from ..colors import COLORS
from ..suffixes import destination
from .engine import INSTALL, command, environment
from .laid_out import fits, with_room_for_heads

#: Each colour in a light picture, and what a dark one has in its place.
DARK = dict(COLORS.values())

Path_ = str | os.PathLike[str]
_WIDE = re.compile("[\u2e80-\u9fff\uac00-\ud7ff\uff00-\uffef]")  # Chinese, Japanese and Korean characters
_TIMEOUT = 120  # seconds; pictures that take longer are too large to be read

#: What pictures are written as, by suffix; ``dot`` and ``gv`` are the text that Graphviz reads.
SUFFIXES = ("svg", "png", "pdf", "dot", "gv", "jpg", "jpeg", "gif", "ps", "eps")
_TEXT = ("dot", "gv")
_NO_FONT = (
    "no font for Chinese here, so the {} shows boxes instead: "
    'pip install "tinygrad_tf[chinese]", or write SVG, which uses the reader\'s fonts',
    '这里没有中文字体，所以 {} 里的汉字会显示成方框：pip install "tinygrad_tf[chinese]"，或写 SVG，它用读者自己的字体',
)
_INSTEAD = "a page, .html or .json, is what graph.explore makes"


class Picture(graphviz.Digraph):  # type: ignore[misc]
    """A ``graphviz.Digraph`` that needs no program beside Python: ``dot`` where there is one, else pygraphviz.

    ``picture.render("out/dw.svg")`` and ``.save`` write SVG, PNG, PDF or DOT by the suffix; ``picture.source`` is the
    DOT text. SVG files are light or dark as the reader's system is. ``summary`` says in words what is drawn. ``format``
    and ``engine`` are what is written and who lays it out where a call does not say.
    """

    summary: str = ""

    def __init__(self, *args: Any, format: str = "svg", **given: Any) -> None:
        super().__init__(*args, format=format, **given)

    def pipe(self, format: str | None = None, *, engine: str | None = None, encoding: str | None = None) -> Any:
        """The picture as bytes in a format that Graphviz knows, or as text if an ``encoding`` is given.

        Raises RuntimeError where there is no Graphviz, if it fails or takes too long, and for a bitmap of more pixels
        than memory should be spent on.
        """
        format = (format or self.format).lower()
        if command(format) is None:
            raise _no_engine("pipe", "nothing was drawn; .source is the DOT text")
        environ = environment() if _WIDE.search(self.source) else None
        if environ is None and format != "svg" and _WIDE.search(self.source):
            warnings.warn(either(*_NO_FONT).format(format), stacklevel=2)
        laid_out = _run(command("dot", engine or self.engine), self.source.encode(), environ).decode()
        laid_out = with_room_for_heads(laid_out)
        fits(laid_out, format)
        data = _run(command(format, "nop2"), laid_out.encode(), environ)
        data = themed(data.decode()).encode() if format == "svg" else data
        return data.decode(encoding) if encoding else data

    def render(self, filename: Path_ | None = None, directory: Path_ | None = None, view: bool = False,
               cleanup: bool = False, format: str | None = None, *, quiet: bool = False, quiet_view: bool = False,
               outfile: Path_ | None = None, engine: str | None = None) -> str:  # fmt: skip
        """Write the picture to ``filename`` and return its path; the suffix says the format, or ``format`` adds it.

        The further arguments are graphviz's; no DOT text is written beside the picture, so there is none to clean up.
        Where there is no Graphviz the DOT text is saved instead, with the suffix .gv, a warning says what to install,
        and the path of the DOT text is returned. Raises ValueError for a suffix that no picture is written as.
        """
        default = (self.format, *SUFFIXES) if self.format in SUFFIXES else SUFFIXES
        name = outfile or filename or "dW"
        path, format = destination("render", name, format, tuple(dict.fromkeys(default)), _INSTEAD)
        path = Path(directory or "", path)
        if format not in _TEXT and command(format) is None:
            path, format = path.with_suffix(".gv"), "gv"
            warnings.warn(str(_no_engine("render", f"the DOT text was saved as {path}")), stacklevel=2)
        data = self.source.encode() if format in _TEXT else self.pipe(format, engine=engine)
        write_whole(path, lambda beside: beside.write_bytes(data))
        if view or quiet_view:
            self._view(str(path), format=format, quiet=quiet_view)
        return str(path)

    def save(self, filename: Path_ | None = None, directory: Path_ | None = None, *, format: str | None = None,
             engine: str | None = None) -> str:  # fmt: skip
        """Write the picture, by the suffix as :meth:`render` does; returns the path."""
        return self.render(filename, directory, format=format, engine=engine)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> dict[str, Any]:
        """What ``graphviz.set_jupyter_format`` says, SVG if it was not called, and the summary."""
        if command("svg") is None:
            return {
                "text/plain": f"{_no_engine('draw', 'nothing was drawn; .source is the DOT text')}\n\n{self.summary}"
            }
        return {**super()._repr_mimebundle_(include, exclude), "text/plain": self.summary}


def _run(argv: list[str] | None, text: bytes, environ: dict[str, str] | None = None) -> bytes:
    """What the command makes of the text."""
    assert argv is not None
    try:
        done = subprocess.run(argv, input=text, capture_output=True, timeout=_TIMEOUT, env=environ)
    except subprocess.TimeoutExpired:
        raise error(
            RuntimeError,
            "draw",
            got=f"a graph that took more than {_TIMEOUT} s to lay out",
            rule="a picture of hundreds of boxes is read by nobody",
            cure="close modules with depth=1, or keep one weight with path_to=W",
        ) from None
    if done.returncode != 0 or not done.stdout:
        check_temporary("draw")
        problem = done.stderr.decode(errors="replace").strip()[-500:]
        raise error(
            RuntimeError,
            "draw",
            got=f"an error from {argv[0]}",
            rule=problem or "Graphviz wrote nothing",
            cure="check that Graphviz works by itself, or save .source",
        )
    return done.stdout


def _no_engine(op: str, what: str) -> RuntimeError:
    return error(
        RuntimeError,
        op,
        got=f"no Graphviz: {what}",
        rule="pictures are laid out by Graphviz, the program dot or the one inside pygraphviz",
        cure=INSTALL,
    )


def themed(svg: str) -> str:
    """The SVG with a style that turns it dark where the reader's system is, and that fits the column it stands in."""
    rules = [f".tinygrad_tf [{what}='{light}']{{{what}:{dark}}}" for light, dark in DARK.items()
             for what in ("fill", "stroke") if f'{what}="{light}"' in svg]  # fmt: skip
    dark = f"@media (prefers-color-scheme:dark){{{''.join(rules)}}}"
    style = f"<style>.tinygrad_tf{{max-width:100%;height:auto}}{dark}</style>"
    svg = svg[svg.index("<svg") :]
    svg = re.sub('(fill|stroke)="transparent"', r'\1="none"', svg)  # old versions of dot; SVG 1.1 has no such colour
    return re.sub(r"<svg([^>]*)>", lambda m: f'<svg class="tinygrad_tf"{m[1]}>\n{style}', svg, count=1)
