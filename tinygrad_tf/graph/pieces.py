"""What was cut into pieces that lie side by side: its gradient is theirs, put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def axis_of(indices: Sequence[Any], shape: tuple[int, ...]) -> tuple[int, list[int]] | None:
    """The axis along which the pieces at these indices are the whole of ``shape``, and their order along it.

    None where they are not, overlap, or are cut along several axes.

    >>> axis_of([np.s_[:, 3:], np.s_[..., :3]], (2, 5))
    (1, [1, 0])
    """
    for axis, n in enumerate(shape):
        others = (*shape[:axis], *shape[axis + 1 :])
        places = np.moveaxis(np.broadcast_to(np.arange(n), (*others, n)), -1, axis)  # each entry's along the axis
        pieces = [np.moveaxis(p, axis, 0) for index in indices if (p := places[index]).ndim == len(shape) and p.size]
        if len(pieces) < len(indices) or any(p.shape[1:] != others for p in pieces):
            continue
        rows = [p.reshape(len(p), -1)[:, 0].tolist() for p in pieces]
        order = sorted(range(len(rows)), key=lambda i: rows[i][0])
        if [place for i in order for place in rows[i]] == list(range(n)):
            return axis, order
    return None
