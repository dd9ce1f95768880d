"""The demos as a user meets them: help that is whole, in both languages, and one clear sentence for what is wrong."""

import importlib
import itertools
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinygrad_tf import language
from tinygrad_tf.tasks.date_forms import FIRST, FORMS, write

for package in ("tqdm", "safetensors", "matplotlib"):
    pytest.importorskip(package, reason='pip install "tinygrad_tf[train]"')

ROOT = Path(__file__).parents[2]
DEMOS = ("attention_dw", "gallery", "generate", "tour", "train_char_gpt", "train_dates", "translate_date", "website",
         "your_code")  # fmt: skip


def run(name, *args, **env):
    """A demo as its own program."""
    return subprocess.run([sys.executable, ROOT / "demos" / f"{name}.py", *map(str, args)], text=True, cwd=ROOT,
                          encoding="utf-8", capture_output=True, stdin=subprocess.DEVNULL,
                          env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **env})  # fmt: skip


@pytest.fixture
def demo(monkeypatch):
    """A function that imports a file of demos/."""
    monkeypatch.syspath_prepend(str(ROOT / "demos"))
    found = []

    def bring(name):
        found.append(name)
        return importlib.import_module(name)

    yield bring
    for name in found:
        sys.modules.pop(name, None)


# ---- help -----------------------------------------------------------------------------------------------------------


def is_chinese(text):
    return any("\u3400" <= letter <= "\u9fff" for letter in text)


@pytest.mark.parametrize("name", DEMOS)
def test_help_says_what_each_argument_is(name):
    done = run(name, "--help")
    assert done.returncode == 0, done.stderr
    assert f"python demos/{name}.py" in done.stdout
    options = done.stdout.split("options:\n")[1]
    flags = [lines for lines in itertools.pairwise([*options.splitlines(), ""]) if lines[0].startswith("  -")]
    assert len(flags) >= 2
    for line, below in flags:  # what it is stands beside the flag, or below it
        assert "  " in line.strip() or below.startswith(" " * 20), line


@pytest.mark.parametrize("name", DEMOS)
def test_help_is_chinese_where_that_is_chosen(name):
    done = run(name, "--help", TINYGRAD_TF_LANG="zh")
    assert done.stdout.startswith("用法：")
    description, options = done.stdout.split("\n选项", 1)
    assert is_chinese(description.split("\n\n", 1)[1].splitlines()[0])
    assert "show this" not in options
    assert f"python demos/{name}.py" in description


CHAPTERS = sorted(path.stem for path in (ROOT / "demos").glob("[0-9][0-9]_*.py"))
OWN = {"12_pretrained": ("--model",)}  # the flags of a chapter beside --help


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", CHAPTERS)
def test_help_of_a_chapter_says_its_title_and_what_it_writes(name, lang, tmp_path):
    done = run(name, "--help", TINYGRAD_TF_LANG=lang, TOUR_OUT=str(tmp_path))
    assert done.returncode == 0, done.stderr
    title = (ROOT / f"demos/{name}.py").read_text(encoding="utf-8").splitlines()[1 + (lang == "zh")]
    assert title.removeprefix("# # ") in done.stdout
    assert is_chinese(done.stdout) == (lang == "zh")
    assert f"    python demos/{name}.py\n" in done.stdout
    assert str(tmp_path / name) in done.stdout
    assert re.findall(r"^  (--\w+)", done.stdout, flags=re.MULTILINE) == [*OWN.get(name, ())]
    assert list(tmp_path.iterdir()) == []  # nothing ran


@pytest.mark.parametrize("name", DEMOS)
def test_the_two_languages_give_the_same_commands(name):
    halves = [run(name, "--help", TINYGRAD_TF_LANG=lang).stdout for lang in ("en", "zh")]
    commands = [
        sum(line.startswith("    ") and "python demos" in line for line in half.splitlines()) for half in halves
    ]
    assert commands[0] == commands[1] > 0


# ---- what is wrong --------------------------------------------------------------------------------------------------

