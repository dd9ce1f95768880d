"""Samplers: in which order the samples of a data set are taken.

What is random comes from the package's seeded generator, so ``manual_seed`` gives the same order twice, or from the
``generator`` that was given. The orders are not PyTorch's: that has another generator.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any, Generic, TypeVar

import numpy as np

from ....autograd import Tensor
from ....errors import error, shown, unwritten
from ....random import generator_of

T_co = TypeVar("T_co", covariant=True)


def check_count(op: str, name: str, value: Any) -> None:
    """Raise ValueError unless ``value`` is a whole number from 1 on."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 1:
        raise error(
            ValueError, op, got={name: value}, rule=f"{name} is a whole number from 1 on", cure=f"write {name}=32"
        )


_AT_ONCE = 1024  # indices that are drawn together


class Sampler(Generic[T_co]):
    """The base of all samplers: a subclass says with ``__iter__`` which indices come, or which lists of them.

    >>> class Backwards(Sampler):
    ...     def __init__(self, source):
    ...         self.source = source
    ...     def __iter__(self):
    ...         return iter(range(len(self.source) - 1, -1, -1))
    >>> list(Backwards("abc"))
    [2, 1, 0]
    """

    def __init__(self, data_source: Any = None) -> None:
        pass

    def __iter__(self) -> Iterator[T_co]:
        raise unwritten(self, "__iter__(self)")


class SequentialSampler(Sampler[int]):
    """0, 1, 2, … in order.

    >>> list(SequentialSampler("abc"))
    [0, 1, 2]
    """

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """All indices in a random order, or ``num_samples`` of them; with ``replacement`` each is drawn from all.

    More samples than there are, without replacement, give one order after the other. Raises ValueError for no sample.

    >>> sorted(RandomSampler(range(5)))
    [0, 1, 2, 3, 4]
    >>> len(list(RandomSampler(range(5), replacement=True, num_samples=8)))
    8
    """

    def __init__(
        self, data_source: Sized, replacement: bool = False, num_samples: int | None = None, generator: Any = None
    ) -> None:
        if not isinstance(replacement, bool):
            raise error(
                TypeError,
                "RandomSampler",
                got={"replacement": replacement},
                rule="replacement is True or False",
                cure="write replacement=True to draw each sample from all",
            )
        generator_of(generator)
        self.data_source, self.replacement = data_source, replacement
        self._num_samples, self.generator = num_samples, generator
        check_count("RandomSampler", "num_samples", self.num_samples)

    @property
    def num_samples(self) -> int:
        """How many are drawn: the number given, or the size that the data set has now."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        rng, n, wanted = generator_of(self.generator), len(self.data_source), self.num_samples
        if self.replacement:
            for first in range(0, wanted, _AT_ONCE):  # some scripts ask for 10**10, and stop before
                yield from rng.integers(n, size=min(_AT_ONCE, wanted - first)).tolist()
        else:
            for done in range(0, wanted, n):
                yield from rng.permutation(n)[: wanted - done].tolist()

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given indices, in a random order.

    >>> sorted(SubsetRandomSampler([7, 3, 5]))
    [3, 5, 7]
    """

    def __init__(self, indices: Sequence[int], generator: Any = None) -> None:
        generator_of(generator)
        self.indices, self.generator = indices, generator

    def __iter__(self) -> Iterator[int]:
        for i in generator_of(self.generator).permutation(len(self.indices)).tolist():
            yield self.indices[i]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """``num_samples`` indices, each drawn as often as its weight says. The weights need not sum to 1.

    Raises ValueError for weights that are not one row, RuntimeError for weights below 0, for none above 0, and, without
    ``replacement``, for fewer above 0 than are drawn.

    >>> set(WeightedRandomSampler([0.0, 3.0, 1.0], 50)) <= {1, 2}
    True
    """

    def __init__(
        self, weights: Any, num_samples: int, replacement: bool = True, generator: Any = None
    ) -> None:  # fmt: skip
        op = "WeightedRandomSampler"
        check_count(op, "num_samples", num_samples)
        generator_of(generator)
        w = np.array(weights.array if isinstance(weights, Tensor) else weights, np.float64)
        if w.ndim != 1:
            raise error(
                ValueError,
                op,
                got={"weights": w},
                rule="there is one weight for each sample",
                cure="give one row of them",
            )
        needed = 1 if replacement else num_samples
        if not np.isfinite(w).all() or (w < 0).any() or np.count_nonzero(w) < needed:
            raise error(
                RuntimeError,
                op,
                got=f"weights {np.array2string(w, threshold=6)} for {num_samples} samples",
                rule=f"weights are finite and not below 0, and at least {needed} of them are above 0",
                cure="give how often each sample is to come, such as 1 / (how many there are of its class)",
            )
        self.weights, self.num_samples = Tensor.wrap(w), num_samples
        self.replacement, self.generator = bool(replacement), generator

    def __iter__(self) -> Iterator[int]:
        w, rng = self.weights.array, generator_of(self.generator)
        yield from rng.choice(len(w), self.num_samples, self.replacement, w / w.sum()).tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """Lists of ``batch_size`` indices, as another sampler gives them. ``drop_last`` leaves out a shorter last one.

    >>> list(BatchSampler(SequentialSampler(range(5)), 2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool) -> None:
        check_count("BatchSampler", "batch_size", batch_size)
        if not isinstance(drop_last, bool):
            raise error(
                ValueError,
                "BatchSampler",
                got={"drop_last": shown(drop_last)},
                rule="drop_last is True or False",
                cure="write drop_last=True to leave out a shorter last batch",
            )
        self.sampler, self.batch_size, self.drop_last = sampler, batch_size, drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        while batch := list(itertools.islice(indices, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch

    def __len__(self) -> int:
        n: int = len(self.sampler)  # type: ignore[arg-type]  # a sampler that has a length
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)
