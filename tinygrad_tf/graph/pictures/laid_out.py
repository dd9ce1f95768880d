"""A graph that Graphviz has laid out, as DOT, before it is drawn: how large it will be, and where its heads end."""

from __future__ import annotations

import math
import re
import warnings

from ...errors import error
from ...wording.languages import translated

#: Formats that are drawn as pixels.
BITMAPS = ("png", "jpg", "jpeg", "jpe", "gif", "bmp", "tif", "tiff", "webp")
_LONGEST = 32_767  # pixels: cairo, which draws them, has no larger side, and Graphviz shrinks the picture to that
_MOST = 100_000_000  # pixels, 4 bytes each
_DPI = 96.0


def fits(laid_out: str, format: str) -> None:
    """Warn of a bitmap that Graphviz scales down, and refuse one that takes too much memory."""
    bounds = re.search(r'\bbb="([^"]*)"', laid_out)
    if format not in BITMAPS or bounds is None:
        return
    dpi = re.search(r"(?m)^\s*(?:graph \[)?dpi=\"?([\d.]+)", laid_out)
    left, bottom, right, top = map(float, bounds[1].split(","))
    width, height = (side * (float(dpi[1]) if dpi else _DPI) / 72 for side in (right - left, top - bottom))
    scale = min(1.0, _LONGEST / max(width, height, 1))
    said = f"a picture of {width:,.0f} × {height:,.0f} pixels"
    cure = "write .svg, which has no pixels; or close modules with depth=1, or keep one weight with path_to=W"
    if width * height * scale**2 > _MOST:
        raise error(
            RuntimeError, "draw", got=f"{said} as {format}", rule=f"bitmaps have up to {_MOST:,} of them", cure=cure
        )
    if scale < 1:
        text = f"{said} was scaled down to {scale:.0%} of its size, as {format} allows: {cure}"
        warnings.warn(translated(text), stacklevel=4)


def with_room_for_heads(laid_out: str) -> str:
    """The same with all heads before their boxes: up to version 2.43 those of thick arrows ended inside.

    Old versions leave room for the triangle alone, not for the line around it; then the head is moved back by as much
    as that line sticks out at the tip.
    """
    return _ARROW.sub(_moved_back, laid_out.replace("\\\n", ""))


_ARROW = re.compile(r'\bpenwidth="?([\d.]+)"?,\s+pos="([se]),([^"]*)"')
_SIZE = 7.0  # points: the length of a head, 10 · arrowsize
_STICKS_OUT = 0.5 / math.sin(math.atan(0.35))  # widths of the line; a head is 0.7 times as wide as it is long


def _moved_back(arrow: re.Match[str]) -> str:
    width, at = float(arrow[1]), arrow[2]
    tip, *line = [tuple(map(float, point.split(","))) for point in arrow[3].split()]
    end = 0 if at == "s" else -1
    length = math.dist(tip, line[end])
    if not 0 < length < _SIZE + 0.5:
        return arrow[0]
    by = [_STICKS_OUT * width / length * (b - a) for a, b in zip(tip, line[end], strict=True)]
    tip, line[end] = ((x + by[0], y + by[1]) for x, y in (tip, line[end]))
    points = " ".join([f"{x:.2f},{y:.2f}" for x, y in (tip, *line)])
    return f'penwidth={arrow[1]}, pos="{at},{points}"'
