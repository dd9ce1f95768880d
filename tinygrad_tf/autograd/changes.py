"""What was written to between forward and backward: a rule that reads it would be wrong without a word.

Whoever writes to a Tensor says so (:func:`wrote`), by the clock that numbers Tensors. Before a rule runs, the values
that it reads must be older than what was made of them. Which these are, the rule's source says.
"""

from __future__ import annotations

import ast
import bisect
import functools
import inspect
import types
import weakref
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.lib.array_utils import byte_bounds

from . import mistakes
from .recording import thread
from .rule import Rule, source_tree
from .tensor import Tensor, numbers

last_write = [-1]


_MOST = 65536  # writes to one array that are told apart


class _Writes:
    """When an array was written to: last of all; and each time that a Tensor became another by it."""

    __slots__ = ("becoming", "last", "owner", "plain")

    def __init__(self, owner: Any) -> None:
        self.last = self.plain = -1
        self.becoming: list[tuple[int, int, int, int]] = []  # from when to when, and from which byte to which
        key = id(owner)
        self.owner = weakref.ref(owner, lambda gone: _written.pop(key, None))


#: By the id of the array, which is forgotten with it.
_written: dict[int, _Writes] = {}


def wrote(*tensors: Tensor) -> None:
    """Note that these arrays were written to just now, and with them their views and other Tensors of the arrays."""
    watch, number = thread.state.watch, next(numbers)
    for t in tensors:
        if watch is not None:
            watch.wrote(t)
        wrote_at(number, t.array)


def wrote_at(number: int, array: Any, becoming: bool = False) -> None:
    """Note a write to all of ``array`` at that time; ``becoming``: a Tensor became the Tensor ``number`` by it."""
    owner = array if array.base is None else owner_of(array)
    writes = _written.get(id(owner))
    if writes is None:
        writes = _written[id(owner)] = _Writes(owner)
    writes.last = number
    if number > last_write[0]:
        last_write[0] = number
    if becoming:
        writes.becoming.append((number, number, *byte_bounds(array)))
        if len(writes.becoming) > _MOST:  # those of long ago count as one, of all that time and all these bytes
            old = writes.becoming[: _MOST // 2]
            _, last, _, _ = old[-1]
            low, high = min(a for _, _, a, _ in old), max(b for _, _, _, b in old)
            writes.becoming[: _MOST // 2] = [(old[0][0], last, low, high)]
    else:
        writes.plain = number


def is_newer(t: Tensor, number: int) -> bool:
    """Whether the array of ``t`` was written to after the Tensor ``number`` was made."""
    if number >= last_write[0]:
        return False
    writes = _written.get(id(owner_of(t.array)))
    return writes is not None and writes.last > number


def wrote_between(array: Any, start: int, end: int) -> bool:
    """Whether a Tensor became another by a write to ``array`` at a time between these two."""
    writes = _written.get(id(owner_of(array)))
    if writes is None or not writes.becoming or writes.becoming[-1][1] <= start:
        return False
    low, high = byte_bounds(array)
    return any(a < high and b > low for _, _, a, b in _between(writes, start, end))


def other_write(array: Any, start: int, end: int, known: set[int]) -> int | None:
    """When ``array`` was last written to between these times, but for the ``known`` ones; None if it was not."""
    writes = _written.get(id(owner_of(array)))
    if writes is None:
        return None
    times = [n for _, n, _, _ in _between(writes, start, end) if n not in known]
    return max([*times, *([writes.plain] if start < writes.plain < end else [])], default=None)


def last_write_to(array: Any) -> int | None:
    """When an array was last written to, if it was."""
    writes = _written.get(id(owner_of(array)))
    return None if writes is None else writes.last


def _between(writes: _Writes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """What made a Tensor another between these times; they are in order."""
    for k in range(bisect.bisect_right(writes.becoming, start, key=itemgetter(1)), len(writes.becoming)):
        if writes.becoming[k][0] >= end:
            return
        yield writes.becoming[k]


def owner_of(array: Any) -> Any:
    """The array that a view looks at."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def check_unchanged(rule: Rule, Y: Tensor, needs: tuple[bool, ...]) -> None:
    """Raise if a value that the rule of ``Y`` reads was written to after ``Y`` was made of it."""
    for i in reads(rule, needs):
        if is_newer((Y, *Y.inputs)[i], Y.number):
            raise mistakes.changed(Y, i)


# ---- what a rule reads ----------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=1024)
def reads(rule: Rule, needs: tuple[bool, ...]) -> list[int]:
    """Whose values these gradients depend on: 0 for the output, i for the i-th input. Shapes alone do not count."""
    code = rule.function.__code__
    letters = code.co_varnames[1 : code.co_argcount]
    try:
        found = values_read(rule.lines(needs), rule.function.__globals__)
    except OSError:
        found = set(code.co_varnames)
    rest = (
        code.co_varnames[code.co_argcount + code.co_kwonlyargcount :][:1] if code.co_flags & inspect.CO_VARARGS else ()
    )
    return [i for i in range(len(needs) + 1) if (letters[i] in found if i < len(letters) else found & {*rest})]


def values_read(tree: ast.AST, names: dict[str, Any]) -> set[str]:
    """The names whose values a piece of code reads, not only their shapes; ``names`` are the functions it may call."""
    found: set[str] = set()
    stack: list[Any] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and node.attr in ("shape", "ndim", "dtype", "size"):
            continue
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.Is, ast.IsNot)):
            continue  # W is None
        elif isinstance(node, (ast.ListComp, ast.GeneratorExp)) and isinstance(node.generators[0].target, ast.Name):
            inside = values_read(node.elt, names)
            found |= inside
            stack += [g.iter for g in node.generators if ast.unparse(g.target) in inside]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            stack += [a for i, a in enumerate(node.args) if _reads_argument(names.get(node.func.id), i)]
            stack += [k.value for k in node.keywords]
        else:
            stack += ast.iter_child_nodes(node)
    return found


@functools.lru_cache(maxsize=1024)
def _reads_argument(helper: Any, i: int) -> bool:
    """Whether a function that a rule calls reads the value of its argument ``i``; a short one is looked into."""
    if not isinstance(helper, types.FunctionType) or i >= helper.__code__.co_argcount or hasattr(helper, "__wrapped__"):
        return True
    try:
        return helper.__code__.co_varnames[i] in values_read(ast.Module(source_tree(helper).body, []), {})
    except OSError:
        return True
