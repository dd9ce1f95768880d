"""How a module shows itself: as PyTorch's text, and in a notebook as a tree with the numbers of parameters."""

from __future__ import annotations

import html
import itertools
from collections.abc import Iterable
from typing import Any, NamedTuple

from ..wording.texts import clean, named
from .module import Module
from .parts import Parameter


class Part(NamedTuple):
    """A module, list or dict inside another one; neighbours of a list that print alike are one part, ``0-5``."""

    name: str
    things: tuple[Any, ...]


def parts_of(thing: Any) -> list[Part]:
    """What lies directly inside: modules, and the lists, tuples and dicts that have modules in them."""
    if isinstance(thing, Module):
        pairs: Any = vars(thing).items()
    else:
        pairs = thing.items() if isinstance(thing, dict) else enumerate(thing)
    parts = [Part(named(name, unnamed="?"), (value,)) for name, value in pairs if _has_modules(value)]
    return _folded(parts) if _title(thing) == "ModuleList" else parts


def _has_modules(value: Any) -> bool:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    return isinstance(value, Module) or any(map(_has_modules, inside))


def _folded(parts: list[Part]) -> list[Part]:
    """Neighbours that print alike as one part."""
    folded = []
    for _, group in itertools.groupby(parts, key=lambda part: text(part.things[0])):
        first, *rest = group
        name = f"{first.name}-{rest[-1].name}" if rest else first.name
        folded.append(Part(name, tuple([part.things[0] for part in (first, *rest)])))
    return folded


def _title(thing: Any) -> str:
    """The name of the class. Plain lists and dicts of modules have PyTorch's names for them."""
    if isinstance(thing, Module):
        return named(type(thing).__name__, unnamed="Module")
    return "ModuleDict" if isinstance(thing, dict) else "ModuleList"


def _extra(thing: Any) -> str:
    extra = thing.extra_repr() if isinstance(thing, Module) else ""
    return "\n".join(map(clean, extra.split("\n")))


def text(thing: Any) -> str:
    """The parts by name, one inside the other, as PyTorch prints them.

    >>> print(text(Sequential(Linear(2, 3), ReLU())))
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): ReLU()
    )
    """
    extra = _extra(thing)
    lines = []
    for name, things in parts_of(thing):
        times = f"{len(things)} x " if len(things) > 1 else ""
        lines.append(f"({name}): {times}{text(things[0])}")
    if not lines and "\n" not in extra:
        return f"{_title(thing)}({extra})"
    body = "\n".join([*extra.splitlines(), *lines]).replace("\n", "\n  ")
    return f"{_title(thing)}(\n  {body}\n)"


# ---- for a notebook -------------------------------------------------------------------------------------------------

_OPEN = 3  # levels that are unfolded at first


def tree(module: Module) -> str:
    """HTML of the parts as a tree that folds and unfolds, with the parameters of each, in the notebook's colours."""
    learnt = sum(p.size for p in module.parameters() if p.requires_grad)
    total = size_of([module])
    note = "" if learnt == total else f", {learnt:,} of them trainable"
    head = f'<div style="margin-bottom:4px">{total:,} parameters{note}</div>'
    return f'<div style="font:13px/1.6 ui-monospace,monospace">{head}{_branch(Part("", (module,)), _OPEN)}</div>'


def _branch(part: Part, levels: int) -> str:
    thing, n = part.things[0], len(part.things)
    is_module = isinstance(thing, Module)
    held = vars(thing).items() if is_module else ()
    own = [(named(name, unnamed="?"), p.shape) for name, p in held if isinstance(p, Parameter)]
    extra = _extra(thing)
    quiet = (f"({extra})" if extra else "") + "".join(f" · {name} {times(shape)}" for name, shape in own)
    size = size_of(part.things)
    line = f"<b>{html.escape(part.name)}</b> " if part.name else ""
    line += (f"{n} × " if n > 1 else "") + html.escape(_title(thing))
    line += f' <span style="opacity:.65">{html.escape(quiet)}</span>' if quiet else ""
    line += f" · {size:,}" if size else ""
    inside = "".join(_branch(child, levels - 1) for child in parts_of(thing))
    if not inside:
        return f'<div style="margin-left:1.1em">{line}</div>'
    state = " open" if levels > 0 else ""
    summary = f'<summary style="display:list-item;cursor:pointer">{line}</summary>'
    return f'<details{state}>{summary}<div style="margin-left:1.3em">{inside}</div></details>'


def size_of(things: Iterable[Any]) -> int:
    """The number of entries of all parameters inside. Tied ones count once."""
    holder = Module()
    vars(holder)["things"] = list(things)
    return sum(int(p.size) for p in holder.parameters())


def times(shape: tuple[int, ...]) -> str:
    """(2, 3) as 2×3."""
    return "×".join(map(str, shape)) or "1"
