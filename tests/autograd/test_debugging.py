"""debug(): the first wrong number is named with its op, its module and the user's line; what is right is left alone."""

import re
import sys
import threading

import numpy as np
import pytest
from cases import CASES, failures

from tinygrad_tf import Function, Tensor, checkpoint, debug, enable_grad, grad, manual_seed, nn, no_grad, optim
from tinygrad_tf.autograd.operation import Op
from tinygrad_tf.autograd.places import _PACKAGE
from tinygrad_tf.autograd.recording import State, thread
from tinygrad_tf.models import Transformer, TransformerConfig
from tinygrad_tf.ops import fused


def leaf(*values, **traits):
    return Tensor(np.array(values), requires_grad=True, **traits)


def line(ahead=0):
    """The place of the line that calls this, as messages say it."""
    return f"{__file__}:{sys._getframe(1).f_lineno + ahead}"


def first_line(problem):
    return str(problem.value).split("\n")[0]


# ---- forward --------------------------------------------------------------------------------------------------------

FORWARD = {
    "log of 0": (lambda x: x.log(), [0.0, 1.0], "log", "0 NaN and 1 Inf among 2 entries"),
    "log of less": (lambda x: x.log(), [-1.0, 0.0], "log", "1 NaN and 1 Inf among 2 entries"),
    "root of less": (lambda x: x.sqrt(), [-1.0, 4.0], "sqrt", "1 NaN and 0 Inf among 2 entries"),
    "division by 0": (lambda x: 1 / x, [0.0, 1.0], "divide", "0 NaN and 1 Inf"),
    "0 by 0": (lambda x: x / x, [0.0, 1.0], "divide", "1 NaN and 0 Inf"),
    "exp of much": (lambda x: x.exp(), [1000.0, 1.0], "exp", "0 NaN and 1 Inf"),
    "too large for float32": (lambda x: x.astype("float32"), [1e300, 1.0], "astype", "0 NaN and 1 Inf"),
    "inf minus inf": (lambda x: x - x, [np.inf, 1.0], "subtract", "1 NaN and 0 Inf"),
    "a NaN that was given": (lambda x: x * 2, [np.nan, 1.0], "multiply", "1 NaN and 0 Inf"),
    "a kernel": (lambda x: fused.softmax(x), [np.nan, 1.0], "softmax", "2 NaN and 0 Inf"),
    "a composed function": (lambda x: np.concatenate([x, x]), [np.nan, 1.0], "concatenate", "2 NaN and 0 Inf among 4"),
    "NumPy's function": (lambda x: np.exp(x), [1000.0, 1.0], "exp", "0 NaN and 1 Inf"),
}


@pytest.mark.parametrize("recorded", [True, False], ids=["recorded", "no_grad"])
@pytest.mark.parametrize("call, values, op, what", FORWARD.values(), ids=FORWARD)
def test_the_first_wrong_result(call, values, op, what, recorded):
    x = Tensor(np.array(values), requires_grad=recorded)
    place = f"{__file__}:{call.__code__.co_firstlineno}"
    with pytest.raises(FloatingPointError) as problem, debug():
        call(x * 1 if np.isfinite(values).all() else x).sum()
    assert first_line(problem).startswith(f"forward of {op} in no module, called at {place}, got a result (")
    assert what in first_line(problem)


def test_the_line_is_the_users_not_the_packages():
    layer = nn.Linear(2, 2)
    layer.weight.array[...] = np.nan
    place = line(2)
    with pytest.raises(FloatingPointError) as problem, debug():
        nn.Sequential(nn.ReLU(), layer)(leaf([1.0, 2.0]).float())
    assert first_line(problem).startswith(f"forward of linear in 1, called at {place}, got a result (1, 2) with 2 NaN")


