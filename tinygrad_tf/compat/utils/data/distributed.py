"""The sampler for several processes: each takes every n-th sample of the same order."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sized

import numpy as np

from ....errors import error
from .sampler import Sampler


class DistributedSampler(Sampler[int]):
    """The indices of one of ``num_replicas`` processes. Each epoch has an order of its own, the same in all of them.

    The order is that of NumPy's generator of ``seed`` and the epoch, so it is not PyTorch's. The last indices are
    filled up with the first, so that all processes have as many; with ``drop_last`` those beyond are left out.
    Raises ValueError without ``num_replicas`` and ``rank``: there is no process group to ask.

    >>> list(DistributedSampler(range(5), num_replicas=2, rank=1, shuffle=False))
    [1, 3, 0]
    """

    def __init__(
        self, dataset: Sized, num_replicas: int | None = None, rank: int | None = None, shuffle: bool = True,
        seed: int = 0, drop_last: bool = False,
    ) -> None:  # fmt: skip
        if num_replicas is None or rank is None or not 0 <= rank < num_replicas:
            raise error(
                ValueError,
                "DistributedSampler",
                got={"num_replicas": num_replicas, "rank": rank},
                rule="both are given, and rank lies in 0 … num_replicas - 1: there is no process group to ask",
                cure="give them from tinygrad_tf.parallel: ranks.size and ranks.rank",
            )
        self.dataset, self.num_replicas, self.rank = dataset, num_replicas, rank
        self.shuffle, self.seed, self.drop_last, self.epoch = shuffle, seed, drop_last, 0
        n = len(dataset)
        self.num_samples = n // num_replicas if drop_last else math.ceil(n / num_replicas)
        self.total_size = self.num_samples * num_replicas

    def set_epoch(self, epoch: int) -> None:
        """The order of the next round is that of ``epoch``."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        n = len(self.dataset)
        order = np.random.default_rng((self.seed, self.epoch)).permutation(n) if self.shuffle else np.arange(n)
        whole = np.resize(order, self.total_size)  # repeated, or cut off
        return iter(whole[self.rank :: self.num_replicas].tolist())

    def __len__(self) -> int:
        return self.num_samples
