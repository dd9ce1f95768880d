"""Optimisers: the trajectories of the specification, PyTorch's on random problems, groups, states, clipping."""

import copy
import signal

import numpy as np
import pytest

from tinygrad_tf import Tensor, kernels, nn, no_grad, optim

#: Optimiser, settings, and both entries of p after steps 1, 2, 3 of minimising Σ p² from p = (1, −2), in float64.
TRAJECTORIES = {
    "SGD momentum": ("SGD", {"lr": 0.1, "momentum": 0.9}, [.8, -1.6, .46, -.92, .062, -.124]),
    "SGD Nesterov": ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
                     [.6181, -1.2362, .21923761, -.43847522, -.1116510943, .2233021885]),
    "Adam": ("Adam", {"lr": 0.1}, [.9000000005, -1.9000000002, .8004122287, -1.8001664861, .7015862729, -1.700623392]),
    "Adam amsgrad": ("Adam", {"lr": 0.1, "amsgrad": True, "weight_decay": 0.1},
                     [.9000000005, -1.9000000002, .8004122286, -1.8001664861, .7015862729, -1.700623392]),
    "AdamW": ("AdamW", {"lr": 0.1},
              [.8990000005, -1.8980000002, .7985190272, -1.7962725886, .6989111832, -1.6949445144]),
    "RMSprop": ("RMSprop", {"lr": 0.1}, [5e-8, -1.000000025, -3e-10, -.5509867711, 0, -.3096873876]),
    "RMSprop centered": ("RMSprop", {"lr": 0.1, "centered": True, "momentum": 0.9},
                         [-.0050377648, -.99496221, -.9044836831, .3608286974, -1.0394789856, 1.419086611]),
    "Adagrad": ("Adagrad", {"lr": 0.1}, [.9, -1.9, .8331035268, -1.8311250538, .7804561814, -1.775821515]),
}  # fmt: skip


@pytest.mark.parametrize("case", TRAJECTORIES)
def test_trajectory_is_that_of_the_specification(case):
    name, settings, expected = TRAJECTORIES[case]
    p = Tensor([1.0, -2.0], requires_grad=True, dtype="float64")
    optimizer = getattr(optim, name)([p], **settings)
    path = []
    for _ in range(3):
        optimizer.zero_grad()
        (p * p).sum().backward()
        optimizer.step()
        path.extend(p.tolist())
    np.testing.assert_allclose(path, expected, rtol=0, atol=1e-9)


#: Every setting of every optimiser away from its default at least once.
SETTINGS = {
    "SGD": [{}, {"lr": 0.1, "momentum": 0.9}, {"lr": 0.1, "momentum": 0.8, "dampening": 0.3, "weight_decay": 0.1},
            {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}, {"maximize": True, "momentum": 0.5},
            {"foreach": True}, {"fused": True}],
    "Adam": [{}, {"lr": 0.1, "betas": (0.5, 0.7), "eps": 1e-3}, {"lr": 0.1, "weight_decay": 0.3},
             {"lr": 0.1, "amsgrad": True, "betas": (0.8, 0.3)}, {"maximize": True, "weight_decay": 0.3, "lr": 0.01},
             {"decoupled_weight_decay": True, "weight_decay": 0.3}, {"foreach": True}, {"fused": True}],
    "AdamW": [{}, {"lr": 0.1, "betas": (0.5, 0.7), "eps": 1e-3, "weight_decay": 0.3}, {"lr": 0.1, "amsgrad": True},
              {"maximize": True, "weight_decay": 0.3}, {"weight_decay": 0.0}],
    "RMSprop": [{}, {"lr": 0.1, "alpha": 0.7, "eps": 1e-3, "weight_decay": 0.1}, {"lr": 0.1, "momentum": 0.9},
                {"lr": 0.1, "centered": True, "momentum": 0.5, "weight_decay": 0.1},
                {"maximize": True, "weight_decay": 0.1}],
    "Adagrad": [{}, {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1},
                {"lr": 0.1, "initial_accumulator_value": 0.5, "eps": 1e-3}, {"maximize": True, "weight_decay": 0.1}],
    "Muon": [{}, {"lr": 0.1, "momentum": 0.5, "nesterov": False, "weight_decay": 0.3},
             {"lr": 0.1, "adjust_lr_fn": "match_rms_adamw"}, {"ns_coefficients": (2.0, -1.5, 0.5), "ns_steps": 3},
             {"adjust_lr_fn": "original", "eps": 10.0}],
}  # fmt: skip
RANDOM = [(name, settings) for name, all_settings in SETTINGS.items() for settings in all_settings]
ids_of_random = [f"{name} {', '.join(settings) or 'defaults'}" for name, settings in RANDOM]