def test_the_line_of_a_users_own_module_is_the_one_in_its_forward():
    class Mine(nn.Module):
        def forward(self, x):
            self.place = line(1)
            return (x - 1).log()

    class Net(nn.Module):
        def __init__(self):
            self.layers = [Mine()]

        def forward(self, x):
            return self.layers[0](x)

    net = Net()
    with pytest.raises(FloatingPointError) as problem, debug():
        net(leaf(1.0))
    assert first_line(problem).startswith(f"forward of log in layers.0, called at {net.layers[0].place}, got")


def test_a_users_file_that_lies_beside_the_package_is_the_users():
    beside = _PACKAGE.rstrip("/\\") + "_of_mine.py"
    code = compile("x.log()", beside, "exec")
    with pytest.raises(FloatingPointError) as problem, debug():
        exec(code, {"x": leaf(0.0)})
    assert f"called at {beside}:1, got" in first_line(problem)


def transformer(**settings):
    return nn.Transformer(4, 2, 2, 1, 6, 0.0, batch_first=True, **settings)


def inputs():
    rng = np.random.default_rng(0)
    return (Tensor(rng.standard_normal((1, 3, 4)).astype(np.float32)) for _ in range(2))


POISONED = {
    "encoder.layers.0.self_attn.in_proj_weight": "encoder.layers.0.self_attn",
    "encoder.layers.1.linear2.bias": "encoder.layers.1.linear2",
    "encoder.norm.weight": "encoder.norm",
    "decoder.layers.0.multihead_attn.out_proj.weight": "decoder.layers.0.multihead_attn.out_proj",
}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("recorded", [True, False], ids=["recorded", "no_grad"])
@pytest.mark.parametrize("parameter, path", POISONED.items(), ids=POISONED.values())
def test_the_module_inside_a_transformer_is_named(parameter, path, recorded, value):
    model = transformer()
    dict(model.named_parameters())[parameter].array[0] = value
    place = line(2)
    with pytest.raises(FloatingPointError) as problem, debug(), enable_grad() if recorded else no_grad():
        model(*inputs())
    assert re.match(rf"forward of \w+ in {re.escape(path)}, called at {re.escape(place)}, got", first_line(problem))


def test_the_module_is_named_in_the_papers_model_and_in_a_loss():
    model = Transformer(TransformerConfig(vocab_size=7, d_model=4, n_heads=2, n_layers=1, d_ff=6, dropout=0.0))
    model.decoder.layers[0].linear1.weight.array[0, 0] = np.nan
    source, target = np.array([[3, 4, 5]]), np.array([[1, 5]])
    with pytest.raises(FloatingPointError) as problem, debug():
        fused.cross_entropy(model(source, target).swapaxes(1, 2), target)
    assert first_line(problem).startswith("forward of linear in decoder.layers.0.linear1, called at")


# ---- what is no mistake ---------------------------------------------------------------------------------------------


def test_the_minus_inf_of_a_mask_may_come_out_again():
    """As users mask attention: −inf where it is not allowed."""
    x = leaf([1.0, 2.0], [3.0, 4.0])
    with debug():
        scores = x.masked_fill(np.array([[False, True], [False, False]]), -np.inf)
        (scores / 2).softmax(-1)[0].sum().backward()
        model = transformer()
        mask = nn.Transformer.generate_square_subsequent_mask(3)
        model(*inputs(), src_mask=mask, tgt_mask=mask).sum().backward()
    assert np.isfinite(x.grad.array).all()


def test_what_is_made_of_a_mask_is_no_mask():
    with debug():
        scores = leaf(1.0, 2.0).masked_fill(np.array([False, True]), -np.inf)
        with pytest.raises(FloatingPointError, match=r"forward of negative .* 0 NaN and 1 Inf"):
            np.negative(scores)
        with pytest.raises(FloatingPointError, match=r"forward of subtract .* 1 NaN and 0 Inf"):
            np.subtract(scores, scores)


