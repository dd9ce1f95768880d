"""One setting for the language, and a Chinese rule and cure for every message."""

import ast
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import errors_page
import messages
import numpy as np
import pytest

import tinygrad_tf
from tinygrad_tf import Tensor, graph, nn
from tinygrad_tf.compat import missing, missing_methods, missing_names
from tinygrad_tf.errors import error, found_in
from tinygrad_tf.graph.notebook import view
from tinygrad_tf.graph.words import Words
from tinygrad_tf.wording import languages

ROOT = Path(tinygrad_tf.__file__).parent
CATALOGUE = messages.catalogue()
MISTAKES = list(errors_page.all_mistakes())


def is_chinese(text):
    return any("\u3400" <= letter <= "\u9fff" for letter in text)


def test_every_message_has_its_chinese():
    assert messages.without_chinese() == []


def test_what_is_raised_warned_of_or_printed_has_its_chinese():
    """A plain text speaks English alone: it goes through error(), translated() or either(), or EXEMPT says why not."""
    assert [found for found in messages.plain_texts() if not messages.exempt(*found[:2])] == []


def test_each_reason_for_a_plain_text_is_needed():
    found = [(file, name) for file, name, _ in messages.plain_texts()]
    used = {key for key in messages.EXEMPT for file, name in found if file.startswith(key[0]) and name == key[1]}
    assert set(messages.EXEMPT) - used == set()


@pytest.mark.parametrize(
    "code, texts",
    [
        ('raise ValueError("a plain text")', ["a plain text"]),
        ('raise ValueError(f"a plain {x}")', ["a plain {0}"]),
        ('raise ValueError("a plain {}".format(x))', ["a plain {}"]),
        ('warnings.warn("a plain text", stacklevel=2)', ["a plain text"]),
        ('warnings.warn(translated("one that is said"))', []),
        ('raise ValueError(either("one that is said", "说"))', []),
        ('raise error(ValueError, "op", got="a plain text", rule="a rule", cure="a cure")', []),
    ],
)
def test_a_plain_text_is_found(code, texts):
    assert [messages.english(text) for _, text in messages.plain(ast.parse(code))] == texts


def test_a_text_that_comes_by_a_variable_is_found():
    lines = ["def f(x):", '  what = "a text"', '  what += " and more"', '  return error(ValueError, "f", got=what)']
    found = [x for x in messages.said_in(ast.parse("\n".join(lines))) if messages.is_text(x)]
    assert {"a text", " and more"} <= {messages.english(x) for x in found}


def english_in(line):
    """The words of a Chinese sentence that only English has: not in quotes, in code or in what NumPy and Python say."""
    bare = re.sub(r"（(NumPy|Python)：.*）$|'[^']*'|\"[^\"]*\"", "", line)
    for _ in range(3):  # from the innermost brackets on
        bare = re.sub(r"\[[^\[\]]*\]|\([^()]*\)", "", bare)
    return re.findall(r"\b(?:a|an|the|of|is|are|for|then|at|no|which|that|it)\b(?! ?=|\.)", bare)


@pytest.mark.parametrize("text", ["a name of PyTorch's: 复数", "first (1,), then (2,)", "weight (2, 2) for (1, 2)"])
def test_english_is_found_in_chinese(text):
    assert english_in(text)


@pytest.mark.parametrize("mistake", MISTAKES, ids=[f"{m.table}: {m.name}" for m in MISTAKES])
def test_a_mistake_is_explained_in_chinese(mistake):
    with tinygrad_tf.language("zh"):
        got, rule, cure = errors_page.message(mistake).split("\n")
    assert "收到：" in got
    assert not re.search("[\u3400-\u9fff），。] +[\u3400-\u9fff]", got)
    assert english_in(got) == english_in(rule) == english_in(cure) == []
    assert rule.startswith("  规则：")
    assert cure.startswith("  改法：")
    assert is_chinese(rule[5:])
    assert is_chinese(cure[5:]) or messages.CODE.fullmatch(cure[5:])


