"""Sequential, ModuleList, ModuleDict and ParameterList: what is done to them gives PyTorch's result."""

from collections import OrderedDict

import pytest
from parity import torch

import tinygrad_tf


def a(package, n=1):
    """A layer that is told from others by its width."""
    return package.nn.Linear(1, n)


def done(module, steps):
    for step in steps:
        step(module)
    return module


def of_list(*steps):
    return lambda p: done(p.nn.ModuleList([a(p, 1), a(p, 2), a(p, 3)]), [lambda m, s=s: s(m, p) for s in steps])


def of_dict(*steps):
    return lambda p: done(p.nn.ModuleDict({"x": a(p, 1), "y": a(p, 2)}), [lambda m, s=s: s(m, p) for s in steps])


def named(package):
    return package.nn.Sequential(OrderedDict([("a", a(package, 1)), ("act", package.nn.ReLU()), ("b", a(package, 2))]))


def grown(package):
    layers = package.nn.ModuleList()
    layers += [a(package, 1), a(package, 2)]
    return layers


def of_parameters(package, *steps):
    return done(package.nn.ParameterList([package.nn.Parameter(package.ones(n)) for n in (1, 2, 3)]), steps)


#: What is made; names, order, shapes and print are PyTorch's.
MADE = {
    "Sequential of a dict": named,
    "its slice": lambda p: named(p)[1:],
    "a slice of Sequential": lambda p: p.nn.Sequential(a(p, 1), p.nn.ReLU(), a(p, 2))[::2],
    "its last": lambda p: named(p)[-1],
    "Sequential, appended": lambda p: p.nn.Sequential(a(p)).append(p.nn.ReLU()).extend([a(p, 2)]),
    "Sequential, one replaced": lambda p: done(named(p), [lambda m: m.__setitem__(0, p.nn.Tanh())]),
    "Sequential, one deleted": lambda p: done(p.nn.Sequential(a(p), a(p, 2)), [lambda m: m.__delitem__(0)]),
    "a named part": lambda p: named(p).b,
    "ModuleList of a generator": lambda p: p.nn.ModuleList(a(p, n) for n in (1, 2)),
    "extend": of_list(lambda m, p: m.extend([a(p, 4), a(p, 5)])),
    "insert": of_list(lambda m, p: m.insert(1, a(p, 4))),
    "insert at the front": of_list(lambda m, p: m.insert(0, a(p, 4))),
    "+=": grown,
    "[i] =": of_list(lambda m, p: m.__setitem__(1, a(p, 4))),
    "[-1] =": of_list(lambda m, p: m.__setitem__(-1, a(p, 4))),
    "del": of_list(lambda m, p: m.__delitem__(0)),
    "del of a slice": of_list(lambda m, p: m.__delitem__(slice(0, 2))),
    "pop": of_list(lambda m, p: m.pop(0)),
    "a slice of ModuleList": lambda p: of_list()(p)[1:],
    "ModuleDict": of_dict(),
    "ModuleDict of pairs": lambda p: p.nn.ModuleDict([("u", a(p)), ("v", a(p, 2))]),
    "update": of_dict(lambda m, p: m.update({"z": a(p, 3), "x": a(p, 4)})),
    "a key set": of_dict(lambda m, p: m.__setitem__("x", p.nn.ReLU())),
    "a key deleted": of_dict(lambda m, p: m.__delitem__("x")),
    "a key taken out": of_dict(lambda m, p: m.pop("x")),
    "clear": of_dict(lambda m, p: m.clear()),
}


@pytest.mark.parametrize("case", MADE)
def test_a_container_is_pytorch_s(case):
    ours, theirs = MADE[case](tinygrad_tf), MADE[case](torch)
    assert repr(ours) == repr(theirs)
    assert [(name, tuple(t.shape)) for name, t in ours.state_dict().items()] == [
        (name, tuple(t.shape)) for name, t in theirs.state_dict().items()
    ]


#: Of Parameters; printed in our own words.
PARAMETERS = {
    "made": lambda p: of_parameters(p),
    "appended": lambda p: of_parameters(p, lambda m: m.append(p.nn.Parameter(p.ones(4)))),
    "a Tensor appended": lambda p: of_parameters(p, lambda m: m.append(p.ones(4))),
    "extended": lambda p: of_parameters(p, lambda m: m.extend([p.ones(4), p.ones(5)])),
    "set": lambda p: of_parameters(p, lambda m: m.__setitem__(0, p.nn.Parameter(p.ones(4)))),
    "cut": lambda p: of_parameters(p)[1:],
}


@pytest.mark.parametrize("case", PARAMETERS)
def test_a_parameter_list_is_pytorch_s(case):
    ours, theirs = (PARAMETERS[case](package) for package in (tinygrad_tf, torch))
    assert [(name, tuple(p.shape)) for name, p in ours.named_parameters()] == [
        (name, tuple(p.shape)) for name, p in theirs.named_parameters()
    ]


@pytest.mark.parametrize("package", [tinygrad_tf, torch], ids=["ours", "theirs"])
def test_a_module_dict_is_a_dict(package):
    m = of_dict()(package)
    assert (list(m), list(m.keys()), len(m), "x" in m, "z" in m) == (["x", "y"], ["x", "y"], 2, True, False)
    assert [name for name, part in m.items() if part is m[name]] == list(m)
    assert len(list(m.values())) == 2
    assert m in {m}
    with pytest.raises(KeyError):
        m["z"]
