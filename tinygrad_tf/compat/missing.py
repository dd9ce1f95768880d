"""What PyTorch has and this package has not: what it is there, whether it will come, and what to write instead.

The rows stand in :mod:`.missing_names` and :mod:`.missing_methods`. Whoever asks for one of these names gets them as an
error; ``hasattr`` stays false. Other names keep Python's own message, and hear of those that are spelt alike.
"""

from __future__ import annotations

import difflib
import importlib
from typing import NamedTuple, TypeVar

from ..errors import error
from ..wording.languages import translated

Kind = TypeVar("Kind", bound=Exception)
PACKAGE = __name__.partition(".")[0]


class Row(NamedTuple):
    """What a name is in PyTorch; whether it will come; what to write instead."""

    what: str
    rule: str
    cure: str
    is_module: bool = False


def row_of(path: str, name: str) -> Row | None:
    """The row of a name in PyTorch's module ``path`` ("" is ``torch``), None where there is none."""
    from .missing_names import ROWS

    return ROWS.get(path, {}).get(name)


def problem(where: str, row: Row, kind: type[Kind]) -> Kind:
    """The error for a name that is missing."""
    got = f"a name of PyTorch's: {translated(row.what)}"
    return error(kind, where, got=got, rule=row.rule, cure=row.cure)


def attribute(path: str, name: str, kind: type[Kind]) -> Kind:
    """The error for a name that a module does not have."""
    where = f"{PACKAGE}.{path}" if path else PACKAGE
    row = None if name.startswith("__") else row_of(path, name)
    if row is not None:
        return problem(f"{where}.{name}", row, kind)
    if issubclass(kind, ImportError):
        text = f"cannot import name {name!r} from {where!r}"
    else:
        text = f"module {where!r} has no attribute {name!r}"
    near = [] if name.startswith("_") else difflib.get_close_matches(name, dir(importlib.import_module(where)), 3, 0.75)
    return kind(f"{text}. Did you mean {' or '.join(near)}?" if near else text)


def module(below: str) -> ModuleNotFoundError | None:
    """The error for the import of a module that PyTorch has, None for any other."""
    path, _, name = below.rpartition(".")
    row = row_of(path, name)
    if row is None or not row.is_module:
        return None
    found = problem(f"{PACKAGE}.{below}", row, ModuleNotFoundError)
    found.name = f"{PACKAGE}.{below}"
    return found


def method(name: str) -> AttributeError:
    """The error for a method that Tensors do not have."""
    from .missing_methods import METHODS

    return problem(f"Tensor.{name}", METHODS[name], AttributeError)