@pytest.fixture
def torch(monkeypatch):
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle")
    monkeypatch.setattr(torch.Tensor, "bfloat16", torch.Tensor.clone)  # Muon rounds to it, which has no like in NumPy
    return torch


@pytest.mark.parametrize(("name", "settings"), RANDOM, ids=ids_of_random)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 2e-5)])
@pytest.mark.parametrize("shape", [(3, 4), (5, 2)], ids=["wide", "tall"])
def test_trajectory_on_a_random_problem_is_pytorch_s(name, settings, dtype, tolerance, shape, torch):
    """Least squares with rows of its own for each of 20 steps; relative to the size of the weights."""
    rng = np.random.default_rng(0)
    W = Tensor(rng.standard_normal(shape), requires_grad=True, dtype=dtype)
    their_W = torch.from_numpy(W.array.copy()).requires_grad_()
    ours, theirs = getattr(optim, name)([W], **settings), getattr(torch.optim, name)([their_W], **settings)
    for _ in range(20):
        X, T = (rng.standard_normal(s).astype(dtype) for s in ((4, shape[0]), (4, shape[1])))
        for p, optimizer in ((W, ours), (their_W, theirs)):
            optimizer.zero_grad()
            data = (Tensor(X), Tensor(T)) if p is W else (torch.from_numpy(X), torch.from_numpy(T))
            ((data[0] @ p - data[1]) ** 2).sum().backward()
            optimizer.step()
        expected = their_W.detach().numpy()
        np.testing.assert_allclose(W.array, expected, rtol=0, atol=tolerance * np.abs(expected).max())
    assert W.dtype == dtype


def test_muon_s_step_is_nearly_orthogonal():
    W = Tensor(np.random.default_rng(0).standard_normal((6, 4)), requires_grad=True)
    before = W.array.copy()
    (W * W).sum().backward()
    optim.Muon([W], lr=1.0, weight_decay=0.0).step()
    values = np.linalg.svd((before - W.array) / np.sqrt(6 / 4), compute_uv=False)
    assert ((values > 0.6) & (values < 1.3)).all()


# ---- groups and states ----------------------------------------------------------------------------------------------


def two():
    return Tensor([1.0], requires_grad=True), Tensor([1.0], requires_grad=True)


def with_gradients(*ps):
    for p in ps:
        p.grad = Tensor(np.ones_like(p.array))


def test_groups_have_settings_of_their_own():
    a, b = two()
    optimizer = optim.SGD([{"params": [a]}, {"params": b, "lr": 0.5}], lr=0.1)
    with_gradients(a, b)
    optimizer.step()
    np.testing.assert_allclose([a.item(), b.item()], [0.9, 0.5], rtol=1e-6)


def test_a_group_can_be_added():
    a, b = two()
    optimizer = optim.SGD([a], lr=0.1)
    optimizer.add_param_group({"params": [b], "lr": 0.2})
    with_gradients(a, b)
    optimizer.step()
    np.testing.assert_allclose([a.item(), b.item()], [0.9, 0.8], rtol=1e-6)


def test_parameters_may_be_a_generator():
    model = nn.Linear(2, 2)
    assert len(optim.Adam(model.parameters()).param_groups[0]["params"]) == 2


def test_a_parameter_without_gradient_stays():
    a, b = two()
    optimizer = optim.AdamW([a, b], lr=0.1)
    with_gradients(a)
    optimizer.step()
    assert b.item() == 1
    assert a.item() != 1
    assert b not in optimizer.state


def test_a_step_keeps_the_parameter_s_array_and_the_gradient():
    for name in SETTINGS:
        W = Tensor(np.ones((2, 2), "float32"), requires_grad=True)
        with_gradients(W)
        array = W.array
        for _ in range(2):
            getattr(optim, name)([W]).step()
        assert W.array is array
        assert (W.grad.array == 1).all()
        assert (array != 1).all()


