"""What every test starts from, and must leave behind."""

import gc
import os
import shutil
import signal
from xml.etree import ElementTree

# Before NumPy is imported: the tests' small matrices gain nothing from threads, and OpenBLAS's threads wait for each
# other at full speed when other programs use the cores (measured: 25 times slower).
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # PyTorch's

import pytest

from tinygrad_tf import kernels, manual_seed, nn
from tinygrad_tf.autograd.recording import thread

signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background ignores Ctrl-C


def pytest_addoption(parser):
    parser.addoption("--but", metavar="XML", help="leave out what passed in this record, which --junitxml wrote")


def pytest_collection_modifyitems(config, items):
    """Leave out what passed elsewhere."""
    if config.option.but is None:
        return
    passed = set()
    for test in ElementTree.parse(config.option.but).iter("testcase"):
        if not {"skipped", "failure", "error"} & {said.tag for said in test}:
            passed.add((test.get("classname"), test.get("name")))
    left_out = {item for item in items if _in_a_record(item) in passed}
    config.hook.pytest_deselected(items=[*left_out])
    items[:] = [item for item in items if item not in left_out]


def _in_a_record(item):
    path, bracket, row = item.nodeid.partition("[")
    file, *names = path.split("::")
    *classes, name = [file.removesuffix(".py").replace("/", "."), *names]
    return ".".join(classes), name + bracket + row


def pytest_collection_finish():
    """What lives as long as the run (modules, the tests themselves) is not searched for garbage again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def same_start():
    """The same random numbers and kernels in any order of tests; recording is on again afterwards."""
    manual_seed(0)
    chosen = kernels.chosen()
    yield
    assert kernels.chosen() == chosen
    assert thread.state.recording
    assert thread.state.scope == ""


@pytest.fixture
def unfilled(monkeypatch):
    """Weights are counted, so they need no random values."""
    for name in ("uniform_", "normal_", "xavier_uniform_"):
        monkeypatch.setattr(nn.init, name, lambda t, *args, **kwargs: t)


def patient(make):
    """``make``, whose pages wait for minutes: on a busy machine a whole guide takes more than Playwright's half."""

    def made(**settings):
        found = make(**settings)
        found.set_default_timeout(180_000)
        return found

    return made


@pytest.fixture(scope="module")
def browser():
    """Chromium, which the pages are opened in; where ``CI`` is set its absence is a failure."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if os.environ.get("CI"):
        import playwright.sync_api as sync

        assert program, "there is no chromium, and in CI the pages must be tested"
    sync = pytest.importorskip("playwright.sync_api", reason="the pages are tested with Playwright for Python")
    if program is None:
        pytest.skip("there is no chromium here: apt install chromium")
    with sync.sync_playwright() as playwright:
        args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        found = playwright.chromium.launch(executable_path=program, args=args)
        found.new_context, found.new_page = patient(found.new_context), patient(found.new_page)
        yield found
        found.close()
