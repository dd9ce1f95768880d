"""Byte code as a list of instructions, and what each takes from Python's stack and puts there."""

from __future__ import annotations

import dis
import functools
import types

_PUSHES = ("LOAD_FAST", "LOAD_CONST", "LOAD_SMALL", "LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLOSURE", "PUSH_")
TOO_FAR = 300  # instructions; code in which a result travels further has no name for it


@functools.lru_cache(maxsize=4096)
def instructions_of(code: types.CodeType) -> tuple[list[dis.Instruction], dict[int, int]]:
    """The instructions, and the place among them by offset. A call may stand (Python 3.11) behind its caches."""
    found: list[dis.Instruction] = []
    places: dict[int, int] = {}
    for i in dis.get_instructions(code):
        if i.opname not in ("EXTENDED_ARG", "NOP", "PRECALL"):
            found.append(i)
        places[i.offset] = max(len(found) - 1, 0) if found and found[-1] is i else len(found)
    for at in range(0, len(code.co_code), 2):
        places.setdefault(at, places.get(at - 2, 0))
    return found, places


def producer(code: types.CodeType, k: int, depth: int) -> tuple[int, int] | None:
    """The instruction that pushed what lies ``depth`` below the top before ``k``, and which of its results that is."""
    instructions = instructions_of(code)[0]
    for at in range(k - 1, max(-1, k - TOO_FAR), -1):
        i = instructions[at]
        n = (i.arg or 1) - 1
        if i.opname == "SWAP":
            depth = n if depth == 0 else 0 if depth == n else depth
            continue
        if i.opname == "COPY":
            depth = n if depth == 0 else depth - 1
            continue
        takes, gives = pair(i)
        if takes < 0:
            return None
        if depth < gives:
            return at, depth
        depth += takes - gives
    return None


def pair(i: dis.Instruction) -> tuple[int, int]:
    """How many an instruction takes from the stack and puts there; (-1, 0) for one that is not followed."""
    n, name, change = i.arg or 0, i.opname, effect(i)
    if name in ("LOAD_METHOD", "LOAD_ATTR"):
        return 1, 1 + change
    if name.startswith(_PUSHES):
        return 0, change
    if name == "KW_NAMES":
        return 0, 0
    if name in ("CALL", "CALL_KW"):
        return n + 2 + (name == "CALL_KW"), 1
    if name in ("BUILD_TUPLE", "BUILD_LIST", "BUILD_SLICE"):
        return n, 1
    if name in ("BINARY_OP", "COMPARE_OP", "BINARY_SUBSCR", "BINARY_SLICE", "UNARY_NEGATIVE", "UNARY_INVERT",
                "MAKE_FUNCTION", "SET_FUNCTION_ATTRIBUTE", "GET_ITER"):  # fmt: skip
        return 1 - change, 1
    return -1, 0


def effect(i: dis.Instruction) -> int:
    """How much higher the stack is after an instruction."""
    return dis.stack_effect(i.opcode, i.arg if i.opcode >= dis.HAVE_ARGUMENT else None, jump=False)
