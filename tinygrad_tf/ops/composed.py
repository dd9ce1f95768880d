"""The decorator of the functions that are composed of ops."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from sys import _getframe
from typing import ParamSpec, TypeVar

import numpy as np

from ..autograd.dtypes import halved, is_half, widened
from ..autograd.operation import aliases, renamed
from ..autograd.places import is_ours, site_of
from ..autograd.tensor import Tensor
from ..errors import wrong_arguments

P = ParamSpec("P")
R = TypeVar("R")


def function(compose: Callable[P, R]) -> Callable[P, R]:
    """Decorator: the function takes PyTorch's names of arguments, as ops do, and explains a call that does not fit."""
    signature = inspect.signature(compose)
    other_names = aliases(list(signature.parameters))

    @functools.wraps(compose)
    def call(*inputs, **params):
        if params:
            params = renamed(params, other_names)
        try:
            made = compose(*inputs, **params)
        except TypeError:
            try:
                signature.bind(*inputs, **params)
            except TypeError:
                raise wrong_arguments(compose.__name__, signature, inputs, params) from None
            raise
        for t in made if isinstance(made, (tuple, list)) else (made,):
            if isinstance(t, Tensor) and t.op is not None and (t.site is None or is_ours(t.site[0])):
                t.site = site_of(_getframe(1))
        return made

    return call


def in_float32(compose: Callable[P, R]) -> Callable[P, R]:
    """Decorator: float16 is brought to float32 first and the results are rounded once, not after each of the ops."""

    @functools.wraps(compose)
    def call(*inputs, **params):
        given = [x for x in (*inputs, *params.values()) if isinstance(x, (Tensor, np.ndarray))]
        if not any(x.dtype.char == "e" for x in given) or not is_half(given):
            return compose(*inputs, **params)
        wide = {name: widened(x) for name, x in params.items()}
        made = compose(*map(widened, inputs), **wide)
        return tuple(map(halved, made)) if isinstance(made, tuple) else halved(made)

    return call
