"""A file is written whole or stays as it was: what cannot be written to is refused with one clear error."""

import builtins
import errno
import itertools
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from interrupted import run_struck

from tinygrad_tf import nn
from tinygrad_tf.contents import write_safetensors
from tinygrad_tf.errors import is_explained
from tinygrad_tf.files import check_writable, write_whole
from tinygrad_tf.train.saving import load_checkpoint, save_checkpoint

ROOT = Path(__file__).parents[2]
resource = pytest.importorskip("resource", reason="limits, rights, pipes and signals are Unix's")
pytest.importorskip("safetensors", reason='pip install "tinygrad_tf[train]"')


def write(path, text="new"):
    write_whole(path, lambda beside: beside.write_text(text))


# ---- what is no place for a file ------------------------------------------------------------------------------------


def a_folder(tmp):
    (tmp / "x").mkdir()
    return tmp / "x"


def a_pipe(tmp):
    os.mkfifo(tmp / "x")
    return tmp / "x"


def a_socket(tmp):
    short = Path(os.path.relpath(tmp / "x"))  # its path may have a hundred bytes
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(short))
    return tmp / "x"


def a_device(tmp):
    try:
        os.mknod(tmp / "x", 0o666 | stat.S_IFCHR, os.makedev(1, 3))  # as /dev/null, which a mistake would replace
    except PermissionError:
        pytest.skip("only root makes devices")
    return tmp / "x"


def links_in_a_circle(tmp):
    (tmp / "x").symlink_to(tmp / "y")
    (tmp / "y").symlink_to(tmp / "x")
    return tmp / "x"


def below_a_file(tmp):
    (tmp / "x").write_text("old")
    return tmp / "x" / "y"


def read_only(tmp):
    (tmp / "x").write_text("old")
    (tmp / "x").chmod(0o444)
    return tmp / "x"


def without_a_name(tmp):
    return Path("")


def too_long_a_name(tmp):
    return tmp / ("n" * 256)


def with_a_null_byte(tmp):
    return tmp / "a\0b"


def with_a_lone_surrogate(tmp):
    return tmp / "a\ud800b"


PLACES = [
    (a_folder, IsADirectoryError, "is a folder"),
    (a_pipe, OSError, "a device, a pipe or a socket"),
    (a_socket, OSError, "a device, a pipe or a socket"),
    (a_device, OSError, "a device, a pipe or a socket"),
    (links_in_a_circle, OSError, "symbolic links"),
    (below_a_file, NotADirectoryError, "Not a directory"),
    (read_only, PermissionError, "read-only"),
    (without_a_name, IsADirectoryError, "is a folder"),
    (too_long_a_name, OSError, "too long"),
    (with_a_null_byte, OSError, "Invalid argument"),
    (with_a_lone_surrogate, OSError, "Invalid argument"),
]


def names_below(folder):
    return sorted((str(p.relative_to(folder)), p.lstat().st_mode, p.lstat().st_ino) for p in folder.rglob("*"))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root sets such attributes")
def test_a_file_that_may_only_grow_is_refused_before_anything_is_written(tmp_path):
    path = tmp_path / "log"
    path.write_text("theirs")
    if shutil.which("chattr") is None or subprocess.run(["chattr", "+a", path], capture_output=True).returncode:
        pytest.skip("this file system has no such attribute")
    try:
        for way in (write, check_writable):
            with pytest.raises(PermissionError, match="read-only"):
                way(path)
    finally:
        subprocess.run(["chattr", "-a", path], check=True)
    assert [p.name for p in tmp_path.iterdir()] == ["log"]


@pytest.mark.parametrize("way", [write, check_writable, lambda path: save_checkpoint(path, nn.Linear(1, 1))],
                         ids=["written", "looked at", "saved"])  # fmt: skip
@pytest.mark.parametrize("place, kind, why", PLACES, ids=[place.__name__ for place, *_ in PLACES])
def test_what_is_no_place_for_a_file_is_refused(tmp_path, place, kind, why, way):
    path = place(tmp_path)
    before = names_below(tmp_path)
    with pytest.raises(kind, match=why) as caught:
        way(path)
    assert is_explained(caught.value)
    assert names_below(tmp_path) == before
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


# ---- what goes wrong while it is written ----------------------------------------------------------------------------


def raises(problem):
    def instead(*args, **kwargs):
        raise problem

    return instead


class SafetensorError(Exception):
    """As the package of that name raises it when a disk is full."""


FAILURES = [
    ("open", OSError(errno.EACCES, "x"), PermissionError, "rights"),
    ("open", OSError(errno.EROFS, "x"), OSError, "rights"),
    ("open", OSError(errno.ENOSPC, "x"), OSError, "room"),
    ("fsync", OSError(errno.ENOSPC, "x"), OSError, "room"),
    ("fsync", OSError(errno.EDQUOT, "x"), OSError, "room"),
    ("fsync", OSError(errno.EIO, "x"), OSError, "disk"),
    ("replace", OSError(errno.EPERM, "x"), PermissionError, "rights"),
    ("chmod", OSError(errno.EPERM, "x"), PermissionError, "rights"),
    ("write", OSError(errno.EFBIG, "x"), OSError, "ulimit"),
    ("write", SafetensorError("I/O error: No space left on device (os error 28)"), OSError, "room"),
]


