"""DataLoader: batches of a data set, one after the other."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

from ....errors import error
from ....random import generator_of
from .collate import default_collate, default_convert
from .dataset import IterableDataset, fetch
from .sampler import BatchSampler, RandomSampler, SequentialSampler

T_co = TypeVar("T_co", covariant=True)

#: What an iteration relies on; PyTorch refuses to set these, too.
_FIXED = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")


def get_worker_info() -> None:
    """None: samples are loaded in the process itself, as PyTorch does with ``num_workers=0``."""
    return None


class DataLoader(Generic[T_co]):
    """Gives a data set in batches: ``for x, y in DataLoader(dataset, batch_size=32, shuffle=True)``.

    Each loop goes through all of it, in a new order with ``shuffle``; several loops may run at a time.

    The samples are loaded in the process itself, whatever ``num_workers`` says: that, ``pin_memory``, ``timeout``,
    ``prefetch_factor``, ``persistent_workers``, ``multiprocessing_context`` and ``in_order`` are accepted, checked as
    in PyTorch, and change nothing. ``worker_init_fn`` is not called, since no worker starts.

    Args:
        dataset: what has ``__getitem__`` and ``__len__``, or an IterableDataset.
        batch_size: how many samples; None gives them one by one, not stacked.
        shuffle: a new random order in each loop, from the package's seeded generator or ``generator``.
        sampler: the indices in the order wanted, in place of ``shuffle``.
        batch_sampler: lists of indices, in place of ``batch_size``, ``shuffle``, ``sampler`` and ``drop_last``.
        collate_fn: makes a batch of a list of samples; :func:`default_collate` unless given.
        drop_last: leave out a last batch that is shorter.
        generator: what ``shuffle`` draws from: a Generator, or a NumPy one.

    Raises ValueError for settings that exclude each other.

    >>> [batch.tolist() for batch in DataLoader(range(5), batch_size=2)]
    [[0, 1], [2, 3], [4]]
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[list[Any]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Any = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        stream = isinstance(dataset, IterableDataset)
        _refuse(
            (num_workers < 0, "num_workers", num_workers, "it is not below 0"),
            (timeout < 0, "timeout", timeout, "it is not below 0"),
            (prefetch_factor is not None and (num_workers == 0 or prefetch_factor < 0),
             "prefetch_factor", prefetch_factor, "it is not below 0 and belongs to num_workers above 0"),
            (persistent_workers and num_workers == 0, "persistent_workers", True, "it belongs to num_workers above 0"),
            (multiprocessing_context is not None and num_workers == 0,
             "multiprocessing_context", multiprocessing_context, "it belongs to num_workers above 0"),
            (stream and bool(shuffle), "shuffle", shuffle, "an IterableDataset comes in its own order"),
            (stream and sampler is not None, "sampler", sampler, "an IterableDataset comes in its own order"),
            (stream and batch_sampler is not None,
             "batch_sampler", batch_sampler, "an IterableDataset comes in its own order"),
            (sampler is not None and bool(shuffle), "shuffle", shuffle, "a sampler says the order already"),
            (batch_sampler is not None and (batch_size != 1 or bool(shuffle) or sampler is not None or drop_last),
             "batch_sampler", batch_sampler, "it takes the place of batch_size, shuffle, sampler and drop_last"),
            (batch_size is None and drop_last, "drop_last", True, "without batches there is no last one"),
        )  # fmt: skip
        generator_of(generator)
        if batch_sampler is not None:
            batch_size = None
        if sampler is None and not stream:
            sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_size is not None and not stream:
            batch_sampler = BatchSampler(() if sampler is None else sampler, batch_size, drop_last)
        elif batch_size is not None:
            BatchSampler((), batch_size, drop_last)  # which checks them
        batched = batch_size is not None or batch_sampler is not None
        self.dataset, self.batch_size, self.drop_last = dataset, batch_size, drop_last
        self.sampler, self.batch_sampler, self.generator = sampler, batch_sampler, generator
        self.collate_fn = collate_fn or (default_collate if batched else default_convert)
        self.num_workers, self.timeout, self.worker_init_fn = num_workers, timeout, worker_init_fn
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.pin_memory, self.pin_memory_device, self.in_order = pin_memory, pin_memory_device, in_order
        self.multiprocessing_context = multiprocessing_context
        self.persistent_workers = persistent_workers  # the last: from here on the settings are fixed

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FIXED and "persistent_workers" in vars(self):
            raise error(
                ValueError,
                "DataLoader",
                got=f"a new {name}",
                rule=f"{', '.join(_FIXED)} stay what they were given as",
                cure="make a new DataLoader, which costs nothing",
            )
        super().__setattr__(name, value)

    def __iter__(self) -> Batches:
        return Batches(self)

    def __len__(self) -> int:
        """How many batches; TypeError where the data set or the sampler has no length."""
        if isinstance(self.dataset, IterableDataset):
            n: int = len(self.dataset)  # type: ignore[arg-type]
            if self.batch_size is None:
                return n
            return n // self.batch_size if self.drop_last else -(-n // self.batch_size)
        return len(self.sampler if self.batch_sampler is None else self.batch_sampler)  # type: ignore[arg-type]


class Batches(Iterator[Any]):
    """One loop over a loader. After an error of the data set the next batch can still be asked for."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        self._loader = loader
        self._stream = isinstance(loader.dataset, IterableDataset)
        indices: Any = loader.sampler if loader.batch_sampler is None else loader.batch_sampler
        self._next: Iterator[Any] = iter(loader.dataset if self._stream else indices)

    def __next__(self) -> Any:
        loader, size = self._loader, self._loader.batch_size
        if self._stream and size is not None:
            given = list(itertools.islice(self._next, size))
            if not given or (loader.drop_last and len(given) < size):
                raise StopIteration
        else:
            given = next(self._next)
        try:
            return loader.collate_fn(self._samples(given))
        except StopIteration:  # would end the loop here
            raise error(
                RuntimeError,
                "DataLoader",
                got=f"a StopIteration, of {type(loader.dataset).__name__} or of collate_fn",
                rule="the sampler, or the stream, says where a loop ends: the rest would be left out without a word",
                cure="let __getitem__ and collate_fn return something for all they are given, or raise another error",
            ) from None

    def _samples(self, given: Any) -> Any:
        if self._stream:
            return given
        loader = self._loader
        return loader.dataset[given] if loader.batch_sampler is None else fetch(loader.dataset, given)

    def __len__(self) -> int:
        return len(self._loader)


def _refuse(*checks: tuple[Any, str, Any, str]) -> None:
    """Raise for the first setting that is wrong: whether it is, its name and value, and the rule."""
    for wrong, name, value, rule in checks:
        if wrong:
            raise error(ValueError, "DataLoader", got={name: value}, rule=rule, cure=f"leave {name} out")
