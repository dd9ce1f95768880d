"""Names that are meant to break an output go through all of them: of Tensors, modules, classes, ops and losses."""

import ast
import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest
from cases.hostile import HOSTILE

from tinygrad_tf import Tensor, nn
from tinygrad_tf.autograd.operation import op
from tinygrad_tf.graph import draw, explain, explore, from_torch, leaves, op_card, program, record
from tinygrad_tf.graph.capture import capture
from tinygrad_tf.graph.page.data import explored
from tinygrad_tf.graph.pictures.engine import command

NAMES = pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)


def doubled(name):
    """An op that is called so, and so is its rule."""

    def forward(X):
        return X * 2.0

    def rule(dY, Y, X):
        return dY * 2.0

    forward.__name__, rule.__name__, forward.__doc__ = name, name, name
    made = op(forward)
    made.rule(rule)
    return made


class Around(nn.Module):
    """A module that has modules of these names, each of two operations."""

    def __init__(self, names):
        super().__init__()
        for name in names:
            setattr(self, name, Two())
        self.names = names

    def forward(self, x):
        for name in self.names:
            x = getattr(self, name)(x) + x
        return x


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(2, 2)

    def forward(self, x):
        return self.lin(x).tanh()


def made_of(names, extra=("X",)):
    """(loss, the last weight, the module): of Tensors, ops, modules and a loss that are called so."""
    H = Tensor([[1.0, 2.0]], name=extra[0])
    for name in names:
        W = Tensor([[0.5, 0.2], [0.1, 0.3]], requires_grad=True, name=name)
        H = doubled(name)(H @ W).tanh()
    module = Around([name for name in names if "." not in name])
    return {names[-1]: (module(H) ** 2.0).mean()}, W, module


class Tags(HTMLParser):
    """The tags of a page, and of each the names of its attributes."""

    def __init__(self, text):
        super().__init__()
        self.found, self.attributes, self.values = set(), set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.values += [value or "" for _, value in attrs]


def is_harmless(text):
    tags = Tags(text)
    active = {"script", "img", "iframe", "object", "embed", "link", "style", "a", "base", "form", "meta"}
    urls = [value for value in tags.values if "//" in value or "javascript:" in value]
    return not tags.found & active and not [a for a in tags.attributes if a.startswith("on")] and not urls


def is_shown_as_text(text, most):
    """It can be encoded, no letter of it moves the cursor or turns the line around, and it has a bounded length."""
    text.encode()
    return not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]", text) and len(text) < most


# ---- texts ----------------------------------------------------------------------------------------------------------


@NAMES
def test_texts_are_plain(name):
    loss, W, module = made_of([name])
    (L,) = loss.values()
    texts = [explain(loss, W), explain(loss, W, lang="zh", nudge=1), W, module, doubled(name), explore(loss)]
    texts += [op_card(doubled(name)), nn.summary(module, Tensor([[1.0, 2.0]])), program(loss), draw(loss).summary]
    assert [str(x)[:80] for x in texts if not is_shown_as_text(str(x), 12_000)] == []
    assert is_shown_as_text(draw(loss, values=True, lang="both").source, 60_000)
    assert L.op is not None


@NAMES
def test_what_a_notebook_shows_has_no_markup_of_a_name(name):
    loss, W, module = made_of([name])
    W.grad = Tensor(np.ones((2, 2)))
    shown = [W, module, nn.summary(module, Tensor([[1.0, 2.0]])), program(loss)]
    pages = [x._repr_html_() for x in shown]
    assert [page[:80] for page in pages if not is_harmless(page) or not is_shown_as_text(page, 120_000)] == []


@NAMES
def test_markdown_has_no_markup_of_a_name(name):
    """Read as a notebook does, which allows HTML: what is left of it are the formulas, the code and the list."""
    markdown = pytest.importorskip("markdown_it").MarkdownIt("gfm-like", {"html": True, "linkify": False})
    math = pytest.importorskip("mdit_py_plugins.dollarmath").dollarmath_plugin
    markdown.use(math)
    loss, W, _ = made_of([name])
    for text in (explain(loss, W, nudge=1)._repr_markdown_(), op_card(doubled(name))._repr_markdown_()):
        assert is_shown_as_text(text, 12_000)
        assert Tags(markdown.render(text)).found <= {"p", "strong", "ol", "ul", "li", "code", "pre", "span", "div"}


@NAMES
def test_formulas_are_latex(name):
    converter = pytest.importorskip("latex2mathml.converter")
    markdown = pytest.importorskip("markdown_it").MarkdownIt()
    markdown.use(pytest.importorskip("mdit_py_plugins.dollarmath").dollarmath_plugin)
    loss, W, _ = made_of([name])
    blocks = markdown.parse(explain(loss, W)._repr_markdown_())
    formulas = [part.content for block in blocks for part in block.children or () if part.type == "math_inline"]
    assert len(formulas) > 8
    for formula in formulas:
        ElementTree.fromstring(converter.convert(formula))


