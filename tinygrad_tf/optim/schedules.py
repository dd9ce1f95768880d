"""Learning-rate schedules. A step's rate follows from its number alone, so a schedule can go on from any step."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import error
from .base import Optimizer


class LRScheduler:
    """The base of schedules. It sets the learning rate of every group to the initial one times ``factor(step)``.

    The rate of step 0 is set when the schedule is made; ``step()`` after each step of training sets the next.
    Subclasses write ``factor``, or ``rates``. lr₀ in their formulas is the group's initial rate.
    """

    #: Whether it scales the rate that it finds, by another schedule or by hand, as in PyTorch. Else it sets its own.
    chains = False
    eta_min = 0.0  # the rate that the scaling leaves as it is
    _saved: tuple[str, ...] = ("base_lrs",)  # lists with a number for each group, which go into a checkpoint

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer, self.last_epoch = optimizer, last_epoch
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
        self.base_lrs: list[float] = [group["initial_lr"] for group in optimizer.param_groups]
        if last_epoch < 0:
            self.step()
        else:  # the optimiser may be new and have its initial rate
            self.apply(last_epoch + 1)
            self.last_epoch += 1

    def factor(self, step: int) -> float:
        """What the initial rate is multiplied by at ``step``."""
        raise NotImplementedError

    def rates(self, step: int) -> list[float]:
        """The learning rate of each group at ``step``."""
        return [lr * self.factor(step) for lr in self.base_lrs]

    def apply(self, step: int) -> None:
        """Set the optimiser's groups to what the schedule says for ``step``."""
        for group, lr in zip(self.optimizer.param_groups, self.rates(step), strict=True):
            group["lr"] = lr

    def step(self) -> None:
        """Go on to the next step and set its rate."""
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
        """The learning rate of each group now."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """What :meth:`load_state_dict` needs to go on from this step."""
        return {"last_epoch": self.last_epoch, **{name: list(getattr(self, name)) for name in self._saved}}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what :meth:`state_dict` returned, and set that rate."""
        for name in self._saved:
            setattr(self, name, list(state_dict.get(name, getattr(self, name))))
        self.apply(state_dict["last_epoch"])
        self.last_epoch = state_dict["last_epoch"]


class LambdaLR(LRScheduler):
    """lr = lr₀ · lr_lambda(step), with one function for all groups, or one for each.

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
                cure=f"pass one function for all, or a list of {len(optimizer.param_groups)} as lr_lambda",
            )
        super().__init__(optimizer, last_epoch)

    def rates(self, step: int) -> list[float]:
        return [lr * float(f(step)) for lr, f in zip(self.base_lrs, self.lr_lambdas, strict=True)]


class StepLR(LRScheduler):
    """lr = lr₀ · gamma^⌊step / step_size⌋: the rate is multiplied by ``gamma`` every ``step_size`` steps.

    >>> schedule = StepLR(SGD([Tensor([1.0], requires_grad=True)], lr=1.0), step_size=2, gamma=0.5)
    >>> [schedule.factor(step) for step in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    chains = True

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def factor(self, step: int) -> float:
        return float(self.gamma ** (step // self.step_size))


class MultiStepLR(LRScheduler):
    """lr = lr₀ · gamma^(milestones up to step): the rate is multiplied by ``gamma`` at each milestone.

    >>> schedule = MultiStepLR(SGD([Tensor([1.0], requires_grad=True)], lr=1.0), milestones=[1, 3], gamma=0.5)
    >>> [schedule.factor(step) for step in range(5)]
    [1.0, 0.5, 0.5, 0.25, 0.25]
    """

    chains = True

    def __init__(self, optimizer: Optimizer, milestones: Sequence[int], gamma: float = 0.1,
                 last_epoch: int = -1) -> None:  # fmt: skip
        self.milestones, self.gamma = sorted(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def factor(self, step: int) -> float:
        return float(self.gamma ** bisect_right(self.milestones, step))


class ExponentialLR(LRScheduler):
    """lr = lr₀ · gamma^step: the rate is multiplied by ``gamma`` at every step.

    >>> schedule = ExponentialLR(SGD([Tensor([1.0], requires_grad=True)], lr=1.0), gamma=0.5)
    >>> [schedule.factor(step) for step in range(3)]
    [1.0, 0.5, 0.25]
    """

    chains = True

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def factor(self, step: int) -> float:
        return float(self.gamma**step)


class PolynomialLR(LRScheduler):
    """lr = lr₀ · (1 − step / total_iters)^power, and 0 from ``total_iters`` on.

    >>> schedule = PolynomialLR(SGD([Tensor([1.0], requires_grad=True)], lr=1.0), total_iters=2)
    >>> [schedule.factor(step) for step in range(4)]
    [1.0, 0.5, 0.0, 0.0]
    """

    chains = True

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer, last_epoch)

    def factor(self, step: int) -> float:
        return float((1 - min(step, self.total_iters) / self.total_iters) ** self.power)


class CosineAnnealingLR(LRScheduler):
    """lr = eta_min + (lr₀ − eta_min) · (1 + cos(π · step / T_max)) / 2 (Loshchilov, Hutter 2017, eq. 5).

    After ``T_max`` it rises again, as in PyTorch; :class:`WarmupCosineLR` stays down.

    >>> schedule = CosineAnnealingLR(SGD([Tensor([1.0], requires_grad=True)], lr=1.0), T_max=2)
    >>> [round(schedule.rates(step)[0], 3) for step in range(4)]
    [1.0, 0.5, 0.0, 0.5]
    """

    chains = True

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def rates(self, step: int) -> list[float]:
        wave = (1 + math.cos(math.pi * step / self.T_max)) / 2
        return [self.eta_min + (lr - self.eta_min) * wave for lr in self.base_lrs]


class ReduceLROnPlateau:
    """Multiplies the rate by ``factor`` when the metric that ``step`` is given has not improved for ``patience`` steps.

    ``mode`` says which way is better, "min" or "max". An improvement is larger than ``threshold``, relative to the best
    metric ("rel") or absolute ("abs"). After a reduction it waits ``cooldown`` steps. No rate falls below ``min_lr``.

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
        """Whether ``metric`` improves on the best one so far."""
        sign = 1 if self.mode == "min" else -1
        if self.threshold_mode == "rel" and math.isfinite(self.best):
            return sign * metric < sign * self.best * (1 - sign * self.threshold)
        return sign * metric < sign * self.best - (self.threshold if self.threshold_mode == "abs" else 0)

    def step(self, metrics: Any) -> None:
        """Note the metric of one more step, and reduce the rate if it is time."""
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
