"""Beam search: it looks for the likeliest whole sequence and keeps several of the best beginnings at each step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class Beams:
    """The beams of one prompt: those that go on, best first, and the best that have ended."""

    def __init__(self, prompt: Array, config: Any) -> None:
        n = config.num_beams
        self.config, self.prompt_length = config, len(prompt)
        self.tokens = np.tile(prompt, (n, 1))  # (n, T)
        self.scores = np.full(n, -1e9, np.float32)
        self.scores[0] = 0  # all beams begin alike: only the first branches
        self.ended: list[tuple[float, Array]] = []  # best first, at most n
        self.improvable = True

    @property
    def full(self) -> bool:
        return len(self.ended) == self.config.num_beams

    def advance(self, log_probs: Array, last: bool) -> tuple[Array, bool]:
        """Go on by one token, given log probabilities (n, V). With ``last`` every sequence ends now.

        Returns which beam each new one continues, and whether nothing is left to continue.
        """
        n, V = self.config.num_beams, log_probs.shape[1]
        scores = (log_probs + self.scores[:, None]).reshape(-1)
        size = min(max(2, 1 + len(self.config.eos)) * n, scores.size)  # n go on even if the best ones end
        best = np.argpartition(-scores, size - 1)[:size]
        best = best[np.argsort(-scores[best], kind="stable")]
        beams, tokens, scores = best // V, best % V, scores[best]
        grown = np.concatenate([self.tokens[beams], tokens[:, None]], axis=1)
        ends = np.isin(tokens, self.config.eos) | last
        if self.improvable and not (self.full and self.config.early_stopping is True):
            new = [
                (self._normed(float(scores[rank]), grown.shape[1]), grown[rank]) for rank in np.flatnonzero(ends[:n])
            ]
            self.ended = sorted([*self.ended, *new], key=lambda ending: -ending[0])[:n]
        going = np.argsort(np.where(ends, 1, 0), kind="stable")[:n]  # those that have not ended, still best first
        self.tokens, self.scores = grown[going], np.where(ends, scores - np.float32(1e9), scores)[going]
        self.improvable = self.improvable and self._can_improve()
        return beams[going], bool(ends.all())

    def _normed(self, score: float, length: int) -> float:
        """A score divided by the number of its new tokens to the power of ``length_penalty``."""
        return score / float(length - self.prompt_length) ** self.config.length_penalty

    def _can_improve(self) -> bool:
        """Whether the best running beam, as it stands, would beat the worst ending."""
        length = self.tokens.shape[1]
        if self.config.early_stopping == "never" and self.config.length_penalty > 0:
            length = self.prompt_length + self.config.max_new_tokens
        return not self.full or self._normed(float(self.scores[0]), length) > self.ended[-1][0]


def beam_search(run: Any, tokens: Array, config: Any, penalise: Callable[..., Array]) -> Array:
    """The best ending of each prompt (B, T), padded to the longest. ``run`` gives the logits and follows the beams."""
    B, n = len(tokens), config.num_beams
    searches = [Beams(prompt, config) for prompt in tokens]
    log_probs = _log_probs(run, tokens, config, penalise)  # of the prompts once, not once for each beam
    run.select(np.repeat(np.arange(B), n))
    log_probs = np.repeat(log_probs, n, axis=0)
    for step in range(config.max_new_tokens):
        if step:
            log_probs = _log_probs(run, np.concatenate([s.tokens for s in searches]), config, penalise)
        moved = [s.advance(log_probs[i * n : (i + 1) * n], step == config.max_new_tokens - 1)
                 for i, s in enumerate(searches)]  # fmt: skip
        run.select(np.concatenate([i * n + beams for i, (beams, _) in enumerate(moved)]))
        if all(nothing for _, nothing in moved) or not any(s.improvable for s in searches):
            break
        if config.early_stopping is True and all(s.full for s in searches):
            break
    best = [s.ended[0][1] for s in searches]
    found = np.full((B, max(map(len, best))), config.pad, tokens.dtype)
    for row, sequence in zip(found, best, strict=True):
        row[: len(sequence)] = sequence
    return found


def _log_probs(run: Any, tokens: Array, config: Any, penalise: Callable[..., Array]) -> Array:
    logits = run.logits(tokens)
    Z = logits - logits.max(axis=1, keepdims=True)
    log_probs = Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))
    return penalise(log_probs, tokens, run.seen(tokens), config.repetition_penalty)
