"""What the demos' command lines share: help in the chosen language, and one clear sentence for what is wrong."""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn

from tinygrad_tf.errors import is_explained
from tinygrad_tf.files import place_of, write_whole
from tinygrad_tf.signals import STOPS
from tinygrad_tf.wording.languages import chosen, either

#: What argparse says, in Chinese.
_CHINESE = {
    "the following arguments are required: (.*)": "缺少参数 {}",
    "unrecognized arguments: (.*)": "不认识的参数 {}",
    "argument (.*): expected one argument": "参数 {} 后面要有一个值",
    "argument (.*): expected at least one argument": "参数 {} 后面至少要有一个值",
    "argument (.*): invalid int value: (.*)": "参数 {}：{} 不是整数",
    "argument (.*): invalid float value: (.*)": "参数 {}：{} 不是数",
    "argument (.*): ignored explicit argument (.*)": "参数 {} 不带值，却写了 {}",
    "argument ([^:]*): (.*)": "参数 {}：{}",
}
OUT = Path(os.environ.get("TOUR_OUT", "out/tour"))  #: where the chapters of the guide write
_HEADINGS = {"positional arguments": "参数", "options": "选项"}


class Help(argparse.RawDescriptionHelpFormatter):
    """The help with its headings in the chosen language, and with the default of each argument that has one."""

    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, either("usage: ", "用法：") if prefix is None else prefix)

    def start_section(self, heading: str | None) -> None:
        super().start_section(_HEADINGS.get(heading or "", heading) if chosen() == "zh" else heading)

    def _get_help_string(self, action: argparse.Action) -> str | None:
        text, default = action.help or "", action.default
        plain = default is None or default is False or default in (argparse.SUPPRESS, "", [])
        shown = action.option_strings and not plain and "%(" not in text
        return text + either(" (default: %(default)s)", "（默认 %(default)s）") if shown else text


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that says all in the chosen language: what the program does is given in English and Chinese."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(description=either(en, zh), formatter_class=Help, add_help=False, allow_abbrev=False)
        self.add_argument("-h", "--help", action="help", help=either("show this and end", "显示这段说明"))

    def error(self, message: str) -> NoReturn:
        """What is wrong in one sentence, below how the program is called."""
        self.print_usage(sys.stderr)
        self.exit(2, either(f"{self.prog}: {message}", f"{self.prog}：{_in_chinese(message)}") + "\n")


def _in_chinese(message: str) -> str:
    """What argparse says, in Chinese; as it is if that is not known."""
    for english, chinese in _CHINESE.items():
        if found := re.fullmatch(english, message, re.DOTALL):
            return chinese.format(*found.groups())
    return message


