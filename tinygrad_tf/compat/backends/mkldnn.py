"""Settings of Intel's library. They are accepted, and change nothing."""

enabled = False


def is_available() -> bool:
    """Whether the library is used: NumPy's own is."""
    return False
