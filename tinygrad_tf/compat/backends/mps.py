"""Apple's GPUs: NumPy computes on the CPU."""


def is_available() -> bool:
    """Whether there is such a device to compute on: there is none."""
    return False


def is_built() -> bool:
    """Whether this package can use such a device: it cannot."""
    return False
