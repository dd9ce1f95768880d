"""What is measured: contenders in turn on one workload, cold starts, peaks of memory, growth."""

from __future__ import annotations

import contextlib
import math
import statistics
import time
from typing import Any

from .contenders import COMPILED, CONTENDERS, CORES, DEFAULT, OURS, TORCH, TORCH_COMPILE, TRAINING, Contender
from .floor import floor
from .team import Member, spinning, together
from .workloads import WORKLOADS, Workload, products

Record = dict[str, Any]

#: Libraries on the same work differ by rounding alone; more than this and they did different work.
SAME = 1e-4

#: Many seconds a step, which would leave no time for the others; torch.compile's threads are PyTorch's.
TOO_SLOW_WHEN_BUSY = ("HIPS autograd", TORCH_COMPILE)


def present() -> list[Contender]:
    return [c for c in CONTENDERS.values() if not c.absent()]


def side_by_side(workload: Workload, budget: float, busy: bool = False,
                 settings: dict[str, str] | None = None) -> Record:  # fmt: skip
    """Every contender at each number of threads, in turn, for about ``budget`` seconds and at least three rounds.

    ``busy``: while another program keeps a core busy, each at the number of threads that it takes by itself.
    ``settings`` are environment variables of all of them.
    """
    entered = [(c, n) for c in present() if c.takes(workload) and not (busy and c.name in TOO_SLOW_WHEN_BUSY)
               for n in ((DEFAULT,) if busy and not c.ranks else c.threads)]  # fmt: skip
    with together([Member(c.name, workload.name, n, settings=settings) for c, n in entered]) as members:
        firsts = start(workload, members)
        entries = [{"contender": m.contender.name, "threads": m.threads, "first": first, "rounds": [], "others": []}
                   for m, first in zip(members, firsts, strict=True)]  # fmt: skip
        with spinning() if busy else contextlib.nullcontext():
            rounds(members, entries, budget)
        record: Record = {"entries": [summary(e) for e in entries]}
        if products(workload) and not busy:
            record["floor"] = floor(workload, [in_turn(m, "products") for m in members
                                               if m.contender.name in (OURS, TORCH)])  # fmt: skip
    return record


def start(workload: Workload, members: list[Member]) -> list[list[float]]:
    """Build as many at a time as there are cores for, and hold what the first steps return to what ours do."""
    firsts: dict[Member, list[float]] = {}
    waiting = sorted(members, key=lambda m: m.threads or CORES)
    while waiting:
        group = [waiting.pop(0)]
        while waiting and sum(m.threads or CORES for m in [*group, waiting[0]]) <= CORES:
            group.append(waiting.pop(0))
        for member in group:
            member.begin()
            member.send("start", 3 if workload.kind in TRAINING else 1)
        for member in group:
            firsts[member] = member.receive()
        for member in group:
            member.stop()
    agree({f"{m.contender.name} ({m.threads})": firsts[m] for m in members})
    return [firsts[m] for m in members]


def agree(firsts: dict[str, list[float]]) -> None:
    """A benchmark that compares different work is worthless."""
    (reference, expected), *others = firsts.items()
    for name, found in others:
        for x, y in zip(found, expected, strict=True):
            if not math.isclose(x, y, rel_tol=SAME):
                raise ValueError(f"{name} computes {found}, {reference} {expected}: they do different work")


def rounds(members: list[Member], entries: list[Record], budget: float) -> None:
    began, slowest, done = time.perf_counter(), 0.0, 0
    seconds = min(0.4, budget / 8 / len(members))
    while done < 3 or time.perf_counter() - began + slowest < budget:
        before = time.perf_counter()
        for member, entry in zip(members, entries, strict=True):
            with member.turn() as meanwhile:
                entry["rounds"].append(member.ask("time", seconds, 1))
            entry["others"].append(round(meanwhile["others"], 2))
        slowest, done = max(slowest, time.perf_counter() - before), done + 1


