"""Schedules that begin with a warm-up, and :class:`SequentialLR`, which puts one before any other schedule."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ..autograd.debugging import acts
from ..errors import error
from ..signals import whole
from .base import Optimizer
from .groups import plain
from .scheduling import LRScheduler, positive


class LinearLR(LRScheduler):
    """From lr₀ · start_factor to lr₀ · end_factor on a line over ``total_iters`` steps, then constant: a warm-up.

    With ``total_iters=0`` it stays at lr₀ · start_factor, as in PyTorch.

    >>> schedule = LinearLR(SGD([Tensor([1.0], requires_grad=True)], lr=1.0), start_factor=0.5, total_iters=2)
    >>> [schedule.factor(step) for step in range(4)]
    [0.5, 0.75, 1.0, 1.0]
    """

    chains = True
    settings: ClassVar[dict[str, str]] = {
        "start_factor": "start_factor", "end_factor": "end_factor", "total_iters": "total_iters",
    }  # fmt: skip

    def __init__(self, optimizer: Optimizer, start_factor: float = 1 / 3, end_factor: float = 1.0,
                 total_iters: int = 5, last_epoch: int = -1) -> None:  # fmt: skip
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def check(self) -> None:
        if not 0 < self.start_factor <= 1 or not 0 <= self.end_factor <= 1:
            raise error(
                ValueError,
                type(self).__name__,
                got={"start_factor": self.start_factor, "end_factor": self.end_factor},
                rule="both factors lie in 0 … 1, and the first is not 0",
                cure="write start_factor=0.1, and give the optimiser a larger lr for a larger rate",
            )

    def factor(self, step: int) -> float:
        if self.total_iters <= 0:
            return self.start_factor
        if step >= self.total_iters:
            return self.end_factor
        return self.start_factor + (self.end_factor - self.start_factor) * step / self.total_iters


class ConstantLR(LRScheduler):
    """lr = lr₀ · factor for ``total_iters`` steps, then lr₀. Where these are 0, it stays lr₀ · factor, as in PyTorch.

    >>> schedule = ConstantLR(SGD([Tensor([1.0], requires_grad=True)], lr=1.0), factor=0.5, total_iters=2)
    >>> [schedule.factor(step) for step in range(4)]
    [0.5, 0.5, 1.0, 1.0]
    """

    chains = True
    settings: ClassVar[dict[str, str]] = {"factor": "share", "total_iters": "total_iters"}

    def __init__(self, optimizer: Optimizer, factor: float = 1 / 3, total_iters: int = 5,
                 last_epoch: int = -1) -> None:  # fmt: skip
        self.share, self.total_iters = factor, total_iters
        super().__init__(optimizer, last_epoch)

    def check(self) -> None:
        if not 0 <= self.share <= 1:
            raise error(
                ValueError,
                "ConstantLR",
                got={"factor": self.share},
                rule="the factor lies in 0 … 1",
                cure="write factor=0.1, and give the optimiser a larger lr for a larger rate",
            )

    def factor(self, step: int) -> float:
        return 1.0 if 0 < self.total_iters <= step else self.share


class WarmupCosineLR(LRScheduler):
    """On a line to lr₀ over ``warmup`` steps, then along a cosine to lr₀ · min_factor at step ``total``.

    >>> schedule = WarmupCosineLR(SGD([Tensor([1.0], requires_grad=True)], lr=1.0), warmup=2, total=10)
    >>> [round(schedule.factor(step), 3) for step in (0, 1, 2, 6, 10)]
    [0.5, 1.0, 1.0, 0.5, 0.0]
    """

    settings: ClassVar[dict[str, str]] = {"warmup": "warmup", "total": "total", "min_factor": "min_factor"}

    def __init__(self, optimizer: Optimizer, warmup: int, total: int, min_factor: float = 0.0,
                 last_epoch: int = -1) -> None:  # fmt: skip
        self.warmup, self.total, self.min_factor = warmup, total, min_factor
        super().__init__(optimizer, last_epoch)

    def factor(self, step: int) -> float:
        if step < self.warmup:
            return (step + 1) / self.warmup
        done = min(1.0, (step - self.warmup) / max(1, self.total - self.warmup))
        return self.min_factor + (1 - self.min_factor) * (1 + math.cos(math.pi * done)) / 2


class NoamLR(LRScheduler):
    """lr = lr₀ · d_model^−0.5 · min(n^−0.5, n · warmup^−1.5), where n is step + 1 ("Attention Is All You Need", eq. 3).

    The paper has lr₀ = 1.

    >>> schedule = NoamLR(SGD([Tensor([1.0], requires_grad=True)], lr=1.0), d_model=512, warmup=4000)
    >>> f"{schedule.factor(3999):.6e}"
    '6.987712e-04'
    """

    settings: ClassVar[dict[str, str]] = {"d_model": "d_model", "warmup": "warmup"}

    def __init__(self, optimizer: Optimizer, d_model: int, warmup: int = 4000, last_epoch: int = -1) -> None:
        self.d_model, self.warmup = d_model, warmup
        super().__init__(optimizer, last_epoch)

    def check(self) -> None:
        positive("NoamLR", d_model=self.d_model, warmup=self.warmup)

    def factor(self, step: int) -> float:
        n = step + 1
        return float(self.d_model**-0.5 * min(n**-0.5, n * self.warmup**-1.5))


class SequentialLR(LRScheduler):
    """One schedule after the other. Each begins at its milestone, from lr₀, and counts its steps from there.

    >>> optimizer = SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
    >>> warmup, decay = LinearLR(optimizer, 0.5, total_iters=2), ExponentialLR(optimizer, 0.5)
    >>> schedule = SequentialLR(optimizer, [warmup, decay], milestones=[2])
    >>> [schedule.rates(step)[0] for step in range(5)]
    [0.5, 0.75, 1.0, 0.5, 0.25]
    """

    settings: ClassVar[dict[str, str]] = {"_milestones": "milestones"}

    def __init__(self, optimizer: Optimizer, schedulers: Sequence[LRScheduler], milestones: Sequence[int],
                 last_epoch: int = -1) -> None:  # fmt: skip
        if len(schedulers) != len(milestones) + 1 or any(s.optimizer is not optimizer for s in schedulers):
            raise error(
                ValueError,
                "SequentialLR",
                got=f"{len(schedulers)} schedules and {len(milestones)} milestones",
                rule="between two schedules lies a milestone, and all of them are of this optimiser",
                cure="give milestones one entry fewer than schedulers, and build these with the same optimizer",
            )
        self.schedulers, self.milestones = list(schedulers), plain(list(milestones))
        for group in optimizer.param_groups:  # the schedules have each set the rate of their own step 0
            group["lr"] = group["initial_lr"]
        super().__init__(optimizer, last_epoch)

    def _now(self, step: int) -> tuple[LRScheduler, int]:
        i = bisect_right(self.milestones, step)
        return self.schedulers[i], step - (self.milestones[i - 1] if i else 0)

    def rates(self, step: int) -> list[float]:
        scheduler, own_step = self._now(step)
        return scheduler.rates(own_step)

    def apply(self, step: int) -> None:
        scheduler, own_step = self._now(step)
        scheduler.last_epoch = own_step
        scheduler.apply(own_step)

    @acts
    @whole
    def step(self, epoch: int | None = None) -> None:
        """Go on to the next step and set its rate. Where a schedule begins, what was set by hand no longer counts."""
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        scheduler, own_step = self._now(self.last_epoch)
        for each in (self, *self.schedulers):
            each.admit(self.optimizer.param_groups[len(each.base_lrs) :])  # later ones
        if own_step == 0 and self.last_epoch > 0:
            self.apply(self.last_epoch)
        else:
            scheduler.last_epoch = own_step - 1
            scheduler.step()

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "_schedulers": [scheduler.state_dict() for scheduler in self.schedulers]}

    def _parts(self) -> tuple[object, ...]:
        return (self, *self.schedulers)

    def _take(self, state: Mapping[str, Any]) -> None:
        n = len(state.get("_milestones", self.milestones))
        if n != len(self.milestones):
            raise error(
                ValueError,
                "load_state_dict of SequentialLR",
                got=f"{len(self.schedulers)} schedules and {n} milestones",
                rule="between two schedules lies a milestone, and all of them are of this optimiser",
                cure="build the schedule and the optimiser as those that were saved",
            )
        parts = state.get("_schedulers", ())
        for scheduler, saved in zip(self.schedulers, parts, strict=bool(parts)):
            scheduler.load_state_dict(saved)
        super()._take({name: value for name, value in state.items() if name != "_schedulers"})
