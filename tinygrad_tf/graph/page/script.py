"""ES modules put together as one script, without a bundler: each after those that it imports.

The imports and the word ``export`` are left out. That works for files in which an import names what another file
exports, no circle of imports leads back to a file, and a name stands for one thing in all of them. What does not keep
to that is refused.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass

from ...errors import error

Read = Callable[[str], str]

_IMPORT = re.compile(r'(?m)^import (?:\{([\w\s,]+)\}|(\w+)) from "(\.[\w/.]+)"(?: with \{ type: "json" \})?;$')
_DECLARED = re.compile(r"(?m)^(export )?(?:async )?(?:function|const|let|class) (\w+)")
_LEFT = re.compile(r"(?m)^(?:import|export)\b.*")


@dataclass
class Module:
    """A file without its imports and exports: ``imports`` has the names by file, ``declared`` all of its own names."""

    path: str
    code: str
    imports: dict[str, list[str]]
    declared: set[str]
    exported: set[str]


def put_together(start: str, read: Read) -> str:
    r"""The module ``start`` and all that it imports, in strict mode. ``read`` gives the text of a file.

    >>> files = {"a.js": 'import { two } from "./b.js";\nstart(two);', "b.js": "// why\nexport const two = 2;"}
    >>> print(put_together("a.js", files.__getitem__))
    "use strict";
    const two = 2;
    start(two);
    """
    modules = in_order(start, read)
    check(modules)
    return "\n".join(['"use strict";', *[bare(m.code) for m in modules]])


def in_order(start: str, read: Read) -> list[Module]:
    """The module ``start`` as the last, each of the others after those that it imports."""
    found: dict[str, Module] = {}
    _add(found, read, start, [], [])
    return list(found.values())


def _add(found: dict[str, Module], read: Read, path: str, names: list[str], way: list[str]) -> None:
    """Put the module at ``path`` in, after those that it imports. ``way`` are the files that led here."""
    if path in way:
        raise error(
            ImportError,
            path,
            got=f"an import of itself: {' → '.join([*way[way.index(path) :], path])}",
            rule="a file stands after those that it imports, which a circle does not allow",
            cure="move what both ends need into a file that both import",
        )
    if path in found:
        return
    try:
        module = parse(path, read(path), names)
    except (FileNotFoundError, KeyError):
        raise error(
            ImportError,
            way[-1] if way else path,
            got=f"an import of {', '.join(names)} from {path}",
            rule="the file must be there",
            cure="look at the path, which is relative to the file that imports",
        ) from None
    for imported, wanted in module.imports.items():
        _add(found, read, imported, wanted, [*way, path])
    found[path] = module


def parse(path: str, text: str, names: list[str]) -> Module:
    """The module at ``path``. A JSON is one constant, of the name under which it is imported."""
    if path.endswith(".json"):
        return Module(path, f"const {names[0]} = {text.strip()};", {}, {names[0]}, {names[0]})
    imports = {beside(path, m[3]): re.findall(r"\w+", m[1] or m[2]) for m in _IMPORT.finditer(text)}
    code = _IMPORT.sub("", text)
    declared = {m[2]: bool(m[1]) for m in _DECLARED.finditer(code)}
    code = _DECLARED.sub(lambda m: m[0].removeprefix("export "), code)
    if left := _LEFT.search(code):
        raise error(
            ImportError,
            path,
            got=left[0],
            rule="an import lists names of a file; what is exported is a function, a constant or a class",
            cure='write import { a, b } from "./file.js"; or export function a()',
        )
    return Module(path, code, imports, set(declared), {name for name, exported in declared.items() if exported})


def beside(path: str, relative: str) -> str:
    """The file that ``path`` calls ``relative``."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), relative))


def check(modules: list[Module]) -> None:
    """Refuse an import of what is not exported, and a name that two files give."""
    exports = {m.path: m.exported for m in modules}
    owner: dict[str, str] = {}
    for m in modules:
        for path, names in m.imports.items():
            for name in names:
                if name not in exports[path]:
                    raise error(
                        ImportError,
                        m.path,
                        got=f"an import of {name} from {path}",
                        rule=f"that exports {', '.join(sorted(exports[path])) or 'nothing'}",
                        cure="import one of those, or export it there",
                    )
        for name in sorted(m.declared):
            if name in owner:
                raise error(
                    ImportError,
                    m.path,
                    got=f"a second {name}",
                    rule=f"in one script a name stands for one thing, and {owner[name]} has it",
                    cure="rename one of the two",
                )
            owner[name] = m.path


def bare(code: str) -> str:
    """Without comments and indentation: the page is for reading its picture, the files for reading the code."""
    lines = [line.strip() for line in code.splitlines()]
    return "\n".join([line for line in lines if line and not line.startswith("//")])
