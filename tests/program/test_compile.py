"""compile(): the same bits as without, whatever is called, and a word wherever that cannot be."""

import collections
import contextlib
import copy
import dataclasses
import functools
import itertools
import time
import types
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pytest
from cases import CASES, as_list

import tinygrad_tf
from tinygrad_tf import Tensor, checkpoint, debug, kernels, models, nn, no_grad, optim
from tinygrad_tf.nn.functional import cross_entropy

compile = tinygrad_tf.compile
F = tinygrad_tf.nn.functional


@pytest.fixture(autouse=True)
def _warnings_are_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        with np.errstate(all="ignore"):
            yield


def normal(*shape, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def leaf(*shape, seed=0, dtype=np.float32):
    return Tensor(normal(*shape, seed=seed, dtype=dtype), requires_grad=True)


# ---- every op -------------------------------------------------------------------------------------------------------

#: What reads values to decide on shapes, or draws: these run as they are, with a warning.
READS = {
    "scatter_reduce", "scatter", "scatter_add", "sort", "argsort", "topk", "median", "msort", "nonzero",
    "masked_select", "take_along_axis", "one_hot", "nll_loss", "bincount", "unique", "isin", "index_select",
    "histogram", "partition", "cummax", "cummin", "take", "binary_cross_entropy", "multinomial", "bernoulli",
    "index_add", "index_copy", "index_fill", "setitem",
}  # fmt: skip
SEEDED = {"dropout", "scaled_dot_product_attention", "where"}  # some of whose rows seed the generator


def results(call, case, dtype):
    """What a call gives, and the gradients that it leaves, with the same random numbers each time."""
    tinygrad_tf.manual_seed(0)
    rng = np.random.default_rng(1)
    arrays = [a.astype(dtype) if a.dtype.kind == "f" else a for a in case.arrays()]
    pairs = zip(arrays, case.inputs, strict=True)
    xs = [Tensor(a, requires_grad=a.dtype.kind == "f" and not i.constant) for a, i in pairs]
    ys = [y for y in as_list(call(*xs)) if isinstance(y, Tensor)]
    for y in ys if case.differentiable else []:
        if y.requires_grad:
            y.backward(rng.standard_normal(y.shape).astype(y.dtype), retain_graph=True)
    return [y.array for y in ys] + [None if x.grad is None else x.grad.array for x in xs]


def assert_same(found, expected):
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_array_equal(a, b, strict=True)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_an_op_gives_the_same_bits(case, dtype):
    ours = case.ours
    expected = results(ours, case, dtype)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        compiled = compile(lambda *xs: ours(*xs))
        assert_same(results(compiled, case, dtype), expected)
        assert_same(results(compiled, case, dtype), expected)
    refused = [w for w in told if "compile:" in str(w.message)]
    assert bool(compiled.programs) != bool(refused)
    if refused:
        assert case.op in READS | SEEDED
        assert len(refused) == 1
        assert any(word in str(refused[0].message) for word in ("read outside", "random numbers", "is written to"))


# ---- models ---------------------------------------------------------------------------------------------------------

IDS = np.array([[1, 2, 3, 4], [5, 6, 7, 1]])
GPT = {"n_positions": 8, "n_embd": 16, "n_layer": 2, "n_head": 2}


def gpt2(dropout=0.0):
    c = models.GPT2Config(20, **GPT, resid_pdrop=dropout, embd_pdrop=dropout, attn_pdrop=dropout)
    return models.GPT2(c), lambda m, ids: cross_entropy(m(ids[:, :-1]).reshape(-1, 20), ids[:, 1:].reshape(-1))


def transformer(dropout=0.0, norm_first=False):
    c = models.TransformerConfig(20, d_model=16, n_heads=2, n_layers=2, d_ff=32, dropout=dropout, norm_first=norm_first)
    return models.Transformer(c), lambda m, ids: cross_entropy(
        m(ids, ids[:, :-1]).reshape(-1, 20), ids[:, 1:].reshape(-1)
    )


def torch_transformer():
    m = nn.Transformer(16, 2, 2, 2, 32, dropout=0.1, batch_first=True)
    table = nn.Embedding(20, 16)
    m.table = table
    return m, lambda m, ids: (m(m.table(ids), m.table(ids[:, :-1])) ** 2).mean()


def llama():
    c = models.LlamaConfig(vocab_size=20, hidden_size=16, intermediate_size=32, num_hidden_layers=2,
                           num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=8)  # fmt: skip
    return models.Llama(c), lambda m, ids: cross_entropy(m(ids[:, :-1]).reshape(-1, 20), ids[:, 1:].reshape(-1))


def bert():
    c = models.BERTConfig(vocab_size=20, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
                          intermediate_size=32, max_position_embeddings=8)  # fmt: skip
    return models.BERT(c), lambda m, ids: cross_entropy(m(ids).reshape(-1, 20), ids.reshape(-1))


MODELS = {
    "GPT-2": gpt2, "GPT-2 with dropout": lambda: gpt2(0.2), "the paper's": transformer,
    "the paper's with dropout": lambda: transformer(0.2), "norms first": lambda: transformer(norm_first=True),
    "nn.Transformer": torch_transformer, "Llama": llama, "BERT": bert,
}  # fmt: skip


def trained(make, how, kind="numpy"):
    """Losses and parameters of four steps, with ``how`` in place of the loss, or of the step."""
    with kernels.use(kind):
        tinygrad_tf.manual_seed(0)
        model, loss = make()
        model.train()
        optimizer = optim.AdamW(model.parameters(), lr=1e-2)

        def step(ids):
            value = loss(model, ids)
            optimizer.zero_grad()
            value.backward()
            optim.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            return value

        if how == "step":
            step = compile(step, fullgraph=True)
        elif how == "loss":
            loss = compile(loss, fullgraph=True)
        elif how == "model":
            compiled, whole = compile(model, fullgraph=True), loss
            loss = lambda _, ids: whole(compiled, ids)
        losses = [step((IDS + i) % 19 + 1).item() for i in range(4)]
        return losses, [p.array for p in model.parameters()], model


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("how", ["loss", "step", "model"])
def test_training_gives_the_same_bits(name, how):
    losses, weights, _ = trained(MODELS[name], "plain")
    found, compiled, _ = trained(MODELS[name], how)
    assert found == losses
    assert_same(compiled, weights)


@pytest.mark.parametrize("how", ["loss", "step"])
def test_training_gives_the_same_bits_with_compiled_kernels(how):
    pytest.importorskip("numba", reason="compiled kernels need Numba")
    for make in (gpt2, transformer):
        losses, weights, _ = trained(make, "plain", "compiled")
        found, compiled, _ = trained(make, how, "compiled")
        assert found == losses
        assert_same(compiled, weights)


# ---- what is given and what is returned -----------------------------------------------------------------------------


class Pair(NamedTuple):
    first: Tensor
    second: Tensor


@dataclasses.dataclass
class Named:
    value: Tensor
    said: str


def test_structures_of_arguments_and_results():
    w = leaf(3)

    @compile
    def call(xs, *, by_name, factor=2):
        a, b = xs
        return {"pair": Pair(a * w, b), "named": Named((by_name["x"] * w).sum(), "so"), "n": factor, "none": None}

    for _ in range(3):
        b = Tensor(normal(3, seed=2))
        found = call([normal(3, seed=1), b], by_name={"x": normal(3)})
        np.testing.assert_array_equal(found["pair"].first.array, normal(3, seed=1) * w.array)
        assert found["pair"].second is b
        assert (found["named"].said, found["n"], found["none"]) == ("so", 2, None)
        w.grad = None
        found["named"].value.backward()
        np.testing.assert_array_equal(w.grad.array, normal(3))
    assert len(call.programs) == 1


def test_several_results_have_gradients_of_their_own():
    w = leaf(3)
    call = compile(lambda x: ((x * w).sum(), (w * w).sum(), x + 1))
    for _ in range(3):
        a, b, c = call(normal(3))
        assert not c.requires_grad
        w.grad = None
        a.backward()
        np.testing.assert_array_equal(w.grad.array, normal(3))
        b.backward()
        np.testing.assert_array_equal(w.grad.array, normal(3) + 2 * w.array)


def test_a_second_way_back_computes_again_with_the_same_random_numbers():
    w = leaf(50)
    call = compile(lambda x: (F.dropout(x * w, 0.5) ** 2).sum())
    call(normal(50))
    loss = call(normal(50))
    first = tinygrad_tf.grad(loss, w, retain_graph=True)
    before = tinygrad_tf.random.get_state()
    np.testing.assert_array_equal(tinygrad_tf.grad(loss, w, retain_graph=True).array, first.array)
    assert tinygrad_tf.random.get_state() == before
    loss.backward()
    np.testing.assert_array_equal(w.grad.array, first.array)
    with pytest.raises(RuntimeError, match="was freed"):
        loss.backward()


def test_gradients_reach_arguments_and_what_they_were_made_of():
    x = leaf(2, 3)
    call = compile(lambda a, b: (a * b).sum() + (a @ b.mT).sum())
    for _ in range(2):
        x.grad = None
        call(x * 2, x * 3).backward()
        found = x.grad.array
        x.grad = None
        call.__wrapped__(x * 2, x * 3).backward()
        np.testing.assert_allclose(found, x.grad.array, rtol=1e-6)


def test_one_tensor_given_twice_is_not_two():
    call = compile(lambda a, b: (a * 2 + b).sum())
    x, y = leaf(3), leaf(3, seed=1)
    for a, b in ((x, x), (x, y), (y, x), (x, x)):
        x.grad = y.grad = None
        call(a, b).backward()
        assert [t.grad is not None and t.grad.array[0] for t in (x, y)] == [
            {(True, True): 3.0, (True, False): 2.0, (False, True): 1.0}[(a is x, b is x)],
            {(True, True): False, (True, False): 1.0, (False, True): 2.0}[(a is x, b is x)],
        ]


def test_results_are_nobody_elses_arrays():
    call = compile(lambda x: (x + 1, tinygrad_tf.ones(3)))
    call(normal(3))
    (a, one), (_, other) = call(normal(3)), call(normal(3, seed=1))
    np.testing.assert_array_equal(a.array, normal(3) + 1)
    one.array[0] = 7
    assert other.tolist() == [1.0, 1.0, 1.0]
    assert call(normal(3))[1].tolist() == [1.0, 1.0, 1.0]


def test_without_gradients_nothing_is_kept():
    model, _ = gpt2()
    compiled = compile(model)
    for _ in range(2):
        with no_grad():
            assert compiled(IDS).op is None
        assert compiled(IDS).requires_grad
    assert len(compiled.programs) == 2
    assert [p.number for p in compiled.parameters()] == [p.number for p in model.parameters()]


def test_a_copy_has_parameters_of_its_own():
    compiled = compile(nn.Linear(3, 3))
    before = [compiled(normal(2, 3)).tolist() for _ in range(2)]
    other = copy.deepcopy(compiled)
    compiled.weight.array[...] = 0
    assert [other(normal(2, 3)).tolist() for _ in range(2)] == before != [compiled(normal(2, 3)).tolist()] * 2


def test_threads_run_the_same_program():
    compiled = compile(nn.Linear(3, 1))
    numbers = [normal(50, 3, seed=i) for i in range(8)]
    expected = [compiled.__wrapped__(Tensor(x)).array for x in numbers]
    compiled(numbers[0])
    with ThreadPoolExecutor(4) as pool:
        for _ in range(20):
            for a, b in zip(pool.map(lambda x: compiled(x).array, numbers), expected, strict=True):
                np.testing.assert_array_equal(a, b)


def test_methods_are_compiled_for_each_object():
    class Net:
        def __init__(self, scale):
            self.w, self.scale = leaf(3), scale

        @compile
        def loss(self, x):
            return (x * self.w * self.scale).sum()

    for scale in (1.0, 2.0):
        net = Net(scale)
        for _ in range(2):
            net.w.grad = None
            net.loss(normal(3)).backward()
            np.testing.assert_array_equal(net.w.grad.array, normal(3) * np.float32(scale))
    net.scale = 5.0
    assert net.loss(normal(3)).item() == (Tensor(normal(3)) * net.w * 5.0).sum().item()


# ---- what changes besides the arguments -----------------------------------------------------------------------------

SCALE = 2.0
TABLE = {"w": Tensor(np.ones(3, np.float32)), "factors": [1.0, 2.0]}


def test_numbers_and_tensors_that_are_reached_by_name_are_looked_at(monkeypatch):
    def helper(x):
        return x * SCALE

    call = compile(lambda x: (helper(x) * TABLE["w"] * TABLE["factors"][1]).sum())
    x = np.ones(3, np.float32)
    assert [call(x).item(), call(x).item()] == [12.0, 12.0]
    monkeypatch.setitem(globals(), "SCALE", 3.0)
    assert call(x).item() == 18.0
    monkeypatch.setitem(TABLE, "w", Tensor(np.full(3, 2, np.float32)))
    assert [call(x).item(), call(x).item()] == [36.0, 36.0]
    monkeypatch.setitem(TABLE, "factors", [1.0, 1.0])
    assert call(x).item() == 18.0
    TABLE["w"].array[...] = 1  # written to in place: the same program
    assert call(x).item() == 9.0
    assert len(call.programs) == 4


class Setting:
    factor = 2.0

    __slots__ = ("shift",)

    def __init__(self):
        self.shift = 0.0

    def scaled(self, x):
        return x * self.factor * SCALE + self.shift

    def __call__(self, x):
        return self.scaled(x)


SETTING, WEIGHTS = Setting(), np.ones(3, np.int64)


def test_whatever_is_reached_by_name_is_looked_at(monkeypatch):
    """Class attributes, slots, methods' own globals, arrays that are written to, defaults, partials, modules."""
    config = types.ModuleType("config")
    config.power, partial = 1, functools.partial(lambda k, x: x * k, 1.0)
    default = lambda x, *, bias=0.0: x + bias
    keyed = {("a", 1): 1.0}

    def call(x):
        y = SETTING(x) * Setting.factor * (WEIGHTS * 2) ** config.power
        return (partial(default(y)) * keyed["a", 1]).sum()

    compiled = compile(call, fullgraph=True)
    x = normal(3)

    def agree():
        assert compiled(x).item() == compiled(x).item() == call(Tensor(x)).item()

    agree()
    monkeypatch.setattr(Setting, "factor", 3.0)
    agree()
    monkeypatch.setitem(globals(), "SCALE", 5.0)
    agree()
    SETTING.shift = 1.5
    agree()
    WEIGHTS[1] = 4
    agree()
    config.power = 2
    agree()
    default.__kwdefaults__["bias"] = 2.0
    agree()
    keyed["a", 1] = 7.0
    agree()
    assert len(compiled.programs) == 8
    SETTING.shift, WEIGHTS[1] = 0.0, 1


def test_a_large_array_that_is_reached_by_name_is_refused():
    big = np.ones((600, 600))
    compiled = compile(lambda x: x * big[0, 0])
    with pytest.warns(RuntimeWarning, match="too large to be watched"):
        compiled(normal(3))


def test_a_large_table_of_a_module_is_looked_at():
    net = nn.Linear(3, 3)
    net.table = np.ones((600, 600))
    compiled = compile(lambda x: net(x) * net.table[0, 0], fullgraph=True)
    x = normal(2, 3)
    assert compiled(x).tolist() == compiled(x).tolist()
    net.table[...] = 2
    assert compiled(x).tolist() == (net(Tensor(x)) * 2.0).tolist()


def test_modes_settings_and_frozen_parameters_are_looked_at():
    net = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5), nn.Linear(4, 1))
    compiled = compile(net)
    x = normal(64, 4)
    assert compiled(x).tolist() != compiled(x).tolist()  # drawn anew
    net.eval()
    assert compiled(x).tolist() == compiled(x).tolist() == net(Tensor(x)).tolist()
    net.train()
    net[1].p = 0.0
    assert compiled(x).tolist() == net(Tensor(x)).tolist()
    net[0].weight.requires_grad_(False)
    compiled(x).sum().backward()
    assert net[0].weight.grad is None
    assert net[2].weight.grad is not None
    net[2] = nn.Linear(4, 1)
    np.testing.assert_array_equal(compiled(x).array, net(Tensor(x)).array)
    net.double()
    assert compiled(x).dtype == np.float64


