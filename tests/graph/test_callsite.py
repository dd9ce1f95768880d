"""Names of values as the code around a call has them: where a result is stored, what an argument is called."""

import math
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from graphs import leaf

import tinygrad_tf
from tinygrad_tf import Tensor, nn
from tinygrad_tf.graph.capture import capture, variables_of
from tinygrad_tf.ops.join import concatenate


def operations(loss):
    """The names of what operations made, in order of making, but for the loss."""
    return [node.name for node in capture(loss).nodes if node.kind == "operation"]


def leaves(loss):
    return [node.name for node in capture(loss).nodes if not node.op and node.number is None]


# ---- results that have a name ---------------------------------------------------------------------------------------


def local(x):
    h = x * 2
    g = h.tanh()
    return g.sum()


class Holder:
    """Something to hang a result on."""


def attribute(x):
    holder = Holder()
    holder.h = x * 2
    holder.g = holder.h.tanh()
    return holder.g.sum()


def pair(x):
    a, b = x * 2, x * 3
    return (a + b).sum()


def triple(x):
    a, b, c = x * 2, x * 3, x * 4
    return (a + b + c).sum()


def nested(x):
    a, (b, c) = x * 2, (x * 3, x * 4)
    return (a + b + c).sum()


def split(x):
    a, b = x.split(2)
    return concatenate([b, a]).sum()


def generator(x):
    a, b, c = (x * k for k in range(2, 5))
    return (a + b + c).sum()


def walrus(x):
    if (h := x * 2).shape:
        return h.sum()
    raise AssertionError


def written(x):
    h = x * 2
    h[0] = 3
    h[:1] = x[:1]
    return h.sum()


def part_grown(x):
    h = x * 2
    h[0] *= 3
    return h.sum()


def changed(x):
    h = x * 2
    h.mul_(3)
    return h.sum()


def augmented(x):
    h = x * 2
    h += x
    h *= x
    return h.sum()


def list_comprehension(x):
    hs = [x * k for k in (2, 3)]
    return (hs[0] + hs[1]).sum()


def unpacked_comprehension(x):
    a, b = [x * k for k in (2, 3)]
    return (a + b).sum()


def item(x):
    found = {}
    found["h"] = x * 2
    return found["h"].sum()


def choice(x):
    h = x * 2 if x.ndim else x * 3
    return h.sum()


def other_choice(x):
    h = x * 2 if not x.ndim else x * 3
    return h.sum()


def double(x):
    return x * 2


def both(x):
    return x * 2, x * 3


def returned(x):
    h = double(x)
    return h.sum()


def returned_pair(x):
    a, b = both(x)
    return (a + b).sum()


def mapped(x):
    a, b = map(lambda k: x * k, (2, 3))  # noqa: C417
    return (a + b).sum()


def numpy_function(x):
    h = np.exp(x)
    g = np.tanh(h)
    return g.sum()


def chained(x):
    a = b = x * 2
    return (a + b).sum()


def loop(x):
    h = x * 2
    for _ in range(2):
        h = h.tanh()
    return h.sum()


def parts_of_one_line(x):
    h = (x * 2 + 1).tanh()
    return h.sum()


def across_lines(x):
    h = (
        x
        * 2
    )  # fmt: skip
    return h.sum()


def annotated(x):
    h: Tensor = x * 2
    return h.sum()


def in_a_with(x):
    with np.errstate(all="ignore"):
        h = x * 2
    return h.sum()


def in_a_try(x):
    try:
        h = x * 2
    finally:
        pass
    return h.sum()


def closure(x):
    h = x * 2

    def inner():
        return h.sum()

    return inner()


def method_as_function(x):
    h = Tensor.tanh(x)
    return h.sum()


def like_a_builtin(x):
    h = x.sum(axis=0, keepdims=True)
    m = h.max()
    n = Tensor.min(m * x)
    s = np.sum(n * x, axis=0)
    return s * 2


def swapped(x):
    a, b = x * 2, x * 3
    a, b = b, a
    return (a + b).sum()


def is_a_rule_of_letters(x):
    X = x * 2
    Y = X.tanh()
    return Y.sum()


