"""What hands do with the page, in a real browser: find, drag, zoom, skip, save, print; and pages of large graphs."""

import numpy as np
import pytest
from graphs import dates, head, leaf

from tinygrad_tf import Tensor, manual_seed
from tinygrad_tf.graph import explore
from tinygrad_tf.graph.capture import capture
from tinygrad_tf.models import GPT2, GPT2Config


def layers():
    """A loss of six equal layers, of which the page folds five."""
    manual_seed(0)
    model = GPT2(GPT2Config(vocab_size=20, n_positions=8, n_embd=8, n_layer=6, n_head=2))
    return model(np.arange(6)[None, :]).sum()


def unrolled(steps):
    W, h = leaf(3, 3, name="W"), Tensor(np.zeros((1, 3)), name="h")
    for _ in range(steps):
        h = (h @ W + 0.1).tanh()
    return h.sum(), W


def chain(steps):
    x = leaf(3, name="x")
    y = x
    for _ in range(steps):
        y = y.tanh()
    return y.sum(), x


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hands")
    loss, W = unrolled(200)
    end, x = chain(1999)
    made = {
        "head": explore(head()[0], path_to=None),
        "layers": explore(layers(), nudge=0),
        "rnn": explore(loss, path_to=W, nudge=0),
        "long": explore(end, path_to=x, nudge=0),
    }
    return {name: page.save(folder / f"{name}.html") for name, page in made.items()}


@pytest.fixture
def opened(browser, files):
    contexts, said = [], []

    def open_(name, fragment="#lang=en&theme=light", **options):
        contexts.append(browser.new_context(offline=True, reduced_motion="reduce", **options))
        page = contexts[-1].new_page()
        page.on("console", lambda m: said.append(m.text))
        page.on("pageerror", lambda e: said.append(str(e)))
        page.goto(f"file://{files[name]}{fragment}")
        page.wait_for_selector("body[data-ready]")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert said == []


def test_a_node_is_found_by_name_and_its_modules_open(opened):
    page = opened("layers")
    page.keyboard.press("/")
    page.keyboard.type("h.3 c_fc linear")
    assert page.text_content("#found") == "1 / 1"
    page.keyboard.press("Enter")
    at = page.evaluate("app.state.at")
    assert page.evaluate("(id) => app.view.itemOf.get(id).node?.path", at).endswith("h.3.mlp.c_fc")
    box = page.locator(f'[data-id="{at}"]').bounding_box()
    assert 0 < box["y"] < 700
    page.fill("#find", "no such node")
    assert page.text_content("#found") == "none"
    page.keyboard.press("Escape")
    assert page.input_value("#find") == ""


def test_several_hits_are_gone_through(opened):
    page = opened("head")
    page.fill("#find", "matmul")
    seen = []
    for _ in range(6):
        page.press("#find", "Enter")
        seen.append(page.evaluate("app.state.at"))
    assert len(set(seen)) == 5
    assert seen[5] == seen[0]
    page.press("#find", "Shift+Enter")
    assert page.evaluate("app.state.at") == seen[4]


def test_the_picture_is_dragged_and_a_drag_is_no_click(opened):
    page = opened("rnn")
    box = page.locator(f'[data-id="{page.evaluate("app.state.to")}"]').bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 60, steps=4)
    page.mouse.up()
    assert page.locator("#graph").evaluate("(e) => e.scrollTop") >= 59
    assert page.evaluate("app.state.to")  # a click would let it go


def test_ctrl_and_the_wheel_zoom_where_the_pointer_is(opened):
    page = opened("layers")
    page.evaluate("zoomTo(app, 1.2)")
    id = page.evaluate("app.view.items.find((i) => i.kind === 'operation').id")
    place = page.locator(f'[data-id="{id}"] > .shape')
    before = place.bounding_box()
    page.mouse.move(before["x"] + 5, before["y"] + 5)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
    page.wait_for_timeout(100)
    after = place.bounding_box()
    assert page.evaluate("app.zoom") > 1.5
    assert after["width"] > 1.2 * before["width"]
    assert abs(after["y"] - before["y"]) < 12


def test_folded_layers_say_which_is_at_work_and_are_skipped(opened):
    page = opened("layers")
    folded = page.evaluate("app.view.items.find((i) => i.module?.count > 1).id")
    first = page.evaluate("(id) => app.data.steps.findIndex(([n]) => app.view.itemOf.get(n).id === id) + 1", folded)
    page.evaluate("(s) => go(s)", first)
    assert page.locator(f'[data-id="{folded}"] .second').text_content() == "at work: h.5"
    assert page.get_by_role("button", name="Skip to the end of").count() == 1
    page.keyboard.press("Shift+ArrowRight")
    assert page.evaluate("app.itemAt(app.state.step).id") != folded
    assert "Block" in page.locator(f'[data-id="{folded}"] .second').text_content()
    page.keyboard.press("ArrowLeft")
    assert page.locator(f'[data-id="{folded}"] .second').text_content() == "at work: h.1"
    page.keyboard.press("Shift+ArrowLeft")
    assert page.evaluate("app.state.step") == first - 1


