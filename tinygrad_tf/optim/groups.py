"""A group of parameters with its settings, as an optimiser holds it: what it may be made of, and what it may say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..autograd.tensor import Tensor
from ..errors import error, shown
from ..fields import check_number, is_finite

#: Settings that are not negative in any optimiser.
_NOT_NEGATIVE = ("lr", "eps", "weight_decay", "momentum", "alpha", "lr_decay", "initial_accumulator_value",
                 "initial_lr")  # fmt: skip


class Group(dict[str, Any]):
    """The settings of some parameters, and under "params" these. Numbers of NumPy and PyTorch become Python's.

    A checkpoint holds Python's numbers, so what is computed before it and after it has the same bits.

    >>> group = Group({"lr": np.float32(0.5)})
    >>> group["betas"] = np.array([0.5, 0.25])
    >>> group
    {'lr': 0.5, 'betas': (0.5, 0.25)}
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__()
        self.update(settings)

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value if name in ("params", "param_names") else plain(value))

    def update(self, settings: Mapping[str, Any]) -> None:  # type: ignore[override]
        for name, value in settings.items():
            self[name] = value

    def __reduce__(self) -> tuple[Any, ...]:  # a copy is made of its items, and not by the constructor
        return Group, (dict(self),)


def plain(value: Any) -> Any:
    """Python's number in place of one of NumPy's, ours or PyTorch's; of several a tuple of numbers.

    >>> plain(np.float32(0.5)), plain((np.float64(0.25), Tensor(2.0))), plain(None)
    (0.5, (0.25, 2.0), None)
    """
    if isinstance(value, (list, tuple)):
        return type(value)(plain(entry) for entry in value)
    if hasattr(value, "item") and hasattr(value, "tolist"):
        entries = value.tolist()
        return entries if not isinstance(entries, list) else entries[0] if len(entries) == 1 else tuple(entries)
    return value


def members(name: str, params: Any) -> tuple[list[Any], list[str] | None]:
    """The parameters of a group of the optimiser ``name``, and theirs if it was made of ``named_parameters()``."""
    if isinstance(params, (set, frozenset)):
        raise error(
            TypeError,
            name,
            got=f"a set of {len(params)} parameters",
            rule="parameters have an order, by which a saved state finds them; that of a set changes",
            cure="pass a list, or model.parameters()",
        )
    found = [params] if isinstance(params, Tensor) else list(params)
    named = [isinstance(p, tuple) and len(p) == 2 and isinstance(p[0], str) for p in found]
    if not any(named):
        return found, None
    if not all(named):
        raise error(
            ValueError,
            name,
            got=f"{sum(named)} parameters with names and {len(named) - sum(named)} without",
            rule="all parameters have a name, or none has",
            cure="pass model.named_parameters(), or model.parameters()",
        )
    return [p for _, p in found], [str(its_name) for its_name, _ in found]


def check_changeable(name: str, params: Iterable[Tensor]) -> None:
    """Raise unless each parameter may be written to and has a gradient of its shape: a step is whole or not at all."""
    for p in params:
        array, gradient = p.array, p.grad.array  # type: ignore[union-attr]
        if gradient.shape != array.shape:
            raise error(
                ValueError,
                name,
                got=f"a gradient of shape {gradient.shape} for a parameter of shape {array.shape}",
                rule="a gradient has one entry for each of the parameter; no parameter was changed",
                cure="let backward() make it, or give grad the shape of the parameter",
            )
        if not array.flags.writeable:
            raise error(
                ValueError,
                name,
                got=f"a parameter {array.shape} whose array is read-only",
                rule="a step changes parameters in place; no parameter was changed",
                cure="make it of a copy, as in Tensor(array.copy(), requires_grad=True)",
            )


def check_settings(name: str, group: Mapping[str, Any]) -> None:
    """Raise if no optimiser could work by these settings; ``name`` is the optimiser's."""
    betas = group.get("betas", ())
    for setting in _NOT_NEGATIVE:
        check_number(name, setting, group.get(setting, 0))
        if not group.get(setting, 0) >= 0:  # NaN, too
            sensible = abs(group[setting]) if group[setting] < 0 else 0.001
            raise error(
                ValueError,
                name,
                got={setting: group[setting]},
                rule=f"{setting} is not negative",
                cure=f"write {setting}={sensible}: the optimiser goes downhill by itself, or uphill with maximize=True",
            )
    if not isinstance(betas, (tuple, list)):
        raise error(
            TypeError, name, got={"betas": betas}, rule="betas are several numbers", cure="write betas=(0.9, 0.999)"
        )
    for beta in betas:
        check_number(name, "beta", beta)
    if not all(0 <= beta < 1 for beta in betas):
        raise error(
            ValueError,
            name,
            got={"betas": group["betas"]},
            rule="each beta lies in [0, 1)",
            cure="write betas=(0.9, 0.999)",
        )
    for setting in ("differentiable", "capturable"):
        if group.get(setting):
            raise error(
                ValueError,
                name,
                got={setting: group[setting]},
                rule="a step changes arrays on the CPU, and is no part of a graph",
                cure=f"write {setting}=False; for a step that has a derivative, write p = p - lr * grad(loss, p)",
            )
    if group.get("fused") and group.get("foreach"):
        raise error(
            RuntimeError,
            name,
            got={"fused": True, "foreach": True},
            rule="both say how PyTorch puts parameters together, and exclude each other; here neither changes anything",
            cure="leave both out",
        )


#: Entries of states that the formulas compute with, number by number, beside the parameter.
_ARRAYS = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq", "momentum_buffer", "square_avg", "grad_avg", "sum"}


def check_state(name: str, p: Tensor, state: Mapping[str, Any], needed: Iterable[str]) -> None:
    """Raise ValueError if a formula that reads the ``needed`` entries could not go on from the state of ``p``."""
    lost = [key for key in needed if state and key not in state]
    if lost:
        raise error(
            ValueError,
            name,
            got=f"a state with {', '.join(state)} and no {lost[0]}",
            rule=f"a parameter that was changed before has {', '.join(needed)}",
            cure="load the state of an optimiser of the same class",
        )
    for key, value in state.items():
        if (key in _ARRAYS or np.ndim(value)) and np.shape(value) != p.shape:
            raise error(
                ValueError,
                name,
                got={key: value, "parameter": p},
                rule="a state has its parameter's shape",
                cure="build the model with the sizes of the one that was saved",
            )
        if key in _ARRAYS and getattr(value, "dtype", None) != p.dtype:
            raise error(
                ValueError,
                name,
                got=f"{key} of {getattr(value, 'dtype', type(value).__name__)} for a parameter of {p.dtype}",
                rule="what an optimiser sums up are floats, as the parameter is",
                cure="load the state of an optimiser of the same class",
            )


def step_of(name: str, value: Any) -> int:
    """How many steps a state says there were. Raises ValueError for what is no count."""
    number = plain(value)
    if not is_finite(number) or not 0 <= number <= 2**53 or number != int(number):
        raise error(
            ValueError,
            name,
            got=f"step {shown(number)}",
            rule="it is how many steps there were, a whole number of at least 0",
            cure="load the state of an optimiser of the same class",
        )
    return int(number)


def check_members(name: str, group: Mapping[str, Any], others: Iterable[Any]) -> None:
    """Raise if the group's parameters cannot be optimised beside those of ``others``."""
    known = set(others)
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
