"""Function: an op of the user's own."""

from __future__ import annotations

import inspect

from .errors import error
from .op import Op


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

    apply: Op

    def __init_subclass__(cls) -> None:
        forward, backward = getattr(cls, "forward", None), getattr(cls, "backward", None)
        cure = "write def forward(X): … and def backward(dY, Y, X): …"
        if not (inspect.isfunction(forward) and inspect.isfunction(backward)):
            raise error(TypeError, f"Function {cls.__name__}", f"no {'backward' if forward else 'forward'}",
                        "an op has both: what it computes and its gradient rule, as functions", cure)  # fmt: skip
        cls.apply = Op(forward, name=cls.__name__)
        cls.apply.__module__, cls.apply.__qualname__ = cls.__module__, f"{cls.__qualname__}.apply"
        cls.apply.rule(backward)
        rule = inspect.getfullargspec(backward)
        fits = rule.varargs is not None or len(rule.args) == 2 + len(cls.apply.letters)
        fits = fits and {*rule.kwonlyargs} == {*cls.apply.defaults}
        if not fits or {"ctx", "self"} & {*cls.apply.letters, *rule.args}:
            raise error(TypeError, f"Function {cls.__name__}", f"forward{inspect.signature(forward)} and "
                        f"backward{inspect.signature(backward)}", "a rule is given dY, Y, all inputs and all params; "
                        "there is no ctx to save things in", cure)  # fmt: skip
