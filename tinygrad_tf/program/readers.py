"""Which code may read the array of a Tensor while a function is traced."""

from __future__ import annotations

import inspect
from types import CodeType
from typing import Any

from ..autograd import changes, dtypes, operation, recompute, walk
from ..autograd.operation import Op
from ..autograd.tensor import Tensor
from ..ops import indexing, methods, reduction


def _codes(*functions: Any) -> set[CodeType]:
    """Their own code, not that of a decorator's wrapper, which all that it decorates have."""
    return {inspect.unwrap(f).__code__ for f in functions}


def _code_of_module(module: Any) -> set[CodeType]:
    return _codes(*[f for f in vars(module).values() if hasattr(f, "__code__") and f.__module__ == module.__name__])


#: What reads arrays as a part of an op, or looks at shapes and types only.
MAY_READ: set[CodeType] = {
    *_codes(Op.call, Op.made, Op.gradients, Tensor.__len__, Tensor.requires_grad_, recompute.checkpoint),
    *_codes(*[getattr(Tensor, name).fget for name in ("shape", "dtype", "ndim")]),
    *_code_of_module(dtypes), *_codes(operation.fit, operation._as_input, operation._side_by_side, walk._send,
                                      walk._is_shared, walk._array, changes.is_newer, changes.wrote),
    *[c for c in Op._dispatcher.__code__.co_consts if isinstance(c, CodeType)],
}  # fmt: skip


_methods: Any = methods
#: Functions that look at shapes and types only, or check what NumPy would refuse or make NaN in a program, too.
_CHECKS = {
    _methods.size,
    _methods.dim,
    _methods.numel,
    _methods.contiguous,
    indexing.gather,
    reduction._root,
}
MAY_READ |= _codes(*_CHECKS)
