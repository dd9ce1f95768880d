"""Whoever sets out to lose a training with signals, files and bad numbers does not succeed."""

import errno
import functools
import os
import pty
import random as pythons_random
import re
import select
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

for package in ("tqdm", "safetensors"):
    pytest.importorskip(package, reason='pip install "tinygrad_tf[train]"')

from interrupted import at_every_line, ctrl_c, run_struck  # noqa: E402

sys.path.insert(0, str(Path(__file__).parent))
from training_job import trainer  # noqa: E402

from tinygrad_tf import nn, random  # noqa: E402
from tinygrad_tf.errors import is_explained  # noqa: E402
from tinygrad_tf.parallel.launcher import mpiexec, passing_signals  # noqa: E402
from tinygrad_tf.train import saving  # noqa: E402
from tinygrad_tf.train.keeping import CheckpointFile  # noqa: E402
from tinygrad_tf.train.saving import load_checkpoint, save_checkpoint  # noqa: E402

ROOT, JOB = Path(__file__).parents[2], Path(__file__).with_name("training_job.py")
STEPS = 40
unix = pytest.mark.skipif(os.name == "nt", reason="signals and terminals are Unix's")


def start(path, steps=STEPS, *how, **options):
    command = [sys.executable, str(JOB), str(path), str(steps), *how]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen(command, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, **options)


def until_it_runs(job):
    assert job.stdout.readline() == "it runs\n", job.stderr.read()


def bits(path):
    """What a training is at its end, whatever way it got there."""
    saved = load_checkpoint(path)
    arrays = [a.tobytes() for _, a in sorted(saved.model.items())]
    state = {i: {k: v.tobytes() if isinstance(v, np.ndarray) else v for k, v in s.items()}
             for i, s in saved.optimizer["state"].items()}  # fmt: skip
    return saved.step, arrays, state, saved.schedule, saved.random, saved.notes


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "m.safetensors"
    trainer(path, STEPS).fit(progress=False)
    return bits(path)


def only(path):
    assert [p.name for p in path.parent.iterdir()] == [path.name]


# ---- signals --------------------------------------------------------------------------------------------------------


@unix
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_saves_and_the_training_goes_on_to_the_same_bits(tmp_path, name, expected):
    path, number = tmp_path / "m.safetensors", getattr(signal, name)
    job = start(path, STEPS, "slow", "bar")
    until_it_runs(job)
    job.send_signal(number)
    _, said = job.communicate(timeout=60)
    assert job.returncode == 128 + number, said
    assert f"stopped by {name} after step" in said
    assert "resume() and fit() go on" in said
    assert 0 < load_checkpoint(path).step < STEPS
    only(path)
    resumed = trainer(path, STEPS, seed=5)
    resumed.resume()
    resumed.fit(progress=False)
    assert bits(path) == expected


@unix
@pytest.mark.parametrize(
    "make",
    [
        os.mkfifo,
        os.mkdir,
        lambda path: os.symlink("nowhere", path),
        lambda path: os.symlink(path.name, path),
        lambda path: path.write_text("Dear diary"),
    ],
    ids=["pipe", "folder", "link to nothing", "loop", "text"],
)
@pytest.mark.parametrize("name", ["m.step1.safetensors", "m.step99.safetensors"])
def test_what_is_called_like_a_kept_checkpoint_neither_stops_a_save_nor_goes(make, name, tmp_path):
    path, net = tmp_path / "m.safetensors", nn.Linear(1, 1)
    with CheckpointFile(path, keep=3) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        make(tmp_path / name)
        for step in range(1, 6):
            file.save(net, step=step)
    found = {p.name for p in tmp_path.iterdir()}
    assert found == {"m.safetensors", "m.step3.safetensors", "m.step4.safetensors", name}


@pytest.mark.parametrize("history", [
    {"loss": [10**400], "accuracy": {}}, {"loss": [], "accuracy": {"9" * 5000: 1.0}},
    {"loss": [], "accuracy": {"\u0663": 1.0}}, {"loss": [True], "accuracy": {}},
], ids=["loss", "step", "foreign digits", "truth"])  # fmt: skip
def test_a_history_of_no_numbers_is_refused(history, tmp_path):
    path = tmp_path / "m.safetensors"
    job = trainer(path, 3)
    job.fit(progress=False)
    notes = {**load_checkpoint(path).notes, "history": history}
    save_checkpoint(path, *(job.model, job.optimizer, job.schedule), step=3, notes=notes)
    with pytest.raises(ValueError, match=r"notes.history(?s:.*)cure: "):
        trainer(path, 3).resume()


