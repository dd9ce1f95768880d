"""The state dict of a module: its parameters and saved buffers by name, out and in, ours or PyTorch's."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable, Container, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.array_utils import byte_bounds

from ..autograd.changes import wrote
from ..autograd.tensor import Tensor, to_array
from ..errors import error, shown
from ..fields import MAPPING
from ..signals import whole
from ..wording.languages import either, translated
from ..wording.texts import named
from .parts import Parts

#: The parts of a dotted name that torch.compile, data parallelism and the like put around a model.
_WRAPPERS = {"module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"}


class LoadResult(NamedTuple):
    """What :meth:`Module.load_state_dict` did not find, and what it had no place for."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class Loads(Parts):
    """The base of :class:`Module`, which takes its state out and puts one in."""

    def state_dict(self, *, prefix: str = "") -> dict[str, Tensor]:
        """All parameters and saved buffers by name, detached; the arrays are the module's own, not copies."""
        return {name: value.detach() for name, value in self._entries(prefix)}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> LoadResult:
        """Copy values into the parameters and buffers of the same names. PyTorch's tensors and arrays will do as well.

        Names may have what torch.compile and data parallelism add, ``_orig_mod.`` or ``module.``; bfloat16 is widened.
        Raises RuntimeError, before anything is changed, for shapes that differ and, if ``strict``, for names that are
        missing or unexpected. Ctrl-C strikes before or after the values are copied, not between.
        """
        if not MAPPING.holds(state_dict):
            raise error(
                TypeError,
                f"load_state_dict of {named(type(self).__name__)}",
                got=shown(state_dict),
                rule="a state_dict is a dict with names as keys",
                cure="give what state_dict() returned, or what load() read",
            )
        own = dict(self._entries())
        given: dict[str, Any] = {}
        unexpected: list[str] = []
        for key in sorted(state_dict, key=lambda key: key not in own):  # a name as it is counts first
            name = unwrapped(key, own)
            if name in own and name not in given:
                given[name] = state_dict[key]
            else:
                unexpected.append(key)
        missing = [name for name in own if name not in given]
        values = {name: to_array(array_of(given[name])) for name in own if name in given}
        unlike = [(name, v.shape, own[name].shape) for name, v in values.items() if v.shape != own[name].shape]
        wrong = [f"{named(name)} {theirs}{either(' for', '，应为')} {ours}" for name, theirs, ours in unlike]
        problems = [f"mis-shaped: {', '.join(wrong)}"] if wrong else []
        if strict:
            problems += [f"missing: {', '.join(map(named, missing))}"] if missing else []
            problems += [f"unexpected: {', '.join(map(named, unexpected))}"] if unexpected else []
        if problems:
            raise error(
                RuntimeError,
                f"load_state_dict of {named(type(self).__name__)}",
                got=either("; ", "；").join(map(translated, problems)),
                rule="names and shapes are those of the module's own state_dict()",
                cure="build the module with the same sizes; strict=False passes over missing and unexpected names",
            )
        fixed = next((name for name in values if not own[name].array.flags.writeable), None)
        if fixed is not None:
            raise error(
                ValueError,
                f"load_state_dict of {named(type(self).__name__)}",
                got=f"values for {named(fixed)}, whose array is read-only",
                rule="values are copied into the module's own arrays; none was changed",
                cure="give it an array of its own: p.array = p.array.copy()",
            )
        shared = _sharing([p.array for p in own.values()])
        _copy(own, {
            name: np.array(v, own[name].dtype)  # what could fail fails here; two parts may change places
            if v.dtype != own[name].dtype or (v is not own[name].array and shared(v))
            else v
            for name, v in values.items()
        })  # fmt: skip
        return LoadResult(missing, unexpected)


def _sharing(arrays: list[Any]) -> Callable[[Any], bool]:
    """A function that says whether an array may lie in the memory of one of these, itself or as a view."""
    starts, ends = zip(*sorted(map(byte_bounds, arrays)), strict=True) if arrays else ((), ())
    farthest = list(itertools.accumulate(ends, max))

    def shared(array: Any) -> bool:
        low, high = byte_bounds(array)
        before = bisect.bisect_left(starts, high)  # so many begin before it ends
        return before > 0 and farthest[before - 1] > low

    return shared


@whole
def _copy(own: Mapping[str, Tensor], values: Mapping[str, Any]) -> None:
    """Put the values into the arrays of the same names."""
    for name, value in values.items():
        own[name].array[...] = value
    wrote(*own.values())


def unwrapped(name: str, own: Container[str]) -> str:
    """The name without the parts that wrappers of a model add to it, if that is one of ``own`` and ``name`` is not.

    >>> unwrapped("_orig_mod.module.weight", ["weight", "bias"])
    'weight'
    """
    bare = stripped(name)
    return bare if name not in own and bare in own else name


def stripped(name: str) -> str:
    """The name without what wrappers of a model add."""
    return ".".join(part for part in name.split(".") if part not in _WRAPPERS)


def array_of(value: Any) -> Any:
    """A value as a checkpoint gives it, our Tensor or another package's, as an array. What NumPy has not is float32."""
    value = value.array if isinstance(value, Tensor) else value
    if hasattr(value, "detach"):  # PyTorch's, which may be on another device
        try:
            value = value.detach().cpu()
            value = value.float() if str(value.dtype).startswith(("torch.bfloat16", "torch.float8")) else value
            value = value.numpy()
        except (TypeError, RuntimeError) as problem:  # sparse or quantised, or on the device meta, without numbers
            raise error(
                TypeError,
                "load_state_dict",
                got=f"a tensor of PyTorch that is no array ({shown(str(problem), 100)})",
                rule="what is loaded are numbers in a row, for each entry one",
                cure="write t.to_dense() or t.dequantize() of it in PyTorch, and load a model of the device meta first",
            ) from None
    try:
        return value if isinstance(value, np.ndarray) else np.asarray(value)
    except ValueError:
        return to_array(value)  # which says what is wrong with it
