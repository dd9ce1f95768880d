"""What parameters start as: random streams cannot be PyTorch's, so distributions are compared.

The measure is the Kolmogorov–Smirnov distance of a large sample; PyTorch's own modules pass the same table.
"""

import math

import numpy as np
import pytest

import tinygrad_tf
from tinygrad_tf import Tensor, nn


def uniform(bound):
    """The distribution function of U(−bound, bound)."""
    return lambda x: np.clip((x + bound) / (2 * bound), 0, 1)


def normal(std):
    return lambda x: np.array([0.5 * math.erfc(-value / std / math.sqrt(2)) for value in x])


def is_drawn_from(values, distribution):
    """Whether the largest distance of the empirical from the given distribution function is one of a true sample.

    It exceeds 1.95/√n in one sample of a thousand; the seeds of these tests are fixed.
    """
    x = np.sort(np.asarray(values, np.float64).ravel())
    n, F = x.size, distribution(x)
    distance = max((np.arange(1, n + 1) / n - F).max(), (F - np.arange(n) / n).max())
    return distance < 1.95 / math.sqrt(n)


pytestmark = pytest.mark.filterwarnings("ignore:enable_nested_tensor is True")

#: Class, arguments, and the distribution of each parameter (a number: it holds that number everywhere).
STARTS = {
    "Linear": ("Linear", (100, 300), {}, {"weight": uniform(0.1), "bias": uniform(0.1)}),
    "Embedding": ("Embedding", (300, 100), {}, {"weight": normal(1)}),
    "LayerNorm": ("LayerNorm", (100,), {}, {"weight": 1, "bias": 0}),
    "attention": ("MultiheadAttention", (100, 2), {}, {
        "in_proj_weight": uniform(math.sqrt(6 / 400)), "in_proj_bias": 0, "out_proj.weight": uniform(0.1),
        "out_proj.bias": 0,
    }),
    "attention with kdim, vdim, bias_kv": ("MultiheadAttention", (1000, 2),
                                           {"kdim": 50, "vdim": 20, "add_bias_kv": True}, {
        "q_proj_weight": uniform(math.sqrt(6 / 2000)), "k_proj_weight": uniform(math.sqrt(6 / 1050)),
        "v_proj_weight": uniform(math.sqrt(6 / 1020)), "bias_k": normal(math.sqrt(1 / 1000)),
        "bias_v": normal(math.sqrt(1 / 1000)), "in_proj_bias": 0, "out_proj.weight": uniform(math.sqrt(1 / 1000)),
    }),
    "encoder layer": ("TransformerEncoderLayer", (64, 2, 100), {}, {
        "self_attn.in_proj_weight": uniform(math.sqrt(6 / 256)), "self_attn.out_proj.weight": uniform(1 / 8),
        "linear1.weight": uniform(1 / 8), "linear1.bias": uniform(1 / 8), "linear2.weight": uniform(0.1),
        "linear2.bias": uniform(0.1), "norm1.weight": 1, "norm2.bias": 0,
    }),
    "transformer": ("Transformer", (64, 2, 1, 1, 100), {}, {
        "encoder.layers.0.self_attn.in_proj_weight": uniform(math.sqrt(6 / 256)),
        "encoder.layers.0.self_attn.out_proj.weight": uniform(math.sqrt(6 / 128)),
        "encoder.layers.0.linear1.weight": uniform(math.sqrt(6 / 164)),
        "encoder.layers.0.linear1.bias": uniform(1 / 8),
        "decoder.layers.0.multihead_attn.in_proj_weight": uniform(math.sqrt(6 / 256)),
        "decoder.layers.0.multihead_attn.in_proj_bias": 0,
        "decoder.layers.0.linear2.weight": uniform(math.sqrt(6 / 164)), "decoder.norm.weight": 1,
    }),
}  # fmt: skip


def start(case, package):
    name, args, keywords, expected = STARTS[case]
    state = getattr(package, name)(*args, **keywords).state_dict()
    for parameter, distribution in expected.items():
        values = state[parameter].numpy()
        if callable(distribution):
            assert is_drawn_from(values, distribution), parameter
        else:
            assert (values == distribution).all(), parameter


@pytest.mark.parametrize("case", STARTS)
def test_parameters_start_distributed_as_pytorch_documents(case):
    start(case, nn)


@pytest.mark.parametrize("case", STARTS)
def test_the_table_is_that_of_pytorch(case):
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle")
    torch.manual_seed(0)
    start(case, torch.nn)


@pytest.mark.parametrize("scale", [0.95, 1.05])
def test_a_sample_that_is_off_by_five_percent_is_found_out(scale):
    sample = np.random.default_rng(0).uniform(-scale, scale, 30_000)
    assert not is_drawn_from(sample, uniform(1.0))
    assert is_drawn_from(sample / scale, uniform(1.0))


