"""Each value has one name, the same in every formula, box and direction: over all ops, models and random programs."""

from __future__ import annotations

import random
import re
import time

import numpy as np
import pytest
from cases import CASES

import tinygrad_tf as tg
from tinygrad_tf import Tensor, nn
from tinygrad_tf.graph.capture import Graph, capture
from tinygrad_tf.graph.flow import record

CONSTANTS = {"π"}  # symbols that no value of the graph has to bear


def leaf(*shape: int) -> Tensor:
    rng = np.random.default_rng(sum(shape) + 7)
    return Tensor(rng.standard_normal(shape).astype("float32"), requires_grad=True)


def wrong_names(graph: Graph) -> list[str]:
    """What is said of a value in any other than its only name."""
    with np.errstate(all="ignore"):
        flow = record(graph)
    found = [f"{node.id} has no name" for node in graph.nodes if not node.name and node.number is None]
    names = [node.name for node in graph.nodes if node.name]
    found += [f"{name} is the name of several" for name in set(names) if names.count(name) > 1]

    def said(formula, Y, gradients) -> list[str]:
        helpers = {p.parts[0] for left, _ in formula.where for p in left.walk() if p.kind == "symbol"}
        known = {"symbol": {*names, *helpers, *Y.params, *CONSTANTS}, "gradient": gradients}
        lines = [formula.right, *[right for _, right in formula.where]]
        parts = [p for line in lines for p in line.walk() if p.kind in known]
        clash = helpers & set(names)
        return [f"{p.parts[0]} in {formula}" for p in parts if p.parts[0] not in known[p.kind]] + [
            f"{name}, a helper of {formula}, is a value's name" for name in clash
        ]

    for node in graph.nodes:
        if node.forward is not None:
            found += said(node.forward, graph.tensor(node.id), set())
    for edge in graph.edges:
        rule = flow.rules.get(edge.id)
        if rule is not None:
            source, target = graph.node(edge.source), graph.node(edge.target)
            if (rule.left.kind, rule.left.parts[0]) != ("gradient", source.name):
                found.append(f"{rule.left} is sent and d{source.name} received")
            found += said(rule, graph.tensor(edge.target), {target.name})
    return found


@pytest.mark.parametrize("case", [c for c in CASES if c.differentiable], ids=lambda c: c.id)
def test_every_op_is_told_in_the_names_of_its_values(case):
    _, outputs = case.run()
    for Y in outputs:
        if isinstance(Y, Tensor) and Y.op is not None and Y.dtype.kind == "f":
            with np.errstate(all="ignore"):
                L = (Y * Y).sum()
            assert wrong_names(capture(L)) == []


class Attention(nn.Module):
    def __init__(self) -> None:
        self.to_q, self.to_k, self.to_v = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, X):
        Q, K, V = self.to_q(X), self.to_k(X), self.to_v(X)
        S = Q @ K.mT / 2.0
        P = S.softmax(-1)
        return P @ V


class Block(nn.Module):
    def __init__(self) -> None:
        self.attn, self.norm = Attention(), nn.LayerNorm(4)
        self.mlp = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 4))

    def forward(self, x):
        x = x + self.attn(self.norm(x))
        return x + self.mlp(x)


class Stack(nn.Module):
    def __init__(self) -> None:
        self.layers = [Block(), Block()]

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


def recurrent():
    U, W, h = leaf(3, 4), leaf(4, 4), Tensor(np.zeros((2, 4), "float32"))
    for x in leaf(5, 2, 3):
        h = (x @ U + h @ W).tanh()
    return h.sum()


def siamese():
    net = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))
    a, b = net(leaf(3, 4)), net(leaf(3, 4))
    return ((a - b) ** 2).mean()


def heads():
    enc = nn.Linear(4, 6)
    one, two, three = nn.Linear(6, 2), nn.Linear(6, 2), nn.Linear(6, 2)
    h = enc(leaf(3, 4)).relu()
    return one(h).sum() + two(h).sum() + (three(h) ** 2).sum()


def transformer():
    model = nn.Transformer(8, 2, 1, 1, 16, dropout=0.0, batch_first=True)
    return model(leaf(1, 3, 8), leaf(1, 2, 8)).sum()


def gpt2():
    config = tg.models.GPT2Config(vocab_size=11, n_positions=8, n_embd=8, n_layer=2, n_head=2)
    return tg.models.GPT2(config).loss(np.arange(6)[None] % 11)


PROGRAMS = [lambda: Attention()(leaf(3, 4)).sum(), lambda: Stack()(leaf(1, 3, 4)).sum(), recurrent, siamese, heads,
            transformer, gpt2]  # fmt: skip


@pytest.mark.parametrize("make", PROGRAMS, ids=["attention", "stack", "rnn", "siamese", "heads", "transformer", "gpt2"])
def test_every_value_of_a_model_has_one_name(make):
    assert wrong_names(capture(make())) == []


def test_locals_of_forward_are_the_names():
    graph = capture(Attention()(Tensor(np.ones((3, 4), "float32"), requires_grad=True, name="X")).sum())
    assert [str(node.forward) for node in graph.nodes if node.op][2:] == [
        "V = X · to_v.weightᵀ + to_v.bias", "A₁ = Kᵀ", "A₂ = Q · Kᵀ", "S = A₂ / 2", "P = E / Σ(E, axis=-1)",
        "A₃ = P · V",
        "L = Σ(A₃)",
    ]  # fmt: skip


