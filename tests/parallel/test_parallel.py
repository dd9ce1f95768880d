"""Ranks: what they compute together is what one process computes; and none of them waits for ever."""

import functools
import importlib.util
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from jobs import JOB, ROOT, mpirun, needs_mpi, result

from tinygrad_tf import Tensor, nn, optim, parallel
from tinygrad_tf.parallel import launch as start
from tinygrad_tf.parallel.layout import Layout
from tinygrad_tf.random import generator, get_state

needs_train = pytest.mark.skipif(
    not all(importlib.util.find_spec(name) for name in ("tqdm", "safetensors")),
    reason='pip install "tinygrad_tf[train]"',
)


@functools.cache
def equality(n):
    return result(n, "equality")


CASES = ["plain", "SGD", "Muon", "MPI alone", "two machines", "machines of three and one",
         "sometimes more ranks than rows", "an unused weight, recomputed layers", "one bucket",
         "two steps after one backward", "several passes", "several passes, unequal",
         "three types", "three types on two machines"]  # fmt: skip


@needs_mpi
@pytest.mark.parametrize("n", [2, 4])
@pytest.mark.parametrize("case", CASES)
def test_ranks_compute_what_one_process_computes(n, case):
    difference, same_state = equality(n)[case]
    assert difference < (1e-3 if "types" in case else 3e-5)  # 1e-3 is the last place of a float16 near 1
    assert same_state


@needs_mpi
def test_all_cases_are_tested():
    assert list(equality(2)) == CASES


@needs_mpi
def test_dropout_is_reproducible_and_each_rank_has_its_own():
    found = result(2, "dropout")
    assert found["again"] == 0
    assert found["alone"] > 1e-3  # dropout was on
    (a, b, common), (c, d, also) = found["masks"]
    assert len({a, b, c, d}) == 4
    assert common == also


@needs_mpi
def test_buckets_are_summed_while_the_backward_pass_goes_on():
    ((early, n_buckets),) = result(2, "overlap")
    assert n_buckets > 4
    assert n_buckets - 2 <= early < n_buckets  # the embedding is the output as well: its gradient is whole last of all


@needs_mpi
def test_the_small_things():
    found = result(2, "collectives")
    assert (found["mean"], found["any"], found["none"], found["first"]) == (1.0, True, False, {"from": 0})
    wrong, found["problems"][3:-1] = found["problems"][3:-1], []
    assert [[f"the weight {weight} on rank 1" in said for said in of_all] for weight, of_all in zip(
        ("nan", "-1.0", "inf", "-1.0"), wrong, strict=True)] == [[True, True]] * 3 + [[True]]  # fmt: skip
    kinds = [problem.split(" ", 1)[0] for problem in found["problems"]]
    assert kinds == ["ValueError:", "RuntimeError:", "RuntimeError:", "TypeError:"]
    assert "nothing counts" in found["problems"][0]


#: What is put in the place of what the ranks share, and what is then said.
APART = {
    "a new parameter": "5 parameters, of which 4 are shared", "another array": "has another array than the shared one",
    "another type": "has another array than the shared one", "a loaded state": "a state that was loaded",
    "a state that is saved": "its state, of which each rank has a part", "a state that was collected": "nothing",
    "a step of one's own": "its state, of which each rank has a part", "a list of arrays": "another value on rank 1",
    "a pass that failed": "is within backward(), or left it", "a pass that failed, a step": "step got ranks of which",
    "a pass that failed, clipping": "clip_grad_norm_ got ranks of which", "a hook that collects": "collect got ranks",
    "a step that failed": "is within step(), or left it",
}  # fmt: skip


@needs_mpi
def test_what_is_no_longer_shared_is_told():
    found = result(2, "apart")
    assert found.keys() == APART.keys()
    assert {name: text for name, text in found.items() if APART[name] not in text} == {}


@needs_mpi
def test_closing_gives_each_rank_its_model_and_the_memory_back():
    assert result(2, "closing") == {"same": True, "freed": True, "trains again": True}


