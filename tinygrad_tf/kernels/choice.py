"""Which kernels run: NumPy's, or those that Numba compiles. One table of pairs, which :func:`use` fills."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType

from ..errors import error
from .pair import Backward, Forward, Kernel

#: The kernels that run, by the names of their ops.
KERNELS: dict[str, Kernel] = {}

_sets: dict[str, Mapping[str, tuple[Forward, Backward]]] = {}
_chosen = ["numpy"]


def offer(name: str, pairs: Mapping[str, tuple[Forward, Backward]]) -> None:
    """Make a set of kernels known to :func:`use`."""
    _sets[name] = pairs


def chosen() -> str:
    """The name of the kernels that run, "numpy" or "compiled"."""
    return _chosen[0]


class use:
    """Choose the kernels of all fused ops: ``use("compiled")`` or ``use("numpy")``, for good or for a ``with`` block.

    It holds in all threads: it is chosen for a machine, and changes no more than the last digits. Blocks of several
    threads at once leave what the last of them goes back to.
    Both save the same arrays for the way back, so that a graph made with one can be differentiated with the other.
    Raises ImportError for "compiled" without Numba, ValueError for other names.

    >>> with use("numpy"):
    ...     chosen()
    'numpy'
    """

    def __init__(self, name: str) -> None:
        self.before = _chosen[0]
        self._set(name)

    def _set(self, name: str) -> None:
        if name == "compiled" and name not in _sets:
            try:
                from .compiled import PAIRS  # imports Numba
            except ImportError as problem:
                raise error(
                    ImportError,
                    "kernels.use",
                    got=f"{name!r} (Python: {problem})",
                    rule="these kernels are compiled by Numba",
                    cure='pip install "tinygrad_tf[fast]"',
                ) from None
            offer(name, PAIRS)
        if name not in _sets:
            raise error(
                ValueError,
                "kernels.use",
                got={"name": repr(name)},
                rule='there are "numpy" and "compiled"',
                cure='write use("compiled")',
            )
        for op, (forward, backward) in {**_sets["numpy"], **_sets[name]}.items():
            kernel = KERNELS.setdefault(op, Kernel(forward, backward))
            kernel.forward, kernel.backward = forward, backward
        _chosen[0] = name

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, where: TracebackType | None
    ) -> None:
        self._set(self.before)
