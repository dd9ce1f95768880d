"""Ranks: this process's place in an MPI job, and what a training loop needs from the other processes."""

from __future__ import annotations

import atexit
import contextlib
import itertools
import marshal
import math
import os
import pickle
import signal
import sys
import threading
import time
import traceback
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import random
from ..errors import error
from .launcher import announced, launched, mpi
from .leftovers import remove_names
from .watch import END, EXIT, Watch, at_most

#: The seconds that a rank waits for the others at most, if the user says nothing.
LIMIT = 1800.0

#: How many numbers of each rank travel in one exchange, with the checksum.
_ROW = 8

Vector = np.ndarray[Any, np.dtype[np.float64]]


class Ranks:
    """The processes that share one training. Made by :func:`join`.

    All ranks call the same methods in the same order. Where they did not, or were given different batches or settings,
    the next exchange raises RuntimeError on all of them and names the call in which they differ.

    Attributes:
        rank: which of them this one is, from 0.
        size: how many there are.
        comm: mpi4py's communicator; None for a process alone.
        watch: how long this rank waits for the others.

    >>> with join() as ranks:
    ...     ranks.rank, ranks.size, ranks.part([1, 2, 3]), ranks.mean(2.5)
    (0, 1, [1, 2, 3], 2.5)
    """

    def __init__(self, comm: Any = None, limit: float | None = LIMIT) -> None:
        self.comm = comm
        self.rank: int = 0 if comm is None else comm.rank
        self.size: int = 1 if comm is None else comm.size
        self.watch = Watch(comm, limit)
        self._drawn: Any = None
        self._times = 0
        self._alike = 0  # a checksum of all that has been done and given alike
        self._noted: deque[tuple[str, int]] = deque(maxlen=64)  # of what, and the checksum after it

    @property
    def first(self) -> bool:
        """Whether this is the rank that prints and writes."""
        return self.rank == 0

    def part(self, rows: Any) -> Any:
        """The rows of a list or an array that are this rank's: neighbours, as many as other ranks have, or one less."""
        n = len(rows)
        self.note(f"part({type(rows).__name__} of {n})", rows)
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
        """The mean of all ranks' values, weighted. A value of weight 0 may be anything; all of weight 0 give NaN.

        Raises ValueError on all ranks if a weight is less than 0, NaN or infinite.
        """
        if self.size == 1:
            return value if check_weights("mean", [weight]) else math.nan
        table = self.table([weight, weight * value if weight else 0.0], "mean()")
        weights = check_weights("mean", table[:, 0])
        return float(table[:, 1].sum()) / weights if weights else math.nan

    def any(self, flag: bool) -> bool:
        """Whether ``flag`` is true on some rank, so that all of them decide alike, for example to stop."""
        return bool(self.table([float(flag)], "any()").any())

    def from_first(self, value: Any) -> Any:
        """Rank 0's value, on every rank."""
        if self.comm is None:
            return value
        data = bytearray(pickle.dumps(value, pickle.HIGHEST_PROTOCOL) if self.first else b"")
        size = int(self.table([len(data)], "from_first()")[0, 0])
        data = data if self.first else bytearray(size)
        self.wait(self.comm.Ibcast(data).Test, "from_first()")
        return value if self.first else pickle.loads(data)

    def to_first(self, value: Any) -> list[Any] | None:
        """All ranks' values on rank 0, and None on the others."""
        if self.comm is None:
            return [value]
        data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        sizes = self.table([len(data)], "to_first()")[:, 0]
        if not self.first:
            self.wait(self.comm.Isend(data, 0).Test, "to_first()")
            return None
        found = [bytearray(int(size)) for size in sizes]
        requests = [self.comm.Irecv(found[r], r) for r in range(1, self.size)]
        self.wait(lambda: all(request.Test() for request in requests), "to_first()")
        return [value, *map(pickle.loads, found[1:])]

    def meet(self) -> None:
        """Wait until all ranks are here."""
        self.table([], "meet()")

    def table(self, row: Any, where: str = "table()") -> Vector:
        """All ranks' rows of numbers (size, n), the same on every rank."""
        mine = np.array(row, np.float64)
        if self.comm is None:
            return mine[None]
        self.note(where, len(mine))
        # Rows of one size, whatever is called: MPI itself does not notice that ranks exchange different things.
        rows = self._exchange(np.array([self._alike, *mine[: _ROW - 1], *[0.0] * (_ROW - 1 - len(mine))]), where)
        if (rows[:, 0] != rows[0, 0]).any():
            raise self._differ(where)
        self._noted.clear()
        return rows[:, 1 : 1 + len(mine)] if len(mine) < _ROW else self._exchange(mine, where)

    def _exchange(self, mine: Vector, where: str) -> Vector:
        rows = np.empty((self.size, len(mine)))
        self.wait(self.comm.Iallgather(mine, rows).Test, where)
        self.watch.listen()
        return rows

    def wait(self, done: Callable[[], bool], where: str) -> None:
        """Return when ``done()`` is true, or raise TimeoutError, which names the ranks that did not come."""
        self.watch.enter(where)
        self.watch.wait(done)

    # ---- what all ranks have to do and to be given alike ------------------------------------------------------------

    def note(self, where: str, value: Any) -> None:
        """Take ``value``, which was given to ``where``, for the same on all ranks; the next exchange compares."""
        if self.comm is not None:
            self._alike = zlib.crc32(_fingerprint(value), zlib.crc32(where.encode(), self._alike))
            self._noted.append((where, self._alike))

    def _differ(self, where: str) -> Exception:
        """The error that says what was not alike; all ranks make it together."""
        with at_most(self.watch.limit):
            noted = self.comm.allgather(list(self._noted))
        others = [other for other in range(1, self.size) if noted[other] != noted[0]]
        other = others[0] if others else self.size - 1
        pairs = itertools.zip_longest(noted[0], noted[other], fillvalue=("nothing more", 0))
        ours, theirs = next((a[0], b[0]) for a, b in pairs if a != b) if others else (where, where)
        got = f"{ours} on rank 0 and {theirs} on rank {other}" if ours != theirs else f"another value on rank {other}"
        self._alike = 0
        self._noted.clear()
        problem = error(
            RuntimeError,
            where,
            got=got,
            rule="all ranks call the same, in the same order, with the same batches and settings",
            cure="draw and decide on all ranks alike, or send rank 0's by ranks.from_first(…)",
        )
        problem.__dict__["on_all_ranks"] = True
        return problem


