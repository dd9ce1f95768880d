"""PyTorch's ``multiprocessing``, to import. What it starts is started by :mod:`tinygrad_tf.parallel`."""

import sys

from .names import open_to

open_to(sys.modules[__name__], "multiprocessing")