def test_hooks_that_come_and_go_are_looked_at():
    net = nn.Linear(3, 3)
    compiled = compile(net)
    x = normal(2, 3)
    nn.summary(net, Tensor(x))  # hooks that are gone again
    compiled(x)
    handle = net.register_forward_hook(lambda module, inputs, output: output * 2)
    with pytest.warns(RuntimeWarning, match="a module with hooks"):
        assert compiled(x).tolist() == net(Tensor(x)).tolist()
    handle.remove()
    assert compiled(x).tolist() == net(Tensor(x)).tolist()
    assert len(compiled.programs) == 1


def test_kernels_are_looked_at():
    pytest.importorskip("numba", reason="compiled kernels need Numba")
    net = compile(nn.LayerNorm(64))
    x = normal(64, 64)
    plain = [net(x).array for _ in range(2)][1]
    with kernels.use("compiled"):
        np.testing.assert_array_equal(net(x).array, net.__wrapped__(Tensor(x)).array)
    np.testing.assert_array_equal(net(x).array, plain)


def test_a_condition_on_values_has_a_program_for_each_outcome():
    @compile
    def call(x):
        return x * 2 if (x > 0).all() else F.dropout(x, 0.5) - x if x.sum() > 0 else -x

    positive, mixed, negative = np.ones(3, np.float32), np.array([3, -1, 1], np.float32), -np.ones(3, np.float32)
    for _ in range(3):
        assert call(positive).tolist() == [2.0, 2.0, 2.0]
        tinygrad_tf.manual_seed(3)
        a = call(mixed).tolist()
        tinygrad_tf.manual_seed(3)
        assert a == call.__wrapped__(Tensor(mixed)).tolist()
        assert call(negative).tolist() == [1.0, 1.0, 1.0]
    assert len(call.programs) == 3


