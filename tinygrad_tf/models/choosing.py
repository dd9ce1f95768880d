"""From logits to a token: what the settings rule out, what is drawn from the rest, and what ends a sequence."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import error
from ..random import generator
from .settings import GenerationConfig

Array = np.ndarray[Any, Any]


def finite(logits: Array, step: int, rows: Array | None = None) -> Array:
    """The logits (N, V), of which each row's largest is a number. ``rows`` (N,) says which of them are looked at.

    Raises ValueError, with the number of the new token, if a row has NaN or +inf, or if all of it is −inf.
    """
    wrong = ~np.isfinite(logits.max(axis=1))
    if rows is not None:
        wrong &= rows
    if wrong.any():
        row = int(wrong.argmax())
        largest = logits[row].max()
        what = "all −inf" if largest == -np.inf else f"up to {largest}"
        raise error(
            ValueError,
            "generate",
            got=f"for new token {step + 1} logits of row {row} that are {what}",
            rule="a token is chosen by logits without NaN, of which the largest is a finite number",
            cure="look for NaN and Inf in the model's parameters; with debug(): model(ids) names the op that makes the "
            "first",
        )
    return logits


class Rules:
    """What the settings make of the logits of sequences that begin with a prompt of ``start`` tokens.

    They have at most ``longest`` tokens. The rules are in the order in which transformers applies them.
    """

    def __init__(self, config: GenerationConfig, start: int, longest: int) -> None:
        self.config, self.start, self.longest = config, start, longest
        self.bad_words = [list(w) for w in config.bad_words_ids or [] if list(w) not in [[id] for id in config.eos]]

    def __call__(self, logits: Array, tokens: Array, real: Array) -> Array:
        """Logits or log probabilities (N, V) of the token after ``tokens`` (N, T), −inf for those that are ruled out.

        ``real`` (N, T) is false at padding, which does not count as said.
        """
        c, length = self.config, tokens.shape[1]
        if length == self.start:
            self._check_ids(logits.shape[1])
        logits = repetition_penalty(logits, tokens, real, c.repetition_penalty)
        if c.no_repeat_ngram_size:
            logits = np.where(_repeated(tokens, real, c.no_repeat_ngram_size, logits.shape[1]), -np.inf, logits)
        for *before, last in self.bad_words:
            if len(before) <= length:
                said = slice(length - len(before), None)
                logits = _without(logits, [last], ((tokens[:, said] == before) & real[:, said]).all(axis=1))
        if length < c.shortest(self.start):
            logits = _without(logits, [id for id in c.eos if 0 <= id < logits.shape[1]])
        if c.forced_eos and length == self.longest - 1:
            forced = np.full(logits.shape, -np.inf)
            forced[:, c.forced_eos] = 0
            logits = forced
        if c.suppress_tokens:
            logits = _without(logits, c.suppress_tokens)
        if c.begin_suppress_tokens and length == self.start:
            logits = _without(logits, c.begin_suppress_tokens)
        return logits

    def _check_ids(self, vocabulary: int) -> None:
        c = self.config
        ids = {
            "bad_words_ids": [id for word in c.bad_words_ids or [] for id in word],
            "suppress_tokens": c.suppress_tokens or [],
            "begin_suppress_tokens": c.begin_suppress_tokens or [],
            "forced_eos_token_id": c.forced_eos,
        }
        for name, those in ids.items():
            for id in those:
                if not 0 <= id < vocabulary:
                    raise error(
                        ValueError,
                        "generate",
                        got=f"{name} with the id {id}",
                        rule=f"ids lie in 0 … {vocabulary - 1}, the model's vocabulary",
                        cure="take the ids from the tokenizer that belongs to the model",
                    )


def _without(logits: Array, ids: list[int], rows: Array | None = None) -> Array:
    """The logits (N, V) with −inf for the ids, in all rows or in some."""
    out = np.isin(np.arange(logits.shape[1]), ids)  # (V,)
    return np.where(out if rows is None else out & rows[:, None], -np.inf, logits)


def _repeated(tokens: Array, real: Array, n: int, vocabulary: int) -> Array:
    """Which tokens would end a group of ``n`` that has occurred in ``tokens`` (N, T), as truth values (N, V)."""
    out = np.zeros((len(tokens), vocabulary), bool)
    if tokens.shape[1] >= n:
        groups = np.lib.stride_tricks.sliding_window_view(tokens, n, axis=1)  # (N, T − n + 1, n)
        whole = np.lib.stride_tricks.sliding_window_view(real, n, axis=1).all(axis=2)
        newest = tokens[:, None, tokens.shape[1] - n + 1 :]  # (N, 1, n − 1)
        again = whole & (groups[..., :-1] == newest).all(axis=2)
        rows, places = np.nonzero(again)
        out[rows, groups[rows, places, -1]] = True
    return out


def repetition_penalty(logits: Array, tokens: Array, real: Array, penalty: float) -> Array:
    """Logits (N, V) in which the tokens (N, T) that occurred are less likely (Keskar et al. 2019).

    ``real`` (N, T) is false at padding, which does not count.

    >>> repetition_penalty(np.array([[2.0, -2.0, 1.0]]), np.array([[0, 1]]), np.array([[True, True]]), 2.0).tolist()
    [[1.0, -4.0, 1.0]]
    """
    if penalty == 1:
        return logits
    occurred = np.zeros(logits.shape, bool)
    rows = np.broadcast_to(np.arange(len(tokens))[:, None], tokens.shape)
    occurred[rows[real], tokens[real]] = True
    return np.where(occurred, np.where(logits < 0, logits * penalty, logits / penalty), logits)


def some_left(logits: Array, step: int, rows: Array) -> Array:
    """The logits (N, V), of which each of the ``rows`` (N,) has a token that is not ruled out."""
    none = rows & (logits.max(axis=1) == -np.inf)
    if none.any():
        raise error(
            ValueError,
            "generate",
            got=f"for new token {step + 1} of row {int(none.argmax())} no token that the settings allow",
            rule="no_repeat_ngram_size, bad_words_ids, suppress_tokens, begin_suppress_tokens and min_length leave a "
            "token",
            cure="loosen one of them, or stop before, with a smaller max_new_tokens",
        )
    return logits


def filtered(logits: Array, config: GenerationConfig, least: int = 1) -> Array:
    """Logits (N, V) divided by the temperature, and −inf for tokens outside of top_k, top_p and min_p.

    At least the ``least`` likeliest tokens of each row stay.

    >>> filtered(np.array([[0.0, 3.0, 2.0, 1.0]]), GenerationConfig(top_k=3, top_p=0.8)).tolist()
    [[-inf, 3.0, 2.0, -inf]]
    """
    logits = logits.astype(np.float64) / config.temperature  # in float32 it would overflow where that is small
    top_k = max(config.top_k, least) if config.top_k else 0
    if top_k and top_k < logits.shape[1]:
        kth = np.partition(logits, -top_k, axis=1)[:, -top_k, None]
        logits = np.where(logits < kth, -np.inf, logits)
    if config.top_p < 1 or config.min_p:
        order = np.argsort(-logits, axis=1, kind="stable")
        if config.top_p < 1:
            ordered = np.take_along_axis(probabilities(logits), order, 1)
            before = ordered.cumsum(axis=1) - ordered  # the probability of all tokens that are likelier
            logits = _kept(logits, order, before < config.top_p, least)
        if config.min_p:
            ordered = np.take_along_axis(probabilities(logits), order, 1)
            logits = _kept(logits, order, ordered >= config.min_p * ordered[:, :1], least)
    return logits


def _kept(logits: Array, order: Array, keep: Array, least: int) -> Array:
    """The logits with −inf where ``keep``, which goes from the likeliest on, is false after ``least``."""
    keep[:, :least] = True
    out = np.empty(logits.shape, bool)
    np.put_along_axis(out, order, ~keep, 1)
    return np.where(out, -np.inf, logits)


def probabilities(logits: Array) -> Array:
    """Softmax over the last axis, in float64; zeros where all is −inf."""
    largest = logits.max(axis=-1, keepdims=True)
    P = np.exp(logits.astype(np.float64) - np.where(largest == -np.inf, 0, largest))
    return np.asarray(P / np.maximum(P.sum(axis=-1, keepdims=True), 1e-300))


def draw(logits: Array, config: GenerationConfig) -> Array:
    """A token for each row (N,), drawn with the probabilities that the settings leave."""
    P = probabilities(filtered(logits, config)).cumsum(axis=1)
    points = generator().random(len(P)) * P[:, -1]  # the sum may be 1 − 1e-16
    return np.asarray((points[:, None] < P).argmax(axis=1))


class Ends:
    """Says which sequences end with their newest token: with one of ``eos_token_id``, or with a stop string."""

    def __init__(self, config: GenerationConfig, tokenizer: Any) -> None:
        self.eos, strings = config.eos, config.stop_strings or []
        self.strings = [strings] if isinstance(strings, str) else list(strings)
        self.decode = getattr(tokenizer, "decode", None)
        if self.strings and self.decode is None:
            raise error(
                ValueError,
                "generate",
                got=f"stop_strings={config.stop_strings!r} and no tokenizer",
                rule="where a text stops is seen in what the tokenizer's decode(ids, skip_special_tokens=False) gives",
                cure="write generate(…, tokenizer=tokenizer), or stop_strings=None",
            )
        # so many tokens hold a stop string, at a byte a token, and what a decoder does at its text's beginning
        self.tail = 8 + max((len(text.encode()) for text in self.strings), default=0)

    def __call__(self, tokens: Array) -> Array:
        """Truth values (N,) for sequences (N, T)."""
        ended = np.isin(tokens[:, -1], self.eos)
        for row in np.flatnonzero(~ended) if self.strings else ():
            ended[row] = self._completes(tokens[row, -self.tail :].tolist())
        return ended

    def _completes(self, ids: list[int]) -> bool:
        """Whether the last token completes a stop string, which may end within it."""
        assert self.decode is not None
        text = self.decode(ids, skip_special_tokens=False)
        before = self.decode(ids[:-1], skip_special_tokens=False).rstrip("\ufffd")  # a letter that was not whole yet
        return any(text.find(stop, max(0, len(before) - len(stop) + 1)) >= 0 for stop in self.strings)
