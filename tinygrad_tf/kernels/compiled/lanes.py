"""Eight numbers at once, in a vector that stays in registers, and the product of small matrices that is built on it.

The compiler makes vectors of long loops by itself, but none of rows of a dozen numbers; and BLAS takes longer to begin
than such a product takes. Matrices are given as to ``gemm``: by address and entries from row to row.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import extending, types

from .gemm import TURNED
from .team import inner

#: How many numbers a vector holds.
LANES = 8

_instruction: Any = extending.intrinsic
_Type: Any = types.Type
_Model: Any = extending.models.PrimitiveModel
_INDEX = ir.IntType(32)
_FUSED = ("contract",)  # a product and a sum may become one instruction


class _Lanes(_Type):  # type: ignore[misc]
    """The type of a vector: LANES numbers of one float type."""

    def __init__(self, number: Any) -> None:
        super().__init__(name=f"lanes({number})")
        self.number = number


@extending.register_model(_Lanes)
class _LanesModel(_Model):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: _Lanes) -> None:
        vector: Any = ir.VectorType(manager.lookup(kind.number).get_value_type(), LANES)
        super().__init__(manager, kind, vector)


def _pointer(context: Any, builder: Any, at: Any, kind: Any) -> Any:
    return builder.inttoptr(at, context.get_value_type(kind).as_pointer())


def _every(builder: Any, x: Any) -> Any:
    first = builder.insert_element(ir.Constant(ir.VectorType(x.type, LANES), ir.Undefined), x, _INDEX(0))
    return builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(_INDEX, LANES), [0] * LANES))


@_instruction
def number(typing, at, like):  # type: ignore[no-untyped-def]
    """The number at an address, of the type of ``like``."""

    def emit(context, builder, signature, values):  # type: ignore[no-untyped-def]
        return builder.load(_pointer(context, builder, values[0], like))

    return like(types.int64, like), emit


@_instruction
def load(typing, at, like):  # type: ignore[no-untyped-def]
    """The vector at an address, of numbers of the type of ``like``."""

    def emit(context, builder, signature, values):  # type: ignore[no-untyped-def]
        return builder.load(_pointer(context, builder, values[0], _Lanes(like)), align=like.bitwidth // 8)

    return _Lanes(like)(types.int64, like), emit


@_instruction
def store(typing, x, at):  # type: ignore[no-untyped-def]
    """Write a vector to an address."""

    def emit(context, builder, signature, values):  # type: ignore[no-untyped-def]
        builder.store(values[0], _pointer(context, builder, values[1], x), align=x.number.bitwidth // 8)
        return context.get_dummy_value()

    return types.none(x, types.int64), emit


@_instruction
def every(typing, x, like):  # type: ignore[no-untyped-def]
    """The vector that has x in each lane, as numbers of the type of ``like``."""

    def emit(context, builder, signature, values):  # type: ignore[no-untyped-def]
        return _every(builder, context.cast(builder, values[0], x, like))

    return _Lanes(like)(x, like), emit


@_instruction
def plus(typing, x, y, factor):  # type: ignore[no-untyped-def]
    """x + y · factor, in each lane; ``factor`` is a number."""

    def emit(context, builder, signature, values):  # type: ignore[no-untyped-def]
        product = builder.fmul(values[1], _every(builder, values[2]), flags=_FUSED)
        return builder.fadd(values[0], product, flags=_FUSED)

    return x(x, y, factor), emit


@_instruction
def times(typing, x, y):  # type: ignore[no-untyped-def]
    return x(x, y), lambda context, builder, signature, values: builder.fmul(*values)


@_instruction
def minus(typing, x, y):  # type: ignore[no-untyped-def]
    return x(x, y), lambda context, builder, signature, values: builder.fsub(*values)


@_instruction
def over(typing, x, y):  # type: ignore[no-untyped-def]
    return x(x, y), lambda context, builder, signature, values: builder.fdiv(*values)


@_instruction
def larger(typing, x, y):  # type: ignore[no-untyped-def]
    """The larger one in each lane; y where one of the two is NaN."""

    def emit(context, builder, signature, values):  # type: ignore[no-untyped-def]
        return builder.select(builder.fcmp_ordered(">", *values), *values)

    return x(x, y), emit


@inner()
def _tile(rows: Any, count: Any, alpha: Any, a: Any, row: Any, column: Any, b: Any, ldb: Any, c: Any, ldc: Any) -> None:
    """Four rows of eight columns of a product, which share what is read of B (the micro-kernel of BLIS; Van Zee and
    van de Geijn 2015). Where fewer rows are left, the last one is computed again.
    """
    i, j, k = min(1, rows - 1), min(2, rows - 1), min(3, rows - 1)
    a1, a2, a3 = a + i * row, a + j * row, a + k * row
    y0 = y1 = y2 = y3 = every(0, alpha)
    for _ in range(count):
        z = load(b, alpha)
        y0, y1 = plus(y0, z, number(a, alpha)), plus(y1, z, number(a1, alpha))
        y2, y3 = plus(y2, z, number(a2, alpha)), plus(y3, z, number(a3, alpha))
        a, a1, a2, a3, b = a + column, a1 + column, a2 + column, a3 + column, b + ldb
    factor = every(alpha, alpha)
    store(times(y0, factor), c)
    store(times(y1, factor), c + i * ldc)
    store(times(y2, factor), c + j * ldc)
    store(times(y3, factor), c + k * ldc)


@inner()
def small_gemm(turn_a: Any, m: Any, n: Any, k: Any, alpha: Any, a: Any, lda: Any, b: Any, ldb: Any, c: Any, ldc: Any,
               size: Any) -> None:  # fmt: skip
    """C ← alpha · A · B, given as to ``gemm``; n is a multiple of LANES. A number has ``size`` bytes."""
    row, column = (size, lda * size) if turn_a == TURNED else (lda * size, size)
    for i in range(0, m, 4):
        for j in range(0, n, LANES):
            at = j * size
            _tile(m - i, k, alpha, a + i * row, row, column, b + at, ldb * size, c + i * ldc * size + at, ldc * size)
