"""The syntax tree of a function as it was loaded: gradient rules are cut by it, and formulas are read from it."""

from __future__ import annotations

import ast
import dis
import functools
import inspect
import textwrap
import types
from collections.abc import Callable
from typing import Any


@functools.lru_cache(maxsize=1024)
def source_tree(function: Callable[..., Any]) -> ast.FunctionDef:
    """The tree of a function, without its decorators; copy it before you change it.

    Raises OSError where Python has no source, where it is no ``def``, and where the file has changed since: what runs
    and what is shown is the function that was loaded, whatever an editor has made of its file.
    """
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    except (OSError, TypeError, SyntaxError):
        raise OSError("Python keeps none of what is typed in or generated, or the file has changed") from None
    if not isinstance(tree, ast.FunctionDef):
        raise OSError("no function with a name")
    tree.decorator_list = []
    code = inspect.unwrap(function).__code__
    if _steps(compiled(tree, code.co_filename, code.co_name)) != _steps(code):
        raise OSError("the file has changed since it was loaded")
    return tree


def compiled(tree: ast.FunctionDef, file: str, name: str) -> types.CodeType | None:
    """The code of the function in a tree, if it has that name."""
    module = compile(ast.Module([tree], []), file, "exec")
    return next((c for c in module.co_consts if isinstance(c, types.CodeType) and c.co_name == name), None)


def _steps(code: types.CodeType | None) -> list[Any] | None:
    """The names, constants and operators of a function in their order.

    Not its whole code: that of an import's attribute is another where the compiler sees the import.
    """
    if code is None:
        return None
    kinds = {"LOAD", "STORE", "BINARY", "COMPARE", "CONTAINS", "IS", "UNARY"}
    found = [i for i in dis.get_instructions(code) if i.opname.split("_")[0] in kinds and i.opname != "LOAD_CLOSURE"]
    return [_steps(i.argval) if isinstance(i.argval, types.CodeType) else
            i.opname if i.opname.startswith("UNARY") else (type(i.argval), i.argval) for i in found]  # fmt: skip
