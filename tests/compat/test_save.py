"""save and load: what comes back is what was saved, and nothing of the user's is lost."""

import collections
import errno
import gc
import io
import json
import os
import shutil
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from cases.torch_files import FILES

import tinygrad_tf
from tinygrad_tf import Tensor, load, manual_seed, nn, optim, random, save
from tinygrad_tf.compat import files
from tinygrad_tf.train import load_checkpoint, save_checkpoint

safetensors = pytest.importorskip("safetensors.numpy", reason='pip install "tinygrad_tf[train]"')


def again(obj):
    """What was saved, loaded."""
    file = io.BytesIO()
    save(obj, file)
    file.seek(0)
    return load(file)


PLAIN = {
    "None": None,
    "bools": [True, False],
    "whole numbers": [0, -1, 2**70, -(10**200)],
    "floats": [0.1, -0.0, 1e-320, float("inf"), -float("inf")],
    "texts": ["", "三", "\ud800", '"\\'],
    "bytes": b"\x00\xff",
    "containers": [(), [], {}, set(), ((1,), [2], {"a": (3,)})],
    "keys": {1: "a", "1": "b", None: "c", (1, "x"): "d", 2.5: "e", b"b": "f"},
    "sets": {1, "a", (2, 3)},
    "an OrderedDict": collections.OrderedDict(b=1, a=[2]),
    "types": [np.dtype("float16"), tinygrad_tf.int64, tinygrad_tf.device("cpu")],
    "numbers of NumPy": [np.float32(0.1), np.int8(-3), np.bool_(True), np.float64("inf"), np.float16(2)],
}


def with_types(x):
    """The object with the types of all its parts, for 1 == 1.0 == True."""
    if isinstance(x, dict):
        return type(x), [(with_types(k), with_types(v)) for k, v in x.items()]
    if isinstance(x, (list, tuple)):
        return type(x), [with_types(v) for v in x]
    if isinstance(x, set):
        return set, sorted(map(repr, x))
    return type(x), repr(x)


@pytest.mark.parametrize("obj", PLAIN.values(), ids=PLAIN)
def test_plain_data_comes_back(obj):
    assert with_types(again(obj)) == with_types(obj)


def test_nan_comes_back():
    assert np.isnan(again({"loss": float("nan")})["loss"])


def test_numbers_that_are_none_do_not_become_one_another():
    """Each is noted by a number of Python's that is made on the way, and gone again."""
    numbers = [kind(x) for kind in (np.float32, np.float64, np.float16) for x in (np.nan, np.inf, -np.inf, 1.5)]
    assert list(map(repr, again(numbers))) == list(map(repr, numbers))


TYPES = [
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 4)], ids=str)
def test_arrays_and_tensors_come_back(dtype, shape):
    array = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    loaded, t = again([array, Tensor.wrap(array.copy())])
    for found in (loaded, t.array):
        assert (found.dtype, found.shape, found.tobytes()) == (array.dtype, shape, array.tobytes())
    assert type(loaded) is np.ndarray


@pytest.mark.parametrize(
    "array", [np.arange(6).reshape(2, 3).T, np.arange(9)[::-2], np.arange(4, dtype=">i4"), np.arange(12.0)[2:5]],
    ids=["transposed", "backwards", "another byte order", "a part"],
)  # fmt: skip
def test_arrays_that_do_not_lie_in_a_row_come_back(array):
    np.testing.assert_array_equal(again(array), array)


def test_a_part_of_a_large_array_is_saved_alone():
    file = io.BytesIO()
    save(Tensor.wrap(np.zeros(10**6)[:10]), file)
    assert len(file.getvalue()) < 1000


def test_what_a_tensor_is_comes_back():
    a, b, c = again([nn.Parameter([1.0]), nn.Parameter([1], requires_grad=False), Tensor([1.0], True, name="W")])
    assert [type(t) for t in (a, b, c)] == [nn.Parameter, nn.Parameter, Tensor]
    assert [t.requires_grad for t in (a, b, c)] == [True, False, True]
    assert c.name == "W"
    (c * 2).sum().backward()  # it is a leaf like any other
    assert c.grad.tolist() == [2.0]


