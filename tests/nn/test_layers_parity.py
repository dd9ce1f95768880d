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
    "Dropout in place": ("Dropout", (0.5,), {"inplace": False}, (5, 4)),
    "Identity of anything": ("Identity", (3,), {"unused": True}, (5, 4)),
    "ReLU6": ("ReLU6", (), {}, (5, 4)),
    "LeakyReLU": ("LeakyReLU", (0.2,), {}, (5, 4)),
    "ELU": ("ELU", (0.5,), {}, (5, 4)),
    "CELU": ("CELU", (), {"alpha": 0.5}, (5, 4)),
    "SELU": ("SELU", (), {"inplace": False}, (5, 4)),
    "SiLU": ("SiLU", (), {}, (5, 4)),
    "Mish": ("Mish", (), {}, (5, 4)),
    "Hardtanh": ("Hardtanh", (-0.5, 0.7), {}, (5, 4)),
    "Hardswish": ("Hardswish", (), {}, (5, 4)),
    "Softplus": ("Softplus", (2.0, 3.0), {}, (5, 4)),
    "Softsign": ("Softsign", (), {}, (5, 4)),
    "Tanhshrink": ("Tanhshrink", (), {}, (5, 4)),
    "LogSigmoid": ("LogSigmoid", (), {}, (5, 4)),
    "LogSoftmax": ("LogSoftmax", (), {"dim": 0}, (5, 4)),
    "Softmin": ("Softmin", (1,), {}, (5, 4)),
    "GLU": ("GLU", (), {}, (5, 4)),
    "PReLU": ("PReLU", (), {}, (5, 4)),
    "PReLU of channels": ("PReLU", (4,), {}, (5, 4, 2)),
    "Flatten": ("Flatten", (), {}, (5, 4, 2)),
    "Flatten of the first axes": ("Flatten", (0, 1), {}, (5, 4, 2)),
    "Unflatten": ("Unflatten", (1, (2, 2)), {}, (5, 4)),
}


@pytest.mark.parametrize("case", LAYERS)
@every_dtype
def test_layer_equals_pytorch(case, dtype):
    name, args, settings, shape = LAYERS[case]
    ours, theirs = twins(getattr(nn, name)(*args, **settings), getattr(torch.nn, name)(*args, **settings), dtype)
    x = normal(*shape).astype(dtype)
    assert repr(ours) == repr(theirs)
    assert_equal(of_ours(ours.eval(), x), of_theirs(theirs.eval(), x), dtype)


#: Layers that PyTorch lacks, as they print themselves: the input's shape, and what is computed, in PyTorch's functions.
OWN = {
    "LearnedPositions(d_model=4, max_length=8)": ((2, 5, 4), lambda x, weight: x + weight[: x.shape[1]]),
}


@pytest.mark.parametrize("case", OWN)
@every_dtype
def test_own_layer_computes_what_pytorchs_functions_do(case, dtype):
    shape, function = OWN[case]
    ours = eval(case, vars(nn).copy())
    assert repr(ours) == case
    theirs = written(function, {name: p.shape for name, p in ours.named_parameters()})
    ours, theirs = twins(ours, theirs, dtype)
    x = normal(*shape).astype(dtype)
    assert_equal(of_ours(ours.eval(), x), of_theirs(theirs, x), dtype)


def written(function, shapes):
    """A module of PyTorch that computes ``function(x, **parameters)``."""
    module = torch.nn.Module()
    for name, shape in shapes.items():
        module.register_parameter(name, torch.nn.Parameter(torch.zeros(shape)))
    module.forward = lambda x: function(x, **dict(module.named_parameters()))
    return module


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


#: Class, settings (True: an array), and whether the first input is of probabilities; the second one always is.
LOSSES = {
    "MSELoss": ("MSELoss", {}, False),
    "L1Loss": ("L1Loss", {"reduction": "sum"}, False),
    "SmoothL1Loss": ("SmoothL1Loss", {"beta": 0.5}, False),
    "HuberLoss": ("HuberLoss", {"delta": 0.5, "reduction": "none"}, False),
    "BCELoss": ("BCELoss", {}, True),
    "BCELoss weighted": ("BCELoss", {"weight": True}, True),
    "BCEWithLogitsLoss": ("BCEWithLogitsLoss", {}, False),
    "BCEWithLogitsLoss weighted": ("BCEWithLogitsLoss", {"weight": True, "pos_weight": True}, False),
    "KLDivLoss": ("KLDivLoss", {"reduction": "batchmean"}, False),
    "CosineSimilarity": ("CosineSimilarity", {}, False),
    "PairwiseDistance": ("PairwiseDistance", {"p": 3.0}, False),
}


@pytest.mark.filterwarnings("ignore:reduction")  # PyTorch's
@pytest.mark.parametrize("case", LOSSES)
@every_dtype
def test_loss_equals_pytorch(case, dtype):
    name, settings, of_probabilities = LOSSES[case]
    x, target = normal(5, 4).astype(dtype), np.random.default_rng(1).uniform(0.1, 0.9, (5, 4)).astype(dtype)
    x = 1 / (1 + np.exp(-x)) if of_probabilities else x
    array = np.linspace(0.5, 2, 4).astype(dtype)
    ours = getattr(nn, name)(**{key: array if value is True else value for key, value in settings.items()})
    arrays = {key: torch.from_numpy(array) for key, value in settings.items() if value is True}
    theirs = getattr(torch.nn, name)(**{**settings, **arrays})
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert_equal(of_ours(ours, x, target), of_theirs(theirs, x, target), dtype)


@pytest.mark.parametrize("settings", [{}, {"weight": True}, {"ignore_index": 1, "reduction": "sum"}], ids=str)
@every_dtype
def test_nll_loss_equals_pytorch(settings, dtype):
    x, target = -np.abs(normal(5, 4)).astype(dtype), np.array([0, 3, 1, 1, 2])
    array = np.linspace(0.5, 2, 4).astype(dtype) if settings.get("weight") else None
    ours = nn.NLLLoss(**{**settings, "weight": array})
    theirs = torch.nn.NLLLoss(**{**settings, "weight": None if array is None else torch.from_numpy(array)})
    assert_equal(of_ours(ours, x, target), of_theirs(theirs, x, target), dtype)


@pytest.mark.parametrize(
    "call", ["Linear(2, 3, ", "Embedding(4, 2, ", "LayerNorm(3, ", "RMSNorm(3, "], ids=lambda c: c.split("(")[0]
)
def test_a_layer_is_made_in_the_type_asked_for(call):
    layer = eval(call + 'device="cpu", dtype="float64")', vars(nn).copy())
    assert {str(p.dtype) for p in layer.parameters()} == {"float64"}
    with pytest.raises(ValueError, match="NumPy computes on the CPU"):
        eval(call + 'device="cuda")', vars(nn).copy())


def test_an_argument_that_a_layer_does_not_take_is_refused():
    with pytest.raises(TypeError, match="slope"):
        nn.LeakyReLU(slope=1.0)


def test_a_sequential_of_layers_equals_pytorch():
    made = [package.Sequential(package.Linear(4, 6), package.GELU(), package.LayerNorm(6), package.Linear(6, 2))
            for package in (nn, torch.nn)]  # fmt: skip
    ours, theirs = twins(*made, "float64")
    x = normal(5, 4)
    assert_equal(of_ours(ours, x), of_theirs(theirs, x), "float64")
