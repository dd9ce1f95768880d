"""The demo that trains a GPT letter by letter: it learns, and a training that was stopped goes on to the same bits."""

import hashlib
import os
import shutil
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

for package in ("tqdm", "safetensors"):
    pytest.importorskip(package, reason='pip install "tinygrad_tf[train]"')

from tinygrad_tf import manual_seed  # noqa: E402
from tinygrad_tf.train.keeping import CheckpointFile  # noqa: E402
from tinygrad_tf.train.saving import load_checkpoint  # noqa: E402

ROOT = Path(__file__).parents[2]
TEXT = "the quick brown fox jumps over the lazy dog\n" * 40


@pytest.fixture
def demo(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "demos"))
    import train_char_gpt

    monkeypatch.setattr(train_char_gpt, "BATCH", 2)
    yield train_char_gpt
    sys.modules.pop("train_char_gpt")


def run(demo, monkeypatch, out, *args):
    text = out.parent / "text.txt"
    text.write_text(TEXT, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["train_char_gpt.py", "--text", str(text), "--out", str(out), *map(str, args)])
    demo.main()
    return load_checkpoint(out / "checkpoint.safetensors")


def test_it_learns_validates_samples_and_saves(demo, monkeypatch, tmp_path, capsys):
    saved = run(demo, monkeypatch, tmp_path / "out", "--steps", 12, "--eval-every", 4)
    losses = [loss for _, loss in saved.notes["history"]]
    assert [step for step, _ in saved.notes["history"]] == [4, 8, 12]
    assert losses[0] < 4
    assert losses[2] < losses[1] < losses[0]
    assert len((tmp_path / "out/sample.txt").read_text("utf-8")) == 2000
    assert "validation loss" in capsys.readouterr().out


def test_a_stopped_training_goes_on_with_the_same_bits(demo, monkeypatch, tmp_path):
    sample = demo.sample
    monkeypatch.setattr(demo, "sample", lambda model, letters, length: sample(model, letters, 40))
    whole = run(demo, monkeypatch, tmp_path / "whole", "--steps", 4, "--eval-every", 2)
    steps = iter([0, 0, 0, signal.SIGINT])  # asked before each step
    asked = demo.interruptible

    class stops:
        def __enter__(self):
            self.inner = asked()
            self.inner.__enter__()
            return lambda: next(steps)

        def __exit__(self, *problem):
            return self.inner.__exit__(*problem)

    monkeypatch.setattr(demo, "interruptible", stops)
    with pytest.raises(SystemExit) as ended:
        run(demo, monkeypatch, tmp_path / "parts", "--steps", 4, "--eval-every", 2)
    assert ended.value.code == 130
    assert load_checkpoint(tmp_path / "parts/checkpoint.safetensors").step == 3
    monkeypatch.setattr(demo, "interruptible", asked)
    parts = run(demo, monkeypatch, tmp_path / "parts", "--steps", 4, "--eval-every", 2, "--resume")
    assert parts.step == whole.step == 4
    assert parts.random == whole.random
    for name, array in whole.model.items():
        np.testing.assert_array_equal(parts.model[name], array)


