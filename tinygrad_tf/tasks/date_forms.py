"""dates: from dates as people write them, in English and Chinese, to ISO 8601.

By two rules every text means one day only:

- numbers between ``/``, ``.`` or ``-`` that do not start with a four-digit year are **day first**: 03/04/2026 is the
  3rd of April;
- a two-digit year lies in **1950 … 2049**, as do all years: '50 … '99 are 1950 … 1999, '00 … '49 are 2000 … 2049.

Forms that would mean another day under these rules (26.3.3, year first) are left out.
"""

from __future__ import annotations

import datetime
import functools
from typing import Any

import numpy as np

from .common import Pair, Task, Vocabulary

FIRST, LAST = datetime.date(1950, 1, 1), datetime.date(2049, 12, 31)
N_HELD_OUT = 2000

# Not from `calendar`, whose names change with the locale.
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip
_SHORT = ("Jan.", "Feb.", "Mar.", "Apr.", "May", "June", "July", "Aug.", "Sept.", "Oct.", "Nov.", "Dec.")
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DIGITS = "〇一二三四五六七八九"
_CAPITAL = "零壹贰叁肆伍陆柒捌玖"  # the digits of cheques, which cannot be altered by adding a stroke
_WIDE = "０１２３４５６７８９"

#: The ways to write a date: {d} {dd} {dth} are 3, 03 and 3rd, {Mon} {Month} {Short} Mar, March and Mar. (Sept., June),
#: {年} {零年} {短年} 二〇二六, 二零二六 and 二六, {廿日} writes 廿 for 二十, {大年} as on cheques, {ｙ} in full width.
FORMS: tuple[str, ...] = (
    "{Weekday}, {d} {Month} {y}", "{Weekday} {d} {Month} {y}", "{Weekday}, {Month} {d}, {y}",
    "{Weekday} the {dth} of {Month} {y}", "{Weekday}, {Month} {dth}, {y}",
    "{Wkd}, {d} {Mon} {y}", "{Wkd}, {dd} {Mon} {y}", "{Wkd} {Mon} {d} {y}", "{Wkd}. {d} {Month} {y}",
    "{weekday}, {d} {month} {y}", "{MONTH} {d}, {y}",
    "{d} {Month} {y}", "{dd} {Month} {y}", "{d} {Month}, {y}", "{d} {month} {y}", "{d} {MONTH} {y}",
    "{dth} {Month} {y}", "{dth} of {Month} {y}", "{dth} of {Month}, {y}", "the {dth} of {Month}, {y}",
    "{dth} of {Short} {y}", "{dth} of {Short} '{yy}", "{dth} of {Month} '{yy}", "{d} {Mon} ’{yy}",
    "{Month} {d}, {y}", "{Month} {d} {y}", "{month} {d}, {y}", "{Month} {dth}, {y}", "{Month} {dth} {y}",
    "{Month} the {dth}, {y}", "{Mon} {d}, {y}", "{Mon} {d} {y}", "{Short} {d}, {y}", "{Short} {dth}, '{yy}",
    "{d} {Mon} {y}", "{d} {Short} {y}", "{d} {mon} {y}", "{dd} {MON} {y}", "{dd}{MON}{y}",
    "{dd}-{Mon}-{y}", "{d}-{Mon}-{y}", "{dd}-{Mon}-{yy}", "{y} {Month} {d}", "{y}, {Month} {d}", "{y}-{Mon}-{dd}",
    "{dd}/{mm}/{y}", "{d}/{m}/{y}", "{dd}/{mm}/{yy}", "{d}/{m}/{yy}",
    "{dd}.{mm}.{y}", "{d}.{m}.{y}", "{d}. {m}. {y}", "{dd}.{mm}.{yy}", "{d}.{m}.{yy}", "{dd}-{mm}-{y}", "{d}-{m}-{y}",
    "{y}-{mm}-{dd}", "{y}-{m}-{d}", "{y}/{mm}/{dd}", "{y}/{m}/{d}", "{y}.{mm}.{dd}", "{y}.{m}.{d}", "{y}{mm}{dd}",
    "{y}年{m}月{d}日", "{y}年{mm}月{dd}日", "{y} 年 {m} 月 {d} 日", "{y}年{m}月{d}号", "{y}年{m}月{d}號",
    "公元{y}年{m}月{d}日", "{yy}年{m}月{d}日", "{yy}年{m}月{d}号", "{m}月{d}日 {y}", "{m}月{d}日，{y}年",
    "{y}年{m}月{d}日星期{周}", "{y}年{m}月{d}日 星期{周}", "{y}年{m}月{d}日（星期{周}）", "{y}年{m}月{d}日 周{周}",
    "{y}年{m}月{d}日（週{周}）", "{y}年{m}月{d}号礼拜{拜}", "星期{周}，{y}年{m}月{d}日",
    "{ｙ}年{ｍ}月{ｄ}日", "{ｙ}／{ｍｍ}／{ｄｄ}",
    "{年}年{月}月{日}日", "{零年}年{月}月{日}日", "{年}年{月}月{日}号", "{年}年{月}月{廿日}日",
    "{年}年{月}月{日}日星期{周}", "{年}年{月}月{日}日 周{周}", "星期{周}，{年}年{月}月{日}日", "公元{年}年{月}月{日}日",
    "{短年}年{月}月{日}日", "{短年}年{月}月{日}号", "{y}年{月}月{日}日", "{月}月{日}日 {y}", "{月}月{日}号 {y}",
    "{月}月{日}日，{年}年", "{大年}年{大月}月{大日}日",
)  # fmt: skip