def test_what_an_op_made_comes_back_as_a_leaf():
    made = again(Tensor([2.0], requires_grad=True) * 3)
    assert made.is_leaf
    assert (made.tolist(), made.requires_grad) == ([6.0], True)


# ---- what is shared -------------------------------------------------------------------------------------------------

W = np.arange(12.0, dtype="float32").reshape(3, 4)
SHARED = {
    "the same array": (W, W),
    "a row": (W, W[1]),
    "a row before the whole": (W[2], W),
    "transposed": (W.T, W),
    "two parts that overlap": (W.reshape(-1)[:8], W.reshape(-1)[4:]),
    "columns": (W[:, ::2], W[:, 1:3]),
    "backwards": (W[::-1], W),
    "as bytes": (W, W.view(np.uint8)),
    "expanded": (W[:1], np.broadcast_to(W[:1], (5, 4))),
}  # fmt: skip


@pytest.mark.parametrize("a, b", SHARED.values(), ids=SHARED)
def test_tensors_that_share_memory_share_it_again(a, b):
    x, y = again({"a": Tensor.wrap(a), "deeper": [Tensor.wrap(b)]}).values()
    np.testing.assert_array_equal(x.array, a)
    np.testing.assert_array_equal(y[0].array, b)
    assert np.shares_memory(x.array, y[0].array)


def test_those_that_do_not_share_do_not_afterwards():
    x, y = again([Tensor([1.0]), Tensor([1.0])])
    x.array[...] = 5
    assert y.tolist() == [1.0]


def test_what_is_met_twice_is_one_afterwards():
    t, inner = Tensor([1.0]), {"a": 1}
    x, y, c, d = again([t, t, inner, inner])
    assert x is y
    assert c is d


def test_an_array_without_entries_between_two_that_share_does_not_part_them():
    x, _, y = again([W, W[1:1], W[1]])
    assert np.shares_memory(x, y)


# ---- trainings ------------------------------------------------------------------------------------------------------


def step(model, optimizer, schedule=None):
    optimizer.zero_grad()
    (model(Tensor(random.generator().normal(size=(4, 3)).astype("float32"))) ** 2).sum().backward()
    optimizer.step()
    if schedule:
        schedule.step()


def training(seed=0):
    manual_seed(seed)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    optimizer = optim.AdamW(model.parameters(), lr=0.1)
    return model, optimizer, optim.lr_scheduler.StepLR(optimizer, 2)


def test_a_training_goes_on_with_the_same_bits(tmp_path):
    parts = training()
    for _ in range(3):
        step(*parts)
    save({"model": parts[0].state_dict(), "optimizer": parts[1].state_dict(), "schedule": parts[2].state_dict(),
          "random": random.get_state(), "epoch": 3}, tmp_path / "m.pt")  # fmt: skip
    for _ in range(3):
        step(*parts)
    model, optimizer, schedule = training(seed=7)
    state = load(tmp_path / "m.pt", map_location="cpu")
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    schedule.load_state_dict(state["schedule"])
    random.set_state(state["random"])
    for _ in range(3):
        step(model, optimizer, schedule)
    assert state["epoch"] == 3
    for name, t in model.state_dict().items():
        np.testing.assert_array_equal(t.array, parts[0].state_dict()[name].array)


def test_a_state_dict_can_be_read_by_other_programs(tmp_path):
    model = nn.Linear(3, 2)
    save(model.state_dict(), tmp_path / "m.pt")
    found = safetensors.load_file(tmp_path / "m.pt")
    assert {name: a.tolist() for name, a in found.items()} == {
        name: t.tolist() for name, t in model.state_dict().items()
    }


def test_equal_objects_make_equal_files():
    files = [io.BytesIO(), io.BytesIO()]
    for file in files:
        save({"a": Tensor([1.0]), "b": {"x", "y", "z"}, "c": np.arange(3)}, file)
    assert files[0].getvalue() == files[1].getvalue()


def test_names_that_clash_are_told_apart():
    obj = {"a.b": Tensor([1.0]), "a": {"b": Tensor([2.0])}, "__metadata__": Tensor([3.0]), "": Tensor([4.0])}
    loaded = again(obj)
    assert [loaded["a.b"].item(), loaded["a"]["b"].item(), loaded["__metadata__"].item(), loaded[""].item()] == [
        1,
        2,
        3,
        4,
    ]


