"""The page one steps through: HTML, style, script and data in one file that needs nothing else."""

from __future__ import annotations

import base64
import json
import zlib
from importlib import resources

from ..colors import style_sheet
from .script import put_together

START = "js/start.js"  # it imports all others


def html(data: str) -> str:
    """The page for ``data``, the JSON of an exploration. It is packed, which also keeps names from being markup."""
    packed = base64.b64encode(zlib.compress(data.encode(), 9)).decode()
    style = read("style.css").replace("/*COLORS*/", style_sheet())
    page = read("index.html").replace("/*STYLE*/", style)
    return page.replace("/*SCRIPT*/", put_together(START, read)).replace("/*DATA*/", packed)


def chinese() -> dict[str, str]:
    """What operations are called in Chinese."""
    return dict(json.loads(read("operations.json")))


def read(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