def many():
    """Parameters of all kinds that an optimiser puts side by side, cuts into blocks or takes as they are."""
    rng = np.random.default_rng(0)
    shapes = [(3,), (2, 3), (1,), (0, 2), (70, 300), (5, 1), (140_000,), (4,), (1, 2, 2)]
    params = [Tensor(rng.standard_normal(shape, np.float32), requires_grad=True) for shape in shapes]
    params[3:5] += [
        Tensor(rng.standard_normal(3), requires_grad=True),
        Tensor(rng.standard_normal((2, 2)), requires_grad=True),
    ]
    wide = Tensor(np.zeros((150, 200), np.float32), requires_grad=True)
    wide.array = rng.standard_normal((200, 150), np.float32).T
    return [*params, wide]


@pytest.fixture
def plain():
    """Every formula as it is written; a compiled one rounds otherwise."""
    with kernels.use("numpy"):
        yield


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize(("name", "settings"), [case for case in RANDOM if case[0] != "Muon"])
def test_together_and_in_blocks_the_bits_are_those_of_each_parameter_alone(name, settings):
    kind = getattr(optim, name)
    together, alone = many(), many()
    first, second = kind(together, **settings), kind(alone, **settings)
    second.elementwise = False
    for step in range(6):
        for i, (p, q) in enumerate(zip(together, alone, strict=True)):
            g = np.random.default_rng((step, i)).standard_normal(p.shape).astype(p.dtype)
            p.grad = q.grad = None if (i + step) % 5 == 0 and step > 1 else Tensor(g)
            if step == 3 and i == 1:  # a user may put another array in place
                p.array, q.array = p.array * 2, q.array * 2
            if step == 4 and first.state[p].get("exp_avg") is not None and i == 7:
                first.state[p]["exp_avg"], second.state[q]["exp_avg"] = np.ones_like(g), np.ones_like(g)
        if step == 5:
            first = copy.deepcopy(first)
            together = first.param_groups[0]["params"]
            for i, p in enumerate(together):
                p.grad = alone[i].grad
        first.step()
        second.step()
        for p, q in zip(together, alone, strict=True):
            np.testing.assert_array_equal(p.array, q.array, strict=True)
            assert first.state.get(p, {}).keys() == second.state.get(q, {}).keys()
            for key, value in first.state.get(p, {}).items():
                np.testing.assert_array_equal(value, second.state[q][key], strict=True)


def replaced(optimizer, entry):
    state = optimizer.state[optimizer.param_groups[0]["params"][1]]
    state[entry] = state[entry] * 2 + 1


def regrouped(optimizer, *which):
    optimizer.param_groups[:] = [optimizer.param_groups[i] for i in which]


#: What users do to an optimiser between two steps.
BETWEEN = {
    "nothing": lambda o, params: None,
    "another array": lambda o, params: setattr(params[2], "array", params[2].array * 2),
    "another value": lambda o, params: np.copyto(params[2].array, 7),
    "no gradient": lambda o, params: setattr(params[1], "grad", None),
    "a wider gradient": lambda o, params: setattr(params[1], "grad", Tensor(params[1].grad.array.astype("f8"))),
    "another state's array": lambda o, params: replaced(o, "exp_avg"),
    "another state's number": lambda o, params: replaced(o, "step"),
    "a state with more": lambda o, params: (
        o.param_groups[0].update({"amsgrad": True}),
        o.state[params[0]].update(max_exp_avg_sq=np.full(3, 100, "f")),
    ),
    "a state anew": lambda o, params: o.state[params[0]].clear(),
    "a copy of a state": lambda o, params: o.state.update({params[0]: copy.deepcopy(o.state[params[0]])}),
    "no states": lambda o, params: o.state.clear(),
    "a loaded state": lambda o, params: o.load_state_dict(copy.deepcopy(o.state_dict())),
    "another rate": lambda o, params: o.param_groups[1].update({"lr": 0.5}),
    "a group less": lambda o, params: regrouped(o, 1),
    "groups in another order": lambda o, params: regrouped(o, 1, 0),
    "a parameter less": lambda o, params: o.param_groups[0]["params"].pop(),
    "a parameter in another group": lambda o, params: o.param_groups[1]["params"].append(
        o.param_groups[0]["params"].pop()
    ),
    "a parameter more": lambda o, params: o.add_param_group({"params": [params[-1]]}),
    "parameters that share memory": lambda o, params: setattr(params[1], "array", params[0].array[:2]),
}


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("change", BETWEEN.values(), ids=BETWEEN)
def test_whatever_changes_between_steps_the_bits_are_those_of_each_parameter_alone(change):
    results = []
    for together in (True, False):
        params = [Tensor(np.arange(n, dtype="f"), requires_grad=True) for n in (3, 2, 4, 1, 5, 2)]
        optimizer = optim.Adam([{"params": params[:3]}, {"params": params[3:5], "lr": 0.1}], lr=0.01)
        optimizer.elementwise = together
        for step in range(6):
            for i, p in enumerate(params):
                p.grad = Tensor(np.random.default_rng((step, i)).standard_normal(p.shape, np.float32))
            if step == 3:
                change(optimizer, params)
            optimizer.step()
        states = [{k: np.copy(v) for k, v in optimizer.state.get(p, {}).items()} for p in params]
        results.append(([p.array.copy() for p in params], states))
    np.testing.assert_equal(*results)


