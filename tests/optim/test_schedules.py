"""Learning-rate schedules: the values of the specification, PyTorch's step by step, resuming, and wrong settings."""

import copy
import warnings

import numpy as np
import pytest

from tinygrad_tf import Tensor, optim

THIRD = 1 / 3


def optimizer(lr=1.0, package=optim, tensor=Tensor, name="SGD", groups=1):
    params = [{"params": [tensor([1.0], requires_grad=True)]} for _ in range(groups)]
    if groups > 1:
        params[1]["lr"] = lr / 2
    return getattr(package, name)(params, lr=lr)


def rates(schedule, n):
    """The rates that steps 0 … n − 1 run with."""
    found = []
    for _ in range(n):
        found.append(schedule.get_last_lr()[0])
        schedule.optimizer.step()
        schedule.step()
    return found


#: Schedule, arguments, and the rate at steps 0, 1, 2, … from a rate of 1.
VALUES = {
    "StepLR": ("StepLR", (3,), {}, [1, 1, 1, .1, .1, .1, .01, .01]),
    "MultiStepLR": ("MultiStepLR", ([2, 5],), {}, [1, 1, .1, .1, .1, .01, .01, .01]),
    "ConstantLR": ("ConstantLR", (), {}, [THIRD] * 5 + [1] * 3),
    "LinearLR": ("LinearLR", (), {}, [THIRD, .466667, .6, .733333, .866667, 1, 1, 1]),
    "ExponentialLR": ("ExponentialLR", (.9,), {}, [1, .9, .81, .729, .6561, .59049, .531441, .478297]),
    "PolynomialLR": ("PolynomialLR", (5,), {"power": 2}, [1, .64, .36, .16, .04, 0, 0, 0]),
    "CosineAnnealingLR": ("CosineAnnealingLR", (4,), {},
                          [1, .853553, .5, .146447, 0, .146447, .5, .853553, 1, .853553]),
    "CosineAnnealingWarmRestarts": ("CosineAnnealingWarmRestarts", (3,), {"T_mult": 2},
                                    [1, .75, .25, 1, .933013, .75, .5, .25, .066987, 1]),
    "OneCycleLR": ("OneCycleLR", (1.0, 10), {},
                   [.04, .52, 1, .950485, .811746, .611262, .388742, .188258, .049519]),
    "CyclicLR": ("CyclicLR", (.1, 1.0), {"step_size_up": 2}, [.1, .55, 1, .55, .1, .55, 1, .55]),
}  # fmt: skip


@pytest.mark.parametrize("case", VALUES)
def test_rates_are_those_of_the_specification(case):
    name, args, settings, expected = VALUES[case]
    np.testing.assert_allclose(rates(getattr(optim, name)(optimizer(), *args, **settings), len(expected)), expected,
                               rtol=0, atol=6e-7)  # fmt: skip


def sequence(package, base):
    return package.SequentialLR(base, [package.LinearLR(base, 0.1, 1, 3), package.CosineAnnealingLR(base, 4)], [3])


def test_rates_of_a_sequence_are_those_of_the_specification():
    expected = [.1, .4, .7, 1, .853553, .5, .146447, 0, .146447]  # fmt: skip
    np.testing.assert_allclose(rates(sequence(optim, optimizer()), 9), expected, rtol=0, atol=5e-7)


def test_rates_on_a_plateau_are_those_of_the_specification():
    schedule = optim.ReduceLROnPlateau(optimizer(), patience=1)
    found = []
    for loss in (1, 1, 1, 1, 0.9999, 0.5, 0.5, 0.5):
        schedule.step(loss)
        found.extend(schedule.get_last_lr())
    np.testing.assert_allclose(found, [1, 1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.001])


@pytest.mark.parametrize(("step", "expected"), [
    (1, 1.746928e-07), (100, 1.746928e-05), (4000, 6.987712e-04), (10000, 4.419417e-04)
])  # fmt: skip
def test_noam_is_the_paper_s_formula(step, expected):
    schedule = optim.NoamLR(optimizer(), d_model=512, warmup=4000)
    assert schedule.factor(step - 1) == pytest.approx(expected, rel=1e-6)
    schedule.load_state_dict({"last_epoch": step - 1})
    assert schedule.get_last_lr() == [pytest.approx(expected, rel=1e-6)]


