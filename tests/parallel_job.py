"""What tests/parallel/test_parallel.py starts under mpiexec: ``python parallel_job.py NAME …``. Rank 0 prints JSON."""

import contextlib
import json
import math
import os
import signal
import sys
from pathlib import Path
from unittest import mock

import numpy as np

from tinygrad_tf import Tensor, checkpoint, manual_seed, nn, optim, parallel, tasks
from tinygrad_tf.models import GPT2, GPT2Config, Transformer, TransformerConfig
from tinygrad_tf.ops.fused import cross_entropy
from tinygrad_tf.random import generator
from tinygrad_tf.train.trainer import TrainConfig, Trainer

module = sys.modules["tinygrad_tf.parallel.sharing"]
exchange_module, flat_module = sys.modules["tinygrad_tf.parallel.exchange"], sys.modules["tinygrad_tf.parallel.flat"]
ADAMW = lambda model: optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.1)
SGD = lambda model: optim.SGD(model.parameters(), lr=1e-2, momentum=0.9)

#: What differs from the plain case: a GPT whose embedding is its output, six rows, a third of the tokens ignored.
CASES = {
    "plain": {},
    "SGD": {"optimizer": SGD},
    "Muon": {"model": lambda drop: Lines(), "optimizer": lambda m: optim.Muon(m.parameters(), lr=1e-2)},
    "MPI alone": {"node_size": 1},
    "two machines": {"node_size": 2},
    "machines of three and one": {"node_size": 3},
    "sometimes more ranks than rows": {"rows": (6, 1), "node_size": 2},
    "an unused weight, recomputed layers": {"model": lambda drop: Lines(unused=True), "node_size": 2},
    "one bucket": {"bucket": 1 << 20},
    "two steps after one backward": {"optimizer": SGD, "updates": 2},
    "several passes": {"passes": lambda rank: 3, "rows": (12, 9), "node_size": 2},
    "several passes, unequal": {"passes": lambda rank: 1 + rank % 3, "rows": (12,)},
    "three types": {"model": lambda drop: Lines(types=True), "optimizer": SGD},
    "three types on two machines": {"model": lambda drop: Lines(types=True), "optimizer": SGD, "node_size": 2},
}


class Lines(nn.Module):
    """Matrices alone; one of them perhaps in the model but in no loss, a hook on another, perhaps of three types."""

    def __init__(self, unused=False, types=False):
        self.embedding, self.recompute = nn.Embedding(17, 12), unused
        self.layers = [nn.Linear(12, 12, bias=False) for _ in range(3)]
        self.output = nn.Linear(12, 17, bias=False)
        if unused:
            self.spare = nn.Linear(9, 5, bias=False)
        self.layers[1].weight.register_hook(lambda dW: dW * 2)
        if types:
            self.layers[0].to("float16")
            self.layers[2].to("float64")

    def forward(self, ids):
        x = self.embedding(ids)
        for layer in self.layers:
            step = lambda x, layer=layer: layer(x.astype(layer.weight.dtype)).tanh().astype("float32")
            x = checkpoint(step, x) if self.recompute else step(x)
        return self.output(x)


def gpt(dropout):
    return GPT2(GPT2Config(vocab_size=17, n_positions=8, n_embd=16, n_layer=2, n_head=2, resid_pdrop=dropout,
                           embd_pdrop=dropout, attn_pdrop=dropout, bos_token_id=None, eos_token_id=None))  # fmt: skip


