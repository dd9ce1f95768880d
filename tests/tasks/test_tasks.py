"""The toy tasks: what is written is right and means one day only; what is held out is never trained on."""

import datetime
import pickle
import subprocess
import sys

import numpy as np
import pytest

from tinygrad_tf import tasks
from tinygrad_tf.tasks import FORMS, TASKS, Vocabulary, dates, exact_match, iso, write

TUESDAY = datetime.date(2026, 3, 3)

WRITTEN = [
    (TUESDAY, "{Weekday}, {d} {Month} {y}", "Tuesday, 3 March 2026"),
    (TUESDAY, "{dth} of {Short} '{yy}", "3rd of Mar. '26"),
    (TUESDAY, "{dd}/{mm}/{y}", "03/03/2026"),
    (TUESDAY, "{y}年{m}月{d}日", "2026年3月3日"),
    (TUESDAY, "{年}年{月}月{日}日", "二〇二六年三月三日"),
    (TUESDAY, "{零年}年{月}月{日}日", "二零二六年三月三日"),
    (TUESDAY, "{月}月{日}日 {y}", "三月三日 2026"),
    (TUESDAY, "{y}年{m}月{d}日星期{周}", "2026年3月3日星期二"),
    (TUESDAY, "{ｙ}／{ｍｍ}／{ｄｄ}", "２０２６／０３／０３"),
    (TUESDAY, "{大年}年{大月}月{大日}日", "贰零贰陆年叁月零叁日"),
    (datetime.date(2024, 4, 7), "{Weekday} the {dth} of {Month} {y}", "Sunday the 7th of April 2024"),
    (datetime.date(2024, 4, 7), "{年}年{月}月{日}日星期{周}", "二〇二四年四月七日星期日"),
    (datetime.date(2024, 4, 7), "{y}年{m}月{d}号礼拜{拜}", "2024年4月7号礼拜天"),
    (datetime.date(2024, 4, 3), "{Wkd}, {dd} {Mon} {y}", "Wed, 03 Apr 2024"),
    (datetime.date(1999, 12, 31), "{短年}年{月}月{日}日", "九九年十二月三十一日"),
    (datetime.date(1999, 12, 31), "{年}年{月}月{廿日}日", "一九九九年十二月卅一日"),
    (datetime.date(2000, 10, 20), "{年}年{月}月{廿日}日", "二〇〇〇年十月廿日"),
    (datetime.date(2000, 10, 20), "{年}年{月}月{日}日", "二〇〇〇年十月二十日"),
    (datetime.date(2000, 10, 20), "{大年}年{大月}月{大日}日", "贰零零零年零壹拾月零贰拾日"),  # the banks' own examples:
    (
        datetime.date(2000, 1, 15),
        "{大年}年{大月}月{大日}日",
        "贰零零零年零壹月壹拾伍日",
    ),  # 零 before 1, 2, 10; 壹 before 拾
    (datetime.date(2000, 9, 1), "{Short} {d}, {y}", "Sept. 1, 2000"),
    (datetime.date(2000, 5, 1), "{Short} {dth}, '{yy}", "May 1st, '00"),
]


@pytest.mark.parametrize("date, form, text", WRITTEN, ids=[text for _, _, text in WRITTEN])
def test_a_date_is_written_as_people_write_it(date, form, text):
    assert form in FORMS
    assert write(date, form) == text


@pytest.mark.parametrize("day, ending", [(1, "st"), (2, "nd"), (3, "rd"), (4, "th"), (11, "th"), (12, "th"), (13, "th"),
                                         (21, "st"), (22, "nd"), (23, "rd"), (30, "th"), (31, "st")])  # fmt: skip
def test_ordinals(day, ending):
    assert write(datetime.date(2026, 1, day), "{dth} {Month} {y}") == f"{day}{ending} January 2026"


def test_no_text_has_two_meanings_over_the_whole_calendar():
    days = range(datetime.date(1950, 1, 1).toordinal(), datetime.date(2049, 12, 31).toordinal() + 1)
    dates_ = map(datetime.date.fromordinal, days)
    # Three and a half million texts by their 64-bit hashes: a false alarm has a chance of one in a million.
    texts = np.fromiter((hash(write(date, form)) for date in dates_ for form in FORMS), np.int64)
    order = np.argsort(texts)
    meaning = np.repeat(days, len(FORMS))[order]
    same_text = np.diff(texts[order]) == 0
    assert same_text.sum() > len(days)  # some forms agree on some days: "3 May 2026" is short and long
    assert not np.diff(meaning)[same_text].any()


def test_forms_are_many_and_in_both_languages():
    texts = [write(TUESDAY, form) for form in FORMS]
    chinese = [text for text in texts if "月" in text]
    assert len(set(FORMS)) == len(FORMS)
    assert len(chinese) > 30
    assert len(texts) - len(chinese) > 50


def test_english_names_do_not_follow_the_locale():
    code = "import locale, datetime; from tinygrad_tf.tasks import write\n" \
           "for name in ('de_DE.UTF-8', 'C.UTF-8', 'C'):\n" \
           "    try: locale.setlocale(locale.LC_ALL, name); break\n" \
           "    except locale.Error: pass\n" \
           "print(write(datetime.date(2026, 3, 3), '{Weekday} {Month}'))"  # fmt: skip
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "Tuesday March\n"


