"""Which names a statement reads, makes and changes."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_LOOPS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def free(node: ast.AST) -> set[str]:
    """The names that a statement or expression reads and does not make itself."""
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Load) else set()
    inner = set().union(*(free(child) for child in ast.iter_child_nodes(node)))
    if isinstance(node, _SCOPES):
        a = node.args
        inner -= {arg.arg for arg in (*a.posonlyargs, *a.args, *a.kwonlyargs, a.vararg, a.kwarg) if arg}
        inner -= set().union(*(bound(s) for s in node.body)) if isinstance(node.body, list) else set()
    elif isinstance(node, _LOOPS):
        inner -= {name for loop in node.generators for name in bound(loop.target)}
    elif isinstance(node, (ast.For, ast.With)):  # made before the body reads it
        heads = [node.target] if isinstance(node, ast.For) else [i.optional_vars for i in node.items if i.optional_vars]
        inner -= {name for head in heads for name in bound(head)}
    elif isinstance(node, ast.AugAssign):
        inner |= bound(node.target)
    return inner


def bound(node: ast.AST) -> set[str]:
    """The names that a statement makes in the scope where it stands."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name}
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    if isinstance(node, (ast.Lambda, *_LOOPS)):
        return set()
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Store) else set()
    own = {node.name} if isinstance(node, ast.ExceptHandler) and node.name else set()
    return own.union(*(bound(child) for child in ast.iter_child_nodes(node)))


def changed(node: ast.AST) -> set[str]:
    """The names of what a statement may change without making it anew: it writes into them, or calls their methods."""
    return set(_changed(node)) - bound(node)


def _changed(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, (ast.Subscript, ast.Attribute)) and isinstance(part.ctx, ast.Store):
            yield from _root(part)
        elif isinstance(part, ast.Expr) and isinstance(part.value, ast.Call):
            yield from _root(part.value.func)
        elif isinstance(part, ast.AugAssign):
            yield from _root(part.target)


def _root(node: ast.expr) -> Iterator[str]:
    while isinstance(node, (ast.Subscript, ast.Attribute)):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id
