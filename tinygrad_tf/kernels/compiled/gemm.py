"""Matrix products inside compiled kernels: NumPy's own BLAS, called without NumPy.

A kernel's pieces multiply side by side, each in one thread. On four cores, four such products at once run at 350
GFLOP/s. One product of a small Transformer (768 × 128 × 512) that OpenBLAS shares out runs at 180, MKL's at 270.
"""

from __future__ import annotations

import ctypes
from typing import Any

import llvmlite.binding
import numpy as np
from numba import types
from numba.extending import overload

from ...products import OPENBLAS, SUFFIX
from .team import inner

_C_ORDER = 101
#: Say whether a matrix is taken as it is or transposed.
PLAIN, TURNED = 111, 112
#: Whether there is a BLAS to call; kernels with products are offered only then.
FOUND = bool(OPENBLAS)
for _name, _function in OPENBLAS.items():  # by names that stay, for Numba keeps on disk what calls them
    llvmlite.binding.add_symbol(f"tinygrad_tf_blas_{_name}{SUFFIX}", ctypes.cast(_function, ctypes.c_void_p).value)

_size: Any = types.int64 if SUFFIX or not FOUND else types.int32
_int: Any = types.int32
_nothing: Any = types.void


def _external(name: str, signature: Any) -> Any:
    return types.ExternalFunction(f"tinygrad_tf_blas_{name}{SUFFIX}", signature)


def _product(name: str, scalar: Any) -> Any:
    """The product of one float type; arrays are addresses, which are numbers of 64 bits."""
    at: Any = types.int64
    signature = _nothing(_int, _int, _int, _size, _size, _size, scalar, at, _size, at, _size, scalar, at, _size)
    return _external(name, signature)


_sgemm, _dgemm = _product("s", types.float32), _product("d", types.float64)
_get, _set = _external("get", _int()), _external("set", _nothing(_int))


@inner()
def one_thread() -> Any:
    """Make BLAS work in the thread that calls it. Returns how many threads it had."""
    before = _get()
    if before != 1:
        _set(1)
    return before


@inner()
def threads_as(before: Any) -> None:
    if before != 1:
        _set(before)


@inner()
def places(begins: Any, arrays: Any) -> Any:
    """The address of each head in each array, from those of the arrays."""
    at = begins.copy()
    for i in range(len(arrays)):
        for h in range(at.shape[1]):
            at[i, h] += np.int64(arrays[i])
    return at


def gemm(turn_a: Any, turn_b: Any, m: Any, n: Any, k: Any, alpha: Any, a: Any, lda: Any, b: Any, ldb: Any, beta: Any,
         c: Any, ldc: Any) -> None:  # fmt: skip
    """C ← alpha · A · B + beta · C, with A (m, k), B (k, n) and C (m, n) given by address and entries from row to row.

    The type of ``alpha`` says that of the arrays.
    """
    raise NotImplementedError


@overload(gemm)
def _gemm(turn_a, turn_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc):  # type: ignore[no-untyped-def]
    product = _sgemm if alpha == types.float32 else _dgemm

    def call(turn_a, turn_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc):  # type: ignore[no-untyped-def]
        if m > 0 and n > 0:
            product(_C_ORDER, turn_a, turn_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)

    return call
