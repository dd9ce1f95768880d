"""Tensors from nothing: shapes, types and values as PyTorch's; random ones by their distribution."""

import numpy as np
import pytest

import tinygrad_tf
from tinygrad_tf import Tensor, manual_seed

MADE = {
    "zeros": lambda t: t.zeros(2, 3),
    "zeros, a tuple": lambda t: t.zeros((2, 3)),
    "zeros, a list": lambda t: t.zeros([2]),
    "zeros, by name": lambda t: t.zeros(size=(2, 1)),
    "zeros, no axes": lambda t: t.zeros(()),
    "zeros, nothing": lambda t: t.zeros(0, 3),
    "zeros, a type": lambda t: t.zeros(2, dtype=t.int64),
    "ones": lambda t: t.ones(3),
    "ones, a type": lambda t: t.ones(2, 2, dtype=t.bool),
    "full": lambda t: t.full((2, 3), 7.5),
    "full of integers": lambda t: t.full((2,), 7),
    "full of booleans": lambda t: t.full((2,), True),
    "full, a type": lambda t: t.full((2,), 7, dtype=t.float64),
    "full, by names": lambda t: t.full(size=(2,), fill_value=1.5),
    "eye": lambda t: t.eye(3),
    "eye, not square": lambda t: t.eye(2, 4),
    "eye, a type": lambda t: t.eye(2, dtype=t.int32),
    "arange": lambda t: t.arange(5),
    "arange from": lambda t: t.arange(2, 5),
    "arange in steps": lambda t: t.arange(0, 10, 3),
    "arange backward": lambda t: t.arange(5, 0, -2),
    "arange of floats": lambda t: t.arange(0, 1, 0.25),
    "arange to a float": lambda t: t.arange(3.0),
    "arange, by names": lambda t: t.arange(start=1, end=4),
    "arange, the end alone": lambda t: t.arange(end=4),
    "arange, a type": lambda t: t.arange(3, dtype=t.float64),
    "arange, a device": lambda t: t.arange(0, 4, dtype=t.long, device="cpu"),
    "arange, nothing": lambda t: t.arange(0),
    "linspace": lambda t: t.linspace(0, 1, 5),
    "linspace, by names": lambda t: t.linspace(start=-1, end=1, steps=4),
    "linspace, one": lambda t: t.linspace(3, 5, 1),
    "tensor": lambda t: t.tensor([[1.0, 2.0]]),
    "tensor of integers": lambda t: t.tensor([1, 2]),
    "tensor of booleans": lambda t: t.tensor([True]),
    "tensor of a number": lambda t: t.tensor(2.5),
    "tensor, a type": lambda t: t.tensor([1, 2], dtype=t.float32),
    "tensor, everything": lambda t: t.tensor([1.0], dtype=t.double, device="cpu", requires_grad=True),
    "tensor of an array": lambda t: t.tensor(np.arange(3.0)),
    "as_tensor": lambda t: t.as_tensor([1.5, 2.0]),
    "as_tensor of a Tensor": lambda t: t.as_tensor(t.ones(2), dtype=t.float64),
    "from_numpy": lambda t: t.from_numpy(np.arange(3)),
    "zeros_like": lambda t: t.zeros_like(t.ones(2, 3, dtype=t.float64)),
    "zeros_like, a type": lambda t: t.zeros_like(t.ones(2), dtype=t.int64),
    "ones_like": lambda t: t.ones_like(t.zeros(3, dtype=t.int32)),
    "tril_indices": lambda t: t.tril_indices(3, 4),
    "tril_indices, offset": lambda t: t.tril_indices(3, 3, offset=-1),
    "triu_indices": lambda t: t.triu_indices(3, 4),
    "triu_indices, offset": lambda t: t.triu_indices(3, 3, 1),
    "new_zeros": lambda t: t.ones(2, dtype=t.float64).new_zeros(2, 3),
    "new_zeros, a type": lambda t: t.ones(2).new_zeros((2,), dtype=t.int64, device="cpu"),
    "new_ones": lambda t: t.zeros(1, dtype=t.int64).new_ones(2),
    "new_full": lambda t: t.zeros(1, dtype=t.float64).new_full((2, 1), 3),
    "new_tensor": lambda t: t.zeros(1, dtype=t.float64).new_tensor([1, 2]),
    "full_like": lambda t: t.full_like(t.zeros(2, 2), 3.5),
    "full_like, integers": lambda t: t.full_like(t.zeros(2, dtype=t.int64), 3),
}
SHAPED = {
    "empty": lambda t: t.empty(2, 3),
    "empty_like": lambda t: t.empty_like(t.ones(2, dtype=t.int64)),
    "rand": lambda t: t.rand(2, 3),
    "rand, a tuple": lambda t: t.rand((2, 3)),
    "rand, a type": lambda t: t.rand(2, dtype=t.float64),
    "rand, with a gradient": lambda t: t.rand(2, requires_grad=True),
    "rand_like": lambda t: t.rand_like(t.ones(2, 3, dtype=t.float64)),
    "randn": lambda t: t.randn(3, 1),
    "randn, no axes": lambda t: t.randn(()),
    "randn_like": lambda t: t.randn_like(t.ones(2)),
    "randint": lambda t: t.randint(10, (2, 3)),
    "randint, two bounds": lambda t: t.randint(3, 10, (2,)),
    "randint, by names": lambda t: t.randint(low=0, high=5, size=(3,)),
    "randperm": lambda t: t.randperm(6),
    "normal": lambda t: t.normal(0.0, 1.0, size=(2, 3)),
}


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="PyTorch is the oracle")


