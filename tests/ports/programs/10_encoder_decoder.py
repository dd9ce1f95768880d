"""An encoder-decoder that copies: clones of layers, Batch with masks, smoothed labels, a LambdaLR, greedy decoding."""

import copy
import math

import torch
import torch.nn as nn
from torch.nn.functional import log_softmax
from torch.optim.lr_scheduler import LambdaLR


def clones(module, n):
    return nn.ModuleList([copy.deepcopy(module) for _ in range(n)])


def subsequent_mask(size):
    """True where a place may look: at itself and at what came before."""
    return torch.triu(torch.ones((1, size, size)), diagonal=1).type(torch.uint8) == 0


def attention(query, key, value, mask=None, dropout=None):
    scores = torch.matmul(query, key.transpose(-2, -1)) / math.sqrt(query.size(-1))
    if mask is not None:
        scores = scores.masked_fill(mask == 0, -1e9)
    p = scores.softmax(dim=-1)
    if dropout is not None:
        p = dropout(p)
    return torch.matmul(p, value), p


class MultiHeaded(nn.Module):
    def __init__(self, h, d_model, dropout=0.0):
        super(MultiHeaded, self).__init__()
        assert d_model % h == 0
        self.d_k, self.h = d_model // h, h
        self.linears = clones(nn.Linear(d_model, d_model), 4)
        self.attn = None
        self.dropout = nn.Dropout(p=dropout)

    def forward(self, query, key, value, mask=None):
        if mask is not None:
            mask = mask.unsqueeze(1)
        n = query.size(0)
        query, key, value = [
            lin(x).view(n, -1, self.h, self.d_k).transpose(1, 2) for lin, x in zip(self.linears, (query, key, value))
        ]
        x, self.attn = attention(query, key, value, mask=mask, dropout=self.dropout)
        x = x.transpose(1, 2).contiguous().view(n, -1, self.h * self.d_k)
        return self.linears[-1](x)


class LayerNorm(nn.Module):
    def __init__(self, features, eps=1e-6):
        super(LayerNorm, self).__init__()
        self.scale = nn.Parameter(torch.ones(features))
        self.shift = nn.Parameter(torch.zeros(features))
        self.eps = eps

    def forward(self, x):
        mean, std = x.mean(-1, keepdim=True), x.std(-1, keepdim=True)
        return self.scale * (x - mean) / (std + self.eps) + self.shift


class Residual(nn.Module):
    def __init__(self, size, dropout):
        super(Residual, self).__init__()
        self.norm, self.dropout = LayerNorm(size), nn.Dropout(dropout)

    def forward(self, x, sublayer):
        return x + self.dropout(sublayer(self.norm(x)))


class Positions(nn.Module):
    def __init__(self, d_model, max_len=50):
        super(Positions, self).__init__()
        pe = torch.zeros(max_len, d_model)
        position = torch.arange(0, max_len).unsqueeze(1)
        rates = torch.exp(torch.arange(0, d_model, 2) * -(math.log(10000.0) / d_model))
        pe[:, 0::2] = torch.sin(position * rates)
        pe[:, 1::2] = torch.cos(position * rates)
        self.register_buffer("pe", pe.unsqueeze(0))

    def forward(self, x):
        return x + self.pe[:, : x.size(1)].requires_grad_(False)


class Layer(nn.Module):
    """Encoder layer, or with ``across`` a decoder layer that also looks at the memory."""

    def __init__(self, size, h, d_ff, across, dropout=0.0):
        super(Layer, self).__init__()
        self.self_attn = MultiHeaded(h, size)
        self.src_attn = MultiHeaded(h, size) if across else None
        self.ff = nn.Sequential(nn.Linear(size, d_ff), nn.ReLU(), nn.Dropout(dropout), nn.Linear(d_ff, size))
        self.sublayer = clones(Residual(size, dropout), 3 if across else 2)

    def forward(self, x, mask, memory=None, memory_mask=None):
        x = self.sublayer[0](x, lambda x: self.self_attn(x, x, x, mask))
        if self.src_attn is not None:
            x = self.sublayer[1](x, lambda x: self.src_attn(x, memory, memory, memory_mask))
        return self.sublayer[-1](x, self.ff)


class EncoderDecoder(nn.Module):
    def __init__(self, vocab, n=2, d_model=16, d_ff=32, h=2):
        super(EncoderDecoder, self).__init__()
        self.d_model = d_model
        self.src_embed, self.tgt_embed = nn.Embedding(vocab, d_model), nn.Embedding(vocab, d_model)
        self.positions = Positions(d_model)
        self.encoder = clones(Layer(d_model, h, d_ff, across=False), n)
        self.decoder = clones(Layer(d_model, h, d_ff, across=True), n)
        self.norms = clones(LayerNorm(d_model), 2)
        self.generator = nn.Linear(d_model, vocab)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.xavier_uniform_(p)

    def encode(self, src, mask):
        x = self.positions(self.src_embed(src) * math.sqrt(self.d_model))
        for layer in self.encoder:
            x = layer(x, mask)
        return self.norms[0](x)

    def decode(self, memory, src_mask, tgt, tgt_mask):
        x = self.positions(self.tgt_embed(tgt) * math.sqrt(self.d_model))
        for layer in self.decoder:
            x = layer(x, tgt_mask, memory, src_mask)
        return self.norms[1](x)

    def forward(self, src, tgt, src_mask, tgt_mask):
        return self.decode(self.encode(src, src_mask), src_mask, tgt, tgt_mask)