@NAMES
def test_messages_are_plain(name):
    X = Tensor(np.ones((2, 3)), name=name)
    calls = [
        lambda: X @ Tensor(np.ones((2, 3)), name=name),
        lambda: explain(X, X),
        lambda: Around([name.replace(".", "")]).load_state_dict({name: np.ones(3)}),
        lambda: draw((Tensor([1.0], requires_grad=True) * 2).sum(), open=[name]),
    ]
    for call in calls:
        with pytest.raises((ValueError, RuntimeError)) as raised:
            call()
        text = str(raised.value)
        assert is_shown_as_text(text, 2_000)
        assert [line[:7] for line in text.splitlines()[1:]] == ["  rule:", "  cure:"]


def test_no_two_values_have_one_name():
    graph = capture(made_of([*HOSTILE.values()])[0])
    names = [node.name for node in graph.nodes if node.name]
    assert len({*names}) == len(names) > 300


def test_a_module_is_opened_by_the_name_that_it_has():
    name = HOSTILE["a long word"]
    loss, _, _ = made_of([name])
    assert f"{name[:19]}….lin" not in draw(loss, depth=0).source
    assert draw(loss, open=[name]).source.count("cluster") == 1


def test_a_module_of_pytorch_with_all_names_is_taken():
    torch = pytest.importorskip("torch")
    names = [name for name in HOSTILE.values() if "." not in name]

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            for name in names:
                self.add_module(name, torch.nn.Linear(2, 2))

        def forward(self, x):
            for name in names:
                x = getattr(self, name)(x).tanh()
            return x.sum()

    loss = from_torch(Net(), torch.ones(1, 2))
    W = leaves(loss)[f"{names[-1]}.weight"]
    assert is_shown_as_text(str(explain(loss, W)), 60_000)
    assert len(program(loss).run()[1]) == 2 * len(names)


# ---- programs -------------------------------------------------------------------------------------------------------


@NAMES
def test_a_program_computes_what_it_says_and_nothing_else(name):
    loss, W, _ = made_of([name])
    (L,) = loss.values()
    written = program(loss)
    calls = [
        node for node in ast.walk(ast.parse(written.text)) if isinstance(node, (ast.Import, ast.Raise, ast.Attribute))
    ]
    assert {node.names[0].name for node in calls if isinstance(node, ast.Import)} == {"numpy"}
    assert not any(isinstance(node, ast.Raise) or getattr(node, "attr", "") in ("system", "_exit") for node in calls)
    value, gradients = written.run()
    L.backward(retain_graph=True)
    assert value == pytest.approx(L.item())
    assert len(gradients) == 3 - ("." in name) * 2
    assert any(dW.shape == (2, 2) and np.allclose(dW, W.grad.array) for dW in gradients.values())


def test_a_program_of_all_names_runs():
    loss, _, _ = made_of([*HOSTILE.values()])
    written = program(loss)
    value, gradients = written.run()
    assert value == pytest.approx(next(iter(loss.values())).item())
    assert len(gradients) == sum(1 if "." in name else 3 for name in HOSTILE.values())


# ---- pictures -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def everything():
    return made_of([*HOSTILE.values()])


@pytest.mark.parametrize("view", ["both", "dual"])
def test_a_picture_of_all_names_is_xml_without_anything_that_runs(view, everything):
    if command("svg") is None:
        pytest.skip("there is no Graphviz here: neither the program dot nor pygraphviz")
    loss, _, _ = everything
    picture = draw(loss, depth=2, view=view, values=True, lang="both")
    laid_out = picture.pipe("svg")
    tags = {element.tag.partition("}")[2] for element in ElementTree.fromstring(laid_out).iter()}
    assert tags <= {"svg", "style", "g", "title", "polygon", "polyline", "path", "ellipse", "text", "a"}
    links = {v for e in ElementTree.fromstring(laid_out).iter() for k, v in e.attrib.items() if k.endswith("href")}
    assert links <= {""}
    texts = "".join(ElementTree.fromstring(laid_out).itertext())
    assert {"constructor", "</script><script>", "]]>", "--> <!--", "权重"} <= {x for x in KNOWN if x in texts}


KNOWN = ("constructor", "</script><script>", "]]>", "--> <!--", "权重")


@pytest.mark.parametrize("format", ["png", "pdf"])
def test_a_picture_of_some_names_is_drawn_in_pixels_and_on_paper(format):
    if command(format) is None:
        pytest.skip("there is no Graphviz here: neither the program dot nor pygraphviz")
    loss, W, _ = made_of(
        [HOSTILE[key] for key in ("control characters", "an HTML label", "towers of accents", "Arabic")]
    )
    made = draw(loss, path_to=W).pipe(format)
    assert made.startswith(b"%PDF" if format == "pdf" else b"\x89PNG")


