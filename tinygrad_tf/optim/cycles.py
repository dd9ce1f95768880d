"""Schedules that go up and down: in cycles, with restarts, or once. Two of them move the momentum the other way."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from ..errors import error, unwritten
from ..fields import is_whole
from .base import Optimizer
from .groups import Group, plain
from .scheduling import LRScheduler, positive

#: One number for all groups, or one for each.
PerGroup = float | Sequence[float]


def per_group(value: PerGroup, name: str, optimizer: Optimizer) -> list[float]:
    """``value`` as one number for each group."""
    n_groups = len(optimizer.param_groups)
    value = plain(value)
    values = list(value) if isinstance(value, Sequence) else [value] * n_groups
    if len(values) != n_groups:
        raise error(
            ValueError,
            "a schedule",
            got={name: value},
            rule=f"the optimiser has {n_groups} groups",
            cure=f"write one number for all, or a list of {n_groups} for {name}",
        )
    return values


class CosineAnnealingWarmRestarts(LRScheduler):
    """A cosine from lr₀ to ``eta_min`` in ``T_0`` steps, then again, in periods that grow by ``T_mult``.

    lr = eta_min + (lr₀ − eta_min) · (1 + cos(π · t / T)) / 2 at step t of a period of T (Loshchilov, Hutter 2017).

    >>> schedule = CosineAnnealingWarmRestarts(SGD([Tensor([1.0], requires_grad=True)], lr=1.0), T_0=2)
    >>> [round(schedule.rates(step)[0], 3) for step in range(5)]
    [1.0, 0.5, 1.0, 0.5, 1.0]
    """

    settings: ClassVar[dict[str, str]] = {"T_0": "T_0", "T_mult": "T_mult", "eta_min": "eta_min"}

    def __init__(self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0,
                 last_epoch: int = -1) -> None:  # fmt: skip
        self.T_0, self.T_mult, self.eta_min = T_0, T_mult, eta_min
        super().__init__(optimizer, last_epoch)

    def check(self) -> None:
        if not all(is_whole(x) and x >= 1 for x in (self.T_0, self.T_mult)):
            raise error(
                ValueError,
                "CosineAnnealingWarmRestarts",
                got={"T_0": self.T_0, "T_mult": self.T_mult},
                rule="a period has at least one step, and the next is no shorter",
                cure="write T_0=10, T_mult=2",
            )

    def rates(self, step: int) -> list[float]:
        t, T = (step % self.T_0, self.T_0) if self.T_mult == 1 else (step, self.T_0)
        while t >= T:
            t, T = t - T, T * self.T_mult
        wave = (1 + math.cos(math.pi * t / T)) / 2
        return [self.eta_min + (lr - self.eta_min) * wave for lr in self.base_lrs]


class MomentumCycle(LRScheduler):
    """The base of schedules that also set the momentum of every group, or Adam's first beta.

    With ``cycle_momentum=False`` they leave it alone. Their rates and momentums are given for each group, so that none
    may be added to the optimiser afterwards.
    """

    def __init__(self, optimizer: Optimizer, cycle_momentum: bool, base_momentum: PerGroup, max_momentum: PerGroup,
                 last_epoch: int) -> None:  # fmt: skip
        if cycle_momentum and not {"momentum", "betas"} & set(optimizer.defaults):
            raise error(
                ValueError,
                type(self).__name__,
                got={"optimizer": type(optimizer).__name__},
                rule="with cycle_momentum the optimiser has a momentum or betas",
                cure="write cycle_momentum=False",
            )
        self.cycle_momentum = cycle_momentum
        self.base_momentums = per_group(base_momentum, "base_momentum", optimizer)
        self.max_momentums = per_group(max_momentum, "max_momentum", optimizer)
        super().__init__(optimizer, last_epoch)

    def admit(self, groups: Iterable[Group]) -> None:
        super().admit(groups)
        if len(self.base_lrs) != len(self.base_momentums):
            raise error(
                ValueError,
                type(self).__name__,
                got=f"{len(self.base_lrs)} groups of parameters, and settings for {len(self.base_momentums)}",
                rule="its rates are given for each group that the optimiser has when it is made",
                cure="add all groups to the optimiser before, or make a new schedule",
            )

    def momentums(self, step: int) -> list[float]:
        """The momentum of each group at ``step``."""
        raise unwritten(self, "momentums(self, step)")

    def apply(self, step: int) -> None:
        super().apply(step)
        if self.cycle_momentum:
            for group, momentum in zip(self.optimizer.param_groups, self.momentums(step), strict=True):
                if "betas" in group:
                    group["betas"] = (momentum, *group["betas"][1:])
                else:
                    group["momentum"] = momentum


#: The modes of CyclicLR, and what the height of each depends on.
_SCALES = {"triangular": "cycle", "triangular2": "cycle", "exp_range": "iterations"}


class CyclicLR(MomentumCycle):
    """From ``base_lr`` up to ``max_lr`` and down again, on straight lines, over and over (Smith 2017).

    The ``mode`` "triangular" keeps the height of a cycle, "triangular2" halves it each time, "exp_range" multiplies it
    by gamma^step. ``scale_fn`` gives another factor, for the number of the cycle or, with ``scale_mode="iterations"``,
    for the step. The momentum goes the other way, from ``max_momentum`` down to ``base_momentum`` and up.

    >>> optimizer = SGD([Tensor([1.0], requires_grad=True)], lr=1.0, momentum=0.9)
    >>> schedule = CyclicLR(optimizer, base_lr=0.0, max_lr=1.0, step_size_up=2)
    >>> [schedule.rates(step)[0] for step in range(5)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """

    settings: ClassVar[dict[str, str]] = {name: name for name in (
        "max_lrs", "total_size", "step_ratio", "mode", "gamma", "scale_mode", "cycle_momentum", "base_momentums",
        "max_momentums",
    )}  # fmt: skip

    def __init__(self, optimizer: Optimizer, base_lr: PerGroup, max_lr: PerGroup, step_size_up: int = 2000,
                 step_size_down: int | None = None, mode: str = "triangular", gamma: float = 1.0,
                 scale_fn: Callable[[float], float] | None = None, scale_mode: str = "cycle",
                 cycle_momentum: bool = True, base_momentum: PerGroup = 0.8, max_momentum: PerGroup = 0.9,
                 last_epoch: int = -1) -> None:  # fmt: skip
        positive("CyclicLR", step_size_up=step_size_up, step_size_down=step_size_down or None)  # down at once is a way
        down = step_size_up if step_size_down is None else step_size_down
        self.total_size, self.step_ratio = float(step_size_up + down), step_size_up / (step_size_up + down)
        self.mode, self.gamma, self.own_scale = mode, gamma, scale_fn
        self.scale_mode = scale_mode if scale_fn is not None else _SCALES.get(mode, scale_mode)
        self.max_lrs = per_group(max_lr, "max_lr", optimizer)
        for group, lr in zip(optimizer.param_groups, per_group(base_lr, "base_lr", optimizer), strict=True):
            group["initial_lr"] = lr
        super().__init__(optimizer, cycle_momentum, base_momentum, max_momentum, last_epoch)

    def check(self) -> None:
        if self.own_scale is None and self.mode not in _SCALES:
            raise error(
                ValueError,
                "CyclicLR",
                got={"mode": repr(self.mode)},
                rule=f"mode is one of {', '.join(_SCALES)}",
                cure='write mode="triangular", or pass scale_fn',
            )
        positive("CyclicLR", total_size=self.total_size, step_ratio=self.step_ratio)

    def scale(self, x: float) -> float:
        """The height of cycle ``x``, or of step ``x`` where the scale counts "iterations"."""
        if self.own_scale is not None:
            return self.own_scale(x)
        return 0.5 ** (x - 1) if self.mode == "triangular2" else self.gamma**x if self.mode == "exp_range" else 1.0

    def height(self, step: int) -> float:
        """How far up ``step`` is, from 0 to 1, times the scale."""
        cycle, t = divmod(step, self.total_size)
        up = round(self.total_size * self.step_ratio, 9)  # a state of PyTorch's has the ratio alone
        share = t / up if t <= up else (self.total_size - t) / (self.total_size - up)
        return share * self.scale(int(cycle) + 1 if self.scale_mode == "cycle" else step)

    def rates(self, step: int) -> list[float]:
        return [low + (high - low) * self.height(step) for low, high in zip(self.base_lrs, self.max_lrs, strict=True)]

    def momentums(self, step: int) -> list[float]:
        pairs = zip(self.base_momentums, self.max_momentums, strict=True)
        return [high - (high - low) * self.height(step) for low, high in pairs]


#: Where a phase of OneCycleLR leads: PyTorch's names of the start, the top and the end.
_GOALS = ("initial_lr", "max_lr", "min_lr")
_OF_GROUPS = (*_GOALS, "base_momentum", "max_momentum")  # what the groups hold, there and here


class OneCycleLR(MomentumCycle):
    """Up from max_lr / div_factor to ``max_lr``, then down to a ``final_div_factor``-th of the start (Smith 2019).

    The way up takes the share ``pct_start`` of the steps. It goes along a cosine or, with ``anneal_strategy="linear"``,
    on a line. With ``three_phase`` the way down first mirrors the way up. The number of steps is ``total_steps``, or
    ``epochs`` · ``steps_per_epoch``; a step beyond raises ValueError. The momentum goes the other way.

    >>> optimizer = SGD([Tensor([1.0], requires_grad=True)], lr=1.0, momentum=0.9)
    >>> schedule = OneCycleLR(optimizer, max_lr=1.0, total_steps=10, pct_start=0.5)
    >>> [round(schedule.rates(step)[0], 3) for step in (0, 4, 9)]
    [0.04, 1.0, 0.0]
    """

    settings: ClassVar[dict[str, str]] = {
        "total_steps": "total_steps", "_anneal_func_type": "anneal_strategy", "cycle_momentum": "cycle_momentum",
    }  # fmt: skip

    def __init__(self, optimizer: Optimizer, max_lr: PerGroup, total_steps: int | None = None,
                 epochs: int | None = None, steps_per_epoch: int | None = None, pct_start: float = 0.3,
                 anneal_strategy: str = "cos", cycle_momentum: bool = True, base_momentum: PerGroup = 0.85,
                 max_momentum: PerGroup = 0.95, div_factor: float = 25.0, final_div_factor: float = 1e4,
                 three_phase: bool = False, last_epoch: int = -1) -> None:  # fmt: skip
        total = total_steps if total_steps is not None else (epochs or 0) * (steps_per_epoch or 0)
        self.total_steps, self.anneal_strategy, self.pct_start = total, anneal_strategy, pct_start
        # each phase: the step at which it ends, and where it leads: to the start (0), the top (1) or the end (2)
        turn = pct_start * total - 1
        self.phases = [(turn, 1), (2 * turn, 0), (total - 1, 2)] if three_phase else [(turn, 1), (total - 1, 2)]
        self.check()
        tops = per_group(max_lr, "max_lr", optimizer)
        bottoms = per_group(base_momentum, "base_momentum", optimizer)
        highest = per_group(max_momentum, "max_momentum", optimizer)
        for group, top, low, high in zip(optimizer.param_groups, tops, bottoms, highest, strict=True):
            of_group = {"initial_lr": top / div_factor, "max_lr": top, "min_lr": top / div_factor / final_div_factor,
                        **({"base_momentum": low, "max_momentum": high} if cycle_momentum else {})}  # fmt: skip
            group.update({name: group.get(name, v) if last_epoch >= 0 else v for name, v in of_group.items()})
        super().__init__(optimizer, cycle_momentum, base_momentum, max_momentum, last_epoch)

    def check(self) -> None:
        total, share, strategy = self.total_steps, self.pct_start, self.anneal_strategy
        if not total >= 1 or not 0 <= share <= 1 or strategy not in ("cos", "linear"):
            raise error(
                ValueError,
                "OneCycleLR",
                got={"steps": total, "pct_start": share, "anneal_strategy": repr(strategy)},
                rule="there are total_steps, or epochs and steps_per_epoch; "
                'pct_start is a share, 0 … 1; anneal_strategy is "cos" or "linear"',
                cure="write OneCycleLR(optimizer, max_lr=0.01, total_steps=1000)",
            )

    def between(self, step: int, start: float, top: float, end: float) -> float:
        """The value at ``step`` on the way from ``start`` over ``top`` to ``end``."""
        if step > self.total_steps:
            raise error(
                ValueError,
                "OneCycleLR",
                got={"step": step},
                rule=f"the cycle has {self.total_steps} steps",
                cure=f"write total_steps={step}, or stop after step {self.total_steps}",
            )
        values = (start, top, end)
        begins, a, (ends, goal) = 0.0, start, self.phases[-1]
        for ends, goal in self.phases:
            if step <= ends or ends == self.phases[-1][0]:
                break
            begins, a = ends, values[goal]
        done = (step - begins) / (ends - begins) if ends > begins else 1.0
        if self.anneal_strategy == "cos":
            done = (1 - math.cos(math.pi * done)) / 2
        return a + (values[goal] - a) * done

    def rates(self, step: int) -> list[float]:
        groups = self.optimizer.param_groups
        return [self.between(step, g["initial_lr"], g["max_lr"], g["min_lr"]) for g in groups]

    def momentums(self, step: int) -> list[float]:
        return [
            self.between(step, g["max_momentum"], g["base_momentum"], g["max_momentum"])
            for g in self.optimizer.param_groups
        ]

    def state_dict(self) -> dict[str, Any]:
        phases = [{"end_step": ends, "end_lr": _GOALS[goal]} for ends, goal in self.phases]
        groups = self.optimizer.param_groups
        of_groups = {name: [g[name] for g in groups] for name in _OF_GROUPS if name in groups[0]}
        return {**super().state_dict(), "_schedule_phases": phases, "of_groups": of_groups}

    def _take(self, state: Mapping[str, Any]) -> None:
        phases, of_groups = state.get("_schedule_phases"), state.get("of_groups", {})
        given = () if self.optimizer.rates_loaded else of_groups  # PyTorch keeps them in the optimiser's state
        missing = [n for g in self.optimizer.param_groups for n in _OF_GROUPS if n not in g and n not in given]
        if state.get("cycle_momentum", self.cycle_momentum) and missing:
            raise error(
                ValueError,
                f"load_state_dict of {type(self).__name__}",
                got=f"a state with cycle_momentum, and groups without {missing[0]}",
                rule="the momentum moves between those of the groups",
                cure="build the schedule and the optimiser as those that were saved",
            )
        super()._take({name: value for name, value in state.items() if name not in ("_schedule_phases", "of_groups")})
        if phases is not None:
            self.phases = [(phase["end_step"], _GOALS.index(phase["end_lr"])) for phase in phases]

    def _put(self, state: Mapping[str, Any]) -> None:
        if not self.optimizer.rates_loaded:
            for name, values in state.get("of_groups", {}).items():
                for group, value in zip(self.optimizer.param_groups, values, strict=True):
                    group[name] = value
        super()._put(state)
