"""What the ranks share lies elsewhere: an optimiser's state that is in parts, and parameters that are views."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NoReturn

from ..errors import error


class Apart(defaultdict[Any, Any]):
    """The state of an optimiser of which each rank has a part. Whoever reads it, or steps by it, is told so.

    ``parts`` says whether there is any: plain SGD has none, which may be saved.
    """

    def __init__(self, parts: bool) -> None:
        super().__init__(dict)
        self.parts = parts

    def _tell(self, *_: Any) -> NoReturn:
        raise error(
            RuntimeError,
            "an optimiser that is shared",
            got="its state, of which each rank has a part",
            rule="the ranks' parts come together by collect(), until the next step",
            cure="call shared.collect() on all ranks before you save, copy or close; step by shared.step()",
        )

    setdefault = __missing__ = _tell

    def items(self) -> Any:
        return self._tell() if self.parts else super().items()


def no_longer_shared(name: str, got: str) -> Exception:
    """For parameters or a state that somebody has put in the place of what the ranks share."""
    return error(
        RuntimeError,
        name,
        got=got,
        rule="from share() on the ranks change one memory, with the parameters and the state that were there",
        cure="write into a parameter's array, or call close() on all ranks, change it, and share() again",
    )
