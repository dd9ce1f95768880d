"""From DOT to files, with any Graphviz, and with none."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import warnings
import xml.dom.minidom

import pytest
from graphs import head, leaf, square

from tinygrad_tf.graph import draw
from tinygrad_tf.graph.pictures import render

needs_graphviz = pytest.mark.skipif(render.engine("svg") is None, reason="there is no Graphviz here")


@pytest.fixture
def no_graphviz(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


@needs_graphviz
@pytest.mark.parametrize(("suffix", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<svg")])
def test_files(tmp_path, suffix, start):
    path = draw(square()[0]).render(tmp_path / "new" / f"dw.{suffix}")
    assert path == str(tmp_path / "new" / f"dw.{suffix}")
    with open(path, "rb") as file:
        assert file.read(4) == start[:4]


@needs_graphviz
def test_a_failed_write_leaves_the_old_picture(tmp_path, monkeypatch):
    def full(*_):
        raise OSError("No space left on device")

    (tmp_path / "dw.svg").write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        draw(square()[0]).render(tmp_path / "dw.svg")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("dw.svg", "old")]


@needs_graphviz
def test_a_format_is_added_as_suffix(tmp_path):
    picture = draw(square()[0])
    assert picture.render(tmp_path / "dw", format="png").endswith("dw.png")
    assert picture.render("dw", directory=tmp_path).endswith("dw.svg")
    assert picture.render(outfile=tmp_path / "dw.svg").endswith("dw.svg")


@needs_graphviz
def test_chinese_without_a_font_is_warned_of_in_png_alone(monkeypatch):
    monkeypatch.setattr(render, "has_wide_font", lambda: False)
    picture = draw(leaf(2, name="权重").sum())
    with pytest.warns(UserWarning, match="no font for Chinese"):
        picture.pipe("png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "权重" in picture.pipe("svg", encoding="utf-8")


@needs_graphviz
def test_it_shows_itself_in_a_notebook():
    shown = draw(square()[0])._repr_mimebundle_()
    assert shown["image/svg+xml"].startswith("<svg")
    assert "Purple arrows" in shown["text/plain"]


@needs_graphviz
def test_every_colour_of_an_svg_has_a_dark_counterpart():
    svg = draw(head()[0], values=True).pipe("svg", encoding="utf-8")
    xml.dom.minidom.parseString(svg)
    style, body = re.fullmatch(r"(.*)</style>(.*)", svg, re.DOTALL).groups()
    for what, color in set(re.findall(r'(fill|stroke)="(#\w+|\w+)"', body)):
        assert color == "none" or f"[{what}='{color}']{{{what}:{render.DARK[color]}}}" in style


def test_the_frame_that_an_old_dot_calls_transparent_is_none():
    svg = render.themed('<svg>\n<polygon fill="#ffffff" stroke="transparent"/>\n<text>transparent</text></svg>')
    assert svg.endswith('<polygon fill="#ffffff" stroke="none"/>\n<text>transparent</text></svg>')


def test_the_program_dot_comes_first(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    assert render.engine("pdf") == ["/usr/bin/dot", "-Tpdf"]


def test_without_dot_the_wheel_draws(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    command = render.engine("svg")
    assert command[0] == sys.executable
    assert "pygraphviz" in command[2]


def test_without_graphviz_the_dot_text_is_saved_and_the_message_says_what_to_install(tmp_path, no_graphviz):
    picture = draw(square()[0])
    with pytest.warns(UserWarning, match=r"dw\.gv(.|\n)*apt install graphviz.*pip install"):
        path = picture.render(tmp_path / "dw.png")
    assert path == str(tmp_path / "dw.gv")
    with open(path, encoding="utf-8") as file:
        assert file.read() == picture.source


def test_without_graphviz_bytes_are_refused(no_graphviz):
    with pytest.raises(RuntimeError, match="pip install"):
        draw(square()[0]).pipe("svg")


def test_without_graphviz_a_notebook_shows_the_message(no_graphviz):
    shown = draw(square()[0])._repr_mimebundle_()
    assert shown.keys() == {"text/plain"}
    assert "apt install graphviz" in shown["text/plain"]


def test_a_picture_that_takes_too_long_is_given_up(monkeypatch):
    monkeypatch.setattr(render, "engine", lambda format: [sys.executable, "-c", "import time; time.sleep(60)"])
    monkeypatch.setattr(render, "_TIMEOUT", 0.2)
    with pytest.raises(RuntimeError, match="depth=1"):
        draw(square()[0]).pipe("svg")


def test_what_graphviz_complains_about_is_told(monkeypatch):
    monkeypatch.setattr(render, "engine", lambda format: [sys.executable, "-c", "raise SystemExit('no such format')"])
    with pytest.raises(RuntimeError, match="no such format"):
        draw(square()[0]).pipe("svg")


def test_importing_the_package_imports_no_graph():
    code = "import sys, tinygrad_tf; print({'graphviz', 'tinygrad_tf.graph', 'tinygrad_tf.formula'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_graph_is_a_submodule():
    from tinygrad_tf import graph

    assert {"draw", "explain"} <= set(graph.__all__)
