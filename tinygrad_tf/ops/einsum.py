"""einsum: any product of arrays whose axes are named by letters."""

from __future__ import annotations

import math
import string
from typing import Any

import numpy as np

from .. import sums
from ..autograd.operation import op
from ..autograd.tensor import Array
from ..errors import error
from ..sums import BLOCK, FEW
from .arrange import diagonal
from .composed import function, in_float32
from .join import of_list
from .shape import moveaxis

_RULE = ("each letter names one size, and the result's letters occur on the left", "write e.g. 'bhld,bhsd->bhls'")


@op(types="same", expects=_RULE)
def _einsum(*Xs, lefts: tuple[str, ...], right: str):
    """The product of the Xs, summed over the letters that ``right`` lacks. No letter stands in one group alone."""
    return named_product(Xs, lefts, right)


@_einsum.rule
def d_einsum(dY, Y, *Xs, lefts, right):
    dXs = products_of_others(dY, Xs, lefts, right)
    return dXs


def named_product(Xs: tuple[Array, ...], lefts: tuple[str, ...], right: str):
    """NumPy's einsum of groups of letters. A long sum that is no matrix product is done in blocks."""
    long = _long_letter(Xs, lefts, right)
    if long is not None:
        return _in_blocks(Xs, lefts, right, long)
    return np.einsum(f"{','.join(lefts)}->{right}", *Xs, optimize=len(Xs) > 1)


def _long_letter(Xs: tuple[Array, ...], lefts: tuple[str, ...], right: str) -> str | None:
    """A letter that NumPy would sum one by one: one of many entries, where another letter of several Xs stays."""
    if not any(sum(c in s for s in lefts) > 1 for c in right):
        return None  # NumPy hands it to BLAS
    sizes = {c: n for X, s in zip(Xs, lefts, strict=True) for c, n in zip(s, X.shape, strict=True)}
    summed = [c for c in sizes if c not in right and sizes[c] > FEW]
    longest = max(summed, key=lambda c: sizes[c], default=None)
    made = math.prod(sizes[c] for c in right)
    if longest is None or made * sizes[longest] // BLOCK > max(X.size for X in Xs):
        return None  # the sums of all blocks would need more memory than the Xs
    return longest


def _in_blocks(Xs: tuple[Array, ...], lefts: tuple[str, ...], right: str, letter: str):
    """The product with ``letter`` in two: its blocks, which stay at first, and within them."""
    block = next(c for c in string.ascii_letters if c not in right and not any(c in s for s in lefts))
    n = next(X.shape[s.index(letter)] for X, s in zip(Xs, lefts, strict=True) if letter in s)
    each = n // BLOCK
    cut, rest = [], []
    for X, s in zip(Xs, lefts, strict=True):
        i = s.index(letter) if letter in s else None
        if i is not None:
            at = (slice(None),) * i
            rest.append(X[(*at, slice(BLOCK * each, None))])
            X = X[(*at, slice(BLOCK * each))].reshape(*X.shape[:i], each, BLOCK, *X.shape[i + 1 :])
        else:
            rest.append(X)
        cut.append(X)
    inner = ",".join(s.replace(letter, block + letter) for s in lefts)
    Y = sums.sum(np.einsum(f"{inner}->{block}{right}", *cut, optimize=True), 0)
    return Y if n == BLOCK * each else Y + np.einsum(f"{','.join(lefts)}->{right}", *rest, optimize=True)


def products_of_others(dY, Xs: tuple[Array, ...], lefts: tuple[str, ...], right: str) -> list[Array]:
    """The gradient of each X: the product of ``dY`` and all other Xs. In the equation X and Y change places."""
    return [
        _einsum(dY, *Xs[:i], *Xs[i + 1 :], lefts=(right, *lefts[:i], *lefts[i + 1 :]), right=lefts[i])
        for i in range(len(Xs))
    ]


