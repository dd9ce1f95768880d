"""What the user's code calls a result or an argument: read off the byte code around a call, after the fact.

A Tensor knows the instruction that made it (:data:`..autograd.places.Site`). What happens to the result next is found
by following it on Python's stack, from one instruction to the next, until it is stored, returned or used up.
"""

from __future__ import annotations

import dis
import functools
import itertools
import sys
import types
from dataclasses import dataclass
from typing import Any

from ..autograd.places import Site, is_ours
from ..autograd.tensor import Tensor
from .bytecode import TOO_FAR, effect, instructions_of, pair, producer

#: A result gets this name; one of several that are unpacked together gets the name in its place.
Names = tuple[str | None, ...]

_STORES = ("STORE_FAST", "STORE_NAME", "STORE_GLOBAL", "STORE_DEREF")
_PUSHES_NOTHING = ("STORE_", "POP_", "DELETE_", "END_FOR", "RETURN_", "RAISE_")
_WRITES = {"STORE_SUBSCR": 1, "STORE_SLICE": 2}  # how far below the top of the stack is what is written to
_USES_UP = ("sum", "max", "min", "next", "map", "zip")  # builtins that make something else of what they are given


@dataclass(frozen=True)
class Returned:
    """The result left its function: alone, or at a place of a tuple."""

    place: int | None = None


def names_of(site: Site) -> Names:
    """What the code calls the result of a call: one name, or several for what a sequence is unpacked into.

    Empty where the result is used at once. What a function returns at once is called as its caller calls it.
    """
    (code, at), outer = site[:2], site[2:4]
    found = _after_call(code, at, site[4] if len(site) > 4 else None)
    if found is None and (callee(site) or "").endswith("_"):  # y.add_(x) changes y
        found = (owner(site),)
    if isinstance(found, Returned) and outer[0] is not code:
        if _is_used_up(outer):
            return ()
        found = _after_call(*outer, place=found.place)
        code = outer[0]
    if found is None or isinstance(found, Returned) or _is_engine(code):
        return ()
    return tuple([_word(name) for name in found])


def argument(site: Site, i: int, op: str) -> str | None:
    """What the code at ``site``, a call of the op called ``op``, has in the place of input ``i``; None if no name."""
    code, at = site[2:4] if site[0].co_name in ("__array_ufunc__", "__array_function__") else site[:2]  # np.exp(x)
    if _is_engine(code):
        return None
    code_list, number = instructions_of(code)
    k = number.get(at)
    if k is None:
        return None
    if code_list[k].opname == "BINARY_OP":
        return _pushed(code, k, 1 - i) if i < 2 else None
    called = _called(code, k)
    if called is None or called.name != op:
        return None
    depth = called.count - 1 - i + called.is_method
    return _pushed(code, k, called.skipped + depth) if depth >= 0 else None


def only_argument(site: Site) -> str | None:
    """What stands between the brackets of a call with one argument."""
    called = None if _is_engine(site[0]) else _at(site)
    return None if called is None or called[1].count != 1 else _pushed(site[0], called[0], called[1].skipped)


def callee(site: Site) -> str | None:
    """What is called: the name of a function, or the last of an attribute's."""
    found = _at(site)
    return None if found is None else found[1].name


def owner(site: Site) -> str | None:
    """The object whose method is called."""
    found = _at(site)
    if found is None or not found[1].is_method:
        return None
    return _pushed(site[0], found[0], found[1].skipped + found[1].count)


def _word(name: str | None) -> str | None:
    """A name that somebody wrote, and that says something."""
    return name if name and name.strip("_") and name.isidentifier() else None


def _is_engine(code: types.CodeType) -> bool:
    """Whether code belongs to the engine and its ops, whose variables nobody but their authors knows."""
    return is_ours(code) and not any(f"tinygrad_tf{s}{part}{s}" in code.co_filename for part in _READ for s in "/\\")


_READ = ("nn", "models", "tasks")  # what a reader of a model knows the variables of


# ---- where a result goes --------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=65536)
def _after_call(code: types.CodeType, at: int, place: int | None = None) -> Names | Returned | None:
    """Where the result of the instruction at ``at`` goes; ``place``: it is that element of the tuple that results."""
    instructions, number = instructions_of(code)
    k = number.get(at)
    if k is None:
        return None
    written = _WRITES.get(instructions[k].opname)
    if written is not None:  # y[i] = v: the result is y
        return (_pushed(code, k, written),)
    if instructions[k].opname == "UNPACK_SEQUENCE":  # what is iterated over calls, as in a, b = map(f, xs)
        return _unpacked(code, k, place)
    return _follow(code, k + 1, 0, place)


