"""The guide: its chapters in both languages, each run for short, and the pages in a real browser."""

import ast
import contextlib
import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

for package in ("matplotlib", "tqdm", "safetensors", "markdown_it", "pygments", "latex2mathml"):
    pytest.importorskip(package, reason='pip install "tinygrad_tf[demos]"')

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "demos").glob("[0-9][0-9]_*.py"))
LIMIT = 120 * len(FILES)  # seconds for all chapters together, on a busy machine

pytestmark = pytest.mark.usefixtures("tools")  # the guide's own modules, from demos/


def test_the_chapters_are_numbered_without_a_gap():
    assert [path.name[:2] for path in FILES] == [f"{i:02}" for i in range(1, len(FILES) + 1)]
    assert len(FILES) >= 12


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def chapter(request):
    """One chapter as its file and its cells."""
    from pages.chapters import cells

    return request.param, cells(request.param.read_text(encoding="utf-8"))


def test_a_chapter_is_short_and_all_of_it_is_in_cells(chapter):
    path, cells = chapter
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) < 350
    assert (cells[0].first, cells[-1].last) == (1, len(lines))
    for cell in cells:
        if cell.kind == "code":
            ast.parse(cell.text)


def test_every_paragraph_is_there_in_both_languages(chapter):
    """English first, then Chinese; a formula that stands alone is for both."""
    from pages.chapters import paragraphs

    for cell in chapter[1]:
        texts = [p for p in paragraphs(cell.text) if p.lang] if cell.kind == "text" else []
        assert [p.lang for p in texts] == ["en", "zh"] * (len(texts) // 2), [p.text[:40] for p in texts]
        for en, zh in zip(texts[::2], texts[1::2], strict=True):
            assert marks(en.text) == marks(zh.text), (en.text[:40], zh.text[:40])


def marks(text):
    """What a paragraph is, and what its translation must be too: a heading, a list …"""
    start = re.match(r"(#+ |[-*] |\d+\. |\||\*\*)?", text)[0]
    return start, text.count("\n- ")


def test_the_words_of_a_chapter_are_in_both_languages(chapter):
    """What say, finding and show are given: English, and Chinese that is Chinese."""
    from guide import is_chinese

    path, _ = chapter
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [
        n for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, "id", "") in ("say", "finding", "show")
    ]
    assert any(call.func.id == "finding" for call in calls)
    for call in calls:
        en, zh = call.args[-2:]
        assert is_chinese(ast.unparse(zh)), ast.unparse(zh)
        assert not is_chinese(re.sub(r"`[^`]*`", "", ast.unparse(en))), ast.unparse(en)


def test_a_chapter_ends_with_an_exercise(chapter):
    from pages.chapters import paragraphs

    _, cells = chapter
    last = [p.text for p in paragraphs(cells[-1].text)]
    assert cells[-1].kind == "text"
    assert sum(text.startswith("**Exercise") for text in last) == sum(text.startswith("**练习") for text in last) == 1


# ---- the short run ---------------------------------------------------------------------------------------------------


def run(*command, out, **settings):
    """Run a demo as its own program; the result, with what it said."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "demos")])
    env = {**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8", "TOUR_OUT": str(out), "TOUR_SHORT": "1"}
    return subprocess.run([sys.executable, *map(str, command)], capture_output=True, text=True, encoding="utf-8",
                          cwd=ROOT, env=env, check=False, **settings)  # fmt: skip


@pytest.fixture(scope="module")
def tour(tmp_path_factory):
    """The whole guide, run for short: its folder. The chapters' findings are asserted while they run."""
    out = tmp_path_factory.mktemp("tour")
    done = run("demos/tour.py", "--short", "--out", out, out=out, timeout=LIMIT)
    assert done.returncode == 0, done.stderr[-4000:]
    return out


def test_every_chapter_found_what_it_says(tour):
    for path in FILES:
        notes = json.loads((tour / path.stem / "items.json").read_text(encoding="utf-8"))
        assert sum(item["kind"] == "finding" for item in notes["items"]) >= 1, path.name
        assert all((tour / path.stem / file).stat().st_size > 0 for item in notes["items"]
                   for file in item.get("files", [])), path.name  # fmt: skip