def test_no_op_of_the_table_is_accused():
    """Results, rules by kernel and rules on Tensors pass, where they are finite, as most are."""
    finite = [case for case in CASES if is_finite(case)]
    assert len(finite) > 0.9 * len(CASES)
    assert failures(finite, run_in_debug_mode) == {}


def is_finite(case):
    with np.errstate(all="ignore"):
        inputs, outputs = case.run()
        floats = [y for y in (*inputs, *outputs) if y.dtype.kind == "f"]
        finite = all(np.isfinite(y.array).all() for y in floats)
        if finite and any(y.requires_grad for y in floats):
            for xs, ys in (case.run(), case.run()):
                found = grad([y for y in ys if y.requires_grad], leaves(xs), ones(ys))
                finite = finite and all(np.isfinite(d.array).all() for d in found)
    return finite


def run_in_debug_mode(case):
    with debug():
        xs, ys = case.run()
        if case.order and any(y.requires_grad for y in ys):
            grad([y for y in ys if y.requires_grad], leaves(xs), ones(ys), retain_graph=True)
            grad([y for y in ys if y.requires_grad], leaves(xs), ones(ys), create_graph=True)


def leaves(xs):
    return [x for x in xs if x.requires_grad]


def ones(ys):
    return [np.ones(y.shape) for y in ys if y.requires_grad]


def test_training_goes_on_as_without_it():
    def train(steps=3):
        manual_seed(0)
        model = Transformer(TransformerConfig(vocab_size=7, d_model=4, n_heads=2, n_layers=1, d_ff=6, dropout=0.2))
        optimizer = optim.Adam(model.parameters(), lr=1e-2)
        source, target = np.array([[3, 4, 0]]), np.array([[1, 5, 0]])
        for _ in range(steps):
            optimizer.zero_grad()
            loss = fused.cross_entropy(model(source, target).swapaxes(1, 2), target, ignore_index=0)
            loss.backward()
            optimizer.step()
        return [p.array for p in model.parameters()]

    expected = train()
    with debug():
        found = train()
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


# ---- backward -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("create_graph", [False, True], ids=["arrays", "Tensors"])
def test_the_first_wrong_gradient(create_graph):
    x = leaf(0.0, 4.0, name="x")
    with debug():
        h = x * 1
        place = line(1)
        y = h.sqrt()
        with pytest.raises(FloatingPointError) as problem:
            (y * 2).sum().backward(create_graph=create_graph)
    assert first_line(problem).startswith(f"backward of sqrt in no module, called at {place}, got a ")
    assert "0 NaN and 1 Inf among 2 entries" in first_line(problem)
    assert x.grad is None


def test_the_module_of_a_wrong_gradient_is_named():
    class Root(nn.Module):
        def forward(self, x):
            self.place = line(1)
            return x.sqrt()

    class Net(nn.Module):
        def __init__(self):
            self.encoder = nn.Sequential(nn.Identity(), Root())

        def forward(self, x):
            return self.encoder(x)

    net = Net()
    with pytest.raises(FloatingPointError) as problem, debug():
        net(leaf(0.0, name="x")).backward()
    assert first_line(problem) == (
        f"backward of sqrt in encoder.1, called at {net.encoder[1].place}, got a gradient of x (1,) with 0 NaN and 1 "
        "Inf among 1 entries"
    )


def test_a_wrong_seed_is_seen_at_the_first_op():
    with pytest.raises(FloatingPointError) as problem, debug():
        (leaf(1.0) * 2).backward(np.array([np.nan]))
    assert first_line(problem).startswith("backward of multiply")


def test_what_was_made_before_is_told_from_what_was_made_inside():
    y = leaf(0.0).sqrt()
    with pytest.raises(FloatingPointError) as problem, debug():
        y.backward()
    assert first_line(problem).startswith("backward of sqrt in no module, called at a line before debug(), got")