def test_what_pytorch_alone_has_is_said_in_chinese():
    rows = [row for names in missing_names.ROWS.values() for row in names.values()] + [
        *missing_methods.METHODS.values()
    ]
    with tinygrad_tf.language("zh"):
        said = {str(missing.problem("there", row, AttributeError)) for row in rows}
    assert len(said) > 250
    assert {text: english_in(line) for text in said for line in text.split("\n") if english_in(line)} == {}
    firsts = [text.split("\n")[0] for text in said]
    assert all(first.startswith("there 收到：PyTorch 里的名字：") for first in firsts)
    assert [first for first in firsts if re.search("[a-z]{3,} [a-z]{2,}", first)] == []


@pytest.mark.parametrize(
    "code",
    ["def forward(self, x): …", "jacobian(lambda x: …, x)", "with debug(): model(ids)", "{'rope_type': 'linear'}"],
)
def test_a_colon_of_python_stays_one(code):
    with tinygrad_tf.language("zh"):
        assert languages.translated(f"write {code}") == f"写 {code}"


def test_the_chinese_has_the_places_of_the_english():
    places = {text: [sorted(re.findall(r"\{\d+\}", half)) for half in (text, CATALOGUE[text])] for text in CATALOGUE}
    assert {text: found for text, found in places.items() if found[0] != found[1]} == {}


def test_a_message_that_is_no_longer_said_has_no_chinese():
    assert messages.no_longer_said(CATALOGUE) == []


def test_the_catalogue_is_in_order():
    assert list(CATALOGUE) == sorted(CATALOGUE, key=str.lower)


def test_what_is_not_in_the_catalogue_stays_english():
    with tinygrad_tf.language("zh"):
        assert languages.translated("nobody has said this before") == "nobody has said this before"


def test_a_rule_within_a_rule_is_translated_too():
    with tinygrad_tf.language("zh"):
        assert languages.translated("an axis is an integer (NumPy: no)") == "轴是整数（NumPy：no）"


@pytest.mark.parametrize(
    ("english", "chinese"), [("b is True or False", "b 是 True 或 False"), ("n is a text", "n 是文本")]
)
def test_a_space_stands_between_chinese_and_latin_letters(english, chinese):
    with tinygrad_tf.language("zh"):
        assert languages.translated(english) == chinese


@pytest.mark.parametrize(
    "text",
    [
        "X is as wide as it is high",  # of somebody's own op: "{0} is {1}" fits, but half of it would stay English
        "name 'what is this of one of b'",
        'name "what is this"',
        "the key that is there, which is not so",
    ],
)
def test_nothing_is_translated_by_half(text):
    with tinygrad_tf.language("zh"):
        assert languages.translated(text) == text


def test_no_space_stands_between_chinese_and_chinese():
    with tinygrad_tf.language("zh"):
        assert (
            languages.translated("a file is as it was written; here it ends early")
            == "文件应与写出时一致；这里它不完整"
        )


def test_names_stay_as_they_are():
    t = Tensor(np.ones(2), name="what is b")
    with (
        tinygrad_tf.language("zh"),
        pytest.raises(ValueError, match=r"reshape 收到：X what is b \(2,\) float64, shape"),
    ):
        t.reshape(3)


def test_the_longest_rule_that_is_known_as_a_whole_is_taken():
    said = "both shapes hold the same number of entries; one size may be -1, which is then computed"
    with tinygrad_tf.language("zh"):
        assert languages.translated(f"{said} (NumPy: no)") == CATALOGUE[said] + "（NumPy：no）"


@pytest.mark.parametrize(
    "text", ["a is " * 999, "1: 2, 3 of type " * 300, "write a is b, which is " * 200, "a is " * 20_000]
)
def test_a_long_text_costs_little_and_does_not_nest_too_deep(text):
    with tinygrad_tf.language("zh"):
        start = time.process_time()
        languages.translated(text)
    assert time.process_time() - start < 20  # without an end where each part is tried with each other


def fails_in_a_file():
    with found_in("config.json"):
        raise error(ValueError, "Config", got="n_head -1", rule="a matrix is square", cure="write n_head=1")


def test_the_file_in_which_a_mistake_stands_is_said_in_chinese():
    with tinygrad_tf.language("zh"), pytest.raises(ValueError, match=r"^Config 收到：'config.json' 里的 n_head -1\n"):
        fails_in_a_file()


# ---- what speaks it --------------------------------------------------------------------------------------------------

