"""From how many ranks on is the network the limit? Measured costs of a message and a byte, and a model of the rest.

    python -m tests.benchmarks.scaling     writes out/benchmarks/ranks.md, in half a minute

Measured here: what two ranks take to sum and gather arrays of several sizes, by MPI through memory and through TCP,
which gives the cost α of a message and β of a byte; and a training step of the letter GPT for several numbers of rows,
which gives the fixed cost of a step and the cost of a row. Leave the machine alone meanwhile. Everything for more ranks
than that is computed, not measured.

Per step each bucket of n bytes is summed by a reduce-scatter and fetched by an all-gather, over p machines

    T = 2 (p - 1) α + 2 (p - 1)/p n β                 n ≥ 512 KiB: pairwise exchange, then a ring
    T = 2 ⌈log₂ p⌉ α + 2 (p - 1)/p n β                below: recursive halving, then recursive doubling

which is what MPICH chooses (Thakur, Rabenseifner, Gropp: Optimization of Collective Communication Operations in MPICH,
2005, sections 3 and 4; their cost γ of an addition is in the measured β). Two more exchanges of 64 bytes from each rank
carry the loss and the norm: 2 (⌈log₂ p⌉ α + 64 p β). A step of r rows on each of p machines takes

    T(p) = a + b r + T(buckets) + T(exchanges)

in which nothing overlaps: the worst case. The efficiency is T(1) / T(p), for the same rows on every machine.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
SIZES = [1 << k for k in (3, 10, 13, 16, 18, 20, 22, 23)]  # bytes
RANKS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
BUCKET, MOST_BUCKETS, LONG = 1 << 20, 32, 512 << 10


@dataclass(frozen=True)
class Network:
    """Seconds for a message, and for a byte."""

    name: str
    message: float
    byte: float


@dataclass(frozen=True)
class Work:
    """A model of ``n`` bytes of float32 parameters: seconds of a step that no row causes, of a row, rows and tokens."""

    name: str
    n: int
    fixed: float
    row: float
    rows: int
    length: int  # tokens of a row

    @property
    def operations(self) -> float:
        """Of a machine's rows: two for each parameter and token forward, four backward."""
        return 6 * self.n / 4 * self.length * self.rows


#: What one GPU reaches in float32 and bfloat16 matrix products, as a round number.
GPU = 40e12

#: Beside what was measured here, what such networks usually give.
KNOWN = [Network("10 Gbit/s Ethernet", 30e-6, 1 / 1.1e9), Network("100 Gbit/s InfiniBand", 2e-6, 1 / 11e9)]


def all_reduce(n: int, p: int, network: Network) -> float:
    """Seconds to sum n bytes over p machines and to send each the whole, in one bucket."""
    rounds = p - 1 if n >= LONG else math.ceil(math.log2(p))
    return 2 * rounds * network.message + 2 * (p - 1) / p * n * network.byte


