"""Names, order and shapes of state dicts are PyTorch's, and each package loads what the other saved."""

import inspect

import numpy as np
import pytest
from parity import normal, torch

from tinygrad_tf import Tensor, nn

#: A constructor call that both packages understand: class, positional arguments, keywords.
MODULES = {
    "Linear": ("Linear", (3, 4), {}),
    "Linear no bias": ("Linear", (3, 4), {"bias": False}),
    "Embedding": ("Embedding", (5, 3), {}),
    "Embedding padded": ("Embedding", (5, 3), {"padding_idx": 0}),
    "LayerNorm": ("LayerNorm", (3,), {}),
    "LayerNorm of two axes": ("LayerNorm", ((2, 3),), {}),
    "LayerNorm no bias": ("LayerNorm", (3,), {"bias": False}),
    "LayerNorm plain": ("LayerNorm", (3,), {"elementwise_affine": False}),
    "attention": ("MultiheadAttention", (4, 2), {}),
    "attention no bias": ("MultiheadAttention", (4, 2), {"bias": False}),
    "attention kdim": ("MultiheadAttention", (4, 2), {"kdim": 3}),
    "attention kdim = embed_dim": ("MultiheadAttention", (4, 2), {"kdim": 4, "vdim": 4}),
    "attention vdim, bias_kv": ("MultiheadAttention", (4, 2), {"vdim": 3, "add_bias_kv": True}),
    "attention bias_kv": ("MultiheadAttention", (4, 2), {"add_bias_kv": True}),
    "encoder layer": ("TransformerEncoderLayer", (4, 2, 6), {}),
    "encoder layer no bias": ("TransformerEncoderLayer", (4, 2, 6), {"bias": False}),
    "decoder layer": ("TransformerDecoderLayer", (4, 2, 6), {}),
    "decoder layer pre-norm": ("TransformerDecoderLayer", (4, 2, 6), {"norm_first": True}),
    "transformer": ("Transformer", (4, 2, 2, 3, 6), {}),
    "transformer no bias": ("Transformer", (4, 2, 1, 1, 6), {"bias": False}),
    "transformer pre-norm": ("Transformer", (4, 2, 1, 1, 6), {"norm_first": True}),
}

pytestmark = pytest.mark.filterwarnings("ignore:enable_nested_tensor is True")
every_module = pytest.mark.parametrize("case", MODULES)


def both(case):
    name, args, keywords = MODULES[case]
    return getattr(nn, name)(*args, **keywords), getattr(torch.nn, name)(*args, **keywords)


def stacks(package):
    """Encoder, decoder and the containers, whose constructors take modules."""
    encoder_layer = package.TransformerEncoderLayer(4, 2, 6)
    decoder_layer = package.TransformerDecoderLayer(4, 2, 6)
    return {
        "encoder": package.TransformerEncoder(encoder_layer, 2),
        "encoder with norm": package.TransformerEncoder(encoder_layer, 2, package.LayerNorm(4)),
        "decoder": package.TransformerDecoder(decoder_layer, 2, norm=package.LayerNorm(4)),
        "Sequential": package.Sequential(package.Linear(2, 3), package.ReLU(), package.Linear(3, 1)),
        "nested Sequential": package.Sequential(package.Sequential(package.Linear(2, 3)), package.Linear(3, 1)),
        "ModuleList": package.ModuleList([package.Linear(2, 3), package.Dropout(), package.LayerNorm(3)]),
    }


def shapes(module):
    return [(name, tuple(t.shape)) for name, t in module.state_dict().items()]


@every_module
def test_names_order_and_shapes_are_those_of_pytorch(case):
    ours, theirs = both(case)
    assert shapes(ours) == shapes(theirs)
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]


@pytest.mark.parametrize("case", stacks(nn))
def test_names_order_and_shapes_of_stacks_are_those_of_pytorch(case):
    assert shapes(stacks(nn)[case]) == shapes(stacks(torch.nn)[case])


@every_module
def test_we_load_what_pytorch_saved(case):
    ours, theirs = both(case)
    found = ours.load_state_dict(theirs.state_dict())
    assert tuple(found) == ([], [])
    for name, value in theirs.state_dict().items():
        np.testing.assert_array_equal(ours.state_dict()[name].array, value.numpy(), strict=True)


@every_module
def test_pytorch_loads_what_we_saved(case):
    ours, theirs = both(case)
    theirs.load_state_dict({name: torch.from_numpy(t.numpy().copy()) for name, t in ours.state_dict().items()})
    for name, value in theirs.state_dict().items():
        np.testing.assert_array_equal(ours.state_dict()[name].array, value.numpy(), strict=True)


def test_loading_copies():
    ours, theirs = both("Linear")
    ours.load_state_dict(theirs.state_dict())
    before = ours.weight.array.copy()
    with torch.no_grad():
        theirs.weight += 1
    np.testing.assert_array_equal(ours.weight.array, before)


def test_a_half_precision_checkpoint_loads_as_float32():
    ours, theirs = both("Linear")
    ours.load_state_dict(theirs.half().state_dict())
    assert ours.weight.dtype == np.float32
    np.testing.assert_array_equal(ours.weight.array, theirs.weight.detach().float().numpy())


