"""Reads the pickles in PyTorch's files, without executing anything: the data alone, of a short list of kinds.

A pickle is a program for a small stack machine. The one of the standard library calls whatever function a pickle names;
this one knows only how containers are put together, and looks each name up in a table that the caller gives. The
module ``pickletools`` of the standard library cuts the bytes into instructions and runs none of them.
"""

from __future__ import annotations

import pickletools
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .plain import check_plain, checked_key


class UnknownName(Exception):
    """A pickle names what is not in the table: ``module.name``."""


class Known:
    """A function that a pickle may call, by the name that it has in the table."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function


#: Instructions that put down the value that they carry, and those for one that is always the same.
_VALUES = {
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "UNICODE", "BINUNICODE",
    "SHORT_BINUNICODE", "BINUNICODE8", "STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES",
    "BINBYTES8", "BYTEARRAY8",
}  # fmt: skip
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_SET": set}
_IGNORED = {"PROTO", "FRAME"}


class Machine:
    """Reads one pickle. ``names`` maps ``module.name`` to a :class:`Known` or to plain data; ``persistent`` gives the
    storage that an id stands for. Raises UnknownName, and ValueError, TypeError, IndexError or KeyError for damage.

    >>> import pickle
    >>> Machine(pickle.dumps({"a": [1, 2.5, (None, "x")]}), {}, print).run()
    {'a': [1, 2.5, (None, 'x')]}
    """

    def __init__(self, data: bytes, names: Mapping[str, Any], persistent: Callable[[Any], Any]) -> None:
        self.data, self.names, self.persistent = data, names, persistent
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []  # the stacks below the marks
        self.memo: dict[int, Any] = {}
        self.left = 1000 + 2 * len(data)  # how much may be copied: a pickle can name one list a million times

    def run(self) -> Any:
        """The object that the pickle describes."""
        for opcode, arg, _ in pickletools.genops(self.data):
            name = opcode.name
            if name in _VALUES:
                self.stack.append(arg)
            elif name in _CONSTANTS:
                self.stack.append(_CONSTANTS[name])
            elif name in _EMPTY:
                self.stack.append(_EMPTY[name]())
            elif name in _STEPS:
                _STEPS[name](self, arg)
            elif name not in _IGNORED and name != "STOP":
                raise ValueError(f"its pickle has the instruction {name}")
        top = self.stack.pop()
        check_plain(top)
        return top

    def charge(self, amount: int) -> None:
        """Take from what may be copied."""
        self.left -= amount
        if self.left < 0:
            raise ValueError("its pickle copies more than it holds")

    # ---- the steps --------------------------------------------------------------------------------------------------

    def mark(self, _: Any) -> None:
        self.marks.append(self.stack)
        self.stack = []

    def since_mark(self) -> list[Any]:
        found, self.stack = self.stack, self.marks.pop()
        return found

    def tuple_of(self, n: int) -> None:
        if len(self.stack) < n:
            raise IndexError("its pickle takes from an empty stack")
        self.stack[-n:] = [tuple(self.stack[-n:])]

    def extend(self, values: list[Any]) -> None:
        if type(self.stack[-1]) is not list:
            raise TypeError("its pickle appends to what is no list")
        self.stack[-1].extend(values)

    def add(self, values: list[Any]) -> None:
        if type(self.stack[-1]) is not set:
            raise TypeError("its pickle adds to what is no set")
        self.stack[-1].update(map(checked_key, values))

    def set_items(self, values: list[Any]) -> None:
        if type(self.stack[-1]) not in (dict, OrderedDict, Counter):
            raise TypeError("its pickle sets an entry of what is no dict")
        self.stack[-1].update(_pairs(values))

    def set_item(self, _: Any) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self.set_items([key, value])

    def name(self, module: str, name: str) -> None:
        full = f"{module}.{name}".replace("__builtin__.", "builtins.")  # as Python 2 calls it
        if full not in self.names:
            raise UnknownName(full)
        self.stack.append(self.names[full])

    def stack_name(self, _: Any) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if type(name) is not str or type(module) is not str:
            raise TypeError("its pickle gives a name that is no text")
        self.name(module, name)

    def call(self, _: Any) -> None:
        args, known = self.stack.pop(), self.stack.pop()
        if type(known) is not Known or type(args) is not tuple:
            raise TypeError("its pickle calls what is no function")
        self.charge(sum(len(a) for a in args if isinstance(a, (str, bytes, list, tuple, dict))))
        self.stack.append(known.function(*args))

    def build(self, _: Any) -> None:
        """Give an object its state: the content of an array. Attributes of a dict, as torch adds, are left out."""
        state = self.stack.pop()
        thing = self.stack[-1]
        if type(thing) is np.ndarray and type(state) is tuple:
            self.charge(len(state[-1]))
            fill(thing, *state)
        elif isinstance(thing, np.dtype) and type(state) is tuple:
            if state[1] not in ("<", "|", "="):
                raise ValueError("it holds an array of another byte order")
        elif type(thing) is not OrderedDict:
            raise TypeError(f"its pickle gives a state to a {type(thing).__name__}")


def fill(array: np.ndarray[Any, Any], version: int, shape: Any, dtype: Any, fortran: bool, content: Any) -> None:
    """Give an array that a pickle has made its shape, its type and its content, after all of them were checked."""
    plain = isinstance(dtype, np.dtype) and dtype.kind in "biufc" and type(shape) is tuple and type(content) is bytes
    if not plain or not all(type(n) is int and n >= 0 for n in shape) or len(shape) > 32:
        raise ValueError("it holds an array that is not of numbers")
    size = dtype.itemsize
    for n in shape:
        size *= n
    if size != len(content) or (size == 0 and max(shape) >= 2**31):
        raise ValueError("it holds an array of another size than its content")
    array.__setstate__((1, shape, dtype, bool(fortran), content))  # type: ignore[arg-type]


def _pairs(values: list[Any]) -> dict[Any, Any]:
    return dict(zip(map(checked_key, values[::2]), values[1::2], strict=True))


def _put(m: Machine, i: int) -> None:
    m.memo[i] = m.stack[-1]


def _get(m: Machine, i: int) -> None:
    m.stack.append(m.memo[i])


_STEPS: dict[str, Callable[[Machine, Any], Any]] = {
    "MARK": Machine.mark,
    "POP": lambda m, _: m.stack.pop() if m.stack else m.since_mark(),
    "POP_MARK": lambda m, _: m.since_mark(),
    "DUP": lambda m, _: m.stack.append(m.stack[-1]),
    "TUPLE": lambda m, _: _push(m, tuple(m.since_mark())),
    "TUPLE1": lambda m, _: m.tuple_of(1),
    "TUPLE2": lambda m, _: m.tuple_of(2),
    "TUPLE3": lambda m, _: m.tuple_of(3),
    "LIST": lambda m, _: _push(m, m.since_mark()),
    "DICT": lambda m, _: _push(m, _pairs(m.since_mark())),
    "APPEND": lambda m, _: m.extend([m.stack.pop()]),
    "APPENDS": lambda m, _: m.extend(m.since_mark()),
    "ADDITEMS": lambda m, _: m.add(m.since_mark()),
    "SETITEM": Machine.set_item,
    "SETITEMS": lambda m, _: m.set_items(m.since_mark()),
    "GLOBAL": lambda m, arg: m.name(*arg.split(" ", 1)),
    "STACK_GLOBAL": Machine.stack_name,
    "BINPERSID": lambda m, _: m.stack.append(m.persistent(m.stack.pop())),
    "REDUCE": Machine.call,
    "NEWOBJ": Machine.call,
    "BUILD": Machine.build,
    "PUT": _put, "BINPUT": _put, "LONG_BINPUT": _put,
    "GET": _get, "BINGET": _get, "LONG_BINGET": _get,
    "MEMOIZE": lambda m, _: _put(m, len(m.memo)),
}  # fmt: skip


def _push(m: Machine, value: Any) -> None:
    m.stack.append(value)