@pytest.mark.parametrize("name", [name for name in SETTINGS if name != "Muon"])
def test_a_parameter_without_axes_is_one_number(name):
    a, b = Tensor(2.0, requires_grad=True), Tensor([2.0], requires_grad=True)
    for p in (a, b):
        optimizer = getattr(optim, name)([p], lr=0.1)
        for _ in range(2):
            p.grad = Tensor(np.ones_like(p.array))
            optimizer.step()
    assert a.shape == ()
    assert a.item() == b.item() != 2


@pytest.mark.parametrize("late", [False, True], ids=["from the start", "later"])
@pytest.mark.parametrize("size", [3, 10_000])
def test_parameters_in_the_same_memory_are_changed_one_after_the_other(size, late):
    """As PyTorch does it, whatever their size: a.data = b.data ties them."""
    a, b = (nn.Parameter(np.zeros(size, np.float32)) for _ in range(2))
    optimizer = optim.SGD([a, b], lr=1.0)
    for step in range(3):
        if step == late:
            a.array[...], b.array = 0, a.array
        for p, gradient in ((a, 1.0), (b, 2.0)):
            p.grad = Tensor(np.full(size, gradient, np.float32))
        optimizer.step()
    assert a.array[0] == (-6.0 if late else -9.0)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no alarms")
@pytest.mark.parametrize("name", ["SIGALRM", "SIGUSR1", "SIGINT"])
def test_a_time_limit_does_not_stop_a_step_half_way(name):
    """A handler that raises, in the middle of the second of three parameters."""

    def limit(*_):
        raise TimeoutError

    class Struck(optim.SGD):
        def _update(self, p, g, state, group):
            if p.size == 20_001:
                signal.raise_signal(getattr(signal, name))
            super()._update(p, g, state, group)

    params = [nn.Parameter(np.zeros(n, np.float32)) for n in (20_000, 20_001, 20_002)]
    for p in params:
        p.grad = Tensor(np.ones(p.shape, np.float32))
    optimizer, before = Struck(params, lr=1.0), signal.signal(getattr(signal, name), limit)
    try:
        with pytest.raises(TimeoutError):
            optimizer.step()
    finally:
        signal.signal(getattr(signal, name), before)
    assert [p.array[0] for p in params] == [-1.0, -1.0, -1.0]


def test_zero_grad_forgets_or_zeroes():
    a, b = two()
    optimizer = optim.SGD([a, b])
    with_gradients(a, b)
    optimizer.zero_grad(set_to_none=False)
    assert a.grad.tolist() == [0]
    optimizer.zero_grad()
    assert a.grad is b.grad is None


