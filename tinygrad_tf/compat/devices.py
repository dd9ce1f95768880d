"""PyTorch's names for devices, for lines such as ``device("cuda" if cuda.is_available() else "cpu")``."""

from __future__ import annotations

from ..ops.conversion import check_device


class device(str):
    """The name of a device. The only one is "cpu"; another raises ValueError.

    >>> device("cpu:0").type, device("cpu:0").index
    ('cpu', 0)
    """

    __slots__ = ()

    def __new__(cls, type: str = "cpu", index: int | None = None) -> device:
        check_device("device", type)
        return super().__new__(cls, type if index is None else f"{type}:{index}")

    @property
    def type(self) -> str:
        """The kind of device, "cpu"."""
        return self.partition(":")[0]

    @property
    def index(self) -> int | None:  # type: ignore[override]  # PyTorch's, in the place of str's method
        """The number after the colon, None without one."""
        number = self.partition(":")[2]
        return int(number) if number else None


CPU = device("cpu")
