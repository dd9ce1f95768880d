"""Data sets and their loader: the batches that PyTorch gives, and the same order again after the same seed."""

import collections
import itertools

import numpy as np
import pytest

from tinygrad_tf import Tensor, manual_seed
from tinygrad_tf.compat.utils import data

Pair = collections.namedtuple("Pair", "x y")


class Squares(data.Dataset):
    def __init__(self, n=7):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        if i >= self.n:
            raise IndexError(i)
        return Tensor([i, i * i]), i


class Stream(data.IterableDataset):
    def __init__(self, n=7):
        self.n = n

    def __iter__(self):
        return iter(range(self.n))

    def __len__(self):
        return self.n


class Own:
    """A generator as the package's class has it: what is drawn from is its ``rng``."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)


def plain(batch):
    """A batch with lists for Tensors, PyTorch's or ours, and the type beside them."""
    if hasattr(batch, "tolist") and hasattr(batch, "dtype"):
        return str(batch.dtype).removeprefix("torch."), batch.tolist()
    if isinstance(batch, dict):
        return {key: plain(value) for key, value in batch.items()}
    if isinstance(batch, (list, tuple)):
        return type(batch)(*map(plain, batch)) if hasattr(batch, "_fields") else type(batch)(map(plain, batch))
    return batch


def order(loader):
    return [i for batch in loader for i in batch[1].tolist()]


# ---- equal to PyTorch's ---------------------------------------------------------------------------------------------

BATCHES = {
    "floats": lambda t: [1.5, 2.5],
    "integers": lambda t: [1, 2],
    "bools": lambda t: [True, False],
    "an integer, then a float": lambda t: [1, 2.5],
    "numbers of NumPy": lambda t: [np.float32(1), np.float32(2)],
    "integers of NumPy": lambda t: [np.int32(1), np.int32(2)],
    "arrays": lambda t: [np.ones(2), np.zeros(2)],
    "arrays without axes": lambda t: [np.array(3), np.array(4)],
    "Tensors": lambda t: [t([1.0]), t([2.0])],
    "texts": lambda t: ["a", "b"],
    "bytes": lambda t: [b"a", b"b"],
    "tuples": lambda t: [(1, "a", t([1.0])), (2, "b", t([2.0]))],
    "lists": lambda t: [[1, 2], [3, 4]],
    "dicts": lambda t: [{"x": 1, "y": [1.0]}, {"x": 2, "y": [2.0]}],
    "a dict with more": lambda t: [{"x": 1}, {"x": 2, "z": 3}],
    "named tuples": lambda t: [Pair(1, 2.0), Pair(3, 4.0)],
    "ranges": lambda t: [range(2), range(2)],
    "no entries": lambda t: [(), ()],
    "nested": lambda t: [{"x": [(1, {"y": t([1.0])})]}, {"x": [(2, {"y": t([2.0])})]}],
}  # fmt: skip


@pytest.mark.parametrize("make", BATCHES.values(), ids=BATCHES)
def test_a_batch_is_pytorchs(make):
    torch = pytest.importorskip("torch")
    expected = torch.utils.data.default_collate(make(torch.tensor))
    assert plain(data.default_collate(make(Tensor))) == plain(expected)


@pytest.mark.parametrize("make", BATCHES.values(), ids=BATCHES)
def test_what_is_converted_without_batches_is_pytorchs(make):
    torch = pytest.importorskip("torch")
    expected = torch.utils.data.default_convert(make(torch.tensor))
    assert plain(data.default_convert(make(Tensor))) == plain(expected)


def test_a_container_of_its_own_class_stays_one():
    batch = data.default_collate([collections.OrderedDict(x=1), collections.OrderedDict(x=2)])
    assert type(batch) is collections.OrderedDict
    assert batch["x"].tolist() == [1, 2]


def test_gradients_flow_through_a_batch():
    x = Tensor([1.0, 2.0], requires_grad=True)
    (data.default_collate([x, x * 3]) ** 2).sum().backward()
    assert x.grad.tolist() == [20.0, 40.0]


LOADERS = {
    "one by one": {},
    "batches": {"batch_size": 3},
    "the last dropped": {"batch_size": 3, "drop_last": True},
    "a batch larger than all": {"batch_size": 10},
    "a batch larger than all, dropped": {"batch_size": 10, "drop_last": True},
    "no batches": {"batch_size": None},
    "a sampler": {"batch_size": 2, "sampler": [4, 1, 1, 0, 6]},
    "a sampler without batches": {"batch_size": None, "sampler": [4, 1]},
    "a sampler of batches": {"batch_sampler": [[4, 1], [0], [6, 5, 2]]},
    "its own collate_fn": {"batch_size": 2, "collate_fn": lambda samples: [int(i) for _, i in samples]},
    "its own collate_fn without batches": {"batch_size": None, "collate_fn": lambda sample: int(sample[1])},
}