@pytest.mark.parametrize("where, problem, kind, cure", FAILURES, ids=[f"{w}: {p}" for w, p, *_ in FAILURES])
def test_a_failure_leaves_the_old_file_and_is_explained(tmp_path, monkeypatch, where, problem, kind, cure):
    file = tmp_path / "file"
    file.write_text("old")
    if where == "write":
        how = raises(problem)
    else:
        how = lambda beside: beside.write_text("new")
        monkeypatch.setattr(os, where, raises(problem))
    with pytest.raises(kind) as caught:
        write_whole(file, how)
    monkeypatch.undo()
    assert is_explained(caught.value)
    assert cure in str(caught.value).split("cure:")[1]
    assert str(file) in str(caught.value)
    assert caught.value.errno == (28 if isinstance(problem, SafetensorError) else problem.errno)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("file", "old")]


def test_what_the_writer_itself_does_wrong_comes_out_as_it_is(tmp_path):
    with pytest.raises(ZeroDivisionError):
        write_whole(tmp_path / "file", lambda beside: 1 / 0)
    assert list(tmp_path.iterdir()) == []


def limited():
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


FULL = """
import sys
from tinygrad_tf import nn
from tinygrad_tf.contents import write_safetensors
from tinygrad_tf.train.saving import save_checkpoint
path = sys.argv[1]
save_checkpoint(path, nn.Linear(10, 10), step=1)
for look in (True, False):
    try:
        if look:
            from pathlib import Path
            from tinygrad_tf.files import check_writable
            check_writable(Path(path), 4_000_000)
        else:
            save_checkpoint(path, nn.Linear(1000, 1000), step=2)
    except OSError as problem:
        print(problem)
    else:
        print("written")
"""


def runs_full(path, **how):
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(ROOT)}, **how)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert load_checkpoint(path).step == 1
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    return done.stdout


def test_a_limit_for_the_size_of_files_is_told_before_and_after(tmp_path):
    assert runs_full(tmp_path / "m.safetensors", preexec_fn=limited).count("ulimit -f") == 2


