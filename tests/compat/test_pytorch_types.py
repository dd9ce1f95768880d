"""Types, generators, devices and the settings of a process, as PyTorch's scripts write them."""

import copy
import pickle
import warnings

import numpy as np
import pytest

import tinygrad_tf as t
from tinygrad_tf import Tensor, nn
from tinygrad_tf.compat import amp, settings

CLASSES = ["BoolTensor", "ByteTensor", "CharTensor", "ShortTensor", "IntTensor", "LongTensor", "HalfTensor",
           "FloatTensor", "DoubleTensor"]  # fmt: skip

# ---- types ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("data", [(), (2, 3), ([1, 0],), (([1, 0],),), (range(3),), ([[1.5, 2.0]],)], ids=repr)
def test_a_class_makes_what_pytorchs_does(name, data):
    torch = pytest.importorskip("torch")
    ours, theirs = getattr(t, name)(*data), getattr(torch, name)(*data)
    assert (ours.shape, str(ours.dtype)) == (tuple(theirs.shape), str(theirs.dtype).removeprefix("torch."))
    assert ours.type() == theirs.type()
    if data not in [(), (2, 3)]:  # which leaves what was in memory
        assert ours.tolist() == theirs.tolist()


def test_sizes_give_zeros():
    assert t.FloatTensor(2).tolist() == [0.0, 0.0]
    assert t.LongTensor(t.Size([1, 2])).tolist() == [[0, 0]]


def test_an_array_of_another_type_is_converted():
    assert t.FloatTensor(np.array([1.5])).dtype == t.float32
    assert t.LongTensor(np.array([1], "int32")).dtype == t.int64


def test_a_class_counts_tensors_of_its_type():
    assert isinstance(t.ones(2), t.FloatTensor)
    assert isinstance(nn.Parameter(t.ones(2)), t.FloatTensor)
    assert not isinstance(t.ones(2), t.LongTensor)
    assert not isinstance(np.ones(2, "f4"), t.FloatTensor)


@pytest.mark.parametrize("wanted", ["torch.LongTensor", "torch.DoubleTensor", "LongTensor"])
def test_type_takes_a_name_a_class_and_a_dtype(wanted):
    made = t.ones(2).type(wanted)
    kind = getattr(t, wanted.rpartition(".")[2])
    assert made.dtype == t.ones(2).type(kind).dtype == kind.dtype == t.ones(2).type(kind.dtype).dtype


def test_type_of_its_own_type_is_the_tensor():
    x = t.ones(2)
    assert x.type(t.float32) is x


def test_a_gradient_flows_through_type():
    x = t.ones(2, requires_grad=True)
    x.type("torch.DoubleTensor").sum().backward()
    assert (x.grad.dtype, x.grad.tolist()) == (t.float32, [1.0, 1.0])


def test_bfloat16_is_a_name():
    kinds = {"float32": t.float32, "bfloat16": t.bfloat16, "float16": t.float16}
    assert kinds["float32"] == t.float32
    assert t.bfloat16 != t.float32
    assert t.ones(1).dtype != t.bfloat16
    assert t.bfloat16 in [t.float16, t.bfloat16]
    assert copy.copy(kinds)["bfloat16"] is t.bfloat16


TAKES = {
    "zeros": lambda d: t.zeros(2, dtype=d), "tensor": lambda d: t.tensor([1.0], dtype=d),
    "Tensor": lambda d: Tensor([1.0], dtype=d), "to": lambda d: t.ones(1).to(d), "type": lambda d: t.ones(1).type(d),
    "astype": lambda d: t.ones(1).astype(d), "Linear": lambda d: nn.Linear(1, 1, dtype=d),
    "Module.to": lambda d: nn.Linear(1, 1).to(d), "full": lambda d: t.full((2,), 1.0, dtype=d),
    "softmax": lambda d: t.softmax(t.ones(2), -1, dtype=d),
}  # fmt: skip


@pytest.mark.parametrize("kind", [t.bfloat16, t.float8_e4m3fn, t.complex64], ids=str)
@pytest.mark.parametrize("make", TAKES.values(), ids=TAKES)
def test_no_array_has_a_type_that_numpy_has_not(make, kind):
    with pytest.raises(TypeError) as problem:
        make(kind)
    assert str(problem.value).endswith(kind.cure)


