"""PyTorch's files: the same numbers and containers as torch.load gives, and no code."""

import collections
import io
import os
import pickle
import re
import zipfile

import numpy as np
import pytest
from cases.torch_files import FILES

import tinygrad_tf
from tinygrad_tf import Tensor, load, nn, optim


def read(name):
    return load(io.BytesIO(FILES[name]))


# ---- files that PyTorch wrote, also where it is not installed -------------------------------------------------------


def test_a_state_dict_goes_into_a_layer(tmp_path):
    (tmp_path / "m.pt").write_bytes(FILES["a state dict"])
    line = nn.Linear(2, 3)
    line.load_state_dict(load(tmp_path / "m.pt"))
    assert line.weight.tolist() == [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
    assert line.bias.tolist() == [-1.0, 0.5, float("inf")]


def test_views_are_right_and_share_their_memory():
    found = read("views")
    w = np.arange(12.0).reshape(3, 4)
    expected = {"w": w, "transposed": w.T, "row": w[1], "every second": w[:, ::2], "again": w,
                "expanded": np.full(3, 7.0), "empty": np.zeros((0, 3))}  # fmt: skip
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name].array, array)
    for name in ("transposed", "row", "every second", "again"):
        assert np.shares_memory(found["w"].array, found[name].array), name
    assert found["again"] is found["w"]


def test_every_type_is_read():
    for name, t in read("types").items():
        assert t.dtype == ("float32" if name == "bfloat16" else name)
        assert t.tolist() == ([False, True, True, True] if name == "bool" else [0, 1, 2, 3])


def test_an_optimiser_goes_on():
    p = nn.Parameter([1.0, 1.0])
    optimizer = optim.AdamW([p], lr=0.1)
    optimizer.load_state_dict(read("an optimiser"))
    assert optimizer.param_groups[0]["lr"] == 0.5
    np.testing.assert_allclose(optimizer.state_dict()["state"][0]["exp_avg"], [0.1, 0.2], rtol=1e-6)


def test_plain_data_is_read():
    found = read("plain data")
    parameter, leaf = found.pop("parameter"), found.pop("leaf")
    numbers = found.pop("numbers")
    assert found == {
        "size": (2, 3), "dtype": np.dtype("float16"), "device": "cpu", "bytes": b"\x00\xff", "set": {1, 2},
        "counter": collections.Counter("aab"), "nested": [(1, None, True), {3: "三"}],
    }  # fmt: skip
    assert isinstance(found["device"], tinygrad_tf.device)
    assert np.isnan(numbers[0])
    assert numbers[1:] == [10**30, -5, 2.5]
    assert (type(parameter), parameter.requires_grad, parameter.tolist()) == (nn.Parameter, True, [1.0, 2.0])
    assert (type(leaf), leaf.requires_grad) == (Tensor, True)


def test_numbers_of_numpy_are_read():
    found = read("numbers of NumPy")
    assert (type(found["scalar"]), found["scalar"]) == (np.float64, 2.5)
    np.testing.assert_array_equal(found["array"], np.arange(6).reshape(2, 3))
    np.testing.assert_array_equal(found["fortran"], np.arange(6.0).reshape(2, 3))


