"""Every contender on every workload under pytest-benchmark, in one process, at the threads the libraries take.

`python -m pytest tests/benchmarks` is the quick look while one works on a kernel; the table in the README comes from
`python -m tests.benchmarks`, which gives each contender a process of its own and lets them take turns.
"""

import os

import pytest

from .contenders import CONTENDERS
from .workloads import WORKLOADS

pytest.importorskip("pytest_benchmark", reason='pip install "tinygrad_tf[bench]"')

PAIRS = [pytest.param(w, c, id=f"{w.name}-{c.name}") for w in WORKLOADS.values() for c in CONTENDERS.values()
         if c.takes(w) and not c.ranks]  # fmt: skip


@pytest.mark.parametrize("workload, contender", PAIRS)
def test_step(workload, contender, benchmark):
    if why := contender.absent():
        pytest.skip(why)
    benchmark.group = workload.name
    benchmark.extra_info["threads"] = os.environ.get("OMP_NUM_THREADS", "as many as the library takes")
    step = contender.build(workload.kind, workload.sizes)
    slow = workload.name in ("base", "long attention", "decode")
    benchmark.pedantic(step, rounds=3 if slow else 20, warmup_rounds=1)