def test_a_second_run_computes_nothing(tour):
    before = {path: path.stat().st_mtime_ns for path in tour.rglob("items.json")}
    done = run("demos/tour.py", "--short", "--out", tour, out=tour)
    assert done.returncode == 0, done.stderr
    assert len(before) == len(FILES)
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.parametrize(
    "name, also",
    [
        ("01_tensor", set()),
        ("12_pretrained", {"published", "generate"}),
        ("14_your_code", {"torch_style"}),
    ],
)
def test_a_result_depends_on_what_the_chapter_uses_and_on_nothing_else(name, also):
    from tour import sources

    found = {path.stem for path in sources(ROOT / f"demos/{name}.py")}
    assert found == {name, "guide", "figures", "command_line", *also}


def test_a_chapter_runs_alone_and_prints_what_it_finds(tmp_path):
    done = run("demos/01_tensor.py", out=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("✓") >= 2
    assert (tmp_path / "01_tensor/items.json").exists()


def test_a_finding_that_does_not_hold_stops_the_chapter_and_the_tour(tmp_path):
    demos = tmp_path / "demos"
    shutil.copytree(ROOT / "demos", demos, ignore=shutil.ignore_patterns("[0-9]*"))
    text = "# %% [markdown]\n# # A\n# # 甲\n# %%\nfrom guide import finding\nfinding(1 > 2, 'one is more', '一更多')\n"
    (demos / "01_wrong.py").write_text(text, encoding="utf-8")
    done = run(demos / "tour.py", "--out", tmp_path / "out", out=tmp_path / "out")
    assert done.returncode == 1
    assert "01_wrong did not find: one is more" in done.stderr
    assert not (tmp_path / "out/index.html").exists()


def test_a_chapter_that_failed_runs_again_even_if_it_is_what_it_was(tmp_path):
    demos, items = tmp_path / "demos", tmp_path / "out/01_one/items.json"
    shutil.copytree(ROOT / "demos", demos, ignore=shutil.ignore_patterns("[0-9]*"))
    head = "# %% [markdown]\n# # A\n# # 甲\n# %%\nfrom guide import finding\n"
    for text in ("finding(True, 'a', '一')\nfinding(True, 'b', '二')\n", "finding(True, 'a', '一')\n1 / 0\n") * 2:
        (demos / "01_one.py").write_text(head + text, encoding="utf-8")
        done = run(demos / "tour.py", "--out", tmp_path / "out", out=tmp_path / "out")
        found = json.loads(items.read_text(encoding="utf-8"))["items"]
        assert (done.returncode, len(found)) == ((1, 1) if "1 / 0" in text else (0, 2)), done.stderr


@pytest.mark.skipif(os.name == "nt", reason="there a folder cannot be locked")
@pytest.mark.parametrize("stop", ["SIGTERM", "SIGHUP", "SIGINT", "SIGKILL"])
def test_a_guide_that_is_stopped_leaves_no_chapter_that_writes_on_beside_the_next(stop, tmp_path):
    demos, begun = tmp_path / "demos", tmp_path / "begun"
    shutil.copytree(ROOT / "demos", demos, ignore=shutil.ignore_patterns("[0-9]*"))
    text = f"# %% [markdown]\n# # A\n# # 甲\n# %%\nimport time\nopen({str(begun)!r}, 'x').close()\ntime.sleep(60)\n"
    (demos / "01_long.py").write_text(text, encoding="utf-8")
    command = [sys.executable, str(demos / "tour.py"), "--out", str(tmp_path / "out")]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=env, start_new_session=True) as guide:
        try:
            while not begun.exists():
                assert guide.poll() is None
                time.sleep(0.05)
            guide.send_signal(getattr(signal, stop))
            assert guide.wait(60) == (-signal.SIGKILL if stop == "SIGKILL" else 130)
            if stop == "SIGKILL":  # its chapter goes on: the next guide is told
                begun.unlink()
                done = run(demos / "tour.py", "--out", tmp_path / "out", out=tmp_path / "out")
                assert (done.returncode, begun.exists()) == (1, False)
                assert "wait until it has ended, or choose another --out" in done.stderr
            else:
                with pytest.raises(ProcessLookupError):
                    os.killpg(guide.pid, 0)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(guide.pid, signal.SIGKILL)


