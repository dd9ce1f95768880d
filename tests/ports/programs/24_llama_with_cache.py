"""A Llama: RMSNorm, rotary positions, grouped keys, SwiGLU, and a cache that is written by slices."""

from dataclasses import dataclass
from typing import Optional, Tuple

import torch
import torch.nn.functional as F
from torch import nn


@dataclass
class ModelArgs:
    dim: int = 16
    n_layers: int = 2
    n_heads: int = 4
    n_kv_heads: Optional[int] = 2
    vocab_size: int = 23
    multiple_of: int = 8
    norm_eps: float = 1e-5
    max_batch_size: int = 2
    max_seq_len: int = 16


class RMSNorm(nn.Module):
    def __init__(self, dim: int, eps: float = 1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        output = (x.float() * torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + self.eps)).type_as(x)
        return output * self.weight


def rotations(dim: int, end: int, theta: float = 10000.0):
    freqs = 1.0 / (theta ** (torch.arange(0, dim, 2)[: (dim // 2)].float() / dim))
    angles = torch.outer(torch.arange(end).float(), freqs)
    return torch.cos(angles), torch.sin(angles)


def rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Pairs of neighbours are turned by their angle."""
    even, odd = x.float().reshape(*x.shape[:-1], -1, 2).unbind(-1)
    cos, sin = cos[None, :, None, :], sin[None, :, None, :]
    turned = torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1)
    return turned.flatten(-2).type_as(x)


def repeat_kv(x: torch.Tensor, n_rep: int) -> torch.Tensor:
    bs, slen, n_kv_heads, head_dim = x.shape
    if n_rep == 1:
        return x
    return (
        x[:, :, :, None, :]
        .expand(bs, slen, n_kv_heads, n_rep, head_dim)
        .reshape(bs, slen, n_kv_heads * n_rep, head_dim)
    )


class Attention(nn.Module):
    def __init__(self, args: ModelArgs):
        super().__init__()
        self.n_kv_heads = args.n_heads if args.n_kv_heads is None else args.n_kv_heads
        self.n_heads, self.n_rep = args.n_heads, args.n_heads // self.n_kv_heads
        self.head_dim = args.dim // args.n_heads
        self.wq = nn.Linear(args.dim, args.n_heads * self.head_dim, bias=False)
        self.wk = nn.Linear(args.dim, self.n_kv_heads * self.head_dim, bias=False)
        self.wv = nn.Linear(args.dim, self.n_kv_heads * self.head_dim, bias=False)
        self.wo = nn.Linear(args.n_heads * self.head_dim, args.dim, bias=False)
        self.cache_k = torch.zeros((args.max_batch_size, args.max_seq_len, self.n_kv_heads, self.head_dim))
        self.cache_v = torch.zeros_like(self.cache_k)

    def forward(self, x, start_pos: int, freqs: Tuple[torch.Tensor, torch.Tensor], mask, use_cache: bool):
        bsz, seqlen, _ = x.shape
        xq = rotate(self.wq(x).view(bsz, seqlen, self.n_heads, self.head_dim), *freqs)
        xk = rotate(self.wk(x).view(bsz, seqlen, self.n_kv_heads, self.head_dim), *freqs)
        xv = self.wv(x).view(bsz, seqlen, self.n_kv_heads, self.head_dim)
        keys, values = xk, xv
        if use_cache:
            self.cache_k = self.cache_k.to(xq)
            self.cache_v = self.cache_v.to(xq)
            self.cache_k[:bsz, start_pos : start_pos + seqlen] = xk
            self.cache_v[:bsz, start_pos : start_pos + seqlen] = xv
            keys = self.cache_k[:bsz, : start_pos + seqlen]
            values = self.cache_v[:bsz, : start_pos + seqlen]
        keys, values = repeat_kv(keys, self.n_rep), repeat_kv(values, self.n_rep)
        xq, keys, values = xq.transpose(1, 2), keys.transpose(1, 2), values.transpose(1, 2)
        scores = torch.matmul(xq, keys.transpose(2, 3)) / self.head_dim**0.5
        if mask is not None:
            scores = scores + mask
        scores = F.softmax(scores.float(), dim=-1).type_as(xq)
        output = torch.matmul(scores, values).transpose(1, 2).contiguous().view(bsz, seqlen, -1)
        return self.wo(output)


class Block(nn.Module):
    def __init__(self, args: ModelArgs):
        super().__init__()
        hidden = int(2 * 4 * args.dim / 3)
        hidden = args.multiple_of * ((hidden + args.multiple_of - 1) // args.multiple_of)
        self.attention = Attention(args)
        self.w1, self.w3 = nn.Linear(args.dim, hidden, bias=False), nn.Linear(args.dim, hidden, bias=False)
        self.w2 = nn.Linear(hidden, args.dim, bias=False)
        self.attention_norm, self.ffn_norm = RMSNorm(args.dim, args.norm_eps), RMSNorm(args.dim, args.norm_eps)

    def forward(self, x, *rest):
        h = x + self.attention(self.attention_norm(x), *rest)
        n = self.ffn_norm(h)
        return h + self.w2(F.silu(self.w1(n)) * self.w3(n))


class Transformer(nn.Module):
    def __init__(self, params: ModelArgs):
        super().__init__()
        self.tok_embeddings = nn.Embedding(params.vocab_size, params.dim)
        self.layers = torch.nn.ModuleList()
        for _ in range(params.n_layers):
            self.layers.append(Block(params))
        self.norm = RMSNorm(params.dim, eps=params.norm_eps)
        self.output = nn.Linear(params.dim, params.vocab_size, bias=False)
        cos, sin = rotations(params.dim // params.n_heads, params.max_seq_len)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def forward(self, tokens: torch.Tensor, start_pos: int = 0, use_cache: bool = False):
        _, seqlen = tokens.shape
        h = self.tok_embeddings(tokens)
        freqs = self.cos[start_pos : start_pos + seqlen], self.sin[start_pos : start_pos + seqlen]
        mask = None
        if seqlen > 1:
            mask = torch.full((seqlen, seqlen), float("-inf"), device=tokens.device)
            mask = torch.triu(mask, diagonal=1)
            mask = torch.hstack([torch.zeros((seqlen, start_pos), device=tokens.device), mask]).type_as(h)
        for layer in self.layers:
            h = layer(h, start_pos, freqs, mask, use_cache)
        return self.output(self.norm(h)).float()


args = ModelArgs()
model = Transformer(args)
with torch.no_grad():
    for k, (_, p) in enumerate(model.named_parameters()):
        if p.dim() > 1:
            p.copy_(torch.sin((torch.arange(p.numel()) ** 2).float().view_as(p) * (1.1 + 0.19 * k)) * 0.3)

tokens = torch.tensor([[1, 5, 9, 13, 2, 6, 10], [3, 3, 20, 8, 8, 1, 0]])
logits = model(tokens)
loss = F.cross_entropy(logits[:, :-1].reshape(-1, args.vocab_size), tokens[:, 1:].reshape(-1))
loss.backward()


@torch.inference_mode()
def generate(prompts, count):
    """Prompts of different lengths: the shorter one is written on while the longer one is still read."""
    longest, shortest = max(len(p) for p in prompts), min(len(p) for p in prompts)
    total = longest + count
    ids = torch.full((len(prompts), total), -1, dtype=torch.long)
    for k, t in enumerate(prompts):
        ids[k, : len(t)] = torch.tensor(t, dtype=torch.long)
    given = ids != -1
    prev = 0
    for cur in range(shortest, total):
        step = model.forward(ids[:, prev:cur], prev, use_cache=True)
        next_token = torch.argmax(step[:, -1], dim=-1).reshape(-1)
        ids[:, cur] = torch.where(given[:, cur], ids[:, cur], next_token)
        prev = cur
    return ids, step


written, last = generate([[1, 5, 9], [3, 3, 20, 8, 8]], 4)
with torch.no_grad():
    again = model(written[:, :-1])[:, -1:]
same = torch.allclose(last[:, -1:], again, atol=1e-5)
print(f"loss {loss.item():.4f}, written {written.tolist()}, with the cache as without: {same}")

RESULT = {
    "logits": logits,
    "loss": loss,
    "written": written,
    "last": last,
    "same": same,
    "cache": model.layers[1].attention.cache_v.detach().clone(),
    **{f"gradient {n}": p.grad for n, p in model.named_parameters()},
}
