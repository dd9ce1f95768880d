"""Every error of the package with the call that raises it: made from the tables of mistakes that the tests run.

``python tests/errors_page.py`` writes out/errors.md and, in Chinese, out/errors.zh.md.
"""

from __future__ import annotations

import ast
import inspect
import json
import os
import re
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

import tinygrad_tf
from tinygrad_tf import nn

ROOT = Path(__file__).parents[1]
EXPLAINED = {"x", "ids", "ones"}  # in the introduction

INTRODUCTION = {"en": """\
# Errors, and what they mean

Each message says what was called and what it got, the rule that this breaks, and the cure. The class is the one that
NumPy or PyTorch raises for the same mistake. In the calls below `x(2, 3)` makes a float64 Tensor named x of that shape
that requires a gradient, `ids(1, 2)` one of integers, `ones(2, 3)` an array of booleans; `t` is `tinygrad_tf` and `F`
its `nn.functional`.

This page is made from the tests: `python tests/errors_page.py`.
""", "zh": """\
# 报错，以及它们的意思

每条报错都说明调用了什么、收到了什么，违反了哪条规则，又该怎么改。异常的类与 NumPy 或 PyTorch 对同样的错误所抛出的相同。
下面的调用里，`x(2, 3)` 造一个名为 x、形状如此、要求梯度的 float64 Tensor，`ids(1, 2)` 造一个整数 Tensor，
`ones(2, 3)` 造一个布尔数组；`t` 是 `tinygrad_tf`，`F` 是它的 `nn.functional`。

本页由测试生成：`python tests/errors_page.py`。
"""}  # fmt: skip

#: The Chinese of tables and titles; names of functions are the same in both languages.
TITLES: dict[str, str] = json.loads((ROOT / "tests/cases/chinese.json").read_text(encoding="utf-8"))


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


def page(lang: str = "en") -> str:
    """The whole page as Markdown, with what the calls raise in that language."""
    tables = dict.fromkeys(title(mistake.table, lang) for mistake in all_mistakes())
    parts, table = [INTRODUCTION[lang], " · ".join(f"[{name}](#{anchor(name)})" for name in tables) + "\n"], ""
    with tinygrad_tf.language(lang):
        for mistake in all_mistakes():
            if mistake.table != table:
                table = mistake.table
                parts.append(f"## {title(table, lang)}\n")
            said = f"```python\n{mistake.code}\n```\n\n```text message\n{message(mistake)}\n```\n"
            parts.append(f"### {title(mistake.name, lang)}\n\n{said}")
    return "\n".join(parts)


def anchor(heading: str) -> str:
    """What a link to a heading says, as a forge and the site make it."""
    return re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-"))


def title(name: str, lang: str) -> str:
    """What is wrong, as a heading; the name of a function is as it is."""
    if lang == "zh":
        return TITLES.get(name, name)
    first = name.split()[0].rstrip(",")
    is_code = any(callable(getattr(where, first, None)) for where in (tinygrad_tf, tinygrad_tf.Tensor, nn.functional))
    return name if name not in TITLES or not re.fullmatch("[a-z']+", first) or is_code else name[0].upper() + name[1:]


if __name__ == "__main__":
    for path, lang in ((Path("out/errors.md"), "en"), (Path("out/errors.zh.md"), "zh")):
        path.parent.mkdir(exist_ok=True)
        path.write_text(page(lang), encoding="utf-8")
        print(f"{path}: {len(list(all_mistakes()))} errors")
