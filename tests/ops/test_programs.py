"""Programs drawn at random, of 5 to 30 ops over shapes that stretch: values and gradients are PyTorch's.

A program is source text, one op a line, in which ``t`` is the library. Hypothesis shortens one that fails.
"""

import re
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tinygrad_tf
from tinygrad_tf import Tensor, grad
from tinygrad_tf.autograd.rule import Rule
from tinygrad_tf.ops.exponential import tanh

torch = pytest.importorskip("torch", reason="PyTorch is the oracle")

# Kinks and jumps are moved to odd places, and entries that may tie are told apart by ramp(): there both libraries are
# right and may differ by the last bit that decides.
OF_ANY = [
    "-{x}", "{x} * 0.7", "1 - {x}", "{x} / 3", "{x} ** 2", "{x} ** 3", "t.square({x})", "t.abs({x} + 0.0713)",
    "t.exp(0.3 * {x})", "t.exp2(0.3 * {x})", "t.expm1(0.3 * {x})", "t.log(1 + {x} * {x})", "t.log1p({x} * {x})",
    "t.log2(1.5 + {x}.square())", "t.log10(1.5 + {x}.square())", "t.sqrt(0.5 + {x} * {x})",
    "t.rsqrt(0.5 + {x} * {x})", "t.reciprocal(1 + {x} * {x})", "t.tanh({x})", "t.sigmoid({x})", "t.erf({x})",
    "t.sin({x})", "t.cos({x})", "t.tan(0.9 * t.tanh({x}))", "t.sinh(0.3 * {x})", "t.cosh(0.3 * {x})",
    "t.asin(0.9 * t.tanh({x}))", "t.acos(0.9 * t.tanh({x}))", "t.atan({x})", "t.asinh({x})",
    "t.acosh(1.1 + {x} * {x})", "t.atanh(0.9 * t.tanh({x}))", "t.relu({x} + 0.0713)", "F.gelu({x})",
    'F.gelu({x}, approximate="tanh")', "F.silu({x})", "F.mish({x})", "F.softplus({x})", "F.logsigmoid({x})",
    "F.elu({x} + 0.0713)", "F.selu({x} + 0.0713)", "F.leaky_relu({x} + 0.0713, 0.2)", "F.relu6({x} + 0.0713)",
    "F.hardtanh({x}, -1.0173, 0.9417)", "F.hardswish({x} + 0.0713)", "{x}.clamp(-1.0173, 0.9417)",
    "t.where({x} > 0.0713, {x}, {x} * 0.1)", "{x}.masked_fill({x} > 0.0713, 0.5)", "({x} + 0.0713) % 1.5",
    "t.fmod({x} + 0.0713, 0.7)", "t.floor({x} + 0.0713) + {x}", "t.round({x} + 0.0713) * {x}",
    "t.sum({x})", "t.mean({x})", "{x}.prod()", "t.var({x}, correction=0)", "t.norm({x} + 0.0713)",
    "{x}.amax()", "(ramp({x}) + {x}).max()", "{x}.flatten()", "{x}.reshape(-1)", "{x}.unsqueeze(0)",
    "{x}.unsqueeze(-1)", "{x}.squeeze()", "{x}.clone()", "{x}[None]", "{x}[..., None]", "t.stack([{x}, {x} * 2], -1)",
]  # fmt: skip
OF_AXIS = [
    "{x}.sum(dim={d})", "{x}.sum(dim={d}, keepdim=True)", "t.mean({x}, {d})", "{x}.mean({d}, keepdim=True)",
    "t.prod({x}, {d})", "{x}.prod(dim={d}, keepdim=True)", "t.var({x}, {d}, correction=0)",
    "(ramp({x}) + {x}).std(dim={d}, correction=0)", "(ramp({x}) + {x}).amax({d})", "(ramp({x}) + {x}).amin({d}, True)",
    "(ramp({x}) + {x}).max({d}).values", "(ramp({x}) + {x}).min(dim={d}, keepdim=True)[0]", "t.logsumexp({x}, {d})",
    "{x}.logsumexp({d}, keepdim=True)", "t.norm({x} + 0.0713, dim={d})", "({x} + 0.0713).norm(1, {d}, True)",
    "t.cumsum({x}, {d})", "t.cumprod({x}, {d})", "(ramp({x}) + {x}).cummax({d}).values", "t.softmax({x}, {d})",
    "F.log_softmax({x}, dim={d})", "F.normalize({x} + 0.0713, dim={d})", "t.sort(ramp({x}) + {x}, {d})[0]",
    "t.sort(ramp({x}) + {x}, dim={d}, descending=True).values", "(ramp({x}) + {x}).topk(1, {d}).values",
    "t.flip({x}, ({d},))", "t.roll({x}, 1, {d})", "t.repeat_interleave({x}, 2, dim={d})", "t.cat([{x}, {x}], {d})",
    "t.cat(t.split({x}, 1, {d})[::-1], {d})", "t.chunk({x}, 2, {d})[0]", "{x}.unfold({d}, 1, 1)",
    "t.index_select({x}, {d}, t.tensor([0, 0]))", "{x}.transpose(0, {d})", "{x}.movedim({d}, 0)",
    "t.gather({x}, {d}, t.zeros(tuple({x}.shape), dtype=t.int64))", "t.squeeze({x}, {d})",
    "{x}.scatter_add({d}, t.zeros(tuple({x}.shape), dtype=t.int64), {x})", "F.pad({x}, (1, 0))",
    "F.pad({x}, (0, 1), value=0.5)", "{x}[0]", "{x}[-1:]", "{x}[::2]", "{x}[[0, 0]]", "{x}[..., -1]",
    "{x}[..., [0, 0]]", "{x}[{x} > 0.0713].sum() + {x}",
    "{x}.repeat(*[2] * {x}.ndim)", "F.layer_norm({x} + ramp({x}), tuple({x}.shape[-1:]))",
]  # fmt: skip
OF_MATRIX = [
    "{x}.mT", "{x} @ {x}.mT", "t.tril({x})", "t.triu({x}, 1)", "{x}.flatten(-2)", "t.diagonal({x}, 0, -2, -1)",
    't.einsum("...ij->...ji", {x})', 't.einsum("...ij,...ij->...i", {x}, {x})', "{x}.permute(*range({x}.ndim)[::-1])",
    "F.scaled_dot_product_attention({x}, {x}, {x})", "{x}[:, 0]", "{x}[..., None, :]",
]  # fmt: skip
OF_TWO = [
    "{x} + {y}", "{x} - {y}", "{x} * {y}", "{x} / (1 + {y} * {y})", "t.maximum({x}, {y} + 0.0713)",
    "t.minimum({x}, {y} + 0.0713)", "t.logaddexp({x}, {y})", "t.lerp({x}, {y}, 0.3)", "t.where({x} > 0.0713, {x}, {y})",
    "t.where({x} > {y} + 0.0713, {x}, {y})", "(1.5 + {x} * {x}) ** (0.3 * t.tanh({y}))", "{x} % (1.5 + {y} * {y})",
]  # fmt: skip
OF_TWO_ALIKE = [
    "t.stack([{x}, {y}])", "t.stack([{x}, {y}], dim=-1)", "F.mse_loss({x}, {y})", "F.l1_loss({x}, {y} + 0.0713)",
    'F.smooth_l1_loss({x}, {y} + 0.0713, reduction="none")', "F.huber_loss({x}, {y}, delta=0.9417)",
    "F.binary_cross_entropy_with_logits({x}, t.sigmoid({y}))", 'F.kl_div({x}, t.sigmoid({y}), reduction="sum")',
    "t.outer({x}.flatten(), {y}.flatten())",
]  # fmt: skip

