"""The page in a real browser: offline, one request, no errors; what it shows is what the data says.

What needs no browser is tested in page/*.test.js, by test_scripts.py.
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from graphs import dates, encoder

from tinygrad_tf import Tensor
from tinygrad_tf.graph import explore
from tinygrad_tf.ops.choice import where


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    nan = Tensor([0.0, 1.0, -1.0], requires_grad=True, name="</script><b>x</b>")
    made = {"dates": explore(dates()[0]), "encoder": explore(encoder()[0])}
    with np.errstate(all="ignore"):
        made["broken"] = explore(nan.log().sum(), nudge=0)
        x = Tensor([[0.0, 1.0]], requires_grad=True, name="x")
        z = 1.0 * x
        h = z + z.tanh()  # a skip connection, by which nothing comes, and then NaN
        made["nudged"] = explore((h * 0.0 * h.log()).sum() + x.log().sum(), nudge=2)
        made["nothing"] = explore((h * 0.0).sum(), nudge=2)
        made["empty"] = explore((Tensor(np.ones((0, 3)), requires_grad=True, name="W") * 2.0).sum(), nudge=2)
        rows = Tensor(np.ones((3, 0)), requires_grad=True, name="W")
        made["empty rows"] = explore(rows.softmax(-1).log_softmax(-1).sum(), nudge=2)
    made["names"] = explore(named("a\nb $x$ *y* שלום"), nudge=0)
    for name, page in made.items():
        page.save(folder / f"{name}.html")
    return {name: (folder / f"{name}.html").as_uri() for name in made}


def named(name):
    """A loss of a sentence with "or" and a transpose, of a Tensor that is called so."""
    X = Tensor(np.ones((2, 2)), requires_grad=True, name=name)
    n, picked = Tensor(np.ones((2, 2)), name="n"), Tensor(np.eye(2), name="picked")
    return where((n > 0) | (picked > 0), X @ X.mT, 0.0).sum()


@pytest.fixture
def opened(browser, files):
    """A function that opens a page; afterwards it made no further request and said nothing on the console."""
    contexts, said, asked = [], [], []

    def open_(name="dates", fragment="#lang=en&theme=light", **options):
        context = browser.new_context(offline=True, reduced_motion="reduce", **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: said.append(m.text))
        page.on("pageerror", lambda e: said.append(str(e)))
        page.on("request", lambda r: asked.append((r.is_navigation_request(), r.url)))
        page.goto(files[name] + fragment)
        page.wait_for_selector("body[data-ready]")
        page.evaluate(CHECKS)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert said == []
    assert [url for itself, url in asked if not itself and not url.startswith("blob:")] == []


CHECKS = f"() => {{ {(Path(__file__).parent / 'page' / 'checks.js').read_text('utf-8')} }}"


def until(page, condition):
    """Wait for it from outside: the page's own policy forbids to evaluate text inside."""
    for _ in range(100):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(condition)


# ---- stepping -------------------------------------------------------------------------------------------------------


def test_before_backward_no_norm_is_shown(opened):
    page = opened()
    assert set(page.locator("#picture .third").all_text_contents()) == {"–"}


def test_at_the_end_every_parameter_has_a_norm(opened):
    page = opened()
    page.keyboard.press("End")
    shown = page.locator("#picture .parameter .third").all_text_contents()
    assert shown
    assert all(text.startswith("‖") and "…" not in text for text in shown)


@pytest.mark.parametrize(("lang", "word"), [("en", "grad"), ("zh", "梯度")])
def test_a_short_name_gives_a_gradient_its_letter_a_path_does_not(opened, lang, word):
    """What the boxes call a gradient is what rules and sentences call it, as far as there is room for it."""
    page = opened("encoder", f"#lang={lang}&step=999")
    shown = "app.view.items.filter((i) => i.third).map((i) => [i.node?.name, i.third.textContent])"
    found = {name or "": text.split("‖")[1] for name, text in page.evaluate(shown)}
    assert (found["W_q"], found["A₁"], found["L"]) == ("dW_q", "dA₁", "dL")
    assert found["self_attn.in_proj_weight"] == found["norm1.x"] == word


def test_buttons_keys_and_slider_step(opened):
    page = opened()
    step = lambda: page.evaluate("app.state.step")
    page.click("#next")
    page.keyboard.press("ArrowRight")
    assert step() == 2
    page.click("#back")
    assert step() == 1
    page.locator("#slider").fill("7")
    assert step() == 7
    page.keyboard.press("Home")
    assert step() == 0
    page.click("#last")
    assert step() == page.evaluate("app.limit()")


