"""Picture: DOT that turns into SVG, PNG or PDF with whatever Graphviz there is, and shows itself in a notebook."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import graphviz

from ...errors import error
from ...files import write_whole

#: Each colour in a light picture, and what a dark one has in its place.
DARK = {
    "#ffffff": "#11151a", "#1b2733": "#e6ebf0", "#5b6875": "#a5b1bc",  # background, text, quiet text
    "#e6f0f8": "#15293a", "#0072b2": "#56b4e9",  # operation
    "#fdf1d8": "#33270e", "#b06f00": "#e69f00",  # parameter
    "#e2f4ee": "#10302a", "#00785a": "#2fc39a",  # input
    "#eeeeee": "#23292f", "#707070": "#9aa3ab",  # constant
    "#fbe6dc": "#3a2117", "#b84a00": "#ff9356",  # loss
    "#f4f6f8": "#1a2027", "#c3ccd4": "#4a5560",  # module
    "#8e2a6b": "#ee9acb",  # gradient
}  # fmt: skip

Path_ = str | os.PathLike[str]
INSTALL = 'install Graphviz (apt install graphviz, brew install graphviz), or pip install "tinygrad_tf[pictures]"'
_BY_WHEEL = (
    "import sys, pygraphviz; sys.stdout.buffer.write(pygraphviz.AGraph(string=sys.stdin.buffer.read().decode())"
    ".draw(format=sys.argv[1], prog='dot'))"
)
_WIDE = re.compile("[\u2e80-\u9fff\uac00-\ud7ff\uff00-\uffef]")  # Chinese, Japanese and Korean characters
_TIMEOUT = 120  # seconds; pictures that take longer are too large to be read


class Picture(graphviz.Digraph):  # type: ignore[misc]
    """A ``graphviz.Digraph`` that needs no program beside Python: ``dot`` where there is one, else pygraphviz.

    ``picture.render("out/dw.svg")`` writes SVG, PNG or PDF by the suffix; ``picture.source`` is the DOT text. SVG files
    are light or dark as the reader's system is. ``summary`` says in words what is drawn.
    """

    summary: str = ""

    def pipe(self, format: str | None = None, *, encoding: str | None = None, **_: Any) -> Any:
        """The picture as bytes in a format that Graphviz knows, or as text if an ``encoding`` is given.

        Raises RuntimeError where there is no Graphviz, if it fails or takes too long.
        """
        command = engine(format or "svg")
        if command is None:
            raise _no_engine("pipe", "nothing was drawn; .source is the DOT text")
        if format not in (None, "svg") and _WIDE.search(self.source) and not has_wide_font():
            cure = "install one (apt install fonts-wqy-microhei), or write SVG, which uses the reader's fonts"
            warnings.warn(f"no font for Chinese here, so the {format} shows boxes instead: {cure}", stacklevel=2)
        try:
            done = subprocess.run(command, input=self.source.encode(), capture_output=True, timeout=_TIMEOUT)
        except subprocess.TimeoutExpired:
            raise error(
                RuntimeError,
                "draw",
                got=f"a graph that took more than {_TIMEOUT} s to lay out",
                rule="a picture of hundreds of boxes is read by nobody",
                cure="close modules with depth=1, or keep one weight with path_to=W",
            ) from None
        if done.returncode != 0 or not done.stdout:
            problem = done.stderr.decode(errors="replace").strip()[-500:]
            raise error(
                RuntimeError,
                "draw",
                got=f"an error from {command[0]}",
                rule=problem or "Graphviz wrote nothing",
                cure="check that Graphviz works by itself, or save .source",
            )
        data = themed(done.stdout.decode()).encode() if format in (None, "svg") else done.stdout
        return data.decode(encoding) if encoding else data

    def render(self, filename: Path_ | None = None, directory: Path_ | None = None, view: bool = False,
               cleanup: bool = False, format: str | None = None, quiet: bool = False, quiet_view: bool = False, *,
               outfile: Path_ | None = None) -> str:  # fmt: skip
        """Write the picture to ``filename`` and return its path; with ``format`` that suffix is added.

        The further arguments are graphviz's; no DOT text is written beside the picture, so there is none to clean up.
        Where there is no Graphviz the DOT text is saved instead, with the suffix .gv, a warning says what to install,
        and the path of the DOT text is returned.
        """
        path = Path(directory or "", outfile or filename or "dW")
        if format or not path.suffix:
            path = path.with_name(f"{path.name}.{format or 'svg'}")
        if engine(path.suffix[1:]) is None:
            path = path.with_suffix(".gv")
            write_whole(path, lambda beside: beside.write_text(self.source, encoding="utf-8"))
            warnings.warn(str(_no_engine("render", f"the DOT text was saved as {path}")), stacklevel=2)
            return str(path)
        picture = self.pipe(path.suffix[1:])
        write_whole(path, lambda beside: beside.write_bytes(picture))
        if view or quiet_view:
            self._view(str(path), format=path.suffix[1:], quiet=quiet_view)
        return str(path)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> dict[str, Any]:
        if engine("svg") is None:
            return {
                "text/plain": f"{_no_engine('draw', 'nothing was drawn; .source is the DOT text')}\n\n{self.summary}"
            }
        return {"image/svg+xml": self.pipe("svg", encoding="utf-8"), "text/plain": self.summary}


def engine(format: str) -> list[str] | None:
    """The command that reads DOT and writes ``format``: the program ``dot``, else the wheel's engine, else None."""
    dot = shutil.which("dot")
    if dot:
        return [dot, f"-T{format}"]
    if importlib.util.find_spec("pygraphviz"):
        return [sys.executable, "-c", _BY_WHEEL, format]  # in a process of its own, which can be stopped
    return None


def has_wide_font() -> bool:
    """Whether Chinese can be drawn, as far as fontconfig tells; where there is none, nobody can say."""
    fonts = shutil.which("fc-list")
    return fonts is None or bool(subprocess.run([fonts, ":lang=zh"], capture_output=True).stdout)


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
