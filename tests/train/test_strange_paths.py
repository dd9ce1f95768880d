"""Where a checkpoint lies, and what becomes of that place meanwhile: nothing is lost, moved or taken from others."""

import errno
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("safetensors", reason='pip install "tinygrad_tf[train]"')
if os.name == "nt":
    pytest.skip("mounts, forks and limits are Unix's", allow_module_level=True)

import tinygrad_tf
from tinygrad_tf import Tensor, graph, locks, nn, optim
from tinygrad_tf.errors import is_explained
from tinygrad_tf.files import check_writable
from tinygrad_tf.models import GPT2, GPT2Config
from tinygrad_tf.train import keeping
from tinygrad_tf.train.keeping import CheckpointFile
from tinygrad_tf.train.saving import load_checkpoint, save_checkpoint, write_checkpoint

ROOT = Path(__file__).parents[2]
NET = nn.Linear(1, 1)


def steps(folder):
    return {p.name: load_checkpoint(p).step for p in folder.iterdir() if p.is_file()}


def second(path):
    """What a second training on the same path is told."""
    code = "import sys; from tinygrad_tf.train.keeping import CheckpointFile\n"
    code += "with CheckpointFile(sys.argv[1], overwrite=True): print('it writes')"
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(ROOT)})  # fmt: skip
    return done.stdout + done.stderr


# ---- what happens to the place between two saves --------------------------------------------------------------------


