"""Folders that somebody made to hurt: each gives a model or one clear error, and takes little time and memory.

``tests/models/test_altered_folders.py`` alters folders at random; here each is made by hand.
"""

import json
import os
import struct
import sys
import time

import pytest

from tinygrad_tf.errors import is_explained
from tinygrad_tf.models import BERT, GPT2, BERTConfig, GPT2Config, Llama, LlamaConfig

pytest.importorskip("safetensors", reason="models are safetensors files")

EMPTY = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
KINDS = (ValueError, RuntimeError, OSError)


def text(name, content):
    def write(folder):
        (folder / name).write_text(content)

    return write


def header(tensors, data=b""):
    def write(folder):
        written = json.dumps(tensors).encode()
        (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(written)) + written + data)

    return write


def twice(folder):
    """A header with two shapes for the same numbers."""
    content = (folder / "model.safetensors").read_bytes()
    length = int.from_bytes(content[:8], "little")
    name, entry = next((n, e) for n, e in json.loads(content[8 : 8 + length]).items() if len(e.get("shape", ())) == 2)
    other = json.dumps({name: {**entry, "shape": entry["shape"][::-1]}}).encode()
    written = other[:-1] + b"," + content[9 : 8 + length]
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(written)) + written + content[8 + length :])


def index(weight_map, written=""):
    def write(folder):
        (folder / "model.safetensors").rename(folder / "part.safetensors")
        (folder / "model.safetensors.index.json").write_text(written or json.dumps({"weight_map": weight_map}))

    return write


def odd(name, make):
    """Something in place of a file: a fifo, a device, a loop."""

    def write(folder):
        (folder / name).unlink(missing_ok=True)
        make(folder / name)

    return write


ODD = {
    "fifo": lambda file: os.mkfifo(file), "endless device": lambda file: file.symlink_to("/dev/zero"),
    "loop": lambda file: file.symlink_to(file), "folder": lambda file: file.mkdir(),
    "link to nothing": lambda file: file.symlink_to("gone"), "memory": lambda file: file.symlink_to("/proc/self/mem"),
}  # fmt: skip
NAMES = ["config.json", "model.safetensors", "generation_config.json", ".save_pretrained.json", "SHA256SUMS"]
BIG = {
    "lists in lists": text("config.json", '{"a":[' + ",".join(["[]"] * 160_000) + "]}"),
    "objects in a list": text("config.json", '{"a":[' + ",".join(['{"a":1}'] * 60_000) + "]}"),
    "many keys": text("config.json", json.dumps({hex(i): 1 for i in range(35_000)})),
    "a long text": text("config.json", json.dumps({"a": "a" * 50_000_000})),
    "depth": text("config.json", '{"a":' + "[" * 100_000),
    "a long number": text("config.json", '{"n_layer":' + "9" * 400_000 + "}"),
    "a number of 400 digits": text("config.json", '{"n_layer":1' + "0" * 400 + "}"),
    "settings": text("generation_config.json", '{"bad_words_ids":[' + ",".join(["[]"] * 160_000) + "]}"),
    "tensors of nothing": header({hex(i): EMPTY for i in range(7_800)}),
    "tensors that are not used": header({f"h.{i}.attn.bias": EMPTY for i in range(7_000)}),
    "too many tensors": header({hex(i): EMPTY for i in range(300_000)}),
    "a long name": header({"x" * 400_000: EMPTY}),
    "a name of wrappers": header({"module." * 60_000: EMPTY}),
    "a shape beyond all": header({"transformer.wte.weight": {**EMPTY, "shape": [2**40, 2**40]}}),
    "a shape of nothing": header({"transformer.wte.weight": {**EMPTY, "shape": [0, 2**62]}}),
    "a tensor as a list": header({"transformer.wte.weight": ["F32", [0], [0, 0]]}),
    "half of a letter as a tensor": header({"\ud800": EMPTY}),
    "metadata that are a list": header({"__metadata__": ["pt"]}),
    "an index of much": index({hex(i): "part.safetensors" for i in range(300_000)}),
    "an index of many files": index({hex(i): str(i) for i in range(9_000)}),
    "a file with a long name": index({"a": "x" * 300}),
    "a file that cannot be": index({"a": "x\0"}),
    "half of a letter": index({"a": "\ud800"}),
    "the folder above": index({"a": ".."}),
    "the config as weights": index({"a": "config.json"}),
    "digests": text("SHA256SUMS", ("0" * 64 + "  a\n") * 200_000),
    "no digests": text("SHA256SUMS", "\udcff".encode("utf-8", "surrogateescape").decode("latin-1") * 100),
    "a note without end": text(".save_pretrained.json", "[" * 2_000_000),
    "a name that stands twice": text("config.json", '{"n_head": 2, "n_head": 4}'),
    "an index with a name twice": index({}, '{"weight_map": {"a": "x", "a": "y"}}'),
    "a tensor that stands twice": twice,
    **{f"{kind} as {name}": odd(name, make) for kind, make in ODD.items() for name in NAMES},
}  # fmt: skip