def test_a_full_disk_is_told_before_and_after(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", disk], capture_output=True).returncode:
        pytest.skip("no small disk may be mounted here")
    try:
        assert runs_full(disk / "m.safetensors").count("make room on that disk") == 2
    finally:
        subprocess.run(["umount", disk], check=True)


# ---- what stays as it was -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o660, 0o200, 0o755])
def test_who_may_read_it_stays_as_it_was(tmp_path, mode):
    file = tmp_path / "file"
    file.write_text("old")
    file.chmod(mode)
    write(file)
    assert file.stat().st_mode & 0o7777 == mode


def test_what_only_one_may_read_is_never_readable_for_others(tmp_path):
    file, seen = tmp_path / "file", []
    file.write_text("old")
    file.chmod(0o600)
    write_whole(file, lambda beside: (beside.write_text("new"), seen.append(beside.stat().st_mode & 0o7777)))
    assert seen == [0o600]


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root gives files away")
def test_the_owner_stays_as_well(tmp_path):
    file = tmp_path / "file"
    file.write_text("old")
    os.chown(file, 12345, 54321)
    write(file)
    assert (file.stat().st_uid, file.stat().st_gid) == (12345, 54321)


def test_a_new_file_has_the_usual_rights(tmp_path):
    (tmp_path / "usual").write_text("")
    write(tmp_path / "file")
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize("name", ["n" * 255, "名" * 85, "a b\nc", "-rf", ".hidden", "\udcff.bin"])
def test_strange_names_are_names(tmp_path, name):
    write(tmp_path / name)
    write(tmp_path / name, "newer")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [(name, "newer")]


# ---- killed while writing -------------------------------------------------------------------------------------------


def kills(tmp_path, most):
    """A save over an older file, killed at one line after the other; what is left, and how many kills there were."""
    path = tmp_path / "folder" / "m.safetensors"
    model = nn.Linear(3, 2)
    save_checkpoint(path, model, step=1)
    first = path.read_bytes()
    save_checkpoint(tmp_path / "second", model, step=2)
    second = (tmp_path / "second").read_bytes()
    total = run_struck(lambda: save_checkpoint(path, model, step=2))
    seen, n = set(), 0
    for line in itertools.count(0, -(-total // most)):
        path.write_bytes(first)
        child = os.fork()
        if child == 0:
            run_struck(lambda: save_checkpoint(path, model, step=2), line, lambda: os.kill(os.getpid(), 9))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert path.read_bytes() in (first, second)
        seen.add(path.read_bytes() == second)
        left = [p.name for p in path.parent.iterdir() if p != path]
        assert len(left) <= 1  # of the run before: each save removes what others left
        if not os.WIFSIGNALED(status):  # it has fewer lines
            break
        n += 1
    save_checkpoint(path, model, step=3)
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    assert seen == {True, False}
    return n


@pytest.mark.parametrize("most", [40, pytest.param(10_000, marks=pytest.mark.slow)], ids=["some", "all"])
def test_a_save_that_is_killed_at_any_line_leaves_the_old_file_or_the_new(tmp_path, most):
    print(f"{kills(tmp_path, most)} kills")


def test_a_save_that_is_killed_while_it_writes_leaves_nothing_behind_for_ever(tmp_path):
    """What is left is removed by the next save: it is a file of ours, and not of the package that reads it."""
    path, big = tmp_path / "m.safetensors", nn.Linear(2000, 2000)
    save_checkpoint(path, nn.Linear(1, 1), step=1)
    left = 0
    for moment in range(8):
        child = os.fork()
        if child == 0:
            while True:
                save_checkpoint(tmp_path / "m.safetensors", big, step=1)
        time.sleep(0.05 + 0.013 * moment)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        left += len(list(tmp_path.iterdir())) - 1
    assert left
    save_checkpoint(path, big, step=2)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_save_by_another_does_not_take_a_checkpoint_away_that_is_written(tmp_path, monkeypatch):
    path, fsync, others = tmp_path / "m.safetensors", os.fsync, []

    def slowly(descriptor):
        if not others:
            others.append(1)
            save_checkpoint(path, nn.Linear(1, 1), step=1)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", slowly)
    save_checkpoint(path, nn.Linear(1, 1), step=2)
    assert load_checkpoint(path).step == 2
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_arrays_are_written_as_the_package_writes_them(tmp_path):
    package = pytest.importorskip("safetensors.numpy")
    rng = np.random.default_rng(0)
    types, letters = (
        ["u8", "i8", "f8", "f4", "u4", "i4", "f2", "u2", "i2", "i1", "u1", "?"],
        'AB"\\/\n\x01\x7f\u4e00\U0001f600',
    )
    for _ in range(100):
        arrays = {}
        for dtype in rng.choice(types, rng.integers(0, 8)):
            shape = tuple(rng.integers(0, 4, rng.integers(0, 4)))
            arrays["".join(rng.choice([*letters], 3))] = np.asarray(100 * rng.random(shape)).astype(dtype)
        package.save_file(arrays, tmp_path / "theirs", {"a": letters})
        write_safetensors(arrays, tmp_path / "ours", {"a": letters})
        assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()


def test_what_another_is_writing_is_not_removed(tmp_path):
    file = tmp_path / "file"
    seen = []

    def first(beside):
        beside.write_text("first")
        code = "import sys; from pathlib import Path; from tinygrad_tf.files import write_whole\n"
        code += "write_whole(Path(sys.argv[1]), lambda beside: beside.write_text('second'))"
        subprocess.run([sys.executable, "-c", code, str(file)], check=True,
                       env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip
        seen.append(beside.read_text())

    write_whole(file, first)
    assert seen == ["first"]
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("file", "first")]


def test_files_of_others_with_similar_names_stay(tmp_path):
    names = [".file.tmp", ".file.0123456789abcdef.bak", ".file2.0123456789abcdef.tmp", "file.0123456789abcdef.tmp",
             ".file.0123456789abcde.tmp", ".file.0123456789ABCDEF.tmp"]  # fmt: skip
    for name in [*names, ".file.0123456789abcdef.tmp"]:
        (tmp_path / name).write_text("theirs")
    (tmp_path / ".file.fedcba9876543210.tmp").mkdir()
    write(tmp_path / "file")
    assert {p.name for p in tmp_path.iterdir()} == {*names, "file", ".file.fedcba9876543210.tmp"}


# ---- reading --------------------------------------------------------------------------------------------------------


def test_a_file_that_may_not_be_read_is_not_called_damaged(tmp_path, monkeypatch):
    save_checkpoint(tmp_path / "m", nn.Linear(1, 1))
    monkeypatch.setattr(builtins, "open", raises(OSError(errno.EACCES, "x")))
    with pytest.raises(PermissionError, match="Permission denied") as caught:
        load_checkpoint(tmp_path / "m")
    monkeypatch.undo()
    assert is_explained(caught.value)
    assert "damaged" not in str(caught.value)


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileNotFoundError, match="there is no file"):
        load_checkpoint(tmp_path / "pipe")


def test_the_check_leaves_the_old_file_alone(tmp_path):
    save_checkpoint(tmp_path / "m", nn.Linear(1, 1))
    before = names_below(tmp_path)
    check_writable(tmp_path / "m", 100)
    assert names_below(tmp_path) == before
    assert np.isfinite(load_checkpoint(tmp_path / "m").model["weight"]).all()
