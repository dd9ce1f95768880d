"""Altered folders: from_pretrained gives a model or one clear error, soon, without much memory, whatever was done."""

import json
import random
import shutil
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from cases.altered import altered, json_altered, within_bounds, written

from tinygrad_tf.errors import is_explained
from tinygrad_tf.models import BERT, GPT2, BERTConfig, GPT2Config, Llama, LlamaConfig

pytest.importorskip("safetensors", reason="models are safetensors files")

ROPE = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 8, "beta_fast": 8.0, "mscale": 0.5}
MAKE = {
    "GPT-2": lambda: GPT2(GPT2Config(20, 16, 8, 1, 2, tie_word_embeddings=False)),
    "Llama": lambda: Llama(LlamaConfig(20, 8, 8, 2, 2, num_key_value_heads=1, rope_parameters=ROPE)),
    "BERT": lambda: BERT(BERTConfig(20, 8, 1, 2, 8, max_position_embeddings=9, is_decoder=True)),
}
KINDS = (ValueError, RuntimeError, FileNotFoundError)


def contents(folder):
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def of(kind, **settings):
    model = MAKE[kind]()
    model.generation = model.generation.but(do_sample=True, top_p=0.9, bad_words_ids=[[3]], stop_strings=["end"])
    folder = Path(tempfile.mkdtemp())
    model.save_pretrained(folder, **settings)
    found = contents(folder)
    shutil.rmtree(folder)
    return type(model), found


WHOLE = {kind: of(kind) for kind in MAKE}
SHARDS = {kind: of(kind, max_shard_size=1500) for kind in MAKE}
SIGNED = {kind: of(kind, sha256=True) for kind in MAKE}


def bytes_altered(files, rng):
    name = rng.choice(list(files))
    return files | {name: altered(files[name], rng)}


def values_altered(files, rng):
    """Other values in one of the JSON files, or in the header of one that has tensors, whose places may then fit."""
    name = rng.choice(list(files))
    content = files[name]
    if name.endswith(".json"):
        return files | {name: written(json_altered(json.loads(content), rng), rng)}
    size = int.from_bytes(content[:8], "little")
    header = written(json_altered(json.loads(content[8 : 8 + size]), rng), rng)
    return files | {name: len(header).to_bytes(8, "little") + header + content[8 + size :]}


def mixed(files, rng):
    """A file of another folder in place of one, one that is missing, or an empty one."""
    name = rng.choice(list(files))
    _, other = rng.choice([*WHOLE.values(), *SHARDS.values()])
    return {**files, name: rng.choice([b"", b"{}", b"null", *other.values()])} if rng.random() < 0.8 else {
        kept: content for kept, content in files.items() if kept != name
    }  # fmt: skip


WAYS = {
    "bytes": (WHOLE, bytes_altered),
    "bytes of shards": (SHARDS, bytes_altered),
    "values": (WHOLE, values_altered),
    "values of shards": (SHARDS, values_altered),
    "mixed": (SHARDS, mixed),
    "bytes, with digests": (SIGNED, bytes_altered),
    "values, with digests": (SIGNED, lambda files, rng: values_altered(
        {name: content for name, content in files.items() if name != "SHA256SUMS"}, rng) | {
            "SHA256SUMS": files["SHA256SUMS"]}),
}  # fmt: skip


def outcome(cls, folder):
    """The model that was read, or the error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return cls.from_pretrained(folder)
    except KINDS as problem:
        return problem


def put(folder, files, before):
    """Make the folder hold these files; ``before`` is what it held."""
    folder.mkdir(exist_ok=True)
    for name in before.keys() - files.keys():
        (folder / name).unlink()
    for name, content in files.items():
        if before.get(name) != content:
            (folder / name).write_bytes(content)


def try_all(way, n, seed, folder):
    """Read ``n`` altered folders; return how many of them gave a model."""
    kinds, alter = WAYS[way]
    rng, read = random.Random(seed), 0
    there = {kind: {} for kind in kinds}
    for i in range(n):
        kind = rng.choice(list(kinds))
        cls, files = kinds[kind]
        changed = alter(files, rng)
        put(folder / kind, changed, there[kind])
        there[kind] = changed
        size = sum(map(len, changed.values()))
        found = within_bounds(lambda cls=cls, kind=kind: outcome(cls, folder / kind), size, i)
        if isinstance(found, Exception):
            said = str(found)
            assert is_explained(found), i
            assert "\n  cure: " in said, i
            assert len(said) < 2500, i
            continue
        read += 1
        assert all(p.array.flags.writeable and p.dtype == np.float32 for p in found.parameters())
        if "SHA256SUMS" in changed and changed["SHA256SUMS"] == files["SHA256SUMS"]:
            assert changed == files, i  # a digest tells of every change
    return read


@pytest.mark.parametrize("way", WAYS)
def test_altered_folders_give_a_model_or_one_clear_error(way, tmp_path):
    read = try_all(way, 250, 0, tmp_path)
    assert read < 250
    if "digests" not in way:  # the changes go deep enough: some of the folders can be read
        assert read > 10


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 5))
@pytest.mark.parametrize("way", WAYS)
def test_very_many_altered_folders_give_a_model_or_one_clear_error(way, seed, tmp_path):
    try_all(way, 2000, seed, tmp_path)