def chapter_arguments() -> argparse.Namespace:
    """What a chapter of the guide was given, where one runs as a program: ``model`` for chapter 12, nothing for others.

    Its ``--help`` says its title and what it writes, without running it.
    """
    path = Path(getattr(sys.modules["__main__"], "__file__", None) or "")
    if not sys.argv[1:] or not re.fullmatch(r"\d\d_\w+\.py", path.name):
        return argparse.Namespace(model=None)
    en, zh = re.findall("^# # (.+)", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[:2]
    number, run, out = int(path.name[:2]), f"    python demos/{path.name}", OUT / path.stem
    parser = Parser(
        f"Chapter {number} of the guide: {en}\n\n{run}\n\nIt prints what it finds, and writes all that it makes "
        f"into\n{out}, figures in English and Chinese. With TOUR_SHORT=1 it\n"
        "trains little; TOUR_OUT names another folder.",
        f"教程第 {number} 章：{zh}\n\n{run}\n\n打印结论，并把所得的一切写到 {out}，图有中英文两版。\n"
        "TOUR_SHORT=1 时少训练；TOUR_OUT 可指定别的文件夹。",
    )
    if path.stem == "12_pretrained":
        parser.add_argument("--model", metavar="FOLDER", help=either(
            "a folder of a GPT-2 in Hugging Face's format, else what GPT2_PATH names",
            "Hugging Face 格式的 GPT-2 文件夹；不写就用 GPT2_PATH 所指的",
        ))  # fmt: skip
    return parser.parse_args()


def as_program(main: Callable[[], int | None]) -> NoReturn:
    """Run a demo to its end: what is wrong is said in a sentence; Ctrl-C and `… | head` end it quietly."""
    try:
        code = main()
        if sys.stdout is not None:  # it may be closed: `python demos/… >&-`
            sys.stdout.flush()
    except BrokenPipeError:  # as in `… | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what Python still writes out at its end goes nowhere
        code = 1
    except KeyboardInterrupt:
        code = 130
    except OSError as problem:
        code = str(problem)
        if not is_explained(problem) and problem.filename is None and problem.errno != errno.ENOENT:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            why = problem.strerror or code
            code = either(f"the standard output takes no more: {why}", f"标准输出写不进去了：{why}")
    except Exception as problem:
        if not is_explained(problem):
            raise
        code = str(problem)
    sys.exit(code)


def stops_as_by_ctrl_c() -> None:
    """Let SIGTERM and a closed terminal stop a program as Ctrl-C does, so that it ends what it has started, too."""
    for number in STOPS:
        if signal.getsignal(number) == signal.SIG_DFL:  # nohup ignores SIGHUP
            signal.signal(number, signal.default_int_handler)


def write(path: Path, text: str) -> None:
    """Write a text file as a whole: where the disk is full, the old page stays, and not a part of the new one."""
    write_whole(path, lambda beside: beside.write_text(text, encoding="utf-8"))


def copy(source: Path, path: Path) -> None:
    """Copy a file as a whole, as :func:`write` writes it."""
    write_whole(path, lambda beside: shutil.copyfile(source, beside))


def say(text: str) -> None:
    """Print a line, where somebody can read it. What a demo writes to files it writes in any case."""
    with contextlib.suppress(OSError):  # as_program() tells of it at the end
        print(text, flush=True)


def folder(text: str) -> Path:
    """The type of an argument that is a folder, there already or not: no file stands in its place.

    Where a link leads elsewhere meanwhile, results stay with those before: it is the folder to which it leads now.
    """
    path = Path(text)
    if any(map(Path.is_symlink, (path, *path.parents))):
        path = Path(os.path.realpath(path))
    standing = next(there for there in (path, *path.parents, Path()) if there.exists())
    if not standing.is_dir():
        raise argparse.ArgumentTypeError(
            either(f"{standing} is a file; give a folder", f"{standing} 是文件；请给一个文件夹")
        )
    return path


def check_places(places: Iterable[Path], replace: bool) -> None:
    """End where results cannot be written, or would take the place of files that may not be replaced."""
    for place in places:
        if os.path.lexists(place) and not replace:
            raise SystemExit(either(
                f"{place} is there already: move it away, choose another --out, or let it be replaced by --overwrite",
                f"{place} 已经在那里：请把它移走，用 --out 选别的文件夹，或用 --overwrite 换掉它",
            ))  # fmt: skip
        place_of(place)


def whole(least: int) -> Callable[[str], int]:
    """The type of an argument that is a whole number, ``least`` or more."""

    def number(text: str) -> int:
        if not re.fullmatch(r"\s*[+-]?\d+\s*", text) or int(text) < least:
            raise argparse.ArgumentTypeError(
                either(
                    f"got {text!r}; write a whole number from {least} on", f"得到 {text!r}；请写大于等于 {least} 的整数"
                )
            )
        return int(text)

    return number


def share(text: str) -> float:
    """The type of an argument that is a number from 0 to 1."""
    return _number(text, lambda x: 0 <= x <= 1, "a number from 0 to 1", "0 到 1 之间的数")


def not_negative(text: str) -> float:
    """The type of an argument that is a number, 0 or more."""
    return _number(text, lambda x: 0 <= x < float("inf"), "a number, 0 or more", "大于等于 0 的数")


def positive(text: str) -> float:
    """The type of an argument that is a number above 0."""
    return _number(text, lambda x: 0 < x < float("inf"), "a number above 0", "大于 0 的数")


def _number(text: str, fits: Callable[[float], bool], en: str, zh: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not fits(number):
        raise argparse.ArgumentTypeError(either(f"got {text!r}; write {en}", f"得到 {text!r}；请写{zh}"))
    return number


def text_of(path: Path) -> str:
    """What is written in a text file, in UTF-8 with or without a byte order mark; else SystemExit with one sentence."""
    try:
        raw = path.read_bytes()
    except OSError as problem:
        why = problem.strerror or str(problem)
        raise SystemExit(either(f"{path} cannot be read: {why}", f"读不了 {path}：{why}")) from None
    for encoding in ("utf-8-sig", *["utf-16"] * raw.startswith((b"\xff\xfe", b"\xfe\xff"))):
        try:
            return raw.decode(encoding).replace("\r\n", "\n")
        except UnicodeDecodeError:
            pass
    if _is_gbk(raw):
        name = path.with_suffix(".utf8" + path.suffix)
        raise SystemExit(either(
            f"{path} is not in UTF-8, but in GBK, as far as one can tell; convert it: "
            f"iconv -f GB18030 -t UTF-8 {path} > {name}",
            f"{path} 不是 UTF-8，看来是 GBK；请先转换：iconv -f GB18030 -t UTF-8 {path} > {name}",
        ))  # fmt: skip
    raise SystemExit(either(f"{path} is no text in UTF-8; save it as UTF-8", f"{path} 不是 UTF-8 文本；请另存为 UTF-8"))


def _is_gbk(raw: bytes) -> bool:
    """Whether the bytes are Chinese text in GBK: they can be read so, and what is not ASCII is mostly Chinese."""
    try:
        beyond = [c for c in raw.decode("gb18030") if not c.isascii()]
    except UnicodeDecodeError:
        return False
    return sum("\u3000" <= c <= "\u9fff" or "\uff00" <= c <= "\uffef" for c in beyond) > 0.8 * len(beyond)
