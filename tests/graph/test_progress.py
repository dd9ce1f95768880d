"""The bar for what takes long: there only with tqdm, and only after two seconds."""

import importlib.util
import time

import pytest
from graphs import head

from tinygrad_tf.graph import explore, progress


def run(seconds):
    with progress.progress("backward", 3) as done:
        for _ in range(3):
            time.sleep(seconds)
            done()


def test_what_is_quick_shows_no_bar(capsys):
    explore(head()[0])
    assert capsys.readouterr() == ("", "")


def test_what_takes_longer_shows_one(capsys, monkeypatch):
    pytest.importorskip("tqdm", reason="progress bars are an extra")
    monkeypatch.setattr(progress, "_AFTER", 0.01)
    run(0.15)
    assert "backward" in capsys.readouterr().err


def test_without_tqdm_there_is_none(capsys, monkeypatch):
    monkeypatch.setattr(progress, "_AFTER", 0.0)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    run(0.0)
    assert capsys.readouterr() == ("", "")
