"""The usual learning-rate schedules, each with its formula."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import FunctionType
from typing import Any, ClassVar

from ..arguments import explained_constructor
from ..autograd.debugging import acts
from ..errors import error
from ..signals import whole
from .base import Optimizer
from .groups import Group, plain
from .restoring import Restorable
from .scheduling import LRScheduler, positive


class LambdaLR(LRScheduler):
    """lr = lr₀ · lr_lambda(step), with one function for all groups, or one for each.

    A state holds the attributes of functions that are objects of a class; it cannot hold other functions.

    >>> optimizer = SGD([Tensor([1.0], requires_grad=True)], lr=1.0)
    >>> schedule = LambdaLR(optimizer, lambda step: 0.5**step)
    >>> schedule.step(); schedule.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer: Optimizer, lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
                 last_epoch: int = -1) -> None:  # fmt: skip
        self.for_all = lr_lambda if callable(lr_lambda) else None
        self.lr_lambdas = [] if callable(lr_lambda) else list(lr_lambda)
        super().__init__(optimizer, last_epoch)

    def admit(self, groups: Iterable[Group]) -> None:
        super().admit(groups)
        if self.for_all is not None:
            self.lr_lambdas += [self.for_all] * (len(self.base_lrs) - len(self.lr_lambdas))
        if len(self.lr_lambdas) != len(self.base_lrs):
            raise error(
                ValueError,
                "LambdaLR",
                got=f"{len(self.lr_lambdas)} functions",
                rule=f"the optimiser has {len(self.base_lrs)} groups",
                cure=f"pass one function for all, or a list of {len(self.base_lrs)} as lr_lambda",
            )

    def rates(self, step: int) -> list[float]:
        return [lr * float(f(step)) for lr, f in zip(self.base_lrs, self.lr_lambdas, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        states = [None if isinstance(f, FunctionType) else dict(getattr(f, "__dict__", {})) for f in self.lr_lambdas]
        return {**super().state_dict(), "lr_lambdas": states}

    def _parts(self) -> tuple[object, ...]:
        return (self, *[f for f in self.lr_lambdas if isinstance(getattr(f, "__dict__", None), dict)])

    def _take(self, state: Mapping[str, Any]) -> None:
        super()._take({name: value for name, value in state.items() if name != "lr_lambdas"})
        for f, attributes in zip(self.lr_lambdas, state.get("lr_lambdas", ()), strict=False):
            if attributes is not None:
                f.__dict__.update(attributes)


class StepLR(LRScheduler):
    """lr = lr₀ · gamma^⌊step / step_size⌋: the rate is multiplied by ``gamma`` every ``step_size`` steps.

    >>> schedule = StepLR(SGD([Tensor([1.0], requires_grad=True)], lr=1.0), step_size=2, gamma=0.5)
    >>> [schedule.factor(step) for step in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    chains = True
    settings: ClassVar[dict[str, str]] = {"step_size": "step_size", "gamma": "gamma"}

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def check(self) -> None:
        positive(type(self).__name__, step_size=self.step_size)

    def factor(self, step: int) -> float:
        return float(self.gamma ** (step // self.step_size))


class MultiStepLR(LRScheduler):
    """lr = lr₀ · gamma^(milestones up to step): the rate is multiplied by ``gamma`` at each milestone.

    >>> schedule = MultiStepLR(SGD([Tensor([1.0], requires_grad=True)], lr=1.0), milestones=[1, 3], gamma=0.5)
    >>> [schedule.factor(step) for step in range(5)]
    [1.0, 0.5, 0.5, 0.25, 0.25]
    """

    chains = True
    settings: ClassVar[dict[str, str]] = {"milestones": "milestones", "gamma": "gamma"}

    def __init__(self, optimizer: Optimizer, milestones: Sequence[int], gamma: float = 0.1,
                 last_epoch: int = -1) -> None:  # fmt: skip
        self.milestones, self.gamma = sorted(plain(list(milestones))), gamma
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
    settings: ClassVar[dict[str, str]] = {"gamma": "gamma"}

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def factor(self, step: int) -> float:
        return float(self.gamma**step)


class PolynomialLR(LRScheduler):
    """lr = lr₀ · (1 − step / total_iters)^power, and 0 from ``total_iters`` on. Where that is 0, the rate stays lr₀.

    >>> schedule = PolynomialLR(SGD([Tensor([1.0], requires_grad=True)], lr=1.0), total_iters=2)
    >>> [schedule.factor(step) for step in range(4)]
    [1.0, 0.5, 0.0, 0.0]
    """

    chains = True
    settings: ClassVar[dict[str, str]] = {"total_iters": "total_iters", "power": "power"}

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer, last_epoch)

    def factor(self, step: int) -> float:
        if self.total_iters <= 0:
            return 1.0
        return float((1 - min(step, self.total_iters) / self.total_iters) ** self.power)


class CosineAnnealingLR(LRScheduler):
    """lr = eta_min + (lr₀ − eta_min) · (1 + cos(π · step / T_max)) / 2 (Loshchilov, Hutter 2017, eq. 5).

    After ``T_max`` it rises again, as in PyTorch; :class:`WarmupCosineLR` stays down.

    >>> schedule = CosineAnnealingLR(SGD([Tensor([1.0], requires_grad=True)], lr=1.0), T_max=2)
    >>> [round(schedule.rates(step)[0], 3) for step in range(4)]
    [1.0, 0.5, 0.0, 0.5]
    """

    chains = True
    settings: ClassVar[dict[str, str]] = {"T_max": "T_max", "eta_min": "eta_min"}

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def check(self) -> None:
        positive(type(self).__name__, T_max=self.T_max)

    def rates(self, step: int) -> list[float]:
        wave = (1 + math.cos(math.pi * step / self.T_max)) / 2
        return [self.eta_min + (lr - self.eta_min) * wave for lr in self.base_lrs]


class ReduceLROnPlateau(Restorable):
    """Multiplies the rate by ``factor`` when the metric that ``step`` is given has not improved for ``patience`` steps.

    ``mode`` says which way is better, "min" or "max". An improvement is larger than ``threshold``, relative to the best
    metric ("rel") or absolute ("abs"). After a reduction it waits ``cooldown`` steps. No rate falls below ``min_lr``.

    >>> schedule = ReduceLROnPlateau(SGD([Tensor([1.0], requires_grad=True)], lr=1.0), patience=1)
    >>> for loss in (2.0, 1.0, 1.0, 1.0):
    ...     schedule.step(loss)
    >>> schedule.get_last_lr()
    [0.1]
    """

    settings: ClassVar[dict[str, str]] = {"factor": "reduction", "default_min_lr": "least", **{name: name for name in (
        "mode", "patience", "threshold", "threshold_mode", "cooldown", "eps", "best", "num_bad_epochs",
        "cooldown_counter", "last_epoch",
    )}}  # fmt: skip

    @explained_constructor
    def __init__(self, optimizer: Optimizer, mode: str = "min", factor: float = 0.1, patience: int = 10,
                 threshold: float = 1e-4, threshold_mode: str = "rel", cooldown: int = 0,
                 min_lr: float | Sequence[float] = 0.0, eps: float = 1e-8) -> None:  # fmt: skip
        self.optimizer, self.mode, self.reduction, self.patience = optimizer, mode, plain(factor), plain(patience)
        self.threshold, self.threshold_mode, self.eps = plain(threshold), threshold_mode, plain(eps)
        self.check()
        self.cooldown, least = plain(cooldown), plain(min_lr)
        self.least: float | None = None if isinstance(least, Sequence) else least  # of each group
        self.min_lrs: list[float] = list(least) if isinstance(least, Sequence) else []
        self.best = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs = self.cooldown_counter = self.last_epoch = 0
        self._admit()

    def check(self) -> None:
        """Raise if the settings make no sense, those of the constructor or those of a state."""
        if not self.reduction < 1 or self.mode not in ("min", "max") or self.threshold_mode not in ("rel", "abs"):
            raise error(
                ValueError,
                "ReduceLROnPlateau",
                got={"factor": self.reduction, "mode": repr(self.mode), "threshold_mode": repr(self.threshold_mode)},
                rule='factor is below 1, mode "min" or "max", threshold_mode "rel" or "abs"',
                cure='write for example factor=0.1, mode="min"',
            )

    def _admit(self) -> None:
        """Take in the groups that were added to the optimiser."""
        groups = self.optimizer.param_groups
        if self.least is not None:
            self.min_lrs += [self.least] * (len(groups) - len(self.min_lrs))
        if len(self.min_lrs) != len(groups):
            raise error(
                ValueError,
                "ReduceLROnPlateau",
                got={"min_lr": self.min_lrs},
                rule=f"the optimiser has {len(groups)} groups",
                cure=f"write one number for all, or a list of {len(groups)} for min_lr",
            )

    def is_better(self, metric: float) -> bool:
        """Whether ``metric`` improves on the best one so far."""
        sign = 1 if self.mode == "min" else -1
        if self.threshold_mode == "rel" and math.isfinite(self.best):
            return sign * metric < sign * self.best * (1 - sign * self.threshold)
        return sign * metric < sign * self.best - (self.threshold if self.threshold_mode == "abs" else 0)

    @acts
    @whole
    def step(self, metrics: Any) -> None:
        """Note the metric of one more step, and reduce the rate if it is time."""
        self._admit()
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
            self.optimizer.rates_loaded = False
            for group, least in zip(self.optimizer.param_groups, self.min_lrs, strict=True):
                reduced = max(group["lr"] * self.reduction, least)
                if group["lr"] - reduced > self.eps:
                    group["lr"] = reduced

    @acts
    def get_last_lr(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        settings = {theirs: getattr(self, ours) for theirs, ours in self.settings.items()}
        return {**settings, "min_lrs": list(self.min_lrs), "_last_lr": self.get_last_lr()}

    def _take(self, state: Mapping[str, Any]) -> None:
        n_groups = len(state.get("min_lrs", ()))
        if n_groups != len(self.min_lrs):
            raise error(
                ValueError,
                "load_state_dict of ReduceLROnPlateau",
                got=f"a state of {n_groups} groups",
                rule=f"the optimiser has {len(self.min_lrs)} groups",
                cure="build the schedule and the optimiser as those that were saved",
            )
        for theirs, ours in self.settings.items():
            setattr(self, ours, plain(state[theirs]) if theirs in state else getattr(self, ours))
        self.min_lrs = list(plain(state["min_lrs"]))

    def _put(self, state: Mapping[str, Any]) -> None:
        if not self.optimizer.rates_loaded:
            for group, lr in zip(self.optimizer.param_groups, state["_last_lr"], strict=True):
                group["lr"] = lr
