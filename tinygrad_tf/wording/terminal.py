"""Text as a terminal shows it: how wide it is, and what stands for the letters that an encoding does not have."""

from __future__ import annotations

import codecs
import contextlib
import io
import sys
import unicodedata

#: What stands for a sign where the terminal or the file that is printed to has none for it: GBK has no ᵀ, ASCII no √.
_INSTEAD = {
    "ᵀ": "^T", "⊙": "*", "·": ".", "×": "x", "÷": "/", "−": "-", "±": "+-", "√": "sqrt", "∂": "d", "∞": "inf",
    "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "¬": "not ", "∧": " and ", "∨": " or ", "‖": "||", "∈": "in",
    "→": "->", "←": "<-", "↑": "^", "↓": "v", "▸": ">", "✓": "+", "✗": "x", "…": "...", "─": "-", "│": "|", "├": "|",
    "└": "`", "█": "#", "▏": "|", "■": "#", "␣": "_", "⊞": "[+]", "⊟": "[-]", "“": '"', "”": '"', "‘": "'", "’": "'",
    "–": "-", "—": "-", "，": ", ", "。": ". ", "：": ": ", "；": "; ", "、": ", ", "（": " (", "）": ") ",
    "⁻": "^-", "ₐ": "_a",
}  # fmt: skip
_NAME = "tinygrad_tf.instead"


def columns(text: str) -> int:
    r"""How many columns the text takes: two for a Chinese letter, none for an accent that stands on another letter.

    >>> columns("dW"), columns("权重"), columns("é"), columns("e\u0301")
    (2, 4, 1, 1)
    """
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.category(c) in ("Mn", "Me", "Cf") for c in text)


def left(text: str, width: int) -> str:
    """The text flush left in so many columns.

    >>> left("权重", 6) + "|"
    '权重  |'
    """
    return text + " " * (width - columns(text))


def right(text: str, width: int) -> str:
    """The text flush right in so many columns."""
    return " " * (width - columns(text)) + text


def instead(letter: str) -> str:
    r"""What stands for a letter in ASCII: a sign, its plain form, its name, or its number.

    >>> [instead(c) for c in "ᵀ√²₁σé权"]
    ['^T', 'sqrt', '^2', '_1', 'sigma', 'e', '\\u6743']
    """
    if letter in _INSTEAD:
        return _INSTEAD[letter]
    kind = unicodedata.decomposition(letter).split(" ")[0]
    plain = "".join(c for c in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(c))
    if plain.isascii() and plain.isprintable() and plain:
        return {"<super>": "^", "<sub>": "_"}.get(kind, "") + plain
    name = unicodedata.name(letter, "")
    if name.startswith("GREEK "):
        small = name.split()[-1].lower()
        return small.capitalize() if "CAPITAL" in name else small
    return letter.encode("ascii", "backslashreplace").decode()


def _handler(problem: UnicodeError) -> tuple[str, int]:
    if not isinstance(problem, UnicodeEncodeError):
        raise problem
    return "".join(map(instead, problem.object[problem.start : problem.end])), problem.end


def print_in_any_encoding() -> None:
    """Let what is printed be shown in whatever encoding the output has, with substitutes for what that has not.

    Formulas are written with ᵀ, ⊙ and √, which a pipe in GBK or a terminal in ASCII cannot take: Python would end the
    program with a UnicodeEncodeError in the middle of a print. The package does it when it is imported, and it holds
    for all that the process prints. An output in UTF-8, one that says itself what is done with such letters
    (PYTHONIOENCODING=gbk:replace), one that is closed, and one that is no text file, such as a notebook's, stay as
    they are; so does one that takes their place later.
    """
    codecs.register_error(_NAME, _handler)
    for stream, as_python_sets_it in ((sys.stdout, ("strict", "surrogateescape")), (sys.stderr, ("backslashreplace",))):
        with contextlib.suppress(ValueError):  # closed or detached
            if not isinstance(stream, io.TextIOWrapper) or codecs.lookup(stream.encoding).name.startswith("utf"):
                continue
            if stream.errors in as_python_sets_it:
                stream.reconfigure(errors=_NAME)
