"""Every error of the package with the call that raises it: made from the tables of mistakes that the tests run.

``python tests/errors_page.py`` writes out/errors.md.
"""

from __future__ import annotations

import ast
import inspect
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from cases import (  # fmt: skip
    mistakes,
    mistakes_autograd_nn,
    mistakes_compat,
    mistakes_data,
    mistakes_functions,
    mistakes_graph,
    mistakes_models,
    mistakes_types,
)

ROOT = Path(__file__).parents[1]
EXPLAINED = {"x", "ids", "ones"}  # in the introduction

INTRODUCTION = """\
# Errors, and what they mean

Each message says what was called and what it got, the rule that this breaks, and the cure. The class is the one that
NumPy or PyTorch raises for the same mistake. In the calls below `x(2, 3)` makes a float64 Tensor named x of that shape
that requires a gradient, `ids(1, 2)` one of integers, `ones(2, 3)` an array of booleans; `t` is `tinygrad_tf` and `F`
its `nn.functional`.

This page is made from the tests: `python tests/errors_page.py`.
"""


class Mistake(NamedTuple):
    """A row of a table: where it stands, its call as code with what that needs, and the call itself."""

    table: str
    name: str
    code: str
    call: Callable[[], Any]
    kind: type[Exception]


def all_mistakes() -> Iterator[Mistake]:
    for module in (
        mistakes,
        mistakes_autograd_nn,
        mistakes_models,
        mistakes_functions,
        mistakes_graph,
        mistakes_data,
        mistakes_compat,
        mistakes_types,
    ):
        codes = Codes(module)
        for table, rows in module.TABLES.items():
            for name, call, kind, *_ in rows:
                yield Mistake(table, name, codes.of(call), call, kind)


class Codes:
    """The source of the calls in the tables of a module."""

    def __init__(self, module: ModuleType) -> None:
        self.source = inspect.getsource(module)
        tree = ast.parse(self.source)
        self.lambdas = {n.lineno: n for n in reversed(list(ast.walk(tree))) if isinstance(n, ast.Lambda)}
        self.helpers = {
            n.name: n for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef)) and n.name not in EXPLAINED
        }

    def of(self, call: Callable[[], Any]) -> str:
        """What a call says, below the functions of the module that it uses."""
        node: Any = self.helpers.get(call.__name__) or self.lambdas[call.__code__.co_firstlineno]
        body = [node.body] if isinstance(node, ast.Lambda) else node.body
        used = self._used(body)
        lines = [ast.unparse(self.helpers[name]) for name in self.helpers if name in used]
        return "\n\n".join([*lines, "\n".join(map(ast.unparse, body))])

    def _used(self, nodes: list[ast.AST]) -> set[str]:
        names = {n.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name)} & self.helpers.keys()
        return names.union(*(self._used(list(self.helpers[name].body)) for name in names))


def message(mistake: Mistake) -> str:
    """What the call raises, with paths as they are below the repository."""
    try:
        mistake.call()
    except mistake.kind as problem:
        return f"{type(problem).__name__}: {problem}".replace(str(ROOT) + os.sep, "")
    raise AssertionError(f"{mistake.name} raises nothing")


def page() -> str:
    """The whole page as Markdown."""
    parts, table = [INTRODUCTION], ""
    for mistake in all_mistakes():
        if mistake.table != table:
            table = mistake.table
            parts.append(f"## {table.capitalize()}\n")
        title = mistake.name[0].upper() + mistake.name[1:]
        parts.append(f"### {title}\n\n```python\n{mistake.code}\n```\n\n```text\n{message(mistake)}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    path = Path("out/errors.md")
    path.parent.mkdir(exist_ok=True)
    path.write_text(page(), encoding="utf-8")
    print(f"{path}: {len(list(all_mistakes()))} errors")
