"""Ways to tell attention where things are: slopes, buckets of distances, a learned table, a window that slides."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def slopes(heads):
    start = 2 ** (-(2 ** -(math.log2(heads) - 3)))
    return torch.tensor([start * start**i for i in range(heads)])


def linear_bias(heads, length):
    distance = torch.arange(length)[None, :] - torch.arange(length)[:, None]
    return slopes(heads)[:, None, None] * distance.clamp(max=0)


def bucket(relative, buckets=8, max_distance=20):
    """Near distances one by one, far ones by their logarithm."""
    n = torch.max(-relative, torch.zeros_like(relative))
    exact = buckets // 2
    is_small = n < exact
    large = exact + (torch.log(n.float().clamp(min=1) / exact) / math.log(max_distance / exact) * (buckets - exact)).to(
        torch.long
    )
    large = torch.min(large, torch.full_like(large, buckets - 1))
    return torch.where(is_small, n, large)


class Attention(nn.Module):
    def __init__(self, width, heads, kind, length=24, window=3):
        super().__init__()
        self.heads, self.kind = heads, kind
        self.q, self.kv = nn.Linear(width, width, bias=False), nn.Linear(width, 2 * width, bias=False)
        keep = torch.ones(length, length).tril().bool()
        if kind == "window":
            keep = torch.logical_and(keep, torch.ones(length, length).triu(-window + 1).bool())
        self.register_buffer("keep", keep)
        if kind == "buckets":
            self.bias = nn.Embedding(8, heads)
        elif kind == "table":
            self.table = nn.Parameter(torch.zeros(2 * length - 1, heads))
            coords = torch.arange(length)
            index = coords[:, None] - coords[None, :]
            index += length - 1
            self.register_buffer("index", index)
        elif kind == "slopes":
            self.register_buffer("alibi", linear_bias(heads, length))

    def forward(self, x):
        B, T, W = x.shape
        q = self.q(x).view(B, T, self.heads, -1).transpose(1, 2)
        k, v = self.kv(x).view(B, T, 2, self.heads, -1).permute(2, 0, 3, 1, 4)
        scores = torch.einsum("bhqd,bhkd->bhqk", q, k) / math.sqrt(q.shape[-1])
        if self.kind == "slopes":
            scores = scores + self.alibi[:, :T, :T]
        elif self.kind == "buckets":
            relative = torch.arange(T)[None, :] - torch.arange(T)[:, None]
            scores += self.bias(bucket(relative)).permute(2, 0, 1).unsqueeze(0)
        elif self.kind == "table":
            flat = self.table[self.index[:T, :T].reshape(-1)]
            scores = scores + flat.view(T, T, -1).permute(2, 0, 1).contiguous()
        scores = scores.masked_fill(~self.keep[:T, :T], torch.finfo(scores.dtype).min)
        out = torch.einsum("bhqk,bhkd->bhqd", F.softmax(scores, -1), v)
        return out.permute(0, 2, 1, 3).flatten(2)


x = torch.sin(torch.arange(2 * 10 * 8).float() * 0.59).reshape(2, 10, 8)
target = torch.zeros_like(x)
target[:, 2:] = x[:, :-2]
RESULT = {"slopes": slopes(4), "bucket": bucket(-torch.arange(24)), "alibi": linear_bias(2, 4)}
for kind in ("slopes", "buckets", "table", "window"):
    model = nn.Sequential(Attention(8, 2, kind), nn.LayerNorm(8), nn.Linear(8, 8))
    with torch.no_grad():
        for k, p in enumerate(model.parameters()):
            p.copy_((torch.arange(p.numel()) ** 2 * (1.3 + 0.3 * k) + 1).sin().view_as(p) * 0.5)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for step in range(10):
        out = model(x)
        loss = F.smooth_l1_loss(out, target)
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            RESULT[f"out {kind}"] = out.detach()
            RESULT |= {f"gradient {kind} {n}": p.grad.clone() for n, p in model.named_parameters()}
        optimizer.step()
        losses.append(loss.item())
    RESULT[f"losses {kind}"] = losses
    print(f"{kind:8s} {losses[0]:.4f} -> {losses[-1]:.4f}")
