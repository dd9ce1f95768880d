"""Data sets: what gives a sample for an index, or one sample after the other."""

from __future__ import annotations

import bisect
import itertools
import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from ....autograd import Tensor
from ....errors import error, unwritten
from ....ops.makers import as_tensor
from ....random import generator_of
from ....wording.languages import translated

T_co = TypeVar("T_co", covariant=True)


class Dataset(Generic[T_co]):
    """The base of a data set: a subclass gives a sample for an index, and with ``__len__`` says how many there are.

    ``a + b`` is both, one after the other.

    >>> class Squares(Dataset):
    ...     def __len__(self):
    ...         return 4
    ...     def __getitem__(self, i):
    ...         return i * i
    >>> list(DataLoader(Squares(), batch_size=2))[1].tolist()
    [4, 9]
    """

    def __getitem__(self, index: Any) -> T_co:
        raise unwritten(self, "__getitem__(self, index)")

    def __add__(self, other: Dataset[Any]) -> Dataset[Any]:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co], Iterable[T_co]):
    """The base of a data set that is a stream: a subclass gives one sample after the other with ``__iter__``.

    >>> class Lines(IterableDataset):
    ...     def __iter__(self):
    ...         return iter(["one", "two", "three"])
    >>> list(DataLoader(Lines(), batch_size=2))
    [['one', 'two'], ['three']]
    """

    def __iter__(self) -> Iterator[T_co]:
        raise unwritten(self, "__iter__(self)")

    def __add__(self, other: Dataset[Any]) -> Dataset[Any]:
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Sample i is entry i of each Tensor. Arrays become Tensors. Raises AssertionError for other numbers of entries.

    >>> x, y = TensorDataset(Tensor([[1.0], [2.0]]), Tensor([3.0, 4.0]))[1]
    >>> x.tolist(), y.item()
    ([2.0], 4.0)
    """

    def __init__(self, *tensors: Any) -> None:
        self.tensors = tuple(as_tensor(t) for t in tensors)
        lengths = [t.shape[:1] for t in self.tensors]
        if not lengths or () in lengths or len(set(lengths)) > 1:
            raise error(
                AssertionError,
                "TensorDataset",
                got=f"Tensors of shapes {', '.join(str(t.shape) for t in self.tensors) or 'none at all'}",
                rule="the first axis counts the samples, as many in each Tensor",
                cure="cut them to one length, as X[:n], Y[:n]",
            )

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(t[index] for t in self.tensors)

    def __len__(self) -> int:
        return self.tensors[0].shape[0]


class Subset(Dataset[T_co]):
    """The samples of another data set that stand at ``indices``, in their order.

    >>> Subset("abcde", [3, 1])[0]
    'd'
    """

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset, self.indices = dataset, indices
        if type(self).__getitem__ is not Subset.__getitem__ and type(self).__getitems__ is Subset.__getitems__:
            raise error(
                NotImplementedError,
                type(self).__name__,
                got="a __getitem__ of its own without a __getitems__",
                rule="a DataLoader takes whole batches of a Subset by __getitems__",
                cure="add def __getitems__(self, indices): return [self[i] for i in indices]",
            )

    def __getitem__(self, index: Any) -> T_co:
        place: Any = [self.indices[i] for i in index] if isinstance(index, list) else self.indices[index]
        return self.dataset[place]

    def __getitems__(self, indices: list[int]) -> list[T_co]:
        """The samples of a batch."""
        return fetch(self.dataset, [self.indices[i] for i in indices])

    def __len__(self) -> int:
        return len(self.indices)


class ConcatDataset(Dataset[T_co]):
    """Several data sets, one after the other. Raises AssertionError for none, and for streams.

    >>> ConcatDataset(["ab", "cde"])[3]
    'd'
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        streams = [d for d in self.datasets if isinstance(d, IterableDataset)]
        if streams or not self.datasets:
            raise error(
                AssertionError,
                "ConcatDataset",
                got=f"a {type(streams[0]).__name__}, which is a stream" if streams else "no data set",
                rule="it joins data sets that have a length, at least one",
                cure="write ChainDataset([…]) for streams" if streams else "give a list of data sets",
            )
        self.cumulative_sizes = list(itertools.accumulate(len(d) for d in self.datasets))

    def __getitem__(self, index: int) -> T_co:
        if index < -len(self):
            raise error(
                ValueError,
                "ConcatDataset",
                got={"index": index},
                rule=f"there are {len(self)} samples",
                cure=f"count from -{len(self)} to {len(self) - 1}",
            )
        index += len(self) if index < 0 else 0
        part = bisect.bisect_right(self.cumulative_sizes, index)
        if part == len(self.datasets):
            raise error(  # which also ends a loop over the samples
                IndexError,
                "ConcatDataset",
                got={"index": index},
                rule=f"there are {len(self)} samples",
                cure=f"count from -{len(self)} to {len(self) - 1}",
            )
        return self.datasets[part][index - (self.cumulative_sizes[part - 1] if part else 0)]

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]


class ChainDataset(IterableDataset[T_co]):
    """Several streams, one after the other.

    >>> list(ChainDataset([[1, 2], [3]]))
    [1, 2, 3]
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = datasets

    def __iter__(self) -> Iterator[T_co]:
        return itertools.chain.from_iterable(self.datasets)

    def __len__(self) -> int:
        return sum(len(d) for d in self.datasets)


def fetch(dataset: Any, indices: list[int]) -> list[Any]:
    """The samples at ``indices``: by one call of ``__getitems__`` where the data set has it, else one by one.

    >>> fetch("abc", [2, 0])
    ['c', 'a']
    """
    at_once = getattr(dataset, "__getitems__", None)
    if not callable(at_once):
        return [dataset[i] for i in indices]
    samples: list[Any] = at_once(indices)
    if len(samples) != len(indices):
        raise error(
            ValueError,
            f"{type(dataset).__name__}.__getitems__",
            got=f"{len(indices)} indices, and gave {len(samples)} samples",
            rule="it gives one sample for each index",
            cure="return a list of as many samples, in the order of the indices",
        )
    return samples


def random_split(dataset: Any, lengths: Sequence[float], generator: Any = None) -> list[Subset[Any]]:
    """Parts of a data set, its samples shared out at random: of these lengths, or of fractions that sum to 1.

    What fractions leave over goes to the parts in turn, one sample each. Raises ValueError for lengths that do not sum
    to the number of samples.

    >>> [len(part) for part in random_split(range(11), [0.5, 0.3, 0.2])]
    [6, 3, 2]
    """
    n = len(dataset)
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1 and all(0 <= x <= 1 for x in lengths):
        sizes = [math.floor(n * fraction) for fraction in lengths]
        left_over = n - sum(sizes)
        sizes = [size + (left_over - i + len(sizes) - 1) // len(sizes) for i, size in enumerate(sizes)]
        for i, size in enumerate(sizes):
            if size == 0:
                warnings.warn(translated(f"random_split: part {i} has no samples, of {n} in all"), stacklevel=2)
    else:
        sizes = [int(size) for size in lengths]
    if sum(sizes) != n or min(sizes, default=0) < 0 or any(size % 1 for size in lengths if size > 1):
        raise error(
            ValueError,
            "random_split",
            got=f"lengths {list(lengths)} for {n} samples",
            rule="lengths are whole numbers that sum to the number of samples, or fractions that sum to 1",
            cure=f"write [n, {n} - n], or [0.9, 0.1]",
        )
    order = iter(generator_of(generator).permutation(n).tolist())
    return [Subset(dataset, list(itertools.islice(order, size))) for size in sizes]