# ---- written to between forward and backward ------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["an input", "the other input", "a view of an input", "the output"])
@pytest.mark.parametrize("create_graph", [False, True], ids=["arrays", "Tensors"])
def test_an_array_that_was_written_to_is_found(written, create_graph):
    x, w, mask = leaf(1.0, 2.0, name="x"), leaf(3.0, 4.0), np.array([True, False])
    with debug():
        place = line(1)
        y = np.where(mask, x, w)
        loss = y.sum()
        arrays = {"an input": x.array, "the other input": w.array, "a view of an input": x.array[1:],
                  "the output": loss.array}  # fmt: skip
        arrays[written][...] = 0
        with pytest.raises(RuntimeError) as problem:
            loss.backward(create_graph=create_graph)
    op, place = ("sum", line(-6)) if written == "the output" else ("where", place)
    assert first_line(problem).startswith(f"the gradient rule of {op} in no module, called at {place}, got array")
    assert "modified by an inplace operation between forward and backward" in str(problem.value)
    assert (x.grad, w.grad) == (None, None)


def test_a_parameter_that_a_step_has_changed_is_found():
    layer = nn.Linear(2, 2)
    optimizer = optim.SGD(layer.parameters(), lr=0.1)
    with debug():
        loss = (layer(leaf([1.0, 2.0]).float()) ** 2).sum()
        loss.backward(retain_graph=True)
        optimizer.step()
        with pytest.raises(RuntimeError) as problem:
            loss.backward()
    assert "the gradient rule of linear" in str(problem.value)
    assert "change parameters only after backward()" in str(problem.value)


def test_writing_to_what_no_rule_needs_is_allowed():
    x = leaf(1.0, 2.0)
    with debug():
        spare = (x * 2).array.copy()
        y = (x * 3).sum()
        spare[...] = 0
        y.backward()
        x.array[...] = 5.0  # after backward
        (x * x).sum().backward()
    assert x.grad.tolist() == [13.0, 13.0]


# ---- rules that return something else -------------------------------------------------------------------------------


def with_rule(rule):
    made = Op(lambda X, W: X * W, name="product").function
    made.rule(rule)
    return made


RULES = {
    "another shape": (lambda dY, Y, X, W: (np.ones(3), dY), RuntimeError, "in its input's shape"),
    "a number": (lambda dY, Y, X, W: (1.0, dY), RuntimeError, "a gradient is an array of floats"),
    "a list": (lambda dY, Y, X, W: (dY.tolist(), dY), RuntimeError, "a gradient is an array of floats"),
    "integers": (lambda dY, Y, X, W: (np.ones(2, int), dY), RuntimeError, "a gradient is an array of floats"),
    "booleans": (lambda dY, Y, X, W: (X > 0, dY), RuntimeError, "a gradient is an array of floats"),
    "one too few": (lambda dY, Y, X, W: (dY,), RuntimeError, "it returns a gradient for each input"),
    "no tuple": (lambda dY, Y, X, W: dY, RuntimeError, "it returns a gradient for each input"),
    "a NaN": (lambda dY, Y, X, W: (dY, dY * np.nan), FloatingPointError, "every number is finite"),
}


@pytest.mark.parametrize("rule, kind, said", RULES.values(), ids=RULES)
def test_a_rule_that_returns_something_else_is_named_with_its_place(rule, kind, said):
    product = with_rule(rule)

    class Product(nn.Module):
        def forward(self, x, w):
            self.place = line(1)
            return product(x, w)

    class Net(nn.Module):
        def __init__(self):
            self.layers = [Product()]

        def forward(self, x, w):
            return self.layers[0](x, w)

    x, w, net = leaf(1.0, 2.0), leaf(3.0, 4.0), Net()
    with pytest.raises(kind) as problem, debug():
        net(x, w).sum().backward()
    assert f"of product in layers.0, called at {net.layers[0].place}, got" in first_line(problem)
    assert said in str(problem.value)
    assert (x.grad, w.grad) == (None, None)


