"""A chapter's code as its page shows it: what is to be learnt, and apart from it what only draws, tells and checks.

The statements of a chapter are told apart by what they use: whoever needs ``figure``, ``show``, ``finding`` or anything
else of demos/guide.py only makes the page, and is folded away. All texts "English | 中文" become one language.
"""

from __future__ import annotations

import ast
import io
import os
import re
import textwrap
import tokenize
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from guide import half

from .chapters import Cell
from .names import bound, changed, free

#: What of demos/guide.py belongs to the lesson; all else that it has makes the page.
LESSON = {"short", "OUT"}
WORDS = {"say", "show", "finding"}

Edit = tuple[int, int, str]  # from byte, to byte, what stands there instead


@dataclass
class Piece:
    """One statement of a chapter, with the comments before it."""

    node: ast.stmt
    cell: int  # which cell it is in, counted in code cells
    text: str  # its lines in the file
    gap: int  # empty lines before it
    drawing: bool = False  # it only draws, tells or checks
    lesson: str = ""  # what the page shows of it; nothing of what is drawing
    told: bool = False  # it is say or finding, of nothing that was made for drawing

    @property
    def calls(self) -> str:
        """The name of the function, if the statement is nothing but its call."""
        call = self.node.value if isinstance(self.node, ast.Expr) else None
        return call.func.id if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) else ""


def pieces(code: Sequence[Cell], source: str) -> list[Piece]:
    """The statements of a chapter's cells of code, told apart."""
    lines = source.splitlines(keepends=True)
    found = []
    body = ast.parse(source).body
    for number, cell in enumerate(code):
        nodes = [node for node in body if cell.first <= node.lineno <= cell.last]
        starts = [cell.first, *[node.end_lineno or 0 for node in nodes[:-1]]]
        ends = [*[node.end_lineno or 0 for node in nodes[:-1]], cell.last]
        for node, start, end in zip(nodes, starts, ends, strict=True):
            text = "".join(lines[start:end])
            found.append(Piece(node, number, text.strip("\n"), len(text) - len(text.lstrip("\n"))))
    _tell_apart(found)
    _fold_labels(found)
    _split_the_import(found)
    for piece in found:
        if not piece.drawing:
            piece.lesson = piece.lesson or lesson(piece.text)
    return found


def _tell_apart(found: Iterable[Piece]) -> None:
    """Mark what draws: it uses the guide's tools, or what such a statement has made or changed."""
    drawing: set[str] = set()
    for piece in found:
        node, names = piece.node, free(piece.node)
        if isinstance(node, ast.ImportFrom) and node.module == "guide":
            drawing |= bound(node) - LESSON
            piece.drawing = True
        elif piece.calls == "show":
            piece.lesson = _shows_itself(piece, drawing)
            piece.drawing = not piece.lesson
        elif piece.calls in WORDS:
            piece.drawing, piece.told = True, not names & (drawing - WORDS)
        elif names & (drawing - (WORDS - {"show"})) or (names & WORDS and not _without_words(node)):
            piece.drawing = True
            drawing |= bound(node) | changed(node)
        else:
            drawing -= bound(node)


def _fold_labels(found: Sequence[Piece]) -> None:
    """Mark texts, what makes texts, and imports that only what draws makes use of."""
    for i, piece in reversed(list(enumerate(found))):
        node = piece.node
        if piece.drawing or not isinstance(node, (ast.Assign, ast.FunctionDef, ast.Import, ast.ImportFrom)):
            continue
        kinds = (ast.JoinedStr,) if isinstance(node, ast.FunctionDef) else (ast.JoinedStr, ast.Constant)
        texts = any(isinstance(n, kinds) and isinstance(getattr(n, "value", ""), str) for n in ast.walk(node))
        users = list(_users(bound(node), found[i + 1 :]))
        needed_to_draw = any(user.calls not in ("say", "finding") for user in users)
        if isinstance(node, (ast.Import, ast.ImportFrom)) or (texts and needed_to_draw):
            piece.drawing = bool(users) and all(user.drawing for user in users)


def _users(names: set[str], later: Iterable[Piece]) -> Iterator[Piece]:
    """The pieces that read one of the names, until all are made anew."""
    names = set(names)
    for piece in later:
        if names & free(piece.node):
            yield piece
        if isinstance(piece.node, ast.Assign):
            names -= bound(piece.node)


def _split_the_import(found: Sequence[Piece]) -> None:
    """Keep of ``from guide import …`` what the lesson uses."""
    used = set().union(*(free(piece.node) for piece in found if not piece.drawing)) & (LESSON - {"short"})
    for piece in found:
        if isinstance(piece.node, ast.ImportFrom) and piece.node.module == "guide" and used & bound(piece.node):
            piece.lesson = f"from guide import {', '.join(sorted(used & bound(piece.node)))}"


def _shows_itself(piece: Piece, drawing: set[str]) -> str:
    """What ``show`` is given, where that is something to learn: ``graph.draw(L)`` and no figure; else nothing."""
    call: ast.Call = piece.node.value  # type: ignore[attr-defined]
    what = call.args[0].body if isinstance(call.args[0], ast.Lambda) else call.args[0]
    if free(what) & drawing:
        return ""
    segment = lambda node: ast.get_source_segment("\n" * first + piece.text, node) or ""
    first = (piece.node.end_lineno or 0) - piece.text.count("\n") - 1
    if isinstance(what, ast.Call):  # in the language of the page, which need not be said
        given = [*what.args, *what.keywords]
        kept = [x for x in given if not isinstance(value := getattr(x, "value", x), ast.Name) or value.id != "lang"]
        shown = f"{segment(what.func)}({', '.join(segment(x) for x in kept)})"
    else:
        shown = segment(what)
    comments = [line for line in piece.text.split("\n")[: -_height(call)] if line.lstrip().startswith("#")]
    return "\n".join([*comments, shown])


