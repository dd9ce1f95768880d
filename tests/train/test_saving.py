"""Checkpoints: what is loaded is what was saved, to the bit, or one clear error and nothing has changed."""

import json
import os
import pickle
import tempfile
from dataclasses import asdict, replace

import numpy as np
import pytest
from cases.altered import within_bounds
from interrupted import at_every_line, ctrl_c

from tinygrad_tf import Tensor, manual_seed, nn, optim, random, save
from tinygrad_tf.models import Transformer, TransformerConfig
from tinygrad_tf.train.keeping import step_of
from tinygrad_tf.train.saving import load_checkpoint, save_checkpoint, write_whole
from tinygrad_tf.train.trainer import load_model

safetensors = pytest.importorskip("safetensors.numpy", reason='pip install "tinygrad_tf[train]"')


class Net(nn.Module):
    def __init__(self, width=3):
        self.layers = [nn.Linear(2, width), nn.Linear(width, 1)]

    def forward(self, x):
        return self.layers[1](self.layers[0](x).tanh())


class Training:
    """A net half way: gradients were taken, moments and schedule have moved on."""

    def __init__(self, width=3, optimizer=optim.AdamW, schedule=optim.WarmupCosineLR):
        self.net = Net(width)
        self.optimizer = optimizer(self.net.parameters(), lr=0.1)
        self.schedule = schedule(self.optimizer, 2, 10)

    def train(self, steps):
        for _ in range(steps):
            x = Tensor(random.generator().normal(size=(4, 2)).astype("float32"))
            self.optimizer.zero_grad()
            (self.net(x) ** 2).sum().backward()
            self.optimizer.step()
            self.schedule.step()
        return self

    def parts(self):
        return self.net, self.optimizer, self.schedule

    def bits(self):
        """Everything that a later step depends on."""
        everything = [
            self.net.state_dict(),
            self.optimizer.state_dict(),
            self.schedule.state_dict(),
            random.get_state(),
        ]
        return as_bytes(everything)


def as_bytes(data):
    """Nested data with arrays as bytes, so that == means: the same bits."""
    if isinstance(data, dict):
        return {key: as_bytes(value) for key, value in data.items()}
    if isinstance(data, list):
        return [as_bytes(value) for value in data]
    data = data.array if isinstance(data, Tensor) else data
    return (str(data.dtype), data.shape, data.tobytes()) if isinstance(data, np.ndarray) else data


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "folder" / "net.safetensors"
    training = Training().train(3)
    save_checkpoint(path, *training.parts(), step=3, notes={"vocabulary": "一二三", "config": {"width": 3}})
    return path


def test_resuming_gives_the_same_bits_as_never_stopping(tmp_path):
    path = tmp_path / "net.safetensors"
    whole = Training().train(3)
    save_checkpoint(path, *whole.parts(), step=3)
    whole.train(4)
    expected = whole.bits()
    manual_seed(99)  # another process would have started anywhere
    resumed = Training()
    load_checkpoint(path).restore(*resumed.parts())
    assert resumed.train(4).bits() == expected


def of_numpy(params, lr):
    """An optimiser whose settings are NumPy's numbers."""
    return optim.AdamW(params, lr=np.float32(lr), betas=(np.float32(0.9), np.float64(0.99)), eps=np.float32(1e-6),
                       weight_decay=np.float16(0.1))  # fmt: skip


SETTINGS = {
    "numbers of NumPy's": (of_numpy, lambda o, *_: optim.ExponentialLR(o, np.float32(0.9))),
    "names": (lambda params, lr: optim.SGD([(f"p{i}", p) for i, p in enumerate(params)], lr=lr, momentum=0.9),
              lambda o, *_: optim.MultiStepLR(o, np.array([2, 4]), np.float32(0.3))),
    "uphill": (lambda params, lr: optim.RMSprop(params, lr=lr, maximize=True, foreach=True),
               lambda o, *_: optim.OneCycleLR(o, np.float32(0.3), 20, cycle_momentum=False)),
    "in sequence": (optim.Adam, lambda o, *_: optim.SequentialLR(
        o, [optim.LinearLR(o, np.float32(0.1), total_iters=2), optim.CosineAnnealingLR(o, 5)], [np.int64(2)])),
    "in cycles": (optim.Adam, lambda o, *_: optim.CyclicLR(o, np.float32(0.1), 0.3, 3, mode="exp_range", gamma=0.9)),
}  # fmt: skip