# ---- files ----------------------------------------------------------------------------------------------------------


def test_a_file_of_ours_is_replaced(tmp_path):
    for epoch in range(3):
        save({"epoch": epoch}, tmp_path / "m.pt")
    assert load(str(tmp_path / "m.pt")) == {"epoch": 2}
    assert os.listdir(tmp_path) == ["m.pt"]


def test_an_empty_file_is_replaced_and_folders_are_made(tmp_path):
    (tmp_path / "m.pt").touch()
    save(1, tmp_path / "m.pt")
    save(2, tmp_path / "a" / "b" / "m.pt")
    assert (load(tmp_path / "m.pt"), load(tmp_path / "a" / "b" / "m.pt")) == (1, 2)


def test_a_file_object_is_read_from_where_it_stands(tmp_path):
    with open(tmp_path / "two", "wb") as file:
        file.write(b"first")
        save([1, Tensor([2.0])], file)
    with open(tmp_path / "two", "rb") as file:
        file.read(5)
        assert load(file)[1].tolist() == [2.0]


OTHERS = {
    "a text": lambda path: path.write_text("my thesis"),
    "JSON": lambda path: path.write_text('{"a": 1}'),
    "safetensors of others": lambda path: safetensors.save_file({"w": np.ones(2)}, path),
    "a checkpoint": lambda path: save_checkpoint(path, nn.Linear(2, 1)),
    "a folder": lambda path: path.mkdir(),
    "an archive": lambda path: path.write_bytes(b"PK\x03\x04 and so on"),
    "eight bytes and a brace": lambda path: path.write_bytes(b"12345678{" + b"x" * 50),
}  # fmt: skip


@pytest.mark.parametrize("make", OTHERS.values(), ids=OTHERS)
def test_another_file_that_comes_while_it_is_written_is_not_replaced(make, tmp_path, monkeypatch):
    path, theirs, write = tmp_path / "m.pt", tmp_path / "theirs", files.write_safetensors
    save({"w": Tensor([1.0])}, path)
    make(theirs)
    number = theirs.stat().st_ino

    def slowly(*given):
        write(*given)
        path.unlink()
        theirs.rename(path)

    monkeypatch.setattr(files, "write_safetensors", slowly)
    with pytest.raises(FileExistsError, match="nothing else is lost"):
        save({"w": Tensor([2.0])}, path)
    assert path.stat().st_ino == number
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("make", OTHERS.values(), ids=OTHERS)
def test_another_file_is_never_replaced(make, tmp_path):
    path = tmp_path / "m.pt"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(FileExistsError, match="nothing else is lost"):
        save({"w": Tensor([1.0])}, path)
    assert (path.read_bytes() if path.is_file() else None) == before
    assert os.listdir(tmp_path) == ["m.pt"]


def test_a_file_of_pytorchs_is_replaced(tmp_path):
    for name in ("a state dict", "before 1.6"):
        (tmp_path / "m.pt").write_bytes(FILES[name])
        save(name, tmp_path / "m.pt")
        assert load(tmp_path / "m.pt") == name


class Color(tuple):
    __slots__ = ()


def endless():
    inside = []
    inside.append(inside)
    return inside


def deep(levels):
    found = 1
    for _ in range(levels):
        found = [found]
    return found


UNSAVED = {
    "a function": ({"model": {"fn": lambda: 0}}, TypeError, "obj['model']['fn'], which is a function", "leave it out"),
    "a module": ([1, nn.Linear(1, 1)], TypeError, "obj[1], which is an object of class Linear", "obj[1].state_dict()"),
    "an optimiser": (optim.SGD([Tensor([1.0], True)], lr=1), TypeError, "obj, which is", "obj.state_dict()"),
    "a class": ((nn.Linear,), TypeError, "obj[0], which is the class Linear", "save its name"),
    "complex numbers": ({"z": np.ones(1, complex)}, TypeError, "a ndarray of complex128", ".astype(np.float32)"),
    "texts in an array": (np.array(["a"]), TypeError, "a ndarray of <U1", ".tolist()"),
    "a subclass": (collections.defaultdict(int), TypeError, "class defaultdict", "dict(obj)"),
    "a tuple's subclass": (Color([1]), TypeError, "class Color", "tuple(obj)"),
    "a Tensor as a key": ({"s": {Tensor([1.0]): 1}}, TypeError, "obj['s'] with (1,) float32 as a key", "a number"),
    "itself": (endless(), ValueError, "obj[0], which holds itself", "save what lies inside"),
    "too deep": (deep(300), ValueError, "nested 201 deep", "save what lies inside"),
    "a module of Python's": ({"m": json}, TypeError, "obj['m'], which is", "vars("),
}  # fmt: skip


