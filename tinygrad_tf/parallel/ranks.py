"""Ranks: this process's place in an MPI job, and what a training loop needs from the other processes."""

from __future__ import annotations

import contextlib
import math
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import random
from ..errors import error
from .launcher import announced, launched, mpi

Vector = np.ndarray[Any, np.dtype[np.float64]]

_yield = getattr(os, "sched_yield", lambda: time.sleep(0))


def wait(done: Callable[[], bool]) -> None:
    """Return when ``done()`` is true. It asks often at first, then sleeps in between.

    MPI's own waits ask without a pause, which takes time from a program on the same core. Four ranks on four cores, one
    of which another program kept busy, took 54 ms a step that way, and 40 ms with sleep.
    """
    start = time.perf_counter()
    while not done():
        waited = time.perf_counter() - start
        if waited > 200e-6:
            time.sleep(50e-6)
        elif waited > 20e-6:
            _yield()


class Ranks:
    """The processes that share one training. Made by :func:`join`.

    Attributes:
        rank: which of them this one is, from 0.
        size: how many there are.
        comm: mpi4py's communicator; None for a process alone.

    >>> with join() as ranks:
    ...     ranks.rank, ranks.size, ranks.part([1, 2, 3]), ranks.mean(2.5)
    (0, 1, [1, 2, 3], 2.5)
    """

    def __init__(self, comm: Any = None) -> None:
        self.comm = comm
        self.rank: int = 0 if comm is None else comm.rank
        self.size: int = 1 if comm is None else comm.size
        self._drawn: Any = None
        self._times = 0

    @property
    def first(self) -> bool:
        """Whether this is the rank that prints and writes."""
        return self.rank == 0

    def part(self, rows: Any) -> Any:
        """The rows of a list or an array that are this rank's: neighbours, as many as other ranks have, or one less."""
        n = len(rows)
        return rows[n * self.rank // self.size : n * (self.rank + 1) // self.size]

    @contextlib.contextmanager
    def own_random(self, step: int | None = None) -> Iterator[None]:
        """A context manager in which the package's generator gives each rank numbers of its own, not the common ones.

        They follow from the rank, the state of the common generator and ``step``, by default the count of entries since
        that state last changed. If every batch is drawn from the common generator, a checkpoint needs nothing more. If
        batches come from elsewhere, pass the number of the step: the count is not saved, so dropout would repeat itself
        after a resume. A process alone goes on with the common generator.
        """
        if self.size == 1:
            yield
            return
        common = random.get_state()
        # An unchanged state means that batches come from elsewhere; dropout must still differ from step to step.
        self._times = self._times + 1 if common == self._drawn else 0
        self._drawn = common
        times = self._times if step is None else step
        own = np.random.default_rng([common["state"]["state"], times, self.rank])
        with random.replayed(dict(own.bit_generator.state)):
            yield

    def mean(self, value: float, weight: float = 1.0) -> float:
        """The mean of all ranks' values, weighted. A value of weight 0 may be anything; all of weight 0 give NaN."""
        if self.size == 1:
            return value if weight else math.nan
        weights, values = self.table([weight, weight * value if weight else 0.0]).sum(axis=0).tolist()
        return values / weights if weights else math.nan

    def any(self, flag: bool) -> bool:
        """Whether ``flag`` is true on some rank, so that all of them decide alike, for example to stop."""
        return bool(self.table([float(flag)]).any())

    def from_first(self, value: Any) -> Any:
        """Rank 0's value, on every rank."""
        if self.comm is None:
            return value
        self.meet()
        return self.comm.bcast(value)

    def meet(self) -> None:
        """Wait until all ranks are here."""
        if self.comm is not None:
            wait(self.comm.Ibarrier().Test)

    def table(self, row: Any) -> Vector:
        """All ranks' rows of numbers (size, n), the same on every rank."""
        mine = np.array(row, np.float64)
        if self.comm is None:
            return mine[None]
        rows = np.empty((self.size, len(mine)))
        wait(self.comm.Iallgather(mine, rows).Test)
        return rows


@contextlib.contextmanager
def join() -> Iterator[Ranks]:
    """Take this process's place in the MPI job that it was started in; without one, it is alone.

    Whatever ends the block with an error on one rank ends the whole job: its traceback is printed under the rank's
    number, and the others, who would wait for it for ever, are stopped. ``sys.exit(0)`` is no error and stops nobody:
    let all ranks call it or none.
    """
    if not launched():
        yield Ranks()
        return
    MPI = mpi()
    comm, n = MPI.COMM_WORLD, announced()
    if n not in (None, comm.size):
        raise error(
            RuntimeError,
            "join",
            got=f"{n} processes, of which mpi4py sees {comm.size}",
            rule="mpiexec and mpi4py belong to one MPI library",
            cure=f"use the mpiexec of {MPI.Get_library_version().split()[0]}, which mpi4py found",
        )
    ranks = Ranks(comm)
    try:
        yield ranks
        ranks.meet()
    except BaseException as problem:
        if isinstance(problem, SystemExit) and not problem.code:
            raise
        _report(ranks, problem)
        comm.Abort(1)


def _report(ranks: Ranks, problem: BaseException) -> None:
    if isinstance(problem, SystemExit):
        text = f"{problem.code}\n"
    else:
        text = "".join(traceback.format_exception(problem))
    sys.stdout.flush()
    sys.stderr.write(f"\nrank {ranks.rank} of {ranks.size} failed, which ends the job:\n{text}")  # in one piece
    sys.stderr.flush()
    time.sleep(0.2)  # the launcher passes on what was written before the job ends