@pytest.mark.parametrize("case", SETTINGS)
def test_every_setting_resumes_with_the_same_bits(case, tmp_path):
    make, schedule = SETTINGS[case]
    path = tmp_path / "net.safetensors"
    whole = Training(optimizer=make, schedule=schedule).train(3)
    whole.optimizer.param_groups[0]["lr"] = np.float32(0.07)  # by hand
    save_checkpoint(path, *whole.parts(), step=3)
    expected = whole.train(4).bits()
    resumed = Training(optimizer=make, schedule=schedule)
    load_checkpoint(path).restore(*resumed.parts())
    assert resumed.train(4).bits() == expected


def test_step_and_notes_come_back(file):
    saved = load_checkpoint(file)
    assert saved.step == 3
    assert saved.notes == {"vocabulary": "一二三", "config": {"width": 3}}


def test_a_model_alone(tmp_path):
    path = tmp_path / "net.safetensors"
    net, other = Net(), Net()
    save_checkpoint(path, net)
    before = random.get_state()
    load_checkpoint(path).restore(other)
    assert all((a.array == b.array).all() for a, b in zip(net.parameters(), other.parameters(), strict=True))
    assert random.get_state() == before  # only a training that goes on takes the generator along


def test_state_that_is_not_in_rows_is_saved_as_it_is(tmp_path):
    net = nn.Linear(3, 2)
    net.weight.array = np.arange(6, dtype="float32").reshape(3, 2).T[:, ::-1]
    expected = net.weight.array.copy()
    save_checkpoint(tmp_path / "net.safetensors", net)
    assert (load_checkpoint(tmp_path / "net.safetensors").model["weight"] == expected).all()


def test_the_arrays_are_there_for_other_programs_under_the_names_of_the_state_dict(file):
    arrays = safetensors.load_file(file)
    assert {"layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"} <= arrays.keys()
    assert all(":" in name for name in arrays.keys() - Net().state_dict().keys())


def test_torch_reads_it(file):
    pytest.importorskip("torch", reason="torch is the oracle")
    from safetensors.torch import load_file

    tensors = load_file(file)
    assert (tensors["layers.0.weight"].numpy() == load_checkpoint(file).model["layers.0.weight"]).all()


# ---- files that are not what they should be ------------------------------------------------------------------------


def nothing(path):
    path.unlink()


def a_folder(path):
    path.unlink()
    path.mkdir()


def empty(path):
    path.write_bytes(b"")


def cut_off(path):
    path.write_bytes(path.read_bytes()[:-20])


def header_cut_off(path):
    path.write_bytes(path.read_bytes()[:100])


def one_bit_flipped(path):
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


def another_step(path):
    content = path.read_bytes()
    assert content.count(b'\\"step\\": 3, \\"random') == 1
    path.write_bytes(content.replace(b'\\"step\\": 3, \\"random', b'\\"step\\": 4, \\"random'))


def names_swapped(path):
    content = path.read_bytes()
    swapped = content.replace(b'"optimizer:0.exp_avg"', b'"optimizer:x.exp_avg"')
    swapped = swapped.replace(b'"optimizer:2.exp_avg"', b'"optimizer:0.exp_avg"')
    swapped = swapped.replace(b'"optimizer:x.exp_avg"', b'"optimizer:2.exp_avg"')
    assert swapped != content
    path.write_bytes(swapped)


def foreign(path):
    safetensors.save_file({"layers.0.weight": np.zeros((3, 2), "float32")}, path)


def a_later_format(path):
    safetensors.save_file({"a": np.zeros(1)}, path, {"tinygrad_tf": '{"format": 3}'})


def no_state(path):
    safetensors.save_file({"a": np.zeros(1)}, path, {"tinygrad_tf": '{"format": 1}'})


def a_pickle(path):
    class Bomb:
        def __reduce__(self):
            return os.abort, ()

    path.write_bytes(pickle.dumps(Bomb()))


BAD_FILES = [
    (nothing, FileNotFoundError, "there is no file"),
    (a_folder, FileNotFoundError, "there is no file"),
    (empty, ValueError, "damaged"),
    (cut_off, ValueError, "damaged"),
    (header_cut_off, ValueError, "damaged"),
    (a_pickle, ValueError, "damaged"),
    (one_bit_flipped, ValueError, "digest"),
    (another_step, ValueError, "digest"),
    (names_swapped, ValueError, "digest"),
    (foreign, ValueError, "format of others"),
    (a_later_format, ValueError, "of the format 3"),
    (no_state, ValueError, "damaged"),
]