def test_warmup_then_cosine_stays_at_the_bottom():
    found = rates(optim.WarmupCosineLR(optimizer(2.0), warmup=4, total=12, min_factor=0.1), 16)
    np.testing.assert_allclose(found[:5], [0.5, 1.0, 1.5, 2.0, 2.0])
    np.testing.assert_allclose(found[8], 2 * (0.1 + 0.9 / 2))
    np.testing.assert_allclose(found[12:], 0.2)
    assert (np.diff(found[4:13]) < 0).all()


#: What the two packages are to do alike, for 40 steps; further settings than the specification lists.
BESIDE_PYTORCH = {
    **{name: (name, args, settings) for name, args, settings, _ in VALUES.values()},
    "OneCycleLR": ("OneCycleLR", (0.7, 45), {}),
    "LambdaLR": ("LambdaLR", (lambda step: 0.95**step,), {}),
    "StepLR gamma": ("StepLR", (4,), {"gamma": 0.5}),
    "MultiStepLR unsorted, twice": ("MultiStepLR", ([9, 3, 3],), {"gamma": 0.5}),
    "ConstantLR settings": ("ConstantLR", (0.5, 3), {}),
    "LinearLR down": ("LinearLR", (1.0, 0.25, 7), {}),
    "CosineAnnealingLR eta_min": ("CosineAnnealingLR", (40,), {"eta_min": 0.1}),
    "restarts of equal length": ("CosineAnnealingWarmRestarts", (7,), {"eta_min": 0.05}),
    "restarts thrice as long": ("CosineAnnealingWarmRestarts", (2,), {"T_mult": 3}),
    "OneCycleLR linear": ("OneCycleLR", (0.7, 45), {"anneal_strategy": "linear", "pct_start": 0.25, "div_factor": 10}),
    "OneCycleLR three phases": ("OneCycleLR", (0.7, 45), {"three_phase": True, "final_div_factor": 100}),
    "OneCycleLR epochs": ("OneCycleLR", (0.7,), {"epochs": 9, "steps_per_epoch": 5, "pct_start": 0.0}),
    "CyclicLR halving": ("CyclicLR", (0.1, 1.0), {"step_size_up": 3, "step_size_down": 5, "mode": "triangular2"}),
    "CyclicLR shrinking": ("CyclicLR", (0.1, 1.0), {"step_size_up": 4, "mode": "exp_range", "gamma": 0.97}),
    "CyclicLR own scale": ("CyclicLR", (0.1, 1.0),
                           {"step_size_up": 4, "scale_fn": lambda x: 1 / x, "max_momentum": 0.99}),
}  # fmt: skip


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="PyTorch is the oracle")


def settings_of(optimizer):
    return [[g["lr"], g.get("momentum", 0), *g.get("betas", ())] for g in optimizer.param_groups]


@pytest.mark.parametrize("case", BESIDE_PYTORCH)
@pytest.mark.parametrize("name", ["SGD", "AdamW"])
@pytest.mark.filterwarnings("ignore:.*lr_scheduler.step")
def test_rates_and_momentum_are_pytorch_s(case, name, torch):
    schedule, args, settings = BESIDE_PYTORCH[case]
    ours = optimizer(0.3, name=name, groups=2)
    theirs = optimizer(0.3, torch.optim, torch.tensor, name, groups=2)
    pair = [getattr(package, schedule)(base, *args, **settings)
            for package, base in ((optim, ours), (torch.optim.lr_scheduler, theirs))]  # fmt: skip
    for _ in range(40):
        np.testing.assert_allclose(settings_of(ours), settings_of(theirs), rtol=0, atol=1e-9)
        for each in pair:
            each.step()


@pytest.mark.filterwarnings("ignore:.*lr_scheduler.step")
def test_a_sequence_of_three_is_pytorch_s(torch):
    found = []
    for package, base in (
        (optim, optimizer(0.3)),
        (torch.optim.lr_scheduler, optimizer(0.3, torch.optim, torch.tensor)),
    ):
        parts = [package.LinearLR(base, 0.1, 1, 5), package.ConstantLR(base, 0.5, 99), package.ExponentialLR(base, 0.9)]
        schedule = package.SequentialLR(base, parts, [5, 9])
        found.append([])
        for _ in range(20):
            found[-1].append(base.param_groups[0]["lr"])
            schedule.step()
    np.testing.assert_allclose(*found, rtol=0, atol=1e-9)