def test_each_step_is_told_with_its_numbers(opened):
    page = opened("encoder")
    data = page.evaluate("app.data.steps.map(([n]) => n)")
    for k in range(1, len(data) + 1):
        page.keyboard.press("ArrowRight")
        story = page.text_content("#story")
        norm = page.evaluate("(id) => three(app.data.node.get(id).norm)", data[k - 1])
        assert norm in story or "= 1" in story
        assert "undefined" not in story + page.text_content("#details")
        assert "NaN" not in story


def test_partial_sums_build_up(opened):
    page = opened()
    id, first, last = page.evaluate("check.sum()")
    third = page.locator(f'#picture [data-id="{id}"] .third')
    page.evaluate("(s) => go(s)", first)
    assert third.text_content().endswith("…")
    page.evaluate("(s) => go(s)", last)
    assert "…" not in third.text_content()


def test_play_and_pause(opened):
    page = opened("encoder")
    page.click("#play")
    until(page, "app.state.step >= 1")
    page.click("#play")
    assert page.evaluate("app.playing") is None


def test_constants_get_no_gradient(opened):
    page = opened("dates", "#lang=en&step=999")
    for kind in ("constant", "input"):
        ids = page.evaluate("(k) => app.view.items.filter((i) => i.kind === k).map((i) => i.id)", kind)
        assert ids
        for id in ids:
            assert page.locator(f'#picture [data-edge^="{id}>"] .back').count() == 0


# ---- one weight -----------------------------------------------------------------------------------------------------


def test_path_mode_fades_exactly_what_is_not_on_a_route(opened):
    page = opened()
    id = page.evaluate("app.data.nodes.find((n) => n.name === 'encoder.layers.0.W_q').id")
    page.select_option("#weight", id)
    assert page.evaluate("(id) => check.fadedWrongly(id)", id) == []


def test_stepping_keeps_to_the_routes_and_ends_at_the_weight(opened):
    page = opened()
    id = page.evaluate("app.data.nodes.find((n) => n.name === 'encoder.layers.0.W_q').id")
    page.select_option("#weight", id)
    page.keyboard.press("End")
    assert page.evaluate("app.state.step") < page.evaluate("app.data.steps.length")
    assert "The way ends here" in page.text_content("#story")
    assert page.locator(f'#picture [data-id="{id}"] .third').text_content() != "–"


def test_the_whole_way_has_a_derivation_and_nudges(opened):
    page = opened()
    id = page.evaluate("app.data.nodes.find((n) => n.name === 'encoder.layers.0.W_q').id")
    page.select_option("#weight", id)
    page.click('[data-tab="way"]')
    assert page.locator("ol.chain li math").count() > 10
    for row in page.evaluate("(id) => app.data.node.get(id).nudges", id):
        assert (row["plus"] - row["minus"]) / (2 * row["epsilon"]) == pytest.approx(row["gradient"], rel=1e-2, abs=1e-5)


def test_what_is_faded_can_still_be_read(opened):
    page = opened()
    page.select_option("#weight", index=3)
    opacity = page.locator("#picture .item.faded").first.evaluate("(e) => Number(getComputedStyle(e).opacity)")
    assert 0.35 <= opacity <= 0.5


def test_escape_shows_all_again(opened):
    page = opened()
    page.select_option("#weight", index=3)
    page.keyboard.press("Escape")
    assert page.locator("#picture .faded").count() == 0


# ---- boxes ----------------------------------------------------------------------------------------------------------


def test_opening_and_closing_every_module_leaves_no_text_wider_than_its_box(opened):
    page = opened()
    assert page.evaluate("check.wide()") == []
    for id in page.evaluate("app.data.modules.map((m) => m.id)"):
        page.evaluate("(id) => app.toggle(id)", id)
        assert page.evaluate("check.wide()") == []


def test_everything_open_in_chinese_has_no_text_wider_than_its_box(opened):
    page = opened(fragment="#lang=zh")
    page.evaluate("check.everythingOpen()")
    assert page.evaluate("check.wide()") == []


def test_the_sign_of_a_fused_node_opens_it_and_that_of_the_frame_closes_it(opened):
    page = opened("encoder")
    id = page.evaluate("app.view.items.find((i) => i.node?.op === 'layer_norm').id")
    page.locator(f'[data-id="{id}"] .opener').click()
    assert page.locator(f'#picture [data-id^="{id}/"]').count() > 3
    page.locator(f'[data-id="{id}"] .bar').click()
    assert page.locator(f'#picture [data-id^="{id}/"]').count() == 0


def test_a_click_on_the_ground_of_a_module_does_not_close_it(opened):
    page = opened("encoder")
    before = page.evaluate("app.view.items.length")
    id = page.evaluate("app.view.items.find((i) => i.kind === 'frame').id")
    page.locator(f'[data-id="{id}"] > .shape').dispatch_event("click")
    assert page.evaluate("app.view.items.length") == before


