"""No rank waits for ever, none goes its own way without a word, and none leaves anything in memory."""

import json
import mmap
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from jobs import JOB, command, environment, mpirun, needs_mpi, result

from tinygrad_tf import Tensor, optim, parallel

leftovers = sys.modules["tinygrad_tf.parallel.leftovers"]
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="what is tested is Linux's /dev/shm and /proc")

DIFFERENCES = {
    "calls": "mean() on rank 0 and any() on rank 1",
    "lengths": "another value on rank 1",
    "long rows": "another value on rank 1",
    "meets": "from_first() on rank 0 and meet() on rank 1",
    "batch": "another value on rank 1",
    "text": "another value on rank 1",
    "Tensor": "another value on rank 1",
    "shapes": "parameter 2, (1, 4) float32 on rank 0 and share() with parameter 2, (1, 5) float32 on rank 1",
    "optimisers": "share() with SGD on rank 0 and share() with AdamW on rank 1",
    "frozen": "another value on rank 1",
    "machines": "another value on rank 1",
    "norms": "clip_grad_norm_(1) on rank 0 and clip_grad_norm_(2) on rank 1",
    "rates": "step() with lr 0.1 on rank 0 and step() with lr 1.1 on rank 1",
    "momenta": "another value on rank 1",
    "parameters": "another value on rank 1",
}


@needs_mpi
def test_ranks_that_differ_are_told_in_what():
    found = result(2, "differences")
    assert found.keys() == DIFFERENCES.keys()
    assert {name: text for name, text in found.items() if DIFFERENCES[name] not in text} == {}


#: What rank 1 of 3 does alone, and what the job then says within a limit of two seconds.
ENDS = {
    "stops": ["rank 0 of 3 failed", "TimeoutError", "waited for rank 1 (process", "stopped by a signal"],
    "exits": ["rank 0 of 3 failed", "RuntimeError", "the end of the block of join()"],
    "leaves out a step": ["of 3 failed", "RuntimeError", "step()"],
    "steps twice": ["of 3 failed", "RuntimeError", "step()"],
}
QUICK = ["stops", "leaves out a step"]
SLOW = {
    "is killed": ["(signal 9)"],
    "terminates": ["(signal 15)"],
    "breaks": ["(signal 11)"],
    "ends its process": [],
    "computes for long": ["TimeoutError", "waited for rank 1 (process", "computing"],
}


def ends(what, said, limit=2, **how):
    start = time.monotonic()
    ran = mpirun(3, JOB, "alone", what, limit=limit, **how)
    text = ran.stdout + ran.stderr
    assert ran.returncode != 0
    assert [part for part in said if part.lower() not in text.lower()] == []
    assert text.count("failed, which ends the job") <= 2  # mostly once; a second rank may find out at the same time
    assert time.monotonic() - start < 120
    return text


@needs_mpi
@pytest.mark.parametrize("what", [w if w in QUICK else pytest.param(w, marks=pytest.mark.slow) for w in (*ENDS, *SLOW)])
def test_a_rank_that_goes_its_own_way_ends_the_job(what):
    ends(what, {**ENDS, **SLOW}[what])


@needs_mpi
def test_all_ranks_may_exit_together():
    assert mpirun(2, JOB, "all_exit").returncode == 0


@needs_mpi
@on_linux
@pytest.mark.parametrize("where", ["in the block", "after it", "nowhere"])
def test_a_rank_that_leaves_its_process_is_no_job_that_ended_well(where, tmp_path):
    """MPICH's mpiexec ends with 0 or with 9 then, by chance."""
    script = tmp_path / "job.py"
    script.write_text(f"""
import os
from tinygrad_tf import parallel
parallel.launch(2)
with parallel.join() as ranks:
    os._exit(0) if ranks.rank == 1 and {where == "in the block"} else ranks.meet()
os._exit(0) if ranks.rank == 1 and {where == "after it"} else None
""")
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, env=environment(), timeout=60)
    assert (ran.returncode == 0) is (where == "nowhere")
    assert ran.returncode in (0, 9) or "did not come to the end of their process" in ran.stderr


@needs_mpi
def test_after_the_block_a_rank_may_work_alone_and_a_stopped_one_is_named():
    ran = mpirun(2, JOB, "stops_after", limit=4)
    assert ran.returncode != 0
    assert "the end of the process got nothing" in ran.stderr
    assert "stopped by a signal" in ran.stderr
    assert mpirun(2, JOB, "works_on", limit=4).returncode == 0


@needs_mpi
def test_a_process_that_never_joins_does_not_keep_the_others_waiting():
    ran = mpirun(2, JOB, "stays_away", limit=2)
    assert ran.returncode != 0
    assert "until_all_processes_of_the_job_have_come" in ran.stderr


@needs_mpi
def test_ctrl_c_to_one_rank_that_is_about_to_join_does_not_keep_the_others_waiting():
    ran = mpirun(2, JOB, "ctrl_c_while_it_joins", limit=30)
    assert ran.returncode != 0
    assert "Timeout" not in ran.stderr


