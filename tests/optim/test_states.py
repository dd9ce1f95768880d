"""States that somebody altered: refused with nothing changed, or the next steps end and have rates that are numbers."""

import math
import signal

import numpy as np
import pytest

from tinygrad_tf import Tensor, optim, random
from tinygrad_tf.errors import is_explained
from tinygrad_tf.nn import Linear
from tinygrad_tf.train.saving import load_checkpoint, save_checkpoint

VALUES = [None, True, 0, -1, 2**53, 10**30, 10**400, 0.5, math.nan, math.inf, -math.inf, "", "a", [], {}, [[]], [None],
          [math.nan] * 2, {"a": 1}]  # fmt: skip


def optimizer(name="SGD"):
    settings = {"momentum": 0.9} if name == "SGD" else {}
    return getattr(optim, name)([Tensor(np.ones((2, 2), np.float32), requires_grad=True)], lr=0.1, **settings)


SCHEDULES = {
    "StepLR": (3,), "MultiStepLR": ([2, 4],), "ExponentialLR": (0.9,), "PolynomialLR": (5,), "CosineAnnealingLR": (5,),
    "CosineAnnealingWarmRestarts": (2, 2), "ReduceLROnPlateau": (), "OneCycleLR": (0.3, 20), "CyclicLR": (0.1, 0.3, 3),
    "LambdaLR": (lambda step: 0.5**step,), "LinearLR": (), "ConstantLR": (), "WarmupCosineLR": (2, 10),
    "NoamLR": (8, 4), "SequentialLR": (),
}  # fmt: skip


def made(name):
    """What is to load a state, and the optimiser."""
    base = optimizer(name if name not in SCHEDULES else "SGD")
    if name == "SequentialLR":
        return optim.SequentialLR(base, [optim.LinearLR(base), optim.CosineAnnealingLR(base, 5)], [2]), base
    return (getattr(optim, name)(base, *SCHEDULES[name]) if name in SCHEDULES else base), base


@pytest.mark.parametrize("theirs", ["Adam", "AdamW", "RMSprop", "Adagrad"])
@pytest.mark.parametrize("ours", ["SGD", "Muon"])
def test_a_state_of_another_optimiser_is_refused(ours, theirs):
    saved = optimizer(theirs)
    train(saved, saved, 1)
    mine = optimizer(ours)
    with pytest.raises(ValueError, match="no momentum_buffer"):
        mine.load_state_dict(saved.state_dict())
    assert mine.state == {}


def train(part, base, steps):
    for _ in range(steps):
        for p in base.param_groups[0]["params"]:
            p.grad = Tensor(np.full(p.shape, 0.5, np.float32))
        base.step()
        if part is not base:
            part.step(*[1.0] if isinstance(part, optim.ReduceLROnPlateau) else [])


def places(state, path=()):
    yield path
    for key, value in state.items() if isinstance(state, dict) else enumerate(state) if type(state) is list else ():
        yield from places(value, (*path, key))


def put(state, path, value):
    if not path:
        return value
    copy = dict(state) if isinstance(state, dict) else list(state)
    copy[path[0]] = put(copy[path[0]], path[1:], value)
    return copy


def refusal(part, state):
    try:
        part.load_state_dict(state)
    except ValueError as problem:
        return problem
    return None


@pytest.fixture
def no_hang():
    def ends(*_):
        raise AssertionError("it hangs")

    if not hasattr(signal, "setitimer"):
        pytest.skip("alarms are Unix's")
    before = signal.signal(signal.SIGALRM, ends)
    signal.setitimer(signal.ITIMER_REAL, 60)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Muon", *SCHEDULES])
@pytest.mark.filterwarnings("ignore")  # of NumPy, where finite settings are huge
def test_an_altered_state_is_refused_or_goes_on(name, no_hang):
    part, base = made(name)
    train(part, base, 2)
    state, refused = part.state_dict(), 0
    for path in places(state):
        for value in VALUES:
            case = f"{path} {value!r:.30}"
            other, its_base = made(name)
            before = repr([other.state_dict(), its_base.state_dict()])
            problem = refusal(other, put(state, path, value))
            if problem is not None:
                assert is_explained(problem), case
                assert repr([other.state_dict(), its_base.state_dict()]) == before, case
                refused += 1
            else:
                train(other, its_base, 2)
                assert math.isfinite(its_base.param_groups[0]["lr"]), case
    assert refused > 50


def test_a_number_beside_the_arrays_of_a_state_is_a_number():
    """As PyTorch's optimisers have it, a tensor without axes; the formula could not go on from it."""
    other, base = made("Adagrad")
    train(other, base, 2)
    state = other.state_dict()
    state["state"][0]["more"] = np.array(3.0)
    other.load_state_dict(state)
    train(other, base, 2)
    assert next(iter(other.state.values()))["more"] == 3.0


class Meta:
    """As a tensor of PyTorch on the device meta, which has no numbers."""

    def tolist(self):
        raise RuntimeError("no data")

    __len__ = __float__ = __int__ = __bool__ = detach = tolist


@pytest.mark.parametrize("name", ["Adam", "SGD", "StepLR"])
def test_a_setting_without_a_number_is_refused(name):
    part, _ = made(name)
    state = part.state_dict()
    settings = state["param_groups"][0] if "param_groups" in state else state
    settings[next(key for key in settings if key in ("lr", "gamma"))] = Meta()
    with pytest.raises(ValueError, match=r"cannot be loaded|of the kind of this training's") as caught:
        part.load_state_dict(state)
    assert is_explained(caught.value)


def test_a_list_of_rows_of_several_lengths_is_told():
    with pytest.raises(ValueError, match="rows have equal length") as caught:
        Linear(2, 2).load_state_dict({"weight": [[1.0], [2.0, 3.0]], "bias": [0.0, 0.0]})
    assert is_explained(caught.value)


def test_what_is_no_state_leaves_the_generator_as_it_was():
    before = random.get_state()
    with pytest.raises(ValueError, match="set_state got a state that NumPy does not take"):
        random.set_state({**before, "state": {"state": 1, "inc": 3}, "uinteger": -1})
    assert random.get_state() == before


def test_a_cycle_that_is_done_is_restored(tmp_path):
    pytest.importorskip("safetensors", reason='pip install "tinygrad_tf[train]"')
    net = Linear(2, 1)
    base = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    schedule = optim.OneCycleLR(base, 0.3, 3)
    for _ in range(3):
        schedule.step()
    save_checkpoint(tmp_path / "m", net, base, schedule, step=3)
    load_checkpoint(tmp_path / "m").restore(net, base, schedule)
    assert schedule.last_epoch == 3
