"""Measure everything and write out/benchmarks: table.md, table.json, figure.png and figure.svg.

    python -m tests.benchmarks                        all of it, about 10 minutes; leave the machine alone meanwhile
    python -m tests.benchmarks --only "char GPT"      some parts; the others stay as they were measured before
    python -m tests.benchmarks --quick                a first impression: fewer rounds
    python -m tests.benchmarks --only none --readme   nothing new; the table goes into both READMEs of this folder

Parts are the rows of the tables, "memory", "char GPT, busy machine", "growth with layers" and so on.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import figure, measure, report
from .contenders import CONTENDERS
from .team import ROOT
from .workloads import WORKLOADS

HERE = Path(__file__).parent

#: How many seconds the rounds of a workload take; one with long steps takes three rounds however long that is.
BUDGET = {"tiny ops": 10.0, "toy": 15.0, "char GPT": 30.0, "base": 30.0, "long attention": 20.0, "decode": 30.0}


def parts(quick: bool) -> dict[str, Callable[[], Any]]:
    """Everything that is measured, by name."""
    share = 0.3 if quick else 1.0
    found: dict[str, Callable[[], Any]] = {}
    for name, w in WORKLOADS.items():
        found[name] = lambda w=w: measure.side_by_side(w, share * BUDGET[w.name])
    found["cold start"] = lambda: measure.cold_start(3 if quick else 7)
    for name, (workload, _) in report.PEAKS.items():
        found[name] = lambda w=WORKLOADS[workload]: measure.peaks(w)
    for name in ("toy", "char GPT"):
        found[f"{name}, busy machine"] = lambda w=WORKLOADS[name]: measure.side_by_side(w, share * 20, busy=True)
    for name in ("toy", "char GPT"):
        found[f"{name}, products in AVX2"] = lambda w=WORKLOADS[name]: measure.side_by_side(
            w, share * BUDGET[w.name], settings={"OPENBLAS_CORETYPE": "Haswell"}
        )
    for name in measure.GROWTH:
        found[f"growth with {name}"] = lambda name=name: measure.growth(name, quick)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--only", action="append", choices=[*parts(True), "none"], metavar="PART", help="a part; may be repeated"
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--readme", action="store_true", help="write the table and the figure into this folder")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "benchmarks")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # an exception, so that the workers end as well

    file = args.out / "table.json"
    results: dict[str, Any] = json.loads(file.read_text("utf-8")) if args.only and file.exists() else {}
    args.out.mkdir(parents=True, exist_ok=True)
    for contender in CONTENDERS.values():
        if contender.absent():
            print(f"without {contender.name}: {contender.absent()}")
    print(report.machine_line(now := report.machine()), f"Load {now['load']} before.")
    for name, run in parts(args.quick).items():
        if args.only and name not in args.only:
            continue
        began, machine = time.perf_counter(), report.machine()
        results[name] = {"machine": machine, **run()}
        print(f"{name}: {time.perf_counter() - began:.0f} s")
        print(report.part(name, results[name]), flush=True)
        file.write_text(json.dumps(results, indent=1), "utf-8")
    (args.out / "table.md").write_text(report.page(results), "utf-8")
    figure.draw(results, args.out)
    if args.readme:
        for name in report.SENTENCES:
            report.write_readme(HERE / name, results)
        figure.draw_ratios(results, HERE / "speed.svg")
        figure.draw_ratios(results, HERE / "speed.zh.svg", report.IN_CHINESE)
    print(report.page(results))
    print(f"wrote {args.out}: table.md, table.json, figure.png, figure.svg")


if __name__ == "__main__":
    main()
