"""What public calls leave behind: nothing that only Python's collector finds; it may be off while a model trains.

Not in the table: the first call of a compiled function, which writes and keeps code that knows itself; a class of one's
own, which is a cycle in Python; ``save_pretrained``, since the standard library's indented JSON leaves one at each
file; ``from_torch``, for torch.export leaves hundreds.
"""

import contextlib
import copy
import gc
import pickle

import numpy as np
import pytest

import tinygrad_tf
from tinygrad_tf import Tensor, grad, graph, nn, no_grad, optim, train
from tinygrad_tf.models import Transformer, TransformerConfig, gpt2
from tinygrad_tf.tasks import reverse

X = np.ones((3, 4), "float32")
TOKENS = np.ones((2, 3, 8), "float32")


class Bench:
    """What the calls below work on."""

    def __init__(self, folder):
        self.folder = folder
        self.model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
        self.W = self.model[0].weight
        self.transformer = nn.Transformer(8, 2, 1, 1, 16, batch_first=True)
        self.optimizer = optim.AdamW(self.model.parameters(), lr=1e-3)
        self.gpt = gpt2.GPT2(gpt2.GPT2Config(vocab_size=17, n_positions=16, n_embd=8, n_layer=1, n_head=2))
        self.compiled = tinygrad_tf.compile(self.step)

    def loss(self):
        return (self.model(Tensor(X)) ** 2).mean()

    def step(self):
        self.optimizer.zero_grad()
        loss = self.loss()
        loss.backward()
        self.optimizer.step()
        return loss

    def hooked(self):
        """A Tensor with hooks, and a module with one of each kind, which are taken off again."""
        first = self.model[0]
        handles = [
            first.register_forward_pre_hook(lambda module, inputs: None),
            first.register_forward_hook(lambda module, inputs, output: None),
            first.register_full_backward_hook(lambda module, dX, dY: None),
        ]
        y = self.model(Tensor(X))
        y.register_hook(lambda dY: dY * 2)
        y.retain_grad()
        y.sum().backward()
        for handle in handles:
            handle.remove()

    def written(self):
        t = Tensor(X, requires_grad=True) * 2
        t[0].add_(1.0)
        t[1:] = 3.0
        t += 1
        t.sum().backward()
        Tensor(X).data.mul_(2.0)

    def mistaken(self):
        with contextlib.suppress(ValueError):
            Tensor(X) @ Tensor(X)

    def scheduled(self):
        optimizer = optim.SGD(self.model.parameters(), lr=0.1)
        schedules = [optim.lr_scheduler.LinearLR(optimizer), optim.lr_scheduler.CosineAnnealingLR(optimizer, 5)]
        optim.lr_scheduler.SequentialLR(optimizer, schedules, [2]).step()

    def states(self):
        self.model.load_state_dict(self.model.state_dict())
        self.optimizer.load_state_dict(self.optimizer.state_dict())

    def saved(self):
        tinygrad_tf.save(self.model.state_dict(), self.folder / "a.pt")
        tinygrad_tf.load(self.folder / "a.pt")

    def twice(self):
        return grad(grad(self.loss(), self.W, create_graph=True).sum(), self.W)

    def trained(self):
        task = reverse()
        config = TransformerConfig(len(task.vocabulary), d_model=16, n_heads=2, n_layers=1, d_ff=32)
        settings = train.TrainConfig(steps=2, batch_size=4, eval_pairs=10)
        train.Trainer(Transformer(config), task, settings).fit(progress=False)

    def checkpointed(self):
        path = self.folder / "a.safetensors"
        train.save_checkpoint(path, self.model, self.optimizer)
        train.load_checkpoint(path).restore(self.model, self.optimizer)

    def loaded(self):
        from tinygrad_tf.utils.data import DataLoader, TensorDataset

        list(DataLoader(TensorDataset(Tensor(X), Tensor(X)), batch_size=2, shuffle=True))


