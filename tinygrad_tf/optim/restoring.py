"""How schedules go on from a state: it is taken whole or not at all, and checked before a rate follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .base import Optimizer
from .groups import check_settings
from .loaded import check_alike, explained_state


class Restorable:
    """The base of what has ``load_state_dict`` and sets the rates of an optimiser. Subclasses write the two halves."""

    optimizer: Optimizer

    def check(self) -> None:
        """Raise if the settings make no sense, those of the constructor or those of a state."""

    def state_dict(self) -> dict[str, Any]:
        raise NotImplementedError

    def _take(self, state: Mapping[str, Any]) -> None:
        """Take the settings of the state. No rate follows from them yet."""
        raise NotImplementedError

    def _put(self, state: Mapping[str, Any]) -> None:
        """Set what the state says of the optimiser's groups."""
        raise NotImplementedError

    def _parts(self) -> tuple[object, ...]:
        """The objects whose attributes the state changes."""
        return (self,)

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from what :meth:`state_dict` returned, ours or PyTorch's. The settings are then those that were saved.

        The rates are, too, unless the optimiser has just loaded its own. Raises ValueError, before anything is changed,
        for a state of other settings or of another number of groups.
        """
        name, optimizer = f"load_state_dict of {type(self).__name__}", self.optimizer
        parts = [(part, dict(vars(part))) for part in self._parts()]
        groups, loaded = [dict(group) for group in optimizer.param_groups], optimizer.rates_loaded
        before = self.state_dict()
        try:
            with explained_state(name):
                self._take(state_dict)
                check_alike(name, "schedule", before, self.state_dict())
                self.check()
                self._put(state_dict)
                check_alike(name, "schedule", before, self.state_dict())  # now with what stands in the groups
                for group in optimizer.param_groups:
                    optimizer._check(group)
                for lr in getattr(self, "base_lrs", ()):
                    check_settings(name, {"lr": lr})
        except BaseException:
            for part, attributes in parts:
                vars(part).clear()
                vars(part).update(attributes)
            for group, settings in zip(optimizer.param_groups, groups, strict=True):
                group.clear()
                group.update(settings)
            optimizer.rates_loaded = loaded
            raise