@pytest.mark.parametrize("items", ["{", "[]", '{"items": [1]}', '{"items": 1}', "[" * 5000, None])
def test_results_that_are_damaged_are_made_anew(items, tmp_path):
    from tour import done

    (tmp_path / "01_one").mkdir()
    (tmp_path / "01_one/key").write_text("the key")
    if items is not None:
        (tmp_path / "01_one/items.json").write_text(items)
    assert not done(tmp_path, Path("01_one.py"), "the key")


def test_a_page_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    from pages import page

    def half(path, text, **how):
        path.write_bytes(text[:1].encode())
        raise OSError(errno.ENOSPC, "full")

    (tmp_path / "index.html").write_text("old")
    monkeypatch.setattr(page, "page", lambda *given: "new")
    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(OSError, match="make room"):
        page.write_pages([], tmp_path)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("index.html", "old")]


def test_an_unknown_chapter_is_explained(tmp_path):
    done = run("demos/tour.py", "--only", "99", "--out", tmp_path, out=tmp_path)
    assert done.returncode == 2
    assert "01_tensor.py" in done.stderr


def test_a_table_writes_its_floats_in_one_form_and_the_half_of_the_page():
    from guide import table

    rows = table(["heads | 头数", "right"], [[2, 0.5], [4, 0.0312]], ".1%")._repr_markdown_("zh").splitlines()
    assert rows == ["| 头数 | right |", "|--:|--:|", "| 2 | 50.0% |", "| 4 | 3.1% |"]
    assert table(["n"], [[182528], [True]])._repr_markdown_().splitlines()[2:] == ["| 182,528 |", "| True |"]


def test_the_labels_of_a_heatmap_are_text():
    from guide import _body, figure, heatmap

    labels = ["$\\frac{$", "a$ $x^2_2", "\x01<b>", "]]>"]
    made, axes = figure()
    heatmap(axes, np.ones((4, 4)), labels, labels)
    texts = "".join(ElementTree.fromstring(_body(made, "en")[1].encode()).itertext())
    assert all(label in texts for label in ("$\\frac{$", "a$ $x^2_2", "\ufffd<b>", "]]>"))


def test_what_a_chapter_shows_in_each_language_is_made_while_that_is_spoken():
    from guide import in_both

    from tinygrad_tf.wording.languages import chosen

    before = chosen()
    assert in_both(lambda lang: (lang, chosen())) == [("en", "en"), ("zh", "zh")]
    assert chosen() == before


def test_the_numbers_of_a_heatmap_have_no_minus_zero():
    from guide import figure, heatmap

    _, axes = figure()
    heatmap(axes, [[-0.001, -0.5]], numbers=True)
    assert [text.get_text() for text in axes.texts] == ["0.00", "-0.50"]


@pytest.mark.parametrize("signed", [False, True])
def test_the_numbers_of_a_heatmap_can_be_read_on_their_colours(signed):
    from guide import figure, heatmap

    values = np.linspace(-1 if signed else 0, 1, 24).reshape(1, -1)
    _, axes = figure()
    image = heatmap(axes, values, numbers=True, signed=signed)
    paper = [luminance(image.cmap(image.norm(value))) for value in values[0]]
    ink = [luminance([int(text.get_color()[i : i + 2], 16) / 255 for i in (1, 3, 5)]) for text in axes.texts]
    assert min((max(p, i) + 0.05) / (min(p, i) + 0.05) for p, i in zip(paper, ink, strict=True)) > 4.5


