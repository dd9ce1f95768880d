"""From a model's logits to tokens, one at a time: greedy, sampling and beam search, over a key/value cache.

Argument names and results are those of transformers' ``generate``.
"""

from __future__ import annotations

import warnings
from collections.abc import Generator, Iterator
from typing import Any

import numpy as np

from .. import nn
from ..autograd.recording import no_grad
from ..autograd.tensor import Tensor, to_array
from ..errors import error
from ..signals import Held
from ..wording.languages import translated
from .beams import beam_search
from .choosing import Ends, Rules, draw, finite, some_left
from .settings import GenerationConfig, as_settings

Array = np.ndarray[Any, Any]


class Run:
    """One generation with a decoder: what it has read, and the logits of what comes next.

    ``model(ids, attention_mask=…, position_ids=…, cache=…, logits_to_keep=1)`` gives logits (N, 1, V).
    """

    def __init__(self, model: Any, mask: Array, use_cache: bool) -> None:
        self.model, self.mask = model, mask  # (N, prompt): false where the prompt is padding
        self.cache = nn.Cache() if use_cache else None

    def logits(self, tokens: Array) -> Array:
        """Logits (N, V) of the token after ``tokens`` (N, T), of which the cache has seen all but the newest."""
        new = slice(0 if self.cache is None else self.cache.length, None)
        mask = self.seen(tokens)
        if mask.all():
            extra: dict[str, Any] = {}
        else:  # a row's first real token stands at position 0, however much padding is before it
            positions = np.maximum(mask.cumsum(axis=1) - 1, 0)
            extra = {"attention_mask": mask, "position_ids": positions[:, new]}
        return np.asarray(self.model(tokens[:, new], cache=self.cache, logits_to_keep=1, **extra).array[:, -1])

    def seen(self, tokens: Array) -> Array:
        """Which entries of ``tokens`` are real, (N, T)."""
        more = tokens.shape[1] - self.mask.shape[1]
        return np.concatenate([self.mask, np.ones((len(self.mask), more), bool)], axis=1)

    def select(self, rows: Array) -> None:
        """Go on with these rows, in this order."""
        self.mask = self.mask[rows]
        if self.cache is not None:
            self.cache.select(rows)