@pytest.mark.parametrize(("name", "settings"), RANDOM, ids=ids_of_random)
def test_a_state_that_was_saved_goes_on_as_if_nothing_had_been(name, settings):
    def start():
        Ws = [Tensor(np.random.default_rng(i).standard_normal((2, 3)), requires_grad=True) for i in range(2)]
        return Ws, getattr(optim, name)([{"params": Ws[:1]}, {"params": Ws[1:], "lr": 0.03}], **settings)

    def steps(Ws, optimizer, n):
        for _ in range(n):
            optimizer.zero_grad()
            sum((W**4).sum() for W in Ws).backward()
            optimizer.step()

    Ws, optimizer = start()
    steps(Ws, optimizer, 3)
    saved = copy.deepcopy(optimizer.state_dict())
    others, resumed = start()
    for W, other in zip(Ws, others, strict=True):
        other.array[...] = W.array
    resumed.load_state_dict(saved)
    steps(Ws, optimizer, 3)
    steps(others, resumed, 3)
    for W, other in zip(Ws, others, strict=True):
        np.testing.assert_array_equal(W.array, other.array)
    assert resumed.param_groups[1]["lr"] == 0.03


def test_state_dict_has_the_keys_of_pytorch(torch):
    keys = {}
    for package, tensor in ((optim, Tensor), (torch.optim, torch.tensor)):
        for name, all_settings in SETTINGS.items():
            for i, settings in enumerate(all_settings):
                W = tensor([[1.0, 2.0]], requires_grad=True)
                optimizer = getattr(package, name)([W], **settings)
                (W * W).sum().backward()
                optimizer.step()
                saved = optimizer.state_dict()
                assert saved["param_groups"][0]["params"] == [0]
                state = {key for key, value in saved["state"].get(0, {}).items() if value is not None}
                keys.setdefault((name, i), []).append((state, set(saved["param_groups"][0])))
    for (ours, our_group), (theirs, their_group) in keys.values():
        assert ours == theirs
        assert our_group == their_group


def test_loading_does_not_share_arrays():
    a, b = two()
    first, second = optim.Adam([a]), optim.Adam([b])
    with_gradients(a)
    first.step()
    second.load_state_dict(first.state_dict())
    assert not np.shares_memory(first.state[a]["exp_avg"], second.state[b]["exp_avg"])


@pytest.mark.parametrize(("name", "settings"), [
    ("AdamW", {"lr": 0.1}), ("SGD", {"lr": 0.01, "momentum": 0.9}), ("SGD", {"lr": 0.01})
], ids=["AdamW", "SGD momentum", "SGD"])  # fmt: skip
@pytest.mark.parametrize("shape", [(3, 2), ()], ids=["matrix", "number"])
def test_a_training_of_pytorch_s_goes_on_here(name, settings, shape, torch):
    their_W = torch.from_numpy(np.random.default_rng(0).standard_normal(shape)[...]).requires_grad_()
    theirs = getattr(torch.optim, name)([their_W], **settings)

    def step(W, optimizer):
        optimizer.zero_grad()
        (W**4).sum().backward()
        optimizer.step()

    for _ in range(3):
        step(their_W, theirs)
    W = Tensor(their_W.detach().numpy().copy(), requires_grad=True)
    ours = getattr(optim, name)([W], lr=0.5)
    ours.load_state_dict(theirs.state_dict())
    for _ in range(3):
        step(their_W, theirs)
        step(W, ours)
    np.testing.assert_allclose(W.array, their_W.detach().numpy(), rtol=1e-12)


@pytest.mark.parametrize("i", [1, -1])
def test_a_state_of_a_parameter_that_is_not_there_is_refused(i):
    optimizer = optim.Adam([two()[0]])
    saved = {**optimizer.state_dict(), "state": {i: {"step": 1}}}
    with pytest.raises(ValueError, match=f"a state of parameter {i}"):
        optimizer.load_state_dict(saved)


