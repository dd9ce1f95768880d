"""Watch: waiting for other ranks, with an end. Who waits long tells the others where, and so knows who is missing."""

from __future__ import annotations

import contextlib
import faulthandler
import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..errors import error

#: After how many seconds a rank tells the others that it waits, and after how many it says so to the user.
TELL, SAY = 5.0, 60.0

END, EXIT = "the end of the block of join()", "the end of the process"

_yield = getattr(os, "sched_yield", lambda: time.sleep(0))


class Watch:
    """The waits of a rank, counted. All ranks wait at the same places in the same order, so the counts can be compared.

    Attributes:
        limit: the seconds after which a wait is an error.
        turn: how many waits there have been, with the one that is going on.
        where: what waits.
    """

    def __init__(self, comm: Any, limit: float | None) -> None:
        self.limit = math.inf if limit is None else limit
        self.turn, self.where = 0, "join()"
        self.comm, self.size = comm, 1
        if comm is None:
            return
        from mpi4py import MPI

        self._status = MPI.Status()
        self.comm = comm.Dup()  # so that its messages are nobody else's
        self.rank, self.size = comm.rank, comm.size
        self.host = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
        self.processes: list[tuple[str, int]] = comm.allgather((self.host, os.getpid()))
        self.told = [(0, "")] * self.size  # the turn and the place in which another said that it waits
        self._said: set[str] = set()
        self._sending: list[Any] = []

    def enter(self, where: str) -> None:
        """Begin the next wait, in ``where``."""
        self.turn, self.where = self.turn + 1, where

    def wait(self, done: Callable[[], bool]) -> None:
        """Return when ``done()`` is true. It asks often at first, then sleeps in between.

        MPI's own waits ask without a pause, which takes time from a program on the same core. Four ranks on four cores,
        one of which another program kept busy, took 54 ms a step that way, and 40 ms with sleep.

        Raises TimeoutError after ``limit`` seconds, and RuntimeError as soon as it is known that a rank will not come.
        """
        start, tell = time.perf_counter(), min(TELL, self.limit / 4)
        told = False
        while not done():
            waited = time.perf_counter() - start
            if waited > tell:
                if not told:
                    self._tell()
                told = True
                self._look(waited)
                time.sleep(0.01)
            elif waited > 200e-6:
                time.sleep(50e-6)
            elif waited > 20e-6:
                _yield()

    def _tell(self) -> None:
        here = (self.turn, self.where)
        others = [other for other in range(self.size) if other != self.rank]
        self._sending = [request for request in self._sending if not request.Test()]
        self._sending += [self.comm.isend(here, other) for other in others]

    def listen(self) -> None:
        """Read what others have told, so that nothing piles up."""
        while self.size > 1 and self.comm.iprobe():
            here = self.comm.recv(status=self._status)
            self.told[self._status.Get_source()] = here

    def _look(self, waited: float) -> None:
        """Raise if the wait has lasted too long, or if a rank that it is for waits for something else."""
        self.listen()
        others = [other for other in range(self.size) if other != self.rank]
        gone = [r for r in others if self.told[r][1] == END and self.told[r][0] < self.turn]
        gone += [r for r in others if self.told[r][0] == self.turn and self.told[r][1] != self.where]
        missing = gone or [r for r in others if self.told[r][0] < self.turn]
        first = min([self.rank, *(r for r in others if self.told[r][0] == self.turn)])
        late = 0.0 if self.rank == first else 2.0 + self.limit / 10  # one rank speaks for all that wait
        if gone and waited > min(TELL, self.limit / 4) + 0.5 + late:  # by then all have told
            raise self._never(gone)
        if waited > self.limit + late and not (self.where == EXIT and any(map(self._works, missing))):
            raise self._too_long(waited, missing)
        if waited > min(SAY, self.limit / 2) + late and self.where not in self._said and missing:
            self._said.add(self.where)
            sys.stderr.write(f"rank {self.rank} has waited {waited:.3g} s in {self.where} for {self._names(missing)}\n")
            sys.stderr.flush()

    def _works(self, rank: int) -> bool:
        """Whether a rank is known to be running; what it does after the block of join() is its own affair."""
        host, pid = self.processes[rank]
        return host == self.host and _state(pid) in _WORKS

    def _never(self, gone: list[int]) -> RuntimeError:
        places = sorted({self.told[r][1] for r in gone})
        return error(
            RuntimeError,
            self.where,
            got=f"{self._names(gone)} in {' and '.join(places)}",
            rule="all ranks do the same, in the same order",
            cure="let no rank return, exit or branch off alone: decide by ranks.any(…), which all of them call",
        )

    def _too_long(self, waited: float, missing: list[int]) -> TimeoutError:
        who = self._names(missing) if missing else "messages, although all ranks are here"
        return error(
            TimeoutError,
            self.where,
            got=f"nothing for {waited:.3g} s, while rank {self.rank} waited for {who}",
            rule=f"all ranks come within {self.limit:g} s",
            cure="see what stopped it, or write join(limit=…) if the others may take that long",
        )

    def _names(self, ranks: list[int]) -> str:
        """The first of these ranks with their processes and what is known of them."""
        texts = []
        for rank in ranks[:8]:
            host, pid = self.processes[rank]
            state = f", {_state(pid)}" if host == self.host else ""
            texts.append(f"rank {rank} (process {pid} on {host}{state})")
        return ", ".join(texts) + (f" and {len(ranks) - 8} more" if len(ranks) > 8 else "")


#: What the system says of processes, by its letter.
_STATES = {"T": "stopped by a signal; kill -CONT lets it go on", "t": "held by a debugger", "Z": "which has ended",
           "R": "computing", "S": "sleeping", "D": "waiting for a disk"}  # fmt: skip
_WORKS = [_STATES[letter] for letter in "RSD"]


def _state(pid: int) -> str:
    """What the system says of a process of this machine, where it can be asked."""
    try:
        letter = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "which has ended" if Path("/proc/self/stat").exists() else "state unknown"
    except OSError:
        return "state unknown"
    return _STATES.get(letter, letter)


@contextlib.contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """A context manager for calls of MPI that block: when they last too long it prints the stack and ends the process.

    They hold Python's lock, so no thread of Python could do it. There is one such clock in a process: do not nest them.
    """
    if seconds == math.inf:
        yield
        return
    faulthandler.dump_traceback_later(seconds, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