NAMED = {
    "a local": (local, ["h", "g"]),
    "an attribute": (attribute, ["h", "g"]),
    "two that are unpacked": (pair, ["a", "b", "A₁"]),
    "three that are unpacked": (triple, ["a", "b", "c", "A₁", "A₂"]),
    "unpacked in two levels": (nested, ["a", "b", "c", "A₁", "A₂"]),
    "what one call returns, unpacked": (split, ["a", "b", "A₁"]),
    "a generator, unpacked": (generator, ["a", "b", "c", "A₁", "A₂"]),
    "a walrus": (walrus, ["h"]),
    "an augmented assignment": (augmented, ["h₁", "h₂", "h₃"]),
    "a write": (written, ["h₁", "h₂", "A₁", "h₃"]),
    "a part that grows": (part_grown, ["h₁", "A₁", "A₂", "h₂"]),
    "a method that changes its Tensor": (changed, ["h₁", "h₂"]),
    "a list": (list_comprehension, ["hs₁", "hs₂", "A₁"]),
    "a list, unpacked": (unpacked_comprehension, ["a", "b", "A₁"]),
    "an item of a dict": (item, ["h"]),
    "one of two": (choice, ["h"]),
    "the other of two": (other_choice, ["h"]),
    "what a function returns": (returned, ["h"]),
    "what a function returns, two": (returned_pair, ["a", "b", "A₁"]),
    "a map, unpacked": (mapped, ["a", "b", "A₁"]),
    "a function of NumPy": (numpy_function, ["h", "g"]),
    "a chain of names": (chained, ["a", "A₁"]),
    "a loop": (loop, ["h₁", "h₂", "h₃"]),
    "the last of a line": (parts_of_one_line, ["A₁", "A₂", "h"]),
    "over several lines": (across_lines, ["h"]),
    "with its type": (annotated, ["h"]),
    "in a with": (in_a_with, ["h"]),
    "in a try": (in_a_try, ["h"]),
    "a variable of a closure": (closure, ["h"]),
    "a method called as a function": (method_as_function, ["h"]),
    "methods called like builtins": (like_a_builtin, ["h", "m", "A₁", "n", "A₂", "s"]),
    "two that are swapped": (swapped, ["a", "b", "A₁"]),
    "letters of a rule": (is_a_rule_of_letters, ["X", "Y"]),
}


@pytest.mark.parametrize(("function", "names"), NAMED.values(), ids=NAMED)
def test_a_result_is_called_as_what_it_is_stored_in(function, names):
    loss = function(leaf(4, name="x"))
    assert operations(loss) == names


# ---- results that have none -----------------------------------------------------------------------------------------


def used_at_once(x):
    return (x * 2).tanh().sum()


def underscore(x):
    _ = x * 2
    return _.sum()


def index(x):
    found = [None]
    found[0] = x * 2
    return found[0].sum()


def number_as_key(x):
    found = {}
    found[3] = x * 2
    return found[3].sum()


def appended(x):
    found = []
    found.append(x * 2)
    return found[0].sum()


def summed(x):
    h = sum(x * k for k in (2, 3))
    return h.sum()


def largest(x):
    h = max((x[0] * k for k in (2, 3)), key=Tensor.item)
    return h.sum()


def through_two_functions(x):
    h = twice_over(x)
    return h.sum()


def twice_over(x):
    return double(x)


UNNAMED = {
    "used at once": (used_at_once, ["A₁", "A₂"]),
    "an underscore": (underscore, ["A₁"]),
    "an index": (index, ["A₁"]),
    "a number as key": (number_as_key, ["A₁"]),
    "appended to a list": (appended, ["A₁"]),
    "terms of a sum": (summed, ["A₁", "A₂", "A₃", "h"]),
    "the largest of several": (largest, ["A₁", "A₂"]),
    "through two functions": (through_two_functions, ["A₁"]),
}


@pytest.mark.parametrize(("function", "names"), UNNAMED.values(), ids=UNNAMED)
def test_what_has_no_name_is_numbered(function, names):
    assert operations(function(leaf(4, name="x"))) == names


def test_the_letter_of_the_numbered_is_one_that_is_free():
    A, B = leaf(3, name="A"), leaf(3, name="B")
    assert operations(((A * 2).tanh() + B).sum()) == ["C₁", "C₂", "C₃"]


# ---- arguments ------------------------------------------------------------------------------------------------------


def product(left, right):
    return (left @ right).sum()


def method(weights):
    return weights.tanh().sum()


def function_of_numpy(weights):
    return np.exp(weights).sum()


def layer(batch):
    return nn.Linear(4, 2)(batch).sum()


def in_a_choice(left, right):
    return ((left if left.ndim else right) * 2).sum()


def unnamed_of_a_list(several):
    return (several[0] * 2).sum()


def items_with_names(several):
    return (several["left"] @ several["right"]).sum()


def of_a_module(rows, matrix):
    return nn.functional.linear(rows, matrix).sum()


def of_a_module_in_a_module(rows):
    return tinygrad_tf.nn.functional.softmax(rows, -1).sum()


