"""A folder is as whole as a file: a save that is stopped anywhere leaves the old model or the new one."""

import contextlib
import errno
import functools
import json
import multiprocessing
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import warnings

import numpy as np
import pytest
from interrupted import run_struck

from tinygrad_tf import nn, save, train
from tinygrad_tf.models import GPT2, GenerationConfig, GPT2Config, folders, placing

pytest.importorskip("safetensors", reason="models are safetensors files")

OLD = {"vocab_size": 20, "n_positions": 16, "n_embd": 8, "n_layer": 1, "n_head": 2}
#: What the new model is, and in how many files it and the old one lie.
KINDS = {
    "new weights": ({}, None, None),
    "another activation, new weights": ({"activation_function": "relu"}, None, None),  # mixed, it would load as neither
    "shards over shards": ({"n_head": 4}, 1500, 1500),
    "shards over one file": ({"n_head": 4}, None, 1500),
    "one file over shards": ({"n_head": 4}, 1500, None),
    "another depth": ({"n_layer": 2}, 1500, 1500),
    "digests": ({"n_head": 4}, None, None),
}
IDS = np.array([[3, 4, 5, 6]])


def model_of(seed, **settings):
    model = GPT2(GPT2Config(**{**OLD, **settings})).eval()
    rng = np.random.default_rng(seed)
    for p in model.parameters():
        p.array[...] = rng.standard_normal(p.shape)
    model.generation = model.generation.but(min_length=seed)
    return model


def state(model):
    weights = {name: p.array.tobytes() for name, p in model.named_parameters()}
    return weights, model.config, model.generation


def die_at(chosen):
    """End this process, without any clean-up, at the call of the system with this number; give how many there were."""
    calls = []

    def counted(function):
        def call(*args, **kwargs):
            calls.append(function)
            if len(calls) == chosen:
                os._exit(9)
            return function(*args, **kwargs)

        return call

    for name in ("replace", "unlink", "fsync", "chmod", "open"):
        setattr(os, name, counted(getattr(os, name)))
    return calls


def save_and_die(model, folder, chosen, settings):
    calls = die_at(chosen)
    model.save_pretrained(folder, **settings)
    os._exit(0 if len(calls) < chosen else 1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is stopped in the middle of a save")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[pytest.mark.slow] if " over " not in kind else []) for kind in KINDS]
)
def test_a_save_that_is_killed_anywhere_leaves_the_old_model_or_the_new_one(kind, tmp_path):
    changes, before, after = KINDS[kind]
    old, new = model_of(1), model_of(2, **changes)
    settings = {"sha256": kind == "digests"} | ({} if after is None else {"max_shard_size": after})
    first = tmp_path / "first"
    old.save_pretrained(first, **({} if before is None else {"max_shard_size": before}), sha256=kind == "digests")
    found, chosen, code = [], 0, 9
    while code == 9:
        chosen += 1
        folder = tmp_path / str(chosen)
        shutil.copytree(first, folder)
        process = multiprocessing.get_context("fork").Process(
            target=save_and_die, args=(new, folder, chosen, settings)
        )  # fmt: skip
        process.start()
        process.join(60)
        code = process.exitcode
        read = state(GPT2.from_pretrained(folder))
        assert read in (state(old), state(new)), chosen
        found.append(read == state(new))
        new.save_pretrained(folder, **settings)  # the next save goes on from there, and leaves nothing behind
        assert state(GPT2.from_pretrained(folder)) == state(new)
        assert not [name for name in os.listdir(folder) if name.startswith(".")]
    assert code == 0
    assert len(found) > 10
    assert found == sorted(found)  # first the old one, and from one moment on the new one
    assert not found[0]
    assert found[-1]


