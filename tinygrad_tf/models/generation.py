"""From a model's logits to tokens, one at a time: greedy, sampling and beam search, over a key/value cache.

Argument names and results are those of transformers' ``generate``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import nn
from ..autograd.recording import no_grad
from ..autograd.tensor import Tensor, to_array
from ..errors import error
from ..random import generator
from .beams import beam_search

Array = np.ndarray[Any, Any]


@dataclasses.dataclass
class GenerationConfig:
    """How to choose tokens. The defaults are transformers'. Raises ValueError for a setting that makes no sense.

    By default the likeliest token is taken. With ``do_sample`` one is drawn from softmax(logits / ``temperature``),
    among the ``top_k`` likeliest tokens (0: all), and of those among the smallest set that holds ``top_p`` of the
    probability (Holtzman et al. 2020). ``repetition_penalty`` θ divides positive logits of tokens that occurred by θ
    and multiplies negative ones (Keskar et al. 2019). ``num_beams`` > 1 is a beam search, whose scores are divided by
    length^``length_penalty``. With ``early_stopping=True`` it ends at ``num_beams`` endings, with "never" only when no
    better one is possible. A sequence ends with ``eos_token_id``, an id or several, and is filled up with
    ``pad_token_id``.

    >>> GenerationConfig(do_sample=True).but(top_p=0.9).top_p
    0.9
    """

    max_new_tokens: int = 20
    do_sample: bool = False
    temperature: float = 1.0
    top_k: int | None = 50
    top_p: float = 1.0
    repetition_penalty: float = 1.0
    num_beams: int = 1
    length_penalty: float = 1.0
    early_stopping: bool | str = False
    eos_token_id: int | list[int] | None = None
    pad_token_id: int | None = None
    decoder_start_token_id: int | None = None
    use_cache: bool = True

    def __post_init__(self) -> None:
        rules = [
            ("max_new_tokens", self.max_new_tokens >= 1, "at least one token is generated"),
            ("num_beams", self.num_beams >= 1, "there is at least one beam"),
            ("temperature", self.temperature > 0, "the temperature is positive; do_sample=False takes the likeliest"),
            ("top_k", self.top_k is None or self.top_k >= 0, "top_k is a number of tokens, 0 for all"),
            ("top_p", 0 < self.top_p <= 1, "top_p is a probability, 0 < top_p ≤ 1"),
            ("repetition_penalty", self.repetition_penalty > 0, "the penalty is positive, 1.0 for none"),
            ("early_stopping", self.early_stopping in (True, False, "never"), 'it is True, False or "never"'),
            ("do_sample", not (self.do_sample and self.num_beams > 1), "beams are searched, not drawn"),
        ]
        for name, holds, rule in rules:
            if not holds:
                raise error(
                    ValueError,
                    "generate",
                    got={name: getattr(self, name)},
                    rule=rule,
                    cure=f"write {name}={getattr(type(self), name)!r}",
                )

    @property
    def eos(self) -> list[int]:
        """The ids that end a sequence."""
        ids = self.eos_token_id
        return [] if ids is None else list(ids) if isinstance(ids, (list, tuple)) else [ids]

    @property
    def pad(self) -> int:
        """The id that fills up sequences that have ended."""
        return self.pad_token_id if self.pad_token_id is not None else self.eos[0] if self.eos else 0

    def but(self, **changes: Any) -> GenerationConfig:
        """The same with some settings changed. Raises TypeError for one that does not exist."""
        known = [field.name for field in dataclasses.fields(self)]
        unknown = [name for name in changes if name not in known]
        if unknown:
            raise error(
                TypeError,
                "generate",
                got=f"an unknown {unknown[0]!r}",
                rule=f"its settings are {', '.join(known)}",
                cure="write one of these, e.g. max_new_tokens=20",
            )
        return dataclasses.replace(self, **changes)


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
        **settings: Any,
    ) -> Array:  # fmt: skip
        """Token ids (B, T + new): the prompts and what the model makes of them.

        Args:
            input_ids: prompts (B, T), those of different length padded on the left; for an encoder–decoder its sources.
            attention_mask: (B, T), 0 or false at padding; by default where ``pad_token_id`` stands, if no sequence ends
                with that.
            generation_config: the settings, by default the model's own.
            settings: changes to them, such as ``max_new_tokens=50, do_sample=True``; see :class:`GenerationConfig`.

        Sampling draws from the package's generator (:func:`tinygrad_tf.manual_seed`). The model is put into evaluation
        and back. The result of an encoder–decoder begins with ``decoder_start_token_id``.

        >>> from tinygrad_tf.models import GPT2, GPT2Config
        >>> model = GPT2(GPT2Config(vocab_size=20, n_positions=16, n_embd=8, n_layer=1, n_head=2, eos_token_id=None))
        >>> model.generate([[3, 4], [5, 6]], max_new_tokens=5).shape
        (2, 7)
        >>> model.generate([[3, 4]], max_new_tokens=5, num_beams=3, length_penalty=0.5).shape
        (1, 7)
        """
        config = (generation_config or self.generation).but(**settings)
        if config.num_beams > 1:
            with evaluation(self), no_grad():
                tokens, run = self._begin(input_ids, attention_mask, config)
                return beam_search(run, tokens, config, repetition_penalty)
        steps = list(self._steps(input_ids, attention_mask, config))
        return np.concatenate([steps[0], *[step[:, None] for step in steps[1:]]], axis=1)

    def stream(
        self, input_ids: Any, attention_mask: Any = None, generation_config: GenerationConfig | None = None,
        **settings: Any,
    ) -> Iterator[Array]:  # fmt: skip
        """The new tokens of :meth:`generate` as soon as they are chosen, (B,) at a time.

        >>> from tinygrad_tf.models import GPT2, GPT2Config
        >>> model = GPT2(GPT2Config(vocab_size=20, n_positions=16, n_embd=8, n_layer=1, n_head=2, eos_token_id=None))
        >>> [tokens.shape for tokens in model.stream([[3, 4], [5, 6]], max_new_tokens=2)]
        [(2,), (2,)]
        """
        config = (generation_config or self.generation).but(**settings)
        if config.num_beams > 1:
            raise error(
                ValueError,
                "stream",
                got={"num_beams": config.num_beams},
                rule="a beam search knows its first token only at the end",
                cure="write num_beams=1, or use generate()",
            )
        steps = self._steps(input_ids, attention_mask, config)
        next(steps)  # now, so that wrong arguments are reported here
        return steps

    def _begin(self, input_ids: Any, attention_mask: Any, config: GenerationConfig) -> tuple[Array, Any]:
        tokens, run = self.begin(input_ids, attention_mask, config)
        longest = tokens.shape[1] + config.max_new_tokens - 1  # the last token is not read again
        if self.max_positions is not None and longest > self.max_positions:
            raise error(
                ValueError,
                "generate",
                got={"prompt": tokens, "max_new_tokens": config.max_new_tokens},
                rule=f"the model has {self.max_positions} positions, for prompt and new tokens",
                cure=(
                    f"write max_new_tokens={max(0, self.max_positions - tokens.shape[1] + 1)} or less, or shorten the "
                    "prompt"
                ),
            )
        return tokens, run

    def _steps(self, input_ids: Any, attention_mask: Any, config: GenerationConfig) -> Iterator[Array]:
        """First the prompt (B, T), then each step's tokens (B,)."""
        with evaluation(self):
            tokens, run = self._begin(input_ids, attention_mask, config)
        yield tokens
        ended = np.zeros(len(tokens), bool)
        for _ in range(config.max_new_tokens):
            with evaluation(self), no_grad():  # not around the yield: between steps the model is its user's
                logits = repetition_penalty(run.logits(tokens), tokens, run.seen(tokens), config.repetition_penalty)
            chosen = draw(logits, config) if config.do_sample else logits.argmax(axis=1)
            chosen = np.where(ended, config.pad, chosen)
            tokens = np.concatenate([tokens, chosen[:, None]], axis=1)
            ended |= np.isin(chosen, config.eos)
            yield chosen
            if ended.all():
                return


