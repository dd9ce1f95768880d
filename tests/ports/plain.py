"""What a program found, as arrays: run here with ``torch`` mapped, or in PyTorch.

``python tests/ports/plain.py PROGRAM.py FOUND.npz`` runs the program with every ``import torch`` answered by
tinygrad_tf, for this process alone, and writes its RESULT.
"""

import runpy
import sys

import numpy as np


def arrays(result):
    """RESULT by name as ndarrays: Tensors, numbers, strings, and lists of them."""
    return {name: array(value) for name, value in result.items()}


def array(value):
    if hasattr(value, "detach"):
        return value.detach().numpy()
    if isinstance(value, (list, tuple)):
        return np.array([array(v) for v in value])
    if isinstance(value, np.floating):  # a norm, which in PyTorch is a Tensor of the default type
        return np.array(value, np.float32)
    return np.array(value)


if __name__ == "__main__":
    from tinygrad_tf.compat.names import Names

    program, found = sys.argv[1:]
    Names("torch", str).install()
    np.savez(found, **arrays(runpy.run_path(program)["RESULT"]))