def test_a_program_that_goes_to_another_folder_saves_in_the_first(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    with CheckpointFile("m.safetensors", keep=2) as file:
        file.save(NET, step=1)
        monkeypatch.chdir(tmp_path)
        file.save(NET, step=2)
    assert steps(tmp_path / "a") == {"m.safetensors": 2, "m.step1.safetensors": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_path_through_a_folder_that_is_not_there_replaces_nothing(tmp_path):
    """The system finds no file at such a path, and what is written would come to one."""
    for name in ("m.safetensors", "m.py"):
        (tmp_path / name).write_text("theirs")
    around = tmp_path / "new" / ".."
    with pytest.raises(FileExistsError), CheckpointFile(around / "m.safetensors"):
        pass
    loss = (Tensor([1.0], requires_grad=True) ** 2).sum()
    loss.backward(retain_graph=True)
    with pytest.raises(FileExistsError):
        graph.program(loss).save(around / "m.py")
    assert (tmp_path / "m.safetensors").read_text() == (tmp_path / "m.py").read_text() == "theirs"
    shutil.rmtree(tmp_path / "new")
    save_checkpoint(around / "other.safetensors", NET, step=3)
    assert load_checkpoint(around / "other.safetensors").step == 3


def test_a_program_without_a_folder_is_told(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a")
    (tmp_path / "a").rmdir()
    with pytest.raises(FileNotFoundError) as caught:
        CheckpointFile("m.safetensors")
    assert is_explained(caught.value)


def backwards(path, step):
    os.utime(path, (1e9 - step, 1e9 - step))


def test_the_newest_are_kept_where_the_clock_goes_backwards(tmp_path):
    path = tmp_path / "m.safetensors"
    for start in (1, 5):  # stopped once, and resumed
        file = CheckpointFile(path, keep=3)
        if start > 1:
            file.adopt(file.load())
        with file:
            for step in range(start, start + 4):
                file.save(NET, step=step)
                backwards(path, step)
                file.adopt(file.load())
    assert steps(tmp_path) == {"m.safetensors": 8, "m.step6.safetensors": 6, "m.step7.safetensors": 7}


@pytest.mark.parametrize("copied", [True, False], ids=["a copy by hand", "another training"])
def test_what_is_only_called_like_a_kept_one_stays_when_a_training_goes_on(copied, tmp_path):
    path, theirs = tmp_path / "m.safetensors", tmp_path / "m.step2.safetensors"
    with CheckpointFile(path, keep=2) as file:
        for step in (1, 2):
            file.save(NET, step=step)
    if copied:
        shutil.copy2(path, theirs)
    else:
        save_checkpoint(theirs, nn.Linear(3, 3), step=2)
    before = theirs.read_bytes()
    file = CheckpointFile(path, keep=2)
    file.adopt(file.load())
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "the checkpoint of step 2 is not kept")
        with file:
            for step in (3, 4, 5):
                file.save(NET, step=step)
    assert theirs.read_bytes() == before
    assert steps(tmp_path) == {"m.safetensors": 5, "m.step4.safetensors": 4, "m.step2.safetensors": 2}


@pytest.mark.parametrize("ours", [False, True], ids=["before", "in its place"])
def test_a_checkpoint_of_the_same_step_that_another_wrote_stays(ours, tmp_path):
    theirs = tmp_path / "m.step1.safetensors"
    with CheckpointFile(tmp_path / "m.safetensors", keep=2) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file.save(NET, step=1)
        if ours:
            file.save(NET, step=2)
        save_checkpoint(theirs, NET, step=1, notes={"whose": "theirs"})
        for step in range(2 + ours, 6):
            file.save(NET, step=step)
    assert load_checkpoint(theirs).notes == {"whose": "theirs"}
    assert steps(tmp_path) == {"m.safetensors": 5, "m.step4.safetensors": 4, theirs.name: 1}


def test_what_comes_while_a_kept_one_is_copied_stays(tmp_path, monkeypatch):
    """On a disk without links it takes its time."""
    copy, theirs = shutil.copy2, tmp_path / "m.step1.safetensors"

    def no_links(*_):
        raise PermissionError(errno.EPERM, "no links here")

    def slowly(*given):
        copy(*given)
        theirs.write_text("mine")

    monkeypatch.setattr(os, "link", no_links)
    monkeypatch.setattr(shutil, "copy2", slowly)
    with CheckpointFile(tmp_path / "m.safetensors", keep=2) as file:
        file.save(NET, step=1)
        with pytest.warns(UserWarning, match="the checkpoint of step 1 is not kept"):
            file.save(NET, step=2)
    assert theirs.read_text() == "mine"
    assert load_checkpoint(tmp_path / "m.safetensors").step == 2


def test_a_training_whose_folder_was_renamed_leaves_the_place_to_the_next_one(tmp_path):
    """Which begins in a new folder of that name, and has not saved yet when the first one saves again."""
    folder = tmp_path / "run"
    first, second = (CheckpointFile(folder / "m.safetensors", keep=2) for _ in range(2))
    with first:
        first.save(NET, step=1)
        folder.rename(tmp_path / "old")
        with second:
            with pytest.warns(UserWarning, match="is now somebody else's file"):
                first.save(NET, step=2)
            for step in (11, 12):
                second.save(NET, step=step)
        first.save(NET, step=3)
    assert load_checkpoint(tmp_path / "old/m.safetensors").step == 1
    assert steps(folder) == {"m.safetensors": 12, "m.step11.safetensors": 11,
                             "m.step2.safetensors": 3, "m.step2.step2.safetensors": 2}  # fmt: skip


def test_a_training_whose_folder_was_renamed_and_made_anew_is_alone_there(tmp_path):
    path = tmp_path / "run/m.safetensors"
    with CheckpointFile(path) as first:
        path.parent.rename(tmp_path / "old")
        path.parent.mkdir()
        first.save(NET, step=1)
        with pytest.raises(BlockingIOError), CheckpointFile(path):
            pass
    assert steps(path.parent) == {"m.safetensors": 1}
    assert not [*path.parent.glob(".*")]


def test_a_second_name_of_the_file_keeps_what_it_had(tmp_path):
    with CheckpointFile(tmp_path / "m.safetensors") as file:
        file.save(NET, step=1)
        os.link(tmp_path / "m.safetensors", tmp_path / "best")
        file.save(NET, step=2)
    assert steps(tmp_path) == {"m.safetensors": 2, "best": 1}


def test_a_file_in_place_of_the_folder_is_a_warning_and_no_end(tmp_path):
    folder = tmp_path / "folder"
    with CheckpointFile(folder / "m.safetensors") as file:
        file.save(NET, step=1)
        for each in folder.iterdir():
            each.unlink()
        folder.rmdir()
        folder.write_text("Dear diary")
        with pytest.warns(UserWarning, match="a file stands where a folder is needed"):
            assert not file.try_save(NET, None, None, 2)
    assert folder.read_text() == "Dear diary"


@pytest.mark.parametrize("make", [os.mkdir, lambda lock: os.symlink("theirs", lock),
                                  lambda lock: os.symlink(lock, lock)], ids=["folder", "link", "loop"])  # fmt: skip
def test_what_stands_in_place_of_the_lock_is_named(make, tmp_path):
    make(tmp_path / ".m.lock")
    with pytest.raises(OSError, match=r"\.m\.lock', which is a folder or a link and no file(?s:.*)move it away"):
        CheckpointFile(tmp_path / "m").__enter__()
    assert [p.name for p in tmp_path.iterdir()] == [".m.lock"]


def copied(path):
    shutil.copy(path, path.with_name("copy"))
    os.replace(path.with_name("copy"), path)


@pytest.mark.parametrize("act", [lambda path: os.utime(path, (1, 1)), copied], ids=["touched", "put back"])
def test_what_holds_what_we_wrote_is_ours(act, tmp_path):
    """Backups put files back, and on some disks of networks and containers a file looks another each time."""
    path = tmp_path / "m.safetensors"
    with CheckpointFile(path) as file:
        file.save(NET, step=1)
        act(path)
        file.save(NET, step=2)
        act(path)
    with file:
        pass
    assert steps(tmp_path) == {"m.safetensors": 2}


def test_what_is_written_into_the_file_shows_also_by_its_old_time(tmp_path):
    """As `cp -p`, `tar` and `rsync --inplace` do it: another training's, of the same size, and the time is set."""
    path, theirs = tmp_path / "m.safetensors", tmp_path / "theirs"
    save_checkpoint(theirs, nn.Linear(1, 1), step=1)
    with CheckpointFile(path) as file:
        file.save(NET, step=1)
        assert path.stat().st_size == theirs.stat().st_size
        before = path.stat()
        with open(path, "rb+") as opened:
            opened.write(theirs.read_bytes())
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        with pytest.warns(UserWarning, match="is now somebody else's file"):
            file.save(NET, step=2)
    assert path.read_bytes() == theirs.read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="two files change places on Linux alone")
@pytest.mark.parametrize("number", [1, 2])
def test_a_file_that_comes_when_it_was_looked_at_stays(number, tmp_path, monkeypatch):
    """Between the last look at the place and the call that puts the new file there."""
    path, looked, look = tmp_path / "m.safetensors", [], CheckpointFile._check_place

    def check(self):
        look(self)
        looked.append(1)
        if len(looked) == number:
            (tmp_path / "theirs").write_text("Dear diary")
            os.replace(tmp_path / "theirs", path)

    monkeypatch.setattr(CheckpointFile, "_check_place", check)
    with warnings.catch_warnings(record=True) as told, CheckpointFile(path) as file:
        warnings.simplefilter("always")
        for step in range(1, 3):
            file.save(NET, step=step)
    assert "is now somebody else's file" in str(told[0].message)
    assert path.read_text() == "Dear diary"
    assert load_checkpoint(file.path).step == 2
    assert len(list(tmp_path.iterdir())) == 2


LINKS = {"a device": "/dev/null", "itself": "m.safetensors", "a text": "elsewhere/diary", "a copy": "elsewhere/copy"}


@pytest.mark.parametrize("to", LINKS)
def test_where_somebody_puts_a_link_the_training_stays_in_its_folder(to, tmp_path):
    path, elsewhere = tmp_path / "m.safetensors", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "diary").write_text("Dear diary")
    with CheckpointFile(path) as file:
        file.save(NET, step=1)
        shutil.copy(path, elsewhere / "copy")
        path.unlink()
        path.symlink_to(LINKS[to])
        with pytest.warns(UserWarning, match="is now somebody else's file"):
            file.save(NET, step=2)
    assert file.path == tmp_path / "m.step2.safetensors"
    assert load_checkpoint(file.path).step == 2
    assert {p.name for p in elsewhere.iterdir()} == {"diary", "copy"}
    assert load_checkpoint(elsewhere / "copy").step == 1