@pytest.mark.parametrize("obj, kind, got, cure", UNSAVED.values(), ids=UNSAVED)
def test_what_cannot_be_saved_is_named_with_its_place(obj, kind, got, cure, tmp_path):
    save({"old": 1}, tmp_path / "m.pt")
    with pytest.raises(kind) as problem:
        save(obj, tmp_path / "m.pt")
    first, _, last = str(problem.value).split("\n")
    assert got in first
    assert cure in last
    assert load(tmp_path / "m.pt") == {"old": 1}


# ---- reading others' ------------------------------------------------------------------------------------------------


def test_safetensors_of_others_give_tensors_by_name(tmp_path):
    safetensors.save_file({"w": np.ones((2, 3), "float16"), "n": np.arange(3)}, tmp_path / "m.safetensors")
    loaded = load(tmp_path / "m.safetensors")
    assert {name: (type(t), t.dtype.name, t.shape) for name, t in loaded.items()} == {
        "w": (Tensor, "float16", (2, 3)), "n": (Tensor, "int64", (3,))
    }  # fmt: skip
    loaded["w"].array[...] = 2  # it can be written to


def raw(kind, content, shape):
    """A safetensors file with one tensor of a type that NumPy does not have."""
    header = json.dumps({"w": {"dtype": kind, "shape": shape, "data_offsets": [0, len(content)]}}).encode()
    return struct.pack("<Q", len(header)) + header + content


@pytest.mark.parametrize("as_path", [True, False])
def test_bfloat16_of_others_becomes_float32(as_path, tmp_path):
    content = raw("BF16", bytes([0x80, 0x3F, 0x00, 0xC0]), [2])
    (tmp_path / "m").write_bytes(content)
    t = load(tmp_path / "m" if as_path else io.BytesIO(content))["w"]
    assert (t.dtype.name, t.tolist()) == ("float32", [1.0, -2.0])


def test_float8_of_others_is_refused():
    with pytest.raises(RuntimeError, match="Tensors of F8_E4M3"):
        load(io.BytesIO(raw("F8_E4M3", b"\x00", [1])))


def test_a_checkpoint_is_sent_to_where_it_is_read(tmp_path):
    save_checkpoint(tmp_path / "m", nn.Linear(2, 1))
    with pytest.raises(ValueError, match="load_checkpoint"):
        load(tmp_path / "m")
    save({}, tmp_path / "n")
    with pytest.raises(ValueError, match="format of others"):
        load_checkpoint(tmp_path / "n")


def test_a_file_of_others_that_is_written_to_while_it_is_read_is_no_mixture(tmp_path, monkeypatch):
    """As `cp` does it, into the file that is there."""
    for name, value in (("one", 1.0), ("two", 2.0)):
        safetensors.save_file({"a": np.full(3, value), "b": np.full(3, value)}, tmp_path / name)
    stored_in = files.stored_in

    def slowly(file, header):
        for stored in stored_in(file, header):
            shutil.copyfile(tmp_path / "two", tmp_path / "one")
            yield stored

    monkeypatch.setattr(files, "stored_in", slowly)
    with pytest.raises(RuntimeError, match="which was changed while it was read"):
        load(tmp_path / "one")


def test_what_another_thread_trains_meanwhile_is_saved_whole(tmp_path, monkeypatch):
    w, write = Tensor(np.zeros(3)), files.write_safetensors

    def slowly(*given):
        w.array += 1
        write(*given)

    monkeypatch.setattr(files, "write_safetensors", slowly)
    save({"w": w}, tmp_path / "m.pt")
    assert load(tmp_path / "m.pt")["w"].tolist() == [0, 0, 0]