def of_a_module_imported_here(rows, matrix):
    import tinygrad_tf.nn.functional as F

    return F.softmax(F.linear(rows, matrix)).sum()


def of_a_part_of_a_module_imported_here(rows):
    from tinygrad_tf import nn as parts

    return parts.functional.softmax(rows).sum()


def of_an_object_in_an_object(model):
    return model.part.weights.softmax(-1).sum()


def batch():
    return Tensor(np.ones((3, 4), np.float32))


ARGUMENTS = {
    "sides of an operator": (lambda: product(leaf(2, 3), leaf(3, 2)), ["left", "right"]),
    "the object of a method": (lambda: method(leaf(3)), ["weights"]),
    "of a function of NumPy": (lambda: function_of_numpy(leaf(3)), ["weights"]),
    "of a layer": (lambda: layer(batch()), ["batch", "weight", "bias"]),
    "of a layer of another type": (lambda: layer(leaf(3, 4)), ["batch", "weight", "bias"]),
    "of a function of a module": (lambda: of_a_module(leaf(2, 3), leaf(4, 3)), ["rows", "matrix"]),
    "of a module in a module": (lambda: of_a_module_in_a_module(leaf(2, 3)), ["rows"]),
    "of a module imported there": (lambda: of_a_module_imported_here(leaf(2, 3), leaf(4, 3)), ["rows", "matrix"]),
    "of a part of one": (lambda: of_a_part_of_a_module_imported_here(leaf(2, 3)), ["rows"]),
    "the object in an object": (
        lambda: of_an_object_in_an_object(SimpleNamespace(part=SimpleNamespace(weights=leaf(3)))),
        ["weights"],
    ),
    "a choice has none": (lambda: in_a_choice(leaf(3), leaf(3)), ["A₁"]),
    "items with names": (lambda: items_with_names({"left": leaf(2, 3), "right": leaf(3, 2)}), ["left", "right"]),
    "an item without one has none": (lambda: unnamed_of_a_list([leaf(3)]), ["A₁"]),
    "its own name comes first": (lambda: method(leaf(3, name="W")), ["W"]),
}


@pytest.mark.parametrize(("make", "names"), ARGUMENTS.values(), ids=ARGUMENTS)
def test_a_leaf_without_a_name_is_called_as_where_it_is_used(make, names):
    assert leaves(make()) == names


# ---- what comes first -----------------------------------------------------------------------------------------------


def test_a_name_that_was_given_comes_before_where_it_is_stored():
    h = leaf(3, name="x") * 2
    h.name = "states"
    assert operations(h.sum()) == ["states"]


def test_where_it_was_stored_comes_before_a_variable_where_it_is_drawn():
    loss = local(leaf(3, name="x"))
    other = loss.inputs[0]
    graph = capture(loss, variables_of(sys._getframe()))
    assert graph.node_of(other).name == "g"


def test_a_variable_where_it_is_drawn_names_what_has_no_other_name():
    loss = used_at_once(leaf(3, name="x"))
    other = loss.inputs[0]  # noqa: F841
    graph = capture(loss, variables_of(sys._getframe()))
    assert [node.name for node in graph.nodes if node.op] == ["A₁", "other", "loss"]


def test_a_gradient_and_a_value_never_have_the_same_name():
    x = leaf(3, name="x")
    dx = x * 2
    names = [node.name for node in capture((dx * x).sum()).nodes if node.name]
    assert "dx" not in names
    assert len(set(names)) == len(names)


class Attention(nn.Module):
    """Scores, with names for what it computes."""

    def __init__(self):
        self.queries = nn.Linear(4, 4, bias=False)
        self.keys = nn.Linear(4, 4, bias=False)

    def forward(self, x):
        Q, K = self.queries(x), self.keys(x)
        S = Q @ K.mT / math.sqrt(4)
        P = S.softmax()
        return P @ x


def test_locals_of_forward_name_what_it_computes():
    net, x = Attention(), batch()
    graph = capture(net(x).sum(), variables_of(sys._getframe()))
    found = {node.name: str(node.forward) for node in graph.nodes if node.op}
    assert list(found) == ["Q", "K", "A₁", "A₂", "S", "P", "A₃", "L"]
    assert found["A₂"] == "A₂ = Q · Kᵀ"
    assert found["S"] == "S = A₂ / 2"
    assert found["P"] == "P = E / Σ(E, axis=-1)"


def test_equal_names_in_two_modules_are_told_apart_by_levels_of_their_paths():
    net, x = nn.Sequential(Attention(), Attention()), batch()
    names = operations(net(x).sum())
    assert [name for name in names if name[-1] in "QKSP"] == [f"{i}.{name}" for i in (0, 1) for name in "QKSP"]
