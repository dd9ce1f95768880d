"""From DOT to files, with any Graphviz, and with none."""

import html
import importlib.util
import math
import os
import re
import shutil
import subprocess
import sys
import warnings
import xml.dom.minidom
from pathlib import Path

import graphviz
import numpy as np
import pytest
from graphs import head, leaf, square

from tinygrad_tf import Tensor
from tinygrad_tf.graph import draw, explore, program
from tinygrad_tf.graph.pictures import engine, laid_out, render

needs_graphviz = pytest.mark.skipif(engine.command("svg") is None, reason="there is no Graphviz here")


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


NAMES = [
    ("dw", {"format": "png"}, "dw.png"),
    ("dw.png", {"format": "png"}, "dw.png"),
    ("dw.svg", {"format": "PNG"}, "dw.svg.png"),
    ("dw", {}, "dw.svg"),
    ("DW.SVG", {}, "DW.SVG"),
    ("DW.Pdf", {}, "DW.Pdf"),
    ("dw.dot", {}, "dw.dot"),
    ("run_1.2", {}, "run_1.2.svg"),
    ("run_1.2", {"format": "dot"}, "run_1.2.dot"),
    ("encoder.layers.0.in_proj_weight", {}, "encoder.layers.0.in_proj_weight.svg"),
]
STARTS = {"svg": b"<svg", "png": b"\x89PNG", "pdf": b"%PDF", "dot": b"digraph"}


@needs_graphviz
@pytest.mark.parametrize("method", ["render", "save"])
@pytest.mark.parametrize(("given", "how", "name"), NAMES, ids=[f"{a} {b.get('format', '')}" for a, b, _ in NAMES])
def test_the_suffix_says_the_format(tmp_path, method, given, how, name):
    path = Path(getattr(draw(square()[0]), method)(tmp_path / given, **how))
    assert path == tmp_path / name
    assert path.read_bytes().startswith(STARTS[path.suffix[1:].lower()])


@needs_graphviz
def test_directory_and_outfile_are_graphviz_s(tmp_path):
    picture = draw(square()[0])
    assert picture.render("dw", directory=tmp_path).endswith("dw.svg")
    assert picture.render(outfile=tmp_path / "dw.png").endswith("dw.png")