@pytest.mark.parametrize("theirs", [False, True], ids=["nothing there", "a checkpoint there"])
@pytest.mark.parametrize("when", ["between two saves", "while it is saved"])
def test_where_a_folder_s_link_leads_elsewhere_the_training_stays_in_its_folder(when, theirs, tmp_path, monkeypatch):
    """As one that is called "latest", and that the next training sets."""
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    latest = tmp_path / "latest"
    latest.symlink_to("first")

    def switch(*given):
        latest.unlink()
        latest.symlink_to("second")
        if theirs:
            save_checkpoint(latest / "m.safetensors", NET, step=9)

    def switched(*given):
        monkeypatch.undo()
        switch()
        write_checkpoint(*given)

    with CheckpointFile(latest / "m.safetensors", keep=2) as file:
        file.save(NET, step=1)
        if when == "between two saves":
            switch()
        else:
            monkeypatch.setattr(keeping, "write_checkpoint", switched)
        for step in (2, 3):
            file.save(NET, step=step)
    assert steps(tmp_path / "first") == {"m.safetensors": 3, "m.step2.safetensors": 2}
    assert steps(tmp_path / "second") == ({"m.safetensors": 9} if theirs else {})


@pytest.mark.parametrize("length", [200, 240, 250, 255])
@pytest.mark.parametrize("letter", ["n", "名", "\udcff"], ids=["n", "name", "bytes"])
def test_names_of_any_length_are_kept_and_given_way(letter, length, tmp_path):
    end = ".safetensors"
    name = letter * ((length - len(end)) // len(os.fsencode(letter))) + end
    with CheckpointFile(tmp_path / name, keep=2) as file:
        file.save(NET, step=1)
        file.save(NET, step=2)
        (tmp_path / name).write_text("theirs")
        with pytest.warns(UserWarning, match="is now somebody else's file"):
            file.save(NET, step=3)
        last = file.path
    assert (tmp_path / name).read_text() == "theirs"
    (tmp_path / name).unlink()
    assert sorted(steps(tmp_path).values()) == [1, 3]
    assert load_checkpoint(last).step == 3


def test_threads_that_save_the_same_training_take_turns(tmp_path):
    def save(first):
        for step in range(first, 40, 4):
            file.save(net, step=step)

    net = nn.Linear(50, 50)
    with CheckpointFile(tmp_path / "m", keep=2) as file, ThreadPoolExecutor(4) as pool:
        list(pool.map(save, range(4)))
    assert file.path == tmp_path / "m"
    assert len(steps(tmp_path)) == 2


# ---- forks, limits, rights ------------------------------------------------------------------------------------------


def test_a_lock_that_a_full_disk_does_not_take_ends_no_training(tmp_path, monkeypatch):
    """A disk of a network may say so when the file is closed."""
    close = os.close

    def closing(descriptor):
        lock = os.path.exists(beside) and os.path.samestat(os.fstat(descriptor), os.stat(beside))
        close(descriptor)
        if lock:
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    beside = tmp_path / ".m.lock"
    monkeypatch.setattr(locks, "_remove", lambda beside: None)  # so that it is there to be known
    with CheckpointFile(tmp_path / "m") as file:
        file.save(NET, step=1)
        monkeypatch.setattr(os, "close", closing)
    assert file.step == 1


def test_a_child_of_a_training_does_not_take_its_lock_away(tmp_path):
    path = tmp_path / "m.safetensors"
    with CheckpointFile(path) as file:
        file.save(NET, step=1)
        child = os.fork()
        if child == 0:
            try:
                file.__exit__()
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
        assert "one training at a time writes to a file" in second(path)
    assert steps(tmp_path) == {"m.safetensors": 1}


def test_what_a_child_of_a_training_saves_is_not_replaced(tmp_path):
    with CheckpointFile(tmp_path / "m.safetensors") as file:
        child = os.fork()
        if child == 0:
            file.save(NET, step=7)
            os._exit(0)
        os.waitpid(child, 0)
        with pytest.warns(UserWarning, match="is now somebody else's file"):
            file.save(NET, step=2)
    assert steps(tmp_path) == {"m.safetensors": 7, "m.step2.safetensors": 2}


def test_a_child_that_is_forked_while_a_thread_saves_does_not_wait_for_it(tmp_path, monkeypatch):
    begun = threading.Event()
    monkeypatch.setattr(keeping, "write_checkpoint", lambda *x: (begun.set(), time.sleep(0.3), write_checkpoint(*x)))
    with CheckpointFile(tmp_path / "m") as file, ThreadPoolExecutor(1) as pool:
        pool.submit(file.save, NET, step=1)
        begun.wait()
        child = os.fork()
        if child == 0:
            signal.alarm(10)
            with CheckpointFile(tmp_path / "child") as own:
                own.save(NET, step=2)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
    assert steps(tmp_path) == {"m": 1, "child": 2}


def test_no_more_files_may_be_opened(tmp_path):
    resource = pytest.importorskip("resource")
    before, held = resource.getrlimit(resource.RLIMIT_NOFILE), []
    with CheckpointFile(tmp_path / "m.safetensors") as file:
        file.save(NET, step=1)
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, before[1]))
        try:
            while True:
                held.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            with pytest.warns(UserWarning, match="ulimit -n"):
                assert not file.try_save(NET, None, None, 2)
        finally:
            for descriptor in held:
                os.close(descriptor)
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        assert file.try_save(NET, None, None, 2)
    assert steps(tmp_path) == {"m.safetensors": 2}