@needs_mpi
def test_closing_leaves_memory_that_somebody_still_looks_at():
    assert result(2, "closing", "held") == {"same": True, "freed": False, "trains again": True}


@needs_mpi
def test_the_mean_of_nothing_is_nan_with_one_rank_and_with_many():
    assert np.isnan([parallel.Ranks().mean(1.0, weight=0), result(2, "mean_of_nothing")]).all()


@needs_mpi
@pytest.mark.parametrize(
    "how, said",
    [("error", ["rank 1 of 3 failed", "ZeroDivisionError", "in fails"]),
     ("early", ["rank 1 of 3 failed", "ZeroDivisionError"]),
     ("exit", ["rank 1 of 3 failed", "no more"]), ("killed", ["Killed (signal 9)"])],
)  # fmt: skip
def test_one_rank_that_fails_ends_the_job_and_is_named(how, said):
    ran = mpirun(3, JOB, "fails", how)
    assert ran.returncode != 0
    text = ran.stdout + ran.stderr
    assert [part for part in said if part.lower() not in text.lower()] == []
    assert "rank 0 of" not in text


@needs_mpi
@needs_train
def test_a_training_is_resumed_by_another_number_of_ranks(tmp_path):
    whole = result(1, "task_training", tmp_path / "whole.safetensors", "whole")
    path = tmp_path / "parts/model.safetensors"
    assert result(2, "task_training", path, "interrupted")["step"] == 3
    parts = result(4, "task_training", path, "resumed")
    np.testing.assert_allclose(parts["loss"], whole["loss"], rtol=1e-4)
    np.testing.assert_allclose(parts["sum"], whole["sum"], atol=0.02)  # Adam makes much of the keys' biases
    np.testing.assert_allclose(parts["score"], whole["score"])
    assert [file.name for file in path.parent.iterdir()] == ["model.safetensors"]


@needs_mpi
@needs_train
def test_a_trainer_that_fits_again_gives_the_memory_back():
    assert result(2, "fit_twice")


@needs_mpi
def test_ctrl_c_in_the_midst_of_a_step_leaves_no_half_of_it():
    assert result(2, "interrupted")


# ---- the demo -------------------------------------------------------------------------------------------------------


def demo(tmp_path, *args):
    text = tmp_path / "text.txt"
    text.write_text("the quick brown fox jumps over the lazy dog\n" * 40, encoding="utf-8")
    command = [sys.executable, ROOT / "demos/train_char_gpt.py", "--text", text, "--out", tmp_path / "out", *args]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)


@needs_mpi
@needs_train
def test_the_demo_starts_itself_as_ranks_and_goes_on_with_others(tmp_path):
    first = demo(tmp_path, "--steps", 400, "--eval-every", 400, "--ranks", 3)
    deadline = time.monotonic() + 120
    while not first.stdout.readline().startswith("1,"):  # letters to train on: rank 0 has begun
        assert time.monotonic() < deadline
    time.sleep(1)
    first.send_signal(signal.SIGINT)  # Ctrl-C: all ranks stop after the same step, and rank 0 saves
    out, err = first.communicate(timeout=150)
    assert first.returncode == 130, err
    assert "failed" not in err
    assert out.count("validation loss by step") == 1
    assert not (tmp_path / "out/sample.txt").exists()
    from tinygrad_tf.train.saving import load_checkpoint

    saved = load_checkpoint(tmp_path / "out/checkpoint.safetensors")
    assert 0 < saved.step < 400
    assert len(saved.optimizer["state"]) == len(saved.model) - 1  # whole; the tied embedding has two names
    again = demo(tmp_path, "--steps", 400, "--resume", "--ranks", 9, "--seed", 1)
    _, err = again.communicate(timeout=150)
    assert again.returncode != 0
    assert "of another text, seed or number of steps" in err


# ---- without MPI ----------------------------------------------------------------------------------------------------