# ---- shared memory --------------------------------------------------------------------------------------------------


@needs_mpi
@on_linux
def test_a_job_that_is_killed_leaves_nothing_in_memory():
    text = ends("is killed", SLOW["is killed"])
    (line,) = [line for line in text.splitlines() if line.startswith("NAMES ")]
    names = [name for name in json.loads(line[6:]) if name.strip()]
    assert names  # there is shared memory, and all of it has lost its name
    assert [name for name in names if not name.strip().endswith("(deleted)")] == []


@on_linux
def test_the_next_start_removes_what_no_process_has_mapped(tmp_path, monkeypatch):
    monkeypatch.setattr(leftovers, "_MEMORY", tmp_path)
    for name in ("mpich_shm_1_0", "mpich_shm_2_0", "sm_segment.host.0.1", "psm_of_somebody_else", "mpich_of_a_user"):
        (tmp_path / name).write_bytes(bytes(4096))
    assert leftovers.remove_leftovers() == []  # of a job that is just starting
    monkeypatch.setattr(leftovers, "_OLD", -1.0)
    with open(tmp_path / "mpich_shm_2_0", "r+b") as file, mmap.mmap(file.fileno(), 4096) as memory:
        assert leftovers.remove_leftovers() == ["mpich_shm_1_0", "sm_segment.host.0.1"]
        assert memory[:1] == b"\0"
    assert sorted(os.listdir(tmp_path)) == ["mpich_of_a_user", "mpich_shm_2_0", "psm_of_somebody_else"]


# ---- signals at any moment ------------------------------------------------------------------------------------------


def ranks_of(process):
    """The processes that run tests/parallel_job.py below ``process``."""
    found, parents = [], [process.pid]
    while parents:
        children = Path(f"/proc/{parents[-1]}/task/{parents.pop()}/children")
        for child in children.read_text().split() if children.exists() else ():
            parents.append(int(child))
            if runs(int(child)):
                found.append(int(child))
    return sorted(found)


def runs(pid):
    """Whether a process is there and runs tests/parallel_job.py."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[1:2] == [JOB.encode()]
    except OSError:
        return False


@pytest.mark.slow
@needs_mpi
@on_linux
@pytest.mark.parametrize("seed", range(60))
def test_a_signal_to_any_rank_at_any_moment_ends_the_job(seed):
    """SIGKILL, SIGTERM, SIGSEGV or SIGSTOP, from the start of the processes on. Nothing hangs, nothing is left."""
    draw = random.Random(seed)
    number = draw.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGSTOP])
    job = subprocess.Popen(command(3, JOB, "equality"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                           env=environment(LIMIT="4"))  # fmt: skip
    time.sleep(draw.uniform(0.1, 2.5))
    ranks = ranks_of(job)
    if ranks:
        os.kill(draw.choice(ranks), number)
    text, _ = job.communicate(timeout=150)
    assert job.returncode != 0 or not ranks or "RESULT" in text, text
    deadline = time.monotonic() + 5
    while (left := [pid for pid in ranks if runs(pid)]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []


# ---- in one process -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [0, -1, float("nan")])
def test_a_limit_is_a_time(limit):
    with pytest.raises(ValueError, match="a time in seconds"), parallel.join(limit=limit):
        pass


def test_passes_of_a_process_alone_give_the_mean_of_all():
    def trained(*parts):
        W = Tensor([[0.5, -0.5]], requires_grad=True)
        shared = parallel.share(None, optim.SGD([W], lr=0.1), parallel.Ranks())
        for i, (x, n) in enumerate(parts):
            mean = shared.backward((W * Tensor(x)).sum() if n else None, n, more=i < len(parts) - 1)
        shared.step()
        return [mean, *W.array.ravel()]

    apart = trained(([[1.0, 2.0]], 1), ([[0.0, 0.0]], 0), ([[4.0, 8.0]], 2))
    assert apart == pytest.approx(trained(([[3.0, 6.0]], 3)), abs=1e-6)


@pytest.mark.parametrize("more", [False, True])
def test_a_pass_that_failed_leaves_nothing_for_the_next_step(more):
    W = Tensor([1.0], requires_grad=True)
    shared = parallel.share(None, optim.SGD([W], lr=0.1), parallel.Ranks())
    handle = W.register_hook(lambda dW: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        shared.backward(W.sum(), more=more)
    assert W.grad is None
    handle.remove()
    shared.backward((3 * W).sum())
    assert W.grad.tolist() == [3.0]


def test_a_step_waits_for_the_last_pass():
    W = Tensor([1.0], requires_grad=True)
    shared = parallel.share(None, optim.SGD([W], lr=0.1), parallel.Ranks())
    shared.backward(W.sum(), more=True)
    with pytest.raises(RuntimeError, match="more=True"):
        shared.step()
