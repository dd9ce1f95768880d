"""What every test starts from, and must leave behind."""

import os

# Before NumPy is imported: the tests' small matrices gain nothing from threads, and OpenBLAS's threads wait for each
# other at full speed when other programs use the cores (measured: 25 times slower).
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # PyTorch's

import pytest

from tinygrad_tf import manual_seed
from tinygrad_tf.op import state


@pytest.fixture(autouse=True)
def same_start():
    """The same random numbers in any order of tests; recording is on again afterwards."""
    manual_seed(0)
    yield
    assert state.recording
    assert state.scope == ""
