"""Ctrl-C at any line leaves no state behind: nothing is watched, recorded or drawn otherwise than before."""

import copy
import signal

import numpy as np
import pytest
from interrupted import at_every_line, ctrl_c

from tinygrad_tf import Tensor, enable_grad, grad, nn, no_grad, optim, random
from tinygrad_tf.autograd.debugging import debug
from tinygrad_tf.autograd.recompute import checkpoint
from tinygrad_tf.autograd.recording import thread
from tinygrad_tf.graph.lines import record
from tinygrad_tf.models.generation import evaluation
from tinygrad_tf.nn.outline import outline, outlined

X = np.ones((2, 3), "float32")


class Net(nn.Module):
    def __init__(self):
        self.first = nn.Linear(3, 4)
        self.drop = nn.Dropout(0.5)
        self.last = nn.Linear(4, 1)

    def forward(self, x):
        return self.last(self.drop(self.first(x)))


def everything(net):
    """All that a later call depends on, beside the generator and the gradients."""
    state = thread.state
    hooks = [(list(m._hooks.before), list(m._hooks.after)) for m in net.modules() if m._hooks]
    return (
        state.recording, state.switch, state.root, str(state.scope), state.watch, np.geterr(),
        random._replay.generator, [pair for pair in hooks if any(pair)], [m.training for m in net.modules()],
        [p.requires_grad for p in net.parameters()], outlined(),
    )  # fmt: skip


def forward_and_backward(net):
    net(Tensor(X)).sum().backward()


def debugged(net):
    with debug():
        forward_and_backward(net)


def debugged_in_itself(net):
    looks = debug()
    with looks:
        forward_and_backward(net)
        with looks:
            forward_and_backward(net)
        forward_and_backward(net)


def debugged_in_another(net):
    with debug(), record(), debug():
        forward_and_backward(net)


def unrecorded(net):
    off = no_grad()
    with off:
        net(Tensor(X))
        with enable_grad(), off:
            with off:
                net(Tensor(X))
            net(Tensor(X))


def decorated(net):
    no_grad()(lambda: net(Tensor(X)))()


def in_pieces(net):
    @no_grad()
    def pieces():
        yield net(Tensor(X))
        yield net(Tensor(X))

    list(pieces())


def replayed(net):
    with random.replayed(random.get_state()):
        net(Tensor(X))
        random.manual_seed(3)
        net(Tensor(X))


def recomputed(net):
    checkpoint(net, Tensor(X)).sum().backward()


def summarised(net):
    nn.summary(net, Tensor(X))


def evaluated(net):
    with evaluation(net):
        net(Tensor(X))


def built_without_values(net):
    with outline():
        nn.ReLU()
        with outline():
            nn.ReLU()


