"""Learning-rate schedules: the rate of a step is computed from the step's number, so a schedule can go on anywhere."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import error
from .base import Optimizer


class LRScheduler:
    """Sets the learning rate of every group to its initial one times ``factor(step)``; call ``step()`` once a step.

    The rate for step 0 is set when the schedule is made. Subclasses say what ``factor`` is, or what ``rates`` are.
    """

    #: Whether it scales the rate that it finds, another schedule's or one set by hand, or sets its own; as in PyTorch.
    chains = False
    eta_min = 0.0  # what it scales the distance to
    _saved: tuple[str, ...] = ("base_lrs",)  # lists with a number for each group, which go into a checkpoint

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer, self.last_epoch = optimizer, last_epoch
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
        self.base_lrs: list[float] = [group["initial_lr"] for group in optimizer.param_groups]
        if last_epoch < 0:
            self.step()
        else:  # the optimiser may be a new one, whose rate nobody has changed yet
            self.apply(last_epoch + 1)
            self.last_epoch += 1

    def factor(self, step: int) -> float:
        raise NotImplementedError

    def rates(self, step: int) -> list[float]:
        """The learning rate of each group at ``step``."""
        return [lr * self.factor(step) for lr in self.base_lrs]

    def apply(self, step: int) -> None:
        """Set the optimiser's groups to what the schedule says for ``step``."""
        for group, lr in zip(self.optimizer.param_groups, self.rates(step), strict=True):
            group["lr"] = lr

    def step(self) -> None:
        step, found = self.last_epoch + 1, self.get_last_lr()
        before = self.base_lrs if step == 0 else self.rates(self.last_epoch)
        self.apply(step)
        if self.chains and found != before:
            least = self.eta_min
            for group, now, then in zip(self.optimizer.param_groups, found, before, strict=True):
                if then != least:
                    group["lr"] = least + (now - least) * (group["lr"] - least) / (then - least)
        self.last_epoch = step

    def get_last_lr(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        return {"last_epoch": self.last_epoch, **{name: list(getattr(self, name)) for name in self._saved}}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        for name in self._saved:
            setattr(self, name, list(state_dict.get(name, getattr(self, name))))
        self.apply(state_dict["last_epoch"])
        self.last_epoch = state_dict["last_epoch"]


class LambdaLR(LRScheduler):
    """The factor is a function of the step, or one function for each group.

    >>> optimizer = SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
    >>> schedule = LambdaLR(optimizer, lambda step: 0.5**step)
    >>> schedule.step(); schedule.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer: Optimizer, lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
                 last_epoch: int = -1) -> None:  # fmt: skip
        self.lr_lambdas = [lr_lambda] * len(optimizer.param_groups) if callable(lr_lambda) else list(lr_lambda)
        if len(self.lr_lambdas) != len(optimizer.param_groups):
            raise error(
                ValueError,
                "LambdaLR",
                got=f"{len(self.lr_lambdas)} functions",
                rule=f"the optimiser has {len(optimizer.param_groups)} groups",
                cure="pass one function for all, or one each",
            )
        super().__init__(optimizer, last_epoch)

    def rates(self, step: int) -> list[float]:
        return [lr * float(f(step)) for lr, f in zip(self.base_lrs, self.lr_lambdas, strict=True)]


class StepLR(LRScheduler):
    """gamma times the rate every ``step_size`` steps: lr = lr₀ · gamma^⌊step / step_size⌋."""

    chains = True

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def factor(self, step: int) -> float:
        return float(self.gamma ** (step // self.step_size))


class MultiStepLR(LRScheduler):
    """gamma times the rate at each milestone."""

    chains = True

    def __init__(self, optimizer: Optimizer, milestones: Sequence[int], gamma: float = 0.1,
                 last_epoch: int = -1) -> None:  # fmt: skip
        self.milestones, self.gamma = sorted(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def factor(self, step: int) -> float:
        return float(self.gamma ** bisect_right(self.milestones, step))


class ExponentialLR(LRScheduler):
    """gamma times the rate every step: lr = lr₀ · gamma^step."""

    chains = True

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def factor(self, step: int) -> float:
        return float(self.gamma**step)


class LinearLR(LRScheduler):
    """From ``start_factor`` to ``end_factor`` on a line over ``total_iters`` steps, then constant: a warm-up.

    >>> schedule = LinearLR(SGD([Tensor([1.0], requires_grad=True)], lr=1.0), start_factor=0.5, total_iters=2)
    >>> [schedule.factor(step) for step in range(4)]
    [0.5, 0.75, 1.0, 1.0]
    """

    chains = True

    def __init__(self, optimizer: Optimizer, start_factor: float = 1 / 3, end_factor: float = 1.0,
                 total_iters: int = 5, last_epoch: int = -1) -> None:  # fmt: skip
        if not 0 < start_factor <= 1 or not 0 <= end_factor <= 1:
            raise error(
                ValueError,
                type(self).__name__,
                got={"start_factor": start_factor, "end_factor": end_factor},
                rule="both factors lie in 0 … 1, and the first is not 0",
                cure="scale the optimiser's lr instead",
            )
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def factor(self, step: int) -> float:
        if step >= self.total_iters:
            return self.end_factor
        return self.start_factor + (self.end_factor - self.start_factor) * step / self.total_iters


class ConstantLR(LinearLR):
    """``factor`` times the rate for ``total_iters`` steps, then the rate itself."""

    def __init__(self, optimizer: Optimizer, factor: float = 1 / 3, total_iters: int = 5,
                 last_epoch: int = -1) -> None:  # fmt: skip
        super().__init__(optimizer, factor, 1.0, total_iters, last_epoch)

    def factor(self, step: int) -> float:
        return self.start_factor if step < self.total_iters else 1.0


class PolynomialLR(LRScheduler):
    """lr = lr₀ · (1 − step / total_iters)^power, and 0 from ``total_iters`` on."""

    chains = True

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer, last_epoch)

    def factor(self, step: int) -> float:
        return float((1 - min(step, self.total_iters) / self.total_iters) ** self.power)


class CosineAnnealingLR(LRScheduler):
    """lr = eta_min + (lr₀ − eta_min) · (1 + cos(π · step / T_max)) / 2 (Loshchilov, Hutter 2017, eq. 5).

    After ``T_max`` it rises again, as in PyTorch; :class:`WarmupCosineLR` stays down.
    """

    chains = True

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def rates(self, step: int) -> list[float]:
        wave = (1 + math.cos(math.pi * step / self.T_max)) / 2
        return [self.eta_min + (lr - self.eta_min) * wave for lr in self.base_lrs]


class WarmupCosineLR(LRScheduler):
    """On a line to the full rate over ``warmup`` steps, then along a cosine to ``min_factor`` at ``total`` steps.

    >>> schedule = WarmupCosineLR(SGD([Tensor([1.0], requires_grad=True)], lr=1.0), warmup=2, total=10)
    >>> [round(schedule.factor(step), 3) for step in (0, 1, 2, 6, 10)]
    [0.5, 1.0, 1.0, 0.5, 0.0]
    """

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
    """factor = d_model^−0.5 · min(step^−0.5, step · warmup^−1.5), step from 1 ("Attention Is All You Need", eq. 3).

    The paper uses it with ``lr=1``.

    >>> schedule = NoamLR(SGD([Tensor([1.0], requires_grad=True)], lr=1.0), d_model=512, warmup=4000)
    >>> f"{schedule.factor(3999):.6e}"
    '6.987712e-04'
    """

    def __init__(self, optimizer: Optimizer, d_model: int, warmup: int = 4000, last_epoch: int = -1) -> None:
        self.d_model, self.warmup = d_model, warmup
        super().__init__(optimizer, last_epoch)

    def factor(self, step: int) -> float:
        n = step + 1
        return float(self.d_model**-0.5 * min(n**-0.5, n * self.warmup**-1.5))


class SequentialLR(LRScheduler):
    """One schedule after the other: each begins at its milestone, and counts its own steps from there.

    >>> optimizer = SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
    >>> warmup, decay = LinearLR(optimizer, 0.5, total_iters=2), ExponentialLR(optimizer, 0.5)
    >>> schedule = SequentialLR(optimizer, [warmup, decay], milestones=[2])
    >>> [schedule.rates(step)[0] for step in range(5)]
    [0.5, 0.75, 1.0, 0.5, 0.25]
    """

    def __init__(self, optimizer: Optimizer, schedulers: Sequence[LRScheduler], milestones: Sequence[int],
                 last_epoch: int = -1) -> None:  # fmt: skip
        if len(schedulers) != len(milestones) + 1 or any(s.optimizer is not optimizer for s in schedulers):
            raise error(
                ValueError,
                "SequentialLR",
                got=f"{len(schedulers)} schedules and {len(milestones)} milestones",
                rule="between two schedules lies a milestone, and all of them are of this optimiser",
                cure="pass one milestone fewer than schedules",
            )
        self.schedulers, self.milestones = list(schedulers), list(milestones)
        super().__init__(optimizer, last_epoch)

    def _now(self, step: int) -> tuple[LRScheduler, int]:
        i = bisect_right(self.milestones, step)
        return self.schedulers[i], step - (self.milestones[i - 1] if i else 0)

    def rates(self, step: int) -> list[float]:
        scheduler, own_step = self._now(step)
        return scheduler.rates(own_step)

    def apply(self, step: int) -> None:
        scheduler, own_step = self._now(step)
        scheduler.apply(own_step)

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "schedulers": [scheduler.state_dict() for scheduler in self.schedulers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        for scheduler, saved in zip(self.schedulers, state_dict.get("schedulers", ()), strict=False):
            scheduler.load_state_dict(saved)
        super().load_state_dict(state_dict)


class ReduceLROnPlateau:
    """``factor`` times the rate when the metric given to ``step(metric)`` has not improved for ``patience`` steps.

    ``mode`` "min" or "max" says which way is better; an improvement is larger than ``threshold``, relative to the best
    ("rel") or absolute ("abs"). After a reduction it waits ``cooldown`` steps; no rate falls below ``min_lr``.

    >>> schedule = ReduceLROnPlateau(SGD([Tensor([1.0], requires_grad=True)], lr=1.0), patience=1)
    >>> for loss in (2.0, 1.0, 1.0, 1.0):
    ...     schedule.step(loss)
    >>> schedule.get_last_lr()
    [0.1]
    """

    def __init__(self, optimizer: Optimizer, mode: str = "min", factor: float = 0.1, patience: int = 10,
                 threshold: float = 1e-4, threshold_mode: str = "rel", cooldown: int = 0,
                 min_lr: float | Sequence[float] = 0.0, eps: float = 1e-8) -> None:  # fmt: skip
        if factor >= 1 or mode not in ("min", "max") or threshold_mode not in ("rel", "abs"):
            got = {"factor": factor, "mode": repr(mode), "threshold_mode": repr(threshold_mode)}
            raise error(
                ValueError,
                "ReduceLROnPlateau",
                got=got,
                rule='factor is below 1, mode "min" or "max", threshold_mode "rel" or "abs"',
                cure='write for example factor=0.1, mode="min"',
            )
        self.optimizer, self.mode, self.reduction, self.patience = optimizer, mode, factor, patience
        self.threshold, self.threshold_mode, self.cooldown, self.eps = threshold, threshold_mode, cooldown, eps
        n_groups = len(optimizer.param_groups)
        self.min_lrs = list(min_lr) if isinstance(min_lr, Sequence) else [min_lr] * n_groups
        self.best = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs = self.cooldown_counter = self.last_epoch = 0

    def is_better(self, metric: float) -> bool:
        sign = 1 if self.mode == "min" else -1
        if self.threshold_mode == "rel" and math.isfinite(self.best):
            return sign * metric < sign * self.best * (1 - sign * self.threshold)
        return sign * metric < sign * self.best - (self.threshold if self.threshold_mode == "abs" else 0)

    def step(self, metrics: Any) -> None:
        metric = float(metrics)
        self.last_epoch += 1
        self.num_bad_epochs += 1
        if self.is_better(metric):
            self.best, self.num_bad_epochs = metric, 0
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
            for group, least in zip(self.optimizer.param_groups, self.min_lrs, strict=True):
                reduced = max(group["lr"] * self.reduction, least)
                if group["lr"] - reduced > self.eps:
                    group["lr"] = reduced

    def get_last_lr(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        names = ("best", "num_bad_epochs", "cooldown_counter", "last_epoch")
        return {**{name: getattr(self, name) for name in names}, "lrs": self.get_last_lr()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        for group, lr in zip(self.optimizer.param_groups, state_dict["lrs"], strict=True):
            group["lr"] = lr
        for name in ("best", "num_bad_epochs", "cooldown_counter", "last_epoch"):
            setattr(self, name, state_dict[name])
