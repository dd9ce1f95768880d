"""How a function is made of ops: it takes PyTorch's names of arguments, as ops do, and explains mistakes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from sys import _getframe
from typing import Any, TypeVar

from ..autograd.operation import aliases, renamed
from ..autograd.places import is_ours, site_of
from ..autograd.tensor import Tensor
from ..errors import wrong_arguments

F = TypeVar("F", bound=Callable[..., Any])


def function(compose: F) -> F:
    """Decorator for a function that is composed of ops: it takes PyTorch's names of arguments and explains mistakes."""
    signature = inspect.signature(compose)
    other_names = aliases(list(signature.parameters))

    @functools.wraps(compose)
    def call(*inputs: Any, **params: Any) -> Any:
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

    return call  # type: ignore[return-value]