REFUSED = {
    "no steps": ("train_char_gpt", ["--steps", 0], "argument --steps: got '0'; write a whole number from 1 on"),
    "no evaluation": ("train_char_gpt", ["--eval-every", 0], "--eval-every: got '0'; write a whole number from 1 on"),
    "a seed below 0": ("train_char_gpt", ["--seed", -1], "--seed: got '-1'; write a whole number from 0 on"),
    "a text that is not there": ("train_char_gpt", ["--text", "no/such.txt"], "no/such.txt cannot be read: "),
    "a folder as the text": ("train_char_gpt", ["--text", "demos"], "demos cannot be read: "),
    "half a step": ("train_dates", ["--steps", "2.5"], "--steps: got '2.5'; write a whole number from 1 on"),
    "no date": ("translate_date", ["--checkpoint"], "argument --checkpoint: expected one argument"),
    "an unknown flag": ("tour", ["--jops", 2], "unrecognized arguments: --jops 2"),
    "an unknown flag of a chapter": ("01_tensor", ["--shrot"], "unrecognized arguments: --shrot"),
    "no job": ("tour", ["--jobs", 0], "--jobs: got '0'; write a whole number from 1 on"),
    "no model": ("generate", ["--prompt", "a"], "the following arguments are required: --model"),
    "a temperature below 0": (
        "generate", ["--model", "x", "--prompt", "a", "--temperature", -1], "--temperature: got '-1'; write a number",
    ),
    "a share above 1": ("generate", ["--model", "x", "--prompt", "a", "--top-p", 2], "write a number from 0 to 1"),
    "a folder that is no model's": ("12_pretrained", ["--model", "demos"], "--model demos: config.json, model"),
    "a file where pictures go": ("attention_dw", ["--out", "README.md"], "--out: README.md is a file; give a folder"),
    "a file where pages go": ("gallery", ["--out", "README.md/a"], "--out: README.md is a file; give a folder"),
    "a file where the guide goes": ("tour", ["--out", "README.md"], "--out: README.md is a file; give a folder"),
    "a file where a model goes": ("train_dates", ["--out", "README.md"], "--out: README.md is a file; give a folder"),
    "a file where the site goes": ("website", ["README.md"], "argument FOLDER: README.md is a file; give a folder"),
    "no picture's name": ("translate_date", ["a", "--attention", "out"], "write a name that ends with .png, .svg or"),
    "a file as a model": ("generate", ["--model", "README.md", "--prompt", "a"], "got 'README.md', which is a file"),
    "a model that is not there": ("12_pretrained", ["--model", "./no/such"], "give a folder of a GPT-2"),
}  # fmt: skip


@pytest.mark.parametrize("name, args, said", REFUSED.values(), ids=REFUSED)
def test_a_wrong_argument_is_told_in_a_sentence(name, args, said, tmp_path):
    done = run(name, *args, TOUR_OUT=str(tmp_path))
    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="a pipe of POSIX")