SHORT = """
import resource, sys, warnings
import safetensors.numpy
from tinygrad_tf import nn
from tinygrad_tf.train.keeping import CheckpointFile
from tinygrad_tf.train.saving import load_checkpoint
path, more = sys.argv[1], int(sys.argv[2])
with CheckpointFile(path) as file:
    net = nn.Linear(2500, 2000)
    file.save(net, step=1)
    now = next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmSize"))
    resource.setrlimit(resource.RLIMIT_AS, (now + more * 20_000_000 // 4, -1))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        print("saved" if file.try_save(net, None, None, 2) else f"not saved: {caught[0].message}")
    try:
        load_checkpoint(path)
    except (MemoryError, OSError) as problem:
        print(problem)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited as Linux does it")
@pytest.mark.parametrize("quarters", [2, 5, 7, 9, 11])
def test_where_memory_is_short_a_save_fails_and_the_program_goes_on(quarters, tmp_path):
    """The limit leaves room for so many quarters of the parameters."""
    command = [sys.executable, "-c", SHORT, str(tmp_path / "m"), str(quarters)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert steps(tmp_path) == {"m": 2 if done.stdout.startswith("saved") else 1}


@pytest.fixture
def mounted(tmp_path):
    """A file that is a mount of its own, as containers have it. Its name has what the system's list escapes."""
    source, path = tmp_path / "source", tmp_path / "m \\.safetensors"
    save_checkpoint(source, NET, step=1)
    path.touch()
    if subprocess.run(["mount", "--bind", source, path], capture_output=True).returncode:
        pytest.skip("nothing may be mounted here")
    yield path
    subprocess.run(["umount", path], check=True)