def both(settings):
    """The same loader here and in PyTorch, for numbers and squares."""
    torch = pytest.importorskip("torch")

    class Theirs(torch.utils.data.Dataset):
        __len__ = Squares.__len__
        n = 7

        def __getitem__(self, i):
            return torch.tensor([float(i), float(i * i)]), i

    return data.DataLoader(Squares(), **settings), torch.utils.data.DataLoader(Theirs(), **settings)


@pytest.mark.parametrize("settings", LOADERS.values(), ids=LOADERS)
def test_a_loader_gives_pytorchs_batches(settings):
    ours, theirs = both(settings)
    assert [plain(batch) for batch in ours] == [plain(batch) for batch in theirs]
    assert len(ours) == len(theirs)
    assert (ours.batch_size, ours.drop_last) == (theirs.batch_size, theirs.drop_last)


@pytest.mark.parametrize("settings", [LOADERS[name] for name in list(LOADERS)[:6]], ids=list(LOADERS)[:6])
def test_a_stream_gives_pytorchs_batches(settings):
    torch = pytest.importorskip("torch")

    class Theirs(torch.utils.data.IterableDataset):
        n = 7
        __iter__, __len__ = Stream.__iter__, Stream.__len__

    ours, theirs = data.DataLoader(Stream(), **settings), torch.utils.data.DataLoader(Theirs(), **settings)
    assert [plain(batch) for batch in ours] == [plain(batch) for batch in theirs]
    assert len(ours) == len(theirs)


SPLITS = [(10, [3, 7]), (10, [0.9, 0.1]), (11, [0.5, 0.3, 0.2]), (7, [0.25] * 4), (1, [1]), (10, [10, 0])]


@pytest.mark.parametrize("n, lengths", SPLITS, ids=str)
def test_a_split_has_pytorchs_lengths(n, lengths):
    torch = pytest.importorskip("torch")
    parts = data.random_split(range(n), lengths)
    assert [len(p) for p in parts] == [len(p) for p in torch.utils.data.random_split(range(n), lengths)]
    assert sorted(itertools.chain(*parts)) == list(range(n))  # each sample in one part


SAMPLERS = {
    "in order": lambda d: d.SequentialSampler(range(5)),
    "random": lambda d: d.RandomSampler(range(5)),
    "more than there are": lambda d: d.RandomSampler(range(5), num_samples=12),
    "fewer": lambda d: d.RandomSampler(range(5), num_samples=3),
    "drawn again": lambda d: d.RandomSampler(range(5), replacement=True, num_samples=40),
    "of some": lambda d: d.SubsetRandomSampler([2, 4, 9]),
    "weighted": lambda d: d.WeightedRandomSampler([0.0, 1.0, 2.0], 9),
    "weighted, each once": lambda d: d.WeightedRandomSampler([0.5, 1.0, 2.0], 3, replacement=False),
    "batches": lambda d: d.BatchSampler(range(5), 2, False),
    "batches, the last dropped": lambda d: d.BatchSampler(range(5), 2, True),
}


@pytest.mark.parametrize("make", SAMPLERS.values(), ids=SAMPLERS)
def test_a_sampler_is_as_long_as_pytorchs(make):
    torch = pytest.importorskip("torch")
    ours, theirs = make(data), make(torch.utils.data)
    assert len(ours) == len(theirs) == len(list(ours)) == len(list(theirs))


# ---- orders ---------------------------------------------------------------------------------------------------------

SHUFFLED = {
    "a loader": lambda **g: order(data.DataLoader(Squares(50), batch_size=4, shuffle=True, **g)),
    "a sampler": lambda **g: list(data.RandomSampler(range(50), **g)),
    "drawn again": lambda **g: list(data.RandomSampler(range(50), replacement=True, **g)),
    "of some": lambda **g: list(data.SubsetRandomSampler(range(50), **g)),
    "weighted": lambda **g: list(data.WeightedRandomSampler(np.arange(50), 50, **g)),
    "a split": lambda **g: list(itertools.chain(*data.random_split(range(50), [25, 25], **g))),
}


@pytest.mark.parametrize("draw", SHUFFLED.values(), ids=SHUFFLED)
def test_the_same_seed_gives_the_same_order(draw):
    manual_seed(3)
    first, second = draw(), draw()
    manual_seed(3)
    assert draw() == first
    assert first != second


@pytest.mark.parametrize("make", [np.random.default_rng, Own], ids=["NumPy's", "the package's"])
@pytest.mark.parametrize("draw", SHUFFLED.values(), ids=SHUFFLED)
def test_a_generator_of_its_own_gives_the_order_and_leaves_the_packages_alone(draw, make):
    manual_seed(3)
    expected = draw()
    manual_seed(3)
    first = draw(generator=make(8))
    assert draw(generator=make(8)) == first
    assert draw() == expected


