"""reverse and addition: strings of digits, small enough to be learnt in seconds."""

from __future__ import annotations

import functools
from collections.abc import Callable, Container

import numpy as np

from ..errors import error
from .common import Pair, Task, Vocabulary

N_HELD_OUT = 500


def reverse(seed: int = 0, length: int = 6) -> Task:
    """Digit strings of 3 … ``length`` digits, to be written backward. ``seed`` decides which are held out.

    >>> reverse().vocabulary.characters
    '0123456789'
    """
    if length < 4:
        raise error(
            ValueError,
            "reverse",
            got=f"length {length}",
            rule="of the strings of up to 3 digits too few would be left to train on",
            cure="write length=4 or more",
        )

    return _made("reverse", "0123456789", functools.partial(_reversed, length), seed)


def _reversed(length: int, rng: np.random.Generator) -> Pair:
    digits = "".join(map(str, rng.integers(0, 10, rng.integers(3, length + 1))))
    return digits, digits[::-1]


def addition(seed: int = 0, n_digits: int = 2) -> Task:
    """Sums of two numbers of ``n_digits`` digits: ``"47+05"`` → ``"052"``. ``seed`` decides which are held out.

    Zeros in front keep each digit in its place, so that a model need not first learn where the units stand.

    >>> [(source, target)] = addition().sample(np.random.default_rng(0), 1)
    >>> sum(map(int, source.split("+"))) == int(target)
    True
    """
    if n_digits < 2:
        raise error(
            ValueError,
            "addition",
            got=f"n_digits {n_digits}",
            rule="of the sums of single digits too few would be left to train on",
            cure="write n_digits=2 or more",
        )

    return _made("addition", "0123456789+", functools.partial(_sum, n_digits), seed)


def _sum(n_digits: int, rng: np.random.Generator) -> Pair:
    a, b = map(int, rng.integers(0, 10**n_digits, 2))
    return f"{a:0{n_digits}}+{b:0{n_digits}}", f"{a + b:0{n_digits + 1}}"


Draw = Callable[[np.random.Generator], Pair]


def _made(name: str, characters: str, draw: Draw, seed: int) -> Task:
    """The task of ``draw``: the first different pairs it draws from ``seed`` are held out, and never drawn again."""
    rng = np.random.default_rng(seed)
    held_out: dict[Pair, None] = {}
    while len(held_out) < N_HELD_OUT:
        held_out[draw(rng)] = None
    return Task(name, Vocabulary(characters), functools.partial(_sample, draw, held_out), tuple(held_out))


def _sample(draw: Draw, held_out: Container[Pair], rng: np.random.Generator, n: int) -> list[Pair]:
    pairs: list[Pair] = []
    while len(pairs) < n:
        pair = draw(rng)
        if pair not in held_out:
            pairs.append(pair)
    return pairs
