"""PyTorch's settings of the whole process: accepted where they ask for what is so anyway, done where NumPy can."""

from __future__ import annotations

import operator
import os
import warnings

import numpy as np

from ..autograd.debugging import debug
from ..errors import error
from ..products import OPENBLAS
from ..wording.languages import translated

_PRECISIONS = ("highest", "high", "medium")
_chosen = {"precision": "highest", "deterministic": False}


def set_float32_matmul_precision(precision: str) -> None:
    """How exactly float32 is multiplied: ``"highest"``, ``"high"`` or ``"medium"``. Here it is always the highest.

    Raises ValueError for another word.

    >>> set_float32_matmul_precision("high")
    >>> get_float32_matmul_precision()
    'high'
    """
    if precision not in _PRECISIONS:
        raise error(
            ValueError,
            "set_float32_matmul_precision",
            got={"precision": repr(precision)},
            rule=f"it is one of {', '.join(_PRECISIONS)}",
            cure='write "highest"',
        )
    _chosen["precision"] = precision


def get_float32_matmul_precision() -> str:
    """What :func:`set_float32_matmul_precision` was given last."""
    return str(_chosen["precision"])


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Nothing beyond keeping ``mode``: the same seed on the same machine gives the same bits.

    >>> use_deterministic_algorithms(True)
    >>> are_deterministic_algorithms_enabled()
    True
    """
    _chosen["deterministic"] = bool(mode)


def are_deterministic_algorithms_enabled() -> bool:
    """What :func:`use_deterministic_algorithms` was given last."""
    return bool(_chosen["deterministic"])


def get_num_threads() -> int:
    """The threads of NumPy's matrix products.

    Where NumPy multiplies by another library than OpenBLAS, the package ``threadpoolctl`` says it; without that, the
    environment.

    >>> get_num_threads() > 0
    True
    """
    if OPENBLAS:
        return int(OPENBLAS["get"]())
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        said = [os.environ.get(name, "") for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")]
        return next((int(n) for n in said if n.isdigit()), os.cpu_count() or 1)
    counts = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    return max(counts, default=1)


def set_num_threads(n: int) -> None:
    """Set the threads of NumPy's matrix products.

    Where NumPy multiplies by another library than OpenBLAS, it takes the package ``threadpoolctl``; a warning says if
    that is missing. Raises ValueError for a number below 1.
    """
    if n < 1:
        raise error(
            ValueError, "set_num_threads", got={"n": n}, rule="at least one thread works", cure="write a number above 0"
        )
    if OPENBLAS:
        OPENBLAS["set"](min(operator.index(n), 2**16))
        return
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        warnings.warn(
            translated(
                "set_num_threads changes nothing, because threadpoolctl is not installed: set OPENBLAS_NUM_THREADS in "
                "the environment before the program starts, or pip install threadpoolctl"
            ),
            stacklevel=2,
        )
        return
    threadpool_limits(n, user_api="blas")


def set_printoptions(
    precision: int | None = None, threshold: int | None = None, edgeitems: int | None = None,
    linewidth: int | None = None, profile: str | None = None, sci_mode: bool | None = None,
) -> None:  # fmt: skip
    """How numbers are printed. NumPy prints Tensors, so its own ``set_printoptions`` is called and arrays follow, too.

    ``profile`` "default", "short" or "full" stands for 4, 2 or 4 digits. A Tensor of more than 200 entries is cut short
    whatever ``threshold`` says.
    """
    profiles = {"default": 4, "short": 2, "full": 4}
    if profile is not None and profile not in profiles:
        raise error(
            ValueError,
            "set_printoptions",
            got={"profile": repr(profile)},
            rule="it is one of default, short, full",
            cure="give precision, edgeitems and linewidth themselves",
        )
    if precision is None and profile is not None:
        precision = profiles[profile]
    np.set_printoptions(precision, threshold, edgeitems, linewidth)
    if sci_mode is not None:
        np.set_printoptions(suppress=not sci_mode)


class detect_anomaly(debug):
    """PyTorch's name for :class:`tinygrad_tf.debug`, which looks at each result, too, and stops at the first NaN."""

    def __init__(self, check_nan: bool = True) -> None:
        if not check_nan:
            raise error(
                NotImplementedError,
                "detect_anomaly",
                got={"check_nan": False},
                rule="it stops at the first number that is not finite",
                cure="leave it out: the site of each op is known without it, see graph.explain",
            )
