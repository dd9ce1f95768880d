"""What a function may reach by name: its globals, the modules that it imports, and what of that nobody can watch."""

from __future__ import annotations

import collections
import datetime
import dis
import functools
import io
import itertools
import os
import pathlib
import random
import re
import sys
import threading
import types
import zlib
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any

import numpy as np

LARGE = 1 << 20  # bytes of an array
#: What is compared by its value.
PLAIN = (type(None), bool, int, float, complex, str, bytes, np.generic, np.dtype)
#: What of a library is looked at further; the rest is what it is.
IN_LIBRARIES = (*PLAIN, list, tuple, Mapping, Set, types.FunctionType, types.MethodType, types.BuiltinFunctionType,
                 types.ModuleType, type)  # fmt: skip
#: Methods that a program does not come by, or that make texts; those that make an object belong to calls of its class.
TEXTS = {"__repr__", "__str__", "__format__"}
ASIDE = {"__del__", "__reduce__", "__replace__", "__getstate__", "__setstate__", "__setattr__", "__delattr__",
          "__hash__", "__dict__", "__weakref__"}  # fmt: skip
MAKING = {"__init__", "__new__", "__post_init__", "__init_subclass__", "__set_name__"}
CALLED = {"__call__", "__getattr__", "__getattribute__"}  # without being named
#: What gives attributes whose names are computed.
LOOKS_UP = {"getattr", "setattr", "hasattr", "delattr", "vars", "dir", "__dict__", "__getattribute__", "__setattr__",
            "attrgetter", "methodcaller"}  # fmt: skip
#: What leads to places that nobody can watch, as a function or as an attribute.
_LEADS = {"eval", "exec", "globals", "__import__", "open", "input", "breakpoint"}
_ANYWHERE = {"__globals__", "__builtins__", "__subclasses__", "f_locals", "f_globals", "_getframe"}
_FIXED: tuple[type, ...] = (
    list, tuple, dict, set, frozenset, range, slice, re.Pattern, pathlib.PurePath, datetime.date, datetime.time,
    datetime.timedelta, datetime.tzinfo, types.EllipsisType, types.NotImplementedType, types.GenericAlias,
    types.UnionType, types.CodeType, types.WrapperDescriptorType, types.MethodDescriptorType,
    types.ClassMethodDescriptorType, types.GetSetDescriptorType, types.MemberDescriptorType, np.ufunc, io.IOBase,
    type(threading.Lock()), type(threading.RLock()),
)  # fmt: skip
_CONTAINERS = (collections.OrderedDict, collections.defaultdict, dict, list, tuple, set, frozenset, int, float, str,
               bytes, complex)  # fmt: skip
#: Bytes of an object that holds nothing but its attributes.
_BARE = type("Bare", (), {}).__basicsize__
_IMMUTABLE = 1 << 8  # CPython's Py_TPFLAGS_IMMUTABLETYPE
#: Classes of the same kind in modules that are not imported for this: without them there is no object of theirs.
_FIXED_IF_LOADED = {"decimal": "Decimal", "fractions": "Fraction", "logging": "Logger", "uuid": "UUID"}
#: Modules of Python's whose functions give the same each time, or only print. Those of all others do not, so far as
#: one can know: of sys, os, threading, importlib, decimal …
_STEADY = {
    "None", "builtins", "math", "cmath", "operator", "_operator", "functools", "_functools", "itertools", "collections",
    "_collections", "_collections_abc", "dataclasses", "enum", "types", "typing", "abc", "contextlib", "numbers",
    "fractions", "statistics", "string", "re", "bisect", "_bisect", "heapq", "_heapq", "random", "warnings",
    "_warnings", "logging", "copy", "posixpath", "ntpath", "_thread", "json", "textwrap", "struct",
}  # fmt: skip
#: Modules of Python's whose functions need not be looked into: all enumerations have them, or they only print.
KNOWN = ("enum", "abc", "typing", "logging")
_CLOCK, _CHANCE, _SETTING = (
    "the clock is looked at", "random numbers of a generator of its own", "settings of a library are looked at"
)  # fmt: skip
#: Of each module what gives another value at each call.
_MOVING = {
    "time": (_CLOCK, {"time", "perf_counter", "monotonic", "process_time", "thread_time", "time_ns", "perf_counter_ns",
                      "monotonic_ns", "process_time_ns", "thread_time_ns"}),
    "datetime": (_CLOCK, {"now", "utcnow", "today"}),
    "numpy": (_CHANCE, {"default_rng", "RandomState", "SeedSequence", "PCG64", "PCG64DXSM", "MT19937", "Philox",
                        "SFC64"}),
    "numpy.random": (_CHANCE, {"seed", "get_state", "set_state"}),
    "numpy.errors": (_SETTING, {"errstate", "geterr", "seterr", "geterrcall", "seterrcall", "printoptions",
                                "get_printoptions", "array2string", "array_repr", "array_str"}),
    "random": (_CHANCE, {"Random", "SystemRandom", "seed", "getstate", "setstate"}),
    "tinygrad_tf": (_CHANCE, {"manual_seed", "seed", "get_state", "set_state", "get_rng_state", "set_rng_state",
                              "initial_seed", "fork_rng", "replayed"}),
    "warnings": (_SETTING, {"catch_warnings", "simplefilter", "filterwarnings"}),
    "logging": (_SETTING, {"isEnabledFor", "level", "getEffectiveLevel", "disabled", "handlers", "hasHandlers"}),
    "secrets": (_CHANCE, {"randbelow", "randbits", "choice", "token_bytes", "token_hex"}),
    "uuid": (_CHANCE, {"uuid1", "uuid4"}),
    "os": (_CHANCE, {"urandom", "getrandom"}),
}  # fmt: skip


