"""What all optimisers share: groups of parameters with their settings, and a state for each parameter."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ..autograd.changes import wrote
from ..autograd.tensor import Tensor
from ..errors import error
from .together import SMALL, Pack, alone, in_blocks

Group = dict[str, Any]

#: Settings that are not negative in any optimiser.
_NOT_NEGATIVE = ("lr", "eps", "weight_decay", "momentum", "alpha", "lr_decay", "initial_accumulator_value")


class Optimizer:
    """The base of all optimisers. A subclass gives its defaults and writes ``_update``, its formula on arrays.

    ``params`` are parameters, or dicts ``{"params": …, "lr": …}`` whose settings replace the defaults for their group.
    Raises ValueError for settings that make no sense, TypeError for what is no leaf.

    >>> a, b = Tensor([1.0], requires_grad=True), Tensor([2.0], requires_grad=True)
    >>> optimizer = SGD([{"params": [a]}, {"params": [b], "lr": 0.5}], lr=0.1)
    >>> [group["lr"] for group in optimizer.param_groups]
    [0.1, 0.5]
    """

    elementwise = False  # whether the formula treats each entry alone; then arrays may be cut into any pieces

    def __init__(self, params: Iterable[Any], defaults: Group) -> None:
        given: list[Any] = [params] if isinstance(params, Tensor) else list(params)
        if not given:
            raise error(
                ValueError,
                type(self).__name__,
                got="no parameters",
                rule="an optimiser needs something to change",
                cure="pass model.parameters()",
            )
        self.defaults = defaults
        self.param_groups: list[Group] = []
        self.state: dict[Tensor, dict[str, Any]] = {}
        self._packs: dict[Any, Pack] = {}
        groups: list[Group] = given if isinstance(given[0], dict) else [{"params": given}]
        for group in groups:
            self.add_param_group(group)

    def add_param_group(self, group: Group) -> None:
        """Optimise more parameters, with settings of their own: ``{"params": …, "lr": …}``."""
        params = group["params"]
        added = {**self.defaults, **group, "params": [params] if isinstance(params, Tensor) else list(params)}
        self._check(added)
        self.param_groups.append(added)

    def _check(self, group: Group) -> None:
        """Raise if the group cannot be optimised by these settings. Subclasses check their own settings, too."""
        name = type(self).__name__
        for setting in _NOT_NEGATIVE:
            if group.get(setting, 0) < 0:
                raise error(
                    ValueError,
                    name,
                    got={setting: group[setting]},
                    rule=f"{setting} is not negative",
                    cure=f"write {setting}={-group[setting]}: the optimiser goes downhill by itself",
                )
        if not all(0 <= beta < 1 for beta in group.get("betas", ())):
            raise error(
                ValueError,
                name,
                got={"betas": group["betas"]},
                rule="each beta lies in [0, 1)",
                cure="write betas=(0.9, 0.999)",
            )
        known = set(self._parameters())
        for p in group["params"]:
            if not isinstance(p, Tensor) or not p.is_leaf:
                raise error(
                    TypeError,
                    name,
                    got={"parameter": p},
                    rule="parameters are leaf Tensors",
                    cure="pass model.parameters()",
                )
            if p in known:
                raise error(
                    ValueError,
                    name,
                    got={"parameter": p},
                    rule="a parameter is optimised once, by the settings of one group",
                    cure='leave it out of the "params" of all groups but one',
                )
            known.add(p)

    def _parameters(self) -> Iterator[Tensor]:
        return (p for group in self.param_groups for p in group["params"])

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients. Without this the next ``backward()`` adds to them."""
        for p in self._parameters():
            p.grad = None if set_to_none else Tensor.wrap(np.zeros_like(p.array))

    def step(self) -> None:
        """Change every parameter that has a gradient, in place, by the optimiser's formula."""
        packs: dict[Any, Pack] = {}
        wrote(*[p for p in self._parameters() if p.grad is not None])
        for i, group in enumerate(self.param_groups):
            small: dict[Any, list[Tensor]] = {}  # parameters that can be updated together, by what they have in common
            for p in group["params"]:
                if p.grad is None:
                    continue
                g, state, dtype = p.grad.array, self.state.setdefault(p, {}), p.array.dtype
                if self.elementwise and p.array.size <= SMALL and g.dtype is dtype and g.shape == p.array.shape:
                    small.setdefault((i, dtype, state.get("step"), *state), []).append(p)
                else:
                    self._change(p.array, g, state, group)
            for key, params in small.items():
                states = [self.state[p] for p in params]
                pack = self._packs.get(key)
                if pack is None or not pack.fits(params, states):
                    pack = Pack(params, states)
                pack.run(functools.partial(self._flat, group=group), states)
                packs[i, key[1], states[0].get("step"), *states[0]] = pack
        self._packs = packs

    def _change(self, p: Any, g: Any, state: dict[str, Any], group: Group) -> None:
        """The formula on the array ``p`` of one parameter, or of a part of one."""
        if not (self.elementwise and alone(functools.partial(self._flat, group=group), p, g, state)):
            self._update(p, g, state, group)

    def _flat(self, p: Any, g: Any, state: dict[str, Any], group: Group) -> None:
        """The formula on flat arrays, which a subclass may hand to a compiled kernel."""
        in_blocks(functools.partial(self._update, group=group), p, g, state)

    def _update(self, p: Any, g: Any, state: dict[str, Any], group: Group) -> None:
        """Change the array ``p`` in place, given its gradient ``g``, which stays as it is."""
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:  # in a copy the states are not views of the packs
        return {**vars(self), "_packs": {}}

    def state_dict(self) -> dict[str, Any]:
        """Settings and states as plain data. Parameters are numbered in order, as in PyTorch."""
        numbers = {p: i for i, p in enumerate(self._parameters())}
        groups = [{**group, "params": [numbers[p] for p in group["params"]]} for group in self.param_groups]
        return {"state": {numbers[p]: dict(s) for p, s in self.state.items()}, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from what :meth:`state_dict` returned, ours or PyTorch's.

        Raises ValueError, before anything is changed, if the parameters differ in number or shape.
        """
        parameters = list(self._parameters())
        sizes = [len(group["params"]) for group in self.param_groups]
        theirs = [len(group["params"]) for group in state_dict["param_groups"]]
        if sizes != theirs:
            raise error(
                ValueError,
                f"load_state_dict of {type(self).__name__}",
                got=f"groups of {theirs} parameters",
                rule=f"this optimiser has groups of {sizes}",
                cure=f"build it from groups of {theirs} parameters, as the one that was saved",
            )
        odd = [i for i in state_dict["state"] if not 0 <= int(i) < len(parameters)]
        if odd:
            raise error(
                ValueError,
                f"load_state_dict of {type(self).__name__}",
                got=f"a state of parameter {odd[0]}",
                rule=f"this optimiser has {len(parameters)} parameters, numbered from 0",
                cure="build it from the same parameters as the one that was saved",
            )
        loaded = {
            parameters[int(i)]: {key: _own(key, value) for key, value in state.items() if value is not None}
            for i, state in state_dict["state"].items()
        }
        for p, state in loaded.items():
            for key, value in state.items():
                if np.ndim(value) and np.shape(value) != p.shape:
                    raise error(
                        ValueError,
                        f"load_state_dict of {type(self).__name__}",
                        got={key: value, "parameter": p},
                        rule="a state has its parameter's shape",
                        cure="build the model with the sizes of the one that was saved",
                    )
        self.state = loaded
        for group, saved in zip(self.param_groups, state_dict["param_groups"], strict=True):
            group.update({key: value for key, value in saved.items() if key != "params"})


def _own(key: str, value: Any) -> Any:
    """A copy of a state's entry. PyTorch has tensors in place of our arrays, also for the number of steps."""
    if key == "step":
        return int(value)
    value = np.asarray(value.detach()) if hasattr(value, "detach") else value
    return np.array(value) if isinstance(value, np.ndarray) else value
