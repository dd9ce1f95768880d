"""Node: the ranks that share memory, their shared arrays, and the sums over them and over other machines."""

from __future__ import annotations

import os
import weakref
from typing import Any

import numpy as np

from .launcher import mpi
from .ranks import Ranks
from .watch import at_most

Array = np.ndarray[Any, Any]

#: What ranks of a machine count for each other, each apart, so that no rank takes one for the other.
BUCKETS, STEPS = 0, 1


class Node:
    """The ranks of one machine, which share arrays.

    A bucket has ``lanes`` × ``n_nodes`` owners. Rank l of a machine sums lane l over the ranks of its machine. Then it
    sums it over the machines, together with rank l of each other machine. Where machines have different numbers of
    ranks, the least of these is the number of lanes, and ranks beyond it own nothing.

    Attributes:
        rank: the number of this rank on its machine.
        lanes: the number of lanes.
        n_nodes: the number of machines.
        owner: the number of this rank among the owners, or None.
        ticks: how often this rank has called :meth:`tick`, for ``BUCKETS`` and for ``STEPS``.
    """

    def __init__(self, ranks: Ranks, node_size: int | None, n_bytes: int) -> None:
        ranks.meet()  # the calls of MPI that follow block
        with at_most(ranks.watch.limit):
            self._divide(ranks.comm, node_size, n_bytes)

    def _divide(self, comm: Any, node_size: int | None, n_bytes: int) -> None:
        MPI = self.MPI = mpi()
        here = comm.Split_type(MPI.COMM_TYPE_SHARED)
        if not _fits(here, n_bytes):
            node_size = 1
        self.comm = here.Split(0 if node_size is None else here.rank // node_size)
        here.Free()
        self.rank = self.comm.rank
        self.lanes = comm.allreduce(self.comm.size, MPI.MIN)
        in_lane = self.rank < self.lanes
        self.lane = comm.Split(self.rank if in_lane else MPI.UNDEFINED)
        self.n_nodes = comm.allreduce(int(self.rank == 0))
        self.owner = self.rank * self.n_nodes + self.lane.rank if in_lane else None
        self.ticks = [0, 0]
        self._windows: list[Any] = []
        self._shared: list[weakref.ref[Array]] = []  # all arrays of shared memory; a view of one keeps it alive
        counters = self.arrays(self.comm.size * 8, np.dtype(np.int64), only_first=True)[0]
        self._counters = counters.reshape(-1, 8)  # a cache line each

    def arrays(self, n: int, dtype: np.dtype[Any], only_first: bool = False) -> list[Array]:
        """An array of ``n`` zeros for each rank, or for the first alone, which all ranks of the machine can see."""
        if self.comm.size == 1:
            return [np.zeros(n, dtype)]
        n_bytes = n * dtype.itemsize if self.rank == 0 or not only_first else 0
        window = self.MPI.Win.Allocate_shared(n_bytes, dtype.itemsize, comm=self.comm)
        window.Lock_all()
        self._windows.append(window)
        owners = range(1 if only_first else self.comm.size)
        found = [np.frombuffer(window.Shared_query(owner)[0], dtype) for owner in owners]
        self._shared += map(weakref.ref, found)
        if n_bytes:
            found[0 if only_first else self.rank][:] = 0
        self._fence()
        self.comm.Barrier()
        return found

    def _fence(self) -> None:
        """Let others see what was written before this call before they see what is written after it."""
        # the fence of one window holds for all
        if self._windows:
            self._windows[0].Sync()

    def close(self) -> None:
        """Give back the shared memory, unless a rank still holds an array of it, and the communicators."""
        self._counters = np.empty((0, 8), np.int64)
        held = any(array() is not None for array in self._shared)
        if not self.comm.allreduce(held, self.MPI.LOR):
            while self._windows:
                window = self._windows.pop()
                window.Unlock_all()
                window.Free()
        for comm in (self.lane, self.comm):
            if comm != self.MPI.COMM_NULL:
                comm.Free()

    def tick(self, what: int) -> None:
        """Tell the ranks of the machine that one more of ``what``, ``BUCKETS`` or ``STEPS``, is done."""
        self.ticks[what] += 1
        self._fence()
        self._counters[self.rank, what] = self.ticks[what]

    def reached(self, what: int, ticks: int) -> bool:
        """Whether every rank of the machine has ticked that often."""
        done = bool(self._counters[:, what].min() >= ticks)
        self._fence()
        return done

    def sum(self, gradients: list[Array], sums: Array, total: Array, cuts: list[int]) -> list[Any]:
        """Sum this rank's lane of a bucket over the machine, and begin to sum it over all. Returns MPI's requests."""
        if self.owner is None:
            return []
        first = self.rank * self.n_nodes
        a, b = cuts[first], cuts[first + self.n_nodes]
        out = sums[a:b]
        np.copyto(out, gradients[0][a:b])
        for other in gradients[1:]:
            out += other[a:b]
        if self.n_nodes == 1:
            return []
        mine = total[cuts[self.owner] : cuts[self.owner + 1]]
        counts = np.diff(cuts[first : first + self.n_nodes + 1])
        return [self.lane.Ireduce_scatter(out, mine, counts.tolist(), self.MPI.SUM)]

    def gather(self, parameters: Array, cuts: list[int]) -> list[Any]:
        """Begin to fetch the other machines' pieces of this lane of a bucket. Returns MPI's requests."""
        if self.owner is None or self.n_nodes == 1:
            return []
        first = self.rank * self.n_nodes
        edges = cuts[first : first + self.n_nodes + 1]
        lane = parameters[edges[0] : edges[-1]]
        starts = [edge - edges[0] for edge in edges[:-1]]
        return [self.lane.Iallgatherv(self.MPI.IN_PLACE, [lane, (np.diff(edges).tolist(), starts)])]


def _fits(here: Any, n_bytes: int) -> bool:
    """Whether shared memory has room; containers often give it 64 MB. Without room MPI carries everything."""
    room = True
    if here.rank == 0 and os.path.isdir("/dev/shm"):
        disk = os.statvfs("/dev/shm")
        room = disk.f_bavail * disk.f_frsize > n_bytes * (here.size + 1)
    return bool(here.bcast(room))
