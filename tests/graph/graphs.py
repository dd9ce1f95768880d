"""Small graphs that the tests of pictures start from: name → function that makes (loss, leaf)."""

import numpy as np

from tinygrad_tf import Tensor, manual_seed, nn
from tinygrad_tf.autograd.operation import op
from tinygrad_tf.models.transformer import Transformer, TransformerConfig
from tinygrad_tf.ops.fused import cross_entropy
from tinygrad_tf.ops.join import concatenate


def leaf(*shape, name=None, seed=0):
    return Tensor(np.random.default_rng(seed).standard_normal(shape), requires_grad=True, name=name)


half_blind = op(lambda X, W: X * W)  # its rule gives the second input no gradient


@half_blind.rule
def d_half_blind(dY, Y, X, W):
    dX = dY * W
    return dX, None


def chain():
    X, W = Tensor(np.ones((3, 2)), name="X"), leaf(2, 4, name="W")
    return (X @ W).tanh().sum(), W


def diamond():
    x = leaf(3, name="x")
    h = x.exp()
    return (h * 2 + h.sqrt()).sum(), x


def square():
    x = leaf(3, name="x")
    return (x * x).sum(), x


def residual(layers=4):
    x = leaf(3, name="x")
    h = x
    for _ in range(layers):
        h = h + h.tanh()
    return h.sum(), x


def pieces():
    x = leaf(4, 3, name="x")
    a, b = x.split([1, 3])
    return concatenate([b, a, b]).max(axis=1).sum(), x


def head():
    X = Tensor(np.random.default_rng(1).standard_normal((4, 6)), name="X")
    W_q, W_k, W_v = (leaf(6, 3, name=f"W_{letter}", seed=i) for i, letter in enumerate("qkv"))
    Q, K, V = X @ W_q, X @ W_k, X @ W_v
    return ((Q @ K.mT / 3**0.5).softmax() @ V).var(), W_q


def encoder():
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
    x = Tensor(np.random.default_rng(1).standard_normal((2, 3, 8)).astype(np.float32), name="x")
    return layer(x)[:, 0].tanh().sum(), layer.self_attn.in_proj_weight


def classifier():
    net = nn.Linear(3, 4)
    return cross_entropy(net(Tensor(np.ones((2, 3), np.float32))), Tensor(np.array([0, 3]))), net.weight


def dates():
    """A loss of an encoder–decoder of the size of the dates model: too large for the tests of every graph."""
    manual_seed(0)
    model = Transformer(TransformerConfig(vocab_size=40, d_model=32, n_heads=2, n_layers=2, d_ff=64, dropout=0.1))
    rng = np.random.default_rng(0)
    source, target = rng.integers(1, 40, (2, 8)), rng.integers(1, 40, (2, 6))
    logits = model(source, target)
    return cross_entropy(logits.reshape(-1, 40), Tensor(rng.integers(0, 40, 12), name="next")), None


def random(seed):
    """Operations on Tensors drawn at random from those made so far."""
    rng = np.random.default_rng(seed)
    made = [leaf(3, name="x", seed=seed), leaf(3, seed=seed + 1)]
    for _ in range(int(rng.integers(3, 12))):
        a, b = (made[int(i)] for i in rng.integers(0, len(made), 2))
        made.append([a + b, a * b, a.tanh(), a - 0.5][int(rng.integers(4))])
    total = made[0] * 1.0
    for t in made[-3:]:
        total = total + t
    return total.sum(), made[0]


GRAPHS = {
    **{f.__name__: f for f in (chain, diamond, square, residual, pieces, head, encoder, classifier)},
    **{f"random {seed}": lambda seed=seed: random(seed) for seed in range(12)},
}