def test_other_programs_find_no_model_where_a_save_was_stopped(tmp_path, monkeypatch):
    """They do not know the note: the old config.json is away before the first new file takes its place."""
    model_of(1).save_pretrained(tmp_path)
    real = os.replace

    def replace(source, target, **where):
        if os.path.basename(target) == "model.safetensors":
            raise OSError("stopped")
        real(source, target, **where)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(OSError, match=r"save_pretrained got (?s:.*)stopped(?s:.*)cure:"):
        model_of(2).save_pretrained(tmp_path)
    monkeypatch.undo()
    assert not (tmp_path / "config.json").exists()
    assert state(GPT2.from_pretrained(tmp_path)) == state(model_of(2))


def test_an_interrupt_before_the_files_count_leaves_nothing_behind(tmp_path, monkeypatch):
    model_of(1).save_pretrained(tmp_path)
    before = sorted(os.listdir(tmp_path))
    calls = []

    def fsync(file):
        calls.append(file)
        if len(calls) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(KeyboardInterrupt):
        model_of(2).save_pretrained(tmp_path)
    assert sorted(os.listdir(tmp_path)) == before
    assert state(GPT2.from_pretrained(tmp_path)) == state(model_of(1))


def test_what_others_put_into_the_folder_stays(tmp_path):
    model_of(1).save_pretrained(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    (tmp_path / ".mine.json.new").write_text("mine")
    model_of(2).save_pretrained(tmp_path, max_shard_size=1500)
    assert (tmp_path / "tokenizer.json").read_text() == "{}"
    assert (tmp_path / ".mine.json.new").read_text() == "mine"


@pytest.mark.parametrize("size", [None, 3000])
def test_the_shards_of_the_model_before_go(size, tmp_path):
    model_of(1).save_pretrained(tmp_path, max_shard_size=1500)
    (tmp_path / "model-00009-of-00009.safetensors").write_text("mine")
    index = json.loads((tmp_path / "model.safetensors.index.json").read_text())
    (tmp_path / "mine").write_text("mine")
    index["weight_map"]["x"] = "mine"
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    model_of(2).save_pretrained(tmp_path, **{"max_shard_size": size} if size else {})
    model_of(2).save_pretrained(tmp_path / "new", **{"max_shard_size": size} if size else {})
    expected = {p.name for p in (tmp_path / "new").iterdir()}
    assert {p.name for p in tmp_path.iterdir()} == {*expected, "new", "mine", "model-00009-of-00009.safetensors"}


def test_a_save_in_too_many_files_is_refused_before_anything_changes(tmp_path, monkeypatch):
    model_of(1).save_pretrained(tmp_path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    monkeypatch.setattr("tinygrad_tf.models.placing._NOTE", 500)
    with pytest.raises(ValueError, match="write a larger max_shard_size"):
        model_of(2).save_pretrained(tmp_path, max_shard_size=1)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_a_file_keeps_its_mode(tmp_path):
    model_of(1).save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").chmod(0o600)
    model_of(2).save_pretrained(tmp_path)
    assert stat.S_IMODE((tmp_path / "model.safetensors").stat().st_mode) == 0o600


def read_only(folder):
    (folder / "config.json").chmod(0o444)


def a_folder_in_the_way(folder):
    (folder / "generation_config.json").unlink()
    (folder / "generation_config.json").mkdir()


def a_file_in_place_of_the_folder(folder):
    shutil.rmtree(folder)
    folder.write_text("mine")


@pytest.mark.parametrize("hinder", [read_only, a_folder_in_the_way, a_file_in_place_of_the_folder])
def test_what_cannot_be_replaced_is_refused_before_anything_changes(hinder, tmp_path):
    folder = tmp_path / "model"
    model_of(1).save_pretrained(folder)
    hinder(folder)
    before = {file.name: file.stat().st_mtime_ns for file in tmp_path.rglob("*")}
    with pytest.raises(OSError, match=r"save_pretrained got (?s:.*)rule: (?s:.*)cure: "):
        model_of(2).save_pretrained(folder)
    assert {file.name: file.stat().st_mtime_ns for file in tmp_path.rglob("*")} == before


def a_checkpoint(folder):
    (folder / "model.safetensors").unlink(missing_ok=True)
    train.save_checkpoint(folder / "model.safetensors", nn.Linear(1, 1), step=99)


def a_file_of_save(folder):
    save({"w": np.ones(2)}, folder / "model.safetensors")


def weights_of_another_kind(folder):
    (folder / "model.safetensors").write_text("mine")


def a_configuration_of_another_program(folder):
    (folder / "config.json").write_text('{"editor.fontSize": 14}')


def a_text_called_like_it(folder):
    (folder / "config.json").write_text("{mine}")


@pytest.mark.parametrize("size", [5 * 10**9, 1500], ids=["one file", "shards"])
@pytest.mark.parametrize("make", [a_checkpoint, a_file_of_save, weights_of_another_kind,
                                  a_configuration_of_another_program, a_text_called_like_it])  # fmt: skip
def test_what_is_no_part_of_a_model_is_not_replaced(make, size, tmp_path):
    """Nor taken away, as model.safetensors is where shards come in its place."""
    make(tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(FileExistsError, match="it replaces only models"):
        model_of(2).save_pretrained(tmp_path, size)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


@pytest.mark.parametrize("size", [5 * 10**9, 1500], ids=["one file", "shards"])
def test_what_a_training_saves_there_while_it_is_written_is_not_replaced(size, tmp_path, monkeypatch):
    model_of(1).save_pretrained(tmp_path)
    before = (tmp_path / "config.json").read_bytes()
    as_before = placing.as_before

    def later(*given):
        a_checkpoint(tmp_path)
        as_before(*given)

    monkeypatch.setattr(placing, "as_before", later)
    with pytest.raises(FileExistsError, match="it replaces only models"):
        model_of(2).save_pretrained(tmp_path, size)
    assert train.load_checkpoint(tmp_path / "model.safetensors").step == 99
    assert (tmp_path / "config.json").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 3


def fewer_layers(model):
    model.transformer["h"].pop()


def another_layer(model):
    model.transformer["ln_f"] = nn.RMSNorm(8)


def a_part_more(model):
    model.extra = nn.Linear(2, 2)


def a_layer_around_another(model):
    block = model.transformer["h"][0]
    block.attn.c_attn = nn.Sequential(block.attn.c_attn, nn.Linear(24, 24))


def a_larger_vocabulary(model):
    model.lm_head.weight.array = np.ones((25, 8), "float32")


def another_config(model):
    model.config.n_layer = 2


def no_config(model):
    model.config.n_head = "x"


@pytest.mark.parametrize("alter", [fewer_layers, another_layer, a_part_more, a_layer_around_another,
                                   a_larger_vocabulary, another_config, no_config])  # fmt: skip
def test_what_could_not_be_read_again_does_not_replace_a_model(alter, tmp_path):
    model_of(1).save_pretrained(tmp_path)
    model = model_of(2)
    alter(model)
    with pytest.raises((RuntimeError, ValueError), match=r"got (missing|unexpected|mis-shaped|n_head)(?s:.*)cure: "):
        model.save_pretrained(tmp_path)
    assert state(GPT2.from_pretrained(tmp_path)) == state(model_of(1))


def test_two_models_of_one_configuration_that_was_changed_between_them_are_saved_as_they_are(tmp_path):
    config = GPT2Config(**OLD)
    first = GPT2(config).eval()
    config.n_head = 4
    GPT2(config).save_pretrained(tmp_path / "second")
    first.save_pretrained(tmp_path / "first")
    assert GPT2.from_pretrained(tmp_path / "first").config.n_head == 2
    np.testing.assert_array_equal(GPT2.from_pretrained(tmp_path / "first")(IDS).array, first(IDS).array)


def test_two_saves_at_once_are_one_after_the_other_or_refused(tmp_path):
    fcntl = pytest.importorskip("fcntl")
    model_of(1).save_pretrained(tmp_path)
    held = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    with pytest.raises(OSError, match="another process saves into it now"):
        model_of(2).save_pretrained(tmp_path)
    os.close(held)
    model_of(2).save_pretrained(tmp_path)


def test_a_folder_that_is_replaced_while_it_is_read_is_no_mixture(tmp_path, monkeypatch):
    from tinygrad_tf.models.folders import Folder

    model_of(1).save_pretrained(tmp_path)
    entries = Folder.entries

    def later(files):
        model_of(2, activation_function="relu").save_pretrained(tmp_path)
        return entries(files)

    monkeypatch.setattr(Folder, "entries", later)
    with pytest.raises(RuntimeError, match="was changed while it was read"):
        GPT2.from_pretrained(tmp_path)


def test_a_file_that_went_because_another_saves_is_not_called_missing(tmp_path, monkeypatch):
    model_of(1).save_pretrained(tmp_path, max_shard_size=1500)
    header = folders._header

    def later(file):
        monkeypatch.setattr(folders, "_header", header)
        model_of(2).save_pretrained(tmp_path)  # in one file: the shards go
        return header(file)

    monkeypatch.setattr(folders, "_header", later)
    with pytest.raises(RuntimeError, match="was changed while it was read"):
        GPT2.from_pretrained(tmp_path)


@pytest.mark.parametrize("moved", range(5))
def test_a_model_that_is_put_where_a_save_was_stopped_is_not_mixed_with_it(moved, tmp_path, monkeypatch):
    """By another program, which does not know the note, after so many files had moved."""
    folder, theirs = tmp_path / "folder", tmp_path / "theirs"
    model_of(1).save_pretrained(folder)
    model_of(3, activation_function="gelu").save_pretrained(theirs)
    stops = iter([False] * moved + [True])  # what is done once the note is there: files go and move
    for name in ("replace", "unlink"):
        monkeypatch.setattr(os, name, functools.partial(until_a_stop, getattr(os, name), stops, folder))
    with contextlib.suppress(KeyboardInterrupt):
        model_of(2, activation_function="relu").save_pretrained(folder)
    monkeypatch.undo()
    assert (folder / ".save_pretrained.json").exists()
    shutil.copytree(theirs, folder, dirs_exist_ok=True)
    for call in (GPT2.from_pretrained, model_of(1).save_pretrained):
        with pytest.raises(ValueError, match=r"another program wrote after a save that was stopped(?s:.*)cure: "):
            call(folder)
    for file in [p for p in folder.iterdir() if p.name.startswith(".")]:
        file.unlink()  # as the cure says
    assert state(GPT2.from_pretrained(folder)) == state(GPT2.from_pretrained(theirs))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="elsewhere a folder that is open cannot be renamed")
@pytest.mark.parametrize("size", [5 * 10**9, 1500], ids=["one file", "shards"])
@pytest.mark.parametrize("back", [False, True], ids=["another in its place", "and back"])
def test_a_folder_that_is_renamed_while_it_is_saved_is_no_mixture(back, size, tmp_path, monkeypatch):
    """At any call of the system; with ``back``, it is in its place again at the next one."""
    new, calls, chosen, rename = model_of(2), [0], 0, os.rename
    folder, away, others = tmp_path / "folder", tmp_path / "away", tmp_path / "others"

    def counted(call, *given, **where):
        calls[0] += 1
        if calls[0] == chosen:
            rename(folder, away)
            if not back:
                rename(others, folder)
        if back and calls[0] == chosen + 1 and not folder.exists():
            rename(away, folder)
        return call(*given, **where)

    while calls[0] >= chosen:
        calls[0], chosen = 0, chosen + 1
        for place, seed in ((folder, 1), (others, 3)):
            model_of(seed).save_pretrained(place, size)
        with monkeypatch.context() as patch:
            for name in ("replace", "unlink", "fsync", "chmod", "open", "stat"):
                patch.setattr(os, name, functools.partial(counted, getattr(os, name)))
            said = ""
            try:
                new.save_pretrained(folder, size)
            except OSError as problem:
                said = str(problem)
        if not folder.exists():
            away.rename(folder)
        there = [state(GPT2.from_pretrained(p)) for p in (folder, away) if p.exists()]
        wanted = [state(model_of(seed)) for seed in ((1, 2) if back or len(there) < 2 else (1, 2, 3))]
        assert all(each in wanted for each in there), chosen
        assert "cure:" in said or state(new) in there, chosen
        shutil.rmtree(away, ignore_errors=True)
        shutil.rmtree(folder)
    assert chosen > 30


def until_a_stop(real, stops, folder, *given, **where):
    if (folder / ".save_pretrained.json").exists() and next(stops):
        raise KeyboardInterrupt
    return real(*given, **where)


def test_a_note_of_which_nothing_waits_takes_nothing_away(tmp_path):
    """It was left at the end of a save, or with files that somebody removed: what is there now is another's."""
    model_of(2).save_pretrained(tmp_path, max_shard_size=1500)
    hostile_note(tmp_path, files=["a" * 300, "config.json"], gone=["model.safetensors.index.json"])
    for _ in range(2):
        assert state(GPT2.from_pretrained(tmp_path)) == state(model_of(2))
        placing.finish(placing.OpenFolder(tmp_path))
    assert not (tmp_path / ".save_pretrained.json").exists()


@pytest.mark.parametrize("sizes", [(None, 1500), (1500, None)], ids=["shards over a file", "a file over shards"])
def test_a_folder_with_the_weights_of_two_models_is_refused(sizes, tmp_path):
    """As `cp` leaves it, and transformers where it saves shards over a single file."""
    for seed, size in enumerate(sizes):
        model_of(seed).save_pretrained(tmp_path / str(seed), **({} if size is None else {"max_shard_size": size}))
    shutil.copytree(tmp_path / "1", tmp_path / "0", dirs_exist_ok=True)
    with pytest.raises(ValueError, match=r"weights of one model(?s:.*)cure: take away"):
        GPT2.from_pretrained(tmp_path / "0")
    for shard in (tmp_path / "0").glob("model-*"):
        shard.unlink()  # an index alone, as transformers leaves it beside a single file, leads nowhere
    with warnings.catch_warnings(record=True) as told:
        GPT2.from_pretrained(tmp_path / "0")
    assert len(told) == (sizes[0] is None)  # then generation_config.json is the other's


@pytest.mark.parametrize("size", [None, 1500], ids=["one file", "shards"])
@pytest.mark.parametrize("others", [{"activation_function": "relu"}, {}], ids=["another config", "the same"])
def test_a_copy_that_is_stopped_half_way_mixes_nothing_without_a_word(size, others, tmp_path):
    """As `cp`, `rsync` and `mv` of one model over another leave it: any of its files."""
    first, other, folder = (tmp_path / name for name in ("first", "other", "folder"))
    for place, seed, settings in ((first, 1, {}), (other, 2, others)):
        model_of(seed, **settings).save_pretrained(place, **({} if size is None else {"max_shard_size": size}))
    names = sorted(os.listdir(first))
    assert names == sorted(os.listdir(other))
    whole = [state(GPT2.from_pretrained(place)) for place in (first, other)]
    for chosen in range(2 ** len(names)):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(first, folder)
        for i, name in enumerate(names):
            if chosen >> i & 1:
                shutil.copy(other / name, folder)
        try:
            with warnings.catch_warnings(record=True) as told:
                read = state(GPT2.from_pretrained(folder))
        except ValueError as problem:
            told = re.findall("are of two saves(?s:.*)cure:", str(problem))
        assert told or read in whole, chosen


def test_a_save_that_was_stopped_and_half_of_which_is_copied_is_no_mixture(tmp_path, monkeypatch):
    folder = tmp_path / "folder"
    model_of(1).save_pretrained(folder, max_shard_size=1500)
    stops = iter([False, True])
    for name in ("replace", "unlink"):
        monkeypatch.setattr(os, name, functools.partial(until_a_stop, getattr(os, name), stops, folder))
    with contextlib.suppress(KeyboardInterrupt):
        model_of(2).save_pretrained(folder, max_shard_size=1500)
    monkeypatch.undo()
    next(folder.glob(".model-*.new")).unlink()  # the copy has not come to it
    with pytest.raises(ValueError, match=r"are of two saves(?s:.*)cure:"):
        GPT2.from_pretrained(folder)


def test_a_file_that_is_overwritten_in_its_place_while_it_is_read_shows_also_by_its_old_time(tmp_path, monkeypatch):
    """As `cp -p`, `tar` and `rsync --inplace` do it: the same file, the same size, and the time is set."""
    model_of(1).save_pretrained(tmp_path / "one")
    model_of(2).save_pretrained(tmp_path / "two")
    times = dict.fromkeys(os.listdir(tmp_path / "one"), (10**18, 10**18))
    for name, time in times.items():
        os.utime(tmp_path / "one" / name, ns=time)
    header = folders._header

    def later(file):
        found = header(file)
        for name, time in times.items():
            shutil.copyfile(tmp_path / "two" / name, tmp_path / "one" / name)
            os.utime(tmp_path / "one" / name, ns=time)
        return found

    monkeypatch.setattr(folders, "_header", later)
    with pytest.raises(RuntimeError, match="was changed while it was read"):
        GPT2.from_pretrained(tmp_path / "one")


def test_a_link_that_leads_elsewhere_meanwhile_mixes_nothing(tmp_path, monkeypatch):
    """As one that is called "latest": both a reader and a save stay where it led when they began."""

    def led():
        (tmp_path / "new").symlink_to("two")
        os.replace(tmp_path / "new", tmp_path / "latest")

    for seed, name in enumerate(("one", "two")):
        model_of(seed).save_pretrained(tmp_path / name)
    for module, function in ((folders, "_header"), (placing, "finish")):
        (tmp_path / "latest").unlink(missing_ok=True)
        (tmp_path / "latest").symlink_to("one")
        real = getattr(module, function)
        monkeypatch.setattr(module, function, lambda *given, real=real: (led(), real(*given))[1])
        if module is folders:
            assert state(GPT2.from_pretrained(tmp_path / "latest")) == state(model_of(0))
        else:
            model_of(3).save_pretrained(tmp_path / "latest")
    monkeypatch.undo()
    assert [state(GPT2.from_pretrained(tmp_path / name)) for name in ("one", "two")] == [
        state(model_of(3)), state(model_of(1))
    ]  # fmt: skip


def test_a_file_that_is_not_read_may_be_gone(tmp_path):
    """As a link that leads nowhere, or what another process takes away at that moment."""
    model_of(1).save_pretrained(tmp_path, max_shard_size=1500)
    (tmp_path / "old.safetensors").symlink_to("gone")
    assert state(GPT2.from_pretrained(tmp_path)) == state(model_of(1))


# ---- digests --------------------------------------------------------------------------------------------------------


def flip(file, bit=8):
    content = bytearray(file.read_bytes())
    content[-1] ^= bit
    file.write_bytes(content)


def test_a_changed_number_shows_by_a_digest_and_not_without(tmp_path):
    model_of(1).save_pretrained(tmp_path, sha256=True)
    flip(tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match=r"model.safetensors(?s:.*)SHA-256 digest is (?s:.*)SHA256SUMS"):
        GPT2.from_pretrained(tmp_path)
    (tmp_path / "SHA256SUMS").unlink()
    assert state(GPT2.from_pretrained(tmp_path)) != state(model_of(1))  # as the documentation says


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="there is no sha256sum here")
def test_the_digests_are_those_of_sha256sum(tmp_path):
    model_of(1).save_pretrained(tmp_path, sha256=True, max_shard_size=1500)
    subprocess.run(["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=tmp_path, check=True, capture_output=True)
    said = subprocess.run(["sha256sum", *os.listdir(tmp_path)], cwd=tmp_path, check=True, capture_output=True).stdout
    (tmp_path / "SHA256SUMS").write_bytes(said)
    assert state(GPT2.from_pretrained(tmp_path)) == state(model_of(1))


def test_the_digest_that_a_hub_shows_is_that_of_the_weights(tmp_path):
    import hashlib

    model_of(1).save_pretrained(tmp_path)
    digest = hashlib.sha256((tmp_path / "model.safetensors").read_bytes()).hexdigest()
    for given in (digest, digest.upper(), {"model.safetensors": digest}):
        GPT2.from_pretrained(tmp_path, sha256=given)
    for given in ("0" * 64, {"config.json": digest}):
        with pytest.raises(ValueError, match="SHA-256 digest is"):
            GPT2.from_pretrained(tmp_path, sha256=given)
    (tmp_path / "tokenizer.json").write_text("{}")  # which is not read
    with pytest.raises(ValueError, match=r"tokenizer.json(?s:.*)SHA-256 digest is"):
        GPT2.from_pretrained(tmp_path, sha256={"tokenizer.json": digest})
    for given in ("short", {"gone.json": digest}, {"config.json": 3}, 3, [digest], {3: digest}, {"../x": digest}):
        with pytest.raises(ValueError, match="64 hexadecimal digits"):
            GPT2.from_pretrained(tmp_path, sha256=given)


@pytest.mark.parametrize("line", [
    "{digest}  {folder}/model.safetensors", "{digest}  MODEL.safetensors", "{zeros}  config.json", "",
    "{zeros}  model.safetensors\n{digest}  model.safetensors", "{long}{zeros}  model.safetensors",
])  # fmt: skip
def test_digests_that_would_be_passed_over_are_refused(line, tmp_path):
    """Of a list that was made outside of the folder, under another name, twice, or too long to be read as a whole."""
    import hashlib

    model_of(1).save_pretrained(tmp_path)
    digest = hashlib.sha256((tmp_path / "model.safetensors").read_bytes()).hexdigest()
    long = f"{digest}  model.safetensors\n" * 5_951 + f"{digest}  {'x' * 105}\n"
    text = line.format(digest=digest, zeros="0" * 64, folder=tmp_path, long=long)
    (tmp_path / "SHA256SUMS").write_text(text + "\n" * bool(text))
    with pytest.raises(ValueError, match=r"(?s)SHA256SUMS.*cure: |config.json.*SHA-256"):
        GPT2.from_pretrained(tmp_path)


def test_a_save_renews_the_digests_and_keeps_those_of_other_files(tmp_path):
    model_of(1).save_pretrained(tmp_path, sha256=True)
    other = f"{'0' * 64}  tokenizer.json"
    (tmp_path / "SHA256SUMS").write_text((tmp_path / "SHA256SUMS").read_text() + other + "\n")
    model_of(2).save_pretrained(tmp_path)
    assert state(GPT2.from_pretrained(tmp_path)) == state(model_of(2))
    assert other in (tmp_path / "SHA256SUMS").read_text().splitlines()


def test_a_note_that_goes_before_it_is_opened_is_none(tmp_path, monkeypatch):
    model_of(1).save_pretrained(tmp_path)
    isfile = os.path.isfile
    monkeypatch.setattr(os.path, "isfile", lambda path: str(path).endswith("pretrained.json") or isfile(path))
    assert state(GPT2.from_pretrained(tmp_path)) == state(model_of(1))


@pytest.mark.parametrize("name", [b"  r\xe9sum\xe9.txt", "  a\u2028b\x0b\x0c\x85c".encode(), b"  a\tb", b" *\\"])
@pytest.mark.parametrize("mark", [b"", b"\\"], ids=["as it is", "escaped, as sha256sum does"])
def test_names_of_other_files_may_be_any_bytes(name, mark, tmp_path):
    other = mark + b"0" * 64 + name + b"\n"
    (tmp_path / "SHA256SUMS").write_bytes(other)
    model_of(2).save_pretrained(tmp_path)
    assert other in (tmp_path / "SHA256SUMS").read_bytes()
    assert state(GPT2.from_pretrained(tmp_path)) == state(model_of(2))


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "x" * 300], ids=["a zero", "half a pair", "too long"])
def test_a_folder_that_cannot_be_named_is_refused(name, tmp_path):
    with pytest.raises(OSError, match="save_pretrained got the folder") as caught:
        model_of(1).save_pretrained(tmp_path / name)
    assert "cure: " in str(caught.value)


# ---- what is read ---------------------------------------------------------------------------------------------------


def hostile_note(folder, **changes):
    note = {"id": "0" * 16, "files": ["config.json"], "gone": []} | changes
    (folder / ".save_pretrained.json").write_text(json.dumps(note))


@pytest.mark.parametrize("changes", [
    {"id": "../x"}, {"id": 3}, {"files": ["../config.json"]}, {"files": "config.json/"}, {"gone": ["/etc/passwd"]},
    {"gone": [None]}, {"files": None}, {"files": ["a\0b"]}, {"gone": [".."]},
])  # fmt: skip
def test_a_note_that_leads_out_of_the_folder_is_refused(changes, tmp_path):
    model_of(1).save_pretrained(tmp_path)
    hostile_note(tmp_path, **changes)
    for call in (GPT2.from_pretrained, model_of(2).save_pretrained):
        with pytest.raises(ValueError, match="which is damaged"):
            call(tmp_path)


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="this signal is Unix's")
def test_what_a_handler_of_a_signal_builds_while_a_model_is_read_has_values(tmp_path):
    model_of(1).save_pretrained(tmp_path)
    lines, built = run_struck(lambda: GPT2.from_pretrained(tmp_path)), []
    before = signal.signal(signal.SIGUSR1, lambda *_: built.append(nn.Linear(2, 1)))
    try:
        for line in range(0, lines, -(-lines // 20)):
            run_struck(lambda: GPT2.from_pretrained(tmp_path), line, lambda: signal.raise_signal(signal.SIGUSR1))
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert len(built) > 15
    assert all(layer.weight.array.any() for layer in built)


def test_loading_draws_no_random_numbers(tmp_path):
    from tinygrad_tf import random

    model_of(1).save_pretrained(tmp_path)
    before = random.get_state()
    GPT2.from_pretrained(tmp_path)
    assert random.get_state() == before


def test_generation_settings_are_part_of_the_whole(tmp_path):
    model = model_of(1)
    model.save_pretrained(tmp_path)
    model.generation = GenerationConfig(eos_token_id=None, max_new_tokens=np.int64(3))
    model.save_pretrained(tmp_path)
    assert GPT2.from_pretrained(tmp_path).generation.max_new_tokens == 3


HUGE = {
    "a vocabulary": {"vocab_size": 30_000_000}, "a layer's width": {"n_embd": 1_000_000}, "layers": {"n_layer": 10**6},
    "positions": {"n_positions": 10**9}, "an inner width": {"n_inner": 10**6},
}  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from Linux")
@pytest.mark.parametrize("case", HUGE)
def test_a_config_that_promises_more_than_the_files_hold_takes_no_memory(case, tmp_path):
    model_of(1).save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | HUGE[case]))
    program = (
        "import resource, time; from tinygrad_tf.models import GPT2\n"
        "def peak(): return [int(l.split()[1]) for l in open('/proc/self/status') if l.startswith('VmHWM')][0]\n"
        f"GPT2.from_pretrained({str(tmp_path / 'good')!r})\n"
        "before, start = peak(), time.process_time()\n"
        f"try: GPT2.from_pretrained({str(tmp_path)!r})\n"
        "except RuntimeError as problem: assert 'from_pretrained got' in str(problem)\n"
        "else: raise SystemExit('it was read')\n"
        "print(peak() - before, time.process_time() - start)\n"
    )
    model_of(1).save_pretrained(tmp_path / "good")
    said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    kilobytes, seconds = map(float, said.split())
    assert kilobytes < 20_000
    assert seconds < 5


def test_a_folder_that_may_not_be_entered_is_not_called_empty(tmp_path, monkeypatch):
    kept, real = str(tmp_path / "kept"), os.stat

    def refused(path, **how):
        if str(path).startswith(f"{kept}{os.sep}"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, **how)

    os.mkdir(kept)
    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", refused)
        with pytest.raises(PermissionError, match="Permission denied"):
            GPT2.from_pretrained(kept)