@pytest.mark.parametrize("spoil, kind, message", BAD_FILES, ids=[spoil.__name__ for spoil, *_ in BAD_FILES])
def test_a_bad_file_is_refused(file, spoil, kind, message):
    spoil(file)
    with pytest.raises(kind, match=message) as caught:
        load_checkpoint(file)
    assert "cure:" in str(caught.value)
    assert "net.safetensors" in str(caught.value)


MISFITS = [
    (lambda: Training(width=4).parts(), RuntimeError, r"layers.0.bias' is \(3,\) in the file and \(4,\) in the model"),
    (lambda: (nn.Linear(2, 3),), RuntimeError, "'bias' is missing in the file"),
    (lambda: Training(optimizer=optim.SGD).parts(), ValueError, "class SGD; the file holds AdamW"),
    (lambda: Training(schedule=optim.NoamLR).parts(), ValueError, "class NoamLR; the file holds WarmupCosineLR"),
    (lambda: (Net(), optim.AdamW(nn.Linear(2, 3).parameters())), ValueError, "groups of"),
]


@pytest.mark.parametrize("make, kind, message", MISFITS)
def test_a_misfit_is_refused_before_anything_is_changed(file, make, kind, message):
    parts = make()
    saved = load_checkpoint(file)
    before = as_bytes([part.state_dict() for part in parts] + [random.get_state()])
    with pytest.raises(kind, match=message):
        saved.restore(*parts)
    assert as_bytes([part.state_dict() for part in parts] + [random.get_state()]) == before


def test_ctrl_c_at_any_line_of_a_restore_finds_all_of_the_old_or_all_of_the_new(file, tmp_path):
    training = Training().train(1)
    save_checkpoint(tmp_path / "old", *training.parts())
    old, new = load_checkpoint(tmp_path / "old"), load_checkpoint(file)
    before = training.bits()
    new.restore(*training.parts())
    after = training.bits()
    old.restore(*training.parts())
    seen = set()

    def check(came, where):
        seen.add(training.bits() == after)
        assert training.bits() in (before, after), where
        old.restore(*training.parts())

    at_every_line(lambda: new.restore(*training.parts()), check, ctrl_c, most=400)
    assert seen == {True, False}


class Named(nn.Module):
    def __init__(self, name, dtype="float32"):
        self.register_parameter(name, nn.Parameter(np.ones(2, dtype)))


UNREADABLE = [  # what safetensors or JSON writes and does not read, or reads as something else
    (lambda: Named("__metadata__"), {}, "'__metadata__'"),
    (lambda: nn.ModuleDict({"optimizer:0": nn.Linear(1, 1)}), {}, "'optimizer:0.weight'"),
    (lambda: Named("\ud800"), {}, "ud800"),
    (lambda: Named("w", np.longdouble), {}, str(np.dtype(np.longdouble))),
    (Net, {"step": -3}, "step -3"),
    (Net, {"step": 2**60}, "step 1152"),
    (Net, {"step": float("nan")}, "step nan"),
    (Net, {"notes": {1: 2, "1": 3}}, "JSON"),
]


@pytest.mark.parametrize("make, more, word", UNREADABLE, ids=[row[2] for row in UNREADABLE])
def test_what_could_not_be_read_again_does_not_replace_what_can(make, more, word, file):
    before = file.read_bytes()
    with pytest.raises((TypeError, ValueError)) as caught:
        save_checkpoint(file, make(), **more)
    assert word in str(caught.value)
    assert "cure: " in str(caught.value)
    assert file.read_bytes() == before


UNFIT_STATES = [
    ({"exp_avg": np.float32(1)}, "has its parameter's shape"),
    ({"exp_avg_sq": np.zeros((3, 2), "int64")}, "exp_avg_sq of int64"),
    ({"exp_avg": np.zeros((3, 2), bool)}, "exp_avg of bool"),
    ({"exp_avg": "x"}, "has its parameter's shape"),
    ({"exp_avg": None}, "no exp_avg"),
    ({"step": -1}, "step -1"),
    ({"step": 1.5}, "step 1.5"),
    ({"step": "1"}, "step '1'"),
    ({"step": 10**400}, "step 1000"),
    ({"step": [1, 2]}, "step "),
    ({"step": None}, "no step"),
]


@pytest.mark.parametrize("entries, message", UNFIT_STATES, ids=[str(i) for i in range(len(UNFIT_STATES))])
def test_a_state_from_which_the_formula_could_not_go_on_is_refused(entries, message):
    training = Training().train(2)
    state = training.optimizer.state_dict()
    state["state"][0].update(entries)
    before = training.bits()
    with pytest.raises(ValueError, match=message):
        training.optimizer.load_state_dict(state)
    assert training.bits() == before