def _unpacked(code: types.CodeType, k: int, place: int | None) -> Names | Returned | None:
    n = instructions_of(code)[0][k].argval
    found = [_follow(code, k + 1, i, None) for i in range(n)]
    names = tuple([f[0] if isinstance(f, tuple) and len(f) == 1 else None for f in found])
    return names if place is None else (names[place],) if place < n else None


def _follow(code: types.CodeType, k: int, depth: int, place: int | None) -> Names | Returned | None:
    """Follow what lies ``depth`` below the top of the stack before instruction ``k``.

    ``place`` is where it lies in a tuple that is followed in its stead.
    """
    instructions, number = instructions_of(code)
    for _ in range(TOO_FAR):
        if k >= len(instructions):
            return None
        i = instructions[k]
        name, k = i.opname, k + 1
        if name in _STORES:
            if depth == 0:
                return (i.argval,)
            depth -= 1
        elif name.startswith("STORE_FAST_"):  # two in one: STORE_FAST_STORE_FAST, STORE_FAST_LOAD_FAST
            if depth < 2 and (depth == 0 or "STORE_FAST_STORE" in name):
                return (i.argval[depth],)
            depth -= 2 if "STORE_FAST_STORE" in name else 0
        elif name == "STORE_ATTR":
            if depth < 2:
                return (i.argval,) if depth == 1 else None
            depth -= 2
        elif name == "STORE_SUBSCR" and depth < 3:
            key = instructions[k - 2]
            is_word = depth == 2 and key.opname == "LOAD_CONST" and isinstance(key.argval, str)
            return (key.argval,) if is_word else None
        elif name == "SWAP":
            depth = i.arg - 1 if depth == 0 else 0 if depth == i.arg - 1 else depth  # type: ignore[operator]
        elif name == "COPY":
            depth = 0 if depth == i.arg - 1 else depth + 1  # type: ignore[operator]
        elif name == "UNPACK_SEQUENCE":
            if depth == 0:
                return _unpacked(code, k - 1, place)
            depth += i.argval - 1
        elif name == "BUILD_TUPLE" and depth < i.argval:
            if place is not None:
                return None
            depth, place = 0, i.argval - 1 - depth
        elif name in ("LIST_APPEND", "MAP_ADD") and depth == 0:
            depth = i.arg - 1  # type: ignore[operator]  # the list is followed from here on, out of its loop
            if "comp>" not in code.co_name and not _is_comprehension(instructions, k):
                return None
            while k < len(instructions) and instructions[k].opname != "JUMP_BACKWARD":
                k += 1
        elif name == "JUMP_BACKWARD":  # the end of a comprehension's loop: its iterator goes
            ends = k < len(instructions) and instructions[k].opname == "END_FOR"
            depth += 1 if ends else -1
        elif name == "JUMP_FORWARD":
            k = number[i.argval]
        elif name in ("RETURN_VALUE", "YIELD_VALUE"):
            return Returned(place) if depth == 0 else None
        else:
            takes, gives = pair(i)
            if takes < 0:
                change = effect(i)
                gives = 0 if name.startswith(_PUSHES_NOTHING) else 1
                takes = max(0, gives - change)
            if depth < takes:
                return None
            depth += gives - takes
        if depth < 0:
            return None
    return None


def _is_comprehension(instructions: list[dis.Instruction], k: int) -> bool:
    """Whether a loop that is written out in a function (Python 3.12) fills a list that is a result."""
    return k < len(instructions) and instructions[k].opname == "JUMP_BACKWARD"


# ---- where an argument comes from -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Called:
    """A call: what is called, how many arguments by place, how many things lie above them on the stack.

    ``is_method`` says that an object lies under the arguments, ``is_global`` that the name is one by itself.
    """

    name: str | None
    count: int
    skipped: int
    is_method: bool
    is_global: bool


def _at(site: tuple[Any, ...]) -> tuple[int, _Called] | None:
    k = instructions_of(site[0])[1].get(site[1])
    called = None if k is None else _called(site[0], k)
    return None if called is None or k is None else (k, called)


def _called(code: types.CodeType, k: int) -> _Called | None:
    instructions = instructions_of(code)[0]
    i = instructions[k]
    if i.opname not in ("CALL", "CALL_KW"):
        return None
    before = instructions[k - 1]
    words: tuple[str, ...] = ()
    if before.opname == "KW_NAMES" or i.opname == "CALL_KW":
        words = before.argval if isinstance(before.argval, tuple) else code.co_consts[before.arg or 0]
    n = i.argval if isinstance(i.argval, int) else 0
    on_top = len(words) + (i.opname == "CALL_KW")
    found = _callee(code, k, n + (i.opname == "CALL_KW"))
    return None if found is None else _Called(found[0], n - len(words), on_top, *found[1:])