def iso(date: datetime.date) -> str:
    """The target: year, month and day as ISO 8601 has them."""
    return date.isoformat()


def write(date: datetime.date, form: str) -> str:
    """``date`` in one of the ``FORMS``.

    >>> import datetime
    >>> tuesday = datetime.date(2026, 3, 3)
    >>> write(tuesday, "{dth} of {Short} '{yy}"), write(tuesday, "{年}年{月}月{日}日星期{周}")
    ("3rd of Mar. '26", '二〇二六年三月三日星期二')
    """
    return form.format_map(_fields(date))


@functools.lru_cache(maxsize=1)  # whoever asks for one form of a date often asks for the others next
def _fields(date: datetime.date) -> dict[str, str]:
    return {**_year(date.year), **_month(date.month), **_day(date.day), **_weekday(date.weekday())}


@functools.cache
def _year(n: int) -> dict[str, str]:
    y, chinese = str(n), "".join(_DIGITS[int(c)] for c in str(n))
    return {"y": y, "yy": y[2:], "ｙ": _wide(y), "年": chinese, "零年": chinese.replace("〇", "零"),
            "短年": chinese[2:], "大年": "".join(_CAPITAL[int(c)] for c in y)}  # fmt: skip


@functools.cache
def _month(n: int) -> dict[str, str]:
    month, mm = _MONTHS[n - 1], f"{n:02}"
    mon = month[:3]
    return {"m": str(n), "mm": mm, "Month": month, "month": month.lower(), "MONTH": month.upper(), "Mon": mon,
            "mon": mon.lower(), "MON": mon.upper(), "Short": _SHORT[n - 1], "ｍ": _wide(str(n)), "ｍｍ": _wide(mm),
            "月": _chinese(n), "大月": _cheque(n, n <= 2)}  # fmt: skip


@functools.cache
def _day(n: int) -> dict[str, str]:
    return {"d": str(n), "dd": f"{n:02}", "dth": f"{n}{_ordinal(n)}", "ｄ": _wide(str(n)), "ｄｄ": _wide(f"{n:02}"),
            "日": _chinese(n), "廿日": _chinese(n).replace("二十", "廿").replace("三十", "卅"),
            "大日": _cheque(n, n <= 9)}  # fmt: skip


@functools.cache
def _weekday(n: int) -> dict[str, str]:
    name = _WEEKDAYS[n]
    return {"Weekday": name, "weekday": name.lower(), "Wkd": name[:3], "周": "一二三四五六日"[n],
            "拜": "一二三四五六天"[n]}  # fmt: skip


def _ordinal(n: int) -> str:
    return "th" if 11 <= n <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")


def _wide(digits: str) -> str:
    return "".join(_WIDE[int(c)] for c in digits)


def _chinese(n: int) -> str:
    """1 … 99 in Chinese: 三, 十, 十一, 二十, 二十三."""
    tens, ones = divmod(n, 10)
    return (_DIGITS[tens] if tens > 1 else "") + ("十" if tens else "") + (_DIGITS[ones] if ones else "")


def _cheque(n: int, zero: bool) -> str:
    """A month or day as Chinese banks ask for it on cheques: 零贰, 叁, 零壹拾, 壹拾伍.

    Nothing may be added later, so 10, 20, 30 and, where ``zero`` says so, small numbers get 零 in front, and 11 … 19
    start with 壹.
    """
    tens, ones = divmod(n, 10)
    text = (_CAPITAL[tens] + "拾" if tens else "") + (_CAPITAL[ones] if ones else "")
    return "零" + text if zero or not ones else text


def dates(seed: int = 0) -> Task:
    """Dates of 1950 … 2049 in all ``FORMS``, to be written as ISO 8601: ``"3rd of Mar. '26"`` → ``"2026-03-03"``.

    The split is by date: 2,000 dates, drawn by ``seed``, are held out, and training sees none of them in any form.
    Each is asked for once, in forms that take turns.

    >>> task = dates()
    >>> trained = {date for _, date in task.sample(np.random.default_rng(0), 1000)}
    >>> any(date in trained for _, date in task.held_out)
    False
    """
    days = np.random.default_rng(seed).permutation(np.arange(FIRST.toordinal(), LAST.toordinal() + 1))
    held_out = tuple(_pair(int(day), i % len(FORMS)) for i, day in enumerate(days[:N_HELD_OUT]))
    return Task("dates", Vocabulary(_characters()), functools.partial(_sample, days[N_HELD_OUT:]), held_out)


def _pair(day: int, form: int) -> Pair:
    date = datetime.date.fromordinal(day)
    return write(date, FORMS[form]), iso(date)


def _sample(training: np.ndarray[Any, Any], rng: np.random.Generator, n: int) -> list[Pair]:
    chosen, forms = rng.choice(training, n), rng.integers(0, len(FORMS), n)
    return [_pair(int(day), int(form)) for day, form in zip(chosen, forms, strict=True)]


def _characters() -> list[str]:
    """Every character of the forms, sorted: those of all days of one leap year, and of the years."""
    january = datetime.date(2024, 1, 1)
    written = {c for n in range(366) for form in FORMS for c in write(january + datetime.timedelta(n), form)}
    return sorted(written | {c for year in (1950, 2049) for c in str(year)} | set(_DIGITS + _CAPITAL + _WIDE))
