"""What all tasks share: characters as ids, batches padded to arrays, and the score."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ..errors import error
from ..wording.texts import capped, clean

#: What goes in and what is to come out.
Pair: TypeAlias = tuple[str, str]

Ids = np.ndarray[Any, np.dtype[np.int64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]


class Vocabulary:
    """Characters ↔ ids. The first three ids are ``<pad>``, ``<start>`` and ``<end>``; then the characters, in order.

    Args:
        characters: each character once; the order decides the ids, so keep it with a trained model.

    >>> vocabulary = Vocabulary("abc")
    >>> vocabulary.encode("cab")
    [5, 3, 4]
    >>> vocabulary.decode([1, 5, 3, 4, 2, 0, 0])
    'cab'
    """

    pad, start, end = 0, 1, 2
    marks = ("<pad>", "<start>", "<end>")

    def __init__(self, characters: Iterable[str]) -> None:
        symbols = list(characters)
        seen: set[str] = set()
        for i, symbol in enumerate(symbols):
            if not isinstance(symbol, str) or len(symbol) != 1 or symbol in seen:
                raise error(
                    ValueError,
                    "Vocabulary",
                    got=f"{symbol!r} at position {i}",
                    rule="each entry is one character, and each is there once",
                    cure='write Vocabulary(sorted(set("".join(texts))))',
                )
            seen.add(symbol)
        self.characters = "".join(symbols)
        self._ids = {symbol: i for i, symbol in enumerate(symbols, len(self.marks))}

    def __len__(self) -> int:
        return len(self.marks) + len(self.characters)

    def encode(self, text: str) -> list[int]:
        """The ids of the characters of ``text``, without start and end. Raises ValueError for an unknown character."""
        for position, character in enumerate(text):
            if character not in self._ids:
                left = capped(repr(text.replace(character, "")))
                raise error(
                    ValueError,
                    "Vocabulary.encode",
                    got=f"{capped(repr(text))}, in which {character!r} at position {position} is unknown",
                    rule=f"the known characters are {' '.join(map(clean, self.characters))}",
                    cure=f"write {left}, or build Vocabulary with this character, too",
                )
        return [self._ids[character] for character in text]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of ``ids`` up to ``<end>``; ``<pad>`` and ``<start>`` are skipped."""
        text = []
        for i in ids:
            if not 0 <= i < len(self):
                raise error(
                    IndexError,
                    "Vocabulary.decode",
                    got=f"the id {int(i)}",
                    rule=f"ids lie in 0 … {len(self) - 1}",
                    cure="decode with the vocabulary that the model was trained with",
                )
            if i == self.end:
                break
            if i >= len(self.marks):
                text.append(self.characters[i - len(self.marks)])
        return "".join(text)

    def symbols(self, ids: Iterable[int]) -> list[str]:
        """A label for each id, marks included, for the axes of an attention map."""
        return [(*self.marks, *self.characters)[i] for i in ids]


class Batch(NamedTuple):
    """Pairs as arrays of ids. Shorter rows are filled up with ``<pad>``, where the masks are False.

    The decoder reads ``target_in`` (``<start>`` and the text) and is to say ``target_out`` (the text and ``<end>``).
    """

    source: Ids  # (B, S)
    source_mask: Mask  # (B, S)
    target_in: Ids  # (B, T)
    target_out: Ids  # (B, T)
    target_mask: Mask  # (B, T)


@dataclass(frozen=True)
class Task:
    """Text in, text out.

    Attributes:
        name: its name in ``TASKS``.
        vocabulary: every character that occurs in its texts.
        sample: ``sample(rng, n)`` draws ``n`` pairs for training, none of them from ``held_out``.
        held_out: the pairs that the score is measured on.

    A checkpoint knows its task by name, vocabulary and held-out pairs: with another ``sample``, give it another name.
    Raises ValueError for held-out pairs that no score could be measured on.
    """

    name: str
    vocabulary: Vocabulary
    sample: Callable[[np.random.Generator, int], list[Pair]]
    held_out: tuple[Pair, ...]

    def __post_init__(self) -> None:
        held_out = self.held_out
        if not (isinstance(held_out, (tuple, list)) and held_out and all(map(_is_pair, held_out))):
            raise error(
                ValueError,
                "Task",
                got={"held_out": held_out},
                rule="the score is measured on pairs of texts, one at least, and none is to be read from nothing",
                cure='give a tuple such as (("12", "21"),)',
            )
        self.vocabulary.encode("".join(sorted({letter for pair in held_out for letter in "".join(pair)})))

    def batch(self, pairs: Sequence[Pair]) -> Batch:
        """``pairs`` as a :class:`Batch` of shape (B, longest source) and (B, longest target + 1).

        >>> from tinygrad_tf.tasks import reverse
        >>> batch = reverse().batch([("12", "21"), ("345", "543")])
        >>> batch.target_in
        array([[1, 5, 4, 0],
               [1, 8, 7, 6]])
        >>> batch.target_out
        array([[5, 4, 2, 0],
               [8, 7, 6, 2]])
        """
        v = self.vocabulary
        targets = [v.encode(target) for _, target in pairs]
        source, source_mask = pad([v.encode(source) for source, _ in pairs])
        target_in, target_mask = pad([[v.start, *ids] for ids in targets])
        target_out, _ = pad([[*ids, v.end] for ids in targets])
        return Batch(source, source_mask, target_in, target_out, target_mask)


def _is_pair(pair: Any) -> bool:
    return (
        isinstance(pair, (tuple, list)) and len(pair) == 2 and pair[0] != "" and all(isinstance(x, str) for x in pair)
    )


def pad(rows: Sequence[Sequence[int]]) -> tuple[Ids, Mask]:
    """Rows of ids as one array (B, longest) filled up with ``<pad>``, and the mask of what was there."""
    longest = max(map(len, rows), default=0)
    ids = np.full((len(rows), longest), Vocabulary.pad, np.int64)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = row
    return ids, ids != Vocabulary.pad


def exact_match(outputs: Sequence[str], pairs: Sequence[Pair]) -> float:
    """The share of ``pairs`` whose target was produced without a single wrong character.

    >>> exact_match(["21", "534"], [("12", "21"), ("345", "543")])
    0.5
    """
    if not pairs or len(outputs) != len(pairs):
        raise error(
            ValueError,
            "exact_match",
            got=f"{len(outputs)} outputs for {len(pairs)} pairs",
            rule="there is one output for each pair, and at least one",
            cure=f"give {len(pairs) or 1} outputs, one for each pair",
        )
    return sum(output == target for output, (_, target) in zip(outputs, pairs, strict=True)) / len(pairs)