def test_without_mpi4py_the_error_names_the_extra(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r'pip install "tinygrad_tf\[mpi\]"'):
        start(2)
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    monkeypatch.setenv("PMI_SIZE", "2")
    with pytest.raises(ImportError, match=r'pip install "tinygrad_tf\[mpi\]"'), parallel.join():
        pass


def test_a_job_has_a_rank():
    with pytest.raises(ValueError, match="at least one rank"):
        start(0)


def test_no_launcher(monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="no mpiexec"):
        start(2)


def test_a_failed_launch_leaves_the_environment_as_it_was(monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    with pytest.raises(FileNotFoundError):
        start(2)
    assert "OMP_NUM_THREADS" not in os.environ


def test_random_numbers_of_a_step_are_the_same_after_a_resume():
    def drawn(steps):
        ranks = parallel.Ranks()
        ranks.size, found = 2, []
        for step in steps:  # nobody draws from the common generator in between
            with ranks.own_random(step):
                found.append(generator().random())
        return found

    whole = drawn(range(4))
    assert len(set(whole)) == 4
    assert drawn(range(2, 4)) == whole[2:]


def test_a_process_alone_trains_as_without_ranks():
    def train(with_ranks):
        W = Tensor([[0.5, -0.5]], requires_grad=True)
        optimizer = optim.AdamW([W], lr=0.1)
        with parallel.join() as ranks:
            before = get_state()
            with ranks.own_random():
                assert get_state() == before
            for x in ([[1.0, 2.0]], [[3.0, -1.0]]):
                if with_ranks:
                    shared = parallel.share(nn.Linear(1, 1), optimizer, ranks)
                    loss = shared.backward((W * Tensor(x)).sum(), 7)
                    norm = shared.clip_grad_norm_(0.5)
                    shared.step()
                else:
                    optimizer.zero_grad()
                    loss = (W * Tensor(x)).sum()
                    loss.backward()
                    norm = optim.clip_grad_norm_([W], 0.5)
                    optimizer.step()
                    loss = loss.item()
        return W.array.tolist(), loss, norm

    assert train(True) == train(False)


@pytest.mark.parametrize("weight", [float("nan"), -1.0, float("inf")])
def test_a_weight_is_how_much_counted(weight):
    W = Tensor([[0.5, -0.5]], requires_grad=True)
    W.grad = Tensor([[1.0, 1.0]])
    shared = parallel.share(None, optim.SGD([W], lr=0.1), parallel.Ranks())
    with pytest.raises(ValueError, match="a weight says how much counted"):
        shared.backward(W.sum(), weight)
    assert W.grad.tolist() == [[1.0, 1.0]]
    with pytest.raises(ValueError, match="a weight says how much counted"):
        parallel.Ranks().mean(1.0, weight)


def test_the_parts_of_a_batch_are_all_of_it():
    for n in range(12):
        for size in range(1, 6):
            ranks = [parallel.Ranks() for _ in range(size)]
            for rank, each in enumerate(ranks):
                each.rank, each.size = rank, size
            parts = [each.part(list(range(n))) for each in ranks]
            assert [row for part in parts for row in part] == list(range(n))
            assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("whole", [False, True])
def test_every_entry_has_one_owner(whole):
    sizes = generator().integers(1, 500, 20)
    params = [Tensor(np.zeros(n, np.float32), requires_grad=True) for n in sizes]
    numbered = [(index, p, {}) for index, p in enumerate([*params[::2], *params[1::2]])]
    layout = Layout(numbered, 5, 1000, whole)
    assert len(layout.buckets) > 3
    owned = np.zeros(layout.size, int)
    pieces = [piece for owner in range(5) for bucket in layout.pieces(owner) for piece in bucket]
    for piece in pieces:
        owned[piece.start : piece.stop] += 1
        assert whole <= ((piece.start, piece.stop) == (piece.place.start, piece.place.stop))
    for place in layout.places:
        assert (owned[place.start : place.stop] == 1).all()
        assert place.p is [*params[::2], *params[1::2]][place.index]
    assert owned.sum() == sizes.sum()
    assert [place.p for place in layout.places] == params[::-1]