def check_weights(where: str, weights: Any) -> float:
    """The sum of all ranks' weights. Raises ValueError if one of them is no number that says how much counted."""
    for rank, weight in enumerate(weights):
        if not 0 <= weight < math.inf:
            problem = error(
                ValueError,
                where,
                got=f"the weight {weight} on rank {rank}",
                rule="a weight says how much counted: a number, and not less than 0",
                cure="give the number of rows or tokens that counted",
            )
            problem.__dict__["on_all_ranks"] = True
            raise problem
    return float(sum(weights))


def _fingerprint(value: Any) -> bytes:
    """Bytes that are equal for equal values, as far as these are made of numbers and text; of the rest the type."""
    array = getattr(value, "array", value)
    if isinstance(array, np.ndarray):
        flat = array.reshape(-1)[:: max(1, array.size // 65536)]  # a sample, of large ones
        return repr((array.shape, array.dtype.str)).encode() + (b"" if flat.dtype.hasobject else flat.tobytes())
    try:
        return marshal.dumps(value, 2)  # the version that says no more than the values
    except ValueError:
        if type(value) in (list, tuple):
            return b"".join([f"{len(value)}".encode(), *map(_fingerprint, value)])
        return f"{type(value).__name__} {len(value) if hasattr(value, '__len__') else ''}".encode()


@contextlib.contextmanager
def join(limit: float | None = LIMIT) -> Iterator[Ranks]:
    """Take this process's place in the MPI job that it was started in; without one, it is alone.

    Whatever ends the block with an error on one rank ends the whole job: its traceback is printed under the rank's
    number, and the others, who would wait for it for ever, are stopped. ``sys.exit(0)`` is no error. If all ranks call
    it, the job ends well; if one does, the others do not wait for it, and the job ends with an error that names it.

    MPI itself takes some 20 MB of /dev/shm; where those are not free, MPICH may die of SIGBUS or SIGSEGV at its start.

    Args:
        limit: the seconds that a rank may wait for the others, 30 minutes by default; None: for ever. Then the job ends
            with a TimeoutError that names the ranks that did not come and what is known of their processes; after a
            minute a line on stderr says so already. Give more if one rank works alone for longer. After the block ranks
            of the same machine may work alone for as long as they like.
    """
    if limit is not None and not limit > 0:
        raise error(
            ValueError,
            "join",
            got={"limit": limit},
            rule="it is a time in seconds",
            cure="write join(limit=600), or join(limit=None) to wait for ever",
        )
    if not launched():
        yield Ranks()
        return
    with _killed_by_ctrl_c():
        MPI = mpi(LIMIT if limit is None else limit)
        comm, n = MPI.COMM_WORLD, announced()
        if n not in (None, comm.size):
            raise error(
                RuntimeError,
                "join",
                got=f"{n} processes, of which mpi4py sees {comm.size}",
                rule="mpiexec and mpi4py belong to one MPI library",
                cure=f"use the mpiexec of {MPI.Get_library_version().split()[0]}, which mpi4py found",
            )
        with at_most(LIMIT if limit is None else limit):
            remove_names(comm)
            ranks = Ranks(comm, limit)
        _mark("+")
        atexit.register(_leave, MPI, ranks)
    with _ending_the_job(ranks):
        try:
            yield ranks
        except SystemExit as end:
            if not end.code:
                ranks.table([], END)
            raise
        ranks.table([], END)


@contextlib.contextmanager
def _killed_by_ctrl_c() -> Iterator[None]:
    """A context manager in which Ctrl-C ends the process at once, as SIGTERM does, and the launcher ends the others.

    KeyboardInterrupt would let it wait at its end, in MPI, for ranks that wait for it.
    """
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextlib.contextmanager
def _ending_the_job(ranks: Ranks) -> Iterator[None]:
    """A context manager in which an error on this rank ends all ranks."""
    try:
        yield
    except BaseException as problem:
        if isinstance(problem, SystemExit) and not problem.code:
            raise
        _report(ranks, problem)
        ranks.comm.Abort(1)
        os._exit(1)  # some libraries come back from Abort, and what follows the block would run


def _leave(MPI: Any, ranks: Ranks) -> None:
    """Leave MPI at the end of the process, when all ranks have come to it: MPI itself would wait for ever."""
    if not MPI.Is_finalized():
        with _ending_the_job(ranks):
            ranks.wait(ranks.watch.comm.Ibarrier().Test, EXIT)
        with at_most(ranks.watch.limit):
            MPI.Finalize()
    _mark("-")


def _mark(what: str) -> None:
    """Note for ``passing``, which ``launch`` has started, that this process has begun or come to its end."""
    with contextlib.suppress(OSError), open(os.environ.get("TINYGRAD_TF_ENDS", os.devnull), "a") as file:
        file.write(what)


def _report(ranks: Ranks, problem: BaseException) -> None:
    if problem.__dict__.get("on_all_ranks") and not ranks.first:
        time.sleep(2)  # rank 0 says it, and ends the job
    if isinstance(problem, SystemExit):
        text = f"{problem.code}\n"
    else:
        text = "".join(traceback.format_exception(problem))
    sys.stdout.flush()
    sys.stderr.write(f"\nrank {ranks.rank} of {ranks.size} failed, which ends the job:\n{text}")  # in one piece
    sys.stderr.flush()
    time.sleep(0.2)  # the launcher passes on what was written before the job ends