LARGEST, MOST, MOST_AXES = 20.0, 48, 4


class Names(dict):
    """What a program may use, and what it has made: in PyTorch, or in the library that is tested."""

    def __init__(self, t):
        super().__init__(t=t, F=t.nn.functional, ramp=self.ramp)
        self.library = t

    def ramp(self, x):
        return (self.library.arange(len(x.reshape(-1))) * 0.0137).to(x.dtype).reshape(tuple(x.shape))

    def run(self, line):
        name, source = line.split(" = ", 1)
        if source.startswith("leaf"):
            shape = eval(source.removeprefix("leaf"))
            made = self.library.tensor(np.random.default_rng(len(self)).standard_normal(shape), requires_grad=True)
        else:
            made = eval(source, self)
        self[name] = made
        return made

    def made(self):
        return {name: made for name, made in self.items() if name.startswith("v")}


class Program(NamedTuple):
    """Its lines, how many of them are leaves, and what PyTorch has made of them."""

    lines: list[str]
    leaves: int
    torchs: Names

    def __repr__(self):
        return "\n" + "\n".join(self.lines)


@st.composite
def programs(draw):
    lines, torchs = [], Names(torch)

    def add(source):
        lines.append(f"v{len(lines)} = {source}")
        y = torchs.run(lines[-1])
        return lines[-1].split(" = ")[0], y

    for _ in range(draw(st.integers(1, 3))):
        add(f"leaf{tuple(draw(st.lists(st.integers(1, 3), max_size=3)))}")
    leaves, too_large = len(lines), set()
    for _ in range(draw(st.integers(5, 30))):
        made = {name: y for name, y in torchs.made().items() if name not in too_large}
        name = draw(st.sampled_from(sorted(made)[::-1]))
        x = made[name]
        shape = tuple(x.shape)
        partners = [n for n, y in made.items() if fits(shape, tuple(y.shape))]
        alike = [n for n, y in made.items() if tuple(y.shape) == shape]
        kinds = [OF_ANY, OF_TWO, OF_TWO_ALIKE] + [OF_AXIS] * (x.ndim > 0) + [OF_MATRIX] * (x.ndim > 1)
        kind = draw(st.sampled_from(kinds))
        source = draw(st.sampled_from(kind)).replace("{x}", name)
        if "{y}" in source:
            source = source.replace("{y}", draw(st.sampled_from(alike if kind is OF_TWO_ALIKE else partners)))
        if "{d}" in source:
            source = source.replace("{d}", str(draw(st.integers(-x.ndim, x.ndim - 1))))
        name, y = add(source)
        while y.numel() > MOST or y.ndim > MOST_AXES:
            too_large.add(name)
            name, y = add(f"{name}.mean(0)")
        if y.detach().abs().max() > LARGEST:
            too_large.add(name)
            add(f"{name} / (1 + {name}.abs())")
    return Program(lines, leaves, torchs)


