"""Beam search: it looks for the likeliest whole sequence and keeps several of the best beginnings at each step."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import error
from ..random import generator
from .choosing import Ends, Rules, filtered, finite
from .settings import GenerationConfig

Array = np.ndarray[Any, Any]


class Beams:
    """The beams of one prompt: those that go on, best first, and the best that have ended.

    A beam whose score is −inf is dead: it holds a place and no sequence that the settings allow.
    """

    def __init__(self, prompt: Array, config: GenerationConfig, longest: int) -> None:
        n = config.num_beams
        self.config, self.prompt_length, self.longest = config, len(prompt), longest
        self.tokens = np.tile(prompt, (n, 1))  # (n, T)
        self.scores = np.full(n, -np.inf, np.float32)
        self.scores[0] = 0  # all beams begin alike: only the first branches
        self.ended: list[tuple[float, Array]] = []  # best first, at most n
        self.improvable = True

    @property
    def full(self) -> bool:
        return len(self.ended) == self.config.num_beams

    def advance(self, log_probs: Array, ends: Ends) -> tuple[Array, bool]:
        """Go on by one token, given log probabilities (n, V).

        Returns which beam each new one continues, and whether nothing is left to continue.
        """
        n, V = self.config.num_beams, log_probs.shape[1]
        scores = (log_probs + self.scores[:, None]).reshape(-1)
        size = min(max(2, 1 + len(self.config.eos)) * n, scores.size)  # n go on even if the best ones end
        # the largest of scores with Gumbel noise are a draw without replacement (Kool et al. 2019)
        keys = scores + generator().gumbel(size=scores.shape) if self.config.drawn else scores
        best = np.argpartition(-keys, size - 1)[:size]
        best = best[np.argsort(-keys[best], kind="stable")]
        beams, tokens, scores = best // V, best % V, scores[best]
        grown = np.concatenate([self.tokens[beams], tokens[:, None]], axis=1)
        ended = ends(grown) | (grown.shape[1] == self.longest)
        if self.improvable and not (self.full and self.config.early_stopping is True):
            new = [(self._normed(float(scores[i]), grown.shape[1]), grown[i])
                   for i in np.flatnonzero(ended[:n] & (scores[:n] > -np.inf))]  # fmt: skip
            self.ended = sorted([*self.ended, *new], key=lambda ending: -ending[0])[:n]
        going = np.lexsort((-scores, ended))[:n]  # those that have not ended first, and of them the best
        self.tokens, self.scores = grown[going], np.where(ended, -np.inf, scores)[going]
        self.improvable = self.improvable and self._can_improve()
        return beams[going], bool((self.scores == -np.inf).all())

    def _normed(self, score: float, length: int) -> float:
        """A score divided by the number of its new tokens to the power of ``length_penalty``."""
        return score / float(length - self.prompt_length) ** self.config.length_penalty

    def _can_improve(self) -> bool:
        """Whether the best running beam, as it stands, would beat the worst ending."""
        length = self.tokens.shape[1]
        if self.config.early_stopping == "never" and self.config.length_penalty > 0:
            length = self.longest
        return not self.full or self._normed(float(self.scores[0]), length) > self.ended[-1][0]


def beam_search(run: Any, tokens: Array, config: GenerationConfig, rules: Rules, ends: Ends) -> Array:
    """The best endings of each prompt (B, T), ``num_return_sequences`` of each, padded to the longest.

    ``run`` gives the logits and follows the beams. Raises ValueError if the settings leave fewer sequences.
    """
    B, n = len(tokens), config.num_beams
    searches = [Beams(prompt, config, rules.longest) for prompt in tokens]
    log_probs = _log_probs(run, tokens, config, rules)  # of the prompts once, not once for each beam
    run.select(np.repeat(np.arange(B), n))
    log_probs = np.repeat(log_probs, n, axis=0)
    for length in range(rules.start, rules.longest):
        if length > rules.start:
            log_probs = _log_probs(run, np.concatenate([s.tokens for s in searches]), config, rules)
        moved = [s.advance(log_probs[i * n : (i + 1) * n], ends) for i, s in enumerate(searches)]
        run.select(np.concatenate([i * n + beams for i, (beams, _) in enumerate(moved)]))
        if all(nothing for _, nothing in moved) or not any(s.improvable for s in searches):
            break
        if config.early_stopping is True and all(s.full for s in searches):
            break
    wanted = config.num_return_sequences
    for i, s in enumerate(searches):
        if len(s.ended) < wanted:
            raise error(
                ValueError,
                "generate",
                got=f"{len(s.ended)} sequences of {wanted} for prompt {i}",
                rule=f"{wanted} sequences of at most {rules.longest} tokens are possible under the settings",
                cure="loosen no_repeat_ngram_size, bad_words_ids and suppress_tokens, or write num_return_sequences=1",
            )
    best = [sequence for s in searches for _, sequence in s.ended[:wanted]]
    found = np.full((len(best), max(map(len, best))), config.pad, tokens.dtype)
    for row, sequence in zip(found, best, strict=True):
        row[: len(sequence)] = sequence
    return found


def _log_probs(run: Any, tokens: Array, config: GenerationConfig, rules: Rules) -> Array:
    logits = finite(run.logits(tokens), tokens.shape[1] - rules.start)
    Z = logits - logits.max(axis=1, keepdims=True)
    log_probs = rules(Z - np.log(np.exp(Z).sum(axis=1, keepdims=True)), tokens, run.seen(tokens))
    return filtered(log_probs, config, least=max(2, 1 + len(config.eos))) if config.drawn else log_probs
