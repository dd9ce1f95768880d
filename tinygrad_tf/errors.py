"""One way to say what went wrong: the op, what it got, the rule that breaks, and the cure.

All of them, each with a call that raises it, stand on a page made from the tests: ``python tests/errors_page.py``.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import re
from collections.abc import Iterator, Mapping
from itertools import starmap
from typing import Any, TypeVar

from .wording.languages import chosen, either, filled, translated
from .wording.texts import encodable, named

Kind = TypeVar("Kind", bound=Exception)
_ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")  # where an object lies in memory says nothing to the reader
_FORM = {"en": "{} got {}\n  rule: {}\n  cure: {}", "zh": "{0} 收到：{1}\n  规则：{2}\n  改法：{3}"}


def error(kind: type[Kind], op: str, *, got: Mapping[str, Any] | str, rule: str, cure: str) -> Kind:
    """An exception of class ``kind`` whose message names the op, what it got, the rule and the cure.

    ``got`` maps the names of the inputs to the inputs (arrays and Tensors show as shape and dtype) or is a sentence.
    ``kind`` is the class that NumPy or PyTorch raises for the same mistake, so that ``except`` clauses keep working.
    All of it is written in English; ``languages`` has the Chinese of sentences.

    >>> got = {"X": "(2, 3)", "W": "(4, 5)"}
    >>> print(error(ValueError, "matmul", got=got, rule="3 must equal 4", cure="write X @ W.mT"))
    matmul got X (2, 3), W (4, 5)
      rule: 3 must equal 4
      cure: write X @ W.mT
    """
    text = translated(got) if isinstance(got, str) else ", ".join(starmap(_called, got.items()))
    parts = _said(op), text, translated(rule), translated(cure)
    said = (
        filled(_FORM["zh"], dict(zip("0123", parts, strict=True))) if chosen() == "zh" else _FORM["en"].format(*parts)
    )
    problem = kind(encodable(said))
    problem.__dict__["explained"] = (op, text, rule, cure)
    return problem


def is_explained(problem: BaseException) -> bool:
    """Whether ``problem`` already carries op, rule and cure, so that nobody explains it a second time."""
    return "explained" in problem.__dict__


@contextlib.contextmanager
def found_in(file: str | os.PathLike[str]) -> Iterator[None]:
    """A context manager that adds the file in which a mistake stands to the errors that are explained.

    >>> with found_in("config.json"):
    ...     raise error(ValueError, "Config", got="n_head -1", rule="there is at least one head", cure="write n_head=1")
    Traceback (most recent call last):
    ValueError: Config got n_head -1 in 'config.json'
      rule: there is at least one head
      cure: write n_head=1
    """
    try:
        yield
    except Exception as problem:
        if not is_explained(problem):
            raise
        op, got, rule, cure = problem.__dict__["explained"]
        got = either(f"{got} in {str(file)!r}", f"{str(file)!r} 里的 {got}")
        raise error(type(problem), op, got=got, rule=rule, cure=cure) from None


def _said(text: str) -> str:
    """Several words in the chosen language; a single one is a name, which no language changes."""
    return translated(text) if " " in text else text


def _called(name: str, value: Any) -> str:
    """``X (2, 3) float32``; a Tensor that bears the name of the input itself does not say it twice."""
    shown = _said(value) if isinstance(value, str) else describe(value)
    return shown if getattr(value, "name", None) == name else f"{_said(named(name))} {shown}"


def describe(value: Any) -> str:
    """An input as a message shows it: name, shape and dtype of an array or a Tensor, otherwise as :func:`shown`."""
    if isinstance(value, str):
        return value
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if isinstance(shape, tuple) and dtype is not None:
        name = getattr(value, "name", None)
        return f"{named(name) + ' ' if name else ''}{shape} {dtype}"
    return shown(value)


def shown(value: Any, most: int = 60) -> str:
    """A value as a message shows it, cut off where it is long, and without its address.

    >>> shown("a" * 100, 10)
    "'aaaaaa..."
    >>> shown(lambda x: x)
    '<function <lambda>>'
    """
    try:
        written = repr(value[: most + 1] if isinstance(value, (str, bytes, list, tuple)) else value)
    except Exception:  # an integer of very many digits, and what somebody else's class raises
        written = f"of type {type(value).__name__}"
    written = _ADDRESS.sub("", written)
    return written if len(written) <= most else written[: most - 3] + "..."


def no_parameters(where: str, module: Any) -> Exception:
    """A module where its parameters are meant."""
    return error(
        TypeError,
        where,
        got=f"the module {type(module).__name__}",
        rule="it works on parameters, one Tensor or several",
        cure="write model.parameters()",
    )


def unwritten(thing: Any, method: str) -> Exception:
    """The error of a base class for a method that its subclasses write: ``method`` is how its definition begins.

    >>> print(unwritten(3, "step(self)"))
    int got no step() of its own
      rule: a subclass writes step() itself
      cure: write def step(self): …
    """
    name = method.partition("(")[0]
    return error(
        NotImplementedError,
        type(thing).__name__,
        got=f"no {name}() of its own",
        rule=f"a subclass writes {name}() itself",
        cure=f"write def {method}: …",
    )


def wrong_arguments(
    op: str, signature: inspect.Signature, inputs: tuple[Any, ...], params: dict[str, Any]
) -> TypeError:
    """The error for a call that does not fit the ``signature`` of a function: which argument is wrong, and its cure."""
    import difflib  # here, since it is slow to import

    names = [name for name, p in signature.parameters.items() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    inputs = inputs[: next((i for i, x in enumerate(inputs) if x is None), len(inputs))]  # None is nothing given
    shown = ", ".join(str(p.replace(annotation=p.empty)) for p in signature.parameters.values())
    unknown = [name for name in params if name not in names]
    close = [name for name in names if unknown and unknown[0] in name.split("_")]  # slope for negative_slope
    close = close or (difflib.get_close_matches(unknown[0], names, 1) if unknown else [])
    try:
        signature.bind(*inputs, **params)
        why = "too many positional arguments"
    except TypeError as problem:
        why = str(problem)
    missing = re.search(r"missing a required \S*\s*argument: '(\w+)'", why)
    twice = re.search(r"multiple values for argument '(\w+)'", why)
    if unknown:
        why, cure = f"an unknown {unknown[0]!r}", f"write {close[0]}=…" if close else "leave it out"
    elif missing:
        why, cure = f"no {missing[1]!r}", f"give {missing[1]}, which is neither left out nor None"
    elif twice:
        why = f"multiple values for argument {twice[1]!r}"
        cure = "give it once, by its place or by its name"
    else:
        cure = f"give at most {len(names)}, or the later ones by their names"
    return error(TypeError, op, got=why, rule=f"its arguments are {shown}", cure=cure)