@pytest.mark.parametrize("name", [*MADE, *SHAPED])
def test_as_in_pytorch(name, torch):
    call = {**MADE, **SHAPED}[name]
    ours, theirs = call(tinygrad_tf), call(torch)
    assert isinstance(ours, Tensor)
    assert (ours.shape, str(ours.dtype)) == (tuple(theirs.shape), str(theirs.dtype).removeprefix("torch."))
    assert ours.requires_grad == theirs.requires_grad
    if name in MADE:
        np.testing.assert_allclose(ours.array, theirs.detach().numpy(), rtol=1e-6)


@pytest.mark.parametrize(
    "make, mean, std, lowest, highest",
    [(lambda n: tinygrad_tf.rand(n), 0.5, 1 / 12**0.5, 0, 1), (lambda n: tinygrad_tf.randn(n), 0, 1, -8, 8),
     (lambda n: tinygrad_tf.uniform(-1, 3, (n,)), 1, 4 / 12**0.5, -1, 3),
     (lambda n: tinygrad_tf.normal(2.0, 0.5, (n,)), 2, 0.5, -2, 6),
     (lambda n: tinygrad_tf.randint(2, 5, (n,)), 3, (2 / 3) ** 0.5, 2, 4),
     (lambda n: tinygrad_tf.rand_like(tinygrad_tf.zeros(n)), 0.5, 1 / 12**0.5, 0, 1),
     (lambda n: tinygrad_tf.randn_like(tinygrad_tf.zeros(n)), 0, 1, -8, 8)],
    ids=["rand", "randn", "uniform", "normal", "randint", "rand_like", "randn_like"],
)  # fmt: skip
def test_distribution(make, mean, std, lowest, highest):
    x = make(20_000).array.astype(float)
    assert abs(x.mean() - mean) < 5 * std / 20_000**0.5
    assert abs(x.std() - std) < 0.03 * std
    assert lowest <= x.min() <= x.max() <= highest


@pytest.mark.parametrize("replacement", [True, False])
def test_multinomial_draws_by_its_weights(replacement):
    weights = np.array([1.0, 0.0, 3.0, 6.0])
    drawn = tinygrad_tf.multinomial(Tensor(np.tile(weights, (20_000, 1))), 1, replacement).array.ravel()
    np.testing.assert_allclose(np.bincount(drawn, minlength=4) / 20_000, weights / 10, atol=0.015)


def test_multinomial_without_replacement_draws_no_place_twice():
    drawn = tinygrad_tf.multinomial(tinygrad_tf.ones(50, 6), 6).array
    assert (np.sort(drawn, 1) == np.arange(6)).all()


def test_bernoulli_is_1_as_often_as_it_says():
    drawn = tinygrad_tf.bernoulli(tinygrad_tf.full((20_000,), 0.3))
    assert abs(drawn.mean().item() - 0.3) < 0.02


def test_is_tensor():
    assert tinygrad_tf.is_tensor(tinygrad_tf.ones(1))
    assert not tinygrad_tf.is_tensor(np.ones(1))


def test_randperm_is_a_permutation():
    assert sorted(tinygrad_tf.randperm(50).tolist()) == list(range(50))
    assert tinygrad_tf.randperm(50).tolist() != list(range(50))


def test_the_same_seed_gives_the_same_numbers():
    calls = [lambda t: t.rand(2), lambda t: t.randn(2), lambda t: t.randint(9, (3,)), lambda t: t.randperm(4),
             lambda t: t.bernoulli(t.full((9,), 0.5)), lambda t: t.multinomial(t.ones(9), 4),
             lambda t: t.normal(size=(2,)), lambda t: t.uniform(size=(2,))]  # fmt: skip

    def draw():
        manual_seed(7)
        return [call(tinygrad_tf).tolist() for call in calls]

    assert draw() == draw()


def test_from_numpy_shares_and_tensor_copies():
    array = np.zeros(2)
    shared, copied = tinygrad_tf.from_numpy(array), tinygrad_tf.tensor(array)
    array[0] = 5
    assert (shared.tolist(), copied.tolist()) == ([5.0, 0.0], [0.0, 0.0])


def test_as_tensor_is_the_tensor_itself():
    x = tinygrad_tf.ones(2)
    assert tinygrad_tf.as_tensor(x) is x
    assert tinygrad_tf.as_tensor(x, dtype=np.float32) is x


@pytest.mark.parametrize("call", [lambda: tinygrad_tf.zeros(2, device="cuda"),
                                  lambda: tinygrad_tf.arange(3, device="cuda:0"),
                                  lambda: tinygrad_tf.ones(2).to("mps")])  # fmt: skip
def test_another_device_is_refused(call):
    with pytest.raises(ValueError, match=r"got device '(cuda|cuda:0|mps)'\n  rule: NumPy computes on the CPU"):
        call()


def test_integers_cannot_require_a_gradient():
    with pytest.raises(RuntimeError, match="only floats"):
        tinygrad_tf.zeros(2, dtype=np.int64, requires_grad=True)