@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
def test_finfo_is_pytorchs(kind):
    torch = pytest.importorskip("torch")
    ours, theirs = t.finfo(getattr(t, kind)), torch.finfo(getattr(torch, kind))
    for name in ("bits", "min", "max", "eps", "tiny", "smallest_normal", "resolution"):
        assert getattr(ours, name) == pytest.approx(getattr(theirs, name), rel=1e-12)
        assert type(getattr(ours, name)) is type(getattr(theirs, name))


def test_iinfo_is_pytorchs():
    torch = pytest.importorskip("torch")
    for kind in ("int8", "int64", "uint8"):
        ours, theirs = t.iinfo(getattr(t, kind)), torch.iinfo(getattr(torch, kind))
        assert (ours.min, ours.max, ours.bits) == (theirs.min, theirs.max, theirs.bits)


def test_the_default_is_float32():
    t.set_default_dtype(t.float32)
    t.set_default_tensor_type("torch.FloatTensor")
    assert t.get_default_dtype() == t.ones(1).dtype


# ---- devices --------------------------------------------------------------------------------------------------------


def test_where_a_tensor_is():
    x = t.ones(1)
    assert (x.device.type, x.device.index, x.device) == ("cpu", None, "cpu")
    assert (x.is_cuda, x.is_cpu, x.get_device()) == (False, True, -1)
    assert t.device("cpu", 0).index == 0
    with pytest.raises(ValueError, match="on the CPU"):
        x.cuda()
    with pytest.raises(ValueError, match="on the CPU"):
        nn.Linear(1, 1).cuda()


def test_cuda_has_nothing_to_do():
    cuda = t.cuda
    assert [cuda.is_available(), cuda.device_count(), cuda.is_bf16_supported()] == [False, 0, False]
    before = t.random.get_state()
    for call in (cuda.empty_cache, cuda.synchronize, lambda: cuda.manual_seed(1), lambda: cuda.manual_seed_all(1)):
        assert call() is None
    assert t.random.get_state() == before


# ---- generators -----------------------------------------------------------------------------------------------------

DRAWS = {
    "rand": lambda g: t.rand(3, generator=g), "randn": lambda g: t.randn(3, generator=g),
    "randint": lambda g: t.randint(100, (3,), generator=g), "randperm": lambda g: t.randperm(9, generator=g),
    "normal": lambda g: t.normal(0.0, 1.0, (3,), generator=g),
    "normal of Tensors": lambda g: t.normal(t.zeros(3), t.ones(3), generator=g),
    "uniform": lambda g: t.uniform(0.0, 1.0, (3,), generator=g),
    "rand_like": lambda g: t.rand_like(t.ones(3), generator=g),
    "randn_like": lambda g: t.randn_like(t.ones(3), generator=g),
    "multinomial": lambda g: t.multinomial(t.ones(50), 4, generator=g),
    "multinomial with replacement": lambda g: t.ones(50).multinomial(4, True, generator=g),
    "bernoulli": lambda g: t.bernoulli(t.full((40,), 0.5), generator=g),
    **{f"init.{name}": lambda g, name=name: getattr(nn.init, name)(t.zeros(3, 3), generator=g) for name in
       ("uniform_", "normal_", "trunc_normal_", "xavier_uniform_", "xavier_normal_", "kaiming_uniform_",
        "kaiming_normal_", "orthogonal_")},
}  # fmt: skip


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
@pytest.mark.parametrize("new", [lambda: t.Generator().manual_seed(7), lambda: np.random.default_rng(7)])
def test_a_generator_of_ones_own_is_drawn_from(draw, new):
    before = t.random.get_state()
    first, g = draw(new()).tolist(), new()
    assert first == draw(g).tolist()
    assert first != draw(g).tolist()
    assert t.random.get_state() == before


def test_a_state_goes_on_where_it_was():
    g = t.Generator().manual_seed(1)
    t.rand(3, generator=g)
    state = g.get_state()
    assert (state.dtype, g.initial_seed(), g.device.type) == (t.uint8, 1, "cpu")
    first = t.rand(3, generator=g).tolist()
    assert t.rand(3, generator=t.Generator().set_state(state)).tolist() == first
    assert g.seed() == g.initial_seed() != 1
    assert t.Generator().initial_seed() == 67280421310721


