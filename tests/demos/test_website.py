"""The site: every page leads somewhere, is found by search, in a browser, from the disk."""

import errno
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

for package in ("pdoc", "matplotlib", "tqdm", "safetensors", "markdown_it", "pygments", "latex2mathml"):
    pytest.importorskip(package, reason='pip install "tinygrad_tf[site]"')

ROOT = Path(__file__).parents[2]
PAGES = {
    "index.html", "index.zh.html", "guide/index.html", "guide/index.zh.html", "gallery.html", "gallery.zh.html",
    "pytorch.html", "pytorch.zh.html", "benchmarks.html", "benchmarks.zh.html", "contributing.html",
    "contributing.zh.html", "errors.html", "errors.zh.html", "changes.html",
    "api/tinygrad_tf.html", "api/tinygrad_tf/nn.html",
}  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site with one chapter of the guide. That no link leads nowhere is what the program's end says."""
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, str(ROOT / "demos" / "website.py"), str(out), "--short", "--only", "02"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr[-3000:]
    return out


def test_every_page_is_there(site):
    assert [page for page in sorted(PAGES) if not (site / page).exists()] == []


@pytest.mark.usefixtures("tools")
def test_a_file_that_cannot_be_copied_whole_leaves_the_old_one(tmp_path, monkeypatch):
    """A page whose script is cut at a full disk does not work."""
    import website

    def half(source, place):
        Path(place).write_bytes(Path(source).read_bytes()[:9])
        raise OSError(errno.ENOSPC, "full")

    (tmp_path / "theme.js").write_text("old")
    monkeypatch.setattr(shutil, "copyfile", half)
    with pytest.raises(OSError, match="make room"):
        website.build(tmp_path)
    assert (tmp_path / "theme.js").read_text() == "old"


def test_a_page_asks_nothing_of_the_network(site):
    loads = re.compile(r'<(?:script|img|link|iframe|source)\b[^>]*\b(?:src|href)="(https?:|//)')
    assert [p.name for p in site.rglob("*.html") if loads.search(p.read_text(encoding="utf-8"))] == []


def test_the_reference_names_the_types_as_they_are_written(site):
    """The method ``int`` of Tensor hides the type of that name."""
    text = (site / "api" / "tinygrad_tf.html").read_text(encoding="utf-8")
    shape = re.search(r'<span class="name">shape</span><span class="annotation">(.*?)</span>', text)
    assert shape[1] == ": tuple[int, ...]"
    op = re.search(r'<span class="name">op</span><span class="annotation">(.*?)</span>', text)
    assert op[1] == ": Op | None"


def test_the_reference_shows_what_a_reader_can_use(site):
    """Not the decorators of the package's own, nor what Python writes of itself, nor what is left of another markup."""
    text = "".join(p.read_text(encoding="utf-8") for p in (site / "api").rglob("*.html"))
    prose = re.sub(r'<div class="pdoc-code.*?</div>|<pre.*?</pre>', "", text, flags=re.DOTALL)
    for left in ("@function", "@op", "@explains", "ForwardRef", "typing.Any", "Alias for field", " at 0x"):
        assert left not in prose, left
    assert "@classmethod" in prose
    assert "@dataclass" in prose
    assert re.findall(r"\w::\s*<", prose) == []


def test_code_of_no_language_looks_like_code(site):
    """What goes on beside it has a shadow, as in every box of code."""
    text = (site / "contributing.html").read_text(encoding="utf-8")
    assert "<pre><code>" not in text
    assert '<pre class="code"><code>form(&quot;bell&quot;' in text


def test_the_code_of_the_gallery_is_what_a_reader_would_write(tools):
    from gallery import PIECES

    for piece in PIECES:
        assert re.match(r"def \w+\(\):\n", piece.code)
        assert "about" not in piece.code
        assert max(map(len, piece.code.splitlines())) <= 105  # columns of its box


def test_a_wide_table_takes_the_room_that_there_is(site, browser):
    tab = browser.new_page(viewport={"width": 1280, "height": 800})
    tab.goto((site / "benchmarks.html").as_uri())
    assert tab.locator(".box").evaluate_all("boxes => boxes.filter(b => b.scrollWidth > b.clientWidth + 1).length") == 0
    assert tab.evaluate("document.documentElement.scrollWidth") <= 1280
    tab.close()


def test_a_table_of_two_columns_is_not_squeezed_on_a_phone(site, browser):
    tab = browser.new_page(viewport={"width": 390, "height": 800})
    tab.goto((site / "index.html").as_uri())
    widths = tab.locator("table:not(:has(th:nth-child(3))) td").evaluate_all("cells => cells.map(c => c.clientWidth)")
    assert len(widths) > 50
    assert min(widths) > 330
    tab.close()


def test_a_link_that_leads_nowhere_is_found(site, tools):
    from pages.index import broken_links

    page = site / "broken.html"
    page.write_text('<a href="nowhere.html">x</a><a href="index.html#nowhere">y</a><a href="index.html">z</a>')
    try:
        assert broken_links(site) == ["broken.html: index.html#nowhere", "broken.html: nowhere.html"]
    finally:
        page.unlink()


@pytest.mark.parametrize(
    "page, query, found",
    [
        ("index.html", "softmax", "api/tinygrad_tf.html#softmax"),
        ("index.html", "MultiheadAttention", "api/tinygrad_tf/nn.html#MultiheadAttention"),
        ("index.zh.html", "速度", "benchmarks.zh.html"),
        ("errors.html", "broadcast aligned", "errors.html#"),
        ("errors.zh.html", "掩码太大", "errors.zh.html#"),
        ("index.html", "saturation", "guide/index.html#term-saturation"),
        ("index.zh.html", "雅可比矩阵", "guide/index.zh.html#term-jacobian"),
    ],
)
def test_search_finds(site, browser, page, query, found):
    tab = browser.new_page()
    tab.goto((site / page).as_uri())
    tab.keyboard.press("/")
    tab.keyboard.type(query)
    links = tab.locator("#found a").evaluate_all("links => links.map((a) => a.getAttribute('href'))")
    assert any(link.startswith(found) for link in links), links
    tab.close()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("page", sorted(PAGES - {"guide/index.html", "guide/index.zh.html"}))
def test_a_page_fits_and_reports_nothing(site, browser, page, width):
    tab, said = browser.new_page(viewport={"width": width, "height": 800}, color_scheme="dark"), []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda problem: said.append(str(problem)))
    tab.goto((site / page).as_uri())
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate("document.documentElement.dataset.theme") == "dark"
    assert said == []
    tab.close()
