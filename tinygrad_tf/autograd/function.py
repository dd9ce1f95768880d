"""Function: an op of the user's own."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

from ..errors import error
from .operation import Op


class Function:
    """An op of your own: subclass it with a ``forward`` and a ``backward``, and call ``apply``.

    ``forward(X, …)`` is given arrays and returns one; ``backward(dY, Y, X, …)`` is the rule, written in operators,
    methods and NumPy functions, so that it works on Tensors too: derivatives of derivatives and the formulas in
    pictures follow. Keyword-only arguments are params.

    >>> class Cube(Function):
    ...     def forward(X):
    ...         return X**3
    ...     def backward(dY, Y, X):
    ...         dX = dY * 3 * X**2
    ...         return dX
    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> Cube.apply(x).sum().backward()
    >>> x.grad.tolist()
    [3.0, 12.0]
    """

    apply: Callable[..., Any]
    #: Makes ``apply`` of a subclass in PyTorch's form, ``forward(ctx, x, …)``. The package's top sets it.
    with_context: ClassVar[Callable[[type[Any]], Callable[..., Any]] | None] = None

    def __init_subclass__(cls) -> None:
        forward, backward = getattr(cls, "forward", None), getattr(cls, "backward", None)
        cure = "write def forward(X): … and def backward(dY, Y, X): …"
        if not (inspect.isfunction(forward) and inspect.isfunction(backward)):
            raise error(
                TypeError,
                f"Function {cls.__name__}",
                got=f"no {'backward' if forward else 'forward'}",
                rule="an op has both: what it computes and its gradient rule, as functions",
                cure=cure,
            )
        if cls.with_context is not None and (hasattr(cls, "setup_context") or _first_of(forward) == "ctx"):
            cls.apply = staticmethod(cls.with_context(cls))
            return
        op = Op(forward, name=cls.__name__)
        op.rule(backward)
        cls.apply = staticmethod(op.function)
        op.function.__module__, op.function.__qualname__ = cls.__module__, f"{cls.__qualname__}.apply"
        rule = inspect.getfullargspec(backward)
        fits = rule.varargs is not None or len(rule.args) == 2 + len(op.letters)
        fits = fits and {*rule.kwonlyargs} == {*op.defaults}
        if not fits or {"ctx", "self"} & {*op.letters, *rule.args}:
            raise error(
                TypeError,
                f"Function {cls.__name__}",
                got=f"forward{inspect.signature(forward)} and backward{inspect.signature(backward)}",
                rule="a rule is given dY, Y, all inputs and all params; in PyTorch's form ctx comes first in both",
                cure=cure,
            )


def _first_of(function: Any) -> str:
    """The name of the first argument."""
    return next(iter(inspect.signature(function).parameters), "")
