"""The messages of the package, and which of them have no Chinese: ``python tests/messages.py`` lists those.

``python tests/messages.py more.json`` adds the entries of that file to ``tinygrad_tf/wording/chinese.json``, where
they are said, takes out what is no longer said, and puts the entries in order.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeGuard

import tinygrad_tf

ROOT = Path(tinygrad_tf.__file__).parent
FILE = ROOT / "wording" / "chinese.json"
#: What is code, or a command, is the same in every language, and so is a single word beside the places.
CODE = re.compile(
    r"pip install .*|(write|give)( e\.g\.| for example)? (?!.* (or|for|to|of|and|the|with|which) ).*"
    r"|[^ ]+|[^a-z]*[a-z_]*[^a-z]*|\w+\([\w, ]*\)"
)


#: What gives its text in the language that is chosen, and what hands it on to one of these.
TRANSLATING = ("error", "translated", "either")
TELLING = ("warn", "print", "say")
SAYING = ("error", "translated", "refuse")
NEVER = "never shown: it is caught within the package"
WITHIN = "said within an error that is explained, whose Chinese has a place for it"
#: Texts that are raised as they stand: by the folder or file and the class, why.
EXEMPT = {
    ("formula/", "Unreadable"): NEVER,
    ("graph/worked/", "Unknown"): NEVER,
    ("autograd/rule.py", "OSError"): WITHIN,
    ("compat/context.py", "OSError"): NEVER,
    ("autograd/walk.py", "RuntimeError"): "a mark, which is not run",
    ("program/programs.py", "RuntimeError"): "a mark, which is not run",
    ("compat/context.py", "RuntimeError"): "a mark, which is not run",
    ("program/compiling.py", "AttributeError"): "Python's own, by which hasattr() knows",
    ("program/", "Unwritable"): WITHIN,
    ("graph/statements.py", "Unwritable"): WITHIN,
    ("contents.py", "ValueError"): WITHIN,
    ("compat/plain.py", "ValueError"): WITHIN,
    ("compat/packing.py", "ValueError"): WITHIN,
    ("compat/files.py", "ValueError"): WITHIN,
    ("compat/pickles.py", "ValueError"): WITHIN,
    ("compat/pickles.py", "TypeError"): WITHIN,
    ("compat/pickles.py", "IndexError"): WITHIN,
    ("compat/pytorch_files.py", "ValueError"): WITHIN,
    ("compat/pytorch_files.py", "TypeError"): WITHIN,
    ("compat/pytorch_names.py", "ValueError"): WITHIN,
}  # fmt: skip


def catalogue() -> dict[str, str]:
    return dict(json.loads(FILE.read_text(encoding="utf-8")))


def english(node: ast.Constant | ast.JoinedStr) -> str:
    """The text of a literal, with numbered places for what an f-string puts in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    places = (f"{{{i}}}" for i in range(len(node.values)))
    return "".join(part.value if isinstance(part, ast.Constant) else next(places) for part in node.values)


def is_text(node: ast.AST) -> TypeGuard[ast.Constant | ast.JoinedStr]:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def name_of(node: ast.AST) -> str:
    """What is called: ``warn`` for ``warnings.warn(…)``, and for what is no call nothing."""
    function = node.func if isinstance(node, ast.Call) else None
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def given(call: ast.Call) -> list[ast.expr]:
    """What a call is given; of ``error(kind, op, …)`` what is said."""
    return [*call.args[1 if name_of(call) == "error" else 0 :], *(k.value for k in call.keywords)]


def said_in(tree: ast.AST) -> Iterator[ast.AST]:
    """The texts that are said; and what the variables in them are made of, in the same function."""
    for scope in ast.walk(tree):
        if isinstance(scope, (ast.FunctionDef, ast.Module)):
            calls = [n for n in ast.walk(scope) if isinstance(n, ast.Call) and name_of(n) in SAYING]
            arguments = [x for call in calls for x in given(call)]
            names = {n.id for x in arguments for n in ast.walk(x) if isinstance(n, ast.Name)}
            variables = assigned(scope, names) if isinstance(scope, ast.FunctionDef) else ()
            yield from (text for _, text in texts_in([*arguments, *variables], ""))