def test_shuffling_gives_each_sample_once():
    assert sorted(order(data.DataLoader(Squares(), batch_size=2, shuffle=True))) == list(range(7))


def test_more_samples_than_there_are_give_one_order_after_the_other():
    drawn = list(data.RandomSampler(range(5), num_samples=12))
    assert sorted(drawn[:5]) == sorted(drawn[5:10]) == list(range(5))
    assert len(set(drawn[10:])) == 2


def test_weights_say_how_often():
    drawn = np.bincount(list(data.WeightedRandomSampler(Tensor([0.0, 3.0, 1.0]), 4000)), minlength=3)
    assert drawn[0] == 0
    assert 2800 < drawn[1] < 3200


# ---- loops ----------------------------------------------------------------------------------------------------------


def test_a_loop_that_was_left_does_not_change_the_next():
    loader = data.DataLoader(Squares(), batch_size=2)
    for _ in loader:
        break
    assert order(loader) == list(range(7))


def test_two_loops_at_a_time_do_not_disturb_each_other():
    loader = data.DataLoader(Squares(3))
    assert [(int(a), int(b)) for _, a in loader for _, b in loader] == list(itertools.product(range(3), repeat=2))


def test_an_iterator_says_its_length_and_ends():
    batches = iter(data.DataLoader(Squares(), batch_size=2))
    assert len(batches) == 4
    assert len(list(batches)) == 4
    with pytest.raises(StopIteration):
        next(batches)


def test_after_an_error_of_the_data_set_the_next_batch_comes():
    class Broken(Squares):
        def __getitem__(self, i):
            return 1 // (i - 1)

    batches = iter(data.DataLoader(Broken(3)))
    assert next(batches).item() == -1
    with pytest.raises(ZeroDivisionError):
        next(batches)
    assert next(batches).item() == 1


def test_workers_are_accepted_and_none_starts():
    started = []
    loader = data.DataLoader(Squares(), 2, num_workers=4, pin_memory=True, worker_init_fn=started.append, timeout=5,
                             prefetch_factor=3, persistent_workers=True)  # fmt: skip
    assert order(loader) == list(range(7))
    assert started == []
    assert data.get_worker_info() is None


def test_a_batch_is_taken_at_once_where_the_data_set_can():
    class AtOnce(Squares):
        def __getitems__(self, indices):
            return [f"{len(indices)} at once"] * len(indices)

    assert next(iter(data.DataLoader(data.Subset(AtOnce(), [3, 1, 2]), batch_size=2))) == ["2 at once"] * 2


def test_data_sets_are_joined():
    joined = Squares(3) + Squares(2)
    assert order(data.DataLoader(joined, batch_size=4)) == [0, 1, 2, 0, 1]
    assert joined[-1][1] == 1
    assert [i for _, i in joined] == [0, 1, 2, 0, 1]
    assert list(Stream(2) + Stream(3)) == [0, 1, 0, 1, 2]


def test_a_subset_gives_the_samples_at_its_indices():
    tensors = data.TensorDataset(Tensor([1.0, 2.0, 3.0, 4.0]), np.array([5, 6, 7, 8]))
    part = data.Subset(tensors, [3, 0])
    assert [(x.item(), y.item()) for x, y in part] == [(4.0, 8), (1.0, 5)]
    assert part[[0, 1]][1].tolist() == [8, 5]


def test_a_part_without_samples_is_said():
    with pytest.warns(UserWarning, match="part 1 has no samples"):
        data.random_split(range(1), [0.9, 0.1])


def test_a_class_of_its_own_says_what_it_gives():
    class Typed(data.Dataset[tuple[Tensor, int]]):
        pass

    with pytest.raises(NotImplementedError, match="__getitem__"):
        Typed()[0]


def test_training_on_a_loader_learns():
    from tinygrad_tf import nn, optim

    x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    loader = data.DataLoader(data.TensorDataset(x, x @ np.float32([1, -2, 3])), batch_size=8, shuffle=True)
    model = nn.Linear(3, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for _ in range(20):
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = ((model(inputs).squeeze(-1) - targets) ** 2).mean()
            loss.backward()
            optimizer.step()
    np.testing.assert_allclose(model.weight.array, [[1, -2, 3]], atol=1e-3)


class Stops(data.Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, i):
        return next(iter(range(i, 2)))


class StopsAtOnce(Stops):
    def __getitems__(self, indices):
        return [self[i] for i in indices]


@pytest.mark.parametrize("size", [1, 3, None])
@pytest.mark.parametrize("given", [Stops(), StopsAtOnce()], ids=["one by one", "at once"])
def test_a_stop_of_the_data_set_does_not_end_the_loop_without_a_word(given, size):
    with pytest.raises(RuntimeError, match=f"a StopIteration, of {type(given).__name__}"):
        list(data.DataLoader(given, size))
