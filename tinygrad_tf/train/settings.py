"""How to train, and what came of it step by step."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..fields import Kind, check, whole

_FIELDS = {
    "steps": whole(1, example=1000), "batch_size": whole(1, example=64),
    "max_norm": Kind(  # another kind of number is looked at where it is noted
        lambda x: not isinstance(x, (int, float)) or x > 0, "a number above 0, math.inf for no bound", "1.0"
    ),
    **dict.fromkeys(("eval_every", "eval_pairs"), whole(1, example=200)),
}  # fmt: skip


@dataclass(frozen=True)
class TrainConfig:
    """How to train. AdamW's rate warms up to ``lr`` and falls along a cosine; a batch is drawn anew for every step.

    ``max_norm`` bounds the gradients' norm. Every ``eval_every`` steps the score is measured on ``eval_pairs`` held-out
    pairs, at the end on all of them, and the checkpoint is written. Raises ValueError unless the numbers of steps and
    pairs are whole and at least 1, and ``max_norm`` above 0; the optimiser and its schedule look at the others.
    """

    steps: int = 1000
    batch_size: int = 64
    lr: float = 5e-3
    warmup: int = 100
    max_norm: float = 1.0
    eval_every: int = 200
    eval_pairs: int = 200

    def __post_init__(self) -> None:
        check("TrainConfig", vars(self), _FIELDS)


@dataclass
class History:
    """The loss of every step, and the exact-match score by the step at which it was measured."""

    loss: list[float] = field(default_factory=list)
    accuracy: dict[int, float] = field(default_factory=dict)