def test_padding_that_comes_and_goes():
    model, loss = transformer()
    compiled = compile(loss, fullgraph=True)
    padded = IDS.copy()
    padded[0, 2:] = 0
    for ids in (IDS, padded, IDS, padded):
        assert compiled(model, ids).item() == loss(model, ids).item()
    assert len(compiled.programs) == 2


def test_a_condition_after_zero_grad_is_none_after_a_change():
    model, loss = transformer(0.2)
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def step(ids):
        optimizer.zero_grad()
        value = loss(model, ids)
        value.backward()
        optimizer.step()
        return value

    compiled = compile(step, fullgraph=True)
    padded = IDS.copy()
    padded[0, 2:] = 0
    for ids in (IDS, padded, IDS, padded):
        compiled(ids)
    assert len(compiled.programs) == 2

    def late(x):
        optimizer.step()
        return x * 2 if (x > 0).all() else x

    with pytest.raises(RuntimeError, match="after something was changed"):
        compile(late, fullgraph=True)(normal(3))


def test_schedules_and_clipping_in_a_step():
    def run(how):
        w = Tensor(np.ones(3, np.float32), requires_grad=True)
        optimizer = optim.SGD([w], lr=0.1)
        schedule = optim.lr_scheduler.StepLR(optimizer, 2)

        def step(x):
            optimizer.zero_grad()
            loss = ((w * x) ** 2).sum()
            loss.backward()
            norm = optim.clip_grad_norm_([w], 1.0)
            optimizer.step()
            schedule.step()
            return loss, norm

        step = compile(step, fullgraph=True) if how else step
        found = [step(normal(3, seed=i)) for i in range(6)]
        with pytest.raises(RuntimeError, match="was freed"):
            found[-1][0].backward()
        return [(a.item(), float(b)) for a, b in found], w.tolist(), schedule.get_last_lr()

    assert run(True) == run(False)


