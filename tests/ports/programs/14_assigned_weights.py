"""Weights that come as nested dicts of NumPy arrays are assigned to a model, each checked for its shape."""

import numpy as np
import torch
import torch.nn as nn

WIDTH, HEADS, VOCAB, CONTEXT = 8, 2, 11, 6


class GELU(nn.Module):
    def forward(self, x):
        inner = torch.sqrt(torch.tensor(2.0 / torch.pi)) * (x + 0.044715 * torch.pow(x, 3))
        return 0.5 * x * (1 + torch.tanh(inner))


class Norm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.eps = 1e-5
        self.scale = nn.Parameter(torch.ones(width))
        self.shift = nn.Parameter(torch.zeros(width))

    def forward(self, x):
        mean = x.mean(dim=-1, keepdim=True)
        var = x.var(dim=-1, keepdim=True, unbiased=False)
        return self.scale * ((x - mean) / torch.sqrt(var + self.eps)) + self.shift


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.o = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.up, self.gelu, self.down = nn.Linear(WIDTH, 4 * WIDTH), GELU(), nn.Linear(4 * WIDTH, WIDTH)
        self.norm1, self.norm2 = Norm(WIDTH), Norm(WIDTH)
        self.register_buffer("hidden", torch.triu(torch.ones(CONTEXT, CONTEXT), diagonal=1).bool())

    def forward(self, x):
        b, t, _ = x.shape
        h = self.norm1(x)
        q, k, v = (f(h).view(b, t, HEADS, -1).transpose(1, 2) for f in (self.q, self.k, self.v))
        w = (q @ k.transpose(2, 3)).masked_fill(self.hidden[:t, :t], -torch.inf)
        w = torch.softmax(w / k.shape[-1] ** 0.5, dim=-1)
        x = x + self.o((w @ v).transpose(1, 2).reshape(b, t, WIDTH))
        return x + self.down(self.gelu(self.up(self.norm2(x))))


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok, self.pos = nn.Embedding(VOCAB, WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.blocks = nn.Sequential(Block(), Block())
        self.final = Norm(WIDTH)
        self.head = nn.Linear(WIDTH, VOCAB, bias=False)

    def forward(self, ids):
        x = self.tok(ids) + self.pos(torch.arange(ids.shape[1]))
        return self.head(self.final(self.blocks(x)))


def assign(left, right):
    if left.shape != right.shape:
        raise ValueError(f"shapes differ: {left.shape} and {right.shape}")
    return torch.nn.Parameter(torch.tensor(right))


rng = np.random.default_rng(5)


def some(*shape):
    return (0.3 * rng.standard_normal(shape)).astype(np.float32)


def stored_block():
    return {
        "attn": {"qkv": {"w": some(WIDTH, 3 * WIDTH), "b": some(3 * WIDTH)}, "o": {"w": some(WIDTH, WIDTH), "b": some(WIDTH)}},
        "mlp": {"up": {"w": some(WIDTH, 4 * WIDTH), "b": some(4 * WIDTH)}, "down": {"w": some(4 * WIDTH, WIDTH), "b": some(WIDTH)}},
        "norm1": {"g": 1 + some(WIDTH), "b": some(WIDTH)},
        "norm2": {"g": 1 + some(WIDTH), "b": some(WIDTH)},
    }  # fmt: skip


stored = {"wte": some(VOCAB, WIDTH), "wpe": some(CONTEXT, WIDTH), "blocks": [stored_block(), stored_block()],
          "g": 1 + some(WIDTH), "b": some(WIDTH)}  # fmt: skip


def load(model, stored):
    model.tok.weight = assign(model.tok.weight, stored["wte"])
    model.pos.weight = assign(model.pos.weight, stored["wpe"])
    for block, s in zip(model.blocks, stored["blocks"]):
        for linear, w, b in zip(
            (block.q, block.k, block.v),
            np.split(s["attn"]["qkv"]["w"], 3, axis=-1),
            np.split(s["attn"]["qkv"]["b"], 3, axis=-1),
        ):
            linear.weight = assign(linear.weight, w.T)
            linear.bias = assign(linear.bias, b)
        for linear, kept in ((block.o, s["attn"]["o"]), (block.up, s["mlp"]["up"]), (block.down, s["mlp"]["down"])):
            linear.weight = assign(linear.weight, kept["w"].T)
            linear.bias = assign(linear.bias, kept["b"])
        for norm, kept in ((block.norm1, s["norm1"]), (block.norm2, s["norm2"])):
            norm.scale = assign(norm.scale, kept["g"])
            norm.shift = assign(norm.shift, kept["b"])
    model.final.scale = assign(model.final.scale, stored["g"])
    model.final.shift = assign(model.final.shift, stored["b"])
    model.head.weight = assign(model.head.weight, stored["wte"])


model = Model()
load(model, stored)
ids = torch.tensor([[1, 4, 7, 2, 9], [3, 3, 0, 10, 5]])
logits = model(ids)
loss = nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
loss.backward()

try:
    assign(model.tok.weight, stored["wpe"])
    refused = False
except ValueError:
    refused = True

# the same through a state dict, with strict=False telling what did not fit
other = Model()
partial = {k: v for k, v in model.state_dict().items() if "head" not in k}
partial["surplus"] = torch.zeros(1)
missing, unexpected = other.load_state_dict(partial, strict=False)
other.head.load_state_dict({"weight": model.head.weight})
equal = torch.allclose(other(ids), logits, atol=1e-6)
print(f"loss {loss.item():.4f}, missing {missing}, unexpected {unexpected}, the same: {equal}")

RESULT = {
    "logits": logits,
    "loss": loss,
    "refused": refused,
    "missing": missing,
    "unexpected": unexpected,
    "equal": equal,
    **{f"gradient {n}": p.grad for n, p in model.named_parameters() if not n.endswith("k.bias")},
}