REFUSED = {
    "a module": (pickle.UnpicklingError, "torch.nn.modules.linear.Linear", "torch.save(model.state_dict(), path)"),
    "arguments": (pickle.UnpicklingError, "argparse.Namespace", "vars(args)"),
    "complex numbers": (RuntimeError, "Tensors of complex64", "t.float()"),
    "float8": (RuntimeError, "Tensors of float8_e4m3fn", "t.float()"),
    "before 1.6": (RuntimeError, "a file of PyTorch before 1.6", "torch.save(torch.load(path), path)"),
    "a program": (RuntimeError, "a program of TorchScript", "state_dict()"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("weights_only", [True, False])
def test_what_is_not_read_is_named_with_a_cure(name, weights_only):
    kind, got, cure = REFUSED[name]
    with pytest.raises(kind) as problem:
        load(io.BytesIO(FILES[name]), weights_only=weights_only)
    first, _, last = str(problem.value).split("\n")
    assert got in first
    assert cure in last


# ---- against PyTorch ------------------------------------------------------------------------------------------------


def test_a_model_and_its_optimiser_are_pytorchs(tmp_path):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    theirs = torch.nn.TransformerEncoderLayer(8, 2, 16)
    optimizer = torch.optim.Adam(theirs.parameters(), lr=0.01)
    for _ in range(2):
        optimizer.zero_grad()
        theirs(torch.randn(3, 2, 8)).sum().backward()
        optimizer.step()
    torch.save({"model": theirs.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "m.pt")
    state = load(tmp_path / "m.pt")
    ours = nn.TransformerEncoderLayer(8, 2, 16)
    ours.load_state_dict(state["model"])
    for name, t in theirs.state_dict().items():
        np.testing.assert_array_equal(ours.state_dict()[name].array, t.numpy())
    mine = optim.Adam(ours.parameters())
    mine.load_state_dict(state["optimizer"])
    for i, s in optimizer.state_dict()["state"].items():
        np.testing.assert_array_equal(mine.state_dict()["state"][i]["exp_avg_sq"], s["exp_avg_sq"].numpy())


def test_random_views_are_pytorchs():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    for _ in range(40):
        base = torch.arange(
            float(rng.integers(24, 60)), dtype=getattr(torch, rng.choice(["float32", "bfloat16", "int16"]))
        )
        sizes = rng.integers(0, 4, size=rng.integers(0, 4)).tolist()
        strides = rng.integers(0, 4, size=len(sizes)).tolist()
        obj = [base, base.as_strided(sizes, strides, int(rng.integers(4)))]
        file = io.BytesIO()
        torch.save(obj, file)
        file.seek(0)
        found = load(file)
        for ours, theirs in zip(found, obj, strict=True):
            assert ours.shape == tuple(theirs.shape)
            np.testing.assert_array_equal(ours.array, theirs.float().numpy())
        if found[1].size:
            assert np.shares_memory(found[0].array, found[1].array)


def test_the_old_format_of_a_storage_is_read():
    """Each protocol of pickles gives the same."""
    torch = pytest.importorskip("torch")
    obj = {"w": torch.ones(2), "n": [1, 300, 70_000, 2**40, "text", b"bytes", (1,), (1, 2), (1, 2, 3, 4), {5}]}
    for protocol in (2, 3, 4, 5):
        file = io.BytesIO()
        torch.save(obj, file, pickle_protocol=protocol)
        file.seek(0)
        assert load(file)["n"] == obj["n"]


def test_a_large_file_takes_its_memory_once(tmp_path):
    torch = pytest.importorskip("torch")
    import tracemalloc

    for dtype, times in (("float32", 1), ("bfloat16", 2)):
        torch.save(torch.ones(20_000_000, dtype=getattr(torch, dtype)), tmp_path / "m.pt")
        tracemalloc.start()
        t = load(tmp_path / "m.pt")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert t.size == 20_000_000
        assert peak < times * os.path.getsize(tmp_path / "m.pt") + 10_000_000


# ---- files made to do harm ------------------------------------------------------------------------------------------


def archive(pickled, entries=(), compression=zipfile.ZIP_STORED, **more):
    """A file such as PyTorch's around a pickle."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as zipped:
        zipped.writestr("archive/data.pkl", pickled)
        for name, content in {"byteorder": b"little", **dict(entries), **more}.items():
            zipped.writestr(f"archive/{name}", content)
    return file.getvalue()


class Runs:
    """What runs a command when it is unpickled."""

    def __reduce__(self):
        return os.system, ("echo harm > harm",)


def tensor_of(size, stride, offset=0, count=4, storage="FloatStorage", key="0"):
    """The pickle of a Tensor with these sizes."""
    numbers = "".join(f"I{n}\n" for n in size), "".join(f"I{n}\n" for n in stride)
    return (
        f"ctorch._utils\n_rebuild_tensor_v2\n((Vstorage\nctorch\n{storage}\nV{key}\nVcpu\nI{count}\ntQI{offset}\n"
        f"({numbers[0]}t({numbers[1]}tI00\nccollections\nOrderedDict\n)RtR."
    ).encode()


FOUR = {"data/0": np.arange(4, dtype="float32").tobytes()}


def test_a_tensor_written_by_hand_is_read():
    """So that the harmful ones below differ from a good one in what they are meant to."""
    assert load(io.BytesIO(archive(tensor_of([2, 2], [2, 1]), FOUR))).tolist() == [[0.0, 1.0], [2.0, 3.0]]


STORAGE = b"(Vstorage\nctorch\nFloatStorage\nV0\nVcpu\nI4\ntQ"


def doubled(levels):
    """Tuples of tuples of …: few bytes, and a hash that takes forever."""
    return b"}(I1\n" + b"q\x00h\x00\x86" * levels + b"I1\nu."


HARMFUL = {
    "a command": (archive(pickle.dumps(Runs(), 2)), "posix.system|nt.system"),
    "a command by another instruction": (archive(b"(S'echo'\nios\nsystem\n."), "the instruction INST"),
    "a builtin": (archive(b"c__builtin__\neval\n(V1\ntR."), "builtins.eval"),
    "a name inside a known one": (archive(b"\x80\x04\x8c\x05torch\x8c\x0eload.__class__\x93."), "torch.load.__class__"),
    "a method of a dict": (archive(b"ccollections\nOrderedDict.fromkeys\n."), "OrderedDict.fromkeys"),
    "a size beyond the storage": (archive(tensor_of([5], [1]), FOUR), "reaches entry 4"),
    "a stride beyond the storage": (archive(tensor_of([2], [4]), FOUR), "reaches entry 4"),
    "an offset beyond the storage": (archive(tensor_of([1], [1], 4), FOUR), "reaches entry 4"),
    "a size below 0": (archive(tensor_of([-1], [1]), FOUR), "impossible sizes"),
    "a size that overflows": (archive(tensor_of([2**61] * 2, [0, 0]), FOUR), "damaged"),
    "a storage larger than its entry": (archive(tensor_of([1], [1], count=2**50), FOUR), "has 16 bytes"),
    "a storage that is missing": (archive(tensor_of([1], [1], key="7"), FOUR), "data/7"),
    "a storage outside": (archive(tensor_of([1], [1], key="../data.pkl"), FOUR), "damaged"),
    "a storage of two types": (
        archive(b"(" + tensor_of([1], [1])[:-1] + tensor_of([1], [1], storage="IntStorage")[:-1] + b"t.", FOUR),
        "of float32 and of int32"),
    "zeros without end": (archive(b"N.", {"data/0": bytes(10**6)}, zipfile.ZIP_DEFLATED), "compressed"),
    "an archive without a pickle": (archive(b"").replace(b"data.pkl", b"data.plk"), "0 entries data.pkl"),
    "a nested list": (archive(b"]" * 5000 + b"a" * 4999 + b"."), "nested more than 200"),
    "a nested tuple": (archive(b")" + b"\x85" * 100_000 + b"."), "nested more than 200"),
    "a list that holds itself": (archive(b"]q\x00h\x00a."), "holds itself"),
    "a hash that never ends": (archive(doubled(90)), "a key is, or holds, a tuple"),
    "one list copied again and again": (
        archive(b"(" + b"N" * 20_000 + b"lq\x000" + b"c__builtin__\nset\nq\x010(" + b"h\x01(h\x00tR" * 5000 + b"l."),
        "copies more than it holds"),
    "one Tensor made again and again": (
        archive(b"ctorch._utils\n_rebuild_tensor\nq\x000(" + STORAGE + b"I0\n(I4\nt(I1\nttq\x010("
                + b"h\x00h\x01R" * 5000 + b"l.", FOUR), "more Tensors than it describes"),
    "a number of too many digits": (archive(b"I" + b"9" * 100_000 + b"\n."), "damaged"),
    "a place far away in the memo": (archive(b"Nr\xff\xff\xff\xff0j\xfe\xff\xff\xff."), "damaged"),
    "a class as data": (archive(b"ctorch\nTensor\n."), "it holds a type"),
    "a storage by itself": (archive(STORAGE + b".", FOUR), "it holds a Storage"),
    "an array of objects": (
        archive(b"cnumpy\ndtype\n(VO8\nI00\nI01\ntR."), "not of numbers"),
    "nothing after the pickle's start": (archive(b"\x80\x02"), "STOP"),
    "another byte order's name": (archive(b"N.", byteorder=b"middle"), "neither little nor big"),
}  # fmt: skip


@pytest.mark.parametrize("content, why", HARMFUL.values(), ids=HARMFUL)
def test_a_harmful_file_is_refused(content, why, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((RuntimeError, pickle.UnpicklingError)) as problem:
        load(io.BytesIO(content))
    assert re.search(why, str(problem.value))
    assert "\n  cure: " in str(problem.value)
    assert os.listdir(tmp_path) == []


def test_numbers_of_the_other_byte_order_are_turned_round():
    big = {"byteorder": b"big", "data/0": np.arange(4, dtype=">f4").tobytes()}
    assert load(io.BytesIO(archive(tensor_of([4], [1]), big))).tolist() == [0.0, 1.0, 2.0, 3.0]


def test_bytes_that_are_no_booleans_become_some():
    content = archive(tensor_of([4], [1], storage="BoolStorage"), {"data/0": bytes([0, 1, 2, 255])})
    assert load(io.BytesIO(content)).array.view(np.uint8).tolist() == [0, 1, 1, 1]