#: Public calls, by name, on the bench.
CALLS = {
    "a model": lambda b: nn.Transformer(8, 2, 1, 1, 16, batch_first=True),
    "a training step": Bench.step,
    "a Transformer's step": lambda b: b.transformer(Tensor(TOKENS), Tensor(TOKENS)).mean().backward(),
    "a compiled step": lambda b: b.compiled(),
    "without a graph": lambda b: no_grad()(b.loss)(),
    "second derivatives": Bench.twice,
    "checkpoint": lambda b: tinygrad_tf.checkpoint(b.model, Tensor(X, requires_grad=True)).sum().backward(),
    "jacobian": lambda b: tinygrad_tf.jacobian(lambda x: x * x, Tensor([1.0, 2.0])),
    "hessian": lambda b: tinygrad_tf.hessian(lambda x: (x * x).sum(), Tensor([1.0, 2.0])),
    "gradcheck": lambda b: tinygrad_tf.gradcheck(lambda x: x * x, Tensor(np.ones(2), requires_grad=True)),
    "hooks": Bench.hooked,
    "writes through views": Bench.written,
    "an error": Bench.mistaken,
    "nn.summary": lambda b: str(nn.summary(b.model, Tensor(X))),
    "graph.explain": lambda b: str(graph.explain(b.loss(), b.W)),
    "graph.draw": lambda b: str(graph.draw(b.loss(), path_to=b.W)),
    "graph.explore": lambda b: graph.explore(b.loss(), path_to=b.W),
    "graph.explore, saved": lambda b: graph.explore(b.loss()).save(b.folder / "a.html"),
    "graph.program": lambda b: str(graph.program(b.loss())),
    "graph.program, run": lambda b: graph.program(b.loss()).run(),
    "an optimiser and schedules": Bench.scheduled,
    "clip_grad_norm_": lambda b: (b.loss().backward(), nn.utils.clip_grad_norm_(b.model.parameters(), 1.0)),
    "states": Bench.states,
    "save and load": Bench.saved,
    "copies": lambda b: (copy.deepcopy(b.model), pickle.loads(pickle.dumps(b.model))),
    "a DataLoader": Bench.loaded,
    "vjp and jvp": lambda b: (
        tinygrad_tf.vjp(lambda x: x * x, Tensor([1.0, 2.0]))[1](Tensor([1.0, 2.0])),
        tinygrad_tf.jvp(lambda x: x * x, Tensor([1.0, 2.0]), Tensor([1.0, 2.0])),
    ),
    "a Trainer's steps": Bench.trained,
    "a checkpoint": Bench.checkpointed,
    "generate": lambda b: b.gpt.generate(np.array([[1, 2, 3]]), max_new_tokens=3),
    "generate, drawn": lambda b: b.gpt.generate(np.array([[1, 2, 3]]), max_new_tokens=3, do_sample=True),
    "generate, beams": lambda b: b.gpt.generate(np.array([[1, 2, 3]]), max_new_tokens=3, num_beams=2),
}
SAVING = ("save and load", "a checkpoint")  # what they write are safetensors files


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("cycles"))


@contextlib.contextmanager
def collector_off():
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def left_by(call, times=3):
    """How many objects the collector finds after calls that it did not disturb."""
    call()  # what is made once and kept
    call()
    with collector_off():
        for _ in range(times):
            call()
        return gc.collect()


@pytest.mark.parametrize("name", CALLS)
def test_nothing_is_left_for_the_collector(name, bench):
    if name in SAVING:
        pytest.importorskip("safetensors", reason='pip install "tinygrad_tf[train]"')
    assert left_by(lambda: CALLS[name](bench)) == 0


def test_the_count_sees_a_cycle():
    """A hook that reads its own Tensor by name, as the documentation of ``register_hook`` says."""

    def hooked(by_its_name):
        y = Tensor(X, requires_grad=True) * 2
        handle = y.register_hook((lambda dY: dY * y.array) if by_its_name else (lambda dY: dY * 2))
        y.sum().backward()
        return handle

    assert left_by(lambda: hooked(True)) > 0
    assert left_by(lambda: hooked(False)) == 0
    assert left_by(lambda: hooked(True).remove()) == 0


def test_a_thousand_steps_keep_nothing(bench):
    bench.step()
    with collector_off():
        before = len(gc.get_objects())
        for _ in range(1000):
            bench.step()
        assert len(gc.get_objects()) - before < 50
        assert gc.collect() == 0
