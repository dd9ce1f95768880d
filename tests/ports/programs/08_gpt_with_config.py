"""A GPT built from a dataclass, its optimizer in two groups, and a loop with warmup, accumulation, clipping, a scaler."""

import inspect
import math
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn
from torch.nn import functional as F


@dataclass
class Config:
    context: int = 12
    vocab: int = 17
    layers: int = 2
    heads: int = 2
    width: int = 16
    dropout: float = 0.0
    bias: bool = True
    fused: bool = True


class Norm(nn.Module):
    """A layer norm whose bias can be left out."""

    def __init__(self, width, bias):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width)) if bias else None

    def forward(self, x):
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias, 1e-5)


class Attention(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.heads, self.width, self.dropout = c.heads, c.width, c.dropout
        self.qkv = nn.Linear(c.width, 3 * c.width, bias=c.bias)
        self.proj = nn.Linear(c.width, c.width, bias=c.bias)
        self.fused = c.fused and hasattr(F, "scaled_dot_product_attention")
        if not self.fused:
            seen = torch.tril(torch.ones(c.context, c.context)).view(1, 1, c.context, c.context)
            self.register_buffer("seen", seen, persistent=False)

    def forward(self, x):
        B, T, C = x.size()
        q, k, v = (t.view(B, T, self.heads, -1).transpose(1, 2) for t in self.qkv(x).split(self.width, dim=2))
        if self.fused:
            p = self.dropout if self.training else 0
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=None, dropout_p=p, is_causal=True)
        else:
            scores = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
            scores = scores.masked_fill(self.seen[:, :, :T, :T] == 0, float("-inf"))
            y = F.dropout(F.softmax(scores, dim=-1), self.dropout, self.training) @ v
        return self.proj(y.transpose(1, 2).contiguous().view(B, T, C))


class Layer(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.attn, self.norm1, self.norm2 = Attention(c), Norm(c.width, c.bias), Norm(c.width, c.bias)
        self.mlp = nn.ModuleDict(
            dict(up=nn.Linear(c.width, 4 * c.width, bias=c.bias), act=nn.GELU(approximate="tanh"),
                 proj=nn.Linear(4 * c.width, c.width, bias=c.bias))
        )  # fmt: skip

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp.proj(self.mlp.act(self.mlp.up(self.norm2(x))))


class GPT(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        assert c.width % c.heads == 0
        self.config = c
        self.body = nn.ModuleDict({
            "tokens": nn.Embedding(c.vocab, c.width),
            "places": nn.Embedding(c.context, c.width),
            "drop": nn.Dropout(c.dropout),
            "layers": nn.ModuleList(Layer(c) for _ in range(c.layers)),
            "norm": Norm(c.width, c.bias),
        })  # fmt: skip
        self.head = nn.Linear(c.width, c.vocab, bias=False)
        self.body.tokens.weight = self.head.weight  # tied
        for name, p in self.named_parameters():
            if name.endswith("proj.weight"):
                torch.nn.init.normal_(p, mean=0.0, std=0.02 / math.sqrt(2 * c.layers))

    def forward(self, idx, targets=None):
        _, t = idx.size()
        pos = torch.arange(0, t, dtype=torch.long, device=idx.device)
        x = self.body.drop(self.body.tokens(idx) + self.body.places(pos))
        for layer in self.body["layers"]:
            x = layer(x)
        x = self.body.norm(x)
        if targets is None:
            return self.head(x[:, [-1], :]), None
        logits = self.head(x)
        return logits, F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1), ignore_index=-1)

    def shorten(self, context):
        self.config.context = context
        self.body.places.weight = nn.Parameter(self.body.places.weight[:context])

    def optimizer(self, decay, lr, betas, device_type):
        mine = [p for p in self.parameters() if p.requires_grad]
        groups = [
            {"params": [p for p in mine if p.dim() >= 2], "weight_decay": decay},
            {"params": [p for p in mine if p.dim() < 2], "weight_decay": 0.0},
        ]
        has_fused = "fused" in inspect.signature(torch.optim.AdamW).parameters
        extra = dict(fused=True) if has_fused and device_type == "cuda" else dict()
        return torch.optim.AdamW(groups, lr=lr, betas=betas, **extra)

    @torch.no_grad()
    def generate(self, idx, count, temperature=1.0, top_k=None):
        for _ in range(count):
            seen = idx if idx.size(1) <= self.config.context else idx[:, -self.config.context :]
            logits = self(seen)[0][:, -1, :] / temperature
            if top_k is not None:
                best, _ = torch.topk(logits, min(top_k, logits.size(-1)))
                logits[logits < best[:, [-1]]] = -float("Inf")
            idx = torch.cat((idx, torch.multinomial(F.softmax(logits, dim=-1), num_samples=1)), dim=1)
        return idx


