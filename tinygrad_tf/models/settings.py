"""The settings of generation: what they mean, which of them make sense, and those of a file."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import error, shown
from ..fields import TRUTH, Kind, is_whole, number, several, text, whole

#: What transformers' settings are that are not computed here, with the value under which each changes nothing.
_NOT_COMPUTED: dict[str, Any] = {
    **dict.fromkeys(("typical_p", "encoder_repetition_penalty", "guidance_scale", "num_beam_groups"), 1),
    **dict.fromkeys((
        "top_h", "epsilon_cutoff", "eta_cutoff", "encoder_no_repeat_ngram_size", "renormalize_logits",
        "forced_bos_token_id", "remove_invalid_values", "exponential_decay_length_penalty", "sequence_bias",
        "token_healing", "watermarking_config", "max_time", "return_dict_in_generate", "penalty_alpha", "dola_layers",
        "diversity_penalty", "constraints", "force_words_ids", "is_assistant",
    ), 0),
}  # fmt: skip
#: Those of them that matter only where tokens are drawn, and only to beams.
_OF_DRAWING = {"typical_p", "top_h", "epsilon_cutoff", "eta_cutoff"}
_OF_BEAMS = {"num_beam_groups", "diversity_penalty", "constraints", "force_words_ids", "renormalize_logits"}
#: Those that say how fast it is done, or what is returned beside the tokens; no token depends on them.
_NO_MATTER = {
    "transformers_version", "_from_model_config", "_commit_hash", "output_attentions", "output_hidden_states",
    "output_scores", "output_logits", "cache_implementation", "cache_config", "max_cache_len", "compile_config",
    "disable_compile", "low_memory", "prefill_chunk_size", "continuous_batching_config", "num_assistant_tokens",
    "num_assistant_tokens_schedule", "assistant_confidence_threshold", "assistant_lookbehind", "target_lookbehind",
    "assistant_ensemble_weight", "assistant_early_exit", "max_matching_ngram_size", "prompt_lookup_num_tokens",
    "use_mtp", "speculation_type",
}  # fmt: skip


@dataclasses.dataclass
class GenerationConfig:
    """How to choose tokens. Names, defaults and meanings are transformers'.

    Raises ValueError for a setting that makes no sense. One that does not matter, as ``top_p`` where nothing is drawn,
    may have any number.

    A sequence ends with ``eos_token_id``, an id or several, or with one of the ``stop_strings``, and is filled up with
    ``pad_token_id``. At most ``max_new_tokens`` are generated; if these are None, the sequence with its prompt has at
    most ``max_length`` tokens; by default 20 are generated, fewer where the model has no more positions. It does not
    end with ``eos_token_id`` before there are ``min_new_tokens`` or, if these are None, ``min_length`` tokens with the
    prompt. The last of all is ``forced_eos_token_id``, if that is given.

    By default the likeliest token is taken. With ``do_sample`` one is drawn from softmax(logits / ``temperature``)
    among the ``top_k`` likeliest tokens (0 or None: all), of those among the smallest set that holds ``top_p`` of the
    probability (Holtzman et al. 2020), and of those among all whose probability is at least ``min_p`` times the largest
    (Nguyen et al. 2024). A temperature of 0 is the limit: the likeliest token.

    ``repetition_penalty`` θ divides positive logits of tokens that occurred by θ and multiplies negative ones (Keskar
    et al. 2019). No group of ``no_repeat_ngram_size`` tokens occurs twice. The sequences ``bad_words_ids`` and the
    tokens ``suppress_tokens`` are never generated, ``begin_suppress_tokens`` not as the first.

    ``num_beams`` > 1 is a beam search, whose scores are divided by length^``length_penalty``; with ``do_sample`` the
    continuations are drawn. With ``early_stopping=True`` it ends at ``num_beams`` endings, with "never" only when no
    better one is possible. Each prompt gives ``num_return_sequences``: drawn ones, or the best of the beams.
    ``bos_token_id`` is kept for transformers, which begins with it where there is no prompt.

    >>> GenerationConfig(do_sample=True).but(top_p=0.9).top_p
    0.9
    """

    max_new_tokens: int | None = None
    max_length: int | None = None
    min_new_tokens: int | None = None
    min_length: int = 0
    do_sample: bool = False
    temperature: float = 1.0
    top_k: int | None = 50
    top_p: float = 1.0
    min_p: float | None = None
    repetition_penalty: float = 1.0
    no_repeat_ngram_size: int = 0
    bad_words_ids: list[list[int]] | None = None
    suppress_tokens: list[int] | None = None
    begin_suppress_tokens: list[int] | None = None
    num_beams: int = 1
    length_penalty: float = 1.0
    early_stopping: bool | str = False
    num_return_sequences: int = 1
    stop_strings: str | list[str] | None = None
    eos_token_id: int | list[int] | None = None
    forced_eos_token_id: int | list[int] | None = None
    pad_token_id: int | None = None
    bos_token_id: int | None = None
    decoder_start_token_id: int | None = None
    use_cache: bool = True

    def __post_init__(self) -> None:
        for name, default in _DEFAULTS.items():  # None is "not set"; for top_k it means all
            if getattr(self, name) is None and name != "top_k":
                setattr(self, name, default)
        _check(vars(self), "generate", None)

    @property
    def drawn(self) -> bool:
        """Whether tokens are drawn. A temperature below 1e-30 leaves the likeliest token alone."""
        return self.do_sample and self.temperature >= 1e-30

    @property
    def eos(self) -> list[int]:
        """The ids that end a sequence."""
        return _several(self.eos_token_id)

    @property
    def forced_eos(self) -> list[int]:
        """The ids of which one is the last."""
        return _several(self.forced_eos_token_id)

    @property
    def pad(self) -> int:
        """The id that fills up sequences that have ended."""
        return self.pad_token_id if self.pad_token_id is not None else self.eos[0] if self.eos else 0

    def longest(self, prompt: int, positions: int | None) -> int:
        """How many tokens a sequence has at most, with a prompt of so many, in a model of so many positions."""
        if self.max_new_tokens is not None:
            return prompt + self.max_new_tokens
        if self.max_length is not None:
            return self.max_length
        return prompt + 20 if positions is None else min(prompt + 20, positions)

    def shortest(self, prompt: int) -> int:
        """How many tokens a sequence has, with its prompt, before it may end."""
        return self.min_length if self.min_new_tokens is None else prompt + self.min_new_tokens

    def but(self, **changes: Any) -> GenerationConfig:
        """The same with some settings changed.

        Raises TypeError for one that does not exist, ValueError for one of transformers' that is not computed here.
        """
        return self._changed(changes, "generate", None)

    def with_file(self, settings: Mapping[str, Any], file: Path) -> GenerationConfig:
        """The same with what a generation_config.json says. Raises ValueError, with the file's name."""
        return self._changed(settings, "from_pretrained", file)

    def filled(self, other: GenerationConfig) -> GenerationConfig:
        """The same with the other's settings where this one says nothing, which is where the default is None."""
        unset = [name for name in vars(self) if name not in _DEFAULTS and getattr(self, name) is None]
        return dataclasses.replace(self, **{name: getattr(other, name) for name in unset})

    def _changed(self, changes: Mapping[str, Any], op: str, file: Path | None) -> GenerationConfig:
        own = {name: value for name, value in changes.items() if name in vars(self)}
        merged = {**vars(self), **own}
        for name, value in changes.items():
            if name in own or name in _NO_MATTER:
                continue
            if name not in _NOT_COMPUTED:
                raise error(
                    ValueError if file else TypeError,
                    op,
                    got=f"an unknown {shown(name)}{_place(file)}",
                    rule=f"its settings are {', '.join(vars(self))}",
                    cure=_cure("write one of these, e.g. max_new_tokens=20", file),
                )
            if _counts(name, value, merged):
                raise error(
                    ValueError,
                    op,
                    got=f"{name}={shown(value)}{_place(file)}",
                    rule="this setting of transformers' is not computed here",
                    cure=_cure(f"leave {name} out", file),
                )
        _check(merged, op, file)
        return dataclasses.replace(self, **own)