def train(ranks, model=gpt, optimizer=ADAMW, node_size=None, rows=(6,), bucket=1024, dropout=0.0, steps=4,
          updates=1, passes=lambda rank: 1):  # fmt: skip
    """Parameters, optimiser state, and (loss, norm) of every step, after a short training."""
    manual_seed(ranks.rank)  # what counts is rank 0's
    model = model(dropout)
    optimizer = optimizer(model)
    with mock.patch.object(flat_module, "BUCKET", bucket):
        shared = parallel.share(model, optimizer, ranks, node_size)
    record = []
    for step in range(steps):
        ids = generator().integers(0, 17, (rows[step % len(rows)], 9))
        targets = np.where(generator().random((len(ids), 8)) < 0.3, -100, ids[:, 1:])
        ids, targets = ranks.part(ids), ranks.part(targets)
        parts = min(passes(ranks.rank), max(1, len(ids)))
        for i, rows_of in enumerate(np.array_split(np.arange(len(ids)), parts)):
            n = int((targets[rows_of] != -100).sum())
            with ranks.own_random():
                logits = model(ids[rows_of, :-1]).reshape(-1, 17) if n else None
            loss = cross_entropy(logits, targets[rows_of].reshape(-1), ignore_index=-100) if n else None
            mean = shared.backward(loss, n, more=i < parts - 1)
        record.append((mean, shared.clip_grad_norm_(0.5)))
        for _ in range(updates):
            shared.step()
    shared.collect()
    return [p.array.copy() for p in model.parameters()], optimizer.state_dict()["state"], record


def furthest(one, other):
    """The largest difference of two trainings' numbers, and whether their optimisers know the same."""
    arrays = [*zip(one[0], other[0], strict=True), (np.array(one[2]), np.array(other[2]))]
    same = one[1].keys() == other[1].keys()
    for i in one[1] if same else ():
        same = same and one[1][i].keys() == other[1][i].keys()
        arrays += [(one[1][i][key], other[1][i][key]) for key in one[1][i]] if same else []
    return max(float(np.abs(a - b).max()) for a, b in arrays), same


def equality(ranks):
    """Each case against the same training in one process."""
    one_pass = {"passes": lambda rank: 1}
    return {name: furthest(train(parallel.Ranks(), **{**case, **one_pass}), train(ranks, **case)) if ranks.first else
            train(ranks, **case) and None for name, case in CASES.items()}  # fmt: skip


def dropout(ranks):
    """Twice the same bits; masks that differ between ranks and steps; a common generator that stays common."""
    first, again = (train(ranks, dropout=0.3) for _ in range(2))
    masks = []
    for _ in range(2):  # nobody draws from the common generator in between
        with ranks.own_random():
            masks.append(generator().random())
    masks.append(generator().random())
    table = ranks.table(masks)
    if ranks.first:
        alone = train(parallel.Ranks(), dropout=0.3)
        return {"masks": table.tolist(), "again": furthest(first, again)[0], "alone": furthest(first, alone)[0]}


def overlap(ranks):
    """How many buckets of how many were announced before the walk came to the first parameter itself."""
    seen, exchanges = [], []
    advance, steps = exchange_module.Exchange.advance, exchange_module.steps

    def noted(self):
        exchanges.append(self)
        advance(self)

    def watched(*args, **params):
        for step in steps(*args, **params):
            if step.Y.op is None and not seen:
                seen.append((exchanges[-1].announced, len(exchanges[-1].buckets)))
            yield step

    with (
        mock.patch.object(exchange_module.Exchange, "advance", noted),
        mock.patch.object(exchange_module, "steps", watched),
    ):
        train(ranks, steps=1)
    return seen


def collectives(ranks):
    """The small things."""
    weights = [float(ranks.rank), 0.0]
    found = {"mean": ranks.mean(float(ranks.rank), weights[0]), "any": ranks.any(ranks.rank == 1),
             "none": ranks.any(False), "first": ranks.from_first({"from": ranks.rank})}  # fmt: skip
    line = nn.Linear(2, 1)
    shared = parallel.share(line, optim.SGD(line.parameters(), lr=0.1), ranks)
    problems = []
    for loss, weight in ((None, 0), (None, 1), (Tensor(1.0), 1)):
        try:
            shared.backward(loss, weight)
        except (ValueError, RuntimeError) as problem:
            problems.append(f"{type(problem).__name__}: {problem}")
    before = line.weight.tolist()
    for weight in (math.nan, -1.0, math.inf):  # on one rank, in the first of two passes, and what all of them say
        said = None
        try:
            shared.backward(line(Tensor([[1.0, 2.0]])).sum(), weight if ranks.rank == 1 else 1.0, more=True)
            shared.backward(line(Tensor([[1.0, 2.0]])).sum(), 1.0)
        except ValueError as problem:
            said = str(problem)
            shared.step()
        assert line.weight.tolist() == before
        problems.append(ranks.to_first(said))
    try:
        ranks.mean(1.0, -1.0 if ranks.rank == 1 else 1.0)
    except ValueError as problem:
        problems.append([str(problem)])
    half = nn.Linear(2, 2)
    half.bias.array = half.bias.array.astype(np.longdouble)
    try:
        parallel.share(half, optim.SGD(half.parameters(), lr=0.1), ranks)
    except TypeError as problem:
        problems.append(f"{type(problem).__name__}: {problem}")
    return {**found, "problems": problems}