@pytest.mark.parametrize("method", ["render", "save"])
@pytest.mark.parametrize("name", ["dw.html", "dw.json", "dw.docx", "dw.SVGG"])
def test_a_suffix_that_no_picture_has_is_refused(tmp_path, method, name):
    said = rf"render got filename '{name}'\n  rule: it writes \.svg, \.png, .*\n.*graph.explore"
    with pytest.raises(ValueError, match=said):
        getattr(draw(square()[0]), method)(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@needs_graphviz
def test_format_and_engine_of_the_picture_hold_where_a_call_does_not_say(tmp_path):
    picture = draw(head()[0])
    by_dot = picture.pipe()
    assert by_dot.startswith(b"<svg")
    assert picture.pipe(engine="circo") != by_dot
    picture.engine = "circo"
    assert picture.pipe() != by_dot
    assert picture.pipe(engine="dot") == by_dot
    picture.format = "png"
    assert picture.pipe().startswith(b"\x89PNG")
    assert picture.render(tmp_path / "dw").endswith("dw.png")


@needs_graphviz
def test_the_format_for_notebooks_is_obeyed():
    try:
        graphviz.set_jupyter_format("png")
        assert draw(square()[0])._repr_mimebundle_()["image/png"].startswith(b"\x89PNG")
    finally:
        graphviz.set_jupyter_format("svg")


# ---- large pictures -------------------------------------------------------------------------------------------------


def test_a_bitmap_that_graphviz_scales_down_says_so():
    with pytest.warns(UserWarning, match=r"was scaled down to \d+% of its size, as png allows: write \.svg"):
        laid_out.fits('digraph { graph [bb="0,0,30,40000"] }', "png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        laid_out.fits('digraph { graph [bb="0,0,30,40000"] }', "svg")
        laid_out.fits('digraph { graph [bb="0,0,300,4000"] }', "png")


@needs_graphviz
def test_a_bitmap_that_would_fill_the_memory_is_refused_before_it_is_drawn(tmp_path, monkeypatch):
    picture, asked = draw(square()[0]), []
    picture.graph_attr["dpi"] = "12000"
    monkeypatch.setattr(render, "command", lambda *how: asked.append(how) or engine.command(*how))
    with pytest.raises(RuntimeError, match=r"rule: bitmaps have up to 100,000,000 of them\n  cure: write \.svg"):
        picture.render(tmp_path / "dw.png")
    assert [format for format, *_ in asked] == ["png", "png", "dot"]
    assert list(tmp_path.iterdir()) == []
    assert picture.render(tmp_path / "dw.svg").endswith("dw.svg")


# ---- heads of arrows ------------------------------------------------------------------------------------------------

OLD = """	n0 -> n1	[color="#8e2a6b",
		dir=back,
		penwidth=4.00,
		pos="s,27,72 27,65 27,53 27,43 \\
27,36",
		tooltip="dX"];"""


def test_where_graphviz_leaves_no_room_for_the_line_around_a_head_it_is_moved_back():
    assert 'penwidth=4.00, pos="s,27.00,65.95 27.00,58.95 27.00,53.00 27.00,43.00 27.00,36.00"' in (
        laid_out.with_room_for_heads(OLD)
    )
    new = OLD.replace("\\\n", "").replace("27,65", "27,59")
    assert laid_out.with_room_for_heads(new) == new


@needs_graphviz
@pytest.mark.parametrize("view", ["both", "dual"])
def test_heads_end_before_their_boxes(view):
    """In any version of Graphviz, with the line around them, which is as thick as the arrow."""
    svg = draw(head()[0], view=view).pipe("svg", encoding="utf-8")
    group = r'<g id="\w+" class="(\w+)">\s*<title>(.*?)</title>(.*?)</g>\s*(?=<!--|<g|</g>)'
    groups = re.findall(group, svg, re.DOTALL)
    boxes = {html.unescape(name): corners(body) for kind, name, body in groups if kind == "node"}
    checked = 0
    for kind, name, body in groups:
        found = re.search(r'<polygon fill="\S+" stroke="\S+"(?: stroke-width="(\S+)")? points="([^"]*)"', body)
        if kind != "edge" or found is None:
            continue
        a, tip, b, *_ = [tuple(map(float, p.split(","))) for p in found[2].split()]
        ends = [boxes[end] for end in html.unescape(name).split("->")]
        middle = [(p + q) / 2 for p, q in zip(a, b, strict=True)]
        long = math.dist(tip, middle)
        out = [t + (t - m) / long * 1.51 * float(found[1] or 1) for t, m in zip(tip, middle, strict=True)]
        deep = max(min(out[0] - x0, x1 - out[0], out[1] - y0, y1 - out[1]) for x0, y0, x1, y1 in ends)
        assert deep < 1, name
        checked += 1
    assert checked > 8


def corners(body):
    """The box around all that is drawn of a node."""
    points = re.findall(r"(-?[\d.]+),(-?[\d.]+)", " ".join(re.findall(r'(?:points|d)="([^"]*)"', body)))
    if not points:  # an ellipse: the box that it fills at its heads
        cx, cy, rx, ry = map(float, re.search(r'cx="(\S+)" cy="(\S+)" rx="(\S+)" ry="(\S+)"', body).groups())
        return cx - 0.7 * rx, cy - 0.7 * ry, cx + 0.7 * rx, cy + 0.7 * ry
    xs, ys = ([float(p[i]) for p in points] for i in (0, 1))
    return min(xs), min(ys), max(xs), max(ys)


# ---- in notebooks, in the dark, without a font ----------------------------------------------------------------------


@needs_graphviz
def test_chinese_without_a_font_is_warned_of_in_png_alone(monkeypatch):
    monkeypatch.setattr(render, "environment", lambda: None)
    picture = draw(leaf(2, name="权重").sum())
    with pytest.warns(UserWarning, match="no font for Chinese"):
        picture.pipe("png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "权重" in picture.pipe("svg", encoding="utf-8")


def test_a_font_that_is_brought_is_found_where_the_system_has_none(monkeypatch, tmp_path):
    monkeypatch.setattr(engine, "brought", lambda: tmp_path / "Sans.otf")
    monkeypatch.setattr(engine.shutil, "which", lambda name: None)
    (tmp_path / "Serif.otf").touch()
    settings = Path(engine.environment()["FONTCONFIG_FILE"]).read_text(encoding="utf-8")
    assert f"<dir>{tmp_path}</dir>" in settings
    assert f"<rejectfont><glob>{tmp_path / 'Serif.otf'}</glob></rejectfont>" in settings


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
    assert engine.command("pdf") == ["/usr/bin/dot", "-Kdot", "-Tpdf"]


def test_without_dot_the_wheel_draws(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    command = engine.command("svg", "neato")
    assert command[0] == sys.executable
    assert "pygraphviz" in command[2]
    assert command[3:] == ["svg", "neato"]


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
    monkeypatch.setattr(render, "command", lambda *_: [sys.executable, "-c", "import time; time.sleep(60)"])
    monkeypatch.setattr(render, "_TIMEOUT", 0.2)
    with pytest.raises(RuntimeError, match="depth=1"):
        draw(square()[0]).pipe("svg")


def test_what_graphviz_complains_about_is_told(monkeypatch):
    monkeypatch.setattr(render, "command", lambda *_: [sys.executable, "-c", "raise SystemExit('no such format')"])
    with pytest.raises(RuntimeError, match="no such format"):
        draw(square()[0]).pipe("svg")


def test_importing_the_package_imports_no_graph():
    code = "import sys, tinygrad_tf; print({'graphviz', 'tinygrad_tf.graph', 'tinygrad_tf.formula'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_graph_is_a_submodule():
    from tinygrad_tf import graph

    assert {"draw", "explain"} <= set(graph.__all__)


@pytest.mark.parametrize("write", [
    lambda loss, path: draw(loss).render(path), lambda loss, path: explore(loss).save(path),
    lambda loss, path: program(loss).save(path),
], ids=["draw", "explore", "program"])  # fmt: skip
def test_a_path_without_a_name_is_refused(write):
    x = Tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(ValueError, match="a file has a name"):
        write((x * x).sum(), "/")


def test_a_program_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    x = Tensor([1.0, 2.0], requires_grad=True)
    written = program((x * x).sum())
    path = written.save(tmp_path / "step.py")
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", full)
    with pytest.raises(OSError, match=r"No space left(?s:.*)cure: make room"):
        written.save(path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before
