"""Whether a function was made from a text: its file may have been written to since it was loaded."""

from __future__ import annotations
import __future__

import ast
import functools
import types
from collections.abc import Iterator
from typing import Any


def is_made_from(code: types.CodeType, text: str) -> bool:
    """Whether the code of a function is among that of the text, with the same line, numbers and names."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | code.co_flags & __future__.annotations.compiler_flag  # as in notebooks
    try:
        return _content(code) in _contents(text, flags)
    except (SyntaxError, ValueError):
        return False


@functools.lru_cache(maxsize=32)
def _contents(text: str, flags: int) -> list[tuple[Any, ...]]:
    return [_content(code) for code in _codes(compile(text, "", "exec", flags, dont_inherit=True))]


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            yield part
            yield from _codes(part)


def _content(code: types.CodeType) -> tuple[Any, ...]:
    constants = [sorted(map(repr, part)) if isinstance(part, frozenset) else repr(part)  # a set has no order
                 for part in code.co_consts if not isinstance(part, types.CodeType)]  # fmt: skip
    return code.co_name, code.co_firstlineno, code.co_code, code.co_names, code.co_varnames, constants