def test_a_file_that_is_mounted_is_told_before_the_first_step(mounted):
    with pytest.raises(OSError, match="mount the folder that it lies in"):
        CheckpointFile(mounted, overwrite=True).__enter__()
    assert load_checkpoint(mounted).step == 1


def test_a_file_that_is_cut_off_while_it_is_looked_at_ends_no_program(tmp_path):
    """It was mapped into memory, where what is gone is a SIGBUS, which ends the process."""
    path = tmp_path / "m.safetensors"
    save_checkpoint(path, nn.Linear(300, 300))
    content, looker = path.read_bytes(), os.fork()
    if looker == 0:
        try:
            while True:
                keeping.step_of(path)
        finally:
            os._exit(0)
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        path.write_bytes(content)
    there = os.waitpid(looker, os.WNOHANG)[0] == 0
    if there:
        os.kill(looker, signal.SIGKILL)
        os.waitpid(looker, 0)
    assert there


def test_a_folder_with_a_file_that_is_mounted_stays_as_it_is(tmp_path):
    pretrained = GPT2(GPT2Config(20, 16, 8, 1, 2))
    pretrained.save_pretrained(tmp_path)
    place = tmp_path / "config.json"
    if subprocess.run(["mount", "--bind", place, place], capture_output=True).returncode:
        pytest.skip("nothing may be mounted here")
    try:
        before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
        with pytest.raises(OSError, match="mount the folder that it lies in"):
            GPT2(GPT2Config(20, 16, 8, 2, 2)).save_pretrained(tmp_path)
        assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root becomes somebody else")
def test_a_file_of_others_in_a_folder_for_all_is_told_before_the_first_step():
    with tempfile.TemporaryDirectory() as place:  # which others reach, as they do not reach that of the tests
        path = Path(place) / "m"
        os.chmod(place, 0o1777)
        save_checkpoint(path, NET)
        path.chmod(0o666)
        os.seteuid(12345)
        try:
            with pytest.raises(PermissionError, match="each may replace only his own"):
                check_writable(path)
        finally:
            os.seteuid(0)