def test_a_reader_that_stops_early_is_no_error(tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([sys.executable, ROOT / "demos/attention_dw.py", "--out", tmp_path],
                          env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
                          stdout=writing, stderr=subprocess.PIPE)  # fmt: skip
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.skipif(os.name == "nt", reason="devices of POSIX")
@pytest.mark.parametrize("closed, said", [(">&-", ""), (">/dev/full", "the standard output takes no more: "),
                                          (">&- 2>&-", "")], ids=["closed", "full", "both closed"])  # fmt: skip
def test_an_output_that_cannot_be_written_is_no_traceback(closed, said, tmp_path):
    """What is written to files is written where nobody reads what is printed."""
    command = f"{shlex.join([sys.executable, str(ROOT / 'demos/attention_dw.py'), '--out', str(tmp_path)])} {closed}"
    done = subprocess.run(command, shell=True, capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip
    assert done.stderr.startswith(said)
    assert "Traceback" not in done.stderr
    assert done.returncode == (1 if said else 0)
    assert said or list(tmp_path.iterdir())


def test_a_wrong_argument_is_told_in_chinese():
    done = run("train_char_gpt", "--steps", 0, TINYGRAD_TF_LANG="zh")
    assert done.stderr.endswith("train_char_gpt.py：参数 --steps：得到 '0'；请写大于等于 1 的整数\n")


def test_a_missing_extra_is_named():
    without = f"import runpy, sys; sys.modules['cycler'] = None; sys.path.insert(0, {str(ROOT / 'demos')!r}); "
    done = subprocess.run([sys.executable, "-c", without + "runpy.run_module('tour', run_name='__main__')"],
                          capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip
    assert done.stderr.startswith("the guide got no package cycler\n")
    assert '  cure: pip install -e ".[demos]"' in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("out", ["latest", "latest/m"])
def test_results_stay_where_a_link_led_at_the_start(out, demo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("first").mkdir()
    Path("latest").symlink_to("first")
    assert demo("command_line").folder(out) == Path(os.path.realpath(out))
    assert demo("command_line").folder("first/new") == Path("first/new")


TEXTS = {
    "GBK": ("从前有座山，山里有座庙。\n".encode("gbk"), "is not in UTF-8, but in GBK"),
    "Latin-1": ("déjà vu, señor\n".encode("latin-1"), "is no text in UTF-8"),
    "a picture": (bytes(range(256)), "is no text in UTF-8"),
}


@pytest.mark.parametrize("raw, said", TEXTS.values(), ids=TEXTS)
def test_a_text_in_another_encoding_is_named_with_the_cure(demo, tmp_path, raw, said):
    (tmp_path / "a.txt").write_bytes(raw)
    with pytest.raises(SystemExit, match=said):
        demo("command_line").text_of(tmp_path / "a.txt")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_letter(demo, tmp_path, encoding):
    (tmp_path / "a.txt").write_text("三月三日", encoding=encoding)
    assert demo("command_line").text_of(tmp_path / "a.txt") == "三月三日"


# ---- dates ----------------------------------------------------------------------------------------------------------


def test_every_form_of_a_date_is_readable(demo):
    script, days = demo("translate_date"), range(0, 36524, 997)
    texts = [write(FIRST.fromordinal(FIRST.toordinal() + n), form) for n in days for form in FORMS]
    assert {text: why for text in texts if (why := script.unreadable(script.usual(text)))} == {}


def test_what_is_typed_is_written_with_letters_that_the_model_knows(demo):
    from tinygrad_tf.tasks import dates

    script, known = demo("translate_date"), set(dates().vocabulary.characters)
    texts = [write(FIRST, form) for form in FORMS]
    assert {text for text in texts if set(script.usual(text)) - known} == set()


@pytest.mark.parametrize(
    "typed, known",
    [
        ("２０２６－０３－０３", "2026-03-03"),
        ("2026年3月3日(星期二)", "2026年3月3日（星期二）"),
        ("3月3日,2026年", "3月3日，2026年"),
        ("二○二六年三月三日", "二〇二六年三月三日"),
        ("3\u3000March  2026 ", "3 March 2026"),
        ("2026–03–03", "2026-03-03"),
        ("3rd of March ‘26", "3rd of March '26"),
    ],
)
def test_letters_that_look_alike(demo, typed, known):
    assert demo("translate_date").usual(typed) == known


UNREADABLE = {
    "1949年10月1日": "the year 1949 is not one of 1950 … 2049",
    "一九四九年十月一日": "the year 1949 is not one of 1950 … 2049",
    "1/10/2050": "the year 2050 is not one of 1950 … 2049",
    "19491001": "the year 1949 is not one of 1950 … 2049",
    "三月三日": "the year is missing",
    "3 March": "the year is missing",
    "二〇二六年三月": "the day is missing",
    "March 2026": "the day is missing",
    "廿三日 2026": "the month is missing",
    "2026": "the month and the day are missing",
    "星期二": "the year and the month and the day are missing",
    "3/2026": "a part is missing",
}


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_no_model_could_know_is_said(demo, text):
    assert UNREADABLE[text] in demo("translate_date").unreadable(text)


def test_it_is_said_in_chinese(demo):
    with language("zh"):
        assert demo("translate_date").unreadable("三月三日") == "缺少年；日期要有年、月、日"


def test_a_date_that_no_model_could_know_is_not_answered(demo):
    from tinygrad_tf import tasks
    from tinygrad_tf.models import Transformer, TransformerConfig

    vocabulary = tasks.dates().vocabulary
    model = Transformer(TransformerConfig(len(vocabulary), d_model=16, n_heads=2, n_layers=1, d_ff=16)).eval()
    with pytest.raises(ValueError, match="1949年10月1日: the year 1949 is not one of"):
        demo("translate_date").answer(model, vocabulary, "1949年10月1日")


# ---- the model that writes letter by letter --------------------------------------------------------------------------


def test_the_model_that_is_trained_letter_by_letter_is_read_by_generate(demo, tmp_path):
    pytest.importorskip("tokenizers", reason='pip install "tinygrad_tf[tokenizers]"')
    script, generate = demo("train_char_gpt"), demo("generate")
    letters = script.Letters("the quick brown fox\n从前有座山\n" * 40)
    model = script.build(letters, 10)[0].eval()
    script.save_for_generate(model, letters, tmp_path / "model")
    loaded, tokenizer = generate.load(str(tmp_path / "model"))
    ids = tokenizer.encode("the 山\nfox").ids
    assert letters.decode(ids) == tokenizer.decode(ids) == "the 山\nfox"
    np.testing.assert_array_equal(loaded(np.array([ids])).array, model(np.array([ids])).array)
    with (
        pytest.raises(SystemExit, match="that the model does not know"),
        generate.tokenizing("tokenizer.json"),
    ):
        tokenizer.encode("THE")


# ---- encodings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["gbk", "ascii"])
def test_a_demo_prints_in_any_encoding(tmp_path, encoding):
    done = subprocess.run([sys.executable, ROOT / "demos/attention_dw.py", "--out", tmp_path], capture_output=True,
                          env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding})  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "dK = dKt^T" in done.stdout.decode(encoding) or "X^T" in done.stdout.decode(encoding)


@pytest.mark.parametrize("name", DEMOS)
def test_help_is_printed_in_any_encoding(name):
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii", "TINYGRAD_TF_LANG": "zh"}
    done = subprocess.run([sys.executable, ROOT / f"demos/{name}.py", "-h"], capture_output=True, env=env)
    assert done.returncode == 0, done.stderr
    whole = run(name, "-h", TINYGRAD_TF_LANG="zh").stdout
    assert done.stdout.count(b"?") == whole.count("?") + whole.count("？")
