"""The table that summary() makes: the calls of a model's modules, and what they cost."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..wording.languages import chosen, either
from ..wording.terminal import columns, left, right


@dataclass
class Call:
    """One call of a module, or ``count`` neighbours that are alike. The numbers are those of all of them together.

    ``output`` is the shape of the first Tensor that one of them returned. ``parameters`` counts each parameter once,
    with the first call that had it. ``flops`` and ``memory`` (bytes) include the parts.
    """

    name: str
    kind: str
    output: tuple[int, ...] | None = None
    parameters: int = 0
    flops: int = 0
    memory: int = 0
    count: int = 1
    parts: list[Call] = field(default_factory=list)

    def alike(self) -> tuple[Any, ...]:
        """What neighbours must have in common to share a row."""
        base = re.sub(r"\d+$", "", self.name)
        return base, self.kind, self.output, self.parameters, self.flops, [part.alike() for part in self.parts]

    def walk(self, depth: int = 0) -> Iterator[tuple[int, Call]]:
        yield depth, self
        for part in self.parts:
            yield from part.walk(depth + 1)


@dataclass(frozen=True)
class Summary:
    """What :func:`summary` returns, which prints as a table. ``top`` is the model's call; the numbers are for all."""

    top: Call
    parameters: int
    trainable: int
    bytes: int
    flops: int
    memory: int

    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """The table without its head: layer, output, parameters, FLOPs, memory."""
        return [
            (
                "  " * depth + " ".join(filter(None, (c.name, f"{c.count} ×" if c.count > 1 else "", c.kind))),
                "" if c.output is None else str(c.output),
                f"{c.parameters:,}" if c.parameters else "",
                counted(c.flops) if c.flops else "",
                in_bytes(c.memory) if c.memory else "",
            )
            for depth, c in self.top.walk()
        ]

    def notes(self) -> list[str]:
        """What stands below the table."""
        frozen = self.parameters - self.trainable
        if chosen() == "zh":
            return [
                f"{self.parameters:,} 个参数（{in_bytes(self.bytes)}），"
                + (f"其中 {self.trainable:,} 个可训练" if frozen else "全部可训练"),
                f"前向 {counted(self.flops)} 次浮点运算，加上反向约 {counted(3 * self.flops)} 次："
                "只计矩阵乘法，一次加法和一次乘法算两次",
                f"激活值 {in_bytes(self.memory)}，从前向保留到反向",
            ]
        return [
            f"{self.parameters:,} parameters ({in_bytes(self.bytes)}), "
            + (f"{self.trainable:,} of them trainable" if frozen else "all trainable"),
            f"{counted(self.flops)} FLOPs forward, about {counted(3 * self.flops)} with backward: "
            "matrix products alone, an addition and a multiplication count as two",
            f"{in_bytes(self.memory)} of activations, kept from forward to backward",
        ]

    def __str__(self) -> str:
        rows = [_head(), *self.rows()]
        widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(map(_aligned, row, widths, range(len(row)))) for row in rows]
        rule = "─" * columns(lines[0])
        return "\n".join([lines[0].rstrip(), rule, *[line.rstrip() for line in lines[1:]], rule, *self.notes()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        import html  # here, since it is slow to import

        def row(cells: Iterable[str], tag: str) -> str:
            return "".join(
                f'<{tag} style="text-align:{"left" if i < 2 else "right"};padding:2px 10px;white-space:pre">'
                f"{html.escape(cell)}</{tag}>"
                for i, cell in enumerate(cells)
            )

        body = "".join(f"<tr>{row(cells, 'td')}</tr>" for cells in self.rows())
        notes = "".join(f"<div>{html.escape(note)}</div>" for note in self.notes())
        return (
            f'<div style="overflow-x:auto"><table><thead><tr>{row(_head(), "th")}</tr></thead><tbody>{body}</tbody>'
            f"</table></div>{notes}"
        )


def _aligned(cell: str, width: int, column: int) -> str:
    return left(cell, width) if column < 2 else right(cell, width)


def _head() -> tuple[str, ...]:
    return either(("Layer", "Output", "Parameters", "FLOPs", "Memory"), ("层", "输出", "参数个数", "FLOPs", "内存"))


def amount(x: float, step: int, units: tuple[str, ...]) -> str:
    """A number in three digits and the unit that fits.

    >>> amount(1234567, 1000, ("", " k", " M")), amount(999, 1000, ("", " k"))
    ('1.23 M', '999')
    """
    i = 0
    while round(x, 0 if i == 0 else 1) >= step and i + 1 < len(units):
        x, i = x / step, i + 1
    return f"{x:.{0 if i == 0 or x >= 100 else 1 if x >= 10 else 2}f}{units[i]}"


def counted(n: int) -> str:
    """A number of FLOPs or parameters: 1.23 M."""
    return amount(n, 1000, ("", " k", " M", " G", " T"))


def in_bytes(n: int) -> str:
    """A number of bytes: 1.23 MiB."""
    return amount(n, 1024, (" B", " KiB", " MiB", " GiB"))
