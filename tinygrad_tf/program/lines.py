"""Straight-line code in the making: statements, the names in them, and functions that give arrays back."""

from __future__ import annotations

import ast
import builtins
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd.rule import names
from .exact import Exact

Array = np.ndarray[Any, Any]


@dataclass(eq=False)
class Statement:
    """A line of a program, the names that it gives and those that it reads. One that ``acts`` is never left out."""

    text: str
    gives: tuple[str, ...]
    acts: bool = False

    def __post_init__(self) -> None:
        self.reads = {name for name in names(ast.parse(self.text), ast.Load) if _is_local(name)}
        if "+=" in self.text or "-=" in self.text:
            self.reads |= set(self.gives)


def _is_local(name: str) -> bool:
    return name[0] in "apvsdmt" and name[1:].isdigit()


class Lines:
    """Statements. ``space`` is what they need besides: functions, constants and Tensors by their names."""

    def __init__(self) -> None:
        self.space: dict[str, Any] = {"np": np, "math": math, "asarray": np.asarray, "array": np.array}
        self.referred: dict[int, str] = {}
        self.numbers: dict[Any, Array] = {}
        self.held: list[Any] = []
        self.n = 0
        self.plain = Exact({*dir(builtins), *self.space}, self)
        self.lines: list[Statement] = []

    def _next(self, letter: str) -> str:
        self.n += 1
        return f"{letter}{self.n}"

    def refer(self, x: Any, letter: str = "f") -> str:
        """The name of an object in the program's space."""
        if id(x) not in self.referred:
            self.held.append(x)
            name = self.referred[id(x)] = f"{letter}_{len(self.referred)}"
            self.space[name] = x
        return self.referred[id(x)]

    def number(self, number: float, dtype: Any, shape: tuple[int, ...] = ()) -> str:
        """The name of a number as an array of a type, once or as often as the shape says."""
        key = repr(number), dtype.char, shape
        made = np.full(shape, number, dtype)
        return self.refer(self.numbers.setdefault(key, made), "c")

    def _line(self, text: str, *gives: str, acts: bool = False) -> None:
        self.lines.append(Statement(text, gives, acts))

    # ---- functions ---------------------------------------------------------------------------------------------------

    def function(self, name: str, arguments: str, lines: Sequence[Statement], returned: str, first: Sequence[str] = ()
                 ) -> str:  # fmt: skip
        """A function of these lines, without those that nobody reads, and with what is done with given back."""
        end = Statement(f"_ = {returned}", ())
        wanted = set(end.reads)
        kept: list[Statement] = []
        for line in reversed(lines):
            if line.acts or wanted & set(line.gives):
                wanted |= line.reads
                kept.insert(0, line)
        alive, ends = set(end.reads), []
        for line in reversed(kept):
            used = line.reads | set(line.gives)
            ends.append(sorted(used - alive))
            alive |= used
        text = [f"def {name}({arguments}):", *[f"    {line}" for line in first]]
        for line, done in zip(kept, reversed(ends), strict=True):
            text.append(f"    {line.text}")
            if done:
                text.append(f"    del {', '.join(done)}")
        self.reads = wanted
        return "\n".join([*text, f"    return {returned}"])

    def compiled(self, texts: Iterable[str]) -> dict[str, Any]:
        """The space in which the functions are defined."""
        text = "\n\n".join([*self.plain.functions.values(), *texts])
        exec(compile(text, "<program>", "exec"), self.space)
        self.space["__text__"] = text
        return self.space
