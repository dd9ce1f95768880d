"""Buffers, parts put in by name, and what may take a part's place: the same calls in PyTorch give the same."""

import copy

import numpy as np
import pytest
from parity import torch

import tinygrad_tf
from tinygrad_tf import Tensor, nn

PACKAGES = {"ours": tinygrad_tf, "theirs": torch}


def net(package):
    """A module with every kind of part, put in by name."""
    inner = package.nn.Module()
    inner.register_buffer("table", package.ones(2, 2))
    inner.register_buffer("scratch", package.zeros(3), persistent=False)
    outer = package.nn.Module()
    outer.register_buffer("count", package.tensor([1, 2]))
    outer.register_buffer("nothing", None)
    outer.register_parameter("scale", package.nn.Parameter(package.ones(2)))
    outer.register_parameter("none", None)
    outer.add_module("inner", inner)
    outer.add_module("line", package.nn.Linear(2, 1))
    return outer


def names(pairs):
    return [name for name, _ in pairs]


def assigned(package, **values):
    made = net(package)
    for name, value in values.items():
        setattr(made, name, value)
    return list(made.state_dict())


#: What is asked of that module; the answer is PyTorch's.
QUESTIONS = {
    "state_dict": lambda m, p: list(m.state_dict()),
    "state_dict with a prefix": lambda m, p: list(m.state_dict(prefix="net.")),
    "buffers": lambda m, p: names(m.named_buffers()),
    "buffers of its own": lambda m, p: names(m.named_buffers(prefix="net", recurse=False)),
    "number of buffers": lambda m, p: [tuple(b.shape) for b in m.buffers()],
    "parameters": lambda m, p: names(m.named_parameters(prefix="net")),
    "parameters of its own": lambda m, p: names(m.named_parameters("net", recurse=False)),
    "number of parameters": lambda m, p: [len(list(m.parameters())), len(list(m.parameters(recurse=False)))],
    "types after double": lambda m, p: [str(b.dtype).split(".")[-1] for b in m.double().buffers()],
    "types after to": lambda m, p: [str(b.dtype).split(".")[-1] for b in m.to("cpu", p.float64).buffers()],
    "types after to(device)": lambda m, p: [str(t.dtype).split(".")[-1] for t in m.to(device="cpu").parameters()],
    "types after cpu": lambda m, p: [str(t.dtype).split(".")[-1] for t in m.cpu().parameters()],
    "a part": lambda m, p: repr(m.get_submodule("line")),
    "itself": lambda m, p: m.get_submodule("") is m,
    "a parameter": lambda m, p: tuple(m.get_parameter("line.weight").shape),
    "a buffer": lambda m, p: tuple(m.get_buffer("inner.scratch").shape),
    "a buffer in another one's place": lambda m, p: assigned(p, count=p.zeros(5)),
    "None in a buffer's place": lambda m, p: assigned(p, count=None),
    "a parameter in another one's place": lambda m, p: assigned(p, scale=p.nn.Parameter(p.ones(3))),
    "None in a parameter's place": lambda m, p: assigned(p, scale=None),
    "a module in another one's place": lambda m, p: assigned(p, line=p.nn.Linear(2, 1, bias=False)),
    "a copy": lambda m, p: list(copy.deepcopy(m).state_dict()),
    "the weight of a loss": lambda m, p: list(p.nn.CrossEntropyLoss(weight=p.ones(3)).state_dict()),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_module_answers_as_pytorch_s(question):
    ours, theirs = (QUESTIONS[question](net(package), package) for package in PACKAGES.values())
    assert ours == theirs


_NAME = (ValueError, KeyError, TypeError)  # PyTorch raises KeyError, whose message is shown on one line, escaped

#: What neither package lets happen.
REFUSED = {
    "a Tensor for a parameter": (TypeError, lambda m, p: setattr(m, "scale", p.ones(2))),
    "a number for a parameter": (TypeError, lambda m, p: setattr(m, "scale", 2.0)),
    "a Tensor for a module": (TypeError, lambda m, p: setattr(m, "line", p.ones(2))),
    "a number for a buffer": (TypeError, lambda m, p: setattr(m, "count", 2.0)),
    "a number as a buffer": (TypeError, lambda m, p: m.register_buffer("b", 2.0)),
    "a Tensor as a parameter": (TypeError, lambda m, p: m.register_parameter("b", p.ones(2))),
    "a class as a module": (TypeError, lambda m, p: m.add_module("b", p.nn.ReLU)),
    "a name with a dot": (_NAME, lambda m, p: m.register_buffer("a.b", p.ones(2))),
    "an empty name": (_NAME, lambda m, p: m.add_module("", p.nn.ReLU())),
    "a name that is a number": (_NAME, lambda m, p: m.add_module(1, p.nn.ReLU())),
    "a name that is taken": (_NAME, lambda m, p: m.register_buffer("forward", p.ones(2))),
    "a part that is not there": (AttributeError, lambda m, p: m.get_submodule("inner.line")),
    "a parameter that is not there": (AttributeError, lambda m, p: m.get_parameter("line.scale")),
    "a buffer that is a parameter": (AttributeError, lambda m, p: m.get_buffer("line.weight")),
}


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_refused(case, package):
    kind, call = REFUSED[case]
    with pytest.raises(kind) as caught:
        call(net(PACKAGES[package]), PACKAGES[package])
    assert package == "theirs" or all(word in str(caught.value) for word in ("rule:", "cure:"))


def test_a_refused_parameter_is_taught():
    layer = nn.Linear(2, 2)
    with pytest.raises(TypeError, match=r"Linear.weight = … got weight \(2, 2\)(.|\n)*nn.Parameter") as caught:
        layer.weight = tinygrad_tf.ones(2, 2)
    assert "or None" in str(caught.value)
    assert len(list(layer.parameters())) == 2


def test_buffers_are_loaded_in_their_own_type():
    module = net(tinygrad_tf)
    module.load_state_dict({name: t + 1 for name, t in module.state_dict().items()})
    assert module.count.tolist() == [2, 3]
    assert module.count.dtype == np.int64


def test_a_buffer_takes_part_in_forward():
    class Shift(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("by", Tensor([1.0, 2.0]))

        def forward(self, x):
            return x + self.by

    assert Shift()(Tensor([1.0, 1.0])).tolist() == [2.0, 3.0]


def test_another_device_is_refused():
    with pytest.raises(ValueError, match="NumPy computes on the CPU"):
        nn.Linear(1, 1).to("cuda")
