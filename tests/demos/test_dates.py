"""The demos of dates, run as a user runs them: a short training, and what it leaves behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

for package in ("tqdm", "safetensors", "matplotlib"):
    pytest.importorskip(package, reason='pip install "tinygrad_tf[train]"')

ROOT = Path(__file__).parents[2]


def demo(name, *args, typed=""):
    """Run a demo as its own program, from the root of the repository."""
    return subprocess.run([sys.executable, ROOT / "demos" / name, *map(str, args)], input=typed, text=True,
                          encoding="utf-8", capture_output=True, cwd=ROOT, env=environment())  # fmt: skip


def environment():
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """The folder of a training of three steps."""
    folder = tmp_path_factory.mktemp("dates")
    done = demo("train_dates.py", "--steps", 3, "--out", folder)
    assert done.returncode == 0, done.stderr
    assert "exact match on 2,000 held-out dates: " in done.stdout
    assert "3/3" in done.stderr
    return folder


def translate(folder, *args, **typed):
    return demo("translate_date.py", "--checkpoint", folder / "model.safetensors", *args, **typed)


@pytest.mark.parametrize("name", ["model.safetensors", "curves.png", "attention.png"])
def test_training_leaves_its_results(out, name):
    assert (out / name).stat().st_size > 10_000


def test_training_leaves_the_diagram_of_dW(out):
    diagram = out / "dW.svg"  # or its text, where there is no Graphviz
    text = (diagram if diagram.exists() else diagram.with_suffix(".svg.gv")).read_text(encoding="utf-8")
    assert "in_proj_weight" in text
    assert "softmax" in text


def test_a_short_training_has_a_curve_of_its_score(out):
    from tinygrad_tf.train.saving import load_checkpoint

    assert list(load_checkpoint(out / "model.safetensors").notes["history"]["accuracy"]) == ["1", "2", "3"]


def test_the_same_seed_gives_the_same_checkpoint(out, tmp_path):
    demo("train_dates.py", "--steps", 3, "--out", tmp_path)
    assert (tmp_path / "model.safetensors").read_bytes() == (out / "model.safetensors").read_bytes()


@pytest.mark.parametrize("make", [lambda place: place.write_text("theirs"), Path.mkdir], ids=["a file", "a folder"])
def test_what_is_in_the_place_of_its_results_is_told_before_the_first_step_and_stays(make, tmp_path):
    make(tmp_path / "dW.html")
    done = demo("train_dates.py", "--steps", 3, "--out", tmp_path)
    assert done.returncode == 1
    assert "dW.html" in done.stderr
    assert "--overwrite" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["dW.html"]
    if (tmp_path / "dW.html").is_dir():  # there is no file in its place
        done = demo("train_dates.py", "--steps", 3, "--out", tmp_path, "--overwrite")
        assert "which is a folder" in done.stderr
        assert [p.name for p in tmp_path.iterdir()] == ["dW.html"]
    else:
        assert (tmp_path / "dW.html").read_text() == "theirs"


def test_ctrl_c_saves_and_resume_goes_on_and_takes_no_result_of_others(tmp_path):
    command = [sys.executable, ROOT / "demos/train_dates.py", "--steps", "500", "--out", tmp_path]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    bar = b""
    while b"step/s" not in bar and running.poll() is None:
        bar += os.read(running.stderr.fileno(), 1000)
    running.send_signal(signal.SIGINT)
    printed, problems = running.communicate(timeout=60)
    assert running.returncode == 130, bar + problems
    assert b"and saved; the same command with --resume goes on" in printed
    assert (tmp_path / "model.safetensors").exists()
    assert not (tmp_path / "curves.png").exists()
    (tmp_path / "curves.png").write_text("theirs")
    done = demo("train_dates.py", "--steps", 500, "--out", tmp_path, "--resume")
    assert done.returncode == 1
    assert "curves.png is there already" in done.stderr
    assert (tmp_path / "curves.png").read_text() == "theirs"


@pytest.mark.skipif(os.name == "nt", reason="a pipe of POSIX")
def test_a_reader_that_goes_away_takes_no_results_away(out, tmp_path):
    """As in `… | head -1`, which reads what is printed before the training."""
    command = [sys.executable, "-u", ROOT / "demos/train_dates.py", "--steps", "1", "--out", tmp_path]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    running.stdout.readline()
    running.stdout.close()
    problems = running.stderr.read().decode()
    assert running.wait(60) in (0, 1)
    assert "Traceback" not in problems
    assert {p.stem for p in tmp_path.iterdir()} == {p.stem for p in out.iterdir()}


def test_each_date_is_answered(out):
    done = translate(out, "三月三日 2026", "3 March 2026")
    assert done.returncode == 0, done.stderr
    assert [line.split(" → ")[0] for line in done.stdout.splitlines()] == ["三月三日 2026", "3 March 2026"]


def test_without_dates_it_asks_for_them(out):
    done = translate(out, typed="3 March 2026\n03/03/2026\n\nnot read any more\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("date: ") == 3
    assert done.stdout.count(" → ") == 2


def test_typing_ends_with_the_end_of_the_input(out):
    done = translate(out, typed="3 March 2026\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(" → ") == 1


def test_an_unknown_character_is_named_and_the_other_dates_are_answered(out):
    done = translate(out, "3 März 2026", "3 March 2026")
    assert done.returncode == 1
    assert "'ä' at position 3 is unknown" in done.stderr
    assert "Traceback" not in done.stderr
    assert "3 March 2026 → " in done.stdout


@pytest.mark.parametrize("text, message", [("", "empty text"), ("1" * 70, "positions lie in 0 … 63")])
def test_a_text_that_cannot_be_read_is_explained(out, text, message):
    done = translate(out, text)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_attention_is_drawn(out, tmp_path):
    done = translate(out, "三月三日 2026", "--attention", tmp_path / "map.svg")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "map.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_attention_is_drawn_of_one_date(out, tmp_path):
    done = translate(out, "3/3/26", "4/3/26", "--attention", tmp_path / "map.svg")
    assert done.returncode == 2
    assert "exactly one" in done.stderr


def test_without_a_model_it_says_what_to_do(tmp_path):
    done = translate(tmp_path, "3/3/26")
    assert done.returncode == 1
    assert "train it first: python demos/train_dates.py" in done.stderr


def test_a_damaged_model_is_refused(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"something else")
    done = translate(tmp_path, "3/3/26")
    assert done.returncode == 1
    assert "damaged" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_the_promised_score_in_the_promised_time(tmp_path):
    start = time.perf_counter()
    done = demo("train_dates.py", "--out", tmp_path)
    assert time.perf_counter() - start < 120
    score = float(done.stdout.split("held-out dates: ")[1].split("%")[0])
    assert score >= 99
    asked = (
        "Tuesday, 3 March 2026",
        "3rd of Mar. '26",
        "03/03/2026",
        "2026年3月3日",
        "二〇二六年三月三日",
        "三月三日 2026",
    )
    assert translate(tmp_path, *asked).stdout.splitlines() == [f"{text} → 2026-03-03" for text in asked]
