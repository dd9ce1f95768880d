"""checkpoint(): the same gradients to the bit as without it, for the memory of √n layers instead of n."""

import gc
import importlib
import pkgutil
import threading
import tracemalloc
import weakref

import numpy as np
import pytest

import tinygrad_tf
from tinygrad_tf import Tensor, checkpoint, enable_grad, grad, manual_seed, nn, no_grad
from tinygrad_tf.autograd.recording import thread
from tinygrad_tf.autograd.walk import reachable
from tinygrad_tf.graph import draw, explain
from tinygrad_tf.ops import fused
from tinygrad_tf.random import generator


def leaf(*values, **traits):
    return Tensor(np.array(values), requires_grad=True, **traits)


def normal(*shape, seed=0):
    return Tensor(np.random.default_rng(seed).standard_normal(shape).astype(np.float32), requires_grad=True)


def plain(function, *inputs):
    """checkpoint() without the checkpoint: what it is held to."""
    return function(*inputs)


# ---- the same to the bit --------------------------------------------------------------------------------------------


class Block(nn.Module):
    """A residual block with everything in it that could differ from run to run."""

    def __init__(self, width=8, dropout=0.3):
        self.norm, self.attend = nn.LayerNorm(width), nn.MultiheadAttention(width, 2, dropout, batch_first=True)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        h = self.norm(x)
        x = x + self.attend(h, h, h, need_weights=False)[0]
        return x + self.dropout(self.down(fused.gelu(self.up(x))))


def run_blocks(through):
    """Four residual blocks with dropout, two a piece: all gradients, and the generator's state afterwards."""
    manual_seed(0)
    blocks = [Block() for _ in range(4)]
    x = normal(2, 3, 8)
    y = x
    for pair in (blocks[:2], blocks[2:]):
        y = through(nn.Sequential(*pair), y)
    (y * y).sum().backward()
    return [x, *[p for b in blocks for p in b.parameters()]]


def run_tied(through):
    """One weight is used before the pieces, several times in each, and after them."""
    W, x = normal(4, 4), normal(3, 4, seed=1)
    y = (x @ W).tanh()
    for _ in range(2):
        y = through(lambda y: y + ((y @ W).tanh() @ W.mT) * (y @ W), y)
    (y @ W).exp().sum().backward()
    return [W, x]


def run_captured(through):
    """The function reaches Tensors that are not its arguments: a leaf, a result, and a constant."""
    x, w, c = normal(3), normal(3, seed=1), Tensor(np.float32(2.0))
    h = w * w
    y = through(lambda x: (x * h).exp() * w * c, x)
    (y * h).sum().backward()
    return [x, w]


def run_nested(through):
    x, w = normal(20), normal(20, seed=1)

    def inner(x):
        return fused.dropout((x * w).exp(), 0.4) * x

    def outer(x):
        return through(inner, fused.dropout(x, 0.4)) + through(inner, x * 2)

    through(lambda x: through(outer, x) * w, x).sum().backward()
    return [x, w]


def run_passed_on(through):
    """A function may return its argument, or what was made outside of it."""
    x = normal(3)
    h = x * x
    y = through(lambda x: x, x) + through(lambda x: h, x) + through(lambda a, b: b, x, h)
    (y * y).sum().backward()
    return [x]


def run_several(through):
    """Several arguments, some of which require no gradient or are no Tensors; one of them given twice."""
    x, c = normal(3), Tensor(np.float32([1.0, 2.0, 3.0]))
    y = through(lambda a, b, c, k, mask: fused.softmax(a * b * c * k * mask), x, x, c, 2.0, np.array([1, 0, 1]))
    (y * y).sum().backward()
    return [x]


def run_views(through):
    x = normal(4, 6)
    y = through(lambda x: x.reshape(2, 12).mT[3:], x) * through(lambda x: x.mT.reshape(12, 2)[3:], x)
    (y * y).sum().backward()
    return [x]


def run_unused(through):
    """A part of what the function computes is thrown away, and one Tensor that it uses does not matter."""
    x, w = normal(20), normal(20, seed=1)

    def function(x):
        fused.dropout(x * w, 0.5)
        return fused.dropout(x.exp(), 0.5) + 0 * w.detach()

    through(function, x).sum().backward()
    return [x, w]


