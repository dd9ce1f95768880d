"""Which function of plain arrays is beneath a call, and by which names it takes its arguments."""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import sums
from ..autograd.operation import aliases
from ..kernels import keep
from ..ops import einsum, indexing


class Unwritable(Exception):
    """Something that has no form in plain NumPy."""


# What stands for functions that are written for speed, or for sums of millions: the same in the open.


def _sum(X, axis=None, keepdims=False, dtype=None):  # type: ignore[no-untyped-def]
    return np.sum(X, axis=axis, keepdims=keepdims, dtype=dtype)


def _mean(X, axis=None, keepdims=False):  # type: ignore[no-untyped-def]
    return np.mean(X, axis=axis, keepdims=keepdims)


def _kept(X, keep):  # type: ignore[no-untyped-def]
    return np.where(keep, X, 0)


def _named_product(Xs, lefts, right):  # type: ignore[no-untyped-def]
    return np.einsum(f"{','.join(lefts)}->{right}", *Xs, optimize=len(Xs) > 1)


def _plain(index):  # type: ignore[no-untyped-def]
    return index


#: Functions, and what stands for them.
SAME: dict[Any, Any] = {
    sums.sum: _sum, sums.mean: _mean, keep.kept: _kept, indexing.plain: _plain,
    indexing.within: _plain, einsum.named_product: _named_product,
}  # fmt: skip


def bind(function: Any, inputs: Sequence[Any], params: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The function of plain arrays beneath one of the package's, and its arguments by their names."""
    op = getattr(function, "op", None)
    if op is not None:
        given, settings = op._bind(tuple(inputs), dict(params))
        target = op.forward
        signature = inspect.signature(target)
        bound = signature.bind(*given, **settings)
    else:
        target = inspect.unwrap(function)
        if not isinstance(target, types.FunctionType):
            raise Unwritable(f"a call of {getattr(function, '__name__', function)}")
        signature = inspect.signature(target)
        bound = signature.bind(*inputs, **params)
    bound.apply_defaults()
    if any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values()):
        raise Unwritable(f"a call of {target.__name__}, which takes any named arguments")
    return target, dict(bound.arguments)


def letters_of(target: Any) -> dict[str, Any]:
    return {name: p.kind for name, p in inspect.signature(target).parameters.items()}


def own_name(target: Any, name: str) -> str:
    letters = list(letters_of(target))
    return name if name in letters else aliases(letters).get(name, name)


def is_ours(function: Any) -> bool:
    root = (getattr(function, "__module__", None) or "").split(".")[0]
    written = isinstance(inspect.unwrap(function), types.FunctionType) if callable(function) else False
    return written and root != "numpy" and root not in sys.stdlib_module_names
