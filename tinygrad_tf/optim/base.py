"""What all optimisers share: groups of parameters with their settings, and a state for each parameter."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar, overload

import numpy as np

from ..arguments import explained_constructor
from ..autograd.changes import wrote
from ..autograd.debugging import acts
from ..autograd.recording import enable_grad
from ..autograd.tensor import Tensor
from ..errors import error, no_parameters, unwritten
from ..nn.loading import array_of
from ..signals import whole
from .groups import Group, check_changeable, check_members, check_settings, check_state, members, plain, step_of
from .loaded import check_alike, explained_state
from .together import SMALL, Pack, alone, in_blocks, share_memory

Settings = Mapping[str, Any]
T = TypeVar("T")


class Optimizer:
    """The base of all optimisers. A subclass gives its defaults and writes ``_update``, its formula on arrays.

    ``params`` are parameters, pairs of a name and a parameter, or dicts ``{"params": …, "lr": …}`` whose settings
    replace the defaults for their group. With ``maximize`` a step goes uphill. ``foreach`` and ``fused`` say how
    PyTorch computes, and change nothing here. Raises ValueError for settings that make no sense, TypeError for what is
    no leaf.

    >>> a, b = Tensor([1.0], requires_grad=True), Tensor([2.0], requires_grad=True)
    >>> optimizer = SGD([{"params": [a]}, {"params": [b], "lr": 0.5}], lr=0.1)
    >>> [group["lr"] for group in optimizer.param_groups]
    [0.1, 0.5]
    """

    elementwise = False  # whether the formula treats each entry alone; then arrays may be cut into any pieces
    needed: tuple[str, ...] = ()  # what its formula reads in every state but an empty one

    def __init_subclass__(cls) -> None:
        """Let the constructor explain a call with wrong arguments."""
        if "__init__" in vars(cls):
            cls.__init__ = explained_constructor(cls.__init__)  # type: ignore[method-assign]

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        together = isinstance(params, (Tensor, set, frozenset))
        if callable(getattr(params, "parameters", None)):
            raise no_parameters(type(self).__name__, params)
        given: list[Any] = [{"params": params}] if together else list(params)
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
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)  # an optimiser of one's own fills it
        self._packs: dict[int, list[Pack]] = {}  # by the number of the group
        self.rates_loaded = False  # whether its rates are those of a state, and no schedule has set them since
        for group in given if isinstance(given[0], dict) else [{"params": given}]:
            self.add_param_group(group)

    def add_param_group(self, group: Settings) -> None:
        """Optimise more parameters, with settings of their own: ``{"params": …, "lr": …}``."""
        name = type(self).__name__
        params, names = members(name, group["params"])
        added = Group({**self.defaults, **group, "params": params})
        if names is not None:
            added["param_names"] = names
        if any(("param_names" in other) != ("param_names" in added) for other in self.param_groups):
            raise error(
                ValueError,
                name,
                got=f"a group {'with' if names else 'without'} names beside others",
                rule="the parameters of all groups have names, or those of none",
                cure="pass named_parameters() for all groups, or parameters()",
            )
        check_members(name, added, self._parameters())
        self._check(added)
        self.param_groups.append(added)

    def _check(self, group: Settings) -> None:
        """Raise if the settings make no sense. Subclasses check their own, and what shapes they can optimise."""
        check_settings(type(self).__name__, group)

    def _parameters(self) -> Iterator[Tensor]:
        return (p for group in self.param_groups for p in group["params"])

    @acts
    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients. Without this the next ``backward()`` adds to them."""
        for p in self._parameters():
            p.grad = None if set_to_none else Tensor.wrap(np.zeros_like(p.array))

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], T]) -> T: ...

    @acts
    def step(self, closure: Callable[[], T] | None = None) -> T | None:
        """Change every parameter that has a gradient, in place, by the optimiser's formula.

        Ctrl-C does not stop it half-way. A ``closure`` is called before, to compute the loss and the gradients; what it
        returns is returned.

        >>> p = Tensor([1.0], requires_grad=True)
        >>> optimizer = SGD([p], lr=0.1)
        >>> def closure():
        ...     optimizer.zero_grad()
        ...     loss = (p * p).sum()
        ...     loss.backward()
        ...     return loss
        >>> optimizer.step(closure).item()
        1.0
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        self._step()
        return loss

    @whole
    def _step(self) -> None:
        changed = [p for p in self._parameters() if p.grad is not None]
        check_changeable(type(self).__name__, changed)
        wrote(*changed)
        for i, group in enumerate(self.param_groups):
            flat = functools.partial(self._flat, group=group)
            packs = [pack for pack in self._packs.get(i, []) if pack.fits(group["params"], self.state)]
            for pack in packs:
                pack.run(flat)
            packed: set[int] = set().union(*[pack.ids for pack in packs])
            small: dict[Any, list[Tensor]] = {}  # parameters that can be updated together, by what they have in common
            for p in group["params"]:
                if p.grad is None or id(p) in packed:
                    continue
                g, state, dtype = p.grad.array, self.state.setdefault(p, {}), p.array.dtype
                if self.elementwise and p.array.size <= SMALL and g.dtype is dtype:
                    small.setdefault((dtype, state.get("step"), *state), []).append(p)
                else:
                    self._change(p.array, g, state, group)
            for params in small.values():
                if share_memory(params):
                    for p in params:
                        self._change(p.array, p.grad.array, self.state[p], group)  # type: ignore[union-attr]
                else:
                    packs.append(Pack(params, [self.state[p] for p in params]))
                    packs[-1].run(flat)
            self._packs[i] = packs

    def _change(self, p: Any, g: Any, state: dict[str, Any], group: Settings) -> None:
        """The formula on the array ``p`` of one parameter, or of a part of one."""
        if not (self.elementwise and alone(functools.partial(self._flat, group=group), p, g, state)):
            self._update(p, g, state, group)

    def _flat(self, p: Any, g: Any, state: dict[str, Any], group: Settings) -> None:
        """The formula on flat arrays, which a subclass may hand to a compiled kernel."""
        in_blocks(functools.partial(self._update, group=group), p, g, state)

    def _update(self, p: Any, g: Any, state: dict[str, Any], group: Settings) -> None:
        """Change the array ``p`` in place, given its gradient ``g``, which stays as it is."""
        raise unwritten(self, "_update(self, p, g, state, group)")

    def __getstate__(self) -> dict[str, Any]:  # in a copy the states are not views of the packs
        return {**vars(self), "_packs": {}}

    def state_dict(self) -> dict[str, Any]:
        """Settings and states as plain data. Parameters are numbered in order, as in PyTorch."""
        numbers = {p: i for i, p in enumerate(self._parameters())}
        groups = [{**group, "params": [numbers[p] for p in group["params"]]} for group in self.param_groups]
        return {"state": {numbers[p]: dict(s) for p, s in self.state.items()}, "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from what :meth:`state_dict` returned, ours or PyTorch's. States get the type of their parameter.

        Raises ValueError, before anything is changed, if the parameters differ in number or shape, if a setting makes
        no sense, or if the formula could not go on from a state.
        """
        name = f"load_state_dict of {type(self).__name__}"
        with explained_state(name):
            loaded, changes = self._loadable(name, state_dict)
        self._put_in(loaded, changes)

    @whole
    def _put_in(self, loaded: dict[Tensor, Any], changes: list[Any]) -> None:
        self.state = defaultdict(dict, loaded)
        for group, change in zip(self.param_groups, changes, strict=True):
            group.update(change)
        self.rates_loaded = True

    def _loadable(self, name: str, state_dict: Mapping[str, Any]) -> tuple[dict[Tensor, Any], list[Any]]:
        """Of a saved state the states of the parameters and the settings of the groups, checked."""
        saved_groups = state_dict["param_groups"]
        sizes = [len(group["params"]) for group in self.param_groups]
        theirs = [len(group["params"]) for group in saved_groups]
        if sizes != theirs:
            raise error(
                ValueError,
                name,
                got=f"groups of {theirs} parameters",
                rule=f"this optimiser has groups of {sizes}",
                cure=f"build it from groups of {theirs} parameters, as the one that was saved",
            )
        numbers = [int(i) for group in saved_groups for i in group["params"]]
        parameters = dict(zip(numbers, self._parameters(), strict=True))
        twice = next((i for i in numbers if numbers.count(i) > 1), None) if len(parameters) < len(numbers) else None
        if twice is not None:
            raise error(
                ValueError,
                name,
                got=f"the parameter {twice} twice",
                rule="each parameter of the groups has a number of its own, by which it gets its state",
                cure="use an older copy, or train again",
            )
        odd = [i for i in state_dict["state"] if int(i) not in parameters]
        if odd:
            raise error(
                ValueError,
                name,
                got=f"a state of parameter {odd[0]}",
                rule=f"this optimiser has {len(parameters)} parameters, numbered from 0",
                cure="build it from the same parameters as the one that was saved",
            )
        loaded = {
            parameters[int(i)]: {
                key: step_of(name, value) if key == "step" else _own(value, parameters[int(i)])
                for key, value in state.items()
                if value is not None
            }
            for i, state in state_dict["state"].items()
        }
        for p, state in loaded.items():
            check_state(name, p, state, self.needed)
        changes = [{key: value for key, value in saved.items() if key != "params"} for saved in saved_groups]
        for group, change in zip(self.param_groups, changes, strict=True):
            merged = Group({**group, **change})
            check_alike(name, "optimizer", {**group, "params": []}, merged)
            self._check(merged)
        return loaded, changes


def _own(value: Any, p: Tensor) -> Any:
    """A copy of a state's entry. PyTorch has tensors in place of our arrays, also for the number of steps."""
    if not isinstance(value, (np.ndarray, Tensor)) and not hasattr(value, "detach"):
        return plain(value)
    array = array_of(value)
    if p.ndim and not array.ndim:
        return array.item()
    return np.array(array, p.dtype if array.dtype.kind == "f" else None)
