"""Learning-rate schedules: the values of the specification, PyTorch's step by step, resuming, and wrong settings."""

import copy
import json
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


# ---- states of PyTorch's, and of other settings ----------------------------------------------------------------------

#: The same schedules with other settings, which a state is to replace.
OTHERS = {
    "StepLR": ((9,), {"gamma": 0.3}),
    "MultiStepLR": (([1],), {"gamma": 0.3}),
    "ConstantLR": ((0.9, 2), {}),
    "LinearLR": ((0.9, 0.8, 2), {}),
    "ExponentialLR": ((0.3,), {}),
    "PolynomialLR": ((50,), {"power": 3}),
    "CosineAnnealingLR": ((9,), {"eta_min": 0.2}),
    "CosineAnnealingWarmRestarts": ((2,), {"T_mult": 3, "eta_min": 0.2}),
    "OneCycleLR": ((0.1, 77), {"three_phase": True, "anneal_strategy": "linear"}),
    "CyclicLR": ((0.3, 0.5), {"step_size_up": 9, "step_size_down": 4, "mode": "triangular2", "max_momentum": 0.7}),
    "LambdaLR": ((lambda step: 0.95**step,), {}),  # which a state cannot hold
}  # fmt: skip


def steps_of(schedule, n):
    """The settings of the optimiser's groups at each of the next ``n`` steps."""
    found = []
    for _ in range(n):
        found.append(settings_of(schedule.optimizer))
        schedule.step()
    return found


@pytest.mark.parametrize("case", BESIDE_PYTORCH)
@pytest.mark.parametrize("with_optimizer", [True, False], ids=["and the optimiser's", "alone"])
@pytest.mark.filterwarnings("ignore:.*lr_scheduler.step")
def test_a_schedule_of_pytorch_s_goes_on_here(case, with_optimizer, torch):
    schedule, args, settings = BESIDE_PYTORCH[case]
    if schedule == "OneCycleLR" and not with_optimizer:
        return  # PyTorch keeps its rates in the optimiser's state
    theirs = getattr(torch.optim.lr_scheduler, schedule)(
        optimizer(0.3, torch.optim, torch.tensor, "AdamW", 2), *args, **settings
    )
    steps_of(theirs, 5)
    others, other_settings = OTHERS[schedule]
    if "scale_fn" in settings:
        other_settings = {**other_settings, "scale_fn": settings["scale_fn"]}
    ours = getattr(optim, schedule)(optimizer(0.01, name="AdamW", groups=2), *others, **other_settings)
    saved = copy.deepcopy(theirs.state_dict())
    if with_optimizer:
        ours.optimizer.load_state_dict(theirs.optimizer.state_dict())
    ours.load_state_dict(saved)
    np.testing.assert_allclose(steps_of(ours, 12), steps_of(theirs, 12), rtol=0, atol=1e-9)


@pytest.mark.filterwarnings("ignore:.*lr_scheduler.step")
def test_a_plateau_and_a_sequence_of_pytorch_s_go_on_here(torch):
    theirs = sequence(torch.optim.lr_scheduler, optimizer(0.3, torch.optim, torch.tensor))
    steps_of(theirs, 2)
    base = optimizer(0.1)
    ours = optim.SequentialLR(base, [optim.LinearLR(base, 0.5, 0.6, 2), optim.CosineAnnealingLR(base, 9)], [1])
    ours.load_state_dict(theirs.state_dict())
    np.testing.assert_allclose(steps_of(ours, 9), steps_of(theirs, 9), rtol=0, atol=1e-9)

    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer(0.3, torch.optim, torch.tensor), "max", 0.3, 2, 0.1, "abs", 1, 0.01
    )
    ours = optim.ReduceLROnPlateau(optimizer(0.1))
    for metric in (3.0, 2.0, 2.0, 2.0):
        theirs.step(metric)
    ours.load_state_dict(theirs.state_dict())
    for _ in range(12):
        assert ours.get_last_lr() == pytest.approx(theirs.get_last_lr(), rel=1e-12)
        ours.step(2.0)
        theirs.step(2.0)


@pytest.mark.parametrize("name", OTHERS)
def test_the_settings_that_were_saved_hold_in_a_build_with_others(name):
    schedule, args, settings = BESIDE_PYTORCH[name]
    first = getattr(optim, schedule)(optimizer(0.3, groups=2), *args, **settings)
    steps_of(first, 5)
    if name == "ExponentialLR":
        first.gamma = 0.5  # changed in the middle
        steps_of(first, 1)
    others, other_settings = OTHERS[name]
    second = getattr(optim, schedule)(optimizer(0.01, groups=2), *others, **other_settings)
    second.load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert steps_of(first, 9) == steps_of(second, 9)


