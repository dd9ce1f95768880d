"""A save at any moment, by hooks, handlers of signals and other threads: what is resumed is the same training."""

import contextlib
import os
import shutil
import signal
import sys
import threading
import time
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("safetensors", reason='pip install "tinygrad_tf[train]"')
if os.name == "nt":
    pytest.skip("SIGUSR1 is Unix's", allow_module_level=True)

from interrupted import run_struck

sys.path.insert(0, str(Path(__file__).parent))
from test_nothing_lost import bits
from training_job import trainer

from tinygrad_tf import nn
from tinygrad_tf.train.keeping import CheckpointFile
from tinygrad_tf.train.saving import load_checkpoint
from tinygrad_tf.train.trainer import load_model, translate
from tinygrad_tf.train.turns import one_by_one

STEPS = 8


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "m.safetensors"
    trainer(path, STEPS).fit(progress=False)
    return bits(path)


def saving(job, copies):
    """What saves a training, and puts a copy aside."""

    def save(*_):
        job.save()
        copies.append(job.file.path.with_name(f"copy{len(copies)}"))
        shutil.copy(job.file.path, copies[-1])

    return save


def check_copies(copies, expected):
    assert copies
    for copy in copies:
        job = trainer(copy, STEPS, seed=5)
        job.resume()
        job.fit(progress=False)
        assert bits(copy) == expected, copy


def around(job, name, before, after):
    """Let something be done before and after what a method does."""
    method = getattr(job, name)
    setattr(job, name, lambda given: (before(), method(given), after())[1])


def nothing():
    pass


