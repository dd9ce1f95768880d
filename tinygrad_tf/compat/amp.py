"""PyTorch's mixed precision, for lines that are written for GPUs: on the CPU all is computed in float32."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ..errors import error
from ..wording.languages import translated

F = TypeVar("F", bound=Callable[..., Any])
_DEVICES = ("cuda", "cpu", "xpu", "mps", "hpu")
_said: list[str] = []  # that it was said


class autocast:
    """Within it nothing changes: a context manager and a decorator. Everything is computed in the inputs' own types.

    Where it is enabled and would choose another type than float32, one warning says so.

    >>> with autocast("cpu", enabled=False):
    ...     (Tensor([1.0]) * 2).dtype
    dtype('float32')
    """

    def __init__(
        self, device_type: str = "cuda", dtype: Any = None, enabled: bool = True, cache_enabled: bool | None = None
    ) -> None:
        if not isinstance(device_type, str):  # cuda.amp.autocast(False)
            device_type, enabled = "cuda", bool(device_type)
        if device_type.partition(":")[0] not in _DEVICES:
            raise error(
                RuntimeError,
                "autocast",
                got={"device_type": repr(device_type)},
                rule=f"a device is one of {', '.join(_DEVICES)}",
                cure='write autocast("cpu")',
            )
        self.device_type, self.dtype, self.enabled = device_type, dtype, enabled
        if enabled and not (isinstance(dtype, (np.dtype, type)) and np.dtype(dtype) == np.float32) and not _said:
            _said.append("once is enough")
            warnings.warn(
                translated(
                    f"autocast: nothing is computed in {dtype or 'a shorter type'} here; the inputs keep their own "
                    "types, float32 as a rule, which is as exact or more so"
                ),
                stacklevel=2,
            )

    def __enter__(self) -> autocast:
        return self

    def __exit__(self, *problem: Any) -> None:
        pass

    def __call__(self, function: F) -> F:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

        return run  # type: ignore[return-value]


def is_autocast_enabled(device_type: str | None = None) -> bool:
    """Whether types are chosen for the ops: they never are.

    >>> is_autocast_enabled()
    False
    """
    return False


class GradScaler:
    """PyTorch's scaler of the loss, disabled: float32 needs none. Its methods do what a disabled one does.

    >>> scaler = GradScaler()
    >>> scaler.scale(Tensor(3.0)).item(), scaler.get_scale()
    (3.0, 1.0)
    """

    def __init__(
        self, device: str = "cuda", init_scale: float = 65536.0, growth_factor: float = 2.0,
        backoff_factor: float = 0.5, growth_interval: int = 2000, enabled: bool = True,
    ) -> None:  # fmt: skip
        pass

    def is_enabled(self) -> bool:
        """Whether losses are scaled: False."""
        return False

    def scale(self, outputs: Any) -> Any:
        """``outputs`` as they are."""
        return outputs

    def unscale_(self, optimizer: Any) -> None:
        """Nothing: the gradients were never scaled."""

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """``optimizer.step(…)``."""
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale: Any = None) -> None:
        """Nothing: the scale stays 1."""

    def get_scale(self) -> float:
        """The scale: 1."""
        return 1.0

    def state_dict(self) -> dict[str, Any]:
        """Nothing to keep."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Nothing: whatever scale was kept, none is used."""
