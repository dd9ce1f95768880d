"""Functions with a context: value, gradients and second derivatives are PyTorch's, from one definition for both."""

import types
import warnings

import numpy as np
import pytest

import tinygrad_tf
from tinygrad_tf import Tensor, autograd, compile, gradcheck, graph, nn
from tinygrad_tf.autograd import Function
from tinygrad_tf.autograd.function import once_differentiable


def functions(torch):
    """The same classes in either library."""

    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, dY):
            (x,) = ctx.saved_tensors
            return 3 * dY * x**2

    class Exp(torch.autograd.Function):
        """Saves its output."""

        @staticmethod
        def forward(ctx, x):
            y = x.exp()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, dY):
            return dY * ctx.saved_tensors[0]

    class Scaled(torch.autograd.Function):
        """Attributes of the context, arguments that are no Tensors, gradients by need."""

        @staticmethod
        def forward(ctx, x, w, power, name=None):
            ctx.save_for_backward(x, None, w)
            ctx.power = power
            return w * x**power

        @staticmethod
        def backward(ctx, dY):
            x, nothing, w = ctx.saved_tensors
            assert nothing is None
            dx = dw = None
            if ctx.needs_input_grad[0]:
                dx = dY * w * ctx.power * x ** (ctx.power - 1)
            if ctx.needs_input_grad[1]:
                dw = dY * x**ctx.power
            return dx, dw, None, None

    class Apart(torch.autograd.Function):
        @staticmethod
        def forward(x, w):
            return (x * w).sum(-1)

        @staticmethod
        def setup_context(ctx, inputs, output):
            x, w = inputs
            ctx.save_for_backward(x, w)
            ctx.set_materialize_grads(False)

        @staticmethod
        def backward(ctx, dY):
            x, w = ctx.saved_tensors
            return dY.unsqueeze(-1) * w, dY.unsqueeze(-1) * x

    class Both(torch.autograd.Function):
        """Two outputs that learn, of other shapes, and one that does not."""

        @staticmethod
        def forward(ctx, x, w):
            product, means = x * w, x.exp().mean(-1)
            signs = x.sign()
            ctx.mark_non_differentiable(signs)
            ctx.save_for_backward(x, w, product)
            return product, signs, means

        @staticmethod
        def backward(ctx, dproduct, dsigns, dmeans):
            x, _, product = ctx.saved_tensors
            n = x.shape[-1]
            return dproduct * product / x + dmeans.unsqueeze(-1) * x.exp() / n, dproduct * x

    class Straight(torch.autograd.Function):
        """Rounding whose gradient passes as if it were none; returns its input's own gradient."""

        @staticmethod
        def forward(ctx, x):
            return x.round()

        @staticmethod
        def backward(ctx, dY):
            return dY

    class Same(torch.autograd.Function):
        """Returns its input: the gradient is reversed."""

        @staticmethod
        def forward(ctx, x, strength):
            ctx.strength = strength
            return x.view_as(x)

        @staticmethod
        def backward(ctx, dY):
            return -ctx.strength * dY, None

    return types.SimpleNamespace(**{c.__name__: c for c in (Cube, Exp, Scaled, Apart, Both, Straight, Same)})


OURS = functions(tinygrad_tf)
CALLS = {
    "one input": lambda f, x, w: f.Cube.apply(x).sum() + (w * w).sum(),
    "a saved output": lambda f, x, w: (f.Exp.apply(x) * w).sum(),
    "used twice": lambda f, x, w: (f.Exp.apply(f.Cube.apply(x * w)) * f.Exp.apply(x)).sum(),
    "no Tensors": lambda f, x, w: f.Scaled.apply(x, w, 3, "name").sum(),
    "an input without a gradient": lambda f, x, w: (f.Scaled.apply(x.detach(), w, 2) * x).sum(),
    "a context apart": lambda f, x, w: (f.Apart.apply(x, w) ** 2).sum(),
    "several outputs": lambda f, x, w: sum((y**2).sum() for y in f.Both.apply(x, w)),
    "one of several outputs": lambda f, x, w: (f.Both.apply(x, w)[2] ** 2).sum() + (x * w).sum(),
    "straight through": lambda f, x, w: (f.Straight.apply(x) * w * x).sum(),
    "its input": lambda f, x, w: (f.Same.apply(x * w, 0.5) * x).sum(),
}