def _callee(code: types.CodeType, k: int, below: int) -> tuple[str | None, bool, bool] | None:
    """The name of what lies under a call's arguments, whether it is a method of what lies there, too, and a global."""
    for depth in (below, below + 1):
        at = producer(code, k, depth)
        if at is None:
            return None
        i = instructions_of(code)[0][at[0]]
        if i.opname == "LOAD_METHOD" or (i.opname == "LOAD_ATTR" and pair(i)[1] == 2):
            return i.argval, not _is_module(code, at[0] - 1), False
        if i.opname in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FAST", "LOAD_DEREF", "LOAD_ATTR") or "LOAD_FAST" in i.opname:
            name = i.argval if isinstance(i.argval, str) else i.argval[-1]
            return name, False, i.opname in ("LOAD_GLOBAL", "LOAD_NAME")
        if i.opname == "BINARY_SUBSCR" or (i.opname == "BINARY_OP" and i.argrepr == "[]"):
            return _pushed(code, at[0], 1), False, False  # heads[0](x)
        if i.opname != "PUSH_NULL":
            return None, False, False
    return None


def _is_module(code: types.CodeType, k: int) -> bool:
    """Whether instruction ``k`` loads a module, ``F`` of ``F.linear(x)``: a global one, or one imported in the code."""
    instructions = instructions_of(code)[0]
    root = k
    while instructions[root].opname == "LOAD_ATTR":
        root -= 1
    if instructions[root].opname == "LOAD_FAST":
        pairs = itertools.pairwise(instructions)
        return any(i.opname.startswith("IMPORT_") and j.argval == instructions[root].argval for i, j in pairs)
    return isinstance(_global(code, k), types.ModuleType)


def _global(code: types.CodeType, k: int) -> object:
    """What instruction ``k`` loads, ``nn.functional``, by what the globals of the code hold now; None if not known."""
    i = instructions_of(code)[0][k]
    if i.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
        return _globals(code.co_filename).get(i.argval)
    outer = _global(code, k - 1) if i.opname == "LOAD_ATTR" else None
    return vars(outer).get(i.argval) if isinstance(outer, types.ModuleType) else None


def _is_used_up(site: tuple[Any, ...]) -> bool:
    """Whether a builtin such as sum(f(x) for x in xs) is called, which makes something else of what f returns."""
    called = _at(site)
    if called is None or called[1].name not in _USES_UP or not called[1].is_global:
        return False
    return _is_builtin(site[0], called[1].name)


def _is_builtin(code: types.CodeType, name: str) -> bool:
    return name not in _globals(code.co_filename)


def _globals(filename: str) -> dict[str, object]:
    found = [vars(m) for m in list(sys.modules.values()) if getattr(m, "__file__", None) == filename]
    return found[0] if found else vars(sys.modules["__main__"])


def _pushed(code: types.CodeType, k: int, depth: int) -> str | None:
    """The name of what lies ``depth`` below the top of the stack before instruction ``k``."""
    at = producer(code, k, depth)
    if at is None:
        return None
    instructions = instructions_of(code)[0]
    if any(i.is_jump_target for i in instructions[at[0] + 1 : k + 1]):  # a if c else b
        return None
    i = instructions[at[0]]
    if i.opname in ("LOAD_METHOD", "LOAD_ATTR") and pair(i)[1] == 2:
        return _pushed(code, at[0], 0)  # the object whose method is called
    if i.opname == "BINARY_SUBSCR" or (i.opname == "BINARY_OP" and i.argrepr == "[]"):
        return _key(code, at[0])
    if i.opname == "LOAD_CONST" or not i.opname.startswith("LOAD_"):
        return None
    name = i.argval if isinstance(i.argval, str) else i.argval[-1 - at[1]] if isinstance(i.argval, tuple) else None
    return None if name is None or name == "self" or hasattr(Tensor, name) else _word(name)


def _key(code: types.CodeType, k: int) -> str | None:
    """The word between the brackets of the item that instruction ``k`` takes: W of params["W"]."""
    at = producer(code, k, 0)
    i = None if at is None else instructions_of(code)[0][at[0]]
    return _word(i.argval) if i is not None and i.opname == "LOAD_CONST" and isinstance(i.argval, str) else None
