"""A program as a user would write it, for a strict type checker to read and for Python to run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, assert_type

import numpy as np

import tinygrad_tf as tg
from tinygrad_tf import Tensor, grad, nn, optim
from tinygrad_tf.nn import functional as F
from tinygrad_tf.train.saving import load_checkpoint


class Classifier(nn.Module):
    """Two layers, with a list of parts."""

    def __init__(self, d_in: int, d_hidden: int, n_classes: int) -> None:
        self.layers = [nn.Linear(d_in, d_hidden), nn.LayerNorm(d_hidden)]
        self.output = nn.Linear(d_hidden // 2, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        logits: Tensor = self.output(F.glu(F.gelu(x), dim=-1) + F.softmin(x.chunk(2, -1)[0], axis=-1))
        return logits


def batches(n: int) -> Iterator[tuple[Tensor, np.ndarray[Any, Any]]]:
    random = np.random.default_rng(0)
    for _ in range(n):
        x = random.standard_normal((16, 4)).astype(np.float32)
        yield Tensor(x, name="X"), (x.sum(axis=1) > 0).astype(np.int64)


def train(steps: int) -> list[float]:
    tg.manual_seed(0)
    model = Classifier(4, 8, 2).train()
    optimizer = optim.AdamW(model.parameters(), lr=1e-2)
    schedule = optim.StepLR(optimizer, step_size=10)
    losses: list[float] = []
    for x, target in batches(steps):
        loss: Tensor = F.cross_entropy(model(x), target)
        optimizer.zero_grad()
        loss.backward()
        optim.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(float(loss))
    print(nn.summary(model, x))
    return losses


def slopes() -> Tensor:
    x = Tensor([1.0, 2.0], requires_grad=True)
    y = (x @ x + (2 * x).sum() - x[0]).exp()
    assert_type(y, Tensor)
    assert_type(x.shape, tuple[int, ...])
    assert_type(x.grad, Tensor | None)
    assert_type(x.softmax(axis=0), Tensor)
    assert_type(x.softmax(dim=0).sum(-1, keepdim=True), Tensor)
    assert_type(tg.sum(x), Tensor)
    assert_type(tg.sum(np.ones(2)), np.ndarray[Any, Any])
    assert_type(tg.softmax(input=x, dim=0), Tensor)
    assert_type(tg.add(1.0, x), Tensor)
    assert_type(x.max(), Tensor)
    assert_type(x.max(axis=0), Tensor)
    assert_type(x.split(1), list[Tensor])
    assert_type(x[None].mT @ x.T[None], Tensor)
    assert_type(tg.zeros(2, 3, requires_grad=True), Tensor)
    pair = x.reshape(2, 1).max(0)
    print(pair.indices, x.topk(1).values, bool(x.allclose(x)), x.size, x.dtype, x[0] == 1)
    with tg.no_grad():
        shown: str = repr(x.mean(axis=0, keepdims=True))
    print(shown)
    dx: Tensor = grad(y, x, create_graph=True)
    return dx


if __name__ == "__main__":
    first, *_, last = train(40)
    assert last < first, (first, last)
    assert slopes().shape == (2,)
    print(load_checkpoint.__name__, tg.__version__)