@pytest.mark.parametrize(("make", "words"), [
    (lambda p: optim.Adam([p, Tensor([1.0, 2.0], requires_grad=True)]), ["groups of [1]", "[2]"]),
    (lambda p: optim.Adam([Tensor([1.0, 2.0], requires_grad=True)]), ["exp_avg (1,)", "(2,)"]),
], ids=["number", "shape"])  # fmt: skip
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(make, words):
    p, _ = two()
    saved = optim.Adam([p], lr=0.7)
    with_gradients(p)
    saved.step()
    other = make(p)
    with pytest.raises(ValueError, match="load_state_dict of Adam") as caught:
        other.load_state_dict(saved.state_dict())
    assert all(word in str(caught.value) for word in words)
    assert other.state == {}
    assert other.param_groups[0]["lr"] == 1e-3


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float64"])
def test_a_state_of_pytorch_s_gets_the_type_of_its_parameter(dtype, torch):
    their_W = torch.randn(2, 3).to(getattr(torch, dtype)).requires_grad_()
    theirs = torch.optim.Adam([their_W], amsgrad=True)
    (their_W * their_W).sum().backward()
    theirs.step()
    W = Tensor(np.zeros((2, 3), np.float32), requires_grad=True)
    ours = optim.Adam([W], amsgrad=True)
    ours.load_state_dict(theirs.state_dict())
    for key, value in theirs.state_dict()["state"][0].items():
        found = ours.state[W][key]
        np.testing.assert_array_equal(found, value.float().numpy())
        assert key == "step" or found.dtype == np.float32
    with_gradients(W)
    ours.step()
    assert W.dtype == np.float32


def test_rates_of_pytorch_s_that_are_tensors_become_numbers(torch):
    theirs = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=torch.tensor(0.5), momentum=0.5)
    a, _ = two()
    ours = optim.SGD([a], lr=0.1)
    ours.load_state_dict(theirs.state_dict())
    assert ours.param_groups[0]["lr"] == 0.5
    assert type(ours.param_groups[0]["lr"]) is float


def test_states_are_found_by_the_numbers_of_their_parameters():
    a, b = two()
    saved = {"state": {7: {"momentum_buffer": np.full(1, 2.0)}, 5: {"momentum_buffer": np.full(1, 3.0)}},
             "param_groups": [{"params": [7, 5]}]}  # fmt: skip
    optimizer = optim.SGD([a, b], momentum=0.9)
    optimizer.load_state_dict(saved)
    assert [optimizer.state[p]["momentum_buffer"].item() for p in (a, b)] == [2, 3]


@pytest.mark.parametrize("pair", [("AdamW", "Adam"), ("Adam", "AdamW")])
def test_the_decay_of_a_state_is_that_of_pytorch(pair, torch):
    """AdamW's stays decoupled whatever it loads; an Adam takes over AdamW's."""
    saved, loading = pair
    rates = []
    for package, make in ((optim, lambda: Tensor([2.0], requires_grad=True)),
                          (torch.optim, lambda: torch.tensor([2.0], requires_grad=True))):  # fmt: skip
        first, p = make(), make()
        other = getattr(package, saved)([first], lr=0.1, weight_decay=0.5)
        (first * first).sum().backward()
        other.step()
        optimizer = getattr(package, loading)([p], lr=0.3)
        optimizer.load_state_dict(other.state_dict())
        (p * p).sum().backward()
        optimizer.step()
        rates.append(p.item())
    assert rates[0] == pytest.approx(rates[1], rel=1e-6)


def test_a_state_whose_settings_make_no_sense_changes_nothing():
    a, _ = two()
    optimizer = optim.Adam([a])
    saved = optimizer.state_dict()
    saved["param_groups"][0]["betas"] = (0.9, 1.5)
    with pytest.raises(ValueError, match="betas"):
        optimizer.load_state_dict(saved)
    assert optimizer.param_groups[0]["betas"] == (0.9, 0.999)


# ---- closures, names, numbers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SETTINGS)
def test_a_closure_computes_the_loss_and_the_gradients(name, torch):
    found = []
    for package, tensor, stop in ((optim, Tensor, no_grad), (torch.optim, torch.tensor, torch.no_grad)):
        W = tensor([[1.0, 2.0]], requires_grad=True)
        optimizer = getattr(package, name)([W], lr=0.1)

        def closure(W=W, optimizer=optimizer):
            optimizer.zero_grad()
            loss = (W * W).sum()
            loss.backward()
            return loss

        with stop():  # it records nevertheless
            found.append([optimizer.step(closure).item() for _ in range(3)])
        assert optimizer.step() is None
    np.testing.assert_allclose(*found, rtol=1e-2 if name == "Muon" else 1e-6)


