"""Hooks of Tensors and of modules: when they are called, with what, and what they may put in its place."""

import copy
import gc
import weakref

import numpy as np
import pytest

from tinygrad_tf import Tensor, grad, nn, no_grad
from tinygrad_tf.autograd.walk import reachable


def leaf(*values, **traits):
    return Tensor(np.array(values), requires_grad=True, **traits)


# ---- on a Tensor ----------------------------------------------------------------------------------------------------


def test_hooks_are_called_in_order_each_with_what_the_one_before_left():
    seen = []
    x = leaf(1.0, 2.0)
    x.register_hook(lambda d: seen.append(("first", d.tolist())) or d * 10)
    x.register_hook(lambda d: seen.append(("second", d.tolist())))
    x.register_hook(lambda d: seen.append(("third", d.tolist())) or d + 1)
    (x * 3).sum().backward()
    assert seen == [("first", [3.0, 3.0]), ("second", [30.0, 30.0]), ("third", [30.0, 30.0])]
    assert x.grad.tolist() == [31.0, 31.0]


def test_a_hook_is_called_once_with_the_whole_gradient():
    seen = []
    x = leaf(2.0)
    h = x * x
    h.register_hook(lambda d: seen.append(("h", d.tolist())))
    x.register_hook(lambda d: seen.append(("x", d.tolist())))
    (h * h + 3 * h + h.exp() * 0 + x).backward()
    assert seen == [("h", [11.0]), ("x", [45.0])]  # 2h + 3 with h = 4; 11 · 2x + 1


def test_what_a_hook_of_a_result_returns_flows_on():
    x = leaf(3.0)
    h = x * x
    h.register_hook(lambda d: d * 100)
    (h * 2).backward()
    assert x.grad.tolist() == [1200.0]


def test_the_gradient_is_a_tensor_and_the_graph_of_create_graph_is_its_own():
    x, seen = leaf(3.0), []
    x.register_hook(lambda d: seen.append(d) or d * x)
    dx = grad(x * x, x, create_graph=True)  # 2x · x
    assert isinstance(seen[0], Tensor)
    assert seen[0].requires_grad
    assert dx.tolist() == [18.0]
    assert grad(dx, x).tolist() == [36.0]  # 4x, then this gradient's hook: · x


def test_grad_calls_the_hooks_of_what_it_passes_and_of_nothing_else():
    seen = []
    x, w = leaf(2.0), leaf(3.0)
    h = x * 2
    for name, t in (("x", x), ("w", w), ("h", h)):
        t.register_hook(lambda d, name=name: seen.append(name))
    y = h * w
    grad(y, h, retain_graph=True)
    assert seen == ["h"]
    seen.clear()
    grad(y, w, retain_graph=True)
    assert seen == ["w"]
    seen.clear()
    y.backward()
    assert seen == ["h", "w", "x"]


def test_every_backward_calls_it_again():
    seen, x = [], leaf(1.0)
    x.register_hook(lambda d: seen.append(d.tolist()))
    y = x * 2
    y.backward(retain_graph=True)
    y.backward()
    assert seen == [[2.0], [2.0]]
    assert x.grad.tolist() == [4.0]


def test_a_removed_hook_is_not_called_and_removing_it_twice_does_nothing():
    seen, x = [], leaf(1.0)
    first = x.register_hook(lambda d: seen.append("first"))
    second = x.register_hook(lambda d: seen.append("second"))
    first.remove()
    first.remove()
    (x * 1).backward()
    assert seen == ["second"]
    second.remove()
    (x * 1).backward()
    assert seen == ["second"]


def test_a_hook_registered_twice_is_called_twice_and_removed_once():
    seen, x = [], leaf(1.0)
    hook = lambda d: seen.append(1)
    handle = x.register_hook(hook)
    x.register_hook(hook)
    handle.remove()
    handle.remove()
    (x * 1).backward()
    assert seen == [1]


def test_a_hook_may_remove_itself_and_others():
    seen, x = [], leaf(1.0)
    handles = [x.register_hook(lambda d, k=k: seen.append(k) or ([h.remove() for h in handles] and None)) for k in "ab"]
    (x * 1).backward()
    (x * 1).backward()
    assert seen == ["a", "b"]