@pytest.mark.parametrize("problem", [KeyboardInterrupt, KeyError("gone"), TypeError])
def test_what_fails_in_the_middle_of_a_restore_leaves_all_as_it_was(problem, file, monkeypatch):
    training = Training()
    saved, before = load_checkpoint(file), training.bits()

    def load_state_dict(state):
        training.schedule.last_epoch = 77
        training.schedule.base_lrs[0] = 77.0
        raise problem

    monkeypatch.setattr(training.schedule, "load_state_dict", load_state_dict)
    with pytest.raises(KeyboardInterrupt if problem is KeyboardInterrupt else ValueError):
        saved.restore(*training.parts())
    assert training.bits() == before


@pytest.mark.parametrize("notes, word", [
    ({"model": {"vocab_size": 6, "d_model": 10**6, "n_layers": 1}, "vocabulary": "abc"}, "(6, 1000000)"),
    ({"model": {"vocab_size": 6, "n_layers": 10**6}, "vocabulary": "abc"}, "layers"),
    ({"model": {"vocab_size": 6, "d_modle": 4}, "vocabulary": "abc"}, "unknown 'd_modle'"),
    ({"model": {"vocab_size": "6"}, "vocabulary": "abc"}, "vocab_size '6'"),
    ({"model": [], "vocabulary": "abc"}, "notes.model"),
    ({"model": {"vocab_size": 7}, "vocabulary": "abc"}, "vocabulary of 6 tokens"),
    ({"model": {"vocab_size": 6}, "vocabulary": 3}, "notes.vocabulary 3"),
])  # fmt: skip
def test_notes_of_a_model_that_the_file_does_not_hold(notes, word, tmp_path):
    save_checkpoint(tmp_path / "net.safetensors", Net(), notes=notes)
    with pytest.raises((ValueError, RuntimeError)) as caught:
        load_model(tmp_path / "net.safetensors")
    for part in (word, "net.safetensors", "rule: ", "cure: "):
        assert part in str(caught.value)


def test_a_noted_length_takes_no_memory_before_it_is_needed(tmp_path):
    config = TransformerConfig(vocab_size=6, d_model=8, n_heads=2, n_layers=1, d_ff=8, max_length=10**7)
    notes = {"model": {**asdict(config)}, "vocabulary": "abc"}
    save_checkpoint(tmp_path / "m", Transformer(config), notes=notes)
    model, _ = within_bounds(lambda: load_model(tmp_path / "m"), (tmp_path / "m").stat().st_size, "max_length")
    assert model.positions.max_length == 10**7


def test_a_file_that_may_not_be_read_is_not_called_damaged(file, monkeypatch):
    def refused(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refused)
    with pytest.raises(PermissionError, match=r"load_checkpoint got .*: Permission denied"):
        load_checkpoint(file)


def test_an_optimizer_that_was_not_saved(tmp_path):
    save_checkpoint(tmp_path / "net.safetensors", Net())
    with pytest.raises(ValueError, match="the file holds none"):
        load_checkpoint(tmp_path / "net.safetensors").restore(*Training().parts())


def test_notes_that_are_no_plain_data(tmp_path):
    with pytest.raises(TypeError, match="plain data"):
        save_checkpoint(tmp_path / "net.safetensors", Net(), notes={"weights": np.zeros(3)})
    assert not list(tmp_path.iterdir())


def test_two_keys_that_JSON_writes_alike_are_refused(tmp_path):
    with pytest.raises(TypeError, match="JSON makes keys such as 1 and '1'"):
        save_checkpoint(tmp_path / "net.safetensors", Net(), notes={1: "a", "1": "b"})
    with pytest.raises(TypeError, match="two halves of a letter"):
        save_checkpoint(tmp_path / "net.safetensors", Net(), notes={"text": "\ud800\udfff"})


def test_a_parameter_of_the_other_byte_order_comes_back(tmp_path):
    net = Net()
    net.layers[0].bias.array = np.array([1, 2, 3], np.dtype("float32").newbyteorder())
    save_checkpoint(tmp_path / "net.safetensors", net)
    assert load_checkpoint(tmp_path / "net.safetensors").model["layers.0.bias"].tolist() == [1, 2, 3]


