"""Values of a type or a meaning that a function does not know, and what is chosen by name; rows as in mistakes."""

import sys
from unittest import mock

from tinygrad_tf import kernels, optim
from tinygrad_tf.compat.utils import data
from tinygrad_tf.kernels import choice

from .mistakes import x


def without_numba():
    compiled = [name for name in sys.modules if name.startswith("tinygrad_tf.kernels.compiled")]
    hidden = {"numba": None, **dict.fromkeys(compiled)}
    with mock.patch.dict(choice._sets), mock.patch.dict(sys.modules, hidden):
        choice._sets.pop("compiled", None)
        kernels.use("compiled")


class Unwritten(optim.lr_scheduler.LRScheduler):
    """A schedule that does not say what its factor is."""


KERNELS = [
    ("kernels of another name", lambda: kernels.use("fast"), ValueError,
     "kernels.use got name 'fast'", 'there are "numpy" and "compiled"', 'use("compiled")'),
    ("no Numba", without_numba, ImportError,
     "kernels.use got 'compiled': ", "compiled by Numba", "tinygrad_tf[fast]"),
]  # fmt: skip

UNWRITTEN = [
    ("a schedule without a factor", lambda: Unwritten(optim.SGD([x(2)], 0.1)), NotImplementedError,
     "Unwritten got no factor() of its own", "a subclass writes factor()", "def factor(self, step)"),
    ("a data set without samples", lambda: data.Dataset()[0], NotImplementedError,
     "Dataset got no __getitem__() of its own", "a subclass writes", "def __getitem__(self, index)"),
    ("a stream without samples", lambda: iter(data.IterableDataset()), NotImplementedError,
     "IterableDataset got no __iter__() of its own", "a subclass writes", "def __iter__(self)"),
    ("a sampler without indices", lambda: iter(data.Sampler()), NotImplementedError,
     "Sampler got no __iter__() of its own", "a subclass writes", "def __iter__(self)"),
    ("a sample beyond the last", lambda: data.ConcatDataset(["ab", "c"])[3], IndexError,
     "ConcatDataset got index 3", "there are 3 samples", "from -3 to 2"),
    ("an argument of uniform_ that is none", lambda: x(2).detach().uniform_(low=0.0), TypeError,
     "uniform_ got an unknown 'low'", "from, to and generator", "t.uniform_(0, 1)"),
]  # fmt: skip

TABLES = {"kernels": KERNELS, "what a subclass writes": UNWRITTEN}