@pytest.mark.parametrize("returned", [np.ones(2), np.float32(1), Tensor(np.ones(2, np.float32))], ids=repr)
def test_arrays_and_other_floats_take_the_type_of_the_tensor(returned):
    x = Tensor(np.full(returned.shape, 3.0), requires_grad=True)
    x.register_hook(lambda d: returned)
    (x * 2).sum().backward()
    np.testing.assert_array_equal(x.grad.array, np.ones(x.shape), strict=True)


def test_gradients_that_a_hook_kept_or_returned_are_not_those_of_anybody_else():
    seen, mine = [], Tensor(np.array([7.0]))
    x, w = leaf(1.0), leaf(2.0)
    x.register_hook(seen.append)
    w.register_hook(lambda d: mine)
    (x * 1 + w * 1).backward()  # arrays that nobody else holds, until a hook does
    x.grad.array += 100
    w.grad.array += 100
    assert (seen[0].tolist(), mine.tolist()) == ([1.0], [7.0])


def test_a_failing_hook_stops_backward_before_any_grad_is_written():
    x, w = leaf(1.0), leaf(1.0)
    x.register_hook(lambda d: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        (x * w).backward()
    assert (x.grad, w.grad) == (None, None)


# ---- retain_grad ----------------------------------------------------------------------------------------------------


def test_retain_grad():
    x = leaf(1.0, 2.0)
    y = x * 2
    y.retain_grad()
    y.retain_grad()  # twice is once
    assert (y.retains_grad, x.retains_grad) == (True, False)
    (y**2).sum().backward(retain_graph=True)
    assert (y.grad.tolist(), x.grad.tolist()) == ([4.0, 8.0], [8.0, 16.0])
    (y**2).sum().backward()
    assert (y.grad.tolist(), x.grad.tolist()) == ([8.0, 16.0], [16.0, 32.0])


@pytest.mark.parametrize("order", ["hook first", "retain_grad first"])
def test_what_is_retained_is_what_the_hooks_have_left(order):
    y = leaf(1.0) * 2
    if order == "hook first":
        y.register_hook(lambda d: d * 10)
    y.retain_grad()
    if order != "hook first":
        y.register_hook(lambda d: d * 10)
    y.backward()
    assert y.grad.tolist() == [10.0]


def test_retain_grad_of_a_leaf_changes_nothing():
    x = leaf(1.0)
    x.retain_grad()
    (x * 2).backward()
    assert (x.grad.tolist(), x.hooks) == ([2.0], None)


def test_a_retained_gradient_can_be_differentiated_and_is_an_array_of_its_own():
    x = leaf(3.0)
    y = x * x
    y.retain_grad()
    (y * y).backward(create_graph=True)
    assert grad(y.grad, x).tolist() == [12.0]  # 2y = 2x²
    z = x + 1
    z.retain_grad()
    x.grad = None
    z.backward()
    z.grad.array += 5
    assert x.grad.tolist() == [1.0]


# ---- no cycles ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("create_graph", [False, True], ids=["backward", "create_graph"])
@pytest.mark.parametrize("made", [
    lambda x: x * 2,
    lambda x: hooked(nn.Tanh())(x),
    lambda x: hooked(Two())(x, x * 2),
    lambda x: hooked(nn.Sequential(hooked(nn.Tanh()), nn.Tanh()))(x),
    lambda x: hooked(Outputs())(x)[0],
], ids=["Tensor", "module", "two inputs", "nested", "two outputs"])  # fmt: skip
def test_no_reference_cycles(made, create_graph):
    gc.collect()
    gc.disable()
    try:
        x = leaf(1.0, 2.0)
        y = made(x)
        y.register_hook(lambda d: d * 2)
        y.retain_grad()
        gone = [weakref.ref(t) for t in reachable([y]) if t.op is not None]
        dx = grad(y.sum(), x, create_graph=create_graph)
        del y, dx
        assert [ref() for ref in gone] == [None] * len(gone)
    finally:
        gc.enable()


# ---- on a module ----------------------------------------------------------------------------------------------------


class Two(nn.Module):
    def forward(self, a, b, scale=1.0):
        return a * 2 * scale + b * 3


class First(nn.Module):
    """Takes two, uses one."""

    def forward(self, a, b):
        return a * 2


class Outputs(nn.Module):
    def forward(self, a):
        return a * 2, a.argmax(), a * 3


class Weighted(nn.Module):
    def __init__(self):
        self.w = nn.Parameter(np.array([3.0]))

    def forward(self, a):
        return a * self.w


class Aside(Weighted):
    """Its output does not depend on its input."""

    def forward(self, a):
        return self.w * 2


def plain(gradients):
    return tuple(None if d is None else d.tolist() for d in gradients)


def hooked(module, calls=None, returns=None):
    """The module with a backward hook that notes what it is called with."""

    def hook(own, dXs, dYs):
        assert own is module
        if calls is not None:
            calls.append((plain(dXs), plain(dYs)))
        return returns(dXs) if callable(returns) else returns

    module.register_full_backward_hook(hook)
    return module


def test_forward_hooks_see_and_replace():
    seen, net = [], Weighted()
    net.register_forward_pre_hook(lambda m, args: seen.append(("pre 1", args[0].tolist())) or args[0] * 2)
    net.register_forward_pre_hook(lambda m, args: seen.append(("pre 2", args[0].tolist())) or (args[0] + 1,))
    net.register_forward_hook(lambda m, args, y: seen.append(("post 1", args[0].tolist(), y.tolist())) or y * 2)
    net.register_forward_hook(lambda m, args, y: seen.append(("post 2", args[0].tolist(), y.tolist())))
    y = net(leaf(1.0, 2.0))
    assert seen == [
        ("pre 1", [1.0, 2.0]), ("pre 2", [2.0, 4.0]), ("post 1", [3.0, 5.0], [9.0, 15.0]),
        ("post 2", [3.0, 5.0], [18.0, 30.0]),
    ]  # fmt: skip
    assert y.tolist() == [18.0, 30.0]


def test_hooks_are_removed_by_their_handles():
    calls, net = [], Weighted()
    handles = [
        net.register_forward_pre_hook(lambda m, args: calls.append("pre")),
        net.register_forward_hook(lambda m, args, y: calls.append("post")),
        net.register_full_backward_hook(lambda m, dXs, dYs: calls.append("backward")),
    ]
    net(leaf(1.0)).backward()
    assert calls == ["pre", "post", "backward"]
    for handle in handles:
        handle.remove()
    y = net(leaf(1.0))
    assert y.op.name == "multiply"  # nothing is left in the graph
    y.backward()
    assert len(calls) == 3


def test_hooks_belong_to_one_module_not_to_its_class():
    calls = []
    hooked(Weighted(), calls)
    Weighted()(leaf(1.0)).backward()
    assert calls == []


def test_nothing_happens_under_no_grad():
    calls, net = [], Weighted()
    hooked(net, calls)
    with no_grad():
        assert net(leaf(1.0)).is_leaf
    assert calls == []


# Each row: the module, its inputs, what is made of its output, and what the hook is called with. As in PyTorch.
BACKWARD = {
    "one input": (Weighted, [leaf(1.0, 2.0)], lambda y: y, ([[3.0, 3.0]], [[1.0, 1.0]])),
    "two inputs": (Two, [leaf(1.0), leaf(2.0)], lambda y: y * 10, ([[20.0], [30.0]], [[10.0]])),
    "of any shape": (Two, [leaf([1.0, 1.0]), leaf(2.0)], lambda y: y, ([[[2.0, 2.0]], [6.0]], [[[1.0, 1.0]]])),
    "an input that is not used": (First, [leaf(1.0), leaf(2.0)], lambda y: y, ([[2.0], [0.0]], [[1.0]])),
    "one of them requires none": (Two, [Tensor([1.0]), leaf(2.0)], lambda y: y, ([None, [3.0]], [[1.0]])),
    "one of them is no Tensor": (Two, [leaf(1.0), 2.0], lambda y: y, ([[2.0], None], [[1.0]])),
    "none of them requires one": (Weighted, [Tensor([1.0, 2.0])], lambda y: y, ([None], [[1.0, 1.0]])),
    "several outputs": (Outputs, [leaf(1.0)], lambda y: y[0] + y[2] * 10, ([[32.0]], [[1.0], None, [10.0]])),
    "one of several outputs": (Outputs, [leaf(1.0)], lambda y: y[2], ([[3.0]], [[0.0], None, [1.0]])),
    "the input itself": (nn.Identity, [leaf(1.0)], lambda y: y, ([[1.0]], [[1.0]])),
}
ROWS = list(BACKWARD.values())


@pytest.mark.parametrize("module, inputs, use, called", ROWS, ids=BACKWARD)
def test_backward_hooks(module, inputs, use, called):
    without = [None if d is None else d.tolist() for d in gradients_of(module(), inputs, use)]
    if module is First:
        without[1] = [0.0]  # it is reached, though by nothing
    calls = []
    found = gradients_of(hooked(module(), calls), inputs, use)
    assert [(list(dXs), list(dYs)) for dXs, dYs in calls] == [called]
    assert [None if d is None else d.tolist() for d in found] == without


def gradients_of(module, inputs, use):
    for x in inputs:
        if isinstance(x, Tensor):
            x.grad = None
    use(module(*inputs)).sum().backward()
    return [x.grad if isinstance(x, Tensor) else None for x in inputs] + [p.grad for p in module.parameters()]


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")
@pytest.mark.parametrize("module, inputs, use, called", ROWS, ids=BACKWARD)
def test_backward_hooks_are_called_as_in_pytorch(module, inputs, use, called):
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle of the parity tests")

    class Theirs(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = torch.tensor([3.0], requires_grad=True)

        forward = module.forward

    theirs = [torch.tensor(x.tolist(), requires_grad=x.requires_grad) if isinstance(x, Tensor) else x for x in inputs]
    calls = []
    net = Theirs()
    net.register_full_backward_hook(lambda m, dXs, dYs: calls.append((plain(dXs), plain(dYs))))
    use(net(*theirs)).sum().backward()
    (dXs, dYs), (own_dXs, own_dYs) = calls[0], called
    for their, own, x in zip(dXs, own_dXs, inputs, strict=True):
        none = not isinstance(x, Tensor) or not x.requires_grad  # PyTorch has zeros there, if another input has one
        assert own is None if none else their == own
    for their, own in zip(dYs, own_dYs, strict=True):
        assert their == own or (their is None and own == [0.0])  # an output that is not used: ours are zeros
    assert len(calls) == 1


def test_a_module_used_twice_is_told_of_each_call_apart():
    calls, x = [], leaf(1.0)
    net = hooked(Weighted(), calls)
    net(net(x)).backward()
    assert calls == [(([3.0],), ([1.0],)), (([9.0],), ([3.0],))]
    assert (x.grad.tolist(), net.w.grad.tolist()) == ([9.0], [6.0])


def test_what_others_make_of_an_input_is_not_counted():
    calls, x = [], leaf(1.0)
    (hooked(Weighted(), calls)(x) + x * 100).backward()
    assert calls == [(([3.0],), ([1.0],))]
    assert x.grad.tolist() == [103.0]


def test_each_walk_calls_the_hook_again_with_nothing_left_over():
    calls, x = [], leaf(1.0)
    y = hooked(Weighted(), calls)(x)
    y.backward(retain_graph=True)
    (y * 2).backward()
    assert calls == [(([3.0],), ([1.0],)), (([6.0],), ([2.0],))]


def test_grad_of_a_parameter_does_not_pass_the_inputs():
    calls, x = [], leaf(1.0)
    net = hooked(Weighted(), calls)
    assert grad(net(x), net.w).tolist() == [1.0]
    assert calls == []
    hooked(aside := Aside(), calls)(x).backward()
    assert (aside.w.grad.tolist(), calls) == ([2.0], [])


REPLACEMENTS = [
    ("one input", Weighted, [leaf(1.0)], lambda d: (d[0] * 10,), [[30.0]]),
    ("not in a tuple", Weighted, [leaf(1.0)], lambda d: d[0] * 10, [[30.0]]),
    ("two inputs", Two, [leaf(1.0), leaf([2.0, 3.0])], lambda d: (d[0] * 10, d[1] + 1), [[40.0], [[4.0, 4.0]]]),
    ("None for zeros", Two, [leaf(1.0), leaf(2.0)], lambda d: (None, d[1]), [[0.0], [3.0]]),
    ("one that requires none", Two, [leaf(1.0), Tensor([2.0])], lambda d: (d[0] * 10, None), [[20.0], None]),
]  # fmt: skip


@pytest.mark.parametrize(
    "module, inputs, returns, expected", [r[1:] for r in REPLACEMENTS], ids=[r[0] for r in REPLACEMENTS]
)
def test_what_a_backward_hook_returns_takes_the_place_of_the_gradients(module, inputs, returns, expected):
    found = gradients_of(hooked(module(), returns=returns), inputs, lambda y: y)
    assert [None if d is None else d.tolist() for d in found[: len(inputs)]] == expected


def test_backward_hooks_follow_one_another():
    calls = []
    net = hooked(hooked(Weighted(), calls, lambda d: (d[0] * 10,)), calls, lambda d: (d[0] + 1,))
    x = leaf(1.0)
    net(x).backward()
    assert calls == [(([3.0],), ([1.0],)), (([30.0],), ([1.0],))]
    assert x.grad.tolist() == [31.0]


def test_a_backward_hook_sees_what_the_forward_hook_put_in_place_of_the_output():
    calls, net = [], Weighted()
    net.register_forward_hook(lambda m, args, y: y * 2)
    hooked(net, calls)(leaf(1.0)).backward()
    assert calls == [(([6.0],), ([1.0],))]


def test_inputs_of_different_types_get_their_own_back():
    seen = []
    a, b = Tensor(np.ones(2, np.float32), requires_grad=True), Tensor(np.ones(2), requires_grad=True)
    net = Two()
    net.register_full_backward_hook(lambda m, dXs, dYs: seen.extend([*dXs, *dYs]))
    net(a, b).sum().backward()
    assert [str(d.dtype) for d in seen] == ["float32", "float64", "float64"]
    assert (a.grad.dtype, b.grad.dtype) == (np.float32, np.float64)


def test_a_hook_of_create_graph_is_given_what_can_be_differentiated():
    x, net = leaf(2.0), nn.Tanh()
    hooked(net, returns=lambda d: (d[0] * d[0],))
    dx = grad(net(x), x, create_graph=True)
    t = np.tanh(2.0)
    assert dx.tolist() == pytest.approx([(1 - t**2) ** 2])


def test_hooks_inside_a_transformer_layer_see_what_flows():
    calls = []
    layer = nn.TransformerEncoderLayer(4, 2, 6, dropout=0.0, batch_first=True).double()
    for name in ("self_attn", "linear1", "norm2"):
        part = getattr(layer, name)
        part.register_full_backward_hook(
            lambda m, dXs, dYs, name=name: calls.append((name, [None if d is None else d.shape for d in (*dXs, *dYs)]))
        )
    x = Tensor(np.random.default_rng(0).standard_normal((1, 3, 4)), requires_grad=True)
    expected = grad((copy_without_hooks(layer)(x) ** 3).sum(), x)
    np.testing.assert_array_equal(grad((layer(x) ** 3).sum(), x).array, expected.array)
    same = (1, 3, 4)
    assert calls == [
        ("norm2", [same, same]), ("linear1", [same, (1, 3, 6)]), ("self_attn", [same, same, same, None, same, None]),
    ]  # fmt: skip


def copy_without_hooks(layer):
    twin = nn.TransformerEncoderLayer(4, 2, 6, dropout=0.0, batch_first=True).double()
    twin.load_state_dict(layer.state_dict())
    return twin


def test_a_copied_module_has_hooks_of_its_own():
    calls, net = [], Weighted()
    handle = net.register_full_backward_hook(lambda m, dXs, dYs: calls.append(m))
    twin = copy.deepcopy(net)
    handle.remove()
    twin(leaf(1.0)).backward()
    net(leaf(1.0)).backward()
    assert calls == [twin]
