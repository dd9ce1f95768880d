"""A gradient rule's source, as it was loaded, and only those of its lines that the wanted gradients need.

What runs is cut from the same text that formulas are read from, so a picture cannot disagree with what ran. The text is
kept when the rule is defined: whatever an editor makes of the file later, the rule stays what it was.
"""

from __future__ import annotations

import ast
import copy
import functools
import inspect
import linecache
import textwrap
import tokenize
import types
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

from ..made_from import is_made_from

Tree = TypeVar("Tree", bound=ast.AST)
_loaded: weakref.WeakKeyDictionary[Callable[..., Any], list[str]] = weakref.WeakKeyDictionary()


def keep_source(function: Callable[..., Any]) -> None:
    """Keep the lines of the file that ``function`` is loaded from just now."""
    file = function.__code__.co_filename
    if "<locals>" not in function.__qualname__:  # its module is being loaded, perhaps anew
        linecache.checkcache(file)
    _loaded[function] = linecache.getlines(file, function.__globals__)


@functools.lru_cache(maxsize=1024)
def source_tree(function: Callable[..., Any]) -> ast.FunctionDef:
    """The syntax tree of a function as it was loaded, without its decorators; copy it before you change it.

    Raises OSError where Python has no source, and where it is no ``def``.
    """
    function = inspect.unwrap(function)
    code = function.__code__
    lines = _loaded.get(function) or linecache.getlines(code.co_filename, function.__globals__)
    try:
        tree = ast.parse(textwrap.dedent("".join(inspect.getblock(lines[code.co_firstlineno - 1 :])))).body[0]
    except (IndexError, SyntaxError, tokenize.TokenError):
        raise OSError("Python keeps none of what is typed in, generated or installed without its .py files") from None
    changed = function not in _loaded and not is_made_from(code, "".join(lines))
    if changed or not isinstance(tree, ast.FunctionDef) or tree.name != code.co_name:
        raise OSError("no function with a name, or its file has changed")
    tree.decorator_list = []
    return tree


class Rule:
    """A gradient rule and, for each choice of inputs that want a gradient, only those of its lines that they need."""

    __slots__ = ("_slices", "function")

    def __init__(self, function: Callable[..., Any]) -> None:
        keep_source(function)
        self.function = function
        self._slices: dict[tuple[bool, ...], Callable[..., tuple[Any, ...]]] = {}

    def slice(self, needs: tuple[bool, ...]) -> Callable[..., tuple[Any, ...]]:
        """A function like the rule that returns a tuple with ``None`` where ``needs`` is false."""
        cut = self._slices.get(needs)
        if cut is None:
            cut = self._slices[needs] = self._compile(needs)
        return cut

    def lines(self, needs: tuple[bool, ...]) -> ast.FunctionDef:
        """The rule's syntax tree, cut down to the statements that the wanted gradients depend on.

        Walks backward from the ``return`` and leaves out each assignment to names that nothing below it reads.
        Raises OSError where :func:`source_tree` does, and for a rule that returns in several places.
        """
        tree = copy.deepcopy(source_tree(self.function))
        *body, last = tree.body
        returns = [node for node in ast.walk(tree) if isinstance(node, ast.Return)]
        if returns != [last] or not isinstance(last, ast.Return) or last.value is None:
            raise OSError(f"{self.function.__name__} does not return its gradients in the last line, and only there")
        if isinstance(last.value, ast.Tuple) and not any(isinstance(e, ast.Starred) for e in last.value.elts):
            pairs = zip(last.value.elts, (*needs, *[False] * len(last.value.elts)), strict=False)
            last.value.elts = [e if need else ast.copy_location(ast.Constant(None), e) for e, need in pairs]
        elif len(needs) == 1 and not self.function.__code__.co_flags & inspect.CO_VARARGS:  # dY, Y and one X
            last.value = ast.copy_location(ast.Tuple([last.value], ast.Load()), last.value)
        wanted = names(last, ast.Load)
        kept: list[ast.stmt] = [last]
        for statement in reversed(body):
            if not _only_assigns(statement) or names(statement, ast.Store) & wanted:
                wanted |= names(statement, ast.Load)
                kept.insert(0, statement)
        tree.body, tree.args.defaults, tree.args.kw_defaults = kept, [], [None] * len(tree.args.kwonlyargs)
        ast.increment_lineno(tree, self.function.__code__.co_firstlineno - 1)
        return tree

    def _compile(self, needs: tuple[bool, ...]) -> Callable[..., tuple[Any, ...]]:
        rule = self.function
        try:
            if rule.__closure__:
                raise OSError("a rule that closes over local names runs as it is")
            module = compile(ast.Module([self.lines(needs)], []), rule.__code__.co_filename, "exec")
        except (OSError, SyntaxError):
            return lambda *args, **params: _as_tuple(rule(*args, **params))
        code = next(c for c in module.co_consts if isinstance(c, types.CodeType))
        made = types.FunctionType(code, rule.__globals__, rule.__name__, rule.__defaults__)
        made.__kwdefaults__ = rule.__kwdefaults__
        return made


def names(node: ast.AST, context: type) -> set[str]:
    """The names that a piece of code reads (``ast.Load``) or gives (``ast.Store``)."""
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, context)}


def located(tree: Tree) -> Tree:
    """A tree that was made here, ready to be compiled: what has no place has the first line.

    ``ast.fix_missing_locations`` leaves a cycle at each call: its inner function calls itself.
    """
    for node in ast.walk(tree):
        for name, place in (("lineno", 1), ("col_offset", 0)):
            if name in node._attributes and not hasattr(node, name):
                setattr(node, name, place)
    return tree


def _only_assigns(statement: ast.stmt) -> bool:
    """Whether it does nothing else than give names to values; ``dW[ids] = 0`` and calls change what has a name."""
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)  # a docstring
    if not isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        return False
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    parts = [part for target in targets for part in ast.walk(target)]
    return not any(isinstance(part, (ast.Subscript, ast.Attribute)) for part in parts)


def _as_tuple(gradients: Any) -> tuple[Any, ...]:
    return tuple(gradients) if isinstance(gradients, (tuple, list)) else (gradients,)