def kilobytes(field):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field))


def costs(call):
    """What ``call`` gives, its seconds, and by how many bytes the memory of this process grew meanwhile at most."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # the peak begins anew
    before, start = kilobytes("VmRSS"), time.process_time()
    found = call()
    return found, time.process_time() - start, (kilobytes("VmHWM") - before) * 1024


def attempt(kind, folder):
    try:
        return kind.from_pretrained(folder)
    except KINDS as problem:
        return problem


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    """What is loaded once counts for no case."""
    folder = tmp_path_factory.mktemp("warm")
    GPT2(GPT2Config(20, 16, 8, 1, 2)).save_pretrained(folder)
    GPT2.from_pretrained(folder)


linux = pytest.mark.skipif(sys.platform != "linux", reason="memory is counted by Linux")


@linux
@pytest.mark.parametrize("case", BIG)
def test_a_hostile_folder_gives_one_clear_error_and_takes_little(case, tmp_path, warm):
    GPT2(GPT2Config(20, 16, 8, 1, 2)).save_pretrained(tmp_path)
    BIG[case](tmp_path)
    size = sum(os.lstat(file).st_size for file in tmp_path.iterdir())
    found, seconds, grown = costs(lambda: attempt(GPT2, tmp_path))
    assert isinstance(found, KINDS)
    assert is_explained(found)
    assert len(str(found)) < 2500
    assert seconds < 5
    assert grown < 2 * size + 20_000_000


MANY = {
    "GPT-2": lambda: GPT2(GPT2Config(1, 1, 1, 400, 1)),
    "Llama": lambda: Llama(LlamaConfig(1, 2, 1, 400, 1)),
    "BERT": lambda: BERT(BERTConfig(3, 1, 250, 1, 1, max_position_embeddings=1)),
    "one large matrix": lambda: GPT2(GPT2Config(2_000_000, 1, 8, 0, 2)),
}


@linux
@pytest.mark.parametrize("case", MANY)
def test_a_folder_that_is_right_takes_little_too(case, tmp_path, warm):
    """Layers of next to nothing, and half as many bytes for each number as the model has."""
    import numpy as np
    import safetensors.numpy

    model = MANY[case]()
    model.save_pretrained(tmp_path)
    kind = type(model)
    arrays = {
        name: a.astype(np.float16) for name, a in safetensors.numpy.load_file(tmp_path / "model.safetensors").items()
    }
    safetensors.numpy.save_file(arrays, tmp_path / "model.safetensors")
    del model, arrays
    size = sum(file.stat().st_size for file in tmp_path.iterdir())
    found, seconds, grown = costs(lambda: attempt(kind, tmp_path))
    assert isinstance(found, kind)
    assert seconds < 5
    assert grown < 2 * size + 20_000_000


# ---- what a field may be --------------------------------------------------------------------------------------------

WRONG = [-1, 2.0, True, None, "x", [], {}, 10**400, 10**18, float("nan"), float("inf"), [None], {"a": 1}]
CONFIGS = {
    "GPT-2": GPT2Config(20, 16, 8, 1, 2),
    "BERT": BERTConfig(20, 8, 1, 2, 8),
    "Llama": LlamaConfig(20, 8, 8, 1, 2),
}
FIELDS = [(kind, name) for kind, config in CONFIGS.items() for name in config.to_dict()]


@pytest.mark.parametrize("kind, name", FIELDS, ids=[f"{kind} {name}" for kind, name in FIELDS])
@pytest.mark.filterwarnings("ignore:LlamaConfig")
def test_a_field_of_another_kind_is_refused_by_its_name_or_makes_sense(kind, name):
    config = CONFIGS[kind]
    default = getattr(config, name)
    for value in WRONG:
        try:
            made = type(config).from_dict({**config.to_dict(), name: value})
        except ValueError as problem:
            assert is_explained(problem)  # noqa: PT017 (most are refused, some make sense)
            assert name in str(problem)  # noqa: PT017
            continue
        now = getattr(made, name)
        assert value is None or isinstance(value, (type(default), type(now))) or isinstance(default, float)


@pytest.mark.parametrize("name", ["n_head", "layer_norm_epsilon", "tie_word_embeddings"])
def test_a_message_has_file_field_value_rule_and_cure(name, tmp_path):
    GPT2(GPT2Config(20, 16, 8, 1, 2)).save_pretrained(tmp_path)
    settings = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(settings | {name: "x"}))
    with pytest.raises(
        ValueError, match=rf"GPT2Config got {name} 'x' in '.*config\.json'\n  rule: {name} is .*\n  cure: "
    ):
        GPT2.from_pretrained(tmp_path)