class Code:
    """What the code of a function, and of those within it, names: its globals, and all names of attributes."""

    def __init__(self, code: types.CodeType) -> None:
        codes = list(_codes(code))
        steps = [step for each in codes for step in dis.get_instructions(each)]
        named = ("LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "DELETE_GLOBAL")
        self.globals = {step.argval for step in steps if step.opname in named}
        self.makes_text = any(step.opname.startswith("FORMAT_") for step in steps) or "str" in self.globals
        self.imports = {step.argval for step in steps if step.opname == "IMPORT_NAME"}
        texts = {c for each in codes for c in each.co_consts if isinstance(c, str) and c.isidentifier()}
        self.names = {name for each in codes for name in each.co_names} | texts

    def modules(self, package: str | None) -> Iterator[tuple[str, types.ModuleType]]:
        """The modules that it imports, as far as they are loaded, with their names."""
        parts = (package or "").split(".")
        beside = [".".join(parts[:n]) + "." for n in range(1, len(parts) + 1) if parts[0]]
        for name in sorted(self.imports):
            for start in ("", *beside):
                whole = f"{start}{name}".strip(".")
                for found in {whole, whole.split(".")[0]}:
                    module = sys.modules.get(found)
                    if isinstance(module, types.ModuleType):
                        yield found, module


@functools.lru_cache(maxsize=1024)
def named_in(code: types.CodeType) -> Code:
    """What code names; it is read once."""
    return Code(code)


def _codes(code: types.CodeType) -> Iterable[types.CodeType]:
    yield code
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from _codes(inner)


@functools.cache
def catches(code: types.CodeType) -> bool:
    """Whether it has an ``except`` or a ``finally``."""
    steps = [step.opname for step in dis.get_instructions(code)]
    handlers = [after for step, after in itertools.pairwise(steps) if step == "PUSH_EXC_INFO"]
    return "suppress" in code.co_names or any(after != "WITH_EXCEPT_START" for after in handlers)


def moves(x: Any, names: set[str]) -> str | None:
    """What of ``x``, or of the names that are looked up in it, may be another at each call."""
    if isinstance(x, (np.random.RandomState, random.SystemRandom)):
        return _CHANCE
    if x is sys.modules:
        return "modules are looked up"
    function = isinstance(x, (types.FunctionType, types.MethodType, types.BuiltinFunctionType))
    logger = type(x).__name__ == "Logger"
    if not (function or logger or isinstance(x, (types.ModuleType, type))):
        return None
    whole = str(x.__name__ if isinstance(x, types.ModuleType) else getattr(x, "__module__", None))
    root = whole.split(".")[0]
    looked_up = {x.__name__} if function or isinstance(x, type) else names
    if isinstance(x, type):
        looked_up = looked_up | names
    for place in (whole, root, "numpy.errors" if root == "numpy" else root):
        what, moving = _MOVING.get(place, ("", set()))
        if moving & looked_up:
            return what
    steady = isinstance(x, types.ModuleType) or x is os.getenv or root in _STEADY | {"__main__"}
    if root in sys.stdlib_module_names and not steady:
        return f"what {whole}.{x.__name__} gives may change"
    return None


def leads_anywhere(functions: Set[str], attributes: Set[str]) -> str | None:
    """What of the names of Python's own functions, and of attributes, leads to places that nobody can watch."""
    found = sorted((functions & _LEADS) | (attributes & _ANYWHERE))
    return f"what {found[0]} reaches cannot be watched" if found else None


def hides(x: Any) -> bool:
    """Whether an object holds more than its attributes and the entries of a container of Python's."""
    kind = type(x)
    base = next((b for b in _CONTAINERS if isinstance(x, b)), object)
    slots = [n for k in kind.__mro__ for n in as_tuple(vars(k).get("__slots__", ()))]
    return kind.__basicsize__ > base.__basicsize__ + (_BARE - object.__basicsize__) + 8 * len(slots)


def cannot_be_watched(x: np.ndarray[Any, Any]) -> str | None:
    """Why an array that is reached by name cannot be, if so."""
    if type(x) not in (np.ndarray, np.memmap, np.matrix):
        return f"a {type(x).__name__} that it reaches by name cannot be watched"
    if x.nbytes > LARGE or x.dtype == object:
        return f"an array {x.shape} that it reaches by name is too large to be watched; give it as an argument"
    return None


def as_tuple(slots: Any) -> tuple[str, ...]:
    """The names in ``__slots__``."""
    return (slots,) if isinstance(slots, str) else tuple(slots)


def is_fixed(x: Any) -> bool:
    """Whether it is one of Python's containers, or an object of Python's or NumPy's that stays as it is.

    Those that only print, or keep threads apart, count as such.
    """
    loaded = [getattr(sys.modules[m], name) for m, name in _FIXED_IF_LOADED.items() if m in sys.modules]
    return isinstance(x, (*_FIXED, *loaded))


def is_library(x: Any) -> bool:
    """Whether a class or a module is Python's, this package's, or was installed."""
    name = str(x.__name__ if isinstance(x, types.ModuleType) else x.__module__).split(".")[0]
    if name == "tinygrad_tf":  # of an optimiser or a schedule what is named is looked at
        return isinstance(x, types.ModuleType) or ".optim" not in str(x.__module__)
    if name in ("numpy", "builtins") or (name in sys.stdlib_module_names and name != "__main__"):
        return True
    return "site-packages" in str(getattr(sys.modules.get(name), "__file__", None))


def may_change(kind: type) -> bool:
    """Whether a class can be given attributes: those that are written in C cannot."""
    return not kind.__flags__ & _IMMUTABLE


def is_installed(function: Any) -> bool:
    """Whether a function was installed with a package, or is Python's own."""
    file = getattr(function, "__func__", function).__code__.co_filename
    return "site-packages" in file or file.startswith("<frozen")


def carried_by(function: Any) -> list[Any]:
    """What an installed function has of its user: the functions that it decorates, and the object of a method."""
    inner = getattr(function, "__func__", function)
    held = [getattr(inner, "__wrapped__", None)]
    held += [cell.cell_contents for cell in inner.__closure__ or () if not is_empty(cell)]
    carried = [part for part in held if isinstance(part, (types.FunctionType, types.MethodType))]
    return carried + ([function.__self__] if function is not inner else [])


# ---- conditions -----------------------------------------------------------------------------------------------------


def fingerprint(x: np.ndarray[Any, Any]) -> Any:
    """Changes when an array's shape, type or entries do."""
    return x.shape, x.strides, x.dtype, zlib.crc32(np.ascontiguousarray(x).view(np.uint8).data) if x.size else 0


def sampled(x: np.ndarray[Any, Any]) -> Any:
    """The fingerprint of some entries of a large array, and the sum of all its bytes, in words."""
    words = np.ascontiguousarray(x).view(np.uint8).reshape(-1)
    words = words[: len(words) // 8 * 8].view(np.uint64)
    return fingerprint(x.reshape(-1)[:: max(1, x.size // 16_384)]), int(np.add.reduce(words))


def is_empty(cell: types.CellType) -> bool:
    """Whether a name that is closed over has no value yet."""
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return True
    return False


CONDITIONS: dict[str, Any] = {"fingerprint": fingerprint, "sampled": sampled, "is_empty": is_empty}