def _height(node: ast.expr) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


# ---- the text of one statement ---------------------------------------------------------------------------------------


def lesson(text: str) -> str:
    """A statement without words that stand below it, without marks for tools, and as the run that made the page had it.

    In the run for the tests ``60 if short else 600`` is ``60``; in the guide it is ``600``.
    """
    text = re.sub(r"  # (fmt|type|noqa): ?\S+", "", text)
    return _edited(text, _edits).strip("\n")


def _edited(text: str, edits: Callable[[ast.Module, bytes], Iterator[Edit]]) -> str:
    made, raw = bytearray(text.encode()), text.encode()
    done = len(raw) + 1
    for start, end, new in sorted(edits(ast.parse(text), raw), reverse=True):
        if end <= done:
            made[start:end], done = new.encode(), start
    return made.decode()


def _edits(tree: ast.Module, raw: bytes) -> Iterator[Edit]:
    starts = _line_starts(raw)
    at = lambda node, end=False: (starts[(node.end_lineno if end else node.lineno) - 1]
                                  + (node.end_col_offset if end else node.col_offset))  # fmt: skip
    short = bool(os.environ.get("TOUR_SHORT"))
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.IfExp) and _is_short(node.test):
            taken = node.orelse if short == isinstance(node.test, ast.UnaryOp) else node.body
            start, end = at(node), at(node, True)
            if raw[start - 1 : start] + raw[end : end + 1] == b"()" and not raw[start - 2 : start - 1].strip(b" [{=,"):
                start, end = start - 1, end + 1  # the brackets were those of the choice
            yield start, end, raw[at(taken) : at(taken, True)].decode()
        elif isinstance(node, ast.If) and _is_short(node.test):
            taken = node.orelse if short == isinstance(node.test, ast.UnaryOp) else node.body
            part = raw[starts[taken[0].lineno - 1] : starts[taken[-1].end_lineno or 0]].decode() if taken else ""
            yield starts[node.lineno - 1], starts[node.end_lineno or 0], lesson(textwrap.dedent(part))
        elif isinstance(node, ast.Expr) and _is_words(node):
            yield starts[node.lineno - 1], starts[node.end_lineno or node.lineno], ""
        else:
            todo += ast.iter_child_nodes(node)


def _line_starts(raw: bytes) -> list[int]:
    starts = [0]
    for line in raw.split(b"\n"):
        starts.append(starts[-1] + len(line) + 1)
    return starts


def _is_short(test: ast.expr) -> bool:
    test = test.operand if isinstance(test, ast.UnaryOp) else test
    return isinstance(test, ast.Name) and test.id == "short"


def _is_words(node: ast.stmt) -> bool:
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in WORDS


def _without_words(node: ast.stmt) -> bool:
    """Whether something is left of a statement without the words within it, and nothing left without a body."""
    bodies = [part for n in ast.walk(node) for name in ("body", "orelse", "finalbody")
              if isinstance(part := getattr(n, name, None), list) and part]  # fmt: skip
    return bool(bodies) and not any(all(_is_words(s) for s in body) for body in bodies)


def joined(texts: Iterable[tuple[int, str]]) -> str:
    """Statements below each other, each with its empty lines before it."""
    return "".join("\n" * (1 + gap) + text for gap, text in texts).strip("\n")


def in_language(code: str, lang: str) -> str:
    """Code whose comments and texts "English | 中文" are in one language."""
    lines = code.split("\n")
    for (first, start), (last, end) in reversed(list(_texts(code))):
        before, kept = lines[first - 1][:start], lines[last - 1][end:]
        text = "\n".join(lines[first - 1 : last])
        text = text[start : len(text) - len(kept)]
        lines[first - 1 : last] = (before + _half_of_token(text, lang) + kept).split("\n")
    return "\n".join(lines)


def _texts(code: str) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Where comments and texts begin and end. From Python 3.12 on an f-string is several tokens, one in the other."""
    depth, start = 0, (0, 0)
    for token in tokenize.generate_tokens(io.StringIO(code + "\n").readline):
        kind = tokenize.tok_name[token.type]
        if kind.endswith("STRING_START"):
            start = start if depth else token.start
            depth += 1
        depth -= kind.endswith("STRING_END")
        if depth == 0 and kind.endswith(("COMMENT", "STRING", "STRING_END")):
            yield start if kind.endswith("STRING_END") else token.start, token.end


def _half_of_token(text: str, lang: str) -> str:
    if text.startswith("#"):
        return "# " + half(text[1:].strip(), lang)
    before, quotes, inner = re.match(r"(?s)(\w*)('''|\"\"\"|'|\")(.*)\2$", text).groups()  # type: ignore[union-attr]
    indent = re.search(r"\n *$", inner)
    return f"{before}{quotes}{half(inner, lang)}{indent[0] if indent and lang == 'en' else ''}{quotes}"


def spoken(text: str) -> str:
    """Folded code with ... for the words of say, show and finding, which stand below it."""
    lines = text.replace("  # fmt: skip", "").split("\n")
    calls = [n.value for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Expr) and _is_words(n)]
    for call in sorted(calls, key=lambda c: -c.lineno):
        name = call.func.id  # type: ignore[attr-defined]
        first = "" if name == "say" else f"{ast.get_source_segment(text, call.args[0])}, "  # type: ignore[attr-defined]
        lines[call.lineno - 1 : call.end_lineno] = [f"{' ' * call.col_offset}{name}({first}...)"]
    return "\n".join(lines)
