"""What to say of a call whose arguments a function cannot work with, where Python or NumPy noticed that inside of it.

Functions check what would be wrong without a word. What fails by itself costs no check: it fails first, and then it is
looked up which argument it was.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, TypeVar

import numpy as np

from .errors import error, is_explained, shown, wrong_arguments

F = TypeVar("F", bound=Callable[..., Any])

#: What Python and NumPy raise for an argument of a wrong type or value, and what it is explained as.
MISFITS: Mapping[type[Exception], type[Exception]] = {
    TypeError: TypeError, AttributeError: TypeError, IndexError: IndexError, KeyError: ValueError,
    OverflowError: ValueError, ZeroDivisionError: ValueError, ValueError: ValueError,
}  # fmt: skip
FAILURES = tuple(MISFITS)
_OURS, _NUMPYS, _PYTHONS = (
    os.path.dirname(os.path.abspath(file)) + os.sep for file in (__file__, np.__file__, os.__file__)
)
_NUMBER = (int, float, np.number, np.bool_)
#: What an annotation asks for: the test, the rule in words, and an example.
_ASKED: dict[str, tuple[Callable[[Any], bool], str, str]] = {
    "int": (lambda x: isinstance(x, (int, np.integer)) or _has_kind(x, "biu"), "a whole number", "1"),
    "float": (lambda x: isinstance(x, _NUMBER) or _has_kind(x, "biuf"), "a number", "0.1"),
    "bool": (lambda x: isinstance(x, (int, np.integer, np.bool_)) and x in (0, 1), "True or False", "True"),
    "str": (lambda x: isinstance(x, str), "a text", "'…'"),
    "os.PathLike[str]": (
        lambda x: isinstance(os.fspath(x), str) if isinstance(x, os.PathLike) else False,
        "a path",
        "'…'",
    ),
}
#: Classes of the package that stand in annotations; the modules of most are not to be imported here.
_CLASSES = ("Tensor", "Module", "Optimizer", "Transformer", "Task", "Vocabulary", "TrainConfig", "Batch", "History")


def misfit(
    problem: Exception, op: str, signature: inspect.Signature, inputs: tuple[Any, ...], params: Mapping[str, Any]
) -> Exception | None:
    """The error to raise in place of Python's own; None if it is explained already, or comes from the user's code.

    It names the argument that is not what its annotation says, or shows all of them.
    """
    if is_explained(problem) or not isinstance(problem, FAILURES):
        return None
    try:
        given = signature.bind(*inputs, **params).arguments
    except TypeError:
        return wrong_arguments(op, signature, inputs, dict(params))
    if not _is_within(problem.__traceback__):
        return None
    kind = next(MISFITS[k] for k in MISFITS if isinstance(problem, k))
    wrong = _misplaced(op, signature, given, kind)
    if wrong is not None:
        return wrong
    arguments = ", ".join(str(p.replace(annotation=p.empty)) for p in signature.parameters.values())
    said = f"{type(problem).__name__}: {problem}".split("\n")[0]
    return error(
        kind,
        op,
        got={
            name: shown(value) if isinstance(value, str) else value for name, value in given.items() if name != "self"
        },
        rule=f"its arguments are {arguments}, of the types and values that it computes with (Python: {said})",
        cure="look at the arguments: help() of it says what each may be",
    )


def explains(function: F) -> F:
    """Decorator: a call whose arguments the function cannot work with is explained by :func:`misfit`."""

    @functools.wraps(function)
    def call(*inputs: Any, **params: Any) -> Any:
        try:
            return function(*inputs, **params)
        except FAILURES as problem:
            explained = misfit(problem, function.__name__, inspect.signature(function), inputs, params)
            if explained is None:
                raise
        raise explained

    return call  # type: ignore[return-value]


def explained_constructor(construct: F) -> F:
    """Decorator for an ``__init__``: as :func:`explains`, in the name of the class of what is made.

    A constructor of the package looks at its settings first: many of them are only stored, and a text where a truth
    value belongs would do its harm later, without a word.
    """
    checks = construct.__code__.co_filename.startswith(_OURS)

    @functools.wraps(construct)
    def run(self: Any, *inputs: Any, **params: Any) -> None:
        op = type(self).__name__
        if checks:
            signature = _signature(construct)
            wrong = _misplaced(
                op, signature, {**dict(zip(signature.parameters, inputs, strict=False)), **params}, TypeError
            )
            if wrong is not None:
                raise wrong
        try:
            construct(self, *inputs, **params)
            return
        except FAILURES as problem:
            explained = misfit(problem, op, _signature(construct), inputs, params)
            if explained is None:
                raise
        raise explained

    return run  # type: ignore[return-value]


@functools.cache
def _signature(construct: Callable[..., Any]) -> inspect.Signature:
    """Of an ``__init__``, without ``self``."""
    signature = inspect.signature(construct)
    return signature.replace(parameters=list(signature.parameters.values())[1:])


def _misplaced(
    op: str, signature: inspect.Signature, given: Mapping[str, Any], kind: type[Exception]
) -> Exception | None:
    """The error for the first argument that is not what its annotation says; None if all are."""
    for name, value in given.items():
        wrong = _not_asked_for(signature.parameters[name], value) if name in signature.parameters else None
        if wrong is not None:
            rule, cure = wrong
            return error(kind, op, got=f"{name} {shown(value)}", rule=f"{name} is {rule}", cure=cure)
    return None


def _not_asked_for(parameter: inspect.Parameter, value: Any) -> tuple[str, str] | None:
    """The rule and the cure for a value that is not of the plain type which the annotation names; None if it is."""
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        return None
    if parameter.annotation in _CLASSES and parameter.annotation not in [c.__name__ for c in type(value).__mro__]:
        return f"of the class {parameter.annotation}", "give an object of that class"
    kinds, optional = _asked(str(parameter.annotation))
    if not kinds or any(holds(value) for holds, *_ in kinds) or (value is None and optional):
        return None
    rule = " or ".join([rule for _, rule, _ in kinds])
    default = parameter.default
    example = kinds[0][2] if default is parameter.empty or default is None else shown(default)
    return f"{rule}, or None" if optional else rule, f"write for example {parameter.name}={example}"


@functools.cache
def _asked(annotation: str) -> tuple[list[tuple[Callable[[Any], bool], str, str]], bool]:
    """What the annotation asks for, and whether None will do; nothing if it names more than plain types."""
    asked = [part.strip() for part in annotation.split("|")]
    kinds = [_ASKED[part] for part in asked if part in _ASKED]
    optional = "None" in asked
    return (kinds if len(kinds) + optional == len(asked) else []), optional


def _has_kind(x: Any, kinds: str) -> bool:
    """Whether it is an array or a Tensor of one number, of these kinds."""
    return getattr(x, "shape", None) in ((), (1,)) and x.dtype.kind in kinds


def _is_within(trace: TracebackType | None) -> bool:
    """Whether all that ran belongs to the package, to NumPy or to Python itself, and nothing to the user."""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        python = file.startswith(_PYTHONS) and "site-packages" not in file
        compiled = file.endswith((".pyx", ".pxd"))  # in NumPy 2.0 without its folder
        if not (file.startswith((_OURS, _NUMPYS, "<frozen")) or python or compiled):
            return False
        trace = trace.tb_next
    return True
