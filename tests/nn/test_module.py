"""Module: what it finds inside itself, saving and loading, settings for all parts, copies."""

import copy
import pickle

import numpy as np
import pytest

from tinygrad_tf import Tensor, nn
from tinygrad_tf.autograd.tensor import to_array
from tinygrad_tf.nn import Linear, Module, Parameter


class Net(Module):
    """Parts in every place where a module may hold them, assigned in an order that names cannot give."""

    def __init__(self):
        self.last_by_name = Linear(1, 1)
        self.scale = Parameter([1.0])
        self.blocks = [Linear(1, 2), [Parameter([2.0]), Linear(2, 1)]]
        self.pair = (Parameter([3.0]), nn.LayerNorm(1))
        self.heads = {"b": Linear(1, 1, bias=False), "a": Parameter([4.0]), 7: Parameter([5.0])}
        self.first_by_name = Parameter([6.0])
        self.not_learnt = Tensor([7.0], requires_grad=True)
        self.number, self.array, self.nothing = 8, np.zeros(3), None

    def forward(self, x):
        return self.last_by_name(x)


NAMES = ["scale", "blocks.1.0", "pair.0", "heads.a", "heads.7", "first_by_name",  # its own first, as in PyTorch
         "last_by_name.weight", "last_by_name.bias", "blocks.0.weight", "blocks.0.bias", "blocks.1.1.weight",
         "blocks.1.1.bias", "pair.1.weight", "pair.1.bias", "heads.b.weight"]  # fmt: skip


class Tied(Module):
    def __init__(self):
        self.embedding = nn.Embedding(5, 3)
        self.output = Linear(3, 5)
        self.output.weight = self.embedding.weight
        self.again = self.embedding

    def forward(self, ids):
        return self.output(self.embedding(ids))


# ---- what it is made of ---------------------------------------------------------------------------------------------


def test_parameters_come_in_order_through_lists_tuples_and_dicts():
    assert [name for name, _ in Net().named_parameters()] == NAMES


def test_the_order_is_the_same_after_a_call():
    net = Net()
    net(Tensor([[1.0]]))
    assert [name for name, _ in net.named_parameters()] == NAMES == list(net.state_dict())


def test_named_parameters_and_parameters_agree():
    net = Net()
    assert [p.number for p in net.parameters()] == [p.number for _, p in net.named_parameters()]


def test_every_module_is_listed_once_before_its_parts():
    assert [path for path, _ in Net().named_modules()] == [
        "", "last_by_name", "blocks.0", "blocks.1.1", "pair.1", "heads.b"
    ]  # fmt: skip
    assert [path for path, _ in Tied().named_modules()] == ["", "embedding", "output"]


def test_tied_parameters_are_one_parameter_and_two_entries():
    tied = Tied()
    assert [name for name, _ in tied.named_parameters()] == ["embedding.weight", "output.bias"]
    assert list(tied.state_dict()) == ["embedding.weight", "output.weight", "output.bias", "again.weight"]


def test_tied_parameters_get_the_sum_of_both_gradients():
    tied = Tied().double()
    W, b = tied.embedding.weight, tied.output.bias
    tied([1, 1, 4]).sum().backward()
    apart_in, apart_out = (Tensor(W.array, requires_grad=True) for _ in range(2))
    (apart_in[[1, 1, 4]] @ apart_out.T + b.detach()).sum().backward()
    np.testing.assert_allclose(W.grad.array, apart_in.grad.array + apart_out.grad.array)


def test_a_parameter_assigned_later_is_found():
    net = Net()
    net(Tensor([[1.0]]))
    net.later = Linear(1, 1)
    net.scale = None
    names = [name for name, _ in net.named_parameters()]
    assert names == [*NAMES[1:], "later.weight", "later.bias"]


def test_a_part_may_hold_the_whole():
    whole = Module()
    whole.part = Linear(1, 1)
    whole.part.whole = whole
    assert list(whole.state_dict()) == ["part.weight", "part.bias"]
    assert list(whole.part.state_dict()) == ["weight", "bias"]


def test_deep_nesting_is_walked():
    inner = outer = Module()
    for _ in range(50):
        inner.part = Module()
        inner = inner.part
    inner.weight = Parameter([1.0])
    assert [name for name, _ in outer.named_parameters()] == ["part." * 50 + "weight"]


def test_a_module_without_forward_says_so():
    class Empty(Module):
        pass

    with pytest.raises(NotImplementedError, match="write def forward"):
        Empty()(1)


