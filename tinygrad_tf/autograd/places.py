"""Where something was computed: in which call of a module, and by which call in the user's code.

Both are noted as they are, a reference and a number. What they say, the names of modules and of variables, is looked up
when a picture is drawn.
"""

from __future__ import annotations

import os
import types
from pathlib import Path
from typing import TypeAlias


class Scope(str):
    """The path of a module from the one that was called from outside, ``"layers.0.linear1"``; a new one for each call.

    ``outer`` is the scope of the module that called, ``kind`` the class, ``method`` what was called of it, ``site``
    where the user's code called it.
    """

    __slots__ = ("kind", "method", "outer", "site")

    kind: str
    method: str
    outer: Scope | None
    site: Site | None


#: Where a call stands: the code object and the place in it, and the same of the function around that call. For one of
#: several results of a call their place among them comes last.
Site: TypeAlias = tuple[types.CodeType, int, types.CodeType, int] | tuple[types.CodeType, int, types.CodeType, int, int]

_PACKAGE = str(Path(__file__).parents[1]) + os.sep


def is_ours(code: types.CodeType) -> bool:
    """Whether code is this package's own, and not its user's."""
    return code.co_filename.startswith(_PACKAGE)


def site_of(frame: types.FrameType) -> Site:
    """Where the call stands that a frame has reached. What it calls the result is looked up when somebody asks."""
    outer = frame.f_back or frame
    return frame.f_code, frame.f_lasti, outer.f_code, outer.f_lasti