RUNS = [run_blocks, run_tied, run_captured, run_nested, run_passed_on, run_several, run_views, run_unused]


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.__name__[4:])
def test_gradients_are_equal_to_the_bit(run):
    manual_seed(5)
    expected = [x.grad for x in run(plain)]
    state_after = generator().bit_generator.state
    manual_seed(5)
    found = [x.grad for x in run(checkpoint)]
    assert generator().bit_generator.state == state_after
    for a, b in zip(found, expected, strict=True):
        if b is None:
            assert a is None
        else:
            np.testing.assert_array_equal(a.array, b.array, strict=True)
    assert any(b is not None and np.abs(b.array).max() > 0.01 for b in expected)


def test_grad_of_some_is_equal_to_the_bit_and_computes_no_more():
    x, w = normal(3), normal(3, seed=1)
    for through in (plain, checkpoint):
        y = through(lambda x: (x * w).exp() + w, x * 2)
        for inputs in ([x], [w], [x, w], [w, x]):
            found = grad(y.sum(), inputs, retain_graph=True)
            expected = {x.number: 2 * np.exp(2 * x.array * w.array) * w.array,
                        w.number: 2 * np.exp(2 * x.array * w.array) * x.array + 1}  # fmt: skip
            for d, t in zip(found, inputs, strict=True):
                np.testing.assert_allclose(d.array, expected[t.number], rtol=1e-5)


def test_create_graph_gives_second_derivatives():
    """Equal to rounding: what is made again is newer than in a plain run, so sums are taken in another order."""

    def run(through):
        x, w = normal(20), normal(20, seed=1)
        y = through(lambda x: fused.dropout((x * w).tanh(), 0.3) * x, x)
        dx = grad((y * y).sum(), x, create_graph=True)
        (dx * dx).sum().backward()
        return [x.grad.array, w.grad.array]

    manual_seed(1)
    expected = run(plain)
    manual_seed(1)
    found = run(checkpoint)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6, strict=True)
        assert np.abs(b).max() > 0.1


def test_third_derivative_through_a_checkpoint():
    x = leaf(2.0)
    y = checkpoint(lambda x: x**4, x)
    for expected in (32.0, 48.0, 48.0):
        y = grad(y, x, create_graph=True)
        assert y.tolist() == [expected]


def test_a_retained_graph_can_be_walked_twice():
    x = leaf(2.0)
    y = checkpoint(lambda x: x * x, x)
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [8.0]
    with pytest.raises(RuntimeError, match="freed"):
        y.backward()


def test_backward_under_no_grad():
    x = leaf(2.0)
    y = checkpoint(lambda x: x * x, x)
    with no_grad():
        y.backward()
    assert x.grad.tolist() == [4.0]


# ---- when there is nothing to go back through -----------------------------------------------------------------------


def test_nothing_is_recorded_under_no_grad():
    calls = []
    with no_grad():
        y = checkpoint(lambda x: calls.append(1) or x * x, leaf(2.0))
    assert (y.is_leaf, y.requires_grad, y.tolist(), calls) == (True, False, [4.0], [1])


def test_an_output_without_a_gradient_is_returned_as_it_is():
    made = []
    y = checkpoint(lambda x: made.append(x * 2) or made[-1], Tensor([2.0]))
    assert y is made[0]
    ids = checkpoint(lambda x: x.argmax(), leaf(1.0, 3.0))
    assert (ids.item(), ids.requires_grad) == (1, False)


def test_a_function_that_turns_recording_off_and_on():
    x = leaf(2.0)

    def function(x):
        with no_grad():
            c = x * 10
            with enable_grad():
                return x * x + c

    checkpoint(function, x).backward()
    assert x.grad.tolist() == [4.0]


# ---- it keeps nothing -----------------------------------------------------------------------------------------------


def test_what_is_inside_is_gone_after_the_forward():
    seen = []

    def function(x):
        h = x.exp()
        seen.append(weakref.ref(h))
        return h * h

    x = leaf(1.0)
    y = checkpoint(function, x)
    assert [ref() for ref in seen] == [None]
    y.backward()
    assert [ref() for ref in seen] == [None, None]
    assert len(reachable([y])) == 1