PLATEAUS = {
    "defaults": {"patience": 2},
    "max": {"mode": "max", "patience": 1, "factor": 0.5},
    "absolute": {"patience": 1, "threshold": 0.05, "threshold_mode": "abs"},
    "max absolute": {"mode": "max", "patience": 0, "threshold": 0.05, "threshold_mode": "abs"},
    "cooldown": {"patience": 1, "cooldown": 3, "factor": 0.5},
    "least": {"patience": 0, "min_lr": [0.01, 0.05]},
    "eps": {"patience": 0, "factor": 0.9, "eps": 0.02},
}


@pytest.mark.parametrize("case", PLATEAUS)
def test_a_plateau_is_pytorch_s(case, torch):
    ours, theirs = optimizer(0.3, groups=2), optimizer(0.3, torch.optim, torch.tensor, groups=2)
    schedules = [package.ReduceLROnPlateau(base, **PLATEAUS[case])
                 for package, base in ((optim, ours), (torch.optim.lr_scheduler, theirs))]  # fmt: skip
    rng = np.random.default_rng(0)
    for step in range(40):
        metric = float(np.exp(-step / 10) + 0.1 * rng.random())
        for schedule in schedules:
            schedule.step(metric)
        np.testing.assert_allclose(settings_of(ours), settings_of(theirs), rtol=0, atol=1e-9)


# ---- resuming, groups, errors ---------------------------------------------------------------------------------------

RESUMED = {name: (name, args, settings) for name, args, settings, _ in VALUES.values()}


@pytest.mark.parametrize("case", [*RESUMED, "SequentialLR", "ReduceLROnPlateau"])
def test_a_schedule_that_was_saved_goes_on_as_if_nothing_had_been(case):
    def start():
        base = optimizer()
        if case == "SequentialLR":
            return sequence(optim, base)
        if case == "ReduceLROnPlateau":
            return optim.ReduceLROnPlateau(base, patience=1, cooldown=1)
        name, args, settings = RESUMED[case]
        return getattr(optim, name)(base, *args, **settings)

    def steps(schedule, metrics):
        found = []
        for metric in metrics:
            schedule.step(*[metric] if case == "ReduceLROnPlateau" else [])
            found.append(settings_of(schedule.optimizer))
        return found

    schedule = start()
    steps(schedule, [3.0, 2.0, 2.0, 2.0])
    saved = copy.deepcopy(schedule.state_dict())
    resumed = start()
    resumed.load_state_dict(saved)
    assert settings_of(resumed.optimizer) == settings_of(schedule.optimizer)
    assert steps(schedule, [2.0] * 5) == steps(resumed, [2.0] * 5)


@pytest.mark.parametrize("make", [
    lambda base, lr: optim.ExponentialLR(base, 0.9),
    lambda base, lr: optim.SequentialLR(base, [optim.LinearLR(base), optim.ExponentialLR(base, 0.9)], [3]),
    lambda base, lr: optim.CyclicLR(base, lr, 2 * lr, 3, base_momentum=0.4 + lr),
    lambda base, lr: optim.OneCycleLR(base, lr, 20, max_momentum=0.8 + lr),
], ids=["one factor", "in sequence", "cycles", "one cycle"])  # fmt: skip
def test_the_rates_that_were_saved_hold_in_a_build_with_others(make):
    """The schedule's state alone, without the optimiser's."""
    schedule = make(optimizer(0.1), 0.1)
    schedule.step()
    resumed = make(optimizer(0.01), 0.01)
    resumed.load_state_dict(copy.deepcopy(schedule.state_dict()))
    for _ in range(5):
        schedule.step()
        resumed.step()
        assert settings_of(resumed.optimizer) == settings_of(schedule.optimizer)


def test_a_function_for_each_group():
    base = optimizer(1.0, groups=2)
    schedule = optim.LambdaLR(base, [lambda step: 1.0, lambda step: 0.1])
    assert schedule.get_last_lr() == [1.0, 0.05]


