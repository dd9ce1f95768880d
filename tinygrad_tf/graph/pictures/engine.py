"""The Graphviz that there is: the program ``dot``, or the one inside pygraphviz."""

from __future__ import annotations

import importlib.util
import shutil
import sys

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
