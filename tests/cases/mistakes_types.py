"""Values of a type or a meaning that a function does not know, and what is chosen by name; rows as in mistakes."""

import sys
from unittest import mock

import tinygrad_tf as t
from tinygrad_tf import kernels, nn, optim
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
     "kernels.use got 'compiled' (Python: ", "compiled by Numba", "tinygrad_tf[fast]"),
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

MISFITS = [
    ("a text for a schedule's period", lambda: optim.lr_scheduler.StepLR(optim.SGD([x(2)], 0.1), "a"), TypeError,
     "StepLR got step_size 'a'", "step_size is a whole number", "step_size=1"),
    ("no optimiser", lambda: optim.lr_scheduler.StepLR("a", 2), TypeError,
     "StepLR got optimizer 'a'", "optimizer is of the class Optimizer", "an object of that class"),
    ("a number for parameters", lambda: optim.SGD(3, 0.1), TypeError,
     "SGD got params 3, lr 0.1", "its arguments are params", "help()"),
    ("a text for an initial value", lambda: nn.init.normal_(x(2).detach(), mean="a"), ValueError,
     "normal_ got mean 'a'", "mean is a number", "mean=0.0"),
    ("None for a weight", lambda: nn.init.kaiming_normal_(None), TypeError,
     "kaiming_normal_ got t None", "its arguments are t", "help()"),
    ("a text for a layer's input", lambda: nn.GELU()("a"), TypeError, "gelu got a str", "Tensors, arrays", "module(x)"),
    ("a text for a number of counts", lambda: t.bincount([1, 2], minlength="a"), TypeError,
     "bincount got minlength 'a'", "minlength is a whole number", "minlength=0"),
    ("a text for a bound", lambda: t.uniform("a", 1.0), ValueError,
     "uniform got low 'a'", "low is a number", "low=0.0"),
    ("a number for inputs", lambda: t.grad(x(2).sum(), 3), RuntimeError,
     "grad got input 3", "are Tensors", "compute"),
    ("a dict for a Tensor", lambda: x(2).expand_as({}), TypeError,
     "expand_as got other {}", "its arguments are self, other", "help()"),
]  # fmt: skip

TABLES = {"kernels": KERNELS, "what a subclass writes": UNWRITTEN, "arguments of another type": MISFITS}
