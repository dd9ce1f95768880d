"""The decorator of the functions that are composed of ops."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from sys import _getframe
from typing import Any, ParamSpec, TypeVar

import numpy as np

from ..arguments import FAILURES, misfit
from ..autograd.dtypes import halved, is_half, widened
from ..autograd.mistakes import no_input
from ..autograd.operation import aliases, renamed
from ..autograd.places import is_ours, site_of
from ..autograd.tensor import Tensor, holds_tensors

P = ParamSpec("P")
R = TypeVar("R")


def function(compose: Callable[P, R]) -> Callable[P, R]:
    """Decorator: the function takes PyTorch's names of arguments, as ops do, and explains a call that does not fit."""
    code = inspect.unwrap(compose).__code__
    names = code.co_varnames[: code.co_argcount]
    other_names = aliases(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])

    @functools.wraps(compose)
    def call(*inputs, **params):
        if params:
            params = renamed(params, other_names)
            params = {name: _one(name, x) for name, x in params.items()}
        for x in inputs:
            if type(x) is list or type(x) is tuple:
                inputs = (*map(_one, names, inputs), *inputs[len(names) :])
                break
        try:
            made = compose(*inputs, **params)
        except FAILURES as problem:
            explained = misfit(problem, compose.__name__, inspect.signature(compose), inputs, params)
            if explained is None:
                raise
            raise _no_input(compose.__name__, inputs, params) or explained from None
        if isinstance(made, Tensor):
            if made.op is not None and (made.site is None or is_ours(made.site[0])):
                made.site = site_of(_getframe(1))
        elif isinstance(made, (tuple, list)):
            for i, t in enumerate(made):
                if isinstance(t, Tensor) and t.op is not None and (t.site is None or is_ours(t.site[0])):
                    t.site = (*site_of(_getframe(1)), i)
        return made

    return call


def _no_input(name: str, inputs: tuple[Any, ...], params: dict[str, Any]) -> Exception | None:
    """The error for a module in place of its result, and for a first input that nothing is computed of."""
    for i, x in enumerate((*inputs, *params.values())):
        if callable(getattr(x, "named_parameters", None)) or (i == 0 and (x is None or isinstance(x, str))):
            return no_input(name, x)
    return None


#: The arguments that are lists of Tensors; in any other place a list with Tensors in it means one Tensor.
_SEQUENCES = ("tensors", "sections", "sizes", "sequences", "condlist", "choicelist", "spacing")


def _one(name: str, x: Any) -> Any:
    """The argument ``x``, or a Tensor if it is a list that means one: letters stand for Tensors."""
    if (type(x) is list or type(x) is tuple) and (len(name) == 1 or (name not in _SEQUENCES and holds_tensors(x))):
        return Tensor._of_list(x)
    return x


def in_float32(compose: Callable[P, R]) -> Callable[P, R]:
    """Decorator: float16 is brought to float32 first and the results are rounded once, not after each of the ops."""

    @functools.wraps(compose)
    def call(*inputs, **params):
        for x in (*inputs, *params.values()) if params else inputs:
            if isinstance(x, (Tensor, np.ndarray)) and x.dtype.char == "e":
                break
        else:
            return compose(*inputs, **params)
        if not is_half([x for x in (*inputs, *params.values()) if isinstance(x, (Tensor, np.ndarray))]):
            return compose(*inputs, **params)
        wide = {name: widened(x) for name, x in params.items()}
        made = compose(*map(widened, inputs), **wide)
        return tuple(map(halved, made)) if isinstance(made, tuple) else halved(made)

    return call
