"""Where the time of one of our steps goes, by the package's files and functions.

    OPENBLAS_NUM_THREADS=1 python -m tests.benchmarks.profile toy
    python -m tests.benchmarks.profile "tiny ops" --functions

A timer interrupts the step every millisecond; the file of ours that was at work then has one more. Python answers an
interrupt where it calls something: at the entry of a function the time was its caller's.
Time in NumPy counts for the line that called it, so the files of ``kernels/`` and ``ops/`` hold the arithmetic, and the
others what it costs to bring it about. Nothing is slowed down, as a tracing profiler slows what calls much.
"""

from __future__ import annotations

import argparse
import dis
import functools
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import tinygrad_tf

from . import ours
from .report import seconds, table
from .workloads import WORKLOADS

HOME = Path(tinygrad_tf.__file__).parent
BUILDERS: dict[str, Callable[..., Any]] = {
    "chain": ours.chain,
    "seq2seq": ours.seq2seq,
    "gpt": ours.gpt,
    "attention": ours.attention,
}


@functools.cache
def entry(code: CodeType) -> int:
    """Where a function's own instructions begin."""
    return next(i.offset for i in dis.get_instructions(code) if i.opname == "RESUME")


def samples(step: Callable[[], Any], for_seconds: float, functions: bool) -> tuple[Counter[str], float]:
    """How often each file, or function, was found at work, and how long a step took."""
    found: Counter[str] = Counter()

    def look(_: int, frame: FrameType | None) -> None:
        if frame is not None and frame.f_lasti <= entry(frame.f_code):
            frame = frame.f_back
        while frame is not None and not frame.f_code.co_filename.startswith(str(HOME)):
            frame = frame.f_back
        if frame is not None:
            file = Path(frame.f_code.co_filename).relative_to(HOME)
            found[f"{file}: {frame.f_code.co_qualname}" if functions else str(file)] += 1

    for _ in range(5):
        step()
    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    began, count = time.perf_counter(), 0
    try:
        while time.perf_counter() - began < for_seconds:
            step()
            count += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return found, (time.perf_counter() - began) / count


def report(name: str, for_seconds: float, functions: bool, most: int = 15) -> str:
    """A table of the step's time, the largest first."""
    workload = WORKLOADS[name]
    found, step = samples(BUILDERS[workload.kind](workload.sizes), for_seconds, functions)
    total = sum(found.values())
    rows = [[place, f"{n / total:.0%}", seconds(step * n / total)] for place, n in found.most_common(most)]
    rest = total - sum(n for _, n in found.most_common(most))
    rows += [["the rest", f"{rest / total:.0%}", seconds(step * rest / total)]] if rest else []
    return f"{name}: {seconds(step)} a step\n\n{table(['at work', 'share', 'time'], rows)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workload", choices=[name for name, w in WORKLOADS.items() if w.kind in BUILDERS])
    parser.add_argument("--functions", action="store_true", help="functions instead of files")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long to look")
    parser.add_argument("--compiled", action="store_true", help="with the compiled kernels")
    args = parser.parse_args()
    if args.compiled:
        ours.use_compiled_kernels()
    print(report(args.workload, args.seconds, args.functions))


if __name__ == "__main__":
    main()