def test_equal_names_are_told_apart_by_their_modules():
    names = {node.name for node in capture(Stack()(leaf(1, 3, 4)).sum()).nodes}
    assert {"layers.0.Q", "layers.1.Q", "layers.0.P", "layers.1.attn.to_q.weight"} <= names


def test_layers_that_are_called_alone_lend_their_names_to_their_weights():
    names = {node.name for node in capture(heads()).nodes if node.kind == "parameter"}
    assert {"enc.weight", "one.weight", "two.bias", "three.weight"} <= names


def program(seed: int) -> str:
    """A random program: assignments, functions, loops, comprehensions, unpacking and attributes, all (3, 3)."""
    rng = random.Random(seed)
    words = ["x", "h", "Q", "K", "scores", "W", "A", "dX", "out", "h1", "z_2", "L", "gate"]
    have = ["x0", "W0"]
    lines = []

    def value() -> str:
        return rng.choice(have)

    def expression() -> str:
        forms = ["{a} @ {b}", "{a} + {b}", "{a} * {b}", "{a} - {b} / 3", "{a}.tanh()", "{a}.mT @ {b}",
                 "{a}.softmax(-1)", "tg.relu({a})", "({a} @ {b}).exp().log()", "f({a}, {b})", "g({a})", "box.f({a})",
                 "np.tanh({a})",
                 "{a}.std(0, keepdims=True) * {b}", "tg.layer_norm({a}, (3,))",
                 "{a}.mean(-1, keepdims=True) + {b}"]  # fmt: skip
        return rng.choice(forms).format(a=value(), b=value())

    for _ in range(rng.randint(2, 9)):
        name, other = rng.sample(words, 2)
        form = rng.randrange(9)
        if form == 0:
            lines.append(f"{name}, {other} = {expression()}, {expression()}")
            have.append(other)
        elif form == 1:
            lines.append(
                f"{name} = {value()}\nfor _ in range({rng.randint(1, 3)}):\n    {name} = {name} @ {value()} / 4"
            )
        elif form == 2:
            lines.append(f"{name} = sum([t * 2 for t in ({value()}, {value()})])")
        elif form == 3:
            lines.append(f"{name} = ({other} := {expression()}) * 2")
            have.append(other)
        elif form == 4:
            lines.append(f"box.{name} = {expression()}\n{name} = box.{name} + 1")
        elif form == 5:
            lines.append(f"{name}, {other} = (t / 2 for t in ({value()}, {value()}))\nkept = kept + {name} + {other}")
            have.append(other)
        else:
            lines.append(f"{name} = {expression()}")
        have.append(name)
    body = (
        "kept = x0 * 1\n" + "\n".join(lines) + "\nloss = ((kept + " + " + ".join(dict.fromkeys(have)) + ") ** 2).sum()"
    )
    return "def run(x0, W0):\n" + re.sub("^", "    ", body, flags=re.M) + "\n    return loss, dict(locals())"


class Holder:
    def f(self, x):
        inner = x * 2
        return inner.sigmoid()


def twice(a, b):
    mixed = a + b
    return mixed @ b


def directly(a):
    return a.sigmoid()


@pytest.mark.parametrize("first", range(0, 500, 50))
def test_random_programs(first):
    for seed in range(first, first + 50):
        text = program(seed)
        space = {"tg": tg, "np": np, "f": twice, "g": directly, "box": Holder(), "Tensor": Tensor}
        exec(compile(text, f"program {seed}", "exec"), space)
        with np.errstate(all="ignore"):
            loss, stored = space["run"](leaf(3, 3), leaf(3, 3) * 0.1)
        graph = capture(loss)
        assert wrong_names(graph) == [], text
        for name, t in stored.items():
            node = graph.node_of(t) if isinstance(t, Tensor) else None
            if node is not None and [k for k, other in stored.items() if other is t] == [name] and name != "x0":
                assert re.fullmatch(f"{name}[₀-₉]*", node.name or "") or name == "W0", (
                    f"{name} is {node.name} in\n{text}"
                )


def test_what_a_loop_reads_and_writes_is_numbered():
    names = {node.name for node in capture(recurrent()).nodes}
    assert {"x₁", "x₅", "h₁", "h₂", "h₆", "U", "W"} <= names


def test_a_parameter_that_is_used_outside_of_modules_has_its_name_alone():
    enc, W = nn.Linear(3, 3), nn.Parameter(np.ones((3, 3), "f4"))
    loss = (enc(leaf(2, 3)) @ W).sum()
    names = {node.name for node in capture(loss, {id(W): "W"}).nodes}
    assert {"W", "weight", "bias"} <= names


class Deep(nn.Module):
    """Modules in one another, so many, and beside each a layer."""

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.inner = Deep(depth - 1) if depth else None
        self.lin = nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        h = self.lin(x if self.inner is None else self.inner(x))
        return h.tanh()


def test_modules_that_are_deep_in_one_another_are_told_apart_in_time():
    """Of a path with 60 levels there are 2⁶⁰ choices of some."""
    loss = Deep(60)(leaf(1, 2)).sum()
    start = time.process_time()
    names = [node.name for node in capture(loss).nodes if node.name]
    assert time.process_time() - start < 5
    assert len(set(names)) == len(names) > 180
