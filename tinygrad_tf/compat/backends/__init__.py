"""PyTorch's ``backends``: settings of libraries that are not used here. They are accepted, and change nothing.

>>> cuda.matmul.allow_tf32 = True
>>> cudnn.benchmark = True
"""

from . import cuda, cudnn, mkldnn, mps

__all__ = ["cuda", "cudnn", "mkldnn", "mps"]
