"""Settings for GPUs. They are accepted, and change nothing."""

from types import SimpleNamespace

#: How GPUs multiply; whatever is set stays readable.
matmul = SimpleNamespace(
    allow_tf32=False, allow_fp16_reduced_precision_reduction=True, allow_bf16_reduced_precision_reduction=True
)


def is_built() -> bool:
    """Whether this package can use GPUs: it cannot."""
    return False


def enable_flash_sdp(enabled: bool) -> None:
    """Nothing: attention is computed in one way."""


def enable_mem_efficient_sdp(enabled: bool) -> None:
    """Nothing: attention is computed in one way."""


def enable_math_sdp(enabled: bool) -> None:
    """Nothing: attention is computed in one way."""


def flash_sdp_enabled() -> bool:
    """Whether attention may run in a GPU's kernel: there is none."""
    return False