PLACES = {"text": "cpu", "a function": lambda storage, location: storage, "a table": {"cuda:0": "cpu"}, "nothing": None}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_every_way_to_say_the_cpu_is_accepted(place):
    file = io.BytesIO()
    save(1, file)
    file.seek(0)
    assert load(file, place, weights_only=False) == 1


def test_another_device_is_refused():
    with pytest.raises(ValueError, match="CPU"):
        load(io.BytesIO(), map_location="cuda")


REFUSED = {
    "no file": (lambda folder: folder / "none", FileNotFoundError, "where there is no file"),
    "a folder": (lambda folder: folder, FileNotFoundError, "where there is no file"),
    "nothing": (lambda folder: io.BytesIO(), RuntimeError, "which begins with b''"),
    "a text": (lambda folder: io.BytesIO(b"hello"), RuntimeError, "which begins with b'hello'"),
    "a pickle": (lambda folder: io.BytesIO(b"\x80\x04N."), RuntimeError, "a pickle"),
    "a file open as text": (lambda folder: io.StringIO("a"), TypeError, "open as text"),
}  # fmt: skip


@pytest.mark.parametrize("make, kind, got", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_said(make, kind, got, tmp_path):
    with pytest.raises(kind) as problem:
        load(make(tmp_path))
    assert got in str(problem.value)


SCRIPT = """
import {package} as torch

torch.manual_seed(0)
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
for epoch in range(3):
    optimizer.zero_grad()
    model(torch.ones(4, 2)).sum().backward()
    optimizer.step()
    torch.save({{"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}}, "m.pt")
torch.save(model.state_dict(), "w.pt")
other = torch.nn.Linear(2, 1)
other.load_state_dict(torch.load("w.pt"))
checkpoint = torch.load("m.pt", map_location=torch.device("cpu"), weights_only=True)
optimizer.load_state_dict(checkpoint["optimizer"])
same = torch.equal(other.weight, model.weight), checkpoint["epoch"]
"""


@pytest.mark.parametrize("package", ["tinygrad_tf", "torch"])
def test_a_script_runs_with_the_import_changed(package, tmp_path, monkeypatch):
    pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(SCRIPT.format(package=package), names)
    equal, epoch = names["same"]
    assert np.all(getattr(equal, "array", equal))
    assert epoch == 2


def test_without_the_package_saving_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(ImportError, match="save got no package safetensors"):
        save(1, io.BytesIO())
    assert load(io.BytesIO(FILES["a state dict"]))["bias"].shape == (3,)  # PyTorch's are read without it


@pytest.mark.parametrize("name", ["a\0.pt", "\ud800.pt"], ids=["a zero", "half a pair"])
def test_a_name_that_no_file_can_have_is_refused(name, tmp_path):
    with pytest.raises(OSError, match="cure: choose a shorter, plainer name"):
        save({"a": Tensor([1.0])}, tmp_path / name)


@pytest.mark.skipif(sys.platform != "linux", reason="the limit for memory is Linux's")
@pytest.mark.parametrize("saved", ["ours", "an archive"])
def test_a_file_for_which_there_is_no_memory_is_not_called_damaged(saved, tmp_path):
    """Else a good file would be thrown away."""
    import resource

    path, large = tmp_path / "state.pt", np.zeros(50_000_000, "float32")
    if saved == "ours":
        save({"w": large}, path)
    else:
        torch = pytest.importorskip("torch")
        torch.save({"w": torch.from_numpy(large)}, path)
    gc.collect()  # what other tests left would be room
    before = resource.getrlimit(resource.RLIMIT_AS)
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + 100_000_000, before[1]))
    try:
        with pytest.raises((OSError, MemoryError), match=r"(?i)allocate"):
            load(path)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
    assert load(path)["w"].shape == large.shape


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES, errno.ESTALE])
def test_a_file_that_cannot_be_read_is_not_called_damaged(number, tmp_path, monkeypatch):
    save({"w": np.ones(3)}, tmp_path / "state.pt")

    def refuse(*_):
        raise OSError(number, "refused")

    monkeypatch.setattr("tinygrad_tf.compat.files.safetensors_header", refuse)
    with pytest.raises(OSError, match=r"load got (?s:.*)rule: the file can be read\n  cure: "):
        load(tmp_path / "state.pt")