@pytest.mark.parametrize("create_graph", [False, True], ids=["backward", "create_graph"])
def test_no_reference_cycles(create_graph):
    gc.collect()
    gc.disable()
    try:
        x = leaf(1.0, 2.0)
        y = checkpoint(lambda x: checkpoint(lambda x: x.exp(), x) * x, x)
        gone = weakref.ref(y)
        dx = grad(y.sum(), x, create_graph=create_graph)
        del y, dx
        assert gone() is None
    finally:
        gc.enable()


class Deep(nn.Module):
    """n blocks, one after the other, of activations that dwarf everything else."""

    def __init__(self, n, width=16):
        self.blocks = [nn.Sequential(nn.Linear(width, width), nn.Tanh()) for _ in range(n)]

    def forward(self, x, size=0):
        """In pieces of ``size`` blocks; 0: without checkpoint()."""
        run = lambda blocks, x: x if not blocks else run(blocks[1:], x + blocks[0](x))
        if not size:
            return run(self.blocks, x)
        for start in range(0, len(self.blocks), size):
            piece = self.blocks[start : start + size]
            x = checkpoint(lambda x, piece=piece: run(piece, x), x)
        return x


def peak(n, size, rows=2000, width=16):
    """The most memory at one time in a forward and a backward, in layers' activations."""
    model, x = Deep(n, width), normal(rows, width)
    gc.collect()
    tracemalloc.start()
    (model(x, size) ** 2).sum().backward()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / (rows * width * 4)


def test_memory_of_24_blocks_is_that_of_a_few():
    whole, pieces = peak(24, 0), peak(24, 5)
    assert pieces < 0.45 * whole, (whole, pieces)


def test_memory_grows_as_the_root_of_the_number_of_blocks():
    sizes = {6: 2, 24: 5, 96: 10}
    plainly = {n: peak(n, 0) for n in sizes}
    found = {n: peak(n, size) for n, size in sizes.items()}
    assert plainly[96] / plainly[24] > 3.5  # by n: 4
    for few, many in ((6, 24), (24, 96)):  # by √n: 2
        assert found[many] / found[few] < 2.3, found


def test_gradients_inside_a_piece_do_not_pile_up():
    """One piece: beside what the forward needs, the walk holds the gradients of one block at a time."""
    forward_only = peak(24, 0)
    assert peak(24, 24) < 1.15 * forward_only


# ---- where it runs --------------------------------------------------------------------------------------------------


def test_what_is_made_again_knows_its_module():
    seen = []

    class Looking(nn.Module):
        def forward(self, x):
            y = x.exp()
            seen.append((y.scope, thread.state.scope))
            return y * x

    class Net(nn.Module):
        def __init__(self):
            self.layers = [nn.Sequential(Looking())]

        def forward(self, x):
            return checkpoint(self.layers[0], x)

    Net()(leaf(1.0)).backward()
    assert seen == [("layers.0.0", "layers.0.0")] * 2
    assert (thread.state.root, thread.state.scope) == (None, "")


def test_an_exception_in_the_second_run_leaves_everything_as_it_was():
    fails = []

    def function(x):
        if fails:
            raise KeyError("on purpose")
        return fused.dropout(x, 0.5)

    x = leaf(1.0, 2.0)
    y = checkpoint(function, x).sum()
    fails.append(True)
    before = generator().bit_generator.state
    with no_grad(), pytest.raises(KeyError):
        y.backward()
    assert generator().bit_generator.state == before
    assert (thread.state.root, thread.state.scope, thread.state.recording) == (None, "", True)


def test_the_generator_may_be_seeded_anew_in_between():
    x = leaf(*np.ones(20))
    manual_seed(3)
    y = checkpoint(lambda x: fused.dropout(x, 0.5), x)
    manual_seed(4)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.array, y.array)


def test_other_threads_draw_on_undisturbed():
    """While one thread runs a function again, another draws what it would have drawn without."""
    barrier, drawn = threading.Barrier(2, timeout=60), []

    def function(x):
        if calls:
            barrier.wait()  # the other draws now
            barrier.wait()
        calls.append(1)
        return fused.dropout(x, 0.5)

    def other():
        barrier.wait()
        drawn.append(generator().random())
        barrier.wait()

    calls, x = [], leaf(*np.ones(20))
    y = checkpoint(function, x)
    expected = np.random.default_rng()
    expected.bit_generator.state = generator().bit_generator.state
    thread = threading.Thread(target=other)
    thread.start()
    y.sum().backward()
    thread.join()
    assert drawn == [expected.random()]
    np.testing.assert_array_equal(x.grad.array, y.array)


