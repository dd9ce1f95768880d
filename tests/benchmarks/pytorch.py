"""The workloads on PyTorch, as one would write them for speed: scaled_dot_product_attention, fused AdamW."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from .ours import Step
from .workloads import Sizes, initial, normal, sinusoids, tokens


def chain(s: Sizes) -> Step:
    x, w, b, c = (torch.full((s["numbers"],), v, requires_grad=True) for v in (1.0, 0.9, 0.3, 0.1))

    def step() -> float:
        for leaf in (x, w, b, c):
            leaf.grad = None
        y = x
        for _ in range(s["ops"] // 4):
            y = ((y * w) + b).relu() - c
        loss = y.sum()
        loss.backward()
        return loss.item() + float(w.grad[0])

    return step


class Transformer(nn.Module):
    """The paper's model: PyTorch's own layers between a shared, tied embedding and sinusoidal positions."""

    def __init__(self, s: Sizes) -> None:
        super().__init__()
        self.source_embedding = nn.Embedding(s["vocabulary"], s["d"])
        sizes = (s["d"], s["heads"], s["ff"], 0.0)
        self.encoder = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(*sizes, batch_first=True), s["layers"], enable_nested_tensor=False
        )
        self.decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(*sizes, batch_first=True), s["layers"])
        longest = max(s["source"], s["target"])
        self.register_buffer("table", torch.from_numpy(sinusoids(longest, s["d"])), persistent=False)
        mask = nn.Transformer.generate_square_subsequent_mask(s["target"])
        self.register_buffer("mask", mask, persistent=False)

    def embed(self, ids: Any) -> Any:
        return self.source_embedding(ids) * math.sqrt(self.table.shape[1]) + self.table[: ids.shape[1]]

    def forward(self, source: Any, target: Any) -> Any:
        memory = self.encoder(self.embed(source))
        x = self.decoder(self.embed(target), memory, tgt_mask=self.mask, tgt_is_causal=True)
        return F.linear(x, self.source_embedding.weight)


def seq2seq(s: Sizes) -> Step:
    model = with_initial_weights(Transformer(s))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    source = torch.from_numpy(tokens(s, s["batch"], s["source"]))
    target = torch.from_numpy(tokens(s, s["batch"], s["target"] + 1))

    def step() -> float:
        logits = model(source, target[:, :-1])
        loss = F.cross_entropy(logits.reshape(-1, s["vocabulary"]), target[:, 1:].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


class Attention(nn.Module):
    def __init__(self, d: int, heads: int, bias: bool) -> None:
        super().__init__()
        self.heads = heads
        self.c_attn, self.c_proj = nn.Linear(d, 3 * d, bias), nn.Linear(d, d, bias)

    def forward(self, x: Any, cache: Any, start: int) -> Any:
        B, L, D = x.shape
        q, k, v = (y.view(B, L, self.heads, D // self.heads).transpose(1, 2) for y in self.c_attn(x).split(D, 2))
        if cache is not None:
            cache[0][:, :, start : start + L], cache[1][:, :, start : start + L] = k, v
            k, v = cache[0][:, :, : start + L], cache[1][:, :, : start + L]
        y = F.scaled_dot_product_attention(q, k, v, is_causal=L > 1)
        return self.c_proj(y.transpose(1, 2).reshape(B, L, D))


class MLP(nn.Module):
    def __init__(self, d: int, bias: bool, approximate: str) -> None:
        super().__init__()
        self.c_fc, self.c_proj = nn.Linear(d, 4 * d, bias), nn.Linear(4 * d, d, bias)
        self.approximate = approximate

    def forward(self, x: Any) -> Any:
        return self.c_proj(F.gelu(self.c_fc(x), approximate=self.approximate))


class Block(nn.Module):
    def __init__(self, d: int, heads: int, bias: bool, approximate: str) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(d, bias=bias), nn.LayerNorm(d, bias=bias)
        self.attn, self.mlp = Attention(d, heads, bias), MLP(d, bias, approximate)

    def forward(self, x: Any, cache: Any = None, start: int = 0) -> Any:
        x = x + self.attn(self.ln_1(x), cache, start)
        return x + self.mlp(self.ln_2(x))


class GPT(nn.Module):
    """GPT-2 under the names of its published weights, with nanoGPT's choice of no bias."""

    def __init__(self, s: Sizes, positions: int, bias: bool, approximate: str) -> None:
        super().__init__()
        d = s["d"]
        self.transformer = nn.ModuleDict({
            "wte": nn.Embedding(s["vocabulary"], d),
            "wpe": nn.Embedding(positions, d),
            "h": nn.ModuleList(Block(d, s["heads"], bias, approximate) for _ in range(s["layers"])),
            "ln_f": nn.LayerNorm(d, bias=bias),
        })  # fmt: skip
        self.lm_head = nn.Linear(d, s["vocabulary"], bias=False)
        self.lm_head.weight = self.transformer["wte"].weight

    def forward(self, ids: Any, caches: Any = None, start: int = 0) -> Any:
        t = self.transformer
        x = t["wte"](ids) + t["wpe"](torch.arange(start, start + ids.shape[1]))
        for i, block in enumerate(t["h"]):
            x = block(x) if caches is None else block(x, caches[i], start)
        return self.lm_head(t["ln_f"](x if caches is None else x[:, -1:]))


def gpt(s: Sizes, compiled: bool = False) -> Step:
    model = with_initial_weights(GPT(s, s["length"], False, "none"))
    parameters = list(model.parameters())
    optimizer = torch.optim.AdamW([
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": 0.1},
        {"params": [p for p in parameters if p.ndim == 1], "weight_decay": 0.0},
    ], lr=1e-3, betas=(0.9, 0.99), fused=True)  # fmt: skip
    windows = torch.from_numpy(tokens(s, s["batch"], s["length"] + 1))
    run = torch.compile(model) if compiled else model

    def step() -> float:
        logits = run(windows[:, :-1])
        loss = F.cross_entropy(logits.reshape(-1, s["vocabulary"]), windows[:, 1:].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        return loss.item()

    return step


def attention(s: Sizes) -> Step:
    shape = (1, s["heads"], s["length"], s["d"])
    Q, K, V = (torch.from_numpy(normal(seed, *shape)).requires_grad_() for seed in range(3))
    dY = torch.from_numpy(normal(3, *shape))

    def step() -> float:
        for X in (Q, K, V):
            X.grad = None
        Y = F.scaled_dot_product_attention(Q, K, V)
        Y.backward(dY)
        with torch.no_grad():
            return float(sum(torch.vdot(X.flatten(), X.flatten()) for X in (Y, Q.grad, K.grad, V.grad)))

    return step


def decode(s: Sizes) -> Step:
    model = with_initial_weights(GPT(s, s["positions"], True, "tanh")).eval()
    prompt = torch.from_numpy(tokens(s, 1, s["prompt"]))
    room = (1, s["heads"], s["prompt"] + s["new"], s["d"] // s["heads"])

    @torch.inference_mode()
    def step() -> float:
        caches = [(torch.empty(room), torch.empty(room)) for _ in range(s["layers"])]
        ids, new = prompt, prompt
        for _ in range(s["new"]):
            start = ids.shape[1] - new.shape[1]
            new = model(new, caches, start)[:, -1].argmax(-1, keepdim=True)
            ids = torch.cat([ids, new], dim=1)
        return float(ids.sum())

    return step


def with_initial_weights(model: nn.Module) -> Any:
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_(torch.from_numpy(initial(name, tuple(p.shape))))
    return model
