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

from .team import inner

_C_ORDER = 101
#: Say whether a matrix is taken as it is or transposed.
PLAIN, TURNED = 111, 112


def _find() -> tuple[Any, str, str] | None:
    """NumPy's BLAS, and what its functions' names end and begin with; "64_" means that sizes have 64 bits."""
    try:
        library = ctypes.CDLL(np._core._multiarray_umath.__file__)  # type: ignore[attr-defined]
    except (AttributeError, OSError):
        return None
    for before, after in (("scipy_", "64_"), ("", "64_"), ("scipy_", ""), ("", "")):
        names = [f"{before}cblas_{letter}gemm{after}" for letter in "sd"]
        names += [f"{before}openblas_{verb}_num_threads{after}" for verb in ("get", "set")]
        if all(hasattr(library, name) for name in names):
            for ours, name in zip(("s", "d", "get", "set"), names, strict=True):
                address = ctypes.cast(getattr(library, name), ctypes.c_void_p).value
                llvmlite.binding.add_symbol(f"tinygrad_tf_blas_{ours}{after}", address)
            return library, after, before
    return None


_found = _find()
#: Whether there is a BLAS to call; kernels with products are offered only then.
FOUND = _found is not None
_after = _found[1] if _found else "64_"
_size: Any = types.int64 if _after else types.int32
_int: Any = types.int32
_nothing: Any = types.void


def _external(letter: str, scalar: Any) -> Any:
    """The product of one float type; arrays are addresses, which are numbers of 64 bits."""
    at: Any = types.int64
    signature = _nothing(_int, _int, _int, _size, _size, _size, scalar, at, _size, at, _size, scalar, at, _size)
    return types.ExternalFunction(f"tinygrad_tf_blas_{letter}{_after}", signature)


_sgemm, _dgemm = _external("s", types.float32), _external("d", types.float64)
_get: Any = types.ExternalFunction(f"tinygrad_tf_blas_get{_after}", _int())
_set: Any = types.ExternalFunction(f"tinygrad_tf_blas_set{_after}", _nothing(_int))


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