#: The defaults that are not None.
_DEFAULTS = {f.name: f.default for f in dataclasses.fields(GenerationConfig) if f.default is not None}

_COUNT, _ID, _NUMBER = Kind(is_whole, "a whole number", "20"), whole(-1, 10**9), number()
_IDS = Kind(lambda x: isinstance(x, (list, tuple, np.ndarray)), "a list of token ids", "[5]")
#: What each setting may be in any mode, if it is not None; what it must be where it counts stands in ``_rules``.
_KINDS = {
    **dict.fromkeys(("max_new_tokens", "max_length", "min_new_tokens", "min_length", "top_k", "num_beams",
                     "no_repeat_ngram_size", "num_return_sequences"), _COUNT),
    **dict.fromkeys(("temperature", "top_p", "min_p", "repetition_penalty", "length_penalty"), _NUMBER),
    **dict.fromkeys(("do_sample", "use_cache"), TRUTH),
    **dict.fromkeys(("bad_words_ids", "suppress_tokens", "begin_suppress_tokens"), _IDS),
    "early_stopping": Kind(lambda x: isinstance(x, (bool, str)), 'True, False or "never"', "True"),
    "stop_strings": several(text("\n")),
    **dict.fromkeys(("eos_token_id", "forced_eos_token_id"), several(_ID)),
    **dict.fromkeys(("pad_token_id", "bos_token_id", "decoder_start_token_id"), _ID),
}  # fmt: skip

#: What to write for settings whose default says nothing.
_EXAMPLES: dict[str, Any] = {
    "max_new_tokens": 20, "max_length": 100, "min_new_tokens": 5, "top_k": 0, "min_p": 0.05,
    "bad_words_ids": [[5], [7, 8]], "suppress_tokens": [5], "begin_suppress_tokens": [5], "stop_strings": ["\n"],
    "eos_token_id": 2, "forced_eos_token_id": 2, "pad_token_id": 0, "bos_token_id": 1, "decoder_start_token_id": 1,
}  # fmt: skip

