"""PyTorch's ``version``: whether it was built for GPUs."""

from typing import Final

cuda: Final = None
hip: Final = None
