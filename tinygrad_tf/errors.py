"""One way to say what went wrong: the op, what it got, the rule that breaks, and the cure.

All of them, each with a call that raises it, stand on a page made from the tests: ``python tests/errors_page.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

Kind = TypeVar("Kind", bound=Exception)


def error(kind: type[Kind], op: str, got: Mapping[str, Any] | str, rule: str, cure: str) -> Kind:
    """An exception of class ``kind`` whose message names the op, what it got, the rule and the cure.

    ``got`` maps the names of the inputs to the inputs (arrays and Tensors show as shape and dtype) or is a sentence.
    ``kind`` is the class that NumPy or PyTorch raises for the same mistake, so that ``except`` clauses keep working.

    >>> print(error(ValueError, "matmul", {"X": "(2, 3)", "W": "(4, 5)"}, "3 must equal 4", "write X @ W.mT"))
    matmul got X (2, 3), W (4, 5)
      rule: 3 must equal 4
      cure: write X @ W.mT
    """
    text = got if isinstance(got, str) else ", ".join(_called(name, value) for name, value in got.items())
    problem = kind(f"{op} got {text}\n  rule: {rule}\n  cure: {cure}")
    problem.__dict__["explained"] = True
    return problem


def is_explained(problem: BaseException) -> bool:
    """Whether ``problem`` already carries op, rule and cure, so that nobody explains it a second time."""
    return bool(problem.__dict__.get("explained", False))


def _called(name: str, value: Any) -> str:
    """``X (2, 3) float32``; a Tensor that bears the name of the input itself does not say it twice."""
    return describe(value) if getattr(value, "name", None) == name else f"{name} {describe(value)}"


def describe(value: Any) -> str:
    """An input as a message shows it: name, shape and dtype of an array or a Tensor, otherwise a short ``repr``."""
    if isinstance(value, str):
        return value
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if isinstance(shape, tuple) and dtype is not None:
        name = getattr(value, "name", None)
        return f"{name + ' ' if name else ''}{shape} {dtype}"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