def assigned(function: ast.FunctionDef, names: set[str]) -> Iterator[ast.AST]:
    """What is assigned to these names in a function."""
    for node in ast.walk(function):
        if isinstance(node, (ast.Assign, ast.AugAssign)):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name) and target.id in names:
                    yield node.value
                elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = zip(target.elts, node.value.elts, strict=False)
                    yield from (value for t, value in pairs if isinstance(t, ast.Name) and t.id in names)


def texts_in(nodes: Iterable[ast.AST], name: str) -> Iterator[tuple[str, ast.Constant | ast.JoinedStr]]:
    """The texts in what is given to ``name``, each with what it is given to; not those that are translated there."""
    for node in nodes:
        if is_text(node):
            yield name, node
            choices = [n.value for n in ast.walk(node) if isinstance(n, ast.FormattedValue)]
            yield from texts_in([choice for choice in choices if isinstance(choice, ast.IfExp)], name)
        elif name_of(node) not in TRANSLATING:
            inner = name_of(node)
            yield from texts_in(ast.iter_child_nodes(node), name if inner in ("", "str", "format", "join") else inner)


def plain(tree: ast.AST) -> Iterator[tuple[str, ast.Constant | ast.JoinedStr]]:
    """The texts that are raised, warned of or printed: each with the class or the function that it is given to."""
    for node in ast.walk(tree):
        call = node.exc if isinstance(node, ast.Raise) else node if name_of(node) in TELLING else None
        if isinstance(call, ast.Call) and name_of(call) not in TRANSLATING:
            yield from texts_in(call.args, name_of(call))


def plain_texts() -> Iterator[tuple[str, str, str]]:
    """Of the whole package what a class or a print is given as it stands: the file, who is given it, and the text."""
    for path, tree in trees():
        for name, text in plain(tree):
            if (name[0].isupper() or name in TELLING) and not CODE.fullmatch(english(text)):
                yield path.relative_to(ROOT).as_posix(), name, english(text)


def trees() -> Iterator[tuple[Path, ast.AST]]:
    for path in sorted(ROOT.rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def literals() -> Iterator[tuple[str, bool]]:
    """Each text that stands in the package, and whether the reader gets to see it as it stands."""
    for path, tree in trees():
        said = {id(x) for x in said_in(tree)}
        file = path.relative_to(ROOT).as_posix()
        said |= {id(text) for name, text in plain(tree) if exempt(file, name) in ("", WITHIN)}
        for node in ast.walk(tree):
            if is_text(node):
                yield english(node), id(node) in said


def without_chinese() -> list[str]:
    """What the reader is told in English and has no Chinese."""
    known, said = catalogue(), {text for text, is_said in literals() if is_said}
    return sorted(text for text in said if text not in known and not CODE.fullmatch(text))


def exempt(file: str, name: str) -> str:
    """Why a plain text may stand there; an empty text where it may not."""
    return next((why for (where, what), why in EXEMPT.items() if file.startswith(where) and name == what), "")


def no_longer_said(entries: dict[str, str]) -> list[str]:
    """The entries whose English stands nowhere in the package."""
    texts = "\n".join(text for text, _ in literals())
    return [text for text in entries if not all(part in texts for part in re.split(r"\{\d+\}", text))]


def main(more: list[str]) -> None:
    if more:
        entries = {**catalogue(), **json.loads(Path(more[0]).read_text(encoding="utf-8"))}
        for text in no_longer_said(entries):
            del entries[text]
        lines = [f"{json.dumps(text, ensure_ascii=False)}: {json.dumps(entries[text], ensure_ascii=False)}"
                 for text in sorted(entries, key=str.lower)]  # fmt: skip
        FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print("\n".join(["without Chinese:", *without_chinese(), "", "no longer said:", *no_longer_said(catalogue())]))


if __name__ == "__main__":
    main(sys.argv[1:])
