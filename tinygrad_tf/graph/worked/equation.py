"""An equation taken apart: the matrices that its entries are made of, and how each entry is."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...formula import Expr
from ..arrays import rounded
from .evaluate import ENTRYWISE, Array, Evaluator, Unknown

_MOST_OPERANDS = 4
#: Parts of a formula whose entries are made of single entries of what stands in them.
_ENTRYWISE = ("plus", "minus", "negative", "times", "quotient", "power", "root", "bars", "cases")


@dataclass(frozen=True)
class Picked:
    """The entries of a matrix that are shown: all of a small one, else the corners.

    ``rows`` and ``columns`` say which, ``entries`` has them row by row. ``batch`` is the shape of the stack of matrices
    of which this is the first.
    """

    shape: tuple[int, int]
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    entries: tuple[float, ...]
    batch: tuple[int, ...] = ()


@dataclass(frozen=True)
class Operand:
    """A matrix on the right side, and what it is called there."""

    text: str
    picked: Picked


@dataclass(frozen=True)
class Equation:
    """``left = right`` with its matrices.

    ``entry`` says how an entry of the result is made, as pieces: text, or the place of an operand, whose entry in the
    same row and column stands there (the only row or column of one that is broadcast). ``product`` are the places of
    two operands, or of one: for the piece −1 stands the sum of products of a row of the first with a column of the
    second, or the sum of the column of the one, or of its row where it has more columns than the result. ``edge`` is
    where the result goes, None for a helper line.
    """

    left: str
    right: str
    result: Picked
    operands: tuple[Operand, ...]
    entry: tuple[str | int, ...] = ()
    product: tuple[int, ...] = ()
    edge: str | None = None


class Parts:
    """Takes the right side apart; ``most`` is how many rows and columns are shown."""

    def __init__(self, evaluate: Evaluator, most: int) -> None:
        self.evaluate, self.most = evaluate, most
        self.operands: list[Operand] = []
        self.product: tuple[int, ...] = ()

    def equation(self, left: str, right: Expr, result: Array, edge: str | None = None) -> Equation:
        """The equation, without pieces for its entries where these are made of too much."""
        text = str(right)
        try:
            entry = self._entry(right, result)
        except Unknown:
            self.operands, self.product, entry = [], (), ()
        if len(self.operands) > _MOST_OPERANDS:
            entry = ()
        if entry == (0,) and right.kind in ("scatter", "index", "call"):
            self._moved(right)
            entry = ()
        return Equation(left, text, picked(result, self.most), tuple(self.operands[:_MOST_OPERANDS]), entry,
                        self.product if entry else (), edge)  # fmt: skip

    def _moved(self, e: Expr) -> None:
        """Entries that are only put elsewhere: what they were before."""
        named = [part for part in e.walk() if part.kind in ("symbol", "gradient")]
        self.operands = []
        for part in named:
            x = np.asarray(self.evaluate(part))
            if x.ndim and x.dtype.kind == "f":
                self._add(str(part), x)

    def _entry(self, right: Expr, result: Array) -> tuple[str | int, ...]:
        whole = str(self._marked(right, np.shape(result), top=True)).replace("⊙", "·")
        pieces = re.split("\x01(-?\\d+)\x01", whole)
        return tuple([int(piece) if i % 2 else piece for i, piece in enumerate(pieces) if piece])

    def _marked(self, e: Expr, shape: tuple[int, ...], top: bool = False) -> Expr:
        """``e`` with marks in place of the matrices."""
        if e.kind == "value" and isinstance(e.parts[0], (int, float)):
            return e
        if top and e.kind == "call" and e.parts[0] == "softmax" and len(e.parts) < 4:
            return self._softmax(e, shape)
        if e.kind == "call" and e.parts[0] == "broadcast":
            return self._marked(e.parts[1], shape)
        if e.kind in _ENTRYWISE:
            return Expr(e.kind, tuple([self._marked(part, shape) for part in e.parts]), e.shape)
        if e.kind == "compare":
            a, sign, b = e.parts
            return Expr("compare", (self._marked(a, shape), sign, self._marked(b, shape)), e.shape)
        if e.kind == "call" and e.parts[0] in ENTRYWISE and len(e.parts) == 2:
            return Expr("call", (e.parts[0], self._marked(e.parts[1], shape)), e.shape)
        if not self.product and e.kind == "matmul":
            return self._matmul(e, shape, ())
        if not self.product and e.kind == "total":
            return self._total(e, shape)
        return self._operand(str(e), self.evaluate(e), shape)

    def _operand(self, text: str, x: Any, shape: tuple[int, ...]) -> Expr:
        x = np.asarray(x)
        if x.ndim == 0 or x.size == 1:
            return Expr("value", (float(f"{float(x.item()):.4g}"),), ())
        if np.broadcast_shapes(x.shape, shape) != tuple(shape):
            raise Unknown("another shape than the result")
        return _mark(self._add(text, x))

    def _add(self, text: str, x: Array) -> int:
        found = Operand(text, picked(x, self.most))
        if found not in self.operands:
            self.operands.append(found)
        return self.operands.index(found)

    def _softmax(self, e: Expr, shape: tuple[int, ...]) -> Expr:
        """e^x over the sum of the row; of large entries the largest of the row is taken off first."""
        X = np.asarray(self.evaluate(e.parts[1]))
        text = str(e.parts[1])
        if float(np.max(np.abs(X[np.isfinite(X)]), initial=0.0)) > 50:
            X, text = X - X.max(axis=-1, keepdims=True), f"{text} − max"
        above = Expr("call", ("exp", self._operand(text, X, shape)), shape)
        below = np.sum(np.exp(X), axis=-1, keepdims=True)
        return Expr("quotient", (above, self._operand(f"Σ exp({text})", below, shape)), shape)

    def _matmul(self, e: Expr, shape: tuple[int, ...], summed: tuple[int, ...]) -> Expr:
        """Rows times columns. A sum over the stack of matrices makes one long row and one long column of them."""
        *first, last = e.parts
        left = first[0] if len(first) == 1 else Expr("matmul", tuple(first))
        A, B = np.asarray(self.evaluate(left)), np.asarray(self.evaluate(last))
        if min(A.ndim, B.ndim) < 2:
            raise Unknown("a vector")
        if summed:
            if A.shape[:-2] != B.shape[:-2] or summed != tuple(range(A.ndim - 2)):
                raise Unknown("a sum over some of the stack")
            A = np.moveaxis(A, -2, 0).reshape(A.shape[-2], -1)
            B = B.reshape(-1, B.shape[-1])
        self.product = (self._add(str(left), A), self._add(str(last), B))
        return _mark(-1)

    def _total(self, e: Expr, shape: tuple[int, ...]) -> Expr:
        a, axis = e.parts
        axes = self.evaluate(axis)
        inner = e.parts[0]
        if inner.kind == "matmul" and e.shape == shape and len(shape) == 2:
            return self._matmul(inner, shape, _as_axes(axes, len(inner.shape or ())))
        x = np.asarray(self.evaluate(a))
        gone = _as_axes(axes, x.ndim)
        kept = [n for i, n in enumerate(x.shape) if i not in gone]
        if gone == (1,) and x.ndim == 2 and x.shape[1] > 1 and shape == e.shape == (x.shape[0], 1):
            self.product = (self._add(str(a), x),)
            return _mark(-1)
        if e.shape != shape or len(kept) > 1 or gone != tuple(range(len(gone))) or x.size <= 1:
            return self._operand(str(e), self.evaluate(e), shape)
        self.product = (self._add(str(a), x.reshape(-1, *kept) if kept else x.reshape(-1, 1)),)
        return _mark(-1)


def _as_axes(axes: Any, ndim: int) -> tuple[int, ...]:
    if axes is None:
        return tuple(range(ndim))
    return tuple(sorted(a % max(ndim, 1) for a in (axes if isinstance(axes, tuple) else (axes,))))


def _mark(i: int) -> Expr:
    return Expr("symbol", (f"\x01{i}\x01",))


def picked(x: Any, most: int) -> Picked:
    """The first matrix of ``x``, of large ones the corners: the first ``most`` − 2 and the last of rows and columns.

    >>> picked(np.arange(20.0).reshape(2, 10), 4).columns
    (0, 1, 9)
    """
    x = np.asarray(x)
    batch = x.shape[:-2] if x.ndim > 2 else ()
    table = x[(0,) * len(batch)].reshape(-1, x.shape[-1]) if x.ndim > 1 else x.reshape(1, -1)
    at = [range(n) if n <= most else (*range(most - 2), n - 1) for n in table.shape]
    entries = np.asarray(table[np.ix_(*at)], np.float64).ravel().tolist()
    rows, columns = (tuple(int(i) for i in axis) for axis in at)
    shape = (int(table.shape[0]), int(table.shape[1]))
    stack = tuple(int(n) for n in batch) if math.prod(batch) > 1 else ()
    return Picked(shape, rows, columns, tuple([rounded(v, 5) for v in entries]), stack)
