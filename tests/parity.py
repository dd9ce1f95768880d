"""The same module here and in PyTorch, with the same weights: what both compute, and how far apart it is.

"Equal to 1e-12" means everywhere in these tests: no entry is off by more than 1e-12 of the largest entry of its tensor.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tinygrad_tf import Tensor

torch = pytest.importorskip("torch", reason="PyTorch is the oracle of the parity tests")

TOLERANCE = {"float64": 1e-12, "float32": 1e-5}
every_dtype = pytest.mark.parametrize("dtype", TOLERANCE)


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def twins(ours: Any, theirs: Any, dtype: str) -> tuple[Any, Any]:
    """Both modules in ``dtype`` with equal weights, none of them (biases, norms) left at a 0 or 1 that hides a slip."""
    rng = np.random.default_rng(0)
    theirs.to(getattr(torch, dtype))
    with torch.no_grad():
        for name, p in theirs.named_parameters():
            p.copy_(torch.from_numpy(("norm" in name and "weight" in name) + 0.3 * rng.standard_normal(p.shape)))
    ours.to(dtype).load_state_dict(theirs.state_dict())
    return ours, theirs


def of_ours(module: Any, *inputs: np.ndarray, **masks: Any) -> dict[str, np.ndarray | None]:
    """Outputs of our module, and the gradients of all inputs and parameters."""
    leaves = [Tensor(x, requires_grad=x.dtype.kind == "f") for x in inputs]
    outputs = _list(module(*leaves, **masks))
    sum((y * _weights(y)).sum() for y in outputs).backward()
    found = {f"output {i}": y.detach() for i, y in enumerate(outputs)}
    found |= {f"gradient of input {i}": x.grad for i, x in enumerate(leaves)}
    found |= {f"gradient of {name}": p.grad for name, p in module.named_parameters()}
    return {name: None if t is None else t.array for name, t in found.items()}


def of_theirs(module: Any, *inputs: np.ndarray, **masks: Any) -> dict[str, np.ndarray | None]:
    """The same of PyTorch's."""
    leaves = [torch.from_numpy(x.copy()).requires_grad_(x.dtype.kind == "f") for x in inputs]
    outputs = _list(module(*leaves, **{k: torch.from_numpy(v) if isinstance(v, np.ndarray) else v
                                       for k, v in masks.items()}))  # fmt: skip
    sum((y * torch.from_numpy(_weights(y))).sum() for y in outputs).backward()
    found = {f"output {i}": y.detach() for i, y in enumerate(outputs)}
    found |= {f"gradient of input {i}": x.grad for i, x in enumerate(leaves)}
    found |= {f"gradient of {name}": p.grad for name, p in module.named_parameters()}
    return {name: None if t is None else t.numpy() for name, t in found.items()}


def assert_equal(ours: dict[str, np.ndarray | None], theirs: dict[str, np.ndarray | None], dtype: str) -> None:
    assert list(ours) == list(theirs)
    for name, y in theirs.items():
        x = ours[name]
        if x is None or y is None:
            assert x is y, f"{name}: only one of the two has it"
            continue
        assert (x.shape, str(x.dtype)) == (y.shape, dtype), name
        off, scale = np.abs(x - y).max(), np.abs(y).max()
        assert off <= TOLERANCE[dtype] * scale, f"{name} is off by {off / scale:.1e} of its scale"


def _weights(y: Any) -> np.ndarray:
    """How much each entry of an output counts in the loss: random, so that no two errors cancel."""
    return normal(*y.shape, seed=1).astype("float32" if "32" in str(y.dtype) else "float64")


def _list(result: Any) -> list[Any]:
    return [y for y in (result if isinstance(result, tuple) else (result,)) if y is not None]