def test_a_function_with_a_state_keeps_it():
    class Decay:
        def __init__(self, gamma):
            self.gamma = gamma

        def __call__(self, step):
            return self.gamma**step

    first, second = (optim.LambdaLR(optimizer(), Decay(gamma)) for gamma in (0.5, 0.9))
    second.load_state_dict(first.state_dict())
    assert steps_of(first, 3) == steps_of(second, 3)


@pytest.mark.parametrize("make", [
    lambda base: optim.LambdaLR(base, lambda step: 0.5**step), lambda base: optim.StepLR(base, 2),
    lambda base: optim.OneCycleLR(base, 0.5, 20), lambda base: sequence(optim, base),
], ids=["its own rates", "scaled rates", "of the groups", "in sequence"])  # fmt: skip
@pytest.mark.parametrize("order", ["optimiser, schedule", "schedule, optimiser", "a schedule made in between"])
def test_a_rate_set_by_hand_before_saving_comes_back_in_any_order(make, order):
    first = make(optimizer(0.3))
    steps_of(first, 3)
    first.optimizer.param_groups[0]["lr"] = 0.123
    saved, of_schedule = copy.deepcopy(first.optimizer.state_dict()), copy.deepcopy(first.state_dict())
    base = optimizer(0.01)
    if order == "a schedule made in between":
        base.load_state_dict(saved)
        second = make(base)
        second.load_state_dict(of_schedule)
    else:
        second = make(base)
        loads = [lambda: base.load_state_dict(saved), lambda: second.load_state_dict(of_schedule)]
        for load in loads if order == "optimiser, schedule" else reversed(loads):
            load()
    assert second.get_last_lr() == [0.123]
    assert steps_of(first, 6) == steps_of(second, 6)


def test_a_rate_set_by_hand_after_pytorch_s_schedule_is_the_optimiser_s(torch):
    theirs = torch.optim.lr_scheduler.ExponentialLR(optimizer(0.3, torch.optim, torch.tensor), 0.9)
    theirs.optimizer.param_groups[0]["lr"] = 0.123
    ours = optim.ExponentialLR(optimizer(0.1), 0.5)
    ours.optimizer.load_state_dict(theirs.optimizer.state_dict())
    ours.load_state_dict(theirs.state_dict())
    assert ours.get_last_lr() == [0.123]


class Power:
    """A factor whose base is in its state."""

    def __init__(self, base):
        self.base = base

    def __call__(self, step):
        return self.base**step


def test_functions_that_are_objects_have_their_state_before_a_rate_follows_from_it():
    first, second = optim.LambdaLR(optimizer(1.0), Power(0.5)), optim.LambdaLR(optimizer(1.0), Power(0.25))
    steps_of(first, 2)
    state = first.state_dict()
    del state["_last_lr"]
    second.load_state_dict(state)
    assert second.get_last_lr() == [0.25]


def test_functions_that_are_objects_stay_as_they_were_when_loading_fails():
    schedule = optim.LambdaLR(optimizer(1.0), Power(0.5))
    state = {**schedule.state_dict(), "lr_lambdas": [{"base": 1e300}], "last_epoch": 2}
    with pytest.raises(ValueError, match="step 2, where the learning rate is no finite number"):
        schedule.load_state_dict(state)
    assert vars(schedule.lr_lambdas[0]) == {"base": 0.5}
    assert schedule.last_epoch == 0


BAD_STATES = {
    "of another schedule": (lambda: optim.StepLR(optimizer(), 3), lambda: optim.ExponentialLR(optimizer(), 0.5),
                            ["step_size", "settings are gamma"]),
    "of more groups": (lambda: optim.StepLR(optimizer(groups=2), 3), lambda: optim.StepLR(optimizer(), 3),
                       ["a state of 2 groups", "has 1 groups"]),
    "of an optimiser": (optimizer, lambda: optim.StepLR(optimizer(), 3), ["'state'"]),
    "a plateau of more groups": (lambda: optim.ReduceLROnPlateau(optimizer(groups=2)),
                                 lambda: optim.ReduceLROnPlateau(optimizer()), ["a state of 2 groups"]),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_STATES)
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(case):
    save, make, words = BAD_STATES[case]
    schedule, saved = make(), save().state_dict()
    before = copy.deepcopy([schedule.state_dict(), settings_of(schedule.optimizer)])
    with pytest.raises(ValueError, match="load_state_dict of") as caught:
        schedule.load_state_dict(saved)
    assert all(word in str(caught.value) for word in words)
    assert [schedule.state_dict(), settings_of(schedule.optimizer)] == before


# ---- groups that come later, and totals of 0 -------------------------------------------------------------------------