def test_reset_parameters_draws_anew():
    module = nn.MultiheadAttention(100, 2)
    for parameter in module.parameters():
        parameter.array[...] = 7
    module.reset_parameters()
    assert is_drawn_from(module.in_proj_weight.array, uniform(math.sqrt(6 / 400)))
    assert not module.in_proj_bias.array.any()
    assert not module.out_proj.bias.array.any()


def test_the_padding_row_starts_at_zero():
    table = nn.Embedding(5, 3, padding_idx=-2).weight.array
    assert not table[3].any()
    assert table[[0, 1, 2, 4]].all()


def test_the_layers_of_a_stack_start_identical():
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 3)
    first, *others = [layer.state_dict() for layer in encoder.layers]
    for other in others:
        for name, values in first.items():
            np.testing.assert_array_equal(other[name].array, values.array)
            assert other[name].array is not values.array


def test_the_layers_of_a_transformer_differ_in_weights_not_in_biases():
    model = nn.Transformer(8, 2, 2, 2, 16)
    for first, second in (model.encoder.layers, model.decoder.layers):
        for (name, a), (_, b) in zip(first.named_parameters(), second.named_parameters(), strict=True):
            assert (a.array == b.array).all() == (a.ndim == 1), name


def test_the_default_transformer_has_44140544_parameters():
    assert sum(p.size for p in nn.Transformer().parameters()) == 44_140_544


INITIALISERS = {
    "uniform_": (nn.init.uniform_, (-2, 2), uniform(2)),
    "normal_": (nn.init.normal_, (0, 3), normal(3)),
    "xavier_uniform_": (nn.init.xavier_uniform_, (), uniform(math.sqrt(6 / 300))),
    "xavier_uniform_ gain": (nn.init.xavier_uniform_, (2.0,), uniform(2 * math.sqrt(6 / 300))),
    "xavier_normal_": (nn.init.xavier_normal_, (), normal(math.sqrt(2 / 300))),
    "kaiming_uniform_": (nn.init.kaiming_uniform_, (), uniform(math.sqrt(6 / 100))),
    "kaiming_uniform_ of Linear": (nn.init.kaiming_uniform_, (math.sqrt(5),), uniform(0.1)),
    "kaiming_normal_": (nn.init.kaiming_normal_, (), normal(math.sqrt(2 / 100))),
    "kaiming_normal_ fan_out": (nn.init.kaiming_normal_, (0.0, "fan_out", "tanh"), normal(5 / 3 / math.sqrt(200))),
    "kaiming_uniform_ fan_out": (nn.init.kaiming_uniform_, (0.0, "fan_out", "relu"), uniform(math.sqrt(6 / 200))),
}


@pytest.mark.parametrize("case", INITIALISERS)
def test_initialiser_draws_from(case):
    fill, args, distribution = INITIALISERS[case]
    t = Tensor(np.zeros((200, 100), "float32"))
    assert fill(t, *args) is t
    assert is_drawn_from(t.array, distribution)


@pytest.mark.parametrize("case", INITIALISERS)
def test_initialiser_fills_the_array_of_a_parameter(case):
    fill, args, distribution = INITIALISERS[case]
    layer = nn.Linear(100, 200)
    array = layer.weight.array
    assert fill(layer.weight.array, *args) is array is layer.weight.array
    assert is_drawn_from(array, distribution)


@pytest.mark.parametrize("shape", [(4, 4), (3, 5), (5, 3), (2, 3, 2)], ids=str)
def test_orthogonal_rows_or_columns(shape):
    W = nn.init.orthogonal_(np.zeros(shape), gain=2.0).reshape(shape[0], -1)
    product = W @ W.T if W.shape[0] <= W.shape[1] else W.T @ W
    np.testing.assert_allclose(product, 4 * np.eye(min(W.shape)), atol=1e-12)


@pytest.mark.parametrize("args", [("relu",), ("leaky_relu",), ("leaky_relu", 0.3), ("tanh",), ("linear",), ("sigmoid",),
                                  ("selu",)], ids=str)  # fmt: skip
def test_gains_are_those_of_pytorch(args):
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle")
    assert nn.init.calculate_gain(*args) == torch.nn.init.calculate_gain(*args)


def test_trunc_normal_stays_within_its_bounds():
    t = nn.init.trunc_normal_(Tensor(np.zeros(50_000, "float32")), std=1.0, a=-1.0, b=2.0)
    below, above = (0.5 * math.erfc(-x / math.sqrt(2)) for x in (-1, 2))
    assert is_drawn_from(t.array, lambda x: (normal(1)(x) - below) / (above - below))


def test_a_vector_has_no_fans():
    with pytest.raises(ValueError, match="at least two axes"):
        nn.init.xavier_uniform_(Tensor([1.0, 2.0]))


def test_same_seed_same_weights():
    made = []
    for _ in range(2):
        tinygrad_tf.manual_seed(3)
        made.append(nn.Linear(4, 4).weight.array)
    np.testing.assert_array_equal(*made)
    assert (made[0] != nn.Linear(4, 4).weight.array).any()