def test_the_packages_state_is_a_tensor():
    state = t.get_rng_state()
    first = t.rand(3).tolist()
    t.set_rng_state(state)
    assert t.rand(3).tolist() == first
    t.default_generator.manual_seed(3)
    first = t.rand(3).tolist()
    t.manual_seed(3)
    assert t.rand(3, generator=t.default_generator).tolist() == first


def test_what_draws_from_ones_own_generator_is_not_compiled():
    g = t.Generator().manual_seed(1)

    @t.compile
    def noisy(x):
        return x + t.rand(2, generator=g)

    with pytest.warns(RuntimeWarning, match="somebody's own generator"):
        first = noisy(t.zeros(2)).tolist()
    assert noisy(t.zeros(2)).tolist() != first


# ---- mixed precision and settings -----------------------------------------------------------------------------------


def test_autocast_says_once_that_all_is_float32(monkeypatch):
    monkeypatch.setattr(amp, "_said", [])
    with pytest.warns(UserWarning, match="nothing is computed in float16"), t.autocast("cuda", dtype=t.float16):
        assert (t.ones(1) * 2).dtype == t.float32
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with t.autocast(device_type="cpu", dtype=t.bfloat16):
            assert not t.is_autocast_enabled()


@pytest.mark.parametrize("make", [
    lambda: t.autocast("cpu", enabled=False), lambda: t.cuda.amp.autocast(False),
    lambda: t.autocast("cpu", dtype=t.float32),
])  # fmt: skip
def test_autocast_that_changes_nothing_is_silent(monkeypatch, make):
    monkeypatch.setattr(amp, "_said", [])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert make()(lambda x: x + 1)(2) == 3


def test_the_scaler_leaves_losses_alone():
    scaler, w = t.cuda.amp.GradScaler(), nn.Parameter([1.0])
    optimizer = t.optim.SGD([w], lr=0.5)
    scaler.scale((w * 3).sum()).backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    assert (w.tolist(), scaler.get_scale(), scaler.state_dict(), scaler.is_enabled()) == ([-0.5], 1.0, {}, False)


def test_settings_are_told_back():
    t.set_float32_matmul_precision("high")
    assert t.get_float32_matmul_precision() == "high"
    t.set_float32_matmul_precision("highest")
    t.use_deterministic_algorithms(True)
    assert t.are_deterministic_algorithms_enabled()
    t.use_deterministic_algorithms(False)


@pytest.mark.skipif(not settings.OPENBLAS, reason="NumPy multiplies by another library here")
def test_threads_are_set():
    before = t.get_num_threads()
    try:
        for n in (2, np.int64(1)):
            t.set_num_threads(n)
            assert t.get_num_threads() == n
    finally:
        t.set_num_threads(before)


def test_threads_of_another_library_are_set_or_it_is_said(monkeypatch):
    monkeypatch.setattr(settings, "OPENBLAS", {})
    monkeypatch.setitem(__import__("sys").modules, "threadpoolctl", None)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    assert t.get_num_threads() == 3
    with pytest.warns(UserWarning, match="OPENBLAS_NUM_THREADS"):
        t.set_num_threads(1)


def test_print_options_are_numpys():
    with np.printoptions():
        t.set_printoptions(precision=2, sci_mode=False)
        assert "0.33," in repr(t.tensor([1 / 3, 2.0]))
    assert settings.get_float32_matmul_precision() == "highest"


# ---- attributes of parameters ---------------------------------------------------------------------------------------


def test_parameters_take_attributes_and_copies_keep_them():
    p = nn.Parameter([1.0])
    p.is_lora = True
    assert p.is_lora
    assert copy.deepcopy(p).is_lora
    assert pickle.loads(pickle.dumps(p)).is_lora
    with pytest.raises(AttributeError):
        t.ones(1).is_lora = True


def test_a_program_sees_that_an_attribute_has_changed():
    layer = nn.Linear(1, 1, bias=False)

    @t.compile
    def f(x):
        return layer(x) * (2.0 if getattr(layer.weight, "doubled", False) else 1.0)

    x = t.ones(1, 1)
    before = f(x).item()
    assert f(x).item() == before
    layer.weight.doubled = True
    assert f(x).item() == 2 * before
    layer.weight.doubled = False
    assert f(x).item() == before