def luminance(colour):
    """By WCAG, of red, green and blue between 0 and 1."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_panels_in_one_column_say_what_they_leave_to_their_neighbours():
    from guide import figure, heatmap

    from figures import _stacked

    made, axes = figure(2, 3, width=7.6, height=5.6, sharex=True, sharey=True)
    for panel in axes.flat:
        heatmap(panel, np.eye(10), range(10), range(10))
    axes[1, 1].set_xlabel("key")
    axes[0, 0].set_ylabel("query")
    panels = _stacked(made).axes
    assert {(panel.get_xlabel(), panel.get_ylabel()) for panel in panels} == {("key", "query")}
    assert all(panel.xaxis.get_tick_params()["labelbottom"] for panel in panels)


def test_single_letters_below_a_heatmap_stay_upright_on_a_phone():
    from guide import figure, heatmap

    from figures import _stacked

    made, axes = figure(1, 2, width=8.3, height=3)
    for panel, labels in zip(axes, ("the 17th of May, 2038", [f"word {i}" for i in range(21)]), strict=True):
        heatmap(panel, np.ones((11, 21)), "2038-05-17$", labels)
        panel.set_aspect("auto")
    turned = [panel.get_xticklabels()[0].get_rotation() for panel in _stacked(made).axes]
    assert turned == [0, 60]


def test_a_short_cell_of_a_table_has_one_line():
    from pages.page import cells_that_wrap

    made = cells_that_wrap(f"<td>dW_q[1, 1]</td><td>two or three words</td><td>{'0.5 · 2 + ' * 5}</td>")
    assert re.findall("<td( [^>]*)?>", made) == [' class="whole"', "", ' class="long"']


def test_words_become_html():
    from pages.text import markdown

    assert markdown("a **b** `$c$`") == "<p>a <strong>b</strong> <code>$c$</code></p>"
    assert "<msqrt>" in markdown(r"Divide by $\sqrt{d_k}$.")
    assert markdown("within 7e-11, not `4e2`") == "<p>within 7\u00a0×\u00a010⁻¹¹, not <code>4e2</code></p>"
    assert markdown("第一行，\n第二行。") == "<p>第一行，第二行。</p>"
    assert markdown("不同的**词**\n和位置 1\n（二）") == "<p>不同的<strong>词</strong>和位置 1（二）</p>"
    assert markdown("- 甲。\n- 乙。").count("<li>") == 2
    assert markdown("运行。\n```bash\nls\n```").endswith('<code class="language-bash">ls\n</code></pre>')
    assert "<script>" not in markdown("<script>x</script>")


def test_a_formula_that_stands_alone_is_broken_at_its_wide_spaces_only():
    from pages.text import markdown

    made = markdown("$$Q = XW_q, \\qquad K = XW_k \\quad \\mathrm{a\\;b}$$")
    assert made.count("<math") == 3
    assert markdown("$a \\quad b$").count("<math") == 1
    equation = markdown("$$a = b \\;\\; = c$$")  # in which there is no wide space, if it has room
    assert re.findall('<math( class="on")?', equation) == ["", ' class="on"']


@pytest.mark.parametrize("width", [390, 1280])
def test_no_formula_is_wider_than_the_page(width, looked_at):
    page, _ = looked_at
    page.set_viewport_size({"width": width, "height": 800})
    wide = "(all) => all.filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.textContent)"
    assert page.locator(".formula").evaluate_all(wide) == []


def test_a_figure_that_is_wider_than_a_phone_says_so(looked_at):
    page, _ = looked_at
    page.set_viewport_size({"width": 390, "height": 800})
    said = """(figures) => figures.map((figure) => [
        [...figure.querySelectorAll(".box")].some((box) => box.scrollWidth > box.clientWidth + 1),
        getComputedStyle(figure.querySelector("figcaption"), "::before").content.startsWith('"↔')])"""
    page.wait_for_function("document.querySelector('.box[tabindex]')")
    found = page.locator("figure").evaluate_all(said)
    assert [wide for wide, told in found if wide != told] == []
    assert [True, True] in found


def test_a_term_over_the_end_of_a_line_leads_to_the_glossary():
    from pages.text import Term, linked, markdown

    term = Term("weight decay", "权重衰减", "", 3, "It fades.", "淡去。")
    assert 'href="#term-weight-decay"' in linked(markdown("It is **weight\ndecay**."), [term])


def test_the_code_is_shown_without_the_words_that_stand_below_it():
    from pages.code import spoken

    code = "x = 1\nfor i in range(2):\n    say(f'{i}',\n        '一')  # fmt: skip\nfinding(x < 2, 'a', 'b')"
    assert spoken(code) == "x = 1\nfor i in range(2):\n    say(...)\nfinding(x < 2, ...)"


def test_dates_and_hyphened_names_stay_in_one_line():
    from pages.text import markdown

    assert markdown("a post-norm") == '<p>a <span class="whole">post-norm</span></p>'
    assert 'whole">2026-03-03<' in markdown("变成 2026-03-03。")
    assert "whole" not in markdown("a – b")


@pytest.mark.parametrize(
    ("code", "made"),
    [
        ("W.grad", "<code>W.grad</code>"),
        ("(1, 2)", '<code class="whole">(1, 2)</code>'),
        (".[site]", '<code class="whole">.[site]</code>'),
        ("your_code.py FILE.py --open", '<code>your_code.py FILE.py <span class="whole">--open</span></code>'),
        ("tests/ops/test_numbers.py", "<code>tests/<wbr>ops/<wbr>test_<wbr>numbers.py</code>"),
    ],
)
def test_code_ends_a_line_where_a_reader_would(code, made):
    from pages.text import markdown

    assert markdown(f"`{code}`") == f"<p>{made}</p>"


@pytest.fixture(scope="module")
def with_terms(tmp_path_factory):
    """A guide of one chapter that has an answer, beside a glossary: its folder of results."""
    demos = tmp_path_factory.mktemp("terms") / "demos"
    shutil.copytree(ROOT / "demos", demos, ignore=shutil.ignore_patterns("[0-9]*"))
    entry = {"en": "query (Q)", "zh": "查询", "symbol": "$q$", "chapter": 1, "meaning_en": "What is *sought*.",
             "meaning_zh": "在找什么。"}  # fmt: skip
    (demos / "glossary.json").write_text(json.dumps([entry]), encoding="utf-8")
    chapter = (
        "# %% [markdown]\n# # A\n# # 甲\n#\n# Many **queries**, a **Query**.\n#\n# 一个**查询**。\n# %%\n"
        "from guide import finding\nn = 1  # one | 一\nfinding(n > 0, 'a', '一')\n# %% [markdown]\n"
        "# **Exercise.** Why?\n#\n# **练习。** 为什么？\n#\n# **Answer.** So.\n#\n# **答案。** 因为。\n"
    )
    (demos / "01_one.py").write_text(chapter, encoding="utf-8")
    done = run(demos / "tour.py", "--out", demos / "out", out=demos / "out")
    assert done.returncode == 0, done.stderr
    return demos / "out"


@pytest.mark.parametrize(
    ("name", "term", "answer"), [("index.html", "Query", "So."), ("index.zh.html", "查询", "因为。")]
)
def test_terms_lead_to_the_glossary_and_answers_are_folded(name, term, answer, browser, with_terms):
    with opening(browser, with_terms) as open:
        page = open(name)
        link = page.locator("p a.term").first
        assert link.inner_text() == term
        link.click()
        page.locator("#glossary dt:target").wait_for()
        page.locator("#glossary dd a").click()
        assert page.url.endswith("#one")
        assert not page.get_by_text(answer, exact=True).is_visible()
        page.locator(".answer summary").click()
        page.get_by_text(answer, exact=True).wait_for()


@pytest.mark.parametrize("name", ["index.html", "index.zh.html"])
@pytest.mark.parametrize("address", ["%", "%E0%A4%A", "", "nowhere"])
def test_no_address_breaks_the_guide(name, address, browser, with_terms):
    with opening(browser, with_terms) as open:
        page = open(name)
        page.goto("about:blank")
        page.goto(f"{(with_terms / name).as_uri()}#{address}")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator(".answer[open]").count() == 1


@pytest.mark.parametrize(("name", "comment"), [("index.html", "# one"), ("index.zh.html", "# 一")])
def test_comments_are_in_the_language_of_the_page(name, comment, with_terms):
    text = (with_terms / name).read_text(encoding="utf-8")
    assert f"{comment}<" in text
    assert "one | 一" not in text


# ---- the pages -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def opening(browser, tour):
    """A function that opens a page; afterwards it asked for nothing more and said nothing on the console."""
    contexts, said, asked = [], [], []

    def open(name, **settings):
        context = browser.new_context(**settings)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda problem: said.append(str(problem)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto((tour / name).as_uri())
        return page

    yield open
    for context in contexts:
        context.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "blob:", "data:"))] == []


@pytest.fixture
def opened(browser, tour):
    with opening(browser, tour) as open:
        yield open


PAGES = ("index.html", "index.zh.html")


@pytest.fixture(scope="module", params=PAGES)
def looked_at(request, browser, tour):
    """One of the pages, in the light theme, for tests that only look at it; with its name."""
    with opening(browser, tour) as open:
        yield open(request.param, color_scheme="light"), request.param


def assert_it_shows_all_chapters_and_fits(page, theme):
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("main > section").count() == page.locator("#contents a").count()
    assert page.locator("main > section:not(#glossary)").count() == len(FILES)
    count = "(sections, part) => sections.map((section) => section.querySelectorAll(part).length)"
    for part, least, most in ((".finding", 1, 99), (".exercise", 1, 1), ("figure", 1, 99)):
        found = page.locator("main > section:not(#glossary)").evaluate_all(count, part)
        assert [n for n in found if not least <= n <= most] == [], part


def test_a_page_shows_all_chapters_and_fits(looked_at):
    assert_it_shows_all_chapters_and_fits(looked_at[0], "light")


@pytest.mark.parametrize("name", PAGES)
def test_a_dark_page_shows_all_chapters_and_fits(name, opened):
    assert_it_shows_all_chapters_and_fits(opened(name, color_scheme="dark"), "dark")


def test_a_page_is_in_one_language(looked_at):
    """No English paragraph in the Chinese page, and no Chinese one in the English page, but for code and examples."""
    from guide import is_chinese

    page, name = looked_at
    texts = page.evaluate("""() => {
        const copy = document.body.cloneNode(true);
        copy.querySelectorAll("figure .box, pre, code, math").forEach((e) => e.remove());
        return [...copy.querySelectorAll("main p, main h2, main h3, main li")].map((e) => e.textContent); }""")
    texts = [text for text in texts if len(text) > 25]
    assert len(texts) > 6 * len(FILES)
    assert [text for text in texts if is_chinese(text) != (".zh." in name)] == []
    assert [text for text in texts if "**" in text] == []  # emphasis that Markdown did not take for emphasis


def test_no_drawing_is_cut(looked_at):
    page, _ = looked_at
    page.set_viewport_size({"width": 1280, "height": 800})
    cut = "(boxes) => boxes.filter((box) => box.scrollHeight > box.clientHeight + 1).length"
    assert page.locator("figure.drawing .box").evaluate_all(cut) == 0


SMALL = """() => { const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let text; text = walk.nextNode();) {
        const e = text.parentElement;
        if (!text.textContent.trim() || !e.getClientRects().length || e.closest("math")) continue;
        const scale = e.closest("svg") && e.getScreenCTM ? Math.hypot(e.getScreenCTM().a, e.getScreenCTM().b) : 1;
        if (parseFloat(getComputedStyle(e).fontSize) * scale < 10.95) found.push(text.textContent);
    }
    return found; }"""


@pytest.mark.parametrize("width", [390, 700, 1000, 1920])
def test_every_word_is_large_enough_to_be_read(width, looked_at):
    page, _ = looked_at
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate(SMALL) == []


def test_panels_stand_below_each_other_on_a_phone(looked_at):
    page, _ = looked_at
    shown = "(boxes) => boxes.filter((box) => box.getClientRects().length).map((box) => box.className)"
    page.set_viewport_size({"width": 390, "height": 800})
    assert set(page.locator("figure.figure:has(.narrow) .box").evaluate_all(shown)) == {"box narrow"}
    assert page.locator("figure.figure:has(.narrow)").count() > len(FILES)
    page.set_viewport_size({"width": 1280, "height": 800})
    assert set(page.locator("figure.figure:has(.narrow) .box").evaluate_all(shown)) == {"box wide"}


def test_what_makes_the_page_is_folded_away_and_opens_by_the_keyboard(opened):
    page = opened("index.html", viewport={"width": 1280, "height": 800})
    seen = page.locator(".program > pre.code").all_inner_texts()
    assert [code for code in seen if re.search(r"\b(show|finding|heatmap|figure|say)\(|\bshort\b", code)] == []
    fold = page.locator("details.fold").first
    assert not fold.locator("pre").is_visible()
    fold.locator("summary").press("Enter")
    fold.locator("pre").wait_for()


def test_code_is_copied_as_a_program(opened):
    page = opened("index.html", permissions=["clipboard-read", "clipboard-write"])
    page.locator("#tensor .copy").last.click()
    page.locator("#tensor .copy:text('Copied')").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "import numpy as np\n" in copied
    assert "L.backward(" in copied  # of a cell before


def test_a_chapter_is_printed_dark_on_white(opened):
    page = opened("index.html", color_scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("header").is_visible()


def test_only_what_is_too_wide_is_reached_by_the_tab_key(opened):
    page = opened("index.html", viewport={"width": 390, "height": 800})
    wrong = page.evaluate("""[...document.querySelectorAll(".box, .formula, pre.code")].filter(
        (box) => (box.scrollWidth > box.clientWidth + 1) !== box.hasAttribute("tabindex")).length""")
    assert wrong == 0


def test_a_figure_has_words_for_who_cannot_see_it(looked_at):
    page, _ = looked_at
    assert page.locator("figure.figure svg:not([role=img][aria-label])").count() == 0


def test_the_language_link_leads_to_the_same_chapter(opened):
    page = opened("index.html", viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page.locator("#contents a").nth(1).click()
    page.locator("#language[href$='#softmax']").wait_for()
    box = page.locator("#language").bounding_box()  # click() scrolls first where the page answers late
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url("**/index.zh.html#softmax", wait_until="commit")
    assert page.locator("html").get_attribute("lang") == "zh-CN"


def test_the_theme_is_switched_and_kept(opened):
    page = opened("index.html", color_scheme="light")
    colour = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(colour)
    page.locator("#theme").click()
    assert page.evaluate(colour) != light
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_what_another_page_keeps_as_its_theme_is_none(opened):
    page = opened("index.html", color_scheme="dark")
    page.evaluate("localStorage.setItem('theme', 'solarized')")
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_without_javascript_an_explorer_says_so(browser, tour):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto((tour / "index.html").as_uri())
        assert "drawn by JavaScript" in page.inner_text("body")


def test_the_contents_open_on_a_phone(opened):
    page = opened("index.html", viewport={"width": 390, "height": 800})
    assert not page.locator("#contents").is_visible()
    page.locator("#menu summary").click()
    page.locator("#contents a").nth(2).click()
    page.locator("#contents").wait_for(state="hidden")
    assert "#query_key_value" in page.url


@pytest.mark.parametrize("close", ["Escape", "a tap outside"])
def test_the_contents_close_on_a_phone(close, opened):
    page = opened("index.html", viewport={"width": 390, "height": 800})
    page.locator("#menu summary").click()
    page.locator("#contents").wait_for()
    if close == "Escape":
        page.keyboard.press("Escape")
    else:
        page.mouse.click(380, 700)
    page.locator("#contents").wait_for(state="hidden")


def test_a_switch_of_the_theme_reaches_an_explorer_and_leaves_the_history_alone(opened):
    page = opened("index.html", viewport={"width": 1280, "height": 800}, color_scheme="light")
    frame = page.locator("iframe").first
    frame.scroll_into_view_if_needed()
    inside = frame.content_frame.locator("html")
    inside.locator("#picture .item").first.wait_for()
    before = page.evaluate("history.length")
    page.locator("#theme").click()
    frame.content_frame.locator("html[data-theme=dark]").wait_for()
    assert page.evaluate("history.length") == before


def test_an_explorer_opens_in_the_language_and_theme_of_the_page(opened):
    page = opened("index.zh.html", viewport={"width": 1280, "height": 800}, color_scheme="dark")
    frame = page.locator("iframe").first
    frame.scroll_into_view_if_needed()
    inside = frame.content_frame.locator("html")
    inside.locator("#picture .item").first.wait_for()
    assert (inside.get_attribute("lang"), inside.get_attribute("data-theme")) == ("zh-CN", "dark")


def test_the_explorer_in_view_takes_the_arrows_without_a_click(opened):
    page = opened("index.html", viewport={"width": 1280, "height": 800})
    frame = page.locator("iframe").first
    frame.scroll_into_view_if_needed()
    inside = frame.content_frame
    inside.locator("#picture .item").first.wait_for()
    frame.evaluate("(e) => e.scrollIntoView({ block: 'center' })")
    before = inside.locator("#slider").input_value()
    page.keyboard.press("ArrowRight")
    inside.locator(f"#slider[aria-valuetext^='{int(before) + 1} /']").wait_for()
    page.keyboard.press("ArrowLeft")
    inside.locator(f"#slider[aria-valuetext^='{before} /']").wait_for()
