"""One contender in a process of its own, which does what it is asked for over a pipe.

    python -m benchmarks.worker '{"contender": "PyTorch", "workload": "toy", "sizes": {}}'

Each line on its input is a JSON list ``[method, *arguments]``; each line on its output is the answer. A process of its
own is what makes a number of threads certain (libraries read it once, when they load) and a peak of memory mean
something.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Iterator
from typing import Any


class Worker:
    """Builds nothing until it is asked, so that import, building and first step can be measured one by one."""

    def __init__(self, contender: str, workload: str, sizes: dict[str, int]) -> None:
        from .contenders import CONTENDERS
        from .workloads import WORKLOADS

        self.agreed = lambda value: value  # ranks do as many steps as rank 0 says
        self.contender, self.workload = CONTENDERS[contender], WORKLOADS[workload].at(sizes)

    def start(self, steps: int) -> list[float]:
        """Build the step and run it; what the first steps return, to be compared among contenders."""
        importlib.import_module(self.contender.library)
        self.imported = peak_memory()
        self.step = self.contender.build(self.workload.kind, self.workload.sizes)
        firsts = [self.step() for _ in range(steps - 1)]
        began = time.perf_counter()
        firsts.append(self.step())
        self.seconds = time.perf_counter() - began
        return firsts

    def time(self, seconds: float, least: int) -> list[float]:
        """The seconds of each step, for about ``seconds``; the first one, on cold caches, does not count if short."""
        if self.seconds < 1.0:
            began = time.perf_counter()
            self.step()
            self.seconds = time.perf_counter() - began
        took: list[float] = []
        for _ in range(self.agreed(max(least, int(seconds / self.seconds)))):
            before = time.perf_counter()
            self.step()
            took.append(time.perf_counter() - before)
        return took

    def memory(self) -> dict[str, int]:
        """Peak resident memory in bytes: after importing the library, and now."""
        return {"import": self.imported, "peak": peak_memory()}

    def products(self) -> list[float]:
        """The seconds of each of the workload's matrix products, at their best."""
        from .floor import seconds_of_products

        return seconds_of_products(self.contender.library, self.workload)

    def versions(self) -> dict[str, str]:
        return {self.contender.library: getattr(importlib.import_module(self.contender.library), "__version__", "")}


def peak_memory() -> int:
    """Of this process alone, in bytes. (getrusage would count what the parent used when it forked.)"""
    try:
        with open("/proc/self/status") as file:
            return next(1024 * int(line.split()[1]) for line in file if line.startswith("VmHWM"))
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints must not look like an answer
    from .contenders import job

    worker = Worker(**json.loads(sys.argv[1]))
    lines: Iterator[str] = iter(sys.stdin)
    if worker.contender.ranks:
        ranks = job()[1]
        worker.agreed = ranks.from_first
        first = lines if ranks.first else iter("")
        lines = iter(lambda: ranks.from_first(next(first, "")), "")
    for line in lines:
        method, *arguments = json.loads(line)
        answer: Any = getattr(worker, method)(*arguments)
        if not worker.contender.ranks or ranks.first:
            print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