def mean_of_nothing(ranks):
    return ranks.mean(1.0, weight=0.0)


def closing(ranks, how="free"):
    """A training step, the end of the sharing, perhaps with a look at a parameter kept, and sharing anew."""
    line = nn.Linear(2, 1)
    optimizer = optim.SGD(line.parameters(), lr=0.1)

    def step():
        shared = parallel.share(line, optimizer, ranks)
        shared.backward(line(Tensor([[1.0, 2.0]])).sum(), 1)
        shared.step()
        return shared

    shared = step()
    before, look = line.weight.array.copy(), line.weight.array if how == "held" else None
    shared.close()
    same = bool((line.weight.array == before).all()) and (look is None or bool((look == before).all()))
    step().close()
    return {"same": same, "freed": not shared.node._windows,
            "trains again": bool(np.allclose(line.weight.array, before - [[0.1, 0.2]]))}  # fmt: skip


class Interrupted(Trainer):
    """As if Ctrl-C reached the last rank alone, in the midst of the third step."""

    def train_step(self, batch):
        if self.step == 2 and self.ranks.rank == self.ranks.size - 1:
            signal.raise_signal(signal.SIGINT)
        return super().train_step(batch)


def task_training(ranks, path, how):
    """A Trainer, which stops half-way or not; what it learnt, and its score."""
    manual_seed(0)
    task = tasks.reverse()
    model = Transformer(TransformerConfig(len(task.vocabulary), d_model=16, n_heads=2, n_layers=1, d_ff=32, dropout=0))
    kind = Interrupted if how == "interrupted" else Trainer
    learner = kind(model, task, TrainConfig(6, 5, warmup=1, eval_every=3, eval_pairs=9), path, ranks)
    if how == "resumed":
        learner.resume()
    history = learner.fit(progress=False)
    return {"step": learner.step, "loss": history.loss, "score": list(history.accuracy.items()),
            "sum": [float(np.abs(p.array).sum()) for p in model.parameters()]}  # fmt: skip


def fit_twice(ranks):
    """Whether the second fit() gave back the memory of the first."""
    task = tasks.reverse()
    model = Transformer(TransformerConfig(len(task.vocabulary), d_model=16, n_heads=2, n_layers=1, d_ff=32))
    learner = Trainer(model, task, TrainConfig(1, 4, eval_pairs=2), ranks=ranks)
    learner.fit(progress=False)
    first = learner.shared
    learner.fit(progress=False)
    return not first.node._windows


def interrupted(ranks):
    """Ctrl-C on every rank in the midst of a step: what it raises comes when all have changed everything."""
    model, x = nn.Sequential(nn.Linear(30, 20), nn.Linear(20, 1)), Tensor(np.ones((2, 30), "float32"))
    shared = parallel.share(model, optim.SGD(model.parameters(), lr=0.1), ranks)
    plain = nn.Sequential(nn.Linear(30, 20), nn.Linear(20, 1))
    plain.load_state_dict(model.state_dict())
    ranks.meet()
    shared.backward(model(x).sum(), weight=1)
    gather = shared.node.gather

    def strikes(*args):
        signal.raise_signal(signal.SIGINT)
        return gather(*args)

    shared.node.gather = strikes
    try:
        shared.step()
        return False
    except KeyboardInterrupt:
        pass
    plain(x).sum().backward()
    optim.SGD(plain.parameters(), lr=0.1).step()
    alike = [
        np.allclose(p.array, q.array, atol=1e-5) for p, q in zip(model.parameters(), plain.parameters(), strict=True)
    ]
    return not ranks.any(not all(alike))


