"""The code of a chapter's cell as a program that runs by itself, to copy from the page."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence

from .chapters import FOLDER
from .code import Piece, in_language, joined
from .names import bound, changed, free

_IMPORTS = (ast.Import, ast.ImportFrom)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
#: Functions from here leave what they are given as it was.
_HARMLESS = {"numpy", "tinygrad_tf", "pathlib", "math", "itertools"}

ALL = "*"  # stands for what a statement changes that names no value: a seed, what is imported under a name

NOTE = {
    "en": "# Save this in the folder demos/ of the project: it uses a file there.",
    "zh": "# 请存到项目的 demos/ 文件夹里：它用到那里的文件。",
}


def program(found: Sequence[Piece], cell: int, lang: str) -> str:
    """The lesson of one cell, after the imports and what it needs of the cells before it; Python source.

    What the cell says and finds the program prints; figures are left out.
    """
    chosen = _needed([p for p in found if p.cell <= cell and (p.lesson or (p.cell == cell and p.told))], cell)
    imports = [p.lesson for p in chosen if isinstance(p.node, _IMPORTS)]
    rest = joined((p.gap, _printed(p, lang) if p.told else in_language(p.lesson, lang)) for p in chosen
                  if not isinstance(p.node, _IMPORTS))  # fmt: skip
    ours = {path.stem for path in FOLDER.glob("*.py")}
    modules = {m.split(".")[0] for p in chosen if isinstance(p.node, _IMPORTS) for m in _modules(p.node)}
    texts = {n.value for p in chosen for n in ast.walk(p.node) if isinstance(n, ast.Constant)}  # import_module("x")
    note = [NOTE[lang]] if (modules | texts) & ours else []
    return "\n".join([*note, *imports, "import tinygrad_tf", "", "tinygrad_tf.manual_seed(0)", rest]) + "\n"


def _printed(piece: Piece, lang: str) -> str:
    """``say`` and ``finding`` of one language."""
    call: ast.Call = ast.parse(piece.text).body[0].value  # type: ignore[attr-defined]
    return f"print({ast.get_source_segment(piece.text, call.args[-1 if lang == 'zh' else -2])})"


def _modules(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []


def _needed(wanted: Sequence[Piece], cell: int) -> list[Piece]:
    """The pieces of the cell, and those before it that make or change what is needed."""
    affected = list(_affected(wanted))
    called: set[str] = {ALL}  # what the functions that are kept read when they are called, wherever it is made
    while True:
        needed, chosen, before = set(called), [], set(called)
        for piece, touched in zip(reversed(wanted), reversed(affected), strict=True):
            makes = bound(piece.node)
            if (piece.cell == cell and not isinstance(piece.node, _IMPORTS)) or (makes | touched) & needed:
                chosen.append(piece)
                needed = (needed - makes if isinstance(piece.node, ast.Assign) else needed) | free(piece.node) | called
                if isinstance(piece.node, _DEFINITIONS):
                    called |= free(piece.node)
        if called == before:
            return chosen[::-1]


def _affected(wanted: Sequence[Piece]) -> Iterator[set[str]]:
    """For each piece the names of what it may change: also of what went into the graph that it walks back through."""
    origins: dict[str, set[str]] = {}
    fixed = set(dir(builtins))  # names of modules, functions and plain constants
    harmless: set[str] = set()
    for piece in wanted:
        node, reads = piece.node, free(piece.node)
        names = bound(node)
        if isinstance(node, (*_IMPORTS, *_DEFINITIONS)) or (_is_plain(node) and reads <= fixed):
            fixed |= names
            if isinstance(node, _IMPORTS) and {m.split(".")[0] for m in _modules(node)} <= _HARMLESS:
                harmless |= names
            yield changed(node) if not isinstance(node, _DEFINITIONS) else set()
            continue
        fixed -= names
        deep = reads.union(*(origins.get(name, set()) for name in reads))
        for name in names:
            origins[name] = deep
        if piece.calls == "show":  # changes nothing
            yield set()
        elif isinstance(node, ast.Assign):
            yield _given(node, harmless) - fixed
        else:
            yield deep - fixed or {ALL}


def _is_plain(node: ast.stmt) -> bool:
    """Whether an assignment calls nothing and makes nothing that can be filled later."""
    lively = (ast.Call, ast.Dict, ast.List, ast.Set)
    return isinstance(node, ast.Assign) and not any(isinstance(n, lively) for n in ast.walk(node))


def _given(node: ast.stmt, harmless: set[str]) -> set[str]:
    """What an assignment's calls are given, and whose methods they are, but for functions that change nothing."""
    found = changed(node)
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and not free(call.func) & harmless:
            found |= free(call)
    return found