LATER = {
    "StepLR": ((3,), {}), "MultiStepLR": (([2, 6],), {}), "ConstantLR": ((0.5, 6), {}), "LinearLR": ((0.1, 1, 7), {}),
    "ExponentialLR": ((0.9,), {}), "PolynomialLR": ((6,), {"power": 2}),
}  # fmt: skip


@pytest.mark.parametrize("make", [
    lambda o: optim.StepLR(o, 2), lambda o: optim.CosineAnnealingLR(o, 5), lambda o: optim.ReduceLROnPlateau(o),
    lambda o: optim.SequentialLR(o, [optim.StepLR(o, 2), optim.StepLR(o, 3)], [2]),
    lambda o: optim.CyclicLR(o, 0.1, 1.0, cycle_momentum=False),
])  # fmt: skip
@pytest.mark.parametrize("wrong", ["x", None, [], {}])
def test_a_state_that_fails_half_way_changes_nothing(make, wrong):
    def state():
        return repr((schedule.state_dict(), optimizer.param_groups, optimizer.rates_loaded))

    optimizer = optim.SGD([Tensor([1.0], requires_grad=True)], lr=0.5)
    schedule = make(optimizer)
    good, before = schedule.state_dict(), state()
    failed = 0
    for name in good:
        other = {**good, "last_epoch": 3, "_last_lr": [0.125], "base_lrs": [0.25], name: wrong}
        try:
            schedule.load_state_dict(other)
        except Exception:
            failed += 1
            assert state() == before, name
        schedule = make(optimizer := optim.SGD(optimizer.param_groups[0]["params"], lr=0.5))
    assert failed or wrong == "x"  # which has a length, as settings for each group have


@pytest.mark.parametrize("name", LATER)
@pytest.mark.filterwarnings("ignore:.*lr_scheduler.step")
def test_a_group_that_is_added_later_is_scaled_from_then_on_as_in_pytorch(name, torch):
    args, settings = LATER[name]
    found = []
    for package, base in ((optim, optimizer(0.3)),
                          (torch.optim.lr_scheduler, optimizer(0.3, torch.optim, torch.tensor))):  # fmt: skip
        schedule = getattr(package, name)(base, *args, **settings)
        steps_of(schedule, 4)
        tensor = Tensor if package is optim else torch.tensor
        base.add_param_group({"params": [tensor([1.0], requires_grad=True)], "lr": 0.7})
        found.append([rate for step in steps_of(schedule, 8) for rate, *_ in step])
    np.testing.assert_allclose(*found, rtol=0, atol=1e-12)


def test_a_cosine_scales_a_later_group_as_well():
    schedule = optim.CosineAnnealingLR(optimizer(1.0), 8, eta_min=0.2)
    steps_of(schedule, 2)
    added = {"params": [Tensor([1.0], requires_grad=True)], "lr": schedule.get_last_lr()[0]}
    schedule.optimizer.add_param_group(added)
    for rates in steps_of(schedule, 12):
        assert rates[0][0] == pytest.approx(rates[1][0], abs=1e-12)


def test_a_function_gives_a_later_group_its_own_rate():
    schedule = optim.LambdaLR(optimizer(1.0), lambda step: 0.5**step)
    schedule.optimizer.add_param_group({"params": [Tensor([1.0], requires_grad=True)], "lr": 8.0})
    schedule.step()
    assert schedule.get_last_lr() == [0.5, 4.0]
    again = optim.LambdaLR(optimizer(groups=2), lambda step: 0.5**step)
    again.load_state_dict(schedule.state_dict())
    assert steps_of(again, 3) == steps_of(schedule, 3)


def test_a_later_group_is_scaled_in_a_sequence_as_the_others_are():
    schedule = sequence(optim, optimizer(1.0))
    schedule.step()
    added = {"params": [Tensor([1.0], requires_grad=True)], "lr": schedule.get_last_lr()[0] / 4}
    schedule.optimizer.add_param_group(added)
    for rates in steps_of(schedule, 2):
        assert rates[1][0] == pytest.approx(rates[0][0] / 4)


def test_a_plateau_reduces_later_groups_too():
    schedule = optim.ReduceLROnPlateau(optimizer(1.0), patience=0, min_lr=0.05)
    schedule.optimizer.add_param_group({"params": [Tensor([1.0], requires_grad=True)], "lr": 8.0})
    schedule.step(1.0)
    schedule.step(1.0)
    assert schedule.get_last_lr() == [0.1, 0.8]


NO_LATER = {
    "CyclicLR": lambda base: optim.CyclicLR(base, 0.1, 1.0),
    "OneCycleLR": lambda base: optim.OneCycleLR(base, 1.0, 10),
    "LambdaLR": lambda base: optim.LambdaLR(base, [abs]),
    "ReduceLROnPlateau": lambda base: optim.ReduceLROnPlateau(base, min_lr=[0.1]),
}


