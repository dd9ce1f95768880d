"""Altered files: load gives an object or one clear error, soon, without much memory, whatever was done to a file."""

import io
import json
import pickle
import random
import zipfile

import numpy as np
import pytest
from cases.altered import altered, within_bounds
from cases.torch_files import FILES

from tinygrad_tf import Tensor, load, nn, save
from tinygrad_tf.compat.files import METADATA
from tinygrad_tf.contents import digest

safetensors = pytest.importorskip("safetensors.numpy", reason='pip install "tinygrad_tf[train]"')


def archive_altered(content, rng):
    """A file of PyTorch's with an altered part and the right check sums, so that it is read further."""
    source, file = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
    parts = {name: source.read(name) for name in source.namelist()}
    pickled = next(name for name in parts if name.endswith("data.pkl"))
    chosen = pickled if rng.random() < 0.9 else rng.choice(list(parts))
    with zipfile.ZipFile(file, "w") as zipped:
        for name, part in parts.items():
            zipped.writestr(name, altered(part, rng) if name == chosen else part)
    return file.getvalue()


def of_ours():
    """A file that save wrote."""
    file, w = io.BytesIO(), np.arange(6.0).reshape(2, 3)
    obj = {
        "w": Tensor.wrap(w), "row": Tensor.wrap(w[1]), "p": nn.Parameter([1.0, 2.0]), "b": b"bytes",
        3: [np.float32(1), (None, float("nan"))], "s": {1, (2, "a")}, "n": np.arange(4), "t": np.dtype("int8"),
    }  # fmt: skip
    save(obj, file)
    return file.getvalue()


def description_altered(content, rng):
    """A file of ours with an altered description and the right digest, so that it is read further."""
    size = int.from_bytes(content[:8], "little")
    state = json.loads(json.loads(content[8 : 8 + size])["__metadata__"][METADATA])
    del state["sha256"]
    arrays = safetensors.load(content)
    for _ in range(20):
        try:
            changed = json.loads(altered(json.dumps(state).encode(), rng))
            text = json.dumps({**changed, "sha256": digest(arrays, changed)})
            return safetensors.save(arrays, {METADATA: text})
        except (ValueError, TypeError):
            continue  # no longer JSON
    return content


OURS = of_ours()
WAYS = {
    "PyTorch's": ([FILES[name] for name in list(FILES)[:6]], altered),
    "PyTorch's, with right check sums": ([FILES[name] for name in list(FILES)[:6]], archive_altered),
    "ours": ([OURS], altered),
    "ours, with the right digest": ([OURS], description_altered),
}


def message(content):
    """What load says of a file, nothing if it can be read."""
    try:
        load(io.BytesIO(content))
    except (RuntimeError, pickle.UnpicklingError) as problem:
        return str(problem)
    return ""


def try_all(way, n, seed):
    """Read ``n`` altered files; return how many of them could be read."""
    files, alter = WAYS[way]
    rng, read = random.Random(seed), 0
    for i in range(n):
        content = alter(rng.choice(files), rng)
        said = within_bounds(lambda content=content: message(content), len(content), i)
        read += said == ""
        assert said == "" or (said.startswith("load got") and "\n  cure: " in said), i
    return read


@pytest.mark.parametrize("way", WAYS)
def test_altered_files_give_an_object_or_one_clear_error(way):
    read = try_all(way, 1000, seed=0)
    assert read < 1000
    if "right" in way:  # the changes go deep enough: some of the files can be read to the end
        assert read > 20


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("way", WAYS)
def test_very_many_altered_files_give_an_object_or_one_clear_error(way, seed):
    try_all(way, 5000, seed)


@pytest.mark.parametrize("content", [OURS, FILES["a state dict"]], ids=["ours", "PyTorch's"])
def test_a_file_cut_off_anywhere_gives_one_clear_error(content, tmp_path):
    path = tmp_path / "m"
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        for source in (path, io.BytesIO(content[:length])):
            with pytest.raises(RuntimeError, match="load got"):
                load(source)


@pytest.mark.parametrize("content", [OURS, FILES["a state dict"]], ids=["ours", "PyTorch's"])
def test_no_number_is_wrong_after_one_changed_bit(content):
    """Where one bit of a file is another, it is refused, or what is read is what was written."""
    expected = flat(load(io.BytesIO(content)))
    for at in range(0, 8 * len(content), 23):
        changed = bytearray(content)
        changed[at // 8] ^= 1 << at % 8
        try:
            found = flat(load(io.BytesIO(bytes(changed))))
        except (RuntimeError, pickle.UnpicklingError):
            continue
        assert found == expected, at


def flat(obj):
    """An object as text, with the numbers of its Tensors."""
    if isinstance(obj, Tensor):
        return type(obj).__name__, obj.requires_grad, str(obj.dtype), obj.tolist()
    if isinstance(obj, dict):
        return [(repr(key), flat(value)) for key, value in obj.items()]
    return [flat(value) for value in obj] if isinstance(obj, (list, tuple)) else repr(obj)


def test_of_two_arrays_of_one_name_none_is_taken(tmp_path):
    path = tmp_path / "m"
    save({"w": Tensor([1.0, 2.0])}, path)
    size = int.from_bytes(path.read_bytes()[:8], "little")
    header, numbers = path.read_bytes()[8 : 8 + size].decode().rstrip(), path.read_bytes()[8 + size :]
    entry = json.dumps(json.loads(header)["w"])
    header = f'{header[:-1]},"w":{entry}}}'
    header += " " * (-len(header) % 8)
    path.write_bytes(len(header).to_bytes(8, "little") + header.encode() + numbers)
    with pytest.raises(RuntimeError, match="'w' stands twice"):
        load(path)
