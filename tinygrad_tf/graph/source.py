"""program(): the forward and the backward pass of a recorded step, as a module of plain NumPy."""

from __future__ import annotations

import hashlib
import html
import importlib
import os
import re
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..autograd.tensor import Tensor, to_array
from ..errors import error, shown
from ..files import check_writable, write_whole
from ..program import Unwritable
from ..wording.languages import either
from .capture import Graph, Losses, capture, variables_of
from .colors import COLORS
from .flow import checked_number
from .given import checked_end, checked_losses
from .statements import Writer
from .suffixes import destination

Array = np.ndarray[Any, Any]


class Program:
    """A module of plain NumPy that computes a loss and its gradients, as :func:`program` writes it.

    ``str()`` is its text, ``data`` the arrays of the recorded step by the names of the arguments of ``step``.
    """

    def __init__(self, text: str, data: dict[str, Array]) -> None:
        self.text, self.data = text, data

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<program of {len(self.text.splitlines())} lines: step({', '.join(self.data)})>"

    def _repr_html_(self) -> str:
        """Highlighted; of a long program the functions and the calls of modules are folded, each under its name."""
        blocks = [(None, self.text)] if self.text.count("\n") <= _LONG else _blocks(self.text)
        folded = [f"<details><summary>{html.escape(title)}</summary>{_highlighted(text)}</details>" if title
                  else _highlighted(text) for title, text in blocks if text.strip()]  # fmt: skip
        return f'<div style="{_STYLE}">{"".join(folded)}</div>'

    def run(self, **changed: Any) -> tuple[Any, dict[str, Array]]:
        """The loss and the gradients by the names of their Tensors, with other arrays for the arguments ``changed``.

        They have the recorded shapes, which the program's numbers follow from, and are converted to the recorded types.
        Raises TypeError for an argument that ``step`` does not have, or a type that would lose what is in the numbers,
        ValueError for another shape.
        """
        unknown = [name for name in changed if name not in self.data]
        if unknown:
            raise error(
                TypeError,
                "run",
                got={name: changed[name] for name in unknown},
                rule=f"step takes {', '.join(self.data)}",
                cure="give arrays by these names",
            )
        given = {name: to_array(x) for name, x in changed.items()}
        for name, array in given.items():
            recorded = self.data[name]
            if array.shape != recorded.shape:
                raise error(
                    ValueError,
                    "run",
                    got={name: array},
                    rule=f"{name} has the shape {recorded.shape} of the recorded step: numbers in the program follow "
                    "from it",
                    cure="record a step with arrays of that shape, and write its program",
                )
            if not np.can_cast(array.dtype, recorded.dtype, "same_kind"):
                raise error(
                    TypeError,
                    "run",
                    got={name: array},
                    rule=f"{name} is {recorded.dtype} in the recorded step",
                    cure=f"convert it first, e.g. with .astype('{recorded.dtype}')",
                )
            given[name] = array.astype(recorded.dtype, copy=False)
        space: dict[str, Any] = {"__name__": "program"}
        exec(compile(self.text, "<program>", "exec"), space)
        loss, gradients = space["step"](**{**self.data, **given})
        space.clear()  # it has the functions that run in it: a cycle
        return loss, gradients

    def save(self, filename: str | os.PathLike[str]) -> Path:
        """Write a script that runs by itself, and beside it its data as ``.npz``; the script's path is returned.

        Raises FileExistsError where a file of another kind has the name of the script or of its data, ValueError for
        the name of a module that is loaded with NumPy.
        """
        path, _ = destination("save", filename, None, ("py",), "draw() and explore() write pictures and pages")
        if path.stem == "numpy" or path.stem in {*sys.stdlib_module_names} & {*sys.modules}:
            raise error(
                ValueError,
                "save",
                got=shown(str(path), 300),
                rule=f"Python looks in the folder of a script first, where {path.name} would be found in place of its "
                "own module",
                cure="give the program another name, such as step.py",
            )
        data = path.with_suffix(".npz")
        _check_replaceable(path)
        _check_replaceable(data)
        number = hashlib.sha256(self.text.encode()).hexdigest()[:16]
        check_writable(path, len(self.text))  # an older script keeps its data where it cannot be replaced
        write_whole(data, lambda beside: self._save_data(beside, number), lambda: _check_replaceable(data))
        script = self.text + _MAIN.format(_MARK, number)
        write_whole(path, lambda beside: beside.write_text(script, "utf-8"), lambda: _check_replaceable(path))
        return path

    def _save_data(self, path: Path, number: str) -> None:
        with zipfile.ZipFile(path, "w") as archive:  # np.savez takes no array of the name file
            for name, array in {_MARK: np.array(number), **self.data}.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                    np.lib.format.write_array(file, np.asarray(array), allow_pickle=False)


_MARK = "of program"  # under this name, which no argument has, the data say which program they belong to


def _check_replaceable(file: Path) -> None:
    if not _may_be_replaced(file):
        raise error(
            FileExistsError,
            "save",
            got=f"{shown(str(file), 300)}, which no program wrote",
            rule="a script, and its data beside it with the suffix .npz, replace those of a program alone",
            cure="give the program another name, or move that file away",
        )


def _may_be_replaced(file: Path) -> bool:
    if not os.path.isfile(file):  # what is no file is refused where it is written
        return True
    try:
        if file.suffix != ".npz":
            content = file.read_bytes()
            return not content or f'data.pop("{_MARK}")'.encode() in content
        with zipfile.ZipFile(file) as archive:
            return f"{_MARK}.npy" in archive.namelist()
    except Exception:  # of zipfile: whatever an altered file brings about
        return False