@pytest.mark.parametrize("name", NO_LATER)
def test_a_schedule_with_settings_for_each_group_takes_no_later_one(name):
    schedule = NO_LATER[name](optimizer())
    schedule.optimizer.add_param_group({"params": [Tensor([1.0], requires_grad=True)]})
    with pytest.raises(ValueError, match=f"{name} got (?s:.*)cure:"):
        schedule.step(*[1.0] if name == "ReduceLROnPlateau" else [])


@pytest.mark.parametrize("case", [("LinearLR", (0.3, 0.9, 0)), ("ConstantLR", (0.3, 0)), ("PolynomialLR", (0, 2.0)),
                                  ("ConstantLR", (0.0, 9)), ("CosineAnnealingLR", (1,)), ("StepLR", (1,))])  # fmt: skip
@pytest.mark.filterwarnings("ignore:.*lr_scheduler.step")
def test_totals_of_nothing_are_pytorch_s(case, torch):
    name, args = case
    ours = getattr(optim, name)(optimizer(0.5), *args)
    theirs = getattr(torch.optim.lr_scheduler, name)(optimizer(0.5, torch.optim, torch.tensor), *args)
    np.testing.assert_allclose(steps_of(ours, 6), steps_of(theirs, 6), rtol=0, atol=1e-12)


WRONG = {
    "StepLR of no steps": (lambda: optim.StepLR(optimizer(), 0), ["StepLR", "step_size 0"]),
    "CosineAnnealingLR of no steps": (lambda: optim.CosineAnnealingLR(optimizer(), 0), ["T_max 0", "divides by it"]),
    "NoamLR without a warm-up": (lambda: optim.NoamLR(optimizer(), 512, 0), ["warmup 0"]),
    "CyclicLR of no steps": (lambda: optim.CyclicLR(optimizer(), 0.1, 1.0, 0), ["step_size_up 0"]),
    "plateau groups": (lambda: optim.ReduceLROnPlateau(optimizer(), min_lr=[0.1, 0.2]), ["min_lr", "1 groups"]),
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


SEQUENCES = {
    "warm-up, then decay": lambda p, o: ([p.LinearLR(o, 0.1, 1, 5), p.ExponentialLR(o, 0.9)], [4]),
    "constant, then cosine": lambda p, o: ([p.ConstantLR(o, 0.5, 2), p.CosineAnnealingLR(o, 6, 0.1)], [3]),
    "own rates in between": lambda p, o: (
        [p.StepLR(o, 2), p.LambdaLR(o, lambda step: 0.9**step), p.PolynomialLR(o, 4)], [3, 6]),
    "a warm-up that never was": lambda p, o: ([p.LinearLR(o, 0.1, 1, 5), p.ExponentialLR(o, 0.9)], [0]),
    "restarts": lambda p, o: ([p.ExponentialLR(o, 0.5), p.CosineAnnealingWarmRestarts(o, 3)], [5]),
}  # fmt: skip


@pytest.mark.parametrize("make", SEQUENCES.values(), ids=SEQUENCES)
@pytest.mark.parametrize("by_hand", [None, 1, 2, 3, 4, 6])
@pytest.mark.filterwarnings("ignore:.*lr_scheduler.step")
def test_a_sequence_scales_a_rate_set_by_hand_as_in_pytorch(make, by_hand, torch):
    found = []
    for package, base in ((optim, optimizer(0.3)),
                          (torch.optim.lr_scheduler, optimizer(0.3, torch.optim, torch.tensor))):  # fmt: skip
        schedule = package.SequentialLR(base, *make(package, base))
        found.append([])
        for step in range(12):
            if step == by_hand:
                base.param_groups[0]["lr"] = 0.05
            found[-1].append(base.param_groups[0]["lr"])
            schedule.step()
    np.testing.assert_allclose(*found, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", [*LATER, "CosineAnnealingLR"])
@pytest.mark.parametrize("by_hand", [1, 4, 8, 9, 10])
@pytest.mark.filterwarnings("ignore:.*lr_scheduler.step")
def test_a_rate_set_by_hand_at_the_end_of_a_schedule_is_pytorch_s(name, by_hand, torch):
    args, settings = {**LATER, "CosineAnnealingLR": ((8,), {"eta_min": 0.01})}[name]
    found = []
    for package, base in ((optim, optimizer(0.3)),
                          (torch.optim.lr_scheduler, optimizer(0.3, torch.optim, torch.tensor))):  # fmt: skip
        schedule = getattr(package, name)(base, *args, **settings)
        steps_of(schedule, by_hand)
        base.param_groups[0]["lr"] = 0.05
        found.append([rate for step in steps_of(schedule, 8) for rate, *_ in step])
    np.testing.assert_allclose(*found, rtol=0, atol=1e-12)


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