#: Arguments of PyTorch's constructors that say where and in which precision it computes, or speed it up; not all of
#: ours take them.
PYTORCH_ONLY = {"device", "dtype", "max_norm", "norm_type", "scale_grad_by_freq", "sparse", "_weight", "_freeze",
                "inplace", "size_average", "reduce"}  # fmt: skip


@pytest.mark.parametrize("name", [
    "Linear", "Embedding", "LayerNorm", "Dropout", "MultiheadAttention", "TransformerEncoderLayer",
    "TransformerDecoderLayer", "TransformerEncoder", "TransformerDecoder", "Transformer", "GELU", "CrossEntropyLoss",
    "RMSNorm", "SiLU", "ReLU", "ReLU6", "LeakyReLU", "ELU", "CELU", "SELU", "Mish", "Softplus", "GLU", "PReLU",
    "Flatten", "Unflatten", "Hardsigmoid", "Hardswish", "MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "NLLLoss",
    "BCELoss", "BCEWithLogitsLoss", "KLDivLoss", "CosineSimilarity", "PairwiseDistance",
])  # fmt: skip
def test_constructors_take_the_arguments_of_pytorch(name):
    theirs = inspect.signature(getattr(torch.nn, name)).parameters
    theirs = {p: value.default for p, value in theirs.items() if p not in PYTORCH_ONLY}
    ours = inspect.signature(getattr(nn, name)).parameters
    assert [p for p in ours if p not in PYTORCH_ONLY] == list(theirs)
    for parameter, default in theirs.items():
        got = ours[parameter].default
        if callable(default) and default is not inspect.Parameter.empty:  # PyTorch writes the function relu
            assert got == default.__name__
        else:
            assert got == default, parameter


@pytest.mark.parametrize("name", [
    "MultiheadAttention", "TransformerEncoderLayer", "TransformerDecoderLayer", "TransformerEncoder",
    "TransformerDecoder", "Transformer",
])  # fmt: skip
def test_calls_take_the_arguments_of_pytorch(name):
    ours, theirs = (inspect.signature(getattr(package, name).forward).parameters for package in (nn, torch.nn))
    own = [p for p in ours.values() if p.kind is p.KEYWORD_ONLY]  # PyTorch has none
    assert {p.name for p in own} <= {"cache"}
    assert [(p.name, p.default) for p in ours.values() if p not in own] == [
        (p.name, p.default) for p in theirs.values()
    ]


@every_module
def test_a_state_dict_can_be_loaded_into_the_module_that_gave_it(case):
    ours, _ = both(case)
    saved = ours.state_dict()
    before = {name: t.array.copy() for name, t in saved.items()}
    ours.load_state_dict(saved)
    for name, values in before.items():
        np.testing.assert_array_equal(ours.state_dict()[name].array, values)


def test_outputs_agree_after_training_on_one_side():
    """What a user does: train there, load here."""
    ours, theirs = both("encoder layer")
    x = normal(3, 2, 4).astype("float32")
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.1)
    theirs(torch.from_numpy(x)).square().sum().backward()
    optimizer.step()
    ours.load_state_dict(theirs.state_dict())
    expected = theirs.eval()(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(ours.eval()(Tensor(x)).array, expected, atol=1e-5)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float64", "float8_e4m3fn"])
def test_tensors_of_every_float_type_are_loaded(dtype):
    theirs = torch.nn.Linear(3, 4).to(getattr(torch, dtype))
    ours = nn.Linear(3, 4)
    ours.load_state_dict(theirs.state_dict())
    for name, tensor in theirs.state_dict().items():
        np.testing.assert_array_equal(ours.state_dict()[name].array, tensor.float().numpy())
        assert ours.state_dict()[name].dtype == np.float32


WRAPPED = {
    "compiled": lambda net: torch.compile(net),
    "parallel": lambda net: torch.nn.DataParallel(net),
    "compiled and parallel": lambda net: torch.nn.DataParallel(torch.compile(net)),
    "a compiled part": lambda net: torch.nn.Sequential(torch.compile(net[0]), net[1]),
}


@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED)
def test_the_state_of_a_wrapped_model_is_loaded(wrap):
    theirs = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
    ours = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    state = wrap(theirs).state_dict()
    assert set(state) != set(ours.state_dict())
    assert ours.load_state_dict(state) == ([], [])
    for name, tensor in theirs.state_dict().items():
        np.testing.assert_array_equal(ours.state_dict()[name].array, tensor.numpy())


def test_a_part_that_is_called_as_a_wrapper_keeps_its_name():
    class Net(nn.Module):
        def __init__(self):
            self.module, self.weight = nn.Linear(2, 1), nn.Parameter(np.zeros((1, 2)))

    net = Net()
    net.load_state_dict({name: value + 1 for name, value in net.state_dict().items()})
    assert (net.weight.array == 1).all()
    found = net.load_state_dict(
        {"_orig_mod.weight": np.full((1, 2), 5.0), "weight": np.full((1, 2), 6.0)}, strict=False
    )
    assert found.unexpected_keys == ["_orig_mod.weight"]
    assert (net.weight.array == 6).all()