@pytest.mark.parametrize("save", [lambda p: save_checkpoint(p / "model.safetensors", NET),
                                  lambda p: GPT2(GPT2Config(20, 16, 8, 1, 2)).save_pretrained(p)],
                         ids=["checkpoint", "folder"])  # fmt: skip
def test_attributes_stay_as_they_were(save, tmp_path):
    """Who else may read and write a file is such an attribute."""
    save(tmp_path)
    try:
        os.setxattr(tmp_path / "model.safetensors", "user.note", b"mine")
    except (OSError, AttributeError):
        pytest.skip("files have no attributes here")
    save(tmp_path)
    assert os.getxattr(tmp_path / "model.safetensors", "user.note") == b"mine"


NO_PATHS = {
    "bytes": b"m", "a number": 2, "a truth value": True, "nothing": None, "text": io.StringIO(), "a list": ["m"],
}  # fmt: skip
USERS = {
    "save_checkpoint": lambda path: save_checkpoint(path, NET),
    "load_checkpoint": load_checkpoint,
    "CheckpointFile": CheckpointFile,
    "save_pretrained": lambda path: GPT2(GPT2Config(20, 16, 8, 1, 2)).save_pretrained(path),
    "from_pretrained": GPT2.from_pretrained,
    "save": lambda path: tinygrad_tf.save({}, path),
    "load": tinygrad_tf.load,
}


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("kind", NO_PATHS)
def test_what_is_no_path_is_told_and_no_file_that_is_open_is_closed(user, kind, tmp_path, monkeypatch):
    """Python takes a number for a file that is open, and True for the standard output."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TypeError) as caught:
        USERS[user](NO_PATHS[kind])
    assert any(words in str(caught.value) for words in ("is a text", "it writes bytes", "it reads bytes"))
    os.fstat(1), os.fstat(2)
    assert list(tmp_path.iterdir()) == []


# ---- what is put in -------------------------------------------------------------------------------------------------


class Pair(nn.Module):
    def __init__(self, tied):
        super().__init__()
        self.a, self.b = nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False)
        if tied:
            self.b.weight = self.a.weight


def test_two_values_are_not_put_into_one_parameter(tmp_path):
    save_checkpoint(tmp_path / "apart", Pair(False))
    tied = Pair(True)
    before = tied.a.weight.array.copy()
    with pytest.raises(RuntimeError, match=r"different values for 'a\.weight' and 'b\.weight'"):
        load_checkpoint(tmp_path / "apart").restore(tied)
    assert np.array_equal(tied.a.weight.array, before)
    save_checkpoint(tmp_path / "tied", tied)
    apart = Pair(False)
    for model in (apart, Pair(True)):
        load_checkpoint(tmp_path / "tied").restore(model)
        assert np.array_equal(model.b.weight.array, before)


def test_what_is_known_of_a_parameter_does_not_go_to_another_of_its_shape(tmp_path):
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    optimizer = optim.Adam(net.parameters())
    for p in net.parameters():
        p.grad = Tensor(np.ones(p.shape, np.float32))
    optimizer.step()
    save_checkpoint(tmp_path / "m", net, optimizer)
    other = optim.Adam([*net[1].parameters(), *net[0].parameters()])
    with pytest.raises(ValueError, match="in another order"):
        load_checkpoint(tmp_path / "m").restore(net, other)
    assert other.state_dict()["state"] == {}
    load_checkpoint(tmp_path / "m").restore(net, optimizer)


def test_gradients_of_a_step_that_was_begun_are_not_added_to_the_next(tmp_path):
    net = nn.Linear(2, 1)
    optimizer = optim.SGD(net.parameters(), lr=1.0)
    save_checkpoint(tmp_path / "m", net, optimizer)
    net(Tensor(np.ones((1, 2)))).sum().backward()
    load_checkpoint(tmp_path / "m").restore(net, optimizer)
    assert [p.grad for p in net.parameters()] == [None, None]


def test_a_file_of_a_later_version_says_so(tmp_path):
    numpy = pytest.importorskip("safetensors.numpy")
    numpy.save_file({"a": np.ones(2)}, tmp_path / "m", {"tinygrad_tf": '{"format": 3, "sha256": "", "state": {}}'})
    with pytest.raises(ValueError, match=r"format 3(?s:.*)the version of tinygrad_tf that wrote it, or a newer one"):
        load_checkpoint(tmp_path / "m")
