"""A Transformer that puts digits in order, written for PyTorch.

With PyTorch: ``python demos/torch_style.py``; without: ``python demos/your_code.py demos/torch_style.py --open``.
"""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(1)
device = "cuda" if torch.cuda.is_available() else "cpu"
length, digits, d_model, n_heads, steps = 6, 10, 32, 4, 400


class Digits(Dataset):
    """Rows of digits; each row's answer is the row in order."""

    def __init__(self, size):
        self.rows = torch.randint(0, digits, (size, length))
        self.answers = self.rows.sort(dim=-1).values

    def __len__(self):
        return self.rows.size(0)

    def __getitem__(self, i):
        return self.rows[i], self.answers[i]


class Positions(nn.Module):
    """The sines and cosines of the paper, as a buffer."""

    def __init__(self):
        super().__init__()
        table = torch.zeros(length, d_model)
        at = torch.arange(length).float().unsqueeze(1)
        even = torch.arange(0, d_model, 2).float()
        slower = torch.exp(even * (-math.log(10000.0) / d_model))
        table[:, 0::2] = torch.sin(at * slower)
        table[:, 1::2] = torch.cos(at * slower)
        self.register_buffer("table", table)

    def forward(self, x):
        return x + self.table[: x.size(1)]


class Attention(nn.Module):
    """Every position looks at every other, with several heads."""

    def __init__(self):
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(d_model, d_model, bias=False) for _ in range(3))
        self.out = nn.Linear(d_model, d_model)

    def forward(self, x):
        B, T, C = x.size()
        shape = (B, T, n_heads, C // n_heads)
        q, k, v = (f(x).view(shape).transpose(1, 2) for f in (self.q, self.k, self.v))
        scores = q @ k.transpose(-2, -1)
        scores /= math.sqrt(q.size(-1))
        weights = F.softmax(scores, dim=-1)
        return self.out((weights @ v).transpose(1, 2).contiguous().view(B, T, C))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.attention = Attention()
        self.mlp = nn.Sequential(nn.Linear(d_model, 4 * d_model), nn.ReLU(), nn.Linear(4 * d_model, d_model))

    def forward(self, x):
        x = x + self.attention(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class Sorter(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(digits, d_model)
        self.positions = Positions()
        self.blocks = nn.Sequential(*[Block() for _ in range(2)])
        self.head = nn.Linear(d_model, digits)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, std=0.1)

    def forward(self, ids, targets=None):
        logits = self.head(self.blocks(self.positions(self.embed(ids))))
        loss = None if targets is None else F.cross_entropy(logits.view(-1, digits), targets.view(-1))
        return logits, loss


def train(model, steps, batch_size=64):
    """The losses of each step."""
    loader = DataLoader(Digits(steps * batch_size), batch_size=batch_size, shuffle=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    losses = []
    for ids, targets in loader:
        _, loss = model(ids.to(device), targets.to(device))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


@torch.no_grad()
def accuracy(model, rows=500):
    """How many rows come out in order, as a whole."""
    model.eval()
    ids = torch.randint(0, digits, (rows, length))
    found = model(ids)[0].data.max(-1)[1]
    return (found == ids.sort(-1).values).all(-1).float().mean().item()


if __name__ == "__main__":
    model = Sorter().to(device)
    losses = train(model, steps)
    print(f"loss {losses[0]:.2f} to {losses[-1]:.3f}; {accuracy(model):.1%} of new rows in order")
