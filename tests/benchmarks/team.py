"""Workers side by side: they take turns, and whoever's turn it is not is stopped and uses nothing."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from .contenders import CONTENDERS, DEFAULT

ROOT = Path(__file__).parents[2]
VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
#: What a machine may be set to, so that libraries do less than they can: which of the processor's vectors OpenBLAS
#: uses, and that Python compiles each module anew in each process. Everybody is measured without.
HELD_BACK = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PYTHONDONTWRITEBYTECODE")


class Member:
    """A worker process. ``threads`` 0 leaves it to the library; ``settings`` are more of its environment."""

    def __init__(self, contender: str, workload: str, threads: int, sizes: dict[str, int] | None = None,
                 settings: dict[str, str] | None = None) -> None:  # fmt: skip
        self.contender, self.threads = CONTENDERS[contender], threads
        what = json.dumps({"contender": contender, "workload": workload, "sizes": sizes or {}})
        self.environment = {k: v for k, v in os.environ.items() if k not in (*VARIABLES, *HELD_BACK)}
        if threads != DEFAULT:
            self.environment |= dict.fromkeys(VARIABLES, str(1 if self.contender.ranks else threads))
        self.environment |= settings or {}
        self.environment["PYTHONPATH"] = os.pathsep.join(
            [str(ROOT), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")]
        )
        self.command = [*self.launcher(), sys.executable, "-m", "benchmarks.worker", what]
        self.process: Any = None

    def launcher(self) -> list[str]:
        if not self.contender.ranks:
            return []
        from tinygrad_tf.parallel.launcher import mpiexec

        return [mpiexec(), "-n", str(self.threads)]

    def begin(self) -> None:
        self.process = subprocess.Popen(
            self.command, cwd=ROOT, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            process_group=0,  # of its own; the system ends a group of stopped processes when its parent dies
        )  # fmt: skip

    def send(self, method: str, *arguments: Any) -> None:
        self.process.stdin.write(json.dumps([method, *arguments]) + "\n")
        self.process.stdin.flush()

    def receive(self) -> Any:
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.contender.name} at {self.threads} threads ended before it answered")
        return json.loads(line)

    def ask(self, method: str, *arguments: Any) -> Any:
        self.send(method, *arguments)
        return self.receive()

    def signal(self, number: int) -> None:
        """To it and to all that it started (ranks)."""
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def processes(self) -> list[psutil.Process]:
        try:
            whole = psutil.Process(self.process.pid)
            return [whole, *whole.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def cpu_seconds(self) -> float:
        total = 0.0
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                used = process.cpu_times()
                total += used.user + used.system
        return total

    def stop(self) -> None:
        self.signal(signal.SIGSTOP)

    def close(self) -> None:
        if self.process is not None:
            self.signal(signal.SIGKILL)
            self.process.communicate()

    @contextlib.contextmanager
    def turn(self) -> Iterator[dict[str, float]]:
        """Let it run; afterwards the dict has ``others``: the cores that everything else used meanwhile."""
        others: dict[str, float] = {}
        self.signal(signal.SIGCONT)
        began, machine, own = time.perf_counter(), busy(), self.cpu_seconds()
        yield others
        seconds = time.perf_counter() - began
        others["others"] = max(0.0, busy() - machine - (self.cpu_seconds() - own)) / seconds
        self.stop()


def busy() -> float:
    """Seconds that the machine's cores have worked so far, those taken by other virtual machines included."""
    t = psutil.cpu_times()
    return sum(t) - t.idle - getattr(t, "iowait", 0.0) - getattr(t, "guest", 0.0) - getattr(t, "guest_nice", 0.0)


@contextlib.contextmanager
def together(members: list[Member]) -> Iterator[list[Member]]:
    try:
        yield members
    finally:
        for member in members:
            member.close()


@contextlib.contextmanager
def spinning() -> Iterator[None]:
    """One core kept busy by another program."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()
