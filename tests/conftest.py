"""What every test starts from, and must leave behind."""

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