def step_seconds(work: Work, p: int, network: Network) -> float:
    buckets = max(1, min(MOST_BUCKETS, work.n // BUCKET))
    small = 2 * (math.ceil(math.log2(p)) * network.message + 64 * p * network.byte) if p > 1 else 0.0
    return work.fixed + work.row * work.rows + buckets * all_reduce(work.n // buckets, p, network) + small


def fit(sizes: list[int], seconds: list[float], p: int) -> tuple[float, float]:
    """α and β from the times of :func:`all_reduce`: least squares of the relative errors, neither below zero."""
    rows = [[2 * (p - 1) / t, 2 * (p - 1) / p * n / t] for n, t in zip(sizes, seconds, strict=True)]
    (message, byte), *_ = np.linalg.lstsq(np.array(rows), np.ones(len(rows)))
    return max(float(message), 0.0), max(float(byte), 0.0)


# ---- measuring ------------------------------------------------------------------------------------------------------


def least(call: Callable[[], object], seconds: float = 0.5) -> float:
    """The least time of a call, tried for that long."""
    best, end = math.inf, time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best


def exchanges() -> None:
    """In a rank: the least time of each size, printed by rank 0 as JSON."""
    from tinygrad_tf import parallel

    with parallel.join(limit=60) as ranks:
        found = []
        for n in SIZES:
            whole = np.ones(max(ranks.size, n // 4), np.float32)
            counts = [len(part) for part in np.array_split(whole, ranks.size)]
            part, times = np.empty(counts[ranks.rank], np.float32), []
            for _ in range(30):
                ranks.meet()
                start = time.perf_counter()
                ranks.comm.Reduce_scatter(whole, part, counts)
                ranks.comm.Allgatherv(part, [whole, counts])
                times.append(time.perf_counter() - start)
            found.append(float(ranks.table([min(times)]).max()))
        if ranks.first:
            print("RESULT " + json.dumps(found))


def network(name: str, p: int, **settings: str) -> Network:
    from tinygrad_tf.parallel.launcher import mpiexec

    env = {**os.environ, "OPENBLAS_NUM_THREADS": "1", **settings}
    command = [mpiexec(), "-n", str(p), sys.executable, "-m", "tests.benchmarks.scaling", "exchanges"]
    ran = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True, timeout=120)
    (line,) = [line for line in ran.stdout.splitlines() if line.startswith("RESULT ")]
    return Network(name, *fit(SIZES, json.loads(line.removeprefix("RESULT ")), p))


def letter_gpt() -> Work:
    from . import ours
    from .workloads import WORKLOADS

    sizes, rows, times = WORKLOADS["char GPT"].sizes, [1, 3, 6, 12], []
    for n in rows:
        training = ours.gpt_training({**sizes, "batch": n})
        times.append(least(training.step, 2.0))
    row, fixed = np.polyfit(rows, times, 1)
    n = sum(p.array.nbytes for p in training.model.parameters())
    return Work("the letter GPT, 12 rows of 64 letters on each machine", n, max(0.0, float(fixed)), float(row), 12, 64)


def gpt2_small(letters: Work) -> Work:
    """At the rate of the letter GPT, 6 operations for each parameter and token: computed, not measured."""
    operation = letters.row * letters.rows / letters.operations
    n = 124_000_000
    return Work("GPT-2 small, 12 rows of 1,024 tokens on each machine (its step computed)", 4 * n,
                20e-9 * n, 6 * n * 1024 * operation, 12, 1024)  # fmt: skip


# ---- the report -----------------------------------------------------------------------------------------------------


def table(work: Work, networks: list[Network]) -> list[str]:
    lines = ["", f"## {work.name}: {work.n / 1e6:.1f} MB of parameters", "",
             "| ranks | " + " | ".join(f"{network.name} | efficiency" for network in networks) + " |",
             "|---" * (1 + 2 * len(networks)) + "|"]  # fmt: skip
    for p in RANKS:
        cells = []
        for network in networks:
            seconds = step_seconds(work, p, network)
            cells.append(f"{shown(seconds)} | {step_seconds(work, 1, network) / seconds:.0%}")
        lines.append(f"| {p:,} | " + " | ".join(cells) + " |")
    one, gpu = step_seconds(work, 1, networks[0]), work.operations / GPU
    lines += ["", f"A GPU of {GPU / 1e12:.0f} TFLOP/s computes one machine's rows in {shown(gpu)}, as fast as "
              f"{one / gpu:,.0f} such machines without a network between them."]  # fmt: skip
    return lines


def shown(seconds: float) -> str:
    return f"{seconds:,.4g} s" if seconds >= 10 else f"{seconds * 1e3:,.4g} ms"


def report(networks: list[Network], works: list[Work]) -> str:
    how = (__doc__ or "").partition("\n\n")[2].partition("\n\n")[2].strip()
    lines = ["# A step's time by the number of ranks", "", f"```text\n{how}\n```", "",
             "| network | a message | a byte |", "|---|---|---|"]  # fmt: skip
    lines += [f"| {x.name} | {x.message * 1e6:.3g} µs | {x.byte * 1e9:.3g} ns |" for x in networks]
    for work in works:
        lines += table(work, networks)
    return "\n".join(lines) + "\n"


def main() -> None:
    letters = letter_gpt()
    measured = [network("memory of this machine", 2), network("TCP of this machine", 2, UCX_TLS="tcp,self",
                                                              MPIR_CVAR_NOLOCAL="1")]  # fmt: skip
    text = report([*measured, *KNOWN], [letters, gpt2_small(letters)])
    file = ROOT / "out/benchmarks/ranks.md"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    exchanges() if sys.argv[1:] == ["exchanges"] else main()