device = "cpu"
dtype = "bfloat16" if torch.cuda.is_available() and torch.cuda.is_bf16_supported() else "float32"
torch.backends.cuda.matmul.allow_tf32 = True
torch.backends.cudnn.allow_tf32 = True
device_type = "cuda" if "cuda" in device else "cpu"
ptdtype = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[dtype]
ctx = nullcontext() if device_type == "cpu" else torch.amp.autocast(device_type=device_type, dtype=ptdtype)

data = (np.arange(400) ** 2 % 31 % 17).astype(np.uint16)
served = 0


def get_batch(count=6, context=12):
    global served
    starts = (torch.arange(count) * 41 + served * 13) % (len(data) - context)
    served += 1
    x = torch.stack([torch.from_numpy(data[i : i + context].astype(np.int64)) for i in starts])
    y = torch.stack([torch.from_numpy(data[i + 1 : i + 1 + context].astype(np.int64)) for i in starts])
    return x.to(device, non_blocking=True), y.to(device, non_blocking=True)


def rate(step, warmup=4, end=16, top=1e-2, low=1e-3):
    if step < warmup:
        return top * (step + 1) / (warmup + 1)
    if step > end:
        return low
    return low + 0.5 * (1.0 + math.cos(math.pi * (step - warmup) / (end - warmup))) * (top - low)


def build(fused):
    model = GPT(Config(fused=fused))
    with torch.no_grad():
        for k, (name, p) in enumerate(model.named_parameters()):
            if p.dim() == 2:
                p.copy_(torch.sin((torch.arange(p.numel()) ** 2).float() * (0.7 + k)).view(p.shape) * 0.1)
            elif name.endswith("bias"):
                p.zero_()
                p[::2] += 0.01 * k
    return model.to(device)


model, plain = build(fused=True), build(fused=False)
x0, y0 = get_batch()
same = torch.allclose(model(x0, y0)[0], plain(x0, y0)[0], atol=1e-5)
optimizer = model.optimizer(0.1, 1e-2, (0.9, 0.95), device_type)
scaler = torch.amp.GradScaler(device_type, enabled=(dtype == "float16"))

losses, norms, pieces = [], [], 2
X, Y = get_batch()
for step in range(20):
    for group in optimizer.param_groups:
        group["lr"] = rate(step)
    for _ in range(pieces):
        with ctx:
            _, loss = model(X, Y)
            loss = loss / pieces
        X, Y = get_batch()
        scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0))
    if step == 0:
        first = {f"gradient {n}": p.grad.clone() for n, p in model.named_parameters()}
    scaler.step(optimizer)
    scaler.update()
    optimizer.zero_grad(set_to_none=True)
    losses.append(loss.item() * pieces)
    if step % 5 == 0:
        print(f"step {step}: loss {losses[-1]:.4f}, lr {optimizer.param_groups[0]['lr']:.5f}")

model.eval()
written = model.generate(torch.zeros((1, 1), dtype=torch.long), 15, temperature=0.8, top_k=1)
model.shorten(8)
short, _ = model(x0[:, :8])

RESULT = {
    "same without fused attention": same,
    "parameters": sum(p.numel() for p in model.parameters()),
    "losses": losses,
    "losses norms": torch.stack(norms),
    "written": written.shape[1],
    "trained short": short,
    **first,
}