def test_the_list_of_weights_works_by_keyboard_alone(opened):
    page = opened("head")
    page.focus("#weight")
    chosen = []
    for _ in range(3):
        page.keyboard.press("ArrowDown")
        chosen.append(page.evaluate("app.data.node.get(app.state.to)?.name"))
    assert len(set(chosen)) == 3
    assert set(chosen) == {"W_q", "W_k", "W_v"}
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("app.state.step") == 1


@pytest.mark.parametrize(("button", "start"), [("#save", b"<svg"), ("#savepng", b"\x89PNG")])
def test_the_picture_is_saved(opened, tmp_path, button, start):
    page = opened("head", "#lang=zh&theme=dark&step=6")
    with page.expect_download() as found:
        page.click(button)
    found.value.save_as(tmp_path / "saved")
    assert (tmp_path / "saved").read_bytes().startswith(start)
    assert found.value.suggested_filename.startswith("dW-6.")


def test_on_paper_the_picture_comes_first_and_then_the_derivation(opened):
    page = opened("rnn", "#lang=en&theme=dark")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    assert not page.locator("header").is_visible()
    picture, paper = page.locator("#picture").bounding_box(), page.locator("#paper").bounding_box()
    assert picture["width"] <= page.viewport_size["width"]
    assert paper["y"] >= picture["y"] + picture["height"]
    assert page.locator("#paper ol.chain li").count() > 3
    assert "–" not in page.locator("#paper ol.chain li").last.text_content()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.locator("#paper *").count() == 0


def test_before_the_first_step_stands_the_loss(opened):
    page = opened("head")
    assert "Start: the loss" in page.text_content("#details")
    assert "Active step" not in page.text_content("#details")
    page.keyboard.press("ArrowRight")
    assert "Active step" in page.text_content("#details")


def test_the_dtype_stands_on_the_box(opened):
    page = opened("head")
    assert "(6, 3) float64" in page.locator("#picture .parameter").first.text_content()


@pytest.mark.parametrize("width", [390, 1280])
def test_no_text_is_smaller_than_eleven_pixels(opened, width):
    page = opened("rnn", viewport={"width": width, "height": 800})
    sizes = page.evaluate("""[...document.querySelectorAll("body *")].filter((e) => e.getClientRects().length &&
        [...e.childNodes].some((c) => c.nodeType === 3 && c.data.trim()) && !e.closest("math, script"))
        .map((e) => parseFloat(getComputedStyle(e).fontSize) * (e.closest("#picture") ? app.zoom : 1))""")
    assert min(sizes) >= 11


def test_a_long_recurrence_opens_at_its_weight(opened):
    page = opened("rnn")
    assert page.evaluate("app.zoom") == 1
    box = page.locator(f'[data-id="{page.evaluate("app.state.to")}"]').bounding_box()
    assert box["x"] > 0
    assert 0 < box["y"] < 800


@pytest.mark.parametrize("tab", ["step", "way"])
def test_two_thousand_steps_are_stepped_through_at_once(opened, tab):
    page = opened("long", f"#lang=en&theme=light&tab={tab}")
    changes = page.evaluate("""async () => {
        const changes = [];
        const observer = new MutationObserver((found) => changes.push(found.length));
        observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
        for (let k = 0; k < 7; k++) {
            goBy(1);
            await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        }
        return changes;
    }""")
    assert len(changes) == 7
    assert max(changes) < 100  # of the page's 8,000 elements and more
    if tab == "way":
        page.evaluate("go(1500)")
        page.wait_for_timeout(200)
        box = page.locator("ol.chain li.now").bounding_box()
        assert 0 < box["y"] < 800


# ---- figures --------------------------------------------------------------------------------------------------------


def test_an_entry_that_is_pointed_at_shows_its_row_its_column_and_its_sum(opened):
    page = opened("head")
    step = page.evaluate("""app.data.steps.findIndex(([n]) =>
        app.data.node.get(n).worked?.some((q) => q.left === "dW_q")) + 1""")
    page.evaluate("(s) => go(s)", step)
    box = page.locator(".worked", has_text="dW_q (6×3) = Xᵀ (6×4) · dQ (4×3)")
    whole, left, right = (box.locator("table").nth(i) for i in range(3))
    whole.locator("td[data-r='2'][data-c='1']").hover()
    assert whole.locator(".lit").count() == 1
    assert set(left.locator(".lit").evaluate_all("(cells) => cells.map((c) => c.dataset.r)")) == {"2"}
    assert set(right.locator(".lit").evaluate_all("(cells) => cells.map((c) => c.dataset.c)")) == {"1"}
    text = box.locator(".sum").text_content()
    assert text.startswith("dW_q[2, 1] = ")
    assert text.count(" · ") == 4
    whole.locator("td[data-r='2'][data-c='1']").focus()
    page.keyboard.press("ArrowDown")
    assert box.locator(".sum").text_content().startswith("dW_q[3, 1] = ")
    assert page.evaluate("app.state.step") == step
    page.keyboard.press("Home")
    assert page.evaluate("app.state.step") == 0


