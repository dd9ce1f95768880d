"""How to train, and what came of it step by step."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..errors import error


@dataclass(frozen=True)
class TrainConfig:
    """How to train. AdamW's rate warms up to ``lr`` and falls along a cosine; a batch is drawn anew for every step.

    ``max_norm`` bounds the gradients' norm. Every ``eval_every`` steps the score is measured on ``eval_pairs`` held-out
    pairs, at the end on all of them, and the checkpoint is written.
    """

    steps: int = 1000
    batch_size: int = 64
    lr: float = 5e-3
    warmup: int = 100
    max_norm: float = 1.0
    eval_every: int = 200
    eval_pairs: int = 200

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "eval_every", "eval_pairs"):
            if getattr(self, name) < 1:
                raise error(
                    ValueError,
                    "TrainConfig",
                    got={name: getattr(self, name)},
                    rule=f"{name} is at least 1",
                    cure=f"write for example {name}={getattr(type(self), name)}",
                )


@dataclass
class History:
    """The loss of every step, and the exact-match score by the step at which it was measured."""

    loss: list[float] = field(default_factory=list)
    accuracy: dict[int, float] = field(default_factory=dict)