def test_a_checkpoint_from_beyond_the_end_is_refused(tmp_path):
    """Its training would never come to its last step."""
    path = tmp_path / "m.safetensors"
    job = trainer(path, 3)
    job.fit(progress=False)
    saved = load_checkpoint(path)
    save_checkpoint(path, *(job.model, job.optimizer, job.schedule), step=4, notes=saved.notes)
    with pytest.raises(ValueError, match="step 4") as caught:
        trainer(path, 3).resume()
    assert "cure: " in str(caught.value)


@pytest.mark.parametrize("name", ["m.step99.safetensors", "m.step1.safetensors"])
@pytest.mark.filterwarnings("ignore:the checkpoint of step 1 is not kept")
def test_another_training_that_is_called_like_a_kept_checkpoint_keeps_its_file(name, tmp_path):
    with CheckpointFile(tmp_path / "m.safetensors", keep=2) as file:
        file.save(nn.Linear(1, 1), step=1)
        with CheckpointFile(tmp_path / name) as other:
            other.save(nn.Linear(1, 1), step=7)
        for step in range(2, 6):
            file.save(nn.Linear(1, 1), step=step)
    assert load_checkpoint(tmp_path / name).step == 7
    assert {p.name for p in tmp_path.iterdir()} == {"m.safetensors", "m.step4.safetensors", name}


@unix
@pytest.mark.parametrize("join", [os.link, os.rename], ids=["a second name of it", "it"])
def test_a_file_that_is_called_like_a_lock_stays(join, tmp_path):
    path = tmp_path / "m.safetensors"
    (tmp_path / "diary").write_text("Dear diary")
    join(tmp_path / "diary", tmp_path / ".m.safetensors.lock")
    with pytest.warns(UserWarning, match="cannot be locked"), CheckpointFile(path) as file:
        file.save(nn.Linear(1, 1), step=1)
    assert (tmp_path / ".m.safetensors.lock").read_text() == "Dear diary"
    assert load_checkpoint(path).step == 1


def start_ranks(path, *how):
    pytest.importorskip("mpi4py", reason='pip install "tinygrad_tf[mpi]"')
    command = passing_signals([mpiexec(), "-n", "2", sys.executable, str(JOB), str(path), *how, "ranks"])
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    return subprocess.Popen(command, text=True, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@unix
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_a_signal_to_the_launcher_of_ranks_saves(tmp_path, name):
    path, number = tmp_path / "m.safetensors", getattr(signal, name)
    job = start_ranks(path, "3000", "slow", "bar")
    until_it_runs(job)
    job.send_signal(number)
    _, said = job.communicate(timeout=60)  # until the ranks, which write there too, have ended
    assert f"stopped by {name if name == 'SIGINT' else 'SIGTERM'} after step" in said
    assert 0 < load_checkpoint(path).step < 3000
    only(path)
    job = trainer(path, 3000)
    job.resume()  # by one process alone


@unix
def test_ranks_stop_at_a_number_that_is_none_and_say_where_it_was_made(tmp_path):
    job = start_ranks(tmp_path / "m.safetensors", "20", "nan")
    _, said = job.communicate(timeout=60)
    assert job.returncode != 0
    assert re.search("at step 1\n.*(forward|backward) of .* in encoder.layers.0", said), said
    assert list(tmp_path.iterdir()) == []


@unix
def test_ranks_are_told_of_a_file_that_is_not_theirs(tmp_path):
    a_text(tmp_path / "m.safetensors")
    job = start_ranks(tmp_path / "m.safetensors", "20")
    _, said = job.communicate(timeout=60)
    assert job.returncode != 0
    assert "a file that no training wrote" in said
    assert (tmp_path / "m.safetensors").read_text() == "Dear diary"


@unix
def test_a_last_save_that_failed_can_be_repeated_by_ranks(tmp_path):
    path = tmp_path / "m.safetensors"
    job = start_ranks(path, "8", "crowded")
    _, said = job.communicate(timeout=60)
    assert said.count("caught: ") == 2, said
    assert job.returncode == 0, said
    assert sorted(load_checkpoint(path).notes["history"]["accuracy"]) == ["5", "8"]  # with what was measured since
    only(path)


@unix
def test_the_limit_of_processor_time_saves(tmp_path):
    import resource

    path = tmp_path / "m.safetensors"
    job = start(path, 10**6, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (3, 60)))
    _, said = job.communicate(timeout=60)
    assert job.returncode == 128 + signal.SIGXCPU, said
    assert load_checkpoint(path).step > 0