@function
@in_float32
def einsum(equation: Any, *Xs, optimize=True):
    """The product of the Xs, whose axes the letters name, summed over all letters that the result lacks.

    ``"ij,jk->ik"`` is a matrix product, ``"ii->i"`` a diagonal, ``"...ij->...ji"`` a transpose. Without ``->`` the
    result has the letters that occur once, in alphabetical order. Lists of numbers in place of the letters follow their
    X, and the result's come last: ``einsum(X, [0, 1], W, [1, 2], [0, 2])``. Raises ValueError if the letters do not fit
    the shapes. ``optimize`` changes nothing.

    >>> einsum("ij,jk->ik", Tensor([[1.0, 2.0]]), Tensor([[3.0], [4.0]])).tolist()
    [[11.0]]
    """
    if Xs and isinstance(Xs[0], (list, tuple)) and not isinstance(equation, str):
        equation, Xs = _lettered((equation, *Xs))
    if not isinstance(equation, str):
        raise error(
            TypeError, "einsum", got={"equation": equation}, rule="the letters come first, as text", cure=_RULE[1]
        )
    Xs = tuple(Xs[0]) if len(Xs) == 1 and isinstance(Xs[0], (list, tuple)) else Xs
    operands = [of_list(X) for X in Xs]
    left, arrow, right = equation.replace(" ", "").partition("->")
    lefts = left.split(",")
    if len(lefts) != len(operands):
        raise error(
            ValueError,
            "einsum",
            got={"equation": equation, "number of arrays": len(operands)},
            rule="there is one group of letters for each array",
            cure=_RULE[1],
        )
    if not arrow:
        once = sorted(c for c in set(left) if c.isalpha() and left.count(c) == 1)
        right = ("..." if "..." in left else "") + "".join(once)
    lefts, right = _without_ellipsis(equation, lefts, right, operands)
    pairs = [_distinct(X, letters) for X, letters in zip(operands, lefts, strict=True)]
    longer = {c for X, letters in pairs for c, n in zip(letters, X.shape, strict=True) if n > 1}
    pairs = [_without(X, s, {c for c, n in zip(s, X.shape, strict=True) if n == 1 and c in longer}) for X, s in pairs]
    for i, (X, letters) in enumerate(pairs):
        elsewhere = {*right}.union(*[s for _, s in pairs[:i] + pairs[i + 1 :]])
        pairs[i] = _without(X, letters, {*letters} - elsewhere)
    operands, lefts = [X for X, _ in pairs], [letters for _, letters in pairs]
    return _einsum(*operands, lefts=tuple(lefts), right=right)


def _lettered(arguments: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """(X, [0, 1], W, [1, 2], [0, 2]) as ("AB,BC->AC", (X, W))."""
    n = len(arguments) // 2 * 2
    groups = [*arguments[1:n:2], *arguments[n:]]
    named = [number for group in groups if isinstance(group, (list, tuple)) for number in group if number is not ...]
    if not all(isinstance(group, (list, tuple)) for group in groups) or not {*named} <= {*range(52)}:
        raise error(
            TypeError,
            "einsum",
            got={"axes": groups},
            rule="after each array comes a list that names its axes, by numbers in 0 … 51 and ...; the last is Y's",
            cure="write e.g. einsum(X, [0, 1], W, [1, 2], [0, 2]), which is 'AB,BC->AC'",
        )
    letters = string.ascii_uppercase + string.ascii_lowercase  # without a right side they come in this order
    words = ["".join("..." if number is ... else letters[number] for number in group) for group in groups]
    right = f"->{words.pop()}" if len(arguments) > n else ""
    return ",".join(words) + right, arguments[:n:2]


def _without_ellipsis(equation: str, lefts: list[str], right: str, operands: list[Any]) -> tuple[list[str], str]:
    """The letters with unused capitals in place of ``...``; they are aligned at the right."""
    spare = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in equation]
    hidden = []
    for letters, X in zip(lefts, operands, strict=True):
        named = len(letters.replace("...", ""))
        if named > X.ndim or ("..." not in letters and named != X.ndim):
            raise error(
                ValueError,
                "einsum",
                got={"equation": equation, "X": X},
                rule=f"{letters!r} names every axis of X",
                cure="give one letter for each axis, or ... for the rest",
            )
        hidden.append(X.ndim - named)
    most = max((n for n, letters in zip(hidden, lefts, strict=True) if "..." in letters), default=0)
    full = "".join(spare[:most])
    lefts = [s.replace("...", full[most - n :] if n else "") for s, n in zip(lefts, hidden, strict=True)]
    return lefts, right.replace("...", full)


def _distinct(X, letters: str) -> tuple[Any, str]:
    """X and its letters without repetition: two axes of one letter leave their diagonal."""
    for c in dict.fromkeys(letters):
        while letters.count(c) > 1:
            i = letters.index(c)
            j = letters.index(c, i + 1)
            if X.shape[i] != X.shape[j]:
                got = {"X": X, "letters": letters}
                raise error(ValueError, "einsum", got=got, rule=_RULE[0], cure=_RULE[1])
            X = diagonal(X, 0, i, j)  # the diagonal comes last
            X = moveaxis(X, -1, i) if X.ndim > 1 else X
            letters = letters[:j] + letters[j + 1 :]
    return X, letters


def _without(X, letters: str, gone: set[str]) -> tuple[Any, str]:
    """X summed over some of its letters: those of its own, and axes of size 1 whose letter is longer elsewhere."""
    axes = tuple(i for i, c in enumerate(letters) if c in gone)
    return (X.sum(axis=axes), "".join(c for c in letters if c not in gone)) if axes else (X, letters)