def test_other_threads_may_draw_in_the_first_run():
    def function(x):
        thread = threading.Thread(target=lambda: generator().random(7))
        thread.start()
        thread.join()
        return fused.dropout(x, 0.5)

    x = leaf(*np.ones(20))
    y = checkpoint(function, x)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.array, y.array)


def test_a_function_may_seed_the_generator_itself():
    def function(x):
        manual_seed(9)
        return fused.dropout(x, 0.5)

    x = leaf(*np.ones(20))
    y = checkpoint(function, x)
    manual_seed(4)
    before = generator().bit_generator.state
    y.sum().backward()
    assert generator().bit_generator.state == before
    np.testing.assert_array_equal(x.grad.array, y.array)


# ---- hooks ----------------------------------------------------------------------------------------------------------


def test_a_hook_is_called_once_with_the_whole_gradient():
    seen = []
    x, w = leaf(2.0), leaf(3.0)
    h = x * 2
    for name, t in (("x", x), ("w", w), ("h", h)):
        t.register_hook(lambda d, name=name: seen.append((name, d.tolist())))
    k = h * 10  # older than the piece, visited after it
    y = checkpoint(lambda h: h * w * w, h)
    y.register_hook(lambda d: seen.append(("y", d.tolist())))
    (y + k + w).backward()
    assert seen == [("y", [1.0]), ("h", [19.0]), ("w", [25.0]), ("x", [38.0])]


def test_a_hook_inside_is_called_in_the_second_run():
    seen = []

    def function(x):
        h = x * 2
        h.register_hook(lambda d: seen.append(d.tolist()) or d * 10)
        return h * h

    x = leaf(3.0)
    checkpoint(function, x).backward()
    assert seen == [[12.0]]
    assert x.grad.tolist() == [240.0]


# ---- what is refused ------------------------------------------------------------------------------------------------


def test_it_returns_one_tensor():
    with pytest.raises(
        TypeError, match=r"checkpoint got result .*\n  rule: the function returns one Tensor\n  cure: st"
    ):
        checkpoint(lambda x: (x, x), leaf(1.0))


def changed_shape(x, w, again):
    return (x * w)[:1] if again else x * w


def without_a_gradient(x, w, again):
    return (x * w).detach() if again else x * w


def another_dtype(x, w, again):
    return (x * w).astype("float32") if again else x * w


@pytest.mark.parametrize("function", [changed_shape, without_a_gradient, another_dtype], ids=lambda f: f.__name__)
def test_a_function_that_changes_its_mind_is_found_out(function):
    x, w, calls = leaf(1.0, 2.0), leaf(3.0, 4.0), []

    def run(x):
        calls.append(1)
        return function(x, w, len(calls) > 1)

    y = checkpoint(run, x).sum()
    with pytest.raises(
        RuntimeError, match=r"checkpoint got the first result .*\n  rule: .*the same result.*\n  cure: .*generator"
    ):
        y.backward()
    assert (x.grad, w.grad) == (None, None)


# ---- in pictures, and as a name -------------------------------------------------------------------------------------


def test_it_is_one_node_of_a_picture_with_the_gradients_that_leave_it():
    x, W = leaf([1.0, 2.0], name="x"), leaf([1.0, 0.5], [0.5, 1.0], name="W")
    loss = checkpoint(lambda x: checkpoint(lambda x: x @ W, x).tanh() @ W, x).sum()
    told = str(explain(loss, W))
    assert "dW = backward(dA₁)" in told
    assert "the function is run again" in told
    size = np.linalg.norm(grad(loss, W, retain_graph=True).array)
    assert f"norm {size:.3g}" in told
    assert "checkpoint" in draw(loss).source


def test_no_module_takes_the_name_of_the_function():
    for module in pkgutil.iter_modules(tinygrad_tf.__path__):
        importlib.import_module(f"tinygrad_tf.{module.name}")
    assert tinygrad_tf.checkpoint is checkpoint
