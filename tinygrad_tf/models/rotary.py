"""How fast rotary positions turn, in models whose context was stretched after they had learnt a shorter one."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..errors import error, shown
from ..fields import TRUTH, check, is_finite, number, text
from ..wording.languages import translated

Array = np.ndarray[Any, Any]

#: The ways to stretch positions, with the settings that each needs, and those that it can do without.
_NEEDS = {
    "default": (),
    "linear": ("factor",),
    "dynamic": ("factor",),
    "llama3": ("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"),
    "yarn": ("factor", "original_max_position_embeddings"),
}
_MAY_HAVE = {
    "yarn": ("attention_factor", "beta_fast", "beta_slow", "mscale", "mscale_all_dim", "truncate"),
}
_OF_ALL = ("rope_type", "rope_theta", "partial_rotary_factor")
_FACTOR = number(1e-6, 1e9)  # what float32 can multiply and divide by
_KINDS = {
    "rope_type": text("default"), "truncate": TRUTH,
    **dict.fromkeys(("attention_factor", "beta_fast", "beta_slow", "partial_rotary_factor"), _FACTOR),
    **dict.fromkeys(("mscale", "mscale_all_dim"), number(0, 1e9)),
}  # fmt: skip


def rope(given: Mapping[str, Any], max_positions: int) -> dict[str, Any]:
    """Whole ``rope_parameters``: the kind, the base, and what the kind needs.

    The context that "llama3" and "yarn" were first trained with is ``max_positions`` if nothing is said of it, as in
    transformers. Raises ValueError for a kind that is not computed here, and for settings that it needs and has not.
    """
    found = {"rope_type": "default", "rope_theta": 10000.0, **{k: v for k, v in given.items() if v is not None}}
    check("LlamaConfig", found, _KINDS, "rope_parameters with ")
    kind = found["rope_type"]
    if kind not in _NEEDS:
        raise error(
            ValueError,
            "LlamaConfig",
            got=f"rope_type {shown(kind)}",
            rule=f"it is one of {', '.join(_NEEDS)}",
            cure='write rope_parameters={"rope_type": "default"}, or use a model with one of these',
        )
    if "original_max_position_embeddings" in _NEEDS[kind]:
        found.setdefault("original_max_position_embeddings", max_positions)
    known = _positive(found.get("original_max_position_embeddings"))
    if kind == "yarn" and "factor" in given and known:  # which may be null: then the ratio of the contexts
        found.setdefault("factor", max_positions / found["original_max_position_embeddings"])
    for name in (*_NEEDS[kind], "rope_theta"):
        if not _positive(found.get(name)):
            raise error(
                ValueError,
                "LlamaConfig",
                got=f"rope_parameters with {name} {shown(found.get(name))}",
                rule=f"rope_type {kind!r} needs a positive number for {', '.join(_NEEDS[kind] or ('rope_theta',))}",
                cure=f"take {name} from the config.json that was published with the weights",
            )
    if kind == "yarn":
        check("LlamaConfig", found, {"rope_theta": number(1.000001, 1e30, 10000)}, "rope_parameters with ")
    in_order = kind != "llama3" or found["low_freq_factor"] < found["high_freq_factor"]
    if not in_order or found.get("partial_rotary_factor", 1) != 1:
        raise error(
            ValueError,
            "LlamaConfig",
            got={"rope_parameters": found},
            rule="low_freq_factor is below high_freq_factor, and partial_rotary_factor is 1: whole heads turn",
            cure="write low_freq_factor=1.0, high_freq_factor=4.0, and no partial_rotary_factor",
        )
    unread = set(found) - {*_NEEDS[kind], *_MAY_HAVE.get(kind, ()), *_OF_ALL}
    if unread:
        warnings.warn(
            translated(
                f"LlamaConfig: rope_type {kind!r} does not read {', '.join(sorted(unread))}, here and in transformers"
            ),
            stacklevel=4,
        )
    return found


def _positive(value: Any) -> bool:
    """Whether it is a number that float32 can hold, and divide by."""
    return is_finite(value) and 1e-6 <= value <= 1e30


def frequencies(rope: Mapping[str, Any], head_dim: int, max_positions: int) -> tuple[Any, float]:
    """The angle by which each pair of a head turns from one position to the next (d/2,), and a factor of cos and sin.

    "dynamic" gives a function of the sequence's length in place of the angles.
    """
    kind, factor = rope["rope_type"], rope.get("factor", 1.0)
    speed = _speed(rope["rope_theta"], head_dim)
    if kind == "linear":
        return np.asarray(speed / np.float32(factor)), 1.0
    if kind == "dynamic":
        return _dynamic(rope, head_dim, max_positions), 1.0
    if kind == "llama3":
        return _llama3(rope, speed), 1.0
    if kind == "yarn":
        return _yarn(rope, speed), _yarn_scale(rope)
    return speed, 1.0


def _speed(base: float, d: int) -> Array:
    """base^(−2i/d) for each pair i of a head of ``d`` entries."""
    return np.asarray(1 / np.float32(base) ** (np.arange(0, d, 2, dtype=np.float32) / np.float32(d)))


def _dynamic(rope: Mapping[str, Any], d: int, max_positions: int) -> Callable[[int], Array]:
    """Beyond ``max_positions`` a base that grows with the length, so that the slowest pair turns ``factor`` times less.

    Each call turns by the length that it has reached. What is in a cache stays turned as it was, as in transformers.
    """
    if d < 4:
        raise error(
            ValueError,
            "LlamaConfig",
            got={"head_dim": d},
            rule='rope_type "dynamic" divides by head_dim − 2',
            cure="write head_dim=4 or more",
        )

    def of_length(length: int) -> Array:
        stretch = rope["factor"] * max(length, max_positions) / max_positions - (rope["factor"] - 1)
        return _speed(rope["rope_theta"] * stretch ** (d / (d - 2)), d)

    return of_length


def _llama3(rope: Mapping[str, Any], speed: Array) -> Array:
    """Pairs of which fewer than ``low_freq_factor`` waves fit into the context turn ``factor`` times slower.

    The context is that which the model was first trained with. Pairs with more than ``high_freq_factor`` waves are left
    as they are; in between the change is gradual.
    """
    low, high = rope["low_freq_factor"], rope["high_freq_factor"]
    waves = rope["original_max_position_embeddings"] * speed / np.float32(2 * math.pi)  # waves in that context
    kept = np.clip((waves - low) / (high - low), 0, 1)
    return np.asarray(speed * (kept + (1 - kept) / rope["factor"]), np.float32)


def _yarn(rope: Mapping[str, Any], speed: Array) -> Array:
    """Pairs of which fewer than ``beta_slow`` waves fit into the context turn ``factor`` times slower.

    The context is that which the model was first trained with. Pairs with more than ``beta_fast`` waves are left as
    they are; in between the change goes along a line over the pairs' numbers (Peng et al. 2023, section 3.2).
    """
    d = 2 * len(speed)

    def pair(waves: float) -> float:
        """Which pair, in entries of a head, has so many waves in the context that the model was first trained with."""
        context = rope["original_max_position_embeddings"]
        return d * math.log(context / (waves * 2 * math.pi)) / (2 * math.log(rope["rope_theta"]))

    first, last = pair(rope.get("beta_fast", 32)), pair(rope.get("beta_slow", 1))
    if rope.get("truncate", True):
        first, last = math.floor(first), math.ceil(last)
    first, last = max(first, 0), min(last, d - 1)
    line = (np.arange(d // 2, dtype=np.float32) - np.float32(first)) / np.float32(last - first or 0.001)
    stretched = np.clip(line, 0, 1)
    return np.asarray(speed / np.float32(rope["factor"]) * stretched + speed * (1 - stretched), np.float32)


def _yarn_scale(rope: Mapping[str, Any]) -> float:
    """What cos and sin are multiplied by: 0.1 · ln(factor) + 1, if the settings say nothing else."""
    if "attention_factor" in rope:
        return float(rope["attention_factor"])

    def scale(weight: float) -> float:
        return 0.1 * weight * math.log(rope["factor"]) + 1 if rope["factor"] > 1 else 1.0

    above, below = rope.get("mscale"), rope.get("mscale_all_dim")
    return scale(above) / scale(below) if above and below else scale(1)