def test_no_test_date_is_trained_on_in_any_form():
    task = dates(seed=1)
    held_out = {date for _, date in task.held_out}
    trained = {date for _, date in task.sample(np.random.default_rng(2), 30_000)}
    assert len(held_out) == 2000
    assert len(trained) > 15_000
    assert not held_out & trained


def test_held_out_dates_ask_for_every_form_in_turn():
    for i, (source, target) in enumerate(dates().held_out):
        assert source == write(datetime.date.fromisoformat(target), FORMS[i % len(FORMS)])


def test_dates_cover_the_calendar_evenly():
    years = np.array([int(date[:4]) for _, date in dates().sample(np.random.default_rng(0), 20_000)])
    counts = np.bincount(years - 1950, minlength=100)
    assert counts.min() > 120  # 200 expected in each year
    assert counts.max() < 290


@pytest.mark.parametrize("name", TASKS)
class TestEveryTask:
    def test_same_seed_same_task(self, name):
        assert TASKS[name](seed=3).held_out == TASKS[name](seed=3).held_out
        assert TASKS[name](seed=3).held_out != TASKS[name](seed=4).held_out

    def test_same_generator_same_samples(self, name):
        a, b = (TASKS[name]().sample(np.random.default_rng(5), 20) for _ in range(2))
        assert a == b
        assert len(a) == 20

    def test_held_out_pairs_are_never_sampled(self, name):
        task = TASKS[name]()
        assert not set(task.held_out) & set(task.sample(np.random.default_rng(0), 5_000))
        assert len(set(task.held_out)) == len(task.held_out)

    def test_the_vocabulary_knows_every_character(self, name):
        task = TASKS[name]()
        for source, target in [*task.held_out, *task.sample(np.random.default_rng(0), 1000)]:
            assert task.vocabulary.decode(task.vocabulary.encode(source)) == source
            assert task.vocabulary.decode(task.vocabulary.encode(target)) == target


RIGHT = {"reverse": lambda source: source[::-1], "addition": lambda source: f"{sum(map(int, source.split('+'))):03}"}


@pytest.mark.parametrize("name", RIGHT)
def test_targets_are_right(name):
    task = TASKS[name]()
    for source, target in [*task.held_out, *task.sample(np.random.default_rng(0), 1000)]:
        assert RIGHT[name](source) == target


def test_every_character_of_every_form_is_known():
    vocabulary = dates().vocabulary
    for day in range(0, 36525, 37):
        date = datetime.date(1950, 1, 1) + datetime.timedelta(day)
        for form in FORMS:
            vocabulary.encode(write(date, form))


def test_iso_is_year_month_day():
    assert iso(TUESDAY) == "2026-03-03"


def test_a_batch_is_padded_and_masked():
    batch = tasks.addition().batch([("1+2", "3"), ("98+7", "105")])
    pad, start, end = Vocabulary.pad, Vocabulary.start, Vocabulary.end
    digit = {c: i for i, c in enumerate("0123456789+", 3)}
    assert batch.source.tolist() == [[*map(digit.get, "1+2"), pad], [*map(digit.get, "98+7")]]
    assert batch.target_in.tolist() == [[start, digit["3"], pad, pad], [start, *map(digit.get, "105")]]
    assert batch.target_out.tolist() == [[digit["3"], end, pad, pad], [*map(digit.get, "105"), end]]
    assert batch.source_mask.tolist() == [[True, True, True, False], [True] * 4]
    assert batch.target_mask.tolist() == [[True, True, False, False], [True] * 4]
    assert {array.dtype for array in (batch.source, batch.target_in, batch.target_out)} == {np.dtype(np.int64)}


def test_decode_stops_at_end_and_skips_the_marks():
    v = Vocabulary("ab")
    assert v.decode([v.start, 3, v.pad, 4, v.end, 3]) == "ab"
    assert v.symbols([v.start, 3, v.end, v.pad]) == ["<start>", "a", "<end>", "<pad>"]


WRONG = [
    (
        lambda: dates().vocabulary.encode("3 März 2026"),
        ValueError,
        r"'ä' at position 3[\s\S]*known characters are .* M",
    ),
    (lambda: Vocabulary("ab").decode([7]), IndexError, r"id 7[\s\S]*0 … 4"),
    (lambda: Vocabulary("ab").decode([-1]), IndexError, r"id -1"),
    (lambda: Vocabulary("aba"), ValueError, r"'a' at position 2"),
    (lambda: Vocabulary(["ab"]), ValueError, r"'ab' at position 0"),
    (lambda: exact_match(["1"], []), ValueError, "1 outputs for 0 pairs"),
    (lambda: tasks.reverse(length=3), ValueError, "length 3"),
    (lambda: tasks.addition(n_digits=1), ValueError, "n_digits 1"),
]


@pytest.mark.parametrize("call, kind, message", WRONG)
def test_wrong_input_is_explained(call, kind, message):
    with pytest.raises(kind, match=message) as caught:
        call()
    assert "cure:" in str(caught.value)


def test_exact_match_forgives_nothing():
    assert exact_match(["2026-03-03", "2026-03-04"], [("a", "2026-03-03"), ("b", "2026-03-03")]) == 0.5


@pytest.mark.parametrize("name", TASKS)
def test_a_task_goes_through_a_pickle_to_another_process(name):
    task = TASKS[name]()
    again = pickle.loads(pickle.dumps(task))
    assert again.sample(np.random.default_rng(0), 20) == task.sample(np.random.default_rng(0), 20)