_LONG = 80  # lines that a notebook shows as they are
_STYLE = (  # where a browser does not know light-dark(), the colours are those of the page
    f"color:light-dark({','.join(COLORS['text'])});background:light-dark({','.join(COLORS['bar'])});"
    "padding:4px 8px;border-radius:6px;overflow-x:auto;font-family:monospace"
)
_HEADING = re.compile(r"    # (?:---- (\w+) -+|(.+: \w+))$")


def _blocks(text: str) -> list[tuple[str | None, str]]:
    """A program in pieces, each with what it is folded under: its functions, and each call of a module."""
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("def step("))
    first = next((i for i, line in enumerate(lines) if line.startswith("def ")), start)
    functions = [line.split("(")[0].removeprefix("def ") for line in lines[first:start] if line.startswith("def ")]
    blocks: list[tuple[str | None, list[str]]] = [(None, lines[:first])]
    if functions:
        counted = either("functions: ", "个函数：") + either(", ", "、").join(functions)
        blocks.append((f"{len(functions)} {counted}", lines[first:start]))
    blocks.append((None, []))
    for line in lines[start:]:
        found = _HEADING.match(line)
        title = _layer(found[2]) if found and found[2] else None
        if (found and (title is None or title != blocks[-1][0])) or line.startswith("    return"):
            blocks.append((title, []))
        blocks[-1][1].append(line)
    size = either(" ({} lines)", "（{} 行）")
    return [(title and title + size.format(len(piece)), "\n".join(piece)) for title, piece in blocks]


def _layer(heading: str) -> str:
    """What a call is folded under: the layer of a stack that it lies in, or else itself."""
    numbered = re.match(r"[^:]*?\.\d+(?=[.:])", heading)
    return numbered[0] if numbered else heading


def _highlighted(text: str) -> str:
    """The text in colours of which the page takes the light or the dark ones, as its ``color-scheme`` says."""
    try:
        lexers, styles = (importlib.import_module(f"pygments.{part}") for part in ("lexers", "styles"))
        themes = [styles.get_style_by_name(name) for name in ("default", "github-dark")]
    except (ImportError, ValueError):  # it comes with every notebook, but not always with both styles
        return f"<pre>{html.escape(text)}</pre>"
    parts = []
    for kind, part in lexers.PythonLexer(stripnl=False).get_tokens(text):
        light, dark = (theme.style_for_token(kind)["color"] for theme in themes)
        color = f' style="color:light-dark(#{light},#{dark})"' if light and dark else ""
        parts.append(f"<span{color}>{html.escape(part)}</span>" if color else html.escape(part))
    return f"<pre>{''.join(parts)}</pre>"


@dataclass
class Code:
    """A program for the page: its ``text``, and where in it the lines of each step are, forward and backward.

    ``steps`` has the first line and the one after the last, of both ways, by the ids of nodes; lines count from 0.
    """

    text: str
    steps: dict[str, list[int]]


_MOST_NUMBERS = 5_000_000  # in all arrays of a graph: the program is found by running its rules


def code_of(graph: Graph) -> Code | None:
    """The program of a graph, by the ids of its nodes. None for what has no form in plain NumPy, and large graphs."""
    if sum(t.array.size for t in graph.tensors) > _MOST_NUMBERS:
        return None
    try:
        writer = Writer(graph, None)
        text, _ = writer.module()
    except (Unwritable, OSError):
        return None
    ids = zip(graph.tensors, graph.nodes, strict=True)
    steps = {n.id: [writer.before + i for i in writer.steps[t.number]] for t, n in ids if t.number in writer.steps}
    return Code(text, steps)


_MAIN = """

if __name__ == "__main__":
    from pathlib import Path

    data = dict(np.load(Path(__file__).with_suffix(".npz")))
    if data.pop("{}") != "{}":
        raise SystemExit("the data beside are of another program: save both again")
    loss, gradients = step(**data)
    print(f"loss {{loss.item():.6g}}")
    for name, gradient in gradients.items():
        print(f"|d {{name}}| = {{np.linalg.norm(gradient):.6g}}")
"""


def program(loss: Losses, path_to: Tensor | None = None) -> Program:
    """The step that computed ``loss``, forward and backward, as a module of plain NumPy.

    One statement stands on each line, first forward in the order in which it ran, then backward, in the names of the
    pictures. Elementary ops are written in their place, all others as calls of functions above, which are the ops'
    own definitions and rules. With ``path_to`` only the gradient of this Tensor is computed. It holds for arrays of the
    recorded shapes and types. What kernels compute in one pass is written as its definition, so that the last digits
    may differ there; everything else gives the same bits. Its comments are in the language of
    :class:`tinygrad_tf.language`.
    Raises RuntimeError for a graph that ``backward()`` has freed, ValueError if no gradient reaches ``path_to``.

    >>> X = Tensor([[1.0, 2.0]], name="X")
    >>> W = Tensor([[3.0], [4.0]], requires_grad=True, name="W")
    >>> step = program((X @ W).sum())
    >>> step.run()[1]["W"].tolist()
    [[1.0], [2.0]]
    """
    graph = capture(checked_losses("program", loss), variables_of(sys._getframe(1)))
    checked_number(graph.tensors[-1])
    end = None if path_to is None else checked_end("program", graph, path_to)
    try:
        return Program(*Writer(graph, end).module())
    except (Unwritable, OSError) as problem:
        raise error(
            RuntimeError,
            "program",
            got=f"an op whose source cannot be read: {problem}" if isinstance(problem, OSError) else str(problem),
            rule="it is written from the definitions and the rules of the ops, in operators, methods and functions of "
            "NumPy",
            cure="write the op as two functions in a file, of Tensors and settings alone",
        ) from None
