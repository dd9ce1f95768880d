"""Freed memory is used again: no page fault for each array that is made."""

import os
import subprocess
import sys

import pytest

FAULTS = """
import resource
import numpy as np
{also}
def work():
    for _ in range(50):
        a = [np.ones(1 << 18, np.float32) for _ in range(3)]
        del a
work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
work()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(also, **environment):
    code = FAULTS.format(also=also)
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_TUNABLES"))}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                         env={**own, **environment})  # fmt: skip
    return int(ran.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_arrays_of_a_second_round_take_the_memory_of_the_first():
    assert faults("import tinygrad_tf") < 100  # each array has 256 pages of 4 KB


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator")
def test_what_the_environment_says_stays():
    assert "False" in subprocess.run(
        [sys.executable, "-c", "from tinygrad_tf.kernels.memory import reuse_freed; print(reuse_freed())"],
        capture_output=True, text=True, check=True, env={**os.environ, "MALLOC_ARENA_MAX": "4"},
    ).stdout  # fmt: skip