def test_the_cycle_has_an_end_and_stays_there():
    schedule = optim.OneCycleLR(optimizer(), 1.0, total_steps=3)
    for _ in range(3):
        schedule.step()
    before = settings_of(schedule.optimizer)
    with pytest.raises(ValueError, match="the cycle has 3 steps"):
        schedule.step()
    assert schedule.last_epoch == 3
    assert settings_of(schedule.optimizer) == before


WRONG = {
    "LinearLR": (lambda: optim.LinearLR(optimizer(), start_factor=0.0), ["start_factor 0.0"]),
    "ConstantLR": (lambda: optim.ConstantLR(optimizer(), factor=2.0), ["ConstantLR", "2.0"]),
    "LambdaLR": (lambda: optim.LambdaLR(optimizer(), [abs, abs]), ["2 functions", "1 groups"]),
    "restarts": (lambda: optim.CosineAnnealingWarmRestarts(optimizer(), 0), ["T_0 0"]),
    "OneCycleLR without steps": (lambda: optim.OneCycleLR(optimizer(), 1.0), ["steps 0", "total_steps"]),
    "OneCycleLR share": (lambda: optim.OneCycleLR(optimizer(), 1.0, 10, pct_start=2.0), ["pct_start 2.0"]),
    "OneCycleLR groups": (lambda: optim.OneCycleLR(optimizer(), [1.0, 2.0], 10), ["max_lr [1.0, 2.0]", "1 groups"]),
    "CyclicLR mode": (lambda: optim.CyclicLR(optimizer(), 0.1, 1.0, mode="square"), ["'square'", "triangular2"]),
    "CyclicLR momentum": (lambda: optim.CyclicLR(optimizer(name="Adagrad"), 0.1, 1.0), ["Adagrad", "cycle_momentum"]),
    "SequentialLR": (lambda: optim.SequentialLR(optimizer(), [], []), ["0 schedules"]),
    "plateau factor": (lambda: optim.ReduceLROnPlateau(optimizer(), factor=1.0), ["factor 1.0"]),
    "plateau mode": (lambda: optim.ReduceLROnPlateau(optimizer(), mode="down"), ["'down'"]),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_schedule_that_cannot_be_is_refused(case):
    make, words = WRONG[case]
    with pytest.raises(ValueError, match="rule:") as caught:
        make()
    assert all(word in str(caught.value) for word in words)


# ---- several schedules, and rates set by hand -----------------------------------------------------------------------

PAIRS = {
    "warm-up, then decay": [("LinearLR", {"start_factor": 0.1, "total_iters": 5}), ("ExponentialLR", {"gamma": 0.9})],
    "steps and cosine": [("StepLR", {"step_size": 3}), ("CosineAnnealingLR", {"T_max": 8, "eta_min": 0.1})],
    "constant and milestones": [("ConstantLR", {"factor": 0.5}), ("MultiStepLR", {"milestones": [2, 6]})],
    "polynomial and exponential": [("PolynomialLR", {"total_iters": 12}), ("ExponentialLR", {"gamma": 0.8})],
}  # fmt: skip


def rates_of_both(optimizer, schedules, by_hand=None):
    """The rates of eight steps, set to 1 by hand before step ``by_hand``."""
    found = [optimizer.param_groups[0]["lr"]]
    for step in range(8):
        if step == by_hand:
            optimizer.param_groups[0]["lr"] = 1.0
        for schedule in schedules:
            schedule.step()
        found.append(optimizer.param_groups[0]["lr"])
    return found


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
@pytest.mark.parametrize("by_hand", [None, 4], ids=["alone", "a rate set by hand"])
def test_two_schedules_scale_each_other_s_rates_as_in_pytorch(pair, by_hand):
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle")
    theirs = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    ours = optim.SGD([Tensor([0.0], requires_grad=True)], lr=1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch wants optimizer.step() before
        expected = rates_of_both(
            theirs, [getattr(torch.optim.lr_scheduler, n)(theirs, **kw) for n, kw in pair], by_hand
        )
    found = rates_of_both(ours, [getattr(optim, n)(ours, **kw) for n, kw in pair], by_hand)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
