"""The messages of the package, and which of them have no Chinese: ``python tests/messages.py`` lists those.

``python tests/messages.py more.json`` adds the entries of that file to ``tinygrad_tf/wording/chinese.json``, where
they are said, takes out what is no longer said, and puts the entries in order.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import tinygrad_tf

ROOT = Path(tinygrad_tf.__file__).parent
FILE = ROOT / "wording" / "chinese.json"
#: What is code, or a command, is the same in every language, and so is a single word beside the places.
CODE = re.compile(
    r"pip install .*|(write|give)( e\.g\.| for example)? (?!.* (or|for|to|of|and|the|with|which) ).*"
    r"|[^ ]+|[^a-z]*[a-z_]*[^a-z]*"
)


def catalogue() -> dict[str, str]:
    return dict(json.loads(FILE.read_text(encoding="utf-8")))


def english(node: ast.Constant | ast.JoinedStr) -> str:
    """The text of a literal, with numbered places for what an f-string puts in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    places = (f"{{{i}}}" for i in range(len(node.values)))
    return "".join(part.value if isinstance(part, ast.Constant) else next(places) for part in node.values)


def literals() -> Iterator[tuple[str, bool]]:
    """Each text that stands in the package, and whether it stands in a call of ``error()``."""
    for path in sorted(ROOT.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "error"]
        said = {id(x) for call in calls for x in [*call.args[2:], *(k.value for k in call.keywords)]}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
                yield english(node), id(node) in said


def without_chinese() -> list[str]:
    """What ``error()`` is given in English and has no Chinese."""
    known, said = catalogue(), {text for text, in_error in literals() if in_error}
    return sorted(text for text in said if text not in known and not CODE.fullmatch(text))


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