def fails(ranks, how):
    """Rank 1 fails in the midst of a training; the others wait for its gradients."""
    if ranks.rank == 1:
        step = module.Shared.step
        hows = {"error": lambda: 1 / 0, "exit": lambda: sys.exit("no more"), "early": lambda: 1 / 0,
                "killed": lambda: os.kill(os.getpid(), signal.SIGKILL)}  # fmt: skip
        if how == "early":
            hows[how]()
        module.Shared.step = lambda self: (step(self), hows[how]())
    train(ranks, node_size=2)


#: What rank 1 does alone, in the midst of a training.
ALONE = {
    "stops": lambda: os.kill(os.getpid(), signal.SIGSTOP),
    "exits": lambda: sys.exit(0),
    "leaves out a step": lambda: None,
    "steps twice": lambda: None,
    "is killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "terminates": lambda: os.kill(os.getpid(), signal.SIGTERM),
    "breaks": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "ends its process": lambda: os._exit(0),
    "computes for long": lambda: sum(range(1 << 40)),
}


def alone(ranks, what):
    """A training, during which rank 1 does something alone. The ranks print the MPI's shared memory that they have."""
    step, before = module.Shared.step, module.Shared.backward
    maps = Path("/proc/self/maps").read_text()
    names = ranks.to_first([line.split("/dev/shm/")[1] for line in maps.splitlines() if "/dev/shm/" in line])
    if ranks.first:
        print("NAMES " + json.dumps([name for some in names for name in some]), flush=True)
    if ranks.rank == 1 and what == "leaves out a step":
        module.Shared.step = lambda self: None
    elif ranks.rank == 1 and what == "steps twice":
        module.Shared.step = lambda self: (step(self), step(self))
    elif ranks.rank == 1:
        module.Shared.backward = lambda self, *args, **more: ALONE[what]() or before(self, *args, **more)
    train(ranks)


def stops_after(ranks):
    """Rank 1 is stopped when the process ends."""
    import atexit

    if ranks.rank == 1:
        atexit.register(os.kill, os.getpid(), signal.SIGSTOP)


def works_on(ranks):
    """Rank 0 works on alone, for longer than ranks wait for each other."""
    import atexit
    import time

    if ranks.first:
        atexit.register(time.sleep, 1.5 * float(os.environ["LIMIT"]))


def stays_away(ranks):
    """Rank 1 has ended before."""


def ctrl_c_while_it_joins(ranks):
    """Rank 1 got SIGINT when it had entered MPI, and had not come into the block."""


def all_exit(ranks):
    sys.exit(0)


def differences(ranks):
    """What the error says where the ranks call, or are given, different things; afterwards they go on."""
    one = ranks.rank == 1
    found = {}

    def differ(name, *calls):
        try:
            for call in calls:
                call()
        except RuntimeError as problem:
            found[name] = str(problem).splitlines()[0]

    def share(inner=4, kind=optim.SGD, **more):
        lines = nn.Sequential(nn.Linear(3, inner), nn.Linear(inner, 1))
        return parallel.share(lines, kind(lines.parameters(), lr=0.1), ranks, **more)

    shared = share()
    loss = lambda: shared.optimizer.param_groups[0]["params"][0].sum()
    differ("calls", lambda: ranks.any(True) if one else ranks.mean(1.0))
    differ("lengths", lambda: ranks.table([1.0] * (2 + one)))
    differ("long rows", lambda: ranks.table([1.0] * (20 + 20 * one)))
    differ("meets", lambda: ranks.meet() if one else ranks.from_first(1))
    differ("batch", lambda: ranks.part(np.arange(8.0) + one), ranks.meet)
    differ("text", lambda: ranks.part([("a", "b"), ("c", "e" if one else "d")]), ranks.meet)
    differ("Tensor", lambda: ranks.part(Tensor([1.0, 2.0 + one])), ranks.meet)
    differ("shapes", lambda: share(4 + one))
    differ("optimisers", lambda: share(kind=optim.AdamW if one else optim.SGD))
    frozen = nn.Linear(2, 2)
    frozen.weight.requires_grad_(not one)
    differ("frozen", lambda: parallel.share(frozen, optim.SGD(frozen.parameters(), lr=0.1), ranks))
    differ("machines", lambda: share(node_size=1 + one))
    differ("norms", lambda: shared.backward(loss()), lambda: shared.clip_grad_norm_(1.0 + one))
    shared.optimizer.param_groups[0]["lr"] = 0.1 + one
    differ("rates", shared.step, ranks.meet)
    shared.optimizer.param_groups[0]["lr"] = 0.1
    shared.optimizer.param_groups[0]["momentum"] = 0.5 * one
    differ("momenta", lambda: shared.backward(loss()), shared.step, ranks.meet)
    shared = share(node_size=1)
    shared.optimizer.param_groups[0]["params"][0].array[...] += one  # not by step()
    differ("parameters", shared.collect)
    ranks.meet()
    return found