def in_turn(member: Member, method: str) -> Any:
    with member.turn():
        return member.ask(method)


def summary(entry: Record) -> Record:
    """The median over rounds of a round's median, and the fastest step."""
    medians = [statistics.median(steps) for steps in entry["rounds"]]
    return {**entry, "median": statistics.median(medians), "fastest": min(map(min, entry["rounds"])),
            "rounds": [round(m, 7) for m in medians]}  # fmt: skip


# ---- new processes ---------------------------------------------------------------------------------------------------


def cold_start(tries: int) -> Record:
    """From nothing to the end of the first step of ``toy``: start of the process, import, building, step."""
    entered = [(c, DEFAULT) for c in present() if c.takes(WORKLOADS["toy"]) and not c.ranks]
    entries: list[Record] = [{"contender": c.name, "threads": n, "rounds": [], "others": []} for c, n in entered]
    for _ in range(tries):
        for entry in entries:
            began = time.perf_counter()
            with together([Member(entry["contender"], "toy", entry["threads"])]) as (member,):
                member.begin()
                entry["first"] = member.ask("start", 1)
                entry["rounds"].append([time.perf_counter() - began])
    return {"entries": [summary(e) for e in entries]}


def peaks(workload: Workload, sizes: dict[str, int] | None = None, steps: int = 3) -> Record:
    """Peak resident memory of a process that imports, builds and does three steps."""
    entries = []
    for c in present():
        if not c.takes(workload) or c.name not in (OURS, COMPILED, TORCH, TORCH_COMPILE, "JAX jit"):
            continue
        with together([Member(c.name, workload.name, DEFAULT, sizes)]) as (member,):
            member.begin()
            member.ask("start", steps)
            entries.append({"contender": c.name, **member.ask("memory")})
    return {"entries": entries}


# ---- growth ----------------------------------------------------------------------------------------------------------

#: What grows, of which workload, over which values, and the largest exponent of time and of memory. The 0.2 is for
#: noise: a time that is off by a tenth changes the exponent between two sizes by 0.14.
GROWTH: dict[str, tuple[str, dict[str, list[int]], float, float]] = {
    "layers": ("char GPT", {"layers": [4, 8, 16, 32]}, 1.2, 1.2),
    "batch": ("char GPT", {"batch": [12, 24, 48, 96]}, 1.2, 1.2),
    "width": ("char GPT", {"d": [128, 256, 512, 1024]}, 2.2, 2.2),
    "length": ("char GPT", {"length": [64, 128, 256, 512]}, 2.2, 2.2),
    "attention's length": ("long attention", {"length": [1024, 2048, 4096, 8192]}, 2.2, 1.2),
}


def growth(name: str, quick: bool) -> Record:
    """Time and memory of our step as one size grows; each size in a process of its own, at one thread."""
    workload, sizes, most_time, most_memory = GROWTH[name]
    (key, values), contender = next(iter(sizes.items())), best_of_ours()
    record: Record = {"contender": contender, "values": values[:3] if quick else values, "seconds": [], "bytes": [],
                      "most": {"seconds": most_time, "bytes": most_memory}}  # fmt: skip
    for value in record["values"]:
        with together([Member(contender, workload, 1, {key: value})]) as (member,):
            member.begin()
            member.ask("start", 2)
            record["seconds"].append(min(member.ask("time", 0.3, 2)))
            memory = member.ask("memory")
            record["bytes"].append(memory["peak"] - memory["import"])
    record["slopes"] = {what: slope(record["values"], record[what]) for what in ("seconds", "bytes")}
    return record


def best_of_ours() -> str:
    return OURS if CONTENDERS[COMPILED].absent() else COMPILED


def slope(x: list[float], y: list[float]) -> float:
    """The exponent p of y ~ x^p by its last two points, where what does not grow weighs least."""
    return math.log(y[-1] / y[-2]) / math.log(x[-1] / x[-2])