@unix
def test_nohup_is_respected(tmp_path):
    path = tmp_path / "m.safetensors"
    job = start(path, 30, "slow", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    until_it_runs(job)
    job.send_signal(signal.SIGHUP)
    job.communicate(timeout=60)
    assert job.returncode == 0
    assert load_checkpoint(path).step == 30


@unix
def test_a_terminal_that_is_closed(tmp_path):
    """Its program gets SIGHUP, and nobody can read what it writes."""
    path = tmp_path / "m.safetensors"
    ours, theirs = pty.openpty()

    def take_it():
        os.setsid()
        os.close(os.open(os.ttyname(theirs), os.O_RDWR))  # the first that it opens is its own

    job = start(path, 2000, "slow", "bar", stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=take_it)
    os.close(theirs)
    said = b""
    while b"it runs" not in said:
        assert select.select([ours], [], [], 60)[0]
        said += os.read(ours, 1000)
    os.close(ours)
    assert job.wait(timeout=60) == 128 + signal.SIGHUP
    assert 0 < load_checkpoint(path).step < 2000


@unix
def test_a_reader_that_goes_away_does_not_end_the_training(tmp_path):
    path = tmp_path / "m.safetensors"
    job = start(path, 30, "slow", "bar")
    until_it_runs(job)
    job.stderr.close()
    assert job.wait(timeout=60) == 0
    assert load_checkpoint(path).step == 30


def resumed(path, seed=0):
    """The training anew, or where there is a file, from another seed and then from it."""
    if not path.exists():
        return trainer(path, STEPS)
    job = trainer(path, STEPS, seed=seed)
    job.resume()
    return job


@unix
@pytest.mark.parametrize("kills", [4, pytest.param(120, marks=pytest.mark.slow)])
def test_killed_at_random_moments_it_goes_on_to_the_same_bits(tmp_path, kills, expected):
    """Each time it is resumed if there is a file, and killed again, in a fork, at a line of the package."""
    rng = pythons_random.Random(kills)
    path = tmp_path / "m.safetensors"
    lines = run_struck(lambda: trainer(None, 10).fit(progress=False))
    killed = 0
    while killed < kills:
        at = rng.randrange(lines)
        child = os.fork()
        if child == 0:
            job = resumed(path, killed + 1)
            run_struck(functools.partial(job.fit, progress=False), at, lambda: os.kill(os.getpid(), signal.SIGKILL))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            killed += 1
        else:
            assert bits(path) == expected
            path.unlink()
    resumed(path).fit(progress=False)
    assert bits(path) == expected
    only(path)
    print(f"{killed} kills")


# ---- whose file it is -----------------------------------------------------------------------------------------------


def a_checkpoint(path):
    trainer(path, 5).fit(progress=False)


def a_text(path):
    path.write_text("Dear diary")


def an_empty_file(path):
    path.write_bytes(b"")


THEIRS = [
    (a_checkpoint, "the checkpoint of step 5"),
    (a_text, "no training wrote"),
    (an_empty_file, "no training wrote"),
]


@pytest.mark.parametrize("make, what", THEIRS, ids=[make.__name__ for make, _ in THEIRS])
def test_fit_replaces_nothing_that_it_did_not_write(tmp_path, make, what):
    path = tmp_path / "m.safetensors"
    make(path)
    before = path.read_bytes()
    again = trainer(path, 5, seed=1)
    for act in (again.fit, again.save):
        with pytest.raises(FileExistsError, match=what) as caught:
            act() if act == again.save else act(progress=False)
        assert "overwrite=True" in str(caught.value)
        assert again.step == 0
        assert path.read_bytes() == before
    only(path)
    trainer(path, 5, seed=1, overwrite=True).fit(progress=False)
    assert path.read_bytes() != before


def test_what_it_wrote_itself_it_may_replace(tmp_path):
    job = trainer(tmp_path / "m.safetensors", 5)
    job.fit(progress=False)
    job.save()
    job.fit(progress=False)
    other = trainer(tmp_path / "m.safetensors", 5)
    other.resume()
    other.save()


def test_a_resume_that_failed_is_no_right_to_overwrite(tmp_path):
    path = tmp_path / "m.safetensors"
    a_checkpoint(path)
    other = trainer(path, 6)
    with pytest.raises(ValueError, match="training is"):
        other.resume()
    with pytest.raises(FileExistsError):
        other.fit(progress=False)


def test_a_file_that_came_since_it_was_resumed_stays(tmp_path):
    path = tmp_path / "m.safetensors"
    a_checkpoint(path)
    one, two = trainer(path, 5), trainer(path, 5)
    one.resume()
    two.resume()
    one.history.accuracy[5] = 0.5
    one.save()
    with pytest.raises(FileExistsError, match="the checkpoint of step 5"):
        two.fit(progress=False)


class Meanwhile(CheckpointFile):
    """Something happens to the file before the second save, the one of step 10."""

    happens = staticmethod(lambda path: None)

    def save(self, model, optimizer=None, schedule=None, step=0, notes=None):
        if step == 10:
            type(self).happens(self.path)
        super().save(model, optimizer, schedule, step, notes)


def change(job, happens):
    job.file.__class__ = type("Changed", (Meanwhile,), {"happens": staticmethod(happens)})


def test_a_file_that_somebody_puts_there_meanwhile_stays_and_nothing_is_lost(tmp_path, expected):
    path = tmp_path / "m.safetensors"
    job = trainer(path, STEPS)
    change(job, a_text)
    with pytest.warns(UserWarning, match="is now somebody else's file: from step 10 on it is"):
        job.fit(progress=False)
    assert path.read_text() == "Dear diary"
    assert bits(tmp_path / "m.step10.safetensors") == expected
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("number", [1, 2, 4])
@pytest.mark.parametrize("keep", [1, 2])
def test_a_file_that_comes_while_it_is_saved_stays(number, keep, tmp_path, monkeypatch, expected):
    """By the time that all of the new one is written beside, another may have been put into its place."""
    path, theirs, written, write = tmp_path / "m.safetensors", tmp_path / "theirs", [], saving.write_safetensors
    save_checkpoint(theirs, nn.Linear(1, 1), step=7)

    def slowly(arrays, beside, metadata):
        write(arrays, beside, metadata)
        written.append(beside)
        if len(written) == number:
            os.replace(theirs, path)

    monkeypatch.setattr(saving, "write_safetensors", slowly)
    job = trainer(path, STEPS, keep=keep)
    with pytest.warns(UserWarning, match="is now somebody else's file"):
        job.fit(progress=False)
    assert load_checkpoint(path).step == 7
    assert bits(job.path) == expected


def test_a_folder_that_is_removed_meanwhile_comes_again(tmp_path, expected):
    path = tmp_path / "folder" / "m.safetensors"
    job = trainer(path, STEPS)

    def remove(path):
        for each in path.parent.iterdir():
            each.unlink()
        path.parent.rmdir()

    change(job, remove)
    job.fit(progress=False)
    assert bits(path) == expected


def test_the_last_ones_are_kept_where_asked(tmp_path):
    path = tmp_path / "m.safetensors"
    job = trainer(path, 20, keep=3)
    job.fit(progress=False)
    kept = sorted(p.name for p in tmp_path.iterdir())
    assert kept == ["m.safetensors", "m.step10.safetensors", "m.step15.safetensors"]
    assert [load_checkpoint(tmp_path / name).step for name in kept] == [20, 10, 15]
    path.unlink()
    with pytest.raises(FileExistsError, match=r"m\.step10\.safetensors', a checkpoint that another training kept"):
        trainer(path, 20, keep=3).fit(progress=False)


def test_a_file_with_the_name_of_one_to_keep_stays(tmp_path):
    path = tmp_path / "m.safetensors"
    job = trainer(path, 15, keep=2)
    change(job, lambda path: a_text(path.with_name("m.step5.safetensors")))
    with pytest.warns(UserWarning, match="step 5 is not kept"):
        job.fit(progress=False)
    assert (tmp_path / "m.step5.safetensors").read_text() == "Dear diary"


# ---- two trainings on one path --------------------------------------------------------------------------------------


@unix
def test_a_second_training_on_one_path_is_told_and_a_killed_one_keeps_nobody_out(tmp_path):
    path = tmp_path / "m.safetensors"
    first = start(path, 3000, "slow")
    until_it_runs(first)
    (tmp_path / "link").symlink_to(path)
    for name in ("m.safetensors", "link"):
        with pytest.raises(BlockingIOError, match=f"process {first.pid} on") as caught:
            trainer(tmp_path / name, 5, overwrite=True).fit(progress=False)
        assert is_explained(caught.value)
    first.kill()
    first.communicate()
    trainer(path, 5, overwrite=True).fit(progress=False)
    assert load_checkpoint(path).step == 5
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link", "m.safetensors"]


def test_a_second_training_in_the_same_process_is_told(tmp_path):
    with CheckpointFile(tmp_path / "m") as file:
        with pytest.raises(BlockingIOError, match=str(os.getpid())), CheckpointFile(tmp_path / "m"):
            pass
        with file:  # the same one
            pass
        with pytest.raises(BlockingIOError), CheckpointFile(tmp_path / "m"):
            pass
    with CheckpointFile(tmp_path / "m"):
        pass
    assert list(tmp_path.iterdir()) == []


@unix
def test_a_child_of_a_dead_training_keeps_nobody_out(tmp_path):
    import fcntl  # noqa: F401

    stop, go = os.pipe()
    parent = os.fork()
    if parent == 0:
        CheckpointFile(tmp_path / "m").__enter__()
        if os.fork() == 0:
            os.close(go)
            os.read(stop, 1)  # lives on until the test ends
        os._exit(0)
    os.close(stop)
    os.waitpid(parent, 0)
    with CheckpointFile(tmp_path / "m"):
        pass
    os.close(go)


def test_long_names_have_locks_of_their_own(tmp_path):
    one, two = tmp_path / ("n" * 239 + "1.safetensors"), tmp_path / ("n" * 239 + "2.safetensors")
    with CheckpointFile(one), CheckpointFile(two), pytest.raises(BlockingIOError), CheckpointFile(one):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a\0b", "file/m", "circle"])
def test_a_path_that_leads_nowhere_is_not_resumed(tmp_path, name):
    (tmp_path / "file").write_text("")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    for act in (lambda job: job.resume(), lambda job: job.fit(progress=False)):
        with pytest.raises(OSError) as caught:  # noqa: PT011 (whichever the system raises)
            act(trainer(f"{tmp_path}/{name}", 5))
        assert is_explained(caught.value)


def test_where_there_are_no_locks_it_warns_and_trains(tmp_path, monkeypatch):
    import fcntl

    def none(*_):
        raise OSError(errno.ENOLCK, "x")

    monkeypatch.setattr(fcntl, "flock", none)
    with pytest.warns(UserWarning, match="cannot be locked"):
        trainer(tmp_path / "m.safetensors", 5).fit(progress=False)
    assert load_checkpoint(tmp_path / "m.safetensors").step == 5


# ---- saves that fail ------------------------------------------------------------------------------------------------


def test_a_path_that_cannot_be_written_is_told_before_the_first_step(tmp_path):
    (tmp_path / "file").write_text("old")
    job = trainer(tmp_path / "file" / "m.safetensors", 5)
    with pytest.raises(NotADirectoryError) as caught:
        job.fit(progress=False)
    assert is_explained(caught.value)
    assert job.step == 0


def test_a_save_that_fails_is_a_warning_and_the_next_one_tries_again(tmp_path, monkeypatch, expected):
    path = tmp_path / "m.safetensors"
    job, fsync, full = trainer(path, STEPS), os.fsync, [10, 15, 20]

    def sometimes(number):
        if job.step in full:
            raise OSError(errno.ENOSPC, "x")
        fsync(number)

    monkeypatch.setattr(os, "fsync", sometimes)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        job.fit(progress=False)
    assert len(said) == 3
    for each in said:
        assert "the checkpoint of step 5 is still there" in str(each.message)
        assert "make room" in str(each.message)
    assert bits(path) == expected
    only(path)


@pytest.mark.parametrize("problem", [OSError(errno.EDQUOT, "x"), OSError(errno.EACCES, "x"), MemoryError()])
def test_the_last_save_raises_and_can_be_repeated(tmp_path, monkeypatch, problem, expected):
    path = tmp_path / "m.safetensors"
    job, fsync = trainer(path, STEPS), os.fsync

    def at_the_end(number):
        if job.step > 5:
            raise problem
        fsync(number)

    monkeypatch.setattr(os, "fsync", at_the_end)
    with pytest.raises(type(problem)), pytest.warns(UserWarning, match="not saved, and the training goes on"):
        job.fit(progress=False)
    assert load_checkpoint(path).step == 5
    monkeypatch.undo()
    job.save()
    assert bits(path) == expected


@unix
def test_a_disk_that_is_full_from_the_start(tmp_path):
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12k", "none", tmp_path], capture_output=True).returncode:
        pytest.skip("no small disk may be mounted here")
    try:
        job = trainer(tmp_path / "m.safetensors", 10)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            with pytest.raises(OSError, match="make room") as caught:
                job.fit(progress=False)
        assert re.search("there is no room for a checkpoint, of about", str(said[0].message))
        assert caught.value.errno == errno.ENOSPC
        assert job.step == 10
        assert list(tmp_path.iterdir()) == []
    finally:
        subprocess.run(["umount", tmp_path], check=True)


# ---- numbers that are none ------------------------------------------------------------------------------------------


def at_step(n, act):
    """A Trainer that does something to itself before a step."""

    def change(job):
        real = job.train_step

        def train_step(batch):
            if job.step == n:
                act(job)
            return real(batch)

        job.train_step = train_step

    return change


def a_nan_in_a_weight(job):
    job.model.decoder.layers[0].linear2.weight.array[1, 2] = np.nan


def an_infinite_activation(job):
    job.model.encoder.layers[0].linear1.weight.array[:, :2] = [3e38, -3e38]


def a_gradient_that_is_none(job):
    weight = job.model.decoder.layers[0].linear1.weight
    weight.register_hook(lambda d: d * np.float32(np.nan))


def a_step_that_is_too_long(job):
    job.optimizer.param_groups[0]["lr"] = 1e39  # float32 ends at 3.4e38
    if job.schedule is not None:
        job.schedule.base_lrs = [1e39]


BAD = [
    (a_nan_in_a_weight, "a loss of nan at step 8", r"the parameter decoder.layers.0.linear2.weight \(.*1 of 64 "),
    (an_infinite_activation, "at step 8", r"(forward|backward) of \w+ in encoder.layers.0"),
    (a_gradient_that_is_none, "gradients of norm nan at step 8", "multiply in no module, called at .*test_nothing"),
    (a_step_that_is_too_long, "at step|after step", "the parameter"),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("spoil, what, where", BAD, ids=[spoil.__name__ for spoil, *_ in BAD])
def test_a_number_that_is_none_stops_the_training_before_it_is_saved(tmp_path, spoil, what, where):
    path = tmp_path / "m.safetensors"
    job = trainer(path, STEPS)
    at_step(7, spoil)(job)
    with pytest.raises(FloatingPointError, match=what) as caught:
        job.fit(progress=False)
    text = str(caught.value)
    assert is_explained(caught.value)
    assert re.search(where, text), text
    assert f"go on from the last good one, of step 5 in {str(path)!r}" in text
    assert "random.set_state({'bit_generator': 'PCG64'" in text
    assert load_checkpoint(path).step == 5
    assert all(np.isfinite(a).all() for a in load_checkpoint(path).model.values())
    only(path)
    resumed = trainer(path, STEPS)
    resumed.resume()
    assert resumed.fit(progress=False).loss[-1] < 10


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_batch_that_did_it_is_drawn_again(tmp_path):
    job, drawn = trainer(None, STEPS), []
    sample = job.task.sample

    def spoil(job):
        drawn.append(job.drawn_from)
        an_infinite_activation(job)

    at_step(7, spoil)(job)
    seen = []
    real = job.train_step
    job.train_step = lambda batch: (seen.append(batch), real(batch))[1]
    with pytest.raises(FloatingPointError):
        job.fit(progress=False)
    random.set_state(job.drawn_from)
    again = job.task.batch(sample(random.generator(), 4))
    np.testing.assert_array_equal(again.source, seen[-1].source)
    assert drawn == [job.drawn_from]


def test_weights_are_those_before_the_bad_step():
    job, before = trainer(None, STEPS), []

    def spoil(job):
        a_gradient_that_is_none(job)
        before.extend(p.array.copy() for p in job.model.parameters())

    at_step(7, spoil)(job)
    with pytest.raises(FloatingPointError):
        job.fit(progress=False)
    assert job.step == 7
    assert len(job.history.loss) == 7
    for p, array in zip(job.model.parameters(), before, strict=True):
        np.testing.assert_array_equal(p.array, array)


def test_a_stop_signal_at_the_end_is_not_swallowed(tmp_path):
    job = trainer(tmp_path / "m.safetensors", 5)
    evaluate = job.evaluate

    def interrupted(n=None):
        signal.raise_signal(signal.SIGTERM)
        return evaluate(n)

    job.evaluate = interrupted
    job.fit(progress=False)
    assert job.stopped == signal.SIGTERM
    assert load_checkpoint(tmp_path / "m.safetensors").step == 5


# ---- what fails in the middle of a step, or of a resume -------------------------------------------------------------


class Struck(Exception):
    """What fails once."""


def drawing(job, fail):
    sample = job.task.sample
    object.__setattr__(job.task, "sample", lambda *given: (sample(*given), fail())[0])


FAILS = {
    "drawing": drawing,
    "forward": lambda job, fail: job.model.register_forward_hook(lambda *given: fail()),
    "backward": lambda job, fail: next(job.model.parameters()).register_hook(lambda dW: fail()),
    "step": lambda job, fail: setattr(job.optimizer, "step", lambda step=job.optimizer.step: (fail(), step())[1]),
    "score": lambda job, fail: setattr(job, "evaluate", lambda n, old=job.evaluate: (fail(), old(n))[1]),
}


@pytest.mark.parametrize("kind", [Struck, MemoryError, KeyboardInterrupt], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("place", FAILS)
@pytest.mark.parametrize("how", ["again", "resumed"])
def test_a_step_that_failed_is_made_again_to_the_same_bits(how, place, kind, tmp_path, expected):
    path, calls = tmp_path / "m.safetensors", []
    job = trainer(path, STEPS)

    def fail():
        calls.append(1)
        if len(calls) == 3:
            raise kind

    FAILS[place](job, fail)
    with pytest.raises(kind):
        job.fit(progress=False)
    if how == "resumed":
        job.save()
        job = trainer(path, STEPS, seed=5)
        job.resume()
    job.fit(progress=False)
    assert bits(path) == expected


@pytest.mark.parametrize("place", FAILS)
def test_nobody_resumes_in_the_midst_of_a_training(place, tmp_path, expected):
    """Half of one step and half of another would be neither."""
    path, calls = tmp_path / "m.safetensors", []
    job = trainer(path, STEPS)

    def resume():
        calls.append(1)
        if len(calls) == 3:
            job.resume()

    FAILS[place](job, resume)
    with pytest.raises(RuntimeError, match=r"Trainer\.resume got a model, or an optimizer, that another"):
        job.fit(progress=False)
    job.fit(progress=False)
    assert bits(path) == expected


def test_a_step_too_many_does_not_train_for_ever(tmp_path):
    job = trainer(tmp_path / "m.safetensors", 3)
    job.fit(progress=False)
    job.train_step(job.task.batch(job.task.held_out[:4]))
    assert len(job.fit(progress=False).loss) == job.step == 4


def test_ctrl_c_at_any_line_of_a_resume_finds_the_old_training_or_the_new_one(tmp_path):
    path = tmp_path / "m.safetensors"
    trainer(path, 6).fit(progress=False)
    jobs, seen = [], set()

    def looks(job):
        return (job.step, len(job.history.loss), job.file.step, job.schedule.last_epoch, len(job.optimizer.state) > 0,
                [p.array.tobytes() for p in job.model.parameters()])  # fmt: skip

    old, new = (trainer(path, 6, seed=1) for _ in range(2))
    new.resume()
    known = [looks(old), looks(new)]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        at_every_line(lambda: (jobs.append(trainer(path, 6, seed=1)), jobs[-1].resume()),
                      lambda came, where: seen.add(known.index(looks(jobs[-1]))), ctrl_c, most=150)  # fmt: skip
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == {0, 1}