X, W = Tensor(np.ones((1, 2)), name="X"), Tensor(np.ones((2, 1)), requires_grad=True, name="W")
#: Each without a language of its own, and with English asked for.
SPEAKERS = {
    "explain": (lambda L, **lang: str(graph.explain(L, W, **lang)), "如何到达", "reaches"),
    "explain in a notebook": (lambda L, **lang: graph.explain(L, W, **lang)._repr_markdown_(), "如何到达", "reaches"),
    "draw": (lambda L, **lang: graph.draw(L, **lang).source, "紫色箭头", "Purple arrows"),
    "explore": (lambda L, **lang: graph.explore(L, **lang).data.json(), '"lang":"zh"', '"lang":"en"'),
    "a card": (lambda L, **lang: str(graph.op_card("relu", **lang)), "前向", "forward"),
    "a Tensor in a notebook": (lambda L, **lang: view(W, **lang), "需要梯度", "requires a gradient"),
}


@pytest.mark.parametrize("say, chinese, spoken", SPEAKERS.values(), ids=SPEAKERS)
def test_what_shows_speaks_the_language_that_is_chosen_or_given(say, chinese, spoken):
    L = (X @ W).sum()
    with tinygrad_tf.language("zh"):
        assert chinese in say(L)
        assert spoken in say(L, lang="en")
    assert chinese in say(L, lang="zh")


def test_a_summary_speaks_it():
    with tinygrad_tf.language("zh"):
        text = str(nn.summary(nn.Linear(2, 1), X.astype("float32")))
    assert "3 个参数（12 B），全部可训练" in text


def test_the_words_of_formulas_are_chinese_and_names_stay():
    t = Tensor(np.ones((3, 2)), requires_grad=True, name="query and key")
    with tinygrad_tf.language("zh"):
        text = str(graph.explain((t[[0, 1]].relu() * 2.0).sum(), t))
    assert "累加(" in text
    assert "若" in text
    assert "否则" in text
    assert "query and key" in text
    assert not re.search("scatter| at |else", text)


# ---- the setting ----------------------------------------------------------------------------------------------------


def test_it_holds_for_good_or_for_a_block():
    assert languages.chosen() == "en"
    with tinygrad_tf.language("zh"), tinygrad_tf.language("en"):
        assert languages.either("English", "中文") == "English"
    tinygrad_tf.language("zh")
    try:
        assert languages.either("English", "中文") == "中文"
    finally:
        tinygrad_tf.language("en")


def test_another_language_is_refused_and_changes_nothing():
    with pytest.raises(ValueError, match='language got \'fr\'; there are "en" and "zh"'):
        tinygrad_tf.language("fr")
    assert languages.chosen() == "en"


def run(code, **settings):
    env = {**os.environ, "PYTHONPATH": str(ROOT.parent), "PYTHONIOENCODING": "utf-8", **settings}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", env=env)


def test_a_process_begins_with_that_of_the_environment():
    done = run("from tinygrad_tf import Tensor; Tensor([1, 2]).item()", TINYGRAD_TF_LANG="zh")
    assert "  规则：只有一个元素的 Tensor 才能当作一个数" in done.stderr


def test_english_reads_no_catalogue():
    with pytest.raises(ValueError, match="rule: only a Tensor with one entry is a number"):
        Tensor([1, 2]).item()
    code = (
        "import tinygrad_tf as t\ntry: t.ones(2).item()\nexcept ValueError: pass\n"
        "print(t.wording.languages._catalogue.cache_info().misses)"
    )
    assert run(code).stdout == "0\n"


def test_what_numpy_says_stays_as_it_is():
    said = "the types of the inputs suit the op (NumPy: size 1 is different from 2)"
    with tinygrad_tf.language("zh"):
        assert languages.translated(said).endswith("（NumPy：size 1 is different from 2）")


@pytest.mark.parametrize(
    "english, chinese",
    [("{{S if allowed, else −∞} if some, else 0}", "{{S 若 allowed，否则 −∞} 若 some，否则 0}"),
     ("dL = dloss / (n or 1)", "dL = dloss / (n 或 1)")],
)  # fmt: skip
def test_the_words_of_a_formula_within_another_are_chinese_too(english, chinese):
    assert Words("zh").formula(english) == chinese
