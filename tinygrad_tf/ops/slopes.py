"""The slopes of what an array samples."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import error
from .arrange import diff
from .composed import function, in_float32
from .conversion import as_float
from .indexing import along, plain
from .join import concatenate
from .shape import check_axes


@function
@in_float32
def gradient(X, spacing=1, dim=None, edge_order: int = 1) -> tuple[Any, ...]:
    """dX/dx along each axis, or along those of ``dim``, where X has the values of a function at places x.

    Inside it is the slope of the parabola through an entry and its two neighbours. At the ends it is that of the line
    through the last two entries, or with ``edge_order=2`` of the parabola through the last three. ``spacing`` is the
    distance between places, or the places (n,); a list has one of these for each axis. ``np.gradient(t, …)`` takes
    NumPy's arguments. Raises ValueError for too few entries or places.

    >>> gradient(Tensor([0.0, 1.0, 4.0, 9.0]))[0].tolist()
    [1.0, 2.0, 4.0, 5.0]
    """
    X = as_float(X)  # differences of unsigned integers would wrap around
    axes = tuple(range(X.ndim)) if dim is None else check_axes("gradient", X, dim)
    if not isinstance(spacing, (tuple, list)):
        spacing = [spacing] if np.ndim(spacing) else [spacing] * len(axes)
    places = [plain(x) for x in spacing]
    if len(places) != len(axes) or edge_order not in (1, 2):
        raise error(
            ValueError,
            "gradient",
            got={"X": X, "spacing": spacing, "edge_order": edge_order},
            rule=f"spacing is one for all or one for each of {len(axes)} axes, and edge_order is 1 or 2",
            cure="write e.g. spacing=(0.1, 0.5), dim=(0, 1)",
        )
    return tuple(_slope(X, a, _distances(X, a, x, edge_order), edge_order) for a, x in zip(axes, places, strict=True))


def _distances(X, axis: int, places, edge_order: int) -> np.ndarray[Any, Any]:
    """The distance from each entry along ``axis`` to the next, in the shape that broadcasts against X."""
    n, places = X.shape[axis] if X.ndim else 1, np.asarray(places, X.dtype)
    if n <= edge_order or places.shape not in ((), (n,)):
        raise error(
            ValueError,
            "gradient",
            got={"X": X, "spacing": places, "axis": axis},
            rule=f"an axis has at least {edge_order + 1} entries, and a place for each, or one distance",
            cure="leave the axis out" if n <= edge_order else f"leave the axis out, or give {n} places",
        )
    distances = np.diff(places) if places.ndim else np.full(n - 1, places)
    return distances.reshape([-1 if i == axis else 1 for i in range(X.ndim)])


def _slope(X, axis: int, d: np.ndarray[Any, Any], edge_order: int):
    def cut(Z, start, end):
        return along(Z, axis, slice(start, end))

    S = diff(X, 1, axis) / d  # from each entry to the next
    before, after = cut(d, None, -1), cut(d, 1, None)
    share = after / (before + after)  # the nearer counts more
    inner = cut(S, None, -1) * share + cut(S, 1, None) * (1 - share)
    first, last = cut(S, None, 1), cut(S, -1, None)
    if edge_order == 2:
        first, last = 2 * first - cut(inner, None, 1), 2 * last - cut(inner, -1, None)
    return concatenate([first, inner, last], axis)
