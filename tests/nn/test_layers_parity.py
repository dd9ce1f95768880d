"""The small layers beside PyTorch's: outputs and all gradients."""

import numpy as np
import pytest
from parity import assert_equal, every_dtype, normal, of_ours, of_theirs, torch, twins

from tinygrad_tf import nn

#: Class, constructor, shape of the input.
LAYERS = {
    "Linear": ("Linear", (4, 3), {}, (5, 4)),
    "Linear no bias": ("Linear", (4, 3), {"bias": False}, (5, 4)),
    "Linear of one row": ("Linear", (4, 3), {}, (4,)),
    "Linear of a batch of sequences": ("Linear", (4, 3), {}, (2, 5, 4)),
    "LayerNorm": ("LayerNorm", (4,), {}, (5, 4)),
    "LayerNorm of two axes": ("LayerNorm", ((3, 4),), {"eps": 0.1}, (2, 5, 3, 4)),
    "LayerNorm no bias": ("LayerNorm", (4,), {"bias": False}, (5, 4)),
    "LayerNorm plain": ("LayerNorm", (4,), {"elementwise_affine": False}, (5, 4)),
    "ReLU": ("ReLU", (), {}, (5, 4)),
    "GELU": ("GELU", (), {}, (5, 4)),
    "GELU tanh": ("GELU", ("tanh",), {}, (5, 4)),
    "Tanh": ("Tanh", (), {}, (5, 4)),
    "Sigmoid": ("Sigmoid", (), {}, (5, 4)),
    "Softmax": ("Softmax", (1,), {}, (5, 4)),
    "Softmax of another axis": ("Softmax", (0,), {}, (5, 4)),
    "Identity": ("Identity", (), {}, (5, 4)),
    "Dropout in evaluation": ("Dropout", (0.5,), {}, (5, 4)),
}


@pytest.mark.parametrize("case", LAYERS)
@every_dtype
def test_layer_equals_pytorch(case, dtype):
    name, args, settings, shape = LAYERS[case]
    ours, theirs = twins(getattr(nn, name)(*args, **settings), getattr(torch.nn, name)(*args, **settings), dtype)
    x = normal(*shape).astype(dtype)
    assert_equal(of_ours(ours.eval(), x), of_theirs(theirs.eval(), x), dtype)


@pytest.mark.parametrize("settings", [{}, {"padding_idx": 2}, {"padding_idx": -1}], ids=str)
@pytest.mark.parametrize(
    "ids", [np.array([2, 2, 0, 4]), np.array([[1, 2, 4], [3, 2, 4]]), np.array(1)], ids=["1", "2", "0"]
)
@every_dtype
def test_embedding_equals_pytorch(settings, ids, dtype):
    ours, theirs = twins(nn.Embedding(5, 3, **settings), torch.nn.Embedding(5, 3, **settings), dtype)
    assert_equal(of_ours(ours, ids), of_theirs(theirs, ids), dtype)


@pytest.mark.parametrize("settings", [
    {}, {"ignore_index": 2}, {"reduction": "sum"}, {"reduction": "none", "label_smoothing": 0.3},
    {"label_smoothing": 0.1, "ignore_index": 0}, {"weight": True, "label_smoothing": 0.1},
    {"weight": True, "ignore_index": 1, "reduction": "sum"},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("shape", [(6, 4), (3, 4, 2), (4,)], ids=str)
@every_dtype
def test_cross_entropy_loss_equals_pytorch(settings, shape, dtype):
    n_classes = shape[1] if len(shape) > 1 else shape[0]
    logits = normal(*shape).astype(dtype)
    target = np.random.default_rng(0).integers(0, n_classes, (*shape[:1], *shape[2:]) if len(shape) > 1 else ())
    weight = np.linspace(0.5, 2, n_classes).astype(dtype) if settings.get("weight") else None
    ours = nn.CrossEntropyLoss(**{**settings, "weight": weight})
    theirs = torch.nn.CrossEntropyLoss(**{**settings, "weight": None if weight is None else torch.from_numpy(weight)})
    assert_equal(of_ours(ours, logits, target), of_theirs(theirs, logits, target), dtype)


def test_a_sequential_of_layers_equals_pytorch():
    made = [package.Sequential(package.Linear(4, 6), package.GELU(), package.LayerNorm(6), package.Linear(6, 2))
            for package in (nn, torch.nn)]  # fmt: skip
    ours, theirs = twins(*made, "float64")
    x = normal(5, 4)
    assert_equal(of_ours(ours, x), of_theirs(theirs, x), "float64")
