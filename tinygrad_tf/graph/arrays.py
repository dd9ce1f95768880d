"""Arrays in a few numbers: norm, range, mean, and a thumbnail of at most 12 × 24 entries in 8 bits."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

ROWS, COLUMNS = 12, 24
_BLOCK = 1 << 16  # entries, which stay in the cache
#: How much of each array is kept.
LEVELS = ("none", "stats", "thumbnails", "full")


@dataclass(frozen=True)
class Thumbnail:
    """Entries of an array, row by row, evenly picked where there are more than fit.

    ``bits`` is base64; a byte b from 2 to 254 stands for (b − 128) / 126 · ``scale``, 0 for NaN, 1 for −∞, 255 for ∞.
    """

    rows: int
    columns: int
    scale: float
    bits: str


@dataclass(frozen=True)
class Summary:
    """Numbers about the finite entries of an array; ``zeros`` is the share of entries that are exactly 0.

    ``norm`` is Euclidean and is NaN or infinite as soon as an entry is. ``full`` has all entries in C order.
    """

    norm: float
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    zeros: float | None = None
    nans: int = 0
    infs: int = 0
    thumbnail: Thumbnail | None = None
    full: tuple[float, ...] | None = None


def norm(a: Array) -> float:
    """√Σa² as in :func:`.flow.norm`, block by block: a whole copy in float64 takes as long as the backward pass."""
    flat = np.asarray(a).reshape(-1)
    if flat.size <= _BLOCK or flat.dtype.kind != "f":
        return float(np.linalg.norm(flat.astype(np.float64, copy=False)))
    blocks = (flat[i : i + _BLOCK].astype(np.float64, copy=False) for i in range(0, flat.size, _BLOCK))
    return math.sqrt(sum(float(block @ block) for block in blocks))


def summary(x: Array, level: str = "thumbnails", most: int = ROWS * COLUMNS) -> Summary | None:
    """``x`` at one of ``LEVELS``, the thumbnail of at most ``most`` entries.

    >>> s = summary(np.array([3.0, 0.0, -4.0, np.nan]), "stats")
    >>> s.min, s.max, s.zeros, s.nans
    (-4.0, 3.0, 0.25, 1)
    """
    if level == "none":
        return None
    size = norm(x)
    if x.size == 0:
        return Summary(size)
    broken = x.dtype.kind == "f" and not math.isfinite(size) and not np.isfinite(x).all()
    finite = x[np.isfinite(x)] if broken else x
    ends = (float(finite.min()), float(finite.max()), float(finite.mean(dtype=np.float64))) if finite.size else ()
    low, high, mean = map(rounded, ends) if ends else (None, None, None)
    nans, infs = (int(np.isnan(x).sum()), int(np.isinf(x).sum())) if broken else (0, 0)
    zeros = rounded(1 - np.count_nonzero(x) / x.size)
    scale = max(map(abs, ends[:2]), default=0.0)
    return Summary(
        rounded(size), low, high, mean, zeros, nans, infs,
        None if level == "stats" else thumbnail(x, scale, most),
        tuple([rounded(float(v), 7) for v in x.ravel()]) if level == "full" else None,
    )  # fmt: skip


def thumbnail(x: Array, scale: float, most: int = ROWS * COLUMNS) -> Thumbnail:
    """Rows are all axes but the last; of long axes entries are picked at equal distances, the first among them."""
    table = x.reshape(-1, x.shape[-1]) if x.ndim > 1 else x.reshape(1, -1)
    columns = min(table.shape[1], COLUMNS, math.isqrt(2 * most) if len(table) > 1 else COLUMNS)
    rows = min(len(table), ROWS, most // max(columns, 1))
    at = [np.arange(k) * n // k for n, k in zip(table.shape, (rows, columns), strict=True)]
    picked = np.asarray(table[np.ix_(*at)], np.float64)
    finite = np.isfinite(picked)
    levels = np.where(finite, np.rint(np.where(finite, picked, 0) / (scale or 1) * 126) + 128, 0)
    levels[np.isposinf(picked)], levels[np.isneginf(picked)] = 255, 1
    return Thumbnail(rows, columns, rounded(scale), base64.b64encode(levels.astype(np.uint8).tobytes()).decode())


def rounded(x: float, digits: int = 6) -> float:
    """``x`` to a few significant digits: what is shown has three, and four would round some of them wrongly."""
    return float(f"{x:.{digits}g}") if math.isfinite(x) else x
