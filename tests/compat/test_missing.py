"""What is missing says so, row by row, and every row is true: PyTorch has the name and this package has not."""

import importlib
import timeit

import numpy as np
import pytest

import tinygrad_tf
from tinygrad_tf import Tensor
from tinygrad_tf.compat import methods
from tinygrad_tf.compat.missing_methods import METHODS
from tinygrad_tf.compat.missing_names import ROWS
from tinygrad_tf.errors import is_explained

NAMES = [(path, name, row) for path, rows in ROWS.items() for name, row in rows.items()]
IDS = [f"{path}.{name}".lstrip(".") for path, name, _ in NAMES]


def ours(path):
    return importlib.import_module(f"tinygrad_tf.{path}" if path else "tinygrad_tf")


def holds(problem, where, row):
    assert is_explained(problem)
    first, rule, cure = str(problem).split("\n")
    assert first == f"{where} got a name of PyTorch's: {row.what}"
    assert rule == f"  rule: {row.rule}"
    assert cure == f"  cure: {row.cure}"


@pytest.mark.parametrize("path, name, row", NAMES, ids=IDS)
def test_an_attribute_says_what_it_is(path, name, row):
    with pytest.raises(AttributeError) as problem:
        getattr(ours(path), name)
    holds(problem.value, ".".join(filter(None, ("tinygrad_tf", path, name))), row)
    assert not hasattr(ours(path), name)


@pytest.mark.parametrize("path, name, row", NAMES, ids=IDS)
def test_an_import_says_what_it_is(path, name, row):
    with pytest.raises(ImportError) as problem:
        exec(f"from {ours(path).__name__ if path in ROWS else ''} import {name}", {})
    holds(problem.value, ".".join(filter(None, ("tinygrad_tf", path, name))), row)


MODULES = [(path, name, row) for path, name, row in NAMES if row.is_module]


@pytest.mark.parametrize("path, name, row", MODULES, ids=[f"{p}.{n}".lstrip(".") for p, n, _ in MODULES])
def test_a_module_that_is_imported_says_what_it_is(path, name, row):
    full = ".".join(filter(None, ("tinygrad_tf", path, name)))
    with pytest.raises(ModuleNotFoundError) as problem:
        importlib.import_module(full)
    holds(problem.value, full, row)
    assert problem.value.name == full


@pytest.mark.parametrize("name, row", METHODS.items(), ids=METHODS)
def test_a_method_says_what_it_is(name, row):
    for holder in (Tensor([1.0]), Tensor):
        with pytest.raises(AttributeError) as problem:
            getattr(holder, name)
        holds(problem.value, f"Tensor.{name}", row)
        assert not hasattr(holder, name)
    assert name not in dir(Tensor([1.0]))


def test_the_methods_that_are_attached_are_those_of_the_table():
    assert {*methods.MISSING} == {*METHODS}


@pytest.mark.parametrize("path, name, row", NAMES, ids=IDS)
def test_pytorch_has_the_name(path, name, row):
    pytest.importorskip("torch")
    theirs = importlib.import_module(f"torch.{path}" if path else "torch")
    assert hasattr(theirs, name) or importlib.import_module(f"{theirs.__name__}.{name}")


@pytest.mark.parametrize("name", METHODS)
def test_pytorch_has_the_method(name):
    torch = pytest.importorskip("torch")
    assert hasattr(torch.Tensor, name) or (name == "trapz" and hasattr(torch, name))


# ---- what nobody has ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call, text", [
    (lambda: tinygrad_tf.softmx, "module 'tinygrad_tf' has no attribute 'softmx'. Did you mean softmax?"),
    (lambda: tinygrad_tf.nn.Lineer, "module 'tinygrad_tf.nn' has no attribute 'Lineer'. Did you mean Linear?"),
    (lambda: tinygrad_tf.qqq, "module 'tinygrad_tf' has no attribute 'qqq'"),
    (lambda: tinygrad_tf.__wrapped__, "module 'tinygrad_tf' has no attribute '__wrapped__'"),
    (lambda: Tensor([1.0]).softmx, "'Tensor' object has no attribute 'softmx'"),
])  # fmt: skip
def test_other_names_keep_pythons_message_and_hear_of_near_ones(call, text):
    with pytest.raises(AttributeError) as problem:
        call()
    assert str(problem.value) == text


def test_an_import_of_an_unknown_name_hears_of_near_ones():
    with pytest.raises(ImportError, match=r"^cannot import name 'sofmax' from 'tinygrad_tf'\. Did you mean softmax"):
        exec("from tinygrad_tf import sofmax", {})


def test_convolutions_stay_out_and_the_message_says_so():
    for name in ("Conv2d", "MaxPool2d", "LSTM"):
        with pytest.raises(AttributeError, match="this is an engine for Transformers"):
            getattr(tinygrad_tf.nn, name)


def test_numpy_still_finds_its_way_past_what_is_missing():
    assert np.real(Tensor([1.0])).tolist() == [1.0]
    assert np.ndim(Tensor([1.0])) == 1


def test_attributes_of_tensors_are_read_as_fast_as_before():
    """A ``__getattr__`` would make each reading six times slower in Python 3.11."""
    assert "__getattr__" not in vars(Tensor)
    assert Tensor.__getattribute__ is object.__getattribute__

    class Plain:
        __slots__ = ("array",)

    plain, t = Plain(), Tensor([1.0])
    plain.array = t.array
    best = {name: min(timeit.repeat("t.array", globals={"t": thing}, number=20000, repeat=9))
            for name, thing in (("plain", plain), ("tensor", t))}  # fmt: skip
    assert best["tensor"] < 3 * best["plain"]
