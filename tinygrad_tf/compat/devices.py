"""PyTorch's names for devices, for lines such as ``device("cuda" if cuda.is_available() else "cpu")``."""

from __future__ import annotations

from ..ops.conversion import check_device


class device(str):
    """The name of a device. The only one is "cpu"; another raises ValueError.

    >>> device("cpu").type
    'cpu'
    """

    __slots__ = ()

    def __new__(cls, name: str = "cpu") -> device:
        check_device("device", name)
        return super().__new__(cls, name)

    @property
    def type(self) -> str:
        return self.partition(":")[0]


class cuda:
    """NumPy computes on the CPU: there is no other device to ask for.

    >>> cuda.is_available()
    False
    """

    @staticmethod
    def is_available() -> bool:
        return False