def test_what_fails_while_it_validates_loses_no_step(demo, monkeypatch, tmp_path):
    monkeypatch.setattr(demo, "validate", lambda *given: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(demo, monkeypatch, tmp_path / "out", "--steps", 2, "--eval-every", 2)
    assert load_checkpoint(tmp_path / "out/checkpoint.safetensors").step == 2


def test_letters_of_another_text_do_not_stay_beside_a_new_model(demo, monkeypatch, tmp_path):
    """It is read by its letters, so a save that is stopped half-way must not leave those of before."""
    letters = demo.Letters(TEXT)
    model, *_ = demo.build(letters, 2)
    demo.save_for_generate(model, letters, tmp_path)
    monkeypatch.setattr(demo.json, "dumps", lambda *given, **options: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        demo.save_for_generate(model, letters, tmp_path)
    assert not (tmp_path / "tokenizer.json").exists()


def test_digests_of_the_user_are_those_of_the_new_letters(demo, tmp_path):
    """A file SHA256SUMS names tokenizer.json, too, and generate.py compares it."""
    for text in (TEXT, TEXT + "äöü"):
        letters = demo.Letters(text)
        demo.save_for_generate(demo.build(letters, 2)[0], letters, tmp_path)
        (tmp_path / "notes.txt").write_text("theirs")
        sums = {
            p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in tmp_path.iterdir() if p.name != "SHA256SUMS"
        }
        if (tmp_path / "SHA256SUMS").exists():
            lines = (tmp_path / "SHA256SUMS").read_text().splitlines()
            assert {line[66:].removeprefix("./"): line[:64] for line in lines} == sums
        (tmp_path / "SHA256SUMS").write_text("".join(f"{digest}  ./{name}\n" for name, digest in sums.items()))


@pytest.mark.parametrize("name", ["model/tokenizer.json", "sample.txt"])
def test_what_is_in_the_place_of_its_results_stays(name, demo, monkeypatch, tmp_path):
    theirs = tmp_path / "out" / name
    theirs.parent.mkdir(parents=True)
    theirs.write_text("theirs")
    with pytest.raises(SystemExit, match="--overwrite"):
        run(demo, monkeypatch, tmp_path / "out", "--steps", 1)
    assert [p for p in (tmp_path / "out").rglob("*") if p.is_file()] == [theirs]
    assert theirs.read_text() == "theirs"
    run(demo, monkeypatch, tmp_path / "out", "--steps", 1, "--overwrite")
    assert theirs.read_text("utf-8") != "theirs"


def test_a_model_of_others_stays_when_a_training_goes_on_and_its_own_does_not_hinder(demo, monkeypatch, tmp_path):
    run(demo, monkeypatch, tmp_path / "out", "--steps", 1)
    for tokenizer in (True, False):  # it is written last
        if not tokenizer:
            (tmp_path / "out/model/tokenizer.json").unlink()
        run(demo, monkeypatch, tmp_path / "out", "--steps", 1, "--resume")
    theirs = tmp_path / "out/model/tokenizer.json"
    theirs.write_text("theirs")
    with pytest.raises(SystemExit, match="not of this training"):
        run(demo, monkeypatch, tmp_path / "out", "--steps", 1, "--resume")
    assert theirs.read_text() == "theirs"


def test_a_sample_of_others_stays_when_a_training_goes_on_that_has_none_yet(demo, monkeypatch, tmp_path):
    theirs = tmp_path / "out/sample.txt"
    run(demo, monkeypatch, tmp_path / "out", "--steps", 1)
    shutil.rmtree(tmp_path / "out/model")
    theirs.write_text("theirs")
    with pytest.raises(SystemExit, match="not of this training"):
        run(demo, monkeypatch, tmp_path / "out", "--steps", 1, "--resume")
    assert theirs.read_text() == "theirs"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are Unix's")
@pytest.mark.parametrize("make", [lambda place: place.write_bytes(b"\xff"), Path.mkdir, os.mkfifo,
                                  lambda place: place.symlink_to(place)],
                         ids=["bytes", "a folder", "a pipe", "a link to itself"])  # fmt: skip
def test_letters_that_cannot_be_read_are_not_of_this_training(make, demo, monkeypatch, tmp_path):
    run(demo, monkeypatch, tmp_path / "out", "--steps", 1)
    (tmp_path / "out/model/tokenizer.json").unlink()
    make(tmp_path / "out/model/tokenizer.json")
    with pytest.raises(SystemExit, match="not of this training"):
        run(demo, monkeypatch, tmp_path / "out", "--steps", 1, "--resume")


def test_a_folder_in_place_of_the_letters_is_told_before_the_first_step(demo, monkeypatch, tmp_path):
    (tmp_path / "out/model/tokenizer.json").mkdir(parents=True)
    with pytest.raises(SystemExit, match="which is a folder"):
        run(demo, monkeypatch, tmp_path / "out", "--steps", 1, "--overwrite")
    assert not (tmp_path / "out/checkpoint.safetensors").exists()


def test_a_result_of_others_that_comes_while_it_trains_stays(demo, monkeypatch, tmp_path):
    validate, theirs = demo.validate, tmp_path / "out/sample.txt"
    monkeypatch.setattr(demo, "validate", lambda *given: theirs.write_text("theirs") and validate(*given))
    with pytest.raises(SystemExit, match="not of this training"):
        run(demo, monkeypatch, tmp_path / "out", "--steps", 1)
    assert theirs.read_text() == "theirs"
    assert load_checkpoint(tmp_path / "out/checkpoint.safetensors").step == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are Unix's")
def test_what_cannot_take_the_sample_is_told_before_the_first_step(demo, monkeypatch, tmp_path):
    (tmp_path / "out").mkdir()
    os.mkfifo(tmp_path / "out/sample.txt")
    with pytest.raises(SystemExit, match="a device, a pipe or a socket"):
        run(demo, monkeypatch, tmp_path / "out", "--steps", 1, "--overwrite")
    assert not (tmp_path / "out/checkpoint.safetensors").exists()


def test_nobody_else_trains_there_before_all_results_are_written(demo, monkeypatch, tmp_path):
    """Else the letters of one text could come beside the model of another."""

    def second(*given):
        with pytest.raises(BlockingIOError), CheckpointFile(tmp_path / "out/checkpoint.safetensors", overwrite=True):
            pass
        tried.append(True)
        return write(*given)

    tried, write = [], demo.write
    monkeypatch.setattr(demo, "write", second)
    run(demo, monkeypatch, tmp_path / "out", "--steps", 1)
    assert len(tried) == 2


def test_another_text_is_not_resumed(demo, monkeypatch, tmp_path):
    monkeypatch.setattr(demo, "sample", lambda *args: "")
    run(demo, monkeypatch, tmp_path / "out", "--steps", 1)
    with pytest.raises(SystemExit, match="another text"):
        run(demo, monkeypatch, tmp_path / "out", "--steps", 2, "--resume")


def test_without_a_checkpoint_nothing_is_resumed(demo, monkeypatch, tmp_path):
    with pytest.raises(SystemExit, match="there is no file"):
        run(demo, monkeypatch, tmp_path / "out", "--resume")


def test_a_text_that_is_too_short(demo):
    with pytest.raises(SystemExit, match="at least"):
        demo.Letters("abc" * 100)


def test_the_settings_are_those_of_nanogpt(demo):
    letters = demo.Letters("".join(map(chr, range(32, 97))) * 20)
    model, optimizer, schedule = demo.build(letters, 2000)
    assert sum(p.size for p in model.parameters()) == 804_096
    decay = {p.ndim > 1: group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    assert decay == {True: 0.1, False: 0.0}
    assert [group["betas"] for group in optimizer.param_groups] == [(0.9, 0.99)] * 2
    rates = [1e-3 * schedule.factor(step) for step in (0, 99, 1050, 2000)]
    np.testing.assert_allclose(rates, [1e-5, 1e-3, 5.5e-4, 1e-4])


def test_windows_follow_each_other_by_one_letter(demo):
    manual_seed(0)
    letters = demo.Letters(TEXT)
    for window in letters.batch():
        assert letters.decode(window) in TEXT
        assert len(window) == demo.BLOCK + 1


def test_the_default_text_is_python_and_ascii(demo):
    text = demo.standard_library()
    assert "import os" in text
    assert text.isascii()
    assert len(text) > 10**6
