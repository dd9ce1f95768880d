"""Which file a picture or a page is written to, and in which format: by the suffix of its name."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from ..errors import error, shown


def destination(
    op: str, filename: str | os.PathLike[str], format: str | None, known: Sequence[str], instead: str
) -> tuple[Path, str]:
    """The file and the format, one of ``known``, whose first is taken where neither the name nor ``format`` says one.

    ``format`` is added as a suffix unless it is there. What follows the last dot of a name is taken for a format if it
    is one, and for a mistake if it looks like one; ``run_1.2`` and ``encoder.weight`` are names.
    Raises TypeError for what is no path, ValueError for a path without a name, and for a format that is not among
    ``known``; ``instead`` says what writes other ones.

    >>> [str(destination("save", name, None, ("svg", "png"), "")[0]) for name in ("run_1.2", "DW.PNG")]
    ['run_1.2.svg', 'DW.PNG']
    """
    is_path = isinstance(filename, (str, os.PathLike))
    path = Path(filename if is_path else "")
    if not path.name:
        raise error(
            ValueError if is_path else TypeError,
            op,
            got=f"filename {shown(filename)}",
            rule="a file has a name, a text or a Path",
            cure=f"write dW.{known[0]}",
        )
    suffix = path.suffix[1:].lower()
    wanted = str(format or (suffix if suffix in known or _looks_like_one(suffix) else known[0])).lower()
    if wanted not in known:
        *most, last = [f".{suffix}" for suffix in known]
        raise error(
            ValueError,
            op,
            got={"format": repr(format)} if format else {"filename": repr(path.name)},
            rule=f"it writes {', '.join(most)} and {last}" if most else f"it writes {last}",
            cure=f"write {path.stem}.{known[0]}; {instead}",
        )
    return path if suffix == wanted else path.with_name(f"{path.name}.{wanted}"), wanted


def _looks_like_one(suffix: str) -> bool:
    return bool(re.fullmatch(r"[a-z][a-z0-9]{1,4}", suffix))
