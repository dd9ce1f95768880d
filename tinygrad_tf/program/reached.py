"""What a function may reach by name: its globals, the modules that it imports, and what of that nobody can watch."""

from __future__ import annotations

import datetime
import dis
import io
import pathlib
import random
import re
import sys
import threading
import types
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

#: What gives attributes whose names are computed.
LOOKS_UP = {"getattr", "vars", "dir", "__dict__", "__getattribute__", "attrgetter", "methodcaller"}
_FIXED: tuple[type, ...] = (
    list, tuple, dict, set, frozenset, range, slice, re.Pattern, pathlib.PurePath, datetime.date, datetime.time,
    datetime.timedelta, datetime.tzinfo, types.EllipsisType, types.NotImplementedType, types.GenericAlias,
    types.UnionType, types.CodeType, types.WrapperDescriptorType, types.MethodDescriptorType,
    types.ClassMethodDescriptorType, types.GetSetDescriptorType, types.MemberDescriptorType, np.ufunc, io.IOBase,
    type(threading.Lock()), type(threading.RLock()),
)  # fmt: skip
#: Classes of the same kind in modules that are not imported for this: without them there is no object of theirs.
_FIXED_IF_LOADED = {"decimal": "Decimal", "fractions": "Fraction", "logging": "Logger", "uuid": "UUID"}
_CLOCK, _CHANCE = "the clock is looked at", "random numbers of a generator of its own"
#: Of each module what gives another value at each call.
_MOVING = {
    "time": (_CLOCK, {"time", "perf_counter", "monotonic", "process_time", "thread_time", "time_ns", "perf_counter_ns",
                      "monotonic_ns", "process_time_ns", "thread_time_ns"}),
    "datetime": (_CLOCK, {"now", "utcnow", "today"}),
    "numpy": (_CHANCE, {"default_rng", "RandomState", "SeedSequence"}),
    "random": (_CHANCE, {"Random", "SystemRandom"}),
    "secrets": (_CHANCE, {"randbelow", "randbits", "choice", "token_bytes", "token_hex"}),
    "uuid": (_CHANCE, {"uuid1", "uuid4"}),
    "os": (_CHANCE, {"urandom", "getrandom"}),
}  # fmt: skip


class Code:
    """What the code of a function, and of those within it, names: its globals, and all names of attributes."""

    def __init__(self, code: types.CodeType) -> None:
        codes = list(_codes(code))
        steps = [step for each in codes for step in dis.get_instructions(each)]
        self.globals = {step.argval for step in steps if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
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


def _codes(code: types.CodeType) -> Iterable[types.CodeType]:
    yield code
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from _codes(inner)


def moves(x: Any, names: set[str]) -> str | None:
    """What of ``x``, or of the names that are looked up in it, is another at each call."""
    if isinstance(x, (np.random.RandomState, random.SystemRandom)):
        return _CHANCE
    if not isinstance(x, (types.ModuleType, type, types.BuiltinFunctionType)):
        return None
    module = x.__name__ if isinstance(x, types.ModuleType) else x.__module__
    what, moving = _MOVING.get(str(module).split(".")[0], ("", set()))
    looked_up = set() if isinstance(x, types.BuiltinFunctionType) else names
    return what if moving & {*looked_up, x.__name__} else None


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
    """The fingerprint of some entries of a large array."""
    return fingerprint(x.reshape(-1)[:: max(1, x.size // 16_384)])


def is_empty(cell: types.CellType) -> bool:
    """Whether a name that is closed over has no value yet."""
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return True
    return False
