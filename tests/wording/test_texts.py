"""What is made of names that others wrote: one line, encodable, of bounded length, and the same when made again."""

import keyword
import unicodedata

import pytest
from cases.hostile import HOSTILE
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_tf.wording.texts import MOST, capped, clean, encodable, identifier, isolated, named

ANY = st.text(st.characters(codec=None, categories=None), max_size=60)  # halves of surrogate pairs, too
NAMES = [*HOSTILE.values()]


def is_plain(text):
    """One line that can be encoded, without control characters and without marks that turn text around."""
    turns = any(c in "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069" for c in text)
    return len(f"{text}x".splitlines()) == 1 and not turns and not {*map(unicodedata.category, text)} & {"Cc", "Cs"}


@given(ANY)
def test_a_clean_text_is_plain_and_stays_as_it_is(text):
    found = clean(text)
    assert is_plain(found)
    assert clean(found) == found


@given(ANY)
def test_a_python_name_is_one_and_is_read_as_it_is_written(text):
    word = identifier(text)
    assert word.isidentifier()
    assert unicodedata.normalize("NFKC", word) == word


@pytest.mark.parametrize("name", NAMES, ids=HOSTILE)
def test_a_hostile_name_is_plain_short_and_the_same_twice(name):
    found = named(name)
    assert is_plain(found)
    assert len(found) <= MOST
    assert named(found) == found


@pytest.mark.parametrize("name", NAMES, ids=HOSTILE)
def test_a_hostile_name_is_a_python_name(name):
    word = identifier(named(name))
    assert keyword.iskeyword(word) or compile(f"{word} = 1", "a name", "exec")


MADE = [
    (named, "\n", ""),
    (named, "\u200b", ""),
    (named, "con\u200bstructor", "constructor"),
    (named, "e\u0301", "é"),
    (named, "a\u202eb", "ab"),
    (clean, "\ud83d\ude00", "\ufffd\ufffd"),
    (clean, "a \r\n\t b", "a b"),
    (clean, "\u0301", "◌\u0301"),
    (clean, "👩\u200d👧", "👩\u200d👧"),
    (identifier, "ｎｐ", "np"),
    (identifier, "W²", "W2"),
    (identifier, "layers.0.W₁", "layers_0_W1"),
    (identifier, "a__b", "a__b"),
    (identifier, "", "A"),
    (isolated, "W", "W"),
    (isolated, "שלום", "\u2068שלום\u2069"),
    (encodable, "a\ud800\n", "a\ufffd\n"),
]


@pytest.mark.parametrize(("make", "text", "made"), MADE)
def test_what_is_made_of_a_text(make, text, made):
    assert make(text) == made


def test_a_cut_takes_no_accent_from_its_letter():
    assert capped("abcde\u0301fg", 6) == "ab…fg"