def test_a_sum_that_is_written_out_is_the_entry(opened):
    page = opened("head", "#lang=en&step=999")
    for id in page.evaluate("app.data.nodes.filter((n) => n.worked).map((n) => n.id)"):
        page.evaluate("(at) => app.set({ at })", id)
        for text in page.locator(".sum").all_text_contents():
            _, *middle, value = text.replace("−", "-").replace("·", "*").replace("exp", "np.exp").split(" = ")
            if middle and "{" not in text and "…" not in text:
                assert eval(middle[0], {"np": np}) == pytest.approx(float(value), rel=0.03, abs=0.02)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_square_of_a_heat_map_says_row_column_and_value(opened, lang):
    page = opened("head", f"#lang={lang}&step=2")
    square = page.locator(".map rect[data-i]").nth(4)
    square.hover()
    said = page.locator(".map .pointed").first
    assert said.text_content().startswith({"en": "row 1, column 1: ", "zh": "第 1 行，第 1 列："}[lang])
    square.focus()
    page.keyboard.press("ArrowRight")
    assert said.text_content().startswith({"en": "row 1, column 2: ", "zh": "第 1 行，第 2 列："}[lang])
    assert page.evaluate("app.state.step") == 2


def test_no_letter_of_a_formula_is_below_11_px(opened):
    page = opened("layers", "#lang=en&step=999")
    sizes = (
        "() => [...document.querySelectorAll('math :is(mi, mn, mo, mtext)')].map((e) => getComputedStyle(e).fontSize)"
    )
    for id in page.evaluate("app.data.nodes.filter((n) => n.worked).slice(-20).map((n) => n.id)"):
        page.evaluate("(at) => app.set({ at })", id)
        assert min(float(size[:-2]) for size in page.evaluate(sizes)) >= 11


def test_a_part_of_a_sum_says_which_it_is(opened):
    page = opened("rnn", "#lang=en&step=4")
    assert "part 1 of 200 of the sum" in page.text_content("#details")


def test_figures_fit_a_phone(opened):
    page = opened("head", "#lang=en&step=5", viewport={"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.getElementById('panel').scrollWidth <= document.getElementById('panel').clientWidth")


# ---- the main route -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dated(tmp_path_factory):
    """A page of the dates model of the tests, as demos/train_dates.py makes it."""
    loss, _ = dates()
    W_q = next(t for t in capture(loss).tensors if t.name == "W_q" and t.scope == "encoder.layers.0.self_attn")
    about = {"en": "What it is about.", "zh": "说的是什么。"}
    return explore(loss, path_to=W_q, depth=0, about=about).save(tmp_path_factory.mktemp("dated") / "dW.html")


@pytest.mark.parametrize(("lang", "about"), [("en", "What it is about."), ("zh", "说的是什么。")])
def test_a_page_of_closed_modules_leads_to_its_weight_in_a_few_steps(browser, dated, lang, about):
    with browser.new_context(offline=True, reduced_motion="reduce") as context:
        page = context.new_page()
        page.goto(f"file://{dated}#lang={lang}&theme=light")
        page.wait_for_selector("body[data-ready]")
        assert page.text_content("#story").startswith(about)
        assert page.locator("#picture .module").count() >= 2
        stops = page.evaluate("app.stops().length")
        assert 5 < stops < 15
        assert page.text_content("#count") == f"0 / {stops}"
        for _ in range(stops):
            page.keyboard.press("ArrowRight")
        assert page.text_content("#count") == f"{stops} / {stops}"
        assert page.locator("#next").is_disabled()
        assert "W_q" in page.text_content("#story")
        assert page.evaluate("app.state.step === app.limit()")
        page.keyboard.press("ArrowLeft")
        assert page.text_content("#count") == f"{stops - 1} / {stops}"
        page.locator(".tabs .brief").click()
        assert page.text_content("#count").endswith(f" / {page.evaluate('app.limit()')}")
        assert "brief=0" in page.evaluate("location.hash")


def test_a_closed_module_is_one_step_and_says_what_goes_through(browser, dated):
    with browser.new_context(offline=True, reduced_motion="reduce") as context:
        page = context.new_page()
        page.goto(f"file://{dated}#lang=en&theme=light")
        page.wait_for_selector("body[data-ready]")
        told = []
        for _ in range(page.evaluate("app.stops().length")):
            page.keyboard.press("ArrowRight")
            told.append(page.text_content("#story"))
        assert sum("is closed, and its" in text for text in told) == 2
        assert not any("reshape has" in text or "split_heads has" in text for text in told)
