"""Altered checkpoints: one clear error and nothing changed, or what was saved, or what a signer put in."""

import json
import random
import warnings

import numpy as np
import pytest
from cases.altered import altered, json_altered, within_bounds
from test_saving import Training, as_bytes

from tinygrad_tf import optim
from tinygrad_tf import random as own_random
from tinygrad_tf.contents import digest
from tinygrad_tf.errors import is_explained
from tinygrad_tf.train.saving import load_checkpoint, save_checkpoint

safetensors = pytest.importorskip("safetensors.numpy", reason='pip install "tinygrad_tf[train]"')

SCHEDULES = {
    "warmup": optim.WarmupCosineLR,
    "plateau": lambda o, *_: optim.ReduceLROnPlateau(o, patience=1),
    "one cycle": lambda o, *_: optim.OneCycleLR(o, 0.3, 20, cycle_momentum=False),
    "in sequence": lambda o, *_: optim.SequentialLR(
        o, [optim.LinearLR(o, 0.1, total_iters=2), optim.CosineAnnealingLR(o, 5)], [2]
    ),
    "milestones": lambda o, *_: optim.MultiStepLR(o, [2, 4], 0.3),
    "of one's own": lambda o, *_: optim.LambdaLR(o, lambda step: 0.5**step),
}
OPTIMIZERS = {"AdamW": optim.AdamW, "SGD": lambda params, lr: optim.SGD(params, lr=lr, momentum=0.9),
              "RMSprop": optim.RMSprop}  # fmt: skip
NOTES = {"history": {"loss": [1.5, float("nan")], "accuracy": {"2": 0.5}}, "vocabulary": "abc", "model": {"d_model": 4}}


class Steps(Training):
    def train(self, steps):
        for _ in range(steps):
            loss = (self.net(own_random.generator().normal(size=(4, 2)).astype("float32")) ** 2).sum()
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            args = (loss.item(),) if isinstance(self.schedule, optim.ReduceLROnPlateau) else ()
            self.schedule.step(*args)
        return self


def make(rng):
    return Steps(optimizer=OPTIMIZERS[rng.choice(list(OPTIMIZERS))], schedule=SCHEDULES[rng.choice(list(SCHEDULES))])


def content_of(training, path):
    save_checkpoint(path, *training.train(3).parts(), step=3, notes=NOTES)
    return path.read_bytes()


def bits(training):
    return as_bytes([part.state_dict() for part in training.parts()] + [own_random.get_state()])


def signed(content, rng):
    """Another state, or other arrays, with the right digest: as somebody's own program may write it."""
    size = int.from_bytes(content[:8], "little")
    state = json.loads(json.loads(content[8 : 8 + size])["__metadata__"]["tinygrad_tf"])["state"]
    arrays = safetensors.load(content)
    if rng.random() < 0.8:
        state = json_altered(state, rng)
    else:
        name = rng.choice(list(arrays))
        other = rng.choice([name, "x", "optimizer:0", "optimizer:9.a", "optimizer:x.a", "optimizer:0.a.b"])
        arrays[other] = rng.choice([
            np.zeros(0), np.zeros((3, 2)), np.ones((), "int8"), arrays[name].astype("int64"), arrays[name][..., None],
            np.full_like(arrays[name], np.nan), arrays[name].astype(bool),
        ])  # fmt: skip
        if rng.random() < 0.3:
            del arrays[name]
    try:
        text = json.dumps({"format": 1, "sha256": digest(arrays, state), "state": state})
        return safetensors.save(arrays, {"tinygrad_tf": text})
    except (ValueError, UnicodeEncodeError):  # what JSON cannot hold
        return content


def attempt(call):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return call()
    except (ValueError, RuntimeError) as problem:
        return problem


def explained(problem, case):
    assert is_explained(problem), case
    assert "\n  cure: " in str(problem), case
    assert len(str(problem)) < 2500, case


def try_bytes(n, seed, path):
    """Whatever is read from a file with other bytes is what was saved: the digest tells of everything else."""
    rng, read = random.Random(seed), 0
    contents = [content_of(make(rng), path) for _ in range(4)]
    expected = []
    for content in contents:
        path.write_bytes(content)
        expected.append(repr(as_bytes(vars(load_checkpoint(path)))))
    for i in range(n):
        chosen = rng.randrange(len(contents))
        changed = altered(contents[chosen], rng)
        path.write_bytes(changed)
        found = within_bounds(lambda: attempt(lambda: load_checkpoint(path)), len(changed), i)
        if isinstance(found, Exception):
            explained(found, i)
        else:
            read += 1
            assert repr(as_bytes(vars(found))) == expected[chosen], i
    return read


def try_signed(n, seed, path):
    """What is signed is loaded as a whole, or refused with nothing changed. Returns how many of each."""
    rng, loaded, refused, late = random.Random(seed), 0, 0, 0
    for i in range(n):
        if i % 25 == 0:
            training = make(rng)
            kind = (type(training.optimizer), type(training.schedule))
            content = content_of(training, path)
        changed = signed(content, rng)
        path.write_bytes(changed)
        saved = within_bounds(lambda: attempt(lambda: load_checkpoint(path)), len(changed), i)
        if isinstance(saved, Exception):
            explained(saved, i)
            refused += 1
            continue
        before = bits(training)
        found = within_bounds(
            lambda saved=saved, t=training: attempt(lambda: saved.restore(*t.parts())), len(changed), i
        )
        if isinstance(found, Exception):
            explained(found, i)
            late += 1
            assert bits(training) == before, i
        else:
            loaded += 1
            attempt(lambda t=training: t.train(1))  # whatever was loaded can be trained on, or says why not
        assert kind == (type(training.optimizer), type(training.schedule))
    return loaded, refused, late


def test_altered_bytes_show_by_the_digest(tmp_path):
    assert try_bytes(400, 0, tmp_path / "m") < 40


def test_altered_states_are_loaded_as_a_whole_or_not_at_all(tmp_path):
    loaded, refused, late = try_signed(850, 0, tmp_path / "m")
    assert loaded > 50
    assert refused > 50
    assert late > 50


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 5))
def test_very_many_altered_bytes_show_by_the_digest(seed, tmp_path):
    try_bytes(5000, seed, tmp_path / "m")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 9))
def test_very_many_altered_states_are_loaded_as_a_whole_or_not_at_all(seed, tmp_path):
    try_signed(3000, seed, tmp_path / "m")