def test_a_fused_node_opens_and_closes(opened):
    page = opened()
    id = page.evaluate("app.view.items.find((i) => i.node?.op === 'layer_norm').id")
    page.evaluate("(id) => choose(id)", id)
    page.get_by_role("button", name="Open into primitives").click()
    assert page.locator(f'#picture [data-id^="{id}/"]').count() > 3
    page.keyboard.press("End")
    assert page.locator(f'#picture [data-id^="{id}/"].has').count() > 3
    page.evaluate("(at) => app.set({ at })", id)
    page.get_by_role("button", name="Close", exact=True).click()
    assert page.locator(f'#picture [data-id^="{id}/"]').count() == 0


# ---- languages, themes, hands ---------------------------------------------------------------------------------------


def said_in(page):
    return page.evaluate("check.said()")


@pytest.mark.parametrize("fragment", ["", "&step=20", "&step=9&tab=way&to=n1"])
def test_the_language_switch_leaves_no_string_of_the_other(opened, fragment):
    page = opened(fragment="#lang=en" + fragment)
    chinese = lambda text: any("\u4e00" <= c <= "\u9fff" for c in text)
    assert [t for t in said_in(page) if chinese(t)] == ["中文", "切换到中文"]
    english = set(said_in(page))
    page.click("#language")
    words = page.evaluate("Object.values(WORDS.en).filter((w) => typeof w === 'string' && /[a-z]{3}/i.test(w))")
    left = [t for t in said_in(page) if t.strip() in words]
    assert set(left) <= {"English", "Switch to English"}
    assert english != set(said_in(page))
    page.click("#language")
    assert set(said_in(page)) == english


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_is_legible_in_both_themes(opened, theme):
    page = opened(fragment=f"#lang=en&theme={theme}&step=30")
    colors = page.evaluate("check.colors()")

    def light(c):
        c = [v / 255 for v in c]
        r, g, b = (v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in c)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    assert len(colors) >= 6
    for a, b in colors:
        high, low = sorted([light(a), light(b)], reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 3


def test_the_keyboard_reaches_everything(opened):
    page = opened()
    reached = set()
    page.evaluate("document.activeElement.blur()")
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("check.focused()"))
    assert {"slider", "weight", "language", "theme", "save", "play", "next", "larger", "panel"} <= reached
    items = page.evaluate("app.view.items.map((i) => i.id)")
    page.evaluate("app.view.items[0].element.focus()")
    for id in items:
        assert page.evaluate("document.activeElement.dataset.id") == id
        page.keyboard.press("ArrowDown")
    closed = page.evaluate("app.view.items.find((i) => i.kind === 'module').id")
    page.locator(f'[data-id="{closed}"]').focus()
    page.keyboard.press("Enter")
    assert page.evaluate("(id) => app.view.items.find((i) => i.id === id).kind", closed) == "frame"


def test_screen_readers_hear_the_step(opened):
    page = opened()
    assert page.get_attribute("#story", "aria-live") == "polite"
    assert page.evaluate("check.unnamed()") == 0


def test_state_survives_a_reload(opened):
    page = opened()
    id = page.evaluate("app.data.nodes.find((n) => n.name === 'encoder.layers.0.W_q').id")
    page.select_option("#weight", id)
    page.evaluate("go(12)")
    page.click("#language")
    page.click("#theme")
    page.evaluate("app.toggle(app.view.items.find((i) => i.kind === 'module').id)")
    state = "JSON.stringify({ ...app.state, open: [...app.state.open].sort() })"
    before = page.evaluate(state)
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert page.evaluate(state) == before
    assert json.loads(before)["step"] == 12


def test_the_fragment_is_read_again_when_it_changes(opened):
    page = opened()
    page.evaluate("location.hash = '#lang=zh&step=5'")
    until(page, "app.state.step === 5 && app.state.lang === 'zh'")


def test_a_fragment_of_theme_and_language_keeps_the_step(opened):
    """The page around an explorer changes them so."""
    page = opened()
    page.select_option("#weight", index=3)
    page.evaluate("go(5)")
    page.evaluate("location.hash = '#lang=zh&theme=dark'")
    until(page, "app.state.theme === 'dark' && app.state.lang === 'zh'")
    assert page.evaluate("app.state.step") == 5
    assert page.input_value("#weight") == page.evaluate("app.state.to")


@pytest.mark.parametrize(
    "fragment", ["#step=-4", "#step=99999", "#to=n99999", "#at=%3Cb%3E", "#open=nothing&theme=pink&lang=xx", "#&&="]
)
def test_wrong_fragments_do_no_harm(opened, fragment):
    page = opened(fragment=fragment)
    assert 0 <= page.evaluate("app.state.step") <= page.evaluate("app.limit()")


