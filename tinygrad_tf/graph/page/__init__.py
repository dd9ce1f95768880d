"""The page one steps through: HTML, style, script and data in one file that needs nothing else."""

from __future__ import annotations

import base64
import json
import zlib
from importlib import resources

#: In the order in which they are put together; the last one starts the page.
SCRIPTS = ("words.js", "data.js", "view.js", "layout.js", "routes.js", "columns.js", "draw.js", "step.js", "maps.js",
           "story.js", "panel.js", "state.js", "window.js", "main.js")  # fmt: skip


def html(data: str) -> str:
    """The page for ``data``, the JSON of an exploration. It is packed, which also keeps names from being markup."""
    packed = base64.b64encode(zlib.compress(data.encode(), 9)).decode()
    script = '"use strict";\n' + "\n".join(bare(read(name)) for name in SCRIPTS)
    script = script.replace("/*OPERATIONS*/", read("operations.json").strip())
    page = read("index.html").replace("/*STYLE*/", read("style.css"))
    return page.replace("/*SCRIPT*/", script).replace("/*DATA*/", packed)


def chinese() -> dict[str, str]:
    """What operations are called in Chinese."""
    return dict(json.loads(read("operations.json")))


def bare(script: str) -> str:
    """Without comments and indentation: the page is for reading its picture, the files here for reading the code."""
    lines = [line.strip() for line in script.splitlines()]
    return "\n".join([line for line in lines if line and not line.startswith("//")])


def read(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