class evaluation:
    """A context manager in which a model is in evaluation. Afterwards every part is in the mode that it had before."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model

    def __enter__(self) -> None:
        self.before = [(module, module.training) for module in self.model.modules()]
        self.model.eval()

    def __exit__(self, *problem: Any) -> None:
        for module, training in self.before:
            module.training = training


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


def filtered(logits: Array, config: GenerationConfig) -> Array:
    """Logits (N, V) divided by the temperature, and −inf for tokens outside of top_k and top_p.

    >>> filtered(np.array([[0.0, 3.0, 2.0, 1.0]]), GenerationConfig(top_k=3, top_p=0.8)).tolist()
    [[-inf, 3.0, 2.0, -inf]]
    """
    logits = logits / config.temperature
    if config.top_k and config.top_k < logits.shape[1]:
        least = np.partition(logits, -config.top_k, axis=1)[:, -config.top_k, None]
        logits = np.where(logits < least, -np.inf, logits)
    if config.top_p < 1:
        order = np.argsort(-logits, axis=1, kind="stable")
        ordered = np.take_along_axis(probabilities(logits), order, 1)
        before = ordered.cumsum(axis=1) - ordered  # the probability of all tokens that are likelier
        out = np.zeros(logits.shape, bool)
        np.put_along_axis(out, order, before >= config.top_p, 1)
        logits = np.where(out, -np.inf, logits)
    return logits


def probabilities(logits: Array) -> Array:
    """Softmax over the last axis, in float64."""
    P = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    return np.asarray(P / P.sum(axis=-1, keepdims=True))


def draw(logits: Array, config: GenerationConfig) -> Array:
    """A token for each row (N,), drawn with the probabilities that the settings leave."""
    P = probabilities(filtered(logits, config)).cumsum(axis=1)
    points = generator().random(len(P)) * P[:, -1]  # the sum may be 1 − 1e-16
    return np.asarray((points[:, None] < P).argmax(axis=1))
