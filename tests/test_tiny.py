"""Ten seconds from a Tensor to a gradient, a layer, a trained model, its picture and an explanation in words.

Run it first after a change: ``python -m pytest tests/test_tiny.py``. What it finds broken, most other tests find too.
"""

import numpy as np
import pytest

from tinygrad_tf import Tensor, graph, manual_seed, nn, optim


def test_a_tensor_computes_as_numpy_does():
    X = Tensor([[1.0, 2.0], [3.0, 4.0]])
    Y = (X @ X.mT + 1).sum(axis=0)
    assert (Y.tolist(), Y.shape, Y.dtype) == ([18, 38], (2,), np.float32)


def test_a_gradient_flows_back():
    X, W = Tensor([[1.0, 2.0]]), Tensor([[3.0], [4.0]], requires_grad=True)
    L = ((X @ W) ** 2).mean()  # (3 + 8)²
    L.backward()
    assert L.item() == 121
    assert W.grad.tolist() == [[22], [44]]  # 2 · 11 · X


def test_a_layer_computes_what_its_weights_say():
    layer = nn.Linear(2, 1)
    layer.load_state_dict({"weight": np.array([[2.0, -1.0]]), "bias": np.array([0.5])})
    assert layer(Tensor([[3.0, 4.0]])).tolist() == [[2.5]]
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]


class Reverser(nn.Module):
    """Says a sequence of letters from its end: an attention layer between an embedding and a linear layer."""

    def __init__(self, letters: int, length: int, d: int) -> None:
        self.letters, self.places = nn.Embedding(letters, d), nn.Embedding(length, d)
        self.layer = nn.TransformerEncoderLayer(d, 2, 2 * d, dropout=0.0, batch_first=True)
        self.head = nn.Linear(d, letters)

    def forward(self, ids):
        X = self.letters(ids) + self.places(np.arange(ids.shape[1]))  # (B, T, d)
        return self.head(self.layer(X))  # (B, T, letters)


IDS = np.random.default_rng(0).integers(0, 5, (32, 4))  # (B, T)


def loss_of(model):
    return nn.functional.cross_entropy(model(IDS).mT, IDS[:, ::-1])


@pytest.fixture(scope="module")
def trained():
    """A model after 60 steps, and the loss before each of them."""
    manual_seed(0)
    model, losses = Reverser(letters=5, length=4, d=16), []
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    for _ in range(60):
        optimizer.zero_grad()
        loss = loss_of(model)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return model, losses


def test_a_model_learns(trained):
    model, losses = trained
    assert losses[0] > 1  # five letters, ln 5 = 1.6
    assert losses[-1] < losses[0] / 20
    np.testing.assert_array_equal(model(IDS).argmax(-1).numpy(), IDS[:, ::-1])


def test_its_gradient_is_drawn(trained):
    model, _ = trained
    picture = graph.draw(loss_of(model), path_to=model.head.weight).source
    assert picture.startswith("digraph")
    assert "cross_entropy" in picture
    assert "d head.weight = Σ(" in picture


def test_its_gradient_is_explained(trained):
    model, _ = trained
    told = str(graph.explain(loss_of(model), model.head.weight))
    assert told.startswith("How dL reaches ")
    assert "d head.weight = Σ(" in told