def test_integers_are_no_parameter():
    with pytest.raises(RuntimeError, match="only floats"):
        Parameter(np.array([1, 2]))


# ---- saving and loading ---------------------------------------------------------------------------------------------


def state():
    return {name: t.array.copy() for name, t in Linear(2, 3).state_dict().items()}


WRONG = {
    "missing": ({"bias": None}, ["missing: bias"]),
    "unexpected": ({"scale": np.zeros(1), "shift": np.zeros(1)}, ["unexpected: scale, shift"]),
    "mis-shaped": ({"weight": np.zeros((3, 3)), "bias": np.zeros(2)},
                   ["weight (3, 3) for (3, 2)", "bias (2,) for (3,)"]),
    "all at once": ({"weight": np.zeros((2, 3)), "bias": None, "shift": np.zeros(1)},
                    ["mis-shaped: weight (2, 3) for (3, 2)", "missing: bias", "unexpected: shift"]),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_state_that_does_not_fit_is_named_and_changes_nothing(case):
    changes, words = WRONG[case]
    given = {name: value for name, value in {**state(), **changes}.items() if value is not None}
    module = Linear(2, 3)
    before = {name: t.array.copy() for name, t in module.state_dict().items()}
    with pytest.raises(RuntimeError, match="load_state_dict of Linear got") as caught:
        module.load_state_dict(given)
    assert all(word in str(caught.value) for word in words)
    for name, values in before.items():
        np.testing.assert_array_equal(module.state_dict()[name].array, values)


def test_values_of_the_wrong_type_change_nothing():
    module = Linear(2, 3)
    before = module.weight.array.copy()
    with pytest.raises(TypeError):
        module.load_state_dict({"weight": np.zeros((3, 2)), "bias": ["a", "b", "c"]})
    with pytest.raises(TypeError, match="a Tensor has no mask"):
        module.load_state_dict({"weight": np.zeros((3, 2)), "bias": np.ma.masked_greater(np.arange(3.0), 1.0)})
    np.testing.assert_array_equal(module.weight.array, before)


def test_not_strict_passes_over_names_but_not_shapes():
    module = Linear(2, 3)
    found = module.load_state_dict({"weight": np.ones((3, 2)), "scale": np.ones(1)}, strict=False)
    assert found.missing_keys == ["bias"]
    assert found.unexpected_keys == ["scale"]
    assert (module.weight.array == 1).all()
    with pytest.raises(RuntimeError, match="mis-shaped"):
        module.load_state_dict({"weight": np.ones((2, 2))}, strict=False)


def test_loading_keeps_the_dtype_and_the_array():
    module = Linear(2, 3)
    array = module.weight.array
    module.load_state_dict({"weight": np.ones((3, 2), np.float64), "bias": np.zeros(3, np.int64)})
    assert module.weight.array is array
    assert module.weight.dtype == np.float32


def test_a_tied_state_round_trips():
    first, second = Tied(), Tied()
    second.load_state_dict(first.state_dict())
    np.testing.assert_array_equal(first.output.weight.array, second.embedding.weight.array)
    assert second.output.weight is second.embedding.weight


# ---- settings for all parts at once ---------------------------------------------------------------------------------


def test_train_and_eval_reach_every_part():
    net = nn.Sequential(nn.Dropout(0.5), nn.Sequential(nn.Dropout(0.5)))
    assert all(m.training for m in net.modules())
    assert net.eval() is net
    assert not any(m.training for m in net.modules())
    net.train()
    assert all(m.training for m in net.modules())


def test_training_is_the_module_s_own():
    first, second = nn.Dropout(), nn.Dropout()
    first.eval()
    assert second.training


def test_zero_grad_forgets_or_zeroes():
    net = Linear(2, 1)
    net(Tensor([[1.0, 2.0]])).sum().backward()
    net.zero_grad(set_to_none=False)
    assert net.weight.grad.tolist() == [[0.0, 0.0]]
    net.zero_grad()
    assert net.weight.grad is net.bias.grad is None


def test_frozen_parameters_get_no_gradient():
    net = nn.Sequential(Linear(2, 2), Linear(2, 1))
    net[0].requires_grad_(False)
    net(Tensor([[1.0, 2.0]])).sum().backward()
    assert net[0].weight.grad is None
    assert net[1].weight.grad is not None


def test_double_and_float_convert_every_parameter_and_what_is_computed():
    net = Net()
    assert {p.dtype for p in net.double().parameters()} == {np.dtype("float64")}
    assert net(Tensor([[1.0]], dtype="float64")).dtype == np.float64
    assert {p.dtype for p in net.float().parameters()} == {np.dtype("float32")}


def test_parameters_stay_floats():
    net = Net()
    with pytest.raises(TypeError, match="parameters are floats"):
        net.to("int64")
    assert net.scale.dtype == np.float32


def test_apply_visits_parts_before_the_whole():
    seen = []
    net = nn.Sequential(nn.Sequential(nn.ReLU()), nn.Tanh())
    assert net.apply(lambda m: seen.append(type(m).__name__)) is net
    assert seen[-1] == "Sequential"
    assert seen.index("ReLU") < len(seen) - 1
    assert sorted(seen) == ["ReLU", "Sequential", "Sequential", "Tanh"]


# ---- copies ---------------------------------------------------------------------------------------------------------

COPIES = {"deepcopy": copy.deepcopy, "pickle": lambda m: pickle.loads(pickle.dumps(m))}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("called", [False, True], ids=["new", "called"])
def test_a_copy_shares_nothing(how, called):
    layer = nn.TransformerEncoderLayer(4, 2, 6)
    x = Tensor(np.ones((3, 2, 4), "float32"))
    if called:
        layer(x).sum().backward()
    twin = COPIES[how](layer)
    before = layer.eval()(x).array
    for p, q in zip(layer.parameters(), twin.parameters(), strict=True):
        np.testing.assert_array_equal(p.array, q.array)
        assert not np.shares_memory(p.array, q.array)
        q.array += 1
    np.testing.assert_array_equal(layer(x).array, before)
    assert twin.activation is layer.activation


@pytest.mark.parametrize("how", COPIES)
def test_a_copy_keeps_what_is_tied_together(how):
    tied = Tied()
    twin = COPIES[how](tied)
    assert twin.output.weight is twin.embedding.weight
    assert twin.output.weight is not tied.output.weight


def all_of(t):
    return t


@pytest.mark.parametrize("seen", [
    all_of, lambda t: t.array[:], lambda t: t.array.T, lambda t: t.T, lambda t: t.array[::-1],
    lambda t: t.reshape(4).reshape(2, 2), lambda t: memoryview(t.array),
])  # fmt: skip
def test_two_layers_change_places_by_their_state_dict(seen):
    """As they are, or as views of their arrays: what is copied first is not what the second gets."""
    net = nn.Sequential(Linear(2, 2), Linear(2, 2))
    state = net.state_dict()
    first, second = (np.array(to_array(seen(state[name]))) for name in ("0.weight", "1.weight"))
    state["0.weight"], state["1.weight"] = seen(state["1.weight"]), seen(state["0.weight"])
    net.load_state_dict(state)
    np.testing.assert_array_equal(net[0].weight.array, second)
    np.testing.assert_array_equal(net[1].weight.array, first)


def a_read_only_array(net):
    net[1].weight.array.flags.writeable = False
    return {}


def numbers_too_large(net):
    return {"1.weight": np.full((2, 2), 1e300)}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("spoil", [a_read_only_array, numbers_too_large])
def test_a_load_that_fails_changes_nothing(spoil):
    net = nn.Sequential(Linear(2, 2), Linear(2, 2))
    state = {name: np.full(t.shape, 7.0, "float32") for name, t in net.state_dict().items()} | spoil(net)
    before = [p.array.copy() for p in net.parameters()]
    with pytest.raises((ValueError, RuntimeWarning)):
        net.load_state_dict(state)
    for p, was in zip(net.parameters(), before, strict=True):
        np.testing.assert_array_equal(p.array, was)


# ---- containers -----------------------------------------------------------------------------------------------------


def test_module_list_is_a_list():
    layers = nn.ModuleList([Linear(1, 2)])
    layers.append(Linear(2, 3)).append(Linear(3, 4))
    assert [layer.out_features for layer in layers] == [2, 3, 4]
    assert len(layers) == 3
    assert layers[-1].out_features == 4
    assert list(layers.state_dict())[:3] == ["0.weight", "0.bias", "1.weight"]


def test_module_list_index_outside_is_refused():
    with pytest.raises(IndexError):
        nn.ModuleList([Linear(1, 2)])[1]


def test_sequential_runs_in_order():
    net = nn.Sequential(Linear(2, 2, bias=False), nn.ReLU())
    net[0].weight.array[...] = [[1, 0], [0, -1]]
    assert net(Tensor([[3.0, 4.0]])).tolist() == [[3.0, 0.0]]