def test_gradients_that_are_read_in_a_step():
    w, seen = leaf(3), []

    def step(x):
        w.grad = None
        (w * x).sum().backward()
        return (w.grad * w.grad).sum()

    compiled = compile(step)
    for i in range(3):
        seen.append(compiled(normal(3, seed=i)).item())
    assert seen == [step(Tensor(normal(3, seed=i))).item() for i in range(3)]


# ---- what is refused ------------------------------------------------------------------------------------------------

HOOKED = nn.Linear(3, 3)
HOOKED.register_forward_hook(lambda module, inputs, output: output * 2)
W = leaf(3, 3)


def _with_hook(x):
    y = x @ W
    y.register_hook(lambda d: d * 2)
    return y.sum()


def _with_leaf(x):
    w = Tensor(np.ones((3, 3), np.float32), requires_grad=True)
    return (x @ w).sum()


NUMBERS = itertools.repeat(2.0)


def _with_write(x):
    y = x @ W
    y[0] = 0
    return y


REFUSED = {
    "item": (lambda x: x * x.sum().item(), "read outside of an op"),
    "float": (lambda x: x * float(x.sum()), "read outside of an op"),
    "an array": (lambda x: x + np.asarray(x.detach()) * 2, "read outside of an op"),
    "a write": (lambda x: (x * 1).fill_(2.0) + x, "is written to"),
    "a write with a gradient": (_with_write, "is written to"),
    "print": (lambda x: (str(x), x * 2)[1], "read outside of an op"),
    "a shape that follows from values": (lambda x: x[tinygrad_tf.nonzero(x > 0)[:, 0]], "read outside of an op"),
    "a module with hooks": (lambda x: HOOKED(x), "hooks"),
    "a hook": (_with_hook, "a hook"),
    "checkpoint": (lambda x: checkpoint(lambda t: (t @ W).sum(), x), "checkpoint"),
    "NumPy's generator": (lambda x: x + np.random.rand(3).astype("f4"), "random numbers"),
    "other draws": (lambda x: x + tinygrad_tf.randn(3), "random numbers"),
    "a leaf": (_with_leaf, "a leaf that requires a gradient"),
    "create_graph": (lambda x: tinygrad_tf.grad((x @ W).sum(), W, create_graph=True) * 1, "read outside of an op"),
    "grad": (lambda x: tinygrad_tf.grad((x @ W).sum(), W) * 1, "read outside of an op"),
    "an object": (lambda x: object(), "returns a object"),
    "the clock": (lambda x: (time.perf_counter() * 0 + 1) * x, "the clock"),
    "an iterator": (lambda x: x * next(NUMBERS), "an iterator"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_program_runs_as_it_is_with_one_warning(name):
    function, why = REFUSED[name]
    compiled = compile(function)
    x = normal(3, 3)
    with pytest.warns(RuntimeWarning, match=why) as told:
        compiled(x)
    assert "test_compile.py:" in str(told[0].message) or name in ("an object", "the clock", "an iterator")
    assert not compiled.programs
    tinygrad_tf.manual_seed(1)
    np.random.seed(1)
    found = compiled(x + 1)  # without a second warning
    tinygrad_tf.manual_seed(1)
    np.random.seed(1)
    if isinstance(found, Tensor):
        np.testing.assert_array_equal(found.array, function(Tensor(x + 1)).array)
    with pytest.raises(RuntimeError, match=why):
        compile(function, fullgraph=True)(x)


def test_more_than_eight_programs_are_too_many():
    compiled = compile(lambda x: (x * 2).sum())
    for n in range(1, 9):
        assert compiled(np.ones(n, np.float32)).item() == 2.0 * n
    with pytest.warns(RuntimeWarning, match="8 programs were made"):
        assert compiled(np.ones(9, np.float32)).item() == 18.0
    assert len(compiled.programs) == 8
    assert compiled(np.ones(11, np.float32)).item() == 22.0


def test_a_tensor_in_a_place_that_may_change_is_refused():
    box = collections.deque([leaf(3)])
    compiled = compile(lambda x: (x * box[0]).sum())
    with pytest.warns(RuntimeWarning, match="give it as an argument"):
        compiled(normal(3))
    box[0] = leaf(3, seed=5)
    assert compiled(normal(3)).item() == (Tensor(normal(3)) * box[0]).sum().item()


def test_parameters_that_changed_before_the_way_back_are_noticed():
    w = leaf(3)
    optimizer = optim.SGD([w], lr=0.1)
    call, linear = compile(lambda x: (x * w * w).sum()), compile(lambda x: (x * w).sum())
    for _ in range(2):
        harmless, loss = linear(normal(3)), call(normal(3))
        w.grad = Tensor(np.ones(3, np.float32))
        optimizer.step()
        harmless.backward()  # its rule does not read w
        with pytest.raises(RuntimeError, match="modified"):
            loss.backward()


def test_arrays_that_are_written_to_before_the_way_back_were_copied():
    w, x = leaf(3), normal(3)
    call = compile(lambda x: (x * w).sum())
    for _ in range(2):
        x[...] = normal(3)
        loss = call(x)
        x[...] = 0
        w.grad = None
        loss.backward()
        np.testing.assert_array_equal(w.grad.array, normal(3))


def test_second_derivatives_are_refused_with_the_cure():
    w = leaf(3)
    call = compile(lambda x: ((x * w) ** 2).sum())
    call(normal(3))
    with pytest.raises(RuntimeError, match="__wrapped__"):
        tinygrad_tf.grad(call(normal(3)), w, create_graph=True)


def test_debug_mode_looks_at_every_op():
    call = compile(lambda x: x.log())
    x = np.zeros(2, np.float32)
    call(x)
    call(x)
    with debug(), pytest.raises(FloatingPointError):
        call(x)


def test_errors_are_those_of_the_function():
    table = nn.Embedding(4, 2)
    call = compile(lambda ids: table(ids).sum())
    call(np.array([1, 2]))
    call(np.array([1, 3]))
    for bad in (4, -1):
        with pytest.raises(IndexError, match="ids lie in 0 … 3"):
            call(np.array([1, bad]))
    loss = compile(lambda x, t: cross_entropy(x, t))
    loss(normal(2, 3), np.array([0, 1]))
    with pytest.raises(IndexError, match="classes lie in"):
        loss(normal(2, 3), np.array([0, 3]))
    with pytest.raises(TypeError, match="takes a function or a module"):
        compile(3)


def test_an_exception_in_the_first_call_leaves_everything_as_it_was():
    w = leaf(3)

    @compile
    def call(x):
        (x * w).sum()
        raise KeyError("mine")

    x = leaf(3)
    with pytest.raises(KeyError, match="mine"):
        call(x)
    assert type(x) is type(w) is Tensor
    assert w.array is Tensor.__dict__["array"].__get__(w)


def test_its_name_and_text():
    @compile
    def my_loss(x):
        """What it does."""
        return (x * 2).sum()

    assert (my_loss.__name__, my_loss.__doc__) == ("my_loss", "What it does.")
    my_loss(leaf(3))
    assert my_loss(leaf(3)).op.name == "my_loss"
    assert "def forward(a0):" in my_loss.programs[0]
    assert compile(disable=True)(my_loss) is my_loss
    assert my_loss  # as a function is, though it has no length
    stack = compile(nn.Sequential(nn.Linear(2, 3), nn.ReLU()))
    assert (len(stack), stack[0].out_features, [type(layer) for layer in stack]) == (2, 3, [nn.Linear, nn.ReLU])


def test_gradients_of_slices_are_written_side_by_side():
    """Those that together are the whole; others are added up as by ``backward()``."""
    x, W = leaf(4, 6), leaf(6, 9)

    def parts(x, W):
        Q, K, V = (x @ W).split(3, -1)
        return (Q * K).sum() + V.sum()

    def overlapping(x, W):
        Y = x @ W
        return (Y[:, :5] * Y[:, 4:]).sum() + (Y * Y[0]).sum()

    def parts_and_whole(x, W):
        Y = x @ W
        return (Y[:, :4] ** 2).sum() + (Y[:, 4:] ** 3).sum() + (Y * 2).sum()

    for function, n in ((parts, 3), (overlapping, 0), (parts_and_whole, 0)):
        expected = results_of(function, x, W)
        compiled = compile(function, fullgraph=True)
        for _ in range(2):
            assert_same(results_of(compiled, x, W), expected)
        assert compiled.programs[0].count("] = d") == n


def results_of(function, *leaves):
    for x in leaves:
        x.grad = None
    loss = function(*leaves)
    loss.backward()
    return [loss.array, *[x.grad.array for x in leaves]]


# ---- what was once wrong without a word -----------------------------------------------------------------------------
#
# Each row makes a function, given what compiles it or leaves it, and the calls to compare: pairs of a change and what
# is given. Values and gradients are those of the plain function in every call, or a warning has been given.


class Counted:
    factor = 1.0
    compiled_factor = 1.0

    def __init__(self):
        self.v = 1.0

    @property
    def doubled(self):
        return self.v * 2

    def __call__(self, x):
        return x * self.v * Counted.factor


def t(*numbers, **settings):
    return Tensor(np.array(numbers, **settings))


def _masked(how):
    return lambda c: (c(how), [((), [leaf_of(v)]) for v in ([1.0, -1, -1, 4], [1.0, 2, 3, 4], [-1.0, 2, -3, 4])])


def leaf_of(numbers):
    return Tensor(np.array(numbers), requires_grad=True)


def _modulelist(c):
    class Stack(nn.Module):
        def __init__(self):
            self.layers = nn.ModuleList([nn.Tanh()])

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

    m = Stack()
    steps = [lambda: None, lambda: m.layers.append(nn.Sigmoid()), lambda: m.layers.__setitem__(0, nn.ReLU())]
    return c(m), [((s,), [t(1.0, -2.0)]) for s in steps]


def _changing(function, *changes):
    return lambda c: (c(function), [((s,), [t(1.0, 2.0)]) for s in (lambda: None, *changes)])


def _state(c):
    class Past(nn.Module):
        def __init__(self):
            self.past = None

        def forward(self, x):
            self.past = x if self.past is None else tinygrad_tf.cat([self.past, x])
            return self.past.sum(0)

    return c(Past()), [((), [t([float(i)])]) for i in range(3)]


def _nested(c):
    s = [1.0]
    inner = compile(lambda x: x * s[0])
    return c(lambda x: inner(x) + 1), [((functools.partial(s.__setitem__, 0, v),), [t(1.0)]) for v in (1.0, 2.0, 3.0)]


def _rate(c):
    o = optim.SGD([leaf(1)], lr=0.1)
    set_rate = functools.partial(o.param_groups[0].__setitem__, "lr")
    return c(lambda x: x * o.param_groups[0]["lr"]), [((lambda v=v: set_rate(v),), [t(1.0)]) for v in (0.1, 0.2, 0.4)]


def _finite(c):
    w = leaf_of([1.0])
    o = optim.SGD([w], lr=0.1)

    def step(x):
        o.zero_grad()
        (w * x).sum().backward()
        if np.isfinite(optim.clip_grad_norm_([w], 1.0)):
            o.step()
        return w * 1

    return c(step), [((), [t(v)]) for v in (1.0, 2.0, np.inf, 3.0)]


def _beyond(c):
    net = nn.Linear(2, 1)
    net.weight.array[...], net.bias.array[...] = 1, 2
    given = [leaf_of([[1.0, 2.0]]) for _ in range(3)]

    def step(x):
        loss = (net(x) ** 2).sum()
        loss.backward()
        return loss.detach()

    compiled = c(step)
    return lambda x: (compiled(x * 2), Tensor(x.grad.array))[1], [((), [x]) for x in given]


def _between(c):
    compiled = c(lambda x: (lambda a: (a, (a * a).sum()))(x * 2))

    def call(x):
        a, b = compiled(x)
        d = tinygrad_tf.grad(b, a, retain_graph=True)
        return d + a.detach()

    return call, [((), [leaf_of([1.0, v])]) for v in (2.0, 3.0, 4.0)]


def _own_op(c):
    class Scaled(tinygrad_tf.Function):
        def forward(X):
            return X * SETTINGS["k"]

        def backward(dY, Y, X):
            dX = dY * SETTINGS["k"]
            return dX

    change = lambda v: lambda: SETTINGS.__setitem__("k", v)
    return c(lambda x: Scaled.apply(x)), [((change(v),), [leaf_of([1.0])]) for v in (1.0, 2.0, 3.0)]


SETTINGS = {"k": 1.0}
COUNTED = Counted()
GENERATOR = np.random.default_rng(0)
LISTED = [1.0]


def _counting(x):
    LISTED[0] += 1
    return x * LISTED[0]


def _filled(c):
    return c(lambda some, x: (some.append(x), x * len(some))[1]), [((), [some := [], t(1.0)]), ((), [some, t(2.0)])]


def _same_tensor(c):
    w = leaf_of([2.0])
    return c(lambda x: x * 2 if x is w else x * w), [((), [x]) for x in (leaf_of([3.0]), w, leaf_of([4.0]))]


ONCE_WRONG = {
    "scatter's index": lambda c: (c(lambda x, i: tinygrad_tf.scatter_add(tinygrad_tf.zeros(4), 0, i, x)),
                                  [((), [t(1.0, 2.0, dtype="f4"), t(*i)]) for i in ((0, 1), (2, 3), (3, 3))]),
    "a bound of a slice": lambda c: (c(lambda x, n: x[:n]), [((), [t(1.0, 2.0, 3.0), Tensor(np.array(n))])
                                                            for n in (1, 2, 3)]),
    "a size": lambda c: (c(lambda x, n: F.pad(x, (n, 0))), [((), [t(1.0), Tensor(np.array(n))]) for n in (1, 2, 3)]),
    "the mean over a mask": _masked(lambda x: x[x > 0].mean()),
    "how many are true": _masked(lambda x: x * len(x[x > 0])),
    "the deviation of what is true": _masked(lambda x: (x[x > 0] ** 2).std()),
    "stacked": _masked(lambda x: tinygrad_tf.stack([x[x > 0], x[x > 0]]).flatten().sum()),
    "a list of modules": _modulelist, "state": _state, "another compiled function": _nested, "a learning rate": _rate,
    "isfinite(norm)": _finite, "a gradient beyond an argument": _beyond, "a result made of another": _between,
    "an op of one's own": _own_op, "a list that is filled": _filled, "an argument that is also named": _same_tensor,
    "an attribute of a class": _changing(lambda x: x * Counted.factor, lambda: setattr(Counted, "factor", 2.0)),
    "a property": _changing(lambda x: x * COUNTED.doubled, lambda: setattr(COUNTED, "v", 3.0)),
    "an object that is called": _changing(lambda x: COUNTED(x), lambda: setattr(COUNTED, "v", 4.0)),
    "getattr": _changing(lambda x: x * getattr(COUNTED, "v"), lambda: setattr(COUNTED, "v", 5.0)),  # noqa: B009
    "a generator": lambda c: (c(lambda x: x * GENERATOR.random()), [((functools.partial(
        GENERATOR.bit_generator.__setattr__, "state", np.random.default_rng(i).bit_generator.state),), [t(1.0)])
        for i in range(3)]),
    "a counter": lambda c: (c(_counting), [((functools.partial(LISTED.__setitem__, 0, float(i)),), [t(1.0)])
                                           for i in range(3)]),
    "−0.0": lambda c: (c(lambda x, s: x / s), [((), [t(1.0), s]) for s in (0.0, -0.0, float("nan"), float("nan"))]),
}  # fmt: skip


def _filled_of_arrays():
    return {"x": np.ones(2, "f4"), "some": [np.zeros(2, "f4")], "same": np.ones(1, "f4")}


def _filling(given):
    given["loss"] = (given["x"] * 2).sum()
    given["some"].append(given.pop("x"))
    given["some"][0] = 1.0
    return given["loss"]


def _failing(given):
    given["loss"] = 1.0
    raise LookupError


@pytest.mark.parametrize("function", [_filling, _failing])
def test_what_a_function_puts_into_a_dict_of_arrays_comes_to_the_caller(function):
    def outcome(call):
        found = []
        for _ in range(4):
            given = _filled_of_arrays()
            same = given["same"], given["x"], given["some"]
            with warnings.catch_warnings(), contextlib.suppress(LookupError):
                warnings.simplefilter("ignore")
                call(given)
            found.append((list(given), np.array(given["loss"]).item(), len(given["some"]), given["some"] is same[2],
                          given["same"] is same[0], given["some"][-1] is same[1]))  # fmt: skip
        return found

    assert outcome(tinygrad_tf.compile(function)) == outcome(function)


@pytest.mark.parametrize("name", ONCE_WRONG)
def test_what_was_once_wrong_without_a_word(name):
    def outcome(how):
        COUNTED.v, Counted.factor, SETTINGS["k"], LISTED[0] = 1.0, 1.0, 1.0, 1.0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call, steps = ONCE_WRONG[name](how)
            found = []
            for changes, given in steps:
                for change in changes:
                    change()
                y = call(*given)
                found.append(y.array)
                x = given[0]
                if isinstance(x, Tensor) and x.requires_grad and y.requires_grad:
                    x.grad = None
                    y.sum().backward()
                    found.append(x.grad.array)
        return found

    assert_same(outcome(lambda f: compile(f)), outcome(lambda f: f))


def test_a_parameter_that_is_only_returned():
    w = leaf(3)
    compiled = compile(lambda x: (x + 1, w, w.detach()), fullgraph=True)
    for _ in range(3):
        _, same, cut = compiled(normal(3))
        assert same is w
        assert not cut.requires_grad
        np.testing.assert_array_equal(cut.array, w.array)
        w.array[...] += 1
    assert len(compiled.programs) == 1


def test_what_a_function_returns_is_a_tensor_of_its_own():
    a = np.ones(2, np.float32)
    same, cut = compile(lambda x: x), compile(lambda x: x.detach())
    for _ in range(3):
        x = Tensor(a)
        assert same(x) is x
        assert isinstance(same(a), Tensor)
        assert cut(x) is not x


# ---- the same again: each row gives what it found, with what compiles a function or with what leaves it -------------


def _thrice(c, function, *given, then=None):
    """What three calls give, and what ``then`` finds after each."""
    call, found = c(function), []
    for _ in range(3):
        y = call(*[g() if callable(g) else g for g in given])
        found += [y.tolist() if isinstance(y, Tensor) else y, then and then(y)]
    return found


def _steps(c, change, w=None):
    """Losses and parameters of steps, of which ``change(w, loss)`` makes what comes after the loss."""
    w = leaf_of([1.0, 2.0]) if w is None else w

    def step(x):
        w.grad = None
        loss = (w * w * x).sum()
        return change(w, loss)

    call = c(step)
    return [(str(call(t(1.0, float(i), dtype="f4"))), w.tolist(), str(w.grad)) for i in range(4)]


def _made_inside(w, loss):
    optimizer = optim.SGD([w], lr=0.1, momentum=0.9)
    loss.backward()
    optimizer.step()
    return loss.detach()


def _two_moments(w, loss):
    loss.backward()
    first = w.grad
    (w * 3).sum().backward()
    return first * 1, w.grad * 1


def _after_it_is_gone(w, loss):
    loss.backward()
    gradient, w.grad = w.grad, None
    return gradient * 1


def _rate_and_back(c):
    w = leaf_of([1.0, 2.0])
    optimizer = optim.SGD([w], lr=0.1)

    def change(w, loss):
        loss.backward()
        optimizer.param_groups[0]["lr"] = 0.5
        optimizer.step()
        optimizer.param_groups[0]["lr"] = 0.1
        return loss.detach()

    return _steps(c, change, w)


def _switched(w, loss):
    w.requires_grad_(False)
    cut = (w * 2).sum()
    w.requires_grad_(True)
    loss.backward()
    return cut


def _given_its_gradient(c):
    call, found = c(lambda x: ((y := (x * x).sum()).backward(), y.detach())[1]), []
    for i in range(3):
        x = leaf_of([1.0, float(i)])
        found += [call(x).item(), x.grad.tolist()]
    return found


def _grad_item(c):
    w, found = leaf_of([1.0]), []
    call = c(lambda x: x * w.grad.item())
    for v in (1.0, 1.0, 2.0):
        w.grad = t(v)
        found.append(call(t(1.0)).item())
    return found


def _view(c):
    call, found = c(lambda x: x.reshape(2, 2)), []
    for _ in range(3):
        a = np.ones(4)
        y = call(a if c is compile else Tensor(a))
        a[...] = 7
        found.append(y.tolist())
    return found


def _memory_of_a_parameter(kind):
    def found(c):
        w = leaf_of([1.0, 2.0])
        optimizer = optim.SGD([w], lr=0.1)

        def step(x):
            optimizer.zero_grad()
            (w * w).sum().backward()
            optimizer.step()
            return x * 2

        call = c(step)
        return [call(kind(c, w.array)).tolist() for _ in range(3)]

    return found


def _gives_again(w, c):
    values, found = c(lambda x: ((y := (w * x).exp()), (y * y).sum())), []
    for _ in range(3):
        y, loss = values(t(1.0, 2.0))
        with no_grad():
            y.mul_(2.0)
        with pytest.raises(RuntimeError, match="modified"):
            loss.backward()
    return found


CHANGES = [lambda y: y.add_(1), lambda y: y.__iadd__(1), lambda y: y.__setitem__(0, 0), lambda y: y.clamp_(0, 1)]


CHANGED = {
    "what is read": (lambda x: (x @ W).exp(), True), "a product": (lambda x: x @ W, False),
    "a view of what is read": (lambda x: (x @ W).exp().reshape(-1), True),
    "a part of what is read": (lambda x: (x @ W).softmax(-1)[:2], True),
    "a kernel's": (lambda x: F.linear(x, W), False), "what was read of": (lambda x: F.gelu(x @ W), False),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", CHANGED)
def test_a_result_that_is_changed_before_the_way_back_is_told_with_the_cure(name, change):
    """If the way back reads it, also where the elementary rule would have kept another array."""
    function, told = CHANGED[name]
    call, x = compile(function), normal(3, 3)
    call(x)
    change(y := call(x))
    if told:
        with pytest.raises(RuntimeError, match=r"rule of <lambda> got Y (.|\n)*t\.clone\(\)"):
            y.sum().backward()
        return
    W.grad = None
    y.sum().backward()
    found, W.grad = W.grad.array, None
    change(y := function(Tensor(x)))
    y.sum().backward()
    np.testing.assert_array_equal(found, W.grad.array)


#: What reads a view of a parameter, or of an argument, on the way back.
VIEWED = {
    "transposed": (lambda x, w: x @ w.mT, 1), "flat": (lambda x, w: x * w.reshape(-1)[:3], 1),
    "a row": (lambda x, w: x * w[0], 1), "without its graph": (lambda x, w: x * w.detach()[0], 1),
    "an argument": (lambda x, w: x.reshape(-1)[:3] * w, 0), "of a kernel": (lambda x, w: F.linear(x, w.mT), 1),
}  # fmt: skip


@pytest.mark.parametrize("name", VIEWED)
@pytest.mark.parametrize("is_given", [True, False])
def test_what_is_changed_before_the_way_back_is_noticed_through_a_view(name, is_given):
    function, which = VIEWED[name]
    w, x = leaf(3, 3), leaf(3, 3, seed=1)
    call = compile(function if is_given else lambda x: function(x, w))
    for _ in range(2):
        y = call(x, w) if is_given else call(x)
    with no_grad():
        (x, w)[which].add_(1)
    with pytest.raises(RuntimeError, match="modified"):
        y.sum().backward()


class Output(dict):
    def __getattr__(self, name):
        return self[name]


class Two(tuple):
    __slots__ = ()

    def __new__(cls, a, b):
        return super().__new__(cls, (a, b))


@dataclasses.dataclass
class Config:
    rate: float = 1.0


def _kinds(c, made):
    return [type(y) for y in _thrice(c, made, t(1.0))[::2]]


CONFIG, GIVEN = Config(), [t(1.0)]
TABLES = nn.Embedding(4, 2)


def _caught(ids):
    try:
        return TABLES(ids).sum() * 0
    except IndexError:
        return TABLES.weight.sum() * 0 - 1


def _step_that_catches(how):
    """Clipping that raises, of which the function itself takes notice."""

    def found(c):
        w = leaf_of([1.0, 2.0])
        optimizer = optim.SGD([w], lr=0.1)

        def clip(x):
            optimizer.zero_grad()
            (loss := (w * w * x).sum()).backward()
            optim.clip_grad_norm_([w], 1.0, error_if_nonfinite=True)
            optimizer.step()
            return loss.detach()

        def catching(x):
            try:
                return clip(x)
            except RuntimeError:
                return x * 0

        def at_last(x):
            done = x * 0
            try:
                done = clip(x)
            finally:
                optimizer.zero_grad()
                return done  # noqa: B012

        def suppressing(x):
            with contextlib.suppress(RuntimeError):
                return clip(x)
            return x * 0

        call = c({"except": catching, "finally": at_last, "suppress": suppressing}[how])
        return [(str(call(t(1.0, v, dtype="f4"))), str(w.grad)) for v in (1.0, 2.0, np.inf, 3.0)]

    return found


def _seeded(x):
    tinygrad_tf.manual_seed(0)
    return F.dropout(x, 0.5)


def _attribute(c):
    call, found = c(lambda x, p: x * p.rate), []
    for v in (1.0, 1.0, 2.0):
        p = nn.Parameter([1.0])
        p.rate = v
        found.append(call(t(1.0), p).item())
    return found


SAME = {
    "an optimiser that is made inside": lambda c: _steps(c, _made_inside), "a rate that comes back": _rate_and_back,
    "gradients of two moments": lambda c: _steps(c, _two_moments),
    "a gradient that is gone": lambda c: _steps(c, _after_it_is_gone),
    "requires_grad that is switched": lambda c: _steps(c, _switched),
    "an argument's gradient": _given_its_gradient, "the number of a gradient": _grad_item,
    "a view of an array": _view,
    "a view of what is made": lambda c: _thrice(c, lambda x: tinygrad_tf.ones(4).reshape(2, 2), t(1.0),
                                                then=lambda y: y.array.fill(5)),
    "a parameter's array": _memory_of_a_parameter(lambda c, a: a if c is compile else Tensor(a.copy())),
    "a parameter's array, as a Tensor": _memory_of_a_parameter(lambda c, a: Tensor.wrap(a)),
    "a result that is written to": lambda c: _gives_again(leaf_of([1.0, 2.0]), c),
    "a dict of one's own": lambda c: _kinds(c, lambda x: Output(loss=x * 2)),
    "an ordered dict": lambda c: _kinds(c, lambda x: collections.OrderedDict(loss=x * 2)),
    "a tuple of one's own": lambda c: _kinds(c, lambda x: Two(x * 2, x)),
    "a dataclass that others have": lambda c: [y is CONFIG for y in _thrice(c, lambda x: CONFIG, t(1.0))[::2]],
    "the list that was given": lambda c: [y is GIVEN for y in _thrice(c, lambda xs: xs, lambda: GIVEN)[::2]][1:],
    "one list twice": lambda c: [a is b for a, b in _thrice(c, lambda x: [[x]] * 2, t(1.0))[::2]],
    "an error that is caught": lambda c: (lambda f: [f(t(*i)).item() for i in ((1, 2), (1, 2), (1, 9), (1, 3))])(
        c(_caught)),
    "an error after a change": _step_that_catches("except"), "a last word": _step_that_catches("finally"),
    "an error that is suppressed": _step_that_catches("suppress"),
    "a generator that is seeded": lambda c: _thrice(c, _seeded, t(*[1.0] * 20)),
    "keys that are equal": lambda c: (lambda f: [str(f({k: t(3)}).dtype) for k in (1, 1, 1.0, True)])(
        c(lambda d: next(iter(d.values())) * next(iter(d)))),
    "a record of NumPy's": lambda c: _thrice(c, lambda x, s: x * float(s["k"]), t(1.0), np.ones(1, [("k", "f4")])[0]),
    "an argument's attribute": _attribute,
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_a_compiled_function_does_the_same(name):
    def outcome(how):
        tinygrad_tf.manual_seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return SAME[name](how)

    assert outcome(compile) == outcome(lambda f: f)