PLACES = {
    "before a step": lambda job, save: around(job, "train_step", save, nothing),
    "after a step": lambda job, save: around(job, "train_step", nothing, save),
    "forward": lambda job, save: job.model.register_forward_hook(lambda *given: save()),
    "backward": lambda job, save: next(job.model.parameters()).register_hook(lambda dW: save()),
    "score": lambda job, save: around(job, "evaluate", nothing, save),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_hook_that_saves_saves_what_goes_on_to_the_same_bits(place, tmp_path, expected):
    job, copies, calls = trainer(tmp_path / "m.safetensors", STEPS), [], []
    save = saving(job, copies)

    def now_and_then():
        calls.append(1)
        if len(calls) in (2, 5):
            save()

    PLACES[place](job, now_and_then)
    job.fit(progress=False)
    assert bits(job.path) == expected
    check_copies(copies, expected)


@contextlib.contextmanager
def on_signal(act):
    before = signal.signal(signal.SIGUSR1, act)
    try:
        yield lambda: signal.raise_signal(signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("most", [6, pytest.param(300, marks=pytest.mark.slow)])
def test_a_signal_at_any_line_that_saves_saves_what_goes_on_to_the_same_bits(most, tmp_path, expected):
    lines = run_struck(lambda: trainer(tmp_path / "lines.safetensors", STEPS).fit(progress=False))
    for line in range(lines // 200, lines * 9 // 10, -(-lines // most)):
        job, copies = trainer(tmp_path / f"{line}.safetensors", STEPS), []
        with on_signal(saving(job, copies)) as send:
            run_struck(lambda job=job: job.fit(progress=False), line, send)
        assert bits(job.path) == expected, line
        check_copies(copies, expected)


@pytest.mark.parametrize("most", [40, pytest.param(2000, marks=pytest.mark.slow)])
def test_a_signal_at_any_line_of_the_beginning_saves_too(most, tmp_path):
    """Before the file is known to be this training's alone."""
    net = nn.Linear(1, 1)

    def run():
        with file:
            pass

    for name in ("first", "lines"):  # the first one has more: it loads what is needed
        file = CheckpointFile(tmp_path / name / "m.safetensors")
        lines = run_struck(run)
    for line in range(0, lines, -(-lines // most)):
        file = CheckpointFile(tmp_path / str(line) / "m.safetensors")
        with on_signal(lambda *_, file=file: file.save(net, step=3)) as send:
            run_struck(run, line, send)
        assert {p.name: load_checkpoint(p).step for p in file.path.parent.iterdir()} == {"m.safetensors": 3}, line


@pytest.mark.parametrize("most", [60, pytest.param(2000, marks=pytest.mark.slow)])
def test_a_signal_at_any_line_of_a_save_saves_too(most, tmp_path):
    net = nn.Linear(1, 1)

    def run():
        file.save(net, step=3)

    def start(name):
        folder = tmp_path / str(name)
        file = CheckpointFile(folder / "m.safetensors", keep=3)
        with file:
            file.save(net, step=1)
            file.save(net, step=2)
        return file

    file = start("lines")
    with file:
        lines = run_struck(run)
    for line in range(0, lines, -(-lines // most)):
        file = start(line)
        with on_signal(lambda *_, file=file: file.save(net, step=3)) as send, file:
            run_struck(run, line, send)
        found = {p.name: load_checkpoint(p).step for p in file.path.parent.iterdir()}
        assert found == {"m.safetensors": 3, "m.step1.safetensors": 1, "m.step2.safetensors": 2}, line


def test_a_thread_that_saves_saves_what_goes_on_to_the_same_bits(tmp_path, expected):
    job, copies = trainer(tmp_path / "m.safetensors", STEPS), []
    save, problems = saving(job, copies), []

    def often():
        try:
            while job.step < STEPS:
                save()
                time.sleep(0.002)
        except Exception as problem:
            problems.append(problem)

    thread = threading.Thread(target=often)
    with job.file:
        thread.start()
        job.fit(progress=False)
        thread.join()
    assert problems == []
    assert bits(job.path) == expected
    check_copies(copies, expected)


def test_a_thread_that_measures_is_told_to_take_a_copy(tmp_path, expected):
    """The model's mode is one for all threads: in evaluation it would train without dropout."""
    job, told, ended = trainer(tmp_path / "m.safetensors", STEPS), [], threading.Event()

    def measure():
        while not ended.is_set():
            for model in (job.model, deepcopy(job.model)):
                try:
                    translate(model, job.task.vocabulary, ["123"])
                except RuntimeError as problem:
                    told.append("another thread is training" in str(problem))

    thread = threading.Thread(target=measure)
    around(job, "train_step", lambda: thread.is_alive() or thread.start(), lambda: time.sleep(0.02))
    job.fit(progress=False)
    ended.set()
    thread.join()
    assert told
    assert all(told)
    assert bits(job.path) == expected


def ends_early(job, step):
    """Train, and fail while the score of this step is measured."""
    evaluate = job.evaluate
    job.evaluate = lambda n: 1 / 0 if job.step == step else evaluate(n)
    with pytest.raises(ZeroDivisionError):
        job.fit(progress=False)


LOOKS = {
    "load_model": lambda job: load_model(job.path),
    "load_checkpoint": lambda job: load_checkpoint(job.path),
    "evaluate": lambda job: job.evaluate(5),
    "translate": lambda job: translate(job.model, job.task.vocabulary, ["123"]),
    "summary": lambda job: nn.summary(job.model, np.ones((1, 3), int), np.ones((1, 3), int)),
}


@pytest.mark.parametrize("look", LOOKS)
def test_who_looks_at_a_model_before_it_goes_on_changes_no_bits(look, tmp_path, expected):
    path = tmp_path / "m.safetensors"
    ends_early(trainer(path, STEPS), 5)
    job = trainer(path, STEPS, seed=5)
    job.resume()
    LOOKS[look](job)
    job.fit(progress=False)
    assert bits(path) == expected


def saved_now(job):
    """All that a checkpoint holds, but for the generator, which is saved as a step began."""
    state = job.optimizer.state_dict()["state"]
    arrays = [p.array for p in job.model.state_dict().values()] + [x for each in state.values() for x in each.values()]
    return [np.array(array).tobytes() for array in arrays], job.schedule.state_dict(), job.step, asdict(job.history)


@pytest.mark.parametrize("resumes", [False, True])
def test_nothing_that_is_saved_changes_while_it_is_another_thread_s_turn(resumes, tmp_path):
    path = tmp_path / "m.safetensors"
    if resumes:
        ends_early(trainer(path, STEPS), 5)
    job, changed, ended = trainer(path, STEPS), [], threading.Event()

    def watch():
        while not ended.is_set():
            with one_by_one:
                before = saved_now(job)
                ended.wait(0.03)  # long enough for a step, or a score, to come to its end
                changed.append(saved_now(job) != before)
            time.sleep(0.001)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        if resumes:
            job.resume()
        job.fit(progress=False)
    finally:
        ended.set()
        thread.join()
    assert changed
    assert not any(changed)


def test_a_way_to_measure_that_leaves_the_model_in_evaluation_changes_no_bits(tmp_path, expected):
    job = trainer(tmp_path / "m.safetensors", STEPS)
    around(job, "evaluate", job.model.eval, nothing)
    job.fit(progress=False)
    assert bits(job.path) == expected


@pytest.mark.parametrize("step", [5, STEPS])
def test_what_fails_while_the_score_is_measured_loses_no_step(step, tmp_path, expected):
    path = tmp_path / "m.safetensors"
    ends_early(trainer(path, STEPS), step)
    assert load_checkpoint(path).step == step
    check_copies([path], expected)
