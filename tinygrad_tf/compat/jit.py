"""PyTorch's ``jit``: functions and modules stay what they are. What makes them fast here is ``tinygrad_tf.compile``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

__all__ = ["Final", "annotate", "export", "ignore", "is_scripting", "is_tracing", "script", "trace", "unused"]

F = TypeVar("F")


def script(obj: F, *args: Any, **kwargs: Any) -> F:
    """The function, class or module as it is.

    >>> @script
    ... def twice(x: Tensor) -> Tensor:
    ...     return x * 2
    >>> twice(Tensor(2.0)).item()
    4.0
    """
    return obj


def trace(func: F, example_inputs: Any = None, *args: Any, **kwargs: Any) -> F:
    """The function or module as it is; the inputs are not used."""
    return func


def export(fn: F) -> F:
    """The method as it is."""
    return fn


def unused(fn: F) -> F:
    """The method as it is."""
    return fn


def ignore(drop: Any = False, **kwargs: Any) -> Any:
    """The function as it is, with or without brackets: ``@ignore`` and ``@ignore(drop=True)``."""
    return drop if callable(drop) else _itself


def _itself(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


def annotate(the_type: Any, the_value: F) -> F:
    """The value as it is."""
    return the_value


def is_scripting() -> bool:
    """Whether the code runs as something else than Python: False."""
    return False


def is_tracing() -> bool:
    """Whether the code runs to be noted by ``jit``: False."""
    return False
