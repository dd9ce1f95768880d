"""PyTorch's paths lead to one module each, lazily, in this process or in PyTorch's place."""

import importlib
import subprocess
import sys

import pytest

import tinygrad_tf
from tinygrad_tf import autograd, nn, optim
from tinygrad_tf.compat import names


def run(code):
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split()


@pytest.mark.parametrize("below, place", names.MODULES.items())
def test_a_path_leads_to_its_module(below, place):
    theirs, ours = importlib.import_module(f"tinygrad_tf.{below}"), importlib.import_module(f"tinygrad_tf.{place}")
    assert theirs is ours
    assert ours.__spec__.name == ours.__name__ == f"tinygrad_tf.{place}"


@pytest.mark.parametrize("path, name", [(path, name) for path, held in names.NAMES.items() for name in held])
def test_a_name_is_found_in_its_module(path, name):
    module = importlib.import_module(f"tinygrad_tf.{path}" if path else "tinygrad_tf")
    place = importlib.import_module(f"tinygrad_tf.{names.NAMES[path][name]}")
    assert getattr(module, name) is getattr(place, name)


def test_attributes_lead_as_far_as_imports():
    assert tinygrad_tf.cuda.amp is tinygrad_tf.amp is importlib.import_module("tinygrad_tf.compat.amp")
    assert nn.parallel.DistributedDataParallel is not nn.DataParallel
    assert nn.parameter.Parameter is nn.Parameter
    assert issubclass(optim.lr_scheduler._LRScheduler, optim.LRScheduler)


def test_settings_are_kept():
    tinygrad_tf.backends.cuda.matmul.allow_tf32 = True
    import tinygrad_tf.backends.cudnn as cudnn

    cudnn.benchmark = True
    assert tinygrad_tf.backends.cuda.matmul.allow_tf32
    assert tinygrad_tf.backends.cudnn.benchmark
    tinygrad_tf.backends.cuda.matmul.allow_tf32 = cudnn.benchmark = False


def test_nothing_of_it_is_loaded_with_the_package():
    code = "import sys, tinygrad_tf; print(*[m for m in sys.modules if m.startswith('tinygrad_tf.compat.')])"
    assert set(run(code)) == {
        f"tinygrad_tf.compat.{m}" for m in ("devices", "in_place", "methods", "names", "recording")
    }


IN_ITS_PLACE = """
from tinygrad_tf.compat.names import Names
Names("torch", str).install()
import torch, torch.nn as nn, torch.nn.functional as F, torch.utils.data
from torch.cuda.amp import autocast, GradScaler
from torch.nn.parameter import Parameter
from torch.optim.lr_scheduler import LambdaLR
import tinygrad_tf
print(torch is tinygrad_tf, F is tinygrad_tf.nn.functional, torch.utils.data is tinygrad_tf.utils.data)
print(torch.__spec__.name, tinygrad_tf.__spec__.name, F.__spec__.name, Parameter is nn.Parameter)
try:
    import torch.sparse
except ModuleNotFoundError as problem:
    print(problem.name)
"""


def test_the_same_finder_puts_the_package_in_pytorchs_place():
    assert run(IN_ITS_PLACE) == [
        *["True"] * 3, "tinygrad_tf", "tinygrad_tf", "tinygrad_tf.nn.functional", "True", "tinygrad_tf.sparse",
    ]  # fmt: skip


def test_what_lies_in_a_folder_is_loaded_once():
    import tinygrad_tf.utils.data.dataset as theirs

    from tinygrad_tf.compat.utils.data import dataset as ours

    assert theirs is ours
    with pytest.raises(ModuleNotFoundError, match=r"'tinygrad_tf\.utils\.data\.nowhere'"):
        importlib.import_module("tinygrad_tf.utils.data.nowhere")


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("side", ["right", "left"])
def test_sequences_are_padded_as_in_pytorch(batch_first, side):
    torch = pytest.importorskip("torch")
    found = []
    for library in (torch, tinygrad_tf):
        rnn = importlib.import_module(f"{library.__name__}.nn.utils.rnn")
        xs = [library.arange(2 * n).reshape(n, 2) for n in (3, 1, 2)]
        found.append(rnn.pad_sequence(xs, batch_first, -1, side))
    assert found[0].tolist() == found[1].tolist()
    assert found[1].dtype == tinygrad_tf.int64
    cut = rnn.unpad_sequence(rnn.pad_sequence(xs, batch_first), [3, 1, 2], batch_first)
    assert [x.tolist() for x in cut] == [x.tolist() for x in xs]


def test_pytorchs_check_takes_its_inputs_as_a_tuple():
    x = tinygrad_tf.tensor([1.0, 2.0], dtype="float64", requires_grad=True)
    assert autograd.gradcheck(lambda x, k: x**k, (x, 3))
    assert autograd.gradcheck(lambda x: x * x, x)
    assert not autograd.gradcheck(lambda x: x * x.detach(), x, raise_exception=False)
    with pytest.raises(AssertionError):
        autograd.gradcheck(lambda x: x * x.detach(), x)


def test_a_module_that_nobody_has_keeps_pythons_message():
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'tinygrad_tf\.nowhere'$"):
        importlib.import_module("tinygrad_tf.nowhere")


def test_distributed_says_that_it_is_not_there():
    assert not tinygrad_tf.distributed.is_available()
    assert not tinygrad_tf.distributed.is_initialized()
    with pytest.raises(AttributeError, match=r"see tinygrad_tf\.parallel"):
        _ = tinygrad_tf.distributed.init_process_group


def test_jit_gives_back_what_it_gets():
    jit = tinygrad_tf.jit

    def f(x):
        return x

    assert jit.script(f) is jit.trace(f, 1) is jit.ignore(f) is jit.ignore(drop=True)(f) is jit.unused(f) is f
    assert not jit.is_scripting()
    assert jit.annotate(int, 3) == 3


def test_tensorboard_writes_a_curve_that_it_reads(tmp_path):
    loader = pytest.importorskip("tensorboard.backend.event_processing.event_file_loader")
    from tinygrad_tf.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(tmp_path)) as writer:
        for step in range(3):
            writer.add_scalar("loss", tinygrad_tf.tensor(float(step)), step)
        writer.add_scalars("both", {"a": 1.0, "b": 2.0}, 0)
        writer.add_histogram("weights", tinygrad_tf.randn(10), 0)
        writer.add_text("note", "begun", 0)
    (path,) = tmp_path.iterdir()
    events = [(e.step, v.tag) for e in loader.EventFileLoader(str(path)).Load() for v in e.summary.value]
    assert events == [*[(i, "loss") for i in range(3)], (0, "both/a"), (0, "both/b"), (0, "weights"),
                      (0, "note/text_summary")]  # fmt: skip
