"""What a program found, as arrays: run here with ``torch`` mapped, or in PyTorch.

``python tests/ports/plain.py PROGRAM.py FOUND.npz`` runs the program with every ``import torch`` answered by
tinygrad_tf, for this process alone, and writes its RESULT.
"""

import importlib
import importlib.abc
import importlib.util
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
    return np.array(value)


class Mapped(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """``import torch.x`` gives the module tinygrad_tf.x itself."""

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] != "torch":
            return None
        ours = "tinygrad_tf" + name.removeprefix("torch")
        try:
            importlib.import_module(ours)
        except ModuleNotFoundError as e:
            if e.name == ours:
                raise ModuleNotFoundError(f"No module named '{ours}', for {name}", name=name) from None
            raise
        return importlib.util.spec_from_loader(name, self)

    def create_module(self, spec):
        module = sys.modules["tinygrad_tf" + spec.name.removeprefix("torch")]
        self.own = module.__spec__, module.__loader__
        return module

    def exec_module(self, module):
        module.__spec__, module.__loader__ = self.own


if __name__ == "__main__":
    program, found = sys.argv[1:]
    sys.meta_path.insert(0, Mapped())
    np.savez(found, **arrays(runpy.run_path(program)["RESULT"]))