class Generates(nn.Module):
    """A model that generates. ``generation`` holds its defaults, ``max_positions`` how many tokens it can read."""

    generation: GenerationConfig = GenerationConfig()
    max_positions: int | None = None

    def begin(self, input_ids: Any, attention_mask: Any, settings: GenerationConfig) -> tuple[Array, Any]:
        """The tokens to go on from, (B, T), and the :class:`Run`. An encoder–decoder has its own."""
        tokens = prompt(input_ids)
        if attention_mask is None:
            apart = settings.pad_token_id is not None and settings.pad_token_id not in settings.eos
            attention_mask = tokens != settings.pad_token_id if apart else np.ones(tokens.shape, bool)
        mask = to_array(attention_mask).astype(bool)
        if mask.shape != tokens.shape or not mask.any(axis=1).all() or not mask[:, -1].all():
            raise error(
                ValueError,
                "generate",
                got={"input_ids": tokens, "attention_mask": mask},
                rule=(
                    "the mask has the shape of input_ids, and each row ends with a real token: padding stands on "
                    "the left"
                ),
                cure="pad on the left, with attention_mask 0 there",
            )
        return tokens, Run(self, mask, settings.use_cache)

    def generate(
        self, input_ids: Any, attention_mask: Any = None, generation_config: GenerationConfig | None = None,
        tokenizer: Any = None, **settings: Any,
    ) -> Array:  # fmt: skip
        """Token ids (B, T + new): the prompts and what the model makes of them.

        Args:
            input_ids: prompts (B, T), those of different length padded on the left; for an encoder–decoder its sources.
            attention_mask: (B, T), 0 or false at padding; by default where ``pad_token_id`` stands, if no sequence ends
                with that.
            generation_config: the settings, by default the model's own; where it says nothing, as it may of
                ``eos_token_id``, the model's own count.
            tokenizer: decodes the tokens, to look for ``stop_strings``; one of the package tokenizers or transformers.
            settings: changes to them, such as ``max_new_tokens=50, do_sample=True``; see :class:`GenerationConfig`.

        Sampling draws from the package's generator (:func:`tinygrad_tf.manual_seed`). The model is put into evaluation
        and back. The result of an encoder–decoder begins with ``decoder_start_token_id``. With
        ``num_return_sequences=n`` there are n · B rows, those of one prompt side by side. Raises ValueError, with the
        number of the new token, for logits that are NaN, and where the settings leave no token.

        >>> from tinygrad_tf.models import GPT2, GPT2Config
        >>> model = GPT2(GPT2Config(vocab_size=20, n_positions=16, n_embd=8, n_layer=1, n_head=2, eos_token_id=None))
        >>> model.generate([[3, 4], [5, 6]], max_new_tokens=5).shape
        (2, 7)
        >>> model.generate([[3, 4]], max_new_tokens=5, num_beams=3, num_return_sequences=2).shape
        (2, 7)
        """
        config = self._settings(generation_config, settings)
        if config.num_beams > 1:
            with evaluation(self), no_grad():
                tokens, run, rules = self._begin(input_ids, attention_mask, config)
                return beam_search(run, tokens, config, rules, Ends(config, tokenizer))
        steps = list(self._steps(input_ids, attention_mask, config, tokenizer))
        return np.concatenate([steps[0], *[step[:, None] for step in steps[1:]]], axis=1)

    def stream(
        self, input_ids: Any, attention_mask: Any = None, generation_config: GenerationConfig | None = None,
        tokenizer: Any = None, **settings: Any,
    ) -> Iterator[Array]:  # fmt: skip
        """The new tokens of :meth:`generate` as soon as they are chosen, (B,) at a time.

        >>> from tinygrad_tf.models import GPT2, GPT2Config
        >>> model = GPT2(GPT2Config(vocab_size=20, n_positions=16, n_embd=8, n_layer=1, n_head=2, eos_token_id=None))
        >>> [tokens.shape for tokens in model.stream([[3, 4], [5, 6]], max_new_tokens=2)]
        [(2,), (2,)]
        """
        config = self._settings(generation_config, settings)
        if config.num_beams > 1:
            raise error(
                ValueError,
                "stream",
                got={"num_beams": config.num_beams},
                rule="a beam search knows its first token only at the end",
                cure="write num_beams=1, or use generate()",
            )
        steps = self._steps(input_ids, attention_mask, config, tokenizer)
        next(steps)  # now, so that wrong arguments are reported here
        return steps

    def _settings(self, config: GenerationConfig | None, settings: dict[str, Any]) -> GenerationConfig:
        """The settings of one call: those of the call before those of ``config`` before the model's own."""
        own = as_settings("generate", self.generation)
        config = own if config is None else as_settings("generate", config).filled(own)
        config = config.but(**settings)
        if settings.get("max_length") is not None and config.max_new_tokens is not None:
            warnings.warn(
                translated(
                    f"generate: max_new_tokens={config.max_new_tokens} counts, and not max_length={config.max_length}, "
                    "as in transformers; write max_new_tokens=None to go by max_length"
                ),
                stacklevel=3,
            )
        return config

    def _begin(self, input_ids: Any, attention_mask: Any, config: GenerationConfig) -> tuple[Array, Any, Rules]:
        tokens, run = self.begin(input_ids, attention_mask, config)
        start = tokens.shape[1]
        longest = config.longest(start, self.max_positions)
        by_total = config.max_new_tokens is None and config.max_length is not None
        name, without = ("max_length", 0) if by_total else ("max_new_tokens", start)
        if self.max_positions is not None and max(longest - 1, start) > self.max_positions:  # the last is not read
            raise error(
                ValueError,
                "generate",
                got={"prompt": tokens, name: getattr(config, name)},
                rule=f"the model has {self.max_positions} positions, for prompt and new tokens",
                cure=f"write {name}={max(0, self.max_positions + 1 - without)} or less, or shorten the prompt",
            )
        shortest = config.shortest(start)
        if longest <= start or longest < shortest:
            raise error(
                ValueError,
                "generate",
                got={"prompt": tokens, "at most": longest, "and at least": shortest},
                rule="a sequence is longer than its prompt, and its largest length no smaller than its smallest",
                cure=f"write {name}={max(shortest, start + 1) - without} or more, or a smaller min_length or "
                "min_new_tokens",
            )
        return tokens, run, Rules(config, start, longest)

    def _steps(self, input_ids: Any, attention_mask: Any, config: GenerationConfig, tokenizer: Any) -> Iterator[Array]:
        """First the prompt (B, T), then each step's tokens (B,)."""
        ends = Ends(config, tokenizer)
        with evaluation(self):
            tokens, run, rules = self._begin(input_ids, attention_mask, config)
        if config.num_return_sequences > 1:
            rows = np.repeat(np.arange(len(tokens)), config.num_return_sequences)
            tokens = tokens[rows]
            run.select(rows)
        yield tokens
        going = np.ones(len(tokens), bool)
        for step in range(rules.longest - rules.start):
            with evaluation(self), no_grad():  # not around the yield: between steps the model is its user's
                logits = finite(run.logits(tokens), step, going)
            logits = some_left(rules(logits, tokens, run.seen(tokens)), step, going)
            logits = np.where(going[:, None], logits, 0.0)  # what has ended may hold anything
            chosen = draw(logits, config) if config.drawn else logits.argmax(axis=1)
            chosen = np.where(going, chosen, config.pad)
            tokens = np.concatenate([tokens, chosen[:, None]], axis=1)
            going &= ~ends(tokens)
            yield chosen
            if not going.any():
                return


class evaluation(Held):
    """A context manager in which a model is in evaluation. Afterwards every part is in the mode that it had before."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model

    def within(self) -> Generator[None]:
        return _evaluated([module for module in self.model.modules() if module.training])


def _evaluated(trained: list[nn.Module]) -> Generator[None]:
    try:
        try:
            for module in trained:
                module.training = False
            yield
        finally:
            for module in trained:
                module.training = True
    finally:  # twice: Ctrl-C may hit the first
        for module in trained:
            module.training = True


def prompt(input_ids: Any) -> Array:
    """Prompts as an array of ids (B, T). It is int64: a smaller type might hold the prompt but not the new tokens."""
    tokens = input_ids.array if isinstance(input_ids, Tensor) else to_array(input_ids)
    if tokens.ndim != 2 or tokens.dtype.kind not in "iu" or 0 in tokens.shape:
        raise error(
            ValueError,
            "generate",
            got={"input_ids": tokens},
            rule="prompts come as integers (batch, length), of at least one token",
            cure="for one prompt write ids[None, :]",
        )
    return tokens.astype(np.int64)