def test_a_users_own_function_is_named():
    class Doubled(Function):
        def forward(X):
            return X * 2

        def backward(dY, Y, X):
            return dY * np.inf

    with pytest.raises(FloatingPointError) as problem, debug():
        Doubled.apply(leaf(1.0)).backward()
    assert first_line(problem).startswith("backward of Doubled in no module, called at")


# ---- with checkpoint() ----------------------------------------------------------------------------------------------


def test_inside_a_checkpoint_the_module_is_named_forward_and_backward():
    class Net(nn.Module):
        def __init__(self, part):
            self.layers = [nn.Sequential(part)]

        def forward(self, x):
            return checkpoint(self.layers[0], x)

    class Root(nn.Module):
        def forward(self, x):
            return x.sqrt()

    with pytest.raises(FloatingPointError) as problem, debug():
        Net(Root())(leaf(-1.0))
    assert first_line(problem).startswith("forward of sqrt in layers.0.0, called at")
    with pytest.raises(FloatingPointError) as problem, debug():
        Net(Root())(leaf(0.0)).backward()
    assert first_line(problem).startswith("backward of sqrt in layers.0.0, called at")


def test_what_a_checkpoint_computes_again_from_must_not_have_changed():
    x, w = leaf(1.0), leaf(2.0)
    with debug():
        y = checkpoint(lambda x: x * w, x)
        w.array[...] = 3.0
        with pytest.raises(RuntimeError) as problem:
            y.backward()
    assert first_line(problem).startswith("the gradient rule of checkpoint in no module, called at")


# ---- on and off -----------------------------------------------------------------------------------------------------


def is_off():
    return thread.state.watch is None and np.geterr() == before_all


before_all = np.geterr()


def test_outside_nothing_is_in_the_way():
    assert State().watch is None
    assert is_off()
    with debug():
        assert not is_off()
    assert is_off()


def test_it_ends_with_an_exception():
    with pytest.raises(KeyError), debug():
        raise KeyError
    assert is_off()
    with pytest.raises(FloatingPointError), debug():
        leaf(0.0).log()
    assert is_off()


def test_one_inside_another_knows_what_that_has_seen():
    x = leaf(0.0)
    with debug():
        place = line(1)
        y = x.sqrt()
        with debug(), pytest.raises(FloatingPointError) as problem:
            y.backward(retain_graph=True)
        assert f"called at {place}, got" in first_line(problem)
        with debug():
            place = line(1)
            z = x.sqrt()
        with pytest.raises(FloatingPointError) as problem:
            z.backward()
        assert f"called at {place}, got" in first_line(problem)
        y = x * x
        x.array[...] = 1.0
        with debug(), pytest.raises(RuntimeError, match="modified by an inplace operation"):
            y.backward()
    assert is_off()


def test_after_a_stop_it_goes_on():
    with debug():
        x = leaf(1.0)
        with pytest.raises(FloatingPointError):
            (x - 1).log()
        with pytest.raises(FloatingPointError):
            (x - 1).sqrt().backward()
        (x * 2).backward()
        assert x.grad.tolist() == [2.0]
        with pytest.raises(FloatingPointError) as problem:
            (x * 0).log()
        assert first_line(problem).startswith("forward of log")


def test_what_is_noted_of_a_tensor_goes_with_it():
    x = leaf(1.0)
    with debug() as mode:
        for _ in range(3):
            (x * x).backward()
        x.grad = None
        assert (mode.lines, mode.sums) == ({}, {})


def test_other_threads_are_left_alone():
    found = []

    def other():
        with np.errstate(all="ignore"):
            found.append((leaf(0.0).log().tolist(), thread.state.watch is None))

    with debug():
        another = threading.Thread(target=other)
        another.start()
        another.join()
    assert found == [([-np.inf], True)]


def test_a_thread_has_its_own():
    def other():
        with pytest.raises(FloatingPointError) as problem, debug():
            leaf(0.0).log()
        found.append(problem)

    found: list = []
    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert len(found) == 1
    assert is_off()