#: Gradients that are meant to be others than those of what is computed.
NOT_BY_NUDGES = ("an input without a gradient", "straight through", "its input")


def values():
    rng = np.random.default_rng(0)
    return rng.uniform(0.5, 1.5, (2, 3)), rng.uniform(0.5, 1.5, (2, 3)), rng.standard_normal((2, 3))


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_value_gradients_and_second_derivatives_are_pytorchs(call):
    torch = pytest.importorskip("torch")
    found = []
    for library, held in ((torch, functions(torch)), (tinygrad_tf, OURS)):
        x, w, v = [library.tensor(a) for a in values()]
        x.requires_grad_(), w.requires_grad_()
        loss = call(held, x, w)
        dx, dw = library.autograd.grad(loss, (x, w), create_graph=True)
        ((dx * v).sum() + (dw * dw).sum()).backward()
        found.append([t.detach().numpy() for t in (loss, dx, dw, x.grad, w.grad)])
    for theirs, ours in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize("call", [c for name, c in CALLS.items() if name not in NOT_BY_NUDGES])
def test_the_rules_are_what_nudges_say(call):
    x, w, _ = [Tensor(a, requires_grad=True) for a in values()]
    gradcheck(lambda x, w: call(OURS, x, w), x, w)


def test_an_output_that_is_marked_needs_no_gradient():
    x, w, _ = [Tensor(a, requires_grad=True) for a in values()]
    product, signs, means = OURS.Both.apply(x, w)
    assert [y.requires_grad for y in (product, signs, means)] == [True, False, True]
    assert isinstance(OURS.Both.apply(x, w), tuple)


def test_nothing_is_recorded_where_nothing_is_to_be():
    x = Tensor([2.0])
    assert not OURS.Cube.apply(x).requires_grad
    with tinygrad_tf.no_grad():
        assert not OURS.Cube.apply(x.requires_grad_()).requires_grad


def test_the_forward_leaves_its_arguments_alone():
    x = Tensor([2.0], requires_grad=True)
    y = OURS.Same.apply(x, 1.0)
    assert x.is_leaf
    assert y is not x
    y.backward()
    assert x.grad.tolist() == [-1.0]


def test_the_graph_is_freed_with_what_was_saved():
    import gc
    import weakref

    x = Tensor([2.0, 3.0], requires_grad=True)
    y = OURS.Exp.apply(x * 1)
    alive = weakref.ref(y.inputs[0])
    gc.disable()
    try:
        y.sum().backward()
        assert alive() is None
    finally:
        gc.enable()


def test_a_context_holds_no_circle():
    import gc
    import weakref

    gc.disable()
    try:
        x = Tensor([2.0], requires_grad=True)
        y = OURS.Exp.apply(x)
        y.backward(retain_graph=True)
        alive = weakref.ref(y)
        del y
        assert alive() is None
    finally:
        gc.enable()