def test_half_of_a_surrogate_pair_comes_back(tmp_path):
    """As in the name of a file that is no UTF-8."""
    save_checkpoint(tmp_path / "net.safetensors", Net(), notes={"text": "\udc80.txt"})
    assert load_checkpoint(tmp_path / "net.safetensors").notes == {"text": "\udc80.txt"}


def test_the_step_may_be_an_integer_of_NumPy(tmp_path):
    save_checkpoint(tmp_path / "net.safetensors", Net(), step=np.int64(3))
    assert load_checkpoint(tmp_path / "net.safetensors").step == 3


def test_a_save_within_a_save_to_the_same_path(tmp_path):
    """As two threads may have it."""

    def write(beside):
        beside.write_text("first")
        write_whole(tmp_path / "file", lambda other: other.write_text("second"))

    write_whole(tmp_path / "file", write)
    assert (tmp_path / "file").read_text() == "first"
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_a_file_that_is_no_checkpoint_is_not_replaced(tmp_path):
    for make in (lambda p: p.write_text("Dear diary"), lambda p: save({"w": np.ones(2)}, p)):
        make(tmp_path / "m")
        before = (tmp_path / "m").read_bytes()
        with pytest.raises(FileExistsError, match="so that nothing else is lost"):
            save_checkpoint(tmp_path / "m", Net())
        assert (tmp_path / "m").read_bytes() == before
        (tmp_path / "m").unlink()
    for content in (b"", (save_checkpoint(tmp_path / "old", Net()), (tmp_path / "old").read_bytes()[:-1])[1]):
        (tmp_path / "m").write_bytes(content)  # nothing, or what was cut off
        save_checkpoint(tmp_path / "m", Net(), step=4)
        assert load_checkpoint(tmp_path / "m").step == 4


def test_a_link_stays_a_link(tmp_path):
    target, link = tmp_path / "step3.safetensors", tmp_path / "latest.safetensors"
    link.symlink_to(target)
    save_checkpoint(link, Net())
    assert link.is_symlink()
    assert target.is_file()


def test_a_failed_write_leaves_the_old_file(file, monkeypatch):
    before = file.read_bytes()

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(file, Net())
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_the_metadata_is_readable_json(file):
    content = file.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    assert json.loads(header["__metadata__"]["tinygrad_tf"])["state"]["notes"]["config"] == {"width": 3}


def test_equal_states_make_equal_files(file, tmp_path):
    for name in "abcd":
        training = Training()
        saved = load_checkpoint(file)
        saved.restore(*training.parts())
        save_checkpoint(tmp_path / name, *training.parts(), step=saved.step, notes=saved.notes)
        assert (tmp_path / name).read_bytes() == file.read_bytes()


UNFIT_SCHEDULES = [
    (lambda o, *_: optim.CosineAnnealingLR(o, 5), {"T_max": 0}),
    (lambda o, *_: optim.CosineAnnealingLR(o, 5), {"base_lrs": [10**400]}),
    (lambda o, *_: optim.SequentialLR(o, [optim.StepLR(o, 1)], []), {"_milestones": [1, 2]}),
    (lambda o, *_: optim.ReduceLROnPlateau(o), {"factor": 0.25, "min_lrs": [0.0, 0.0]}),
]


@pytest.mark.parametrize("schedule, change", UNFIT_SCHEDULES, ids=[next(iter(row[1])) for row in UNFIT_SCHEDULES])
def test_a_schedule_that_could_not_go_on_is_not_restored(schedule, change):
    training = Training(schedule=schedule)
    saved = load_checkpoint_of(training)
    before = training.bits()
    with pytest.raises(ValueError, match="cure: "):
        replace(saved, schedule={**saved.schedule, **change}).restore(*training.parts())
    assert training.bits() == before


def load_checkpoint_of(training):
    with tempfile.TemporaryDirectory() as folder:
        save_checkpoint(f"{folder}/m", *training.parts())
        return load_checkpoint(f"{folder}/m")


@pytest.mark.parametrize("length", [11_000_000, pytest.param(101_000_000, marks=pytest.mark.slow)])
def test_notes_that_are_longer_than_a_header_are_saved(length, tmp_path):
    """The losses of five million steps: a header has at most 100 MB."""
    path, notes = tmp_path / "net.safetensors", {"history": "1" * length}
    save_checkpoint(path, Net(), step=7, notes=notes)
    assert load_checkpoint(path).notes == notes
    assert step_of(path) == 7
    with open(path, "rb+") as file:
        file.seek(-1000, 2)
        file.write(b"2")
    with pytest.raises(ValueError, match="digest"):
        load_checkpoint(path)
