"""PyTorch's generators of random numbers: one's own, and the state of the package's as a Tensor of bytes."""

from __future__ import annotations

import secrets
from typing import Any

import numpy as np

from .. import random
from ..autograd.tensor import Tensor
from ..errors import error
from ..ops.conversion import check_device
from .devices import CPU, device

#: What PyTorch starts a generator with before somebody chooses a seed.
FIRST_SEED = 67280421310721


class Generator:
    """A generator of random numbers of one's own: ``generator=g`` in whatever draws. ``rng`` is NumPy's.

    The numbers are NumPy's, not PyTorch's. The same seed gives the same ones.

    >>> g = Generator().manual_seed(0)
    >>> a = rand(3, generator=g)
    >>> bool((a == rand(3, generator=g.manual_seed(0))).all())
    True
    """

    def __init__(self, device: Any = "cpu") -> None:
        check_device("Generator", device)
        self.manual_seed(FIRST_SEED)

    @property
    def device(self) -> device:
        """Where it draws: the CPU."""
        return CPU

    def manual_seed(self, seed: int) -> Generator:
        """Start anew from a seed, and return the generator."""
        self._seed = int(seed)
        self.rng = np.random.default_rng(
            self._seed % 2**64
        )  # NumPy takes none below 0, PyTorch counts them from the top
        return self

    def seed(self) -> int:
        """Start anew from a seed that nobody can foresee, and return it."""
        self.manual_seed(secrets.randbits(63))
        return self._seed

    def initial_seed(self) -> int:
        """The seed that it was started from."""
        return self._seed

    def get_state(self) -> Tensor:
        """The state as a Tensor of bytes."""
        return _as_bytes(self.rng.bit_generator.state)

    def set_state(self, new_state: Tensor) -> Generator:
        """Go on from a state that :meth:`get_state` returned."""
        random.set_state_of(self.rng, _as_state("Generator.set_state", new_state), "Generator.set_state")
        return self


class _Default(Generator):
    """The package's own generator, under PyTorch's name ``default_generator``."""

    def __init__(self) -> None:
        self._seed = FIRST_SEED

    @property
    def rng(self) -> np.random.Generator:  # type: ignore[override]
        return random.generator()

    def manual_seed(self, seed: int) -> Generator:
        self._seed = int(seed)
        random.manual_seed(seed % 2**64)
        return self


default_generator = _Default()


def seed() -> int:
    """Start the package's generator from a seed that nobody can foresee, and return it."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed that :func:`seed` or ``default_generator.manual_seed`` was given last."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """The state of the package's generator, as a Tensor of bytes.

    >>> state = get_rng_state()
    >>> a = rand(2)
    >>> set_rng_state(state)
    >>> bool((rand(2) == a).all())
    True
    """
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Let the package's generator go on from a state that :func:`get_rng_state` returned."""
    default_generator.set_state(new_state)


_SIZES = {"state": 16, "inc": 16, "has_uint32": 1, "uinteger": 4}


def _as_bytes(state: Any) -> Tensor:
    numbers = {**state, **state["state"]}
    whole = b"".join(int(numbers[name]).to_bytes(size, "little") for name, size in _SIZES.items())
    return Tensor.wrap(np.frombuffer(whole, np.uint8).copy())


def _as_state(name: str, given: Any) -> dict[str, Any]:
    array = np.asarray(given.array if isinstance(given, Tensor) else given)
    if array.dtype != np.uint8 or array.shape != (sum(_SIZES.values()),):
        raise error(
            TypeError,
            name,
            got={"new_state": given},
            rule=f"a state is {sum(_SIZES.values())} bytes, of NumPy's generator PCG64",
            cure="give what get_state() or get_rng_state() returned here; PyTorch's own states mean another generator",
        )
    found, rest = {}, array.tobytes()
    for part, size in _SIZES.items():
        found[part], rest = int.from_bytes(rest[:size], "little"), rest[size:]
    inner = {"state": found.pop("state"), "inc": found.pop("inc")}
    return {"bit_generator": "PCG64", "state": inner, **found}
