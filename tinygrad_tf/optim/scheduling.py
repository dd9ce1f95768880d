"""What all learning-rate schedules share. A rate follows from the step's number, so each can go on from any step."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from ..arguments import explained_constructor
from ..autograd.debugging import acts
from ..errors import error, unwritten
from ..signals import whole
from .base import Optimizer
from .groups import Group, plain
from .restoring import Restorable

#: What PyTorch's schedules keep beside their settings: how often and by whom they were called.
_OF_PYTORCH = {
    "_step_count", "_is_initial", "_get_lr_called_within_step", "verbose", "use_beta1", "T_cur", "T_i", "mode_worse",
    "_scale_fn_custom", "_scale_fn_ref",
}  # fmt: skip
_OF_ALL = {"kind", "last_epoch", "base_lrs", "_last_lr"}  # "kind" is the class, in a checkpoint


class LRScheduler(Restorable):
    """The base of schedules. It sets the learning rate of every group to the initial one times ``factor(step)``.

    The rate of step 0 is set when the schedule is made; ``step()`` after each step of training sets the next.
    Subclasses write ``factor``, or ``rates``; or, as in PyTorch, ``get_lr``, which returns the rate of each group at
    step ``self.last_epoch``, from ``self.base_lrs`` or from the groups' own. lr₀ in their formulas is the group's
    initial rate: of a group that is added to the optimiser later, the rate with which it is added. A schedule that
    ``chains`` scales the rate that it finds, by another schedule or by hand, as PyTorch's does; the others set theirs.
    """

    chains: ClassVar[bool] = False
    eta_min = 0.0  # the rate that the scaling leaves as it is
    #: The settings that go into a state, under PyTorch's names, and what they are called here.
    settings: ClassVar[dict[str, str]] = {}

    def __init_subclass__(cls) -> None:
        """Let the constructor explain a call with wrong arguments."""
        if "__init__" in vars(cls):
            cls.__init__ = explained_constructor(cls.__init__)  # type: ignore[method-assign]

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer, self.last_epoch = optimizer, last_epoch
        self.base_lrs: list[float] = []
        for name in self.settings.values():  # Python's numbers: a checkpoint gives back no others
            setattr(self, name, plain(getattr(self, name)))
        self.check()
        self.admit(optimizer.param_groups)
        if last_epoch < 0:
            self.step()
        else:  # the optimiser may be new and have its initial rate
            self.apply(last_epoch + 1)
            self.last_epoch += 1

    def factor(self, step: int) -> float:
        """What the initial rate is multiplied by at ``step``."""
        raise unwritten(self, "factor(self, step)")

    def rates(self, step: int) -> list[float]:
        """The learning rate of each group at ``step``."""
        get_lr = getattr(self, "get_lr", None)
        if get_lr is None:
            return [lr * self.factor(step) for lr in self.base_lrs]
        before = self.last_epoch
        try:
            self.last_epoch = step  # PyTorch's form is told the step by its attribute
            return [float(lr) for lr in get_lr()]
        finally:
            self.last_epoch = before

    @property
    def _step_count(self) -> int:
        """How often ``step`` was called, as PyTorch's subclasses read it."""
        return self.last_epoch + 1

    def _settings(self) -> Mapping[str, str]:
        """The settings of the state: those of the table, of a subclass in PyTorch's form all its plain attributes."""
        if self.settings or not hasattr(self, "get_lr"):
            return self.settings
        kinds = (bool, int, float, str, list, tuple)
        return {name: name for name, x in vars(self).items() if isinstance(x, kinds) and name not in _OF_ALL}

    def admit(self, groups: Iterable[Group]) -> None:
        """Take groups of the optimiser in, at first all, later those that were added to it."""
        for group in groups:
            self.base_lrs.append(group.setdefault("initial_lr", group["lr"]))

    def _admit_later(self) -> None:
        """Take in the groups that were added to the optimiser. What scales rates goes on from theirs."""
        n, groups, least = len(self.base_lrs), self.optimizer.param_groups, self.eta_min
        if n < len(groups):
            self.admit(groups[n:])
            for i, then in enumerate(self.rates(self.last_epoch) if self.chains else ()):
                if i >= n and then != least:
                    self.base_lrs[i] = least + (groups[i]["lr"] - least) * (self.base_lrs[i] - least) / (then - least)

    def _finite_rates(self, step: int) -> list[float]:
        """The rates at ``step``. Raises ValueError where the formula leaves the numbers."""
        said = ""
        try:
            rates = self.rates(step)
        except ArithmeticError as problem:  # what is too large, or divided by 0
            rates, said = [math.inf], f" (Python: {problem})"
        if not all(math.isfinite(lr) for lr in rates):
            raise error(
                ValueError,
                type(self).__name__,
                got=f"step {step}, where the learning rate is no finite number" + said,
                rule="the settings keep the rates finite at every step",
                cure="choose smaller settings, or end the schedule before",
            )
        return rates

    def apply(self, step: int) -> None:
        """Set the optimiser's groups to what the schedule says for ``step``."""
        rates = self._finite_rates(step)
        self.optimizer.rates_loaded = False
        for group, lr in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = lr

    @acts
    @whole
    def step(self, epoch: int | None = None) -> None:
        """Go on to the next step, or to step ``epoch``, and set its rate."""
        self._admit_later()
        step, found = self.last_epoch + 1 if epoch is None else int(epoch), self.get_last_lr()
        before = self.base_lrs if step == 0 or not self.chains else self.rates(self.last_epoch)
        self.apply(step)
        if self.chains:
            for group, now, then in zip(self.optimizer.param_groups, found, before, strict=True):
                if now != then:  # somebody else has set it
                    group["lr"] = self._scaled(now, then, group["lr"])
        self.last_epoch = step

    def _scaled(self, found: float, then: float, now: float) -> float:
        """The rate ``found``, changed as the schedule's own is from ``then`` to ``now``."""
        least = self.eta_min
        if now == then:
            return found
        return least + (found - least) * (now - least) / (then - least) if then != least else found + now - then

    @acts
    def get_last_lr(self) -> list[float]:
        """The learning rate of each group now."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """What :meth:`load_state_dict` needs to go on from this step: the step, the rates and all settings."""
        settings = {theirs: _copy(getattr(self, ours)) for theirs, ours in self._settings().items()}
        return {"last_epoch": self.last_epoch, "base_lrs": list(self.base_lrs), "_last_lr": self.get_last_lr(),
                **settings}  # fmt: skip

    def _take(self, state: Mapping[str, Any]) -> None:
        self._check(state)
        for theirs, ours in self._settings().items():
            if theirs in state:
                setattr(self, ours, _copy(plain(state[theirs])))
        self.base_lrs = list(plain(state.get("base_lrs", self.base_lrs)))
        self.last_epoch = state["last_epoch"]

    def _put(self, state: Mapping[str, Any]) -> None:
        self._finite_rates(self.last_epoch)  # fails here, and not at the next step
        if not self.optimizer.rates_loaded:
            self.apply(self.last_epoch)
            for group, lr in zip(self.optimizer.param_groups, state.get("_last_lr", ()), strict=False):
                group["lr"] = lr

    def _check(self, state: Mapping[str, Any]) -> None:
        unknown = [name for name in state if name not in {*self._settings(), *_OF_ALL, *_OF_PYTORCH}]
        n_groups, n_rates = len(self.optimizer.param_groups), len(state.get("base_lrs", self.base_lrs))
        if unknown or n_groups != n_rates:
            raise error(
                ValueError,
                f"load_state_dict of {type(self).__name__}",
                got=f"a state with {unknown[0]!r}" if unknown else f"a state of {n_rates} groups",
                rule=f"its settings are {', '.join(self.settings) or 'none'}, and the optimiser has {n_groups} groups",
                cure="build the schedule and the optimiser as those that were saved",
            )


def positive(name: str, **settings: Any) -> None:
    """Raise unless each of the settings of the schedule ``name`` is positive; None is one that was not given."""
    for setting, value in settings.items():
        if value is not None and not value > 0:
            raise error(
                ValueError,
                name,
                got={setting: value},
                rule=f"{setting} is above 0: the formula divides by it",
                cure=f"write {setting}=1 or more",
            )


def _copy(value: Any) -> Any:
    """A setting as plain data. PyTorch's milestones are a Counter."""
    if isinstance(value, Mapping):
        value = sorted(Counter({int(key): count for key, count in value.items()}).elements())
    return list(value) if isinstance(value, (list, tuple)) else value
