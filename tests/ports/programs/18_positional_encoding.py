"""A Transformer encoder with the sines written into P[:, :, 0::2], AddNorm, heads by reshaping."""

import math

import torch
from torch import nn


class PositionalEncoding(nn.Module):
    def __init__(self, num_hiddens, dropout, max_len=100):
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.P = torch.zeros((1, max_len, num_hiddens))
        X = torch.arange(max_len, dtype=torch.float32).reshape(-1, 1) / torch.pow(
            10000, torch.arange(0, num_hiddens, 2, dtype=torch.float32) / num_hiddens
        )
        self.P[:, :, 0::2] = torch.sin(X)
        self.P[:, :, 1::2] = torch.cos(X)

    def forward(self, X):
        X = X + self.P[:, : X.shape[1], :].to(X.device)
        return self.dropout(X)


class AddNorm(nn.Module):
    def __init__(self, norm_shape, dropout):
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.ln = nn.LayerNorm(norm_shape)

    def forward(self, X, Y):
        return self.ln(self.dropout(Y) + X)


class Heads(nn.Module):
    def __init__(self, num_hiddens, num_heads, dropout, bias=False):
        super().__init__()
        self.num_heads = num_heads
        self.W_q, self.W_k, self.W_v, self.W_o = (nn.Linear(num_hiddens, num_hiddens, bias=bias) for _ in range(4))
        self.dropout = nn.Dropout(dropout)

    def transpose_qkv(self, X):
        X = X.reshape(X.shape[0], X.shape[1], self.num_heads, -1)
        X = X.permute(0, 2, 1, 3)
        return X.reshape(-1, X.shape[2], X.shape[3])

    def transpose_output(self, X):
        X = X.reshape(-1, self.num_heads, X.shape[1], X.shape[2])
        X = X.permute(0, 2, 1, 3)
        return X.reshape(X.shape[0], X.shape[1], -1)

    def forward(self, queries, keys, values, valid_lens):
        queries = self.transpose_qkv(self.W_q(queries))
        keys = self.transpose_qkv(self.W_k(keys))
        values = self.transpose_qkv(self.W_v(values))
        scores = torch.bmm(queries, keys.transpose(1, 2)) / math.sqrt(queries.shape[-1])
        if valid_lens is not None:
            valid_lens = torch.repeat_interleave(valid_lens, repeats=self.num_heads, dim=0)
            places = torch.arange(scores.size(-1)).expand_as(scores)
            scores[places >= valid_lens[:, None, None]] = -1e6
        self.attention_weights = nn.functional.softmax(scores, dim=-1)
        return self.W_o(self.transpose_output(torch.bmm(self.dropout(self.attention_weights), values)))


class EncoderBlock(nn.Module):
    def __init__(self, num_hiddens, ffn, num_heads, dropout):
        super().__init__()
        self.attention = Heads(num_hiddens, num_heads, dropout)
        self.addnorm1, self.addnorm2 = AddNorm(num_hiddens, dropout), AddNorm(num_hiddens, dropout)
        self.ffn = nn.Sequential(nn.Linear(num_hiddens, ffn), nn.ReLU(), nn.Linear(ffn, num_hiddens))

    def forward(self, X, valid_lens):
        Y = self.addnorm1(X, self.attention(X, X, X, valid_lens))
        return self.addnorm2(Y, self.ffn(Y))


class Encoder(nn.Module):
    def __init__(self, vocab_size, num_hiddens, ffn, num_heads, num_blks, dropout):
        super().__init__()
        self.num_hiddens = num_hiddens
        self.embedding = nn.Embedding(vocab_size, num_hiddens)
        self.pos_encoding = PositionalEncoding(num_hiddens, dropout)
        self.blks = nn.Sequential()
        for i in range(num_blks):
            self.blks.add_module("block" + str(i), EncoderBlock(num_hiddens, ffn, num_heads, dropout))

    def forward(self, X, valid_lens):
        X = self.pos_encoding(self.embedding(X) * math.sqrt(self.num_hiddens))
        self.attention_weights = [None] * len(self.blks)
        for i, blk in enumerate(self.blks):
            X = blk(X, valid_lens)
            self.attention_weights[i] = blk.attention.attention_weights
        return X


def check_shape(a, shape):
    assert a.shape == shape, f"tensor's shape {a.shape} != expected shape {shape}"


encoder = Encoder(20, 12, 24, 3, 2, dropout=0.0)
for i, p in enumerate(encoder.parameters()):
    if p.dim() == 2:
        p.data = torch.sin(torch.arange(p.numel(), dtype=torch.float32) ** 2 * (i + 1.3)).reshape(p.shape) * 0.4
for blk in encoder.blks:
    for layer in (blk.ffn[0], blk.ffn[2]):
        layer.bias.data[:] = torch.linspace(-0.2, 0.2, len(layer.bias))
X = torch.arange(14).reshape(2, 7) % 20
valid_lens = torch.tensor([3, 6])
out = encoder(X, valid_lens)
check_shape(out, (2, 7, 12))

head = nn.Linear(12, 4)
head.weight.data.normal_(0, 0.01)
drawn = head.weight.data.std().item()
head.weight.data = torch.sin(torch.arange(48.0) * 1.1).reshape(4, 12)
head.bias.data.zero_()
loss = nn.functional.cross_entropy(head(out.mean(dim=1)), torch.tensor([1, 3]))
loss.backward()
print(f"loss {loss:f}, weight on what is padded: {encoder.attention_weights[0][0, :, 3:].abs().max().item()}")

RESULT = {
    "P": encoder.pos_encoding.P[0, :9],
    "out": out,
    "weights": torch.stack(encoder.attention_weights),
    "drawn": 0.005 < drawn < 0.02,
    "loss": loss,
    "names": [n for n, _ in encoder.named_parameters()][:4],
    **{f"gradient {n}": p.grad for n, p in encoder.named_parameters()},
}