def fits(a, b):
    try:
        return np.prod(np.broadcast_shapes(a, b)) <= MOST
    except ValueError:
        return False


def assert_as_in_pytorch(program):
    """Every value of the program, and the gradient of a weighted sum of all of them to its leaves."""
    lines, leaves, torchs = program
    ours = Names(tinygrad_tf)
    for n, line in enumerate(lines):
        try:
            y = ours.run(line)
        except Exception as problem:
            raise AssertionError(f"{up_to(n, lines)}\nraises {type(problem).__name__}: {problem}") from problem
        assert_close(y.array, torchs[f"v{n}"].detach().numpy(), f"{up_to(n, lines)}\nis not what PyTorch computes")
    names = [f"v{n}" for n in range(leaves)]
    theirs, mine = torchs.made(), ours.made()
    seeds = {name: np.cos(np.arange(y.numel())).reshape(tuple(y.shape)) for name, y in theirs.items()}
    their_loss = sum((y * torch.from_numpy(seeds[name])).sum() for name, y in theirs.items())
    loss = sum((y * Tensor(seeds[name])).sum() for name, y in mine.items())
    expected = torch.autograd.grad(their_loss, [theirs[name] for name in names])
    for name, dx, their_dx in zip(names, grad(loss, [mine[name] for name in names]), expected, strict=True):
        assert_close(dx.array, their_dx.numpy(), f"{program}\nhas another gradient to {name} than in PyTorch")


def up_to(n, lines):
    """Line n and those above that it needs."""
    needed = {f"v{n}"}
    for line in lines[n::-1]:
        if line.split(" = ")[0] in needed:
            needed |= set(re.findall(r"\bv\d+", line))
    return "\n" + "\n".join([line for line in lines[: n + 1] if line.split(" = ")[0] in needed])


def assert_close(ours, theirs, message):
    scale = np.abs(theirs).max() if theirs.size else 1.0
    np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-9 * max(scale, 1.0), err_msg=message, strict=True)


def many(n):
    """The same n programs each time."""
    return settings(max_examples=n, derandomize=True, deadline=None, database=None,
                    suppress_health_check=list(HealthCheck))  # fmt: skip


@many(300)
@given(programs())
def test_random_programs(program):
    assert_as_in_pytorch(program)


@pytest.mark.slow
@many(3000)
@given(programs())
def test_3000_random_programs(program):
    assert_as_in_pytorch(program)


@pytest.mark.slow
def test_a_program_that_fails_is_shortened_and_shown(monkeypatch):
    """With a rule that is wrong by a thousandth: a few lines, the wrong op among them."""

    class Wrong(Rule):
        __slots__ = ()

        def slice(self, needs):
            return lambda *args, **params: [dX * 1.001 for dX in super(Wrong, self).slice(needs)(*args, **params)]

    monkeypatch.setattr(tanh.op, "backward", Wrong(tanh.op.backward.function))
    with pytest.raises(AssertionError, match="another gradient to v0") as problem:
        many(200)(given(programs())(assert_as_in_pytorch))()
    said = str(problem.value)
    shown = [line for line in said.splitlines() if line.startswith("v")]
    assert any("tanh" in line for line in shown)
    assert len(shown) <= 7  # a leaf, and five ops, the least that are drawn
