"""Settings of NVIDIA's library for GPUs. They are accepted, and change nothing: the same seed gives the same bits."""

enabled = False
benchmark = False
deterministic = True
allow_tf32 = False


def is_available() -> bool:
    """Whether the library is there: it is not used."""
    return False


def version() -> None:
    """The version of the library: there is none."""