#: Every name that transformers has for a setting of generation.
SETTINGS = {f.name for f in dataclasses.fields(GenerationConfig)} | set(_NOT_COMPUTED) | _NO_MATTER


def as_settings(op: str, given: Any) -> GenerationConfig:
    """What was given as settings. Raises TypeError, in the name of ``op``, if it is something else."""
    if not isinstance(given, GenerationConfig):
        raise error(
            TypeError,
            op,
            got=f"settings of class {type(given).__name__}",
            rule="the settings of generation are a GenerationConfig",
            cure="write GenerationConfig(max_new_tokens=50), or give them to generate by name: generate(ids, "
            "max_new_tokens=50)",
        )
    return given


def _several(ids: int | list[int] | None) -> list[int]:
    return [] if ids is None else np.atleast_1d(np.asarray(ids)).tolist()


def _counts(name: str, value: Any, settings: Mapping[str, Any]) -> bool:
    """Whether a setting that is not computed would change a token."""
    idle = (name in _OF_DRAWING and not settings["do_sample"]) or (name in _OF_BEAMS and settings["num_beams"] == 1)
    return not (idle or value is None or value in (_NOT_COMPUTED[name], [], {}))


def _check(settings: Mapping[str, Any], op: str, file: Path | None) -> None:
    """Raise for the first setting that makes no sense in the mode that the settings choose."""
    for name, holds, rule in _rules({**_DEFAULTS, **{k: v for k, v in settings.items() if v is not None}}):
        try:
            good = holds()
        except TypeError:  # a text in place of a number
            good = False
        if not good:
            raise error(
                ValueError,
                op,
                got=f"{name} {shown(settings[name])}{_place(file)}",
                rule=rule,
                cure=_cure(f"write {name}={_EXAMPLES.get(name, _DEFAULTS.get(name))!r}", file),
            )


def _rules(given: Mapping[str, Any]) -> Iterator[tuple[str, Any, str]]:
    """Each setting that counts, with what must hold of it, as a call and in words. What is None is not among them."""

    def at_least(name: str, least: int, rule: str) -> tuple[str, Any, str]:
        return name, lambda: given.get(name, least) >= least, rule

    for name, kind in _KINDS.items():
        if name in given:
            yield name, lambda kind=kind, x=given[name]: kind.holds(x), f"{name} is {kind.rule}"
    yield at_least("max_new_tokens", 1, "at least one token is generated")
    yield at_least("max_length", 1, "it is the number of tokens of the longest sequence, with its prompt")
    for name in ("min_new_tokens", "min_length", "no_repeat_ngram_size"):
        yield at_least(name, 0, f"{name} is a number of tokens, 0 for no limit")
    for name in ("num_beams", "num_return_sequences"):  # memory grows with them
        yield name, lambda name=name: 1 <= given[name] <= 10_000, f"{name} lies in 1 … 10,000"
    penalty = given["repetition_penalty"]
    yield "repetition_penalty", lambda: 0 < penalty < math.inf, "the penalty is positive, 1.0 for none"
    if given["do_sample"]:
        t, p = given["temperature"], given["top_p"]
        yield "temperature", lambda: 0 <= t < math.inf, "the temperature is positive, or 0 for the likeliest token"
        yield at_least("top_k", 0, "top_k is a number of tokens, 0 for all")
        yield "top_p", lambda: 0 <= p <= 1, "top_p is a probability, 0 … 1"
        yield "min_p", lambda: 0 <= given.get("min_p", 0) <= 1, "min_p is a share of the largest probability, 0 … 1"
    beams, several = given["num_beams"], given["num_return_sequences"]
    if beams != 1:
        ends = given["early_stopping"]
        power = given["length_penalty"]
        yield "length_penalty", lambda: -20 <= power <= 20, "it is a power of lengths, within -20 … 20"
        yield "early_stopping", lambda: ends in (True, False, "never"), 'it is True, False or "never"'
        yield "num_return_sequences", lambda: several <= beams, f"{beams} beams find at most {beams} sequences"
    elif not given["do_sample"]:
        yield "num_return_sequences", lambda: several == 1, "several sequences of a prompt are drawn, or found by beams"
    words = given.get("bad_words_ids", [])
    yield "bad_words_ids", lambda: all(map(_are_ids, words)) and all(words), "it is a list of lists of token ids"
    for name in ("suppress_tokens", "begin_suppress_tokens"):
        yield name, lambda name=name: _are_ids(given.get(name, [])), "it is a list of token ids"


def _are_ids(ids: Any) -> bool:
    return isinstance(ids, (list, tuple, np.ndarray)) and all(is_whole(id) and id >= 0 for id in ids)


def _place(file: Path | None) -> str:
    return f" in {str(file)!r}" if file else ""


def _cure(cure: str, file: Path | None) -> str:
    return "correct the file, or write from_pretrained(…, generation_config=GenerationConfig())" if file else cure