class Batch:
    def __init__(self, src, tgt=None, pad=0):
        self.src = src
        self.src_mask = (src != pad).unsqueeze(-2)
        if tgt is not None:
            self.tgt = tgt[:, :-1]
            self.tgt_y = tgt[:, 1:]
            self.tgt_mask = self.make_std_mask(self.tgt, pad)
            self.ntokens = (self.tgt_y != pad).data.sum()

    @staticmethod
    def make_std_mask(tgt, pad):
        tgt_mask = (tgt != pad).unsqueeze(-2)
        return tgt_mask & subsequent_mask(tgt.size(-1)).type_as(tgt_mask.data)


class LabelSmoothing(nn.Module):
    def __init__(self, size, padding_idx, smoothing=0.0):
        super(LabelSmoothing, self).__init__()
        self.criterion = nn.KLDivLoss(reduction="sum")
        self.padding_idx, self.smoothing, self.size = padding_idx, smoothing, size
        self.true_dist = None

    def forward(self, x, target):
        assert x.size(1) == self.size
        true_dist = x.data.clone()
        true_dist.fill_(self.smoothing / (self.size - 2))
        true_dist.scatter_(1, target.data.unsqueeze(1), 1.0 - self.smoothing)
        true_dist[:, self.padding_idx] = 0
        mask = torch.nonzero(target.data == self.padding_idx)
        if mask.dim() > 0:
            true_dist.index_fill_(0, mask.squeeze(1), 0.0)
        self.true_dist = true_dist
        return self.criterion(x, true_dist.clone().detach())


def greedy_decode(model, src, src_mask, max_len, start_symbol):
    memory = model.encode(src, src_mask)
    ys = torch.zeros(1, 1).fill_(start_symbol).type_as(src.data)
    for _ in range(max_len - 1):
        out = model.decode(memory, src_mask, ys, subsequent_mask(ys.size(1)).type_as(src.data))
        prob = log_softmax(model.generator(out[:, -1]), dim=-1)
        _, next_word = torch.max(prob, dim=1)
        next_word = next_word.data[0]
        ys = torch.cat([ys, torch.zeros(1, 1).type_as(src.data).fill_(next_word)], dim=1)
    return ys


V = 8
model = EncoderDecoder(V)
with torch.no_grad():
    for k, p in enumerate(model.parameters()):
        if p.dim() > 1:
            p.copy_(torch.sin((torch.arange(p.numel()) ** 2).float() * (0.9 + 0.31 * k)).view(p.shape) * 0.35)
    for m in model.modules():
        if isinstance(m, nn.Linear):
            m.bias.fill_(0.05)
criterion = LabelSmoothing(V, padding_idx=0, smoothing=0.1)
optimizer = torch.optim.Adam(model.parameters(), lr=0.5, betas=(0.9, 0.98), eps=1e-9)


def rate(step, model_size=16, factor=1.0, warmup=10):
    step = max(step, 1)
    return factor * (model_size ** (-0.5) * min(step ** (-0.5), step * warmup ** (-1.5)))


lr_scheduler = LambdaLR(optimizer=optimizer, lr_lambda=lambda step: rate(step))

losses, lrs = [], []
for step in range(16):
    data = (torch.arange(8 * 6) * (step + 3) + torch.arange(48) // 7).view(8, 6) % (V - 1) + 1
    data[:, 0] = 1
    data[::3, -1] = 0
    batch = Batch(data.clone().detach(), data.clone().detach(), 0)
    out = model.forward(batch.src, batch.tgt, batch.src_mask, batch.tgt_mask)
    x = log_softmax(model.generator(out), dim=-1)
    loss = criterion(x.contiguous().view(-1, x.size(-1)), batch.tgt_y.contiguous().view(-1)) / batch.ntokens
    loss.backward()
    if step == 0:
        first_out, weights = x.detach(), model.decoder[0].src_attn.attn.data
        first = {f"gradient {n}": p.grad.clone() for n, p in model.named_parameters()
                 if "linears.1.bias" not in n}  # a key's bias moves all scores alike: its gradient is only rounding  # fmt: skip
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    lr_scheduler.step()
    losses.append(loss.item())
    lrs.append(optimizer.param_groups[0]["lr"])
print(f"loss {losses[0]:.4f} -> {losses[-1]:.4f}, lr now {lrs[-1]:.5f}")

model.eval()
src = torch.LongTensor([[1, 2, 3, 4, 5, 6]])
decoded = greedy_decode(model, src, torch.ones(1, 1, 6), max_len=6, start_symbol=1)
print(decoded)

RESULT = {
    "log p": first_out,
    "weights": weights,
    "true dist": criterion.true_dist,
    "mask": subsequent_mask(4),
    "tokens": batch.ntokens,
    "losses": losses,
    "lrs": lrs,
    "decoded": list(decoded.shape) + [decoded[0, 0].item()],
    **first,
}