# ---- the page -------------------------------------------------------------------------------------------------------


@NAMES
def test_the_data_of_a_page_are_json_with_the_whole_name(name):
    loss, W, _ = made_of([name])
    data = explored(capture(loss), W)
    read = json.loads(data.json())
    end = next(n for n in read["nodes"] if n["id"] == data.path_to)
    assert end.get("whole", end["name"]).strip("\u2068\u2069\u2080\u2081\u2082")
    assert len(end["name"]) <= 126
    if len(name) > 50_000:
        assert end["whole"] == name.strip()


def test_a_line_of_code_in_a_file_of_any_name_is_shown(tmp_path):
    path = bytes(tmp_path) + b"/\xff<b>\n.py"  # no text in UTF-8
    with open(path, "w") as file:
        file.write("Y = X * 2.0  # </script>\n")
    X, space = Tensor([1.0], requires_grad=True), {}
    with record():
        import os

        exec(compile("Y = X * 2.0", os.fsdecode(path), "exec"), {"X": X}, space)
    data = json.loads(explored(capture(space["Y"].sum())).json())
    assert [n["line"] for n in data["nodes"] if "line" in n] == ["\ufffd<b> .py:1  Y = X * 2.0  # </script>"]


@pytest.fixture(scope="module")
def opened(browser, everything, tmp_path_factory):
    """The page of all names, offline; what it said, what it asked for, and its folder."""
    loss, W, _ = everything
    folder = tmp_path_factory.mktemp("hostile")
    explore(loss, path_to=W, nudge=1, about={"en": "<b>\ud800", "zh": "</script>"}).save(folder / "all.html")
    context = browser.new_context(offline=True, accept_downloads=True, viewport={"width": 1400, "height": 900})
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda problem: said.append(str(problem)))
    page.on("request", lambda r: r.is_navigation_request() or r.url.startswith("blob:") or said.append(r.url[:200]))
    page.goto((folder / "all.html").as_uri())
    page.wait_for_selector("body[data-ready]")
    yield page, said, folder
    context.close()


def test_a_page_of_all_names_runs_no_script_of_theirs(opened):
    page, said, _ = opened
    for i, lang in enumerate(("zh", "en")):
        page.evaluate("for (const m of app.data.modules) app.state.open.add(m.id)")
        page.evaluate(f"app.view = null; app.set({{ lang: '{lang}', to: null, step: 0 }})")
        page.evaluate(f"app.data.nodes.forEach((n, i) => i % 3 === {i} && app.set({{ at: n.id }}))")  # in the panel
        page.evaluate("app.data.modules.forEach((m, i) => i % 3 || app.set({ at: m.id }))")
        page.evaluate("for (let k = 0; k <= app.limit(); k += 9) app.set({ step: k, at: null })")
        page.evaluate("app.set({ to: app.data.path_to, tab: 'way', step: 5 })")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("[window.ran ?? null, document.scripts.length, document.styleSheets.length]") == [None, 2, 1]
    assert page.locator("img, iframe, object, embed, link, svg script, svg image").count() == 0
    assert said == []


def test_the_policy_of_a_page_of_all_names_stands_first(opened):
    policy = opened[0].locator("meta[http-equiv=Content-Security-Policy]")
    assert policy.get_attribute("content").startswith("default-src 'none'")


def test_the_pictures_of_a_page_of_all_names_are_saved(opened):
    page, said, folder = opened
    for button, name in (("#save", "all.svg"), ("#savepng", "all.png")):
        with page.expect_download() as download:
            page.click(button)
        download.value.save_as(folder / name)
    shown = "".join(ElementTree.parse(folder / "all.svg").getroot().itertext())
    assert "constructor" in shown
    assert (folder / "all.png").read_bytes().startswith(b"\x89PNG")
    assert said == []


ADDRESSES = ["at=n0/9", "at=n2/__proto__", "at=m1&shut=m0,m1", "to=__proto__&at=constructor&open=toString", "%&at=%ff",
             "step=1e99&lang=constructor&theme=__proto__&tab=toString"]  # fmt: skip


def test_no_address_breaks_the_page(opened):
    page, said, _ = opened
    for fragment in ADDRESSES:
        page.evaluate(f"location.hash = '{fragment}'")
        page.wait_for_timeout(50)
        assert page.locator("#details h2").count() == 1, fragment
    assert said == []


def test_the_panel_has_the_whole_of_a_long_name(opened):
    page, _, _ = opened
    name = HOSTILE["a long word"]
    page.evaluate("app.set({ at: app.data.nodes.find((n) => n.whole?.length === 100000).id, tab: 'step' })")
    heading = page.locator("#details h2")
    assert heading.text_content() == name
    assert heading.bounding_box()["height"] < 200
    assert page.evaluate("Math.max(...app.data.nodes.map((n) => n.name?.length ?? 0))") < 210