def test_parameters_may_come_with_their_names(torch):
    groups = []
    for package, optimizers in ((nn, optim), (torch.nn, torch.optim)):
        model = package.Linear(2, 3)
        optimizer = optimizers.AdamW(model.named_parameters(), lr=0.1)
        optimizer.add_param_group({"params": [("more", package.Parameter(model.bias.detach().clone()))]})
        assert all(p is q for p, q in zip(optimizer.param_groups[0]["params"], model.parameters(), strict=True))
        groups.append([(g["params"], g["param_names"]) for g in optimizer.state_dict()["param_groups"]])
    assert groups[0] == groups[1] == [([0, 1], ["weight", "bias"]), ([2], ["more"])]


def test_names_of_a_state_come_along():
    model = nn.Linear(2, 3)
    with_names, without = optim.SGD(model.named_parameters()), optim.SGD(model.parameters())
    without.load_state_dict(with_names.state_dict())
    assert without.param_groups[0]["param_names"] == ["weight", "bias"]
    with_names.load_state_dict(optim.SGD(model.parameters()).state_dict())
    assert with_names.param_groups[0]["param_names"] == ["weight", "bias"]


@pytest.mark.parametrize("number", [np.float32(0.1), np.float64(0.1), np.float16(0.1), np.array(0.1), np.array([0.1]),
                                    np.int64(1)])  # fmt: skip
def test_a_number_of_numpy_s_is_python_s_from_the_first_step_on(number):
    value = number.item()
    beta = number if value < 1 else np.float64(0.5)
    a, b = (Tensor(np.float32([0.3, 0.7]), requires_grad=True) for _ in range(2))
    first = optim.AdamW([a], lr=number, betas=(beta, np.float32(0.9)))
    second = optim.AdamW([b], lr=value, betas=(beta.item(), np.float32(0.9).item()))
    for step in range(3):
        if step == 2:
            first.param_groups[0]["lr"], second.param_groups[0]["lr"] = np.float32(0.3), np.float32(0.3).item()
        with_gradients(a, b)
        first.step()
        second.step()
        assert a.array.tobytes() == b.array.tobytes()
    assert first.param_groups[0]["lr"] == second.param_groups[0]["lr"]
    settings = [first.param_groups[0]["lr"], *first.param_groups[0]["betas"]]
    assert {type(setting) for setting in settings} <= {float, int}
    again = copy.deepcopy(first)
    again.param_groups[0]["lr"] = np.float32(0.2)
    assert type(again.param_groups[0]["lr"]) is float