def apart(ranks):
    """What is said where parameters or a state are no longer those that are shared; lists of arrays are compared."""
    found = {}

    def told(name, change):
        lines = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 1))
        optimizer = optim.Adam(lines.parameters(), lr=0.1)
        shared = parallel.share(lines, optimizer, ranks)
        loss = lambda: (lines(Tensor(np.ones((2, 3), np.float32))) ** 2).mean()
        shared.backward(loss())
        shared.step()
        try:
            change(lines, optimizer, shared)
            shared.backward(loss())
            shared.step()
            found[name] = "nothing"
        except RuntimeError as problem:
            found[name] = str(problem).splitlines()[0]
        ranks.meet()

    def fails(shared, again):
        x = Tensor([1.0], requires_grad=True)
        loss = x.sum()
        x.register_hook(lambda g: 1 / 0)
        with contextlib.suppress(ZeroDivisionError):
            shared.backward(loss)
        again()

    def no_step(shared, optimizer):
        optimizer.param_groups[0]["lr"] = "fast"  # each rank fails when it changes its pieces
        with contextlib.suppress(TypeError, ValueError):
            shared.step()
        optimizer.param_groups[0]["lr"] = 0.1

    told("a pass that failed", lambda m, o, s: fails(s, lambda: None))
    told("a pass that failed, a step", lambda m, o, s: fails(s, s.step))
    told("a pass that failed, clipping", lambda m, o, s: fails(s, lambda: s.clip_grad_norm_(1.0)))
    told("a hook that collects", lambda m, o, s: m[0].weight.register_hook(lambda g: s.collect()))
    told("a step that failed", lambda m, o, s: no_step(s, o))
    states = optim.Adam([Tensor([1.0], requires_grad=True)]).state_dict()["state"]
    told("a new parameter", lambda m, o, s: o.add_param_group({"params": [nn.Parameter(np.ones(1, np.float32))]}))
    told("another array", lambda m, o, s: setattr(m[0].weight, "array", m[0].weight.array.copy()))
    told("another type", lambda m, o, s: m.to("float64"))
    told("a loaded state", lambda m, o, s: o.load_state_dict({"state": states, "param_groups": [
        {**o.param_groups[0], "params": [0, 1, 2, 3]}]}))  # fmt: skip
    told("a state that is saved", lambda m, o, s: o.state_dict())
    told("a state that was collected", lambda m, o, s: (s.collect(), o.state_dict())[0])
    told("a step of one's own", lambda m, o, s: ([setattr(p, "grad", p * 1) for p in m.parameters()], o.step())[0])
    try:
        ranks.part([np.ones(2), np.ones(3) + ranks.rank])
        ranks.meet()
        found["a list of arrays"] = "nothing"
    except RuntimeError as problem:
        found["a list of arrays"] = str(problem).splitlines()[0]
    return found


if __name__ == "__main__":
    if os.environ.get("PMI_RANK", os.environ.get("OMPI_COMM_WORLD_RANK")) == "1":
        if sys.argv[1:] == ["stays_away"]:
            sys.exit(0)
        if sys.argv[1:] == ["ctrl_c_while_it_joins"]:
            ours, joined = sys.modules[parallel.join.__module__], parallel.launcher.mpi
            ours.mpi = lambda limit: (joined(limit), signal.raise_signal(signal.SIGINT))[0]
    with parallel.join(limit=float(os.environ.get("LIMIT", "1800"))) as ranks:
        result = globals()[sys.argv[1]](ranks, *sys.argv[2:])
        if ranks.first:
            print("RESULT " + json.dumps(result))