SCENES = [
    forward_and_backward, debugged, debugged_in_itself, debugged_in_another, unrecorded, decorated, in_pieces,
    replayed, recomputed, summarised, evaluated, built_without_values,
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # in a weakref's callback
@pytest.mark.parametrize("most", [150, pytest.param(None, marks=pytest.mark.slow)], ids=["some", "all"])
@pytest.mark.parametrize("scene", SCENES, ids=[scene.__name__ for scene in SCENES])
def test_an_exception_at_any_line_leaves_no_state(scene, most):
    net = Net().train()
    net.first.bias.requires_grad = False
    before = everything(net)

    def check(came, where):
        assert everything(net) == before, where

    struck = at_every_line(lambda: scene(net), check, most=most)
    print(f"{struck} lines struck")
    assert struck > 20


def test_a_debug_that_is_nested_in_itself_says_each_mistake_once():
    looks = debug()
    with looks:
        with looks, pytest.raises(FloatingPointError, match="forward of log"):
            Tensor([0.0]).log()
        with pytest.raises(FloatingPointError, match="forward of log"):
            Tensor([0.0]).log()
    with np.errstate(divide="ignore"):
        assert Tensor([0.0]).log().item() == -np.inf


# ---- a step is whole or not at all ----------------------------------------------------------------------------------

OPTIMIZERS = {
    "SGD": lambda params: optim.SGD(params, lr=0.1, momentum=0.9),
    "Adam": lambda params: optim.Adam(params, lr=0.1),
    "AdamW": lambda params: optim.AdamW([{"params": params[:1]}, {"params": params[1:], "lr": 0.3}], lr=0.1),
    "RMSprop": lambda params: optim.RMSprop(params, lr=0.1),
}


@pytest.fixture
def with_ctrl_c():
    """Ctrl-C raises, as in a program in the foreground; where tests run in the background of a shell it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def bits(params, optimizer, schedule):
    state = optimizer.state_dict()["state"]
    return [
        *[p.array.tobytes() for p in params],
        {i: {k: v.tobytes() if isinstance(v, np.ndarray) else v for k, v in s.items()} for i, s in state.items()},
        [group["lr"] for group in optimizer.param_groups], schedule.last_epoch,
    ]  # fmt: skip


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_ctrl_c_at_any_line_of_a_step_leaves_it_whole_or_undone(name, with_ctrl_c):
    params = [Tensor(np.full(shape, 0.5, "float32"), requires_grad=True) for shape in ((3,), (2, 2), (100, 100))]
    for p in params:
        p.grad = Tensor(np.full(p.shape, 0.25, "float32"))
    optimizer = OPTIMIZERS[name](params)
    schedule = optim.ExponentialLR(optimizer, 0.5)
    optimizer.step()
    start = copy.deepcopy((params, optimizer.state_dict(), schedule.state_dict()))

    def reset():
        for p, saved in zip(params, start[0], strict=True):
            p.array[...] = saved.array
        optimizer.load_state_dict(copy.deepcopy(start[1]))
        schedule.load_state_dict(copy.deepcopy(start[2]))

    reset()
    undone = bits(params, optimizer, schedule)
    optimizer.step()
    stepped = bits(params, optimizer, schedule)
    schedule.step()
    both = bits(params, optimizer, schedule)
    reset()
    seen = set()

    def check(came, where):
        now = bits(params, optimizer, schedule)
        assert came, where
        assert now in (undone, stepped, both), where
        seen.add([undone, stepped, both].index(now))
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        reset()

    def step():
        optimizer.step()
        schedule.step()

    struck = at_every_line(step, check, ctrl_c)
    print(f"{struck} lines struck")
    assert struck > 50
    assert seen == {0, 1, 2}


def adam():
    net = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5), nn.Linear(2, 1))
    optimizer = optim.Adam([{"params": net[0].parameters()}, {"params": net[2].parameters(), "lr": 0.5}], lr=0.1)
    return net, optimizer


def saved():
    net, optimizer = adam()
    net(Tensor(np.ones((1, 2), "float32"))).sum().backward()
    optimizer.step()
    optimizer.param_groups[1]["lr"] = 0.25
    return optimizer.state_dict()


STATE = saved()
CHANGES = {
    "to": lambda net, optimizer: net.to("float64"),
    "eval": lambda net, optimizer: net.eval(),
    "requires_grad_": lambda net, optimizer: net.requires_grad_(False),
    "load_state_dict": lambda net, optimizer: optimizer.load_state_dict(STATE),
}


@pytest.mark.parametrize("name", CHANGES)
def test_ctrl_c_at_any_line_of_a_change_finds_all_of_the_old_or_all_of_the_new(name, with_ctrl_c):
    def looks(net, optimizer):
        return ([(p.dtype, p.requires_grad) for p in net.parameters()], [part.training for part in net.modules()],
                len(optimizer.state), [group["lr"] for group in optimizer.param_groups])  # fmt: skip

    made, seen = [adam()], set()
    known = [looks(*made[-1])]
    CHANGES[name](*made[-1])
    known.append(looks(*made[-1]))
    made.append(adam())

    def check(came, where):
        assert looks(*made[-1]) in known, where
        seen.add(known.index(looks(*made[-1])))
        made.append(adam())

    at_every_line(lambda: CHANGES[name](*made[-1]), check, ctrl_c)
    assert seen == {0, 1}


def test_ctrl_c_works_after_an_exception_at_any_line(with_ctrl_c):
    """The handler of a part that Ctrl-C does not stop half-way is taken away whatever line is hit."""
    net, _ = adam()
    state = adam()[0].state_dict()

    def check(came, where):
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    at_every_line(lambda: net.load_state_dict(state), check)


def test_a_handler_may_put_another_in_its_place(with_ctrl_c):
    """The first Ctrl-C only asks; the second ends the program."""
    signal.signal(signal.SIGINT, lambda number, frame: signal.signal(signal.SIGINT, signal.default_int_handler))
    net, _ = adam()
    net.modules = lambda: (ctrl_c(), nn.Module.modules(net))[1]
    net.eval()
    with pytest.raises(KeyboardInterrupt):
        ctrl_c()


def test_a_step_in_a_thread_hears_no_signals():
    import threading

    p = Tensor([1.0], requires_grad=True)
    p.grad = Tensor([1.0])
    run = threading.Thread(target=optim.SGD([p], lr=0.5).step)
    run.start()
    run.join()
    assert p.tolist() == [0.5]


def test_gradients_of_the_whole_come_after_all_that():
    """The state is as good as new."""
    x = Tensor([2.0], requires_grad=True)
    assert grad((x * x).sum(), x).tolist() == [4.0]
