"""PyTorch's ``torch.utils``, as far as training a Transformer needs it: data sets and their loader."""

from . import data

__all__ = ["data"]