a, _ = two()
WRONG = {
    "no parameters": (ValueError, lambda: optim.SGD([]), ["SGD got no parameters"]),
    "negative lr": (ValueError, lambda: optim.SGD([a], lr=-1), ["lr -1"]),
    "negative lr of a group": (ValueError, lambda: optim.SGD([{"params": [a], "lr": -1}]), ["lr -1"]),
    "negative eps": (ValueError, lambda: optim.Adam([a], eps=-1e-8), ["eps -1e-08"]),
    "negative decay": (ValueError, lambda: optim.AdamW([a], weight_decay=-1), ["weight_decay -1"]),
    "negative momentum": (ValueError, lambda: optim.RMSprop([a], momentum=-1), ["momentum -1"]),
    "beta of 1": (ValueError, lambda: optim.Adam([a], betas=(0.9, 1.0)), ["(0.9, 1.0)", "[0, 1)"]),
    "Nesterov without momentum": (ValueError, lambda: optim.SGD([a], nesterov=True), ["Nesterov", "momentum 0.0"]),
    "no Tensor": (TypeError, lambda: optim.SGD([np.ones(2)]), ["leaf Tensors"]),
    "not a leaf": (TypeError, lambda: optim.SGD([a * 2]), ["leaf Tensors"]),
    "twice": (ValueError, lambda: optim.SGD([a, a]), ["once"]),
    "in two groups": (ValueError, lambda: optim.SGD([{"params": [a]}, {"params": [a]}]), ["once", "groups"]),
    "a vector in Muon": (ValueError, lambda: optim.Muon([a]), ["(1,)", "AdamW"]),
    "Muon's scale": (ValueError, lambda: optim.Muon([Tensor([[1.0]])], adjust_lr_fn="x"), ["match_rms_adamw"]),
    "lr that is no number": (ValueError, lambda: optim.SGD([a], lr=float("nan")), ["lr nan"]),
    "differentiable": (ValueError, lambda: optim.SGD([a], differentiable=True), ["differentiable True", "no part of"]),
    "capturable": (ValueError, lambda: optim.Adam([a], capturable=True), ["capturable True", "on the CPU"]),
    "fused and foreach": (RuntimeError, lambda: optim.Adam([a], fused=True, foreach=True), ["exclude each other"]),
    "a set": (TypeError, lambda: optim.SGD({a}), ["a set of 1", "order"]),
    "a set in a group": (TypeError, lambda: optim.SGD([{"params": {a}}]), ["a set of 1"]),
    "some names": (ValueError, lambda: optim.SGD([("a", a), two()[0]]), ["1 parameters with names and 1 without"]),
    "names of some groups": (ValueError, lambda: optim.SGD([{"params": [("a", a)]}, {"params": two()[0]}]),
                             ["a group without names"]),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_optimised_is_refused(case):
    kind, make, words = WRONG[case]
    with pytest.raises(kind) as caught:
        make()
    for word in ["rule:", "cure:", *words]:
        assert word in str(caught.value)


# ---- clipping -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("norm_type", [0, 1, 2, 3, float("inf"), "inf"])
@pytest.mark.parametrize("max_norm", [0.5, 1e3])
def test_clipping_is_pytorch_s(norm_type, max_norm, torch):
    grads = [np.random.default_rng(i).standard_normal((i + 1, 2)) for i in range(3)]
    ours = [Tensor(np.zeros_like(g), requires_grad=True) for g in grads]
    theirs = [torch.zeros(g.shape, dtype=torch.float64, requires_grad=True) for g in grads]
    for p, q, g in zip(ours, theirs, grads, strict=True):
        p.grad, q.grad = Tensor(g), torch.from_numpy(g.copy())
    norm = optim.clip_grad_norm_(iter(ours), max_norm, norm_type)
    expected = torch.nn.utils.clip_grad_norm_(theirs, max_norm, norm_type)
    assert norm == pytest.approx(expected.item(), rel=1e-12)
    for p, q in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(p.grad.array, q.grad.numpy(), rtol=1e-12)


def test_clipping_keeps_the_dtype_and_passes_over_what_has_no_gradient():
    a, b = two()
    a.grad = Tensor([3.0])
    assert optim.clip_grad_norm_([a, b], 1.0) == 3.0
    assert a.grad.dtype == np.float32
    assert b.grad is None


def test_clipping_a_gradient_that_is_no_number_can_raise():
    a, _ = two()
    a.grad = Tensor([float("nan")])
    with pytest.raises(RuntimeError, match="is finite"):
        optim.clip_grad_norm_([a], 1.0, error_if_nonfinite=True)
    assert np.isnan(optim.clip_grad_norm_([a], 1.0))


def test_a_norm_that_is_no_number_makes_every_gradient_so():
    a, b = two()
    a.grad, b.grad = Tensor([float("nan")]), Tensor([1.0])
    optim.clip_grad_norm_([a, b], 1.0)
    assert np.isnan(a.grad.array).all()
    assert np.isnan(b.grad.array).all()


def test_the_norm_has_an_item_as_pytorch_s():
    a, _ = two()
    a.grad = Tensor([3.0])
    assert optim.clip_grad_norm_([a], 1.0).item() == 3.0


def test_clipping_by_value():
    p = Tensor([1.0, 1.0, 1.0], requires_grad=True)
    p.grad = Tensor([-3.0, 0.1, 3.0])
    optim.clip_grad_value_([p], 0.5)
    np.testing.assert_allclose(p.grad.array, [-0.5, 0.1, 0.5])


def test_clipping_one_tensor_by_value(torch):
    p, q = Tensor([1.0, 1.0, 1.0], requires_grad=True), torch.ones(3, requires_grad=True)
    p.grad, q.grad = Tensor([-3.0, 0.1, 3.0]), torch.tensor([-3.0, 0.1, 3.0])
    optim.clip_grad_value_(p, np.float64(0.5), foreach=False)
    torch.nn.utils.clip_grad_value_(q, 0.5)
    np.testing.assert_array_equal(p.grad.array, q.grad.numpy(), strict=True)
    nn.utils.clip_grad_value_(iter([p]), 0.25)
    assert p.grad.tolist() == [-0.25, np.float32(0.1), 0.25]