def test_names_and_broken_numbers(opened):
    page = opened("broken", "#lang=en&step=99")
    assert page.locator("#picture b").count() == 0
    assert "</script><b>x</b>" in page.locator("#weight").text_content()
    assert "∞" in page.locator("#picture .parameter .third").text_content()
    assert page.locator("#picture .edge.broken").count() >= 1
    page.evaluate("app.set({ at: app.data.weights[0] })")
    assert "hatched" in page.text_content("#details")


@pytest.mark.parametrize("name", ["nudged", "nothing", "empty", "empty rows"])
def test_the_way_of_a_gradient_of_nan_or_of_nothing_is_shown(opened, name):
    page = opened(name)
    id = page.evaluate("app.data.weights[0]")
    page = opened(name, f"#lang=en&tab=way&to={id}")  # which it begins with
    said = page.text_content("#details")
    assert "Main route" in said
    page.evaluate("app.set({ tab: 'step' })")
    for _ in range(page.evaluate("app.data.steps.length")):
        page.keyboard.press("ArrowRight")
        said += page.text_content("#details")
    assert not [word for word in ("NaN%", "NaN°", "–°", "undefined") if word in said]


def test_formulas_keep_their_spaces_and_names_break_nothing(opened):
    page = opened("names", "#lang=en&step=99")
    for id in page.evaluate("app.data.nodes.map((n) => n.id)"):
        page.evaluate("(at) => app.set({ at })", id)
        signs = page.locator("mi", has_text="⊤").all()
        assert all(sign.get_attribute("mathvariant") == "normal" for sign in signs)
        assert "\n" not in page.evaluate("app.data.nodes.map((n) => n.title).join('')")
    assert page.evaluate("withSpaces(' or ')") == "\u00a0or\u00a0"
    assert "\u2068a b $x$ *y* שלום\u2069" in page.text_content("#weight")


def test_the_view_is_saved_as_svg(opened, tmp_path):
    page = opened("encoder", "#lang=en&step=5")
    with page.expect_download() as found:
        page.click("#save")
    found.value.save_as(tmp_path / "dw.svg")
    svg = (tmp_path / "dw.svg").read_text("utf-8")
    assert svg.startswith("<svg")
    assert "var(" not in svg
    assert svg.count("<rect") > page.evaluate("app.view.items.length")
    import xml.dom.minidom

    xml.dom.minidom.parseString(svg)


def test_a_step_is_shown_as_code_and_the_program_is_saved(opened, tmp_path):
    page = opened("encoder", "#lang=en&step=4")
    page.click("details.code summary")
    assert "def d_" in page.locator("details.code pre").last.inner_text()
    first = page.locator("details.code pre").first.inner_text()
    with page.expect_download() as found:
        page.click("details.code button")
    found.value.save_as(tmp_path / "step.py")
    text = (tmp_path / "step.py").read_text("utf-8")
    assert first.splitlines()[0] in text
    space = {}
    exec(compile(text, "step.py", "exec"), space)
    assert callable(space["step"])
    page.click("#next")
    assert page.locator("details.code").get_attribute("open") is not None  # it stays open from step to step
    assert page.locator("details.code pre").first.inner_text() != first


def test_it_shows_itself_in_a_notebook(browser):
    with browser.new_context(offline=True) as context:
        page = context.new_page()
        problems = []
        page.on("pageerror", lambda e: problems.append(str(e)))
        page.set_content(explore(encoder()[0])._repr_html_())
        inner = page.frame_locator("iframe")
        inner.locator("#next").click()
        assert inner.locator("#count").text_content().startswith("1 / ")
        assert problems == []


def test_without_javascript_it_says_so(browser, files):
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(files["encoder"])
        assert "drawn by JavaScript" in page.inner_text("body")


def test_on_a_phone_it_fits(opened):
    page = opened(viewport={"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("width", [390, 760, 908, 1280])
def test_nothing_overlaps_on_the_toolbar(opened, width):
    page = opened(fragment="#lang=en&step=999", viewport={"width": width, "height": 800})
    assert page.evaluate("check.crowded()") == []


def test_on_a_phone_the_name_of_a_weight_has_the_width(opened):
    page = opened(viewport={"width": 390, "height": 800})
    assert page.locator("#weight").bounding_box()["width"] > 300


def test_the_page_is_small_and_quick(opened, files):
    from urllib.request import url2pathname

    assert os.path.getsize(url2pathname(files["dates"].removeprefix("file://"))) < 320_000
    page = opened()
    assert page.evaluate("check.redraw()") < 1000  # milliseconds
