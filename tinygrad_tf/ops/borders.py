"""Borders around an array, of a value or of what is inside."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from ..errors import error
from .choice import where
from .composed import function
from .indexing import add_at, along

#: How wide a border is before and after the entries of an axis; a negative width cuts.
Widths: TypeAlias = tuple[int, int]

#: Borders that repeat what is inside: PyTorch's names for them, and NumPy's.
BORDERS: dict[str, Any] = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


@function
def pad(X, pad: Sequence[Any], mode: str = "constant", value: float | None = None):
    """X with a border, as wide as ``pad`` says: (left, right, top, bottom, …), last axis first. Negative widths cut.

    NumPy's pairs ((before, after), …), one for each axis, first axis first, are taken, too. The border holds ``value``
    (0 by default). With ``mode`` "reflect" it mirrors X at its edges, with "replicate" it repeats the edges, with
    "circular" it continues at the other end. Raises ValueError for widths that are no pairs, RuntimeError where more
    is cut than there is or a border would mirror or continue X more than once, NotImplementedError for other modes.

    >>> pad(Tensor([1.0]), (1, 2)).tolist()
    [0.0, 1.0, 0.0, 0.0]
    >>> pad(Tensor([1.0, 2.0, 3.0]), (1, 1), "reflect").tolist()
    [2.0, 1.0, 2.0, 3.0, 2.0]
    """
    if mode not in ("constant", *BORDERS):
        raise error(
            NotImplementedError,
            "pad",
            got={"mode": repr(mode)},
            rule="a border is constant, reflect, replicate or circular",
            cure="build other borders by indexing, e.g. x[..., [0, 0, 1, 2]]",
        )
    pairs = _pairs(X, pad)
    check_cuts(X, pairs)
    if mode == "constant":
        return bordered(X, pairs, 0 if value is None else value)
    for axis, (n, (a, b)) in enumerate(zip(X.shape, pairs, strict=True)):
        most = {"reflect": n - 1, "replicate": math.inf if n else 0, "circular": n + min(a, b, 0)}[mode]
        if max(a, b, 0) > max(most, 0):
            raise error(
                RuntimeError,
                "pad",
                got={"X": X, "pad": pad, "mode": mode},
                rule=f"a border repeats once what is there: on axis {axis} it is at most {max(most, 0)} wide",
                cure="pad twice, or write np.pad(x, …), which goes on repeating",
            )
        X = continued(X, axis, (a, b), mode)
    return X


def _pairs(X, pad: Sequence[Any]) -> list[Widths]:
    """A pair of widths for each axis of X, of PyTorch's row of numbers or of NumPy's pairs."""
    if len(pad) and np.ndim(pad[0]):
        pairs, fits = [tuple(widths) for widths in pad], len(pad) == X.ndim
    else:
        pairs = list(zip(pad[::2], pad[1::2], strict=False))[::-1]
        pairs, fits = [(0, 0)] * (X.ndim - len(pairs)) + pairs, len(pad) % 2 == 0 and len(pad) <= 2 * X.ndim
    if not fits or any(len(widths) != 2 for widths in pairs):
        raise no_pairs(X, pad)
    return pairs


def no_pairs(X, pad) -> Exception:
    """The error of widths that do not fit the axes of X."""
    return error(
        ValueError,
        "pad",
        got={"X": X, "pad": pad},
        rule="there are two widths for each axis that is padded, last axis first, or a pair for each axis",
        cure="write pad=(left, right), pad=(left, right, top, bottom), or pad=((top, bottom), (left, right))",
    )


def check_cuts(X, pairs: Sequence[Widths]) -> None:
    """Raise RuntimeError where negative widths cut more than there is."""
    for axis, (n, (a, b)) in enumerate(zip(X.shape, pairs, strict=True)):
        if min(a, 0) + min(b, 0) < -n:
            raise error(
                RuntimeError,
                "pad",
                got={"X": X, "axis": axis, "widths": (a, b)},
                rule=f"negative widths cut no more than there is, {n}",
                cure="write smaller ones, or x[:0] for nothing",
            )


def continued(X, axis: int, widths: Widths, mode: str):
    """X with a border along one axis that repeats what is inside. Negative widths cut.

    With "circular" what is cut off is not repeated, with the others it is, as in PyTorch.
    """
    if widths == (0, 0):
        return X
    if X.shape[axis] == 0 and max(widths) > 0:
        raise error(
            ValueError,
            "pad",
            got={"X": X, "axis": axis, "widths": widths},
            rule="a border repeats what is there, and there is nothing",
            cure='write mode="constant"',
        )
    wider, cut = [max(w, 0) for w in widths], [max(-w, 0) for w in widths]
    places = np.arange(X.shape[axis])
    places = places[cut[0] : len(places) - cut[1]] if mode == "circular" else places
    places = np.pad(places, wider, BORDERS.get(mode, mode))
    return along(X, axis, places if mode == "circular" else places[cut[0] : len(places) - cut[1]])


def bordered(X, widths: Sequence[Widths], value):
    """X with a border of ``value``; ``widths`` has a pair (before, after) for each axis."""
    cut = tuple(slice(max(-a, 0), n - max(-b, 0)) for n, (a, b) in zip(X.shape, widths, strict=True))
    X = X[cut] if any(min(pair) < 0 for pair in widths) else X
    added = [(max(a, 0), max(b, 0)) for a, b in widths]
    shape = tuple(n + a + b for n, (a, b) in zip(X.shape, added, strict=True))
    inner = tuple(slice(a, a + n) for n, (a, _) in zip(X.shape, added, strict=True))
    Y = add_at(X, inner, shape)
    if isinstance(value, (int, float)) and value == 0:
        return Y
    border = np.ones(shape, bool)
    border[inner] = False
    return where(border, value, Y)