def test_a_backward_for_one_derivative_refuses_the_second():
    class Once(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @once_differentiable
        def backward(ctx, dY):
            return 2 * dY * ctx.saved_tensors[0]

    x = Tensor([3.0], requires_grad=True)
    Once.apply(x).backward()
    assert x.grad.tolist() == [6.0]
    dx = tinygrad_tf.grad(Once.apply(x), x, create_graph=True)
    assert dx.tolist() == [6.0]
    with pytest.raises(RuntimeError, match="trying to differentiate twice"):
        dx.backward()


def test_the_house_form_is_chosen_by_its_arguments():
    class Square(Function):
        def forward(X):
            return X * X

        def backward(dY, Y, X):
            return 2 * dY * X

    assert str(tinygrad_tf.formula.gradient_formula(Square.apply(Tensor([1.0], requires_grad=True, name="X")), 0))
    assert Square.apply.op.repeats
    assert not OURS.Cube.apply.op.repeats


# ---- seen -----------------------------------------------------------------------------------------------------------


def test_it_is_told_with_its_code():
    x = Tensor([1.0, 2.0], requires_grad=True, name="x")
    loss = OURS.Cube.apply(x).sum()
    told = str(graph.explain(loss, x))
    assert "A = Cube(x)" in told or "Cube(x)" in told
    assert "return 3 * dY * x ** 2" in told


def test_it_is_drawn_and_nudged(tmp_path):
    x = Tensor([1.0, 2.0], requires_grad=True, name="x")
    product, _, means = OURS.Both.apply(x, x)
    loss = product.sum() + means
    assert "Both" in graph.draw(loss).source
    assert "product" in str(graph.explain(loss, x))
    graph.explore(loss).save(str(tmp_path / "page.json"))
    assert "Both" in (tmp_path / "page.json").read_text(encoding="utf-8")


def test_it_says_why_it_is_no_program():
    x = Tensor([1.0, 2.0], requires_grad=True, name="x")
    with pytest.raises(RuntimeError, match="Cube, whose forward leaves things in a ctx"):
        graph.program(OURS.Cube.apply(x).sum())


def test_a_compiled_function_runs_it_as_it_is():
    @compile
    def f(x):
        return OURS.Cube.apply(x).sum()

    with pytest.warns(RuntimeWarning, match="Cube, whose forward leaves things in a ctx"):
        first = f(Tensor([2.0]))
    assert first.item() == f(Tensor([2.0])).item() == 8.0


def test_debug_finds_the_first_wrong_number_in_it():
    class Log(Function):
        @staticmethod
        def forward(ctx, x):
            return x.log()

        @staticmethod
        def backward(ctx, dY):
            return dY

    with tinygrad_tf.debug(), np.errstate(all="ignore"), pytest.raises(FloatingPointError, match="forward of log"):
        Log.apply(Tensor([-1.0], requires_grad=True))


# ---- what stands beside it ------------------------------------------------------------------------------------------


def test_variable_is_a_tensor():
    x = autograd.Variable(Tensor([1.0]), requires_grad=True)
    assert (x.requires_grad, x.is_leaf) == (True, True)
    assert not autograd.Variable(Tensor([1.0]), requires_grad=True, volatile=True).requires_grad


@pytest.mark.parametrize("kind", ["no_grad", "enable_grad", "inference_mode"])
@pytest.mark.parametrize("bare", [True, False])
def test_a_decorator_with_and_without_brackets(kind, bare):
    decorator = getattr(tinygrad_tf, kind)
    decorator = decorator if bare else decorator()

    @decorator
    def recording(x):
        """Tells."""
        return tinygrad_tf.is_grad_enabled() + x

    with tinygrad_tf.no_grad():
        assert recording(1) == 1 + (kind == "enable_grad")
    assert recording.__doc__ == "Tells."


def steps(library, decorator):
    """What a generator under ``decorator`` and its caller see, in turn."""
    enabled, seen = library.is_grad_enabled, []

    @decorator
    def pieces():
        try:
            seen.append(("begun", enabled()))
            got = yield 1
            seen.append((got, enabled()))
            try:
                yield 2
            except KeyError:
                seen.append(("thrown", enabled()))
                yield 3
        finally:
            seen.append(("closed", enabled()))
        return "end"

    g = pieces()
    seen.append((next(g), enabled()))
    seen.append((g.send("sent"), enabled()))
    seen.append((g.throw(KeyError()), enabled()))
    g.close()
    seen.append(("after", enabled()))

    def whole():
        seen.append(((yield from pieces()), enabled()))

    list(whole())
    return seen


@pytest.mark.parametrize("make", [
    lambda t: t.no_grad(), lambda t: t.no_grad, lambda t: t.enable_grad(), lambda t: t.set_grad_enabled(False),
    lambda t: t.inference_mode(),
])  # fmt: skip
def test_generators_run_within_piece_by_piece_as_in_pytorch(make):
    torch = pytest.importorskip("torch")
    assert steps(tinygrad_tf, make(tinygrad_tf)) == steps(torch, make(torch))


@pytest.mark.parametrize("wanted", [lambda a, b, c: [a], lambda a, b, c: b, lambda a, b, c: [a, b],
                                    lambda a, b, c: [c], lambda a, b, c: (c, a)])  # fmt: skip
def test_backward_to_some_inputs_is_pytorchs(wanted):
    torch = pytest.importorskip("torch")
    found = []
    for library in (torch, tinygrad_tf):
        a, b = (library.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
        c = a * 3
        (c * b * a).sum().backward(inputs=wanted(a, b, c))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch's, of the gradient of a Tensor that an op made
            found.append([None if t.grad is None else t.grad.tolist() for t in (a, b, c)])
    assert found[0] == found[1]


def test_unused_inputs():
    x, u = (Tensor([1.0], requires_grad=True) for _ in range(2))
    assert tinygrad_tf.grad(x.sum(), [x, u], allow_unused=True)[1] is None
    assert tinygrad_tf.grad(x.sum(), [x, u], allow_unused=True, materialize_grads=True)[1].tolist() == [0.0]
    assert tinygrad_tf.grad(x.sum(), [x, u])[1].tolist() == [0.0]
    with pytest.raises(RuntimeError, match="allow_unused=True"):
        tinygrad_tf.grad(x.sum(), [x, u], allow_unused=False)


# ---- schedules and embeddings ---------------------------------------------------------------------------------------


def schedules(library):
    class Noam(library.optim.lr_scheduler.LRScheduler):
        def __init__(self, optimizer, warmup, last_epoch=-1):
            self.warmup = warmup
            super().__init__(optimizer, last_epoch)

        def get_lr(self):
            n = self._step_count
            return [base * min(n**-0.5, n * self.warmup**-1.5) for base in self.base_lrs]

    class Chained(library.optim.lr_scheduler.LRScheduler):
        def get_lr(self):
            if self.last_epoch == 0:
                return [group["lr"] for group in self.optimizer.param_groups]
            return [group["lr"] * 0.9 for group in self.optimizer.param_groups]

    return Noam, Chained


@pytest.mark.parametrize("which, args", [(0, (4,)), (1, ())])
def test_a_schedule_with_get_lr_is_pytorchs(which, args):
    torch = pytest.importorskip("torch")
    found = []
    for library in (torch, tinygrad_tf):
        layer = library.nn.Linear(1, 1)
        optimizer = library.optim.SGD([{"params": [layer.weight], "lr": 0.5}, {"params": [layer.bias]}], lr=0.1)
        scheduler, rates = schedules(library)[which](optimizer, *args), []
        for _ in range(6):
            rates += scheduler.get_last_lr()
            optimizer.step()
            scheduler.step()
        state = scheduler.state_dict()
        new = schedules(library)[which](library.optim.SGD(optimizer.param_groups, lr=0.1), *args)
        new.load_state_dict(state)
        optimizer.step(), new.step()
        found.append([*rates, *new.get_last_lr()][: len(rates) + 1])
    np.testing.assert_allclose(found[1], found[0])


def test_the_state_of_a_schedule_with_get_lr_has_its_attributes():
    Noam, _ = schedules(tinygrad_tf)
    optimizer = tinygrad_tf.optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
    old, new = Noam(optimizer, 3), Noam(optimizer, 7)
    new.load_state_dict(old.state_dict())
    assert new.warmup == 3


@pytest.mark.parametrize("settings", [
    {"max_norm": 1.0}, {"max_norm": 1.0, "norm_type": 1.0}, {"scale_grad_by_freq": True}, {"padding_idx": -1},
    {"padding_idx": 1, "scale_grad_by_freq": True}, {"sparse": False},
], ids=str)  # fmt: skip
def test_an_embeddings_settings_are_pytorchs(settings):
    torch = pytest.importorskip("torch")
    rows, ids = np.random.default_rng(0).standard_normal((6, 3)), np.array([[1, 2, 1], [0, 5, 1]])
    dY = np.random.default_rng(1).standard_normal((2, 3, 3))
    theirs = torch.nn.Embedding.from_pretrained(torch.tensor(rows.copy()), freeze=False, **settings)
    ours = nn.Embedding.from_pretrained(rows, freeze=False, **settings)
    a, b = theirs(torch.tensor(ids)), ours(ids)
    a.backward(torch.tensor(dY)), b.backward(dY)
    np.testing.assert_allclose(b.array, a.detach().numpy())
    np.testing.assert_allclose(ours.weight.array, theirs.weight.detach().numpy())
    np.testing.assert_allclose(ours.weight.grad.array, theirs.weight.grad.numpy())
    assert repr(ours) == repr(theirs)


def test_pretrained_rows_are_frozen_unless_asked():
    rows = Tensor(np.ones((2, 3), "f4"))
    assert not nn.Embedding.from_pretrained(rows).weight.requires_grad
    assert nn.Embedding.from_pretrained(rows, freeze=False).weight.requires_grad
    assert nn.Embedding(2, 3, _weight=rows).weight.requires_grad


def test_max_norm_leaves_wrong_ids_to_the_lookup():
    layer = nn.Embedding(3, 2, max_norm=0.1)
    before = layer.weight.tolist()
    with pytest.raises(IndexError):
        layer([5])
    assert layer.weight.tolist() == before
