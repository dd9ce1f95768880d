"""Graphs put together at random, with nodes used many times over, against PyTorch: forward, and backward twice."""

import numpy as np
import pytest

from tinygrad_tf import Tensor, grad
from tinygrad_tf.ops.choice import where
from tinygrad_tf.ops.join import concatenate, stack

torch = pytest.importorskip("torch", reason="PyTorch is the oracle")

N_LEAVES, N_OPS, SIZE = 3, 12, 3

# The same calls in both libraries, on nodes of shape (3, 3), (3, 1), (3,), () and what becomes of them.
UNARY = [
    lambda x, lib: x.tanh(),
    lambda x, lib: x.sigmoid(),
    lambda x, lib: (x * x + 1).sqrt(),
    lambda x, lib: (x * 0.3).exp(),
    lambda x, lib: -x,
    lambda x, lib: x.softmax(-1) if x.ndim else x,
    lambda x, lib: x.sum(dim=-1, keepdim=True) if x.ndim else x * 2,
    lambda x, lib: x.mean(dim=0) if x.ndim == 2 else x.mean(),
    lambda x, lib: x.mT if x.ndim == 2 and x.shape[0] == x.shape[1] else x * 0.5,
    lambda x, lib: x[[0, 2, 0]] if x.ndim and x.shape[0] == SIZE else x[None],
    lambda x, lib: x[..., :1] if x.ndim else x.reshape(1),
    lambda x, lib: x.unsqueeze(0).squeeze(0),
]
BINARY = [
    lambda x, y, lib: x + y,
    lambda x, y, lib: x * y,
    lambda x, y, lib: x - y * y,
    lambda x, y, lib: x / (y * y + 1),
    lambda x, y, lib: lib["where"](x > y, x, y * 2),
    lambda x, y, lib: lib["stack"]([x + 0 * y, y + 0 * x]).sum(dim=0),
    lambda x, y, lib: lib["cat"]([x.reshape(-1), y.reshape(-1)]).mean() * x,
    lambda x, y, lib: x @ y if x.ndim == y.ndim == 2 and x.shape[1] == y.shape[0] else x * y,
]
OURS = {"where": where, "stack": stack, "cat": concatenate}
THEIRS = {"where": torch.where, "stack": torch.stack, "cat": torch.cat}


def run(seed, leaves, lib):
    """The sum of the last few of the nodes that ``seed`` strings together."""
    rng = np.random.default_rng(seed)
    nodes = list(leaves)
    for _ in range(N_OPS):
        x, y = (nodes[i] for i in rng.integers(0, len(nodes), 2))
        made = (
            UNARY[rng.integers(len(UNARY))](x, lib)
            if rng.random() < 0.5
            else BINARY[rng.integers(len(BINARY))](x, y, lib)
        )
        nodes.append(made.tanh() if made.ndim <= 2 else made.mean())
    loss = nodes[-1].sum()
    for node in nodes[-4:-1]:
        loss = loss + (node * node).sum()
    return loss


@pytest.mark.parametrize("seed", range(60))
def test_a_random_graph_is_pytorch_s(seed):
    rng = np.random.default_rng(1000 + seed)
    shapes = [[(SIZE, SIZE), (SIZE, 1), (SIZE,), ()][k] for k in rng.integers(0, 4, N_LEAVES)]
    arrays = [rng.standard_normal(shape) for shape in shapes]
    xs = [Tensor(a, requires_grad=True) for a in arrays]
    their_xs = [torch.tensor(a, requires_grad=True) for a in arrays]
    loss, their_loss = run(seed, xs, OURS), run(seed, their_xs, THEIRS)
    assert loss.item() == pytest.approx(their_loss.item(), rel=1e-10)
    first = grad(loss, xs, create_graph=True)
    their_first = torch.autograd.grad(their_loss, their_xs, create_graph=True, materialize_grads=True)
    penalty = sum((dx * dx).sum() for dx in first)
    their_penalty = sum((dx * dx).sum() for dx in their_first)
    pairs = list(zip(first, their_first, strict=True))
    if penalty.requires_grad:
        second = grad(penalty, xs, retain_graph=True)
        pairs += zip(second, torch.autograd.grad(their_penalty, their_xs, materialize_grads=True), strict=True)
    loss.backward()
    pairs += [(x.grad, dx) for x, dx in zip(xs, their_first, strict=True) if x.grad is not None]
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours.array, theirs.detach().numpy(), rtol=1e-8, atol=1e-10, strict=True)
