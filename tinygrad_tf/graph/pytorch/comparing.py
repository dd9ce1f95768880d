"""Whether two arrays are equal but for rounding, and how far apart they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import error

Array = np.ndarray[Any, Any]

#: How far apart two values may lie, as a part of the largest that went into them. PyTorch's float64 is not exact
#: everywhere: the gradient of its hardsigmoid takes a sixth in float32.
TOLERANCES = {"float16": 1e-2, "float32": 1e-4, "float64": 1e-7}
_HUGE = 1e30  # no value but a mark, such as the lowest number in a mask


def size_of(*arrays: Array) -> float:
    """The largest entry, apart from the marks of masks."""
    most = 0.0
    for a in arrays:
        if a.dtype.kind in "biuf" and a.size:
            sizes = np.abs(a.astype(np.float64))
            most = max(most, float(np.max(sizes, where=sizes < _HUGE, initial=0.0)))
    return most


@dataclass(frozen=True)
class Rounding:
    """What a value was computed from: the ``size`` of the entries, and how far they were ``apart`` already."""

    size: float = 0.0
    apart: float = 0.0


def apart(ours: Array, theirs: Array) -> float:
    """The largest distance of two entries."""
    a, b = ours.astype(np.float64), theirs.astype(np.float64)
    finite = np.isfinite(a) & np.isfinite(b)
    return float(np.max(np.abs(a[finite] - b[finite]), initial=0.0))


def difference(ours: Array, theirs: Array, before: Rounding) -> str:
    """What is different, in words; empty where nothing is. ``before`` says what they were computed from."""
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        return f"{ours.shape} {ours.dtype} here, {theirs.shape} {theirs.dtype} in PyTorch"
    if ours.dtype.kind != "f":
        return "" if np.array_equal(ours, theirs) else f"{int(np.sum(ours != theirs))} entries are others"
    a, b = ours.astype(np.float64), theirs.astype(np.float64)
    finite = np.isfinite(a) & np.isfinite(b)
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True):
        return "∞ or NaN stand at other places"
    far = np.abs(a[finite] - b[finite])
    allowed = TOLERANCES[str(ours.dtype)] * (np.abs(b[finite]) + max(size_of(theirs), before.size)) + 10 * before.apart
    if not (far > allowed).any():
        return ""
    worst = int(np.argmax(far - allowed))
    return f"{a[finite][worst]:.6g} here, {b[finite][worst]:.6g} in PyTorch, apart by {far[worst]:.2g}"


class Different(RuntimeError):
    """A value or a gradient is another one here than in PyTorch."""


def differs(what: str, how: str, cure: str) -> Different:
    """The error for a value or a gradient that is another one here than in PyTorch."""
    return error(
        Different,
        "from_torch",
        got=f"{what}: {how}",
        rule=f"every value and gradient is PyTorch's, to {TOLERANCES['float32']:g} of the largest (float32)",
        cure=cure,
    )
