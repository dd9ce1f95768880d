"""Mistakes made with data sets and their loader; rows as in mistakes."""

import numpy as np

from tinygrad_tf.compat.utils import data
from tinygrad_tf.compat.utils.data.distributed import DistributedSampler


class Stream(data.IterableDataset):
    """Samples one after the other."""


class Ends(data.Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return next(iter(()))


class TooFew(data.Dataset):
    def __len__(self):
        return 4

    def __getitems__(self, indices):
        return indices[1:]


def overriding():
    class Part(data.Subset):
        def __getitem__(self, index):
            return None

    Part("abc", [0])


def setting():
    data.DataLoader("abc").batch_size = 2


LOADERS = [
    ("a data set shuffled and sampled", lambda: data.DataLoader("abc", shuffle=True, sampler=[1]), ValueError,
     "DataLoader got shuffle True", "a sampler says the order already", "leave shuffle out"),
    ("a stream shuffled", lambda: data.DataLoader(Stream(), shuffle=True), ValueError,
     "DataLoader got shuffle True", "comes in its own order", "leave shuffle out"),
    ("batches of no samples", lambda: data.DataLoader("abc", batch_size=0), ValueError,
     "got batch_size 0", "a whole number from 1 on", "batch_size=32"),
    ("a last batch that may be dropped", lambda: data.DataLoader("abc", drop_last="no"), ValueError,
     "got drop_last 'no'", "True or False", "drop_last=True"),
    ("a new size of batches", setting, ValueError,
     "DataLoader got a new batch_size", "stay what they were given as", "make a new DataLoader"),
    ("samples of several lengths", lambda: data.default_collate([np.ones(2), np.ones(3)]), RuntimeError,
     "samples of shapes (2,) and, at 1, (3,)", "has one shape", "pad the samples"),
    ("lists of several lengths", lambda: data.default_collate([[1, 2], [1]]), RuntimeError,
     "samples of 1 and of 2 entries", "of one length", "pad the samples"),
    ("samples of several kinds", lambda: data.default_collate([1, "a"]), TypeError,
     "samples of int, str", "of one kind", "the same kind for every index"),
    ("samples that cannot be stacked", lambda: data.default_collate([{1, 2}]), TypeError,
     "default_collate got a set", "Tensors, arrays, numbers, texts", "collate_fn"),
    ("an empty batch", lambda: data.default_collate([]), IndexError,
     "default_collate got no samples", "a first sample", "leave empty batches out"),
    ("a batch that lacks a sample", lambda: list(data.DataLoader(TooFew(), 2)), ValueError,
     "TooFew.__getitems__ got 2 indices, and gave 1 samples", "one sample for each index", "as many samples"),
    ("a data set that ends before its length", lambda: list(data.DataLoader(Ends())), RuntimeError,
     "DataLoader got a StopIteration, of Ends", "says where a loop ends", "return something for all"),
]  # fmt: skip

SETS = [
    ("Tensors of several lengths", lambda: data.TensorDataset(np.ones(2), np.ones(3)), AssertionError,
     "TensorDataset got Tensors of shapes (2,), (3,)", "as many in each Tensor", "cut them to one length"),
    ("a stream joined", lambda: data.ConcatDataset(["abc", Stream()]), AssertionError,
     "a Stream, which is a stream", "data sets that have a length", "ChainDataset"),
    ("a sample before the first", lambda: data.ConcatDataset(["abc", "de"])[-6], ValueError,
     "ConcatDataset got index -6", "there are 5 samples", "from -5 to 4"),
    ("a part with a __getitem__ of its own", overriding, NotImplementedError,
     "Part got a __getitem__ of its own", "by __getitems__", "add def __getitems__"),
    ("lengths that do not sum", lambda: data.random_split("abcde", [3, 3]), ValueError,
     "random_split got lengths [3, 3] for 5 samples", "sum to the number of samples", "[n, 5 - n]"),
    ("no samples to draw", lambda: data.RandomSampler([]), ValueError,
     "RandomSampler got num_samples 0", "from 1 on", "num_samples=32"),
    ("replacement by a number", lambda: data.RandomSampler("abc", replacement=2), TypeError,
     "RandomSampler got replacement 2", "True or False", "replacement=True"),
    ("a generator of Python's", lambda: data.RandomSampler("abc", generator=np.random.RandomState(0)), TypeError,
     "generator got generator RandomState", "it is a Generator", "manual_seed(0)"),
    ("a sampler for several processes, alone", lambda: DistributedSampler("abc"), ValueError,
     "DistributedSampler got num_replicas None, rank None", "no process group", "ranks.size"),
    ("a table of weights", lambda: data.WeightedRandomSampler(np.ones((2, 2)), 3), ValueError,
     "got weights (2, 2) float64", "one weight for each sample", "one row"),
    ("weights below 0", lambda: data.WeightedRandomSampler([1.0, -1.0], 3), RuntimeError,
     "got weights [ 1. -1.] for 3 samples", "finite and not below 0", "how often each sample is to come"),
]  # fmt: skip

TABLES = {"loaders": LOADERS, "data sets": SETS}
