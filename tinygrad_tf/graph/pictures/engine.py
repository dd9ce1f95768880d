"""The Graphviz that there is: the program ``dot``, or the one inside pygraphviz."""

from __future__ import annotations

import atexit
import functools
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.sax.saxutils import escape

from ...files import check_temporary, explained
from ...wording.fonts import brought

INSTALL = 'install Graphviz (apt install graphviz, brew install graphviz), or pip install "tinygrad_tf[pictures]"'
_BY_WHEEL = (
    "import sys, pygraphviz; sys.stdout.buffer.write(pygraphviz.AGraph(string=sys.stdin.buffer.read().decode())"
    ".draw(format=sys.argv[1], prog=sys.argv[2]))"
)


def command(format: str, engine: str = "dot") -> list[str] | None:
    """The command that reads DOT and writes ``format``: the program ``dot``, else the wheel's engine, else None.

    ``engine`` is who lays it out, one of ``graphviz.ENGINES``, or ``nop2`` for what is laid out already.
    """
    dot = shutil.which("dot")
    if dot:
        return [dot, f"-K{engine}", f"-T{format}"]
    if importlib.util.find_spec("pygraphviz"):
        return [sys.executable, "-c", _BY_WHEEL, format, engine]  # a process of its own can be stopped
    return None


def environment() -> dict[str, str] | None:
    """The environment in which Graphviz finds a font with Chinese letters; None where there is none.

    The font that is brought is added where the system has none, or cannot be asked.
    """
    fonts, file = shutil.which("fc-list"), brought()
    if fonts and subprocess.run([fonts, ":lang=zh"], capture_output=True).stdout:
        return dict(os.environ)
    if file:
        return {**os.environ, "FONTCONFIG_FILE": _settings(file)}
    return None if fonts else dict(os.environ)


@functools.cache
def _settings(font: Path) -> str:
    """A file with fontconfig's settings: the system's, and this font beside the others."""
    check_temporary("draw")
    with explained("draw", tempfile.gettempdir()):
        return _settings_in(Path(tempfile.mkdtemp(prefix="tinygrad_tf_fonts_")), font)


def _settings_in(folder: Path, font: Path) -> str:
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    own = os.environ.get("FONTCONFIG_FILE")
    usual = [own] if own else ["/etc/fonts/fonts.conf", "fonts.conf"]
    lines = [f'<include ignore_missing="yes">{escape(name)}</include>' for name in usual]
    lines += [f"<dir>{escape(str(font.parent))}</dir>", f"<cachedir>{escape(str(folder))}</cachedir>"]
    others = [f"<glob>{escape(str(other))}</glob>" for other in font.parent.glob("*.[ot]tf") if other != font]
    lines.append(f"<selectfont><rejectfont>{''.join(others)}</rejectfont></selectfont>")
    path = folder / "with_chinese.conf"
    path.write_text(f'<?xml version="1.0"?>\n<fontconfig>{"".join(lines)}</fontconfig>\n', encoding="utf-8")
    return str(path)
